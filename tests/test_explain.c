/* test_explain.c -- accuses codedb_explain.c: the numbers of an explanation, its reasons and its hints. */
#include "support.h"

static const char source[] = "\"\"\"doc\"\"\"\n"                    /*  1 */
                             "import os\n"                          /*  2 */
                             "class Shop:\n"                        /*  3 */
                             "    def sell(self, item, price=1):\n" /*  4 */
                             "        if item.test:\n"              /*  5 */
                             "            return price\n"           /*  6 */
                             "        return None\n"                /*  7 */
                             "    def buy(self):\n"                 /*  8 */
                             "        for x in y: pass\n"           /*  9 */
                             "class B(Shop): pass\n"                /* 10 */
                             "def run(a): a.b(c=1); x = 1\n";       /* 11 */

static codedb_tree *parse(const codedb_parse_options *options)
{
    codedb_tree *tree = NULL;
    assert_int_equal(codedb_tree_parse(source, strlen(source), options, &tree, NULL), CODEDB_SUCCESS);
    return tree;
}

static char *explain(const char *selector, codedb_dialect dialect, codedb_explain_format format)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree = parse(NULL);
    char *text = NULL;

    filter.selector = selector;
    filter.dialect = dialect;
    assert_success(codedb_tree_explain(tree, &filter, format, &text, &result), result);
    codedb_tree_free(tree);
    codedb_result_clear(&result);
    return text;
}

static void test_the_text_shows_each_step_with_its_conditions(void **state)
{
    char *text =
        explain("class:has(> method) > method[name=sell] Return:first, While", CODEDB_DIALECT_DEFAULT, CODEDB_EXPLAIN_TEXT);

    (void)state;
    assert_string_equal(text, "class:has(> method)                     2 of this type, 2 candidates, 1 left\n"
                              "    :has(> method)                      1 left\n"
                              "        > method                        2 of this type, 2 candidates, 2 left\n"
                              "> method[name=sell]                     2 of this type, 2 candidates, 1 left\n"
                              "    [name=sell]                         1 left\n"
                              "// Return:first                         2 of this type, 2 candidates, 1 left\n"
                              "    :first                              1 left\n"
                              ",\n"
                              "While                                   0 of this type, 0 candidates, 0 left\n"
                              "    the file has no While\n"
                              "1 found\n");
    codedb_free(text);
}

static void test_the_json_holds_the_same(void **state)
{
    char *text = explain("def:is(method)\n> While", CODEDB_DIALECT_DEFAULT, CODEDB_EXPLAIN_JSON);

    (void)state;
    assert_contains(text, "{\"selector\": \"def:is(method)\\n> While\", \"dialect\": \"default\", \"nodes\": ");
    assert_contains(text,
                    "\"matched\": 0, \"found\": 0, \"branches\": [{\"steps\": [{\"text\": \"def:is(method)\", \"offset\": 0, "
                    "\"length\": 14, \"combinator\": \"\", \"of_type\": 2, \"candidates\": 2, \"survivors\": 2, \"conditions\": "
                    "[{\"text\": \":is(method)\", \"survivors\": 2, \"arguments\": [{\"steps\": [{\"text\": \"method\", ");
    assert_contains(
        text, "{\"text\": \"While\", \"offset\": 17, \"length\": 5, \"combinator\": \">\", \"of_type\": 0, \"candidates\": 0, "
              "\"survivors\": 0, \"conditions\": [], \"why\": \"the file has no While\"}]}]}");
    codedb_free(text);
}

typedef struct reason {
    const char *selector;
    const char *says;
} reason;

static void test_what_leaves_nothing_is_told_with_what_to_write_instead(void **state)
{
    static const reason cases[] = {
        {"class / method", "0 after /: parents are IndentedBlock; use >\n"},
        {"class / Return", "0 after /: parents are SimpleStatementLine; use white space or //\n"},
        {"class > Return", "0 after >: parents are If, FunctionDef; use white space or //\n"},
        {"/Return", "0 after /: parents are SimpleStatementLine; use // for anywhere\n"},
        {"Module > Name", "0 after >: parents are ImportAlias, ClassDef, FunctionDef ...; use white space or //\n"},
        {"Return class",
         "0 after //: none of the 2 class nodes of the file stands there; they stand around the step on the left: turn the "
         "two around, or use :has\n"},
        {"Import + def", "0 after +: none of the 3 def nodes of the file stands there; use ~\n"},
        {"def ~ Import",
         "0 after ~: none of the 1 Import nodes of the file stands there; they stand before the step on the left: turn "
         "the two around\n"},
        {"Name ~ Import", "0 after ~: none of the 1 Import nodes of the file stands there\n"},
        {"If.test", "no If is the test of another node; for the test of the If itself: If > *.test\n"},
        {"Name.test", "no Name is the test of another node\n"},
        {"method[name=sel]", "none of the 2 passes [name=sel]; did you mean 'sell'?\n"},
        {"method[name^=x]", "none of the 2 passes [name^=x]; there are 'sell', 'buy'\n"},
        {"Param[name=/q/]", "there are 'self', 'item', 'price' ...\n"},
        {"method[docstring!=x]", "none of the 2 has this attribute; :not([... = ...]) also takes nodes without it\n"},
        {"class[module=x]", "none of the 2 has this attribute\n"},
        {"Call[func=zap]", "none of the 1 passes [func=zap]\n"},
        {"class[args_count]", "none of the 2 has this attribute\n"},
        {"function[name=buy]", "none of the 1 passes [name=buy]; a method does: use method, or def for either\n"},
        {"method[name=run]", "none of the 2 passes [name=run]; a function does: use function, or def for either\n"},
        {"* > function[name=buy]", "a method does: use method, or def for either\n"},
        {"class * > function",
         "0 after >: none of the 1 function nodes of the file stands there; defs there are of kind method: use "
         "method, or def for either\n"},
        {"method Return:nth(9)", "there are not that many for :nth(9)\n"},
        {"method:has(> While)", "            the file has no While\n    none of the 2 passes :has(> While)\n"},
        {"Lambda", "the file has no Lambda\n0 found\n"},
        {":async", "passes :async\n"},
        {"Return:nth-child(2 of Pass)", "none of the 2 passes :nth-child(2 of Pass)\n"},
        {"(If, For)[name]", "none of the 2 has this attribute\n"},
    };
    size_t wrong = 0;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = explain(cases[i].selector, CODEDB_DIALECT_DEFAULT, CODEDB_EXPLAIN_TEXT);
        if (strstr(text, cases[i].says) == NULL) {
            print_error("%s\n  expected %s  found\n%s", cases[i].selector, cases[i].says, text);
            wrong++;
        }
        codedb_free(text);
    }
    assert_int_equal(wrong, 0);
}

static void test_the_reference_dialect_is_explained_by_its_own_rules(void **state)
{
    char *text = explain("class > method:first:not(class)", CODEDB_DIALECT_REFERENCE, CODEDB_EXPLAIN_TEXT);

    (void)state;
    assert_string_equal(text, "class                                   2 of this type, 2 candidates, 2 left\n"
                              "> method:first:not(class)               2 of this type, 0 candidates, 0 left\n"
                              "    0 after >: parents are IndentedBlock; use white space or //\n"
                              "0 found\n");
    codedb_free(text);
    text = explain("method:first:not(class[name=x])", CODEDB_DIALECT_REFERENCE, CODEDB_EXPLAIN_JSON);
    assert_contains(text, "\"dialect\": \"reference\"");
    assert_contains(text, "{\"text\": \":not(...)\", \"survivors\": 2, \"arguments\": ");
    assert_contains(text, "{\"text\": \":first\", \"survivors\": 1}");
    codedb_free(text);
}

static void test_the_filters_other_conditions_are_counted(void **state)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_tree *tree = parse(NULL);
    char *text = NULL;

    (void)state;
    filter.selector = "def";
    filter.start_line = 8;
    assert_int_equal(codedb_tree_explain(tree, &filter, CODEDB_EXPLAIN_TEXT, &text, NULL), CODEDB_SUCCESS);
    assert_contains(text, "\n3 found, 2 of them by the filter's other conditions\n");
    codedb_free(text);
    codedb_tree_free(tree);
}

static void test_a_wrong_call_says_what_is_wrong(void **state)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree = parse(NULL);
    char *text = NULL;

    (void)state;
    filter.selector = "class";
    assert_code(codedb_tree_explain(tree, &filter, CODEDB_EXPLAIN_JSON, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_tree_explain(NULL, &filter, CODEDB_EXPLAIN_JSON, &text, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_tree_explain(tree, &filter, (codedb_explain_format)7, &text, &result), CODEDB_INVALID_REQUEST, result);
    filter.selector = "class[";
    assert_code(codedb_tree_explain(tree, &filter, CODEDB_EXPLAIN_JSON, &text, &result), CODEDB_SELECTOR_ERROR, result);
    filter.selector = "* * * *:has(*)";
    filter.timeout = 1e-9;
    assert_code(codedb_tree_explain(tree, &filter, CODEDB_EXPLAIN_JSON, &text, &result), CODEDB_TIMEOUT, result);
    assert_null(text);
    codedb_result_clear(&result);
    codedb_tree_free(tree);
}

static void test_every_failing_allocation_is_an_answer(void **state)
{
    static const char *const selectors[] = {"class > method:has(Return):is(def):not(If, For)[name=sel], class/Return, If.test",
                                            "function[name=buy], Comma ~ Import, def[docstring!=x]"};
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    support_failing failing;
    size_t i;
    long n;

    (void)state;
    options.allocator = &failing.allocator;
    for (i = 0; i < 4; i++) {
        for (n = 0; support_failing_start(&failing, n); n++) {
            codedb_tree *tree = NULL;
            char *text = NULL;
            codedb_code code = codedb_tree_parse(source, strlen(source), &options, &tree, &result);
            filter.selector = selectors[i / 2];
            if (code == CODEDB_SUCCESS)
                code = codedb_tree_explain(tree, &filter, i % 2 == 0 ? CODEDB_EXPLAIN_JSON : CODEDB_EXPLAIN_TEXT, &text, &result);
            assert_true(code == CODEDB_SUCCESS || code == CODEDB_NO_MEMORY);
            codedb_free(text);
            codedb_tree_free(tree);
            support_failing_check(&failing, code);
        }
    }
    codedb_result_clear(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_text_shows_each_step_with_its_conditions),
        cmocka_unit_test(test_the_json_holds_the_same),
        cmocka_unit_test(test_what_leaves_nothing_is_told_with_what_to_write_instead),
        cmocka_unit_test(test_the_reference_dialect_is_explained_by_its_own_rules),
        cmocka_unit_test(test_the_filters_other_conditions_are_counted),
        cmocka_unit_test(test_a_wrong_call_says_what_is_wrong),
        cmocka_unit_test(test_every_failing_allocation_is_an_answer),
    };

    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
