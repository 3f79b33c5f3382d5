for a in b: c
for  a  in  b  :  c
for a, b in c: d
for a , b , in c , : d
for (a, b) in c: d
for a in b, c: d
for a in *b, c: d
for *a, b in c: d
for a in b:
    c
else:
    d
for a in b: c
else: d
for a.b in c: d
for a[b] in c: d
for(a)in(b):c
for a in b:
    continue
    # c
# d
else :
    pass
async def f():
    async for a in b: c
    async  for  a in b:
        c
    else:
        d
