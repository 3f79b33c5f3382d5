/* tests/test_modify.c -- accuses codedb_modify.c: many files of a project edited in one transaction, all or nothing, on disk too. */
#include "files.h"
#include "support.h"

/* A database in memory, a project, and files of it that are in a folder, too. */
typedef struct fixture {
    files_scratch *scratch;
    codedb *db;
    codedb_result result;
    codedb_project project;
    int64_t files[3];
} fixture;

static const char *const names[] = {"a.py", "b.py", "c.py"};
static const char *const sources[] = {"x = old(1)\n", "def f():\n    return old(2)\n", "y = 1\n"};

static int open_project(void **state)
{
    fixture *made = calloc(1, sizeof *made);
    void *scratch;
    files_setup(&scratch);
    made->scratch = scratch;
    made->result = (codedb_result)CODEDB_INIT(codedb_result);
    assert_success(codedb_open(":memory:", NULL, &made->db, &made->result), made->result);
    made->project = (codedb_project)CODEDB_INIT(codedb_project);
    made->project.root_path = made->scratch->path;
    assert_success(codedb_project_create(made->db, &made->project, &made->result), made->result);
    for (int i = 0; i < 3; i++) {
        codedb_file file = CODEDB_INIT(codedb_file);
        file.project_id = made->project.id;
        file.path = files_path(made->scratch, names[i]);
        file.relative_path = names[i];
        files_write(made->scratch, names[i], sources[i]);
        assert_success(codedb_file_create(made->db, &file, &made->result), made->result);
        made->files[i] = file.id;
        assert_success(codedb_cst_save(made->db, file.id, sources[i], strlen(sources[i]), NULL, &made->result), made->result);
    }
    *state = made;
    return 0;
}

static int close_project(void **state)
{
    fixture *made = *state;
    void *scratch = made->scratch;
    codedb_close(made->db);
    codedb_result_clear(&made->result);
    files_teardown(&scratch);
    free(made);
    return 0;
}

static codedb_edit rename_old(void)
{
    static const char *const code[] = {"new"};
    codedb_edit edit = CODEDB_INIT(codedb_edit);
    edit.filter.struct_size = sizeof edit.filter;
    edit.filter.selector = "Name[name=\"old\"]";
    edit.code = code;
    edit.code_count = 1;
    return edit;
}

static codedb_file_edits edits_of(int64_t file, const codedb_edit *edits, size_t count)
{
    codedb_file_edits entry = CODEDB_INIT(codedb_file_edits);
    entry.file_id = file;
    entry.edits = edits;
    entry.edit_count = count;
    return entry;
}

static void check_stored(fixture *made, int number, const char *expected)
{
    char *source;
    assert_success(codedb_cst_get(made->db, made->files[number], &source, NULL, &made->result), made->result);
    assert_string_equal(source, expected);
    codedb_free(source);
}

static void check_unchanged(fixture *made)
{
    for (int i = 0; i < 3; i++) {
        check_stored(made, i, sources[i]);
        files_assert_text(made->scratch, names[i], sources[i]);
    }
}

static void one_edit_goes_over_all_files_of_a_project(void **state)
{
    fixture *made = *state;
    codedb_project_report *report;
    codedb_edit edit = rename_old();
    codedb_file_edits all = edits_of(0, &edit, 1);
    assert_success(codedb_modify_project(made->db, made->project.id, &all, 1, NULL, &report, &made->result), made->result);
    assert_int_equal(report->file_count, 2);
    assert_int_equal(report->nodes_modified, 2);
    assert_int_equal(report->files[1].file_id, made->files[1]);
    assert_string_equal(report->files[0].report.source, "x = new(1)\n");
    check_stored(made, 0, "x = new(1)\n");
    check_stored(made, 1, "def f():\n    return new(2)\n");
    check_stored(made, 2, sources[2]);
    files_assert_text(made->scratch, "a.py", sources[0]);
    codedb_free(report);
    assert_code(codedb_modify_project(made->db, made->project.id, &all, 1, NULL, &report, &made->result), CODEDB_NOT_FOUND,
                made->result);
    assert_null(report);
}

static void a_preview_stores_nothing_and_gives_a_diff_that_git_applies(void **state)
{
    fixture *made = *state;
    char command[1024];
    codedb_project_report *report;
    codedb_edit edit = rename_old();
    codedb_file_edits all = edits_of(0, &edit, 1);
    codedb_modify_options options = CODEDB_INIT(codedb_modify_options);
    options.preview = options.write_files = 1;
    assert_success(codedb_modify_project(made->db, NULL, &all, 1, &options, &report, &made->result), made->result);
    check_unchanged(made);
    files_write(made->scratch, "all.diff", report->diff);
    snprintf(command, sizeof command, "cd '%s' && git init -q . && git apply --check all.diff && git apply all.diff",
             made->scratch->path);
    assert_int_equal(system(command), 0);
    files_assert_text(made->scratch, "a.py", "x = new(1)\n");
    files_assert_text(made->scratch, "b.py", "def f():\n    return new(2)\n");
    snprintf(command, sizeof command, "cd '%s' && git apply -R all.diff", made->scratch->path);
    assert_int_equal(system(command), 0);
    check_unchanged(made);
    codedb_free(report);
}

static void files_on_disk_are_written_with_the_database(void **state)
{
    fixture *made = *state;
    codedb_project_report *report;
    codedb_edit edit = rename_old();
    codedb_file_edits both[] = {edits_of(made->files[0], &edit, 1), edits_of(made->files[1], &edit, 1)};
    codedb_modify_options options = CODEDB_INIT(codedb_modify_options);
    options.write_files = 1;
    files_write(made->scratch, "b.py", "changed = old\n");
    assert_code(codedb_modify_project(made->db, NULL, both, 2, &options, &report, &made->result), CODEDB_CONFLICT, made->result);
    assert_contains(made->result.description, "b.py: the file is not what the database holds");
    assert_contains(made->result.data, "\"file\": 1");
    check_stored(made, 0, sources[0]);
    files_assert_text(made->scratch, "a.py", sources[0]);
    files_write(made->scratch, "b.py", sources[1]);
    assert_success(codedb_modify_project(made->db, NULL, both, 2, &options, &report, &made->result), made->result);
    files_assert_text(made->scratch, "a.py", "x = new(1)\n");
    files_assert_text(made->scratch, "b.py", "def f():\n    return new(2)\n");
    check_stored(made, 1, "def f():\n    return new(2)\n");
    codedb_free(report);
}

/* c.py is a link to a.py, and the database holds both. */
static void a_link_and_what_it_leads_to_are_one_file_on_disk(void **state)
{
    fixture *made = *state;
    char command[1024], link_path[4096];
    struct stat status;
    codedb_project_report *report;
    codedb_edit edit = rename_old();
    codedb_file_edits all = edits_of(0, &edit, 1);
    codedb_modify_options options = CODEDB_INIT(codedb_modify_options);
    snprintf(link_path, sizeof link_path, "%s", files_path(made->scratch, "c.py"));
    assert_int_equal(unlink(link_path) | symlink("a.py", link_path), 0);
    assert_success(codedb_cst_save(made->db, made->files[2], sources[0], strlen(sources[0]), NULL, &made->result), made->result);
    options.preview = 1;
    assert_success(codedb_modify_project(made->db, NULL, &all, 1, &options, &report, &made->result), made->result);
    assert_int_equal(report->file_count, 3);
    assert_contains(report->files[0].report.diff, "+++ b/a.py");
    assert_string_equal(report->files[2].report.diff, "");
    files_write(made->scratch, "all.diff", report->diff);
    codedb_free(report);
    snprintf(command, sizeof command, "cd '%s' && git init -q . && git apply --check all.diff", made->scratch->path);
    assert_int_equal(system(command), 0);
    options.preview = 0;
    options.write_files = 1;
    assert_success(codedb_modify_project(made->db, NULL, &all, 1, &options, &report, &made->result), made->result);
    codedb_free(report);
    assert_int_equal(lstat(link_path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    files_assert_text(made->scratch, "a.py", "x = new(1)\n");
    check_stored(made, 0, "x = new(1)\n");
    check_stored(made, 2, "x = new(1)\n");
}

static void a_transaction_of_the_host_holds_what_is_stored(void **state)
{
    fixture *made = *state;
    codedb *transaction;
    codedb_project_report *report;
    codedb_edit edit = rename_old();
    codedb_file_edits all = edits_of(0, &edit, 1);
    codedb_modify_options options = CODEDB_INIT(codedb_modify_options);
    options.write_files = 1;
    assert_success(codedb_transaction_begin(made->db, &transaction, &made->result), made->result);
    assert_success(codedb_modify_project(transaction, NULL, &all, 1, &options, &report, &made->result), made->result);
    codedb_free(report);
    assert_success(codedb_transaction_rollback(transaction, &made->result), made->result);
    codedb_close(transaction);
    check_stored(made, 0, sources[0]);
    files_assert_text(made->scratch, "a.py", "x = new(1)\n");
}

static void one_wrong_edit_of_one_file_changes_none_and_is_named(void **state)
{
    fixture *made = *state;
    codedb_project_report *report;
    const char *code = "x +";
    codedb_edit good = rename_old(), bad[] = {rename_old(), rename_old()};
    bad[1].code = &code;
    codedb_file_edits both[] = {edits_of(made->files[0], &good, 1), edits_of(made->files[1], bad, 2)};
    assert_code(codedb_modify_project(made->db, NULL, both, 2, NULL, &report, &made->result), CODEDB_PARSE_ERROR, made->result);
    assert_contains(made->result.data, "\"file\": 1");
    assert_contains(made->result.data, "b.py\", \"edit\": 1, \"new_code\": {\"index\": 0, \"line\": 1, ");
    assert_contains(made->result.description, "line 1");
    assert_null(report);
    both[1] = edits_of(made->files[2], &good, 1);
    assert_code(codedb_modify_project(made->db, NULL, both, 2, NULL, &report, &made->result), CODEDB_NOT_FOUND, made->result);
    both[1] = edits_of(99, &good, 1);
    assert_code(codedb_modify_project(made->db, NULL, both, 2, NULL, &report, &made->result), CODEDB_NOT_FOUND, made->result);
    assert_contains(made->result.data, "\"file\": 1");
    both[1] = edits_of(made->files[1], &good, 1);
    both[1].expected_hash = "0";
    assert_code(codedb_modify_project(made->db, NULL, both, 2, NULL, &report, &made->result), CODEDB_CONFLICT, made->result);
    both[1].expected_hash = NULL;
    assert_code(codedb_modify_project(made->db, "other", both, 2, NULL, &report, &made->result), CODEDB_NOT_FOUND, made->result);
    check_unchanged(made);
}

static void calls_without_sense_are_invalid_requests(void **state)
{
    fixture *made = *state;
    codedb_project_report *report;
    codedb_edit edit = rename_old();
    codedb_file_edits twice[] = {edits_of(made->files[0], &edit, 1), edits_of(made->files[0], &edit, 1)};
    codedb_modify_options options = CODEDB_INIT(codedb_modify_options);
    assert_code(codedb_modify_project(made->db, NULL, twice, 2, NULL, &report, &made->result), CODEDB_INVALID_REQUEST,
                made->result);
    assert_contains(made->result.description, "given twice");
    twice[1].file_id = 0;
    assert_code(codedb_modify_project(made->db, NULL, twice, 2, NULL, &report, &made->result), CODEDB_INVALID_REQUEST,
                made->result);
    assert_code(codedb_modify_project(made->db, NULL, twice, 0, NULL, &report, &made->result), CODEDB_INVALID_REQUEST,
                made->result);
    options.struct_size = 0;
    assert_code(codedb_modify_project(made->db, NULL, twice, 1, &options, &report, &made->result), CODEDB_INVALID_REQUEST,
                made->result);
    twice[0].edit_count = 0;
    assert_code(codedb_modify_project(made->db, NULL, twice, 1, NULL, &report, &made->result), CODEDB_INVALID_REQUEST,
                made->result);
    twice[0].struct_size = 0;
    assert_code(codedb_modify_project(made->db, NULL, twice, 1, NULL, &report, &made->result), CODEDB_INVALID_REQUEST,
                made->result);
    check_unchanged(made);
}

/* Memory that runs out changes neither the database nor the file, and leaks nothing. */
static void every_failed_allocation_changes_nothing(void **state)
{
    files_scratch *scratch = *state;
    support_failing failing;
    char *path = strdup(files_path(scratch, "a.py"));
    for (long n = 0;; n++) {
        codedb *db;
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_open_options options = CODEDB_INIT(codedb_open_options);
        codedb_modify_options modify = CODEDB_INIT(codedb_modify_options);
        codedb_project project = CODEDB_INIT(codedb_project);
        codedb_file file = CODEDB_INIT(codedb_file);
        codedb_project_report *report = NULL;
        codedb_edit edit = rename_old();
        codedb_file_edits all = edits_of(0, &edit, 1);
        support_failing_start(&failing, 0);
        failing.countdown = 1000000000;
        failing.failed = false;
        options.allocator = &failing.allocator;
        files_write(scratch, "a.py", sources[0]);
        assert_success(codedb_open(":memory:", &options, &db, &result), result);
        project.root_path = scratch->path;
        assert_success(codedb_project_create(db, &project, &result), result);
        file.project_id = project.id;
        file.path = path;
        assert_success(codedb_file_create(db, &file, &result), result);
        assert_success(codedb_cst_save(db, file.id, sources[0], strlen(sources[0]), NULL, &result), result);
        modify.write_files = 1;
        failing.countdown = n;
        codedb_code code = codedb_modify_project(db, NULL, &all, 1, &modify, &report, &result);
        bool failed = failing.failed;
        failing.countdown = 1000000000;
        if (code != CODEDB_SUCCESS) {
            char *stored;
            assert_true(failed && code == CODEDB_NO_MEMORY);
            assert_null(report);
            assert_success(codedb_cst_get(db, file.id, &stored, NULL, &result), result);
            assert_string_equal(stored, sources[0]);
            files_assert_text(scratch, "a.py", sources[0]);
            codedb_free(stored);
        }
        codedb_free(report);
        codedb_close(db);
        codedb_result_clear(&result);
        assert_int_equal(failing.live, 0);
        if (!failed)
            break;
    }
    free(path);
}

#define PROJECT_TEST(name) cmocka_unit_test_setup_teardown(name, open_project, close_project)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROJECT_TEST(one_edit_goes_over_all_files_of_a_project),
        PROJECT_TEST(a_preview_stores_nothing_and_gives_a_diff_that_git_applies),
        PROJECT_TEST(files_on_disk_are_written_with_the_database),
        PROJECT_TEST(a_link_and_what_it_leads_to_are_one_file_on_disk),
        PROJECT_TEST(a_transaction_of_the_host_holds_what_is_stored),
        PROJECT_TEST(one_wrong_edit_of_one_file_changes_none_and_is_named),
        PROJECT_TEST(calls_without_sense_are_invalid_requests),
        cmocka_unit_test_setup_teardown(every_failed_allocation_changes_nothing, files_setup, files_teardown),
    };
    return cmocka_run_group_tests_name("modify", tests, NULL, NULL);
}
