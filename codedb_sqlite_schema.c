/* codedb_sqlite_schema.c -- the SQLite driver's changes of the schema.
 *
 * Called by the driver thread: by connect for the tables that a new database begins with, and through the driver's table, outside of
 * transactions. */
#include "codedb_sqlite.h"

#include <stdio.h>
#include <string.h>

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

/* ---- The tables that a new database begins with --------------------------------------------------------------------- */

/* Some SQLite libraries are built without it. */
#ifdef __GNUC__
#pragma weak sqlite3_deserialize
#endif

/* Makes the image the database's contents. They are copied: a database that SQLite goes on reading from foreign bytes has a limit of its
 * own to its size, and copies each page once more for a commit. */
static int sqlite_begin_with_image(sqlite_connection *connection, const codedb_beginning *beginning)
{
    sqlite3_int64 size = (sqlite3_int64)beginning->image_size;
    sqlite3 *reader = NULL;
    sqlite3_backup *copy = NULL;
    int code, finished;
    if (sqlite3_deserialize == NULL)
        return SQLITE_NOTFOUND;
    code = sqlite3_open_v2(":memory:", &reader, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_deserialize(reader, "main", beginning->image, size, size, SQLITE_DESERIALIZE_READONLY);
    if (code == SQLITE_OK) {
        copy = sqlite3_backup_init(connection->db, "main", reader, "main");
        code = copy != NULL ? sqlite3_backup_step(copy, -1) : sqlite3_errcode(connection->db);
    }
    finished = sqlite3_backup_finish(copy);
    sqlite3_close(reader);
    return code == SQLITE_DONE ? finished : code;
}

/* Runs SQL in one transaction, and has the schema read in any case. What fails leaves the transaction open, and SQLite's words for it. */
static int sqlite_begin_with_sql(sqlite_connection *connection, const char *sql)
{
    int code = codedb_sqlite_execute(connection, "BEGIN; SELECT count(*) FROM sqlite_schema");
    if (code == SQLITE_OK)
        code = codedb_sqlite_execute(connection, sql);
    if (code == SQLITE_OK)
        code = codedb_sqlite_execute(connection, "COMMIT");
    return code;
}

/* Takes everything out of the database, even if SQLite cannot read its schema. */
static int sqlite_begin_again(sqlite_connection *connection)
{
    int code = sqlite_is_autocommit(connection) ? SQLITE_OK : codedb_sqlite_execute(connection, "ROLLBACK");
    if (code == SQLITE_OK)
        code = sqlite3_db_config(connection->db, SQLITE_DBCONFIG_RESET_DATABASE, 1, NULL);
    if (code == SQLITE_OK)
        code = codedb_sqlite_execute(connection, "VACUUM");
    sqlite3_db_config(connection->db, SQLITE_DBCONFIG_RESET_DATABASE, 0, NULL);
    return code;
}

CODEDB_PRIVATE int codedb_sqlite_begin_database(sqlite_connection *connection)
{
    const codedb_beginning *beginning = connection->settings.beginning;
    int64_t found = 0;
    int code;
    connection->settings.beginning = NULL;
    if (beginning == NULL)
        return SQLITE_OK;
    /* An extension that the host has SQLite load into each connection may have been here. */
    code = codedb_sqlite_ask(connection, "SELECT count(*) FROM sqlite_schema", &found);
    if (code == SQLITE_OK && found == 0 && beginning->image != NULL) {
        code = sqlite_begin_with_image(connection, beginning);
        if (code == SQLITE_OK)
            code = sqlite_begin_with_sql(connection, beginning->rest);
        if (code == SQLITE_OK || (code & 0xff) == SQLITE_NOMEM)
            return code;
        code = sqlite_begin_again(connection);
    }
    return code == SQLITE_OK ? sqlite_begin_with_sql(connection, beginning->sql) : code;
}

/* ---- Changes ------------------------------------------------------------------------------------------------------ */

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

/* Full-text tables that lack what they are about. */
typedef struct sqlite_schema_texts {
    int64_t broken;
    char name[100]; /* of the last */
    char reason[160];
} sqlite_schema_texts;

/* Prepares the question for all columns of a full-text table and its row ids to its content; what SQLite said of it. With
 * the table's name in front, a name that is no column is an error, and not a text. */
static int sqlite_schema_ask_content(sqlite_connection *connection, const char *name, const char *content, const char *id,
                                     sqlite_schema_texts *texts)
{
    static const char columns[] =
        "SELECT group_concat('\"' || replace(?2, '\"', '\"\"') || '\".\"' || replace(name, '\"', '\"\"') || '\"', ', ') "
        "FROM pragma_table_xinfo(?1) WHERE hidden = 0";
    sqlite3_stmt *names = NULL, *question = NULL;
    const char *list = NULL;
    char *sql = NULL;
    int code = sqlite3_prepare_v2(connection->db, columns, -1, &names, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(names, 1, name, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(names, 2, content, -1, SQLITE_STATIC);
    if (code == SQLITE_OK && (code = sqlite3_step(names)) == SQLITE_ROW) {
        code = sqlite3_column_type(names, 0) == SQLITE_TEXT ? SQLITE_ROW : SQLITE_OK;
        list = (const char *)sqlite3_column_text(names, 0);
    }
    if (code == SQLITE_ROW) {
        sql = list != NULL ? sqlite3_mprintf("SELECT \"%w\".\"%w\", %s FROM main.\"%w\"", content, id, list, content) : NULL;
        code = sql != NULL ? sqlite3_prepare_v2(connection->db, sql, -1, &question, NULL) : SQLITE_NOMEM;
    }
    if ((code & 0xff) == SQLITE_ERROR) {
        texts->broken++;
        snprintf(texts->name, sizeof texts->name, "%s", name);
        snprintf(texts->reason, sizeof texts->reason, "%s", sqlite3_errmsg(connection->db));
        code = SQLITE_OK;
    }
    sqlite3_free(sql);
    sqlite3_finalize(names);
    sqlite3_finalize(question);
    return code;
}

static int sqlite_schema_see_text(sqlite_connection *connection, const char *name, const char *sql, sqlite_schema_texts *texts)
{
    codedb_arena *arena = codedb_arena_create(&connection->allocator);
    const char *content, *id;
    int code = SQLITE_OK;
    if (arena == NULL)
        return SQLITE_NOMEM;
    content = codedb_sqlite_fulltext_option(arena, sql, "content");
    id = codedb_sqlite_fulltext_option(arena, sql, "content_rowid");
    if (content != NULL && content[0] != '\0')
        code = sqlite_schema_ask_content(connection, name, content, id != NULL ? id : "rowid", texts);
    codedb_arena_destroy(arena);
    return code;
}

/* Counts the full-text tables whose content is not there. */
static int sqlite_schema_see_texts(sqlite_connection *connection, sqlite_schema_texts *texts)
{
    static const char find[] =
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%fts5%'";
    sqlite3_stmt *tables = NULL;
    int code, step = SQLITE_DONE;
    memset(texts, 0, sizeof *texts);
    connection->trusted = true;
    code = sqlite3_prepare_v2(connection->db, find, -1, &tables, NULL);
    while (code == SQLITE_OK && (step = sqlite3_step(tables)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(tables, 0);
        const char *sql = (const char *)sqlite3_column_text(tables, 1);
        code = name != NULL && sql != NULL ? sqlite_schema_see_text(connection, name, sql, texts) : SQLITE_NOMEM;
    }
    sqlite3_finalize(tables);
    connection->trusted = false;
    return code == SQLITE_OK && step != SQLITE_DONE ? step : code;
}

/* Fails when a full-text table would be left without what it is about: SQLite itself says so only when it is searched. */
static codedb_code sqlite_schema_check_texts(sqlite_connection *connection, int64_t before, codedb_result *result)
{
    sqlite_schema_texts texts;
    int code = sqlite_schema_see_texts(connection, &texts);
    if (code != SQLITE_OK)
        return codedb_sqlite_fail(connection, code, "full-text tables", result);
    if (texts.broken > before)
        return codedb_fail(result, CODEDB_SCHEMA_ERROR,
                           "full-text table %s would be left without its content (%s); drop it first", texts.name, texts.reason);
    return CODEDB_SUCCESS;
}

static codedb_code sqlite_schema_run(sqlite_connection *connection, const codedb_schema_statement *statements, size_t count,
                                     codedb_result *result)
{
    int64_t before;
    sqlite_schema_texts texts;
    codedb_code checked;
    int code = codedb_sqlite_ask(connection, sqlite_schema_orphans, &before);
    if ((code & 0xff) == SQLITE_ERROR)
        before = -1;
    else if (code != SQLITE_OK)
        return codedb_sqlite_fail(connection, code, "foreign keys", result);
    code = sqlite_schema_see_texts(connection, &texts);
    if (code != SQLITE_OK)
        return codedb_sqlite_fail(connection, code, "full-text tables", result);
    for (size_t i = 0; i < count; i++) {
        code = codedb_sqlite_execute(connection, statements[i].sql);
        if ((code & 0xff) == SQLITE_ERROR)
            return codedb_fail(result, CODEDB_SCHEMA_ERROR, "%s: %s", statements[i].what, sqlite3_errmsg(connection->db));
        if (code != SQLITE_OK)
            return codedb_sqlite_fail(connection, code, statements[i].what, result);
    }
    checked = sqlite_schema_check_orphans(connection, before, result);
    return checked == CODEDB_SUCCESS ? sqlite_schema_check_texts(connection, texts.broken, result) : checked;
}

/* Foreign keys can only be switched outside of a transaction. */
CODEDB_PRIVATE codedb_code codedb_sqlite_change_schema(codedb_connection *self, const codedb_schema_statement *statements,
                                                       size_t count, int64_t stamp, codedb_result *result)
{
    sqlite_connection *connection = sqlite_settled(self);
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
        code = codedb_sqlite_fail_commit(connection, done, "changing the schema", result);
    if (sqlite3_get_autocommit(connection->db) == 0)
        codedb_sqlite_execute(connection, "ROLLBACK");
    sqlite3_db_config(connection->db, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0, NULL);
    sqlite3_db_config(connection->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    codedb_sqlite_forget_schema(connection);
    return code;
}
