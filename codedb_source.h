/* codedb_source.h -- how a file's source and what follows from it get into the database: the bridge between the two halves.
 *
 *   tree -> codedb_index.c -> outline -> codedb_source.c -> entities -> batch */
#ifndef CODEDB_SOURCE_H
#define CODEDB_SOURCE_H

#include "codedb_objects.h"
#include "codedb_tree.h"

/* What is to be stored of one file, whose row in `files` is there or is inserted by the same batch. */
typedef struct codedb_source_file {
    codedb_value file; /* INTEGER: its id; or ROW_ID_OF: then the file is new, and nothing is read or deleted */
    const char *project_id;
    const char *name;        /* of the file in full-text answers, its relative path say; may be NULL */
    double modified;         /* Unix seconds of the file's last change; 0: now */
    const codedb_tree *tree; /* NULL when the source does not parse: then the next four count */
    const char *source;      /* UTF-8 */
    size_t source_length;
    uint32_t error_line; /* of the syntax error; 0: there is no place */
    const char *error;   /* its message */
    const struct codedb_identities
        *identities;        /* of the tree's nodes, when an edit knows them; NULL: what has changed is compared */
    const char *hash;       /* SHA-256 of the source in lower-case hex; NULL: it is computed */
    bool facts_are_written; /* the caller writes `lines` and `has_docstring` of the file with its row */
} codedb_source_file;

/* Adds to `batch`, behind codedb_source_summary_prepare, all that makes the database hold this file's source: its row in cst_trees (earlier ones go; a stored AST of
 * other text is made anew), classes, methods, functions, imports, code_content, `lines` and `has_docstring` of its row in files, and the
 * issue of type "syntax_error" if it does not parse (an earlier one goes). What is still there keeps its id. Parsing and collecting
 * run in the calling thread; the batch copies.
 * *tree_operation (may be NULL) is the number of the insert into cst_trees. */
CODEDB_PRIVATE codedb_code codedb_source_store(codedb *db, codedb_batch *batch, const codedb_source_file *file,
                                               int64_t *tree_operation, codedb_result *result);

/* A file and its current source, as a call has read them. */
typedef struct codedb_source_state {
    codedb_file *file;
    codedb_rows *rows; /* id, hash, text; NULL when there is none */
    int64_t tree_id;
    codedb_slice hash;
    codedb_slice source;
    struct codedb_identities *identities; /* of its nodes; NULL: not read */
} codedb_source_state;

/* Reads the file and its source. `may_lack` says whether a file without a source is no error. */
CODEDB_PRIVATE codedb_code codedb_source_read(codedb *db, int64_t file_id, bool may_lack, codedb_source_state *state,
                                              codedb_result *result);
CODEDB_PRIVATE void codedb_source_state_free(codedb_source_state *state);
/* Parses it; its nodes have the ids that are kept for them, for as long as the state lives. */
CODEDB_PRIVATE codedb_code codedb_source_parse(codedb *db, codedb_source_state *state, codedb_tree **tree, codedb_result *result);
/* The batch fails with CONFLICT unless the file's source is still what was read. The operation's number. */
CODEDB_PRIVATE int64_t codedb_source_require_unchanged(codedb_batch *batch, int64_t file_id, const codedb_source_state *state);

struct codedb_identities;
/* codedb_source_ids.c. The ids of the nodes of the file's stored source, which has that hash. */
CODEDB_PRIVATE codedb_code codedb_source_ids_read(codedb *db, int64_t file_id, const char *hash,
                                                  struct codedb_identities **identities, codedb_result *result);
/* Its part of codedb_source_prepare. */
CODEDB_PRIVATE codedb_code codedb_source_ids_prepare(codedb *db, codedb_batch *batch, codedb_result *result);
/* Adds to the batch what keeps these ids for the source with that hash. */
CODEDB_PRIVATE codedb_code codedb_source_ids_store(codedb *db, codedb_batch *batch, int64_t file_id, const char *hash,
                                                   const struct codedb_identities *identities, codedb_result *result);
/* The same for `tree`, with the ids of what is stored now for all that has not changed since. */
CODEDB_PRIVATE codedb_code codedb_source_ids_carry(codedb *db, codedb_batch *batch, int64_t file_id, const codedb_tree *tree,
                                                   const char *hash, codedb_result *result);

/* Before the first source of a batch: adds what makes the tables of codedb's own that a source is stored in, if they are not there. */
CODEDB_PRIVATE codedb_code codedb_source_prepare(codedb *db, codedb_batch *batch, codedb_result *result);
/* For one table: adds `create` to the batch if there is none. */
CODEDB_PRIVATE codedb_code codedb_source_table_prepare(codedb *db, codedb_batch *batch, const char *table, const char *create,
                                                       codedb_result *result);

/* codedb_source_summary.c. Its part of codedb_source_prepare. */
CODEDB_PRIVATE codedb_code codedb_source_summary_prepare(codedb *db, codedb_batch *batch, codedb_result *result);
/* Adds to the batch what keeps the summary of the file's tree, whose source has that hash. */
CODEDB_PRIVATE codedb_code codedb_source_summary_store(codedb *db, codedb_batch *batch, const codedb_source_file *file,
                                                       const char *hash, codedb_result *result);

/* The number of lines of a file, and whether it has a docstring: what its row in `files` says of a source. */
CODEDB_PRIVATE void codedb_source_facts(const codedb_tree *tree, uint32_t *lines, bool *has_docstring);

#endif
