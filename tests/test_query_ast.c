/* test_query_ast.c -- accuses codedb_query_ast.c, codedb_ast_kept.c, and of codedb_summary.c what it says of asts: one selector over the asts
 * of many files, whose answer is that of asking each file, whatever is kept or left out. */
#include "support.h"

#include "files.h"

#define CORPUS "tests/corpus"

/* ---- Answers as text ---------------------------------------------------------------------------------------------- */

typedef struct answer {
    char *text;
    size_t length;
    FILE *out;
    size_t stop_after; /* files; 0: never */
    codedb_cancellation *cancel;
    codedb_query_report report;
} answer;

static void begin(answer *made)
{
    made->text = NULL;
    made->out = open_memstream(&made->text, &made->length);
    assert_non_null(made->out);
}

static void tell(FILE *out, const char *path, const codedb_nodes *nodes, const codedb_result *error)
{
    if (error != NULL)
        fprintf(out, "%s: %s\n", path, codedb_code_name(error->code));
    for (size_t i = 0; nodes != NULL && i < nodes->count; i++) {
        const codedb_node_info *node = nodes->items[i];
        fprintf(out, "%s %s %s %s %s %u %zu %s\n", path, node->node_id, node->type, node->name != NULL ? node->name : "-",
                node->qualname != NULL ? node->qualname : "-", node->start_line, node->code_length,
                node->ast_json != NULL ? "json" : "-");
    }
}

static int take(void *context, const codedb_query_file *file)
{
    answer *made = context;
    tell(made->out, file->path, file->nodes, file->error);
    if (made->cancel != NULL)
        codedb_cancellation_request(made->cancel);
    return made->stop_after > 0 && --made->stop_after == 0;
}

static codedb_code run(codedb *db, const char *selector, const codedb_query_options *given, answer *made, codedb_result *result)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    if (given != NULL)
        options = *given;
    options.ast = 1;
    filter.selector = selector;
    begin(made);
    made->report = (codedb_query_report)CODEDB_INIT(codedb_query_report);
    codedb_code code = codedb_query_project(db, &filter, &options, take, made, &made->report, result);
    fclose(made->out);
    return code;
}

static char *ask(codedb *db, const char *selector, const codedb_query_options *options, codedb_query_report *report)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    answer made = {0};
    assert_success(run(db, selector, options, &made, &result), result);
    if (report != NULL)
        *report = made.report;
    return made.text;
}

static int append(void *context, const char *bytes, size_t length)
{
    return fwrite(bytes, 1, length, context) != length;
}

/* The nodes of a stored source's ast. */
static codedb_code find_in_source(codedb *db, int64_t file, const char *path, const codedb_filter *filter, codedb_nodes **nodes,
                                  codedb_result *result)
{
    codedb_ast_options options = CODEDB_INIT(codedb_ast_options);
    char *source = NULL, *json = NULL;
    size_t json_length = 0;
    codedb_code code = codedb_cst_get(db, file, &source, &options.source_length, result);
    FILE *out = open_memstream(&json, &json_length);
    if (code == CODEDB_SUCCESS)
        code = codedb_ast_from_source(source, options.source_length, NULL, append, out, result);
    fclose(out);
    options.source = source;
    options.path = path;
    if (code == CODEDB_SUCCESS)
        code = codedb_ast_json_query(json, json_length, &options, filter, nodes, result);
    codedb_free(source);
    free(json);
    return code;
}

/* What asking one file after the other gives. */
static char *ask_each(codedb *db, const char *selector)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_rows *rows = NULL;
    answer made = {0};
    begin(&made);
    assert_success(
        codedb_sql_execute(db,
                           "SELECT id, path FROM files WHERE deleted = 0 AND (id IN (SELECT file_id FROM ast_trees) OR "
                           "id IN (SELECT file_id FROM cst_trees)) ORDER BY path",
                           NULL, 0, &rows, NULL, &result),
        result);
    for (size_t row = 0; row < rows->row_count; row++) {
        const codedb_value *cells = &rows->values[2 * row];
        codedb_nodes *nodes = NULL;
        filter.selector = selector;
        filter.path = cells[1].as.text;
        codedb_code code = codedb_ast_query(db, cells[0].as.integer, &filter, &nodes, &result);
        if (code == CODEDB_NOT_FOUND)
            code = find_in_source(db, cells[0].as.integer, cells[1].as.text, &filter, &nodes, &result);
        if (code == CODEDB_NOT_FOUND) /* a JSON string and no source: of one file an error, of many one that ends nothing */
            result.code = CODEDB_VALIDATION_ERROR;
        tell(made.out, cells[1].as.text, nodes, code != CODEDB_SUCCESS ? &result : NULL);
        codedb_free(nodes);
    }
    codedb_free(rows);
    codedb_result_clear(&result);
    fclose(made.out);
    return made.text;
}

/* Errors of files that cannot match need not be told. */
static char *without_errors(char *text)
{
    char *to = text;
    for (char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n") + 1;
        if (strstr(line, "_ERROR\n") == NULL || strstr(line, "_ERROR\n") > line + length)
            to = (char *)memmove(to, line, length) + length;
        line += length;
    }
    *to = '\0';
    return text;
}

/* With nothing left out or kept, with hints from texts and stored summaries, then from what is kept; by one thread and several. */
static size_t check_every_way(codedb *db, const char *selector)
{
    codedb_query_options ways[5];
    for (size_t i = 0; i < 5; i++)
        ways[i] = (codedb_query_options)CODEDB_INIT(codedb_query_options);
    ways[0].no_skip = ways[0].no_cache = 1;
    ways[0].threads = 1;
    ways[1].no_cache = 1;
    ways[2].threads = 3;
    ways[4].no_skip = 1;
    char *expected = ask_each(db, selector);
    for (size_t way = 0; way < 5; way++) {
        char *got = ask(db, selector, &ways[way], NULL);
        if (way == 0)
            assert_string_equal(got, expected);
        else
            without_errors(expected);
        if (strcmp(without_errors(got), expected) != 0 && way > 0)
            fail_msg("%s (way %zu)\nexpected:\n%.2000s\ngot:\n%.2000s", selector, way, expected, got);
        free(got);
    }
    size_t length = strlen(expected);
    free(expected);
    return length;
}

/* ---- Databases ---------------------------------------------------------------------------------------------------- */

static codedb *open_corpus(const char *path)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb *db = NULL;
    assert_success(support_open(path, &db, &result), result);
    assert_success(codedb_index_run(db, CORPUS, NULL, NULL, &result), result);
    codedb_result_clear(&result);
    return db;
}

/* Adds a file to the first project: with a source, with JSON, or both. */
static int64_t add(codedb *db, const char *path, const char *source, const char *json)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_projects *projects = NULL;
    codedb_file file = CODEDB_INIT(codedb_file);
    assert_success(codedb_project_list(db, NULL, &projects, &result), result);
    file.project_id = projects->items[0]->id;
    file.path = path;
    assert_success(codedb_file_create(db, &file, &result), result);
    if (source != NULL)
        assert_success(codedb_cst_save(db, file.id, source, strlen(source), NULL, &result), result);
    if (json != NULL)
        assert_success(codedb_ast_save(db, file.id, json, strlen(json), NULL, &result), result);
    codedb_free(projects);
    return file.id;
}

static void execute(codedb *db, const char *sql)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    assert_success(codedb_sql_execute(db, sql, NULL, 0, NULL, NULL, &result), result);
}

#define MODULE(body) "{\"_type\": \"Module\", \"body\": [" body "], \"type_ignores\": []}"
#define NAME(id, at)                                                                                              \
    "{\"_type\": \"Expr\", \"value\": {\"_type\": \"Name\", \"id\": \"" id "\", \"ctx\": {\"_type\": \"Load\"}, " \
    "\"lineno\": 1, \"col_offset\": " at ", \"end_lineno\": 1, \"end_col_offset\": 4}, "                          \
    "\"lineno\": 1, \"col_offset\": " at ", \"end_lineno\": 1, \"end_col_offset\": 4}"

/* All that may be stored of a file. */
static void add_all_sorts(codedb *db)
{
    add(db, "/all/stored.py", "spam\n", MODULE(NAME("other", "0")));
    add(db, "/all/json_only.py", NULL, MODULE(NAME("alone", "0")));
    add(db, "/all/string.py", "eggs = ham\n", "\"Module(body=[])\"");
    add(db, "/all/string_only.py", NULL, " \"Module(body=[])\"");
    add(db, "/all/escaped.py", "spam\n", MODULE(NAME("\\u0073pam", "0")));
    add(db, "/all/wrong.py", "spam\n", "{\"_type\": \"Nothing\"}");
    add(db, "/all/wide.py", "\xEF\xBC\xB3pam = \xC3\xA4\n\xEF\xBC\xB3pam(\xEF\xBC\xB3pam=1)\n", NULL);
    add(db, "/all/constants.py", "x = 'sp' 'am'\nfrom .. import a\n", NULL);
}

static const char *const selectors[] = {
    "*",
    "module",
    "class",
    "def",
    "function",
    "method",
    "statement",
    "expression",
    "decorator",
    "import",
    "node",
    "AsyncFunctionDef",
    "class method[name=\"f\"]",
    "While",
    "For > *.iter",
    "While, Match",
    "class > function",
    "class:has(function[name=\"f\"])",
    "Name:*",
    "decorator[name=\"a\"]",
    "Match match_case",
    "Call[func=\"f\"]",
    "Call[func=\"a.b\"] > *.args",
    "Name[id=\"a\"]",
    "Name[id=\"Spam\"]",
    "Name[id=\"spam\"]",
    "Name[name=\"Spam\"]",
    "Name[name^=\"S\"]",
    "Name[id=\"other\"]",
    "Name[id=\"alone\"]",
    "Name[id=\"ham\"]",
    "keyword[arg=\"Spam\"]",
    "arg[arg=\"self\"]:first-child",
    "Attribute[attr=\"b\"]",
    "alias[asname=\"b\"]",
    "alias[name=\"a.b\"]",
    "ImportFrom[module=\"a.b\"]",
    "ImportFrom[level=2]",
    "Constant[value=\"spam\"]",
    "Constant[value=1]",
    "BinOp[op=Mod]",
    "Name[ctx=Store]",
    "[qualname=\"C.f\"]",
    "[name=\"surely_nowhere\"]",
    "[code*=\"return\"]",
    "[code=\"surely_nowhere\"]",
    ":decorated(\"property\")",
    ":decorated(\"surely_nowhere\")",
    ":has-docstring",
    "def@f Return@r",
    "ExceptHandler:not([.type])",
    "(class, def)[name=\"f\"]",
    "class:not(:has(method))",
    "[path$=\"spam.py\"], [path*=\"all\"]",
    "[node_id=\"0.0\"]",
};

/* Where the driver is makes no difference to what is left out: in a process some of them are enough. */
static void check_all(codedb *db, size_t minimum)
{
    size_t found = 0, step = support_in_process ? 8 : 1;
    for (size_t i = 0; i < sizeof selectors / sizeof *selectors; i += step)
        found += check_every_way(db, selectors[i]) > 0;
    assert_true(found >= minimum / step);
}

/* ---- The answer is that of each file ------------------------------------------------------------------------------ */

static void asts_of_sources_are_asked(void **state)
{
    (void)state;
    codedb *db = open_corpus(":memory:");
    check_all(db, 30);
    codedb_close(db);
}

static void what_is_stored_is_asked(void **state)
{
    files_scratch *scratch = *state;
    codedb *db = open_corpus(files_path(scratch, "code.db"));
    add_all_sorts(db);
    check_all(db, 35);
    execute(db, "UPDATE files SET deleted = 1 WHERE path LIKE '%a.py'");
    check_every_way(db, "Name[id=\"a\"]");
    codedb_close(db);
}

/* The first selectors after a database was opened, when nothing is kept. */
static void the_first_question_leaves_nothing_out(void **state)
{
    files_scratch *scratch = *state;
    char path[4200];
    snprintf(path, sizeof path, "%s", files_path(scratch, "code.db"));
    codedb *db = open_corpus(path);
    add_all_sorts(db);
    codedb_close(db);
    for (size_t i = 0; i < sizeof selectors / sizeof *selectors; i += 3) {
        codedb_result result = CODEDB_INIT(codedb_result);
        assert_success(support_open(path, &db, &result), result);
        char *got = without_errors(ask(db, selectors[i], NULL, NULL));
        char *expected = without_errors(ask_each(db, selectors[i]));
        assert_string_equal(got, expected);
        free(got);
        free(expected);
        codedb_close(db);
    }
}

static void files_that_cannot_match_are_left_out(void **state)
{
    (void)state;
    codedb *db = open_corpus(":memory:");
    codedb_query_report report;
    free(ask(db, "Name[id=\"surely_nowhere\"]", NULL, &report));
    assert_true(report.files_skipped > 60);
    free(ask(db, "*", NULL, &report));
    assert_true(report.trees_kept < 6); /* names that are not ASCII may be any in an ast */
    free(ask(db, "MatchMapping", NULL, &report));
    assert_true(report.files_skipped > 60);
    free(ask(db, "Module", NULL, &report));
    assert_int_equal(report.trees_parsed, 0);
    assert_true(report.trees_kept > 60);
    codedb_close(db);
}

/* ---- What is kept ------------------------------------------------------------------------------------------------- */

static void a_changed_ast_or_source_is_asked_as_it_is_now(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb *db = open_corpus(files_path(scratch, "code.db"));
    int64_t file = add(db, "/all/a.py", "spam\n", MODULE(NAME("one", "0")));
    check_every_way(db, "Name[id=\"one\"]");
    assert_success(codedb_ast_save(db, file, MODULE(NAME("two", "0")), strlen(MODULE(NAME("two", "0"))), NULL, &result), result);
    assert_int_equal(check_every_way(db, "Name[id=\"one\"]"), 0);
    assert_true(check_every_way(db, "Name[id=\"two\"]") > 0);
    execute(db, "UPDATE cst_trees SET cst_code = 'eggs', cst_hash = 'none' WHERE cst_code LIKE 'spam%'");
    assert_true(check_every_way(db, "Name[code=\"eggs\"]") > 0);
    execute(db, "UPDATE ast_trees SET ast_hash = 'none'");
    check_every_way(db, "Name");
    execute(db, "DELETE FROM ast_trees");
    assert_int_equal(check_every_way(db, "Name[id=\"two\"]"), 0);
    assert_success(codedb_cst_save(db, file, "ham\n", 4, NULL, &result), result);
    assert_true(check_every_way(db, "Name[id=\"ham\"]") > 0);
    execute(db, "DELETE FROM cst_trees");
    assert_int_equal(check_every_way(db, "*"), 0);
    codedb_close(db);
}

/* What happens while the first file is handed out. */
typedef struct meanwhile {
    codedb *db;
    int64_t files[4];
    bool done;
    char found[200]; /* of the files that change: names of nodes */
} meanwhile;

static int change_meanwhile(void *context, const codedb_query_file *file)
{
    meanwhile *made = context;
    codedb_result result = CODEDB_INIT(codedb_result);
    const char *json = MODULE(NAME("later", "0"));
    for (size_t i = 0; file->nodes != NULL && file->path[1] == '~' && i < file->nodes->count; i++) {
        size_t length = strlen(made->found);
        snprintf(made->found + length, sizeof made->found - length, "%s %s, ", file->path + 3, file->nodes->items[i]->name);
    }
    if (made->done)
        return 0;
    made->done = true;
    assert_success(codedb_ast_save(made->db, made->files[0], json, strlen(json), NULL, &result), result);
    execute(made->db, "DELETE FROM ast_trees WHERE file_id = (SELECT id FROM files WHERE path = '/~/b')");
    execute(made->db, "DELETE FROM files WHERE path = '/~/c'");
    assert_success(codedb_cst_save(made->db, made->files[3], "saved", 5, NULL, &result), result);
    return 0;
}

static void files_may_change_meanwhile(void **state)
{
    (void)state;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    meanwhile made = {.db = open_corpus(":memory:")};
    made.files[0] = add(made.db, "/~/a", "x", MODULE(NAME("before", "0")));
    made.files[1] = add(made.db, "/~/b", "source", MODULE(NAME("before", "0")));
    made.files[2] = add(made.db, "/~/c", "x", MODULE(NAME("before", "0")));
    made.files[3] = add(made.db, "/~/d", "before", NULL);
    filter.selector = "Name";
    options.ast = options.threads = 1;
    assert_success(codedb_query_project(made.db, &filter, &options, change_meanwhile, &made, NULL, &result), result);
    assert_string_equal(made.found, "a later, b source, d saved, ");
    assert_true(check_every_way(made.db, "Name[id=\"later\"]") > 0);
    codedb_close(made.db);
}

static void a_cache_never_outgrows_its_bytes(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 10000, 300000, 3000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_open_options options = CODEDB_INIT(codedb_open_options);
        codedb_cache_figures figures = CODEDB_INIT(codedb_cache_figures);
        codedb *db = NULL;
        options.tree_cache_size = sizes[i];
        assert_success(codedb_open(":memory:", &options, &db, &result), result);
        assert_success(codedb_index_run(db, CORPUS, NULL, NULL, &result), result);
        add_all_sorts(db);
        check_every_way(db, "Name[id=\"a\"]");
        check_every_way(db, "def Return");
        codedb_query_options csts = CODEDB_INIT(codedb_query_options);
        codedb_filter filter = CODEDB_INIT(codedb_filter);
        answer made = {0};
        begin(&made);
        filter.selector = "def Return";
        assert_success(codedb_query_project(db, &filter, &csts, take, &made, NULL, &result), result);
        fclose(made.out);
        free(made.text);
        assert_success(codedb_cache_figures_get(db, &figures, &result), result);
        assert_true(figures.bytes <= figures.limit);
        assert_true(figures.trees > 0 || sizes[i] < 300000);
        codedb_close(db);
    }
}

/* ---- As a query over sources --------------------------------------------------------------------------------------- */

static void limits_cancels_and_deadlines_end_it(void **state)
{
    (void)state;
    codedb *db = open_corpus(":memory:");
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    answer made = {0};
    options.limit = 7;
    assert_success(run(db, "Name", &options, &made, &result), result);
    assert_int_equal(made.report.nodes, 7);
    assert_int_equal(made.report.is_cut, 1);
    free(made.text);
    made.stop_after = 2;
    assert_code(run(db, "Name", NULL, &made, &result), CODEDB_CANCELLED, result);
    free(made.text);
    made.stop_after = 0;
    assert_success(codedb_cancellation_create(NULL, &made.cancel, &result), result);
    options.limit = 0;
    options.cancellation = made.cancel;
    assert_code(run(db, "Name", &options, &made, &result), CODEDB_CANCELLED, result);
    free(made.text);
    codedb_free(made.cancel);
    made.cancel = NULL;
    options.cancellation = NULL;
    options.timeout = 1e-9;
    assert_code(run(db, "Name", &options, &made, &result), CODEDB_TIMEOUT, result);
    free(made.text);
    codedb_close(db);
    codedb_result_clear(&result);
}

static int ignore(void *context, const codedb_query_file *file)
{
    (void)context;
    (void)file;
    return 0;
}

static void selectors_of_the_other_trees_are_refused(void **state)
{
    (void)state;
    codedb *db = open_corpus(":memory:");
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    codedb_selector_options compiling = CODEDB_INIT(codedb_selector_options);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_selector *selector = NULL;
    for (int ast = 0; ast < 2; ast++) {
        compiling.ast = ast;
        options.ast = !ast;
        assert_success(codedb_selector_compile("class", &compiling, &selector, &result), result);
        filter.compiled = selector;
        assert_code(codedb_query_project(db, &filter, &options, ignore, NULL, NULL, &result), CODEDB_INVALID_REQUEST, result);
        options.ast = ast;
        assert_success(codedb_query_project(db, &filter, &options, ignore, NULL, NULL, &result), result);
        codedb_selector_free(selector);
    }
    filter = (codedb_filter)CODEDB_INIT(codedb_filter);
    options.ast = 1;
    filter.selector = "SimpleStatementLine";
    assert_code(codedb_query_project(db, &filter, &options, ignore, NULL, NULL, &result), CODEDB_SELECTOR_ERROR, result);
    filter.selector = "ClassDef";
    filter.dialect = CODEDB_DIALECT_REFERENCE;
    assert_code(codedb_query_project(db, &filter, &options, ignore, NULL, NULL, &result), CODEDB_INVALID_REQUEST, result);
    codedb_close(db);
    codedb_result_clear(&result);
}

static int count_nodes(void *context, const codedb_query_file *file)
{
    *(size_t *)context += file->nodes != NULL ? file->nodes->count : 0;
    return 0;
}

/* Memory that runs out fails the query, or only keeps an ast from being kept. */
static void every_allocation_may_fail(void **state)
{
    files_scratch *scratch = *state;
    support_failing failing;
    codedb *db = open_corpus(files_path(scratch, "code.db"));
    execute(db, "DELETE FROM files");
    add(db, "/all/a.py", "import os\n", MODULE(NAME("spam", "0")));
    add(db, "/all/b.py", "spam = 1\n", "\"Module()\"");
    add(db, "/all/c.py", "def f(): return spam\n", NULL);
    codedb_close(db);
    long needed = 0;
    for (bool failed = true; failed; needed++) {
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_open_options opening = CODEDB_INIT(codedb_open_options);
        codedb_query_options options = CODEDB_INIT(codedb_query_options);
        codedb_filter filter = CODEDB_INIT(codedb_filter);
        size_t found = 0;
        support_failing_start(&failing, 0);
        failing.countdown = 1000000000;
        failing.failed = false;
        opening.allocator = &failing.allocator;
        assert_success(codedb_open(files_path(scratch, "code.db"), &opening, &db, &result), result);
        filter.selector = "Name[id=\"spam\"]";
        options.ast = options.threads = 1;
        failing.countdown = needed;
        codedb_code code = codedb_query_project(db, &filter, &options, count_nodes, &found, NULL, &result);
        failed = failing.failed;
        failing.countdown = 1000000000;
        codedb_close(db);
        assert_true(code == CODEDB_SUCCESS ? found == 3 : failed && code == CODEDB_NO_MEMORY);
        assert_int_equal(failing.live, 0);
        codedb_result_clear(&result);
    }
    assert_true(needed > 30);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asts_of_sources_are_asked),
        IN_FOLDER(what_is_stored_is_asked),
        cmocka_unit_test(files_that_cannot_match_are_left_out),
        IN_FOLDER(a_changed_ast_or_source_is_asked_as_it_is_now),
        cmocka_unit_test(files_may_change_meanwhile),
        cmocka_unit_test(limits_cancels_and_deadlines_end_it),
        cmocka_unit_test(selectors_of_the_other_trees_are_refused),
    };
    const struct CMUnitTest once[] = {
        IN_FOLDER(the_first_question_leaves_nothing_out),
        cmocka_unit_test(a_cache_never_outgrows_its_bytes),
        IN_FOLDER(every_allocation_may_fail),
    };
    return support_run_both("query, asts", tests) + cmocka_run_group_tests_name("query, asts, once", once, NULL, NULL);
}
