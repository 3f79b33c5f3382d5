def f():
    pass
    # one


    # two

# three

