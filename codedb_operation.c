/* codedb_operation.c -- what an operation is: its hash, comparison and copy, and the operations that come again and again.
 *
 * Most hosts ask few questions with many values. Such a question becomes known: a copy of its operation stands behind the driver thread for
 * as long as that lives, and the requests that ask it point there. So the driver finds its prepared statement by a look at
 * the copy's memo, and never touches the asker's own operation, which lies in another CPU's cache.
 *
 * Called by codedb_request.c and codedb_driver.c on any host thread, and for the first part by who decodes requests and by the built-in
 * driver. Calls nothing but memory.
 *
 * Invariants:
 * 1. A known operation is never changed, but for its memo, which is the driver's alone, and never removed.
 * 2. Who looks takes no lock: a place goes from empty to full once, behind everything that it points to.
 * 3. One that came once is not kept: SQL with its values written into it would fill the places in a moment. When all is full, what comes
 *    later is run like what comes once. */
#include "codedb_driver.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* ---- Hash, comparison, copy ------------------------------------------------------------------------------------------ */

static uint64_t operation_hash_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ (hash >> 32);
}

/* The last bytes are put together in a register: a word that is read behind bytes that were written waits for all writes before them. */
static uint64_t operation_hash_bytes(uint64_t hash, const char *bytes, size_t length)
{
    uint64_t word;
    hash = operation_hash_word(hash, length);
    for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = operation_hash_word(hash, word);
    }
    for (word = 0; length > 0; length--)
        word = word << 8 | (unsigned char)bytes[length - 1];
    return operation_hash_word(hash, word);
}

static uint64_t operation_hash_text(uint64_t hash, const char *text)
{
    return operation_hash_bytes(hash, text, strlen(text));
}

CODEDB_PRIVATE uint64_t codedb_operation_hash(const codedb_operation *operation)
{
    uint64_t hash = operation_hash_word((uint64_t)operation->kind * 2 + (operation->limited ? 1 : 0), operation->column_count);
    size_t i;
    if (operation->kind == CODEDB_OPERATION_EXECUTE)
        return operation_hash_bytes(hash, operation->sql, operation->sql_length);
    hash = operation_hash_text(hash, operation->table);
    for (i = 0; i < operation->column_count; i++)
        hash = operation_hash_text(hash, operation->columns[i]);
    for (i = 0; i < operation->where_count; i++)
        hash = operation_hash_word(operation_hash_text(hash, operation->where[i]), operation->where_is_null[i]);
    for (i = 0; i < operation->order_by_count; i++)
        hash =
            operation_hash_word(operation_hash_text(hash, operation->order_by[i].column), operation->order_by[i].descending != 0);
    return hash;
}

static bool operation_names_equal(const char *const *ones, const char *const *others, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++)
        if (ones[i] != others[i] && strcmp(ones[i], others[i]) != 0)
            return false;
    return true;
}

static bool operation_orders_equal(const codedb_order *ones, const codedb_order *others, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++)
        if (strcmp(ones[i].column, others[i].column) != 0 || (ones[i].descending != 0) != (others[i].descending != 0))
            return false;
    return true;
}

CODEDB_PRIVATE bool codedb_operation_equal(const codedb_operation *one, const codedb_operation *other)
{
    if (one->kind != other->kind || one->column_count != other->column_count || one->where_count != other->where_count ||
        one->order_by_count != other->order_by_count || one->limited != other->limited || one->sql_length != other->sql_length)
        return false;
    if (one->kind == CODEDB_OPERATION_EXECUTE)
        return memcmp(one->sql, other->sql, one->sql_length) == 0;
    return operation_names_equal(&one->table, &other->table, 1) &&
           operation_names_equal(one->columns, other->columns, one->column_count) &&
           operation_names_equal(one->where, other->where, one->where_count) &&
           (one->where_count == 0 || memcmp(one->where_is_null, other->where_is_null, one->where_count) == 0) &&
           operation_orders_equal(one->order_by, other->order_by, one->order_by_count);
}

/* Copies names into an arena; NULL without memory. */
static const char **operation_copy_names(codedb_arena *arena, const char *const *names, size_t count)
{
    const char **copies = codedb_arena_allocate(arena, count, sizeof *copies);
    size_t i;
    for (i = 0; copies != NULL && i < count; i++) {
        copies[i] = codedb_arena_copy(arena, names[i], strlen(names[i]));
        if (copies[i] == NULL)
            return NULL;
    }
    return copies;
}

static bool operation_copy_order(codedb_operation *copy, const codedb_operation *operation, codedb_arena *arena)
{
    codedb_order *order = codedb_arena_allocate(arena, operation->order_by_count, sizeof *order);
    size_t i;
    if (order == NULL)
        return false;
    for (i = 0; i < operation->order_by_count; i++) {
        order[i].descending = operation->order_by[i].descending;
        order[i].column = codedb_arena_copy(arena, operation->order_by[i].column, strlen(operation->order_by[i].column));
        if (order[i].column == NULL)
            return false;
    }
    copy->order_by = order;
    return true;
}

CODEDB_PRIVATE bool codedb_operation_copy(codedb_operation *copy, const codedb_operation *operation, codedb_arena *arena)
{
    *copy = *operation;
    copy->memo = NULL;
    copy->memo_stamp = 0;
    if (operation->kind == CODEDB_OPERATION_EXECUTE) {
        copy->sql = codedb_arena_copy(arena, operation->sql, operation->sql_length);
        return copy->sql != NULL;
    }
    copy->table = codedb_arena_copy(arena, operation->table, strlen(operation->table));
    copy->columns = operation_copy_names(arena, operation->columns, operation->column_count);
    copy->where = operation_copy_names(arena, operation->where, operation->where_count);
    copy->where_is_null = (const unsigned char *)codedb_arena_copy(arena, operation->where_is_null, operation->where_count);
    return copy->table != NULL && copy->columns != NULL && copy->where != NULL && copy->where_is_null != NULL &&
           operation_copy_order(copy, operation, arena);
}

/* ---- Known operations ------------------------------------------------------------------------------------------------ */

#define KNOWN_PLACES 512
#define KNOWN_LARGEST 256       /* operations; some places stay empty, so that every search ends */
#define KNOWN_POOL 65536        /* bytes */
#define KNOWN_TEXT_LARGEST 1000 /* bytes of SQL */
#define KNOWN_SEEN 128
#define KNOWN_HINTS 32

struct codedb_known_operations {
    codedb_allocator allocator; /* of this struct */
    pthread_mutex_t lock;       /* of who adds one */
    codedb_arena *arena;        /* holds the operations; its memory is `pool` */
    size_t count;
    atomic_bool is_full;                            /* so that nobody takes the lock in vain */
    _Atomic uint64_t seen[KNOWN_SEEN];              /* hashes of those that came; a newer one takes an older one's place */
    _Atomic(codedb_operation *) hints[KNOWN_HINTS]; /* by where the names lie: what was asked with those last */
    _Atomic(codedb_operation *) places[KNOWN_PLACES];
    size_t used;
    _Alignas(max_align_t) char pool[KNOWN_POOL];
};

/* The arena's allocator. Nothing is allocated while requests run: one that the memory suffices for is not to fail for want of this. */
static void *known_allocate(void *context, size_t size)
{
    codedb_known_operations *known = context;
    size_t aligned = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (aligned < size || aligned > KNOWN_POOL - known->used)
        return NULL;
    known->used += aligned;
    return known->pool + known->used - aligned;
}

static void *known_reallocate(void *context, void *pointer, size_t old_size, size_t new_size)
{
    void *grown = known_allocate(context, new_size);
    if (grown != NULL && pointer != NULL)
        memcpy(grown, pointer, old_size < new_size ? old_size : new_size);
    return grown;
}

static void known_release(void *context, void *pointer)
{
    (void)context;
    (void)pointer;
}

CODEDB_PRIVATE codedb_known_operations *codedb_known_operations_create(const codedb_allocator *allocator)
{
    codedb_known_operations *known = codedb_memory_allocate(allocator, 1, sizeof *known);
    codedb_allocator pool = {known_allocate, known_reallocate, known_release, known};
    if (known == NULL)
        return NULL;
    memset(known, 0, offsetof(codedb_known_operations, pool));
    known->allocator = *allocator;
    known->arena = codedb_arena_create(&pool);
    if (known->arena == NULL || pthread_mutex_init(&known->lock, NULL) != 0) {
        codedb_memory_release(allocator, known);
        return NULL;
    }
    return known;
}

CODEDB_PRIVATE void codedb_known_operations_destroy(codedb_known_operations *known)
{
    codedb_allocator allocator;
    if (known == NULL)
        return;
    allocator = known->allocator;
    pthread_mutex_destroy(&known->lock);
    codedb_memory_release(&allocator, known);
}

static bool known_is(const codedb_operation *known, const codedb_operation *operation)
{
    return known->value_count == operation->value_count && codedb_operation_equal(known, operation);
}

/* A place in the program mostly asks the same with the same literals: with a hint, nothing has to be hashed. */
static _Atomic(codedb_operation *) *known_hint(codedb_known_operations *known, const codedb_operation *operation)
{
    uintptr_t mix = (uintptr_t)operation->table ^ (uintptr_t)operation->sql ^ (uintptr_t)operation->kind << 3;
    if (operation->column_count > 0)
        mix ^= (uintptr_t)operation->columns[0] << 1;
    if (operation->where_count > 0)
        mix ^= (uintptr_t)operation->where[0] << 2;
    return &known->hints[(mix ^ mix >> 5 ^ mix >> 10) % KNOWN_HINTS];
}

/* The place of an operation, or the empty one where it belongs. */
static size_t known_place(const codedb_known_operations *known, const codedb_operation *operation)
{
    size_t place = operation->hash % KNOWN_PLACES;
    const codedb_operation *other;
    while ((other = atomic_load_explicit(&known->places[place], memory_order_acquire)) != NULL &&
           (other->hash != operation->hash || !known_is(other, operation)))
        place = (place + 1) % KNOWN_PLACES;
    return place;
}

static bool known_was_seen(codedb_known_operations *known, uint64_t hash)
{
    _Atomic uint64_t *seen = &known->seen[hash % KNOWN_SEEN];
    if (atomic_load_explicit(seen, memory_order_relaxed) == hash)
        return true;
    atomic_store_explicit(seen, hash, memory_order_relaxed);
    return false;
}

/* When the pool is used up nothing is added, and nothing is wrong. */
static void known_add(codedb_known_operations *known, const codedb_operation *operation)
{
    size_t place;
    codedb_operation *copy;
    if (atomic_load_explicit(&known->is_full, memory_order_relaxed))
        return;
    pthread_mutex_lock(&known->lock);
    place = known_place(known, operation);
    if (atomic_load_explicit(&known->places[place], memory_order_relaxed) == NULL) {
        copy = known->count < KNOWN_LARGEST ? codedb_arena_allocate(known->arena, 1, sizeof *copy) : NULL;
        if (copy != NULL && codedb_operation_copy(copy, operation, known->arena)) {
            known->count++;
            atomic_store_explicit(&known->places[place], copy, memory_order_release);
        } else {
            atomic_store_explicit(&known->is_full, true, memory_order_relaxed);
        }
    }
    pthread_mutex_unlock(&known->lock);
}

CODEDB_PRIVATE codedb_operation *codedb_known_operations_find(codedb_known_operations *known, codedb_operation *operation)
{
    _Atomic(codedb_operation *) *hint = known_hint(known, operation);
    codedb_operation *found = atomic_load_explicit(hint, memory_order_acquire);
    if (found != NULL && known_is(found, operation))
        return found;
    operation->hash = codedb_operation_hash(operation);
    found = atomic_load_explicit(&known->places[known_place(known, operation)], memory_order_acquire);
    if (found != NULL)
        atomic_store_explicit(hint, found, memory_order_release);
    else if (operation->sql_length <= KNOWN_TEXT_LARGEST && known_was_seen(known, operation->hash))
        known_add(known, operation);
    return found;
}
