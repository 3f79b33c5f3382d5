/* codedb_ast_query.c -- which nodes of an ast a filter finds, and what is told of them.
 *
 * Called by hosts (codedb_ast_json_query), codedb_ast_edit.c and codedb_source_ast.c, in the caller's thread; a query owns all its memory.
 * Calls the reader, and codedb_xpath.c to match. */
#include "codedb_ast_read.h"

#include <string.h>

static const char *ast_query_copy_scratch(const codedb_node_view *view, codedb_arena *arena)
{
    return codedb_arena_copy(arena, view->scratch.data == NULL ? "" : view->scratch.data, view->scratch.length);
}

/* False without memory. */
static bool ast_query_fill_names(codedb_node_view *view, uint32_t node, codedb_arena *arena, codedb_node_info *info)
{
    size_t length;
    const char *name = codedb_view_name(view, node, &length);
    bool has_qualname;
    info->type = codedb_view_type(view, node);
    info->kind = codedb_kind_word(view->vocabulary, codedb_view_kind(view, node));
    info->name = name == NULL ? NULL : codedb_arena_copy(arena, name, length);
    has_qualname = codedb_view_qualname(view, node);
    info->qualname = has_qualname ? ast_query_copy_scratch(view, arena) : NULL;
    codedb_view_node_id(view, node);
    info->node_id = ast_query_copy_scratch(view, arena);
    return info->node_id != NULL && (info->name != NULL || name == NULL) && (info->qualname != NULL || !has_qualname);
}

static bool ast_query_fill(codedb_node_view *view, uint32_t node, codedb_arena *arena, codedb_node_info *info)
{
    const codedb_ast *ast = view->ast->ast;
    const codedb_ast_node *at = &ast->nodes[node];
    size_t start;
    size_t end;
    info->start_line = at->line;
    info->start_column = at->column;
    info->end_line = at->end_line;
    info->end_column = at->end_column;
    if (codedb_ast_source_range(view, node, &start, &end)) {
        info->start_byte = start;
        info->end_byte = end;
        info->code_length = end - start;
        info->code = codedb_arena_copy(arena, view->text.text + start, end - start);
        if (info->code == NULL)
            return false;
    }
    info->ast_json_length = at->stop - at->start;
    info->ast_json = codedb_arena_copy(arena, ast->text + at->start, at->stop - at->start);
    return info->ast_json != NULL && ast_query_fill_names(view, node, arena, info) && !view->failed && !view->scratch.failed &&
           !view->ast->unescaped.failed;
}

/* The root block of an arena of its own. */
static codedb_code ast_query_make(codedb_node_view *view, const uint32_t *found, uint32_t count, codedb_nodes **nodes,
                                  codedb_result *result)
{
    codedb_arena *arena = codedb_arena_create(view->allocator);
    codedb_nodes *made = arena == NULL ? NULL : codedb_arena_allocate_root(arena, 1, sizeof *made);
    codedb_node_info *infos = made == NULL ? NULL : codedb_arena_allocate(arena, count, sizeof *infos);
    const codedb_node_info **items = infos == NULL ? NULL : codedb_arena_allocate(arena, count, sizeof(void *));
    uint32_t i;
    for (i = 0; items != NULL && i < count && ast_query_fill(view, found[i], arena, &infos[i]); i++)
        items[i] = &infos[i];
    if (items == NULL || i < count) {
        codedb_arena_destroy(arena);
        return codedb_fail_no_memory(result);
    }
    made->count = count;
    made->items = items;
    *nodes = made;
    return codedb_succeed(result);
}

CODEDB_PRIVATE codedb_code codedb_ast_select(const codedb_ast_document *document, const codedb_filter *filter,
                                             codedb_arena *arena, uint32_t **nodes, uint32_t *count, codedb_result *result)
{
    codedb_ast_context context = {.ast = document->ast, .path = document->path};
    codedb_node_view view;
    codedb_code code;
    codedb_view_open_ast(&view, &context, document->source, arena);
    code = codedb_xpath_select_in(&view, filter, nodes, count, result);
    if (code == CODEDB_SUCCESS && context.unescaped.failed)
        code = codedb_fail_no_memory(result);
    codedb_view_close_ast(&view);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_ast_describe(const codedb_ast_document *document, const codedb_filter *filter,
                                               codedb_nodes **nodes, codedb_result *result)
{
    codedb_ast_context context = {.ast = document->ast, .path = document->path};
    codedb_arena *arena = codedb_arena_create(&document->ast->allocator);
    codedb_node_view view;
    codedb_code code;
    uint32_t *found;
    uint32_t count;
    *nodes = NULL;
    if (arena == NULL)
        return codedb_fail_no_memory(result);
    codedb_view_open_ast(&view, &context, document->source, arena);
    code = codedb_xpath_select_in(&view, filter, &found, &count, result);
    if (code == CODEDB_SUCCESS)
        code = context.unescaped.failed ? codedb_fail_no_memory(result) : ast_query_make(&view, found, count, nodes, result);
    codedb_view_close_ast(&view);
    codedb_arena_destroy(arena);
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
