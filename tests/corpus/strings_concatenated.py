"a" "b"
"a"   'b' """c"""
("a"
  # why
  "b" f"{c}"  "d")
x = "a" \
  "b"
b"a" rb"b"
