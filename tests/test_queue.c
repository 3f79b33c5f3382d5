/* Proves codedb_queue.c without any database: this thread plays the driver, other threads the callers, and neither sleeps to
 * synchronize. Numbers of invariants are those at the top of the file. */
#include "driver_fixture.h"

#include <sched.h>

#define CALLERS 64

typedef struct caller {
    codedb_queue *queue;
    codedb_request request;
    codedb_result result;
    codedb_code code;
    pthread_t thread;
} caller;

static codedb_queue *queue;
static caller callers[CALLERS];

static int open_queue(void **state)
{
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    (void)state;
    return codedb_queue_create(&allocator, 40, &queue, NULL) == CODEDB_SUCCESS ? 0 : -1;
}

static int close_queue(void **state)
{
    (void)state;
    codedb_queue_destroy(queue);
    return 0;
}

static void *call(void *argument)
{
    caller *self = argument;
    self->code = codedb_queue_call(self->queue, &self->request);
    return NULL;
}

static caller *prepare(size_t number, codedb_priority priority)
{
    caller *self = &callers[number];
    memset(self, 0, sizeof *self);
    self->queue = queue;
    self->result.struct_size = sizeof self->result;
    self->request.kind = CODEDB_REQUEST_RUN;
    self->request.priority = priority;
    self->request.timeout = -1;
    self->request.result = &self->result;
    return self;
}

static codedb_statistics now(void)
{
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    codedb_queue_statistics(queue, &statistics);
    return statistics;
}

/* Starts a caller, and returns when its request is in the queue. */
static void start(caller *self)
{
    uint64_t before = now().total;
    assert_int_equal(pthread_create(&self->thread, NULL, call, self), 0);
    while (now().total == before)
        sched_yield();
}

/* The next request, waiting for it until `deadline` (0: for ever). */
static codedb_request *take(double deadline)
{
    codedb_request *request;
    do {
        codedb_queue_await(queue, deadline);
        request = codedb_queue_take(queue);
    } while (request == NULL && (deadline == 0 || codedb_monotonic_now() < deadline));
    return request;
}

static void answer(codedb_request *request, codedb_code code)
{
    request->code = code;
    codedb_queue_answer(queue, request);
}

static void join(caller *self, codedb_code code)
{
    pthread_join(self->thread, NULL);
    assert_int_equal(self->code, code);
}

/* Takes the next request, which must be that of the given caller, and ends it. */
static void assert_next(size_t number)
{
    codedb_request *request = take(0);
    assert_ptr_equal(request, &callers[number].request);
    answer(request, CODEDB_SUCCESS);
    join(&callers[number], CODEDB_SUCCESS);
}

static void requests_of_one_priority_come_in_their_order(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < 8; i++)
        start(prepare(i, CODEDB_PRIORITY_NORMAL));
    assert_int_equal(now().size, 8);
    assert_int_equal(now().pending[CODEDB_PRIORITY_NORMAL], 8);
    for (i = 0; i < 8; i++)
        assert_next(i);
    assert_int_equal(now().size, 0);
    assert_int_equal(now().high_water, 8);
    assert_int_equal(now().processed, 8);
}

static void higher_priorities_come_first(void **state)
{
    (void)state;
    start(prepare(0, CODEDB_PRIORITY_LOW));
    start(prepare(1, CODEDB_PRIORITY_NORMAL));
    start(prepare(2, CODEDB_PRIORITY_HIGH));
    start(prepare(3, CODEDB_PRIORITY_URGENT));
    assert_next(3);
    assert_next(2);
    assert_next(1);
    assert_next(0);
}

static void a_low_priority_is_not_starved(void **state)
{
    codedb_request *request;
    size_t i, served = 0;
    (void)state;
    start(prepare(0, CODEDB_PRIORITY_LOW));
    for (i = 1; i < 31; i++)
        start(prepare(i, CODEDB_PRIORITY_URGENT));
    do {
        request = take(0);
        answer(request, CODEDB_SUCCESS);
        served++;
    } while (request != &callers[0].request);
    assert_true(served > 8);
    assert_true(served < 20);
    for (; served < 31; served++)
        answer(take(0), CODEDB_SUCCESS);
    for (i = 0; i < 31; i++)
        join(&callers[i], CODEDB_SUCCESS);
}

static void a_full_ring_refuses_who_does_not_wait(void **state)
{
    caller *refused;
    size_t i;
    (void)state;
    for (i = 0; i < 40; i++)
        start(prepare(i, CODEDB_PRIORITY_NORMAL));
    refused = prepare(40, CODEDB_PRIORITY_URGENT);
    refused->request.do_not_wait = true;
    assert_int_equal(codedb_queue_call(queue, &refused->request), CODEDB_QUEUE_FULL);
    assert_string_equal(refused->result.description, "the queue is full with 40 requests");
    assert_int_equal(now().rejected, 1);
    refused = prepare(40, CODEDB_PRIORITY_NORMAL);
    refused->request.timeout = 0.01;
    assert_int_equal(codedb_queue_call(queue, &refused->request), CODEDB_TIMEOUT);
    assert_int_equal(now().expired, 1);
    /* One that waits gets the first place that becomes free. */
    assert_int_equal(pthread_create(&prepare(40, CODEDB_PRIORITY_NORMAL)->thread, NULL, call, &callers[40]), 0);
    for (i = 0; i < 41; i++)
        assert_next(i);
}

static void a_request_that_expires_while_it_waits_is_never_taken(void **state)
{
    caller *late = prepare(0, CODEDB_PRIORITY_NORMAL);
    (void)state;
    late->request.timeout = 0.005;
    start(late);
    join(late, CODEDB_TIMEOUT);
    assert_non_null(strstr(late->result.description, "was not run"));
    assert_null(take(1e-9));
    assert_int_equal(now().expired, 1);
    assert_int_equal(now().processed, 0);
}

static void one_that_expired_is_not_run_even_if_it_was_taken(void **state)
{
    caller *late = prepare(0, CODEDB_PRIORITY_NORMAL);
    codedb_request *request;
    (void)state;
    late->request.timeout = 1e-9;
    start(late);
    request = take(codedb_monotonic_now() + 1);
    if (request != NULL)
        assert_true(codedb_queue_expire(queue, request));
    join(late, CODEDB_TIMEOUT);
    assert_int_equal(now().expired, 1);
    start(prepare(1, CODEDB_PRIORITY_NORMAL));
    request = take(0);
    assert_false(codedb_queue_expire(queue, request));
    answer(request, CODEDB_NOT_FOUND);
    join(&callers[1], CODEDB_NOT_FOUND);
}

static void a_held_queue_gives_only_what_the_owner_sends(void **state)
{
    (void)state;
    start(prepare(0, CODEDB_PRIORITY_URGENT));
    codedb_queue_hold(queue, 7, codedb_queue_caller());
    assert_null(take(1e-9));
    prepare(1, CODEDB_PRIORITY_LOW)->request.transaction = 7;
    start(&callers[1]);
    assert_next(1);
    prepare(2, CODEDB_PRIORITY_NORMAL);
    assert_int_equal(codedb_queue_call(queue, &callers[2].request), CODEDB_TRANSACTION_ERROR);
    codedb_queue_hold(queue, 0, 0);
    assert_next(0);
}

static void a_closed_queue_takes_no_more_but_gives_what_it_has(void **state)
{
    (void)state;
    start(prepare(0, CODEDB_PRIORITY_NORMAL));
    codedb_queue_close(queue);
    prepare(1, CODEDB_PRIORITY_NORMAL);
    assert_int_equal(codedb_queue_call(queue, &callers[1].request), CODEDB_CONNECTION_ERROR);
    prepare(2, CODEDB_PRIORITY_NORMAL)->request.kind = CODEDB_REQUEST_STOP;
    start(&callers[2]);
    assert_next(2);
    assert_next(0);
}

/* It can no longer be told to end its transaction first. */
static void a_closed_queue_says_so_to_an_owner_too(void **state)
{
    (void)state;
    codedb_queue_hold(queue, 7, codedb_queue_caller());
    codedb_queue_close(queue);
    assert_int_equal(codedb_queue_call(queue, &prepare(0, CODEDB_PRIORITY_NORMAL)->request), CODEDB_CONNECTION_ERROR);
}

static void *play_driver(void *argument)
{
    codedb_request *request;
    bool stop;
    (void)argument;
    do {
        request = take(0);
        stop = request->kind == CODEDB_REQUEST_STOP;
        request->code = CODEDB_SUCCESS;
        codedb_queue_answer(queue, request); /* it is its caller's again */
    } while (!stop);
    return NULL;
}

static void *call_often(void *argument)
{
    caller *self = argument;
    int i;
    for (i = 0; i < 2000; i++) {
        codedb_request request;
        memset(&request, 0, sizeof request);
        request.priority = (codedb_priority)(i % 4);
        request.timeout = -1;
        request.result = &self->result;
        if (codedb_queue_call(self->queue, &request) != CODEDB_SUCCESS)
            self->code = CODEDB_INTERNAL_ERROR;
    }
    return NULL;
}

static void every_call_of_many_threads_is_answered_once(void **state)
{
    codedb_statistics statistics;
    uint64_t waited = 0, run = 0;
    pthread_t driver;
    caller *last;
    size_t i;
    (void)state;
    for (i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&prepare(i, CODEDB_PRIORITY_NORMAL)->thread, NULL, call_often, &callers[i]), 0);
    assert_int_equal(pthread_create(&driver, NULL, play_driver, NULL), 0);
    for (i = 0; i < 8; i++)
        join(&callers[i], CODEDB_SUCCESS);
    statistics = now();
    for (i = 0; i < 32; i++) {
        waited += statistics.wait_histogram[i];
        run += statistics.run_histogram[i];
    }
    assert_int_equal(statistics.total, 16000);
    assert_int_equal(statistics.processed, 16000);
    assert_int_equal(waited, 16000);
    assert_int_equal(run, 16000);
    assert_true(statistics.high_water <= 8);
    last = prepare(8, CODEDB_PRIORITY_NORMAL);
    last->request.kind = CODEDB_REQUEST_STOP;
    assert_int_equal(codedb_queue_call(queue, &last->request), CODEDB_SUCCESS);
    pthread_join(driver, NULL);
}

static void count_answer(codedb_request *request)
{
    int *answers = request->context;
    ++*answers;
}

/* A request that nobody waits for, as a child process has them. */
static caller *submit(size_t number, double timeout, int *answers, codedb_code expected)
{
    caller *self = prepare(number, CODEDB_PRIORITY_NORMAL);
    self->request.timeout = timeout;
    self->request.answered_by = count_answer;
    self->request.context = answers;
    assert_int_equal(codedb_queue_submit(queue, &self->request), expected);
    return self;
}

static void a_submitted_request_is_answered_by_its_function(void **state)
{
    codedb_request *request;
    int answers = 0;
    size_t i;
    (void)state;
    assert_null(codedb_queue_take(queue));
    for (i = 0; i < 40; i++)
        submit(i, -1, &answers, CODEDB_SUCCESS);
    submit(40, -1, &answers, CODEDB_QUEUE_FULL);
    for (i = 0; i < 40; i++) {
        request = codedb_queue_take(queue);
        assert_ptr_equal(request, &callers[i].request);
        assert_int_equal(answers, i);
        answer(request, CODEDB_SUCCESS);
    }
    assert_null(codedb_queue_take(queue));
    assert_int_equal(answers, 40);
}

/* Invariant 5. */
static void a_submitted_request_whose_time_is_over_is_answered_by_the_next_take(void **state)
{
    int answers = 0;
    (void)state;
    codedb_queue_hold(queue, 7, 1);
    submit(0, 1000, &answers, CODEDB_SUCCESS);
    submit(1, 0.001, &answers, CODEDB_SUCCESS);
    assert_true(codedb_queue_expiry(queue) == callers[1].request.deadline);
    while (answers == 0) {
        codedb_queue_await(queue, codedb_queue_expiry(queue));
        assert_null(codedb_queue_take(queue));
    }
    assert_int_equal(callers[1].request.code, CODEDB_TIMEOUT);
    assert_int_equal(now().expired, 1);
    assert_true(codedb_queue_expiry(queue) == callers[0].request.deadline);
    codedb_queue_hold(queue, 0, 0);
    answer(codedb_queue_take(queue), CODEDB_SUCCESS);
    assert_int_equal(answers, 2);
}

/* Invariant 5: the driver has thought of a time to wake at, and then one comes that is due before. */
static void one_that_comes_while_the_driver_goes_to_sleep_expires_in_time(void **state)
{
    double late = codedb_monotonic_now() + 60;
    int answers = 0;
    (void)state;
    codedb_queue_hold(queue, 7, 1);
    submit(0, 0.001, &answers, CODEDB_SUCCESS);
    while (answers == 0) {
        codedb_queue_await(queue, late);
        assert_true(codedb_monotonic_now() < late);
        assert_null(codedb_queue_take(queue));
    }
    assert_int_equal(callers[0].request.code, CODEDB_TIMEOUT);
    codedb_queue_hold(queue, 0, 0);
}

int main(void)
{
#define QUEUE_TEST(test) cmocka_unit_test_setup_teardown(test, open_queue, close_queue)
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(requests_of_one_priority_come_in_their_order),
        QUEUE_TEST(higher_priorities_come_first),
        QUEUE_TEST(a_low_priority_is_not_starved),
        QUEUE_TEST(a_full_ring_refuses_who_does_not_wait),
        QUEUE_TEST(a_request_that_expires_while_it_waits_is_never_taken),
        QUEUE_TEST(one_that_expired_is_not_run_even_if_it_was_taken),
        QUEUE_TEST(a_held_queue_gives_only_what_the_owner_sends),
        QUEUE_TEST(a_closed_queue_takes_no_more_but_gives_what_it_has),
        QUEUE_TEST(a_closed_queue_says_so_to_an_owner_too),
        QUEUE_TEST(a_submitted_request_is_answered_by_its_function),
        QUEUE_TEST(a_submitted_request_whose_time_is_over_is_answered_by_the_next_take),
        QUEUE_TEST(one_that_comes_while_the_driver_goes_to_sleep_expires_in_time),
        QUEUE_TEST(every_call_of_many_threads_is_answered_once),
    };
#undef QUEUE_TEST
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
