a
b
cd  # e


if f:    g
    # h

i = """j
kl"""(m, n)
