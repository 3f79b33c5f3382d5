/* codedb_driver.c -- the driver thread: takes requests, runs them through a driver's function table, answers.
 *
 * Host threads call start, stop, call, retain, release and the transaction functions; all else runs on the driver thread, which is the only one
 * that touches the connection. Calls the queue and the driver's function table; knows neither SQL nor objects.
 *
 * 1. Options and life   2. Handles   3. Host side   4. Transactions   5. Running   6. The loop
 *
 * Invariants:
 * 1. The connection is used by the driver thread alone, from connect to disconnect.
 * 2. A request is answered once, and only after what it wrote is committed (outside of a held transaction).
 * 3. `transaction` is not 0 exactly while the database has a transaction that a host holds; after every call that failed the database is
 *    asked whether it still has, because some failures end it.
 * 4. A request whose time was over before it was taken is not run.
 * 5. A batch is all or nothing: its own transaction, or a savepoint in the held one.
 * 6. Stop runs everything that was queued before, the requests that waited for a held transaction included, after rolling that back. No
 *    transaction begins behind it. */
#include "codedb_driver.h"

#include <stdio.h>
#include <string.h>

#define DRIVER_QUEUE_SIZE 1000
#define DRIVER_COMMAND_TIMEOUT 30.0
#define DRIVER_TRANSACTION_TIMEOUT 30.0
#define DRIVER_ENDED_REMEMBERED 8

/* Why a transaction is no more. */
typedef enum driver_end {
    DRIVER_END_COMMITTED,
    DRIVER_END_ROLLED_BACK,
    DRIVER_END_IDLE,
    DRIVER_END_DATABASE,
    DRIVER_END_CLOSED
} driver_end;

struct codedb_driver_thread {
    codedb_allocator allocator;
    codedb_driver_options options; /* its driver is `functions` */
    codedb_driver functions;       /* the driver's table, in the size that this library knows: a host's may be older */
    const codedb_driver *given;    /* the table itself, which connect gets */
    codedb_home home;              /* is this still the process that the thread lives in? */
    char *strings[3];              /* copies of the settings' texts */
    codedb_queue *queue;
    pthread_t thread;
    pthread_t self; /* the same, set by the thread itself: known before anybody can ask */
    _Atomic int references;
    atomic_bool stopped; /* the thread is no more: its id may be another's by now */

    /* The driver thread's own. */
    codedb_connection *connection;
    codedb_row_collector collector;
    uint64_t transaction;      /* the one that is held, or 0 */
    uint64_t last_transaction; /* ids count from 1 and are never used again */
    double transaction_used;   /* monotonic seconds of its last request */
    struct {
        uint64_t transaction;
        driver_end how;
    } ended[DRIVER_ENDED_REMEMBERED]; /* by id */
    bool stopping;
};

/* ---- 1. Options and life ------------------------------------------------------------------------------------------- */

static bool driver_copy_string(codedb_driver_thread *thread, size_t index, const char **text)
{
    size_t size;
    if (*text == NULL)
        return true;
    size = strlen(*text) + 1;
    thread->strings[index] = codedb_memory_allocate(&thread->allocator, size, 1);
    if (thread->strings[index] == NULL)
        return false;
    memcpy(thread->strings[index], *text, size);
    *text = thread->strings[index];
    return true;
}

static bool driver_copy_options(codedb_driver_thread *thread, const codedb_driver_options *options)
{
    codedb_driver_settings *settings = &thread->options.settings;
    thread->options = *options;
    codedb_struct_read(&thread->functions, sizeof thread->functions, options->driver);
    thread->given = options->driver;
    thread->options.driver = &thread->functions;
    settings->struct_size = sizeof *settings;
    settings->allocator = thread->allocator;
    if (thread->options.queue_size == 0)
        thread->options.queue_size = DRIVER_QUEUE_SIZE;
    if (thread->options.command_timeout == 0)
        thread->options.command_timeout = DRIVER_COMMAND_TIMEOUT;
    if (thread->options.transaction_timeout == 0)
        thread->options.transaction_timeout = DRIVER_TRANSACTION_TIMEOUT;
    if (settings->busy_timeout == 0)
        settings->busy_timeout = 5.0;
    return driver_copy_string(thread, 0, &settings->config) && driver_copy_string(thread, 1, &settings->path) &&
           driver_copy_string(thread, 2, &settings->synchronous);
}

static void driver_free(codedb_driver_thread *thread)
{
    codedb_allocator allocator = thread->allocator;
    size_t i;
    codedb_queue_destroy(thread->queue);
    codedb_row_collector_free(&thread->collector);
    for (i = 0; i < sizeof thread->strings / sizeof thread->strings[0]; i++)
        codedb_memory_release(&allocator, thread->strings[i]);
    codedb_free(thread->options.attachment);
    codedb_home_free(&thread->home);
    codedb_memory_release(&allocator, thread);
}

static codedb_code driver_create(const codedb_driver_options *options, codedb_driver_thread **created, codedb_result *result)
{
    codedb_allocator allocator =
        options->settings.allocator.allocate != NULL ? options->settings.allocator : codedb_allocator_or_default(NULL);
    codedb_driver_thread *thread = codedb_memory_allocate(&allocator, 1, sizeof *thread);
    codedb_code code;
    *created = NULL;
    if (thread == NULL) {
        codedb_free(options->attachment);
        return codedb_fail_no_memory(result);
    }
    memset(thread, 0, sizeof *thread);
    thread->allocator = allocator;
    codedb_home_init(&thread->home);
    atomic_init(&thread->references, 1);
    codedb_row_collector_init(&thread->collector, &thread->allocator);
    if (driver_copy_options(thread, options))
        code = codedb_queue_create(&thread->allocator, thread->options.queue_size, &thread->queue, result);
    else
        code = codedb_fail_no_memory(result);
    if (code != CODEDB_SUCCESS) {
        driver_free(thread);
        return code;
    }
    *created = thread;
    return CODEDB_SUCCESS;
}

static void *driver_main(void *argument);

/* Sends a request that no handle stands behind. */
static codedb_code driver_command(codedb_driver_thread *thread, codedb_request_kind kind, codedb_result *result)
{
    codedb_result unwanted = CODEDB_INIT(codedb_result);
    codedb_request request;
    codedb_code code;
    memset(&request, 0, sizeof request);
    request.kind = kind;
    request.timeout = -1;
    request.result = result != NULL ? result : &unwanted;
    codedb_succeed(result);
    code = codedb_queue_call(thread->queue, &request);
    if (result != NULL)
        result->code = code;
    codedb_result_clear(&unwanted);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_driver_start(const codedb_driver_options *options, codedb_driver_thread **thread,
                                               codedb_result *result)
{
    codedb_driver_thread *made;
    codedb_code code = driver_create(options, &made, result);
    *thread = NULL;
    if (code != CODEDB_SUCCESS)
        return code;
    if (pthread_create(&made->thread, NULL, driver_main, made) != 0) {
        driver_free(made);
        return codedb_fail(result, CODEDB_CONNECTION_ERROR, "the driver thread could not be started");
    }
    code = driver_command(made, CODEDB_REQUEST_CONNECT, result);
    if (code != CODEDB_SUCCESS) {
        codedb_driver_stop(made);
        codedb_driver_release(made);
        return code;
    }
    *thread = made;
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE void codedb_driver_stop(codedb_driver_thread *thread)
{
    codedb_queue_close(thread->queue);
    driver_command(thread, CODEDB_REQUEST_STOP, NULL);
    pthread_join(thread->thread, NULL);
    atomic_store(&thread->stopped, true);
}

CODEDB_PRIVATE void codedb_driver_retain(codedb_driver_thread *thread)
{
    atomic_fetch_add(&thread->references, 1);
}

CODEDB_PRIVATE void codedb_driver_release(codedb_driver_thread *thread)
{
    if (atomic_fetch_sub(&thread->references, 1) == 1)
        driver_free(thread);
}

CODEDB_PRIVATE const codedb_driver *codedb_driver_of(const codedb_driver_thread *thread)
{
    return thread->options.driver;
}

CODEDB_PRIVATE void *codedb_driver_attachment(const codedb_driver_thread *thread)
{
    return thread->options.attachment;
}

CODEDB_PRIVATE bool codedb_driver_is_here(const codedb_driver_thread *thread)
{
    return codedb_home_is_here(&thread->home);
}

CODEDB_PRIVATE codedb_code codedb_driver_fail_elsewhere(codedb_result *result)
{
    return codedb_fail(result, CODEDB_CONNECTION_ERROR, "the handle belongs to the process that this one was forked from");
}

CODEDB_PRIVATE const codedb_allocator *codedb_driver_allocator(const codedb_driver_thread *thread)
{
    return &thread->allocator;
}

CODEDB_PRIVATE bool codedb_driver_is_current(const codedb_driver_thread *thread)
{
    return !atomic_load_explicit(&thread->stopped, memory_order_relaxed) && pthread_equal(thread->self, pthread_self());
}

CODEDB_PRIVATE void codedb_driver_log(const codedb_driver_thread *thread, codedb_log_level level, const char *format, ...)
{
    const codedb_driver_settings *settings = &thread->options.settings;
    char message[CODEDB_DESCRIPTION_SIZE];
    va_list arguments;
    if (settings->log == NULL || level < settings->log_level)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    settings->log(settings->log_context, level, message);
}

/* ---- 2. Handles ---------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_code codedb_handle_create(codedb_driver_thread *thread, codedb_handle_kind kind, const codedb *model,
                                                codedb **handle, codedb_result *result)
{
    codedb *made = codedb_memory_allocate(&thread->allocator, 1, sizeof *made);
    *handle = NULL;
    if (made == NULL)
        return codedb_fail_no_memory(result);
    memset(made, 0, sizeof *made);
    if (model != NULL)
        *made = *model;
    made->kind = kind;
    made->thread = thread;
    codedb_driver_retain(thread);
    *handle = made;
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE void codedb_handle_destroy(codedb *handle)
{
    codedb_driver_thread *thread;
    if (handle == NULL)
        return;
    thread = handle->thread;
    codedb_memory_release(&thread->allocator, handle);
    codedb_driver_release(thread);
}

/* ---- 3. Host side -------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_code codedb_driver_call(codedb *db, codedb_request *request, codedb_result *result)
{
    codedb_result unwanted;
    codedb_code code;
    if (!codedb_driver_is_here(db->thread))
        return codedb_driver_fail_elsewhere(result);
    if (codedb_driver_is_current(db->thread))
        return codedb_fail(result, CODEDB_BUSY, "called from inside a callback on the driver thread, it would wait for itself");
    if (result == NULL) {
        unwanted.struct_size = sizeof unwanted;
        unwanted.code = CODEDB_SUCCESS;
        unwanted.description[0] = '\0';
        unwanted.data = NULL;
    }
    request->result = result != NULL ? result : &unwanted;
    codedb_succeed(result);
    request->priority = db->priority;
    request->do_not_wait = db->do_not_wait;
    request->timeout = db->timeout != 0 ? db->timeout : db->thread->options.command_timeout;
    request->transaction = db->transaction;
    request->rows_arena = request->wants_rows ? codedb_arena_create(&db->thread->allocator) : NULL;
    code = codedb_queue_call(db->thread->queue, request);
    codedb_arena_destroy(request->rows_arena); /* only a request that was not run still has it */
    if (result == NULL)
        codedb_result_clear(&unwanted);
    else
        result->code = code; /* a host's own driver writes the description only */
    return code;
}

CODEDB_API codedb_code codedb_statistics_get(codedb *db, codedb_statistics *statistics, codedb_result *result)
{
    codedb_statistics now;
    codedb_code code;
    if (db == NULL || statistics == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_statistics_get: db or statistics is NULL");
    code = codedb_struct_take(&now, sizeof now, statistics, "codedb_statistics", result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (!codedb_driver_is_here(db->thread))
        return codedb_driver_fail_elsewhere(result);
    codedb_queue_statistics(db->thread->queue, &now);
    codedb_struct_give(statistics, &now, sizeof now);
    return codedb_succeed(result);
}

CODEDB_API codedb_code codedb_transaction_begin(codedb *db, codedb **transaction, codedb_result *result)
{
    codedb_request request = {.kind = CODEDB_REQUEST_BEGIN};
    codedb *made;
    codedb_code code;
    if (transaction != NULL)
        *transaction = NULL;
    if (db == NULL || transaction == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the handle is NULL, or there is nowhere to put the transaction");
    if (!codedb_driver_is_here(db->thread))
        return codedb_driver_fail_elsewhere(result);
    /* Made first: once the transaction is open, nothing may fail any more. */
    code = codedb_handle_create(db->thread, CODEDB_HANDLE_TRANSACTION, db, &made, result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_driver_call(db, &request, result);
    if (code != CODEDB_SUCCESS) {
        codedb_handle_destroy(made);
        return code;
    }
    made->transaction = request.transaction;
    *transaction = made;
    return CODEDB_SUCCESS;
}

static codedb_code driver_end_transaction(codedb *transaction, codedb_request_kind kind, codedb_result *result)
{
    codedb_request request = {.kind = kind};
    if (transaction == NULL || transaction->transaction == 0)
        return codedb_fail(result, CODEDB_TRANSACTION_ERROR, "the handle holds no transaction");
    return codedb_driver_call(transaction, &request, result);
}

CODEDB_API codedb_code codedb_transaction_commit(codedb *transaction, codedb_result *result)
{
    return driver_end_transaction(transaction, CODEDB_REQUEST_COMMIT, result);
}

CODEDB_API codedb_code codedb_transaction_rollback(codedb *transaction, codedb_result *result)
{
    return driver_end_transaction(transaction, CODEDB_REQUEST_ROLLBACK, result);
}

CODEDB_PRIVATE void codedb_driver_abandon(codedb *transaction)
{
    transaction->timeout = -1;
    driver_end_transaction(transaction, CODEDB_REQUEST_ROLLBACK, NULL);
}

/* ---- 4. Transactions ----------------------------------------------------------------------------------------------- */

static void driver_forget_transaction(codedb_driver_thread *thread, driver_end how)
{
    size_t slot = thread->transaction % DRIVER_ENDED_REMEMBERED;
    thread->ended[slot].transaction = thread->transaction;
    thread->ended[slot].how = how;
    thread->transaction = 0;
    codedb_queue_hold(thread->queue, 0, thread->self);
}

/* Invariant 3. */
static void driver_notice_end(codedb_driver_thread *thread)
{
    if (thread->transaction != 0 && !thread->options.driver->in_transaction(thread->connection)) {
        codedb_driver_log(thread, CODEDB_LOG_WARNING, "the database itself rolled transaction %llu back",
                          (unsigned long long)thread->transaction);
        driver_forget_transaction(thread, DRIVER_END_DATABASE);
    }
}

static void driver_roll_back(codedb_driver_thread *thread, driver_end how)
{
    codedb_result unwanted = CODEDB_INIT(codedb_result);
    thread->options.driver->set_deadline(thread->connection, 0);
    if (thread->options.driver->rollback(thread->connection, &unwanted) != CODEDB_SUCCESS)
        codedb_driver_log(thread, CODEDB_LOG_ERROR, "rollback: %s", unwanted.description);
    codedb_result_clear(&unwanted);
    driver_forget_transaction(thread, how);
}

static codedb_code driver_fail_ended(const codedb_driver_thread *thread, const codedb_request *request)
{
    static const char *const how[] = {
        [DRIVER_END_COMMITTED] = "was committed",
        [DRIVER_END_ROLLED_BACK] = "was rolled back",
        [DRIVER_END_IDLE] = "was rolled back because it was idle for longer than transaction_timeout",
        [DRIVER_END_DATABASE] = "was rolled back by the database itself after an error",
        [DRIVER_END_CLOSED] = "was rolled back when the database was closed",
    };
    size_t slot = request->transaction % DRIVER_ENDED_REMEMBERED;
    if (request->transaction > thread->last_transaction)
        return codedb_fail(request->result, CODEDB_TRANSACTION_ERROR, "transaction %llu does not exist",
                           (unsigned long long)request->transaction);
    return codedb_fail(request->result, CODEDB_TRANSACTION_ERROR, "transaction %llu has ended: it %s",
                       (unsigned long long)request->transaction,
                       thread->ended[slot].transaction == request->transaction ? how[thread->ended[slot].how] : "ended long ago");
}

static codedb_code driver_begin(codedb_driver_thread *thread, codedb_request *request)
{
    codedb_code code;
    if (thread->transaction != 0)
        return codedb_fail(request->result, CODEDB_TRANSACTION_ERROR, "transaction %llu is open already; they do not nest",
                           (unsigned long long)thread->transaction);
    /* Nobody could end it, and what was queued behind it would never be taken. */
    if (thread->stopping)
        return codedb_fail(request->result, CODEDB_CONNECTION_ERROR,
                           "the database is being closed; no transaction begins any more");
    code = thread->options.driver->begin(thread->connection, request->result);
    if (code != CODEDB_SUCCESS)
        return code;
    thread->transaction = ++thread->last_transaction;
    request->transaction = thread->transaction;
    codedb_queue_hold(thread->queue, thread->transaction, request->caller);
    return CODEDB_SUCCESS;
}

static codedb_code driver_commit(codedb_driver_thread *thread, codedb_request *request)
{
    codedb_code code = thread->options.driver->commit(thread->connection, request->result);
    if (code == CODEDB_SUCCESS) {
        codedb_queue_count_commit(thread->queue);
        driver_forget_transaction(thread, DRIVER_END_COMMITTED);
    }
    return code;
}

static codedb_code driver_rollback(codedb_driver_thread *thread)
{
    driver_roll_back(thread, DRIVER_END_ROLLED_BACK);
    return CODEDB_SUCCESS;
}

/* ---- 5. Running ---------------------------------------------------------------------------------------------------- */

static bool driver_has_written(const codedb_request *request)
{
    codedb_operation_kind kind = request->operation.kind;
    return request->kind == CODEDB_REQUEST_RUN && kind != CODEDB_OPERATION_SELECT && request->changes.affected_rows > 0;
}

static codedb_code driver_run(codedb_driver_thread *thread, codedb_request *request)
{
    codedb_row_writer *writer = NULL;
    codedb_code code;
    if (request->wants_rows) {
        writer = codedb_row_collector_start(&thread->collector, request->rows_arena, request->result);
        request->rows_arena = NULL;
    }
    if (request->kind == CODEDB_REQUEST_TABLE_INFO)
        code = thread->options.driver->table_info(thread->connection, request->operation.table, writer, request->result);
    else
        code = thread->options.driver->run(thread->connection, &request->operation, request->values, writer, &request->changes,
                                           request->result);
    if (writer != NULL) {
        if (code == CODEDB_SUCCESS)
            code = codedb_row_collector_finish(&thread->collector, &request->rows);
        else
            codedb_row_collector_drop(&thread->collector);
    }
    if (code == CODEDB_SUCCESS && thread->transaction == 0 && driver_has_written(request))
        codedb_queue_count_commit(thread->queue);
    return code;
}

/* Puts row ids of earlier steps in the place of references to them. */
static void driver_resolve(const codedb_request *request, codedb_value *values, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        if (values[i].type == CODEDB_VALUE_ROW_ID_OF) {
            values[i].type = CODEDB_VALUE_INTEGER;
            values[i].as.integer = request->step_values[values[i].as.integer];
        }
    }
}

static codedb_code driver_check_requirement(const codedb_requirement *requirement, int64_t found, codedb_result *result)
{
    if (found == requirement->expected)
        return CODEDB_SUCCESS;
    return codedb_fail(result, requirement->code, "%s (%lld rows instead of %lld)", requirement->description, (long long)found,
                       (long long)requirement->expected);
}

/* Runs the step that was read last. */
static codedb_code driver_run_step(codedb_driver_thread *thread, codedb_request *request, codedb_program_reader *reader,
                                   codedb_operation *operation, const codedb_requirement *requirement)
{
    codedb_changes changes = {0, 0};
    codedb_code code;
    if (reader->has_references)
        driver_resolve(request, reader->values, operation->value_count);
    code = thread->options.driver->run(thread->connection, operation, reader->values, NULL, &changes, request->result);
    if (code == CODEDB_SUCCESS && requirement != NULL)
        code = driver_check_requirement(requirement, changes.affected_rows, request->result);
    request->step_values[reader->step - 1] =
        operation->kind == CODEDB_OPERATION_INSERT ? changes.last_insert_id : changes.affected_rows;
    return code;
}

/* Says in the result which operation of the batch failed. */
static void driver_name_step(const codedb_driver_thread *thread, const codedb_request *request, const codedb_operation *operation,
                             size_t number, codedb_code code)
{
    char description[CODEDB_DESCRIPTION_SIZE];
    codedb_buffer data;
    memcpy(description, request->result->description, sizeof description);
    description[sizeof description - 1] = '\0';
    codedb_buffer_init(&data, &thread->allocator);
    codedb_buffer_printf(&data, "{\"operation\": %zu", number);
    if (operation->table != NULL) {
        codedb_buffer_append_text(&data, ", \"table\": ");
        codedb_buffer_append_json(&data, operation->table, strlen(operation->table));
    }
    codedb_buffer_append_byte(&data, '}');
    codedb_fail(request->result, code, "operation %zu of the batch: %s", number, description);
    codedb_result_take_data(request->result, &data);
}

/* Short steps never come to the point where a driver looks at the deadline. */
static codedb_code driver_check_time(const codedb_request *request, size_t number)
{
    if (number % 64 != 63 || request->deadline == 0 || codedb_monotonic_now() < request->deadline)
        return CODEDB_SUCCESS;
    return codedb_fail(request->result, CODEDB_TIMEOUT, "the batch's time of %.3f seconds was over", request->timeout);
}

static codedb_code driver_run_steps(codedb_driver_thread *thread, codedb_request *request)
{
    codedb_program_reader reader = {.program = request->program, .values = request->program_values};
    const codedb_requirement *requirement;
    codedb_operation *operation;
    while ((operation = codedb_program_next(&reader, &requirement)) != NULL) {
        size_t number = reader.step - 1;
        codedb_code code = driver_check_time(request, number);
        if (code == CODEDB_SUCCESS)
            code = driver_run_step(thread, request, &reader, operation, requirement);
        if (code != CODEDB_SUCCESS) {
            driver_name_step(thread, request, operation, number, code);
            return code;
        }
    }
    return CODEDB_SUCCESS;
}

/* Takes back what a failed batch has done; the database may have done so already. */
static void driver_undo_batch(codedb_driver_thread *thread, bool inside)
{
    const codedb_driver *driver = thread->options.driver;
    codedb_result unwanted = CODEDB_INIT(codedb_result);
    codedb_code code = CODEDB_SUCCESS;
    driver->set_deadline(thread->connection, 0);
    if (driver->in_transaction(thread->connection))
        code = inside ? driver->rollback_to(thread->connection, 1, &unwanted) : driver->rollback(thread->connection, &unwanted);
    if (code != CODEDB_SUCCESS)
        codedb_driver_log(thread, CODEDB_LOG_ERROR, "undoing a batch: %s", unwanted.description);
    codedb_result_clear(&unwanted);
}

/* Invariant 5. */
static codedb_code driver_run_batch(codedb_driver_thread *thread, codedb_request *request)
{
    const codedb_driver *driver = thread->options.driver;
    bool inside = thread->transaction != 0;
    codedb_code code;
    code =
        inside ? driver->savepoint(thread->connection, 1, request->result) : driver->begin(thread->connection, request->result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = driver_run_steps(thread, request);
    if (code == CODEDB_SUCCESS)
        code = inside ? driver->release(thread->connection, 1, request->result)
                      : driver->commit(thread->connection, request->result);
    if (code != CODEDB_SUCCESS)
        driver_undo_batch(thread, inside);
    else if (!inside)
        codedb_queue_count_commit(thread->queue);
    return code;
}

/* No copy is made for a change that cannot be. */
static codedb_code driver_change_schema(codedb_driver_thread *thread, codedb_request *request)
{
    const codedb_driver *driver = thread->options.driver;
    const codedb_schema_change *change = request->schema;
    codedb_code code;
    if (driver->change_schema == NULL)
        return codedb_fail(request->result, CODEDB_INVALID_REQUEST, "the driver %s cannot change the schema", driver->name);
    code = driver->change_schema(thread->connection, NULL, 0, change->stamp, request->result);
    if (code == CODEDB_SUCCESS && request->path != NULL)
        code = driver->backup(thread->connection, request->path, request->result);
    if (code == CODEDB_SUCCESS)
        code = driver->change_schema(thread->connection, change->statements, change->count, change->stamp, request->result);
    if (code == CODEDB_SUCCESS)
        codedb_queue_count_commit(thread->queue);
    return code;
}

/* Runs what concerns the database as a whole. */
static codedb_code driver_run_whole(codedb_driver_thread *thread, codedb_request *request)
{
    const codedb_driver *driver = thread->options.driver;
    if (thread->transaction != 0)
        return codedb_fail(request->result, CODEDB_TRANSACTION_ERROR,
                           "transaction %llu is open; this can only be done outside of transactions",
                           (unsigned long long)thread->transaction);
    if (driver->backup == NULL && request->path != NULL)
        return codedb_fail(request->result, CODEDB_INVALID_REQUEST, "the driver %s cannot make copies", driver->name);
    return request->kind == CODEDB_REQUEST_SCHEMA ? driver_change_schema(thread, request)
                                                  : driver->backup(thread->connection, request->path, request->result);
}

static codedb_code driver_connect(codedb_driver_thread *thread, codedb_request *request)
{
    const codedb_driver_options *options = &thread->options;
    return options->driver->connect(thread->given, &options->settings, &thread->connection, request->result);
}

static codedb_code driver_stop(codedb_driver_thread *thread)
{
    if (thread->transaction != 0)
        driver_roll_back(thread, DRIVER_END_CLOSED);
    thread->stopping = true;
    return CODEDB_SUCCESS;
}

static codedb_code driver_execute(codedb_driver_thread *thread, codedb_request *request)
{
    switch (request->kind) {
    case CODEDB_REQUEST_RUN:
    case CODEDB_REQUEST_TABLE_INFO: return driver_run(thread, request);
    case CODEDB_REQUEST_BATCH: return driver_run_batch(thread, request);
    case CODEDB_REQUEST_BACKUP:
    case CODEDB_REQUEST_SCHEMA: return driver_run_whole(thread, request);
    case CODEDB_REQUEST_BEGIN: return driver_begin(thread, request);
    case CODEDB_REQUEST_COMMIT: return driver_commit(thread, request);
    case CODEDB_REQUEST_ROLLBACK: return driver_rollback(thread);
    case CODEDB_REQUEST_CONNECT: return driver_connect(thread, request);
    case CODEDB_REQUEST_STOP: return driver_stop(thread);
    }
    return codedb_fail(request->result, CODEDB_INTERNAL_ERROR, "a request of kind %d", (int)request->kind);
}

/* ---- 6. The loop --------------------------------------------------------------------------------------------------- */

/* Runs one request and answers it. */
static void driver_serve(codedb_driver_thread *thread, codedb_request *request)
{
    if (codedb_queue_expire(thread->queue, request))
        return;
    if (request->transaction != 0 && request->transaction != thread->transaction) {
        request->code = driver_fail_ended(thread, request);
    } else {
        if (thread->connection != NULL)
            thread->options.driver->set_deadline(thread->connection, request->deadline);
        request->code = driver_execute(thread, request);
        if (request->code != CODEDB_SUCCESS && thread->connection != NULL)
            driver_notice_end(thread);
        if (thread->transaction != 0)
            thread->transaction_used = codedb_monotonic_now();
    }
    codedb_queue_answer(thread->queue, request);
}

/* When the loop must look up although nothing has come: 0 never. */
static double driver_wake_time(const codedb_driver_thread *thread)
{
    if (thread->stopping)
        return 1e-9; /* long past: what is queued is taken, and nothing is waited for */
    return thread->transaction != 0 ? thread->transaction_used + thread->options.transaction_timeout : 0;
}

static void *driver_main(void *argument)
{
    codedb_driver_thread *thread = argument;
    thread->self = pthread_self();
    for (;;) {
        codedb_request *request = codedb_queue_take(thread->queue, driver_wake_time(thread));
        if (request != NULL) {
            driver_serve(thread, request);
        } else if (thread->stopping) {
            break;
        } else if (thread->transaction != 0) {
            codedb_driver_log(thread, CODEDB_LOG_WARNING, "transaction %llu was idle for %.3f seconds and is rolled back",
                              (unsigned long long)thread->transaction, thread->options.transaction_timeout);
            driver_roll_back(thread, DRIVER_END_IDLE);
        }
    }
    if (thread->connection != NULL)
        thread->options.driver->disconnect(thread->connection);
    return NULL;
}
