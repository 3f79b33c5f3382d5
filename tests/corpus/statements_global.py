def f():
    global a
    global  a , b
    global a,b ; c
    def g():
        nonlocal d
        nonlocal  d , e  # c
