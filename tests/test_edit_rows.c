/* tests/test_edit_rows.c -- accuses codedb_edit*.c: the 66 rows of what an edit is to make of what is given, a test for each, by its number.
 *
 * docs/edits.md says the same in prose; tests/test_edit.c and the others ask more of each part. */
#include "edits.h"

typedef struct row_case {
    int row;
    const char *source, *selector;
    codedb_edit_action action;
    const char *code;
    const char *expected; /* NULL: refused, with `error` and these words */
    codedb_code error;
    const char *words;
    codedb_edit options; /* those that are no selector, action or code */
} row_case;

#define METHOD "class A:\n    def f(self):\n        old()\n        rest()\n"
#define METHOD_WITH(text) "class A:\n    def f(self):\n" text "        rest()\n"
#define OLD "Expr[code=\"old()\"]"
#define DECORATED "@a\n# c\n@b\ndef f():\n    x\n"
#define BRANCHES "if a:\n    1\nelif b:\n    2\nelse:\n    3\n"

#define ROW_REPLACE(row, source, selector, code, expected)                   \
    {                                                                        \
        row, source, selector, CODEDB_EDIT_REPLACE, code, expected, 0, NULL, \
        {                                                                    \
            0                                                                \
        }                                                                    \
    }
#define ROW_DELETE(row, source, selector, expected)                         \
    {                                                                       \
        row, source, selector, CODEDB_EDIT_DELETE, NULL, expected, 0, NULL, \
        {                                                                   \
            0                                                               \
        }                                                                   \
    }
#define ROW_BEFORE(row, source, selector, code, expected)                          \
    {                                                                              \
        row, source, selector, CODEDB_EDIT_INSERT_BEFORE, code, expected, 0, NULL, \
        {                                                                          \
            0                                                                      \
        }                                                                          \
    }
#define ROW_AFTER(row, source, selector, code, expected)                          \
    {                                                                             \
        row, source, selector, CODEDB_EDIT_INSERT_AFTER, code, expected, 0, NULL, \
        {                                                                         \
            0                                                                     \
        }                                                                         \
    }
#define ROW_FIRST(row, source, selector, code, expected)                          \
    {                                                                             \
        row, source, selector, CODEDB_EDIT_INSERT_FIRST, code, expected, 0, NULL, \
        {                                                                         \
            0                                                                     \
        }                                                                         \
    }
#define ROW_LAST(row, source, selector, code, expected)                          \
    {                                                                            \
        row, source, selector, CODEDB_EDIT_INSERT_LAST, code, expected, 0, NULL, \
        {                                                                        \
            0                                                                    \
        }                                                                        \
    }
#define ROW_OPTION(row, source, selector, action, code, expected, option)     \
    {                                                                         \
        row, source, selector, CODEDB_EDIT_##action, code, expected, 0, NULL, \
        {                                                                     \
            .option = 1                                                       \
        }                                                                     \
    }
#define ROW_REFUSED(row, source, selector, action, code, error, words)                  \
    {                                                                                   \
        row, source, selector, CODEDB_EDIT_##action, code, NULL, CODEDB_##error, words, \
        {                                                                               \
            0                                                                           \
        }                                                                               \
    }

static const row_case row_cases[] = {
    ROW_REPLACE(1, METHOD, OLD, "a()\nif b:\n    c()\nd()",
                METHOD_WITH("        a()\n        if b:\n            c()\n        d()\n")),
    ROW_REPLACE(2, METHOD, OLD, "        a()\n        if b:\n            c()\n        d()",
                METHOD_WITH("        a()\n        if b:\n            c()\n        d()\n")),
    ROW_REPLACE(3, METHOD, OLD, "a()\n        b()", METHOD_WITH("        a()\n        b()\n")),
    ROW_REPLACE(3, METHOD, OLD, "if a:\n        b()\n        c()",
                METHOD_WITH("        if a:\n            b()\n            c()\n")),
    ROW_REFUSED(3, METHOD, OLD, REPLACE, "a()\n        b()\n    c()", PARSE_ERROR, "line 2"),
    ROW_REPLACE(4, METHOD, OLD, "if a:\n    return 1", METHOD_WITH("        if a:\n            return 1\n")),
    ROW_REPLACE(
        4, METHOD, OLD, "try:\n    a()\nexcept E:\n    b()\nfinally:\n    c()",
        METHOD_WITH("        try:\n            a()\n        except E:\n            b()\n        finally:\n            c()\n")),
    ROW_REPLACE(4, METHOD, OLD, "with a as b:\n    c()", METHOD_WITH("        with a as b:\n            c()\n")),
    ROW_REFUSED(5, "x\n", "Expr", REPLACE, "return 1", VALIDATION_ERROR, "'return' outside function"),
    ROW_REFUSED(5, "async def f():\n    yield\n    x\n", "Expr[code=x]", REPLACE, "return 1", VALIDATION_ERROR,
                "'return' with value in async generator"),
    ROW_REFUSED(5, "class A:\n    x\n", "Expr", REPLACE, "yield", VALIDATION_ERROR, "'yield' outside function"),
    ROW_REFUSED(5, "def f():\n    x\n", "Expr", REPLACE, "await a", VALIDATION_ERROR, "'await' outside async function"),
    ROW_REPLACE(5, "async def f():\n    x\n", "Expr", "await a", "async def f():\n    await a\n"),
    ROW_REFUSED(5, "def f():\n    x\n", "Expr", REPLACE, "break", VALIDATION_ERROR, "'break' outside loop"),
    ROW_REFUSED(5, "for a in b: c\nelse:\n    x\n", "Expr[code=x]", REPLACE, "continue", VALIDATION_ERROR,
                "not properly in loop"),
    ROW_REFUSED(5, "import a\nx\n", "Expr", REPLACE, "from __future__ import division", VALIDATION_ERROR, "at the beginning"),
    ROW_REFUSED(5, "def f():\n    x\n", "Expr", REPLACE, "type X = (yield)", VALIDATION_ERROR, "within a type alias"),
    ROW_REFUSED(5, "async def f():\n    x\n", "Expr", REPLACE, "type X = [a for a in await b]", VALIDATION_ERROR,
                "within a type alias"),
    ROW_REFUSED(5, "type X = a\n", "Name[name=a]", REPLACE, "[(b := c) for c in d]", VALIDATION_ERROR, "within a type alias"),
    ROW_REFUSED(5, "async def f():\n    x\n", "Expr", REPLACE, "type X = [await a for b in c]", VALIDATION_ERROR,
                "'await' outside"),
    ROW_REPLACE(5, "type X = a\n", "Name[name=a]", "lambda: (yield)", "type X = lambda: (yield)\n"),
    ROW_REFUSED(5, "def f():\n    class A[T: x]: a\n", "Name[name=x]", REPLACE, "(yield)", VALIDATION_ERROR,
                "the bound of a type parameter"),
    ROW_REFUSED(5, "class A[T = x]: a\n", "Name[name=x]", REPLACE, "(b := c)", VALIDATION_ERROR,
                "the default of a type parameter"),
    ROW_REFUSED(5, "def f():\n    class A[T](x): a\n", "Name[name=x]", REPLACE, "(yield)", VALIDATION_ERROR,
                "the definition of a generic"),
    ROW_REPLACE(5, "def f():\n    class A(x): a\n", "Name[name=x]", "(yield)", "def f():\n    class A((yield)): a\n"),
    ROW_REPLACE(5, "def f():\n    def g[T](a=x): b\n", "Name[name=x]", "(yield)", "def f():\n    def g[T](a=(yield)): b\n"),
    ROW_REFUSED(5, "def f():\n    def g(a: x): b\n", "Name[name=x]", REPLACE, "(yield)", VALIDATION_ERROR, "an annotation"),
    ROW_REFUSED(5, "a: x\n", "Name[name=x]", REPLACE, "(b := c)", VALIDATION_ERROR, "an annotation"),
    ROW_REFUSED(5, "x\n", "Expr", REPLACE, "[a for a in (b := c)]", VALIDATION_ERROR, "comprehension iterable"),
    ROW_REFUSED(5, "class A:\n    x\n", "Expr", REPLACE, "[(b := c) for a in d]", VALIDATION_ERROR, "in a class body"),
    ROW_REPLACE(5, "def f():\n    x\n", "Expr", "(await a for b in c)", "def f():\n    (await a for b in c)\n"),
    ROW_REPLACE(6, "def f():\n\told()\n", "Expr", "if a:\n    if b:\n        c", "def f():\n\tif a:\n\t\tif b:\n\t\t\tc\n"),
    ROW_AFTER(7, "def f():\n  a\n", "Expr", "if b:\n    if c:\n        d", "def f():\n  a\n  if b:\n    if c:\n      d\n"),
    ROW_REPLACE(8, METHOD, OLD, "if a:\n    x = '''b\n  c'''", METHOD_WITH("        if a:\n            x = '''b\n  c'''\n")),
    ROW_REPLACE(8, "if 1:\r\n    a\r\n", "Expr", "x = '''b\nc'''", "if 1:\r\n    x = '''b\r\nc'''\r\n"),
    ROW_AFTER(9, "class A:\n    x = 1\n", "Assign", "def f():\n    '''One.\n\n    Two.\n    '''",
              "class A:\n    x = 1\n\n    def f():\n        '''One.\n\n        Two.\n        '''\n"),
    ROW_OPTION(9, "class A:\n    x = 1\n", "Assign", INSERT_AFTER, "def f():\n    '''One.\n    Two.'''",
               "class A:\n    x = 1\n\n    def f():\n        '''One.\n    Two.'''\n", keep_docstring),
    ROW_REPLACE(10, METHOD, OLD, "a()\n\n  \nb()", METHOD_WITH("        a()\n\n\n        b()\n")),
    ROW_REPLACE(11, METHOD, OLD, "a = f(1,\n      2)\nb = 1 + \\\n    2",
                METHOD_WITH("        a = f(1,\n              2)\n        b = 1 + \\\n            2\n")),
    ROW_AFTER(12, "a\r\nb\r\n", "Expr:first", "c\nd", "a\r\nc\r\nd\r\nb\r\n"),
    ROW_AFTER(12, "a\nb\r\nc\n", "Expr[code=b]", "d", "a\nb\r\nd\r\nc\n"),
    ROW_REPLACE(13, "\xEF\xBB\xBF# coding: utf-8\r\na\r\x0c\nb", "Expr[code=a]", "a",
                "\xEF\xBB\xBF# coding: utf-8\r\na\r\x0c\nb"),
    ROW_AFTER(14, "a", "Expr", "b\n", "a\nb"),
    ROW_LAST(14, "def f():\n    a", "def", "b", "def f():\n    a\n    b"),
    ROW_DELETE(15, "x\n\n# group\na = 1\nb = 2\n", "Assign:first", "x\n\n# group\nb = 2\n"),
    ROW_DELETE(15, "x\n\n# apart\n\na = 1\n", "Assign", "x\n\n# apart\n"),
    ROW_DELETE(15, "#!/bin/python\n# coding: utf-8\n# first\na = 1\n\nb\n", "Assign",
               "#!/bin/python\n# coding: utf-8\n# first\n\nb\n"),
    ROW_DELETE(16, "x\n\n# why\ndef f():\n    a\n\ny\n", "def", "x\n\ny\n"),
    ROW_OPTION(16, "x\n\n# why\ndef f():\n    a\n\ny\n", "def", DELETE, NULL, "x\n\n# why\n\ny\n", keep_comment),
    ROW_DELETE(16, "if a:\n    1\n# why\n# not\nelif b:\n    2\n# third\nelse:\n    3\n", "If.orelse",
               "if a:\n    1\n# third\nelse:\n    3\n"),
    ROW_DELETE(16, "if a:\n    1\n    # end\n# why\nelse:\n    3\n", "Else", "if a:\n    1\n    # end\n"),
    ROW_DELETE(16, "if a:\n    1\n# apart\n\nelse:\n    3\n", "Else", "if a:\n    1\n# apart\n\n"),
    ROW_DELETE(16, "try:\n    1\n# e\nexcept E:\n    2\n# f\nfinally:\n    3\n", "ExceptHandler",
               "try:\n    1\n# f\nfinally:\n    3\n"),
    ROW_DELETE(16, "match a:\n    # one\n    case 1:\n        2\n    # two\n    case 2:\n        3\n", "MatchCase:first",
               "match a:\n    # two\n    case 2:\n        3\n"),
    ROW_DELETE(16, "@a\n# c\n@b\ndef f(): x\n", "Decorator:last", "@a\n# c\ndef f(): x\n"),
    ROW_OPTION(16, "if a:\n    1\n# why\nelse:\n    3\n", "Else", DELETE, NULL, "if a:\n    1\n# why\n", keep_comment),
    ROW_BEFORE(16, "if a:\n    1\n# why\nelse:\n    3\n", "Else", "elif b: 2", "if a:\n    1\nelif b: 2\n# why\nelse:\n    3\n"),
    ROW_REPLACE(17, "x = 1  # note\n", "Assign", "y = 2\nz = 3", "y = 2  # note\nz = 3\n"),
    ROW_REPLACE(17, "x = 1  # note\n", "Assign", "y = 2  # own", "y = 2  # own\n"),
    ROW_REPLACE(17, "x = 1  # note\n", "Assign", "y = 2\nz = 3  # own", "y = 2\nz = 3  # own\n"),
    ROW_REPLACE(17, "x = 1  # note\n", "Assign", "y = [\n    2,  # own\n]", "y = [\n    2,  # own\n]\n"),
    ROW_REPLACE(17, "x = 1  # note\n", "Assign", "\r\\\ny = 2\n", "\\\ny = 2  # note\n"),
    ROW_REPLACE(17, "x = 1  # note\n", "Assign", "# above\ny = '#'\n# below", "# above\ny = '#'  # note\n# below\n"),
    ROW_REPLACE(17, "try: a\nexcept E: b  # note\n", "ExceptHandler", "except F: b\nexcept G: c  # own",
                "try: a\nexcept F: b\nexcept G: c  # own\n"),
    ROW_DELETE(18, "a\nx = 1  # note\nb\n", "Assign", "a\nb\n"),
    ROW_AFTER(19, "def f():\n    a\n", "Expr", "# only\n# comments", "def f():\n    a\n    # only\n    # comments\n"),
    ROW_AFTER(20, "def f():\n    a\n    # end\nb\n", "Expr:first", "x", "def f():\n    a\n    x\n    # end\nb\n"),
    ROW_LAST(20, "def f():\n    a\n    # end\nb\n", "def", "x", "def f():\n    a\n    # end\n    x\nb\n"),
    ROW_REPLACE(21, DECORATED, "def", "def g():\n    y", "@a\n# c\n@b\ndef g():\n    y\n"),
    ROW_REPLACE(21, DECORATED, "def", "class G:\n    y", "@a\n# c\n@b\nclass G:\n    y\n"),
    ROW_OPTION(21, DECORATED, "def", REPLACE, "def g():\n    y", "def g():\n    y\n", drop_decorators),
    ROW_REPLACE(22, DECORATED, "def", "@new\ndef g():\n    y", "@new\ndef g():\n    y\n"),
    ROW_DELETE(23, "k\n" DECORATED, "def", "k\n"),
    ROW_BEFORE(24, DECORATED, "def", "y", "y\n\n\n" DECORATED),
    ROW_REPLACE(25, "def f(a: int) -> X:  # why\n    a\n    b\n", "def > IndentedBlock", "return 1",
                "def f(a: int) -> X:  # why\n    return 1\n"),
    ROW_DELETE(26, "f(a, b, c)\n", "Arg[value=b]", "f(a, c)\n"),
    ROW_DELETE(26, "f(a, b, c)\n", "Arg:last", "f(a, b)\n"),
    ROW_DELETE(26, "f(a, b, c)\n", "Arg", "f()\n"),
    ROW_DELETE(27, "f(\n    a,\n    b,\n)\n", "Arg:last", "f(\n    a,\n)\n"),
    ROW_DELETE(28, "from m import a, b\n", "ImportAlias:last", "from m import a\n"),
    ROW_DELETE(29, "x\nfrom m import a, b\ny\n", "ImportAlias", "x\ny\n"),
    ROW_DELETE(30, "from m import (\n    a,  # x\n    b,\n)\n", "ImportAlias:last", "from m import (\n    a,  # x\n)\n"),
    ROW_DELETE(31, "x = (a, b)\n", "Element:last", "x = (a,)\n"),
    ROW_DELETE(31, "a, b = f()\n", "Element:last", "a, = f()\n"),
    ROW_DELETE(31, "x = (a,)\n", "Element", "x = ()\n"),
    ROW_DELETE(31, "x = a,\n", "Element", "x = ()\n"),
    ROW_DELETE(31, "match a:\n    case b, c: d\n", "MatchSequenceElement:first", "match a:\n    case c,: d\n"),
    ROW_DELETE(31, "match a:\n    case b, c: d\n", "MatchSequenceElement", "match a:\n    case (): d\n"),
    ROW_DELETE(31, "match a:\n    case (b, c): d\n", "MatchSequenceElement:last", "match a:\n    case (b,): d\n"),
    ROW_DELETE(32, "class A(B):\n    a\n", "Arg", "class A:\n    a\n"),
    ROW_AFTER(32, "class A(B):\n    a\n", "Arg", "C", "class A(B, C):\n    a\n"),
    ROW_DELETE(33, "def f(a, *, b): x\n", "Param[name=b]", "def f(a): x\n"),
    ROW_DELETE(33, "def f(a, /, b): x\n", "Param[name=a]", "def f(b): x\n"),
    ROW_DELETE(33, "def f(*args, b): x\n", "Param[name=args]", "def f(*, b): x\n"),
    ROW_DELETE(34, "def f():\n    a\n    b\n", "Expr", "def f():\n    pass\n"),
    ROW_DELETE(34, "def f():\n    'doc'\n    b\n", "Expr[code=b]", "def f():\n    'doc'\n"),
    ROW_REFUSED(35, "try: a\nexcept E: b\n", "ExceptHandler", DELETE, NULL, VALIDATION_ERROR,
                "a try needs a handler or a finally"),
    ROW_REFUSED(35, "try: a\nexcept E: b\nelse: c\n", "ExceptHandler", DELETE, NULL, VALIDATION_ERROR,
                "a try with an else needs"),
    ROW_DELETE(36, BRANCHES, "Else", "if a:\n    1\nelif b:\n    2\n"),
    ROW_DELETE(36, BRANCHES, "If.orelse", "if a:\n    1\nelse:\n    3\n"),
    ROW_DELETE(36, "x\n" BRANCHES, "module > If", "x\n"),
    ROW_AFTER(37, "if x: y\n", "Expr", "z", "if x:\n    y\n    z\n"),
    ROW_DELETE(38, "a; b; c\n", "Expr[code=b]", "a; c\n"),
    ROW_REPLACE(39, "a; b\n", "Expr[code=b]", "if c:\n    d", "a\nif c:\n    d\n"),
    ROW_REPLACE(40, "x * y\n", "Name[name=y]", "a + b", "x * (a + b)\n"),
    ROW_REPLACE(40, "x.real\n", "Name[name=x]", "1", "(1).real\n"),
    ROW_REPLACE(41, "x = \"a\"if x else b\n", "SimpleString", "c", "x = c if x else b\n"),
    ROW_REPLACE(41, "def f():\n    return(x)\n", "Name[name=x]", "y", "def f():\n    return(y)\n"),
    ROW_REPLACE(42, "f\"{a}\"\n", "Name[name=a]", "b[\"k\"]", "f\"{b['k']}\"\n"),
    ROW_REFUSED(42, "f\"{a}\"\n", "Name[name=a]", REPLACE, "b[\"\\n\"]", VALIDATION_ERROR, "before Python 3.12"),
    ROW_OPTION(42, "f\"{a}\"\n", "Name[name=a]", REPLACE, "b[\"k\"]", "f\"{b[\"k\"]}\"\n", new_f_strings),
    ROW_AFTER(43, "def a():\n    x\n\ndef b():\n    x\n", "def:first", "def c():\n    y",
              "def a():\n    x\n\ndef c():\n    y\n\ndef b():\n    x\n"),
    ROW_AFTER(43, "x = 1\n", "Assign", "def c():\n    y", "x = 1\n\n\ndef c():\n    y\n"),
    ROW_AFTER(43, "class A:\n    x = 1\n", "Assign", "def c():\n    y", "class A:\n    x = 1\n\n    def c():\n        y\n"),
    ROW_FIRST(44, "#!/bin/python\n'''Doc.'''\nfrom __future__ import annotations\na\n", "module", "x",
              "#!/bin/python\n'''Doc.'''\nfrom __future__ import annotations\nx\na\n"),
    ROW_FIRST(44, "def f():\n    'doc'\n    a\n", "def", "x", "def f():\n    'doc'\n    x\n    a\n"),
    ROW_FIRST(44, "class A:\n    'doc'\n    a\n", "class", "x", "class A:\n    'doc'\n    x\n    a\n"),
    ROW_REFUSED(46, "x = a + b\n", "Name[name=a]", REPLACE, "c; d", PARSE_ERROR, "only by an expression"),
    ROW_DELETE(47, "if a:\n    if b:\n        c\nx\n", "If", "x\n"),
    ROW_REFUSED(47, "if a:\n    if b:\n        c\nx\n", "If", REPLACE, "z", OVERLAP, "choose the outermost or the innermost"),
    {47,
     "if a:\n    if b:\n        c\nx\n",
     "If",
     CODEDB_EDIT_REPLACE,
     "z",
     "z\nx\n",
     0,
     NULL,
     {.overlap = CODEDB_OVERLAP_OUTERMOST}},
    {47,
     "if a:\n    if b:\n        c\nx\n",
     "If",
     CODEDB_EDIT_REPLACE,
     "z",
     "if a:\n    z\nx\n",
     0,
     NULL,
     {.overlap = CODEDB_OVERLAP_INNERMOST}},
    ROW_REFUSED(53, "a\n", "Return", DELETE, NULL, NOT_FOUND, "finds nothing"),
    ROW_REPLACE(54, "x  =(1 )\nreturn\na\n", "Expr", "b", "x  =(1 )\nreturn\nb\n"),
    ROW_DELETE(56, "x = {a}\n", "Element", "x = set()\n"),
    ROW_DELETE(57, "print(x)\ny\n", "Call", "y\n"),
    ROW_REFUSED(58, "x + y\n", "Name[name=y]", DELETE, NULL, VALIDATION_ERROR, "the field right of BinaryOperation"),
    ROW_REFUSED(58, "if a: b\n", "If > Name", DELETE, NULL, VALIDATION_ERROR, "the field test of If"),
    ROW_REFUSED(58, "{a: b}\n", "Name[name=a]", DELETE, NULL, VALIDATION_ERROR, "the field key of DictElement"),
    ROW_REFUSED(58, "f(k=v)\n", "Name[name=v]", DELETE, NULL, VALIDATION_ERROR, "the field value of Arg"),
    ROW_REPLACE(59, "if x: y\n", "Expr", "for a in b:\n    c", "if x:\n    for a in b:\n        c\n"),
    ROW_LAST(59, "def f(): pass\n", "def", "for a in b:\n    c", "def f():\n    pass\n    for a in b:\n        c\n"),
    ROW_AFTER(60, "try: a\nexcept E: b\n", "ExceptHandler", "except F: c", "try: a\nexcept E: b\nexcept F: c\n"),
    ROW_REPLACE(60, "match a:\n    case 1: b\n", "MatchCase", "case 2: c", "match a:\n    case 2: c\n"),
    ROW_REPLACE(60, "if a: b\nelse: c\n", "Else", "else: d", "if a: b\nelse: d\n"),
    ROW_AFTER(60, "@a\ndef f(): b\n", "Decorator", "@c(1)", "@a\n@c(1)\ndef f(): b\n"),
    ROW_REPLACE(60, "f(a)\n", "Arg", "k=1", "f(k=1)\n"),
    ROW_REPLACE(60, "def f(a): b\n", "Param", "c: int = 1", "def f(c: int = 1): b\n"),
    ROW_AFTER(60, "with a: b\n", "WithItem", "c as d", "with a, c as d: b\n"),
    ROW_REPLACE(60, "from a import b\n", "ImportAlias", "c as d", "from a import c as d\n"),
    ROW_AFTER(60, "x = {a: 1}\n", "DictElement", "**b", "x = {a: 1, **b}\n"),
    ROW_REPLACE(60, "from a import *\n", "ImportStar", "b, c as d", "from a import b, c as d\n"),
    ROW_DELETE(60, "x\nfrom a import *\n", "ImportStar", "x\n"),
    ROW_DELETE(60, "import a as b\n", "AsName", "import a\n"),
    ROW_DELETE(60, "with a as b, c as(d): e\n", "AsName", "with a, c: e\n"),
    ROW_DELETE(60, "try: a\nexcept (E)as e: c\n", "AsName", "try: a\nexcept (E): c\n"),
    ROW_REFUSED(60, "import a as b\n", "AsName", REPLACE, "as c", VALIDATION_ERROR, "it can only be deleted"),
    ROW_DELETE(60, "x = [a for a in b if(c)for d in e]\n", "CompIf", "x = [a for a in b for d in e]\n"),
    ROW_DELETE(60, "x = [\n    a\n    for a in b\n    # why\n    if c\n]\n", "CompIf",
               "x = [\n    a\n    for a in b\n    # why\n]\n"),
    ROW_DELETE(60, "f'a{x!r:>{w}}b{y}'\n", "FormattedStringExpression:first", "f'ab{y}'\n"),
    ROW_REPLACE(60, "a[1:2]\n", "Slice", "3", "a[3]\n"),
    ROW_DELETE(60, "a[b, c:d]\n", "Slice", "a[b]\n"),
    ROW_AFTER(60, "a[b, c:d]\n", "Index", "e:f", "a[b, e:f, c:d]\n"),
    ROW_DELETE(60, "def f[T, *U = *a](): b\n", "TypeParam:last", "def f[T](): b\n"),
    ROW_DELETE(60, "class A[T,](B): c\n", "TypeParam", "class A(B): c\n"),
    ROW_AFTER(60, "type X[\n    T,\n] = a\n", "TypeParam", "**U", "type X[\n    T,\n    **U,\n] = a\n"),
    ROW_REPLACE(60, "type X[T] = a\n", "TypeParam", "T: int, U", "type X[T: int, U] = a\n"),
    ROW_REPLACE(60, "match a:\n    case [b, c]: d\n", "MatchSequenceElement:first", "1 | 2, *e",
                "match a:\n    case [1 | 2, *e, c]: d\n"),
    ROW_DELETE(60, "match a:\n    case [b, *c]: d\n", "MatchStar", "match a:\n    case [b]: d\n"),
    ROW_AFTER(60, "match a:\n    case {1: b, **c}: d\n", "MatchMappingElement", "2: e",
              "match a:\n    case {1: b, 2: e, **c}: d\n"),
    ROW_DELETE(60, "match a:\n    case {1: b, **c}: d\n", "MatchMappingElement", "match a:\n    case {**c}: d\n"),
    ROW_DELETE(60, "match a:\n    case A(b, c=d): e\n", "MatchKeywordElement", "match a:\n    case A(b): e\n"),
    ROW_AFTER(60, "match a:\n    case A(b): e\n", "MatchSequenceElement", "c=d", "match a:\n    case A(b, c=d): e\n"),
    ROW_DELETE(60, "match a:\n    case b.c | (d) | e.f: g\n", "MatchOrElement:last", "match a:\n    case b.c | (d): g\n"),
    ROW_DELETE(60, "match a:\n    case 1 | 2: b\n", "MatchOrElement:first", "match a:\n    case 2: b\n"),
    ROW_REFUSED(60, "match a:\n    case 1 | 2: b\n", "MatchOrElement:first", REPLACE, "3", VALIDATION_ERROR,
                "can only be deleted"),
    ROW_REFUSED(58, "match a:\n    case 1 | 2: b\n", "MatchOrElement", DELETE, NULL, VALIDATION_ERROR, "needs one"),
    ROW_REFUSED(58, "a[1:2]\n", "Slice", DELETE, NULL, VALIDATION_ERROR, "the field slice is required"),
    ROW_REFUSED(61, "x = y\n", "Name[name=y]", REPLACE, "z = 1", PARSE_ERROR, "to replace by statements select the statement"),
    ROW_REFUSED(62, "match a:\n    case 1: b\n", "MatchCase", DELETE, NULL, VALIDATION_ERROR, "a match needs a case"),
    ROW_REFUSED(62, "with a: b\n", "WithItem", DELETE, NULL, VALIDATION_ERROR, "a with needs an item"),
    ROW_AFTER(63, "f(a, k=1)\n", "Arg:last", "b", "f(a, b, k=1)\n"),
    ROW_AFTER(63, "class A(metaclass=M): a\n", "Arg", "B", "class A(B, metaclass=M): a\n"),
    ROW_REFUSED(64, "f(a, b)\n", "Comma", DELETE, NULL, VALIDATION_ERROR, "white space or punctuation: a Comma"),
    ROW_REFUSED(64, "a\n\nb\n", "EmptyLine", REPLACE, "c", VALIDATION_ERROR, "white space or punctuation"),
    ROW_DELETE(65, "a = b = 1\n", "AssignTarget:last", "a = 1\n"),
    ROW_REFUSED(65, "a = b = 1\n", "AssignTarget", DELETE, NULL, VALIDATION_ERROR, "an assignment needs a target"),
};

static void row_check_case(const row_case *given)
{
    codedb_edit edit = given->options;
    edit.struct_size = sizeof edit;
    edit.filter = (codedb_filter)CODEDB_INIT(codedb_filter);
    edit.filter.selector = given->selector;
    edit.action = given->action;
    edit.code = &given->code;
    edit.code_count = given->code ? 1 : 0;
    if (given->expected)
        check_edits(given->source, &edit, 1, given->expected, __FILE__, __LINE__);
    else
        check_failure(given->source, &edit, 1, given->error, given->words, __FILE__, __LINE__);
}

/* ---- Rows that the target version decides ------------------------------------------------------------------------- */

static codedb_code row_annotate(const char *source, int version, codedb_result *result)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_edit_report *report = NULL;
    codedb_tree *tree = NULL;
    const char *code = "(yield)";
    codedb_edit edit = make("Name[name=x]", CODEDB_EDIT_REPLACE, &code, 1);
    options.target_version = version;
    assert_success(codedb_tree_parse(source, strlen(source), &options, &tree, result), *result);
    codedb_code answer = codedb_tree_edit(tree, &edit, 1, NULL, &report, result);
    codedb_free(report);
    codedb_tree_free(tree);
    return answer;
}

static void row_5_annotations_follow_the_target(void)
{
    static const char plain[] = "def f():\n    def g(a: x): b\n", generic[] = "def f():\n    def g[T](a) -> x: b\n";
    static const char future[] = "from __future__ import annotations\ndef f():\n    a: x\n";
    codedb_result result = CODEDB_INIT(codedb_result);
    assert_success(row_annotate(plain, 313, &result), result);
    assert_code(row_annotate(plain, 314, &result), CODEDB_VALIDATION_ERROR, result);
    assert_success(row_annotate(future, 309, &result), result);
    assert_code(row_annotate(future, 310, &result), CODEDB_VALIDATION_ERROR, result);
    assert_code(row_annotate(generic, 312, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "the definition of a generic");
    codedb_result_clear(&result);
}

/* ---- Rows of several nodes and several edits ---------------------------------------------------------------------- */

static void row_45_nodes_stand_in_their_order(void)
{
    const char *codes[] = {"b", "c", "d"};
    codedb_edit edit = make("Expr", CODEDB_EDIT_INSERT_AFTER, codes, 3);
    check_edits("a\n", &edit, 1, "a\nb\nc\nd\n", __FILE__, __LINE__);
}

static void row_46_several_nodes_for_one(void)
{
    const char *codes[] = {"b", "c"};
    codedb_edit edit = make("Expr", CODEDB_EDIT_REPLACE, codes, 2);
    check_edits("a\n", &edit, 1, "b\nc\n", __FILE__, __LINE__);
    edit.filter.selector = "Arg > Name";
    check_edits("f(a)\n", &edit, 1, "f(b, c)\n", __FILE__, __LINE__);
    check_failure("f(k=a)\n", &edit, 1, CODEDB_VALIDATION_ERROR, "only by one", __FILE__, __LINE__);
}

static void row_48_edits_at_one_offset(void)
{
    const char *codes[] = {"one", "two", "three"};
    codedb_edit edits[] = {make("Expr[code=a]", CODEDB_EDIT_INSERT_AFTER, &codes[0], 1),
                           make("Expr[code=b]", CODEDB_EDIT_INSERT_BEFORE, &codes[1], 1),
                           make("Expr[code=b]", CODEDB_EDIT_DELETE, NULL, 0),
                           make("Expr[code=a]", CODEDB_EDIT_INSERT_AFTER, &codes[2], 1)};
    check_edits("a\nb\n", edits, 4, "a\none\ntwo\nthree\n", __FILE__, __LINE__);
}

static void row_49_one_edit_of_three_fails(void)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    const char *codes[] = {"x", "y =", "z"};
    codedb_edit edits[] = {make("Expr", CODEDB_EDIT_REPLACE, &codes[0], 1), make("Expr", CODEDB_EDIT_INSERT_AFTER, &codes[1], 1),
                           make("Expr", CODEDB_EDIT_INSERT_AFTER, &codes[2], 1)};
    assert_code(apply("a\n", edits, 3, &report, &result), CODEDB_PARSE_ERROR, result);
    assert_null(report);
    assert_contains(result.data, "{\"edit\": 1, ");
    codedb_result_clear(&result);
}

static void row_50_check(const char *source, const codedb_edit *edits, size_t count)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    assert_success(apply(source, edits, count, &report, &result), result);
    assert_string_equal(report->source, source);
    assert_int_equal(report->nodes_modified, 0);
    assert_int_equal(report->range_count, 0);
    assert_int_equal(report->id_count, 0);
    assert_string_equal(report->diff, "");
    codedb_free(report);
    codedb_result_clear(&result);
}

/* Nor do edits that undo each other. */
static void row_50_the_same_modifies_nothing(void)
{
    const char *code = "a  =  1";
    codedb_edit edit = make("Assign", CODEDB_EDIT_REPLACE, &code, 1);
    codedb_edit edits[] = {make("SimpleStatementLine", CODEDB_EDIT_DELETE, NULL, 0),
                           make("Module", CODEDB_EDIT_INSERT_FIRST, &code, 1)};
    row_50_check("a  =  1\n", &edit, 1);
    row_50_check("a  =  1\n", edits, 2);
}

/* ---- Rows of stored sources --------------------------------------------------------------------------------------- */

typedef struct stored {
    codedb *db;
    int64_t file;
    codedb_result result;
} stored;

static stored row_store(const char *source)
{
    stored made = {.result = CODEDB_INIT(codedb_result)};
    codedb_project project = CODEDB_INIT(codedb_project);
    codedb_file file = CODEDB_INIT(codedb_file);
    assert_success(codedb_open(":memory:", NULL, &made.db, &made.result), made.result);
    project.root_path = "/p";
    assert_success(codedb_project_create(made.db, &project, &made.result), made.result);
    file.project_id = project.id;
    file.path = "/p/f.py";
    assert_success(codedb_file_create(made.db, &file, &made.result), made.result);
    made.file = file.id;
    assert_success(codedb_cst_save(made.db, made.file, source, strlen(source), NULL, &made.result), made.result);
    return made;
}

static void row_assert_stored(stored *made, const char *expected)
{
    char *source = NULL;
    assert_success(codedb_cst_get(made->db, made->file, &source, NULL, &made->result), made->result);
    assert_string_equal(source, expected);
    codedb_free(source);
}

static void row_close(stored *made)
{
    codedb_close(made->db);
    codedb_result_clear(&made->result);
}

static void row_51_changed_since_it_was_read(void)
{
    stored made = row_store("a\n");
    codedb_edit_report *report = NULL;
    const char *code = "b";
    char hash[65] = "";
    codedb_edit edit = make("Expr", CODEDB_EDIT_REPLACE, &code, 1);
    assert_success(codedb_cst_modify(made.db, made.file, &edit, 1, NULL, 0, &report, &made.result), made.result);
    snprintf(hash, sizeof hash, "%s", report->hash);
    codedb_free(report);
    assert_success(codedb_cst_save(made.db, made.file, "c\n", 2, NULL, &made.result), made.result);
    assert_code(codedb_cst_modify(made.db, made.file, &edit, 1, hash, 0, &report, &made.result), CODEDB_CONFLICT, made.result);
    row_assert_stored(&made, "c\n");
    row_close(&made);
}

static void row_52_preview_then_apply(void)
{
    stored made = row_store("a\n");
    codedb_edit_report *preview = NULL, *report = NULL;
    const char *code = "b";
    codedb_edit edit = make("Expr", CODEDB_EDIT_INSERT_AFTER, &code, 1);
    assert_success(codedb_cst_modify(made.db, made.file, &edit, 1, NULL, 1, &preview, &made.result), made.result);
    row_assert_stored(&made, "a\n");
    assert_success(codedb_cst_modify(made.db, made.file, &edit, 1, NULL, 0, &report, &made.result), made.result);
    row_assert_stored(&made, "a\nb\n");
    assert_string_equal(preview->source, report->source);
    assert_string_equal(preview->diff, report->diff);
    assert_string_equal(preview->hash, report->hash);
    codedb_free(preview);
    codedb_free(report);
    row_close(&made);
}

/* The id of the first node that the selector finds; freed by the caller. */
static char *row_id(stored *made, const char *selector)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes = NULL;
    filter.selector = selector;
    assert_success(codedb_cst_query(made->db, made->file, &filter, &nodes, &made->result), made->result);
    assert_true(nodes->count > 0);
    char *id = strdup(nodes->items[0]->node_id);
    codedb_free(nodes);
    return id;
}

static void row_55_ids_after_an_edit(void)
{
    static const char *const kept[] = {"class", "def", "Pass"};
    stored made = row_store("class A:\n    def f(self):\n        old\n        pass\n");
    codedb_edit_report *report = NULL;
    const char *code = "new";
    char *before[3], *old = row_id(&made, "SimpleStatementLine:has(Name[name=old])");
    codedb_edit edit = make("Expr", CODEDB_EDIT_REPLACE, &code, 1);
    for (size_t i = 0; i < 3; i++)
        before[i] = row_id(&made, kept[i]);
    assert_success(codedb_cst_modify(made.db, made.file, &edit, 1, NULL, 0, &report, &made.result), made.result);
    for (size_t i = 0; i < 3; i++) {
        char *after = row_id(&made, kept[i]);
        assert_string_equal(before[i], after);
        free(before[i]);
        free(after);
    }
    char *new_id = row_id(&made, "SimpleStatementLine:has(Name[name=new])");
    assert_int_equal(report->id_count, 1);
    assert_string_equal(report->old_ids[0], old);
    assert_string_equal(report->new_ids[0], new_id);
    assert_string_not_equal(old, new_id);
    codedb_free(report);
    free(old);
    free(new_id);
    row_close(&made);
}

static void row_66_stored_ast(void)
{
    stored made = row_store("x = 1\n");
    codedb_edit_report *report = NULL;
    char *json = NULL;
    static const char ast[] = "{\"_type\":\"Module\",\"body\":[{\"_type\":\"Pass\"}],\"type_ignores\":[]}";
    const char *statement = "{\"_type\":\"Break\"}", *expression = "{\"_type\":\"Constant\",\"value\":1}";
    codedb_edit edit = make("Pass", CODEDB_EDIT_REPLACE, &expression, 1);
    assert_success(codedb_ast_save(made.db, made.file, ast, sizeof ast - 1, NULL, &made.result), made.result);
    assert_code(codedb_ast_modify(made.db, made.file, &edit, 1, NULL, 0, &report, &made.result), CODEDB_VALIDATION_ERROR,
                made.result);
    assert_success(codedb_ast_get(made.db, made.file, &json, NULL, &made.result), made.result);
    assert_string_equal(json, ast);
    codedb_free(json);
    edit.code = &statement;
    assert_success(codedb_ast_modify(made.db, made.file, &edit, 1, NULL, 0, &report, &made.result), made.result);
    assert_string_equal(report->source, "{\"_type\":\"Module\",\"body\":[{\"_type\":\"Break\"}],\"type_ignores\":[]}");
    codedb_free(report);
    row_close(&made);
}

/* ---- All rows ----------------------------------------------------------------------------------------------------- */

typedef struct row_test {
    const char *name;
    void (*more)(void); /* NULL: what row_cases has is all */
} row_test;

static const row_test row_tests[] = {
    {"row 1: lines at column 0", NULL},
    {"row 2: lines that are indented already", NULL},
    {"row 3: a first line without indentation", NULL},
    {"row 4: compound statements in a def", NULL},
    {"row 5: what the compiler refuses at its place", row_5_annotations_follow_the_target},
    {"row 6: tabs by depth", NULL},
    {"row 7: the file's own unit", NULL},
    {"row 8: the inside of strings", NULL},
    {"row 9: docstrings move", NULL},
    {"row 10: blank lines stay empty", NULL},
    {"row 11: continuation lines", NULL},
    {"row 12: line breaks of the place", NULL},
    {"row 13: bytes that nothing changes", NULL},
    {"row 14: no line break at the end", NULL},
    {"row 15: a comment that heads a group", NULL},
    {"row 16: a comment above what stands alone", NULL},
    {"row 17: a comment behind what is replaced", NULL},
    {"row 18: a comment behind what is deleted", NULL},
    {"row 19: comments only", NULL},
    {"row 20: behind the last comment of a block", NULL},
    {"row 21: decorators stay", NULL},
    {"row 22: decorators that are new", NULL},
    {"row 23: decorators go", NULL},
    {"row 24: above the decorators", NULL},
    {"row 25: only the body", NULL},
    {"row 26: arguments", NULL},
    {"row 27: a trailing comma", NULL},
    {"row 28: an imported name", NULL},
    {"row 29: all imported names", NULL},
    {"row 30: the comment of an imported name", NULL},
    {"row 31: tuples stay tuples", NULL},
    {"row 32: bases", NULL},
    {"row 33: markers among parameters", NULL},
    {"row 34: a body that is emptied", NULL},
    {"row 35: the last handler", NULL},
    {"row 36: branches", NULL},
    {"row 37: a second statement behind a colon", NULL},
    {"row 38: a statement between semicolons", NULL},
    {"row 39: a compound statement for one of a line", NULL},
    {"row 40: parentheses", NULL},
    {"row 41: tokens do not fuse", NULL},
    {"row 42: f-strings", NULL},
    {"row 43: blank lines between defs", NULL},
    {"row 44: first", NULL},
    {"row 45: several nodes after one", row_45_nodes_stand_in_their_order},
    {"row 46: several nodes for one", row_46_several_nodes_for_one},
    {"row 47: a match inside a match", NULL},
    {"row 48: edits at one offset", row_48_edits_at_one_offset},
    {"row 49: one edit of three fails", row_49_one_edit_of_three_fails},
    {"row 50: a replacement by the same", row_50_the_same_modifies_nothing},
    {"row 51: changed since it was read", row_51_changed_since_it_was_read},
    {"row 52: preview, then apply", row_52_preview_then_apply},
    {"row 53: no match", NULL},
    {"row 54: faults elsewhere", NULL},
    {"row 55: ids after an edit", row_55_ids_after_an_edit},
    {"row 56: an emptied set", NULL},
    {"row 57: an expression that is a statement", NULL},
    {"row 58: a required child", NULL},
    {"row 59: a compound statement behind a colon", NULL},
    {"row 60: parts in their role", NULL},
    {"row 61: a statement for an expression", NULL},
    {"row 62: the last case, the last with-item", NULL},
    {"row 63: a positional argument behind keywords", NULL},
    {"row 64: white space and punctuation", NULL},
    {"row 65: targets", NULL},
    {"row 66: a stored ast", row_66_stored_ast},
};

#define ROW_COUNT (sizeof row_tests / sizeof *row_tests)

static void row_check(void **state)
{
    const row_test *test = *state;
    int row = (int)(test - row_tests) + 1, checked = test->more != NULL;
    for (size_t i = 0; i < sizeof row_cases / sizeof *row_cases; i++) {
        if (row_cases[i].row != row)
            continue;
        row_check_case(&row_cases[i]);
        checked++;
    }
    if (test->more)
        test->more();
    assert_true(checked > 0);
}

int main(void)
{
    struct CMUnitTest tests[ROW_COUNT];
    for (size_t i = 0; i < ROW_COUNT; i++) {
        void *row = (void *)(uintptr_t)&row_tests[i];
        tests[i] = (struct CMUnitTest){row_tests[i].name, row_check, NULL, NULL, row};
    }
    return cmocka_run_group_tests_name("edit rows", tests, NULL, NULL);
}
