match a:
    case {}: pass
    case { }: pass
    case {1: a}: pass
    case { 1 : a , "b" : c }: pass
    case {1: a,}: pass
    case {1: a , }: pass
    case {**a}: pass
    case { ** a }: pass
    case {1: a, **b}: pass
    case {1: a , ** b , }: pass
    case {**a,}: pass
    case {a.b: c}: pass
    case {-1: a}: pass
    case {1+2j: a}: pass
    case {None: a}: pass
    case ({1: a}): pass
    case {
      1: a,  # c
      **b
    }: pass
    case {
    }: pass
