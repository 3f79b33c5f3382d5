/* codedb_sqlite_rows.c -- an insert of many rows: several of them in one statement, where nothing can tell the difference.
 *
 * Called by the loop for the rows of a batch, on the driver thread; calls codedb_sqlite.c. What SQLite does for a statement takes as long as
 * what it does for a row of a plain table.
 *
 * Invariants:
 * 1. All is as if the rows were inserted one by one: the rows, their ids, and which of them fails with which error. A table of which that is not
 *    certain gets its rows one by one (sqlite_rows_may_join).
 * 2. A row that breaks a constraint ends the statement, and the rows before it stay (OR FAIL). That needs no copies of the pages that the
 *    statement changes, which would cost more than what is won. Only foreign keys have no such answer: they are looked at behind the last
 *    row, and undo the statement. Then its rows are inserted one by one.
 * 3. If the whole transaction has ended, no row is inserted any more.
 * 4. The last row comes by itself: what the SQL functions changes() and last_insert_rowid() tell is of one row. */
#include "codedb_sqlite.h"

#include <string.h>

#define SQLITE_ROWS_JOINED 16 /* rows of a statement; more gain nothing, and their values leave the processor's nearest cache */
#define SQLITE_ROWS_WORTH 256 /* rows of a kind behind which it is worth preparing such a statement */

/* The rows of which SQLite told while a statement inserted them. */
typedef struct sqlite_row_ids {
    int64_t *ids; /* of the first SQLITE_ROWS_JOINED */
    size_t count;
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
 * - a trigger can see how many rows came before, or skip a row, or end the statement in its own way;
 * - a row may refer to a table, and rows may refer to it: SQLite counts both when the statement ends, and a row that is missed by one and
 *   found by another is none that is missing;
 * - a constraint has an answer of its own, or looks at changes();
 * - there is no rowid to be told of (a view, a virtual table, a table WITHOUT ROWID).
 * The words are looked for in the whole text: where they stand in a name or a comment, nothing but time is lost. */
static int sqlite_rows_may_join(sqlite_connection *connection, const char *table, bool *joins)
{
    static const char *const ask =
        "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE AND rootpage > 0"
        " AND NOT instr(lower(sql), 'conflict') AND NOT instr(lower(sql), 'changes') AND NOT instr(lower(sql), 'rowid')"
        " AND NOT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE)"
        " AND NOT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE (type IN ('table', 'view') AND name = ?1 COLLATE NOCASE)"
        " OR (type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE AND sql NOT GLOB '* codedb_fulltext_*_delete AFTER DELETE ON *'"
        " AND sql NOT GLOB '* codedb_fulltext_*_update AFTER UPDATE ON *'))"
        " AND (NOT EXISTS (SELECT 1 FROM pragma_foreign_key_list(?1)) OR NOT EXISTS (SELECT 1 FROM main.sqlite_schema AS child,"
        " pragma_foreign_key_list(child.name) AS key WHERE child.type = 'table' AND key.\"table\" = ?1 COLLATE NOCASE))";
    return codedb_sqlite_has(connection, ask, table, NULL, joins);
}

/* Writes the SQL for several rows into connection->sql; *fits: neither it nor its parameters are too many. */
static codedb_code sqlite_rows_write(sqlite_connection *connection, const sqlite_statement *statement, bool *fits,
                                     codedb_result *result)
{
    *fits = statement->parameter_count <= sqlite3_limit(connection->db, SQLITE_LIMIT_VARIABLE_NUMBER, -1) / SQLITE_ROWS_JOINED;
    if (!*fits)
        return CODEDB_SUCCESS;
    connection->sql.length = 0;
    codedb_sql_write_rows(&connection->sql, &statement->operation, SQLITE_ROWS_JOINED);
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
    bool fits = false, may_join = false;
    codedb_code code;
    int answer;
    if (statement->rows_seen < SQLITE_ROWS_WORTH || statement->joining_is_known)
        return CODEDB_SUCCESS;
    statement->joining_is_known = true;
    if (statement->bound == NULL || statement->reads_fulltext)
        return CODEDB_SUCCESS;
    code = sqlite_rows_write(connection, statement, &fits, result);
    if (code != CODEDB_SUCCESS || !fits)
        return code;
    answer = sqlite_rows_may_join(connection, statement->operation.table, &may_join);
    if (answer != SQLITE_OK)
        return codedb_sqlite_fail(connection, answer, statement->operation.table, result);
    return may_join ? sqlite_rows_prepare(connection, statement, result) : CODEDB_SUCCESS;
}

/* Steps the statement for several rows; behind a failure `rows` has those before the row that failed. */
static codedb_code sqlite_rows_step(sqlite_connection *connection, sqlite_statement *statement, sqlite_row_ids *rows,
                                    codedb_result *result)
{
    const char *table = statement->operation.table;
    codedb_code code = CODEDB_SUCCESS;
    int step;
    connection->row_ids = rows;
    connection->running = statement->joined;
    sqlite3_update_hook(connection->db, sqlite_on_row, connection);
    step = sqlite3_step(statement->joined);
    codedb_sqlite_fulltext_watch(connection);
    if (step != SQLITE_DONE)
        code = codedb_sqlite_fail(connection, step, table, result);
    else if (rows->count != SQLITE_ROWS_JOINED)
        code = codedb_fail(result, CODEDB_INTERNAL_ERROR, "%s: SQLite told of %zu new rows, expected %d", table, rows->count,
                           SQLITE_ROWS_JOINED);
    sqlite3_reset(statement->joined);
    connection->running = NULL;
    connection->row_ids = NULL;
    return code;
}

/* Whether a row is in the table. */
static int sqlite_rows_has(sqlite_connection *connection, const char *table, int64_t rowid, bool *has)
{
    char *ask = sqlite3_mprintf("SELECT 1 FROM main.\"%w\" WHERE rowid = %lld", table, (long long)rowid);
    int code = ask != NULL ? codedb_sqlite_has(connection, ask, NULL, NULL, has) : SQLITE_NOMEM;
    sqlite3_free(ask);
    return code;
}

/* Behind a statement that failed: finds out whether the rows before the one that failed are there (invariant 2). */
static codedb_code sqlite_rows_look(sqlite_connection *connection, const char *table, const sqlite_row_ids *rows, bool *undone,
                                    codedb_code failure, codedb_result *result)
{
    bool has = true;
    int code;
    codedb_sqlite_notice_end(connection);
    if (rows->count == 0 || rows->count > SQLITE_ROWS_JOINED || sqlite_is_autocommit(connection))
        return failure;
    code = sqlite_rows_has(connection, table, rows->ids[rows->count - 1], &has);
    if (code != SQLITE_OK)
        return codedb_sqlite_fail(connection, code, table, result);
    *undone = !has;
    return failure;
}

/* Inserts several rows by one statement. *undone: it failed, and its rows may be tried one by one. */
static codedb_code sqlite_rows_run_joined(sqlite_connection *connection, sqlite_statement *statement, const codedb_value *values,
                                          int64_t *ids, size_t *done, bool *undone, codedb_result *result)
{
    const char *table = statement->operation.table;
    sqlite_row_ids rows = {.ids = ids};
    int count = statement->parameter_count * SQLITE_ROWS_JOINED;
    codedb_code code;
    int bound = SQLITE_OK, i;
    for (i = 0; bound == SQLITE_OK && i < count; i++)
        bound = codedb_sqlite_bind_again(statement->joined, statement->joined_bound, i + 1, &values[i]);
    if (bound != SQLITE_OK)
        return codedb_sqlite_fail(connection, bound, table, result);
    codedb_sqlite_fulltext_remember(connection);
    code = sqlite_rows_step(connection, statement, &rows, result);
    if (code != CODEDB_SUCCESS && code != CODEDB_INTERNAL_ERROR)
        code = sqlite_rows_look(connection, table, &rows, undone, code, result);
    if (*undone)
        codedb_sqlite_fulltext_restore(connection);
    else
        *done += rows.count;
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
    bool undone = false;
    codedb_code code = codedb_sqlite_ready(connection, operation, &statement, result);
    if (code == CODEDB_SUCCESS)
        code = sqlite_rows_learn(connection, statement, result);
    if (code == CODEDB_SUCCESS && codedb_sqlite_fulltext_is_crowded(connection))
        code = codedb_sqlite_fulltext_flush(connection, result);
    if (code != CODEDB_SUCCESS) {
        codedb_sqlite_notice_end(connection);
        return code;
    }
    if (statement->joined != NULL && row_count > SQLITE_ROWS_JOINED) {
        code = sqlite_rows_run_joined(connection, statement, values, ids, done, &undone, result);
        if (!undone)
            return code;
        codedb_result_clear(result);
    }
    if (row_count > SQLITE_ROWS_JOINED)
        row_count = SQLITE_ROWS_JOINED;
    statement->rows_seen += row_count;
    return sqlite_rows_run_singly(connection, operation, values, row_count, ids, done, result);
}

CODEDB_PRIVATE codedb_code codedb_sqlite_run_rows(codedb_connection *self, codedb_operation *insert, const codedb_value *values,
                                                  size_t row_count, int64_t *ids, size_t *done, codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    *done = 0;
    while (code == CODEDB_SUCCESS && *done < row_count)
        code = sqlite_rows_run_some(sqlite_of(self), insert, values + *done * insert->value_count, row_count - *done, ids + *done,
                                    done, result);
    return code;
}
