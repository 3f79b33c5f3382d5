/* codedb_sqlite_schema.c -- the SQLite driver's changes of the schema.
 *
 * Called by the driver thread through the driver's table, outside of transactions. */
#include "codedb_sqlite.h"

CODEDB_PRIVATE int codedb_sqlite_ask(sqlite_connection *connection, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement = NULL;
    int code;
    *number = 0;
    connection->trusted = true;
    code = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    code = code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
    sqlite3_finalize(statement);
    connection->trusted = false;
    return code;
}

static codedb_code sqlite_schema_check_stamp(sqlite_connection *connection, int64_t stamp, codedb_result *result)
{
    int64_t found;
    int code = codedb_sqlite_ask(connection, "SELECT schema_version FROM pragma_schema_version", &found);
    if (code != SQLITE_OK)
        return codedb_sqlite_fail(connection, code, "schema", result);
    if (found != stamp)
        return codedb_fail(result, CODEDB_CONFLICT, "the schema was changed by somebody else meanwhile");
    return CODEDB_SUCCESS;
}

static const char sqlite_schema_orphans[] = "SELECT count(*) FROM pragma_foreign_key_check";

/* Fails when more rows refer to nothing than `before`; negative: they could not be counted, because a key itself is wrong. */
static codedb_code sqlite_schema_check_orphans(sqlite_connection *connection, int64_t before, codedb_result *result)
{
    int64_t after;
    int code = codedb_sqlite_ask(connection, sqlite_schema_orphans, &after);
    if (before < 0 && (code == SQLITE_OK || (code & 0xff) == SQLITE_ERROR))
        return CODEDB_SUCCESS;
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_ERROR)
        return codedb_sqlite_fail(connection, code, "foreign keys", result);
    if (code != SQLITE_OK)
        return codedb_fail(result, CODEDB_SCHEMA_ERROR, "foreign keys: %s", sqlite3_errmsg(connection->db));
    if (after > before)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR,
                           "foreign keys: %lld rows would refer to rows that are not there, %lld more than before",
                           (long long)after, (long long)(after - before));
    return CODEDB_SUCCESS;
}

static codedb_code sqlite_schema_run(sqlite_connection *connection, const codedb_schema_statement *statements, size_t count,
                                     codedb_result *result)
{
    int64_t before;
    int code = codedb_sqlite_ask(connection, sqlite_schema_orphans, &before);
    if ((code & 0xff) == SQLITE_ERROR)
        before = -1;
    else if (code != SQLITE_OK)
        return codedb_sqlite_fail(connection, code, "foreign keys", result);
    for (size_t i = 0; i < count; i++) {
        code = codedb_sqlite_execute(connection, statements[i].sql);
        if ((code & 0xff) == SQLITE_ERROR)
            return codedb_fail(result, CODEDB_SCHEMA_ERROR, "%s: %s", statements[i].what, sqlite3_errmsg(connection->db));
        if (code != SQLITE_OK)
            return codedb_sqlite_fail(connection, code, statements[i].what, result);
    }
    return sqlite_schema_check_orphans(connection, before, result);
}

/* Foreign keys can only be switched outside of a transaction. */
CODEDB_PRIVATE codedb_code codedb_sqlite_change_schema(codedb_connection *self, const codedb_schema_statement *statements,
                                                       size_t count, int64_t stamp, codedb_result *result)
{
    sqlite_connection *connection = sqlite_of(self);
    codedb_code code = CODEDB_SUCCESS;
    int done;
    if (connection->settings.read_only)
        return codedb_fail(result, CODEDB_PERMISSION_DENIED, "the database is open for reading only");
    codedb_sqlite_forget_schema(connection);
    sqlite3_db_config(connection->db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
    done = codedb_sqlite_execute(connection, "BEGIN IMMEDIATE");
    if (done == SQLITE_OK)
        code = sqlite_schema_check_stamp(connection, stamp, result);
    if (done == SQLITE_OK && code == CODEDB_SUCCESS && count > 0)
        code = sqlite_schema_run(connection, statements, count, result);
    if (done == SQLITE_OK && code == CODEDB_SUCCESS)
        done = codedb_sqlite_execute(connection, "COMMIT");
    if (done != SQLITE_OK)
        code = codedb_sqlite_fail(connection, done, "changing the schema", result);
    if (sqlite3_get_autocommit(connection->db) == 0)
        codedb_sqlite_execute(connection, "ROLLBACK");
    sqlite3_db_config(connection->db, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0, NULL);
    sqlite3_db_config(connection->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    codedb_sqlite_forget_schema(connection);
    return code;
}
