/* codedb_sqlite_schema.c -- the SQLite driver's functions for the database as a whole: copies of it, and changes of its schema.
 *
 * Called by the driver thread through the driver's table, outside of transactions. */
#include "codedb_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- Copies -------------------------------------------------------------------------------------------------------- */

/* All pages at once could not be interrupted. */
#define SQLITE_BACKUP_PAGES 1024

static codedb_code sqlite_backup_fail_file(const char *path, int error, codedb_result *result)
{
    char reason[100];
    codedb_code code = CODEDB_DATABASE_ERROR;
    if (error == EEXIST)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "%s: there is something already; a copy is never written over it",
                           path);
    if (error == ENOENT || error == ENOTDIR)
        return codedb_fail(result, CODEDB_NOT_FOUND, "%s: there is no such folder", path);
    if (error == EACCES || error == EPERM || error == EROFS)
        code = CODEDB_PERMISSION_DENIED;
    codedb_text_system_error(error, reason, sizeof reason);
    return codedb_fail(result, code, "%s: the copy cannot be made: %s", path, reason);
}

/* SQLite would write into a file that exists, and gives the files that it makes to everybody. */
static codedb_code sqlite_backup_make_file(const char *path, codedb_result *result)
{
    int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0)
        return sqlite_backup_fail_file(path, errno, result);
    close(file);
    return CODEDB_SUCCESS;
}

static codedb_code sqlite_backup_fail(sqlite3 *copy, int code, const char *path, codedb_result *result)
{
    if ((code & 0xff) == SQLITE_NOMEM)
        return codedb_fail_no_memory(result);
    if ((code & 0xff) == SQLITE_INTERRUPT)
        return codedb_fail(result, CODEDB_TIMEOUT, "%s: the copy was given up, because the request's time was over", path);
    return codedb_fail(result, CODEDB_DATABASE_ERROR, "%s: the copy cannot be written: %s", path,
                       copy != NULL ? sqlite3_errmsg(copy) : sqlite3_errstr(code));
}

static int sqlite_backup_copy(const sqlite_connection *connection, sqlite3 *copy)
{
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", connection->db, "main");
    int code = backup != NULL ? SQLITE_OK : sqlite3_errcode(copy);
    int finished;
    while (code == SQLITE_OK)
        if (connection->deadline != 0 && codedb_monotonic_now() >= connection->deadline)
            code = SQLITE_INTERRUPT;
        else
            code = sqlite3_backup_step(backup, SQLITE_BACKUP_PAGES);
    finished = sqlite3_backup_finish(backup);
    return code == SQLITE_DONE ? finished : code;
}

/* Copies into the empty file at `path`. */
static codedb_code sqlite_backup_write(const sqlite_connection *connection, const char *path, codedb_result *result)
{
    sqlite3 *copy = NULL;
    codedb_code code = CODEDB_SUCCESS;
    int copied = SQLITE_NOMEM;
    /* Behind a slash, no name means something else to SQLite (":memory:", "file:..."). */
    char *name = sqlite3_mprintf("%s%s", path[0] == '/' ? "" : "./", path);
    if (name != NULL)
        copied = sqlite3_open_v2(name, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (copied == SQLITE_OK)
        copied = sqlite_backup_copy(connection, copy);
    if (copied != SQLITE_OK)
        code = sqlite_backup_fail(copy, copied, path, result);
    sqlite3_close(copy);
    sqlite3_free(name);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_sqlite_backup(codedb_connection *self, const char *path, codedb_result *result)
{
    sqlite_connection *connection = sqlite_of(self);
    codedb_code code;
    /* A transaction that reads keeps all pages of one moment, whatever other processes commit meanwhile. */
    int begun = codedb_sqlite_execute(connection, "BEGIN; SELECT count(*) FROM sqlite_schema");
    code = begun == SQLITE_OK ? sqlite_backup_make_file(path, result) : codedb_sqlite_fail(connection, begun, "backup", result);
    if (code == CODEDB_SUCCESS) {
        code = sqlite_backup_write(connection, path, result);
        if (code != CODEDB_SUCCESS)
            unlink(path);
    }
    if (sqlite3_get_autocommit(connection->db) == 0)
        codedb_sqlite_execute(connection, "ROLLBACK");
    return code;
}

/* ---- Changes of the schema ----------------------------------------------------------------------------------------- */

/* The first number that a query of codedb's own answers. */
static int sqlite_schema_ask(sqlite_connection *connection, const char *sql, int64_t *number)
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
    int code = sqlite_schema_ask(connection, "SELECT schema_version FROM pragma_schema_version", &found);
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
    int code = sqlite_schema_ask(connection, sqlite_schema_orphans, &after);
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
    int code = sqlite_schema_ask(connection, sqlite_schema_orphans, &before);
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
