[*a for a in b]
{*a for a in b}
(*a for a in b)
{**a for a in b}
{ ** a for a in b}
[ * a for a in b ]
f(*x for x in y)
f( * x for x in y )
f(*x async for x in y if z)
@d(*a|b for a in b)
def f(): pass
f(*f(*(x or y) for x in y) for z in w)
f( ** x )
f( * x , *y )
