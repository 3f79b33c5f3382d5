/* codedb_expression.c -- expressions: from tokens to nodes in post-order.
 *
 * Called by codedb_statement.c, codedb_parameter.c and codedb_fstring.c through codedb_parser.h, whose invariants hold here; calls the last
 * two for lambdas and strings, codedb_target.c for targets, codedb_hint.c when something is wrong. Any thread, one per parser.
 *
 * The grammar stands above each function in CPython's own words (3.14), shortened where it only says what error to report. What
 * other versions have otherwise is asked for with parser->version. CPython's *parser* is followed in what it accepts; what only its
 * compiler refuses is accepted.
 *
 *   Literals . Operators . Primaries . Arguments and subscripts . Displays and comprehensions . Lambda .
 *   Expressions . Lists of expressions . Targets */
#include "codedb_parser.h"

#include <string.h>

static void expression_unary(codedb_parser *parser, bool is_term);
static void expression_operators(codedb_parser *parser, unsigned minimum);
static void expression_comprehension(codedb_parser *parser);
static void expression_misplaced_comprehension(codedb_parser *parser);
static void expression_fail_clauses(codedb_parser *parser, uint32_t first, uint32_t last, const char *message);
static void expression_named(codedb_parser *parser, bool as_argument);
static void expression_lambda(codedb_parser *parser, bool of_condition);
static void expression_check_starred_comprehension(codedb_parser *parser);

/* What an expression, or a starred one, can begin with: whether something follows a comma. */
static const bool expression_begins[CODEDB_TOKEN_KIND_COUNT] = {
    [CODEDB_TOKEN_NAME] = true,          [CODEDB_TOKEN_NUMBER] = true,        [CODEDB_TOKEN_STRING] = true,
    [CODEDB_TOKEN_FSTRING_START] = true, [CODEDB_TOKEN_TSTRING_START] = true, [CODEDB_TOKEN_LEFT_PAREN] = true,
    [CODEDB_TOKEN_LEFT_BRACKET] = true,  [CODEDB_TOKEN_LEFT_BRACE] = true,    [CODEDB_TOKEN_PLUS] = true,
    [CODEDB_TOKEN_MINUS] = true,         [CODEDB_TOKEN_TILDE] = true,         [CODEDB_TOKEN_STAR] = true,
    [CODEDB_TOKEN_ELLIPSIS] = true,      [CODEDB_TOKEN_KEYWORD_TRUE] = true,  [CODEDB_TOKEN_KEYWORD_FALSE] = true,
    [CODEDB_TOKEN_KEYWORD_NONE] = true,  [CODEDB_TOKEN_KEYWORD_NOT] = true,   [CODEDB_TOKEN_KEYWORD_LAMBDA] = true,
    [CODEDB_TOKEN_KEYWORD_AWAIT] = true,
};

/* ---- Literals ----------------------------------------------------------------------------------------------------- */

/* More decimal digits than these are refused by CPython when it reads an int, but for zeros only, from the patch releases of 2022 on that mend
 * CVE-2020-10735; no release of 3.6 is one of them. */
enum { EXPRESSION_MAX_DIGITS = 4300 };

/* Fails because of the int that token `token` is, if it has too many digits. */
static void number_check_digits(codedb_parser *parser, uint32_t token)
{
    const char *text = parser->source + parser->tokens[token].start;
    const char *end = parser->source + codedb_token_end(parser->tree, token);
    bool had_failed = parser->failed;
    size_t digits = 0;
    if (*text == '0' || parser->version < 307)
        return;
    for (; text < end; text++)
        digits += *text != '_';
    if (digits <= EXPRESSION_MAX_DIGITS)
        return;
    codedb_parser_fail_late(parser, token, token + 1,
                            "expected at most %d decimal digits in an integer, found %zu; hexadecimal ones have no limit",
                            EXPRESSION_MAX_DIGITS, digits);
    if (had_failed || !parser->failed)
        return;
    parser->error->at_once = true;
    parser->error->reached = parser->tokens[token].start;
}

/* NUMBER */
CODEDB_PRIVATE void codedb_number_parse(codedb_parser *parser)
{
    uint32_t token = parser->at;
    const char *text = parser->source + parser->tokens[token].start;
    size_t length = codedb_token_end(parser->tree, token) - parser->tokens[token].start;
    codedb_node_kind kind = CODEDB_NODE_INTEGER;
    char base = length > 1 && text[0] == '0' ? (char)(text[1] | 0x20) : '\0';
    if ((text[length - 1] | 0x20) == 'j')
        kind = CODEDB_NODE_IMAGINARY;
    else if (base != 'x' && base != 'o' && base != 'b')
        for (size_t i = 0; i < length; i++)
            if (text[i] == '.' || (text[i] | 0x20) == 'e')
                kind = CODEDB_NODE_FLOAT;
    parser_leaf(parser, kind, CODEDB_FIELD_NONE);
    if (CODEDB_UNLIKELY(length > EXPRESSION_MAX_DIGITS) && kind == CODEDB_NODE_INTEGER)
        number_check_digits(parser, token);
}

/* ---- Operators ---------------------------------------------------------------------------------------------------- */

/* How strongly a binary operator binds; 0: no binary operator. */
enum {
    EXPRESSION_OR = 1,
    EXPRESSION_AND,
    EXPRESSION_NOT, /* a prefix, hence in no table */
    EXPRESSION_COMPARISON,
    EXPRESSION_BIT_OR,
    EXPRESSION_BIT_XOR,
    EXPRESSION_BIT_AND,
    EXPRESSION_SHIFT,
    EXPRESSION_SUM,
    EXPRESSION_TERM
};

/* X(token, node, binding); NOT and IS begin two-word operators. */
#define EXPRESSION_OPERATORS(X)                      \
    X(KEYWORD_OR, OR, OR)                            \
    X(KEYWORD_AND, AND, AND)                         \
    X(LESS, LESS_THAN, COMPARISON)                   \
    X(GREATER, GREATER_THAN, COMPARISON)             \
    X(EQUAL_EQUAL, EQUAL, COMPARISON)                \
    X(LESS_EQUAL, LESS_THAN_EQUAL, COMPARISON)       \
    X(GREATER_EQUAL, GREATER_THAN_EQUAL, COMPARISON) \
    X(NOT_EQUAL, NOT_EQUAL, COMPARISON)              \
    X(KEYWORD_IN, IN, COMPARISON)                    \
    X(KEYWORD_IS, IS, COMPARISON)                    \
    X(KEYWORD_NOT, NOT_IN, COMPARISON)               \
    X(VERTICAL_BAR, BIT_OR, BIT_OR)                  \
    X(CIRCUMFLEX, BIT_XOR, BIT_XOR)                  \
    X(AMPERSAND, BIT_AND, BIT_AND)                   \
    X(LEFT_SHIFT, LEFT_SHIFT, SHIFT)                 \
    X(RIGHT_SHIFT, RIGHT_SHIFT, SHIFT)               \
    X(PLUS, ADD, SUM)                                \
    X(MINUS, SUBTRACT, SUM)                          \
    X(STAR, MULTIPLY, TERM)                          \
    X(SLASH, DIVIDE, TERM)                           \
    X(DOUBLE_SLASH, FLOOR_DIVIDE, TERM)              \
    X(PERCENT, MODULO, TERM)                         \
    X(AT, MATRIX_MULTIPLY, TERM)

static const uint8_t expression_binding[CODEDB_TOKEN_KIND_COUNT] = {
#define X(token, node, binding) [CODEDB_TOKEN_##token] = EXPRESSION_##binding,
    EXPRESSION_OPERATORS(X)
#undef X
};
static const uint8_t expression_operator_node[CODEDB_TOKEN_KIND_COUNT] = {
#define X(token, node, binding) [CODEDB_TOKEN_##token] = CODEDB_NODE_##node,
    EXPRESSION_OPERATORS(X)
#undef X
};

/* A run of prefix operators before an operand that was parsed behind them: `count` operator leaves since `mark`, at the tokens from
 * `first` on. Lays the UnaryOperations down from the innermost outwards. */
static void expression_wrap_unary(codedb_parser *parser, uint32_t count, uint32_t first, uint32_t mark)
{
    while (count > 0) {
        count--;
        parser_role(parser, CODEDB_FIELD_expression);
        parser_close(parser, CODEDB_NODE_UNARY_OPERATION, first + count, mark + count);
    }
}

/* inversion: 'not' inversion | comparison */
static void expression_not(codedb_parser *parser, unsigned minimum)
{
    uint32_t mark = parser->count, first = parser->at, count = 0;
    if (minimum > EXPRESSION_NOT) {
        codedb_hint_not(parser, minimum > EXPRESSION_SUM ? codedb_inversion_parse : NULL);
        parser_add(parser, CODEDB_NODE_NAME, parser->at, parser->at, parser->count);
        return;
    }
    for (; parser_sees(parser, CODEDB_TOKEN_KEYWORD_NOT); count++)
        parser_leaf(parser, CODEDB_NODE_NOT, CODEDB_FIELD_operator);
    expression_operators(parser, EXPRESSION_COMPARISON);
    expression_wrap_unary(parser, parser->failed ? 0 : count, first, mark);
}

/* '==' | '!=' | '<=' | '<' | '>=' | '>' | 'not' 'in' | 'in' | 'is' 'not' | 'is' */
static void expression_comparison_operator(codedb_parser *parser)
{
    codedb_token_kind kind = parser_kind(parser);
    codedb_node_kind node = (codedb_node_kind)expression_operator_node[kind];
    uint32_t first = parser->at++, mark = parser->count;
    if (kind == CODEDB_TOKEN_KEYWORD_NOT)
        parser_expect(parser, CODEDB_TOKEN_KEYWORD_IN);
    else if (kind == CODEDB_TOKEN_KEYWORD_IS && parser_accept(parser, CODEDB_TOKEN_KEYWORD_NOT))
        node = CODEDB_NODE_IS_NOT;
    parser_close(parser, node, first, mark);
    parser_role(parser, CODEDB_FIELD_operator);
}

/* comparison: bitwise_or compare_op_bitwise_or_pair+, behind its left operand */
static void expression_comparison(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    parser_role(parser, CODEDB_FIELD_left);
    do {
        uint32_t target_first = parser->at, target_mark = parser->count;
        expression_comparison_operator(parser);
        expression_operators(parser, EXPRESSION_BIT_OR);
        parser_role(parser, CODEDB_FIELD_comparator);
        parser_close(parser, CODEDB_NODE_COMPARISON_TARGET, target_first, target_mark);
        parser_role(parser, CODEDB_FIELD_comparisons);
    } while (expression_binding[parser_kind(parser)] == EXPRESSION_COMPARISON);
    parser_close(parser, CODEDB_NODE_COMPARISON, first, mark);
}

/* disjunction: conjunction ('or' conjunction)+        conjunction: inversion ('and' inversion)+
 * bitwise_or: bitwise_or '|' bitwise_xor              bitwise_xor: bitwise_xor '^' bitwise_and
 * bitwise_and: bitwise_and '&' shift_expr             shift_expr: shift_expr ('<<' | '>>') sum
 * sum: sum ('+' | '-') term                           term: term ('*' | '/' | '//' | '%' | '@') factor
 * An operand and the operators behind it that bind at least as strongly as `minimum`. */
static void expression_operators(codedb_parser *parser, unsigned minimum)
{
    uint32_t first = parser->at, mark = parser->count;
    if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_KEYWORD_NOT)))
        expression_not(parser, minimum);
    else
        expression_unary(parser, minimum <= EXPRESSION_TERM);
    for (;;) {
        codedb_token_kind kind = parser_kind(parser);
        unsigned binding = expression_binding[kind];
        if (CODEDB_LIKELY(binding < minimum) || binding == 0)
            return;
        if (binding == EXPRESSION_COMPARISON) {
            expression_comparison(parser, first, mark);
            continue;
        }
        if (kind == CODEDB_TOKEN_AT)
            codedb_parser_require(parser, 305, "matrix multiplication");
        parser_role(parser, CODEDB_FIELD_left);
        parser_add(parser, (codedb_node_kind)expression_operator_node[kind], parser->at, parser->at + 1, parser->count);
        parser_role(parser, CODEDB_FIELD_operator);
        parser->at += !parser->failed;
        expression_operators(parser, binding + 1);
        parser_role(parser, CODEDB_FIELD_right);
        parser_close(parser, binding <= EXPRESSION_AND ? CODEDB_NODE_BOOLEAN_OPERATION : CODEDB_NODE_BINARY_OPERATION, first,
                     mark);
    }
}

/* ---- Primaries ---------------------------------------------------------------------------------------------------- */

static void expression_atom(codedb_parser *parser);
static void expression_call(codedb_parser *parser, uint32_t first, uint32_t mark);
static void expression_subscript(codedb_parser *parser, uint32_t first, uint32_t mark);

/* primary: primary '.' NAME | primary genexp | primary '(' [arguments] ')' | primary '[' slices ']' | atom */
static void expression_primary(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    if (CODEDB_LIKELY(parser_sees(parser, CODEDB_TOKEN_NAME)))
        parser_leaf(parser, CODEDB_NODE_NAME, CODEDB_FIELD_NONE);
    else
        expression_atom(parser);
    for (;;) {
        switch (parser_kind(parser)) {
        case CODEDB_TOKEN_DOT:
            parser_role(parser, CODEDB_FIELD_value);
            parser->at++;
            parser_name(parser, CODEDB_FIELD_attr);
            parser_close(parser, CODEDB_NODE_ATTRIBUTE, first, mark);
            break;
        case CODEDB_TOKEN_LEFT_PAREN: expression_call(parser, first, mark); break;
        case CODEDB_TOKEN_LEFT_BRACKET: expression_subscript(parser, first, mark); break;
        case CODEDB_TOKEN_LEFT_BRACE: codedb_hint_old_brace(parser); return;
        default: return;
        }
    }
}

/* await_primary: 'await' primary | primary */
static void expression_await(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    if (CODEDB_LIKELY(!parser_accept(parser, CODEDB_TOKEN_KEYWORD_AWAIT))) {
        expression_primary(parser);
        return;
    }
    expression_primary(parser);
    parser_role(parser, CODEDB_FIELD_expression);
    parser_close(parser, CODEDB_NODE_AWAIT, first, mark);
}

/* power: await_primary '**' factor | await_primary */
static void expression_power(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    expression_await(parser);
    if (CODEDB_LIKELY(!parser_sees(parser, CODEDB_TOKEN_DOUBLE_STAR)))
        return;
    parser_role(parser, CODEDB_FIELD_left);
    parser_leaf(parser, CODEDB_NODE_POWER, CODEDB_FIELD_operator);
    parser_enter(parser);
    expression_unary(parser, false);
    parser_leave(parser);
    parser_role(parser, CODEDB_FIELD_right);
    parser_close(parser, CODEDB_NODE_BINARY_OPERATION, first, mark);
}

/* factor: '+' factor | '-' factor | '~' factor | power
 * `is_term`: it may be the first one of a term, with which alone CPython looks for a sign and 'not'. */
static void expression_unary(codedb_parser *parser, bool is_term)
{
    uint32_t first = parser->at, mark = parser->count, count = 0;
    for (;; count++) {
        codedb_token_kind kind = parser_kind(parser);
        if (kind == CODEDB_TOKEN_MINUS)
            parser_leaf(parser, CODEDB_NODE_MINUS, CODEDB_FIELD_operator);
        else if (kind == CODEDB_TOKEN_PLUS)
            parser_leaf(parser, CODEDB_NODE_PLUS, CODEDB_FIELD_operator);
        else if (kind == CODEDB_TOKEN_TILDE)
            parser_leaf(parser, CODEDB_NODE_BIT_INVERT, CODEDB_FIELD_operator);
        else
            break;
    }
    if (CODEDB_UNLIKELY(count > 0 && parser_sees(parser, CODEDB_TOKEN_KEYWORD_NOT)))
        codedb_hint_not(parser, count == 1 && is_term ? codedb_factor_parse : NULL);
    expression_power(parser);
    if (count > 0)
        expression_wrap_unary(parser, parser->failed ? 0 : count, first, mark);
}

static void expression_group(codedb_parser *parser);
static void expression_list(codedb_parser *parser);
static void expression_braces(codedb_parser *parser);

/* atom: NAME | 'True' | 'False' | 'None' | strings | NUMBER | (tuple | group | genexp) | (list | listcomp)
 *     | (dict | set | dictcomp | setcomp) | '...' */
static void expression_atom(codedb_parser *parser)
{
    switch (parser_kind(parser)) {
    case CODEDB_TOKEN_NAME:
    case CODEDB_TOKEN_KEYWORD_TRUE:
    case CODEDB_TOKEN_KEYWORD_FALSE:
    case CODEDB_TOKEN_KEYWORD_NONE: parser_leaf(parser, CODEDB_NODE_NAME, CODEDB_FIELD_NONE); break;
    case CODEDB_TOKEN_STRING:
    case CODEDB_TOKEN_FSTRING_START:
    case CODEDB_TOKEN_TSTRING_START: codedb_strings_parse(parser); break;
    case CODEDB_TOKEN_NUMBER: codedb_number_parse(parser); break;
    case CODEDB_TOKEN_LEFT_PAREN: expression_group(parser); break;
    case CODEDB_TOKEN_LEFT_BRACKET: expression_list(parser); break;
    case CODEDB_TOKEN_LEFT_BRACE: expression_braces(parser); break;
    case CODEDB_TOKEN_ELLIPSIS: parser_leaf(parser, CODEDB_NODE_ELLIPSIS, CODEDB_FIELD_NONE); break;
    default:
        codedb_parser_fail_expected(parser, "an expression");
        parser_add(parser, CODEDB_NODE_NAME, parser->at, parser->at, parser->count);
    }
}

/* ---- Arguments and subscripts ------------------------------------------------------------------------------------- */

/* What has been seen of a list of arguments: what may follow depends on it. */
typedef struct expression_arguments {
    uint32_t mark;
    uint32_t start; /* the token of the first one */
    bool of_class;
    bool first;
    bool starred;             /* `*x` */
    bool keyword;             /* `name=x` */
    uint32_t plain;           /* how many without a name or a star */
    uint32_t positional;      /* how many of them and of `*x` */
    uint32_t last_positional; /* where the last of these begins */
    bool double_starred;
    bool generator; /* up to 3.8 one is to be told of late */
    bool rest;      /* read only to tell of one before them: no clauses, and the next one that is misplaced ends them */
} expression_arguments;

/* Whether the expression just parsed is a bitwise_or. */
CODEDB_PRIVATE bool codedb_expression_is_bitwise_or(const codedb_parser *parser)
{
    const codedb_node *node = parser_last(parser);
    switch (node->kind) {
    case CODEDB_NODE_COMPARISON:
    case CODEDB_NODE_BOOLEAN_OPERATION:
    case CODEDB_NODE_IF_EXP:
    case CODEDB_NODE_LAMBDA: return node->parens > 0;
    case CODEDB_NODE_UNARY_OPERATION: return node->parens > 0 || parser->tokens[node->first].kind != CODEDB_TOKEN_KEYWORD_NOT;
    default: return true;
    }
}

/* genexp as the only argument, whose element is unpacking: behind '*' bitwise_or */
static void expression_starred_generator(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    parser_role(parser, CODEDB_FIELD_value);
    parser_close(parser, CODEDB_NODE_STARRED_ELEMENT, first, mark);
    codedb_generator_parse(parser, first, mark);
    if (!parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN))
        codedb_parser_fail(parser, first, parser->at, "a generator expression has to be in parentheses here");
}

/* Clauses of a comprehension stand behind an argument that cannot have them: CPython tells of the last argument without a name before
 * them, if it is not the only one, or if it is an expression and a comma follows, after what it has to tell of the clauses. */
static void expression_fail_argument_clauses(codedb_parser *parser, const expression_arguments *seen)
{
    uint32_t clauses = parser->at;
    if (parser->version < 309) {
        codedb_parser_fail_expected(parser, "',' or ')'");
        return;
    }
    bool is_named = parser_last(parser)->kind == CODEDB_NODE_NAMED_EXPR && parser_last(parser)->parens == 0;
    bool is_element = seen->first && seen->plain == 1 && !is_named;
    expression_misplaced_comprehension(parser);
    if (is_element && parser_sees(parser, CODEDB_TOKEN_COMMA))
        codedb_hint_generator(parser, seen->last_positional);
    else
        codedb_hint_clauses(parser, clauses, seen->last_positional, parser->at,
                            seen->positional > 1 ? "a generator expression has to be in parentheses here" : NULL);
}

/* '*' stands behind '**' in arguments. Where CPython tells of that: since 3.13 at the comma, if what is unpacked is whole; before, at the
 * star, and in 3.10 at the first argument. */
static void expression_fail_unpacking(codedb_parser *parser, const expression_arguments *seen, uint32_t star)
{
    uint32_t place = parser->version == 310 ? seen->start : star - (parser->version >= 313);
    /* CPython has looked no further, behind '**' up to 3.12 not even behind the star. */
    if (!parser->failed && parser->version >= 309)
        parser->at = star + (!seen->double_starred || parser->version >= 313);
    codedb_parser_fail_late(parser, place, place + 1, "iterable argument unpacking follows keyword argument unpacking");
}

/* What the star at `star` unpacks failed: up to 3.12 that is what CPython tells in 3.10 behind any other argument, then behind keyword
 * arguments and behind nothing but unpacked ones. */
static void expression_fail_unpacked(codedb_parser *parser, const expression_arguments *seen, uint32_t star)
{
    bool is_told = !seen->first && (parser->version == 310 || seen->keyword || seen->plain == 0);
    if (!is_told || parser->version < 310 || parser->version >= 313 || !parser->error->expected || parser->error->no_memory ||
        codedb_hint_has_whole(parser, star + 1))
        return;
    uint32_t reached = parser->error->reached;
    parser->failed = false;
    parser->at = star;
    expression_fail_unpacking(parser, seen, star);
    parser->error->reached = reached;
}

/* Whether clauses stand where none can: in 3.9, which reads them to say so, behind an 'async' it is the 'for' that is missing. */
static bool expression_sees_clause(const codedb_parser *parser)
{
    return parser->version == 309 ? parser_sees_clause(parser) : parser_sees_for(parser);
}

/* starred_expression: '*' expression        kwarg_or_double_starred: '**' expression */
static void expression_starred_argument(codedb_parser *parser, expression_arguments *seen)
{
    uint32_t star = parser->at, mark = parser->count;
    bool is_double = parser_sees(parser, CODEDB_TOKEN_DOUBLE_STAR);
    bool follows = !is_double && seen->double_starred;
    if (follows && (seen->rest || (parser->quiet && parser->version >= 310))) /* CPython does not read it */
        codedb_parser_fail_expected(parser, "a keyword argument");
    bool had_failed = parser->failed;
    if (follows && parser->version < 313)
        expression_fail_unpacking(parser, seen, star);
    if (is_double ? seen->double_starred : seen->starred)
        codedb_parser_require(parser, 305, "more than one unpacked argument");
    parser->at += !parser->failed;
    codedb_expression_parse(parser);
    bool is_whole = parser->at < parser->end && !parser_sees(parser, CODEDB_TOKEN_EQUAL); /* for CPython */
    if (follows && !parser->failed && parser->version >= 313 && is_whole) {
        uint32_t reached = codedb_hint_operand(parser, star);
        expression_fail_unpacking(parser, seen, star);
        if (parser->error->reached < reached)
            parser->error->reached = reached;
    }
    if (CODEDB_UNLIKELY(parser->failed) && !had_failed && !is_double) {
        expression_fail_unpacked(parser, seen, star);
        codedb_hint_starred_operand(parser, star, false);
    }
    if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_EQUAL))) {
        codedb_hint_unpacked(parser, star);
        if (follows && parser->failed && parser->error->expected) /* since 3.13 it is a positional argument */
            codedb_hint_positional(parser, star + 1, false);
    }
    if (!is_double) {
        seen->positional++;
        seen->last_positional = star;
    }
    if (seen->rest && expression_sees_clause(parser))
        codedb_parser_fail_expected(parser, "',' or ')'");
    if (CODEDB_UNLIKELY(expression_sees_clause(parser))) {
        bool generates = parser->version >= 309 && !is_double && !seen->of_class && seen->first;
        if (generates && (parser->version < 315 || codedb_expression_is_bitwise_or(parser)))
            expression_starred_generator(parser, star, mark);
        else
            expression_fail_argument_clauses(parser, seen);
    }
    parser_role(parser, CODEDB_FIELD_value);
    if (is_double)
        seen->double_starred = true;
    else
        seen->starred = true;
}

/* Up to 3.8 CPython looks for generators among the arguments before anything else that it finds late in them. */
static void expression_forget_late(codedb_parser *parser, expression_arguments *seen)
{
    if (!seen->generator)
        codedb_parser_forget_late(parser, seen->start);
    seen->generator = true;
}

/* assignment_expression | expression !':=' | genexp */
static void expression_positional_argument(codedb_parser *parser, expression_arguments *seen)
{
    uint32_t first = parser->at, mark = parser->count;
    bool had_failed = parser->failed;
    expression_named(parser, true);
    bool is_behind = seen->keyword || seen->double_starred;
    if (CODEDB_UNLIKELY(parser->failed) && !had_failed && parser->version >= 310 && is_behind && !seen->rest)
        codedb_hint_positional(parser, first, seen->keyword);
    if (seen->rest && parser_sees_clause(parser))
        codedb_parser_fail_expected(parser, "',' or ')'");
    else if (seen->rest && is_behind && !parser_sees(parser, CODEDB_TOKEN_EQUAL))
        codedb_hint_behind(parser, "a keyword argument");
    bool only_clauses = parser->version < 310 || (seen->first && !seen->of_class);
    bool generates = only_clauses ? parser_sees_clause(parser) : parser_sees_for(parser);
    bool is_named = parser_last(parser)->kind == CODEDB_NODE_NAMED_EXPR && parser_last(parser)->parens == 0;
    if (CODEDB_UNLIKELY(generates && is_behind) && parser->version >= 309) /* CPython looks for a generator of an expression */
        generates = !is_named;
    seen->plain++;
    seen->positional++;
    seen->last_positional = parser_node_start(parser_last(parser));
    if (CODEDB_UNLIKELY(generates)) {
        if (parser->version == 308 && is_named)
            codedb_parser_fail_expected(parser, "',' or ')' behind an assignment expression");
        if (seen->of_class)
            expression_forget_late(parser, seen);
        if (seen->of_class && parser->version >= 309 && !is_behind)
            expression_fail_argument_clauses(parser, seen);
        else if (seen->of_class && parser->version >= 307 && parser->version < 309)
            codedb_parser_fail_late(parser, first, parser->at, "expected no generator expression as the base of a class");
        uint32_t clause = parser->at, start = parser->version < 307   ? seen->start
                                              : parser->version < 309 ? first
                                                                      : seen->last_positional;
        if (CODEDB_UNLIKELY(parser_last(parser)->kind == CODEDB_NODE_STARRED_ELEMENT)) /* in parentheses, up to 3.8 */
            expression_check_starred_comprehension(parser);
        parser_role(parser, CODEDB_FIELD_elt);
        if (seen->first)
            expression_comprehension(parser);
        else
            expression_misplaced_comprehension(parser);
        if (!seen->first && (!seen->of_class || (is_behind && parser->version >= 309)))
            codedb_hint_clauses(parser, clause, start, parser->at, "a generator expression has to be in parentheses here");
        parser_close(parser, CODEDB_NODE_GENERATOR_EXP, first, mark);
        bool sole = seen->first && !parser_sees(parser, CODEDB_TOKEN_COMMA);
        bool before_comma = seen->first && parser->version < 307 && parser_sees(parser, CODEDB_TOKEN_COMMA) &&
                            parser_kind_behind(parser) == CODEDB_TOKEN_RIGHT_PAREN;
        if (!sole && !before_comma) {
            if (!seen->of_class)
                expression_forget_late(parser, seen);
            if (is_named) /* of which CPython does not tell */
                codedb_parser_fail_expected(parser, "')' behind a generator expression");
            codedb_hint_generator(parser, start);
        }
    }
    parser_role(parser, CODEDB_FIELD_value);
    if (CODEDB_UNLIKELY(is_behind) && !parser_sees(parser, CODEDB_TOKEN_EQUAL) && !seen->rest)
        codedb_hint_positional(parser, first, seen->keyword);
    if (seen->starred && parser->version < 305)
        codedb_parser_fail(parser, first, parser->at, "only named arguments may follow *expression before Python 3.5");
}

/* As many arguments CPython's parser took up to 3.6. */
#define EXPRESSION_OLD_LIMIT 255u

/* Up to 3.8 the parser refuses a keyword that an earlier argument has. Looks no further back than so many, to stay linear. */
static void expression_check_keyword(codedb_parser *parser, const expression_arguments *seen)
{
    const codedb_token *name = &parser->tokens[parser->at];
    const char *text = parser->source + name->start;
    uint32_t index = parser->count;
    for (uint32_t left = EXPRESSION_OLD_LIMIT; left > 0 && index > seen->mark; left--) {
        const codedb_node *argument = &parser->nodes[index - 1];
        index -= parser_size(argument);
        const codedb_token *other = &parser->tokens[argument->first];
        if (other[1].kind == CODEDB_TOKEN_EQUAL && other->length == name->length &&
            memcmp(parser->source + other->start, text, name->length) == 0) {
            codedb_parser_fail_late(parser, parser->at, parser->at + 1, "keyword argument repeated: %.*s", (int)name->length,
                                    text);
            return;
        }
    }
}

/* Up to 3.7 a name in parentheses could stand before '=' too. */
static bool expression_is_old_keyword(const codedb_parser *parser)
{
    const codedb_node *node = parser_last(parser);
    return parser->version < 308 && node->kind == CODEDB_NODE_NAME && parser->tokens[node->first].kind == CODEDB_TOKEN_NAME;
}

/* Clauses of a comprehension stand behind a keyword argument: since 3.10 CPython tells of its '='. In 3.9 it takes them for those
 * of all arguments. */
static void expression_fail_keyword_clauses(codedb_parser *parser, const expression_arguments *seen, uint32_t name)
{
    if (parser->version >= 310)
        expression_fail_clauses(parser, name, name + 2, "expected '==' or ':=' behind the name of a generator, found '='");
    else if (parser->version == 309 && !seen->rest)
        expression_fail_argument_clauses(parser, seen);
    codedb_parser_fail_expected(parser, "',' or ')'");
}

/* NAME '=' expression, from the '=' on */
static void expression_keyword_value(codedb_parser *parser, expression_arguments *seen)
{
    if (seen->double_starred)
        codedb_parser_require(parser, 305, "a keyword argument behind **");
    uint32_t name = parser->at - 1;
    parser_accept(parser, CODEDB_TOKEN_EQUAL);
    bool is_empty = parser_sees(parser, CODEDB_TOKEN_COMMA) || parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN);
    if (is_empty && parser->version >= 312 && !seen->rest)
        codedb_parser_fail(parser, parser->at - 2, parser->at, "expected the value of a keyword argument behind '='");
    codedb_expression_parse(parser);
    if (CODEDB_UNLIKELY(expression_sees_clause(parser)))
        expression_fail_keyword_clauses(parser, seen, name);
    parser_role(parser, CODEDB_FIELD_value);
    seen->keyword = true;
}

/* args: ','.(starred_expression | (assignment_expression | expression !':=') !'=')+ [',' kwargs] | kwargs
 * kwargs: ','.kwarg_or_starred+ ',' ','.kwarg_or_double_starred+ | ','.kwarg_or_starred+ | ','.kwarg_or_double_starred+
 * One of them, as an Arg. */
static void expression_argument(codedb_parser *parser, expression_arguments *seen)
{
    uint32_t first = parser->at, mark = parser->count;
    codedb_token_kind kind = parser_kind(parser);
    if (kind == CODEDB_TOKEN_NAME && parser_kind_behind(parser) == CODEDB_TOKEN_EQUAL) {
        if (CODEDB_UNLIKELY(parser->version < 309)) {
            codedb_target_check_name(parser, first, first);
            expression_check_keyword(parser, seen);
        }
        parser_name(parser, CODEDB_FIELD_keyword);
        expression_keyword_value(parser, seen);
    } else if (kind == CODEDB_TOKEN_STAR || kind == CODEDB_TOKEN_DOUBLE_STAR) {
        expression_starred_argument(parser, seen);
    } else {
        expression_positional_argument(parser, seen);
        if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_EQUAL))) {
            const codedb_node *node = parser_last(parser);
            bool is_whole = node->kind == CODEDB_NODE_NAMED_EXPR || node->kind == CODEDB_NODE_GENERATOR_EXP;
            bool is_misplaced = node->kind == CODEDB_NODE_NAMED_EXPR && (seen->keyword || seen->double_starred);
            if (is_whole && node->parens == 0 && is_misplaced && parser->version >= 310)
                parser->at = first + 1; /* for CPython the name was to be a keyword */
            if (is_whole && node->parens == 0) {
                codedb_parser_fail_expected(parser, "',' or ')'");
            } else if (!expression_is_old_keyword(parser)) {
                if (parser->version >= 308) /* before, it looked into the expression first */
                    codedb_parser_forget_late(parser, first);
                codedb_parser_fail_late(parser, parser->version < 309 ? first : parser_node_start(node), parser->at,
                                        "expected a name before '=' in an argument, found an expression");
            } else {
                codedb_target_check_name(parser, node->first, first);
            }
            parser_role(parser, CODEDB_FIELD_keyword);
            expression_keyword_value(parser, seen);
        }
    }
    parser_close(parser, CODEDB_NODE_ARG, first, mark);
    if (CODEDB_LIKELY(!seen->of_class))
        parser_role(parser, CODEDB_FIELD_args);
    else
        parser_role(parser, seen->keyword || seen->double_starred ? CODEDB_FIELD_keywords : CODEDB_FIELD_bases);
    seen->first = false;
}

/* arguments: args [','] &')' */
static void expression_arguments_parse(codedb_parser *parser, expression_arguments *seen)
{
    for (uint32_t count = 1; !parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN); count++) {
        expression_argument(parser, seen);
        if (parser->version < 307 && count > EXPRESSION_OLD_LIMIT)
            codedb_parser_fail(parser, parser->at - 1, parser->at, "more than 255 arguments before Python 3.7");
        if (!parser_sees(parser, CODEDB_TOKEN_COMMA))
            return;
        if (seen->double_starred || (seen->starred && parser_kind_behind(parser) == CODEDB_TOKEN_RIGHT_PAREN))
            codedb_parser_require(parser, 305, "a comma behind an unpacked argument");
        parser_accept(parser, CODEDB_TOKEN_COMMA);
    }
}

CODEDB_PRIVATE void codedb_arguments_parse(codedb_parser *parser, bool of_class)
{
    expression_arguments seen = {.mark = parser->count, .start = parser->at, .of_class = of_class, .first = true};
    expression_arguments_parse(parser, &seen);
}

CODEDB_PRIVATE void codedb_arguments_rest_parse(codedb_parser *parser)
{
    expression_arguments seen = {.mark = parser->count, .start = parser->at, .first = true, .rest = true};
    expression_arguments_parse(parser, &seen);
}

/* primary genexp | primary '(' [arguments] ')', behind the primary */
static void expression_call(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    parser_role(parser, CODEDB_FIELD_func);
    parser->at++;
    parser_enter(parser);
    codedb_arguments_parse(parser, false);
    parser_leave(parser);
    codedb_clauses_close(parser, CODEDB_TOKEN_RIGHT_PAREN);
    parser_close(parser, CODEDB_NODE_CALL, first, mark);
}

/* Whether a slice has no expression here. */
static bool expression_slice_part_ends(const codedb_parser *parser)
{
    codedb_token_kind kind = parser_kind(parser);
    return kind == CODEDB_TOKEN_COLON || kind == CODEDB_TOKEN_COMMA || kind == CODEDB_TOKEN_RIGHT_BRACKET;
}

/* slice: [expression] ':' [expression] [':' [expression]], from the first ':' on */
static void expression_slice(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    parser->at++;
    if (!expression_slice_part_ends(parser)) {
        codedb_expression_parse(parser);
        parser_role(parser, CODEDB_FIELD_upper);
    }
    if (parser_accept(parser, CODEDB_TOKEN_COLON) && !expression_slice_part_ends(parser)) {
        codedb_expression_parse(parser);
        parser_role(parser, CODEDB_FIELD_step);
    }
    parser_close(parser, CODEDB_NODE_SLICE, first, mark);
}

/* starred_expression in the subscript whose '[' is token `bracket`. Returns whether it could be an element of a list as well. */
static bool expression_starred_index(codedb_parser *parser, uint32_t bracket)
{
    uint32_t star = parser->at;
    if (CODEDB_UNLIKELY(parser->version < 311))
        codedb_hint_old_star(parser, bracket);
    parser->at += !parser->failed;
    codedb_expression_parse(parser);
    bool is_element = codedb_expression_is_bitwise_or(parser);
    if (CODEDB_UNLIKELY(parser->failed) && parser->version >= 311)
        codedb_hint_starred_operand(parser, star, false);
    else if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_EQUAL)))
        codedb_hint_unpacked(parser, star);
    else if (CODEDB_UNLIKELY(parser_sees_for(parser)) && star == bracket + 1)
        expression_fail_clauses(parser, star, parser->at, "a subscript has no comprehension: expected ']', found 'for'");
    return is_element;
}

/* slice | starred_expression, with slice: [expression] ':' ... | named_expression
 * Returns whether it could be an element of a list as well. */
static bool expression_subscript_element(codedb_parser *parser, uint32_t bracket)
{
    uint32_t first = parser->at, mark = parser->count;
    bool is_element = true;
    if (parser_sees(parser, CODEDB_TOKEN_STAR)) {
        is_element = expression_starred_index(parser, bracket);
    } else if (parser_sees(parser, CODEDB_TOKEN_COLON)) {
        expression_slice(parser, first, mark);
    } else {
        if (parser->version >= 310)
            codedb_named_expression_parse(parser);
        else
            codedb_expression_parse(parser);
        const codedb_node *node = parser_last(parser);
        if (parser_sees(parser, CODEDB_TOKEN_COLON) && (node->kind != CODEDB_NODE_NAMED_EXPR || node->parens > 0)) {
            parser_role(parser, CODEDB_FIELD_lower);
            expression_slice(parser, first, mark);
        }
    }
    if (parser_last(parser)->kind != CODEDB_NODE_SLICE) {
        parser_role(parser, CODEDB_FIELD_value);
        parser_close(parser, CODEDB_NODE_INDEX, first, mark);
    } else {
        is_element = false;
    }
    parser_role(parser, CODEDB_FIELD_slice);
    parser_close(parser, CODEDB_NODE_SUBSCRIPT_ELEMENT, first, mark);
    parser_role(parser, CODEDB_FIELD_slice);
    return is_element;
}

/* primary '[' slices ']', behind the primary; slices: slice !',' | ','.(slice | starred_expression)+ [','] */
static void expression_subscript(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    uint32_t bracket = parser->at++, start = parser->at, count = 0;
    bool is_list = true, may_generate = parser->version >= 310;
    parser_role(parser, CODEDB_FIELD_value);
    parser_enter(parser);
    do {
        is_list = expression_subscript_element(parser, bracket) && is_list;
        if (count++ == 0 && is_list && parser->tokens[start].kind != CODEDB_TOKEN_STAR)
            start = parser_node_start(&parser->nodes[parser->count - 3]);
    } while (parser_accept(parser, CODEDB_TOKEN_COMMA) && !parser_sees(parser, CODEDB_TOKEN_RIGHT_BRACKET) &&
             !parser_sees(parser, CODEDB_TOKEN_KEYWORD_ASYNC) &&
             !(may_generate && parser_sees(parser, CODEDB_TOKEN_KEYWORD_FOR)));
    parser_leave(parser);
    bool has_comma = count > 1 || parser->tokens[parser->at - 1].kind == CODEDB_TOKEN_COMMA;
    if (CODEDB_UNLIKELY(parser_sees_for(parser)) && may_generate && has_comma && is_list)
        expression_fail_clauses(parser, start, parser->at, "the tuple before 'for' has to be in parentheses");
    /* what cannot be a list is not looked through for clauses behind it */
    bool has_slice = parser->nodes[parser->count - 2].kind == CODEDB_NODE_SLICE;
    if (has_slice || (may_generate && has_comma && !is_list))
        codedb_bracket_close(parser, CODEDB_TOKEN_RIGHT_BRACKET);
    else
        codedb_clauses_close(parser, CODEDB_TOKEN_RIGHT_BRACKET);
    parser_close(parser, CODEDB_NODE_SUBSCRIPT, first, mark);
}

/* ---- Displays and comprehensions ---------------------------------------------------------------------------------- */

/* '*' bitwise_or */
CODEDB_PRIVATE void codedb_starred_parse(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    bool had_failed = parser->failed;
    codedb_token_kind before = first > 0 ? (codedb_token_kind)parser->tokens[first - 1].kind : CODEDB_TOKEN_NEWLINE;
    expression_operators(parser, EXPRESSION_BIT_OR);
    if (CODEDB_UNLIKELY(parser->failed) && !had_failed && parser->error->expected && codedb_token_opens(before) &&
        (first != parser->field || parser->version < 312))
        codedb_hint_starred_operand(parser, first, true);
    parser_role(parser, CODEDB_FIELD_value);
    parser_close(parser, CODEDB_NODE_STARRED_ELEMENT, first, mark);
}

/* star_named_expression: '*' bitwise_or | named_expression */
CODEDB_PRIVATE void codedb_star_named_parse(codedb_parser *parser)
{
    if (parser_sees(parser, CODEDB_TOKEN_STAR))
        codedb_starred_parse(parser);
    else
        codedb_named_expression_parse(parser);
}

/* Makes the expression just parsed an element: a StarredElement is one already. */
static void expression_wrap_element(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    if (parser_last(parser)->kind != CODEDB_NODE_STARRED_ELEMENT || parser_last(parser)->parens > 0) {
        parser_role(parser, CODEDB_FIELD_value);
        parser_close(parser, CODEDB_NODE_ELEMENT, first, mark);
    }
    parser_role(parser, CODEDB_FIELD_elements);
}

/* Clauses of a comprehension stand where none can: tells of the tokens from `first` to `last`, or only of the clauses where there is no
 * `message`, but first of what is wrong in the clauses, as CPython does, which knows them only when they are whole. */
static void expression_fail_clauses(codedb_parser *parser, uint32_t first, uint32_t last, const char *message)
{
    uint32_t clauses = parser->at;
    expression_misplaced_comprehension(parser);
    codedb_hint_clauses(parser, clauses, first, last, message);
}

/* (',' star_named_expression)* [','], behind the first element, which is still no element */
CODEDB_PRIVATE void codedb_elements_parse(codedb_parser *parser, uint32_t first, uint32_t mark, codedb_token_kind closing)
{
    uint32_t start = parser_node_start(parser_last(parser));
    expression_wrap_element(parser, first, mark);
    bool is_display = closing != CODEDB_TOKEN_RIGHT_PAREN && parser->version >= 310;
    while (parser_accept(parser, CODEDB_TOKEN_COMMA) && !parser_sees(parser, closing) && !parser_sees_for(parser) &&
           !(is_display && parser_sees(parser, CODEDB_TOKEN_KEYWORD_ASYNC))) {
        uint32_t element_first = parser->at, element_mark = parser->count;
        bool is_set = closing == CODEDB_TOKEN_RIGHT_BRACE;
        if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_STAR)) && is_set)
            codedb_parser_require(parser, 305, "unpacking in a set");
        if (is_set && parser->version < 309 && !parser_sees(parser, CODEDB_TOKEN_STAR))
            codedb_expression_parse(parser);
        else
            codedb_star_named_parse(parser);
        expression_wrap_element(parser, element_first, element_mark);
    }
    if (CODEDB_UNLIKELY(parser_sees_for(parser)) && is_display)
        expression_fail_clauses(parser, start, parser->at, "the tuple before 'for' has to be in parentheses");
}

/* The clauses of a comprehension are children of each other to the right. With all of them parsed, `count` since `base`, lays the
 * CompFors down from the last on; each finds its own children by walking back over their sizes. */
static void expression_wrap_clauses(codedb_parser *parser, uint32_t count, uint32_t base)
{
    uint32_t index = parser->count - 1;
    while (count-- > 0) {
        const codedb_node *nodes = parser->nodes;
        while (nodes[index].field == CODEDB_FIELD_ifs)
            index -= parser_size(&nodes[index]);
        index -= parser_size(&nodes[index]);
        uint32_t first = parser_start(&nodes[index]) - 1;
        uint32_t mark = index - parser_size(&nodes[index]) + 1;
        if (mark > base && nodes[mark - 1].field == CODEDB_FIELD_asynchronous) {
            first--;
            mark--;
        }
        parser_close(parser, CODEDB_NODE_COMP_FOR, first, mark);
        parser_role(parser, CODEDB_FIELD_inner_for_in);
        index = mark - 1;
    }
}

/* disjunction; up to 3.8 a lambda may stand there */
static void expression_condition(codedb_parser *parser)
{
    if (parser->version < 309 && parser_sees(parser, CODEDB_TOKEN_KEYWORD_LAMBDA))
        expression_lambda(parser, true);
    else
        expression_operators(parser, EXPRESSION_OR);
}

/* ('if' disjunction)* */
static void expression_conditions(codedb_parser *parser)
{
    while (parser_sees(parser, CODEDB_TOKEN_KEYWORD_IF)) {
        uint32_t first = parser->at++, mark = parser->count;
        expression_condition(parser);
        parser_role(parser, CODEDB_FIELD_test);
        parser_close(parser, CODEDB_NODE_COMP_IF, first, mark);
        parser_role(parser, CODEDB_FIELD_ifs);
    }
}

/* for_if_clauses: (['async'] 'for' star_targets 'in' ~ disjunction ('if' disjunction)*)+, as one CompFor */
static void expression_comprehension(codedb_parser *parser)
{
    uint32_t base = parser->count, count = 0;
    do {
        if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_ASYNC)) {
            codedb_parser_require(parser, 306, "an asynchronous comprehension");
            parser_add(parser, CODEDB_NODE_ASYNCHRONOUS, parser->at, parser->at + 1, parser->count);
            parser_role(parser, CODEDB_FIELD_asynchronous);
            parser->at += !parser->failed;
        }
        parser_expect(parser, CODEDB_TOKEN_KEYWORD_FOR);
        codedb_targets_parse(parser, false);
        expression_operators(parser, EXPRESSION_OR);
        parser_role(parser, CODEDB_FIELD_iter);
        expression_conditions(parser);
        count++;
    } while (parser_sees_clause(parser));
    if (!parser->failed)
        expression_wrap_clauses(parser, count, base);
    parser_role(parser, CODEDB_FIELD_for_in);
}

/* The same where none can stand: CPython reads it only to tell of it. */
static void expression_misplaced_comprehension(codedb_parser *parser)
{
    if (parser->quiet && parser->version >= 310)
        codedb_parser_fail_expected(parser, "',' or a closing bracket");
    bool again = parser->again;
    parser->again = true;
    expression_comprehension(parser);
    parser->again = again;
}

/* The element of a comprehension, just parsed, is unpacking. */
static void expression_check_starred_comprehension(codedb_parser *parser)
{
    const codedb_node *element = parser_last(parser);
    uint32_t first = element->first, last = element->last, clauses = parser->at;
    bool of_dict = element->kind == CODEDB_NODE_STARRED_DICT_ELEMENT;
    static const char message[] = "unpacking in a comprehension needs Python 3.15";
    if (parser->version >= 315)
        return;
    if (parser->version < 309) { /* of a dict the brace is told of */
        codedb_parser_fail_late(parser, parser_start(element) - of_dict, last, "%s", message);
        return;
    }
    expression_misplaced_comprehension(parser);
    bool is_told = !of_dict || parser_sees(parser, CODEDB_TOKEN_RIGHT_BRACE);
    codedb_hint_clauses(parser, clauses, first, last, is_told ? message : NULL);
}

/* genexp: '(' (assignment_expression | expression !':=') for_if_clauses ')', behind its first element */
CODEDB_PRIVATE void codedb_generator_parse(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    if (parser_last(parser)->kind == CODEDB_NODE_STARRED_ELEMENT)
        expression_check_starred_comprehension(parser);
    parser_role(parser, CODEDB_FIELD_elt);
    expression_comprehension(parser);
    parser_close(parser, CODEDB_NODE_GENERATOR_EXP, first, mark);
}

/* tuple: '(' [star_named_expression ',' [star_named_expressions]] ')'    group: '(' (yield_expr | named_expression) ')'
 * Which of them, and whether genexp, is known behind the first element. */
static void expression_group(codedb_parser *parser)
{
    uint32_t first = ++parser->at, mark = parser->count;
    parser_enter(parser);
    if (parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN)) {
        parser_close(parser, CODEDB_NODE_TUPLE, first, mark);
    } else if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_YIELD)) {
        codedb_yield_or_star_parse(parser, 300);
    } else {
        if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_DOUBLE_STAR)) && parser->version >= 310)
            codedb_hint_double_starred(parser);
        codedb_star_named_parse(parser);
        if (parser_sees(parser, CODEDB_TOKEN_COMMA)) {
            codedb_elements_parse(parser, first, mark, CODEDB_TOKEN_RIGHT_PAREN);
            parser_close(parser, CODEDB_NODE_TUPLE, first, mark);
        } else if (parser_sees_clause(parser)) {
            codedb_generator_parse(parser, first, mark);
        } else if (parser_last(parser)->kind == CODEDB_NODE_STARRED_ELEMENT && parser->version >= 309 &&
                   parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN)) {
            codedb_parser_fail(parser, first, parser->at, "expected an expression in parentheses, found a starred one");
        }
    }
    parser_leave(parser);
    codedb_bracket_close(parser, CODEDB_TOKEN_RIGHT_PAREN);
    parser_last(parser)->parens++;
}

/* list: '[' [star_named_expressions] ']'        listcomp: '[' named_expression for_if_clauses ']' */
static void expression_list(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    codedb_node_kind kind = CODEDB_NODE_LIST;
    parser_enter(parser);
    if (!parser_sees(parser, CODEDB_TOKEN_RIGHT_BRACKET)) {
        uint32_t element = parser->at;
        codedb_star_named_parse(parser);
        if (parser_sees_clause(parser)) {
            kind = CODEDB_NODE_LIST_COMP;
            if (parser_last(parser)->kind == CODEDB_NODE_STARRED_ELEMENT)
                expression_check_starred_comprehension(parser);
            parser_role(parser, CODEDB_FIELD_elt);
            expression_comprehension(parser);
        } else {
            codedb_elements_parse(parser, element, mark, CODEDB_TOKEN_RIGHT_BRACKET);
        }
    }
    parser_leave(parser);
    codedb_clauses_close(parser, CODEDB_TOKEN_RIGHT_BRACKET);
    parser_close(parser, kind, first, mark);
}

/* '**' bitwise_or */
static void expression_dict_unpacking(codedb_parser *parser)
{
    codedb_parser_require(parser, 305, "unpacking in a dict");
    parser->at += !parser->failed;
    expression_operators(parser, EXPRESSION_BIT_OR);
    parser_role(parser, CODEDB_FIELD_value);
}

/* double_starred_kvpair: '**' bitwise_or | expression ':' expression, behind the key if there is one */
static void expression_dict_element(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    bool unpacking = parser_sees(parser, CODEDB_TOKEN_DOUBLE_STAR) && parser->count == mark;
    if (unpacking) {
        expression_dict_unpacking(parser);
    } else {
        bool is_first = parser->count > mark;
        bool quiet = parser->quiet, had_failed = parser->failed;
        parser->quiet = quiet || parser->version >= 310; /* see codedb_hint_key */
        if (!is_first)
            codedb_expression_parse(parser);
        parser->quiet = quiet;
        parser_role(parser, CODEDB_FIELD_key);
        if (CODEDB_UNLIKELY(!parser_accept(parser, CODEDB_TOKEN_COLON)) && !is_first && !had_failed)
            codedb_hint_key(parser, first);
        bool is_empty = parser_sees(parser, CODEDB_TOKEN_COMMA) || parser_sees(parser, CODEDB_TOKEN_RIGHT_BRACE);
        if (is_empty && parser->version >= 310) {
            codedb_parser_fail(parser, parser->at - 1, parser->at, "expected a value behind the ':' of a dict");
            parser->error->at_once = true;
        }
        if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_STAR)) && parser->version >= 310)
            codedb_hint_starred_value(parser);
        codedb_expression_parse(parser);
        parser_role(parser, CODEDB_FIELD_value);
    }
    parser_close(parser, unpacking ? CODEDB_NODE_STARRED_DICT_ELEMENT : CODEDB_NODE_DICT_ELEMENT, first, mark);
    parser_role(parser, CODEDB_FIELD_elements);
}

/* dict: '{' [double_starred_kvpairs] '}'        dictcomp: '{' kvpair for_if_clauses '}', behind the first key if there is one
 * Returns which it is. */
static codedb_node_kind expression_dict(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    expression_dict_element(parser, first, mark);
    if (parser_sees_clause(parser)) {
        bool unpacking = parser_last(parser)->kind == CODEDB_NODE_STARRED_DICT_ELEMENT;
        if (unpacking)
            expression_check_starred_comprehension(parser);
        else if (parser_last(parser)->kind != CODEDB_NODE_DICT_ELEMENT)
            return CODEDB_NODE_DICT;
        /* Key and value are the comprehension's own children, so the element that was laid over them goes. */
        if (!parser->failed)
            parser_drop(parser);
        expression_comprehension(parser);
        return unpacking ? CODEDB_NODE_STARRED_DICT_COMP : CODEDB_NODE_DICT_COMP;
    }
    while (parser_accept(parser, CODEDB_TOKEN_COMMA) && !parser_sees(parser, CODEDB_TOKEN_RIGHT_BRACE))
        expression_dict_element(parser, parser->at, parser->count);
    return CODEDB_NODE_DICT;
}

/* set: '{' star_named_expressions '}'        setcomp: '{' named_expression for_if_clauses '}', behind the first element */
static codedb_node_kind expression_set(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    bool starred = parser_last(parser)->kind == CODEDB_NODE_STARRED_ELEMENT;
    if (!parser_sees_clause(parser)) {
        codedb_elements_parse(parser, first, mark, CODEDB_TOKEN_RIGHT_BRACE);
        return CODEDB_NODE_SET;
    }
    if (starred)
        expression_check_starred_comprehension(parser);
    parser_role(parser, CODEDB_FIELD_elt);
    expression_comprehension(parser);
    return CODEDB_NODE_SET_COMP;
}

/* (dict | set | dictcomp | setcomp): known behind the first expression */
static void expression_braces(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    uint32_t element = parser->at;
    codedb_node_kind kind = CODEDB_NODE_DICT;
    parser_enter(parser);
    if (parser_sees(parser, CODEDB_TOKEN_DOUBLE_STAR)) {
        kind = expression_dict(parser, element, mark);
    } else if (!parser_sees(parser, CODEDB_TOKEN_RIGHT_BRACE)) {
        if (parser_sees(parser, CODEDB_TOKEN_STAR))
            codedb_parser_require(parser, 305, "unpacking in a set");
        if (parser->version >= 309)
            codedb_star_named_parse(parser);
        else if (parser_sees(parser, CODEDB_TOKEN_STAR))
            codedb_starred_parse(parser);
        else
            codedb_expression_parse(parser);
        const codedb_node *node = parser_last(parser);
        bool is_bare = node->kind == CODEDB_NODE_STARRED_ELEMENT || node->kind == CODEDB_NODE_NAMED_EXPR;
        bool may_be_key = !is_bare || node->parens > 0; /* up to 3.8 (*a) is whatever an expression is */
        if (parser_sees(parser, CODEDB_TOKEN_COLON) && may_be_key)
            kind = expression_dict(parser, element, mark);
        else
            kind = expression_set(parser, element, mark);
    }
    parser_leave(parser);
    if (kind == CODEDB_NODE_SET)
        codedb_clauses_close(parser, CODEDB_TOKEN_RIGHT_BRACE);
    else
        codedb_bracket_close(parser, CODEDB_TOKEN_RIGHT_BRACE);
    parser_close(parser, kind, first, mark);
}

/* ---- Lambda ------------------------------------------------------------------------------------------------------- */

/* lambdef: 'lambda' [lambda_params] ':' expression
 * `of_condition`: up to 3.8 one stands behind the 'if' of a comprehension, and its body is a disjunction or another such lambda. */
static void expression_lambda(codedb_parser *parser, bool of_condition)
{
    uint32_t first = parser->at++, mark = parser->count;
    parser_enter(parser);
    codedb_parameters_parse(parser, CODEDB_TOKEN_COLON);
    parser_expect(parser, CODEDB_TOKEN_COLON);
    bool in_field = CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_FSTRING_MIDDLE)) && parser->version >= 312;
    if (in_field && !parser->quiet)
        codedb_parser_fail(parser, first, parser->at, "a lambda in a replacement field has to be in parentheses");
    if (CODEDB_LIKELY(!of_condition))
        codedb_expression_parse(parser);
    else
        expression_condition(parser);
    parser_leave(parser);
    parser_role(parser, CODEDB_FIELD_body);
    parser_close(parser, CODEDB_NODE_LAMBDA, first, mark);
}

/* ---- Expressions -------------------------------------------------------------------------------------------------- */

/* What very often follows a name and ends the expression that it is. */
static const bool expression_ends[CODEDB_TOKEN_KIND_COUNT] = {
    [CODEDB_TOKEN_COMMA] = true,         [CODEDB_TOKEN_RIGHT_PAREN] = true, [CODEDB_TOKEN_COLON] = true,
    [CODEDB_TOKEN_RIGHT_BRACKET] = true, [CODEDB_TOKEN_NEWLINE] = true,     [CODEDB_TOKEN_RIGHT_BRACE] = true,
    [CODEDB_TOKEN_EQUAL] = true,
};

/* The conditionals of a chain are children of each other to the right: `count` pairs of body and test and a last expression have been
 * parsed. Lays the IfExps down from the last on. */
static void expression_wrap_conditionals(codedb_parser *parser, uint32_t count)
{
    uint32_t index = parser->count - 1;
    index -= parser_size(&parser->nodes[index]);
    for (;;) {
        const codedb_node *nodes = parser->nodes;
        uint32_t body = index - parser_size(&nodes[index]);
        uint32_t mark = body - parser_size(&nodes[body]) + 1;
        parser_role(parser, CODEDB_FIELD_orelse);
        parser_close(parser, CODEDB_NODE_IF_EXP, parser_start(&nodes[body]), mark);
        if (--count == 0)
            return;
        index = mark - 1;
    }
}

/* disjunction 'if' disjunction 'else' expression, behind the first disjunction */
static void expression_conditional(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    uint32_t count = 0;
    for (;; count++) {
        if (!parser_sees(parser, CODEDB_TOKEN_KEYWORD_IF))
            break;
        uint32_t body = parser_node_start(parser_last(parser));
        parser->at++;
        parser_role(parser, CODEDB_FIELD_body);
        expression_operators(parser, EXPRESSION_OR);
        parser_role(parser, CODEDB_FIELD_test);
        if (CODEDB_UNLIKELY(!parser_sees(parser, CODEDB_TOKEN_KEYWORD_ELSE)))
            codedb_hint_condition(parser, body);
        parser_expect(parser, CODEDB_TOKEN_KEYWORD_ELSE);
        if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_LAMBDA)) {
            expression_lambda(parser, false);
            count++;
            break;
        }
        expression_operators(parser, EXPRESSION_OR);
    }
    if (parser->failed)
        parser_close(parser, CODEDB_NODE_IF_EXP, first, mark);
    else
        expression_wrap_conditionals(parser, count);
}

/* expression: disjunction 'if' disjunction 'else' expression | disjunction | lambdef */
CODEDB_PRIVATE void codedb_expression_parse(codedb_parser *parser)
{
    codedb_token_kind kind = parser_kind(parser);
    if (kind == CODEDB_TOKEN_NAME && expression_ends[parser_kind_behind(parser)]) {
        parser_leaf(parser, CODEDB_NODE_NAME, CODEDB_FIELD_NONE);
        return;
    }
    if (CODEDB_UNLIKELY(kind == CODEDB_TOKEN_KEYWORD_LAMBDA)) {
        expression_lambda(parser, false);
        return;
    }
    uint32_t first = parser->at, mark = parser->count;
    expression_operators(parser, EXPRESSION_OR);
    if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_KEYWORD_IF)))
        expression_conditional(parser, first, mark);
    if (CODEDB_UNLIKELY(parser->failed))
        codedb_hint_expression(parser, first);
}

/* expression ':=' expression, from the ':=' on: up to 3.9 it is told of wherever it stands, once it is read. */
static void expression_no_name(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    uint32_t walrus = parser->at++, start = parser->version < 309 ? first : parser_node_start(parser_last(parser));
    parser_role(parser, CODEDB_FIELD_target);
    codedb_expression_parse(parser);
    /* what is whole of the value is enough for 3.9 */
    bool is_partial = parser->failed && parser->version == 309 && parser->error->expected && !parser->error->no_memory &&
                      codedb_parser_has_whole(parser, walrus + 1);
    uint32_t reached = parser->error->reached;
    parser->failed = parser->failed && !is_partial;
    parser_role(parser, CODEDB_FIELD_value);
    parser_close(parser, CODEDB_NODE_NAMED_EXPR, first, mark);
    codedb_parser_fail_late(parser, start, walrus, "expected a name before ':=', found an expression");
    if (is_partial)
        parser->error->reached = reached;
}

/* named_expression: NAME ':=' ~ expression | expression !':='
 * As in CPython, an expression before ':=' is not told of in an argument: there the ':=' is the unexpected token. */
static void expression_named(codedb_parser *parser, bool as_argument)
{
    uint32_t first = parser->at, mark = parser->count;
    codedb_expression_parse(parser);
    if (CODEDB_LIKELY(!parser_sees(parser, CODEDB_TOKEN_COLON_EQUAL)))
        return;
    const codedb_node *target = parser_last(parser);
    bool is_name = target->kind == CODEDB_NODE_NAME && parser->tokens[target->first].kind == CODEDB_TOKEN_NAME;
    is_name = is_name && (target->parens == 0 || parser->version < 309);
    if (!is_name && (parser->version == 308 || parser->version == 309)) {
        expression_no_name(parser, first, mark);
        return;
    }
    if (!is_name && !as_argument && !parser->failed && !parser->quiet)
        codedb_hint_walrus(parser, "an operator");
    if (!is_name)
        return;
    codedb_parser_require(parser, 308, "an assignment expression");
    parser_accept(parser, CODEDB_TOKEN_COLON_EQUAL);
    uint32_t name = parser_last(parser)->first;
    parser_role(parser, CODEDB_FIELD_target);
    codedb_expression_parse(parser);
    codedb_target_check_name(parser, name, name);
    parser_role(parser, CODEDB_FIELD_value);
    parser_close(parser, CODEDB_NODE_NAMED_EXPR, first, mark);
}

CODEDB_PRIVATE void codedb_named_expression_parse(codedb_parser *parser)
{
    expression_named(parser, false);
    if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_EQUAL)))
        codedb_hint_equal(parser);
}

/* ---- Lists of expressions ----------------------------------------------------------------------------------------- */

CODEDB_PRIVATE bool codedb_expression_begins(const codedb_parser *parser)
{
    return expression_begins[parser_kind(parser)];
}

CODEDB_PRIVATE bool codedb_token_begins_expression(const codedb_parser *parser, uint32_t token)
{
    return expression_begins[parser->tokens[token].kind];
}

CODEDB_PRIVATE void codedb_bitwise_or_parse(codedb_parser *parser)
{
    expression_operators(parser, EXPRESSION_BIT_OR);
}

CODEDB_PRIVATE void codedb_factor_parse(codedb_parser *parser)
{
    expression_unary(parser, false);
}

CODEDB_PRIVATE void codedb_inversion_parse(codedb_parser *parser)
{
    expression_operators(parser, EXPRESSION_NOT);
}

CODEDB_PRIVATE void codedb_bracket_close(codedb_parser *parser, codedb_token_kind closing)
{
    if (CODEDB_LIKELY(parser_accept(parser, closing)))
        return;
    codedb_hint_behind(parser, codedb_token_kind_text(closing));
}

CODEDB_PRIVATE void codedb_clauses_close(codedb_parser *parser, codedb_token_kind closing)
{
    if (CODEDB_LIKELY(parser_accept(parser, closing)))
        return;
    bool is_async = parser_sees(parser, CODEDB_TOKEN_KEYWORD_ASYNC) && parser->version >= 310;
    uint32_t behind = parser->at + is_async;
    codedb_hint_behind(parser, codedb_token_kind_text(closing));
    if (is_async && parser->error->reached < parser->tokens[behind].start)
        parser->error->reached = parser->tokens[behind].start;
}

/* star_expression: '*' bitwise_or | expression (named_expression where `walrus`) */
static void expression_star_expression(codedb_parser *parser, int star_version, bool walrus)
{
    if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_STAR))) {
        codedb_parser_require(parser, star_version, "unpacking here without parentheses");
        if (!parser->failed) {
            codedb_starred_parse(parser);
            return;
        }
    }
    if (walrus)
        codedb_named_expression_parse(parser);
    else
        codedb_expression_parse(parser);
}

/* star_expressions: star_expression (',' star_expression)* [','], a Tuple if there is a comma */
CODEDB_PRIVATE void codedb_star_expressions_parse(codedb_parser *parser, int star_version, bool walrus)
{
    uint32_t first = parser->at, mark = parser->count;
    expression_star_expression(parser, star_version, walrus);
    if (CODEDB_LIKELY(!parser_sees(parser, CODEDB_TOKEN_COMMA)))
        return;
    expression_wrap_element(parser, first, mark);
    while (parser_accept(parser, CODEDB_TOKEN_COMMA) && expression_begins[parser_kind(parser)]) {
        uint32_t element_first = parser->at, element_mark = parser->count;
        expression_star_expression(parser, star_version, walrus);
        expression_wrap_element(parser, element_first, element_mark);
    }
    parser_close(parser, CODEDB_NODE_TUPLE, first, mark);
}

CODEDB_PRIVATE void codedb_plain_star_expressions_parse(codedb_parser *parser)
{
    codedb_star_expressions_parse(parser, 300, false);
}

/* yield_expr: 'yield' 'from' expression | 'yield' [star_expressions] */
static void expression_yield(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_FROM)) {
        codedb_parser_require(parser, 303, "yield from");
        uint32_t from = parser->at;
        parser->at += !parser->failed;
        codedb_expression_parse(parser);
        parser_role(parser, CODEDB_FIELD_item);
        parser_close(parser, CODEDB_NODE_FROM, from, mark);
        parser_role(parser, CODEDB_FIELD_value);
    } else if (expression_begins[parser_kind(parser)]) {
        codedb_star_expressions_parse(parser, 308, false);
        parser_role(parser, CODEDB_FIELD_value);
    }
    parser_close(parser, CODEDB_NODE_YIELD, first, mark);
}

/* yield_expr | star_expressions */
CODEDB_PRIVATE void codedb_yield_or_star_parse(codedb_parser *parser, int star_version)
{
    if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_KEYWORD_YIELD)))
        expression_yield(parser);
    else
        codedb_star_expressions_parse(parser, star_version, false);
}

/* ---- Targets ------------------------------------------------------------------------------------------------------ */

/* star_target: '*' (!'*' star_target) | target_with_star_atom; a target has no operators, and `in` ends it */
static void expression_target(codedb_parser *parser)
{
    if (parser_sees(parser, CODEDB_TOKEN_STAR))
        codedb_starred_parse(parser);
    else
        expression_operators(parser, EXPRESSION_BIT_OR);
}

/* star_targets: star_target !',' | star_target (',' star_target)* [','] */
CODEDB_PRIVATE void codedb_target_list_parse(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    expression_target(parser);
    if (parser_sees(parser, CODEDB_TOKEN_COMMA)) {
        expression_wrap_element(parser, first, mark);
        while (parser_accept(parser, CODEDB_TOKEN_COMMA) && expression_begins[parser_kind(parser)]) {
            uint32_t element_first = parser->at, element_mark = parser->count;
            expression_target(parser);
            expression_wrap_element(parser, element_first, element_mark);
        }
        parser_close(parser, CODEDB_NODE_TUPLE, first, mark);
    }
}

/* The star of the first target but the one at `first` that has one, when one of those before it can be none; UINT32_MAX: there is none. */
static uint32_t expression_star_behind_other(const codedb_parser *parser, uint32_t first)
{
    uint32_t depth = 0;
    for (uint32_t at = first; at < parser->at; at++) {
        codedb_token_kind kind = (codedb_token_kind)parser->tokens[at].kind;
        if (depth == 0 && kind == CODEDB_TOKEN_STAR && parser->tokens[at - 1].kind == CODEDB_TOKEN_COMMA)
            return codedb_target_other_start(parser, parser->count - 1) < at ? at : UINT32_MAX;
        depth += codedb_token_opens(kind);
        depth -= codedb_token_closes(kind);
    }
    return UINT32_MAX;
}

/* star_targets 'in'. Since 3.13 CPython has a message for an absent 'in' in a comprehension, at the same token, and tells of the targets
 * only when it is there; otherwise what is wrong in them comes first. */
CODEDB_PRIVATE void codedb_targets_parse(codedb_parser *parser, bool of_statement)
{
    uint32_t first = parser->at;
    bool tells_in = parser->version >= 313 && !of_statement && !parser_sees(parser, CODEDB_TOKEN_STAR) &&
                    !parser_sees(parser, CODEDB_TOKEN_KEYWORD_NOT);
    bool had_failed = parser->failed;
    uint32_t reached = 0;
    codedb_target_list_parse(parser);
    uint32_t star = tells_in && !parser->failed ? expression_star_behind_other(parser, first) : UINT32_MAX;
    if (CODEDB_UNLIKELY(star < UINT32_MAX)) { /* CPython expects the 'in' there, and tells of that */
        parser_role(parser, CODEDB_FIELD_target);
        codedb_parser_fail(parser, star, star + 1, "expected 'in' or a target without a star, found '*'");
        parser->error->at_once = true;
        parser->error->reached = parser->tokens[star].start;
        return;
    }
    if (CODEDB_UNLIKELY(parser->quiet) && !parser_sees(parser, CODEDB_TOKEN_KEYWORD_IN) && !had_failed && !tells_in)
        codedb_hint_quiet_targets(parser, first);
    if (CODEDB_UNLIKELY(!parser_sees(parser, CODEDB_TOKEN_KEYWORD_IN)) && !had_failed && (parser->failed || !tells_in)) {
        if (!tells_in || !codedb_parser_has_whole(parser, first)) /* else 'in' is missed before anything is looked for */
            reached = codedb_hint_clause_targets(parser, first);
        if (parser->failed && !tells_in)
            codedb_hint_targets(parser, first, CODEDB_TARGET_FOR);
        else if (parser->failed)
            codedb_hint_no_in(parser, first);
    }
    bool sees_in = parser_sees(parser, CODEDB_TOKEN_KEYWORD_IN);
    bool compares = parser->version >= 310 && expression_binding[parser_kind(parser)] == EXPRESSION_COMPARISON;
    bool parsed = !parser->failed;
    if (sees_in || (!tells_in && !compares))
        codedb_target_check(parser, parser->count - 1, CODEDB_TARGET_FOR);
    if (CODEDB_UNLIKELY(parser->failed) && parsed)
        codedb_hint_bad_targets(parser, first);
    parser_role(parser, CODEDB_FIELD_target);
    if (CODEDB_LIKELY(parser_accept(parser, CODEDB_TOKEN_KEYWORD_IN)))
        return;
    if (tells_in && parser->again && parser_sees(parser, CODEDB_TOKEN_LEFT_BRACE))
        codedb_hint_brace_no_in(parser);
    bool first_failure = !parser->failed;
    uint32_t at = parser->at;
    codedb_parser_fail_expected(parser, "'in'");
    if (first_failure) /* an '=' is no keyword argument's */
        parser->error->reached = parser->tokens[at].start;
    if (first_failure && tells_in) {
        parser->error->expected = false;
        parser->error->at_once = true;
        return;
    }
    if (first_failure && compares) /* CPython has no message for these targets: it had read up to where they could end */
        codedb_parser_fail_before(parser, codedb_parser_behind_star_targets(parser, first), "'in'");
    if (!had_failed && parser->error->reached < reached)
        parser->error->reached = reached;
}

/* with_item: expression 'as' star_target, behind the 'as' */
CODEDB_PRIVATE void codedb_target_parse(codedb_parser *parser, uint32_t item)
{
    bool is_starred = parser_sees(parser, CODEDB_TOKEN_STAR);
    if (is_starred)
        codedb_parser_require(parser, 309, "a starred target");
    uint32_t first = parser->at;
    bool had_failed = parser->failed;
    expression_target(parser);
    bool ends = parser_sees(parser, CODEDB_TOKEN_COMMA) || parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN) ||
                parser_sees(parser, CODEDB_TOKEN_COLON);
    if (CODEDB_UNLIKELY(parser->failed || !ends) && !had_failed && parser->version >= 310)
        codedb_hint_target(parser, first);
    else if (CODEDB_UNLIKELY(!ends) && !had_failed)
        codedb_hint_old_target(parser, first);
    bool parsed = !parser->failed;
    codedb_target_check_in(parser, parser->count - 1, CODEDB_TARGET_ASSIGN, item);
    if (CODEDB_UNLIKELY(parser->failed) && is_starred && !had_failed)
        codedb_hint_starred_target(parser, first, parsed);
}
