/* test_node_ids.c -- accuses codedb_query.c, codedb_match.c and codedb_view.c: a node id that a query of stored files gives is one that their
 * edits take, of the same node, however often the file was changed before. */
#include "support.h"

#define FIRST "import os\n\ndef f():\n    return 1\n\nclass C:\n    def g(self):\n        return f()\n"
#define OTHER "x = 1\ny = x\n"

typedef struct fixture {
    char *folder; /* NULL: in memory */
    codedb *db;
    codedb_result result;
    int64_t files[2];
    char *project;
} fixture;

static int64_t add_file(fixture *made, const char *path, const char *source)
{
    codedb_file file = CODEDB_INIT(codedb_file);
    file.project_id = made->project;
    file.path = path;
    assert_success(codedb_file_create(made->db, &file, &made->result), made->result);
    assert_success(codedb_cst_save(made->db, file.id, source, strlen(source), NULL, &made->result), made->result);
    return file.id;
}

static int open_at(void **state, const char *path)
{
    fixture *made = calloc(1, sizeof *made);
    made->result = (codedb_result)CODEDB_INIT(codedb_result);
    assert_success(support_open(path, &made->db, &made->result), made->result);
    codedb_project project = CODEDB_INIT(codedb_project);
    project.root_path = "/p";
    assert_success(codedb_project_create(made->db, &project, &made->result), made->result);
    made->project = strdup(project.id);
    made->files[0] = add_file(made, "/p/a.py", FIRST);
    made->files[1] = add_file(made, "/p/b.py", OTHER);
    *state = made;
    return 0;
}

static int open_memory(void **state)
{
    return open_at(state, ":memory:");
}

static int open_file(void **state)
{
    char *folder = support_folder_create();
    char path[4200];
    snprintf(path, sizeof path, "%s/code.db", folder);
    *state = NULL;
    open_at(state, path);
    ((fixture *)*state)->folder = folder;
    return 0;
}

static int close_database(void **state)
{
    fixture *made = *state;
    codedb_close(made->db);
    codedb_result_clear(&made->result);
    if (made->folder != NULL)
        support_folder_remove(made->folder);
    free(made->project);
    free(made);
    return 0;
}

static codedb_edit make(const char *selector, codedb_edit_action action, const char *const *code)
{
    codedb_edit edit = CODEDB_INIT(codedb_edit);
    edit.filter.struct_size = sizeof edit.filter;
    edit.filter.selector = selector;
    edit.action = action;
    edit.code = code;
    edit.code_count = code != NULL ? 1 : 0;
    return edit;
}

static codedb_code modify(fixture *made, int64_t file, const codedb_edit *edit, int preview, char **diff)
{
    codedb_edit_report *report = NULL;
    codedb_code code = codedb_cst_modify(made->db, file, edit, 1, NULL, preview, &report, &made->result);
    if (diff != NULL)
        *diff = code == CODEDB_SUCCESS ? strdup(report->diff) : NULL;
    codedb_free(report);
    return code;
}

/* ---- Ids by file -------------------------------------------------------------------------------------------------- */

/* Ids of one file's nodes, a line each with the type and the line number. */
typedef struct listing {
    int64_t file;
    FILE *out;
    char *text;
    size_t length;
} listing;

static void list_nodes(const listing *made, const codedb_nodes *nodes)
{
    for (size_t i = 0; i < nodes->count; i++)
        fprintf(made->out, "%s %s %u\n", nodes->items[i]->node_id, nodes->items[i]->type, nodes->items[i]->start_line);
}

static int list_file(void *context, const codedb_query_file *file)
{
    if (file->nodes != NULL && file->file_id == ((listing *)context)->file)
        list_nodes(context, file->nodes);
    return 0;
}

/* What a query over all files gives for one of them; to be freed. */
static char *ids_of_project(fixture *made, int64_t file, const char *selector, int threads, bool cached)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    listing list = {.file = file};
    list.out = open_memstream(&list.text, &list.length);
    filter.selector = selector;
    options.threads = threads;
    options.no_cache = !cached;
    assert_success(codedb_query_project(made->db, &filter, &options, list_file, &list, NULL, &made->result), made->result);
    fclose(list.out);
    return list.text;
}

static char *ids_of_file(fixture *made, int64_t file, const char *selector)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes = NULL;
    listing list = {.file = file};
    list.out = open_memstream(&list.text, &list.length);
    filter.selector = selector;
    assert_success(codedb_cst_query(made->db, file, &filter, &nodes, &made->result), made->result);
    list_nodes(&list, nodes);
    codedb_free(nodes);
    fclose(list.out);
    return list.text;
}

/* All ways to ask give the same ids. */
static void check_ids(fixture *made, const char *selector)
{
    for (size_t i = 0; i < 2; i++) {
        char *expected = ids_of_file(made, made->files[i], selector);
        for (int way = 0; way < 4; way++) {
            char *got = ids_of_project(made, made->files[i], selector, 1 + way % 2, way > 1);
            assert_string_equal(got, expected);
            free(got);
        }
        free(expected);
    }
}

static void check_all_ids(fixture *made)
{
    static const char *const selectors[] = {"*", "Return", "Comma, Newline", "class@c > method@m", "Name[node_id$=\"1\"]"};
    for (size_t i = 0; i < sizeof selectors / sizeof *selectors; i++)
        check_ids(made, selectors[i]);
}

static void a_query_over_a_project_gives_the_ids_of_each_file(void **state)
{
    fixture *made = *state;
    const char *code = "z = 3";
    check_all_ids(made);
    codedb_edit edit = make("Import", CODEDB_EDIT_REPLACE, &code);
    assert_success(modify(made, made->files[0], &edit, 0, NULL), made->result);
    check_all_ids(made);
    assert_success(codedb_cst_save(made->db, made->files[1], "new\n" OTHER, strlen("new\n" OTHER), NULL, &made->result),
                   made->result);
    check_all_ids(made);
}

/* The first id of a listing. */
static char *first_id(char *list)
{
    char *id = strndup(list, strcspn(list, " \n"));
    free(list);
    assert_true(*id != '\0');
    return id;
}

static void edits_take_the_ids_of_a_query_over_a_project(void **state)
{
    fixture *made = *state;
    const char *code = "return 2";
    char *diff;
    for (int round = 0; round < 2; round++) {
        char *id = first_id(ids_of_project(made, made->files[0], "function Return", 0, true));
        codedb_edit edit = make(NULL, CODEDB_EDIT_REPLACE, &code);
        edit.node_id = id;
        assert_success(modify(made, made->files[0], &edit, 1, &diff), made->result);
        assert_contains(diff, "-    return 1\n+    return 2\n");
        free(diff);
        assert_code(modify(made, made->files[1], &edit, 1, NULL), CODEDB_NOT_FOUND, made->result);
        free(id);
        const char *more = "pass";
        codedb_edit above = make("Import", CODEDB_EDIT_INSERT_BEFORE, &more);
        assert_success(modify(made, made->files[0], &above, 0, NULL), made->result);
    }
}

static void files_with_the_same_text_may_have_other_ids(void **state)
{
    fixture *made = *state;
    int64_t same = add_file(made, "/p/c.py", "a\n");
    assert_success(codedb_cst_save(made->db, same, OTHER, strlen(OTHER), NULL, &made->result), made->result);
    char *first = ids_of_project(made, made->files[1], "Assign", 1, true);
    char *second = ids_of_project(made, same, "Assign", 1, true);
    char *expected = ids_of_file(made, same, "Assign");
    assert_string_not_equal(first, second);
    assert_string_equal(second, expected);
    free(first);
    free(second);
    free(expected);
}

static void ids_that_are_damaged_begin_anew_everywhere(void **state)
{
    fixture *made = *state;
    const char *code = "z = 3";
    codedb_edit edit = make("Import", CODEDB_EDIT_REPLACE, &code);
    assert_success(modify(made, made->files[0], &edit, 0, NULL), made->result);
    static const char *const damages[] = {"UPDATE codedb_node_ids SET ids = 'nonsense'", "UPDATE codedb_node_ids SET ids = x'00'",
                                          "UPDATE codedb_node_ids SET cst_hash = 'other'", "DROP TABLE codedb_node_ids"};
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        assert_success(codedb_sql_execute(made->db, damages[i], NULL, 0, NULL, NULL, &made->result), made->result);
        check_all_ids(made);
    }
}

/* ---- Ids of SQL --------------------------------------------------------------------------------------------------- */

static char *id_of_sql(fixture *made, int64_t file, const char *selector)
{
    const codedb_value parameters[] = {{.type = CODEDB_VALUE_TEXT, .length = strlen(selector), .as.text = selector},
                                       {.type = CODEDB_VALUE_INTEGER, .as.integer = file}};
    codedb_rows *rows = NULL;
    assert_success(codedb_sql_execute(made->db,
                                      "SELECT m.node_id FROM cst_trees t, codedb_match(t.cst_code, ?) m WHERE t.file_id = ?",
                                      parameters, 2, &rows, NULL, &made->result),
                   made->result);
    assert_true(rows->row_count > 0);
    char *id = strdup(rows->values[0].as.text);
    codedb_free(rows);
    return id;
}

static void edits_take_the_ids_of_sql_as_places_of_exactly_that_text(void **state)
{
    fixture *made = *state;
    const char *code = "return 2", *more = "pass";
    char *diff;
    for (int round = 0; round < 2; round++) {
        char *id = id_of_sql(made, made->files[0], "function Return");
        assert_non_null(strchr(id, ':'));
        codedb_edit edit = make(NULL, CODEDB_EDIT_REPLACE, &code);
        edit.node_id = id;
        assert_success(modify(made, made->files[0], &edit, 1, &diff), made->result);
        assert_contains(diff, "-    return 1\n+    return 2\n");
        free(diff);
        assert_code(modify(made, made->files[1], &edit, 1, NULL), CODEDB_CONFLICT, made->result);
        codedb_edit above = make("Import", CODEDB_EDIT_INSERT_BEFORE, &more);
        assert_success(modify(made, made->files[0], &above, 0, NULL), made->result);
        assert_code(modify(made, made->files[0], &edit, 1, NULL), CODEDB_CONFLICT, made->result);
        assert_contains(made->result.description, id);
        free(id);
    }
}

static void places_that_are_none_are_not_found(void **state)
{
    fixture *made = *state;
    char *id = id_of_sql(made, made->files[1], "module");
    char wrong[4][64];
    snprintf(wrong[0], sizeof wrong[0], "%.13s4000", id);
    snprintf(wrong[1], sizeof wrong[1], "%.13s", id);
    snprintf(wrong[2], sizeof wrong[2], "%.13s1.w0", id);
    snprintf(wrong[3], sizeof wrong[3], "%.11s:0", id);
    for (size_t i = 0; i < 4; i++) {
        codedb_edit edit = make(NULL, CODEDB_EDIT_DELETE, NULL);
        edit.node_id = wrong[i];
        assert_code(modify(made, made->files[1], &edit, 1, NULL), CODEDB_NOT_FOUND, made->result);
    }
    free(id);
}

/* An edit of all files, by a place that is in one of them. */
static void a_place_is_looked_for_in_all_files_of_a_project(void **state)
{
    fixture *made = *state;
    codedb_edit edit = make(NULL, CODEDB_EDIT_DELETE, NULL);
    codedb_file_edits all = CODEDB_INIT(codedb_file_edits);
    codedb_project_report *report = NULL;
    char *id = id_of_sql(made, made->files[1], "Assign");
    edit.node_id = id;
    all.edits = &edit;
    all.edit_count = 1;
    assert_success(codedb_modify_project(made->db, made->project, &all, 1, NULL, &report, &made->result), made->result);
    assert_int_equal(report->file_count, 1);
    assert_int_equal(report->files[0].file_id, made->files[1]);
    codedb_free(report);
    assert_code(codedb_modify_project(made->db, made->project, &all, 1, NULL, &report, &made->result), CODEDB_NOT_FOUND,
                made->result);
    all.file_id = made->files[1];
    assert_code(codedb_modify_project(made->db, made->project, &all, 1, NULL, &report, &made->result), CODEDB_CONFLICT,
                made->result);
    free(id);
}

static void sql_asks_for_places_only_where_ids_are_wanted(void **state)
{
    fixture *made = *state;
    codedb_rows *rows = NULL;
    char *id = id_of_sql(made, made->files[1], "Assign"), sql[200];
    snprintf(sql, sizeof sql, "SELECT m.type FROM cst_trees t, codedb_match(t.cst_code, '[node_id=\"%s\"]') m", id);
    assert_success(codedb_sql_execute(made->db, sql, NULL, 0, &rows, NULL, &made->result), made->result);
    assert_int_equal(rows->row_count, 1);
    assert_string_equal(rows->values[0].as.text, "Assign");
    codedb_free(rows);
    free(id);
}

/* ---- Ids of an ast ------------------------------------------------------------------------------------------------ */

static int append(void *context, const char *bytes, size_t length)
{
    return fwrite(bytes, 1, length, context) != length;
}

static void save_ast(fixture *made, int64_t file, const char *source)
{
    char *json = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&json, &length);
    assert_success(codedb_ast_from_source(source, strlen(source), NULL, append, out, &made->result), made->result);
    fclose(out);
    assert_success(codedb_ast_save(made->db, file, json, length, NULL, &made->result), made->result);
    free(json);
}

static void edits_of_an_ast_take_the_ids_of_its_query(void **state)
{
    fixture *made = *state;
    const char *code = "{\"_type\": \"Constant\", \"value\": 7, \"kind\": null}";
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes = NULL;
    codedb_edit_report *report = NULL;
    codedb_edit edit = make(NULL, CODEDB_EDIT_REPLACE, &code);
    save_ast(made, made->files[1], OTHER);
    filter.selector = "Assign > Constant";
    assert_success(codedb_ast_query(made->db, made->files[1], &filter, &nodes, &made->result), made->result);
    assert_int_equal(nodes->count, 1);
    edit.node_id = nodes->items[0]->node_id;
    assert_success(codedb_ast_modify(made->db, made->files[1], &edit, 1, NULL, 1, &report, &made->result), made->result);
    assert_int_equal(report->nodes_modified, 1);
    assert_contains(report->diff, "\"value\": 7");
    codedb_free(report);
    static const char *const wrong[] = {"", "1", "0.9", "0.", "0.x", "0.1x", "0.0.0.0.0.0"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        edit.node_id = wrong[i];
        assert_code(codedb_ast_modify(made->db, made->files[1], &edit, 1, NULL, 1, &report, &made->result), CODEDB_NOT_FOUND,
                    made->result);
    }
    codedb_free(nodes);
}

/* Created behind every file that changes, even where it is, it makes the driver prepare all its statements anew. */
static void the_table_of_ids_is_there_before_the_first_change(void **state)
{
    fixture *made = *state;
    codedb_rows *rows;
    assert_success(codedb_sql_execute(made->db, "SELECT count(*) FROM codedb_node_ids", NULL, 0, &rows, NULL, &made->result),
                   made->result);
    assert_int_equal(rows->values[0].as.integer, 0);
    codedb_free(rows);
}

int main(void)
{
#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_memory, close_database)
#define ON_FILE(test) cmocka_unit_test_setup_teardown(test, open_file, close_database)
    const struct CMUnitTest tests[] = {
        IN_MEMORY(a_query_over_a_project_gives_the_ids_of_each_file),
        ON_FILE(a_query_over_a_project_gives_the_ids_of_each_file),
        IN_MEMORY(edits_take_the_ids_of_a_query_over_a_project),
        ON_FILE(edits_take_the_ids_of_a_query_over_a_project),
        IN_MEMORY(the_table_of_ids_is_there_before_the_first_change),
        IN_MEMORY(files_with_the_same_text_may_have_other_ids),
        IN_MEMORY(ids_that_are_damaged_begin_anew_everywhere),
        IN_MEMORY(edits_take_the_ids_of_sql_as_places_of_exactly_that_text),
        ON_FILE(edits_take_the_ids_of_sql_as_places_of_exactly_that_text),
        IN_MEMORY(places_that_are_none_are_not_found),
        IN_MEMORY(a_place_is_looked_for_in_all_files_of_a_project),
        IN_MEMORY(sql_asks_for_places_only_where_ids_are_wanted),
        IN_MEMORY(edits_of_an_ast_take_the_ids_of_its_query),
    };
    return support_run_both("node ids", tests);
}
