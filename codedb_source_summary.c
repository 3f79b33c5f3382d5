/* codedb_source_summary.c -- what a stored source holds, in a few bytes beside it: for the first query after a database is opened.
 *
 * Called by codedb_source.c when a source is stored; codedb_query_part.c reads the rows. Calls codedb_summary.c and codedb_summary_form.c.
 *
 * A file has one row in codedb_summaries, with the hash of the source that it is of. A row that is of another source than the stored one (something
 * else than codedb has written the table of trees, or what was stored is no Python) counts for nothing, and neither does a missing one. */
#include "codedb_query_job.h"

#include <string.h>

#define SOURCE_SUMMARY_TABLE "codedb_summaries"

CODEDB_PRIVATE codedb_code codedb_source_summary_prepare(codedb *db, codedb_batch *batch, codedb_result *result)
{
    static const char create[] = "CREATE TABLE IF NOT EXISTS " SOURCE_SUMMARY_TABLE
                                 " (file_id INTEGER PRIMARY KEY REFERENCES files(id) ON DELETE CASCADE, "
                                 "cst_hash TEXT NOT NULL, summary BLOB NOT NULL)";
    return codedb_source_table_prepare(db, batch, SOURCE_SUMMARY_TABLE, create, result);
}

CODEDB_PRIVATE codedb_code codedb_source_summary_store(codedb *db, codedb_batch *batch, const codedb_source_file *file,
                                                       const char *hash, codedb_result *result)
{
    static const char insert[] = "INSERT OR REPLACE INTO " SOURCE_SUMMARY_TABLE " (file_id, cst_hash, summary) VALUES (?, ?, ?)";
    const codedb_allocator *allocator = codedb_object_allocator(db);
    codedb_summary *summary = codedb_summary_create(allocator, file->tree);
    codedb_slice hash_text = {hash, strlen(hash)};
    codedb_buffer form;
    codedb_buffer_init(&form, allocator);
    if (summary != NULL)
        codedb_summary_write(summary, hash_text, file->tree->target_version, &form);
    codedb_code code = summary == NULL || form.failed ? codedb_fail_no_memory(result) : CODEDB_SUCCESS;
    if (code == CODEDB_SUCCESS) {
        codedb_value blob = codedb_value_text_of_length(form.data, form.length);
        blob.type = CODEDB_VALUE_BLOB;
        const codedb_value parameters[] = {file->file, codedb_value_text(hash), blob};
        codedb_batch_execute(batch, insert, parameters, sizeof parameters / sizeof *parameters);
    }
    codedb_buffer_free(&form);
    codedb_memory_release(allocator, summary);
    return code;
}
