@a
def f(): pass
@ a
def f(): pass
@a.b(c)  # d
@e
class F: pass

# one
@a
# two

@b
# three

def f(): pass
# four
@a

async def f(): pass
class A:
    # five
    @a
    # six
    @(b)
  # seven
    def f(self): pass

    @a[b]
    def g(self): pass
@a if b else c
def f(): pass
@(yield_)
def f(): pass
