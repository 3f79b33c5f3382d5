/* codedb_sqlite_maintenance.c -- the SQLite driver's checks of a whole database, its upkeep and its figures.
 *
 * Called by the driver thread through the driver's table, outside of transactions. What a check finds are rows; only what keeps it
 * from looking is an error. */
#include "codedb_sqlite.h"

#include <stdio.h>
#include <string.h>

/* ---- Checks ------------------------------------------------------------------------------------------------------- */

/* Writes findings, at most `left` more. */
typedef struct sqlite_doctor {
    sqlite_connection *connection;
    codedb_row_writer *rows;
    codedb_result *result;
    int64_t left;
    codedb_buffer told; /* messages of damage that a table was named for, each behind a NUL */
} sqlite_doctor;

static codedb_value sqlite_doctor_text(const char *text)
{
    codedb_value value = {CODEDB_VALUE_NULL, {.integer = 0}, 0};
    if (text != NULL) {
        value.type = CODEDB_VALUE_TEXT;
        value.as.text = text;
        value.length = strlen(text);
    }
    return value;
}

/* A finding about row `row_id` of a table; either may be NULL. */
static codedb_code sqlite_doctor_tell(sqlite_doctor *doctor, const char *check, const char *table, const int64_t *row_id,
                                      const char *message)
{
    codedb_value row[4] = {sqlite_doctor_text(check), sqlite_doctor_text(table), sqlite_doctor_text(NULL),
                           sqlite_doctor_text(message)};
    if (doctor->left == 0)
        return CODEDB_SUCCESS;
    if (row_id != NULL) {
        row[2].type = CODEDB_VALUE_INTEGER;
        row[2].as.integer = *row_id;
    }
    doctor->left--;
    return doctor->rows->row(doctor->rows, row);
}

/* Prepares a query of the checks; the caller steps it with `trusted` set, as pragmas that check prepare inside. */
static int sqlite_doctor_prepare(const sqlite_doctor *doctor, const char *sql, const char *parameter, sqlite3_stmt **statement)
{
    int code;
    doctor->connection->trusted = true;
    code = sqlite3_prepare_v2(doctor->connection->db, sql, -1, statement, NULL);
    if (code == SQLITE_OK && parameter != NULL)
        code = sqlite3_bind_text(*statement, 1, parameter, -1, SQLITE_STATIC);
    return code;
}

static void sqlite_doctor_finish(const sqlite_doctor *doctor, sqlite3_stmt *statement)
{
    sqlite3_finalize(statement);
    doctor->connection->trusted = false;
}

/* A failure of the check itself, or what a database is too damaged for. */
static codedb_code sqlite_doctor_fail(sqlite_doctor *doctor, int code, const char *check, const char *table)
{
    switch (code & 0xff) {
    case SQLITE_DONE:
    case SQLITE_ROW:
    case SQLITE_OK: return CODEDB_SUCCESS;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: return sqlite_doctor_tell(doctor, check, table, NULL, sqlite3_errmsg(doctor->connection->db));
    default: return codedb_sqlite_fail(doctor->connection, code, check, doctor->result);
    }
}

static bool sqlite_doctor_was_told(const codedb_buffer *told, const char *message)
{
    size_t length = strlen(message) + 1;
    for (size_t at = 0; at + length <= told->length; at += strlen(told->data + at) + 1)
        if (strcmp(told->data + at, message) == 0)
            return true;
    return false;
}

/* Damage in a table, or (NULL) in the whole file, but for what was told already. *sound stays true when there is none. */
static codedb_code sqlite_doctor_damage(sqlite_doctor *doctor, const char *table, bool tell, bool *sound)
{
    static const char whole[] = "SELECT integrity_check FROM pragma_integrity_check(100)";
    static const char one[] = "SELECT integrity_check FROM pragma_integrity_check(?1)";
    sqlite3_stmt *statement = NULL;
    codedb_code code = CODEDB_SUCCESS;
    int step = sqlite_doctor_prepare(doctor, table != NULL ? one : whole, table, &statement);
    while (code == CODEDB_SUCCESS && (step == SQLITE_OK || step == SQLITE_ROW) &&
           (step = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *message = (const char *)sqlite3_column_text(statement, 0);
        if (message == NULL)
            code = codedb_fail_no_memory(doctor->result);
        else if (strcmp(message, "ok") != 0) {
            *sound = false;
            if (tell && !sqlite_doctor_was_told(&doctor->told, message))
                code = sqlite_doctor_tell(doctor, "integrity", table, NULL, message);
            if (tell)
                codedb_buffer_append(&doctor->told, message, strlen(message) + 1);
        }
    }
    if (code == CODEDB_SUCCESS && step != SQLITE_DONE) {
        *sound = false;
        if (tell || ((step & 0xff) != SQLITE_CORRUPT && (step & 0xff) != SQLITE_NOTADB && (step & 0xff) != SQLITE_ERROR))
            code = sqlite_doctor_fail(doctor, step, "integrity", table);
    }
    sqlite_doctor_finish(doctor, statement);
    return code;
}

/* Calls `check` for each table that a query names in its first column; the others go with it. */
typedef codedb_code (*sqlite_doctor_function)(sqlite_doctor *doctor, const char *table, const char *detail);

static codedb_code sqlite_doctor_each(sqlite_doctor *doctor, const char *sql, sqlite_doctor_function check)
{
    codedb_arena *arena = codedb_arena_create(&doctor->connection->allocator);
    const char **names = NULL;
    sqlite3_stmt *statement = NULL;
    codedb_code code = CODEDB_SUCCESS;
    size_t count = 0;
    int step;
    if (arena == NULL)
        return codedb_fail_no_memory(doctor->result);
    step = sqlite_doctor_prepare(doctor, sql, NULL, &statement);
    while (code == CODEDB_SUCCESS && (step == SQLITE_OK || step == SQLITE_ROW) &&
           (step = sqlite3_step(statement)) == SQLITE_ROW) {
        const char **more = codedb_arena_allocate(arena, 2 * count + 2, sizeof *more);
        if (more != NULL && count > 0)
            memcpy(more, names, 2 * count * sizeof *more);
        names = more;
        for (int column = 0; names != NULL && column < 2; column++) {
            const void *text = sqlite3_column_text(statement, column);
            size_t length = (size_t)sqlite3_column_bytes(statement, column);
            names[2 * count + (size_t)column] = text != NULL ? codedb_arena_copy(arena, text, length) : NULL;
        }
        if (names == NULL || names[2 * count] == NULL)
            code = codedb_fail_no_memory(doctor->result);
        count++;
    }
    sqlite_doctor_finish(doctor, statement);
    if (code == CODEDB_SUCCESS && step != SQLITE_DONE)
        code = sqlite_doctor_fail(doctor, step, "integrity", NULL);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < count && doctor->left > 0; i++)
        code = check(doctor, names[2 * i], names[2 * i + 1]);
    codedb_arena_destroy(arena);
    return code;
}

static codedb_code sqlite_doctor_table(sqlite_doctor *doctor, const char *table, const char *detail)
{
    bool sound = true;
    (void)detail;
    return sqlite_doctor_damage(doctor, table, true, &sound);
}

/* Only a database that is not sound is looked at table by table, to name them. */
static codedb_code sqlite_doctor_integrity(sqlite_doctor *doctor)
{
    bool sound = true;
    codedb_code code = sqlite_doctor_damage(doctor, NULL, false, &sound);
    if (code != CODEDB_SUCCESS || sound)
        return code;
    code =
        sqlite_doctor_each(doctor, "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0", sqlite_doctor_table);
    return code == CODEDB_SUCCESS ? sqlite_doctor_damage(doctor, NULL, true, &sound) : code;
}

/* Rows that refer to rows which are not there. */
static codedb_code sqlite_doctor_references(sqlite_doctor *doctor, const char *table, const char *detail)
{
    static const char find[] =
        "SELECT c.rowid, c.parent, (SELECT group_concat(f.\"from\", ', ') FROM pragma_foreign_key_list(?1) f WHERE f.id = c.fkid) "
        "FROM pragma_foreign_key_check(?1) c";
    sqlite3_stmt *statement = NULL;
    codedb_code code = CODEDB_SUCCESS;
    int step = sqlite_doctor_prepare(doctor, find, table, &statement);
    (void)detail;
    while (code == CODEDB_SUCCESS && doctor->left > 0 && (step == SQLITE_OK || step == SQLITE_ROW) &&
           (step = sqlite3_step(statement)) == SQLITE_ROW) {
        bool has_id = sqlite3_column_type(statement, 0) == SQLITE_INTEGER;
        int64_t row_id = sqlite3_column_int64(statement, 0);
        char message[CODEDB_DESCRIPTION_SIZE];
        snprintf(message, sizeof message, "%.200s refers to a row of %.200s that is not there",
                 (const char *)sqlite3_column_text(statement, 2), (const char *)sqlite3_column_text(statement, 1));
        code = sqlite_doctor_tell(doctor, "foreign_keys", table, has_id ? &row_id : NULL, message);
    }
    if (code == CODEDB_SUCCESS && doctor->left > 0)
        code = sqlite_doctor_fail(doctor, step, "foreign_keys", table);
    sqlite_doctor_finish(doctor, statement);
    return code;
}

/* The ids that a query with the text table's names in it answers, each a finding. */
static codedb_code sqlite_doctor_rows(sqlite_doctor *doctor, const char *sql, const char *table, const char *message)
{
    sqlite3_stmt *statement = NULL;
    codedb_code code = CODEDB_SUCCESS;
    int step;
    if (sql == NULL)
        return codedb_fail_no_memory(doctor->result);
    step = sqlite_doctor_prepare(doctor, sql, NULL, &statement);
    while (code == CODEDB_SUCCESS && doctor->left > 0 && (step == SQLITE_OK || step == SQLITE_ROW) &&
           (step = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t row_id = sqlite3_column_int64(statement, 0);
        code = sqlite_doctor_tell(doctor, "full_text", table, &row_id, message);
    }
    /* A table without such a content or size table cannot be asked, which is no fault. */
    if (code == CODEDB_SUCCESS && doctor->left > 0 && (step & 0xff) != SQLITE_ERROR)
        code = sqlite_doctor_fail(doctor, step, "full_text", table);
    sqlite_doctor_finish(doctor, statement);
    return code;
}

/* Rows that only the content, or only the index has. `id` is the content's column with the index's row ids. */
static codedb_code sqlite_doctor_text_rows(sqlite_doctor *doctor, const char *table, const char *content, const char *id)
{
    char *unindexed = sqlite3_mprintf(
        "SELECT c.\"%w\" FROM main.\"%w\" c WHERE c.\"%w\" NOT IN (SELECT id FROM main.\"%w_docsize\")", id, content, id, table);
    char *absent = sqlite3_mprintf("SELECT id FROM main.\"%w_docsize\" WHERE id NOT IN (SELECT c.\"%w\" FROM main.\"%w\" c)",
                                   table, id, content);
    codedb_code code = sqlite_doctor_rows(doctor, unindexed, content, "the row is not in the full-text index");
    if (code == CODEDB_SUCCESS)
        code = sqlite_doctor_rows(doctor, absent, table, "the full-text index has a row that is not in its content");
    sqlite3_free(unindexed);
    sqlite3_free(absent);
    return code;
}

/* FTS5 compares every word of the index with its content. It does so by a command that needs the right to write. */
static codedb_code sqlite_doctor_words(sqlite_doctor *doctor, const char *table)
{
    char *sql = sqlite3_mprintf("INSERT INTO main.\"%w\"(\"%w\", rank) VALUES ('integrity-check', 1)", table, table);
    int code = sql != NULL ? codedb_sqlite_execute(doctor->connection, sql) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if ((code & 0xff) == SQLITE_CORRUPT)
        return sqlite_doctor_tell(doctor, "full_text", table, NULL,
                                  "the index does not have the words of its content; the command 'rebuild' makes it anew");
    return sqlite_doctor_fail(doctor, code, "full_text", table);
}

static codedb_code sqlite_doctor_text_table(sqlite_doctor *doctor, const char *table, const char *sql)
{
    codedb_arena *arena = codedb_arena_create(&doctor->connection->allocator);
    const char *content, *id;
    codedb_code code = CODEDB_SUCCESS;
    if (arena == NULL)
        return codedb_fail_no_memory(doctor->result);
    content = codedb_sqlite_fulltext_option(arena, sql, "content");
    id = codedb_sqlite_fulltext_option(arena, sql, "content_rowid");
    if (content != NULL && content[0] != '\0')
        code = sqlite_doctor_text_rows(doctor, table, content, id != NULL ? id : "rowid");
    if (code == CODEDB_SUCCESS && !doctor->connection->settings.read_only && doctor->left > 0)
        code = sqlite_doctor_words(doctor, table);
    codedb_arena_destroy(arena);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_sqlite_check(codedb_connection *self, int64_t limit, codedb_row_writer *rows,
                                               codedb_result *result)
{
    static const char *const columns[] = {"check", "table", "row_id", "message"};
    sqlite_doctor doctor = {.connection = sqlite_settled(self), .rows = rows, .result = result, .left = limit};
    codedb_code code = rows->begin(rows, columns, 4);
    codedb_buffer_init(&doctor.told, &doctor.connection->allocator);
    if (code == CODEDB_SUCCESS)
        code = sqlite_doctor_integrity(&doctor);
    if (code == CODEDB_SUCCESS)
        code = sqlite_doctor_each(&doctor, "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0",
                                  sqlite_doctor_references);
    if (code == CODEDB_SUCCESS)
        code = sqlite_doctor_each(
            &doctor, "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%fts5%'",
            sqlite_doctor_text_table);
    if (code == CODEDB_SUCCESS && doctor.told.failed)
        code = codedb_fail_no_memory(result);
    codedb_buffer_free(&doctor.told);
    return code;
}

/* ---- Upkeep and figures ------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_code codedb_sqlite_vacuum(codedb_connection *self, codedb_result *result)
{
    sqlite_connection *connection = sqlite_settled(self);
    int code;
    if (connection->settings.read_only)
        return codedb_fail(result, CODEDB_PERMISSION_DENIED, "the database is open for reading only");
    codedb_sqlite_forget_schema(connection);
    code = codedb_sqlite_execute(connection, "VACUUM");
    return code == SQLITE_OK ? CODEDB_SUCCESS : codedb_sqlite_fail(connection, code, "vacuum", result);
}

/* SQLite's own hook for automatic checkpoints, which also notes what it learns. */
static int sqlite_on_log(void *context, sqlite3 *db, const char *name, int frames)
{
    sqlite_connection *connection = context;
    connection->log_frames = frames;
    connection->log_checkpointed = connection->log_checkpointed > frames ? 0 : connection->log_checkpointed;
    if (frames >= SQLITE_LOG_FRAMES) {
        int log = -1, done = -1;
        sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
        connection->log_frames = log >= 0 ? log : frames;
        connection->log_checkpointed = done >= 0 ? done : 0;
    }
    return SQLITE_OK;
}

CODEDB_PRIVATE void codedb_sqlite_watch_log(sqlite_connection *connection)
{
    sqlite3_wal_hook(connection->db, sqlite_on_log, connection);
}

/* Locked is what this connection itself holds: full text that was given up half-way, for want of memory, may have left a read behind that is
 * not over until another statement is. */
static int sqlite_copy_log_back(sqlite_connection *connection, int mode, int *log, int *done)
{
    int code = sqlite3_wal_checkpoint_v2(connection->db, "main", mode, log, done);
    if ((code & 0xff) != SQLITE_LOCKED)
        return code;
    code = codedb_sqlite_execute(connection, "SELECT count(*) FROM sqlite_schema");
    return code == SQLITE_OK ? sqlite3_wal_checkpoint_v2(connection->db, "main", mode, log, done) : code;
}

CODEDB_PRIVATE codedb_code codedb_sqlite_checkpoint(codedb_connection *self, codedb_checkpoint_mode mode, codedb_result *result)
{
    static const int modes[] = {[CODEDB_CHECKPOINT_PASSIVE] = SQLITE_CHECKPOINT_PASSIVE,
                                [CODEDB_CHECKPOINT_FULL] = SQLITE_CHECKPOINT_FULL,
                                [CODEDB_CHECKPOINT_RESTART] = SQLITE_CHECKPOINT_RESTART,
                                [CODEDB_CHECKPOINT_TRUNCATE] = SQLITE_CHECKPOINT_TRUNCATE};
    sqlite_connection *connection = sqlite_settled(self);
    int log = -1, done = -1, code;
    if (connection->settings.read_only)
        return codedb_fail(result, CODEDB_PERMISSION_DENIED, "the database is open for reading only");
    code = sqlite_copy_log_back(connection, modes[mode], &log, &done);
    if (log >= 0) {
        connection->log_frames = log;
        connection->log_checkpointed = done;
    }
    return code == SQLITE_OK ? CODEDB_SUCCESS : codedb_sqlite_fail(connection, code, "checkpoint", result);
}

/* The bytes of the log file. */
static int64_t sqlite_log_bytes(const sqlite_connection *connection)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    if (sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK || file == NULL ||
        file->pMethods == NULL || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        return 0;
    return size;
}

CODEDB_PRIVATE codedb_code codedb_sqlite_storage(codedb_connection *self, codedb_row_writer *rows, codedb_result *result)
{
    static const char *const columns[] = {"page_size",  "page_count",       "free_pages", "log_bytes",
                                          "log_frames", "log_checkpointed", "copy_done",  "copy_total"};
    static const char *const asked[] = {"PRAGMA page_size", "PRAGMA page_count", "PRAGMA freelist_count"};
    enum { ASKED = sizeof asked / sizeof asked[0], COUNT = sizeof columns / sizeof columns[0] };
    sqlite_connection *connection = sqlite_settled(self);
    codedb_value row[COUNT];
    codedb_code code;
    int64_t figures[COUNT] = {0};
    for (size_t i = 0; i < ASKED; i++) {
        int got = codedb_sqlite_ask(connection, asked[i], &figures[i]);
        if (got != SQLITE_OK)
            return codedb_sqlite_fail(connection, got, "storage", result);
    }
    figures[3] = sqlite_log_bytes(connection);
    figures[4] = connection->log_frames;
    figures[5] = connection->log_checkpointed;
    codedb_sqlite_copy_progress(connection, &figures[6], &figures[7]);
    for (size_t i = 0; i < COUNT; i++)
        row[i] = (codedb_value){CODEDB_VALUE_INTEGER, {.integer = figures[i]}, 0};
    code = rows->begin(rows, columns, COUNT);
    return code == CODEDB_SUCCESS ? rows->row(rows, row) : code;
}
