def f():
    def g():
        def h(): pass
        x
    class A:
        def m(self):
            def n(): y
            class B:
                def o(self): z
        lambda: w
    @d(a)
    def i(b=c) -> e: pass
class C(D, metaclass=E):
    import os
    from sys import path
    @property
    def p(self): pass
    class D:
        def q(self): pass
    x: int = 1
async def k(): pass
if a:
    def l(): pass
    class M: pass
lazy import z
