x = \
  1
x \
  = 1
if a and \
   b:
    pass
f( \
  a)
(a \
\
 + b)
assert a, \
  b
x = [ \
  # c
  a]
from a \
  import b
with a, \
     b: pass
def f(a, \
      b): pass
