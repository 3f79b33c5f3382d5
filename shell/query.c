/* query.c -- `codedb query`: nodes that a selector finds, in files or in a database. */
#include "shell.h"

#include <string.h>

typedef struct query_job {
    codedb_filter filter;
} query_job;

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
    shell_print_json_integer(out, &first, "start_line", node->start_line);
    shell_print_json_integer(out, &first, "start_col", node->start_column);
    shell_print_json_integer(out, &first, "end_line", node->end_line);
    shell_print_json_integer(out, &first, "end_col", node->end_column);
    fputs(", \"code\": ", out);
    shell_print_json(out, node->code, node->code_length);
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
    size_t length = options->full_code ? node->code_length : query_first_line(&code, node->code_length);
    fwrite(code, 1, length, out);
    fputs(code + length < node->code + node->code_length ? " ...\n" : "\n", out);
}

/* A line for the node, and one below it for each capture that it has. */
static void query_print_node(FILE *out, const shell_options *options, const char *path, const codedb_nodes *nodes, size_t item)
{
    const codedb_node_info *node = nodes->items[item];
    shell_print_place(out, options->color, path, node->start_line, node->start_column);
    fputs(": ", out);
    query_print_code(out, options, node);
    for (size_t i = 0; i < nodes->capture_count; i++) {
        const codedb_node_info *captured = nodes->captures[item * nodes->capture_count + i];
        if (captured == NULL)
            continue;
        fprintf(out, "    @%s %u:%u: ", nodes->capture_names[i], captured->start_line, captured->start_column + 1);
        query_print_code(out, options, captured);
    }
}

/* The nodes of one source, from its own tree or from the database. */
static codedb_code query_find(const codedb_filter *given, const shell_options *options, const shell_source *source,
                              codedb_nodes **nodes, codedb_result *result)
{
    if (source->db != NULL)
        return codedb_cst_query(source->db, source->file_id, given, nodes, result);
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

static int query_explain(void *context, const shell_options *options, const shell_source *source, FILE *out,
                         codedb_result *result)
{
    const query_job *job = context;
    codedb_filter filter = job->filter;
    codedb_tree *tree = NULL;
    char *stored = NULL;
    char *text = NULL;
    size_t length = source->length;
    codedb_code code = CODEDB_SUCCESS;
    filter.path = source->path;
    if (source->db != NULL)
        code = codedb_cst_get(source->db, source->file_id, &stored, &length, result);
    if (code == CODEDB_SUCCESS)
        code = shell_parse(options, stored != NULL ? stored : source->bytes, length, &tree, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_tree_explain(tree, &filter, options->json ? CODEDB_EXPLAIN_JSON : CODEDB_EXPLAIN_TEXT, &text, result);
    if (code == CODEDB_SUCCESS)
        query_print_explanation(out, options, source->path, text);
    codedb_free(text);
    codedb_tree_free(tree);
    codedb_free(stored);
    return code == CODEDB_SUCCESS ? SHELL_FOUND : SHELL_ERROR;
}

static int query_source(void *context, const shell_options *options, const shell_source *source, FILE *out, codedb_result *result)
{
    const query_job *job = context;
    codedb_nodes *nodes = NULL;
    if (query_find(&job->filter, options, source, &nodes, result) != CODEDB_SUCCESS)
        return SHELL_ERROR;
    for (size_t i = 0; i < nodes->count && !options->count_only; i++)
        if (options->json)
            query_print_json(out, source->path, nodes, i);
        else
            query_print_node(out, options, source->path, nodes, i);
    int status = nodes->count > 0 ? SHELL_FOUND : SHELL_NOTHING;
    if (options->count_only && nodes->count > 0) {
        if (options->json) {
            bool first = true;
            fputc('{', out);
            shell_print_json_text(out, &first, "path", source->path);
            shell_print_json_integer(out, &first, "count", (long long)nodes->count);
            fputs("}\n", out);
        } else {
            fprintf(out, "%s:%zu\n", source->path, nodes->count);
        }
    }
    codedb_free(nodes);
    return status;
}

/* A bad selector is told once, with a mark under the place, and not for each file. */
static bool query_check_selector(const codedb_filter *filter)
{
    codedb_tree *empty = NULL;
    codedb_nodes *nodes = NULL;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_code code = codedb_tree_parse("", 0, NULL, &empty, &result);
    if (code == CODEDB_SUCCESS)
        code = codedb_tree_query(empty, filter, &nodes, &result);
    if (code == CODEDB_SELECTOR_ERROR && result.line == 1)
        shell_fail("selector: %s\n  %s\n  %*s^", result.description, filter->selector, (int)result.column, "");
    else if (code != CODEDB_SUCCESS)
        shell_fail("selector: %s", result.description);
    codedb_free(nodes);
    codedb_tree_free(empty);
    codedb_result_clear(&result);
    return code == CODEDB_SUCCESS;
}

int shell_query(const shell_options *options, char *const *arguments, size_t count)
{
    query_job job = {.filter = CODEDB_INIT(codedb_filter)};
    job.filter.selector = arguments[0];
    job.filter.dialect = options->dialect;
    job.filter.limit = options->limit;
    if (!query_check_selector(&job.filter))
        return SHELL_ERROR;
    shell_totals totals;
    shell_source_function function = options->explain ? query_explain : query_source;
    if (count > 1) {
        if (options->db != NULL)
            return shell_fail("query: found both --db and PATH, expected one of them");
        shell_each_source(options, arguments + 1, count - 1, function, &job, &totals);
        return shell_status(&totals);
    }
    if (shell_has_excludes(options))
        return shell_fail("query: --exclude and --no-default-excludes are for PATHs, and none was given");
    codedb *db = shell_open(options, false, true);
    if (db == NULL)
        return SHELL_ERROR;
    shell_each_stored(options, db, function, &job, &totals);
    codedb_close(db);
    return shell_status(&totals);
}
