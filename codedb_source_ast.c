/* codedb_source_ast.c -- a file's stored ast: queried and edited.
 *
 * Called by the host (codedb_ast_query, codedb_ast_modify). Calls codedb_ast_read.c, codedb_ast_query.c and codedb_ast_edit.c in the caller's
 * thread, and the objects and batches for the rows. A bridge between the two halves, as codedb_source.c is.
 *
 * Invariants
 * 1. What is stored as a JSON string (the text of ast.dump, say) is no tree: a query is answered from the stored source, an edit refused.
 * 2. An edit is stored by a batch that begins with the requirement that the row is still what was read. */
#include "codedb_ast_read.h"
#include "codedb_objects.h"

#include <string.h>

/* A file, its stored ast and, where there is one, its stored source. */
typedef struct source_ast_state {
    codedb_file *file;
    codedb_rows *rows;
    codedb_rows *source_rows;
    int64_t tree_id;
    codedb_slice hash;
    codedb_slice json;
    codedb_slice source; /* text is NULL: none */
} source_ast_state;

static void source_ast_free(source_ast_state *state)
{
    codedb_free(state->file);
    codedb_free(state->rows);
    codedb_free(state->source_rows);
    *state = (source_ast_state){0};
}

/* Whatever it answers, source_ast_free is to be called. */
static codedb_code source_ast_read(codedb *db, int64_t file_id, source_ast_state *state, codedb_result *result)
{
    const codedb_value *row;
    codedb_code code;
    *state = (source_ast_state){0};
    code = codedb_file_get(db, file_id, &state->file, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_object_current_tree(db, CODEDB_KIND_AST_TREE, file_id, &state->rows, result);
    if (code != CODEDB_SUCCESS)
        return code;
    row = state->rows->values;
    state->tree_id = row[0].as.integer;
    state->hash = (codedb_slice){row[1].as.text, row[1].length};
    state->json = (codedb_slice){row[2].as.text, row[2].length};
    code = codedb_object_current_tree(db, CODEDB_KIND_CST_TREE, file_id, &state->source_rows, result);
    if (code == CODEDB_SUCCESS) {
        row = state->source_rows->values;
        state->source = (codedb_slice){row[2].as.text, row[2].length};
    }
    return code == CODEDB_NOT_FOUND ? codedb_succeed(result) : code;
}

/* The ast of the stored source. */
static codedb_code source_ast_make(codedb *db, const source_ast_state *state, codedb_buffer *json, codedb_result *result)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    if (state->source.text == NULL)
        return codedb_fail(result, CODEDB_NOT_FOUND,
                           "the stored ast of file %lld is a JSON string and no tree, and there is no stored source",
                           (long long)state->file->id);
    options.allocator = codedb_object_allocator(db);
    options.path = state->file->path;
    return codedb_ast_make(state->source, &options, json, result);
}

static codedb_code source_ast_open(codedb *db, const source_ast_state *state, codedb_slice json, codedb_ast_document *document,
                                   codedb_result *result)
{
    codedb_ast_read_options options = {.allocator = codedb_object_allocator(db)};
    *document = (codedb_ast_document){.source = state->source, .path = state->file->path};
    return codedb_ast_read(json.text, json.length, &options, &document->ast, result);
}

CODEDB_API codedb_code codedb_ast_query(codedb *db, int64_t file_id, const codedb_filter *filter, codedb_nodes **nodes,
                                        codedb_result *result)
{
    source_ast_state state;
    codedb_ast_document document = {0};
    codedb_buffer made;
    codedb_code code;
    bool is_string;
    if (nodes != NULL)
        *nodes = NULL;
    if (db == NULL || filter == NULL || nodes == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST,
                           "codedb_ast_query needs a database, a filter and a place for the nodes");
    codedb_buffer_init(&made, codedb_object_allocator(db));
    code = source_ast_read(db, file_id, &state, result);
    is_string = code == CODEDB_SUCCESS && codedb_ast_is_string(state.json);
    if (is_string)
        code = source_ast_make(db, &state, &made, result);
    if (code == CODEDB_SUCCESS)
        code = source_ast_open(db, &state, is_string ? (codedb_slice){made.data, made.length} : state.json, &document, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_ast_describe(&document, filter, nodes, result);
    if (code == CODEDB_SUCCESS && is_string)
        code = codedb_succeed_with(result, "the stored ast is a JSON string and no tree: answered from the stored source");
    codedb_ast_free(document.ast);
    codedb_buffer_free(&made);
    source_ast_free(&state);
    return code;
}

/* Stores the edited JSON in the place of what was read. */
static codedb_code source_ast_store(codedb *db, const source_ast_state *state, const codedb_edit_report *report,
                                    codedb_result *result)
{
    const codedb_column where[] = {{"id", codedb_value_integer(state->tree_id)},
                                   {"ast_hash", codedb_value_text_of_length(state->hash.text, state->hash.length)}};
    const codedb_column row[] = {{"ast_json", codedb_value_text_of_length(report->source, report->source_length)},
                                 {"ast_hash", codedb_value_text(report->hash)},
                                 {"updated_at", {.type = CODEDB_VALUE_REAL, .as.real = codedb_julian_day_now()}}};
    bool has_updated = (codedb_object_columns(db, CODEDB_KIND_AST_TREE) & CODEDB_AST_TREE_UPDATED_AT) != 0;
    codedb_batch *batch;
    codedb_code code = codedb_batch_create(db, &batch, result);
    if (code != CODEDB_SUCCESS)
        return code;
    codedb_batch_require(batch, "ast_trees", where, 2, 1, CODEDB_CONFLICT,
                         "the stored ast of the file has changed since it was read");
    codedb_batch_update(batch, "ast_trees", where, 1, row, has_updated ? 3 : 2);
    code = codedb_batch_run(batch, result);
    codedb_batch_free(batch);
    return code;
}

/* Edits what was read, and stores the result unless it is a preview or nothing has changed. */
static codedb_code source_ast_modify(codedb *db, const source_ast_state *state, const codedb_edit *edits, size_t edit_count,
                                     int preview, codedb_edit_report **report, codedb_result *result)
{
    const char *path = state->file->relative_path != NULL ? state->file->relative_path : state->file->path;
    codedb_ast_document document;
    codedb_buffer name;
    codedb_code code = source_ast_open(db, state, state->json, &document, result);
    codedb_buffer_init(&name, codedb_object_allocator(db));
    codedb_buffer_printf(&name, "%s.ast.json", path);
    if (code == CODEDB_SUCCESS && name.failed)
        code = codedb_fail_no_memory(result);
    if (code == CODEDB_SUCCESS)
        code = codedb_ast_apply(&document, edits, edit_count, name.data, report, result);
    if (code == CODEDB_SUCCESS && !preview && (*report)->range_count > 0)
        code = source_ast_store(db, state, *report, result);
    if (code != CODEDB_SUCCESS) {
        codedb_free(*report);
        *report = NULL;
    }
    codedb_ast_free(document.ast);
    codedb_buffer_free(&name);
    return code;
}

CODEDB_API codedb_code codedb_ast_modify(codedb *db, int64_t file_id, const codedb_edit *edits, size_t edit_count,
                                         const char *expected_hash, int preview, codedb_edit_report **report,
                                         codedb_result *result)
{
    source_ast_state state;
    codedb_code code;
    if (report != NULL)
        *report = NULL;
    if (db == NULL || edits == NULL || edit_count == 0 || report == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST,
                           "codedb_ast_modify needs a database, edits and a place for the report");
    code = source_ast_read(db, file_id, &state, result);
    if (code != CODEDB_SUCCESS)
        goto cleanup;
    if (expected_hash != NULL &&
        (strlen(expected_hash) != state.hash.length || memcmp(expected_hash, state.hash.text, state.hash.length) != 0))
        code = codedb_fail(result, CODEDB_CONFLICT, "the stored ast of file %lld has the hash %.*s, expected %s",
                           (long long)file_id, (int)state.hash.length, state.hash.text, expected_hash);
    else if (codedb_ast_is_string(state.json))
        code = codedb_fail(result, CODEDB_VALIDATION_ERROR,
                           "the stored ast of file %lld is a JSON string and no tree: it cannot be edited", (long long)file_id);
    else
        code = source_ast_modify(db, &state, edits, edit_count, preview, report, result);
cleanup:
    source_ast_free(&state);
    return code;
}
