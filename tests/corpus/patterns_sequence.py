match a:
    case []: pass
    case [ ]: pass
    case [a]: pass
    case [ a , b ]: pass
    case [a, b,]: pass
    case [a , b , ]: pass
    case [a, *b]: pass
    case [* b, c]: pass
    case [*_]: pass
    case [* _ , a]: pass
    case (): pass
    case ( ): pass
    case (a,): pass
    case ( a , ): pass
    case (a, b): pass
    case ( a , b , ): pass
    case (*a, b): pass
    case (*a,): pass
    case a,: pass
    case a ,: pass
    case a , b: pass
    case a, b ,: pass
    case a, *b: pass
    case *a,: pass
    case *a , b: pass
    case * _, b: pass
    case [a], b: pass
    case [a],: pass
    case (a), b: pass
    case (a, b), c: pass
    case [[a], [b]]: pass
    case [a, b] if c: pass
    case a, b if c: pass
    case a , if c: pass
    case ([a]): pass
    case ((a, b)): pass
    case [1 | 2, (3 as x)]: pass
    case [
      a,  # c
      b
    ]: pass
    case (
      a,
      # c
    ): pass
