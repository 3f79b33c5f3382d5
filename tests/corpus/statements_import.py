import a
import  a
import a.b.c
import a . b
import a as b
import a  as  b
import a.b as c, d
import a , b as c , d
import a ; import b
import a, b  # c
