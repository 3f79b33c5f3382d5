/* codedb_capture.c -- captures: the ways in which a selector's paths were walked to each node that it matched.
 *
 * Called by codedb_xpath.c for selectors with @name, in the caller's thread. Calls it for the steps of a path.
 *
 * A path is walked once from left to right, as without captures, but the sets of its steps are kept from the leftmost captured one
 * on. Then each node of the result is walked back from: a step to the left goes along chains of nodes that lead from a node to all
 * those on its left that reach it. Between two captured steps whole sets are walked back, so that a way is found once.
 *
 * Invariants:
 * 1. Every node in a step's set can be reached from the file: whatever walking back finds is part of a match.
 * 2. A chain is descending, and what is behind one of its nodes depends on that node alone: a node that was met before ends it.
 * 3. Rows are made in their final order: by node, then by captures in pre-order, the last capture of the text first.
 * 4. A position is chosen for one node on its left, whatever is captured: captures never multiply what positions choose. */
#include "codedb_matcher.h"

#include <stdlib.h>
#include <string.h>

/* How one gets from a node of step i back to those of step i - 1. */
typedef enum capture_way {
    CAPTURE_BY_PARENTS,
    CAPTURE_BY_ANCESTORS,
    CAPTURE_BY_NEXT,
    CAPTURE_BY_LATER,
    CAPTURE_BY_CHOICE /* of a position */
} capture_way;

/* Two chains, but for parents: statements and lines are siblings in lists of their own. */
typedef struct capture_relation {
    capture_way way;
    bool left_has_lines;      /* step i - 1 matched a SimpleStatementLine */
    const uint32_t *first[2]; /* by node on the right; NULL: no such chain */
    const uint32_t *next[2];  /* by node on the left; NULL: the chain ends with its first node */
} capture_relation;

typedef struct capture_branch {
    uint32_t count; /* of steps */
    uint32_t first; /* the leftmost captured one */
    const codedb_selector_step **steps;
    const uint64_t **sets; /* of the steps from `first` on */
    capture_relation *relations;
    bool *captured;
    uint32_t *columns;      /* by capture: its step, or `count` for one of another branch */
    uint32_t *bound;        /* the node of each captured step, while a row is made */
    const uint64_t *result; /* the last step's set */
} capture_branch;

typedef struct capture_job {
    codedb_matcher *matcher;
    codedb_bindings *bindings;
    size_t limit;       /* of rows; 0: none */
    codedb_buffer pool; /* a stack of nodes that are still to be walked back from */
    uint32_t *met;      /* by node: the last walk that met it */
    uint32_t walk;      /* the number of the walk in hand */
    const uint32_t *parents;
} capture_job;

/* ---- Chains ------------------------------------------------------------------------------------------------------- */

static uint32_t *capture_chain(codedb_matcher *matcher)
{
    uint32_t *chain = codedb_matcher_allocate(matcher, matcher->view.count, sizeof *chain);
    if (chain != NULL)
        memset(chain, 0xFF, matcher->view.count * sizeof *chain); /* CODEDB_NO_NODE */
    return chain;
}

/* Each node's nearest ancestor in `left`. */
static bool capture_link_ancestors(codedb_matcher *matcher, const uint64_t *left, capture_relation *relation)
{
    uint32_t *chain = capture_chain(matcher);
    uint32_t around = CODEDB_NO_NODE;
    uint32_t node;
    if (chain == NULL)
        return false;
    for (node = 0; node < matcher->view.count; node++) {
        while (around != CODEDB_NO_NODE && codedb_view_end(&matcher->view, around) <= node)
            around = chain[around];
        chain[node] = around;
        if (codedb_set_has(left, node))
            around = node;
    }
    relation->first[0] = relation->next[0] = chain;
    return true;
}

typedef struct capture_siblings {
    const uint64_t *left;
    uint32_t *chains[2]; /* the second of lines; NULL when there is none on the left */
    bool later;
} capture_siblings;

static void capture_link_list(codedb_matcher *matcher, const codedb_siblings *siblings, void *context)
{
    const capture_siblings *linked = context;
    uint32_t *chain = linked->chains[siblings->lines];
    uint32_t before = CODEDB_NO_NODE;
    uint32_t i;
    if (chain == NULL)
        return;
    for (i = 0; i < siblings->count; i++) {
        uint32_t node = siblings->nodes[i];
        chain[node] = before;
        if (codedb_set_has(linked->left, node) && codedb_sibling_is_asked_for(matcher, siblings, i))
            before = node;
        else if (!linked->later)
            before = CODEDB_NO_NODE;
    }
}

static bool capture_has_lines(const codedb_matcher *matcher, const uint64_t *set)
{
    uint32_t node;
    if (!codedb_matcher_looks_through(matcher, CODEDB_NODE_SIMPLE_STATEMENT_LINE))
        return false; /* not trees of the CST */
    CODEDB_FOR_EACH(matcher, set, node)
    {
        if (codedb_view_kind(&matcher->view, node) == CODEDB_NODE_SIMPLE_STATEMENT_LINE)
            return true;
    }
    return false;
}

/* Each node's nearest sibling in `left` that stands before it: with `later` anywhere, else right before it. */
static bool capture_link_siblings(codedb_matcher *matcher, const uint64_t *left, bool later, capture_relation *relation)
{
    capture_siblings linked = {left, {capture_chain(matcher), NULL}, later};
    if (relation->left_has_lines)
        linked.chains[1] = capture_chain(matcher);
    if (linked.chains[0] == NULL || (relation->left_has_lines && linked.chains[1] == NULL))
        return false;
    codedb_matcher_visit_lists(matcher, capture_link_list, &linked);
    relation->first[0] = linked.chains[0];
    relation->first[1] = linked.chains[1];
    if (later) {
        relation->next[0] = linked.chains[0];
        relation->next[1] = linked.chains[1];
    }
    return true;
}

/* Each node's left nodes that it was chosen for. */
static bool capture_link_chosen(codedb_matcher *matcher, const uint64_t *left, const uint32_t *chosen, const uint64_t *set,
                                capture_relation *relation)
{
    uint32_t *first = capture_chain(matcher);
    uint32_t *next = capture_chain(matcher);
    uint32_t node;
    if (first == NULL || next == NULL)
        return false;
    CODEDB_FOR_EACH(matcher, left, node)
    {
        uint32_t right = chosen[node];
        if (right == CODEDB_NO_NODE || !codedb_set_has(set, right))
            continue;
        next[node] = first[right];
        first[right] = node;
    }
    relation->way = CAPTURE_BY_CHOICE;
    relation->first[0] = first;
    relation->next[0] = next;
    return true;
}

static bool capture_link(codedb_matcher *matcher, codedb_combinator combinator, const uint64_t *left, capture_relation *relation)
{
    relation->left_has_lines = capture_has_lines(matcher, left);
    switch (combinator) {
    case CODEDB_COMBINATOR_DESCENDANT:
        relation->way = CAPTURE_BY_ANCESTORS;
        return capture_link_ancestors(matcher, left, relation);
    case CODEDB_COMBINATOR_NEXT: relation->way = CAPTURE_BY_NEXT; return capture_link_siblings(matcher, left, false, relation);
    case CODEDB_COMBINATOR_LATER: relation->way = CAPTURE_BY_LATER; return capture_link_siblings(matcher, left, true, relation);
    default: relation->way = CAPTURE_BY_PARENTS; return true;
    }
}

/* ---- Walking a path ----------------------------------------------------------------------------------------------- */

static bool capture_has_position(const codedb_selector_step *step)
{
    const codedb_selector_part *part;
    for (part = step->parts; part != NULL; part = part->next)
        if (part->kind == CODEDB_PART_POSITION)
            return true;
    return false;
}

/* The steps of a branch and which of them are captured; branch->captured stays NULL when none is. */
static bool capture_read_branch(codedb_matcher *matcher, const codedb_selector_branch *source, capture_branch *branch)
{
    const codedb_selector_capture *capture;
    const codedb_selector_step *step;
    uint32_t column = 0;
    uint32_t i = 0;
    for (step = source->steps; step != NULL; step = step->next)
        branch->count++;
    branch->first = branch->count;
    branch->steps = codedb_matcher_allocate(matcher, branch->count, sizeof *branch->steps);
    branch->sets = codedb_matcher_allocate(matcher, branch->count, sizeof *branch->sets);
    branch->relations = codedb_matcher_allocate(matcher, branch->count, sizeof *branch->relations);
    branch->captured = codedb_matcher_allocate(matcher, branch->count, sizeof *branch->captured);
    branch->columns = codedb_matcher_allocate(matcher, matcher->selector->capture_count, sizeof *branch->columns);
    branch->bound = codedb_matcher_allocate(matcher, branch->count, sizeof *branch->bound);
    if (matcher->view.failed)
        return false;
    for (step = source->steps; step != NULL; step = step->next)
        branch->steps[i++] = step;
    for (capture = matcher->selector->captures; capture != NULL; capture = capture->next) {
        for (i = 0; i < branch->count && branch->steps[i] != capture->step; i++)
            ;
        branch->columns[column++] = i;
        if (i < branch->count)
            branch->captured[i] = true;
        if (i < branch->first)
            branch->first = i;
    }
    return true;
}

/* Walks from left to right and keeps what walking back needs. */
static bool capture_walk(codedb_matcher *matcher, capture_branch *branch)
{
    uint64_t *left = NULL;
    uint32_t i;
    for (i = 0; i < branch->count && codedb_matcher_goes_on(matcher, 0); i++) {
        const codedb_selector_step *step = branch->steps[i];
        bool positioned = i > branch->first && capture_has_position(step);
        uint32_t *chosen = positioned ? capture_chain(matcher) : NULL;
        uint64_t *set = codedb_matcher_step(matcher, step, left, chosen);
        if (set == NULL || (positioned && chosen == NULL))
            return false;
        if (i > branch->first && !(positioned ? capture_link_chosen(matcher, left, chosen, set, &branch->relations[i])
                                              : capture_link(matcher, step->combinator, left, &branch->relations[i])))
            return false;
        if (i <= branch->first)
            codedb_matcher_give_set(matcher, left);
        branch->sets[i] = left = set;
    }
    branch->result = left;
    return codedb_matcher_goes_on(matcher, 0);
}

/* ---- Walking back ------------------------------------------------------------------------------------------------- */

static uint32_t capture_pool_count(const capture_job *job)
{
    return (uint32_t)(job->pool.length / sizeof(uint32_t));
}

static uint32_t *capture_pool(const capture_job *job)
{
    return (uint32_t *)(void *)job->pool.data;
}

static void capture_pool_cut(capture_job *job, uint32_t count)
{
    job->pool.length = count * sizeof(uint32_t);
}

/* False when this walk has met the node before. */
static bool capture_meet(capture_job *job, uint32_t node)
{
    if (job->met[node] == job->walk)
        return false;
    job->met[node] = job->walk;
    codedb_buffer_append(&job->pool, &node, sizeof node);
    return codedb_matcher_goes_on(job->matcher, 1) && !job->pool.failed;
}

static void capture_back_to_parents(capture_job *job, const uint64_t *left, bool look_through, uint32_t node)
{
    uint32_t parent = job->parents[node];
    while (parent != CODEDB_NO_NODE) {
        if (codedb_set_has(left, parent))
            capture_meet(job, parent);
        if (!look_through || !codedb_matcher_looks_through(job->matcher, codedb_view_kind(&job->matcher->view, parent)))
            return;
        parent = job->parents[parent];
    }
}

/* Puts the nodes of step i - 1 that reach `node`, of step i, on the pool; with `nearest` only the first of each chain. */
static void capture_back(capture_job *job, const capture_branch *branch, uint32_t i, bool nearest, uint32_t node)
{
    const capture_relation *relation = &branch->relations[i];
    unsigned chain;
    if (relation->way == CAPTURE_BY_PARENTS)
        capture_back_to_parents(job, branch->sets[i - 1], branch->steps[i]->combinator == CODEDB_COMBINATOR_CHILD, node);
    for (chain = 0; chain < 2 && relation->first[chain] != NULL; chain++) {
        uint32_t left = relation->first[chain][node];
        while (left != CODEDB_NO_NODE && capture_meet(job, left))
            left = nearest || relation->next[chain] == NULL ? CODEDB_NO_NODE : relation->next[chain][left];
    }
}

/* Is the nearest node enough, because whatever reaches one that is behind it reaches it too? Ancestors of an ancestor are ancestors.
 * Siblings have the same siblings before them, and the same parents, but for the lines that they stand on. */
static bool capture_nearest_is_enough(const capture_branch *branch, uint32_t i, uint32_t target)
{
    const capture_relation *right = &branch->relations[i];
    const capture_relation *left = &branch->relations[i - 1];
    if (i - 1 <= target)
        return false;
    if (right->way == CAPTURE_BY_ANCESTORS)
        return left->way == CAPTURE_BY_ANCESTORS;
    return right->way == CAPTURE_BY_LATER && !left->left_has_lines &&
           (left->way == CAPTURE_BY_LATER || left->way == CAPTURE_BY_ANCESTORS || left->way == CAPTURE_BY_PARENTS);
}

static int capture_compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* Puts the nodes of step `target` from which `node`, of step `from`, is reached on the pool, in pre-order from place `base` on. */
static void capture_walk_back(capture_job *job, const capture_branch *branch, uint32_t from, uint32_t target, uint32_t node)
{
    uint32_t base = capture_pool_count(job);
    uint32_t begin = base;
    uint32_t end;
    uint32_t i;
    uint32_t k;
    codedb_buffer_append(&job->pool, &node, sizeof node);
    for (i = from; i > target && !job->pool.failed; i--) {
        end = capture_pool_count(job);
        if (++job->walk == 0) { /* all numbers were used */
            memset(job->met, 0, job->matcher->view.count * sizeof *job->met);
            job->walk = 1;
        }
        for (k = begin; k < end && codedb_matcher_goes_on(job->matcher, 1); k++)
            capture_back(job, branch, i, capture_nearest_is_enough(branch, i, target), capture_pool(job)[k]);
        begin = end;
    }
    if (job->pool.failed)
        return;
    end = capture_pool_count(job);
    memmove(capture_pool(job) + base, capture_pool(job) + begin, (end - begin) * sizeof node);
    capture_pool_cut(job, base + end - begin);
    qsort(capture_pool(job) + base, end - begin, sizeof node, capture_compare);
}

/* ---- Rows --------------------------------------------------------------------------------------------------------- */

/* Appends a row; false when it was the last one. `branch` is NULL for a node without captures. */
static bool capture_emit(capture_job *job, const capture_branch *branch, uint32_t node)
{
    codedb_buffer *rows = &job->bindings->rows;
    uint32_t i;
    codedb_buffer_append(rows, &node, sizeof node);
    for (i = 0; i + 1 < job->bindings->width; i++) {
        bool bound = branch != NULL && branch->columns[i] < branch->count;
        uint32_t captured = bound ? branch->bound[branch->columns[i]] : CODEDB_NO_NODE;
        codedb_buffer_append(rows, &captured, sizeof captured);
    }
    job->bindings->count++;
    return !rows->failed && job->bindings->count != job->limit && codedb_matcher_goes_on(job->matcher, 1);
}

/* Binds the captured steps on the left of `step`, whose node is `node`, in every way; false when there is to be no further row.
 * Recursion is bounded by the steps of a selector. */
static bool capture_bind(capture_job *job, capture_branch *branch, uint32_t step, uint32_t node)
{
    uint32_t target = step;
    uint32_t base = capture_pool_count(job);
    bool goes_on = true;
    uint32_t end;
    uint32_t i;
    branch->bound[step] = node;
    if (step == branch->first)
        return capture_emit(job, branch, branch->bound[branch->count - 1]);
    do
        target--;
    while (!branch->captured[target]);
    capture_walk_back(job, branch, step, target, node);
    end = capture_pool_count(job);
    for (i = base; i < end && goes_on && !job->pool.failed; i++)
        goes_on = capture_bind(job, branch, target, capture_pool(job)[i]);
    capture_pool_cut(job, base);
    return goes_on && !job->pool.failed;
}

/* The rows of one node: those of each branch that captures, in their order, and one for all others that match it. */
static bool capture_bind_node(capture_job *job, capture_branch *branches, uint32_t branch_count, uint32_t node)
{
    bool is_plain = false;
    bool goes_on = true;
    uint32_t i;
    for (i = 0; i < branch_count && goes_on; i++) {
        capture_branch *branch = &branches[i];
        if (!codedb_set_has(branch->result, node))
            continue;
        if (branch->first < branch->count)
            goes_on = capture_bind(job, branch, branch->count - 1, node);
        else if (!is_plain) {
            is_plain = true;
            goes_on = capture_emit(job, NULL, node);
        }
    }
    return goes_on;
}

/* ---- Entry points ------------------------------------------------------------------------------------------------- */

static capture_branch *capture_walk_all(codedb_matcher *matcher, uint32_t *count)
{
    const codedb_selector_branch *source;
    capture_branch *branches;
    uint32_t i = 0;
    *count = 0;
    for (source = matcher->selector->query.branches; source != NULL; source = source->next)
        ++*count;
    branches = codedb_matcher_allocate(matcher, *count, sizeof *branches);
    for (source = matcher->selector->query.branches; branches != NULL && source != NULL; source = source->next, i++)
        if (!capture_read_branch(matcher, source, &branches[i]) || !capture_walk(matcher, &branches[i]))
            return NULL;
    return branches;
}

CODEDB_PRIVATE codedb_code codedb_capture_match(codedb_matcher *matcher, const codedb_filter *filter, codedb_bindings *bindings,
                                                codedb_result *result)
{
    capture_job job = {0};
    uint64_t *set = codedb_matcher_take_set(matcher);
    capture_branch *branches;
    uint32_t count;
    uint32_t node;
    uint32_t i;
    codedb_buffer_init(&bindings->rows, matcher->view.allocator);
    bindings->width = 1 + matcher->selector->capture_count;
    bindings->count = 0;
    job.matcher = matcher;
    job.bindings = bindings;
    job.limit = filter->limit;
    codedb_buffer_init(&job.pool, matcher->view.allocator);
    job.met = codedb_matcher_allocate(matcher, matcher->view.count, sizeof *job.met);
    job.parents = codedb_view_parents(&matcher->view);
    branches = capture_walk_all(matcher, &count);
    if (branches != NULL && set != NULL && job.met != NULL && job.parents != NULL) {
        for (i = 0; i < count; i++)
            codedb_set_unite(matcher, set, branches[i].result);
        codedb_matcher_apply_conditions(matcher, filter, set);
        CODEDB_FOR_EACH(matcher, set, node)
        {
            if (!capture_bind_node(&job, branches, count, node))
                break;
        }
    }
    matcher->view.failed = matcher->view.failed || job.pool.failed || bindings->rows.failed;
    codedb_buffer_free(&job.pool);
    return codedb_matcher_outcome(matcher, filter, result);
}

CODEDB_PRIVATE const char *const *codedb_capture_names(const codedb_selector *selector, codedb_arena *arena)
{
    const codedb_selector_capture *capture;
    const char **names = codedb_arena_allocate(arena, selector->capture_count, sizeof *names);
    uint32_t i = 0;
    if (names == NULL)
        return NULL;
    for (capture = selector->captures; capture != NULL; capture = capture->next, i++) {
        names[i] = codedb_arena_copy(arena, capture->name, strlen(capture->name));
        if (names[i] == NULL)
            return NULL;
    }
    return names;
}

/* The rows of a selector without captures are its nodes. */
static codedb_code capture_match_plain(codedb_matcher *matcher, const codedb_filter *filter, codedb_bindings *bindings,
                                       codedb_result *result)
{
    uint64_t *set;
    codedb_code code = codedb_matcher_match(matcher, filter, &set, result);
    uint32_t node;
    if (code != CODEDB_SUCCESS)
        return code;
    CODEDB_FOR_EACH(matcher, set, node)
    {
        codedb_buffer_append(&bindings->rows, &node, sizeof node);
        bindings->count++;
    }
    return bindings->rows.failed ? codedb_fail_no_memory(result) : code;
}

/* The rows as stored nodes. */
static codedb_code capture_list_stored(codedb_matcher *matcher, const codedb_bindings *bindings, codedb_captured *captured,
                                       codedb_result *result)
{
    size_t count = bindings->count * bindings->width;
    uint32_t *rows = codedb_arena_allocate(captured->arena, count, sizeof *rows);
    uint32_t *comments = codedb_arena_allocate(captured->arena, bindings->count, sizeof *comments);
    size_t i;
    captured->names = codedb_capture_names(matcher->selector, captured->arena);
    if (rows == NULL || comments == NULL || captured->names == NULL)
        return codedb_fail_no_memory(result);
    for (i = 0; i < count; i++) {
        uint32_t node = ((const uint32_t *)(const void *)bindings->rows.data)[i];
        bool is_match = i % bindings->width == 0;
        codedb_target target = {CODEDB_NO_CAPTURE, CODEDB_NO_COMMENT};
        if (node != CODEDB_NO_NODE &&
            (!codedb_matcher_take_target(matcher, node, &target) || (!is_match && target.comment != CODEDB_NO_COMMENT)))
            return codedb_matcher_fail_unstored(matcher, node, result);
        rows[i] = target.node;
        if (is_match)
            comments[i / bindings->width] = target.comment;
    }
    captured->count = bindings->count;
    captured->capture_count = matcher->selector->capture_count;
    captured->rows = rows;
    captured->comments = comments;
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_xpath_select_captured(const codedb_tree *tree, const codedb_filter *given,
                                                        codedb_captured *captured, codedb_result *result)
{
    codedb_filter filter;
    codedb_code code = codedb_matcher_take(&filter, tree != NULL, given, result);
    codedb_bindings bindings = {.width = 1};
    codedb_matcher matcher;
    *captured = (codedb_captured){0};
    if (code != CODEDB_SUCCESS)
        return code;
    codedb_buffer_init(&bindings.rows, &tree->allocator);
    captured->arena = codedb_arena_create(&tree->allocator);
    if (captured->arena == NULL)
        return codedb_fail_no_memory(result);
    code = codedb_matcher_open(&matcher, tree, &filter, false, result);
    if (code == CODEDB_SUCCESS)
        code = matcher.selector->captures == NULL ? capture_match_plain(&matcher, &filter, &bindings, result)
                                                  : codedb_capture_match(&matcher, &filter, &bindings, result);
    if (code == CODEDB_SUCCESS)
        code = capture_list_stored(&matcher, &bindings, captured, result);
    codedb_buffer_free(&bindings.rows);
    codedb_matcher_close(&matcher);
    return code;
}

CODEDB_PRIVATE void codedb_captured_free(codedb_captured *captured)
{
    codedb_arena_destroy(captured->arena);
    *captured = (codedb_captured){0};
}
