a + b
a+b
a  -  b
a * b / c
a // b % c
a ** b
a ** b ** c
-a ** -b
a << b >> c
a | b ^ c & d
a @ b
(a + b) * c
a + b * c
(a
 +
 b)
a \
 + \
 b
await_ ** 2
