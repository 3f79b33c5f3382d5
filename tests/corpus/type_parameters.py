def f[T](): pass
def f [T] (): pass
def f[ T ]( a ): pass
def f[T, U](): pass
def f[ T , U , ](): pass
def f[T: int](): pass
def f[T : (int, str)](): pass
def f[*Ts](): pass
def f[* Ts, ** P](): pass
def f[T = int](): pass
def f[T: a = b, *Ts = *c, **P = [d]](): pass
def f[ *Ts = * c ](): pass
def f[
  T,  # c
  U
](): pass
class A[T]: pass
class A [T] : pass
class A[T](b): pass
class A [ T ] ( b ) : pass
type A[
  T,
] = b
