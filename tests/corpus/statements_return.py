def f():
    return
    return ;
    return  ; a
    return  # c
    return a
    return  a
    return(a)
    return a, b
    return *a, b
    return a,
    return a , # c
    return not a
    return ()
    return (
        a
    )
