x = (  # one

  # two
    a,
# three

    b  # four

)
def f():
    x = [
        a,
    # five
        # six
            # seven

        b
    ]
    return {
    }
