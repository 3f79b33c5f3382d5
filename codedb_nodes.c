/* codedb_nodes.c -- matched nodes -> the structs that a host reads.
 *
 * Called by hosts (codedb_tree_query), codedb_source.c and codedb_ast_query.c, in the caller's thread. What is handed out is one arena and refers to
 * nothing outside of it. A node is described once, however often it was matched or captured. */
#include "codedb_matcher.h"

#include <string.h>

static const char *nodes_copy_scratch(const codedb_node_view *view, codedb_arena *arena)
{
    return codedb_arena_copy(arena, view->scratch.data == NULL ? "" : view->scratch.data, view->scratch.length);
}

/* What stands above the node has a say in these. False without memory. */
static bool nodes_fill_names(codedb_node_view *view, codedb_trail *trail, uint32_t node, codedb_arena *arena,
                             codedb_node_info *info)
{
    bool has_qualname;
    if (trail == NULL) {
        has_qualname = codedb_view_qualname(view, node);
        info->qualname = has_qualname ? nodes_copy_scratch(view, arena) : NULL;
        view->scratch.length = 0;
        if (!view->naming.unasked)
            codedb_view_node_id(view, node);
        info->node_id = nodes_copy_scratch(view, arena);
        info->kind = codedb_kind_word(view->vocabulary, codedb_view_kind_of(view, node));
    } else {
        if (!codedb_trail_go(trail, node))
            return false;
        view->scratch.length = 0;
        has_qualname = codedb_trail_append_qualname(trail, &view->scratch);
        info->qualname = has_qualname ? nodes_copy_scratch(view, arena) : NULL;
        view->scratch.length = 0;
        if (!view->naming.unasked && !codedb_view_append_kept_id(view, node))
            codedb_trail_append_id(trail, &view->scratch);
        info->node_id = nodes_copy_scratch(view, arena);
        info->kind = codedb_kind_word(view->vocabulary, codedb_trail_kind(trail));
    }
    return info->node_id != NULL && (info->qualname != NULL || !has_qualname);
}

/* False without memory. */
static bool nodes_fill(codedb_node_view *view, codedb_trail *trail, const codedb_emission *emission, uint32_t node,
                       codedb_arena *arena, codedb_node_info *info)
{
    codedb_place start = codedb_view_start(view, node);
    codedb_place end = codedb_view_end_place(view, node);
    size_t length;
    const char *name = codedb_view_name(view, node, &length);
    info->type = codedb_view_type(view, node);
    info->name = name == NULL ? NULL : codedb_arena_copy(arena, name, length);
    info->start_line = start.line;
    info->start_column = start.column;
    info->end_line = end.line;
    info->end_column = end.column;
    if (!nodes_fill_names(view, trail, node, arena, info) || !view->source->describe(view, node, arena, info))
        return false;
    if (emission != NULL) {
        view->scratch.length = 0;
        codedb_emission_append(emission, node, &view->scratch);
        info->code_length = view->scratch.length;
        info->code = nodes_copy_scratch(view, arena);
    }
    return (info->code != NULL || emission == NULL) && (info->name != NULL || name == NULL) && !view->failed &&
           !view->scratch.failed;
}

/* What is described, and where. */
typedef struct nodes_job {
    codedb_matcher *matcher;
    codedb_arena *arena; /* of the answer */
    codedb_nodes *nodes;
    codedb_node_info *infos;
    const codedb_node_info **items;
} nodes_job;

/* Opens the answer's arena. False without memory. */
static bool nodes_open(nodes_job *job, codedb_matcher *matcher, size_t items)
{
    *job = (nodes_job){matcher, codedb_arena_create(matcher->view.allocator), NULL, NULL, NULL};
    if (job->arena == NULL)
        return false;
    job->nodes = codedb_arena_allocate_root(job->arena, 1, sizeof *job->nodes);
    job->items = codedb_arena_allocate(job->arena, items, sizeof(void *));
    if (job->nodes == NULL || job->items == NULL)
        return false;
    job->nodes->count = items;
    job->nodes->items = job->items;
    return true;
}

/* Describes the nodes of a set, in their order. */
static bool nodes_fill_all(nodes_job *job, const uint64_t *set)
{
    codedb_matcher *matcher = job->matcher;
    codedb_emission *emission = NULL;
    codedb_trail trail;
    bool is_stored = matcher->view.tree != NULL && matcher->view.full == NULL;
    uint32_t filled = 0;
    uint32_t node;
    job->infos = codedb_arena_allocate(job->arena, codedb_set_count(matcher, set), sizeof *job->infos);
    if (job->infos == NULL)
        return false;
    if (matcher->view.dialect == CODEDB_DIALECT_REFERENCE) {
        emission = codedb_emission_create(matcher->view.tree, &matcher->full, matcher->arena);
        if (emission == NULL)
            return false;
    }
    if (is_stored && !codedb_trail_begin(&trail, matcher->view.tree, matcher->arena))
        return false;
    CODEDB_FOR_EACH(matcher, set, node)
    {
        if (!nodes_fill(&matcher->view, is_stored ? &trail : NULL, emission, node, job->arena, &job->infos[filled++]))
            return false;
    }
    return true;
}

static codedb_code nodes_close(nodes_job *job, bool done, codedb_nodes **nodes, codedb_result *result)
{
    if (!done) {
        codedb_arena_destroy(job->arena);
        return codedb_fail_no_memory(result);
    }
    *nodes = job->nodes;
    return codedb_succeed(result);
}

static codedb_code nodes_describe(codedb_matcher *matcher, const uint64_t *set, codedb_nodes **nodes, codedb_result *result)
{
    uint32_t count = codedb_set_count(matcher, set);
    nodes_job job;
    bool done = nodes_open(&job, matcher, count) && nodes_fill_all(&job, set);
    uint32_t i;
    for (i = 0; done && i < count; i++)
        job.items[i] = &job.infos[i];
    return nodes_close(&job, done, nodes, result);
}

/* ---- Captures ----------------------------------------------------------------------------------------------------- */

/* Each node of the rows once, and for each row pointers to those that it names. */
static bool nodes_fill_rows(nodes_job *job, const codedb_bindings *bindings)
{
    codedb_matcher *matcher = job->matcher;
    uint64_t *set = codedb_matcher_take_set(matcher);
    uint32_t *places = codedb_matcher_allocate(matcher, matcher->view.count, sizeof *places);
    size_t capture_count = bindings->width - 1;
    const codedb_node_info **captures = codedb_arena_allocate(job->arena, bindings->count * capture_count, sizeof(void *));
    uint32_t count = 0;
    uint32_t node;
    size_t row;
    size_t i;
    if (set == NULL || places == NULL || captures == NULL)
        return false;
    job->nodes->capture_count = capture_count;
    job->nodes->capture_names = codedb_capture_names(matcher->selector, job->arena);
    if (job->nodes->capture_names == NULL)
        return false;
    for (row = 0; row < bindings->count; row++)
        for (i = 0; i < bindings->width; i++)
            if (codedb_bindings_row(bindings, row)[i] != CODEDB_NO_NODE)
                codedb_set_add(set, codedb_bindings_row(bindings, row)[i]);
    if (!nodes_fill_all(job, set))
        return false;
    CODEDB_FOR_EACH(matcher, set, node)
    {
        places[node] = count++;
    }
    for (row = 0; row < bindings->count; row++) {
        const uint32_t *numbers = codedb_bindings_row(bindings, row);
        job->items[row] = &job->infos[places[numbers[0]]];
        for (i = 0; i < capture_count; i++)
            if (numbers[1 + i] != CODEDB_NO_NODE)
                captures[row * capture_count + i] = &job->infos[places[numbers[1 + i]]];
    }
    job->nodes->captures = captures;
    return true;
}

static codedb_code nodes_describe_bindings(codedb_matcher *matcher, const codedb_bindings *bindings, codedb_nodes **nodes,
                                           codedb_result *result)
{
    nodes_job job;
    bool done = nodes_open(&job, matcher, bindings->count) && nodes_fill_rows(&job, bindings);
    return nodes_close(&job, done, nodes, result);
}

/* ---- Entry point -------------------------------------------------------------------------------------------------- */

static codedb_code nodes_query_captures(codedb_matcher *matcher, const codedb_filter *filter, codedb_nodes **nodes,
                                        codedb_result *result)
{
    codedb_bindings bindings;
    codedb_code code = codedb_capture_match(matcher, filter, &bindings, result);
    if (code == CODEDB_SUCCESS)
        code = nodes_describe_bindings(matcher, &bindings, nodes, result);
    codedb_buffer_free(&bindings.rows);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_nodes_find(codedb_matcher *matcher, const codedb_filter *filter, codedb_nodes **nodes,
                                             codedb_result *result)
{
    uint64_t *set;
    codedb_code code;
    if (matcher->selector->captures != NULL)
        return nodes_query_captures(matcher, filter, nodes, result);
    code = codedb_matcher_match(matcher, filter, &set, result);
    return code == CODEDB_SUCCESS ? nodes_describe(matcher, set, nodes, result) : code;
}

CODEDB_PRIVATE codedb_code codedb_tree_query_named(const codedb_tree *tree, const codedb_naming *naming,
                                                   const codedb_filter *given, codedb_nodes **nodes, codedb_result *result)
{
    codedb_filter filter;
    codedb_code code = nodes == NULL ? codedb_fail(result, CODEDB_INVALID_REQUEST, "nodes is NULL") : CODEDB_SUCCESS;
    codedb_matcher matcher;
    if (nodes != NULL)
        *nodes = NULL;
    if (code == CODEDB_SUCCESS)
        code = codedb_matcher_take(&filter, tree != NULL, given, result);
    if (code != CODEDB_SUCCESS)
        return code;
    /* the code of the reference dialect has white space in it */
    code = codedb_matcher_open(&matcher, tree, &filter, filter.dialect == CODEDB_DIALECT_REFERENCE, result);
    if (naming != NULL)
        matcher.view.naming = *naming;
    if (code == CODEDB_SUCCESS)
        code = codedb_nodes_find(&matcher, &filter, nodes, result);
    codedb_matcher_close(&matcher);
    return code;
}

CODEDB_API codedb_code codedb_tree_query(const codedb_tree *tree, const codedb_filter *filter, codedb_nodes **nodes,
                                         codedb_result *result)
{
    return codedb_tree_query_named(tree, NULL, filter, nodes, result);
}
