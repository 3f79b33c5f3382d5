/* codedb_source_ids.c -- the ids of a stored source's nodes: kept in a table of codedb's own, carried over when the source changes.
 *
 * Called by codedb_source.c (which stores and reads sources) and codedb_modify.c. Calls codedb_identity.c for which node is which.
 *
 * A file has a row in codedb_node_ids only after its source has changed: until then the ids follow from the hash of the source. A row that
 * is of another source than the stored one (something else than codedb has written the table of trees) counts for nothing. */
#include "codedb_source.h"

#include "codedb_edit.h"

#include <string.h>

#define SOURCE_IDS_TABLE "codedb_node_ids"

CODEDB_PRIVATE codedb_code codedb_source_ids_read(codedb *db, int64_t file_id, const char *hash, codedb_identities **identities,
                                                  codedb_result *result)
{
    const codedb_allocator *allocator = codedb_object_allocator(db);
    const codedb_column where[] = {{"file_id", codedb_value_integer(file_id)}, {"cst_hash", codedb_value_text(hash)}};
    static const char *const columns[] = {"ids"};
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows = NULL;
    codedb_result own = CODEDB_INIT(codedb_result);
    select.columns = columns;
    select.column_count = 1;
    select.where = where;
    select.where_count = 2;
    *identities = NULL;
    codedb_code code = codedb_table_select(db, SOURCE_IDS_TABLE, &select, &rows, &own);
    /* What stored the sources was no codedb that makes this table with them. */
    bool is_missing = code == CODEDB_SCHEMA_ERROR;
    bool is_read = true;
    if (code == CODEDB_SUCCESS && rows->row_count == 1 && rows->values[0].type == CODEDB_VALUE_TEXT)
        is_read = codedb_identities_read(allocator, rows->values[0].as.text, identities);
    if ((code == CODEDB_SUCCESS || is_missing) && is_read && !*identities)
        *identities = codedb_identities_create(allocator, hash);
    if (code != CODEDB_SUCCESS && !is_missing)
        codedb_fail(result, code, "%s", own.description);
    else
        code = *identities ? CODEDB_SUCCESS : codedb_fail_no_memory(result);
    codedb_free(rows);
    codedb_result_clear(&own);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_source_ids_prepare(codedb *db, codedb_batch *batch, codedb_result *result)
{
    static const char create[] =
        "CREATE TABLE IF NOT EXISTS " SOURCE_IDS_TABLE " (file_id INTEGER PRIMARY KEY REFERENCES files(id) ON DELETE CASCADE, "
        "cst_hash TEXT NOT NULL, ids TEXT NOT NULL)";
    return codedb_source_table_prepare(db, batch, SOURCE_IDS_TABLE, create, result);
}

CODEDB_PRIVATE codedb_code codedb_source_ids_store(codedb *db, codedb_batch *batch, int64_t file_id, const char *hash,
                                                   const codedb_identities *identities, codedb_result *result)
{
    static const char insert[] = "INSERT OR REPLACE INTO " SOURCE_IDS_TABLE " (file_id, cst_hash, ids) VALUES (?, ?, ?)";
    codedb_buffer text;
    codedb_buffer_init(&text, codedb_object_allocator(db));
    codedb_identities_write(identities, &text);
    codedb_code code = text.failed ? codedb_fail_no_memory(result) : CODEDB_SUCCESS;
    if (code == CODEDB_SUCCESS) {
        const codedb_value parameters[] = {codedb_value_integer(file_id), codedb_value_text(hash),
                                           codedb_value_text_of_length(text.data, text.length)};
        codedb_batch_execute(batch, insert, parameters, sizeof parameters / sizeof *parameters);
    }
    codedb_buffer_free(&text);
    return code;
}

/* The ids of `tree`, whose source comes after `old_tree`'s, by what has changed between them line by line. */
static codedb_code source_ids_compare(codedb *db, codedb_batch *batch, int64_t file_id, const codedb_tree *old_tree,
                                      const char *old_hash, const codedb_tree *tree, const char *hash, codedb_result *result)
{
    codedb_identities *before = NULL, *after = NULL;
    codedb_changed_ranges ranges;
    codedb_arena *arena = codedb_arena_create(codedb_object_allocator(db));
    codedb_code code = codedb_source_ids_read(db, file_id, old_hash, &before, result);
    if (code == CODEDB_SUCCESS &&
        (!arena || !codedb_diff_ranges(old_tree->source, old_tree->length, tree->source, tree->length, arena, &ranges)))
        code = codedb_fail_no_memory(result);
    if (code == CODEDB_SUCCESS) {
        after = codedb_identities_carry(before, old_tree, tree, &ranges, NULL, hash);
        code = after ? codedb_source_ids_store(db, batch, file_id, hash, after, result) : codedb_fail_no_memory(result);
    }
    codedb_identities_free(before);
    codedb_identities_free(after);
    codedb_arena_destroy(arena);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_source_ids_carry(codedb *db, codedb_batch *batch, int64_t file_id, const codedb_tree *tree,
                                                   const char *hash, codedb_result *result)
{
    codedb_rows *rows = NULL;
    codedb_tree *old_tree = NULL;
    codedb_result own = CODEDB_INIT(codedb_result);
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    options.allocator = codedb_object_allocator(db);
    options.target_version = tree->target_version;
    codedb_code code = codedb_object_current_tree(db, CODEDB_KIND_CST_TREE, file_id, &rows, &own);
    const codedb_value *row = code == CODEDB_SUCCESS ? rows->values : NULL;
    bool is_other = row && row[1].type == CODEDB_VALUE_TEXT && strcmp(row[1].as.text, hash) != 0;
    if (is_other)
        code = codedb_tree_parse_text(row[2].as.text, row[2].length, &options, &old_tree, &own);
    if (code == CODEDB_SUCCESS && old_tree)
        code = source_ids_compare(db, batch, file_id, old_tree, row[1].as.text, tree, hash, &own);
    /* What was stored last was no Python, or there was nothing: the ids begin anew. */
    if (code == CODEDB_NOT_FOUND || code == CODEDB_PARSE_ERROR)
        code = CODEDB_SUCCESS;
    if (code != CODEDB_SUCCESS)
        codedb_fail(result, code, "%s", own.description);
    codedb_tree_free(old_tree);
    codedb_free(rows);
    codedb_result_clear(&own);
    return code;
}
