pass
pass ;
pass ; pass
pass;pass;
pass ; # c
while a:
    break
    break ;
    continue
    continue ; pass
a
a ; b
a;b;c;  # d
  

a  # c
a ; b ;
