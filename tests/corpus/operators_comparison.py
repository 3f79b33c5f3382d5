a < b
a > b
a == b
a <= b
a >= b
a != b
a in b
a is b
a not in b
a is not b
a  not  in  b
a  is  not  b
a<b<c
a < b == c in d
(a
 <
 b)
(a not
 in b)
(a is  # c
 not b)
(a) in(b)
(a)is(b)
