match = 1
case = 2
type = 3
lazy = 4
_ = 5
match(x)
match (x)
match[x]
match.x
match * x
match, case = 1
match -x
match: int
match: int = 1
match if match else match
type(x)
type[x] = 1
type (x)
type.x
type: int
type = type
type in x
lazy(x)
lazy.x
lazy
match
case
type
print(match, type)
from match import case
import type
def match(type): pass
class case: pass
type type = type
type match = 1
match match:
    case case: pass
match type:
    case _: pass
match (x):
    case y: pass
_ = _
print >>f, x
