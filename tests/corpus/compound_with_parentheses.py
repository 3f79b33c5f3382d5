with (a): b
with(a):b
with ( a ) : b
with (a, b): c
with ( a , b , ): c
with (a as b): c
with (a as b, c): d
with (a as b, c as d,): e
with (
    a as b,  # one
    c,
    # two
): d
with (a,): b
with (a) as b: c
with (a), b: c
with (a, b) as c: d
with (a, b).c: d
with (a).b: c
with (a)(b): c
with (yield): a
with (a := b): c
with (): a
with (*a, b): c
with ((a)): b
with ((a, b)): c
with ((a), (b)): c
with ((a) as b): c
with (a), (b): c
with (a) + b: c
with (a for b in c): d
with (a) if b else c: d
with (lambda: a): b
with (a if b else c): d
with ((yield)): a
