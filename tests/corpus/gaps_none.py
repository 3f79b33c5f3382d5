a;b;
a=b=c
a:b=c
(a)
a+=b
a-=b
a*=b
a@=b
a/=b
a%=b
a&=b
a|=b
a^=b
a<<=b
a>>=b
a**=b
a//=b
a+b-c*d/e//f%g@h**i
a<<b>>c|d^e&f
a<b>c==d<=e>=f!=g
(a)in(b)
(a)not in(b)
(a)is(b)
(a)is not(b)
-+~a
not(a)and(b)or(c)
not[a]
(a)if(b)else(c)
[a]if{b}else"c"
lambda:a
lambda a,b=c,/,*d,e=f,**g:h
lambda*,b:c
lambda*a:b
lambda**a:b
a,b,
*a,b
a.b.c
a(b)[c]
(a:=b)
()
"a"'b'f"c"
[a,*b,]
{a,*b,}
{a:b,**c,}
[(a)for(b)in(c)if(d)for(e)in(f)]
{(a)for(b)in(c)if(d)}
{a:(b)for(c)in(d)if(e)}
((a)for(b)in(c)if(d))
a(b,*c,d=e,**f,)
a((b)for(c)in(d))
a()
a[b:c:d,e,*f]
a[:]
a[::]
a[b:]
a[:b]
f"{a}{a=}{a!r}{a!s}{a!a}{a:}{a:{b}}{a!r:{b}c}"
global a,b
import a.b as c,d
from.import(a)
from.import*
from...a import(b as c,d,)
from a import*
assert(a),(b)
del(a)
del[a]
raise(a)from(b)
type a=b
type a[b:c,*d,**e]=f
if(a):pass
elif(b):pass
else:pass
for(a)in(b):pass
else:pass
while(a):pass
else:pass
try:pass
except(a)as b:pass
except(a,b):pass
except:pass
else:pass
finally:pass
try:pass
except*a as b:pass
except*(a):pass
with(a)as(b),c:pass
with(a as b,c,):pass
with(a)as b:pass
@a
@b(c)
class A:pass
class A():pass
class A(b,*c,d=e,**f,):pass
class A[b](c):pass
def a():pass
def a(b,/,c:d=e,*f:g,h=i,**j:k,)->l:pass
def a(*,b):pass
def a[b:c,*d,**e]():pass
async def a():
 await(b)
 async for(c)in(d):pass
 async with(e)as f:pass
 [(a)async for(b)in(c)]
 return(a)
def a():
 return;
 yield(a)
 yield[a]
 yield from(a)
 (yield)
 (yield(a))
 a=yield(b)
 nonlocal a,b;
match(a):
 case(b):pass
 case(b)as c if(d):pass
 case-1+2j|a.b:pass
 case*a,*_,b:pass
 case[a,*b,]:pass
 case(a,b,):pass
 case{1:a,b.c:d,**e,}:pass
 case{}:pass
 case A.B(a,b=c,d=e,):pass
 case A():pass
 case():pass
 case[]:pass
 case"a":pass
match[a],*b:
 case _:pass
