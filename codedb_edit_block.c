/* codedb_edit_block.c -- statements put into a block, replaced in it and taken out of it.
 *
 * Called by codedb_edit.c once for each block in which a statement is edited. Calls codedb_snippet.c to write new code and
 * codedb_edit_lines.c for the places. Any thread. */
#include "codedb_edit.h"

#include <limits.h>
#include <string.h>

/* ---- Rendering ---------------------------------------------------------------------------------------------------- */

static bool edit_begins_with_definition(const codedb_snippet *snippet)
{
    return snippet->first != CODEDB_EDIT_NONE && codedb_node_is_definition(snippet->tree, snippet->first);
}

static bool edit_ends_with_definition(const codedb_snippet *snippet)
{
    return snippet->last != CODEDB_EDIT_NONE && codedb_node_is_definition(snippet->tree, snippet->last);
}

static bool edit_has_statements(const codedb_edit_job *job, const codedb_edit_operation *operation)
{
    for (size_t i = 0; i < codedb_edit_of(job, operation)->code_count; i++)
        if (operation->snippets[i].statement_count)
            return true;
    return false;
}

static void edit_write_newlines(codedb_edit_job *job, codedb_slice newline, int count)
{
    for (int i = 0; i < count; i++)
        codedb_buffer_append(&job->text, newline.text, newline.length);
}

CODEDB_PRIVATE void codedb_edit_write_slice(codedb_edit_job *job, codedb_slice slice)
{
    codedb_buffer_append(&job->text, slice.text, slice.length);
}

/* Appends all of the operation's new code; blank lines go between two of which one is a def or class. */
CODEDB_PRIVATE void codedb_edit_write_code(codedb_edit_job *job, const codedb_edit_operation *operation,
                                           const codedb_layout *layout, int spacing)
{
    const codedb_edit *edit = codedb_edit_of(job, operation);
    codedb_layout own = *layout;
    own.keep_docstring = edit->keep_docstring != 0;
    for (size_t i = 0; i < edit->code_count; i++) {
        const codedb_snippet *snippet = &operation->snippets[i];
        if (i) {
            bool apart = edit_begins_with_definition(snippet) || edit_ends_with_definition(snippet - 1);
            edit_write_newlines(job, layout->newline, apart ? spacing + 1 : 1);
            codedb_edit_write_slice(job, layout->indent);
            own.comment.length = 0;
        }
        codedb_snippet_render(snippet, &own, &job->text);
    }
}

CODEDB_PRIVATE codedb_layout codedb_edit_layout(const codedb_edit_block *block, codedb_slice newline)
{
    return (codedb_layout){.indent = block->indent, .unit = block->unit, .newline = newline};
}

/* ---- Insertion ---------------------------------------------------------------------------------------------------- */

/* Puts the code at the line start `offset`, between the items `before` and `next`, with blank lines as they are due. */
static void edit_insert(codedb_edit_job *job, codedb_edit_block *block, const codedb_edit_operation *operation, uint32_t offset,
                        uint32_t before, uint32_t next, codedb_slice newline)
{
    const codedb_tree *tree = job->tree;
    int spacing = codedb_edit_spacing(job, block, before, next), above, below;
    uint32_t limit = before == CODEDB_EDIT_NONE ? offset : codedb_edit_end(job, before);
    codedb_edit_blank_lines_before(job, offset, limit, &above);
    codedb_edit_skip_blank_lines(job, offset, &below);
    bool apart = before != CODEDB_EDIT_NONE &&
                 (codedb_node_is_definition(tree, before) || edit_begins_with_definition(operation->snippets));
    bool apart_below = next != CODEDB_EDIT_NONE && (codedb_node_is_definition(tree, next) ||
                                                    edit_ends_with_definition(codedb_edit_last_snippet(job, operation)));
    bool open_end = offset == tree->length && offset > tree->text_start && !strchr("\r\n", tree->source[offset - 1]);
    codedb_layout layout = codedb_edit_layout(block, newline);
    edit_write_newlines(job, newline, (open_end ? 1 : 0) + (apart && spacing > above ? spacing - above : 0));
    codedb_edit_write_slice(job, block->indent);
    codedb_edit_write_code(job, operation, &layout, spacing);
    edit_write_newlines(job, newline, (open_end ? 0 : 1) + (apart_below && spacing > below ? spacing - below : 0));
    job->splices.failed |= job->text.failed;
    if (!job->text.failed)
        codedb_splices_add(&job->splices, (uint32_t)(operation - job->operations), (uint32_t)block->indent.length, offset, offset,
                           job->text.data, job->text.length);
    job->text.length = 0;
}

static void edit_insert_before(codedb_edit_job *job, codedb_edit_block *block, const codedb_edit_operation *operation,
                               uint32_t index)
{
    uint32_t node = block->items[index];
    edit_insert(job, block, operation, codedb_edit_attached_start(job, node), index ? block->items[index - 1] : CODEDB_EDIT_NONE,
                node, codedb_edit_newline_of(job, node));
}

static void edit_insert_after(codedb_edit_job *job, codedb_edit_block *block, const codedb_edit_operation *operation,
                              uint32_t index)
{
    uint32_t node = block->items[index];
    edit_insert(job, block, operation, codedb_edit_end(job, node), node,
                index + 1 < block->count ? block->items[index + 1] : CODEDB_EDIT_NONE, codedb_edit_newline_of(job, node));
}

/* Whether an item of the module may not have anything but its like before it: the docstring, `from __future__`. */
static bool edit_is_prologue(const codedb_edit_job *job, const codedb_edit_block *block, uint32_t index)
{
    uint32_t node = block->items[index];
    if (codedb_edit_node(job, node)->kind != CODEDB_NODE_SIMPLE_STATEMENT_LINE)
        return false;
    if (block->node == 0 && codedb_context_is_future(job->tree, node + 1))
        return true;
    uint32_t owner = block->node == 0 ? 0 : job->parents[block->node];
    bool has_docstring = owner == 0 || codedb_node_is_definition(job->tree, owner);
    return index == 0 && has_docstring && codedb_docstring_statement(job->tree, owner) == node + 1;
}

static void edit_insert_first(codedb_edit_job *job, codedb_edit_block *block, const codedb_edit_operation *operation)
{
    uint32_t index = 0;
    while (index < block->count && edit_is_prologue(job, block, index))
        index++;
    if (index)
        edit_insert_after(job, block, operation, index - 1);
    else if (block->count)
        edit_insert_before(job, block, operation, 0);
    else
        edit_insert(job, block, operation, job->tree->length, CODEDB_EDIT_NONE, CODEDB_EDIT_NONE, codedb_edit_newline_at(job, 0));
}

/* Behind the comments at the end of the block. */
static uint32_t edit_block_end(const codedb_edit_job *job, const codedb_edit_block *block)
{
    if (!block->count || block->node == 0)
        return job->tree->length;
    return codedb_edit_skip_footer(job, codedb_edit_end(job, block->items[block->count - 1]), block->indent, false);
}

static void edit_insert_last(codedb_edit_job *job, codedb_edit_block *block, const codedb_edit_operation *operation)
{
    uint32_t last = block->count ? block->items[block->count - 1] : CODEDB_EDIT_NONE;
    codedb_slice newline = last == CODEDB_EDIT_NONE ? codedb_edit_newline_at(job, 0) : codedb_edit_newline_of(job, last);
    edit_insert(job, block, operation, edit_block_end(job, block), last, CODEDB_EDIT_NONE, newline);
}

/* ---- Replacement -------------------------------------------------------------------------------------------------- */

/* Decorators stay when a decorated definition is replaced by exactly one without. */
static uint32_t edit_replace_start(const codedb_edit_job *job, const codedb_edit_operation *operation, uint32_t node)
{
    const codedb_edit *edit = codedb_edit_of(job, operation);
    const codedb_snippet *snippet = operation->snippets;
    if (codedb_node_is_definition(job->tree, node) && !edit->drop_decorators && edit->code_count == 1 &&
        snippet->statement_count == 1 && codedb_node_is_definition(snippet->tree, snippet->first) &&
        codedb_tree_child(snippet->tree, snippet->first, CODEDB_FIELD_decorators) == CODEDB_EDIT_NONE)
        return job->tree->tokens[codedb_edit_node(job, node)->first].start;
    return codedb_edit_start(job, node);
}

static bool edit_is_one_logical_line(const codedb_edit_job *job, uint32_t node)
{
    uint32_t token = codedb_edit_node(job, node)->first;
    while (codedb_edit_token_kind(job, token) != CODEDB_TOKEN_NEWLINE)
        token++;
    return token >= codedb_edit_node(job, node)->last;
}

static void edit_replace(codedb_edit_job *job, codedb_edit_block *block, codedb_edit_operation *operation, uint32_t node)
{
    const codedb_edit *edit = codedb_edit_of(job, operation);
    const codedb_snippet *first = operation->snippets;
    uint32_t start = edit_replace_start(job, operation, node), end;
    codedb_layout layout = codedb_edit_layout(block, codedb_edit_newline_of(job, node));
    if (edit_is_one_logical_line(job, node)) {
        uint32_t content_end = codedb_edit_content_end(job, node);
        end = job->tree->tokens[codedb_edit_newline_token(job, node)].start;
        codedb_slice comment = {job->tree->source + content_end, end - content_end};
        if (!memchr(comment.text, '#', comment.length))
            end = content_end;
        else if (!edit->drop_comments && !codedb_edit_has_line_comment(job, operation) && first->first != CODEDB_EDIT_NONE)
            layout.comment = comment;
    } else {
        end = codedb_edit_before_break(job, codedb_edit_end(job, node));
    }
    codedb_edit_write_code(job, operation, &layout, codedb_edit_spacing(job, block, CODEDB_EDIT_NONE, CODEDB_EDIT_NONE));
    if (block->needs_pass) {
        codedb_edit_write_slice(job, layout.newline);
        codedb_edit_write_slice(job, block->indent);
        codedb_buffer_append_text(&job->text, "pass");
        block->needs_pass = false;
    }
    operation->unchanged =
        !job->text.failed && job->text.length == end - start && !memcmp(job->text.data, job->tree->source + start, end - start);
    codedb_edit_splice_text(job, operation, start, end);
}

/* All statements of a block by others; its header and the comments there stay. */
static void edit_replace_block(codedb_edit_job *job, codedb_edit_block *block, codedb_edit_operation *operation)
{
    uint32_t start = codedb_edit_start(job, block->items[0]);
    uint32_t end = codedb_edit_before_break(job, edit_block_end(job, block));
    codedb_layout layout = codedb_edit_layout(block, codedb_edit_newline_of(job, block->items[0]));
    codedb_edit_write_code(job, operation, &layout, codedb_edit_spacing(job, block, CODEDB_EDIT_NONE, CODEDB_EDIT_NONE));
    if (!edit_has_statements(job, operation)) {
        codedb_edit_write_slice(job, layout.newline);
        codedb_edit_write_slice(job, block->indent);
        codedb_buffer_append_text(&job->text, "pass");
    }
    operation->unchanged =
        !job->text.failed && job->text.length == end - start && !memcmp(job->text.data, job->tree->source + start, end - start);
    codedb_edit_splice_text(job, operation, start, end);
}

/* ---- Deletion ----------------------------------------------------------------------------------------------------- */

/* Where a deletion begins: at the comment directly above, unless that heads siblings that stay. */
static uint32_t edit_delete_start(const codedb_edit_job *job, const codedb_edit_block *block, uint32_t index, bool keep_comment)
{
    if (keep_comment || block->heads_group[index])
        return codedb_edit_line_start(job, codedb_edit_start(job, block->items[index]));
    return codedb_edit_attached_start(job, block->items[index]);
}

/* The blank lines above the deleted items that end with item `index`; INT_MAX when those open the block. */
static int edit_blank_lines_above(const codedb_edit_job *job, const codedb_edit_block *block, uint32_t index, bool keep_comment)
{
    int count;
    while (index && codedb_edit_is_deleted(job, block->items[index - 1]))
        index--;
    uint32_t limit = index ? codedb_edit_end(job, block->items[index - 1]) : codedb_edit_gap_start(job, block->items[0]);
    uint32_t start = edit_delete_start(job, block, index, keep_comment);
    codedb_edit_blank_lines_before(job, start, limit, &count);
    return !index && start == limit ? INT_MAX : count;
}

/* Extends [*start, *end), a deleted item's lines, by the blank lines that its going makes superfluous: those between it and the
 * next one that goes, those above when nothing is left below, else as many as stand on the other side, too. */
static void edit_take_blank_lines(const codedb_edit_job *job, const codedb_edit_block *block, uint32_t index, bool keep_comment,
                                  uint32_t *start, uint32_t *end)
{
    int count;
    if (index >= block->last_kept) {
        if (index || block->node == 0)
            *start = codedb_edit_blank_lines_before(
                job, *start, index ? codedb_edit_end(job, block->items[index - 1]) : codedb_edit_gap_start(job, block->items[0]),
                &count);
        return;
    }
    codedb_edit_skip_blank_lines(job, *end, &count);
    if (!codedb_edit_is_deleted(job, block->items[index + 1])) {
        int above = edit_blank_lines_above(job, block, index, keep_comment);
        count = count < above ? count : above;
    }
    for (; count > 0; count--)
        *end = codedb_edit_next_line(job, *end);
}

static void edit_delete(codedb_edit_job *job, codedb_edit_block *block, const codedb_edit_operation *operation, uint32_t index)
{
    uint32_t node = block->items[index];
    bool keep_comment = codedb_edit_of(job, operation)->keep_comment != 0;
    uint32_t start = edit_delete_start(job, block, index, keep_comment), end = codedb_edit_end(job, node);
    if (block->needs_pass) {
        block->needs_pass = false;
        codedb_slice indent = codedb_edit_indent_at(job, codedb_edit_start(job, node));
        codedb_edit_write_slice(job, indent);
        codedb_buffer_append_text(&job->text, "pass");
        codedb_edit_splice_text(job, operation, start, codedb_edit_before_break(job, end));
        return;
    }
    edit_take_blank_lines(job, block, index, keep_comment, &start, &end);
    codedb_edit_splice(job, operation, start, end, "", 0);
}

/* ---- A block ------------------------------------------------------------------------------------------------------ */

/* One level of indentation around `node`, by the nearest block; the file's first when that is the module. */
CODEDB_PRIVATE codedb_slice codedb_edit_unit_of(const codedb_edit_job *job, uint32_t node)
{
    uint32_t block = node;
    while (block != CODEDB_EDIT_NONE && codedb_edit_node(job, block)->kind != CODEDB_NODE_INDENTED_BLOCK &&
           codedb_edit_node(job, block)->kind != CODEDB_NODE_MATCH)
        block = job->parents[block];
    uint32_t inner = block == CODEDB_EDIT_NONE ? job->first_block : block;
    if (inner == CODEDB_EDIT_NONE)
        return (codedb_slice){NULL, 0};
    uint32_t item = codedb_edit_node(job, inner)->kind == CODEDB_NODE_MATCH
                        ? codedb_tree_child(job->tree, inner, CODEDB_FIELD_cases)
                        : inner + 1;
    uint32_t header = codedb_edit_node(job, inner)->kind == CODEDB_NODE_MATCH ? inner : job->parents[inner];
    codedb_slice own = codedb_edit_indent_at(job, codedb_edit_start(job, item));
    codedb_slice outer = codedb_edit_indent_at(job, job->tree->tokens[codedb_edit_node(job, header)->first].start);
    if (!codedb_edit_starts_with(own, outer) || own.length == outer.length)
        return (codedb_slice){NULL, 0};
    return (codedb_slice){own.text + outer.length, own.length - outer.length};
}

static void edit_block_read_marks(const codedb_edit_job *job, codedb_edit_block *block)
{
    for (uint32_t i = block->count; i-- > 0;) {
        if (!codedb_edit_is_deleted(job, block->items[i])) {
            block->last_kept = block->last_kept ? block->last_kept : i + 1;
            continue;
        }
        block->heads_group[i] = i + 1 < block->count &&
                                (!codedb_edit_is_deleted(job, block->items[i + 1]) || block->heads_group[i + 1]) &&
                                codedb_edit_are_adjacent(job, block->items[i], block->items[i + 1]);
    }
}

static bool edit_block_begin(codedb_edit_job *job, uint32_t node, codedb_edit_block *block)
{
    *block = (codedb_edit_block){.node = node, .spacing = -1, .indent = {"", 0}, .unit = codedb_edit_unit_of(job, node)};
    for (uint32_t child = node + 1; child < codedb_edit_node(job, node)->end; child = codedb_edit_node(job, child)->end)
        block->count++;
    block->items = codedb_arena_allocate(job->arena, block->count, sizeof *block->items);
    block->heads_group = codedb_arena_allocate(job->arena, block->count, sizeof *block->heads_group);
    if (!block->items || !block->heads_group)
        return false;
    uint32_t count = 0;
    for (uint32_t child = node + 1; child < codedb_edit_node(job, node)->end; child = codedb_edit_node(job, child)->end)
        block->items[count++] = child;
    if (node && count)
        block->indent = codedb_edit_indent_at(job, codedb_edit_start(job, block->items[0]));
    edit_block_read_marks(job, block);
    return true;
}

/* Whether an operation puts a statement into the block, in place of the item or beside it. */
static bool edit_brings_statement(codedb_edit_job *job, uint32_t node)
{
    codedb_edit_operation *operation;
    uint32_t at = job->first_operation[node];
    while ((operation = codedb_edit_next_operation(job, &at)) != NULL)
        if (operation->action != CODEDB_EDIT_DELETE && edit_has_statements(job, operation))
            return true;
    return false;
}

/* Whether an indented block is left without a statement. */
static bool edit_block_is_emptied(codedb_edit_job *job, const codedb_edit_block *block)
{
    if (block->node == 0 || edit_brings_statement(job, block->node))
        return false;
    for (uint32_t i = 0; i < block->count; i++) {
        uint32_t node = block->items[i];
        bool goes = (job->marks[node] & (CODEDB_MARK_DELETED | CODEDB_MARK_REPLACED)) != 0;
        if (!goes || edit_brings_statement(job, node))
            return false;
    }
    return true;
}

static void edit_take_item(codedb_edit_job *job, codedb_edit_block *block, uint32_t index)
{
    codedb_edit_operation *operation;
    uint32_t at = job->first_operation[block->items[index]];
    while ((operation = codedb_edit_next_operation(job, &at)) != NULL) {
        switch (operation->action) {
        case CODEDB_EDIT_INSERT_BEFORE: edit_insert_before(job, block, operation, index); break;
        case CODEDB_EDIT_INSERT_AFTER: edit_insert_after(job, block, operation, index); break;
        case CODEDB_EDIT_REPLACE: edit_replace(job, block, operation, block->items[index]); break;
        case CODEDB_EDIT_DELETE: edit_delete(job, block, operation, index); break;
        default: break;
        }
    }
}

CODEDB_PRIVATE bool codedb_edit_take_block(codedb_edit_job *job, uint32_t node)
{
    codedb_edit_block block;
    if (!edit_block_begin(job, node, &block))
        return false;
    codedb_edit_operation *operation;
    uint32_t at = job->first_operation[node];
    block.needs_pass = !(job->marks[node] & CODEDB_MARK_REPLACED) && edit_block_is_emptied(job, &block);
    while ((operation = codedb_edit_next_operation(job, &at)) != NULL) {
        switch (operation->action) {
        case CODEDB_EDIT_INSERT_FIRST: edit_insert_first(job, &block, operation); break;
        case CODEDB_EDIT_INSERT_LAST: edit_insert_last(job, &block, operation); break;
        case CODEDB_EDIT_REPLACE: edit_replace_block(job, &block, operation); break;
        default: break;
        }
    }
    for (uint32_t i = 0; i < block.count; i++)
        edit_take_item(job, &block, i);
    return true;
}
