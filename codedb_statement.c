/* codedb_statement.c -- statements; codedb_parse, which makes a tree's nodes from its tokens.
 *
 * Called by codedb_choice.c. Calls codedb_expression.c and codedb_pattern.c through codedb_parser.h, whose invariants hold here,
 * and the memory of the tree's allocator. Any thread, one per tree.
 *
 *   Imports . Assignments . Small statements . Blocks . match . if, while, for . try . with . def and class . Whole files */
#include "codedb_parser.h"

#include <string.h>

static void statement_parse(codedb_parser *parser);

/* ---- Imports ------------------------------------------------------------------------------------------------------ */

/* dotted_name: dotted_name '.' NAME | NAME */
CODEDB_PRIVATE void codedb_dotted_name_parse(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    parser_name(parser, CODEDB_FIELD_NONE);
    while (parser_accept(parser, CODEDB_TOKEN_DOT)) {
        parser_role(parser, CODEDB_FIELD_value);
        parser_name(parser, CODEDB_FIELD_attr);
        parser_close(parser, CODEDB_NODE_ATTRIBUTE, first, mark);
    }
}

/* 'as' NAME, if it is there */
static void statement_as_name(codedb_parser *parser, codedb_node_field field)
{
    uint32_t first = parser->at, mark = parser->count;
    if (!parser_accept(parser, CODEDB_TOKEN_KEYWORD_AS))
        return;
    parser_bound_name(parser, CODEDB_FIELD_name);
    parser_close(parser, CODEDB_NODE_AS_NAME, first, mark);
    parser_role(parser, field);
}

/* dotted_as_name: dotted_name ['as' NAME]        import_from_as_name: NAME ['as' NAME] */
static void statement_import_alias(codedb_parser *parser, bool dotted)
{
    uint32_t first = parser->at, mark = parser->count;
    if (dotted)
        codedb_dotted_name_parse(parser);
    else
        parser_name(parser, CODEDB_FIELD_NONE);
    parser_role(parser, CODEDB_FIELD_name);
    if (CODEDB_UNLIKELY(parser->version < 309) && parser->at == first + 1 && !parser_sees(parser, CODEDB_TOKEN_KEYWORD_AS))
        codedb_target_check_name(parser, first, first);
    statement_as_name(parser, CODEDB_FIELD_asname);
    parser_close(parser, CODEDB_NODE_IMPORT_ALIAS, first, mark);
    parser_role(parser, CODEDB_FIELD_names);
}

/* import_name: ['lazy'] 'import' ','.dotted_as_name+, behind 'import' */
static void statement_import(codedb_parser *parser, codedb_node_kind kind, uint32_t first, uint32_t mark)
{
    bool renames = false;
    do {
        statement_import_alias(parser, true);
        renames = renames || parser->nodes[parser->count - 2].field == CODEDB_FIELD_asname;
    } while (parser_accept(parser, CODEDB_TOKEN_COMMA));
    if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_KEYWORD_FROM)) && parser->version >= 312 && !renames &&
        parser_kind_behind(parser) == CODEDB_TOKEN_NAME)
        codedb_parser_fail(parser, first, parser->at + 2, "expected newline, found 'from': 'from' stands before 'import'");
    parser_close(parser, kind, first, mark);
}

/* Whether nothing follows a comma behind what is imported, which begins at `first`; outside of parentheses that is an error. */
static bool statement_imports_end(codedb_parser *parser, bool in_parens, uint32_t first)
{
    if (in_parens || parser->version >= 309)
        return in_parens && parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN);
    if (!parser_sees(parser, CODEDB_TOKEN_NEWLINE) && !parser_sees(parser, CODEDB_TOKEN_SEMICOLON))
        return false;
    codedb_parser_fail_late(parser, first, parser->at, "expected parentheses around names with a comma behind the last");
    return true;
}

/* import_from_targets: '(' import_from_as_names [','] ')' | import_from_as_names !',' | '*'; returns pairs of parentheses */
static uint16_t statement_import_targets(codedb_parser *parser)
{
    if (parser_sees(parser, CODEDB_TOKEN_STAR)) {
        parser_leaf(parser, CODEDB_NODE_IMPORT_STAR, CODEDB_FIELD_names);
        return 0;
    }
    bool in_parens = parser_accept(parser, CODEDB_TOKEN_LEFT_PAREN);
    uint32_t first = parser->at;
    do
        statement_import_alias(parser, false);
    while (parser_accept(parser, CODEDB_TOKEN_COMMA) && !statement_imports_end(parser, in_parens, first));
    if (in_parens)
        codedb_parser_expect_bare(parser, CODEDB_TOKEN_RIGHT_PAREN);
    return in_parens;
}

/* import_from: ['lazy'] 'from' ('.' | '...')* dotted_name 'import' import_from_targets
 *            | ['lazy'] 'from' ('.' | '...')+ 'import' import_from_targets, behind 'from' */
static void statement_import_from(codedb_parser *parser, codedb_node_kind kind, uint32_t first, uint32_t mark)
{
    bool relative = false;
    while (parser_accept(parser, CODEDB_TOKEN_DOT) || parser_accept(parser, CODEDB_TOKEN_ELLIPSIS))
        relative = true;
    if (!relative || !parser_sees(parser, CODEDB_TOKEN_KEYWORD_IMPORT)) {
        codedb_dotted_name_parse(parser);
        parser_role(parser, CODEDB_FIELD_module);
    }
    parser_expect(parser, CODEDB_TOKEN_KEYWORD_IMPORT);
    uint16_t parens = statement_import_targets(parser);
    parser_close(parser, kind, first, mark);
    parser_last(parser)->parens = parens;
}

/* 'lazy' 'import' ... | 'lazy' 'from' ... */
static void statement_lazy_import(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    parser->at++;
    codedb_parser_require(parser, 315, "a lazy import");
    if (parser_accept(parser, CODEDB_TOKEN_KEYWORD_IMPORT)) {
        statement_import(parser, CODEDB_NODE_LAZY_IMPORT, first, mark);
    } else {
        parser_accept(parser, CODEDB_TOKEN_KEYWORD_FROM);
        statement_import_from(parser, CODEDB_NODE_LAZY_IMPORT_FROM, first, mark);
    }
}

/* ---- Assignments -------------------------------------------------------------------------------------------------- */

/* X(token, node) */
#define STATEMENT_AUGMENTED(X)               \
    X(PLUS_EQUAL, ADD_ASSIGN)                \
    X(MINUS_EQUAL, SUBTRACT_ASSIGN)          \
    X(STAR_EQUAL, MULTIPLY_ASSIGN)           \
    X(AT_EQUAL, MATRIX_MULTIPLY_ASSIGN)      \
    X(SLASH_EQUAL, DIVIDE_ASSIGN)            \
    X(PERCENT_EQUAL, MODULO_ASSIGN)          \
    X(AMPERSAND_EQUAL, BIT_AND_ASSIGN)       \
    X(VERTICAL_BAR_EQUAL, BIT_OR_ASSIGN)     \
    X(CIRCUMFLEX_EQUAL, BIT_XOR_ASSIGN)      \
    X(LEFT_SHIFT_EQUAL, LEFT_SHIFT_ASSIGN)   \
    X(RIGHT_SHIFT_EQUAL, RIGHT_SHIFT_ASSIGN) \
    X(DOUBLE_STAR_EQUAL, POWER_ASSIGN)       \
    X(DOUBLE_SLASH_EQUAL, FLOOR_DIVIDE_ASSIGN)

/* The operator node of an augmented assignment's token, else 0. */
static const uint8_t statement_augmented[CODEDB_TOKEN_KIND_COUNT] = {
#define X(token, node) [CODEDB_TOKEN_##token] = CODEDB_NODE_##node,
    STATEMENT_AUGMENTED(X)
#undef X
};

/* (star_targets '=')+ annotated_rhs !'=', behind the first target */
static void statement_assign(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    uint32_t target_first = first, target_mark = mark;
    do {
        const codedb_node *target = parser_last(parser);
        if (CODEDB_UNLIKELY(target->kind == CODEDB_NODE_YIELD) && target->parens == 0 && parser->version < 309)
            codedb_parser_forget_late(parser, target_first); /* it is refused before it is looked into */
        codedb_target_check(parser, parser->count - 1, CODEDB_TARGET_ASSIGN);
        if (CODEDB_UNLIKELY(parser->failed))
            codedb_hint_elements(parser, first);
        parser_role(parser, CODEDB_FIELD_target);
        parser_close(parser, CODEDB_NODE_ASSIGN_TARGET, target_first, target_mark);
        parser_role(parser, CODEDB_FIELD_targets);
        parser_accept(parser, CODEDB_TOKEN_EQUAL);
        target_first = parser->at;
        target_mark = parser->count;
        codedb_yield_or_star_parse(parser, 300);
    } while (parser_sees(parser, CODEDB_TOKEN_EQUAL));
    if (CODEDB_UNLIKELY(parser->failed) && parser->error->expected && !codedb_parser_has_whole(parser, target_first))
        codedb_hint_elements(parser, first);
    parser_role(parser, CODEDB_FIELD_value);
    parser_close(parser, CODEDB_NODE_ASSIGN, first, mark);
}

/* CPython tries '(' single_target ')' before it tries an attribute or subscript: a target such as (a).b, that begins with a single
 * target in parentheses and goes on, is refused since 3.9. */
static bool statement_begins_with_single_target(const codedb_parser *parser, uint32_t first, uint32_t mark)
{
    if (parser->version < 309 || parser->tokens[first].kind != CODEDB_TOKEN_LEFT_PAREN || parser_last(parser)->parens > 0)
        return false;
    for (uint32_t index = mark; index < parser->count; index++) {
        const codedb_node *node = &parser->nodes[index];
        if (node->parens > 0 && parser_start(node) == first)
            return (node->kind == CODEDB_NODE_NAME && parser->tokens[node->first].kind == CODEDB_TOKEN_NAME) ||
                   node->kind == CODEDB_NODE_ATTRIBUTE || node->kind == CODEDB_NODE_SUBSCRIPT;
    }
    return false;
}

/* NAME ':' expression ['=' annotated_rhs] | ('(' single_target ')' | single_subscript_attribute_target) ':' expression
 * ['=' annotated_rhs], behind the target */
static void statement_annotated_assign(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    uint32_t target = parser->count - 1, colon = parser->at; /* before a failure moves the parser to the end */
    codedb_parser_require(parser, 306, "a variable annotation");
    bool is_refused = statement_begins_with_single_target(parser, first, mark);
    parser_role(parser, CODEDB_FIELD_target);
    if (parser->version < 309) /* it is found late, before what is in the annotation */
        codedb_target_check(parser, target, CODEDB_TARGET_ANNOTATE);
    parser_accept(parser, CODEDB_TOKEN_COLON);
    codedb_annotation_parse(parser, false, CODEDB_FIELD_annotation);
    if (CODEDB_UNLIKELY(parser->failed))
        codedb_hint_value(parser, target, CODEDB_TARGET_ANNOTATE, colon);
    bool parsed = !parser->failed;
    codedb_target_check(parser, target, CODEDB_TARGET_ANNOTATE);
    if (CODEDB_UNLIKELY(parser->failed) && parsed)
        codedb_hint_no_target(parser, CODEDB_TARGET_ANNOTATE, colon);
    if (CODEDB_UNLIKELY(is_refused))
        codedb_parser_fail(parser, first, colon, "expected a target that does not begin with a parenthesized name before ':'");
    if (parser_accept(parser, CODEDB_TOKEN_EQUAL)) {
        if (parser->version >= 308)
            codedb_yield_or_star_parse(parser, 308);
        else
            codedb_expression_parse(parser);
        parser_role(parser, CODEDB_FIELD_value);
    }
    parser_close(parser, CODEDB_NODE_ANN_ASSIGN, first, mark);
}

/* single_target augassign ~ annotated_rhs, behind the target */
static void statement_augmented_assign(codedb_parser *parser, uint32_t first, uint32_t mark, codedb_node_kind operator_kind)
{
    uint32_t target = parser->count - 1, operator_token = parser->at;
    parser_role(parser, CODEDB_FIELD_target);
    parser_add(parser, operator_kind, parser->at, parser->at + 1, parser->count);
    parser_role(parser, CODEDB_FIELD_operator);
    parser->at += !parser->failed;
    if (parser->version < 309) /* as of an annotation */
        codedb_target_check(parser, target, CODEDB_TARGET_AUGMENT);
    codedb_yield_or_star_parse(parser, 309);
    if (CODEDB_UNLIKELY(parser->failed))
        codedb_hint_value(parser, target, CODEDB_TARGET_AUGMENT, operator_token);
    bool parsed = !parser->failed;
    codedb_target_check(parser, target, CODEDB_TARGET_AUGMENT);
    if (CODEDB_UNLIKELY(parser->failed) && parsed)
        codedb_hint_no_target(parser, CODEDB_TARGET_AUGMENT, operator_token);
    parser_role(parser, CODEDB_FIELD_value);
    parser_close(parser, CODEDB_NODE_AUG_ASSIGN, first, mark);
}

/* Whether the ':' that stands here is to be taken for an annotation's: otherwise it is the unexpected token. */
static bool statement_may_be_annotated(const codedb_parser *parser)
{
    const codedb_node *target = parser_last(parser);
    codedb_parser behind = *parser;
    behind.at++;
    if (parser->version < 310)
        return parser->version < 309 || target->kind != CODEDB_NODE_STARRED_ELEMENT;
    return (target->kind == CODEDB_NODE_NAME && parser->tokens[target->first].kind == CODEDB_TOKEN_NAME) ||
           target->kind == CODEDB_NODE_ATTRIBUTE || target->kind == CODEDB_NODE_SUBSCRIPT ||
           (target->kind != CODEDB_NODE_STARRED_ELEMENT && codedb_expression_begins(&behind));
}

/* assignment | star_expressions | yield_stmt */
static void statement_expression(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    codedb_yield_or_star_parse(parser, 300);
    codedb_token_kind kind = parser_kind(parser);
    bool is_yield = parser_last(parser)->kind == CODEDB_NODE_YIELD && parser_last(parser)->parens == 0;
    if (kind == CODEDB_TOKEN_EQUAL && !(is_yield && parser->version < 309)) {
        statement_assign(parser, first, mark);
    } else if (statement_augmented[kind] && !is_yield) {
        statement_augmented_assign(parser, first, mark, (codedb_node_kind)statement_augmented[kind]);
    } else if (kind == CODEDB_TOKEN_COLON && !is_yield && statement_may_be_annotated(parser)) {
        statement_annotated_assign(parser, first, mark);
    } else {
        if (CODEDB_UNLIKELY(kind == CODEDB_TOKEN_COLON_EQUAL))
            codedb_hint_walrus(parser, "newline");
        parser_role(parser, CODEDB_FIELD_value);
        parser_close(parser, CODEDB_NODE_EXPR, first, mark);
    }
}

/* ---- Small statements --------------------------------------------------------------------------------------------- */

static bool statement_ends(const codedb_parser *parser)
{
    return parser_sees(parser, CODEDB_TOKEN_NEWLINE) || parser_sees(parser, CODEDB_TOKEN_SEMICOLON);
}

/* pass, break, continue */
static void statement_word(codedb_parser *parser, codedb_node_kind kind)
{
    parser_leaf(parser, kind, CODEDB_FIELD_NONE);
}

/* return_stmt: 'return' [star_expressions] */
static void statement_return(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    if (!statement_ends(parser)) {
        codedb_star_expressions_parse(parser, 308, false);
        parser_role(parser, CODEDB_FIELD_value);
    }
    parser_close(parser, CODEDB_NODE_RETURN, first, mark);
}

/* raise_stmt: 'raise' expression ['from' expression] | 'raise' */
static void statement_raise(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    if (!statement_ends(parser)) {
        codedb_expression_parse(parser);
        parser_role(parser, CODEDB_FIELD_exc);
        uint32_t from = parser->at, from_mark = parser->count;
        if (parser_accept(parser, CODEDB_TOKEN_KEYWORD_FROM)) {
            codedb_expression_parse(parser);
            parser_role(parser, CODEDB_FIELD_item);
            parser_close(parser, CODEDB_NODE_FROM, from, from_mark);
            parser_role(parser, CODEDB_FIELD_cause);
        }
    }
    parser_close(parser, CODEDB_NODE_RAISE, first, mark);
}

/* global_stmt: 'global' ','.NAME+        nonlocal_stmt: 'nonlocal' ','.NAME+ */
static void statement_names(codedb_parser *parser, codedb_node_kind kind)
{
    uint32_t first = parser->at++, mark = parser->count;
    do {
        uint32_t item = parser->at, item_mark = parser->count;
        parser_name(parser, CODEDB_FIELD_name);
        parser_close(parser, CODEDB_NODE_NAME_ITEM, item, item_mark);
        parser_role(parser, CODEDB_FIELD_names);
    } while (parser_accept(parser, CODEDB_TOKEN_COMMA));
    parser_close(parser, kind, first, mark);
}

/* del_stmt: 'del' del_targets &(';' | NEWLINE) */
static void statement_del(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    if (parser->version < 309)
        codedb_target_list_parse(parser);
    else
        codedb_star_expressions_parse(parser, 300, false);
    if (CODEDB_UNLIKELY(parser->failed))
        codedb_hint_targets(parser, first + 1, CODEDB_TARGET_DELETE);
    if (CODEDB_UNLIKELY(codedb_expression_begins(parser)))
        codedb_hint_deleted(parser, first + 1);
    codedb_target_check(parser, parser->count - 1, CODEDB_TARGET_DELETE);
    parser_role(parser, CODEDB_FIELD_target);
    parser_close(parser, CODEDB_NODE_DEL, first, mark);
}

/* assert_stmt: 'assert' expression [',' expression] */
static void statement_assert(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    codedb_expression_parse(parser);
    parser_role(parser, CODEDB_FIELD_test);
    if (parser_accept(parser, CODEDB_TOKEN_COMMA)) {
        codedb_expression_parse(parser);
        parser_role(parser, CODEDB_FIELD_msg);
    }
    parser_close(parser, CODEDB_NODE_ASSERT, first, mark);
}

/* type_param_bound: ':' expression; only of a TypeVar */
static void statement_type_variable(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    codedb_node_kind kind = CODEDB_NODE_TYPE_VAR;
    if (parser_accept(parser, CODEDB_TOKEN_STAR))
        kind = CODEDB_NODE_TYPE_VAR_TUPLE;
    else if (parser_accept(parser, CODEDB_TOKEN_DOUBLE_STAR))
        kind = CODEDB_NODE_PARAM_SPEC;
    parser_name(parser, CODEDB_FIELD_name);
    if (CODEDB_UNLIKELY(kind != CODEDB_NODE_TYPE_VAR && parser_sees(parser, CODEDB_TOKEN_COLON)))
        codedb_hint_bound(parser);
    if (kind == CODEDB_NODE_TYPE_VAR && parser_accept(parser, CODEDB_TOKEN_COLON)) {
        codedb_expression_parse(parser);
        parser_role(parser, CODEDB_FIELD_bound);
        if (CODEDB_UNLIKELY(codedb_expression_begins(parser)))
            codedb_hint_behind(parser, "']'");
    }
    parser_close(parser, kind, first, mark);
    parser_role(parser, CODEDB_FIELD_param);
}

/* type_param: NAME [type_param_bound] ['=' expression] | '*' NAME ['=' star_expression] | '**' NAME ['=' expression]
 * With the comma behind it. A TypeParam has the star of a starred default itself. */
static void statement_type_parameter(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    statement_type_variable(parser);
    bool is_tuple = parser_last(parser)->kind == CODEDB_NODE_TYPE_VAR_TUPLE;
    if (parser_sees(parser, CODEDB_TOKEN_EQUAL)) {
        if (parser->version < 313)
            codedb_parser_fail_bare(parser, "no default of a type parameter before Python 3.13");
        parser_accept(parser, CODEDB_TOKEN_EQUAL);
        if (is_tuple && parser_sees(parser, CODEDB_TOKEN_STAR)) {
            uint32_t starred = parser->count;
            codedb_starred_parse(parser);
            if (parser->count - starred > 1)
                parser_drop(parser);
        } else {
            codedb_expression_parse(parser);
            if (CODEDB_UNLIKELY(codedb_expression_begins(parser)))
                codedb_hint_behind(parser, "']'");
        }
        parser_role(parser, CODEDB_FIELD_default);
    }
    parser_accept(parser, CODEDB_TOKEN_COMMA);
    parser_close(parser, CODEDB_NODE_TYPE_PARAM, first, mark);
    parser_role(parser, CODEDB_FIELD_params);
}

/* type_params: '[' ','.type_param+ [','] ']', if it is there */
static void statement_type_parameters(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    if (CODEDB_LIKELY(!parser_sees(parser, CODEDB_TOKEN_LEFT_BRACKET)))
        return;
    codedb_parser_require(parser, 312, "a list of type parameters");
    parser_accept(parser, CODEDB_TOKEN_LEFT_BRACKET);
    if (parser_sees(parser, CODEDB_TOKEN_RIGHT_BRACKET) && parser->version >= 313)
        codedb_parser_fail(parser, parser->at, parser->at + 1, "expected a type parameter behind '['");
    parser_enter(parser);
    do
        statement_type_parameter(parser);
    while (parser_behind_comma(parser) && !parser_sees(parser, CODEDB_TOKEN_RIGHT_BRACKET));
    parser_leave(parser);
    codedb_parser_expect_bare(parser, CODEDB_TOKEN_RIGHT_BRACKET);
    parser_close(parser, CODEDB_NODE_TYPE_PARAMETERS, first, mark);
    parser_role(parser, CODEDB_FIELD_type_parameters);
}

/* type_alias: 'type' NAME [type_params] '=' expression; its position has the semicolon behind it, if there is one */
static void statement_type_alias(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    bool had_failed = parser->failed;
    parser->at++;
    parser_name(parser, CODEDB_FIELD_name);
    statement_type_parameters(parser);
    parser_expect(parser, CODEDB_TOKEN_EQUAL);
    codedb_expression_parse(parser);
    if (CODEDB_UNLIKELY(parser->failed) && !had_failed)
        codedb_hint_type_alias(parser, first);
    parser_role(parser, CODEDB_FIELD_value);
    parser_close(parser, CODEDB_NODE_TYPE_ALIAS, first, mark);
    if (parser_sees(parser, CODEDB_TOKEN_SEMICOLON))
        parser_last(parser)->last++;
}

/* A statement that begins with a name: only the word behind it tells `type` and `lazy` from an expression. */
static void statement_name(codedb_parser *parser)
{
    codedb_token_kind behind = parser_kind_behind(parser);
    if (behind == CODEDB_TOKEN_NAME && parser->version >= 312 && parser_sees_word(parser, "type", 4))
        statement_type_alias(parser);
    else if ((behind == CODEDB_TOKEN_KEYWORD_IMPORT || behind == CODEDB_TOKEN_KEYWORD_FROM) &&
             parser_sees_word(parser, "lazy", 4))
        statement_lazy_import(parser);
    else
        statement_expression(parser);
}

/* simple_stmt: assignment | type_alias | star_expressions | return_stmt | import_stmt | raise_stmt | 'pass' | del_stmt | yield_stmt
 *            | assert_stmt | 'break' | 'continue' | global_stmt | nonlocal_stmt */
static void statement_small(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    switch (parser_kind(parser)) {
    case CODEDB_TOKEN_NAME: statement_name(parser); break;
    case CODEDB_TOKEN_KEYWORD_RETURN: statement_return(parser); break;
    case CODEDB_TOKEN_KEYWORD_IMPORT:
        parser->at++;
        statement_import(parser, CODEDB_NODE_IMPORT, first, mark);
        break;
    case CODEDB_TOKEN_KEYWORD_FROM:
        parser->at++;
        statement_import_from(parser, CODEDB_NODE_IMPORT_FROM, first, mark);
        break;
    case CODEDB_TOKEN_KEYWORD_RAISE: statement_raise(parser); break;
    case CODEDB_TOKEN_KEYWORD_PASS: statement_word(parser, CODEDB_NODE_PASS); break;
    case CODEDB_TOKEN_KEYWORD_DEL: statement_del(parser); break;
    case CODEDB_TOKEN_KEYWORD_ASSERT: statement_assert(parser); break;
    case CODEDB_TOKEN_KEYWORD_BREAK: statement_word(parser, CODEDB_NODE_BREAK); break;
    case CODEDB_TOKEN_KEYWORD_CONTINUE: statement_word(parser, CODEDB_NODE_CONTINUE); break;
    case CODEDB_TOKEN_KEYWORD_GLOBAL: statement_names(parser, CODEDB_NODE_GLOBAL); break;
    case CODEDB_TOKEN_KEYWORD_NONLOCAL: statement_names(parser, CODEDB_NODE_NONLOCAL); break;
    default: statement_expression(parser);
    }
    parser_role(parser, CODEDB_FIELD_body);
}

/* How far CPython has looked for an annotation of the expression of that kind, if a ':' stands behind it; in bytes. */
static uint32_t statement_annotation_reach(const codedb_parser *parser, uint8_t kind)
{
    bool is_read = kind != CODEDB_NODE_STARRED_ELEMENT && kind != CODEDB_NODE_YIELD;
    return is_read && parser_sees(parser, CODEDB_TOKEN_COLON) && parser->version >= 310 ? parser->tokens[parser->at + 1].start
                                                                                        : 0;
}

/* Something stands behind a small statement that does not belong to it. */
static void statement_fail_line(codedb_parser *parser)
{
    const codedb_node *node = parser_last(parser);
    bool is_read = parser->version == 309 ? !parser->failed || parser->error->expected : codedb_expression_begins(parser);
    bool is_expression = node->kind == CODEDB_NODE_EXPR && node->first < parser->end;
    uint32_t reached = is_expression ? statement_annotation_reach(parser, node[-1].kind) : 0;
    if (is_expression && (is_read || codedb_hint_has_elements(parser, node->first))) {
        uint32_t elements = codedb_hint_elements(parser, node->first);
        reached = elements > reached ? elements : reached;
    }
    codedb_hint_behind(parser, "newline");
    if (parser->error->reached < reached)
        parser->error->reached = reached;
}

/* simple_stmts: ';'.simple_stmt+ [';'] NEWLINE. A line of its own, or the suite behind a colon. */
static void statement_line(codedb_parser *parser, codedb_node_kind kind)
{
    uint32_t first = parser->at, mark = parser->count;
    do
        statement_small(parser);
    while (parser_accept(parser, CODEDB_TOKEN_SEMICOLON) && !parser_sees(parser, CODEDB_TOKEN_NEWLINE));
    uint32_t last = parser_last(parser)->last;
    if (CODEDB_UNLIKELY(!parser_accept(parser, CODEDB_TOKEN_NEWLINE)))
        statement_fail_line(parser);
    parser_add(parser, kind, first, last, mark);
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------- */

/* A compound statement ends where its last clause ends. */
static void statement_close(codedb_parser *parser, codedb_node_kind kind, uint32_t first, uint32_t mark)
{
    parser_add(parser, kind, first, parser_last(parser)->last, mark);
}

/* Fails where a block or what has to follow one is expected. CPython has a message for that since 3.10, and then looks at the rest of the
 * source, as it does not when an indentation fits nowhere. */
static void statement_fail_block(codedb_parser *parser, const char *what)
{
    bool is_first = !parser->failed;
    codedb_parser_fail_expected(parser, what);
    if (is_first && parser->version >= 310)
        parser->error->indent = parser->error->expected = false;
}

/* block: NEWLINE INDENT statements DEDENT | simple_stmts, behind the colon. `owner` is for the message. */
static void statement_block(codedb_parser *parser, const char *owner)
{
    bool is_colon = parser_sees(parser, CODEDB_TOKEN_COLON);
    /* The header's expression is the last node, unless that is a name, or, behind `try` and `else`, a statement that has ended. */
    if (CODEDB_UNLIKELY(!is_colon) && parser->count > 0 && parser_last(parser)->field != CODEDB_FIELD_name)
        codedb_hint_behind(parser, "':'");
    parser_expect(parser, CODEDB_TOKEN_COLON);
    if (!parser_accept(parser, CODEDB_TOKEN_NEWLINE)) {
        statement_line(parser, CODEDB_NODE_SIMPLE_STATEMENT_SUITE);
        parser_role(parser, CODEDB_FIELD_body);
        return;
    }
    if (!parser_accept(parser, CODEDB_TOKEN_INDENT)) {
        char what[64] = "an indented block after ";
        strncat(what, owner, sizeof what - strlen(what) - 1);
        statement_fail_block(parser, what);
    }
    uint32_t mark = parser->count;
    parser_enter(parser);
    statement_parse(parser);
    uint32_t first = parser_last(parser)->first;
    while (!parser_sees(parser, CODEDB_TOKEN_DEDENT) && !parser_sees(parser, CODEDB_TOKEN_ENDMARKER))
        statement_parse(parser);
    parser_leave(parser);
    parser_expect(parser, CODEDB_TOKEN_DEDENT);
    statement_close(parser, CODEDB_NODE_INDENTED_BLOCK, first, mark);
    parser_role(parser, CODEDB_FIELD_body);
}

/* else_block: 'else' ':' block, if it is there; returns whether */
static bool statement_else(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    if (!parser_accept(parser, CODEDB_TOKEN_KEYWORD_ELSE))
        return false;
    statement_block(parser, "'else'");
    statement_close(parser, CODEDB_NODE_ELSE, first, mark);
    parser_role(parser, CODEDB_FIELD_orelse);
    return true;
}

/* ---- match -------------------------------------------------------------------------------------------------------- */

/* Whether the name `match` that stands here begins a match statement. Only a block's header ends with a colon, a line break and a
 * deeper line, and no other header begins with a name; so looking at the end of the line decides without trying. */
static bool statement_is_match(const codedb_parser *parser)
{
    if (parser->version < 310 || !parser_sees_word(parser, "match", 5))
        return false;
    codedb_token_kind behind = parser_kind_behind(parser);
    if (behind == CODEDB_TOKEN_DOT || behind == CODEDB_TOKEN_EQUAL || behind == CODEDB_TOKEN_COLON)
        return false;
    uint32_t at = parser->at + 1;
    while (at < parser->end && parser->tokens[at].kind != CODEDB_TOKEN_NEWLINE)
        at++;
    return at < parser->end && parser->tokens[at - 1].kind == CODEDB_TOKEN_COLON &&
           parser->tokens[at + 1].kind == CODEDB_TOKEN_INDENT;
}

/* case_block: "case" patterns ['if' named_expression] ':' block */
static void statement_case(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    if (!parser_sees_word(parser, "case", 4))
        codedb_parser_fail_expected(parser, "'case'");
    parser->at += !parser->failed;
    codedb_pattern_parse(parser);
    if (parser_accept(parser, CODEDB_TOKEN_KEYWORD_IF)) {
        codedb_named_expression_parse(parser);
        parser_role(parser, CODEDB_FIELD_guard);
    } else if (CODEDB_UNLIKELY(!parser_sees(parser, CODEDB_TOKEN_COLON))) {
        codedb_parser_fail_expected(parser, "':'");
    }
    statement_block(parser, "'case'");
    statement_close(parser, CODEDB_NODE_MATCH_CASE, first, mark);
    parser_role(parser, CODEDB_FIELD_cases);
}

/* match_stmt: "match" subject_expr ':' NEWLINE INDENT case_block+ DEDENT
 * subject_expr: star_named_expression ',' [star_named_expressions] | named_expression */
static void statement_match(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    codedb_star_expressions_parse(parser, 310, true);
    if (parser_last(parser)->kind == CODEDB_NODE_STARRED_ELEMENT)
        codedb_parser_fail_expected(parser, "',' behind a starred subject");
    if (CODEDB_UNLIKELY(!parser_sees(parser, CODEDB_TOKEN_COLON)))
        codedb_hint_behind(parser, "':'");
    parser_role(parser, CODEDB_FIELD_subject);
    parser_expect(parser, CODEDB_TOKEN_COLON);
    parser_expect(parser, CODEDB_TOKEN_NEWLINE);
    if (!parser_accept(parser, CODEDB_TOKEN_INDENT))
        statement_fail_block(parser, "an indented block after 'match'");
    parser_enter(parser);
    do
        statement_case(parser);
    while (!parser_sees(parser, CODEDB_TOKEN_DEDENT) && !parser_sees(parser, CODEDB_TOKEN_ENDMARKER));
    parser_leave(parser);
    parser_expect(parser, CODEDB_TOKEN_DEDENT);
    statement_close(parser, CODEDB_NODE_MATCH, first, mark);
}

/* What looks like a match statement; an error in its header may be one of an expression that begins with a name, if that gets further. */
static void statement_match_or_line(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    statement_match(parser);
    if (CODEDB_LIKELY(!parser->failed) || !parser->error->expected || parser->error->no_memory)
        return;
    uint32_t behind = first;
    while (parser->tokens[behind].kind != CODEDB_TOKEN_NEWLINE)
        behind++;
    if (parser->error->offset > parser->tokens[behind].start)
        return;
    codedb_syntax_error as_match = *parser->error;
    parser->failed = false;
    parser->at = first;
    parser->count = mark;
    statement_line(parser, CODEDB_NODE_SIMPLE_STATEMENT_LINE);
    uint32_t reached = parser->failed && parser->error->reached > as_match.reached ? parser->error->reached : as_match.reached;
    if (!parser->failed || (parser->error->expected && parser->error->offset <= as_match.offset))
        *parser->error = as_match;
    if (parser->error->reached < reached)
        parser->error->reached = reached;
    parser->failed = true;
    parser->at = parser->end;
}

/* A line that begins with a name. When it is an error and the name is `match`, the error may be a match statement's: as in CPython, that
 * reading of the line counts which gets further, unless one says more than that something was expected, the match statement's first. */
static void statement_name_line(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    bool may_match = parser->version >= 310 && parser_sees_word(parser, "match", 5);
    statement_line(parser, CODEDB_NODE_SIMPLE_STATEMENT_LINE);
    if (CODEDB_LIKELY(!parser->failed || !may_match || parser->error->no_memory))
        return;
    codedb_syntax_error as_line = *parser->error;
    parser->failed = false;
    parser->at = first;
    parser->count = mark;
    statement_match(parser);
    bool is_told = parser->failed && !parser->error->expected;
    uint32_t reached = parser->failed && parser->error->reached > as_line.reached ? parser->error->reached : as_line.reached;
    if (!is_told && !parser->error->no_memory && (!as_line.expected || parser->error->offset < as_line.offset))
        *parser->error = as_line;
    if (parser->error->reached < reached)
        parser->error->reached = reached;
}

/* ---- if, while, for ----------------------------------------------------------------------------------------------- */

/* The clauses of an if are children of each other to the right: `count` pairs of test and body, and perhaps an Else, have been
 * parsed. Lays the Ifs down from the last on. */
static void statement_wrap_ifs(codedb_parser *parser, uint32_t count, bool has_else)
{
    uint32_t body = parser->count - 1;
    if (has_else)
        body -= parser_size(&parser->nodes[body]);
    for (;;) {
        const codedb_node *nodes = parser->nodes;
        uint32_t test = body - parser_size(&nodes[body]);
        uint32_t mark = test - parser_size(&nodes[test]) + 1;
        statement_close(parser, CODEDB_NODE_IF, parser_start(&nodes[test]) - 1, mark);
        if (--count == 0)
            return;
        parser_role(parser, CODEDB_FIELD_orelse);
        body = mark - 1;
    }
}

/* if_stmt: 'if' named_expression ':' block (elif_stmt | [else_block])
 * elif_stmt: 'elif' named_expression ':' block (elif_stmt | [else_block]) */
static void statement_if(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count, count = 0;
    do {
        parser->at++;
        codedb_named_expression_parse(parser);
        parser_role(parser, CODEDB_FIELD_test);
        statement_block(parser, count == 0 ? "'if'" : "'elif'");
        count++;
    } while (parser_sees(parser, CODEDB_TOKEN_KEYWORD_ELIF));
    bool has_else = statement_else(parser);
    if (parser->failed)
        statement_close(parser, CODEDB_NODE_IF, first, mark);
    else
        statement_wrap_ifs(parser, count, has_else);
}

/* while_stmt: 'while' named_expression ':' block [else_block] */
static void statement_while(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count;
    codedb_named_expression_parse(parser);
    parser_role(parser, CODEDB_FIELD_test);
    statement_block(parser, "'while'");
    statement_else(parser);
    statement_close(parser, CODEDB_NODE_WHILE, first, mark);
}

/* for_stmt: ['async'] 'for' star_targets 'in' ~ star_expressions ':' block [else_block], from 'for' on */
static void statement_for(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    parser->at++;
    codedb_targets_parse(parser, true);
    codedb_star_expressions_parse(parser, 309, false);
    parser_role(parser, CODEDB_FIELD_iter);
    statement_block(parser, "'for'");
    statement_else(parser);
    statement_close(parser, CODEDB_NODE_FOR, first, mark);
}

/* ---- try ---------------------------------------------------------------------------------------------------------- */

/* The types behind 'except' from token `first` on, of which there are several: before 3.14 they have to be in parentheses. */
static void statement_exceptions(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    if (parser->version < 314)
        codedb_hint_exceptions(parser, first);
    parser_role(parser, CODEDB_FIELD_value);
    parser_close(parser, CODEDB_NODE_ELEMENT, first, mark);
    parser_role(parser, CODEDB_FIELD_elements);
    while (parser_accept(parser, CODEDB_TOKEN_COMMA) && !parser_sees(parser, CODEDB_TOKEN_COLON)) {
        uint32_t element = parser->at, element_mark = parser->count;
        codedb_expression_parse(parser);
        parser_role(parser, CODEDB_FIELD_value);
        parser_close(parser, CODEDB_NODE_ELEMENT, element, element_mark);
        parser_role(parser, CODEDB_FIELD_elements);
    }
    parser_close(parser, CODEDB_NODE_TUPLE, first, mark);
}

/* The line may end in the header of a handler, where a ':' has to be: since 3.10 CPython has a message for that. */
static void statement_handler_line_end(codedb_parser *parser)
{
    if (parser_sees(parser, CODEDB_TOKEN_NEWLINE) && parser->version >= 310)
        codedb_parser_fail(parser, parser->at, parser->at + 1, "expected ':' behind 'except', found newline");
}

/* except_block: 'except' expressions ':' block | 'except' expression 'as' NAME ':' block | 'except' ':' block
 * except_star_block: the same with 'except' '*', and never without a type. Up to the ':'; returns whether it has a star. */
static bool statement_handler_header(codedb_parser *parser)
{
    parser->at++;
    bool star = parser_accept(parser, CODEDB_TOKEN_STAR);
    if (star && (parser_sees(parser, CODEDB_TOKEN_COLON) || parser_sees(parser, CODEDB_TOKEN_NEWLINE)))
        codedb_parser_fail(parser, parser->at, parser->at + 1,
                           "expected one or more exception types behind 'except*', found none");
    statement_handler_line_end(parser);
    if (star || !parser_sees(parser, CODEDB_TOKEN_COLON)) {
        uint32_t type = parser->at, mark = parser->count;
        codedb_expression_parse(parser);
        bool several = parser_sees(parser, CODEDB_TOKEN_COMMA);
        if (several)
            statement_exceptions(parser, type, mark);
        parser_role(parser, CODEDB_FIELD_type);
        if (!several)
            statement_as_name(parser, CODEDB_FIELD_name);
    }
    statement_handler_line_end(parser);
    return star;
}

static void statement_handler(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    bool star = statement_handler_header(parser);
    statement_block(parser, "'except'");
    statement_close(parser, star ? CODEDB_NODE_EXCEPT_STAR_HANDLER : CODEDB_NODE_EXCEPT_HANDLER, first, mark);
    parser_role(parser, CODEDB_FIELD_handlers);
}

static void statement_handler_header_parse(codedb_parser *parser)
{
    statement_handler_header(parser);
    parser_expect(parser, CODEDB_TOKEN_COLON);
}

/* finally_block: 'finally' ':' block, if it is there; returns whether */
static bool statement_finally(codedb_parser *parser)
{
    uint32_t first = parser->at, mark = parser->count;
    if (!parser_accept(parser, CODEDB_TOKEN_KEYWORD_FINALLY))
        return false;
    statement_block(parser, "'finally'");
    statement_close(parser, CODEDB_NODE_FINALLY, first, mark);
    parser_role(parser, CODEDB_FIELD_finalbody);
    return true;
}

/* except_block+ | except_star_block+, if there are any; returns whether. `star`: whether they are of the second kind. */
static bool statement_handlers(codedb_parser *parser, bool *star)
{
    bool handled = false;
    *star = false;
    while (parser_sees(parser, CODEDB_TOKEN_KEYWORD_EXCEPT)) {
        bool is_star = parser_kind_behind(parser) == CODEDB_TOKEN_STAR;
        parser->at += is_star && parser->version < 311;
        if (is_star)
            codedb_parser_require(parser, 311, "'except*'");
        if (handled && is_star != *star && !parser->failed)
            codedb_hint_other_handler(parser, statement_handler_header_parse);
        if (parser->failed)
            break;
        *star = is_star;
        handled = true;
        statement_handler(parser);
    }
    return handled;
}

static void statement_handlers_parse(codedb_parser *parser)
{
    bool star;
    statement_handlers(parser, &star);
}

/* try_stmt: 'try' ':' block finally_block | 'try' ':' block except_block+ [else_block] [finally_block]
 *         | 'try' ':' block except_star_block+ [else_block] [finally_block] */
static void statement_try(codedb_parser *parser)
{
    uint32_t first = parser->at++, mark = parser->count, block = parser->at + 1;
    statement_block(parser, "'try'");
    if (CODEDB_UNLIKELY(parser->failed) && block <= parser->end && parser->tokens[block].kind == CODEDB_TOKEN_KEYWORD_EXCEPT &&
        parser->tokens[block - 1].kind == CODEDB_TOKEN_COLON)
        codedb_hint_handlers(parser, statement_handlers_parse, block);
    bool star, handled = statement_handlers(parser, &star);
    if (handled)
        statement_else(parser);
    if (!statement_finally(parser) && !handled)
        statement_fail_block(parser, "'except' or 'finally'");
    statement_close(parser, star ? CODEDB_NODE_TRY_STAR : CODEDB_NODE_TRY, first, mark);
}

/* ---- with --------------------------------------------------------------------------------------------------------- */

/* What the scan below has seen of the text in parentheses behind `with`. */
typedef struct statement_with_scan {
    unsigned depth;
    unsigned lambdas; /* whose colon is still to come */
    bool at_start;    /* of an item */
    bool items;       /* nothing seen that no list of items can have */
    bool named;       /* an `as` while `items`: nothing but a list of items can have one */
} statement_with_scan;

/* One token of it. */
static void statement_scan_with_token(statement_with_scan *scan, codedb_token_kind kind)
{
    bool at_start = scan->at_start;
    scan->at_start = false;
    switch (kind) {
    case CODEDB_TOKEN_LEFT_PAREN:
    case CODEDB_TOKEN_LEFT_BRACKET:
    case CODEDB_TOKEN_LEFT_BRACE: scan->depth++; return;
    case CODEDB_TOKEN_RIGHT_PAREN:
    case CODEDB_TOKEN_RIGHT_BRACKET:
    case CODEDB_TOKEN_RIGHT_BRACE: scan->depth--; return;
    default: break;
    }
    if (scan->depth > 1)
        return;
    if (kind == CODEDB_TOKEN_KEYWORD_LAMBDA)
        scan->lambdas++;
    else if (kind == CODEDB_TOKEN_COLON && scan->lambdas > 0)
        scan->lambdas--;
    else if (kind == CODEDB_TOKEN_COMMA)
        scan->at_start = scan->lambdas == 0;
    else if (kind == CODEDB_TOKEN_KEYWORD_AS)
        scan->named = scan->named || scan->items;
    else if (kind == CODEDB_TOKEN_COLON_EQUAL || kind == CODEDB_TOKEN_KEYWORD_FOR || kind == CODEDB_TOKEN_KEYWORD_YIELD ||
             kind == CODEDB_TOKEN_KEYWORD_ASYNC || (kind == CODEDB_TOKEN_STAR && at_start))
        scan->items = false;
}

/* Whether the parenthesis that stands here encloses all items of a with statement: what is between can be a list of items, and either
 * can be nothing else or the closing one is followed by the colon. Looks at each token of it once; only the first parenthesis behind
 * `with` is asked about. */
static bool statement_with_is_parenthesized(const codedb_parser *parser)
{
    statement_with_scan scan = {.depth = 1, .at_start = true, .items = true};
    uint32_t at = parser->at + 1;
    if (parser->tokens[at].kind == CODEDB_TOKEN_RIGHT_PAREN)
        return false;
    for (; scan.depth > 0 && at < parser->end; at++)
        statement_scan_with_token(&scan, (codedb_token_kind)parser->tokens[at].kind);
    return scan.named || (scan.items && scan.depth == 0 && parser->tokens[at].kind == CODEDB_TOKEN_COLON);
}

/* with_item: expression 'as' star_target &(',' | ')' | ':') | expression
 * `in_tuple`: CPython has read it as an element of a tuple, too. */
static void statement_with_item(codedb_parser *parser, bool in_parens, bool in_tuple)
{
    uint32_t first = parser->at, mark = parser->count;
    codedb_expression_parse(parser);
    if (CODEDB_UNLIKELY(parser_sees(parser, CODEDB_TOKEN_EQUAL)) && in_tuple && parser->version >= 310)
        codedb_hint_equal(parser);
    parser_role(parser, CODEDB_FIELD_item);
    uint32_t as = parser->at, as_mark = parser->count;
    if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_AS)) {
        bool had_failed = parser->failed;
        if (in_parens)
            codedb_parser_require(parser, 309, "'as' in parentheses behind 'with'");
        if (CODEDB_UNLIKELY(parser->failed) && !had_failed)
            parser->error->expected = !parser->error->no_memory;
        parser_accept(parser, CODEDB_TOKEN_KEYWORD_AS);
        codedb_target_parse(parser, first);
        parser_role(parser, CODEDB_FIELD_name);
        parser_close(parser, CODEDB_NODE_AS_NAME, as, as_mark);
        parser_role(parser, CODEDB_FIELD_asname);
    }
    parser_close(parser, CODEDB_NODE_WITH_ITEM, first, mark);
    parser_role(parser, CODEDB_FIELD_items);
}

/* with_stmt: ['async'] 'with' '(' ','.with_item+ [','] ')' ':' block | ['async'] 'with' ','.with_item+ ':' block, from 'with' on */
static void statement_with(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    uint32_t paren = ++parser->at;
    bool in_parens = parser_sees(parser, CODEDB_TOKEN_LEFT_PAREN) && statement_with_is_parenthesized(parser);
    bool in_tuple = in_parens;
    parser->at += in_parens;
    for (;;) {
        statement_with_item(parser, in_parens, in_tuple);
        in_tuple = in_tuple && parser->nodes[parser->count - 2].field != CODEDB_FIELD_asname;
        if (!parser_sees(parser, CODEDB_TOKEN_COMMA))
            break;
        if (!in_parens)
            codedb_parser_require(parser, 301, "more than one item behind 'with'");
        parser_accept(parser, CODEDB_TOKEN_COMMA);
        if (in_parens && parser_sees(parser, CODEDB_TOKEN_RIGHT_PAREN))
            break;
    }
    if (in_parens && !in_tuple && parser_sees(parser, CODEDB_TOKEN_EQUAL))
        codedb_parser_expect_bare(parser, CODEDB_TOKEN_RIGHT_PAREN);
    else if (in_parens)
        codedb_bracket_close(parser, CODEDB_TOKEN_RIGHT_PAREN);
    if (CODEDB_UNLIKELY(parser->failed))
        codedb_hint_with_items(parser, paren);
    statement_block(parser, "'with'");
    statement_close(parser, CODEDB_NODE_WITH, first, mark);
    parser_last(parser)->parens = in_parens;
}

/* ---- def and class ------------------------------------------------------------------------------------------------ */

/* ['->' expression] &&':', behind the '->': since 3.10 what is read of an expression stands without more before the ':' that has to
 * follow; up to 3.12 that was found without a second look. */
static void statement_returns(codedb_parser *parser)
{
    uint32_t first = parser->at;
    bool quiet = parser->quiet, looks_once = parser->version >= 310 && parser->version < 313, had_failed = parser->failed;
    parser->quiet = quiet || looks_once;
    codedb_annotation_parse(parser, false, CODEDB_FIELD_returns);
    parser->quiet = quiet;
    if (CODEDB_UNLIKELY(parser->failed) && looks_once && !had_failed && !parser->error->at_once)
        parser->error->expected = !parser->error->no_memory;
    if (!parser_sees(parser, CODEDB_TOKEN_COLON) && !parser->failed && looks_once)
        codedb_parser_fail_expected(parser, "':'");
    else if (CODEDB_UNLIKELY(parser->failed) && parser->version >= 310) {
        uint32_t behind = codedb_parser_behind_expression(parser, first);
        if (parser->tokens[behind].start > parser->error->offset) /* it is a lambda's body, and the parameters are wrong */
            behind = codedb_parser_behind_whole(parser, first);
        codedb_parser_fail_before(parser, behind > first ? behind : first - 1,
                                  behind > first ? "':'" : "an expression behind '->'");
    }
}

/* function_def_raw: ['async'] 'def' NAME [type_params] '(' [params] ')' ['->' expression] ':' block, from 'def' on */
static void statement_function(codedb_parser *parser, uint32_t first, uint32_t mark)
{
    parser->at++;
    parser_bound_name(parser, CODEDB_FIELD_name);
    bool named = !parser->failed;
    uint32_t bracket = parser->at;
    bool quiet = parser->quiet, looks_once = parser->version < 313; /* up to 3.12 the '(' is missed without a second look */
    parser->quiet = quiet || looks_once;
    statement_type_parameters(parser);
    parser->quiet = quiet;
    if (CODEDB_UNLIKELY(parser->failed) && named) {
        if (looks_once && parser->version >= 312 && !parser->error->at_once)
            parser->error->expected = !parser->error->no_memory;
        codedb_parser_fail_before(parser, bracket, "'('");
    }
    parser_expect(parser, CODEDB_TOKEN_LEFT_PAREN);
    parser_enter(parser);
    codedb_parameters_parse(parser, CODEDB_TOKEN_RIGHT_PAREN);
    parser_leave(parser);
    parser_expect(parser, CODEDB_TOKEN_RIGHT_PAREN);
    if (parser_accept(parser, CODEDB_TOKEN_ARROW))
        statement_returns(parser);
    statement_block(parser, "a function definition");
    statement_close(parser, CODEDB_NODE_FUNCTION_DEF, first, mark);
}

/* class_def_raw: 'class' NAME [type_params] ['(' [arguments] ')'] ':' block */
static void statement_class(codedb_parser *parser, uint32_t mark)
{
    uint32_t first = parser->at++;
    parser_name(parser, CODEDB_FIELD_name);
    statement_type_parameters(parser);
    bool in_parens = parser_accept(parser, CODEDB_TOKEN_LEFT_PAREN);
    if (in_parens) {
        parser_enter(parser);
        codedb_arguments_parse(parser, true);
        parser_leave(parser);
        codedb_clauses_close(parser, CODEDB_TOKEN_RIGHT_PAREN);
    }
    statement_block(parser, "a class definition");
    bool has_arguments = in_parens && parser->tokens[first + 3].kind != CODEDB_TOKEN_RIGHT_PAREN;
    codedb_target_check_name(parser, first + 1, first + (has_arguments ? 1 : 3)); /* so CPython counts them */
    statement_close(parser, CODEDB_NODE_CLASS_DEF, first, mark);
    parser_last(parser)->parens = in_parens;
}

/* function_def | class_def | for_stmt | with_stmt, from 'async' on where that is there; `mark` is before the decorators */
static void statement_async(codedb_parser *parser, uint32_t mark)
{
    uint32_t first = parser->at;
    parser_leaf(parser, CODEDB_NODE_ASYNCHRONOUS, CODEDB_FIELD_asynchronous);
    if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_DEF))
        statement_function(parser, first, mark);
    else if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_FOR) && mark == parser->count - 1)
        statement_for(parser, first, mark);
    else if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_WITH) && mark == parser->count - 1)
        statement_with(parser, first, mark);
    else
        codedb_parser_fail_expected(parser, "'def', 'for' or 'with' behind 'async'");
}

/* Up to 3.8 a decorator is dotted_name ['(' [arguments] ')']: the first token, from `at` on, that is not of one. */
static uint32_t statement_behind_old_decorator(const codedb_parser *parser, uint32_t at)
{
    const codedb_token *tokens = parser->tokens;
    uint32_t open = 0;
    if (tokens[at].kind != CODEDB_TOKEN_NAME)
        return at;
    for (at++; tokens[at].kind == CODEDB_TOKEN_DOT; at += 2)
        if (tokens[at + 1].kind != CODEDB_TOKEN_NAME)
            return at + 1;
    if (tokens[at].kind != CODEDB_TOKEN_LEFT_PAREN)
        return at;
    for (; at < parser->end; at++) {
        codedb_token_kind kind = (codedb_token_kind)tokens[at].kind;
        open += codedb_token_opens(kind);
        open -= codedb_token_closes(kind);
        if (open == 0)
            return at + 1;
    }
    return at;
}

static void statement_check_old_decorator(codedb_parser *parser, uint32_t first)
{
    uint32_t behind = statement_behind_old_decorator(parser, first);
    if (parser->failed ? parser->error->no_memory || parser->tokens[behind].start > parser->error->offset : parser->at == behind)
        return;
    parser->failed = false;
    codedb_parser_fail(parser, behind, behind + 1, "expected a dotted name and perhaps a call behind '@' before Python 3.9");
    parser->error->reached = parser->tokens[behind].start;
    parser->error->expected = !parser->error->no_memory;
}

/* decorators: ('@' named_expression NEWLINE)+ */
static void statement_decorators(codedb_parser *parser)
{
    while (parser_sees(parser, CODEDB_TOKEN_AT)) {
        uint32_t first = parser->at++, mark = parser->count;
        codedb_named_expression_parse(parser);
        if (parser->version < 309)
            statement_check_old_decorator(parser, first + 1);
        parser_role(parser, CODEDB_FIELD_decorator);
        if (CODEDB_UNLIKELY(!parser_sees(parser, CODEDB_TOKEN_NEWLINE)))
            codedb_hint_behind(parser, "newline");
        parser_close(parser, CODEDB_NODE_DECORATOR, first, mark);
        parser_role(parser, CODEDB_FIELD_decorators);
        parser_accept(parser, CODEDB_TOKEN_NEWLINE);
    }
}

/* function_def: decorators function_def_raw        class_def: decorators class_def_raw */
static void statement_decorated(codedb_parser *parser)
{
    uint32_t mark = parser->count;
    statement_decorators(parser);
    if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_DEF))
        statement_function(parser, parser->at, mark);
    else if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_CLASS))
        statement_class(parser, mark);
    else if (parser_sees(parser, CODEDB_TOKEN_KEYWORD_ASYNC))
        statement_async(parser, mark);
    else
        codedb_parser_fail_expected(parser, "'def', 'class' or 'async' behind a decorator");
}

/* Whether the line before the token is an expression that CPython takes for the header of a match statement without its ':', too. */
static bool statement_is_match_line(const codedb_parser *parser, uint32_t behind)
{
    uint32_t depth = 0, first = behind - 1;
    bool has_comma = false;
    while (first > 0 && parser->tokens[first - 1].kind != CODEDB_TOKEN_NEWLINE &&
           parser->tokens[first - 1].kind != CODEDB_TOKEN_INDENT && parser->tokens[first - 1].kind != CODEDB_TOKEN_DEDENT)
        first--;
    const codedb_token *word = &parser->tokens[first];
    bool is_subject = word[1].kind == CODEDB_TOKEN_LEFT_PAREN || word[1].kind == CODEDB_TOKEN_LEFT_BRACKET ||
                      word[1].kind == CODEDB_TOKEN_MINUS || word[1].kind == CODEDB_TOKEN_PLUS ||
                      word[1].kind == CODEDB_TOKEN_STAR;
    if (word->kind != CODEDB_TOKEN_NAME || word->length != 5 || memcmp(parser->source + word->start, "match", 5) != 0)
        return false;
    for (uint32_t at = first + 1; at < behind && is_subject; at++) {
        codedb_token_kind kind = (codedb_token_kind)parser->tokens[at].kind;
        bool is_statement = kind == CODEDB_TOKEN_EQUAL || kind == CODEDB_TOKEN_COLON || kind == CODEDB_TOKEN_SEMICOLON;
        is_subject = depth > 0 || !(is_statement || statement_augmented[kind] != 0);
        has_comma = has_comma || (depth == 0 && kind == CODEDB_TOKEN_COMMA);
        depth += codedb_token_opens(kind);
        depth -= codedb_token_closes(kind);
    }
    return is_subject && (has_comma || word[1].kind != CODEDB_TOKEN_STAR);
}

/* Fails at an INDENT. CPython looks at the rest of the source, as it does not when an indentation fits nowhere, if it misses a ':'. */
static void statement_fail_indent(codedb_parser *parser)
{
    bool is_match = parser->version >= 310 && parser->at > 0 && statement_is_match_line(parser, parser->at);
    bool is_first = !parser->failed;
    codedb_parser_fail_expected(parser, "a statement at the block's indentation");
    if (is_first && is_match)
        parser->error->indent = false;
}

/* ---- Whole files -------------------------------------------------------------------------------------------------- */

/* statement: compound_stmt | simple_stmts
 * compound_stmt: function_def | if_stmt | class_def | with_stmt | for_stmt | try_stmt | while_stmt | match_stmt */
static void statement_parse(codedb_parser *parser)
{
    uint32_t mark = parser->count;
    switch (parser_kind(parser)) {
    case CODEDB_TOKEN_KEYWORD_IF: statement_if(parser); break;
    case CODEDB_TOKEN_KEYWORD_WHILE: statement_while(parser); break;
    case CODEDB_TOKEN_KEYWORD_FOR: statement_for(parser, parser->at, mark); break;
    case CODEDB_TOKEN_KEYWORD_TRY: statement_try(parser); break;
    case CODEDB_TOKEN_KEYWORD_WITH: statement_with(parser, parser->at, mark); break;
    case CODEDB_TOKEN_KEYWORD_DEF: statement_function(parser, parser->at, mark); break;
    case CODEDB_TOKEN_KEYWORD_CLASS: statement_class(parser, mark); break;
    case CODEDB_TOKEN_KEYWORD_ASYNC: statement_async(parser, mark); break;
    case CODEDB_TOKEN_AT: statement_decorated(parser); break;
    case CODEDB_TOKEN_NAME:
        if (CODEDB_UNLIKELY(statement_is_match(parser))) {
            statement_match_or_line(parser);
            break;
        }
        statement_name_line(parser);
        break;
    case CODEDB_TOKEN_INDENT: statement_fail_indent(parser); /* fallthrough */
    default: statement_line(parser, CODEDB_NODE_SIMPLE_STATEMENT_LINE);
    }
    parser_role(parser, CODEDB_FIELD_body);
}

/* file: [statements] ENDMARKER. Up to 3.9 a line that is empty but for a continuation before it has a NEWLINE of its own. */
static void statement_file(codedb_parser *parser)
{
    while (!parser_sees(parser, CODEDB_TOKEN_ENDMARKER))
        if (parser->version >= 310 || !parser_accept(parser, CODEDB_TOKEN_NEWLINE))
            statement_parse(parser);
    parser_add(parser, CODEDB_NODE_MODULE, 0, parser->end + 1, 0);
}

/* Copies the nodes from post-order into pre-order. Going backwards, the place of each is known: its subtree ends where its right
 * neighbour's begins (`end`). Behind a node with children comes its last child, which ends at the same place; behind a node without,
 * the left neighbour of the outermost subtree that begins with it. No branches, as none of them could be predicted. */
static void statement_order_nodes(const codedb_node *old, uint32_t count, codedb_node *nodes)
{
    uint32_t end = count;
    for (uint32_t index = count; index-- > 0;) {
        codedb_node node = old[index];
        uint32_t leaf = node.end >> 31, subtrees = node.end & (PARSER_LEAF - 1);
        uint32_t size = leaf ? 1 : node.end;
        uint32_t begins = leaf ? subtrees : 0;
        node.end = end;
        nodes[end - size] = node;
        end -= begins;
    }
}

/* Makes the parser's nodes the tree's. */
static bool statement_finish(codedb_parser *parser, codedb_tree *tree)
{
    codedb_node *nodes = codedb_memory_allocate(&tree->allocator, parser->count, sizeof *nodes);
    if (!nodes) {
        parser->error->no_memory = true;
        return false;
    }
    statement_order_nodes(parser->nodes, parser->count, nodes);
    tree->nodes = nodes;
    tree->node_count = parser->count;
    return true;
}

CODEDB_PRIVATE bool codedb_parse(codedb_tree *tree, uint32_t max_depth, codedb_syntax_error *error)
{
    *error = (codedb_syntax_error){0};
    codedb_syntax_error late = {0};
    codedb_parser parser = {
        .tokens = tree->tokens,
        .end = tree->token_count - 1,
        .capacity = tree->token_count < PARSER_LEAF - 17 ? tree->token_count + 16 : PARSER_LEAF - 1,
        .max_depth = max_depth ? max_depth : CODEDB_PARSER_DEFAULT_DEPTH,
        .version = tree->target_version,
        .source = tree->source,
        .tree = tree,
        .error = error,
        .late = &late,
    };
    parser.nodes = codedb_memory_allocate(&tree->allocator, parser.capacity, sizeof *parser.nodes);
    if (!parser.nodes) {
        error->no_memory = true;
        return false;
    }
    statement_file(&parser);
    codedb_parser_fail_at_last(&parser);
    bool done = !parser.failed && statement_finish(&parser, tree);
    codedb_memory_release(&tree->allocator, parser.nodes);
    return done;
}
