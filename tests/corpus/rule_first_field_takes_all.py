f(  a  )
f  (  a  ,  b  )
x  [  a  ]
x  [  a  :  b  ]
x[  :  a]
x[a  :  :  b]
(  (  a  )  )
[  (  a  )  ,  b  ]
lambda  :  a
lambda  a  :  a
lambda  a  ,  *  b  :  a
def f(  ): pass
def f(  a  ,  /  ,  b  ): pass
def f(  *  ,  a  ): pass
def f(  a  :  b  =  c  ,  **  d  )  ->  e  : pass
{  a  :  b  ,  **  c  }
{  **  a  }
[  *  a  ,  b  ]
[  a  for  b  in  c  if  d  ]
[  a  async  for  b  in  c  ]
(  a  :=  b  )
(  a  if  b  else  c  )
(  not  a  )
(  -  a  )
(  a  not  in  b  )
(  yield  )
(  yield  a  )
(  yield  from  a  )
(  lambda  :  a  )
f(  a  for  b  in  c  )
f(  *  a  ,  **  b  ,  c  =  d  )
with  (  a  as  b  ,  c  )  : pass
import  a  .  b  as  c  ,  d
from  a  import  (  b  as  c  ,  d  )
