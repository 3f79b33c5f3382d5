/* codedb_query.h -- what a query over many files keeps between files and between queries: summaries and parsed trees.
 *
 *   tree -> codedb_summary.c -> summary -> "can this selector match here?"
 *   hash -> codedb_tree_cache.c -> tree and summary, shared by all threads of a database
 *
 * Trees only: no file behind this header but codedb_query.c knows a database. */
#ifndef CODEDB_QUERY_H
#define CODEDB_QUERY_H

#include "codedb_selector.h"

/* ---- Summaries (codedb_summary.c) --------------------------------------------------------------------------------- */

/* Which kinds of nodes and which names a source holds: enough to say of most files that a selector finds nothing there. It never
 * changes. */
typedef struct codedb_summary {
    codedb_kind_set kinds; /* of the stored nodes */
    uint32_t name_mask;    /* the bits of `names`, a power of two, less one */
    uint64_t names[];      /* a Bloom filter of the identifiers and keywords */
} codedb_summary;

/* One block of `allocator`, to be released; NULL without memory. */
CODEDB_PRIVATE codedb_summary *codedb_summary_create(const codedb_allocator *allocator, const codedb_tree *tree);
/* The same of a text that was not parsed: of any kind there may be nodes, and its words are names. */
CODEDB_PRIVATE codedb_summary *codedb_summary_create_of_text(const codedb_allocator *allocator, const char *text, size_t length);
/* Bytes of memory. */
CODEDB_PRIVATE size_t codedb_summary_size(const codedb_summary *summary);

/* What is known of a file without looking at its nodes. */
typedef struct codedb_hint {
    const codedb_summary *summary; /* NULL: not known */
    codedb_slice text;             /* the source; text NULL: not at hand */
} codedb_hint;

/* False: the selector, with the filter's further conditions, surely finds nothing there. `filter` is taken, its selector compiled. */
CODEDB_PRIVATE bool codedb_hint_allows(const codedb_hint *hint, const codedb_selector *selector, const codedb_filter *filter);

/* ---- Parsed trees (codedb_tree_cache.c) --------------------------------------------------------------------------- */

/* What was parsed, by the SHA-256 of the source and the target version. All functions but create and destroy from any thread. */
typedef struct codedb_tree_key {
    unsigned char hash[32];
    int target_version;
} codedb_tree_key;

/* An entry that somebody holds: what it points to lives and does not change until it is given back. */
typedef struct codedb_cached {
    const codedb_tree *tree; /* NULL: only the summary is kept */
    const codedb_summary *summary;
} codedb_cached;

/* Never holds more than `limit` bytes of memory, but for what is in use. NULL without memory. */
CODEDB_PRIVATE codedb_tree_cache *codedb_tree_cache_create(const codedb_allocator *allocator, size_t limit);
/* codedb_tree_cache_destroy is declared in codedb_internal.h: NULL is allowed, and nothing is held any more. */
/* The number of a new run over many trees: what a run has used is not thrown out for what it adds, so that a project that is larger
 * than the cache still finds a part of itself in it the next time. */
CODEDB_PRIVATE uint64_t codedb_tree_cache_begin(codedb_tree_cache *cache);
/* False when `hash` is not 64 hexadecimal digits: then nothing can be kept under it. */
CODEDB_PRIVATE bool codedb_tree_key_make(codedb_tree_key *key, const char *hash, size_t length, int target_version);
/* What is known of a source, to be given back; NULL: nothing. */
CODEDB_PRIVATE const codedb_cached *codedb_tree_cache_find(codedb_tree_cache *cache, const codedb_tree_key *key, uint64_t run);
/* Keeps a tree, if its source has the key's hash and there is room. On true the tree is the cache's, which may free it at once
 * when another thread was faster, and *held is to be given back; false: the tree is still the caller's, though its summary may have been
 * kept. */
CODEDB_PRIVATE bool codedb_tree_cache_add(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_tree *tree, uint64_t run,
                                          const codedb_cached **held);
/* Keeps what a text says of a source that need not be parsed now, unless something is kept of it already. */
CODEDB_PRIVATE void codedb_tree_cache_note(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_slice text, uint64_t run);
CODEDB_PRIVATE void codedb_tree_cache_give_back(codedb_tree_cache *cache, const codedb_cached *held); /* NULL is allowed */
/* Counts the question for a tree: found, or not. */
CODEDB_PRIVATE void codedb_tree_cache_count(codedb_tree_cache *cache, bool found);
CODEDB_PRIVATE void codedb_tree_cache_figures(codedb_tree_cache *cache, codedb_cache_figures *figures);

#endif
