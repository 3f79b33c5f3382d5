((a))
((1))
((1.5))
((2j))
((...))
(("a"))
((f"{a}"))
(("a" "b"))
((a.b))
((a[b]))
((a(b)))
((-a))
((a + b))
((a and b))
((a < b))
((a if b else c))
((lambda: a))
((a, b))
(())
(([]))
(([a]))
(({}))
(({a}))
(({a: b}))
(([a for b in c]))
(({a for b in c}))
(({a: b for c in d}))
((a for b in c))
((a := b))
def f():
    ((yield))
    ((yield a))
    ((yield from a))
async def f():
    ((await a))
((a)) = ((b, c)) = [((d)), (e)] = f
((a)).b = ((a))[b] = c
((a)) += b
for ((a)) in ((b)): pass
for ((a, (b))) in c: pass
with ((a)) as ((b)): pass
with ((a, b)): pass
with ((a)), ((b)): pass
del ((a)), ((b, c))
@((a))
class A(((b))): pass
def f(a=((b))) -> ((c)): pass
f(((a)), b=((c)), *((d)), **((e)))
a[((b)):((c)):((d)), ((e))]
{((a)): ((b)), **((c))}
[*((a))]
raise ((a)) from ((b))
assert ((a)), ((b))
f"{((a))}{((b)):{((c))}}"
match ((a)):
    case ((b)): pass
    case ((1)): pass
    case ((-1)): pass
    case (("a")): pass
    case ((None)): pass
    case ((b.c)): pass
    case ((b | c.d)): pass
    case ((b as c)): pass
    case (([b])): pass
    case ((b, c)): pass
    case (()): pass
    case (({})): pass
    case ((A())): pass
    case [((b)), *c]: pass
    case {1: ((b))}: pass
    case A(((b)), c=((d))): pass
    case ((b)) | ((c.d)): pass
({})
({a: b})
(1.5)
(2j)
([a])
({a for b in c})
