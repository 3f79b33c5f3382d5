/* codedb_schema.c -- the schema of a database: made when it is empty, looked at when it is not.
 *
 * Called by codedb_open alone, once, when the driver runs and no other thread has the handle. Makes SQL of the descriptions in
 * codedb_tables.c; a database that has tables is never changed here.
 *
 * Also sets up, in the TEMP schema of the driver's connection, the triggers that take deleted content out of the full-text index.
 * In the file they would double the upkeep of other programs that use it; where it has such triggers of its own, ours stay away.
 * A driver that connects again needs them again. */
#include "codedb_objects.h"

#include <string.h>
#include <strings.h>

/* ---- SQL of descriptions ------------------------------------------------------------------------------------------ */

static const char *schema_type_name(const codedb_field *field)
{
    switch (field->type) {
    case CODEDB_FIELD_INTEGER:
        return "INTEGER";
    case CODEDB_FIELD_REAL:
        return "REAL";
    case CODEDB_FIELD_BOOLEAN:
        return "BOOLEAN";
    default:
        return "TEXT";
    }
}

static void schema_write_column(codedb_buffer *sql, const codedb_field *field, bool is_first)
{
    codedb_buffer_printf(sql, "%s\n    %s %s", is_first ? "" : ",", field->name, schema_type_name(field));
    if (is_first) {
        codedb_buffer_append_text(sql, field->type == CODEDB_FIELD_INTEGER ? " PRIMARY KEY AUTOINCREMENT" : " PRIMARY KEY NOT NULL");
    } else if (field->required) {
        codedb_buffer_append_text(sql, " NOT NULL");
    }
    if (field->unique) {
        codedb_buffer_append_text(sql, " UNIQUE");
    }
    if (field->default_value != NULL) {
        codedb_buffer_printf(sql, " DEFAULT %s", field->default_value);
    }
    if (field->references != NULL) {
        codedb_buffer_printf(sql, " REFERENCES %s(id) ON DELETE %s", field->references, field->set_null ? "SET NULL" : "CASCADE");
    }
}

/* The first field is the primary key. */
static void schema_write_table(codedb_buffer *sql, const codedb_description *description)
{
    codedb_buffer_printf(sql, "CREATE TABLE IF NOT EXISTS %s (", description->table);
    for (size_t i = 0; i < description->field_count; i++) {
        schema_write_column(sql, &description->fields[i], i == 0);
    }
    if (description->unique != NULL) {
        codedb_buffer_printf(sql, ",\n    UNIQUE (%s)", description->unique);
    }
    codedb_buffer_append_text(sql, "\n)");
}

static void schema_write_index(codedb_buffer *sql, const codedb_description *description, const codedb_index_description *index)
{
    codedb_buffer_printf(sql, "CREATE INDEX IF NOT EXISTS %s ON %s(%s)", index->name, description->table, index->columns);
    if (index->where != NULL) {
        codedb_buffer_printf(sql, " WHERE %s", index->where);
    }
}

/* Adds the statement to the batch, and empties the buffer for the next. False without memory. */
static bool schema_add_statement(codedb_batch *batch, codedb_buffer *sql)
{
    if (sql->failed) {
        return false;
    }
    codedb_batch_execute(batch, sql->data, NULL, 0);
    sql->length = 0;
    return true;
}

static bool schema_add_tables(codedb_batch *batch, codedb_buffer *sql)
{
    bool added = true;
    for (int kind = 0; kind < CODEDB_TABLE_COUNT && added; kind++) {
        const codedb_description *description = codedb_description_of((codedb_kind)kind);
        schema_write_table(sql, description);
        added = schema_add_statement(batch, sql);
        for (size_t i = 0; i < description->index_count && added; i++) {
            schema_write_index(sql, description, &description->indexes[i]);
            added = schema_add_statement(batch, sql);
        }
    }
    return added;
}

/* All tables in one transaction. */
static codedb_code schema_create(codedb *db, codedb_result *result)
{
    codedb_buffer sql;
    codedb_batch *batch = NULL;
    codedb_buffer_init(&sql, codedb_object_allocator(db));
    codedb_code code = codedb_batch_create(db, &batch, result);
    if (code == CODEDB_SUCCESS && !schema_add_tables(batch, &sql)) {
        code = codedb_fail_no_memory(result);
    }
    if (code == CODEDB_SUCCESS) {
        codedb_batch_execute(batch, codedb_text_index_sql(CODEDB_TEXT_INDEX_CREATE), NULL, 0);
        code = codedb_batch_run(batch, result);
    }
    codedb_batch_free(batch);
    codedb_buffer_free(&sql);
    return code;
}

/* ---- what a database has ------------------------------------------------------------------------------------------ */

static codedb_code schema_is_empty(codedb *db, bool *empty, codedb_result *result)
{
    codedb_rows *rows = NULL;
    codedb_code code = codedb_sql_execute(db, "SELECT count(*) FROM sqlite_master", NULL, 0, &rows, NULL, result);
    *empty = code == CODEDB_SUCCESS && rows->values[0].as.integer == 0;
    codedb_free(rows);
    return code;
}

static bool schema_text_is(const codedb_value *value, const char *text)
{
    return value->type == CODEDB_VALUE_TEXT && strcasecmp(value->as.text, text) == 0;
}

/* Takes up one (table, column) of the database. */
static void schema_see_column(codedb_schema *schema, const codedb_value *table, const codedb_value *column)
{
    for (int kind = 0; kind < CODEDB_TABLE_COUNT; kind++) {
        const codedb_description *description = codedb_description_of((codedb_kind)kind);
        for (size_t i = 0; schema_text_is(table, description->table) && i < description->field_count; i++) {
            if (schema_text_is(column, description->fields[i].name)) {
                schema->columns[kind] |= UINT64_C(1) << i;
            }
        }
    }
}

static codedb_code schema_see_columns(codedb *db, codedb_schema *schema, codedb_result *result)
{
    codedb_buffer sql;
    codedb_rows *rows = NULL;
    codedb_code code = CODEDB_SUCCESS;
    codedb_buffer_init(&sql, codedb_object_allocator(db));
    /* Named tables only: a table of an extension that is not loaded here must not be touched. */
    codedb_buffer_append_text(&sql, "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c "
                                    "WHERE m.type IN ('table', 'view') AND m.name COLLATE NOCASE IN (");
    for (int kind = 0; kind < CODEDB_TABLE_COUNT; kind++) {
        codedb_buffer_printf(&sql, "%s'%s'", kind == 0 ? "" : ", ", codedb_description_of((codedb_kind)kind)->table);
    }
    codedb_buffer_append_text(&sql, ")");
    if (sql.failed) {
        code = codedb_fail_no_memory(result);
    } else {
        code = codedb_sql_execute(db, sql.data, NULL, 0, &rows, NULL, result);
    }
    for (size_t i = 0; code == CODEDB_SUCCESS && i < rows->row_count; i++) {
        schema_see_column(schema, &rows->values[2 * i], &rows->values[2 * i + 1]);
    }
    codedb_free(rows);
    codedb_buffer_free(&sql);
    return code;
}

/* Is there the index that codedb would make? One over other columns, or with a text of its own, is left alone. */
static codedb_code schema_see_text_index(codedb *db, codedb_schema *schema, codedb_result *result)
{
    static const char look[] =
        "SELECT (SELECT count(*) FROM sqlite_master WHERE name = 'code_content_fts' AND sql LIKE '%fts5%content%=%code_content%') "
        "AND (SELECT count(*) FROM sqlite_master WHERE name = 'code_content_fts_docsize') "
        "AND (SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info('code_content_fts') ORDER BY name))"
        " = 'content,docstring,entity_name,entity_type'";
    codedb_rows *rows = NULL;
    codedb_code code = codedb_sql_execute(db, look, NULL, 0, &rows, NULL, result);
    schema->has_text_index = code == CODEDB_SUCCESS && rows->values[0].as.integer == 1;
    codedb_free(rows);
    return code;
}

/* ---- triggers ----------------------------------------------------------------------------------------------------- */

/* Is this the text of a trigger for `event` (DELETE, UPDATE)? The first of the three events that it names is its own. */
static bool schema_is_trigger_for(const char *sql, const char *event)
{
    static const char space[] = " \t\r\n";
    while (*sql != '\0') {
        sql += strspn(sql, space);
        size_t length = strcspn(sql, space);
        if (length == 6 && (strncasecmp(sql, "DELETE", 6) == 0 || strncasecmp(sql, "INSERT", 6) == 0 ||
                            strncasecmp(sql, "UPDATE", 6) == 0)) {
            return strncasecmp(sql, event, 6) == 0;
        }
        sql += length;
    }
    return false;
}

static bool schema_has_trigger_for(const codedb_rows *triggers, const char *event)
{
    for (size_t i = 0; i < triggers->row_count; i++) {
        if (triggers->values[i].type == CODEDB_VALUE_TEXT && schema_is_trigger_for(triggers->values[i].as.text, event)) {
            return true;
        }
    }
    return false;
}

static codedb_code schema_add_triggers(codedb *db, codedb_result *result)
{
    codedb_rows *triggers = NULL;
    codedb_code code = codedb_sql_execute(db,
                                          "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'code_content' "
                                          "AND sql LIKE '%code_content_fts%'",
                                          NULL, 0, &triggers, NULL, result);
    if (code == CODEDB_SUCCESS && !schema_has_trigger_for(triggers, "DELETE")) {
        code = codedb_sql_execute(db, codedb_text_index_sql(CODEDB_TEXT_INDEX_ON_DELETE), NULL, 0, NULL, NULL, result);
    }
    if (code == CODEDB_SUCCESS && !schema_has_trigger_for(triggers, "UPDATE")) {
        code = codedb_sql_execute(db, codedb_text_index_sql(CODEDB_TEXT_INDEX_ON_UPDATE), NULL, 0, NULL, NULL, result);
    }
    codedb_free(triggers);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_schema_create_if_empty(codedb *db, codedb_result *result)
{
    codedb_schema *schema = codedb_schema_of(db);
    bool empty;
    codedb_code code = schema_is_empty(db, &empty, result);
    if (code == CODEDB_SUCCESS && empty) {
        code = schema_create(db, result);
    }
    if (code == CODEDB_SUCCESS || code == CODEDB_PERMISSION_DENIED) {
        code = schema_see_columns(db, schema, result);
    }
    if (code == CODEDB_SUCCESS) {
        code = schema_see_text_index(db, schema, result);
    }
    if (code == CODEDB_SUCCESS && schema->has_text_index) {
        code = schema_add_triggers(db, result);
    }
    if (code == CODEDB_PERMISSION_DENIED) {
        /* A read-only handle needs neither tables of ours nor triggers. */
        code = codedb_succeed(result);
    }
    schema->known = code == CODEDB_SUCCESS;
    return code;
}
