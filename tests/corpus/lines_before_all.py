first

a

if a: pass

while a: pass

for a in b: pass

async_ = 1

try: pass
finally: pass

try: pass
except* a: pass

with a: pass

def f(): pass

class A: pass

@a
def f(): pass

@a
@b
class A: pass

match a:
    case b: pass

import a

return_ = 1

type A = b
# c
a
# c
if a: pass
# c
while a: pass
# c
for a in b: pass
# c
async_ = 1
# c
try: pass
finally: pass
# c
try: pass
except* a: pass
# c
with a: pass
# c
def f(): pass
# c
class A: pass
# c
@a
def f(): pass
# c
@a
@b
class A: pass
# c
match a:
    case b: pass
# c
import a
# c
return_ = 1
# c
type A = b

# c
a

# c
if a: pass

# c
while a: pass

# c
for a in b: pass

# c
async_ = 1

# c
try: pass
finally: pass

# c
try: pass
except* a: pass

# c
with a: pass

# c
def f(): pass

# c
class A: pass

# c
@a
def f(): pass

# c
@a
@b
class A: pass

# c
match a:
    case b: pass

# c
import a

# c
return_ = 1

# c
type A = b


  # c

a


  # c

if a: pass


  # c

while a: pass


  # c

for a in b: pass


  # c

async_ = 1


  # c

try: pass
finally: pass


  # c

try: pass
except* a: pass


  # c

with a: pass


  # c

def f(): pass


  # c

class A: pass


  # c

@a
def f(): pass


  # c

@a
@b
class A: pass


  # c

match a:
    case b: pass


  # c

import a


  # c

return_ = 1


  # c

type A = b
if a:

    b

elif c:

    d

else:

    e
for a in b:

    c

else:

    d
while a:

    c

else:

    d
try:

    a

except b:

    c

except:

    c

else:

    d

finally:

    e
try:

    a

except* b:

    c

except* d:

    e
with a:

    b
match a:

    case b:

        c

    case d:

        e

@a

@b

def f():

    c

@a

@b

class A:

    c

    @a

    def f(self): pass
async def f():

    async with a:

        b

    async for a in b:

        c
if a:
# c
    b
# c
elif c:
# c
    d
# c
else:
# c
    e
for a in b:
# c
    c
# c
else:
# c
    d
while a:
# c
    c
# c
else:
# c
    d
try:
# c
    a
# c
except b:
# c
    c
# c
except:
# c
    c
# c
else:
# c
    d
# c
finally:
# c
    e
try:
# c
    a
# c
except* b:
# c
    c
# c
except* d:
# c
    e
with a:
# c
    b
match a:
# c
    case b:
# c
        c
# c
    case d:
# c
        e
# c
@a
# c
@b
# c
def f():
# c
    c
# c
@a
# c
@b
# c
class A:
# c
    c
# c
    @a
# c
    def f(self): pass
async def f():
# c
    async with a:
# c
        b
# c
    async for a in b:
# c
        c
if a:

# c
    b

# c
elif c:

# c
    d

# c
else:

# c
    e
for a in b:

# c
    c

# c
else:

# c
    d
while a:

# c
    c

# c
else:

# c
    d
try:

# c
    a

# c
except b:

# c
    c

# c
except:

# c
    c

# c
else:

# c
    d

# c
finally:

# c
    e
try:

# c
    a

# c
except* b:

# c
    c

# c
except* d:

# c
    e
with a:

# c
    b
match a:

# c
    case b:

# c
        c

# c
    case d:

# c
        e

# c
@a

# c
@b

# c
def f():

# c
    c

# c
@a

# c
@b

# c
class A:

# c
    c

# c
    @a

# c
    def f(self): pass
async def f():

# c
    async with a:

# c
        b

# c
    async for a in b:

# c
        c
if a:


  # c

    b


  # c

elif c:


  # c

    d


  # c

else:


  # c

    e
for a in b:


  # c

    c


  # c

else:


  # c

    d
while a:


  # c

    c


  # c

else:


  # c

    d
try:


  # c

    a


  # c

except b:


  # c

    c


  # c

except:


  # c

    c


  # c

else:


  # c

    d


  # c

finally:


  # c

    e
try:


  # c

    a


  # c

except* b:


  # c

    c


  # c

except* d:


  # c

    e
with a:


  # c

    b
match a:


  # c

    case b:


  # c

        c


  # c

    case d:


  # c

        e


  # c

@a


  # c

@b


  # c

def f():


  # c

    c


  # c

@a


  # c

@b


  # c

class A:


  # c

    c


  # c

    @a


  # c

    def f(self): pass
async def f():


  # c

    async with a:


  # c

        b


  # c

    async for a in b:


  # c

        c
