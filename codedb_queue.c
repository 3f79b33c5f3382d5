/* codedb_queue.c -- the bounded ring between those who ask and the loop that answers.
 *
 * codedb_queue_call and codedb_queue_submit are called by any number of threads; await, take, answer, hold and count_commit by the one
 * that runs the loop. Calls nothing but memory, text and Results, and the `answered_by` of a request that has one.
 *
 * A lane is a ring through the requests themselves, so that putting one in cannot fail for want of memory and one whose time is over leaves
 * from the middle. The bound is one counter.
 *
 * Invariants:
 * 1. A request is in exactly one place: in a lane (`queued`), in the hatch, with the driver, or answered. Only under the lock does it
 *    change from the first to another; behind the answer the driver never touches it again, because it lies on its caller's stack.
 * 2. FIFO within a lane. A lane that was passed over QUEUE_PATIENCE times while it had a request is served next.
 * 3. While a transaction holds the queue, only the owners' lane is served, and nothing else moves. That lane has no bound: a ring full of
 *    waiters cannot lock the owner out.
 * 4. `ready` is the number of requests that may be taken now; the driver sleeps only when it is 0, having looked under the lock.
 * 5. A caller whose time is over takes its request out itself, unless the driver has it: then the driver ends it. A request without
 *    a waiting caller (`answered_by`) is taken out by the driver; `expiry` is never later than the first that is due.
 *    One that is cancelled in its lane is taken out by who cancels it.
 * 6. Whoever waits spins for a moment, then gives its CPU away in a loop, then sleeps: a wake-up between CPUs costs more than most
 *    requests, and nobody who is idle may burn a CPU.
 * 7. A read that finds the hatch open goes through it without the lock. It is open only while the driver looks out, with no transaction
 *    held; the driver shuts it before it does anything else, and puts what came behind what is in the lanes by then: so a thread's
 *    requests stay in their order. */
#include "codedb_driver.h"

#include <sched.h>
#include <string.h>

#define QUEUE_LANES 5
#define QUEUE_LANE_OWNER 4
#define QUEUE_PATIENCE 16
#define QUEUE_HISTOGRAM 32
#define QUEUE_CACHE_LINE 64

/* The spin is pauses of the CPU; windows are seconds of yielding before sleep. */
#define QUEUE_SPIN 300
#define QUEUE_DRIVER_WINDOW 60e-6
#define QUEUE_CALLER_WINDOW 300e-6
#define QUEUE_YIELDERS_LARGEST 64

/* What the hatch holds when it is no request. */
#define QUEUE_HATCH_SHUT ((uintptr_t)0)
#define QUEUE_HATCH_OPEN ((uintptr_t)1)

/* The four priorities' lanes in the order in which they are served. */
static const int queue_order[] = {CODEDB_PRIORITY_URGENT, CODEDB_PRIORITY_HIGH, CODEDB_PRIORITY_NORMAL, CODEDB_PRIORITY_LOW};

typedef struct queue_lane {
    codedb_request *first; /* of a circle; NULL: empty */
    size_t size;
    unsigned passed; /* how often another lane was served before this one */
} queue_lane;

/* Written by one thread, read by any. */
typedef _Atomic uint64_t queue_counter;

struct codedb_queue {
    codedb_allocator allocator;

    /* What every request touches lies together, so that it is fetched at once (queue_fetch_lock). */
    pthread_mutex_t lock;

    /* Under the lock. */
    size_t size; /* in the four priorities' lanes */
    size_t capacity;
    queue_lane lanes[QUEUE_LANES];
    uint64_t transaction;
    uint64_t owner;
    uint64_t total, high_water;
    size_t room_waiters;
    bool driver_sleeps;
    bool cancelled_running; /* since the driver slept last: a copy that it took, perhaps, and that waits for a transaction */
    bool closed;
    double held_since;
    uint64_t expired, rejected, withdrawn;
    pthread_cond_t filled;  /* the driver sleeps here */
    pthread_cond_t drained; /* callers wait here for room */

    /* Apart from each other by a cache line, because one side looks at them all the time while the other writes. */
    char apart_from_lock[QUEUE_CACHE_LINE];
    _Atomic uintptr_t hatch; /* invariant 7 */
    _Atomic size_t ready;
    _Atomic size_t writes;                  /* of those, how many are writes that may share a commit */
    _Atomic double expiry;                  /* when the driver must look for requests whose time is over; 0: never */
    _Atomic(const codedb_request *) newest; /* the request that came last, or what was that: only to be fetched */
    char apart_from_ready[QUEUE_CACHE_LINE];
    _Atomic int yielders;
    codedb_spin caller_spin;
    char apart_from_yielders[QUEUE_CACHE_LINE];

    /* The driver's own. */
    codedb_request *handed; /* what came through the hatch and is to be taken next, or NULL */
    queue_counter handed_total;
    codedb_spin driver_spin;
    atomic_bool counting; /* an answer that was given is not counted yet */
    queue_counter processed, interrupted, cancelled, commits, groups, grouped, group_largest, batch_longest;
    queue_counter wait_total, wait_maximum, run_total, run_maximum; /* nanoseconds */
    queue_counter wait_histogram[QUEUE_HISTOGRAM], run_histogram[QUEUE_HISTOGRAM];
};

/* ---- Creation ------------------------------------------------------------------------------------------------------ */

CODEDB_PRIVATE codedb_code codedb_queue_create(const codedb_allocator *allocator, size_t capacity, codedb_queue **queue,
                                               codedb_result *result)
{
    codedb_queue *made = codedb_memory_allocate(allocator, 1, sizeof *made);
    *queue = NULL;
    if (made == NULL)
        return codedb_fail_no_memory(result);
    memset(made, 0, sizeof *made);
    made->allocator = *allocator;
    made->capacity = capacity;
    codedb_spin_init(&made->caller_spin, QUEUE_SPIN);
    codedb_spin_init(&made->driver_spin, QUEUE_SPIN);
    if (!codedb_lock_init(&made->lock)) {
        codedb_memory_release(allocator, made);
        return codedb_fail_no_memory(result);
    }
    if (!codedb_condition_init(&made->filled)) {
        pthread_mutex_destroy(&made->lock);
        codedb_memory_release(allocator, made);
        return codedb_fail_no_memory(result);
    }
    if (!codedb_condition_init(&made->drained)) {
        pthread_cond_destroy(&made->filled);
        pthread_mutex_destroy(&made->lock);
        codedb_memory_release(allocator, made);
        return codedb_fail_no_memory(result);
    }
    *queue = made;
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE void codedb_queue_destroy(codedb_queue *queue)
{
    if (queue == NULL)
        return;
    pthread_cond_destroy(&queue->drained);
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->lock);
    codedb_memory_release(&queue->allocator, queue);
}

/* ---- Waiting ------------------------------------------------------------------------------------------------------- */

static inline void queue_fetch_lock(const codedb_queue *queue)
{
    codedb_memory_fetch(&queue->lock, offsetof(codedb_queue, held_since) - offsetof(codedb_queue, lock));
}

/* ---- Lanes --------------------------------------------------------------------------------------------------------- */

static void queue_lane_append(queue_lane *lane, codedb_request *request)
{
    if (lane->first == NULL) {
        lane->first = request;
        request->next = request;
        request->previous = request;
    } else {
        request->next = lane->first;
        request->previous = lane->first->previous;
        request->previous->next = request;
        lane->first->previous = request;
    }
    lane->size++;
}

static void queue_lane_remove(queue_lane *lane, codedb_request *request)
{
    if (request->next == request) {
        lane->first = NULL;
        lane->passed = 0;
    } else {
        request->next->previous = request->previous;
        request->previous->next = request->next;
        if (lane->first == request)
            lane->first = request->next;
    }
    lane->size--;
}

static bool queue_is_owners(const codedb_request *request)
{
    return request->transaction != 0 || request->kind == CODEDB_REQUEST_STOP;
}

static queue_lane *queue_lane_of(codedb_queue *queue, const codedb_request *request)
{
    return &queue->lanes[queue_is_owners(request) ? QUEUE_LANE_OWNER : (int)request->priority];
}

/* Invariant 4. */
static void queue_count_ready(codedb_queue *queue)
{
    size_t ready = queue->lanes[QUEUE_LANE_OWNER].size + (queue->transaction == 0 ? queue->size : 0);
    atomic_store_explicit(&queue->ready, ready, memory_order_release);
}

/* Under the lock, so that no update is lost. */
static void queue_count_writes(codedb_queue *queue, const codedb_request *request, size_t more)
{
    if (request->role == CODEDB_ROLE_WRITES)
        atomic_store_explicit(&queue->writes, atomic_load_explicit(&queue->writes, memory_order_relaxed) + more,
                              memory_order_relaxed);
}

static void queue_put(codedb_queue *queue, codedb_request *request)
{
    queue_lane_append(queue_lane_of(queue, request), request);
    request->queued = true;
    atomic_store_explicit(&queue->newest, request, memory_order_relaxed);
    if (!queue_is_owners(request) && ++queue->size > queue->high_water)
        queue->high_water = queue->size;
    queue->total++;
    queue_count_writes(queue, request, 1);
    queue_count_ready(queue);
}

static void queue_remove(codedb_queue *queue, codedb_request *request)
{
    queue_lane_remove(queue_lane_of(queue, request), request);
    request->queued = false;
    queue_count_writes(queue, request, (size_t)-1);
    if (!queue_is_owners(request)) {
        queue->size--;
        if (queue->room_waiters > 0)
            pthread_cond_signal(&queue->drained);
    }
    queue_count_ready(queue);
}

/* The lane to serve next among the four priorities, or NULL when all are empty (invariant 2). */
static queue_lane *queue_lane_find(codedb_queue *queue)
{
    queue_lane *best = NULL;
    size_t i;
    for (i = 0; i < sizeof queue_order / sizeof queue_order[0]; i++) {
        queue_lane *lane = &queue->lanes[queue_order[i]];
        if (lane->first == NULL)
            continue;
        if (best == NULL || (lane->passed >= QUEUE_PATIENCE && lane->passed > best->passed))
            best = lane;
    }
    return best;
}

/* Notes that a lane is served. */
static void queue_lane_serve(codedb_queue *queue, queue_lane *served)
{
    size_t i;
    for (i = 0; i < sizeof queue_order / sizeof queue_order[0]; i++) {
        queue_lane *lane = &queue->lanes[queue_order[i]];
        if (lane->first != NULL && lane != served)
            lane->passed++;
    }
    served->passed = 0;
}

/* Removes the request that is next, if it may run now, and, when it is to be a member of a group, if it may be that. */
static codedb_request *queue_remove_next(codedb_queue *queue, bool member)
{
    queue_lane *lane = &queue->lanes[QUEUE_LANE_OWNER];
    codedb_request *request;
    if (lane->first == NULL)
        lane = queue->transaction == 0 ? queue_lane_find(queue) : NULL;
    if (lane == NULL || (member && lane->first->role == CODEDB_ROLE_ALONE))
        return NULL;
    request = lane->first;
    if (!queue_is_owners(request))
        queue_lane_serve(queue, lane);
    queue_remove(queue, request);
    return request;
}

/* ---- The caller's side --------------------------------------------------------------------------------------------- */

static codedb_code queue_fail_timeout(codedb_queue *queue, codedb_request *request)
{
    queue->expired++;
    if (queue->transaction != 0 && !queue_is_owners(request))
        return codedb_fail(
            request->result, CODEDB_TIMEOUT,
            "the request waited %.3f seconds, its timeout, and was not run: thread 0x%llx has held transaction %llu "
            "for %.3f seconds",
            request->timeout, (unsigned long long)queue->owner, (unsigned long long)queue->transaction,
            codedb_monotonic_now() - queue->held_since);
    return codedb_fail(request->result, CODEDB_TIMEOUT, "the request waited %.3f seconds, its timeout, and was not run",
                       request->timeout);
}

/* Invariant 5; true when the driver must look earlier than it knew. */
static bool queue_note_expiry(codedb_queue *queue, const codedb_request *request)
{
    double expiry = atomic_load_explicit(&queue->expiry, memory_order_relaxed);
    if (request->answered_by == NULL || request->deadline == 0 || (expiry != 0 && expiry <= request->deadline))
        return false;
    atomic_store_explicit(&queue->expiry, request->deadline, memory_order_relaxed);
    return true;
}

static void queue_wake_driver(codedb_queue *queue, bool earlier)
{
    if (queue->driver_sleeps && (earlier || atomic_load_explicit(&queue->ready, memory_order_relaxed) > 0)) {
        queue->driver_sleeps = false;
        pthread_cond_signal(&queue->filled);
    }
}

/* Puts the request in, waiting for room when it must; anything but SUCCESS is its answer. */
static codedb_code queue_enter(codedb_queue *queue, codedb_request *request)
{
    bool bounded = !queue_is_owners(request);
    bool in_time = true;
    /* A queue that is closed says so first: the owner cannot end the transaction any more, and the driver does when it stops. */
    if (!queue->closed && bounded && queue->transaction != 0 && queue->owner == request->caller)
        return codedb_fail(request->result, CODEDB_TRANSACTION_ERROR,
                           "this thread (0x%llx) holds transaction %llu and would wait for itself; use the transaction's handle",
                           (unsigned long long)queue->owner, (unsigned long long)queue->transaction);
    while (!queue->closed && bounded && queue->size >= queue->capacity) {
        if (request->do_not_wait) {
            queue->rejected++;
            return codedb_fail(request->result, CODEDB_QUEUE_FULL, "the queue is full with %zu requests", queue->capacity);
        }
        if (!in_time)
            return queue_fail_timeout(queue, request);
        queue->room_waiters++;
        in_time = codedb_condition_wait(&queue->drained, &queue->lock, request->deadline);
        queue->room_waiters--;
    }
    if (queue->closed && request->kind != CODEDB_REQUEST_STOP)
        return codedb_fail(request->result, CODEDB_CONNECTION_ERROR, "the database is closed");
    queue_put(queue, request);
    queue_wake_driver(queue, queue_note_expiry(queue, request));
    return CODEDB_SUCCESS;
}

static double queue_deadline(const codedb_request *request, double now)
{
    return request->timeout < 0 ? 0 : now + request->timeout;
}

/* For the caller, or for the driver when it gets the request at once. */
static void queue_begin_time(codedb_request *request, double now)
{
    request->submitted = now;
    request->deadline = queue_deadline(request, now);
    request->near_source = NULL;
}

static bool queue_is_answered(const codedb_request *request)
{
    return atomic_load_explicit(&request->state, memory_order_acquire) == CODEDB_REQUEST_ANSWERED;
}

static bool queue_spin_for_answer(codedb_queue *queue, const codedb_request *request)
{
    unsigned spin = codedb_spin_limit(&queue->caller_spin);
    for (; spin > 0; spin--) {
        if (queue_is_answered(request)) {
            codedb_spin_learn(&queue->caller_spin, true);
            return true;
        }
        codedb_pause();
    }
    codedb_spin_learn(&queue->caller_spin, false);
    return false;
}

static bool queue_yield_for_answer(const codedb_request *request)
{
    double until = codedb_monotonic_now() + QUEUE_CALLER_WINDOW;
    do {
        sched_yield();
        if (queue_is_answered(request))
            return true;
    } while (codedb_monotonic_now() < until);
    return false;
}

/* Spins and yields; true when the answer has come. Only some callers do so at a time: a yield goes round them all before
 * the driver has its CPU again. Fewer would sleep instead, which costs a wake-up each: with 8 readers on 2 CPUs twice the processor time. */
static bool queue_await_awake(codedb_queue *queue, const codedb_request *request)
{
    bool answered = false;
    if (atomic_fetch_add_explicit(&queue->yielders, 1, memory_order_relaxed) < QUEUE_YIELDERS_LARGEST)
        answered = queue_spin_for_answer(queue, request) || queue_yield_for_answer(request);
    atomic_fetch_sub_explicit(&queue->yielders, 1, memory_order_relaxed);
    return answered;
}

/* Without anything to sleep on. */
static codedb_code queue_await_yielding(const codedb_request *request)
{
    while (!queue_is_answered(request))
        sched_yield();
    return request->code;
}

/* Takes a request whose time is over out of its lane; false when the driver has it. */
static bool queue_give_up(codedb_queue *queue, codedb_request *request)
{
    bool queued;
    pthread_mutex_lock(&queue->lock);
    queued = request->queued;
    if (queued) {
        queue_remove(queue, request);
        request->code = queue_fail_timeout(queue, request);
    }
    pthread_mutex_unlock(&queue->lock);
    return queued;
}

/* Sleeps until the answer has come, or until the request's time is over and it is still in its lane. A lock of its own: those who are
 * woken at the same time would wait for each other and for the driver at the queue's. */
static codedb_code queue_await_asleep(codedb_queue *queue, codedb_request *request)
{
    int waited_for = CODEDB_REQUEST_WAITED_FOR;
    double deadline = queue_deadline(request, codedb_monotonic_now()); /* the request's own may be the driver's to write */
    bool given_up = false;
    if (pthread_mutex_init(&request->lock, NULL) != 0)
        return queue_await_yielding(request);
    if (!codedb_condition_init(&request->answered)) {
        pthread_mutex_destroy(&request->lock);
        return queue_await_yielding(request);
    }
    pthread_mutex_lock(&request->lock);
    atomic_compare_exchange_strong(&request->state, &waited_for, CODEDB_REQUEST_SLEPT_FOR);
    while (!queue_is_answered(request) && !given_up) {
        if (!codedb_condition_wait(&request->answered, &request->lock, deadline)) {
            given_up = queue_give_up(queue, request);
            deadline = 0;
        }
    }
    pthread_mutex_unlock(&request->lock);
    pthread_cond_destroy(&request->answered);
    pthread_mutex_destroy(&request->lock);
    return request->code;
}

CODEDB_PRIVATE uint64_t codedb_queue_caller(void)
{
    pthread_t self = pthread_self();
    uint64_t caller = 0;
    memcpy(&caller, &self, sizeof self < sizeof caller ? sizeof self : sizeof caller);
    return caller;
}

/* Invariant 7; true when the driver has the request. */
static bool queue_hand_over(codedb_queue *queue, codedb_request *request)
{
    uintptr_t open = QUEUE_HATCH_OPEN;
    return request->role == CODEDB_ROLE_READS && request->answered_by == NULL &&
           atomic_compare_exchange_strong_explicit(&queue->hatch, &open, (uintptr_t)request, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

static codedb_code queue_start(codedb_queue *queue, codedb_request *request)
{
    codedb_code entered;
    request->role = codedb_request_find_role(request);
    request->queued = false;
    atomic_init(&request->state, CODEDB_REQUEST_WAITED_FOR);
    atomic_init(&request->cancelled, false);
    if (queue_hand_over(queue, request))
        return CODEDB_SUCCESS;
    queue_begin_time(request, codedb_monotonic_now());
    queue_fetch_lock(queue);
    pthread_mutex_lock(&queue->lock);
    entered = queue_enter(queue, request);
    pthread_mutex_unlock(&queue->lock);
    return entered;
}

CODEDB_PRIVATE codedb_code codedb_queue_ask(codedb_queue *queue, codedb_request *request)
{
    request->answered_by = NULL;
    request->caller = codedb_queue_caller();
    return queue_start(queue, request);
}

CODEDB_PRIVATE codedb_code codedb_queue_wait(codedb_queue *queue, codedb_request *request)
{
    if (queue_await_awake(queue, request))
        return request->code;
    return queue_await_asleep(queue, request);
}

CODEDB_PRIVATE codedb_code codedb_queue_call(codedb_queue *queue, codedb_request *request)
{
    codedb_code code = codedb_queue_ask(queue, request);
    return code == CODEDB_SUCCESS ? codedb_queue_wait(queue, request) : code;
}

CODEDB_PRIVATE codedb_code codedb_queue_submit(codedb_queue *queue, codedb_request *request)
{
    request->do_not_wait = true;
    return queue_start(queue, request);
}

/* ---- The driver's side --------------------------------------------------------------------------------------------- */

static void queue_counter_add(queue_counter *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more, memory_order_relaxed);
}

static void queue_counter_raise(queue_counter *counter, uint64_t value)
{
    if (value > atomic_load_explicit(counter, memory_order_relaxed))
        atomic_store_explicit(counter, value, memory_order_relaxed);
}

static void queue_count_time(double seconds, queue_counter *total, queue_counter *maximum, queue_counter *histogram)
{
    uint64_t nanoseconds = seconds > 0 ? (uint64_t)(seconds * 1e9) : 0;
    uint64_t microseconds = nanoseconds / 1000;
    size_t bucket = 0;
    for (; microseconds != 0 && bucket + 1 < QUEUE_HISTOGRAM; microseconds >>= 1)
        bucket++;
    queue_counter_add(total, nanoseconds);
    queue_counter_add(&histogram[bucket], 1);
    queue_counter_raise(maximum, nanoseconds);
}

static bool queue_lanes_are_ready(const codedb_queue *queue)
{
    return atomic_load_explicit(&queue->ready, memory_order_acquire) > 0;
}

CODEDB_PRIVATE bool codedb_queue_has_ready(const codedb_queue *queue)
{
    return queue->handed != NULL || queue_lanes_are_ready(queue);
}

/* Whether there is a reason to look out no longer. What came through the hatch is fetched at once. */
static bool queue_is_called(const codedb_queue *queue)
{
    uintptr_t hatch = atomic_load_explicit(&queue->hatch, memory_order_acquire);
    if (hatch > QUEUE_HATCH_OPEN) {
        codedb_request_fetch((const codedb_request *)hatch); /* NOLINT(performance-no-int-to-ptr) */
        return true;
    }
    return queue_lanes_are_ready(queue);
}

/* Spins and yields until something has come, or the window is over. */
static void queue_watch(codedb_queue *queue)
{
    unsigned spin = codedb_spin_limit(&queue->driver_spin);
    double until;
    for (; spin > 0; spin--) {
        if (queue_is_called(queue)) {
            codedb_spin_learn(&queue->driver_spin, true);
            return;
        }
        codedb_pause();
    }
    codedb_spin_learn(&queue->driver_spin, false);
    until = codedb_monotonic_now() + QUEUE_DRIVER_WINDOW;
    do {
        sched_yield();
    } while (!queue_is_called(queue) && codedb_monotonic_now() < until);
}

/* Invariant 7. */
static void queue_look_out(codedb_queue *queue)
{
    codedb_request *request;
    uintptr_t found;
    if (queue->transaction == 0) /* which only this thread changes */
        atomic_store_explicit(&queue->hatch, QUEUE_HATCH_OPEN, memory_order_relaxed);
    queue_watch(queue);
    found = atomic_load_explicit(&queue->hatch, memory_order_acquire);
    if (found <= QUEUE_HATCH_OPEN)
        found = atomic_exchange_explicit(&queue->hatch, QUEUE_HATCH_SHUT, memory_order_acq_rel);
    else /* only this thread takes a request out, so that a store is enough, which nobody has to wait for */
        atomic_store_explicit(&queue->hatch, QUEUE_HATCH_SHUT, memory_order_relaxed);
    if (found <= QUEUE_HATCH_OPEN)
        return;
    request = (codedb_request *)found; /* NOLINT(performance-no-int-to-ptr) */
    if (!queue_lanes_are_ready(queue)) {
        queue->handed = request;
        queue_counter_add(&queue->handed_total, 1);
        return;
    }
    queue_begin_time(request, codedb_monotonic_now());
    pthread_mutex_lock(&queue->lock);
    queue_put(queue, request);
    pthread_mutex_unlock(&queue->lock);
}

/* The deadline, or when a request expires that has come since the driver thought of one: one that waits for a transaction is not ready. */
static double queue_earlier_expiry(const codedb_queue *queue, double deadline)
{
    double expiry = atomic_load_explicit(&queue->expiry, memory_order_relaxed);
    return expiry != 0 && (deadline == 0 || expiry < deadline) ? expiry : deadline;
}

CODEDB_PRIVATE void codedb_queue_await(codedb_queue *queue, double deadline)
{
    bool in_time = true;
    if (deadline != 0 && codedb_monotonic_now() >= deadline)
        return;
    queue_look_out(queue);
    if (codedb_queue_has_ready(queue))
        return;
    pthread_mutex_lock(&queue->lock);
    deadline = queue_earlier_expiry(queue, deadline);
    queue->driver_sleeps = true;
    while (!codedb_queue_has_ready(queue) && queue->driver_sleeps && !queue->cancelled_running && in_time)
        in_time = codedb_condition_wait(&queue->filled, &queue->lock, deadline);
    queue->driver_sleeps = false;
    queue->cancelled_running = false;
    pthread_mutex_unlock(&queue->lock);
}

/* Takes a request without a caller that is due out of its lane, or says when the next one will be. */
static codedb_request *queue_remove_expired(codedb_queue *queue, double now)
{
    double next = 0;
    size_t i, left;
    for (i = 0; i < QUEUE_LANES; i++) {
        codedb_request *request = queue->lanes[i].first;
        for (left = queue->lanes[i].size; left > 0; left--, request = request->next) {
            if (request->answered_by == NULL || request->deadline == 0)
                continue;
            if (request->deadline <= now) {
                queue_remove(queue, request);
                return request;
            }
            if (next == 0 || request->deadline < next)
                next = request->deadline;
        }
    }
    atomic_store_explicit(&queue->expiry, next, memory_order_relaxed);
    return NULL;
}

/* Invariant 5. */
static void queue_expire_waiting(codedb_queue *queue, double now)
{
    codedb_request *request;
    do {
        pthread_mutex_lock(&queue->lock);
        request = queue_remove_expired(queue, now);
        if (request != NULL)
            request->code = queue_fail_timeout(queue, request);
        pthread_mutex_unlock(&queue->lock);
        if (request != NULL)
            request->answered_by(request);
    } while (request != NULL);
}

/* The request that is next, fetched. The time of one that came through the hatch begins now. */
static codedb_request *queue_take_next(codedb_queue *queue, bool member, double now)
{
    codedb_request *request = queue->handed;
    if (request != NULL) {
        queue->handed = NULL;
        queue_begin_time(request, now);
        return request;
    }
    pthread_mutex_lock(&queue->lock);
    request = queue_remove_next(queue, member);
    pthread_mutex_unlock(&queue->lock);
    if (request != NULL)
        codedb_request_fetch(request);
    return request;
}

static codedb_request *queue_take(codedb_queue *queue, bool member)
{
    double expiry = atomic_load_explicit(&queue->expiry, memory_order_relaxed);
    codedb_request *request;
    double now;
    if (queue->handed == NULL && queue_lanes_are_ready(queue)) {
        queue_fetch_lock(queue);
        codedb_request_fetch(atomic_load_explicit(&queue->newest, memory_order_relaxed));
    }
    now = codedb_monotonic_now();
    if (expiry != 0 && expiry <= now)
        queue_expire_waiting(queue, now);
    if (!codedb_queue_has_ready(queue))
        return NULL;
    request = queue_take_next(queue, member, now);
    if (request != NULL) {
        request->taken = now;
        queue_count_time(now - request->submitted, &queue->wait_total, &queue->wait_maximum, queue->wait_histogram);
    }
    return request;
}

CODEDB_PRIVATE codedb_request *codedb_queue_take(codedb_queue *queue)
{
    return queue_take(queue, false);
}

CODEDB_PRIVATE codedb_request *codedb_queue_take_member(codedb_queue *queue)
{
    return queue_take(queue, true);
}

CODEDB_PRIVATE bool codedb_queue_has_writes(const codedb_queue *queue)
{
    return atomic_load_explicit(&queue->writes, memory_order_relaxed) > 0;
}

CODEDB_PRIVATE double codedb_queue_expiry(const codedb_queue *queue)
{
    return atomic_load_explicit(&queue->expiry, memory_order_relaxed);
}

/* A request that ended in time counts as processed, one that was interrupted likewise; one that expired before it ran does not. */
static void queue_count_answer(codedb_queue *queue, double taken, codedb_code code)
{
    double now = codedb_monotonic_now();
    queue_count_time(now - taken, &queue->run_total, &queue->run_maximum, queue->run_histogram);
    queue_counter_add(&queue->processed, 1);
    if (code == CODEDB_TIMEOUT)
        queue_counter_add(&queue->interrupted, 1);
    if (code == CODEDB_CANCELLED)
        queue_counter_add(&queue->cancelled, 1);
}

static void queue_wake_caller(codedb_request *request)
{
    int waited_for = CODEDB_REQUEST_WAITED_FOR;
    if (request->answered_by != NULL) {
        request->answered_by(request);
        return;
    }
    codedb_request_give_near_rows(request);
    if (atomic_compare_exchange_strong_explicit(&request->state, &waited_for, CODEDB_REQUEST_ANSWERED, memory_order_acq_rel,
                                                memory_order_acquire))
        return;
    pthread_mutex_lock(&request->lock);
    atomic_store_explicit(&request->state, CODEDB_REQUEST_ANSWERED, memory_order_release);
    pthread_cond_signal(&request->answered);
    pthread_mutex_unlock(&request->lock);
}

CODEDB_PRIVATE void codedb_queue_answer(codedb_queue *queue, codedb_request *request)
{
    double taken = request->taken;
    codedb_code code = request->code;
    if (request->answered_by != NULL) {
        queue_count_answer(queue, taken, code);
        request->answered_by(request);
        return;
    }
    /* Whoever waits need not wait for this as well. Those who want to know the counts do: see codedb_queue_statistics. */
    atomic_store_explicit(&queue->counting, true, memory_order_relaxed);
    queue_wake_caller(request);
    queue_count_answer(queue, taken, code);
    atomic_store_explicit(&queue->counting, false, memory_order_release);
}

CODEDB_PRIVATE bool codedb_queue_expire(codedb_queue *queue, codedb_request *request)
{
    if (request->deadline == 0 || request->taken < request->deadline)
        return false;
    pthread_mutex_lock(&queue->lock);
    request->code = queue_fail_timeout(queue, request);
    pthread_mutex_unlock(&queue->lock);
    queue_wake_caller(request);
    return true;
}

CODEDB_PRIVATE void codedb_queue_hold(codedb_queue *queue, uint64_t transaction, uint64_t owner)
{
    pthread_mutex_lock(&queue->lock);
    queue->transaction = transaction;
    queue->owner = owner;
    queue->held_since = codedb_monotonic_now();
    queue_count_ready(queue);
    pthread_mutex_unlock(&queue->lock);
}

CODEDB_PRIVATE void codedb_queue_count_commit(codedb_queue *queue)
{
    queue_counter_add(&queue->commits, 1);
}

CODEDB_PRIVATE void codedb_queue_count_group(codedb_queue *queue, size_t members)
{
    queue_counter_add(&queue->commits, 1);
    queue_counter_add(&queue->groups, 1);
    queue_counter_add(&queue->grouped, members);
    queue_counter_raise(&queue->group_largest, members);
}

CODEDB_PRIVATE void codedb_queue_count_batch(codedb_queue *queue, double seconds)
{
    queue_counter_raise(&queue->batch_longest, (uint64_t)(seconds * 1e9));
}

/* ---- Both sides ---------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_queue_cancel(codedb_queue *queue, codedb_request *request)
{
    bool waited;
    pthread_mutex_lock(&queue->lock);
    waited = request->queued;
    if (waited) {
        queue_remove(queue, request);
        queue->withdrawn++;
        request->code = codedb_fail(request->result, CODEDB_CANCELLED, "the request was cancelled and not run");
    } else {
        atomic_store_explicit(&request->cancelled, true, memory_order_relaxed);
        queue->cancelled_running = true;
        queue_wake_driver(queue, true);
    }
    pthread_mutex_unlock(&queue->lock);
    if (waited)
        queue_wake_caller(request);
}

CODEDB_PRIVATE void codedb_queue_close(codedb_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->drained);
    pthread_mutex_unlock(&queue->lock);
}

static double queue_counter_seconds(const queue_counter *nanoseconds)
{
    return (double)atomic_load_explicit(nanoseconds, memory_order_relaxed) / 1e9;
}

CODEDB_PRIVATE void codedb_queue_statistics(codedb_queue *queue, codedb_statistics *statistics)
{
    size_t i;
    while (atomic_load_explicit(&queue->counting, memory_order_acquire))
        sched_yield();
    pthread_mutex_lock(&queue->lock);
    statistics->total = queue->total + atomic_load_explicit(&queue->handed_total, memory_order_relaxed);
    statistics->expired = queue->expired;
    statistics->rejected = queue->rejected;
    statistics->size = queue->size + queue->lanes[QUEUE_LANE_OWNER].size;
    statistics->high_water = queue->high_water;
    if (statistics->high_water == 0 && statistics->total > 0)
        statistics->high_water = 1;
    statistics->capacity = queue->capacity;
    for (i = 0; i < 4; i++)
        statistics->pending[i] = queue->lanes[i].size;
    statistics->cancelled = queue->withdrawn + atomic_load_explicit(&queue->cancelled, memory_order_relaxed);
    pthread_mutex_unlock(&queue->lock);
    statistics->processed = atomic_load_explicit(&queue->processed, memory_order_relaxed);
    statistics->interrupted = atomic_load_explicit(&queue->interrupted, memory_order_relaxed);
    statistics->commits = atomic_load_explicit(&queue->commits, memory_order_relaxed);
    statistics->groups = atomic_load_explicit(&queue->groups, memory_order_relaxed);
    statistics->grouped = atomic_load_explicit(&queue->grouped, memory_order_relaxed);
    statistics->group_largest = atomic_load_explicit(&queue->group_largest, memory_order_relaxed);
    statistics->batch_longest = queue_counter_seconds(&queue->batch_longest);
    statistics->wait_total = queue_counter_seconds(&queue->wait_total);
    statistics->wait_maximum = queue_counter_seconds(&queue->wait_maximum);
    statistics->run_total = queue_counter_seconds(&queue->run_total);
    statistics->run_maximum = queue_counter_seconds(&queue->run_maximum);
    for (i = 0; i < QUEUE_HISTOGRAM; i++) {
        statistics->wait_histogram[i] = atomic_load_explicit(&queue->wait_histogram[i], memory_order_relaxed);
        statistics->run_histogram[i] = atomic_load_explicit(&queue->run_histogram[i], memory_order_relaxed);
    }
}
