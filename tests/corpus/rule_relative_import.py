from .  import a
from ..  import a
from .  a import b
from  ..  a  import b
from ...  a import b
from  .  .  a import b
