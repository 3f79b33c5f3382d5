/* codedb_xpath.c -- steps -> matched nodes, over the stored nodes or the whole tree.
 *
 * Called by hosts (codedb_tree_query), codedb_edit.c and codedb_source.c, in the caller's thread; a query owns all its memory and
 * changes nothing of the tree. Calls codedb_selector.c to compile and codedb_attributes.c for questions about one node.
 *
 * A set of nodes is one bit a node, in pre-order. A path goes from left to right: each step turns the set of its left nodes
 * into the set of nodes that it reaches, and its parts take away from that. An argument (:not, :inside ...) is a query of its own
 * that is evaluated once for the whole file; :has goes to the right and then comes back with those that got there.
 *
 * Invariants:
 * 1. Every relation, set operation and position costs at most a pass over the nodes (and their siblings): a query is linear in
 *    (nodes x steps) plus the bytes that its attribute tests compare.
 *    - Descendants: the subtrees of left nodes are ranges; a range inside an earlier one is not walked again.
 *    - Children: a node has one parent, and at most two blocks or lines to be looked through above it.
 *    - Siblings: each list is walked once.
 *    - Positions: a position leaves at most one node for each left node; which one is arithmetic on ranks (descendants) or
 *      falls out of the walk over the children or the list.
 * 2. A step asks only for kinds before anything else, of all nodes that it reaches.
 * 3. Recursion is bounded by the selector's steps and nesting.
 *
 * Contents: sets, reaching, sibling lists, positions, parts, queries, :has, filters, entry points. */
#include "codedb_matcher.h"

#include <string.h>

#define XPATH_NODES_BETWEEN_CLOCKS 8192
#define XPATH_BYTES_OF_A_NODE 64 /* comparing so many counts as a node */

/* ---- Sets --------------------------------------------------------------------------------------------------------- */

static void xpath_subtract(const codedb_matcher *matcher, uint64_t *set, const uint64_t *without)
{
    size_t i;
    for (i = 0; i < matcher->words; i++)
        set[i] &= ~without[i];
}

static void xpath_clear(const codedb_matcher *matcher, uint64_t *set)
{
    memset(set, 0, matcher->words * sizeof *set);
}

CODEDB_PRIVATE void *codedb_matcher_allocate(codedb_matcher *matcher, size_t count, size_t size)
{
    void *memory = codedb_arena_allocate(matcher->arena, count, size);
    matcher->view.failed = matcher->view.failed || memory == NULL;
    return memory;
}

/* An empty set; NULL (and the query has failed) without memory. */
CODEDB_PRIVATE uint64_t *codedb_matcher_take_set(codedb_matcher *matcher)
{
    uint64_t *set;
    if (matcher->free_count == 0)
        return codedb_matcher_allocate(matcher, matcher->words, sizeof *set);
    set = matcher->free_sets[--matcher->free_count];
    xpath_clear(matcher, set);
    return set;
}

/* A set that cannot be put on the stack stays in the arena. NULL is allowed. */
CODEDB_PRIVATE void codedb_matcher_give_set(codedb_matcher *matcher, uint64_t *set)
{
    if (set != NULL && matcher->free_count < matcher->free_capacity)
        matcher->free_sets[matcher->free_count++] = set;
}

/* Counts work; false when the query has to end: no memory, or its time is over. */
CODEDB_PRIVATE bool codedb_matcher_goes_on(codedb_matcher *matcher, uint32_t work)
{
    matcher->budget -= work + (int64_t)(matcher->view.compared / XPATH_BYTES_OF_A_NODE);
    matcher->view.compared %= XPATH_BYTES_OF_A_NODE;
    if (matcher->budget < 0 && matcher->deadline != 0) {
        matcher->budget = XPATH_NODES_BETWEEN_CLOCKS;
        matcher->timed_out = matcher->timed_out || codedb_monotonic_now() > matcher->deadline;
    }
    matcher->timed_out = matcher->timed_out || matcher->view.regex_clock.is_over;
    return !matcher->timed_out && !matcher->view.failed;
}

/* ---- Reaching ----------------------------------------------------------------------------------------------------- */

/* A kind byte says nothing about methods: here a def is in when functions or methods are. */
static codedb_kind_set xpath_byte_kinds(const codedb_kind_set *kinds)
{
    codedb_kind_set set = *kinds;
    if (codedb_kind_set_has(kinds, CODEDB_SELECTOR_KIND_METHOD))
        set.words[CODEDB_NODE_FUNCTION_DEF / 64] |= (uint64_t)1 << (CODEDB_NODE_FUNCTION_DEF % 64);
    return set;
}

/* Takes out of `set`, whose nodes have these kinds by their bytes, what does not have them after all. */
static void xpath_refine(codedb_matcher *matcher, const codedb_kind_set *kinds, uint64_t *set)
{
    codedb_node_view *view = &matcher->view;
    bool functions = codedb_kind_set_has(kinds, CODEDB_NODE_FUNCTION_DEF);
    uint32_t node;
    if (functions != codedb_kind_set_has(kinds, CODEDB_SELECTOR_KIND_METHOD)) {
        CODEDB_FOR_EACH(matcher, set, node)
        {
            if (codedb_view_kind(view, node) == CODEDB_NODE_FUNCTION_DEF &&
                (codedb_view_kind_of(view, node) == CODEDB_NODE_FUNCTION_DEF) != functions)
                codedb_set_remove(set, node);
        }
    }
    if (view->full != NULL && codedb_kind_set_has(kinds, CODEDB_NODE_SIMPLE_WHITESPACE)) {
        CODEDB_FOR_EACH(matcher, set, node)
        {
            if ((view->full[node].flags & CODEDB_FULL_NO_POSITION) != 0)
                codedb_set_remove(set, node);
        }
    }
}

/* The hot loop: the kind byte of each node in [from, to). */
static void xpath_scan(const codedb_matcher *matcher, const codedb_kind_set *kinds, uint32_t from, uint32_t to, uint64_t *out)
{
    const unsigned char *kind = matcher->view.kinds + from * matcher->view.stride;
    size_t stride = matcher->view.stride;
    codedb_kind_set set = *kinds;
    uint32_t node;
    for (node = from; node < to; node++, kind += stride)
        out[node / 64] |= (uint64_t)codedb_kind_set_has(&set, *kind) << (node % 64);
}

static void xpath_reach_descendants(codedb_matcher *matcher, const uint64_t *left, const codedb_kind_set *kinds, uint64_t *out)
{
    uint32_t covered = 0;
    uint32_t node;
    CODEDB_FOR_EACH(matcher, left, node)
    {
        uint32_t end = codedb_view_end(&matcher->view, node);
        uint32_t from = node + 1 > covered ? node + 1 : covered;
        if (from < end) {
            xpath_scan(matcher, kinds, from, end, out);
            covered = end;
        }
    }
}

static void xpath_reach_children(const codedb_matcher *matcher, uint32_t parent, bool look_through, const codedb_kind_set *kinds,
                                 uint64_t *out)
{
    const codedb_node_view *view = &matcher->view;
    uint32_t child;
    for (child = parent + 1; child < codedb_view_end(view, parent); child = codedb_view_end(view, child)) {
        unsigned kind = codedb_view_kind(view, child);
        if (codedb_kind_set_has(kinds, kind))
            codedb_set_add(out, child);
        if (look_through && codedb_matcher_looks_through(matcher, kind))
            xpath_reach_children(matcher, child, true, kinds, out);
    }
}

static void xpath_reach_siblings(codedb_matcher *matcher, const uint64_t *left, bool later, const codedb_kind_set *kinds,
                                 uint64_t *out);

/* Adds to `out` the nodes of these kinds that are reached from `left` (NULL: from the file). */
CODEDB_PRIVATE void codedb_matcher_reach(codedb_matcher *matcher, const uint64_t *left, codedb_combinator combinator,
                                         const codedb_kind_set *kinds, uint64_t *out)
{
    codedb_kind_set bytes = xpath_byte_kinds(kinds);
    uint32_t node;
    switch (combinator) {
    case CODEDB_COMBINATOR_FILE: xpath_scan(matcher, &bytes, 0, matcher->view.count, out); break;
    case CODEDB_COMBINATOR_MODULE_CHILD: xpath_reach_children(matcher, 0, false, &bytes, out); break;
    case CODEDB_COMBINATOR_DESCENDANT: xpath_reach_descendants(matcher, left, &bytes, out); break;
    case CODEDB_COMBINATOR_CHILD:
    case CODEDB_COMBINATOR_PHYSICAL_CHILD:
        CODEDB_FOR_EACH(matcher, left, node)
        {
            xpath_reach_children(matcher, node, combinator == CODEDB_COMBINATOR_CHILD, &bytes, out);
        }
        break;
    case CODEDB_COMBINATOR_NEXT:
    case CODEDB_COMBINATOR_LATER: xpath_reach_siblings(matcher, left, combinator == CODEDB_COMBINATOR_LATER, &bytes, out); break;
    }
    xpath_refine(matcher, kinds, out);
    codedb_matcher_goes_on(matcher, matcher->view.count);
}

/* ---- Sibling lists ------------------------------------------------------------------------------------------------ */

/* Several fields that are one list are called by one of them. */
static unsigned xpath_list_of(unsigned field)
{
    switch (field) {
    case CODEDB_FIELD_posonly_params:
    case CODEDB_FIELD_star_arg:
    case CODEDB_FIELD_kwonly_params:
    case CODEDB_FIELD_star_kwarg: return CODEDB_FIELD_params;
    case CODEDB_FIELD_keywords: return CODEDB_FIELD_bases;
    default: return field;
    }
}

CODEDB_PRIVATE bool codedb_sibling_is_asked_for(const codedb_matcher *matcher, const codedb_siblings *siblings, uint32_t index)
{
    return !siblings->lines || codedb_view_kind(&matcher->view, siblings->nodes[index]) == CODEDB_NODE_SIMPLE_STATEMENT_LINE;
}

static void xpath_flush_list(codedb_matcher *matcher, uint32_t *count, codedb_siblings_function function, void *context)
{
    codedb_siblings siblings = {matcher->list, *count, false};
    if (*count > 0)
        function(matcher, &siblings, context);
    *count = 0;
}

/* The children of `parent` whose field is `body`, behind those that are already in the list. */
static uint32_t xpath_append_body(const codedb_matcher *matcher, uint32_t parent, uint32_t count)
{
    const codedb_node_view *view = &matcher->view;
    uint32_t child;
    for (child = parent + 1; child < codedb_view_end(view, parent); child = codedb_view_end(view, child))
        if (codedb_view_field(view, child) == CODEDB_FIELD_body)
            matcher->list[count++] = child;
    return count;
}

static void xpath_visit_lines(codedb_matcher *matcher, uint32_t block, codedb_siblings_function function, void *context)
{
    codedb_siblings siblings = {matcher->list, xpath_append_body(matcher, block, 0), true};
    function(matcher, &siblings, context);
}

/* The lists among the children of one node. */
static void xpath_visit_lists_below(codedb_matcher *matcher, uint32_t parent, codedb_siblings_function function, void *context)
{
    const codedb_node_view *view = &matcher->view;
    bool is_line = codedb_view_kind(view, parent) == CODEDB_NODE_SIMPLE_STATEMENT_LINE;
    bool has_lines = false;
    unsigned list = CODEDB_FIELD_NONE;
    uint32_t count = 0;
    uint32_t child;
    for (child = parent + 1; child < codedb_view_end(view, parent); child = codedb_view_end(view, child)) {
        unsigned field = xpath_list_of(codedb_view_field(view, child));
        if (field == CODEDB_FIELD_posonly_ind) { /* stands among the parameters and is none */
            codedb_siblings alone = {&child, 1, false};
            function(matcher, &alone, context);
            continue;
        }
        if (field != list)
            xpath_flush_list(matcher, &count, function, context);
        list = field;
        if (field == CODEDB_FIELD_body && is_line)
            continue; /* in the list of the block around */
        if (codedb_view_kind(view, child) == CODEDB_NODE_SIMPLE_STATEMENT_LINE) {
            count = xpath_append_body(matcher, child, count);
            has_lines = true;
        } else
            matcher->list[count++] = child;
    }
    xpath_flush_list(matcher, &count, function, context);
    if (has_lines)
        xpath_visit_lines(matcher, parent, function, context);
}

/* The same where every list is of one field, or of several that the vocabulary calls by one of them. */
static void xpath_visit_plain_lists_below(codedb_matcher *matcher, uint32_t parent, codedb_siblings_function function,
                                          void *context)
{
    const codedb_node_view *view = &matcher->view;
    unsigned kind = codedb_view_kind(view, parent);
    codedb_kind_set seen = {{0}}; /* of fields */
    uint32_t first;
    uint32_t child;
    for (first = parent + 1; first < codedb_view_end(view, parent); first = codedb_view_end(view, first)) {
        unsigned list = view->vocabulary->list_of(kind, codedb_view_field(view, first));
        uint32_t count = 0;
        if (codedb_kind_set_has(&seen, list))
            continue;
        codedb_kind_set_add(&seen, list);
        for (child = first; child < codedb_view_end(view, parent); child = codedb_view_end(view, child))
            if (view->vocabulary->list_of(kind, codedb_view_field(view, child)) == list)
                matcher->list[count++] = child;
        xpath_flush_list(matcher, &count, function, context);
    }
}

/* Every list of the file. */
CODEDB_PRIVATE void codedb_matcher_visit_lists(codedb_matcher *matcher, codedb_siblings_function function, void *context)
{
    bool plain = matcher->view.vocabulary->list_of != NULL;
    uint32_t node;
    if (matcher->list == NULL)
        matcher->list = codedb_matcher_allocate(matcher, matcher->view.count, sizeof *matcher->list);
    if (matcher->list == NULL)
        return;
    for (node = 0; node < matcher->view.count; node++) {
        if (codedb_view_end(&matcher->view, node) == node + 1)
            continue;
        if (plain)
            xpath_visit_plain_lists_below(matcher, node, function, context);
        else
            xpath_visit_lists_below(matcher, node, function, context);
    }
}

typedef struct xpath_sibling_step {
    const uint64_t *from;
    const codedb_kind_set *kinds;
    bool later;
    uint64_t *out;
} xpath_sibling_step;

static void xpath_step_right(codedb_matcher *matcher, const codedb_siblings *siblings, void *context)
{
    const xpath_sibling_step *step = context;
    bool reached = false;
    uint32_t i;
    for (i = 0; i < siblings->count; i++) {
        uint32_t node = siblings->nodes[i];
        if (reached && codedb_kind_set_has(step->kinds, codedb_view_kind(&matcher->view, node)))
            codedb_set_add(step->out, node);
        reached =
            (reached && step->later) || (codedb_set_has(step->from, node) && codedb_sibling_is_asked_for(matcher, siblings, i));
    }
}

/* Those that have a sibling in `from` behind them. */
static void xpath_step_left(codedb_matcher *matcher, const codedb_siblings *siblings, void *context)
{
    const xpath_sibling_step *step = context;
    bool reached = false;
    uint32_t i;
    for (i = siblings->count; i-- > 0;) {
        uint32_t node = siblings->nodes[i];
        if (reached && codedb_sibling_is_asked_for(matcher, siblings, i))
            codedb_set_add(step->out, node);
        reached = (reached && step->later) || codedb_set_has(step->from, node);
    }
}

static void xpath_reach_siblings(codedb_matcher *matcher, const uint64_t *left, bool later, const codedb_kind_set *kinds,
                                 uint64_t *out)
{
    xpath_sibling_step step = {left, kinds, later, out};
    codedb_matcher_visit_lists(matcher, xpath_step_right, &step);
}

/* ---- Positions ---------------------------------------------------------------------------------------------------- */

/* For each left node, the one of the nodes reached from it that stands at `index`. Of those in `wanted` (NULL: any), `reached`
 * collects the chosen, and `lefts` the nodes that they were chosen for; each may be NULL. */
typedef struct xpath_choice {
    const uint64_t *candidates;
    const uint64_t *left; /* NULL: the file is the only one */
    uint32_t index;
    bool from_end;
    const uint64_t *wanted;
    uint64_t *reached;
    uint64_t *lefts;
    uint32_t *pairs; /* by left node: the chosen one; NULL: not asked for */
} xpath_choice;

static void xpath_choose(const xpath_choice *choice, uint32_t left, uint32_t node)
{
    if (choice->wanted != NULL && !codedb_set_has(choice->wanted, node))
        return;
    if (choice->reached != NULL)
        codedb_set_add(choice->reached, node);
    if (choice->lefts != NULL)
        codedb_set_add(choice->lefts, left);
    if (choice->pairs != NULL)
        choice->pairs[left] = node;
}

/* Chooses among nodes[0 .. count). */
static void xpath_choose_from(const xpath_choice *choice, uint32_t left, const uint32_t *nodes, uint32_t count)
{
    if (choice->index < count)
        xpath_choose(choice, left, nodes[choice->from_end ? count - 1 - choice->index : choice->index]);
}

/* How many members come before `node`; sums[i]: those before word i. */
static uint32_t xpath_rank(const uint64_t *set, const uint32_t *sums, uint32_t node)
{
    uint64_t below = ((uint64_t)1 << (node % 64)) - 1;
    return sums[node / 64] + (uint32_t)__builtin_popcountll(set[node / 64] & below);
}

static uint32_t xpath_list_members(const codedb_matcher *matcher, const uint64_t *set, uint32_t *list)
{
    uint32_t count = 0;
    uint32_t node;
    CODEDB_FOR_EACH(matcher, set, node)
    {
        list[count++] = node;
    }
    return count;
}

static void xpath_choose_descendants(codedb_matcher *matcher, const xpath_choice *choice)
{
    uint32_t *sums = codedb_matcher_allocate(matcher, matcher->words, sizeof *sums);
    uint32_t node;
    size_t i;
    if (sums == NULL)
        return;
    for (i = 1; i < matcher->words; i++)
        sums[i] = sums[i - 1] + (uint32_t)__builtin_popcountll(choice->candidates[i - 1]);
    xpath_list_members(matcher, choice->candidates, matcher->list);
    CODEDB_FOR_EACH(matcher, choice->left, node)
    {
        uint32_t from = xpath_rank(choice->candidates, sums, node + 1);
        uint32_t to = xpath_rank(choice->candidates, sums, codedb_view_end(&matcher->view, node));
        xpath_choose_from(choice, node, matcher->list + from, to - from);
    }
}

static uint32_t xpath_list_children(codedb_matcher *matcher, uint32_t parent, bool look_through, const uint64_t *candidates,
                                    uint32_t count)
{
    const codedb_node_view *view = &matcher->view;
    uint32_t child;
    for (child = parent + 1; child < codedb_view_end(view, parent); child = codedb_view_end(view, child)) {
        if (codedb_set_has(candidates, child))
            matcher->list[count++] = child;
        if (look_through && codedb_matcher_looks_through(matcher, codedb_view_kind(view, child)))
            count = xpath_list_children(matcher, child, true, candidates, count);
    }
    return count;
}

static void xpath_choose_children(codedb_matcher *matcher, const xpath_choice *choice, bool look_through)
{
    uint32_t node;
    CODEDB_FOR_EACH(matcher, choice->left, node)
    {
        xpath_choose_from(choice, node, matcher->list, xpath_list_children(matcher, node, look_through, choice->candidates, 0));
    }
}

static void xpath_choose_next(codedb_matcher *matcher, const codedb_siblings *siblings, void *context)
{
    const xpath_choice *choice = context;
    uint32_t i;
    for (i = 0; i + 1 < siblings->count; i++)
        if (codedb_set_has(choice->left, siblings->nodes[i]) && codedb_sibling_is_asked_for(matcher, siblings, i) &&
            codedb_set_has(choice->candidates, siblings->nodes[i + 1]))
            xpath_choose_from(choice, siblings->nodes[i], siblings->nodes + i + 1, 1);
}

/* From the list's end: matcher->chosen holds the candidates behind the one in hand, the last one first. */
static void xpath_choose_later(codedb_matcher *matcher, const codedb_siblings *siblings, void *context)
{
    const xpath_choice *choice = context;
    uint32_t count = 0;
    uint32_t i;
    for (i = siblings->count; i-- > 0;) {
        uint32_t node = siblings->nodes[i];
        if (choice->index < count && codedb_set_has(choice->left, node) && codedb_sibling_is_asked_for(matcher, siblings, i))
            xpath_choose(choice, node, matcher->chosen[choice->from_end ? choice->index : count - 1 - choice->index]);
        if (codedb_set_has(choice->candidates, node))
            matcher->chosen[count++] = node;
    }
}

static void xpath_apply_choice(codedb_matcher *matcher, codedb_combinator combinator, xpath_choice *choice)
{
    if (matcher->list == NULL)
        matcher->list = codedb_matcher_allocate(matcher, matcher->view.count, sizeof *matcher->list);
    if (matcher->chosen == NULL)
        matcher->chosen = codedb_matcher_allocate(matcher, matcher->view.count, sizeof *matcher->chosen);
    if (matcher->list == NULL || matcher->chosen == NULL)
        return;
    switch (combinator) {
    case CODEDB_COMBINATOR_FILE:
    case CODEDB_COMBINATOR_MODULE_CHILD:
        xpath_choose_from(choice, 0, matcher->list, xpath_list_members(matcher, choice->candidates, matcher->list));
        break;
    case CODEDB_COMBINATOR_DESCENDANT: xpath_choose_descendants(matcher, choice); break;
    case CODEDB_COMBINATOR_CHILD: xpath_choose_children(matcher, choice, true); break;
    case CODEDB_COMBINATOR_PHYSICAL_CHILD: xpath_choose_children(matcher, choice, false); break;
    case CODEDB_COMBINATOR_NEXT: codedb_matcher_visit_lists(matcher, xpath_choose_next, choice); break;
    case CODEDB_COMBINATOR_LATER: codedb_matcher_visit_lists(matcher, xpath_choose_later, choice); break;
    }
    codedb_matcher_goes_on(matcher, matcher->view.count);
}

/* ---- Parts -------------------------------------------------------------------------------------------------------- */

static void xpath_filter_query(codedb_matcher *matcher, const codedb_selector_part *part, uint64_t *set);

static bool xpath_name_is(const codedb_node_view *view, uint32_t node, bool dunder)
{
    size_t length;
    const char *name = codedb_view_name(view, node, &length);
    bool is_dunder;
    if (name == NULL || length == 0)
        return false;
    is_dunder = length > 4 && memcmp(name, "__", 2) == 0 && memcmp(name + length - 2, "__", 2) == 0;
    return dunder ? is_dunder : *name == '_' && !is_dunder;
}

static bool xpath_is_empty(const codedb_node_view *view, uint32_t node)
{
    uint32_t child;
    for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
        if (codedb_view_stored(view, child) != CODEDB_NO_NODE)
            return false;
    return true;
}

/* Parts that one node can answer for itself. */
static bool xpath_node_passes(codedb_matcher *matcher, const codedb_selector_part *part, uint32_t node)
{
    codedb_node_view *view = &matcher->view;
    switch (part->kind) {
    case CODEDB_PART_KINDS: return codedb_kind_set_has(&part->as.kinds, codedb_view_kind_of(view, node));
    case CODEDB_PART_ROLE: return codedb_view_field(view, node) == part->as.field;
    case CODEDB_PART_ATTRIBUTE: return codedb_attribute_holds(view, node, &part->as.test);
    case CODEDB_PART_ROOT: return node == 0;
    case CODEDB_PART_EMPTY: return xpath_is_empty(view, node);
    case CODEDB_PART_ASYNC: return view->source->is_async(view, node);
    case CODEDB_PART_DUNDER: return xpath_name_is(view, node, true);
    case CODEDB_PART_PRIVATE: return xpath_name_is(view, node, false);
    case CODEDB_PART_HAS_DOCSTRING: return view->source->has_docstring(view, node);
    default: return view->source->is_decorated(view, node, part->as.decorator.value, part->as.decorator.length);
    }
}

/* Defs and lambdas with a `yield` of their own: one that no other def or lambda inside them evaluates. */
static const uint64_t *xpath_generators(codedb_matcher *matcher)
{
    codedb_node_view *view = &matcher->view;
    const codedb_vocabulary *vocabulary = view->vocabulary;
    codedb_kind_set functions = codedb_kind_set_with_trait(vocabulary, CODEDB_TRAIT_FUNCTION);
    codedb_kind_set classes = codedb_kind_set_with_trait(vocabulary, CODEDB_TRAIT_CLASS);
    codedb_kind_set yields = codedb_kind_set_with_trait(vocabulary, CODEDB_TRAIT_YIELD);
    uint32_t *owners;
    uint32_t node;
    uint32_t child;
    if (matcher->generators != NULL)
        return matcher->generators;
    owners = codedb_matcher_allocate(matcher, view->count, sizeof *owners);
    matcher->generators = codedb_matcher_take_set(matcher);
    if (owners == NULL || matcher->generators == NULL)
        return NULL;
    owners[0] = CODEDB_NO_NODE;
    for (node = 0; node < view->count; node++) {
        unsigned kind = codedb_view_kind(view, node);
        bool is_class = codedb_kind_set_has(&classes, kind);
        bool owns = is_class || codedb_kind_set_has(&functions, kind);
        uint32_t inside = is_class ? CODEDB_NO_NODE : node;
        if (codedb_kind_set_has(&yields, kind) && owners[node] != CODEDB_NO_NODE)
            codedb_set_add(matcher->generators, owners[node]);
        for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
            owners[child] = owns && codedb_view_field(view, child) == vocabulary->body ? inside : owners[node];
    }
    return matcher->generators;
}

typedef struct xpath_numbering {
    const codedb_selector_part *part;
    const uint64_t *counted; /* NULL: all */
    uint64_t *out;
} xpath_numbering;

/* Is there a k from 0 on with step * k + start == number? */
static bool xpath_in_series(int64_t step, int64_t start, int64_t number)
{
    if (step == 0)
        return number == start;
    return (number - start) % step == 0 && (number - start) / step >= 0;
}

static void xpath_number_list(codedb_matcher *matcher, const codedb_siblings *siblings, void *context)
{
    const xpath_numbering *numbering = context;
    const codedb_selector_part *part = numbering->part;
    bool from_end = part->as.child_number.from_end;
    uint32_t number = 0;
    uint32_t i;
    for (i = 0; i < siblings->count; i++) {
        uint32_t index = from_end ? siblings->count - 1 - i : i;
        uint32_t node = siblings->nodes[index];
        if (numbering->counted != NULL && !codedb_set_has(numbering->counted, node))
            continue;
        number++;
        if (codedb_sibling_is_asked_for(matcher, siblings, index) &&
            (part->as.child_number.only ? siblings->count == 1
                                        : xpath_in_series(part->as.child_number.step, part->as.child_number.start, number)))
            codedb_set_add(numbering->out, node);
    }
}

static void xpath_query(codedb_matcher *matcher, const codedb_selector_query *query, const uint64_t *within, uint64_t *out);

static void xpath_filter_child_number(codedb_matcher *matcher, const codedb_selector_part *part, uint64_t *set)
{
    xpath_numbering numbering = {part, NULL, codedb_matcher_take_set(matcher)};
    static const uint32_t module = 0;
    codedb_siblings root = {&module, 1, false};
    uint64_t *counted = NULL;
    if (numbering.out == NULL)
        return;
    if (part->as.child_number.of != NULL) {
        counted = codedb_matcher_take_set(matcher);
        if (counted == NULL)
            return;
        xpath_query(matcher, part->as.child_number.of, NULL, counted);
        numbering.counted = counted;
    }
    xpath_number_list(matcher, &root, &numbering);
    codedb_matcher_visit_lists(matcher, xpath_number_list, &numbering);
    codedb_set_intersect(matcher, set, numbering.out);
    codedb_matcher_give_set(matcher, numbering.out);
    codedb_matcher_give_set(matcher, counted);
}

static void xpath_filter_nodes(codedb_matcher *matcher, const codedb_selector_part *part, uint64_t *set)
{
    uint32_t node;
    CODEDB_FOR_EACH(matcher, set, node)
    {
        if (!codedb_matcher_goes_on(matcher, 1 + part->cost))
            return;
        if (!xpath_node_passes(matcher, part, node))
            codedb_set_remove(set, node);
    }
}

/* Takes out of `set` what a part that is no position does not let pass. */
CODEDB_PRIVATE void codedb_matcher_filter(codedb_matcher *matcher, const codedb_selector_part *part, uint64_t *set)
{
    const uint64_t *generators;
    if (part->kind >= CODEDB_PART_IS)
        xpath_filter_query(matcher, part, set);
    else if (part->kind == CODEDB_PART_CHILD_NUMBER)
        xpath_filter_child_number(matcher, part, set);
    else if (part->kind != CODEDB_PART_GENERATOR)
        xpath_filter_nodes(matcher, part, set);
    else if ((generators = xpath_generators(matcher)) != NULL)
        codedb_set_intersect(matcher, set, generators);
}

/* The parts from `part` up to the first position, which is the answer, or NULL. */
static const codedb_selector_part *xpath_filter_to_position(codedb_matcher *matcher, const codedb_selector_part *part,
                                                            uint64_t *set)
{
    for (; part != NULL && part->kind != CODEDB_PART_POSITION; part = part->next) {
        if (!codedb_matcher_goes_on(matcher, 0))
            return NULL;
        codedb_matcher_filter(matcher, part, set);
    }
    return part;
}

/* The parts behind a position. One node is left for each left node: a further position keeps or drops it. */
static void xpath_filter_behind_position(codedb_matcher *matcher, const codedb_selector_part *part, uint64_t *set)
{
    for (part = part->next; part != NULL && codedb_matcher_goes_on(matcher, 0); part = part->next)
        if (part->kind != CODEDB_PART_POSITION)
            codedb_matcher_filter(matcher, part, set);
        else if (part->as.position.index != 0)
            xpath_clear(matcher, set);
}

/* ---- Queries ------------------------------------------------------------------------------------------------------ */

/* The step's nodes: those reached from `left` that pass its parts. */
static uint64_t *xpath_step(codedb_matcher *matcher, const codedb_selector_step *step, codedb_combinator combinator,
                            const uint64_t *left, uint32_t *pairs)
{
    uint64_t *set = codedb_matcher_take_set(matcher);
    const codedb_selector_part *position;
    uint64_t *chosen;
    if (set == NULL)
        return NULL;
    codedb_matcher_reach(matcher, left, combinator, &step->kinds, set);
    position = xpath_filter_to_position(matcher, step->parts, set);
    if (position == NULL)
        return set;
    chosen = codedb_matcher_take_set(matcher);
    if (chosen != NULL) {
        xpath_choice choice = {set, left, position->as.position.index, position->as.position.from_end, NULL, chosen, NULL, pairs};
        xpath_apply_choice(matcher, combinator, &choice);
        xpath_filter_behind_position(matcher, position, chosen);
    }
    codedb_matcher_give_set(matcher, set);
    return chosen;
}

/* The reference dialect cuts a step's list file by file, and only then looks at what stands on its left. */
static uint64_t *xpath_reference_step(codedb_matcher *matcher, const codedb_selector_step *step, const uint64_t *left)
{
    static const codedb_kind_set every = {{UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    uint64_t *set = xpath_step(matcher, step, CODEDB_COMBINATOR_FILE, NULL, NULL);
    uint64_t *reached;
    if (left == NULL || set == NULL)
        return set;
    reached = codedb_matcher_take_set(matcher);
    if (reached != NULL) {
        codedb_matcher_reach(matcher, left, step->combinator, &every, reached);
        codedb_set_intersect(matcher, set, reached);
    }
    codedb_matcher_give_set(matcher, reached);
    return set;
}

CODEDB_PRIVATE uint64_t *codedb_matcher_step(codedb_matcher *matcher, const codedb_selector_step *step, const uint64_t *left,
                                             uint32_t *chosen)
{
    return matcher->selector->dialect == CODEDB_DIALECT_REFERENCE ? xpath_reference_step(matcher, step, left)
                                                                  : xpath_step(matcher, step, step->combinator, left, chosen);
}

CODEDB_PRIVATE uint64_t *codedb_matcher_path(codedb_matcher *matcher, const codedb_selector_branch *branch)
{
    const codedb_selector_step *step;
    uint64_t *left = NULL;
    for (step = branch->steps; step != NULL && codedb_matcher_goes_on(matcher, 0); step = step->next) {
        uint64_t *set = codedb_matcher_step(matcher, step, left, NULL);
        codedb_matcher_give_set(matcher, left);
        left = set;
    }
    return left;
}

/* A path of one step without position can be asked of the nodes in question alone. */
static uint64_t *xpath_path_within(codedb_matcher *matcher, const codedb_selector_branch *branch, const uint64_t *within)
{
    const codedb_selector_step *step = branch->steps;
    uint64_t *set = codedb_matcher_take_set(matcher);
    uint32_t node;
    if (set == NULL)
        return NULL;
    memcpy(set, within, matcher->words * sizeof *set);
    CODEDB_FOR_EACH(matcher, set, node)
    {
        if (!codedb_kind_set_has(&step->kinds, codedb_view_kind_of(&matcher->view, node)))
            codedb_set_remove(set, node);
    }
    xpath_filter_to_position(matcher, step->parts, set);
    return set;
}

/* Adds the query's nodes to `out`. When `within` is not NULL, only those in it are asked for, and others may be added too. */
static void xpath_query(codedb_matcher *matcher, const codedb_selector_query *query, const uint64_t *within, uint64_t *out)
{
    const codedb_selector_branch *branch;
    for (branch = query->branches; branch != NULL && codedb_matcher_goes_on(matcher, 0); branch = branch->next) {
        bool single = branch->steps->next == NULL && branch->steps->combinator == CODEDB_COMBINATOR_FILE && !branch->has_position;
        uint64_t *set =
            within != NULL && single ? xpath_path_within(matcher, branch, within) : codedb_matcher_path(matcher, branch);
        if (set != NULL)
            codedb_set_unite(matcher, out, set);
        codedb_matcher_give_set(matcher, set);
    }
}

static void xpath_filter_in_scope(codedb_matcher *matcher, const uint64_t *scopes, uint64_t *set)
{
    const codedb_node_view *view = &matcher->view;
    codedb_kind_set kinds = codedb_kind_set_with_trait(view->vocabulary, CODEDB_TRAIT_SCOPE);
    uint32_t depth = 0;
    uint32_t node;
    if (matcher->list == NULL)
        matcher->list = codedb_matcher_allocate(matcher, view->count, sizeof *matcher->list);
    if (matcher->list == NULL)
        return;
    for (node = 0; node < view->count; node++) {
        while (depth > 0 && codedb_view_end(view, matcher->list[depth - 1]) <= node)
            depth--;
        if (codedb_set_has(set, node) && (depth == 0 || !codedb_set_has(scopes, matcher->list[depth - 1])))
            codedb_set_remove(set, node);
        if (codedb_kind_set_has(&kinds, codedb_view_kind(view, node)))
            matcher->list[depth++] = node;
    }
}

static void xpath_filter_inside(codedb_matcher *matcher, const uint64_t *around, uint64_t *set)
{
    uint32_t covered = 0;
    uint32_t next = codedb_set_next(matcher, around, 0);
    uint32_t node;
    CODEDB_FOR_EACH(matcher, set, node)
    {
        for (; next < node; next = codedb_set_next(matcher, around, next + 1))
            if (codedb_view_end(&matcher->view, next) > covered)
                covered = codedb_view_end(&matcher->view, next);
        if (node >= covered)
            codedb_set_remove(set, node);
    }
}

/* Behind the first end of a node in `before`. */
static void xpath_filter_follows(codedb_matcher *matcher, const uint64_t *before, uint64_t *set)
{
    uint32_t first_end = CODEDB_NO_NODE;
    uint32_t node;
    CODEDB_FOR_EACH(matcher, before, node)
    {
        if (codedb_view_end(&matcher->view, node) < first_end)
            first_end = codedb_view_end(&matcher->view, node);
    }
    CODEDB_FOR_EACH(matcher, set, node)
    {
        if (node < first_end)
            codedb_set_remove(set, node);
    }
}

/* Ended before the last node in `behind`. */
static void xpath_filter_precedes(codedb_matcher *matcher, const uint64_t *behind, uint64_t *set)
{
    uint32_t last = 0; /* nothing ends before the module */
    uint32_t node;
    CODEDB_FOR_EACH(matcher, behind, node)
    {
        last = node;
    }
    CODEDB_FOR_EACH(matcher, set, node)
    {
        if (codedb_view_end(&matcher->view, node) > last)
            codedb_set_remove(set, node);
    }
}

static void xpath_filter_has(codedb_matcher *matcher, const codedb_selector_query *query, uint64_t *set);

static void xpath_filter_query(codedb_matcher *matcher, const codedb_selector_part *part, uint64_t *set)
{
    bool one_by_one = part->kind == CODEDB_PART_IS || part->kind == CODEDB_PART_NOT;
    uint64_t *found;
    if (codedb_set_next(matcher, set, 0) == CODEDB_NO_NODE)
        return;
    if (part->kind == CODEDB_PART_HAS) {
        xpath_filter_has(matcher, part->as.query, set);
        return;
    }
    found = codedb_matcher_take_set(matcher);
    if (found == NULL)
        return;
    xpath_query(matcher, part->as.query, one_by_one ? set : NULL, found);
    switch (part->kind) {
    case CODEDB_PART_IS: codedb_set_intersect(matcher, set, found); break;
    case CODEDB_PART_NOT: xpath_subtract(matcher, set, found); break;
    case CODEDB_PART_INSIDE: xpath_filter_inside(matcher, found, set); break;
    case CODEDB_PART_IN_SCOPE: xpath_filter_in_scope(matcher, found, set); break;
    case CODEDB_PART_FOLLOWS: xpath_filter_follows(matcher, found, set); break;
    default: xpath_filter_precedes(matcher, found, set); break;
    }
    codedb_matcher_give_set(matcher, found);
}

/* ---- :has --------------------------------------------------------------------------------------------------------- */

static void xpath_back_to_parents(codedb_matcher *matcher, const uint64_t *from, bool look_through, uint64_t *out)
{
    const uint32_t *parents = codedb_view_parents(&matcher->view);
    uint32_t node;
    if (parents == NULL)
        return;
    CODEDB_FOR_EACH(matcher, from, node)
    {
        uint32_t parent = parents[node];
        while (parent != CODEDB_NO_NODE) {
            codedb_set_add(out, parent);
            parent = look_through && codedb_matcher_looks_through(matcher, codedb_view_kind(&matcher->view, parent))
                         ? parents[parent]
                         : CODEDB_NO_NODE;
        }
    }
}

/* The left nodes that have a descendant in `from`. */
static void xpath_back_to_ancestors(codedb_matcher *matcher, const uint64_t *left, const uint64_t *from, uint64_t *out)
{
    uint32_t next = 0;
    uint32_t node;
    CODEDB_FOR_EACH(matcher, left, node)
    {
        if (next <= node)
            next = codedb_set_next(matcher, from, node + 1);
        if (next < codedb_view_end(&matcher->view, node))
            codedb_set_add(out, node);
    }
}

/* Adds nodes from which the step reaches a node in `from`: at least those of `left`. */
static void xpath_back(codedb_matcher *matcher, codedb_combinator combinator, const uint64_t *left, const uint64_t *from,
                       uint64_t *out)
{
    xpath_sibling_step step = {from, NULL, combinator == CODEDB_COMBINATOR_LATER, out};
    switch (combinator) {
    case CODEDB_COMBINATOR_CHILD: xpath_back_to_parents(matcher, from, true, out); break;
    case CODEDB_COMBINATOR_PHYSICAL_CHILD: xpath_back_to_parents(matcher, from, false, out); break;
    case CODEDB_COMBINATOR_NEXT:
    case CODEDB_COMBINATOR_LATER: codedb_matcher_visit_lists(matcher, xpath_step_left, &step); break;
    default: xpath_back_to_ancestors(matcher, left, from, out); break;
    }
    codedb_matcher_goes_on(matcher, matcher->view.count);
}

/* The nodes of `left` from which the rest of the path, from `step` on, can be walked. The set is the caller's to give back. */
static uint64_t *xpath_walkable(codedb_matcher *matcher, const codedb_selector_step *step, const uint64_t *left)
{
    uint64_t *candidates = codedb_matcher_take_set(matcher);
    uint64_t *wanted = codedb_matcher_take_set(matcher);
    uint64_t *out = codedb_matcher_take_set(matcher);
    const codedb_selector_part *position;
    if (candidates == NULL || wanted == NULL || out == NULL)
        return NULL;
    codedb_matcher_reach(matcher, left, step->combinator, &step->kinds, candidates);
    position = xpath_filter_to_position(matcher, step->parts, candidates);
    codedb_set_unite(matcher, wanted, candidates);
    if (position != NULL)
        xpath_filter_behind_position(matcher, position, wanted);
    if (step->next != NULL && codedb_matcher_goes_on(matcher, 0)) {
        uint64_t *walkable = xpath_walkable(matcher, step->next, wanted);
        codedb_matcher_give_set(matcher, wanted);
        wanted = walkable;
    }
    if (wanted != NULL && position != NULL) {
        xpath_choice choice = {candidates, left, position->as.position.index, position->as.position.from_end, wanted, NULL,
                               out,        NULL};
        xpath_apply_choice(matcher, step->combinator, &choice);
    } else if (wanted != NULL)
        xpath_back(matcher, step->combinator, left, wanted, out);
    codedb_set_intersect(matcher, out, left);
    codedb_matcher_give_set(matcher, candidates);
    codedb_matcher_give_set(matcher, wanted);
    return out;
}

static void xpath_filter_has(codedb_matcher *matcher, const codedb_selector_query *query, uint64_t *set)
{
    uint64_t *found = codedb_matcher_take_set(matcher);
    const codedb_selector_branch *branch;
    if (found == NULL)
        return;
    for (branch = query->branches; branch != NULL && codedb_matcher_goes_on(matcher, 0); branch = branch->next) {
        uint64_t *walkable = xpath_walkable(matcher, branch->steps, set);
        if (walkable != NULL)
            codedb_set_unite(matcher, found, walkable);
        codedb_matcher_give_set(matcher, walkable);
    }
    codedb_set_intersect(matcher, set, found);
    codedb_matcher_give_set(matcher, found);
}

/* ---- Filters ------------------------------------------------------------------------------------------------------ */

static void xpath_filter_text(codedb_matcher *matcher, codedb_attribute attribute, const char *wanted, uint64_t *set)
{
    codedb_selector_part part = {0};
    if (wanted == NULL)
        return;
    part.kind = CODEDB_PART_ATTRIBUTE;
    part.cost = codedb_attribute_cost(attribute);
    part.as.test.attribute = (uint8_t)attribute;
    part.as.test.relation = CODEDB_OPERATOR_EQUAL;
    part.as.test.value = wanted;
    part.as.test.value_length = strlen(wanted);
    xpath_filter_nodes(matcher, &part, set);
}

static void xpath_filter_lines(codedb_matcher *matcher, uint32_t start_line, uint32_t end_line, uint64_t *set)
{
    uint32_t node;
    if (start_line == 0 && end_line == 0)
        return;
    CODEDB_FOR_EACH(matcher, set, node)
    {
        codedb_place start = codedb_view_start(&matcher->view, node);
        codedb_place end = codedb_view_end_place(&matcher->view, node);
        if (start.line < start_line || end.line == 0 || (end_line != 0 && end.line > end_line))
            codedb_set_remove(set, node);
    }
}

static void xpath_cut(codedb_matcher *matcher, size_t limit, uint64_t *set)
{
    size_t count = 0;
    uint32_t node;
    if (limit == 0)
        return;
    CODEDB_FOR_EACH(matcher, set, node)
    {
        if (count++ >= limit)
            codedb_set_remove(set, node);
    }
}

/* Reads the host's filter into `filter`, and checks what can be checked without compiling it. */
CODEDB_PRIVATE codedb_code codedb_matcher_take(codedb_filter *filter, bool has_tree, const codedb_filter *given,
                                               codedb_result *result)
{
    codedb_code code;
    if (!has_tree || given == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "%s is NULL", has_tree ? "filter" : "tree");
    code = codedb_struct_take(filter, sizeof *filter, given, "codedb_filter", result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (filter->compiled != NULL) {
        filter->dialect = filter->compiled->dialect;
        return CODEDB_SUCCESS;
    }
    if (filter->selector == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "filter->selector is NULL, and filter->compiled too");
    if (filter->dialect != CODEDB_DIALECT_DEFAULT && filter->dialect != CODEDB_DIALECT_REFERENCE)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "filter->dialect is %d, expected a codedb_dialect",
                           (int)filter->dialect);
    return CODEDB_SUCCESS;
}

#define XPATH_FREE_SETS 64

/* The clock starts, and the selector is compiled, unless it is. */
static codedb_code xpath_begin(codedb_matcher *matcher, const codedb_filter *filter, codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    if (filter->timeout > 0)
        matcher->deadline = codedb_monotonic_now() + filter->timeout;
    if (filter->compiled == NULL)
        code = codedb_selector_create_in(matcher->view.vocabulary, matcher->view.allocator, filter->selector, filter->dialect,
                                         &matcher->own, result);
    matcher->selector = filter->compiled != NULL ? filter->compiled : matcher->own;
    if (code == CODEDB_SUCCESS && matcher->selector->vocabulary != matcher->view.vocabulary)
        code = codedb_fail(result, CODEDB_INVALID_REQUEST, "the compiled selector is for %s, not for %s",
                           matcher->selector->vocabulary->trees, matcher->view.vocabulary->trees);
    return code;
}

/* What matching needs once it is known which nodes there are. */
static void xpath_make_room(codedb_matcher *matcher, const codedb_filter *filter)
{
    matcher->view.dialect = filter->dialect;
    matcher->view.path = filter->path;
    matcher->view.regex_clock.deadline = matcher->deadline;
    matcher->looked_through = matcher->view.vocabulary->looked_through;
    matcher->words = matcher->view.count / 64 + 1;
    matcher->free_sets = codedb_matcher_allocate(matcher, XPATH_FREE_SETS, sizeof *matcher->free_sets);
    matcher->free_capacity = matcher->free_sets == NULL ? 0 : XPATH_FREE_SETS;
}

/* Compiles the selector and opens the view: of the whole tree when that is asked for. Whatever it answers, codedb_matcher_close is to be
 * called. */
CODEDB_PRIVATE codedb_code codedb_matcher_open(codedb_matcher *matcher, const codedb_tree *tree, const codedb_filter *filter,
                                               bool whole, codedb_result *result)
{
    codedb_code code;
    *matcher = (codedb_matcher){0};
    codedb_view_open_tree(&matcher->view, tree, NULL, NULL);
    code = xpath_begin(matcher, filter, result);
    if (code != CODEDB_SUCCESS)
        return code;
    whole = whole || matcher->selector->needs_full_tree;
    if (whole) {
        code = codedb_tree_expand(tree, &matcher->full, result);
        if (code != CODEDB_SUCCESS)
            return code;
    }
    matcher->arena = codedb_arena_create(&tree->allocator);
    if (matcher->arena == NULL)
        return codedb_fail_no_memory(result);
    codedb_view_open_tree(&matcher->view, tree, whole ? &matcher->full : NULL, matcher->arena);
    xpath_make_room(matcher, filter);
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_matcher_open_view(codedb_matcher *matcher, const codedb_node_view *view,
                                                    const codedb_filter *filter, codedb_result *result)
{
    codedb_code code;
    *matcher = (codedb_matcher){.view = *view, .arena = view->arena};
    if (filter->dialect == CODEDB_DIALECT_REFERENCE)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the reference dialect knows trees of the CST only");
    code = xpath_begin(matcher, filter, result);
    if (code == CODEDB_SUCCESS)
        xpath_make_room(matcher, filter);
    return code;
}

CODEDB_PRIVATE void codedb_matcher_close(codedb_matcher *matcher)
{
    codedb_view_close(&matcher->view);
    if (matcher->view.tree != NULL)
        codedb_full_tree_free(matcher->view.tree, &matcher->full);
    codedb_selector_free(matcher->own);
    if (matcher->arena != NULL)
        codedb_arena_destroy(matcher->arena);
}

/* How a query that was cut short ended. */
CODEDB_PRIVATE codedb_code codedb_matcher_outcome(const codedb_matcher *matcher, const codedb_filter *filter,
                                                  codedb_result *result)
{
    if (matcher->view.failed || matcher->view.scratch.failed)
        return codedb_fail_no_memory(result);
    if (matcher->timed_out || matcher->view.regex_clock.is_over)
        return codedb_fail(result, CODEDB_TIMEOUT, "the selector was not matched within %g seconds", filter->timeout);
    return codedb_succeed(result);
}

CODEDB_PRIVATE void codedb_matcher_apply_conditions(codedb_matcher *matcher, const codedb_filter *filter, uint64_t *set)
{
    xpath_filter_text(matcher, CODEDB_ATTRIBUTE_type, filter->node_type, set);
    xpath_filter_text(matcher, CODEDB_ATTRIBUTE_name, filter->name, set);
    xpath_filter_lines(matcher, filter->start_line, filter->end_line, set);
    xpath_filter_text(matcher, CODEDB_ATTRIBUTE_qualname, filter->qualname, set);
}

CODEDB_PRIVATE codedb_code codedb_matcher_match(codedb_matcher *matcher, const codedb_filter *filter, uint64_t **set,
                                                codedb_result *result)
{
    *set = codedb_matcher_take_set(matcher);
    if (*set == NULL)
        return codedb_fail_no_memory(result);
    xpath_query(matcher, &matcher->selector->query, NULL, *set);
    codedb_matcher_apply_conditions(matcher, filter, *set);
    xpath_cut(matcher, filter->limit, *set);
    return codedb_matcher_outcome(matcher, filter, result);
}

/* ---- Entry points ------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_code codedb_matcher_fail_unstored(codedb_matcher *matcher, uint32_t node, codedb_result *result)
{
    codedb_place place = codedb_view_start(&matcher->view, node);
    return codedb_fail(result, CODEDB_VALIDATION_ERROR,
                       "the selector matches white space or punctuation: a %s at line %u, column %u, which is no target",
                       codedb_view_type(&matcher->view, node), place.line, place.column + 1);
}

CODEDB_PRIVATE bool codedb_matcher_take_target(codedb_matcher *matcher, uint32_t node, codedb_target *target)
{
    const codedb_full_node *full = matcher->view.full;
    *target = (codedb_target){codedb_view_stored(&matcher->view, node), CODEDB_NO_COMMENT};
    if (target->node != CODEDB_NO_NODE)
        return true;
    if (full[node].kind != CODEDB_NODE_COMMENT)
        return false;
    target->comment = full[node].start;
    while (full[node].syntax == UINT32_MAX)
        node = full[node].parent;
    target->node = full[node].syntax;
    return true;
}

static codedb_code xpath_list_targets(codedb_matcher *matcher, const uint64_t *set, codedb_target *targets, uint32_t *count,
                                      codedb_result *result)
{
    uint32_t node;
    CODEDB_FOR_EACH(matcher, set, node)
    {
        if (!codedb_matcher_take_target(matcher, node, &targets[*count])) {
            *count = 0;
            return codedb_matcher_fail_unstored(matcher, node, result);
        }
        ++*count;
    }
    return codedb_succeed(result);
}

CODEDB_PRIVATE codedb_code codedb_xpath_select(const codedb_tree *tree, const codedb_filter *given, codedb_target **targets,
                                               uint32_t *count, codedb_result *result)
{
    codedb_filter filter;
    codedb_code code = codedb_matcher_take(&filter, tree != NULL, given, result);
    codedb_matcher matcher;
    uint64_t *set;
    *targets = NULL;
    *count = 0;
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_matcher_open(&matcher, tree, &filter, false, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_matcher_match(&matcher, &filter, &set, result);
    if (code != CODEDB_SUCCESS)
        goto cleanup;
    *targets = codedb_memory_allocate(&tree->allocator, codedb_set_count(&matcher, set), sizeof **targets);
    code = *targets == NULL ? codedb_fail_no_memory(result) : xpath_list_targets(&matcher, set, *targets, count, result);
    if (code != CODEDB_SUCCESS && *targets != NULL) {
        codedb_memory_release(&tree->allocator, *targets);
        *targets = NULL;
    }
cleanup:
    codedb_matcher_close(&matcher);
    return code;
}
