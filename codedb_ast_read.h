/* codedb_ast_read.h -- CPython's ast: its grammar, and a tree of it that was read from codedb's JSON (docs/trees.md).
 *
 *   JSON -> codedb_ast_read.c -> nodes -> codedb_ast_view.c -> codedb_xpath.c -> codedb_ast_query.c
 *           grammar: codedb_ast_grammar.c                                      codedb_ast_edit.c
 *
 * Nodes are a flat array in pre-order, as in the CST. Values stay in the text: a node knows where each of them is. */
#ifndef CODEDB_AST_READ_H
#define CODEDB_AST_READ_H

#include "codedb_selector.h"

/* ---- The grammar (codedb_ast_grammar.c) --------------------------------------------------------------------------- */

/* X(code, name, category): the classes of Python 3.9 to 3.15. */
#define CODEDB_AST_CLASSES(X)                         \
    X(MODULE, "Module", MOD)                          \
    X(INTERACTIVE, "Interactive", MOD)                \
    X(EXPRESSION, "Expression", MOD)                  \
    X(FUNCTION_TYPE, "FunctionType", MOD)             \
    X(FUNCTION_DEF, "FunctionDef", STMT)              \
    X(ASYNC_FUNCTION_DEF, "AsyncFunctionDef", STMT)   \
    X(CLASS_DEF, "ClassDef", STMT)                    \
    X(RETURN, "Return", STMT)                         \
    X(DELETE, "Delete", STMT)                         \
    X(ASSIGN, "Assign", STMT)                         \
    X(TYPE_ALIAS, "TypeAlias", STMT)                  \
    X(AUG_ASSIGN, "AugAssign", STMT)                  \
    X(ANN_ASSIGN, "AnnAssign", STMT)                  \
    X(FOR, "For", STMT)                               \
    X(ASYNC_FOR, "AsyncFor", STMT)                    \
    X(WHILE, "While", STMT)                           \
    X(IF, "If", STMT)                                 \
    X(WITH, "With", STMT)                             \
    X(ASYNC_WITH, "AsyncWith", STMT)                  \
    X(MATCH, "Match", STMT)                           \
    X(RAISE, "Raise", STMT)                           \
    X(TRY, "Try", STMT)                               \
    X(TRY_STAR, "TryStar", STMT)                      \
    X(ASSERT, "Assert", STMT)                         \
    X(IMPORT, "Import", STMT)                         \
    X(IMPORT_FROM, "ImportFrom", STMT)                \
    X(GLOBAL, "Global", STMT)                         \
    X(NONLOCAL, "Nonlocal", STMT)                     \
    X(EXPR, "Expr", STMT)                             \
    X(PASS, "Pass", STMT)                             \
    X(BREAK, "Break", STMT)                           \
    X(CONTINUE, "Continue", STMT)                     \
    X(BOOL_OP, "BoolOp", EXPR)                        \
    X(NAMED_EXPR, "NamedExpr", EXPR)                  \
    X(BIN_OP, "BinOp", EXPR)                          \
    X(UNARY_OP, "UnaryOp", EXPR)                      \
    X(LAMBDA, "Lambda", EXPR)                         \
    X(IF_EXP, "IfExp", EXPR)                          \
    X(DICT, "Dict", EXPR)                             \
    X(SET, "Set", EXPR)                               \
    X(LIST_COMP, "ListComp", EXPR)                    \
    X(SET_COMP, "SetComp", EXPR)                      \
    X(DICT_COMP, "DictComp", EXPR)                    \
    X(GENERATOR_EXP, "GeneratorExp", EXPR)            \
    X(AWAIT, "Await", EXPR)                           \
    X(YIELD, "Yield", EXPR)                           \
    X(YIELD_FROM, "YieldFrom", EXPR)                  \
    X(COMPARE, "Compare", EXPR)                       \
    X(CALL, "Call", EXPR)                             \
    X(FORMATTED_VALUE, "FormattedValue", EXPR)        \
    X(INTERPOLATION, "Interpolation", EXPR)           \
    X(JOINED_STR, "JoinedStr", EXPR)                  \
    X(TEMPLATE_STR, "TemplateStr", EXPR)              \
    X(CONSTANT, "Constant", EXPR)                     \
    X(ATTRIBUTE, "Attribute", EXPR)                   \
    X(SUBSCRIPT, "Subscript", EXPR)                   \
    X(STARRED, "Starred", EXPR)                       \
    X(NAME, "Name", EXPR)                             \
    X(LIST, "List", EXPR)                             \
    X(TUPLE, "Tuple", EXPR)                           \
    X(SLICE, "Slice", EXPR)                           \
    X(LOAD, "Load", EXPR_CONTEXT)                     \
    X(STORE, "Store", EXPR_CONTEXT)                   \
    X(DEL, "Del", EXPR_CONTEXT)                       \
    X(AND, "And", BOOLOP)                             \
    X(OR, "Or", BOOLOP)                               \
    X(ADD, "Add", OPERATOR)                           \
    X(SUB, "Sub", OPERATOR)                           \
    X(MULT, "Mult", OPERATOR)                         \
    X(MAT_MULT, "MatMult", OPERATOR)                  \
    X(DIV, "Div", OPERATOR)                           \
    X(MOD, "Mod", OPERATOR)                           \
    X(POW, "Pow", OPERATOR)                           \
    X(LSHIFT, "LShift", OPERATOR)                     \
    X(RSHIFT, "RShift", OPERATOR)                     \
    X(BIT_OR, "BitOr", OPERATOR)                      \
    X(BIT_XOR, "BitXor", OPERATOR)                    \
    X(BIT_AND, "BitAnd", OPERATOR)                    \
    X(FLOOR_DIV, "FloorDiv", OPERATOR)                \
    X(INVERT, "Invert", UNARYOP)                      \
    X(NOT, "Not", UNARYOP)                            \
    X(UADD, "UAdd", UNARYOP)                          \
    X(USUB, "USub", UNARYOP)                          \
    X(EQ, "Eq", CMPOP)                                \
    X(NOT_EQ, "NotEq", CMPOP)                         \
    X(LT, "Lt", CMPOP)                                \
    X(LT_E, "LtE", CMPOP)                             \
    X(GT, "Gt", CMPOP)                                \
    X(GT_E, "GtE", CMPOP)                             \
    X(IS, "Is", CMPOP)                                \
    X(IS_NOT, "IsNot", CMPOP)                         \
    X(IN, "In", CMPOP)                                \
    X(NOT_IN, "NotIn", CMPOP)                         \
    X(COMPREHENSION, "comprehension", COMPREHENSION)  \
    X(EXCEPT_HANDLER, "ExceptHandler", EXCEPTHANDLER) \
    X(ARGUMENTS, "arguments", ARGUMENTS)              \
    X(ARG, "arg", ARG)                                \
    X(KEYWORD, "keyword", KEYWORD)                    \
    X(ALIAS, "alias", ALIAS)                          \
    X(WITHITEM, "withitem", WITHITEM)                 \
    X(MATCH_CASE, "match_case", MATCH_CASE)           \
    X(MATCH_VALUE, "MatchValue", PATTERN)             \
    X(MATCH_SINGLETON, "MatchSingleton", PATTERN)     \
    X(MATCH_SEQUENCE, "MatchSequence", PATTERN)       \
    X(MATCH_MAPPING, "MatchMapping", PATTERN)         \
    X(MATCH_CLASS, "MatchClass", PATTERN)             \
    X(MATCH_STAR, "MatchStar", PATTERN)               \
    X(MATCH_AS, "MatchAs", PATTERN)                   \
    X(MATCH_OR, "MatchOr", PATTERN)                   \
    X(TYPE_IGNORE, "TypeIgnore", TYPE_IGNORE)         \
    X(TYPE_VAR, "TypeVar", TYPE_PARAM)                \
    X(PARAM_SPEC, "ParamSpec", TYPE_PARAM)            \
    X(TYPE_VAR_TUPLE, "TypeVarTuple", TYPE_PARAM)

typedef enum codedb_ast_class {
#define X(code, name, category) CODEDB_AST_CLASS_##code,
    CODEDB_AST_CLASSES(X)
#undef X
        CODEDB_AST_CLASS_COUNT
} codedb_ast_class;

/* What a field may hold: nodes of one of these categories, or text. */
typedef enum codedb_ast_category {
    CODEDB_AST_MOD,
    CODEDB_AST_STMT,
    CODEDB_AST_EXPR,
    CODEDB_AST_EXPR_CONTEXT,
    CODEDB_AST_BOOLOP,
    CODEDB_AST_OPERATOR,
    CODEDB_AST_UNARYOP,
    CODEDB_AST_CMPOP,
    CODEDB_AST_COMPREHENSION,
    CODEDB_AST_EXCEPTHANDLER,
    CODEDB_AST_ARGUMENTS,
    CODEDB_AST_ARG,
    CODEDB_AST_KEYWORD,
    CODEDB_AST_ALIAS,
    CODEDB_AST_WITHITEM,
    CODEDB_AST_MATCH_CASE,
    CODEDB_AST_PATTERN,
    CODEDB_AST_TYPE_IGNORE,
    CODEDB_AST_TYPE_PARAM,
    CODEDB_AST_IDENTIFIER, /* from here on no nodes: a string */
    CODEDB_AST_STRING,
    CODEDB_AST_INT,
    CODEDB_AST_CONSTANT, /* any value of a Constant */
    CODEDB_AST_SINGLETON /* None, True or False */
} codedb_ast_category;

/* X(name): fields that hold nodes (somewhere), and fields that never do. */
#define CODEDB_AST_NODE_FIELDS(X) \
    X(body)                       \
    X(type_ignores)               \
    X(argtypes)                   \
    X(returns)                    \
    X(args)                       \
    X(decorator_list)             \
    X(type_params)                \
    X(bases)                      \
    X(keywords)                   \
    X(value)                      \
    X(targets)                    \
    X(name)                       \
    X(target)                     \
    X(op)                         \
    X(annotation)                 \
    X(iter)                       \
    X(orelse)                     \
    X(test)                       \
    X(items)                      \
    X(subject)                    \
    X(cases)                      \
    X(exc)                        \
    X(cause)                      \
    X(handlers)                   \
    X(finalbody)                  \
    X(msg)                        \
    X(names)                      \
    X(values)                     \
    X(left)                       \
    X(right)                      \
    X(operand)                    \
    X(keys)                       \
    X(elts)                       \
    X(elt)                        \
    X(generators)                 \
    X(key)                        \
    X(ops)                        \
    X(comparators)                \
    X(func)                       \
    X(format_spec)                \
    X(ctx)                        \
    X(slice)                      \
    X(lower)                      \
    X(upper)                      \
    X(step)                       \
    X(ifs)                        \
    X(type)                       \
    X(posonlyargs)                \
    X(vararg)                     \
    X(kwonlyargs)                 \
    X(kw_defaults)                \
    X(kwarg)                      \
    X(defaults)                   \
    X(context_expr)               \
    X(optional_vars)              \
    X(pattern)                    \
    X(guard)                      \
    X(patterns)                   \
    X(cls)                        \
    X(kwd_patterns)               \
    X(bound)                      \
    X(default_value)
#define CODEDB_AST_TEXT_FIELDS(X) \
    X(type_comment)               \
    X(simple)                     \
    X(module)                     \
    X(level)                      \
    X(conversion)                 \
    X(str)                        \
    X(kind)                       \
    X(attr)                       \
    X(id)                         \
    X(is_async)                   \
    X(arg)                        \
    X(asname)                     \
    X(rest)                       \
    X(kwd_attrs)                  \
    X(lineno)                     \
    X(tag)

/* By these numbers the vocabulary knows them; 0 is the root's. */
typedef enum codedb_ast_field {
    CODEDB_AST_FIELD_NONE,
#define X(name) CODEDB_AST_FIELD_##name,
    CODEDB_AST_NODE_FIELDS(X) CODEDB_AST_FIRST_TEXT_FIELD,
    CODEDB_AST_FIELD_BEFORE_TEXT = CODEDB_AST_FIRST_TEXT_FIELD - 1,
    CODEDB_AST_TEXT_FIELDS(X)
#undef X
        CODEDB_AST_FIELD_COUNT
} codedb_ast_field;

typedef enum codedb_ast_quantity {
    CODEDB_AST_ONE,
    CODEDB_AST_OPTIONAL, /* null: none */
    CODEDB_AST_LIST,
    CODEDB_AST_LIST_OF_ONE, /* at least; what CPython's compiler asks for, not its ast module */
    CODEDB_AST_LIST_OF_TWO,
    CODEDB_AST_LIST_WITH_NULLS /* keys of a Dict, kw_defaults */
} codedb_ast_quantity;

/* One of a class's _fields. */
typedef struct codedb_ast_slot {
    uint8_t field;
    uint8_t category;
    uint8_t quantity;
} codedb_ast_slot;

/* The slots of a class in the order of its _fields. */
CODEDB_PRIVATE const codedb_ast_slot *codedb_ast_slots(codedb_ast_class class, unsigned *count);
CODEDB_PRIVATE const char *codedb_ast_class_name(codedb_ast_class class);
CODEDB_PRIVATE codedb_ast_category codedb_ast_class_category(codedb_ast_class class);
/* CODEDB_AST_CLASS_COUNT when there is none of that name. */
CODEDB_PRIVATE codedb_ast_class codedb_ast_class_find(const char *name, size_t length);
/* The class of that name nearest in spelling, or NULL. */
CODEDB_PRIVATE const char *codedb_ast_class_nearest(const char *name, size_t length);
CODEDB_PRIVATE const char *codedb_ast_field_name(unsigned field);
/* "a statement", "an expression", "a string" ...: what a field of that category holds, for messages. */
CODEDB_PRIVATE const char *codedb_ast_category_words(codedb_ast_category category);
/* Whether nodes of the category have lineno, col_offset, end_lineno and end_col_offset. */
CODEDB_PRIVATE bool codedb_ast_category_has_position(codedb_ast_category category);

/* Kinds of selectors: a class, or behind all classes: methods, and the expressions among them that are decorators. */
enum {
    CODEDB_AST_KIND_METHOD = CODEDB_AST_CLASS_COUNT,
    CODEDB_AST_KIND_ASYNC_METHOD,
    CODEDB_AST_KIND_DECORATORS, /* and the number of the expression's class from the first one on */
    CODEDB_AST_KIND_COUNT = CODEDB_AST_KIND_DECORATORS + (CODEDB_AST_CLASS_SLICE - CODEDB_AST_CLASS_BOOL_OP + 1)
};
_Static_assert(CODEDB_AST_KIND_COUNT <= CODEDB_KIND_SET_WORDS * 64, "kinds fit a set");
/* The class of a kind. */
CODEDB_PRIVATE codedb_ast_class codedb_ast_kind_class(unsigned kind);

/* ---- A tree (codedb_ast_read.c) ----------------------------------------------------------------------------------- */

typedef struct codedb_ast_node {
    uint32_t end;   /* index of the node behind this one's subtree, in pre-order */
    uint8_t kind;   /* of a selector; codedb_ast_kind_class gives the class */
    uint8_t field;  /* codedb_ast_field: the role in the parent */
    uint16_t parts; /* slots of its class */
    uint32_t index; /* in the list that the field holds, nulls counted; 0 when it holds no list */
    uint32_t start; /* the bytes of the node's JSON object */
    uint32_t stop;
    uint32_t values; /* index of its first slot's value */
    uint32_t line;   /* from 1; 0: it has no position */
    uint32_t column; /* in bytes of UTF-8 */
    uint32_t end_line;
    uint32_t end_column;
} codedb_ast_node;

/* Where a field's value is in the text, brackets included; start == stop: it is absent. */
typedef struct codedb_ast_value {
    uint32_t start;
    uint32_t stop;
} codedb_ast_value;

typedef struct codedb_ast {
    codedb_allocator allocator;
    const char *text; /* the JSON: the caller's */
    size_t length;
    codedb_ast_node *nodes; /* pre-order; nodes[0] is the root */
    uint32_t node_count;
    codedb_ast_value *values; /* of each node, as many as its class has slots, in their order */
    uint32_t value_count;
} codedb_ast;

typedef struct codedb_ast_read_options {
    const codedb_allocator *allocator;
    size_t max_depth; /* of nodes in nodes; 0: 1,000,000 */
    bool in_class;    /* the root stands below a class */
    bool trim;        /* it is to be kept: no memory more than it needs */
} codedb_ast_read_options;

#define CODEDB_AST_DEFAULT_DEPTH 1000000u

/* Reads a node, white space around it allowed: a Module as a rule, but any class will do. `text` must live as long as *ast, which is
 * freed with codedb_ast_free. PARSE_ERROR with the place in the text for all that is no such JSON, names the byte; NO_MEMORY. */
CODEDB_PRIVATE codedb_code codedb_ast_read(const char *text, size_t length, const codedb_ast_read_options *options,
                                           codedb_ast **ast, codedb_result *result);
CODEDB_PRIVATE void codedb_ast_free(codedb_ast *ast); /* NULL is allowed */
/* Bytes of memory of one that was trimmed, without its text. */
CODEDB_PRIVATE size_t codedb_ast_memory(const codedb_ast *ast);
/* The value of a field; start == stop when the node's class has no such field, or it is absent. */
CODEDB_PRIVATE codedb_ast_value codedb_ast_value_of(const codedb_ast *ast, uint32_t node, unsigned field);
/* The first child with that role, or UINT32_MAX. */
CODEDB_PRIVATE uint32_t codedb_ast_child(const codedb_ast *ast, uint32_t node, unsigned field);

/* ---- Questions about its nodes (codedb_ast_view.c) ---------------------------------------------------------------- */

/* `global name` in a scope: a def or class of that name there has no prefix in Python's __qualname__. */
typedef struct codedb_ast_global {
    struct codedb_ast_global *next;
    uint32_t scope;
    codedb_slice name;
} codedb_ast_global;

/* What a view of an ast knows besides its nodes: made when it is first asked for, of the view's arena. The caller sets the first one,
 * all else is zero. */
typedef struct codedb_ast_context {
    const codedb_ast *ast;
    size_t *line_starts;
    uint32_t line_count;
    uint32_t *around;    /* of each node: the innermost scope (def, class, lambda, generator expression) that holds it */
    uint32_t *evaluated; /* and the one in which it is evaluated; UINT32_MAX: none */
    bool knows_globals;
    codedb_ast_global *globals;
    codedb_buffer unescaped; /* the last string with escapes */
} codedb_ast_context;

/* `source`: that of the file, if it is at hand; else its text is NULL. The context's buffer is
 * freed behind the view with codedb_buffer_free. */
CODEDB_PRIVATE void codedb_view_open_ast(codedb_node_view *view, codedb_ast_context *context, codedb_slice source,
                                         codedb_arena *arena);
/* The bytes of the source that a node's position says; false when there is no source, no position, or no such place. */
CODEDB_PRIVATE bool codedb_ast_source_range(codedb_node_view *view, uint32_t node, size_t *start, size_t *end);

/* ---- Values in the text (codedb_ast_read.c) ----------------------------------------------------------------------- */

/* The place behind white space at `at`. */
CODEDB_PRIVATE size_t codedb_ast_skip_space(const char *text, size_t at, size_t length);
/* Of a list that was read: steps to the next item, starting with *at at its bracket's offset. False at the end. */
CODEDB_PRIVATE bool codedb_ast_next_item(const codedb_ast *ast, size_t *at, codedb_ast_value *item);
/* Appends what a JSON string that was read says, quotes and all given: UTF-8, a lone surrogate as the three bytes of its code
 * point. */
CODEDB_PRIVATE void codedb_ast_append_string(const codedb_ast *ast, codedb_ast_value string, codedb_buffer *out);

/* ---- Queries (codedb_ast_query.c) --------------------------------------------------------------------------------- */

/* A tree with what is known of its file, for queries and edits. */
typedef struct codedb_ast_document {
    codedb_ast *ast;
    codedb_slice source; /* text is NULL when it is not at hand */
    const char *path;    /* NULL: none */
} codedb_ast_document;

/* Reads the JSON and the host's options. document->ast is freed with codedb_ast_free, whatever the answer. */
CODEDB_PRIVATE codedb_code codedb_ast_open(const char *json, size_t length, const codedb_ast_options *options,
                                           codedb_ast_document *document, codedb_result *result);
/* Finds the nodes (indexes, ascending) that `filter` asks for. *nodes is of the arena. Errors: those of codedb_ast_json_query. */
CODEDB_PRIVATE codedb_code codedb_ast_select(const codedb_ast_document *document, const codedb_filter *filter,
                                             codedb_arena *arena, uint32_t **nodes, uint32_t *count, codedb_result *result);
/* The same, described for the host. */
CODEDB_PRIVATE codedb_code codedb_ast_describe(const codedb_ast_document *document, const codedb_filter *filter,
                                               codedb_nodes **nodes, codedb_result *result);

/* ---- An ast that is kept (codedb_ast_kept.c) ---------------------------------------------------------------------- */

/* Its own texts, and a document over them, whose path is NULL. Any number of threads may read it. */
typedef struct codedb_kept_ast {
    codedb_allocator allocator;
    codedb_slice json;
    codedb_ast_document document;
    size_t memory; /* bytes */
} codedb_kept_ast;

/* Copies the JSON of an ast and the source (text NULL: none) that it is of; without JSON (text NULL) it is made of the source. The options'
 * allocator is set. Errors: those of codedb_ast_read and codedb_tree_parse. */
CODEDB_PRIVATE codedb_code codedb_kept_ast_create(codedb_slice json, codedb_slice source, const codedb_parse_options *options,
                                                  codedb_kept_ast **kept, codedb_result *result);
CODEDB_PRIVATE void codedb_kept_ast_free(codedb_kept_ast *kept); /* NULL is allowed */
/* Is stored JSON a string (the text of Python's ast.dump, say), and so no tree? */
CODEDB_PRIVATE bool codedb_ast_is_string(codedb_slice json);
/* Appends the JSON of a source's ast. */
CODEDB_PRIVATE codedb_code codedb_ast_make(codedb_slice source, const codedb_parse_options *options, codedb_buffer *json,
                                           codedb_result *result);

/* ---- Edits (codedb_ast_edit.c) ------------------------------------------------------------------------------------ */

/* codedb_ast_json_edit for an ast that was read. `path` stands in the diff's header. */
CODEDB_PRIVATE codedb_code codedb_ast_apply(const codedb_ast_document *document, const codedb_edit *edits, size_t edit_count,
                                            const char *path, codedb_edit_report **report, codedb_result *result);

#endif
