class A(B ): pass
class A( B ): pass
class A(B=c ): pass
class A(B
): pass
class A(B , C ): pass
f(B )
f( B )
f(B=c )
f(B
)
