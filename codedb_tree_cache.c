/* codedb_tree_cache.c -- parsed trees and asts that are kept from one query to the next: by hash, within a number of bytes.
 *
 * Called by codedb_query.c from all of its threads, and by codedb.c, which makes one for each database and destroys it with the last
 * handle. Calls the tree's and the summary's functions. Knows no database.
 *
 * Invariants
 * 1. All of a cache is read and written with its lock held, but for what an entry's holders read: an entry's tree and summary do not
 *    change while it is held. Nothing is parsed, hashed or summarized with the lock held.
 * 2. `bytes` is what all entries together use, and never more than `limit`.
 * 3. An entry is in exactly one of two lists, by whether it has its tree; the one that was used last stands first. Trees are thrown
 *    out before summaries are, from the end of the list, and never one that is held or that the same run has used: a project that
 *    is larger than the cache would otherwise push out its beginning by its end, and find nothing the next time.
 * 4. A tree is kept only under the hash of its own source, whatever the database says; an ast under those of all texts that it comes
 *    from. */
#include "codedb_query.h"

#include <pthread.h>
#include <string.h>

#define CACHE_FIRST_BUCKETS 256

typedef enum cache_list_name { CACHE_WITH_TREE, CACHE_SUMMARY_ONLY, CACHE_LISTS } cache_list_name;

/* `held` is first, so that what a holder has is the entry. */
typedef struct cache_entry {
    codedb_cached held;
    codedb_tree_key key;
    size_t holders;
    size_t tree_bytes; /* of the tree and its source, or of the ast and its texts */
    uint64_t run;      /* that used it last */
    struct cache_entry *chain;
    struct cache_entry *before;
    struct cache_entry *behind;
} cache_entry;

typedef struct cache_list {
    cache_entry *first;
    cache_entry *last;
    size_t count;
} cache_list;

struct codedb_tree_cache {
    codedb_allocator allocator;
    pthread_mutex_t lock;
    size_t limit;
    size_t bytes;
    uint64_t runs;
    uint64_t hits;
    uint64_t misses;
    uint64_t evictions;
    cache_list lists[CACHE_LISTS];
    cache_entry **buckets; /* their number is a power of two */
    size_t bucket_count;
};

/* ---- Lists and buckets: with the lock held ------------------------------------------------------------------------ */

static bool cache_has_tree(const cache_entry *entry)
{
    return entry->held.tree != NULL || entry->held.ast != NULL;
}

static cache_list *cache_list_of(codedb_tree_cache *cache, const cache_entry *entry)
{
    return &cache->lists[cache_has_tree(entry) ? CACHE_WITH_TREE : CACHE_SUMMARY_ONLY];
}

static void cache_unlink(cache_list *list, cache_entry *entry)
{
    *(entry->before != NULL ? &entry->before->behind : &list->first) = entry->behind;
    *(entry->behind != NULL ? &entry->behind->before : &list->last) = entry->before;
    list->count--;
}

static void cache_put_first(cache_list *list, cache_entry *entry)
{
    entry->before = NULL;
    entry->behind = list->first;
    *(list->first != NULL ? &list->first->before : &list->last) = entry;
    list->first = entry;
    list->count++;
}

static cache_entry **cache_bucket(const codedb_tree_cache *cache, const codedb_tree_key *key)
{
    uint64_t number;
    memcpy(&number, key->hash, sizeof number);
    return &cache->buckets[(number + (unsigned)key->target_version) & (cache->bucket_count - 1)];
}

static bool cache_key_is(const codedb_tree_key *left, const codedb_tree_key *right)
{
    return left->target_version == right->target_version && left->is_ast == right->is_ast &&
           memcmp(left->hash, right->hash, sizeof left->hash) == 0;
}

static cache_entry *cache_look_up(const codedb_tree_cache *cache, const codedb_tree_key *key)
{
    cache_entry *entry = *cache_bucket(cache, key);
    while (entry != NULL && !cache_key_is(&entry->key, key))
        entry = entry->chain;
    return entry;
}

/* More buckets when there are many entries; without memory the chains only get longer. */
static void cache_grow(codedb_tree_cache *cache)
{
    size_t old_count = cache->bucket_count;
    cache_entry **old = cache->buckets;
    cache_entry **larger = codedb_memory_allocate(&cache->allocator, 2 * old_count, sizeof(cache_entry *));
    if (larger == NULL)
        return;
    memset(larger, 0, 2 * old_count * sizeof(cache_entry *));
    cache->buckets = larger;
    cache->bucket_count = 2 * old_count;
    for (size_t i = 0; i < old_count; i++)
        while (old[i] != NULL) {
            cache_entry *entry = old[i];
            cache_entry **bucket = cache_bucket(cache, &entry->key);
            old[i] = entry->chain;
            entry->chain = *bucket;
            *bucket = entry;
        }
    codedb_memory_release(&cache->allocator, old);
}

static size_t cache_entry_bytes(const cache_entry *entry)
{
    return sizeof *entry + codedb_summary_size(entry->held.summary);
}

static void cache_free_tree(cache_entry *entry)
{
    codedb_tree_free((codedb_tree *)entry->held.tree);
    codedb_kept_ast_free((codedb_kept_ast *)entry->held.ast);
    entry->held.tree = NULL;
    entry->held.ast = NULL;
}

static void cache_free_entry(codedb_tree_cache *cache, cache_entry *entry)
{
    cache_free_tree(entry);
    codedb_memory_release(&cache->allocator, (codedb_summary *)entry->held.summary);
    codedb_memory_release(&cache->allocator, entry);
}

static void cache_drop_tree(codedb_tree_cache *cache, cache_entry *entry)
{
    cache_unlink(&cache->lists[CACHE_WITH_TREE], entry);
    cache_free_tree(entry);
    cache->bytes -= entry->tree_bytes;
    cache->evictions++;
    entry->tree_bytes = 0;
    cache_put_first(&cache->lists[CACHE_SUMMARY_ONLY], entry);
}

static void cache_drop_entry(codedb_tree_cache *cache, cache_entry *entry)
{
    cache_entry **bucket = cache_bucket(cache, &entry->key);
    while (*bucket != entry)
        bucket = &(*bucket)->chain;
    *bucket = entry->chain;
    cache_unlink(&cache->lists[CACHE_SUMMARY_ONLY], entry);
    cache->bytes -= cache_entry_bytes(entry);
    cache_free_entry(cache, entry);
}

static bool cache_may_go(const cache_entry *entry, uint64_t run)
{
    return entry != NULL && entry->holders == 0 && entry->run != run;
}

/* Throws out what was not used for the longest time until `needed` bytes fit; false when they do not. */
static bool cache_make_room(codedb_tree_cache *cache, size_t needed, uint64_t run)
{
    if (needed > cache->limit)
        return false;
    while (cache->limit - cache->bytes < needed && cache_may_go(cache->lists[CACHE_WITH_TREE].last, run))
        cache_drop_tree(cache, cache->lists[CACHE_WITH_TREE].last);
    while (cache->limit - cache->bytes < needed && cache_may_go(cache->lists[CACHE_SUMMARY_ONLY].last, run))
        cache_drop_entry(cache, cache->lists[CACHE_SUMMARY_ONLY].last);
    return cache->limit - cache->bytes >= needed;
}

/* ---- Life --------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_tree_cache *codedb_tree_cache_create(const codedb_allocator *allocator, size_t limit)
{
    codedb_tree_cache *cache = codedb_memory_allocate(allocator, 1, sizeof *cache);
    if (cache == NULL)
        return NULL;
    memset(cache, 0, sizeof *cache);
    cache->allocator = *allocator;
    cache->limit = limit;
    cache->bucket_count = CACHE_FIRST_BUCKETS;
    cache->buckets = codedb_memory_allocate(allocator, CACHE_FIRST_BUCKETS, sizeof(cache_entry *));
    if (cache->buckets == NULL || pthread_mutex_init(&cache->lock, NULL) != 0) {
        codedb_memory_release(allocator, cache->buckets);
        codedb_memory_release(allocator, cache);
        return NULL;
    }
    memset(cache->buckets, 0, CACHE_FIRST_BUCKETS * sizeof(cache_entry *));
    return cache;
}

CODEDB_PRIVATE void codedb_tree_cache_destroy(codedb_tree_cache *cache)
{
    codedb_allocator allocator;
    if (cache == NULL)
        return;
    allocator = cache->allocator;
    for (int list = 0; list < CACHE_LISTS; list++)
        while (cache->lists[list].first != NULL) {
            cache_entry *entry = cache->lists[list].first;
            cache_unlink(&cache->lists[list], entry);
            cache_free_entry(cache, entry);
        }
    codedb_memory_release(&allocator, cache->buckets);
    pthread_mutex_destroy(&cache->lock);
    codedb_memory_release(&allocator, cache);
}

CODEDB_PRIVATE uint64_t codedb_tree_cache_begin(codedb_tree_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    uint64_t run = ++cache->runs;
    pthread_mutex_unlock(&cache->lock);
    return run;
}

/* ---- Keys --------------------------------------------------------------------------------------------------------- */

static int cache_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

CODEDB_PRIVATE bool codedb_tree_key_make(codedb_tree_key *key, codedb_slice hash, int target_version)
{
    memset(key, 0, sizeof *key);
    key->target_version = target_version;
    if (hash.text == NULL || hash.length != 2 * sizeof key->hash)
        return false;
    for (size_t i = 0; i < sizeof key->hash; i++) {
        int high = cache_digit(hash.text[2 * i]);
        int low = cache_digit(hash.text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        key->hash[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

CODEDB_PRIVATE bool codedb_tree_key_make_ast(codedb_tree_key *key, codedb_slice json_hash, codedb_slice source_hash,
                                             int target_version)
{
    codedb_tree_key parts[2] = {0};
    char digest[CODEDB_SHA256_HEX_SIZE];
    unsigned char both[2 * sizeof key->hash];
    bool is_good = (json_hash.text == NULL || codedb_tree_key_make(&parts[0], json_hash, target_version)) &&
                   (source_hash.text == NULL || codedb_tree_key_make(&parts[1], source_hash, target_version));
    *key = parts[1];
    key->target_version = target_version;
    key->is_ast = true;
    if (!is_good || json_hash.text == NULL)
        return is_good && source_hash.text != NULL;
    memcpy(both, parts[0].hash, sizeof key->hash);
    memcpy(both + sizeof key->hash, parts[1].hash, sizeof key->hash);
    codedb_sha256_hex(both, sizeof both, digest);
    is_good = codedb_tree_key_make(key, (codedb_slice){digest, CODEDB_SHA256_HEX_SIZE - 1}, target_version);
    key->is_ast = true;
    return is_good;
}

/* The hash of a text, in `hex`; without text none. */
static codedb_slice cache_hash(codedb_slice text, char hex[CODEDB_SHA256_HEX_SIZE])
{
    if (text.text == NULL)
        return (codedb_slice){NULL, 0};
    codedb_sha256_hex(text.text, text.length, hex);
    return (codedb_slice){hex, CODEDB_SHA256_HEX_SIZE - 1};
}

/* Is the key that of this source? */
static bool cache_key_is_of(const codedb_tree_key *key, codedb_slice source)
{
    char hex[CODEDB_SHA256_HEX_SIZE];
    codedb_tree_key own;
    return codedb_tree_key_make(&own, cache_hash(source, hex), key->target_version) && cache_key_is(key, &own);
}

/* Is the key that of the ast of these texts? */
static bool cache_key_is_of_ast(const codedb_tree_key *key, codedb_slice json, codedb_slice source)
{
    char hexes[2][CODEDB_SHA256_HEX_SIZE];
    codedb_tree_key own;
    return codedb_tree_key_make_ast(&own, cache_hash(json, hexes[0]), cache_hash(source, hexes[1]), key->target_version) &&
           cache_key_is(key, &own);
}

/* ---- Finding and adding ------------------------------------------------------------------------------------------- */

static void cache_use(codedb_tree_cache *cache, cache_entry *entry, uint64_t run)
{
    cache_list *list = cache_list_of(cache, entry);
    cache_unlink(list, entry);
    cache_put_first(list, entry);
    entry->run = run;
    entry->holders++;
}

CODEDB_PRIVATE const codedb_cached *codedb_tree_cache_find(codedb_tree_cache *cache, const codedb_tree_key *key, uint64_t run)
{
    pthread_mutex_lock(&cache->lock);
    cache_entry *entry = cache_look_up(cache, key);
    if (entry != NULL)
        cache_use(cache, entry, run);
    pthread_mutex_unlock(&cache->lock);
    return entry != NULL ? &entry->held : NULL;
}

/* A new entry without its tree, in no list; takes the summary. NULL without memory, or when that was NULL. */
static cache_entry *cache_make_entry(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_summary *summary)
{
    cache_entry *entry = summary != NULL ? codedb_memory_allocate(&cache->allocator, 1, sizeof *entry) : NULL;
    if (entry == NULL) {
        codedb_memory_release(&cache->allocator, summary);
        return NULL;
    }
    memset(entry, 0, sizeof *entry);
    entry->held.summary = summary;
    entry->key = *key;
    return entry;
}

/* Puts a new entry in its place, if there is room. */
static bool cache_enter(codedb_tree_cache *cache, cache_entry *entry, uint64_t run)
{
    if (!cache_make_room(cache, cache_entry_bytes(entry), run))
        return false;
    if (cache->lists[CACHE_WITH_TREE].count + cache->lists[CACHE_SUMMARY_ONLY].count >= cache->bucket_count)
        cache_grow(cache);
    cache_entry **bucket = cache_bucket(cache, &entry->key);
    entry->chain = *bucket;
    *bucket = entry;
    entry->run = run;
    cache->bytes += cache_entry_bytes(entry);
    cache_put_first(&cache->lists[CACHE_SUMMARY_ONLY], entry);
    return true;
}

/* Gives an entry the summary of `made`, which gets its own, if there is room. */
static void cache_swap_summaries(codedb_tree_cache *cache, cache_entry *entry, cache_entry *made, uint64_t run)
{
    const codedb_summary *summary = entry->held.summary;
    size_t old_size = codedb_summary_size(summary), new_size = codedb_summary_size(made->held.summary);
    if (new_size > old_size && !cache_make_room(cache, new_size - old_size, run))
        return;
    entry->held.summary = made->held.summary;
    made->held.summary = summary;
    cache->bytes = cache->bytes - old_size + new_size;
}

/* Gives an entry that is nobody's the tree or ast of `kept`, if there is room. `made` (NULL: the entry itself is new) has its own summary:
 * the entry's may be that of a text. */
static bool cache_give_tree(codedb_tree_cache *cache, cache_entry *entry, cache_entry *made, const codedb_cached *kept,
                            size_t bytes, uint64_t run)
{
    /* While others read that there is no tree, none may appear. */
    if (entry->holders > 0)
        return false;
    entry->run = run; /* it may not be thrown out to make room for itself */
    if (made != NULL)
        cache_swap_summaries(cache, entry, made, run);
    if (!cache_make_room(cache, bytes, run))
        return false;
    cache_unlink(&cache->lists[CACHE_SUMMARY_ONLY], entry);
    entry->held.tree = kept->tree;
    entry->held.ast = kept->ast;
    entry->tree_bytes = bytes;
    cache->bytes += bytes;
    cache_put_first(&cache->lists[CACHE_WITH_TREE], entry);
    return true;
}

/* Keeps the tree or ast of `kept`, whose summary (NULL: no memory) is taken in any case. */
static bool cache_add(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_cached *kept, codedb_summary *summary,
                      size_t bytes, uint64_t run, const codedb_cached **held)
{
    cache_entry *made = cache_make_entry(cache, key, summary);
    bool is_kept = false;
    if (made == NULL)
        return false;
    pthread_mutex_lock(&cache->lock);
    cache_entry *entry = cache_look_up(cache, key);
    if (entry == NULL && cache_enter(cache, made, run)) {
        entry = made;
        made = NULL;
    }
    bool was_there = entry != NULL && cache_has_tree(entry);
    if (entry != NULL && (was_there || cache_give_tree(cache, entry, made, kept, bytes, run))) {
        cache_use(cache, entry, run);
        *held = &entry->held;
        is_kept = true;
    }
    pthread_mutex_unlock(&cache->lock);
    if (made != NULL)
        cache_free_entry(cache, made);
    if (was_there) {
        codedb_tree_free((codedb_tree *)kept->tree);
        codedb_kept_ast_free((codedb_kept_ast *)kept->ast);
    }
    return is_kept;
}

CODEDB_PRIVATE bool codedb_tree_cache_add(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_tree *tree, uint64_t run,
                                          const codedb_cached **held)
{
    size_t bytes = codedb_tree_memory(tree) + tree->length + CODEDB_SOURCE_PADDING;
    codedb_cached kept = {.tree = tree};
    *held = NULL;
    if (!cache_key_is_of(key, (codedb_slice){tree->source, tree->length}))
        return false;
    return cache_add(cache, key, &kept, codedb_summary_create(&cache->allocator, tree), bytes, run, held);
}

CODEDB_PRIVATE bool codedb_tree_cache_add_ast(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_slice json,
                                              codedb_kept_ast *ast, uint64_t run, const codedb_cached **held)
{
    codedb_cached kept = {.ast = ast};
    *held = NULL;
    if (!cache_key_is_of_ast(key, json, ast->document.source))
        return false;
    return cache_add(cache, key, &kept, codedb_summary_create_of_ast(&cache->allocator, ast->document.ast), ast->memory, run,
                     held);
}

CODEDB_PRIVATE void codedb_tree_cache_note_summary(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_summary *summary,
                                                   uint64_t run)
{
    cache_entry *made = cache_make_entry(cache, key, summary);
    if (made == NULL)
        return;
    pthread_mutex_lock(&cache->lock);
    bool kept = cache_look_up(cache, key) == NULL && cache_enter(cache, made, run);
    pthread_mutex_unlock(&cache->lock);
    if (!kept)
        cache_free_entry(cache, made);
}

CODEDB_PRIVATE void codedb_tree_cache_note(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_slice text, uint64_t run)
{
    if (cache_key_is_of(key, text))
        codedb_tree_cache_note_summary(cache, key, codedb_summary_create_of_text(&cache->allocator, text.text, text.length), run);
}

CODEDB_PRIVATE void codedb_tree_cache_give_back(codedb_tree_cache *cache, const codedb_cached *held)
{
    if (held == NULL)
        return;
    pthread_mutex_lock(&cache->lock);
    ((cache_entry *)(uintptr_t)held)->holders--;
    pthread_mutex_unlock(&cache->lock);
}

/* ---- Figures ------------------------------------------------------------------------------------------------------ */

CODEDB_PRIVATE void codedb_tree_cache_count(codedb_tree_cache *cache, bool found)
{
    pthread_mutex_lock(&cache->lock);
    *(found ? &cache->hits : &cache->misses) += 1;
    pthread_mutex_unlock(&cache->lock);
}

CODEDB_PRIVATE void codedb_tree_cache_figures(codedb_tree_cache *cache, codedb_cache_figures *figures)
{
    pthread_mutex_lock(&cache->lock);
    figures->limit = cache->limit;
    figures->bytes = cache->bytes;
    figures->trees = cache->lists[CACHE_WITH_TREE].count;
    figures->summaries = figures->trees + cache->lists[CACHE_SUMMARY_ONLY].count;
    figures->hits = cache->hits;
    figures->misses = cache->misses;
    figures->evictions = cache->evictions;
    pthread_mutex_unlock(&cache->lock);
}
