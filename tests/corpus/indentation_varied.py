if a:
 b
else:
        c
for a in b:
   c
   if d:
     e
   f
