a and b
a or b
a  and  b  or  c
a or b and c or d
not a
not  a
not not a
(a
 and b
 or c)
not a and b
not(a)
(a)and(b)
