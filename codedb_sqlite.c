/* codedb_sqlite.c -- the SQLite driver: its connection, statements and transactions.
 *
 * Called by the driver thread through the function table at the end; calls SQLite, codedb_sql.c, and for the upkeep of full text
 * codedb_sqlite_fulltext.c. Knows no object.
 *
 * 1. Errors   2. What SQL may do   3. Names   4. Prepared statements   5. Running   6. Transactions   7. Connecting and the function table
 *
 * Invariants:
 * 1. Every call that is not `trusted` passes the authorizer while it is prepared, whether it came as SQL or as a table operation.
 * 2. A statement in the cache is reset while it is not running, and all its parameters are bound before it runs: what old bindings
 *    pointed to is the caller's again, and is not looked at. A binding that has the very address and length of a new text is that text's.
 * 3. No failure of SQLite is passed over, not even of a question about the schema: SQLite may have rolled the transaction back for it, and
 *    what came next would be committed alone.
 * 4. What is known of the schema of a file is compared with it wherever the right to write has just been got (sqlite_notice_schema): another
 *    process may have added a full-text table that is to be kept in step, or dropped one. No row is written without, so that writes which
 *    come alone are wrapped in a transaction; reads depend on nothing of that.
 * 5. Reads of a database in memory that follow one another share a transaction, which nobody else can notice. It is none to the loop
 *    (sqlite_is_autocommit), and ends before anything but a read, and behind a failure. */
#include "codedb_sqlite.h"

#include "codedb_match.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- 1. Errors ------------------------------------------------------------------------------------------------------ */

static bool sqlite_message_begins(const char *message, const char *const *beginnings)
{
    for (; *beginnings != NULL; beginnings++)
        if (strncmp(message, *beginnings, strlen(*beginnings)) == 0)
            return true;
    return false;
}

/* SQLITE_ERROR stands for everything from bad syntax to a missing column; only its words tell. */
static codedb_code sqlite_code_of_message(const char *message)
{
    static const char *const schema[] = {"no such table", "no such column", "no such index", "no such view", "table ", NULL};
    return sqlite_message_begins(message, schema) ? CODEDB_SCHEMA_ERROR : CODEDB_DATABASE_ERROR;
}

static codedb_code sqlite_code(int code, const char *message)
{
    static const struct {
        int sqlite;
        codedb_code codedb;
    } codes[] = {
        {SQLITE_CONSTRAINT, CODEDB_VALIDATION_ERROR},
        {SQLITE_MISMATCH, CODEDB_VALIDATION_ERROR},
        {SQLITE_TOOBIG, CODEDB_VALIDATION_ERROR},
        {SQLITE_RANGE, CODEDB_INVALID_REQUEST},
        {SQLITE_BUSY, CODEDB_BUSY},
        {SQLITE_LOCKED, CODEDB_BUSY},
        {SQLITE_PROTOCOL, CODEDB_BUSY},
        {SQLITE_INTERRUPT, CODEDB_TIMEOUT},
        {SQLITE_READONLY, CODEDB_PERMISSION_DENIED},
        {SQLITE_PERM, CODEDB_PERMISSION_DENIED},
        {SQLITE_AUTH, CODEDB_PERMISSION_DENIED},
        {SQLITE_NOMEM, CODEDB_NO_MEMORY},
        {SQLITE_CANTOPEN, CODEDB_CONNECTION_ERROR},
        {SQLITE_MISUSE, CODEDB_INTERNAL_ERROR},
    };
    size_t i;
    if ((code & 0xff) == SQLITE_ERROR)
        return sqlite_code_of_message(message);
    for (i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].sqlite == (code & 0xff))
            return codes[i].codedb;
    return CODEDB_DATABASE_ERROR;
}

static bool sqlite_is_cancelled(const sqlite_connection *connection)
{
    return connection->is_cancelled != NULL && connection->is_cancelled(connection->is_cancelled_context);
}

CODEDB_PRIVATE int codedb_sqlite_is_over(void *context)
{
    const sqlite_connection *connection = context;
    return (connection->deadline != 0 && codedb_monotonic_now() >= connection->deadline) || sqlite_is_cancelled(connection);
}

/* Answers with SQLite's words for the call that failed last. */
CODEDB_PRIVATE codedb_code codedb_sqlite_fail(sqlite_connection *connection, int code, const char *what, codedb_result *result)
{
    bool is_last = connection->db != NULL && (sqlite3_errcode(connection->db) & 0xff) == (code & 0xff);
    const char *message = is_last ? sqlite3_errmsg(connection->db) : sqlite3_errstr(code);
    if ((code & 0xff) == SQLITE_AUTH && connection->refused != NULL)
        return codedb_fail(result, CODEDB_PERMISSION_DENIED, "%s: %s", what, connection->refused);
    /* Busy: what has a lock is waited for until somebody gives the request up. */
    if (((code & 0xff) == SQLITE_INTERRUPT || (code & 0xff) == SQLITE_BUSY) && sqlite_is_cancelled(connection))
        return codedb_fail(result, CODEDB_CANCELLED, "%s: cancelled", what);
    if ((code & 0xff) == SQLITE_INTERRUPT)
        return codedb_fail(result, CODEDB_TIMEOUT, "%s: interrupted, because the request's time was over", what);
    if ((code & 0xff) == SQLITE_BUSY && codedb_sqlite_is_over(connection))
        return codedb_fail(result, CODEDB_TIMEOUT, "%s: %s by another process until the request's time was over", what, message);
    if ((code & 0xff) == SQLITE_BUSY)
        return codedb_fail(result, CODEDB_BUSY, "%s: %s by another process", what, message);
    return codedb_fail(result, sqlite_code(code, message), "%s: %s", what, message);
}

/* The same for a commit. When the disk did not confirm it, all its pages are in the log: who opens the file behind a crash may find it
 * committed, though this connection has rolled it back, until the next commit is written over it. */
CODEDB_PRIVATE codedb_code codedb_sqlite_fail_commit(sqlite_connection *connection, int code, const char *what,
                                                     codedb_result *result)
{
    if (code != SQLITE_IOERR_FSYNC)
        return codedb_sqlite_fail(connection, code, what, result);
    return codedb_fail(result, CODEDB_OUTCOME_UNKNOWN,
                       "%s: the disk did not confirm the commit (%s); it is undone, but a crash may bring it back", what,
                       sqlite3_errmsg(connection->db));
}

/* SQLite asks now and then in a long statement: anything but 0 ends it. It may ask once more behind the last row, and even behind the
 * commit, when nothing can be taken back: then the statement is not busy any more. */
static int sqlite_on_progress(void *context)
{
    const sqlite_connection *connection = context;
    bool is_done = connection->running != NULL && sqlite3_stmt_busy(connection->running) == 0;
    return !is_done && codedb_sqlite_is_over(context);
}

/* Another process has the lock: waits a little and says 1 to try again, until the wait is over. */
static int sqlite_on_busy(void *context, int tries)
{
    sqlite_connection *connection = context;
    double now = codedb_monotonic_now();
    struct timespec nap = {0, tries < 10 ? 1000000L : 10000000L};
    if (tries == 0)
        connection->busy_since = now;
    if (now >= connection->busy_since + connection->settings.busy_timeout || codedb_sqlite_is_over(connection))
        return 0;
    nanosleep(&nap, NULL);
    return 1;
}

/* ---- 2. What SQL may do --------------------------------------------------------------------------------------------- */

/* A PRAGMA that only asks: without an argument most do, and with one only those that take a table's name or a limit. */
static bool sqlite_pragma_asks(const char *name, const char *argument)
{
    static const char *const act[] = {"wal_checkpoint", "optimize", "incremental_vacuum", "shrink_memory", NULL};
    static const char *const ask[] = {"table_info", "table_xinfo",      "table_list",        "index_info",      "index_xinfo",
                                      "index_list", "foreign_key_list", "foreign_key_check", "integrity_check", "quick_check",
                                      NULL};
    return argument == NULL ? !sqlite_name_is_one_of(name, act) : sqlite_name_is_one_of(name, ask);
}

static bool sqlite_action_changes_schema(int action)
{
    switch (action) {
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VIEW:
    case SQLITE_DROP_VTABLE:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_VIEW:
    case SQLITE_ALTER_TABLE: return true;
    default: return false;
    }
}

static const sqlite_fulltext *sqlite_fulltext_find(const sqlite_connection *connection, const char *name)
{
    const sqlite_fulltext *fulltext = connection->fulltexts;
    while (fulltext != NULL && sqlite3_stricmp(fulltext->name, name) != 0)
        fulltext = fulltext->next;
    return fulltext;
}

static bool sqlite_is_content(const sqlite_connection *connection, const char *name)
{
    const sqlite_fulltext *fulltext = connection->fulltexts;
    while (fulltext != NULL && sqlite3_stricmp(fulltext->content, name) != 0)
        fulltext = fulltext->next;
    return fulltext != NULL;
}

static void sqlite_note_access(sqlite_connection *connection, int action, const char *name)
{
    sqlite_statement *statement = connection->authorized;
    if (statement == NULL || name == NULL)
        return;
    if (sqlite_action_changes_schema(action))
        statement->changes_schema = true;
    if (action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE)
        statement->changes_rows = true;
    if ((action == SQLITE_INSERT || action == SQLITE_UPDATE) && sqlite_is_content(connection, name))
        statement->feeds_fulltext = true;
    if ((action == SQLITE_READ || action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE) &&
        sqlite_fulltext_find(connection, name) != NULL)
        statement->reads_fulltext = true;
}

/* What is said about a refused statement, or NULL when it may run. */
static const char *sqlite_refusal(const sqlite_connection *connection, int action, const char *first, const char *second)
{
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        if (!connection->preparing)
            return NULL; /* VACUUM itself begins one while it runs */
        return "BEGIN, COMMIT, ROLLBACK, SAVEPOINT and RELEASE are refused; use codedb_transaction_begin";
    case SQLITE_ATTACH:
        /* VACUUM attaches a nameless database while it runs; VACUUM INTO one with a name. */
        return connection->preparing || (first != NULL && first[0] != '\0') ? "ATTACH and VACUUM INTO are refused" : NULL;
    case SQLITE_DETACH: return connection->preparing ? "DETACH is refused" : NULL;
    case SQLITE_PRAGMA:
        return sqlite_pragma_asks(first, second) || !connection->preparing ? NULL : "a PRAGMA that writes or acts is refused";
    default: return NULL;
    }
}

static int sqlite_on_authorize(void *context, int action, const char *first, const char *second, const char *database,
                               const char *trigger)
{
    sqlite_connection *connection = context;
    (void)database;
    if (connection->trusted || (trigger != NULL && strncmp(trigger, "codedb_fulltext_", 16) == 0))
        return SQLITE_OK;
    connection->refused = sqlite_refusal(connection, action, first, second);
    if (connection->refused != NULL)
        return SQLITE_DENY;
    if (connection->preparing)
        sqlite_note_access(connection, action, first);
    return SQLITE_OK;
}

/* Runs codedb's own SQL that gives no rows. */
CODEDB_PRIVATE int codedb_sqlite_execute(sqlite_connection *connection, const char *sql)
{
    int code;
    connection->trusted = true;
    code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
    connection->trusted = false;
    return code;
}

CODEDB_PRIVATE int codedb_sqlite_has(sqlite_connection *connection, const char *sql, const char *first, const char *second,
                                     bool *answer)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite_prepare_own(connection, sql, &statement);
    *answer = false;
    if (code == SQLITE_OK && first != NULL)
        code = sqlite3_bind_text(statement, 1, first, -1, SQLITE_STATIC);
    if (code == SQLITE_OK && second != NULL)
        code = sqlite3_bind_text(statement, 2, second, -1, SQLITE_STATIC);
    if (code == SQLITE_OK) {
        connection->trusted = true;
        code = sqlite3_step(statement);
        *answer = code == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
        connection->trusted = false;
    }
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* ---- 3. Names ------------------------------------------------------------------------------------------------------- */

#define SQLITE_HINTS 256 /* names looked at for "did you mean" */

/* Fills `names` from the first column of a statement, NULL behind; stops without memory, as a hint is no must. */
static void sqlite_collect_names(sqlite3_stmt *statement, codedb_arena *arena, const char **names)
{
    size_t count = 0;
    while (count < SQLITE_HINTS && sqlite3_step(statement) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        names[count] = text != NULL ? codedb_arena_copy(arena, text, strlen(text)) : NULL;
        if (names[count] == NULL)
            break;
        count++;
    }
    names[count] = NULL;
    sqlite3_reset(statement);
}

/* SCHEMA_ERROR for a name that none of the statement's first column is. `of` may be "". */
static codedb_code sqlite_fail_unknown(sqlite_connection *connection, sqlite3_stmt *known, const char *what, const char *name,
                                       const char *of, codedb_result *result)
{
    const char *names[SQLITE_HINTS + 1];
    const char *nearest = NULL;
    codedb_arena *arena = codedb_arena_create(&connection->allocator);
    if (arena != NULL && known != NULL) {
        sqlite_collect_names(known, arena, names);
        nearest = codedb_text_nearest(name, strlen(name), names);
    }
    codedb_fail(result, CODEDB_SCHEMA_ERROR, "no %s %s%s%s%s%s", what, name, of, nearest != NULL ? "; did you mean " : "",
                nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
    codedb_arena_destroy(arena);
    return CODEDB_SCHEMA_ERROR;
}

static codedb_code sqlite_fail_unknown_table(sqlite_connection *connection, const char *table, codedb_result *result)
{
    sqlite3_stmt *tables = NULL;
    sqlite_prepare_own(connection, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')", &tables);
    sqlite_fail_unknown(connection, tables, "table", table, "", result);
    sqlite3_finalize(tables);
    return CODEDB_SCHEMA_ERROR;
}

static codedb_code sqlite_fail_unknown_column(sqlite_connection *connection, const char *table, const char *column,
                                              codedb_result *result)
{
    char of[160];
    snprintf(of, sizeof of, " in table %s", table);
    sqlite3_bind_text(connection->columns, 1, table, -1, SQLITE_STATIC);
    sqlite_fail_unknown(connection, connection->columns, "column", column, of, result);
    sqlite3_clear_bindings(connection->columns);
    return CODEDB_SCHEMA_ERROR;
}

/* The next name of an operation that is to be checked, counting through columns, where and order; NULL behind the last. */
static const char *sqlite_operation_name(const codedb_operation *operation, size_t index)
{
    if (index < operation->column_count)
        return operation->columns[index];
    index -= operation->column_count;
    if (index < operation->where_count)
        return operation->where[index];
    index -= operation->where_count;
    return index < operation->order_by_count ? operation->order_by[index].column : NULL;
}

/* Whether there is a table, and whether it has a column, asking SQLite. */
static int sqlite_has_column(sqlite_connection *connection, const char *table, const char *column, bool *has_table,
                             bool *has_column)
{
    int code = sqlite3_bind_text(connection->columns, 1, table, -1, SQLITE_STATIC);
    *has_table = false;
    *has_column = sqlite_is_rowid(column);
    connection->trusted = true;
    while (code == SQLITE_OK && sqlite3_step(connection->columns) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(connection->columns, 0);
        *has_table = true;
        *has_column = *has_column || (name != NULL && sqlite3_stricmp(name, column) == 0);
        if (name == NULL)
            code = SQLITE_NOMEM;
    }
    if (code == SQLITE_OK)
        code = sqlite3_reset(connection->columns);
    else
        sqlite3_reset(connection->columns);
    connection->trusted = false;
    sqlite3_clear_bindings(connection->columns);
    return code;
}

static bool sqlite_where_has(const codedb_operation *operation, const char *column)
{
    size_t i;
    for (i = 0; i < operation->where_count; i++)
        if (!operation->where_is_null[i] && sqlite3_stricmp(operation->where[i], column) == 0)
            return true;
    return false;
}

/* Whether a select asks for a row by an integer that is the table's whole key. That it need not look for another one is a fourth
 * of what such a row costs. When it cannot be told, it is not so. */
static bool sqlite_finds_one(sqlite_connection *connection, const codedb_operation *operation)
{
    int keys = 0, found = 0;
    if (operation->kind != CODEDB_OPERATION_SELECT || operation->where_count == 0 ||
        sqlite3_bind_text(connection->columns, 1, operation->table, -1, SQLITE_STATIC) != SQLITE_OK)
        return false;
    connection->trusted = true;
    while (sqlite3_step(connection->columns) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(connection->columns, 0);
        const char *type = (const char *)sqlite3_column_text(connection->columns, 2);
        if (sqlite3_column_int(connection->columns, 1) == 0)
            continue;
        keys++;
        if (name != NULL && type != NULL && sqlite3_stricmp(type, "INTEGER") == 0 && sqlite_where_has(operation, name))
            found++;
    }
    if (sqlite3_reset(connection->columns) != SQLITE_OK)
        found = 0;
    connection->trusted = false;
    sqlite3_clear_bindings(connection->columns);
    return keys == 1 && found == 1;
}

/* Fails unless there is a table of that name. */
static codedb_code sqlite_expect_table(sqlite_connection *connection, const char *table, codedb_result *result)
{
    bool has_table, has_column;
    int code = sqlite_has_column(connection, table, "rowid", &has_table, &has_column);
    if (code != SQLITE_OK)
        return codedb_sqlite_fail(connection, code, table, result);
    return has_table ? CODEDB_SUCCESS : sqlite_fail_unknown_table(connection, table, result);
}

/* SQLite would take the first of two values for a column, and say nothing. */
static codedb_code sqlite_check_twice(const codedb_operation *operation, codedb_result *result)
{
    size_t i, other;
    if (operation->kind != CODEDB_OPERATION_INSERT && operation->kind != CODEDB_OPERATION_UPDATE)
        return CODEDB_SUCCESS;
    for (i = 1; i < operation->column_count; i++) {
        for (other = 0; other < i; other++) {
            if (sqlite3_stricmp(operation->columns[i], operation->columns[other]) == 0)
                return codedb_fail(result, CODEDB_VALIDATION_ERROR, "column %s of table %s is given twice", operation->columns[i],
                                   operation->table);
        }
    }
    return CODEDB_SUCCESS;
}

/* Checks every name of a table operation against the schema. Runs only when no statement is prepared for it. */
static codedb_code sqlite_check_names(sqlite_connection *connection, const codedb_operation *operation, codedb_result *result)
{
    codedb_code checked = sqlite_expect_table(connection, operation->table, result);
    const char *name;
    size_t i;
    bool has_table, has_column;
    if (checked != CODEDB_SUCCESS)
        return checked;
    for (i = 0; (name = sqlite_operation_name(operation, i)) != NULL; i++) {
        int code = sqlite_has_column(connection, operation->table, name, &has_table, &has_column);
        if (code != SQLITE_OK)
            return codedb_sqlite_fail(connection, code, operation->table, result);
        if (!has_column)
            return sqlite_fail_unknown_column(connection, operation->table, name, result);
    }
    return sqlite_check_twice(operation, result);
}

/* ---- 4. Prepared statements ----------------------------------------------------------------------------------------- */

static void sqlite_statement_free(sqlite_connection *connection, sqlite_statement *statement)
{
    int *link = &connection->buckets[statement->operation.hash % SQLITE_BUCKETS];
    int place = (int)(statement - connection->statements);
    if (statement->statement == NULL)
        return;
    while (*link != place)
        link = &connection->statements[*link].next;
    *link = statement->next;
    sqlite3_finalize(statement->statement);
    sqlite3_finalize(statement->joined);
    codedb_arena_destroy(statement->arena);
    codedb_memory_release(&connection->allocator, statement->columns.names);
    memset(statement, 0, sizeof *statement);
}

static void sqlite_statements_clear(sqlite_connection *connection)
{
    size_t i;
    for (i = 0; i < SQLITE_STATEMENTS; i++)
        sqlite_statement_free(connection, &connection->statements[i]);
    connection->encoding_is_known = false;
}

/* A free place in the cache: an empty one, or that of the statement that was not used for longest. */
static sqlite_statement *sqlite_statement_place(sqlite_connection *connection)
{
    sqlite_statement *oldest = &connection->statements[0];
    size_t i;
    for (i = 0; i < SQLITE_STATEMENTS; i++) {
        sqlite_statement *statement = &connection->statements[i];
        if (statement->statement == NULL)
            return statement;
        if (statement->used < oldest->used)
            oldest = statement;
    }
    sqlite_statement_free(connection, oldest);
    return oldest;
}

/* The cached statement of an operation, or NULL. */
static sqlite_statement *sqlite_statement_find(sqlite_connection *connection, codedb_operation *operation)
{
    sqlite_statement *statement = operation->memo;
    int place;
    if (statement != NULL && statement->statement != NULL && statement->stamp == operation->memo_stamp)
        return statement;
    for (place = connection->buckets[operation->hash % SQLITE_BUCKETS]; place >= 0; place = statement->next) {
        statement = &connection->statements[place];
        if (statement->operation.hash == operation->hash && codedb_operation_equal(&statement->operation, operation)) {
            operation->memo = statement;
            operation->memo_stamp = statement->stamp;
            return statement;
        }
    }
    return NULL;
}

/* Only white space, comments and semicolons behind a statement: SQLite itself finds nothing to prepare there. */
static bool sqlite_tail_is_empty(sqlite_connection *connection, const char *tail, size_t length)
{
    while (length > 0) {
        sqlite3_stmt *second = NULL;
        const char *next = NULL;
        int code = sqlite3_prepare_v2(connection->db, tail, (int)length, &second, &next);
        bool empty = code == SQLITE_OK && second == NULL;
        sqlite3_finalize(second);
        if (!empty)
            return false;
        if (next == NULL || next == tail)
            break;
        length -= (size_t)(next - tail);
        tail = next;
    }
    return true;
}

/* Prepares the text in connection->sql, watched by the authorizer, which notes in `statement` what it touches. */
CODEDB_PRIVATE codedb_code codedb_sqlite_prepare(sqlite_connection *connection, sqlite_statement *statement, const char *what,
                                                 codedb_result *result)
{
    const char *sql = connection->sql.data;
    const char *tail = NULL;
    bool empty;
    int code;
    connection->refused = NULL;
    connection->authorized = statement;
    connection->preparing = true;
    code = sqlite3_prepare_v3(connection->db, sql, (int)connection->sql.length, SQLITE_PREPARE_PERSISTENT, &statement->statement,
                              &tail);
    connection->preparing = false;
    connection->authorized = NULL;
    if (code != SQLITE_OK)
        return codedb_sqlite_fail(connection, code, what, result);
    if (statement->statement == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the SQL holds no statement");
    connection->trusted = true;
    empty = sqlite_tail_is_empty(connection, tail, connection->sql.length - (size_t)(tail - sql));
    connection->trusted = false;
    if (!empty) {
        sqlite3_finalize(statement->statement);
        statement->statement = NULL;
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the SQL holds more than one statement: \"%.60s\" follows the first",
                           tail);
    }
    return CODEDB_SUCCESS;
}

static const char *sqlite_operation_title(const codedb_operation *operation)
{
    return operation->kind == CODEDB_OPERATION_EXECUTE ? "execute" : operation->table;
}

static codedb_code sqlite_write_sql(sqlite_connection *connection, const codedb_operation *operation, codedb_result *result)
{
    connection->sql.length = 0;
    codedb_sql_write(&connection->sql, CODEDB_SQL_SQLITE, operation);
    if (connection->sql.failed || connection->sql.data == NULL) {
        bool failed = connection->sql.failed;
        codedb_buffer_free(&connection->sql);
        return failed ? codedb_fail_no_memory(result) : codedb_fail(result, CODEDB_INVALID_REQUEST, "the SQL is empty");
    }
    if (connection->sql.length > (size_t)sqlite3_limit(connection->db, SQLITE_LIMIT_SQL_LENGTH, -1))
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "SQL of %zu bytes is too long", connection->sql.length);
    return CODEDB_SUCCESS;
}

/* Finds out whether SQLite keeps the address of a bound text: in a database of another encoding it translates the text and keeps that. Of one
 * that has a table the encoding cannot change any more. A SQLite that knows UTF-8 only has no answer. */
static codedb_code sqlite_learn_encoding(sqlite_connection *connection, codedb_result *result)
{
    sqlite3_stmt *encoding = NULL;
    int code;
    if (connection->encoding_is_known)
        return CODEDB_SUCCESS;
    code = sqlite_prepare_own(connection, "PRAGMA encoding", &encoding);
    if (code == SQLITE_OK)
        code = sqlite3_step(encoding);
    connection->is_utf8 = code != SQLITE_ROW || sqlite3_stricmp((const char *)sqlite3_column_text(encoding, 0), "UTF-8") == 0;
    connection->encoding_is_known = code == SQLITE_ROW || code == SQLITE_DONE;
    sqlite3_finalize(encoding);
    return connection->encoding_is_known ? CODEDB_SUCCESS : codedb_sqlite_fail(connection, code, "its encoding", result);
}

/* Gives a prepared statement what it needs to be found again and to run. */
static codedb_code sqlite_statement_fill(sqlite_connection *connection, sqlite_statement *statement,
                                         const codedb_operation *operation, codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    statement->parameter_count = sqlite3_bind_parameter_count(statement->statement);
    statement->arena = codedb_arena_create(&connection->allocator);
    if (statement->arena == NULL || !codedb_operation_copy(&statement->operation, operation, statement->arena))
        return codedb_fail_no_memory(result);
    if (operation->kind == CODEDB_OPERATION_INSERT)
        code = sqlite_learn_encoding(connection, result);
    if (operation->kind == CODEDB_OPERATION_INSERT && code == CODEDB_SUCCESS && connection->is_utf8) {
        statement->bound = codedb_arena_allocate(statement->arena, (size_t)statement->parameter_count, sizeof(codedb_value));
        if (statement->bound == NULL)
            return codedb_fail_no_memory(result);
    }
    return code;
}

/* Prepares an operation's statement and puts it into the cache. */
static codedb_code sqlite_statement_make(sqlite_connection *connection, codedb_operation *operation, sqlite_statement **made,
                                         codedb_result *result)
{
    sqlite_statement *statement = sqlite_statement_place(connection);
    codedb_code code = CODEDB_SUCCESS;
    int *bucket;
    if (operation->kind != CODEDB_OPERATION_EXECUTE)
        code = sqlite_check_names(connection, operation, result);
    if (code == CODEDB_SUCCESS)
        code = sqlite_write_sql(connection, operation, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_sqlite_prepare(connection, statement, sqlite_operation_title(operation), result);
    if (code != CODEDB_SUCCESS) {
        memset(statement, 0, sizeof *statement);
        return code;
    }
    code = sqlite_statement_fill(connection, statement, operation, result);
    if (code != CODEDB_SUCCESS) {
        sqlite3_finalize(statement->statement);
        codedb_arena_destroy(statement->arena);
        memset(statement, 0, sizeof *statement);
        return code;
    }
    statement->stamp = ++connection->stamps;
    statement->gives_rows = sqlite3_column_count(statement->statement) > 0;
    statement->only_reads = statement->gives_rows && sqlite3_stmt_readonly(statement->statement);
    statement->columns.finds_one = sqlite_finds_one(connection, operation);
    bucket = &connection->buckets[operation->hash % SQLITE_BUCKETS];
    statement->next = *bucket;
    *bucket = (int)(statement - connection->statements);
    operation->memo = statement;
    operation->memo_stamp = statement->stamp;
    *made = statement;
    return CODEDB_SUCCESS;
}

/* ---- 5. Running ----------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_sqlite_after_rollback(sqlite_connection *connection, bool ended)
{
    codedb_sqlite_fulltext_forget_pending(connection);
    if (connection->schema_was_changed) {
        sqlite_statements_clear(connection);
        codedb_sqlite_fulltext_drop(connection);
    }
    if (ended)
        connection->schema_was_changed = false;
}

/* Invariant 5. Nothing was written, so that it makes no difference how it ends. */
CODEDB_PRIVATE void codedb_sqlite_end_reading(sqlite_connection *connection)
{
    connection->was_reading = false;
    if (!connection->reading)
        return;
    connection->reading = false;
    if (sqlite3_get_autocommit(connection->db) == 0 && sqlite_step_own(connection, connection->commit) != SQLITE_OK)
        sqlite_step_own(connection, connection->rollback);
}

/* Opens a transaction for a read that follows a read: beginning and ending one costs as much as a small read. Without it, things go on
 * as well. */
static void sqlite_keep_reading(sqlite_connection *connection)
{
    if (connection->was_reading && !connection->reading && connection->in_memory && sqlite3_get_autocommit(connection->db) != 0) {
        int code = SQLITE_OK;
        if (connection->begin_reading == NULL)
            code = sqlite_prepare_own(connection, "BEGIN", &connection->begin_reading);
        connection->reading = code == SQLITE_OK && sqlite_step_own(connection, connection->begin_reading) == SQLITE_OK;
    }
    connection->was_reading = true;
}

/* Called when something failed: SQLite ends a transaction by itself when the disk is full, for one. */
CODEDB_PRIVATE void codedb_sqlite_notice_end(sqlite_connection *connection)
{
    codedb_sqlite_end_reading(connection);
    if (sqlite_is_autocommit(connection))
        codedb_sqlite_after_rollback(connection, true);
}

static int sqlite_bind(sqlite3_stmt *statement, int place, const codedb_value *value)
{
    const char *text = value->as.text != NULL ? value->as.text : "";
    switch (value->type) {
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN: return sqlite3_bind_int64(statement, place, value->as.integer);
    case CODEDB_VALUE_REAL: return sqlite3_bind_double(statement, place, value->as.real);
    case CODEDB_VALUE_TEXT:
        return sqlite3_bind_text64(statement, place, value->length > 0 ? text : "", value->length, SQLITE_STATIC, SQLITE_UTF8);
    case CODEDB_VALUE_BLOB:
        return sqlite3_bind_blob64(statement, place, value->length > 0 ? text : "", value->length, SQLITE_STATIC);
    case CODEDB_VALUE_NULL:
    case CODEDB_VALUE_ROW_ID_OF: break;
    }
    return sqlite3_bind_null(statement, place);
}

/* Whether a parameter is bound to just that value; a text may be told by its address, since SQLite keeps no more of it. */
static bool sqlite_is_bound(const codedb_value *bound, const codedb_value *value)
{
    if (bound->type != value->type)
        return false;
    switch (value->type) {
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN:
    case CODEDB_VALUE_REAL: return bound->as.integer == value->as.integer; /* of a real the bits: they tell 0 from -0 */
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB: return bound->as.text == value->as.text && bound->length == value->length;
    case CODEDB_VALUE_NULL: return true;
    case CODEDB_VALUE_ROW_ID_OF: break;
    }
    return false;
}

/* Binds a value of a row, if it is not bound yet: what follows in a batch has much in common with what went before. */
CODEDB_PRIVATE int codedb_sqlite_bind_again(sqlite3_stmt *statement, codedb_value *bound, int place, const codedb_value *value)
{
    int code;
    bound += place - 1;
    if (sqlite_is_bound(bound, value))
        return SQLITE_OK;
    code = sqlite_bind(statement, place, value);
    *bound = *value;
    if (code != SQLITE_OK)
        bound->type = CODEDB_VALUE_ROW_ID_OF; /* equal to none */
    return code;
}

/* Binds an operation's values: those of NULL conditions have no parameter, and a limit of 0 is none. */
static int sqlite_bind_all(sqlite_statement *statement, const codedb_operation *operation, const codedb_value *values)
{
    size_t head =
        operation->kind == CODEDB_OPERATION_INSERT || operation->kind == CODEDB_OPERATION_UPDATE ? operation->column_count : 0;
    int code = SQLITE_OK;
    int place = 0;
    size_t i;
    if (operation->kind == CODEDB_OPERATION_EXECUTE)
        head = operation->value_count;
    for (i = 0; code == SQLITE_OK && i < head; i++)
        code = statement->bound != NULL ? codedb_sqlite_bind_again(statement->statement, statement->bound, ++place, &values[i])
                                        : sqlite_bind(statement->statement, ++place, &values[i]);
    for (i = 0; code == SQLITE_OK && i < operation->where_count; i++)
        if (!operation->where_is_null[i])
            code = sqlite_bind(statement->statement, ++place, &values[head + i]);
    if (code == SQLITE_OK && operation->limited) {
        const codedb_value *limit = &values[head + operation->where_count];
        code = sqlite3_bind_int64(statement->statement, ++place, limit[0].as.integer > 0 ? limit[0].as.integer : -1);
        if (code == SQLITE_OK)
            code = sqlite3_bind_int64(statement->statement, ++place, limit[1].as.integer);
    }
    return code;
}

static bool sqlite_reserve_row(sqlite_connection *connection, size_t count)
{
    codedb_value *row;
    if (count <= connection->row_capacity)
        return true;
    row = codedb_memory_reallocate(&connection->allocator, connection->row, connection->row_capacity, count, sizeof *row);
    if (row == NULL)
        return false;
    connection->row = row;
    connection->row_capacity = count;
    return true;
}

/* Reads a column; false when SQLite had no memory for it. */
static bool sqlite_read_value(sqlite3_stmt *statement, int column, codedb_value *value)
{
    value->length = 0;
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        value->type = CODEDB_VALUE_INTEGER;
        value->as.integer = sqlite3_column_int64(statement, column);
        return true;
    case SQLITE_FLOAT:
        value->type = CODEDB_VALUE_REAL;
        value->as.real = sqlite3_column_double(statement, column);
        return true;
    case SQLITE_TEXT:
        value->type = CODEDB_VALUE_TEXT;
        value->as.text = (const char *)sqlite3_column_text(statement, column);
        value->length = (size_t)sqlite3_column_bytes(statement, column);
        return value->as.text != NULL;
    case SQLITE_BLOB:
        value->type = CODEDB_VALUE_BLOB;
        value->as.text = sqlite3_column_blob(statement, column);
        value->length = (size_t)sqlite3_column_bytes(statement, column);
        return value->as.text != NULL || value->length == 0;
    default:
        value->type = CODEDB_VALUE_NULL;
        value->as.integer = 0;
        return true;
    }
}

/* Asks for the names again when SQLite has prepared the statement anew: the schema was another one then. */
static bool sqlite_read_columns(sqlite_connection *connection, sqlite3_stmt *statement, sqlite_columns *columns)
{
    int prepared_again = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_REPREPARE, 0);
    int count, i;
    if (columns->names != NULL && columns->prepared_again == prepared_again)
        return true;
    if (columns->prepared_again != prepared_again)
        columns->finds_one = false; /* the table may be another one */
    count = sqlite3_column_count(statement);
    codedb_memory_release(&connection->allocator, columns->names);
    columns->names = codedb_memory_allocate(&connection->allocator, (size_t)count, sizeof *columns->names);
    for (i = 0; columns->names != NULL && i < count; i++) {
        columns->names[i] = sqlite3_column_name(statement, i);
        if (columns->names[i] == NULL) {
            codedb_memory_release(&connection->allocator, columns->names);
            columns->names = NULL;
        }
    }
    columns->count = count;
    columns->prepared_again = prepared_again;
    return columns->names != NULL && sqlite_reserve_row(connection, (size_t)count);
}

static codedb_code sqlite_write_row(sqlite_connection *connection, sqlite3_stmt *statement, int count, codedb_row_writer *rows,
                                    codedb_result *result)
{
    int i;
    for (i = 0; i < count; i++)
        if (!sqlite_read_value(statement, i, &connection->row[i]))
            return codedb_fail_no_memory(result);
    return rows->row(rows, connection->row);
}

/* Steps a bound statement to its end, giving its rows to `rows` (may be NULL: then so may `columns`). */
static codedb_code sqlite_step_all(sqlite_connection *connection, sqlite3_stmt *statement, sqlite_columns *columns,
                                   codedb_row_writer *rows, const char *what, codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    int step = sqlite3_step(statement);
    /* Behind the first step: a schema that changed has been noticed by then. */
    if (rows != NULL && (step == SQLITE_ROW || step == SQLITE_DONE)) {
        if (sqlite_read_columns(connection, statement, columns))
            code = rows->begin(rows, columns->names, (size_t)columns->count);
        else
            code = codedb_fail_no_memory(result);
    }
    while (code == CODEDB_SUCCESS && step == SQLITE_ROW) {
        if (rows != NULL)
            code = sqlite_write_row(connection, statement, columns->count, rows, result);
        if (code == CODEDB_SUCCESS)
            step = rows != NULL && columns->finds_one ? SQLITE_DONE : sqlite3_step(statement);
    }
    if (code == CODEDB_SUCCESS && step != SQLITE_DONE)
        return codedb_sqlite_fail(connection, step, what, result);
    return code;
}

static codedb_code sqlite_count_rows(sqlite_connection *connection, sqlite3_stmt *statement, const char *what, int64_t *count,
                                     codedb_result *result)
{
    int step = sqlite3_step(statement);
    if (step != SQLITE_ROW)
        return codedb_sqlite_fail(connection, step, what, result);
    *count = sqlite3_column_int64(statement, 0);
    return CODEDB_SUCCESS;
}

/* Steps a bound statement as its operation wants it. */
static codedb_code sqlite_step_operation(sqlite_connection *connection, sqlite_statement *statement,
                                         const codedb_operation *operation, codedb_row_writer *rows, codedb_changes *changes,
                                         codedb_result *result)
{
    const char *what = sqlite_operation_title(operation);
    if (operation->kind == CODEDB_OPERATION_COUNT)
        return sqlite_count_rows(connection, statement->statement, what, &changes->affected_rows, result);
    return sqlite_step_all(connection, statement->statement, &statement->columns, rows, what, result);
}

/* The same, and notes what changed. */
static codedb_code sqlite_step_writing(sqlite_connection *connection, sqlite_statement *statement,
                                       const codedb_operation *operation, codedb_row_writer *rows, codedb_changes *changes,
                                       codedb_result *result)
{
    sqlite3_int64 before = sqlite3_total_changes64(connection->db);
    bool commits = sqlite_is_autocommit(connection);
    codedb_code code;
    codedb_sqlite_fulltext_remember(connection);
    code = sqlite_step_operation(connection, statement, operation, rows, changes, result);
    if (code == CODEDB_DATABASE_ERROR && commits && sqlite3_extended_errcode(connection->db) == SQLITE_IOERR_FSYNC)
        code = codedb_sqlite_fail_commit(connection, SQLITE_IOERR_FSYNC, sqlite_operation_title(operation), result);
    if (code != CODEDB_SUCCESS) {
        codedb_sqlite_fulltext_restore(connection);
    } else if (sqlite3_total_changes64(connection->db) != before) {
        changes->affected_rows = sqlite3_changes64(connection->db);
        changes->last_insert_id = sqlite3_last_insert_rowid(connection->db);
    }
    return code;
}

/* Binds, steps and resets one statement. */
static codedb_code sqlite_run_statement(sqlite_connection *connection, sqlite_statement *statement,
                                        const codedb_operation *operation, const codedb_value *values, codedb_row_writer *rows,
                                        codedb_changes *changes, codedb_result *result)
{
    codedb_code code;
    int bound = sqlite_bind_all(statement, operation, values);
    connection->running = statement->statement;
    if (bound != SQLITE_OK)
        code = codedb_sqlite_fail(connection, bound, sqlite_operation_title(operation), result);
    else if (statement->only_reads)
        code = sqlite_step_operation(connection, statement, operation, rows, changes, result);
    else
        code = sqlite_step_writing(connection, statement, operation, rows, changes, result);
    sqlite3_reset(statement->statement);
    connection->running = NULL;
    if (code != CODEDB_SUCCESS)
        codedb_sqlite_notice_end(connection);
    return code;
}

/* Makes the connection ready for a statement that changes the schema, and takes the statement out of the cache's reach. */
static codedb_code sqlite_run_schema_change(sqlite_connection *connection, sqlite_statement *statement,
                                            const codedb_operation *operation, const codedb_value *values,
                                            codedb_changes *changes, codedb_result *result)
{
    codedb_code code = codedb_sqlite_fulltext_flush(connection, result);
    int dropped;
    if (code != CODEDB_SUCCESS)
        return code;
    dropped = codedb_sqlite_fulltext_drop(connection);
    if (dropped != SQLITE_OK)
        return codedb_sqlite_fail(connection, dropped, "the upkeep of full text", result);
    connection->schema_was_changed = !sqlite_is_autocommit(connection);
    code = sqlite_run_statement(connection, statement, operation, values, NULL, changes, result);
    sqlite_statements_clear(connection);
    return code;
}

CODEDB_PRIVATE void codedb_sqlite_forget_schema(sqlite_connection *connection)
{
    sqlite_statements_clear(connection);
    codedb_sqlite_fulltext_drop(connection);
}

CODEDB_PRIVATE int codedb_sqlite_schema_version(sqlite_connection *connection, int64_t *version)
{
    int code = SQLITE_OK, reset;
    *version = 0;
    connection->trusted = true;
    if (connection->schema_version == NULL)
        code = sqlite_prepare_own(connection, "PRAGMA schema_version", &connection->schema_version);
    connection->trusted = true;
    if (code == SQLITE_OK)
        code = sqlite3_step(connection->schema_version);
    if (code == SQLITE_ROW)
        *version = sqlite3_column_int64(connection->schema_version, 0);
    reset = sqlite3_reset(connection->schema_version);
    connection->trusted = false;
    return code == SQLITE_ROW ? SQLITE_OK : reset != SQLITE_OK ? reset : code;
}

/* Whether the schema is another one than that which is known (invariant 4). A database in memory has no other process, and what is open
 * for reading no upkeep. */
static int sqlite_is_outdated(sqlite_connection *connection, bool *outdated)
{
    int64_t version;
    int code;
    *outdated = false;
    if (connection->in_memory || connection->settings.read_only || !connection->schema_is_known)
        return SQLITE_OK;
    code = codedb_sqlite_schema_version(connection, &version);
    *outdated = code == SQLITE_OK && version != connection->known_version;
    return code;
}

static codedb_code sqlite_find_or_make(sqlite_connection *connection, codedb_operation *operation, sqlite_statement **statement,
                                       codedb_result *result)
{
    *statement = sqlite_statement_find(connection, operation);
    if (*statement == NULL) {
        codedb_code code = sqlite_statement_make(connection, operation, statement, result);
        if (code != CODEDB_SUCCESS)
            return code;
    }
    (*statement)->used = ++connection->clock;
    return CODEDB_SUCCESS;
}

/* Prepares what is needed before `operation` can run: its statement, and for other than schema changes the knowledge of full-text tables, which the
 * authorizer's notes depend on. */
CODEDB_PRIVATE codedb_code codedb_sqlite_ready(sqlite_connection *connection, codedb_operation *operation,
                                               sqlite_statement **statement, codedb_result *result)
{
    bool inside = !sqlite_is_autocommit(connection);
    bool outdated = false;
    codedb_code code = sqlite_find_or_make(connection, operation, statement, result);
    /* A trigger of ours may write to a table that another process has dropped. */
    if (code == CODEDB_SCHEMA_ERROR && !inside && sqlite_is_outdated(connection, &outdated) == SQLITE_OK && outdated) {
        codedb_sqlite_forget_schema(connection);
        codedb_result_clear(result);
        code = sqlite_find_or_make(connection, operation, statement, result);
    }
    if (code == CODEDB_SUCCESS && !(*statement)->changes_schema && !connection->schema_is_known) {
        codedb_sqlite_end_reading(connection);
        sqlite_statements_clear(connection);
        code = codedb_sqlite_fulltext_discover(connection, result);
        if (code == CODEDB_SUCCESS)
            code = sqlite_find_or_make(connection, operation, statement, result);
    }
    if (code == CODEDB_SUCCESS && inside && sqlite_is_autocommit(connection)) /* invariant 3 */
        return codedb_fail(result, CODEDB_DATABASE_ERROR, "the database itself has rolled the transaction back");
    return code;
}

static codedb_code sqlite_commit(codedb_connection *connection, codedb_result *result);
static codedb_code sqlite_rollback(codedb_connection *connection, codedb_result *result);
static codedb_code sqlite_begin(codedb_connection *connection, codedb_result *result);

/* Whether a statement that would run alone has to share a transaction: with the look at the schema (invariant 4), with the upkeep of full
 * text, or with its rows, which may fail to be read. */
static bool sqlite_needs_wrap(const sqlite_connection *connection, const sqlite_statement *statement,
                              const codedb_row_writer *rows)
{
    if (statement->only_reads || !sqlite_is_autocommit(connection))
        return false;
    return statement->feeds_fulltext || (statement->changes_rows && !connection->in_memory) ||
           (rows != NULL && statement->gives_rows);
}

static codedb_code sqlite_run_wrapped(sqlite_connection *connection, codedb_operation *operation, const codedb_value *values,
                                      codedb_row_writer *rows, codedb_changes *changes, codedb_result *result)
{
    codedb_connection *self = (codedb_connection *)(void *)connection;
    sqlite_statement *statement;
    codedb_code code = sqlite_begin(self, result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_sqlite_ready(connection, operation, &statement, result); /* once more: the schema may have been another one */
    if (code == CODEDB_SUCCESS)
        code = sqlite_run_statement(connection, statement, operation, values, rows, changes, result);
    else
        codedb_sqlite_notice_end(connection);
    if (code == CODEDB_SUCCESS)
        code = sqlite_commit(self, result);
    if (code != CODEDB_SUCCESS && !sqlite_is_autocommit(connection))
        sqlite_rollback(self, NULL);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_sqlite_run(codedb_connection *self, codedb_operation *operation, const codedb_value *values,
                                             codedb_row_writer *rows, codedb_changes *changes, codedb_result *result)
{
    sqlite_connection *connection = sqlite_of(self);
    sqlite_statement *statement;
    codedb_code code = codedb_sqlite_ready(connection, operation, &statement, result);
    if (code != CODEDB_SUCCESS) {
        codedb_sqlite_notice_end(connection);
        return code;
    }
    if (operation->kind == CODEDB_OPERATION_EXECUTE && (size_t)statement->parameter_count != operation->value_count)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the SQL has %d parameters, and %zu values were given",
                           statement->parameter_count, operation->value_count);
    if (connection->fulltexts != NULL && (statement->reads_fulltext || codedb_sqlite_fulltext_is_crowded(connection)))
        code = codedb_sqlite_fulltext_flush(connection, result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (statement->only_reads)
        sqlite_keep_reading(connection);
    else
        codedb_sqlite_end_reading(connection);
    if (statement->changes_schema)
        return sqlite_run_schema_change(connection, statement, operation, values, changes, result);
    if (sqlite_needs_wrap(connection, statement, rows))
        return sqlite_run_wrapped(connection, operation, values, rows, changes, result);
    return sqlite_run_statement(connection, statement, operation, values, rows, changes, result);
}

static codedb_code sqlite_table_info(codedb_connection *self, const char *table, codedb_row_writer *rows, codedb_result *result)
{
    static const char *const ask = "SELECT name, type, \"notnull\" = 0 AND pk = 0 AS nullable, dflt_value AS \"default\", pk AS "
                                   "primary_key FROM pragma_table_xinfo(?1) WHERE hidden <> 1";
    sqlite_connection *connection = sqlite_settled(self);
    sqlite3_stmt *statement = NULL;
    sqlite_columns columns = {0};
    codedb_code code = sqlite_expect_table(connection, table, result);
    int prepared;
    if (code != CODEDB_SUCCESS)
        return code;
    prepared = sqlite_prepare_own(connection, ask, &statement);
    if (prepared == SQLITE_OK)
        prepared = sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    if (prepared == SQLITE_OK)
        code = sqlite_step_all(connection, statement, &columns, rows, table, result);
    else
        code = codedb_sqlite_fail(connection, prepared, table, result);
    sqlite3_finalize(statement);
    codedb_memory_release(&connection->allocator, columns.names);
    return code;
}

/* ---- 6. Transactions ------------------------------------------------------------------------------------------------ */

static int sqlite_in_transaction(codedb_connection *self)
{
    return !sqlite_is_autocommit(sqlite_of(self));
}

/* Invariant 4: in a transaction that has just begun. What is outdated is forgotten outside of a transaction, which begins once more then. */
static int sqlite_notice_schema(sqlite_connection *connection)
{
    bool outdated;
    int code = sqlite_is_outdated(connection, &outdated);
    if (code != SQLITE_OK || !outdated)
        return code;
    code = sqlite_step_own(connection, connection->rollback);
    if (code != SQLITE_OK)
        return code;
    codedb_sqlite_forget_schema(connection);
    return sqlite_step_own(connection, connection->begin);
}

static codedb_code sqlite_begin(codedb_connection *self, codedb_result *result)
{
    sqlite_connection *connection = sqlite_settled(self);
    codedb_code failure;
    int code = sqlite_step_own(connection, connection->begin);
    if (code == SQLITE_OK)
        code = sqlite_notice_schema(connection);
    if (code == SQLITE_OK)
        return CODEDB_SUCCESS;
    failure = codedb_sqlite_fail(connection, code, "begin", result);
    if (!sqlite_is_autocommit(connection))
        sqlite_rollback(self, NULL);
    return failure;
}

static codedb_code sqlite_commit(codedb_connection *self, codedb_result *result)
{
    sqlite_connection *connection = sqlite_settled(self);
    codedb_code failure = codedb_sqlite_fulltext_flush(connection, result);
    int code;
    if (failure != CODEDB_SUCCESS)
        return failure;
    code = sqlite_step_own(connection, connection->commit);
    if (code != SQLITE_OK) {
        failure = codedb_sqlite_fail_commit(connection, code, "commit", result);
        codedb_sqlite_notice_end(connection);
        return failure;
    }
    connection->schema_was_changed = false;
    return CODEDB_SUCCESS;
}

static codedb_code sqlite_rollback(codedb_connection *self, codedb_result *result)
{
    sqlite_connection *connection = sqlite_settled(self);
    int code = sqlite_is_autocommit(connection) ? SQLITE_OK : sqlite_step_own(connection, connection->rollback);
    codedb_sqlite_after_rollback(connection, true);
    return code == SQLITE_OK ? CODEDB_SUCCESS : codedb_sqlite_fail(connection, code, "rollback", result);
}

/* Runs a statement on the savepoint of a depth, whose name stands twice in a rollback. */
static codedb_code sqlite_run_savepoint(sqlite_connection *connection, const char *format, int depth, codedb_result *result)
{
    char sql[96];
    int code;
    snprintf(sql, sizeof sql, format, depth, depth);
    code = codedb_sqlite_execute(connection, sql);
    return code == SQLITE_OK ? CODEDB_SUCCESS : codedb_sqlite_fail(connection, code, "savepoint", result);
}

/* The same for depth 0, which every member of a group has: with a statement that is prepared once. */
static codedb_code sqlite_step_savepoint(sqlite_connection *connection, sqlite3_stmt **statement, const char *sql,
                                         codedb_result *result)
{
    int code = SQLITE_OK;
    if (*statement == NULL)
        code = sqlite_prepare_own(connection, sql, statement);
    if (code == SQLITE_OK)
        code = sqlite_step_own(connection, *statement);
    return code == SQLITE_OK ? CODEDB_SUCCESS : codedb_sqlite_fail(connection, code, "savepoint", result);
}

static codedb_code sqlite_savepoint(codedb_connection *self, int depth, codedb_result *result)
{
    sqlite_connection *connection = sqlite_settled(self);
    codedb_code code = codedb_sqlite_fulltext_flush(connection, result); /* nothing may be pending then */
    if (code != CODEDB_SUCCESS)
        return code;
    if (depth == 0)
        return sqlite_step_savepoint(connection, &connection->savepoint, "SAVEPOINT codedb_0", result);
    return sqlite_run_savepoint(connection, "SAVEPOINT codedb_%d", depth, result);
}

/* The neighbours' commit must not fail for a deferred foreign key that this one broke. */
static codedb_code sqlite_check_keys(sqlite_connection *connection, codedb_result *result)
{
    int broken = 0, most = 0;
    sqlite3_db_status(connection->db, SQLITE_DBSTATUS_DEFERRED_FKS, &broken, &most, 0);
    return broken == 0 ? CODEDB_SUCCESS : codedb_fail(result, CODEDB_VALIDATION_ERROR, "commit: FOREIGN KEY constraint failed");
}

static codedb_code sqlite_release(codedb_connection *self, int depth, codedb_result *result)
{
    sqlite_connection *connection = sqlite_of(self);
    codedb_code code;
    if (depth > 0)
        return sqlite_run_savepoint(connection, "RELEASE codedb_%d", depth, result);
    code = codedb_sqlite_fulltext_flush(connection, result); /* its failure is this one's, not the commit's */
    if (code == CODEDB_SUCCESS)
        code = sqlite_check_keys(connection, result);
    return code == CODEDB_SUCCESS ? sqlite_step_savepoint(connection, &connection->release, "RELEASE codedb_0", result) : code;
}

static codedb_code sqlite_rollback_to(codedb_connection *self, int depth, codedb_result *result)
{
    sqlite_connection *connection = sqlite_of(self);
    codedb_code code = sqlite_run_savepoint(connection, "ROLLBACK TO codedb_%d; RELEASE codedb_%d", depth, result);
    codedb_sqlite_after_rollback(connection, false);
    return code;
}

static void sqlite_watch(codedb_connection *self, int (*is_cancelled)(void *context), void *context)
{
    sqlite_of(self)->is_cancelled = is_cancelled;
    sqlite_of(self)->is_cancelled_context = context;
}

static void sqlite_set_deadline(codedb_connection *self, double deadline)
{
    sqlite_of(self)->deadline = deadline;
}

/* ---- 7. Connecting and the function table --------------------------------------------------------------------------- */

static void sqlite_disconnect(codedb_connection *self)
{
    sqlite_connection *connection = sqlite_settled(self);
    codedb_allocator allocator = connection->allocator;
    if (connection->db != NULL) {
        connection->deadline = 0;
        if (!sqlite_is_autocommit(connection))
            codedb_sqlite_execute(connection, "ROLLBACK");
        codedb_sqlite_copy_end(self);
        codedb_sqlite_forget_schema(connection);
        sqlite3_finalize(connection->columns);
        sqlite3_finalize(connection->schema_version);
        sqlite3_finalize(connection->begin);
        sqlite3_finalize(connection->begin_reading);
        sqlite3_finalize(connection->commit);
        sqlite3_finalize(connection->rollback);
        sqlite3_finalize(connection->savepoint);
        sqlite3_finalize(connection->release);
        sqlite3_close(connection->db);
    }
    codedb_buffer_free(&connection->sql);
    codedb_memory_release(&allocator, connection->row);
    codedb_memory_release(&allocator, connection);
}

/* What the system said about a file that cannot be opened. */
static codedb_code sqlite_fail_open(sqlite_connection *connection, int code, const char *path, codedb_result *result)
{
    int system = connection->db != NULL ? sqlite3_system_errno(connection->db) : 0;
    if ((code & 0xff) == SQLITE_CANTOPEN && system == ENOENT)
        return codedb_fail(result, CODEDB_NOT_FOUND, "%s: there is no such database file or folder", path);
    if ((code & 0xff) == SQLITE_CANTOPEN && system != 0) {
        bool forbidden = system == EACCES || system == EPERM || system == EROFS;
        char reason[100];
        codedb_text_system_error(system, reason, sizeof reason);
        return codedb_fail(result, forbidden ? CODEDB_PERMISSION_DENIED : CODEDB_CONNECTION_ERROR, "%s: %s be opened: %s", path,
                           forbidden ? "may not" : "cannot", reason);
    }
    return codedb_sqlite_fail(connection, code, path, result);
}

static int sqlite_set_up(sqlite_connection *connection)
{
    sqlite3 *db = connection->db;
    int code;
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_handler(db, sqlite_on_busy, connection);
    sqlite3_progress_handler(db, SQLITE_PROGRESS_STEPS, sqlite_on_progress, connection);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* The schema stays trusted: triggers of existing databases feed FTS5 tables, which older versions forbid otherwise. */
    code = sqlite3_create_function_v2(db, "codedb_fulltext_pending", 3, SQLITE_UTF8 | SQLITE_INNOCUOUS, connection,
                                      codedb_sqlite_fulltext_pending, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = codedb_match_register(db, &connection->allocator, &connection->deadline);
    if (code == SQLITE_OK)
        code = sqlite3_set_authorizer(db, sqlite_on_authorize, connection);
    /* The first look at the file: one that is no database is noticed here. */
    if (code == SQLITE_OK)
        code = codedb_sqlite_execute(connection, "PRAGMA temp_store = MEMORY; SELECT count(*) FROM sqlite_schema");
    return code;
}

/* For bulk loads: with 8 MB of cache fewer pages are written to the log and read back before their commit. */
#define SQLITE_WAL_PRAGMAS "PRAGMA cache_size = -8000"

/* The write-ahead log, and how durable a commit is. A database in memory has neither. */
static int sqlite_set_durability(sqlite_connection *connection)
{
    static const char *const levels[] = {"off", "normal", "full", "extra"};
    const char *wanted = connection->settings.synchronous != NULL ? connection->settings.synchronous : "full";
    char sql[64];
    size_t level;
    int code = SQLITE_OK;
    for (level = 0; level < 3 && sqlite3_stricmp(levels[level], wanted) != 0; level++)
        continue;
    if (!connection->settings.read_only)
        code = codedb_sqlite_execute(connection, "PRAGMA journal_mode = WAL; " SQLITE_WAL_PRAGMAS);
    if (code != SQLITE_OK)
        return code;
    codedb_sqlite_watch_log(connection);
    snprintf(sql, sizeof sql, "PRAGMA synchronous = %s", levels[level]);
    return codedb_sqlite_execute(connection, sql);
}

static int sqlite_prepare_fixed(sqlite_connection *connection)
{
    int code = sqlite_prepare_own(connection, "SELECT name, pk, type FROM pragma_table_xinfo(?1)", &connection->columns);
    if (code == SQLITE_OK)
        code = sqlite_prepare_own(connection, connection->settings.read_only ? "BEGIN" : "BEGIN IMMEDIATE", &connection->begin);
    if (code == SQLITE_OK)
        code = sqlite_prepare_own(connection, "COMMIT", &connection->commit);
    if (code == SQLITE_OK)
        code = sqlite_prepare_own(connection, "ROLLBACK", &connection->rollback);
    return code;
}

/* What SQLite says about a folder or a device ("disk I/O error", "disk is full") explains nothing. */
static codedb_code sqlite_check_file(const char *path, codedb_result *result)
{
    struct stat status;
    if (strcmp(path, ":memory:") == 0 || stat(path, &status) != 0 || S_ISREG(status.st_mode))
        return CODEDB_SUCCESS;
    return codedb_fail(result, CODEDB_CONNECTION_ERROR, "%s: found %s, expected a database file", path,
                       S_ISDIR(status.st_mode) ? "a folder" : "what is no regular file");
}

/* SQLite gives a file that it makes to everybody whom the umask leaves, and the files beside it what that one has. The file is made without
 * being opened where the system can: closing it would drop the locks that another thread has got on it meanwhile. What goes wrong
 * here is told by SQLite, which looks next. */
static void sqlite_make_private(const char *path)
{
    int file = -1;
    if (mknod(path, S_IFREG | 0600, 0) != 0 && errno != EEXIST)
        file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file >= 0)
        close(file);
}

static codedb_code sqlite_open(sqlite_connection *connection, const char *path, codedb_result *result)
{
    int mode = connection->settings.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code;
    if (!connection->settings.read_only && strcmp(path, ":memory:") != 0)
        sqlite_make_private(path);
    connection->in_memory = strcmp(path, ":memory:") == 0;
    code = sqlite3_open_v2(path, &connection->db, mode | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite_set_up(connection);
    if (code == SQLITE_OK)
        code = codedb_sqlite_begin_database(connection);
    if (code != SQLITE_OK)
        return sqlite_fail_open(connection, code, path, result);
    if (!connection->settings.read_only && sqlite3_db_readonly(connection->db, "main") == 1)
        return codedb_fail(result, CODEDB_PERMISSION_DENIED, "%s: the file is read-only; open it with read_only", path);
    code = sqlite_set_durability(connection);
    if (code == SQLITE_OK)
        code = sqlite_prepare_fixed(connection);
    return code == SQLITE_OK ? CODEDB_SUCCESS : sqlite_fail_open(connection, code, path, result);
}

static codedb_code sqlite_connect(const codedb_driver *driver, const codedb_driver_settings *settings,
                                  codedb_connection **connected, codedb_result *result)
{
    sqlite_connection *connection = codedb_memory_allocate(&settings->allocator, 1, sizeof *connection);
    codedb_code code;
    size_t i;
    (void)driver;
    *connected = NULL;
    if (connection == NULL)
        return codedb_fail_no_memory(result);
    memset(connection, 0, sizeof *connection);
    connection->settings = *settings;
    connection->allocator = settings->allocator;
    codedb_buffer_init(&connection->sql, &connection->allocator);
    for (i = 0; i < SQLITE_BUCKETS; i++)
        connection->buckets[i] = -1;
    if (settings->path == NULL || settings->path[0] == '\0')
        code = codedb_fail(result, CODEDB_VALIDATION_ERROR, "the sqlite driver needs a path");
    else
        code = sqlite_check_file(settings->path, result);
    if (code == CODEDB_SUCCESS)
        code = sqlite_open(connection, settings->path, result);
    if (code != CODEDB_SUCCESS) {
        sqlite_disconnect((codedb_connection *)(void *)connection);
        return code;
    }
    *connected = (codedb_connection *)(void *)connection;
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE const codedb_driver *codedb_sqlite_driver(void)
{
    static const codedb_driver driver = {
        .struct_size = sizeof(codedb_driver),
        .name = "sqlite",
        .connect = sqlite_connect,
        .disconnect = sqlite_disconnect,
        .run = codedb_sqlite_run,
        .begin = sqlite_begin,
        .commit = sqlite_commit,
        .rollback = sqlite_rollback,
        .in_transaction = sqlite_in_transaction,
        .savepoint = sqlite_savepoint,
        .release = sqlite_release,
        .rollback_to = sqlite_rollback_to,
        .set_deadline = sqlite_set_deadline,
        .table_info = sqlite_table_info,
        .backup = codedb_sqlite_backup,
        .change_schema = codedb_sqlite_change_schema,
        .dialect = CODEDB_SQL_SQLITE,
        .watch = sqlite_watch,
        .copy_start = codedb_sqlite_copy_start,
        .copy_step = codedb_sqlite_copy_step,
        .copy_end = codedb_sqlite_copy_end,
        .restore = codedb_sqlite_restore,
        .check = codedb_sqlite_check,
        .vacuum = codedb_sqlite_vacuum,
        .checkpoint = codedb_sqlite_checkpoint,
        .storage = codedb_sqlite_storage,
        .run_rows = codedb_sqlite_run_rows,
    };
    return &driver;
}
