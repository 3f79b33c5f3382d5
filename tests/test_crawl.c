/* test_crawl.c -- codedb_crawl.c: folders into the database, again and again, with everything that can be wrong with files. */
#include "support.h"

#include "files.h"

#include <pthread.h>

static codedb *open_database(void)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb *db = NULL;
    assert_success(codedb_open(":memory:", NULL, &db, &result), result);
    return db;
}

static codedb_index_report *run(codedb *db, const char *folder, const codedb_index_options *options)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_index_report *report = NULL;
    assert_success(codedb_index_run(db, folder, options, &report, &result), result);
    assert_non_null(report);
    codedb_result_clear(&result);
    return report;
}

/* The one integer that a query answers. */
static int64_t number(codedb *db, const char *sql)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_rows *rows = NULL;
    assert_success(codedb_sql_execute(db, sql, NULL, 0, &rows, NULL, &result), result);
    assert_int_equal(rows->row_count, 1);
    int64_t answer = rows->values[0].as.integer;
    codedb_free(rows);
    return answer;
}

/* All cells of the answer with a space behind each. */
static void assert_rows(codedb *db, const char *sql, const char *expected)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_rows *rows = NULL;
    char text[8192] = "";
    size_t length = 0;
    assert_success(codedb_sql_execute(db, sql, NULL, 0, &rows, NULL, &result), result);
    for (size_t i = 0; i < rows->row_count * rows->column_count; i++) {
        const codedb_value *value = &rows->values[i];
        if (value->type == CODEDB_VALUE_TEXT)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s ", value->as.text);
        else if (value->type == CODEDB_VALUE_NULL)
            length += (size_t)snprintf(text + length, sizeof text - length, "NULL ");
        else
            length += (size_t)snprintf(text + length, sizeof text - length, "%lld ", (long long)value->as.integer);
    }
    codedb_free(rows);
    assert_string_equal(text, expected);
}

static void fill(files_scratch *scratch)
{
    files_folder(scratch, "package");
    files_write(scratch, "package/__init__.py", "\"\"\"The package.\"\"\"\nimport os\nfrom . import store as s\n");
    files_write(
        scratch, "package/store.py",
        "class Store(dict):\n    \"\"\"Keeps things.\"\"\"\n\n    def get_one(self, key):\n        return self[key]\n\n\ndef make():\n"
        "    return Store()\n");
}

static void a_folder_becomes_a_project_with_files_trees_and_entities(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    fill(scratch);
    codedb_index_report *report = run(db, scratch->path, NULL);
    assert_int_equal(report->files_indexed, 2);
    assert_int_equal(report->classes, 1);
    assert_int_equal(report->methods, 1);
    assert_int_equal(report->functions, 1);
    assert_int_equal(report->imports, 2);
    assert_int_equal(report->problem_count, 0);
    codedb_free(report);
    assert_rows(db, "SELECT relative_path, lines, has_docstring, deleted FROM files ORDER BY path",
                "package/__init__.py 3 1 0 package/store.py 9 0 0 ");
    assert_rows(db, "SELECT name, line, docstring, bases FROM classes", "Store 1 Keeps things. [\"dict\"] ");
    assert_rows(db, "SELECT name, line FROM methods", "get_one 4 ");
    assert_rows(db, "SELECT name, line FROM functions", "make 8 ");
    assert_rows(db, "SELECT name, module, import_type FROM imports ORDER BY id", "os NULL import store . from_import ");
    assert_int_equal(number(db, "SELECT count(*) FROM cst_trees"), 2);
    assert_int_equal(number(db, "SELECT count(*) FROM datasets WHERE root_path = (SELECT root_path FROM projects)"), 1);
    assert_int_equal(number(db, "SELECT count(*) FROM code_content_fts WHERE code_content_fts MATCH 'keeps'"), 1);
    codedb_close(db);
}

/* A stored path with a NUL in it begins like that of a file that is there. */
static void a_path_with_a_nul_stands_for_no_other_file(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    fill(scratch);
    codedb_free(run(db, scratch->path, NULL));
    number(db, "UPDATE files SET path = path || char(0) || 'x' WHERE relative_path = 'package/store.py' RETURNING 1");
    codedb_index_report *report = run(db, scratch->path, NULL);
    assert_int_equal(report->files_indexed, 1);
    assert_int_equal(report->files_unchanged, 1);
    codedb_free(report);
    assert_int_equal(number(db, "SELECT count(*) FROM files"), 3);
    codedb_close(db);
}

static void a_second_run_leaves_unchanged_files_alone_and_keeps_ids(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    fill(scratch);
    codedb_free(run(db, scratch->path, NULL));
    int64_t class_id = number(db, "SELECT id FROM classes");
    int64_t file_id = number(db, "SELECT id FROM files WHERE relative_path = 'package/store.py'");
    files_write(scratch, "package/store.py", "import sys\n\n\nclass Store(list):\n    pass\n");
    codedb_index_report *report = run(db, scratch->path, NULL);
    assert_int_equal(report->files_indexed, 1);
    assert_int_equal(report->files_unchanged, 1);
    codedb_free(report);
    assert_rows(db, "SELECT name, line, bases FROM classes", "Store 4 [\"list\"] ");
    assert_int_equal(number(db, "SELECT id FROM classes"), class_id);
    assert_int_equal(number(db, "SELECT id FROM files WHERE relative_path = 'package/store.py'"), file_id);
    assert_int_equal(number(db, "SELECT count(*) FROM methods"), 0);
    assert_int_equal(number(db, "SELECT count(*) FROM functions"), 0);
    assert_int_equal(number(db, "SELECT count(*) FROM cst_trees"), 2);
    assert_int_equal(number(db, "SELECT count(*) FROM projects"), 1);
    assert_int_equal(number(db, "SELECT count(*) FROM code_content_fts WHERE code_content_fts MATCH 'keeps'"), 0);
    codedb_close(db);
}

static void a_file_that_is_gone_is_marked_and_one_that_is_back_is_not(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    fill(scratch);
    codedb_free(run(db, scratch->path, NULL));
    assert_int_equal(unlink(files_path(scratch, "package/store.py")), 0);
    codedb_index_report *report = run(db, scratch->path, NULL);
    assert_int_equal(report->files_deleted, 1);
    codedb_free(report);
    assert_rows(db, "SELECT relative_path FROM files WHERE deleted = 1", "package/store.py ");
    files_write(scratch, "package/store.py", "class Store(dict):\n    pass\n");
    report = run(db, scratch->path, NULL);
    assert_int_equal(report->files_deleted, 0);
    assert_int_equal(report->files_indexed, 1);
    codedb_free(report);
    assert_int_equal(number(db, "SELECT count(*) FROM files WHERE deleted = 1"), 0);
    codedb_close(db);
}

static void an_excluded_file_is_not_taken_for_deleted(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    const char *excludes[] = {"store.py"};
    codedb_index_options options = CODEDB_INIT(codedb_index_options);
    fill(scratch);
    codedb_free(run(db, scratch->path, NULL));
    options.excludes = excludes;
    options.exclude_count = 1;
    codedb_index_report *report = run(db, scratch->path, &options);
    assert_int_equal(report->files_deleted, 0);
    assert_int_equal(report->files_unchanged, 1);
    codedb_free(report);
    codedb_close(db);
}

static void a_file_that_does_not_parse_is_stored_with_an_issue_until_it_does(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    fill(scratch);
    files_write(scratch, "bad.py", "x = 1\ndef f(:\n    pass\n");
    codedb_index_report *report = run(db, scratch->path, NULL);
    assert_int_equal(report->files_indexed, 3);
    assert_int_equal(report->files_with_syntax_errors, 1);
    assert_int_equal(report->problem_count, 0);
    codedb_free(report);
    assert_rows(db, "SELECT issue_type, line FROM issues", "syntax_error 2 ");
    assert_rows(db, "SELECT cst_code FROM cst_trees c JOIN files f ON f.id = c.file_id WHERE relative_path = 'bad.py'",
                "x = 1\ndef f(:\n    pass\n ");
    report = run(db, scratch->path, NULL);
    assert_int_equal(report->files_unchanged, 3);
    codedb_free(report);
    files_write(scratch, "bad.py", "x = 1\n");
    codedb_free(run(db, scratch->path, NULL));
    assert_int_equal(number(db, "SELECT count(*) FROM issues"), 0);
    codedb_close(db);
}

static void odd_files_do_not_stop_a_run(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    fill(scratch);
    files_write_bytes(scratch, "binary.py",
                      "\x7f"
                      "ELF\0\1\2\3\0",
                      9);
    files_write_bytes(scratch, "invalid.py", "x = '\xff\xfe'\n", 9);
    files_write_bytes(scratch, "zeros.py", "\0\0\0\0\0\0\0\0", 8);
    files_write(scratch, "empty.py", "");
    files_write(scratch, "truncated.py", "def f(a,\n");
    files_write_bytes(scratch, "latin.py", "# coding: latin-1\nname = '\xe9'\n", 29);
    assert_int_equal(symlink("nowhere", files_path(scratch, "gone.py")), 0);
    codedb_index_report *report = run(db, scratch->path, NULL);
    assert_int_equal(report->files_indexed, 8);
    assert_int_equal(report->files_with_syntax_errors, 4);
    assert_int_equal(report->files_failed, 1);
    assert_int_equal(report->problem_count, 1);
    assert_contains(report->problems[0], "gone.py: No such file");
    codedb_free(report);
    assert_rows(db, "SELECT DISTINCT relative_path FROM issues i JOIN files f ON f.id = i.file_id ORDER BY 1",
                "binary.py invalid.py truncated.py zeros.py ");
    assert_rows(db, "SELECT cst_code FROM cst_trees c JOIN files f ON f.id = c.file_id WHERE relative_path = 'latin.py'",
                "# coding: latin-1\nname = '\xc3\xa9'\n ");
    codedb_close(db);
}

static void fifty_megabytes_in_one_file_are_indexed(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    FILE *out = fopen(files_path(scratch, "big.py"), "wb");
    assert_non_null(out);
    for (int i = 0; i < 1250000; i++)
        fputs("value_of_this_line = compute(1, 'two')\n\n", out);
    assert_int_equal(fclose(out), 0);
    codedb_index_report *report = run(db, scratch->path, NULL);
    assert_int_equal(report->files_indexed, 1);
    assert_int_equal(report->files_with_syntax_errors, 0);
    assert_int_equal(report->bytes, 1250000 * 40);
    codedb_free(report);
    codedb_close(db);
}

typedef struct told {
    size_t calls;
    uint64_t last_done;
    bool went_back;
    bool ended;
    size_t cancel_at;
} told;

static int tell(void *context, const codedb_index_progress *progress)
{
    told *seen = context;
    seen->calls++;
    seen->went_back |= progress->files_done < seen->last_done || progress->files_done > progress->files_found;
    seen->last_done = progress->files_done;
    seen->ended = progress->path == NULL && !progress->walking;
    return seen->cancel_at != 0 && seen->calls >= seen->cancel_at;
}

static void progress_grows_to_the_end(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    told seen = {.calls = 0};
    codedb_index_options options = CODEDB_INIT(codedb_index_options);
    fill(scratch);
    options.progress = tell;
    options.progress_context = &seen;
    codedb_free(run(db, scratch->path, &options));
    assert_true(seen.calls >= 1);
    assert_false(seen.went_back);
    assert_true(seen.ended);
    assert_int_equal(seen.last_done, 2);
    codedb_close(db);
}

static void a_cancelled_run_says_so_and_can_be_taken_up_again(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    told seen = {.cancel_at = 1};
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_index_options options = CODEDB_INIT(codedb_index_options);
    codedb_index_report *report = NULL;
    fill(scratch);
    options.progress = tell;
    options.progress_context = &seen;
    assert_code(codedb_index_run(db, scratch->path, &options, &report, &result), CODEDB_CANCELLED, result);
    assert_null(report);
    codedb_free(run(db, scratch->path, NULL));
    assert_int_equal(number(db, "SELECT count(*) FROM cst_trees"), 2);
    assert_int_equal(number(db, "SELECT count(*) FROM classes"), 1);
    codedb_close(db);
}

static void one_thread_and_many_store_the_same(void **state)
{
    files_scratch *scratch = *state;
    char name[32];
    char source[128];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "module_%03d.py", i);
        snprintf(source, sizeof source, "class C%d:\n    def m(self):\n        pass\n\n\ndef f%d(a, b=1):\n    pass\n", i, i);
        files_write(scratch, name, source);
    }
    int64_t sums[2];
    for (int i = 0; i < 2; i++) {
        codedb *db = open_database();
        codedb_index_options options = CODEDB_INIT(codedb_index_options);
        options.threads = i == 0 ? 1 : 8;
        codedb_index_report *report = run(db, scratch->path, &options);
        assert_int_equal(report->files_indexed, 300);
        codedb_free(report);
        assert_int_equal(
            number(db, "SELECT count(*) FROM methods m JOIN classes c ON c.id = m.class_id JOIN files f ON f.id = c.file_id "
                       "JOIN functions g ON g.file_id = f.id WHERE substr(c.name, 2) = substr(g.name, 2)"),
            300);
        sums[i] = number(db, "SELECT sum(length(cst_code)) FROM cst_trees");
        assert_rows(db, "PRAGMA integrity_check", "ok ");
        codedb_close(db);
    }
    assert_int_equal(sums[0], sums[1]);
}

static void the_project_takes_the_id_of_its_projectid_file(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    fill(scratch);
    files_write(scratch, "projectid", "0f5e1c22-3a5b-4c1d-9e8f-a0b1c2d3e4f5\n");
    codedb_index_report *report = run(db, scratch->path, NULL);
    assert_string_equal(report->project_id, "0f5e1c22-3a5b-4c1d-9e8f-a0b1c2d3e4f5");
    codedb_free(report);
    codedb_close(db);
}

typedef struct runner {
    codedb *db;
    const char *folder;
    codedb_code code;
    char description[CODEDB_DESCRIPTION_SIZE];
} runner;

static void *run_in_a_thread(void *argument)
{
    runner *self = argument;
    codedb_result result = CODEDB_INIT(codedb_result);
    self->code = codedb_index_run(self->db, self->folder, NULL, NULL, &result);
    memcpy(self->description, result.description, sizeof self->description);
    codedb_result_clear(&result);
    return NULL;
}

static void runs_over_the_same_new_folder_share_its_project(void **state)
{
    enum { RUNNERS = 4, ROUNDS = 20 };
    files_scratch *scratch = *state;
    fill(scratch);
    for (int round = 0; round < ROUNDS; round++) {
        codedb *db = open_database();
        runner runners[RUNNERS];
        pthread_t threads[RUNNERS];
        for (int i = 0; i < RUNNERS; i++) {
            runners[i] = (runner){.db = db, .folder = scratch->path};
            assert_int_equal(pthread_create(&threads[i], NULL, run_in_a_thread, &runners[i]), 0);
        }
        for (int i = 0; i < RUNNERS; i++) {
            pthread_join(threads[i], NULL);
            if (runners[i].code != CODEDB_SUCCESS)
                fail_msg("round %d, run %d: %s", round, i, runners[i].description);
        }
        assert_int_equal(number(db, "SELECT count(*) FROM projects"), 1);
        assert_int_equal(number(db, "SELECT count(*) FROM datasets"), 1);
        codedb_close(db);
    }
}

static void wrong_calls_are_refused(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_index_options options = {0};
    assert_code(codedb_index_run(NULL, scratch->path, NULL, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_index_run(db, NULL, NULL, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_index_run(db, scratch->path, &options, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_index_run(db, files_path(scratch, "none"), NULL, NULL, &result), CODEDB_NOT_FOUND, result);
    files_write(scratch, "x.py", "");
    assert_code(codedb_index_run(db, files_path(scratch, "x.py"), NULL, NULL, &result), CODEDB_NOT_FOUND, result);
    assert_contains(result.description, "found a file");
    codedb_close(db);
}

static void a_closed_transaction_ends_the_run_with_its_error(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    codedb *transaction = NULL;
    codedb_result result = CODEDB_INIT(codedb_result);
    fill(scratch);
    assert_success(codedb_transaction_begin(db, &transaction, &result), result);
    assert_success(codedb_transaction_rollback(transaction, &result), result);
    assert_code(codedb_index_run(transaction, scratch->path, NULL, NULL, &result), CODEDB_TRANSACTION_ERROR, result);
    codedb_close(transaction);
    codedb_close(db);
}

static void a_run_inside_a_transaction_is_undone_with_it(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_database();
    codedb *transaction = NULL;
    codedb_result result = CODEDB_INIT(codedb_result);
    fill(scratch);
    assert_success(codedb_transaction_begin(db, &transaction, &result), result);
    codedb_free(run(transaction, scratch->path, NULL));
    assert_success(codedb_transaction_rollback(transaction, &result), result);
    codedb_close(transaction);
    assert_int_equal(number(db, "SELECT count(*) FROM files"), 0);
    codedb_close(db);
}

int main(void)
{
#define SCRATCH_TEST(function) cmocka_unit_test_setup_teardown(function, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(a_folder_becomes_a_project_with_files_trees_and_entities),
        SCRATCH_TEST(a_path_with_a_nul_stands_for_no_other_file),
        SCRATCH_TEST(a_second_run_leaves_unchanged_files_alone_and_keeps_ids),
        SCRATCH_TEST(a_file_that_is_gone_is_marked_and_one_that_is_back_is_not),
        SCRATCH_TEST(an_excluded_file_is_not_taken_for_deleted),
        SCRATCH_TEST(a_file_that_does_not_parse_is_stored_with_an_issue_until_it_does),
        SCRATCH_TEST(odd_files_do_not_stop_a_run),
        SCRATCH_TEST(fifty_megabytes_in_one_file_are_indexed),
        SCRATCH_TEST(progress_grows_to_the_end),
        SCRATCH_TEST(a_cancelled_run_says_so_and_can_be_taken_up_again),
        SCRATCH_TEST(one_thread_and_many_store_the_same),
        SCRATCH_TEST(the_project_takes_the_id_of_its_projectid_file),
        SCRATCH_TEST(runs_over_the_same_new_folder_share_its_project),
        SCRATCH_TEST(wrong_calls_are_refused),
        SCRATCH_TEST(a_closed_transaction_ends_the_run_with_its_error),
        SCRATCH_TEST(a_run_inside_a_transaction_is_undone_with_it),
    };
    return cmocka_run_group_tests_name("crawl", tests, NULL, NULL);
}
