/* test_summary.c -- accuses codedb_summary_form.c and codedb_source_summary.c: what is stored of a source is believed only as it was written, and
 * the first query after a database is opened leaves out by it what later ones do. */
#include "support.h"

#include "codedb_query.h"
#include "files.h"

#define CORPUS "tests/corpus"

/* ---- The form ----------------------------------------------------------------------------------------------------- */

static const char hash_text[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const codedb_slice hash = {hash_text, sizeof hash_text - 1};

/* The summary of a source, and its form. */
static codedb_summary *summarize(const char *source, codedb_buffer *form)
{
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree;
    assert_success(codedb_tree_parse(source, strlen(source), NULL, &tree, &result), result);
    codedb_summary *summary = codedb_summary_create(&allocator, tree);
    codedb_buffer_init(form, &allocator);
    codedb_summary_write(summary, hash, 314, form);
    codedb_tree_free(tree);
    return summary;
}

static codedb_summary *read_form(const codedb_buffer *form, size_t length, codedb_slice of, int version)
{
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    return codedb_summary_read(&allocator, (codedb_slice){form->data, length}, of, version, codedb_summary_form());
}

static void a_summary_is_read_as_it_was_written(void **state)
{
    (void)state;
    static const char *const sources[] = {"", "x = 1\n", "class A:\n    def f(self): return '\xC3\xA4'\n"};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        codedb_allocator allocator = codedb_allocator_or_default(NULL);
        codedb_buffer form;
        codedb_summary *made = summarize(sources[i], &form);
        codedb_summary *got = read_form(&form, form.length, hash, 314);
        assert_non_null(got);
        assert_int_equal(codedb_summary_size(got), codedb_summary_size(made));
        assert_memory_equal(&got->kinds, &made->kinds, sizeof made->kinds);
        assert_memory_equal(got->names, made->names, ((size_t)made->name_mask + 1) / 8);
        assert_int_equal(got->is_ascii, i < 2);
        codedb_memory_release(&allocator, got);
        codedb_memory_release(&allocator, made);
        codedb_buffer_free(&form);
    }
}

static void nothing_is_believed_that_was_changed(void **state)
{
    (void)state;
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_buffer form;
    codedb_summary *made = summarize("def f(a): return a\n", &form);
    codedb_slice other = {hash_text, sizeof hash_text - 2}, none = {"", 0};
    for (size_t length = 0; length < form.length; length++)
        assert_null(read_form(&form, length, hash, 314));
    for (size_t bit = 0; bit < 8 * form.length; bit++) {
        form.data[bit / 8] = (char)(form.data[bit / 8] ^ 1 << bit % 8);
        assert_null(read_form(&form, form.length, hash, 314));
        form.data[bit / 8] = (char)(form.data[bit / 8] ^ 1 << bit % 8);
    }
    assert_null(read_form(&form, form.length, other, 314));
    assert_null(read_form(&form, form.length, none, 314));
    assert_null(read_form(&form, form.length, hash, 313));
    assert_null(codedb_summary_read(&allocator, (codedb_slice){form.data, form.length}, hash, 314, codedb_summary_form() + 1));
    codedb_memory_release(&allocator, made);
    codedb_buffer_free(&form);
}

static void no_memory_is_no_summary(void **state)
{
    (void)state;
    codedb_buffer form;
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_summary *made = summarize("x\n", &form);
    support_failing failing;
    support_failing_start(&failing, 0);
    assert_null(
        codedb_summary_read(&failing.allocator, (codedb_slice){form.data, form.length}, hash, 314, codedb_summary_form()));
    assert_int_equal(failing.live, 0);
    codedb_memory_release(&allocator, made);
    codedb_buffer_free(&form);
}

/* ---- In a database ------------------------------------------------------------------------------------------------ */

static void execute(codedb *db, const char *sql)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    assert_success(codedb_sql_execute(db, sql, NULL, 0, NULL, NULL, &result), result);
}

static int64_t count(codedb *db, const char *sql)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_rows *rows = NULL;
    assert_success(codedb_sql_execute(db, sql, NULL, 0, &rows, NULL, &result), result);
    int64_t number = rows->values[0].as.integer;
    codedb_free(rows);
    return number;
}

static int count_nodes(void *context, const codedb_query_file *file)
{
    *(size_t *)context += file->nodes != NULL ? file->nodes->count : 0;
    return 0;
}

/* The nodes that are found, and how many files were left out: in a database that was just opened, by a selector that asks for kinds only. */
static size_t ask(codedb *db, const char *selector, int version, uint64_t *skipped)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    codedb_query_report report = CODEDB_INIT(codedb_query_report);
    size_t found = 0;
    filter.selector = selector;
    options.target_version = version;
    options.no_cache = 1;
    assert_success(codedb_query_project(db, &filter, &options, count_nodes, &found, &report, &result), result);
    *skipped = report.files_skipped;
    return found;
}

static codedb *open_corpus(const char *path)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb *db = NULL;
    assert_success(support_open(path, &db, &result), result);
    assert_success(codedb_index_run(db, CORPUS, NULL, NULL, &result), result);
    return db;
}

static void the_first_query_leaves_files_out(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    char path[4200];
    uint64_t skipped;
    snprintf(path, sizeof path, "%s", files_path(scratch, "code.db"));
    codedb *db = open_corpus(path);
    assert_int_equal(count(db, "SELECT count(*) FROM codedb_summaries s JOIN cst_trees t USING (file_id, cst_hash)"),
                     count(db, "SELECT count(*) FROM cst_trees WHERE file_id NOT IN (SELECT file_id FROM issues)"));
    codedb_close(db);
    assert_success(support_open(path, &db, &result), result);
    assert_true(ask(db, "Match > MatchCase", 0, &skipped) > 0);
    assert_true(skipped > 60);
    assert_true(ask(db, "Match > MatchCase", 314, &skipped) > 0);
    assert_true(skipped > 60);
    ask(db, "Match > MatchCase", 312, &skipped); /* another grammar: nothing is known */
    assert_int_equal(skipped, 0);
    codedb_close(db);
}

static void rows_that_are_wrong_leave_nothing_out(void **state)
{
    (void)state;
    static const char *const damages[] = {
        "UPDATE codedb_summaries SET summary = 'text'",
        "UPDATE codedb_summaries SET summary = x''",
        "UPDATE codedb_summaries SET summary = zeroblob(length(summary))",
        "UPDATE codedb_summaries SET summary = substr(summary, 1, length(summary) - 8)",
        "UPDATE codedb_summaries SET summary = (SELECT summary FROM codedb_summaries LIMIT 1)",
        "UPDATE codedb_summaries SET cst_hash = 'other'",
        "UPDATE codedb_summaries SET cst_hash = (SELECT cst_hash FROM codedb_summaries LIMIT 1)",
        "DELETE FROM codedb_summaries",
        "DROP TABLE codedb_summaries",
        "CREATE TABLE codedb_summaries (other)"};
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        uint64_t skipped;
        codedb *db = open_corpus(":memory:");
        size_t expected = ask(db, "Match > MatchCase", 0, &skipped);
        if (i == sizeof damages / sizeof *damages - 1)
            execute(db, "DROP TABLE codedb_summaries");
        execute(db, damages[i]);
        assert_int_equal(ask(db, "Match > MatchCase", 0, &skipped), expected);
        assert_true(skipped <= 1);
        codedb_close(db);
    }
}

static void a_summary_goes_with_its_source(void **state)
{
    (void)state;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb *db = open_corpus(":memory:");
    uint64_t skipped;
    int64_t rows = count(db, "SELECT count(*) FROM codedb_summaries");
    int64_t file = count(db, "SELECT min(file_id) FROM codedb_summaries");
    assert_success(codedb_cst_save(db, file, "while x: pass\nelse: pass\n", 25, NULL, &result), result);
    assert_int_equal(count(db, "SELECT count(*) FROM codedb_summaries s JOIN cst_trees t USING (file_id, cst_hash)"), rows);
    size_t expected = ask(db, "While > Else", 0, &skipped);
    assert_true(expected > 0);
    execute(db, "UPDATE cst_trees SET cst_code = 'while x: pass\nelse: pass\n', cst_hash = 'other' WHERE id = "
                "(SELECT max(id) FROM cst_trees WHERE file_id IN (SELECT file_id FROM codedb_summaries))");
    assert_true(ask(db, "While > Else", 0, &skipped) > expected - 1);
    codedb_file_delete(db, file, &result);
    assert_int_equal(count(db, "SELECT count(*) FROM codedb_summaries"), rows - 1);
    codedb_close(db);
    codedb_result_clear(&result);
}

static void a_summary_is_kept_for_the_next_query(void **state)
{
    (void)state;
    codedb *db = open_corpus(":memory:");
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_cache_figures figures = CODEDB_INIT(codedb_cache_figures);
    size_t found = 0;
    filter.selector = "Match > MatchCase";
    assert_success(codedb_query_project(db, &filter, NULL, count_nodes, &found, NULL, &result), result);
    assert_success(codedb_cache_figures_get(db, &figures, &result), result);
    assert_true(figures.summaries > figures.trees + 60);
    execute(db, "DELETE FROM codedb_summaries");
    codedb_query_report report = CODEDB_INIT(codedb_query_report);
    assert_success(codedb_query_project(db, &filter, NULL, count_nodes, &found, &report, &result), result);
    assert_true(report.files_skipped > 60);
    codedb_close(db);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, files_setup, files_teardown)
    const struct CMUnitTest forms[] = {
        cmocka_unit_test(a_summary_is_read_as_it_was_written),
        cmocka_unit_test(nothing_is_believed_that_was_changed),
        cmocka_unit_test(no_memory_is_no_summary),
    };
    const struct CMUnitTest stored[] = {
        IN_FOLDER(the_first_query_leaves_files_out),
        cmocka_unit_test(rows_that_are_wrong_leave_nothing_out),
        cmocka_unit_test(a_summary_goes_with_its_source),
        cmocka_unit_test(a_summary_is_kept_for_the_next_query),
    };
    return cmocka_run_group_tests_name("summary", forms, NULL, NULL) + support_run_both("summary, stored", stored);
}
