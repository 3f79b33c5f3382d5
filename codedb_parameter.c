/* codedb_parameter.c -- parameters of functions and lambdas, and annotations: from tokens to nodes in post-order.
 *
 * Called by codedb_statement.c and codedb_expression.c through codedb_parser.h, whose invariants hold here; calls codedb_expression.c for
 * annotations and defaults. Any thread, one per parser. The grammar stands above each function as in codedb_expression.c. */
#include "codedb_parser.h"

static const char parameter_slashes[] = "expected '/' once, behind a parameter and before any '*'";

/* As many parameters CPython's parser took up to 3.6. */
#define PARAMETER_OLD_LIMIT 255u

/* What has been seen of a list of parameters. */
typedef struct parameter_list {
    codedb_token_kind closing;
    bool slash;
    bool star;           /* `*` or `*args` */
    bool keywords;       /* `**kwargs`: nothing may follow */
    bool defaults;       /* a positional parameter had a default: the next ones must have one */
    bool slash_defaults; /* one before the '/' had */
    bool late_defaults;  /* one behind the '/' had */
    uint32_t first;      /* the token of the first one */
} parameter_list;

/* annotation: ':' expression        star_annotation: ':' star_expression, behind the ':' */
CODEDB_PRIVATE void codedb_annotation_parse(codedb_parser *parser, bool star_allowed, codedb_node_field field)
{
    uint32_t first = parser->at, mark = parser->count;
    if (star_allowed && parser_sees(parser, CODEDB_TOKEN_STAR)) {
        codedb_parser_require(parser, 311, "a starred annotation");
        if (!parser->failed)
            codedb_starred_parse(parser);
        else
            codedb_expression_parse(parser);
    } else {
        codedb_expression_parse(parser);
    }
    parser_role(parser, CODEDB_FIELD_annotation);
    parser_close(parser, CODEDB_NODE_ANNOTATION, first, mark);
    parser_role(parser, field);
}

/* Fails when another expression stands behind what a parameter has. */
static void parameter_check_alone(codedb_parser *parser, codedb_token_kind closing)
{
    if (CODEDB_UNLIKELY(codedb_expression_begins(parser)))
        codedb_hint_behind(parser, codedb_token_kind_text(closing));
}

/* NAME annotation?, from the NAME on, where none can stand: CPython reads it only to tell of it. */
static void parameter_read(codedb_parser *parser, codedb_token_kind closing)
{
    parser->at++;
    if (closing == CODEDB_TOKEN_COLON || !parser_accept(parser, CODEDB_TOKEN_COLON))
        return;
    codedb_annotation_parse(parser, false, CODEDB_FIELD_annotation);
    parameter_check_alone(parser, closing);
}

/* The expression of a default. */
static void parameter_default(codedb_parser *parser, codedb_token_kind closing)
{
    bool quiet = parser->quiet, had_failed = parser->failed;
    parser->quiet = quiet || parser->remembers;
    codedb_expression_parse(parser);
    parser_role(parser, CODEDB_FIELD_default);
    parameter_check_alone(parser, closing);
    parser->quiet = quiet;
    if (CODEDB_UNLIKELY(parser->failed) && parser->remembers && !had_failed && !parser->error->at_once)
        parser->error->expected = !parser->error->no_memory;
}

/* (param_no_default | param_with_default)*, from the comma of one before them on: read only to tell of what is behind them. */
static void parameter_read_some(codedb_parser *parser, codedb_token_kind closing)
{
    while (parser_accept(parser, CODEDB_TOKEN_COMMA) && parser_sees(parser, CODEDB_TOKEN_NAME)) {
        parameter_read(parser, closing);
        if (parser_accept(parser, CODEDB_TOKEN_EQUAL))
            parameter_default(parser, closing);
    }
}

/* Behind a '/' and the parameter that ends here CPython tells of a second '/', and of what is wrong on the way to it; returns whether there is
 * something. `starred`: it looks for one behind a '*', too. `reached`: how far one had to look, in bytes. */
static bool parameter_tells_slash(codedb_parser *parser, const parameter_list *seen, bool starred, uint32_t *reached)
{
    uint32_t at = parser->at;
    parameter_read_some(parser, seen->closing);
    if (starred && parser_accept(parser, CODEDB_TOKEN_STAR)) {
        if (parser_sees(parser, CODEDB_TOKEN_NAME))
            parameter_read(parser, seen->closing);
        parameter_read_some(parser, seen->closing);
    }
    if (parser_sees(parser, CODEDB_TOKEN_SLASH))
        codedb_parser_fail(parser, parser->at, parser->at + 1, "%s", parameter_slashes);
    if (parser->failed && !parser->error->expected)
        return true;
    *reached = parser->failed ? parser->error->reached : parser->tokens[parser->at].start;
    parser->failed = false;
    parser->at = at;
    return false;
}

/* Where the token is that CPython has read last when a parameter has just been parsed: behind the comma of a function's parameter it has looked
 * for a comment with a type. */
static uint32_t parameter_reached(const codedb_parser *parser, codedb_token_kind closing)
{
    bool is_read_on = parser_sees(parser, CODEDB_TOKEN_COMMA) && closing == CODEDB_TOKEN_RIGHT_PAREN;
    return parser->tokens[parser->at + is_read_on].start;
}

/* The parameter from `first` to `last` has no default and must have one. Up to 3.8 CPython tells of the whole list, in 3.9 of the last
 * token that it has seen. Behind a '/' it tells only when all defaults are before the '/', or since 3.12 all behind it. */
static void parameter_fail_default(codedb_parser *parser, const parameter_list *seen, uint32_t first, uint32_t last)
{
    bool is_unknown = seen->slash && (seen->slash_defaults ? seen->late_defaults : parser->version < 312);
    bool reads_on = seen->slash && parser->version >= (is_unknown ? 311 : 312) && !parser->failed && !parser->quiet;
    uint32_t reached = parser->version >= 310 && !is_unknown && !parser->failed ? parameter_reached(parser, seen->closing) : 0;
    if (reads_on && parameter_tells_slash(parser, seen, is_unknown, &reached))
        return;
    if (parser->version >= 309 && is_unknown)
        codedb_parser_fail_expected(parser, "'=' and a default");
    if (parser->version < 309)
        first = seen->first;
    else if (parser->version < 310)
        first = last = parser->at + (parser_sees(parser, CODEDB_TOKEN_COMMA) && seen->closing == CODEDB_TOKEN_RIGHT_PAREN);
    codedb_parser_fail_late(parser, first, last, "parameter without a default follows parameter with a default");
    if (parser->failed && parser->error->reached < reached)
        parser->error->reached = reached;
}

/* '(' ','.(NAME annotation?)+ [','] ')' behind nothing but parameters without a default: since 3.11 CPython has a message for that. */
static void parameter_check_parens(codedb_parser *parser, const parameter_list *seen)
{
    uint32_t paren = parser->at;
    bool is_whole = false;
    if (parser->version < 311 || parser->quiet || seen->defaults || seen->star || seen->keywords || seen->slash)
        return;
    parser->at++;
    while (parser_sees(parser, CODEDB_TOKEN_NAME)) {
        parameter_read(parser, seen->closing);
        is_whole = parser_accept(parser, CODEDB_TOKEN_COMMA) || parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN);
        if (!is_whole)
            break;
    }
    if (parser->failed && !parser->error->expected)
        return;
    uint32_t behind = parser->at + !parser->failed;
    uint32_t reached = parser->failed ? parser->error->reached : parser->tokens[parser->at].start;
    bool is_told = is_whole && parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN);
    parser->failed = false;
    parser->at = paren;
    if (is_told)
        codedb_parser_fail(parser, paren, behind, "expected a name, found '(': parameters stand in no parentheses of their own");
    codedb_parser_fail_expected(parser, "a name");
    parser->error->reached = reached;
}

/* param: NAME annotation?        default: '=' expression
 * From the NAME on; `first` is the star's token where there is one. */
static void parameter_parse(codedb_parser *parser, uint32_t first, parameter_list *seen, codedb_node_field field)
{
    uint32_t mark = parser->count;
    bool starred = first != parser->at;
    if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_LEFT_PAREN)) && !starred)
        parameter_check_parens(parser, seen);
    parser_bound_name(parser, CODEDB_FIELD_name);
    uint32_t last = parser->at;
    if (seen->closing == CODEDB_TOKEN_RIGHT_PAREN && parser_accept(parser, CODEDB_TOKEN_COLON)) {
        codedb_annotation_parse(parser, field == CODEDB_FIELD_star_arg, CODEDB_FIELD_annotation);
        parameter_check_alone(parser, seen->closing);
    }
    if (CODEDB_UNLIKELY(starred && parser_sees(parser, CODEDB_TOKEN_EQUAL)) && parser->version >= 311)
        codedb_parser_fail(parser, parser->at, parser->at + 1, "expected no default of a starred parameter, found '='");
    if (parser_sees(parser, CODEDB_TOKEN_EQUAL) && !starred) {
        parser->at++;
        bool is_empty = parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN) || parser_sees(parser, CODEDB_TOKEN_COMMA);
        if (is_empty && parser->version >= 311)
            codedb_parser_fail(parser, parser->at - 1, parser->at, "expected a default value behind '='");
        parameter_default(parser, seen->closing);
        seen->defaults = true;
        seen->late_defaults = seen->slash;
    } else if (seen->defaults && !seen->star && !starred &&
               (parser_sees(parser, seen->closing) || parser_sees(parser, CODEDB_TOKEN_COMMA))) {
        parameter_fail_default(parser, seen, first, last);
    }
    parser_add(parser, CODEDB_NODE_PARAM, first, last, mark);
    parser_role(parser, field);
}

/* Whether a '*' has neither a name nor parameters behind it. */
static bool parameter_is_bare_star(const codedb_parser *parser, codedb_token_kind closing)
{
    const codedb_token *behind = &parser->tokens[parser->at + 1];
    if (behind->kind == CODEDB_TOKEN_COMMA)
        behind++;
    else if (behind->kind != closing)
        return false;
    return behind->kind == closing || behind->kind == CODEDB_TOKEN_DOUBLE_STAR;
}

/* Another '*' stands here. Since 3.11 CPython has a message for that, if a comma or a parameter without a default is behind it. */
static void parameter_fail_star(codedb_parser *parser, const parameter_list *seen)
{
    uint32_t star = parser->at;
    bool looks = parser->version >= 311 && !parser->failed && !parser->quiet;
    bool is_told = looks && parser_kind_behind(parser) == CODEDB_TOKEN_COMMA;
    uint32_t reached = looks ? parser->tokens[star + 1].start : 0;
    if (looks && parser_kind_behind(parser) == CODEDB_TOKEN_NAME) {
        parser->at++;
        parameter_read(parser, seen->closing);
        if (parser->failed && !parser->error->expected)
            return;
        is_told = !parser->failed && (parser_sees(parser, CODEDB_TOKEN_COMMA) || parser_sees(parser, seen->closing));
        reached = parser->failed ? parser->error->reached : parameter_reached(parser, seen->closing);
        parser->failed = false;
        parser->at = star;
    }
    if (is_told)
        codedb_parser_fail(parser, star, star + 1, "expected one '*' among the parameters, found another");
    codedb_parser_fail_expected(parser, "a parameter");
    if (parser->error->reached < reached)
        parser->error->reached = reached;
}

/* '*' param_no_default | '*' param_no_default_star_annotation | '*' ',' param_maybe_default+ */
static void parameter_star(codedb_parser *parser, parameter_list *seen)
{
    uint32_t first = parser->at;
    if (CODEDB_UNLIKELY(seen->star))
        parameter_fail_star(parser, seen);
    else if (parameter_is_bare_star(parser, seen->closing)) {
        uint32_t behind = first + (parser_kind_behind(parser) == CODEDB_TOKEN_COMMA ? 2 : 1), place = first;
        bool is_keywords = parser->tokens[behind].kind == CODEDB_TOKEN_DOUBLE_STAR;
        if (parser->version < 309 ? is_keywords : parser->version < 310 || seen->closing == CODEDB_TOKEN_COLON)
            place = behind;
        uint32_t reached = parser->failed ? 0 : parser->tokens[behind].start;
        codedb_parser_fail_late(parser, place, place + 1, "expected a named parameter behind '*'");
        if (parser->failed && parser->error->reached < reached)
            parser->error->reached = reached;
        parser->at = parser->failed ? parser->at : first + 1;
    } else if (parser_kind_behind(parser) == CODEDB_TOKEN_COMMA) {
        parser_add(parser, CODEDB_NODE_PARAM_STAR, first, first + 2, parser->count);
        parser_role(parser, CODEDB_FIELD_star_arg);
        parser->at += !parser->failed;
    } else {
        parser->at++;
        seen->star = true;
        parameter_parse(parser, first, seen, CODEDB_FIELD_star_arg);
    }
    seen->star = true;
}

/* slash_no_default: param_no_default+ '/'; those before it become positional-only */
static void parameter_slash(codedb_parser *parser, parameter_list *seen, uint32_t mark)
{
    uint32_t first = parser->at;
    codedb_parser_require(parser, 308, "a positional-only parameter");
    bool first_failure = !parser->failed;
    if (parser->count == mark && parser->version >= 311 && parser_kind_behind(parser) != CODEDB_TOKEN_COMMA) {
        codedb_parser_fail_expected(parser, "a parameter before '/'");
        if (first_failure) /* CPython has looked for the comma */
            parser->error->reached = parser->tokens[first + 1].start;
    }
    bool is_misplaced = seen->slash || seen->star || parser->count == mark;
    if (is_misplaced && parser->version >= 311)
        codedb_parser_fail(parser, first, first + 1, "%s", parameter_slashes);
    else if (is_misplaced)
        codedb_parser_fail_expected(parser, "a parameter");
    if (parser->failed)
        return;
    for (uint32_t index = parser->count; index > mark; index -= parser_size(&parser->nodes[index - 1]))
        parser->nodes[index - 1].field = CODEDB_FIELD_posonly_params;
    uint32_t last = first + (parser_kind_behind(parser) == CODEDB_TOKEN_COMMA ? 2 : 1);
    parser_add(parser, CODEDB_NODE_PARAM_SLASH, first, last, parser->count);
    parser_role(parser, CODEDB_FIELD_posonly_ind);
    parser->at += !parser->failed;
    seen->slash = true;
    seen->slash_defaults = seen->defaults;
}

/* Something stands behind `**kwargs`. Since 3.11 CPython reads a parameter there, and has a message. */
static void parameter_fail_behind_keywords(codedb_parser *parser, parameter_list *seen)
{
    uint32_t first = parser->at, reached = 0;
    bool may_tell = parser->version >= 311 && !parser->quiet && !parser->failed;
    codedb_token_kind kind = parser_kind(parser);
    if (may_tell && kind == CODEDB_TOKEN_NAME) {
        parameter_read(parser, seen->closing);
        if (parser->failed && !parser->error->expected)
            return;
        reached = parser->failed ? parser->error->reached : 0;
        parser->at = parser->failed ? first + 1 : parser->at;
        parser->failed = false;
    }
    bool is_parameter =
        kind == CODEDB_TOKEN_NAME || kind == CODEDB_TOKEN_STAR || kind == CODEDB_TOKEN_DOUBLE_STAR || kind == CODEDB_TOKEN_SLASH;
    /* a lambda's has no annotation that CPython would look for */
    if (seen->closing == CODEDB_TOKEN_COLON)
        parser->at = first;
    if (reached < parser->tokens[parser->at].start)
        reached = parser->tokens[parser->at].start;
    bool is_told = may_tell && is_parameter && parser->at < parser->end;
    parser->at = first;
    if (is_told)
        codedb_parser_fail(parser, first, first + 1, "expected no parameter behind '**', found another");
    codedb_parser_fail_expected(parser, "no parameter behind '**'");
    if (parser->error->reached < reached)
        parser->error->reached = reached;
}

/* parameters: [slash] param_no_default* param_with_default* [star_etc], with kwds: '**' param_no_default at the end */
CODEDB_PRIVATE void codedb_parameters_parse(codedb_parser *parser, codedb_token_kind closing)
{
    parameter_list seen = {.closing = closing, .first = parser->at};
    uint32_t first = parser->at, mark = parser->count, count = 0;
    while (!parser_sees(parser, closing)) {
        codedb_token_kind kind = parser_kind(parser);
        count += kind == CODEDB_TOKEN_NAME;
        if (parser->version < 307 && count > PARAMETER_OLD_LIMIT)
            codedb_parser_fail(parser, parser->at, parser->at + 1, "more than 255 parameters before Python 3.7");
        if (seen.keywords) {
            parameter_fail_behind_keywords(parser, &seen);
        } else if (kind == CODEDB_TOKEN_STAR) {
            parameter_star(parser, &seen);
        } else if (kind == CODEDB_TOKEN_SLASH) {
            parameter_slash(parser, &seen, mark);
        } else if (kind == CODEDB_TOKEN_DOUBLE_STAR) {
            seen.keywords = true;
            parser->at++;
            parameter_parse(parser, parser->at - 1, &seen, CODEDB_FIELD_star_kwarg);
        } else {
            parameter_parse(parser, parser->at, &seen, seen.star ? CODEDB_FIELD_kwonly_params : CODEDB_FIELD_params);
        }
        if (!parser_accept(parser, CODEDB_TOKEN_COMMA))
            break;
        if ((seen.star || seen.keywords) && parser_sees(parser, closing))
            codedb_parser_require(parser, 306, "a comma behind starred parameters");
    }
    parser_close(parser, CODEDB_NODE_PARAMETERS, first, mark);
    parser_role(parser, CODEDB_FIELD_params);
}
