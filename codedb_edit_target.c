/* codedb_edit_target.c -- what an edit is about: its matches, the nodes on which it really works, and those that overlap.
 *
 * Called by codedb_edit.c. Calls codedb_xpath.c for the matches. Any thread. */
#include "codedb_edit.h"

#include "codedb_selector.h"

#include <string.h>

/* ---- Targets ------------------------------------------------------------------------------------------------------ */

static bool edit_is_small(const codedb_edit_job *job, uint32_t node)
{
    return codedb_node_kind_category((codedb_node_kind)codedb_edit_node(job, node)->kind) == CODEDB_CATEGORY_SMALL_STATEMENT;
}

static bool edit_is_line_statement(const codedb_edit_job *job, uint32_t node)
{
    codedb_node_category category = codedb_node_kind_category((codedb_node_kind)codedb_edit_node(job, node)->kind);
    return (category == CODEDB_CATEGORY_STATEMENT || category == CODEDB_CATEGORY_COMPOUND_STATEMENT) &&
           !codedb_edit_is_elif(job, node);
}

/* The node on which an action on `node` really works: a small statement alone on its line is the line, an expression that is a whole
 * statement goes as one, and "inside a statement" is inside its body. */
CODEDB_PRIVATE uint32_t codedb_edit_lift(const codedb_edit_job *job, uint32_t node, codedb_edit_action action)
{
    bool inside = action == CODEDB_EDIT_INSERT_FIRST || action == CODEDB_EDIT_INSERT_LAST;
    if (inside) {
        uint8_t kind = codedb_edit_node(job, node)->kind;
        if (kind == CODEDB_NODE_MODULE || kind == CODEDB_NODE_INDENTED_BLOCK || kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE)
            return node;
        uint32_t body = codedb_tree_child(job->tree, node, CODEDB_FIELD_body);
        return body != CODEDB_EDIT_NONE && (codedb_edit_node(job, body)->kind == CODEDB_NODE_INDENTED_BLOCK ||
                                            codedb_edit_node(job, body)->kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE)
                   ? body
                   : node;
    }
    if (action != CODEDB_EDIT_REPLACE && node && codedb_edit_node(job, job->parents[node])->kind == CODEDB_NODE_EXPR)
        node = job->parents[node];
    if (action == CODEDB_EDIT_DELETE && node && codedb_list_is_item(job->tree, job->parents, job->parents[node]) &&
        codedb_edit_node(job, node)->field == CODEDB_FIELD_value &&
        codedb_edit_node(job, job->parents[node])->kind != CODEDB_NODE_DICT_ELEMENT)
        return job->parents[node];
    if (edit_is_small(job, node)) {
        uint32_t line = job->parents[node];
        if (codedb_edit_node(job, line)->kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE &&
            codedb_edit_node(job, node)->end == codedb_edit_node(job, line)->end && line + 1 == node)
            return line;
    }
    return node;
}

/* Why the action cannot be done on the (lifted) node; NULL when it can. */
static const char *edit_target_fault(const codedb_edit_job *job, uint32_t node, codedb_edit_action action)
{
    uint8_t kind = codedb_edit_node(job, node)->kind;
    bool is_body = kind == CODEDB_NODE_INDENTED_BLOCK || kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE;
    if (action == CODEDB_EDIT_INSERT_FIRST || action == CODEDB_EDIT_INSERT_LAST)
        return is_body || kind == CODEDB_NODE_MODULE ? NULL : "statements can be inserted first or last only in what has a body";
    if (edit_is_line_statement(job, node) || edit_is_small(job, node))
        return NULL;
    if (kind == CODEDB_NODE_MODULE)
        return "a module cannot be replaced, deleted or have anything beside it";
    if (is_body && action == CODEDB_EDIT_REPLACE)
        return NULL;
    if (is_body)
        return "the field body is required: a body can be replaced, or have statements inserted first or last";
    if (codedb_list_is_item(job->tree, job->parents, node) && action == CODEDB_EDIT_DELETE)
        return NULL;
    if (codedb_node_kind_category((codedb_node_kind)kind) == CODEDB_CATEGORY_EXPRESSION && kind != CODEDB_NODE_STARRED_ELEMENT)
        return action == CODEDB_EDIT_REPLACE ? NULL
                                             : "an expression can be replaced; only one that is a whole statement be deleted";
    if (codedb_edit_is_clause(job, node))
        return action == CODEDB_EDIT_DELETE ? NULL : "a clause or decorator can be deleted, or its body be replaced";
    return "only statements, bodies, clauses, decorators, expressions and items of lists can be edited";
}

static bool edit_add_operation(codedb_edit_job *job, uint32_t edit, uint32_t node)
{
    if (job->operation_count == job->operation_capacity) {
        uint32_t capacity = 2 * job->operation_capacity + 16;
        codedb_edit_operation *operations = codedb_arena_allocate(job->arena, capacity, sizeof *operations);
        if (!operations)
            return false;
        if (job->operation_count)
            memcpy(operations, job->operations, job->operation_count * sizeof *operations);
        job->operations = operations;
        job->operation_capacity = capacity;
    }
    uint32_t number = job->operation_count++, *link = &job->first_operation[node];
    job->operations[number] =
        (codedb_edit_operation){.edit = edit, .node = node, .next = CODEDB_EDIT_NONE, .action = job->edits[edit].action};
    while (*link != CODEDB_EDIT_NONE)
        link = &job->operations[*link].next;
    *link = number;
    return true;
}

/* Finds what one edit is about. */
CODEDB_PRIVATE codedb_code codedb_edit_resolve(codedb_edit_job *job, uint32_t number)
{
    const codedb_edit *edit = &job->edits[number];
    uint32_t *nodes = NULL, count = 0, before = CODEDB_EDIT_NONE;
    codedb_code code = codedb_xpath_select(job->tree, &edit->filter, &nodes, &count, job->result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (!count)
        code = codedb_fail(job->result, CODEDB_NOT_FOUND, "the selector %s finds nothing", codedb_filter_text(&edit->filter));
    for (uint32_t i = 0; i < count && code == CODEDB_SUCCESS; i++) {
        uint32_t node = codedb_edit_lift(job, nodes[i], edit->action);
        const char *fault = edit_target_fault(job, node, edit->action);
        if (fault)
            code = codedb_edit_fail_node(job, CODEDB_VALIDATION_ERROR, nodes[i], fault);
        else if (node != before && !edit_add_operation(job, number, node))
            code = codedb_fail_no_memory(job->result);
        before = node;
    }
    codedb_memory_release(&job->tree->allocator, nodes);
    return code;
}

/* ---- Overlaps ----------------------------------------------------------------------------------------------------- */

static void edit_drop_operations(codedb_edit_job *job, uint32_t node)
{
    for (uint32_t at = job->first_operation[node]; at != CODEDB_EDIT_NONE; at = job->operations[at].next)
        job->operations[at].dropped = true;
    job->marks[node] = 0;
}

/* Marks what becomes of a node by its own operations. A second deletion is none; a second replacement is an overlap. */
static codedb_code edit_mark(codedb_edit_job *job, uint32_t node)
{
    codedb_edit_operation *operation;
    uint32_t at = job->first_operation[node];
    while ((operation = codedb_edit_next_operation(job, &at)) != NULL) {
        if (operation->action != CODEDB_EDIT_DELETE && operation->action != CODEDB_EDIT_REPLACE)
            continue;
        uint8_t mark = operation->action == CODEDB_EDIT_DELETE ? CODEDB_MARK_DELETED : CODEDB_MARK_REPLACED;
        if (mark == CODEDB_MARK_DELETED && job->marks[node] == CODEDB_MARK_DELETED)
            operation->dropped = true;
        else if (job->marks[node])
            return codedb_edit_fail_node(job, CODEDB_OVERLAP, node, "two edits replace or delete the same node");
        job->marks[node] |= mark;
    }
    return CODEDB_SUCCESS;
}

static codedb_overlap edit_overlap_of(codedb_edit_job *job, uint32_t node)
{
    codedb_edit_operation *operation;
    uint32_t at = job->first_operation[node];
    while ((operation = codedb_edit_next_operation(job, &at)) != NULL)
        if (codedb_edit_of(job, operation)->overlap != CODEDB_OVERLAP_ERROR)
            return codedb_edit_of(job, operation)->overlap;
    return CODEDB_OVERLAP_ERROR;
}

/* Settles what is to be done with a node inside one that is replaced or deleted. */
static codedb_code edit_settle(codedb_edit_job *job, uint32_t outer, uint32_t inner)
{
    codedb_overlap overlap = CODEDB_OVERLAP_OUTERMOST;
    if (job->marks[outer] & CODEDB_MARK_REPLACED) {
        overlap = edit_overlap_of(job, outer);
        if (overlap == CODEDB_OVERLAP_ERROR)
            overlap = edit_overlap_of(job, inner);
    }
    if (overlap == CODEDB_OVERLAP_ERROR)
        return codedb_edit_fail_node(job, CODEDB_OVERLAP, inner,
                                     "it is inside a node that is replaced; choose the outermost or the innermost");
    edit_drop_operations(job, overlap == CODEDB_OVERLAP_OUTERMOST ? inner : outer);
    return CODEDB_SUCCESS;
}

/* Marks all nodes with operations, and lets none stand inside one that goes. */
CODEDB_PRIVATE codedb_code codedb_edit_check_overlaps(codedb_edit_job *job)
{
    /* Replaced and deleted nodes around the current one, outermost first, linked through this array. */
    uint32_t *around = codedb_arena_allocate(job->arena, job->operation_count + 1, sizeof *around);
    uint32_t depth = 0;
    if (!around)
        return codedb_fail_no_memory(job->result);
    for (uint32_t node = 0; node < job->tree->node_count; node++) {
        while (depth && codedb_edit_node(job, around[depth - 1])->end <= node)
            depth--;
        if (job->first_operation[node] == CODEDB_EDIT_NONE)
            continue;
        codedb_code code = edit_mark(job, node);
        for (uint32_t i = depth; code == CODEDB_SUCCESS && i > 0 && !job->operations[job->first_operation[node]].dropped; i--)
            if (job->marks[around[i - 1]])
                code = edit_settle(job, around[i - 1], node);
        if (code != CODEDB_SUCCESS)
            return code;
        while (depth && !job->marks[around[depth - 1]])
            depth--;
        if (job->marks[node])
            around[depth++] = node;
    }
    return CODEDB_SUCCESS;
}
