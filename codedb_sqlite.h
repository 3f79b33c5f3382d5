/* codedb_sqlite.h -- what the files of the SQLite driver share; only they include this and sqlite3.h.
 *
 * Everything here is used on the driver thread alone. */
#ifndef CODEDB_SQLITE_H
#define CODEDB_SQLITE_H

#include "codedb_driver.h"

#include <sqlite3.h>

/* ---- codedb_sqlite.c: the connection ------------------------------------------------------------------------------- */

#define SQLITE_STATEMENTS 128
#define SQLITE_BUCKETS 256
#define SQLITE_PROGRESS_STEPS 2000
#define SQLITE_RANGES 1024
#define SQLITE_RANGES_FLUSH 256

/* The names of a statement's columns. SQLite keeps them until it prepares the statement anew by itself. */
typedef struct sqlite_columns {
    const char **names; /* NULL: they were not asked for yet */
    int count;
    int prepared_again; /* how often it had been by then */
    bool finds_one;     /* at most one row can come */
} sqlite_columns;

/* A prepared statement in the cache. Its place in the array never moves, so that an operation's memo may point to it. */
typedef struct sqlite_statement {
    sqlite3_stmt *statement; /* NULL: the place is free */
    codedb_arena *arena;     /* holds `operation` */
    codedb_operation operation;
    uint64_t stamp;      /* changes whenever the place gets another statement */
    uint64_t used;       /* a clock that counts runs */
    int next;            /* in its bucket; -1: the last */
    bool feeds_fulltext; /* may leave rows of a content table pending */
    bool reads_fulltext;
    bool changes_schema;
    bool changes_rows;
    bool gives_rows;
    bool only_reads;
    int parameter_count;
    codedb_value *bound; /* of an insert: what its parameters are bound to; NULL: nobody knows */
    sqlite_columns columns;
    size_t rows_seen;      /* rows of batches that came one by one; from here on codedb_sqlite_rows.c */
    bool joining_is_known; /* whether several of them may share a statement */
    sqlite3_stmt *joined;  /* the one for several, or NULL */
    codedb_value *joined_bound;
} sqlite_statement;

typedef struct sqlite_range {
    int64_t low;
    int64_t high;
} sqlite_range;

/* Rowids that were inserted into a content table and are not in its index yet. When there are more ranges than have room, `overflow`
 * says that the index is to be built anew. */
typedef struct sqlite_pending {
    size_t count;
    bool overflow;
    sqlite_range ranges[SQLITE_RANGES];
} sqlite_pending;

/* An external-content FTS5 table that codedb keeps in step. */
typedef struct sqlite_fulltext {
    struct sqlite_fulltext *next;
    int number;
    const char *name;
    const char *content;
    sqlite3_stmt *flush; /* rowids from ?1 to ?2 */
    sqlite_pending pending;
    struct {
        size_t count;
        bool overflow;
        sqlite_range last;
    } before; /* `pending` before the statement that runs */
} sqlite_fulltext;

/* A copy that is being made: codedb_sqlite_copy.c. */
typedef struct sqlite_copy sqlite_copy;

typedef struct sqlite_connection {
    codedb_driver_settings settings;
    codedb_allocator allocator;
    sqlite3 *db;
    double deadline;                    /* monotonic seconds; 0: none */
    int (*is_cancelled)(void *context); /* NULL: nobody cancels */
    void *is_cancelled_context;
    double busy_since; /* when the wait for another process's lock began */

    bool encoding_is_known; /* and whether it is UTF-8 */
    bool is_utf8;
    bool trusted; /* codedb's own SQL is being prepared */
    bool preparing;
    sqlite_statement *authorized; /* gets what the authorizer sees */
    const char *refused;          /* what the authorizer did not allow, or NULL */

    sqlite_statement statements[SQLITE_STATEMENTS];
    int buckets[SQLITE_BUCKETS];
    uint64_t clock;
    uint64_t stamps;
    codedb_buffer sql;
    sqlite3_stmt *columns;        /* names of the columns of table ?1 */
    sqlite3_stmt *schema_version; /* made when it is needed */
    sqlite3_stmt *begin, *begin_reading, *commit, *rollback;
    sqlite3_stmt *running;             /* the one that SQLite may be asked to give up, or NULL */
    sqlite3_stmt *savepoint, *release; /* of depth 0: made when they are needed */

    codedb_arena *fulltext_arena;
    sqlite_fulltext *fulltexts;
    bool triggers_were_made; /* once: a rollback may bring dropped ones back */
    bool schema_is_known;    /* full-text tables were looked for since the schema changed */
    bool schema_was_changed; /* in the transaction that is open */
    int64_t known_version;   /* SQLite's count of schema changes when they were looked for */
    int fulltext_number;     /* the last that was given to a full-text table */

    sqlite_copy *copy;        /* the one that is made bit by bit, or NULL */
    int64_t log_frames;       /* pages in the write-ahead log, as of the last commit or checkpoint here */
    int64_t log_checkpointed; /* those that were copied back */

    codedb_value *row; /* room for the row that is being read */
    size_t row_capacity;

    struct sqlite_row_ids *row_ids; /* of the statement that inserts several rows now */

    bool in_memory;
    bool was_reading; /* the last operation only read */
    bool reading;     /* a transaction of the driver's own is open, for reads that follow one another */
} sqlite_connection;

static inline sqlite_connection *sqlite_of(codedb_connection *connection)
{
    return (sqlite_connection *)(void *)connection;
}

/* No transaction but one for reads that follow one another. */
static inline bool sqlite_is_autocommit(const sqlite_connection *connection)
{
    return connection->reading || sqlite3_get_autocommit(connection->db) != 0;
}

static inline bool sqlite_name_is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (sqlite3_stricmp(name, *names) == 0)
            return true;
    return false;
}

/* Every table with a rowid has these names for it, unless columns took them. */
static inline bool sqlite_is_rowid(const char *name)
{
    static const char *const names[] = {"rowid", "oid", "_rowid_", NULL};
    return sqlite_name_is_one_of(name, names);
}

/* Prepares codedb's own SQL. */
static inline int sqlite_prepare_own(sqlite_connection *connection, const char *sql, sqlite3_stmt **statement)
{
    int code;
    connection->trusted = true;
    code = sqlite3_prepare_v3(connection->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    connection->trusted = false;
    return code;
}

/* Runs one of codedb's own prepared statements that give no rows. */
static inline int sqlite_step_own(sqlite_connection *connection, sqlite3_stmt *statement)
{
    int code;
    connection->trusted = true;
    connection->running = statement;
    sqlite3_step(statement);
    code = sqlite3_reset(statement);
    connection->running = NULL;
    connection->trusted = false;
    return code;
}

/* Prepares what is needed before `operation` can run: its statement in the cache, which lives until the schema changes, and what is known of
 * full-text tables. */
CODEDB_PRIVATE codedb_code codedb_sqlite_ready(sqlite_connection *connection, codedb_operation *operation,
                                               sqlite_statement **statement, codedb_result *result);
/* Prepares the text in connection->sql, watched by the authorizer, which notes in `statement` what it touches. */
CODEDB_PRIVATE codedb_code codedb_sqlite_prepare(sqlite_connection *connection, sqlite_statement *statement, const char *what,
                                                 codedb_result *result);
/* Binds a value, unless `bound` says that the parameter is bound to it already. */
CODEDB_PRIVATE int codedb_sqlite_bind_again(sqlite3_stmt *statement, codedb_value *bound, int place, const codedb_value *value);
CODEDB_PRIVATE codedb_code codedb_sqlite_run(codedb_connection *self, codedb_operation *operation, const codedb_value *values,
                                             codedb_row_writer *rows, codedb_changes *changes, codedb_result *result);
/* To be called when something failed: SQLite may have ended the transaction. */
CODEDB_PRIVATE void codedb_sqlite_notice_end(sqlite_connection *connection);
/* Ends the transaction of reads that follow one another, if there is one. */
CODEDB_PRIVATE void codedb_sqlite_end_reading(sqlite_connection *connection);

/* What the functions of the driver's table begin with that do more than read. */
static inline sqlite_connection *sqlite_settled(codedb_connection *self)
{
    sqlite_connection *connection = sqlite_of(self);
    codedb_sqlite_end_reading(connection);
    return connection;
}

/* Answers with SQLite's words for the call that failed last. */
CODEDB_PRIVATE codedb_code codedb_sqlite_fail(sqlite_connection *connection, int code, const char *what, codedb_result *result);
/* The same for what was, or may have been, a commit: OUTCOME_UNKNOWN where the disk did not confirm it. */
CODEDB_PRIVATE codedb_code codedb_sqlite_fail_commit(sqlite_connection *connection, int code, const char *what,
                                                     codedb_result *result);
/* Whether what runs is to be given up: its time is over, or it was cancelled. For sqlite3_progress_handler, too. */
CODEDB_PRIVATE int codedb_sqlite_is_over(void *connection);
/* SQLite's count of the changes of the schema, whoever made them. */
CODEDB_PRIVATE int codedb_sqlite_schema_version(sqlite_connection *connection, int64_t *version);
/* Runs codedb's own SQL that gives no rows. */
CODEDB_PRIVATE int codedb_sqlite_execute(sqlite_connection *connection, const char *sql);
/* Runs codedb's own query with up to two texts bound (NULL: none); *answer is true when it gives a row whose first column is not 0. */
CODEDB_PRIVATE int codedb_sqlite_has(sqlite_connection *connection, const char *sql, const char *first, const char *second,
                                     bool *answer);
/* Forgets prepared statements and full-text tables, because the schema changes; outside of transactions, where nothing is pending. */
CODEDB_PRIVATE void codedb_sqlite_forget_schema(sqlite_connection *connection);

/* A rollback may have taken schema changes back, and pending rows with them; `ended`: of the whole transaction. */
CODEDB_PRIVATE void codedb_sqlite_after_rollback(sqlite_connection *connection, bool ended);

/* ---- codedb_sqlite_rows.c: many rows of an insert ------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_code codedb_sqlite_run_rows(codedb_connection *self, codedb_operation *insert, const codedb_value *values,
                                                  size_t row_count, int64_t *ids, size_t *done, codedb_result *result);

/* ---- codedb_sqlite_fulltext.c: full-text tables in step with what they are about ------------------------------------ */

/* SQLite functions answer with SQLite's codes, and no failure is passed over: SQLite answers many of them by rolling back. */

/* Looks for full-text tables and makes their triggers. */
CODEDB_PRIVATE codedb_code codedb_sqlite_fulltext_discover(sqlite_connection *connection, codedb_result *result);
/* Forgets the full-text tables and drops their triggers. Nothing may be pending. Triggers that could not be dropped are found by the
 * next discovery. */
CODEDB_PRIVATE int codedb_sqlite_fulltext_drop(sqlite_connection *connection);
/* Lets SQLite tell the next function of rows that are inserted, if there is full text to be kept in step. */
CODEDB_PRIVATE void codedb_sqlite_fulltext_watch(sqlite_connection *connection);
CODEDB_PRIVATE void codedb_sqlite_fulltext_on_change(void *connection, int action, const char *database, const char *table,
                                                     sqlite3_int64 rowid);
/* What is pending, before a statement, and back to it when the statement failed; and none, after a rollback. */
CODEDB_PRIVATE void codedb_sqlite_fulltext_remember(sqlite_connection *connection);
CODEDB_PRIVATE void codedb_sqlite_fulltext_restore(sqlite_connection *connection);
CODEDB_PRIVATE void codedb_sqlite_fulltext_forget_pending(sqlite_connection *connection);
/* Adds all pending rows to their indexes. A failure half-way has left some of them there: then the whole transaction goes, because
 * only it can be taken back without a savepoint for each flush. */
CODEDB_PRIVATE codedb_code codedb_sqlite_fulltext_flush(sqlite_connection *connection, codedb_result *result);
/* So many ranges are pending that it is time for a flush. */
CODEDB_PRIVATE bool codedb_sqlite_fulltext_is_crowded(const sqlite_connection *connection);
/* The SQL function codedb_fulltext_pending(number, old rowid, new rowid) of the triggers. */
CODEDB_PRIVATE void codedb_sqlite_fulltext_pending(sqlite3_context *context, int count, sqlite3_value **values);
/* The value of an option in the arguments of CREATE VIRTUAL TABLE ... USING fts5(...), without its quotes; NULL when it is not given. */
CODEDB_PRIVATE const char *codedb_sqlite_fulltext_option(codedb_arena *arena, const char *sql, const char *option);

/* ---- codedb_sqlite_schema.c ---------------------------------------------------------------------------------------- */

/* Makes the tables that the settings say a new database in memory begins with. */
CODEDB_PRIVATE int codedb_sqlite_begin_database(sqlite_connection *connection);
/* The first number that a query of codedb's own answers. */
CODEDB_PRIVATE int codedb_sqlite_ask(sqlite_connection *connection, const char *sql, int64_t *number);
/* A function of the driver's table. */
CODEDB_PRIVATE codedb_code codedb_sqlite_change_schema(codedb_connection *self, const codedb_schema_statement *statements,
                                                       size_t count, int64_t stamp, codedb_result *result);

/* ---- codedb_sqlite_copy.c: functions of the driver's table --------------------------------------------------------- */

CODEDB_PRIVATE codedb_code codedb_sqlite_backup(codedb_connection *self, const char *path, codedb_result *result);
CODEDB_PRIVATE codedb_code codedb_sqlite_copy_start(codedb_connection *self, const char *path, codedb_result *result);
CODEDB_PRIVATE codedb_code codedb_sqlite_copy_step(codedb_connection *self, int *finished, codedb_result *result);
CODEDB_PRIVATE void codedb_sqlite_copy_end(codedb_connection *self);
CODEDB_PRIVATE codedb_code codedb_sqlite_restore(codedb_connection *self, const char *path, const codedb_value *tables,
                                                 size_t table_count, codedb_result *result);
/* How far the copy is that is being made: pages, both 0 when none is. */
CODEDB_PRIVATE void codedb_sqlite_copy_progress(const sqlite_connection *connection, int64_t *done, int64_t *total);

/* ---- codedb_sqlite_maintenance.c ----------------------------------------------------------------------------------- */

/* The log is copied back at 16 MB instead of 4: a page that changes often is copied less often. */
#define SQLITE_LOG_FRAMES 4000
/* Makes SQLite copy the log back by itself, and counts its frames. */
CODEDB_PRIVATE void codedb_sqlite_watch_log(sqlite_connection *connection);
/* Functions of the driver's table. */
CODEDB_PRIVATE codedb_code codedb_sqlite_check(codedb_connection *self, int64_t limit, codedb_row_writer *rows,
                                               codedb_result *result);
CODEDB_PRIVATE codedb_code codedb_sqlite_vacuum(codedb_connection *self, codedb_result *result);
CODEDB_PRIVATE codedb_code codedb_sqlite_checkpoint(codedb_connection *self, codedb_checkpoint_mode mode, codedb_result *result);
CODEDB_PRIVATE codedb_code codedb_sqlite_storage(codedb_connection *self, codedb_row_writer *rows, codedb_result *result);

#endif
