/* codedb_ast_query.c -- which nodes of an ast a filter finds, and what is told of them.
 *
 * Called by hosts (codedb_ast_json_query, codedb_ast_json_explain), codedb_ast_edit.c and codedb_source_ast.c, in the caller's
 * thread; a query owns all its memory. Calls the reader, codedb_xpath.c to match and codedb_nodes.c to describe. */
#include "codedb_ast_read.h"
#include "codedb_matcher.h"

#include <string.h>

/* A query over an ast. */
typedef struct ast_query {
    codedb_filter filter;
    codedb_ast_context context;
    codedb_matcher matcher;
} ast_query;

/* Whatever it answers, ast_query_end is to be called. */
static codedb_code ast_query_begin(ast_query *query, const codedb_ast_document *document, const codedb_filter *given,
                                   codedb_result *result)
{
    codedb_node_view view;
    codedb_arena *arena;
    codedb_code code;
    memset(query, 0, sizeof *query);
    code = codedb_matcher_take(&query->filter, true, given, result);
    if (code != CODEDB_SUCCESS)
        return code;
    arena = codedb_arena_create(&document->ast->allocator);
    if (arena == NULL)
        return codedb_fail_no_memory(result);
    query->context.ast = document->ast;
    if (query->filter.path == NULL)
        query->filter.path = document->path;
    codedb_view_open_ast(&view, &query->context, document->source, arena);
    return codedb_matcher_open_view(&query->matcher, &view, &query->filter, result);
}

static void ast_query_end(ast_query *query)
{
    if (query->matcher.arena == NULL)
        return;
    codedb_buffer_free(&query->context.unescaped);
    codedb_matcher_close(&query->matcher);
}

CODEDB_PRIVATE codedb_code codedb_ast_select(const codedb_ast_document *document, const codedb_filter *filter,
                                             codedb_arena *arena, uint32_t **nodes, uint32_t *count, codedb_result *result)
{
    ast_query query;
    uint64_t *set;
    uint32_t node;
    codedb_code code = ast_query_begin(&query, document, filter, result);
    *nodes = NULL;
    *count = 0;
    if (code == CODEDB_SUCCESS)
        code = codedb_matcher_match(&query.matcher, &query.filter, &set, result);
    if (code == CODEDB_SUCCESS) {
        *nodes = codedb_arena_allocate(arena, codedb_set_count(&query.matcher, set), sizeof **nodes);
        if (*nodes == NULL || query.context.unescaped.failed)
            code = codedb_fail_no_memory(result);
    }
    if (code == CODEDB_SUCCESS) {
        CODEDB_FOR_EACH(&query.matcher, set, node)
        {
            (*nodes)[(*count)++] = node;
        }
    }
    ast_query_end(&query);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_ast_describe(const codedb_ast_document *document, const codedb_filter *filter,
                                               codedb_nodes **nodes, codedb_result *result)
{
    ast_query query;
    codedb_code code = ast_query_begin(&query, document, filter, result);
    *nodes = NULL;
    if (code == CODEDB_SUCCESS)
        code = codedb_nodes_find(&query.matcher, &query.filter, nodes, result);
    if (code == CODEDB_SUCCESS && query.context.unescaped.failed) {
        codedb_free(*nodes);
        *nodes = NULL;
        code = codedb_fail_no_memory(result);
    }
    ast_query_end(&query);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_ast_open(const char *json, size_t length, const codedb_ast_options *given,
                                           codedb_ast_document *document, codedb_result *result)
{
    codedb_ast_options options = CODEDB_INIT(codedb_ast_options);
    codedb_ast_read_options reading = {0};
    codedb_code code = CODEDB_SUCCESS;
    *document = (codedb_ast_document){0};
    if (json == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "json is NULL");
    if (given != NULL)
        code = codedb_struct_take(&options, sizeof options, given, "codedb_ast_options", result);
    if (code != CODEDB_SUCCESS)
        return code;
    document->source = (codedb_slice){options.source, options.source_length};
    document->path = options.path;
    reading.allocator = options.allocator;
    reading.max_depth = options.max_depth;
    return codedb_ast_read(json, length, &reading, &document->ast, result);
}

CODEDB_API codedb_code codedb_ast_json_query(const char *json, size_t length, const codedb_ast_options *options,
                                             const codedb_filter *filter, codedb_nodes **nodes, codedb_result *result)
{
    codedb_ast_document document;
    codedb_code code;
    if (nodes == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "nodes is NULL");
    *nodes = NULL;
    code = codedb_ast_open(json, length, options, &document, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_ast_describe(&document, filter, nodes, result);
    codedb_ast_free(document.ast);
    return code;
}

CODEDB_API codedb_code codedb_ast_json_explain(const char *json, size_t length, const codedb_ast_options *options,
                                               const codedb_filter *filter, codedb_explain_format format, char **text,
                                               codedb_result *result)
{
    codedb_ast_document document;
    ast_query query;
    codedb_code code = codedb_explain_check(format, text, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_ast_open(json, length, options, &document, result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = ast_query_begin(&query, &document, filter, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_explain_query(&query.matcher, &query.filter, format, text, result);
    if (code == CODEDB_SUCCESS && query.context.unescaped.failed) {
        codedb_free(*text);
        *text = NULL;
        code = codedb_fail_no_memory(result);
    }
    ast_query_end(&query);
    codedb_ast_free(document.ast);
    return code;
}
