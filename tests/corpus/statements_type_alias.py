type A = b
type  A  =  b
type A[T] = b
type  A  [ T ]  =  b
type A[T: int, *Ts, **P] = b
type A = b ;
type A = b ; c
type A = b  ;  # c
if x: type A = b ; 
if x:
    type A = b ;  
    # c
else:
    type A = b  ; pass
