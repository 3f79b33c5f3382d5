/* driver_fixture.h -- a driver, a thread or a process (support_run_both), with a database handle, for the tests of the driver's side; no codedb_open needed. */
#ifndef DRIVER_FIXTURE_H
#define DRIVER_FIXTURE_H

#include "support.h"

#include "codedb_driver.h"

static inline codedb_column integer_column(const char *name, int64_t value)
{
    codedb_column column = {name, {CODEDB_VALUE_INTEGER, {.integer = value}, 0}};
    return column;
}

static inline codedb_column text_column(const char *name, const char *text)
{
    codedb_column column = {name, {CODEDB_VALUE_TEXT, {.text = text}, strlen(text)}};
    return column;
}

static inline codedb_column null_column(const char *name)
{
    codedb_column column = {name, {CODEDB_VALUE_NULL, {.integer = 0}, 0}};
    return column;
}

/* Starts a driver as `options` say (settings.path NULL: in memory). */
static inline codedb_code fixture_try_open(codedb_driver_options options, codedb **db, codedb_result *result)
{
    codedb_driver_thread *thread;
    codedb_code code;
    *db = NULL;
    options.settings.struct_size = sizeof options.settings;
    if (options.driver == NULL)
        options.driver = codedb_sqlite_driver();
    options.in_process = support_in_process && options.driver == codedb_sqlite_driver();
    if (options.settings.path == NULL)
        options.settings.path = ":memory:";
    code = codedb_driver_start(&options, &thread, result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_handle_create(thread, CODEDB_HANDLE_DATABASE, NULL, db, result);
    if (code != CODEDB_SUCCESS)
        codedb_driver_stop(thread);
    codedb_driver_release(thread);
    return code;
}

static inline codedb *fixture_open_with(codedb_driver_options options)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb *db;
    codedb_code code = fixture_try_open(options, &db, &result);
    if (code != CODEDB_SUCCESS)
        fail_msg("open: %s", result.description);
    codedb_result_clear(&result);
    return db;
}

static inline codedb *fixture_open(const char *path)
{
    codedb_driver_options options = {0};
    options.settings.path = path;
    return fixture_open_with(options);
}

static inline void fixture_close(codedb *db)
{
    if (db->kind == CODEDB_HANDLE_DATABASE)
        codedb_driver_stop(db->thread);
    codedb_handle_destroy(db);
}

/* A view of `db` with other request options. */
static inline codedb *fixture_view(codedb *db, codedb_priority priority, double timeout, bool do_not_wait)
{
    codedb *view;
    assert_int_equal(codedb_handle_create(db->thread, CODEDB_HANDLE_VIEW, db, &view, NULL), CODEDB_SUCCESS);
    view->priority = priority;
    view->timeout = timeout;
    view->do_not_wait = do_not_wait;
    return view;
}

static inline void run_sql(codedb *db, const char *sql)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    if (codedb_sql_execute(db, sql, NULL, 0, NULL, NULL, &result) != CODEDB_SUCCESS)
        fail_msg("%s: %s", sql, result.description);
    codedb_result_clear(&result);
}

/* The code that a statement ends with. */
static inline codedb_code try_sql(codedb *db, const char *sql)
{
    return codedb_sql_execute(db, sql, NULL, 0, NULL, NULL, NULL);
}

/* The integer in the first column of a query's first row. */
static inline int64_t ask_integer(codedb *db, const char *sql)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_rows *rows;
    int64_t answer;
    if (codedb_sql_execute(db, sql, NULL, 0, &rows, NULL, &result) != CODEDB_SUCCESS)
        fail_msg("%s: %s", sql, result.description);
    assert_true(rows->row_count >= 1);
    assert_int_equal(rows->values[0].type, CODEDB_VALUE_INTEGER);
    answer = rows->values[0].as.integer;
    codedb_free(rows);
    codedb_result_clear(&result);
    return answer;
}

/* A path for a database file that does not exist yet; removed with fixture_remove. */
static inline void fixture_path(char path[64])
{
    static int number; /* a test program is one thread where it makes paths */
    snprintf(path, 64, "/tmp/codedb-test-%ld-%d.db", (long)getpid(), number++);
}

static inline void fixture_remove(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[96];
    size_t i;
    for (i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        remove(name);
    }
}

#endif
