while a: b
while  a  :  b
while(a):b
while a:
    b
else:
    c
while a: b
else: c
while True:
    pass
    # c
