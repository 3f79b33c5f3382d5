if a: b
if  a  :  b
if(a):b
if a:
    b
if a :  # c
    b
elif c:
    d
elif  e  :
    f
else:
    g
if a: b
elif c: d
else: e
if a: b
else  :  c
if a: b; c ; 
if a:
    if b:
        c
    else:
        d
else:
    e
