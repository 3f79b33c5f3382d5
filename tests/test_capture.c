/* test_capture.c -- accuses codedb_capture.c and codedb_nodes.c: in which ways a selector with captures matched.
 *
 * An answer is written as one "Type@line:column{capture ...}" a way, where a capture is "line:column" or "-"; columns from 0.
 * tests/oracle/compare_selectors.py asks for far more of them, at random. */
#include "support.h"

#include "codedb_selector.h"

/* ---- Asking ------------------------------------------------------------------------------------------------------- */

static codedb_tree *parse(const char *source)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree = NULL;

    assert_success(codedb_tree_parse(source, strlen(source), NULL, &tree, &result), result);
    codedb_result_clear(&result);
    return tree;
}

static char *answer(const codedb_tree *tree, const codedb_filter *filter)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_nodes *nodes = NULL;
    char *text;
    char *at;
    size_t i;
    size_t k;

    if (codedb_tree_query(tree, filter, &nodes, &result) != CODEDB_SUCCESS) {
        text = strdup(result.description);
    } else {
        text = at = calloc(nodes->count + 1, 64 + 24 * nodes->capture_count);
        assert_non_null(text);
        for (i = 0; i < nodes->count; i++) {
            at += sprintf(at, "%s%s@%u:%u{", i == 0 ? "" : " ", nodes->items[i]->type, nodes->items[i]->start_line,
                          nodes->items[i]->start_column);
            for (k = 0; k < nodes->capture_count; k++) {
                const codedb_node_info *node = nodes->captures[i * nodes->capture_count + k];
                at += node == NULL ? sprintf(at, "%s-", k == 0 ? "" : " ")
                                   : sprintf(at, "%s%u:%u", k == 0 ? "" : " ", node->start_line, node->start_column);
            }
            at += sprintf(at, "}");
        }
    }
    codedb_free(nodes);
    codedb_result_clear(&result);
    return text;
}

typedef struct expectation {
    const char *selector;
    const char *answer;
} expectation;

static void assert_answers_in(const char *source, const expectation *cases, size_t count)
{
    codedb_tree *tree = parse(source);
    size_t wrong = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        codedb_filter filter = CODEDB_INIT(codedb_filter);
        char *got;
        filter.selector = cases[i].selector;
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

#define ASSERT_ANSWERS(source, cases) assert_answers_in(source, cases, sizeof(cases) / sizeof *(cases))

/* ---- Ways --------------------------------------------------------------------------------------------------------- */

static const char nested[] = "class A:\n"                    /* 1 */
                             "  class B:\n"                  /* 2 */
                             "    def f(self):\n"            /* 3 */
                             "      if self:\n"              /* 4 */
                             "        return 1\n"            /* 5 */
                             "      return 2\n"              /* 6 */
                             "  def g(self): return 3\n"     /* 7 */
                             "def h(x): return 4; return 5"; /* 8 */

static void test_each_way_to_a_node_is_one_answer(void **state)
{
    static const expectation cases[] = {
        {"class @c > method", "FunctionDef@3:4{2:2} FunctionDef@7:2{1:0}"},
        {"class@c method", "FunctionDef@3:4{1:0} FunctionDef@3:4{2:2} FunctionDef@7:2{1:0}"},
        {"class @c method @m", "FunctionDef@3:4{1:0 3:4} FunctionDef@3:4{2:2 3:4} FunctionDef@7:2{1:0 7:2}"},
        {"class@c method@m Return",
         "Return@5:8{1:0 3:4} Return@5:8{2:2 3:4} Return@6:6{1:0 3:4} Return@6:6{2:2 3:4} Return@7:15{1:0 7:2}"},
        {"class@c method Return", "Return@5:8{1:0} Return@5:8{2:2} Return@6:6{1:0} Return@6:6{2:2} Return@7:15{1:0}"},
        {"class class@c Return", "Return@5:8{2:2} Return@6:6{2:2}"},
        {"class@c * * Return@r", "Return@5:8{1:0 5:8} Return@5:8{2:2 5:8} Return@6:6{1:0 6:6} Return@6:6{2:2 6:6} "
                                 "Return@7:15{1:0 7:15}"},
        {"class@a@b[name=A] > def@d", "FunctionDef@7:2{1:0 1:0 7:2}"},
        {"def@d/SimpleStatementSuite@s/Return@r[1]", "Return@7:15{7:2 7:15 7:15} Return@8:10{8:0 8:10 8:10}"},
        {"/def@d", "FunctionDef@8:0{8:0}"},
        {"Import@i", ""},
    };

    (void)state;
    ASSERT_ANSWERS(nested, cases);
}

static void test_siblings_are_captured_in_their_lists(void **state)
{
    static const expectation cases[] = {
        {"Assign@a ~ Return", ""},
        {"Assign@a ~ Assign@b", "Assign@1:7{1:0 1:7} Assign@2:0{1:0 2:0} Assign@2:0{1:7 2:0} Assign@4:0{1:0 4:0} "
                                "Assign@4:0{1:7 4:0} Assign@4:0{2:0 4:0}"},
        {"Assign@a + statement", "Assign@1:7{1:0} Assign@2:0{1:7} If@3:0{2:0}"},
        {"SimpleStatementLine@a ~ If", "If@3:0{1:0} If@3:0{2:0}"},
        {"statement@a ~ If[1]", "If@3:0{1:0} If@3:0{1:0} If@3:0{1:7} If@3:0{2:0} If@3:0{2:0}"},
        {"Assign@a ~ Assign ~ Assign@c", "Assign@2:0{1:0 2:0} Assign@4:0{1:0 4:0} Assign@4:0{1:7 4:0}"},
        {"stmt@a ~ stmt ~ Assign", "Assign@4:0{1:0} Assign@4:0{2:0}"},
        {"SimpleStatementLine@a ~ statement ~ SimpleStatementLine", "SimpleStatementLine@4:0{1:0}"},
    };

    (void)state;
    ASSERT_ANSWERS("a = 1; b = 2\nc = 3\nif c: d\ne = 4\n", cases);
}

static void test_a_position_is_chosen_for_a_node_and_not_for_a_way(void **state)
{
    static const expectation cases[] = {
        {"class@c method:first", "FunctionDef@3:4{1:0} FunctionDef@3:4{2:2}"},
        {"class@c > method:first", "FunctionDef@3:4{2:2} FunctionDef@7:2{1:0}"},
        {"class@c method Return:first", "Return@5:8{1:0} Return@5:8{2:2} Return@7:15{1:0}"},
        {"class@c method@m Return:last", "Return@6:6{1:0 3:4} Return@6:6{2:2 3:4} Return@7:15{1:0 7:2}"},
        {"class@c Return[2]", "Return@6:6{1:0} Return@6:6{2:2}"},
        {"class:last@c Return", "Return@5:8{2:2} Return@6:6{2:2}"},
        {"class@c Return:nth(9)", ""},
        {"def@d Return:first@r", "Return@5:8{3:4 5:8} Return@7:15{7:2 7:15} Return@8:10{8:0 8:10}"},
        {"Return@a + Return[1]", "Return@8:20{8:10}"},
        {"Return@a ~ Return:first[value=5]", "Return@8:20{8:10}"},
    };

    (void)state;
    ASSERT_ANSWERS(nested, cases);
}

static void test_other_branches_capture_nothing(void **state)
{
    static const expectation cases[] = {
        {"class@c > method, function", "FunctionDef@3:4{2:2} FunctionDef@7:2{1:0} FunctionDef@8:0{-}"},
        {"class[name=A]@a method, class[name=B] method@m, method[name=f], def[name=f]",
         "FunctionDef@3:4{1:0 -} FunctionDef@3:4{- 3:4} FunctionDef@3:4{- -} FunctionDef@7:2{1:0 -}"},
        {"(class, function)@d[name=B], function@f", "ClassDef@2:2{2:2 -} FunctionDef@8:0{- 8:0}"},
    };

    (void)state;
    ASSERT_ANSWERS(nested, cases);
}

static void test_conditions_and_the_limit_are_of_the_matched_node(void **state)
{
    codedb_tree *tree = parse(nested);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    char *got;

    (void)state;
    filter.selector = "class@c method@m Return";
    filter.start_line = 6;
    filter.limit = 2;
    got = answer(tree, &filter);
    assert_string_equal(got, "Return@6:6{1:0 3:4} Return@6:6{2:2 3:4}");
    free(got);
    filter.limit = 1;
    filter.name = "none";
    got = answer(tree, &filter);
    assert_string_equal(got, "");
    free(got);
    codedb_tree_free(tree);
}

static void test_the_answer_names_the_captures(void **state)
{
    codedb_tree *tree = parse("class A:\n    def f(self): pass\n    x = 1\n");
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_selector *selector = NULL;
    codedb_nodes *nodes = NULL;

    (void)state;
    assert_success(codedb_selector_compile("class@owner > (def, smallstmt)@member", NULL, &selector, &result), result);
    assert_int_equal(codedb_selector_capture_count(selector), 2);
    assert_string_equal(codedb_selector_capture_name(selector, 0), "owner");
    assert_string_equal(codedb_selector_capture_name(selector, 1), "member");
    assert_null(codedb_selector_capture_name(selector, 2));
    assert_int_equal(codedb_selector_capture_count(NULL), 0);
    assert_null(codedb_selector_capture_name(NULL, 0));
    filter.compiled = selector;
    assert_success(codedb_tree_query(tree, &filter, &nodes, &result), result);
    codedb_selector_free(selector);
    codedb_tree_free(tree);
    assert_int_equal(nodes->count, 2);
    assert_int_equal(nodes->capture_count, 2);
    assert_string_equal(nodes->capture_names[1], "member");
    assert_string_equal(nodes->captures[2]->name, "A");
    assert_string_equal(nodes->captures[3]->code, "x = 1");
    assert_ptr_equal(nodes->captures[3], nodes->items[1]);
    assert_ptr_equal(nodes->captures[2], nodes->captures[0]);
    codedb_free(nodes);
    codedb_result_clear(&result);
}

static void test_edits_get_rows_of_stored_nodes(void **state)
{
    codedb_tree *tree = parse(nested);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_captured captured;

    (void)state;
    filter.selector = "class@c > method[name=f], function@f[name=h]";
    assert_success(codedb_xpath_select_captured(tree, &filter, &captured, &result), result);
    assert_int_equal(captured.count, 2);
    assert_int_equal(captured.capture_count, 2);
    assert_string_equal(captured.names[0], "c");
    assert_string_equal(captured.names[1], "f");
    assert_int_equal(tree->nodes[captured.rows[0]].kind, CODEDB_NODE_FUNCTION_DEF);
    assert_int_equal(tree->nodes[captured.rows[1]].kind, CODEDB_NODE_CLASS_DEF);
    assert_int_equal(captured.rows[2], CODEDB_NO_CAPTURE);
    assert_int_equal(captured.rows[3 + 1], CODEDB_NO_CAPTURE);
    assert_int_equal(captured.rows[3 + 2], captured.rows[3]);
    codedb_captured_free(&captured);
    filter.selector = "class";
    assert_success(codedb_xpath_select_captured(tree, &filter, &captured, &result), result);
    assert_int_equal(captured.count, 2);
    assert_int_equal(captured.capture_count, 0);
    assert_true(captured.rows[1] > captured.rows[0]);
    codedb_captured_free(&captured);
    filter.selector = "Return ~ Semicolon@s, Return:has(+ *) > Semicolon@t";
    assert_code(codedb_xpath_select_captured(tree, &filter, &captured, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "a Semicolon at line 8");
    codedb_captured_free(&captured);
    filter.selector = "class[";
    assert_code(codedb_xpath_select_captured(tree, &filter, &captured, &result), CODEDB_SELECTOR_ERROR, result);
    codedb_captured_free(&captured);
    assert_code(codedb_xpath_select_captured(NULL, &filter, &captured, &result), CODEDB_INVALID_REQUEST, result);
    codedb_captured_free(&captured);
    codedb_result_clear(&result);
    codedb_tree_free(tree);
}

/* ---- What goes wrong ---------------------------------------------------------------------------------------------- */

static void test_captures_that_cannot_be_are_errors(void **state)
{
    static const expectation cases[] = {
        {"class@c method@c",
         "expected a name that captures nothing else, found 'c' (each capture of a selector has a name of its own; "
         "(A, B)@name captures either)"},
        {"class@c, method@c",
         "expected a name that captures nothing else, found 'c' (each capture of a selector has a name of its "
         "own; (A, B)@name captures either)"},
        {"class:has(method@m)",
         "expected a predicate, a pseudo-class or a combinator, found '@' (captures stand on the main path "
         "only; an attribute is asked for as [name])"},
        {"(class@c)", "expected a predicate, a pseudo-class or a combinator, found '@' (captures stand on the main path only; an "
                      "attribute is asked for as [name])"},
        {"class@", "expected a name for what is captured, found the end of the selector"},
        {"class@1", "expected a name for what is captured, found '1'"},
        {"class/@name", "expected a type, '*', '(', '[', ':' or '.', found '@' (attribute steps: use [name])"},
        {"@c", "expected a type, '*', '(', '[', ':' or '.', found '@' (attribute steps: use [name])"},
    };

    (void)state;
    ASSERT_ANSWERS("", cases);
}

static void test_every_failing_allocation_is_an_answer(void **state)
{
    static const char *const selectors[] = {"class@c * method@m statement ~ *@s:first, def@d",
                                            "stmt@a ~ stmt ~ *@b, *@c + *, *@d * * *"};
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    support_failing failing;
    size_t i;
    long n;

    (void)state;
    options.allocator = &failing.allocator;
    for (i = 0; i < 2; i++) {
        for (n = 0; support_failing_start(&failing, n); n++) {
            codedb_tree *tree = NULL;
            codedb_nodes *nodes = NULL;
            codedb_code code = codedb_tree_parse(nested, strlen(nested), &options, &tree, &result);
            filter.selector = selectors[i];
            if (code == CODEDB_SUCCESS)
                code = codedb_tree_query(tree, &filter, &nodes, &result);
            assert_true(code == CODEDB_SUCCESS || code == CODEDB_NO_MEMORY);
            codedb_free(nodes);
            if (code == CODEDB_SUCCESS) {
                codedb_captured captured;
                code = codedb_xpath_select_captured(tree, &filter, &captured, &result);
                codedb_captured_free(&captured);
            }
            codedb_tree_free(tree);
            support_failing_check(&failing, code);
        }
    }
    codedb_result_clear(&result);
}

static void test_a_query_ends_when_its_time_is_over(void **state)
{
    codedb_tree *tree = parse(nested);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes = NULL;

    (void)state;
    filter.selector = "*@a *@b *@c";
    filter.timeout = 1e-9;
    assert_int_equal(codedb_tree_query(tree, &filter, &nodes, NULL), CODEDB_TIMEOUT);
    assert_null(nodes);
    codedb_tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_way_to_a_node_is_one_answer),
        cmocka_unit_test(test_siblings_are_captured_in_their_lists),
        cmocka_unit_test(test_a_position_is_chosen_for_a_node_and_not_for_a_way),
        cmocka_unit_test(test_other_branches_capture_nothing),
        cmocka_unit_test(test_conditions_and_the_limit_are_of_the_matched_node),
        cmocka_unit_test(test_the_answer_names_the_captures),
        cmocka_unit_test(test_edits_get_rows_of_stored_nodes),
        cmocka_unit_test(test_captures_that_cannot_be_are_errors),
        cmocka_unit_test(test_every_failing_allocation_is_an_answer),
        cmocka_unit_test(test_a_query_ends_when_its_time_is_over),
    };

    return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
