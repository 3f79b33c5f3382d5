[a for b in c]
[ a  for  b  in  c  if  d  if  e ]
[a for b in c for d in e if f for g in h]
[
  a
  for b in c
  # why
  if d
]
{a for b in c}
{a: b for c in d}
{ a : b for c, d in e }
(a for b in c)
( a for b in c )
f(a for b in c)
f( a for b in c )
f((a for b in c))
[a async for b in c]
[a  async  for b in c]
[await a for b in c]
[a for b, in c]
[a for (b, c) in d]
[a for b in c if d or e]
[a for *b, c in d]
[a if b else c for d in e]
