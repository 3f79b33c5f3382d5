/* tests/test_edit.c -- accuses codedb_edit*.c, codedb_operand.c, codedb_list.c, codedb_snippet.c, codedb_splice.c and codedb_context.c: what an edit
 * makes of a text. */
#include "edits.h"

/* ---- Re-indentation ----------------------------------------------------------------------------------------------- */

#define METHOD "class A:\n    def f(self):\n        old()\n        rest()\n"
#define METHOD_WITH(text) "class A:\n    def f(self):\n" text "        rest()\n"

static void lines_written_at_column_0_get_the_indentation_of_the_place(void **state)
{
    (void)state;
    REPLACE(METHOD, "Expr[code=\"old()\"]", "if x:\n    a()\nelse:\n    b()",
            METHOD_WITH("        if x:\n            a()\n        else:\n            b()\n"));
}

static void code_that_has_the_indentation_already_gets_no_more(void **state)
{
    (void)state;
    REPLACE(METHOD, "Expr[code=\"old()\"]", "        if x:\n            a()\n        else:\n            b()\n",
            METHOD_WITH("        if x:\n            a()\n        else:\n            b()\n"));
}

static void a_first_line_without_the_others_indentation_is_read_as_theirs(void **state)
{
    (void)state;
    REPLACE(METHOD, "Expr[code=\"old()\"]", "a()\n        b()\n        if c:\n            d()",
            METHOD_WITH("        a()\n        b()\n        if c:\n            d()\n"));
    REFUSED(METHOD, "Expr[code=\"old()\"]", REPLACE, "a()\n        b()\n    c()", CODEDB_PARSE_ERROR, "line 2");
}

static void compound_statements_replace_a_line_of_a_def(void **state)
{
    (void)state;
    REPLACE(METHOD, "Expr[code=\"old()\"]", "try:\n  a()\nexcept E as e:\n  b()\nfinally:\n  c()",
            METHOD_WITH(
                "        try:\n            a()\n        except E as e:\n            b()\n        finally:\n            c()\n"));
    REPLACE(METHOD, "Expr[code=\"old()\"]", "with a as b:\n\tc()", METHOD_WITH("        with a as b:\n            c()\n"));
}

static void a_file_of_tabs_gets_tabs_by_depth(void **state)
{
    (void)state;
    REPLACE("def f():\n\told()\n", "Expr", "if a:\n    if b:\n        c()", "def f():\n\tif a:\n\t\tif b:\n\t\t\tc()\n");
}

static void a_file_of_2_blanks_keeps_its_unit(void **state)
{
    (void)state;
    AFTER("def f():\n  old()\n", "Expr", "for a in b:\n    while c:\n        d()",
          "def f():\n  old()\n  for a in b:\n    while c:\n      d()\n");
    AFTER("if a:\n  b\nc\n", "smallstmt[code=\"c\"]", "if d:\n    e", "if a:\n  b\nc\nif d:\n  e\n");
}

static void the_inside_of_a_string_that_is_no_docstring_does_not_move(void **state)
{
    (void)state;
    REPLACE(METHOD, "Expr[code=\"old()\"]", "x = '''a\n    b\nc'''\ny = f'''{a\n}\n  z'''",
            METHOD_WITH("        x = '''a\n    b\nc'''\n        y = f'''{a\n}\n  z'''\n"));
    REPLACE(METHOD, "Expr[code=\"old()\"]", "        x = '''a\n        b'''\n", METHOD_WITH("        x = '''a\n        b'''\n"));
}

static void a_docstring_moves_with_its_def(void **state)
{
    (void)state;
    const char *code = "def g():\n    '''One.\n\n    Two.\n    '''\n    return 1";
    AFTER("class A:\n    x = 1\n", "Assign", code,
          "class A:\n    x = 1\n\n    def g():\n        '''One.\n\n        Two.\n        '''\n        return 1\n");
    codedb_edit edit = make("Assign", CODEDB_EDIT_INSERT_AFTER, &code, 1);
    edit.keep_docstring = 1;
    check_edits("class A:\n    x = 1\n", &edit, 1,
                "class A:\n    x = 1\n\n    def g():\n        '''One.\n\n    Two.\n    '''\n        return 1\n", __FILE__,
                __LINE__);
}

static void blank_lines_stay_empty(void **state)
{
    (void)state;
    REPLACE(METHOD, "Expr[code=\"old()\"]", "a()\n\n   \nb()\n\n", METHOD_WITH("        a()\n\n\n        b()\n"));
}

static void continuation_lines_keep_their_offset(void **state)
{
    (void)state;
    REPLACE(METHOD, "Expr[code=\"old()\"]", "a = f(1,\n      2,\n)\nb = 1 + \\\n    2",
            METHOD_WITH("        a = f(1,\n              2,\n        )\n        b = 1 + \\\n            2\n"));
    REPLACE(METHOD, "Expr[code=\"old()\"]", "            a = f(\n        1)", METHOD_WITH("        a = f(\n    1)\n"));
}

static void comments_of_the_new_code_stand_at_their_depth(void **state)
{
    (void)state;
    REPLACE(METHOD, "Expr[code=\"old()\"]", "# a\nif b:\n    # c\n    d\n    # e\n# f\ng  # h",
            METHOD_WITH(
                "        # a\n        if b:\n            # c\n            d\n            # e\n        # f\n        g  # h\n"));
    AFTER("def f():\n    a\n", "Expr", "# only\n# comments", "def f():\n    a\n    # only\n    # comments\n");
}

/* ---- Line breaks and the end of the file -------------------------------------------------------------------------- */

static void inserted_lines_take_the_line_break_of_the_file(void **state)
{
    (void)state;
    AFTER("def f():\r\n    a\r\n", "Expr", "if b:\n    c = '''d\ne'''",
          "def f():\r\n    a\r\n    if b:\r\n        c = '''d\r\ne'''\r\n");
    AFTER("a\nb\r\nc\n", "Expr[code=\"b\"]", "x\ny", "a\nb\r\nx\r\ny\r\nc\n");
    AFTER("a\rb\r", "Expr[code=\"a\"]", "x", "a\rx\rb\r");
}

static void a_file_that_ends_without_a_line_break_still_does(void **state)
{
    (void)state;
    AFTER("a\nb", "Expr[code=\"b\"]", "c\nd", "a\nb\nc\nd");
    LAST("def f():\n    a", "function", "b", "def f():\n    a\n    b");
    DELETE("a\nb", "Expr[code=\"b\"]", "a");
    REPLACE("a\nb", "Expr[code=\"b\"]", "c", "a\nc");
    DELETE("a\nb", "Expr", "");
    DELETE("a\nb\r\nc", "Expr[code=b], Expr[code=c]", "a");
    DELETE("if a:\n    w\n    x = 1\ny = 1", "Assign", "if a:\n    w");
    DELETE("if a:\n    b\nelif c:\n    d\nelse:\n    e", "Else, If.orelse", "if a:\n    b");
    DELETE("def f(): a\n\n\ndef g(): b", "def", "");
    LAST("", "module", "a", "a\n");
}

static void bytes_outside_do_not_change(void **state)
{
    (void)state;
    REPLACE("\xEF\xBB\xBF# -*- coding: utf-8 -*-\r\na=1\r\x0c\nb  =  2 ;\n\n\n", "Assign[code=\"a=1\"]", "a = 2",
            "\xEF\xBB\xBF# -*- coding: utf-8 -*-\r\na = 2\r\x0c\nb  =  2 ;\n\n\n");
}

/* ---- Comments ----------------------------------------------------------------------------------------------------- */

static void a_comment_that_heads_a_group_stays_when_its_first_is_deleted(void **state)
{
    (void)state;
    DELETE("import x\n\n# group\na = 1\nb = 2\n", "Assign[code=\"a = 1\"]", "import x\n\n# group\nb = 2\n");
    DELETE("import x\n\n# group\n\na = 1\n", "Assign", "import x\n\n# group\n");
    DELETE("#!/bin/python\n# first\na = 1\n\nb = 2\n", "Assign[code=\"a = 1\"]", "#!/bin/python\n# first\n\nb = 2\n");
}

static void a_comment_directly_above_goes_with_a_def_that_stands_alone(void **state)
{
    (void)state;
    const char *source = "import x\n\n\n# why\ndef f():\n    pass\n\n\nb = 2\n";
    DELETE(source, "function", "import x\n\n\nb = 2\n");
    codedb_edit edit = make("function", CODEDB_EDIT_DELETE, NULL, 0);
    edit.keep_comment = 1;
    check_edits(source, &edit, 1, "import x\n\n\n# why\n\n\nb = 2\n", __FILE__, __LINE__);
    DELETE("x\n\n# group\na = 1\nb = 2\n\nc = 3\n", "Assign[end_line<=\"5\"]", "x\n\nc = 3\n");
}

static void a_trailing_comment_stays_unless_the_new_code_brings_its_own(void **state)
{
    (void)state;
    const char *source = "x = 1  # note\ny = 2\n";
    REPLACE(source, "Assign[code=\"x = 1\"]", "x = 3", "x = 3  # note\ny = 2\n");
    REPLACE(source, "Assign[code=\"x = 1\"]", "x = 3\nz = 4", "x = 3  # note\nz = 4\ny = 2\n");
    REPLACE(source, "Assign[code=\"x = 1\"]", "x = f(\n    1)\nz = 4", "x = f(  # note\n    1)\nz = 4\ny = 2\n");
    REPLACE(source, "Assign[code=\"x = 1\"]", "x = '''\n'''\nz", "x = '''\n'''  # note\nz\ny = 2\n");
    REPLACE(source, "Assign[code=\"x = 1\"]", "x = 1 + \\\n    2", "x = 1 + \\\n    2  # note\ny = 2\n");
    REPLACE(source, "Assign[code=\"x = 1\"]", "x = 3  # own", "x = 3  # own\ny = 2\n");
    const char *code = "x = 3";
    codedb_edit edit = make("Assign[code=\"x = 1\"]", CODEDB_EDIT_REPLACE, &code, 1);
    edit.drop_comments = 1;
    check_edits(source, &edit, 1, "x = 3\ny = 2\n", __FILE__, __LINE__);
}

static void a_deleted_line_goes_with_its_comment(void **state)
{
    (void)state;
    DELETE("x = 1  # note\ny = 2\n", "Assign[code=\"x = 1\"]", "y = 2\n");
}

static void after_the_last_statement_is_before_the_blocks_last_comment_and_last_behind_it(void **state)
{
    (void)state;
    const char *source = "def f():\n    a\n    # end\n\nb\n";
    AFTER(source, "smallstmt[code=\"a\"]", "x", "def f():\n    a\n    x\n    # end\n\nb\n");
    LAST(source, "function", "x", "def f():\n    a\n    # end\n    x\n\nb\n");
    DELETE(source, "function", "b\n");
}

/* ---- Definitions -------------------------------------------------------------------------------------------------- */

static void decorators_stay_when_the_new_def_has_none(void **state)
{
    (void)state;
    const char *source = "@a\n# c\n@b\ndef f():\n    x\n";
    REPLACE(source, "function", "def g():\n    y", "@a\n# c\n@b\ndef g():\n    y\n");
    REPLACE(source, "function", "@c\ndef g():\n    y", "@c\ndef g():\n    y\n");
    REPLACE(source, "function", "def g():\n    y\nz", "def g():\n    y\nz\n");
    DELETE("k\n\n"
           "@a\n# c\n@b\ndef f():\n    x\n",
           "function", "k\n");
    BEFORE(source, "function", "y = 1", "y = 1\n\n\n@a\n# c\n@b\ndef f():\n    x\n");
    const char *code = "def g():\n    y";
    codedb_edit edit = make("function", CODEDB_EDIT_REPLACE, &code, 1);
    edit.drop_decorators = 1;
    check_edits(source, &edit, 1, "def g():\n    y\n", __FILE__, __LINE__);
}

static void a_body_is_replaced_without_its_header(void **state)
{
    (void)state;
    REPLACE("def f(a: int) -> X:  # why\n    # first\n    b\n    c\n    # last\n\nd\n", "function > IndentedBlock",
            "return 1\nreturn 2", "def f(a: int) -> X:  # why\n    # first\n    return 1\n    return 2\n\nd\n");
    REPLACE("def f(): pass  # why\n", "function > SimpleStatementSuite", "return 1", "def f(): return 1  # why\n");
    REPLACE("def f(): pass\n", "function > SimpleStatementSuite", "a\nb", "def f():\n    a\n    b\n");
    REPLACE("def f():\n    a\n", "function > IndentedBlock", "# nothing", "def f():\n    # nothing\n    pass\n");
}

static void defs_get_the_blank_lines_of_the_place(void **state)
{
    (void)state;
    AFTER("def a():\n    x\n\n\ndef b():\n    x\n", "function[name=\"a\"]", "def c():\n    y",
          "def a():\n    x\n\n\ndef c():\n    y\n\n\ndef b():\n    x\n");
    BEFORE("def a():\n    x\n\ndef b():\n    x\n", "function[name=\"b\"]", "def c():\n    y",
           "def a():\n    x\n\ndef c():\n    y\n\ndef b():\n    x\n");
    LAST("class A:\n    def a(self):\n        x\n", "class", "def c(self):\n    y",
         "class A:\n    def a(self):\n        x\n\n    def c(self):\n        y\n");
    AFTER("import a\nx = 1\n", "Import", "def c():\n    y", "import a\n\n\ndef c():\n    y\n\n\nx = 1\n");
    AFTER("import a\n\n\ndef b():\n    x\n", "Import", "import c", "import a\nimport c\n\n\ndef b():\n    x\n");
}

static void first_is_behind_shebang_docstring_and_future_imports(void **state)
{
    (void)state;
    FIRST("#!/bin/python\n\n\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\nimport a\n", "module", "import b",
          "#!/bin/python\n\n\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\nimport b\nimport a\n");
    FIRST("#!/bin/python\nimport a\n", "module", "import b", "#!/bin/python\nimport b\nimport a\n");
    FIRST("def f():\n    'doc'\n    a\n", "function", "b", "def f():\n    'doc'\n    b\n    a\n");
    FIRST("class A:\n    # why\n    a = 1\n", "class", "b = 2", "class A:\n    b = 2\n    # why\n    a = 1\n");
    FIRST("if a:\n    'no docstring'\n", "If", "b", "if a:\n    b\n    'no docstring'\n");
}

static void several_nodes_are_inserted_in_their_order(void **state)
{
    (void)state;
    const char *codes[] = {"a", "def b():\n    c", "d"};
    codedb_edit edit = make("Expr", CODEDB_EDIT_INSERT_AFTER, codes, 3);
    check_edits("x\n", &edit, 1, "x\na\n\n\ndef b():\n    c\n\n\nd\n", __FILE__, __LINE__);
    edit.action = CODEDB_EDIT_REPLACE;
    check_edits("x  # n\n", &edit, 1, "a  # n\n\n\ndef b():\n    c\n\n\nd\n", __FILE__, __LINE__);
}

/* ---- Deletion ----------------------------------------------------------------------------------------------------- */

static void an_emptied_body_gets_one_pass(void **state)
{
    (void)state;
    DELETE("def f():\n    a\n\n    # c\n    b\n\n\nx\n", "function > smallstmt", "def f():\n    pass\n\n\nx\n");
    DELETE("def f():\n    'doc'\n    a\n", "smallstmt[code=\"a\"]", "def f():\n    'doc'\n");
    DELETE("def f():\n    'doc'\n", "smallstmt", "def f():\n    pass\n");
    DELETE("def f(): a; b\n", "smallstmt", "def f(): pass\n");
    DELETE("class A:\n    def f(self):\n        pass\nx = 1\n", "method", "class A:\n    pass\nx = 1\n");
    DELETE("a\n", "Expr", "");
}

static void blank_lines_between_what_is_left_are_not_doubled(void **state)
{
    (void)state;
    DELETE("def a():\n    x\n\n\ndef b():\n    x\n\n\ndef c():\n    x\n", "function[name=\"b\"]",
           "def a():\n    x\n\n\ndef c():\n    x\n");
    DELETE("def a():\n    x\n\n\ndef b():\n    x\n\n\ndef c():\n    x\n", "function[name=\"c\"]",
           "def a():\n    x\n\n\ndef b():\n    x\n");
    DELETE("def a():\n    x\n\n\ndef b():\n    x\n", "function[name=\"a\"]", "def b():\n    x\n");
    DELETE("def a():\n    x\n\n\ndef b():\n    x\n\n\ndef c():\n    x\n", "function[name!=\"c\"]", "def c():\n    x\n");
}

static void the_last_handler_of_a_try_is_not_deleted(void **state)
{
    (void)state;
    REFUSED("try:\n    a\nexcept E:\n    b\n", "ExceptHandler", DELETE, NULL, CODEDB_VALIDATION_ERROR,
            "a try needs a handler or a finally");
    REFUSED("try:\n    a\nexcept E:\n    b\nelse:\n    c\nfinally:\n    d\n", "ExceptHandler", DELETE, NULL,
            CODEDB_VALIDATION_ERROR, "a try with an else needs a handler");
    DELETE("try:\n    a\nexcept E:\n    b\nexcept F:\n    c\n", "ExceptHandler:first", "try:\n    a\nexcept F:\n    c\n");
    DELETE("try:\n    a\nexcept E:\n    b\nfinally:\n    c\n", "ExceptHandler", "try:\n    a\nfinally:\n    c\n");
    REFUSED("try:\n    a\nfinally:\n    c\n", "Finally", DELETE, NULL, CODEDB_VALIDATION_ERROR, "a try needs");
    REFUSED("match a:\n    case 1:\n        b\n", "MatchCase", DELETE, NULL, CODEDB_VALIDATION_ERROR, "a match needs a case");
}

static void branches_are_deleted_out_of_their_chain(void **state)
{
    (void)state;
    const char *source = "if a:\n    b\nelif c:\n    d\n    # end of d\nelse:\n    e\nx\n";
    DELETE(source, "Else", "if a:\n    b\nelif c:\n    d\n    # end of d\nx\n");
    DELETE(source, "If.orelse", "if a:\n    b\nelse:\n    e\nx\n");
    DELETE(source, "module > If", "x\n");
    DELETE("@a\n@b\ndef f():\n    c\n", "decorator:first", "@b\ndef f():\n    c\n");
    DELETE("match a:\n    case 1:\n        b\n    case 2:\n        c\n", "MatchCase:first", "match a:\n    case 2:\n        c\n");
}

/* ---- Lines of small statements, bodies behind their colon --------------------------------------------------------- */

static void a_body_behind_its_colon_becomes_a_block(void **state)
{
    (void)state;
    AFTER("if x: return1  # n\ny\n", "Expr[code=\"return1\"]", "z()", "if x:\n    return1\n    z()  # n\ny\n");
    BEFORE("if x: a\n", "Expr", "z()", "if x:\n    z()\n    a\n");
    LAST("def f(): pass\n", "function", "if a:\n    b", "def f():\n    pass\n    if a:\n        b\n");
    FIRST("class A: x = 1; y = 2\n", "class", "z = 0", "class A:\n    z = 0\n    x = 1; y = 2\n");
    FIRST("class A: 'doc'; x = 1\n", "class", "z = 0", "class A:\n    'doc'\n    z = 0\n    x = 1\n");
    FIRST("def f(): 'doc'\n", "def", "z = 0", "def f():\n    'doc'\n    z = 0\n");
    FIRST("if a: 'no docstring'\n", "If", "b", "if a:\n    b\n    'no docstring'\n");
    REPLACE("if x:\n  if y: a\n", "Expr", "for b in c:\n    d", "if x:\n  if y:\n    for b in c:\n      d\n");
    REPLACE("def f(): pass\n", "Pass", "return 1", "def f(): return 1\n");
}

static void one_of_several_statements_of_a_line_is_deleted_with_its_semicolon(void **state)
{
    (void)state;
    DELETE("a; b; c\n", "Expr[code=\"b\"]", "a; c\n");
    DELETE("a; b; c\n", "Expr[code=\"a\"]", "b; c\n");
    DELETE("a; b; c # n\n", "Expr[code=\"c\"]", "a; b # n\n");
    DELETE("a; b;\n", "Expr[code=\"b\"]", "a;\n");
    DELETE("x\na; b\ny\n", "Expr[start_line=\"2\"]", "x\ny\n");
}

static void one_of_several_statements_of_a_line_is_replaced(void **state)
{
    (void)state;
    REPLACE("a; b; c\n", "Expr[code=\"b\"]", "d = 1", "a; d = 1; c\n");
    REPLACE("a; b\n", "Expr[code=\"b\"]", "if c:\n    d", "a\nif c:\n    d\n");
    REPLACE("if x:\n  a; b; c; # n\n", "Expr[code=\"b\"]", "if c:\n    d", "if x:\n  a\n  if c:\n    d\n  c; # n\n");
    AFTER("a; b\n", "Expr[code=\"a\"]", "x\ny", "a\nx\ny\nb\n");
}

/* ---- Context ------------------------------------------------------------------------------------------------------ */

static void what_the_compiler_refuses_at_the_place_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *source, *code, *words;
    } cases[] = {
        {"x\n", "return 1", "'return' outside function"},
        {"class A:\n    x\n", "return", "'return' outside function"},
        {"x\n", "yield 1", "'yield' outside function"},
        {"x\n", "await a", "'await' outside function"},
        {"def f():\n    x\n", "await a", "'await' outside async function"},
        {"def f():\n    x\n", "async with a: b", "'async with' outside async function"},
        {"def f():\n    x\n", "async for a in b: c", "'async for' outside async function"},
        {"def f():\n    x\n", "[a async for a in b]", "asynchronous comprehension"},
        {"async def f():\n    x\n", "yield from a", "'yield from' inside async function"},
        {"x\n", "break", "'break' outside loop"},
        {"for a in b:\n    pass\nelse:\n    x\n", "continue", "'continue' not properly in loop"},
        {"for a in b:\n    def f():\n        x\n", "break", "'break' outside loop"},
        {"import a\nx\n", "from __future__ import annotations", "from __future__ imports must occur at the beginning"},
        {"def f():\n    x\n", "from a import *", "import * only allowed at module level"},
        {"for a in b:\n    try: c\n    except* E:\n        x\n", "break", "cannot appear in an 'except*' block"},
        {"def f():\n    try: c\n    except* E:\n        x\n", "return", "cannot appear in an 'except*' block"},
        {"def f():\n    x\n", "[(yield) for a in b]", "'yield' inside a comprehension"},
        {"def f():\n    x\n", "(a for b in c for a in (yield b))", "'yield' inside a comprehension"},
        {"async def f():\n    yield\n    x\n", "return 1", "'return' with value in async generator"},
        {"async def f():\n    return 1\n    x\n", "yield", "'return' with value in async generator"},
        {"x\n", "from __future__ import nothing", "future feature is not defined"},
        {"x\n", "nonlocal a", "nonlocal declaration not allowed at module level"},
        {"x\n", "try: a\nexcept: b\nexcept E: c", "default 'except:' must be last"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        REFUSED(cases[i].source, "Expr[code=\"x\"]", REPLACE, cases[i].code, CODEDB_VALIDATION_ERROR, cases[i].words);
    REFUSED("from __future__ import annotations\n", "ImportFrom", INSERT_BEFORE, "import a", CODEDB_VALIDATION_ERROR,
            "from __future__");
}

static void what_the_compiler_takes_at_the_place_is_taken(void **state)
{
    (void)state;
    REPLACE("def f():\n    x\n", "Expr", "return 1", "def f():\n    return 1\n");
    REPLACE("def f():\n    x\n", "Expr", "y = (a async for a in b)", "def f():\n    y = (a async for a in b)\n");
    REPLACE("async def f():\n    x\n", "Expr", "await a\nyield", "async def f():\n    await a\n    yield\n");
    REPLACE("while a:\n    if b:\n        x\n", "Expr", "break", "while a:\n    if b:\n        break\n");
    REPLACE("try: a\nexcept* E:\n    x\n", "Expr[code=x]", "for b in c:\n    break",
            "try: a\nexcept* E:\n    for b in c:\n        break\n");
    REPLACE("def f():\n    x\n", "Expr", "[a for a in (yield)]", "def f():\n    [a for a in (yield)]\n");
    REPLACE("x\n", "Expr", "f = lambda: (yield)", "f = lambda: (yield)\n");
    REPLACE("'doc'\nfrom __future__ import a\nx\n", "Expr[code=\"x\"]", "from __future__ import division",
            "'doc'\nfrom __future__ import a\nfrom __future__ import division\n");
    REPLACE("async def f():\n    yield\n    x\n", "Expr[code=x]", "return", "async def f():\n    yield\n    return\n");
    REPLACE("async def f():\n    def g(): yield\n    x\n", "Expr[code=x]", "return 1",
            "async def f():\n    def g(): yield\n    return 1\n");
    REPLACE("async def f():\n    yield\n    return 1\n    x\n", "Expr[code=x]", "y",
            "async def f():\n    yield\n    return 1\n    y\n");
    REPLACE("return 1\nx\n", "Expr", "y", "return 1\ny\n");
}

/* ---- Expressions -------------------------------------------------------------------------------------------------- */

static void an_expression_gets_parentheses_where_it_binds_less(void **state)
{
    (void)state;
    REPLACE("y = x * b\n", "Name[name=\"b\"]", "c + d", "y = x * (c + d)\n");
    REPLACE("y = x * (b)\n", "Name[name=\"b\"]", "c + d", "y = x * (c + d)\n");
    REPLACE("y = x + b - c\n", "BinaryOperation > BinaryOperation", "d - e", "y = d - e - c\n");
    REPLACE("y = x - b\n", "Name[name=\"b\"]", "c - d", "y = x - (c - d)\n");
    REPLACE("y = x ** b\n", "Name[name=\"x\"]", "-1", "y = (-1) ** b\n");
    REPLACE("y = x ** b\n", "Name[name=\"b\"]", "-1", "y = x ** -1\n");
    REPLACE("y = x.real\n", "Name[name=\"x\"]", "1", "y = (1).real\n");
    REPLACE("y = x.real\n", "Name[name=\"x\"]", "await_", "y = await_.real\n");
    REPLACE("f(x)\n", "Arg > Name", "a, b", "f((a, b))\n");
    REPLACE("y = x\n", "Name[name=\"x\"]", "a, b", "y = a, b\n");
    REPLACE("if x: y\n", "Name[name=\"x\"]", "(a := 1)", "if (a := 1): y\n");
    REPLACE("y = [x for x in z if w]\n", "Name[name=\"w\"]", "a if b else c", "y = [x for x in z if (a if b else c)]\n");
    REPLACE("y = not x\n", "Name[name=\"x\"]", "a or b", "y = not (a or b)\n");
    static const struct {
        const char *place, *code, *expected;
    } cases[] = {
        {"x & b", "a | c", "(a | c) & b"},
        {"x | b", "a & c", "a & c | b"},
        {"x ^ b", "a ^ c", "a ^ c ^ b"},
        {"x << b", "a >> c", "a >> c << b"},
        {"x + b", "a << c", "(a << c) + b"},
        {"x < b", "a < c", "(a < c) < b"},
        {"x and b", "a and c", "(a and c) and b"},
        {"~x", "a ** c", "~a ** c"},
        {"x ** b", "await_(c)", "await_(c) ** b"},
        {"x if b else c", "lambda: a", "(lambda: a) if b else c"},
        {"b if c else x", "lambda: a", "b if c else lambda: a"},
        {"x(b)", "lambda: a", "(lambda: a)(b)"},
        {"x[b]", "-a", "(-a)[b]"},
        {"[*x]", "a or c", "[*(a or c)]"},
        {"{**x}", "a or c", "{**(a or c)}"},
        {"f'{x}'", "lambda: a", "f'{(lambda: a)}'"},
        {"(x)", "yield_, a", "(yield_, a)"},
        {"x @ b", "a // c", "a // c @ b"},
        {"-x", "+a", "-+a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char source[64], expected[64];
        snprintf(source, sizeof source, "y = %s\n", cases[i].place);
        snprintf(expected, sizeof expected, "y = %s\n", cases[i].expected);
        REPLACE(source, "Name[name=\"x\"]", cases[i].code, expected);
    }
}

static void tokens_do_not_fuse(void **state)
{
    (void)state;
    REPLACE("y = \"a\"if x else b\n", "SimpleString", "c", "y = c if x else b\n");
    REPLACE("y = not\"a\"\n", "SimpleString", "c", "y = not c\n");
    REPLACE("return1 = (x)if(y)else(z)\n", "Name[name=\"y\"]", "c", "return1 = (x)if(c)else(z)\n");
    REPLACE("def f():\n    return(x)\n", "Return > Name", "x", "def f():\n    return(x)\n");
    REPLACE("f'{x}'\n", "Name", "{1}", "f'{ {1} }'\n");
}

static void statement_text_for_an_expression_is_refused_with_a_hint(void **state)
{
    (void)state;
    REFUSED("y = x\n", "Name[name=\"x\"]", REPLACE, "z = 1", CODEDB_PARSE_ERROR, "select the statement");
    REFUSED("y = x.a\n", "Name.attr", REPLACE, "b.c", CODEDB_VALIDATION_ERROR, "only a name");
    REFUSED("import a.b\n", "Name[name=\"a\"]", REPLACE, "(c, d)", CODEDB_VALIDATION_ERROR, "only a dotted name");
    REPLACE("import a.b\n", "Name[name=\"a\"]", "c.d", "import c.d.b\n");
    REFUSED("y = 'a' 'b'\n", "SimpleString[code=\"'a'\"]", REPLACE, "c", CODEDB_VALIDATION_ERROR, "only by a string");
}

/* ---- Items of lists ----------------------------------------------------------------------------------------------- */

static void an_error_names_the_edit_that_brings_it(void **state)
{
    (void)state;
    static const struct {
        const char *selector, *code;
        codedb_code expected;
    } cases[] = {
        {"Assign[code^=\"a\"]", "b = 2", CODEDB_OVERLAP},
        {"Integer:first", "3", CODEDB_OVERLAP},
        {"Assign[code^=\"c\"]", "return 1", CODEDB_VALIDATION_ERROR},
        {"*.test", NULL, CODEDB_VALIDATION_ERROR},
    };
    const char *source = "a = 1\nc = 1\nif d: e(f, g)\n", *code = "a = 9";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        codedb_edit edits[3] = {make("module", CODEDB_EDIT_INSERT_LAST, &code, 1),
                                make("Assign[code^=\"a\"]", CODEDB_EDIT_REPLACE, &code, 1),
                                make(cases[i].selector, cases[i].code ? CODEDB_EDIT_REPLACE : CODEDB_EDIT_DELETE, &cases[i].code,
                                     cases[i].code ? 1 : 0)};
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_edit_report *report;
        assert_int_equal(apply(source, edits, 3, &report, &result), cases[i].expected);
        assert_non_null(result.data);
        assert_string_equal(result.data, "{\"edit\": 2}");
        codedb_result_clear(&result);
    }
}

static void the_comment_of_an_item_that_stays_stays(void **state)
{
    (void)state;
    DELETE("from m import (a,  # x\n               b)\n", "ImportAlias[name=b]", "from m import (a  # x\n               )\n");
    DELETE("x = [a,  # x\n     b]\n", "Element[code=b]", "x = [a  # x\n     ]\n");
    DELETE("f(a,  # x\n  b, c)\n", "Arg[code=b], Arg[code=c]", "f(a  # x\n  )\n");
    DELETE("f(a  # x\n  , b)\n", "Arg[code=b]", "f(a  # x\n  )\n");
    DELETE("f(\n    a,\n    b,  # y\n    # z\n    c,\n)\n", "Arg[code=b]", "f(\n    a,\n    # z\n    c,\n)\n");
    DELETE("f(a, b,\n  # z\n  c)\n", "Arg[code=b]", "f(a,\n  # z\n  c)\n");
    DELETE("f(b,\n  # z\n  c)\n", "Arg[code=b]", "f(\n  # z\n  c)\n");
}

static void arguments_go_with_their_commas(void **state)
{
    (void)state;
    DELETE("f(a, b, c)\n", "Arg[code=\"b\"]", "f(a, c)\n");
    DELETE("f(a, b, c)\n", "Arg[code=\"a\"]", "f(b, c)\n");
    DELETE("f(a, b, c)\n", "Name[name=\"c\"]", "f(a, b)\n");
    DELETE("f(a, b, c)\n", "Arg", "f()\n");
    DELETE("f(a, *b, k=c)\n", "Arg[code^=\"k\"]", "f(a, *b)\n");
    DELETE("f(\n    a,  # x\n    b,  # y\n    c,  # z\n)\n", "Arg[code=\"b\"]", "f(\n    a,  # x\n    c,  # z\n)\n");
    DELETE("f(\n    a,  # x\n    b,  # y\n)\n", "Arg[code=\"b\"]", "f(\n    a,  # x\n)\n");
    DELETE("f(\n    a,  # x\n    b  # y\n)\n", "Arg[code=\"b\"]", "f(\n    a  # x\n)\n");
}

static void what_is_an_expression_only_in_parentheses_gets_them(void **state)
{
    (void)state;
    REPLACE("if q: a\n", "Name[name=q]", "x := f()", "if (x := f()): a\n");
    REPLACE("x = q\n", "Name[name=q]", "a for a in b", "x = (a for a in b)\n");
    REPLACE("f(k=q)\n", "Name[name=q]", "x := 1", "f(k=(x := 1))\n");
    REFUSED("x = q\n", "Name[name=q]", REPLACE, "1) + (2", CODEDB_PARSE_ERROR, "unmatched ')'");
    REFUSED("x = q\n", "Name[name=q]", REPLACE, "a), (b", CODEDB_PARSE_ERROR, "unmatched ')'");
    REFUSED("import q\n", "Name[name=q]", REPLACE, "x := 1", CODEDB_VALIDATION_ERROR, "only a dotted name");
    REFUSED("x\n", "Expr", REPLACE, "x := 1", CODEDB_PARSE_ERROR, "found ':='");
}

static void an_expression_stands_for_its_item_only_when_it_is_all_of_it(void **state)
{
    (void)state;
    static const struct {
        const char *source, *words;
    } parts[] = {
        {"f(k=v)\n", "the field value of Arg"},
        {"f(*v)\n", "the field value of Arg"},
        {"class A(metaclass=v): pass\n", "the field value of Arg"},
        {"[*v]\n", "the field value of StarredElement"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        REFUSED(parts[i].source, "Name[name=v]", DELETE, NULL, CODEDB_VALIDATION_ERROR, parts[i].words);
        REFUSED(parts[i].source, "Name[name=v]", INSERT_AFTER, "w", CODEDB_VALIDATION_ERROR, parts[i].words);
    }
    DELETE("f(a, (v))\n", "Name[name=v]", "f(a)\n");
    DELETE("f(v for v in w)\n", "GeneratorExp", "f()\n");
    DELETE("[a, v]\n", "Name[name=v]", "[a]\n");
}

static void a_starred_expression_stands_only_where_it_is_all_of_an_item(void **state)
{
    (void)state;
    static const char *const refused[] = {"f(*v)\n",  "f(**v)\n",        "f(k=v)\n", "[*v]\n",          "f(v if a else b)\n",
                                          "x = v\n",  "for v in a: b\n", "x[v:1]\n", "for a in v: b\n", "if v: a\n",
                                          "f((v))\n", "v = 1\n"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        REFUSED(refused[i], "Name[name=v]", REPLACE, "*w", CODEDB_VALIDATION_ERROR, "a starred expression can stand only as");
    REPLACE("f(a, v)\n", "Name[name=v]", "*w", "f(a, *w)\n");
    REPLACE("class A(v): a\n", "Name[name=v]", "*w", "class A(*w): a\n");
    REPLACE("a, v = b\n", "Name[name=v]", "*w", "a, *w = b\n");
    REPLACE("x[v]\n", "Name[name=v]", "*w", "x[*w]\n");
    REPLACE("x[v, a]\n", "Name[name=v]", "*w", "x[*w, a]\n");
    REPLACE("def f(*a: v): b\n", "Name[name=v]", "*w", "def f(*a: *w): b\n");
}

static void names_go_out_of_an_import_and_the_last_with_the_statement(void **state)
{
    (void)state;
    DELETE("from m import a, b\n", "ImportAlias[code=\"b\"]", "from m import a\n");
    DELETE("from m import a, b\nc\n", "ImportAlias", "c\n");
    DELETE("def f():\n    global a, b\n", "NameItem", "def f():\n    pass\n");
    DELETE("from m import (a,  # x\n    b,\n    c)\n", "ImportAlias[code=\"b\"]", "from m import (a,  # x\n    c)\n");
    DELETE("import a; import b\n", "ImportAlias[code=\"a\"]", "import b\n");
}

static void a_tuple_stays_a_tuple_and_a_set_a_set(void **state)
{
    (void)state;
    DELETE("x = (a, b)\n", "Element[code=\"b\"]", "x = (a,)\n");
    DELETE("x = (a, b)\n", "Element[code=\"a\"]", "x = (b,)\n");
    DELETE("a, b = f()\n", "Element[code=\"b\"]", "a, = f()\n");
    DELETE("x = a, b  # n\n", "Element[code=\"b\"]", "x = a,  # n\n");
    DELETE("x = a, b, c,  # n\n", "Element[code=\"c\"]", "x = a, b,  # n\n");
    DELETE("x = (a,)\n", "Element", "x = ()\n");
    DELETE("x = {a}\n", "Element", "x = set()\n");
    DELETE("x = {a: b}\n", "DictElement", "x = {}\n");
    DELETE("x = [a, *b]\n", "StarredElement", "x = [a]\n");
    DELETE("a, = f()\n", "Element", "() = f()\n");
    DELETE("def f():\n    return a, b\n", "Element", "def f():\n    return ()\n");
    DELETE("for a,in b: c\n", "Element", "for ()in b: c\n");
    DELETE("f'{a,}'\n", "Element", "f'{()}'\n");
}

static void bases_go_with_their_parentheses_and_required_items_stay(void **state)
{
    (void)state;
    DELETE("class A(B): pass\n", "Arg", "class A: pass\n");
    DELETE("class A(B, C, m=D): pass\n", "Arg.bases", "class A(m=D): pass\n");
    REFUSED("with a: b\n", "WithItem", DELETE, NULL, CODEDB_VALIDATION_ERROR, "a with needs an item");
    DELETE("with a, b as c: d\n", "WithItem:first", "with b as c: d\n");
    REFUSED("a[b]\n", "SubscriptElement", DELETE, NULL, CODEDB_VALIDATION_ERROR, "field slice is required");
}

/* ---- Batches and answers ------------------------------------------------------------------------------------------ */

static void an_outer_deletion_wins_and_a_replacement_inside_a_replacement_is_an_overlap(void **state)
{
    (void)state;
    const char *code = "z";
    DELETE("if a:\n    if b:\n        c\nx\n", "If", "x\n");
    codedb_edit edit = make("If", CODEDB_EDIT_REPLACE, &code, 1);
    check_failure("if a:\n    if b:\n        c\nx\n", &edit, 1, CODEDB_OVERLAP, "inside a node that is replaced", __FILE__,
                  __LINE__);
    edit.overlap = CODEDB_OVERLAP_OUTERMOST;
    check_edits("if a:\n    if b:\n        c\nx\n", &edit, 1, "z\nx\n", __FILE__, __LINE__);
    edit.overlap = CODEDB_OVERLAP_INNERMOST;
    check_edits("if a:\n    if b:\n        c\nx\n", &edit, 1, "if a:\n    z\nx\n", __FILE__, __LINE__);
    codedb_edit twice[] = {make("Pass", CODEDB_EDIT_REPLACE, &code, 1), make("Pass", CODEDB_EDIT_DELETE, NULL, 0)};
    check_failure("pass\n", twice, 2, CODEDB_OVERLAP, "two edits", __FILE__, __LINE__);
}

static void edits_at_one_place_stand_in_the_order_listed(void **state)
{
    (void)state;
    const char *codes[] = {"one", "two", "three"};
    codedb_edit edits[] = {make("Expr[code=\"a\"]", CODEDB_EDIT_INSERT_AFTER, &codes[0], 1),
                           make("Expr[code=\"b\"]", CODEDB_EDIT_INSERT_BEFORE, &codes[1], 1),
                           make("Expr[code=\"a\"]", CODEDB_EDIT_INSERT_AFTER, &codes[2], 1),
                           make("Expr[code=\"b\"]", CODEDB_EDIT_DELETE, NULL, 0)};
    check_edits("a\nb\nc\n", edits, 4, "a\none\ntwo\nthree\nc\n", __FILE__, __LINE__);
    check_edits("def f():\n    b\n    a\n", &edits[1], 1, "def f():\n    two\n    b\n    a\n", __FILE__, __LINE__);
    codedb_edit swap[] = {make("Expr", CODEDB_EDIT_INSERT_BEFORE, &codes[0], 1), make("Expr", CODEDB_EDIT_DELETE, NULL, 0)};
    check_edits("def f():\n    b\n", swap, 2, "def f():\n    one\n", __FILE__, __LINE__);
}

static void code_for_a_block_that_ends_comes_before_code_for_the_one_around(void **state)
{
    (void)state;
    AFTER("if a:\n    if b:\n        c\nd\n", "If", "x", "if a:\n    if b:\n        c\n    x\nx\nd\n");
    LAST("if a:\n    if b:\n        c\n", "If", "x", "if a:\n    if b:\n        c\n        x\n    x\n");
    LAST("if a:\n    if b:\n        c", "If", "x", "if a:\n    if b:\n        c\n        x\n    x");
}

static void one_wrong_edit_of_several_changes_nothing_and_is_named(void **state)
{
    (void)state;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    const char *codes[] = {"x", "y ="};
    codedb_edit edits[] = {make("Expr", CODEDB_EDIT_REPLACE, &codes[0], 1), make("Expr", CODEDB_EDIT_INSERT_AFTER, &codes[1], 1)};
    assert_code(apply("a\n", edits, 2, &report, &result), CODEDB_PARSE_ERROR, result);
    assert_string_equal(result.data, "{\"edit\": 1, \"new_code\": {\"index\": 0, \"line\": 1, \"column\": 4, \"offset\": 3, "
                                     "\"length\": 0}}");
    assert_contains(result.description, "the new code does not parse: line 1, column 4: ");
    assert_int_equal(result.line, 0); /* no place in the source */
    assert_null(report);
    edits[1].code = codes;
    edits[1].filter.selector = "Return";
    assert_code(apply("a\n", edits, 2, &report, &result), CODEDB_NOT_FOUND, result);
    assert_string_equal(result.data, "{\"edit\": 1}");
    edits[1].filter.selector = "Return[";
    assert_code(apply("a\n", edits, 2, &report, &result), CODEDB_SELECTOR_ERROR, result);
    codedb_result_clear(&result);
}

static void a_replacement_by_the_same_modifies_nothing(void **state)
{
    (void)state;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    const char *code = "a = 1";
    codedb_edit edit = make("Assign", CODEDB_EDIT_REPLACE, &code, 1);
    assert_success(apply("a = 1  # n\nb\n", &edit, 1, &report, &result), result);
    assert_int_equal(report->nodes_modified, 0);
    assert_string_equal(report->diff, "");
    assert_int_equal(report->range_count, 0);
    codedb_free(report);
    codedb_result_clear(&result);
}

static void the_report_tells_ranges_diff_and_hash(void **state)
{
    (void)state;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    const char *code = "long()";
    codedb_edit edit = make("Expr[code=\"b\"]", CODEDB_EDIT_REPLACE, &code, 1);
    assert_success(apply("a\nb\nc\nb\n", &edit, 1, &report, &result), result);
    assert_int_equal(report->nodes_modified, 2);
    assert_int_equal(report->range_count, 2);
    assert_int_equal(report->old_ranges[2], 6);
    assert_int_equal(report->old_ranges[3], 7);
    assert_int_equal(report->new_ranges[2], 11);
    assert_int_equal(report->new_ranges[3], 17);
    assert_string_equal(report->diff, "--- a/f.py\n+++ b/f.py\n@@ -1,4 +1,4 @@\n a\n-b\n+long()\n c\n-b\n+long()\n");
    assert_int_equal(strlen(report->hash), 64);
    codedb_free(report);
    codedb_result_clear(&result);
}

static void check_code_error(const char *source, const char *selector, const char *code, const char *words, const char *place)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    char data[160];
    codedb_edit edit = make(selector, CODEDB_EDIT_REPLACE, &code, 1);
    assert_code(apply(source, &edit, 1, &report, &result), CODEDB_PARSE_ERROR, result);
    snprintf(data, sizeof data, "{\"edit\": 0, \"new_code\": {\"index\": 0, %s}}", place);
    if (!strstr(result.description, words) || strcmp(result.data, data) != 0)
        fail_msg("\"%s\" %s, expected \"%s\" %s", result.description, result.data, words, data);
    assert_int_equal(result.line, 0);
    assert_int_equal(result.offset, 0);
    codedb_result_clear(&result);
}

static void an_error_in_new_code_has_its_place_there(void **state)
{
    (void)state;
    check_code_error("a\nb\n", "Expr:last", "f(", "line 1, column 2: '(' was never closed",
                     "\"line\": 1, \"column\": 2, \"offset\": 1, \"length\": 1");
    check_code_error("if a:\n    b\n", "Expr", "    c\n    d e\n",
                     "line 2, column 7: ", "\"line\": 2, \"column\": 7, \"offset\": 12, \"length\": 1");
    check_code_error("if a:\n    b\n", "Expr", "    c\nd\n", "line 2, column 1: this line is indented less",
                     "\"line\": 2, \"column\": 1, \"offset\": 6, \"length\": 1");
    check_code_error("{a}\n", "Element", "b: 2", "line 1, column 2: expected the end of an element, found ':'",
                     "\"line\": 1, \"column\": 2, \"offset\": 1, \"length\": 1");
    check_code_error("import a\n", "ImportAlias", "  b.2", "line 1, column 4: expected the end of an imported module",
                     "\"line\": 1, \"column\": 4, \"offset\": 3, \"length\": 2");
    check_code_error("match a:\n    case 1: b\n", "MatchCase", "case 1:\n    \xC3\xA9 )", "line 2, column 7: unmatched ')'",
                     "\"line\": 2, \"column\": 7, \"offset\": 15, \"length\": 1");
}

/* What was parsed before and behind it is not told: nobody wrote that. */
static void an_error_behind_an_item_is_one_of_the_item(void **state)
{
    (void)state;
    REFUSED("{a}\n", "Element", REPLACE, "b]", CODEDB_PARSE_ERROR, "more, less or other than an element");
    REFUSED("f(a)\n", "Arg", REPLACE, "b, (", CODEDB_PARSE_ERROR, "more, less or other than an argument");
    REFUSED("with a: b\n", "WithItem", REPLACE, "b: c", CODEDB_PARSE_ERROR, "more, less or other than an item of a with");
    REFUSED("[a]\n", "Element", REPLACE, "(b: 2)", CODEDB_PARSE_ERROR, "expected ')'");
    REFUSED("if a: b\nelif c: d\n", "If.orelse", REPLACE, "if z: 1", CODEDB_PARSE_ERROR, "write elif");
    REFUSED("if a: b\nelse: d\n", "Else", REPLACE, "if(z): 1", CODEDB_PARSE_ERROR, "write elif");
}

static void what_cannot_be_edited_so_is_refused_with_the_reason(void **state)
{
    (void)state;
    REFUSED("a\n", "module", DELETE, NULL, CODEDB_VALIDATION_ERROR, "module");
    REFUSED("def f():\n    a\n", "IndentedBlock", DELETE, NULL, CODEDB_VALIDATION_ERROR, "body is required");
    REFUSED("a < b\n", "ComparisonTarget", DELETE, NULL, CODEDB_VALIDATION_ERROR, "only statements");
    REFUSED("a\n", "Expr", INSERT_FIRST, "b", CODEDB_VALIDATION_ERROR, "has a body");
    REFUSED("a\n", "Expr", REPLACE, NULL, CODEDB_INVALID_REQUEST, "needs code");
    DELETE("print(x)\ny\n", "Call", "y\n");
}

static void calls_without_sense_are_invalid_requests(void **state)
{
    (void)state;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    codedb_edit edit = make("Expr", CODEDB_EDIT_DELETE, NULL, 0);
    assert_code(apply("a\n", &edit, 0, &report, &result), CODEDB_INVALID_REQUEST, result);
    edit.struct_size = 0;
    assert_code(apply("a\n", &edit, 1, &report, &result), CODEDB_INVALID_REQUEST, result);
    edit = make("Expr", (codedb_edit_action)9, NULL, 0);
    assert_code(apply("a\n", &edit, 1, &report, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_tree_edit(NULL, &edit, 1, NULL, &report, &result), CODEDB_INVALID_REQUEST, result);
    codedb_result_clear(&result);
}

static void every_failed_allocation_is_no_memory_and_leaks_nothing(void **state)
{
    (void)state;
    const char *source = "# c\n@d\ndef f():\n    a; b\n\n\nif x: y  # n\n";
    const char *codes[] = {"def g():\n    '''doc\n    x'''\n", "  z\n  if u:\n    v", "w := 1"};
    codedb_edit edits[] = {
        make("function", CODEDB_EDIT_INSERT_AFTER, &codes[0], 1), make("Expr[code=\"b\"]", CODEDB_EDIT_REPLACE, &codes[1], 1),
        make("Expr[code=\"y\"]", CODEDB_EDIT_INSERT_BEFORE, codes, 2), make("If > Name", CODEDB_EDIT_REPLACE, &codes[2], 1)};
    support_failing failing;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
        codedb_tree *tree = NULL;
        codedb_edit_report *report = NULL;
        options.allocator = &failing.allocator;
        codedb_code code = codedb_tree_parse(source, strlen(source), &options, &tree, NULL);
        if (code == CODEDB_SUCCESS)
            code = codedb_tree_edit(tree, edits, 4, "f.py", &report, NULL);
        codedb_free(report);
        codedb_tree_free(tree);
        /* Making a block smaller may fail: then it stays as large as it was. */
        assert_true(code == CODEDB_SUCCESS || (code == CODEDB_NO_MEMORY && atomic_load(&failing.failed)));
        assert_int_equal(atomic_load(&failing.live), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_written_at_column_0_get_the_indentation_of_the_place),
        cmocka_unit_test(code_that_has_the_indentation_already_gets_no_more),
        cmocka_unit_test(a_first_line_without_the_others_indentation_is_read_as_theirs),
        cmocka_unit_test(compound_statements_replace_a_line_of_a_def),
        cmocka_unit_test(a_file_of_tabs_gets_tabs_by_depth),
        cmocka_unit_test(a_file_of_2_blanks_keeps_its_unit),
        cmocka_unit_test(the_inside_of_a_string_that_is_no_docstring_does_not_move),
        cmocka_unit_test(a_docstring_moves_with_its_def),
        cmocka_unit_test(blank_lines_stay_empty),
        cmocka_unit_test(continuation_lines_keep_their_offset),
        cmocka_unit_test(comments_of_the_new_code_stand_at_their_depth),
        cmocka_unit_test(inserted_lines_take_the_line_break_of_the_file),
        cmocka_unit_test(a_file_that_ends_without_a_line_break_still_does),
        cmocka_unit_test(bytes_outside_do_not_change),
        cmocka_unit_test(a_comment_that_heads_a_group_stays_when_its_first_is_deleted),
        cmocka_unit_test(a_comment_directly_above_goes_with_a_def_that_stands_alone),
        cmocka_unit_test(a_trailing_comment_stays_unless_the_new_code_brings_its_own),
        cmocka_unit_test(a_deleted_line_goes_with_its_comment),
        cmocka_unit_test(after_the_last_statement_is_before_the_blocks_last_comment_and_last_behind_it),
        cmocka_unit_test(decorators_stay_when_the_new_def_has_none),
        cmocka_unit_test(a_body_is_replaced_without_its_header),
        cmocka_unit_test(defs_get_the_blank_lines_of_the_place),
        cmocka_unit_test(first_is_behind_shebang_docstring_and_future_imports),
        cmocka_unit_test(several_nodes_are_inserted_in_their_order),
        cmocka_unit_test(an_emptied_body_gets_one_pass),
        cmocka_unit_test(blank_lines_between_what_is_left_are_not_doubled),
        cmocka_unit_test(the_last_handler_of_a_try_is_not_deleted),
        cmocka_unit_test(branches_are_deleted_out_of_their_chain),
        cmocka_unit_test(a_body_behind_its_colon_becomes_a_block),
        cmocka_unit_test(one_of_several_statements_of_a_line_is_deleted_with_its_semicolon),
        cmocka_unit_test(one_of_several_statements_of_a_line_is_replaced),
        cmocka_unit_test(what_the_compiler_refuses_at_the_place_is_refused),
        cmocka_unit_test(what_the_compiler_takes_at_the_place_is_taken),
        cmocka_unit_test(an_expression_gets_parentheses_where_it_binds_less),
        cmocka_unit_test(tokens_do_not_fuse),
        cmocka_unit_test(statement_text_for_an_expression_is_refused_with_a_hint),
        cmocka_unit_test(an_error_names_the_edit_that_brings_it),
        cmocka_unit_test(the_comment_of_an_item_that_stays_stays),
        cmocka_unit_test(arguments_go_with_their_commas),
        cmocka_unit_test(what_is_an_expression_only_in_parentheses_gets_them),
        cmocka_unit_test(an_expression_stands_for_its_item_only_when_it_is_all_of_it),
        cmocka_unit_test(a_starred_expression_stands_only_where_it_is_all_of_an_item),
        cmocka_unit_test(names_go_out_of_an_import_and_the_last_with_the_statement),
        cmocka_unit_test(a_tuple_stays_a_tuple_and_a_set_a_set),
        cmocka_unit_test(bases_go_with_their_parentheses_and_required_items_stay),
        cmocka_unit_test(an_outer_deletion_wins_and_a_replacement_inside_a_replacement_is_an_overlap),
        cmocka_unit_test(edits_at_one_place_stand_in_the_order_listed),
        cmocka_unit_test(code_for_a_block_that_ends_comes_before_code_for_the_one_around),
        cmocka_unit_test(one_wrong_edit_of_several_changes_nothing_and_is_named),
        cmocka_unit_test(a_replacement_by_the_same_modifies_nothing),
        cmocka_unit_test(the_report_tells_ranges_diff_and_hash),
        cmocka_unit_test(an_error_in_new_code_has_its_place_there),
        cmocka_unit_test(an_error_behind_an_item_is_one_of_the_item),
        cmocka_unit_test(what_cannot_be_edited_so_is_refused_with_the_reason),
        cmocka_unit_test(calls_without_sense_are_invalid_requests),
        cmocka_unit_test(every_failed_allocation_is_no_memory_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("edit", tests, NULL, NULL);
}
