/* codedb_edit_suite.c -- lines of several small statements, and bodies that stand behind their colon: written anew as a whole.
 *
 * Called by codedb_edit.c once for each such line in which something is edited. Calls codedb_edit_block.c for the layout of new code.
 * Any thread. */
#include "codedb_edit.h"

#include <string.h>

/* ---- Lines of several small statements ---------------------------------------------------------------------------- */

/* A line being written anew: `a; b`, or what stands behind a colon. */
typedef struct edit_line {
    codedb_edit_block block; /* the layout of lines made of it */
    codedb_slice newline;
    bool is_suite;
    bool becomes_block; /* a suite that gets lines of its own */
    bool is_open;       /* the last thing written is an old statement or stands in the place of one */
    bool ends_in_comment;
    uint32_t previous; /* the item written last */
} edit_line;

/* The first operation on a node or, of a line, on one of its items. */
static codedb_edit_operation *edit_any_operation(codedb_edit_job *job, uint32_t line)
{
    for (uint32_t node = line; node < codedb_edit_node(job, line)->end; node++) {
        uint32_t at = job->first_operation[node];
        codedb_edit_operation *operation = codedb_edit_next_operation(job, &at);
        if (operation)
            return operation;
    }
    return NULL;
}

/* Begins a new line, unless what is written first stays where the old line began. */
static void edit_line_feed(codedb_edit_job *job, const edit_line *line)
{
    if (!job->text.length && !line->becomes_block)
        return;
    codedb_edit_write_slice(job, line->newline);
    codedb_edit_write_slice(job, line->block.indent);
}

static void edit_line_write_code(codedb_edit_job *job, edit_line *line, const codedb_edit_operation *operation)
{
    codedb_layout layout = codedb_edit_layout(&line->block, line->newline);
    edit_line_feed(job, line);
    codedb_edit_write_code(job, operation, &layout, 1);
    line->is_open = false;
    line->ends_in_comment = codedb_edit_last_snippet(job, operation)->ends_in_comment;
}

/* Writes an item, or `operation`'s code in its place, on the line that is open. */
static void edit_line_write_item(codedb_edit_job *job, edit_line *line, uint32_t item, const codedb_edit_operation *operation)
{
    const codedb_tree *tree = job->tree;
    if (line->is_open) {
        uint32_t start = codedb_token_end(tree, codedb_edit_node(job, line->previous)->last - 1);
        uint32_t next = codedb_edit_node(job, line->previous)->end;
        codedb_buffer_append(&job->text, tree->source + start, tree->tokens[codedb_edit_node(job, next)->first].start - start);
    } else {
        edit_line_feed(job, line);
    }
    if (operation) {
        codedb_layout layout = codedb_edit_layout(&line->block, line->newline);
        codedb_edit_write_code(job, operation, &layout, 0);
    } else {
        uint32_t start = tree->tokens[codedb_edit_node(job, item)->first].start;
        codedb_buffer_append(&job->text, tree->source + start,
                             codedb_token_end(tree, codedb_edit_node(job, item)->last - 1) - start);
    }
    line->is_open = true;
    line->ends_in_comment = false;
    line->previous = item;
}

/* Writes what comes of one item: code before it, itself or what replaces it, code behind it. */
static void edit_line_take_item(codedb_edit_job *job, edit_line *line, uint32_t item)
{
    codedb_edit_operation *replacing = NULL, *operation;
    uint32_t at = job->first_operation[item];
    while ((operation = codedb_edit_next_operation(job, &at)) != NULL) {
        if (operation->action == CODEDB_EDIT_INSERT_BEFORE)
            edit_line_write_code(job, line, operation);
        if (operation->action == CODEDB_EDIT_REPLACE)
            replacing = operation;
    }
    if (replacing && !codedb_edit_is_inline(job, replacing))
        edit_line_write_code(job, line, replacing);
    else if (!codedb_edit_is_deleted(job, item))
        edit_line_write_item(job, line, item, replacing);
    at = job->first_operation[item];
    while ((operation = codedb_edit_next_operation(job, &at)) != NULL)
        if (operation->action == CODEDB_EDIT_INSERT_AFTER)
            edit_line_write_code(job, line, operation);
}

/* Whether new code needs a line of its own. */
CODEDB_PRIVATE bool codedb_edit_line_needs_lines(codedb_edit_job *job, uint32_t line)
{
    for (uint32_t node = line; node < codedb_edit_node(job, line)->end;
         node = node == line ? node + 1 : codedb_edit_node(job, node)->end) {
        codedb_edit_operation *operation;
        uint32_t at = job->first_operation[node];
        while ((operation = codedb_edit_next_operation(job, &at)) != NULL)
            if (operation->action != CODEDB_EDIT_DELETE &&
                (operation->action != CODEDB_EDIT_REPLACE || !codedb_edit_is_inline(job, operation)))
                return true;
    }
    return false;
}

/* The operations on a suite itself: all of it replaced, or code put first or last. */
static void edit_line_take_suite(codedb_edit_job *job, edit_line *line, uint32_t suite, codedb_edit_action action)
{
    codedb_edit_operation *operation;
    uint32_t at = job->first_operation[suite];
    while ((operation = codedb_edit_next_operation(job, &at)) != NULL) {
        if (operation->action != action)
            continue;
        if (action == CODEDB_EDIT_REPLACE && codedb_edit_is_inline(job, operation))
            edit_line_write_item(job, line, suite + 1, operation);
        else
            edit_line_write_code(job, line, operation);
    }
}

static codedb_slice edit_unit_or_default(codedb_slice unit)
{
    return unit.text ? unit : (codedb_slice){CODEDB_EDIT_DEFAULT_UNIT, strlen(CODEDB_EDIT_DEFAULT_UNIT)};
}

static codedb_slice edit_deeper_indent(codedb_edit_job *job, codedb_slice indent, codedb_slice unit)
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

static edit_line edit_line_begin(codedb_edit_job *job, uint32_t node)
{
    bool is_suite = codedb_edit_node(job, node)->kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE;
    edit_line line = {.is_suite = is_suite, .newline = codedb_edit_newline_of(job, node), .previous = CODEDB_EDIT_NONE};
    uint32_t owner = is_suite ? job->parents[node] : node;
    line.block =
        (codedb_edit_block){.node = node,
                            .indent = codedb_edit_indent_at(job, job->tree->tokens[codedb_edit_node(job, owner)->first].start),
                            .unit = codedb_edit_unit_of(job, node),
                            .spacing = 1};
    line.becomes_block = is_suite && codedb_edit_line_needs_lines(job, node);
    if (is_suite) {
        line.block.unit = edit_unit_or_default(line.block.unit);
        line.block.indent = edit_deeper_indent(job, line.block.indent, line.block.unit);
    }
    return line;
}

/* Where the text ends that is written anew: the trailing semicolon goes when the last of it is no small statement of old, and the
 * comment when the new code brings its own. */
static uint32_t edit_line_end(const codedb_edit_job *job, const edit_line *line, uint32_t node)
{
    uint32_t last = codedb_edit_node(job, node)->last;
    if (line->ends_in_comment)
        return job->tree->tokens[codedb_edit_newline_token(job, node)].start;
    return line->is_open ? codedb_token_end(job->tree, last - 1) : codedb_edit_content_end(job, node);
}

/* The docstring of a suite, behind which its first new code comes; CODEDB_EDIT_NONE: it has none, or all of it is replaced. */
static uint32_t edit_line_docstring(const codedb_edit_job *job, const edit_line *line, uint32_t node)
{
    uint32_t owner = job->parents[node];
    if (!line->is_suite || job->marks[node] & CODEDB_MARK_REPLACED || !codedb_node_is_definition(job->tree, owner))
        return CODEDB_EDIT_NONE;
    return codedb_docstring_statement(job->tree, owner);
}

/* Writes what comes of the items, and behind the docstring what is put first. */
static void edit_line_take_items(codedb_edit_job *job, edit_line *line, uint32_t node, uint32_t docstring)
{
    for (uint32_t item = node + 1; item < codedb_edit_node(job, node)->end; item = codedb_edit_node(job, item)->end) {
        edit_line_take_item(job, line, item);
        if (item == docstring)
            edit_line_take_suite(job, line, node, CODEDB_EDIT_INSERT_FIRST);
    }
}

/* Writes a line with edited items anew. A line whose items are all deleted was marked as deleted before; a suite gets `pass`. */
CODEDB_PRIVATE void codedb_edit_rewrite_line(codedb_edit_job *job, uint32_t node)
{
    codedb_edit_operation *operation = edit_any_operation(job, node);
    if (!operation || codedb_edit_is_deleted(job, node))
        return;
    edit_line line = edit_line_begin(job, node);
    uint32_t first = codedb_edit_node(job, node)->first;
    uint32_t docstring = edit_line_docstring(job, &line, node);
    if (docstring == CODEDB_EDIT_NONE)
        edit_line_take_suite(job, &line, node, CODEDB_EDIT_INSERT_FIRST);
    if (job->marks[node] & CODEDB_MARK_REPLACED)
        edit_line_take_suite(job, &line, node, CODEDB_EDIT_REPLACE);
    else
        edit_line_take_items(job, &line, node, docstring);
    edit_line_take_suite(job, &line, node, CODEDB_EDIT_INSERT_LAST);
    if (!job->text.length)
        codedb_buffer_append_text(&job->text, "pass");
    uint32_t start = line.becomes_block ? codedb_token_end(job->tree, first - 1) : job->tree->tokens[first].start;
    uint32_t end = edit_line_end(job, &line, node);
    operation->unchanged =
        !job->text.failed && job->text.length == end - start && !memcmp(job->text.data, job->tree->source + start, end - start);
    codedb_edit_splice_text(job, operation, start, end);
}
