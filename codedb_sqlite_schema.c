/* codedb_sqlite_schema.c -- the SQLite driver's functions for the database as a whole: copies of it.
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
    while (code == SQLITE_OK) {
        if (connection->deadline != 0 && codedb_monotonic_now() >= connection->deadline)
            code = SQLITE_INTERRUPT;
        else
            code = sqlite3_backup_step(backup, SQLITE_BACKUP_PAGES);
    }
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
