/* ast.c -- `codedb query --ast` and `codedb edit --ast`: the same over CPython's ast. */
#include "shell.h"

#include <stdlib.h>
#include <string.h>

typedef struct ast_text {
    char *data;
    size_t length;
    size_t capacity;
} ast_text;

/* A codedb_write_function; stops when there is no memory. */
static int ast_append(void *context, const char *bytes, size_t length)
{
    ast_text *text = context;
    if (text->capacity - text->length < length) {
        size_t capacity = 2 * text->capacity + length + 4096;
        char *grown = realloc(text->data, capacity);
        if (grown == NULL)
            return 1;
        text->data = grown;
        text->capacity = capacity;
    }
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    return 0;
}

codedb_code shell_ast_find(const shell_options *options, const shell_source *source, const codedb_filter *filter,
                           codedb_nodes **nodes, codedb_result *result)
{
    codedb_ast_options given = CODEDB_INIT(codedb_ast_options);
    codedb_tree *tree = NULL;
    ast_text json = {NULL, 0, 0};
    codedb_code code = shell_parse(options, source->bytes, source->length, &tree, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_tree_dump(tree, CODEDB_DUMP_AST, ast_append, &json, result);
    if (code == CODEDB_SUCCESS) {
        given.source = codedb_tree_source(tree, &given.source_length);
        given.path = source->path;
        code = codedb_ast_json_query(json.data, json.length, &given, filter, nodes, result);
    }
    free(json.data);
    codedb_tree_free(tree);
    return code;
}

/* ---- Explanations ------------------------------------------------------------------------------------------------- */

/* An explanation has its numbers for readers only: whether there are any nodes is asked for itself. */
static codedb_code ast_explain_json(const shell_options *options, const char *json, size_t length,
                                    const codedb_ast_options *given, const codedb_filter *filter, shell_explanation *explanation,
                                    codedb_result *result)
{
    codedb_filter one = *filter;
    codedb_nodes *nodes = NULL;
    codedb_code code = codedb_ast_json_explain(
        json, length, given, filter, options->json ? CODEDB_EXPLAIN_JSON : CODEDB_EXPLAIN_TEXT, &explanation->text, result);
    one.limit = 1;
    if (code == CODEDB_SUCCESS)
        code = codedb_ast_json_query(json, length, given, &one, &nodes, result);
    explanation->is_found = nodes != NULL && nodes->count > 0;
    codedb_free(nodes);
    return code;
}

static codedb_code ast_explain_in(const shell_options *options, const char *path, const char *bytes, size_t length,
                                  const codedb_filter *filter, shell_explanation *explanation, codedb_result *result)
{
    codedb_ast_options given = CODEDB_INIT(codedb_ast_options);
    codedb_tree *tree = NULL;
    ast_text json = {NULL, 0, 0};
    codedb_code code = shell_parse(options, bytes, length, &tree, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_tree_dump(tree, CODEDB_DUMP_AST, ast_append, &json, result);
    if (code == CODEDB_SUCCESS) {
        given.source = codedb_tree_source(tree, &given.source_length);
        given.path = path;
        code = ast_explain_json(options, json.data, json.length, &given, filter, explanation, result);
    }
    free(json.data);
    codedb_tree_free(tree);
    return code;
}

codedb_code shell_ast_explain(const shell_options *options, const shell_source *source, const codedb_filter *filter,
                              shell_explanation *explanation, codedb_result *result)
{
    codedb_ast_options given = CODEDB_INIT(codedb_ast_options);
    char *stored = NULL;
    size_t length;
    codedb_code code;
    given.path = source->path;
    if (source->db == NULL)
        return ast_explain_in(options, source->path, source->bytes, source->length, filter, explanation, result);
    code = codedb_ast_get(source->db, source->file_id, &stored, &length, result);
    if (code == CODEDB_SUCCESS)
        code = ast_explain_json(options, stored, length, &given, filter, explanation, result);
    else if (code == CODEDB_NOT_FOUND) { /* an ast need not be stored */
        code = codedb_cst_get(source->db, source->file_id, &stored, &length, result);
        if (code == CODEDB_SUCCESS)
            code = ast_explain_in(options, source->path, stored, length, filter, explanation, result);
    }
    codedb_free(stored);
    return code;
}

/* ---- Edits -------------------------------------------------------------------------------------------------------- */

/* Edits the ast of one file. SHELL_ERROR after a message. */
static int ast_edit_file(const shell_options *options, codedb *db, int64_t file_id, const char *path, const codedb_edit *edit,
                         size_t *nodes)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report = NULL;
    codedb_code code = codedb_ast_modify(db, file_id, edit, 1, NULL, !options->write, &report, &result);
    int status = code == CODEDB_NOT_FOUND ? SHELL_NOTHING : code == CODEDB_SUCCESS ? SHELL_FOUND : SHELL_ERROR;
    if (status == SHELL_ERROR) {
        shell_fail_result(options, path, &result);
    } else if (status == SHELL_FOUND && report->nodes_modified == 0) {
        status = SHELL_NOTHING;
    } else if (status == SHELL_FOUND) {
        shell_print_report(options, path, report, stdout);
        *nodes += report->nodes_modified;
    }
    codedb_free(report);
    codedb_result_clear(&result);
    return status;
}

static int ast_edit_all(const shell_options *options, codedb *db, const codedb_rows *files, const codedb_edit *edit,
                        size_t *nodes, size_t *count)
{
    int status = SHELL_NOTHING;
    for (size_t row = 0; row < files->row_count; row++) {
        const codedb_value *cells = &files->values[row * files->column_count];
        int one = ast_edit_file(options, db, cells[0].as.integer, cells[1].as.text, edit, nodes);
        if (one == SHELL_ERROR)
            return SHELL_ERROR;
        *count += one == SHELL_FOUND;
        status = one == SHELL_FOUND ? SHELL_FOUND : status;
    }
    return status;
}

/* The files with a stored ast, of one project or (NULL) of all. */
static codedb_code ast_list_files(codedb *db, const char *project_id, codedb_rows **rows, codedb_result *result)
{
    const codedb_value project = {.type = project_id != NULL ? CODEDB_VALUE_TEXT : CODEDB_VALUE_NULL,
                                  .length = project_id != NULL ? strlen(project_id) : 0,
                                  .as.text = project_id};
    const codedb_value parameters[] = {project, project};
    return codedb_sql_execute(db,
                              "SELECT id, path FROM files WHERE deleted = 0 AND (? IS NULL OR project_id = ?) AND "
                              "id IN (SELECT file_id FROM ast_trees) ORDER BY path",
                              parameters, 2, rows, NULL, result);
}

int shell_ast_edit(const shell_options *options, const codedb_edit *edit, size_t *nodes, size_t *files)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_rows *rows = NULL;
    codedb *transaction = NULL;
    shell_projects project;
    codedb *db = shell_open(options, false, !options->write);
    int status = SHELL_ERROR;
    if (db == NULL)
        return SHELL_ERROR;
    if (!shell_edit_project(options, db, &project)) {
        codedb_close(db);
        return SHELL_ERROR;
    }
    codedb_code code = ast_list_files(db, project.count > 0 ? project.ids[0] : NULL, &rows, &result);
    if (code == CODEDB_SUCCESS && options->write)
        code = codedb_transaction_begin(db, &transaction, &result);
    if (code == CODEDB_SUCCESS)
        status = ast_edit_all(options, transaction != NULL ? transaction : db, rows, edit, nodes, files);
    if (transaction != NULL)
        code = status == SHELL_ERROR ? codedb_transaction_rollback(transaction, &result)
                                     : codedb_transaction_commit(transaction, &result);
    if (code != CODEDB_SUCCESS)
        status = shell_fail_result(options, NULL, &result);
    if (status == SHELL_ERROR) {
        if (options->write)
            shell_fail("nothing was changed");
        *nodes = *files = 0;
    }
    codedb_close(transaction);
    codedb_free(rows);
    codedb_result_clear(&result);
    shell_projects_free(&project);
    codedb_close(db);
    return status;
}
