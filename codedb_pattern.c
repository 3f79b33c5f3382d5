/* codedb_pattern.c -- the patterns of a case clause: from tokens to nodes in post-order.
 *
 * Called by codedb_statement.c through codedb_parser.h, whose invariants hold here; calls codedb_expression.c and codedb_fstring.c for literals
 * and codedb_hint.c for what else a pattern may be that is none. Any thread, one per parser. The grammar stands above each function as in
 * codedb_expression.c. */
#include "codedb_parser.h"

static void pattern_parse(codedb_parser *parser);

/* pattern_capture_target: !"_" NAME; where the wildcard may stand too, it has no Name */
static void pattern_name(codedb_parser *parser, codedb_node_field field, bool wildcard_allowed)
{
    if (!parser_sees_word(parser, "_", 1))
        parser_name(parser, field);
    else if (wildcard_allowed)
        parser->at++;
    else {
        codedb_parser_fail_expected(parser, "a name other than '_'");
        parser_name(parser, field);
    }
}

/* A comma behind an element belongs to its position. */
static void pattern_close_element(codedb_parser *parser, codedb_node_kind kind, uint32_t first, uint32_t mark,
                                  codedb_node_field field)
{
    parser_accept(parser, CODEDB_TOKEN_COMMA);
    parser_close(parser, kind, first, mark);
    parser_role(parser, field);
}

/* maybe_star_pattern: star_pattern | as_pattern        star_pattern: '*' (pattern_capture_target | wildcard_pattern)
 * Returns whether it was a star; it is no element of a sequence yet. */
static bool pattern_maybe_star(codedb_parser *parser)
{
    if (!parser_accept(parser, CODEDB_TOKEN_STAR)) {
        pattern_parse(parser);
        return false;
    }
    pattern_name(parser, CODEDB_FIELD_name, true);
    return true;
}

static void pattern_wrap_element(codedb_parser *parser, bool starred, uint32_t first, uint32_t mark)
{
    if (!starred)
        parser_role(parser, CODEDB_FIELD_value);
    pattern_close_element(parser, starred ? CODEDB_NODE_MATCH_STAR : CODEDB_NODE_MATCH_SEQUENCE_ELEMENT, first, mark,
                          CODEDB_FIELD_patterns);
}

static bool pattern_sequence_ends(const codedb_parser *parser)
{
    codedb_token_kind kind = parser_kind(parser);
    return kind == CODEDB_TOKEN_RIGHT_PAREN || kind == CODEDB_TOKEN_RIGHT_BRACKET || kind == CODEDB_TOKEN_COLON ||
           kind == CODEDB_TOKEN_KEYWORD_IF;
}

/* maybe_sequence_pattern: ','.maybe_star_pattern+ [',']        open_sequence_pattern: maybe_star_pattern ',' maybe_sequence_pattern?
 * Returns whether it is a sequence: otherwise there is one pattern without a comma (where that `may_be_group`). */
static bool pattern_sequence(codedb_parser *parser, bool may_be_group)
{
    uint32_t first = parser->at, mark = parser->count;
    bool starred = pattern_maybe_star(parser);
    if (may_be_group && !parser_sees(parser, CODEDB_TOKEN_COMMA)) {
        if (!starred)
            return false;
        codedb_parser_fail_expected(parser, "',' behind a starred pattern");
    }
    for (;;) {
        pattern_wrap_element(parser, starred, first, mark);
        if (!parser_behind_comma(parser) || pattern_sequence_ends(parser))
            return true;
        first = parser->at;
        mark = parser->count;
        starred = pattern_maybe_star(parser);
    }
}

/* group_pattern: '(' pattern ')'        sequence_pattern: '(' [open_sequence_pattern] ')'
 * A value has no parentheses of its own: they belong to the expression in it, and lie inside its position. */
static void pattern_parentheses(codedb_parser *parser)
{
    uint32_t first = ++parser->at, mark = parser->count;
    bool is_tuple = true;
    if (!parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN))
        is_tuple = pattern_sequence(parser, true);
    if (is_tuple)
        parser_close(parser, CODEDB_NODE_MATCH_TUPLE, first, mark);
    codedb_parser_expect_bare(parser, CODEDB_TOKEN_RIGHT_PAREN);
    codedb_node *pattern = parser_last(parser);
    if (pattern->kind == CODEDB_NODE_MATCH_VALUE || pattern->kind == CODEDB_NODE_MATCH_SINGLETON) {
        pattern->first--;
        pattern->last++;
        pattern--;
    }
    pattern->parens++;
}

/* sequence_pattern: '[' [maybe_sequence_pattern] ']' */
static void pattern_list(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    if (!parser_sees(parser, CODEDB_TOKEN_RIGHT_BRACKET))
        pattern_sequence(parser, false);
    codedb_parser_expect_bare(parser, CODEDB_TOKEN_RIGHT_BRACKET);
    parser_close(parser, CODEDB_NODE_MATCH_LIST, first, mark);
}

/* Fails at the number that is token `number`, of which CPython tells when it reads it. */
static void pattern_fail_number(codedb_parser *parser, uint32_t number, const char *message)
{
    if (parser->failed)
        return;
    codedb_parser_fail(parser, number, number + 1, "%s", message);
    parser->error->at_once = true;
    parser->error->reached = parser->tokens[number].start;
}

/* signed_number: NUMBER | '-' NUMBER | '+' NUMBER (3.15) */
static void pattern_signed_number(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    if (parser_sees(parser, CODEDB_TOKEN_PLUS))
        codedb_parser_require(parser, 315, "'+' before a number in a pattern");
    bool is_signed = parser_sees(parser, CODEDB_TOKEN_PLUS) || parser_sees(parser, CODEDB_TOKEN_MINUS);
    if (is_signed)
        parser_leaf(parser, parser_sees(parser, CODEDB_TOKEN_PLUS) ? CODEDB_NODE_PLUS : CODEDB_NODE_MINUS, CODEDB_FIELD_operator);
    if (parser_sees(parser, CODEDB_TOKEN_NUMBER)) {
        codedb_number_parse(parser);
    } else {
        codedb_parser_fail_expected(parser, "a number");
        parser_add(parser, CODEDB_NODE_INTEGER, parser->at, parser->at, parser->count);
    }
    if (is_signed) {
        parser_role(parser, CODEDB_FIELD_expression);
        parser_close(parser, CODEDB_NODE_UNARY_OPERATION, first, mark);
    }
}

/* complex_number: signed_real_number ('+' | '-') imaginary_number | signed_number */
static void pattern_number(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    pattern_signed_number(parser);
    bool is_plus = parser_sees(parser, CODEDB_TOKEN_PLUS);
    if (!is_plus && !parser_sees(parser, CODEDB_TOKEN_MINUS))
        return;
    uint32_t number = parser->count - (parser_size(parser_last(parser)) > 1 ? 2 : 1);
    if (parser->nodes[number].kind == CODEDB_NODE_IMAGINARY)
        codedb_parser_fail(parser, parser->nodes[number].first, parser->at,
                           "expected a real number in a complex literal, found an imaginary one");
    parser_role(parser, CODEDB_FIELD_left);
    parser_add(parser, is_plus ? CODEDB_NODE_ADD : CODEDB_NODE_SUBTRACT, parser->at, parser->at + 1, parser->count);
    parser_role(parser, CODEDB_FIELD_operator);
    parser->at += !parser->failed;
    if (!parser_sees(parser, CODEDB_TOKEN_NUMBER)) {
        codedb_parser_fail_expected(parser, "an imaginary number");
        parser_add(parser, CODEDB_NODE_IMAGINARY, parser->at, parser->at, parser->count);
    } else {
        codedb_number_parse(parser);
    }
    if (parser_last(parser)->kind != CODEDB_NODE_IMAGINARY)
        pattern_fail_number(parser, parser->at - 1, "expected an imaginary number in a complex literal, found a real one");
    parser_role(parser, CODEDB_FIELD_right);
    parser_close(parser, CODEDB_NODE_BINARY_OPERATION, first, mark);
}

/* literal_expr: signed_number !('+' | '-') | complex_number | strings | 'None' | 'True' | 'False'
 * Lays down the expression; false when something else stands there, and nothing is laid down. */
static bool pattern_literal(codedb_parser *parser)
{
    switch (parser_kind(parser)) {
    case CODEDB_TOKEN_NUMBER:
    case CODEDB_TOKEN_PLUS:
    case CODEDB_TOKEN_MINUS: pattern_number(parser); return true;
    case CODEDB_TOKEN_STRING:
    case CODEDB_TOKEN_FSTRING_START:
    case CODEDB_TOKEN_TSTRING_START: codedb_strings_parse(parser); return true;
    case CODEDB_TOKEN_KEYWORD_NONE:
    case CODEDB_TOKEN_KEYWORD_TRUE:
    case CODEDB_TOKEN_KEYWORD_FALSE: parser_leaf(parser, CODEDB_NODE_NAME, CODEDB_FIELD_NONE); return true;
    default: return false;
    }
}

/* key_value_pattern: (literal_expr | attr) ':' pattern */
static void pattern_key_value(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    if (!pattern_literal(parser)) {
        codedb_dotted_name_parse(parser);
        if (parser_last(parser)->kind == CODEDB_NODE_NAME)
            codedb_parser_fail_expected(parser, "'.' behind a name that is a key");
    }
    parser_role(parser, CODEDB_FIELD_key);
    parser_expect(parser, CODEDB_TOKEN_COLON);
    pattern_parse(parser);
    parser_role(parser, CODEDB_FIELD_pattern);
    pattern_close_element(parser, CODEDB_NODE_MATCH_MAPPING_ELEMENT, first, mark, CODEDB_FIELD_elements);
}

/* mapping_pattern: '{' '}' | '{' double_star_pattern [','] '}' | '{' items_pattern ',' double_star_pattern [','] '}'
 *                | '{' items_pattern [','] '}'        double_star_pattern: '**' pattern_capture_target */
static void pattern_mapping(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    while (!parser_sees(parser, CODEDB_TOKEN_RIGHT_BRACE)) {
        if (parser_accept(parser, CODEDB_TOKEN_DOUBLE_STAR)) {
            pattern_name(parser, CODEDB_FIELD_rest, false);
            parser_accept(parser, CODEDB_TOKEN_COMMA);
            break;
        }
        pattern_key_value(parser);
        if (!parser_behind_comma(parser))
            break;
    }
    parser_expect(parser, CODEDB_TOKEN_RIGHT_BRACE);
    parser_close(parser, CODEDB_NODE_MATCH_MAPPING, first, mark);
}

/* Whether a keyword pattern of a class begins here. Right behind positional patterns `_` is another one: CPython takes it as the wildcard
 * without looking further. */
static bool pattern_sees_keyword(const codedb_parser *parser, bool positional)
{
    return parser_sees(parser, CODEDB_TOKEN_NAME) && parser_kind_behind(parser) == CODEDB_TOKEN_EQUAL &&
           !(positional && parser_sees_word(parser, "_", 1));
}

static void pattern_closed(codedb_parser *parser);

/* ','.pattern+ */
static void pattern_positionals_parse(codedb_parser *parser)
{
    do
        pattern_parse(parser);
    while (parser_accept(parser, CODEDB_TOKEN_COMMA));
}

/* keyword_pattern: NAME '=' pattern        positional_pattern: pattern */
static void pattern_argument(codedb_parser *parser, bool is_keyword)
{
    uint32_t first = parser->at, mark = parser->count;
    if (is_keyword) {
        parser_leaf(parser, CODEDB_NODE_NAME, CODEDB_FIELD_key);
        parser->at += !parser->failed;
    }
    pattern_parse(parser);
    parser_role(parser, is_keyword ? CODEDB_FIELD_pattern : CODEDB_FIELD_value);
    pattern_close_element(parser, is_keyword ? CODEDB_NODE_MATCH_KEYWORD_ELEMENT : CODEDB_NODE_MATCH_SEQUENCE_ELEMENT, first,
                          mark, is_keyword ? CODEDB_FIELD_kwds : CODEDB_FIELD_patterns);
}

/* class_pattern: name_or_attr '(' ')' | name_or_attr '(' [positional_patterns ','] [keyword_patterns [',']] ')', from '(' on */
static void pattern_class(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    bool is_keyword = false, keywords = false;
    parser_role(parser, CODEDB_FIELD_cls);
    uint32_t start = ++parser->at;
    while (!parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN)) {
        is_keyword = pattern_sees_keyword(parser, parser->at > start && !keywords);
        if (keywords && !is_keyword && !parser->failed)
            codedb_hint_positional_pattern(parser, pattern_closed, pattern_positionals_parse);
        keywords = is_keyword;
        pattern_argument(parser, is_keyword);
        if (!parser_behind_comma(parser))
            break;
    }
    codedb_parser_expect_bare(parser, CODEDB_TOKEN_RIGHT_PAREN);
    parser_close(parser, CODEDB_NODE_MATCH_CLASS, first, mark);
}

/* capture_pattern: pattern_capture_target        wildcard_pattern: "_"        value_pattern: attr !('.' | '(' | '=')        class_pattern */
static void pattern_from_name(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    codedb_token_kind behind = parser_kind_behind(parser);
    if ((behind != CODEDB_TOKEN_DOT && behind != CODEDB_TOKEN_LEFT_PAREN) || parser_sees_word(parser, "_", 1)) {
        pattern_name(parser, CODEDB_FIELD_name, true);
        parser_close(parser, CODEDB_NODE_MATCH_AS, first, mark);
        return;
    }
    codedb_dotted_name_parse(parser);
    if (parser_sees(parser, CODEDB_TOKEN_LEFT_PAREN)) {
        pattern_class(parser, first, mark);
        return;
    }
    parser_role(parser, CODEDB_FIELD_value);
    parser_close(parser, CODEDB_NODE_MATCH_VALUE, first, mark);
}

/* closed_pattern: literal_pattern | capture_pattern | wildcard_pattern | value_pattern | group_pattern | sequence_pattern
 *               | mapping_pattern | class_pattern */
static void pattern_closed(codedb_parser *parser)
{
    parser_enter(parser);
    uint32_t first = parser->at, mark = parser->count;
    codedb_token_kind kind = parser_kind(parser);
    if (kind == CODEDB_TOKEN_NAME) {
        pattern_from_name(parser);
    } else if (kind == CODEDB_TOKEN_LEFT_PAREN) {
        pattern_parentheses(parser);
    } else if (kind == CODEDB_TOKEN_LEFT_BRACKET) {
        pattern_list(parser);
    } else if (kind == CODEDB_TOKEN_LEFT_BRACE) {
        pattern_mapping(parser);
    } else {
        bool single =
            kind == CODEDB_TOKEN_KEYWORD_NONE || kind == CODEDB_TOKEN_KEYWORD_TRUE || kind == CODEDB_TOKEN_KEYWORD_FALSE;
        if (!pattern_literal(parser)) {
            codedb_parser_fail_expected(parser, "a pattern");
            parser_add(parser, CODEDB_NODE_NAME, parser->at, parser->at, parser->count);
        }
        parser_role(parser, CODEDB_FIELD_value);
        parser_close(parser, single ? CODEDB_NODE_MATCH_SINGLETON : CODEDB_NODE_MATCH_VALUE, first, mark);
    }
    parser_leave(parser);
}

/* or_pattern: '|'.closed_pattern+ */
static void pattern_or(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    pattern_closed(parser);
    if (!parser_sees(parser, CODEDB_TOKEN_VERTICAL_BAR))
        return;
    uint32_t element = first, element_mark = mark;
    for (;;) {
        bool more = parser_sees(parser, CODEDB_TOKEN_VERTICAL_BAR);
        parser_role(parser, CODEDB_FIELD_pattern);
        if (more)
            parser_leaf(parser, CODEDB_NODE_BIT_OR, CODEDB_FIELD_separator);
        parser_close(parser, CODEDB_NODE_MATCH_OR_ELEMENT, element, element_mark);
        parser_role(parser, CODEDB_FIELD_patterns);
        if (!more)
            break;
        element = parser->at;
        element_mark = parser->count;
        pattern_closed(parser);
    }
    parser_close(parser, CODEDB_NODE_MATCH_OR, first, mark);
}

/* pattern: as_pattern | or_pattern        as_pattern: or_pattern 'as' pattern_capture_target */
static void pattern_parse(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    pattern_or(parser);
    if (!parser_accept(parser, CODEDB_TOKEN_KEYWORD_AS))
        return;
    parser_role(parser, CODEDB_FIELD_pattern);
    if (CODEDB_UNLIKELY(!parser_sees(parser, CODEDB_TOKEN_NAME)))
        codedb_hint_capture(parser);
    pattern_name(parser, CODEDB_FIELD_name, false);
    parser_close(parser, CODEDB_NODE_MATCH_AS, first, mark);
}

/* patterns: open_sequence_pattern | pattern */
CODEDB_PRIVATE void codedb_pattern_parse(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    if (pattern_sequence(parser, true))
        parser_close(parser, CODEDB_NODE_MATCH_LIST, first, mark);
    parser_role(parser, CODEDB_FIELD_pattern);
}
