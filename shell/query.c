/* query.c -- `codedb query`: nodes that a selector finds, in files or in a database. */
#include "shell.h"

#include <stdlib.h>
#include <string.h>

typedef struct query_job {
    codedb_filter filter;
} query_job;

/* `"start_line": 1, "start_col": 0` behind other members; null for a node of an ast that has no position. */
static void query_print_position(FILE *out, const char *which, uint32_t line, uint32_t column)
{
    if (line == 0)
        fprintf(out, ", \"%s_line\": null, \"%s_col\": null", which, which);
    else
        fprintf(out, ", \"%s_line\": %u, \"%s_col\": %u", which, line, which, column);
}

/* The members of a node's object. */
static void query_print_members(FILE *out, const char *path, const codedb_node_info *node)
{
    bool first = true;
    if (path != NULL)
        shell_print_json_text(out, &first, "path", path);
    shell_print_json_text(out, &first, "node_id", node->node_id);
    shell_print_json_text(out, &first, "type", node->type);
    shell_print_json_text(out, &first, "kind", node->kind);
    shell_print_json_text(out, &first, "name", node->name);
    shell_print_json_text(out, &first, "qualname", node->qualname);
    query_print_position(out, "start", node->start_line, node->start_column);
    query_print_position(out, "end", node->end_line, node->end_column);
    fputs(", \"code\": ", out);
    shell_print_json(out, node->code, node->code_length);
    if (node->ast_json == NULL)
        return;
    fputs(", \"ast_json\": ", out);
    for (size_t i = 0; i < node->ast_json_length; i++) /* an object a line: the JSON may have been stored with line breaks */
        fputc(strchr("\r\n", node->ast_json[i]) != NULL ? ' ' : node->ast_json[i], out);
}

/* With captures, "captures" is an object of the nodes by their names; null for those of another branch. */
static void query_print_json(FILE *out, const char *path, const codedb_nodes *nodes, size_t item)
{
    fputc('{', out);
    query_print_members(out, path, nodes->items[item]);
    for (size_t i = 0; i < nodes->capture_count; i++) {
        const codedb_node_info *captured = nodes->captures[item * nodes->capture_count + i];
        fprintf(out, "%s\"%s\": %s", i == 0 ? ", \"captures\": {" : ", ", nodes->capture_names[i],
                captured == NULL ? "null" : "{");
        if (captured != NULL) {
            query_print_members(out, NULL, captured);
            fputc('}', out);
        }
    }
    fputs(nodes->capture_count > 0 ? "}}\n" : "}\n", out);
}

/* The first line that is not blank: the reference dialect's code begins with the lines above a definition. */
static size_t query_first_line(const char **code, size_t length)
{
    size_t end = 0;
    while (length > 0 && strchr(" \t\r\n", **code) != NULL) {
        (*code)++;
        length--;
    }
    while (end < length && (*code)[end] != '\n' && (*code)[end] != '\r')
        end++;
    return end;
}

static void query_print_code(FILE *out, const shell_options *options, const codedb_node_info *node)
{
    const char *code = node->code;
    if (code == NULL) { /* of an ast, where there is no position */
        fprintf(out, "%s\n", node->type);
        return;
    }
    size_t length = options->full_code ? node->code_length : query_first_line(&code, node->code_length);
    fwrite(code, 1, length, out);
    fputs(code + length < node->code + node->code_length ? " ...\n" : "\n", out);
}

/* A line for the node, and one below it for each capture that it has. */
static void query_print_node(FILE *out, const shell_options *options, const char *path, const codedb_nodes *nodes, size_t item)
{
    const codedb_node_info *node = nodes->items[item];
    if (node->start_line == 0) /* of an ast: it has no position */
        fputs(path, out);
    else
        shell_print_place(out, options->color, path, node->start_line, node->start_column);
    fputs(": ", out);
    query_print_code(out, options, node);
    for (size_t i = 0; i < nodes->capture_count; i++) {
        const codedb_node_info *captured = nodes->captures[item * nodes->capture_count + i];
        if (captured == NULL)
            continue;
        fprintf(out, "    @%s %u:%u: ", nodes->capture_names[i], captured->start_line,
                captured->start_column + (captured->start_line > 0));
        query_print_code(out, options, captured);
    }
}

/* The nodes of one file. */
static codedb_code query_find(const codedb_filter *given, const shell_options *options, const shell_source *source,
                              codedb_nodes **nodes, codedb_result *result)
{
    if (options->ast)
        return shell_ast_find(options, source, given, nodes, result);
    codedb_filter filter = *given;
    filter.path = source->path;
    codedb_tree *tree = NULL;
    codedb_code code = shell_parse(options, source->bytes, source->length, &tree, result);
    if (code == CODEDB_SUCCESS) {
        code = codedb_tree_query(tree, &filter, nodes, result);
        codedb_tree_free(tree);
    }
    return code;
}

/* The explanation for one source: lines under its path, or an object with the path in it. */
static void query_print_explanation(FILE *out, const shell_options *options, const char *path, const char *text)
{
    bool first = true;
    if (!options->json) {
        shell_set_color(out, options->color, SHELL_PATH);
        fprintf(out, "%s", path);
        shell_set_color(out, options->color, SHELL_PLAIN);
        fprintf(out, ":\n%s", text);
        return;
    }
    fputc('{', out);
    shell_print_json_text(out, &first, "path", path);
    fprintf(out, ", %s\n", text + 1); /* behind its brace */
}

static codedb_code query_explain_tree(const shell_options *options, const shell_source *source, const codedb_filter *given,
                                      shell_explanation *explanation, codedb_result *result)
{
    codedb_filter filter = *given;
    codedb_nodes *nodes = NULL;
    codedb_tree *tree = NULL;
    char *stored = NULL;
    size_t length = source->length;
    codedb_code code = CODEDB_SUCCESS;
    filter.path = source->path;
    if (source->db != NULL)
        code = codedb_cst_get(source->db, source->file_id, &stored, &length, result);
    if (code == CODEDB_SUCCESS)
        code = shell_parse(options, stored != NULL ? stored : source->bytes, length, &tree, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_tree_explain(tree, &filter, options->json ? CODEDB_EXPLAIN_JSON : CODEDB_EXPLAIN_TEXT, &explanation->text,
                                   result);
    filter.limit = 1;
    if (code == CODEDB_SUCCESS)
        code = codedb_tree_query(tree, &filter, &nodes, result);
    explanation->is_found = nodes != NULL && nodes->count > 0;
    codedb_free(nodes);
    codedb_tree_free(tree);
    codedb_free(stored);
    return code;
}

static int query_explain(void *context, const shell_options *options, const shell_source *source, FILE *out,
                         codedb_result *result)
{
    const query_job *job = context;
    shell_explanation explanation = {NULL, false};
    codedb_code code = options->ast ? shell_ast_explain(options, source, &job->filter, &explanation, result)
                                    : query_explain_tree(options, source, &job->filter, &explanation, result);
    if (code == CODEDB_SUCCESS)
        query_print_explanation(out, options, source->path, explanation.text);
    codedb_free(explanation.text);
    if (code != CODEDB_SUCCESS)
        return SHELL_ERROR;
    return explanation.is_found ? SHELL_FOUND : SHELL_NOTHING;
}

/* Prints the nodes of one source as the options say. */
static void query_print_nodes(FILE *out, const shell_options *options, const char *path, const codedb_nodes *nodes)
{
    for (size_t i = 0; i < nodes->count && !options->count_only; i++)
        if (options->json)
            query_print_json(out, path, nodes, i);
        else
            query_print_node(out, options, path, nodes, i);
    if (!options->count_only || nodes->count == 0)
        return;
    if (options->json) {
        bool first = true;
        fputc('{', out);
        shell_print_json_text(out, &first, "path", path);
        shell_print_json_integer(out, &first, "count", (long long)nodes->count);
        fputs("}\n", out);
    } else {
        fprintf(out, "%s:%zu\n", path, nodes->count);
    }
}

static int query_source(void *context, const shell_options *options, const shell_source *source, FILE *out, codedb_result *result)
{
    const query_job *job = context;
    codedb_nodes *nodes = NULL;
    if (query_find(&job->filter, options, source, &nodes, result) != CODEDB_SUCCESS)
        return SHELL_ERROR;
    query_print_nodes(out, options, source->path, nodes);
    int status = nodes->count > 0 ? SHELL_FOUND : SHELL_NOTHING;
    codedb_free(nodes);
    return status;
}

/* Compiles the filter's selector for all files. A bad one is told once, with a mark under the place. */
static bool query_compile(const shell_options *given, codedb_filter *filter, codedb_selector **selector)
{
    codedb_selector_options options = CODEDB_INIT(codedb_selector_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    options.dialect = filter->dialect;
    options.ast = given->ast;
    codedb_code code = codedb_selector_compile(filter->selector, &options, selector, &result);
    filter->compiled = *selector;
    if (code == CODEDB_SELECTOR_ERROR && result.line == 1)
        shell_fail("selector: %s\n  %s\n  %*s^", result.description, filter->selector, (int)result.column, "");
    else if (code != CODEDB_SUCCESS)
        shell_fail("selector: %s", result.description);
    codedb_result_clear(&result);
    return code == CODEDB_SUCCESS;
}

/* ---- A database --------------------------------------------------------------------------------------------------- */

typedef struct query_stored {
    const shell_options *options;
    const codedb_rows *no_python; /* ids of files that the index run found not to be Python, in order */
    size_t errors;
} query_stored;

static bool query_is_no_python(const codedb_rows *ids, int64_t file_id)
{
    size_t low = 0;
    size_t high = ids->row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ids->values[middle].as.integer < file_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ids->row_count && ids->values[low].as.integer == file_id;
}

static int query_visit(void *context, const codedb_query_file *file)
{
    query_stored *stored = context;
    if (file->nodes != NULL) {
        query_print_nodes(stdout, stored->options, file->path, file->nodes);
    } else if (file->error->code != CODEDB_PARSE_ERROR || !query_is_no_python(stored->no_python, file->file_id)) {
        shell_fail_result(stored->options, file->path, file->error);
        stored->errors++;
    }
    return 0;
}

static codedb_code query_ask(const shell_options *options, codedb *db, const codedb_filter *filter,
                             const codedb_query_options *query, query_stored *stored, size_t *found, codedb_result *result)
{
    codedb_query_report report = CODEDB_INIT(codedb_query_report);
    codedb_rows *rows = NULL;
    codedb_code code = codedb_sql_execute(
        db, "SELECT DISTINCT file_id FROM issues WHERE issue_type = 'syntax_error' AND file_id IS NOT NULL ORDER BY 1", NULL, 0,
        &rows, NULL, result);
    stored->options = options;
    stored->no_python = rows;
    if (code == CODEDB_SUCCESS)
        code = codedb_query_project(db, filter, query, query_visit, stored, &report, result);
    codedb_free(rows);
    *found = report.nodes;
    return code;
}

/* --limit and --timeout are for the whole of it, not for each file. */
static int query_database(const shell_options *options, codedb *db, const shell_projects *projects, const codedb_filter *given)
{
    codedb_query_options query = CODEDB_INIT(codedb_query_options);
    codedb_filter filter = *given;
    codedb_result result = CODEDB_INIT(codedb_result);
    query_stored stored = {NULL, NULL, 0};
    size_t found = 0;
    query.project_ids = projects->ids;
    query.project_count = projects->count;
    query.limit = options->limit;
    query.timeout = options->timeout;
    filter.limit = 0;
    filter.timeout = 0;
    query.threads = options->threads;
    query.target_version = options->target_version;
    query.ast = options->ast;
    query.no_cache = 1; /* there is no second query */
    bool failed = query_ask(options, db, &filter, &query, &stored, &found, &result) != CODEDB_SUCCESS;
    if (failed)
        shell_fail_result(options, options->db, &result);
    codedb_result_clear(&result);
    if (failed || stored.errors > 0)
        return SHELL_ERROR;
    return found > 0 ? SHELL_FOUND : SHELL_NOTHING;
}

/* ---- The command -------------------------------------------------------------------------------------------------- */

static int query_files(const shell_options *options, query_job *job, char *const *paths, size_t count)
{
    shell_totals totals;
    if (options->db != NULL || options->project_count > 0)
        return shell_fail("query: found both --%s and PATH, expected one of them", options->db != NULL ? "db" : "project");
    shell_each_source(options, paths, count, options->explain ? query_explain : query_source, job, &totals);
    return shell_status(&totals);
}

static int query_stored_files(const shell_options *options, query_job *job)
{
    shell_totals totals;
    shell_projects projects;
    int status = SHELL_ERROR;
    if (shell_has_excludes(options))
        return shell_fail("query: --exclude and --no-default-excludes are for PATHs, and none was given");
    codedb *db = shell_open(options, false, true);
    if (db == NULL)
        return SHELL_ERROR;
    if (shell_projects_find(options, db, &projects)) {
        if (options->explain) {
            shell_each_stored(options, db, &projects, query_explain, job, &totals);
            status = shell_status(&totals);
        } else {
            status = query_database(options, db, &projects, &job->filter);
        }
        shell_projects_free(&projects);
    }
    codedb_close(db);
    return status;
}

int shell_query(const shell_options *options, char *const *arguments, size_t count)
{
    query_job job = {.filter = CODEDB_INIT(codedb_filter)};
    codedb_selector *selector = NULL;
    job.filter.selector = arguments[0];
    job.filter.dialect = options->dialect;
    job.filter.limit = options->limit;
    job.filter.timeout = options->timeout;
    if (!query_compile(options, &job.filter, &selector))
        return SHELL_ERROR;
    int status = count > 1 ? query_files(options, &job, arguments + 1, count - 1) : query_stored_files(options, &job);
    codedb_selector_free(selector);
    return status;
}
