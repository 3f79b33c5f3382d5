a	;	b	;
a	=	b	=	c
a	:	b	=	c
(	a	)
a	+=	b
a	-=	b
a	*=	b
a	@=	b
a	/=	b
a	%=	b
a	&=	b
a	|=	b
a	^=	b
a	<<=	b
a	>>=	b
a	**=	b
a	//=	b
a	+	b	-	c	*	d	/	e	//	f	%	g	@	h	**	i
a	<<	b	>>	c	|	d	^	e	&	f
a	<	b	>	c	==	d	<=	e	>=	f	!=	g	in	h	not	in	i	is	j	is	not	k
-	+	~	a
not	a	and	b	or	not	c
a	if	b	else	c
lambda	:	a
lambda	a	,	b	=	c	,	/	,	*	d	,	e	=	f	,	**	g	:	h
lambda	a	,	*	,	b	:	c
a	,	b	,
*	a	,	b
a	.	b	.	c
a	(	

 # c
	b

 # c
	)	[	

 # c
	c

 # c
	]
(

 # c
	a

 # c
	+

 # c
	b

 # c
	-

 # c
	c

 # c
	*

 # c
	d

 # c
	/

 # c
	e

 # c
	//

 # c
	f

 # c
	%

 # c
	g

 # c
	@

 # c
	h

 # c
	**

 # c
	i

 # c
	)
(

 # c
	a

 # c
	<<

 # c
	b

 # c
	>>

 # c
	c

 # c
	|

 # c
	d

 # c
	^

 # c
	e

 # c
	&

 # c
	f

 # c
	)
(

 # c
	a

 # c
	<

 # c
	b

 # c
	>

 # c
	c

 # c
	==

 # c
	d

 # c
	<=

 # c
	e

 # c
	>=

 # c
	f

 # c
	!=

 # c
	g

 # c
	in

 # c
	h

 # c
	not

 # c
	in

 # c
	i

 # c
	is

 # c
	j

 # c
	is

 # c
	not

 # c
	k

 # c
	)
(

 # c
	-

 # c
	+

 # c
	~

 # c
	a

 # c
	)
(

 # c
	not

 # c
	a

 # c
	and

 # c
	b

 # c
	or

 # c
	not

 # c
	c

 # c
	)
(

 # c
	a

 # c
	if

 # c
	b

 # c
	else

 # c
	c

 # c
	)
(

 # c
	lambda

 # c
	:

 # c
	a

 # c
	)
(

 # c
	lambda

 # c
	a

 # c
	,

 # c
	b

 # c
	=

 # c
	c

 # c
	,

 # c
	/

 # c
	,

 # c
	*

 # c
	d

 # c
	,

 # c
	e

 # c
	=

 # c
	f

 # c
	,

 # c
	**

 # c
	g

 # c
	:

 # c
	h

 # c
	)
(

 # c
	lambda

 # c
	a

 # c
	,

 # c
	*

 # c
	,

 # c
	b

 # c
	:

 # c
	c

 # c
	)
(

 # c
	a

 # c
	,

 # c
	b

 # c
	,

 # c
	)
(

 # c
	*

 # c
	a

 # c
	,

 # c
	b

 # c
	)
(

 # c
	a

 # c
	:=

 # c
	b

 # c
	)
(

 # c
	)
(

 # c
	a

 # c
	.

 # c
	b

 # c
	)
(

 # c
	"a"

 # c
	'b'

 # c
	f"c"

 # c
	)
(

 # c
	a

 # c
	(

 # c
	b

 # c
	)

 # c
	[

 # c
	c

 # c
	]

 # c
	)
[

 # c
	a

 # c
	,

 # c
	*

 # c
	b

 # c
	,

 # c
	]
{

 # c
	a

 # c
	,

 # c
	*

 # c
	b

 # c
	,

 # c
	}
{

 # c
	a

 # c
	:

 # c
	b

 # c
	,

 # c
	**

 # c
	c

 # c
	,

 # c
	}
[

 # c
	a

 # c
	for

 # c
	b

 # c
	in

 # c
	c

 # c
	if

 # c
	d

 # c
	for

 # c
	e

 # c
	in

 # c
	f

 # c
	]
{

 # c
	a

 # c
	for

 # c
	b

 # c
	in

 # c
	c

 # c
	if

 # c
	d

 # c
	}
{

 # c
	a

 # c
	:

 # c
	b

 # c
	for

 # c
	c

 # c
	in

 # c
	d

 # c
	if

 # c
	e

 # c
	}
(

 # c
	a

 # c
	for

 # c
	b

 # c
	in

 # c
	c

 # c
	if

 # c
	d

 # c
	)
a	(

 # c
	b

 # c
	,

 # c
	*

 # c
	c

 # c
	,

 # c
	d

 # c
	=

 # c
	e

 # c
	,

 # c
	**

 # c
	f

 # c
	,

 # c
	)
a	(

 # c
	b

 # c
	for

 # c
	c

 # c
	in

 # c
	d

 # c
	)
a	(

 # c
	)
a	[

 # c
	b

 # c
	:

 # c
	c

 # c
	:

 # c
	d

 # c
	,

 # c
	e

 # c
	,

 # c
	*

 # c
	f

 # c
	]
a	[

 # c
	:

 # c
	]
f"{

 # c
	a

 # c
	}{

 # c
	a

 # c
	=

 # c
	}{

 # c
	a

 # c
	!r}{

 # c
	a

 # c
	:{

 # c
	b

 # c
	}}"
global	a	,	b
import	a	.	b	as	c	,	d
from	a	.	b	import	c	as	d	,	e
from	.	..	.	a	import	(

 # c
	b

 # c
	as

 # c
	c

 # c
	,

 # c
	d

 # c
	,

 # c
	)
from	.	import	*
assert	a	,	b
del	a	,	b
del	(

 # c
	a

 # c
	)
raise
raise	a	from	b
type	a	=	b
type	a	[

 # c
	b

 # c
	:

 # c
	c

 # c
	,

 # c
	*d

 # c
	,

 # c
	**e

 # c
	]	=	f
if	a	:	pass
if	a	:
  pass
elif	b	:	pass
else	:	pass
for	a	in	b	:	pass
else	:	pass
while	a	:	pass
else	:	pass
try	:	pass
except	a	as	b	:	pass
except	(

 # c
	a

 # c
	,

 # c
	b

 # c
	):	pass
except	:	pass
else	:	pass
finally	:	pass
try	:	pass
except	*	a	as	b	:	pass
except	*	(

 # c
	a

 # c
	):	pass
with	a	as	b	,	c	:	pass
with	(

 # c
	a

 # c
	as

 # c
	b

 # c
	,

 # c
	c

 # c
	,

 # c
	)	:	pass
with	(

 # c
	a

 # c
	)	as	(

 # c
	b

 # c
	)	:	pass
@	a
@	b	(

 # c
	c

 # c
	)
class	A	:	pass
class	A	(

 # c
	)	:	pass
class	A	(

 # c
	b

 # c
	,

 # c
	*

 # c
	c

 # c
	,

 # c
	d

 # c
	=

 # c
	e

 # c
	,

 # c
	**

 # c
	f

 # c
	,

 # c
	)	:	pass
class	A	[

 # c
	b

 # c
	]	(

 # c
	c

 # c
	)	:	pass
def	a	(

 # c
	)	:	pass
def	a	(

 # c
	b

 # c
	,

 # c
	/

 # c
	,

 # c
	c

 # c
	:

 # c
	d

 # c
	=

 # c
	e

 # c
	,

 # c
	*

 # c
	f

 # c
	:

 # c
	g

 # c
	,

 # c
	h

 # c
	=

 # c
	i

 # c
	,

 # c
	**

 # c
	j

 # c
	:

 # c
	k

 # c
	,

 # c
	)	->	l	:	pass
def	a	(

 # c
	*

 # c
	,

 # c
	b

 # c
	)	:	pass
def	a	[

 # c
	b

 # c
	:

 # c
	c

 # c
	,

 # c
	*d

 # c
	,

 # c
	**e

 # c
	]	(

 # c
	)	:	pass
async	def	a	(

 # c
	)	:
  await	b
  async	for	c	in	d	:	pass
  async	with	e	as	f	:	pass
  [

 # c
	a

 # c
	async for

 # c
	b

 # c
	in

 # c
	c

 # c
	]
  (

 # c
	await

 # c
	b

 # c
	)
  return	a
def	a	(

 # c
	)	:
  return
  return	a	;
  return	*	a	,	b
  yield
  yield	a
  yield	from	a
  (

 # c
	yield

 # c
	a

 # c
	)
  (

 # c
	yield

 # c
	from

 # c
	a

 # c
	)
  a	=	yield	b
  nonlocal	a	,	b	;
match	a	:
  case	b	:	pass
  case	b	as	c	if	d	:	pass
  case	-	1	+	2j	|	a	.	b	:	pass
  case	*	a	,	*	_	,	b	:	pass
  case	[

 # c
	a

 # c
	,

 # c
	*

 # c
	b

 # c
	,

 # c
	]	:	pass
  case	(

 # c
	a

 # c
	,

 # c
	b

 # c
	,

 # c
	)	:	pass
  case	(

 # c
	a

 # c
	as

 # c
	b

 # c
	)	:	pass
  case	(

 # c
	a

 # c
	|

 # c
	b

 # c
	.

 # c
	c

 # c
	|

 # c
	-

 # c
	1

 # c
	+

 # c
	2j

 # c
	)	:	pass
  case	{

 # c
	1

 # c
	:

 # c
	a

 # c
	,

 # c
	b

 # c
	.

 # c
	c

 # c
	:

 # c
	d

 # c
	,

 # c
	**e

 # c
	,

 # c
	}	:	pass
  case	{

 # c
	}	:	pass
  case	A	.	B	(

 # c
	a

 # c
	,

 # c
	b

 # c
	=

 # c
	c

 # c
	,

 # c
	d

 # c
	=

 # c
	e

 # c
	,

 # c
	)	:	pass
  case	A	(

 # c
	)	:	pass
  case	(

 # c
	)	:	pass
  case	[

 # c
	]	:	pass
match	a	,	*	b	:
  case	_	:	pass
