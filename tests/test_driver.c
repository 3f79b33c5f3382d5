/* Proves codedb_driver.c: transactions, batches' atomicity, timeouts, close, callbacks, failing drivers. Numbers of invariants are those
 * at the top of the file. CODEDB_SOAK is the number of seconds that the threads' test takes (default: a fraction of one). */
#include "driver_fixture.h"

#include <sched.h>
#include <sqlite3.h>

static codedb *db;
static codedb_result result;

static int open_table_with(codedb_driver_options options)
{
    result = (codedb_result)CODEDB_INIT(codedb_result);
    db = fixture_open_with(options);
    run_sql(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, value INTEGER UNIQUE, text TEXT)");
    return 0;
}

static int open_table(void **state)
{
    codedb_driver_options options = {0};
    (void)state;
    return open_table_with(options);
}

static int close_table(void **state)
{
    (void)state;
    codedb_result_clear(&result);
    fixture_close(db);
    return 0;
}

static codedb_code insert_value(codedb *handle, int64_t value)
{
    codedb_column row = integer_column("value", value);
    return codedb_table_insert(handle, "t", &row, 1, NULL, NULL);
}

static int64_t count_rows(codedb *handle)
{
    return ask_integer(handle, "SELECT count(*) FROM t");
}

static codedb *begin(codedb *handle)
{
    codedb *transaction;
    assert_int_equal(codedb_transaction_begin(handle, &transaction, &result), CODEDB_SUCCESS);
    return transaction;
}

static void assert_description_has(const char *words)
{
    if (strstr(result.description, words) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", words, result.description);
}

static const char *const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/* ---- transactions -------------------------------------------------------------------------------------------------- */

static void a_commit_keeps_and_a_rollback_takes_back(void **state)
{
    codedb *transaction = begin(db);
    (void)state;
    assert_int_equal(insert_value(transaction, 1), CODEDB_SUCCESS);
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    codedb_handle_destroy(transaction);
    transaction = begin(db);
    assert_int_equal(insert_value(transaction, 2), CODEDB_SUCCESS);
    assert_int_equal(count_rows(transaction), 2);
    assert_int_equal(codedb_transaction_rollback(transaction, &result), CODEDB_SUCCESS);
    codedb_handle_destroy(transaction);
    assert_int_equal(count_rows(db), 1);
}

static void an_ended_transaction_says_how_it_ended(void **state)
{
    codedb *transaction = begin(db);
    (void)state;
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_TRANSACTION_ERROR);
    assert_description_has("was committed");
    assert_int_equal(insert_value(transaction, 1), CODEDB_TRANSACTION_ERROR);
    transaction->transaction = 12345;
    assert_int_equal(codedb_transaction_rollback(transaction, &result), CODEDB_TRANSACTION_ERROR);
    assert_description_has("does not exist");
    codedb_handle_destroy(transaction);
}

static void the_owner_without_its_handle_is_refused_at_once(void **state)
{
    codedb *transaction = begin(db);
    codedb *second;
    (void)state;
    assert_int_equal(insert_value(db, 1), CODEDB_TRANSACTION_ERROR);
    assert_int_equal(codedb_transaction_begin(db, &second, &result), CODEDB_TRANSACTION_ERROR);
    assert_description_has("would wait for itself");
    assert_int_equal(codedb_transaction_begin(transaction, &second, &result), CODEDB_TRANSACTION_ERROR);
    assert_null(second);
    assert_int_equal(codedb_transaction_commit(db, &result), CODEDB_TRANSACTION_ERROR);
    codedb_driver_abandon(transaction);
    codedb_handle_destroy(transaction);
    assert_int_equal(insert_value(db, 1), CODEDB_SUCCESS);
}

static void an_error_leaves_a_transaction_open(void **state)
{
    codedb *transaction = begin(db);
    (void)state;
    assert_int_equal(insert_value(transaction, 1), CODEDB_SUCCESS);
    assert_int_equal(insert_value(transaction, 1), CODEDB_VALIDATION_ERROR);
    assert_int_equal(insert_value(transaction, 2), CODEDB_SUCCESS);
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    codedb_handle_destroy(transaction);
    assert_int_equal(count_rows(db), 2);
}

static void a_commit_that_breaks_a_deferred_key_leaves_it_open(void **state)
{
    codedb *transaction;
    (void)state;
    run_sql(db, "CREATE TABLE child (t INTEGER REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED)");
    transaction = begin(db);
    run_sql(transaction, "INSERT INTO child VALUES (7)");
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_VALIDATION_ERROR);
    run_sql(transaction, "INSERT INTO t (id) VALUES (7)");
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    codedb_handle_destroy(transaction);
}

static void an_interrupted_write_ends_the_transaction_by_the_database(void **state)
{
    codedb *transaction = begin(db);
    codedb *hurried = fixture_view(transaction, CODEDB_PRIORITY_NORMAL, 0.02, false);
    (void)state;
    assert_int_equal(insert_value(transaction, 1), CODEDB_SUCCESS);
    assert_int_equal(
        try_sql(hurried,
                "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n) INSERT INTO t (text) SELECT 'x' FROM n"),
        CODEDB_TIMEOUT);
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_TRANSACTION_ERROR);
    assert_description_has("by the database itself");
    codedb_handle_destroy(hurried);
    codedb_handle_destroy(transaction);
    assert_int_equal(count_rows(db), 0);
}

static void an_idle_transaction_is_rolled_back(void **state)
{
    codedb_driver_options options = {0};
    codedb *transaction, *patient;
    (void)state;
    options.transaction_timeout = 0.02;
    open_table_with(options);
    transaction = begin(db);
    assert_int_equal(insert_value(transaction, 1), CODEDB_SUCCESS);
    /* A statement that waits for the transaction runs as soon as that is gone; only another thread may wait. */
    patient = fixture_view(transaction, CODEDB_PRIORITY_NORMAL, 0, false);
    while (insert_value(transaction, 1) == CODEDB_VALIDATION_ERROR)
        usleep(40000); /* not a synchronization: the loop ends whenever the driver has noticed */
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_TRANSACTION_ERROR);
    assert_description_has("idle");
    assert_int_equal(count_rows(db), 0);
    codedb_handle_destroy(patient);
    codedb_handle_destroy(transaction);
    close_table(state);
}

typedef struct waiter {
    codedb *handle;
    int64_t value;
    codedb_code code;
} waiter;

static void *insert_in_a_thread(void *argument)
{
    waiter *self = argument;
    self->code = insert_value(self->handle, self->value);
    return NULL;
}

static uint64_t pending_requests(void)
{
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    assert_int_equal(codedb_statistics_get(db, &statistics, NULL), CODEDB_SUCCESS);
    return statistics.size;
}

static void wait_until_pending(uint64_t count)
{
    while (pending_requests() != count)
        sched_yield();
}

static void others_wait_for_a_transaction_and_keep_their_order(void **state)
{
    waiter waiters[5];
    pthread_t threads[5];
    codedb *transaction = begin(db);
    codedb_rows *rows;
    size_t i;
    (void)state;
    for (i = 0; i < 5; i++) {
        waiters[i] = (waiter){db, (int64_t)i + 10, CODEDB_INTERNAL_ERROR};
        assert_int_equal(pthread_create(&threads[i], NULL, insert_in_a_thread, &waiters[i]), 0);
        wait_until_pending(i + 1);
    }
    assert_int_equal(insert_value(transaction, 1), CODEDB_SUCCESS);
    assert_int_equal(pending_requests(), 5);
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    codedb_handle_destroy(transaction);
    for (i = 0; i < 5; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(waiters[i].code, CODEDB_SUCCESS);
    }
    assert_int_equal(codedb_sql_execute(db, "SELECT value FROM t ORDER BY id", NULL, 0, &rows, NULL, &result), CODEDB_SUCCESS);
    assert_int_equal(rows->row_count, 6);
    assert_int_equal(rows->values[0].as.integer, 1);
    for (i = 0; i < 5; i++)
        assert_int_equal(rows->values[i + 1].as.integer, 10 + (int64_t)i);
    codedb_free(rows);
}

static void a_waiter_whose_time_is_over_has_had_no_effect(void **state)
{
    codedb *transaction = begin(db);
    codedb *hurried = fixture_view(db, CODEDB_PRIORITY_URGENT, 0.02, false);
    waiter self = {hurried, 5, CODEDB_SUCCESS};
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, insert_in_a_thread, &self), 0);
    pthread_join(thread, NULL);
    assert_int_equal(self.code, CODEDB_TIMEOUT);
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    codedb_handle_destroy(transaction);
    codedb_handle_destroy(hurried);
    assert_int_equal(count_rows(db), 0);
}

static void a_ring_full_of_waiters_does_not_lock_the_owner_out(void **state)
{
    codedb_driver_options options = {0};
    codedb *transaction, *impatient;
    codedb_column row = integer_column("value", 50);
    waiter waiters[3];
    pthread_t threads[3];
    size_t i;
    (void)state;
    options.queue_size = 2;
    open_table_with(options);
    transaction = begin(db);
    impatient = fixture_view(db, CODEDB_PRIORITY_NORMAL, 0, true);
    for (i = 0; i < 2; i++) {
        waiters[i] = (waiter){db, (int64_t)i, CODEDB_INTERNAL_ERROR};
        assert_int_equal(pthread_create(&threads[i], NULL, insert_in_a_thread, &waiters[i]), 0);
    }
    wait_until_pending(2);
    /* The owner without its id is refused at once here as well: waiting for room would be waiting for itself. */
    assert_int_equal(codedb_table_insert(db, "t", &row, 1, NULL, &result), CODEDB_TRANSACTION_ERROR);
    assert_description_has("would wait for itself");
    waiters[2] = (waiter){impatient, 2, CODEDB_SUCCESS};
    assert_int_equal(pthread_create(&threads[2], NULL, insert_in_a_thread, &waiters[2]), 0);
    pthread_join(threads[2], NULL);
    assert_int_equal(waiters[2].code, CODEDB_QUEUE_FULL);
    assert_int_equal(insert_value(transaction, 9), CODEDB_SUCCESS);
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(count_rows(db), 3);
    codedb_handle_destroy(transaction);
    codedb_handle_destroy(impatient);
    close_table(state);
}

static void *begin_in_a_thread(void *argument)
{
    waiter *self = argument;
    codedb *transaction;
    self->code = codedb_transaction_begin(self->handle, &transaction, NULL);
    codedb_handle_destroy(transaction);
    return NULL;
}

/* Invariant 6: a transaction that began behind the stop would never end, and what waits behind it would wait for ever. */
static void no_transaction_begins_behind_a_close(void **state)
{
    codedb *transaction = begin(db);
    codedb *patient = fixture_view(db, CODEDB_PRIORITY_NORMAL, -1, false);
    waiter waiters[2] = {{patient, 0, CODEDB_SUCCESS}, {patient, 1, CODEDB_INTERNAL_ERROR}};
    pthread_t threads[2];
    (void)state;
    assert_int_equal(pthread_create(&threads[0], NULL, begin_in_a_thread, &waiters[0]), 0);
    wait_until_pending(1);
    assert_int_equal(pthread_create(&threads[1], NULL, insert_in_a_thread, &waiters[1]), 0);
    wait_until_pending(2);
    codedb_driver_stop(db->thread);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(waiters[0].code, CODEDB_CONNECTION_ERROR);
    assert_int_equal(waiters[1].code, CODEDB_SUCCESS);
    codedb_handle_destroy(transaction);
    codedb_handle_destroy(patient);
    codedb_handle_destroy(db);
    codedb_result_clear(&result);
}

/* ---- batches ------------------------------------------------------------------------------------------------------- */

static void a_failed_batch_has_done_nothing_and_names_its_operation(void **state)
{
    codedb_column row = integer_column("value", 1);
    codedb_batch *batch;
    (void)state;
    assert_int_equal(codedb_batch_create(db, &batch, &result), CODEDB_SUCCESS);
    assert_int_equal(codedb_batch_insert(batch, "t", &row, 1), 0);
    assert_int_equal(codedb_batch_insert(batch, "t", &row, 1), 1);
    assert_int_equal(codedb_batch_run(batch, &result), CODEDB_VALIDATION_ERROR);
    assert_description_has("operation 1 of the batch");
    assert_string_equal(result.data, "{\"operation\": 1, \"table\": \"t\"}");
    assert_int_equal(codedb_batch_value(batch, 0), -1);
    codedb_batch_free(batch);
    assert_int_equal(count_rows(db), 0);
}

static void a_batch_whose_time_is_over_has_done_nothing(void **state)
{
    codedb *hurried = fixture_view(db, CODEDB_PRIORITY_NORMAL, 0.02, false);
    codedb_column row = integer_column("value", 1);
    codedb_batch *batch;
    (void)state;
    assert_int_equal(codedb_batch_create(hurried, &batch, &result), CODEDB_SUCCESS);
    codedb_batch_insert(batch, "t", &row, 1);
    codedb_batch_execute(batch, endless, NULL, 0);
    assert_int_equal(codedb_batch_run(batch, &result), CODEDB_TIMEOUT);
    codedb_batch_free(batch);
    codedb_handle_destroy(hurried);
    assert_int_equal(count_rows(db), 0);
}

/* ---- timeouts, close, callbacks ------------------------------------------------------------------------------------ */

static void a_statement_that_never_ends_is_interrupted(void **state)
{
    codedb *hurried = fixture_view(db, CODEDB_PRIORITY_NORMAL, 0.02, false);
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    codedb_rows *rows;
    (void)state;
    assert_int_equal(codedb_sql_execute(hurried, endless, NULL, 0, &rows, NULL, &result), CODEDB_TIMEOUT);
    assert_null(rows);
    assert_int_equal(insert_value(db, 1), CODEDB_SUCCESS);
    assert_int_equal(codedb_statistics_get(db, &statistics, NULL), CODEDB_SUCCESS);
    assert_int_equal(statistics.interrupted, 1);
    assert_true(statistics.run_maximum > 0);
    codedb_handle_destroy(hurried);
}

static void closing_runs_what_was_queued(void **state)
{
    waiter waiters[4];
    pthread_t threads[4];
    char path[64];
    codedb *transaction;
    size_t i;
    codedb_driver_options options = {0};
    (void)state;
    fixture_path(path);
    options.settings.path = path;
    open_table_with(options);
    transaction = begin(db);
    assert_int_equal(insert_value(transaction, 100), CODEDB_SUCCESS);
    for (i = 0; i < 4; i++) {
        waiters[i] = (waiter){db, (int64_t)i, CODEDB_INTERNAL_ERROR};
        assert_int_equal(pthread_create(&threads[i], NULL, insert_in_a_thread, &waiters[i]), 0);
    }
    wait_until_pending(4);
    codedb_driver_stop(db->thread);
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(waiters[i].code, CODEDB_SUCCESS);
    }
    assert_int_equal(insert_value(db, 5), CODEDB_CONNECTION_ERROR);
    assert_int_equal(insert_value(transaction, 5), CODEDB_CONNECTION_ERROR);
    codedb_handle_destroy(db);
    codedb_handle_destroy(transaction);
    db = fixture_open(path);
    assert_int_equal(count_rows(db), 4);
    close_table(state);
    fixture_remove(path);
}

static codedb *callback_db;
static codedb_code callback_code;

static void call_from_the_log(void *context, codedb_log_level level, const char *message)
{
    (void)context;
    (void)level;
    (void)message;
    callback_code = insert_value(callback_db, 77);
}

static void a_callback_that_calls_back_is_busy(void **state)
{
    codedb_driver_options options = {0};
    codedb *transaction, *hurried;
    (void)state;
    options.settings.log = call_from_the_log;
    open_table_with(options);
    callback_db = db;
    callback_code = CODEDB_SUCCESS;
    transaction = begin(db);
    hurried = fixture_view(transaction, CODEDB_PRIORITY_NORMAL, 0.02, false);
    assert_int_equal(
        try_sql(hurried,
                "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n) INSERT INTO t (text) SELECT 'x' FROM n"),
        CODEDB_TIMEOUT);
    codedb_handle_destroy(hurried);
    codedb_handle_destroy(transaction);
    assert_int_equal(callback_code, CODEDB_BUSY);
    close_table(state);
}

/* ---- a host's own driver ------------------------------------------------------------------------------------------- */

static codedb_code refuse_to_connect(const codedb_driver *driver, const codedb_driver_settings *settings,
                                     codedb_connection **connection, codedb_result *answer)
{
    (void)settings;
    *connection = NULL;
    snprintf(answer->description, sizeof answer->description, "%s is not at home", driver->name);
    return CODEDB_CONNECTION_ERROR;
}

static void a_driver_that_does_not_connect_is_heard(void **state)
{
    codedb_driver own = *codedb_sqlite_driver();
    codedb_driver_options options = {0};
    codedb *none;
    (void)state;
    own.name = "own";
    own.connect = refuse_to_connect;
    options.driver = &own;
    result = (codedb_result)CODEDB_INIT(codedb_result);
    assert_int_equal(fixture_try_open(options, &none, &result), CODEDB_CONNECTION_ERROR);
    assert_string_equal(result.description, "own is not at home");
    assert_int_equal(result.code, CODEDB_CONNECTION_ERROR);
    codedb_result_clear(&result);
}

/* ---- memory -------------------------------------------------------------------------------------------------------- */

typedef struct failing {
    _Atomic long left; /* allocations until one fails; negative: none fails any more */
    _Atomic long live;
} failing;

static bool allocation_fails(failing *self)
{
    return atomic_fetch_sub(&self->left, 1) == 0;
}

static void *failing_allocate(void *context, size_t size)
{
    failing *self = context;
    if (allocation_fails(self))
        return NULL;
    atomic_fetch_add(&self->live, 1);
    return malloc(size);
}

static void *failing_reallocate(void *context, void *pointer, size_t old_size, size_t new_size)
{
    (void)old_size;
    return allocation_fails(context) ? NULL : realloc(pointer, new_size);
}

static void failing_release(void *context, void *pointer)
{
    atomic_fetch_sub(&((failing *)context)->live, 1);
    free(pointer);
}

/* Everything once; the first code that is not a success. */
static codedb_code run_scenario(failing *memory)
{
    codedb_allocator allocator = {failing_allocate, failing_reallocate, failing_release, memory};
    codedb_driver_options options = {0};
    codedb_column row[60];
    codedb_batch *batch = NULL;
    codedb_rows *rows = NULL;
    codedb *handle = NULL, *transaction = NULL;
    codedb_code code;
    size_t i;
    options.settings.allocator = allocator;
    code = fixture_try_open(options, &handle, NULL);
    if (code != CODEDB_SUCCESS)
        return code;
    for (i = 0; i < 60; i++)
        row[i] = text_column("text", "abc");
    code = try_sql(handle, "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
    if (code == CODEDB_SUCCESS)
        code = try_sql(handle, "CREATE VIRTUAL TABLE f USING fts5(text, content=t, content_rowid=id)");
    if (code == CODEDB_SUCCESS)
        code = codedb_table_insert(handle, "t", row, 1, NULL, NULL);
    if (code == CODEDB_SUCCESS)
        code = codedb_table_select(handle, "t", NULL, &rows, NULL);
    codedb_free(rows);
    rows = NULL;
    if (code == CODEDB_SUCCESS && codedb_table_insert(handle, "t", row, 60, NULL, NULL) == CODEDB_NO_MEMORY)
        code = CODEDB_NO_MEMORY;
    if (code == CODEDB_SUCCESS)
        code = codedb_transaction_begin(handle, &transaction, NULL);
    if (code == CODEDB_SUCCESS)
        code = codedb_batch_create(transaction, &batch, NULL);
    if (code == CODEDB_SUCCESS) {
        for (i = 0; i < 100; i++)
            codedb_batch_insert(batch, "t", row, 1);
        codedb_batch_require(batch, "t", row, 1, 101, CODEDB_CONFLICT, "there are others");
        code = codedb_batch_run(batch, NULL);
    }
    codedb_batch_free(batch);
    if (code == CODEDB_SUCCESS)
        code = codedb_transaction_commit(transaction, NULL);
    codedb_handle_destroy(transaction);
    if (code == CODEDB_SUCCESS)
        code = codedb_table_info(handle, "t", &rows, NULL);
    codedb_free(rows);
    fixture_close(handle);
    return code;
}

static void every_allocation_may_fail(void **state)
{
    failing memory;
    codedb_code code;
    long i = 0;
    (void)state;
    do {
        atomic_init(&memory.left, i++);
        atomic_init(&memory.live, 0);
        code = run_scenario(&memory);
        if (code != CODEDB_SUCCESS && code != CODEDB_NO_MEMORY)
            fail_msg("allocation %ld failed, and the answer was %s", i, codedb_code_name(code));
        assert_int_equal(atomic_load(&memory.live), 0);
        assert_true(i < 2000);
    } while (atomic_load(&memory.left) < 0 && code == CODEDB_NO_MEMORY);
    while (atomic_load(&memory.left) < 0) { /* failures that nobody needed to hear of */
        atomic_init(&memory.left, i++);
        atomic_init(&memory.live, 0);
        code = run_scenario(&memory);
        assert_true(code == CODEDB_SUCCESS || code == CODEDB_NO_MEMORY);
        assert_int_equal(atomic_load(&memory.live), 0);
        assert_true(i < 2000);
    }
}

/* ---- many threads -------------------------------------------------------------------------------------------------- */

#define SOAK_THREADS 8

typedef struct soaker {
    codedb *db;
    unsigned seed;
    int64_t number; /* of the thread */
    double until;
    int64_t acknowledged; /* rows that were said to be stored */
    int64_t highest;      /* values number * 10^9 + 0 ... highest - 1 were tried */
    int64_t failures;     /* answers that may not be */
} soaker;

static unsigned soak_random(soaker *self)
{
    self->seed = self->seed * 1664525u + 1013904223u;
    return self->seed >> 16;
}

static codedb_column soak_row(soaker *self)
{
    return integer_column("value", self->number * 1000000000 + self->highest++);
}

static void soak_insert(soaker *self)
{
    codedb_column row = soak_row(self);
    if (codedb_table_insert(self->db, "t", &row, 1, NULL, NULL) == CODEDB_SUCCESS)
        self->acknowledged++;
    else
        self->failures++;
}

static void soak_batch(soaker *self)
{
    codedb_batch *batch;
    int count = (int)(soak_random(self) % 20) + 1, i;
    if (codedb_batch_create(self->db, &batch, NULL) != CODEDB_SUCCESS)
        return;
    for (i = 0; i < count; i++) {
        codedb_column row = soak_row(self);
        codedb_batch_insert(batch, "t", &row, 1);
    }
    if (codedb_batch_run(batch, NULL) == CODEDB_SUCCESS)
        self->acknowledged += count;
    else
        self->failures++;
    codedb_batch_free(batch);
}

static void soak_transaction(soaker *self)
{
    codedb *transaction;
    codedb_column one, other;
    bool commit = soak_random(self) % 2 == 0;
    if (codedb_transaction_begin(self->db, &transaction, NULL) != CODEDB_SUCCESS) {
        self->failures++;
        return;
    }
    one = soak_row(self);
    other = soak_row(self);
    self->failures += codedb_table_insert(transaction, "t", &one, 1, NULL, NULL) != CODEDB_SUCCESS;
    self->failures += codedb_table_insert(transaction, "t", &other, 1, NULL, NULL) != CODEDB_SUCCESS;
    if (!commit)
        codedb_transaction_rollback(transaction, NULL);
    else if (codedb_transaction_commit(transaction, NULL) == CODEDB_SUCCESS)
        self->acknowledged += 2;
    codedb_handle_destroy(transaction);
}

static void soak_read(soaker *self)
{
    codedb_column where = integer_column("value", self->number * 1000000000);
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows;
    select.where = &where;
    select.where_count = 1;
    if (codedb_table_select(self->db, "t", &select, &rows, NULL) != CODEDB_SUCCESS)
        self->failures++;
    else
        codedb_free(rows);
}

static void soak_interrupted(soaker *self)
{
    codedb *hurried;
    codedb_code code;
    if (codedb_handle_create(self->db->thread, CODEDB_HANDLE_VIEW, self->db, &hurried, NULL) != CODEDB_SUCCESS)
        return;
    hurried->timeout = 0.001;
    code = try_sql(hurried, endless);
    self->failures += code != CODEDB_TIMEOUT;
    codedb_handle_destroy(hurried);
}

static void *soak(void *argument)
{
    soaker *self = argument;
    while (codedb_monotonic_now() < self->until) {
        unsigned what = soak_random(self) % 100;
        if (what < 40)
            soak_read(self);
        else if (what < 75)
            soak_insert(self);
        else if (what < 90)
            soak_batch(self);
        else if (what < 99)
            soak_transaction(self);
        else
            soak_interrupted(self);
    }
    return NULL;
}

static void threads_lose_no_acknowledged_row(void **state)
{
    const char *wanted = getenv("CODEDB_SOAK");
    double seconds = wanted != NULL ? atof(wanted) : 0.3;
    unsigned seed = (unsigned)getpid();
    codedb_driver_options options = {0};
    soaker soakers[SOAK_THREADS];
    pthread_t threads[SOAK_THREADS];
    char path[64];
    int64_t acknowledged = 0, failures = 0, i;
    (void)state;
    print_message("seed %u, %.1f seconds\n", seed, seconds);
    fixture_path(path);
    options.settings.path = path;
    open_table_with(options);
    for (i = 0; i < SOAK_THREADS; i++) {
        soakers[i] = (soaker){db, seed + (unsigned)i * 7919u, i + 1, codedb_monotonic_now() + seconds, 0, 0, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, soak, &soakers[i]), 0);
    }
    for (i = 0; i < SOAK_THREADS; i++) {
        pthread_join(threads[i], NULL);
        acknowledged += soakers[i].acknowledged;
        failures += soakers[i].failures;
    }
    assert_int_equal(failures, 0);
    close_table(state);
    db = fixture_open(path);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    assert_int_equal(count_rows(db), acknowledged);
    print_message("%lld rows acknowledged, all there\n", (long long)acknowledged);
    close_table(state);
    fixture_remove(path);
}

int main(void)
{
#define TABLE_TEST(test) cmocka_unit_test_setup_teardown(test, open_table, close_table)
    const struct CMUnitTest tests[] = {
        TABLE_TEST(a_commit_keeps_and_a_rollback_takes_back),
        TABLE_TEST(an_ended_transaction_says_how_it_ended),
        TABLE_TEST(the_owner_without_its_handle_is_refused_at_once),
        TABLE_TEST(an_error_leaves_a_transaction_open),
        TABLE_TEST(a_commit_that_breaks_a_deferred_key_leaves_it_open),
        TABLE_TEST(an_interrupted_write_ends_the_transaction_by_the_database),
        cmocka_unit_test(an_idle_transaction_is_rolled_back),
        TABLE_TEST(others_wait_for_a_transaction_and_keep_their_order),
        TABLE_TEST(a_waiter_whose_time_is_over_has_had_no_effect),
        cmocka_unit_test(a_ring_full_of_waiters_does_not_lock_the_owner_out),
        TABLE_TEST(a_failed_batch_has_done_nothing_and_names_its_operation),
        TABLE_TEST(a_batch_whose_time_is_over_has_done_nothing),
        TABLE_TEST(a_statement_that_never_ends_is_interrupted),
        cmocka_unit_test_setup(no_transaction_begins_behind_a_close, open_table),
        cmocka_unit_test(closing_runs_what_was_queued),
        cmocka_unit_test(a_callback_that_calls_back_is_busy),
        cmocka_unit_test(a_driver_that_does_not_connect_is_heard),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(threads_lose_no_acknowledged_row),
    };
#undef TABLE_TEST
    return support_run_both("driver", tests);
}
