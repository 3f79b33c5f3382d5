/* codedb_query.h -- what a query over many files keeps between files and between queries: summaries and parsed trees.
 *
 *   tree -> codedb_summary.c -> summary -> "can this selector match here?"
 *                summary <- codedb_summary_form.c -> bytes in the database
 *   hash -> codedb_tree_cache.c -> tree and summary, shared by all threads of a database
 *
 * Trees only: what knows a database, too, is behind codedb_query_job.h. */
#ifndef CODEDB_QUERY_H
#define CODEDB_QUERY_H

#include "codedb_ast_read.h"

/* ---- Summaries (codedb_summary.c) --------------------------------------------------------------------------------- */

/* Which kinds of nodes and which names a source holds: enough to say of most files that a selector finds nothing there. It never
 * changes. */
typedef struct codedb_summary {
    codedb_kind_set kinds; /* of the stored nodes */
    bool is_ascii;         /* the source has no byte beyond 127 */
    uint32_t name_mask;    /* the bits of `names`, a power of two, less one */
    uint64_t names[];      /* a Bloom filter of the identifiers and keywords */
} codedb_summary;

/* The bits that `names` may have. */
#define CODEDB_SUMMARY_MINIMUM_BITS 256u
#define CODEDB_SUMMARY_MAXIMUM_BITS (1u << 20)

/* One block of `allocator`, to be released; NULL without memory. */
CODEDB_PRIVATE codedb_summary *codedb_summary_create(const codedb_allocator *allocator, const codedb_tree *tree);
/* The same of a text that was not parsed: of any kind there may be nodes, and its words are names. */
CODEDB_PRIVATE codedb_summary *codedb_summary_create_of_text(const codedb_allocator *allocator, const char *text, size_t length);
/* The same of an ast, whose kinds and names they are. */
CODEDB_PRIVATE codedb_summary *codedb_summary_create_of_ast(const codedb_allocator *allocator, const codedb_ast *ast);
/* An empty one with room for so many bits, which are a power of two. */
CODEDB_PRIVATE codedb_summary *codedb_summary_allocate(const codedb_allocator *allocator, uint32_t bits);
/* Bytes of memory. */
CODEDB_PRIVATE size_t codedb_summary_size(const codedb_summary *summary);
/* What names are put into the filter by. Another byte order has other numbers. */
CODEDB_PRIVATE uint64_t codedb_summary_hash(const char *text, size_t length);

/* ---- Summaries that are stored (codedb_summary_form.c) ------------------------------------------------------------ */

/* Which summaries this program has made, or might have: others may mean something else by their bits. */
CODEDB_PRIVATE uint64_t codedb_summary_form(void);
/* Appends the form of the summary of a source with that hash, parsed for that version. */
CODEDB_PRIVATE void codedb_summary_write(const codedb_summary *summary, codedb_slice hash, int target_version,
                                         codedb_buffer *out);
/* The other way; to be released. NULL for whatever is no such form, or not of this source, version and program, and without memory. */
CODEDB_PRIVATE codedb_summary *codedb_summary_read(const codedb_allocator *allocator, codedb_slice form, codedb_slice hash,
                                                   int target_version, uint64_t expected);

/* ---- Leaving out (codedb_summary.c) ------------------------------------------------------------------------------- */

/* What is known of a file without looking at its nodes. */
typedef struct codedb_hint {
    const codedb_summary *summary; /* NULL: not known */
    codedb_slice text;             /* the source; text NULL: not at hand */
    bool of_source;                /* an ast is asked, and both are of the source that it is made of: ASCII, or nothing follows */
} codedb_hint;

/* False: the selector, with the filter's further conditions, surely finds nothing there. `filter` is taken, its selector compiled. */
CODEDB_PRIVATE bool codedb_hint_allows(const codedb_hint *hint, const codedb_selector *selector, const codedb_filter *filter);

/* ---- Parsed trees (codedb_tree_cache.c) --------------------------------------------------------------------------- */

/* What was parsed, by the SHA-256 of the source and the target version; of an ast, by all texts that it comes from. All functions but create
 * and destroy from any thread. */
typedef struct codedb_tree_key {
    unsigned char hash[32];
    int target_version;
    bool is_ast;
} codedb_tree_key;

/* An entry that somebody holds: what it points to lives and does not change until it is given back. */
typedef struct codedb_cached {
    const codedb_tree *tree; /* NULL, and so is the next one: only the summary is kept */
    const codedb_kept_ast *ast;
    const codedb_summary *summary;
} codedb_cached;

/* Never holds more than `limit` bytes of memory, but for what is in use. NULL without memory. */
CODEDB_PRIVATE codedb_tree_cache *codedb_tree_cache_create(const codedb_allocator *allocator, size_t limit);
/* codedb_tree_cache_destroy is declared in codedb_internal.h: NULL is allowed, and nothing is held any more. */
/* The number of a new run over many trees: what a run has used is not thrown out for what it adds, so that a project that is larger
 * than the cache still finds a part of itself in it the next time. */
CODEDB_PRIVATE uint64_t codedb_tree_cache_begin(codedb_tree_cache *cache);
/* False when `hash` is not 64 hexadecimal digits: then nothing can be kept under it. */
CODEDB_PRIVATE bool codedb_tree_key_make(codedb_tree_key *key, codedb_slice hash, int target_version);
/* The same for an ast, by the hashes of its JSON and of the source that it is of, or made of; a text that is NULL: there is none. */
CODEDB_PRIVATE bool codedb_tree_key_make_ast(codedb_tree_key *key, codedb_slice json_hash, codedb_slice source_hash,
                                             int target_version);
/* What is known of a source, to be given back; NULL: nothing. */
CODEDB_PRIVATE const codedb_cached *codedb_tree_cache_find(codedb_tree_cache *cache, const codedb_tree_key *key, uint64_t run);
/* Keeps a tree, if its source has the key's hash and there is room. On true the tree is the cache's, which may free it at once
 * when another thread was faster, and *held is to be given back; false: the tree is still the caller's, though its summary may have been
 * kept. */
CODEDB_PRIVATE bool codedb_tree_cache_add(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_tree *tree, uint64_t run,
                                          const codedb_cached **held);
/* The same for an ast, if its source and `json`, the JSON that is stored (text NULL: none), have the key's hashes. */
CODEDB_PRIVATE bool codedb_tree_cache_add_ast(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_slice json,
                                              codedb_kept_ast *ast, uint64_t run, const codedb_cached **held);
/* Keeps a summary of the key's source, which is then the cache's, unless something is kept of it already. */
CODEDB_PRIVATE void codedb_tree_cache_note_summary(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_summary *summary,
                                                   uint64_t run);
/* Keeps what a text says of a source that need not be parsed now, unless something is kept of it already. */
CODEDB_PRIVATE void codedb_tree_cache_note(codedb_tree_cache *cache, const codedb_tree_key *key, codedb_slice text, uint64_t run);
CODEDB_PRIVATE void codedb_tree_cache_give_back(codedb_tree_cache *cache, const codedb_cached *held); /* NULL is allowed */
/* Counts the question for a tree: found, or not. */
CODEDB_PRIVATE void codedb_tree_cache_count(codedb_tree_cache *cache, bool found);
CODEDB_PRIVATE void codedb_tree_cache_figures(codedb_tree_cache *cache, codedb_cache_figures *figures);

#endif
