try:
    a
except:
    b
try :
    a
except :
    b
except_ = 1
try: a
except B: c
except  B  as  c: d
except (B, C): d
except (B): c
except B as c : d
else: e
finally: g
try:
    a
finally:
    b
try:
    a
except B:
    c
# one
except C:
    d

# two
else :
    e

    # three
finally :
    f
