/* codedb_driver.c -- starts and stops the driver, a thread or a process, and sends it the host's requests.
 *
 * Called by host threads; the driver thread runs nothing of this file but its main function, which lets the loop (codedb_loop.c) take
 * its turns and sleeps in between. Calls the queue and the loop, or codedb_process.c; knows neither SQL nor objects.
 *
 * 1. Options and life   2. Handles   3. Host side   4. The thread
 *
 * Invariants:
 * 1. Nothing of this file touches the connection: it is the loop's, and the loop is the driver thread's from its start to its end.
 * 2. In a child that the host forked, nothing is locked, stopped or freed (codedb_driver_is_here). */
#include "codedb_process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DRIVER_QUEUE_SIZE 1000
#define DRIVER_COMMAND_TIMEOUT 30.0
#define DRIVER_TRANSACTION_TIMEOUT 30.0

struct codedb_driver_thread {
    codedb_allocator allocator;
    codedb_driver_options options;
    codedb_driver functions; /* the driver's table, in the size that this library knows: a host's may be older */
    codedb_home home;        /* is this still the process that the thread lives in? */
    char *strings[4];        /* copies of the options' texts */
    codedb_process *process; /* NULL: the driver is a thread; else the next six are not used */
    codedb_worker_options worker;
    codedb_queue *queue;
    codedb_loop *loop; /* the thread's own while it runs */
    codedb_known_operations *known;
    pthread_t thread;
    pthread_t self; /* the same, set by the thread itself: known before anybody can ask */
    double started; /* monotonic seconds */
    _Atomic int references;
    atomic_bool stopped; /* the thread is no more: its id may be another's by now */
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
           driver_copy_string(thread, 2, &settings->synchronous) && driver_copy_string(thread, 3, &thread->options.log_path);
}

static void driver_free_attachment(const codedb_driver_options *options)
{
    if (options->attachment != NULL && options->end_attachment != NULL)
        options->end_attachment(options->attachment);
    codedb_free(options->attachment);
}

static void driver_free(codedb_driver_thread *thread)
{
    codedb_allocator allocator = thread->allocator;
    size_t i;
    codedb_process_destroy(thread->process);
    codedb_queue_destroy(thread->queue);
    codedb_known_operations_destroy(thread->known);
    for (i = 0; i < sizeof thread->strings / sizeof thread->strings[0]; i++)
        codedb_memory_release(&allocator, thread->strings[i]);
    driver_free_attachment(&thread->options);
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
        driver_free_attachment(options);
        return codedb_fail_no_memory(result);
    }
    memset(thread, 0, sizeof *thread);
    thread->allocator = allocator;
    thread->started = codedb_monotonic_now();
    codedb_home_init(&thread->home);
    atomic_init(&thread->references, 1);
    if (!driver_copy_options(thread, options))
        code = codedb_fail_no_memory(result);
    else if (options->in_process)
        code = CODEDB_SUCCESS;
    else
        code = codedb_queue_create(&thread->allocator, thread->options.queue_size, &thread->queue, result);
    if (code == CODEDB_SUCCESS && !options->in_process) {
        thread->known = codedb_known_operations_create(&thread->allocator);
        if (thread->known == NULL)
            code = codedb_fail_no_memory(result);
    }
    if (code == CODEDB_SUCCESS && !options->in_process)
        code = codedb_loop_create(&thread->options, thread->queue, &thread->loop, result);
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

static codedb_code driver_start_process(codedb_driver_thread *thread, codedb_result *result)
{
    const char *path = thread->options.settings.path;
    codedb_code code;
    thread->worker.driver = thread->options;
    thread->worker.log_path = thread->options.log_path;
    thread->worker.restart = path == NULL || strcmp(path, ":memory:") != 0;
    code = codedb_process_start(&thread->worker, &thread->process, result);
    thread->worker.driver.settings.beginning = NULL; /* the process has its own copy, as of all memory */
    thread->options.settings.beginning = NULL;
    if (code != CODEDB_SUCCESS)
        codedb_driver_release(thread);
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
    if (options->in_process) {
        code = driver_start_process(made, result);
        if (code == CODEDB_SUCCESS)
            *thread = made;
        return code;
    }
    if (!codedb_thread_start(&made->thread, driver_main, made)) {
        codedb_loop_destroy(made->loop);
        driver_free(made);
        return codedb_fail(result, CODEDB_CONNECTION_ERROR, "the driver thread could not be started");
    }
    code = driver_command(made, CODEDB_REQUEST_CONNECT, result);
    made->options.settings.beginning = NULL;
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
    if (thread->process != NULL) {
        codedb_process_stop(thread->process);
        return;
    }
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
    return &thread->functions;
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
    if (thread->process != NULL)
        return codedb_process_is_current(thread->process);
    return !atomic_load_explicit(&thread->stopped, memory_order_relaxed) && pthread_equal(thread->self, pthread_self());
}

static void driver_write_log(const codedb_driver_settings *settings, codedb_log_level level, const char *format,
                             va_list arguments)
{
    char message[CODEDB_DESCRIPTION_SIZE];
    if (settings->log == NULL || level < settings->log_level)
        return;
    vsnprintf(message, sizeof message, format, arguments);
    settings->log(settings->log_context, level, message);
}

CODEDB_PRIVATE void codedb_settings_log(const codedb_driver_settings *settings, codedb_log_level level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    driver_write_log(settings, level, format, arguments);
    va_end(arguments);
}

CODEDB_PRIVATE void codedb_driver_log(const codedb_driver_thread *thread, codedb_log_level level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    driver_write_log(&thread->options.settings, level, format, arguments);
    va_end(arguments);
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

static codedb_code driver_fail_busy(codedb_result *result)
{
    return codedb_fail(result, CODEDB_BUSY, "called from inside a callback on the driver thread, it would wait for itself");
}

static double driver_timeout(const codedb *db)
{
    return db->timeout != 0 ? db->timeout : db->thread->options.command_timeout;
}

/* Makes the operation ready for the driver, which needs its hash unless it is a known one. */
static void driver_know_operation(codedb_driver_thread *thread, codedb_request *request)
{
    if (thread->known != NULL && request->kind == CODEDB_REQUEST_RUN)
        request->known = codedb_known_operations_find(thread->known, &request->operation);
}

static codedb_code driver_call_process(codedb_driver_thread *thread, codedb_request *request)
{
    codedb_code code;
    request->rows_arena = request->wants_rows ? codedb_arena_create(&thread->allocator) : NULL;
    code = codedb_process_call(thread->process, request);
    codedb_arena_destroy(request->rows_arena); /* only a request that was not run, or failed, still has it */
    return code;
}

/* Makes the place for rows while the driver finds them. Only for what reads: without memory for it, all was in vain. */
static codedb_code driver_call_reading(codedb_driver_thread *thread, codedb_request *request)
{
    codedb_arena *arena;
    codedb_code code;
    request->takes_near_rows = true;
    atomic_init(&request->spare_arena, NULL);
    code = codedb_queue_ask(thread->queue, request);
    if (code != CODEDB_SUCCESS)
        return code;
    arena = codedb_arena_create(&thread->allocator);
    atomic_store_explicit(&request->spare_arena, arena, memory_order_release);
    code = codedb_queue_wait(thread->queue, request);
    if (code == CODEDB_SUCCESS && arena == NULL) {
        codedb_free(request->rows);
        request->rows = NULL;
        return codedb_fail_no_memory(request->result);
    }
    arena = atomic_load_explicit(&request->spare_arena, memory_order_relaxed);
    if (code != CODEDB_SUCCESS || !request->near_rows.is_complete)
        codedb_arena_destroy(arena); /* only when the driver has not taken it */
    else if (!codedb_request_take_near_rows(request, arena))
        code = codedb_fail_no_memory(request->result);
    return code;
}

static codedb_code driver_call_thread(codedb_driver_thread *thread, codedb_request *request)
{
    codedb_code code;
    driver_know_operation(thread, request);
    if (request->wants_rows && codedb_request_find_role(request) == CODEDB_ROLE_READS)
        return driver_call_reading(thread, request);
    request->rows_arena = request->wants_rows ? codedb_arena_create(&thread->allocator) : NULL;
    code = codedb_queue_call(thread->queue, request);
    codedb_arena_destroy(request->rows_arena); /* only a request that was not run, or failed, still has it */
    return code;
}

CODEDB_PRIVATE codedb_code codedb_driver_call(codedb *db, codedb_request *request, codedb_result *result)
{
    codedb_result unwanted;
    codedb_code code;
    if (!codedb_driver_is_here(db->thread))
        return codedb_driver_fail_elsewhere(result);
    if (codedb_driver_is_current(db->thread))
        return driver_fail_busy(result);
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
    request->timeout = driver_timeout(db);
    request->transaction = db->transaction;
    code = db->thread->process != NULL ? driver_call_process(db->thread, request) : driver_call_thread(db->thread, request);
    if (result == NULL)
        codedb_result_clear(&unwanted);
    else
        result->code = code; /* a host's own driver writes the description only */
    return code;
}

CODEDB_PRIVATE codedb_code codedb_driver_submit(codedb *db, codedb_request *request)
{
    request->priority = db->priority;
    request->timeout = driver_timeout(db);
    request->transaction = db->transaction;
    request->caller = codedb_queue_caller();
    driver_know_operation(db->thread, request);
    request->rows_arena = request->wants_rows ? codedb_arena_create(&db->thread->allocator) : NULL;
    return db->thread->process != NULL ? codedb_process_submit(db->thread->process, request)
                                       : codedb_queue_submit(db->thread->queue, request);
}

CODEDB_PRIVATE void codedb_driver_cancel(codedb_driver_thread *thread, codedb_request *request)
{
    if (thread->process != NULL)
        codedb_process_cancel(thread->process, request);
    else
        codedb_queue_cancel(thread->queue, request);
}

CODEDB_PRIVATE bool codedb_driver_has_lost(const codedb *transaction)
{
    const codedb_driver_thread *thread = transaction->thread;
    return thread->process != NULL && codedb_process_has_lost(thread->process, transaction->transaction);
}

/* What a thread cannot know of itself. */
static void driver_thread_statistics(const codedb_driver_thread *thread, codedb_statistics *statistics)
{
    codedb_queue_statistics(thread->queue, statistics);
    statistics->process = (int64_t)getpid();
    statistics->restarts = 0;
    statistics->uptime = codedb_monotonic_now() - thread->started;
}

/* A thread of this process does not die alone; a long statement is no illness. */
static void driver_thread_health(const codedb_driver_thread *thread, codedb_health *health)
{
    bool stopped = atomic_load(&thread->stopped);
    health->is_running = !stopped;
    health->is_process = 0;
    health->process = (int64_t)getpid();
    health->supervisor = 0;
    health->restarts = 0;
    health->uptime = stopped ? 0 : codedb_monotonic_now() - thread->started;
    health->latency = stopped ? -1 : 0;
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
    if (codedb_driver_is_current(db->thread) && db->thread->process != NULL)
        return driver_fail_busy(result);
    if (db->thread->process != NULL)
        code = codedb_process_statistics(db->thread->process, &now, result);
    else
        driver_thread_statistics(db->thread, &now);
    if (code != CODEDB_SUCCESS)
        return code;
    codedb_struct_give(statistics, &now, sizeof now);
    return codedb_succeed(result);
}

CODEDB_API codedb_code codedb_health_get(codedb *db, codedb_health *health, codedb_result *result)
{
    codedb_health now;
    codedb_code code;
    if (db == NULL || health == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_health_get: db or health is NULL");
    code = codedb_struct_take(&now, sizeof now, health, "codedb_health", result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (!codedb_driver_is_here(db->thread))
        return codedb_driver_fail_elsewhere(result);
    if (codedb_driver_is_current(db->thread))
        return driver_fail_busy(result);
    if (db->thread->process != NULL)
        codedb_process_health(db->thread->process, driver_timeout(db), &now);
    else
        driver_thread_health(db->thread, &now);
    codedb_struct_give(health, &now, sizeof now);
    return codedb_succeed(result);
}

CODEDB_API codedb_code codedb_restart(codedb *db, codedb_result *result)
{
    codedb_code code;
    if (db == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_restart: db is NULL");
    if (!codedb_driver_is_here(db->thread))
        return codedb_driver_fail_elsewhere(result);
    if (codedb_driver_is_current(db->thread))
        return driver_fail_busy(result);
    if (db->thread->process == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_restart: the driver is a thread, and no process");
    codedb_succeed(result);
    code = codedb_process_restart(db->thread->process, driver_timeout(db), result);
    return code;
}

/* ---- 4. The thread ------------------------------------------------------------------------------------------------- */

static void *driver_main(void *argument)
{
    codedb_driver_thread *thread = argument;
    thread->self = pthread_self();
    do {
        codedb_queue_await(thread->queue, codedb_loop_wake_time(thread->loop));
    } while (codedb_loop_turn(thread->loop) || !codedb_loop_is_stopping(thread->loop));
    codedb_loop_destroy(thread->loop);
    return NULL;
}
