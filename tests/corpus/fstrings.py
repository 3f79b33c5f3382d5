f"";f"a";f"{a}";f"a{b}c{d}";F'{{}}{{{a}}}';rf"\{a}\n";fr"""{a}
{b}"""
f"{ a }";f"{ a = }";f"{a=}";f"{a!r}";f"{a=!s:>5}";f"{a:{b}.{c!r}}";f"{a:>{ b }}x"
f"{a!r:^{width}}";f"{x:=5}";f"{(x:=5)}";f"{(lambda: 1)}";f"{yield}";f"{*a, b}";f"{a, b}"
f"{a["b"]}";f"{f"{a}"}";f"{a != b}";f"\N{BELL}{a}";f"{a:\n}";f"{ {1: 2}[1] }"
f"{a  }";f"{   a}";f"{a  =  }";f"{a  !r}"
f"{
a
}"
f"""{
  a  # c
  =  # d
  !r}"""
f"""x
{a:
>5}
y"""
