def f():
    x

    # in the block
  # above y

# above y
y
