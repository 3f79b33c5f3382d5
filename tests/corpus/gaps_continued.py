a \
 ; \
 b \
 ;
a \
 = \
 b \
 = \
 c
a \
 : \
 b \
 = \
 c
( \
 a \
 )
a \
 += \
 b
a \
 -= \
 b
a \
 *= \
 b
a \
 @= \
 b
a \
 /= \
 b
a \
 %= \
 b
a \
 &= \
 b
a \
 |= \
 b
a \
 ^= \
 b
a \
 <<= \
 b
a \
 >>= \
 b
a \
 **= \
 b
a \
 //= \
 b
a \
 + \
 b \
 - \
 c \
 * \
 d \
 / \
 e \
 // \
 f \
 % \
 g \
 @ \
 h \
 ** \
 i
a \
 << \
 b \
 >> \
 c \
 | \
 d \
 ^ \
 e \
 & \
 f
a \
 < \
 b \
 > \
 c \
 == \
 d \
 <= \
 e \
 >= \
 f \
 != \
 g \
 in \
 h \
 not \
 in \
 i \
 is \
 j \
 is \
 not \
 k
- \
 + \
 ~ \
 a
not \
 a \
 and \
 b \
 or \
 not \
 c
a \
 if \
 b \
 else \
 c
lambda \
 : \
 a
lambda \
 a \
 , \
 b \
 = \
 c \
 , \
 / \
 , \
 * \
 d \
 , \
 e \
 = \
 f \
 , \
 ** \
 g \
 : \
 h
lambda \
 a \
 , \
 * \
 , \
 b \
 : \
 c
a \
 , \
 b \
 ,
* \
 a \
 , \
 b
a \
 . \
 b \
 . \
 c
a \
 ( \
  \
  b \
  ) \
 [ \
  \
  c \
  ]
( \
  a \
  + \
  b \
  - \
  c \
  * \
  d \
  / \
  e \
  // \
  f \
  % \
  g \
  @ \
  h \
  ** \
  i \
  )
( \
  a \
  << \
  b \
  >> \
  c \
  | \
  d \
  ^ \
  e \
  & \
  f \
  )
( \
  a \
  < \
  b \
  > \
  c \
  == \
  d \
  <= \
  e \
  >= \
  f \
  != \
  g \
  in \
  h \
  not \
  in \
  i \
  is \
  j \
  is \
  not \
  k \
  )
( \
  - \
  + \
  ~ \
  a \
  )
( \
  not \
  a \
  and \
  b \
  or \
  not \
  c \
  )
( \
  a \
  if \
  b \
  else \
  c \
  )
( \
  lambda \
  : \
  a \
  )
( \
  lambda \
  a \
  , \
  b \
  = \
  c \
  , \
  / \
  , \
  * \
  d \
  , \
  e \
  = \
  f \
  , \
  ** \
  g \
  : \
  h \
  )
( \
  lambda \
  a \
  , \
  * \
  , \
  b \
  : \
  c \
  )
( \
  a \
  , \
  b \
  , \
  )
( \
  * \
  a \
  , \
  b \
  )
( \
  a \
  := \
  b \
  )
( \
  )
( \
  a \
  . \
  b \
  )
( \
  "a" \
  'b' \
  f"c" \
  )
( \
  a \
  ( \
  b \
  ) \
  [ \
  c \
  ] \
  )
[ \
  a \
  , \
  * \
  b \
  , \
  ]
{ \
  a \
  , \
  * \
  b \
  , \
  }
{ \
  a \
  : \
  b \
  , \
  ** \
  c \
  , \
  }
[ \
  a \
  for \
  b \
  in \
  c \
  if \
  d \
  for \
  e \
  in \
  f \
  ]
{ \
  a \
  for \
  b \
  in \
  c \
  if \
  d \
  }
{ \
  a \
  : \
  b \
  for \
  c \
  in \
  d \
  if \
  e \
  }
( \
  a \
  for \
  b \
  in \
  c \
  if \
  d \
  )
a \
 ( \
  b \
  , \
  * \
  c \
  , \
  d \
  = \
  e \
  , \
  ** \
  f \
  , \
  )
a \
 ( \
  b \
  for \
  c \
  in \
  d \
  )
a \
 ( \
  )
a \
 [ \
  b \
  : \
  c \
  : \
  d \
  , \
  e \
  , \
  * \
  f \
  ]
a \
 [ \
  : \
  ]
f"{ \
  a \
  }{ \
  a \
  = \
  }{ \
  a \
  !r}{ \
  a \
  :{ \
  b \
  }}"
global \
 a \
 , \
 b
import \
 a \
 . \
 b \
 as \
 c \
 , \
 d
from \
 a \
 . \
 b \
 import \
 c \
 as \
 d \
 , \
 e
from \
 . \
 .. \
 . \
 a \
 import \
 ( \
  b \
  as \
  c \
  , \
  d \
  , \
  )
from \
 . \
 import \
 *
assert \
 a \
 , \
 b
del \
 a \
 , \
 b
del \
 ( \
  a \
  )
raise
raise \
 a \
 from \
 b
type \
 a \
 = \
 b
type \
 a \
 [ \
  b \
  : \
  c \
  , \
  *d \
  , \
  **e \
  ] \
 = \
 f
if \
 a \
 : \
 pass
if \
 a \
 :
  pass
elif \
 b \
 : \
 pass
else \
 : \
 pass
for \
 a \
 in \
 b \
 : \
 pass
else \
 : \
 pass
while \
 a \
 : \
 pass
else \
 : \
 pass
try \
 : \
 pass
except \
 a \
 as \
 b \
 : \
 pass
except \
 ( \
  a \
  , \
  b \
  ): \
 pass
except \
 : \
 pass
else \
 : \
 pass
finally \
 : \
 pass
try \
 : \
 pass
except \
 * \
 a \
 as \
 b \
 : \
 pass
except \
 * \
 ( \
  a \
  ): \
 pass
with \
 a \
 as \
 b \
 , \
 c \
 : \
 pass
with \
 ( \
  a \
  as \
  b \
  , \
  c \
  , \
  ) \
 : \
 pass
with \
 ( \
  a \
  ) \
 as \
 ( \
  b \
  ) \
 : \
 pass
@ \
 a
@ \
 b \
 ( \
  c \
  )
class \
 A \
 : \
 pass
class \
 A \
 ( \
  ) \
 : \
 pass
class \
 A \
 ( \
  b \
  , \
  * \
  c \
  , \
  d \
  = \
  e \
  , \
  ** \
  f \
  , \
  ) \
 : \
 pass
class \
 A \
 [ \
  b \
  ] \
 ( \
  c \
  ) \
 : \
 pass
def \
 a \
 ( \
  ) \
 : \
 pass
def \
 a \
 ( \
  b \
  , \
  / \
  , \
  c \
  : \
  d \
  = \
  e \
  , \
  * \
  f \
  : \
  g \
  , \
  h \
  = \
  i \
  , \
  ** \
  j \
  : \
  k \
  , \
  ) \
 -> \
 l \
 : \
 pass
def \
 a \
 ( \
  * \
  , \
  b \
  ) \
 : \
 pass
def \
 a \
 [ \
  b \
  : \
  c \
  , \
  *d \
  , \
  **e \
  ] \
 ( \
  ) \
 : \
 pass
async \
 def \
 a \
 ( \
  ) \
 :
  await \
 b
  async \
 for \
 c \
 in \
 d \
 : \
 pass
  async \
 with \
 e \
 as \
 f \
 : \
 pass
  [ \
  a \
  async for \
  b \
  in \
  c \
  ]
  ( \
  await \
  b \
  )
  return \
 a
def \
 a \
 ( \
  ) \
 :
  return
  return \
 a \
 ;
  return \
 * \
 a \
 , \
 b
  yield
  yield \
 a
  yield \
 from \
 a
  ( \
  yield \
  a \
  )
  ( \
  yield \
  from \
  a \
  )
  a \
 = \
 yield \
 b
  nonlocal \
 a \
 , \
 b \
 ;
match \
 a \
 :
  case \
 b \
 : \
 pass
  case \
 b \
 as \
 c \
 if \
 d \
 : \
 pass
  case \
 - \
 1 \
 + \
 2j \
 | \
 a \
 . \
 b \
 : \
 pass
  case \
 * \
 a \
 , \
 * \
 _ \
 , \
 b \
 : \
 pass
  case \
 [ \
  a \
  , \
  * \
  b \
  , \
  ] \
 : \
 pass
  case \
 ( \
  a \
  , \
  b \
  , \
  ) \
 : \
 pass
  case \
 ( \
  a \
  as \
  b \
  ) \
 : \
 pass
  case \
 ( \
  a \
  | \
  b \
  . \
  c \
  | \
  - \
  1 \
  + \
  2j \
  ) \
 : \
 pass
  case \
 { \
  1 \
  : \
  a \
  , \
  b \
  . \
  c \
  : \
  d \
  , \
  **e \
  , \
  } \
 : \
 pass
  case \
 { \
  } \
 : \
 pass
  case \
 A \
 . \
 B \
 ( \
  a \
  , \
  b \
  = \
  c \
  , \
  d \
  = \
  e \
  , \
  ) \
 : \
 pass
  case \
 A \
 ( \
  ) \
 : \
 pass
  case \
 ( \
  ) \
 : \
 pass
  case \
 [ \
  ] \
 : \
 pass
match \
 a \
 , \
 * \
 b \
 :
  case \
 _ \
 : \
 pass
