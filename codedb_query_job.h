/* codedb_query_job.h -- a query over many files while it runs: what codedb_query.c, codedb_query_part.c and codedb_query_ast.c share.
 *
 *   list of files -> slots -> parts -> codedb_query_run_part, in any thread -> answers in the slots
 *
 * Bridges see this header only, as it knows trees and tables. */
#ifndef CODEDB_QUERY_JOB_H
#define CODEDB_QUERY_JOB_H

#include "codedb_query.h"
#include "codedb_source.h"

#include <pthread.h>
#include <stdatomic.h>

/* A part is asked for in one request: so many files, or fewer that have so many lines together. */
#define CODEDB_QUERY_PART_FILES 16
#define CODEDB_QUERY_PART_LINES 20000

/* A stored text: the id of its row, and its hash as it is stored. The id is 0 when the file has none. */
typedef struct query_text {
    int64_t id;
    codedb_slice hash;
} query_text;

/* A file that is asked, and its answer. */
typedef struct query_slot {
    int64_t file_id;
    query_text source;
    query_text ast; /* of a query over asts */
    const char *path;
    const char *relative_path;
    const char *project_id;
    bool has_ids;         /* its nodes' ids are kept: the source has changed since it was stored first */
    codedb_nodes *nodes;  /* NULL: nothing was found */
    codedb_result *error; /* a block; NULL: none */
    size_t bytes;         /* of the answer */
} query_slot;

typedef struct query_part {
    size_t first;
    size_t count;
    bool done;
} query_part;

typedef struct query_job {
    codedb *db;
    codedb_allocator allocator;
    const codedb_query_options *options;
    codedb_filter filter;     /* `compiled` is set, and neither limit nor time are left out */
    codedb_tree_cache *cache; /* NULL: none */
    uint64_t run;
    double deadline;          /* 0: none */
    uint64_t summary_form;    /* of summaries that this program may believe */
    atomic_bool no_summaries; /* the database has none */
    codedb_rows *rows;
    query_slot *slots;
    size_t slot_count;
    query_part *parts;
    size_t part_count;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* a part is done, room was made, or all is over */
    size_t next;            /* part to be taken */
    size_t handed;          /* parts that were handed out */
    size_t held;            /* bytes of answers that wait */
    bool stop;
    codedb_code code;
    codedb_result *result;
    codedb_query_report report;
} query_job;

/* A part in a thread's hands. */
typedef struct query_work {
    query_job *job;
    const codedb_cached *cached[CODEDB_QUERY_PART_FILES];
    bool is_asked[CODEDB_QUERY_PART_FILES]; /* it is not known that nothing can be found there */
    codedb_rows *summaries;                 /* file, hash, summary */
    codedb_rows *sources;                   /* id, hash, text; likewise the next one */
    codedb_rows *asts;
    codedb_rows *ids; /* file, hash, ids */
    codedb_query_report counted;
    codedb_result result;
} query_work;

/* ---- codedb_query.c ----------------------------------------------------------------------------------------------- */

/* Whether the query is to go on, before the next file is asked or given to the host. *left: seconds, 0: as many as one likes. */
CODEDB_PRIVATE codedb_code codedb_query_goes_on(const query_job *job, double *left, codedb_result *result);

/* ---- codedb_query_part.c ------------------------------------------------------------------------------------------ */

/* Asks the files of a part. An error that is a file's alone stands in its slot. */
CODEDB_PRIVATE codedb_code codedb_query_run_part(query_work *work, const query_part *part);
/* The filter for a file, with the time and the nodes that are left. */
CODEDB_PRIVATE codedb_code codedb_query_filter(query_work *work, const query_slot *slot, codedb_filter *filter);
/* Keeps what was found for the host. */
CODEDB_PRIVATE void codedb_query_keep(query_slot *slot, codedb_nodes *nodes);
/* The row with that id and hash among those that were read; NULL: none, as something was stored since the list was read. */
CODEDB_PRIVATE const codedb_value *codedb_query_find_row(const codedb_rows *rows, int64_t id, codedb_slice hash);
/* A cell as text; text NULL when it is none. */
CODEDB_PRIVATE codedb_slice codedb_query_cell(const codedb_value *cell);

/* ---- codedb_query_ast.c ------------------------------------------------------------------------------------------- */

/* The key under which the file's ast is kept; false: it is not. */
CODEDB_PRIVATE bool codedb_query_ast_key(const query_job *job, const query_slot *slot, codedb_tree_key *key);
/* Asks the ast of the file at `index` of the part. */
CODEDB_PRIVATE codedb_code codedb_query_ask_ast(query_work *work, query_slot *slot, size_t index);

#endif
