a.b
a . b
a.b.c
(a).b
(a
 .b
 .c())
a.b().c[0].d
1 .real
1.0.real
"".join
a. \
 b
