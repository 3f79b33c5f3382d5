/* tests/test_source.c -- accuses codedb_source.c: stored sources, and that all that follows from one changes with it or not at all. */
#include "support.h"

#include <pthread.h>

/* A database in memory with one project and one file. */
typedef struct fixture {
    codedb *db;
    codedb_result result;
    int64_t file;
} fixture;

static int open_database(void **state)
{
    fixture *made = calloc(1, sizeof *made);
    made->result = (codedb_result)CODEDB_INIT(codedb_result);
    assert_success(support_open(":memory:", &made->db, &made->result), made->result);
    codedb_project project = CODEDB_INIT(codedb_project);
    project.root_path = "/p";
    assert_success(codedb_project_create(made->db, &project, &made->result), made->result);
    codedb_file file = CODEDB_INIT(codedb_file);
    file.project_id = project.id;
    file.path = "/p/f.py";
    file.relative_path = "f.py";
    assert_success(codedb_file_create(made->db, &file, &made->result), made->result);
    made->file = file.id;
    *state = made;
    return 0;
}

static int close_database(void **state)
{
    fixture *made = *state;
    codedb_close(made->db);
    codedb_result_clear(&made->result);
    free(made);
    return 0;
}

/* The first value of what a statement gives, as text; freed by the caller. */
static char *ask(fixture *made, const char *sql)
{
    codedb_rows *rows = NULL;
    assert_success(codedb_sql_execute(made->db, sql, NULL, 0, &rows, NULL, &made->result), made->result);
    char *answer = calloc(1, 4096);
    for (size_t i = 0; i < rows->row_count * rows->column_count; i++) {
        const codedb_value *value = &rows->values[i];
        size_t length = strlen(answer);
        const char *space = i ? " " : "";
        if (value->type == CODEDB_VALUE_INTEGER)
            snprintf(answer + length, 4096 - length, "%s%lld", space, (long long)value->as.integer);
        else if (value->type == CODEDB_VALUE_TEXT)
            snprintf(answer + length, 4096 - length, "%s%s", space, value->as.text);
        else
            snprintf(answer + length, 4096 - length, "%s-", space);
    }
    codedb_free(rows);
    return answer;
}

static void check_answer(fixture *made, const char *sql, const char *expected)
{
    char *answer = ask(made, sql);
    assert_string_equal(answer, expected);
    free(answer);
}

static void save(fixture *made, const char *source)
{
    int64_t tree;
    assert_success(codedb_cst_save(made->db, made->file, source, strlen(source), &tree, &made->result), made->result);
    assert_true(tree > 0);
}

static void check_source(fixture *made, const char *expected)
{
    char *source;
    size_t length;
    assert_success(codedb_cst_get(made->db, made->file, &source, &length, &made->result), made->result);
    assert_string_equal(source, expected);
    assert_int_equal(length, strlen(expected));
    codedb_free(source);
}

static codedb_edit make(const char *selector, codedb_edit_action action, const char *const *code)
{
    codedb_edit edit = CODEDB_INIT(codedb_edit);
    edit.filter.struct_size = sizeof edit.filter;
    edit.filter.selector = selector;
    edit.action = action;
    edit.code = code;
    edit.code_count = code ? 1 : 0;
    return edit;
}

#define SOURCE \
    "\"\"\"Doc.\"\"\"\nimport os\n\n\nclass A:\n    def m(self):\n        'says'\n        return 1\n\n\ndef f(a):\n    return a\n"

static void a_saved_source_comes_back_with_what_it_defines(void **state)
{
    fixture *made = *state;
    save(made, SOURCE);
    check_source(made, SOURCE);
    check_answer(made, "SELECT name, line FROM classes", "A 5");
    check_answer(made, "SELECT name, line, args, docstring FROM methods", "m 6 [\"self\"] says");
    check_answer(made, "SELECT name, line, args FROM functions", "f 11 [\"a\"]");
    check_answer(made, "SELECT name, import_type, line FROM imports", "os import 2");
    check_answer(made, "SELECT lines, has_docstring FROM files", "12 1");
    check_answer(made,
                 "SELECT group_concat(entity_type || '=' || entity_name) FROM (SELECT * FROM code_content ORDER BY entity_type)",
                 "class=A,file=f.py,function=f,method=A.m");
}

static void entities_that_are_still_there_keep_their_ids(void **state)
{
    fixture *made = *state;
    save(made, SOURCE);
    char *before = ask(made, "SELECT c.id, m.id, f.id FROM classes c, methods m, functions f");
    save(made, "x = 1\n" SOURCE "def g(): pass\n");
    check_answer(made, "SELECT c.id, m.id, f.id FROM classes c, methods m, functions f WHERE f.name = 'f'", before);
    check_answer(made, "SELECT count(*) FROM cst_trees", "1");
    check_answer(made, "SELECT line FROM classes", "6");
    free(before);
}

static void a_source_that_does_not_parse_changes_nothing(void **state)
{
    fixture *made = *state;
    save(made, SOURCE);
    assert_code(codedb_cst_save(made->db, made->file, "def f(:\n", 8, NULL, &made->result), CODEDB_PARSE_ERROR, made->result);
    assert_int_equal(made->result.line, 1);
    check_source(made, SOURCE);
    assert_code(codedb_cst_save(made->db, 99, "x\n", 2, NULL, &made->result), CODEDB_NOT_FOUND, made->result);
}

static void a_file_without_a_source_has_nothing_to_get_query_or_modify(void **state)
{
    fixture *made = *state;
    char *source;
    codedb_nodes *nodes;
    codedb_edit_report *report;
    codedb_edit edit = make("*", CODEDB_EDIT_DELETE, NULL);
    assert_code(codedb_cst_get(made->db, made->file, &source, NULL, &made->result), CODEDB_NOT_FOUND, made->result);
    assert_code(codedb_cst_query(made->db, made->file, &edit.filter, &nodes, &made->result), CODEDB_NOT_FOUND, made->result);
    assert_code(codedb_cst_modify(made->db, made->file, &edit, 1, NULL, 0, &report, &made->result), CODEDB_NOT_FOUND,
                made->result);
    assert_code(codedb_cst_get(made->db, 99, &source, NULL, &made->result), CODEDB_NOT_FOUND, made->result);
}

static void a_query_finds_nodes_of_the_stored_source(void **state)
{
    fixture *made = *state;
    codedb_nodes *nodes;
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    filter.selector = "method";
    save(made, SOURCE);
    assert_success(codedb_cst_query(made->db, made->file, &filter, &nodes, &made->result), made->result);
    assert_int_equal(nodes->count, 1);
    assert_string_equal(nodes->items[0]->name, "m");
    codedb_free(nodes);
    filter.selector = "class@c > method[path$=\".py\"]";
    assert_success(codedb_cst_query(made->db, made->file, &filter, &nodes, &made->result), made->result);
    assert_int_equal(nodes->count, 1);
    assert_int_equal(nodes->capture_count, 1);
    assert_string_equal(nodes->captures[0]->type, "ClassDef");
    codedb_free(nodes);
    filter.path = "elsewhere";
    assert_success(codedb_cst_query(made->db, made->file, &filter, &nodes, &made->result), made->result);
    assert_int_equal(nodes->count, 0);
    codedb_free(nodes);
    filter.selector = "[";
    assert_code(codedb_cst_query(made->db, made->file, &filter, &nodes, &made->result), CODEDB_SELECTOR_ERROR, made->result);
}

static void an_edit_is_stored_with_what_follows_from_it(void **state)
{
    fixture *made = *state;
    codedb_edit_report *report;
    const char *code = "def g(b, c):\n    return b";
    codedb_edit edit = make("function[path$=\".py\"]", CODEDB_EDIT_REPLACE, &code);
    save(made, SOURCE);
    assert_success(codedb_cst_modify(made->db, made->file, &edit, 1, NULL, 0, &report, &made->result), made->result);
    assert_int_equal(report->nodes_modified, 1);
    assert_contains(report->diff, "+++ b/f.py");
    check_source(made, report->source);
    check_answer(made, "SELECT name, args FROM functions", "g [\"b\", \"c\"]");
    char *hash = ask(made, "SELECT cst_hash FROM cst_trees");
    assert_string_equal(hash, report->hash);
    free(hash);
    codedb_free(report);
}

static void a_preview_stores_nothing_and_applying_it_then_works_once(void **state)
{
    fixture *made = *state;
    codedb_edit_report *preview, *report;
    const char *code = "x = 1";
    codedb_edit edit = make("Import", CODEDB_EDIT_INSERT_AFTER, &code);
    save(made, SOURCE);
    assert_success(codedb_cst_modify(made->db, made->file, &edit, 1, NULL, 1, &preview, &made->result), made->result);
    check_source(made, SOURCE);
    assert_success(codedb_cst_modify(made->db, made->file, &edit, 1, NULL, 0, &report, &made->result), made->result);
    assert_string_equal(preview->source, report->source);
    check_source(made, report->source);
    codedb_free(preview);
    codedb_free(report);
}

static void an_expected_hash_that_is_another_is_a_conflict(void **state)
{
    fixture *made = *state;
    codedb_edit_report *report;
    codedb_edit edit = make("Import", CODEDB_EDIT_DELETE, NULL);
    save(made, SOURCE);
    char *hash = ask(made, "SELECT cst_hash FROM cst_trees");
    save(made, SOURCE "y = 2\n");
    assert_code(codedb_cst_modify(made->db, made->file, &edit, 1, hash, 0, &report, &made->result), CODEDB_CONFLICT,
                made->result);
    assert_null(report);
    check_source(made, SOURCE "y = 2\n");
    save(made, SOURCE);
    assert_success(codedb_cst_modify(made->db, made->file, &edit, 1, hash, 0, &report, &made->result), made->result);
    codedb_free(report);
    free(hash);
}

static void an_edit_that_fails_stores_nothing(void **state)
{
    fixture *made = *state;
    codedb_edit_report *report;
    const char *code = "return 1";
    codedb_edit edit = make("Import", CODEDB_EDIT_REPLACE, &code);
    save(made, SOURCE);
    assert_code(codedb_cst_modify(made->db, made->file, &edit, 1, NULL, 0, &report, &made->result), CODEDB_VALIDATION_ERROR,
                made->result);
    check_source(made, SOURCE);
    edit.filter.selector = "With";
    assert_code(codedb_cst_modify(made->db, made->file, &edit, 1, NULL, 0, &report, &made->result), CODEDB_NOT_FOUND,
                made->result);
    check_source(made, SOURCE);
}

static void an_edit_that_changes_nothing_stores_nothing(void **state)
{
    fixture *made = *state;
    codedb_edit_report *report;
    const char *code = "import os";
    codedb_edit edit = make("Import", CODEDB_EDIT_REPLACE, &code);
    save(made, SOURCE);
    char *before = ask(made, "SELECT id, updated_at FROM cst_trees");
    assert_success(codedb_cst_modify(made->db, made->file, &edit, 1, NULL, 0, &report, &made->result), made->result);
    assert_int_equal(report->nodes_modified, 0);
    check_answer(made, "SELECT id, updated_at FROM cst_trees", before);
    codedb_free(report);
    free(before);
}

static void a_stored_ast_is_refreshed_with_its_source(void **state)
{
    fixture *made = *state;
    save(made, SOURCE);
    codedb_rows *rows;
    const char *insert =
        "INSERT INTO ast_trees (file_id, project_id, ast_json, ast_hash, file_mtime) SELECT id, project_id, '{}', 'h', 0 FROM files";
    assert_success(codedb_sql_execute(made->db, insert, NULL, 0, &rows, NULL, &made->result), made->result);
    codedb_free(rows);
    save(made, SOURCE);
    check_answer(made, "SELECT count(*), max(ast_json) FROM ast_trees", "1 {}");
    save(made, SOURCE "z = 3\n");
    check_answer(made,
                 "SELECT count(*) FROM ast_trees WHERE json_extract(ast_json, '$._type') = 'Module' AND ast_json LIKE '%\"z\"%'",
                 "1");
    check_answer(made, "SELECT count(*) FROM ast_trees", "1");
}

/* What one of several threads does: it edits until nobody was in its way. */
static void *append_lines(void *argument)
{
    fixture *made = argument;
    const char *code = "x += 1";
    codedb_edit edit = make("module", CODEDB_EDIT_INSERT_LAST, &code);
    for (int done = 0; done < 10;) {
        codedb_edit_report *report;
        codedb_code answer = codedb_cst_modify(made->db, made->file, &edit, 1, NULL, 0, &report, NULL);
        if (answer != CODEDB_SUCCESS && answer != CODEDB_CONFLICT)
            return "an edit failed";
        done += answer == CODEDB_SUCCESS;
        codedb_free(report);
    }
    return NULL;
}

static void no_edit_of_several_threads_is_lost(void **state)
{
    fixture *made = *state;
    pthread_t threads[4];
    save(made, "x = 0\n");
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, append_lines, made), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failure;
        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
    check_answer(made, "SELECT lines FROM files", "41");
}

static void calls_without_sense_are_invalid_requests(void **state)
{
    fixture *made = *state;
    codedb_edit_report *report;
    assert_code(codedb_cst_save(NULL, 1, "", 0, NULL, &made->result), CODEDB_INVALID_REQUEST, made->result);
    assert_code(codedb_cst_save(made->db, 1, NULL, 1, NULL, &made->result), CODEDB_INVALID_REQUEST, made->result);
    assert_code(codedb_cst_get(made->db, 1, NULL, NULL, &made->result), CODEDB_INVALID_REQUEST, made->result);
    assert_code(codedb_cst_query(made->db, 1, NULL, NULL, &made->result), CODEDB_INVALID_REQUEST, made->result);
    assert_code(codedb_cst_modify(made->db, 1, NULL, 0, NULL, 0, &report, &made->result), CODEDB_INVALID_REQUEST, made->result);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_database, close_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_saved_source_comes_back_with_what_it_defines),
        TEST(entities_that_are_still_there_keep_their_ids),
        TEST(a_source_that_does_not_parse_changes_nothing),
        TEST(a_file_without_a_source_has_nothing_to_get_query_or_modify),
        TEST(a_query_finds_nodes_of_the_stored_source),
        TEST(an_edit_is_stored_with_what_follows_from_it),
        TEST(a_preview_stores_nothing_and_applying_it_then_works_once),
        TEST(an_expected_hash_that_is_another_is_a_conflict),
        TEST(an_edit_that_fails_stores_nothing),
        TEST(an_edit_that_changes_nothing_stores_nothing),
        TEST(a_stored_ast_is_refreshed_with_its_source),
        TEST(no_edit_of_several_threads_is_lost),
        TEST(calls_without_sense_are_invalid_requests),
    };
    return support_run_both("source", tests);
}
