# the only line of the header
if a:
    match b:
      case c:
        match d:
            case e: pass
def f[** \
P](): pass
(
 \
 a,
  # c
 \
   b)
[a,

 \

 b]
def f[* \
T](): pass
match a:
    case {** \
b}: pass
