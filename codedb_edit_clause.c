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

/* Behind the clause's lines, the comments at the end of its block included. */
static uint32_t edit_clause_lines_end(const codedb_edit_job *job, uint32_t node)
{
    uint32_t last = codedb_edit_is_elif(job, node) ? codedb_tree_child(job->tree, node, CODEDB_FIELD_body) : node;
    uint32_t newline = codedb_edit_newline_token(job, last);
    uint32_t end = codedb_token_end(job->tree, newline);
    if (codedb_edit_token_kind(job, newline + 1) == CODEDB_TOKEN_DEDENT)
        end = codedb_edit_skip_footer(job, end, codedb_edit_indent_at(job, codedb_edit_start(job, node)), true);
    return end;
}

/* Where the clause's lines begin: the comment directly above is its own, but for decorators, whose comment is the definition's. */
static uint32_t edit_clause_start(const codedb_edit_job *job, uint32_t node, bool keep_comment)
{
    if (keep_comment || codedb_edit_node(job, node)->kind == CODEDB_NODE_DECORATOR)
        return codedb_edit_line_start(job, codedb_edit_start(job, node));
    return codedb_edit_attached_start(job, node);
}

CODEDB_PRIVATE uint32_t codedb_edit_clause_end(const codedb_edit_job *job, uint32_t node)
{
    if (codedb_edit_is_elif(job, node))
        return codedb_edit_node(job, codedb_tree_child(job->tree, node, CODEDB_FIELD_body))->end;
    return codedb_edit_node(job, node)->end;
}

static codedb_code edit_delete_clause(codedb_edit_job *job, const codedb_edit_operation *operation)
{
    uint32_t node = operation->node, statement = job->parents[node];
    /* What is left of a statement is the same for all of its clauses. */
    const char *fault = job->marks[statement] & CODEDB_MARK_CHECKED ? NULL : edit_clause_fault(job, node);
    if (fault)
        return codedb_edit_fail_node(job, CODEDB_VALIDATION_ERROR, node, fault);
    if (codedb_edit_node(job, node)->kind != CODEDB_NODE_ELSE && codedb_edit_node(job, node)->kind != CODEDB_NODE_DECORATOR)
        job->marks[statement] |= CODEDB_MARK_CHECKED;
    uint32_t start = edit_clause_start(job, node, codedb_edit_of(job, operation)->keep_comment != 0);
    uint32_t end = edit_clause_lines_end(job, node);
    codedb_edit_splice(job, operation, start, end, "", 0);
    return CODEDB_SUCCESS;
}

static void edit_write_clauses(codedb_edit_job *job, const codedb_edit_operation *operation, const codedb_layout *layout)
{
    codedb_layout own = *layout;
    own.keep_docstring = codedb_edit_of(job, operation)->keep_docstring != 0;
    for (size_t i = 0; i < codedb_edit_of(job, operation)->code_count; i++) {
        if (i) {
            codedb_buffer_append(&job->text, layout->newline.text, layout->newline.length);
            codedb_buffer_append(&job->text, layout->indent.text, layout->indent.length);
            own.comment.length = 0;
        }
        codedb_snippet_render(&operation->snippets[i], &own, &job->text);
    }
}

/* A clause by others; the comment behind a clause that is one line stays, unless the new code has its own. */
static void edit_replace_clause(codedb_edit_job *job, codedb_edit_operation *operation, codedb_layout *layout)
{
    uint32_t node = operation->node, start = codedb_edit_start(job, node);
    uint32_t newline = codedb_edit_node(job, node)->first;
    while (codedb_edit_token_kind(job, newline) != CODEDB_TOKEN_NEWLINE)
        newline++;
    uint32_t end = codedb_edit_before_break(job, edit_clause_lines_end(job, node));
    if (codedb_edit_newline_token(job, node) == newline) {
        uint32_t content_end = codedb_token_end(job->tree, newline - 1);
        end = job->tree->tokens[newline].start;
        codedb_slice comment = {job->tree->source + content_end, end - content_end};
        if (!memchr(comment.text, '#', comment.length))
            end = content_end;
        else if (!codedb_edit_of(job, operation)->drop_comments && !codedb_edit_has_line_comment(job, operation))
            layout->comment = comment;
    }
    edit_write_clauses(job, operation, layout);
    operation->unchanged =
        !job->text.failed && job->text.length == end - start && !memcmp(job->text.data, job->tree->source + start, end - start);
    codedb_edit_splice_text(job, operation, start, end);
}

static void edit_insert_clause(codedb_edit_job *job, const codedb_edit_operation *operation, const codedb_layout *layout)
{
    const codedb_tree *tree = job->tree;
    bool is_before = operation->action == CODEDB_EDIT_INSERT_BEFORE;
    uint32_t at = is_before ? edit_clause_start(job, operation->node, false) : edit_clause_lines_end(job, operation->node);
    bool open_end = at == tree->length && !strchr("\r\n", tree->source[at - 1]);
    if (open_end)
        codedb_buffer_append(&job->text, layout->newline.text, layout->newline.length);
    codedb_buffer_append(&job->text, layout->indent.text, layout->indent.length);
    edit_write_clauses(job, operation, layout);
    if (!open_end)
        codedb_buffer_append(&job->text, layout->newline.text, layout->newline.length);
    job->splices.failed |= job->text.failed;
    if (!job->text.failed)
        codedb_splices_add(&job->splices, (uint32_t)(operation - job->operations), (uint32_t)layout->indent.length, at, at,
                           job->text.data, job->text.length);
    job->text.length = 0;
}

CODEDB_PRIVATE codedb_code codedb_edit_take_clause(codedb_edit_job *job, codedb_edit_operation *operation)
{
    uint32_t node = operation->node;
    codedb_layout layout = {.indent = codedb_edit_indent_at(job, codedb_edit_start(job, node)),
                            .unit = codedb_edit_unit_of(job, job->parents[node]),
                            .newline = codedb_edit_newline_of(job, node)};
    switch (operation->action) {
    case CODEDB_EDIT_DELETE: return edit_delete_clause(job, operation);
    case CODEDB_EDIT_REPLACE: edit_replace_clause(job, operation, &layout); break;
    default: edit_insert_clause(job, operation, &layout); break;
    }
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE bool codedb_edit_is_elif(const codedb_edit_job *job, uint32_t node)
{
    return codedb_edit_node(job, node)->kind == CODEDB_NODE_IF && codedb_edit_node(job, node)->field == CODEDB_FIELD_orelse;
}
