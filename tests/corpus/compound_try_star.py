try: a
except* B: c
try:
    a
except *B:
    c
except  *  (B, C)  as  d:
    e
except*(B): c
else:
    f
finally:
    g
