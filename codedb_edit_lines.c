/* codedb_edit_lines.c -- where statements, their lines, comments and blank lines begin and end in a source.
 *
 * Called by the files of the edit engine. Reads a tree. Any thread. */
#include "codedb_edit.h"

#include <string.h>

/* ---- Lines and their ends ----------------------------------------------------------------------------------------- */

static bool edit_is_break(const codedb_edit_job *job, uint32_t offset)
{
    return job->tree->source[offset] == '\n' || job->tree->source[offset] == '\r';
}

/* Looked up, as all that is edited may stand on one line. */
CODEDB_PRIVATE uint32_t codedb_edit_line_start(const codedb_edit_job *job, uint32_t offset)
{
    const codedb_tree *tree = job->tree;
    if (offset <= tree->text_start || edit_is_break(job, offset - 1))
        return offset;
    return tree->line_starts[codedb_tree_line(tree, offset)];
}

/* Where the line that `offset` is on ends, its line break left out. */
CODEDB_PRIVATE uint32_t codedb_edit_line_break(const codedb_edit_job *job, uint32_t offset)
{
    const codedb_tree *tree = job->tree;
    uint32_t line = tree->line_count ? codedb_tree_line(tree, offset) : 0;
    uint32_t end = line + 1 < tree->line_count ? tree->line_starts[line + 1] : tree->length;
    if (end > offset && tree->source[end - 1] == '\n')
        end--;
    return end > offset && tree->source[end - 1] == '\r' ? end - 1 : end;
}

CODEDB_PRIVATE uint32_t codedb_edit_next_line(const codedb_edit_job *job, uint32_t offset)
{
    const char *source = job->tree->source;
    offset = codedb_edit_line_break(job, offset);
    if (offset == job->tree->length)
        return offset;
    return offset + (source[offset] == '\r' && source[offset + 1] == '\n' ? 2 : 1);
}

static uint32_t edit_skip_blanks(const codedb_edit_job *job, uint32_t offset)
{
    const char *source = job->tree->source;
    while (source[offset] == ' ' || source[offset] == '\t' || source[offset] == '\f')
        offset++;
    return offset;
}

static bool edit_is_blank_line(const codedb_edit_job *job, uint32_t line_start)
{
    uint32_t at = edit_skip_blanks(job, line_start);
    return at < job->tree->length && (job->tree->source[at] == '\n' || job->tree->source[at] == '\r');
}

static bool edit_is_comment_line(const codedb_edit_job *job, uint32_t line_start)
{
    return job->tree->source[edit_skip_blanks(job, line_start)] == '#';
}

/* The first token of a statement, its decorators included. */
static uint32_t edit_first_token(const codedb_edit_job *job, uint32_t node)
{
    if (!codedb_node_is_definition(job->tree, node))
        return codedb_edit_node(job, node)->first;
    uint32_t decorator = codedb_tree_child(job->tree, node, CODEDB_FIELD_decorators);
    return codedb_edit_node(job, decorator == CODEDB_EDIT_NONE ? node : decorator)->first;
}

CODEDB_PRIVATE uint32_t codedb_edit_start(const codedb_edit_job *job, uint32_t node)
{
    return job->tree->tokens[edit_first_token(job, node)].start;
}

CODEDB_PRIVATE codedb_slice codedb_edit_indent_at(const codedb_edit_job *job, uint32_t offset)
{
    uint32_t start = codedb_edit_line_start(job, offset);
    uint32_t end = edit_skip_blanks(job, start);
    return (codedb_slice){job->tree->source + start, (end < offset ? end : offset) - start};
}

/* The NEWLINE token behind a statement. */
CODEDB_PRIVATE uint32_t codedb_edit_newline_token(const codedb_edit_job *job, uint32_t node)
{
    uint32_t token = codedb_edit_node(job, node)->last;
    while (codedb_edit_token_kind(job, token) != CODEDB_TOKEN_NEWLINE)
        token++;
    return token;
}

/* The end of a statement's last token; a semicolon behind it is one. */
CODEDB_PRIVATE uint32_t codedb_edit_content_end(const codedb_edit_job *job, uint32_t node)
{
    return codedb_token_end(job->tree, codedb_edit_newline_token(job, node) - 1);
}

CODEDB_PRIVATE bool codedb_edit_starts_with(codedb_slice text, codedb_slice prefix)
{
    return text.length >= prefix.length && !memcmp(text.text, prefix.text, prefix.length);
}

/* Behind the comment lines from `offset` on that are indented at least as `indent`, or deeper with `deeper`. */
CODEDB_PRIVATE uint32_t codedb_edit_skip_footer(const codedb_edit_job *job, uint32_t offset, codedb_slice indent, bool deeper)
{
    uint32_t kept = offset;
    for (uint32_t at = offset; at < job->tree->length; at = codedb_edit_next_line(job, at)) {
        if (edit_is_blank_line(job, at))
            continue;
        codedb_slice own = {job->tree->source + at, edit_skip_blanks(job, at) - at};
        if (!edit_is_comment_line(job, at) || !codedb_edit_starts_with(own, indent) || (deeper && own.length == indent.length))
            break;
        kept = codedb_edit_next_line(job, at);
    }
    return kept;
}

/* Behind the last line of a statement; comments at the end of its block are in it. */
CODEDB_PRIVATE uint32_t codedb_edit_end(const codedb_edit_job *job, uint32_t node)
{
    uint32_t newline = codedb_edit_newline_token(job, node);
    uint32_t end = codedb_token_end(job->tree, newline);
    if (codedb_edit_token_kind(job, newline + 1) != CODEDB_TOKEN_DEDENT)
        return end;
    if (codedb_node_kind_category((codedb_node_kind)codedb_edit_node(job, node)->kind) == CODEDB_CATEGORY_STATEMENT)
        return end;
    return codedb_edit_skip_footer(job, end,
                                   codedb_edit_indent_at(job, job->tree->tokens[codedb_edit_node(job, node)->first].start), true);
}

/* The line break at `offset`, or the file's first one, or "\n". */
CODEDB_PRIVATE codedb_slice codedb_edit_newline_at(const codedb_edit_job *job, uint32_t offset)
{
    const char *source = job->tree->source;
    if (offset >= job->tree->length || !strchr("\r\n", source[offset]))
        offset = codedb_edit_line_break(job, job->tree->text_start);
    if (offset >= job->tree->length)
        return (codedb_slice){"\n", 1};
    return (codedb_slice){source + offset, source[offset] == '\r' && source[offset + 1] == '\n' ? 2 : 1};
}

CODEDB_PRIVATE codedb_slice codedb_edit_newline_of(const codedb_edit_job *job, uint32_t node)
{
    return codedb_edit_newline_at(job, job->tree->tokens[codedb_edit_newline_token(job, node)].start);
}

/* The offset without the line break before it. */
CODEDB_PRIVATE uint32_t codedb_edit_before_break(const codedb_edit_job *job, uint32_t offset)
{
    const char *source = job->tree->source;
    if (offset > job->tree->text_start && source[offset - 1] == '\n')
        offset--;
    if (offset > job->tree->text_start && source[offset - 1] == '\r')
        offset--;
    return offset;
}

/* ---- Comments and blank lines above and below --------------------------------------------------------------------- */

/* Where the blank and comment lines above a statement begin. */
CODEDB_PRIVATE uint32_t codedb_edit_gap_start(const codedb_edit_job *job, uint32_t node)
{
    uint32_t token = edit_first_token(job, node);
    while (token > 0 && codedb_edit_token_kind(job, token - 1) != CODEDB_TOKEN_NEWLINE)
        token--;
    return token ? codedb_token_end(job->tree, token - 1) : job->tree->text_start;
}

static uint32_t edit_previous_line(const codedb_edit_job *job, uint32_t line_start)
{
    uint32_t at = line_start - 1;
    if (job->tree->source[at] == '\n' && at > job->tree->text_start && job->tree->source[at - 1] == '\r')
        at--;
    return codedb_edit_line_start(job, at);
}

/* The first of the comment lines that stand directly above a statement with its indentation; its own line when there is none. The
 * module's first block of comments is nobody's. */
CODEDB_PRIVATE uint32_t codedb_edit_attached_start(const codedb_edit_job *job, uint32_t node)
{
    uint32_t gap = codedb_edit_gap_start(job, node), line = codedb_edit_line_start(job, codedb_edit_start(job, node));
    codedb_slice indent = codedb_edit_indent_at(job, codedb_edit_start(job, node));
    uint32_t attached = line;
    while (attached > gap) {
        uint32_t above = edit_previous_line(job, attached);
        codedb_slice own = {job->tree->source + above, edit_skip_blanks(job, above) - above};
        if (!edit_is_comment_line(job, above) || own.length != indent.length || !codedb_edit_starts_with(own, indent))
            break;
        attached = above;
    }
    if (gap > job->tree->text_start)
        return attached;
    for (uint32_t at = gap; at < attached; at = codedb_edit_next_line(job, at))
        if (edit_is_comment_line(job, at))
            return attached;
    return line;
}

/* Behind the blank lines that begin at `offset`. */
CODEDB_PRIVATE uint32_t codedb_edit_skip_blank_lines(const codedb_edit_job *job, uint32_t offset, int *count)
{
    for (*count = 0; offset < job->tree->length && edit_is_blank_line(job, offset); ++*count)
        offset = codedb_edit_next_line(job, offset);
    return offset;
}

/* Where the blank lines that end at `offset` begin; `limit` is the end of the statement before. */
CODEDB_PRIVATE uint32_t codedb_edit_blank_lines_before(const codedb_edit_job *job, uint32_t offset, uint32_t limit, int *count)
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
CODEDB_PRIVATE bool codedb_edit_are_adjacent(const codedb_edit_job *job, uint32_t node, uint32_t next)
{
    uint32_t end = codedb_edit_line_start(job, codedb_edit_start(job, next));
    for (uint32_t at = codedb_edit_end(job, node); at < end; at = codedb_edit_next_line(job, at))
        if (edit_is_blank_line(job, at))
            return false;
    return true;
}

static int edit_blank_lines_between(const codedb_edit_job *job, uint32_t node, uint32_t next)
{
    int count = 0;
    uint32_t end = codedb_edit_line_start(job, codedb_edit_start(job, next));
    for (uint32_t at = codedb_edit_end(job, node); at < end; at = codedb_edit_next_line(job, at))
        count += edit_is_blank_line(job, at);
    return count;
}

/* The blank lines around a def or class that is put between items `before` and `next` (CODEDB_EDIT_NONE: none there): as they are at that
 * place, else as at the block's first def, else as the style guide has it. */
CODEDB_PRIVATE int codedb_edit_spacing(const codedb_edit_job *job, codedb_edit_block *block, uint32_t before, uint32_t next)
{
    const codedb_tree *tree = job->tree;
    if (before != CODEDB_EDIT_NONE && next != CODEDB_EDIT_NONE &&
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
