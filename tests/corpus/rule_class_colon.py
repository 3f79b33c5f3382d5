class A : pass
class A  :
    pass
class A (): pass
class A ( ) : pass
class A[T] : pass
class A [T]: pass
