1if x else 2
[0xfor x in y]
1or x
1 if 1else 1
x = 1and 2
not"a"
x in"b"
"a"if"b"else"c"
(a)if(b)else(c)
