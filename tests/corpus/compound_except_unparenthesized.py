try: a
except B, C: d
except B , C, D: e
try: a
except* B, C: d
