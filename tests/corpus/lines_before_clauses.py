if a:
    b
# one

elif c:
    d
    # two
# three
else:
    e
try:
    a
  # four
except:
    b
# five
finally:
    c
for a in b: c
# six
else: d
while a:
    b


else:
    c
