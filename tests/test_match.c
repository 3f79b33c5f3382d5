/* test_match.c -- accuses codedb_match.c: selectors as a table of SQL, on the driver's connection and on any other. */
#include "support.h"

#include "codedb_match.h"

#include <sqlite3.h>

/* ---- On a connection of the test's own ---------------------------------------------------------------------------- */

/* All cells of the answer with a space behind each, "-" for NULL; or the error. To be freed. */
static char *ask(sqlite3 *db, const char *sql)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *cell = (const char *)sqlite3_column_text(statement, i);
            fprintf(out, "%s ", cell != NULL ? cell : "-");
        }
        code = SQLITE_OK;
    }
    if (code != SQLITE_DONE)
        fprintf(out, "%s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    fclose(out);
    return text;
}

static void check(sqlite3 *db, const char *sql, const char *expected)
{
    char *text = ask(db, sql);
    assert_string_equal(text, expected);
    free(text);
}

static int open_own(void **state)
{
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(codedb_match_register(db, &allocator, NULL), SQLITE_OK);
    *state = db;
    return 0;
}

static int close_own(void **state)
{
    assert_int_equal(sqlite3_close(*state), SQLITE_OK);
    return 0;
}

static void every_column_says_what_a_node_is(void **state)
{
    check(*state, "SELECT * FROM codedb_match('class C:\n  def f(self):\n    return 1\n', 'Return')",
          "31864c80f1ed:11 Return smallstmt - C.f 3 4 3 12 return 1 ");
    check(*state, "SELECT kind, name, qualname FROM codedb_match('class C:\n  def f(self): pass\n', 'class, method')",
          "class C C method f C.f ");
}

static void parameters_may_be_columns_of_other_tables(void **state)
{
    sqlite3_exec(*state,
                 "CREATE TABLE s(text, selector); INSERT INTO s VALUES('def f(): pass', 'def'), ('x = 1', 'Name'), "
                 "('def g(): return x', 'Return')",
                 NULL, NULL, NULL);
    check(*state, "SELECT m.type, m.start_col FROM s, codedb_match(s.text, s.selector) m ORDER BY s.rowid",
          "FunctionDef 0 Name 0 Return 9 ");
    check(*state,
          "SELECT m.type FROM codedb_match m JOIN s ON m.source_text = s.text AND m.selector = s.selector ORDER BY s.rowid",
          "FunctionDef Name Return ");
    check(*state, "SELECT count(*), count(DISTINCT m.selector) FROM s, codedb_match(s.text, 'Name') m", "4 1 ");
    check(*state, "SELECT s.rowid, m.name FROM s LEFT JOIN codedb_match(s.text, 'def') m ORDER BY s.rowid", "1 f 2 - 3 g ");
}

static void what_is_given_can_be_asked_back(void **state)
{
    check(*state, "SELECT source_text, selector, dialect, max_nodes, timeout, rowid FROM codedb_match('x', 'Name')",
          "x Name - - - 1 ");
    check(*state, "SELECT dialect, max_nodes, timeout FROM codedb_match('x', 'Name', 'reference', 3, 0.5)", "reference 3 0.5 ");
}

static void nodes_can_be_limited(void **state)
{
    check(*state, "SELECT name FROM codedb_match('a; b; c', 'Name') WHERE max_nodes = 2", "a b ");
    check(*state, "SELECT name FROM codedb_match('a; b; c', 'Name') LIMIT 1 OFFSET 1", "b ");
    check(*state, "SELECT count(*) FROM codedb_match('a; b; c', 'Name', 'default', 0)", "3 ");
    check(*state, "SELECT count(*) FROM codedb_match('a; b; c', 'Name', NULL, -1)", "3 ");
}

static void the_reference_dialect_can_be_asked_for(void **state)
{
    check(*state, "SELECT count(*) FROM codedb_match('class C:\n  def f(self): pass\n', 'class > method')", "1 ");
    check(*state, "SELECT count(*) FROM codedb_match('class C:\n  def f(self): pass\n', 'class > method', 'reference')", "0 ");
    check(*state, "SELECT * FROM codedb_match('a', 'Name', 'other')",
          "codedb_match: the dialect is none, expected 'default' or 'reference'");
    check(*state, "SELECT count(*) FROM codedb_match('a', 'Name', NULL)", "1 ");
}

static void a_bad_selector_is_the_statements_error(void **state)
{
    check(*state, "SELECT * FROM codedb_match('a', 'function[nmae=\"x\"]')",
          "codedb_match: unknown attribute 'nmae', did you mean 'name'?");
    char *text = ask(*state, "SELECT * FROM codedb_match('a', '')");
    assert_contains(text, "codedb_match: ");
    free(text);
    check(*state, "SELECT * FROM codedb_match('a', 'Name' || char(0))", "codedb_match: the selector holds a NUL");
    /* and the connection goes on */
    check(*state, "SELECT count(*) FROM codedb_match('a', 'Name')", "1 ");
}

static void a_missing_parameter_is_an_error(void **state)
{
    check(*state, "SELECT * FROM codedb_match",
          "codedb_match: a source and a selector are needed: codedb_match(source_text, selector)");
    check(*state, "SELECT * FROM codedb_match('a')",
          "codedb_match: a source and a selector are needed: codedb_match(source_text, selector)");
    check(*state, "SELECT * FROM codedb_match('a') WHERE selector > 'Name'",
          "codedb_match: a source and a selector are needed: codedb_match(source_text, selector)");
}

static void null_and_what_is_no_python_have_no_rows(void **state)
{
    check(*state, "SELECT * FROM codedb_match(NULL, 'Name')", "");
    check(*state, "SELECT * FROM codedb_match('a', NULL)", "");
    check(*state, "SELECT * FROM codedb_match('def def', 'Name')", "");
    check(*state, "SELECT count(*) FROM (SELECT 'def def' AS t UNION ALL SELECT 'a') s, codedb_match(s.t, 'Name') m", "1 ");
    check(*state, "SELECT count(*) FROM codedb_match(x'61', 'Name')", "1 "); /* a blob is taken as text */
    check(*state, "SELECT count(*) FROM codedb_match(12, 'Integer')", "1 ");
}

static void the_table_cannot_be_made_or_written(void **state)
{
    char *text = ask(*state, "CREATE VIRTUAL TABLE t USING codedb_match");
    assert_true(strlen(text) > 0);
    free(text);
    text = ask(*state, "INSERT INTO codedb_match(node_id) VALUES ('a')");
    assert_contains(text, "codedb_match");
    free(text);
}

static void a_view_may_hold_it(void **state)
{
    sqlite3_db_config(*state, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_exec(*state, "CREATE TABLE s(t); INSERT INTO s VALUES('def f(): pass')", NULL, NULL, NULL);
    sqlite3_exec(*state, "CREATE VIEW v AS SELECT m.name FROM s, codedb_match(s.t, 'def') m", NULL, NULL, NULL);
    check(*state, "SELECT * FROM v", "f ");
}

/* ---- Time --------------------------------------------------------------------------------------------------------- */

static void a_source_has_a_time_of_its_own(void **state)
{
    check(*state, "SELECT * FROM codedb_match('a', 'Name', 'default', 0, 0)",
          "codedb_match: there was no time left to match the selector");
    check(*state, "SELECT name FROM codedb_match('a', 'Name', 'default', 0, 100)", "a ");
    /* so many nodes and steps that the clock is looked at */
    char *text = ask(*state, "SELECT count(*) FROM codedb_match(replace(printf('%.*c', 50000, 'x'), 'x', 'a;'), "
                             "'*:has(* ~ * ~ *):not(:has(Call)):follows(Name)', 'default', 0, 1e-7)");
    assert_contains(text, "codedb_match: ");
    free(text);
}

static void the_drivers_time_ends_it_as_any_statement(void **state)
{
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    double deadline = 0;
    sqlite3 *db = NULL;
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(codedb_match_register(db, &allocator, &deadline), SQLITE_OK);
    check(db, "SELECT count(*) FROM codedb_match('a', 'Name')", "1 ");
    deadline = codedb_monotonic_now() + 1000;
    check(db, "SELECT count(*) FROM codedb_match('a', 'Name')", "1 ");
    deadline = codedb_monotonic_now() - 1;
    check(db, "SELECT count(*) FROM codedb_match('a', 'Name')", "interrupted");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ---- Memory ------------------------------------------------------------------------------------------------------- */

static void every_allocation_may_fail(void **state)
{
    support_failing failing;
    (void)state;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        sqlite3 *db = NULL;
        sqlite3_stmt *statement = NULL;
        assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
        int code = codedb_match_register(db, &failing.allocator, NULL);
        if (code == SQLITE_OK) {
            assert_int_equal(
                sqlite3_prepare_v2(db,
                                   "SELECT m.name FROM (SELECT 'def f(): pass' AS t UNION ALL SELECT 'def g(): pass') s, "
                                   "codedb_match(s.t, 'function[name^=\"f\"], function[name=\"g\"]') m",
                                   -1, &statement, NULL),
                SQLITE_OK);
            while ((code = sqlite3_step(statement)) == SQLITE_ROW)
                continue;
            sqlite3_finalize(statement);
        }
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        support_failing_check(&failing, code == SQLITE_DONE ? CODEDB_SUCCESS : CODEDB_NO_MEMORY);
        assert_true(code == SQLITE_DONE || code == SQLITE_NOMEM);
    }
}

/* ---- On the driver's connection ----------------------------------------------------------------------------------- */

static codedb *open_file(const char *path, const char *more, const char *folder)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    char config[4400];
    codedb *db = NULL;
    snprintf(config, sizeof config, "{\"type\": \"%s\", \"config\": {\"path\": \"%s\"%s}}",
             support_in_process ? "sqlite_proxy" : "sqlite", path, more);
    assert_success(codedb_open(config, NULL, &db, &result), result);
    if (folder != NULL)
        assert_success(codedb_index_run(db, folder, NULL, NULL, &result), result);
    return db;
}

static const char undocumented[] = "SELECT f.path, m.start_line, m.name FROM files f JOIN cst_trees t ON t.file_id = f.id, "
                                   "codedb_match(t.cst_code, 'method:not(:has-docstring)') m ORDER BY f.path, m.start_line";

static int count_nodes(void *context, const codedb_query_file *file)
{
    *(size_t *)context += file->nodes != NULL ? file->nodes->count : 0;
    return 0;
}

static void sql_finds_what_a_query_finds(codedb *db)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_rows *rows = NULL;
    size_t count = 0;
    filter.selector = "method:not(:has-docstring)";
    assert_success(codedb_query_project(db, &filter, NULL, count_nodes, &count, NULL, &result), result);
    assert_success(codedb_sql_execute(db, undocumented, NULL, 0, &rows, NULL, &result), result);
    assert_int_equal(rows->row_count, count);
    assert_true(count >= 5);
    codedb_free(rows);
    codedb_result_clear(&result);
}

static void a_database_in_memory_has_it(void **state)
{
    (void)state;
    codedb *db = open_file(":memory:", "", "tests/corpus");
    sql_finds_what_a_query_finds(db);
    codedb_close(db);
}

static void a_database_on_file_has_it_for_writers_and_readers(void **state)
{
    char *folder = support_folder_create();
    char path[4200];
    (void)state;
    snprintf(path, sizeof path, "%s/code.db", folder);
    codedb *db = open_file(path, "", "tests/corpus");
    sql_finds_what_a_query_finds(db);
    codedb_close(db);
    db = open_file(path, ", \"read_only\": true", NULL);
    sql_finds_what_a_query_finds(db);
    codedb_close(db);
    support_folder_remove(folder);
}

static void the_driver_tells_errors_and_time(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    codedb *view = NULL;
    codedb_rows *rows = NULL;
    (void)state;
    codedb *db = open_file(":memory:", "", NULL);
    assert_code(codedb_sql_execute(db, "SELECT * FROM codedb_match('a', 'clas')", NULL, 0, &rows, NULL, &result),
                CODEDB_DATABASE_ERROR, result);
    assert_contains(result.description, "unknown type");
    options.timeout = 0.05;
    assert_success(codedb_with(db, &options, &view, &result), result);
    assert_code(codedb_sql_execute(view,
                                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                                   "SELECT count(*) FROM n, codedb_match('def f(): pass', 'def') m",
                                   NULL, 0, &rows, NULL, &result),
                CODEDB_TIMEOUT, result);
    codedb_close(view);
    assert_success(codedb_sql_execute(db, "SELECT name FROM codedb_match('def f(): pass', 'def')", NULL, 0, &rows, NULL, &result),
                   result);
    assert_int_equal(rows->row_count, 1);
    codedb_free(rows);
    codedb_close(db);
    codedb_result_clear(&result);
}

int main(void)
{
#define OWN(test) cmocka_unit_test_setup_teardown(test, open_own, close_own)
    const struct CMUnitTest tests[] = {
        OWN(every_column_says_what_a_node_is),       OWN(parameters_may_be_columns_of_other_tables),
        OWN(what_is_given_can_be_asked_back),        OWN(nodes_can_be_limited),
        OWN(the_reference_dialect_can_be_asked_for), OWN(a_bad_selector_is_the_statements_error),
        OWN(a_missing_parameter_is_an_error),        OWN(null_and_what_is_no_python_have_no_rows),
        OWN(the_table_cannot_be_made_or_written),    OWN(a_view_may_hold_it),
        OWN(a_source_has_a_time_of_its_own),         cmocka_unit_test(the_drivers_time_ends_it_as_any_statement),
        cmocka_unit_test(every_allocation_may_fail),
    };
    const struct CMUnitTest on_the_driver[] = {
        cmocka_unit_test(a_database_in_memory_has_it),
        cmocka_unit_test(a_database_on_file_has_it_for_writers_and_readers),
        cmocka_unit_test(the_driver_tells_errors_and_time),
    };
    return cmocka_run_group_tests_name("match", tests, NULL, NULL) + support_run_both("match, on the driver", on_the_driver);
}
