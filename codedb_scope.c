/* codedb_scope.c -- which names stand around a node: its kind word and its two qualified names.
 *
 * Called by codedb_tree.c (dump), the selectors and the index, from any thread; calls codedb_tree.c and the memory functions.
 *
 * One pass collects the scopes (def, class, lambda, generator expression) in pre-order; every question is answered from them.
 * Two rules of naming live side by side:
 *
 * - The original engine's: a node stands in all definitions around it, their decorators, parameters and bases included; class
 *   names come first, functions are left out below a class.
 * - Python 3.12's: a node stands in the scope in which it is evaluated. Decorators, defaults, annotations, bases and the first
 *   iterable of a generator expression belong to the scope around; other comprehensions are no scope (they are inlined).
 *
 * Invariants: 1. scopes are in pre-order, so the last one that begins before a node, or one around it, is the innermost.
 * 2. `outer` and `enclosing` point to earlier scopes only. */
#include "codedb_tree.h"

#include <stdlib.h>
#include <string.h>

#define SCOPE_NONE UINT32_MAX

typedef struct scope_record {
    uint32_t node;
    uint32_t outer;     /* the scope whose subtree holds this one */
    uint32_t enclosing; /* the scope in which this one is evaluated */
    uint32_t name;      /* the Name of a def or class, else SCOPE_NONE */
    uint32_t part;      /* its body; of a generator expression, the first iterable: that is evaluated outside. SCOPE_NONE: none */
} scope_record;

/* `global name` in a scope: a def or class of that name there has no prefix in Python's __qualname__. */
typedef struct scope_global {
    uint32_t scope;
    const char *name; /* no NUL behind */
    size_t length;
} scope_global;

struct codedb_scopes {
    const codedb_tree *tree;
    scope_record *records;
    uint32_t count;
    scope_global *globals; /* sorted by scope and name */
    uint32_t global_count;
};

static bool scope_is_definition(const codedb_tree *tree, uint32_t node)
{
    return tree->nodes[node].kind == CODEDB_NODE_FUNCTION_DEF || tree->nodes[node].kind == CODEDB_NODE_CLASS_DEF;
}

static bool scope_is_scope(const codedb_tree *tree, uint32_t node)
{
    return scope_is_definition(tree, node) || tree->nodes[node].kind == CODEDB_NODE_LAMBDA ||
           tree->nodes[node].kind == CODEDB_NODE_GENERATOR_EXP;
}

/* ---- Finding ------------------------------------------------------------------------------------------------------ */

/* The innermost scope that holds `node` and is not it. */
static uint32_t scope_around(const codedb_scopes *scopes, uint32_t node)
{
    uint32_t low = 0;
    uint32_t high = scopes->count;
    uint32_t found;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (scopes->records[middle].node < node)
            low = middle + 1;
        else
            high = middle;
    }
    found = low == 0 ? SCOPE_NONE : low - 1;
    while (found != SCOPE_NONE && scopes->tree->nodes[scopes->records[found].node].end <= node)
        found = scopes->records[found].outer;
    return found;
}

/* The scope that is `node` itself. */
static uint32_t scope_of(const codedb_scopes *scopes, uint32_t node)
{
    uint32_t low = 0;
    uint32_t high = scopes->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (scopes->records[middle].node < node)
            low = middle + 1;
        else
            high = middle;
    }
    return low < scopes->count && scopes->records[low].node == node ? low : SCOPE_NONE;
}

/* Is `node`, which lies in the subtree of the scope, evaluated in it? */
static bool scope_evaluates(const codedb_scopes *scopes, uint32_t scope, uint32_t node)
{
    const codedb_node *nodes = scopes->tree->nodes;
    const scope_record *record = &scopes->records[scope];
    bool in_part = record->part != SCOPE_NONE && node >= record->part && node < nodes[record->part].end;

    return in_part == (nodes[record->node].kind != CODEDB_NODE_GENERATOR_EXP);
}

/* The scope in which `node` is evaluated, `outer` being the innermost that holds it. */
static uint32_t scope_evaluating(const codedb_scopes *scopes, uint32_t outer, uint32_t node)
{
    while (outer != SCOPE_NONE && !scope_evaluates(scopes, outer, node))
        outer = scopes->records[outer].outer;
    return outer;
}

/* ---- Collecting --------------------------------------------------------------------------------------------------- */

/* Counts first, so that each array is allocated once and fits. */
static bool scope_allocate(codedb_scopes *scopes)
{
    const codedb_tree *tree = scopes->tree;
    uint32_t count = 0;
    uint32_t globals = 0;
    uint32_t node;

    for (node = 0; node < tree->node_count; node++) {
        count += scope_is_scope(tree, node);
        globals += tree->nodes[node].kind == CODEDB_NODE_NAME_ITEM;
    }
    scopes->records = codedb_memory_allocate(&tree->allocator, count, sizeof *scopes->records);
    scopes->globals = codedb_memory_allocate(&tree->allocator, globals, sizeof *scopes->globals);
    return scopes->records != NULL && scopes->globals != NULL;
}

/* Children are looked for once for each scope: there may be many before the one in question. */
static void scope_find_parts(const codedb_tree *tree, scope_record *record)
{
    uint32_t clause;

    record->name =
        scope_is_definition(tree, record->node) ? codedb_tree_child(tree, record->node, CODEDB_FIELD_name) : SCOPE_NONE;
    if (tree->nodes[record->node].kind != CODEDB_NODE_GENERATOR_EXP) {
        record->part = codedb_tree_child(tree, record->node, CODEDB_FIELD_body);
        return;
    }
    clause = codedb_tree_child(tree, record->node, CODEDB_FIELD_for_in);
    record->part = clause == UINT32_MAX ? SCOPE_NONE : codedb_tree_child(tree, clause, CODEDB_FIELD_iter);
}

static int scope_compare_globals(const void *left, const void *right)
{
    const scope_global *a = left;
    const scope_global *b = right;
    int order;

    if (a->scope != b->scope)
        return a->scope < b->scope ? -1 : 1;
    order = memcmp(a->name, b->name, a->length < b->length ? a->length : b->length);
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static void scope_collect(codedb_scopes *scopes)
{
    const codedb_tree *tree = scopes->tree;
    uint32_t outer = SCOPE_NONE;
    bool global = false;
    uint32_t node;

    for (node = 0; node < tree->node_count; node++) {
        codedb_node_kind kind = tree->nodes[node].kind;

        while (outer != SCOPE_NONE && tree->nodes[scopes->records[outer].node].end <= node)
            outer = scopes->records[outer].outer;
        if (scope_is_scope(tree, node)) {
            scope_record *record = &scopes->records[scopes->count];

            record->node = node;
            record->outer = outer;
            record->enclosing = scope_evaluating(scopes, outer, node);
            scope_find_parts(tree, record);
            outer = scopes->count++;
        } else if (kind == CODEDB_NODE_GLOBAL || kind == CODEDB_NODE_NONLOCAL) {
            global = kind == CODEDB_NODE_GLOBAL;
        } else if (kind == CODEDB_NODE_NAME_ITEM && global) {
            scope_global *declared = &scopes->globals[scopes->global_count++];

            declared->scope = scope_evaluating(scopes, outer, node);
            declared->name = codedb_tree_name(tree, codedb_tree_child(tree, node, CODEDB_FIELD_name), &declared->length);
        }
    }
    if (scopes->global_count > 1)
        qsort(scopes->globals, scopes->global_count, sizeof *scopes->globals, scope_compare_globals);
}

CODEDB_PRIVATE codedb_code codedb_scopes_create(const codedb_tree *tree, codedb_scopes **scopes, codedb_result *result)
{
    codedb_scopes *made = codedb_memory_allocate(&tree->allocator, 1, sizeof *made);

    *scopes = NULL;
    if (made == NULL)
        return codedb_fail_no_memory(result);
    memset(made, 0, sizeof *made);
    made->tree = tree;
    if (!scope_allocate(made)) {
        codedb_scopes_free(made);
        return codedb_fail_no_memory(result);
    }
    scope_collect(made);
    *scopes = made;
    return codedb_succeed(result);
}

CODEDB_PRIVATE void codedb_scopes_free(codedb_scopes *scopes)
{
    if (scopes == NULL)
        return;
    codedb_memory_release(&scopes->tree->allocator, scopes->records);
    codedb_memory_release(&scopes->tree->allocator, scopes->globals);
    codedb_memory_release(&scopes->tree->allocator, scopes);
}

/* ---- The original's kinds and names ------------------------------------------------------------------------------- */

/* The innermost def or class that holds `node` and is not it. */
static uint32_t scope_definition_around(const codedb_scopes *scopes, uint32_t node)
{
    uint32_t scope = scope_around(scopes, node);

    while (scope != SCOPE_NONE && !scope_is_definition(scopes->tree, scopes->records[scope].node))
        scope = scopes->records[scope].outer;
    return scope;
}

static bool scope_is(const codedb_scopes *scopes, uint32_t scope, codedb_node_kind kind)
{
    return scopes->tree->nodes[scopes->records[scope].node].kind == kind;
}

static uint32_t scope_count_around(const codedb_scopes *scopes, uint32_t scope, codedb_node_kind kind)
{
    uint32_t count = 0;

    for (; scope != SCOPE_NONE; scope = scopes->records[scope].outer)
        count += scope_is(scopes, scope, kind);
    return count;
}

CODEDB_PRIVATE const char *codedb_scopes_kind(const codedb_scopes *scopes, uint32_t node)
{
    codedb_node_kind kind = scopes->tree->nodes[node].kind;

    switch (kind) {
    case CODEDB_NODE_MODULE: return "module";
    case CODEDB_NODE_DECORATOR: return "decorator";
    case CODEDB_NODE_CLASS_DEF: return "class";
    case CODEDB_NODE_FUNCTION_DEF:
        return scope_count_around(scopes, scope_around(scopes, node), CODEDB_NODE_CLASS_DEF) > 0 ? "method" : "function";
    case CODEDB_NODE_IMPORT:
    case CODEDB_NODE_IMPORT_FROM: return "import";
    default: break;
    }
    switch (codedb_node_kind_category(kind)) {
    case CODEDB_CATEGORY_SMALL_STATEMENT: return "smallstmt";
    case CODEDB_CATEGORY_STATEMENT:
    case CODEDB_CATEGORY_COMPOUND_STATEMENT: return "stmt";
    default: return "node";
    }
}

static void scope_append_name(const codedb_scopes *scopes, uint32_t scope, bool first, codedb_buffer *out)
{
    size_t length = 0;
    const char *name = codedb_tree_name(scopes->tree, scopes->records[scope].name, &length);

    if (!first)
        codedb_buffer_append_byte(out, '.');
    codedb_buffer_append(out, name, length);
}

/* The names of the scopes of one kind from `scope` outwards, outermost first, the innermost `skip` of them left out. Returns
 * whether nothing was appended yet. */
static bool scope_append_chain(const codedb_scopes *scopes, uint32_t scope, codedb_node_kind kind, uint32_t skip, bool first,
                               codedb_buffer *out)
{
    uint32_t count = scope_count_around(scopes, scope, kind);

    while (count-- > skip) {
        uint32_t wanted = count;
        uint32_t at = scope;

        for (;; at = scopes->records[at].outer)
            if (scope_is(scopes, at, kind) && wanted-- == 0)
                break;
        scope_append_name(scopes, at, first, out);
        first = false;
    }
    return first;
}

CODEDB_PRIVATE bool codedb_scopes_qualname(const codedb_scopes *scopes, uint32_t node, codedb_buffer *out)
{
    uint32_t around = scope_definition_around(scopes, node);
    codedb_node_kind kind = scopes->tree->nodes[node].kind;
    bool first = scope_append_chain(scopes, around, CODEDB_NODE_CLASS_DEF, 0, true, out);

    if (kind != CODEDB_NODE_CLASS_DEF && kind != CODEDB_NODE_FUNCTION_DEF)
        return !scope_append_chain(scopes, around, CODEDB_NODE_FUNCTION_DEF, 0, first, out);
    if (kind == CODEDB_NODE_FUNCTION_DEF && first)
        first = scope_append_chain(scopes, around, CODEDB_NODE_FUNCTION_DEF, 1, first, out);
    scope_append_name(scopes, scope_of(scopes, node), first, out);
    return true;
}

CODEDB_PRIVATE bool codedb_scopes_inside(const codedb_scopes *scopes, uint32_t node, codedb_buffer *out)
{
    uint32_t around = scope_of(scopes, node);

    return !scope_append_chain(scopes, around, CODEDB_NODE_FUNCTION_DEF, 0,
                               scope_append_chain(scopes, around, CODEDB_NODE_CLASS_DEF, 0, true, out), out);
}

/* ---- Python's names ----------------------------------------------------------------------------------------------- */

/* Was the name of the scope declared global where it is defined? */
static bool scope_is_global(const codedb_scopes *scopes, uint32_t scope)
{
    const scope_record *record = &scopes->records[scope];
    scope_global wanted;

    if (scopes->global_count == 0 || record->enclosing == SCOPE_NONE || !scope_is_definition(scopes->tree, record->node))
        return false;
    wanted.scope = record->enclosing;
    wanted.name = codedb_tree_name(scopes->tree, record->name, &wanted.length);
    return bsearch(&wanted, scopes->globals, scopes->global_count, sizeof wanted, scope_compare_globals) != NULL;
}

static uint32_t scope_prefix(const codedb_scopes *scopes, uint32_t scope)
{
    return scope_is_global(scopes, scope) ? SCOPE_NONE : scopes->records[scope].enclosing;
}

/* Appends bytes back to front: a chain of scopes is walked from the innermost outwards, and turned round as a whole at its end. */
static void scope_append_turned(codedb_buffer *out, const char *text, size_t length)
{
    while (length > 0)
        codedb_buffer_append_byte(out, text[--length]);
}

static void scope_turn(char *text, size_t length)
{
    size_t i;

    for (i = 0; i < length / 2; i++) {
        char byte = text[i];

        text[i] = text[length - 1 - i];
        text[length - 1 - i] = byte;
    }
}

/* One part of the name behind `prefix`, and what stands between the two. */
static void scope_append_part(const codedb_scopes *scopes, uint32_t scope, uint32_t prefix, codedb_buffer *out)
{
    size_t length = 0;
    const char *name;

    if (scope_is(scopes, scope, CODEDB_NODE_LAMBDA)) {
        scope_append_turned(out, "<lambda>", 8);
    } else if (scope_is(scopes, scope, CODEDB_NODE_GENERATOR_EXP)) {
        scope_append_turned(out, "<genexpr>", 9);
    } else {
        name = codedb_tree_name(scopes->tree, scopes->records[scope].name, &length);
        scope_append_turned(out, name, length);
    }
    if (prefix == SCOPE_NONE)
        return;
    codedb_buffer_append_byte(out, '.');
    if (scope_is(scopes, prefix, CODEDB_NODE_FUNCTION_DEF) || scope_is(scopes, prefix, CODEDB_NODE_LAMBDA))
        scope_append_turned(out, ".<locals>", 9);
}

CODEDB_PRIVATE bool codedb_scopes_full_qualname(const codedb_scopes *scopes, uint32_t node, codedb_buffer *out)
{
    uint32_t scope = scope_of(scopes, node);
    size_t mark = out->length;
    uint32_t at;
    uint32_t prefix;

    if (scope == SCOPE_NONE)
        scope = scope_evaluating(scopes, scope_around(scopes, node), node);
    for (at = scope; at != SCOPE_NONE; at = prefix) {
        prefix = scope_prefix(scopes, at);
        scope_append_part(scopes, at, prefix, out);
    }
    if (!out->failed && out->length > mark)
        scope_turn(out->data + mark, out->length - mark);
    return scope != SCOPE_NONE;
}
