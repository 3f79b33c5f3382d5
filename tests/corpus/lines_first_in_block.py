if a:
# zero
  # one

      # two
    b
    # three
    c
def f():  # four

    # five

    pass
