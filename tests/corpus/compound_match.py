match a:
    case b: pass
match  a  :
    case  b  :  pass
match a:  # one
    # two
    case b:  # three
        pass
    # four
    case c: pass
    # five
# six
match (a):
    case b: pass
match(a):
    case(b): pass
match a, b:
    case c: pass
match a,:
    case c: pass
match *a, b:
    case c: pass
match a:
    case b if c: pass
    case b  if  c  : pass
    case b  : pass
    case(b)if(c): pass
    case b if (d := c): pass
match a:
    case b:
        match c:
            case d:
                pass
                # seven
            # eight
        # nine
    # ten
match -a:
    case b: pass
match [a]:
    case b: pass
match not a:
    case b: pass
