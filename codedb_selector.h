/* codedb_selector.h -- selectors: what the compiler makes, the matcher reads, and edits and queries ask for.
 *
 *   selector text -> codedb_selector.c, codedb_reference.c -> steps -> codedb_xpath.c -> matched nodes
 *   words: codedb_vocabulary.c                                questions about one node: codedb_view.c, codedb_attributes.c
 *
 * A compiled selector is one arena, is never changed after it was made, and may be used by any number of threads. */
#ifndef CODEDB_SELECTOR_H
#define CODEDB_SELECTOR_H

#include "codedb_tree.h"

/* ---- Sets of node kinds ------------------------------------------------------------------------------------------- */

/* What a node is, as far as types can say it, is a small number: that of its class, or a number behind all classes where one class
 * stands for several kinds. In the CST a FunctionDef below a class has this one; CODEDB_NODE_FUNCTION_DEF is then any other def. */
#define CODEDB_SELECTOR_KIND_METHOD CODEDB_NODE_KIND_COUNT
#define CODEDB_KIND_SET_WORDS ((CODEDB_NODE_KIND_COUNT + 64) / 64)
#define CODEDB_KIND_NONE UINT32_MAX

typedef struct codedb_kind_set {
    uint64_t words[CODEDB_KIND_SET_WORDS];
} codedb_kind_set;

static inline bool codedb_kind_set_has(const codedb_kind_set *set, unsigned kind)
{
    return (set->words[kind / 64] >> (kind % 64)) & 1;
}

/* ---- Vocabularies (codedb_vocabulary.c) --------------------------------------------------------------------------- */

/* Words for sets of kinds. The first nine are kinds: they win over class names, and every node has exactly one of them. */
#define CODEDB_KIND_WORDS(X) X(module) X(class) X(function) X(method) X(import) X(smallstmt) X(stmt) X(decorator) X(node)
#define CODEDB_FURTHER_WORDS(X) X(def) X(statement) X(expression)

typedef enum codedb_word {
#define X(name) CODEDB_WORD_##name,
    CODEDB_KIND_WORDS(X) CODEDB_FURTHER_WORDS(X)
#undef X
        CODEDB_WORD_COUNT
} codedb_word;
#define CODEDB_KIND_WORD_COUNT CODEDB_WORD_def

/* What the language's rules ask of a kind, besides its word. */
enum {
    CODEDB_TRAIT_EXPRESSION = 1,
    CODEDB_TRAIT_INSIGNIFICANT = 2, /* white space and punctuation: no stored nodes */
    CODEDB_TRAIT_SCOPE = 4,         /* of :in-scope */
    CODEDB_TRAIT_CLASS = 8,
    CODEDB_TRAIT_FUNCTION = 16, /* its body is run when it is called: def, lambda */
    CODEDB_TRAIT_YIELD = 32
};

typedef struct codedb_kind_name {
    const char *name; /* of the class */
    size_t length;
} codedb_kind_name;

/* The words of one language of trees. Lists of words end with NULL. */
typedef struct codedb_vocabulary {
    const char *trees; /* what they are called in messages */
    const codedb_kind_name *kinds;
    unsigned kind_count;
    codedb_word (*word_of)(unsigned kind); /* one of the first nine */
    const uint8_t *words;                  /* the same by kind, for speed; NULL: ask */
    unsigned (*traits_of)(unsigned kind);
    codedb_kind_set insignificant;  /* those with that trait */
    codedb_kind_set looked_through; /* by '>' */
    const char *const *fields;      /* of field number n: fields[n - 1] */
    unsigned role_count;            /* fields from this number on hold no nodes */
    unsigned body;                  /* number of the field that holds what a scope runs */
    bool (*field_is_insignificant)(unsigned field);
    /* The field by which the list is called that such a child of such a parent belongs to. NULL in the CST: there, lines are to be
     * looked through. */
    unsigned (*list_of)(unsigned parent_kind, unsigned field);
    const char *const *type_names; /* what "did you mean" may name */
    const char *const *attribute_names;
} codedb_vocabulary;

CODEDB_PRIVATE const codedb_vocabulary *codedb_vocabulary_cst(void);
CODEDB_PRIVATE const codedb_vocabulary *codedb_vocabulary_ast(void); /* codedb_ast_grammar.c */

/* The word with that name in any case, or CODEDB_WORD_COUNT. */
CODEDB_PRIVATE codedb_word codedb_word_find(const char *word, size_t length);
/* "module", "class", "function" ...: the word for a kind. */
CODEDB_PRIVATE const char *codedb_kind_word(const codedb_vocabulary *vocabulary, unsigned kind);
CODEDB_PRIVATE bool codedb_kind_is_insignificant(const codedb_vocabulary *vocabulary, unsigned kind);
CODEDB_PRIVATE void codedb_kind_set_add(codedb_kind_set *set, unsigned kind);
/* Adds the kinds of the class with that name in any case; the first of them, or CODEDB_KIND_NONE. */
CODEDB_PRIVATE unsigned codedb_kind_set_add_type(const codedb_vocabulary *vocabulary, codedb_kind_set *set, const char *name,
                                                 size_t length);
/* Adds the kinds that the word stands for. */
CODEDB_PRIVATE void codedb_kind_set_add_word(const codedb_vocabulary *vocabulary, codedb_kind_set *set, codedb_word word);
/* Adds the kinds whose class name starts or ends with `word`; false when there is none. */
CODEDB_PRIVATE bool codedb_kind_set_add_affix(const codedb_vocabulary *vocabulary, codedb_kind_set *set, const char *word,
                                              size_t length);
CODEDB_PRIVATE void codedb_kind_set_add_all(const codedb_vocabulary *vocabulary, codedb_kind_set *set, bool insignificant_too);
CODEDB_PRIVATE void codedb_kind_set_drop_insignificant(const codedb_vocabulary *vocabulary, codedb_kind_set *set);
CODEDB_PRIVATE bool codedb_kind_set_has_insignificant(const codedb_vocabulary *vocabulary, const codedb_kind_set *set);
CODEDB_PRIVATE codedb_kind_set codedb_kind_set_with_trait(const codedb_vocabulary *vocabulary, unsigned trait);
/* The number of a field, or 0. */
CODEDB_PRIVATE unsigned codedb_field_find(const codedb_vocabulary *vocabulary, const char *name, size_t length);

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
/* Until when a search may go on. */
typedef struct codedb_regex_clock {
    double deadline; /* of the monotonic clock; 0: none */
    size_t steps;    /* since the clock was looked at */
    bool is_over;    /* a search has ended for that, and its answer is none */
} codedb_regex_clock;
/* Does the UTF-8 text hold a match? `scratch` has room for codedb_regex_scratch_size numbers; `clock` may be NULL. */
CODEDB_PRIVATE bool codedb_regex_search(const codedb_regex *regex, const char *text, size_t length, uint32_t *scratch,
                                        codedb_regex_clock *clock);
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
    const uint8_t *path; /* FIELD_PATH: numbers of fields in the vocabulary */
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
    uint32_t offset; /* its place in the text */
    uint32_t length;
    union {
        codedb_kind_set kinds;
        unsigned field; /* its number in the vocabulary, as in the paths of tests */
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

/* @name: the node that the step matched, of the main path of one branch. In the order of the text, all names different. */
typedef struct codedb_selector_capture codedb_selector_capture;
struct codedb_selector_capture {
    codedb_selector_capture *next;
    const char *name;
    const codedb_selector_step *step;
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
    codedb_selector_capture *captures;
    uint32_t capture_count;
    codedb_dialect dialect;
    const codedb_vocabulary *vocabulary;
    bool needs_full_tree; /* white space or punctuation may match, or a path goes over it */
};

#define CODEDB_SELECTOR_MAX_LENGTH 65536
#define CODEDB_SELECTOR_MAX_STEPS 256
#define CODEDB_SELECTOR_MAX_NESTING 64

/* Compiles `text`. *selector is freed with codedb_selector_free. Errors: those of codedb_selector_compile. */
CODEDB_PRIVATE codedb_code codedb_selector_create(const codedb_allocator *allocator, const char *text, codedb_dialect dialect,
                                                  codedb_selector **selector, codedb_result *result);
/* The same for trees of any language; the reference dialect has words of the CST only. */
CODEDB_PRIVATE codedb_code codedb_selector_create_in(const codedb_vocabulary *vocabulary, const codedb_allocator *allocator,
                                                     const char *text, codedb_dialect dialect, codedb_selector **selector,
                                                     codedb_result *result);
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
/* Gives those parts of the step that have no place yet the one from `start` to where the parser stands. */
CODEDB_PRIVATE void codedb_selector_place_parts(const codedb_selector_parser *parser, codedb_selector_step *step, size_t start);
/* The kinds whose name (`by_word` false) or kind word (true) passes the test; `scratch` as in codedb_attribute_compare. */
CODEDB_PRIVATE codedb_kind_set codedb_kind_set_where(const codedb_vocabulary *vocabulary, const codedb_attribute_test *test,
                                                     bool by_word, uint32_t *scratch);
/* The built-in attribute of that name in any case, or CODEDB_ATTRIBUTE_FIELD_PATH. */
CODEDB_PRIVATE codedb_attribute codedb_attribute_find(const char *name, size_t length);
CODEDB_PRIVATE uint8_t codedb_attribute_cost(codedb_attribute attribute);

/* ---- Questions about one node (codedb_view.c) ---------------------------------------------------------------------- */

typedef struct codedb_node_view codedb_node_view;

/* What the trees of one language answer for themselves. A slice without text and a NULL: there is none. Values that are no slice
 * of the tree's own text stand in view->scratch until the next question. */
typedef struct codedb_node_source {
    codedb_slice (*value)(codedb_node_view *view, uint32_t node, codedb_attribute attribute);
    bool (*path_holds)(codedb_node_view *view, uint32_t node, const codedb_attribute_test *test);
    const char *(*name)(const codedb_node_view *view, uint32_t node, size_t *length);
    bool (*qualname)(codedb_node_view *view, uint32_t node); /* into view->scratch */
    codedb_place (*start)(codedb_node_view *view, uint32_t node);
    codedb_place (*end)(codedb_node_view *view, uint32_t node);
    /* Has the module, class or def a docstring? Is its decorator list non-empty, and, unless `name` is NULL, does one say that
     * dotted name? */
    bool (*has_docstring)(const codedb_node_view *view, uint32_t node);
    bool (*is_decorated)(const codedb_node_view *view, uint32_t node, const char *name, size_t length);
    bool (*is_async)(const codedb_node_view *view, uint32_t node);
    /* Fills in what only trees of this language know for a host: bytes, code, JSON, in `arena`. False without memory. */
    bool (*describe)(codedb_node_view *view, uint32_t node, codedb_arena *arena, codedb_node_info *info);
} codedb_node_source;

/* The nodes that are matched: the stored ones, or the whole tree. The same three strided arrays in all cases, so that the
 * matcher does not know which. */
struct codedb_node_view {
    const codedb_node_source *source;
    const codedb_vocabulary *vocabulary;
    const codedb_allocator *allocator;
    struct codedb_ast_context *ast; /* of the ast */
    codedb_slice text;              /* the source; text is NULL when it is not at hand */
    const codedb_tree *tree;        /* of the CST, as the next one */
    const codedb_full_node *full;   /* NULL: the stored nodes */
    uint32_t count;
    size_t stride;
    const unsigned char *kinds;
    const unsigned char *fields;
    const unsigned char *ends;
    codedb_dialect dialect;
    const char *path;                         /* NULL: none */
    codedb_naming naming;                     /* of the CST */
    struct codedb_identities *own_identities; /* that were read from naming.kept; NULL: none were */
    char tag[CODEDB_IDENTITY_TAG_SIZE];       /* of a text in which places are named; "" until somebody asks */
    codedb_arena *arena;                      /* of what is made while matching */
    uint32_t *parents;                        /* NULL until somebody asks, as the next four */
    uint32_t *depths;
    uint32_t *numbers; /* of each node among its parent's stored, or among its fabricated children */
    uint64_t *methods; /* the set of FunctionDefs below a class */
    codedb_scopes *scopes;
    codedb_buffer scratch;   /* the value that is being looked at, when it is no slice of the source */
    uint32_t *regex_scratch; /* for the largest regular expression so far */
    size_t regex_scratch_size;
    codedb_regex_clock regex_clock;
    codedb_place_cursor cursor;
    const char *first_return;            /* the source's first \r; its end when there is none, NULL until somebody asks */
    size_t compared;                     /* bytes of values, since the matcher last looked */
    const codedb_attribute_test *sought; /* the last one that asked for a text inside the source: */
    const char *sought_from;             /* from here on */
    const char *sought_at;               /* it first stands here, or at the source's end when it does not */
    bool failed;                         /* no memory */
};

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

/* A view without nodes; the next one is of the CST (codedb_attributes.c): `full` is NULL for the stored nodes. */
CODEDB_PRIVATE void codedb_view_open(codedb_node_view *view, const codedb_node_source *source, const codedb_allocator *allocator,
                                     codedb_arena *arena);
CODEDB_PRIVATE void codedb_view_open_tree(codedb_node_view *view, const codedb_tree *tree, const codedb_full_tree *full,
                                          codedb_arena *arena);
CODEDB_PRIVATE void codedb_view_close(codedb_node_view *view);
/* NULL (and view->failed) without memory, as the next two. */
CODEDB_PRIVATE void *codedb_view_allocate(codedb_node_view *view, size_t count, size_t size);
CODEDB_PRIVATE const uint32_t *codedb_view_parents(codedb_node_view *view);
CODEDB_PRIVATE const uint64_t *codedb_view_methods(codedb_node_view *view);
/* The stored node's index, or UINT32_MAX for white space and punctuation. */
CODEDB_PRIVATE uint32_t codedb_view_stored(const codedb_node_view *view, uint32_t node);
/* The first child with that role, or UINT32_MAX. */
CODEDB_PRIVATE uint32_t codedb_view_child(const codedb_node_view *view, uint32_t node, unsigned field);
CODEDB_PRIVATE void codedb_view_range(const codedb_node_view *view, uint32_t node, uint32_t *start, uint32_t *end);
/* Line 0: the node has no position. */
CODEDB_PRIVATE codedb_place codedb_view_start(codedb_node_view *view, uint32_t node);
CODEDB_PRIVATE codedb_place codedb_view_end_place(codedb_node_view *view, uint32_t node);
/* A member of a codedb_kind_set: methods have a number of their own. */
CODEDB_PRIVATE unsigned codedb_view_kind_of(codedb_node_view *view, uint32_t node);
CODEDB_PRIVATE const char *codedb_view_type(const codedb_node_view *view, uint32_t node);
/* Into view->scratch: the original engine's qualname, false when there is none; and the node's id. */
CODEDB_PRIVATE bool codedb_view_qualname(codedb_node_view *view, uint32_t node);
CODEDB_PRIVATE void codedb_view_node_id(codedb_node_view *view, uint32_t node);
/* Appends the id of a stored node to view->scratch, if the ids are not paths: then it answers false and does nothing. */
CODEDB_PRIVATE bool codedb_view_append_kept_id(codedb_node_view *view, uint32_t stored);
/* The name attribute as a slice of the tree's text; NULL when there is none. */
CODEDB_PRIVATE const char *codedb_view_name(const codedb_node_view *view, uint32_t node, size_t *length);
/* Values: none; what stands in view->scratch; a number, put there. */
CODEDB_PRIVATE codedb_slice codedb_slice_none(void);
CODEDB_PRIVATE codedb_slice codedb_view_scratch(codedb_node_view *view);
CODEDB_PRIVATE codedb_slice codedb_view_number(codedb_node_view *view, uint32_t number);
/* The same part of the source with \n for every line break. */
CODEDB_PRIVATE codedb_slice codedb_view_with_newlines(codedb_node_view *view, codedb_slice slice);

/* The value of an attribute that is no field path; text is NULL when the node has none. Good until the next question. */
CODEDB_PRIVATE codedb_slice codedb_attribute_value(codedb_node_view *view, uint32_t node, codedb_attribute attribute);
CODEDB_PRIVATE bool codedb_attribute_holds(codedb_node_view *view, uint32_t node, const codedb_attribute_test *test);
/* Does `value` stand in the test's relation to its operand? `scratch` and `clock` are for the test's regular expression, if it has one. */
CODEDB_PRIVATE bool codedb_attribute_compare(const codedb_attribute_test *test, const char *value, size_t length,
                                             uint32_t *scratch, codedb_regex_clock *clock);
/* The same for what may be a slice of the tree's source; the test's room is there. */
CODEDB_PRIVATE bool codedb_view_compare(codedb_node_view *view, const codedb_attribute_test *test, codedb_slice slice);
/* -1, 0, 1, or 2 when one of the texts is no integer as Python's int() takes it. Numbers of any size. */
CODEDB_PRIVATE int codedb_integer_compare(const char *left, size_t left_length, const char *right, size_t right_length);

/* ---- The code of the reference dialect (codedb_emission.c) --------------------------------------------------------- */

/* What is known of a tree in order to write its nodes; of the arena. NULL without memory. */
typedef struct codedb_emission codedb_emission;
CODEDB_PRIVATE codedb_emission *codedb_emission_create(const codedb_tree *tree, const codedb_full_tree *full,
                                                       codedb_arena *arena);
/* Appends what LibCST's code_for_node gives for a node of the whole tree. */
CODEDB_PRIVATE void codedb_emission_append(const codedb_emission *emission, uint32_t node, codedb_buffer *out);

/* ---- Matching (codedb_xpath.c) ------------------------------------------------------------------------------------ */

/* What an edit may be about: a stored node, or a comment, which has none. */
typedef struct codedb_target {
    uint32_t node;    /* in tree->nodes; of a comment: the nearest one around it */
    uint32_t comment; /* its offset in the source; CODEDB_NO_COMMENT: the node is meant */
} codedb_target;
#define CODEDB_NO_COMMENT UINT32_MAX
/* Finds the targets (in file order, distinct) that `filter` asks for. *targets comes from tree->allocator and is released with
 * codedb_memory_release(&tree->allocator, *targets); it is a valid pointer when *count is 0. No match is success. Errors: those of
 * codedb_tree_query; VALIDATION_ERROR when the selector matches white space or punctuation other than comments. */
CODEDB_PRIVATE codedb_code codedb_xpath_select(const codedb_tree *tree, const codedb_filter *filter, codedb_target **targets,
                                               uint32_t *count, codedb_result *result);
/* The ways in which a selector matched: rows of 1 + capture_count stored nodes, the matched one and behind it its captures in the
 * order of `names`, CODEDB_NO_CAPTURE where the match's branch does not have that capture. A node has one row without captures,
 * and else one for each way, side by side. */
#define CODEDB_NO_CAPTURE UINT32_MAX
typedef struct codedb_captured {
    codedb_arena *arena;
    size_t count; /* of rows */
    uint32_t capture_count;
    const char *const *names;
    const uint32_t *rows;
    const uint32_t *comments; /* of each row; CODEDB_NO_COMMENT: none. Else row[0] is the nearest node around it */
} codedb_captured;
/* codedb_xpath_select with captures: what was captured may be no white space, punctuation or comment. *captured is to be freed with
 * codedb_captured_free, which may be called after an error too. */
CODEDB_PRIVATE codedb_code codedb_xpath_select_captured(const codedb_tree *tree, const codedb_filter *filter,
                                                        codedb_captured *captured, codedb_result *result);
CODEDB_PRIVATE void codedb_captured_free(codedb_captured *captured);

#endif
