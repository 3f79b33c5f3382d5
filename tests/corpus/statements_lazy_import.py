lazy import a
lazy  import  a.b as c , d
lazy from a import b
lazy  from  .  a  import  ( b , c )
lazy from . import *
lazy import a ; lazy = 1
