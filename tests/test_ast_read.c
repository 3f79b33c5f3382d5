/* test_ast_read.c -- accuses codedb_ast_read.c and codedb_ast_grammar.c: codedb's JSON of CPython's ast, read into nodes. */
#include "support.h"

#include "codedb_ast_read.h"

/* ---- Reading ------------------------------------------------------------------------------------------------------ */

static codedb_ast *read_text(const char *json)
{
    codedb_ast_read_options options = {0};
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_ast *ast;
    assert_success(codedb_ast_read(json, strlen(json), &options, &ast, &result), result);
    return ast;
}

static int append(void *context, const char *bytes, size_t length)
{
    codedb_buffer_append(context, bytes, length);
    return 0;
}

/* The JSON of a source; to be freed. */
static char *json_of(const char *source, int version)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_buffer json;
    char *copy;
    codedb_buffer_init(&json, NULL);
    options.target_version = version;
    assert_success(codedb_ast_from_source(source, strlen(source), &options, append, &json, &result), result);
    copy = strdup(json.data);
    assert_non_null(copy);
    codedb_buffer_free(&json);
    codedb_result_clear(&result);
    return copy;
}

/* The nodes, each as depth, class, .field and [index], in a text that is to be freed. */
static char *outline_of(const codedb_ast *ast)
{
    codedb_buffer text;
    char *copy;
    uint32_t ends[64];
    uint32_t depth = 0;
    uint32_t node;
    codedb_buffer_init(&text, NULL);
    for (node = 0; node < ast->node_count; node++) {
        const codedb_ast_node *at = &ast->nodes[node];
        while (depth > 0 && ends[depth - 1] <= node)
            depth--;
        codedb_buffer_printf(&text, "%u %s", depth, codedb_ast_class_name(codedb_ast_kind_class(at->kind)));
        if (at->field != CODEDB_AST_FIELD_NONE)
            codedb_buffer_printf(&text, ".%s[%u]", codedb_ast_field_name(at->field), at->index);
        codedb_buffer_append_byte(&text, '\n');
        ends[depth++] = at->end;
    }
    copy = strdup(text.data);
    codedb_buffer_free(&text);
    return copy;
}

static void assert_outline(const char *json, const char *expected)
{
    codedb_ast *ast = read_text(json);
    char *outline = outline_of(ast);
    assert_string_equal(outline, expected);
    free(outline);
    codedb_ast_free(ast);
}

/* Reading ends with PARSE_ERROR at `offset` and says `message`. */
static void assert_wrong(const char *json, size_t offset, const char *message)
{
    codedb_ast_read_options options = {0};
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_ast *ast = (codedb_ast *)1;
    assert_code(codedb_ast_read(json, strlen(json), &options, &ast, &result), CODEDB_PARSE_ERROR, result);
    assert_null(ast);
    assert_contains(result.description, message);
    if (result.offset != offset)
        print_error("%s: %s\n", json, result.description);
    assert_int_equal(result.offset, offset);
    codedb_result_clear(&result);
}

/* A Module with one Expr of that expression. */
static char *module_of(const char *expression)
{
    static const char start[] = "{\"_type\":\"Module\",\"body\":[{\"_type\":\"Expr\",\"value\":";
    static const char end[] = "}]}";
    char *text = malloc(sizeof start + strlen(expression) + sizeof end);
    assert_non_null(text);
    sprintf(text, "%s%s%s", start, expression, end);
    return text;
}

#define MODULE_PREFIX 50 /* bytes before the expression */

static void assert_constant(const char *value, size_t wrong_at, const char *message)
{
    char expression[256];
    char *json;
    snprintf(expression, sizeof expression, "{\"_type\":\"Constant\",\"value\":%s}", value);
    json = module_of(expression);
    if (message == NULL)
        codedb_ast_free(read_text(json));
    else
        assert_wrong(json, MODULE_PREFIX + strlen("{\"_type\":\"Constant\",\"value\":") + wrong_at, message);
    free(json);
}

/* ---- Tests -------------------------------------------------------------------------------------------------------- */

static void test_nodes_are_flat_in_preorder_with_fields_and_indexes(void **state)
{
    char *json = json_of("@d\ndef f(a, *b, c=1): return {**a, 1: b}\n", 313);
    (void)state;
    assert_outline(json, "0 Module\n1 FunctionDef.body[0]\n2 arguments.args[0]\n3 arg.args[0]\n3 arg.vararg[0]\n"
                         "3 arg.kwonlyargs[0]\n3 Constant.kw_defaults[0]\n2 Return.body[0]\n3 Dict.value[0]\n4 Constant.keys[1]\n"
                         "4 Name.values[0]\n5 Load.ctx[0]\n4 Name.values[1]\n5 Load.ctx[0]\n2 Name.decorator_list[0]\n"
                         "3 Load.ctx[0]\n");
    free(json);
}

static void test_whitespace_stands_anywhere_between_tokens(void **state)
{
    (void)state;
    assert_outline(" {\n\"_type\" :\t\"Module\" ,\r\n \"body\" : [ { \"_type\" : \"Pass\" } , {\"_type\":\"Break\"} ] }\n ",
                   "0 Module\n1 Pass.body[0]\n1 Break.body[1]\n");
}

static void test_fields_that_may_be_absent_are_not_needed(void **state)
{
    (void)state;
    assert_outline("{\"_type\":\"Module\"}", "0 Module\n");
    assert_outline("{\"_type\":\"Return\"}", "0 Return\n");
    assert_outline("{\"_type\":\"Return\",\"value\":null}", "0 Return\n");
    assert_outline("{\"_type\":\"ImportFrom\",\"module\":null,\"names\":[{\"_type\":\"alias\",\"name\":\"a\"}],\"level\":1}",
                   "0 ImportFrom\n1 alias.names[0]\n");
}

static void test_the_places_of_values_are_kept(void **state)
{
    const char *json = "{\"_type\":\"Global\",\"names\":[\"a\", \"b\\u00e9\"],\"lineno\":3,\"col_offset\":4,\"end_lineno\":5,"
                       "\"end_col_offset\":6}";
    codedb_ast *ast = read_text(json);
    codedb_ast_value list = codedb_ast_value_of(ast, 0, CODEDB_AST_FIELD_names);
    codedb_ast_value item;
    codedb_buffer text;
    size_t at = list.start;
    (void)state;
    assert_int_equal(ast->nodes[0].line, 3);
    assert_int_equal(ast->nodes[0].column, 4);
    assert_int_equal(ast->nodes[0].end_line, 5);
    assert_int_equal(ast->nodes[0].end_column, 6);
    assert_int_equal(ast->nodes[0].start, 0);
    assert_int_equal(ast->nodes[0].stop, strlen(json));
    assert_memory_equal(json + list.start, "[\"a\", \"b\\u00e9\"]", list.stop - list.start);
    assert_true(codedb_ast_next_item(ast, &at, &item));
    assert_memory_equal(json + item.start, "\"a\"", item.stop - item.start);
    assert_true(codedb_ast_next_item(ast, &at, &item));
    codedb_buffer_init(&text, NULL);
    codedb_ast_append_string(ast, item, &text);
    assert_string_equal(text.data, "b\xC3\xA9");
    assert_false(codedb_ast_next_item(ast, &at, &item));
    assert_int_equal(codedb_ast_value_of(ast, 0, CODEDB_AST_FIELD_body).stop, 0);
    codedb_buffer_free(&text);
    codedb_ast_free(ast);
}

static void test_strings_give_their_code_points(void **state)
{
    static const char *const texts[][2] = {
        {"\"\"", ""},
        {"\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\b\f\n\r\t"},
        {"\"\\ud83d\\ude00\"", "\xF0\x9F\x98\x80"},
        {"\"\\ud800\"", "\xED\xA0\x80"},
        {"\"\\udc00x\"", "\xED\xB0\x80x"},
        {"\"\\ud800\\u0041\"", "\xED\xA0\x80"
                               "A"},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        char json[128];
        codedb_buffer text;
        codedb_ast *ast;
        snprintf(json, sizeof json, "{\"_type\":\"Constant\",\"value\":%s}", texts[i][0]);
        ast = read_text(json);
        codedb_buffer_init(&text, NULL);
        codedb_ast_append_string(ast, codedb_ast_value_of(ast, 0, CODEDB_AST_FIELD_value), &text);
        assert_string_equal(text.data == NULL ? "" : text.data, texts[i][1]);
        codedb_buffer_free(&text);
        codedb_ast_free(ast);
    }
}

static void test_a_nul_in_a_string_is_kept(void **state)
{
    codedb_ast *ast = read_text("{\"_type\":\"Constant\",\"value\":\"a\\u0000b\"}");
    codedb_buffer text;
    (void)state;
    codedb_buffer_init(&text, NULL);
    codedb_ast_append_string(ast, codedb_ast_value_of(ast, 0, CODEDB_AST_FIELD_value), &text);
    assert_int_equal(text.length, 3);
    assert_memory_equal(text.data, "a\0b", 3);
    codedb_buffer_free(&text);
    codedb_ast_free(ast);
}

static void test_every_form_of_a_constant_is_read(void **state)
{
    static const char *const values[] = {"null",
                                         "true",
                                         "false",
                                         "0",
                                         "-1",
                                         "9223372036854775807",
                                         "1e999",
                                         "0.5",
                                         "-1.5E+10",
                                         "\"text\"",
                                         "{\"int\":\"0xffffffffffffffffffff\"}",
                                         "{\"int\":\"-12345678901234567890\"}",
                                         "{\"int\":\"0o777\"}",
                                         "{\"int\":\"0b101\"}",
                                         "{\"int\":\"0\"}",
                                         "{\"float\":\"inf\"}",
                                         "{\"float\":\"-inf\"}",
                                         "{ \"float\" : \"nan\" }",
                                         "{\"complex\":1.5}",
                                         "{\"complex\": {\"float\" :\"inf\"}}",
                                         "{\"bytes\":\"a\\u00ff\xC3\xBF\"}",
                                         "{\"ellipsis\":true}",
                                         "{\"text\":[]}",
                                         "{\"text\":[\"a\" , \"\\ud83d\",\"\\ude00\"]}"};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof values / sizeof *values; i++)
        assert_constant(values[i], 0, NULL);
}

static void test_what_is_no_constant_is_refused_at_its_place(void **state)
{
    (void)state;
    assert_constant("nul", 0, "expected the value of a constant, found 'nul'");
    assert_constant("01", 0, "expected the value of a constant");
    assert_constant("-", 0, "expected the value of a constant");
    assert_constant("1.", 0, "expected the value of a constant");
    assert_constant("1e", 0, "expected the value of a constant");
    assert_constant("[1]", 0, "expected the value of a constant");
    assert_constant("{\"tuple\":1}", 2, "expected one of int, float, complex, bytes, text and ellipsis, found 'tuple'");
    assert_constant("{\"int\":1}", 7, "expected the digits of an integer in a string");
    assert_constant("{\"int\":\"12a\"}", 10, "expected a digit, found 'a'");
    assert_constant("{\"int\":\"0x\"}", 9, "expected a digit, found 'x'");
    assert_constant("{\"int\":\"\"}", 8, "expected a digit");
    assert_constant("{\"int\":\"0b12\"}", 11, "expected a digit, found '2");
    assert_constant("{\"float\":1.5}", 9, "expected \"inf\"");
    assert_constant("{\"float\":\"1.5\"}", 10, "expected inf, -inf or nan");
    assert_constant("{\"complex\":\"1\"}", 11, "expected a number or");
    assert_constant("{\"complex\":{\"int\":\"1\"}}", 13, "expected the key float");
    assert_constant("{\"bytes\":\"\xC4\x80\"}", 10, "expected a character from U+0000 to U+00FF");
    assert_constant("{\"bytes\":\"\\u0100\"}", 10, "expected a character from U+0000 to U+00FF");
    assert_constant("{\"bytes\":1}", 9, "expected the bytes in a string");
    assert_constant("{\"ellipsis\":false}", 12, "expected true, found 'false'");
    assert_constant("{\"text\":\"a\"}", 8, "expected '['");
    assert_constant("{\"text\":[1]}", 9, "expected a string");
    assert_constant("{\"text\":[\"a\" \"b\"]}", 13, "expected ',' or ']'");
    /* what earlier versions wrote for a character by its name */
    assert_constant("{\"text\":[\"a\",{\"name\":\"BULLET\"},\"b\"]}", 13, "expected a string");
    assert_constant("{\"name\":\"BULLET\"}", 2, "expected one of int, float, complex, bytes, text and ellipsis");
    assert_constant("{\"int\":\"1\",\"int\":\"1\"}", 10, "expected '}'");
    assert_constant("\"\\x\"", 1, "expected an escape of JSON");
    assert_constant("\"\\u12g4\"", 5, "expected four hexadecimal digits");
    assert_constant("\"a\nb\"", 2, "a control character");
}

static void test_wrong_json_is_refused_at_its_place(void **state)
{
    (void)state;
    assert_wrong("", 0, "expected a node, {\"_type\": ..., found the end");
    assert_wrong("[]", 0, "expected a node");
    assert_wrong("\"Module(body=[])\"", 0, "expected a node");
    assert_wrong("{}", 1, "expected \"_type\", found '}'");
    assert_wrong("{\"body\":[]}", 2, "expected the key _type first, found 'body'");
    assert_wrong("{\"_type\" \"Module\"}", 9, "expected ':'");
    assert_wrong("{\"_type\":1}", 9, "expected the name of a class in a string");
    assert_wrong("{\"_type\":\"Modul\"}", 10, "expected a class of the ast (did you mean Module?), found 'Modul'");
    assert_wrong("{\"_type\":\"Pass\"", 15, "expected ',' or '}', found the end");
    assert_wrong("{\"_type\":\"Pass\",}", 16, "expected the name of a field in a string");
    assert_wrong("{\"_type\":\"Pass\"}}", 16, "expected the end behind the root, found '}'");
    assert_wrong("{\"_type\":\"Pass", 14, "expected a closing quote for the one at byte 9");
    assert_wrong("{\"_type\":\"Module\",\"body\":{}}", 25, "expected '['");
    assert_wrong("{\"_type\":\"Module\",\"body\":[{\"_type\":\"Pass\"} {\"_type\":\"Pass\"}]}", 43, "expected ',' or ']'");
    assert_wrong("{\"_type\":\"Module\",\"body\":[null]}", 26, "expected a statement in the field body, found 'null'");
    assert_wrong("{\"_type\":\"Module\",\"body\":[\xFF]}", 26, "expected UTF-8");
    assert_wrong("{\"_type\":\"Module\",\"body\":[\xC3\xA9]}", 26, "found '\xC3\xA9'");
}

static void test_what_the_grammar_forbids_is_refused_at_its_place(void **state)
{
    (void)state;
    assert_wrong("{\"_type\":\"Module\",\"body\":[{\"_type\":\"Name\"}]}", 36,
                 "expected a statement in the field body, found 'Name'");
    assert_wrong("{\"_type\":\"Return\",\"value\":{\"_type\":\"Pass\"}}", 36, "expected an expression in the field value");
    assert_wrong("{\"_type\":\"Expr\",\"value\":null}", 24, "expected an expression in the field value, found 'null'");
    assert_wrong("{\"_type\":\"Expr\"}", 15, "expected the field value of Expr, found '}'");
    assert_wrong("{\"_type\":\"Name\",\"ctx\":{\"_type\":\"Load\"}}", 17, "expected the field id of Name, found 'ctx'");
    assert_wrong("{\"_type\":\"Name\",\"id\":\"a\",\"id\":\"a\"}", 26, "expected the fields of Name in their order, each once");
    assert_wrong("{\"_type\":\"Name\",\"id\":1}", 21, "expected a name in a string");
    assert_wrong("{\"_type\":\"Name\",\"idd\":1}", 17, "expected a field of Name, found 'idd'");
    assert_wrong("{\"_type\":\"ImportFrom\",\"module\":null,\"names\":[],\"level\":1.5}", 55, "expected an integer");
    assert_wrong("{\"_type\":\"MatchSingleton\",\"value\":1}", 34, "expected null, true or false");
    assert_wrong("{\"_type\":\"Load\",\"lineno\":1}", 17, "expected a field of Load");
    assert_wrong("{\"_type\":\"Pass\",\"lineno\":1}", 26, "expected lineno with col_offset");
    assert_wrong("{\"_type\":\"Pass\",\"lineno\":1,\"lineno\":1}", 28, "expected lineno of Pass once");
    assert_wrong("{\"_type\":\"Pass\",\"lineno\":-1,\"col_offset\":0}", 25, "expected a number from 0 to 4294967294 as lineno");
    assert_wrong("{\"_type\":\"Pass\",\"lineno\":4294967295,\"col_offset\":0}", 25, "expected a number from 0");
    assert_wrong("{\"_type\":\"Pass\",\"lineno\":99999999999999999999,\"col_offset\":0}", 25, "expected a number from 0");
    assert_wrong("{\"_type\":\"Return\",\"lineno\":1,\"col_offset\":0,\"value\":null}", 45, "each once");
}

static void test_ends_of_positions_may_be_null_or_absent(void **state)
{
    codedb_ast *ast = read_text("{\"_type\":\"Pass\",\"col_offset\":1,\"lineno\":2,\"end_lineno\":null,\"end_col_offset\":null}");
    (void)state;
    assert_int_equal(ast->nodes[0].line, 2);
    assert_int_equal(ast->nodes[0].column, 1);
    assert_int_equal(ast->nodes[0].end_line, 0);
    codedb_ast_free(ast);
}

static void test_methods_and_decorators_are_kinds_of_their_own(void **state)
{
    char *json = json_of("class A:\n @a\n def f(): pass\n async def g(): pass\ndef h(): pass\n", 313);
    codedb_ast *ast = read_text(json);
    static const unsigned wanted[] = {CODEDB_AST_KIND_METHOD, CODEDB_AST_KIND_ASYNC_METHOD, CODEDB_AST_CLASS_FUNCTION_DEF};
    unsigned found = 0;
    unsigned decorators = 0;
    uint32_t node;
    (void)state;
    for (node = 0; node < ast->node_count; node++) {
        codedb_ast_class class = codedb_ast_kind_class(ast->nodes[node].kind);
        if (class == CODEDB_AST_CLASS_FUNCTION_DEF || class == CODEDB_AST_CLASS_ASYNC_FUNCTION_DEF)
            assert_int_equal(ast->nodes[node].kind, wanted[found++]);
        if (ast->nodes[node].kind >= CODEDB_AST_KIND_DECORATORS) {
            assert_int_equal(class, CODEDB_AST_CLASS_NAME);
            decorators++;
        }
    }
    assert_int_equal(found, 3);
    assert_int_equal(decorators, 1);
    codedb_ast_free(ast);
    free(json);
}

static void test_depth_is_bounded_by_the_option_only(void **state)
{
    enum { DEPTH = 200000 };
    static const char open[] = "{\"_type\":\"Await\",\"value\":";
    static const char leaf[] = "{\"_type\":\"Constant\",\"value\":1}";
    codedb_ast_read_options options = {0};
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_buffer json;
    codedb_ast *ast;
    int i;
    (void)state;
    codedb_buffer_init(&json, NULL);
    for (i = 0; i < DEPTH; i++)
        codedb_buffer_append_text(&json, open);
    codedb_buffer_append_text(&json, leaf);
    for (i = 0; i < DEPTH; i++)
        codedb_buffer_append_byte(&json, '}');
    assert_success(codedb_ast_read(json.data, json.length, &options, &ast, &result), result);
    assert_int_equal(ast->node_count, DEPTH + 1);
    codedb_ast_free(ast);
    options.max_depth = DEPTH;
    assert_code(codedb_ast_read(json.data, json.length, &options, &ast, &result), CODEDB_PARSE_ERROR, result);
    assert_contains(result.description, "expected at most 200000 nodes in each other");
    assert_int_equal(result.offset, DEPTH * strlen(open));
    codedb_buffer_free(&json);
    codedb_result_clear(&result);
}

/* What CPython writes for one source of most kinds of nodes. */
static const char every_kind[] =
    "\"\"\"doc\"\"\"\nimport os as o\nfrom . import (a, b)\nfrom __future__ import annotations\n"
    "@d.e(1)\nclass A[T: int, *U, **V](B, m=C):\n    x: int = 1\n    async def f(self, a, /, b: int = 2, *c, d=3, **e) -> None:\n"
    "        global g; nonlocal_ = 1\n        async for i in j: await k\n        else: pass\n"
    "        async with a as b, c: yield\n        return (lambda x=1: [y async for y in x if y])\n"
    "    def g(self):\n        nonlocal q\n        yield from z\n        while True: break\n        for i in j: continue\n"
    "type X[T] = int\nx = y = -1 + 2 * 3 ** 4 // 5 % 6 @ 7 << 8 >> 9 & 1 | 2 ^ 3 / 1\nx += not a\nassert a, b\ndel a[1:2:3], b.c\n"
    "try: raise A from b\nexcept (A, B) as e: pass\nelse: pass\nfinally: pass\n"
    "try: pass\nexcept* A: pass\nif a if b else c: pass\nelif {1, 2} or {**a, 'k': v} and (b := 1): pass\n"
    "match x:\n    case 1 | None | [a, *_] | {'k': v, **r} | P(a, b=c) | (1 as z) if a: pass\n    case _: pass\n"
    "f(*a, **k)[...]\nf'{a!r:>{b}}' 'c' f'{x=}'\nb'\\xff\\x00'\n1j; 1e999; 0xffffffffffffffffffffff; '\\ud800\\N{EM DASH}\\ud800' '\\udc00'\n"
    "a < b <= c > d >= e == f != g is h is not i in j not in k\n~a; +b\n{a: b for c in d}; {a for b in c}; (a for b in c)\n"
    "with (a, b): pass\n";

static void test_every_kind_of_node_that_is_written_is_read(void **state)
{
    static const int versions[] = {312, 313, 314};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof versions / sizeof *versions; i++) {
        char *json = json_of(every_kind, versions[i]);
        codedb_ast *ast = read_text(json);
        assert_true(ast->node_count > 300);
        assert_int_equal(ast->nodes[0].end, ast->node_count);
        codedb_ast_free(ast);
        free(json);
    }
}

static void test_every_prefix_is_an_error_at_its_end(void **state)
{
    char *json = json_of(every_kind, 314);
    size_t length = (size_t)(strrchr(json, '}') - json); /* white space may be behind */
    codedb_ast_read_options options = {0};
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_ast *ast;
    size_t i;
    (void)state;
    for (i = 0; i <= length; i++) {
        char *copy = malloc(i + 1); /* so that a sanitizer sees a byte too many */
        assert_non_null(copy);
        memcpy(copy, json, i);
        assert_int_equal(codedb_ast_read(copy, i, &options, &ast, &result), CODEDB_PARSE_ERROR);
        assert_true(result.offset <= i);
        free(copy);
    }
    codedb_result_clear(&result);
    free(json);
}

static void test_every_failing_allocation_is_an_answer(void **state)
{
    char *json = json_of(every_kind, 314);
    support_failing failing;
    long n;
    (void)state;
    for (n = 0; support_failing_start(&failing, n); n++) {
        codedb_ast_read_options options = {.allocator = &failing.allocator};
        codedb_ast *ast;
        codedb_code code = codedb_ast_read(json, strlen(json), &options, &ast, NULL);
        codedb_ast_free(ast);
        support_failing_check(&failing, code);
    }
    assert_true(n > 5);
    free(json);
}

static void test_every_class_has_its_category_and_fields(void **state)
{
    unsigned class;
    (void)state;
    for (class = 0; class < CODEDB_AST_CLASS_COUNT; class ++) {
        const char *name = codedb_ast_class_name((codedb_ast_class) class);
        unsigned count;
        const codedb_ast_slot *slots = codedb_ast_slots((codedb_ast_class) class, &count);
        unsigned i;
        assert_int_equal(codedb_ast_class_find(name, strlen(name)), class);
        assert_int_equal(codedb_ast_kind_class(class), class);
        for (i = 0; i < count; i++) {
            assert_true(slots[i].field > 0 && slots[i].field < CODEDB_AST_FIELD_COUNT);
            assert_non_null(codedb_ast_category_words((codedb_ast_category)slots[i].category));
        }
    }
    assert_int_equal(codedb_ast_class_find("Nope", 4), CODEDB_AST_CLASS_COUNT);
    assert_int_equal(codedb_ast_kind_class(CODEDB_AST_KIND_COUNT - 1), CODEDB_AST_CLASS_SLICE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes_are_flat_in_preorder_with_fields_and_indexes),
        cmocka_unit_test(test_whitespace_stands_anywhere_between_tokens),
        cmocka_unit_test(test_fields_that_may_be_absent_are_not_needed),
        cmocka_unit_test(test_the_places_of_values_are_kept),
        cmocka_unit_test(test_strings_give_their_code_points),
        cmocka_unit_test(test_a_nul_in_a_string_is_kept),
        cmocka_unit_test(test_every_form_of_a_constant_is_read),
        cmocka_unit_test(test_what_is_no_constant_is_refused_at_its_place),
        cmocka_unit_test(test_wrong_json_is_refused_at_its_place),
        cmocka_unit_test(test_what_the_grammar_forbids_is_refused_at_its_place),
        cmocka_unit_test(test_ends_of_positions_may_be_null_or_absent),
        cmocka_unit_test(test_methods_and_decorators_are_kinds_of_their_own),
        cmocka_unit_test(test_depth_is_bounded_by_the_option_only),
        cmocka_unit_test(test_every_kind_of_node_that_is_written_is_read),
        cmocka_unit_test(test_every_prefix_is_an_error_at_its_end),
        cmocka_unit_test(test_every_failing_allocation_is_an_answer),
        cmocka_unit_test(test_every_class_has_its_category_and_fields),
    };
    return cmocka_run_group_tests_name("ast_read", tests, NULL, NULL);
}
