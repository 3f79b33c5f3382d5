/* codedb_sql.c -- a table operation's SQL text, in the dialect of a database.
 *
 * Called by drivers on the driver thread; calls the growable buffer only. Writes no value, only parameters, and no name without quotes,
 * so that no input can change a statement's shape. Whether the names exist is the driver's to check.
 *
 * SQLite gets its names in grave accents: between double quotes an unknown name would silently be taken for a text. */
#include "codedb_driver.h"

#include <string.h>

typedef struct sql_writer {
    codedb_buffer *sql;
    codedb_sql_dialect dialect;
    int parameters; /* written so far */
} sql_writer;

CODEDB_PRIVATE void codedb_sql_write_name(codedb_buffer *sql, codedb_sql_dialect dialect, const char *name)
{
    char quote = dialect == CODEDB_SQL_POSTGRES ? '"' : '`';
    const char *end;
    codedb_buffer_append_byte(sql, quote);
    while ((end = strchr(name, quote)) != NULL) {
        codedb_buffer_append(sql, name, (size_t)(end - name) + 1);
        codedb_buffer_append_byte(sql, quote);
        name = end + 1;
    }
    codedb_buffer_append_text(sql, name);
    codedb_buffer_append_byte(sql, quote);
}

static void sql_text(sql_writer *writer, const char *text)
{
    codedb_buffer_append_text(writer->sql, text);
}

static void sql_name(sql_writer *writer, const char *name)
{
    codedb_sql_write_name(writer->sql, writer->dialect, name);
}

static void sql_parameter(sql_writer *writer)
{
    writer->parameters++;
    if (writer->dialect == CODEDB_SQL_POSTGRES)
        codedb_buffer_printf(writer->sql, "$%d", writer->parameters);
    else
        codedb_buffer_append_byte(writer->sql, '?');
}

static void sql_names(sql_writer *writer, const char *const *names, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        if (i > 0)
            sql_text(writer, ", ");
        sql_name(writer, names[i]);
    }
}

static void sql_where(sql_writer *writer, const codedb_operation *operation)
{
    size_t i;
    for (i = 0; i < operation->where_count; i++) {
        sql_text(writer, i == 0 ? " WHERE " : " AND ");
        sql_name(writer, operation->where[i]);
        if (operation->where_is_null[i]) {
            sql_text(writer, " IS NULL");
        } else {
            sql_text(writer, " = ");
            sql_parameter(writer);
        }
    }
}

static void sql_insert(sql_writer *writer, const char *verb, const codedb_operation *operation, size_t row_count)
{
    size_t row, i;
    sql_text(writer, verb);
    sql_name(writer, operation->table);
    sql_text(writer, " (");
    sql_names(writer, operation->columns, operation->column_count);
    sql_text(writer, ") VALUES ");
    for (row = 0; row < row_count; row++) {
        sql_text(writer, row == 0 ? "(" : ", (");
        for (i = 0; i < operation->column_count; i++) {
            if (i > 0)
                sql_text(writer, ", ");
            sql_parameter(writer);
        }
        sql_text(writer, ")");
    }
}

static void sql_update(sql_writer *writer, const codedb_operation *operation)
{
    size_t i;
    sql_text(writer, "UPDATE ");
    sql_name(writer, operation->table);
    for (i = 0; i < operation->column_count; i++) {
        sql_text(writer, i == 0 ? " SET " : ", ");
        sql_name(writer, operation->columns[i]);
        sql_text(writer, " = ");
        sql_parameter(writer);
    }
    sql_where(writer, operation);
}

static void sql_select(sql_writer *writer, const codedb_operation *operation)
{
    size_t i;
    sql_text(writer, "SELECT ");
    if (operation->kind == CODEDB_OPERATION_COUNT)
        sql_text(writer, "count(*)");
    else if (operation->column_count == 0)
        sql_text(writer, "*");
    else
        sql_names(writer, operation->columns, operation->column_count);
    sql_text(writer, " FROM ");
    sql_name(writer, operation->table);
    sql_where(writer, operation);
    for (i = 0; i < operation->order_by_count; i++) {
        sql_text(writer, i == 0 ? " ORDER BY " : ", ");
        sql_name(writer, operation->order_by[i].column);
        sql_text(writer, operation->order_by[i].descending ? " DESC" : " ASC");
    }
    if (operation->limited) {
        sql_text(writer, " LIMIT ");
        sql_parameter(writer);
        sql_text(writer, " OFFSET ");
        sql_parameter(writer);
    }
}

CODEDB_PRIVATE void codedb_sql_write(codedb_buffer *sql, codedb_sql_dialect dialect, const codedb_operation *operation)
{
    sql_writer writer = {sql, dialect, 0};
    switch (operation->kind) {
    case CODEDB_OPERATION_INSERT: sql_insert(&writer, "INSERT INTO ", operation, 1); break;
    case CODEDB_OPERATION_UPDATE: sql_update(&writer, operation); break;
    case CODEDB_OPERATION_DELETE:
        sql_text(&writer, "DELETE FROM ");
        sql_name(&writer, operation->table);
        sql_where(&writer, operation);
        break;
    case CODEDB_OPERATION_SELECT:
    case CODEDB_OPERATION_COUNT: sql_select(&writer, operation); break;
    case CODEDB_OPERATION_EXECUTE: codedb_buffer_append(sql, operation->sql, operation->sql_length); break;
    }
}

CODEDB_PRIVATE void codedb_sql_write_rows(codedb_buffer *sql, const codedb_operation *insert, size_t row_count)
{
    sql_writer writer = {sql, CODEDB_SQL_SQLITE, 0};
    sql_insert(&writer, "INSERT OR FAIL INTO ", insert, row_count);
}
