if a:
    if b:
        c
        # one

        # two
    # three

    # four
  # five
    # six
# seven
d


class A:
    def f(self):
        pass

        # eight

    # nine

# ten
