match a:
    case 1: pass
    case -1: pass
    case - 1: pass
    case 1.5: pass
    case 1j: pass
    case 1+2j: pass
    case -1 - 2j: pass
    case 1 + 2j: pass
    case "a": pass
    case "a" "b": pass
    case b"a": pass
    case None: pass
    case True: pass
    case False: pass
    case a.b: pass
    case a . b.c: pass
    case a: pass
    case _: pass
    case (a): pass
    case ( a ): pass
    case ((a)): pass
    case (1): pass
    case (None): pass
    case a as b: pass
    case a  as  b: pass
    case _ as b: pass
    case (a as b): pass
    case 1 as b: pass
    case 1 | 2: pass
    case 1|2 | 3: pass
    case (1 | 2) as c: pass
    case 1 | 2 as c: pass
    case [1] | (2, 3): pass
    case x.y | None: pass
