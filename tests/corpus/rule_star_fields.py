f( a)
f( *a)
f( * a)
def f( a): pass
def f( *a): pass
def f( * a): pass
def f[ T]( a): pass
def f[ *T]( a): pass
def f[ T = a]( ): pass
def f[ *T = * a]( ): pass
def f  ( ): pass
class A  ( ): pass
class A  ( B): pass
lambda  a: b
lambda  *a: b
lambda  *  a: b
