/* codedb_snippet.c -- new code: parsed once, and written with the indentation and line breaks of the place where it goes.
 *
 * Called by codedb_edit.c. Calls codedb_tree_parse_text. Any thread; a snippet is read-only once it is parsed.
 *
 * Invariants
 * 1. The text is never dedented before it is parsed, as that would change the inside of strings: an indented text is parsed behind
 *    the line `if 1:`, and its statements are then one block deep.
 * 2. A logical line is indented by its depth, in the unit of the place; the lines that continue it keep their offset to it.
 * 3. The inside of a string does not change, but for line breaks (its value is the same) and for docstrings, which move along. */
#include "codedb_edit.h"

#include <string.h>

#define SNIPPET_HEADER "if 1:\n"
#define SNIPPET_TAB_WIDTH 8
/* CPython's tokenizer has no more levels of indentation than 100. */
#define SNIPPET_LEVELS 128

CODEDB_PRIVATE bool codedb_node_is_definition(const codedb_tree *tree, uint32_t node)
{
    return node != UINT32_MAX &&
           (tree->nodes[node].kind == CODEDB_NODE_FUNCTION_DEF || tree->nodes[node].kind == CODEDB_NODE_CLASS_DEF);
}

/* ---- Parsing ------------------------------------------------------------------------------------------------------ */

CODEDB_PRIVATE const char *codedb_snippet_skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t' || *text == '\f')
        text++;
    return text;
}

static const char *snippet_next_line(const char *text)
{
    text += strcspn(text, "\r\n");
    if (*text == '\r' && text[1] == '\n')
        text++;
    return *text ? text + 1 : text;
}

/* The first line that is neither blank nor a comment; NULL when there is none. */
CODEDB_PRIVATE const char *codedb_snippet_first_code(const char *text)
{
    for (; *text; text = snippet_next_line(text)) {
        const char *start = codedb_snippet_skip_blanks(text);
        if (*start && !strchr("#\r\n", *start))
            return text;
    }
    return NULL;
}

/* The indentation that all lines behind the first have at least; 0 when one has none or there is none. */
CODEDB_PRIVATE size_t codedb_snippet_other_indent(const char *text, const char **indent)
{
    size_t least = SIZE_MAX;
    for (text = snippet_next_line(text); *text; text = snippet_next_line(text)) {
        const char *start = codedb_snippet_skip_blanks(text);
        if (!*start || *start == '\r' || *start == '\n')
            continue;
        if ((size_t)(start - text) < least) {
            least = (size_t)(start - text);
            *indent = text;
        }
    }
    return least == SIZE_MAX ? 0 : least;
}

/* The place of an error in the text, which is [start, end) of what was parsed. One outside it is at the text's end. */
static codedb_code snippet_fail(const codedb_buffer *source, size_t start, size_t end, const codedb_result *found,
                                codedb_result *result)
{
    size_t text_line, text_column, line, column, length = (size_t)found->length;
    size_t offset = found->offset < start || found->offset > end ? end : (size_t)found->offset;
    codedb_text_place(source->data, start, &text_line, &text_column);
    codedb_text_place(source->data, offset, &line, &column);
    column -= line == text_line ? text_column : 0;
    return codedb_fail_at(result, CODEDB_PARSE_ERROR, offset - start, length < end - offset ? length : end - offset,
                          line - text_line + 1, column, "%s", found->description);
}

/* Parses a text with others before and behind it: it is [start, end). The place of an error is one of the text. */
static codedb_code snippet_parse_text(const codedb_buffer *source, size_t start, size_t end, int target_version,
                                      const codedb_allocator *allocator, codedb_tree **tree, codedb_result *result)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    options.allocator = allocator;
    options.target_version = target_version;
    codedb_result own = CODEDB_INIT(codedb_result);
    codedb_code code = codedb_tree_parse_text(source->data, source->length, &options, tree, &own);
    if (code == CODEDB_PARSE_ERROR)
        snippet_fail(source, start, end, &own, result);
    else if (code != CODEDB_SUCCESS)
        codedb_fail(result, code, "%s", own.description);
    codedb_result_clear(&own);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_snippet_parse_between(const char *before, const char *text, const char *after,
                                                        int target_version, const codedb_allocator *allocator,
                                                        codedb_snippet *snippet, codedb_result *result)
{
    codedb_buffer source;
    *snippet = (codedb_snippet){.text_start = (uint32_t)strlen(before), .first = UINT32_MAX, .last = UINT32_MAX};
    codedb_buffer_init(&source, allocator);
    codedb_buffer_append_text(&source, before);
    codedb_buffer_append_text(&source, text);
    size_t text_end = source.length;
    codedb_buffer_append_text(&source, after);
    codedb_code code =
        source.failed ? codedb_fail_no_memory(result)
                      : snippet_parse_text(&source, strlen(before), text_end, target_version, allocator, &snippet->tree, result);
    snippet->text_end = (uint32_t)text_end;
    codedb_buffer_free(&source);
    return code;
}

/* What follows the block behind the header is an error: a line that is indented less, or an `else`. */
static codedb_code snippet_check_block(const codedb_tree *tree, size_t prefix, codedb_result *result)
{
    const codedb_node *nodes = tree->nodes;
    uint32_t body = codedb_tree_child(tree, 1, CODEDB_FIELD_body);
    uint32_t stray = nodes[body].end;
    if (stray >= tree->node_count)
        return CODEDB_SUCCESS;
    uint32_t offset = tree->tokens[nodes[stray].first].start;
    codedb_place place = codedb_tree_place(tree, offset);
    return codedb_fail_at(result, CODEDB_PARSE_ERROR, offset - prefix, 1, place.line - 1, place.column,
                          "this line is indented less than the first statement");
}

static codedb_code snippet_try(const char *text, const char *indent, size_t indent_length, bool indented, int target_version,
                               const codedb_allocator *allocator, codedb_snippet *snippet, codedb_result *result)
{
    codedb_buffer source;
    codedb_buffer_init(&source, allocator);
    if (indented)
        codedb_buffer_append_text(&source, SNIPPET_HEADER);
    codedb_buffer_append(&source, indent, indent_length);
    size_t prefix = source.length;
    codedb_buffer_append_text(&source, text);
    codedb_code code =
        source.failed ? codedb_fail_no_memory(result)
                      : snippet_parse_text(&source, prefix, source.length, target_version, allocator, &snippet->tree, result);
    if (code == CODEDB_SUCCESS && indented)
        code = snippet_check_block(snippet->tree, prefix, result);
    snippet->text_start = (uint32_t)prefix;
    snippet->text_end = (uint32_t)source.length;
    snippet->base_depth = indented;
    if (code != CODEDB_SUCCESS)
        codedb_snippet_free(snippet);
    codedb_buffer_free(&source);
    return code;
}

/* Whether there is a comment in [start, end), where nothing but blanks, line breaks and comments stands. */
static bool snippet_has_comment(const codedb_tree *tree, uint32_t start, uint32_t end)
{
    return end > start && memchr(tree->source + start, '#', end - start) != NULL;
}

/* The NEWLINE token that ends the logical line in which `token` is. */
static uint32_t snippet_newline_token(const codedb_tree *tree, uint32_t token)
{
    while (tree->tokens[token].kind != CODEDB_TOKEN_NEWLINE)
        token++;
    return token;
}

/* Whether a comment stands behind code on some line of the text. */
static bool snippet_has_line_comment(const codedb_snippet *snippet)
{
    const codedb_tree *tree = snippet->tree;
    for (uint32_t token = 0; token + 1 < tree->token_count && tree->tokens[token].start < snippet->text_end; token++) {
        uint8_t kind = (uint8_t)tree->tokens[token].kind;
        if (tree->tokens[token].start < snippet->text_start || kind == CODEDB_TOKEN_NEWLINE || kind == CODEDB_TOKEN_INDENT ||
            kind == CODEDB_TOKEN_DEDENT)
            continue;
        uint32_t at = codedb_token_end(tree, token), next = tree->tokens[token + 1].start;
        while (at < next && strchr(" \t\f", tree->source[at]))
            at++;
        if (at < next && tree->source[at] == '#')
            return true;
    }
    return false;
}

CODEDB_PRIVATE void codedb_snippet_describe(codedb_snippet *snippet)
{
    const codedb_tree *tree = snippet->tree;
    if (snippet->first == UINT32_MAX) {
        snippet->ends_in_comment = true;
        return;
    }
    uint32_t newline = snippet_newline_token(tree, tree->nodes[snippet->first].first);
    snippet->has_line_comment = snippet_has_line_comment(snippet);
    uint32_t last = snippet_newline_token(tree, tree->nodes[snippet->last].last);
    snippet->ends_in_comment = snippet_has_comment(tree, codedb_token_end(tree, last - 1), snippet->text_end);
    uint32_t start = tree->tokens[tree->nodes[snippet->first].first].start;
    snippet->is_inline = snippet->statement_count == 1 && tree->nodes[snippet->first].kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE &&
                         tree->tokens[newline - 1].kind != CODEDB_TOKEN_SEMICOLON && !snippet->ends_in_comment &&
                         !snippet_has_comment(tree, snippet->text_start, start);
}

static void snippet_find_statements(codedb_snippet *snippet)
{
    const codedb_tree *tree = snippet->tree;
    uint32_t body = snippet->base_depth ? codedb_tree_child(tree, 1, CODEDB_FIELD_body) : 0;
    snippet->first = snippet->last = UINT32_MAX;
    for (uint32_t child = body + 1; child < tree->nodes[body].end; child = tree->nodes[child].end) {
        if (snippet->first == UINT32_MAX)
            snippet->first = child;
        snippet->last = child;
        snippet->statement_count++;
    }
    codedb_snippet_describe(snippet);
}

CODEDB_PRIVATE codedb_code codedb_snippet_parse(const char *text, int target_version, const codedb_allocator *allocator,
                                                codedb_snippet *snippet, codedb_result *result)
{
    *snippet = (codedb_snippet){0};
    const char *code_line = codedb_snippet_first_code(text);
    bool indented = code_line && codedb_snippet_skip_blanks(code_line) > code_line;
    codedb_code code = snippet_try(text, "", 0, indented, target_version, allocator, snippet, result);
    const char *indent = "";
    size_t indent_length = indented ? 0 : codedb_snippet_other_indent(text, &indent);
    if (code == CODEDB_PARSE_ERROR && indent_length) {
        /* Cut out of a block without the indentation of its first line: as it stands it is no Python, so there is no doubt. */
        codedb_code second = snippet_try(text, indent, indent_length, true, target_version, allocator, snippet, NULL);
        code = second == CODEDB_PARSE_ERROR ? code : second;
    }
    if (code == CODEDB_NO_MEMORY)
        return codedb_fail_no_memory(result);
    if (code == CODEDB_SUCCESS) {
        snippet_find_statements(snippet);
        codedb_succeed(result);
    }
    return code;
}

CODEDB_PRIVATE codedb_code codedb_code_error_tell(codedb_code_error *error, codedb_code code, size_t index, codedb_result *result)
{
    const codedb_result *found = &error->found;
    error->index = index;
    if (code == CODEDB_PARSE_ERROR && found->line)
        return codedb_fail(result, code, "the new code does not parse: line %u, column %u: %s", found->line, found->column + 1,
                           found->description);
    if (code != CODEDB_SUCCESS)
        return code == CODEDB_NO_MEMORY ? codedb_fail_no_memory(result) : codedb_fail(result, code, "%s", found->description);
    codedb_succeed(&error->found);
    return codedb_succeed(result);
}

CODEDB_PRIVATE void codedb_code_error_blame(const codedb_code_error *error, size_t edit, codedb_buffer *data)
{
    const codedb_result *found = &error->found;
    codedb_buffer_printf(data, "{\"edit\": %zu", edit);
    if (found->code == CODEDB_PARSE_ERROR && found->line)
        codedb_buffer_printf(
            data, ", \"new_code\": {\"index\": %zu, \"line\": %u, \"column\": %u, \"offset\": %llu, \"length\": %llu}",
            error->index, found->line, found->column + 1, (unsigned long long)found->offset, (unsigned long long)found->length);
    codedb_buffer_append_byte(data, '}');
}

CODEDB_PRIVATE void codedb_snippet_free(codedb_snippet *snippet)
{
    codedb_tree_free(snippet->tree);
    snippet->tree = NULL;
}

/* ---- Rendering ---------------------------------------------------------------------------------------------------- */

typedef struct snippet_writer {
    const codedb_tree *tree;
    const codedb_layout *layout;
    codedb_buffer *out;
    uint32_t base;
    uint32_t token; /* the next one; those before it stand on lines that are written */
    uint32_t depth;
    bool in_line;                        /* the last line left a logical line open */
    uint32_t f_strings;                  /* that are open */
    bool docstring;                      /* the logical line is one */
    bool after_header;                   /* the logical line before was that of a def or class */
    bool comment_is_due;                 /* layout->comment is not yet written */
    bool in_first_line;                  /* the logical line is the first */
    size_t lines;                        /* written */
    codedb_slice levels[SNIPPET_LEVELS]; /* the text's own indentation by depth */
} snippet_writer;

/* The blanks at the start of the line of `offset`. */
static codedb_slice snippet_indent_of(const codedb_tree *tree, uint32_t offset)
{
    uint32_t start = offset;
    while (start > 0 && tree->source[start - 1] != '\n' && tree->source[start - 1] != '\r')
        start--;
    uint32_t end = start;
    while (end < offset && strchr(" \t\f", tree->source[end]))
        end++;
    return (codedb_slice){tree->source + start, end - start};
}

static size_t snippet_width(codedb_slice indent)
{
    size_t width = 0;
    for (size_t i = 0; i < indent.length; i++)
        width = indent.text[i] == '\t' ? (width / SNIPPET_TAB_WIDTH + 1) * SNIPPET_TAB_WIDTH : width + 1;
    return width;
}

static bool snippet_starts_with(codedb_slice text, codedb_slice prefix)
{
    return text.length >= prefix.length && !memcmp(text.text, prefix.text, prefix.length);
}

/* The indentation of a depth at the new place; the first line has that of the block already. */
static void snippet_write_indent(snippet_writer *writer, uint32_t depth)
{
    const codedb_layout *layout = writer->layout;
    if (writer->lines)
        codedb_buffer_append(writer->out, layout->indent.text, layout->indent.length);
    if (layout->unit.text) {
        for (uint32_t i = writer->base; i < depth; i++)
            codedb_buffer_append(writer->out, layout->unit.text, layout->unit.length);
        return;
    }
    codedb_slice own = writer->levels[depth], base = writer->levels[writer->base];
    if (snippet_starts_with(own, base))
        codedb_buffer_append(writer->out, own.text + base.length, own.length - base.length);
}

/* A line that continues a logical one, or one of a docstring: it moves as far as the logical line does. */
static void snippet_write_shifted(snippet_writer *writer, codedb_slice line, codedb_slice indent)
{
    codedb_slice old = writer->levels[writer->depth];
    if (snippet_starts_with(indent, old)) {
        snippet_write_indent(writer, writer->depth);
        codedb_buffer_append(writer->out, line.text + old.length, line.length - old.length);
        return;
    }
    size_t missing =
        snippet_width(old) - (snippet_width(indent) < snippet_width(old) ? snippet_width(indent) : snippet_width(old));
    size_t mark = writer->out->length;
    snippet_write_indent(writer, writer->depth);
    size_t written = writer->out->length - mark;
    if (!writer->out->failed)
        writer->out->length -= missing < written ? missing : written;
    codedb_buffer_append(writer->out, line.text + indent.length, line.length - indent.length);
}

/* Takes the INDENT and DEDENT tokens before the next logical line; true when a block was opened. */
static bool snippet_take_indents(snippet_writer *writer)
{
    bool opened = false;
    for (;; writer->token++) {
        uint8_t kind = (uint8_t)writer->tree->tokens[writer->token].kind;
        if (kind == CODEDB_TOKEN_INDENT) {
            writer->depth += writer->depth + 1 < SNIPPET_LEVELS;
            opened = true;
        } else if (kind == CODEDB_TOKEN_DEDENT) {
            writer->depth -= writer->depth > 0;
        } else {
            return opened;
        }
    }
}

/* The depth behind the next INDENT and DEDENT tokens, and the text's indentation there. */
static uint32_t snippet_next_depth(const snippet_writer *writer, codedb_slice *indent)
{
    uint32_t depth = writer->depth, token = writer->token;
    for (;; token++) {
        uint8_t kind = (uint8_t)writer->tree->tokens[token].kind;
        if (kind == CODEDB_TOKEN_INDENT)
            depth++;
        else if (kind == CODEDB_TOKEN_DEDENT)
            depth--;
        else
            break;
    }
    *indent = snippet_indent_of(writer->tree, writer->tree->tokens[token].start);
    return depth;
}

/* A comment that has a line for itself goes to the deepest block around it that it is indented for. */
static void snippet_write_comment(snippet_writer *writer, codedb_slice line, codedb_slice indent)
{
    codedb_slice next_indent;
    uint32_t next = snippet_next_depth(writer, &next_indent);
    uint32_t depth = writer->depth > writer->base ? writer->depth : writer->base;
    if (next > depth && next < SNIPPET_LEVELS) {
        writer->levels[next] = next_indent;
        depth = next;
    }
    while (depth > writer->base && snippet_width(writer->levels[depth]) > snippet_width(indent))
        depth--;
    snippet_write_indent(writer, depth);
    size_t own = snippet_starts_with(indent, writer->levels[depth]) ? writer->levels[depth].length : indent.length;
    codedb_buffer_append(writer->out, line.text + own, line.length - own);
}

static void snippet_write_statement(snippet_writer *writer, codedb_slice line, codedb_slice indent)
{
    bool opened = snippet_take_indents(writer);
    const codedb_token *token = &writer->tree->tokens[writer->token];
    writer->levels[writer->depth] = indent;
    writer->docstring = opened && writer->after_header && token->kind == CODEDB_TOKEN_STRING;
    bool is_async = token->kind == CODEDB_TOKEN_KEYWORD_ASYNC;
    uint8_t keyword = (uint8_t)token[is_async].kind;
    writer->after_header = keyword == CODEDB_TOKEN_KEYWORD_DEF || keyword == CODEDB_TOKEN_KEYWORD_CLASS;
    snippet_write_indent(writer, writer->depth);
    codedb_buffer_append(writer->out, line.text + indent.length, line.length - indent.length);
}

/* Takes the tokens that start before `end`. */
static void snippet_take_tokens(snippet_writer *writer, uint32_t end)
{
    for (;; writer->token++) {
        const codedb_token *token = &writer->tree->tokens[writer->token];
        if (token->start >= end || token->kind == CODEDB_TOKEN_ENDMARKER)
            return;
        if (token->kind == CODEDB_TOKEN_INDENT || token->kind == CODEDB_TOKEN_DEDENT)
            return;
        writer->in_line = token->kind != CODEDB_TOKEN_NEWLINE;
        writer->f_strings += token->kind == CODEDB_TOKEN_FSTRING_START || token->kind == CODEDB_TOKEN_TSTRING_START;
        writer->f_strings -= token->kind == CODEDB_TOKEN_FSTRING_END;
    }
}

/* Writes the comment that is due behind the line that was just written, if one may stand there. */
static void snippet_write_due_comment(snippet_writer *writer, codedb_slice line)
{
    /* There may be no token yet: a backslash can stand before the first one. */
    if (!writer->comment_is_due || !writer->in_first_line || writer->token == 0 ||
        (line.length && line.text[line.length - 1] == '\\'))
        return;
    const codedb_tree *tree = writer->tree;
    uint32_t last = writer->token - 1;
    if (tree->tokens[last].kind == CODEDB_TOKEN_NEWLINE)
        last--;
    uint32_t token_end = codedb_token_end(tree, last);
    uint32_t line_end = (uint32_t)(line.text - tree->source) + (uint32_t)line.length;
    bool inside_string = writer->in_line && (writer->f_strings || token_end > line_end);
    if (inside_string || snippet_has_comment(tree, token_end, line_end))
        return;
    codedb_buffer_append(writer->out, writer->layout->comment.text, writer->layout->comment.length);
    writer->comment_is_due = false;
}

static void snippet_write_line(snippet_writer *writer, codedb_slice line, uint32_t next)
{
    const codedb_tree *tree = writer->tree;
    uint32_t start = (uint32_t)(line.text - tree->source);
    size_t blanks = 0;
    while (blanks < line.length && strchr(" \t\f", line.text[blanks]))
        blanks++;
    codedb_slice indent = {line.text, blanks};
    bool inside = writer->in_line && (writer->f_strings || codedb_token_end(tree, writer->token - 1) > start);
    if (inside && (!writer->docstring || writer->layout->keep_docstring || blanks == line.length)) {
        codedb_buffer_append(writer->out, line.text, line.length);
    } else if (blanks < line.length) {
        if (writer->in_line)
            snippet_write_shifted(writer, line, indent);
        else if (line.text[blanks] == '#')
            snippet_write_comment(writer, line, indent);
        else
            snippet_write_statement(writer, line, indent);
    }
    bool is_statement = !writer->in_line && blanks < line.length && line.text[blanks] != '#';
    writer->in_first_line = is_statement ? !writer->lines || writer->comment_is_due : writer->in_first_line;
    snippet_take_tokens(writer, next);
    snippet_write_due_comment(writer, line);
    if (!writer->in_line)
        writer->in_first_line = false;
    writer->lines++;
}

/* The last line that is not blank. */
static uint32_t snippet_last_line(const codedb_tree *tree, uint32_t first, uint32_t end)
{
    while (end > first && strchr(" \t\f\r\n", tree->source[end - 1]))
        end--;
    return codedb_tree_place(tree, end > first ? end - 1 : first).line;
}

static uint32_t snippet_first_line(const codedb_tree *tree, uint32_t start)
{
    uint32_t line_start = start;
    for (uint32_t at = start; at < tree->length && strchr(" \t\f\r\n", tree->source[at]); at++)
        if (tree->source[at] == '\n' || tree->source[at] == '\r')
            line_start = at + 1;
    return codedb_tree_place(tree, line_start < tree->length ? line_start : start).line;
}

/* Goes to the first token of the text; inside brackets around it, its first line continues one. */
static void snippet_begin(snippet_writer *writer, const codedb_snippet *snippet)
{
    const codedb_tree *tree = snippet->tree;
    uint8_t kind;
    for (; tree->tokens[writer->token].start < snippet->text_start; writer->token++) {
        kind = (uint8_t)tree->tokens[writer->token].kind;
        if (kind == CODEDB_TOKEN_ENDMARKER)
            break;
        writer->depth += kind == CODEDB_TOKEN_INDENT;
        writer->depth -= kind == CODEDB_TOKEN_DEDENT;
        writer->in_line = kind != CODEDB_TOKEN_NEWLINE && kind != CODEDB_TOKEN_INDENT && kind != CODEDB_TOKEN_DEDENT;
    }
    if (snippet->first == UINT32_MAX)
        writer->levels[writer->base] = (codedb_slice){tree->source, 0};
    else
        writer->levels[writer->base] = snippet_indent_of(tree, tree->tokens[tree->nodes[snippet->first].first].start);
}

CODEDB_PRIVATE void codedb_snippet_render(const codedb_snippet *snippet, const codedb_layout *layout, codedb_buffer *out)
{
    const codedb_tree *tree = snippet->tree;
    snippet_writer writer = {
        .tree = tree, .layout = layout, .out = out, .base = snippet->base_depth, .comment_is_due = layout->comment.length > 0};
    snippet_begin(&writer, snippet);
    uint32_t last = snippet_last_line(tree, snippet->text_start, snippet->text_end);
    for (uint32_t number = snippet_first_line(tree, snippet->text_start); number <= last; number++) {
        uint32_t start = tree->line_starts[number - 1];
        uint32_t next = number < tree->line_count ? tree->line_starts[number] : tree->length;
        next = next < snippet->text_end ? next : snippet->text_end;
        uint32_t end = next;
        if (writer.in_line && start < snippet->text_start && writer.lines == 0)
            start = snippet->text_start;
        while (end > start && (tree->source[end - 1] == '\n' || tree->source[end - 1] == '\r'))
            end--;
        if (writer.lines)
            codedb_buffer_append(out, layout->newline.text, layout->newline.length);
        snippet_write_line(&writer, (codedb_slice){tree->source + start, end - start}, next);
    }
}
