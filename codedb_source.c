/* codedb_source.c -- a file's stored source: kept, read and queried, with everything that follows from it.
 *
 * Called by the host (codedb_cst_...) and by codedb_crawl.c (codedb_source_store). Calls the tree half (parse, query, edit, outline)
 * in the caller's thread, and the objects and batches for the rows. codedb_modify.c edits what is stored.
 *
 * Invariants
 * 1. All that follows from a source (its row in cst_trees, entities, content, the file's facts, the syntax error) is written by one
 *    batch: a reader sees all of the old or all of the new.
 * 2. A batch that replaces a source which was read before begins with a requirement that it is still that one. An edit then
 *    answers CONFLICT; a save, which is to win anyhow, reads again.
 * 3. A stored AST never belongs to another text than the stored source: it goes when the source changes. */
#include "codedb_source.h"

#include "codedb_edit.h"

#include <stdio.h>
#include <string.h>

/* How often a save reads again after somebody else has stored something between its reading and its batch. */
#define SOURCE_SAVE_ATTEMPTS 16

/* ---- Storing ------------------------------------------------------------------------------------------------------ */

CODEDB_PRIVATE void codedb_source_facts(const codedb_tree *tree, uint32_t *lines, bool *has_docstring)
{
    *lines = codedb_tree_line_count(tree);
    *has_docstring = codedb_docstring_statement(tree, 0) != UINT32_MAX;
}

/* Whether there is anything to find in a text. */
static bool source_has_words(codedb_slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!strchr(" \t\r\n\f", text.text[i]) || !text.text[i])
            return true;
    return false;
}

static codedb_entity source_entity(const codedb_definition *definition)
{
    static const codedb_entity_kind kinds[] = {CODEDB_ENTITY_CLASS, CODEDB_ENTITY_METHOD, CODEDB_ENTITY_FUNCTION};
    return (codedb_entity){
        .kind = kinds[definition->kind],
        .parent = definition->owner,
        .name = definition->name,
        .qualified_name = definition->qualified_name,
        .line = definition->line,
        .docstring = definition->docstring.text,
        .detail = definition->details,
        .is_abstract = definition->is_abstract,
        .has_pass = definition->has_pass,
        .has_not_implemented = definition->has_not_implemented,
        .content = definition->content.text,
        .content_length = definition->content.length,
    };
}

/* Makes the rows of what the tree defines; without a tree there are none. */
static codedb_code source_collect(const codedb_source_file *file, codedb_arena *arena, codedb_entities *entities,
                                  codedb_result *result)
{
    codedb_outline outline;
    *entities = (codedb_entities){0};
    if (!file->tree)
        return CODEDB_SUCCESS;
    codedb_code code = codedb_outline_collect(file->tree, arena, &outline, result);
    if (code != CODEDB_SUCCESS)
        return code;
    codedb_entity *items = codedb_arena_allocate(arena, outline.definition_count + 1, sizeof *items);
    codedb_entity_import *imports = codedb_arena_allocate(arena, outline.import_count, sizeof *imports);
    if (!items || !imports)
        return codedb_fail_no_memory(result);
    for (size_t i = 0; i < outline.definition_count; i++)
        items[i] = source_entity(&outline.definitions[i]);
    for (size_t i = 0; i < outline.import_count; i++) {
        const codedb_imported *imported = &outline.imports[i];
        imports[i] = (codedb_entity_import){imported->name, imported->module, imported->module != NULL, imported->line};
    }
    *entities = (codedb_entities){items, outline.definition_count, imports, outline.import_count};
    if (outline.docstring.text || source_has_words(outline.content)) {
        items[entities->count++] = (codedb_entity){
            .kind = CODEDB_ENTITY_OTHER,
            .other_type = "file",
            .name = file->name ? file->name : "",
            .line = 1,
            .docstring = outline.docstring.text,
            .content = outline.content.text,
            .content_length = outline.content.length,
        };
    }
    return CODEDB_SUCCESS;
}

/* Removes the file's rows that are to be written anew; a stored AST stays only if it belongs to the same text. */
static void source_delete_old(codedb_batch *batch, const codedb_source_file *file, const char *hash)
{
    const codedb_column where[] = {{"file_id", file->file}, {"issue_type", codedb_value_text("syntax_error")}};
    const codedb_value parameters[] = {file->file, file->file, codedb_value_text(hash)};
    codedb_batch_execute(batch,
                         "DELETE FROM ast_trees WHERE file_id = ? AND NOT EXISTS "
                         "(SELECT 1 FROM cst_trees WHERE file_id = ? AND cst_hash = ?)",
                         parameters, sizeof parameters / sizeof *parameters);
    codedb_batch_delete(batch, "cst_trees", where, 1);
    codedb_batch_delete(batch, "issues", where, 2);
}

static int source_append(void *context, const char *bytes, size_t length)
{
    codedb_buffer *buffer = context;
    codedb_buffer_append(buffer, bytes, length);
    return buffer->failed;
}

/* Whether the file has an AST of another text: that one goes, and one of this text is wanted. */
static codedb_code source_has_stale_ast(codedb *db, const codedb_source_file *file, const char *hash, bool *stale,
                                        codedb_result *result)
{
    const codedb_value parameters[] = {file->file, file->file, codedb_value_text(hash)};
    codedb_rows *rows = NULL;
    codedb_code code = codedb_sql_execute(db,
                                          "SELECT count(*) FROM ast_trees WHERE file_id = ? AND NOT EXISTS "
                                          "(SELECT 1 FROM cst_trees WHERE file_id = ? AND cst_hash = ?)",
                                          parameters, sizeof parameters / sizeof *parameters, &rows, NULL, result);
    *stale = code == CODEDB_SUCCESS && rows->row_count == 1 && rows->values[0].as.integer > 0;
    codedb_free(rows);
    return code;
}

static codedb_code source_insert_ast(codedb *db, codedb_batch *batch, const codedb_source_file *file, codedb_result *result)
{
    codedb_buffer json;
    codedb_buffer_init(&json, codedb_object_allocator(db));
    codedb_code code = codedb_ast_write(file->tree, source_append, &json, result);
    if (json.failed)
        code = codedb_fail_no_memory(result);
    if (code == CODEDB_SUCCESS) {
        codedb_ast_tree row = CODEDB_INIT(codedb_ast_tree);
        row.present = CODEDB_AST_TREE_PROJECT_ID | CODEDB_AST_TREE_AST_JSON | CODEDB_AST_TREE_FILE_MTIME;
        row.project_id = file->project_id;
        row.ast_json = json.data;
        row.ast_json_length = json.length;
        row.file_mtime = file->modified > 0 ? file->modified : codedb_unix_time_now();
        const codedb_column id = {"file_id", file->file};
        int64_t operation;
        code = codedb_object_batch_insert(db, batch, CODEDB_KIND_AST_TREE, &row, &id, 1, &operation, result);
    }
    codedb_buffer_free(&json);
    return code;
}

static codedb_code source_insert_tree(codedb *db, codedb_batch *batch, const codedb_source_file *file, const char *hash,
                                      int64_t *operation, codedb_result *result)
{
    codedb_cst_tree row = CODEDB_INIT(codedb_cst_tree);
    row.present = CODEDB_CST_TREE_PROJECT_ID | CODEDB_CST_TREE_CST_CODE | CODEDB_CST_TREE_CST_HASH | CODEDB_CST_TREE_FILE_MTIME;
    row.project_id = file->project_id;
    row.cst_code = file->tree ? file->tree->source : file->source;
    row.cst_code_length = file->tree ? file->tree->length : file->source_length;
    row.file_mtime = file->modified > 0 ? file->modified : codedb_unix_time_now();
    memcpy(row.cst_hash, hash, CODEDB_SHA256_HEX_SIZE);
    const codedb_column id = {"file_id", file->file};
    return codedb_object_batch_insert(db, batch, CODEDB_KIND_CST_TREE, &row, &id, 1, operation, result);
}

static codedb_code source_insert_error(codedb *db, codedb_batch *batch, const codedb_source_file *file, codedb_result *result)
{
    codedb_issue row = CODEDB_INIT(codedb_issue);
    row.present = CODEDB_ISSUE_PROJECT_ID | CODEDB_ISSUE_ISSUE_TYPE | CODEDB_ISSUE_DESCRIPTION;
    row.project_id = file->project_id;
    row.issue_type = "syntax_error";
    row.description = file->error;
    if (file->error_line) {
        row.present |= CODEDB_ISSUE_LINE;
        row.line = file->error_line;
    }
    const codedb_column id = {"file_id", file->file};
    int64_t operation;
    return codedb_object_batch_insert(db, batch, CODEDB_KIND_ISSUE, &row, &id, 1, &operation, result);
}

/* The row in `files` says how many lines there are and whether there is a docstring; NULL when the source does not parse. */
static void source_update_facts(codedb_batch *batch, const codedb_source_file *file)
{
    uint32_t lines = 0;
    bool has_docstring = false;
    if (file->tree)
        codedb_source_facts(file->tree, &lines, &has_docstring);
    codedb_value nothing = {.type = CODEDB_VALUE_NULL};
    const codedb_column where = {"id", file->file};
    const codedb_column row[] = {
        {"lines", file->tree ? codedb_value_integer(lines) : nothing},
        {"has_docstring", file->tree ? codedb_value_integer(has_docstring) : nothing},
        {"updated_at", {.type = CODEDB_VALUE_REAL, .as.real = codedb_julian_day_now()}},
    };
    codedb_batch_update(batch, "files", &where, 1, row, sizeof row / sizeof *row);
}

CODEDB_PRIVATE codedb_code codedb_source_table_prepare(codedb *db, codedb_batch *batch, const char *table, const char *create,
                                                       codedb_result *result)
{
    static const char *const columns[] = {"file_id"};
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows = NULL;
    select.columns = columns;
    select.column_count = 1;
    select.limit = 1;
    /* It is not simply created if it does not exist: behind what might change the schema, the driver prepares all statements anew. */
    codedb_code code = codedb_table_select(db, table, &select, &rows, result);
    codedb_free(rows);
    if (code != CODEDB_SCHEMA_ERROR)
        return code;
    codedb_batch_execute(batch, create, NULL, 0);
    return codedb_succeed(result);
}

CODEDB_PRIVATE codedb_code codedb_source_prepare(codedb *db, codedb_batch *batch, codedb_result *result)
{
    codedb_code code = codedb_source_summary_prepare(db, batch, result);
    return code == CODEDB_SUCCESS ? codedb_source_ids_prepare(db, batch, result) : code;
}

CODEDB_PRIVATE codedb_code codedb_source_store(codedb *db, codedb_batch *batch, const codedb_source_file *file,
                                               int64_t *tree_operation, codedb_result *result)
{
    char hash[CODEDB_SHA256_HEX_SIZE];
    int64_t operation = -1;
    bool is_new = file->file.type == CODEDB_VALUE_ROW_ID_OF;
    if (file->hash)
        memcpy(hash, file->hash, sizeof hash);
    else
        codedb_sha256_hex(file->tree ? file->tree->source : file->source, file->tree ? file->tree->length : file->source_length,
                          hash);
    codedb_arena *arena = codedb_arena_create(codedb_object_allocator(db));
    codedb_entities entities;
    codedb_code code = arena ? source_collect(file, arena, &entities, result) : codedb_fail_no_memory(result);
    if (code != CODEDB_SUCCESS)
        goto cleanup;
    bool refresh_ast = false;
    if (!is_new && file->tree && file->identities)
        code = codedb_source_ids_store(db, batch, file->file.as.integer, hash, file->identities, result);
    else if (!is_new && file->tree)
        code = codedb_source_ids_carry(db, batch, file->file.as.integer, file->tree, hash, result);
    if (code != CODEDB_SUCCESS)
        goto cleanup;
    if (!is_new) {
        code = file->tree ? source_has_stale_ast(db, file, hash, &refresh_ast, result) : CODEDB_SUCCESS;
        source_delete_old(batch, file, hash);
    }
    if (code == CODEDB_SUCCESS)
        code = source_insert_tree(db, batch, file, hash, &operation, result);
    if (code == CODEDB_SUCCESS && file->tree)
        code = codedb_source_summary_store(db, batch, file, hash, result);
    if (code == CODEDB_SUCCESS && refresh_ast)
        code = source_insert_ast(db, batch, file, result);
    if (code == CODEDB_SUCCESS && !file->tree)
        code = source_insert_error(db, batch, file, result);
    if (code != CODEDB_SUCCESS)
        goto cleanup;
    if (!is_new && !file->facts_are_written)
        source_update_facts(batch, file);
    code = codedb_entities_replace(db, batch, file->file, &entities, result);

cleanup:
    codedb_arena_destroy(arena);
    if (tree_operation)
        *tree_operation = operation;
    return code;
}

/* ---- What a call has read ----------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_source_state_free(codedb_source_state *state)
{
    codedb_free(state->file);
    codedb_free(state->rows);
    codedb_identities_free(state->identities);
    *state = (codedb_source_state){0};
}

CODEDB_PRIVATE codedb_code codedb_source_read(codedb *db, int64_t file_id, bool may_lack, codedb_source_state *state,
                                              codedb_result *result)
{
    *state = (codedb_source_state){0};
    codedb_code code = codedb_file_get(db, file_id, &state->file, result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_object_current_tree(db, CODEDB_KIND_CST_TREE, file_id, &state->rows, result);
    if (code == CODEDB_NOT_FOUND && may_lack)
        return codedb_succeed(result);
    if (code != CODEDB_SUCCESS) {
        codedb_source_state_free(state);
        return code;
    }
    const codedb_value *row = state->rows->values;
    state->tree_id = row[0].as.integer;
    state->hash = (codedb_slice){row[1].as.text, row[1].length};
    state->source = (codedb_slice){row[2].as.text, row[2].length};
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_source_parse(codedb *db, codedb_source_state *state, codedb_tree **tree, codedb_result *result)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    options.allocator = codedb_object_allocator(db);
    options.path = state->file->path;
    codedb_code code = codedb_tree_parse_text(state->source.text, state->source.length, &options, tree, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_source_ids_read(db, state->file->id, state->hash.text, &state->identities, result);
    if (code == CODEDB_SUCCESS) {
        (*tree)->identities = state->identities;
        return code;
    }
    codedb_tree_free(*tree);
    *tree = NULL;
    return code;
}

CODEDB_PRIVATE int64_t codedb_source_require_unchanged(codedb_batch *batch, int64_t file_id, const codedb_source_state *state)
{
    const codedb_column unchanged[] = {{"id", codedb_value_integer(state->tree_id)},
                                       {"cst_hash", codedb_value_text_of_length(state->hash.text, state->hash.length)}};
    const codedb_column none = {"file_id", codedb_value_integer(file_id)};
    char description[CODEDB_DESCRIPTION_SIZE];
    snprintf(description, sizeof description, "the stored source of %s has changed since it was read", state->file->path);
    if (state->rows)
        return codedb_batch_require(batch, "cst_trees", unchanged, 2, 1, CODEDB_CONFLICT, description);
    return codedb_batch_require(batch, "cst_trees", &none, 1, 0, CODEDB_CONFLICT, description);
}

/* Stores `tree` as the file's source, if it is still in the state that was read. */
static codedb_code source_replace(codedb *db, int64_t file_id, const codedb_source_state *state, const codedb_tree *tree,
                                  int64_t *tree_id, codedb_result *result)
{
    codedb_batch *batch;
    codedb_code code = codedb_batch_create(db, &batch, result);
    if (code != CODEDB_SUCCESS)
        return code;
    int64_t operation;
    codedb_source_file file = {
        .file = codedb_value_integer(file_id),
        .project_id = state->file->project_id,
        .name = state->file->relative_path ? state->file->relative_path : state->file->path,
        .tree = tree,
    };
    codedb_source_require_unchanged(batch, file_id, state);
    code = codedb_source_prepare(db, batch, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_source_store(db, batch, &file, &operation, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_batch_run(batch, result);
    if (code == CODEDB_SUCCESS && tree_id)
        *tree_id = codedb_batch_value(batch, operation);
    codedb_batch_free(batch);
    return code;
}

/* ---- The host's calls --------------------------------------------------------------------------------------------- */

CODEDB_API codedb_code codedb_cst_save(codedb *db, int64_t file_id, const char *source, size_t length, int64_t *tree_id,
                                       codedb_result *result)
{
    if (tree_id)
        *tree_id = 0;
    if (!db || (!source && length))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_cst_save needs a database and a source");
    codedb_tree *tree = NULL;
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    options.allocator = codedb_object_allocator(db);
    codedb_source_state state;
    codedb_code code = codedb_tree_parse_text(source ? source : "", length, &options, &tree, result);
    for (int attempt = 0; tree && attempt < SOURCE_SAVE_ATTEMPTS; attempt++) {
        code = codedb_source_read(db, file_id, true, &state, result);
        if (code != CODEDB_SUCCESS)
            break;
        code = source_replace(db, file_id, &state, tree, tree_id, result);
        codedb_source_state_free(&state);
        if (code != CODEDB_CONFLICT)
            break;
    }
    codedb_tree_free(tree);
    return code;
}

CODEDB_API codedb_code codedb_cst_get(codedb *db, int64_t file_id, char **source, size_t *length, codedb_result *result)
{
    if (length)
        *length = 0;
    if (source)
        *source = NULL;
    if (!db || !source)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_cst_get needs a database and a place for the source");
    codedb_source_state state;
    codedb_code code = codedb_source_read(db, file_id, false, &state, result);
    if (code != CODEDB_SUCCESS)
        return code;
    char *copy = codedb_block_allocate(codedb_object_allocator(db), state.source.length + 1);
    if (copy) {
        memcpy(copy, state.source.text, state.source.length);
        copy[state.source.length] = '\0';
        *source = copy;
        if (length)
            *length = state.source.length;
    }
    codedb_source_state_free(&state);
    return copy ? codedb_succeed(result) : codedb_fail_no_memory(result);
}

CODEDB_API codedb_code codedb_cst_query(codedb *db, int64_t file_id, const codedb_filter *filter, codedb_nodes **nodes,
                                        codedb_result *result)
{
    if (nodes)
        *nodes = NULL;
    if (!db || !filter || !nodes)
        return codedb_fail(result, CODEDB_INVALID_REQUEST,
                           "codedb_cst_query needs a database, a filter and a place for the nodes");
    codedb_source_state state;
    codedb_tree *tree;
    codedb_filter own;
    codedb_code code = codedb_struct_take(&own, sizeof own, filter, "codedb_filter", result);
    if (code == CODEDB_SUCCESS)
        code = codedb_source_read(db, file_id, false, &state, result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (own.path == NULL)
        own.path = state.file->path;
    code = codedb_source_parse(db, &state, &tree, result);
    if (code == CODEDB_SUCCESS) {
        code = codedb_tree_query(tree, &own, nodes, result);
        codedb_tree_free(tree);
    }
    codedb_source_state_free(&state);
    return code;
}
