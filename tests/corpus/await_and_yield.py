async def f():
    await a
    await  a
    await (a)
    await a.b(c)[d]
    -await a
    await a ** b
    x = await a
    (await
     a)
def g():
    yield
    yield a
    yield  a, b
    yield *a, b
    yield from a
    yield  from  a
    x = yield
    x = yield a
    x = (yield)  # c
    x = (  yield  )
    (yield
     a)
    (yield  # c
     from  # d
     a)
    x += yield
    x: int = yield
    yield ; a
    yield  # c
    return (yield)
