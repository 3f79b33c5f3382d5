(a := b)
( a  :=  b )
(a
 :=
 b)
if a := b: pass
while (a := b): pass
[a := b, c]
{a := b}
f(a := b)
[a for b in c if (d := b)]
assert (a := b)
