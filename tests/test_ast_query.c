/* test_ast_query.c -- accuses codedb_ast_query.c and codedb_ast_view.c: selectors over CPython's ast.
 *
 * `make oracle-ast-selectors` compares random selectors over real files with an evaluator over Python's own ast module. */
#include "support.h"

#include "codedb.h"

/* ---- Asking ------------------------------------------------------------------------------------------------------- */

typedef struct text {
    char *data;
    size_t length;
} text;

static int append(void *context, const char *bytes, size_t length)
{
    text *to = context;
    to->data = realloc(to->data, to->length + length + 1);
    assert_non_null(to->data);
    memcpy(to->data + to->length, bytes, length);
    to->length += length;
    to->data[to->length] = '\0';
    return 0;
}

static text json_of(const char *source)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    text json = {NULL, 0};
    assert_success(codedb_ast_from_source(source, strlen(source), NULL, append, &json, &result), result);
    return json;
}

static codedb_nodes *ask_with(const text *json, const char *source, const codedb_filter *filter)
{
    codedb_ast_options options = CODEDB_INIT(codedb_ast_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_nodes *nodes;
    options.source = source;
    options.source_length = source == NULL ? 0 : strlen(source);
    options.path = "/a/b.py";
    assert_success(codedb_ast_json_query(json->data, json->length, &options, filter, &nodes, &result), result);
    return nodes;
}

/* What a selector finds, `Type line` with a name behind it where there is one, separated by ", "; the source at hand or not. */
static void assert_finds_in(const char *source, int at_hand, const char *selector, const char *expected)
{
    text json = json_of(source);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes;
    char found[4096] = "";
    size_t used = 0;
    size_t i;
    filter.selector = selector;
    nodes = ask_with(&json, at_hand ? source : NULL, &filter);
    for (i = 0; i < nodes->count && used + 200 < sizeof found; i++) {
        const codedb_node_info *node = nodes->items[i];
        used += (size_t)sprintf(found + used, "%s%s %u%s%s", i == 0 ? "" : ", ", node->type, node->start_line,
                                node->name == NULL ? "" : " ", node->name == NULL ? "" : node->name);
    }
    if (strcmp(found, expected) != 0)
        print_error("%s\n", selector);
    assert_string_equal(found, expected);
    codedb_free(nodes);
    free(json.data);
}

static const char world[] = "\"\"\"Doc.\"\"\"\n"                                    /* 1 */
                            "import os.path as p\n"                                 /* 2 */
                            "from ..a.b import (c, d as e)\n"                       /* 3 */
                            "@deco\n"                                               /* 4 */
                            "@pkg.mod.deco(1)\n"                                    /* 5 */
                            "class A(B, C, metaclass=M):\n"                         /* 6 */
                            "    'Doc of A\\x21'\n"                                 /* 7 */
                            "    def __init__(self, a, /, b=1, *c, d: int, **e):\n" /* 8 */
                            "        self.a = lambda x, y: (yield)\n"               /* 9 */
                            "        def inner(): return 1\n"                       /* 10 */
                            "        return inner\n"                                /* 11 */
                            "    async def _private(self): await x\n"               /* 12 */
                            "    class N:\n"                                        /* 13 */
                            "        def deep(self): yield 1\n"                     /* 14 */
                            "def outer():\n"                                        /* 15 */
                            "    global G\n"                                        /* 16 */
                            "    def G(): pass\n"                                   /* 17 */
                            "    def H(): return (i for i in range(3) if i > 1)\n"  /* 18 */
                            "    return -1 + 2 if True else {'k': None, **a}\n"     /* 19 */
                            "f(1, 'two', *s, key=3)\n"                              /* 20 */
                            "async def top():\n"                                    /* 21 */
                            "    [z async for z in y]\n"                            /* 22 */
                            "for q in []:\n"                                        /* 23 */
                            "    break\n"                                           /* 24 */
                            "else: pass\n"                                          /* 25 */
                            "a.b . c(d)\n";                                         /* 26 */

static void assert_finds(const char *selector, const char *expected)
{
    assert_finds_in(world, 1, selector, expected);
}

/* ---- Tests -------------------------------------------------------------------------------------------------------- */

static void test_types_words_and_affixes_are_those_of_the_ast(void **state)
{
    (void)state;
    assert_finds("ClassDef", "ClassDef 6 A, ClassDef 13 N");
    assert_finds("asyncfunctiondef", "AsyncFunctionDef 12 _private, AsyncFunctionDef 21 top");
    assert_finds("method", "FunctionDef 8 __init__, FunctionDef 10 inner, AsyncFunctionDef 12 _private, FunctionDef 14 deep");
    assert_finds("function", "FunctionDef 15 outer, FunctionDef 17 G, FunctionDef 18 H, AsyncFunctionDef 21 top");
    assert_finds("Async:*", "AsyncFunctionDef 12 _private, AsyncFunctionDef 21 top");
    assert_finds("import", "Import 2, ImportFrom 3");
    assert_finds("decorator", "Name 4 deco, Call 5");
    assert_finds("decorator Name", "Name 5 pkg");
    assert_finds("Name[kind=decorator]", "Name 4 deco");
    assert_finds("stmt", "For 23");
    assert_finds("For > smallstmt", "Break 24, Pass 25");
    assert_finds("module", "Module 0");
    assert_finds("class > statement.body[2]", "FunctionDef 8 __init__");
    assert_finds("[type=\"Lambda\"]", "Lambda 9");
    assert_finds("BinOp > expression", "UnaryOp 19, Constant 19");
}

static void test_a_child_is_a_child_with_both_combinators(void **state)
{
    (void)state;
    assert_finds("class > method", "FunctionDef 8 __init__, AsyncFunctionDef 12 _private, FunctionDef 14 deep");
    assert_finds("class/method", "FunctionDef 8 __init__, AsyncFunctionDef 12 _private, FunctionDef 14 deep");
    assert_finds("class > function[name=\"deep\"]", "FunctionDef 14 deep");
    assert_finds("/def", "FunctionDef 15 outer, AsyncFunctionDef 21 top");
    assert_finds("def Return:first", "Return 10, Return 18");
}

static void test_lists_have_the_members_that_belong_together(void **state)
{
    (void)state;
    assert_finds("arg ~ arg", "arg 8, arg 8, arg 8, arg 8, arg 8, arg 9");
    assert_finds("arg.vararg + arg", "arg 8");
    assert_finds("ClassDef > Name + keyword", "keyword 6");
    assert_finds("Call > Starred ~ *", "keyword 20");
    assert_finds("Call[func=\"f\"] > *:nth-child(2)", "Constant 20");
    assert_finds("Dict > *.keys:only-child", "Constant 19");
    assert_finds("Dict > *.values:last-child", "Name 19 a");
    assert_finds("FunctionDef + FunctionDef", "FunctionDef 18 H");
    assert_finds("BinOp > *:only-child", "UnaryOp 19, Add 0, Constant 19");
}

static void test_attributes_say_what_they_say_in_the_cst(void **state)
{
    (void)state;
    assert_finds("def[qualname=\"A.__init__\"]", "FunctionDef 8 __init__");
    assert_finds("def[qualname=\"A.N.deep\"]", "FunctionDef 14 deep");
    assert_finds("def[qualname=\"A.inner\"]", "FunctionDef 10 inner");
    assert_finds("Return[qualname=\"A.__init__.inner\"]", "Return 10");
    assert_finds("[fqn=\"A.__init__.<locals>.inner\"]", "FunctionDef 10 inner, Return 10, Constant 10");
    assert_finds("def[fqn=\"G\"]", "FunctionDef 17 G");
    assert_finds("GeneratorExp[fqn=\"outer.<locals>.H.<locals>.<genexpr>\"]", "GeneratorExp 18");
    assert_finds("Call[fqn=\"outer.<locals>.H\"]", "Call 18");
    assert_finds("Lambda[fqn=\"A.__init__.<locals>.<lambda>\"]", "Lambda 9");
    assert_finds("ImportFrom[module=\"a.b\"]", "ImportFrom 3");
    assert_finds("def[args_count=6]", "FunctionDef 8 __init__");
    assert_finds("Lambda[args_count=2], Call[args_count=4]", "Lambda 9, Call 20");
    assert_finds("class[children_count=9]", "ClassDef 6 A");
    assert_finds("def[line_count=4]", "FunctionDef 8 __init__");
    assert_finds("def[start_line>20][end_line<23]", "AsyncFunctionDef 21 top");
    assert_finds("Call[start_col=0]", "Call 20, Call 26");
    assert_finds("Name[end_col=1][end_line=26]", "Name 26 a");
    assert_finds("Pass[depth=2]", "Pass 25");
    assert_finds("Import[start_byte=11][end_byte=30]", "Import 2");
    assert_finds("class[docstring=\"Doc of A!\"], module[docstring=\"Doc.\"]", "Module 0, ClassDef 6 A");
    assert_finds("Return[code=\"return inner\"]", "Return 11");
    assert_finds("Break[path$=\"b.py\"]", "Break 24");
    assert_finds("Break[node_id=\"0.7.2\"]", "Break 24");
    assert_finds("alias[asname=\"p\"]", "alias 2 os.path");
}

static void test_fields_hold_text_or_nodes(void **state)
{
    (void)state;
    assert_finds("ImportFrom[level=2]", "ImportFrom 3");
    assert_finds("Call[func=\"a.b . c\"]", "Call 26");
    assert_finds("Call[func.value.value.id=\"a\"]", "Call 26");
    assert_finds("Global[names=\"G\"]", "Global 16");
    assert_finds("Global[names!=\"x\"]", "Global 16");
    assert_finds("BinOp[op=\"Add\"]", "BinOp 19");
    assert_finds("Name[ctx=\"Store\"]", "Name 18 i, Name 22 z, Name 23 q");
    assert_finds("Constant[value=\"two\"]", "Constant 20");
    assert_finds("Constant[value=\"None\"], Constant[value=True]", "Constant 19, Constant 19");
    assert_finds("keyword[arg=key]", "keyword 20");
    assert_finds("keyword[value=\"3\"]", "keyword 20");
    assert_finds("Return[value]", "Return 10, Return 11, Return 18, Return 19");
    assert_finds("arg[annotation=\"int\"]", "arg 8");
    assert_finds("comprehension[is_async=1]", "comprehension 0");
    assert_finds("def[.args]", "FunctionDef 8 __init__, FunctionDef 10 inner, AsyncFunctionDef 12 _private, FunctionDef 14 deep, "
                               "FunctionDef 15 outer, FunctionDef 17 G, FunctionDef 18 H, AsyncFunctionDef 21 top");
    assert_finds("def[type_comment], def[returns], Lambda[args=\"x\"]", "");
    assert_finds("*.vararg", "arg 8");
}

static void test_constants_of_every_form_have_a_text(void **state)
{
    static const char source[] =
        "0xffffffffffffffffffff; 1e999; 2.5j; 1e999j; b'a\\xff'; ...; '\\N{EM DASH}x'; '\\ud800'; 'a\"b'\n"
        "match x:\n    case None: pass\nu'k'\n";
    (void)state;
    assert_finds_in(source, 1, "Constant[value^=\"0xfff\"]", "Constant 1");
    assert_finds_in(source, 1, "Constant[value=\"inf\"]", "Constant 1");
    assert_finds_in(source, 1, "Constant[value=\"2.5j\"], Constant[value=\"infj\"]", "Constant 1, Constant 1");
    assert_finds_in(source, 1, "Constant[value=\"a\\u00ff\"]", "Constant 1");
    assert_finds_in(source, 1, "Constant[value=\"...\"]", "Constant 1");
    assert_finds_in(source, 1, "Constant[value=\"\\u2014x\"]", "Constant 1");
    assert_finds_in(source, 1, "Constant[value='a\"b']", "Constant 1");
    assert_finds_in(source, 1, "MatchSingleton[value=\"None\"]", "MatchSingleton 3");
    assert_finds_in(source, 1, "Constant[.kind=u]", "Constant 4");
    assert_finds_in("f'{x!r:>{w}}'", 1, "FormattedValue[conversion=114]", "FormattedValue 1");
}

static void test_without_the_source_dotted_names_still_say_themselves(void **state)
{
    (void)state;
    assert_finds_in(world, 0, "Call[func=\"a.b.c\"]", "Call 26");
    assert_finds_in(world, 0, "Call[func=\"f\"]", "Call 20");
    assert_finds_in(world, 0, "Return[value=\"1\"]", "");
    assert_finds_in(world, 0, "Return[value]:first", "Return 10");
    assert_finds_in(world, 0, "def[code], def[start_byte]", "");
    assert_finds_in(world, 0, "class[docstring^=\"Doc of\"]", "ClassDef 6 A");
}

static void test_pseudo_classes_hold_for_what_they_say(void **state)
{
    (void)state;
    assert_finds("*:async", "AsyncFunctionDef 12 _private, AsyncFunctionDef 21 top, comprehension 0");
    assert_finds("*:generator", "Lambda 9, FunctionDef 14 deep");
    assert_finds("*:decorated", "ClassDef 6 A");
    assert_finds("class:decorated(\"pkg.mod.deco\"), class:decorated(\"mod.deco\")", "ClassDef 6 A");
    assert_finds("class:decorated(\"mod.deco\"), class:decorated(\"x.deco\"), class:decorated(\"pkg\")", "");
    assert_finds("def:dunder", "FunctionDef 8 __init__");
    assert_finds("def:private", "AsyncFunctionDef 12 _private");
    assert_finds("*:has-docstring", "Module 0, ClassDef 6 A");
    assert_finds("Return:in-scope(method)", "Return 10, Return 11");
    assert_finds("*:root", "Module 0");
    assert_finds("def:has(> Global)", "FunctionDef 15 outer");
    assert_finds("Name:inside(Lambda), arg:inside(Lambda)", "arg 9, arg 9");
    assert_finds("smallstmt:follows(For)", "Expr 26");
    assert_finds("For > *:empty", "Break 24, Pass 25");
    assert_finds("*.func", "Attribute 5, Name 18 range, Name 20 f, Attribute 26");
}

static void test_the_answer_tells_what_is_known_of_a_node(void **state)
{
    text json = json_of(world);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes;
    const codedb_node_info *node;
    (void)state;
    filter.selector = "Return, comprehension";
    filter.start_line = 11;
    filter.end_line = 11;
    nodes = ask_with(&json, world, &filter);
    assert_int_equal(nodes->count, 1);
    node = nodes->items[0];
    assert_string_equal(node->type, "Return");
    assert_string_equal(node->kind, "smallstmt");
    assert_string_equal(node->qualname, "A.__init__");
    assert_null(node->name);
    assert_string_equal(node->node_id, "0.3.4.3");
    assert_int_equal(node->start_column, 8);
    assert_int_equal(node->end_column, 20);
    assert_string_equal(node->code, "return inner");
    assert_int_equal(node->code_length, 12);
    assert_int_equal(node->end_byte - node->start_byte, 12);
    assert_string_equal(node->ast_json,
                        "{\"_type\":\"Return\",\"value\":{\"_type\":\"Name\",\"id\":\"inner\",\"ctx\":{\"_type\":\"Load\"},"
                        "\"lineno\":11,\"col_offset\":15,\"end_lineno\":11,\"end_col_offset\":20},\"lineno\":11,"
                        "\"col_offset\":8,\"end_lineno\":11,\"end_col_offset\":20}");
    assert_int_equal(node->ast_json_length, strlen(node->ast_json));
    codedb_free(nodes);
    nodes = ask_with(&json, NULL, &filter);
    assert_int_equal(nodes->count, 1);
    assert_null(nodes->items[0]->code);
    codedb_free(nodes);
    filter = (codedb_filter)CODEDB_INIT(codedb_filter);
    filter.selector = "*";
    filter.node_type = "FunctionDef";
    filter.qualname = "A.N.deep";
    filter.name = "deep";
    filter.limit = 1;
    nodes = ask_with(&json, NULL, &filter);
    assert_int_equal(nodes->count, 1);
    codedb_free(nodes);
    free(json.data);
}

static void test_names_with_escapes_are_what_they_say(void **state)
{
    const char *json =
        "{\"_type\":\"Module\",\"body\":[{\"_type\":\"ClassDef\",\"name\":\"\\u00c9\",\"body\":[{\"_type\":\"Global\",\"names\":"
        "[\"\\u0078\"]},{\"_type\":\"ClassDef\",\"name\":\"x\",\"body\":[{\"_type\":\"Pass\"}]}]}]}";
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    text given = {(char *)(uintptr_t)json, strlen(json)};
    codedb_nodes *nodes;
    (void)state;
    filter.selector = "class[name=\"\xC3\x89\"]";
    nodes = ask_with(&given, NULL, &filter);
    assert_int_equal(nodes->count, 1);
    assert_string_equal(nodes->items[0]->name, "\xC3\x89");
    codedb_free(nodes);
    filter.selector = "class[fqn=\"x\"][qualname=\"\xC3\x89.x\"]";
    nodes = ask_with(&given, NULL, &filter);
    assert_int_equal(nodes->count, 1);
    codedb_free(nodes);
}

static void test_positions_outside_the_source_have_no_code(void **state)
{
    text json = json_of("a\nbcd\n");
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes;
    (void)state;
    filter.selector = "Name";
    nodes = ask_with(&json,
                     "\xEF\xBB\xBF"
                     "a\rb",
                     &filter);
    assert_int_equal(nodes->count, 2);
    assert_string_equal(nodes->items[0]->code, "a");
    assert_int_equal(nodes->items[0]->start_byte, 3);
    assert_null(nodes->items[1]->code);
    codedb_free(nodes);
    free(json.data);
}

static void assert_fails(const char *json, const char *selector, codedb_dialect dialect, codedb_code code, const char *message)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_nodes *nodes = (codedb_nodes *)1;
    filter.selector = selector;
    filter.dialect = dialect;
    assert_code(codedb_ast_json_query(json, json == NULL ? 0 : strlen(json), NULL, &filter, &nodes, &result), code, result);
    assert_null(nodes);
    assert_contains(result.description, message);
    codedb_result_clear(&result);
}

static void test_errors_name_the_words_of_the_ast(void **state)
{
    static const char json[] = "{\"_type\":\"Module\",\"body\":[]}";
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_nodes *nodes;
    codedb_selector *compiled;
    codedb_ast_options options = {0};
    (void)state;
    assert_fails(json, "FunctonDef", CODEDB_DIALECT_DEFAULT, CODEDB_SELECTOR_ERROR, "did you mean 'FunctionDef'?");
    assert_fails(json, "IndentedBlock", CODEDB_DIALECT_DEFAULT, CODEDB_SELECTOR_ERROR, "unknown type 'IndentedBlock'");
    assert_fails(json, "*[decorator_lst]", CODEDB_DIALECT_DEFAULT, CODEDB_SELECTOR_ERROR, "did you mean 'decorator_list'?");
    assert_fails(json, "*.fnc", CODEDB_DIALECT_DEFAULT, CODEDB_SELECTOR_ERROR, "unknown field 'fnc', did you mean 'func'?");
    assert_fails(json, "*.id", CODEDB_DIALECT_DEFAULT, CODEDB_SELECTOR_ERROR, "expected a field that holds nodes");
    assert_fails(json, "*", CODEDB_DIALECT_REFERENCE, CODEDB_INVALID_REQUEST, "the reference dialect");
    assert_fails("{\"_type\":\"Module\"", "*", CODEDB_DIALECT_DEFAULT, CODEDB_PARSE_ERROR, "at byte 17");
    assert_fails(NULL, "*", CODEDB_DIALECT_DEFAULT, CODEDB_INVALID_REQUEST, "json is NULL");
    assert_fails(json, NULL, CODEDB_DIALECT_DEFAULT, CODEDB_INVALID_REQUEST, "selector is NULL");
    filter.selector = "*";
    assert_code(codedb_ast_json_query(json, strlen(json), &options, &filter, &nodes, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_ast_json_query(json, strlen(json), NULL, &filter, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_success(codedb_selector_compile("*", NULL, &compiled, &result), result);
    filter.compiled = compiled;
    assert_code(codedb_ast_json_query(json, strlen(json), NULL, &filter, &nodes, &result), CODEDB_INVALID_REQUEST, result);
    assert_contains(result.description, "the compiled selector is for trees of the CST, not for trees of the ast");
    codedb_selector_free(compiled);
    codedb_result_clear(&result);
}

static void test_captures_and_compiled_selectors_work_as_over_the_cst(void **state)
{
    codedb_selector_options options = CODEDB_INIT(codedb_selector_options);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    text json = json_of(world);
    codedb_selector *compiled;
    codedb_nodes *nodes;
    (void)state;
    options.ast = 1;
    assert_success(codedb_selector_compile("class@outer > class > FunctionDef@inner", &options, &compiled, &result), result);
    filter.compiled = compiled;
    nodes = ask_with(&json, NULL, &filter);
    assert_int_equal(nodes->count, 1);
    assert_int_equal(nodes->capture_count, 2);
    assert_string_equal(nodes->captures[0]->name, "A");
    assert_string_equal(nodes->captures[1]->name, "deep");
    codedb_free(nodes);
    codedb_selector_free(compiled);
    assert_code(codedb_selector_compile("Decorator", &options, &compiled, &result), CODEDB_SUCCESS, result);
    codedb_selector_free(compiled);
    assert_code(codedb_selector_compile("Decoratr", &options, &compiled, &result), CODEDB_SELECTOR_ERROR, result);
    options.dialect = CODEDB_DIALECT_REFERENCE;
    assert_code(codedb_selector_compile("*", &options, &compiled, &result), CODEDB_INVALID_REQUEST, result);
    codedb_result_clear(&result);
    free(json.data);
}

static void test_every_failing_allocation_is_an_answer(void **state)
{
    static const char *const selectors[] = {"*[fqn*=\"<locals>\"], *[docstring], def:generator",
                                            "*[qualname=\"A\"][node_id^=\"0\"] *:nth-child(2)", "*[code=/a|b/][value], Name"};
    text json = json_of(world);
    size_t i;
    (void)state;
    for (i = 0; i < sizeof selectors / sizeof *selectors; i++) {
        support_failing failing;
        long n;
        for (n = 0; support_failing_start(&failing, n); n++) {
            codedb_ast_options options = CODEDB_INIT(codedb_ast_options);
            codedb_filter filter = CODEDB_INIT(codedb_filter);
            codedb_nodes *nodes;
            codedb_code code;
            filter.selector = selectors[i];
            options.allocator = &failing.allocator;
            options.source = world;
            options.source_length = strlen(world);
            code = codedb_ast_json_query(json.data, json.length, &options, &filter, &nodes, NULL);
            codedb_free(nodes);
            support_failing_check(&failing, code);
        }
    }
    free(json.data);
}

static void test_what_leaves_nothing_is_told(void **state)
{
    text json = json_of("class A:\n    def f(self):\n        if self: return 1\n");
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    char *told = NULL;
    (void)state;
    filter.selector = "class > Return";
    assert_success(codedb_ast_json_explain(json.data, json.length, NULL, &filter, CODEDB_EXPLAIN_TEXT, &told, &result), result);
    assert_contains(told, "\n> Return                                1 of this type, 0 candidates, 0 left\n"
                          "    0 after >: parents are If; use white space or //\n0 found\n");
    codedb_free(told);
    filter.selector = "def[name=g]";
    assert_success(codedb_ast_json_explain(json.data, json.length, NULL, &filter, CODEDB_EXPLAIN_JSON, &told, &result), result);
    assert_contains(told, "\"why\": \"none of the 1 passes [name=g]\"");
    codedb_free(told);
    filter.selector = "def[";
    assert_code(codedb_ast_json_explain(json.data, json.length, NULL, &filter, CODEDB_EXPLAIN_JSON, &told, &result),
                CODEDB_SELECTOR_ERROR, result);
    assert_null(told);
    assert_code(codedb_ast_json_explain("{", 1, NULL, &filter, CODEDB_EXPLAIN_JSON, &told, &result), CODEDB_PARSE_ERROR, result);
    assert_code(codedb_ast_json_explain(json.data, json.length, NULL, &filter, CODEDB_EXPLAIN_JSON, NULL, &result),
                CODEDB_INVALID_REQUEST, result);
    codedb_result_clear(&result);
    free(json.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_leaves_nothing_is_told),
        cmocka_unit_test(test_types_words_and_affixes_are_those_of_the_ast),
        cmocka_unit_test(test_a_child_is_a_child_with_both_combinators),
        cmocka_unit_test(test_lists_have_the_members_that_belong_together),
        cmocka_unit_test(test_attributes_say_what_they_say_in_the_cst),
        cmocka_unit_test(test_fields_hold_text_or_nodes),
        cmocka_unit_test(test_constants_of_every_form_have_a_text),
        cmocka_unit_test(test_without_the_source_dotted_names_still_say_themselves),
        cmocka_unit_test(test_pseudo_classes_hold_for_what_they_say),
        cmocka_unit_test(test_the_answer_tells_what_is_known_of_a_node),
        cmocka_unit_test(test_names_with_escapes_are_what_they_say),
        cmocka_unit_test(test_positions_outside_the_source_have_no_code),
        cmocka_unit_test(test_errors_name_the_words_of_the_ast),
        cmocka_unit_test(test_captures_and_compiled_selectors_work_as_over_the_cst),
        cmocka_unit_test(test_every_failing_allocation_is_an_answer),
    };
    return cmocka_run_group_tests_name("ast_query", tests, NULL, NULL);
}
