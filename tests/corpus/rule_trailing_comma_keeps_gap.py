f(a, )
f(a=b, )
f(*a, )
class A(B, ): pass
class A(B=c, ): pass
def f(a, ): pass
def f(*, a, ): pass
def f(**a, ): pass
lambda a, : b
x[a, ]
x[a:b, ]
from a import (b, )
def f[T, ](): pass
f(a,  # c
)
