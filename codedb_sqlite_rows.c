/* codedb_sqlite_rows.c -- an insert of many rows: several of them in one statement, where nothing can tell the difference.
 *
 * Called by the loop for the rows of a batch, on the driver thread; calls codedb_sqlite.c. What SQLite does for a statement takes about as long
 * as what it does for a row, so that rows that share a statement take little more than half of their time.
 *
 * Invariants:
 * 1. All is as if the rows were inserted one by one: the rows, their ids, and which of them fails with which error. A table of which that is not
 *    certain gets its rows one by one (sqlite_rows_may_join).
 * 2. Of a statement that fails nothing stays; then its rows are inserted one by one, up to the one that is at fault. If the whole transaction
 *    has ended, none is. */
#include "codedb_sqlite.h"

#include <string.h>

#define SQLITE_ROWS_JOINED 16 /* rows of a statement; more gain nothing, and their values leave the processor's nearest cache */
#define SQLITE_ROWS_WORTH 256 /* rows of a kind behind which it is worth preparing such a statement */

/* Gets the ids of the rows that a statement inserts. */
typedef struct sqlite_row_ids {
    int64_t *ids;
    size_t count; /* all rows, those for which there is no room as well */
} sqlite_row_ids;

static void sqlite_on_row(void *context, int action, const char *database, const char *table, sqlite3_int64 rowid)
{
    sqlite_connection *connection = context;
    sqlite_row_ids *rows = connection->row_ids;
    codedb_sqlite_fulltext_on_change(connection, action, database, table, rowid);
    if (rows->count < SQLITE_ROWS_JOINED)
        rows->ids[rows->count] = rowid;
    rows->count++;
}

/* Whether several rows in a statement are the same as several statements. Not so where
 * - a trigger can see how many rows came before, or skip a row, or end the statement and keep what it did up to there;
 * - a row may refer to one of the same table: SQLite looks for that one when the statement ends, which may be behind it;
 * - a constraint has another answer than to undo the statement;
 * - there is no rowid to be told of (a view, a virtual table, a table WITHOUT ROWID).
 * The words are looked for in the whole text: where they stand in a name or a comment, nothing but time is lost. */
static int sqlite_rows_may_join(sqlite_connection *connection, const char *table, bool *joins)
{
    static const char *const ask =
        "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE AND rootpage > 0"
        " AND NOT instr(lower(sql), 'conflict') AND NOT instr(lower(sql), 'without')"
        " AND NOT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE)"
        " AND NOT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE (type IN ('table', 'view') AND name = ?1 COLLATE NOCASE)"
        " OR (type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE AND name NOT GLOB 'codedb_fulltext_*'))"
        " AND NOT EXISTS (SELECT 1 FROM pragma_foreign_key_list(?1) WHERE \"table\" = ?1 COLLATE NOCASE)";
    sqlite3_stmt *statement = NULL;
    int code = sqlite_prepare_own(connection, ask, &statement);
    connection->trusted = true;
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    *joins = code == SQLITE_ROW;
    sqlite3_finalize(statement);
    connection->trusted = false;
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Writes the SQL for several rows into connection->sql; *fits: neither it nor its parameters are too many. */
static codedb_code sqlite_rows_write(sqlite_connection *connection, const sqlite_statement *statement, bool *fits,
                                     codedb_result *result)
{
    *fits = statement->parameter_count <= sqlite3_limit(connection->db, SQLITE_LIMIT_VARIABLE_NUMBER, -1) / SQLITE_ROWS_JOINED;
    if (!*fits)
        return CODEDB_SUCCESS;
    connection->sql.length = 0;
    codedb_sql_write_rows(&connection->sql, CODEDB_SQL_SQLITE, &statement->operation, SQLITE_ROWS_JOINED);
    if (connection->sql.failed) {
        codedb_buffer_free(&connection->sql);
        return codedb_fail_no_memory(result);
    }
    *fits = connection->sql.length <= (size_t)sqlite3_limit(connection->db, SQLITE_LIMIT_SQL_LENGTH, -1);
    return CODEDB_SUCCESS;
}

static codedb_code sqlite_rows_prepare(sqlite_connection *connection, sqlite_statement *statement, codedb_result *result)
{
    size_t count = (size_t)statement->parameter_count * SQLITE_ROWS_JOINED;
    sqlite_statement made = {.statement = NULL};
    codedb_code code;
    statement->joined_bound = codedb_arena_allocate(statement->arena, count, sizeof *statement->joined_bound);
    if (statement->joined_bound == NULL)
        return codedb_fail_no_memory(result);
    code = codedb_sqlite_prepare(connection, &made, statement->operation.table, result);
    statement->joined = made.statement;
    return code;
}

/* Looks once whether the rows of an insert may share a statement, when there were enough of them. */
static codedb_code sqlite_rows_learn(sqlite_connection *connection, sqlite_statement *statement, codedb_result *result)
{
    bool joins = false;
    codedb_code code;
    int asked;
    if (statement->row_count < SQLITE_ROWS_WORTH || statement->joining_is_known)
        return CODEDB_SUCCESS;
    statement->joining_is_known = true;
    if (statement->bound == NULL || statement->reads_fulltext)
        return CODEDB_SUCCESS;
    code = sqlite_rows_write(connection, statement, &joins, result);
    if (code != CODEDB_SUCCESS || !joins)
        return code;
    asked = sqlite_rows_may_join(connection, statement->operation.table, &joins);
    if (asked != SQLITE_OK)
        return codedb_sqlite_fail(connection, asked, statement->operation.table, result);
    return joins ? sqlite_rows_prepare(connection, statement, result) : CODEDB_SUCCESS;
}

/* Inserts several rows by one statement. INTERNAL_ERROR: nobody knows what is there now. */
static codedb_code sqlite_rows_run_joined(sqlite_connection *connection, sqlite_statement *statement, const codedb_value *values,
                                          int64_t *ids, codedb_result *result)
{
    const char *table = statement->operation.table;
    sqlite_row_ids rows = {.ids = ids};
    int count = statement->parameter_count * SQLITE_ROWS_JOINED;
    codedb_code code = CODEDB_SUCCESS;
    int step = SQLITE_OK, i;
    for (i = 0; step == SQLITE_OK && i < count; i++)
        step = codedb_sqlite_bind_again(statement->joined, statement->joined_bound, i + 1, &values[i]);
    connection->row_ids = &rows;
    connection->running = statement->joined;
    codedb_sqlite_fulltext_remember(connection);
    sqlite3_update_hook(connection->db, sqlite_on_row, connection);
    if (step == SQLITE_OK)
        step = sqlite3_step(statement->joined);
    codedb_sqlite_fulltext_watch(connection);
    if (step != SQLITE_DONE) {
        code = codedb_sqlite_fail(connection, step, table, result);
        codedb_sqlite_fulltext_restore(connection);
    } else if (rows.count != SQLITE_ROWS_JOINED) {
        code = codedb_fail(result, CODEDB_INTERNAL_ERROR, "%s: SQLite told of %zu new rows, expected %d", table, rows.count,
                           SQLITE_ROWS_JOINED);
    }
    sqlite3_reset(statement->joined);
    connection->running = NULL;
    connection->row_ids = NULL;
    return code;
}

static codedb_code sqlite_rows_run_singly(sqlite_connection *connection, codedb_operation *operation, const codedb_value *values,
                                          size_t row_count, int64_t *ids, size_t *done, codedb_result *result)
{
    codedb_connection *self = (codedb_connection *)(void *)connection;
    codedb_code code = CODEDB_SUCCESS;
    size_t i;
    for (i = 0; code == CODEDB_SUCCESS && i < row_count; i++) {
        codedb_changes changes = {0, 0};
        code = codedb_sqlite_run(self, operation, values + i * operation->value_count, NULL, &changes, result);
        ids[i] = changes.last_insert_id;
        *done += code == CODEDB_SUCCESS;
    }
    return code;
}

/* The next rows, as many as go into a statement, or what is left. */
static codedb_code sqlite_rows_run_some(sqlite_connection *connection, codedb_operation *operation, const codedb_value *values,
                                        size_t row_count, int64_t *ids, size_t *done, codedb_result *result)
{
    sqlite_statement *statement;
    codedb_code code = codedb_sqlite_ready(connection, operation, &statement, result);
    if (code == CODEDB_SUCCESS)
        code = sqlite_rows_learn(connection, statement, result);
    if (code == CODEDB_SUCCESS && codedb_sqlite_fulltext_is_crowded(connection))
        code = codedb_sqlite_fulltext_flush(connection, result);
    if (code != CODEDB_SUCCESS) {
        codedb_sqlite_notice_end(connection);
        return code;
    }
    if (statement->joined != NULL && row_count >= SQLITE_ROWS_JOINED) {
        code = sqlite_rows_run_joined(connection, statement, values, ids, result);
        if (code == CODEDB_SUCCESS)
            *done += SQLITE_ROWS_JOINED;
        if (code != CODEDB_SUCCESS)
            codedb_sqlite_notice_end(connection);
        if (code == CODEDB_SUCCESS || code == CODEDB_INTERNAL_ERROR || sqlite_is_autocommit(connection))
            return code;
        codedb_result_clear(result);
    }
    if (row_count > SQLITE_ROWS_JOINED)
        row_count = SQLITE_ROWS_JOINED;
    statement->row_count += row_count;
    return sqlite_rows_run_singly(connection, operation, values, row_count, ids, done, result);
}

CODEDB_PRIVATE codedb_code codedb_sqlite_run_rows(codedb_connection *self, codedb_operation *operation,
                                                  const codedb_value *values, size_t row_count, int64_t *ids, size_t *done,
                                                  codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    *done = 0;
    while (code == CODEDB_SUCCESS && *done < row_count)
        code = sqlite_rows_run_some(sqlite_of(self), operation, values + *done * operation->value_count, row_count - *done,
                                    ids + *done, done, result);
    return code;
}
