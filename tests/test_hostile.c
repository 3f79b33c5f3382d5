/* tests/test_hostile.c -- sources made to hurt: a clear answer each, in time that grows with their length, on the stack promised.
 *
 * Everything that reads a tree is asked of each of them. No time is asserted; what was quadratic once would take minutes here. */
#include "support.h"

#include "codedb_tree.h"

#include <pthread.h>

/* `count` times `part` between `head` and `middle`, then `count` times `closing`. */
typedef struct hostile {
    const char *head;
    const char *part;
    const char *middle;
    const char *closing;
    size_t count;
    const char *error; /* NULL: it parses */
} hostile;

static char *append(char *at, const char *text, size_t count)
{
    size_t length = strlen(text);
    for (; count > 0; count--, at += length)
        memcpy(at, text, length);
    return at;
}

static char *hostile_text(const hostile *made, size_t *length)
{
    *length = strlen(made->head) + strlen(made->middle) + made->count * (strlen(made->part) + strlen(made->closing)) + 1;
    char *text = malloc(*length + 1);
    assert_non_null(text);
    char *at = append(text, made->head, 1);
    at = append(at, made->part, made->count);
    at = append(at, made->middle, 1);
    at = append(at, made->closing, made->count);
    memcpy(at, "\n", 2);
    return text;
}

static int count_bytes(void *context, const char *bytes, size_t length)
{
    (void)bytes;
    *(size_t *)context += length;
    return 0;
}

static void check_queries(const codedb_tree *tree)
{
    static const char *const selectors[] = {"*:has(*:has(Name[name=\"zz\"]))",
                                            "BinaryOperation//Name:first",
                                            "If > If:nth(0)",
                                            "*[code=\"zz\"]",
                                            "*[fqn=\"zz\"]",
                                            "*[qualname=\"zz\"]",
                                            "Name ~ Name",
                                            "*:follows(Name[name=\"zz\"])",
                                            "*:nth-child(7)"};
    for (size_t i = 0; i < sizeof selectors / sizeof selectors[0]; i++) {
        codedb_filter filter = CODEDB_INIT(codedb_filter);
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_nodes *nodes = NULL;
        filter.selector = selectors[i];
        filter.limit = 3;
        assert_success(codedb_tree_query(tree, &filter, &nodes, &result), result);
        codedb_free(nodes);
        codedb_result_clear(&result);
    }
}

/* Every Name q becomes another one. */
static void check_edit(const codedb_tree *tree)
{
    const char *code = "zz";
    codedb_edit edit = CODEDB_INIT(codedb_edit);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report = NULL;
    edit.filter.struct_size = sizeof edit.filter;
    edit.filter.selector = "Name[name=\"q\"]";
    edit.code = &code;
    edit.code_count = 1;
    assert_success(codedb_tree_edit(tree, &edit, 1, NULL, &report, &result), result);
    codedb_free(report);
    codedb_result_clear(&result);
}

static void check_readers(const codedb_tree *tree)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_arena *arena = codedb_arena_create(NULL);
    codedb_outline outline;
    size_t bytes = 0;
    assert_success(codedb_tree_dump(tree, CODEDB_DUMP_CST, count_bytes, &bytes, &result), result);
    assert_success(codedb_tree_dump(tree, CODEDB_DUMP_AST, count_bytes, &bytes, &result), result);
    assert_true(bytes > 0);
    assert_non_null(arena);
    assert_success(codedb_outline_collect(tree, arena, &outline, &result), result);
    codedb_arena_destroy(arena);
    codedb_result_clear(&result);
    check_queries(tree);
    check_edit(tree);
}

static void check_hostile_version(const hostile *made, int max_depth, int version)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree;
    size_t length;
    char *text = hostile_text(made, &length);
    options.max_depth = max_depth;
    options.target_version = version;
    codedb_code code = codedb_tree_parse(text, length, &options, &tree, &result);
    if (made->error == NULL) {
        assert_success(code, result);
        check_readers(tree);
    } else {
        assert_code(code, CODEDB_PARSE_ERROR, result);
        assert_contains(result.description, made->error);
    }
    codedb_tree_free(tree);
    codedb_result_clear(&result);
    free(text);
}

static void check_hostile(const hostile *made, int max_depth)
{
    check_hostile_version(made, max_depth, 0);
}

/* ---- Nesting ---- */

static const hostile nested[] = {
    {"", "(", "q", ")", 100000, "too many nested parentheses"},
    {"", "[", "q", "]", 100000, "too many nested parentheses"},
    {"", "{", "q", "}", 100000, "too many nested parentheses"},
    {"", "f'{", "q", "}'", 100000, "too many nested f-strings"},
    {"f'{q:", "{q:", "", "}", 100000, "nested too deeply"},
    {"", "lambda: ", "q", "", 100000, "too deeply nested"},
    {"q", "**q", "", "", 100000, "too deeply nested"},
    {"", "await ", "q", "", 100000, "expected an expression"},
    {"", "-", "q", "", 100000, NULL},
    {"", "not ", "q", "", 100000, NULL},
    {"q", " if q else q", "", "", 20000, NULL},
};

static void nesting_is_refused_or_needs_no_stack(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof nested / sizeof nested[0]; i++)
        check_hostile(&nested[i], 0);
}

/* In 3.12 and 3.13 a line break ends a format specification, so that a field may have any number of colons: none is looked at twice. */
static void colons_of_one_field_are_read_once(void **state)
{
    static const hostile cases = {"f'{", "case x: y\n", "}'", "", 300000, "expected '}'"};
    (void)state;
    for (int version = 312; version <= 313; version++)
        check_hostile_version(&cases, 0, version);
}

/* As deep as the default depth lets it be. */
static void names_inside_deep_lambdas_are_found_in_time(void **state)
{
    static const hostile lambdas = {"", "lambda: ", "q", "", 2900, NULL};
    (void)state;
    check_hostile(&lambdas, 0);
}

static void blocks_are_nested_a_hundred_deep_and_no_more(void **state)
{
    codedb_buffer text;
    (void)state;
    for (int depth = 99; depth <= 1000; depth += 901) {
        codedb_tree *tree;
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_buffer_init(&text, NULL);
        for (int i = 0; i < depth; i++)
            codedb_buffer_printf(&text, "%*sif q:\n", i, "");
        codedb_buffer_printf(&text, "%*sq\n", depth, "");
        codedb_code code = codedb_tree_parse(text.data, text.length, NULL, &tree, &result);
        if (depth == 99) {
            assert_success(code, result);
            check_readers(tree);
        } else {
            assert_code(code, CODEDB_PARSE_ERROR, result);
            assert_contains(result.description, "too many levels of indentation");
        }
        codedb_tree_free(tree);
        codedb_result_clear(&result);
        codedb_buffer_free(&text);
    }
}

/* ---- Length ---- */

static const hostile chains[] = {
    {"if q:pass\n", "elif a:pass\n", "", "", 50000, NULL},
    {"", "@q\n", "def f():pass", "", 50000, NULL},
    {"q", ".a", "", "", 50000, NULL},
    {"q", "+q", "", "", 50000, NULL},
    {"q", "()", "", "", 50000, NULL},
    {"q", "[a]", "", "", 50000, NULL},
    {"q", " and a", "", "", 50000, NULL},
    {"q", "<a", "", "", 50000, NULL},
    {"q = ", "'' ", "", "", 50000, NULL},
    {"[q", " for a in b", "]", "", 50000, NULL},
    {"", "a = ", "q", "", 50000, NULL},
    {"q", "; q", "", "", 50000, NULL},
    {"q = '\xC3\xA9'", "; q='\xC3\xA9'", "", "", 50000, NULL},
    {"q", "\\\n", "", "", 100000, NULL},
    {"q", "\r", "", "", 100000, NULL},
    {"", "q\r", "", "", 20000, NULL},
    {"q = f'", "{q}", "'", "", 50000, NULL},
    {"q\n", "def f():pass\n", "", "", 20000, NULL},
    {"q = '", "\\N{", "}'", "", 300000, "behind '\\N'"},
};

static void chains_are_read_in_linear_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++)
        check_hostile(&chains[i], 0);
}

/* ---- Large tokens ---- */

static void check_bytes_alone(int byte, const char *error)
{
    size_t length = 20000000;
    char *text = malloc(length);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree;
    assert_non_null(text);
    memset(text, byte, length);
    codedb_code code = codedb_tree_parse(text, length, NULL, &tree, &result);
    assert_code(code, error != NULL ? CODEDB_PARSE_ERROR : CODEDB_SUCCESS, result);
    if (error != NULL)
        assert_contains(result.description, error);
    codedb_tree_free(tree);
    codedb_result_clear(&result);
    free(text);
}

static void megabytes_of_one_byte_are_answered(void **state)
{
    (void)state;
    check_bytes_alone('\0', "null bytes");
    check_bytes_alone('(', "too many nested parentheses");
    check_bytes_alone('}', "unmatched");
    check_bytes_alone('\n', NULL);
    check_bytes_alone('\r', NULL);
    check_bytes_alone(' ', NULL);
    check_bytes_alone('a', NULL);
    check_bytes_alone('#', NULL);
    check_bytes_alone('-', "expected an expression");
}

static void tokens_of_megabytes_keep_their_ends(void **state)
{
    static const hostile long_tokens[] = {
        {"q = '''", "0123456789\n", "'''", "", 1900000, NULL},  {"q = f'''{q}", "0123456789\n", "'''", "", 1900000, NULL},
        {"q = f'{\"", "0123456789", "\"}'", "", 1900000, NULL}, {"q = f'{q:", "0123456789", "}'", "", 1900000, NULL},
        {"q; q", "0123456789", "", "", 1900000, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof long_tokens / sizeof long_tokens[0]; i++)
        check_hostile(&long_tokens[i], 0);
}

static void a_cut_character_at_the_end_is_refused(void **state)
{
    static const char *const cut[] = {"q = '\xF0\x9F", "\xE2\x82", "# \xC3", "\xEF\xBB"};
    (void)state;
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_tree *tree;
        assert_code(codedb_tree_parse(cut[i], strlen(cut[i]), NULL, &tree, &result), CODEDB_PARSE_ERROR, result);
        assert_null(tree);
        codedb_result_clear(&result);
    }
}

/* ---- No memory ---- */

/* Wherever in a statement the room for nodes is used up, no token behind the last one is looked at (the sanitizers would see it). */
static void the_room_for_nodes_may_end_anywhere(void **state)
{
    (void)state;
    for (size_t count = 1; count < 60; count++) {
        hostile lines = {"", "q\n", "a = c ; -b if d else (e, *f)[g:h] ; d.a", "", count, NULL};
        size_t length;
        char *text = hostile_text(&lines, &length);
        support_failing failing;
        for (long n = 0; support_failing_start(&failing, n); n++) {
            codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
            codedb_tree *tree;
            options.allocator = &failing.allocator;
            codedb_code code = codedb_tree_parse(text, length, &options, &tree, NULL);
            codedb_tree_free(tree);
            support_failing_check(&failing, code);
        }
        free(text);
    }
}

/* ---- Stacks ------------------------------------------------------------------------------------------------------- */

typedef struct promise {
    size_t stack;  /* bytes */
    int max_depth; /* which fits it; 0: the default */
    const hostile *sources;
    size_t count;
} promise;

static void *read_on_this_stack(void *context)
{
    const promise *given = context;
    for (size_t i = 0; i < given->count; i++)
        check_hostile(&given->sources[i], given->max_depth);
    return NULL;
}

static void check_promise(promise given)
{
    pthread_attr_t attributes;
    pthread_t thread;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, given.stack), 0);
    assert_int_equal(pthread_create(&thread, &attributes, read_on_this_stack, &given), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

static void a_hundred_levels_fit_a_stack_of_256_kib(void **state)
{
    static const hostile deep[] = {{"", "(", "q", ")", 95, NULL},
                                   {"", "lambda: ", "q", "", 95, NULL},
                                   {"q", "**q", "", "", 95, NULL},
                                   {"f'{q:", "{q:", "", "}", 100, "nested too deeply"},
                                   {"", "[", "q", "]", 150, "too deeply nested"},
                                   {"", "-", "q", "", 20000, NULL},
                                   {"q", "+q", "", "", 20000, NULL},
                                   {"if q:pass\n", "elif a:pass\n", "", "", 20000, NULL}};
    (void)state;
    check_promise((promise){256 * 1024, 100, deep, sizeof deep / sizeof deep[0]});
}

static void the_default_depth_fits_a_stack_of_8_mib(void **state)
{
    static const hostile deep[] = {{"", "{", "q", "}", 199, NULL},
                                   {"", "(", "q", ")", 201, "too many nested parentheses"},
                                   {"", "lambda: ", "q", "", 2900, NULL},
                                   {"", "lambda: ", "q", "", 3100, "too deeply nested"},
                                   {"q", "**q", "", "", 2900, NULL},
                                   {"", "q if q else ", "q", "", 2900, NULL},
                                   {"", "[q for q in ", "q", "]", 199, NULL},
                                   {"", "-", "q", "", 100000, NULL},
                                   {"q", "+q", "", "", 100000, NULL}};
    (void)state;
    check_promise((promise){8 * 1024 * 1024, 0, deep, sizeof deep / sizeof deep[0]});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting_is_refused_or_needs_no_stack),
        cmocka_unit_test(colons_of_one_field_are_read_once),
        cmocka_unit_test(names_inside_deep_lambdas_are_found_in_time),
        cmocka_unit_test(blocks_are_nested_a_hundred_deep_and_no_more),
        cmocka_unit_test(chains_are_read_in_linear_time),
        cmocka_unit_test(megabytes_of_one_byte_are_answered),
        cmocka_unit_test(tokens_of_megabytes_keep_their_ends),
        cmocka_unit_test(a_cut_character_at_the_end_is_refused),
        cmocka_unit_test(the_room_for_nodes_may_end_anywhere),
        cmocka_unit_test(a_hundred_levels_fit_a_stack_of_256_kib),
        cmocka_unit_test(the_default_depth_fits_a_stack_of_8_mib),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
