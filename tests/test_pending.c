/* Proves codedb_pending.c: operations that are submitted and answered later, and their cancel. A held transaction keeps the queue from
 * moving where a test needs that, so that nothing depends on time. */
#include "support.h"

#include <pthread.h>
#include <sched.h>

static codedb *db;
static codedb_result result = CODEDB_INIT(codedb_result);

static void run_sql(const char *sql)
{
    assert_success(codedb_sql_execute(db, sql, NULL, 0, NULL, NULL, &result), result);
}

static int64_t count_people(void)
{
    codedb_rows *rows;
    int64_t count;
    assert_success(codedb_sql_execute(db, "SELECT count(*) FROM people", NULL, 0, &rows, NULL, &result), result);
    count = rows->values[0].as.integer;
    codedb_free(rows);
    return count;
}

static int open_people(void **state)
{
    (void)state;
    assert_success(support_open(":memory:", &db, &result), result);
    run_sql("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    return 0;
}

static int close_people(void **state)
{
    (void)state;
    codedb_close(db);
    codedb_result_clear(&result);
    return 0;
}

static codedb_column person(const char *name)
{
    codedb_column column = {"name", codedb_value_text(name)};
    return column;
}

static codedb_pending *submit_person(const char *name, const codedb_submit_options *options)
{
    codedb_column row = person(name);
    codedb_pending *pending;
    assert_success(codedb_submit_insert(db, "people", &row, 1, options, &pending, &result), result);
    return pending;
}

/* Its answer; it is freed. */
static void assert_ends(codedb_pending *pending, codedb_code code)
{
    assert_code(codedb_pending_answer(pending, NULL, NULL, &result), code, result);
    codedb_pending_free(pending);
}

/* ---- submitting ---- */

static void each_operation_is_answered_later(void **state)
{
    codedb_column ada = person("Ada"), grace = person("Grace"), anita = person("Anita");
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_value parameter = codedb_value_text("Grace");
    codedb_pending *inserted, *updated, *deleted, *selected, *executed;
    codedb_changes changes;
    codedb_rows *rows;
    (void)state;
    assert_success(codedb_submit_insert(db, "people", &ada, 1, NULL, &inserted, &result), result);
    assert_success(codedb_submit_update(db, "people", &ada, 1, &grace, 1, NULL, &updated, &result), result);
    assert_success(codedb_submit_delete(db, "people", &anita, 1, NULL, &deleted, &result), result);
    select.where = &grace;
    select.where_count = 1;
    assert_success(codedb_submit_select(db, "people", &select, NULL, &selected, &result), result);
    assert_success(codedb_submit_execute(db, "SELECT id FROM people WHERE name = ?", &parameter, 1, NULL, &executed, &result),
                   result);
    assert_success(codedb_pending_answer(inserted, NULL, &changes, &result), result);
    assert_int_equal(changes.last_insert_id, 1);
    assert_success(codedb_pending_answer(updated, NULL, &changes, &result), result);
    assert_int_equal(changes.affected_rows, 1);
    assert_success(codedb_pending_answer(deleted, NULL, &changes, &result), result);
    assert_int_equal(changes.affected_rows, 0);
    assert_success(codedb_pending_answer(selected, &rows, NULL, &result), result);
    assert_int_equal(rows->row_count, 1);
    assert_string_equal(rows->values[1].as.text, "Grace");
    codedb_free(rows);
    assert_success(codedb_pending_answer(selected, &rows, NULL, &result), result);
    assert_null(rows); /* the first who asked has them */
    assert_success(codedb_pending_answer(executed, &rows, NULL, &result), result);
    assert_int_equal(rows->values[0].as.integer, 1);
    codedb_free(rows);
    codedb_pending_free(inserted);
    codedb_pending_free(updated);
    codedb_pending_free(deleted);
    codedb_pending_free(selected);
    codedb_pending_free(executed);
}

static void what_was_given_may_change_behind_the_call(void **state)
{
    char table[] = "people", column[] = "name", name[] = "Ada";
    codedb_column row = {column, codedb_value_text(name)};
    codedb_pending *pending;
    codedb *transaction;
    codedb_rows *rows;
    (void)state;
    assert_success(codedb_transaction_begin(db, &transaction, &result), result);
    assert_success(codedb_submit_insert(transaction, table, &row, 1, NULL, &pending, &result), result);
    memset(table, 'x', sizeof table - 1);
    memset(column, 'x', sizeof column - 1);
    memset(name, 'x', sizeof name - 1);
    assert_ends(pending, CODEDB_SUCCESS);
    assert_success(codedb_transaction_commit(transaction, &result), result);
    codedb_close(transaction);
    assert_success(codedb_submit_execute(db, "SELECT 1 FROM people WHERE name = 'Ada'", NULL, 0, NULL, &pending, &result),
                   result);
    assert_success(codedb_pending_answer(pending, &rows, NULL, &result), result);
    assert_int_equal(rows->row_count, 1);
    codedb_free(rows);
    codedb_pending_free(pending);
}

static void an_error_is_told_with_its_words(void **state)
{
    codedb_pending *pending;
    (void)state;
    run_sql("INSERT INTO people (name) VALUES ('Ada')");
    pending = submit_person("Ada", NULL);
    assert_code(codedb_pending_answer(pending, NULL, NULL, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "UNIQUE");
    assert_ends(pending, CODEDB_VALIDATION_ERROR);
}

static void what_makes_no_sense_is_not_submitted(void **state)
{
    codedb_column row = person("Ada");
    codedb_submit_options unset = {0};
    codedb_pending *pending = (codedb_pending *)&row;
    codedb_batch *batch;
    (void)state;
    assert_code(codedb_submit_insert(NULL, "people", &row, 1, NULL, &pending, &result), CODEDB_INVALID_REQUEST, result);
    assert_null(pending);
    assert_code(codedb_submit_insert(db, "people", &row, 1, NULL, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_submit_insert(db, "people", &row, 1, &unset, &pending, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_submit_update(db, "people", NULL, 0, &row, 1, NULL, &pending, &result), CODEDB_VALIDATION_ERROR, result);
    assert_code(codedb_submit_delete(db, "people", NULL, 0, NULL, &pending, &result), CODEDB_VALIDATION_ERROR, result);
    assert_code(codedb_submit_select(NULL, "people", NULL, NULL, &pending, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_submit_execute(db, NULL, NULL, 0, NULL, &pending, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_batch_submit(NULL, NULL, &pending, &result), CODEDB_INVALID_REQUEST, result);
    assert_success(codedb_batch_create(db, &batch, &result), result);
    assert_code(codedb_batch_submit(batch, NULL, NULL, &result), CODEDB_INVALID_REQUEST, result);
    codedb_batch_free(batch);
    assert_code(codedb_pending_answer(NULL, NULL, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_int_equal(codedb_pending_wait(NULL, -1), 0);
    codedb_pending_cancel(NULL);
    codedb_pending_free(NULL);
}

static void a_batch_is_kept_until_it_is_answered(void **state)
{
    codedb_column row = person("Ada");
    codedb_pending *pending, *other;
    codedb_batch *batch;
    (void)state;
    assert_success(codedb_batch_create(db, &batch, &result), result);
    assert_int_equal(codedb_batch_insert(batch, "people", &row, 1), 0);
    assert_success(codedb_batch_submit(batch, NULL, &pending, &result), result);
    assert_code(codedb_batch_submit(batch, NULL, &other, &result), CODEDB_INVALID_REQUEST, result);
    assert_int_equal(codedb_pending_wait(pending, -1), 1);
    assert_int_equal(codedb_batch_value(batch, 0), 1);
    codedb_batch_free(batch);
    assert_ends(pending, CODEDB_SUCCESS);
    assert_success(codedb_batch_create(db, &batch, &result), result);
    row = person("Grace");
    codedb_batch_insert(batch, "people", &row, 1);
    assert_success(codedb_batch_submit(batch, NULL, &pending, &result), result);
    codedb_batch_free(batch);
    codedb_pending_free(pending);
    assert_int_equal(count_people(), 2);
}

static void a_full_queue_takes_no_more_and_waits_for_nobody(void **state)
{
    codedb_column row = person("Ada");
    codedb_pending *refused;
    codedb *small, *transaction;
    (void)state;
    assert_success(
        codedb_open("{\"type\": \"sqlite\", \"config\": {\"path\": \":memory:\", \"queue_size\": 2}}", NULL, &small, &result),
        result);
    assert_success(codedb_sql_execute(small, "CREATE TABLE people (name TEXT)", NULL, 0, NULL, NULL, &result), result);
    assert_success(codedb_transaction_begin(small, &transaction, &result), result);
    /* The thread that holds the transaction would wait for itself. */
    assert_code(codedb_submit_insert(small, "people", &row, 1, NULL, &refused, &result), CODEDB_TRANSACTION_ERROR, result);
    assert_success(codedb_transaction_rollback(transaction, &result), result);
    codedb_close(transaction);
    for (int i = 0; i < 1000; i++) {
        codedb_code code = codedb_submit_insert(small, "people", &row, 1, NULL, &refused, &result);
        if (code == CODEDB_QUEUE_FULL)
            break;
        assert_int_equal(code, CODEDB_SUCCESS);
        codedb_pending_free(refused);
    }
    codedb_close(small);
}

/* ---- waiting, polling, being called ---- */

/* Another thread that holds a transaction until it is told to end it. */
typedef struct queue_holder {
    pthread_t thread;
    codedb *transaction;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool holds, let_go;
} queue_holder;

static void *hold(void *argument)
{
    queue_holder *self = argument;
    codedb_result own = CODEDB_INIT(codedb_result);
    codedb_code code = codedb_transaction_begin(db, &self->transaction, &own);
    pthread_mutex_lock(&self->lock);
    self->holds = code == CODEDB_SUCCESS;
    pthread_cond_broadcast(&self->changed);
    while (!self->let_go)
        pthread_cond_wait(&self->changed, &self->lock);
    pthread_mutex_unlock(&self->lock);
    codedb_close(self->transaction);
    codedb_result_clear(&own);
    return NULL;
}

static void hold_queue(queue_holder *self)
{
    memset(self, 0, sizeof *self);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    assert_int_equal(pthread_create(&self->thread, NULL, hold, self), 0);
    pthread_mutex_lock(&self->lock);
    while (!self->holds)
        pthread_cond_wait(&self->changed, &self->lock);
    pthread_mutex_unlock(&self->lock);
}

static void let_queue_go(queue_holder *self)
{
    pthread_mutex_lock(&self->lock);
    self->let_go = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->thread, NULL);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
}

static void one_may_poll_wait_a_while_or_for_ever(void **state)
{
    codedb_pending *pending;
    queue_holder holder;
    (void)state;
    hold_queue(&holder);
    pending = submit_person("Ada", NULL);
    assert_int_equal(codedb_pending_wait(pending, 0), 0);
    assert_int_equal(codedb_pending_wait(pending, 0.001), 0);
    let_queue_go(&holder);
    assert_int_equal(codedb_pending_wait(pending, -1), 1);
    assert_int_equal(codedb_pending_wait(pending, 0), 1);
    assert_ends(pending, CODEDB_SUCCESS);
}

static void what_was_freed_is_done_all_the_same(void **state)
{
    queue_holder holder;
    (void)state;
    hold_queue(&holder);
    codedb_pending_free(submit_person("Ada", NULL));
    let_queue_go(&holder);
    assert_int_equal(count_people(), 1);
}

static void the_time_of_one_that_nobody_waits_for_runs_out(void **state)
{
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    codedb_column row = person("Ada");
    codedb_pending *pending;
    codedb *view;
    queue_holder holder;
    (void)state;
    options.timeout = 0.01;
    assert_success(codedb_with(db, &options, &view, &result), result);
    hold_queue(&holder);
    assert_success(codedb_submit_insert(view, "people", &row, 1, NULL, &pending, &result), result);
    assert_ends(pending, CODEDB_TIMEOUT);
    let_queue_go(&holder);
    assert_int_equal(count_people(), 0);
    codedb_close(view);
}

typedef struct call_record {
    atomic_int times;
    codedb_code code;
    codedb_code waiting; /* what a call that would wait answered */
    codedb_pending *next;
    codedb_code submitted;
} call_record;

static void take_in_callback(void *context, codedb_pending *pending)
{
    call_record *self = context;
    codedb_column row = {"name", {CODEDB_VALUE_TEXT, {.text = "Grace"}, 5}};
    self->code = codedb_pending_answer(pending, NULL, NULL, NULL);
    self->waiting = codedb_sql_execute(db, "SELECT 1", NULL, 0, NULL, NULL, NULL);
    self->submitted = codedb_submit_insert(db, "people", &row, 1, NULL, &self->next, NULL);
    if (self->next != NULL && codedb_pending_wait(self->next, -1) == 0 &&
        codedb_pending_answer(self->next, NULL, NULL, NULL) == CODEDB_BUSY)
        codedb_pending_free(self->next);
    codedb_pending_free(pending);
    atomic_fetch_add(&self->times, 1);
}

static void a_callback_takes_the_answer_and_may_submit_and_free(void **state)
{
    codedb_submit_options options = CODEDB_INIT(codedb_submit_options);
    call_record called = {0};
    (void)state;
    options.answered = take_in_callback;
    options.context = &called;
    submit_person("Ada", &options);
    while (atomic_load(&called.times) == 0)
        sched_yield();
    assert_true(count_people() >= 1);
    assert_int_equal(called.code, CODEDB_SUCCESS);
    assert_int_equal(called.waiting, CODEDB_BUSY);
    assert_int_equal(called.submitted, CODEDB_SUCCESS);
    assert_int_equal(count_people(), 2);
}

static void an_answer_outlives_the_handle(void **state)
{
    codedb_pending *pending = submit_person("Ada", NULL);
    codedb *old = db;
    codedb_column row = person("Grace");
    codedb_pending *late;
    codedb *view;
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    (void)state;
    assert_success(codedb_with(db, &options, &view, &result), result);
    open_people(NULL);
    codedb_close(old);
    codedb_pending_cancel(pending); /* too late */
    assert_ends(pending, CODEDB_SUCCESS);
    assert_code(codedb_submit_insert(view, "people", &row, 1, NULL, &late, &result), CODEDB_CONNECTION_ERROR, result);
    assert_null(late);
    codedb_close(view);
}

/* ---- cancel ---- */

static void one_that_waits_is_taken_out(void **state)
{
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    codedb_pending *first, *second, *third;
    queue_holder holder;
    (void)state;
    hold_queue(&holder);
    first = submit_person("Ada", NULL);
    second = submit_person("Grace", NULL);
    third = submit_person("Anita", NULL);
    codedb_pending_cancel(second);
    if (!support_in_process) /* there it takes a moment until the cancel is heard of */
        assert_int_equal(codedb_pending_wait(second, 0), 1);
    assert_ends(second, CODEDB_CANCELLED);
    assert_int_equal(codedb_pending_wait(first, 0), 0);
    let_queue_go(&holder);
    assert_ends(first, CODEDB_SUCCESS);
    assert_ends(third, CODEDB_SUCCESS);
    assert_int_equal(count_people(), 2);
    assert_success(codedb_statistics_get(db, &statistics, &result), result);
    assert_int_equal(statistics.cancelled, 1);
}

static const char *const endless_read = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
static const char *const endless_write =
    "INSERT INTO people (name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0";

/* Until so many requests at most wait: whatever came before them was taken. */
static void wait_until_waiting(uint64_t most)
{
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    do {
        sched_yield();
        assert_success(codedb_statistics_get(db, &statistics, &result), result);
    } while (statistics.size > most);
}

static void one_that_runs_is_interrupted_and_its_neighbours_are_not(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        codedb_pending *running, *behind;
        assert_success(codedb_submit_execute(db, kind == 0 ? endless_read : endless_write, NULL, 0, NULL, &running, &result),
                       result);
        wait_until_waiting(0);
        behind = submit_person(kind == 0 ? "Ada" : "Grace", NULL);
        codedb_pending_cancel(running);
        assert_ends(running, CODEDB_CANCELLED);
        assert_ends(behind, CODEDB_SUCCESS);
    }
    assert_int_equal(count_people(), 2);
}

static void a_cancelled_member_of_a_group_takes_nobody_with_it(void **state)
{
    codedb_pending *first, *endless, *last;
    queue_holder holder;
    (void)state;
    hold_queue(&holder);
    first = submit_person("Ada", NULL);
    assert_success(codedb_submit_execute(db, endless_write, NULL, 0, NULL, &endless, &result), result);
    last = submit_person("Grace", NULL);
    let_queue_go(&holder);
    wait_until_waiting(1);
    codedb_pending_cancel(endless);
    assert_ends(endless, CODEDB_CANCELLED);
    assert_ends(first, CODEDB_SUCCESS);
    assert_ends(last, CODEDB_SUCCESS);
    assert_int_equal(count_people(), 2);
}

static void a_batch_is_cancelled_as_a_whole(void **state)
{
    codedb_column row = person("Ada");
    codedb_pending *pending;
    codedb_batch *batch;
    (void)state;
    assert_success(codedb_batch_create(db, &batch, &result), result);
    codedb_batch_insert(batch, "people", &row, 1);
    assert_true(codedb_batch_execute(batch, endless_write, NULL, 0) >= 0);
    assert_success(codedb_batch_submit(batch, NULL, &pending, &result), result);
    codedb_batch_free(batch);
    wait_until_waiting(0);
    codedb_pending_cancel(pending);
    assert_ends(pending, CODEDB_CANCELLED);
    assert_int_equal(count_people(), 0);
}

static void a_cancel_inside_a_transaction_is_said_to_it(void **state)
{
    codedb *transaction;
    codedb_pending *pending;
    (void)state;
    assert_success(codedb_transaction_begin(db, &transaction, &result), result);
    assert_success(codedb_submit_execute(transaction, endless_read, NULL, 0, NULL, &pending, &result), result);
    codedb_pending_cancel(pending);
    assert_ends(pending, CODEDB_CANCELLED);
    /* A read leaves the transaction as it is. */
    assert_success(codedb_sql_execute(transaction, "INSERT INTO people (name) VALUES ('Ada')", NULL, 0, NULL, NULL, &result),
                   result);
    assert_success(codedb_transaction_commit(transaction, &result), result);
    codedb_close(transaction);
    assert_int_equal(count_people(), 1);
}

/* Cancels at any moment of many operations: what is answered SUCCESS is there, what is answered CANCELLED is not. */
typedef struct cancel_task {
    _Atomic(codedb_pending *) target;
    atomic_bool stop;
} cancel_task;

static void *cancel_often(void *argument)
{
    cancel_task *self = argument;
    while (!atomic_load(&self->stop)) {
        codedb_pending *target = atomic_exchange(&self->target, NULL);
        if (target != NULL)
            codedb_pending_cancel(target);
        if (target != NULL)
            codedb_pending_free(target);
        sched_yield();
    }
    return NULL;
}

typedef struct outcome_counts {
    atomic_int done, cancelled, other, answered;
} outcome_counts;

static void note_outcome(void *context, codedb_pending *pending)
{
    outcome_counts *self = context;
    codedb_code code = codedb_pending_answer(pending, NULL, NULL, NULL);
    atomic_fetch_add(code == CODEDB_SUCCESS ? &self->done : code == CODEDB_CANCELLED ? &self->cancelled : &self->other, 1);
    atomic_fetch_add(&self->answered, 1);
}

static void a_cancel_at_any_moment_tells_the_truth(void **state)
{
    codedb_submit_options options = CODEDB_INIT(codedb_submit_options);
    cancel_task canceller = {0};
    outcome_counts outcome = {0};
    pthread_t thread;
    int submitted = 0;
    (void)state;
    options.answered = note_outcome;
    options.context = &outcome;
    assert_int_equal(pthread_create(&thread, NULL, cancel_often, &canceller), 0);
    while (submitted < 5000) {
        char name[32];
        codedb_column row;
        codedb_pending *pending;
        codedb_code code;
        snprintf(name, sizeof name, "number %d", submitted);
        row = person(name);
        code = codedb_submit_insert(db, "people", &row, 1, &options, &pending, &result);
        if (code == CODEDB_QUEUE_FULL) {
            sched_yield();
            continue;
        }
        assert_int_equal(code, CODEDB_SUCCESS);
        submitted++;
        pending = atomic_exchange(&canceller.target, pending);
        codedb_pending_free(pending);
    }
    atomic_store(&canceller.stop, true);
    pthread_join(thread, NULL);
    codedb_pending_free(atomic_load(&canceller.target));
    while (atomic_load(&outcome.answered) < submitted)
        sched_yield();
    assert_int_equal(atomic_load(&outcome.other), 0);
    assert_int_equal(atomic_load(&outcome.done) + atomic_load(&outcome.cancelled), submitted);
    assert_int_equal(count_people(), atomic_load(&outcome.done));
}

static void memory_that_runs_out_is_said(void **state)
{
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    support_failing failing;
    codedb *small;
    (void)state;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_column row = person("Ada");
        codedb_pending *pending = NULL;
        codedb_code code;
        long countdown = atomic_exchange(&failing.countdown, -1);
        options.allocator = &failing.allocator;
        assert_success(codedb_open(":memory:", &options, &small, &result), result);
        assert_success(codedb_sql_execute(small, "CREATE TABLE people (name TEXT)", NULL, 0, NULL, NULL, &result), result);
        assert_success(codedb_table_insert(small, "people", &row, 1, NULL, &result), result);
        atomic_store(&failing.countdown, countdown);
        code = codedb_submit_insert(small, "people", &row, 1, NULL, &pending, NULL);
        if (code == CODEDB_SUCCESS)
            code = codedb_pending_answer(pending, NULL, NULL, NULL);
        codedb_pending_free(pending);
        atomic_fetch_add(&failing.countdown, -1000000); /* from here on everything succeeds */
        codedb_close(small);
        support_failing_check(&failing, code);
    }
}

int main(void)
{
#define PEOPLE_TEST(test) cmocka_unit_test_setup_teardown(test, open_people, close_people)
    const struct CMUnitTest tests[] = {
        PEOPLE_TEST(each_operation_is_answered_later),
        PEOPLE_TEST(what_was_given_may_change_behind_the_call),
        PEOPLE_TEST(an_error_is_told_with_its_words),
        PEOPLE_TEST(what_makes_no_sense_is_not_submitted),
        PEOPLE_TEST(a_batch_is_kept_until_it_is_answered),
        PEOPLE_TEST(a_full_queue_takes_no_more_and_waits_for_nobody),
        PEOPLE_TEST(one_may_poll_wait_a_while_or_for_ever),
        PEOPLE_TEST(what_was_freed_is_done_all_the_same),
        PEOPLE_TEST(the_time_of_one_that_nobody_waits_for_runs_out),
        PEOPLE_TEST(a_callback_takes_the_answer_and_may_submit_and_free),
        PEOPLE_TEST(an_answer_outlives_the_handle),
        PEOPLE_TEST(one_that_waits_is_taken_out),
        PEOPLE_TEST(one_that_runs_is_interrupted_and_its_neighbours_are_not),
        PEOPLE_TEST(a_cancelled_member_of_a_group_takes_nobody_with_it),
        PEOPLE_TEST(a_batch_is_cancelled_as_a_whole),
        PEOPLE_TEST(a_cancel_inside_a_transaction_is_said_to_it),
        PEOPLE_TEST(a_cancel_at_any_moment_tells_the_truth),
        PEOPLE_TEST(memory_that_runs_out_is_said),
    };
#undef PEOPLE_TEST
    return support_run_both("pending", tests);
}
