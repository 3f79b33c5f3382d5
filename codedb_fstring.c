/* codedb_fstring.c -- strings side by side, f-strings and t-strings with their replacement fields: from tokens to nodes in post-order.
 *
 * Called by codedb_expression.c and codedb_statement.c through codedb_parser.h, whose invariants hold here; calls codedb_expression.c for
 * what stands in fields. Any thread, one per parser. The grammar stands above each function as in codedb_expression.c.
 *
 * Before 3.12 an f-string was a string first; a field was cut out of it, put in parentheses and parsed for itself, up to 3.8 only when the
 * whole source was parsed. What is accepted, and where an error is, follows that where the target is so old. */
#include "codedb_parser.h"

#include <stdio.h>
#include <string.h>

/* What kinds of literal an adjacent run holds: not all may stand together. */
enum { FSTRING_KIND_TEXT = 1, FSTRING_KIND_BYTES = 2, FSTRING_KIND_TEMPLATE = 4 };

/* How many hexadecimal digits must follow this escape letter; 0: any. */
static unsigned fstring_escape_digits(char letter, bool bytes)
{
    if (letter == 'x')
        return 2;
    if (letter == 'u' && !bytes)
        return 4;
    return letter == 'U' && !bytes ? 8 : 0;
}

/* Whether the escape behind a backslash at `text` is one that CPython can evaluate. */
static bool fstring_escape_is_good(const char *text, const char *end, bool bytes, int version)
{
    uint32_t code_point;
    if (text < end && *text == 'N' && !bytes)
        return codedb_character_read(text, end, version, &code_point) != NULL;
    unsigned digits = text < end ? fstring_escape_digits(*text, bytes) : 0;
    uint32_t value = 0;
    for (unsigned i = 1; i <= digits; i++) {
        char digit = text + i < end ? text[i] : '\0';
        if (digit >= '0' && digit <= '9')
            value = value * 16 + (uint32_t)(digit - '0');
        else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
            value = value * 16 + (uint32_t)((digit | 0x20) - 'a' + 10);
        else
            return false;
    }
    return value <= 0x10FFFF;
}

/* A literal that is tokens but has no value: which of its tokens is to blame, and why. */
typedef struct fstring_defect {
    uint32_t token;
    const char *escape; /* the letter of an escape that cannot be evaluated, */
    const char *end;    /* and where its text ends */
    bool bytes;
    bool wide; /* a character in a bytes literal is not ASCII */
} fstring_defect;

/* Notes the first escape of token `token`, in the text from `text` to `end`, that cannot be evaluated. */
static void fstring_check_escapes(const codedb_parser *parser, fstring_defect *defect, uint32_t token, const char *text,
                                  const char *end, bool bytes)
{
    while (text < end && (text = memchr(text, '\\', (size_t)(end - text)))) {
        if (!fstring_escape_is_good(text + 1, end, bytes, parser->version)) {
            *defect = (fstring_defect){.token = token, .escape = text + 1, .end = end, .bytes = bytes};
            return;
        }
        text += 2;
    }
}

/* The token that CPython blames for a defect in strings side by side, which begin at token `first`: since 3.12 the string, of an f-string its
 * end, which is the last token read then; before that the token behind the strings, when they were evaluated; up to 3.8, where they were when
 * the source was parsed, the first of them. */
static uint32_t fstring_blamed(const codedb_parser *parser, const fstring_defect *defect, uint32_t first, uint32_t last)
{
    bool closed;
    if (parser->version >= 312)
        return last;
    if (defect->wide && (parser->version < 309 || parser->version > 310))
        return defect->token;
    return parser->version < 309 ? first : codedb_parser_behind_strings(parser, first, &closed);
}

/* CPython tells of the error, which is in the strings side by side that begin at token `first`, whenever it reads them. */
static void fstring_tell_at_once(codedb_parser *parser, uint32_t first)
{
    bool closed = true;
    if (parser->version >= 309 && parser->version < 312)
        codedb_parser_behind_strings(parser, first, &closed);
    parser->error->at_once = true;
    parser->error->unended = !closed;
}

/* What an error message shows of the name at `name`: up to its brace, of one line, and not too long. */
static int fstring_shown_length(const char *name, const char *end)
{
    const char *at = name;
    while (at < end && at - name < 40 && *at != '}' && (unsigned char)*at >= ' ' && *at != 0x7F)
        at++;
    while (at > name && at < end && ((unsigned char)*at & 0xC0) == 0x80)
        at--;
    return (int)(at - name);
}

/* Writes to `message` what is wrong with an escape. */
static void fstring_describe_escape(const fstring_defect *defect, char *message, size_t size)
{
    const char *escape = defect->escape, *kind = defect->bytes ? "bytes" : "string";
    if (*escape != 'N') {
        snprintf(message, size, "expected hexadecimal digits of a character behind '\\%c' in a %s literal", *escape, kind);
        return;
    }
    bool is_name = defect->end - escape > 3 && escape[1] == '{' && escape[2] != '}';
    const char *close = is_name ? memchr(escape, '}', (size_t)(defect->end - escape)) : NULL;
    int shown = close ? fstring_shown_length(escape + 2, close) : 0;
    if (close)
        snprintf(message, size, "expected the name of a character behind '\\N' in a string literal, found '%.*s%s'", shown,
                 escape + 2, escape + 2 + shown < close ? "..." : "");
    else
        snprintf(message, size, "expected {NAME} behind '\\N' in a string literal");
}

/* Fails because of the literal that ends with token `last` and is of those side by side that begin at `first`. */
static void fstring_fail_defect(codedb_parser *parser, const fstring_defect *defect, uint32_t first, uint32_t last)
{
    uint32_t blamed = fstring_blamed(parser, defect, first, last);
    bool had_failed = parser->failed;
    char message[sizeof parser->error->message] = "expected only ASCII characters in a bytes literal";
    if (!defect->wide)
        fstring_describe_escape(defect, message, sizeof message);
    codedb_parser_fail_late(parser, blamed, blamed + 1, "%s", message);
    if (had_failed || !parser->failed)
        return;
    fstring_tell_at_once(parser, first);
    if (parser->version >= 312)
        parser->error->reached = parser->tokens[last].start;
}

/* STRING, as a SimpleString, of those side by side that begin at token `run`; returns what kind it is */
static unsigned fstring_simple_string(codedb_parser *parser, uint32_t run)
{
    uint32_t token = parser->at;
    const char *text = parser->source + parser->tokens[token].start;
    const char *end = parser->source + codedb_token_end(parser->tree, token);
    bool raw = false, bytes = false;
    fstring_defect defect = {0};
    for (; *text != '"' && *text != '\''; text++) {
        raw = raw || (*text | 0x20) == 'r';
        bytes = bytes || (*text | 0x20) == 'b';
    }
    parser_leaf(parser, CODEDB_NODE_SIMPLE_STRING, CODEDB_FIELD_left);
    if (bytes)
        for (const char *at = text; at < end && !defect.wide; at++)
            if ((unsigned char)*at >= 0x80)
                defect = (fstring_defect){.token = token, .wide = true};
    if (!raw && !defect.wide)
        fstring_check_escapes(parser, &defect, token, text, end, bytes);
    if (CODEDB_UNLIKELY(defect.escape || defect.wide))
        fstring_fail_defect(parser, &defect, run, token);
    return bytes ? FSTRING_KIND_BYTES : FSTRING_KIND_TEXT;
}

/* An f- or t-string that is being parsed. */
typedef struct fstring_format {
    bool templated;
    bool raw;
    uint32_t run;          /* the first token of the strings side by side that it is one of */
    fstring_defect defect; /* in its text; none while there is no `escape` */
    unsigned depth;        /* of replacement fields in format specs */
} fstring_format;

static void fstring_replacement_field(codedb_parser *parser, const fstring_format *format);

/* fstring_middle*: fstring_replacement_field | FSTRING_MIDDLE, until something else stands there. Since 3.12 the text of an f-string is
 * evaluated when that ends, but the text of a format specification at once. */
static void fstring_format_parts(codedb_parser *parser, fstring_format *format, codedb_node_field field)
{
    for (;;) {
        uint32_t token = parser->at;
        if (parser_sees(parser, CODEDB_TOKEN_LEFT_BRACE)) {
            fstring_replacement_field(parser, format);
        } else if (parser_sees(parser, CODEDB_TOKEN_FSTRING_MIDDLE)) {
            const char *text = parser->source + parser->tokens[token].start;
            parser_leaf(parser, format->templated ? CODEDB_NODE_TEMPLATED_STRING_TEXT : CODEDB_NODE_FORMATTED_STRING_TEXT, field);
            fstring_defect defect = {0};
            if (!format->raw)
                fstring_check_escapes(parser, &defect, token, text, parser->source + codedb_token_end(parser->tree, token),
                                      false);
            if (CODEDB_UNLIKELY(defect.escape) && (parser->version < 312 || format->depth > 0))
                fstring_fail_defect(parser, &defect, format->run, token);
            else if (CODEDB_UNLIKELY(defect.escape) && !format->defect.escape)
                format->defect = defect;
        } else {
            return;
        }
        parser_role(parser, field);
    }
}

/* fstring_conversion: '!' NAME, with no blank between them and one of three names, in normal form; before 3.12 no blank behind them either */
static void fstring_conversion(codedb_parser *parser)
{
    const codedb_token *mark = &parser->tokens[parser->at], *name = mark + 1;
    uint32_t letter = name->kind == CODEDB_TOKEN_NAME ? codedb_identifier_letter(parser->source + name->start, name->length) : 0;
    bool good = (letter == 's' || letter == 'r' || letter == 'a') && (name->length == 1 || parser->version >= 312);
    bool had_failed = parser->failed;
    if (name->kind == CODEDB_TOKEN_NAME && name->start != mark->start + 1)
        codedb_parser_fail(parser, parser->at, parser->at + 2, "expected 's', 'r' or 'a' directly behind '!', found a blank");
    if (name->kind == CODEDB_TOKEN_NAME && parser->version >= 312 && name[1].kind != CODEDB_TOKEN_COLON &&
        name[1].kind != CODEDB_TOKEN_RIGHT_BRACE) {
        parser->at += parser->failed ? 0 : 2;
        codedb_parser_fail_expected(parser, "':' or '}' behind a conversion");
    }
    parser->at += !parser->failed;
    if (!good)
        codedb_parser_fail_expected(parser, "'s', 'r' or 'a' directly behind '!'");
    if (!good && !had_failed && name->kind == CODEDB_TOKEN_NAME) { /* CPython has a message for it when it reads it */
        parser->error->expected = false;
        parser->error->at_once = true;
    }
    if (parser->failed)
        return;
    parser->at++;
    if (parser->version < 312 && name[1].start != name->start + 1)
        codedb_parser_fail_expected(parser, "no blank behind the conversion before Python 3.12");
}

/* What may stand behind the expression of a field. */
CODEDB_PRIVATE bool codedb_token_ends_field(codedb_token_kind kind)
{
    return kind == CODEDB_TOKEN_RIGHT_BRACE || kind == CODEDB_TOKEN_EXCLAMATION || kind == CODEDB_TOKEN_COLON ||
           kind == CODEDB_TOKEN_EQUAL;
}

/* Whether the expression just parsed ends with the body of a lambda that is not in parentheses. */
static bool fstring_ends_with_lambda(const codedb_parser *parser)
{
    const codedb_node *node = parser_last(parser);
    while (node->kind != CODEDB_NODE_LAMBDA && node->parens == 0 && parser_size(node) > 1 && node->last == parser->at)
        node--;
    return node->kind == CODEDB_NODE_LAMBDA && node->parens == 0 && node->last == parser->at;
}

/* The token that ends the expression of a field, whose first token is `first`: the first in no brackets that may. */
static uint32_t fstring_field_end(const codedb_parser *parser, uint32_t first)
{
    uint32_t open = 0;
    for (; first < parser->end; first++) {
        codedb_token_kind kind = (codedb_token_kind)parser->tokens[first].kind;
        if (open == 0 && codedb_token_ends_field(kind) && (kind != CODEDB_TOKEN_EQUAL || parser->version >= 308))
            break;
        open += codedb_token_opens(kind);
        open -= codedb_token_closes(kind);
    }
    return first;
}

/* What may follow the expression of a field before 3.12, when it was parsed as if in parentheses: a generator may stand bare there, a
 * single starred expression may not. */
static void fstring_old_value(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    codedb_node_kind kind = (codedb_node_kind)parser_last(parser)->kind;
    bool is_one = parser_last(parser)->parens > 0 || (kind != CODEDB_NODE_TUPLE && kind != CODEDB_NODE_YIELD);
    if (is_one && parser_sees_clause(parser))
        codedb_generator_parse(parser, first, mark);
    else if (kind == CODEDB_NODE_STARRED_ELEMENT && parser->version >= 309 && codedb_token_ends_field(parser_kind(parser)))
        codedb_parser_fail(parser, first, parser->at, "expected an expression in a replacement field, found a starred one");
}

/* Before 3.12 a field was cut out before it was parsed, at the first ':', '!' or '=' in no brackets, though it be a lambda's: for a moment the
 * expression's brace closes there. */
static void fstring_cut_value(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    uint32_t end = fstring_field_end(parser, first);
    codedb_token *cut = &parser->tree->tokens[end];
    uint8_t kind = cut->kind;
    bool is_first = !parser->failed;
    if (end < parser->end)
        cut->kind = CODEDB_TOKEN_RIGHT_BRACE;
    if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_DOUBLE_STAR)) && parser->version >= 310)
        codedb_hint_double_starred(parser);
    codedb_yield_or_star_parse(parser, 300);
    fstring_old_value(parser, first, mark);
    if (CODEDB_UNLIKELY(!parser->failed && !codedb_token_ends_field(parser_kind(parser))))
        codedb_hint_behind(parser, "'}'");
    cut->kind = kind;
    bool is_behind = is_first && parser->failed && parser->error->expected && parser->error->offset == cut->start;
    if (!is_behind || parser->error->no_memory || kind == CODEDB_TOKEN_RIGHT_BRACE || end == parser->end)
        return;
    parser->failed = false;
    codedb_parser_fail(parser, end, end + 1, "expected an expression, found the end of a replacement field");
    parser->error->reached = cut->start;
}

/* annotated_rhs of a field */
static void fstring_field_value(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    bool has_messages = parser->version >= 312;
    bool is_first = !parser->failed && parser->late->message[0] == '\0';
    if (has_messages && !codedb_expression_begins(parser) && !parser_sees(parser, CODEDB_TOKEN_KEYWORD_YIELD))
        codedb_parser_fail_expected(parser, "an expression behind '{' in a replacement field");
    bool begins = !parser->failed;
    parser->field = first;
    if (has_messages)
        codedb_yield_or_star_parse(parser, 300);
    else
        fstring_cut_value(parser, first, mark);
    bool is_starred =
        CODEDB_UNLIKELY(parser->tokens[first].kind == CODEDB_TOKEN_STAR) && !codedb_token_ends_field(parser_kind(parser));
    if (has_messages && begins && CODEDB_UNLIKELY(parser->failed) && !parser->quiet)
        codedb_hint_field(parser, first);
    else if (has_messages && is_starred)
        codedb_hint_behind(parser, "'=', '!', ':' or '}'");
    /* The first colon of a field begins its format specification: `{lambda x:{y}}` is no lambda whose body is a set. */
    if (CODEDB_UNLIKELY(parser->tokens[parser->at - 1].kind == CODEDB_TOKEN_RIGHT_BRACE) && fstring_ends_with_lambda(parser))
        codedb_parser_fail_expected(parser, "'=', '!', ':' or '}'");
    /* What is found late in a field is of no account when the field cannot be parsed. */
    bool is_no_end = parser_sees(parser, CODEDB_TOKEN_EQUAL) && parser->version < 308;
    if (is_first && (parser->failed || is_no_end || !codedb_token_ends_field(parser_kind(parser))))
        parser->late->message[0] = '\0';
    parser_role(parser, CODEDB_FIELD_expression);
}

/* fstring_replacement_field: '{' annotated_rhs ['='] [fstring_conversion] [fstring_full_format_spec] '}'
 * fstring_full_format_spec: ':' fstring_format_spec* */
static void fstring_replacement_field(codedb_parser *parser, const fstring_format *format)
{
    uint32_t first = parser->at++, mark = parser->count, outer = parser->field;
    bool had_failed = parser->failed, quiet = parser->quiet;
    fstring_format inner = {.templated = format->templated, .raw = format->raw, .run = format->run, .depth = format->depth + 1};
    parser_enter(parser);
    /* Before 3.12 a field is parsed for itself, and what is wrong in it looked for at once. */
    parser->quiet = quiet && parser->version >= 312;
    if (inner.depth > 2)
        codedb_parser_require(parser, 312, "a replacement field in the format specification of another one in one");
    fstring_field_value(parser);
    if (parser_sees(parser, CODEDB_TOKEN_EQUAL)) {
        codedb_parser_require(parser, 308, "'=' in a replacement field");
        parser_accept(parser, CODEDB_TOKEN_EQUAL);
        if (!codedb_token_ends_field(parser_kind(parser)) || parser_sees(parser, CODEDB_TOKEN_EQUAL))
            codedb_parser_fail_expected(parser, "'!', ':' or '}'");
    }
    if (parser_sees(parser, CODEDB_TOKEN_EXCLAMATION))
        fstring_conversion(parser);
    if (parser_accept(parser, CODEDB_TOKEN_COLON))
        fstring_format_parts(parser, &inner, CODEDB_FIELD_format_spec);
    parser_leave(parser);
    codedb_bracket_close(parser, CODEDB_TOKEN_RIGHT_BRACE);
    parser->field = outer;
    parser->quiet = quiet;
    /* Whatever failed, CPython has a message for it in a field, since 3.12 in its second look. */
    if ((!quiet || parser->version < 312) && parser->version >= 308)
        parser->error->expected = false;
    if (CODEDB_UNLIKELY(parser->failed) && !had_failed && parser->version < 312)
        parser->error->at_once = true;
    parser_close(parser, format->templated ? CODEDB_NODE_TEMPLATED_STRING_EXPRESSION : CODEDB_NODE_FORMATTED_STRING_EXPRESSION,
                 first, mark);
}

/* Up to 3.8 CPython looks into f-strings only when it has parsed the whole source: goes on behind the string that begins at token `first`, if
 * its end is there, and answers true. */
static bool fstring_put_off(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    uint32_t at = first, open = 0;
    do {
        open += parser->tokens[at].kind == CODEDB_TOKEN_FSTRING_START;
        open -= parser->tokens[at].kind == CODEDB_TOKEN_FSTRING_END;
    } while (++at < parser->end && open > 0);
    if (open > 0 || parser->error->no_memory)
        return false;
    if (parser->late->message[0] == '\0')
        *parser->late = *parser->error;
    parser->failed = false;
    parser->count = mark;
    parser->at = at;
    parser_add(parser, CODEDB_NODE_FORMATTED_STRING, first, at, mark);
    return true;
}

/* fstring: FSTRING_START fstring_middle* FSTRING_END        tstring: TSTRING_START tstring_middle* TSTRING_END
 * `run`: the first token of the strings side by side that it is one of. Returns what kind it is. */
static unsigned fstring_format_string(codedb_parser *parser, uint32_t run)
{
    uint32_t first = parser->at, mark = parser->count;
    fstring_format format = {.templated = parser_sees(parser, CODEDB_TOKEN_TSTRING_START), .run = run};
    bool had_failed = parser->failed;
    for (const char *text = parser->source + parser->tokens[first].start; *text != '"' && *text != '\''; text++)
        format.raw = format.raw || (*text | 0x20) == 'r';
    parser->at++;
    fstring_format_parts(parser, &format, CODEDB_FIELD_parts);
    parser_expect(parser, CODEDB_TOKEN_FSTRING_END);
    if (CODEDB_UNLIKELY(format.defect.escape) && parser->version >= 312 && !parser->failed)
        fstring_fail_defect(parser, &format.defect, run, parser->at - 1);
    bool is_late = parser->version < 309 && parser->failed && !had_failed;
    if (CODEDB_LIKELY(!is_late) || !fstring_put_off(parser, first, mark))
        parser_close(parser, format.templated ? CODEDB_NODE_TEMPLATED_STRING : CODEDB_NODE_FORMATTED_STRING, first, mark);
    parser_role(parser, CODEDB_FIELD_left);
    return format.templated ? FSTRING_KIND_TEMPLATE : FSTRING_KIND_TEXT;
}

/* `count` adjacent literals are children of each other to the right. */
static void fstring_wrap_strings(codedb_parser *parser, uint32_t count)
{
    uint32_t index = parser->count - 1;
    while (--count > 0) {
        index -= parser_size(&parser->nodes[index]);
        const codedb_node *left = &parser->nodes[index];
        parser_role(parser, CODEDB_FIELD_right);
        parser_close(parser, CODEDB_NODE_CONCATENATED_STRING, left->first, index - parser_size(left) + 1);
    }
}

/* Before 3.12 CPython looks into strings side by side when it has read the token behind them, which may be none. */
static void fstring_reach_behind(codedb_parser *parser, uint32_t first)
{
    bool closed;
    uint32_t behind = codedb_parser_behind_strings(parser, first, &closed);
    if (closed && parser->error->reached < parser->tokens[behind].start)
        parser->error->reached = parser->tokens[behind].start;
}

/* Fails because literals of several kinds stand side by side, from token `first` on. */
static void fstring_fail_mixed(codedb_parser *parser, uint32_t first, unsigned kinds)
{
    bool closed, had_failed = parser->failed;
    uint32_t behind = parser->version < 312 ? codedb_parser_behind_strings(parser, first, &closed) : parser->at;
    if (parser->version < 309)
        codedb_parser_fail_late(parser, first, behind, "expected literals of one kind side by side, found bytes and strings");
    else
        codedb_parser_fail(parser, behind, behind + 1, "expected literals of one kind side by side, found %s",
                           kinds & FSTRING_KIND_TEMPLATE ? "t-strings and others" : "bytes and strings");
    if (!had_failed)
        fstring_tell_at_once(parser, first);
}

/* strings: (fstring | STRING)+ | tstring+ */
CODEDB_PRIVATE void codedb_strings_parse(codedb_parser *parser)
{
    uint32_t count = 0, first = parser->at;
    unsigned kinds = 0;
    bool had_failed = parser->failed, is_mixed = false;
    for (;; count++) {
        codedb_token_kind kind = parser_kind(parser);
        /* Before 3.12 it was known that an f-string is one before it was looked into. */
        if (CODEDB_UNLIKELY(kind == CODEDB_TOKEN_FSTRING_START && (kinds & FSTRING_KIND_BYTES)) && parser->version < 312 &&
            !is_mixed) {
            is_mixed = true;
            fstring_fail_mixed(parser, first, kinds);
            kind = parser_kind(parser);
        }
        if (CODEDB_LIKELY(kind == CODEDB_TOKEN_STRING))
            kinds |= fstring_simple_string(parser, first);
        else if (kind == CODEDB_TOKEN_FSTRING_START || kind == CODEDB_TOKEN_TSTRING_START)
            kinds |= fstring_format_string(parser, first);
        else
            break;
    }
    if (CODEDB_UNLIKELY(parser->failed) && !had_failed && parser->version < 312)
        fstring_reach_behind(parser, first);
    if (CODEDB_UNLIKELY(kinds & (kinds - 1)) && !is_mixed)
        fstring_fail_mixed(parser, first, kinds);
    if (count > 1 && !parser->failed)
        fstring_wrap_strings(parser, count);
}
