/* test_ast_edit.c -- accuses codedb_ast_edit.c: edits of an ast in JSON.
 *
 * `make oracle-ast-selectors` makes random edits and compares with the same change made with Python's ast module. */
#include "support.h"

#include "codedb.h"

/* ---- Editing ------------------------------------------------------------------------------------------------------ */

#define PASS "{\"_type\":\"Pass\"}"
#define BREAK "{\"_type\":\"Break\"}"
#define NAME(id, ctx) "{\"_type\":\"Name\",\"id\":\"" id "\",\"ctx\":{\"_type\":\"" ctx "\"}}"
#define EXPR(value) "{\"_type\":\"Expr\",\"value\":" value "}"
#define MODULE(body) "{\"_type\":\"Module\",\"body\":[" body "],\"type_ignores\":[]}"
#define NUMBER(value) "{\"_type\":\"Constant\",\"value\":" value "}"
#define LIST(elts) "{\"_type\":\"List\",\"elts\":[" elts "],\"ctx\":{\"_type\":\"Load\"}}"
#define IF(body, orelse) "{\"_type\":\"If\",\"test\":" NUMBER("1") ",\"body\":[" body "],\"orelse\":[" orelse "]}"
#define TRY(handlers, orelse, finalbody) \
    "{\"_type\":\"Try\",\"body\":[" PASS "],\"handlers\":[" handlers "],\"orelse\":[" orelse "],\"finalbody\":[" finalbody "]}"
#define HANDLER "{\"_type\":\"ExceptHandler\",\"type\":null,\"name\":null,\"body\":[" PASS "]}"
#define ALIAS(name) "{\"_type\":\"alias\",\"name\":\"" name "\",\"asname\":null}"

static codedb_edit edit_of(const char *selector, codedb_edit_action action, const char *const *code, size_t count)
{
    codedb_edit edit = CODEDB_INIT(codedb_edit);
    edit.filter = (codedb_filter)CODEDB_INIT(codedb_filter);
    edit.filter.selector = selector;
    edit.action = action;
    edit.code = code;
    edit.code_count = count;
    return edit;
}

static void assert_edits(const char *json, const codedb_edit *edits, size_t count, const char *expected, size_t modified)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    assert_success(codedb_ast_json_edit(json, strlen(json), NULL, edits, count, &report, &result), result);
    assert_string_equal(report->source, expected);
    assert_int_equal(report->source_length, strlen(expected));
    assert_int_equal(report->nodes_modified, modified);
    codedb_free(report);
    codedb_result_clear(&result);
}

/* One edit with one new node (NULL: none). */
static void assert_edit(const char *json, const char *selector, codedb_edit_action action, const char *code, const char *expected,
                        size_t modified)
{
    codedb_edit edit = edit_of(selector, action, &code, code == NULL ? 0 : 1);
    assert_edits(json, &edit, 1, expected, modified);
}

static void assert_edits_fail(const char *json, const codedb_edit *edits, size_t count, codedb_code code, const char *message)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report = (codedb_edit_report *)1;
    assert_code(codedb_ast_json_edit(json, strlen(json), NULL, edits, count, &report, &result), code, result);
    assert_null(report);
    assert_contains(result.description, message);
    codedb_result_clear(&result);
}

static void assert_edit_fails(const char *json, const char *selector, codedb_edit_action action, const char *code,
                              codedb_code expected, const char *message)
{
    codedb_edit edit = edit_of(selector, action, &code, code == NULL ? 0 : 1);
    assert_edits_fail(json, &edit, 1, expected, message);
}

/* ---- Tests: each row of what an edit may do ----------------------------------------------------------------------- */

static void test_a_node_is_replaced_in_its_field(void **state)
{
    (void)state;
    assert_edit(MODULE(EXPR(NUMBER("1"))), "Constant", CODEDB_EDIT_REPLACE, " " NAME("a", "Load") "\n",
                MODULE(EXPR(NAME("a", "Load"))), 1);
    assert_edit(MODULE(IF(PASS, "") "," IF(PASS, "")), "Pass", CODEDB_EDIT_REPLACE, BREAK,
                MODULE(IF(BREAK, "") "," IF(BREAK, "")), 2);
    assert_edit(MODULE("{\"_type\":\"Return\",\"value\": null}"), "Return", CODEDB_EDIT_REPLACE, PASS, MODULE(PASS), 1);
}

static void test_an_item_is_replaced_by_several(void **state)
{
    const char *const code[] = {NUMBER("1"), NUMBER("2")};
    codedb_edit edit = edit_of("Name", CODEDB_EDIT_REPLACE, code, 2);
    (void)state;
    assert_edits(MODULE(EXPR(LIST(NAME("a", "Load") ", " NUMBER("3")))), &edit, 1,
                 MODULE(EXPR(LIST(NUMBER("1") "," NUMBER("2") ", " NUMBER("3")))), 1);
    edit.filter.selector = "Expr > Constant";
    assert_edits_fail(MODULE(EXPR(NUMBER("1"))), &edit, 1, CODEDB_VALIDATION_ERROR,
                      "the field value of Expr is no list: it takes one node");
}

static void test_an_equal_replacement_changes_nothing(void **state)
{
    (void)state;
    assert_edit(MODULE(PASS), "Pass", CODEDB_EDIT_REPLACE, PASS, MODULE(PASS), 0);
}

static void test_items_are_deleted_with_one_comma(void **state)
{
    static const char *const selectors[] = {"[value=1]", "[value=2]",  "[value=3]", "[value<3]",
                                            "[value>1]", "[value!=2]", "Constant"};
    static const char *const left[] = {NUMBER("2") " ," NUMBER("3"),
                                       NUMBER("1") " ," NUMBER("3"),
                                       NUMBER("1") ", " NUMBER("2"),
                                       NUMBER("3"),
                                       NUMBER("1"),
                                       NUMBER("2"),
                                       ""};
    static const size_t modified[] = {1, 1, 1, 2, 2, 2, 3};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof selectors / sizeof *selectors; i++) {
        char expected[1024];
        snprintf(expected, sizeof expected, "%s%s%s", "{\"_type\":\"List\",\"elts\":[ ", left[i],
                 " ],\"ctx\":{\"_type\":\"Load\"}}");
        assert_edit(
            "{\"_type\":\"List\",\"elts\":[ " NUMBER("1") ", " NUMBER("2") " ," NUMBER("3") " ],\"ctx\":{\"_type\":\"Load\"}}",
            selectors[i], CODEDB_EDIT_DELETE, NULL, expected, modified[i]);
    }
}

static void test_an_optional_field_is_deleted_to_null(void **state)
{
    (void)state;
    assert_edit("{\"_type\":\"Return\",\"value\":" NUMBER("1") "}", "Constant", CODEDB_EDIT_DELETE, NULL,
                "{\"_type\":\"Return\",\"value\":null}", 1);
    assert_edit_fails("{\"_type\":\"Await\",\"value\":" NUMBER("1") "}", "Constant", CODEDB_EDIT_DELETE, NULL,
                      CODEDB_VALIDATION_ERROR, "the field value of Await holds it and is required");
}

static void test_a_body_that_is_emptied_gets_a_pass(void **state)
{
    (void)state;
    assert_edit(MODULE(IF(BREAK "," BREAK, BREAK)), "If > Break", CODEDB_EDIT_DELETE, NULL, MODULE(IF(PASS, "")), 3);
    assert_edit(MODULE(IF(PASS, "")), "If", CODEDB_EDIT_DELETE, NULL, MODULE(""), 1);
}

static void test_a_whole_statement_goes_with_its_expression(void **state)
{
    (void)state;
    assert_edit(MODULE(EXPR(NUMBER("1")) "," PASS), "Constant", CODEDB_EDIT_DELETE, NULL, MODULE(PASS), 1);
    assert_edit(MODULE(EXPR(NUMBER("1"))), "Constant", CODEDB_EDIT_INSERT_AFTER, PASS, MODULE(EXPR(NUMBER("1")) "," PASS), 1);
}

static void test_an_import_goes_with_its_last_name(void **state)
{
    static const char json[] = MODULE("{\"_type\":\"Import\",\"names\":[" ALIAS("a") "," ALIAS("b") "]}," PASS);
    (void)state;
    assert_edit(json, "alias[name=a]", CODEDB_EDIT_DELETE, NULL,
                MODULE("{\"_type\":\"Import\",\"names\":[" ALIAS("b") "]}," PASS), 1);
    assert_edit(json, "alias", CODEDB_EDIT_DELETE, NULL, MODULE(PASS), 1);
    assert_edit_fails("{\"_type\":\"Delete\",\"targets\":[" NAME("a", "Del") "]}", "Name", CODEDB_EDIT_DELETE, NULL,
                      CODEDB_VALIDATION_ERROR, "its field targets cannot be left empty");
}

static void test_insertions_stand_where_they_were_asked_for(void **state)
{
    static const char one[] = MODULE(BREAK);
    const char *const code[] = {PASS, EXPR(NUMBER("1"))};
    codedb_edit edit = edit_of("Break", CODEDB_EDIT_INSERT_BEFORE, code, 2);
    (void)state;
    assert_edits(one, &edit, 1, MODULE(PASS "," EXPR(NUMBER("1")) "," BREAK), 1);
    edit.action = CODEDB_EDIT_INSERT_AFTER;
    assert_edits(one, &edit, 1, MODULE(BREAK "," PASS "," EXPR(NUMBER("1"))), 1);
    assert_edit(one, "Module", CODEDB_EDIT_INSERT_FIRST, PASS, MODULE(PASS "," BREAK), 1);
    assert_edit(one, "Module", CODEDB_EDIT_INSERT_LAST, PASS, MODULE(BREAK "," PASS), 1);
    assert_edit(MODULE(""), "Module", CODEDB_EDIT_INSERT_LAST, PASS, MODULE(PASS), 1);
    assert_edit_fails(MODULE(EXPR("{\"_type\":\"Await\",\"value\":" NUMBER("1") "}")), "Constant", CODEDB_EDIT_INSERT_AFTER,
                      NUMBER("2"), CODEDB_VALIDATION_ERROR, "the field value of Await is no list: nothing can stand beside it");
}

static void test_first_is_behind_docstring_and_future(void **state)
{
#define DOC EXPR(NUMBER("\"doc\""))
#define FUTURE "{\"_type\":\"ImportFrom\",\"module\":\"__future__\",\"names\":[" ALIAS("annotations") "],\"level\":0}"
#define CLASS(body) \
    "{\"_type\":\"ClassDef\",\"name\":\"A\",\"bases\":[],\"keywords\":[],\"body\":[" body "],\"decorator_list\":[]}"
    (void)state;
    assert_edit(MODULE(DOC "," FUTURE "," PASS), "Module", CODEDB_EDIT_INSERT_FIRST, BREAK,
                MODULE(DOC "," FUTURE "," BREAK "," PASS), 1);
    assert_edit(MODULE(FUTURE), "Module", CODEDB_EDIT_INSERT_FIRST, BREAK, MODULE(FUTURE "," BREAK), 1);
    assert_edit(MODULE(CLASS(DOC)), "class", CODEDB_EDIT_INSERT_FIRST, BREAK, MODULE(CLASS(DOC "," BREAK)), 1);
    assert_edit(MODULE(CLASS(EXPR(NUMBER("1")))), "class", CODEDB_EDIT_INSERT_FIRST, BREAK,
                MODULE(CLASS(BREAK "," EXPR(NUMBER("1")))), 1);
    assert_edit(MODULE(IF(DOC, "")), "If", CODEDB_EDIT_INSERT_FIRST, BREAK, MODULE(IF(BREAK "," DOC, "")), 1);
}

static void test_inside_is_the_list_that_takes_such_nodes(void **state)
{
#define CALL(args, keywords) "{\"_type\":\"Call\",\"func\":" NAME("f", "Load") ",\"args\":[" args "],\"keywords\":[" keywords "]}"
#define KEYWORD "{\"_type\":\"keyword\",\"arg\":\"k\",\"value\":" NUMBER("1") "}"
#define ARGUMENTS(posonly, args)                                             \
    "{\"_type\":\"arguments\",\"posonlyargs\":[" posonly "],\"args\":[" args \
    "],\"vararg\":null,\"kwonlyargs\":[],\"kw_defaults\":[],\"kwarg\":null,\"defaults\":[]}"
#define ARG(name) "{\"_type\":\"arg\",\"arg\":\"" name "\",\"annotation\":null,\"type_comment\":null}"
    (void)state;
    assert_edit(CALL("", ""), "Call", CODEDB_EDIT_INSERT_LAST, NUMBER("1"), CALL(NUMBER("1"), ""), 1);
    assert_edit(CALL("", ""), "Call", CODEDB_EDIT_INSERT_LAST, KEYWORD, CALL("", KEYWORD), 1);
    assert_edit(ARGUMENTS(ARG("a"), ARG("b")), "arguments", CODEDB_EDIT_INSERT_LAST, ARG("c"),
                ARGUMENTS(ARG("a"), ARG("b") "," ARG("c")), 1);
    assert_edit(TRY("", "", PASS), "Try", CODEDB_EDIT_INSERT_FIRST, HANDLER, TRY(HANDLER, "", PASS), 1);
    assert_edit_fails(CALL("", ""), "Call", CODEDB_EDIT_INSERT_LAST, PASS, CODEDB_VALIDATION_ERROR,
                      "it has no list that takes a statement");
    assert_edit_fails("{\"_type\":\"Module\"}", "Module", CODEDB_EDIT_INSERT_LAST, PASS, CODEDB_VALIDATION_ERROR,
                      "its field body is not in the JSON");
}

static void test_what_does_not_fit_the_field_is_refused(void **state)
{
    (void)state;
    assert_edit_fails(MODULE(PASS), "Pass", CODEDB_EDIT_REPLACE, NUMBER("1"), CODEDB_VALIDATION_ERROR,
                      "the field body of Module takes a statement, the new node is Constant");
    assert_edit_fails(MODULE(EXPR(NUMBER("1"))), "Constant", CODEDB_EDIT_REPLACE, PASS, CODEDB_VALIDATION_ERROR,
                      "the field value of Expr takes an expression, the new node is Pass");
    assert_edit_fails(MODULE(PASS), "Module", CODEDB_EDIT_REPLACE, MODULE(PASS), CODEDB_VALIDATION_ERROR,
                      "the root cannot be replaced");
    assert_edit_fails(MODULE(PASS), "Pass", CODEDB_EDIT_REPLACE, "{\"_type\":\"Pas\"}", CODEDB_PARSE_ERROR, "did you mean Pass?");
    assert_edit_fails(MODULE(PASS), "Pass", CODEDB_EDIT_REPLACE, "pass", CODEDB_PARSE_ERROR, "at byte 0");
}

static void test_contexts_of_new_nodes_are_checked(void **state)
{
#define ASSIGN(target) "{\"_type\":\"Assign\",\"targets\":[" target "],\"value\":" NUMBER("1") ",\"type_comment\":null}"
    (void)state;
    assert_edit(MODULE(ASSIGN(NAME("a", "Store"))), "Assign > Name", CODEDB_EDIT_REPLACE, NAME("b", "Store"),
                MODULE(ASSIGN(NAME("b", "Store"))), 1);
    assert_edit_fails(MODULE(ASSIGN(NAME("a", "Store"))), "Assign > Name", CODEDB_EDIT_REPLACE, NAME("b", "Load"),
                      CODEDB_VALIDATION_ERROR, "its ctx is Load, expected Store where it stands");
    assert_edit_fails(MODULE(ASSIGN(NAME("a", "Store"))), "Assign > Name", CODEDB_EDIT_REPLACE, LIST(NAME("b", "Load")),
                      CODEDB_VALIDATION_ERROR, "its ctx is Load, expected Store");
    assert_edit_fails(MODULE(ASSIGN(NAME("a", "Store"))), "Assign > Name", CODEDB_EDIT_REPLACE, NUMBER("1"),
                      CODEDB_VALIDATION_ERROR, "it cannot stand where something is assigned or deleted");
    assert_edit_fails(MODULE(EXPR(NUMBER("1"))), "Constant", CODEDB_EDIT_REPLACE, NAME("b", "Store"), CODEDB_VALIDATION_ERROR,
                      "its ctx is Store, expected Load");
    assert_edit_fails("{\"_type\":\"Delete\",\"targets\":[" NAME("a", "Del") "]}", "Name", CODEDB_EDIT_REPLACE, NAME("a", "Load"),
                      CODEDB_VALIDATION_ERROR, "expected Del");
}

static void test_lists_that_go_together_are_checked(void **state)
{
#define DICT(keys, values) "{\"_type\":\"Dict\",\"keys\":[" keys "],\"values\":[" values "]}"
    const char *none = NULL;
    codedb_edit edits[2];
    (void)state;
    assert_edit_fails(DICT(NUMBER("1"), NUMBER("2")), "*.keys", CODEDB_EDIT_DELETE, NULL, CODEDB_VALIDATION_ERROR,
                      "keys and values differ in number");
    edits[0] = edit_of("*.keys", CODEDB_EDIT_DELETE, &none, 0);
    edits[1] = edit_of("*.values", CODEDB_EDIT_DELETE, &none, 0);
    assert_edits(DICT(NUMBER("1"), NUMBER("2")), edits, 2, DICT("", ""), 2);
    assert_edit_fails(
        "{\"_type\":\"Compare\",\"left\":" NUMBER("1") ",\"ops\":[{\"_type\":\"Eq\"}],\"comparators\":[" NUMBER("2") "]}",
        "*.comparators", CODEDB_EDIT_INSERT_AFTER, NUMBER("3"), CODEDB_VALIDATION_ERROR, "ops and comparators differ");
    assert_edit_fails(ARGUMENTS("", ""), "arguments", CODEDB_EDIT_INSERT_LAST, NUMBER("3"), CODEDB_VALIDATION_ERROR,
                      "kwonlyargs and kw_defaults differ in number");
    assert_edit_fails("{\"_type\":\"BoolOp\",\"op\":{\"_type\":\"Or\"},\"values\":[" NUMBER("1") "," NUMBER("2") "]}",
                      "[value=1]", CODEDB_EDIT_DELETE, NULL, CODEDB_VALIDATION_ERROR, "its field values has too few items");
}

static void test_a_try_keeps_a_handler_or_a_finally(void **state)
{
    (void)state;
    assert_edit(TRY(HANDLER, "", PASS), "ExceptHandler", CODEDB_EDIT_DELETE, NULL, TRY("", "", PASS), 1);
    assert_edit_fails(TRY(HANDLER, "", ""), "ExceptHandler", CODEDB_EDIT_DELETE, NULL, CODEDB_VALIDATION_ERROR,
                      "neither handlers nor a finalbody are left");
    assert_edit_fails(TRY(HANDLER, PASS, PASS), "ExceptHandler", CODEDB_EDIT_DELETE, NULL, CODEDB_VALIDATION_ERROR,
                      "an orelse is left without handlers");
}

static void test_batches_stand_in_the_order_listed(void **state)
{
    const char *one = EXPR(NUMBER("1")), *two = EXPR(NUMBER("2")), *none = NULL;
    codedb_edit edits[3];
    (void)state;
    edits[0] = edit_of("Pass", CODEDB_EDIT_INSERT_AFTER, &one, 1);
    edits[1] = edit_of("Break", CODEDB_EDIT_INSERT_BEFORE, &two, 1);
    assert_edits(MODULE(PASS "," BREAK), edits, 2, MODULE(PASS "," EXPR(NUMBER("1")) "," EXPR(NUMBER("2")) "," BREAK), 2);
    edits[2] = edit_of("Pass", CODEDB_EDIT_DELETE, &none, 0);
    assert_edits(MODULE(PASS "," BREAK), edits, 3, MODULE(EXPR(NUMBER("1")) "," EXPR(NUMBER("2")) "," BREAK), 3);
    edits[2].filter.selector = "Break";
    assert_edits(MODULE(PASS "," BREAK), edits, 3, MODULE(PASS "," EXPR(NUMBER("1")) "," EXPR(NUMBER("2"))), 3);
    edits[2].filter.selector = "Pass, Break";
    assert_edits(MODULE(PASS "," BREAK), edits, 3, MODULE(EXPR(NUMBER("1")) "," EXPR(NUMBER("2"))), 4);
}

static void test_what_overlaps_is_settled_or_refused(void **state)
{
    static const char json[] = MODULE(IF(IF(PASS, ""), ""));
    const char *code = BREAK, *none = NULL;
    codedb_edit edits[2];
    (void)state;
    assert_edit(json, "If", CODEDB_EDIT_DELETE, NULL, MODULE(""), 1);
    assert_edit_fails(json, "If", CODEDB_EDIT_REPLACE, BREAK, CODEDB_OVERLAP, "choose the outermost or the innermost");
    edits[0] = edit_of("If", CODEDB_EDIT_REPLACE, &code, 1);
    edits[0].overlap = CODEDB_OVERLAP_OUTERMOST;
    assert_edits(json, edits, 1, MODULE(BREAK), 1);
    edits[0].overlap = CODEDB_OVERLAP_INNERMOST;
    assert_edits(json, edits, 1, MODULE(IF(BREAK, "")), 1);
    edits[0] = edit_of("Pass", CODEDB_EDIT_REPLACE, &code, 1);
    edits[1] = edit_of("Pass", CODEDB_EDIT_DELETE, &none, 0);
    assert_edits_fail(json, edits, 2, CODEDB_OVERLAP, "two edits replace or delete the same node");
    edits[0].action = CODEDB_EDIT_DELETE;
    edits[1].filter.selector = "If";
    assert_edits(json, edits, 2, MODULE(""), 1);
    edits[0] = edit_of("If", CODEDB_EDIT_INSERT_LAST, &code, 1);
    assert_edits(json, edits, 2, MODULE(""), 1);
}

static void test_errors_say_which_edit_and_change_nothing(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    const char *code = BREAK;
    codedb_edit edits[2];
    (void)state;
    edits[0] = edit_of("Pass", CODEDB_EDIT_REPLACE, &code, 1);
    edits[1] = edit_of("While", CODEDB_EDIT_REPLACE, &code, 1);
    assert_code(codedb_ast_json_edit(MODULE(PASS), strlen(MODULE(PASS)), NULL, edits, 2, &report, &result), CODEDB_NOT_FOUND,
                result);
    assert_string_equal(result.data, "{\"edit\": 1}");
    assert_contains(result.description, "the selector While finds nothing");
    edits[1].filter.selector = "Whil";
    assert_code(codedb_ast_json_edit(MODULE(PASS), strlen(MODULE(PASS)), NULL, edits, 2, &report, &result), CODEDB_SELECTOR_ERROR,
                result);
    edits[1].action = (codedb_edit_action)9;
    assert_edits_fail(MODULE(PASS), edits, 2, CODEDB_INVALID_REQUEST, "9 is no action");
    edits[1] = edit_of("Pass", CODEDB_EDIT_REPLACE, NULL, 0);
    assert_edits_fail(MODULE(PASS), edits, 2, CODEDB_INVALID_REQUEST, "needs new nodes");
    code = NULL;
    edits[1] = edit_of("Pass", CODEDB_EDIT_REPLACE, &code, 1);
    assert_edits_fail(MODULE(PASS), edits + 1, 1, CODEDB_INVALID_REQUEST, "new node 0 is NULL");
    edits[1].use_captures = 1;
    assert_edits_fail(MODULE(PASS), edits + 1, 1, CODEDB_INVALID_REQUEST, "captures stand in new code of sources only");
    edits[1].struct_size = 3;
    assert_edits_fail(MODULE(PASS), edits + 1, 1, CODEDB_INVALID_REQUEST, "struct_size is 3");
    assert_code(codedb_ast_json_edit("", 0, NULL, NULL, 0, &report, &result), CODEDB_INVALID_REQUEST, result);
    assert_edits_fail("{", edits, 1, CODEDB_PARSE_ERROR, "at byte 1");
    codedb_result_clear(&result);
}

static void test_the_report_tells_ranges_hash_and_diff(void **state)
{
    codedb_ast_options options = CODEDB_INIT(codedb_ast_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    const char *code = BREAK;
    codedb_edit edit = edit_of("Pass", CODEDB_EDIT_REPLACE, &code, 1);
    (void)state;
    options.path = "x/y.json";
    assert_success(codedb_ast_json_edit(MODULE(PASS) "\n", strlen(MODULE(PASS)) + 1, &options, &edit, 1, &report, &result),
                   result);
    assert_int_equal(report->range_count, 1);
    assert_int_equal(report->old_ranges[0], 26);
    assert_int_equal(report->old_ranges[1], 26 + strlen(PASS));
    assert_int_equal(report->new_ranges[1], 26 + strlen(BREAK));
    assert_int_equal(strlen(report->hash), 64);
    assert_contains(report->diff, "--- a/x/y.json\n");
    assert_contains(report->diff, "\n+" MODULE(BREAK) "\n");
    codedb_free(report);
    codedb_result_clear(&result);
}

static void test_every_failing_allocation_is_an_answer(void **state)
{
    static const char json[] = MODULE(
        IF(PASS "," EXPR(DICT(NUMBER("1"), NUMBER("2"))), "") "," PASS ",{\"_type\":\"Import\",\"names\":[" ALIAS("a") "]}");
    const char *one = EXPR(NUMBER("3")), *none = NULL;
    codedb_edit edits[4];
    support_failing failing;
    long n;
    (void)state;
    edits[0] = edit_of("Pass", CODEDB_EDIT_REPLACE, &one, 1);
    edits[1] = edit_of("Dict, alias", CODEDB_EDIT_DELETE, &none, 0);
    edits[2] = edit_of("If", CODEDB_EDIT_INSERT_FIRST, &one, 1);
    edits[3] = edit_of("Module", CODEDB_EDIT_INSERT_LAST, &one, 1);
    for (n = 0; support_failing_start(&failing, n); n++) {
        codedb_ast_options options = CODEDB_INIT(codedb_ast_options);
        codedb_edit_report *report;
        codedb_code code;
        options.allocator = &failing.allocator;
        code = codedb_ast_json_edit(json, strlen(json), &options, edits, 4, &report, NULL);
        codedb_free(report);
        support_failing_check(&failing, code);
    }
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_node_is_replaced_in_its_field),
        cmocka_unit_test(test_an_item_is_replaced_by_several),
        cmocka_unit_test(test_an_equal_replacement_changes_nothing),
        cmocka_unit_test(test_items_are_deleted_with_one_comma),
        cmocka_unit_test(test_an_optional_field_is_deleted_to_null),
        cmocka_unit_test(test_a_body_that_is_emptied_gets_a_pass),
        cmocka_unit_test(test_a_whole_statement_goes_with_its_expression),
        cmocka_unit_test(test_an_import_goes_with_its_last_name),
        cmocka_unit_test(test_insertions_stand_where_they_were_asked_for),
        cmocka_unit_test(test_first_is_behind_docstring_and_future),
        cmocka_unit_test(test_inside_is_the_list_that_takes_such_nodes),
        cmocka_unit_test(test_what_does_not_fit_the_field_is_refused),
        cmocka_unit_test(test_contexts_of_new_nodes_are_checked),
        cmocka_unit_test(test_lists_that_go_together_are_checked),
        cmocka_unit_test(test_a_try_keeps_a_handler_or_a_finally),
        cmocka_unit_test(test_batches_stand_in_the_order_listed),
        cmocka_unit_test(test_what_overlaps_is_settled_or_refused),
        cmocka_unit_test(test_errors_say_which_edit_and_change_nothing),
        cmocka_unit_test(test_the_report_tells_ranges_hash_and_diff),
        cmocka_unit_test(test_every_failing_allocation_is_an_answer),
    };
    return cmocka_run_group_tests_name("ast_edit", tests, NULL, NULL);
}
