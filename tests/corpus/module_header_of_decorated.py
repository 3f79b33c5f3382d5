# header

@d
def f(): pass
