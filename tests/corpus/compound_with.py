with a: b
with  a  :  b
with a as b: c
with  a  as  b  :  c
with a, b: c
with a as b , c as d: e
with a as (b): c
with a as (b, c): d
with a as [b]: c
with a as b.c, d as e[f]: g
with a:
    b
async def f():
    async with a: b
    async  with  a as b: c
    async with (a): b
    async with(a, b): c
