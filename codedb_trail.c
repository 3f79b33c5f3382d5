/* codedb_trail.c -- the way from the module to one matched node after the other: node ids, qualified names and kinds of many nodes.
 *
 * Called by codedb_nodes.c for the stored nodes of a CST, in ascending order. Calls the tree's functions only.
 *
 * What stands above a node could be told by arrays over the whole tree, which cost a pass each. But answers are few, and come in
 * order: going from one to the next, only siblings of what is above either of them are looked at. */
#include "codedb_matcher.h"

#include <string.h>

#define TRAIL_FIRST_CAPACITY 32

CODEDB_PRIVATE bool codedb_trail_begin(codedb_trail *trail, const codedb_tree *tree, codedb_arena *arena)
{
    *trail = (codedb_trail){.tree = tree, .arena = arena, .capacity = TRAIL_FIRST_CAPACITY};
    trail->steps = codedb_arena_allocate(arena, trail->capacity, sizeof *trail->steps);
    if (trail->steps == NULL)
        return false;
    trail->steps[0].kind = tree->nodes[0].kind;
    trail->depth = 1;
    return true;
}

static bool trail_push(codedb_trail *trail, uint32_t node, uint32_t number)
{
    if (trail->depth == trail->capacity) {
        codedb_trail_step *larger = codedb_arena_allocate(trail->arena, 2 * (size_t)trail->capacity, sizeof *larger);
        if (larger == NULL)
            return false;
        memcpy(larger, trail->steps, trail->capacity * sizeof *larger);
        trail->steps = larger;
        trail->capacity *= 2;
    }
    trail->steps[trail->depth++] = (codedb_trail_step){node, number, trail->tree->nodes[node].kind};
    return true;
}

CODEDB_PRIVATE bool codedb_trail_go(codedb_trail *trail, uint32_t node)
{
    const codedb_node *nodes = trail->tree->nodes;
    uint32_t child = trail->steps[trail->depth - 1].node + 1;
    uint32_t number = 0;
    while (nodes[trail->steps[trail->depth - 1].node].end <= node) {
        const codedb_trail_step *left = &trail->steps[--trail->depth];
        child = nodes[left->node].end;
        number = left->number + 1;
    }
    while (trail->steps[trail->depth - 1].node != node) {
        for (; nodes[child].end <= node; child = nodes[child].end)
            number++;
        if (!trail_push(trail, child, number))
            return false;
        child++;
        number = 0;
    }
    return true;
}

CODEDB_PRIVATE void codedb_trail_append_id(const codedb_trail *trail, codedb_buffer *out)
{
    codedb_buffer_append_byte(out, '0');
    for (uint32_t i = 1; i < trail->depth; i++) {
        char digits[12];
        size_t at = sizeof digits;
        uint32_t number = trail->steps[i].number;
        do
            digits[--at] = (char)('0' + number % 10);
        while ((number /= 10) > 0);
        digits[--at] = '.';
        codedb_buffer_append(out, digits + at, sizeof digits - at);
    }
}

static void trail_append_name(const codedb_trail *trail, uint32_t step, size_t mark, codedb_buffer *out)
{
    size_t length = 0;
    const char *name = codedb_tree_name(trail->tree, trail->steps[step].node, &length);
    if (out->length > mark)
        codedb_buffer_append_byte(out, '.');
    codedb_buffer_append(out, name, length);
}

/* The names of the definitions of one kind above the node, outermost first. */
static void trail_append_above(const codedb_trail *trail, codedb_node_kind kind, uint32_t until, size_t mark, codedb_buffer *out)
{
    for (uint32_t i = 1; i < until; i++)
        if (trail->steps[i].kind == kind)
            trail_append_name(trail, i, mark, out);
}

/* The original engine's rules, as in codedb_scope.c: classes first; a def in defs leaves the innermost of them out. */
CODEDB_PRIVATE bool codedb_trail_append_qualname(const codedb_trail *trail, codedb_buffer *out)
{
    uint32_t last = trail->depth - 1;
    unsigned kind = trail->steps[last].kind;
    bool is_function = kind == CODEDB_NODE_FUNCTION_DEF;
    size_t mark = out->length;
    uint32_t until = last;
    trail_append_above(trail, CODEDB_NODE_CLASS_DEF, last, mark, out);
    if (is_function && out->length == mark) {
        while (until > 1 && trail->steps[until - 1].kind != CODEDB_NODE_FUNCTION_DEF)
            until--;
        trail_append_above(trail, CODEDB_NODE_FUNCTION_DEF, until > 0 ? until - 1 : 0, mark, out);
    }
    if (is_function || kind == CODEDB_NODE_CLASS_DEF)
        trail_append_name(trail, last, mark, out);
    else
        trail_append_above(trail, CODEDB_NODE_FUNCTION_DEF, last, mark, out);
    return out->length > mark;
}

CODEDB_PRIVATE unsigned codedb_trail_kind(const codedb_trail *trail)
{
    unsigned kind = trail->steps[trail->depth - 1].kind;
    for (uint32_t i = 1; kind == CODEDB_NODE_FUNCTION_DEF && i + 1 < trail->depth; i++)
        if (trail->steps[i].kind == CODEDB_NODE_CLASS_DEF)
            return CODEDB_SELECTOR_KIND_METHOD;
    return kind;
}
