/* tests/test_edit_comment.c -- accuses codedb_edit_comment.c: comments that are replaced and deleted. */
#include "edits.h"

static void a_comment_alone_on_its_line_goes_with_it(void **state)
{
    (void)state;
    DELETE("a\n# c\nb\n", "Comment", "a\nb\n");
    DELETE("# c\na\n", "Comment", "a\n");
    DELETE("a\r\n  # c\r\n\r\nb\r\n", "Comment", "a\r\n\r\nb\r\n");
    DELETE("def f():\n    a\n    # c\n", "Comment", "def f():\n    a\n");
    DELETE("a\n# c", "Comment", "a");
    DELETE("# c", "Comment", "");
    DELETE("\xEF\xBB\xBF# c\na\n", "Comment",
           "\xEF\xBB\xBF"
           "a\n");
    DELETE("f(\n    # c\n    a,\n)\n", "Comment", "f(\n    a,\n)\n");
    DELETE("# c\n# d\n# e\n", "Comment[value=\"# d\"]", "# c\n# e\n");
}

static void a_comment_behind_code_goes_with_the_blanks_before_it(void **state)
{
    (void)state;
    DELETE("a  # c\nb", "Comment", "a\nb");
    DELETE("a  # c", "Comment", "a");
    DELETE("if a:  # c\n    b\n", "Comment", "if a:\n    b\n");
    DELETE("f(  # c\n    a,\t# d\n    b)\n", "Comment", "f(\n    a,\n    b)\n");
    DELETE("a = '#'  # c\r\n", "Comment", "a = '#'\r\n");
}

/* Invariant 2. */
static void a_continued_line_is_not_joined_with_the_next(void **state)
{
    (void)state;
    DELETE("a = 1 \\\n# c\n+ 2\n", "Comment", "a = 1\n+ 2\n");
    DELETE("a = 1 \\\n  \\\n  # c\n+ 2\n", "Comment", "a = 1\n+ 2\n");
    DELETE("# d \\\n# c\na\n", "Comment:last", "# d \\\na\n");
    DELETE("a  # d \\\n# c\nb\n", "Comment:last", "a  # d \\\nb\n");
}

static void a_comment_is_replaced_by_one_comment(void **state)
{
    (void)state;
    REPLACE("a  # c\n# d\n", "Comment", "# new", "a  # new\n# new\n");
    REPLACE("a  # c\n", "Comment", " #new\n", "a  #new\n");
    REPLACE("f(  # c\n    a)\n", "Comment", "# new", "f(  # new\n    a)\n");
    REFUSED("a  # c\n", "Comment", REPLACE, "new", CODEDB_PARSE_ERROR, "only by one comment");
    REFUSED("a  # c\n", "Comment", REPLACE, "", CODEDB_PARSE_ERROR, "only by one comment");
    REFUSED("a  # c\n", "Comment", REPLACE, "# new\nb", CODEDB_PARSE_ERROR, "only by one comment");
    REFUSED("a  # c\n", "Comment", REPLACE, "# new\r# b", CODEDB_PARSE_ERROR, "only by one comment");
    REFUSED("a  # c\n", "Comment", INSERT_AFTER, "# new", CODEDB_VALIDATION_ERROR, "nothing can be inserted beside a comment");
    REFUSED("a  # c\n", "Comment", INSERT_FIRST, "# new", CODEDB_VALIDATION_ERROR, "nothing can be inserted beside a comment");
    const char *codes[] = {"# b", "# c"};
    codedb_edit edit = make("Comment", CODEDB_EDIT_REPLACE, codes, 2);
    check_failure("a  # c\n", &edit, 1, CODEDB_VALIDATION_ERROR, "only by one", __FILE__, __LINE__);
}

static void new_comments_have_what_was_captured(void **state)
{
    (void)state;
    const char *code = "# {n} here";
    codedb_edit edit = make("Pass@n, SimpleStatementLine Comment", CODEDB_EDIT_REPLACE, &code, 1);
    edit.use_captures = 1;
    check_failure("a = 1  # c\n", &edit, 1, CODEDB_VALIDATION_ERROR, "has not captured @n", __FILE__, __LINE__);
    edit.filter.selector = "SimpleStatementLine@n Comment";
    check_edits("a = 1  # c\n", &edit, 1, "a = 1  # a = 1 here\n", __FILE__, __LINE__);
    edit.filter.selector = "SimpleStatementLine Comment@n";
    check_failure("a = 1  # c\n", &edit, 1, CODEDB_VALIDATION_ERROR, "a Comment at line 1", __FILE__, __LINE__);
}

/* Invariant 3. */
static void comments_and_what_is_around_them_go_together(void **state)
{
    (void)state;
    DELETE("# c\na\n# d\nb  # e\n", "Comment, Expr", "");
    DELETE("x\ndef f():\n    # c\n    a\n", "Comment, Expr[code=a]", "x\ndef f():\n    pass\n");
    DELETE("a\n# c\ndef f():\n    # d\n    b  # e\n", "Comment, def", "a\n");
    DELETE("f(\n    a,\n    # x\n    b,  # y\n)\n", "Comment, Arg:last", "f(\n    a,\n)\n");
    DELETE("f(\n    a,  # z\n    # x\n    # y\n    b,\n)\n", "Comment, Arg:first", "f(\n    b,\n)\n");
    DELETE("if a:\n    b\n# c\nelse:\n    d  # e\n", "Comment, Else", "if a:\n    b\n");
}

static void two_edits_of_one_comment_overlap_unless_both_delete(void **state)
{
    (void)state;
    const char *codes[] = {"# x", "g"};
    codedb_edit edits[] = {make("Comment", CODEDB_EDIT_DELETE, NULL, 0), make("Comment:first", CODEDB_EDIT_DELETE, NULL, 0)};
    check_edits("a  # c\nb  # d\n", edits, 2, "a\nb\n", __FILE__, __LINE__);
    edits[1] = make("Comment:first", CODEDB_EDIT_REPLACE, codes, 1);
    check_failure("a  # c\nb  # d\n", edits, 2, CODEDB_OVERLAP, "the same comment", __FILE__, __LINE__);
    edits[0] = make("Call", CODEDB_EDIT_REPLACE, &codes[1], 1);
    check_failure("f(  # c\n)\n", edits, 2, CODEDB_OVERLAP, "choose the outermost or the innermost", __FILE__, __LINE__);
    edits[0].overlap = CODEDB_OVERLAP_OUTERMOST;
    check_edits("f(  # c\n)\n", edits, 2, "g\n", __FILE__, __LINE__);
    edits[0].overlap = CODEDB_OVERLAP_INNERMOST;
    check_edits("f(  # c\n)\n", edits, 2, "f(  # x\n)\n", __FILE__, __LINE__);
    edits[0] = make("Expr", CODEDB_EDIT_REPLACE, &codes[1], 1);
    check_failure("a  # c\n", edits, 2, CODEDB_OVERLAP, "another edit writes the text", __FILE__, __LINE__);
}

static void a_comment_is_found_by_its_id(void **state)
{
    (void)state;
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_nodes *nodes = NULL;
    codedb_tree *tree = NULL;
    const char *source = "a  # c\nb  # d\n";
    filter.selector = "Comment:last";
    assert_success(codedb_tree_parse(source, strlen(source), NULL, &tree, &result), result);
    assert_success(codedb_tree_query(tree, &filter, &nodes, &result), result);
    codedb_edit edit = make(NULL, CODEDB_EDIT_DELETE, NULL, 0);
    edit.node_id = nodes->items[0]->node_id;
    check_edits(source, &edit, 1, "a  # c\nb\n", __FILE__, __LINE__);
    edit.node_id = "0.9.w0";
    check_failure(source, &edit, 1, CODEDB_NOT_FOUND, "there is no node with the id 0.9.w0", __FILE__, __LINE__);
    edit.node_id = "0.9.w0\"] , x";
    check_failure(source, &edit, 1, CODEDB_NOT_FOUND, "there is no node with the id", __FILE__, __LINE__);
    codedb_free(nodes);
    codedb_tree_free(tree);
    codedb_result_clear(&result);
}

static void the_same_comment_modifies_nothing_and_errors_name_the_edit(void **state)
{
    (void)state;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    const char *codes[] = {"# c", "c"};
    codedb_edit edits[] = {make("Comment", CODEDB_EDIT_REPLACE, &codes[0], 1),
                           make("Comment", CODEDB_EDIT_REPLACE, &codes[1], 1)};
    assert_success(apply("a  # c\n", edits, 1, &report, &result), result);
    assert_int_equal(report->nodes_modified, 0);
    assert_string_equal(report->diff, "");
    codedb_free(report);
    assert_code(apply("a  # c\n", edits, 2, &report, &result), CODEDB_PARSE_ERROR, result);
    assert_string_equal(result.data, "{\"edit\": 1}");
    codedb_result_clear(&result);
}

static void every_failed_allocation_is_no_memory(void **state)
{
    (void)state;
    const char *code = "# new {f}";
    const char *source = "# c\na\nf(  # d\n)\n\nb = 1  # e\n";
    codedb_edit edits[] = {make("SimpleStatementLine:has(Assign)@f Comment", CODEDB_EDIT_REPLACE, &code, 1),
                           make("Comment:first, Call", CODEDB_EDIT_DELETE, NULL, 0)};
    edits[0].use_captures = 1;
    support_failing failing;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
        codedb_tree *tree = NULL;
        codedb_edit_report *report = NULL;
        options.allocator = &failing.allocator;
        codedb_code answer = codedb_tree_parse(source, strlen(source), &options, &tree, NULL);
        if (answer == CODEDB_SUCCESS)
            answer = codedb_tree_edit(tree, edits, 2, "f.py", &report, NULL);
        if (report)
            assert_string_equal(report->source, "a\n\nb = 1  # new b = 1\n");
        codedb_free(report);
        codedb_tree_free(tree);
        assert_true(answer == CODEDB_SUCCESS || (answer == CODEDB_NO_MEMORY && atomic_load(&failing.failed)));
        assert_int_equal(atomic_load(&failing.live), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_comment_alone_on_its_line_goes_with_it),
        cmocka_unit_test(a_comment_behind_code_goes_with_the_blanks_before_it),
        cmocka_unit_test(a_continued_line_is_not_joined_with_the_next),
        cmocka_unit_test(a_comment_is_replaced_by_one_comment),
        cmocka_unit_test(new_comments_have_what_was_captured),
        cmocka_unit_test(comments_and_what_is_around_them_go_together),
        cmocka_unit_test(two_edits_of_one_comment_overlap_unless_both_delete),
        cmocka_unit_test(a_comment_is_found_by_its_id),
        cmocka_unit_test(the_same_comment_modifies_nothing_and_errors_name_the_edit),
        cmocka_unit_test(every_failed_allocation_is_no_memory),
    };
    return cmocka_run_group_tests_name("edit comments", tests, NULL, NULL);
}
