/* codedb_schema.c -- the schema of a database: made when it is empty, looked at when it is not.
 *
 * Called by codedb_open alone, once, when the driver runs and no other thread has the handle. Makes SQL of the descriptions in
 * codedb_tables.c; a database that has tables is never changed here: the columns that it lacks are noted, and the engine goes
 * without them. */
#include "codedb_objects.h"

#include <string.h>
#include <strings.h>

/* ---- SQL of descriptions ------------------------------------------------------------------------------------------ */

static const char *schema_type_name(const codedb_field *field)
{
    switch (field->type) {
    case CODEDB_FIELD_INTEGER: return "INTEGER";
    case CODEDB_FIELD_REAL: return "REAL";
    case CODEDB_FIELD_BOOLEAN: return "BOOLEAN";
    default: return "TEXT";
    }
}

static void schema_write_column(codedb_buffer *sql, const codedb_field *field, bool is_first)
{
    codedb_buffer_printf(sql, "%s\n    %s %s", is_first ? "" : ",", field->name, schema_type_name(field));
    if (is_first) {
        codedb_buffer_append_text(sql,
                                  field->type == CODEDB_FIELD_INTEGER ? " PRIMARY KEY AUTOINCREMENT" : " PRIMARY KEY NOT NULL");
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
        codedb_batch_execute(batch, codedb_text_index_sql(), NULL, 0);
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

CODEDB_PRIVATE codedb_code codedb_schema_create_if_empty(codedb *db, codedb_result *result)
{
    codedb_schema *schema = codedb_schema_of(db);
    bool empty;
    codedb_code code = schema_is_empty(db, &empty, result);
    if (code == CODEDB_SUCCESS && empty) {
        code = schema_create(db, result);
        if (code == CODEDB_SUCCESS) {
            return code; /* every column is there, as an unknown schema says */
        }
    }
    if (code == CODEDB_SUCCESS || code == CODEDB_PERMISSION_DENIED) {
        /* Nothing can be made through a read-only handle: it has an empty database to read. */
        code = schema_see_columns(db, schema, result);
    }
    schema->known = code == CODEDB_SUCCESS;
    return code;
}
