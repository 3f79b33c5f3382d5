[]
[ ]
[
]
[a]
[ a , b ]
[a, b,]
[a, b , ]
[*a, * b]
[
  a,  # one

  b,
  # end
]
{}
{ }
{a}
{ a , b , }
{*a, b}
{a: b}
{ a : b , c : d , }
{**a, ** b , c: d}
{a: b, **c,}
{
  a:
    b,
  **c
}
{
  # only a comment
}
