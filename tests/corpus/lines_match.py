match a:
    # one
    case b:
        c
        # two
    # three

    case d:
        e

      # four
    # five

  # six
f
