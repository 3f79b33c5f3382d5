/* codedb_sqlite_fulltext.c -- keeps external-content FTS5 tables in step with the tables that they are about.
 *
 * Called by codedb_sqlite.c, on the driver thread. Knows no object: full-text tables are found in the database's own schema. Rows that
 * are inserted are noted by their rowids and added to the index set-wise before somebody could see that they are missing; rows that are
 * deleted or changed leave it by triggers in the TEMP schema, which cascades fire, too.
 *
 * Invariants:
 * 1. A row of a content table is either in the index or pending, never both. A row is pending when its rowid lies in one of the index's
 *    ranges. Nothing is pending outside of a transaction, nor when a savepoint begins.
 * 2. A statement that failed leaves the ranges as it found them; a rollback leaves none.
 * 3. Temporary triggers of codedb exist only for the schema as it is: they are dropped before a statement changes it, and made again
 *    before the next that does not. */
#include "codedb_sqlite.h"

#include <stdio.h>
#include <string.h>

/* ---- Rows that are pending ------------------------------------------------------------------------------------------- */

static sqlite_fulltext *sqlite_fulltext_numbered(sqlite_connection *connection, int number)
{
    sqlite_fulltext *fulltext = connection->fulltexts;
    while (fulltext != NULL && fulltext->number != number)
        fulltext = fulltext->next;
    return fulltext;
}

static bool sqlite_pending_has(const sqlite_pending *pending, int64_t rowid)
{
    size_t i;
    if (pending->overflow)
        return true; /* the index is built anew anyway, and must not be touched before */
    for (i = pending->count; i > 0; i--)
        if (rowid >= pending->ranges[i - 1].low && rowid <= pending->ranges[i - 1].high)
            return true;
    return false;
}

/* Only the last range grows, so that invariant 2 needs no more than its old value. */
static void sqlite_pending_add(sqlite_pending *pending, int64_t rowid)
{
    sqlite_range *last = pending->count > 0 ? &pending->ranges[pending->count - 1] : NULL;
    if (last != NULL && rowid >= last->low && rowid <= last->high)
        return;
    if (last != NULL && last->high < INT64_MAX && rowid == last->high + 1) {
        last->high = rowid;
    } else if (pending->count < SQLITE_RANGES) {
        pending->ranges[pending->count].low = rowid;
        pending->ranges[pending->count].high = rowid;
        pending->count++;
    } else {
        pending->overflow = true;
    }
}

/* SQLite tells each row that is inserted. */
CODEDB_PRIVATE void codedb_sqlite_fulltext_on_change(void *context, int action, const char *database, const char *table,
                                                     sqlite3_int64 rowid)
{
    sqlite_connection *connection = context;
    sqlite_fulltext *fulltext;
    if (action != SQLITE_INSERT || strcmp(database, "main") != 0)
        return;
    for (fulltext = connection->fulltexts; fulltext != NULL; fulltext = fulltext->next)
        if (strcmp(fulltext->content, table) == 0)
            sqlite_pending_add(&fulltext->pending, rowid);
}

CODEDB_PRIVATE void codedb_sqlite_fulltext_watch(sqlite_connection *connection)
{
    sqlite3_update_hook(connection->db, connection->fulltexts != NULL ? codedb_sqlite_fulltext_on_change : NULL, connection);
}

/* codedb_fulltext_pending(number, old rowid, new rowid), called by the triggers: 1 when the index is not to be touched for the row. A row
 * that moves to another rowid is pending there. */
CODEDB_PRIVATE void codedb_sqlite_fulltext_pending(sqlite3_context *context, int count, sqlite3_value **values)
{
    sqlite_fulltext *fulltext = sqlite_fulltext_numbered(sqlite3_user_data(context), sqlite3_value_int(values[0]));
    int64_t old_rowid = sqlite3_value_int64(values[1]);
    int64_t new_rowid = sqlite3_value_int64(values[2]);
    (void)count;
    if (fulltext != NULL && old_rowid != new_rowid) {
        sqlite_pending_add(&fulltext->pending, new_rowid);
        sqlite3_result_int(context, 1);
    } else {
        sqlite3_result_int(context, fulltext == NULL || sqlite_pending_has(&fulltext->pending, old_rowid));
    }
}

CODEDB_PRIVATE void codedb_sqlite_fulltext_remember(sqlite_connection *connection)
{
    sqlite_fulltext *fulltext;
    for (fulltext = connection->fulltexts; fulltext != NULL; fulltext = fulltext->next) {
        const sqlite_pending *pending = &fulltext->pending;
        fulltext->before.count = pending->count;
        fulltext->before.overflow = pending->overflow;
        if (pending->count > 0)
            fulltext->before.last = pending->ranges[pending->count - 1];
    }
}

CODEDB_PRIVATE void codedb_sqlite_fulltext_restore(sqlite_connection *connection)
{
    sqlite_fulltext *fulltext;
    for (fulltext = connection->fulltexts; fulltext != NULL; fulltext = fulltext->next) {
        fulltext->pending.count = fulltext->before.count;
        fulltext->pending.overflow = fulltext->before.overflow;
        if (fulltext->before.count > 0)
            fulltext->pending.ranges[fulltext->before.count - 1] = fulltext->before.last;
    }
}

CODEDB_PRIVATE void codedb_sqlite_fulltext_forget_pending(sqlite_connection *connection)
{
    sqlite_fulltext *fulltext;
    for (fulltext = connection->fulltexts; fulltext != NULL; fulltext = fulltext->next) {
        fulltext->pending.count = 0;
        fulltext->pending.overflow = false;
    }
}

/* Orders ranges by their start and joins what overlaps, so that no row is added twice. */
static void sqlite_pending_join(sqlite_pending *pending)
{
    size_t i, joined = 0;
    for (i = 1; i < pending->count; i++) {
        sqlite_range range = pending->ranges[i];
        size_t place = i;
        for (; place > 0 && pending->ranges[place - 1].low > range.low; place--)
            pending->ranges[place] = pending->ranges[place - 1];
        pending->ranges[place] = range;
    }
    for (i = 1; i < pending->count; i++) {
        if (pending->ranges[i].low <= pending->ranges[joined].high) {
            if (pending->ranges[i].high > pending->ranges[joined].high)
                pending->ranges[joined].high = pending->ranges[i].high;
        } else {
            pending->ranges[++joined] = pending->ranges[i];
        }
    }
    if (pending->count > 0)
        pending->count = joined + 1;
}

static int sqlite_fulltext_rebuild(sqlite_connection *connection, const sqlite_fulltext *fulltext)
{
    char *sql = sqlite3_mprintf("INSERT INTO main.\"%w\"(\"%w\") VALUES('rebuild')", fulltext->name, fulltext->name);
    int code = sql != NULL ? codedb_sqlite_execute(connection, sql) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return code;
}

static int sqlite_fulltext_flush_one(sqlite_connection *connection, sqlite_fulltext *fulltext)
{
    int code = SQLITE_OK;
    size_t i;
    if (fulltext->pending.overflow) {
        code = sqlite_fulltext_rebuild(connection, fulltext);
    } else {
        sqlite_pending_join(&fulltext->pending);
        for (i = 0; code == SQLITE_OK && i < fulltext->pending.count; i++) {
            sqlite3_bind_int64(fulltext->flush, 1, fulltext->pending.ranges[i].low);
            sqlite3_bind_int64(fulltext->flush, 2, fulltext->pending.ranges[i].high);
            code = sqlite_step_own(connection, fulltext->flush);
        }
    }
    if (code == SQLITE_OK) {
        fulltext->pending.count = 0;
        fulltext->pending.overflow = false;
    }
    return code;
}

CODEDB_PRIVATE codedb_code codedb_sqlite_fulltext_flush(sqlite_connection *connection, codedb_result *result)
{
    sqlite3_int64 last = sqlite3_last_insert_rowid(connection->db);
    sqlite_fulltext *fulltext;
    codedb_code failure;
    int code = SQLITE_OK;
    for (fulltext = connection->fulltexts; code == SQLITE_OK && fulltext != NULL; fulltext = fulltext->next)
        if (fulltext->pending.count > 0 || fulltext->pending.overflow)
            code = sqlite_fulltext_flush_one(connection, fulltext);
    sqlite3_set_last_insert_rowid(connection->db, last);
    if (code == SQLITE_OK)
        return CODEDB_SUCCESS;
    failure = codedb_sqlite_fail(connection, code, "keeping the full-text index in step", result);
    if (!sqlite_is_autocommit(connection))
        sqlite_step_own(connection, connection->rollback);
    if (sqlite_is_autocommit(connection))
        codedb_sqlite_after_rollback(connection, true);
    return failure;
}

CODEDB_PRIVATE bool codedb_sqlite_fulltext_is_crowded(const sqlite_connection *connection)
{
    const sqlite_fulltext *fulltext = connection->fulltexts;
    while (fulltext != NULL && fulltext->pending.count < SQLITE_RANGES_FLUSH && !fulltext->pending.overflow)
        fulltext = fulltext->next;
    return fulltext != NULL;
}

CODEDB_PRIVATE const char *codedb_sqlite_fulltext_option(codedb_arena *arena, const char *sql, const char *option)
{
    size_t length = strlen(option);
    const char *at = strchr(sql, '(');
    while (at != NULL) {
        const char *value = at + 1 + strspn(at + 1, " \t\r\n");
        bool named = sqlite3_strnicmp(value, option, (int)length) == 0;
        value += named ? length : 0;
        value += strspn(value, " \t\r\n");
        if (named && *value == '=') {
            char quote, *copy, *out;
            value += 1 + strspn(value + 1, " \t\r\n");
            quote = strchr("'\"`[", *value) != NULL && *value != '\0' ? *value++ : '\0';
            quote = quote == '[' ? ']' : quote;
            copy = out = codedb_arena_copy(arena, value, strlen(value));
            for (; out != NULL && *value != '\0'; value++) {
                if (quote == '\0' ? strchr(" \t\r\n,)", *value) != NULL : *value == quote && *++value != quote)
                    break;
                *out++ = *value;
            }
            if (out != NULL)
                *out = '\0';
            return copy;
        }
        /* On to the next comma outside of quotes. */
        for (at = at + 1; *at != '\0' && *at != ','; at++) {
            if (*at == '\'' || *at == '"' || *at == '`') {
                const char *end = strchr(at + 1, *at);
                if (end == NULL)
                    return NULL;
                at = end;
            }
        }
        if (*at == '\0')
            at = NULL;
    }
    return NULL;
}

/* The columns of a full-text table as SQL: each one quoted, behind `prefix`, joined by commas. */
static int sqlite_fulltext_columns(sqlite_connection *connection, const char *name, const char *prefix, char **columns)
{
    sqlite3_str *list = sqlite3_str_new(connection->db);
    sqlite3_stmt *statement = NULL;
    int code = sqlite_prepare_own(connection, "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0", &statement);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    connection->trusted = true;
    while ((code == SQLITE_OK || code == SQLITE_ROW) && (code = sqlite3_step(statement)) == SQLITE_ROW)
        sqlite3_str_appendf(list, "%s%s\"%w\"", sqlite3_str_length(list) > 0 ? ", " : "", prefix,
                            sqlite3_column_text(statement, 0));
    connection->trusted = false;
    sqlite3_finalize(statement);
    if (code == SQLITE_DONE)
        code = sqlite3_str_errcode(list);
    *columns = sqlite3_str_finish(list);
    return code == SQLITE_OK && *columns == NULL ? SQLITE_NOMEM : code;
}

/* An expression that asks whether row old.rowid is in the index. With columnsize=0 there is nothing to ask: it is taken to be. */
static int sqlite_fulltext_indexed(sqlite_connection *connection, const char *name, char **expression)
{
    bool has_sizes;
    int code = codedb_sqlite_has(connection,
                                 "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 || '_docsize' COLLATE NOCASE",
                                 name, NULL, &has_sizes);
    if (code != SQLITE_OK)
        return code;
    *expression =
        has_sizes ? sqlite3_mprintf("EXISTS (SELECT 1 FROM \"%w_docsize\" WHERE id = old.rowid)", name) : sqlite3_mprintf("1");
    return *expression != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

/* The two triggers: rows that are deleted or changed leave the index with their old words, unless they are pending (invariant 1), or
 * another program never put them there: taking out what is not in would corrupt the index. Insertions need none. */
static char *sqlite_fulltext_triggers(const sqlite_fulltext *fulltext, const char *names, const char *olds, const char *news,
                                      const char *indexed)
{
    const char *name = fulltext->name;
    int number = fulltext->number;
    return sqlite3_mprintf(
        "CREATE TEMP TRIGGER codedb_fulltext_%d_delete AFTER DELETE ON main.\"%w\" WHEN NOT codedb_fulltext_pending(%d, old.rowid, "
        "old.rowid) AND %s BEGIN INSERT INTO \"%w\"(\"%w\", rowid, %s) VALUES('delete', old.rowid, %s); END;"
        "CREATE TEMP TRIGGER codedb_fulltext_%d_update AFTER UPDATE ON main.\"%w\" BEGIN "
        "INSERT INTO \"%w\"(\"%w\", rowid, %s) SELECT 'delete', old.rowid, %s WHERE NOT codedb_fulltext_pending(%d, old.rowid, old.rowid) "
        "AND %s; "
        "INSERT INTO \"%w\"(rowid, %s) SELECT new.rowid, %s WHERE NOT codedb_fulltext_pending(%d, old.rowid, new.rowid); END;",
        number, fulltext->content, number, indexed, name, name, names, olds, number, fulltext->content, name, name, names, olds,
        number, indexed, name, names, news, number);
}

static int sqlite_fulltext_prepare(sqlite_connection *connection, sqlite_fulltext *fulltext)
{
    char *names = NULL, *olds = NULL, *news = NULL, *indexed = NULL, *flush = NULL, *triggers = NULL;
    int code = sqlite_fulltext_columns(connection, fulltext->name, "", &names);
    if (code == SQLITE_OK)
        code = sqlite_fulltext_columns(connection, fulltext->name, "old.", &olds);
    if (code == SQLITE_OK)
        code = sqlite_fulltext_columns(connection, fulltext->name, "new.", &news);
    if (code == SQLITE_OK)
        code = sqlite_fulltext_indexed(connection, fulltext->name, &indexed);
    if (code != SQLITE_OK)
        goto cleanup;
    flush = sqlite3_mprintf("INSERT INTO main.\"%w\"(rowid, %s) SELECT rowid, %s FROM main.\"%w\" WHERE rowid BETWEEN ?1 AND ?2",
                            fulltext->name, names, names, fulltext->content);
    triggers = sqlite_fulltext_triggers(fulltext, names, olds, news, indexed);
    code = SQLITE_NOMEM;
    if (flush == NULL || triggers == NULL)
        goto cleanup;
    code = sqlite_prepare_own(connection, flush, &fulltext->flush);
    if (code != SQLITE_OK)
        goto cleanup;
    connection->triggers_were_made = true;
    code = codedb_sqlite_execute(connection, triggers);
cleanup:
    sqlite3_free(names);
    sqlite3_free(olds);
    sqlite3_free(news);
    sqlite3_free(indexed);
    sqlite3_free(flush);
    sqlite3_free(triggers);
    return code;
}

static void sqlite_fulltext_log_skipped(const sqlite_connection *connection, const char *name, const char *why)
{
    char message[256];
    snprintf(message, sizeof message, "full-text table %s is not kept in step: %s", name, why);
    if (connection->settings.log != NULL && connection->settings.log_level <= CODEDB_LOG_WARNING)
        connection->settings.log(connection->settings.log_context, CODEDB_LOG_WARNING, message);
}

/* Whether codedb is to keep a full-text table in step, whose content is a table, by its rowid, and nobody else's task. */
static int sqlite_fulltext_is_ours(sqlite_connection *connection, const char *name, const char *content, const char *rowid,
                                   bool *ours)
{
    bool is_table, has_trigger = true, is_rowid = true;
    int code = codedb_sqlite_has(connection, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
                                 content, NULL, &is_table);
    if (code == SQLITE_OK)
        code = codedb_sqlite_has(
            connection,
            "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE AND instr(lower(sql), lower(?2))",
            content, name, &has_trigger);
    if (code == SQLITE_OK && rowid != NULL && !sqlite_is_rowid(rowid))
        code = codedb_sqlite_has(
            connection,
            "SELECT 1 FROM pragma_table_info(?1) WHERE pk = 1 AND upper(type) = 'INTEGER' AND name = ?2 COLLATE NOCASE AND "
            "(SELECT count(*) FROM pragma_table_info(?1) WHERE pk > 0) = 1",
            content, rowid, &is_rowid);
    if (code == SQLITE_OK && is_table && !has_trigger && !is_rowid)
        sqlite_fulltext_log_skipped(connection, name, "its content_rowid is not the content's rowid");
    *ours = is_table && !has_trigger && is_rowid;
    return code;
}

/* A copy of a text of a row, for as long as the full-text tables are known; NULL without memory. */
static const char *sqlite_fulltext_keep(sqlite_connection *connection, sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text != NULL ? codedb_arena_copy(connection->fulltext_arena, text, (size_t)sqlite3_column_bytes(statement, column))
                        : NULL;
}

/* A table's name as its schema has it, which the update hook gives; NULL without memory. */
static int sqlite_fulltext_exact_name(sqlite_connection *connection, const char *name, const char **exact)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite_prepare_own(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
                                  &statement);
    *exact = NULL;
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *exact = sqlite_fulltext_keep(connection, statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? SQLITE_OK : code;
}

/* Adds a full-text table to the list if it is ours. */
static int sqlite_fulltext_add(sqlite_connection *connection, const char *name, const char *sql)
{
    codedb_arena *arena = connection->fulltext_arena;
    const char *content = codedb_sqlite_fulltext_option(arena, sql, "content");
    const char *rowid = codedb_sqlite_fulltext_option(arena, sql, "content_rowid");
    sqlite_fulltext *fulltext;
    bool ours;
    int code;
    if (content == NULL || content[0] == '\0')
        return SQLITE_OK;
    code = sqlite_fulltext_is_ours(connection, name, content, rowid, &ours);
    if (code != SQLITE_OK || !ours)
        return code;
    fulltext = codedb_arena_allocate(arena, 1, sizeof *fulltext);
    if (fulltext == NULL)
        return SQLITE_NOMEM;
    fulltext->name = codedb_arena_copy(arena, name, strlen(name));
    code = sqlite_fulltext_exact_name(connection, content, &fulltext->content);
    if (code != SQLITE_OK)
        return code;
    if (fulltext->name == NULL || fulltext->content == NULL)
        return SQLITE_NOMEM;
    fulltext->number = ++connection->fulltext_number; /* never again: see sqlite_fulltext_drop_triggers */
    code = sqlite_fulltext_prepare(connection, fulltext);
    if (code == SQLITE_ERROR) {
        /* Its columns are not the content's, say: such a table is of no use, and no reason to refuse the database. */
        sqlite_fulltext_log_skipped(connection, name, sqlite3_errmsg(connection->db));
        sqlite3_finalize(fulltext->flush);
        return SQLITE_OK;
    }
    fulltext->next = connection->fulltexts;
    connection->fulltexts = fulltext;
    return code;
}

/* Drops the triggers, those that a rollback brought back included. A trigger whose table another process has dropped is not there for
 * SQLite, and comes back with a table of that name: then it finds its number to be nobody's, touches nothing, and is dropped the next time. */
static int sqlite_fulltext_drop_triggers(sqlite_connection *connection)
{
    static const char *const find = "SELECT group_concat('DROP TRIGGER IF EXISTS temp.' || name, ';') FROM sqlite_temp_schema "
                                    "WHERE type = 'trigger' AND name GLOB 'codedb_fulltext_*'";
    sqlite3_stmt *triggers = NULL;
    char *sql = NULL;
    int code;
    if (!connection->triggers_were_made)
        return SQLITE_OK;
    code = sqlite_prepare_own(connection, find, &triggers);
    if (code == SQLITE_OK)
        code = sqlite3_step(triggers);
    if (code == SQLITE_ROW && sqlite3_column_type(triggers, 0) == SQLITE_TEXT) {
        sql = sqlite3_mprintf("%s", sqlite3_column_text(triggers, 0));
        code = sql != NULL ? SQLITE_ROW : SQLITE_NOMEM;
    }
    sqlite3_finalize(triggers);
    if (sql != NULL)
        code = codedb_sqlite_execute(connection, sql);
    sqlite3_free(sql);
    return code == SQLITE_ROW ? SQLITE_OK : code;
}

CODEDB_PRIVATE int codedb_sqlite_fulltext_drop(sqlite_connection *connection)
{
    sqlite_fulltext *fulltext;
    int code;
    for (fulltext = connection->fulltexts; fulltext != NULL; fulltext = fulltext->next)
        sqlite3_finalize(fulltext->flush);
    connection->fulltexts = NULL;
    code = sqlite_fulltext_drop_triggers(connection);
    codedb_arena_destroy(connection->fulltext_arena);
    connection->fulltext_arena = NULL;
    connection->schema_is_known = false;
    return code;
}

CODEDB_PRIVATE codedb_code codedb_sqlite_fulltext_discover(sqlite_connection *connection, codedb_result *result)
{
    static const char *const find =
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%fts5%'";
    sqlite3_stmt *tables = NULL;
    int code;
    code = codedb_sqlite_fulltext_drop(connection);
    if (code == SQLITE_OK) /* first: what changes while we look is noticed by the next who writes */
        code = codedb_sqlite_schema_version(connection, &connection->known_version);
    connection->fulltext_arena = codedb_arena_create(&connection->allocator);
    if (connection->fulltext_arena == NULL)
        return codedb_fail_no_memory(result);
    /* What cannot be written needs no upkeep. */
    if (code == SQLITE_OK)
        code = connection->settings.read_only ? SQLITE_DONE : sqlite_prepare_own(connection, find, &tables);
    while (code == SQLITE_OK && (code = sqlite3_step(tables)) == SQLITE_ROW) {
        const char *name = sqlite_fulltext_keep(connection, tables, 0);
        const char *sql = sqlite_fulltext_keep(connection, tables, 1);
        code = name != NULL && sql != NULL ? sqlite_fulltext_add(connection, name, sql) : SQLITE_NOMEM;
    }
    /* Without them a REPLACE would delete rows that no trigger hears of. */
    if (code == SQLITE_DONE && connection->fulltexts != NULL)
        code = codedb_sqlite_execute(connection, "PRAGMA recursive_triggers = ON");
    if (code != SQLITE_DONE && code != SQLITE_OK) {
        codedb_code failure = codedb_sqlite_fail(connection, code, "looking for full-text tables", result);
        sqlite3_finalize(tables);
        codedb_sqlite_fulltext_drop(connection);
        return failure;
    }
    sqlite3_finalize(tables);
    codedb_sqlite_fulltext_watch(connection);
    connection->schema_is_known = true;
    /* Temporary triggers are part of the transaction in which they are made: a rollback takes them back. */
    if (connection->fulltexts != NULL && !sqlite_is_autocommit(connection))
        connection->schema_was_changed = true;
    return CODEDB_SUCCESS;
}
