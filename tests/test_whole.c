/* tests/test_whole.c -- codedb_whole.c: copies in their order and time, and drivers that lack functions. */
#include "driver_fixture.h"

#include <sys/stat.h>

static codedb_result result = CODEDB_INIT(codedb_result);

/* ---- a driver that only counts ------------------------------------------------------------------------------------- */

static int starts, steps, ends;
static codedb_code start_code, step_code;

static codedb_code count_start(codedb_connection *connection, const char *path, codedb_result *said)
{
    (void)connection;
    starts++;
    return start_code == CODEDB_SUCCESS ? start_code : codedb_fail(said, start_code, "%s: no", path);
}

/* A copy is finished with its third step. */
static codedb_code count_step(codedb_connection *connection, int *finished, codedb_result *said)
{
    (void)connection;
    *finished = ++steps % 3 == 0;
    return step_code == CODEDB_SUCCESS ? step_code : codedb_fail(said, step_code, "no");
}

static void count_end(codedb_connection *connection)
{
    (void)connection;
    ends++;
}

static void ignore_deadline(codedb_connection *connection, double deadline)
{
    (void)connection;
    (void)deadline;
}

static const codedb_driver counting = {.struct_size = sizeof counting,
                                       .name = "counting",
                                       .set_deadline = ignore_deadline,
                                       .copy_start = count_start,
                                       .copy_step = count_step,
                                       .copy_end = count_end};

static int set_up(void **state)
{
    (void)state;
    starts = steps = ends = 0;
    start_code = step_code = CODEDB_SUCCESS;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    codedb_result_clear(&result);
    return 0;
}

static codedb_request make_request(const char *path, double deadline)
{
    codedb_request request = {.kind = CODEDB_REQUEST_BACKUP, .path = path, .deadline = deadline, .result = &result};
    return request;
}

static codedb_request *step(codedb_copies *copies, bool transaction_is_open)
{
    return codedb_copies_step(copies, &counting, NULL, transaction_is_open);
}

static void copies_are_made_one_after_another(void **state)
{
    codedb_copies copies = {NULL, false};
    codedb_request one = make_request("one", 0), other = make_request("other", 0);
    (void)state;
    assert_true(codedb_copies_wake_time(&copies, false) == 0);
    assert_null(step(&copies, false));
    codedb_copies_add(&copies, &one);
    codedb_copies_add(&copies, &other);
    assert_true(codedb_copies_wake_time(&copies, false) > 0);
    assert_true(codedb_copies_wake_time(&copies, false) < codedb_monotonic_now());
    assert_null(step(&copies, false));
    assert_null(step(&copies, false));
    assert_int_equal(starts, 1);
    assert_ptr_equal(step(&copies, false), &one);
    assert_int_equal(one.code, CODEDB_SUCCESS);
    assert_int_equal(ends, 1);
    assert_null(step(&copies, false));
    assert_int_equal(starts, 2);
    assert_null(step(&copies, false));
    assert_ptr_equal(step(&copies, false), &other);
    assert_int_equal(ends, 2);
    assert_null(copies.first);
}

static void a_copy_stands_still_while_a_transaction_is_open(void **state)
{
    codedb_copies copies = {NULL, false};
    double soon = codedb_monotonic_now() + 3600;
    codedb_request one = make_request("one", 0), other = make_request("other", soon), third = make_request("third", soon + 1);
    (void)state;
    codedb_copies_add(&copies, &one);
    assert_true(codedb_copies_wake_time(&copies, true) == 0);
    codedb_copies_add(&copies, &third);
    codedb_copies_add(&copies, &other);
    assert_true(codedb_copies_wake_time(&copies, true) == soon);
    assert_null(step(&copies, true));
    assert_int_equal(starts, 0);
}

static void a_copy_that_fails_is_ended_and_the_next_begins(void **state)
{
    codedb_copies copies = {NULL, false};
    codedb_request one = make_request("one", 0), other = make_request("other", 0);
    (void)state;
    codedb_copies_add(&copies, &one);
    codedb_copies_add(&copies, &other);
    start_code = CODEDB_PERMISSION_DENIED;
    assert_ptr_equal(step(&copies, false), &one);
    assert_int_equal(one.code, CODEDB_PERMISSION_DENIED);
    assert_int_equal(ends, 0); /* it had not started */
    start_code = CODEDB_SUCCESS;
    step_code = CODEDB_DATABASE_ERROR;
    assert_ptr_equal(step(&copies, false), &other);
    assert_int_equal(other.code, CODEDB_DATABASE_ERROR);
    assert_int_equal(ends, 1);
}

/* The one that is made, or one that waits; also while a transaction is open. */
static void copies_run_out_of_time_or_are_cancelled_wherever_they_are(void **state)
{
    codedb_copies copies = {NULL, false};
    codedb_request one = make_request("one", 0), other = make_request("other", 1e-9), third = make_request("third", 0);
    (void)state;
    codedb_copies_add(&copies, &one);
    codedb_copies_add(&copies, &third);
    assert_null(step(&copies, false));
    codedb_copies_add(&copies, &other);
    assert_ptr_equal(step(&copies, true), &other);
    assert_int_equal(other.code, CODEDB_TIMEOUT);
    assert_int_equal(ends, 0);
    atomic_store(&one.cancelled, true);
    assert_ptr_equal(step(&copies, true), &one);
    assert_int_equal(one.code, CODEDB_CANCELLED);
    assert_int_equal(ends, 1);
    assert_ptr_equal(copies.first, &third);
    assert_null(step(&copies, false));
    assert_int_equal(starts, 2);
}

/* ---- drivers without these functions ------------------------------------------------------------------------------- */

static codedb *open_lacking(codedb_driver *driver, size_t size)
{
    codedb_driver_options options = {0};
    *driver = *codedb_sqlite_driver();
    driver->struct_size = size;
    options.driver = driver;
    return fixture_open_with(options);
}

static void assert_lacks(codedb_code code, const char *words)
{
    assert_int_equal(code, CODEDB_INVALID_REQUEST);
    if (strstr(result.description, words) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", words, result.description);
}

/* One that was made against an older header copies all at once. */
static void an_older_driver_copies_and_lacks_the_rest(void **state)
{
    codedb_driver older;
    codedb *db = open_lacking(&older, offsetof(codedb_driver, copy_start));
    codedb_storage storage = CODEDB_INIT(codedb_storage);
    codedb_rows *rows;
    char folder[] = "/tmp/codedb-test-XXXXXX", path[64];
    struct stat status;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/copy.db", folder);
    assert_int_equal(codedb_backup(db, path, &result), CODEDB_SUCCESS);
    assert_int_equal(stat(path, &status), 0);
    assert_lacks(codedb_restore(db, path, &result), "the driver sqlite cannot restore copies");
    assert_lacks(codedb_check(db, 0, &rows, &result), "cannot check a database");
    assert_lacks(codedb_vacuum(db, &result), "cannot vacuum a database");
    assert_lacks(codedb_checkpoint(db, CODEDB_CHECKPOINT_FULL, &result), "cannot copy a log back");
    assert_lacks(codedb_storage_get(db, &storage, &result), "cannot tell of its storage");
    fixture_close(db);
    unlink(path);
    rmdir(folder);
}

static void a_driver_without_copies_says_so(void **state)
{
    codedb_driver older;
    codedb *db = open_lacking(&older, offsetof(codedb_driver, backup));
    (void)state;
    assert_lacks(codedb_backup(db, "/tmp/never", &result), "the driver sqlite cannot make copies");
    fixture_close(db);
}

int main(void)
{
#define WHOLE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WHOLE_TEST(copies_are_made_one_after_another),
        WHOLE_TEST(a_copy_stands_still_while_a_transaction_is_open),
        WHOLE_TEST(a_copy_that_fails_is_ended_and_the_next_begins),
        WHOLE_TEST(copies_run_out_of_time_or_are_cancelled_wherever_they_are),
        WHOLE_TEST(an_older_driver_copies_and_lacks_the_rest),
        WHOLE_TEST(a_driver_without_copies_says_so),
    };
    return cmocka_run_group_tests_name("whole", tests, NULL, NULL);
}
