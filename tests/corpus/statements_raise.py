raise
raise ;
raise  # c
raise a
raise  a
raise(a)
raise a from b
raise  a  from  b
raise a from None ; b
raise a() from (b)
raise (a)from(b)
