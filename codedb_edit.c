/* codedb_edit.c -- an edit of statements and expressions: matches in, byte-range splices out, applied once, parsed once, all or nothing.
 *
 * Called by the host (codedb_tree_edit) and by codedb_source.c. Calls codedb_xpath.c for the matches, codedb_snippet.c for new code,
 * codedb_splice.c and codedb_context.c. Any thread; an edit belongs to one call.
 *
 * Contents: the job · lines and their ends · comments and blank lines above and below · rendering · insertion · replacement ·
 * deletion · clauses · lines of several small statements · a block · targets · overlaps · expressions · items of lists · the edit
 *
 * Invariants
 * 1. All matches are resolved against the one tree that was given; nothing is changed until every edit is planned.
 * 2. A splice covers whole statements or stands between them. What it touches besides: a separator, a blank line, a line break,
 *    `pass` in an emptied block, the layout of a body that stood behind its colon.
 * 3. The edited source is parsed before anybody sees it, and checked for what the compiler refuses in the new parts.
 * 4. Work is linear in nodes plus edits: a block is walked once, whatever the number of operations in it. */
#include "codedb_edit.h"

#include "codedb_selector.h"

#include <limits.h>
#include <string.h>

#define EDIT_NONE UINT32_MAX
#define EDIT_DEFAULT_UNIT "    "

/* ---- The job ------------------------------------------------------------------------------------------------------ */

/* One action on one node. */
typedef struct edit_operation {
    uint32_t edit;
    uint32_t node;
    uint32_t next; /* the next operation on the same node */
    codedb_edit_action action;
    bool dropped;   /* another one that is further out or in stands for it */
    bool unchanged; /* the new code is the old one */
} edit_operation;

enum {
    EDIT_DELETED = 1, /* marks of a node */
    EDIT_REPLACED = 2,
    EDIT_CONCERNED = 4 /* of a block or line: something in it is edited */
};

typedef struct edit_job {
    const codedb_tree *tree;
    codedb_edit *edits;
    size_t edit_count;
    codedb_arena *arena;
    codedb_result *result;
    codedb_snippet **snippets; /* by edit, then by code */
    uint32_t *parents;
    uint32_t *first_operation; /* by node */
    uint8_t *marks;            /* by node */
    edit_operation *operations;
    uint32_t operation_count;
    uint32_t operation_capacity;
    codedb_splices splices;
    codedb_buffer text;   /* of one splice at a time */
    uint32_t first_block; /* the file's first indented one, EDIT_NONE for none */
} edit_job;

/* A list of statements of which some are edited. */
typedef struct edit_block {
    uint32_t node;
    uint32_t *items;
    uint32_t count;
    uint32_t last_kept; /* behind the last item that is not deleted */
    bool *heads_group;  /* of a deleted item: siblings that stay follow it without a blank line */
    codedb_slice indent;
    codedb_slice unit;
    int spacing; /* blank lines around a def or class; negative: not yet looked up */
    bool needs_pass;
} edit_block;

static const codedb_node *edit_node(const edit_job *job, uint32_t node)
{
    return &job->tree->nodes[node];
}

static uint8_t edit_token_kind(const edit_job *job, uint32_t token)
{
    return (uint8_t)job->tree->tokens[token].kind;
}

static bool edit_is_deleted(const edit_job *job, uint32_t node)
{
    return (job->marks[node] & EDIT_DELETED) != 0;
}

static const codedb_edit *edit_of(const edit_job *job, const edit_operation *operation)
{
    return &job->edits[operation->edit];
}

static void edit_splice(edit_job *job, const edit_operation *operation, uint32_t start, uint32_t end, const char *text,
                        size_t length)
{
    codedb_splices_add(&job->splices, (uint32_t)(operation - job->operations), 0, start, end, text, length);
}

/* Replaces [start, end) by what the buffer holds, and empties that. */
static void edit_splice_text(edit_job *job, const edit_operation *operation, uint32_t start, uint32_t end)
{
    job->splices.failed |= job->text.failed;
    edit_splice(job, operation, start, end, job->text.data ? job->text.data : "", job->text.length);
    job->text.length = 0;
}

/* ---- Lines and their ends ----------------------------------------------------------------------------------------- */

static bool edit_is_break(const edit_job *job, uint32_t offset)
{
    return job->tree->source[offset] == '\n' || job->tree->source[offset] == '\r';
}

/* Looked up, as all that is edited may stand on one line. */
static uint32_t edit_line_start(const edit_job *job, uint32_t offset)
{
    const codedb_tree *tree = job->tree;
    if (offset <= tree->text_start || edit_is_break(job, offset - 1))
        return offset;
    return tree->line_starts[codedb_tree_line(tree, offset)];
}

/* Where the line that `offset` is on ends, its line break left out. */
static uint32_t edit_line_break(const edit_job *job, uint32_t offset)
{
    const codedb_tree *tree = job->tree;
    uint32_t line = tree->line_count ? codedb_tree_line(tree, offset) : 0;
    uint32_t end = line + 1 < tree->line_count ? tree->line_starts[line + 1] : tree->length;
    if (end > offset && tree->source[end - 1] == '\n')
        end--;
    return end > offset && tree->source[end - 1] == '\r' ? end - 1 : end;
}

static uint32_t edit_next_line(const edit_job *job, uint32_t offset)
{
    const char *source = job->tree->source;
    offset = edit_line_break(job, offset);
    if (offset == job->tree->length)
        return offset;
    return offset + (source[offset] == '\r' && source[offset + 1] == '\n' ? 2 : 1);
}

static uint32_t edit_skip_blanks(const edit_job *job, uint32_t offset)
{
    const char *source = job->tree->source;
    while (source[offset] == ' ' || source[offset] == '\t' || source[offset] == '\f')
        offset++;
    return offset;
}

static bool edit_is_blank_line(const edit_job *job, uint32_t line_start)
{
    uint32_t at = edit_skip_blanks(job, line_start);
    return at < job->tree->length && (job->tree->source[at] == '\n' || job->tree->source[at] == '\r');
}

static bool edit_is_comment_line(const edit_job *job, uint32_t line_start)
{
    return job->tree->source[edit_skip_blanks(job, line_start)] == '#';
}

/* The first token of a statement, its decorators included. */
static uint32_t edit_first_token(const edit_job *job, uint32_t node)
{
    if (!codedb_node_is_definition(job->tree, node))
        return edit_node(job, node)->first;
    uint32_t decorator = codedb_tree_child(job->tree, node, CODEDB_FIELD_decorators);
    return edit_node(job, decorator == EDIT_NONE ? node : decorator)->first;
}

static uint32_t edit_start(const edit_job *job, uint32_t node)
{
    return job->tree->tokens[edit_first_token(job, node)].start;
}

static codedb_slice edit_indent_at(const edit_job *job, uint32_t offset)
{
    uint32_t start = edit_line_start(job, offset);
    uint32_t end = edit_skip_blanks(job, start);
    return (codedb_slice){job->tree->source + start, (end < offset ? end : offset) - start};
}

/* The NEWLINE token behind a statement. */
static uint32_t edit_newline_token(const edit_job *job, uint32_t node)
{
    uint32_t token = edit_node(job, node)->last;
    while (edit_token_kind(job, token) != CODEDB_TOKEN_NEWLINE)
        token++;
    return token;
}

/* The end of a statement's last token; a semicolon behind it is one. */
static uint32_t edit_content_end(const edit_job *job, uint32_t node)
{
    return codedb_token_end(job->tree, edit_newline_token(job, node) - 1);
}

static bool edit_starts_with(codedb_slice text, codedb_slice prefix)
{
    return text.length >= prefix.length && !memcmp(text.text, prefix.text, prefix.length);
}

/* Behind the comment lines from `offset` on that are indented at least as `indent`, or deeper with `deeper`. */
static uint32_t edit_skip_footer(const edit_job *job, uint32_t offset, codedb_slice indent, bool deeper)
{
    uint32_t kept = offset;
    for (uint32_t at = offset; at < job->tree->length; at = edit_next_line(job, at)) {
        if (edit_is_blank_line(job, at))
            continue;
        codedb_slice own = {job->tree->source + at, edit_skip_blanks(job, at) - at};
        if (!edit_is_comment_line(job, at) || !edit_starts_with(own, indent) || (deeper && own.length == indent.length))
            break;
        kept = edit_next_line(job, at);
    }
    return kept;
}

/* Behind the last line of a statement; comments at the end of its block are in it. */
static uint32_t edit_end(const edit_job *job, uint32_t node)
{
    uint32_t newline = edit_newline_token(job, node);
    uint32_t end = codedb_token_end(job->tree, newline);
    if (edit_token_kind(job, newline + 1) != CODEDB_TOKEN_DEDENT)
        return end;
    if (codedb_node_kind_category((codedb_node_kind)edit_node(job, node)->kind) == CODEDB_CATEGORY_STATEMENT)
        return end;
    return edit_skip_footer(job, end, edit_indent_at(job, job->tree->tokens[edit_node(job, node)->first].start), true);
}

/* The line break at `offset`, or the file's first one, or "\n". */
static codedb_slice edit_newline_at(const edit_job *job, uint32_t offset)
{
    const char *source = job->tree->source;
    if (offset >= job->tree->length || !strchr("\r\n", source[offset]))
        offset = edit_line_break(job, job->tree->text_start);
    if (offset >= job->tree->length)
        return (codedb_slice){"\n", 1};
    return (codedb_slice){source + offset, source[offset] == '\r' && source[offset + 1] == '\n' ? 2 : 1};
}

static codedb_slice edit_newline_of(const edit_job *job, uint32_t node)
{
    return edit_newline_at(job, job->tree->tokens[edit_newline_token(job, node)].start);
}

/* ---- Comments and blank lines above and below --------------------------------------------------------------------- */

/* Where the blank and comment lines above a statement begin. */
static uint32_t edit_gap_start(const edit_job *job, uint32_t node)
{
    uint32_t token = edit_first_token(job, node);
    while (token > 0 && edit_token_kind(job, token - 1) != CODEDB_TOKEN_NEWLINE)
        token--;
    return token ? codedb_token_end(job->tree, token - 1) : job->tree->text_start;
}

static uint32_t edit_previous_line(const edit_job *job, uint32_t line_start)
{
    uint32_t at = line_start - 1;
    if (job->tree->source[at] == '\n' && at > job->tree->text_start && job->tree->source[at - 1] == '\r')
        at--;
    return edit_line_start(job, at);
}

/* The first of the comment lines that stand directly above a statement with its indentation; its own line when there is none. The
 * module's first block of comments is nobody's. */
static uint32_t edit_attached_start(const edit_job *job, uint32_t node)
{
    uint32_t gap = edit_gap_start(job, node), line = edit_line_start(job, edit_start(job, node));
    codedb_slice indent = edit_indent_at(job, edit_start(job, node));
    uint32_t attached = line;
    while (attached > gap) {
        uint32_t above = edit_previous_line(job, attached);
        codedb_slice own = {job->tree->source + above, edit_skip_blanks(job, above) - above};
        if (!edit_is_comment_line(job, above) || own.length != indent.length || !edit_starts_with(own, indent))
            break;
        attached = above;
    }
    if (gap > job->tree->text_start)
        return attached;
    for (uint32_t at = gap; at < attached; at = edit_next_line(job, at))
        if (edit_is_comment_line(job, at))
            return attached;
    return line;
}

/* Behind the blank lines that begin at `offset`. */
static uint32_t edit_skip_blank_lines(const edit_job *job, uint32_t offset, int *count)
{
    for (*count = 0; offset < job->tree->length && edit_is_blank_line(job, offset); ++*count)
        offset = edit_next_line(job, offset);
    return offset;
}

/* Where the blank lines that end at `offset` begin; `limit` is the end of the statement before. */
static uint32_t edit_blank_lines_before(const edit_job *job, uint32_t offset, uint32_t limit, int *count)
{
    *count = 0;
    while (offset > limit) {
        uint32_t above = edit_previous_line(job, offset);
        if (!edit_is_blank_line(job, above))
            break;
        offset = above;
        ++*count;
    }
    return offset;
}

/* Whether no blank line stands between two siblings. */
static bool edit_are_adjacent(const edit_job *job, uint32_t node, uint32_t next)
{
    uint32_t end = edit_line_start(job, edit_start(job, next));
    for (uint32_t at = edit_end(job, node); at < end; at = edit_next_line(job, at))
        if (edit_is_blank_line(job, at))
            return false;
    return true;
}

static int edit_blank_lines_between(const edit_job *job, uint32_t node, uint32_t next)
{
    int count = 0;
    uint32_t end = edit_line_start(job, edit_start(job, next));
    for (uint32_t at = edit_end(job, node); at < end; at = edit_next_line(job, at))
        count += edit_is_blank_line(job, at);
    return count;
}

/* The blank lines around a def or class that is put between items `before` and `next` (EDIT_NONE: none there): as they are at that
 * place, else as at the block's first def, else as the style guide has it. */
static int edit_spacing(const edit_job *job, edit_block *block, uint32_t before, uint32_t next)
{
    const codedb_tree *tree = job->tree;
    if (before != EDIT_NONE && next != EDIT_NONE &&
        (codedb_node_is_definition(tree, before) || codedb_node_is_definition(tree, next)))
        return edit_blank_lines_between(job, before, next);
    if (block->spacing >= 0)
        return block->spacing;
    block->spacing = block->node == 0 ? 2 : 1;
    for (uint32_t i = 1; i < block->count; i++) {
        if (codedb_node_is_definition(tree, block->items[i]) || codedb_node_is_definition(tree, block->items[i - 1])) {
            block->spacing = edit_blank_lines_between(job, block->items[i - 1], block->items[i]);
            break;
        }
    }
    return block->spacing;
}

/* ---- Rendering ---------------------------------------------------------------------------------------------------- */

static bool edit_begins_with_definition(const codedb_snippet *snippet)
{
    return snippet->first != EDIT_NONE && codedb_node_is_definition(snippet->tree, snippet->first);
}

static bool edit_ends_with_definition(const codedb_snippet *snippet)
{
    return snippet->last != EDIT_NONE && codedb_node_is_definition(snippet->tree, snippet->last);
}

static const codedb_snippet *edit_first_snippet(const edit_job *job, const edit_operation *operation)
{
    return &job->snippets[operation->edit][0];
}

static const codedb_snippet *edit_last_snippet(const edit_job *job, const edit_operation *operation)
{
    return &job->snippets[operation->edit][edit_of(job, operation)->code_count - 1];
}

static bool edit_has_statements(const edit_job *job, const edit_operation *operation)
{
    for (size_t i = 0; i < edit_of(job, operation)->code_count; i++)
        if (job->snippets[operation->edit][i].statement_count)
            return true;
    return false;
}

static bool edit_is_inline(const edit_job *job, const edit_operation *operation)
{
    return edit_of(job, operation)->code_count == 1 && edit_first_snippet(job, operation)->is_inline;
}

static void edit_write_newlines(edit_job *job, codedb_slice newline, int count)
{
    for (int i = 0; i < count; i++)
        codedb_buffer_append(&job->text, newline.text, newline.length);
}

static void edit_write_slice(edit_job *job, codedb_slice slice)
{
    codedb_buffer_append(&job->text, slice.text, slice.length);
}

/* Appends all of the operation's new code; blank lines go between two of which one is a def or class. */
static void edit_write_code(edit_job *job, const edit_operation *operation, const codedb_layout *layout, int spacing)
{
    const codedb_edit *edit = edit_of(job, operation);
    codedb_layout own = *layout;
    own.keep_docstring = edit->keep_docstring != 0;
    for (size_t i = 0; i < edit->code_count; i++) {
        const codedb_snippet *snippet = &job->snippets[operation->edit][i];
        if (i) {
            bool apart = edit_begins_with_definition(snippet) || edit_ends_with_definition(snippet - 1);
            edit_write_newlines(job, layout->newline, apart ? spacing + 1 : 1);
            edit_write_slice(job, layout->indent);
            own.comment.length = 0;
        }
        codedb_snippet_render(snippet, &own, &job->text);
    }
}

static codedb_layout edit_layout(const edit_block *block, codedb_slice newline)
{
    return (codedb_layout){.indent = block->indent, .unit = block->unit, .newline = newline};
}

/* ---- Insertion ---------------------------------------------------------------------------------------------------- */

/* Puts the code at the line start `offset`, between the items `before` and `next`, with blank lines as they are due. */
static void edit_insert(edit_job *job, edit_block *block, const edit_operation *operation, uint32_t offset, uint32_t before,
                        uint32_t next, codedb_slice newline)
{
    const codedb_tree *tree = job->tree;
    int spacing = edit_spacing(job, block, before, next), above, below;
    uint32_t limit = before == EDIT_NONE ? offset : edit_end(job, before);
    edit_blank_lines_before(job, offset, limit, &above);
    edit_skip_blank_lines(job, offset, &below);
    bool apart = before != EDIT_NONE &&
                 (codedb_node_is_definition(tree, before) || edit_begins_with_definition(edit_first_snippet(job, operation)));
    bool apart_below = next != EDIT_NONE &&
                       (codedb_node_is_definition(tree, next) || edit_ends_with_definition(edit_last_snippet(job, operation)));
    bool open_end = offset == tree->length && offset > tree->text_start && !strchr("\r\n", tree->source[offset - 1]);
    codedb_layout layout = edit_layout(block, newline);
    edit_write_newlines(job, newline, (open_end ? 1 : 0) + (apart && spacing > above ? spacing - above : 0));
    edit_write_slice(job, block->indent);
    edit_write_code(job, operation, &layout, spacing);
    edit_write_newlines(job, newline, (open_end ? 0 : 1) + (apart_below && spacing > below ? spacing - below : 0));
    job->splices.failed |= job->text.failed;
    if (!job->text.failed)
        codedb_splices_add(&job->splices, (uint32_t)(operation - job->operations), (uint32_t)block->indent.length, offset, offset,
                           job->text.data, job->text.length);
    job->text.length = 0;
}

static void edit_insert_before(edit_job *job, edit_block *block, const edit_operation *operation, uint32_t index)
{
    uint32_t node = block->items[index];
    edit_insert(job, block, operation, edit_attached_start(job, node), index ? block->items[index - 1] : EDIT_NONE, node,
                edit_newline_of(job, node));
}

static void edit_insert_after(edit_job *job, edit_block *block, const edit_operation *operation, uint32_t index)
{
    uint32_t node = block->items[index];
    edit_insert(job, block, operation, edit_end(job, node), node, index + 1 < block->count ? block->items[index + 1] : EDIT_NONE,
                edit_newline_of(job, node));
}

/* Whether an item of the module may not have anything but its like before it: the docstring, `from __future__`. */
static bool edit_is_prologue(const edit_job *job, const edit_block *block, uint32_t index)
{
    uint32_t node = block->items[index];
    if (edit_node(job, node)->kind != CODEDB_NODE_SIMPLE_STATEMENT_LINE)
        return false;
    if (block->node == 0 && codedb_context_is_future(job->tree, node + 1))
        return true;
    uint32_t owner = block->node == 0 ? 0 : job->parents[block->node];
    bool has_docstring = owner == 0 || codedb_node_is_definition(job->tree, owner);
    return index == 0 && has_docstring && codedb_docstring_statement(job->tree, owner) == node + 1;
}

static void edit_insert_first(edit_job *job, edit_block *block, const edit_operation *operation)
{
    uint32_t index = 0;
    while (index < block->count && edit_is_prologue(job, block, index))
        index++;
    if (index)
        edit_insert_after(job, block, operation, index - 1);
    else if (block->count)
        edit_insert_before(job, block, operation, 0);
    else
        edit_insert(job, block, operation, job->tree->length, EDIT_NONE, EDIT_NONE, edit_newline_at(job, 0));
}

/* Behind the comments at the end of the block. */
static uint32_t edit_block_end(const edit_job *job, const edit_block *block)
{
    if (!block->count || block->node == 0)
        return job->tree->length;
    return edit_skip_footer(job, edit_end(job, block->items[block->count - 1]), block->indent, false);
}

static void edit_insert_last(edit_job *job, edit_block *block, const edit_operation *operation)
{
    uint32_t last = block->count ? block->items[block->count - 1] : EDIT_NONE;
    codedb_slice newline = last == EDIT_NONE ? edit_newline_at(job, 0) : edit_newline_of(job, last);
    edit_insert(job, block, operation, edit_block_end(job, block), last, EDIT_NONE, newline);
}

/* ---- Replacement -------------------------------------------------------------------------------------------------- */

/* The offset without the line break before it. */
static uint32_t edit_before_break(const edit_job *job, uint32_t offset)
{
    const char *source = job->tree->source;
    if (offset > job->tree->text_start && source[offset - 1] == '\n')
        offset--;
    if (offset > job->tree->text_start && source[offset - 1] == '\r')
        offset--;
    return offset;
}

/* Decorators stay when a decorated definition is replaced by exactly one without. */
static uint32_t edit_replace_start(const edit_job *job, const edit_operation *operation, uint32_t node)
{
    const codedb_edit *edit = edit_of(job, operation);
    const codedb_snippet *snippet = edit_first_snippet(job, operation);
    if (codedb_node_is_definition(job->tree, node) && !edit->drop_decorators && edit->code_count == 1 &&
        snippet->statement_count == 1 && codedb_node_is_definition(snippet->tree, snippet->first) &&
        codedb_tree_child(snippet->tree, snippet->first, CODEDB_FIELD_decorators) == EDIT_NONE)
        return job->tree->tokens[edit_node(job, node)->first].start;
    return edit_start(job, node);
}

static bool edit_is_one_logical_line(const edit_job *job, uint32_t node)
{
    uint32_t token = edit_node(job, node)->first;
    while (edit_token_kind(job, token) != CODEDB_TOKEN_NEWLINE)
        token++;
    return token >= edit_node(job, node)->last;
}

static void edit_replace(edit_job *job, edit_block *block, edit_operation *operation, uint32_t node)
{
    const codedb_edit *edit = edit_of(job, operation);
    const codedb_snippet *first = edit_first_snippet(job, operation);
    uint32_t start = edit_replace_start(job, operation, node), end;
    codedb_layout layout = edit_layout(block, edit_newline_of(job, node));
    if (edit_is_one_logical_line(job, node)) {
        uint32_t content_end = edit_content_end(job, node);
        end = job->tree->tokens[edit_newline_token(job, node)].start;
        codedb_slice comment = {job->tree->source + content_end, end - content_end};
        if (!memchr(comment.text, '#', comment.length))
            end = content_end;
        else if (!edit->drop_comments && !first->has_line_comment && first->first != EDIT_NONE)
            layout.comment = comment;
    } else {
        end = edit_before_break(job, edit_end(job, node));
    }
    edit_write_code(job, operation, &layout, edit_spacing(job, block, EDIT_NONE, EDIT_NONE));
    if (block->needs_pass) {
        edit_write_slice(job, layout.newline);
        edit_write_slice(job, block->indent);
        codedb_buffer_append_text(&job->text, "pass");
        block->needs_pass = false;
    }
    operation->unchanged =
        !job->text.failed && job->text.length == end - start && !memcmp(job->text.data, job->tree->source + start, end - start);
    edit_splice_text(job, operation, start, end);
}

/* All statements of a block by others; its header and the comments there stay. */
static void edit_replace_block(edit_job *job, edit_block *block, edit_operation *operation)
{
    uint32_t start = edit_start(job, block->items[0]);
    uint32_t end = edit_before_break(job, edit_block_end(job, block));
    codedb_layout layout = edit_layout(block, edit_newline_of(job, block->items[0]));
    edit_write_code(job, operation, &layout, edit_spacing(job, block, EDIT_NONE, EDIT_NONE));
    if (!edit_has_statements(job, operation)) {
        edit_write_slice(job, layout.newline);
        edit_write_slice(job, block->indent);
        codedb_buffer_append_text(&job->text, "pass");
    }
    operation->unchanged =
        !job->text.failed && job->text.length == end - start && !memcmp(job->text.data, job->tree->source + start, end - start);
    edit_splice_text(job, operation, start, end);
}

/* ---- Deletion ----------------------------------------------------------------------------------------------------- */

/* Where a deletion begins: at the comment directly above, unless that heads siblings that stay. */
static uint32_t edit_delete_start(const edit_job *job, const edit_block *block, uint32_t index, bool keep_comment)
{
    if (keep_comment || block->heads_group[index])
        return edit_line_start(job, edit_start(job, block->items[index]));
    return edit_attached_start(job, block->items[index]);
}

/* The blank lines above the deleted items that end with item `index`; INT_MAX when those open the block. */
static int edit_blank_lines_above(const edit_job *job, const edit_block *block, uint32_t index, bool keep_comment)
{
    int count;
    while (index && edit_is_deleted(job, block->items[index - 1]))
        index--;
    uint32_t limit = index ? edit_end(job, block->items[index - 1]) : edit_gap_start(job, block->items[0]);
    uint32_t start = edit_delete_start(job, block, index, keep_comment);
    edit_blank_lines_before(job, start, limit, &count);
    return !index && start == limit ? INT_MAX : count;
}

/* Extends [*start, *end), a deleted item's lines, by the blank lines that its going makes superfluous: those between it and the
 * next one that goes, those above when nothing is left below, else as many as stand on the other side, too. */
static void edit_take_blank_lines(const edit_job *job, const edit_block *block, uint32_t index, bool keep_comment,
                                  uint32_t *start, uint32_t *end)
{
    int count;
    if (index >= block->last_kept) {
        if (index || block->node == 0)
            *start = edit_blank_lines_before(
                job, *start, index ? edit_end(job, block->items[index - 1]) : edit_gap_start(job, block->items[0]), &count);
        return;
    }
    edit_skip_blank_lines(job, *end, &count);
    if (!edit_is_deleted(job, block->items[index + 1])) {
        int above = edit_blank_lines_above(job, block, index, keep_comment);
        count = count < above ? count : above;
    }
    for (; count > 0; count--)
        *end = edit_next_line(job, *end);
}

static void edit_delete(edit_job *job, edit_block *block, const edit_operation *operation, uint32_t index)
{
    uint32_t node = block->items[index];
    bool keep_comment = edit_of(job, operation)->keep_comment != 0;
    uint32_t start = edit_delete_start(job, block, index, keep_comment), end = edit_end(job, node);
    if (block->needs_pass) {
        block->needs_pass = false;
        codedb_slice indent = edit_indent_at(job, edit_start(job, node));
        edit_write_slice(job, indent);
        codedb_buffer_append_text(&job->text, "pass");
        edit_splice_text(job, operation, start, edit_before_break(job, end));
        return;
    }
    edit_take_blank_lines(job, block, index, keep_comment, &start, &end);
    /* The file still ends without a line break when it did. */
    if (end == job->tree->length && !strchr("\r\n", job->tree->source[end - 1]))
        start = edit_before_break(job, start);
    edit_splice(job, operation, start, end, "", 0);
}

/* ---- Clauses ------------------------------------------------------------------------------------------------------ */

static bool edit_is_elif(const edit_job *job, uint32_t node)
{
    return edit_node(job, node)->kind == CODEDB_NODE_IF && edit_node(job, node)->field == CODEDB_FIELD_orelse;
}

/* Decorator, else, elif, handler, finally, case: lines of their own that belong to a statement. */
static bool edit_is_clause(const edit_job *job, uint32_t node)
{
    switch (edit_node(job, node)->kind) {
    case CODEDB_NODE_DECORATOR:
    case CODEDB_NODE_EXCEPT_HANDLER:
    case CODEDB_NODE_EXCEPT_STAR_HANDLER:
    case CODEDB_NODE_FINALLY:
    case CODEDB_NODE_MATCH_CASE: return true;
    case CODEDB_NODE_ELSE: return true;
    default: return edit_is_elif(job, node);
    }
}

/* The node's children in that role that are not deleted. */
static uint32_t edit_count_kept(const edit_job *job, uint32_t node, codedb_node_field field)
{
    uint32_t count = 0;
    for (uint32_t child = node + 1; child < edit_node(job, node)->end; child = edit_node(job, child)->end)
        count += edit_node(job, child)->field == field && !edit_is_deleted(job, child);
    return count;
}

/* Why the statement cannot be without this clause; NULL when it can. */
static const char *edit_clause_fault(const edit_job *job, uint32_t clause)
{
    uint32_t statement = job->parents[clause];
    switch (edit_node(job, clause)->kind) {
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

static codedb_code edit_fail_node(const edit_job *job, codedb_code code, uint32_t node, const char *message)
{
    uint32_t start, end;
    codedb_tree_position(job->tree, node, &start, &end);
    codedb_place place = codedb_tree_place(job->tree, start);
    return codedb_fail_at(job->result, code, start, end - start, place.line, place.column, "%s at line %u: %s",
                          codedb_node_kind_name((codedb_node_kind)edit_node(job, node)->kind), place.line, message);
}

static codedb_code edit_delete_clause(edit_job *job, const edit_operation *operation)
{
    uint32_t node = operation->node, last = node;
    const char *fault = edit_clause_fault(job, node);
    if (fault)
        return edit_fail_node(job, CODEDB_VALIDATION_ERROR, node, fault);
    /* The rest of an elif's chain stays. */
    if (edit_is_elif(job, node))
        last = codedb_tree_child(job->tree, node, CODEDB_FIELD_body);
    uint32_t start = edit_line_start(job, edit_start(job, node));
    uint32_t newline = edit_newline_token(job, last);
    uint32_t end = codedb_token_end(job->tree, newline);
    if (edit_token_kind(job, newline + 1) == CODEDB_TOKEN_DEDENT)
        end = edit_skip_footer(job, end, edit_indent_at(job, edit_start(job, node)), true);
    if (end == job->tree->length && !strchr("\r\n", job->tree->source[end - 1]))
        start = edit_before_break(job, start);
    edit_splice(job, operation, start, end, "", 0);
    return CODEDB_SUCCESS;
}

/* ---- Lines of several small statements ---------------------------------------------------------------------------- */

/* A line being written anew: `a; b`, or what stands behind a colon. */
typedef struct edit_line {
    edit_block block; /* the layout of lines made of it */
    codedb_slice newline;
    bool is_suite;
    bool becomes_block; /* a suite that gets lines of its own */
    bool is_open;       /* the last thing written is an old statement or stands in the place of one */
    bool ends_in_comment;
    uint32_t previous; /* the item written last */
} edit_line;

static edit_operation *edit_next_operation(edit_job *job, uint32_t *at)
{
    while (*at != EDIT_NONE) {
        edit_operation *operation = &job->operations[*at];
        *at = operation->next;
        if (!operation->dropped)
            return operation;
    }
    return NULL;
}

/* The first operation on a node or, of a line, on one of its items. */
static edit_operation *edit_any_operation(edit_job *job, uint32_t line)
{
    for (uint32_t node = line; node < edit_node(job, line)->end; node++) {
        uint32_t at = job->first_operation[node];
        edit_operation *operation = edit_next_operation(job, &at);
        if (operation)
            return operation;
    }
    return NULL;
}

/* Begins a new line, unless what is written first stays where the old line began. */
static void edit_line_feed(edit_job *job, const edit_line *line)
{
    if (!job->text.length && !line->becomes_block)
        return;
    edit_write_slice(job, line->newline);
    edit_write_slice(job, line->block.indent);
}

static void edit_line_write_code(edit_job *job, edit_line *line, const edit_operation *operation)
{
    codedb_layout layout = edit_layout(&line->block, line->newline);
    edit_line_feed(job, line);
    edit_write_code(job, operation, &layout, 1);
    line->is_open = false;
    line->ends_in_comment = edit_last_snippet(job, operation)->ends_in_comment;
}

/* Writes an item, or `operation`'s code in its place, on the line that is open. */
static void edit_line_write_item(edit_job *job, edit_line *line, uint32_t item, const edit_operation *operation)
{
    const codedb_tree *tree = job->tree;
    if (line->is_open) {
        uint32_t start = codedb_token_end(tree, edit_node(job, line->previous)->last - 1);
        uint32_t next = edit_node(job, line->previous)->end;
        codedb_buffer_append(&job->text, tree->source + start, tree->tokens[edit_node(job, next)->first].start - start);
    } else {
        edit_line_feed(job, line);
    }
    if (operation) {
        codedb_layout layout = edit_layout(&line->block, line->newline);
        edit_write_code(job, operation, &layout, 0);
    } else {
        uint32_t start = tree->tokens[edit_node(job, item)->first].start;
        codedb_buffer_append(&job->text, tree->source + start, codedb_token_end(tree, edit_node(job, item)->last - 1) - start);
    }
    line->is_open = true;
    line->ends_in_comment = false;
    line->previous = item;
}

/* Writes what comes of one item: code before it, itself or what replaces it, code behind it. */
static void edit_line_take_item(edit_job *job, edit_line *line, uint32_t item)
{
    edit_operation *replacing = NULL, *operation;
    uint32_t at = job->first_operation[item];
    while ((operation = edit_next_operation(job, &at)) != NULL) {
        if (operation->action == CODEDB_EDIT_INSERT_BEFORE)
            edit_line_write_code(job, line, operation);
        if (operation->action == CODEDB_EDIT_REPLACE)
            replacing = operation;
    }
    if (replacing && !edit_is_inline(job, replacing))
        edit_line_write_code(job, line, replacing);
    else if (!edit_is_deleted(job, item))
        edit_line_write_item(job, line, item, replacing);
    at = job->first_operation[item];
    while ((operation = edit_next_operation(job, &at)) != NULL)
        if (operation->action == CODEDB_EDIT_INSERT_AFTER)
            edit_line_write_code(job, line, operation);
}

/* Whether new code needs a line of its own. */
static bool edit_line_needs_lines(edit_job *job, uint32_t line)
{
    for (uint32_t node = line; node < edit_node(job, line)->end; node = node == line ? node + 1 : edit_node(job, node)->end) {
        edit_operation *operation;
        uint32_t at = job->first_operation[node];
        while ((operation = edit_next_operation(job, &at)) != NULL)
            if (operation->action != CODEDB_EDIT_DELETE &&
                (operation->action != CODEDB_EDIT_REPLACE || !edit_is_inline(job, operation)))
                return true;
    }
    return false;
}

/* The operations on a suite itself: all of it replaced, or code put first or last. */
static void edit_line_take_suite(edit_job *job, edit_line *line, uint32_t suite, codedb_edit_action action)
{
    edit_operation *operation;
    uint32_t at = job->first_operation[suite];
    while ((operation = edit_next_operation(job, &at)) != NULL) {
        if (operation->action != action)
            continue;
        if (action == CODEDB_EDIT_REPLACE && edit_is_inline(job, operation))
            edit_line_write_item(job, line, suite + 1, operation);
        else
            edit_line_write_code(job, line, operation);
    }
}

static codedb_slice edit_unit_or_default(codedb_slice unit)
{
    return unit.text ? unit : (codedb_slice){EDIT_DEFAULT_UNIT, strlen(EDIT_DEFAULT_UNIT)};
}

static codedb_slice edit_deeper_indent(edit_job *job, codedb_slice indent, codedb_slice unit)
{
    char *text = codedb_arena_allocate(job->arena, indent.length + unit.length + 1, 1);
    if (!text) {
        job->splices.failed = true;
        return (codedb_slice){"", 0};
    }
    memcpy(text, indent.text, indent.length);
    memcpy(text + indent.length, unit.text, unit.length);
    return (codedb_slice){text, indent.length + unit.length};
}

static codedb_slice edit_unit_of(const edit_job *job, uint32_t node);

static edit_line edit_line_begin(edit_job *job, uint32_t node)
{
    bool is_suite = edit_node(job, node)->kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE;
    edit_line line = {.is_suite = is_suite, .newline = edit_newline_of(job, node), .previous = EDIT_NONE};
    uint32_t owner = is_suite ? job->parents[node] : node;
    line.block = (edit_block){.node = node,
                              .indent = edit_indent_at(job, job->tree->tokens[edit_node(job, owner)->first].start),
                              .unit = edit_unit_of(job, node),
                              .spacing = 1};
    line.becomes_block = is_suite && edit_line_needs_lines(job, node);
    if (is_suite) {
        line.block.unit = edit_unit_or_default(line.block.unit);
        line.block.indent = edit_deeper_indent(job, line.block.indent, line.block.unit);
    }
    return line;
}

/* Where the text ends that is written anew: the trailing semicolon goes when the last of it is no small statement of old, and the
 * comment when the new code brings its own. */
static uint32_t edit_line_end(const edit_job *job, const edit_line *line, uint32_t node)
{
    uint32_t last = edit_node(job, node)->last;
    if (line->ends_in_comment)
        return job->tree->tokens[edit_newline_token(job, node)].start;
    return line->is_open ? codedb_token_end(job->tree, last - 1) : edit_content_end(job, node);
}

/* Writes a line with edited items anew. A line whose items are all deleted was marked as deleted before; a suite gets `pass`. */
static void edit_rewrite_line(edit_job *job, uint32_t node)
{
    edit_operation *operation = edit_any_operation(job, node);
    if (!operation || edit_is_deleted(job, node))
        return;
    edit_line line = edit_line_begin(job, node);
    uint32_t first = edit_node(job, node)->first;
    edit_line_take_suite(job, &line, node, CODEDB_EDIT_INSERT_FIRST);
    if (job->marks[node] & EDIT_REPLACED)
        edit_line_take_suite(job, &line, node, CODEDB_EDIT_REPLACE);
    else
        for (uint32_t item = node + 1; item < edit_node(job, node)->end; item = edit_node(job, item)->end)
            edit_line_take_item(job, &line, item);
    edit_line_take_suite(job, &line, node, CODEDB_EDIT_INSERT_LAST);
    if (!job->text.length)
        codedb_buffer_append_text(&job->text, "pass");
    uint32_t start = line.becomes_block ? codedb_token_end(job->tree, first - 1) : job->tree->tokens[first].start;
    uint32_t end = edit_line_end(job, &line, node);
    operation->unchanged =
        !job->text.failed && job->text.length == end - start && !memcmp(job->text.data, job->tree->source + start, end - start);
    edit_splice_text(job, operation, start, end);
}

/* ---- A block ------------------------------------------------------------------------------------------------------ */

/* One level of indentation around `node`, by the nearest block; the file's first when that is the module. */
static codedb_slice edit_unit_of(const edit_job *job, uint32_t node)
{
    uint32_t block = node;
    while (block != EDIT_NONE && edit_node(job, block)->kind != CODEDB_NODE_INDENTED_BLOCK &&
           edit_node(job, block)->kind != CODEDB_NODE_MATCH)
        block = job->parents[block];
    uint32_t inner = block == EDIT_NONE ? job->first_block : block;
    if (inner == EDIT_NONE)
        return (codedb_slice){NULL, 0};
    uint32_t item =
        edit_node(job, inner)->kind == CODEDB_NODE_MATCH ? codedb_tree_child(job->tree, inner, CODEDB_FIELD_cases) : inner + 1;
    uint32_t header = edit_node(job, inner)->kind == CODEDB_NODE_MATCH ? inner : job->parents[inner];
    codedb_slice own = edit_indent_at(job, edit_start(job, item));
    codedb_slice outer = edit_indent_at(job, job->tree->tokens[edit_node(job, header)->first].start);
    if (!edit_starts_with(own, outer) || own.length == outer.length)
        return (codedb_slice){NULL, 0};
    return (codedb_slice){own.text + outer.length, own.length - outer.length};
}

static void edit_block_read_marks(const edit_job *job, edit_block *block)
{
    for (uint32_t i = block->count; i-- > 0;) {
        if (!edit_is_deleted(job, block->items[i])) {
            block->last_kept = block->last_kept ? block->last_kept : i + 1;
            continue;
        }
        block->heads_group[i] = i + 1 < block->count &&
                                (!edit_is_deleted(job, block->items[i + 1]) || block->heads_group[i + 1]) &&
                                edit_are_adjacent(job, block->items[i], block->items[i + 1]);
    }
}

static bool edit_block_begin(edit_job *job, uint32_t node, edit_block *block)
{
    *block = (edit_block){.node = node, .spacing = -1, .indent = {"", 0}, .unit = edit_unit_of(job, node)};
    for (uint32_t child = node + 1; child < edit_node(job, node)->end; child = edit_node(job, child)->end)
        block->count++;
    block->items = codedb_arena_allocate(job->arena, block->count, sizeof *block->items);
    block->heads_group = codedb_arena_allocate(job->arena, block->count, sizeof *block->heads_group);
    if (!block->items || !block->heads_group)
        return false;
    uint32_t count = 0;
    for (uint32_t child = node + 1; child < edit_node(job, node)->end; child = edit_node(job, child)->end)
        block->items[count++] = child;
    if (node && count)
        block->indent = edit_indent_at(job, edit_start(job, block->items[0]));
    edit_block_read_marks(job, block);
    return true;
}

/* Whether an operation puts a statement into the block, in place of the item or beside it. */
static bool edit_brings_statement(edit_job *job, uint32_t node)
{
    edit_operation *operation;
    uint32_t at = job->first_operation[node];
    while ((operation = edit_next_operation(job, &at)) != NULL)
        if (operation->action != CODEDB_EDIT_DELETE && edit_has_statements(job, operation))
            return true;
    return false;
}

/* Whether an indented block is left without a statement. */
static bool edit_block_is_emptied(edit_job *job, const edit_block *block)
{
    if (block->node == 0 || edit_brings_statement(job, block->node))
        return false;
    for (uint32_t i = 0; i < block->count; i++) {
        uint32_t node = block->items[i];
        bool goes = (job->marks[node] & (EDIT_DELETED | EDIT_REPLACED)) != 0;
        if (!goes || edit_brings_statement(job, node))
            return false;
    }
    return true;
}

static void edit_take_item(edit_job *job, edit_block *block, uint32_t index)
{
    edit_operation *operation;
    uint32_t at = job->first_operation[block->items[index]];
    while ((operation = edit_next_operation(job, &at)) != NULL) {
        switch (operation->action) {
        case CODEDB_EDIT_INSERT_BEFORE: edit_insert_before(job, block, operation, index); break;
        case CODEDB_EDIT_INSERT_AFTER: edit_insert_after(job, block, operation, index); break;
        case CODEDB_EDIT_REPLACE: edit_replace(job, block, operation, block->items[index]); break;
        case CODEDB_EDIT_DELETE: edit_delete(job, block, operation, index); break;
        default: break;
        }
    }
}

static bool edit_take_block(edit_job *job, uint32_t node)
{
    edit_block block;
    if (!edit_block_begin(job, node, &block))
        return false;
    edit_operation *operation;
    uint32_t at = job->first_operation[node];
    block.needs_pass = !(job->marks[node] & EDIT_REPLACED) && edit_block_is_emptied(job, &block);
    while ((operation = edit_next_operation(job, &at)) != NULL) {
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

/* ---- Targets ------------------------------------------------------------------------------------------------------ */

static bool edit_is_small(const edit_job *job, uint32_t node)
{
    return codedb_node_kind_category((codedb_node_kind)edit_node(job, node)->kind) == CODEDB_CATEGORY_SMALL_STATEMENT;
}

static bool edit_is_line_statement(const edit_job *job, uint32_t node)
{
    codedb_node_category category = codedb_node_kind_category((codedb_node_kind)edit_node(job, node)->kind);
    return (category == CODEDB_CATEGORY_STATEMENT || category == CODEDB_CATEGORY_COMPOUND_STATEMENT) && !edit_is_elif(job, node);
}

/* The node on which an action on `node` really works: a small statement alone on its line is the line, an expression that is a whole
 * statement goes as one, and "inside a statement" is inside its body. */
static uint32_t edit_lift(const edit_job *job, uint32_t node, codedb_edit_action action)
{
    bool inside = action == CODEDB_EDIT_INSERT_FIRST || action == CODEDB_EDIT_INSERT_LAST;
    if (inside) {
        uint8_t kind = edit_node(job, node)->kind;
        if (kind == CODEDB_NODE_MODULE || kind == CODEDB_NODE_INDENTED_BLOCK || kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE)
            return node;
        uint32_t body = codedb_tree_child(job->tree, node, CODEDB_FIELD_body);
        return body != EDIT_NONE && (edit_node(job, body)->kind == CODEDB_NODE_INDENTED_BLOCK ||
                                     edit_node(job, body)->kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE)
                   ? body
                   : node;
    }
    if (action != CODEDB_EDIT_REPLACE && node && edit_node(job, job->parents[node])->kind == CODEDB_NODE_EXPR)
        node = job->parents[node];
    if (action == CODEDB_EDIT_DELETE && node && codedb_list_is_item(job->tree, job->parents, job->parents[node]) &&
        edit_node(job, node)->field == CODEDB_FIELD_value && edit_node(job, job->parents[node])->kind != CODEDB_NODE_DICT_ELEMENT)
        return job->parents[node];
    if (edit_is_small(job, node)) {
        uint32_t line = job->parents[node];
        if (edit_node(job, line)->kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE &&
            edit_node(job, node)->end == edit_node(job, line)->end && line + 1 == node)
            return line;
    }
    return node;
}

/* Why the action cannot be done on the (lifted) node; NULL when it can. */
static const char *edit_target_fault(const edit_job *job, uint32_t node, codedb_edit_action action)
{
    uint8_t kind = edit_node(job, node)->kind;
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
    if (edit_is_clause(job, node))
        return action == CODEDB_EDIT_DELETE ? NULL : "a clause or decorator can be deleted, or its body be replaced";
    return "only statements, bodies, clauses, decorators, expressions and items of lists can be edited";
}

static bool edit_add_operation(edit_job *job, uint32_t edit, uint32_t node)
{
    if (job->operation_count == job->operation_capacity) {
        uint32_t capacity = 2 * job->operation_capacity + 16;
        edit_operation *operations = codedb_arena_allocate(job->arena, capacity, sizeof *operations);
        if (!operations)
            return false;
        if (job->operation_count)
            memcpy(operations, job->operations, job->operation_count * sizeof *operations);
        job->operations = operations;
        job->operation_capacity = capacity;
    }
    uint32_t number = job->operation_count++, *link = &job->first_operation[node];
    job->operations[number] = (edit_operation){.edit = edit, .node = node, .next = EDIT_NONE, .action = job->edits[edit].action};
    while (*link != EDIT_NONE)
        link = &job->operations[*link].next;
    *link = number;
    return true;
}

/* Finds what one edit is about. */
static codedb_code edit_resolve(edit_job *job, uint32_t number)
{
    const codedb_edit *edit = &job->edits[number];
    uint32_t *nodes = NULL, count = 0, before = EDIT_NONE;
    codedb_code code = codedb_xpath_select(job->tree, &edit->filter, &nodes, &count, job->result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (!count)
        code = codedb_fail(job->result, CODEDB_NOT_FOUND, "the selector %s finds nothing", codedb_filter_text(&edit->filter));
    for (uint32_t i = 0; i < count && code == CODEDB_SUCCESS; i++) {
        uint32_t node = edit_lift(job, nodes[i], edit->action);
        const char *fault = edit_target_fault(job, node, edit->action);
        if (fault)
            code = edit_fail_node(job, CODEDB_VALIDATION_ERROR, nodes[i], fault);
        else if (node != before && !edit_add_operation(job, number, node))
            code = codedb_fail_no_memory(job->result);
        before = node;
    }
    codedb_memory_release(&job->tree->allocator, nodes);
    return code;
}

/* ---- Overlaps ----------------------------------------------------------------------------------------------------- */

static void edit_drop_operations(edit_job *job, uint32_t node)
{
    for (uint32_t at = job->first_operation[node]; at != EDIT_NONE; at = job->operations[at].next)
        job->operations[at].dropped = true;
    job->marks[node] = 0;
}

/* Marks what becomes of a node by its own operations. A second deletion is none; a second replacement is an overlap. */
static codedb_code edit_mark(edit_job *job, uint32_t node)
{
    edit_operation *operation;
    uint32_t at = job->first_operation[node];
    while ((operation = edit_next_operation(job, &at)) != NULL) {
        if (operation->action != CODEDB_EDIT_DELETE && operation->action != CODEDB_EDIT_REPLACE)
            continue;
        uint8_t mark = operation->action == CODEDB_EDIT_DELETE ? EDIT_DELETED : EDIT_REPLACED;
        if (mark == EDIT_DELETED && job->marks[node] == EDIT_DELETED)
            operation->dropped = true;
        else if (job->marks[node])
            return edit_fail_node(job, CODEDB_OVERLAP, node, "two edits replace or delete the same node");
        job->marks[node] |= mark;
    }
    return CODEDB_SUCCESS;
}

static codedb_overlap edit_overlap_of(edit_job *job, uint32_t node)
{
    edit_operation *operation;
    uint32_t at = job->first_operation[node];
    while ((operation = edit_next_operation(job, &at)) != NULL)
        if (edit_of(job, operation)->overlap != CODEDB_OVERLAP_ERROR)
            return edit_of(job, operation)->overlap;
    return CODEDB_OVERLAP_ERROR;
}

/* Settles what is to be done with a node inside one that is replaced or deleted. */
static codedb_code edit_settle(edit_job *job, uint32_t outer, uint32_t inner)
{
    codedb_overlap overlap = CODEDB_OVERLAP_OUTERMOST;
    if (job->marks[outer] & EDIT_REPLACED) {
        overlap = edit_overlap_of(job, outer);
        if (overlap == CODEDB_OVERLAP_ERROR)
            overlap = edit_overlap_of(job, inner);
    }
    if (overlap == CODEDB_OVERLAP_ERROR)
        return edit_fail_node(job, CODEDB_OVERLAP, inner,
                              "it is inside a node that is replaced; choose the outermost or the innermost");
    edit_drop_operations(job, overlap == CODEDB_OVERLAP_OUTERMOST ? inner : outer);
    return CODEDB_SUCCESS;
}

/* Marks all nodes with operations, and lets none stand inside one that goes. */
static codedb_code edit_check_overlaps(edit_job *job)
{
    /* Replaced and deleted nodes around the current one, outermost first, linked through this array. */
    uint32_t *around = codedb_arena_allocate(job->arena, job->operation_count + 1, sizeof *around);
    uint32_t depth = 0;
    if (!around)
        return codedb_fail_no_memory(job->result);
    for (uint32_t node = 0; node < job->tree->node_count; node++) {
        while (depth && edit_node(job, around[depth - 1])->end <= node)
            depth--;
        if (job->first_operation[node] == EDIT_NONE)
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

/* ---- Expressions -------------------------------------------------------------------------------------------------- */

static bool edit_is_expression(const edit_job *job, uint32_t node)
{
    return codedb_node_kind_category((codedb_node_kind)edit_node(job, node)->kind) == CODEDB_CATEGORY_EXPRESSION;
}

/* An expression by another, on the line where it stands. */
static codedb_code edit_replace_expression(edit_job *job, edit_operation *operation)
{
    uint32_t start, end, node = operation->node;
    const codedb_snippet *snippet = edit_first_snippet(job, operation);
    if (edit_of(job, operation)->code_count != 1)
        return edit_fail_node(job, CODEDB_VALIDATION_ERROR, node, "one expression can be replaced only by one");
    if (codedb_operand_of(snippet) == EDIT_NONE)
        return edit_fail_node(
            job, CODEDB_PARSE_ERROR, node,
            "an expression can be replaced only by an expression; to replace by statements select the statement");
    const char *fault = codedb_operand_fault(job->tree, job->parents, node, snippet);
    if (fault)
        return edit_fail_node(job, CODEDB_VALIDATION_ERROR, node, fault);
    codedb_tree_position(job->tree, node, &start, &end);
    codedb_layout layout = {.indent = edit_indent_at(job, start),
                            .unit = {EDIT_DEFAULT_UNIT, strlen(EDIT_DEFAULT_UNIT)},
                            .newline = edit_newline_at(job, edit_line_break(job, end))};
    codedb_operand_write(job->tree, job->parents, node, snippet, &layout, &job->text);
    operation->unchanged =
        !job->text.failed && job->text.length == end - start && !memcmp(job->text.data, job->tree->source + start, end - start);
    edit_splice_text(job, operation, start, end);
    return CODEDB_SUCCESS;
}

/* ---- Items of lists ----------------------------------------------------------------------------------------------- */

/* An import or global of which every name is deleted is deleted itself: its names' operations become one on the statement. */
static void edit_collapse_list(edit_job *job, uint32_t operation)
{
    uint32_t owner = job->parents[job->operations[operation].node];
    uint8_t *deleted = job->marks;
    uint8_t kind = edit_node(job, owner)->kind;
    if (kind != CODEDB_NODE_IMPORT && kind != CODEDB_NODE_IMPORT_FROM && kind != CODEDB_NODE_LAZY_IMPORT &&
        kind != CODEDB_NODE_LAZY_IMPORT_FROM && kind != CODEDB_NODE_GLOBAL && kind != CODEDB_NODE_NONLOCAL)
        return;
    if (!codedb_list_is_emptied(job->tree, job->parents, deleted, owner))
        return;
    for (uint32_t node = owner + 1; node < edit_node(job, owner)->end; node++) {
        job->first_operation[node] = EDIT_NONE;
        deleted[node] = 0;
    }
    uint32_t statement = edit_lift(job, owner, CODEDB_EDIT_DELETE), *link = &job->first_operation[statement];
    for (uint32_t i = operation + 1; i < job->operation_count; i++) {
        uint32_t node = job->operations[i].node;
        job->operations[i].dropped |= node > owner && node < edit_node(job, owner)->end;
    }
    while (*link != EDIT_NONE)
        link = &job->operations[*link].next;
    *link = operation;
    job->operations[operation].node = statement;
    job->operations[operation].next = EDIT_NONE;
}

/* Marks the deleted items, so that emptied statements are known before overlaps are looked for. */
static void edit_collapse_lists(edit_job *job)
{
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < job->operation_count; i++) {
            const edit_operation *operation = &job->operations[i];
            if (operation->dropped || !codedb_list_is_item(job->tree, job->parents, operation->node))
                continue;
            if (pass)
                edit_collapse_list(job, i);
            else
                job->marks[operation->node] |= EDIT_DELETED;
        }
    }
    memset(job->marks, 0, job->tree->node_count);
}

/* Takes the deleted items out of the list that the operation's node is in, unless that was done for another one. */
static codedb_code edit_delete_items(edit_job *job, const edit_operation *operation)
{
    uint32_t owner = job->parents[operation->node];
    if (job->marks[owner] & EDIT_CONCERNED)
        return CODEDB_SUCCESS;
    job->marks[owner] |= EDIT_CONCERNED;
    const char *fault =
        codedb_list_delete(job->tree, job->parents, job->marks, owner, (uint32_t)(operation - job->operations), &job->splices);
    return fault ? edit_fail_node(job, CODEDB_VALIDATION_ERROR, operation->node, fault) : CODEDB_SUCCESS;
}

/* ---- The edit ----------------------------------------------------------------------------------------------------- */

/* A line all of whose small statements are deleted is deleted itself: its first operation becomes one on the line. */
static void edit_collapse_line(edit_job *job, uint32_t line)
{
    if (edit_line_needs_lines(job, line))
        return;
    for (uint32_t item = line + 1; item < edit_node(job, line)->end; item = edit_node(job, item)->end)
        if (!edit_is_deleted(job, item))
            return;
    uint32_t number = job->first_operation[line + 1];
    job->first_operation[line + 1] = EDIT_NONE;
    job->operations[number].next = EDIT_NONE;
    job->operations[number].node = line;
    job->first_operation[line] = number;
    job->marks[line] |= EDIT_DELETED;
}

/* Marks the block or line in which a node is edited. */
static void edit_concern(edit_job *job, uint32_t node)
{
    uint8_t kind = edit_node(job, node)->kind;
    bool is_container =
        kind == CODEDB_NODE_MODULE || kind == CODEDB_NODE_INDENTED_BLOCK || kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE;
    uint32_t container = is_container ? node : job->parents[node];
    job->marks[container] |= EDIT_CONCERNED;
    if (edit_node(job, container)->kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE)
        job->marks[job->parents[container]] |= EDIT_CONCERNED;
}

static codedb_code edit_plan(edit_job *job)
{
    for (uint32_t i = 0; i < job->operation_count; i++) {
        uint32_t node = job->operations[i].node;
        if (!job->operations[i].dropped && !edit_is_clause(job, node) && !edit_is_expression(job, node) &&
            !codedb_list_is_item(job->tree, job->parents, node))
            edit_concern(job, node);
    }
    for (uint32_t i = 0; i < job->tree->node_count; i++)
        if ((job->marks[i] & EDIT_CONCERNED) && edit_node(job, i)->kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE)
            edit_collapse_line(job, i);
    for (uint32_t i = 0; i < job->tree->node_count; i++) {
        if (!(job->marks[i] & EDIT_CONCERNED))
            continue;
        uint8_t kind = edit_node(job, i)->kind;
        if (kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE || kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE)
            edit_rewrite_line(job, i);
        else if (!edit_take_block(job, i))
            return codedb_fail_no_memory(job->result);
    }
    for (uint32_t i = 0; i < job->operation_count; i++) {
        edit_operation *operation = &job->operations[i];
        codedb_code code = CODEDB_SUCCESS;
        if (operation->dropped)
            continue;
        if (edit_is_clause(job, operation->node))
            code = edit_delete_clause(job, operation);
        else if (operation->action == CODEDB_EDIT_DELETE && codedb_list_is_item(job->tree, job->parents, operation->node))
            code = edit_delete_items(job, operation);
        else if (edit_is_expression(job, operation->node))
            code = edit_replace_expression(job, operation);
        if (code != CODEDB_SUCCESS)
            return code;
    }
    return job->splices.failed ? codedb_fail_no_memory(job->result) : CODEDB_SUCCESS;
}

/* Reads one edit of the host. What stands behind its filter stands where the host's version of the filter ends: both structs may
 * have grown since. False when a struct_size is none. */
static bool edit_read(codedb_edit *edit, const codedb_edit *given)
{
    size_t tail = offsetof(codedb_edit, action);
    size_t given_tail = offsetof(codedb_edit, filter) + given->filter.struct_size;
    size_t room = sizeof *edit - tail;
    _Static_assert(offsetof(codedb_edit, action) == offsetof(codedb_edit, filter) + sizeof(codedb_filter),
                   "no gap behind the filter");
    memset(edit, 0, sizeof *edit);
    edit->struct_size = sizeof *edit;
    if (given->filter.struct_size > given->struct_size || given->struct_size < given_tail ||
        !codedb_struct_read(&edit->filter, sizeof edit->filter, &given->filter))
        return false;
    if (given->struct_size - given_tail < room)
        room = given->struct_size - given_tail;
    memcpy((char *)edit + tail, (const char *)given + given_tail, room);
    return true;
}

/* Copies the edits, whose struct may be an older, shorter one, and checks what can be checked without a tree. */
static codedb_code edit_read_edits(edit_job *job, const codedb_edit *edits)
{
    size_t stride = edits->struct_size;
    job->edits = codedb_arena_allocate(job->arena, job->edit_count, sizeof *job->edits);
    job->snippets = codedb_arena_allocate(job->arena, job->edit_count, sizeof(codedb_snippet *));
    if (!job->edits || !job->snippets)
        return codedb_fail_no_memory(job->result);
    for (size_t i = 0; i < job->edit_count; i++) {
        const codedb_edit *edit = (const codedb_edit *)(const void *)((const char *)edits + i * stride);
        if (edit->struct_size != stride || stride < offsetof(codedb_edit, filter.selector) || !edit_read(&job->edits[i], edit))
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST,
                               "edit %zu: struct_size is %zu and that of its filter %zu, expected %zu and %zu", i,
                               edit->struct_size, edit->filter.struct_size, sizeof *edit, sizeof edit->filter);
        edit = &job->edits[i];
        if ((unsigned)edit->action > CODEDB_EDIT_INSERT_LAST)
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: %d is no action", i, (int)edit->action);
        if (edit->action != CODEDB_EDIT_DELETE && (!edit->code_count || !edit->code))
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: a replacement or insertion needs code", i);
    }
    return CODEDB_SUCCESS;
}

static codedb_code edit_parse_code(edit_job *job, size_t number)
{
    const codedb_edit *edit = &job->edits[number];
    if (edit->action == CODEDB_EDIT_DELETE)
        return CODEDB_SUCCESS;
    job->snippets[number] = codedb_arena_allocate(job->arena, edit->code_count, sizeof **job->snippets);
    if (!job->snippets[number])
        return codedb_fail_no_memory(job->result);
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; i < edit->code_count && code == CODEDB_SUCCESS; i++)
        code = codedb_snippet_parse(edit->code[i], job->tree->target_version, &job->tree->allocator, &job->snippets[number][i],
                                    job->result);
    return code;
}

/* Adds to an error which edit it is about. */
static codedb_code edit_blame(const edit_job *job, codedb_code code, size_t number)
{
    codedb_buffer data;
    if (code == CODEDB_NO_MEMORY || !job->result)
        return code;
    codedb_buffer_init(&data, &job->tree->allocator);
    codedb_buffer_printf(&data, "{\"edit\": %zu}", number);
    codedb_free(job->result->data);
    job->result->data = codedb_buffer_take_block(&data);
    codedb_buffer_free(&data);
    return code;
}

static bool edit_prepare(edit_job *job)
{
    size_t count = job->tree->node_count;
    job->parents = codedb_arena_allocate(job->arena, count, sizeof *job->parents);
    job->first_operation = codedb_arena_allocate(job->arena, count, sizeof *job->first_operation);
    job->marks = codedb_arena_allocate(job->arena, count, sizeof *job->marks);
    if (!job->parents || !job->first_operation || !job->marks)
        return false;
    memset(job->first_operation, 0xFF, count * sizeof *job->first_operation);
    codedb_tree_parents(job->tree, job->parents);
    job->first_block = EDIT_NONE;
    for (uint32_t i = 1; i < count && job->first_block == EDIT_NONE; i++)
        if (edit_node(job, i)->kind == CODEDB_NODE_INDENTED_BLOCK)
            job->first_block = i;
    return true;
}

static codedb_code edit_resolve_all(edit_job *job, const codedb_edit *edits)
{
    if (!edit_prepare(job))
        return codedb_fail_no_memory(job->result);
    codedb_code code = edit_read_edits(job, edits);
    for (size_t i = 0; i < job->edit_count && code == CODEDB_SUCCESS; i++) {
        code = edit_parse_code(job, i);
        if (code == CODEDB_SUCCESS)
            code = edit_resolve(job, (uint32_t)i);
        if (code != CODEDB_SUCCESS)
            return edit_blame(job, code, i);
    }
    if (code != CODEDB_SUCCESS)
        return code;
    edit_collapse_lists(job);
    return edit_check_overlaps(job);
}

static size_t edit_count_modified(const edit_job *job)
{
    size_t count = 0;
    for (uint32_t i = 0; i < job->operation_count; i++)
        count += !job->operations[i].dropped && !job->operations[i].unchanged;
    return job->splices.count ? count : 0;
}

/* Parses what the splices make of the source, and checks the new parts. */
static codedb_code edit_finish(edit_job *job, const char *path, codedb_edit_report **report, codedb_tree **edited)
{
    const codedb_tree *tree = job->tree;
    const codedb_splice *overlapping;
    codedb_result parsing = CODEDB_INIT(codedb_result);
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    options.allocator = &tree->allocator;
    options.target_version = tree->target_version;
    if (!codedb_splices_sort(&job->splices, tree->source, &overlapping))
        return codedb_fail(job->result, CODEDB_OVERLAP, "two edits change the same text at byte %u", overlapping->start);
    job->text.length = 0;
    codedb_splices_apply(&job->splices, tree->source, tree->length, &job->text);
    if (job->text.failed)
        return codedb_fail_no_memory(job->result);
    codedb_code code = codedb_tree_parse_text(job->text.data ? job->text.data : "", job->text.length, &options, edited, &parsing);
    if (code == CODEDB_PARSE_ERROR)
        codedb_fail_at(job->result, code, parsing.offset, parsing.length, parsing.line, parsing.column,
                       "the edited source would not parse: line %u: %s", parsing.line, parsing.description);
    else if (code != CODEDB_SUCCESS)
        codedb_fail(job->result, code, "%s", parsing.description);
    codedb_result_clear(&parsing);
    if (code == CODEDB_SUCCESS)
        code = codedb_splices_report(&job->splices, tree, &job->text, edit_count_modified(job), path, report, job->result);
    bool was_misplaced = codedb_context_misplaced_future(tree) != EDIT_NONE;
    if (code == CODEDB_SUCCESS)
        code = codedb_context_check(*edited, (*report)->new_ranges, (*report)->range_count, !was_misplaced, job->result);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_edit_apply(const codedb_tree *tree, const codedb_edit *edits, size_t edit_count,
                                             const char *path, codedb_edit_report **report, codedb_tree **edited,
                                             codedb_result *result)
{
    edit_job job = {.tree = tree, .edit_count = edit_count, .result = result, .arena = codedb_arena_create(&tree->allocator)};
    codedb_tree *made = NULL;
    codedb_code code = CODEDB_NO_MEMORY;
    *report = NULL;
    if (edited)
        *edited = NULL;
    codedb_succeed(result);
    codedb_buffer_init(&job.text, &tree->allocator);
    job.splices.arena = job.arena;
    if (!job.arena) {
        codedb_fail_no_memory(result);
        goto cleanup;
    }
    code = edit_resolve_all(&job, edits);
    if (code == CODEDB_SUCCESS)
        code = edit_plan(&job);
    if (code == CODEDB_SUCCESS)
        code = edit_finish(&job, path, report, &made);
    if (code == CODEDB_SUCCESS && edited) {
        *edited = made;
        made = NULL;
    }

cleanup:
    for (size_t i = 0; job.snippets && i < edit_count; i++)
        for (size_t j = 0; job.snippets[i] && j < job.edits[i].code_count; j++)
            codedb_snippet_free(&job.snippets[i][j]);
    if (code != CODEDB_SUCCESS) {
        codedb_free(*report);
        *report = NULL;
    }
    codedb_tree_free(made);
    codedb_buffer_free(&job.text);
    codedb_arena_destroy(job.arena);
    return code;
}

CODEDB_API codedb_code codedb_tree_edit(const codedb_tree *tree, const codedb_edit *edits, size_t edit_count, const char *path,
                                        codedb_edit_report **report, codedb_result *result)
{
    if (!tree || !report || (!edits && edit_count))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_tree_edit needs a tree, edits and a place for the report");
    *report = NULL;
    if (!edit_count)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_tree_edit was given no edit");
    return codedb_edit_apply(tree, edits, edit_count, path, report, NULL, result);
}
