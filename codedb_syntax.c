/* codedb_syntax.c -- what the parser says when a source is no Python, and where.
 *
 * Called by the other files of the parser. Calls the token texts of codedb_lexer.c, and codedb_tree.c. Any thread, one per parser. The first
 * failure counts; from then on the parser stands on the last token, where it finds nothing that it wants. */
#include "codedb_parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where the last line ends: before its line break, if it has one. */
static uint32_t syntax_last_line_end(const codedb_parser *parser)
{
    uint32_t end = parser->tokens[parser->end].start, start = parser->tree->text_start;
    if (codedb_tree_adds_line(parser->tree))
        return end;
    if (end > start && parser->source[end - 1] == '\n')
        end--;
    if (end > start && parser->source[end - 1] == '\r')
        end--;
    return end;
}

/* Whether the token stands behind blanks at the beginning of its line. */
static bool syntax_is_indented(const codedb_parser *parser, uint32_t token)
{
    uint32_t start = parser->tokens[token].start;
    return start > parser->tree->text_start && parser->source[start - 1] != '\n' && parser->source[start - 1] != '\r';
}

/* Where an error at a token is reported: as in CPython, since 3.8 at the comment before a line break, at the last blank of an indentation, also of
 * a smaller one, and at the end of the file on its last line. */
static uint32_t syntax_error_offset(const codedb_parser *parser, uint32_t token)
{
    uint32_t start = parser->tokens[token].start;
    codedb_token_kind kind = (codedb_token_kind)parser->tokens[token].kind;
    if ((kind == CODEDB_TOKEN_ENDMARKER || kind == CODEDB_TOKEN_DEDENT) && start == parser->tree->length)
        return syntax_last_line_end(parser);
    if ((kind == CODEDB_TOKEN_INDENT || kind == CODEDB_TOKEN_DEDENT) && syntax_is_indented(parser, token))
        return start - 1;
    if (kind != CODEDB_TOKEN_NEWLINE || token == 0)
        return start;
    if (parser->version < 308) /* and where the source ends behind a backslash and a line feed, at that */
        return start - (parser->tokens[token].length == 0 && start > 1 && parser->source[start - 1] == '\n' &&
                        parser->source[start - 2] != '\r');
    uint32_t behind = codedb_token_end(parser->tree, token - 1), comment = start;
    while (comment > behind && parser->source[comment - 1] != '\n' && parser->source[comment - 1] != '\r')
        comment--;
    while (comment < start && parser->source[comment] != '#')
        comment++;
    return comment;
}

/* The token behind the brackets that open at `at`; an '=' that stands first in one of them: nothing is looked at behind it. */
static uint32_t syntax_behind_brackets(const codedb_parser *parser, uint32_t at)
{
    uint32_t depth = 0;
    for (; at < parser->end; at++) {
        bool begins = depth > 0 && codedb_token_opens(parser->tokens[at - 1].kind);
        if (begins && parser->tokens[at].kind == CODEDB_TOKEN_EQUAL)
            return at;
        depth += codedb_token_opens(parser->tokens[at].kind);
        if (codedb_token_closes(parser->tokens[at].kind) && --depth == 0)
            return at + 1;
    }
    return at;
}

/* The token behind the calls, subscripts and attributes that begin at `at`. */
static uint32_t syntax_behind_primary(const codedb_parser *parser, uint32_t at)
{
    while (at < parser->end)
        if (parser->tokens[at].kind == CODEDB_TOKEN_DOT && parser->tokens[at + 1].kind == CODEDB_TOKEN_NAME)
            at += 2;
        else if (parser->tokens[at].kind == CODEDB_TOKEN_LEFT_PAREN || parser->tokens[at].kind == CODEDB_TOKEN_LEFT_BRACKET)
            at = syntax_behind_brackets(parser, at);
        else
            break;
    return at;
}

CODEDB_PRIVATE uint32_t codedb_parser_behind_brackets(const codedb_parser *parser, uint32_t first, uint32_t inner)
{
    while (first < parser->end) {
        bool opens = codedb_token_opens(parser->tokens[first].kind);
        first = opens ? syntax_behind_brackets(parser, first) : first + 1;
        if (opens && first > inner)
            break;
    }
    return first;
}

static bool syntax_is_word(codedb_token_kind kind)
{
    return kind == CODEDB_TOKEN_NAME || kind == CODEDB_TOKEN_NUMBER || kind == CODEDB_TOKEN_STRING;
}

/* The last token that CPython has looked at when parsing fails here: behind a keyword argument's '=' it has seen the token behind the
 * attributes, calls and subscripts of what stands there. */
static uint32_t syntax_reach(const codedb_parser *parser)
{
    const codedb_token *tokens = parser->tokens;
    uint32_t at = parser->at;
    bool keyword = at >= 2 && tokens[at].kind == CODEDB_TOKEN_EQUAL && tokens[at - 1].kind == CODEDB_TOKEN_NAME &&
                   (tokens[at - 2].kind == CODEDB_TOKEN_LEFT_PAREN || tokens[at - 2].kind == CODEDB_TOKEN_COMMA);
    if (!keyword || parser->version < 310 || parser->quiet)
        return at;
    at++;
    if (syntax_is_word((codedb_token_kind)tokens[at].kind))
        at++;
    else if (codedb_token_opens((codedb_token_kind)tokens[at].kind))
        at = syntax_behind_brackets(parser, at);
    else
        return at;
    return syntax_behind_primary(parser, at);
}

static void syntax_fail(codedb_parser *parser, codedb_syntax_error *error, uint32_t first, uint32_t last, const char *format,
                        va_list arguments)
{
    error->offset = syntax_error_offset(parser, first);
    error->reached = parser->tokens[syntax_reach(parser)].start;
    error->found = parser->tokens[parser->at].start;
    error->in_bytes = false;
    error->expected = false;
    error->at_once = false;
    error->unended = false;
    error->indent = parser->tokens[first].kind == CODEDB_TOKEN_INDENT || parser->tokens[first].kind == CODEDB_TOKEN_DEDENT;
    /* CPython gives such a token before it looks at the character behind it */
    if (error->indent && error->offset < error->reached)
        error->reached = error->offset;
    error->length = codedb_token_end(parser->tree, last > first ? last - 1 : first) - error->offset;
    vsnprintf(error->message, sizeof error->message, format, arguments);
}

CODEDB_PRIVATE void codedb_parser_fail(codedb_parser *parser, uint32_t first, uint32_t last, const char *format, ...)
{
    if (!parser->failed) {
        va_list arguments;
        va_start(arguments, format);
        syntax_fail(parser, parser->error, first, last, format, arguments);
        va_end(arguments);
    }
    parser->failed = true;
    parser->at = parser->end;
}

CODEDB_PRIVATE void codedb_parser_fail_late(codedb_parser *parser, uint32_t first, uint32_t last, const char *format, ...)
{
    bool is_late = parser->version < 309;
    if (!parser->failed && !(is_late && parser->late->message[0] != '\0')) {
        va_list arguments;
        va_start(arguments, format);
        syntax_fail(parser, is_late ? parser->late : parser->error, first, last, format, arguments);
        va_end(arguments);
        if (is_late)
            parser->late->in_bytes = true;
        if (is_late && parser->converted > 0)
            parser->late->found = parser->tokens[parser->converted - 1].start;
    }
    parser->converted = 0;
    if (is_late)
        return;
    parser->failed = true;
    parser->at = parser->end;
}

CODEDB_PRIVATE void codedb_parser_forget_late(codedb_parser *parser, uint32_t first)
{
    parser->converted = first + 1;
    if (parser->late->message[0] != '\0' && parser->late->offset >= parser->tokens[first].start)
        parser->late->message[0] = '\0';
}

CODEDB_PRIVATE void codedb_parser_fail_at_last(codedb_parser *parser)
{
    if (parser->failed || parser->late->message[0] == '\0')
        return;
    *parser->error = *parser->late;
    parser->error->late = true;
    parser->error->reached = parser->tokens[parser->end].start;
    parser->failed = true;
}

/* What an error message calls a token: its kind, and its text where the kind does not tell it. */
static void syntax_describe(const codedb_parser *parser, uint32_t token, char *out, size_t size)
{
    codedb_token_kind kind = (codedb_token_kind)parser->tokens[token].kind;
    const char *text = parser->source + parser->tokens[token].start;
    size_t length = codedb_token_end(parser->tree, token) - parser->tokens[token].start;
    const char *dots = "";
    if (length > 40) {
        length = 40;
        dots = "...";
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    if (kind == CODEDB_TOKEN_NAME || kind == CODEDB_TOKEN_NUMBER)
        snprintf(out, size, "%s '%.*s%s'", codedb_token_kind_text(kind), (int)length, text, dots);
    else
        snprintf(out, size, "%s", codedb_token_kind_text(kind));
}

CODEDB_PRIVATE void codedb_parser_fail_expected(codedb_parser *parser, const char *what)
{
    char found[96];
    bool is_first = !parser->failed;
    syntax_describe(parser, parser->at, found, sizeof found);
    if (strcmp(what, found) == 0)
        what = "something else";
    codedb_parser_fail(parser, parser->at, parser->at + 1, "expected %s, found %s", what, found);
    if (is_first)
        parser->error->expected = true;
}

CODEDB_PRIVATE void codedb_parser_fail_bare(codedb_parser *parser, const char *what)
{
    uint32_t at = parser->at;
    if (parser->failed)
        return;
    codedb_parser_fail_expected(parser, what);
    parser->error->reached = parser->tokens[at].start;
}

CODEDB_PRIVATE void codedb_parser_expect_bare(codedb_parser *parser, codedb_token_kind kind)
{
    if (CODEDB_UNLIKELY(!parser_accept(parser, kind)))
        codedb_parser_fail_bare(parser, codedb_token_kind_text(kind));
}

CODEDB_PRIVATE void codedb_parser_fail_before(codedb_parser *parser, uint32_t token, const char *what)
{
    uint32_t reached = parser->error->reached;
    if (!parser->failed || !parser->error->expected || parser->error->no_memory)
        return;
    parser->failed = false;
    parser->at = token;
    codedb_parser_fail_expected(parser, what);
    if (parser->error->reached < reached)
        parser->error->reached = reached;
}

/* What an expression may end with, brackets apart. */
static bool syntax_may_end_with(codedb_token_kind kind)
{
    return kind == CODEDB_TOKEN_NAME || kind == CODEDB_TOKEN_NUMBER || kind == CODEDB_TOKEN_STRING ||
           kind == CODEDB_TOKEN_ELLIPSIS || kind == CODEDB_TOKEN_KEYWORD_TRUE || kind == CODEDB_TOKEN_KEYWORD_FALSE ||
           kind == CODEDB_TOKEN_KEYWORD_NONE || kind == CODEDB_TOKEN_KEYWORD_YIELD;
}

/* What of an expression is looked for: the longest one, the longest that has no conditional outside of brackets, or any at all. */
typedef enum syntax_extent { SYNTAX_LONGEST, SYNTAX_DISJUNCTION, SYNTAX_ANY } syntax_extent;

/* The token behind it. */
static uint32_t syntax_behind(const codedb_parser *parser, uint32_t first, syntax_extent extent)
{
    uint32_t behind = first, depth = 0;
    bool conditional = false;
    for (uint32_t at = first; at < parser->end && parser->tokens[at].start < parser->error->offset; at++) {
        codedb_token_kind kind = (codedb_token_kind)parser->tokens[at].kind;
        bool closes = codedb_token_closes(kind) || kind == CODEDB_TOKEN_FSTRING_END;
        depth -= closes;
        bool branches = kind == CODEDB_TOKEN_KEYWORD_IF || kind == CODEDB_TOKEN_KEYWORD_ELSE;
        if (depth == 0 && (kind == CODEDB_TOKEN_KEYWORD_LAMBDA || (branches && extent == SYNTAX_DISJUNCTION)))
            break;
        if (depth == 0 && branches)
            conditional = kind == CODEDB_TOKEN_KEYWORD_IF;
        bool ends = closes || syntax_may_end_with(kind) || (kind == CODEDB_TOKEN_COMMA && behind == at);
        if (depth == 0 && ends && !conditional)
            behind = at + 1;
        if (behind > first && extent == SYNTAX_ANY)
            break;
        depth += codedb_token_opens(kind) || kind == CODEDB_TOKEN_FSTRING_START || kind == CODEDB_TOKEN_TSTRING_START;
    }
    return behind;
}

CODEDB_PRIVATE uint32_t codedb_parser_behind_strings(const codedb_parser *parser, uint32_t first, bool *closed)
{
    uint32_t at = first, depth = 0;
    for (; at < parser->end; at++) {
        codedb_token_kind kind = (codedb_token_kind)parser->tokens[at].kind;
        bool begins = kind == CODEDB_TOKEN_FSTRING_START || kind == CODEDB_TOKEN_TSTRING_START;
        if (depth == 0 && !begins && kind != CODEDB_TOKEN_STRING)
            break;
        depth += begins;
        depth -= kind == CODEDB_TOKEN_FSTRING_END;
    }
    *closed = depth == 0;
    return at;
}

CODEDB_PRIVATE uint32_t codedb_parser_behind_target(const codedb_parser *parser, uint32_t first)
{
    codedb_token_kind kind = (codedb_token_kind)parser->tokens[first].kind;
    uint32_t at = first + 1;
    bool closed;
    if (codedb_token_opens(kind))
        at = syntax_behind_brackets(parser, first);
    else if (kind == CODEDB_TOKEN_STRING || kind == CODEDB_TOKEN_FSTRING_START || kind == CODEDB_TOKEN_TSTRING_START)
        at = codedb_parser_behind_strings(parser, first, &closed);
    else if (!syntax_may_end_with(kind) || kind == CODEDB_TOKEN_KEYWORD_YIELD)
        return first;
    at = syntax_behind_primary(parser, at);
    return at + (parser->tokens[at].kind == CODEDB_TOKEN_DOT);
}

CODEDB_PRIVATE uint32_t codedb_parser_behind_targets(const codedb_parser *parser, uint32_t first)
{
    for (uint32_t at = first; at < parser->end; at++) {
        uint32_t behind = codedb_parser_behind_target(parser, at);
        if (behind == at || parser->tokens[behind].kind != CODEDB_TOKEN_COMMA ||
            parser->tokens[behind - 1].kind == CODEDB_TOKEN_DOT)
            return behind;
        at = behind;
    }
    return parser->end;
}

CODEDB_PRIVATE uint32_t codedb_parser_behind_star_targets(const codedb_parser *parser, uint32_t first)
{
    uint32_t behind = codedb_parser_behind_targets(parser, first);
    while (parser->tokens[behind].kind == CODEDB_TOKEN_STAR &&
           (behind == first || parser->tokens[behind - 1].kind == CODEDB_TOKEN_COMMA))
        behind = codedb_parser_behind_targets(parser, behind + 1);
    return behind;
}

CODEDB_PRIVATE uint32_t codedb_parser_behind_whole(const codedb_parser *parser, uint32_t first)
{
    return syntax_behind(parser, first, SYNTAX_LONGEST);
}

/* The token behind the ':' of the lambdas that begin at `at`. */
static uint32_t syntax_behind_lambdas(const codedb_parser *parser, uint32_t at)
{
    uint32_t depth = 0, lambdas = 0;
    for (; at < parser->end; at++) {
        codedb_token_kind kind = (codedb_token_kind)parser->tokens[at].kind;
        if (depth == 0 && kind == CODEDB_TOKEN_KEYWORD_LAMBDA)
            lambdas++;
        else if (depth == 0 && (lambdas == 0 || codedb_token_closes(kind)))
            return at;
        else if (depth == 0 && kind == CODEDB_TOKEN_COLON)
            lambdas--;
        depth += codedb_token_opens(kind);
        depth -= codedb_token_closes(kind);
    }
    return at;
}

CODEDB_PRIVATE uint32_t codedb_parser_behind_expression(const codedb_parser *parser, uint32_t first)
{
    uint32_t body = syntax_behind_lambdas(parser, first), behind = codedb_parser_behind_whole(parser, body);
    return behind > body ? behind : first;
}

CODEDB_PRIVATE bool codedb_parser_has_whole(const codedb_parser *parser, uint32_t first)
{
    return syntax_behind(parser, first, SYNTAX_ANY) > first;
}

CODEDB_PRIVATE uint32_t codedb_parser_behind_disjunction(const codedb_parser *parser, uint32_t first)
{
    return syntax_behind(parser, first, SYNTAX_DISJUNCTION);
}

CODEDB_PRIVATE void codedb_parser_require(codedb_parser *parser, int version, const char *what)
{
    uint32_t at = parser->at;
    if (CODEDB_LIKELY(parser->version >= version || parser->failed))
        return;
    codedb_parser_fail(parser, at, at + 1, "%s needs Python %d.%d, the target version is %d.%d", what, version / 100,
                       version % 100, parser->version / 100, parser->version % 100);
    parser->error->reached = parser->tokens[at].start;
}

/* Without memory the last node is overwritten: the tree is thrown away, but the invariants hold until then. */
CODEDB_PRIVATE void codedb_parser_grow(codedb_parser *parser)
{
    uint32_t capacity = parser->capacity < PARSER_LEAF / 2 ? parser->capacity * 2 : PARSER_LEAF - 1;
    codedb_node *nodes = capacity <= parser->capacity ? NULL
                                                      : codedb_memory_reallocate(&parser->tree->allocator, parser->nodes,
                                                                                 parser->capacity, capacity, sizeof *nodes);
    if (nodes) {
        parser->nodes = nodes;
        parser->capacity = capacity;
        return;
    }
    parser->error->no_memory = true; /* also behind another error: the nodes are not as they should be */
    parser->error->expected = false;
    codedb_parser_fail(parser, parser->at, parser->at + 1, "out of memory");
    parser->count--;
}
