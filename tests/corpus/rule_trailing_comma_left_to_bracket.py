(a, )
[a, ]
{a, }
{a: b, }
a, 
a, ; b
a,  # c
x, = a
x,  = a
for x,  in y: z
for x in y, : z
[a for b,  in c]
with (a, ): b
with (a as b, ): c
(*a, )
{**a, }
return_ = a, 
(a,  # c
)
match a, :
    case [b, ]: c
    case (b, ): c
    case b, : c
    case b,  if d: c
    case {1: b, }: c
    case {**b, }: c
    case A(b, ): c
    case A(b=c, ): c
