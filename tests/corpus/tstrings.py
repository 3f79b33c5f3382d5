t"a{b!r:>{c}}d"
t"{a = }" ; t""; rt"\{a}"
(t"{a}")
t"{ a }" ; t"{a:{b}}"
