/* codedb.h -- the whole interface of codedb, an embeddable code database.
 *
 *   host call -> rows -> request -> queue -> driver -> SQLite
 *   source text -> tokens -> tree -> selector match -> edit
 *
 * Before you use this:
 * - One `codedb *` handle is one database and one driver thread with the only connection. Every function may be called from
 *   any thread, until codedb_close is called on the handle. A result and a batch belong to one thread at a time. What came back
 *   (rows, objects, nodes, trees) does not change: any number of threads may read it.
 * - One handle a file: let the threads of a process share it. A second handle or process on the same file works, but a writer
 *   keeps the other out, and who waits for longer than 5 s is answered CODEDB_BUSY, or CODEDB_TIMEOUT when the request's time is
 *   over before that. Do not open a file in one process through two copies of SQLite: POSIX drops all locks of a file when
 *   either closes it.
 * - Files are in SQLite's WAL mode: while a database is open, FILE-wal and FILE-shm beside it belong to it, so copy it with
 *   codedb_backup. WAL needs shared memory, so never put a database on a network file system; a read-only handle needs the
 *   right to write these two files, unless they are there.
 * - A commit is on the disk when the call returns (configuration: synchronous). TIMEOUT means that nothing was done.
 * - While a transaction is open, everybody else's requests wait. Keep it short: end it, or it is rolled back when it idles for
 *   `transaction_timeout`. Only requests through its own handle are part of it.
 * - In a child that the host forks, a handle is closed: every call answers CODEDB_CONNECTION_ERROR. Open a new one there.
 * - Called from inside a callback that codedb runs on the driver's thread (log, allocator, a driver's functions), a function that
 *   would wait for the driver answers CODEDB_BUSY.
 * - Every function that can fail returns a codedb_code and, when given a codedb_result, says there what was wrong. An
 *   out-parameter is cleared first and filled only on success. A NULL where something must be is
 *   INVALID_REQUEST; memory that runs out is NO_MEMORY, and nothing is lost by it. Both may come from every function and are
 *   not always repeated below.
 * - What a function hands out is freed with codedb_free, unless its comment names another function. It may outlive the handle.
 * - Text is UTF-8. A `const char *` that comes with a length may hold NULs; without one it ends at the first NUL. What is passed
 *   need only live until the call returns, unless a comment says otherwise.
 * - Lines count from 1; columns from 0, in code points, as LibCST has them; offsets from 0, in bytes.
 * - Structs that the host fills begin with `struct_size`; CODEDB_INIT sets it and leaves all else zero, which means the default.
 *
 * Sections: 1 version and codes, 2 results, 3 memory and log, 4 open and close, 5 values and rows, 6 tables, 7 batches and
 * transactions, 8 drivers, 9 objects, 10 trees, 11 stored trees, 12 folders, 13 index, 14 schema, 15 maintenance. */
#ifndef CODEDB_H
#define CODEDB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef CODEDB_API
#if defined(__GNUC__)
#define CODEDB_API __attribute__((visibility("default")))
#else
#define CODEDB_API
#endif
#endif

/* A zero value of any codedb struct that begins with struct_size:
 *     codedb_open_options options = CODEDB_INIT(codedb_open_options); */
#ifdef __cplusplus
#define CODEDB_INIT(type) (codedb_initialized<type>())
} /* extern "C" */
template <typename Type> inline Type codedb_initialized()
{
    Type value = Type();
    value.struct_size = sizeof(Type);
    return value;
}
extern "C" {
#else
/* clang-format off */
#define CODEDB_INIT(type) {.struct_size = sizeof(type)}
/* clang-format on */
#endif

/* cffi: begin */

/* ---- 1. Version and codes ----------------------------------------------------------------------------------------- */

#define CODEDB_VERSION_MAJOR 0
#define CODEDB_VERSION_MINOR 1
#define CODEDB_VERSION_PATCH 0

/* "MAJOR.MINOR.PATCH" of the library that is linked in. Never fails; any thread. */
CODEDB_API const char *codedb_version(void);

/* How an operation ended. */
typedef enum codedb_code {
    CODEDB_SUCCESS = 0,
    CODEDB_INVALID_REQUEST = 1,   /* a call that makes no sense: a NULL where something must be, a struct of unknown size */
    CODEDB_DATABASE_ERROR = 2,    /* the database said no; its words are in the description */
    CODEDB_NOT_FOUND = 3,         /* no such row, file, table or match */
    CODEDB_VALIDATION_ERROR = 4,  /* a value that may not be there: a constraint, a missing field, an empty where */
    CODEDB_PERMISSION_DENIED = 5, /* a read-only handle, a file that may not be opened, refused SQL */
    CODEDB_TIMEOUT = 6,           /* the request's time was over; it had no effect */
    CODEDB_INTERNAL_ERROR = 7,    /* a defect of codedb */
    CODEDB_TRANSACTION_ERROR = 8, /* an unknown or ended transaction, or a use that would wait for oneself */
    CODEDB_SCHEMA_ERROR = 9,      /* an unknown table or column, a schema that is none */
    CODEDB_CONNECTION_ERROR = 10, /* the driver is gone: closed, dead, or a handle in a forked child */
    CODEDB_QUEUE_FULL = 11,       /* asked not to wait, and the queue was full */
    CODEDB_NO_MEMORY = 12,
    CODEDB_PARSE_ERROR = 13,    /* source that is not Python; place and what was expected are in the result */
    CODEDB_SELECTOR_ERROR = 14, /* a bad selector; likewise */
    CODEDB_CONFLICT = 15,       /* what is to be changed has changed since it was read */
    CODEDB_OVERLAP = 16,        /* edits that overlap */
    CODEDB_CANCELLED = 17,
    CODEDB_BUSY = 18,           /* would wait for oneself, or the database is locked by another process */
    CODEDB_OUTCOME_UNKNOWN = 19 /* contact was lost during a commit, or the disk did not confirm it */
} codedb_code;

/* "SUCCESS", "INVALID_REQUEST", ...; "UNKNOWN" for a number that is no code. Never NULL; any thread. */
CODEDB_API const char *codedb_code_name(codedb_code code);

/* ---- 2. Results --------------------------------------------------------------------------------------------------- */

#define CODEDB_DESCRIPTION_SIZE 512

/* What a call has to say. The host owns it: start with CODEDB_INIT(codedb_result), pass it to any number of calls (each one
 * overwrites it and frees what the one before left), and call codedb_result_clear at the end. One thread at a time. NULL may be
 * passed where a result is not wanted. */
typedef struct codedb_result {
    size_t struct_size;
    codedb_code code;
    uint32_t line;                             /* of a parse or selector error, from 1; 0 when there is no place */
    uint32_t column;                           /* from 0, in code points */
    uint64_t offset;                           /* in bytes from the start of the text */
    uint64_t length;                           /* bytes of what was found there */
    char description[CODEDB_DESCRIPTION_SIZE]; /* one sentence, cut if too long; "" on success unless there is something to say */
    char *data;                                /* details as JSON, or NULL; freed by codedb_result_clear */
} codedb_result;

/* Frees what the result holds and makes it a success with nothing to say. NULL is allowed. */
CODEDB_API void codedb_result_clear(codedb_result *result);

/* ---- 3. Memory and log -------------------------------------------------------------------------------------------- */

/* Where memory comes from. All three functions are set, may be called from any thread, also by several at once, and must not call
 * codedb functions. The first two return memory aligned as malloc's, or NULL when there is none: codedb then answers
 * CODEDB_NO_MEMORY. Sizes are in bytes and never 0. The struct is copied, but what `context` points to must live until everything
 * that was made with it is freed. SQLite and cJSON have allocators of their own and do not use it. */
typedef struct codedb_allocator {
    void *(*allocate)(void *context, size_t size);
    void *(*reallocate)(void *context, void *pointer, size_t old_size, size_t new_size); /* pointer is never NULL */
    void (*release)(void *context, void *pointer);                                       /* pointer is never NULL */
    void *context;
} codedb_allocator;

/* Frees what any codedb function handed out. NULL is allowed. Any thread; also after the handle was closed. */
CODEDB_API void codedb_free(void *pointer);

typedef enum codedb_log_level { CODEDB_LOG_DEBUG, CODEDB_LOG_INFO, CODEDB_LOG_WARNING, CODEDB_LOG_ERROR } codedb_log_level;

/* Called from any thread, also at the same time from several. `message` is one line, valid during the call. Must not call codedb
 * functions that wait for the driver. */
typedef void (*codedb_log_function)(void *context, codedb_log_level level, const char *message);

/* ---- 4. Open and close -------------------------------------------------------------------------------------------- */

/* One open database, or one held transaction of it (codedb_transaction_begin), or a view of either with other request options
 * (codedb_with): all are accepted wherever a `codedb *` is. */
typedef struct codedb codedb;
typedef struct codedb_driver codedb_driver; /* section 8 */

typedef struct codedb_open_options {
    size_t struct_size;
    const codedb_allocator *allocator; /* NULL: the C library's; copied */
    codedb_log_function log;           /* NULL: nothing is logged */
    void *log_context;
    codedb_log_level log_level;          /* messages below it are not made */
    const codedb_driver *const *drivers; /* the host's own drivers, looked up by name before the built-in ones; may be NULL */
    size_t driver_count;
    size_t tree_cache_size; /* bytes of parsed trees and asts that codedb_query_project may keep; 0: 256 MiB, 1: none */
} codedb_open_options;

/* Opens a database. `config` is one of: a JSON text (it starts with '{'; docs/configuration.md has the keys), the path of a file
 * that ends in ".json" and holds such a text, or the path of a database file, or ":memory:". An empty database gets the schema;
 * missing parent folders of the path are made. A file that is made is its owner's alone (mode 0600), and so are those beside it and
 * those folders. `options` may be NULL.
 * On success *db is to be closed with codedb_close. Errors: VALIDATION_ERROR for a wrong configuration (the key is named) or a
 * driver that is not there, CONNECTION_ERROR or DATABASE_ERROR when the database cannot be opened or is none,
 * PERMISSION_DENIED, NOT_FOUND for a missing configuration, or for a missing database that is to be read only, BUSY when
 * another process has it locked. */
CODEDB_API codedb_code codedb_open(const char *config, const codedb_open_options *options, codedb **db, codedb_result *result);

/* Ends a handle. Of a database: finishes what is queued, rolls back transactions that are open, stops the driver and frees the
 * handle; transactions and views of it that are still there answer CONNECTION_ERROR and are to be closed as well. Of a
 * transaction: rolls it back if it has not ended. Of a view: only frees it. NULL is allowed. No other thread may use the
 * handle any more. Does nothing in a forked child, and inside a callback on the driver's thread. */
CODEDB_API void codedb_close(codedb *db);

typedef enum codedb_priority {
    CODEDB_PRIORITY_NORMAL = 0,
    CODEDB_PRIORITY_LOW = 1,
    CODEDB_PRIORITY_HIGH = 2,
    CODEDB_PRIORITY_URGENT = 3
} codedb_priority;

typedef struct codedb_request_options {
    size_t struct_size;
    codedb_priority priority;
    double timeout;  /* seconds; 0: command_timeout of the configuration; negative: none */
    int do_not_wait; /* 1: QUEUE_FULL at once when the queue is full */
} codedb_request_options;

/* Makes a view of `db` whose requests have these options, all of them: those of a view that is viewed again do not count. A view
 * of a transaction is part of that transaction. Cheap: nothing is sent. To be closed with codedb_close, before or after `db`.
 * Errors: INVALID_REQUEST for an option that makes no sense, CONNECTION_ERROR in a forked child. */
CODEDB_API codedb_code codedb_with(codedb *db, const codedb_request_options *options, codedb **view, codedb_result *result);

/* Counters of the queue and the driver since the handle was opened; times in seconds. */
typedef struct codedb_statistics {
    size_t struct_size;
    uint64_t total;       /* requests that were submitted */
    uint64_t processed;   /* requests that ran to an end, errors included */
    uint64_t expired;     /* requests whose time was over while they waited */
    uint64_t interrupted; /* requests whose time was over while they ran */
    uint64_t rejected;    /* QUEUE_FULL answers */
    uint64_t size;        /* requests in the queue now */
    uint64_t high_water;  /* the most that were in the queue at once */
    uint64_t capacity;    /* queue_size of the configuration */
    uint64_t pending[4];  /* in the queue now, by codedb_priority */
    uint64_t commits;     /* database transactions that were committed */
    double wait_total;    /* time in the queue, all requests */
    double wait_maximum;  /* of one request */
    double run_total;     /* time in the driver */
    double run_maximum;
    uint64_t wait_histogram[32]; /* [i]: requests that waited less than 2^i microseconds, and not less than 2^(i - 1) */
    uint64_t run_histogram[32];  /* likewise, time in the driver */
    uint64_t groups;             /* of the commits, those that several requests shared */
    uint64_t grouped;            /* requests that shared one: grouped / groups for each */
    uint64_t group_largest;      /* the most that shared one */
    double batch_longest;        /* the longest time for which a batch kept all others waiting */
    uint64_t cancelled;          /* requests that ended with CANCELLED */
    int64_t process;             /* the id of the driver's process: the host's own when the driver is a thread; 0: it is gone */
    uint64_t restarts;           /* how often that process was started again; all of the above counts from the last time */
    double uptime;               /* how long the driver has been running */
} codedb_statistics;

/* Fills `statistics` (struct_size set by the host); a view or transaction answers for its database, also when that is closed.
 * Does not wait for a driver that is a thread; a process is asked, and answers also while it runs something. Errors: INVALID_REQUEST,
 * CONNECTION_ERROR in a forked child, TIMEOUT when the process does not answer in command_timeout. */
CODEDB_API codedb_code codedb_statistics_get(codedb *db, codedb_statistics *statistics, codedb_result *result);

/* How the driver is. */
typedef struct codedb_health {
    size_t struct_size;
    int is_running;     /* 1: it answers */
    int is_process;     /* 1: it is a process of its own ("sqlite_proxy"), 0: a thread */
    int64_t process;    /* its process id, or 0: there is none at the moment */
    int64_t supervisor; /* the id of the process that starts it again, or 0 */
    uint64_t restarts;  /* how often that was done */
    double uptime;      /* seconds since it was started last */
    double latency;     /* seconds that its answer took; negative: there was none */
} codedb_health;

/* Fills `health` (struct_size set by the host); in process mode by asking the process, which answers also while it runs
 * something long. That it does not answer within the handle's timeout is no error here. Errors: INVALID_REQUEST, CONNECTION_ERROR in a forked child. */
CODEDB_API codedb_code codedb_health_get(codedb *db, codedb_health *health, codedb_result *result);

/* Ends the driver's process, when what was asked for is finished, and starts a new one; one that does not end within the handle's
 * timeout is killed. A transaction that is open is rolled back. Requests that come meanwhile wait. Also starts a process again that could
 * not be. Errors: INVALID_REQUEST when the driver is a thread, or its database is in memory and would be lost; CONNECTION_ERROR
 * when the new process cannot connect; TIMEOUT. */
CODEDB_API codedb_code codedb_restart(codedb *db, codedb_result *result);

/* ---- 5. Values and rows ------------------------------------------------------------------------------------------- */

typedef enum codedb_value_type {
    CODEDB_VALUE_NULL = 0,
    CODEDB_VALUE_INTEGER = 1,
    CODEDB_VALUE_REAL = 2,
    CODEDB_VALUE_TEXT = 3,
    CODEDB_VALUE_BLOB = 4,
    CODEDB_VALUE_BOOLEAN = 5,  /* as.integer is 0 or 1; databases without the type give INTEGER back */
    CODEDB_VALUE_ROW_ID_OF = 6 /* in a batch only: the row id of the insert that is operation as.integer of the same batch */
} codedb_value_type;

/* One value. This layout never changes. */
typedef struct codedb_value {
    codedb_value_type type;
    union {
        int64_t integer;
        double real;
        const char *text; /* TEXT and BLOB; TEXT in rows that codedb hands out has a NUL after its length */
    } as;
    size_t length; /* bytes of TEXT or BLOB, the NUL after it not counted */
} codedb_value;

/* Values, for brevity. Text is not copied: it must live as long as the value is used; NULL as text is the NULL value. Any
 * thread. */
CODEDB_API codedb_value codedb_value_null(void);
CODEDB_API codedb_value codedb_value_integer(int64_t integer);
CODEDB_API codedb_value codedb_value_real(double real);
CODEDB_API codedb_value codedb_value_text(const char *text);
CODEDB_API codedb_value codedb_value_text_of_length(const char *text, size_t length); /* not NULL; may hold NULs */
CODEDB_API codedb_value codedb_value_row_id_of(int64_t operation);                    /* in a batch: CODEDB_VALUE_ROW_ID_OF */

/* A named value: a row is an array of them, and so is a where. */
typedef struct codedb_column {
    const char *name;
    codedb_value value;
} codedb_column;

/* Rows that came back. One block: free it with codedb_free. */
typedef struct codedb_rows {
    size_t row_count;
    size_t column_count;
    const char *const *column_names;
    const codedb_value *values; /* row by row: values[row * column_count + column] */
} codedb_rows;

/* ---- 6. Tables ---------------------------------------------------------------------------------------------------- */

typedef struct codedb_order {
    const char *column;
    int descending; /* 1: largest first */
} codedb_order;

typedef struct codedb_select {
    size_t struct_size;
    const char *const *columns; /* NULL: all, in the table's order */
    size_t column_count;
    const codedb_column *where; /* pairs that must all hold; a NULL value means IS NULL */
    size_t where_count;
    const codedb_order *order_by;
    size_t order_by_count;
    int64_t limit; /* 0: none */
    int64_t offset;
} codedb_select;

/* Table operations. A row is `column_count` named values; `where` is `where_count` of them, that must all hold. Names are checked
 * against the database's schema (SCHEMA_ERROR names the unknown one and the nearest known); values are bound, never pasted into
 * SQL. All wait for the driver: until the change is committed (in a transaction: made), or until the timeout. Any thread.
 * Errors: SCHEMA_ERROR, VALIDATION_ERROR (a constraint; an empty row; an empty where on update or delete, which is refused),
 * DATABASE_ERROR, PERMISSION_DENIED (read-only), TIMEOUT, QUEUE_FULL, CONNECTION_ERROR, TRANSACTION_ERROR, BUSY, NO_MEMORY. */

/* Inserts a row; *row_id (may be NULL) gets its row id. */
CODEDB_API codedb_code codedb_table_insert(codedb *db, const char *table, const codedb_column *row, size_t column_count,
                                           int64_t *row_id, codedb_result *result);
/* Updates the rows where all of `where` holds; *affected (may be NULL) gets their number. None is success with 0. */
CODEDB_API codedb_code codedb_table_update(codedb *db, const char *table, const codedb_column *where, size_t where_count,
                                           const codedb_column *row, size_t column_count, int64_t *affected,
                                           codedb_result *result);
/* Deletes the rows where all of `where` holds; *affected (may be NULL) gets their number, without those that foreign keys
 * delete. */
CODEDB_API codedb_code codedb_table_delete(codedb *db, const char *table, const codedb_column *where, size_t where_count,
                                           int64_t *affected, codedb_result *result);
/* Reads rows; `select` may be NULL: all rows. *rows is freed with codedb_free. */
CODEDB_API codedb_code codedb_table_select(codedb *db, const char *table, const codedb_select *select, codedb_rows **rows,
                                           codedb_result *result);

/* What codedb_sql_execute did besides giving rows. */
typedef struct codedb_changes {
    int64_t affected_rows;  /* of an INSERT, UPDATE or DELETE */
    int64_t last_insert_id; /* of an INSERT: the last row's id */
} codedb_changes;

/* Runs one SQL statement with bound parameters (`?`, in order). Refused with PERMISSION_DENIED: BEGIN, COMMIT, END, ROLLBACK,
 * SAVEPOINT, RELEASE, ATTACH, DETACH, VACUUM INTO, and PRAGMAs that write. A second statement after the first is
 * INVALID_REQUEST. *rows (may be NULL: they are not kept) is freed with codedb_free; `changes` may be NULL. Else the errors of
 * table operations. */
CODEDB_API codedb_code codedb_sql_execute(codedb *db, const char *sql, const codedb_value *parameters, size_t parameter_count,
                                          codedb_rows **rows, codedb_changes *changes, codedb_result *result);

/* ---- 7. Batches and transactions ---------------------------------------------------------------------------------- */

/* Many operations in one request and one database transaction: all or nothing. A batch copies what it is given, belongs to one
 * thread at a time, and can be run once. An error while it is built is kept and answered by codedb_batch_run. */
typedef struct codedb_batch codedb_batch;
/* Makes an empty batch that will run through `db`, with the options of a view and within a held transaction. Nothing is sent.
 * To be freed with codedb_batch_free, also after the handle was closed. */
CODEDB_API codedb_code codedb_batch_create(codedb *db, codedb_batch **batch, codedb_result *result);
/* Each adds an operation, as the table operation of that name has it, and returns the operation's number in the batch, from 0,
 * for CODEDB_VALUE_ROW_ID_OF and codedb_batch_value; negative when it could not be added. */
CODEDB_API int64_t codedb_batch_insert(codedb_batch *batch, const char *table, const codedb_column *row, size_t column_count);
CODEDB_API int64_t codedb_batch_update(codedb_batch *batch, const char *table, const codedb_column *where, size_t where_count,
                                       const codedb_column *row, size_t column_count);
CODEDB_API int64_t codedb_batch_delete(codedb_batch *batch, const char *table, const codedb_column *where, size_t where_count);
CODEDB_API int64_t codedb_batch_execute(codedb_batch *batch, const char *sql, const codedb_value *parameters,
                                        size_t parameter_count);
/* Fails the whole batch with `code` and `description` unless exactly `expected` rows of `table` match: how a change since it was
 * read is detected (CODEDB_CONFLICT). */
CODEDB_API int64_t codedb_batch_require(codedb_batch *batch, const char *table, const codedb_column *where, size_t where_count,
                                        int64_t expected, codedb_code code, const char *description);
/* Runs all operations in order in one transaction (or inside the one that `db` holds). On an error nothing has happened, and
 * the result's description and data name the operation: {"operation": 3, "table": "files"}. An empty batch is success. Errors:
 * what was kept while it was built, INVALID_REQUEST when it has been run already, and those of table operations. */
CODEDB_API codedb_code codedb_batch_run(codedb_batch *batch, codedb_result *result);
/* After a run: the row id of an insert, or the affected rows of another operation; -1 for a number that is none. */
CODEDB_API int64_t codedb_batch_value(const codedb_batch *batch, int64_t operation);
/* Frees a batch, run or not. NULL is allowed. */
CODEDB_API void codedb_batch_free(codedb_batch *batch);

/* Operations that are submitted, and answered later. Each codedb_submit function takes what the table function of that name takes, copies
 * it, puts the operation into the queue and returns at once; it never waits for room, but answers QUEUE_FULL. On success
 * *pending stands for the operation and is to be freed with codedb_pending_free; when the function fails, nothing was
 * submitted. The order is that of the calls, as for any other operation. Errors: those of table operations that need no database. */
typedef struct codedb_pending codedb_pending;

typedef struct codedb_submit_options {
    size_t struct_size;
    /* Called once when the operation was answered, on the driver's thread, or on the one that cancels it; NULL: nobody is called. It must be
     * short, because nothing else is run meanwhile; may take the answer and free `pending`, and submit; calls that would wait are BUSY.
     * It may run before the submitting call has returned. */
    void (*answered)(void *context, codedb_pending *pending);
    void *context;
} codedb_submit_options;

/* `options` may be NULL. */
CODEDB_API codedb_code codedb_submit_insert(codedb *db, const char *table, const codedb_column *row, size_t column_count,
                                            const codedb_submit_options *options, codedb_pending **pending,
                                            codedb_result *result);
CODEDB_API codedb_code codedb_submit_update(codedb *db, const char *table, const codedb_column *where, size_t where_count,
                                            const codedb_column *row, size_t column_count, const codedb_submit_options *options,
                                            codedb_pending **pending, codedb_result *result);
CODEDB_API codedb_code codedb_submit_delete(codedb *db, const char *table, const codedb_column *where, size_t where_count,
                                            const codedb_submit_options *options, codedb_pending **pending,
                                            codedb_result *result);
CODEDB_API codedb_code codedb_submit_select(codedb *db, const char *table, const codedb_select *select,
                                            const codedb_submit_options *options, codedb_pending **pending,
                                            codedb_result *result);
CODEDB_API codedb_code codedb_submit_execute(codedb *db, const char *sql, const codedb_value *parameters, size_t parameter_count,
                                             const codedb_submit_options *options, codedb_pending **pending,
                                             codedb_result *result);
/* Submits a copy of the database (codedb_backup). */
CODEDB_API codedb_code codedb_submit_backup(codedb *db, const char *path, const codedb_submit_options *options,
                                            codedb_pending **pending, codedb_result *result);
/* Submits a batch, which is not copied, but kept until it is answered: codedb_batch_free may be called at once. Its values are
 * there for codedb_batch_value when codedb_pending_wait says that it was answered. */
CODEDB_API codedb_code codedb_batch_submit(codedb_batch *batch, const codedb_submit_options *options, codedb_pending **pending,
                                           codedb_result *result);
/* Waits up to `seconds` (0: not at all; negative: as long as it takes) until the operation was answered: 1 when it was, 0 when
 * not. It ends for sure when its own timeout does. Any number of threads may wait. NULL is 0. */
CODEDB_API int codedb_pending_wait(codedb_pending *pending, double seconds);
/* The answer, for which it waits: the operation's code, with what the table function of that name would say in `result`; *rows (may
 * be NULL) gets the rows of a select or of SQL, to be freed with codedb_free, for the first who asks; `changes` may be NULL. BUSY
 * inside a callback when it was not answered yet. */
CODEDB_API codedb_code codedb_pending_answer(codedb_pending *pending, codedb_rows **rows, codedb_changes *changes,
                                             codedb_result *result);
/* Gives the operation up, from any thread. One that waits is taken out of the queue; one that runs is interrupted, and had no
 * effect; both are answered CANCELLED. Too late, behind its end or while it is committed, nothing happens, and the answer says
 * what was done. No other operation is hit. NULL is allowed. */
CODEDB_API void codedb_pending_cancel(codedb_pending *pending);
/* Frees it, answered or not: what is not answered yet runs on, and nobody learns how it ended. Once, behind the last use of it by
 * any thread, also when the handle was closed. NULL is allowed. */
CODEDB_API void codedb_pending_free(codedb_pending *pending);

/* Begins a transaction. *transaction is used like a database handle; requests of other threads wait until it has ended. It is
 * rolled back when it is idle for longer than `transaction_timeout` of the configuration. A request of the thread that began
 * it without it is TRANSACTION_ERROR. To be closed with codedb_close after commit or rollback. Errors: TRANSACTION_ERROR when
 * `db` is one already (they do not nest), TIMEOUT when another one did not end, and those of table operations. */
CODEDB_API codedb_code codedb_transaction_begin(codedb *db, codedb **transaction, codedb_result *result);
/* End it: what was done through it is on the disk, or undone. TRANSACTION_ERROR says how it ended when it has already, and for
 * a handle that is no transaction. A commit that failed for a reason that may pass (BUSY, a full disk) leaves it open where
 * the database does. */
CODEDB_API codedb_code codedb_transaction_commit(codedb *transaction, codedb_result *result);
CODEDB_API codedb_code codedb_transaction_rollback(codedb *transaction, codedb_result *result);

/* Makes a point in the transaction to which codedb_transaction_rollback_to can return. *savepoint gets its number: they nest, and count
 * from 1. Releasing a savepoint ends it and all that were made behind it, and keeps what was done; rolling back to it ends the
 * same, and undoes what was done since it was made. Errors: TRANSACTION_ERROR for a handle without a transaction, one that has ended, or a
 * savepoint that is not open; and those of table operations. */
CODEDB_API codedb_code codedb_transaction_savepoint(codedb *transaction, int *savepoint, codedb_result *result);
CODEDB_API codedb_code codedb_transaction_release(codedb *transaction, int savepoint, codedb_result *result);
CODEDB_API codedb_code codedb_transaction_rollback_to(codedb *transaction, int savepoint, codedb_result *result);

/* What is to be done in a transaction. It uses `transaction` for all that is to be part of it, does not end it, and answers
 * SUCCESS to have it committed; anything else has it rolled back. It may be called several times. */
typedef codedb_code (*codedb_transaction_function)(void *context, codedb *transaction, codedb_result *result);

typedef struct codedb_retry_options {
    size_t struct_size;
    int attempts; /* the most; 0: 5 */
    double wait;  /* seconds before the second attempt, twice as many before each further one, up to 1 s; 0: 0.01 */
} codedb_retry_options;

/* Begins a transaction, calls `function`, commits; and all that again when it failed for a reason that may pass and nothing has
 * remained of it: BUSY, QUEUE_FULL, CONFLICT, CONNECTION_ERROR, a TRANSACTION_ERROR because the driver's process has died, or a TIMEOUT
 * before `function` was called or while the commit waited.
 * Never behind OUTCOME_UNKNOWN, when the commit may have been done. `options` may be NULL. The answer is that of the last attempt:
 * what `function` answered (and wrote to the result it was given), or how the transaction's begin or commit failed. */
CODEDB_API codedb_code codedb_transaction_run(codedb *db, codedb_transaction_function function, void *context,
                                              const codedb_retry_options *options, codedb_result *result);

/* ---- 8. Drivers --------------------------------------------------------------------------------------------------- */

/* A driver is a constant table of functions that the driver thread calls for one kind of database. codedb brings "sqlite"; a host
 * gives its own in codedb_open_options. All functions of a connection are called by the one thread that connected it, one at a
 * time, and must not call codedb functions that wait for the driver. They answer with a codedb_code; on an error they write the
 * sentence into result->description (CODEDB_DESCRIPTION_SIZE bytes, a NUL at the end). */

typedef enum codedb_operation_kind {
    CODEDB_OPERATION_INSERT = 0,
    CODEDB_OPERATION_UPDATE = 1,
    CODEDB_OPERATION_DELETE = 2,
    CODEDB_OPERATION_SELECT = 3,
    CODEDB_OPERATION_COUNT = 4,  /* how many rows match `where`, answered in changes->affected_rows */
    CODEDB_OPERATION_EXECUTE = 5 /* the caller's SQL; `sql` is all that is set */
} codedb_operation_kind;

/* A table operation without its values: its values come beside it, first one for each of `columns` (insert, update), then one
 * for each of `where` (also where `where_is_null` says that it is not needed), then, when `limited`, limit and offset as
 * integers; the values of EXECUTE are its parameters. A limit of 0 is none. The same operation may be run many times. */
typedef struct codedb_operation {
    size_t struct_size;
    codedb_operation_kind kind;
    int limited;
    uint64_t hash; /* of everything but the last two fields: equal operations have equal hashes */
    const char *table;
    const char *const *columns; /* written by insert and update, read by select; NULL in a select: all */
    size_t column_count;
    const char *const *where;           /* all must hold */
    const unsigned char *where_is_null; /* 1: IS NULL; 0: equal to the value */
    size_t where_count;
    const codedb_order *order_by;
    size_t order_by_count;
    const char *sql;
    size_t sql_length;
    size_t value_count; /* how many values come beside it */
    /* The driver's own, to find its prepared statement again; NULL in a new operation. One that is asked again and again keeps it, until
     * the driver has disconnected: so a memo may be of a statement that is no more, and the stamp is there to tell. */
    void *memo;
    uint64_t memo_stamp;
} codedb_operation;

/* Takes the rows that a driver finds. The driver calls `begin` once, also when there is no row, then `row` for each. Both copy
 * what they are given, and answer CODEDB_SUCCESS or what the driver is to answer in turn. */
typedef struct codedb_row_writer codedb_row_writer;
struct codedb_row_writer {
    size_t struct_size;
    codedb_code (*begin)(codedb_row_writer *writer, const char *const *column_names, size_t column_count);
    codedb_code (*row)(codedb_row_writer *writer, const codedb_value *values);
};

/* What a driver is told when it connects. All pointers are valid until it has disconnected. */
typedef struct codedb_driver_settings {
    size_t struct_size;
    const char *config;      /* the "config" object of the configuration, as JSON text; may be NULL */
    const char *path;        /* its path, or NULL; ":memory:" is one */
    const char *synchronous; /* "off", "normal", "full" or "extra"; NULL: full */
    int read_only;
    double busy_timeout; /* seconds to wait for a lock that another process holds */
    codedb_allocator allocator;
    codedb_log_function log; /* may be NULL */
    void *log_context;
    codedb_log_level log_level;
    const struct codedb_beginning *beginning; /* codedb's own, for its built-in driver; NULL for others */
} codedb_driver_settings;

/* The dialect of a driver's SQL. */
typedef enum codedb_sql_dialect { CODEDB_SQL_SQLITE = 0, CODEDB_SQL_POSTGRES = 1, CODEDB_SQL_MYSQL = 2 } codedb_sql_dialect;

/* SQL that changes the schema. */
typedef struct codedb_schema_statement {
    const char *sql;  /* one or more statements */
    const char *what; /* for a message: what they are to do */
} codedb_schema_statement;

/* How much of a database's log is copied back into its file. */
typedef enum codedb_checkpoint_mode {
    CODEDB_CHECKPOINT_PASSIVE = 0, /* what can be copied without waiting for anybody */
    CODEDB_CHECKPOINT_FULL = 1,    /* all of it; waits for readers and writers in other processes */
    CODEDB_CHECKPOINT_RESTART = 2, /* and the next commit starts the log anew */
    CODEDB_CHECKPOINT_TRUNCATE = 3 /* and its file is cut to nothing */
} codedb_checkpoint_mode;

/* A driver's own connection: a driver casts to and from what it is. */
typedef struct codedb_connection codedb_connection;

struct codedb_driver {
    size_t struct_size; /* that of an older header will do, if all functions that must be there are in it */
    const char *name;   /* as the configuration's "type" has it */

    /* Connects. On an error *connection is NULL. */
    codedb_code (*connect)(const codedb_driver *driver, const codedb_driver_settings *settings, codedb_connection **connection,
                           codedb_result *result);
    /* Ends the connection; an open transaction is rolled back. */
    void (*disconnect)(codedb_connection *connection);

    /* Runs one operation, all of it or nothing. `rows` is NULL when nobody wants rows. `changes` is cleared by the caller. What
     * `values` point to stays valid until the call returns. */
    codedb_code (*run)(codedb_connection *connection, codedb_operation *operation, const codedb_value *values,
                       codedb_row_writer *rows, codedb_changes *changes, codedb_result *result);

    /* A transaction of the database. They do not nest; `commit` and `rollback` are called only while one is open. */
    codedb_code (*begin)(codedb_connection *connection, codedb_result *result);
    codedb_code (*commit)(codedb_connection *connection, codedb_result *result);
    codedb_code (*rollback)(codedb_connection *connection, codedb_result *result);
    /* 1 while a transaction is open. An error may have ended it: the caller asks after each. */
    int (*in_transaction)(codedb_connection *connection);

    /* Nested points to return to, inside a transaction. `depth` counts from 1. A rollback to a point ends it, too. At depth 0 is
     * one request of several that share the transaction: its release fails if a commit would, for a constraint that the request
     * broke. */
    codedb_code (*savepoint)(codedb_connection *connection, int depth, codedb_result *result);
    codedb_code (*release)(codedb_connection *connection, int depth, codedb_result *result);
    codedb_code (*rollback_to)(codedb_connection *connection, int depth, codedb_result *result);

    /* The next calls must end with CODEDB_TIMEOUT once CLOCK_MONOTONIC is past `deadline` (seconds; 0: none), having had no
     * effect. A commit that has begun is finished. */
    void (*set_deadline)(codedb_connection *connection, double deadline);

    /* Rows (name TEXT, type TEXT, nullable BOOLEAN, default TEXT, primary_key INTEGER: its place in the key from 1, 0 when
     * none). */
    codedb_code (*table_info)(codedb_connection *connection, const char *table, codedb_row_writer *rows, codedb_result *result);

    /* The rest may be NULL: then what needs it answers CODEDB_INVALID_REQUEST. It is called outside of transactions. */

    /* Writes a consistent copy of the database to a new file, or leaves nothing there. Never over something that exists. */
    codedb_code (*backup)(codedb_connection *connection, const char *path, codedb_result *result);

    /* Runs statements that change the schema, all of them or none, with foreign keys not enforced meanwhile; no row may refer
     * to nothing after them that did not before. CONFLICT when the schema is not the one of which `stamp` was read. With no
     * statement it says whether the schema may be changed. What the driver knows of the schema is learned anew. */
    codedb_code (*change_schema)(codedb_connection *connection, const codedb_schema_statement *statements, size_t count,
                                 int64_t stamp, codedb_result *result);
    codedb_sql_dialect dialect; /* of those statements */

    /* A copy as `backup` makes it, bit by bit, with other calls between: one at a time. `copy_step` copies for about a millisecond;
     * *finished becomes 1 when the copy stands at the path, complete and on the disk: it is the database as it is at that
     * moment. `copy_end` is called once behind a start that succeeded; what is not finished is removed. All three or none. */
    codedb_code (*copy_start)(codedb_connection *connection, const char *path, codedb_result *result);
    codedb_code (*copy_step)(codedb_connection *connection, int *finished, codedb_result *result);
    void (*copy_end)(codedb_connection *connection);

    /* Puts the contents of a copy in the place of the database's: all or nothing. The copy is checked first: that it is sound, and
     * has `tables` (TEXT values). What the driver knows of the schema is learned anew. */
    codedb_code (*restore)(codedb_connection *connection, const char *path, const codedb_value *tables, size_t table_count,
                           codedb_result *result);
    /* Looks for damage: at most `limit` rows (check TEXT, table TEXT, row_id INTEGER, message TEXT), see codedb_check. */
    codedb_code (*check)(codedb_connection *connection, int64_t limit, codedb_row_writer *rows, codedb_result *result);
    codedb_code (*vacuum)(codedb_connection *connection, codedb_result *result);
    codedb_code (*checkpoint)(codedb_connection *connection, codedb_checkpoint_mode mode, codedb_result *result);
    /* One row with an INTEGER column for each field of codedb_storage that it knows, by its name. */
    codedb_code (*storage)(codedb_connection *connection, codedb_row_writer *rows, codedb_result *result);

    /* Called once behind connect. Whatever takes long asks `is_cancelled` now and then, as it looks at the deadline: when it answers
     * 1, the call must end with CODEDB_CANCELLED, having had no effect. NULL: what runs cannot be cancelled. */
    void (*watch)(codedb_connection *connection, int (*is_cancelled)(void *context), void *context);

    /* Called inside of a transaction: runs an insert once for each of `row_count` rows, whose values stand one behind another, up to
     * the first that fails. It is as if `run` were called for each. *done is how many came before that one, ids[i] the id of each. NULL:
     * `run` is called for each. */
    codedb_code (*run_rows)(codedb_connection *connection, codedb_operation *insert, const codedb_value *values, size_t row_count,
                            int64_t *ids, size_t *done, codedb_result *result);
};

/* The columns of a table or view: rows (name, type, nullable, default, primary_key). *rows is freed with codedb_free.
 * SCHEMA_ERROR when there is no such table; else the errors of table operations. */
CODEDB_API codedb_code codedb_table_info(codedb *db, const char *table, codedb_rows **rows, codedb_result *result);

/* ---- 9. Objects --------------------------------------------------------------------------------------------------- */

/* 21 kinds of objects, each a row of a table (docs/schema.md). One struct and five functions a kind; this is said once for all:
 *
 * A struct has a field per column, in the table's order, and an enum with a bit per column. `present` says by these bits which
 * fields are given (or were read); `nulls` which of those are NULL. A text is NULL also when its pointer is. A text with a
 * `..._length` beside it may hold NULs; a length of 0 means that it ends at its first NUL.
 *
 * codedb_X_create  inserts a row. A field counts as given when its bit is set or it is not zero; numbers that must be there
 *                  always count as given. What codedb makes (ids, hashes, times) is put into the struct, with its bits.
 * codedb_X_get     reads one by its id. *object: a block for codedb_free that holds its texts too. NOT_FOUND.
 * codedb_X_update  writes exactly the fields whose bits are set in `present` to the row that the id field names; `updated_at` and
 *                  `last_updated` become now unless they are among them. NOT_FOUND; VALIDATION_ERROR when no field is set.
 * codedb_X_delete  deletes by id, and by the foreign keys what belongs to it. NOT_FOUND.
 * codedb_X_list    reads those that match, in the order of their ids unless told otherwise. *list: one block for codedb_free.
 *
 * created_at, updated_at and last_updated are Julian day numbers. Lines count from 1. A JSON field must hold JSON (RFC 8259).
 * Errors: VALIDATION_ERROR names each wrong field with what was found and what was expected, and result->data holds
 * {"errors": [{"field": ..., "message": ...}]}; INVALID_REQUEST for a struct_size that is none; else those of table operations.
 * All functions may be called from any thread. In a database that lacks some columns, the others are read and written;
 * SCHEMA_ERROR when it lacks the table. */

#define CODEDB_KEY_SIZE 72 /* bytes of an id or hash in a struct, its NUL included */

/* Which rows a list holds. All zero: all of them. */
typedef struct codedb_list_options {
    size_t struct_size;
    const codedb_column *where; /* column = value, all of them; a NULL value means IS NULL */
    size_t where_count;
    const codedb_order *order_by;
    size_t order_by_count;
    int64_t limit; /* 0: none */
    int64_t offset;
    uint64_t fields; /* bits of the fields to read besides the id; 0: all */
} codedb_list_options;

/* A Python project. `id` unset: that of the file `projectid` in root_path (a UUID as plain text, or as the "id"
 * of a JSON object), else a new one. `root_path` is unique. */
enum codedb_project_field {
    CODEDB_PROJECT_ID = 1 << 0,
    CODEDB_PROJECT_ROOT_PATH = 1 << 1,
    CODEDB_PROJECT_NAME = 1 << 2,
    CODEDB_PROJECT_COMMENT = 1 << 3,
    CODEDB_PROJECT_WATCH_DIR_ID = 1 << 4,
    CODEDB_PROJECT_CREATED_AT = 1 << 5,
    CODEDB_PROJECT_UPDATED_AT = 1 << 6
};
typedef struct codedb_project {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    char id[CODEDB_KEY_SIZE];
    const char *root_path;
    const char *name;
    const char *comment;
    const char *watch_dir_id;
    double created_at;
    double updated_at;
} codedb_project;
typedef struct codedb_projects {
    size_t count;
    codedb_project *const *items;
} codedb_projects;
CODEDB_API codedb_code codedb_project_create(codedb *db, codedb_project *object, codedb_result *result);
CODEDB_API codedb_code codedb_project_get(codedb *db, const char *id, codedb_project **object, codedb_result *result);
CODEDB_API codedb_code codedb_project_update(codedb *db, const codedb_project *object, codedb_result *result);
CODEDB_API codedb_code codedb_project_delete(codedb *db, const char *id, codedb_result *result);
CODEDB_API codedb_code codedb_project_list(codedb *db, const codedb_list_options *options, codedb_projects **list,
                                           codedb_result *result);

/* A part of a project with a root of its own; (project_id, root_path) is unique. */
enum codedb_dataset_field {
    CODEDB_DATASET_ID = 1 << 0,
    CODEDB_DATASET_PROJECT_ID = 1 << 1,
    CODEDB_DATASET_ROOT_PATH = 1 << 2,
    CODEDB_DATASET_NAME = 1 << 3,
    CODEDB_DATASET_CREATED_AT = 1 << 4,
    CODEDB_DATASET_UPDATED_AT = 1 << 5
};
typedef struct codedb_dataset {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    char id[CODEDB_KEY_SIZE];
    const char *project_id;
    const char *root_path;
    const char *name;
    double created_at;
    double updated_at;
} codedb_dataset;
typedef struct codedb_datasets {
    size_t count;
    codedb_dataset *const *items;
} codedb_datasets;
CODEDB_API codedb_code codedb_dataset_create(codedb *db, codedb_dataset *object, codedb_result *result);
CODEDB_API codedb_code codedb_dataset_get(codedb *db, const char *id, codedb_dataset **object, codedb_result *result);
CODEDB_API codedb_code codedb_dataset_update(codedb *db, const codedb_dataset *object, codedb_result *result);
CODEDB_API codedb_code codedb_dataset_delete(codedb *db, const char *id, codedb_result *result);
CODEDB_API codedb_code codedb_dataset_list(codedb *db, const codedb_list_options *options, codedb_datasets **list,
                                           codedb_result *result);

/* A source file. `path` is absolute. `dataset_id` unset: the dataset whose root_path is the project's, made when it is missing;
 * the struct's field stays unset. `last_modified` is in Unix seconds. (project_id, dataset_id, path) is unique. */
enum codedb_file_field {
    CODEDB_FILE_ID = 1 << 0,
    CODEDB_FILE_PROJECT_ID = 1 << 1,
    CODEDB_FILE_DATASET_ID = 1 << 2,
    CODEDB_FILE_WATCH_DIR_ID = 1 << 3,
    CODEDB_FILE_PATH = 1 << 4,
    CODEDB_FILE_RELATIVE_PATH = 1 << 5,
    CODEDB_FILE_LINES = 1 << 6,
    CODEDB_FILE_LAST_MODIFIED = 1 << 7,
    CODEDB_FILE_HAS_DOCSTRING = 1 << 8,
    CODEDB_FILE_DELETED = 1 << 9,
    CODEDB_FILE_ORIGINAL_PATH = 1 << 10,
    CODEDB_FILE_VERSION_DIR = 1 << 11,
    CODEDB_FILE_CREATED_AT = 1 << 12,
    CODEDB_FILE_UPDATED_AT = 1 << 13
};
typedef struct codedb_file {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    const char *project_id;
    const char *dataset_id;
    const char *watch_dir_id;
    const char *path;
    const char *relative_path;
    int64_t lines;
    double last_modified;
    int has_docstring;
    int deleted;
    const char *original_path;
    const char *version_dir;
    double created_at;
    double updated_at;
} codedb_file;
typedef struct codedb_files {
    size_t count;
    codedb_file *const *items;
} codedb_files;
CODEDB_API codedb_code codedb_file_create(codedb *db, codedb_file *object, codedb_result *result);
CODEDB_API codedb_code codedb_file_get(codedb *db, int64_t id, codedb_file **object, codedb_result *result);
CODEDB_API codedb_code codedb_file_update(codedb *db, const codedb_file *object, codedb_result *result);
CODEDB_API codedb_code codedb_file_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_file_list(codedb *db, const codedb_list_options *options, codedb_files **list,
                                        codedb_result *result);

/* A stored syntax tree as JSON. `ast_hash` unset: the SHA-256 of ast_json in lower-case hex. (file_id, ast_hash) is unique.
 * See also codedb_ast_save. */
enum codedb_ast_tree_field {
    CODEDB_AST_TREE_ID = 1 << 0,
    CODEDB_AST_TREE_FILE_ID = 1 << 1,
    CODEDB_AST_TREE_PROJECT_ID = 1 << 2,
    CODEDB_AST_TREE_AST_JSON = 1 << 3,
    CODEDB_AST_TREE_AST_HASH = 1 << 4,
    CODEDB_AST_TREE_FILE_MTIME = 1 << 5,
    CODEDB_AST_TREE_CREATED_AT = 1 << 6,
    CODEDB_AST_TREE_UPDATED_AT = 1 << 7
};
typedef struct codedb_ast_tree {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t file_id;
    const char *project_id;
    const char *ast_json;
    size_t ast_json_length;
    char ast_hash[CODEDB_KEY_SIZE];
    double file_mtime;
    double created_at;
    double updated_at;
} codedb_ast_tree;
typedef struct codedb_ast_trees {
    size_t count;
    codedb_ast_tree *const *items;
} codedb_ast_trees;
CODEDB_API codedb_code codedb_ast_tree_create(codedb *db, codedb_ast_tree *object, codedb_result *result);
CODEDB_API codedb_code codedb_ast_tree_get(codedb *db, int64_t id, codedb_ast_tree **object, codedb_result *result);
CODEDB_API codedb_code codedb_ast_tree_update(codedb *db, const codedb_ast_tree *object, codedb_result *result);
CODEDB_API codedb_code codedb_ast_tree_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_ast_tree_list(codedb *db, const codedb_list_options *options, codedb_ast_trees **list,
                                            codedb_result *result);

/* A stored source text. `cst_hash` unset: the SHA-256 of cst_code in lower-case hex. (file_id, cst_hash) is unique.
 * See also codedb_cst_save, which keeps the entities in step. */
enum codedb_cst_tree_field {
    CODEDB_CST_TREE_ID = 1 << 0,
    CODEDB_CST_TREE_FILE_ID = 1 << 1,
    CODEDB_CST_TREE_PROJECT_ID = 1 << 2,
    CODEDB_CST_TREE_CST_CODE = 1 << 3,
    CODEDB_CST_TREE_CST_HASH = 1 << 4,
    CODEDB_CST_TREE_FILE_MTIME = 1 << 5,
    CODEDB_CST_TREE_CREATED_AT = 1 << 6,
    CODEDB_CST_TREE_UPDATED_AT = 1 << 7
};
typedef struct codedb_cst_tree {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t file_id;
    const char *project_id;
    const char *cst_code;
    size_t cst_code_length;
    char cst_hash[CODEDB_KEY_SIZE];
    double file_mtime;
    double created_at;
    double updated_at;
} codedb_cst_tree;
typedef struct codedb_cst_trees {
    size_t count;
    codedb_cst_tree *const *items;
} codedb_cst_trees;
CODEDB_API codedb_code codedb_cst_tree_create(codedb *db, codedb_cst_tree *object, codedb_result *result);
CODEDB_API codedb_code codedb_cst_tree_get(codedb *db, int64_t id, codedb_cst_tree **object, codedb_result *result);
CODEDB_API codedb_code codedb_cst_tree_update(codedb *db, const codedb_cst_tree *object, codedb_result *result);
CODEDB_API codedb_code codedb_cst_tree_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_cst_tree_list(codedb *db, const codedb_list_options *options, codedb_cst_trees **list,
                                            codedb_result *result);

/* A piece of text that is made into a vector. `chunk_uuid` unset: a new UUID; it is unique. */
enum codedb_code_chunk_field {
    CODEDB_CODE_CHUNK_ID = 1 << 0,
    CODEDB_CODE_CHUNK_FILE_ID = 1 << 1,
    CODEDB_CODE_CHUNK_PROJECT_ID = 1 << 2,
    CODEDB_CODE_CHUNK_CHUNK_UUID = 1 << 3,
    CODEDB_CODE_CHUNK_CHUNK_TYPE = 1 << 4,
    CODEDB_CODE_CHUNK_CHUNK_TEXT = 1 << 5,
    CODEDB_CODE_CHUNK_CHUNK_ORDINAL = 1 << 6,
    CODEDB_CODE_CHUNK_VECTOR_ID = 1 << 7,
    CODEDB_CODE_CHUNK_EMBEDDING_MODEL = 1 << 8,
    CODEDB_CODE_CHUNK_BM25_SCORE = 1 << 9,
    CODEDB_CODE_CHUNK_EMBEDDING_VECTOR = 1 << 10,
    CODEDB_CODE_CHUNK_CLASS_ID = 1 << 11,
    CODEDB_CODE_CHUNK_FUNCTION_ID = 1 << 12,
    CODEDB_CODE_CHUNK_METHOD_ID = 1 << 13,
    CODEDB_CODE_CHUNK_LINE = 1 << 14,
    CODEDB_CODE_CHUNK_AST_NODE_TYPE = 1 << 15,
    CODEDB_CODE_CHUNK_SOURCE_TYPE = 1 << 16,
    CODEDB_CODE_CHUNK_BINDING_LEVEL = 1 << 17,
    CODEDB_CODE_CHUNK_CREATED_AT = 1 << 18,
    CODEDB_CODE_CHUNK_UPDATED_AT = 1 << 19
};
typedef struct codedb_code_chunk {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t file_id;
    const char *project_id;
    char chunk_uuid[CODEDB_KEY_SIZE];
    const char *chunk_type;
    const char *chunk_text;
    size_t chunk_text_length;
    int64_t chunk_ordinal;
    int64_t vector_id;
    const char *embedding_model;
    double bm25_score;
    const char *embedding_vector;
    int64_t class_id;
    int64_t function_id;
    int64_t method_id;
    int64_t line;
    const char *ast_node_type;
    const char *source_type;
    int64_t binding_level;
    double created_at;
    double updated_at;
} codedb_code_chunk;
typedef struct codedb_code_chunks {
    size_t count;
    codedb_code_chunk *const *items;
} codedb_code_chunks;
CODEDB_API codedb_code codedb_code_chunk_create(codedb *db, codedb_code_chunk *object, codedb_result *result);
CODEDB_API codedb_code codedb_code_chunk_get(codedb *db, int64_t id, codedb_code_chunk **object, codedb_result *result);
CODEDB_API codedb_code codedb_code_chunk_update(codedb *db, const codedb_code_chunk *object, codedb_result *result);
CODEDB_API codedb_code codedb_code_chunk_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_code_chunk_list(codedb *db, const codedb_list_options *options, codedb_code_chunks **list,
                                              codedb_result *result);

/* Which vector belongs to an entity. `entity_type`: file, chunk, class, function or method. (project_id, entity_type, entity_id)
 * is unique. See also codedb_vectors_save. */
enum codedb_vector_index_field {
    CODEDB_VECTOR_INDEX_ID = 1 << 0,
    CODEDB_VECTOR_INDEX_PROJECT_ID = 1 << 1,
    CODEDB_VECTOR_INDEX_ENTITY_TYPE = 1 << 2,
    CODEDB_VECTOR_INDEX_ENTITY_ID = 1 << 3,
    CODEDB_VECTOR_INDEX_VECTOR_ID = 1 << 4,
    CODEDB_VECTOR_INDEX_VECTOR_DIM = 1 << 5,
    CODEDB_VECTOR_INDEX_EMBEDDING_MODEL = 1 << 6,
    CODEDB_VECTOR_INDEX_CREATED_AT = 1 << 7
};
typedef struct codedb_vector_index {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    const char *project_id;
    const char *entity_type;
    int64_t entity_id;
    int64_t vector_id;
    int64_t vector_dim;
    const char *embedding_model;
    double created_at;
} codedb_vector_index;
typedef struct codedb_vector_indexes {
    size_t count;
    codedb_vector_index *const *items;
} codedb_vector_indexes;
CODEDB_API codedb_code codedb_vector_index_create(codedb *db, codedb_vector_index *object, codedb_result *result);
CODEDB_API codedb_code codedb_vector_index_get(codedb *db, int64_t id, codedb_vector_index **object, codedb_result *result);
CODEDB_API codedb_code codedb_vector_index_update(codedb *db, const codedb_vector_index *object, codedb_result *result);
CODEDB_API codedb_code codedb_vector_index_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_vector_index_list(codedb *db, const codedb_list_options *options, codedb_vector_indexes **list,
                                                codedb_result *result);

/* A class; `bases` is a JSON array. (file_id, name, line) is unique. */
enum codedb_class_field {
    CODEDB_CLASS_ID = 1 << 0,
    CODEDB_CLASS_FILE_ID = 1 << 1,
    CODEDB_CLASS_NAME = 1 << 2,
    CODEDB_CLASS_LINE = 1 << 3,
    CODEDB_CLASS_DOCSTRING = 1 << 4,
    CODEDB_CLASS_BASES = 1 << 5,
    CODEDB_CLASS_CREATED_AT = 1 << 6
};
typedef struct codedb_class {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t file_id;
    const char *name;
    int64_t line;
    const char *docstring;
    const char *bases;
    double created_at;
} codedb_class;
typedef struct codedb_classes {
    size_t count;
    codedb_class *const *items;
} codedb_classes;
CODEDB_API codedb_code codedb_class_create(codedb *db, codedb_class *object, codedb_result *result);
CODEDB_API codedb_code codedb_class_get(codedb *db, int64_t id, codedb_class **object, codedb_result *result);
CODEDB_API codedb_code codedb_class_update(codedb *db, const codedb_class *object, codedb_result *result);
CODEDB_API codedb_code codedb_class_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_class_list(codedb *db, const codedb_list_options *options, codedb_classes **list,
                                         codedb_result *result);

/* A method; `args` is JSON. (class_id, name, line) is unique. */
enum codedb_method_field {
    CODEDB_METHOD_ID = 1 << 0,
    CODEDB_METHOD_CLASS_ID = 1 << 1,
    CODEDB_METHOD_NAME = 1 << 2,
    CODEDB_METHOD_LINE = 1 << 3,
    CODEDB_METHOD_ARGS = 1 << 4,
    CODEDB_METHOD_DOCSTRING = 1 << 5,
    CODEDB_METHOD_IS_ABSTRACT = 1 << 6,
    CODEDB_METHOD_HAS_PASS = 1 << 7,
    CODEDB_METHOD_HAS_NOT_IMPLEMENTED = 1 << 8,
    CODEDB_METHOD_CREATED_AT = 1 << 9
};
typedef struct codedb_method {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t class_id;
    const char *name;
    int64_t line;
    const char *args;
    const char *docstring;
    int is_abstract;
    int has_pass;
    int has_not_implemented;
    double created_at;
} codedb_method;
typedef struct codedb_methods {
    size_t count;
    codedb_method *const *items;
} codedb_methods;
CODEDB_API codedb_code codedb_method_create(codedb *db, codedb_method *object, codedb_result *result);
CODEDB_API codedb_code codedb_method_get(codedb *db, int64_t id, codedb_method **object, codedb_result *result);
CODEDB_API codedb_code codedb_method_update(codedb *db, const codedb_method *object, codedb_result *result);
CODEDB_API codedb_code codedb_method_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_method_list(codedb *db, const codedb_list_options *options, codedb_methods **list,
                                          codedb_result *result);

/* A function that is no method; `args` is JSON. (file_id, name, line) is unique. */
enum codedb_function_field {
    CODEDB_FUNCTION_ID = 1 << 0,
    CODEDB_FUNCTION_FILE_ID = 1 << 1,
    CODEDB_FUNCTION_NAME = 1 << 2,
    CODEDB_FUNCTION_LINE = 1 << 3,
    CODEDB_FUNCTION_ARGS = 1 << 4,
    CODEDB_FUNCTION_DOCSTRING = 1 << 5,
    CODEDB_FUNCTION_CREATED_AT = 1 << 6
};
typedef struct codedb_function {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t file_id;
    const char *name;
    int64_t line;
    const char *args;
    const char *docstring;
    double created_at;
} codedb_function;
typedef struct codedb_functions {
    size_t count;
    codedb_function *const *items;
} codedb_functions;
CODEDB_API codedb_code codedb_function_create(codedb *db, codedb_function *object, codedb_result *result);
CODEDB_API codedb_code codedb_function_get(codedb *db, int64_t id, codedb_function **object, codedb_result *result);
CODEDB_API codedb_code codedb_function_update(codedb *db, const codedb_function *object, codedb_result *result);
CODEDB_API codedb_code codedb_function_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_function_list(codedb *db, const codedb_list_options *options, codedb_functions **list,
                                            codedb_result *result);

/* An imported name. `import_type`: import or from_import. */
enum codedb_import_field {
    CODEDB_IMPORT_ID = 1 << 0,
    CODEDB_IMPORT_FILE_ID = 1 << 1,
    CODEDB_IMPORT_NAME = 1 << 2,
    CODEDB_IMPORT_MODULE = 1 << 3,
    CODEDB_IMPORT_IMPORT_TYPE = 1 << 4,
    CODEDB_IMPORT_LINE = 1 << 5,
    CODEDB_IMPORT_CREATED_AT = 1 << 6
};
typedef struct codedb_import {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t file_id;
    const char *name;
    const char *module;
    const char *import_type;
    int64_t line;
    double created_at;
} codedb_import;
typedef struct codedb_imports {
    size_t count;
    codedb_import *const *items;
} codedb_imports;
CODEDB_API codedb_code codedb_import_create(codedb *db, codedb_import *object, codedb_result *result);
CODEDB_API codedb_code codedb_import_get(codedb *db, int64_t id, codedb_import **object, codedb_result *result);
CODEDB_API codedb_code codedb_import_update(codedb *db, const codedb_import *object, codedb_result *result);
CODEDB_API codedb_code codedb_import_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_import_list(codedb *db, const codedb_list_options *options, codedb_imports **list,
                                          codedb_result *result);

/* Something found in the code. All ids but its own are optional; `metadata` is JSON. */
enum codedb_issue_field {
    CODEDB_ISSUE_ID = 1 << 0,
    CODEDB_ISSUE_FILE_ID = 1 << 1,
    CODEDB_ISSUE_PROJECT_ID = 1 << 2,
    CODEDB_ISSUE_CLASS_ID = 1 << 3,
    CODEDB_ISSUE_FUNCTION_ID = 1 << 4,
    CODEDB_ISSUE_METHOD_ID = 1 << 5,
    CODEDB_ISSUE_ISSUE_TYPE = 1 << 6,
    CODEDB_ISSUE_LINE = 1 << 7,
    CODEDB_ISSUE_DESCRIPTION = 1 << 8,
    CODEDB_ISSUE_METADATA = 1 << 9,
    CODEDB_ISSUE_CREATED_AT = 1 << 10
};
typedef struct codedb_issue {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t file_id;
    const char *project_id;
    int64_t class_id;
    int64_t function_id;
    int64_t method_id;
    const char *issue_type;
    int64_t line;
    const char *description;
    const char *metadata;
    double created_at;
} codedb_issue;
typedef struct codedb_issues {
    size_t count;
    codedb_issue *const *items;
} codedb_issues;
CODEDB_API codedb_code codedb_issue_create(codedb *db, codedb_issue *object, codedb_result *result);
CODEDB_API codedb_code codedb_issue_get(codedb *db, int64_t id, codedb_issue **object, codedb_result *result);
CODEDB_API codedb_code codedb_issue_update(codedb *db, const codedb_issue *object, codedb_result *result);
CODEDB_API codedb_code codedb_issue_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_issue_list(codedb *db, const codedb_list_options *options, codedb_issues **list,
                                         codedb_result *result);

/* A place where something is used. `usage_type`: call, attribute, ...; `target_type`: class, function, method or variable;
 * `context` is JSON. */
enum codedb_usage_field {
    CODEDB_USAGE_ID = 1 << 0,
    CODEDB_USAGE_FILE_ID = 1 << 1,
    CODEDB_USAGE_LINE = 1 << 2,
    CODEDB_USAGE_USAGE_TYPE = 1 << 3,
    CODEDB_USAGE_TARGET_TYPE = 1 << 4,
    CODEDB_USAGE_TARGET_CLASS = 1 << 5,
    CODEDB_USAGE_TARGET_NAME = 1 << 6,
    CODEDB_USAGE_CONTEXT = 1 << 7,
    CODEDB_USAGE_CREATED_AT = 1 << 8
};
typedef struct codedb_usage {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t file_id;
    int64_t line;
    const char *usage_type;
    const char *target_type;
    const char *target_class;
    const char *target_name;
    const char *context;
    double created_at;
} codedb_usage;
typedef struct codedb_usages {
    size_t count;
    codedb_usage *const *items;
} codedb_usages;
CODEDB_API codedb_code codedb_usage_create(codedb *db, codedb_usage *object, codedb_result *result);
CODEDB_API codedb_code codedb_usage_get(codedb *db, int64_t id, codedb_usage **object, codedb_result *result);
CODEDB_API codedb_code codedb_usage_update(codedb *db, const codedb_usage *object, codedb_result *result);
CODEDB_API codedb_code codedb_usage_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_usage_list(codedb *db, const codedb_list_options *options, codedb_usages **list,
                                         codedb_result *result);

/* The text of an entity, found by codedb_text_find. */
enum codedb_code_content_field {
    CODEDB_CODE_CONTENT_ID = 1 << 0,
    CODEDB_CODE_CONTENT_FILE_ID = 1 << 1,
    CODEDB_CODE_CONTENT_ENTITY_TYPE = 1 << 2,
    CODEDB_CODE_CONTENT_ENTITY_ID = 1 << 3,
    CODEDB_CODE_CONTENT_ENTITY_NAME = 1 << 4,
    CODEDB_CODE_CONTENT_CONTENT = 1 << 5,
    CODEDB_CODE_CONTENT_DOCSTRING = 1 << 6,
    CODEDB_CODE_CONTENT_CREATED_AT = 1 << 7
};
typedef struct codedb_code_content {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t file_id;
    const char *entity_type;
    int64_t entity_id;
    const char *entity_name;
    const char *content;
    size_t content_length;
    const char *docstring;
    double created_at;
} codedb_code_content;
typedef struct codedb_code_contents {
    size_t count;
    codedb_code_content *const *items;
} codedb_code_contents;
CODEDB_API codedb_code codedb_code_content_create(codedb *db, codedb_code_content *object, codedb_result *result);
CODEDB_API codedb_code codedb_code_content_get(codedb *db, int64_t id, codedb_code_content **object, codedb_result *result);
CODEDB_API codedb_code codedb_code_content_update(codedb *db, const codedb_code_content *object, codedb_result *result);
CODEDB_API codedb_code codedb_code_content_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_code_content_list(codedb *db, const codedb_list_options *options, codedb_code_contents **list,
                                                codedb_result *result);

/* A group of similar pieces of code; `similarity` is 0.0 to 1.0. (project_id, duplicate_hash) is unique. */
enum codedb_code_duplicate_field {
    CODEDB_CODE_DUPLICATE_ID = 1 << 0,
    CODEDB_CODE_DUPLICATE_PROJECT_ID = 1 << 1,
    CODEDB_CODE_DUPLICATE_DUPLICATE_HASH = 1 << 2,
    CODEDB_CODE_DUPLICATE_SIMILARITY = 1 << 3,
    CODEDB_CODE_DUPLICATE_CREATED_AT = 1 << 4
};
typedef struct codedb_code_duplicate {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    const char *project_id;
    const char *duplicate_hash;
    double similarity;
    double created_at;
} codedb_code_duplicate;
typedef struct codedb_code_duplicates {
    size_t count;
    codedb_code_duplicate *const *items;
} codedb_code_duplicates;
CODEDB_API codedb_code codedb_code_duplicate_create(codedb *db, codedb_code_duplicate *object, codedb_result *result);
CODEDB_API codedb_code codedb_code_duplicate_get(codedb *db, int64_t id, codedb_code_duplicate **object, codedb_result *result);
CODEDB_API codedb_code codedb_code_duplicate_update(codedb *db, const codedb_code_duplicate *object, codedb_result *result);
CODEDB_API codedb_code codedb_code_duplicate_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_code_duplicate_list(codedb *db, const codedb_list_options *options, codedb_code_duplicates **list,
                                                  codedb_result *result);

/* One place of a group of duplicates. */
enum codedb_duplicate_occurrence_field {
    CODEDB_DUPLICATE_OCCURRENCE_ID = 1 << 0,
    CODEDB_DUPLICATE_OCCURRENCE_DUPLICATE_ID = 1 << 1,
    CODEDB_DUPLICATE_OCCURRENCE_FILE_ID = 1 << 2,
    CODEDB_DUPLICATE_OCCURRENCE_START_LINE = 1 << 3,
    CODEDB_DUPLICATE_OCCURRENCE_END_LINE = 1 << 4,
    CODEDB_DUPLICATE_OCCURRENCE_CODE_SNIPPET = 1 << 5,
    CODEDB_DUPLICATE_OCCURRENCE_AST_NODE_ID = 1 << 6,
    CODEDB_DUPLICATE_OCCURRENCE_CREATED_AT = 1 << 7
};
typedef struct codedb_duplicate_occurrence {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t duplicate_id;
    int64_t file_id;
    int64_t start_line;
    int64_t end_line;
    const char *code_snippet;
    int64_t ast_node_id;
    double created_at;
} codedb_duplicate_occurrence;
typedef struct codedb_duplicate_occurrences {
    size_t count;
    codedb_duplicate_occurrence *const *items;
} codedb_duplicate_occurrences;
CODEDB_API codedb_code codedb_duplicate_occurrence_create(codedb *db, codedb_duplicate_occurrence *object, codedb_result *result);
CODEDB_API codedb_code codedb_duplicate_occurrence_get(codedb *db, int64_t id, codedb_duplicate_occurrence **object,
                                                       codedb_result *result);
CODEDB_API codedb_code codedb_duplicate_occurrence_update(codedb *db, const codedb_duplicate_occurrence *object,
                                                          codedb_result *result);
CODEDB_API codedb_code codedb_duplicate_occurrence_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_duplicate_occurrence_list(codedb *db, const codedb_list_options *options,
                                                        codedb_duplicate_occurrences **list, codedb_result *result);

/* A folder that is watched, under a name that outlives a move. */
enum codedb_watch_directory_field {
    CODEDB_WATCH_DIRECTORY_ID = 1 << 0,
    CODEDB_WATCH_DIRECTORY_NAME = 1 << 1,
    CODEDB_WATCH_DIRECTORY_CREATED_AT = 1 << 2,
    CODEDB_WATCH_DIRECTORY_UPDATED_AT = 1 << 3
};
typedef struct codedb_watch_directory {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    char id[CODEDB_KEY_SIZE];
    const char *name;
    double created_at;
    double updated_at;
} codedb_watch_directory;
typedef struct codedb_watch_directories {
    size_t count;
    codedb_watch_directory *const *items;
} codedb_watch_directories;
CODEDB_API codedb_code codedb_watch_directory_create(codedb *db, codedb_watch_directory *object, codedb_result *result);
CODEDB_API codedb_code codedb_watch_directory_get(codedb *db, const char *id, codedb_watch_directory **object,
                                                  codedb_result *result);
CODEDB_API codedb_code codedb_watch_directory_update(codedb *db, const codedb_watch_directory *object, codedb_result *result);
CODEDB_API codedb_code codedb_watch_directory_delete(codedb *db, const char *id, codedb_result *result);
CODEDB_API codedb_code codedb_watch_directory_list(codedb *db, const codedb_list_options *options,
                                                   codedb_watch_directories **list, codedb_result *result);

/* Where a watched folder is; `absolute_path` is normalized when it is stored, and NULL when the folder was not found. */
enum codedb_watch_directory_path_field {
    CODEDB_WATCH_DIRECTORY_PATH_WATCH_DIR_ID = 1 << 0,
    CODEDB_WATCH_DIRECTORY_PATH_ABSOLUTE_PATH = 1 << 1,
    CODEDB_WATCH_DIRECTORY_PATH_CREATED_AT = 1 << 2,
    CODEDB_WATCH_DIRECTORY_PATH_UPDATED_AT = 1 << 3
};
typedef struct codedb_watch_directory_path {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    const char *watch_dir_id;
    const char *absolute_path;
    double created_at;
    double updated_at;
} codedb_watch_directory_path;
typedef struct codedb_watch_directory_paths {
    size_t count;
    codedb_watch_directory_path *const *items;
} codedb_watch_directory_paths;
CODEDB_API codedb_code codedb_watch_directory_path_create(codedb *db, codedb_watch_directory_path *object, codedb_result *result);
CODEDB_API codedb_code codedb_watch_directory_path_get(codedb *db, const char *watch_dir_id, codedb_watch_directory_path **object,
                                                       codedb_result *result);
CODEDB_API codedb_code codedb_watch_directory_path_update(codedb *db, const codedb_watch_directory_path *object,
                                                          codedb_result *result);
CODEDB_API codedb_code codedb_watch_directory_path_delete(codedb *db, const char *watch_dir_id, codedb_result *result);
CODEDB_API codedb_code codedb_watch_directory_path_list(codedb *db, const codedb_list_options *options,
                                                        codedb_watch_directory_paths **list, codedb_result *result);

/* Counters of one vectorization cycle, addressed by cycle_id (unset: a new UUID). Times of start and end are Unix seconds;
 * cycle_end_time is NULL while it runs. `id` is 0 in a database of the original system, which has no such column. */
enum codedb_vectorization_statistics_field {
    CODEDB_VECTORIZATION_STATISTICS_ID = 1 << 0,
    CODEDB_VECTORIZATION_STATISTICS_CYCLE_ID = 1 << 1,
    CODEDB_VECTORIZATION_STATISTICS_CYCLE_START_TIME = 1 << 2,
    CODEDB_VECTORIZATION_STATISTICS_CYCLE_END_TIME = 1 << 3,
    CODEDB_VECTORIZATION_STATISTICS_CHUNKS_TOTAL_AT_START = 1 << 4,
    CODEDB_VECTORIZATION_STATISTICS_CHUNKS_PROCESSED = 1 << 5,
    CODEDB_VECTORIZATION_STATISTICS_CHUNKS_SKIPPED = 1 << 6,
    CODEDB_VECTORIZATION_STATISTICS_CHUNKS_FAILED = 1 << 7,
    CODEDB_VECTORIZATION_STATISTICS_FILES_TOTAL_AT_START = 1 << 8,
    CODEDB_VECTORIZATION_STATISTICS_FILES_VECTORIZED = 1 << 9,
    CODEDB_VECTORIZATION_STATISTICS_TOTAL_PROCESSING_TIME_SECONDS = 1 << 10,
    CODEDB_VECTORIZATION_STATISTICS_AVERAGE_PROCESSING_TIME_SECONDS = 1 << 11,
    CODEDB_VECTORIZATION_STATISTICS_LAST_UPDATED = 1 << 12
};
typedef struct codedb_vectorization_statistics {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    char cycle_id[CODEDB_KEY_SIZE];
    double cycle_start_time;
    double cycle_end_time;
    int64_t chunks_total_at_start;
    int64_t chunks_processed;
    int64_t chunks_skipped;
    int64_t chunks_failed;
    int64_t files_total_at_start;
    int64_t files_vectorized;
    double total_processing_time_seconds;
    double average_processing_time_seconds;
    double last_updated;
} codedb_vectorization_statistics;
typedef struct codedb_vectorization_cycles {
    size_t count;
    codedb_vectorization_statistics *const *items;
} codedb_vectorization_cycles;
CODEDB_API codedb_code codedb_vectorization_statistics_create(codedb *db, codedb_vectorization_statistics *object,
                                                              codedb_result *result);
CODEDB_API codedb_code codedb_vectorization_statistics_get(codedb *db, const char *cycle_id,
                                                           codedb_vectorization_statistics **object, codedb_result *result);
CODEDB_API codedb_code codedb_vectorization_statistics_update(codedb *db, const codedb_vectorization_statistics *object,
                                                              codedb_result *result);
CODEDB_API codedb_code codedb_vectorization_statistics_delete(codedb *db, const char *cycle_id, codedb_result *result);
CODEDB_API codedb_code codedb_vectorization_statistics_list(codedb *db, const codedb_list_options *options,
                                                            codedb_vectorization_cycles **list, codedb_result *result);

/* Counters of one file watcher cycle; as codedb_vectorization_statistics. */
enum codedb_file_watcher_statistics_field {
    CODEDB_FILE_WATCHER_STATISTICS_ID = 1 << 0,
    CODEDB_FILE_WATCHER_STATISTICS_CYCLE_ID = 1 << 1,
    CODEDB_FILE_WATCHER_STATISTICS_CYCLE_START_TIME = 1 << 2,
    CODEDB_FILE_WATCHER_STATISTICS_CYCLE_END_TIME = 1 << 3,
    CODEDB_FILE_WATCHER_STATISTICS_FILES_TOTAL_AT_START = 1 << 4,
    CODEDB_FILE_WATCHER_STATISTICS_FILES_ADDED = 1 << 5,
    CODEDB_FILE_WATCHER_STATISTICS_FILES_PROCESSED = 1 << 6,
    CODEDB_FILE_WATCHER_STATISTICS_FILES_SKIPPED = 1 << 7,
    CODEDB_FILE_WATCHER_STATISTICS_FILES_FAILED = 1 << 8,
    CODEDB_FILE_WATCHER_STATISTICS_FILES_CHANGED = 1 << 9,
    CODEDB_FILE_WATCHER_STATISTICS_FILES_DELETED = 1 << 10,
    CODEDB_FILE_WATCHER_STATISTICS_TOTAL_PROCESSING_TIME_SECONDS = 1 << 11,
    CODEDB_FILE_WATCHER_STATISTICS_AVERAGE_PROCESSING_TIME_SECONDS = 1 << 12,
    CODEDB_FILE_WATCHER_STATISTICS_CURRENT_PROJECT_ID = 1 << 13,
    CODEDB_FILE_WATCHER_STATISTICS_LAST_UPDATED = 1 << 14
};
typedef struct codedb_file_watcher_statistics {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    char cycle_id[CODEDB_KEY_SIZE];
    double cycle_start_time;
    double cycle_end_time;
    int64_t files_total_at_start;
    int64_t files_added;
    int64_t files_processed;
    int64_t files_skipped;
    int64_t files_failed;
    int64_t files_changed;
    int64_t files_deleted;
    double total_processing_time_seconds;
    double average_processing_time_seconds;
    const char *current_project_id;
    double last_updated;
} codedb_file_watcher_statistics;
typedef struct codedb_file_watcher_cycles {
    size_t count;
    codedb_file_watcher_statistics *const *items;
} codedb_file_watcher_cycles;
CODEDB_API codedb_code codedb_file_watcher_statistics_create(codedb *db, codedb_file_watcher_statistics *object,
                                                             codedb_result *result);
CODEDB_API codedb_code codedb_file_watcher_statistics_get(codedb *db, const char *cycle_id,
                                                          codedb_file_watcher_statistics **object, codedb_result *result);
CODEDB_API codedb_code codedb_file_watcher_statistics_update(codedb *db, const codedb_file_watcher_statistics *object,
                                                             codedb_result *result);
CODEDB_API codedb_code codedb_file_watcher_statistics_delete(codedb *db, const char *cycle_id, codedb_result *result);
CODEDB_API codedb_code codedb_file_watcher_statistics_list(codedb *db, const codedb_list_options *options,
                                                           codedb_file_watcher_cycles **list, codedb_result *result);

/* Results of a comprehensive analysis of a file as it was at `file_mtime`; both texts are JSON.
 * (file_id, file_mtime) is unique. */
enum codedb_analysis_results_field {
    CODEDB_ANALYSIS_RESULTS_ID = 1 << 0,
    CODEDB_ANALYSIS_RESULTS_FILE_ID = 1 << 1,
    CODEDB_ANALYSIS_RESULTS_PROJECT_ID = 1 << 2,
    CODEDB_ANALYSIS_RESULTS_FILE_MTIME = 1 << 3,
    CODEDB_ANALYSIS_RESULTS_RESULTS_JSON = 1 << 4,
    CODEDB_ANALYSIS_RESULTS_SUMMARY_JSON = 1 << 5,
    CODEDB_ANALYSIS_RESULTS_CREATED_AT = 1 << 6,
    CODEDB_ANALYSIS_RESULTS_UPDATED_AT = 1 << 7
};
typedef struct codedb_analysis_results {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
    int64_t id;
    int64_t file_id;
    const char *project_id;
    double file_mtime;
    const char *results_json;
    size_t results_json_length;
    const char *summary_json;
    size_t summary_json_length;
    double created_at;
    double updated_at;
} codedb_analysis_results;
typedef struct codedb_analyses {
    size_t count;
    codedb_analysis_results *const *items;
} codedb_analyses;
CODEDB_API codedb_code codedb_analysis_results_create(codedb *db, codedb_analysis_results *object, codedb_result *result);
CODEDB_API codedb_code codedb_analysis_results_get(codedb *db, int64_t id, codedb_analysis_results **object,
                                                   codedb_result *result);
CODEDB_API codedb_code codedb_analysis_results_update(codedb *db, const codedb_analysis_results *object, codedb_result *result);
CODEDB_API codedb_code codedb_analysis_results_delete(codedb *db, int64_t id, codedb_result *result);
CODEDB_API codedb_code codedb_analysis_results_list(codedb *db, const codedb_list_options *options, codedb_analyses **list,
                                                    codedb_result *result);

/* Relations: the objects that belong to another one. `options` (may be NULL) narrows them further, as in codedb_X_list. No such
 * owner is an empty list, not an error. An issue without a file_id or project_id of its own belongs to those of its class,
 * function or method. */
CODEDB_API codedb_code codedb_project_datasets(codedb *db, const char *project_id, const codedb_list_options *options,
                                               codedb_datasets **list, codedb_result *result);
CODEDB_API codedb_code codedb_project_files(codedb *db, const char *project_id, const codedb_list_options *options,
                                            codedb_files **list, codedb_result *result);
CODEDB_API codedb_code codedb_project_chunks(codedb *db, const char *project_id, const codedb_list_options *options,
                                             codedb_code_chunks **list, codedb_result *result);
CODEDB_API codedb_code codedb_project_issues(codedb *db, const char *project_id, const codedb_list_options *options,
                                             codedb_issues **list, codedb_result *result);
CODEDB_API codedb_code codedb_dataset_files(codedb *db, const char *dataset_id, const codedb_list_options *options,
                                            codedb_files **list, codedb_result *result);
CODEDB_API codedb_code codedb_file_classes(codedb *db, int64_t file_id, const codedb_list_options *options, codedb_classes **list,
                                           codedb_result *result);
CODEDB_API codedb_code codedb_file_methods(codedb *db, int64_t file_id, const codedb_list_options *options, codedb_methods **list,
                                           codedb_result *result);
CODEDB_API codedb_code codedb_file_functions(codedb *db, int64_t file_id, const codedb_list_options *options,
                                             codedb_functions **list, codedb_result *result);
CODEDB_API codedb_code codedb_file_imports(codedb *db, int64_t file_id, const codedb_list_options *options, codedb_imports **list,
                                           codedb_result *result);
CODEDB_API codedb_code codedb_file_issues(codedb *db, int64_t file_id, const codedb_list_options *options, codedb_issues **list,
                                          codedb_result *result);
CODEDB_API codedb_code codedb_file_usages(codedb *db, int64_t file_id, const codedb_list_options *options, codedb_usages **list,
                                          codedb_result *result);
CODEDB_API codedb_code codedb_file_chunks(codedb *db, int64_t file_id, const codedb_list_options *options,
                                          codedb_code_chunks **list, codedb_result *result);
CODEDB_API codedb_code codedb_file_contents(codedb *db, int64_t file_id, const codedb_list_options *options,
                                            codedb_code_contents **list, codedb_result *result);
CODEDB_API codedb_code codedb_class_methods(codedb *db, int64_t class_id, const codedb_list_options *options,
                                            codedb_methods **list, codedb_result *result);

/* A class with its methods, in line order. One block: free the structure with codedb_free, not its parts. */
typedef struct codedb_class_structure {
    codedb_class *object;
    size_t method_count;
    codedb_method *const *methods;
} codedb_class_structure;
CODEDB_API codedb_code codedb_class_structure_get(codedb *db, int64_t class_id, codedb_class_structure **structure,
                                                  codedb_result *result);

/* A file with all that stands in it, each in line order. One block for codedb_free. It is read in several steps: read it through
 * a transaction if others may change the file meanwhile. */
typedef struct codedb_file_structure {
    codedb_file *object;
    size_t class_count;
    const codedb_class_structure *classes;
    size_t function_count;
    codedb_function *const *functions;
    size_t import_count;
    codedb_import *const *imports;
} codedb_file_structure;
CODEDB_API codedb_code codedb_file_structure_get(codedb *db, int64_t file_id, codedb_file_structure **structure,
                                                 codedb_result *result);

typedef enum codedb_pattern {
    CODEDB_PATTERN_GLOB = 0, /* `*` any characters, `?` one, `[a-z]` one of; upper and lower case differ */
    CODEDB_PATTERN_LIKE = 1, /* `%` any characters, `_` one, `\` before them means themselves; ASCII case does not matter */
    CODEDB_PATTERN_EXACT = 2
} codedb_pattern;

/* A search by name over all files, or those of one project; answers are ordered by name, then id. */
typedef struct codedb_name_search {
    size_t struct_size;
    const char *name; /* required */
    codedb_pattern pattern;
    const char *project_id; /* NULL: all */
    int64_t limit;          /* 0: none */
    int64_t offset;
} codedb_name_search;
CODEDB_API codedb_code codedb_class_find(codedb *db, const codedb_name_search *search, codedb_classes **list,
                                         codedb_result *result);
CODEDB_API codedb_code codedb_method_find(codedb *db, const codedb_name_search *search, codedb_methods **list,
                                          codedb_result *result);
CODEDB_API codedb_code codedb_function_find(codedb *db, const codedb_name_search *search, codedb_functions **list,
                                            codedb_result *result);
/* Imports whose name or module matches. */
CODEDB_API codedb_code codedb_import_find(codedb *db, const codedb_name_search *search, codedb_imports **list,
                                          codedb_result *result);

/* Issues of a type, of one project or (project_id NULL) of all. */
CODEDB_API codedb_code codedb_issue_find(codedb *db, const char *project_id, const char *issue_type, codedb_issues **list,
                                         codedb_result *result);

/* Usages of a target; target_type, target_class and project_id may be NULL: any. */
typedef struct codedb_usage_search {
    size_t struct_size;
    const char *target_name; /* required */
    const char *target_type;
    const char *target_class;
    const char *project_id;
    int64_t limit; /* 0: none */
    int64_t offset;
} codedb_usage_search;
CODEDB_API codedb_code codedb_usage_find(codedb *db, const codedb_usage_search *search, codedb_usages **list,
                                         codedb_result *result);

/* How many objects there are. */
typedef struct codedb_counts {
    size_t struct_size;
    int64_t datasets; /* of a project; of a file: 1 */
    int64_t files;    /* not marked as deleted */
    int64_t classes;
    int64_t methods;
    int64_t functions;
    int64_t imports;
    int64_t issues;
    int64_t usages;
    int64_t duplicates; /* groups; of a file: those with an occurrence in it */
    int64_t chunks;
    int64_t contents;
} codedb_counts;
/* Fills `counts` (struct_size set by the host) for a project, or for the whole database (project_id NULL). NOT_FOUND. */
CODEDB_API codedb_code codedb_project_counts(codedb *db, const char *project_id, codedb_counts *counts, codedb_result *result);
CODEDB_API codedb_code codedb_file_counts(codedb *db, int64_t file_id, codedb_counts *counts, codedb_result *result);

/* Groups of duplicates with their occurrences, the most similar first. One block for codedb_free. */
typedef struct codedb_duplicate_group {
    codedb_code_duplicate *object;
    size_t occurrence_count;
    codedb_duplicate_occurrence *const *occurrences;
} codedb_duplicate_group;
typedef struct codedb_duplicate_groups {
    size_t count;
    const codedb_duplicate_group *items;
} codedb_duplicate_groups;
CODEDB_API codedb_code codedb_project_duplicates(codedb *db, const char *project_id, codedb_duplicate_groups **groups,
                                                 codedb_result *result);

/* A full-text search in code_content. */
typedef struct codedb_text_search {
    size_t struct_size;
    const char *query;      /* required: words that must all be there */
    int raw;                /* 1: `query` is an FTS5 expression: AND OR NOT NEAR(...) "phrase" word* column : word */
    int prefix;             /* 1: the last word may be the beginning of one */
    const char *project_id; /* NULL: any; likewise the next */
    const char *entity_type;
    const char *mark_start; /* put around what was found in snippets; NULL: "[" and "]" */
    const char *mark_end;
    int snippet_words; /* 1 to 64; 0: 16 */
    int64_t limit;     /* 0: none */
    int64_t offset;
} codedb_text_search;
typedef struct codedb_text_match {
    int64_t content_id;
    int64_t file_id;
    int64_t entity_id; /* 0: none */
    int64_t line;      /* of the class, method or function; 0: unknown */
    const char *entity_type;
    const char *entity_name; /* NULL: none; likewise the next three */
    const char *project_id;
    const char *path;
    const char *relative_path;
    const char *snippet;
    double rank; /* bm25: the smaller, the better */
} codedb_text_match;
/* Best first. One block for codedb_free. */
typedef struct codedb_text_matches {
    size_t count;
    const codedb_text_match *items;
} codedb_text_matches;
/* Errors: VALIDATION_ERROR for a query without a word, or an FTS5 expression that is none (its words are in the description). */
CODEDB_API codedb_code codedb_text_find(codedb *db, const codedb_text_search *search, codedb_text_matches **matches,
                                        codedb_result *result);

/* Replaces the file's stored syntax tree in one transaction. `json` must be JSON: docs/trees.md, or any JSON string, which is
 * no tree. *tree_id (may be NULL) gets the row's id. NOT_FOUND: no such file. */
CODEDB_API codedb_code codedb_ast_save(codedb *db, int64_t file_id, const char *json, size_t length, int64_t *tree_id,
                                       codedb_result *result);
/* The file's stored syntax tree: a block for codedb_free, a NUL after it; its length in *length (may be NULL). */
CODEDB_API codedb_code codedb_ast_get(codedb *db, int64_t file_id, char **json, size_t *length, codedb_result *result);

/* Inserts or replaces vectors under the file's project, by (entity_type, entity_id), in one transaction. Of each item are used:
 * entity_type, entity_id (0 with type "file": this file), vector_id, vector_dim, embedding_model. NOT_FOUND: no such file. */
CODEDB_API codedb_code codedb_vectors_save(codedb *db, int64_t file_id, const codedb_vector_index *items, size_t count,
                                           codedb_result *result);
/* The vectors of a file and of its chunks, classes, functions and methods. */
CODEDB_API codedb_code codedb_vectors_get(codedb *db, int64_t file_id, codedb_vector_indexes **list, codedb_result *result);

/* ---- 10. Trees: no database needed -------------------------------------------------------------------------------- */

typedef struct codedb_tree codedb_tree;

typedef struct codedb_parse_options {
    size_t struct_size;
    const codedb_allocator *allocator; /* NULL: the C library's; copied */
    int target_version; /* major * 100 + minor of the Python whose grammar decides, 300 to 315; 0: the newest release, 314 */
    int max_depth;      /* levels of brackets, blocks and operators; 0: 3,000, which fits an 8 MiB stack; 100 fits 256 KiB */
    const char *path;   /* for messages only; may be NULL */
} codedb_parse_options;

/* Parses a Python source file. `bytes` are as on disk: a BOM and a coding cookie (PEP 263) are honoured, \r and \r\n are line
 * ends. They are copied. *tree is freed with codedb_tree_free, and may be read from any number of threads at once. No function of
 * this section needs a database or waits for one; all may be called from any thread.
 * Errors: PARSE_ERROR with line, column, offset and what was expected, also for what nests too deep and for bytes that are not
 * text; INVALID_REQUEST for an option that makes no sense, and for more than 4 GiB (less 128 bytes). */
CODEDB_API codedb_code codedb_tree_parse(const char *bytes, size_t length, const codedb_parse_options *options,
                                         codedb_tree **tree, codedb_result *result);
/* Frees a tree. NULL is allowed. Nodes and reports that were made from it live on. */
CODEDB_API void codedb_tree_free(codedb_tree *tree);
/* The tree's source in UTF-8 (the bytes given, unless they were in another encoding), owned by the tree; a NUL follows. */
CODEDB_API const char *codedb_tree_source(const codedb_tree *tree, size_t *length);
/* `text`, such as an edit's result, as the bytes that belong on disk: in the encoding that its coding cookie names, UTF-8 when
 * it has none. *bytes is a block for codedb_free with a NUL after it. Errors: VALIDATION_ERROR with the place of a character
 * that the encoding does not have; PARSE_ERROR for a cookie that names no encoding; NO_MEMORY. */
CODEDB_API codedb_code codedb_tree_encode(const codedb_tree *tree, const char *text, size_t length, char **bytes,
                                          size_t *byte_length, codedb_result *result);
/* Bytes of memory that the tree holds, its source not counted. */
CODEDB_API size_t codedb_tree_memory(const codedb_tree *tree);

/* A syntax node as the tree holds it: nodes are numbered in pre-order from 0, the Module; node n's descendants are n + 1 to
 * subtree_end - 1. White space and punctuation have no numbers. */
typedef struct codedb_syntax_node {
    uint32_t type;       /* for codedb_node_type_name */
    uint32_t start_byte; /* of its position, in codedb_tree_source */
    uint32_t end_byte;
    uint32_t subtree_end; /* the number after its last descendant's */
} codedb_syntax_node;

/* How many nodes have numbers: at least 1; 0 for NULL. */
CODEDB_API size_t codedb_tree_node_count(const codedb_tree *tree);
/* Fills *node with node `number`, which must be below codedb_tree_node_count: else INVALID_REQUEST and *node is left alone. */
CODEDB_API codedb_code codedb_tree_node_get(const codedb_tree *tree, size_t number, codedb_syntax_node *node);
/* LibCST's class name of a type; NULL for a number that is none. */
CODEDB_API const char *codedb_node_type_name(uint32_t type);

/* Takes output piece by piece; returns 0 to go on, anything else to stop. */
typedef int (*codedb_write_function)(void *context, const char *bytes, size_t length);

typedef enum codedb_dump_format {
    CODEDB_DUMP_CST = 0,               /* a line per node as in docs/trees.md, white space and punctuation included */
    CODEDB_DUMP_CST_NO_WHITESPACE = 1, /* significant nodes only */
    CODEDB_DUMP_AST = 2                /* CPython's ast as JSON, docs/trees.md */
} codedb_dump_format;

/* Writes the tree through `write`. Errors: NO_MEMORY; CANCELLED when `write` stopped it; INVALID_REQUEST. */
CODEDB_API codedb_code codedb_tree_dump(const codedb_tree *tree, codedb_dump_format format, codedb_write_function write,
                                        void *context, codedb_result *result);
/* Parses a source file as codedb_tree_parse does and writes CPython's ast of it as JSON through `write`, in pieces of at most 16 KiB:
 * codedb_tree_dump with CODEDB_DUMP_AST for whoever wants no tree. The source is parsed whole before the first piece, so that one with an
 * error writes nothing. Errors: those of codedb_tree_parse and of codedb_tree_dump. */
CODEDB_API codedb_code codedb_ast_from_source(const char *bytes, size_t length, const codedb_parse_options *options,
                                              codedb_write_function write, void *context, codedb_result *result);

typedef enum codedb_dialect {
    CODEDB_DIALECT_DEFAULT = 0,
    CODEDB_DIALECT_REFERENCE = 1 /* answers exactly as the original engine; docs/selectors.md */
} codedb_dialect;

/* A compiled selector. It never changes: any number of threads may use one at the same time. */
typedef struct codedb_selector codedb_selector;

typedef struct codedb_selector_options {
    size_t struct_size;
    const codedb_allocator *allocator; /* NULL: the C library's; copied */
    codedb_dialect dialect;
    int ast; /* 1: for CPython's ast, not for the CST */
} codedb_selector_options;

/* Compiles a selector (docs/selectors.md), to be used in any number of filters: for any tree, before and after it was made.
 * `text` is copied as far as it is needed; `options` may be NULL. *selector is the host's, is never kept by a function that it
 * is given to, and is freed with codedb_selector_free when no call uses it any more; what was found with it lives on.
 * Errors: SELECTOR_ERROR with offset, length, line and column, and in result->data {"offset", "length", "line", "column"
 * (from 1), "expected", "found", "hint", "nearest"}; INVALID_REQUEST; NO_MEMORY. */
CODEDB_API codedb_code codedb_selector_compile(const char *text, const codedb_selector_options *options,
                                               codedb_selector **selector, codedb_result *result);
/* NULL is allowed. */
CODEDB_API void codedb_selector_free(codedb_selector *selector);
/* How many captures (@name) a selector has, and the name of each in the order of the text, owned by the selector: NULL behind the
 * last one. */
CODEDB_API size_t codedb_selector_capture_count(const codedb_selector *selector);
CODEDB_API const char *codedb_selector_capture_name(const codedb_selector *selector, size_t index);

/* Which nodes: a selector (docs/selectors.md) and further conditions that must all hold. */
typedef struct codedb_filter {
    size_t struct_size;
    const char *selector; /* required, unless `compiled` is set */
    codedb_dialect dialect;
    const char *node_type; /* exact class name; NULL: any. Likewise the next two */
    const char *name;
    const char *qualname;
    uint32_t start_line;             /* nodes that start at this line or later; 0: any */
    uint32_t end_line;               /* nodes that end at this line or before; 0: any */
    size_t limit;                    /* at most so many nodes; 0: all */
    double timeout;                  /* seconds for the match; 0: none. TIMEOUT when over */
    const char *path;                /* the attribute `path` of all nodes; NULL: they have none */
    const codedb_selector *compiled; /* used instead of `selector` and `dialect`, which are then not looked at; NULL: none */
} codedb_filter;

/* A matched node. Text is owned by the codedb_nodes it stands in and NUL-terminated; NULL means "has none". */
typedef struct codedb_node_info {
    const char *node_id; /* unique in its file; of stored sources it stays when they change, docs/edits.md */
    const char *type;    /* LibCST's class name; of the ast, CPython's */
    const char *kind;    /* module class function method import smallstmt stmt decorator node */
    const char *name;
    const char *qualname;
    uint32_t start_line;   /* from 1 */
    uint32_t start_column; /* from 0, in code points */
    uint32_t end_line;     /* after the last character */
    uint32_t end_column;
    size_t start_byte;
    size_t end_byte;
    const char *code; /* the source text of the position */
    size_t code_length;
    const char *ast_json; /* of a node of the ast: its JSON as stored; else NULL */
    size_t ast_json_length;
} codedb_node_info;

/* Nodes in file order. One block: free it with codedb_free.
 * With captures in the selector an item is one way in which a node was matched: what captured the same nodes counts once, and a
 * node stands there once for each way. Items of one node are in the order of their captures, the last one in the text first. */
typedef struct codedb_nodes {
    size_t count;
    const codedb_node_info *const *items;
    size_t capture_count;                    /* of the selector */
    const char *const *capture_names;        /* in the order of the text */
    const codedb_node_info *const *captures; /* of items[i]: from captures[i * capture_count] on; NULL: of another branch */
} codedb_nodes;

/* Finds nodes. Nothing found is success with count 0. Errors: SELECTOR_ERROR with offset, length, what was expected and a
 * hint; TIMEOUT; NO_MEMORY; INVALID_REQUEST. */
CODEDB_API codedb_code codedb_tree_query(const codedb_tree *tree, const codedb_filter *filter, codedb_nodes **nodes,
                                         codedb_result *result);

typedef enum codedb_explain_format {
    CODEDB_EXPLAIN_JSON = 0, /* docs/selectors.md has its keys */
    CODEDB_EXPLAIN_TEXT = 1  /* lines to be read */
} codedb_explain_format;

/* Tells how the filter comes to its answer: for each step how many nodes of its type there are, how many the combinator reaches
 * (candidates) and how many pass its conditions (survivors), and why nothing was left, with what to write instead. *text is a
 * block for codedb_free. The filter's limit is not looked at. Errors: those of codedb_tree_query. */
CODEDB_API codedb_code codedb_tree_explain(const codedb_tree *tree, const codedb_filter *filter, codedb_explain_format format,
                                           char **text, codedb_result *result);

/* What is done to a node; docs/edits.md says which nodes take which. */
typedef enum codedb_edit_action {
    CODEDB_EDIT_REPLACE = 0,
    CODEDB_EDIT_DELETE = 1,
    CODEDB_EDIT_INSERT_BEFORE = 2,
    CODEDB_EDIT_INSERT_AFTER = 3,
    CODEDB_EDIT_INSERT_FIRST = 4, /* inside the target, as the first of its body */
    CODEDB_EDIT_INSERT_LAST = 5
} codedb_edit_action;

typedef enum codedb_overlap {
    CODEDB_OVERLAP_ERROR = 0,     /* replacing a node and one inside it is OVERLAP */
    CODEDB_OVERLAP_OUTERMOST = 1, /* the one inside is left out */
    CODEDB_OVERLAP_INNERMOST = 2  /* the one around is left out */
} codedb_overlap;

/* One edit: what is done to every node that the filter finds. */
typedef struct codedb_edit {
    size_t struct_size;
    codedb_filter filter;
    codedb_edit_action action;
    const char *const *code; /* the new nodes' source texts, in order; none for delete */
    size_t code_count;
    codedb_overlap overlap;
    int drop_comments;   /* replace: the old trailing comment goes */
    int keep_comment;    /* delete: the comment above stays in any case */
    int drop_decorators; /* replace of a decorated definition by one without decorators: the old ones go */
    int keep_docstring;  /* the lines of a docstring in the new code are not re-indented */
    int new_f_strings;   /* expressions in f-strings may have any quotes, as since Python 3.12 */
    const char *node_id; /* this one node, not what the filter finds: an id of a query of the same source; NULL: the filter */
    int use_captures;    /* `{name}` in the code is the source of what the selector's @name captured; {{ and }} are braces */
} codedb_edit;

/* What an edit did (or, in a preview, would do). One block: free it with codedb_free. */
typedef struct codedb_edit_report {
    size_t nodes_modified;
    const char *source; /* the whole text after the edit */
    size_t source_length;
    const char *diff;           /* unified, as `diff -u` and `git apply` have it; "" when nothing changed */
    const char *hash;           /* SHA-256 of source, lower-case hex */
    size_t range_count;         /* changed byte ranges */
    const size_t *old_ranges;   /* start, end in the old text, pair by pair */
    const size_t *new_ranges;   /* start, end in the new text */
    size_t id_count;            /* of a stored source: nodes that were replaced, deleted or inserted */
    const char *const *old_ids; /* NULL: it was inserted */
    const char *const *new_ids; /* of the first node that came in its place; NULL: none did */
} codedb_edit_report;

/* Applies edits to a tree's source, all or none, and parses the result. The tree is not changed. `path` (may be NULL) stands
 * in the diff's header, and is the attribute `path` for filters without one. Errors: NOT_FOUND when a filter finds nothing; PARSE_ERROR when new code or the result is not Python;
 * OVERLAP; VALIDATION_ERROR for what may not be edited so (docs/edits.md); SELECTOR_ERROR; NO_MEMORY. result->data names the
 * edit by its index, and the place in its code where that does not parse: {"edit": 0, "new_code": {"index": 0, "line": 1, "column": 2,
 * "offset": 1, "length": 1}}. */
CODEDB_API codedb_code codedb_tree_edit(const codedb_tree *tree, const codedb_edit *edits, size_t edit_count, const char *path,
                                        codedb_edit_report **report, codedb_result *result);

/* CPython's ast in JSON (docs/trees.md), without a database. */
typedef struct codedb_ast_options {
    size_t struct_size;
    const codedb_allocator *allocator; /* NULL: the C library's */
    const char *source; /* of the file, in UTF-8: what `code` and the fields that are nodes say. NULL: not at hand */
    size_t source_length;
    const char *path; /* of the file, for the attribute `path` and for diffs; may be NULL */
    size_t max_depth; /* nodes in each other; 0: 1,000,000 */
} codedb_ast_options;

/* Finds nodes in an ast, by the same language over the class names and fields of Python's ast (docs/selectors.md). In the answer,
 * lines and columns are those of the JSON (columns in bytes of UTF-8; line 0: the node has no position), ast_json is the node as it
 * is written, and code is NULL where no source is at hand. *nodes is freed with codedb_free. `options` may be NULL.
 * Errors: PARSE_ERROR with the place in the JSON; those of codedb_tree_query; INVALID_REQUEST for the reference dialect, too. */
CODEDB_API codedb_code codedb_ast_json_query(const char *json, size_t length, const codedb_ast_options *options,
                                             const codedb_filter *filter, codedb_nodes **nodes, codedb_result *result);
/* Tells how the filter comes to its answer there, as codedb_tree_explain does. */
CODEDB_API codedb_code codedb_ast_json_explain(const char *json, size_t length, const codedb_ast_options *options,
                                               const codedb_filter *filter, codedb_explain_format format, char **text,
                                               codedb_result *result);

/* Applies edits to an ast in JSON, all or none. The new nodes in `code` are JSON, too, each text one node; their positions are as
 * given, or absent. What new nodes may stand where is checked by the grammar of Python's ast, and so are the contexts (Load, Store,
 * Del) of new nodes and the lengths of lists that go together; docs/edits.md tells more. The report's `source` is the JSON.
 * Errors: those of codedb_tree_edit, with places in the JSON; PARSE_ERROR when the JSON or that of a new node is wrong. */
CODEDB_API codedb_code codedb_ast_json_edit(const char *json, size_t length, const codedb_ast_options *options,
                                            const codedb_edit *edits, size_t edit_count, codedb_edit_report **report,
                                            codedb_result *result);

/* ---- 11. Stored trees --------------------------------------------------------------------------------------------- */

/* What hangs on a file is kept in step with its source: its tree, classes, methods, functions, imports and texts. Parsing,
 * matching and editing run in the caller's thread; the database is asked to read and to store. Any thread; through a
 * transaction's handle all is part of the transaction. The file is a row (codedb_file); nothing on disk is read or written. */

/* Replaces the file's stored source by `source` (UTF-8; a coding cookie in it is not looked at) and its classes, methods,
 * functions, imports and content by what it holds, in one transaction; entities that are still there keep their ids. *tree_id
 * (may be NULL) gets the row's id.
 * Errors: NOT_FOUND, PARSE_ERROR with its place (nothing is stored), CONFLICT when others store the same file again and again
 * meanwhile, and those of table operations. */
CODEDB_API codedb_code codedb_cst_save(codedb *db, int64_t file_id, const char *source, size_t length, int64_t *tree_id,
                                       codedb_result *result);
/* The file's stored source: a block for codedb_free, a NUL after it; its length in bytes in *length (may be NULL).
 * Errors: NOT_FOUND when there is no such file or it has no source; those of table operations. */
CODEDB_API codedb_code codedb_cst_get(codedb *db, int64_t file_id, char **source, size_t *length, codedb_result *result);
/* Finds nodes of the file's stored source, as codedb_tree_query does. The attribute `path` is the file's path.
 * Errors: those of codedb_cst_get and codedb_tree_query; PARSE_ERROR when what is stored is not Python. */
CODEDB_API codedb_code codedb_cst_query(codedb *db, int64_t file_id, const codedb_filter *filter, codedb_nodes **nodes,
                                        codedb_result *result);
/* Edits the stored source as codedb_tree_edit does, and stores the result with everything that follows from it in one
 * transaction, unless `preview` is not 0 or nothing has changed. *report is freed with codedb_free.
 * Errors: CONFLICT when the stored source changed since it was read here, or when `expected_hash` (may be NULL: SHA-256 in
 * lower-case hex, as in a report) is not its hash, or when an edit's node_id is one that SQL's codedb_match gave of another text; those of
 * codedb_cst_query and codedb_tree_edit. */
CODEDB_API codedb_code codedb_cst_modify(codedb *db, int64_t file_id, const codedb_edit *edits, size_t edit_count,
                                         const char *expected_hash, int preview, codedb_edit_report **report,
                                         codedb_result *result);

/* ---- Many files ---- */

/* A wish to stop that one thread tells another. Freed with codedb_free when no call uses it any more. */
typedef struct codedb_cancellation codedb_cancellation;
/* `allocator` may be NULL: the C library's. */
CODEDB_API codedb_code codedb_cancellation_create(const codedb_allocator *allocator, codedb_cancellation **cancellation,
                                                  codedb_result *result);
/* Stops every call that was given it, now and later. Any thread; a signal handler, too. NULL is allowed. */
CODEDB_API void codedb_cancellation_request(codedb_cancellation *cancellation);

typedef struct codedb_query_options {
    size_t struct_size;
    const char *const *project_ids; /* NULL: every project */
    size_t project_count;
    int threads;    /* that read, parse and match, 1 to 64, the caller's included; 0: one a CPU */
    size_t limit;   /* stop after so many nodes; 0: none. The filter's limit is for each file */
    double timeout; /* seconds for all of it, what `visit` takes included; 0: none. The filter's is for each file */
    const codedb_cancellation *cancellation; /* may be NULL */
    int target_version;                      /* as in codedb_parse_options */
    int no_skip; /* 1: every file is looked at, also where it is known that nothing can be found: no node more is found by that, but
                  * such files' own errors are told, too */
    int no_cache; /* 1: trees are neither taken from those that are kept, nor kept */
    int ast; /* 1: nodes of CPython's ast: the stored one of each file, as codedb_ast_query has it, or that of its stored source */
} codedb_query_options;

/* What was found in one file, or why nothing could be. It lives as long as the call of the function that it is given to. */
typedef struct codedb_query_file {
    size_t struct_size;
    int64_t file_id;
    const char *project_id;
    const char *path;
    const char *relative_path;  /* NULL: none */
    const codedb_nodes *nodes;  /* at least one; NULL when the file has an error */
    const codedb_result *error; /* NULL: none. PARSE_ERROR, say: the file's own error, which does not end the query */
} codedb_query_file;

/* Returns 0 to go on, anything else to stop. */
typedef int (*codedb_query_function)(void *context, const codedb_query_file *file);

/* What a query over files did. */
typedef struct codedb_query_report {
    size_t struct_size;
    uint64_t files;         /* that were asked, those that were left out included */
    uint64_t files_found;   /* in which something was found */
    uint64_t files_skipped; /* not looked at: it was known that nothing can be found there */
    uint64_t files_failed;
    uint64_t nodes;
    uint64_t trees_kept;   /* of the trees that were needed: taken from those that were kept */
    uint64_t trees_parsed; /* the others */
    int is_cut;            /* 1: the limit was reached, and there may be more */
} codedb_query_report;

/* Finds nodes in the stored sources (or asts) of a project, of several or of all of them, those of deleted files left out, and calls `visit`
 * for each file in which something was found and for each that has an error: files by their paths, nodes in file order. `visit` is
 * called in the caller's thread, which works like the others while it waits, and it may call codedb functions. Nodes have the ids that
 * codedb_cst_query gives them. How much is held is bounded: when `visit` is slow, the threads wait. A file that is stored anew meanwhile is
 * asked as it was or as it is then.
 * `options` and `report` may be NULL; `report` (struct_size set by the host) is also filled when the query ended early.
 * Errors: SELECTOR_ERROR; NOT_FOUND for a project that is not there; CANCELLED by `visit` or the cancellation; TIMEOUT when the time
 * was over before a file was asked or given to `visit` (a call of it is never interrupted); those of table operations. What was given to
 * `visit` before stays true. */
CODEDB_API codedb_code codedb_query_project(codedb *db, const codedb_filter *filter, const codedb_query_options *options,
                                            codedb_query_function visit, void *context, codedb_query_report *report,
                                            codedb_result *result);

/* The trees that a database's queries have kept since it was opened. */
typedef struct codedb_cache_figures {
    size_t struct_size;
    uint64_t limit;     /* bytes */
    uint64_t bytes;     /* that trees, asts, their texts and the summaries of sources use; never more than `limit` */
    uint64_t trees;     /* that are kept, asts counted */
    uint64_t summaries; /* sources of which it is known what cannot be found in them */
    uint64_t hits;      /* trees that were there when they were needed */
    uint64_t misses;
    uint64_t evictions; /* trees that went to make room */
} codedb_cache_figures;

/* Fills `figures` (struct_size set by the host). Does not wait for the driver. Errors: INVALID_REQUEST, CONNECTION_ERROR in a forked
 * child. */
CODEDB_API codedb_code codedb_cache_figures_get(codedb *db, codedb_cache_figures *figures, codedb_result *result);

/* Finds nodes of the file's stored ast, as codedb_ast_json_query does with the file's stored source at hand, where there is one. When what
 * is stored is a JSON string (the text of Python's ast.dump, say), which is no tree, the answer is that of the stored source, and
 * result->description says so.
 * Errors: NOT_FOUND when there is no such file or it has no ast; those of codedb_ast_json_query. */
CODEDB_API codedb_code codedb_ast_query(codedb *db, int64_t file_id, const codedb_filter *filter, codedb_nodes **nodes,
                                        codedb_result *result);
/* Edits the stored ast as codedb_ast_json_edit does, and stores the result and its hash, unless `preview` is not 0 or nothing has changed.
 * The stored source stays as it is: the next time that it is saved changed, the ast is made from it. *report is freed with codedb_free.
 * Errors: CONFLICT when the stored ast changed since it was read here, or when `expected_hash` (may be NULL) is not its hash;
 * VALIDATION_ERROR when it is a JSON string; those of codedb_ast_query and codedb_ast_json_edit. */
CODEDB_API codedb_code codedb_ast_modify(codedb *db, int64_t file_id, const codedb_edit *edits, size_t edit_count,
                                         const char *expected_hash, int preview, codedb_edit_report **report,
                                         codedb_result *result);

/* The edits of one file, for codedb_modify_project. */
typedef struct codedb_file_edits {
    size_t struct_size;
    int64_t file_id; /* 0: every file of the project in which the edits find something; then it is the only one given */
    const codedb_edit *edits;
    size_t edit_count;
    const char *expected_hash; /* as of codedb_cst_modify; may be NULL */
} codedb_file_edits;

typedef struct codedb_modify_options {
    size_t struct_size;
    int preview;     /* nothing is stored or written */
    int write_files; /* the files on disk are written, too, and must hold what is stored */
} codedb_modify_options;

/* What was done to one file. */
typedef struct codedb_file_report {
    int64_t file_id;
    const char *path;
    /* Its diff is "" for a symbolic link to another file of the project's report: a patch goes through no link. */
    codedb_edit_report report;
} codedb_file_report;

/* Free it with codedb_free. */
typedef struct codedb_project_report {
    size_t nodes_modified;
    size_t file_count; /* files that are changed, in the order given or by path */
    const codedb_file_report *files;
    const char *diff; /* of all files, without such links, as `git apply` takes it */
} codedb_project_report;

/* Edits the stored sources of many files of a project (NULL: of any) in one transaction, all or nothing. `options` may be NULL.
 * With `write_files`, the files on disk are replaced as by codedb_files_write before the transaction is committed; through a handle that
 * is a transaction they are written at once. result->data says on an error which entry of `files`, which file and which edit it is
 * about: {"file": 0, "path": "...", "edit": 1}.
 * Errors: those of codedb_cst_modify and codedb_files_write; NOT_FOUND also when the edits find nothing in any file or a file is not of the
 * project; CONFLICT also when a file on disk is not what is stored; INVALID_REQUEST for a file that is given twice. */
CODEDB_API codedb_code codedb_modify_project(codedb *db, const char *project_id, const codedb_file_edits *files,
                                             size_t file_count, const codedb_modify_options *options,
                                             codedb_project_report **report, codedb_result *result);

/* ---- 12. Folders -------------------------------------------------------------------------------------------------- */

/* What became of a file that was to be written. */
typedef enum codedb_write_outcome {
    CODEDB_WRITE_UNTOUCHED = 0, /* it is as it was */
    CODEDB_WRITE_WRITTEN = 1,
    CODEDB_WRITE_REFUSED = 2,  /* it is as it was, and `problem` says why nothing was written */
    CODEDB_WRITE_RESTORED = 3, /* it has its old content again, as another file could not be written */
    CODEDB_WRITE_STUCK = 4     /* it has the new content, as the old one could not be written again */
} codedb_write_outcome;

typedef struct codedb_file_write {
    size_t struct_size;
    const char *path;      /* a link stays a link */
    const char *old_bytes; /* what the file must hold */
    size_t old_length;
    const char *bytes; /* what it is to hold */
    size_t length;
    codedb_write_outcome outcome; /* filled in, whatever the answer; likewise the next one */
    char problem[160];
} codedb_file_write;

/* Replaces the content of files that exist, all or none as far as a file system can: each new content is written beside the old
 * file, with its mode and owner, and synced, before the first one is renamed over its file; when a renaming fails, the files before it get
 * their old content again. result->data tells the same as the structs: [{"path": "...", "outcome": "refused", "message": "..."}].
 * A file that is given by several names, links or hard links, is written once if the new contents are the same, and stays one file. Hard
 * links that are not given keep the old content; access control lists and extended attributes are not copied.
 * Errors: CONFLICT when a file does not hold `old_bytes`; NOT_FOUND; PERMISSION_DENIED, for read-only files, too; INVALID_REQUEST when
 * two paths lead to one file and their new contents differ; DATABASE_ERROR for what else the system refuses; NO_MEMORY. */
CODEDB_API codedb_code codedb_files_write(codedb_file_write *files, size_t count, codedb_result *result);

typedef struct codedb_walk_options {
    size_t struct_size;
    const codedb_allocator *allocator; /* NULL: the C library's */
    const char *const *excludes; /* shell patterns of names, or (with a slash) of paths from the folder on; `*` takes slashes */
    size_t exclude_count;
    int no_default_excludes; /* 1: version-control folders and virtual environments are walked too */
} codedb_walk_options;

/* A file, or something that could not be read. */
typedef struct codedb_walk_entry {
    size_t struct_size;
    const char *path;          /* `folder` and what follows */
    const char *relative_path; /* from `folder` on; may be "" for the folder itself */
    const char *problem;       /* NULL for a file; else what was wrong with `path` */
} codedb_walk_entry;

/* Returns 0 to go on, anything else to stop. */
typedef int (*codedb_walk_function)(void *context, const codedb_walk_entry *entry);

/* Calls `visit` for each Python file (*.py, *.pyi, *.pyw) in `folder` and the folders in it, sorted by name in each folder. Links
 * to folders are not followed. What cannot be read is visited with its problem. `options` may be NULL. Runs in the caller's
 * thread.
 * Errors: NOT_FOUND, PERMISSION_DENIED (the folder itself), CANCELLED when `visit` stopped it, NO_MEMORY, INVALID_REQUEST. */
CODEDB_API codedb_code codedb_folder_walk(const char *folder, const codedb_walk_options *options, codedb_walk_function visit,
                                          void *context, codedb_result *result);

/* ---- 13. Index ---------------------------------------------------------------------------------------------------- */

/* How far an index run is. */
typedef struct codedb_index_progress {
    size_t struct_size;
    uint64_t files_found;
    uint64_t files_done; /* stored, unchanged or failed */
    uint64_t files_unchanged;
    uint64_t files_failed; /* could not be read; they do not stop the run */
    uint64_t bytes_done;
    int walking;      /* 1 while folders are still being read: files_found may grow */
    const char *path; /* a file that was just done; NULL at the end */
} codedb_index_progress;

/* Called from the thread that called codedb_index_run, some twenty times a second at most, and once at the end; returns 0 to
 * go on, anything else to cancel. It may call codedb functions. */
typedef int (*codedb_progress_function)(void *context, const codedb_index_progress *progress);

typedef struct codedb_index_options {
    size_t struct_size;
    const char *const *excludes; /* as in codedb_walk_options */
    size_t exclude_count;
    int no_default_excludes; /* 1: version-control folders and virtual environments are read too */
    int threads;             /* that read and parse, at most 64; 0: one a CPU */
    int target_version;      /* as in codedb_parse_options */
    codedb_progress_function progress;
    void *progress_context;
} codedb_index_options;

/* What a run did. One block: free it with codedb_free. */
typedef struct codedb_index_report {
    const char *project_id;
    uint64_t files_indexed; /* stored in this run, those with syntax errors included */
    uint64_t files_unchanged;
    uint64_t files_deleted;            /* in the database, no more on disk: marked as deleted */
    uint64_t files_failed;             /* could not be read */
    uint64_t files_with_syntax_errors; /* stored, with an issue */
    uint64_t bytes;                    /* of the files indexed */
    uint64_t classes;                  /* in the project after the run; likewise the next three */
    uint64_t methods;
    uint64_t functions;
    uint64_t imports;
    double seconds;
    size_t problem_count;
    const char *const *problems; /* "path: what was wrong", for files that could not be read */
} codedb_index_report;

/* Reads a folder's Python files (*.py, *.pyi, *.pyw) and stores them as a project: made when no project has that root path.
 * Unchanged files are left alone, excluded and unreadable ones too; a file that does not parse is stored with an issue
 * (syntax_error). `options` and `report` may be NULL; *report is freed with codedb_free. Files are stored in batches of their
 * own: an error or a crash leaves whole files stored, and the next run goes on from there. Its requests have no timeout.
 * Errors: NOT_FOUND or PERMISSION_DENIED for the folder, CANCELLED (what was done is stored), and those of table operations. */
CODEDB_API codedb_code codedb_index_run(codedb *db, const char *folder, const codedb_index_options *options,
                                        codedb_index_report **report, codedb_result *result);

/* ---- 14. Schema --------------------------------------------------------------------------------------------------- */

/* What changes the schema is all or nothing, in one database transaction, with a check of all foreign keys before its commit;
 * it answers TRANSACTION_ERROR through a handle that holds a transaction, and PERMISSION_DENIED through one that is read-only.
 * What a request is given as JSON is described in docs/schema.md; SCHEMA_ERROR names the place of a mistake in it, and what
 * the database refused. Names may be any text. Other errors: VALIDATION_ERROR for rows that do not go with a change, CONFLICT
 * when somebody else changes the schema all the time, INVALID_REQUEST when the driver has no such function, and those of table
 * operations. */

/* Makes a table with its constraints and indexes: {"name": ..., "columns": [...], "constraints": [...], "indexes": [...]}, or a
 * virtual one: {"name": ..., "using": "fts5", "columns": [...], "options": {...}}. SCHEMA_ERROR when there is one of its name. */
CODEDB_API codedb_code codedb_table_create(codedb *db, const char *schema_json, codedb_result *result);
/* Removes a table with its rows, indexes and triggers. SCHEMA_ERROR: there is none. VALIDATION_ERROR: rows of others refer to
 * it. */
CODEDB_API codedb_code codedb_table_drop(codedb *db, const char *name, codedb_result *result);
/* Changes a table by an array of changes, in order: {"add_column": {...}}, {"drop_column": name}, {"rename_column": {"from":
 * name, "to": name}}, {"add_constraint": {...}}, {"add_index": {...}}, {"drop_index": name}, {"rename": name}. A virtual table can
 * only be renamed. SCHEMA_ERROR also when a full-text table would lose what it is about; likewise codedb_table_drop. */
CODEDB_API codedb_code codedb_table_alter(codedb *db, const char *name, const char *changes_json, codedb_result *result);

/* A hash of the actual structure, whoever made it: 64 hexadecimal digits that change when the structure does, whatever the order
 * in which it was made. *version is freed with codedb_free. */
CODEDB_API codedb_code codedb_schema_version(codedb *db, char **version, codedb_result *result);

/* A list of texts in a report. */
typedef struct codedb_texts {
    size_t count;
    const char *const *items;
} codedb_texts;

/* What codedb_schema_sync has done. One block: free it with codedb_free. */
typedef struct codedb_schema_report {
    codedb_texts created_tables;
    codedb_texts modified_tables; /* with new columns or constraints */
    codedb_texts columns_added;   /* "table.column" */
    codedb_texts indexes_created;
    codedb_texts warnings;   /* what is there beyond the definition or differs from it, and was left as it is */
    codedb_texts errors;     /* why nothing was changed */
    const char *backup_path; /* NULL: no copy was made */
} codedb_schema_report;

/* Adds to the database the tables, columns, constraints and indexes of a definition that it lacks: {"tables": [...],
 * "virtual_tables": [...]}, or NULL for codedb's own. Nothing is ever removed, and no column's type changed: that is reported.
 * Before the first change a copy is written to `backup_dir`, which is made when it is missing (its parent must be there);
 * NULL: that of the configuration; when it has none either, no copy is made. *report is also given when the changes failed: then
 * `errors` says why, and nothing was changed but that the copy was made. `report` may be NULL. */
CODEDB_API codedb_code codedb_schema_sync(codedb *db, const char *definition_json, const char *backup_dir,
                                          codedb_schema_report **report, codedb_result *result);

/* ---- 15. Maintenance ---------------------------------------------------------------------------------------------- */

/* What concerns a database as a whole. All of it answers TRANSACTION_ERROR through a handle that holds a transaction, and
 * INVALID_REQUEST when the driver has no such function; else the errors of table operations. A big database takes longer than
 * command_timeout: use a view with another timeout (codedb_with). Any thread. */

/* Writes a copy of the database to a new file at `path`, readable by its owner only; it opens like the original. Others read and
 * write meanwhile: pages are copied between their requests. The copy is the database as it was at the moment at which it was
 * complete, shortly before the call returns: all that was committed until then, and no half of a transaction. It is written
 * under the name PATH.unfinished-N, and gets its name when it is on the disk; an error leaves nothing. Copies asked for at the
 * same time are made one after another. While a transaction is held, and while other processes commit all the time, it does
 * not get on; after some attempts it is then made in one go, and requests wait. codedb_storage_get tells how far it is.
 * Errors: VALIDATION_ERROR when there is something at `path` already, NOT_FOUND when its folder is not there,
 * PERMISSION_DENIED, DATABASE_ERROR when it cannot be written, TIMEOUT. */
CODEDB_API codedb_code codedb_backup(codedb *db, const char *path, codedb_result *result);

/* Puts the contents of a copy in the place of the database's, in one database transaction: all of it or nothing. Requests wait
 * until it is done. The copy (a file that codedb_backup or SQLite's own means made) is only read, and checked first.
 * Errors: NOT_FOUND, PERMISSION_DENIED (also for a read-only handle), VALIDATION_ERROR when `path` is no sound database with
 * codedb's tables, is the database itself, or has another page size or text encoding than the database; BUSY. */
CODEDB_API codedb_code codedb_restore(codedb *db, const char *path, codedb_result *result);

/* Looks for damage; the database is not changed, and requests wait meanwhile. *rows (free it with codedb_free) has at most `limit`
 * findings (0: 100), none when all is well: rows (check, table, row_id, message), where `check` is
 *   integrity      damage of the file, constraints that rows do not satisfy, indexes that do not fit their tables
 *   foreign_keys   a row that refers to one that is not there
 *   full_text      a full-text index that does not have the words of its content
 * and table and row_id are NULL where they cannot be told. Through a read-only handle only the rows of a full-text index are
 * compared, not their words. Findings are success: an error means that the check could not be made. */
CODEDB_API codedb_code codedb_check(codedb *db, int64_t limit, codedb_rows **rows, codedb_result *result);

/* Writes the database anew without its free pages, so that its file shrinks. Needs up to twice the file's size on the disk
 * meanwhile; requests wait. PERMISSION_DENIED through a read-only handle. */
CODEDB_API codedb_code codedb_vacuum(codedb *db, codedb_result *result);

/* Copies the write-ahead log back into the database file; codedb does so by itself when the log has 16 MB. Nothing to do is
 * success. BUSY when readers or writers in other processes kept it from being finished for 5 s, TIMEOUT when the request's time
 * was over before that; what was copied stays copied. PERMISSION_DENIED through a read-only handle. */
CODEDB_API codedb_code codedb_checkpoint(codedb *db, codedb_checkpoint_mode mode, codedb_result *result);

/* Pages and log of a database. */
typedef struct codedb_storage {
    size_t struct_size;
    int64_t page_size;        /* bytes */
    int64_t page_count;       /* of the file, free ones included */
    int64_t free_pages;       /* codedb_vacuum gives them back */
    int64_t log_bytes;        /* size of the write-ahead log's file */
    int64_t log_frames;       /* pages in the log, as of the last commit or checkpoint through this handle; 0 before */
    int64_t log_checkpointed; /* those of them that were copied back */
    int64_t copy_done;        /* pages of the copy that is being made (codedb_backup) */
    int64_t copy_total;       /* 0: none is being made */
} codedb_storage;

/* Fills `storage` (struct_size set by the host). It is answered between the steps of a copy, and so its progress can be watched
 * from another thread. May also be called through a handle that holds a transaction. */
CODEDB_API codedb_code codedb_storage_get(codedb *db, codedb_storage *storage, codedb_result *result);

/* cffi: end */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
