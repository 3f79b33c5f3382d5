/* test_source_ast.c -- accuses codedb_source_ast.c: a file's stored ast, queried and edited. */
#include "support.h"

#include "codedb.h"

/* A database with one project and one file: in memory, or in a file, in a thread or a process, as the group says. */
typedef struct fixture {
    codedb *db;
    codedb_result result;
    int64_t file;
    char *folder;
} fixture;

static fixture *open_at(const char *configuration, char *folder)
{
    fixture *made = calloc(1, sizeof *made);
    codedb_project project = CODEDB_INIT(codedb_project);
    codedb_file file = CODEDB_INIT(codedb_file);
    assert_non_null(made);
    made->folder = folder;
    made->result = (codedb_result)CODEDB_INIT(codedb_result);
    assert_success(codedb_open(configuration, NULL, &made->db, &made->result), made->result);
    project.root_path = "/p";
    assert_success(codedb_project_create(made->db, &project, &made->result), made->result);
    file.project_id = project.id;
    file.path = "/p/f.py";
    file.relative_path = "f.py";
    assert_success(codedb_file_create(made->db, &file, &made->result), made->result);
    made->file = file.id;
    return made;
}

static int open_in_memory(void **state)
{
    *state = open_at(":memory:", NULL);
    return 0;
}

static int open_on_file(void **state)
{
    char *folder = support_folder_create();
    char path[4200];
    snprintf(path, sizeof path, "%s/code.db", folder);
    *state = open_at(path, folder);
    return 0;
}

static int close_database(void **state)
{
    fixture *made = *state;
    codedb_close(made->db);
    codedb_result_clear(&made->result);
    if (made->folder != NULL)
        support_folder_remove(made->folder);
    free(made);
    return 0;
}

static void save_source(fixture *made, const char *source)
{
    assert_success(codedb_cst_save(made->db, made->file, source, strlen(source), NULL, &made->result), made->result);
}

static void save_ast(fixture *made, const char *json)
{
    assert_success(codedb_ast_save(made->db, made->file, json, strlen(json), NULL, &made->result), made->result);
}

typedef struct text {
    char data[8192];
    size_t length;
} text;

static int append(void *context, const char *bytes, size_t length)
{
    text *to = context;
    assert_true(to->length + length < sizeof to->data);
    memcpy(to->data + to->length, bytes, length);
    to->length += length;
    return 0;
}

/* Saves a source and its ast. */
static void save_both(fixture *made, const char *source)
{
    text json = {"", 0};
    assert_success(codedb_ast_from_source(source, strlen(source), NULL, append, &json, &made->result), made->result);
    save_source(made, source);
    save_ast(made, json.data);
}

static void assert_json(fixture *made, const char *part)
{
    char *json;
    size_t length;
    assert_success(codedb_ast_get(made->db, made->file, &json, &length, &made->result), made->result);
    assert_contains(json, part);
    codedb_free(json);
}

static codedb_edit edit_of(const char *selector, codedb_edit_action action, const char *const *code)
{
    codedb_edit edit = CODEDB_INIT(codedb_edit);
    edit.filter = (codedb_filter)CODEDB_INIT(codedb_filter);
    edit.filter.selector = selector;
    edit.action = action;
    edit.code = code;
    edit.code_count = code == NULL ? 0 : 1;
    return edit;
}

/* ---- Tests -------------------------------------------------------------------------------------------------------- */

static void test_a_stored_ast_is_asked_with_the_source_at_hand(void **state)
{
    fixture *made = *state;
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes;
    save_both(made, "def f(a):\n    return a + 1\n");
    filter.selector = "def[path=\"/p/f.py\"] BinOp[op=Add]";
    assert_success(codedb_ast_query(made->db, made->file, &filter, &nodes, &made->result), made->result);
    assert_int_equal(nodes->count, 1);
    assert_string_equal(nodes->items[0]->code, "a + 1");
    assert_string_equal(nodes->items[0]->qualname, "f");
    assert_contains(nodes->items[0]->ast_json, "{\"_type\":\"BinOp\",");
    codedb_free(nodes);
}

static void test_an_ast_without_a_source_has_no_code(void **state)
{
    fixture *made = *state;
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes;
    save_ast(made, "{\"_type\":\"Module\",\"body\":[{\"_type\":\"Pass\",\"lineno\":1,\"col_offset\":0}],\"type_ignores\":[]}");
    filter.selector = "Pass";
    assert_success(codedb_ast_query(made->db, made->file, &filter, &nodes, &made->result), made->result);
    assert_int_equal(nodes->count, 1);
    assert_null(nodes->items[0]->code);
    codedb_free(nodes);
}

static void test_a_json_string_is_answered_from_the_source(void **state)
{
    fixture *made = *state;
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_edit edit = edit_of("Name", CODEDB_EDIT_DELETE, NULL);
    codedb_edit_report *report;
    codedb_nodes *nodes;
    save_ast(made, " \"Module(body=[Expr(value=Name(id='a', ctx=Load()))], type_ignores=[])\"");
    filter.selector = "Name";
    assert_code(codedb_ast_query(made->db, made->file, &filter, &nodes, &made->result), CODEDB_NOT_FOUND, made->result);
    assert_contains(made->result.description, "there is no stored source");
    save_source(made, "a\n");
    save_ast(made, "\"Module(body=[Expr(value=Name(id='a', ctx=Load()))], type_ignores=[])\"");
    assert_success(codedb_ast_query(made->db, made->file, &filter, &nodes, &made->result), made->result);
    assert_int_equal(nodes->count, 1);
    assert_string_equal(nodes->items[0]->name, "a");
    assert_contains(made->result.description, "answered from the stored source");
    codedb_free(nodes);
    assert_code(codedb_ast_modify(made->db, made->file, &edit, 1, NULL, 0, &report, &made->result), CODEDB_VALIDATION_ERROR,
                made->result);
    assert_contains(made->result.description, "a JSON string and no tree");
}

static void test_an_edit_is_stored_with_its_hash(void **state)
{
    fixture *made = *state;
    const char *code = "{\"_type\":\"Name\",\"id\":\"b\",\"ctx\":{\"_type\":\"Load\"}}";
    codedb_edit edit = edit_of("Name", CODEDB_EDIT_REPLACE, &code);
    codedb_edit_report *report;
    char first[65];
    save_both(made, "a\n");
    assert_success(codedb_ast_modify(made->db, made->file, &edit, 1, NULL, 1, &report, &made->result), made->result);
    assert_int_equal(report->nodes_modified, 1);
    assert_contains(report->diff, "+++ b/f.py.ast.json\n");
    memcpy(first, report->hash, sizeof first);
    codedb_free(report);
    assert_json(made, "\"id\":\"a\""); /* it was a preview */
    assert_success(codedb_ast_modify(made->db, made->file, &edit, 1, NULL, 0, &report, &made->result), made->result);
    assert_string_equal(report->hash, first);
    codedb_free(report);
    assert_json(made, "\"value\":{\"_type\":\"Name\",\"id\":\"b\",\"ctx\":{\"_type\":\"Load\"}}");
    assert_success(codedb_ast_modify(made->db, made->file, &edit, 1, first, 0, &report, &made->result), made->result);
    assert_int_equal(report->nodes_modified, 0); /* it is that already */
    codedb_free(report);
    edit.filter.selector = "Load";
    assert_code(codedb_ast_modify(made->db, made->file, &edit, 1, NULL, 0, &report, &made->result), CODEDB_VALIDATION_ERROR,
                made->result);
    assert_null(report);
}

static void test_a_change_since_it_was_read_is_a_conflict(void **state)
{
    fixture *made = *state;
    codedb_edit edit = edit_of("Name", CODEDB_EDIT_DELETE, NULL);
    codedb_edit_report *report;
    save_both(made, "a\n");
    assert_code(codedb_ast_modify(made->db, made->file, &edit, 1, "0123", 0, &report, &made->result), CODEDB_CONFLICT,
                made->result);
    assert_contains(made->result.description, "expected 0123");
    assert_json(made, "\"id\":\"a\"");
}

static void test_an_edit_is_part_of_a_transaction(void **state)
{
    fixture *made = *state;
    codedb_edit edit = edit_of("Name", CODEDB_EDIT_DELETE, NULL);
    codedb_edit_report *report;
    codedb *transaction;
    save_both(made, "a\n");
    assert_success(codedb_transaction_begin(made->db, &transaction, &made->result), made->result);
    assert_success(codedb_ast_modify(transaction, made->file, &edit, 1, NULL, 0, &report, &made->result), made->result);
    codedb_free(report);
    assert_success(codedb_transaction_rollback(transaction, &made->result), made->result);
    codedb_close(transaction);
    assert_json(made, "\"id\":\"a\"");
}

static void test_what_is_missing_or_wrong_is_named(void **state)
{
    fixture *made = *state;
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_edit edit = edit_of("Name", CODEDB_EDIT_DELETE, NULL);
    codedb_edit_report *report;
    codedb_nodes *nodes;
    filter.selector = "*";
    assert_code(codedb_ast_query(made->db, made->file, &filter, &nodes, &made->result), CODEDB_NOT_FOUND, made->result);
    assert_code(codedb_ast_query(made->db, 999, &filter, &nodes, &made->result), CODEDB_NOT_FOUND, made->result);
    assert_code(codedb_ast_modify(made->db, 999, &edit, 1, NULL, 0, &report, &made->result), CODEDB_NOT_FOUND, made->result);
    assert_code(codedb_ast_query(NULL, 1, &filter, &nodes, &made->result), CODEDB_INVALID_REQUEST, made->result);
    assert_code(codedb_ast_modify(made->db, 1, NULL, 0, NULL, 0, &report, &made->result), CODEDB_INVALID_REQUEST, made->result);
    save_ast(made, "{\"tree\": [1, 2]}");
    assert_code(codedb_ast_query(made->db, made->file, &filter, &nodes, &made->result), CODEDB_PARSE_ERROR, made->result);
    assert_contains(made->result.description, "at byte 2");
    assert_code(codedb_ast_modify(made->db, made->file, &edit, 1, NULL, 0, &report, &made->result), CODEDB_PARSE_ERROR,
                made->result);
}

#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_in_memory, close_database)
#define ON_FILE(test) cmocka_unit_test_setup_teardown(test, open_on_file, close_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_MEMORY(test_a_stored_ast_is_asked_with_the_source_at_hand),
        IN_MEMORY(test_an_ast_without_a_source_has_no_code),
        IN_MEMORY(test_a_json_string_is_answered_from_the_source),
        IN_MEMORY(test_an_edit_is_stored_with_its_hash),
        ON_FILE(test_an_edit_is_stored_with_its_hash),
        IN_MEMORY(test_a_change_since_it_was_read_is_a_conflict),
        IN_MEMORY(test_an_edit_is_part_of_a_transaction),
        IN_MEMORY(test_what_is_missing_or_wrong_is_named),
    };
    return cmocka_run_group_tests_name("source_ast", tests, NULL, NULL);
}
