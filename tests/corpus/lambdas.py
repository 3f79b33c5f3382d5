lambda: a
lambda : a
lambda:a
lambda  :  a
lambda x: x
lambda x : x
lambda  x , y : x
lambda x, y=1: x
lambda x , y = 1 , : x
lambda *a: a
lambda * a, ** k: a
lambda *, a: a
lambda * , a: a
lambda a, /: a
lambda a , / : a
lambda a, /, b, *, c=1, **d: a
lambda a, / , b: a
lambda: lambda: a
lambda: (yield)
lambda x=lambda: 1: x
(lambda
: a)
(lambda  # c
  x,
  y
: x)
(lambda *  # c
  a: a)
