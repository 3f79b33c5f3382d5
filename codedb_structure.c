/* codedb_structure.c -- the structure that a database has, read into memory, compared, and made into a version.
 *
 * Called by codedb_sync.c in the host's thread; asks the database one query (codedb_ddl.c), whose rows it takes up here. */
#include "codedb_driver.h"
#include "codedb_structure.h"

#include <stdlib.h>
#include <string.h>

/* ---- Lists --------------------------------------------------------------------------------------------------------- */

/* Arrays grow when their count is a power of two, so that none has to say how much room it has. */
CODEDB_PRIVATE void *codedb_structure_grow(codedb_arena *arena, void *items, size_t count, size_t size)
{
    void *grown;
    if ((count & (count - 1)) != 0)
        return items;
    grown = codedb_arena_allocate(arena, count > 0 ? count * 2 : 1, size);
    if (grown != NULL && count > 0)
        memcpy(grown, items, count * size);
    return grown;
}

CODEDB_PRIVATE bool codedb_structure_add_name(codedb_arena *arena, codedb_structure_names *names, const char *name)
{
    const char **items = codedb_structure_grow(arena, names->items, names->count, sizeof *items);
    if (items == NULL)
        return false;
    names->items = items;
    items[names->count++] = name;
    return true;
}

CODEDB_PRIVATE codedb_structure_table *codedb_structure_find_table(const codedb_structure *structure, const char *name)
{
    for (size_t i = 0; i < structure->table_count; i++)
        if (codedb_text_equal_case(structure->tables[i].name, name))
            return &structure->tables[i];
    return NULL;
}

CODEDB_PRIVATE const codedb_structure_column *codedb_structure_find_column(const codedb_structure_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (codedb_text_equal_case(table->columns[i].name, name))
            return &table->columns[i];
    return NULL;
}

CODEDB_PRIVATE bool codedb_structure_has_name(const codedb_structure_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->items[i] != NULL && codedb_text_equal_case(names->items[i], name))
            return true;
    return false;
}

CODEDB_PRIVATE bool codedb_structure_same_names(const codedb_structure_names *one, const codedb_structure_names *other,
                                                bool ordered)
{
    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++) {
        if (one->items[i] == NULL)
            return false;
        if (ordered ? other->items[i] == NULL || !codedb_text_equal_case(one->items[i], other->items[i])
                    : !codedb_structure_has_name(other, one->items[i]))
            return false;
    }
    return true;
}

/* ---- Constraints --------------------------------------------------------------------------------------------------- */

static bool structure_is_key(const codedb_structure_table *table, const codedb_structure_names *columns)
{
    size_t count = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].primary_key == 0)
            continue;
        if (!codedb_structure_has_name(columns, table->columns[i].name))
            return false;
        count++;
    }
    return count == columns->count;
}

static bool structure_is_unique(const codedb_structure_table *table, const codedb_structure_names *columns)
{
    for (size_t i = 0; i < table->index_count; i++) {
        const codedb_structure_index *index = &table->indexes[i];
        if (index->unique && !index->partial && codedb_structure_same_names(&index->columns, columns, false))
            return true;
    }
    for (size_t i = 0; i < table->constraint_count; i++) {
        const codedb_structure_constraint *constraint = &table->constraints[i];
        if (constraint->parent == NULL && codedb_structure_same_names(&constraint->columns, columns, false))
            return true;
    }
    return structure_is_key(table, columns);
}

CODEDB_PRIVATE bool codedb_structure_has_constraint(const codedb_structure_table *table,
                                                    const codedb_structure_constraint *constraint)
{
    if (constraint->parent == NULL)
        return structure_is_unique(table, &constraint->columns);
    for (size_t i = 0; i < table->constraint_count; i++) {
        const codedb_structure_constraint *found = &table->constraints[i];
        if (found->parent != NULL && codedb_text_equal_case(found->parent, constraint->parent) &&
            codedb_structure_same_names(&found->columns, &constraint->columns, true))
            return true;
    }
    return false;
}

/* ---- Reading ------------------------------------------------------------------------------------------------------- */

/* What a row of codedb_ddl_structure_query tells. */
enum {
    STRUCTURE_STAMP,
    STRUCTURE_TABLE,
    STRUCTURE_COLUMN,
    STRUCTURE_INDEX,
    STRUCTURE_INDEX_COLUMN,
    STRUCTURE_FOREIGN_KEY,
    STRUCTURE_TRIGGER
};

typedef struct structure_row {
    int64_t kind;
    const char *table;
    const char *name;
    int64_t number;
    int64_t flag;
    const char *first; /* NULL: none; likewise the next two */
    const char *second;
    const char *third;
} structure_row;

static const char *structure_text(codedb_arena *arena, const codedb_value *value, bool *failed)
{
    const char *copy;
    if (value->type != CODEDB_VALUE_TEXT)
        return NULL;
    copy = codedb_arena_copy(arena, value->as.text, value->length);
    *failed = *failed || copy == NULL;
    return copy;
}

/* False without memory. */
static bool structure_take_row(codedb_arena *arena, const codedb_value *cells, structure_row *row)
{
    bool failed = false;
    row->kind = cells[0].as.integer;
    row->table = structure_text(arena, &cells[1], &failed);
    row->name = structure_text(arena, &cells[2], &failed);
    row->number = cells[4].as.integer;
    row->flag = cells[5].as.integer;
    row->first = structure_text(arena, &cells[6], &failed);
    row->second = structure_text(arena, &cells[7], &failed);
    row->third = structure_text(arena, &cells[8], &failed);
    return !failed;
}

static bool structure_see_table(codedb_structure *structure, const structure_row *row)
{
    codedb_structure_table *tables =
        codedb_structure_grow(structure->arena, structure->tables, structure->table_count, sizeof *tables);
    codedb_structure_table *table;
    if (tables == NULL)
        return false;
    structure->tables = tables;
    table = &tables[structure->table_count++];
    memset(table, 0, sizeof *table);
    table->name = row->table;
    table->sql = row->first != NULL ? row->first : "";
    table->without_rowid = row->flag != 0;
    table->kind = strcmp(row->name, "view") == 0      ? CODEDB_STRUCTURE_VIEW
                  : strcmp(row->name, "virtual") == 0 ? CODEDB_STRUCTURE_VIRTUAL
                                                      : CODEDB_STRUCTURE_TABLE;
    return true;
}

static bool structure_see_column(codedb_arena *arena, codedb_structure_table *table, const structure_row *row)
{
    codedb_structure_column *columns = codedb_structure_grow(arena, table->columns, table->column_count, sizeof *columns);
    codedb_structure_column *column;
    if (columns == NULL)
        return false;
    table->columns = columns;
    column = &columns[table->column_count++];
    memset(column, 0, sizeof *column);
    column->name = row->name;
    column->type = row->first != NULL ? row->first : "";
    column->default_value = row->second;
    column->nullable = row->flag == 0;
    column->primary_key = row->number;
    column->generated = row->third != NULL ? strcmp(row->third, "0") != 0 : false;
    return true;
}

static bool structure_see_index(codedb_arena *arena, codedb_structure_table *table, const structure_row *row)
{
    codedb_structure_index *indexes = codedb_structure_grow(arena, table->indexes, table->index_count, sizeof *indexes);
    codedb_structure_index *index;
    if (indexes == NULL)
        return false;
    table->indexes = indexes;
    index = &indexes[table->index_count++];
    memset(index, 0, sizeof *index);
    index->name = row->name;
    index->partial = row->number != 0;
    index->unique = row->flag != 0;
    index->sql = row->second;
    return true;
}

static bool structure_see_index_column(codedb_arena *arena, codedb_structure_table *table, const structure_row *row)
{
    for (size_t i = 0; i < table->index_count; i++)
        if (strcmp(table->indexes[i].name, row->name) == 0)
            return codedb_structure_add_name(arena, &table->indexes[i].columns, row->first);
    return true;
}

static bool structure_see_foreign_key(codedb_arena *arena, codedb_structure_table *table, const structure_row *row)
{
    codedb_structure_constraint *constraints = table->constraints;
    codedb_structure_constraint *constraint;
    if (row->number == 0) { /* the first of its columns */
        constraints = codedb_structure_grow(arena, constraints, table->constraint_count, sizeof *constraints);
        if (constraints == NULL)
            return false;
        table->constraints = constraints;
        memset(&constraints[table->constraint_count++], 0, sizeof *constraints);
    }
    constraint = &constraints[table->constraint_count - 1];
    constraint->parent = row->name;
    constraint->on_delete = row->third;
    return codedb_structure_add_name(arena, &constraint->columns, row->first) &&
           (row->second == NULL || codedb_structure_add_name(arena, &constraint->parent_columns, row->second));
}

static bool structure_see_trigger(codedb_arena *arena, codedb_structure_table *table, const structure_row *row)
{
    codedb_structure_trigger *triggers = codedb_structure_grow(arena, table->triggers, table->trigger_count, sizeof *triggers);
    if (triggers == NULL)
        return false;
    table->triggers = triggers;
    triggers[table->trigger_count].name = row->name;
    triggers[table->trigger_count++].sql = row->first;
    return true;
}

/* Takes up one row; false without memory. Tables come first, so that the others find theirs. */
static bool structure_see(codedb_structure *structure, const structure_row *row)
{
    codedb_structure_table *table;
    if (row->kind == STRUCTURE_STAMP) {
        structure->stamp = row->number;
        return true;
    }
    if (row->kind == STRUCTURE_TABLE)
        return structure_see_table(structure, row);
    table = codedb_structure_find_table(structure, row->table);
    if (table == NULL)
        return true;
    switch (row->kind) {
    case STRUCTURE_COLUMN: return structure_see_column(structure->arena, table, row);
    case STRUCTURE_INDEX: return structure_see_index(structure->arena, table, row);
    case STRUCTURE_INDEX_COLUMN: return structure_see_index_column(structure->arena, table, row);
    case STRUCTURE_FOREIGN_KEY: return structure_see_foreign_key(structure->arena, table, row);
    default: return structure_see_trigger(structure->arena, table, row);
    }
}

static codedb_code structure_ask(codedb *db, codedb_rows **rows, codedb_result *result)
{
    const codedb_driver *driver = codedb_driver_of(db->thread);
    const char *query = driver->change_schema != NULL ? codedb_ddl_structure_query(driver->dialect) : NULL;
    *rows = NULL;
    if (query == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the driver %s cannot tell or change the schema", driver->name);
    return codedb_sql_execute(db, query, NULL, 0, rows, NULL, result);
}

CODEDB_PRIVATE codedb_code codedb_structure_read(codedb *db, codedb_structure *structure, codedb_result *result)
{
    codedb_rows *rows;
    codedb_code code = structure_ask(db, &rows, result);
    memset(structure, 0, sizeof *structure);
    if (code != CODEDB_SUCCESS)
        return code;
    structure->arena = codedb_arena_create(codedb_driver_allocator(db->thread));
    if (structure->arena == NULL)
        code = codedb_fail_no_memory(result);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < rows->row_count; i++) {
        structure_row row;
        if (!structure_take_row(structure->arena, &rows->values[i * rows->column_count], &row) || !structure_see(structure, &row))
            code = codedb_fail_no_memory(result);
    }
    codedb_free(rows);
    if (code != CODEDB_SUCCESS) {
        codedb_arena_destroy(structure->arena);
        structure->arena = NULL;
    }
    return code;
}

/* ---- Version ------------------------------------------------------------------------------------------------------- */

static int structure_compare_lines(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static void structure_write_names(codedb_buffer *line, const codedb_structure_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        codedb_buffer_append_text(line, i > 0 ? "," : "(");
        codedb_buffer_append_json(line, names->items[i] != NULL ? names->items[i] : "",
                                  names->items[i] != NULL ? strlen(names->items[i]) : 0);
    }
    codedb_buffer_append_byte(line, ')');
}

static void structure_write_text(codedb_buffer *line, const char *text)
{
    codedb_buffer_append_byte(line, ' ');
    if (text != NULL)
        codedb_buffer_append_json(line, text, strlen(text));
}

static bool structure_has_expression(const codedb_structure_index *index)
{
    size_t i = 0;
    while (i < index->columns.count && index->columns.items[i] != NULL)
        i++;
    return i < index->columns.count;
}

/* Takes what stands in the buffer as one more line. */
static bool structure_end_line(codedb_arena *arena, codedb_buffer *buffer, codedb_structure_names *lines)
{
    const char *line = buffer->failed ? NULL : codedb_arena_copy(arena, buffer->data, buffer->length);
    buffer->length = 0;
    return line != NULL && codedb_structure_add_name(arena, lines, line);
}

/* A line for each part of a table. The SQL of views, triggers, virtual tables and made indexes is all that tells them. */
static bool structure_write_table(codedb_arena *arena, const codedb_structure_table *table, codedb_buffer *line,
                                  codedb_structure_names *lines)
{
    bool written;
    codedb_buffer_printf(line, "table %s %d", table->name, (int)table->kind);
    structure_write_text(line, table->kind != CODEDB_STRUCTURE_TABLE ? table->sql : NULL);
    written = structure_end_line(arena, line, lines);
    for (size_t i = 0; written && i < table->column_count; i++) {
        const codedb_structure_column *column = &table->columns[i];
        codedb_buffer_printf(line, "column %s", table->name);
        structure_write_text(line, column->name);
        structure_write_text(line, column->type);
        structure_write_text(line, column->default_value);
        codedb_buffer_printf(line, " %d %d %d", column->nullable, column->generated, (int)column->primary_key);
        written = structure_end_line(arena, line, lines);
    }
    for (size_t i = 0; written && i < table->constraint_count; i++) {
        const codedb_structure_constraint *constraint = &table->constraints[i];
        codedb_buffer_printf(line, "key %s", table->name);
        structure_write_names(line, &constraint->columns);
        structure_write_text(line, constraint->parent);
        structure_write_names(line, &constraint->parent_columns);
        structure_write_text(line, constraint->on_delete);
        written = structure_end_line(arena, line, lines);
    }
    for (size_t i = 0; written && i < table->index_count; i++) {
        const codedb_structure_index *index = &table->indexes[i];
        codedb_buffer_printf(line, "index %s %d", table->name, index->unique);
        structure_write_text(line, index->sql != NULL ? index->name : NULL);
        structure_write_text(line, index->partial || structure_has_expression(index) ? index->sql : NULL);
        structure_write_names(line, &index->columns);
        written = structure_end_line(arena, line, lines);
    }
    for (size_t i = 0; written && i < table->trigger_count; i++) {
        codedb_buffer_printf(line, "trigger %s", table->name);
        structure_write_text(line, table->triggers[i].sql);
        written = structure_end_line(arena, line, lines);
    }
    return written;
}

/* The version of a structure: the SHA-256 of its parts, in an order that does not depend on when they were made. False without memory. */
static bool structure_hash(const codedb_structure *structure, codedb_buffer *text, char version[CODEDB_SHA256_HEX_SIZE])
{
    codedb_structure_names lines = {NULL, 0};
    bool written = true;
    for (size_t i = 0; written && i < structure->table_count; i++)
        written = structure_write_table(structure->arena, &structure->tables[i], text, &lines);
    if (!written)
        return false;
    if (lines.count > 0)
        qsort(lines.items, lines.count, sizeof *lines.items, structure_compare_lines);
    for (size_t i = 0; i < lines.count; i++) {
        codedb_buffer_append_text(text, lines.items[i]);
        codedb_buffer_append_byte(text, '\n');
    }
    if (text->failed)
        return false;
    codedb_sha256_hex(text->data != NULL ? text->data : "", text->length, version);
    return true;
}

CODEDB_API codedb_code codedb_schema_version(codedb *db, char **version, codedb_result *result)
{
    codedb_structure structure;
    codedb_buffer text;
    codedb_code code;
    if (version != NULL)
        *version = NULL;
    if (db == NULL || version == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_schema_version: db or version is NULL");
    code = codedb_structure_read(db, &structure, result);
    if (code != CODEDB_SUCCESS)
        return code;
    codedb_buffer_init(&text, codedb_driver_allocator(db->thread));
    *version = codedb_block_allocate(codedb_driver_allocator(db->thread), CODEDB_SHA256_HEX_SIZE);
    if (*version == NULL || !structure_hash(&structure, &text, *version)) {
        codedb_free(*version);
        *version = NULL;
        code = codedb_fail_no_memory(result);
    }
    codedb_buffer_free(&text);
    codedb_arena_destroy(structure.arena);
    return code;
}
