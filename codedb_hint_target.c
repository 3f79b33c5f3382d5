/* codedb_hint_target.c -- what else an error in targets may be, or in what has to be read as such: the elements of a display, of a comprehension,
 * and of assignments, 'del' and 'with'.
 *
 * Called as codedb_hint.c is, which says what CPython does, and by it; calls it through codedb_hint.h. Any thread, one per parser. */
#include "codedb_hint.h"

/* CPython tells of the target when at least the beginning of a value is there, else the operator is the unexpected token. */
CODEDB_PRIVATE void codedb_hint_value(codedb_parser *parser, uint32_t target, codedb_target_use use, uint32_t operator_token)
{
    codedb_syntax_error error = *parser->error;
    bool is_old = parser->version == 309;
    if (!error.expected || error.no_memory || parser->version < 309)
        return;
    bool has_value = codedb_hint_has_whole(parser, operator_token + 1);
    parser->failed = false;
    codedb_target_check(parser, target, use);
    if (parser->failed)
        parser->error->reached = error.reached;
    if (!parser->failed || !has_value) {
        bool is_target = !parser->failed;
        *parser->error = error;
        parser->failed = true;
        if (!is_target && !is_old)
            codedb_parser_fail_before(parser, operator_token, "newline");
    }
}

CODEDB_PRIVATE void codedb_hint_no_target(codedb_parser *parser, codedb_target_use use, uint32_t operator_token)
{
    if (!parser->failed || parser->version < 310 || parser->quiet || parser->error->no_memory)
        return;
    bool is_annotation = use == CODEDB_TARGET_ANNOTATE;
    uint32_t first = operator_token + 1 + (parser->tokens[operator_token + 1].kind == CODEDB_TOKEN_KEYWORD_YIELD);
    codedb_hint_found value =
        codedb_hint_try(parser, is_annotation ? codedb_hint_value_parse : codedb_hint_values_parse, first, false);
    codedb_hint_reach(parser, &value);
}

/* An expression which, where it ends like an item of `with`, has to be a target. */
static void hint_item_target_parse(codedb_parser *parser)
{
    codedb_hint_value_parse(parser);
    codedb_token_kind next = parser_kind(parser);
    if (next == CODEDB_TOKEN_COLON || next == CODEDB_TOKEN_COMMA || next == CODEDB_TOKEN_RIGHT_PAREN)
        codedb_target_check(parser, parser->count - 1, CODEDB_TARGET_ASSIGN);
}

/* CPython tells of what is wrong in the expression that it looks for there; else it has read a target first, so that the token behind that
 * is the unexpected one. */
CODEDB_PRIVATE void codedb_hint_target(codedb_parser *parser, uint32_t first)
{
    bool starred = parser->tokens[first].kind == CODEDB_TOKEN_STAR;
    codedb_hint_found value = {.reached = 0};
    if (parser->error->no_memory || (parser->failed && !parser->error->expected))
        return;
    if (!starred && !parser->quiet)
        value = codedb_hint_try(parser, hint_item_target_parse, first, false);
    if (value.told)
        return;
    codedb_parser_fail_expected(parser, "':'");
    codedb_hint_reach(parser, &value);
    uint32_t behind = codedb_parser_behind_targets(parser, first + starred);
    if (parser->tokens[behind].start < parser->error->offset)
        codedb_parser_fail_before(parser, behind, "':'");
}

CODEDB_PRIVATE void codedb_hint_starred_target(codedb_parser *parser, uint32_t first, bool parsed)
{
    uint32_t behind = codedb_parser_behind_target(parser, first + 1);
    if (parsed) /* CPython has no message for it */
        parser->error->expected = !parser->error->no_memory;
    if (parser->version >= 309 && (parsed || parser->tokens[behind].start < parser->error->offset))
        codedb_parser_fail_before(parser, behind, "':'");
}

/* The bracket, of those behind token `first`, that opens the outermost brackets in which the error is; `first`: it is in none. */
static uint32_t hint_outer_bracket(const codedb_parser *parser, uint32_t first)
{
    uint32_t depth = 0, opening = first;
    for (uint32_t at = first; at < parser->end && parser->tokens[at].start < parser->error->offset; at++) {
        codedb_token_kind kind = (codedb_token_kind)parser->tokens[at].kind;
        if (depth == 0 && codedb_token_opens(kind))
            opening = at;
        depth += codedb_token_opens(kind);
        depth -= depth > 0 && codedb_token_closes(kind);
    }
    return depth > 0 ? opening : first;
}

/* What begins at `first` failed in the brackets that open at token `opening`: parses what is before them, if that is an element, for which
 * the source ends there for a moment. */
static void hint_cut_element(codedb_parser *parser, uint32_t first, uint32_t opening)
{
    codedb_token *cut = &parser->tree->tokens[opening];
    codedb_syntax_error error = *parser->error;
    bool quiet = parser->quiet;
    uint8_t kind = cut->kind;
    cut->kind = CODEDB_TOKEN_ENDMARKER;
    parser->failed = false;
    parser->quiet = true;
    parser->at = first;
    codedb_star_named_parse(parser);
    parser->quiet = quiet;
    cut->kind = kind;
    if (parser->error->no_memory)
        return;
    if (!parser->failed && parser->at < opening)
        codedb_parser_fail_expected(parser, CODEDB_HINT_SOMETHING);
    *parser->error = error;
}

/* star_named_expression of which CPython has read the expression before, without looking for mistakes: it remembers that, so none are told in
 * it, but of what makes it a named_expression. */
static void hint_named_again_parse(codedb_parser *parser)
{
    bool quiet = parser->quiet, is_starred = parser_sees(parser, CODEDB_TOKEN_STAR);
    parser->quiet = true;
    if (is_starred)
        codedb_starred_parse(parser);
    else
        codedb_expression_parse(parser);
    parser->quiet = quiet;
    if (parser->failed && !parser->error->at_once)
        parser->error->expected = !parser->error->no_memory;
    if (parser->failed || quiet || is_starred)
        return;
    const codedb_node *node = parser_last(parser);
    bool is_name = node->kind == CODEDB_NODE_NAME && node->parens == 0;
    if (parser_sees(parser, CODEDB_TOKEN_EQUAL))
        codedb_hint_equal(parser);
    else if (parser_sees(parser, CODEDB_TOKEN_COLON_EQUAL) && !is_name)
        codedb_hint_walrus(parser, CODEDB_HINT_SOMETHING);
    else if (parser_accept(parser, CODEDB_TOKEN_COLON_EQUAL))
        codedb_expression_parse(parser);
}

/* The same of the elements of a list or tuple, from the bracket on. */
static void hint_brackets_again_parse(codedb_parser *parser)
{
    do {
        uint32_t first = ++parser->at;
        hint_named_again_parse(parser);
        codedb_hint_brackets_again(parser, first);
    } while (parser_sees(parser, CODEDB_TOKEN_COMMA));
}

CODEDB_PRIVATE void codedb_hint_brackets_again(codedb_parser *parser, uint32_t first)
{
    if (!codedb_token_opens(parser->tokens[first].kind) || !parser->failed || !parser->error->expected || parser->quiet)
        return;
    codedb_hint_found brackets = codedb_hint_try(parser, hint_brackets_again_parse, first, false);
    codedb_hint_reach(parser, &brackets);
}

/* An element of what may be elements side by side. */
typedef struct hint_beside {
    uint32_t first;
    bool remembered; /* CPython has read its expression before it came to it */
} hint_beside;

/* star_named_expression. `remembered`: CPython has read the expression before. It does not remember lists and tuples as such, and looks for
 * one. */
static void hint_element_read(codedb_parser *parser, bool remembered)
{
    uint32_t first = parser->at;
    if (!remembered) {
        codedb_star_named_parse(parser);
        return;
    }
    hint_named_again_parse(parser);
    codedb_hint_read_expression(parser, first, CODEDB_HINT_READ);
    codedb_hint_brackets_again(parser, first);
}

/* The same. `before`: where the element begins that stands at its side, and whether CPython had that in mind; then it has not looked behind it.
 * It ends before a 'not' behind which no 'in' is, and before brackets that are no arguments or subscript: they may be the next element.
 * Returns how far one had to look. */
static uint32_t hint_element_parse(codedb_parser *parser, hint_beside *before)
{
    uint32_t first = parser->at;
    bool is_beside = parser->version >= 310 && parser->tokens[first - 1].kind != CODEDB_TOKEN_COMMA &&
                     parser->tokens[before->first].kind != CODEDB_TOKEN_STAR;
    bool remembered = is_beside && ((before->remembered && codedb_token_opens(parser_kind(parser))) ||
                                    codedb_hint_may_miss_comma(parser, before->first));
    *before = (hint_beside){.first = first, .remembered = remembered};
    hint_element_read(parser, remembered);
    if (!parser->failed || !parser->error->expected || parser->error->no_memory)
        return 0;
    uint32_t opening = hint_outer_bracket(parser, first), reached = parser->error->reached;
    uint32_t behind = codedb_parser_behind_expression(parser, first);
    if (opening > first) {
        hint_cut_element(parser, first, opening);
    } else if (behind > first && parser->tokens[behind].kind == CODEDB_TOKEN_KEYWORD_NOT &&
               parser->tokens[behind + 1].start == parser->error->offset) {
        parser->failed = false;
        parser->at = behind;
    }
    return reached;
}

/* star_named_expression ',' star_named_expressions* ':' expression: it takes expressions side by side. */
static void hint_elements_parse(codedb_parser *parser)
{
    uint32_t first = parser->at, reached = 0;
    codedb_star_named_parse(parser);
    uint32_t behind = parser->at, start = codedb_hint_start(parser, first, behind);
    if (!parser_accept(parser, CODEDB_TOKEN_COMMA))
        return;
    for (hint_beside before = {.first = first}; codedb_expression_begins(parser);) {
        uint32_t looked = hint_element_parse(parser, &before);
        reached = looked > reached ? looked : reached;
        parser_accept(parser, CODEDB_TOKEN_COMMA);
    }
    if (parser->failed && parser->error->reached < reached)
        parser->error->reached = reached;
    uint32_t annotation = parser->at + 1;
    if (!parser_accept(parser, CODEDB_TOKEN_COLON))
        return;
    if (parser->version >= 310)
        codedb_hint_value_parse(parser);
    else
        codedb_expression_parse(parser);
    reached = parser->failed ? parser->error->reached : parser->tokens[parser->at].start;
    if (parser->failed && (!parser->error->expected || parser->error->no_memory || !codedb_hint_has_whole(parser, annotation)))
        return;
    parser->failed = false;
    codedb_parser_fail(parser, start, behind, "cannot annotate a tuple");
    parser->error->reached = reached;
}

/* In 3.9 the unexpected token is the last one that was read so. */
CODEDB_PRIVATE uint32_t codedb_hint_elements(codedb_parser *parser, uint32_t first)
{
    codedb_hint_found before = {.reached = parser->failed ? parser->error->reached : 0};
    if (parser->version < 309 || parser->quiet || parser->error->no_memory || codedb_hint_met_end(parser, &before))
        return 0;
    codedb_hint_found found = codedb_hint_try(parser, hint_elements_parse, first, false);
    codedb_hint_reach(parser, &found);
    if (parser->version == 309 && (!parser->failed || parser->error->expected))
        codedb_hint_fail_reached(parser, &found, CODEDB_HINT_SOMETHING);
    return found.reached;
}

CODEDB_PRIVATE bool codedb_hint_has_elements(const codedb_parser *parser, uint32_t first)
{
    if (!parser->failed || !parser->error->expected || parser->error->no_memory)
        return false;
    if (parser->version >= 310 && hint_outer_bracket(parser, first) > first)
        return true;
    uint32_t at = codedb_hint_token_at(parser, first, parser->error->offset);
    codedb_token_kind kind = (codedb_token_kind)parser->tokens[at].kind;
    return parser->version >= 310 && at > first &&
           (kind == CODEDB_TOKEN_COLON_EQUAL || kind == CODEDB_TOKEN_FSTRING_START ||
            parser->tokens[at - 1].kind == CODEDB_TOKEN_KEYWORD_NOT);
}

static void hint_for_targets_parse(codedb_parser *parser)
{
    codedb_plain_star_expressions_parse(parser);
    codedb_target_check(parser, parser->count - 1, CODEDB_TARGET_FOR);
}

static void hint_deleted_parse(codedb_parser *parser)
{
    codedb_plain_star_expressions_parse(parser);
    codedb_target_check(parser, parser->count - 1, CODEDB_TARGET_DELETE);
}

/* What is whole of the targets before the failure is told of when it is no target: for a moment the source ends behind it. */
static void hint_first_target(codedb_parser *parser, uint32_t first, void (*parse)(codedb_parser *))
{
    uint32_t behind = codedb_parser_behind_expression(parser, first), next;
    while (behind > first && parser->tokens[behind].kind == CODEDB_TOKEN_KEYWORD_LAMBDA &&
           (next = codedb_parser_behind_expression(parser, behind)) > behind)
        behind = next;
    codedb_token *cut = &parser->tree->tokens[behind];
    uint8_t kind = cut->kind;
    if (behind == first)
        return;
    uint32_t reached = parser->error->reached;
    cut->kind = CODEDB_TOKEN_ENDMARKER;
    codedb_hint_try(parser, parse, first, false);
    cut->kind = kind;
    if (parser->error->reached < reached)
        parser->error->reached = reached;
}

CODEDB_PRIVATE void codedb_hint_targets(codedb_parser *parser, uint32_t first, codedb_target_use use)
{
    bool starred = use == CODEDB_TARGET_FOR;
    uint32_t behind = starred ? codedb_parser_behind_star_targets(parser, first) : codedb_parser_behind_targets(parser, first);
    if (!parser->error->expected || parser->error->no_memory || parser->version < 309)
        return;
    hint_first_target(parser, first, starred ? hint_for_targets_parse : hint_deleted_parse);
    if (parser->version >= 310 && parser->tokens[behind].start < parser->error->offset)
        codedb_parser_fail_before(parser, behind, "a target");
}

CODEDB_PRIVATE void codedb_hint_deleted(codedb_parser *parser, uint32_t first)
{
    if (parser->failed || parser->quiet || parser->version < 310)
        return;
    codedb_hint_found values = codedb_hint_try(parser, codedb_hint_values_parse, first, false);
    if (values.told || !codedb_hint_met_end(parser, &values))
        return;
    codedb_parser_fail_expected(parser, "newline");
    codedb_hint_reach(parser, &values);
}

/* Whether CPython has a message for an absent 'in' behind what begins at token `first`: since 3.13, in a comprehension, behind sums. */
static bool hint_tells_in(const codedb_parser *parser, uint32_t first)
{
    codedb_token_kind kind = (codedb_token_kind)parser->tokens[first].kind;
    return parser->version >= 313 && kind != CODEDB_TOKEN_KEYWORD_NOT && kind != CODEDB_TOKEN_STAR &&
           codedb_hint_is_in_brackets(parser, first);
}

/* star_expressions, and that they can be targets. */
static void hint_clause_targets_parse(codedb_parser *parser)
{
    uint32_t first = parser->at;
    codedb_plain_star_expressions_parse(parser);
    uint32_t index = parser->count - 1, behind = parser->tokens[parser->at].start;
    if (parser->failed && parser->error->expected && !parser->error->no_memory && !hint_tells_in(parser, first))
        hint_first_target(parser, first, hint_for_targets_parse);
    if (parser->failed)
        return;
    uint32_t at = parser->at;
    if (codedb_expression_begins(parser))
        codedb_hint_behind(parser, "'in'");
    if (parser->failed && !parser->error->expected)
        return;
    behind = parser->failed && parser->error->reached > behind ? parser->error->reached : behind;
    parser->failed = false;
    parser->at = codedb_hint_token_at(parser, at, behind);
    codedb_target_check(parser, index, CODEDB_TARGET_FOR);
    if (parser->failed && parser->error->reached < behind)
        parser->error->reached = behind;
}

/* The same in 3.9, which looks for less. */
static void hint_old_targets_parse(codedb_parser *parser)
{
    uint32_t first = parser->at, behind;
    codedb_plain_star_expressions_parse(parser);
    behind = parser->at;
    if (!parser->failed)
        codedb_target_check(parser, parser->count - 1, CODEDB_TARGET_FOR);
    else if (parser->error->expected && !parser->error->no_memory)
        hint_first_target(parser, first, hint_for_targets_parse);
    if (behind < parser->end && parser->failed && parser->error->expected) {
        parser->failed = false;
        parser->at = behind;
    }
}

CODEDB_PRIVATE uint32_t codedb_hint_clause_targets(codedb_parser *parser, uint32_t first)
{
    bool may_tell = !parser->failed || (parser->error->expected && !parser->error->no_memory);
    if (!may_tell || parser->quiet || parser->version < 309)
        return 0;
    codedb_hint_found found =
        codedb_hint_try(parser, parser->version == 309 ? hint_old_targets_parse : hint_clause_targets_parse, first, false);
    if (parser->version == 309 && !found.told) {
        codedb_hint_fail_reached(parser, &found, CODEDB_HINT_SOMETHING);
        if (found.any && parser->failed && !parser->error->no_memory) { /* 3.9 has a message also for what can be a target */
            parser->error->expected = false;
            parser->error->at_once = true;
        }
    }
    return found.reached;
}

CODEDB_PRIVATE void codedb_hint_quiet_targets(codedb_parser *parser, uint32_t first)
{
    uint32_t behind = codedb_parser_behind_star_targets(parser, first), place = parser->tokens[behind].start;
    if (parser->version < 310 || (parser->failed && (!parser->error->expected || parser->error->offset <= place)))
        return;
    parser->failed = false;
    parser->at = behind;
    codedb_parser_fail_expected(parser, "'in'");
    parser->error->reached = place;
}

CODEDB_PRIVATE void codedb_hint_no_in(codedb_parser *parser, uint32_t first)
{
    if (parser->error->no_memory || !codedb_parser_has_whole(parser, first))
        return;
    if (!parser->error->expected) { /* what is wrong in the targets CPython does not look for before it misses the 'in' */
        codedb_hint_found read = codedb_hint_try(parser, codedb_target_list_parse, first, true);
        parser->failed = read.told;
        parser->at = codedb_hint_token_at(parser, first, read.reached);
        codedb_parser_fail_expected(parser, "'in'");
    }
    parser->error->reached = parser->error->offset;
    parser->error->expected = false;
    parser->error->at_once = true;
}

CODEDB_PRIVATE void codedb_hint_brace_no_in(codedb_parser *parser)
{
    codedb_hint_found braces = codedb_hint_braces(parser, parser->at);
    if (!braces.told)
        parser->at = codedb_hint_token_at(parser, parser->at, braces.reached);
}

CODEDB_PRIVATE void codedb_hint_bad_targets(codedb_parser *parser, uint32_t first)
{
    bool is_old = parser->version < 310, is_told = !parser->error->expected;
    if (parser->quiet || parser->error->no_memory || parser->version < 309)
        return;
    codedb_hint_found found = codedb_hint_try(parser, is_old ? hint_old_targets_parse : hint_clause_targets_parse, first, false);
    if (is_old && !found.told && !is_told) {
        codedb_hint_fail_reached(parser, &found, CODEDB_HINT_SOMETHING);
        parser->error->expected = false;
        parser->error->at_once = true;
    } else
        codedb_hint_reach(parser, &found);
}

static void hint_one_target_parse(codedb_parser *parser)
{
    codedb_expression_parse(parser);
    codedb_target_check(parser, parser->count - 1, CODEDB_TARGET_ASSIGN);
}

static void hint_old_target_parse(codedb_parser *parser)
{
    uint32_t first = parser->at;
    hint_one_target_parse(parser);
    if (parser->failed && parser->error->expected && !parser->error->no_memory)
        hint_first_target(parser, first, hint_one_target_parse);
}

CODEDB_PRIVATE void codedb_hint_old_target(codedb_parser *parser, uint32_t first)
{
    if (parser->version != 309 || parser->quiet || parser->error->no_memory || (parser->failed && !parser->error->expected))
        return;
    codedb_hint_found target = codedb_hint_try(parser, hint_old_target_parse, first, false);
    if (!target.told)
        codedb_hint_fail_reached(parser, &target, "':'");
}
