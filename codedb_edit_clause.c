/* codedb_edit_clause.c -- clauses: the else, handlers, cases and decorators that have lines of their own in a statement.
 *
 * Called by codedb_edit.c. Calls codedb_edit_lines.c for the places. Any thread. */
#include "codedb_edit.h"

#include <string.h>

/* ---- Clauses ------------------------------------------------------------------------------------------------------ */

/* Decorator, else, elif, handler, finally, case: lines of their own that belong to a statement. */
CODEDB_PRIVATE bool codedb_edit_is_clause(const codedb_edit_job *job, uint32_t node)
{
    switch (codedb_edit_node(job, node)->kind) {
    case CODEDB_NODE_DECORATOR:
    case CODEDB_NODE_EXCEPT_HANDLER:
    case CODEDB_NODE_EXCEPT_STAR_HANDLER:
    case CODEDB_NODE_FINALLY:
    case CODEDB_NODE_MATCH_CASE: return true;
    case CODEDB_NODE_ELSE: return true;
    default: return codedb_edit_is_elif(job, node);
    }
}

/* The node's children in that role that are not deleted. */
static uint32_t edit_count_kept(const codedb_edit_job *job, uint32_t node, codedb_node_field field)
{
    uint32_t count = 0;
    for (uint32_t child = node + 1; child < codedb_edit_node(job, node)->end; child = codedb_edit_node(job, child)->end)
        count += codedb_edit_node(job, child)->field == field && !codedb_edit_is_deleted(job, child);
    return count;
}

/* Why the statement cannot be without this clause; NULL when it can. */
static const char *edit_clause_fault(const codedb_edit_job *job, uint32_t clause)
{
    uint32_t statement = job->parents[clause];
    switch (codedb_edit_node(job, clause)->kind) {
    case CODEDB_NODE_EXCEPT_HANDLER:
    case CODEDB_NODE_EXCEPT_STAR_HANDLER:
    case CODEDB_NODE_FINALLY:
        if (edit_count_kept(job, statement, CODEDB_FIELD_handlers))
            return NULL;
        if (edit_count_kept(job, statement, CODEDB_FIELD_orelse))
            return "a try with an else needs a handler";
        return edit_count_kept(job, statement, CODEDB_FIELD_finalbody) ? NULL : "a try needs a handler or a finally";
    case CODEDB_NODE_MATCH_CASE: return edit_count_kept(job, statement, CODEDB_FIELD_cases) ? NULL : "a match needs a case";
    default: return NULL;
    }
}

CODEDB_PRIVATE codedb_code codedb_edit_delete_clause(codedb_edit_job *job, const codedb_edit_operation *operation)
{
    uint32_t node = operation->node, last = node;
    const char *fault = edit_clause_fault(job, node);
    if (fault)
        return codedb_edit_fail_node(job, CODEDB_VALIDATION_ERROR, node, fault);
    /* The rest of an elif's chain stays. */
    if (codedb_edit_is_elif(job, node))
        last = codedb_tree_child(job->tree, node, CODEDB_FIELD_body);
    uint32_t start = codedb_edit_line_start(job, codedb_edit_start(job, node));
    uint32_t newline = codedb_edit_newline_token(job, last);
    uint32_t end = codedb_token_end(job->tree, newline);
    if (codedb_edit_token_kind(job, newline + 1) == CODEDB_TOKEN_DEDENT)
        end = codedb_edit_skip_footer(job, end, codedb_edit_indent_at(job, codedb_edit_start(job, node)), true);
    if (end == job->tree->length && !strchr("\r\n", job->tree->source[end - 1]))
        start = codedb_edit_before_break(job, start);
    codedb_edit_splice(job, operation, start, end, "", 0);
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE bool codedb_edit_is_elif(const codedb_edit_job *job, uint32_t node)
{
    return codedb_edit_node(job, node)->kind == CODEDB_NODE_IF && codedb_edit_node(job, node)->field == CODEDB_FIELD_orelse;
}
