/* test_xpath.c -- accuses codedb_xpath.c and codedb_attributes.c: what selectors find.
 *
 * tests/oracle/compare_selectors.py asks far more of them, at random; here stands what a reader wants to see. An answer is
 * written as "Type@line:column", one word a node, columns from 0. */
#include "support.h"

#include "codedb_selector.h"

#include <pthread.h>

/* ---- Asking ------------------------------------------------------------------------------------------------------- */

static codedb_tree *parse(const char *source)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree = NULL;

    assert_success(codedb_tree_parse(source, strlen(source), NULL, &tree, &result), result);
    codedb_result_clear(&result);
    return tree;
}

/* The answer to a filter, to be freed; an error is its description. */
static char *answer(const codedb_tree *tree, const codedb_filter *filter)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_nodes *nodes = NULL;
    char *text;
    char *at;
    size_t i;

    if (codedb_tree_query(tree, filter, &nodes, &result) != CODEDB_SUCCESS) {
        text = strdup(result.description);
    } else {
        text = at = calloc(nodes->count + 1, 64);
        assert_non_null(text);
        for (i = 0; i < nodes->count; i++)
            at += sprintf(at, "%s%s@%u:%u", i == 0 ? "" : " ", nodes->items[i]->type, nodes->items[i]->start_line,
                          nodes->items[i]->start_column);
    }
    codedb_free(nodes);
    codedb_result_clear(&result);
    return text;
}

typedef struct expectation {
    const char *selector;
    const char *answer;
} expectation;

static void assert_answers_in(const char *source, const expectation *cases, size_t count, codedb_dialect dialect)
{
    codedb_tree *tree = parse(source);
    size_t wrong = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        codedb_filter filter = CODEDB_INIT(codedb_filter);
        char *got;
        filter.selector = cases[i].selector;
        filter.dialect = dialect;
        got = answer(tree, &filter);
        if (strcmp(got, cases[i].answer) != 0) {
            print_error("%s\n  expected %s\n  found    %s\n", cases[i].selector, cases[i].answer, got);
            wrong++;
        }
        free(got);
    }
    codedb_tree_free(tree);
    assert_int_equal(wrong, 0);
}

#define ASSERT_ANSWERS(source, cases) assert_answers_in(source, cases, sizeof(cases) / sizeof *(cases), CODEDB_DIALECT_DEFAULT)
#define ASSERT_REFERENCE_ANSWERS(source, cases) \
    assert_answers_in(source, cases, sizeof(cases) / sizeof *(cases), CODEDB_DIALECT_REFERENCE)

/* ---- Types, attributes, paths ------------------------------------------------------------------------------------- */

static const char shop[] = "\"\"\"A shop.\"\"\"\n"                                    /*  1 */
                           "import os, sys as system\n"                               /*  2 */
                           "from .. import a\n"                                       /*  3 */
                           "from .b.c import (d,)\n"                                  /*  4 */
                           "\n"                                                       /*  5 */
                           "@wraps.once(1)\n"                                         /*  6 */
                           "class Shop(Base, meta=M):\n"                              /*  7 */
                           "    def __init__(self, name: str = 'x', *, _key=None):\n" /*  8 */
                           "        \"\"\"Make\n"                                     /*  9 */
                           "           one.\"\"\"\n"                                  /* 10 */
                           "        self.name = name; self.key = _key\n"              /* 11 */
                           "    async def _sell(self) -> int:\n"                      /* 12 */
                           "        if self.key:\n"                                   /* 13 */
                           "            return 1\n"                                   /* 14 */
                           "        elif name: return 2\n"                            /* 15 */
                           "        else:\n"                                          /* 16 */
                           "            return 3\n"                                   /* 17 */
                           "        class Inner:\n"                                   /* 18 */
                           "            def method(): yield\n"                        /* 19 */
                           "def open_(n):\n"                                          /* 20 */
                           "    def close(): pass\n"                                  /* 21 */
                           "    for x in n: yield x\n"                                /* 22 */
                           "    return lambda: 0\n";                                  /* 23 */

static void test_types_are_class_names_words_and_affixes(void **state)
{
    static const expectation cases[] = {
        {"ClassDef", "ClassDef@7:0 ClassDef@18:8"},
        {"CLASSDEF", "ClassDef@7:0 ClassDef@18:8"},
        {"class", "ClassDef@7:0 ClassDef@18:8"},
        {"Def:*[start_line>18]", "FunctionDef@19:12 FunctionDef@20:0 FunctionDef@21:4"},
        {"Import:*", "Import@2:0 ImportFrom@3:0 ImportFrom@4:0"},
        {"Alias :*", "ImportAlias@2:7 ImportAlias@2:11 ImportAlias@3:15 ImportAlias@4:18"},
        {"import", "Import@2:0 ImportFrom@3:0 ImportFrom@4:0"},
        {"function", "FunctionDef@20:0 FunctionDef@21:4"},
        {"method", "FunctionDef@8:4 FunctionDef@12:4 FunctionDef@19:12"},
        {"def", "FunctionDef@8:4 FunctionDef@12:4 FunctionDef@19:12 FunctionDef@20:0 FunctionDef@21:4"},
        {"decorator", "Decorator@6:0"},
        {"module", "Module@1:0"},
        {"smallstmt[start_line>20]", "Pass@21:17 Expr@22:16 Return@23:4"},
        {"stmt[start_line>20]", "For@22:4 SimpleStatementLine@23:4"},
        {"statement[start_line=\"22\"]", "For@22:4 Expr@22:16"},
        {"expression[start_line=23]", "Lambda@23:11 Integer@23:19"},
        {"node[start_line=2]", "ImportAlias@2:7 Name@2:7 ImportAlias@2:11 Name@2:11 AsName@2:14 Name@2:18"},
        {"[start_line=3]", "SimpleStatementLine@3:0 ImportFrom@3:0 ImportAlias@3:15 Name@3:15"},
        {"Comma[start_line<4]", "Comma@2:9"},
        {"[type=\"Semicolon\"]", "Semicolon@11:24"},
        {"(Semicolon, AsName)", "AsName@2:14 Semicolon@11:24"},
        {"*:is(Semicolon):first", "Semicolon@11:24"},
        {"Dot, Comma:not(*)[start_line=2]", "Comma@2:9 Dot@3:5 Dot@3:6 Dot@4:5 Dot@4:7 Dot@6:6 Dot@11:12 Dot@11:30 Dot@13:15"},
    };

    (void)state;
    ASSERT_ANSWERS(shop, cases);
}

static void test_attributes_compare_text_and_numbers(void **state)
{
    static const expectation cases[] = {
        {"class[name=\"Shop\"]", "ClassDef@7:0"},
        {"class[@name = Shop]", "ClassDef@7:0"},
        {"class[name=\"shop\"]", ""},
        {"class[name=\"shop\" i]", "ClassDef@7:0"},
        {"class[name='\\x53hop']", "ClassDef@7:0"},
        {"class[name!=Shop]", "ClassDef@18:8"},
        {"class[name~=ho], class[name*=nn]", "ClassDef@7:0 ClassDef@18:8"},
        {"def[name^=_][name$=_]", "FunctionDef@8:4"},
        {"def[name^='__INIT' i]", "FunctionDef@8:4"},
        {"def[name~='']", "FunctionDef@8:4 FunctionDef@12:4 FunctionDef@19:12 FunctionDef@20:0 FunctionDef@21:4"},
        {"Param[name=self]", "Param@8:17 Param@12:20"},
        {"ImportAlias[name=sys]", "ImportAlias@2:11"},
        {"[qualname=\"Shop._sell\"]:first", "FunctionDef@12:4"},
        {"def[qualname='Shop.Inner.method']", "FunctionDef@19:12"},
        {"def[fqn='Shop._sell.<locals>.Inner.method']", "FunctionDef@19:12"},
        {"Lambda[fqn='open_.<locals>.<lambda>']", "Lambda@23:11"},
        {"ImportFrom[module=b.c]", "ImportFrom@4:0"},
        {"ImportFrom:not([module])", "ImportFrom@3:0"},
        {"class[kind=class][type=ClassDef][type^=Class]:first", "ClassDef@7:0"},
        {"[kind='method']:last", "FunctionDef@19:12"},
        {"def:last[kind='function']", "FunctionDef@21:4"},
        {"def:first[kind='function']", ""},
        {"def:first[type]", "FunctionDef@8:4"},
        {"If[start_line<=13][end_line>=17]", "If@13:8"},
        {"If[start_col=8][end_col=20]", "If@13:8 If@15:8"},
        {"Import[start_byte=14][end_byte>37]", "Import@2:0"},
        {"[depth=0]", "Module@1:0"},
        {"class[depth<2]", "ClassDef@7:0"},
        {"ClassDef[children_count=5]", "ClassDef@7:0"},
        {"def[line_count=4]", "FunctionDef@8:4 FunctionDef@20:0"},
        {"Module[line_count=23]", "Module@1:0"},
        {"def[args_count=3], Lambda[args_count=0]", "FunctionDef@8:4 Lambda@23:11"},
        {"Call[args_count=1]", "Call@6:1"},
        {"class[args_count]", ""},
        {"[docstring='A shop.']", "Module@1:0"},
        {"[docstring=\"Make\\none.\"]", "FunctionDef@8:4"},
        {"def[code$=\"lambda: 0\"]", "FunctionDef@20:0"},
        {"class[code^=class]:first", "ClassDef@7:0"},
        {"[node_id='0.1.0']", "Import@2:0"},
        {"[path]", ""},
        {"[children_count>99999999999999999999]", ""},
        {"[start_line < +1_00][depth='0']", "Module@1:0"},
        {"Integer[.value < 2]", "Integer@6:12 Integer@14:19 Integer@23:19"},
        {"Name[name<5]", ""},
    };

    (void)state;
    ASSERT_ANSWERS(shop, cases);
}

static void test_regular_expressions_search_in_the_value(void **state)
{
    static const expectation cases[] = {
        {"def[name=/^__.*__$/]", "FunctionDef@8:4"},
        {"def[name=/EL|OS/i]", "FunctionDef@12:4 FunctionDef@21:4"},
        {"def[name!=/_/]", "FunctionDef@19:12 FunctionDef@21:4"},
        {"If[name!=/x/]", ""},
        {"[type=/^(For|If)$/]", "If@13:8 If@15:8 For@22:4"},
        {"[kind=/th/]:first", "FunctionDef@8:4"},
        {"def:first[kind=/th/]", "FunctionDef@8:4"},
        {"class[code=/^    async/m]", "ClassDef@7:0"},
        {"class[code=/Shop.*_sell/], Module[code=/A shop/]", "Module@1:0"},
        {"class[code=/Shop.*_sell/s]", "ClassDef@7:0"},
        {"class[code=/ Base , \\s meta # a comment/x]", "ClassDef@7:0"},
        {"Module[code=/one\\.\\b/], Decorator[code=/\\Bnce\\(\\d\\)\\Z/]", "Decorator@6:0"},
        {"SimpleString[.value=/^'[^\\W\\d]'/]", "SimpleString@8:35"},
        {"def[name=/o{2}|os{1,}e|z{0}Q/]", "FunctionDef@21:4"},
        {"Name[name=/^(a*)*$/]", "Name@3:15"},
        {"Name[name=/^[x-z-]+?$/]:last", "Name@22:22"},
        {"Name[name=/\\x6d\\u0065t|\\//]", "Name@7:17 Name@19:16"},
        {"[name=/(/]", "expected ')', found '/' (in a regular expression)"},
    };

    (void)state;
    ASSERT_ANSWERS(shop, cases);
}

static void test_field_paths_follow_libcst(void **state)
{
    static const expectation cases[] = {
        {"def[returns.annotation=int]", "FunctionDef@12:4"},
        {"def[returns]", "FunctionDef@12:4"},
        {"def[asynchronous]", "FunctionDef@12:4"},
        {"def[params]", "FunctionDef@8:4 FunctionDef@12:4 FunctionDef@20:0"},
        {"def[params.params.name=name]", "FunctionDef@8:4"},
        {"def[params.params.name!=name]", "FunctionDef@8:4 FunctionDef@12:4 FunctionDef@20:0"},
        {"class[bases.value=Base][keywords.keyword=meta]", "ClassDef@7:0"},
        {"Arg[keyword=meta]", "Arg@7:17"},
        {"ImportAlias[asname=system]", "ImportAlias@2:11"},
        {"ImportAlias[asname.name=system]", "ImportAlias@2:11"},
        {"Assign[targets.target.attr=key]", "Assign@11:26"},
        {"Assign[.value=_key]", "Assign@11:26"},
        {"ImportAlias[comma]", "ImportAlias@2:7 ImportAlias@4:18"},
        {"ImportFrom[lpar]", "ImportFrom@4:0"},
        {"Decorator[decorator.func.attr=once]", "Decorator@6:0"},
        {"SimpleString[.value*=shop]", "SimpleString@1:0"},
        {"[.star]", ""},
    };
    static const expectation stars[] = {
        {"Param[star='**'], Arg[.star='*']", "Param@1:16 Arg@2:6"},
        {"Arg[.value='((c))']", "Arg@3:6"},
        {"[conversion=r]", "FormattedStringExpression@4:10"},
        {"FormattedString[start='rf\"'][end='\"']", "FormattedString@4:6"},
        {"FormattedStringText[value=x]", "FormattedStringText@4:9"},
        {"Comment[value^='# no']", "Comment@4:23"},
        {"MatchMapping[rest]", "MatchMapping@6:9"},
        {"Subscript[slice.slice.value=1]", "Subscript@5:6"},
        {"Index[star]", "Index@5:11"},
    };

    (void)state;
    ASSERT_ANSWERS(shop, cases);
    ASSERT_ANSWERS("def f(a: int=1, **b):\n"
                   "    f(*b)\n"
                   "    f(((c)))\n"
                   "    f(rf\"x{a!r:>{w}}\") # note\n"
                   "match a[1, *b]:\n"
                   "    case {'k': 1, **others}: pass\n",
                   stars);
}

/* ---- Combinators -------------------------------------------------------------------------------------------------- */

static void test_combinators_look_through_blocks_and_lines(void **state)
{
    static const expectation cases[] = {
        {"class > method", "FunctionDef@8:4 FunctionDef@12:4 FunctionDef@19:12"},
        {"class[name=Shop] > method", "FunctionDef@8:4 FunctionDef@12:4"},
        {"class[name=Shop] method", "FunctionDef@8:4 FunctionDef@12:4 FunctionDef@19:12"},
        {"class / method", ""},
        {"class/IndentedBlock/method", "FunctionDef@8:4 FunctionDef@12:4 FunctionDef@19:12"},
        {"class > IndentedBlock", "IndentedBlock@8:4 IndentedBlock@19:12"},
        {"If > Return", "Return@14:12 Return@15:19"},
        {"If > Else > Return", "Return@17:12"},
        {"If > If.orelse", "If@15:8"},
        {"If > If.body", ""},
        {"IndentedBlock > Return", "Return@14:12 Return@17:12 Return@23:4"},
        {"SimpleStatementLine > Return, SimpleStatementSuite > Return", "Return@14:12 Return@15:19 Return@17:12 Return@23:4"},
        {"/import", ""},
        {"/SimpleStatementLine/import", "Import@2:0 ImportFrom@3:0 ImportFrom@4:0"},
        {"//module", "Module@1:0"},
        {"/class, module > def", "ClassDef@7:0 FunctionDef@20:0"},
        {"module // lambda", "Lambda@23:11"},
        {"class\n\t>method.body:first", "FunctionDef@8:4 FunctionDef@19:12"},
        {"(class, def) > (class, def) > class", "ClassDef@18:8"},
        {"if, if", "If@13:8 If@15:8"},
    };

    (void)state;
    ASSERT_ANSWERS(shop, cases);
}

static void test_function_behind_a_class_step_means_methods_too(void **state)
{
    static const expectation cases[] = {
        {"class > function[name=_sell]", "FunctionDef@12:4"},
        {"ClassDef function[name=_sell]", "FunctionDef@12:4"},
        {"class//function[name=method]", "FunctionDef@19:12"},
        {"class/IndentedBlock/function", ""},
        {"class:has(> function[name=_sell])", "ClassDef@7:0"},
        {"class:has(function[name=method]):first", "ClassDef@7:0"},
        {"* > function[name=_sell]", ""},
        {"Def:* function[name=_sell]", ""},
        {"(class) > function", ""},
        {"class ~ function", "FunctionDef@20:0"},
        {"class:not(function)", "ClassDef@7:0 ClassDef@18:8"},
    };

    (void)state;
    ASSERT_ANSWERS(shop, cases);
}

static const char lists[] = "a = 1; b = 2\n"                       /* 1 */
                            "if a: pass\n"                         /* 2 */
                            "c = 3\n"                              /* 3 */
                            "def f(p, /, q, *r, s, **t): pass\n"   /* 4 */
                            "class A(B, C, m=D): x: int; y: int\n" /* 5 */
                            "f(1, *n, k=[1, 2, 3])\n"              /* 6 */
                            "try: pass\n"                          /* 7 */
                            "except A: pass\n"                     /* 8 */
                            "except B: pass\n"                     /* 9 */
                            "else: pass\n";                        /* 10 */

static void test_siblings_are_those_of_one_list(void **state)
{
    static const expectation cases[] = {
        {"Assign + Assign", "Assign@1:7"},
        {"Assign ~ Assign", "Assign@1:7 Assign@3:0"},
        {"Assign + If + Assign", "Assign@3:0"},
        {"If + *", "Assign@3:0"},
        {"SimpleStatementLine + *", "If@2:0 FunctionDef@4:0 Try@7:0"},
        {"SimpleStatementLine ~ SimpleStatementLine", "SimpleStatementLine@3:0 SimpleStatementLine@6:0"},
        {"Param[name=p] + Param", "Param@4:12"},
        {"Param[name=q] ~ *", "Param@4:15 Param@4:19 Param@4:22"},
        {"ParamSlash + *, * + ParamSlash", ""},
        {"class > Arg + Arg", "Arg@5:11 Arg@5:14"},
        {"Call > Arg ~ Arg", "Arg@6:5 Arg@6:9"},
        {"Element + Element", "Element@6:15 Element@6:18"},
        {"ExceptHandler + *", "ExceptHandler@9:0"},
        {"AnnAssign + AnnAssign", "AnnAssign@5:28"},
        {"SimpleStatementLine + If", "If@2:0"},
        {"If + SimpleStatementLine, If ~ SimpleStatementLine", ""},
        {"If.body ~ *", "Assign@3:0 FunctionDef@4:0 ClassDef@5:0 Expr@6:0 Try@7:0"},
        {"Name + *, Pass ~ *", ""},
    };

    (void)state;
    ASSERT_ANSWERS(lists, cases);
}

static void test_child_numbers_count_the_same_lists(void **state)
{
    static const expectation cases[] = {
        {"smallstmt:first-child", "Assign@1:0 Pass@2:6 Pass@4:28 AnnAssign@5:20 Pass@7:5 Pass@8:10 Pass@9:10 Pass@10:6"},
        {"smallstmt:nth-child(2)", "Assign@1:7 AnnAssign@5:28"},
        {"Param:nth-child(odd)", "Param@4:6 Param@4:15 Param@4:22"},
        {"Param:nth-child(even)", "Param@4:12 Param@4:19"},
        {"Param:nth-child(-n+2)", "Param@4:6 Param@4:12"},
        {"Param:nth-child( 2n + 3 )", "Param@4:15 Param@4:22"},
        {"Param:nth-last-child(1), Param:last-child", "Param@4:22"},
        {"Element:nth-last-child(n + 2)", "Element@6:12 Element@6:15"},
        {"Arg:only-child, ParamSlash:only-child", "ParamSlash@4:9"},
        {"Element:nth-child(2 of [.value!='1'])", "Element@6:18"},
        {"Module:only-child", "Module@1:0"},
        {"SimpleStatementLine:first-child, SimpleStatementLine:nth-child(3)", "SimpleStatementLine@1:0 SimpleStatementLine@3:0"},
        {"Module > statement:last-child", "Try@7:0"},
        {"Element:nth-child(0), Element:nth-child(-1)", ""},
        {"Element:nth-child(+n-1)", "Element@6:12 Element@6:15 Element@6:18"},
    };

    (void)state;
    ASSERT_ANSWERS(lists, cases);
}

/* ---- Positions ---------------------------------------------------------------------------------------------------- */

static void test_positions_count_from_the_same_left_node(void **state)
{
    static const expectation cases[] = {
        {"method:first", "FunctionDef@8:4"},
        {"method[-1], method:last", "FunctionDef@19:12"},
        {"method:nth(1)", "FunctionDef@12:4"},
        {"method[2]", "FunctionDef@12:4"},
        {"method[9]", ""},
        {"def smallstmt[type=Return]:first", "Return@14:12 Return@23:4"},
        {"def smallstmt[type=Return]:last", "Return@17:12 Return@23:4"},
        {"def Return[2]", "Return@15:19"},
        {"def Return[-3]", "Return@14:12"},
        {"def > statement:first", "SimpleStatementLine@9:8 If@13:8 Expr@19:26 FunctionDef@21:4 Pass@21:17"},
        {"def / Param:*:last", "Parameters@8:17 Parameters@12:20 Parameters@19:23 Parameters@20:10 Parameters@21:14"},
        {"def > smallstmt:nth(0)", "Expr@9:8 Expr@19:26 Pass@21:17 Return@23:4"},
        {"/statement[2]", "SimpleStatementLine@2:0"},
        {"def:first[name=_sell]", ""},
        {"def[name=_sell]:first", "FunctionDef@12:4"},
        {"def:first:first, def:first[1]", "FunctionDef@8:4"},
        {"def:first:nth(1), def[1][2]", ""},
        {"def:last:not([name=close])", ""},
        {"Param + Param:first, Arg + Arg:last", "Arg@7:17 Param@8:23"},
        {"Param + Param:nth(1)", ""},
        {"Param ~ Param:last", "Param@8:43"},
        {"Param ~ Param[1]", "Param@8:23 Param@8:43"},
        {"import[1], class[1]", "Import@2:0 ClassDef@7:0"},
        {"class:has(> method:first[name=__init__])", "ClassDef@7:0"},
        {"class:has(> method:last[name=__init__])", ""},
        {"def:has(Return:first[value.value='1'])", "FunctionDef@12:4"},
        {"def:has(statement:first Integer)", "FunctionDef@12:4"},
        {"Import > ImportAlias:has(~ ImportAlias:nth(0))", "ImportAlias@2:7"},
    };

    (void)state;
    ASSERT_ANSWERS(shop, cases);
}

static void test_an_element_of_one_role(void **state)
{
    static const expectation cases[] = {
        {"Call > Arg.args[1]", "Arg@6:2"},
        {"Call > Arg.args[-1] > *.value", "List@6:11"},
        {"*.test", "Name@2:3"},
        {"Name.func", "Name@6:0"},
        {"If .test, If *.body", "Name@2:3 SimpleStatementSuite@2:6 Pass@2:6"},
        {".star_arg, *.posonly_ind", "ParamSlash@4:9 Param@4:15"},
    };

    (void)state;
    ASSERT_ANSWERS(lists, cases);
}

/* ---- Pseudo-classes ----------------------------------------------------------------------------------------------- */

static void test_pseudo_classes_ask_around_a_node(void **state)
{
    static const expectation cases[] = {
        {"def:not([name^=_]):not([name=close])", "FunctionDef@19:12 FunctionDef@20:0"},
        {"def:is([name=close], method):not(class class method)", "FunctionDef@8:4 FunctionDef@12:4 FunctionDef@21:4"},
        {"def:has(> If > If > Else)", "FunctionDef@12:4"},
        {"def:has(Lambda, Else)", "FunctionDef@12:4 FunctionDef@20:0"},
        {"def:has(/ Parameters / Param + Param)", "FunctionDef@8:4"},
        {"def:has(+ def)", "FunctionDef@8:4"},
        {"Import:has(~ def), import:has(// Name)", "Import@2:0 ImportFrom@3:0 ImportFrom@4:0"},
        {"def:has(:has(:has(Integer)))", "FunctionDef@12:4 FunctionDef@20:0"},
        {"class:not(:has(class))", "ClassDef@18:8"},
        {"Return:inside(If)", "Return@14:12 Return@15:19 Return@17:12"},
        {"class:inside(class)", "ClassDef@18:8"},
        {"Return:in-scope([name=open_])", "Return@23:4"},
        {"Integer:in-scope(Lambda)", "Integer@23:19"},
        {"Module:in-scope(*)", ""},
        {"SimpleString:in-scope(def)", "SimpleString@8:35 SimpleString@9:8"},
        {"Return:follows(class)", "Return@23:4"},
        {"import:precedes([name=d])", "Import@2:0 ImportFrom@3:0"},
        {"import:follows(Zap:not(*), Else)", "unknown type 'Zap'"},
        {"class:follows(Else):precedes(Lambda)", "ClassDef@18:8"},
        {":root, :scope", "Module@1:0"},
        {":async", "FunctionDef@12:4"},
        {":generator", "FunctionDef@19:12 FunctionDef@20:0"},
        {":decorated", "ClassDef@7:0"},
        {":decorated(\"wraps.once\"), :decorated('wraps'), :decorated('wraps.onc'), :decorated('wraps.once1')", "ClassDef@7:0"},
        {"def:dunder", "FunctionDef@8:4"},
        {"def:private, Param:private", "Param@8:43 FunctionDef@12:4"},
        {":has-docstring", "Module@1:0 FunctionDef@8:4"},
        {"method:not(:has-docstring)", "FunctionDef@12:4 FunctionDef@19:12"},
        {"Parameters:empty", "Parameters@19:23 Parameters@21:14 Parameters@23:17"},
        {"DEF:NOT(:HAS-DOCSTRING):LAST", "FunctionDef@21:4"},
    };

    (void)state;
    ASSERT_ANSWERS(shop, cases);
}

static void test_a_yield_belongs_to_the_def_that_evaluates_it(void **state)
{
    static const expectation cases[] = {
        {":generator", "FunctionDef@1:0 FunctionDef@3:0 Lambda@4:4 Lambda@8:4"},
    };

    (void)state;
    ASSERT_ANSWERS("def a():\n"
                   "    def b(x=(yield)): pass\n"
                   "def c(): return lambda x=(yield): 0\n"
                   "x = lambda: (yield)\n"
                   "def d():\n"
                   "    class E:\n"
                   "        x = lambda: 0\n"
                   "y = lambda: lambda z=(yield): z\n",
                   cases);
}

/* ---- The reference dialect ---------------------------------------------------------------------------------------- */

static void test_the_reference_dialect_answers_as_the_original(void **state)
{
    static const expectation cases[] = {
        {"class > method", ""},
        {"class method", "FunctionDef@8:4 FunctionDef@12:4 FunctionDef@19:12"},
        {"class function", ""},
        {"class>IndentedBlock>method[name=_sell]", "FunctionDef@12:4"},
        {"Return:first", "Return@14:12"},
        {"function[name=\"open_\"] smallstmt[type=\"Return\"]:first", ""},
        {"function smallstmt[type=\"Return\"]:last", "Return@23:4"},
        {"Return:first:nth(1)", ""},
        {"Return:nth(1):not(Return[start_line=14]):first", "Return@17:12"},
        {"Return:not(if Return):first", "Return@14:12"},
        {"Return:not(Return:nth(1)):first", "Return@14:12"},
        {"Return:not(Return:last)", ""},
        {"Return:not(Return):not(if):first", "Return@14:12"},
        {"Return:not(Return):not:first", "Return@14:12"},
        {"class:not([name=Shop])[name=method]", "FunctionDef@19:12 Name@19:16"},
        {"[start_line=\"021\"]", ""},
        {"import[start_line^=2]", "Import@2:0"},
        {"import[start_line<\" +0_3 \"]", "Import@2:0"},
        {"import[name!=x], if", "expected a combinator, a step or the end of the selector, found ','"},
        {"ImportFrom[module=\"\"]", "ImportFrom@3:0"},
        {"class[children_count=0]", "ClassDef@7:0 ClassDef@18:8"},
        {"Function:*", "FunctionDef@20:0 FunctionDef@21:4"},
        {"Import:*[start_line>2]", "ImportFrom@3:0 ImportFrom@4:0"},
        {"zap, x", "expected a combinator, a step or the end of the selector, found ','"},
        {"zap", ""},
        {"class[zap=1]", ""},
        {"*:nth(3)", "SimpleString@1:0"},
        {"newline:first", "Newline@1:13"},
        {"class[name=\"Shop\"]decorator", "Decorator@6:0"},
        {"Param[name=self]", ""},
    };

    (void)state;
    ASSERT_REFERENCE_ANSWERS(shop, cases);
}

static void assert_reference_code(const char *source, const char *selector, const char *expected)
{
    codedb_tree *tree = parse(source);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes = NULL;

    filter.selector = selector;
    filter.dialect = CODEDB_DIALECT_REFERENCE;
    assert_int_equal(codedb_tree_query(tree, &filter, &nodes, NULL), CODEDB_SUCCESS);
    assert_int_equal(nodes->count, 1);
    assert_string_equal(nodes->items[0]->code, expected);
    assert_int_equal(nodes->items[0]->code_length, strlen(expected));
    codedb_free(nodes);
    codedb_tree_free(tree);
}

static void test_the_reference_dialect_gives_a_node_with_all_that_hangs_on_it(void **state)
{
    static const char source[] = "class A:\n"
                                 "    # above\n"
                                 "  # shallow\n"
                                 "    @d  # deco\n"
                                 "    def f(self): # head\n"
                                 "        x = ((1),  # one\n"
                                 "    2, \"\"\"\n"
                                 "    raw\"\"\")\n"
                                 "        if x: \\\n"
                                 "          y\n"
                                 "        elif z:\n"
                                 "            w; v\n"
                                 "        match x:\n"
                                 "            # case\n"
                                 "            case 1: pass\n"
                                 "    # foot";

    (void)state;
    assert_reference_code(source, "def:*[name=f]",
                          "# above\n  # shallow\n@d  # deco\ndef f(self): # head\n"
                          "    x = ((1),  # one\n    2, \"\"\"\n    raw\"\"\")\n"
                          "    if x: \\\n          y\n    elif z:\n        w; v\n"
                          "    match x:\n        # case\n        case 1: pass\n");
    assert_reference_code(source, "If:last", "if z:\n    w; v\n");
    assert_reference_code(source, "MatchCase", "# case\ncase 1: pass\n");
    assert_reference_code(source, "Element:first", "(1),  # one\n    ");
    assert_reference_code(source, "Element:first Integer", "(1)");
    assert_reference_code(source, "Decorator", "@d  # deco\n");
    assert_reference_code(source, "EmptyLine:last", "# foot\n");
    assert_reference_code("x", "SimpleStatementLine", "x\n");
    assert_reference_code("x", "Module", "x");
    assert_reference_code("y\r\nx", "SimpleStatementLine:last", "x\r\n");
    assert_reference_code("y\rx", "Name:last", "x");
}

/* ---- Filters and results ------------------------------------------------------------------------------------------ */

static char *answer_filtered(const codedb_tree *tree, const char *selector, void (*change)(codedb_filter *filter))
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);

    filter.selector = selector;
    change(&filter);
    return answer(tree, &filter);
}

static void filter_by_type(codedb_filter *filter)
{
    filter->node_type = "Return";
}
static void filter_by_lower_type(codedb_filter *filter)
{
    filter->node_type = "return";
}
static void filter_by_name(codedb_filter *filter)
{
    filter->name = "close";
}
static void filter_by_qualname(codedb_filter *filter)
{
    filter->qualname = "Shop.__init__";
}
static void filter_by_lines(codedb_filter *filter)
{
    filter->start_line = 15;
    filter->end_line = 17;
}
static void filter_by_limit(codedb_filter *filter)
{
    filter->limit = 2;
}

static void test_further_conditions_must_all_hold(void **state)
{
    codedb_tree *tree = parse(shop);
    static const struct {
        const char *selector;
        void (*change)(codedb_filter *filter);
        const char *answer;
    } cases[] = {
        {"statement", filter_by_type, "Return@14:12 Return@15:19 Return@17:12 Return@23:4"},
        {"statement", filter_by_lower_type, ""},
        {"*", filter_by_name, "FunctionDef@21:4 Name@21:8"},
        {"def", filter_by_qualname, "FunctionDef@8:4"},
        {"statement", filter_by_lines, "If@15:8 Return@15:19 SimpleStatementLine@17:12 Return@17:12"},
        {"Return", filter_by_limit, "Return@14:12 Return@15:19"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = answer_filtered(tree, cases[i].selector, cases[i].change);
        assert_string_equal(got, cases[i].answer);
        free(got);
    }
    codedb_tree_free(tree);
}

static void test_a_result_says_everything_about_a_node(void **state)
{
    codedb_tree *tree = parse("\xEF\xBB\xBF"
                              "class A:\r\n    x = '\303\251'; y = 1\r\n    def f(self):\r\n        pass\r\n");
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    const codedb_node_info *node;
    codedb_nodes *nodes = NULL;

    (void)state;
    filter.selector = "def, Assign:last";
    assert_success(codedb_tree_query(tree, &filter, &nodes, &result), result);
    codedb_tree_free(tree); /* a result stands on its own */
    assert_int_equal(nodes->count, 2);
    node = nodes->items[0];
    assert_string_equal(node->type, "Assign");
    assert_string_equal(node->kind, "smallstmt");
    assert_null(node->name);
    assert_string_equal(node->qualname, "A");
    assert_string_equal(node->code, "y = 1");
    assert_int_equal(node->start_line, 2);
    assert_int_equal(node->start_column, 13);
    assert_int_equal(node->end_column, 18);
    assert_int_equal(node->start_byte, 27);
    assert_int_equal(node->end_byte, 32);
    node = nodes->items[1];
    assert_string_equal(node->type, "FunctionDef");
    assert_string_equal(node->kind, "method");
    assert_string_equal(node->name, "f");
    assert_string_equal(node->qualname, "A.f");
    assert_string_equal(node->node_id, "0.0.1.1");
    assert_string_equal(node->code, "def f(self):\r\n        pass");
    assert_int_equal(node->code_length, 26);
    assert_int_equal(node->start_line, 3);
    assert_int_equal(node->end_line, 4);
    assert_int_equal(node->end_column, 12);
    codedb_free(nodes);
    codedb_result_clear(&result);
}

static void test_the_module_ends_behind_its_last_line(void **state)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    static const char *const sources[] = {"x", "x\n"};
    static const char *const selectors[] = {"Module", "Module, Comma"};
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        codedb_tree *tree = parse(sources[i / 2]);
        codedb_nodes *nodes = NULL;
        filter.selector = selectors[i % 2];
        assert_int_equal(codedb_tree_query(tree, &filter, &nodes, NULL), CODEDB_SUCCESS);
        assert_int_equal(nodes->items[0]->end_line, 2);
        assert_int_equal(nodes->items[0]->end_column, 0);
        codedb_free(nodes);
        codedb_tree_free(tree);
    }
}

static void test_node_ids_are_unique_and_the_same_in_both_views(void **state)
{
    codedb_tree *tree = parse(lists);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *stored = NULL;
    codedb_nodes *whole = NULL;
    size_t i;
    size_t j = 0;

    (void)state;
    filter.selector = "*";
    assert_int_equal(codedb_tree_query(tree, &filter, &stored, NULL), CODEDB_SUCCESS);
    filter.dialect = CODEDB_DIALECT_REFERENCE;
    assert_int_equal(codedb_tree_query(tree, &filter, &whole, NULL), CODEDB_SUCCESS);
    assert_true(whole->count > stored->count);
    for (i = 0; i < whole->count; i++) {
        size_t other;
        for (other = 0; other < i; other++)
            assert_string_not_equal(whole->items[i]->node_id, whole->items[other]->node_id);
        if (j < stored->count && strcmp(whole->items[i]->node_id, stored->items[j]->node_id) == 0)
            j++;
        else
            assert_contains(whole->items[i]->node_id, "w");
    }
    assert_int_equal(j, stored->count);
    codedb_free(stored);
    codedb_free(whole);
    codedb_tree_free(tree);
}

/* ---- Errors and limits -------------------------------------------------------------------------------------------- */

static void test_a_wrong_call_says_what_is_wrong(void **state)
{
    codedb_tree *tree = parse("x\n");
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_nodes *nodes = NULL;

    (void)state;
    assert_code(codedb_tree_query(tree, &filter, &nodes, &result), CODEDB_INVALID_REQUEST, result);
    assert_contains(result.description, "filter->selector is NULL");
    filter.selector = "*";
    assert_code(codedb_tree_query(NULL, &filter, &nodes, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_tree_query(tree, NULL, &nodes, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_tree_query(tree, &filter, NULL, &result), CODEDB_INVALID_REQUEST, result);
    filter.dialect = (codedb_dialect)7;
    assert_code(codedb_tree_query(tree, &filter, &nodes, &result), CODEDB_INVALID_REQUEST, result);
    filter.dialect = CODEDB_DIALECT_DEFAULT;
    filter.struct_size = 8;
    assert_code(codedb_tree_query(tree, &filter, &nodes, &result), CODEDB_INVALID_REQUEST, result);
    assert_null(nodes);
    filter.struct_size = sizeof filter;
    filter.selector = "Name[";
    assert_code(codedb_tree_query(tree, &filter, &nodes, &result), CODEDB_SELECTOR_ERROR, result);
    assert_null(nodes);
    codedb_result_clear(&result);
    codedb_tree_free(tree);
}

/* The text of a node is searched together with those around it: answers must not depend on what was asked before. */
static void test_a_text_is_found_in_every_node_that_holds_it(void **state)
{
    static const char source[] = "@zap\n"                /* 1 */
                                 "@other.zap\n"          /* 2 */
                                 "def f(a=zap, b=za):\n" /* 3 */
                                 "    x = a + zap + b\n" /* 4 */
                                 "    y = za; p = 1\n";  /* 5 */
    static const expectation cases[] = {
        {"*[code*=zap]",
         "Module@1:0 FunctionDef@3:0 Decorator@1:0 Name@1:1 Decorator@2:0 Attribute@2:1 Name@2:7 Parameters@3:6 "
         "Name@3:8 IndentedBlock@4:4 SimpleStatementLine@4:4 Assign@4:4 BinaryOperation@4:8 BinaryOperation@4:8 Name@4:12"},
        {"*[code*=zap]:not(Name)[code*=\"a + \"]",
         "Module@1:0 FunctionDef@3:0 IndentedBlock@4:4 SimpleStatementLine@4:4 Assign@4:4 BinaryOperation@4:8 BinaryOperation@4:8"},
        {"*[code*=ZAP], Name[code*=\"ZAP\" i]", "Name@1:1 Name@2:7 Name@3:8 Name@4:12"},
        {"Name[name*=za]:not([name*=zap])", "Name@3:15 Name@5:8"},
        {"Decorator[.decorator*=zap], Param[.default*=za]", "Decorator@1:0 Decorator@2:0 Param@3:6 Param@3:13"},
        {"Assign[code*=\"\"]", "Assign@4:4 Assign@5:4 Assign@5:12"},
        {"Assign[code*=\"p = 1\"]", "Assign@5:12"},
        {"*[code*=\"1\\n\"]", "Module@1:0"},
    };

    (void)state;
    ASSERT_ANSWERS(source, cases);
}

static void test_a_query_ends_when_its_time_is_over(void **state)
{
    codedb_tree *tree = parse(shop);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_nodes *nodes = NULL;

    (void)state;
    filter.selector = "*:has(*) *:not(:inside(if)):first";
    filter.timeout = 1e-9;
    assert_code(codedb_tree_query(tree, &filter, &nodes, &result), CODEDB_TIMEOUT, result);
    assert_null(nodes);
    filter.timeout = 3600;
    assert_success(codedb_tree_query(tree, &filter, &nodes, &result), result);
    codedb_free(nodes);
    codedb_result_clear(&result);
    codedb_tree_free(tree);
}

/* `x = "aaa..."` */
static char *long_string(size_t length)
{
    char *source = malloc(length + 8);
    assert_non_null(source);
    memcpy(source, "x = \"", 5);
    memset(source + 5, 'a', length);
    memcpy(source + 5 + length, "\"\n", 3);
    return source;
}

/* Rule 1, inside a single text: a regular expression that keeps a thousand states ends with the time, and is no answer. */
static void test_a_search_in_one_text_ends_when_its_time_is_over(void **state)
{
    char *source = long_string(300000);
    codedb_tree *tree = parse(source);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_nodes *nodes = NULL;

    (void)state;
    filter.selector = "SimpleString[value=/(a?){1000}b/]";
    filter.timeout = 0.01;
    assert_code(codedb_tree_query(tree, &filter, &nodes, &result), CODEDB_TIMEOUT, result);
    assert_null(nodes);
    filter.selector = "SimpleString:not([value=/(a?){1000}b/])";
    assert_code(codedb_tree_query(tree, &filter, &nodes, &result), CODEDB_TIMEOUT, result);
    codedb_result_clear(&result);
    codedb_tree_free(tree);
    free(source);
}

/* Letter by letter these would be 4,000,000,000 comparisons. */
static void test_a_long_text_is_found_in_a_long_text_whatever_its_case(void **state)
{
    static const char end[] = "B\" i]";
    char *source = long_string(200000), selector[20100] = "SimpleString[value*=\"";
    codedb_tree *tree = parse(source);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_nodes *nodes = NULL;
    size_t start = strlen(selector);

    (void)state;
    memset(selector + start, 'A', 20000);
    memcpy(selector + start + 20000, end, sizeof end);
    filter.selector = selector;
    filter.timeout = 5;
    assert_success(codedb_tree_query(tree, &filter, &nodes, &result), result);
    assert_int_equal(nodes->count, 0);
    codedb_free(nodes);
    selector[start + 20000] = 'a';
    assert_success(codedb_tree_query(tree, &filter, &nodes, &result), result);
    assert_int_equal(nodes->count, 1);
    codedb_free(nodes);
    codedb_result_clear(&result);
    codedb_tree_free(tree);
    free(source);
}

enum { ASKING_THREADS = 4, ASKING_ROUNDS = 200 };

typedef struct asking {
    const codedb_selector *selectors[2];
    const codedb_tree *trees[2];
    size_t found[2][2]; /* by selector and tree */
} asking;

static void *ask_again_and_again(void *context)
{
    asking *job = context;
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    int i;

    for (i = 0; i < ASKING_ROUNDS; i++) {
        codedb_nodes *nodes = NULL;
        filter.compiled = job->selectors[i & 1];
        if (codedb_tree_query(job->trees[i >> 1 & 1], &filter, &nodes, NULL) == CODEDB_SUCCESS)
            job->found[i & 1][i >> 1 & 1] = nodes->count;
        codedb_free(nodes);
    }
    return NULL;
}

static void test_a_compiled_selector_is_used_by_several_threads_at_once(void **state)
{
    codedb_selector_options options = CODEDB_INIT(codedb_selector_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_selector *selectors[2];
    codedb_tree *trees[2] = {parse("class A:\n    def f(self): pass\n"), parse("def f(x):\n    if x: return 1\n")};
    pthread_t threads[ASKING_THREADS];
    asking jobs[ASKING_THREADS];
    int i;

    (void)state;
    assert_success(codedb_selector_compile("def:has(> If) Return[value=/1|x/]", NULL, &selectors[0], &result), result);
    options.dialect = CODEDB_DIALECT_REFERENCE;
    assert_success(codedb_selector_compile("class method:first", &options, &selectors[1], &result), result);
    for (i = 0; i < ASKING_THREADS; i++) {
        jobs[i] = (asking){{selectors[0], selectors[1]}, {trees[0], trees[1]}, {{9, 9}, {9, 9}}};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_again_and_again, &jobs[i]), 0);
    }
    for (i = 0; i < ASKING_THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (i = 0; i < ASKING_THREADS; i++) {
        assert_int_equal(jobs[i].found[0][0], 0);
        assert_int_equal(jobs[i].found[0][1], 1);
        assert_int_equal(jobs[i].found[1][0], 1);
        assert_int_equal(jobs[i].found[1][1], 0);
    }
    codedb_selector_free(selectors[0]);
    codedb_selector_free(selectors[1]);
    codedb_tree_free(trees[0]);
    codedb_tree_free(trees[1]);
    codedb_result_clear(&result);
}

static void test_a_compiled_selector_stands_for_text_and_dialect(void **state)
{
    codedb_tree *tree = parse("class A:\n    def f(self): pass\n");
    codedb_selector_options options = CODEDB_INIT(codedb_selector_options);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    char text[] = "class > method";
    codedb_selector *selector = NULL;
    codedb_target *targets = NULL;
    uint32_t count;
    char *got;
    int i;

    (void)state;
    filter.selector = "Nothing[that";
    for (i = 0; i < 2; i++) {
        options.dialect = i == 0 ? CODEDB_DIALECT_DEFAULT : CODEDB_DIALECT_REFERENCE; /* where `>` is the parent */
        assert_success(codedb_selector_compile(text, &options, &selector, &result), result);
        filter.compiled = selector;
        if (i == 0)
            text[0] = 'C'; /* it was copied */
        got = answer(tree, &filter);
        assert_string_equal(got, i == 0 ? "FunctionDef@2:4" : "");
        free(got);
        assert_success(codedb_xpath_select(tree, &filter, &targets, &count, &result), result);
        assert_int_equal(count, 1 - i);
        codedb_memory_release(&tree->allocator, targets);
        codedb_selector_free(selector);
    }
    codedb_result_clear(&result);
    codedb_tree_free(tree);
}

static void test_selecting_gives_stored_nodes_only(void **state)
{
    codedb_tree *tree = parse(lists);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_target *targets = NULL;
    uint32_t count;
    uint32_t i;

    (void)state;
    filter.selector = "Assign, If:not(Comma)";
    assert_success(codedb_xpath_select(tree, &filter, &targets, &count, &result), result);
    assert_int_equal(count, 4);
    for (i = 0; i < count; i++) {
        assert_true(tree->nodes[targets[i].node].kind == (i == 2 ? CODEDB_NODE_IF : CODEDB_NODE_ASSIGN));
        assert_true(i == 0 || targets[i].node > targets[i - 1].node);
    }
    codedb_memory_release(&tree->allocator, targets);
    filter.selector = "Comment, Assign:first";
    assert_success(codedb_xpath_select(tree, &filter, &targets, &count, &result), result);
    assert_true(count > 0 && targets[0].comment == CODEDB_NO_COMMENT);
    codedb_memory_release(&tree->allocator, targets);
    filter.selector = "Assign, Semicolon";
    assert_code(codedb_xpath_select(tree, &filter, &targets, &count, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "a Semicolon at line 1, column 6");
    assert_null(targets);
    filter.selector = "While";
    assert_success(codedb_xpath_select(tree, &filter, &targets, &count, &result), result);
    assert_int_equal(count, 0);
    assert_non_null(targets);
    codedb_memory_release(&tree->allocator, targets);
    filter.selector = "Whale";
    assert_code(codedb_xpath_select(tree, &filter, &targets, &count, &result), CODEDB_SELECTOR_ERROR, result);
    assert_code(codedb_xpath_select(NULL, &filter, &targets, &count, &result), CODEDB_INVALID_REQUEST, result);
    codedb_result_clear(&result);
    codedb_tree_free(tree);
}

static void test_an_empty_source_is_a_module(void **state)
{
    static const expectation cases[] = {
        {"*", "Module@1:0"},      {"* *", ""}, {"* + *, * ~ *, /*, */*", ""}, {":has(*)", ""}, {"* *:first, /*[1]", ""},
        {":empty", "Module@1:0"},
    };

    (void)state;
    ASSERT_ANSWERS("", cases);
}

static void test_every_failing_allocation_is_an_answer(void **state)
{
    static const char *const selectors[] = {"def:has(> statement:first Integer) *[qualname]:last, "
                                            "Comma:inside(Param:*):in-scope(def)[node_id][depth][code][docstring!=x]",
                                            ":generator, method:nth-child(1 of def), def ~ def[1], def + *, If[-1]:first, /*[1], "
                                            "* > *[1], .body:follows(if):precedes(def), def[name=/x+|y/]"};
    static const char reference[] = "class:not([name=x]) *:nth(3)";
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    support_failing failing;
    size_t i;
    long n;

    (void)state;
    options.allocator = &failing.allocator;
    for (i = 0; i < 3; i++) {
        for (n = 0; support_failing_start(&failing, n); n++) {
            codedb_tree *tree = NULL;
            codedb_nodes *nodes = NULL;
            codedb_code code = codedb_tree_parse(shop, strlen(shop), &options, &tree, &result);
            filter.selector = i < 2 ? selectors[i] : reference;
            filter.dialect = i < 2 ? CODEDB_DIALECT_DEFAULT : CODEDB_DIALECT_REFERENCE;
            if (code == CODEDB_SUCCESS)
                code = codedb_tree_query(tree, &filter, &nodes, &result);
            assert_true(code == CODEDB_SUCCESS || code == CODEDB_NO_MEMORY);
            codedb_free(nodes);
            codedb_tree_free(tree);
            support_failing_check(&failing, code);
        }
    }
    codedb_result_clear(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_are_class_names_words_and_affixes),
        cmocka_unit_test(test_attributes_compare_text_and_numbers),
        cmocka_unit_test(test_regular_expressions_search_in_the_value),
        cmocka_unit_test(test_field_paths_follow_libcst),
        cmocka_unit_test(test_combinators_look_through_blocks_and_lines),
        cmocka_unit_test(test_function_behind_a_class_step_means_methods_too),
        cmocka_unit_test(test_siblings_are_those_of_one_list),
        cmocka_unit_test(test_child_numbers_count_the_same_lists),
        cmocka_unit_test(test_positions_count_from_the_same_left_node),
        cmocka_unit_test(test_an_element_of_one_role),
        cmocka_unit_test(test_pseudo_classes_ask_around_a_node),
        cmocka_unit_test(test_a_yield_belongs_to_the_def_that_evaluates_it),
        cmocka_unit_test(test_the_reference_dialect_answers_as_the_original),
        cmocka_unit_test(test_the_reference_dialect_gives_a_node_with_all_that_hangs_on_it),
        cmocka_unit_test(test_further_conditions_must_all_hold),
        cmocka_unit_test(test_a_result_says_everything_about_a_node),
        cmocka_unit_test(test_the_module_ends_behind_its_last_line),
        cmocka_unit_test(test_node_ids_are_unique_and_the_same_in_both_views),
        cmocka_unit_test(test_a_wrong_call_says_what_is_wrong),
        cmocka_unit_test(test_a_text_is_found_in_every_node_that_holds_it),
        cmocka_unit_test(test_a_query_ends_when_its_time_is_over),
        cmocka_unit_test(test_a_search_in_one_text_ends_when_its_time_is_over),
        cmocka_unit_test(test_a_long_text_is_found_in_a_long_text_whatever_its_case),
        cmocka_unit_test(test_a_compiled_selector_is_used_by_several_threads_at_once),
        cmocka_unit_test(test_a_compiled_selector_stands_for_text_and_dialect),
        cmocka_unit_test(test_selecting_gives_stored_nodes_only),
        cmocka_unit_test(test_an_empty_source_is_a_module),
        cmocka_unit_test(test_every_failing_allocation_is_an_answer),
    };

    return cmocka_run_group_tests_name("xpath", tests, NULL, NULL);
}
