/* codedb_splice.c -- byte ranges of a source and what replaces them: sorted, checked, applied once, reported.
 *
 * Called by codedb_edit.c and codedb_ast_edit.c. Calls codedb_diff.c for the report. Any thread; the list belongs to one edit.
 *
 * Invariants
 * 1. Every splice refers to the old source: the order in which they are added does not move offsets.
 * 2. At one offset, insertions stand before what replaces bytes there; among themselves those of deeper blocks, which end there,
 *    come first, and then they stand in the order of their operations.
 * 3. After sorting, splices do not overlap and each one changes something. */
#include "codedb_edit.h"

#include <stdlib.h>
#include <string.h>

#define SPLICE_FIRST_CAPACITY 16

CODEDB_PRIVATE void codedb_splices_add(codedb_splices *splices, uint32_t operation, uint32_t depth, uint32_t start, uint32_t end,
                                       const char *text, size_t length)
{
    if (splices->count == splices->capacity) {
        uint32_t capacity = splices->capacity ? 2 * splices->capacity : SPLICE_FIRST_CAPACITY;
        codedb_splice *items = codedb_arena_allocate(splices->arena, capacity, sizeof *items);
        if (!items) {
            splices->failed = true;
            return;
        }
        if (splices->count)
            memcpy(items, splices->items, splices->count * sizeof *items);
        splices->items = items;
        splices->capacity = capacity;
    }
    char *copy = codedb_arena_copy(splices->arena, text, length);
    splices->failed |= !copy;
    splices->items[splices->count] = (codedb_splice){start, end, depth, operation, splices->count, {copy, length}};
    splices->count++;
}

static int splice_compare(const void *left, const void *right)
{
    const codedb_splice *a = left, *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if ((a->end > a->start) != (b->end > b->start))
        return a->end > a->start ? 1 : -1;
    if (a->depth != b->depth)
        return a->depth > b->depth ? -1 : 1;
    if (a->operation != b->operation)
        return a->operation < b->operation ? -1 : 1;
    return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

CODEDB_PRIVATE bool codedb_splices_sort(codedb_splices *splices, const char *source, const codedb_splice **overlapping)
{
    *overlapping = NULL;
    if (splices->count)
        qsort(splices->items, splices->count, sizeof *splices->items, splice_compare);
    uint32_t kept = 0, reached = 0;
    for (uint32_t i = 0; i < splices->count; i++) {
        const codedb_splice *splice = &splices->items[i];
        if (splice->start < reached) {
            *overlapping = splice;
            return false;
        }
        reached = splice->end;
        if (splice->text.length != splice->end - splice->start ||
            memcmp(splice->text.text, source + splice->start, splice->text.length) != 0)
            splices->items[kept++] = *splice;
    }
    splices->count = kept;
    return true;
}

CODEDB_PRIVATE void codedb_splices_apply(const codedb_splices *splices, const char *source, size_t length, codedb_buffer *out)
{
    size_t at = 0;
    for (uint32_t i = 0; i < splices->count; i++) {
        const codedb_splice *splice = &splices->items[i];
        codedb_buffer_append(out, source + at, splice->start - at);
        codedb_buffer_append(out, splice->text.text, splice->text.length);
        at = splice->end;
    }
    codedb_buffer_append(out, source + at, length - at);
}

/* Fills the two arrays of ranges; splices that touch share one. Returns their number. */
static size_t splice_ranges(const codedb_splices *splices, size_t *old_ranges, size_t *new_ranges)
{
    size_t count = 0, grown = 0, shrunk = 0;
    for (uint32_t i = 0; i < splices->count; i++) {
        const codedb_splice *splice = &splices->items[i];
        size_t new_start = splice->start + grown - shrunk;
        grown += splice->text.length;
        shrunk += splice->end - splice->start;
        if (!count || old_ranges[2 * count - 1] != splice->start) {
            old_ranges[2 * count] = splice->start;
            new_ranges[2 * count] = new_start;
            count++;
        }
        old_ranges[2 * count - 1] = splice->end;
        new_ranges[2 * count - 1] = new_start + splice->text.length;
    }
    return count;
}

CODEDB_PRIVATE codedb_code codedb_splices_report(const codedb_splices *splices, const codedb_allocator *allocator,
                                                 codedb_slice old, const codedb_buffer *source, size_t modified, const char *path,
                                                 codedb_edit_report **report, codedb_result *result)
{
    *report = NULL;
    codedb_code code = CODEDB_NO_MEMORY;
    codedb_buffer diff;
    codedb_buffer_init(&diff, allocator);
    codedb_arena *arena = codedb_arena_create(allocator);
    if (!arena)
        goto cleanup;
    codedb_edit_report *made = codedb_arena_allocate_root(arena, 1, sizeof *made);
    size_t *ranges = codedb_arena_allocate(arena, 4 * (size_t)splices->count + 1, sizeof *ranges);
    char *hash = codedb_arena_allocate(arena, CODEDB_SHA256_HEX_SIZE, 1);
    if (!made || !ranges || !hash || !codedb_diff_append(old.text, old.length, source->data, source->length, path, &diff))
        goto cleanup;
    codedb_sha256_hex(source->data, source->length, hash);
    made->nodes_modified = modified;
    made->source = codedb_arena_copy(arena, source->data, source->length);
    made->source_length = source->length;
    made->diff = codedb_arena_copy(arena, diff.data ? diff.data : "", diff.length);
    made->hash = hash;
    made->old_ranges = ranges;
    made->new_ranges = ranges + 2 * (size_t)splices->count;
    made->range_count = splice_ranges(splices, ranges, ranges + 2 * (size_t)splices->count);
    if (!made->source || !made->diff)
        goto cleanup;
    *report = made;
    arena = NULL;
    code = codedb_succeed(result);

cleanup:
    codedb_buffer_free(&diff);
    codedb_arena_destroy(arena);
    return code == CODEDB_SUCCESS ? code : codedb_fail_no_memory(result);
}
