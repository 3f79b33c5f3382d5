try: a
except : b
try: a
except  A as b : c
try : a
except (A): b
except  (A): b
finally : c
