/* codedb_hint.c -- what else an error in an expression may be: CPython's second look at it.
 *
 * Called by codedb_expression.c, codedb_fstring.c, codedb_parameter.c, codedb_statement.c and codedb_pattern.c when parsing has failed, or is
 * about to; calls them to parse on trial, codedb_hint_target.c for what may be elements, and codedb_syntax.c. Any thread, one per parser.
 *
 * CPython parses a source that it has refused once more, now with rules for what people get wrong: the first of them that fits is the
 * error, be it before the token that did not fit. They are tried from the outermost expression to the innermost, but each of them reads
 * the parts of its expression first: so what is told of a part comes before what is told of the whole, and here the same is done while
 * the recursion unwinds. It does so since 3.10: for an older target there are no hints but those that its parser has. */
#include "codedb_hint.h"

#include <string.h>

/* ---- Trials ------------------------------------------------------------------------------------------------------- */

/* So many trials a source may cost: each reads no more than the rest of its line or the handlers of one 'try', but brackets nest. */
#define HINT_TRIALS 100u

CODEDB_PRIVATE bool codedb_hint_has_whole(const codedb_parser *parser, uint32_t first)
{
    return codedb_parser_behind_expression(parser, first) > first;
}

CODEDB_PRIVATE codedb_hint_found codedb_hint_try(codedb_parser *parser, void (*parse)(codedb_parser *), uint32_t at, bool quiet)
{
    codedb_parser before = *parser;
    codedb_syntax_error error = *parser->error;
    codedb_hint_found found = {.behind = at};
    if (error.no_memory || parser->trials >= HINT_TRIALS)
        return found;
    parser->trials++;
    parser->failed = false;
    quiet = quiet || before.quiet;
    parser->quiet = quiet;
    parser->at = at;
    parse(parser);
    found.reached = parser->failed ? parser->error->reached : parser->tokens[parser->at].start;
    found.whole = !parser->failed;
    found.told = parser->error->no_memory || (parser->failed && !parser->error->expected);
    found.behind = parser->failed ? codedb_parser_behind_expression(parser, at) : parser->at;
    found.any = found.behind > at;
    parser->quiet = before.quiet;
    parser->field = before.field;
    if (parser->error->no_memory) {
        parser->failed = true;
        parser->at = parser->end;
    }
    if (found.told && (!quiet || parser->error->no_memory || parser->error->at_once))
        return found;
    found.told = false;
    parser->at = before.at;
    parser->count = before.count;
    parser->depth = before.depth;
    parser->failed = before.failed;
    *parser->error = error;
    return found;
}

CODEDB_PRIVATE uint32_t codedb_hint_token_at(const codedb_parser *parser, uint32_t at, uint32_t place)
{
    while (at < parser->end && parser->tokens[at].start < place)
        at++;
    return at;
}

CODEDB_PRIVATE void codedb_hint_reach(codedb_parser *parser, const codedb_hint_found *found)
{
    if (parser->failed && parser->error->reached < found->reached)
        parser->error->reached = found->reached;
}

/* Replaces the failure, by which only one token was expected instead of another, by one that is told. */
static void hint_tell(codedb_parser *parser, uint32_t first, uint32_t last, const char *message)
{
    uint32_t reached = parser->error->reached;
    parser->failed = false;
    codedb_parser_fail(parser, first, last, "%s", message);
    parser->error->reached = reached;
}

/* ---- Side by side ------------------------------------------------------------------------------------------------- */

/* What CPython takes for a soft keyword when it looks for a forgotten comma: the beginning of one is enough, so `c` is, and `t` since
 * 3.12. */
static bool hint_is_soft_keyword(const codedb_parser *parser, const codedb_token *token)
{
    static const char *const words[] = {"_", "case", "match", "type"};
    size_t count = parser->version >= 312 ? 4 : 3;
    for (size_t i = 0; i < count; i++)
        if (token->length <= strlen(words[i]) && memcmp(parser->source + token->start, words[i], token->length) == 0)
            return true;
    return false;
}

CODEDB_PRIVATE bool codedb_hint_is_in_brackets(const codedb_parser *parser, uint32_t at)
{
    uint32_t closed = 0;
    while (at-- > 0) {
        codedb_token_kind kind = (codedb_token_kind)parser->tokens[at].kind;
        if (kind == CODEDB_TOKEN_NEWLINE || kind == CODEDB_TOKEN_INDENT || kind == CODEDB_TOKEN_DEDENT)
            return false;
        closed += codedb_token_closes(kind);
        if (codedb_token_opens(kind) && closed-- == 0)
            return true;
    }
    return false;
}

CODEDB_PRIVATE bool codedb_hint_met_end(const codedb_parser *parser, const codedb_hint_found *found)
{
    return parser->version >= 310 && found->reached >= parser->tokens[parser->end].start &&
           codedb_hint_is_in_brackets(parser, parser->end);
}

/* STRING: up to 3.11 an f-string is one too. */
static bool hint_is_string(const codedb_parser *parser, const codedb_token *token)
{
    return token->kind == CODEDB_TOKEN_STRING || (token->kind == CODEDB_TOKEN_FSTRING_START && parser->version < 312);
}

CODEDB_PRIVATE bool codedb_hint_may_miss_comma(const codedb_parser *parser, uint32_t first)
{
    const codedb_token *token = &parser->tokens[first];
    return token->kind != CODEDB_TOKEN_NAME || !(hint_is_string(parser, &token[1]) || hint_is_soft_keyword(parser, token));
}

CODEDB_PRIVATE uint32_t codedb_hint_start(const codedb_parser *parser, uint32_t first, uint32_t behind)
{
    while (behind > first + 2 && parser->tokens[first].kind == CODEDB_TOKEN_LEFT_PAREN) {
        uint32_t depth = 1, at = first + 1;
        for (; at < behind && depth > 0; at++) {
            codedb_token_kind kind = (codedb_token_kind)parser->tokens[at].kind;
            if (depth == 1 && (kind == CODEDB_TOKEN_COMMA || kind == CODEDB_TOKEN_KEYWORD_FOR))
                return first;
            depth += codedb_token_opens(kind);
            depth -= codedb_token_closes(kind);
        }
        if (at < behind || depth > 0)
            return first;
        first++;
        behind--;
    }
    return first;
}

/* Whether the expression from token `first` up to `behind` is nothing but the word of a statement of Python 2. */
static bool hint_is_legacy_word(const codedb_parser *parser, uint32_t first, uint32_t behind)
{
    const codedb_token *word = &parser->tokens[first];
    const char *text = parser->source + word->start;
    return behind == first + 1 && word->kind == CODEDB_TOKEN_NAME &&
           ((word->length == 5 && memcmp(text, "print", 5) == 0) || (word->length == 4 && memcmp(text, "exec", 4) == 0));
}

/* !(NAME STRING | SOFT_KEYWORD) disjunction expression: a comma between them was forgotten, if they are in brackets. */
static bool hint_comma(codedb_parser *parser, uint32_t first, uint32_t behind)
{
    if (!codedb_hint_may_miss_comma(parser, first))
        return false;
    codedb_hint_found second = codedb_hint_try(parser, codedb_expression_parse, behind, true);
    if (second.told)
        return true;
    codedb_hint_reach(parser, &second);
    if (!second.any || !codedb_hint_is_in_brackets(parser, second.behind) || hint_is_legacy_word(parser, first, behind))
        return false;
    hint_tell(parser, codedb_hint_start(parser, first, behind), second.behind, "expected ',' between two expressions");
    return true;
}

/* ('[' | '{') '*' expression for_if_clauses | ('[' | '{') star_named_expression ',' [star_named_expressions] for_if_clauses */
static void hint_display_parse(codedb_parser *parser)
{
    bool is_list = parser_sees(parser, CODEDB_TOKEN_LEFT_BRACKET);
    codedb_token_kind closing = is_list ? CODEDB_TOKEN_RIGHT_BRACKET : CODEDB_TOKEN_RIGHT_BRACE;
    uint32_t first = ++parser->at, mark = parser->count;
    if (!codedb_expression_begins(parser))
        return;
    codedb_star_named_parse(parser);
    if (parser_sees(parser, CODEDB_TOKEN_COMMA))
        codedb_elements_parse(parser, first, mark, closing);
    else if (parser_sees_for(parser) && parser_last(parser)->kind == CODEDB_NODE_STARRED_ELEMENT)
        codedb_generator_parse(parser, first, mark);
    if (!parser_sees_for(parser) && !parser_sees(parser, CODEDB_TOKEN_COLON) && !parser_sees(parser, closing))
        codedb_hint_behind(parser, codedb_token_kind_text(closing));
}

CODEDB_PRIVATE codedb_hint_found codedb_hint_braces(codedb_parser *parser, uint32_t at)
{
    codedb_hint_found found = {.behind = at};
    if (parser->tokens[at].kind == CODEDB_TOKEN_LEFT_BRACE && parser->version >= 310 && !parser->quiet)
        found = codedb_hint_try(parser, hint_display_parse, at, false);
    codedb_hint_reach(parser, &found);
    return found;
}

CODEDB_PRIVATE codedb_hint_found codedb_hint_try_operand(codedb_parser *parser, void (*parse)(codedb_parser *), uint32_t at)
{
    codedb_hint_found found = codedb_hint_try(parser, parse, at, false);
    if (found.told)
        return found;
    codedb_hint_found braces = codedb_hint_braces(parser, found.behind);
    found.told = braces.told;
    found.reached = found.reached < braces.reached ? braces.reached : found.reached;
    return found;
}

/* 'not' stands behind a sign or an operator of sums and terms: since 3.13 CPython has a message for that, if what is negated is there. */
CODEDB_PRIVATE void codedb_hint_not(codedb_parser *parser, void (*parse)(codedb_parser *))
{
    codedb_hint_found found = {.reached = 0};
    bool may_tell = parse && parser->version >= 313 && !parser->quiet && !parser->failed;
    if (may_tell)
        found = codedb_hint_try_operand(parser, parse, parser->at + 1);
    if (found.told)
        return;
    codedb_parser_fail_expected(parser, "an expression ('not' has to be in parentheses here)");
    codedb_hint_reach(parser, &found);
    if (may_tell && found.any && !codedb_hint_met_end(parser, &found))
        parser->error->expected = false;
}

/* Fails at the tokens from `first` up to `last`, unless there is something to tell of braces that stand next. */
static void hint_fail_read(codedb_parser *parser, uint32_t first, uint32_t last, const char *message)
{
    codedb_hint_found braces = codedb_hint_braces(parser, parser->at);
    if (braces.told)
        return;
    codedb_parser_fail_late(parser, first, last, "%s", message);
    codedb_hint_reach(parser, &braces);
}

static const char hint_no_else[] = "expected 'else' behind the condition of a conditional expression";

CODEDB_PRIVATE void codedb_hint_condition(codedb_parser *parser, uint32_t first)
{
    if (parser->version >= 310 && !parser->failed && !parser->quiet && !parser_sees(parser, CODEDB_TOKEN_COLON))
        hint_fail_read(parser, first, parser->at, hint_no_else);
}

/* disjunction 'if' disjunction !('else' | ':'), from the 'if' on. Returns the token behind the 'else', or `first` when there is none. */
static uint32_t hint_else(codedb_parser *parser, uint32_t first, uint32_t condition)
{
    uint32_t behind = codedb_parser_behind_disjunction(parser, condition + 1);
    if (behind == condition + 1 || codedb_hint_braces(parser, behind).told)
        return first;
    if (parser->tokens[behind].kind == CODEDB_TOKEN_KEYWORD_ELSE)
        return behind + 1;
    if (parser->tokens[behind].kind != CODEDB_TOKEN_COLON)
        hint_tell(parser, codedb_hint_start(parser, first, condition), behind, hint_no_else);
    return first;
}

CODEDB_PRIVATE void codedb_hint_values_parse(codedb_parser *parser)
{
    codedb_plain_star_expressions_parse(parser);
    if (codedb_expression_begins(parser))
        codedb_hint_behind(parser, "no other expression");
}

/* star_expressions of which the first one was read before without looking for mistakes: CPython remembers what it read, so none are told
 * in it, but for those of the expression as a whole. A lambda's parameters it does not remember, only their defaults. */
static void hint_read_again_parse(codedb_parser *parser)
{
    uint32_t first = parser->at;
    if (parser_accept(parser, CODEDB_TOKEN_KEYWORD_LAMBDA)) {
        bool remembers = parser->remembers;
        parser->remembers = true;
        codedb_parameters_parse(parser, CODEDB_TOKEN_COLON);
        parser->remembers = remembers;
        if (!parser->failed && !codedb_hint_try(parser, codedb_expression_parse, first, true).any)
            codedb_parser_fail_expected(parser, "the rest of a lambda");
        return;
    }
    codedb_hint_found read = codedb_hint_try(parser, codedb_expression_parse, first, true);
    if (read.told)
        return;
    parser->at = read.behind;
    if (read.any && parser_accept(parser, CODEDB_TOKEN_COMMA)) {
        if (codedb_expression_begins(parser))
            codedb_hint_values_parse(parser);
    } else if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_IF) || codedb_expression_begins(parser)) {
        bool is_condition = parser_sees(parser, CODEDB_TOKEN_KEYWORD_IF);
        parser->at = codedb_hint_token_at(parser, parser->at, read.reached);
        codedb_parser_fail_expected(parser, "newline");
        parser->error->reached = read.reached;
        if (!is_condition || codedb_parser_behind_disjunction(parser, first) == read.behind)
            codedb_hint_read_expression(parser, first, CODEDB_HINT_REMEMBERED);
    }
    codedb_hint_reach(parser, &read);
}

/* 'match' where a statement begins: CPython's first look reads what stands behind it. */
static bool hint_is_match_header(const codedb_parser *parser, uint32_t first)
{
    const codedb_token *word = &parser->tokens[first];
    unsigned before = first > 0 ? word[-1].kind : CODEDB_TOKEN_NEWLINE;
    bool begins_line = before == CODEDB_TOKEN_NEWLINE || before == CODEDB_TOKEN_INDENT || before == CODEDB_TOKEN_DEDENT;
    return begins_line && word->length == 5 && memcmp(parser->source + word->start, "match", 5) == 0;
}

/* NAME !'(' star_expressions, which was a statement in Python 2: they are read, and what is wrong in them is told. Of `print` and `exec`
 * the word is told of. */
static void hint_legacy(codedb_parser *parser, uint32_t first, bool was_read)
{
    const codedb_token *word = &parser->tokens[first];
    if (word->kind != CODEDB_TOKEN_NAME || word[1].kind == CODEDB_TOKEN_LEFT_PAREN)
        return;
    bool again = parser->again;
    parser->again = again || (!was_read && !hint_is_match_header(parser, first));
    codedb_hint_found found =
        codedb_hint_try(parser, was_read ? hint_read_again_parse : codedb_hint_values_parse, first + 1, false);
    parser->again = again;
    codedb_hint_reach(parser, &found);
    if (was_read && !found.told && !codedb_hint_may_miss_comma(parser, first))
        codedb_hint_brackets_again(parser, first + 1);
    if (found.told || !found.any || !hint_is_legacy_word(parser, first, first + 1))
        return;
    bool is_print = word->length == 5;
    hint_tell(parser, first, found.behind,
              is_print ? "expected '(' behind print: it is a function" : "expected '(' behind exec: it is a function");
}

CODEDB_PRIVATE void codedb_hint_read_expression(codedb_parser *parser, uint32_t first, codedb_hint_past past)
{
    if (!parser->failed || !parser->error->expected || parser->quiet || parser->error->no_memory || parser->version < 310)
        return;
    uint32_t next = first, behind;
    do {
        if (next > first && past == CODEDB_HINT_REMEMBERED) /* what stands behind an 'else' it remembers as a whole */
            return;
        first = next;
        behind = codedb_parser_behind_disjunction(parser, first);
        if (behind > first && parser->tokens[behind].kind == CODEDB_TOKEN_KEYWORD_IF)
            next = hint_else(parser, first, behind);
    } while (next > first);
    if (behind == first || !parser->error->expected || !codedb_token_begins_expression(parser, behind))
        return;
    if (past == CODEDB_HINT_FRESH && codedb_hint_braces(parser, behind).told)
        return;
    bool may_miss = codedb_hint_may_miss_comma(parser, first), is_remembered = past == CODEDB_HINT_REMEMBERED;
    unsigned kind = parser->tokens[first + 1].kind;
    bool goes_on = kind == CODEDB_TOKEN_LEFT_PAREN || kind == CODEDB_TOKEN_LEFT_BRACKET || kind == CODEDB_TOKEN_PLUS ||
                   kind == CODEDB_TOKEN_MINUS || kind == CODEDB_TOKEN_STAR;
    bool reads_word = !is_remembered || (may_miss ? behind == first + 1 && !goes_on : kind != CODEDB_TOKEN_STAR);
    if (!hint_comma(parser, first, behind) && reads_word)
        hint_legacy(parser, first, may_miss || (is_remembered && goes_on));
}

CODEDB_PRIVATE void codedb_hint_expression(codedb_parser *parser, uint32_t first)
{
    codedb_hint_read_expression(parser, first, CODEDB_HINT_FRESH);
}

/* Whether a node only holds an expression, its last child. */
static bool hint_is_wrapper(const codedb_node *node)
{
    switch (node->kind) {
    case CODEDB_NODE_TUPLE:
    case CODEDB_NODE_NAMED_EXPR:
    case CODEDB_NODE_IF_EXP:
    case CODEDB_NODE_LAMBDA:
    case CODEDB_NODE_YIELD: return node->parens == 0;
    case CODEDB_NODE_ARG:
    case CODEDB_NODE_ELEMENT:
    case CODEDB_NODE_DICT_ELEMENT:
    case CODEDB_NODE_INDEX:
    case CODEDB_NODE_SLICE:
    case CODEDB_NODE_SUBSCRIPT_ELEMENT:
    case CODEDB_NODE_AS_NAME:
    case CODEDB_NODE_ANNOTATION:
    case CODEDB_NODE_WITH_ITEM:
    case CODEDB_NODE_EXPR:
    case CODEDB_NODE_ASSIGN:
    case CODEDB_NODE_ANN_ASSIGN:
    case CODEDB_NODE_TYPE_ALIAS:
    case CODEDB_NODE_AUG_ASSIGN:
    case CODEDB_NODE_RETURN:
    case CODEDB_NODE_DEL:
    case CODEDB_NODE_RAISE:
    case CODEDB_NODE_ASSERT:
    case CODEDB_NODE_FROM: return true;
    default: return false;
    }
}

/* The expression just parsed, without what only holds it. */
static const codedb_node *hint_last(const codedb_parser *parser)
{
    const codedb_node *node = parser_last(parser);
    while (hint_is_wrapper(node) && parser_size(node) > 1)
        node--;
    return node;
}

CODEDB_PRIVATE void codedb_hint_value_parse(codedb_parser *parser)
{
    codedb_expression_parse(parser);
    if (codedb_expression_begins(parser))
        codedb_hint_behind(parser, "no other expression");
}

/* '(' ('*' | '**') expression ')', whose operand ends before token `behind`; a field of an old f-string is in parentheses, too. */
static bool hint_is_group(const codedb_parser *parser, uint32_t star, uint32_t behind)
{
    codedb_token_kind closing = (codedb_token_kind)parser->tokens[behind].kind;
    if (behind <= star + 1 || star == 0)
        return false;
    if (star == parser->field && parser->version < 312)
        return codedb_token_ends_field(closing);
    return closing == CODEDB_TOKEN_RIGHT_PAREN && parser->tokens[star - 1].kind == CODEDB_TOKEN_LEFT_PAREN;
}

CODEDB_PRIVATE void codedb_hint_fail_reached(codedb_parser *parser, const codedb_hint_found *found, const char *expected)
{
    uint32_t at = codedb_hint_token_at(parser, parser->failed ? 0 : parser->at, found->reached);
    if (!parser->failed) {
        parser->at = at;
        codedb_parser_fail_expected(parser, expected);
    } else if (parser->tokens[at].start > parser->error->offset) {
        codedb_parser_fail_before(parser, at, expected);
    }
}

/* '*' expression, first in brackets, as CPython up to 3.12 reads it: of a starred expression alone in parentheses it tells, when there is
 * nothing to tell of its operand. */
static void hint_old_starred(codedb_parser *parser, uint32_t star)
{
    static const char message[] = "expected no starred expression alone in parentheses";
    if (parser->quiet || parser->error->no_memory || (parser->failed && !parser->error->expected))
        return;
    codedb_hint_found operand =
        codedb_hint_try(parser, parser->version < 310 ? codedb_expression_parse : codedb_hint_value_parse, star + 1, false);
    bool is_group = hint_is_group(parser, star, operand.behind);
    if (operand.told)
        return;
    if (is_group && parser->failed)
        hint_tell(parser, star, operand.behind, message);
    else if (is_group)
        codedb_parser_fail(parser, star, operand.behind, message);
    else if (parser->version < 310)
        codedb_hint_fail_reached(parser, &operand, CODEDB_HINT_SOMETHING);
    else
        codedb_hint_reach(parser, &operand);
}

/* Whether one clause of a comprehension, from token `first` on, is whole before the error. */
static bool hint_has_clause(const codedb_parser *parser, uint32_t first)
{
    bool is_async = parser->tokens[first].kind == CODEDB_TOKEN_KEYWORD_ASYNC;
    uint32_t in = codedb_parser_behind_star_targets(parser, first + 1 + is_async);
    return parser->tokens[in].kind == CODEDB_TOKEN_KEYWORD_IN && parser->tokens[in].start < parser->error->offset &&
           codedb_parser_behind_disjunction(parser, in + 1) > in + 1;
}

/* '*' expression for_if_clauses: of which CPython tells, when one clause is whole. */
static void hint_starred_clauses_parse(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    codedb_expression_parse(parser);
    uint32_t clauses = parser->at;
    if (parser_sees(parser, CODEDB_TOKEN_EQUAL))
        codedb_hint_unpacked(parser, first);
    if (!parser_sees_for(parser)) {
        /* behind it CPython has looked for the 'for' */
        parser->at += parser_sees(parser, CODEDB_TOKEN_KEYWORD_ASYNC);
        return;
    }
    codedb_generator_parse(parser, first + 1, mark);
    if (parser->failed && (!parser->error->expected || parser->error->no_memory || !hint_has_clause(parser, clauses)))
        return;
    parser->failed = false;
    codedb_parser_fail(parser, first, clauses, "unpacking in a comprehension needs Python 3.15");
}

/* Tells of them behind the '*' at token `star`, with which brackets begin. */
static codedb_hint_found hint_starred_clauses(codedb_parser *parser, uint32_t star)
{
    bool may_tell = !parser->failed || (parser->error->expected && !parser->error->no_memory);
    bool is_in_brackets = star != parser->field || parser->version < 312;
    codedb_hint_found found = {.behind = star};
    if (may_tell && is_in_brackets && !parser->quiet && parser->version >= 309 && parser->version < 315)
        found = codedb_hint_try(parser, hint_starred_clauses_parse, star, false);
    return found;
}

/* '*' expression, first in its brackets: CPython reads it as an argument, too, whatever the brackets are. Looks at the operand. */
static void hint_starred(codedb_parser *parser, const codedb_node *node, const char *expected)
{
    uint32_t star = node->first;
    codedb_hint_found clauses = hint_starred_clauses(parser, star);
    if (clauses.told)
        return;
    if (parser_sees(parser, CODEDB_TOKEN_EQUAL))
        codedb_hint_unpacked(parser, star);
    if (parser->version == 309 && !parser->failed)
        hint_old_starred(parser, star);
    if (parser->version == 309 && parser->failed)
        codedb_hint_fail_reached(parser, &clauses, CODEDB_HINT_SOMETHING);
    if (parser->failed || parser->quiet || parser->version < 310)
        return;
    codedb_hint_found operand = codedb_hint_try(parser, codedb_hint_value_parse, star + 1, false);
    if (operand.told)
        return;
    if (hint_is_group(parser, star, operand.behind))
        codedb_parser_fail(parser, star, operand.behind, "expected no starred expression alone in parentheses");
    codedb_parser_fail_expected(parser, expected);
    codedb_hint_reach(parser, &operand);
    codedb_hint_reach(parser, &clauses);
}

/* Whether what ends with the node may be called: it is an expression or ends with one. */
static bool hint_ends_with_value(const codedb_node *node)
{
    return node->kind == CODEDB_NODE_COMP_FOR || node->kind == CODEDB_NODE_COMP_IF ||
           node->kind == CODEDB_NODE_STARRED_DICT_ELEMENT ||
           codedb_node_kind_category((codedb_node_kind)node->kind) == CODEDB_CATEGORY_EXPRESSION;
}

CODEDB_PRIVATE void codedb_hint_behind(codedb_parser *parser, const char *expected)
{
    const codedb_node *node = hint_last(parser);
    bool is_value = hint_ends_with_value(node) && node->last + node->parens == parser->at;
    bool is_operand = is_value && codedb_node_kind_category((codedb_node_kind)node->kind) == CODEDB_CATEGORY_EXPRESSION &&
                      node->kind != CODEDB_NODE_STARRED_ELEMENT && (node->kind != CODEDB_NODE_GENERATOR_EXP || node->parens > 0);
    bool first_failure = !parser->failed;
    uint32_t start = parser_start(node);
    bool in_field = start == parser->field && parser->version >= 312; /* which is no brackets for CPython */
    if (first_failure && node->kind == CODEDB_NODE_STARRED_ELEMENT && start > 0 && !in_field &&
        codedb_token_opens(parser->tokens[start - 1].kind))
        hint_starred(parser, node, expected);
    codedb_hint_found braces = {.reached = 0};
    if (is_value)
        braces = codedb_hint_braces(parser, parser->at);
    if (braces.told)
        return;
    codedb_parser_fail_expected(parser, expected);
    codedb_hint_reach(parser, &braces);
    if (first_failure && is_operand)
        codedb_hint_read_expression(parser, start, CODEDB_HINT_FRESH);
}

/* ---- = where none can be ------------------------------------------------------------------------------------------- */

/* list | tuple | genexp | 'True' | 'None' | 'False': whether an expression of the nodes from `mark` on begins with one of them. */
static bool hint_begins_apart(const codedb_parser *parser, const codedb_node *node)
{
    uint32_t start = parser_start(node), index = (uint32_t)(node - parser->nodes), mark = index + 1 - parser_size(node);
    codedb_token_kind kind = (codedb_token_kind)parser->tokens[start].kind;
    if (kind == CODEDB_TOKEN_KEYWORD_TRUE || kind == CODEDB_TOKEN_KEYWORD_FALSE || kind == CODEDB_TOKEN_KEYWORD_NONE)
        return true;
    for (; mark <= index; mark++) {
        const codedb_node *part = &parser->nodes[mark];
        bool is_bracketed = part->kind == CODEDB_NODE_TUPLE || part->kind == CODEDB_NODE_GENERATOR_EXP;
        if ((part->kind == CODEDB_NODE_LIST && part->first == start) ||
            (is_bracketed && part->parens > 0 && part->first == start + 1))
            return true;
    }
    return false;
}

CODEDB_PRIVATE void codedb_hint_equal(codedb_parser *parser)
{
    uint32_t equal = parser->at, start = parser_last(parser)->first;
    bool is_told = !parser->quiet && !parser->failed && parser->version >= 310 && codedb_expression_is_bitwise_or(parser) &&
                   (parser_last(parser)->kind != CODEDB_NODE_NAMED_EXPR || parser_last(parser)->parens > 0) &&
                   !hint_begins_apart(parser, parser_last(parser));
    const char *text = codedb_target_text(parser, parser_last(parser));
    if (is_told && parser->tokens[equal + 1].kind != CODEDB_TOKEN_KEYWORD_NOT &&
        parser->tokens[equal + 1].kind != CODEDB_TOKEN_KEYWORD_LAMBDA) {
        codedb_hint_found right = codedb_hint_try_operand(parser, codedb_bitwise_or_parse, equal + 1);
        codedb_token_kind kind = (codedb_token_kind)parser->tokens[right.behind].kind;
        if (right.told)
            return;
        if (right.any && kind != CODEDB_TOKEN_EQUAL && kind != CODEDB_TOKEN_COLON_EQUAL) {
            codedb_parser_fail(parser, start, equal, "cannot assign to %s here: expected '==' or ':=', found '='", text);
            codedb_hint_reach(parser, &right);
            return;
        }
        codedb_parser_fail_expected(parser, "'=='");
        parser->error->reached = right.reached;
    }
    bool is_first = !parser->failed;
    codedb_parser_fail_expected(parser, "'=='");
    if (is_first)
        parser->error->reached = parser->tokens[equal].start;
}

CODEDB_PRIVATE void codedb_hint_walrus(codedb_parser *parser, const char *expected)
{
    const codedb_node *node = parser_last(parser);
    while ((node->kind == CODEDB_NODE_TUPLE || node->kind == CODEDB_NODE_ELEMENT) && node->parens == 0 && parser_size(node) > 1)
        node--;
    uint32_t start = parser_node_start(node), walrus = parser->at;
    if (node->kind == CODEDB_NODE_STARRED_ELEMENT)
        return;
    bool is_apart = parser->tokens[walrus - 1].kind == CODEDB_TOKEN_COMMA;
    if (parser->version < 309 || is_apart || (node->kind == CODEDB_NODE_YIELD && node->parens == 0)) {
        codedb_parser_fail_expected(parser, expected);
        return;
    }
    bool is_name = node->kind == CODEDB_NODE_NAME && node->parens == 0 && parser->tokens[start].kind == CODEDB_TOKEN_NAME;
    if (is_name && parser->version == 309)
        codedb_hint_elements(parser, parser_start(parser_last(parser)));
    codedb_hint_found value = codedb_hint_try(parser, codedb_hint_value_parse, walrus + 1, false);
    if (value.told)
        return;
    if (parser->version == 309)
        parser->at = codedb_hint_token_at(parser, parser->at, value.reached);
    if (!is_name && value.any && !codedb_hint_met_end(parser, &value))
        codedb_parser_fail(parser, start, walrus, "expected a name before ':=', found an expression");
    else
        codedb_parser_fail_expected(parser, expected);
    codedb_hint_reach(parser, &value);
}

/* ','.('*' expression)+ */
static void hint_starred_arguments_parse(codedb_parser *parser)
{
    do {
        uint32_t star = parser->at++;
        codedb_hint_value_parse(parser);
        if (parser->failed)
            codedb_hint_starred_operand(parser, star, false);
    } while (parser_accept(parser, CODEDB_TOKEN_COMMA) && parser_sees(parser, CODEDB_TOKEN_STAR));
}

CODEDB_PRIVATE uint32_t codedb_hint_operand(codedb_parser *parser, uint32_t star)
{
    codedb_hint_found others = {.reached = 0};
    uint32_t reached = parser->tokens[parser->at].start;
    if (!parser->quiet && (codedb_expression_begins(parser) || parser_sees(parser, CODEDB_TOKEN_COMMA)))
        others = codedb_hint_try(parser, hint_starred_arguments_parse, star, false);
    return others.reached > reached ? others.reached : reached;
}

CODEDB_PRIVATE void codedb_hint_unpacked(codedb_parser *parser, uint32_t star)
{
    uint32_t equal = parser->at;
    bool is_double = parser->tokens[star].kind == CODEDB_TOKEN_DOUBLE_STAR;
    if (parser->version < 312)
        return;
    codedb_hint_found value = {.reached = 0};
    if (!parser->quiet)
        value = codedb_hint_try(parser, codedb_hint_value_parse, equal + 1, false);
    if (value.told)
        return;
    bool is_told = value.any && !codedb_hint_met_end(parser, &value);
    if (is_told)
        codedb_parser_fail(parser, star, equal, "cannot assign to %s argument unpacking", is_double ? "keyword" : "iterable");
    else
        codedb_parser_fail_expected(parser, "')'");
    codedb_hint_reach(parser, &value);
}

static void hint_arguments_parse(codedb_parser *parser)
{
    codedb_arguments_rest_parse(parser);
    if (!parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN))
        codedb_hint_behind(parser, "')'");
}

/* Fails with a message of its own at the last token that was looked at. */
static void hint_tell_reached(codedb_parser *parser, uint32_t place, const char *message)
{
    place = codedb_hint_token_at(parser, place, parser->error->reached);
    if (parser->error->expected)
        hint_tell(parser, place, place + 1, message);
}

/* The `for` of a comprehension behind token `at`, in the same brackets; the end if there is none, or if since 3.10 CPython reads its clauses,
 * as they stand behind a keyword argument. */
static uint32_t hint_next_clause(const codedb_parser *parser, uint32_t at)
{
    uint32_t depth = 0, argument = at;
    for (; at < parser->end; at++) {
        codedb_token_kind kind = (codedb_token_kind)parser->tokens[at].kind;
        bool is_for = kind == CODEDB_TOKEN_KEYWORD_FOR;
        if (depth == 0 && (is_for || codedb_token_closes(kind))) {
            const codedb_token *word = &parser->tokens[argument];
            bool is_keyword = word->kind == CODEDB_TOKEN_NAME && word[1].kind == CODEDB_TOKEN_EQUAL;
            return is_for && !(is_keyword && parser->version >= 310) ? at : parser->end;
        }
        if (depth == 0 && kind == CODEDB_TOKEN_COMMA)
            argument = at + 1;
        depth += codedb_token_opens(kind);
        depth -= codedb_token_closes(kind);
    }
    return parser->end;
}

/* CPython reads the arguments that are left, and tells what is wrong in them first. Its error is behind all that it read. When the
 * argument is not whole, it is what is whole of it that counts. */
CODEDB_PRIVATE void codedb_hint_positional(codedb_parser *parser, uint32_t first, bool keyword)
{
    const char *message =
        keyword ? "positional argument follows keyword argument" : "positional argument follows keyword argument unpacking";
    uint32_t at = parser->at;
    bool is_last = !parser_sees(parser, CODEDB_TOKEN_COMMA);
    if (parser->failed) {
        uint32_t behind = codedb_parser_behind_expression(parser, first);
        if (parser->version < 309)
            return;
        if (behind == first || parser->tokens[behind].kind == CODEDB_TOKEN_COLON_EQUAL || parser->quiet) {
            if (parser->version >= 310)
                codedb_parser_fail_before(parser, first + (parser->tokens[first].kind == CODEDB_TOKEN_NAME),
                                          "a keyword argument");
        } else if (!parser->error->no_memory)
            hint_tell_reached(parser, behind, message);
        return;
    }
    if (parser->version < 309) {
        codedb_parser_forget_late(parser, first);
        codedb_parser_fail_late(parser, first, at, "%s", message);
        return;
    }
    bool is_named = parser_last(parser)->kind == CODEDB_NODE_NAMED_EXPR && parser_last(parser)->parens == 0;
    bool is_argument = is_named || !parser_sees(parser, CODEDB_TOKEN_COLON_EQUAL);
    if (parser->version >= 310 && (parser->quiet || !is_argument)) { /* CPython does not read it */
        parser->at = first + (parser->tokens[first].kind == CODEDB_TOKEN_NAME);
        codedb_parser_fail_expected(parser, "a keyword argument");
        return;
    }
    codedb_hint_found rest = {.reached = 0};
    if (!is_last)
        rest = codedb_hint_try(parser, hint_arguments_parse, at + 1, false);
    if (rest.told)
        return;
    uint32_t clause = hint_next_clause(parser, at);
    if (rest.reached > parser->tokens[clause].start)
        rest.reached = parser->tokens[clause].start;
    if (parser->tokens[at].kind == CODEDB_TOKEN_KEYWORD_ASYNC && !is_named) /* it may begin a clause */
        rest.reached = parser->tokens[at + 1].start;
    codedb_parser_fail_expected(parser, "a keyword argument");
    codedb_hint_reach(parser, &rest);
    if (is_last)
        codedb_hint_expression(parser, is_named ? parser_start(parser_last(parser) - 1) : first);
    hint_tell_reached(parser, at, message);
}

/* ---- Clauses ------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_hint_generator(codedb_parser *parser, uint32_t first)
{
    codedb_hint_found rest = {.reached = 0};
    if (parser_sees(parser, CODEDB_TOKEN_COMMA) && parser->version >= 309 && !parser->failed && !parser->quiet)
        rest = codedb_hint_try(parser, hint_arguments_parse, parser->at + 1, false);
    if (rest.told)
        return;
    codedb_parser_fail_late(parser, first, parser->at, "a generator expression has to be in parentheses here");
    codedb_hint_reach(parser, &rest);
}

CODEDB_PRIVATE void codedb_hint_clauses(codedb_parser *parser, uint32_t clauses, uint32_t first, uint32_t last,
                                        const char *message)
{
    if (!parser->failed && message) {
        hint_fail_read(parser, first, last, message);
        return;
    }
    if (!parser->failed) {
        codedb_hint_found braces = codedb_hint_braces(parser, parser->at);
        if (braces.told)
            return;
        codedb_parser_fail_expected(parser, "',' or a closing bracket");
        codedb_hint_reach(parser, &braces);
    }
    if (!parser->error->expected || parser->error->no_memory)
        return;
    if (message && hint_has_clause(parser, clauses) && parser->version >= 309)
        hint_tell(parser, first, last, message);
    else if (parser->version >= 310) /* before, it is the last token that was read */
        codedb_parser_fail_before(parser, clauses, "',' or a closing bracket");
}

CODEDB_PRIVATE void codedb_hint_bound(codedb_parser *parser)
{
    codedb_hint_found bound = {.reached = 0};
    uint32_t colon = parser->at;
    if (parser->version >= 312 && parser->version < 314)
        bound = codedb_hint_try(parser, codedb_expression_parse, colon + 1, false);
    if (bound.told)
        return;
    if (bound.any && !codedb_hint_met_end(parser, &bound))
        codedb_parser_fail(parser, colon, bound.behind, "expected no bound of a starred type parameter, found ':'");
    if (!bound.any && bound.reached > parser->tokens[colon].start) {
        parser->at = codedb_hint_token_at(parser, colon, bound.reached);
        codedb_parser_fail_expected(parser, "an expression");
    }
    codedb_parser_fail_expected(parser, "no bound of a starred type parameter");
    codedb_hint_reach(parser, &bound);
}

CODEDB_PRIVATE void codedb_hint_capture(codedb_parser *parser)
{
    if (parser->failed)
        return;
    codedb_hint_found target = codedb_hint_try(parser, codedb_expression_parse, parser->at, false);
    uint32_t start = codedb_hint_start(parser, parser->at, target.behind);
    if (target.told)
        return;
    if (target.any)
        codedb_parser_fail(parser, start, target.behind, "expected a name behind 'as' in a pattern, found an expression");
    else
        codedb_parser_fail_expected(parser, "a name");
    codedb_hint_reach(parser, &target);
}

/* expressions ['as' NAME] ':' */
static void hint_exceptions_parse(codedb_parser *parser)
{
    codedb_expression_parse(parser);
    while (parser_accept(parser, CODEDB_TOKEN_COMMA) && codedb_expression_begins(parser))
        codedb_expression_parse(parser);
    if (parser_accept(parser, CODEDB_TOKEN_KEYWORD_AS))
        parser_name(parser, CODEDB_FIELD_name);
    parser_expect(parser, CODEDB_TOKEN_COLON);
}

CODEDB_PRIVATE void codedb_hint_exceptions(codedb_parser *parser, uint32_t first)
{
    codedb_hint_found others = {.reached = 0};
    if (parser->version >= 310)
        others = codedb_hint_try(parser, hint_exceptions_parse, parser->at + 1, false);
    if (others.told)
        return;
    if (others.whole)
        codedb_parser_fail(parser, first, parser->at, "several exception types have to be in parentheses before Python 3.14");
    codedb_parser_fail_expected(parser, "':' (several exception types have to be in parentheses before Python 3.14)");
    codedb_hint_reach(parser, &others);
}

/* ---- Keys and fields ----------------------------------------------------------------------------------------------- */

/* Tells of the last character before token `last`. */
static void hint_tell_end(codedb_parser *parser, uint32_t last, const char *message)
{
    codedb_syntax_error *error = parser->error;
    hint_tell(parser, last - 1, last, message);
    uint32_t end = error->offset + error->length;
    error->offset = end - 1;
    while (((unsigned char)parser->source[error->offset] & 0xC0) == 0x80)
        error->offset--;
    error->length = end - error->offset;
}

/* '*' bitwise_or, where the value of a dict stands: CPython tells of it when it is whole. It does not look for what is wrong in it. */
CODEDB_PRIVATE void codedb_hint_starred_value(codedb_parser *parser)
{
    uint32_t star = parser->at++;
    bool quiet = parser->quiet;
    parser->quiet = true;
    codedb_bitwise_or_parse(parser);
    parser->quiet = quiet;
    bool is_first = !parser->failed;
    codedb_parser_fail(parser, star, star + 1, "expected a value behind the ':' of a dict, found a starred expression");
    if (is_first) /* as of a key without a value */
        parser->error->at_once = true;
}

/* Whether an expression, or the beginning of one, is whole from token `first` on. */
static bool hint_is_whole(const codedb_parser *parser, uint32_t first)
{
    return !parser->failed || codedb_hint_has_whole(parser, first);
}

/* Fails at the token that begins at byte `place` instead. */
static void hint_move_to(codedb_parser *parser, uint32_t place)
{
    if (parser->error->no_memory)
        return;
    parser->failed = false;
    parser->at = codedb_hint_token_at(parser, 0, place);
    codedb_parser_fail_expected(parser, "an expression");
}

/* Parses the operand of the '*' as CPython does since 3.13: what is wrong within it it does not look for, but in a display's lambda. For a
 * '*' of which no operand is whole it has a message, at the last token that it read. */
static void hint_starred_again(codedb_parser *parser, uint32_t star, bool in_display)
{
    codedb_syntax_error error = *parser->error;
    bool is_lambda = parser->tokens[star + 1].kind == CODEDB_TOKEN_KEYWORD_LAMBDA;
    uint32_t count = parser->count;
    parser->trials++;
    parser->failed = false;
    parser->quiet = !is_lambda || !in_display;
    parser->at = star + 1;
    codedb_expression_parse(parser);
    parser->quiet = false;
    bool is_group = !parser->failed && hint_is_group(parser, star, parser->at);
    uint32_t reached = parser->failed ? parser->error->reached : parser->tokens[parser->at].start;
    if (is_group) {
        codedb_parser_fail(parser, star, parser->at, "expected no starred expression alone in parentheses");
    } else if (hint_is_whole(parser, star + 1) && !parser->error->no_memory && !(parser->failed && parser->error->at_once)) {
        *parser->error = error;
        if (error.expected && error.reached < reached)
            parser->error->reached = reached;
    } else {
        /* In a display CPython has looked for mistakes before, and read on; and where only its second look reads. */
        bool has_looked = in_display || parser->again;
        if (has_looked && error.expected && reached < error.reached)
            reached = error.reached;
        bool is_behind = has_looked && parser->error->expected && reached > parser->error->offset;
        if ((is_behind || (!parser->error->expected && !(is_lambda && in_display))) && !parser->error->at_once)
            hint_move_to(parser, reached);
        parser->error->expected = false;
        parser->error->at_once = parser->error->at_once || !has_looked;
    }
    parser->failed = true;
    parser->at = parser->end;
    parser->count = count;
}

CODEDB_PRIVATE void codedb_hint_starred_operand(codedb_parser *parser, uint32_t star, bool in_display)
{
    codedb_syntax_error *error = parser->error;
    if (parser->version < 309 || error->no_memory)
        return;
    if (in_display && parser->version >= 310 && error->expected && error->reached >= parser->tokens[parser->end].start)
        return; /* it has met the end in brackets, and looks for nothing else */
    codedb_hint_found clauses = {.reached = 0};
    if (in_display)
        clauses = hint_starred_clauses(parser, star);
    if (clauses.told)
        return;
    if (parser->version == 309)
        codedb_hint_fail_reached(parser, &clauses, CODEDB_HINT_SOMETHING);
    codedb_hint_reach(parser, &clauses);
    if (parser->version < 313) {
        hint_old_starred(parser, star);
    } else if (parser->again && !in_display && !error->expected) {
        return; /* CPython's first look did not read the '*', which would have been told of before what is wrong behind it */
    } else if (!parser->quiet && parser->trials < HINT_TRIALS) {
        hint_starred_again(parser, star, in_display);
    } else if (!in_display && !error->at_once && !hint_is_whole(parser, star + 1)) {
        if (!error->expected)
            hint_move_to(parser, error->reached);
        error->expected = false;
        error->at_once = true;
    }
}

CODEDB_PRIVATE void codedb_hint_old_brace(codedb_parser *parser)
{
    if (parser->failed || parser->version != 309)
        return;
    codedb_parser_fail_expected(parser, "an operator or a comma");
    parser->error->expected = false;
    parser->error->at_once = true;
}

/* ','.(expressions ['as' star_target])+ [','] ')', behind the '(' */
static bool hint_with_items_parse(codedb_parser *parser)
{
    bool more = true, is_target = false;
    while (more) {
        codedb_expression_parse(parser);
        bool follows = parser_accept(parser, CODEDB_TOKEN_COMMA);
        while (follows && codedb_expression_begins(parser)) {
            codedb_expression_parse(parser);
            follows = parser_accept(parser, CODEDB_TOKEN_COMMA);
        }
        is_target = parser_accept(parser, CODEDB_TOKEN_KEYWORD_AS);
        if (is_target) {
            if (parser_sees(parser, CODEDB_TOKEN_STAR))
                codedb_starred_parse(parser);
            else
                codedb_bitwise_or_parse(parser);
            bool parsed = !parser->failed;
            codedb_target_check(parser, parser->count - 1, CODEDB_TARGET_ASSIGN);
            if (parsed && parser->failed) /* there it is only none */
                parser->error->expected = !parser->error->no_memory;
        }
        more = parser_accept(parser, CODEDB_TOKEN_COMMA) && codedb_expression_begins(parser);
    }
    if (parser_accept(parser, CODEDB_TOKEN_RIGHT_PAREN))
        return true;
    if (is_target || parser_sees(parser, CODEDB_TOKEN_EQUAL))
        codedb_parser_fail_bare(parser, "')'");
    else
        codedb_hint_behind(parser, "')'");
    return false;
}

/* 'with' '(' items ')' NEWLINE | 'with' '(' items ')' ':' NEWLINE !INDENT, behind the 'with'. 3.10 tells of an INDENT that it has seen. */
static void hint_with_parse(codedb_parser *parser)
{
    parser->at++;
    if (!hint_with_items_parse(parser))
        return;
    bool has_colon = parser_accept(parser, CODEDB_TOKEN_COLON);
    uint32_t at = parser->at + has_colon;
    if (!parser_sees(parser, CODEDB_TOKEN_NEWLINE))
        return;
    bool indents = has_colon && parser->tokens[at].kind == CODEDB_TOKEN_INDENT;
    if (!has_colon)
        codedb_parser_fail(parser, at, at + 1, "expected ':' behind the items of 'with'");
    else if (!indents)
        codedb_parser_fail(parser, at, at + 1, "expected an indented block after 'with'");
    else if (parser->version == 310)
        codedb_parser_fail(parser, at, at + 1, "expected a header before an indentation");
}

CODEDB_PRIVATE void codedb_hint_with_items(codedb_parser *parser, uint32_t paren)
{
    if (parser->version < 310 || parser->quiet || !parser->failed || !parser->error->expected || parser->error->no_memory ||
        parser->tokens[paren].kind != CODEDB_TOKEN_LEFT_PAREN)
        return;
    codedb_hint_found items = codedb_hint_try(parser, hint_with_parse, paren, false);
    codedb_hint_reach(parser, &items);
}

CODEDB_PRIVATE void codedb_hint_handlers(codedb_parser *parser, void (*parse)(codedb_parser *), uint32_t first)
{
    if (parser->version < 311 || parser->quiet || !parser->error->expected || parser->error->no_memory)
        return;
    codedb_hint_found handlers = codedb_hint_try(parser, parse, first, false);
    codedb_hint_reach(parser, &handlers);
}

CODEDB_PRIVATE void codedb_hint_other_handler(codedb_parser *parser, void (*parse)(codedb_parser *))
{
    uint32_t first = parser->at;
    bool is_star = parser->tokens[first + 1].kind == CODEDB_TOKEN_STAR;
    codedb_hint_found header = codedb_hint_try(parser, parse, first, false);
    if (header.told)
        return;
    if (header.whole)
        codedb_parser_fail(parser, first, first + 1, "cannot have both 'except' and 'except*' on the same 'try'");
    parser->at += !parser->failed;
    codedb_parser_fail_expected(parser, is_star ? "no '*' behind 'except', as in the clauses before it"
                                                : "'*' behind 'except', as in the clauses before it");
    codedb_hint_reach(parser, &header);
}

CODEDB_PRIVATE void codedb_hint_positional_pattern(codedb_parser *parser, void (*parse)(codedb_parser *),
                                                   void (*parse_all)(codedb_parser *))
{
    uint32_t first = parser->at;
    codedb_hint_found pattern = codedb_hint_try(parser, parse, first, false), all = pattern;
    if (pattern.told)
        return;
    codedb_token_kind behind = (codedb_token_kind)parser->tokens[pattern.behind].kind;
    if (behind == CODEDB_TOKEN_EQUAL && parser->tokens[pattern.behind - 1].kind == CODEDB_TOKEN_NAME) /* 'a.b=' is no pattern */
        pattern.whole = false;
    if (pattern.whole)
        all = codedb_hint_try(parser, parse_all, first, false);
    if (all.told)
        return;
    bool goes_on = behind == CODEDB_TOKEN_VERTICAL_BAR || behind == CODEDB_TOKEN_KEYWORD_AS;
    uint32_t start = goes_on ? first : codedb_hint_start(parser, first, pattern.behind);
    if (pattern.whole)
        codedb_parser_fail(parser, start, start + 1, "positional patterns follow keyword patterns");
    else if (parser->tokens[first].kind == CODEDB_TOKEN_NAME && !parser->failed)
        parser->at++;
    codedb_parser_fail_expected(parser, "a keyword pattern");
    /* up to 3.12 it takes what it has read when it meets the end of the source */
    codedb_hint_reach(parser, parser->version >= 313 || all.reached < parser->tokens[parser->end].start ? &all : &pattern);
}

CODEDB_PRIVATE void codedb_hint_type_alias(codedb_parser *parser, uint32_t first)
{
    /* where the tokens end CPython had an error of its lexer before it looked for mistakes */
    bool met_end = codedb_hint_token_at(parser, first, parser->error->reached) == parser->end;
    if (!parser->quiet && !parser->error->at_once && !parser->error->no_memory && !met_end)
        hint_legacy(parser, first, codedb_hint_may_miss_comma(parser, first));
}

/* In 3.9, where it is first. */
static void hint_old_subscript(codedb_parser *parser)
{
    codedb_hint_found clauses = hint_starred_clauses(parser, parser->at), operand = {.reached = 0};
    if (!clauses.told)
        operand = codedb_hint_try(parser, codedb_expression_parse, parser->at + 1, false);
    if (!clauses.told && !operand.told)
        parser->at =
            codedb_hint_token_at(parser, parser->at, clauses.reached > operand.reached ? clauses.reached : operand.reached);
}

/* Before 3.11 a '*' fits nowhere in a subscript. But behind what may be called CPython has looked for a comprehension that is none, which may
 * begin with the '[': 3.9 with one starred expression, 3.10 also with several elements. */
CODEDB_PRIVATE void codedb_hint_old_star(codedb_parser *parser, uint32_t bracket)
{
    codedb_hint_found list = {.reached = 0};
    if (parser->failed)
        return;
    if (parser->version == 309 && parser->at == bracket + 1 && !parser->quiet)
        hint_old_subscript(parser);
    else if (parser->version == 310 && !parser->quiet)
        list = codedb_hint_try(parser, hint_display_parse, bracket, false);
    if (parser->failed)
        return;
    codedb_parser_require(parser, 311, "unpacking in a subscript");
    /* for CPython it is only the unexpected token */
    parser->error->expected = !parser->error->no_memory;
    codedb_hint_reach(parser, &list);
}

/* '**' expression in parentheses: CPython looks at the operand. */
CODEDB_PRIVATE void codedb_hint_double_starred(codedb_parser *parser)
{
    uint32_t star = parser->at;
    codedb_hint_found operand = {.reached = 0};
    if (!parser->quiet)
        operand = codedb_hint_try(parser, codedb_hint_value_parse, star + 1, false);
    if (operand.told)
        return;
    if (operand.any && hint_is_group(parser, star, operand.behind))
        codedb_parser_fail(parser, star, star + 1, "expected an expression in parentheses, found '**'");
    bool is_told = parser->failed;
    codedb_parser_fail_expected(parser, "an expression");
    codedb_hint_reach(parser, &operand);
    /* CPython looks for a statement of Python 2 wherever it looks for an expression that begins with a word */
    if (!is_told && !parser->quiet && !parser->error->no_memory)
        hint_legacy(parser, star + 1, codedb_hint_may_miss_comma(parser, star + 1));
}

/* Whether the key that begins at `first` and could not be parsed is what CPython tells of: then what of it is whole ends before token `last`.
 * Else it has found an error in its first look. */
static bool hint_has_key(const codedb_parser *parser, uint32_t first, uint32_t *last)
{
    uint32_t behind = codedb_parser_behind_expression(parser, first);
    *last = behind - (codedb_hint_start(parser, first, behind) - first);
    return behind > first && !parser->error->at_once;
}

/* As CPython does, the last character of the key is reported, or of what of it is whole. It does so in its first look, as its rule for this is
 * one of those that it always follows: nothing else is looked for in the key but when nothing of it is whole. */
CODEDB_PRIVATE void codedb_hint_key(codedb_parser *parser, uint32_t first)
{
    static const char message[] = "expected ':' and a value behind the key of a dict";
    const codedb_node *key = parser_last(parser);
    uint32_t last = key->last + (key->first - parser_node_start(key));
    if (parser->error->no_memory)
        return;
    if (parser->version < 310) {
        codedb_parser_fail_expected(parser, "':'");
        return;
    }
    if (!parser->failed) {
        parser->error->reached = parser->tokens[parser->at].start;
    } else if (!hint_has_key(parser, first, &last)) {
        if (!parser->quiet && !parser->error->at_once)
            codedb_hint_try(parser, codedb_expression_parse, first, false);
        return;
    }
    hint_tell_end(parser, last, message);
    parser->error->at_once = true;
}

/* What stands in a field from `first` on is not one expression to its end: as CPython does, what stands behind the expression that
 * is there is reported, or the beginning if none is. Where the tokens end, it is their error that counts. */
CODEDB_PRIVATE void codedb_hint_field(codedb_parser *parser, uint32_t first)
{
    uint32_t end = parser->tokens[parser->end].start;
    const char *stop = parser->source + end;
    bool is_character = *stop == '$' || *stop == '?' || *stop == '`' || (*stop == '<' && stop[1] == '>');
    if (parser->error->offset >= end && !is_character) /* such a one is a token for CPython, only one that fits nowhere */
        return;
    uint32_t behind = codedb_parser_behind_whole(parser, first);
    codedb_parser_fail_before(parser, behind, behind > first ? "'}'" : "an expression behind '{' in a replacement field");
}
