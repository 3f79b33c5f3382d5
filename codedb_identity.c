/* codedb_identity.c -- node ids that stay: which node of a changed source is which node of the one before.
 *
 * Called by codedb_source.c and codedb_modify.c when a stored source changes, and by codedb_view.c to write an id. Reads trees. Any thread.
 *
 * An id is a tag and a number: `3f2a9c01d4e5.17` is the node that was number 17 (in pre-order) of the source in which it appeared, and the
 * tag stands for that source: the beginning of its hash, or of a later generation's. A source of which nothing is stored has one tag and the
 * numbers as they are, so that nothing has to be stored until it changes. After that the ids are runs: from node N on, tag T and the
 * numbers from M on. A run ends where something was put in, taken out or changed.
 *
 * Whoever sees a text and no file (codedb_match.c) names places instead: `3f2a9c01d4e5:17` is number 17 of exactly the text whose hash
 * begins so, and of no other.
 *
 * Invariants
 * 1. Ids are unique in a tree: a node takes an old node's id only if no other one has it, and a new tag is none of the old ones.
 * 2. A node keeps its id if nothing in it has changed, or if it is around what has; what an edit replaces gets new ids.
 * 3. An id is never given again to another node: each change of a source that adds nodes has a tag of its own. */
#include "codedb_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDENTITY_NONE UINT32_MAX
/* How many siblings are looked at for one that has the same text. */
#define IDENTITY_REACH 64

typedef char identity_tag[CODEDB_IDENTITY_TAG_SIZE];

typedef struct identity_run {
    uint32_t node; /* the first one */
    uint32_t tag;
    uint32_t number;
} identity_run;

struct codedb_identities {
    codedb_arena *arena;
    identity_tag *tags;
    uint32_t tag_count;
    identity_run *runs; /* the first one at node 0 */
    uint32_t run_count;
    uint32_t generation;
    uint32_t newest; /* the tag that the last change brought; IDENTITY_NONE: none */
};

/* ---- Ids as they are stored and written --------------------------------------------------------------------------- */

static codedb_identities *identity_allocate(const codedb_allocator *allocator, uint32_t tags, uint32_t runs)
{
    codedb_arena *arena = codedb_arena_create(allocator);
    codedb_identities *made = arena ? codedb_arena_allocate(arena, 1, sizeof *made) : NULL;
    if (!made) {
        codedb_arena_destroy(arena);
        return NULL;
    }
    *made = (codedb_identities){.arena = arena, .newest = IDENTITY_NONE};
    made->tags = codedb_arena_allocate(arena, tags, sizeof *made->tags);
    made->runs = codedb_arena_allocate(arena, runs, sizeof *made->runs);
    if (made->tags && made->runs)
        return made;
    codedb_arena_destroy(arena);
    return NULL;
}

CODEDB_PRIVATE codedb_identities *codedb_identities_create(const codedb_allocator *allocator, const char *hash)
{
    codedb_identities *made = identity_allocate(allocator, 1, 1);
    if (!made)
        return NULL;
    snprintf(made->tags[0], sizeof made->tags[0], "%.*s", CODEDB_IDENTITY_TAG_SIZE - 1, hash);
    made->runs[0] = (identity_run){0, 0, 0};
    made->tag_count = made->run_count = 1;
    return made;
}

CODEDB_PRIVATE void codedb_identities_free(codedb_identities *identities)
{
    if (identities)
        codedb_arena_destroy(identities->arena);
}

CODEDB_PRIVATE void codedb_identities_write(const codedb_identities *identities, codedb_buffer *out)
{
    codedb_buffer_printf(out, "%u %u %u", identities->generation, identities->tag_count, identities->run_count);
    for (uint32_t i = 0; i < identities->tag_count; i++)
        codedb_buffer_printf(out, " %s", identities->tags[i]);
    for (uint32_t i = 0; i < identities->run_count; i++) {
        const identity_run *run = &identities->runs[i];
        codedb_buffer_printf(out, " %u:%u:%u", run->node, run->tag, run->number);
    }
}

/* A number at *at, which is moved behind it and `end`. */
static bool identity_read_number(const char **at, char end, uint32_t *number)
{
    char *behind;
    if (**at < '0' || **at > '9')
        return false;
    unsigned long value = strtoul(*at, &behind, 10);
    if ((*behind != end && *behind) || value > UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    *at = *behind ? behind + 1 : behind;
    return true;
}

static bool identity_read_body(codedb_identities *made, const char *at, uint32_t tags, uint32_t runs)
{
    for (; made->tag_count < tags; made->tag_count++) {
        size_t length = strcspn(at, " ");
        if (!length || length >= CODEDB_IDENTITY_TAG_SIZE)
            return false;
        snprintf(made->tags[made->tag_count], sizeof made->tags[0], "%.*s", (int)length, at);
        at += length + (at[length] == ' ');
    }
    for (; made->run_count < runs; made->run_count++) {
        identity_run *run = &made->runs[made->run_count];
        if (!identity_read_number(&at, ':', &run->node) || !identity_read_number(&at, ':', &run->tag) ||
            !identity_read_number(&at, ' ', &run->number) || run->tag >= tags ||
            (made->run_count ? run->node <= run[-1].node : run->node != 0))
            return false;
    }
    return runs > 0;
}

CODEDB_PRIVATE bool codedb_identities_read(const codedb_allocator *allocator, const char *text, codedb_identities **identities)
{
    uint32_t generation, tags, runs;
    const char *at = text;
    size_t length = strlen(text);
    *identities = NULL;
    if (!identity_read_number(&at, ' ', &generation) || !identity_read_number(&at, ' ', &tags) ||
        !identity_read_number(&at, ' ', &runs) || tags > length || runs > length)
        return true;
    codedb_identities *made = identity_allocate(allocator, tags, runs);
    if (!made)
        return false;
    made->generation = generation;
    if (identity_read_body(made, at, tags, runs))
        *identities = made;
    else
        codedb_identities_free(made);
    return true;
}

/* The run that a node is in. */
static const identity_run *identity_run_of(const codedb_identities *identities, uint32_t node)
{
    uint32_t low = 0, high = identities->run_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (identities->runs[middle].node <= node)
            low = middle;
        else
            high = middle;
    }
    return &identities->runs[low];
}

CODEDB_PRIVATE void codedb_identities_append(const codedb_identities *identities, uint32_t node, codedb_buffer *out)
{
    const identity_run *run = identity_run_of(identities, node);
    codedb_buffer_append_text(out, identities->tags[run->tag]);
    codedb_buffer_append_byte(out, '.');
    codedb_buffer_append_integer(out, run->number + (node - run->node));
}

CODEDB_PRIVATE uint32_t codedb_identities_find(const codedb_identities *identities, uint32_t node_count, const char *id)
{
    const char *dot = strchr(id, '.');
    uint32_t number;
    if (!dot || (size_t)(dot - id) >= CODEDB_IDENTITY_TAG_SIZE)
        return IDENTITY_NONE;
    const char *at = dot + 1;
    if (!identity_read_number(&at, '\0', &number))
        return IDENTITY_NONE;
    for (uint32_t i = 0; i < identities->run_count; i++) {
        const identity_run *run = &identities->runs[i];
        uint32_t end = i + 1 < identities->run_count ? run[1].node : node_count;
        const char *tag = identities->tags[run->tag];
        if (number >= run->number && number - run->number < end - run->node && strlen(tag) == (size_t)(dot - id) &&
            !memcmp(tag, id, (size_t)(dot - id)))
            return run->node + (number - run->number);
    }
    return IDENTITY_NONE;
}

CODEDB_PRIVATE codedb_code codedb_identity_find_place(const codedb_tree *tree, const char *id, uint32_t *node)
{
    char hash[CODEDB_SHA256_HEX_SIZE];
    size_t length = strspn(id, "0123456789abcdef");
    const char *at = id + length + 1;
    *node = IDENTITY_NONE;
    if (length != CODEDB_IDENTITY_TAG_SIZE - 1 || id[length] != ':' || !identity_read_number(&at, '\0', node))
        return CODEDB_NOT_FOUND;
    codedb_sha256_hex(tree->source, tree->length, hash);
    if (memcmp(hash, id, length) != 0)
        return CODEDB_CONFLICT;
    return *node < tree->node_count ? CODEDB_SUCCESS : CODEDB_NOT_FOUND;
}

/* ---- Which node is which ------------------------------------------------------------------------------------------ */

typedef struct identity_span {
    uint32_t start;
    uint32_t end;
} identity_span;

/* Two trees, and what is known of their nodes. */
typedef struct identity_match {
    const codedb_tree *old_tree;
    const codedb_tree *new_tree;
    const size_t *old_ranges;
    const size_t *new_ranges;
    size_t range_count;
    const uint8_t *replaced; /* by old node: it gets no successor; NULL: none */
    uint32_t *old_of;        /* by new node */
    uint8_t *taken;          /* by old node: it has a successor */
    uint32_t *pending;       /* pairs of nodes that are the same and whose children are to be looked at */
    size_t pending_count;
} identity_match;

static identity_span identity_position(const codedb_tree *tree, uint32_t node)
{
    identity_span span;
    codedb_tree_position(tree, node, &span.start, &span.end);
    return span;
}

/* The first range that does not end before the offset. */
static size_t identity_range_at(const size_t *ranges, size_t count, size_t offset)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges[2 * middle + 1] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether something between the two ends has changed; at the ends, only what was there counts. */
static bool identity_is_touched(const size_t *ranges, size_t count, identity_span span)
{
    for (size_t i = identity_range_at(ranges, count, span.start); i < count && ranges[2 * i] < span.end; i++)
        if (ranges[2 * i + 1] > span.start)
            return true;
    return false;
}

/* Whether all of it lies in one changed range. */
static bool identity_is_covered(const size_t *ranges, size_t count, identity_span span)
{
    for (size_t i = identity_range_at(ranges, count, span.start); i < count && ranges[2 * i] <= span.start; i++)
        if (ranges[2 * i + 1] >= span.end && ranges[2 * i + 1] > ranges[2 * i])
            return true;
    return false;
}

/* Where an untouched old offset is now. */
static size_t identity_moved(const identity_match *match, size_t offset)
{
    size_t index = identity_range_at(match->old_ranges, match->range_count, offset);
    while (index < match->range_count && match->old_ranges[2 * index + 1] <= offset)
        index++;
    if (!index)
        return offset;
    return match->new_ranges[2 * index - 1] + (offset - match->old_ranges[2 * index - 1]);
}

static void identity_take(identity_match *match, uint32_t old_node, uint32_t new_node)
{
    match->old_of[new_node] = old_node;
    match->taken[old_node] = 1;
}

/* Makes two subtrees the same, node by node, if they are alike. */
static bool identity_take_subtree(identity_match *match, uint32_t old_node, uint32_t new_node)
{
    const codedb_node *old_nodes = match->old_tree->nodes, *new_nodes = match->new_tree->nodes;
    uint32_t size = old_nodes[old_node].end - old_node;
    if (new_nodes[new_node].end - new_node != size)
        return false;
    for (uint32_t i = 0; i < size; i++)
        if (old_nodes[old_node + i].kind != new_nodes[new_node + i].kind || (match->replaced && match->replaced[old_node + i]))
            return false;
    for (uint32_t i = 0; i < size; i++)
        identity_take(match, old_node + i, new_node + i);
    return true;
}

static bool identity_has_same_text(const identity_match *match, identity_span old_span, identity_span new_span)
{
    return old_span.end - old_span.start == new_span.end - new_span.start &&
           !memcmp(match->old_tree->source + old_span.start, match->new_tree->source + new_span.start,
                   old_span.end - old_span.start);
}

/* A child of `new_parent` that is no successor yet, from `from` on and then from the beginning. `place` is where it must start;
 * SIZE_MAX: any place with the same text. */
static uint32_t identity_find_same(const identity_match *match, uint32_t old_child, uint32_t new_parent, uint32_t from,
                                   size_t place)
{
    const codedb_node *nodes = match->new_tree->nodes;
    identity_span old_span = identity_position(match->old_tree, old_child);
    uint32_t end = nodes[new_parent].end, reach = place == SIZE_MAX ? IDENTITY_REACH : UINT32_MAX;
    for (int pass = 0; pass < 2; pass++) {
        uint32_t stop = pass ? from : end;
        for (uint32_t child = pass ? new_parent + 1 : from; child < stop && reach; child = nodes[child].end, reach--) {
            if (match->old_of[child] != IDENTITY_NONE || nodes[child].kind != match->old_tree->nodes[old_child].kind)
                continue;
            identity_span span = identity_position(match->new_tree, child);
            if (place != SIZE_MAX && !pass && span.start > place && span.end > place)
                break;
            if ((place == SIZE_MAX || span.start == place) && identity_has_same_text(match, old_span, span))
                return child;
        }
    }
    return IDENTITY_NONE;
}

/* A child of `new_parent` around something that has changed, as the old one is. */
static uint32_t identity_find_around(const identity_match *match, uint32_t old_child, uint32_t new_parent, uint32_t from)
{
    const codedb_node *nodes = match->new_tree->nodes, *old_node = &match->old_tree->nodes[old_child];
    uint32_t reach = IDENTITY_REACH;
    size_t length, other_length;
    const char *name = codedb_tree_name(match->old_tree, old_child, &length);
    for (uint32_t child = from; child < nodes[new_parent].end && reach; child = nodes[child].end, reach--) {
        if (match->old_of[child] != IDENTITY_NONE || nodes[child].kind != old_node->kind || nodes[child].field != old_node->field)
            continue;
        bool is_new = identity_is_covered(match->new_ranges, match->range_count, identity_position(match->new_tree, child));
        const char *other = codedb_tree_name(match->new_tree, child, &other_length);
        bool is_named = name && other && (length != other_length || memcmp(name, other, length) != 0) &&
                        codedb_node_is_definition(match->new_tree, child);
        if (!is_new && !is_named)
            return child;
    }
    return IDENTITY_NONE;
}

/* Finds the successors of a node's children among those of its own successor: first of what has not changed, then of what only moved
 * within a changed range, then of what is around a change. */
static void identity_match_children(identity_match *match, uint32_t old_parent, uint32_t new_parent)
{
    const codedb_node *nodes = match->old_tree->nodes;
    for (int round = 0; round < 3; round++) {
        uint32_t from = new_parent + 1;
        for (uint32_t child = old_parent + 1; child < nodes[old_parent].end; child = nodes[child].end) {
            identity_span span = identity_position(match->old_tree, child);
            bool is_touched = identity_is_touched(match->old_ranges, match->range_count, span);
            uint32_t found = IDENTITY_NONE;
            if (match->taken[child] || (match->replaced && match->replaced[child]) || (round == 0 && is_touched))
                continue;
            if (round < 2)
                found =
                    identity_find_same(match, child, new_parent, from, round == 0 ? identity_moved(match, span.start) : SIZE_MAX);
            else if (!identity_is_covered(match->old_ranges, match->range_count, span))
                found = identity_find_around(match, child, new_parent, new_parent + 1);
            if (found == IDENTITY_NONE)
                continue;
            from = match->new_tree->nodes[found].end;
            if (round < 2 && identity_take_subtree(match, child, found))
                continue;
            identity_take(match, child, found);
            match->pending[2 * match->pending_count] = child;
            match->pending[2 * match->pending_count++ + 1] = found;
        }
    }
}

static bool identity_match_trees(identity_match *match, codedb_arena *arena)
{
    uint32_t old_count = match->old_tree->node_count, new_count = match->new_tree->node_count;
    match->old_of = codedb_arena_allocate(arena, new_count, sizeof *match->old_of);
    match->taken = codedb_arena_allocate(arena, old_count, sizeof *match->taken);
    match->pending = codedb_arena_allocate(arena, 2 * (size_t)old_count, sizeof *match->pending);
    if (!match->old_of || !match->taken || !match->pending)
        return false;
    memset(match->old_of, 0xFF, new_count * sizeof *match->old_of);
    memset(match->taken, 0, old_count);
    identity_take(match, 0, 0);
    match->pending[0] = match->pending[1] = 0;
    match->pending_count = 1;
    while (match->pending_count) {
        match->pending_count--;
        uint32_t old_node = match->pending[2 * match->pending_count], new_node = match->pending[2 * match->pending_count + 1];
        identity_match_children(match, old_node, new_node);
    }
    return true;
}

/* ---- Carrying ids over -------------------------------------------------------------------------------------------- */

/* A tag that none of the others is. */
static void identity_make_tag(codedb_identities *identities, const char *hash)
{
    char text[CODEDB_SHA256_HEX_SIZE + 16], digest[CODEDB_SHA256_HEX_SIZE];
    for (uint32_t salt = identities->generation;; salt++) {
        uint32_t other = 0;
        int length = snprintf(text, sizeof text, "%.64s:%u", hash, salt);
        codedb_sha256_hex(text, (size_t)length, digest);
        digest[CODEDB_IDENTITY_TAG_SIZE - 1] = '\0';
        while (other < identities->tag_count && strcmp(identities->tags[other], digest) != 0)
            other++;
        if (other < identities->tag_count)
            continue;
        memcpy(identities->tags[identities->tag_count++], digest, CODEDB_IDENTITY_TAG_SIZE);
        return;
    }
}

/* Adds a node's id to the runs. */
static void identity_add(codedb_identities *identities, uint32_t node, uint32_t tag, uint32_t number)
{
    if (identities->run_count) {
        const identity_run *run = &identities->runs[identities->run_count - 1];
        if (run->tag == tag && run->number + (node - run->node) == number)
            return;
    }
    identities->runs[identities->run_count++] = (identity_run){node, tag, number};
}

/* Drops the tags that no node has any more. Without memory they stay. */
static void identity_drop_tags(codedb_identities *identities, codedb_arena *arena)
{
    uint32_t *numbers = codedb_arena_allocate(arena, identities->tag_count, sizeof *numbers), kept = 0;
    if (!numbers)
        return;
    memset(numbers, 0xFF, identities->tag_count * sizeof *numbers);
    for (uint32_t i = 0; i < identities->run_count; i++)
        numbers[identities->runs[i].tag] = 0;
    for (uint32_t i = 0; i < identities->tag_count; i++) {
        if (numbers[i] == IDENTITY_NONE)
            continue;
        numbers[i] = kept;
        memmove(identities->tags[kept++], identities->tags[i], CODEDB_IDENTITY_TAG_SIZE);
    }
    for (uint32_t i = 0; i < identities->run_count; i++)
        identities->runs[i].tag = numbers[identities->runs[i].tag];
    identities->newest = numbers[identities->newest];
    identities->tag_count = kept;
}

CODEDB_PRIVATE bool codedb_identities_is_new(const codedb_identities *identities, uint32_t node)
{
    return identity_run_of(identities, node)->tag == identities->newest;
}

CODEDB_PRIVATE codedb_identities *codedb_identities_carry(const codedb_identities *old, const codedb_tree *old_tree,
                                                          const codedb_tree *new_tree, const codedb_changed_ranges *ranges,
                                                          const uint8_t *replaced, const char *new_hash)
{
    identity_match match = {.old_tree = old_tree,
                            .new_tree = new_tree,
                            .old_ranges = ranges->old_ranges,
                            .new_ranges = ranges->new_ranges,
                            .range_count = ranges->count,
                            .replaced = replaced};
    codedb_arena *arena = codedb_arena_create(&new_tree->allocator);
    codedb_identities *made = NULL;
    if (!arena || !identity_match_trees(&match, arena))
        goto cleanup;
    made = identity_allocate(&new_tree->allocator, old->tag_count + 1, new_tree->node_count);
    if (!made)
        goto cleanup;
    memcpy(made->tags, old->tags, old->tag_count * sizeof *made->tags);
    made->tag_count = old->tag_count;
    made->generation = old->generation + 1;
    identity_make_tag(made, new_hash);
    for (uint32_t node = 0; node < new_tree->node_count; node++) {
        uint32_t before = match.old_of[node];
        const identity_run *run = before == IDENTITY_NONE ? NULL : identity_run_of(old, before);
        if (run)
            identity_add(made, node, run->tag, run->number + (before - run->node));
        else
            identity_add(made, node, made->tag_count - 1, node);
    }
    made->newest = made->tag_count - 1;
    identity_drop_tags(made, arena);

cleanup:
    codedb_arena_destroy(arena);
    return made;
}
