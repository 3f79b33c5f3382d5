/* codedb_matcher.h -- a query while it is matched: what codedb_xpath.c, codedb_capture.c and codedb_explain.c share.
 *
 * A set of nodes is one bit a node, in pre-order. Sets are taken from the matcher and given back to it; all of them end with it. */
#ifndef CODEDB_MATCHER_H
#define CODEDB_MATCHER_H

#include "codedb_selector.h"

#define CODEDB_NO_NODE UINT32_MAX

typedef struct codedb_matcher {
    codedb_node_view view;
    codedb_full_tree full;
    codedb_arena *arena;
    const codedb_selector *selector;
    codedb_selector *own;           /* the same when it was compiled for this query alone; NULL: it is the host's */
    codedb_kind_set looked_through; /* by '>' */
    size_t words;                   /* of a set */
    uint64_t **free_sets;           /* a stack of sets that nobody uses any more */
    size_t free_count;
    size_t free_capacity;
    uint32_t *list; /* room for a node list each, NULL until needed */
    uint32_t *chosen;
    uint64_t *generators; /* NULL until asked for */
    double deadline;      /* 0: none */
    int64_t budget;       /* nodes until the clock is looked at */
    bool timed_out;
} codedb_matcher;

/* ---- Sets --------------------------------------------------------------------------------------------------------- */

static inline bool codedb_set_has(const uint64_t *set, uint32_t node)
{
    return (set[node / 64] >> (node % 64)) & 1;
}

static inline void codedb_set_add(uint64_t *set, uint32_t node)
{
    set[node / 64] |= (uint64_t)1 << (node % 64);
}

static inline void codedb_set_remove(uint64_t *set, uint32_t node)
{
    set[node / 64] &= ~((uint64_t)1 << (node % 64));
}

/* The first member from `from` on, or CODEDB_NO_NODE. */
static inline uint32_t codedb_set_next(const codedb_matcher *matcher, const uint64_t *set, uint32_t from)
{
    size_t word = from / 64;
    uint64_t bits;
    if (word >= matcher->words)
        return CODEDB_NO_NODE;
    bits = set[word] & (~(uint64_t)0 << (from % 64));
    while (bits == 0) {
        if (++word == matcher->words)
            return CODEDB_NO_NODE;
        bits = set[word];
    }
    return (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(bits);
}

#define CODEDB_FOR_EACH(matcher, set, node) \
    for (node = codedb_set_next(matcher, set, 0); node != CODEDB_NO_NODE; node = codedb_set_next(matcher, set, node + 1))

static inline uint32_t codedb_set_count(const codedb_matcher *matcher, const uint64_t *set)
{
    uint32_t count = 0;
    size_t i;
    for (i = 0; i < matcher->words; i++)
        count += (uint32_t)__builtin_popcountll(set[i]);
    return count;
}

static inline void codedb_set_intersect(const codedb_matcher *matcher, uint64_t *set, const uint64_t *with)
{
    size_t i;
    for (i = 0; i < matcher->words; i++)
        set[i] &= with[i];
}

static inline void codedb_set_unite(const codedb_matcher *matcher, uint64_t *set, const uint64_t *with)
{
    size_t i;
    for (i = 0; i < matcher->words; i++)
        set[i] |= with[i];
}

/* ---- The matcher (codedb_xpath.c) --------------------------------------------------------------------------------- */

/* Zeroed memory that ends with the query; NULL (and the query has failed) without memory, as the next one. */
CODEDB_PRIVATE void *codedb_matcher_allocate(codedb_matcher *matcher, size_t count, size_t size);
/* An empty set. */
CODEDB_PRIVATE uint64_t *codedb_matcher_take_set(codedb_matcher *matcher);
CODEDB_PRIVATE void codedb_matcher_give_set(codedb_matcher *matcher, uint64_t *set); /* NULL is allowed */
/* Counts work; false when the query has to end: no memory, or its time is over. */
CODEDB_PRIVATE bool codedb_matcher_goes_on(codedb_matcher *matcher, uint32_t work);
/* Does '>' look through nodes of this kind? */
static inline bool codedb_matcher_looks_through(const codedb_matcher *matcher, unsigned kind)
{
    return codedb_kind_set_has(&matcher->looked_through, kind);
}

/* Siblings in order. A block's statements are one list, those of all its lines; its lines themselves are looked at in the list
 * of the block's children (`lines`), where only they are asked for. */
typedef struct codedb_siblings {
    const uint32_t *nodes;
    uint32_t count;
    bool lines;
} codedb_siblings;
typedef void (*codedb_siblings_function)(codedb_matcher *matcher, const codedb_siblings *siblings, void *context);
/* Every list of the file. */
CODEDB_PRIVATE void codedb_matcher_visit_lists(codedb_matcher *matcher, codedb_siblings_function function, void *context);
/* Is the sibling asked for in this list? */
CODEDB_PRIVATE bool codedb_sibling_is_asked_for(const codedb_matcher *matcher, const codedb_siblings *siblings, uint32_t index);

/* Adds to `out` the nodes of these kinds that are reached from `left` (NULL: from the file). */
CODEDB_PRIVATE void codedb_matcher_reach(codedb_matcher *matcher, const uint64_t *left, codedb_combinator combinator,
                                         const codedb_kind_set *kinds, uint64_t *out);
/* The step's nodes: those reached from `left` (NULL: from the file) that pass its parts; the caller's to give back. `chosen` (may
 * be NULL) gets, when the step has a position, for each left node the one that was chosen for it: CODEDB_NO_NODE where there
 * was none stays. */
CODEDB_PRIVATE uint64_t *codedb_matcher_step(codedb_matcher *matcher, const codedb_selector_step *step, const uint64_t *left,
                                             uint32_t *chosen);
/* The nodes of a path; the caller's to give back. */
CODEDB_PRIVATE uint64_t *codedb_matcher_path(codedb_matcher *matcher, const codedb_selector_branch *branch);
/* Takes out of `set` what does not pass a part that is no position. */
CODEDB_PRIVATE void codedb_matcher_filter(codedb_matcher *matcher, const codedb_selector_part *part, uint64_t *set);
/* Takes out what the filter's further conditions, its limit aside, do not let pass. */
CODEDB_PRIVATE void codedb_matcher_apply_conditions(codedb_matcher *matcher, const codedb_filter *filter, uint64_t *set);
/* Reads the host's filter and checks what can be checked without compiling it. */
CODEDB_PRIVATE codedb_code codedb_matcher_take(codedb_filter *filter, bool has_tree, const codedb_filter *given,
                                               codedb_result *result);
/* Compiles the selector, unless it is, and opens the view: of the whole tree when that is asked for. Whatever it answers,
 * codedb_matcher_close is to be called. */
CODEDB_PRIVATE codedb_code codedb_matcher_open(codedb_matcher *matcher, const codedb_tree *tree, const codedb_filter *filter,
                                               bool whole, codedb_result *result);
/* The same for the nodes of a view that is not the CST's: from now on the view and its arena are the matcher's. */
CODEDB_PRIVATE codedb_code codedb_matcher_open_view(codedb_matcher *matcher, const codedb_node_view *view,
                                                    const codedb_filter *filter, codedb_result *result);
CODEDB_PRIVATE void codedb_matcher_close(codedb_matcher *matcher);
/* The filter's nodes, in a set of the matcher. */
CODEDB_PRIVATE codedb_code codedb_matcher_match(codedb_matcher *matcher, const codedb_filter *filter, uint64_t **set,
                                                codedb_result *result);
/* How a query that was cut short ended; success for one that was not. */
CODEDB_PRIVATE codedb_code codedb_matcher_outcome(const codedb_matcher *matcher, const codedb_filter *filter,
                                                  codedb_result *result);

/* Makes a node a target of edits. False when it is none: white space or punctuation but no comment. */
CODEDB_PRIVATE bool codedb_matcher_take_target(codedb_matcher *matcher, uint32_t node, codedb_target *target);
/* Answers that white space or punctuation, which has no stored node, is no target. */
CODEDB_PRIVATE codedb_code codedb_matcher_fail_unstored(codedb_matcher *matcher, uint32_t node, codedb_result *result);

/* ---- Captures (codedb_capture.c) ---------------------------------------------------------------------------------- */

/* The ways in which a selector with captures matched, in order: a row of numbers each, the node and behind it its captures in the
 * order of the selector's text, CODEDB_NO_NODE for those of other branches. */
typedef struct codedb_bindings {
    codedb_buffer rows;
    uint32_t width; /* of a row */
    size_t count;   /* of rows */
} codedb_bindings;

static inline const uint32_t *codedb_bindings_row(const codedb_bindings *bindings, size_t row)
{
    return (const uint32_t *)(const void *)bindings->rows.data + row * bindings->width;
}

/* The names of a selector's captures, in `arena`; NULL without memory. */
CODEDB_PRIVATE const char *const *codedb_capture_names(const codedb_selector *selector, codedb_arena *arena);
/* Matches the filter, its limit as a limit of rows. *bindings is to be freed with codedb_buffer_free(&bindings->rows), whatever
 * the answer. */
CODEDB_PRIVATE codedb_code codedb_capture_match(codedb_matcher *matcher, const codedb_filter *filter, codedb_bindings *bindings,
                                                codedb_result *result);

/* ---- The way to a node (codedb_trail.c) --------------------------------------------------------------------------- */

/* A node above the one in hand, or that one itself. */
typedef struct codedb_trail_step {
    uint32_t node;
    uint32_t number; /* among its parent's children */
    unsigned kind;   /* CODEDB_NODE_... */
} codedb_trail_step;

typedef struct codedb_trail {
    const codedb_tree *tree;
    codedb_arena *arena;
    codedb_trail_step *steps; /* from the module on */
    uint32_t depth;
    uint32_t capacity;
} codedb_trail;

/* At the module. False without memory, as the next one. */
CODEDB_PRIVATE bool codedb_trail_begin(codedb_trail *trail, const codedb_tree *tree, codedb_arena *arena);
/* To a stored node that is not before the one in hand. */
CODEDB_PRIVATE bool codedb_trail_go(codedb_trail *trail, uint32_t node);
/* Of the node in hand: what codedb_view_node_id, codedb_view_qualname and codedb_view_kind_of say of it. */
CODEDB_PRIVATE void codedb_trail_append_id(const codedb_trail *trail, codedb_buffer *out);
CODEDB_PRIVATE bool codedb_trail_append_qualname(const codedb_trail *trail, codedb_buffer *out);
CODEDB_PRIVATE unsigned codedb_trail_kind(const codedb_trail *trail);

/* ---- What a host is told (codedb_nodes.c) ------------------------------------------------------------------------- */

/* Matches the filter and describes what was found. */
CODEDB_PRIVATE codedb_code codedb_nodes_find(codedb_matcher *matcher, const codedb_filter *filter, codedb_nodes **nodes,
                                             codedb_result *result);

/* ---- Explanations (codedb_explain.c) ------------------------------------------------------------------------------ */

/* Explains an open query; *text is a block for the host, cleared on errors. */
CODEDB_PRIVATE codedb_code codedb_explain_query(codedb_matcher *matcher, const codedb_filter *filter,
                                                codedb_explain_format format, char **text, codedb_result *result);
/* INVALID_REQUEST for a call without place for the text or with a format that is none; *text is cleared. */
CODEDB_PRIVATE codedb_code codedb_explain_check(codedb_explain_format format, char **text, codedb_result *result);

#endif
