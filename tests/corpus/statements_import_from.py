from a import b
from  a  import  b
from a.b import c
from a import b as c
from a import b , c as d
from a import *
from a import  *  # c
from a import (b)
from a import ( b , c )
from a import (b, c,)
from a import ( b , c , )
from a import (
    b,  # one
    c as d,
    # end
)
from a import(b)
from . import a
from .a import b
from .. import a
from ... import a
from .... import a
from ...a import b
from . . import a
from . a import b
from  .  a  import b
from .import a
from.import a
from . .. ... a import b
from.a import(b)
from . import(a)
from .  import *
from a . b import c
from a import b ; c
