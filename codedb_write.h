/* codedb_write.h -- several files written together: first all beside the old ones, then all in their place. */
#ifndef CODEDB_WRITE_H
#define CODEDB_WRITE_H

#include "codedb_internal.h"

typedef struct codedb_writer codedb_writer;

/* For at most `count` files. NULL without memory. */
CODEDB_PRIVATE codedb_writer *codedb_writer_create(const codedb_allocator *allocator, size_t count);
/* Writes the new content beside the file, which must hold `old`, and syncs it; nothing that was there is touched. `old` must live as long as
 * the writer. Errors: NOT_FOUND, PERMISSION_DENIED, CONFLICT, DATABASE_ERROR for what the system refuses. */
CODEDB_PRIVATE codedb_code codedb_writer_stage(codedb_writer *writer, const char *path, const char *old, size_t old_length,
                                               const char *bytes, size_t length, codedb_result *result);
/* Renames all that is staged over the old files. On an error, those that were renamed get their old content again. */
CODEDB_PRIVATE codedb_code codedb_writer_commit(codedb_writer *writer, codedb_result *result);
/* Gives all files their old content again, after a commit that must not have been. */
CODEDB_PRIVATE void codedb_writer_undo(codedb_writer *writer);
/* What became of a staged file, by its number; the problem is "" or owned by the writer. */
CODEDB_PRIVATE codedb_write_outcome codedb_writer_outcome(const codedb_writer *writer, size_t number, const char **problem);
/* What became of all as JSON: [{"path": ..., "outcome": "written"}, ...]. */
CODEDB_PRIVATE void codedb_writer_describe(const codedb_writer *writer, codedb_buffer *out);
/* Removes what is still staged. NULL is allowed. */
CODEDB_PRIVATE void codedb_writer_free(codedb_writer *writer);

#endif
