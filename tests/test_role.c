/* tests/test_role.c -- accuses codedb_role.c, codedb_list.c, codedb_operand.c and codedb_edit_clause.c: parts of statements edited in
 * their own role: arguments, parameters, names of imports, elements, targets, clauses, decorators, expressions in f-strings. */
#include "edits.h"

/* ---- Items of lists: replaced ------------------------------------------------------------------------------------- */

static void an_item_is_replaced_by_code_that_is_parsed_in_its_role(void **state)
{
    (void)state;
    REPLACE("f(a, b)\n", "Arg[code=\"b\"]", "k=1", "f(a, k=1)\n");
    REPLACE("f(a, *b)\n", "Arg[code=\"*b\"]", "**c", "f(a, **c)\n");
    REPLACE("f(a, b, c)\n", "Arg[code=\"b\"]", "x, *y,", "f(a, x, *y, c)\n");
    REPLACE("class A(B): pass\n", "Arg.bases", "C, metaclass=D", "class A(C, metaclass=D): pass\n");
    REPLACE("def f(a: int = (1), b=2): pass\n", "Param[name=\"a\"]", "c: str = 'x'", "def f(c: str = 'x', b=2): pass\n");
    REPLACE("def f(a, b): pass\n", "Param[name=\"a\"]", "a, /", "def f(a, /, b): pass\n");
    REPLACE("y = lambda*a, b=(2): 0\n", "Param[name=\"a\"]", "c", "y = lambda c, b=(2): 0\n");
    REPLACE("with a as b, c: d\n", "WithItem:first", "x", "with x, c: d\n");
    REPLACE("with(a): d\n", "WithItem", "x as y", "with(x as y): d\n");
    REPLACE("import a.b as c, d\n", "ImportAlias:first", "e.f", "import e.f, d\n");
    REPLACE("from m import (a as b,  # x\n    c)\n", "ImportAlias:first", "d", "from m import (d,  # x\n    c)\n");
    REPLACE("x = {a: b, **c}\n", "DictElement", "'k': 1", "x = {'k': 1, **c}\n");
    REPLACE("x = {a: b, **c}\n", "StarredDictElement", "d: e, f: g", "x = {a: b, d: e, f: g}\n");
    REPLACE("x = [a, *b]\n", "StarredElement", "c", "x = [a, c]\n");
    REPLACE("x = (a,)\n", "Element", "*b", "x = (*b,)\n");
    REPLACE("a[b, c]\n", "SubscriptElement:first", "1:2", "a[1:2, c]\n");
    REPLACE("def f():\n    global a, b\n", "NameItem:first", "c", "def f():\n    global c, b\n");
    REPLACE("f(\n    a,  # x\n    b,\n)\n", "Arg[code=\"a\"]", "g(1,\n  2)", "f(\n    g(1,\n      2),  # x\n    b,\n)\n");
    REPLACE("f(a)\n", "Arg", "    # first\n    b,\n    c  # last", "f(# first\nb,\nc)\n");
}

static void several_codes_replace_one_expression_only_in_a_list(void **state)
{
    (void)state;
    const char *codes[] = {"x", "*y"};
    codedb_edit edit = make("Name[name=\"b\"]", CODEDB_EDIT_REPLACE, codes, 2);
    check_edits("z = [a, b]\n", &edit, 1, "z = [a, x, *y]\n", __FILE__, __LINE__);
    check_edits("f(b)\n", &edit, 1, "f(x, *y)\n", __FILE__, __LINE__);
    check_failure("z = a + b\n", &edit, 1, CODEDB_VALIDATION_ERROR, "only by one", __FILE__, __LINE__);
}

static void code_that_is_more_than_its_role_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *source, *selector, *code;
    } cases[] = {
        {"f(a)\n", "Arg", "1), g(2"},
        {"f(a)\n", "Arg", "x = 1; y"},
        {"f(a)\n", "Arg", "# nothing"},
        {"def f(a): pass\n", "Param", "b) -> (c"},
        {"def f(a): pass\n", "Param", "b): x = (c"},
        {"y = lambda a: 0\n", "Param", "b: 1, lambda c"},
        {"y = lambda a: 0\n", "Param", "b: int"},
        {"x = [a]\n", "Element", "b for b in c"},
        {"x = {a: 1}\n", "DictElement", "b"},
        {"import a\n", "ImportAlias", "b; import c"},
        {"import a\n", "ImportAlias", "b\nimport c"},
        {"import a\n", "ImportAlias", "(b)"},
        {"from a import b\n", "ImportAlias", "*"},
        {"with a: b\n", "WithItem", "c: d; e"},
        {"a = 1\n", "AssignTarget", "b: int"},
        {"a = 1\n", "AssignTarget", "b += 1; c"},
        {"@a\ndef f(): pass\n", "Decorator", "@b\ndef g(): pass"},
        {"@a\ndef f(): pass\n", "Decorator", "b"},
        {"try: a\nexcept E: b\n", "ExceptHandler", "except F: c\nd"},
        {"try: a\nexcept E: b\n", "ExceptHandler", "c"},
        {"if a: b\nelse: c\n", "Else", "else: d\ne"},
        {"match a:\n    case 1: b\n", "MatchCase", "b"},
        {"match a:\n    case 1: b\n", "MatchCase", "case 2: c\nd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        REFUSED(cases[i].source, cases[i].selector, REPLACE, cases[i].code, CODEDB_PARSE_ERROR, "");
}

/* ---- Items of lists: inserted ------------------------------------------------------------------------------------- */

static void an_item_is_inserted_with_its_comma(void **state)
{
    (void)state;
    BEFORE("f(a, b)\n", "Arg[code=\"b\"]", "c", "f(a, c, b)\n");
    BEFORE("f(a, b)\n", "Name[name=\"a\"]", "c", "f(c, a, b)\n");
    AFTER("f(a, b)\n", "Arg[code=\"b\"]", "c", "f(a, b, c)\n");
    AFTER("f(a, b,)\n", "Arg[code=\"b\"]", "c", "f(a, b, c,)\n");
    AFTER("f(a)\n", "Arg", "b, k=1", "f(a, b, k=1)\n");
    AFTER("class A(B): pass\n", "Arg.bases", "C", "class A(B, C): pass\n");
    AFTER("def f(a): pass\n", "Param", "b=1", "def f(a, b=1): pass\n");
    BEFORE("y = lambda*a: 0\n", "Param", "b", "y = lambda b, *a: 0\n");
    AFTER("with a: b\n", "WithItem", "c as d", "with a, c as d: b\n");
    AFTER("import a\n", "ImportAlias", "b as c", "import a, b as c\n");
    BEFORE("from m import a # x\n", "ImportAlias", "b", "from m import b, a # x\n");
    AFTER("x = {a: b}\n", "DictElement", "**c", "x = {a: b, **c}\n");
    AFTER("x = a, b  # n\n", "Element[code=\"b\"]", "c", "x = a, b, c  # n\n");
    AFTER("x = (a,)\n", "Element", "b", "x = (a, b,)\n");
    AFTER("x[a]\n", "SubscriptElement", "b", "x[a, b]\n");
    AFTER("def f():\n    global a\n", "NameItem", "b", "def f():\n    global a, b\n");
}

static void an_item_gets_a_line_of_its_own_where_others_have_one(void **state)
{
    (void)state;
    const char *source = "f(\n    a,  # x\n    # above b\n    b,  # y\n)\n";
    BEFORE(source, "Arg[code=\"a\"]", "c", "f(\n    c,\n    a,  # x\n    # above b\n    b,  # y\n)\n");
    AFTER(source, "Arg[code=\"a\"]", "c", "f(\n    a,  # x\n    c,\n    # above b\n    b,  # y\n)\n");
    AFTER(source, "Arg[code=\"b\"]", "c", "f(\n    a,  # x\n    # above b\n    b,  # y\n    c,\n)\n");
    AFTER("f(\n\ta  # x\n)\r\n", "Arg", "b", "f(\n\ta,  # x\n\tb\n)\r\n");
    AFTER("f(a,  # x\n  )\n", "Arg", "b", "f(a,  # x\nb,\n  )\n");
}

static void an_empty_list_takes_its_first_item(void **state)
{
    (void)state;
    LAST("f()\n", "Call", "a, b", "f(a, b)\n");
    FIRST("x = []\n", "List", "a", "x = [a]\n");
    LAST("x = {}\n", "Dict", "a: b", "x = {a: b}\n");
    LAST("x = ()\n", "Tuple", "a", "x = (a,)\n");
    LAST("def f(): pass\n", "Parameters", "a", "def f(a): pass\n");
    LAST("y = lambda: 0\n", "Parameters", "a", "y = lambda a: 0\n");
    FIRST("f(a)\n", "Call", "b", "f(b, a)\n");
    LAST("x = {a}\n", "Set", "*b", "x = {a, *b}\n");
    LAST("def f(a): pass\n", "Parameters", "b", "def f(a, b): pass\n");
}

static void a_positional_argument_stands_before_keywords(void **state)
{
    (void)state;
    AFTER("f(a, k=1)\n", "Arg[code=\"k=1\"]", "b", "f(a, b, k=1)\n");
    AFTER("f(k=1, **m)\n", "Arg[code=\"**m\"]", "b", "f(b, k=1, **m)\n");
    AFTER("f(k=1, **m)\n", "Arg[code=\"**m\"]", "*b", "f(k=1, *b, **m)\n");
    AFTER("f(k=1, **m)\n", "Arg[code=\"**m\"]", "l=2", "f(k=1, **m, l=2)\n");
    LAST("f(k=1)\n", "Call", "b", "f(b, k=1)\n");
    AFTER("class A(metaclass=M): pass\n", "Arg", "B", "class A(B, metaclass=M): pass\n");
    REFUSED("f(a, b)\n", "Arg[code=\"a\"]", REPLACE, "k=1", CODEDB_PARSE_ERROR, "");
}

static void items_come_and_go_in_one_batch(void **state)
{
    (void)state;
    const char *codes[] = {"x", "y", "z"};
    codedb_edit edits[] = {
        make("Arg[code=\"c\"]", CODEDB_EDIT_INSERT_AFTER, &codes[0], 1), make("Arg[code=\"b\"]", CODEDB_EDIT_DELETE, NULL, 0),
        make("Arg[code=\"c\"]", CODEDB_EDIT_DELETE, NULL, 0), make("Arg[code=\"a\"]", CODEDB_EDIT_REPLACE, &codes[1], 1),
        make("Arg[code=\"b\"]", CODEDB_EDIT_INSERT_BEFORE, &codes[2], 1)};
    check_edits("f(a, b, c)\n", edits, 5, "f(y, x, z)\n", __FILE__, __LINE__);
    check_edits("f(a, b, c, d)\n", edits, 5, "f(y, z, x, d)\n", __FILE__, __LINE__);
    check_edits("f(\n    a,\n    b,  # y\n    c,\n)\n", edits, 5, "f(\n    y,\n    x,\n    z,\n)\n", __FILE__, __LINE__);
    codedb_edit all[] = {make("Element", CODEDB_EDIT_DELETE, NULL, 0), make("Set", CODEDB_EDIT_INSERT_LAST, codes, 2)};
    check_edits("s = {a, b}\n", all, 2, "s = {x, y}\n", __FILE__, __LINE__);
    codedb_edit names[] = {make("ImportAlias", CODEDB_EDIT_DELETE, NULL, 0),
                           make("ImportAlias", CODEDB_EDIT_INSERT_BEFORE, codes, 1)};
    check_edits("from m import a\n", names, 2, "from m import x\n", __FILE__, __LINE__);
}

/* ---- Parameters and their markers --------------------------------------------------------------------------------- */

static void a_marker_goes_with_the_parameters_that_it_stands_for(void **state)
{
    (void)state;
    DELETE("def f(a, *, b): pass\n", "Param[name=\"b\"]", "def f(a): pass\n");
    DELETE("def f(a, /, b): pass\n", "Param[name=\"a\"]", "def f(b): pass\n");
    DELETE("def f(*, b): pass\n", "Param", "def f(): pass\n");
    DELETE("def f(a, *, b, c): pass\n", "Param[name=\"b\"]", "def f(a, *, c): pass\n");
    DELETE("def f(a, b, /, c): pass\n", "Param[name=\"a\"]", "def f(b, /, c): pass\n");
    DELETE("def f(a, *, b, **k): pass\n", "Param[name=\"b\"]", "def f(a, **k): pass\n");
    DELETE("y = lambda a, /: 0\n", "Param", "y = lambda: 0\n");
    DELETE("def f(self, a: int = 1, *, b=2,): pass\n", "Param[name=\"b\"]", "def f(self, a: int = 1,): pass\n");
    DELETE("def f(\n    a,  # x\n    *,\n    b,  # y\n): pass\n", "Param[name=\"b\"]", "def f(\n    a,  # x\n): pass\n");
}

static void a_star_stays_for_what_must_be_named(void **state)
{
    (void)state;
    DELETE("def f(*args, b): pass\n", "Param[name=\"args\"]", "def f(*, b): pass\n");
    DELETE("def f(*args: int, b, **k): pass\n", "Param[name=\"args\"]", "def f(*, b, **k): pass\n");
    DELETE("def f(*args, **k): pass\n", "Param[name=\"args\"]", "def f(**k): pass\n");
    DELETE("def f(a, *args): pass\n", "Param[name=\"args\"]", "def f(a): pass\n");
    const char *code = "c";
    codedb_edit edits[] = {make("Param[name=\"b\"]", CODEDB_EDIT_DELETE, NULL, 0),
                           make("Param[name=\"b\"]", CODEDB_EDIT_INSERT_AFTER, &code, 1)};
    check_edits("def f(a, *, b): pass\n", edits, 2, "def f(a, *, c): pass\n", __FILE__, __LINE__);
    DELETE("def f(a, *, b): pass\n", "ParamStar", "def f(a, b): pass\n");
    DELETE("def f(a, /, b): pass\n", "ParamSlash", "def f(a, b): pass\n");
}

/* ---- Targets of assignments --------------------------------------------------------------------------------------- */

static void a_target_of_several_goes_and_the_last_one_stays(void **state)
{
    (void)state;
    DELETE("a = b = 1\n", "AssignTarget:first", "b = 1\n");
    DELETE("a = b = 1\n", "Name[name=\"b\"]", "a = 1\n");
    DELETE("a = (b) = (1)\n", "AssignTarget[target=\"(b)\"]", "a = (1)\n");
    REFUSED("a = 1\n", "AssignTarget", DELETE, NULL, CODEDB_VALIDATION_ERROR, "an assignment needs a target");
    REFUSED("a = b = 1\n", "AssignTarget", DELETE, NULL, CODEDB_VALIDATION_ERROR, "an assignment needs a target");
    REPLACE("a = b = 1\n", "AssignTarget:first", "c, d", "c, d = b = 1\n");
    AFTER("a = 1\n", "AssignTarget", "c = d", "a = c = d = 1\n");
    BEFORE("a = 1\n", "Name", "c", "c = a = 1\n");
}

static void a_required_child_is_named_when_it_cannot_go(void **state)
{
    (void)state;
    REFUSED("y = x + z\n", "Name[name=\"x\"]", DELETE, NULL, CODEDB_VALIDATION_ERROR, "field left of BinaryOperation");
    REFUSED("while x: y\n", "Name[name=\"x\"]", DELETE, NULL, CODEDB_VALIDATION_ERROR, "field test of While");
    REFUSED("y = {x: 1}\n", "Name[name=\"x\"]", DELETE, NULL, CODEDB_VALIDATION_ERROR, "field key of DictElement");
    REFUSED("y = x\n", "Name[name=\"x\"]", INSERT_AFTER, "z", CODEDB_VALIDATION_ERROR, "field value of Assign");
    DELETE("del a, b\n", "Element[code=\"b\"]", "del a\n");
}

static void white_space_and_punctuation_cannot_be_edited(void **state)
{
    (void)state;
    REFUSED("f(a, b)  # c\n", "Comma", DELETE, NULL, CODEDB_VALIDATION_ERROR, "");
    REFUSED("f(a, b)  # c\n", "TrailingWhitespace", REPLACE, "# d", CODEDB_VALIDATION_ERROR, "");
    REFUSED("f[a, b]  # c\n", "LeftSquareBracket", INSERT_AFTER, "x", CODEDB_VALIDATION_ERROR, "");
}

/* ---- Clauses ------------------------------------------------------------------------------------------------------ */

static void clauses_are_replaced_by_clauses(void **state)
{
    (void)state;
    REPLACE("try:\n    a\nexcept E:\n    b\nelse:\n    c\n", "ExceptHandler", "except F as f:\n  d\n  e",
            "try:\n    a\nexcept F as f:\n    d\n    e\nelse:\n    c\n");
    REPLACE("def f():\n\ttry:\n\t\ta\n\texcept E:\n\t\tb\n", "ExceptHandler", "except F:\n    c\nfinally:\n    d\n",
            "def f():\n\ttry:\n\t\ta\n\texcept F:\n\t\tc\n\tfinally:\n\t\td\n");
    REPLACE("try: a\nexcept* E: b\n", "ExceptStarHandler", "except* (F, G):\n    c", "try: a\nexcept* (F, G):\n    c\n");
    REPLACE("if a:\n    b\nelse:\n    c\nd\n", "Else", "elif x:\n    y\nelse:\n    z",
            "if a:\n    b\nelif x:\n    y\nelse:\n    z\nd\n");
    REPLACE("if a: b\nelif c: d\nelse: e\n", "If.orelse", "elif x:\n    y", "if a: b\nelif x:\n    y\nelse: e\n");
    REPLACE("if a: b\nelse: c  # n\n", "Else", "else: d", "if a: b\nelse: d  # n\n");
    REPLACE("if a: b\nelse: c  # n\n", "Else", "else: d  # own", "if a: b\nelse: d  # own\n");
    REPLACE("for a in b:\n    c\nelse:\n    d", "Else", "else:\n  e", "for a in b:\n    c\nelse:\n    e");
    REPLACE("try:\n    a\nfinally:\n    b\n", "Finally", "except:\n    c\nfinally:\n    d",
            "try:\n    a\nexcept:\n    c\nfinally:\n    d\n");
    REPLACE("try: a\nexcept E: b\nelse: c\n", "Else", "else:\n    d\n", "try: a\nexcept E: b\nelse:\n    d\n");
    REPLACE("class A:\n    def f(self):\n        if a:\n            b\n        else:\n            c\n", "Else",
            "        else:\n            d\n            '''e\nf'''\n",
            "class A:\n    def f(self):\n        if a:\n            b\n        else:\n            d\n            '''e\nf'''\n");
    REPLACE("def f():\n    if a:\n        b\n    else:\n        c\n", "Else", "elif x:\n        y\n    else:\n        z\n",
            "def f():\n    if a:\n        b\n    elif x:\n        y\n    else:\n        z\n");
    REFUSED("while a: b\nelse: c\n", "Else", REPLACE, "elif x: y", CODEDB_PARSE_ERROR, "");
}

static void a_case_is_replaced_whatever_its_indentation(void **state)
{
    (void)state;
    const char *source = "match a:\n    case 1:\n        b\n    case _:\n        c\n";
    const char *expected = "match a:\n    case [x, y] if z:\n        d = '''1\n2'''\n        e\n    case _:\n        c\n";
    REPLACE(source, "MatchCase:first", "case [x, y] if z:\n  d = '''1\n2'''\n  e", expected);
    REPLACE(source, "MatchCase:first", "    case [x, y] if z:\n        d = '''1\n2'''\n        e\n", expected);
    REPLACE(source, "MatchCase:first", "case 2: f'''{x\n} y\n\nz'''\ncase 3:\n\n    b",
            "match a:\n    case 2: f'''{x\n} y\n\nz'''\n    case 3:\n\n        b\n    case _:\n        c\n");
    AFTER(source, "MatchCase:first", "case 2:\n  d",
          "match a:\n    case 1:\n        b\n    case 2:\n        d\n    case _:\n        c\n");
    BEFORE(source, "MatchCase:first", "case 0: z", "match a:\n    case 0: z\n    case 1:\n        b\n    case _:\n        c\n");
}

static void clauses_are_inserted_beside_clauses(void **state)
{
    (void)state;
    BEFORE("try:\n    a\nexcept:\n    b\n", "ExceptHandler", "except E:\n    c",
           "try:\n    a\nexcept E:\n    c\nexcept:\n    b\n");
    AFTER("try:\n    a\nexcept E:\n    b\n    # end\n", "ExceptHandler", "else: c\n",
          "try:\n    a\nexcept E:\n    b\n    # end\nelse: c\n");
    AFTER("try:\n    a\nexcept E:\n    b", "ExceptHandler", "finally:\n    c", "try:\n    a\nexcept E:\n    b\nfinally:\n    c");
    BEFORE("if a:\n    b\nelse:\n    c\n", "Else", "elif d:\n    e", "if a:\n    b\nelif d:\n    e\nelse:\n    c\n");
    AFTER("if a:\n    b\nelif c:\n    d\nelse:\n    e\n", "If.orelse", "elif x: y",
          "if a:\n    b\nelif c:\n    d\nelif x: y\nelse:\n    e\n");
    REFUSED("try: a\nexcept: b\n", "ExceptHandler", INSERT_AFTER, "except E: c", CODEDB_VALIDATION_ERROR, "default 'except:'");
    REFUSED("if a: b\nelse: c\n", "Else", INSERT_AFTER, "else: d", CODEDB_PARSE_ERROR, "would not parse");
}

static void decorators_are_replaced_and_inserted(void **state)
{
    (void)state;
    const char *source = "class A:\n    @a  # x\n    # y\n    @b\n    def f(self): pass\n";
    REPLACE(source, "decorator:first", "@c(1,\n   2)",
            "class A:\n    @c(1,  # x\n       2)\n    # y\n    @b\n    def f(self): pass\n");
    REPLACE(source, "decorator:first", "    @c\n    @d\n",
            "class A:\n    @c  # x\n    @d\n    # y\n    @b\n    def f(self): pass\n");
    AFTER(source, "decorator:last", "@c", "class A:\n    @a  # x\n    # y\n    @b\n    @c\n    def f(self): pass\n");
    BEFORE(source, "decorator:first", "@c", "class A:\n    @c\n    @a  # x\n    # y\n    @b\n    def f(self): pass\n");
    BEFORE("@a\nclass A: pass\n", "decorator", "@b", "@b\n@a\nclass A: pass\n");
}

static void branches_around_each_other_are_deleted_each_for_itself(void **state)
{
    (void)state;
    DELETE("if a: b\nelif c: d\nelif e: f\nelse: g\n", "If.orelse, Else", "if a: b\n");
    DELETE("if a: b\nelif c: d\nelif e: f\nelse: g\n", "If.orelse", "if a: b\nelse: g\n");
}

/* ---- Expressions in f-strings ------------------------------------------------------------------------------------- */

static void strings_in_an_f_string_get_quotes_that_old_pythons_take(void **state)
{
    (void)state;
    REPLACE("y = f'{x}'\n", "Name[name=\"x\"]", "z['a']", "y = f'{z[\"a\"]}'\n");
    REPLACE("y = f\"{x}\"\n", "Name[name=\"x\"]", "z[\"a\"]", "y = f\"{z['a']}\"\n");
    REPLACE("y = f\"{x}\"\n", "Name[name=\"x\"]", "z['a']", "y = f\"{z['a']}\"\n");
    REPLACE("y = f'''{x}'''\n", "Name[name=\"x\"]", "z['a'] + \"'\"", "y = f'''{z['a'] + \"'\"}'''\n");
    REPLACE("y = f'''{x}'''\n", "Name[name=\"x\"]", "(a,\n b)", "y = f'''{(a,\n b)}'''\n");
    REPLACE("y = f'{f\"{x}\"}'\n", "Name[name=\"x\"]", "z", "y = f'{f\"{z}\"}'\n");
    REPLACE("y = f'{x}'\n", "Name[name=\"x\"]", "rb'a' b'b'", "y = f'{rb\"a\" b\"b\"}'\n");
    static const struct {
        const char *source, *code;
    } refused[] = {
        {"y = f'{x}'\n", "z['\"']"},       {"y = f'{x}'\n", "'\\n'"},  {"y = f'{x}'\n", "(a,\n b)"},
        {"y = f'{f\"{x}\"}'\n", "z['a']"}, {"y = f'{x}'\n", "f'{a}'"}, {"y = f'''{x}'''\n", "(a,  # b\n c)"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        REFUSED(refused[i].source, "Name[name=\"x\"]", REPLACE, refused[i].code, CODEDB_VALIDATION_ERROR, "f-string");
}

static void strings_in_an_f_string_stay_when_the_target_is_new(void **state)
{
    (void)state;
    const char *code = "z['a'] + '\\n'";
    codedb_edit edit = make("Name[name=\"x\"]", CODEDB_EDIT_REPLACE, &code, 1);
    edit.new_f_strings = 1;
    check_edits("y = f'{x}'\n", &edit, 1, "y = f'{z['a'] + '\\n'}'\n", __FILE__, __LINE__);
}

static void every_failed_allocation_is_no_memory_and_leaks_nothing(void **state)
{
    (void)state;
    const char *source = "try: f(a, b)\nexcept E: x = f'{y}'\nmatch a:\n    case 1: from m import n\n";
    const char *codes[] = {"c", "except F: d", "case 2:\n  '''a\nb'''", "z['q']"};
    codedb_edit edits[] = {
        make("Arg", CODEDB_EDIT_INSERT_AFTER, &codes[0], 1), make("ExceptHandler", CODEDB_EDIT_INSERT_AFTER, &codes[1], 1),
        make("MatchCase", CODEDB_EDIT_INSERT_BEFORE, &codes[2], 1), make("Name[name=\"y\"]", CODEDB_EDIT_REPLACE, &codes[3], 1),
        make("ImportAlias", CODEDB_EDIT_DELETE, NULL, 0)};
    support_failing failing;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
        codedb_tree *tree = NULL;
        codedb_edit_report *report = NULL;
        options.allocator = &failing.allocator;
        codedb_code code = codedb_tree_parse(source, strlen(source), &options, &tree, NULL);
        if (code == CODEDB_SUCCESS)
            code = codedb_tree_edit(tree, edits, sizeof edits / sizeof *edits, "f.py", &report, NULL);
        codedb_free(report);
        codedb_tree_free(tree);
        assert_true(code == CODEDB_SUCCESS || (code == CODEDB_NO_MEMORY && atomic_load(&failing.failed)));
        assert_int_equal(atomic_load(&failing.live), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_is_replaced_by_code_that_is_parsed_in_its_role),
        cmocka_unit_test(several_codes_replace_one_expression_only_in_a_list),
        cmocka_unit_test(code_that_is_more_than_its_role_is_refused),
        cmocka_unit_test(an_item_is_inserted_with_its_comma),
        cmocka_unit_test(an_item_gets_a_line_of_its_own_where_others_have_one),
        cmocka_unit_test(an_empty_list_takes_its_first_item),
        cmocka_unit_test(a_positional_argument_stands_before_keywords),
        cmocka_unit_test(items_come_and_go_in_one_batch),
        cmocka_unit_test(a_marker_goes_with_the_parameters_that_it_stands_for),
        cmocka_unit_test(a_star_stays_for_what_must_be_named),
        cmocka_unit_test(a_target_of_several_goes_and_the_last_one_stays),
        cmocka_unit_test(a_required_child_is_named_when_it_cannot_go),
        cmocka_unit_test(white_space_and_punctuation_cannot_be_edited),
        cmocka_unit_test(clauses_are_replaced_by_clauses),
        cmocka_unit_test(a_case_is_replaced_whatever_its_indentation),
        cmocka_unit_test(clauses_are_inserted_beside_clauses),
        cmocka_unit_test(decorators_are_replaced_and_inserted),
        cmocka_unit_test(branches_around_each_other_are_deleted_each_for_itself),
        cmocka_unit_test(strings_in_an_f_string_get_quotes_that_old_pythons_take),
        cmocka_unit_test(strings_in_an_f_string_stay_when_the_target_is_new),
        cmocka_unit_test(every_failed_allocation_is_no_memory_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("role", tests, NULL, NULL);
}
