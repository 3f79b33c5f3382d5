/* codedb_pending.c -- operations that are submitted and answered later: the host waits, polls, is called, or cancels.
 *
 * Submitted by codedb_request.c; the public functions are called by any host thread, the answer comes on the driver's, or on the one that
 * cancels. Calls codedb_driver_submit and codedb_driver_cancel.
 *
 * Invariants:
 * 1. A pending operation lives as long as the host has not freed it, and until it is answered: two references.
 * 2. `answered` is set once, under the lock, behind everything that the answer consists of. What was answered does not change.
 * 3. The host's function runs behind that, while the driver's reference still stands; so it may free the host's. */
#include "codedb_driver.h"

#include <string.h>

struct codedb_pending {
    codedb_request request;
    codedb_result result;
    codedb_arena *arena;          /* holds this struct and all that the request points to */
    codedb_driver_thread *thread; /* retained */
    codedb_batch *batch;          /* retained, or NULL */
    codedb_submit_options options;
    _Atomic int references;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool answered; /* under the lock */
};

/* ---- Life ---------------------------------------------------------------------------------------------------------- */

static void pending_release(codedb_pending *pending)
{
    codedb_driver_thread *thread = pending->thread;
    if (atomic_fetch_sub(&pending->references, 1) > 1)
        return;
    pthread_cond_destroy(&pending->changed);
    pthread_mutex_destroy(&pending->lock);
    codedb_free(pending->request.rows);
    codedb_arena_destroy(pending->request.rows_arena); /* only a request that was not run still has it */
    codedb_result_clear(&pending->result);
    codedb_batch_free(pending->batch);
    codedb_arena_destroy(pending->arena);
    codedb_driver_release(thread);
}

/* The queue's answer. */
static void pending_on_answer(codedb_request *request)
{
    codedb_pending *pending = request->context;
    if (pending->batch != NULL)
        codedb_batch_take_answer(pending->batch, request);
    pending->result.code = request->code; /* a host's own driver writes the description only */
    pthread_mutex_lock(&pending->lock);
    pending->answered = true;
    pthread_cond_broadcast(&pending->changed);
    pthread_mutex_unlock(&pending->lock);
    if (pending->options.answered != NULL)
        pending->options.answered(pending->options.context, pending);
    pending_release(pending);
}

static bool pending_init_waiting(codedb_pending *pending)
{
    if (pthread_mutex_init(&pending->lock, NULL) != 0)
        return false;
    if (codedb_condition_init(&pending->changed))
        return true;
    pthread_mutex_destroy(&pending->lock);
    return false;
}

/* A pending operation with the host's reference alone; NULL without memory. */
static codedb_pending *pending_create(codedb *db, const codedb_request *request, codedb_batch *batch)
{
    codedb_arena *arena = codedb_arena_create(codedb_driver_allocator(db->thread));
    codedb_pending *made = arena != NULL ? codedb_arena_allocate(arena, 1, sizeof *made) : NULL;
    bool copied = made != NULL;
    if (copied && batch == NULL)
        copied = codedb_request_copy(&made->request, request, arena);
    else if (copied)
        made->request = *request;
    if (!copied || !pending_init_waiting(made)) {
        codedb_arena_destroy(arena);
        return NULL;
    }
    made->arena = arena;
    made->result.struct_size = sizeof made->result;
    made->request.result = &made->result;
    made->request.answered_by = pending_on_answer;
    made->request.context = made;
    made->thread = db->thread;
    codedb_driver_retain(made->thread);
    made->batch = batch;
    if (batch != NULL)
        codedb_batch_retain(batch);
    atomic_init(&made->references, 1);
    return made;
}

CODEDB_PRIVATE codedb_code codedb_pending_start(codedb *db, const codedb_request *request, codedb_batch *batch,
                                                const codedb_submit_options *options, codedb_pending **pending,
                                                codedb_result *result)
{
    codedb_submit_options known;
    codedb_pending *made;
    codedb_code code;
    if (pending == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "there is nowhere to put the pending operation");
    code = codedb_struct_take(&known, sizeof known, options, "codedb_submit_options", result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (!codedb_driver_is_here(db->thread))
        return codedb_driver_fail_elsewhere(result);
    made = pending_create(db, request, batch);
    if (made == NULL)
        return codedb_fail_no_memory(result);
    made->options = known;
    /* Both before it is submitted: it may be answered, and freed by the host's function, before this returns. */
    atomic_fetch_add(&made->references, 1);
    *pending = made;
    code = codedb_driver_submit(db, &made->request);
    if (code == CODEDB_SUCCESS)
        return codedb_succeed(result);
    *pending = NULL;
    codedb_fail(result, code, "%s", made->result.description);
    pending_release(made);
    pending_release(made);
    return code;
}

CODEDB_API void codedb_pending_free(codedb_pending *pending)
{
    if (pending != NULL && codedb_driver_is_here(pending->thread))
        pending_release(pending);
}

/* ---- The answer ---------------------------------------------------------------------------------------------------- */

CODEDB_API int codedb_pending_wait(codedb_pending *pending, double seconds)
{
    double until;
    bool answered, in_time;
    if (pending == NULL || !codedb_driver_is_here(pending->thread))
        return 0;
    until = seconds > 0 ? codedb_monotonic_now() + seconds : 0;
    /* On the driver's thread nothing comes while it waits. */
    in_time = seconds != 0 && !codedb_driver_is_current(pending->thread);
    pthread_mutex_lock(&pending->lock);
    while (!pending->answered && in_time)
        in_time = codedb_condition_wait(&pending->changed, &pending->lock, until);
    answered = pending->answered;
    pthread_mutex_unlock(&pending->lock);
    return answered;
}

/* The rows, for the first who asks. */
static codedb_rows *pending_take_rows(codedb_pending *pending)
{
    codedb_rows *rows;
    pthread_mutex_lock(&pending->lock);
    rows = pending->request.rows;
    pending->request.rows = NULL;
    pthread_mutex_unlock(&pending->lock);
    return rows;
}

/* Gives a copy of the kept result; its data stays here. */
static codedb_code pending_copy_result(const codedb_pending *pending, codedb_result *result)
{
    const codedb_result *kept = &pending->result;
    codedb_buffer data;
    if (kept->code == CODEDB_SUCCESS)
        return kept->description[0] != '\0' ? codedb_succeed_with(result, "%s", kept->description) : codedb_succeed(result);
    codedb_fail(result, kept->code, "%s", kept->description);
    if (result != NULL && kept->data != NULL) {
        codedb_buffer_init(&data, codedb_driver_allocator(pending->thread));
        codedb_buffer_append_text(&data, kept->data);
        codedb_result_take_data(result, &data);
    }
    return kept->code;
}

CODEDB_API codedb_code codedb_pending_answer(codedb_pending *pending, codedb_rows **rows, codedb_changes *changes,
                                             codedb_result *result)
{
    if (rows != NULL)
        *rows = NULL;
    if (changes != NULL)
        memset(changes, 0, sizeof *changes);
    if (pending == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the pending operation is NULL");
    if (!codedb_driver_is_here(pending->thread))
        return codedb_driver_fail_elsewhere(result);
    if (!codedb_pending_wait(pending, -1))
        return codedb_fail(result, CODEDB_BUSY, "called from inside a callback on the driver thread, it would wait for itself");
    if (rows != NULL)
        *rows = pending_take_rows(pending);
    if (changes != NULL && pending->result.code == CODEDB_SUCCESS)
        *changes = pending->request.changes;
    return pending_copy_result(pending, result);
}

CODEDB_API void codedb_pending_cancel(codedb_pending *pending)
{
    if (pending != NULL && codedb_driver_is_here(pending->thread))
        codedb_driver_cancel(pending->thread, &pending->request);
}
