match a:
    case A(): pass
    case A( ): pass
    case A (a): pass
    case A(a): pass
    case A( a ): pass
    case A(a, b): pass
    case A(a , b , ): pass
    case A(a,): pass
    case A(a=b): pass
    case A( a = b ): pass
    case A(a=b, c=d,): pass
    case A(a, b=c): pass
    case A(a , b = c , ): pass
    case a.B(c): pass
    case (A()): pass
    case A(B(c), d=E()): pass
    case A(
      a,  # c
      b=c
    ): pass
    case A(
    ): pass
    case A(a
    ): pass
    case A(1 | 2): pass
    case A(x=1 | 2): pass
match a:
    case A(_=b): pass
    case A(b=c, _=d): pass
    case A(_, b=_): pass
