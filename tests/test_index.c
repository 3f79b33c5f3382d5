/* tests/test_index.c -- accuses codedb_index.c and codedb_string.c: what a tree defines, and the values of its docstrings. */
#include "support.h"

#include "codedb_tree.h"

/* A parsed source and what it defines. */
typedef struct fixture {
    codedb_tree *tree;
    codedb_arena *arena;
    codedb_outline outline;
} fixture;

static fixture collect(const char *source)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    fixture made = {.arena = codedb_arena_create(&allocator)};
    assert_success(codedb_tree_parse(source, strlen(source), NULL, &made.tree, &result), result);
    assert_success(codedb_outline_collect(made.tree, made.arena, &made.outline, &result), result);
    return made;
}

static void release(fixture *made)
{
    codedb_arena_destroy(made->arena);
    codedb_tree_free(made->tree);
}

static void check_slice(codedb_slice slice, const char *expected)
{
    if (!expected) {
        assert_null(slice.text);
        return;
    }
    assert_non_null(slice.text);
    char *copy = calloc(1, slice.length + 1);
    memcpy(copy, slice.text, slice.length);
    assert_string_equal(copy, expected);
    free(copy);
}

static void check_docstring(const char *source, const char *expected)
{
    fixture made = collect(source);
    check_slice(made.outline.docstring, expected);
    release(&made);
}

static void classes_have_lines_bases_and_dotted_names(void **state)
{
    (void)state;
    fixture made = collect("@d\nclass A(B, c.D[int], *e, metaclass=M):\n    class F: pass\n");
    assert_int_equal(made.outline.definition_count, 2);
    const codedb_definition *a = &made.outline.definitions[0], *f = &made.outline.definitions[1];
    assert_int_equal(a->kind, CODEDB_DEFINITION_CLASS);
    assert_string_equal(a->name, "A");
    assert_int_equal(a->line, 2);
    assert_string_equal(a->details, "[\"B\", \"c.D[int]\", \"*e\"]");
    assert_int_equal(a->owner, UINT32_MAX);
    assert_string_equal(f->qualified_name, "A.F");
    assert_int_equal(f->owner, 0);
    assert_string_equal(f->details, "[]");
    release(&made);
}

static void a_method_is_a_def_directly_in_a_class(void **state)
{
    (void)state;
    fixture made = collect(
        "class A:\n  if x:\n    def m(self):\n      def f(): pass\n      class B:\n        async def n(self): pass\ndef g(): pass\n");
    static const codedb_definition_kind kinds[] = {CODEDB_DEFINITION_CLASS, CODEDB_DEFINITION_METHOD, CODEDB_DEFINITION_FUNCTION,
                                                   CODEDB_DEFINITION_CLASS, CODEDB_DEFINITION_METHOD, CODEDB_DEFINITION_FUNCTION};
    static const char *const names[] = {"A", "A.m", "A.m.f", "A.m.B", "A.m.B.n", "g"};
    assert_int_equal(made.outline.definition_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(made.outline.definitions[i].kind, kinds[i]);
        assert_string_equal(made.outline.definitions[i].qualified_name, names[i]);
    }
    assert_int_equal(made.outline.definitions[4].owner, 3);
    release(&made);
}

static void parameters_keep_their_stars_and_markers_are_none(void **state)
{
    (void)state;
    fixture made = collect("def f(a, /, b: int = 1, *c, d=2, **e): pass\ndef g(*, a): pass\ndef h(): pass\n");
    assert_string_equal(made.outline.definitions[0].details, "[\"a\", \"b\", \"*c\", \"d\", \"**e\"]");
    assert_string_equal(made.outline.definitions[1].details, "[\"a\"]");
    assert_string_equal(made.outline.definitions[2].details, "[]");
    release(&made);
}

static void methods_know_whether_they_do_anything(void **state)
{
    (void)state;
    fixture made = collect("class A:\n"
                           "    @abc.abstractmethod\n    def a(self):\n        'doc'\n        pass\n"
                           "    @property\n    def b(self):\n        raise NotImplementedError\n"
                           "    def c(self):\n        x; raise NotImplementedError('c')\n"
                           "    def d(self):\n        if x:\n            pass\n            raise NotImplementedError\n"
                           "    @x(abstractmethod)\n    def e(self): raise NotImplemented\n");
    static const bool expected[][3] = {
        {true, true, false}, {false, false, true}, {false, false, true}, {false, false, false}, {false, false, false}};
    for (size_t i = 0; i < 5; i++) {
        const codedb_definition *method = &made.outline.definitions[i + 1];
        assert_int_equal(method->is_abstract, expected[i][0]);
        assert_int_equal(method->has_pass, expected[i][1]);
        assert_int_equal(method->has_not_implemented, expected[i][2]);
    }
    release(&made);
}

static void imports_are_one_a_name(void **state)
{
    (void)state;
    fixture made =
        collect("import a . b as c, d\nif x:\n    from .. e.f import (g as h,\n        i)\nfrom . import *\nfrom ... import j\n");
    static const struct {
        const char *name, *module;
        uint32_t line;
    } expected[] = {{"a.b", NULL, 1}, {"d", NULL, 1}, {"g", "..e.f", 3}, {"i", "..e.f", 3}, {"*", ".", 5}, {"j", "...", 6}};
    assert_int_equal(made.outline.import_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(made.outline.imports[i].name, expected[i].name);
        assert_int_equal(made.outline.imports[i].line, expected[i].line);
        if (expected[i].module)
            assert_string_equal(made.outline.imports[i].module, expected[i].module);
        else
            assert_null(made.outline.imports[i].module);
    }
    release(&made);
}

static void every_line_is_in_the_innermost_content_once_and_docstrings_are_in_none(void **state)
{
    (void)state;
    fixture made = collect(
        "\"\"\"Module.\"\"\"\nimport a\n\n# above\n@d\nclass A:\n    'doc of A'\n    x = 1\n\n    def m(self):  # m\n        'doc'; y\n"
        "        # end of m\n    z = 2\n\ndef f(): 'one'\nlast = 1\n");
    check_slice(made.outline.content, "import a\n\n# above\n\nlast = 1\n");
    check_slice(made.outline.docstring, "Module.");
    check_slice(made.outline.definitions[0].content, "@d\nclass A:\n    x = 1\n\n        # end of m\n    z = 2\n");
    check_slice(made.outline.definitions[1].content, "    def m(self):  # m\n; y\n");
    check_slice(made.outline.definitions[2].content, "def f(): \n");
    release(&made);
}

static void lines_count_a_last_one_without_a_break(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        uint32_t lines;
    } cases[] = {{"", 0}, {"a", 1}, {"a\n", 1}, {"a\r\nb\rc", 3}, {"\n\n", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture made = collect(cases[i].source);
        assert_int_equal(made.outline.lines, cases[i].lines);
        release(&made);
    }
}

static void only_a_plain_string_in_the_first_place_is_a_docstring(void **state)
{
    (void)state;
    check_docstring("'a'\n", "a");
    check_docstring("('a'\n  u'b' r'\\c')\n", "ab\\c");
    check_docstring("# c\n\n'a'; x\n", "a");
    check_docstring("''\n", "");
    check_docstring("b'a'\n", NULL);
    check_docstring("f'a'\n", NULL);
    check_docstring("'a' f'b'\n", NULL);
    check_docstring("'a' + 'b'\n", NULL);
    check_docstring("'a'.b\n", NULL);
    check_docstring("x\n'a'\n", NULL);
    check_docstring("if x: 'a'\n", NULL);
    check_docstring("", NULL);
}

static void escapes_have_their_values(void **state)
{
    (void)state;
    check_docstring("'\\a\\b\\f\\v\\r\\\\\\'\\\"|'\n", "\a\b\f\v\r\\'\"|");
    check_docstring("'\\101\\7x\\x41\\u00e9\\U0001F600\\400'\n", "A\ax"
                                                                 "A\xC3\xA9\xF0\x9F\x98\x80\xC4\x80");
    check_docstring("'a\\\nb\\\r\nc\\qd\\N{EM DASH}e'\n", "abc\\qd\xE2\x80\x94"
                                                          "e");
    check_docstring("'\\N{nbsp}' r'\\N{NBSP}'\n", "\xC2\xA0\\N{NBSP}");
    check_docstring("'\\ud800\\udc00'\n", "\xEF\xBF\xBD\xEF\xBF\xBD");
    check_docstring("'\xED\x95\x9C'\n", "\xED\x95\x9C");
}

static void docstrings_are_cleaned_as_inspect_does(void **state)
{
    (void)state;
    check_docstring("'''  One\n      two\n\n        three\n    '''\n", "One\ntwo\n\n  three");
    check_docstring("'''\n\n  a\n\tb\n'''\n", "a\n      b");
    check_docstring("'''a\r\n    b\r    c'''\n", "a\nb\nc");
    check_docstring("'''a\n   '''\n", "a\n   ");
    check_docstring("'''   '''\n", "");
    check_docstring("'''a\n  \xC3\xA9\tb\n  c'''\n", "a\n\xC3\xA9     b\nc");
}

static void literals_are_taken_apart(void **state)
{
    (void)state;
    codedb_string_literal literal;
    assert_true(codedb_string_split("Rb'''x'''", 9, &literal));
    assert_true(literal.raw && literal.bytes && !literal.formatted && !literal.unicode);
    assert_int_equal(literal.quote_length, 3);
    assert_int_equal(literal.body_length, 1);
    assert_true(codedb_string_split("''", 2, &literal));
    assert_int_equal(literal.quote_length, 1);
    assert_int_equal(literal.body_length, 0);
    assert_true(codedb_string_split("F''", 3, &literal) && literal.formatted);
    assert_false(codedb_string_split("x'a'", 4, &literal));
    assert_false(codedb_string_split("'", 1, &literal));
    assert_false(codedb_string_split("", 0, &literal));
}

static void values_of_bytes_and_bad_escapes(void **state)
{
    (void)state;
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_buffer out;
    codedb_buffer_init(&out, &allocator);
    assert_true(codedb_string_evaluate("\\xe9\\u0041\\351\\N{NUL}", 21, false, true, 314, &out));
    assert_string_equal(out.data, "\xE9\\u0041\xE9\\N{NUL}");
    static const char *const bad[] = {"\\x4", "\\xg1", "\\u123", "\\U00110000", "\\", "\\N", "\\N{", "\\N{FOO}", "\\N{NUL"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(codedb_string_evaluate(bad[i], strlen(bad[i]), false, false, 314, &out));
    codedb_buffer_free(&out);
}

static void every_failed_allocation_is_no_memory_and_leaks_nothing(void **state)
{
    (void)state;
    const char *source = "'''doc\n\ta'''\nfrom a.b import c\nclass A(B,\r\n  C):\n    'd'\n    def m(self, *a): 'e'; x\n    y\n";
    codedb_tree *tree;
    assert_int_equal(codedb_tree_parse(source, strlen(source), NULL, &tree, NULL), CODEDB_SUCCESS);
    support_failing failing;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_arena *arena = codedb_arena_create(&failing.allocator);
        codedb_outline outline;
        codedb_code code = arena ? codedb_outline_collect(tree, arena, &outline, NULL) : CODEDB_NO_MEMORY;
        codedb_arena_destroy(arena);
        support_failing_check(&failing, code);
    }
    codedb_tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_have_lines_bases_and_dotted_names),
        cmocka_unit_test(a_method_is_a_def_directly_in_a_class),
        cmocka_unit_test(parameters_keep_their_stars_and_markers_are_none),
        cmocka_unit_test(methods_know_whether_they_do_anything),
        cmocka_unit_test(imports_are_one_a_name),
        cmocka_unit_test(every_line_is_in_the_innermost_content_once_and_docstrings_are_in_none),
        cmocka_unit_test(lines_count_a_last_one_without_a_break),
        cmocka_unit_test(only_a_plain_string_in_the_first_place_is_a_docstring),
        cmocka_unit_test(escapes_have_their_values),
        cmocka_unit_test(docstrings_are_cleaned_as_inspect_does),
        cmocka_unit_test(literals_are_taken_apart),
        cmocka_unit_test(values_of_bytes_and_bad_escapes),
        cmocka_unit_test(every_failed_allocation_is_no_memory_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
