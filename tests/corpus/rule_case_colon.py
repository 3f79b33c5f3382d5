match a:
    case b : c
    case b  if d : c
    case b  if  d  : c
    case [b]  : c
