/* codedb_selector.h -- selectors: what the compiler makes, the matcher reads, and edits and queries ask for.
 *
 *   selector text -> codedb_selector.c, codedb_reference.c -> steps -> codedb_xpath.c -> matched nodes
 *                                                             its questions about one node: codedb_attributes.c
 *
 * A compiled selector is one arena, is never changed after it was made, and may be used by any number of threads. */
#ifndef CODEDB_SELECTOR_H
#define CODEDB_SELECTOR_H

#include "codedb_tree.h"

/* ---- Sets of node kinds ------------------------------------------------------------------------------------------- */

/* A FunctionDef below a class counts as a kind of its own in these sets; CODEDB_NODE_FUNCTION_DEF there is any other def. */
#define CODEDB_SELECTOR_KIND_METHOD CODEDB_NODE_KIND_COUNT
#define CODEDB_KIND_WORDS ((CODEDB_NODE_KIND_COUNT + 64) / 64)

typedef struct codedb_kind_set {
    uint64_t words[CODEDB_KIND_WORDS];
} codedb_kind_set;

static inline bool codedb_kind_set_has(const codedb_kind_set *set, unsigned kind)
{
    return (set->words[kind / 64] >> (kind % 64)) & 1;
}

/* "module", "class", "function" ...: the word for a member of a codedb_kind_set. */
CODEDB_PRIVATE const char *codedb_kind_word(unsigned kind);
/* White space and punctuation: kinds that have no stored nodes. */
CODEDB_PRIVATE bool codedb_kind_is_insignificant(unsigned kind);

/* ---- Steps -------------------------------------------------------------------------------------------------------- */

typedef enum codedb_combinator {
    CODEDB_COMBINATOR_FILE,         /* first compound: any node */
    CODEDB_COMBINATOR_MODULE_CHILD, /* first compound behind a leading '/' */
    CODEDB_COMBINATOR_DESCENDANT,
    CODEDB_COMBINATOR_CHILD,          /* '>': blocks and lines are looked through */
    CODEDB_COMBINATOR_PHYSICAL_CHILD, /* '/' */
    CODEDB_COMBINATOR_NEXT,           /* '+' */
    CODEDB_COMBINATOR_LATER           /* '~' */
} codedb_combinator;

typedef enum codedb_operator {
    CODEDB_OPERATOR_EXISTS,
    CODEDB_OPERATOR_EQUAL,
    CODEDB_OPERATOR_NOT_EQUAL,
    CODEDB_OPERATOR_CONTAINS,
    CODEDB_OPERATOR_STARTS,
    CODEDB_OPERATOR_ENDS,
    CODEDB_OPERATOR_LESS,
    CODEDB_OPERATOR_LESS_EQUAL,
    CODEDB_OPERATOR_GREATER,
    CODEDB_OPERATOR_GREATER_EQUAL
} codedb_operator;

/* codedb_regex.c: a compiled regular expression, of an arena and never changed. */
typedef struct codedb_regex codedb_regex;
typedef struct codedb_regex_flags {
    bool ignore_case; /* of ASCII letters */
    bool multiline;
    bool dot_all;
    bool verbose;
} codedb_regex_flags;
#define CODEDB_REGEX_MAX_SIZE 2048 /* instructions */
/* NULL for a wrong pattern: *expected says what was expected at *error_offset; or without memory: then *expected is NULL. */
CODEDB_PRIVATE const codedb_regex *codedb_regex_create(codedb_arena *arena, const char *text, size_t length,
                                                       codedb_regex_flags flags, size_t *error_offset, const char **expected);
/* Does the UTF-8 text hold a match? `scratch` has room for codedb_regex_scratch_size numbers. */
CODEDB_PRIVATE bool codedb_regex_search(const codedb_regex *regex, const char *text, size_t length, uint32_t *scratch);
CODEDB_PRIVATE size_t codedb_regex_scratch_size(const codedb_regex *regex);

/* X(name, cost): the attributes that every tree has, and what asking for one costs: filters run cheapest first. */
#define CODEDB_ATTRIBUTES(X) \
    X(type, 0)               \
    X(kind, 0)               \
    X(name, 1)               \
    X(qualname, 6)           \
    X(fqn, 6)                \
    X(module, 2)             \
    X(start_line, 3)         \
    X(end_line, 3)           \
    X(start_col, 3)          \
    X(end_col, 3)            \
    X(start_byte, 2)         \
    X(end_byte, 2)           \
    X(depth, 3)              \
    X(children_count, 3)     \
    X(line_count, 3)         \
    X(args_count, 3)         \
    X(docstring, 6)          \
    X(code, 5)               \
    X(path, 1)               \
    X(node_id, 6)

typedef enum codedb_attribute {
#define X(name, cost) CODEDB_ATTRIBUTE_##name,
    CODEDB_ATTRIBUTES(X)
#undef X
        CODEDB_ATTRIBUTE_FIELD_PATH /* as LibCST names the fields */
} codedb_attribute;

/* Fields of LibCST that hold text and no node; in a path they stand last, numbered behind codedb_node_field. */
enum { CODEDB_TEXT_FIELD_START = CODEDB_FIELD_COUNT, CODEDB_TEXT_FIELD_END, CODEDB_TEXT_FIELD_COUNT };

typedef struct codedb_attribute_test {
    uint8_t attribute;
    uint8_t relation;
    bool ignore_case;
    uint8_t path_length;
    const uint8_t *path; /* FIELD_PATH: codedb_node_field values, or text fields */
    const char *value;   /* a NUL is behind */
    size_t value_length;
    const codedb_regex *regex; /* instead of the value, of EQUAL and NOT_EQUAL; NULL: none */
} codedb_attribute_test;

typedef enum codedb_part_kind {
    CODEDB_PART_KINDS,     /* `kinds` */
    CODEDB_PART_ROLE,      /* `field` */
    CODEDB_PART_ATTRIBUTE, /* `test` */
    CODEDB_PART_POSITION,  /* `position` */
    CODEDB_PART_ROOT,
    CODEDB_PART_EMPTY,
    CODEDB_PART_ASYNC,
    CODEDB_PART_DUNDER,
    CODEDB_PART_PRIVATE,
    CODEDB_PART_DECORATED, /* `decorator`; its value is NULL for any */
    CODEDB_PART_HAS_DOCSTRING,
    CODEDB_PART_GENERATOR,
    CODEDB_PART_CHILD_NUMBER, /* `child_number` */
    CODEDB_PART_IS,           /* this and all below: `query` */
    CODEDB_PART_NOT,
    CODEDB_PART_INSIDE,
    CODEDB_PART_IN_SCOPE,
    CODEDB_PART_FOLLOWS,
    CODEDB_PART_PRECEDES,
    CODEDB_PART_HAS /* branches are relative to the node: their first combinator says how */
} codedb_part_kind;

typedef struct codedb_selector_query codedb_selector_query;
typedef struct codedb_selector_part codedb_selector_part;
typedef struct codedb_selector_step codedb_selector_step;

/* One condition of a compound. */
struct codedb_selector_part {
    codedb_selector_part *next;
    codedb_part_kind kind;
    uint8_t cost;
    union {
        codedb_kind_set kinds;
        codedb_node_field field;
        codedb_attribute_test test;
        struct {
            uint32_t index; /* from 0 */
            bool from_end;
        } position;
        struct {
            const char *value;
            size_t length;
        } decorator;
        struct {
            int32_t step;  /* the A of An+B */
            int32_t start; /* the B */
            bool from_end;
            bool only;                       /* and from the other end as well */
            const codedb_selector_query *of; /* NULL: all siblings count */
        } child_number;
        const codedb_selector_query *query;
    } as;
};

/* A compound with the combinator on its left. Parts in front of the first position are sorted by cost, and so are those between
 * positions: filters commute with each other, not with positions. */
struct codedb_selector_step {
    codedb_selector_step *next;
    codedb_selector_part *parts;
    codedb_kind_set kinds;
    codedb_combinator combinator;
    uint32_t offset; /* its place in the text */
    uint32_t length;
};

/* A union of paths. */
typedef struct codedb_selector_branch codedb_selector_branch;
struct codedb_selector_branch {
    codedb_selector_branch *next;
    codedb_selector_step *steps;
    bool has_position; /* one of its own steps has one */
};
struct codedb_selector_query {
    codedb_selector_branch *branches;
};

struct codedb_selector {
    codedb_arena *arena; /* the selector itself lies in it */
    const char *text;    /* a copy */
    codedb_selector_query query;
    codedb_dialect dialect;
    bool needs_full_tree; /* white space or punctuation may match, or a path goes over it */
};

#define CODEDB_SELECTOR_MAX_LENGTH 65536
#define CODEDB_SELECTOR_MAX_STEPS 256
#define CODEDB_SELECTOR_MAX_NESTING 64

/* Compiles `text`. *selector is freed with codedb_selector_free. Errors: those of codedb_selector_compile. */
CODEDB_PRIVATE codedb_code codedb_selector_create(const codedb_allocator *allocator, const char *text, codedb_dialect dialect,
                                                  codedb_selector **selector, codedb_result *result);
/* The text of a filter's selector, for messages. */
static inline const char *codedb_filter_text(const codedb_filter *filter)
{
    return filter->compiled != NULL ? filter->compiled->text : filter->selector;
}

/* ---- A text being compiled (codedb_selector.c), shared by both dialects ------------------------------------------- */

typedef struct codedb_selector_parser {
    const char *text;
    size_t length;
    size_t at;
    codedb_selector *selector;
    codedb_result *result;
    codedb_code code; /* of the first error */
    unsigned steps;
    unsigned nesting;
} codedb_selector_parser;

/* codedb_reference.c: the compiler of the reference dialect. False: parser->code says why. */
CODEDB_PRIVATE bool codedb_reference_compile(codedb_selector_parser *parser);
/* Records an error at `offset`; `hint` (NULL: none) is a whole clause. Always false. */
CODEDB_PRIVATE bool codedb_selector_fail(codedb_selector_parser *parser, size_t offset, size_t length, const char *expected,
                                         const char *hint);
/* Zeroed memory of the selector; NULL and NO_MEMORY recorded when there is none. */
CODEDB_PRIVATE void *codedb_selector_allocate(codedb_selector_parser *parser, size_t count, size_t size);
/* A copy of `length` bytes and a NUL behind it. */
CODEDB_PRIVATE const char *codedb_selector_copy(codedb_selector_parser *parser, const char *text, size_t length);
/* A new step behind *tail, counted; NULL when there are too many. */
CODEDB_PRIVATE codedb_selector_step *codedb_selector_add_step(codedb_selector_parser *parser, codedb_selector_step ***tail,
                                                              codedb_combinator combinator);
/* A new part of `step`, in its place by cost. */
CODEDB_PRIVATE codedb_selector_part *codedb_selector_add_part(codedb_selector_parser *parser, codedb_selector_step *step,
                                                              codedb_part_kind kind, uint8_t cost);
/* The kind with that class name in any case, or CODEDB_NODE_KIND_COUNT. */
CODEDB_PRIVATE unsigned codedb_kind_find(const char *name, size_t length);
/* Adds the kinds that the word (module, class, method ...) stands for; false when it is no such word. */
CODEDB_PRIVATE bool codedb_kind_set_add_word(codedb_kind_set *set, const char *word, size_t length);
/* Adds the kinds whose class name starts or ends with `word`; false when there is none. */
CODEDB_PRIVATE bool codedb_kind_set_add_affix(codedb_kind_set *set, const char *word, size_t length);
CODEDB_PRIVATE void codedb_kind_set_add(codedb_kind_set *set, unsigned kind); /* FUNCTION_DEF: methods too */
/* The kinds whose name (`by_word` false) or kind word (true) passes the test; `scratch` as in codedb_attribute_compare. */
CODEDB_PRIVATE codedb_kind_set codedb_kind_set_where(const codedb_attribute_test *test, bool by_word, uint32_t *scratch);
/* The built-in attribute of that name in any case, or CODEDB_ATTRIBUTE_FIELD_PATH. */
CODEDB_PRIVATE codedb_attribute codedb_attribute_find(const char *name, size_t length);
CODEDB_PRIVATE uint8_t codedb_attribute_cost(codedb_attribute attribute);

/* ---- Questions about one node (codedb_attributes.c) ---------------------------------------------------------------- */

/* The nodes that are matched: the stored ones, or the whole tree. The same three strided arrays in both cases, so that the
 * matcher does not know which. */
typedef struct codedb_node_view {
    const codedb_tree *tree;
    const codedb_full_node *full; /* NULL: the stored nodes */
    uint32_t count;
    size_t stride;
    const unsigned char *kinds;
    const unsigned char *fields;
    const unsigned char *ends;
    codedb_dialect dialect;
    codedb_arena *arena; /* of what is made while matching */
    uint32_t *parents;   /* NULL until somebody asks, as the next four */
    uint32_t *depths;
    uint32_t *numbers; /* of each node among its parent's stored, or among its fabricated children */
    uint64_t *methods; /* the set of FunctionDefs below a class */
    codedb_scopes *scopes;
    codedb_buffer scratch;   /* the value that is being looked at, when it is no slice of the source */
    uint32_t *regex_scratch; /* for the largest regular expression so far */
    size_t regex_scratch_size;
    codedb_place_cursor cursor;
    const char *first_return; /* the source's first \r; its end when there is none, NULL until somebody asks */
    bool failed;              /* no memory */
} codedb_node_view;

static inline unsigned codedb_view_kind(const codedb_node_view *view, uint32_t node)
{
    return view->kinds[node * view->stride];
}
static inline unsigned codedb_view_field(const codedb_node_view *view, uint32_t node)
{
    return view->fields[node * view->stride];
}
static inline uint32_t codedb_view_end(const codedb_node_view *view, uint32_t node)
{
    return *(const uint32_t *)(const void *)(view->ends + node * view->stride);
}

CODEDB_PRIVATE void codedb_view_open(codedb_node_view *view, const codedb_tree *tree, const codedb_full_tree *full,
                                     codedb_arena *arena);
CODEDB_PRIVATE void codedb_view_close(codedb_node_view *view);
/* NULL (and view->failed) without memory, as the next two. */
CODEDB_PRIVATE const uint32_t *codedb_view_parents(codedb_node_view *view);
CODEDB_PRIVATE const uint64_t *codedb_view_methods(codedb_node_view *view);
/* The stored node's index, or UINT32_MAX for white space and punctuation. */
CODEDB_PRIVATE uint32_t codedb_view_stored(const codedb_node_view *view, uint32_t node);
/* The first child with that role, or UINT32_MAX. */
CODEDB_PRIVATE uint32_t codedb_view_child(const codedb_node_view *view, uint32_t node, codedb_node_field field);
CODEDB_PRIVATE void codedb_view_range(const codedb_node_view *view, uint32_t node, uint32_t *start, uint32_t *end);
CODEDB_PRIVATE codedb_place codedb_view_start(codedb_node_view *view, uint32_t node);
CODEDB_PRIVATE codedb_place codedb_view_end_place(codedb_node_view *view, uint32_t node);
/* A member of a codedb_kind_set: methods have a number of their own. */
CODEDB_PRIVATE unsigned codedb_view_kind_of(codedb_node_view *view, uint32_t node);
/* Into view->scratch: the original engine's qualname, false when there is none; and the node's id. */
CODEDB_PRIVATE bool codedb_view_qualname(codedb_node_view *view, uint32_t node);
CODEDB_PRIVATE void codedb_view_node_id(codedb_node_view *view, uint32_t node);
/* The name attribute as a slice of the source; NULL when there is none. */
CODEDB_PRIVATE const char *codedb_view_name(const codedb_node_view *view, uint32_t node, size_t *length);

CODEDB_PRIVATE bool codedb_attribute_holds(codedb_node_view *view, uint32_t node, const codedb_attribute_test *test);
/* Does `value` stand in the test's relation to its operand? `scratch` is for the test's regular expression, if it has one. */
CODEDB_PRIVATE bool codedb_attribute_compare(const codedb_attribute_test *test, const char *value, size_t length,
                                             uint32_t *scratch);
/* -1, 0, 1, or 2 when one of the texts is no integer as Python's int() takes it. Numbers of any size. */
CODEDB_PRIVATE int codedb_integer_compare(const char *left, size_t left_length, const char *right, size_t right_length);
/* Has the module, class or def a docstring? */
CODEDB_PRIVATE bool codedb_view_has_docstring(const codedb_node_view *view, uint32_t node);
/* Is the node's decorator list non-empty, and, unless `name` is NULL, does one say that dotted name? */
CODEDB_PRIVATE bool codedb_view_is_decorated(const codedb_node_view *view, uint32_t node, const char *name, size_t length);

/* ---- The code of the reference dialect (codedb_emission.c) --------------------------------------------------------- */

/* What is known of a tree in order to write its nodes; of the arena. NULL without memory. */
typedef struct codedb_emission codedb_emission;
CODEDB_PRIVATE codedb_emission *codedb_emission_create(const codedb_tree *tree, const codedb_full_tree *full,
                                                       codedb_arena *arena);
/* Appends what LibCST's code_for_node gives for a node of the whole tree. */
CODEDB_PRIVATE void codedb_emission_append(const codedb_emission *emission, uint32_t node, codedb_buffer *out);

/* ---- Matching (codedb_xpath.c) ------------------------------------------------------------------------------------ */

/* Finds the stored nodes (indexes in tree->nodes, ascending, distinct) that `filter` asks for. *nodes comes from tree->allocator
 * and is released with codedb_memory_release(&tree->allocator, *nodes); it is a valid pointer when *count is 0. No match is
 * success. Errors: those of codedb_tree_query; VALIDATION_ERROR when the selector matches white space or punctuation, which
 * has no stored node. */
CODEDB_PRIVATE codedb_code codedb_xpath_select(const codedb_tree *tree, const codedb_filter *filter, uint32_t **nodes,
                                               uint32_t *count, codedb_result *result);

#endif
