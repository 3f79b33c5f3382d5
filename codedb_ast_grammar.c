/* codedb_ast_grammar.c -- the grammar of CPython's ast: classes, their fields, what a field may hold; and the words of selectors for it.
 *
 * Called by the reader, the queries and the edits of ast JSON, from any thread: all of it is data.
 *
 * Contents: slots, classes, words. */
#include "codedb_ast_read.h"

#include <string.h>

/* ---- Slots -------------------------------------------------------------------------------------------------------- */

#define GRAMMAR_SLOT(field, category, quantity)                                \
    {                                                                          \
        CODEDB_AST_FIELD_##field, CODEDB_AST_##category, CODEDB_AST_##quantity \
    }

/* Of each class that has fields, in the order of its _fields. */
static const codedb_ast_slot grammar_of_MODULE[] = {GRAMMAR_SLOT(body, STMT, LIST),
                                                    GRAMMAR_SLOT(type_ignores, TYPE_IGNORE, LIST)};
static const codedb_ast_slot grammar_of_INTERACTIVE[] = {GRAMMAR_SLOT(body, STMT, LIST)};
static const codedb_ast_slot grammar_of_EXPRESSION[] = {GRAMMAR_SLOT(body, EXPR, ONE)};
static const codedb_ast_slot grammar_of_FUNCTION_TYPE[] = {GRAMMAR_SLOT(argtypes, EXPR, LIST), GRAMMAR_SLOT(returns, EXPR, ONE)};
static const codedb_ast_slot grammar_of_FUNCTION_DEF[] = {
    GRAMMAR_SLOT(name, IDENTIFIER, ONE),        GRAMMAR_SLOT(args, ARGUMENTS, ONE),
    GRAMMAR_SLOT(body, STMT, LIST_OF_ONE),      GRAMMAR_SLOT(decorator_list, EXPR, LIST),
    GRAMMAR_SLOT(returns, EXPR, OPTIONAL),      GRAMMAR_SLOT(type_comment, STRING, OPTIONAL),
    GRAMMAR_SLOT(type_params, TYPE_PARAM, LIST)};
static const codedb_ast_slot grammar_of_ASYNC_FUNCTION_DEF[] = {
    GRAMMAR_SLOT(name, IDENTIFIER, ONE),        GRAMMAR_SLOT(args, ARGUMENTS, ONE),
    GRAMMAR_SLOT(body, STMT, LIST_OF_ONE),      GRAMMAR_SLOT(decorator_list, EXPR, LIST),
    GRAMMAR_SLOT(returns, EXPR, OPTIONAL),      GRAMMAR_SLOT(type_comment, STRING, OPTIONAL),
    GRAMMAR_SLOT(type_params, TYPE_PARAM, LIST)};
static const codedb_ast_slot grammar_of_CLASS_DEF[] = {
    GRAMMAR_SLOT(name, IDENTIFIER, ONE),   GRAMMAR_SLOT(bases, EXPR, LIST),          GRAMMAR_SLOT(keywords, KEYWORD, LIST),
    GRAMMAR_SLOT(body, STMT, LIST_OF_ONE), GRAMMAR_SLOT(decorator_list, EXPR, LIST), GRAMMAR_SLOT(type_params, TYPE_PARAM, LIST)};
static const codedb_ast_slot grammar_of_RETURN[] = {GRAMMAR_SLOT(value, EXPR, OPTIONAL)};
static const codedb_ast_slot grammar_of_DELETE[] = {GRAMMAR_SLOT(targets, EXPR, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_ASSIGN[] = {GRAMMAR_SLOT(targets, EXPR, LIST_OF_ONE), GRAMMAR_SLOT(value, EXPR, ONE),
                                                    GRAMMAR_SLOT(type_comment, STRING, OPTIONAL)};
static const codedb_ast_slot grammar_of_TYPE_ALIAS[] = {
    GRAMMAR_SLOT(name, EXPR, ONE), GRAMMAR_SLOT(type_params, TYPE_PARAM, LIST), GRAMMAR_SLOT(value, EXPR, ONE)};
static const codedb_ast_slot grammar_of_AUG_ASSIGN[] = {GRAMMAR_SLOT(target, EXPR, ONE), GRAMMAR_SLOT(op, OPERATOR, ONE),
                                                        GRAMMAR_SLOT(value, EXPR, ONE)};
static const codedb_ast_slot grammar_of_ANN_ASSIGN[] = {GRAMMAR_SLOT(target, EXPR, ONE), GRAMMAR_SLOT(annotation, EXPR, ONE),
                                                        GRAMMAR_SLOT(value, EXPR, OPTIONAL), GRAMMAR_SLOT(simple, INT, ONE)};
static const codedb_ast_slot grammar_of_FOR[] = {GRAMMAR_SLOT(target, EXPR, ONE), GRAMMAR_SLOT(iter, EXPR, ONE),
                                                 GRAMMAR_SLOT(body, STMT, LIST_OF_ONE), GRAMMAR_SLOT(orelse, STMT, LIST),
                                                 GRAMMAR_SLOT(type_comment, STRING, OPTIONAL)};
static const codedb_ast_slot grammar_of_ASYNC_FOR[] = {GRAMMAR_SLOT(target, EXPR, ONE), GRAMMAR_SLOT(iter, EXPR, ONE),
                                                       GRAMMAR_SLOT(body, STMT, LIST_OF_ONE), GRAMMAR_SLOT(orelse, STMT, LIST),
                                                       GRAMMAR_SLOT(type_comment, STRING, OPTIONAL)};
static const codedb_ast_slot grammar_of_WHILE[] = {GRAMMAR_SLOT(test, EXPR, ONE), GRAMMAR_SLOT(body, STMT, LIST_OF_ONE),
                                                   GRAMMAR_SLOT(orelse, STMT, LIST)};
static const codedb_ast_slot grammar_of_IF[] = {GRAMMAR_SLOT(test, EXPR, ONE), GRAMMAR_SLOT(body, STMT, LIST_OF_ONE),
                                                GRAMMAR_SLOT(orelse, STMT, LIST)};
static const codedb_ast_slot grammar_of_WITH[] = {GRAMMAR_SLOT(items, WITHITEM, LIST_OF_ONE),
                                                  GRAMMAR_SLOT(body, STMT, LIST_OF_ONE),
                                                  GRAMMAR_SLOT(type_comment, STRING, OPTIONAL)};
static const codedb_ast_slot grammar_of_ASYNC_WITH[] = {GRAMMAR_SLOT(items, WITHITEM, LIST_OF_ONE),
                                                        GRAMMAR_SLOT(body, STMT, LIST_OF_ONE),
                                                        GRAMMAR_SLOT(type_comment, STRING, OPTIONAL)};
static const codedb_ast_slot grammar_of_MATCH[] = {GRAMMAR_SLOT(subject, EXPR, ONE),
                                                   GRAMMAR_SLOT(cases, MATCH_CASE, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_RAISE[] = {GRAMMAR_SLOT(exc, EXPR, OPTIONAL), GRAMMAR_SLOT(cause, EXPR, OPTIONAL)};
static const codedb_ast_slot grammar_of_TRY[] = {GRAMMAR_SLOT(body, STMT, LIST_OF_ONE),
                                                 GRAMMAR_SLOT(handlers, EXCEPTHANDLER, LIST), GRAMMAR_SLOT(orelse, STMT, LIST),
                                                 GRAMMAR_SLOT(finalbody, STMT, LIST)};
static const codedb_ast_slot grammar_of_TRY_STAR[] = {GRAMMAR_SLOT(body, STMT, LIST_OF_ONE),
                                                      GRAMMAR_SLOT(handlers, EXCEPTHANDLER, LIST),
                                                      GRAMMAR_SLOT(orelse, STMT, LIST), GRAMMAR_SLOT(finalbody, STMT, LIST)};
static const codedb_ast_slot grammar_of_ASSERT[] = {GRAMMAR_SLOT(test, EXPR, ONE), GRAMMAR_SLOT(msg, EXPR, OPTIONAL)};
static const codedb_ast_slot grammar_of_IMPORT[] = {GRAMMAR_SLOT(names, ALIAS, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_IMPORT_FROM[] = {
    GRAMMAR_SLOT(module, IDENTIFIER, OPTIONAL), GRAMMAR_SLOT(names, ALIAS, LIST_OF_ONE), GRAMMAR_SLOT(level, INT, OPTIONAL)};
static const codedb_ast_slot grammar_of_GLOBAL[] = {GRAMMAR_SLOT(names, IDENTIFIER, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_NONLOCAL[] = {GRAMMAR_SLOT(names, IDENTIFIER, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_EXPR[] = {GRAMMAR_SLOT(value, EXPR, ONE)};
static const codedb_ast_slot grammar_of_BOOL_OP[] = {GRAMMAR_SLOT(op, BOOLOP, ONE), GRAMMAR_SLOT(values, EXPR, LIST_OF_TWO)};
static const codedb_ast_slot grammar_of_NAMED_EXPR[] = {GRAMMAR_SLOT(target, EXPR, ONE), GRAMMAR_SLOT(value, EXPR, ONE)};
static const codedb_ast_slot grammar_of_BIN_OP[] = {GRAMMAR_SLOT(left, EXPR, ONE), GRAMMAR_SLOT(op, OPERATOR, ONE),
                                                    GRAMMAR_SLOT(right, EXPR, ONE)};
static const codedb_ast_slot grammar_of_UNARY_OP[] = {GRAMMAR_SLOT(op, UNARYOP, ONE), GRAMMAR_SLOT(operand, EXPR, ONE)};
static const codedb_ast_slot grammar_of_LAMBDA[] = {GRAMMAR_SLOT(args, ARGUMENTS, ONE), GRAMMAR_SLOT(body, EXPR, ONE)};
static const codedb_ast_slot grammar_of_IF_EXP[] = {GRAMMAR_SLOT(test, EXPR, ONE), GRAMMAR_SLOT(body, EXPR, ONE),
                                                    GRAMMAR_SLOT(orelse, EXPR, ONE)};
static const codedb_ast_slot grammar_of_DICT[] = {GRAMMAR_SLOT(keys, EXPR, LIST_WITH_NULLS), GRAMMAR_SLOT(values, EXPR, LIST)};
static const codedb_ast_slot grammar_of_SET[] = {GRAMMAR_SLOT(elts, EXPR, LIST)};
static const codedb_ast_slot grammar_of_LIST_COMP[] = {GRAMMAR_SLOT(elt, EXPR, ONE),
                                                       GRAMMAR_SLOT(generators, COMPREHENSION, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_SET_COMP[] = {GRAMMAR_SLOT(elt, EXPR, ONE),
                                                      GRAMMAR_SLOT(generators, COMPREHENSION, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_DICT_COMP[] = {GRAMMAR_SLOT(key, EXPR, ONE), GRAMMAR_SLOT(value, EXPR, OPTIONAL),
                                                       GRAMMAR_SLOT(generators, COMPREHENSION, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_GENERATOR_EXP[] = {GRAMMAR_SLOT(elt, EXPR, ONE),
                                                           GRAMMAR_SLOT(generators, COMPREHENSION, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_AWAIT[] = {GRAMMAR_SLOT(value, EXPR, ONE)};
static const codedb_ast_slot grammar_of_YIELD[] = {GRAMMAR_SLOT(value, EXPR, OPTIONAL)};
static const codedb_ast_slot grammar_of_YIELD_FROM[] = {GRAMMAR_SLOT(value, EXPR, ONE)};
static const codedb_ast_slot grammar_of_COMPARE[] = {GRAMMAR_SLOT(left, EXPR, ONE), GRAMMAR_SLOT(ops, CMPOP, LIST_OF_ONE),
                                                     GRAMMAR_SLOT(comparators, EXPR, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_CALL[] = {GRAMMAR_SLOT(func, EXPR, ONE), GRAMMAR_SLOT(args, EXPR, LIST),
                                                  GRAMMAR_SLOT(keywords, KEYWORD, LIST)};
static const codedb_ast_slot grammar_of_FORMATTED_VALUE[] = {GRAMMAR_SLOT(value, EXPR, ONE), GRAMMAR_SLOT(conversion, INT, ONE),
                                                             GRAMMAR_SLOT(format_spec, EXPR, OPTIONAL)};
static const codedb_ast_slot grammar_of_INTERPOLATION[] = {GRAMMAR_SLOT(value, EXPR, ONE), GRAMMAR_SLOT(str, CONSTANT, ONE),
                                                           GRAMMAR_SLOT(conversion, INT, ONE),
                                                           GRAMMAR_SLOT(format_spec, EXPR, OPTIONAL)};
static const codedb_ast_slot grammar_of_JOINED_STR[] = {GRAMMAR_SLOT(values, EXPR, LIST)};
static const codedb_ast_slot grammar_of_TEMPLATE_STR[] = {GRAMMAR_SLOT(values, EXPR, LIST)};
static const codedb_ast_slot grammar_of_CONSTANT[] = {GRAMMAR_SLOT(value, CONSTANT, ONE), GRAMMAR_SLOT(kind, STRING, OPTIONAL)};
static const codedb_ast_slot grammar_of_ATTRIBUTE[] = {GRAMMAR_SLOT(value, EXPR, ONE), GRAMMAR_SLOT(attr, IDENTIFIER, ONE),
                                                       GRAMMAR_SLOT(ctx, EXPR_CONTEXT, ONE)};
static const codedb_ast_slot grammar_of_SUBSCRIPT[] = {GRAMMAR_SLOT(value, EXPR, ONE), GRAMMAR_SLOT(slice, EXPR, ONE),
                                                       GRAMMAR_SLOT(ctx, EXPR_CONTEXT, ONE)};
static const codedb_ast_slot grammar_of_STARRED[] = {GRAMMAR_SLOT(value, EXPR, ONE), GRAMMAR_SLOT(ctx, EXPR_CONTEXT, ONE)};
static const codedb_ast_slot grammar_of_NAME[] = {GRAMMAR_SLOT(id, IDENTIFIER, ONE), GRAMMAR_SLOT(ctx, EXPR_CONTEXT, ONE)};
static const codedb_ast_slot grammar_of_LIST[] = {GRAMMAR_SLOT(elts, EXPR, LIST), GRAMMAR_SLOT(ctx, EXPR_CONTEXT, ONE)};
static const codedb_ast_slot grammar_of_TUPLE[] = {GRAMMAR_SLOT(elts, EXPR, LIST), GRAMMAR_SLOT(ctx, EXPR_CONTEXT, ONE)};
static const codedb_ast_slot grammar_of_SLICE[] = {GRAMMAR_SLOT(lower, EXPR, OPTIONAL), GRAMMAR_SLOT(upper, EXPR, OPTIONAL),
                                                   GRAMMAR_SLOT(step, EXPR, OPTIONAL)};
static const codedb_ast_slot grammar_of_COMPREHENSION[] = {GRAMMAR_SLOT(target, EXPR, ONE), GRAMMAR_SLOT(iter, EXPR, ONE),
                                                           GRAMMAR_SLOT(ifs, EXPR, LIST), GRAMMAR_SLOT(is_async, INT, ONE)};
static const codedb_ast_slot grammar_of_EXCEPT_HANDLER[] = {
    GRAMMAR_SLOT(type, EXPR, OPTIONAL), GRAMMAR_SLOT(name, IDENTIFIER, OPTIONAL), GRAMMAR_SLOT(body, STMT, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_ARGUMENTS[] = {GRAMMAR_SLOT(posonlyargs, ARG, LIST),
                                                       GRAMMAR_SLOT(args, ARG, LIST),
                                                       GRAMMAR_SLOT(vararg, ARG, OPTIONAL),
                                                       GRAMMAR_SLOT(kwonlyargs, ARG, LIST),
                                                       GRAMMAR_SLOT(kw_defaults, EXPR, LIST_WITH_NULLS),
                                                       GRAMMAR_SLOT(kwarg, ARG, OPTIONAL),
                                                       GRAMMAR_SLOT(defaults, EXPR, LIST)};
static const codedb_ast_slot grammar_of_ARG[] = {GRAMMAR_SLOT(arg, IDENTIFIER, ONE), GRAMMAR_SLOT(annotation, EXPR, OPTIONAL),
                                                 GRAMMAR_SLOT(type_comment, STRING, OPTIONAL)};
static const codedb_ast_slot grammar_of_KEYWORD[] = {GRAMMAR_SLOT(arg, IDENTIFIER, OPTIONAL), GRAMMAR_SLOT(value, EXPR, ONE)};
static const codedb_ast_slot grammar_of_ALIAS[] = {GRAMMAR_SLOT(name, IDENTIFIER, ONE),
                                                   GRAMMAR_SLOT(asname, IDENTIFIER, OPTIONAL)};
static const codedb_ast_slot grammar_of_WITHITEM[] = {GRAMMAR_SLOT(context_expr, EXPR, ONE),
                                                      GRAMMAR_SLOT(optional_vars, EXPR, OPTIONAL)};
static const codedb_ast_slot grammar_of_MATCH_CASE[] = {GRAMMAR_SLOT(pattern, PATTERN, ONE), GRAMMAR_SLOT(guard, EXPR, OPTIONAL),
                                                        GRAMMAR_SLOT(body, STMT, LIST_OF_ONE)};
static const codedb_ast_slot grammar_of_MATCH_VALUE[] = {GRAMMAR_SLOT(value, EXPR, ONE)};
static const codedb_ast_slot grammar_of_MATCH_SINGLETON[] = {GRAMMAR_SLOT(value, SINGLETON, ONE)};
static const codedb_ast_slot grammar_of_MATCH_SEQUENCE[] = {GRAMMAR_SLOT(patterns, PATTERN, LIST)};
static const codedb_ast_slot grammar_of_MATCH_MAPPING[] = {GRAMMAR_SLOT(keys, EXPR, LIST), GRAMMAR_SLOT(patterns, PATTERN, LIST),
                                                           GRAMMAR_SLOT(rest, IDENTIFIER, OPTIONAL)};
static const codedb_ast_slot grammar_of_MATCH_CLASS[] = {GRAMMAR_SLOT(cls, EXPR, ONE), GRAMMAR_SLOT(patterns, PATTERN, LIST),
                                                         GRAMMAR_SLOT(kwd_attrs, IDENTIFIER, LIST),
                                                         GRAMMAR_SLOT(kwd_patterns, PATTERN, LIST)};
static const codedb_ast_slot grammar_of_MATCH_STAR[] = {GRAMMAR_SLOT(name, IDENTIFIER, OPTIONAL)};
static const codedb_ast_slot grammar_of_MATCH_AS[] = {GRAMMAR_SLOT(pattern, PATTERN, OPTIONAL),
                                                      GRAMMAR_SLOT(name, IDENTIFIER, OPTIONAL)};
static const codedb_ast_slot grammar_of_MATCH_OR[] = {GRAMMAR_SLOT(patterns, PATTERN, LIST_OF_TWO)};
static const codedb_ast_slot grammar_of_TYPE_IGNORE[] = {GRAMMAR_SLOT(lineno, INT, ONE), GRAMMAR_SLOT(tag, STRING, ONE)};
static const codedb_ast_slot grammar_of_TYPE_VAR[] = {GRAMMAR_SLOT(name, IDENTIFIER, ONE), GRAMMAR_SLOT(bound, EXPR, OPTIONAL),
                                                      GRAMMAR_SLOT(default_value, EXPR, OPTIONAL)};
static const codedb_ast_slot grammar_of_PARAM_SPEC[] = {GRAMMAR_SLOT(name, IDENTIFIER, ONE),
                                                        GRAMMAR_SLOT(default_value, EXPR, OPTIONAL)};
static const codedb_ast_slot grammar_of_TYPE_VAR_TUPLE[] = {GRAMMAR_SLOT(name, IDENTIFIER, ONE),
                                                            GRAMMAR_SLOT(default_value, EXPR, OPTIONAL)};

#define GRAMMAR_ROW(code) [CODEDB_AST_CLASS_##code] = {grammar_of_##code, sizeof grammar_of_##code / sizeof *grammar_of_##code}

static const struct {
    const codedb_ast_slot *slots;
    unsigned count;
} grammar_rows[CODEDB_AST_CLASS_COUNT] = {
    GRAMMAR_ROW(MODULE),
    GRAMMAR_ROW(INTERACTIVE),
    GRAMMAR_ROW(EXPRESSION),
    GRAMMAR_ROW(FUNCTION_TYPE),
    GRAMMAR_ROW(FUNCTION_DEF),
    GRAMMAR_ROW(ASYNC_FUNCTION_DEF),
    GRAMMAR_ROW(CLASS_DEF),
    GRAMMAR_ROW(RETURN),
    GRAMMAR_ROW(DELETE),
    GRAMMAR_ROW(ASSIGN),
    GRAMMAR_ROW(TYPE_ALIAS),
    GRAMMAR_ROW(AUG_ASSIGN),
    GRAMMAR_ROW(ANN_ASSIGN),
    GRAMMAR_ROW(FOR),
    GRAMMAR_ROW(ASYNC_FOR),
    GRAMMAR_ROW(WHILE),
    GRAMMAR_ROW(IF),
    GRAMMAR_ROW(WITH),
    GRAMMAR_ROW(ASYNC_WITH),
    GRAMMAR_ROW(MATCH),
    GRAMMAR_ROW(RAISE),
    GRAMMAR_ROW(TRY),
    GRAMMAR_ROW(TRY_STAR),
    GRAMMAR_ROW(ASSERT),
    GRAMMAR_ROW(IMPORT),
    GRAMMAR_ROW(IMPORT_FROM),
    GRAMMAR_ROW(GLOBAL),
    GRAMMAR_ROW(NONLOCAL),
    GRAMMAR_ROW(EXPR),
    GRAMMAR_ROW(BOOL_OP),
    GRAMMAR_ROW(NAMED_EXPR),
    GRAMMAR_ROW(BIN_OP),
    GRAMMAR_ROW(UNARY_OP),
    GRAMMAR_ROW(LAMBDA),
    GRAMMAR_ROW(IF_EXP),
    GRAMMAR_ROW(DICT),
    GRAMMAR_ROW(SET),
    GRAMMAR_ROW(LIST_COMP),
    GRAMMAR_ROW(SET_COMP),
    GRAMMAR_ROW(DICT_COMP),
    GRAMMAR_ROW(GENERATOR_EXP),
    GRAMMAR_ROW(AWAIT),
    GRAMMAR_ROW(YIELD),
    GRAMMAR_ROW(YIELD_FROM),
    GRAMMAR_ROW(COMPARE),
    GRAMMAR_ROW(CALL),
    GRAMMAR_ROW(FORMATTED_VALUE),
    GRAMMAR_ROW(INTERPOLATION),
    GRAMMAR_ROW(JOINED_STR),
    GRAMMAR_ROW(TEMPLATE_STR),
    GRAMMAR_ROW(CONSTANT),
    GRAMMAR_ROW(ATTRIBUTE),
    GRAMMAR_ROW(SUBSCRIPT),
    GRAMMAR_ROW(STARRED),
    GRAMMAR_ROW(NAME),
    GRAMMAR_ROW(LIST),
    GRAMMAR_ROW(TUPLE),
    GRAMMAR_ROW(SLICE),
    GRAMMAR_ROW(COMPREHENSION),
    GRAMMAR_ROW(EXCEPT_HANDLER),
    GRAMMAR_ROW(ARGUMENTS),
    GRAMMAR_ROW(ARG),
    GRAMMAR_ROW(KEYWORD),
    GRAMMAR_ROW(ALIAS),
    GRAMMAR_ROW(WITHITEM),
    GRAMMAR_ROW(MATCH_CASE),
    GRAMMAR_ROW(MATCH_VALUE),
    GRAMMAR_ROW(MATCH_SINGLETON),
    GRAMMAR_ROW(MATCH_SEQUENCE),
    GRAMMAR_ROW(MATCH_MAPPING),
    GRAMMAR_ROW(MATCH_CLASS),
    GRAMMAR_ROW(MATCH_STAR),
    GRAMMAR_ROW(MATCH_AS),
    GRAMMAR_ROW(MATCH_OR),
    GRAMMAR_ROW(TYPE_IGNORE),
    GRAMMAR_ROW(TYPE_VAR),
    GRAMMAR_ROW(PARAM_SPEC),
    GRAMMAR_ROW(TYPE_VAR_TUPLE),
};

#undef GRAMMAR_SLOT
#undef GRAMMAR_ROW

CODEDB_PRIVATE const codedb_ast_slot *codedb_ast_slots(codedb_ast_class class, unsigned *count)
{
    *count = grammar_rows[class].count;
    return grammar_rows[class].slots;
}

static const char *const grammar_fields[] = {
#define X(name) #name,
    CODEDB_AST_NODE_FIELDS(X) CODEDB_AST_TEXT_FIELDS(X)
#undef X
        NULL};

CODEDB_PRIVATE const char *codedb_ast_field_name(unsigned field)
{
    return grammar_fields[field - 1];
}

CODEDB_PRIVATE const char *codedb_ast_category_words(codedb_ast_category category)
{
    static const char *const words[] = {
        [CODEDB_AST_MOD] = "a module",
        [CODEDB_AST_STMT] = "a statement",
        [CODEDB_AST_EXPR] = "an expression",
        [CODEDB_AST_EXPR_CONTEXT] = "Load, Store or Del",
        [CODEDB_AST_BOOLOP] = "And or Or",
        [CODEDB_AST_OPERATOR] = "a binary operator",
        [CODEDB_AST_UNARYOP] = "a unary operator",
        [CODEDB_AST_CMPOP] = "a comparison operator",
        [CODEDB_AST_COMPREHENSION] = "a comprehension",
        [CODEDB_AST_EXCEPTHANDLER] = "an ExceptHandler",
        [CODEDB_AST_ARGUMENTS] = "arguments",
        [CODEDB_AST_ARG] = "an arg",
        [CODEDB_AST_KEYWORD] = "a keyword",
        [CODEDB_AST_ALIAS] = "an alias",
        [CODEDB_AST_WITHITEM] = "a withitem",
        [CODEDB_AST_MATCH_CASE] = "a match_case",
        [CODEDB_AST_PATTERN] = "a pattern",
        [CODEDB_AST_TYPE_IGNORE] = "a TypeIgnore",
        [CODEDB_AST_TYPE_PARAM] = "a type parameter",
        [CODEDB_AST_IDENTIFIER] = "a name in a string",
        [CODEDB_AST_STRING] = "a string",
        [CODEDB_AST_INT] = "an integer",
        [CODEDB_AST_CONSTANT] = "a constant",
        [CODEDB_AST_SINGLETON] = "null, true or false",
    };
    return words[category];
}

CODEDB_PRIVATE bool codedb_ast_category_has_position(codedb_ast_category category)
{
    switch (category) {
    case CODEDB_AST_STMT:
    case CODEDB_AST_EXPR:
    case CODEDB_AST_EXCEPTHANDLER:
    case CODEDB_AST_ARG:
    case CODEDB_AST_KEYWORD:
    case CODEDB_AST_ALIAS:
    case CODEDB_AST_PATTERN:
    case CODEDB_AST_TYPE_PARAM: return true;
    default: return false;
    }
}

/* ---- Classes ------------------------------------------------------------------------------------------------------ */

/* Also what kinds are called: behind the classes, those that are kinds of one. */
static const codedb_kind_name grammar_kinds[CODEDB_AST_KIND_COUNT] = {
#define X(code, name, category) {name, sizeof(name) - 1},
    CODEDB_AST_CLASSES(X){"FunctionDef", sizeof("FunctionDef") - 1},
    {"AsyncFunctionDef", sizeof("AsyncFunctionDef") - 1},
#undef X
    {"BoolOp", 6},
    {"NamedExpr", 9},
    {"BinOp", 5},
    {"UnaryOp", 7},
    {"Lambda", 6},
    {"IfExp", 5},
    {"Dict", 4},
    {"Set", 3},
    {"ListComp", 8},
    {"SetComp", 7},
    {"DictComp", 8},
    {"GeneratorExp", 12},
    {"Await", 5},
    {"Yield", 5},
    {"YieldFrom", 9},
    {"Compare", 7},
    {"Call", 4},
    {"FormattedValue", 14},
    {"Interpolation", 13},
    {"JoinedStr", 9},
    {"TemplateStr", 11},
    {"Constant", 8},
    {"Attribute", 9},
    {"Subscript", 9},
    {"Starred", 7},
    {"Name", 4},
    {"List", 4},
    {"Tuple", 5},
    {"Slice", 5},
};

static const uint8_t grammar_categories[] = {
#define X(code, name, category) CODEDB_AST_##category,
    CODEDB_AST_CLASSES(X)
#undef X
};

CODEDB_PRIVATE const char *codedb_ast_class_name(codedb_ast_class class)
{
    return grammar_kinds[class].name;
}

CODEDB_PRIVATE codedb_ast_category codedb_ast_class_category(codedb_ast_class class)
{
    return (codedb_ast_category)grammar_categories[class];
}

CODEDB_PRIVATE codedb_ast_class codedb_ast_class_find(const char *name, size_t length)
{
    unsigned class;
    for (class = 0; class < CODEDB_AST_CLASS_COUNT; class ++)
        if (grammar_kinds[class].length == length && memcmp(grammar_kinds[class].name, name, length) == 0)
            break;
    return (codedb_ast_class) class;
}

CODEDB_PRIVATE codedb_ast_class codedb_ast_kind_class(unsigned kind)
{
    if (kind < CODEDB_AST_CLASS_COUNT)
        return (codedb_ast_class)kind;
    switch (kind) {
    case CODEDB_AST_KIND_METHOD: return CODEDB_AST_CLASS_FUNCTION_DEF;
    case CODEDB_AST_KIND_ASYNC_METHOD: return CODEDB_AST_CLASS_ASYNC_FUNCTION_DEF;
    default: return (codedb_ast_class)(kind - CODEDB_AST_KIND_DECORATORS + CODEDB_AST_CLASS_BOOL_OP);
    }
}

/* ---- Words -------------------------------------------------------------------------------------------------------- */

/* What "did you mean" may name where a type was expected: words, and behind them the classes alone. */
static const char *const grammar_type_names[] = {
#define X(name) #name,
    CODEDB_KIND_WORDS(X) CODEDB_FURTHER_WORDS(X)
#undef X
#define X(code, name, category) name,
        CODEDB_AST_CLASSES(X)
#undef X
            NULL};

CODEDB_PRIVATE const char *codedb_ast_class_nearest(const char *name, size_t length)
{
    return codedb_text_nearest(name, length, grammar_type_names + CODEDB_WORD_COUNT);
}

static const char *const grammar_attribute_names[] = {
#define X(name, cost) #name,
    CODEDB_ATTRIBUTES(X)
#undef X
#define X(name) #name,
        CODEDB_AST_NODE_FIELDS(X) CODEDB_AST_TEXT_FIELDS(X)
#undef X
            NULL};

static codedb_word grammar_word(unsigned kind)
{
    if (kind >= CODEDB_AST_KIND_DECORATORS)
        return CODEDB_WORD_decorator;
    switch (kind) {
    case CODEDB_AST_CLASS_MODULE: return CODEDB_WORD_module;
    case CODEDB_AST_CLASS_CLASS_DEF: return CODEDB_WORD_class;
    case CODEDB_AST_CLASS_FUNCTION_DEF:
    case CODEDB_AST_CLASS_ASYNC_FUNCTION_DEF: return CODEDB_WORD_function;
    case CODEDB_AST_KIND_METHOD:
    case CODEDB_AST_KIND_ASYNC_METHOD: return CODEDB_WORD_method;
    case CODEDB_AST_CLASS_IMPORT:
    case CODEDB_AST_CLASS_IMPORT_FROM: return CODEDB_WORD_import;
    case CODEDB_AST_CLASS_FOR:
    case CODEDB_AST_CLASS_ASYNC_FOR:
    case CODEDB_AST_CLASS_WHILE:
    case CODEDB_AST_CLASS_IF:
    case CODEDB_AST_CLASS_WITH:
    case CODEDB_AST_CLASS_ASYNC_WITH:
    case CODEDB_AST_CLASS_MATCH:
    case CODEDB_AST_CLASS_TRY:
    case CODEDB_AST_CLASS_TRY_STAR: return CODEDB_WORD_stmt;
    default: return grammar_categories[kind] == CODEDB_AST_STMT ? CODEDB_WORD_smallstmt : CODEDB_WORD_node;
    }
}

static unsigned grammar_traits(unsigned kind)
{
    codedb_ast_class class = codedb_ast_kind_class(kind);
    unsigned traits = grammar_categories[class] == CODEDB_AST_EXPR ? CODEDB_TRAIT_EXPRESSION : 0;
    switch (class) {
    case CODEDB_AST_CLASS_MODULE: return CODEDB_TRAIT_SCOPE;
    case CODEDB_AST_CLASS_CLASS_DEF: return CODEDB_TRAIT_SCOPE | CODEDB_TRAIT_CLASS;
    case CODEDB_AST_CLASS_FUNCTION_DEF:
    case CODEDB_AST_CLASS_ASYNC_FUNCTION_DEF: return CODEDB_TRAIT_SCOPE | CODEDB_TRAIT_FUNCTION;
    case CODEDB_AST_CLASS_LAMBDA: return traits | CODEDB_TRAIT_SCOPE | CODEDB_TRAIT_FUNCTION;
    case CODEDB_AST_CLASS_YIELD:
    case CODEDB_AST_CLASS_YIELD_FROM: return traits | CODEDB_TRAIT_YIELD;
    default: return traits;
    }
}

static bool grammar_field_is_insignificant(unsigned field)
{
    (void)field;
    return false;
}

/* Parameters are one list, and so are a class's bases with its keywords, and a call's arguments. */
static unsigned grammar_list_of(unsigned parent_kind, unsigned field)
{
    switch (field) {
    case CODEDB_AST_FIELD_posonlyargs:
    case CODEDB_AST_FIELD_vararg:
    case CODEDB_AST_FIELD_kwonlyargs:
    case CODEDB_AST_FIELD_kwarg: return CODEDB_AST_FIELD_args;
    case CODEDB_AST_FIELD_keywords:
        return parent_kind == CODEDB_AST_CLASS_CLASS_DEF ? CODEDB_AST_FIELD_bases : CODEDB_AST_FIELD_args;
    default: return field;
    }
}

CODEDB_PRIVATE const codedb_vocabulary *codedb_vocabulary_ast(void)
{
    static const codedb_vocabulary ast = {
        .trees = "trees of the ast",
        .kinds = grammar_kinds,
        .kind_count = CODEDB_AST_KIND_COUNT,
        .word_of = grammar_word,
        .traits_of = grammar_traits,
        .fields = grammar_fields,
        .role_count = CODEDB_AST_FIRST_TEXT_FIELD,
        .body = CODEDB_AST_FIELD_body,
        .field_is_insignificant = grammar_field_is_insignificant,
        .list_of = grammar_list_of,
        .type_names = grammar_type_names,
        .attribute_names = grammar_attribute_names,
    };
    return &ast;
}
