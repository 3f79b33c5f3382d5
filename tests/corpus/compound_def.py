def f(): pass
def  f  (  )  :  pass
def f():
    pass
def f(a): pass
def f( a ): pass
def f(a, b): pass
def f(a , b): pass
def f(a, b,): pass
def f( a , b , ): pass
def f(a=1): pass
def f(a = 1 , b=2): pass
def f(a: int): pass
def f(a : int = 1): pass
def f(*a): pass
def f(* a, ** b): pass
def f(*a, **b,): pass
def f(*, a): pass
def f(* , a): pass
def f(a, /): pass
def f(a, / ): pass
def f(a, / , b): pass
def f(a , /, b, *, c=1, **d): pass
def f(a=1, /, b=2, *c, d, e=3): pass
def f(*a: b): pass
def f(*a: *b): pass
def f(*a: * b, c): pass
def f(**a: b): pass
def f() -> a: pass
def f()->a:pass
def f( ) -> ( a ) : pass
def f(
    a,  # one
    b=1,
    *,
    # two
    c
): pass
def f(
    a,
    *args,
) -> b: pass
async def f(): pass
async  def  f(): pass
def f(a, *, b, **c): a; b ; c
