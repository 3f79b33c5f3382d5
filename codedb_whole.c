/* codedb_whole.c -- requests that concern a database as a whole, and the copies of it that are made between others.
 *
 * Called by the loop on its thread; calls the driver's table of functions. Answers no request itself.
 *
 * Invariants:
 * 1. One copy is made at a time; the others wait in the order in which they came.
 * 2. A copy gets on only while no transaction is open. Its time runs all the same.
 * 3. A request that was added comes back once, when its copy is complete or given up. */
#include "codedb_driver.h"

/* ---- Copies between requests --------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_copies_add(codedb_copies *copies, codedb_request *request)
{
    codedb_request **last = &copies->first;
    while (*last != NULL)
        last = &(*last)->next;
    *last = request;
    request->next = NULL;
}

/* Takes a request out of the list, and gives it its code. The first one's copy ends with it. */
static codedb_request *whole_take(codedb_copies *copies, const codedb_driver *driver, codedb_connection *connection,
                                  codedb_request **place, codedb_code code)
{
    codedb_request *request = *place;
    if (place == &copies->first && copies->started) {
        driver->copy_end(connection);
        copies->started = false;
    }
    *place = request->next;
    request->next = NULL;
    request->code = code;
    return request;
}

/* The first request in the list that was cancelled or whose time is over, or NULL. */
static codedb_request *whole_expired(codedb_copies *copies, const codedb_driver *driver, codedb_connection *connection)
{
    double now = codedb_monotonic_now();
    for (codedb_request **place = &copies->first; *place != NULL; place = &(*place)->next) {
        codedb_request *request = *place;
        if (atomic_load_explicit(&request->cancelled, memory_order_relaxed)) {
            codedb_code code = codedb_fail(request->result, CODEDB_CANCELLED, "%s: the copy was cancelled", request->path);
            return whole_take(copies, driver, connection, place, code);
        }
        if (request->deadline != 0 && now >= request->deadline) {
            codedb_code code = codedb_fail(request->result, CODEDB_TIMEOUT,
                                           "%s: the copy was given up, because the request's time was over", request->path);
            return whole_take(copies, driver, connection, place, code);
        }
    }
    return NULL;
}

CODEDB_PRIVATE codedb_request *codedb_copies_step(codedb_copies *copies, const codedb_driver *driver,
                                                  codedb_connection *connection, bool transaction_is_open)
{
    codedb_request *request = whole_expired(copies, driver, connection);
    codedb_code code = CODEDB_SUCCESS;
    int finished = 0;
    if (request != NULL || copies->first == NULL || transaction_is_open)
        return request;
    request = copies->first;
    driver->set_deadline(connection, request->deadline);
    if (!copies->started) {
        code = driver->copy_start(connection, request->path, request->result);
        copies->started = code == CODEDB_SUCCESS;
    }
    if (code == CODEDB_SUCCESS)
        code = driver->copy_step(connection, &finished, request->result);
    return code != CODEDB_SUCCESS || finished ? whole_take(copies, driver, connection, &copies->first, code) : NULL;
}

CODEDB_PRIVATE double codedb_copies_wake_time(const codedb_copies *copies, bool transaction_is_open)
{
    double first = 0;
    if (copies->first != NULL && !transaction_is_open)
        return 1e-9; /* long past: there is always something to do */
    for (const codedb_request *request = copies->first; request != NULL; request = request->next)
        if (request->deadline != 0 && (first == 0 || request->deadline < first))
            first = request->deadline;
    return first;
}

/* ---- Other requests ------------------------------------------------------------------------------------------------ */

static codedb_code whole_fail(const codedb_driver *driver, const char *what, codedb_result *result)
{
    return codedb_fail(result, CODEDB_INVALID_REQUEST, "the driver %s cannot %s", driver->name, what);
}

CODEDB_PRIVATE bool codedb_whole_can_copy(const codedb_driver *driver)
{
    return driver->copy_start != NULL && driver->copy_step != NULL && driver->copy_end != NULL;
}

CODEDB_PRIVATE codedb_code codedb_whole_run(const codedb_driver *driver, codedb_connection *connection, codedb_request *request,
                                            codedb_row_writer *rows)
{
    codedb_result *result = request->result;
    switch (request->kind) {
    case CODEDB_REQUEST_BACKUP:
        return driver->backup == NULL ? whole_fail(driver, "make copies", result)
                                      : driver->backup(connection, request->path, result);
    case CODEDB_REQUEST_RESTORE:
        return driver->restore == NULL
                   ? whole_fail(driver, "restore copies", result)
                   : driver->restore(connection, request->path, request->values, request->operation.value_count, result);
    case CODEDB_REQUEST_CHECK:
        return driver->check == NULL ? whole_fail(driver, "check a database", result)
                                     : driver->check(connection, request->values[0].as.integer, rows, result);
    case CODEDB_REQUEST_VACUUM:
        return driver->vacuum == NULL ? whole_fail(driver, "vacuum a database", result) : driver->vacuum(connection, result);
    case CODEDB_REQUEST_CHECKPOINT:
        return driver->checkpoint == NULL
                   ? whole_fail(driver, "copy a log back", result)
                   : driver->checkpoint(connection, (codedb_checkpoint_mode)request->values[0].as.integer, result);
    case CODEDB_REQUEST_STORAGE:
        return driver->storage == NULL ? whole_fail(driver, "tell of its storage", result)
                                       : driver->storage(connection, rows, result);
    default: return codedb_fail(result, CODEDB_INTERNAL_ERROR, "a request of kind %d", (int)request->kind);
    }
}
