/* codedb_ast_literal.c -- the values of constants in the ast's JSON: numbers, strings, bytes, identifiers.
 *
 * Called by codedb_ast.c. Calls the escapes of codedb_string.c and the normal form of codedb_normal.c. Any thread; its only state is
 * the output it is given.
 *
 * Invariants
 * 1. A value that JSON has is written as it is; any other as an object with one key that says how to read it, so that nothing is
 *    lost: {"int": "0x..."}, {"float": "inf"}, {"complex": 1.5}, {"bytes": "..."}, {"ellipsis": true}, {"text": [...]}.
 * 2. A JSON string never holds two surrogate escapes that a reader would take for one character: such a value is {"text": [...]}. */
#include "codedb_ast.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- Numbers ------------------------------------------------------------------------------------------------------ */

/* Significant digits that decide which double is the nearest, whatever follows. */
#define LITERAL_DIGITS 800
/* So many significant digits are always the shortest that give their double. */
#define LITERAL_EXACT_DIGITS 15

/* A decimal literal: 0.DIGITS times ten to the power of `exponent`. */
typedef struct literal_decimal {
    char digits[LITERAL_DIGITS + 2]; /* without zeros before and behind; the last one is 1 when more were cut off */
    size_t count;
    int64_t exponent;
} literal_decimal;

static void literal_put_base(codedb_ast_output *out, const char *text, size_t length)
{
    unsigned bits = (text[1] | 0x20) == 'x' ? 4 : (text[1] | 0x20) == 'o' ? 3 : 1;
    uint64_t value = 0;
    bool fits = true;
    for (size_t i = 2; i < length; i++) {
        if (text[i] == '_')
            continue;
        unsigned digit = text[i] <= '9' ? (unsigned)(text[i] - '0') : (unsigned)((text[i] | 0x20) - 'a' + 10);
        fits = fits && value >> (63 - bits) == 0;
        value = value << bits | digit;
    }
    if (fits)
        codedb_ast_put_number(out, value);
    else {
        char prefix[] = "{\"int\":\"0x";
        prefix[sizeof prefix - 2] = (char)(text[1] | 0x20);
        AST_PUT(out, prefix);
        for (size_t i = 2; i < length; i++)
            if (text[i] != '_')
                ast_put(out, text + i, 1);
        AST_PUT(out, "\"}");
    }
}

static void literal_put_integer(codedb_ast_output *out, const char *text, size_t length)
{
    static const char largest[] = "9223372036854775807";
    char digits[sizeof largest];
    size_t count = 0, start = 0;
    if (CODEDB_LIKELY(length == 1)) {
        ast_put(out, text, 1);
        return;
    }
    if (text[0] == '0' && text[1] > '9' && text[1] != '_') {
        literal_put_base(out, text, length);
        return;
    }
    while (start + 1 < length && (text[start] == '0' || text[start] == '_'))
        start++;
    for (size_t i = start; i < length; i++)
        if (text[i] != '_') {
            if (count < sizeof largest - 1)
                digits[count] = text[i];
            count++;
        }
    bool fits = count < sizeof largest - 1 || (count == sizeof largest - 1 && memcmp(digits, largest, count) <= 0);
    if (fits) {
        ast_put(out, digits, count);
        return;
    }
    AST_PUT(out, "{\"int\":\"");
    for (size_t i = start; i < length; i++)
        if (text[i] != '_')
            ast_put(out, text + i, 1);
    AST_PUT(out, "\"}");
}

/* The exponent behind `e`, kept within bounds that no count of digits can bring back. */
static int64_t literal_exponent(const char *text, const char *end)
{
    bool negative = text < end && *text == '-';
    int64_t value = 0;
    for (; text < end; text++)
        if (*text >= '0' && *text <= '9' && value < INT64_C(1000000000000))
            value = value * 10 + (*text - '0');
    return negative ? -value : value;
}

static void literal_read_decimal(const char *text, const char *end, literal_decimal *decimal)
{
    bool point = false, cut = false;
    decimal->count = 0;
    decimal->exponent = 0;
    for (; text < end && (*text | 0x20) != 'e'; text++) {
        if (*text == '.') {
            point = true;
        } else if (*text != '_') {
            if (decimal->count == 0 && *text == '0') {
                decimal->exponent -= point;
                continue;
            }
            decimal->exponent += !point;
            if (decimal->count < LITERAL_DIGITS)
                decimal->digits[decimal->count++] = *text;
            else
                cut = cut || *text != '0';
        }
    }
    if (cut)
        decimal->digits[decimal->count++] = '1';
    while (decimal->count > 0 && decimal->digits[decimal->count - 1] == '0')
        decimal->count--;
    if (text < end)
        decimal->exponent += literal_exponent(text + 1, end);
}

/* Writes it as Python's repr does: with an exponent when it is below 1e-4 or has more than 16 digits before the point. */
static void literal_put_decimal(codedb_ast_output *out, const literal_decimal *decimal)
{
    char text[64];
    size_t used = 0, count = decimal->count;
    int point = (int)decimal->exponent;
    if (point > -4 && point <= 16) {
        if (point <= 0)
            text[used++] = '0';
        for (int i = 0; i < point; i++)
            text[used++] = i < (int)count ? decimal->digits[i] : '0';
        text[used++] = '.';
        for (int i = point; i < (int)count || i == point; i++)
            text[used++] = i < 0 || i >= (int)count ? '0' : decimal->digits[i];
        ast_put(out, text, used);
        return;
    }
    text[used++] = decimal->digits[0];
    if (count > 1)
        text[used++] = '.';
    memcpy(text + used, decimal->digits + 1, count - 1);
    used += count - 1;
    text[used++] = 'e';
    text[used] = '-';
    ast_put(out, text, used + (point <= 0));
    codedb_ast_put_number(out, (uint64_t)(point > 0 ? point - 1 : 1 - point));
}

/* Makes `decimal` the shortest one that gives the same double; false when that is infinite. Neither the text that is read nor the
 * one that is printed is understood by its decimal point, which a locale may change. */
static bool literal_shorten(literal_decimal *decimal)
{
    char text[LITERAL_DIGITS + 40];
    snprintf(text, sizeof text, "%.*se%lld", (int)decimal->count, decimal->digits,
             (long long)(decimal->exponent - (int64_t)decimal->count));
    double value = strtod(text, NULL);
    if (value > 1.7976931348623157e308)
        return false;
    decimal->count = 0;
    decimal->exponent = 0;
    for (int precision = 1; value > 0 && precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision - 1, value);
        decimal->count = 0;
        const char *at = text;
        for (; *at != 'e'; at++)
            if (*at >= '0' && *at <= '9')
                decimal->digits[decimal->count++] = *at;
        decimal->exponent = strtol(at + 1, NULL, 10) + 1;
        snprintf(text, sizeof text, "%.*se%lld", (int)decimal->count, decimal->digits,
                 (long long)(decimal->exponent - (int64_t)decimal->count));
        if (strtod(text, NULL) >= value && strtod(text, NULL) <= value)
            break;
    }
    return true;
}

static void literal_put_float(codedb_ast_output *out, const char *text, const char *end)
{
    literal_decimal decimal;
    literal_read_decimal(text, end, &decimal);
    bool plain = decimal.count <= LITERAL_EXACT_DIGITS && decimal.exponent > -290 && decimal.exponent < 290;
    if (decimal.count > 0 && !plain && !literal_shorten(&decimal))
        AST_PUT(out, "{\"float\":\"inf\"}");
    else if (decimal.count == 0)
        AST_PUT(out, "0.0");
    else
        literal_put_decimal(out, &decimal);
}

CODEDB_PRIVATE void codedb_ast_put_numeral(codedb_ast_output *out, uint32_t token)
{
    const char *text = out->tree->source + out->tree->tokens[token].start;
    size_t length = codedb_token_end(out->tree, token) - out->tree->tokens[token].start;
    bool is_float = false;
    if ((text[length - 1] | 0x20) == 'j') {
        AST_PUT(out, "{\"complex\":");
        literal_put_float(out, text, text + length - 1);
        AST_PUT(out, "}");
        return;
    }
    for (size_t i = 0; i < length && !(text[i] > '9' && (text[i] | 0x20) != 'e' && text[i] != '_'); i++)
        is_float = is_float || text[i] == '.' || (text[i] | 0x20) == 'e';
    if (is_float && !(length > 1 && (text[1] | 0x20) == 'x'))
        literal_put_float(out, text, text + length);
    else
        literal_put_integer(out, text, length);
}

/* ---- Text --------------------------------------------------------------------------------------------------------- */

/* A JSON string that is being written. */
typedef struct literal_text {
    codedb_ast_output *out;
    bool in_parts;       /* it is {"text": [...]} */
    bool high_surrogate; /* the last character was one */
} literal_text;

/* What a byte of a string becomes in JSON: 0: itself, 1: six characters \u00XX, else a backslash and this. */
static const unsigned char literal_escapes[256] = {
    1, 1, 1, 1, 1, 1, 1, 1, 'b', 't', 'n', 1, 'f', 'r', 1, 1,           1,
    1, 1, 1, 1, 1, 1, 1, 1, 1,   1,   1,   1, 1,   1,   1, ['"'] = '"', ['\\'] = '\\'};

static void literal_put_unit(codedb_ast_output *out, uint32_t unit)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15]};
    ast_put(out, text, sizeof text);
}

static void literal_put_ascii(codedb_ast_output *out, unsigned char c)
{
    unsigned char escape = literal_escapes[c];
    if (escape == 0) {
        ast_put(out, (const char *)&c, 1);
    } else if (escape == 1) {
        literal_put_unit(out, c);
    } else {
        char text[2] = {'\\', (char)escape};
        ast_put(out, text, 2);
    }
}

static void literal_put_code_point(literal_text *text, uint32_t code_point)
{
    char encoded[4];
    bool high = code_point >= 0xD800 && code_point < 0xDC00;
    if (code_point < 0x80)
        literal_put_ascii(text->out, (unsigned char)code_point);
    else if (code_point >= 0xD800 && code_point < 0xE000) {
        if (text->high_surrogate && !high && text->in_parts)
            AST_PUT(text->out, "\",\"");
        literal_put_unit(text->out, code_point);
    } else
        ast_put(text->out, encoded, codedb_utf8_encode(code_point, encoded));
    text->high_surrogate = high;
}

/* A run of source text without escapes: line breaks become \n, and with `braces` doubled ones single. */
static void literal_put_run(literal_text *text, const char *at, const char *end, bool braces)
{
    codedb_ast_output *out = text->out;
    text->high_surrogate = text->high_surrogate && at == end;
    while (at < end) {
        const char *start = at;
        while (at < end && !literal_escapes[(unsigned char)*at] && !(braces && (*at == '{' || *at == '}')))
            at++;
        ast_put_any(out, start, (size_t)(at - start));
        if (at == end)
            return;
        if (*at == '\r') {
            AST_PUT(out, "\\n");
            at += at + 1 < end && at[1] == '\n' ? 2 : 1;
            continue;
        }
        literal_put_ascii(out, (unsigned char)*at);
        at += braces && (*at == '{' || *at == '}') && at + 1 < end && at[1] == *at ? 2 : 1;
    }
}

static void literal_put_body(literal_text *text, const char *at, const char *end, bool raw, bool braces)
{
    while (at < end) {
        const char *backslash = raw ? NULL : memchr(at, '\\', (size_t)(end - at));
        const char *stop = backslash ? backslash : end;
        literal_put_run(text, at, stop, braces);
        if (!backslash)
            return;
        at = backslash + 1;
        if (at == end) {
            literal_put_ascii(text->out, '\\');
            return;
        }
        int32_t code_point;
        const char *behind = codedb_string_read_escape(at, end, false, text->out->tree->target_version, &code_point);
        at = behind ? behind : end;
        if (code_point >= 0)
            literal_put_code_point(text, (uint32_t)code_point);
    }
}

/* Where the text of a SimpleString, FormattedStringText or TemplatedStringText is, and how it is to be read. */
typedef struct literal_body {
    const char *start;
    const char *end;
    bool raw;
    bool braces; /* they are doubled */
} literal_body;

static bool literal_is_raw(const codedb_tree *tree, uint32_t literal)
{
    const char *prefix = tree->source + tree->tokens[tree->nodes[literal].first].start;
    return (prefix[0] | 0x20) == 'r' || (prefix[1] | 0x20) == 'r';
}

/* False for a node that is neither; `literal` is the f-string whose nodes are being looked at. */
static bool literal_find_body(const codedb_tree *tree, uint32_t node, uint32_t *literal, literal_body *body)
{
    uint32_t token = tree->nodes[node].first;
    const char *text = tree->source + tree->tokens[token].start;
    const char *end = tree->source + codedb_token_end(tree, token);
    bool in_spec = tree->nodes[node].field == CODEDB_FIELD_format_spec;
    codedb_string_literal parts;
    switch (tree->nodes[node].kind) {
    case CODEDB_NODE_SIMPLE_STRING:
        codedb_string_split(text, (size_t)(end - text), &parts);
        *body = (literal_body){parts.body, parts.body + parts.body_length, parts.raw, false};
        return true;
    case CODEDB_NODE_FORMATTED_STRING_TEXT:
    case CODEDB_NODE_TEMPLATED_STRING_TEXT:
        *body = (literal_body){text, end, literal_is_raw(tree, *literal), true};
        /* 3.12 and 3.13 read escapes in the specifications of raw f-strings. */
        body->raw = body->raw && (!in_spec || tree->target_version < 312 || tree->target_version >= 314);
        return true;
    case CODEDB_NODE_FORMATTED_STRING:
    case CODEDB_NODE_TEMPLATED_STRING: *literal = node; return false;
    default: return false;
    }
}

/* Whether the texts have escapes of a high and then a low surrogate. */
static bool literal_needs_parts(const codedb_tree *tree, codedb_ast_run run)
{
    literal_body body;
    bool high = false;
    for (uint32_t node = run.from; node < run.to; node++) {
        if (!literal_find_body(tree, node, &run.literal, &body) || body.raw)
            continue;
        const char *at = body.start;
        while (at < body.end && (at = memchr(at, '\\', (size_t)(body.end - at)))) {
            int32_t code_point;
            at++;
            const char *behind = codedb_string_read_escape(at, body.end, false, tree->target_version, &code_point);
            at = behind ? behind : body.end;
            if (high && code_point >= 0xDC00 && code_point < 0xE000)
                return true;
            high = high || (code_point >= 0xD800 && code_point < 0xDC00);
        }
    }
    return false;
}

CODEDB_PRIVATE void codedb_ast_put_text(codedb_ast_output *out, codedb_ast_run run, uint32_t first, uint32_t last)
{
    literal_body body;
    literal_text writer = {out, literal_needs_parts(out->tree, run), false};
    if (writer.in_parts)
        AST_PUT(out, "{\"text\":[");
    AST_PUT(out, "\"");
    for (uint32_t node = run.from; node < run.to; node++)
        if (literal_find_body(out->tree, node, &run.literal, &body))
            literal_put_body(&writer, body.start, body.end, body.raw, body.braces);
    if (first < last)
        codedb_ast_put_source(out, first, codedb_token_end(out->tree, first - 1), out->tree->tokens[last].start);
    AST_PUT(out, "\"");
    if (writer.in_parts)
        AST_PUT(out, "]}");
}

static const char *literal_behind_continuation(const char *at, const char *end)
{
    return at + (end - at > 2 && at[1] == '\r' && at[2] == '\n' ? 3 : 2);
}

static bool literal_body_is_empty(const literal_body *body)
{
    const char *at = body->start;
    while (!body->raw && body->end - at > 1 && at[0] == '\\' && (at[1] == '\n' || at[1] == '\r'))
        at = literal_behind_continuation(at, body->end);
    return at == body->end;
}

/* Where a text of an f-string ends: from 3.12 on CPython cuts it behind named escapes and doubled braces, and a rest of nothing but
 * continued lines is then none of its parts. */
static const char *literal_counted_end(const codedb_tree *tree, const literal_body *body)
{
    const char *at = body->start, *counted = body->end;
    if (tree->target_version < 312 || (body->end[-1] != '\n' && body->end[-1] != '\r'))
        return counted;
    while (at < body->end) {
        bool escape = *at == '\\' && !body->raw, brace = *at == '{' || *at == '}';
        const char *close = escape && at[1] == 'N' ? memchr(at, '}', (size_t)(body->end - at)) : NULL;
        if (escape && (at[1] == '\n' || at[1] == '\r')) {
            at = literal_behind_continuation(at, body->end);
            continue;
        }
        at = close ? close + 1 : at + 1 + (escape || brace);
        counted = close || brace ? at : body->end;
    }
    return counted;
}

CODEDB_PRIVATE void codedb_ast_find_pieces(const codedb_ast_output *out, codedb_ast_run run, uint32_t *first, uint32_t *end)
{
    literal_body body;
    *first = UINT32_MAX;
    *end = 0;
    for (uint32_t node = run.from; node < run.to; node++) {
        if (!literal_find_body(out->tree, node, &run.literal, &body))
            continue;
        bool is_text = out->tree->nodes[node].kind != CODEDB_NODE_SIMPLE_STRING;
        if (is_text && literal_body_is_empty(&body))
            continue;
        *first = *first == UINT32_MAX ? node : *first;
        *end = is_text ? (uint32_t)(literal_counted_end(out->tree, &body) - out->tree->source)
                       : codedb_token_end(out->tree, out->tree->nodes[node].first);
    }
}

CODEDB_PRIVATE bool codedb_ast_text_is_empty(const codedb_ast_output *out, codedb_ast_run run)
{
    literal_body body;
    for (uint32_t node = run.from; node < run.to; node++)
        if (literal_find_body(out->tree, node, &run.literal, &body) && !literal_body_is_empty(&body))
            return false;
    return true;
}

/* A gap between two tokens: comments are left out. */
static void literal_put_gap(literal_text *text, const char *at, const char *end)
{
    while (at < end) {
        const char *start = at;
        while (at < end && *at != '#')
            at++;
        literal_put_run(text, start, at, false);
        while (at < end && *at != '\n' && *at != '\r')
            at++;
    }
}

CODEDB_PRIVATE void codedb_ast_put_source(codedb_ast_output *out, uint32_t token, uint32_t start, uint32_t end)
{
    const char *source = out->tree->source;
    literal_text writer = {out, false, false};
    for (; start < end; token++) {
        uint32_t next = out->tree->tokens[token].start < end ? out->tree->tokens[token].start : end;
        literal_put_gap(&writer, source + start, source + next);
        start = next < end ? codedb_token_end(out->tree, token) : end;
        literal_put_run(&writer, source + next, source + start, false);
    }
}

/* ---- Bytes -------------------------------------------------------------------------------------------------------- */

static void literal_put_byte(codedb_ast_output *out, unsigned byte)
{
    if (byte < 0x80) {
        literal_put_ascii(out, (unsigned char)byte);
    } else {
        char encoded[2] = {(char)(0xC0 | byte >> 6), (char)(0x80 | (byte & 0x3F))};
        ast_put(out, encoded, 2);
    }
}

CODEDB_PRIVATE void codedb_ast_put_bytes(codedb_ast_output *out, uint32_t from, uint32_t to)
{
    literal_body body;
    uint32_t literal = from;
    literal_text writer = {out, false, false};
    AST_PUT(out, "{\"bytes\":\"");
    for (uint32_t node = from; node < to; node++) {
        if (!literal_find_body(out->tree, node, &literal, &body))
            continue;
        const char *at = body.start;
        while (at < body.end) {
            const char *backslash = body.raw ? NULL : memchr(at, '\\', (size_t)(body.end - at));
            const char *stop = backslash ? backslash : body.end;
            literal_put_run(&writer, at, stop, false);
            if (!backslash)
                break;
            int32_t code_point;
            const char *behind = codedb_string_read_escape(backslash + 1, body.end, true, 0, &code_point);
            at = behind ? behind : body.end;
            if (code_point >= 0)
                literal_put_byte(out, (unsigned)code_point & 0xFF);
        }
    }
    AST_PUT(out, "\"}");
}

/* ---- Identifiers -------------------------------------------------------------------------------------------------- */

static void literal_put_normalized(codedb_ast_output *out, const char *text, size_t length)
{
    codedb_buffer normal;
    codedb_buffer_init(&normal, &out->tree->allocator);
    if (codedb_identifier_normalize(text, length, &normal))
        ast_put_any(out, normal.data, normal.length);
    else
        out->failed = true;
    codedb_buffer_free(&normal);
}

CODEDB_PRIVATE void codedb_ast_put_identifier_text(codedb_ast_output *out, uint32_t token)
{
    const char *text = out->tree->source + out->tree->tokens[token].start;
    size_t length = codedb_token_end(out->tree, token) - out->tree->tokens[token].start;
    if (CODEDB_LIKELY(out->tree->ascii) || codedb_identifier_is_normal(text, length))
        ast_put_any(out, text, length);
    else
        literal_put_normalized(out, text, length);
}

CODEDB_PRIVATE void codedb_ast_put_identifier(codedb_ast_output *out, uint32_t token)
{
    AST_PUT(out, "\"");
    codedb_ast_put_identifier_text(out, token);
    AST_PUT(out, "\"");
}
