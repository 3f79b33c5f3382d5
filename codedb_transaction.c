/* codedb_transaction.c -- transactions that a host holds: begin, savepoints, commit, rollback, and running one until it succeeds.
 *
 * Called by host threads; sends requests with codedb_driver_call. What is open, and what waits for it, is known to the loop and the queue. */
#include "codedb_driver.h"

#include <time.h>

#define TRANSACTION_ATTEMPTS 5
#define TRANSACTION_WAIT 0.01
#define TRANSACTION_WAIT_LARGEST 1.0

/* ---- Begin and end ------------------------------------------------------------------------------------------------- */

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

static codedb_code transaction_fail_none(codedb_result *result)
{
    return codedb_fail(result, CODEDB_TRANSACTION_ERROR, "the handle holds no transaction");
}

static codedb_code transaction_end(codedb *transaction, codedb_request_kind kind, codedb_result *result)
{
    codedb_request request = {.kind = kind};
    if (transaction == NULL || transaction->transaction == 0)
        return transaction_fail_none(result);
    return codedb_driver_call(transaction, &request, result);
}

CODEDB_API codedb_code codedb_transaction_commit(codedb *transaction, codedb_result *result)
{
    return transaction_end(transaction, CODEDB_REQUEST_COMMIT, result);
}

CODEDB_API codedb_code codedb_transaction_rollback(codedb *transaction, codedb_result *result)
{
    return transaction_end(transaction, CODEDB_REQUEST_ROLLBACK, result);
}

CODEDB_PRIVATE void codedb_driver_abandon(codedb *transaction)
{
    transaction->timeout = -1;
    transaction_end(transaction, CODEDB_REQUEST_ROLLBACK, NULL);
}

/* ---- Savepoints ---------------------------------------------------------------------------------------------------- */

CODEDB_API codedb_code codedb_transaction_savepoint(codedb *transaction, int *savepoint, codedb_result *result)
{
    codedb_request request = {.kind = CODEDB_REQUEST_SAVEPOINT};
    codedb_code code;
    if (savepoint != NULL)
        *savepoint = 0;
    if (transaction == NULL || transaction->transaction == 0)
        return transaction_fail_none(result);
    if (savepoint == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "there is nowhere to put the savepoint's number");
    code = codedb_driver_call(transaction, &request, result);
    if (code == CODEDB_SUCCESS)
        *savepoint = (int)request.changes.affected_rows;
    return code;
}

static codedb_code transaction_end_savepoint(codedb *transaction, codedb_request_kind kind, int savepoint, codedb_result *result)
{
    codedb_value number = codedb_value_integer(savepoint);
    codedb_request request = {.kind = kind, .values = &number};
    request.operation.value_count = 1;
    if (transaction == NULL || transaction->transaction == 0)
        return transaction_fail_none(result);
    return codedb_driver_call(transaction, &request, result);
}

CODEDB_API codedb_code codedb_transaction_release(codedb *transaction, int savepoint, codedb_result *result)
{
    return transaction_end_savepoint(transaction, CODEDB_REQUEST_RELEASE, savepoint, result);
}

CODEDB_API codedb_code codedb_transaction_rollback_to(codedb *transaction, int savepoint, codedb_result *result)
{
    return transaction_end_savepoint(transaction, CODEDB_REQUEST_ROLLBACK_TO, savepoint, result);
}

/* ---- Running one until it succeeds --------------------------------------------------------------------------------- */

/* Whether a failure may pass, and nothing of the transaction has remained. After OUTCOME_UNKNOWN it may have: never again then. */
static bool transaction_may_pass(codedb_code code)
{
    return code == CODEDB_BUSY || code == CODEDB_TIMEOUT || code == CODEDB_QUEUE_FULL || code == CODEDB_CONFLICT ||
           code == CODEDB_CONNECTION_ERROR;
}

/* Twice as long each time, and by chance up to half of that less, so that two who met do not meet again. */
static void transaction_back_off(double wait, uint32_t attempt)
{
    double now = codedb_monotonic_now();
    double chance = now * 1e6 - (double)(int64_t)(now * 1e6);
    struct timespec nap;
    for (; attempt > 1 && wait < TRANSACTION_WAIT_LARGEST; attempt--)
        wait *= 2;
    if (wait > TRANSACTION_WAIT_LARGEST)
        wait = TRANSACTION_WAIT_LARGEST;
    wait -= wait / 2 * chance;
    nap.tv_sec = (time_t)wait;
    nap.tv_nsec = (long)((wait - (double)nap.tv_sec) * 1e9);
    nanosleep(&nap, NULL);
}

/* One attempt. *again is set when there may be another. */
static codedb_code transaction_try(codedb *db, codedb_transaction_function function, void *context, bool *again,
                                   codedb_result *result)
{
    codedb *transaction;
    codedb_code code = codedb_transaction_begin(db, &transaction, result);
    *again = transaction_may_pass(code);
    if (code != CODEDB_SUCCESS)
        return code;
    codedb_succeed(result);
    code = function(context, transaction, result);
    if (code != CODEDB_SUCCESS) {
        /* A statement that ran into its timeout would do so again. */
        *again = transaction_may_pass(code) && code != CODEDB_TIMEOUT;
        if (result != NULL && result->code == CODEDB_SUCCESS)
            codedb_fail(result, code, "the function of the transaction answered %s", codedb_code_name(code));
    } else {
        code = codedb_transaction_commit(transaction, result);
        *again = transaction_may_pass(code);
    }
    /* Who finds that the driver's process has died is told so in one way or the other. */
    *again = *again || (code == CODEDB_TRANSACTION_ERROR && codedb_driver_has_lost(transaction));
    codedb_close(transaction); /* rolls back what is still open */
    return code;
}

CODEDB_API codedb_code codedb_transaction_run(codedb *db, codedb_transaction_function function, void *context,
                                              const codedb_retry_options *options, codedb_result *result)
{
    codedb_retry_options known;
    bool again;
    codedb_code code;
    uint32_t attempt;
    if (db == NULL || function == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_transaction_run: db or function is NULL");
    code = codedb_struct_take(&known, sizeof known, options, "codedb_retry_options", result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (!(known.wait >= 0) || known.attempts < 0)
        return codedb_fail(result, CODEDB_INVALID_REQUEST,
                           "codedb_transaction_run: options.attempts is %d and options.wait %g, expected none below 0",
                           known.attempts, known.wait);
    for (attempt = 1;; attempt++) {
        code = transaction_try(db, function, context, &again, result);
        if (!again || attempt >= (uint32_t)(known.attempts > 0 ? known.attempts : TRANSACTION_ATTEMPTS))
            return code;
        transaction_back_off(known.wait > 0 ? known.wait : TRANSACTION_WAIT, attempt);
    }
}
