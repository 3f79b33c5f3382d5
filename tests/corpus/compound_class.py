class A: pass
class A(): pass
class A(B): pass
class A(B, C): pass
class A(B, metaclass=C): pass
class A(*B): pass
class A(B, **C): pass
class A(B, C=d, **E): pass
class A:
    b = 1
    def f(self): pass
    class B:
        def g(self): pass
class A(
    B,  # one
    C,
):
    pass
class A(  # c
): pass
