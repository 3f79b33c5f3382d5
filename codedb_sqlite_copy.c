/* codedb_sqlite_copy.c -- the SQLite driver's copies of a whole database: making them, and restoring from them.
 *
 * Called by the driver thread through the driver's table, outside of transactions.
 *
 * Invariants:
 * 1. What stands at the path of a copy is whole: it is written under another name, synced, and given its name at the end. Nothing that
 *    exists is written over.
 * 2. A copy that goes on while others write is the database of the moment at which it was complete. SQLite hands on to it what this
 *    connection commits, and begins it again when another connection commits; after some beginnings it is made in one go.
 * 3. A restored database has all of the copy or all that it had: SQLite replaces the pages in one transaction. */
#include "codedb_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Pages of a step: 256 KB of the usual 4 KB, less than a millisecond. All at once could not be interrupted. */
#define SQLITE_COPY_PAGES 64
/* Steps behind which what was written is put on the disk: 8 MB of the usual pages. All of it at the end would keep requests waiting. */
#define SQLITE_COPY_STEPS_SYNCED 32
/* How often a copy may begin again before it is made in one go. */
#define SQLITE_COPY_RESTARTS 3
/* Names for the unfinished file: those left behind by processes that were killed are not touched. */
#define SQLITE_COPY_NAMES 100

struct sqlite_copy {
    char *path;       /* where it is to stand */
    char *unfinished; /* where it is written; "": not there */
    sqlite3 *db;
    sqlite3_backup *backup;
    int64_t done; /* pages */
    int64_t total;
    int restarts;
    unsigned steps;
};

/* ---- Files of copies ---------------------------------------------------------------------------------------------- */

/* What the system said about the file of a copy. `verb`: "made" or "read". */
static codedb_code sqlite_copy_fail_file(const char *path, const char *verb, int error, codedb_result *result)
{
    char reason[100];
    codedb_code code = CODEDB_DATABASE_ERROR;
    if (error == EEXIST)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "%s: there is something already; a copy is never written over it",
                           path);
    if (error == ENOENT || error == ENOTDIR)
        return codedb_fail(result, CODEDB_NOT_FOUND, "%s: there is no such %s", path, verb[0] == 'm' ? "folder" : "file");
    if (error == EACCES || error == EPERM || error == EROFS)
        code = CODEDB_PERMISSION_DENIED;
    codedb_text_system_error(error, reason, sizeof reason);
    return codedb_fail(result, code, "%s: the copy cannot be %s: %s", path, verb, reason);
}

/* What SQLite said about a copy. */
static codedb_code sqlite_copy_fail(sqlite_connection *connection, sqlite3 *copy, int code, const char *path,
                                    codedb_result *result)
{
    /* What failed between two connections is not always noted by the copy's. */
    bool is_noted = copy != NULL && (sqlite3_errcode(copy) & 0xff) == (code & 0xff);
    const char *message = is_noted ? sqlite3_errmsg(copy) : sqlite3_errstr(code);
    switch (code & 0xff) {
    case SQLITE_NOMEM: return codedb_fail_no_memory(result);
    case SQLITE_INTERRUPT: return codedb_sqlite_fail(connection, code, path, result);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        if (codedb_sqlite_is_over(connection))
            return codedb_sqlite_fail(connection, SQLITE_INTERRUPT, path, result);
        return codedb_fail(result, CODEDB_BUSY, "%s: the database is locked by another process", path);
    default: return codedb_fail(result, CODEDB_DATABASE_ERROR, "%s: the copy cannot be written: %s", path, message);
    }
}

/* Behind a slash, no name means something else to SQLite (":memory:", "file:..."). */
static const char *sqlite_copy_prefix(const char *path)
{
    return path[0] == '/' ? "" : "./";
}

/* Makes the empty file that is written, readable by its owner only; SQLite gives the files that it makes to everybody. */
static codedb_code sqlite_copy_make_file(sqlite_copy *copy, codedb_result *result)
{
    size_t size = strlen(copy->path) + 40;
    struct stat status;
    int file = -1;
    int error = EEXIST;
    if (lstat(copy->path, &status) == 0)
        return sqlite_copy_fail_file(copy->path, "made", EEXIST, result);
    for (int number = 0; file < 0 && error == EEXIST && number < SQLITE_COPY_NAMES; number++) {
        snprintf(copy->unfinished, size, "%s%s.unfinished-%d", sqlite_copy_prefix(copy->path), copy->path, number);
        file = open(copy->unfinished, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        error = errno;
    }
    if (file < 0) {
        copy->unfinished[0] = '\0';
        return sqlite_copy_fail_file(copy->path, "made", error == EEXIST ? EBUSY : error, result);
    }
    close(file);
    return CODEDB_SUCCESS;
}

/* Waits until a file's bytes, or a folder's names, are on the disk. */
static int sqlite_copy_sync_path(const char *path, bool folder)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | (folder ? O_DIRECTORY : 0));
    int error = file < 0 || fsync(file) != 0 ? errno : 0;
    if (file >= 0)
        close(file);
    return folder && error == EINVAL ? 0 : error; /* some file systems cannot sync folders */
}

/* Gives the file its name, which nobody may have taken meanwhile. */
static int sqlite_copy_rename(const char *from, const char *to)
{
    struct stat status;
    if (link(from, to) == 0)
        return unlink(from) == 0 ? 0 : errno;
    if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS && errno != EMLINK)
        return errno;
    /* There are no hard links here. */
    if (lstat(to, &status) == 0)
        return EEXIST;
    return rename(from, to) == 0 ? 0 : errno;
}

/* The file is written and closed: puts it on the disk and in its place. */
static codedb_code sqlite_copy_place(sqlite_copy *copy, codedb_result *result)
{
    char *slash;
    int error = sqlite_copy_sync_path(copy->unfinished, false);
    if (error == 0)
        error = sqlite_copy_rename(copy->unfinished, copy->path);
    if (error != 0)
        return sqlite_copy_fail_file(copy->path, "made", error, result);
    slash = strrchr(copy->unfinished, '/');
    slash[slash == copy->unfinished ? 1 : 0] = '\0';
    error = sqlite_copy_sync_path(copy->unfinished, true);
    copy->unfinished[0] = '\0';
    if (error == 0)
        return CODEDB_SUCCESS;
    unlink(copy->path);
    return sqlite_copy_fail_file(copy->path, "made", error, result);
}

/* ---- Copying out -------------------------------------------------------------------------------------------------- */

/* Ends a copy, and removes what is not finished. */
static void sqlite_copy_free(const sqlite_connection *connection, sqlite_copy *copy)
{
    if (copy == NULL)
        return;
    sqlite3_backup_finish(copy->backup);
    sqlite3_close(copy->db);
    if (copy->unfinished != NULL && copy->unfinished[0] != '\0')
        unlink(copy->unfinished);
    codedb_memory_release(&connection->allocator, copy->path);
    codedb_memory_release(&connection->allocator, copy->unfinished);
    codedb_memory_release(&connection->allocator, copy);
}

static sqlite_copy *sqlite_copy_make(const sqlite_connection *connection, const char *path)
{
    size_t size = strlen(path) + 1;
    sqlite_copy *copy = codedb_memory_allocate(&connection->allocator, 1, sizeof *copy);
    if (copy == NULL)
        return NULL;
    memset(copy, 0, sizeof *copy);
    copy->path = codedb_memory_allocate(&connection->allocator, size, 1);
    copy->unfinished = codedb_memory_allocate(&connection->allocator, size + 40, 1);
    if (copy->unfinished != NULL)
        copy->unfinished[0] = '\0';
    if (copy->path == NULL || copy->unfinished == NULL) {
        sqlite_copy_free(connection, copy);
        return NULL;
    }
    memcpy(copy->path, path, size);
    return copy;
}

/* The unfinished file needs no journal: nobody but this copy wants it. */
static int sqlite_copy_open(const sqlite_connection *connection, sqlite_copy *copy)
{
    int code = sqlite3_open_v2(copy->unfinished, &copy->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(copy->db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return code;
    copy->backup = sqlite3_backup_init(copy->db, "main", connection->db, "main");
    return copy->backup != NULL ? SQLITE_OK : sqlite3_errcode(copy->db);
}

static codedb_code sqlite_copy_start(sqlite_connection *connection, const char *path, sqlite_copy **started,
                                     codedb_result *result)
{
    sqlite_copy *copy = sqlite_copy_make(connection, path);
    codedb_code code;
    *started = NULL;
    if (copy == NULL)
        return codedb_fail_no_memory(result);
    code = sqlite_copy_make_file(copy, result);
    if (code == CODEDB_SUCCESS) {
        int opened = sqlite_copy_open(connection, copy);
        if (opened != SQLITE_OK)
            code = sqlite_copy_fail(connection, copy->db, opened, path, result);
    }
    if (code != CODEDB_SUCCESS) {
        sqlite_copy_free(connection, copy);
        return code;
    }
    *started = copy;
    return CODEDB_SUCCESS;
}

static int sqlite_copy_sync_some(const sqlite_copy *copy)
{
    sqlite3_file *file = NULL;
    int code = sqlite3_file_control(copy->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code != SQLITE_OK || file == NULL || file->pMethods == NULL)
        return code;
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

/* Copies some pages. Pages that are done are counted from the start again when SQLite began again. */
static int sqlite_copy_pages(sqlite_connection *connection, sqlite_copy *copy)
{
    int64_t before = copy->done;
    int code;
    if (codedb_sqlite_is_over(connection))
        return SQLITE_INTERRUPT;
    code = sqlite3_backup_step(copy->backup, SQLITE_COPY_PAGES);
    copy->total = sqlite3_backup_pagecount(copy->backup);
    copy->done = copy->total - sqlite3_backup_remaining(copy->backup);
    if (code == SQLITE_OK && copy->done <= before)
        copy->restarts++;
    if (code == SQLITE_OK && ++copy->steps % SQLITE_COPY_STEPS_SYNCED == 0)
        code = sqlite_copy_sync_some(copy);
    return code;
}

/* A transaction that reads keeps all pages of one moment, whatever other connections commit meanwhile. */
static int sqlite_copy_in_one_go(sqlite_connection *connection, sqlite_copy *copy)
{
    int code = codedb_sqlite_execute(connection, "BEGIN; SELECT count(*) FROM sqlite_schema");
    while (code == SQLITE_OK)
        code = sqlite_copy_pages(connection, copy);
    if (sqlite3_get_autocommit(connection->db) == 0)
        codedb_sqlite_execute(connection, "ROLLBACK");
    return code;
}

/* All pages are written: closes the file and puts it in its place. */
static codedb_code sqlite_copy_complete(sqlite_connection *connection, sqlite_copy *copy, codedb_result *result)
{
    int code = sqlite3_backup_finish(copy->backup);
    copy->backup = NULL;
    if (code != SQLITE_OK)
        return sqlite_copy_fail(connection, copy->db, code, copy->path, result);
    code = sqlite3_close(copy->db);
    copy->db = NULL;
    if (code != SQLITE_OK)
        return sqlite_copy_fail(connection, NULL, code, copy->path, result);
    return sqlite_copy_place(copy, result);
}

static codedb_code sqlite_copy_step(sqlite_connection *connection, sqlite_copy *copy, bool at_once, bool *finished,
                                    codedb_result *result)
{
    int code = at_once || copy->restarts > SQLITE_COPY_RESTARTS ? sqlite_copy_in_one_go(connection, copy)
                                                                : sqlite_copy_pages(connection, copy);
    *finished = false;
    if (code == SQLITE_OK)
        return CODEDB_SUCCESS;
    if (code == SQLITE_DONE) {
        *finished = true;
        return sqlite_copy_complete(connection, copy, result);
    }
    return sqlite_copy_fail(connection, copy->db, code, copy->path, result);
}

CODEDB_PRIVATE codedb_code codedb_sqlite_backup(codedb_connection *self, const char *path, codedb_result *result)
{
    sqlite_connection *connection = sqlite_settled(self);
    sqlite_copy *copy;
    bool finished;
    codedb_code code = sqlite_copy_start(connection, path, &copy, result);
    if (code == CODEDB_SUCCESS)
        code = sqlite_copy_step(connection, copy, true, &finished, result);
    sqlite_copy_free(connection, copy);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_sqlite_copy_start(codedb_connection *self, const char *path, codedb_result *result)
{
    sqlite_connection *connection = sqlite_settled(self);
    if (connection->copy != NULL)
        return codedb_fail(result, CODEDB_BUSY, "%s: another copy is being made", path);
    return sqlite_copy_start(connection, path, &connection->copy, result);
}

CODEDB_PRIVATE codedb_code codedb_sqlite_copy_step(codedb_connection *self, int *finished, codedb_result *result)
{
    sqlite_connection *connection = sqlite_settled(self);
    bool done = false;
    codedb_code code = CODEDB_INTERNAL_ERROR;
    if (connection->copy != NULL)
        code = sqlite_copy_step(connection, connection->copy, false, &done, result);
    *finished = done;
    return code;
}

CODEDB_PRIVATE void codedb_sqlite_copy_end(codedb_connection *self)
{
    sqlite_connection *connection = sqlite_settled(self);
    sqlite_copy_free(connection, connection->copy);
    connection->copy = NULL;
}

CODEDB_PRIVATE void codedb_sqlite_copy_progress(const sqlite_connection *connection, int64_t *done, int64_t *total)
{
    *done = connection->copy != NULL ? connection->copy->done : 0;
    *total = connection->copy != NULL ? connection->copy->total : 0;
}

/* ---- Restoring ---------------------------------------------------------------------------------------------------- */

static bool sqlite_restore_has_bytes(const char *path, const char *ending)
{
    char name[4200];
    struct stat status;
    int length = snprintf(name, sizeof name, "%s%s", path, ending);
    return length > 0 && (size_t)length < sizeof name && stat(name, &status) == 0 && status.st_size > 0;
}

/* A file that is whole by itself is opened as one that nobody changes: then SQLite makes no files beside it, and it may lie where
 * nothing can be written. With a log or a journal of bytes it is not whole. */
static codedb_code sqlite_restore_write_name(codedb_buffer *name, const char *path, codedb_result *result)
{
    bool whole = !sqlite_restore_has_bytes(path, "-wal") && !sqlite_restore_has_bytes(path, "-journal");
    codedb_buffer_printf(name, "file:%s", sqlite_copy_prefix(path));
    for (const unsigned char *at = (const unsigned char *)path; *at != '\0'; at++)
        if (strchr("?#%", *at) != NULL || *at < 0x20)
            codedb_buffer_printf(name, "%%%02X", *at);
        else
            codedb_buffer_append_byte(name, (char)*at);
    if (whole)
        codedb_buffer_append_text(name, "?immutable=1");
    return name->failed ? codedb_fail_no_memory(result) : CODEDB_SUCCESS;
}

/* Looks at the file without opening it: closing the database's own file would drop SQLite's locks of it. */
static codedb_code sqlite_restore_check_file(const sqlite_connection *connection, const char *path, codedb_result *result)
{
    const char *own = sqlite3_db_filename(connection->db, "main");
    struct stat status, owned;
    if (stat(path, &status) != 0)
        return sqlite_copy_fail_file(path, "read", errno, result);
    if (!S_ISREG(status.st_mode))
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "%s: found %s, expected a copy of a database", path,
                           S_ISDIR(status.st_mode) ? "a folder" : "what is no regular file");
    if (own != NULL && own[0] != '\0' && stat(own, &owned) == 0 && owned.st_dev == status.st_dev && owned.st_ino == status.st_ino)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "%s: this is the database itself, expected a copy of one", path);
    return CODEDB_SUCCESS;
}

/* Says why a copy cannot be read. */
static codedb_code sqlite_restore_fail(sqlite_connection *connection, sqlite3 *copy, int code, const char *path,
                                       codedb_result *result)
{
    if (copy == NULL || (code & 0xff) == SQLITE_NOMEM)
        return codedb_fail_no_memory(result);
    if ((code & 0xff) == SQLITE_INTERRUPT)
        return codedb_sqlite_fail(connection, code, path, result);
    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
        return codedb_fail(result, CODEDB_BUSY, "%s: %s by another process", path, sqlite3_errmsg(copy));
    if ((code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "%s: found %s, expected a copy of a database", path,
                           (code & 0xff) == SQLITE_NOTADB ? "what is no database" : "a damaged database");
    return codedb_fail(result, CODEDB_DATABASE_ERROR, "%s: the copy cannot be read: %s", path, sqlite3_errmsg(copy));
}

static codedb_code sqlite_restore_open(sqlite_connection *connection, const char *path, sqlite3 **copy, codedb_result *result)
{
    codedb_buffer name;
    codedb_code code;
    codedb_buffer_init(&name, &connection->allocator);
    code = sqlite_restore_check_file(connection, path, result);
    if (code == CODEDB_SUCCESS)
        code = sqlite_restore_write_name(&name, path, result);
    if (code == CODEDB_SUCCESS) {
        int opened = sqlite3_open_v2(name.data, copy, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
        if (opened != SQLITE_OK)
            code = sqlite_restore_fail(connection, *copy, opened, path, result);
        else
            sqlite3_progress_handler(*copy, SQLITE_PROGRESS_STEPS, codedb_sqlite_is_over, connection);
    }
    codedb_buffer_free(&name);
    return code;
}

/* Compares the first column of the first row of a query over the copy with `expected`; `parameter` may be NULL. */
static codedb_code sqlite_restore_expect(sqlite_connection *connection, sqlite3 *copy, const char *path, const char *sql,
                                         const codedb_value *parameter, const char *expected, const char *what,
                                         codedb_result *result)
{
    sqlite3_stmt *statement = NULL;
    codedb_code code = CODEDB_SUCCESS;
    int step = sqlite3_prepare_v2(copy, sql, -1, &statement, NULL);
    if (step == SQLITE_OK && parameter != NULL)
        step = sqlite3_bind_text64(statement, 1, parameter->as.text, parameter->length, SQLITE_STATIC, SQLITE_UTF8);
    if (step == SQLITE_OK)
        step = sqlite3_step(statement);
    if (step != SQLITE_ROW) {
        code = sqlite_restore_fail(connection, copy, step, path, result);
    } else {
        const char *found = (const char *)sqlite3_column_text(statement, 0);
        /* So the check of integrity tells that a page could not be read, whatever is in it; 7 is SQLITE_NOMEM. */
        if (found != NULL && strstr(found, "unable to get the page. error code=7") != NULL)
            code = codedb_fail_no_memory(result);
        else if (found != NULL && strstr(found, "unable to get the page") != NULL)
            code = codedb_fail(result, CODEDB_DATABASE_ERROR, "%s: the copy cannot be read: %.200s", path, found);
        else if (found == NULL || strcmp(found, expected) != 0)
            code = codedb_fail(result, CODEDB_VALIDATION_ERROR, "%s: %s: found %.200s, expected %s", path, what,
                               found != NULL ? found : "nothing", expected);
    }
    sqlite3_finalize(statement);
    return code;
}

/* What a pragma that answers one value says of this database. */
static codedb_code sqlite_restore_ask_own(sqlite_connection *connection, const char *sql, char *value, size_t size,
                                          codedb_result *result)
{
    sqlite3_stmt *statement = NULL;
    codedb_code code = CODEDB_SUCCESS;
    int step;
    connection->trusted = true;
    step = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);
    connection->trusted = false;
    if (step == SQLITE_OK)
        step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
        snprintf(value, size, "%s", (const char *)sqlite3_column_text(statement, 0));
    else
        code = codedb_sqlite_fail(connection, step, "restore", result);
    sqlite3_finalize(statement);
    return code;
}

/* The pages must fit: neither their size nor their encoding can be changed while the database is open. */
static codedb_code sqlite_restore_check_form(sqlite_connection *connection, sqlite3 *copy, const char *path,
                                             codedb_result *result)
{
    static const char *const forms[][2] = {{"PRAGMA page_size", "its page size"}, {"PRAGMA encoding", "its encoding"}};
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; code == CODEDB_SUCCESS && i < sizeof forms / sizeof forms[0]; i++) {
        char own[40];
        code = sqlite_restore_ask_own(connection, forms[i][0], own, sizeof own, result);
        if (code == CODEDB_SUCCESS)
            code = sqlite_restore_expect(connection, copy, path, forms[i][0], NULL, own, forms[i][1], result);
    }
    return code;
}

static codedb_code sqlite_restore_check(sqlite_connection *connection, sqlite3 *copy, const char *path,
                                        const codedb_value *tables, size_t table_count, codedb_result *result)
{
    codedb_code code =
        sqlite_restore_expect(connection, copy, path, "PRAGMA integrity_check(1)", NULL, "ok", "the copy is damaged", result);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < table_count; i++) {
        char what[120];
        int length = (int)(tables[i].length < 80 ? tables[i].length : 80);
        snprintf(what, sizeof what, "tables named %.*s", length, tables[i].as.text);
        code = sqlite_restore_expect(connection, copy, path,
                                     "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
                                     &tables[i], "1", what, result);
    }
    return code == CODEDB_SUCCESS ? sqlite_restore_check_form(connection, copy, path, result) : code;
}

/* Invariant 3: the transaction that SQLite's backup holds on its target is committed with the last page, or rolled back. */
static int sqlite_restore_pages(sqlite_connection *connection, sqlite3 *copy)
{
    sqlite3_backup *backup = sqlite3_backup_init(connection->db, "main", copy, "main");
    int code = backup != NULL ? SQLITE_OK : sqlite3_errcode(connection->db);
    int finished;
    while (code == SQLITE_OK)
        if (codedb_sqlite_is_over(connection))
            code = SQLITE_INTERRUPT;
        else
            code = sqlite3_backup_step(backup, SQLITE_COPY_PAGES);
    finished = sqlite3_backup_finish(backup);
    return code == SQLITE_DONE ? finished : code;
}

CODEDB_PRIVATE codedb_code codedb_sqlite_restore(codedb_connection *self, const char *path, const codedb_value *tables,
                                                 size_t table_count, codedb_result *result)
{
    sqlite_connection *connection = sqlite_settled(self);
    sqlite3 *copy = NULL;
    codedb_code code;
    int restored;
    if (connection->settings.read_only)
        return codedb_fail(result, CODEDB_PERMISSION_DENIED, "the database is open for reading only");
    code = sqlite_restore_open(connection, path, &copy, result);
    if (code == CODEDB_SUCCESS)
        code = sqlite_restore_check(connection, copy, path, tables, table_count, result);
    if (code == CODEDB_SUCCESS) {
        codedb_sqlite_forget_schema(connection);
        restored = sqlite_restore_pages(connection, copy);
        codedb_sqlite_forget_schema(connection);
        if (restored != SQLITE_OK)
            code = codedb_sqlite_fail_commit(connection, restored, "restore", result);
        else
            codedb_sqlite_checkpoint(self, CODEDB_CHECKPOINT_PASSIVE, NULL); /* all pages are in the log now */
    }
    sqlite3_close(copy);
    return code;
}
