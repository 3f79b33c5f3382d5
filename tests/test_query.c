/* test_query.c -- accuses codedb_query.c, codedb_tree_cache.c and codedb_summary.c: one selector over many stored files, whose answer
 * depends neither on threads, nor on what is kept, nor on what is left out. */
#include "support.h"

#include "files.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#define CORPUS "tests/corpus"

/* Several databases may hold the corpus; most tests only read it. */
typedef struct fixture {
    codedb *db;
    codedb_result result;
} fixture;

static codedb *open_with(const char *path, size_t cache_size)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    char config[4400];
    codedb *db = NULL;
    options.tree_cache_size = cache_size;
    snprintf(config, sizeof config, "{\"type\": \"%s\", \"config\": {\"path\": \"%s\"}}",
             support_in_process ? "sqlite_proxy" : "sqlite", path);
    assert_success(codedb_open(config, &options, &db, &result), result);
    return db;
}

static char *index_folder(codedb *db, const char *folder)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_index_report *report = NULL;
    assert_success(codedb_index_run(db, folder, NULL, &report, &result), result);
    char *project = strdup(report->project_id);
    codedb_free(report);
    return project;
}

static int open_corpus(void **state)
{
    fixture *made = calloc(1, sizeof *made);
    made->result = (codedb_result)CODEDB_INIT(codedb_result);
    made->db = open_with(":memory:", 0);
    free(index_folder(made->db, CORPUS));
    *state = made;
    return 0;
}

static int close_corpus(void **state)
{
    fixture *made = *state;
    codedb_close(made->db);
    codedb_result_clear(&made->result);
    free(made);
    return 0;
}

static void execute(codedb *db, const char *sql)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    assert_success(codedb_sql_execute(db, sql, NULL, 0, NULL, NULL, &result), result);
}

/* ---- Answers as text ---------------------------------------------------------------------------------------------- */

/* What a query said, a line a node; and what is to happen meanwhile. */
typedef struct answer {
    char *text;
    size_t length;
    FILE *out;
    size_t files;
    size_t errors;
    size_t stop_after; /* files; 0: never */
    bool tell_errors;
    codedb_cancellation *cancel;
    codedb_query_report report;
} answer;

static int take(void *context, const codedb_query_file *file)
{
    answer *made = context;
    made->files++;
    made->errors += file->error != NULL;
    if (made->tell_errors && file->error != NULL)
        fprintf(made->out, "%s\n", file->error->description);
    for (size_t i = 0; file->nodes != NULL && i < file->nodes->count; i++) {
        const codedb_node_info *node = file->nodes->items[i];
        fprintf(made->out, "%s %s %s %s %u\n", file->path, node->node_id, node->type,
                node->qualname != NULL ? node->qualname : "", node->start_line);
    }
    if (made->cancel != NULL)
        codedb_cancellation_request(made->cancel);
    return made->stop_after > 0 && made->files >= made->stop_after;
}

static codedb_code run(codedb *db, const char *selector, codedb_dialect dialect, const codedb_query_options *options,
                       answer *made, codedb_result *result)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    filter.selector = selector;
    filter.dialect = dialect;
    made->text = NULL;
    made->out = open_memstream(&made->text, &made->length);
    assert_non_null(made->out);
    made->report = (codedb_query_report)CODEDB_INIT(codedb_query_report);
    codedb_code code = codedb_query_project(db, &filter, options, take, made, &made->report, result);
    fclose(made->out);
    return code;
}

/* The answer as text, to be freed. */
static char *ask(codedb *db, const char *selector, codedb_dialect dialect, const codedb_query_options *options)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    answer made = {0};
    assert_success(run(db, selector, dialect, options, &made, &result), result);
    return made.text;
}

static codedb_query_options plain(void)
{
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    options.no_skip = 1;
    options.no_cache = 1;
    options.threads = 1;
    return options;
}

/* A database that has read the corpus' texts, and parsed none of them, whenever somebody asks. */
static size_t check_every_way(codedb *db, const char *selector, codedb_dialect dialect);
static void words_of_texts_leave_nothing_out(void **state)
{
    (void)state;
    static const char *const asked[] = {"Name[name=\"a\"]",    "[name=\"None\"]",          "ImportFrom[module=\"a.b\"]",
                                        "def[name=\"f\"]",     "class[name=\"A\"] method", "[qualname=\"A.f\"]",
                                        "[name=\"\xC3\xA4\"]", ":decorated(\"a\")"};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        codedb *db = open_with(":memory:", 0);
        free(index_folder(db, CORPUS));
        free(ask(db, "Name[name=\"surely_nowhere\"]", CODEDB_DIALECT_DEFAULT, NULL));
        codedb_cache_figures figures = CODEDB_INIT(codedb_cache_figures);
        assert_int_equal(codedb_cache_figures_get(db, &figures, NULL), CODEDB_SUCCESS);
        assert_int_equal(figures.trees, 0);
        assert_true(figures.summaries > 80);
        check_every_way(db, asked[i], CODEDB_DIALECT_DEFAULT);
        codedb_close(db);
    }
}

/* The answer must be the same with everything switched off, with hints from the text, from the summaries, and from kept trees. */
static size_t check_every_way(codedb *db, const char *selector, codedb_dialect dialect)
{
    codedb_query_options slow = plain();
    codedb_query_options text = CODEDB_INIT(codedb_query_options);
    text.no_cache = 1;
    char *expected = ask(db, selector, dialect, &slow);
    for (int way = 0; way < 3; way++) {
        char *got = ask(db, selector, dialect, way == 0 ? &text : NULL);
        if (strcmp(got, expected) != 0)
            fail_msg("%s (way %d)\nexpected:\n%.2000s\ngot:\n%.2000s", selector, way, expected, got);
        free(got);
    }
    size_t length = strlen(expected);
    free(expected);
    return length;
}

/* ---- Nothing is left out that would have been found --------------------------------------------------------------- */

static const char *const selectors[] = {
    "*",
    "node",
    "module",
    "class",
    "function",
    "method",
    "def",
    "statement",
    "expression",
    "decorator",
    "import",
    "smallstmt",
    "stmt",
    "function[name=\"f\"]",
    "method[name=\"f\"]",
    "class method",
    "class > method",
    "class > function[name=\"f\"]",
    "class function",
    "class:has(> function[name=\"f\"])",
    "class:not(:has(method))",
    "function:not([name=\"f\"])",
    "*:not(Name)",
    "Call[.func=\"f\"]",
    "Call[func=\"f\"], Attribute[attr.value=\"b\"]",
    "Name[name=\"a\"]",
    "Name[name^=\"a\"]",
    "Name[name$=\"z\"]",
    "Name[name*=\"x\"]",
    "Name[name=\"A\" i]",
    "Name[name=/^a/]",
    "[name=\"a.b\"]",
    "[name=\"a.b.c\"]",
    "ImportFrom[module=\"a\"]",
    "ImportFrom[module=\"a.b\"]",
    "import[module^=\"a\"]",
    "ImportAlias[name=\"a.b\"]",
    "[qualname=\"C.f\"]",
    "[qualname^=\"C\"]",
    "[fqn=\"f.<locals>.g\"]",
    "[docstring*=\"doc\"]",
    "[code*=\"return\"]",
    "SimpleString[value=\"'a'\"]",
    "FormattedStringText[value*=\"a\"]",
    "Integer[value=\"1\"]",
    "Comment",
    "Comment[value*=\"comment\"]",
    "SimpleWhitespace",
    "Comma, Semicolon",
    "Module > Comment, TrailingWhitespace Comment",
    "If > Else > Return",
    "While > Else",
    "Match MatchCase",
    "Try, TryStar",
    "TypeAlias, TypeVar",
    ":decorated",
    ":decorated(\"a\")",
    ":decorated(\"d\")",
    ":decorated(\"property\")",
    ":decorated(\"a.b\")",
    ":async",
    ":generator",
    ":has-docstring",
    ":dunder",
    ":private",
    ":root",
    ":empty",
    "Name:inside(Lambda)",
    "Name:in-scope(class)",
    "Return:follows(If)",
    "Name:precedes(Import)",
    "(class, function)[name=\"f\"]",
    ":is(While, For) Break",
    "Name:nth-child(2 of Name)",
    "function:first",
    "function:last Return:first",
    "class[1]",
    "*:nth(5)",
    "While[name=\"nowhere\"], Name[name=\"a\"]",
    "Name[name=\"surely_nowhere\"]",
    "Name[name*=\"surely_nowhere\"]",
    "class[name=\"surely_nowhere\"] method",
    "method:has(Name[name=\"surely_nowhere\"])",
    "Param[name=\"self\"]",
    "[returns.annotation=\"int\"]",
    "[asynchronous]",
    "[name=\"\xC3\xA4\"]",
    "[name=\"None\"]",
    "function @f Return @r",
};

static const char *const reference_selectors[] = {
    "*",
    "node",
    "function[name=f]",
    "method[name=\"f\"]",
    "class method",
    "class > method",
    "class function",
    "function:not([name=f])",
    "function:not(class[name=\"surely_nowhere\"])",
    "[name=a]",
    "[name~=a]",
    "[name^=\"\"]",
    "[name=surely_nowhere]",
    "[module=a.b]",
    "[module=\"\"]",
    "[qualname=C.f]",
    "[start_line=2]",
    "Return:first",
    "function[name=\"f\"] smallstmt[type=\"Return\"]:first",
    "SimpleWhitespace",
    "Comment",
    "NoSuchType",
    "[nosuchattribute=a]",
    "Def:*",
    "Function:*",
    "[name=\"\\x66\"]",
};

static void the_answer_is_the_same_with_and_without_skipping(void **state)
{
    fixture *f = *state;
    size_t found = 0;
    for (size_t i = 0; i < sizeof selectors / sizeof *selectors; i++)
        found += check_every_way(f->db, selectors[i], CODEDB_DIALECT_DEFAULT) > 0;
    for (size_t i = 0; i < sizeof reference_selectors / sizeof *reference_selectors; i++)
        found += check_every_way(f->db, reference_selectors[i], CODEDB_DIALECT_REFERENCE) > 0;
    assert_true(found > 60); /* most of the list does find something */
}

/* Each of LibCST's classes, as a step, below a class, and inside arguments. */
static void every_type_is_found_where_it_is(void **state)
{
    fixture *f = *state;
    static const char *const shapes[] = {"%s", "*:has(> %s)", "Module:has(%s):not(:has(Comment))"};
    for (uint32_t type = 0; codedb_node_type_name(type) != NULL; type++)
        for (size_t shape = 0; shape < sizeof shapes / sizeof *shapes; shape++) {
            char selector[200];
            snprintf(selector, sizeof selector, shapes[shape], codedb_node_type_name(type)); /* NOLINT: the shapes are constant */
            check_every_way(f->db, selector, CODEDB_DIALECT_DEFAULT);
        }
}

/* Names that are there, and names that differ from them a little. */
static void every_name_is_found_where_it_is(void **state)
{
    fixture *f = *state;
    static const char *const shapes[] = {"Name[name=\"%s\"]", "[name=\"%s\"]",      "Name[name^=\"%s\"]",
                                         "[code$=\"%s\"]",    "Name[name=\"%s_\"]", "[qualname=\"%s\"]"};
    codedb_rows *rows = NULL;
    assert_success(codedb_sql_execute(f->db,
                                      "SELECT name FROM functions UNION SELECT name FROM classes UNION SELECT name FROM imports "
                                      "UNION SELECT module FROM imports WHERE module IS NOT NULL ORDER BY 1 LIMIT 60",
                                      NULL, 0, &rows, NULL, &f->result),
                   f->result);
    assert_true(rows->row_count > 20);
    for (size_t row = 0; row < rows->row_count; row++)
        for (size_t shape = 0; shape < sizeof shapes / sizeof *shapes; shape++) {
            char selector[400];
            snprintf(selector, sizeof selector, shapes[shape], rows->values[row].as.text); /* NOLINT */
            check_every_way(f->db, selector, CODEDB_DIALECT_DEFAULT);
        }
    codedb_free(rows);
}

static void filters_are_part_of_what_is_asked(void **state)
{
    fixture *f = *state;
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_query_options slow = plain();
    static const char *const names[] = {"f", "surely_nowhere", NULL};
    for (int i = 0; i < 3; i++)
        for (int way = 0; way < 2; way++) {
            char *text[2];
            filter.selector = "function";
            filter.name = way == 0 ? names[i] : NULL;
            filter.qualname = way == 1 ? names[i] : NULL;
            for (int skip = 0; skip < 2; skip++) {
                answer made = {0};
                made.out = open_memstream(&made.text, &made.length);
                assert_success(codedb_query_project(f->db, &filter, skip ? NULL : &slow, take, &made, NULL, &f->result),
                               f->result);
                fclose(made.out);
                text[skip] = made.text;
            }
            assert_string_equal(text[0], text[1]);
            free(text[0]);
            free(text[1]);
        }
}

/* Rows of classes, functions and imports that are missing, or say what is not so, are not believed. */
static void stale_rows_change_no_answer(void **state)
{
    (void)state;
    codedb *db = open_with(":memory:", 0);
    free(index_folder(db, CORPUS));
    char *before[3];
    static const char *const asked[] = {"class[name=\"A\"]", "function[name=\"f\"]", "import"};
    for (int i = 0; i < 3; i++)
        before[i] = ask(db, asked[i], CODEDB_DIALECT_DEFAULT, NULL);
    execute(db, "DELETE FROM functions");
    execute(db, "DELETE FROM imports");
    execute(db, "UPDATE classes SET name = 'renamed' || id");
    for (int i = 0; i < 3; i++) {
        codedb_query_options options = CODEDB_INIT(codedb_query_options);
        options.no_cache = 1;
        char *after = ask(db, asked[i], CODEDB_DIALECT_DEFAULT, &options);
        assert_string_equal(after, before[i]);
        assert_true(strlen(after) > 0);
        free(after);
        free(before[i]);
    }
    codedb_close(db);
}

static void files_that_cannot_match_are_left_out(void **state)
{
    (void)state;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb *db = open_with(":memory:", 0);
    free(index_folder(db, CORPUS));
    answer made = {0};
    assert_success(run(db, "Name[name=\"surely_nowhere\"]", CODEDB_DIALECT_DEFAULT, NULL, &made, &result), result);
    assert_int_equal(made.report.files_skipped, made.report.files);
    assert_int_equal(made.errors, 0); /* a file that is not looked at has none */
    free(made.text);
    free(ask(db, "*", CODEDB_DIALECT_DEFAULT, NULL));
    assert_success(run(db, "Match > MatchCase", CODEDB_DIALECT_DEFAULT, NULL, &made, &result), result);
    assert_true(made.report.files_skipped > made.report.files / 2);
    assert_int_equal(made.report.trees_parsed, 0);
    assert_true(made.report.trees_kept > 0);
    assert_int_equal(made.report.files_skipped + made.report.trees_kept + made.report.files_failed, made.report.files);
    free(made.text);
    codedb_close(db);
}

/* ---- Projects, order, limits -------------------------------------------------------------------------------------- */

static void write_project(files_scratch *scratch, const char *folder, size_t count)
{
    char name[64];
    char text[256];
    files_folder(scratch, folder);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s/m%03zu.py", folder, i);
        snprintf(text, sizeof text, "def f%zu():\n    return %zu\n\nclass C%zu:\n    def g(self): pass\n", i, i, i % 7);
        files_write(scratch, name, text);
    }
}

static void projects_are_asked_alone_or_together(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    write_project(scratch, "a", 3);
    write_project(scratch, "b", 4);
    write_project(scratch, "c", 5);
    codedb *db = open_with(files_path(scratch, "code.db"), 0);
    char *ids[3];
    static const char *const folders[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++)
        ids[i] = index_folder(db, files_path(scratch, folders[i]));
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    const char *both[] = {ids[2], ids[0]};
    answer made = {0};
    options.project_ids = both;
    options.project_count = 2;
    assert_success(run(db, "class", CODEDB_DIALECT_DEFAULT, &options, &made, &result), result);
    assert_int_equal(made.report.files, 8);
    assert_int_equal(made.report.nodes, 8);
    assert_true(strstr(made.text, "/a/m000.py") < strstr(made.text, "/c/m000.py")); /* by path, not as they were given */
    assert_null(strstr(made.text, "/b/"));
    free(made.text);
    made = (answer){0};
    assert_success(run(db, "class", CODEDB_DIALECT_DEFAULT, NULL, &made, &result), result);
    assert_int_equal(made.report.files, 12);
    free(made.text);
    const char *unknown = "no-such-project";
    options.project_ids = &unknown;
    options.project_count = 1;
    made = (answer){0};
    assert_code(run(db, "class", CODEDB_DIALECT_DEFAULT, &options, &made, &result), CODEDB_NOT_FOUND, result);
    assert_contains(result.description, "no-such-project");
    free(made.text);
    for (int i = 0; i < 3; i++)
        free(ids[i]);
    codedb_close(db);
}

static void the_order_is_that_of_paths_for_any_number_of_threads(void **state)
{
    files_scratch *scratch = *state;
    write_project(scratch, "p", 300);
    codedb *db = open_with(":memory:", 0);
    free(index_folder(db, files_path(scratch, "p")));
    codedb_query_options options = plain();
    char *expected = ask(db, "def", CODEDB_DIALECT_DEFAULT, &options);
    assert_true(strstr(expected, "m000.py") < strstr(expected, "m299.py"));
    for (int threads = 2; threads <= 8; threads += 3) {
        options.threads = threads;
        options.no_cache = 0;
        char *got = ask(db, "def", CODEDB_DIALECT_DEFAULT, &options);
        assert_string_equal(got, expected);
        free(got);
    }
    free(expected);
    codedb_close(db);
}

static void a_limit_is_that_of_the_whole(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    write_project(scratch, "p", 100);
    codedb *db = open_with(":memory:", 0);
    free(index_folder(db, files_path(scratch, "p")));
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    answer made = {0};
    options.limit = 5;
    assert_success(run(db, "def", CODEDB_DIALECT_DEFAULT, &options, &made, &result), result);
    assert_int_equal(made.report.nodes, 5);
    assert_int_equal(made.report.is_cut, 1);
    assert_int_equal(made.files, 3);
    free(made.text);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_query_report report = CODEDB_INIT(codedb_query_report);
    filter.selector = "def";
    filter.limit = 1; /* of each file */
    made = (answer){0};
    made.out = open_memstream(&made.text, &made.length);
    assert_success(codedb_query_project(db, &filter, NULL, take, &made, &report, &result), result);
    fclose(made.out);
    free(made.text);
    assert_int_equal(report.nodes, 100);
    assert_int_equal(report.is_cut, 0);
    codedb_close(db);
}

static void deleted_files_are_not_asked(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    write_project(scratch, "p", 10);
    codedb *db = open_with(":memory:", 0);
    free(index_folder(db, files_path(scratch, "p")));
    execute(db, "UPDATE files SET deleted = 1 WHERE relative_path = 'm003.py'");
    execute(db, "UPDATE files SET deleted = NULL WHERE relative_path = 'm004.py'");
    answer made = {0};
    assert_success(run(db, "class", CODEDB_DIALECT_DEFAULT, NULL, &made, &result), result);
    assert_int_equal(made.report.files, 9);
    free(made.text);
    codedb_close(db);
}

/* ---- Errors, cancel, time ----------------------------------------------------------------------------------------- */

static void a_bad_file_is_told_and_ends_nothing(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    write_project(scratch, "p", 40);
    files_write(scratch, "p/m017.py", "def broken(:\n");
    files_write(scratch, "p/m031.py", "class C:\n  x = (\n");
    codedb *db = open_with(":memory:", 0);
    free(index_folder(db, files_path(scratch, "p")));
    answer made = {.tell_errors = true};
    assert_success(run(db, "class", CODEDB_DIALECT_DEFAULT, NULL, &made, &result), result);
    assert_int_equal(made.errors, 2);
    assert_int_equal(made.report.files_failed, 2);
    assert_int_equal(made.report.nodes, 38);
    assert_contains(made.text, "m017.py:1:");
    free(made.text);
    codedb_close(db);
}

static void a_bad_selector_asks_nothing(void **state)
{
    fixture *f = *state;
    answer made = {0};
    assert_code(run(f->db, "class[", CODEDB_DIALECT_DEFAULT, NULL, &made, &f->result), CODEDB_SELECTOR_ERROR, f->result);
    assert_int_equal(made.files, 0);
    assert_int_equal(made.report.files, 0);
    free(made.text);
    assert_code(run(f->db, NULL, CODEDB_DIALECT_DEFAULT, NULL, &made, &f->result), CODEDB_INVALID_REQUEST, f->result);
    free(made.text);
}

/* Refused, with the field, what it is and what is allowed. */
static void check_options(fixture *f, int threads, double timeout, const char *words)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    answer made = {0};
    filter.selector = "*";
    options.threads = threads;
    options.timeout = timeout;
    assert_code(codedb_query_project(f->db, &filter, &options, take, &made, NULL, &f->result), CODEDB_INVALID_REQUEST, f->result);
    assert_contains(f->result.description, words);
    free(made.text);
}

static void options_out_of_their_range_are_told(void **state)
{
    check_options(*state, -1, 0, "codedb_query_options.threads is -1, expected 1 to 64, or 0");
    check_options(*state, 65, 0, "codedb_query_options.threads is 65, expected 1 to 64, or 0");
    check_options(*state, 0, -0.5, "codedb_query_options.timeout is -0.5, expected seconds, or 0");
}

static void calls_that_make_no_sense_are_refused(void **state)
{
    fixture *f = *state;
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    codedb_query_report report = {0};
    codedb_cache_figures figures = {0};
    const char *none = NULL;
    answer made = {0};
    filter.selector = "*";
    assert_code(codedb_query_project(NULL, &filter, NULL, take, &made, NULL, &f->result), CODEDB_INVALID_REQUEST, f->result);
    assert_code(codedb_query_project(f->db, NULL, NULL, take, &made, NULL, &f->result), CODEDB_INVALID_REQUEST, f->result);
    assert_code(codedb_query_project(f->db, &filter, NULL, NULL, &made, NULL, &f->result), CODEDB_INVALID_REQUEST, f->result);
    assert_code(codedb_query_project(f->db, &filter, NULL, take, &made, &report, &f->result), CODEDB_INVALID_REQUEST, f->result);
    options.struct_size = 0;
    assert_code(codedb_query_project(f->db, &filter, &options, take, &made, NULL, &f->result), CODEDB_INVALID_REQUEST, f->result);
    options.struct_size = sizeof options;
    options.project_ids = &none;
    options.project_count = 1;
    assert_code(codedb_query_project(f->db, &filter, &options, take, &made, NULL, &f->result), CODEDB_INVALID_REQUEST, f->result);
    assert_code(codedb_cache_figures_get(f->db, &figures, &f->result), CODEDB_INVALID_REQUEST, f->result);
    assert_code(codedb_cache_figures_get(NULL, &figures, &f->result), CODEDB_INVALID_REQUEST, f->result);
    assert_code(codedb_cancellation_create(NULL, NULL, &f->result), CODEDB_INVALID_REQUEST, f->result);
    codedb_cancellation_request(NULL);
}

static void a_compiled_selector_is_taken(void **state)
{
    fixture *f = *state;
    codedb_selector *selector = NULL;
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_query_report report = CODEDB_INIT(codedb_query_report);
    answer made = {0};
    assert_success(codedb_selector_compile("class", NULL, &selector, &f->result), f->result);
    filter.compiled = selector;
    made.out = open_memstream(&made.text, &made.length);
    assert_success(codedb_query_project(f->db, &filter, NULL, take, &made, &report, &f->result), f->result);
    fclose(made.out);
    assert_true(report.nodes > 0);
    free(made.text);
    codedb_selector_free(selector);
}

static void the_callback_stops_a_query(void **state)
{
    fixture *f = *state;
    answer made = {.stop_after = 2};
    assert_code(run(f->db, "*", CODEDB_DIALECT_DEFAULT, NULL, &made, &f->result), CODEDB_CANCELLED, f->result);
    assert_int_equal(made.files, 2);
    free(made.text);
}

static void a_cancellation_stops_a_query(void **state)
{
    fixture *f = *state;
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    codedb_cancellation *cancel = NULL;
    assert_success(codedb_cancellation_create(NULL, &cancel, &f->result), f->result);
    options.cancellation = cancel;
    answer made = {.cancel = cancel};
    assert_code(run(f->db, "*", CODEDB_DIALECT_DEFAULT, &options, &made, &f->result), CODEDB_CANCELLED, f->result);
    assert_int_equal(made.files, 1);
    free(made.text);
    /* it stays so */
    made = (answer){0};
    assert_code(run(f->db, "*", CODEDB_DIALECT_DEFAULT, &options, &made, &f->result), CODEDB_CANCELLED, f->result);
    assert_int_equal(made.files, 0);
    free(made.text);
    codedb_free(cancel);
}

/* Goes on with the cancelling thread only when the query has begun. */
typedef struct cancelling {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool begun;
    bool requested;
    codedb_cancellation *cancel;
} cancelling;

static void *request_when_begun(void *context)
{
    cancelling *both = context;
    pthread_mutex_lock(&both->lock);
    while (!both->begun)
        pthread_cond_wait(&both->changed, &both->lock);
    codedb_cancellation_request(both->cancel);
    both->requested = true;
    pthread_cond_signal(&both->changed);
    pthread_mutex_unlock(&both->lock);
    return NULL;
}

static int wait_for_request(void *context, const codedb_query_file *file)
{
    cancelling *both = context;
    (void)file;
    pthread_mutex_lock(&both->lock);
    both->begun = true;
    pthread_cond_signal(&both->changed);
    while (!both->requested)
        pthread_cond_wait(&both->changed, &both->lock);
    pthread_mutex_unlock(&both->lock);
    return 0;
}

static void another_thread_cancels_a_query(void **state)
{
    fixture *f = *state;
    cancelling both = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_query_report report = CODEDB_INIT(codedb_query_report);
    pthread_t thread;
    filter.selector = "*";
    assert_success(codedb_cancellation_create(NULL, &both.cancel, &f->result), f->result);
    options.cancellation = both.cancel;
    assert_int_equal(pthread_create(&thread, NULL, request_when_begun, &both), 0);
    assert_code(codedb_query_project(f->db, &filter, &options, wait_for_request, &both, &report, &f->result), CODEDB_CANCELLED,
                f->result);
    assert_int_equal(report.files_found, 1);
    pthread_join(thread, NULL);
    codedb_free(both.cancel);
}

static void a_query_ends_when_its_time_is_over(void **state)
{
    fixture *f = *state;
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    answer made = {0};
    options.timeout = 1e-9;
    assert_code(run(f->db, "*", CODEDB_DIALECT_DEFAULT, &options, &made, &f->result), CODEDB_TIMEOUT, f->result);
    free(made.text);
    options.timeout = 1000;
    made = (answer){0};
    assert_success(run(f->db, "class", CODEDB_DIALECT_DEFAULT, &options, &made, &f->result), f->result);
    free(made.text);
}

/* A host that takes its time: until more has passed than the query has. */
typedef struct slow_host {
    double seconds;
    size_t files;
} slow_host;

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int outlast(void *context, const codedb_query_file *file)
{
    slow_host *host = context;
    double until = seconds_now() + host->seconds;
    assert_non_null(file->nodes);
    host->files++;
    while (seconds_now() <= until)
        sched_yield();
    return 0;
}

/* Two files are one part: both are found before the first is given to the host, so that nothing but their delivery is left. */
static void the_time_of_a_query_covers_the_host(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    codedb_query_report report = CODEDB_INIT(codedb_query_report);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    slow_host host = {.seconds = 1};
    write_project(scratch, "p", 2);
    codedb *db = open_with(":memory:", 0);
    free(index_folder(db, files_path(scratch, "p")));
    filter.selector = "Module";
    options.timeout = host.seconds;
    assert_code(codedb_query_project(db, &filter, &options, outlast, &host, &report, &result), CODEDB_TIMEOUT, result);
    assert_contains(result.description, "within 1 seconds");
    assert_true(host.files <= 1); /* none, on a machine that was too slow for the first */
    assert_int_equal(report.files_found, host.files);
    assert_int_equal(report.nodes, host.files);
    codedb_close(db);
    codedb_result_clear(&result);
}

static void a_query_is_part_of_its_transaction(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    write_project(scratch, "p", 40);
    codedb *db = open_with(":memory:", 0);
    codedb *transaction = NULL;
    free(index_folder(db, files_path(scratch, "p")));
    assert_success(codedb_transaction_begin(db, &transaction, &result), result);
    assert_success(codedb_cst_save(transaction, 1, "class Fresh: pass\n", 18, NULL, &result), result);
    char *text = ask(transaction, "class[name=\"Fresh\"]", CODEDB_DIALECT_DEFAULT, NULL);
    assert_contains(text, "Fresh");
    free(text);
    assert_success(codedb_transaction_rollback(transaction, &result), result);
    codedb_close(transaction);
    text = ask(db, "class[name=\"Fresh\"]", CODEDB_DIALECT_DEFAULT, NULL);
    assert_string_equal(text, "");
    free(text);
    codedb_close(db);
}

/* ---- Kept trees --------------------------------------------------------------------------------------------------- */

static codedb_cache_figures figures_of(codedb *db)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_cache_figures figures = CODEDB_INIT(codedb_cache_figures);
    assert_success(codedb_cache_figures_get(db, &figures, &result), result);
    return figures;
}

static void trees_are_kept_for_the_next_query(void **state)
{
    files_scratch *scratch = *state;
    write_project(scratch, "p", 50);
    codedb *db = open_with(":memory:", 0);
    assert_int_equal(figures_of(db).bytes, 0);
    assert_int_equal(figures_of(db).limit, 256 << 20);
    free(index_folder(db, files_path(scratch, "p")));
    free(ask(db, "class", CODEDB_DIALECT_DEFAULT, NULL));
    codedb_cache_figures first = figures_of(db);
    assert_int_equal(first.trees, 50);
    assert_int_equal(first.misses, 50);
    assert_int_equal(first.hits, 0);
    assert_true(first.bytes > 0);
    free(ask(db, "function", CODEDB_DIALECT_DEFAULT, NULL));
    codedb_cache_figures second = figures_of(db);
    assert_int_equal(second.hits, 50);
    assert_int_equal(second.misses, 50);
    assert_int_equal(second.bytes, first.bytes);
    /* a view asks the same database */
    codedb_request_options request = CODEDB_INIT(codedb_request_options);
    codedb *view = NULL;
    assert_int_equal(codedb_with(db, &request, &view, NULL), CODEDB_SUCCESS);
    free(ask(view, "Return", CODEDB_DIALECT_DEFAULT, NULL));
    assert_int_equal(figures_of(view).hits, 100);
    codedb_close(db);
    codedb_close(view); /* the last one frees the trees */
}

static void a_changed_file_is_asked_as_it_is_now(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    write_project(scratch, "p", 20);
    codedb *db = open_with(":memory:", 0);
    free(index_folder(db, files_path(scratch, "p")));
    free(ask(db, "class", CODEDB_DIALECT_DEFAULT, NULL));
    assert_success(codedb_cst_save(db, 7, "class Changed: pass\n", 20, NULL, &result), result);
    char *text = ask(db, "class[name=\"Changed\"]", CODEDB_DIALECT_DEFAULT, NULL);
    assert_contains(text, "Changed");
    free(text);
    codedb_close(db);
}

/* A hash that is not the source's own keeps nothing: two rows with the same one, and other texts, are told apart. */
static void a_lying_hash_is_not_believed(void **state)
{
    files_scratch *scratch = *state;
    write_project(scratch, "p", 2);
    codedb *db = open_with(":memory:", 0);
    free(index_folder(db, files_path(scratch, "p")));
    execute(db, "UPDATE cst_trees SET cst_hash = 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'");
    char *first = ask(db, "def", CODEDB_DIALECT_DEFAULT, NULL);
    char *second = ask(db, "def", CODEDB_DIALECT_DEFAULT, NULL);
    assert_string_equal(first, second);
    assert_contains(first, "f0");
    assert_contains(first, "f1");
    assert_int_equal(figures_of(db).trees, 0);
    free(first);
    free(second);
    execute(db, "UPDATE cst_trees SET cst_hash = 'short'");
    free(ask(db, "def", CODEDB_DIALECT_DEFAULT, NULL));
    assert_int_equal(figures_of(db).trees, 0);
    codedb_close(db);
}

static void a_cache_never_outgrows_its_bytes(void **state)
{
    files_scratch *scratch = *state;
    write_project(scratch, "p", 200);
    codedb *db = open_with(":memory:", 60000);
    free(index_folder(db, files_path(scratch, "p")));
    codedb_query_options slow = plain();
    char *expected = ask(db, "def", CODEDB_DIALECT_DEFAULT, &slow);
    for (int round = 0; round < 5; round++) {
        char *got = ask(db, "def", CODEDB_DIALECT_DEFAULT, NULL);
        assert_string_equal(got, expected);
        free(got);
        codedb_cache_figures figures = figures_of(db);
        assert_true(figures.bytes <= 60000);
        assert_true(figures.trees > 0);
        assert_true(figures.trees < 200);
        if (round > 0)
            assert_true(figures.hits > 0); /* what was there at the beginning was not pushed out by the end */
    }
    free(expected);
    codedb_close(db);
}

static void another_project_takes_the_place_of_what_is_not_used(void **state)
{
    files_scratch *scratch = *state;
    write_project(scratch, "a", 40);
    write_project(scratch, "b", 40);
    codedb *db = open_with(":memory:", 60000);
    char *ids[2];
    ids[0] = index_folder(db, files_path(scratch, "a"));
    ids[1] = index_folder(db, files_path(scratch, "b"));
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    options.project_count = 1;
    for (int round = 0; round < 4; round++) {
        options.project_ids = (const char *const *)&ids[round % 2];
        options.target_version = round % 2 == 0 ? 312 : 313; /* of which each has trees of its own */
        free(ask(db, "def", CODEDB_DIALECT_DEFAULT, &options));
        assert_true(figures_of(db).bytes <= 60000);
    }
    assert_true(figures_of(db).evictions > 0);
    free(ids[0]);
    free(ids[1]);
    codedb_close(db);
}

static void a_database_may_keep_nothing(void **state)
{
    files_scratch *scratch = *state;
    write_project(scratch, "p", 5);
    codedb *db = open_with(":memory:", 1);
    free(index_folder(db, files_path(scratch, "p")));
    free(ask(db, "class", CODEDB_DIALECT_DEFAULT, NULL));
    free(ask(db, "class", CODEDB_DIALECT_DEFAULT, NULL));
    assert_int_equal(figures_of(db).trees, 0);
    assert_int_equal(figures_of(db).limit, 0);
    codedb_close(db);
}

/* ---- Threads and memory ------------------------------------------------------------------------------------------- */

typedef struct asking {
    codedb *db;
    const char *expected;
    int rounds;
    bool failed;
} asking;

static void *ask_again(void *context)
{
    asking *one = context;
    for (int round = 0; round < one->rounds && !one->failed; round++) {
        codedb_query_options options = CODEDB_INIT(codedb_query_options);
        answer made = {0};
        options.threads = 3;
        options.no_skip = round % 2;
        one->failed = run(one->db, "class > method", CODEDB_DIALECT_DEFAULT, &options, &made, NULL) != CODEDB_SUCCESS ||
                      strcmp(made.text, one->expected) != 0;
        free(made.text);
    }
    return NULL;
}

static void many_threads_ask_one_handle(void **state)
{
    files_scratch *scratch = *state;
    write_project(scratch, "p", 120);
    codedb *db = open_with(":memory:", 100000); /* too small: trees come and go */
    free(index_folder(db, files_path(scratch, "p")));
    codedb_query_options slow = plain();
    char *expected = ask(db, "class > method", CODEDB_DIALECT_DEFAULT, &slow);
    asking all[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        all[i] = (asking){db, expected, 10, false};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_again, &all[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_false(all[i].failed);
    }
    free(expected);
    codedb_close(db);
}

typedef struct saving {
    codedb *db;
    _Atomic bool *stop;
    bool failed;
} saving;

static void *save_again(void *context)
{
    saving *one = context;
    char text[64];
    for (int64_t round = 0; !*one->stop && !one->failed; round++) {
        int length = snprintf(text, sizeof text, "class C:\n    def v%lld(self): pass\n", (long long)round);
        one->failed = codedb_cst_save(one->db, 1 + round % 40, text, (size_t)length, NULL, NULL) != CODEDB_SUCCESS;
    }
    return NULL;
}

/* Every file has one method, before and behind each change: an answer with another number of them saw half of one. */
static void files_may_change_meanwhile(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    write_project(scratch, "p", 40);
    codedb *db = open_with(":memory:", 0);
    free(index_folder(db, files_path(scratch, "p")));
    _Atomic bool stop = false;
    saving saver = {db, &stop, false};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, save_again, &saver), 0);
    for (int round = 0; round < 40; round++) {
        codedb_query_options options = CODEDB_INIT(codedb_query_options);
        answer made = {0};
        options.threads = 2;
        options.no_cache = round % 2;
        assert_success(run(db, "method", CODEDB_DIALECT_DEFAULT, &options, &made, &result), result);
        assert_int_equal(made.report.nodes, 40);
        free(made.text);
    }
    stop = true;
    pthread_join(thread, NULL);
    assert_false(saver.failed);
    codedb_close(db);
}

static int count_files(void *context, const codedb_query_file *file)
{
    *(size_t *)context += file->nodes != NULL;
    return 0;
}

/* Memory that runs out fails the query, or only keeps a tree from being kept. */
static void every_allocation_may_fail(void **state)
{
    files_scratch *scratch = *state;
    support_failing failing;
    write_project(scratch, "p", 3);
    files_write(scratch, "p/m001.py", "def broken(:\n");
    codedb *db = open_with(files_path(scratch, "code.db"), 0);
    free(index_folder(db, files_path(scratch, "p")));
    codedb_close(db);
    long needed = 0;
    for (long n = 0;; n++) {
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_open_options open = CODEDB_INIT(codedb_open_options);
        codedb_query_options options = CODEDB_INIT(codedb_query_options);
        codedb_filter filter = CODEDB_INIT(codedb_filter);
        codedb_code code;
        size_t files = 0;
        support_failing_start(&failing, 0);
        failing.countdown = 1000000000;
        failing.failed = false;
        open.allocator = &failing.allocator;
        assert_success(codedb_open(files_path(scratch, "code.db"), &open, &db, &result), result);
        options.threads = 1;
        filter.selector = "class > method[name=\"g\"]";
        failing.countdown = n;
        code = codedb_query_project(db, &filter, &options, count_files, &files, NULL, &result);
        bool failed = failing.failed;
        failing.countdown = 1000000000;
        codedb_close(db);
        assert_true(code == CODEDB_SUCCESS ? files == 2 : failed && code == CODEDB_NO_MEMORY);
        assert_int_equal(failing.live, 0);
        codedb_result_clear(&result);
        needed = n;
        if (!failed)
            break;
    }
    assert_true(needed > 30);
}

int main(void)
{
#define ON_CORPUS(test) cmocka_unit_test(test)
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, files_setup, files_teardown)
    /* Where the driver is makes no difference to what is left out. */
    const struct CMUnitTest left_out[] = {
        ON_CORPUS(the_answer_is_the_same_with_and_without_skipping),
        ON_CORPUS(every_type_is_found_where_it_is),
        ON_CORPUS(every_name_is_found_where_it_is),
        ON_CORPUS(words_of_texts_leave_nothing_out),
        ON_CORPUS(filters_are_part_of_what_is_asked),
    };
    const struct CMUnitTest tests[] = {
        ON_CORPUS(stale_rows_change_no_answer),
        ON_CORPUS(files_that_cannot_match_are_left_out),
        ON_CORPUS(a_bad_selector_asks_nothing),
        ON_CORPUS(options_out_of_their_range_are_told),
        ON_CORPUS(calls_that_make_no_sense_are_refused),
        ON_CORPUS(a_compiled_selector_is_taken),
        ON_CORPUS(the_callback_stops_a_query),
        ON_CORPUS(a_cancellation_stops_a_query),
        ON_CORPUS(another_thread_cancels_a_query),
        ON_CORPUS(a_query_ends_when_its_time_is_over),
        IN_FOLDER(the_time_of_a_query_covers_the_host),
        IN_FOLDER(projects_are_asked_alone_or_together),
        IN_FOLDER(the_order_is_that_of_paths_for_any_number_of_threads),
        IN_FOLDER(a_limit_is_that_of_the_whole),
        IN_FOLDER(deleted_files_are_not_asked),
        IN_FOLDER(a_bad_file_is_told_and_ends_nothing),
        IN_FOLDER(a_query_is_part_of_its_transaction),
        IN_FOLDER(trees_are_kept_for_the_next_query),
        IN_FOLDER(a_changed_file_is_asked_as_it_is_now),
        IN_FOLDER(a_lying_hash_is_not_believed),
        IN_FOLDER(a_cache_never_outgrows_its_bytes),
        IN_FOLDER(another_project_takes_the_place_of_what_is_not_used),
        IN_FOLDER(a_database_may_keep_nothing),
        IN_FOLDER(many_threads_ask_one_handle),
        IN_FOLDER(files_may_change_meanwhile),
    };
    const struct CMUnitTest alone[] = {
        IN_FOLDER(every_allocation_may_fail),
    };
    int failed = cmocka_run_group_tests_name("query, left out", left_out, open_corpus, close_corpus);
    failed += cmocka_run_group_tests_name("query", tests, open_corpus, close_corpus);
    failed += cmocka_run_group_tests_name("query, memory", alone, NULL, NULL);
    support_in_process = true;
    return failed + cmocka_run_group_tests_name("query, in a process", tests, open_corpus, close_corpus);
}
