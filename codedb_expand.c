/* codedb_expand.c -- the whole tree: white space and punctuation fabricated between the stored nodes.
 *
 * Called by codedb_tree.c (dump), the selectors and the edits, from any thread; calls the memory functions only. Reads a finished
 * tree and never changes it.
 *
 * One table row a class says what a node of the class writes, in order: tokens, children, white space, punctuation. One engine
 * follows the rows with a cursor over the tokens, a cursor over the stored nodes and `offset`, the place up to which the source
 * is written. Everything else follows from these:
 *
 * 1. The text between two tokens is a gap. The first white-space field that stands in a gap takes all of it; the later ones find
 *    nothing left and are empty. A field with a condition that does not hold takes nothing.
 * 2. `offset` never moves backwards, and never behind the start of the token under the cursor. So each byte of the source is in
 *    exactly one leaf, in one token, or is indentation.
 * 3. A child that stands in the list behind the white space that is written behind it (five classes) is fabricated with DEFER:
 *    the gap is put aside, and read when its turn in the list has come.
 * 4. There is no recursion: nesting costs a frame on a stack of our own.
 *
 * Contents: templates; nodes; gaps (simple, in brackets, lines between statements); punctuation; steps; the engine. */
#include "codedb_tree.h"

#include <string.h>

#define EXPAND_NONE UINT32_MAX

/* ---- Templates ---------------------------------------------------------------------------------------------------- */

typedef enum expand_operation {
    EXPAND_STOP,
    EXPAND_TOKEN,         /* the next token */
    EXPAND_TEXT,          /* all tokens of the node */
    EXPAND_SPACE,         /* white space; without the condition there is none */
    EXPAND_SPACE_TAKEN,   /* white space; without the condition it is empty */
    EXPAND_SPACE_NOWHERE, /* white space; without the condition it is empty and has no position */
    EXPAND_CHILDREN,      /* the stored children with the field's role */
    EXPAND_PUNCTUATION,   /* a punctuation node if the next token is `argument` */
    EXPAND_ITEM_COMMA,    /* a comma that leaves the gap behind it to the closing bracket when it is the last one */
    EXPAND_OWN_BRACKET,   /* a punctuation node if the next token is `argument` and no child begins with it */
    EXPAND_DOTS,          /* a Dot for each dot of the following tokens */
    EXPAND_LEFT_PARENS,   /* the node's own parentheses */
    EXPAND_RIGHT_PARENS,
    EXPAND_BEGIN,        /* the position begins here */
    EXPAND_FINISH,       /* the position ends here */
    EXPAND_BEGIN_CHILD,  /* the position begins with the first child's */
    EXPAND_FINISH_CHILD, /* the position ends with the last child's */
    EXPAND_LINES,        /* empty lines up to the next statement, and its indentation */
    EXPAND_FOOTER,       /* empty lines that belong to the block that ends here */
    EXPAND_TRAILING,     /* the rest of a logical line */
    EXPAND_INDENT,       /* a block begins */
    EXPAND_DEDENT,
    EXPAND_DEFER,   /* puts the gap aside */
    EXPAND_DEFERRED /* white space in the gap that was put aside */
} expand_operation;

typedef enum expand_condition {
    EXPAND_ALWAYS,
    EXPAND_IF_NEXT, /* the next token is `argument` */
    EXPAND_IF_NOT_NEXT,
    EXPAND_IF_PREVIOUS,   /* the token before is `argument` */
    EXPAND_IF_STAR,       /* the next token is * or **, and not the next child's */
    EXPAND_IF_AFTER_STAR, /* the token before is */
    EXPAND_IF_CHILD,      /* the next child has the role `argument` */
    EXPAND_IF_PARENT,     /* the parent's kind is `argument` */
    EXPAND_IF_NOT_PARENT,
    EXPAND_IF_ROLE /* the node's own role is `argument` */
} expand_condition;

typedef struct expand_step {
    uint8_t operation; /* expand_operation */
    uint8_t field;     /* codedb_node_field */
    uint8_t condition; /* expand_condition */
    uint8_t argument;  /* token kind, field or node kind, as the operation or the condition has it */
} expand_step;

/* clang-format off */
#define ROW(code, ...) [CODEDB_NODE_##code] = (const expand_step[]){__VA_ARGS__, {EXPAND_STOP, 0, 0, 0}}
#define STEP(operation) {EXPAND_##operation, 0, 0, 0}
#define AT(operation, name) {EXPAND_##operation, CODEDB_FIELD_##name, 0, 0}

/* Conditions. */
#define NEXT(token) EXPAND_IF_NEXT, CODEDB_TOKEN_##token
#define NOT_NEXT(token) EXPAND_IF_NOT_NEXT, CODEDB_TOKEN_##token
#define PREVIOUS(token) EXPAND_IF_PREVIOUS, CODEDB_TOKEN_##token
#define HAS(name) EXPAND_IF_CHILD, CODEDB_FIELD_##name
#define IN(code) EXPAND_IF_PARENT, CODEDB_NODE_##code
#define NOT_IN(code) EXPAND_IF_NOT_PARENT, CODEDB_NODE_##code
#define ROLE(name) EXPAND_IF_ROLE, CODEDB_FIELD_##name
#define STAR EXPAND_IF_STAR, 0
#define AFTER_STAR EXPAND_IF_AFTER_STAR, 0

/* Steps. */
#define TOKEN STEP(TOKEN)
#define TOKEN_IF(...) {EXPAND_TOKEN, 0, __VA_ARGS__}
#define TEXT STEP(TEXT)
#define BEGIN STEP(BEGIN)
#define FINISH STEP(FINISH)
#define BEGIN_CHILD STEP(BEGIN_CHILD)
#define FINISH_CHILD STEP(FINISH_CHILD)
#define OPEN STEP(LEFT_PARENS), BEGIN
#define CLOSE FINISH, STEP(RIGHT_PARENS)
#define SPACE(name) AT(SPACE, name)
#define SPACE_IF(name, ...) {EXPAND_SPACE, CODEDB_FIELD_##name, __VA_ARGS__}
#define SPACE_TAKEN_IF(name, ...) {EXPAND_SPACE_TAKEN, CODEDB_FIELD_##name, __VA_ARGS__}
#define SPACE_NOWHERE_UNLESS(name, ...) {EXPAND_SPACE_NOWHERE, CODEDB_FIELD_##name, __VA_ARGS__}
#define CHILDREN(name) AT(CHILDREN, name)
#define MARK(name, token) {EXPAND_PUNCTUATION, CODEDB_FIELD_##name, 0, CODEDB_TOKEN_##token}
#define OWN(name, token) {EXPAND_OWN_BRACKET, CODEDB_FIELD_##name, 0, CODEDB_TOKEN_##token}
#define COMMA MARK(comma, COMMA)
#define ITEM_COMMA(name) AT(ITEM_COMMA, name)
#define ITEM_COMMA_IF(name, ...) {EXPAND_ITEM_COMMA, CODEDB_FIELD_##name, __VA_ARGS__}
#define SEMICOLON MARK(semicolon, SEMICOLON)
#define LINES(name) AT(LINES, name)
#define DEFER STEP(DEFER)
#define DEFERRED(name) AT(DEFERRED, name)

/* Rows that many classes share. */
#define LITERAL(code) ROW(code, OPEN, TEXT, CLOSE)
#define OPERATOR(code) ROW(code, SPACE(whitespace_before), BEGIN, TOKEN, FINISH, SPACE(whitespace_after))
#define TWO_WORDS(code) \
    ROW(code, SPACE(whitespace_before), BEGIN, TOKEN, SPACE(whitespace_between), TOKEN, FINISH, SPACE(whitespace_after))
#define PREFIX(code) ROW(code, TOKEN, SPACE(whitespace_after))
#define KEYWORD_STATEMENT(code) ROW(code, BEGIN, TOKEN, FINISH, SEMICOLON)
#define NAME_STATEMENT(code, space) ROW(code, BEGIN, TOKEN, SPACE(space), CHILDREN(names), FINISH, SEMICOLON)
#define FIELD_EXPRESSION(code) \
    ROW(code, TOKEN, SPACE(whitespace_before_expression), CHILDREN(expression), MARK(equal, EQUAL), \
        SPACE(whitespace_after_expression), TOKEN_IF(NEXT(EXCLAMATION)), TOKEN_IF(PREVIOUS(EXCLAMATION)), TOKEN_IF(NEXT(COLON)), \
        CHILDREN(format_spec), TOKEN)
#define JOINED(code, name) ROW(code, OPEN, CHILDREN(name), CLOSE)
#define BINARY(code) ROW(code, OPEN, CHILDREN(left), CHILDREN(operator), CHILDREN(right), CLOSE)
#define BRACES MARK(lbrace, LEFT_BRACE)
#define BRACES_END MARK(rbrace, RIGHT_BRACE)
#define BRACKET MARK(lbracket, LEFT_BRACKET)
#define BRACKET_END MARK(rbracket, RIGHT_BRACKET)
#define SUITE SPACE(whitespace_before_colon), TOKEN, CHILDREN(body)
#define IMPORT_FROM \
    TOKEN, SPACE(whitespace_after_from), AT(DOTS, relative), CHILDREN(module), SPACE(whitespace_before_import), TOKEN, \
        SPACE(whitespace_after_import), OWN(lpar, LEFT_PAREN), CHILDREN(names), MARK(rpar, RIGHT_PAREN), FINISH, SEMICOLON
#define TRY_CLAUSES \
    LINES(leading_lines), BEGIN, TOKEN, SUITE, CHILDREN(handlers), CHILDREN(orelse), CHILDREN(finalbody), FINISH_CHILD
#define STARRED_NAME(code) ROW(code, BEGIN, TOKEN, DEFER, CHILDREN(name), DEFERRED(whitespace_after_star), FINISH)

static const expand_step *const expand_templates[CODEDB_NODE_KIND_COUNT] = {
    ROW(MODULE, LINES(header), CHILDREN(body), LINES(footer)),

    OPERATOR(AND), OPERATOR(OR),
    OPERATOR(ADD), OPERATOR(SUBTRACT), OPERATOR(MULTIPLY), OPERATOR(DIVIDE), OPERATOR(FLOOR_DIVIDE), OPERATOR(MODULO),
    OPERATOR(POWER), OPERATOR(LEFT_SHIFT), OPERATOR(RIGHT_SHIFT), OPERATOR(BIT_OR), OPERATOR(BIT_AND), OPERATOR(BIT_XOR),
    OPERATOR(MATRIX_MULTIPLY),
    OPERATOR(LESS_THAN), OPERATOR(GREATER_THAN), OPERATOR(EQUAL), OPERATOR(LESS_THAN_EQUAL), OPERATOR(GREATER_THAN_EQUAL),
    OPERATOR(NOT_EQUAL), OPERATOR(IN), OPERATOR(IS), TWO_WORDS(NOT_IN), TWO_WORDS(IS_NOT),
    OPERATOR(ADD_ASSIGN), OPERATOR(SUBTRACT_ASSIGN), OPERATOR(MULTIPLY_ASSIGN), OPERATOR(MATRIX_MULTIPLY_ASSIGN),
    OPERATOR(DIVIDE_ASSIGN), OPERATOR(MODULO_ASSIGN), OPERATOR(BIT_AND_ASSIGN), OPERATOR(BIT_OR_ASSIGN), OPERATOR(BIT_XOR_ASSIGN),
    OPERATOR(LEFT_SHIFT_ASSIGN), OPERATOR(RIGHT_SHIFT_ASSIGN), OPERATOR(POWER_ASSIGN), OPERATOR(FLOOR_DIVIDE_ASSIGN),
    PREFIX(PLUS), PREFIX(MINUS), PREFIX(BIT_INVERT), PREFIX(NOT),
    ROW(IMPORT_STAR, TOKEN),

    ROW(ASYNCHRONOUS, BEGIN, TOKEN, FINISH, SPACE(whitespace_after)),
    LITERAL(NAME), LITERAL(INTEGER), LITERAL(FLOAT), LITERAL(IMAGINARY), LITERAL(SIMPLE_STRING), LITERAL(ELLIPSIS),
    ROW(FORMATTED_STRING_TEXT, TEXT), ROW(TEMPLATED_STRING_TEXT, TEXT),
    FIELD_EXPRESSION(FORMATTED_STRING_EXPRESSION), FIELD_EXPRESSION(TEMPLATED_STRING_EXPRESSION),
    ROW(FORMATTED_STRING, OPEN, TOKEN, CHILDREN(parts), TOKEN, CLOSE),
    ROW(TEMPLATED_STRING, OPEN, TOKEN, CHILDREN(parts), TOKEN, CLOSE),
    ROW(CONCATENATED_STRING, OPEN, CHILDREN(left), SPACE(whitespace_between), CHILDREN(right), CLOSE),
    ROW(COMPARISON_TARGET, CHILDREN(operator), CHILDREN(comparator)),
    ROW(COMPARISON, OPEN, CHILDREN(left), CHILDREN(comparisons), CLOSE),
    ROW(UNARY_OPERATION, OPEN, CHILDREN(operator), CHILDREN(expression), CLOSE),
    BINARY(BINARY_OPERATION), BINARY(BOOLEAN_OPERATION),
    ROW(ATTRIBUTE, OPEN, CHILDREN(value), MARK(dot, DOT), CHILDREN(attr), CLOSE),
    ROW(INDEX, TOKEN_IF(STAR), SPACE_IF(whitespace_after_star, AFTER_STAR), CHILDREN(value)),
    ROW(SLICE, CHILDREN(lower), MARK(first_colon, COLON), CHILDREN(upper), MARK(second_colon, COLON), CHILDREN(step)),
    ROW(SUBSCRIPT_ELEMENT, BEGIN, CHILDREN(slice), FINISH, COMMA),
    ROW(SUBSCRIPT, OPEN, CHILDREN(value), SPACE(whitespace_after_value), BRACKET, CHILDREN(slice), BRACKET_END, CLOSE),
    ROW(ANNOTATION, SPACE(whitespace_before_indicator), TOKEN, SPACE(whitespace_after_indicator), BEGIN, CHILDREN(annotation),
        FINISH),
    ROW(PARAM_STAR, TOKEN, COMMA),
    ROW(PARAM_SLASH, TOKEN, DEFER, COMMA, DEFERRED(whitespace_after)),
    ROW(PARAM, BEGIN, TOKEN_IF(STAR), SPACE_TAKEN_IF(whitespace_after_star, AFTER_STAR), CHILDREN(name), FINISH,
        CHILDREN(annotation), MARK(equal, EQUAL), CHILDREN(default), COMMA, SPACE(whitespace_after_param)),
    ROW(PARAMETERS, CHILDREN(posonly_params), CHILDREN(posonly_ind), CHILDREN(params), CHILDREN(star_arg),
        CHILDREN(kwonly_params), CHILDREN(star_kwarg)),
    ROW(LAMBDA, OPEN, TOKEN, SPACE_IF(whitespace_after_lambda, NOT_NEXT(COLON)), CHILDREN(params), MARK(colon, COLON),
        CHILDREN(body), CLOSE),
    /* The white space between a class's last argument and the parenthesis is the parenthesis'. */
    ROW(ARG, BEGIN, TOKEN_IF(STAR), SPACE_TAKEN_IF(whitespace_after_star, AFTER_STAR), CHILDREN(keyword), MARK(equal, EQUAL),
        CHILDREN(value), FINISH, COMMA, SPACE_TAKEN_IF(whitespace_after_arg, NOT_IN(CLASS_DEF))),
    ROW(CALL, OPEN, CHILDREN(func), SPACE(whitespace_after_func), TOKEN, SPACE(whitespace_before_args), CHILDREN(args), TOKEN,
        CLOSE),
    ROW(AWAIT, OPEN, TOKEN, SPACE(whitespace_after_await), CHILDREN(expression), CLOSE),
    ROW(IF_EXP, OPEN, CHILDREN(body), SPACE(whitespace_before_if), TOKEN, SPACE(whitespace_after_if), CHILDREN(test),
        SPACE(whitespace_before_else), TOKEN, SPACE(whitespace_after_else), CHILDREN(orelse), CLOSE),
    ROW(FROM, SPACE_IF(whitespace_before_from, IN(RAISE)), BEGIN, TOKEN, SPACE(whitespace_after_from), CHILDREN(item), FINISH),
    ROW(YIELD, OPEN, TOKEN, SPACE_IF(whitespace_after_yield, HAS(value)), CHILDREN(value), CLOSE),
    ROW(ELEMENT, BEGIN, CHILDREN(value), FINISH, ITEM_COMMA(comma)),
    ROW(DICT_ELEMENT, BEGIN, CHILDREN(key), SPACE(whitespace_before_colon), TOKEN, SPACE(whitespace_after_colon), CHILDREN(value),
        FINISH, ITEM_COMMA(comma)),
    /* In an annotation (`*args: *Ts, b`) the comma is the parameter's. */
    ROW(STARRED_ELEMENT, OPEN, TOKEN, SPACE(whitespace_before_value), CHILDREN(value), CLOSE,
        ITEM_COMMA_IF(comma, ROLE(elements))),
    ROW(STARRED_DICT_ELEMENT, BEGIN, TOKEN, SPACE(whitespace_before_value), CHILDREN(value), FINISH, ITEM_COMMA(comma)),
    JOINED(TUPLE, elements),
    ROW(LIST, OPEN, BRACKET, CHILDREN(elements), BRACKET_END, CLOSE),
    ROW(SET, OPEN, BRACES, CHILDREN(elements), BRACES_END, CLOSE), ROW(DICT, OPEN, BRACES, CHILDREN(elements), BRACES_END, CLOSE),
    ROW(COMP_FOR, SPACE(whitespace_before), CHILDREN(asynchronous), TOKEN, SPACE(whitespace_after_for), CHILDREN(target),
        SPACE(whitespace_before_in), TOKEN, SPACE(whitespace_after_in), CHILDREN(iter), CHILDREN(ifs), CHILDREN(inner_for_in)),
    ROW(COMP_IF, SPACE(whitespace_before), TOKEN, SPACE(whitespace_before_test), CHILDREN(test)),
    ROW(GENERATOR_EXP, OPEN, CHILDREN(elt), CHILDREN(for_in), CLOSE),
    ROW(LIST_COMP, OPEN, BRACKET, CHILDREN(elt), CHILDREN(for_in), BRACKET_END, CLOSE),
    ROW(SET_COMP, OPEN, BRACES, CHILDREN(elt), CHILDREN(for_in), BRACES_END, CLOSE),
    ROW(DICT_COMP, OPEN, BRACES, CHILDREN(key), SPACE(whitespace_before_colon), TOKEN, SPACE(whitespace_after_colon),
        CHILDREN(value), CHILDREN(for_in), BRACES_END, CLOSE),
    ROW(STARRED_DICT_COMP, OPEN, BRACES, TOKEN, SPACE(whitespace_before_value), CHILDREN(value), CHILDREN(for_in), BRACES_END,
        CLOSE),
    ROW(NAMED_EXPR, OPEN, CHILDREN(target), SPACE(whitespace_before_walrus), TOKEN, SPACE(whitespace_after_walrus),
        CHILDREN(value), CLOSE),

    ROW(SIMPLE_STATEMENT_LINE, LINES(leading_lines), BEGIN, CHILDREN(body), AT(TRAILING, trailing_whitespace), FINISH_CHILD),
    ROW(SIMPLE_STATEMENT_SUITE, SPACE(leading_whitespace), BEGIN, CHILDREN(body), AT(TRAILING, trailing_whitespace),
        FINISH_CHILD),
    ROW(INDENTED_BLOCK, AT(TRAILING, header), STEP(INDENT), CHILDREN(body), AT(FOOTER, footer), STEP(DEDENT), BEGIN_CHILD,
        FINISH_CHILD),
    ROW(DEL, BEGIN, TOKEN, DEFER, CHILDREN(target), DEFERRED(whitespace_after_del), FINISH, SEMICOLON),
    KEYWORD_STATEMENT(PASS), KEYWORD_STATEMENT(BREAK), KEYWORD_STATEMENT(CONTINUE),
    ROW(RETURN, BEGIN, TOKEN, SPACE_TAKEN_IF(whitespace_after_return, HAS(value)), CHILDREN(value), FINISH, SEMICOLON),
    ROW(EXPR, BEGIN, CHILDREN(value), FINISH, SEMICOLON),
    NAME_STATEMENT(IMPORT, whitespace_after_import), NAME_STATEMENT(GLOBAL, whitespace_after_global),
    NAME_STATEMENT(NONLOCAL, whitespace_after_nonlocal),
    ROW(IMPORT_FROM, BEGIN, IMPORT_FROM),
    ROW(LAZY_IMPORT, BEGIN, TOKEN, SPACE(whitespace_after_lazy), TOKEN, SPACE(whitespace_after_import), CHILDREN(names), FINISH,
        SEMICOLON),
    ROW(LAZY_IMPORT_FROM, BEGIN, TOKEN, SPACE(whitespace_after_lazy), IMPORT_FROM),
    ROW(IMPORT_ALIAS, BEGIN, CHILDREN(name), CHILDREN(asname), FINISH, COMMA),
    ROW(AS_NAME, SPACE(whitespace_before_as), TOKEN, DEFER, CHILDREN(name), DEFERRED(whitespace_after_as)),
    ROW(ASSIGN_TARGET, BEGIN, CHILDREN(target), FINISH, SPACE(whitespace_before_equal), TOKEN, SPACE(whitespace_after_equal)),
    ROW(ASSIGN, BEGIN, CHILDREN(targets), CHILDREN(value), FINISH, SEMICOLON),
    ROW(ANN_ASSIGN, BEGIN, CHILDREN(target), CHILDREN(annotation), MARK(equal, EQUAL), CHILDREN(value), FINISH, SEMICOLON),
    ROW(AUG_ASSIGN, BEGIN, CHILDREN(target), CHILDREN(operator), CHILDREN(value), FINISH, SEMICOLON),
    ROW(RAISE, BEGIN, TOKEN, SPACE_IF(whitespace_after_raise, HAS(exc)), CHILDREN(exc), CHILDREN(cause), FINISH, SEMICOLON),
    ROW(ASSERT, BEGIN, TOKEN, SPACE(whitespace_after_assert), CHILDREN(test), COMMA, CHILDREN(msg), FINISH, SEMICOLON),
    ROW(NAME_ITEM, BEGIN, CHILDREN(name), FINISH, COMMA),
    ROW(TYPE_ALIAS, BEGIN, TOKEN, SPACE(whitespace_after_type), CHILDREN(name), SPACE(whitespace_after_name),
        CHILDREN(type_parameters), SPACE_IF(whitespace_after_type_parameters, PREVIOUS(RIGHT_BRACKET)), TOKEN,
        SPACE(whitespace_after_equals), CHILDREN(value), SEMICOLON, FINISH),
    ROW(IF, LINES(leading_lines), BEGIN, TOKEN, SPACE(whitespace_before_test), CHILDREN(test), SPACE(whitespace_after_test),
        TOKEN, CHILDREN(body), CHILDREN(orelse), FINISH_CHILD),
    ROW(ELSE, LINES(leading_lines), BEGIN, TOKEN, SUITE, FINISH_CHILD),
    ROW(FOR, LINES(leading_lines), BEGIN, CHILDREN(asynchronous), TOKEN, SPACE(whitespace_after_for), CHILDREN(target),
        SPACE(whitespace_before_in), TOKEN, SPACE(whitespace_after_in), CHILDREN(iter), SUITE, CHILDREN(orelse), FINISH_CHILD),
    ROW(WHILE, LINES(leading_lines), BEGIN, TOKEN, SPACE(whitespace_after_while), CHILDREN(test), SUITE, CHILDREN(orelse),
        FINISH_CHILD),
    ROW(TRY, TRY_CLAUSES), ROW(TRY_STAR, TRY_CLAUSES),
    ROW(EXCEPT_HANDLER, LINES(leading_lines), BEGIN, TOKEN, SPACE(whitespace_after_except), CHILDREN(type), CHILDREN(name), SUITE,
        FINISH_CHILD),
    ROW(EXCEPT_STAR_HANDLER, LINES(leading_lines), BEGIN, TOKEN, SPACE(whitespace_after_except), TOKEN,
        SPACE(whitespace_after_star), CHILDREN(type), CHILDREN(name), SUITE, FINISH_CHILD),
    ROW(FINALLY, LINES(leading_lines), BEGIN, TOKEN, SUITE, FINISH_CHILD),
    ROW(WITH, LINES(leading_lines), BEGIN, CHILDREN(asynchronous), TOKEN, SPACE(whitespace_after_with), OWN(lpar, LEFT_PAREN),
        CHILDREN(items), MARK(rpar, RIGHT_PAREN), SUITE, FINISH_CHILD),
    ROW(WITH_ITEM, BEGIN, CHILDREN(item), CHILDREN(asname), FINISH, ITEM_COMMA(comma)),
    ROW(DECORATOR, LINES(leading_lines), BEGIN, TOKEN, SPACE(whitespace_after_at), CHILDREN(decorator), FINISH,
        AT(TRAILING, trailing_whitespace)),
    ROW(FUNCTION_DEF, LINES(leading_lines), CHILDREN(decorators), LINES(lines_after_decorators), BEGIN, CHILDREN(asynchronous),
        TOKEN, SPACE(whitespace_after_def), CHILDREN(name), SPACE(whitespace_after_name), CHILDREN(type_parameters),
        SPACE_TAKEN_IF(whitespace_after_type_parameters, PREVIOUS(RIGHT_BRACKET)), TOKEN, SPACE(whitespace_before_params),
        CHILDREN(params), TOKEN, CHILDREN(returns), SUITE, FINISH_CHILD),
    ROW(CLASS_DEF, LINES(leading_lines), CHILDREN(decorators), LINES(lines_after_decorators), BEGIN, TOKEN,
        SPACE(whitespace_after_class), CHILDREN(name), SPACE_TAKEN_IF(whitespace_after_name, NOT_NEXT(COLON)),
        CHILDREN(type_parameters), SPACE_TAKEN_IF(whitespace_after_type_parameters, PREVIOUS(RIGHT_BRACKET)),
        MARK(lpar, LEFT_PAREN), CHILDREN(bases), CHILDREN(keywords), MARK(rpar, RIGHT_PAREN), SUITE, FINISH_CHILD),
    ROW(TYPE_PARAMETERS, BRACKET, CHILDREN(params), BRACKET_END),
    ROW(TYPE_PARAM, CHILDREN(param), MARK(equal, EQUAL), TOKEN_IF(STAR), SPACE_TAKEN_IF(whitespace_after_star, AFTER_STAR),
        CHILDREN(default), COMMA),
    ROW(TYPE_VAR, BEGIN, CHILDREN(name), MARK(colon, COLON), CHILDREN(bound), FINISH),
    STARRED_NAME(TYPE_VAR_TUPLE), STARRED_NAME(PARAM_SPEC),

    ROW(MATCH, LINES(leading_lines), BEGIN, TOKEN, SPACE(whitespace_after_match), CHILDREN(subject),
        SPACE(whitespace_before_colon), TOKEN, AT(TRAILING, whitespace_after_colon), STEP(INDENT), CHILDREN(cases),
        AT(FOOTER, footer), STEP(DEDENT), FINISH_CHILD),
    ROW(MATCH_CASE, LINES(leading_lines), BEGIN, TOKEN, SPACE(whitespace_after_case), CHILDREN(pattern),
        SPACE_TAKEN_IF(whitespace_before_if, HAS(guard)), TOKEN_IF(HAS(guard)), SPACE_TAKEN_IF(whitespace_after_if, HAS(guard)),
        CHILDREN(guard), SUITE, FINISH_CHILD),
    ROW(MATCH_VALUE, CHILDREN(value)), ROW(MATCH_SINGLETON, CHILDREN(value)),
    ROW(MATCH_SEQUENCE_ELEMENT, CHILDREN(value), ITEM_COMMA(comma)),
    ROW(MATCH_STAR, TOKEN, SPACE(whitespace_before_name), CHILDREN(name), TOKEN_IF(NEXT(NAME)), ITEM_COMMA(comma)),
    ROW(MATCH_LIST, OPEN, OWN(lbracket, LEFT_BRACKET), CHILDREN(patterns), BRACKET_END, CLOSE),
    JOINED(MATCH_TUPLE, patterns),
    ROW(MATCH_MAPPING, OPEN, BRACES, CHILDREN(elements), TOKEN_IF(NEXT(DOUBLE_STAR)),
        SPACE_NOWHERE_UNLESS(whitespace_before_rest, PREVIOUS(DOUBLE_STAR)), CHILDREN(rest), ITEM_COMMA(trailing_comma),
        BRACES_END, CLOSE),
    ROW(MATCH_MAPPING_ELEMENT, CHILDREN(key), SPACE(whitespace_before_colon), TOKEN, SPACE(whitespace_after_colon),
        CHILDREN(pattern), ITEM_COMMA(comma)),
    ROW(MATCH_CLASS, OPEN, CHILDREN(cls), SPACE(whitespace_after_cls), TOKEN, SPACE(whitespace_before_patterns),
        CHILDREN(patterns), CHILDREN(kwds), SPACE(whitespace_after_kwds), TOKEN, CLOSE),
    ROW(MATCH_KEYWORD_ELEMENT, CHILDREN(key), SPACE(whitespace_before_equal), TOKEN, SPACE(whitespace_after_equal),
        CHILDREN(pattern), ITEM_COMMA(comma)),
    ROW(MATCH_AS, OPEN, CHILDREN(pattern), SPACE_IF(whitespace_before_as, NEXT(KEYWORD_AS)), TOKEN_IF(NEXT(KEYWORD_AS)),
        SPACE_IF(whitespace_after_as, PREVIOUS(KEYWORD_AS)), CHILDREN(name), TOKEN_IF(NEXT(NAME)), CLOSE),
    JOINED(MATCH_OR, patterns),
    ROW(MATCH_OR_ELEMENT, CHILDREN(pattern), CHILDREN(separator)),
};
/* clang-format on */

#undef ROW
#undef STEP
#undef AT
#undef NEXT
#undef NOT_NEXT
#undef PREVIOUS
#undef HAS
#undef IN
#undef NOT_IN
#undef ROLE
#undef STAR
#undef AFTER_STAR
#undef TOKEN
#undef TOKEN_IF
#undef TEXT
#undef BEGIN
#undef FINISH
#undef BEGIN_CHILD
#undef FINISH_CHILD
#undef OPEN
#undef CLOSE
#undef SPACE
#undef SPACE_IF
#undef SPACE_TAKEN_IF
#undef SPACE_NOWHERE_UNLESS
#undef CHILDREN
#undef MARK
#undef OWN
#undef COMMA
#undef ITEM_COMMA
#undef ITEM_COMMA_IF
#undef SEMICOLON
#undef LINES
#undef DEFER
#undef DEFERRED
#undef LITERAL
#undef OPERATOR
#undef TWO_WORDS
#undef PREFIX
#undef KEYWORD_STATEMENT
#undef NAME_STATEMENT
#undef FIELD_EXPRESSION
#undef JOINED
#undef BINARY
#undef BRACES
#undef BRACES_END
#undef BRACKET
#undef BRACKET_END
#undef SUITE
#undef IMPORT_FROM
#undef TRY_CLAUSES
#undef STARRED_NAME

/* The punctuation node of a token; `before` and `after`: has it a white-space child there. Brackets take theirs into the
 * position. */
typedef struct expand_mark {
    uint8_t kind;
    bool before;
    bool after;
    bool bracket;
} expand_mark;

static const expand_mark expand_marks[CODEDB_TOKEN_KIND_COUNT] = {
    [CODEDB_TOKEN_LEFT_PAREN] = {CODEDB_NODE_LEFT_PAREN, false, true, true},
    [CODEDB_TOKEN_RIGHT_PAREN] = {CODEDB_NODE_RIGHT_PAREN, true, false, true},
    [CODEDB_TOKEN_LEFT_BRACKET] = {CODEDB_NODE_LEFT_SQUARE_BRACKET, false, true, true},
    [CODEDB_TOKEN_RIGHT_BRACKET] = {CODEDB_NODE_RIGHT_SQUARE_BRACKET, true, false, true},
    [CODEDB_TOKEN_LEFT_BRACE] = {CODEDB_NODE_LEFT_CURLY_BRACE, false, true, true},
    [CODEDB_TOKEN_RIGHT_BRACE] = {CODEDB_NODE_RIGHT_CURLY_BRACE, true, false, true},
    [CODEDB_TOKEN_COLON] = {CODEDB_NODE_COLON, true, true, false},
    [CODEDB_TOKEN_COMMA] = {CODEDB_NODE_COMMA, true, true, false},
    [CODEDB_TOKEN_SEMICOLON] = {CODEDB_NODE_SEMICOLON, true, true, false},
    [CODEDB_TOKEN_EQUAL] = {CODEDB_NODE_ASSIGN_EQUAL, true, true, false},
    [CODEDB_TOKEN_DOT] = {CODEDB_NODE_DOT, true, true, false},
};

/* ---- Nodes -------------------------------------------------------------------------------------------------------- */

/* A stored node that is being written. */
typedef struct expand_frame {
    const expand_step *step; /* to be done next */
    uint32_t node;           /* in codedb_tree.nodes */
    uint32_t full;           /* in the whole tree */
    uint32_t child;          /* the next stored child, or the node's end */
    uint32_t start;          /* the position */
    uint32_t finish;         /* EXPAND_NONE: where all is written */
    uint32_t first_child;    /* in the whole tree, of stored children */
    uint32_t last_child;
    uint32_t deferred_start; /* the gap that was put aside */
    uint32_t deferred_end;
    uint32_t outer_indent; /* what the enclosing block's indentation was */
    uint32_t outer_indent_length;
} expand_frame;

typedef struct expand_engine {
    const codedb_tree *tree;
    codedb_full_node *nodes;
    size_t count;
    size_t capacity;
    expand_frame *frames;
    size_t depth;
    size_t frame_capacity;
    uint32_t cursor; /* the next token */
    uint32_t offset;
    uint32_t indent; /* offset of a line that begins with the block's indentation */
    uint32_t indent_length;
    bool line_ended; /* the newline that the source lacks at its end has been given */
    bool failed;     /* no memory */
} expand_engine;

static bool expand_grow(expand_engine *engine)
{
    size_t capacity = engine->capacity + engine->capacity / 2 + 64;
    codedb_full_node *nodes =
        codedb_memory_reallocate(&engine->tree->allocator, engine->nodes, engine->capacity, capacity, sizeof *nodes);

    if (nodes == NULL || capacity > UINT32_MAX) {
        engine->nodes = nodes == NULL ? engine->nodes : nodes;
        engine->failed = true;
        return false;
    }
    engine->nodes = nodes;
    engine->capacity = capacity;
    return true;
}

/* A new node at the end of the list; without memory the Module once more, which is always there. */
static inline uint32_t expand_append(expand_engine *engine, codedb_node_kind kind, uint32_t field, uint32_t parent,
                                     uint32_t start, uint32_t end)
{
    codedb_full_node *node;
    uint32_t index;

    if (CODEDB_UNLIKELY(engine->count == engine->capacity) && !expand_grow(engine))
        return 0;
    index = (uint32_t)engine->count++;
    node = &engine->nodes[index];
    node->start = start;
    node->end = end;
    node->subtree_end = index + 1;
    node->parent = parent;
    node->syntax = EXPAND_NONE;
    node->kind = (uint8_t)kind;
    node->field = (uint8_t)field;
    node->flags = 0;
    node->reserved = 0;
    return index;
}

static inline void expand_close(expand_engine *engine, uint32_t index, uint32_t end)
{
    engine->nodes[index].end = end;
    engine->nodes[index].subtree_end = (uint32_t)engine->count;
}

static inline codedb_token_kind expand_next(const expand_engine *engine)
{
    return engine->tree->tokens[engine->cursor].kind;
}

static inline codedb_token_kind expand_previous(const expand_engine *engine)
{
    return engine->cursor == 0 ? CODEDB_TOKEN_ENDMARKER : engine->tree->tokens[engine->cursor - 1].kind;
}

static inline uint32_t expand_next_start(const expand_engine *engine)
{
    return engine->tree->tokens[engine->cursor].start;
}

/* The end marker is never passed. */
static inline void expand_take_token(expand_engine *engine)
{
    if (engine->cursor + 1 < engine->tree->token_count) {
        engine->offset = codedb_token_end(engine->tree, engine->cursor);
        engine->cursor++;
    }
}

/* ---- Gaps --------------------------------------------------------------------------------------------------------- */

/* A line without code: blanks, perhaps a comment, a line break. */
typedef struct expand_line {
    uint32_t start;
    uint32_t blanks;  /* behind the block's indentation */
    uint32_t comment; /* behind the blanks */
    uint32_t newline; /* behind the comment, if there is one */
    uint32_t next;
    bool indented; /* begins with the block's indentation */
} expand_line;

static uint32_t expand_break_length(const char *source, uint32_t offset, uint32_t limit)
{
    if (offset >= limit)
        return 0;
    if (source[offset] == '\n')
        return 1;
    if (source[offset] == '\r')
        return offset + 1 < limit && source[offset + 1] == '\n' ? 2 : 1;
    return 0;
}

/* The offset behind blanks, tabs, form feeds and continued lines; up to Python 3.7 the last line may be continued by nothing. */
static uint32_t expand_skip_blanks(const char *source, uint32_t offset, uint32_t limit)
{
    while (offset < limit) {
        char byte = source[offset];
        uint32_t length = 1;

        if (byte == '\\') {
            uint32_t line_break = expand_break_length(source, offset + 1, limit);

            if (line_break == 0 && offset + 1 < limit)
                break;
            length += line_break;
        } else if (byte != ' ' && byte != '\t' && byte != '\f') {
            break;
        }
        offset += length;
    }
    return offset;
}

static uint32_t expand_skip_comment(const char *source, uint32_t offset, uint32_t limit)
{
    if (offset < limit && source[offset] == '#')
        while (offset < limit && source[offset] != '\n' && source[offset] != '\r')
            offset++;
    return offset;
}

static bool expand_is_indented(const expand_engine *engine, uint32_t offset, uint32_t limit)
{
    const char *source = engine->tree->source;

    return limit - offset >= engine->indent_length &&
           memcmp(source + offset, source + engine->indent, engine->indent_length) == 0;
}

/* Reads the rest of a line from `start`, or, with `whole`, a whole line with its indentation. False when there is code before
 * `limit` or no line break. At the end of a source without one, a line that holds something ends all the same. */
static bool expand_read_line(const expand_engine *engine, uint32_t start, uint32_t limit, bool whole, expand_line *line)
{
    const char *source = engine->tree->source;

    line->start = start;
    line->indented = whole && expand_is_indented(engine, start, limit);
    line->blanks = start + (line->indented ? engine->indent_length : 0);
    line->comment = expand_skip_blanks(source, line->blanks, limit);
    line->newline = expand_skip_comment(source, line->comment, limit);
    line->next = line->newline + expand_break_length(source, line->newline, limit);
    if (line->next > line->newline)
        return true;
    return line->newline == engine->tree->length && !engine->line_ended && (!whole || line->newline > start);
}

/* An EmptyLine or TrailingWhitespace. */
static void expand_write_line(expand_engine *engine, codedb_node_kind kind, uint32_t field, uint32_t parent,
                              const expand_line *line)
{
    uint32_t index = expand_append(engine, kind, field, parent, line->start, line->next);
    uint32_t newline;

    expand_append(engine, CODEDB_NODE_SIMPLE_WHITESPACE, CODEDB_FIELD_whitespace, index, line->blanks, line->comment);
    if (line->newline > line->comment)
        expand_append(engine, CODEDB_NODE_COMMENT, CODEDB_FIELD_comment, index, line->comment, line->newline);
    newline = expand_append(engine, CODEDB_NODE_NEWLINE, CODEDB_FIELD_newline, index, line->newline, line->next);
    if (line->next == line->newline) {
        engine->line_ended = true;
        engine->nodes[index].flags |= CODEDB_FULL_VIRTUAL_NEWLINE;
        engine->nodes[newline].flags |= CODEDB_FULL_VIRTUAL_NEWLINE;
    }
    expand_close(engine, index, line->next);
}

/* Writes EmptyLines from `start` for as long as there are some before `limit`; returns where they end. */
static uint32_t expand_write_lines(expand_engine *engine, uint32_t field, uint32_t parent, uint32_t start, uint32_t limit)
{
    expand_line line;

    while (!engine->failed && expand_read_line(engine, start, limit, true, &line)) {
        expand_write_line(engine, CODEDB_NODE_EMPTY_LINE, field, parent, &line);
        start = line.next;
    }
    return start;
}

/* A gap that holds a line break which is not continued: the inside of brackets. `line` is its first line. */
static uint32_t expand_write_bracket_gap(expand_engine *engine, uint32_t field, uint32_t parent, uint32_t limit,
                                         const expand_line *line)
{
    uint32_t index = expand_append(engine, CODEDB_NODE_PARENTHESIZED_WHITESPACE, field, parent, line->start, limit);
    uint32_t offset;
    uint32_t end;

    expand_write_line(engine, CODEDB_NODE_TRAILING_WHITESPACE, CODEDB_FIELD_first_line, index, line);
    offset = expand_write_lines(engine, CODEDB_FIELD_empty_lines, index, line->next, limit);
    if (expand_is_indented(engine, offset, limit))
        offset += engine->indent_length;
    end = expand_skip_blanks(engine->tree->source, offset, limit);
    expand_append(engine, CODEDB_NODE_SIMPLE_WHITESPACE, CODEDB_FIELD_last_line, index, offset, end);
    expand_close(engine, index, end);
    return end;
}

/* The white space from `start` to `limit`, where the next token begins. `line_end`: that is the end of the logical line, and a
 * comment before it is not ours. Returns where it ends. */
static uint32_t expand_write_space(expand_engine *engine, uint32_t field, uint32_t parent, uint32_t start, uint32_t limit,
                                   bool line_end)
{
    uint32_t end = start == limit ? start : expand_skip_blanks(engine->tree->source, start, limit);
    expand_line line;

    if (end < limit && !line_end && expand_read_line(engine, start, limit, false, &line))
        return expand_write_bracket_gap(engine, field, parent, limit, &line);
    expand_append(engine, CODEDB_NODE_SIMPLE_WHITESPACE, field, parent, start, end);
    return end;
}

/* The white space before the next token, as far as nobody has it yet. */
static inline void expand_space(expand_engine *engine, uint32_t field, uint32_t parent)
{
    uint32_t limit = expand_next_start(engine);

    if (CODEDB_LIKELY(engine->offset == limit))
        expand_append(engine, CODEDB_NODE_SIMPLE_WHITESPACE, field, parent, limit, limit);
    else
        engine->offset =
            expand_write_space(engine, field, parent, engine->offset, limit, expand_next(engine) == CODEDB_TOKEN_NEWLINE);
}

static inline void expand_no_space(expand_engine *engine, uint32_t field, uint32_t parent)
{
    expand_append(engine, CODEDB_NODE_SIMPLE_WHITESPACE, field, parent, engine->offset, engine->offset);
}

/* Lines above a statement or clause. What then stands before its first token is indentation and nobody's. */
static void expand_lines(expand_engine *engine, uint32_t field, uint32_t parent)
{
    uint32_t limit = expand_next_start(engine);

    if (engine->offset < limit || limit == engine->tree->length)
        expand_write_lines(engine, field, parent, engine->offset, limit);
    engine->offset = limit;
}

/* Of the lines behind a block, those up to the last one that begins with the block's indentation are its footer. */
static void expand_footer(expand_engine *engine, uint32_t field, uint32_t parent)
{
    uint32_t limit = expand_next_start(engine);
    uint32_t offset = engine->offset;
    uint32_t footer_end = offset;
    expand_line line;

    while (expand_read_line(engine, offset, limit, true, &line)) {
        offset = line.next;
        if (line.indented)
            footer_end = line.next;
        if (line.next == line.newline)
            break;
    }
    while (!engine->failed && engine->offset < footer_end && expand_read_line(engine, engine->offset, limit, true, &line)) {
        expand_write_line(engine, CODEDB_NODE_EMPTY_LINE, field, parent, &line);
        engine->offset = line.next;
    }
}

/* Passes the tokens between two statements: the indentation, and the NEWLINEs that blank lines have before Python 3.10. */
static void expand_pass_lines(expand_engine *engine)
{
    while (expand_next(engine) == CODEDB_TOKEN_NEWLINE || expand_next(engine) == CODEDB_TOKEN_INDENT ||
           expand_next(engine) == CODEDB_TOKEN_DEDENT)
        engine->cursor++;
}

/* The rest of a logical line behind its last token; what follows it is the next one's. */
static void expand_trailing(expand_engine *engine, uint32_t field, uint32_t parent)
{
    expand_line line;

    if (expand_next(engine) != CODEDB_TOKEN_NEWLINE ||
        !expand_read_line(engine, engine->offset, engine->tree->length, false, &line))
        return;
    expand_write_line(engine, CODEDB_NODE_TRAILING_WHITESPACE, field, parent, &line);
    engine->offset = line.next;
    expand_pass_lines(engine);
}

/* The indentation of a block is what stands before its first statement. */
static void expand_indent(expand_engine *engine, expand_frame *frame)
{
    const char *source = engine->tree->source;
    uint32_t start = expand_next_start(engine);
    uint32_t line_start = start;

    while (line_start > engine->tree->text_start && source[line_start - 1] != '\n' && source[line_start - 1] != '\r')
        line_start--;
    frame->outer_indent = engine->indent;
    frame->outer_indent_length = engine->indent_length;
    engine->indent = line_start;
    engine->indent_length = start - line_start;
}

/* ---- Punctuation -------------------------------------------------------------------------------------------------- */

/* The punctuation node of the next token. `last`: what stands behind is left to whatever comes next. */
static void expand_mark_token(expand_engine *engine, uint32_t field, uint32_t parent, bool last)
{
    const expand_mark *mark = &expand_marks[expand_next(engine)];
    uint32_t index = expand_append(engine, mark->kind, field, parent, engine->offset, engine->offset);
    uint32_t start = engine->offset;
    uint32_t end;

    if (mark->before)
        expand_space(engine, CODEDB_FIELD_whitespace_before, index);
    if (!mark->bracket)
        start = engine->offset;
    expand_take_token(engine);
    end = engine->offset;
    if (mark->after) {
        if (last)
            expand_no_space(engine, CODEDB_FIELD_whitespace_after, index);
        else
            expand_space(engine, CODEDB_FIELD_whitespace_after, index);
    }
    engine->nodes[index].start = start;
    expand_close(engine, index, mark->bracket ? engine->offset : end);
}

/* Each dot of a relative import; `...` is one token. The white space before `import` is not a dot's. */
static void expand_dots(expand_engine *engine, uint32_t field, uint32_t parent)
{
    while (!engine->failed && (expand_next(engine) == CODEDB_TOKEN_DOT || expand_next(engine) == CODEDB_TOKEN_ELLIPSIS)) {
        uint32_t count = expand_next(engine) == CODEDB_TOKEN_DOT ? 1 : 3;
        uint32_t start = expand_next_start(engine);
        uint32_t i;

        expand_take_token(engine);
        for (i = 0; i < count; i++, start++) {
            uint32_t index = expand_append(engine, CODEDB_NODE_DOT, field, parent, start, start + 1);

            expand_append(engine, CODEDB_NODE_SIMPLE_WHITESPACE, CODEDB_FIELD_whitespace_before, index, start, start);
            if (i + 1 == count && expand_next(engine) != CODEDB_TOKEN_KEYWORD_IMPORT)
                expand_space(engine, CODEDB_FIELD_whitespace_after, index);
            else
                expand_append(engine, CODEDB_NODE_SIMPLE_WHITESPACE, CODEDB_FIELD_whitespace_after, index, start + 1, start + 1);
            expand_close(engine, index, start + 1);
        }
    }
}

/* Is the node under `frame` the last of its list? Only a With has children behind its items. */
static bool expand_is_last_item(const expand_engine *engine, const expand_frame *frame)
{
    const codedb_node *nodes = engine->tree->nodes;
    uint32_t sibling = nodes[frame->node].end;

    return sibling == nodes[frame[-1].node].end || nodes[sibling].field == CODEDB_FIELD_body;
}

static void expand_item_comma(expand_engine *engine, const expand_frame *frame, uint32_t field)
{
    if (expand_next(engine) == CODEDB_TOKEN_COMMA)
        expand_mark_token(engine, field, frame->full, field == CODEDB_FIELD_trailing_comma || expand_is_last_item(engine, frame));
}

static void expand_parens(expand_engine *engine, const expand_frame *frame, codedb_token_kind token, uint32_t field)
{
    uint32_t pairs = engine->tree->nodes[frame->node].parens;

    while (pairs-- > 0 && expand_next(engine) == token)
        expand_mark_token(engine, field, frame->full, false);
}

/* ---- Steps -------------------------------------------------------------------------------------------------------- */

static bool expand_is_star(codedb_token_kind kind)
{
    return kind == CODEDB_TOKEN_STAR || kind == CODEDB_TOKEN_DOUBLE_STAR;
}

static bool expand_has_child(const expand_engine *engine, const expand_frame *frame, uint32_t field)
{
    const codedb_node *nodes = engine->tree->nodes;

    return frame->child < nodes[frame->node].end && nodes[frame->child].field == field;
}

static bool expand_holds(const expand_engine *engine, const expand_frame *frame, const expand_step *step)
{
    const codedb_node *nodes = engine->tree->nodes;

    switch ((expand_condition)step->condition) {
    case EXPAND_ALWAYS: return true;
    case EXPAND_IF_NEXT: return expand_next(engine) == step->argument;
    case EXPAND_IF_NOT_NEXT: return expand_next(engine) != step->argument;
    case EXPAND_IF_PREVIOUS: return expand_previous(engine) == step->argument;
    case EXPAND_IF_STAR: return expand_is_star(expand_next(engine)) && nodes[frame->child].first != engine->cursor;
    case EXPAND_IF_AFTER_STAR: return expand_is_star(expand_previous(engine));
    case EXPAND_IF_CHILD: return expand_has_child(engine, frame, step->argument);
    case EXPAND_IF_PARENT: return nodes[frame[-1].node].kind == step->argument;
    case EXPAND_IF_NOT_PARENT: return nodes[frame[-1].node].kind != step->argument;
    case EXPAND_IF_ROLE: return nodes[frame->node].field == step->argument;
    }
    return false;
}

static bool expand_push(expand_engine *engine, uint32_t node, uint32_t parent)
{
    const codedb_node *stored = &engine->tree->nodes[node];
    expand_frame *frame;

    if (engine->depth == engine->frame_capacity) {
        size_t capacity = engine->frame_capacity * 2;
        expand_frame *frames =
            codedb_memory_reallocate(&engine->tree->allocator, engine->frames, engine->frame_capacity, capacity, sizeof *frames);

        if (frames == NULL) {
            engine->failed = true;
            return false;
        }
        engine->frames = frames;
        engine->frame_capacity = capacity;
    }
    frame = &engine->frames[engine->depth++];
    memset(frame, 0, sizeof *frame);
    frame->step = expand_templates[stored->kind];
    frame->node = node;
    frame->full = expand_append(engine, stored->kind, stored->field, parent, engine->offset, engine->offset);
    frame->child = node + 1;
    frame->start = engine->offset;
    frame->finish = EXPAND_NONE;
    frame->first_child = EXPAND_NONE;
    engine->nodes[frame->full].syntax = node;
    return true;
}

/* A child without children and parentheses needs no frame: most nodes are so. */
static bool expand_write_leaf(expand_engine *engine, expand_frame *frame, uint32_t node)
{
    const codedb_node *stored = &engine->tree->nodes[node];
    uint32_t start = engine->offset;
    uint32_t index;

    if (expand_templates[stored->kind][1].operation != EXPAND_BEGIN ||
        expand_templates[stored->kind][2].operation != EXPAND_TEXT || stored->parens > 0 || stored->last != engine->cursor + 1)
        return false;
    expand_take_token(engine);
    index = expand_append(engine, stored->kind, stored->field, frame->full, start, engine->offset);
    engine->nodes[index].syntax = node;
    if (frame->first_child == EXPAND_NONE)
        frame->first_child = index;
    frame->last_child = index;
    return true;
}

/* True when a child was begun: the step is to be continued when it is written. */
static bool expand_children(expand_engine *engine, expand_frame *frame, uint32_t field)
{
    const codedb_node *nodes = engine->tree->nodes;

    while (!engine->failed && expand_has_child(engine, frame, field)) {
        uint32_t child = frame->child;

        frame->child = nodes[child].end;
        if (!expand_write_leaf(engine, frame, child)) {
            expand_push(engine, child, frame->full);
            return true;
        }
    }
    return false;
}

static void expand_text(expand_engine *engine, const expand_frame *frame)
{
    uint32_t last = engine->tree->nodes[frame->node].last;

    do
        expand_take_token(engine);
    while (engine->cursor < last);
}

static void expand_white_space_step(expand_engine *engine, const expand_frame *frame, const expand_step *step)
{
    if (expand_holds(engine, frame, step)) {
        expand_space(engine, step->field, frame->full);
    } else if (step->operation != EXPAND_SPACE) {
        expand_no_space(engine, step->field, frame->full);
        if (step->operation == EXPAND_SPACE_NOWHERE)
            engine->nodes[engine->count - 1].flags |= CODEDB_FULL_NO_POSITION;
    }
}

static void expand_own_bracket(expand_engine *engine, const expand_frame *frame, const expand_step *step)
{
    const codedb_node *nodes = engine->tree->nodes;

    if (expand_next(engine) == step->argument &&
        (frame->child == nodes[frame->node].end || nodes[frame->child].first > engine->cursor))
        expand_mark_token(engine, step->field, frame->full, false);
}

/* Everything but CHILDREN and STOP, which change the stack. */
static void expand_step_once(expand_engine *engine, expand_frame *frame, const expand_step *step)
{
    switch ((expand_operation)step->operation) {
    case EXPAND_TOKEN:
        if (expand_holds(engine, frame, step))
            expand_take_token(engine);
        break;
    case EXPAND_TEXT: expand_text(engine, frame); break;
    case EXPAND_SPACE:
    case EXPAND_SPACE_TAKEN:
    case EXPAND_SPACE_NOWHERE: expand_white_space_step(engine, frame, step); break;
    case EXPAND_PUNCTUATION:
        if (expand_next(engine) == step->argument)
            expand_mark_token(engine, step->field, frame->full, false);
        break;
    case EXPAND_ITEM_COMMA:
        if (expand_holds(engine, frame, step))
            expand_item_comma(engine, frame, step->field);
        break;
    case EXPAND_OWN_BRACKET: expand_own_bracket(engine, frame, step); break;
    case EXPAND_DOTS: expand_dots(engine, step->field, frame->full); break;
    case EXPAND_LEFT_PARENS: expand_parens(engine, frame, CODEDB_TOKEN_LEFT_PAREN, CODEDB_FIELD_lpar); break;
    case EXPAND_RIGHT_PARENS: expand_parens(engine, frame, CODEDB_TOKEN_RIGHT_PAREN, CODEDB_FIELD_rpar); break;
    case EXPAND_BEGIN: frame->start = engine->offset; break;
    case EXPAND_FINISH: frame->finish = engine->offset; break;
    case EXPAND_BEGIN_CHILD:
        if (frame->first_child != EXPAND_NONE)
            frame->start = engine->nodes[frame->first_child].start;
        break;
    case EXPAND_FINISH_CHILD:
        if (frame->first_child != EXPAND_NONE)
            frame->finish = engine->nodes[frame->last_child].end;
        break;
    case EXPAND_LINES: expand_lines(engine, step->field, frame->full); break;
    case EXPAND_FOOTER: expand_footer(engine, step->field, frame->full); break;
    case EXPAND_TRAILING: expand_trailing(engine, step->field, frame->full); break;
    case EXPAND_INDENT: expand_indent(engine, frame); break;
    case EXPAND_DEDENT:
        engine->indent = frame->outer_indent;
        engine->indent_length = frame->outer_indent_length;
        break;
    case EXPAND_DEFER:
        frame->deferred_start = engine->offset;
        engine->offset = frame->deferred_end = expand_next_start(engine);
        break;
    case EXPAND_DEFERRED:
        expand_write_space(engine, step->field, frame->full, frame->deferred_start, frame->deferred_end, false);
        break;
    case EXPAND_STOP:
    case EXPAND_CHILDREN: break;
    }
}

/* ---- The engine --------------------------------------------------------------------------------------------------- */

static void expand_pop(expand_engine *engine)
{
    expand_frame *frame = &engine->frames[--engine->depth];
    expand_frame *parent = frame - 1;

    engine->nodes[frame->full].start = frame->start;
    expand_close(engine, frame->full, frame->finish == EXPAND_NONE ? engine->offset : frame->finish);
    if (engine->depth > 0) {
        if (parent->first_child == EXPAND_NONE)
            parent->first_child = frame->full;
        parent->last_child = frame->full;
    }
}

static void expand_run(expand_engine *engine)
{
    expand_pass_lines(engine);
    expand_push(engine, 0, EXPAND_NONE);
    while (engine->depth > 0 && !engine->failed) {
        expand_frame *frame = &engine->frames[engine->depth - 1];
        const expand_step *step = frame->step;

        if (step->operation == EXPAND_STOP) {
            expand_pop(engine);
        } else if (step->operation != EXPAND_CHILDREN) {
            expand_step_once(engine, frame, step);
            frame->step++;
        } else if (!expand_children(engine, frame, step->field)) {
            frame->step++;
        }
    }
}

/* The Module begins at the very start and ends behind the last line, whatever is written. */
static void expand_finish_module(expand_engine *engine)
{
    const codedb_tree *tree = engine->tree;
    codedb_full_node *module = &engine->nodes[0];

    module->start = tree->text_start;
    module->end = tree->length;
    if (engine->line_ended)
        module->flags |= CODEDB_FULL_VIRTUAL_NEWLINE;
}

CODEDB_PRIVATE codedb_code codedb_tree_expand(const codedb_tree *tree, codedb_full_tree *full, codedb_result *result)
{
    expand_engine engine = {.tree = tree, .offset = tree->text_start, .indent = tree->text_start};
    codedb_code code = codedb_succeed(result);

    full->nodes = NULL;
    full->count = 0;
    engine.capacity = (size_t)tree->node_count * 5 / 2 + 64;
    engine.frame_capacity = 64;
    engine.nodes = codedb_memory_allocate(&tree->allocator, engine.capacity, sizeof *engine.nodes);
    engine.frames = codedb_memory_allocate(&tree->allocator, engine.frame_capacity, sizeof *engine.frames);
    engine.failed = engine.nodes == NULL || engine.frames == NULL;
    if (!engine.failed)
        expand_run(&engine);
    if (engine.failed) {
        code = codedb_fail_no_memory(result);
    } else if (engine.cursor + 1 != tree->token_count) {
        code = codedb_fail(result, CODEDB_INTERNAL_ERROR, "tokens and nodes disagree: written up to byte %lu, token %s",
                           (unsigned long)engine.offset, codedb_token_kind_text(expand_next(&engine)));
    } else {
        expand_finish_module(&engine);
        full->nodes = engine.nodes;
        full->count = (uint32_t)engine.count;
        engine.nodes = NULL;
    }
    codedb_memory_release(&tree->allocator, engine.nodes);
    codedb_memory_release(&tree->allocator, engine.frames);
    return code;
}

CODEDB_PRIVATE void codedb_full_tree_free(const codedb_tree *tree, codedb_full_tree *full)
{
    codedb_memory_release(&tree->allocator, full->nodes);
    full->nodes = NULL;
    full->count = 0;
}
