(a)
( a )
((a))
( ( a ) )
(  # c
  a
  # d
)
(a).b
(a)(b)
(yield)
((yield a))
(a := b)
(lambda: a)
(a if b else c)
(not a)
("a")
(1)
(...)
(f"{a}")
("a" "b" if 0 else c)
