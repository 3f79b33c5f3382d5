/* Proves codedb_transaction.c: savepoints in a held transaction, and the helper that runs one until it succeeds. A driver between the loop and
 * SQLite lets commits fail as it is told. What a transaction does to others is in test_driver.c. */
#include "driver_fixture.h"

static codedb *db;
static codedb *transaction;
static codedb_result result = CODEDB_INIT(codedb_result);
static codedb_driver driver;
static codedb_code commit_code; /* what the next commits answer, SUCCESS: what SQLite does */
static int commits;

static codedb_code counted_commit(codedb_connection *connection, codedb_result *commit_result)
{
    commits++;
    if (commit_code == CODEDB_SUCCESS)
        return codedb_sqlite_driver()->commit(connection, commit_result);
    snprintf(commit_result->description, sizeof commit_result->description, "as the test wants it");
    return commit_code;
}

static int open_numbers(void **state)
{
    codedb_driver_options options = {0};
    (void)state;
    driver = *codedb_sqlite_driver();
    driver.commit = counted_commit;
    options.driver = &driver;
    commit_code = CODEDB_SUCCESS;
    db = fixture_open_with(options);
    run_sql(db, "CREATE TABLE numbers (number INTEGER PRIMARY KEY)");
    commits = 0;
    return 0;
}

static int close_numbers(void **state)
{
    (void)state;
    fixture_close(db);
    codedb_result_clear(&result);
    return 0;
}

static void begin(void)
{
    assert_int_equal(codedb_transaction_begin(db, &transaction, &result), CODEDB_SUCCESS);
}

static void commit(void)
{
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    codedb_close(transaction);
}

static void add(int number)
{
    char sql[64];
    snprintf(sql, sizeof sql, "INSERT INTO numbers VALUES (%d)", number);
    run_sql(transaction, sql);
}

static int64_t sum(codedb *handle)
{
    return ask_integer(handle, "SELECT coalesce(sum(number), 0) FROM numbers");
}

static int make_savepoint(void)
{
    int savepoint;
    assert_int_equal(codedb_transaction_savepoint(transaction, &savepoint, &result), CODEDB_SUCCESS);
    return savepoint;
}

/* ---- savepoints ---- */

static void what_was_done_since_a_savepoint_can_be_undone(void **state)
{
    (void)state;
    begin();
    add(1);
    assert_int_equal(make_savepoint(), 1);
    add(2);
    assert_int_equal(make_savepoint(), 2);
    add(4);
    assert_int_equal(codedb_transaction_rollback_to(transaction, 2, &result), CODEDB_SUCCESS);
    assert_int_equal(sum(transaction), 3);
    assert_int_equal(make_savepoint(), 2);
    add(8);
    assert_int_equal(codedb_transaction_release(transaction, 2, &result), CODEDB_SUCCESS);
    assert_int_equal(sum(transaction), 11);
    assert_int_equal(codedb_transaction_rollback_to(transaction, 1, &result), CODEDB_SUCCESS);
    add(16);
    commit();
    assert_int_equal(sum(db), 17);
}

static void an_outer_savepoint_ends_the_inner_ones(void **state)
{
    (void)state;
    begin();
    make_savepoint();
    add(1);
    make_savepoint();
    add(2);
    make_savepoint();
    add(4);
    assert_int_equal(codedb_transaction_release(transaction, 2, &result), CODEDB_SUCCESS);
    assert_int_equal(codedb_transaction_release(transaction, 3, &result), CODEDB_TRANSACTION_ERROR);
    assert_int_equal(codedb_transaction_rollback_to(transaction, 1, &result), CODEDB_SUCCESS);
    assert_int_equal(codedb_transaction_rollback_to(transaction, 1, &result), CODEDB_TRANSACTION_ERROR);
    assert_non_null(strstr(result.description, "no savepoint 1; 0 are open"));
    commit();
    assert_int_equal(sum(db), 0);
}

static void a_batch_keeps_to_itself_among_savepoints(void **state)
{
    codedb_column row = integer_column("number", 2);
    codedb_batch *batch;
    (void)state;
    begin();
    add(1);
    make_savepoint();
    assert_int_equal(codedb_batch_create(transaction, &batch, &result), CODEDB_SUCCESS);
    codedb_batch_insert(batch, "numbers", &row, 1);
    codedb_batch_insert(batch, "numbers", &row, 1);
    assert_int_equal(codedb_batch_run(batch, &result), CODEDB_VALIDATION_ERROR);
    codedb_batch_free(batch);
    assert_int_equal(sum(transaction), 1);
    assert_int_equal(codedb_batch_create(transaction, &batch, &result), CODEDB_SUCCESS);
    codedb_batch_insert(batch, "numbers", &row, 1);
    assert_int_equal(codedb_batch_run(batch, &result), CODEDB_SUCCESS);
    codedb_batch_free(batch);
    assert_int_equal(sum(transaction), 3);
    assert_int_equal(codedb_transaction_rollback_to(transaction, 1, &result), CODEDB_SUCCESS);
    commit();
    assert_int_equal(sum(db), 1);
}

static void savepoints_need_a_transaction_that_is_open(void **state)
{
    int savepoint = 7;
    (void)state;
    assert_int_equal(codedb_transaction_savepoint(db, &savepoint, &result), CODEDB_TRANSACTION_ERROR);
    assert_int_equal(savepoint, 0);
    assert_int_equal(codedb_transaction_savepoint(NULL, &savepoint, &result), CODEDB_TRANSACTION_ERROR);
    assert_int_equal(codedb_transaction_release(db, 1, &result), CODEDB_TRANSACTION_ERROR);
    assert_int_equal(codedb_transaction_rollback_to(NULL, 1, &result), CODEDB_TRANSACTION_ERROR);
    begin();
    assert_int_equal(codedb_transaction_savepoint(transaction, NULL, &result), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_transaction_release(transaction, 0, &result), CODEDB_TRANSACTION_ERROR);
    assert_int_equal(codedb_transaction_rollback_to(transaction, -1, &result), CODEDB_TRANSACTION_ERROR);
    make_savepoint();
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    assert_int_equal(codedb_transaction_release(transaction, 1, &result), CODEDB_TRANSACTION_ERROR);
    assert_non_null(strstr(result.description, "was committed"));
    codedb_close(transaction);
    begin();
    assert_int_equal(codedb_transaction_release(transaction, 1, &result), CODEDB_TRANSACTION_ERROR);
    commit();
}

static void savepoints_have_a_bound(void **state)
{
    int savepoint, i;
    (void)state;
    begin();
    for (i = 1; i <= 1000; i++)
        assert_int_equal(make_savepoint(), i);
    assert_int_equal(codedb_transaction_savepoint(transaction, &savepoint, &result), CODEDB_TRANSACTION_ERROR);
    assert_int_equal(codedb_transaction_release(transaction, 1, &result), CODEDB_SUCCESS);
    commit();
}

/* ---- running one until it succeeds ---- */

typedef struct task {
    int calls;
    int failures;     /* so many calls fail */
    codedb_code code; /* with this */
    codedb_code then; /* what the commit is to answer behind the first call */
} task;

static codedb_code work(void *context, codedb *handle, codedb_result *work_result)
{
    task *self = context;
    codedb_code code;
    self->calls++;
    commit_code = self->calls == 1 ? self->then : CODEDB_SUCCESS;
    code = codedb_sql_execute(handle, "INSERT INTO numbers SELECT coalesce(max(number), 0) + 1 FROM numbers", NULL, 0, NULL, NULL,
                              work_result);
    return self->calls <= self->failures ? self->code : code;
}

static codedb_code run_task(task *self, int attempts)
{
    codedb_retry_options options = CODEDB_INIT(codedb_retry_options);
    options.attempts = attempts;
    options.wait = 1e-6;
    return codedb_transaction_run(db, work, self, &options, &result);
}

static void what_may_pass_is_tried_again(void **state)
{
    static const codedb_code codes[] = {CODEDB_BUSY, CODEDB_CONFLICT, CODEDB_QUEUE_FULL, CODEDB_CONNECTION_ERROR};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        task self = {.failures = 2, .code = codes[i]};
        assert_int_equal(run_task(&self, 3), CODEDB_SUCCESS);
        assert_int_equal(self.calls, 3);
    }
    assert_int_equal(sum(db), 1 + 2 + 3 + 4);
}

static void attempts_end(void **state)
{
    task self = {.failures = 100, .code = CODEDB_BUSY};
    (void)state;
    assert_int_equal(run_task(&self, 0), CODEDB_BUSY);
    assert_int_equal(self.calls, 5);
    assert_non_null(strstr(result.description, "answered BUSY"));
    assert_int_equal(sum(db), 0);
}

static void what_does_not_pass_is_not_tried_again(void **state)
{
    static const codedb_code codes[] = {CODEDB_VALIDATION_ERROR, CODEDB_CANCELLED, CODEDB_TIMEOUT, CODEDB_OUTCOME_UNKNOWN};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        task self = {.failures = 100, .code = codes[i]};
        assert_int_equal(run_task(&self, 3), codes[i]);
        assert_int_equal(self.calls, 1);
    }
    assert_int_equal(sum(db), 0);
}

static void a_commit_that_failed_for_sure_is_tried_again_and_no_other(void **state)
{
    task busy = {.then = CODEDB_BUSY};
    task unknown = {.then = CODEDB_OUTCOME_UNKNOWN};
    (void)state;
    assert_int_equal(run_task(&busy, 3), CODEDB_SUCCESS);
    assert_int_equal(busy.calls, 2);
    assert_int_equal(sum(db), 1);
    assert_int_equal(run_task(&unknown, 3), CODEDB_OUTCOME_UNKNOWN);
    assert_int_equal(unknown.calls, 1);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    codedb_retry_options options = CODEDB_INIT(codedb_retry_options);
    task self = {0};
    (void)state;
    assert_int_equal(codedb_transaction_run(NULL, work, &self, NULL, &result), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_transaction_run(db, NULL, &self, NULL, &result), CODEDB_INVALID_REQUEST);
    options.attempts = -1;
    assert_int_equal(codedb_transaction_run(db, work, &self, &options, &result), CODEDB_INVALID_REQUEST);
    options.attempts = 1;
    options.wait = -1;
    assert_int_equal(codedb_transaction_run(db, work, &self, &options, &result), CODEDB_INVALID_REQUEST);
    options.struct_size = 0;
    assert_int_equal(codedb_transaction_run(db, work, &self, &options, &result), CODEDB_INVALID_REQUEST);
    assert_int_equal(self.calls, 0);
    assert_int_equal(codedb_transaction_run(db, work, &self, NULL, NULL), CODEDB_SUCCESS);
}

int main(void)
{
#define NUMBERS_TEST(test) cmocka_unit_test_setup_teardown(test, open_numbers, close_numbers)
    const struct CMUnitTest tests[] = {
        NUMBERS_TEST(what_was_done_since_a_savepoint_can_be_undone),
        NUMBERS_TEST(an_outer_savepoint_ends_the_inner_ones),
        NUMBERS_TEST(a_batch_keeps_to_itself_among_savepoints),
        NUMBERS_TEST(savepoints_need_a_transaction_that_is_open),
        NUMBERS_TEST(savepoints_have_a_bound),
        NUMBERS_TEST(what_may_pass_is_tried_again),
        NUMBERS_TEST(attempts_end),
        NUMBERS_TEST(what_does_not_pass_is_not_tried_again),
        NUMBERS_TEST(a_commit_that_failed_for_sure_is_tried_again_and_no_other),
        NUMBERS_TEST(options_that_make_no_sense_are_refused),
    };
#undef NUMBERS_TEST
    return support_run_both("transaction", tests);
}
