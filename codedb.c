/* codedb.c -- opening a database, views of it, and closing it.
 *
 * Called by the host. Reads the configuration (codedb_config.c), chooses the driver, starts its thread (codedb_driver.c) and has
 * the schema looked at (codedb_schema.c). Everything behind that goes from the object and table functions straight to the driver.
 *
 * Invariants:
 * 1. When codedb_open fails, nothing is left behind but parent folders that it made.
 * 2. Nothing of a host's struct is read beyond its struct_size.
 * 3. In a child that the host forked, nothing of the driver is stopped, locked or freed: the parent's threads may have held any
 *    lock at the fork, and the database file is the parent's. */

/* The amalgamation has a codedb.h and a codedb.c, too. When the include path leads to its header, its codedb.c is what is wanted. */
#ifdef __has_include
#if __has_include(<codedb.h>)
#include <codedb.h>
#endif
#endif
#if defined(CODEDB_AMALGAMATION) && !defined(CODEDB_AMALGAMATED_SOURCE)
#error "This codedb.c is one of many sources; with the amalgamation's codedb.h, compile the codedb.c that stands beside it."
#endif

#include "codedb_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Options ------------------------------------------------------------------------------------------------------- */

/* Whether all functions are there but those that may be NULL, which stand behind them. */
static bool open_driver_is_whole(const codedb_driver *driver)
{
    return driver->connect != NULL && driver->disconnect != NULL && driver->run != NULL && driver->begin != NULL &&
           driver->commit != NULL && driver->rollback != NULL && driver->in_transaction != NULL && driver->savepoint != NULL &&
           driver->release != NULL && driver->rollback_to != NULL && driver->set_deadline != NULL && driver->table_info != NULL;
}

/* The host's options in a struct of our size. */
static codedb_code open_read_options(const codedb_open_options *given, codedb_open_options *options, codedb_result *result)
{
    codedb_code code = codedb_struct_take(options, sizeof *options, given, "codedb_open_options", result);
    size_t i;
    if (code != CODEDB_SUCCESS)
        return code;
    if (options->allocator != NULL &&
        (options->allocator->allocate == NULL || options->allocator->reallocate == NULL || options->allocator->release == NULL))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_open: options.allocator lacks a function, expected all three");
    if (options->driver_count > 0 && options->drivers == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_open: options.drivers is NULL, expected %zu drivers",
                           options->driver_count);
    for (i = 0; i < options->driver_count; i++) {
        const codedb_driver *driver = options->drivers[i];
        if (driver == NULL || driver->struct_size < offsetof(codedb_driver, backup) || driver->name == NULL)
            return codedb_fail(result, CODEDB_INVALID_REQUEST,
                               "codedb_open: driver %zu of options.drivers is NULL, has no name, or is "
                               "smaller than the %zu bytes that every driver has",
                               i, offsetof(codedb_driver, backup));
        if (!open_driver_is_whole(driver))
            return codedb_fail(result, CODEDB_INVALID_REQUEST,
                               "codedb_open: the driver %.60s lacks a function that every driver has", driver->name);
    }
    return CODEDB_SUCCESS;
}

/* The configuration's type for SQLite in a process of its own. */
#define OPEN_PROCESS_TYPE "sqlite_proxy"

/* The driver of that name: the host's own before the built-in one. */
static const codedb_driver *open_find_driver(const codedb_open_options *options, const char *name)
{
    const codedb_driver *built_in = codedb_sqlite_driver();
    size_t i;
    for (i = 0; i < options->driver_count; i++)
        if (strcmp(options->drivers[i]->name, name) == 0)
            return options->drivers[i];
    return strcmp(built_in->name, name) == 0 || strcmp(name, OPEN_PROCESS_TYPE) == 0 ? built_in : NULL;
}

/* In a process of its own only the built-in driver runs: a host's may rely on the host's threads, locks and connections. */
static codedb_code open_check_process(const codedb_open_options *options, codedb_result *result)
{
    const char *name = codedb_sqlite_driver()->name;
    size_t i;
    for (i = 0; i < options->driver_count; i++)
        if (strcmp(options->drivers[i]->name, name) == 0)
            return codedb_fail(result, CODEDB_VALIDATION_ERROR,
                               "type: \"" OPEN_PROCESS_TYPE
                               "\" runs the built-in driver, and the host has given a driver \"%s\" of "
                               "its own, which runs on a thread only",
                               name);
    return CODEDB_SUCCESS;
}

static codedb_code open_fail_driver(const codedb_open_options *options, const char *name, codedb_result *result)
{
    codedb_buffer known;
    size_t i;
    codedb_buffer_init(&known, options->allocator);
    codedb_buffer_append_text(&known, codedb_sqlite_driver()->name);
    for (i = 0; i < options->driver_count; i++)
        codedb_buffer_printf(&known, ", %s", options->drivers[i]->name);
    codedb_fail(result, CODEDB_VALIDATION_ERROR, "type: there is no driver \"%.60s\" here, expected one of %s", name,
                known.failed ? "those given" : known.data);
    codedb_buffer_free(&known);
    return CODEDB_VALIDATION_ERROR;
}

/* ---- Open ---------------------------------------------------------------------------------------------------------- */

/* Makes the folders above a file, for their owner only: who may write a folder may put another file in the place of a private one. */
static codedb_code open_make_parents(const char *path, const codedb_allocator *allocator, codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    codedb_buffer folder;
    size_t i;
    codedb_buffer_init(&folder, allocator);
    codedb_buffer_append_text(&folder, path);
    if (folder.failed)
        return codedb_fail_no_memory(result);
    for (i = 1; i < folder.length && code == CODEDB_SUCCESS; i++) {
        if (folder.data[i] != '/')
            continue;
        folder.data[i] = '\0';
        if (mkdir(folder.data, 0700) != 0 && errno != EEXIST) {
            int error = errno;
            char reason[100];
            codedb_text_system_error(error, reason, sizeof reason);
            code = codedb_fail(result, error == EACCES || error == EROFS ? CODEDB_PERMISSION_DENIED : CODEDB_CONNECTION_ERROR,
                               "the folder %s cannot be made: %s", folder.data, reason);
        }
        folder.data[i] = '/';
    }
    codedb_buffer_free(&folder);
    return code;
}

/* Makes the log file of a driver's process, for its owner only: that process could not say why it cannot. */
static codedb_code open_make_log(const char *path, const codedb_allocator *allocator, codedb_result *result)
{
    codedb_code code = open_make_parents(path, allocator, result);
    char reason[100];
    int file, error;
    if (code != CODEDB_SUCCESS)
        return code;
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file >= 0) {
        close(file);
        return CODEDB_SUCCESS;
    }
    error = errno;
    codedb_text_system_error(error, reason, sizeof reason);
    return codedb_fail(result, error == EACCES || error == EROFS ? CODEDB_PERMISSION_DENIED : CODEDB_CONNECTION_ERROR,
                       "worker_log_path: %s cannot be written: %s", path, reason);
}

/* What the layer above will know of the database; NULL without memory. */
#define OPEN_TREE_CACHE_SIZE ((size_t)256 << 20)

static codedb_schema *open_make_schema(const codedb_config *config, const codedb_open_options *options)
{
    size_t length = config->backup_dir != NULL ? strlen(config->backup_dir) : 0;
    codedb_schema *schema = codedb_block_allocate(options->allocator, sizeof *schema + length + 1);
    char *backup_dir;
    if (schema == NULL)
        return NULL;
    memset(schema, 0, sizeof *schema);
    schema->tree_cache_size = options->tree_cache_size == 0   ? OPEN_TREE_CACHE_SIZE
                              : options->tree_cache_size == 1 ? 0
                                                              : options->tree_cache_size;
    if (config->backup_dir != NULL) {
        backup_dir = (char *)(schema + 1);
        memcpy(backup_dir, config->backup_dir, length + 1);
        schema->backup_dir = backup_dir;
    }
    return schema;
}

/* Nobody has the database any more. */
static void open_end_schema(void *attachment)
{
    codedb_tree_cache_destroy(((codedb_schema *)attachment)->trees);
}

/* A database in memory is always new, and nobody else has it: it begins with its tables. */
static bool open_is_new(const codedb_config *config, const codedb_open_options *options)
{
    return open_find_driver(options, config->type) == codedb_sqlite_driver() && !config->read_only &&
           strcmp(config->path, ":memory:") == 0;
}

/* Starts the driver as configured. */
static codedb_code open_start(const codedb_config *config, const codedb_open_options *options, const codedb_beginning *beginning,
                              codedb_driver_thread **thread, codedb_result *result)
{
    codedb_driver_options start = {.settings = {.struct_size = sizeof(codedb_driver_settings)}};
    codedb_code code;
    start.driver = open_find_driver(options, config->type);
    if (start.driver == NULL)
        return open_fail_driver(options, config->type, result);
    start.in_process = start.driver == codedb_sqlite_driver() && strcmp(config->type, OPEN_PROCESS_TYPE) == 0;
    if (start.in_process) {
        code = open_check_process(options, result);
        if (code == CODEDB_SUCCESS && config->worker_log_path != NULL)
            code = open_make_log(config->worker_log_path, options->allocator, result);
        if (code != CODEDB_SUCCESS)
            return code;
        start.log_path = config->worker_log_path;
    }
    if (start.driver == codedb_sqlite_driver() && !config->read_only && strcmp(config->path, ":memory:") != 0) {
        code = open_make_parents(config->path, options->allocator, result);
        if (code != CODEDB_SUCCESS)
            return code;
    }
    start.settings.config = config->driver_config;
    start.settings.path = config->path;
    start.settings.synchronous = config->synchronous;
    start.settings.read_only = config->read_only;
    start.settings.allocator = codedb_allocator_or_default(options->allocator);
    start.settings.log = options->log;
    start.settings.log_context = options->log_context;
    start.settings.log_level = options->log_level;
    start.settings.beginning = beginning;
    start.queue_size = (size_t)config->queue_size;
    start.command_timeout = config->command_timeout;
    start.transaction_timeout = config->transaction_timeout;
    start.attachment = open_make_schema(config, options);
    start.end_attachment = open_end_schema;
    if (start.attachment == NULL)
        return codedb_fail_no_memory(result);
    return codedb_driver_start(&start, thread, result);
}

CODEDB_API codedb_code codedb_open(const char *config, const codedb_open_options *options, codedb **db, codedb_result *result)
{
    codedb_open_options read;
    codedb_config settings;
    codedb_driver_thread *thread = NULL;
    const codedb_beginning *beginning = NULL;
    codedb_arena *arena = NULL;
    codedb *made = NULL;
    codedb_code code;
    if (db != NULL)
        *db = NULL;
    if (config == NULL || db == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_open: config or db is NULL");
    memset(&settings, 0, sizeof settings);
    code = open_read_options(options, &read, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_config_read(&settings, config, read.allocator, result);
    if (code == CODEDB_SUCCESS && open_is_new(&settings, &read))
        code = codedb_schema_begin(read.allocator, &arena, &beginning, result);
    if (code == CODEDB_SUCCESS)
        code = open_start(&settings, &read, beginning, &thread, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_handle_create(thread, CODEDB_HANDLE_DATABASE, NULL, &made, result);
    if (code == CODEDB_SUCCESS && beginning == NULL)
        code = codedb_schema_create_if_empty(made, result);
    if (code == CODEDB_SUCCESS) {
        *db = made;
        codedb_succeed(result);
    } else {
        if (thread != NULL)
            codedb_driver_stop(thread);
        codedb_handle_destroy(made);
    }
    if (thread != NULL)
        codedb_driver_release(thread); /* the handle has its own reference */
    codedb_arena_destroy(arena);
    codedb_config_free(&settings);
    return code;
}

CODEDB_PRIVATE codedb_schema *codedb_schema_of(codedb *db)
{
    return codedb_driver_attachment(db->thread);
}

/* ---- Views and close ----------------------------------------------------------------------------------------------- */

CODEDB_API codedb_code codedb_with(codedb *db, const codedb_request_options *options, codedb **view, codedb_result *result)
{
    codedb_request_options read;
    codedb_code code;
    if (view != NULL)
        *view = NULL;
    if (db == NULL || options == NULL || view == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_with: db, options or view is NULL");
    code = codedb_struct_take(&read, sizeof read, options, "codedb_request_options", result);
    if (code != CODEDB_SUCCESS)
        return code;
    if ((unsigned)read.priority > CODEDB_PRIORITY_URGENT)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_with: options.priority is %d, expected a codedb_priority",
                           (int)read.priority);
    if (!(read.timeout <= 1e9))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_with: options.timeout is %g, expected seconds, at most 1e9",
                           read.timeout);
    if (!codedb_driver_is_here(db->thread))
        return codedb_driver_fail_elsewhere(result);
    code = codedb_handle_create(db->thread, CODEDB_HANDLE_VIEW, db, view, result);
    if (code != CODEDB_SUCCESS)
        return code;
    (*view)->priority = read.priority;
    (*view)->timeout = read.timeout;
    (*view)->do_not_wait = read.do_not_wait != 0;
    return codedb_succeed(result);
}

CODEDB_API void codedb_close(codedb *db)
{
    if (db == NULL || !codedb_driver_is_here(db->thread))
        return;
    if (codedb_driver_is_current(db->thread)) {
        codedb_driver_log(db->thread, CODEDB_LOG_ERROR,
                          "codedb_close: called from inside a callback, where it would wait for itself; ignored");
        return;
    }
    if (db->kind == CODEDB_HANDLE_DATABASE)
        codedb_driver_stop(db->thread);
    else if (db->kind == CODEDB_HANDLE_TRANSACTION)
        codedb_driver_abandon(db);
    codedb_handle_destroy(db);
}
