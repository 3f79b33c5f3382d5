def f():
    return  
    return ; a
    return  ;  a
    return  a ; b
    return  # c
    return  a  # c
