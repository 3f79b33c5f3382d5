/* codedb_template.c -- new code with captures: `{name}` becomes the source of what `@name` of the selector captured.
 *
 * Called by codedb_edit_target.c for each match of an edit that uses captures. Reads the tree, appends text. Any thread.
 *
 * The source goes in as it is written, with its own parentheses and decorators. What has several lines is moved with its first one: each
 * further line loses the indentation of the line where the node stands and gets that of the line where `{name}` stands. The inside of
 * a string stays, but that of a docstring moves with its def, as everywhere. `{{` and `}}` are braces. */
#include "codedb_edit.h"

#include "codedb_selector.h"

#include <string.h>

/* Whether a string token is the docstring of a def or class: the first token of a block whose header says so. */
static bool template_is_docstring(const codedb_tree *tree, uint32_t token)
{
    if (token < 2 || tree->tokens[token - 1].kind != CODEDB_TOKEN_INDENT)
        return false;
    uint32_t header = token - 2;
    while (header > 0 && tree->tokens[header - 1].kind != CODEDB_TOKEN_NEWLINE &&
           tree->tokens[header - 1].kind != CODEDB_TOKEN_INDENT && tree->tokens[header - 1].kind != CODEDB_TOKEN_DEDENT)
        header--;
    header += tree->tokens[header].kind == CODEDB_TOKEN_KEYWORD_ASYNC;
    return tree->tokens[header].kind == CODEDB_TOKEN_KEYWORD_DEF || tree->tokens[header].kind == CODEDB_TOKEN_KEYWORD_CLASS;
}

/* A walk over the lines of a node, which says of each whether it begins inside a string. */
typedef struct template_lines {
    const codedb_tree *tree;
    uint32_t token;
    uint32_t f_strings; /* that are open */
} template_lines;

static bool template_is_inside(template_lines *lines, uint32_t start)
{
    const codedb_tree *tree = lines->tree;
    while (codedb_token_end(tree, lines->token) <= start && tree->tokens[lines->token].kind != CODEDB_TOKEN_ENDMARKER) {
        uint8_t kind = (uint8_t)tree->tokens[lines->token].kind;
        lines->f_strings += kind == CODEDB_TOKEN_FSTRING_START || kind == CODEDB_TOKEN_TSTRING_START;
        lines->f_strings -= kind == CODEDB_TOKEN_FSTRING_END;
        lines->token++;
    }
    const codedb_token *token = &tree->tokens[lines->token];
    bool is_cut = token->start < start && token->kind == CODEDB_TOKEN_STRING;
    return lines->f_strings || (is_cut && !template_is_docstring(tree, lines->token));
}

/* Appends the source of a node for a line with that indentation. */
static void template_write_node(const codedb_edit_job *job, uint32_t node, codedb_slice indent, codedb_buffer *out)
{
    const codedb_tree *tree = job->tree;
    codedb_item_range range = codedb_list_item_range(tree, node);
    bool is_definition = codedb_node_is_definition(tree, node);
    uint32_t start, position_end;
    codedb_tree_position(tree, node, &start, &position_end);
    bool is_other = range.last <= range.first || tree->nodes[node].kind == CODEDB_NODE_MODULE;
    if (!is_other)
        start = is_definition ? codedb_edit_start(job, node) : tree->tokens[range.first].start;
    uint32_t end = is_other ? position_end : codedb_token_end(tree, range.last - 1);
    codedb_slice old = codedb_edit_indent_at(job, start);
    template_lines lines = {.tree = tree, .token = is_other ? 0 : range.first};
    for (uint32_t line = start; line < end;) {
        uint32_t next = codedb_edit_next_line(job, line);
        next = next < end && next > line ? next : end;
        uint32_t from = line;
        bool is_blank = strchr("\r\n", tree->source[line]) != NULL;
        if (line > start && !is_blank && !template_is_inside(&lines, line)) {
            codedb_slice own = {tree->source + line, next - line};
            from += codedb_edit_starts_with(own, old) ? (uint32_t)old.length : 0;
            codedb_buffer_append(out, indent.text, indent.length);
        }
        codedb_buffer_append(out, tree->source + from, next - from);
        line = next;
    }
}

/* The number of the capture with that name; the count when there is none. */
static uint32_t template_find(const codedb_captured *captured, const char *name, size_t length)
{
    uint32_t index = 0;
    while (index < captured->capture_count &&
           (strlen(captured->names[index]) != length || memcmp(captured->names[index], name, length) != 0))
        index++;
    return index;
}

/* The blanks at the start of the text's line of which `at` is a part. */
static codedb_slice template_indent(const char *text, const char *at)
{
    const char *start = at, *end;
    while (start > text && start[-1] != '\n' && start[-1] != '\r')
        start--;
    end = codedb_snippet_skip_blanks(start);
    return (codedb_slice){start, (size_t)((end < at ? end : at) - start)};
}

/* The braces at `at`; *next is behind them. */
static codedb_code template_take_braces(const codedb_edit_job *job, const char *text, const char *at,
                                        const codedb_captured *captured, const uint32_t *row, const char **next,
                                        codedb_buffer *out)
{
    size_t offset = (size_t)(at - text);
    if (at[1] == at[0]) {
        codedb_buffer_append_byte(out, *at);
        *next = at + 2;
        return CODEDB_SUCCESS;
    }
    const char *end = *at == '{' ? strchr(at, '}') : NULL;
    if (!end)
        return codedb_fail(job->result, CODEDB_VALIDATION_ERROR,
                           "the new code has a single '%c' at byte %zu, expected {name} of a capture, or {{ or }} for a brace",
                           *at, offset);
    size_t length = (size_t)(end - at) - 1;
    uint32_t index = template_find(captured, at + 1, length);
    if (index == captured->capture_count)
        return codedb_fail(job->result, CODEDB_VALIDATION_ERROR,
                           "the new code asks at byte %zu for the capture {%.*s}, which the selector does not have", offset,
                           length < 64 ? (int)length : 64, at + 1);
    if (row[1 + index] == CODEDB_NO_CAPTURE)
        return codedb_fail(job->result, CODEDB_VALIDATION_ERROR, "a match has not captured @%s, for which the new code asks",
                           captured->names[index]);
    template_write_node(job, row[1 + index], template_indent(text, at), out);
    *next = end + 1;
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_template_expand(const codedb_edit_job *job, const char *text, const codedb_captured *captured,
                                                  const uint32_t *row, codedb_buffer *out)
{
    codedb_code code = CODEDB_SUCCESS;
    const char *at = text;
    while (*at && code == CODEDB_SUCCESS) {
        size_t plain = strcspn(at, "{}");
        codedb_buffer_append(out, at, plain);
        at += plain;
        if (*at)
            code = template_take_braces(job, text, at, captured, row, &at, out);
    }
    return code == CODEDB_SUCCESS && out->failed ? codedb_fail_no_memory(job->result) : code;
}
