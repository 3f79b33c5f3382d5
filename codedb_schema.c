/* codedb_schema.c -- codedb's own schema: made when a database is empty, looked at when it is not.
 *
 * Called by codedb_open, once, when the driver runs and no other thread has the handle, and by codedb_sync.c behind a change. Makes a
 * structure of the descriptions in codedb_tables.c; a database that has tables is never changed here: the columns that it lacks are
 * noted, and the engine goes without them. */
#include "codedb_driver.h"
#include "codedb_objects.h"
#include "codedb_structure.h"

#include <string.h>
#include <strings.h>

/* ---- codedb's own definition --------------------------------------------------------------------------------------- */

static const char *schema_type_name(const codedb_field *field)
{
    switch (field->type) {
    case CODEDB_FIELD_INTEGER: return "INTEGER";
    case CODEDB_FIELD_REAL: return "REAL";
    case CODEDB_FIELD_BOOLEAN: return "BOOLEAN";
    default: return "TEXT";
    }
}

/* Adds the names of a list such as "a, b". False without memory. */
static bool schema_add_names(codedb_arena *arena, codedb_structure_names *names, const char *list)
{
    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        const char *name = codedb_arena_copy(arena, list, length);
        if (name == NULL || !codedb_structure_add_name(arena, names, name))
            return false;
        list += length;
        list += strspn(list, ", ");
    }
    return true;
}

/* The first field is the primary key. */
static void schema_define_column(codedb_structure_column *column, const codedb_field *field, bool is_first)
{
    column->name = field->name;
    column->type = schema_type_name(field);
    column->default_value = field->default_value;
    column->primary_key = is_first;
    column->autoincrement = is_first && field->type == CODEDB_FIELD_INTEGER;
    column->nullable = column->autoincrement || !field->required; /* a row id cannot be NULL */
}

/* Adds a constraint of columns, which refer to the id of `parent` unless that is NULL. */
static bool schema_define_constraint(codedb_arena *arena, codedb_structure_table *table, const char *columns, const char *parent,
                                     bool set_null)
{
    codedb_structure_constraint *constraints =
        codedb_structure_grow(arena, table->constraints, table->constraint_count, sizeof *constraints);
    codedb_structure_constraint *constraint;
    if (constraints == NULL)
        return false;
    table->constraints = constraints;
    constraint = &constraints[table->constraint_count++];
    memset(constraint, 0, sizeof *constraint);
    constraint->parent = parent;
    constraint->on_delete = parent == NULL ? NULL : set_null ? "SET NULL" : "CASCADE";
    return schema_add_names(arena, &constraint->columns, columns) &&
           (parent == NULL || schema_add_names(arena, &constraint->parent_columns, "id"));
}

static bool schema_define_indexes(codedb_arena *arena, codedb_structure_table *table, const codedb_description *description)
{
    table->indexes = codedb_arena_allocate(arena, description->index_count, sizeof *table->indexes);
    if (table->indexes == NULL)
        return false;
    for (; table->index_count < description->index_count; table->index_count++) {
        codedb_structure_index *index = &table->indexes[table->index_count];
        index->name = description->indexes[table->index_count].name;
        index->where = description->indexes[table->index_count].where;
        index->partial = index->where != NULL;
        if (!schema_add_names(arena, &index->columns, description->indexes[table->index_count].columns))
            return false;
    }
    return true;
}

static bool schema_define_table(codedb_arena *arena, codedb_structure_table *table, const codedb_description *description)
{
    table->name = description->table;
    table->columns = codedb_arena_allocate(arena, description->field_count, sizeof *table->columns);
    if (table->columns == NULL)
        return false;
    for (size_t i = 0; i < description->field_count; i++) {
        const codedb_field *field = &description->fields[i];
        schema_define_column(&table->columns[table->column_count++], field, i == 0);
        if (field->unique && !schema_define_constraint(arena, table, field->name, NULL, false))
            return false;
        if (field->references != NULL && !schema_define_constraint(arena, table, field->name, field->references, field->set_null))
            return false;
    }
    if (description->unique != NULL && !schema_define_constraint(arena, table, description->unique, NULL, false))
        return false;
    return schema_define_indexes(arena, table, description);
}

static bool schema_define_text_index(codedb_arena *arena, codedb_structure_table *table)
{
    const codedb_text_index_description *index = codedb_text_index();
    codedb_structure_names names = {NULL, 0};
    table->name = index->name;
    table->kind = CODEDB_STRUCTURE_VIRTUAL;
    table->module = "fts5";
    table->options = codedb_arena_allocate(arena, 2, sizeof *table->options);
    if (table->options == NULL || !schema_add_names(arena, &names, index->columns))
        return false;
    table->option_count = 2;
    table->options[0] = (codedb_structure_option){"content", index->content};
    table->options[1] = (codedb_structure_option){"content_rowid", index->content_rowid};
    table->columns = codedb_arena_allocate(arena, names.count, sizeof *table->columns);
    if (table->columns == NULL)
        return false;
    for (; table->column_count < names.count; table->column_count++) {
        table->columns[table->column_count].name = names.items[table->column_count];
        table->columns[table->column_count].type = "";
    }
    return true;
}

CODEDB_PRIVATE bool codedb_schema_define(codedb_structure *structure)
{
    structure->tables = codedb_arena_allocate(structure->arena, CODEDB_TABLE_COUNT + 1, sizeof *structure->tables);
    if (structure->tables == NULL)
        return false;
    for (; structure->table_count < CODEDB_TABLE_COUNT; structure->table_count++)
        if (!schema_define_table(structure->arena, &structure->tables[structure->table_count],
                                 codedb_description_of((codedb_kind)structure->table_count)))
            return false;
    return schema_define_text_index(structure->arena, &structure->tables[structure->table_count++]);
}

/* ---- An empty database --------------------------------------------------------------------------------------------- */

/* Adds the statement to the batch, and empties the buffer for the next. False without memory. */
static bool schema_add_statement(codedb_batch *batch, codedb_buffer *sql)
{
    if (sql->failed)
        return false;
    codedb_batch_execute(batch, sql->data, NULL, 0);
    sql->length = 0;
    return true;
}

static bool schema_add_table(codedb_batch *batch, codedb_buffer *sql, codedb_sql_dialect dialect,
                             const codedb_structure_table *table)
{
    codedb_ddl_create_table(sql, dialect, table);
    if (!schema_add_statement(batch, sql))
        return false;
    for (size_t i = 0; i < table->index_count; i++) {
        codedb_ddl_create_index(sql, dialect, table->name, &table->indexes[i]);
        if (!schema_add_statement(batch, sql))
            return false;
    }
    return true;
}

static bool schema_add_tables(codedb *db, codedb_batch *batch, codedb_buffer *sql)
{
    codedb_structure structure = {.arena = codedb_arena_create(codedb_object_allocator(db))};
    bool added = structure.arena != NULL && codedb_schema_define(&structure);
    for (size_t i = 0; added && i < structure.table_count; i++)
        added = schema_add_table(batch, sql, codedb_driver_of(db->thread)->dialect, &structure.tables[i]);
    codedb_arena_destroy(structure.arena);
    return added;
}

/* All tables in one transaction. */
static codedb_code schema_create(codedb *db, codedb_result *result)
{
    codedb_buffer sql;
    codedb_batch *batch = NULL;
    codedb_buffer_init(&sql, codedb_object_allocator(db));
    codedb_code code = codedb_batch_create(db, &batch, result);
    if (code == CODEDB_SUCCESS && !schema_add_tables(db, batch, &sql))
        code = codedb_fail_no_memory(result);
    if (code == CODEDB_SUCCESS)
        code = codedb_batch_run(batch, result);
    codedb_batch_free(batch);
    codedb_buffer_free(&sql);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_schema_begin(const codedb_allocator *allocator, codedb_arena **arena,
                                               const codedb_beginning **beginning, codedb_result *result)
{
    codedb_structure structure = {.arena = codedb_arena_create(allocator)};
    *beginning = NULL;
    *arena = NULL;
    if (structure.arena != NULL && codedb_schema_define(&structure))
        *beginning = codedb_image_create(&structure);
    if (*beginning == NULL) {
        codedb_arena_destroy(structure.arena);
        return codedb_fail_no_memory(result);
    }
    *arena = structure.arena;
    return CODEDB_SUCCESS;
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
static void schema_see_column(uint64_t *columns, const codedb_value *table, const codedb_value *column)
{
    for (int kind = 0; kind < CODEDB_TABLE_COUNT; kind++) {
        const codedb_description *description = codedb_description_of((codedb_kind)kind);
        for (size_t i = 0; schema_text_is(table, description->table) && i < description->field_count; i++)
            if (schema_text_is(column, description->fields[i].name))
                columns[kind] |= UINT64_C(1) << i;
    }
}

static codedb_code schema_see_columns(codedb *db, codedb_schema *schema, codedb_result *result)
{
    codedb_buffer sql;
    codedb_rows *rows = NULL;
    codedb_code code = CODEDB_SUCCESS;
    uint64_t columns[CODEDB_TABLE_COUNT] = {0};
    codedb_buffer_init(&sql, codedb_object_allocator(db));
    /* Named tables only: a table of an extension that is not loaded here must not be touched. */
    codedb_buffer_append_text(&sql, "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c "
                                    "WHERE m.type IN ('table', 'view') AND m.name COLLATE NOCASE IN (");
    for (int kind = 0; kind < CODEDB_TABLE_COUNT; kind++)
        codedb_buffer_printf(&sql, "%s'%s'", kind == 0 ? "" : ", ", codedb_description_of((codedb_kind)kind)->table);
    codedb_buffer_append_text(&sql, ")");
    if (sql.failed)
        code = codedb_fail_no_memory(result);
    else
        code = codedb_sql_execute(db, sql.data, NULL, 0, &rows, NULL, result);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < rows->row_count; i++)
        schema_see_column(columns, &rows->values[2 * i], &rows->values[2 * i + 1]);
    for (int kind = 0; kind < CODEDB_TABLE_COUNT; kind++)
        schema->columns[kind] = columns[kind];
    schema->known = code == CODEDB_SUCCESS;
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
        if (code == CODEDB_SUCCESS)
            return code; /* every column is there, as an unknown schema says */
    }
    if (code == CODEDB_SUCCESS || code == CODEDB_PERMISSION_DENIED) {
        /* Nothing can be made through a read-only handle: it has an empty database to read. */
        code = schema_see_columns(db, schema, result);
    }
    return code;
}

CODEDB_PRIVATE void codedb_schema_refresh(codedb *db)
{
    schema_see_columns(db, codedb_schema_of(db), NULL);
}

CODEDB_PRIVATE const codedb_value *codedb_schema_core(size_t *count)
{
    static const codedb_value core[] = {
        {CODEDB_VALUE_TEXT, {.text = "projects"}, sizeof "projects" - 1},
        {CODEDB_VALUE_TEXT, {.text = "datasets"}, sizeof "datasets" - 1},
        {CODEDB_VALUE_TEXT, {.text = "files"}, sizeof "files" - 1},
    };
    *count = sizeof core / sizeof core[0];
    return core;
}
