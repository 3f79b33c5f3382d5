/* tests/test_template.c -- accuses codedb_template.c: new code with the source of what the selector captured. */
#include "edits.h"

static void check_captures(const char *source, const char *selector, codedb_edit_action action, const char *code,
                           const char *expected, const char *file, int line)
{
    codedb_edit edit = make(selector, action, &code, 1);
    edit.use_captures = 1;
    check_edits(source, &edit, 1, expected, file, line);
}

static void check_captures_refusal(const char *source, const char *selector, const char *code, codedb_code expected,
                                   const char *words, const char *file, int line)
{
    codedb_edit edit = make(selector, CODEDB_EDIT_REPLACE, &code, 1);
    edit.use_captures = 1;
    check_failure(source, &edit, 1, expected, words, file, line);
}

#define FILL(source, selector, code, expected) \
    check_captures(source, selector, CODEDB_EDIT_REPLACE, code, expected, __FILE__, __LINE__)
#define UNFILLED(source, selector, code, answer, words) \
    check_captures_refusal(source, selector, code, answer, words, __FILE__, __LINE__)

static void a_capture_is_the_source_as_it_is_written(void **state)
{
    (void)state;
    FILL("y = f(a + b)\n", "Call:has(Arg) > Arg > *@x", "g({x}, 1)", "y = f(g(a + b, 1))\n");
    FILL("y = (a  +  b) * c\n", "BinaryOperation > BinaryOperation@x", "{x} - 1", "y = ((a  +  b) - 1) * c\n");
    FILL("f(a)\ng(b)\n", "Expr@e", "print({e})", "print(f(a))\nprint(g(b))\n");
    FILL("@d\ndef f(): pass\n", "function@f", "if x:\n    {f}", "if x:\n    @d\n    def f(): pass\n");
    FILL("f(a, k=b)\n", "Call > Arg[keyword]@k", "**{{}}, {k}", "f(a, **{}, k=b)\n");
}

static void several_lines_move_with_the_first(void **state)
{
    (void)state;
    FILL("def f():\n    a(1,\n      2)\n", "function > Expr@e", "with b:\n    {e}",
         "def f():\n    with b:\n        a(1,\n          2)\n");
    FILL(
        "class A:\n    def f(self):\n        '''Doc.\n\n        More.\n        '''\n        x = '''a\n b'''\n\n        return x\n",
        "method@m", "if y:\n    {m}\nelse:\n    pass",
        "class A:\n    if y:\n        def f(self):\n            '''Doc.\n\n            More.\n            '''\n            x = '''a\n b'''\n\n"
        "            return x\n    else:\n        pass\n");
    FILL("def f():\n    x = f'''{a\n    }\n  b'''\n", "Assign@s", "if c:\n    {s}",
         "def f():\n    if c:\n        x = f'''{a\n    }\n  b'''\n");
}

static void text_without_the_option_keeps_its_braces(void **state)
{
    (void)state;
    REPLACE("y = a\n", "Name[name=\"a\"]@x", "{x}", "y = {x}\n");
    FILL("y = a\n", "Name[name=\"a\"]@x", "{{{x}: f'{{{x}}}'}}", "y = {a: f'{a}'}\n");
}

static void each_match_has_its_own_captures(void **state)
{
    (void)state;
    FILL("assertEqual(a, b)\nassertEqual(c, d)\n", "Expr:has(Call[func=\"assertEqual\"]) > Call@c", "check({c})",
         "check(assertEqual(a, b))\ncheck(assertEqual(c, d))\n");
    FILL("a = 1\nb = 2\n", "Assign > AssignTarget > Name@n", "({n})[0]", "(a)[0] = 1\n(b)[0] = 2\n");
    check_captures("def f():\n    a = 1\n", "function > Assign@a", CODEDB_EDIT_INSERT_AFTER, "{a}; b = 2",
                   "def f():\n    a = 1\n    a = 1; b = 2\n", __FILE__, __LINE__);
}

static void different_captures_of_one_node_cannot_both_replace_it(void **state)
{
    (void)state;
    UNFILLED("class A:\n    class B:\n        x = 1\n", "class@c Assign", "y = '''{c}'''", CODEDB_OVERLAP, "two edits");
}

static void braces_that_are_no_capture_are_refused(void **state)
{
    (void)state;
    UNFILLED("y = a\n", "Name.value@x", "{z}", CODEDB_VALIDATION_ERROR, "{z}, which the selector does not have");
    UNFILLED("y = a\n", "Name.value@x", "{x", CODEDB_VALIDATION_ERROR, "single '{' at byte 0");
    UNFILLED("y = a\n", "Name.value@x", "x}", CODEDB_VALIDATION_ERROR, "single '}' at byte 1");
    UNFILLED("y = a\n", "Name.value@x, Integer@z", "{z}", CODEDB_VALIDATION_ERROR, "has not captured @z");
    UNFILLED("y = a\n", "Name.value@x", "{x} +", CODEDB_PARSE_ERROR, "line 1");
    UNFILLED("y = a\n", "Integer@x", "{x}", CODEDB_NOT_FOUND, "finds nothing");
}

static void every_failed_allocation_is_no_memory_and_leaks_nothing(void **state)
{
    (void)state;
    const char *source = "def f():\n    a(1,\n      2)\n", *code = "if x:\n    {e}";
    codedb_edit edit = make("Expr@e", CODEDB_EDIT_REPLACE, &code, 1);
    edit.use_captures = 1;
    support_failing failing;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
        codedb_tree *tree = NULL;
        codedb_edit_report *report = NULL;
        options.allocator = &failing.allocator;
        codedb_code answer = codedb_tree_parse(source, strlen(source), &options, &tree, NULL);
        if (answer == CODEDB_SUCCESS)
            answer = codedb_tree_edit(tree, &edit, 1, "f.py", &report, NULL);
        codedb_free(report);
        codedb_tree_free(tree);
        assert_true(answer == CODEDB_SUCCESS || (answer == CODEDB_NO_MEMORY && atomic_load(&failing.failed)));
        assert_int_equal(atomic_load(&failing.live), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_capture_is_the_source_as_it_is_written),
        cmocka_unit_test(several_lines_move_with_the_first),
        cmocka_unit_test(text_without_the_option_keeps_its_braces),
        cmocka_unit_test(each_match_has_its_own_captures),
        cmocka_unit_test(different_captures_of_one_node_cannot_both_replace_it),
        cmocka_unit_test(braces_that_are_no_capture_are_refused),
        cmocka_unit_test(every_failed_allocation_is_no_memory_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
