del a
del  a
del a, b
del a, b,
del (a)
del(a)
del (a, b)
del [a, b]
del a.b, c[d]
del a ; b
del a  # c
del ()
del (
  a,
  b
)
del  (  a  )
del \
  a
del a , 
