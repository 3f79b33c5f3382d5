-a
+a
~a
- a
+  a
~ a
- - a
-+~a
not -a
-(a)
- (
  a)
(-  # c
 a)
