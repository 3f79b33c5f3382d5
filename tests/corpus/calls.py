f()
f( )
f(
)
f(  # c
)
f(a)
f( a )
f(a,)
f( a , )
f(a, b)
f(a , b)
f (a)
f  ( a )
f(*a)
f(* a, ** b)
f(a=b)
f(a = b , c=d)
f(a, *b, c=d, **e)
f(
  a,
  b,  # c
)
f(
  a,
  b
)
f(a)(b)
f(a if b else c)
f(a := b)
f(a, b := c)
f(*a or b)
f(lambda: a, b)
f(**a, b=c)
f(*a, b)
f((a), b)
f(x=(y))
