if a: b  # one
# two
if c: d


class A: pass
    # three
def f(): pass ; 
# four
x
