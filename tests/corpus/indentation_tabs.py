if a:
	b
	if c:
		d
		# one
	# two
# three
else:
  e
  if f:
  	g
