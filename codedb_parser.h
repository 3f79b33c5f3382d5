/* codedb_parser.h -- what the files of the parser share (codedb_expression.c, codedb_fstring.c, codedb_parameter.c,
 * codedb_target.c, codedb_statement.c, codedb_pattern.c, codedb_syntax.c, codedb_hint.c, codedb_hint_target.c): its state and
 * the laying down of nodes.
 *
 * Included by those files only. Recursive descent over the token array; the binary operators by precedence climbing; no
 * production is ever tried twice, but to tell an error better.
 *
 * Invariants
 * 1. Nodes are laid down in post-order, children before their parent, so that an operand becomes the left child of what follows
 *    without being moved. Until codedb_parse turns the array into pre-order at the end, `end` of a node with children holds the size
 *    of its subtree, itself included; `end` of a node without holds PARSER_LEAF and how many subtrees begin with it, its own
 *    included: that tells where in pre-order the node before it ends.
 * 2. A production lays down exactly one node (with its subtree) more than there was: the last node is always the one just parsed, and
 *    its role in the parent is written there by the parent. Also when it fails there is one, but there may be more of them.
 * 3. The first error wins. It moves the parser to the ENDMARKER, which no production accepts, so every loop ends there and the
 *    recursion unwinds without asking. Loops therefore go on only while they find a token that they want.
 * 4. Recursion is counted: brackets, blocks, lambdas, `**`. Chains of any length (operators, elif, else in conditionals, adjacent
 *    strings, for clauses) are loops that lay the parents down afterwards, from the innermost outwards. */
#ifndef CODEDB_PARSER_H
#define CODEDB_PARSER_H

#include "codedb_tree.h"

#include <string.h>

/* Depth of recursion where the caller gives none: fits a stack of 8 MiB. */
#define CODEDB_PARSER_DEFAULT_DEPTH 3000u

typedef struct codedb_parser {
    const codedb_token *tokens;
    uint32_t at; /* the next token */
    uint32_t count;
    uint32_t capacity;
    codedb_node *nodes;
    uint32_t end; /* the ENDMARKER */
    uint32_t depth;
    uint32_t max_depth;
    int version; /* the target, 300 ... */
    bool failed;
    bool quiet;      /* on trial: what an error is called does not count, but for one that is told at once */
    bool again;      /* only CPython's second look reads what is parsed now */
    bool remembers;  /* CPython has read the defaults of the parameters that are parsed now, without looking for mistakes */
    uint32_t trials; /* that were made to tell the error better */
    uint32_t field;  /* the first token of the innermost replacement field that is being parsed; 0: none */
    const char *source;
    const codedb_tree *tree;
    codedb_syntax_error *error;
    uint32_t
        converted; /* one more than the token before which CPython has the next late error; 0: it has it where the parser is */
    codedb_syntax_error *late; /* up to 3.8: the first error that CPython finds only once it has parsed the whole source */
} codedb_parser;

/* How an expression is used as a target; says what codedb_target_check lets through. */
typedef enum codedb_target_use {
    CODEDB_TARGET_ASSIGN, /* =, with: a Starred is a target too */
    CODEDB_TARGET_FOR,    /* the same; of an `a in b` only the `a` is told of */
    CODEDB_TARGET_DELETE,
    CODEDB_TARGET_AUGMENT, /* +=: a single target */
    CODEDB_TARGET_ANNOTATE
} codedb_target_use;

/* ---- codedb_syntax.c ---------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_parser_grow(codedb_parser *parser);
/* Fails at the tokens from `first` up to `last`, exclusive, with that message. */
CODEDB_PRIVATE void codedb_parser_fail(codedb_parser *parser, uint32_t first, uint32_t last, const char *format, ...)
    CODEDB_PRINTF(4, 5);
/* The same for what up to 3.8 CPython finds only once it has parsed the whole source: there it goes on. */
CODEDB_PRIVATE void codedb_parser_fail_late(codedb_parser *parser, uint32_t first, uint32_t last, const char *format, ...)
    CODEDB_PRINTF(4, 5);
/* What CPython up to 3.8 finds late from token `first` on is of no account: it finds something else before it, of which is failed next. */
CODEDB_PRIVATE void codedb_parser_forget_late(codedb_parser *parser, uint32_t first);
/* The source is parsed: fails if there was such an error. */
CODEDB_PRIVATE void codedb_parser_fail_at_last(codedb_parser *parser);
/* Fails at the next token: "expected <what>, found <it>". */
CODEDB_PRIVATE void codedb_parser_fail_expected(codedb_parser *parser, const char *what);
/* The same, behind something that CPython reads as no expression: it looks at nothing behind the token. */
CODEDB_PRIVATE void codedb_parser_fail_bare(codedb_parser *parser, const char *what);
/* Fails so unless the next token is of that kind. */
CODEDB_PRIVATE void codedb_parser_expect_bare(codedb_parser *parser, codedb_token_kind kind);
/* The token behind the outermost brackets, of those that open at token `first` or later, that close behind token `inner`. */
CODEDB_PRIVATE uint32_t codedb_parser_behind_brackets(const codedb_parser *parser, uint32_t first, uint32_t inner);
/* The token behind the longest whole expression that begins at `first` and ends before the error; `first`: there is none. */
CODEDB_PRIVATE uint32_t codedb_parser_behind_whole(const codedb_parser *parser, uint32_t first);
/* The same, of lambdas, too. */
CODEDB_PRIVATE uint32_t codedb_parser_behind_expression(const codedb_parser *parser, uint32_t first);
/* Whether there is one, that is no lambda. */
CODEDB_PRIVATE bool codedb_parser_has_whole(const codedb_parser *parser, uint32_t first);
/* The same for a disjunction: an expression that is no conditional. */
CODEDB_PRIVATE uint32_t codedb_parser_behind_disjunction(const codedb_parser *parser, uint32_t first);
/* The token behind the strings side by side that begin at `first`; not `closed`: the tokens end within the last of them. */
CODEDB_PRIVATE uint32_t codedb_parser_behind_strings(const codedb_parser *parser, uint32_t first, bool *closed);
/* The token that ends the target that begins at `first`; `first`: there is none. */
CODEDB_PRIVATE uint32_t codedb_parser_behind_target(const codedb_parser *parser, uint32_t first);
/* The token that ends the targets, behind `del` or `for`, that begin at `first`. */
CODEDB_PRIVATE uint32_t codedb_parser_behind_targets(const codedb_parser *parser, uint32_t first);
/* The same where they may be starred. */
CODEDB_PRIVATE uint32_t codedb_parser_behind_star_targets(const codedb_parser *parser, uint32_t first);
/* After a failure by which one token was expected instead of another: fails at `token` instead, where `what` was expected. */
CODEDB_PRIVATE void codedb_parser_fail_before(codedb_parser *parser, uint32_t token, const char *what);
/* Fails at the next token if the target version is older than `version`. */
CODEDB_PRIVATE void codedb_parser_require(codedb_parser *parser, int version, const char *what);

/* ---- codedb_hint.c ------------------------------------------------------------------------------------------------ */

/* After a failure in the expression that begins at `first`: tells of a part of it instead, if CPython does. */
CODEDB_PRIVATE void codedb_hint_expression(codedb_parser *parser, uint32_t first);
/* Fails at the next token, where `expected` was, or tells of the expression just parsed instead. */
CODEDB_PRIVATE void codedb_hint_behind(codedb_parser *parser, const char *expected);
/* No 'else' stands behind the condition just parsed of a conditional expression, which begins at `first`. */
CODEDB_PRIVATE void codedb_hint_condition(codedb_parser *parser, uint32_t first);
/* An '=' stands behind the expression just parsed, where none can. */
CODEDB_PRIVATE void codedb_hint_equal(codedb_parser *parser);
/* 'not' stands where an operand of an operator that binds stronger has to. `parse`: what CPython reads behind it to tell of it, behind a sign
 * or an operator of sums and terms; NULL: nothing. */
CODEDB_PRIVATE void codedb_hint_not(codedb_parser *parser, void (*parse)(codedb_parser *));
/* The operand of the '*' at token `star`, in arguments, in a subscript or first in brackets (`in_display`, of which only
 * 3.13 and later take notice), failed. */
CODEDB_PRIVATE void codedb_hint_starred_operand(codedb_parser *parser, uint32_t star, bool in_display);
/* A '{' stands behind what may be called or subscripted: 3.9 refuses it before anything else. */
CODEDB_PRIVATE void codedb_hint_old_brace(codedb_parser *parser);
/* The items of `with`, behind which a parenthesis is token `paren`, failed: CPython looks for what the line lacks behind items of which each
 * may be several expressions. */
CODEDB_PRIVATE void codedb_hint_with_items(codedb_parser *parser, uint32_t paren);
/* Behind 'try' and ':' a handler stands at token `first`: since 3.11 CPython reads the handlers there, by `parse`, and tells of what is wrong
 * in them. */
CODEDB_PRIVATE void codedb_hint_handlers(codedb_parser *parser, void (*parse)(codedb_parser *), uint32_t first);
/* At the next token, an 'except', a handler begins that has a star where those before it have none, or the other way round: CPython says so if
 * it can read it, by `parse`, up to its ':'. */
CODEDB_PRIVATE void codedb_hint_other_handler(codedb_parser *parser, void (*parse)(codedb_parser *));
/* At the next token, among the keyword patterns of a class, a pattern has to stand that is none: CPython says so if it can read it, by `parse`,
 * with what is wrong in it and, by `parse_all`, in those behind it. */
CODEDB_PRIVATE void codedb_hint_positional_pattern(codedb_parser *parser, void (*parse)(codedb_parser *),
                                                   void (*parse_all)(codedb_parser *));
/* Something is wrong in the type alias that begins with the word at token `first`: CPython has read what follows that word as expressions
 * before, and tells of what is wrong in them. */
CODEDB_PRIVATE void codedb_hint_type_alias(codedb_parser *parser, uint32_t first);
/* Before 3.11 a '*' stands in the subscript whose '[' is token `bracket`: fails at the token that is to be told of. */
CODEDB_PRIVATE void codedb_hint_old_star(codedb_parser *parser, uint32_t bracket);
/* A ':=' stands behind the expression or expressions just parsed, where none can: `expected` may stand there instead. Behind a starred
 * one nothing is told of. */
CODEDB_PRIVATE void codedb_hint_walrus(codedb_parser *parser, const char *expected);
/* The operand of the star at token `star` is parsed: tells of another expression behind it, and of what is wrong in starred arguments behind
 * that. Returns the place up to which CPython has read then, in bytes. */
CODEDB_PRIVATE uint32_t codedb_hint_operand(codedb_parser *parser, uint32_t star);
/* An '=' stands behind an argument that begins with the star at token `star`. */
CODEDB_PRIVATE void codedb_hint_unpacked(codedb_parser *parser, uint32_t star);
/* A positional argument, just parsed or failed, that begins at `first` and may not stand behind keyword arguments (`keyword`) or behind
 * nothing but unpacked ones. */
CODEDB_PRIVATE void codedb_hint_positional(codedb_parser *parser, uint32_t first, bool keyword);
/* Clauses of a comprehension, from token `clauses` on, stood where none can: tells of the tokens from `first` to `last`, unless there is
 * something to tell of the clauses. Without `message` the clauses are the unexpected token. */
CODEDB_PRIVATE void codedb_hint_clauses(codedb_parser *parser, uint32_t clauses, uint32_t first, uint32_t last,
                                        const char *message);
/* A generator expression, just parsed from token `first` on, is not the only argument. */
CODEDB_PRIVATE void codedb_hint_generator(codedb_parser *parser, uint32_t first);
/* A '*' stands where the value of a dict is expected. */
CODEDB_PRIVATE void codedb_hint_starred_value(codedb_parser *parser);
/* A '**' stands behind a parenthesis. */
CODEDB_PRIVATE void codedb_hint_double_starred(codedb_parser *parser);
/* A ':' stands behind a type parameter with a star. */
CODEDB_PRIVATE void codedb_hint_bound(codedb_parser *parser);
/* No name stands behind the 'as' of a pattern. */
CODEDB_PRIVATE void codedb_hint_capture(codedb_parser *parser);
/* A comma stands behind an exception type, just parsed, that begins at token `first`. */
CODEDB_PRIVATE void codedb_hint_exceptions(codedb_parser *parser, uint32_t first);
/* No ':' stands behind the key just parsed, which begins at `first`, or it failed. */
CODEDB_PRIVATE void codedb_hint_key(codedb_parser *parser, uint32_t first);
/* Whether an expression, or the beginning of one, is whole before the error: of a lambda the beginning of its body. */
CODEDB_PRIVATE bool codedb_hint_has_whole(const codedb_parser *parser, uint32_t first);
/* What stands in a field from `first` on is not one expression to its end. */
CODEDB_PRIVATE void codedb_hint_field(codedb_parser *parser, uint32_t first);

/* ---- codedb_hint_target.c ----------------------------------------------------------------------------------------- */

/* The value or annotation behind an operator failed; its target is node `target`. */
CODEDB_PRIVATE void codedb_hint_value(codedb_parser *parser, uint32_t target, codedb_target_use use, uint32_t operator_token);
/* The value or annotation behind an operator is parsed, but what stands before it is no target: CPython has looked for mistakes in it. */
CODEDB_PRIVATE void codedb_hint_no_target(codedb_parser *parser, codedb_target_use use, uint32_t operator_token);
/* A statement that begins at `first` with expressions is neither them nor an assignment: tells of an '=' behind one of them. Returns how
 * far one had to look, in bytes. */
CODEDB_PRIVATE uint32_t codedb_hint_elements(codedb_parser *parser, uint32_t first);
/* Whether the statement that begins at `first` failed where elements of a tuple may go on or end all the same: at a ':=' or an
 * f-string, behind a 'not' or in brackets. */
CODEDB_PRIVATE bool codedb_hint_has_elements(const codedb_parser *parser, uint32_t first);
/* The targets behind `del` or `for`, which begin at `first`, failed. */
CODEDB_PRIVATE void codedb_hint_targets(codedb_parser *parser, uint32_t first, codedb_target_use use);
/* Something stands behind the targets of `del`, which begin at token `first`, where nothing can: CPython has read it when it comes to tell of
 * the targets. */
CODEDB_PRIVATE void codedb_hint_deleted(codedb_parser *parser, uint32_t first);
/* The one target behind `as` in a with statement, which begins at token `first`, is not followed by what has to, in 3.9. */
CODEDB_PRIVATE void codedb_hint_old_target(codedb_parser *parser, uint32_t first);
/* The target of `with` that begins with the star at token `first` could not be parsed or, if `parsed`, is none: fails at the token up to which
 * CPython has read. */
CODEDB_PRIVATE void codedb_hint_starred_target(codedb_parser *parser, uint32_t first, bool parsed);
/* A target of `with`, which begins at token `first`, could not be parsed, or something stands behind it where nothing can: tells of what is
 * wrong there for 3.10 and later. */
CODEDB_PRIVATE void codedb_hint_target(codedb_parser *parser, uint32_t first);
/* No `in` stands behind the targets of a comprehension, which begin at `first`: tells of what is wrong in them. Returns the place up to which
 * CPython has read then, in bytes. */
CODEDB_PRIVATE uint32_t codedb_hint_clause_targets(codedb_parser *parser, uint32_t first);
/* The same where CPython does not look for mistakes: it has read up to where they could end. */
CODEDB_PRIVATE void codedb_hint_quiet_targets(codedb_parser *parser, uint32_t first);
/* The same in a comprehension for 3.13 and later, where they could not be parsed. */
CODEDB_PRIVATE void codedb_hint_no_in(codedb_parser *parser, uint32_t first);
/* The same where a brace stands instead of the `in`, and only CPython's second look reads the clause: goes on to what it has read then. */
CODEDB_PRIVATE void codedb_hint_brace_no_in(codedb_parser *parser);
/* Those targets are parsed, and none: CPython tells of them when it has read all that stands there. */
CODEDB_PRIVATE void codedb_hint_bad_targets(codedb_parser *parser, uint32_t first);

/* ---- codedb_expression.c ------------------------------------------------------------------------------------------ */

/* Whether the next token can begin an expression, or a starred one. */
CODEDB_PRIVATE bool codedb_expression_begins(const codedb_parser *parser);
/* The same of any token. */
CODEDB_PRIVATE bool codedb_token_begins_expression(const codedb_parser *parser, uint32_t token);
/* Whether the expression just parsed is a bitwise_or. */
CODEDB_PRIVATE bool codedb_expression_is_bitwise_or(const codedb_parser *parser);
CODEDB_PRIVATE void codedb_bitwise_or_parse(codedb_parser *parser);
CODEDB_PRIVATE void codedb_inversion_parse(codedb_parser *parser);
CODEDB_PRIVATE void codedb_factor_parse(codedb_parser *parser);
/* star_expressions, as in an expression statement. */
CODEDB_PRIVATE void codedb_plain_star_expressions_parse(codedb_parser *parser);
CODEDB_PRIVATE void codedb_expression_parse(codedb_parser *parser);
CODEDB_PRIVATE void codedb_named_expression_parse(codedb_parser *parser);
/* '*' bitwise_or | named_expression */
CODEDB_PRIVATE void codedb_star_named_parse(codedb_parser *parser);
/* (',' star_named_expression)* [','] up to `closing`, behind the first element, just parsed, which began at token `first`; its nodes begin
 * at `mark`. */
CODEDB_PRIVATE void codedb_elements_parse(codedb_parser *parser, uint32_t first, uint32_t mark, codedb_token_kind closing);
/* star_expressions. `star_version`: the first version in which one may stand here bare; `walrus`: `:=` too (the subject of match). */
CODEDB_PRIVATE void codedb_star_expressions_parse(codedb_parser *parser, int star_version, bool walrus);
/* The clauses of a generator behind its element, just parsed, which began at token `first`; its nodes begin at `mark`. */
CODEDB_PRIVATE void codedb_generator_parse(codedb_parser *parser, uint32_t first, uint32_t mark);
/* yield_expr | star_expressions */
CODEDB_PRIVATE void codedb_yield_or_star_parse(codedb_parser *parser, int star_version);
/* star_target (',' star_target)* [','], not checked */
CODEDB_PRIVATE void codedb_target_list_parse(codedb_parser *parser);
/* The targets of `for`: star_targets, checked, and the `in` behind them. */
CODEDB_PRIVATE void codedb_targets_parse(codedb_parser *parser, bool of_statement);
/* One target behind `as` in a with statement, whose item begins at token `item`. */
CODEDB_PRIVATE void codedb_target_parse(codedb_parser *parser, uint32_t item);
/* Arguments up to the closing parenthesis, which is left; they get the role `args`, or those of a class. */
CODEDB_PRIVATE void codedb_arguments_parse(codedb_parser *parser, bool of_class);
/* The same behind a misplaced one, up to the next that is misplaced, only to tell of it. */
CODEDB_PRIVATE void codedb_arguments_rest_parse(codedb_parser *parser);
/* The closing bracket of a display, of arguments, of a subscript or of the items of `with`. */
CODEDB_PRIVATE void codedb_bracket_close(codedb_parser *parser, codedb_token_kind closing);
/* The same where clauses of a comprehension could stand, too: behind an 'async' CPython has looked for their 'for'. */
CODEDB_PRIVATE void codedb_clauses_close(codedb_parser *parser, codedb_token_kind closing);
/* Parameters up to `closing`, which is left. */
CODEDB_PRIVATE void codedb_parameters_parse(codedb_parser *parser, codedb_token_kind closing);
/* An Annotation behind its `:` or `->`; starred from 3.11 on where that is said. */
CODEDB_PRIVATE void codedb_annotation_parse(codedb_parser *parser, bool star_allowed, codedb_node_field field);
CODEDB_PRIVATE void codedb_number_parse(codedb_parser *parser);
/* '*' bitwise_or | '*' expression, as a StarredElement. */
CODEDB_PRIVATE void codedb_starred_parse(codedb_parser *parser);

/* ---- Tokens ------------------------------------------------------------------------------------------------------- */

static inline codedb_token_kind parser_kind(const codedb_parser *parser)
{
    return (codedb_token_kind)parser->tokens[parser->at].kind;
}

/* The kind of the token behind the next one; only when that is not the ENDMARKER. */
static inline codedb_token_kind parser_kind_behind(const codedb_parser *parser)
{
    return (codedb_token_kind)parser->tokens[parser->at + 1].kind;
}

static inline bool parser_sees(const codedb_parser *parser, codedb_token_kind kind)
{
    return parser_kind(parser) == kind;
}

static inline bool parser_accept(codedb_parser *parser, codedb_token_kind kind)
{
    if (parser_kind(parser) != kind)
        return false;
    parser->at++;
    return true;
}

static inline void parser_expect(codedb_parser *parser, codedb_token_kind kind)
{
    if (CODEDB_LIKELY(parser_kind(parser) == kind))
        parser->at++;
    else
        codedb_parser_fail_expected(parser, codedb_token_kind_text(kind));
}

/* Whether the next token is the name `word`. */
static inline bool parser_sees_word(const codedb_parser *parser, const char *word, uint32_t length)
{
    const codedb_token *token = &parser->tokens[parser->at];
    return token->kind == CODEDB_TOKEN_NAME && token->length == length &&
           memcmp(parser->source + token->start, word, length) == 0;
}

/* Whether the token just consumed is a comma that belongs to the node before it: then another element may follow. */
static inline bool parser_behind_comma(const codedb_parser *parser)
{
    return !parser->failed && parser->tokens[parser->at - 1].kind == CODEDB_TOKEN_COMMA;
}

/* Whether a generator's or comprehension's first clause stands here. */
static inline bool parser_sees_for(const codedb_parser *parser)
{
    return parser_sees(parser, CODEDB_TOKEN_KEYWORD_FOR) ||
           (parser_sees(parser, CODEDB_TOKEN_KEYWORD_ASYNC) && parser_kind_behind(parser) == CODEDB_TOKEN_KEYWORD_FOR);
}

/* The same where only a clause can follow: behind an 'async' it is the 'for' that is missing. */
static inline bool parser_sees_clause(const codedb_parser *parser)
{
    return parser_sees(parser, CODEDB_TOKEN_KEYWORD_FOR) || parser_sees(parser, CODEDB_TOKEN_KEYWORD_ASYNC);
}

/* ---- Nodes -------------------------------------------------------------------------------------------------------- */

#define PARSER_LEAF 0x80000000u

/* The nodes of the subtree. */
static inline uint32_t parser_size(const codedb_node *node)
{
    return node->end & PARSER_LEAF ? 1 : node->end;
}

/* Lays down a node that spans tokens `first` up to `last` and has all nodes since `mark` as descendants. */
static inline void parser_add(codedb_parser *parser, codedb_node_kind kind, uint32_t first, uint32_t last, uint32_t mark)
{
    if (CODEDB_UNLIKELY(parser->count == parser->capacity))
        codedb_parser_grow(parser);
    uint32_t index = parser->count++;
    codedb_node *node = &parser->nodes[index];
    node->first = first;
    node->last = last;
    node->end = PARSER_LEAF | 1;
    if (mark < index) {
        node->end = index - mark + 1;
        parser->nodes[mark].end++;
    }
    node->kind = (uint8_t)kind;
    node->field = CODEDB_FIELD_NONE;
    node->parens = 0;
}

/* The same from token `first` up to the next one. */
static inline void parser_close(codedb_parser *parser, codedb_node_kind kind, uint32_t first, uint32_t mark)
{
    parser_add(parser, kind, first, parser->at, mark);
}

/* Gives the node just parsed its role in the parent to come. */
static inline void parser_role(codedb_parser *parser, codedb_node_field field)
{
    parser->nodes[parser->count - 1].field = (uint8_t)field;
}

/* Takes away the node just laid down, not its children. */
static inline void parser_drop(codedb_parser *parser)
{
    parser->nodes[parser->count - parser_size(&parser->nodes[parser->count - 1])].end--;
    parser->count--;
}

/* A node without children of the next token, which is consumed: it has been looked at and is not the ENDMARKER. */
static inline void parser_leaf(codedb_parser *parser, codedb_node_kind kind, codedb_node_field field)
{
    uint32_t token = parser->at++; /* before a failure for want of memory moves the parser to the end */
    parser_add(parser, kind, token, token + 1, parser->count);
    parser_role(parser, field);
}

/* A Name. On anything else it fails and lays one down all the same (invariant 2). */
static inline void parser_name(codedb_parser *parser, codedb_node_field field)
{
    if (CODEDB_UNLIKELY(!parser_sees(parser, CODEDB_TOKEN_NAME)))
        codedb_parser_fail_expected(parser, "a name");
    parser_add(parser, CODEDB_NODE_NAME, parser->at, parser->at + 1, parser->count);
    parser_role(parser, field);
    parser->at += parser->at < parser->end;
}

/* The token where the text of a node begins, its own parentheses included. */
static inline uint32_t parser_start(const codedb_node *node)
{
    return node->first - node->parens;
}

/* The token where CPython says that an expression begins: within its parentheses, unless they are a tuple's or a generator's. */
static inline uint32_t parser_node_start(const codedb_node *node)
{
    return node->first - (node->parens > 0 && (node->kind == CODEDB_NODE_TUPLE || node->kind == CODEDB_NODE_GENERATOR_EXP));
}

static inline codedb_node *parser_last(const codedb_parser *parser)
{
    return &parser->nodes[parser->count - 1];
}

/* ---- Depth -------------------------------------------------------------------------------------------------------- */

static inline void parser_enter(codedb_parser *parser)
{
    if (CODEDB_UNLIKELY(++parser->depth > parser->max_depth))
        codedb_parser_fail(parser, parser->at, parser->at + 1, "too deeply nested: more than %u levels", parser->max_depth);
}

static inline void parser_leave(codedb_parser *parser)
{
    parser->depth--;
}

/* ---- codedb_fstring.c ---------------------------------------------------------------------------------------------- */

/* Adjacent string literals. */
CODEDB_PRIVATE void codedb_strings_parse(codedb_parser *parser);
/* Whether it may stand behind the expression of a replacement field. */
CODEDB_PRIVATE bool codedb_token_ends_field(codedb_token_kind kind);

/* ---- codedb_statement.c and codedb_pattern.c ------------------------------------------------------------------------ */

/* dotted_name: dotted_name '.' NAME | NAME */
CODEDB_PRIVATE void codedb_dotted_name_parse(codedb_parser *parser);
/* patterns, of a case clause. */
CODEDB_PRIVATE void codedb_pattern_parse(codedb_parser *parser);

/* ---- codedb_target.c ---------------------------------------------------------------------------------------------- */

/* Up to 3.8 CPython's parser lets nothing be called __debug__: fails at token `blamed` if
 * the token `token`, which is bound, is that name. */
CODEDB_PRIVATE void codedb_target_check_name(codedb_parser *parser, uint32_t token, uint32_t blamed);
/* A Name that is bound. */
static inline void parser_bound_name(codedb_parser *parser, codedb_node_field field)
{
    if (CODEDB_UNLIKELY(parser->version < 309))
        codedb_target_check_name(parser, parser->at, parser->at);
    parser_name(parser, field);
}

/* The token where the first part of the targets that are node `index` (in post-order) begins that is none; UINT32_MAX: all are. */
CODEDB_PRIVATE uint32_t codedb_target_other_start(const codedb_parser *parser, uint32_t index);
/* Fails at the first part of node `index` (in post-order) that cannot be such a target; up to 3.8 at token `whole` or, behind `del` and
 * `for`, at the element that has it. */
CODEDB_PRIVATE void codedb_target_check_in(codedb_parser *parser, uint32_t index, codedb_target_use use, uint32_t whole);

static inline void codedb_target_check(codedb_parser *parser, uint32_t index, codedb_target_use use)
{
    codedb_target_check_in(parser, index, use, parser_start(&parser->nodes[index]));
}

/* What an error message calls an expression that is no target. */
CODEDB_PRIVATE const char *codedb_target_text(const codedb_parser *parser, const codedb_node *node);

#endif
