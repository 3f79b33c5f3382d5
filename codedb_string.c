/* codedb_string.c -- the value of a string literal, and the docstring of a module, class or function.
 *
 * Called by codedb_index.c (docstrings of entities), codedb_attributes.c (the `docstring` attribute), the edit
 * engine and codedb_ast_literal.c. Calls codedb_name.c and the buffer of codedb_memory.c, and reads trees. Any thread; holds no
 * state.
 *
 * Invariants
 * 1. A value has "\n" for each line break of the source, whatever the file's newline style is: CPython reads it so.
 * 2. A value is UTF-8 but for lone surrogates that escapes ask for: those are written as the three bytes their code point would
 *    have, so that nothing is lost; codedb_docstring_append turns them into U+FFFD, as a database holds UTF-8 only.
 * 3. \N{...} is the character that the target version of the tree knows by the name. */
#include "codedb_tree.h"

#include <string.h>

/* Columns from one tab stop to the next, as in str.expandtabs. */
#define STRING_TAB_WIDTH 8

/* ---- Literals ----------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE bool codedb_string_split(const char *text, size_t length, codedb_string_literal *literal)
{
    size_t at = 0;
    *literal = (codedb_string_literal){0};
    for (; at < length && text[at] != '"' && text[at] != '\''; at++) {
        switch (text[at] | 0x20) {
        case 'r': literal->raw = true; break;
        case 'b': literal->bytes = true; break;
        case 'u': literal->unicode = true; break;
        case 'f':
        case 't': literal->formatted = true; break;
        default: return false;
        }
    }
    size_t quote = 1;
    if (length - at >= 6 && text[at + 1] == text[at] && text[at + 2] == text[at])
        quote = 3;
    if (length - at < 2 * quote)
        return false;
    literal->quote_length = quote;
    literal->body = text + at + quote;
    literal->body_length = length - at - 2 * quote;
    return true;
}

/* The value of a hexadecimal digit, or 16. */
static unsigned string_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? (unsigned)(lower - 'a' + 10) : 16;
}

/* Reads exactly `digits` hexadecimal digits at `text`; false when there are fewer. */
static bool string_hex(const char *text, const char *end, size_t digits, uint32_t *value)
{
    if ((size_t)(end - text) < digits)
        return false;
    *value = 0;
    for (size_t i = 0; i < digits; i++) {
        unsigned digit = string_hex_digit(text[i]);
        if (digit > 15)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

/* Reads up to three octal digits; returns the place behind them. */
static const char *string_octal(const char *text, const char *end, uint32_t *value)
{
    const char *stop = end - text > 3 ? text + 3 : end;
    for (*value = 0; text < stop && *text >= '0' && *text <= '7'; text++)
        *value = *value << 3 | (uint32_t)(*text - '0');
    return text;
}

static void string_append_code_point(codedb_buffer *out, uint32_t code_point, bool bytes)
{
    if (bytes || code_point < 0x80) {
        codedb_buffer_append_byte(out, (char)(unsigned char)code_point);
    } else if (code_point >= 0xD800 && code_point < 0xE000) {
        char encoded[3] = {(char)(0xE0 | code_point >> 12), (char)(0x80 | (code_point >> 6 & 0x3F)),
                           (char)(0x80 | (code_point & 0x3F))};
        codedb_buffer_append(out, encoded, sizeof encoded);
    } else {
        char encoded[4];
        codedb_buffer_append(out, encoded, codedb_utf8_encode(code_point, encoded));
    }
}

/* The character that a one-letter escape stands for, or -1. */
static int string_simple_escape(char c)
{
    static const char letters[] = "\\'\"abfnrtv";
    static const char values[] = "\\'\"\a\b\f\n\r\t\v";
    const char *found = c ? strchr(letters, c) : NULL;
    return found ? values[found - letters] : -1;
}

CODEDB_PRIVATE const char *codedb_string_read_escape(const char *text, const char *end, bool bytes, int python,
                                                     int32_t *code_point)
{
    uint32_t value = '\\';
    const char *behind = text;
    int simple = text < end ? string_simple_escape(*text) : -1;
    size_t digits = text == end ? 0 : *text == 'x' ? 2 : bytes ? 0 : *text == 'u' ? 4 : *text == 'U' ? 8 : 0;
    if (simple >= 0) {
        value = (uint32_t)simple;
        behind = text + 1;
    } else if (text < end && (*text == '\n' || *text == '\r')) {
        *code_point = -1;
        return text + (*text == '\r' && text + 1 < end && text[1] == '\n' ? 2 : 1);
    } else if (digits && string_hex(text + 1, end, digits, &value) && value <= 0x10FFFF) {
        behind = text + 1 + digits;
    } else if (digits || text == end) {
        value = 0xFFFD;
        behind = NULL;
    } else if (*text >= '0' && *text <= '7') {
        behind = string_octal(text, end, &value);
    } else if (*text == 'N' && !bytes) {
        behind = codedb_character_read(text, end, python, &value);
        value = behind ? value : 0xFFFD;
    }
    *code_point = (int32_t)value;
    return behind;
}

/* Appends a run without backslashes, its line breaks made "\n". */
static void string_append_plain(codedb_buffer *out, const char *text, const char *end)
{
    while (text < end) {
        const char *carriage = memchr(text, '\r', (size_t)(end - text));
        codedb_buffer_append(out, text, (size_t)((carriage ? carriage : end) - text));
        if (!carriage)
            return;
        codedb_buffer_append_byte(out, '\n');
        text = carriage + (carriage + 1 < end && carriage[1] == '\n' ? 2 : 1);
    }
}

CODEDB_PRIVATE bool codedb_string_evaluate(const char *body, size_t length, bool raw, bool bytes, int python, codedb_buffer *out)
{
    const char *end = body + length;
    while (body < end) {
        const char *backslash = raw ? NULL : memchr(body, '\\', (size_t)(end - body));
        string_append_plain(out, body, backslash ? backslash : end);
        if (!backslash)
            break;
        int32_t code_point;
        body = codedb_string_read_escape(backslash + 1, end, bytes, python, &code_point);
        if (!body)
            return false;
        if (code_point >= 0)
            string_append_code_point(out, (uint32_t)code_point, bytes);
    }
    return true;
}

/* ---- Docstrings --------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE uint32_t codedb_docstring_statement(const codedb_tree *tree, uint32_t node)
{
    uint32_t body = node;
    if (tree->nodes[node].kind != CODEDB_NODE_MODULE) {
        body = codedb_tree_child(tree, node, CODEDB_FIELD_body);
        if (body == UINT32_MAX)
            return UINT32_MAX;
    }
    uint32_t line = codedb_tree_child(tree, body, CODEDB_FIELD_body);
    if (line == UINT32_MAX)
        return UINT32_MAX;
    /* In `def f(): "text"` the block is itself the line of small statements. */
    uint32_t statement = tree->nodes[line].kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE ? line + 1 : line;
    if (statement >= tree->nodes[node].end || tree->nodes[statement].kind != CODEDB_NODE_EXPR)
        return UINT32_MAX;
    for (uint32_t i = statement + 1; i < tree->nodes[statement].end; i++) {
        if (tree->nodes[i].kind == CODEDB_NODE_CONCATENATED_STRING)
            continue;
        codedb_string_literal literal;
        uint32_t start = tree->tokens[tree->nodes[i].first].start;
        if (tree->nodes[i].kind != CODEDB_NODE_SIMPLE_STRING ||
            !codedb_string_split(tree->source + start, codedb_token_end(tree, tree->nodes[i].first) - start, &literal) ||
            literal.bytes)
            return UINT32_MAX;
    }
    return statement;
}

/* Replaces the three bytes of each lone surrogate behind `mark` by those of U+FFFD. */
static void string_replace_surrogates(codedb_buffer *out, size_t mark)
{
    if (out->failed)
        return;
    for (size_t i = mark; i + 2 < out->length; i++)
        if (out->data[i] == '\xED' && (out->data[i + 1] & 0x20))
            memcpy(out->data + i, "\xEF\xBF\xBD", 3);
}

/* str.expandtabs() of what stands behind `mark`. */
static void string_expand_tabs(codedb_buffer *out, size_t mark)
{
    size_t length = out->length - mark;
    if (out->failed || !length || !memchr(out->data + mark, '\t', length))
        return;
    size_t column = 0;
    for (size_t i = 0; i < length && !out->failed; i++) {
        char c = out->data[mark + i];
        if (c == '\t') {
            size_t blanks = STRING_TAB_WIDTH - column % STRING_TAB_WIDTH;
            codedb_buffer_append(out, "        ", blanks);
            column += blanks;
            continue;
        }
        codedb_buffer_append_byte(out, c);
        if (c == '\n' || c == '\r')
            column = 0;
        else if (((unsigned char)c & 0xC0) != 0x80)
            column++;
    }
    if (out->failed)
        return;
    memmove(out->data + mark, out->data + mark + length, out->length - mark - length);
    out->length -= length;
}

static size_t string_leading_blanks(const char *text, const char *end)
{
    const char *at = text;
    while (at < end && *at == ' ')
        at++;
    return (size_t)(at - text);
}

/* The fewest blanks before the text of any line but the first that has one; SIZE_MAX when no line has. */
static size_t string_margin(const char *text, const char *end)
{
    size_t margin = SIZE_MAX;
    const char *line = memchr(text, '\n', (size_t)(end - text));
    while (line) {
        line++;
        const char *next = memchr(line, '\n', (size_t)(end - line));
        size_t blanks = string_leading_blanks(line, next ? next : end);
        if (line + blanks < (next ? next : end) && blanks < margin)
            margin = blanks;
        line = next;
    }
    return margin;
}

/* inspect.cleandoc of what stands behind `mark`, in place: it never grows once tabs are expanded. */
static void string_clean(codedb_buffer *out, size_t mark)
{
    string_expand_tabs(out, mark);
    if (out->failed || out->length == mark)
        return;
    char *start = out->data + mark;
    char *end = out->data + out->length;
    size_t margin = string_margin(start, end);
    char *write = start;
    for (char *line = start; line;) {
        char *next = memchr(line, '\n', (size_t)(end - line));
        char *line_end = next ? next : end;
        size_t blanks = string_leading_blanks(line, line_end);
        size_t cut = line == start || blanks < margin ? blanks : margin;
        if (line != start && margin == SIZE_MAX)
            cut = 0;
        size_t kept = (size_t)(line_end - line) - cut;
        /* Empty lines at the start are dropped: as long as nothing was written, a break would open with one. */
        bool opens = write == start && !kept;
        memmove(write, line + cut, kept);
        write += kept;
        if (next && !opens)
            *write++ = '\n';
        line = next ? next + 1 : NULL;
    }
    while (write > start && write[-1] == '\n')
        write--;
    out->length = mark + (size_t)(write - start);
    out->data[out->length] = '\0';
}

CODEDB_PRIVATE void codedb_docstring_clean(codedb_buffer *out, size_t mark)
{
    string_replace_surrogates(out, mark);
    string_clean(out, mark);
}

CODEDB_PRIVATE bool codedb_docstring_append(const codedb_tree *tree, uint32_t node, codedb_buffer *out)
{
    uint32_t statement = codedb_docstring_statement(tree, node);
    if (statement == UINT32_MAX)
        return false;
    size_t mark = out->length;
    for (uint32_t i = statement + 1; i < tree->nodes[statement].end; i++) {
        if (tree->nodes[i].kind != CODEDB_NODE_SIMPLE_STRING)
            continue;
        codedb_string_literal literal;
        uint32_t start = tree->tokens[tree->nodes[i].first].start;
        if (!codedb_string_split(tree->source + start, codedb_token_end(tree, tree->nodes[i].first) - start, &literal) ||
            !codedb_string_evaluate(literal.body, literal.body_length, literal.raw, literal.bytes, tree->target_version, out)) {
            out->length = mark;
            return false;
        }
    }
    codedb_docstring_clean(out, mark);
    return true;
}
