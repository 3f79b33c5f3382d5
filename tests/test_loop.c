/* Proves codedb_loop.c without any thread: this program puts requests in the queue and lets the loop take its turns, so that it is certain
 * what waits together. A driver between the loop and SQLite counts, and fails when it is told to. Numbers of invariants are those at the
 * top of the file. */
#include "driver_fixture.h"

#include "codedb_sqlite.h"

#define ASKED 300

/* A request with room for what it asks and is answered. */
typedef struct asked {
    codedb_request request;
    codedb_result result;
    codedb_value value;
    int answers; /* how often it was answered */
    int order;   /* when, from 1 */
} asked;

static struct {
    codedb_driver driver; /* SQLite's, with some functions of this file in between */
    codedb_driver_options options;
    codedb_queue *queue;
    codedb_loop *loop;
    sqlite_connection *connection;
    int answers;
    int begins, savepoints, commits; /* calls of the driver's functions */
    bool commits_fail;
    bool commits_take_long;
    int looks; /* calls of the function that looks for more */
    bool undoing_fails;
    int rollbacks_fail;         /* so many more */
    int answered_before_commit; /* answers that had been given when the last commit began */
} world;

static asked asks[ASKED];

/* ---- the driver in between ---- */

static codedb_code spy_connect(const codedb_driver *driver, const codedb_driver_settings *settings,
                               codedb_connection **connection, codedb_result *result)
{
    codedb_code code = codedb_sqlite_driver()->connect(driver, settings, connection, result);
    world.connection = (sqlite_connection *)(void *)*connection;
    return code;
}

static codedb_code spy_begin(codedb_connection *connection, codedb_result *result)
{
    world.begins++;
    return codedb_sqlite_driver()->begin(connection, result);
}

static codedb_code spy_commit(codedb_connection *connection, codedb_result *result)
{
    world.commits++;
    world.answered_before_commit = world.answers;
    if (world.commits_take_long)
        usleep(2000);
    if (!world.commits_fail)
        return codedb_sqlite_driver()->commit(connection, result);
    snprintf(result->description, sizeof result->description, "the disk is gone");
    return CODEDB_DATABASE_ERROR;
}

static codedb_code spy_savepoint(codedb_connection *connection, int depth, codedb_result *result)
{
    world.savepoints++;
    return codedb_sqlite_driver()->savepoint(connection, depth, result);
}

static codedb_code spy_rollback_to(codedb_connection *connection, int depth, codedb_result *result)
{
    if (world.undoing_fails)
        return CODEDB_NO_MEMORY;
    return codedb_sqlite_driver()->rollback_to(connection, depth, result);
}

static codedb_code spy_rollback(codedb_connection *connection, codedb_result *result)
{
    if (world.rollbacks_fail > 0) {
        world.rollbacks_fail--;
        return codedb_fail_no_memory(result);
    }
    return codedb_sqlite_driver()->rollback(connection, result);
}

/* ---- asking ---- */

static void note_answer(codedb_request *request)
{
    asked *self = request->context;
    self->answers++;
    self->order = ++world.answers;
}

static asked *prepare(size_t number, codedb_request_kind kind)
{
    asked *self = &asks[number];
    memset(self, 0, sizeof *self);
    self->result.struct_size = sizeof self->result;
    self->request.kind = kind;
    self->request.timeout = -1;
    self->request.result = &self->result;
    self->request.operation.struct_size = sizeof self->request.operation;
    self->request.answered_by = note_answer;
    self->request.context = self;
    return self;
}

static asked *submit(asked *self)
{
    assert_int_equal(codedb_queue_submit(world.queue, &self->request), CODEDB_SUCCESS);
    return self;
}

/* Asks for one SQL statement; "?1" in it is `number`. */
static asked *prepare_sql(size_t number, const char *sql)
{
    asked *self = prepare(number, CODEDB_REQUEST_RUN);
    codedb_operation *operation = &self->request.operation;
    operation->kind = CODEDB_OPERATION_EXECUTE;
    operation->sql = sql;
    operation->sql_length = strlen(sql);
    operation->value_count = strstr(sql, "?1") != NULL ? 1 : 0;
    operation->hash = codedb_operation_hash(operation);
    self->value = codedb_value_integer((int64_t)number);
    self->request.values = &self->value;
    return self;
}

static asked *ask(size_t number, const char *sql)
{
    return submit(prepare_sql(number, sql));
}

static asked *ask_rows(size_t number, const char *sql)
{
    asked *self = prepare_sql(number, sql);
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    self->request.wants_rows = true;
    self->request.rows_arena = codedb_arena_create(&allocator);
    return submit(self);
}

static asked *ask_insert(size_t number)
{
    return ask(number, "INSERT INTO numbers VALUES (?1)");
}

static void assert_answer(const asked *self, codedb_code code)
{
    if (self->answers != 1 || self->request.code != code)
        fail_msg("request %d: %d answers, %s (%s) instead of %s", (int)(self - asks), self->answers,
                 codedb_code_name(self->request.code), self->result.description, codedb_code_name(code));
}

static void assert_words(const asked *self, const char *words)
{
    if (strstr(self->result.description, words) == NULL)
        fail_msg("\"%s\" without \"%s\"", self->result.description, words);
}

/* The integer that a request was answered, which it loses. */
static int64_t answered_integer(asked *self)
{
    int64_t integer;
    assert_answer(self, CODEDB_SUCCESS);
    assert_int_equal(self->request.rows->row_count, 1);
    integer = self->request.rows->values[0].as.integer;
    codedb_free(self->request.rows);
    self->request.rows = NULL;
    return integer;
}

static void turn(void)
{
    assert_true(codedb_loop_turn(world.loop));
}

/* Runs one statement alone. */
static void run(const char *sql)
{
    asked *self = ask(ASKED - 1, sql);
    turn();
    assert_answer(self, CODEDB_SUCCESS);
}

static int64_t count_numbers(void)
{
    asked *self = ask_rows(ASKED - 1, "SELECT count(*) FROM numbers");
    turn();
    return answered_integer(self);
}

static void forget_counts(void)
{
    world.begins = world.savepoints = world.commits = world.answers = 0;
}

static codedb_statistics statistics(void)
{
    codedb_statistics now = CODEDB_INIT(codedb_statistics);
    codedb_queue_statistics(world.queue, &now);
    return now;
}

static int open_loop(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.driver = *codedb_sqlite_driver();
    world.driver.connect = spy_connect;
    world.driver.begin = spy_begin;
    world.driver.commit = spy_commit;
    world.driver.savepoint = spy_savepoint;
    world.driver.rollback_to = spy_rollback_to;
    world.driver.rollback = spy_rollback;
    world.options.driver = &world.driver;
    world.options.transaction_timeout = 1000;
    world.options.group_time = 1000; /* however slow the machine is */
    world.options.settings.struct_size = sizeof world.options.settings;
    world.options.settings.path = ":memory:";
    world.options.settings.allocator = codedb_allocator_or_default(NULL);
    if (codedb_queue_create(&world.options.settings.allocator, ASKED, &world.queue, NULL) != CODEDB_SUCCESS ||
        codedb_loop_create(&world.options, world.queue, &world.loop, NULL) != CODEDB_SUCCESS)
        return -1;
    submit(prepare(0, CODEDB_REQUEST_CONNECT));
    turn();
    run("CREATE TABLE numbers (number INTEGER PRIMARY KEY)");
    run("CREATE TABLE tied (number INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED)");
    forget_counts();
    return 0;
}

static int close_loop(void **state)
{
    (void)state;
    codedb_loop_destroy(world.loop);
    codedb_queue_destroy(world.queue);
    return 0;
}

/* ---- groups ---- */

static void writes_that_wait_share_one_commit(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < 5; i++)
        ask_insert(i);
    turn();
    for (i = 0; i < 5; i++) {
        assert_answer(&asks[i], CODEDB_SUCCESS);
        assert_int_equal(asks[i].order, i + 1);
        assert_int_equal(asks[i].request.changes.last_insert_id, i);
    }
    assert_int_equal(world.commits, 1);
    assert_int_equal(world.savepoints, 5);
    assert_int_equal(statistics().groups, 1);
    assert_int_equal(statistics().grouped, 5);
    assert_int_equal(statistics().group_largest, 5);
    assert_int_equal(count_numbers(), 5);
}

/* Invariant 8. */
static void nobody_is_answered_before_the_commit(void **state)
{
    (void)state;
    ask_insert(0);
    ask_rows(1, "SELECT count(*) FROM numbers");
    ask(2, "INSERT INTO nowhere VALUES (1)");
    ask_insert(3);
    ask_rows(4, "SELECT count(*) FROM numbers");
    turn();
    assert_int_equal(world.commits, 1);
    assert_int_equal(world.answered_before_commit, 0);
    assert_int_equal(world.answers, 5);
    assert_int_equal(answered_integer(&asks[1]), 1);
    assert_answer(&asks[2], CODEDB_SCHEMA_ERROR);
    assert_int_equal(answered_integer(&asks[4]), 2);
}

/* Invariant 7. */
static void a_member_that_fails_leaves_nothing_and_its_neighbours_everything(void **state)
{
    (void)state;
    run("INSERT INTO numbers VALUES (7)");
    ask_insert(1);
    ask(2, "INSERT INTO numbers VALUES (100), (101), (7)");
    ask(3, "INSERT INTO tied VALUES (1000)"); /* a key that only a commit would look at */
    ask_insert(4);
    turn();
    assert_answer(&asks[1], CODEDB_SUCCESS);
    assert_answer(&asks[2], CODEDB_VALIDATION_ERROR);
    assert_answer(&asks[3], CODEDB_VALIDATION_ERROR);
    assert_words(&asks[3], "FOREIGN KEY");
    assert_answer(&asks[4], CODEDB_SUCCESS);
    assert_int_equal(count_numbers(), 3);
}

/* Invariant 9. */
static void a_commit_that_fails_is_every_members_answer(void **state)
{
    (void)state;
    world.commits_fail = true;
    ask_insert(0);
    ask_rows(1, "SELECT count(*) FROM numbers");
    ask_insert(2);
    turn();
    assert_answer(&asks[0], CODEDB_DATABASE_ERROR);
    assert_answer(&asks[1], CODEDB_DATABASE_ERROR);
    assert_null(asks[1].request.rows);
    assert_answer(&asks[2], CODEDB_DATABASE_ERROR);
    assert_words(&asks[2], "the disk is gone");
    world.commits_fail = false;
    assert_int_equal(count_numbers(), 0);
    run("INSERT INTO numbers VALUES (1)");
    assert_int_equal(count_numbers(), 1);
}

/* Invariant 10. */
static void a_member_that_ends_the_transaction_takes_nobody_with_it(void **state)
{
    (void)state;
    run("INSERT INTO numbers VALUES (7)");
    ask_insert(0);
    ask_rows(1, "SELECT count(*) FROM numbers");
    ask(2, "INSERT OR ROLLBACK INTO numbers VALUES (100), (7)");
    ask_insert(3);
    turn();
    assert_answer(&asks[0], CODEDB_SUCCESS);
    assert_int_equal(answered_integer(&asks[1]), 2);
    assert_answer(&asks[2], CODEDB_VALIDATION_ERROR);
    assert_int_equal(asks[3].answers, 0);
    turn();
    assert_answer(&asks[3], CODEDB_SUCCESS);
    assert_int_equal(count_numbers(), 3);
}

/* Invariants 10 and 11. */
static void a_member_whose_time_is_over_is_interrupted_alone(void **state)
{
    asked *endless;
    (void)state;
    ask_insert(0);
    endless =
        prepare_sql(1, "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n) INSERT INTO numbers SELECT i FROM n");
    endless->request.timeout = 0.05;
    submit(endless);
    ask_insert(2);
    turn();
    assert_answer(&asks[0], CODEDB_SUCCESS);
    assert_answer(endless, CODEDB_TIMEOUT);
    turn();
    assert_answer(&asks[2], CODEDB_SUCCESS);
    assert_int_equal(count_numbers(), 2);
}

/* Invariant 10. */
static void a_full_disk_hits_only_who_fills_it(void **state)
{
    int64_t before;
    (void)state;
    run("CREATE TABLE big (data BLOB)");
    assert_int_equal(codedb_sqlite_execute(world.connection, "PRAGMA max_page_count = 20"), SQLITE_OK);
    before = count_numbers();
    ask_insert(0);
    ask(1, "INSERT INTO big VALUES (zeroblob(1000000))");
    ask_insert(2);
    turn();
    assert_answer(&asks[0], CODEDB_SUCCESS);
    assert_answer(&asks[1], CODEDB_DATABASE_ERROR);
    if (asks[2].answers == 0)
        turn();
    assert_answer(&asks[2], CODEDB_SUCCESS);
    assert_int_equal(count_numbers(), before + 2);
}

/* Invariant 7: when a savepoint cannot be undone, nothing of the group may stay. */
static void a_member_that_cannot_be_undone_is_undone_with_the_transaction(void **state)
{
    (void)state;
    world.undoing_fails = true;
    ask_insert(0);
    ask(1, "INSERT INTO tied VALUES (1000)");
    ask_insert(2);
    turn();
    turn();
    assert_answer(&asks[0], CODEDB_SUCCESS);
    assert_answer(&asks[1], CODEDB_VALIDATION_ERROR);
    assert_answer(&asks[2], CODEDB_SUCCESS);
    assert_int_equal(count_numbers(), 2);
}

/* Invariant 12. */
static void a_write_that_finds_no_other_has_no_savepoint(void **state)
{
    (void)state;
    ask_insert(0);
    ask_rows(1, "SELECT count(*) FROM numbers");
    turn();
    assert_int_equal(asks[0].answers, 1);
    assert_int_equal(asks[1].answers, 0);
    turn();
    assert_int_equal(answered_integer(&asks[1]), 1);
    assert_int_equal(world.begins, 0);
    assert_int_equal(world.savepoints, 0);
    assert_int_equal(statistics().groups, 0);
}

/* Invariant 12. */
static void a_group_has_a_largest_size(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < ASKED - 1; i++)
        ask_insert(i);
    while (asks[ASKED - 2].answers == 0)
        turn();
    for (i = 0; i < ASKED - 1; i++)
        assert_answer(&asks[i], CODEDB_SUCCESS);
    assert_true(statistics().group_largest <= 256);
    assert_true(world.commits >= 2);
}

static void submit_when_looked_for(void *context)
{
    (void)context;
    if (world.looks++ == 0)
        ask_insert(20);
}

/* Invariant 13. */
static void behind_a_group_others_are_expected_for_a_moment(void **state)
{
    (void)state;
    world.commits_take_long = true;
    ask_insert(0);
    ask_insert(1);
    turn();
    codedb_loop_watch(world.loop, submit_when_looked_for, NULL);
    ask_insert(10);
    turn();
    assert_answer(&asks[10], CODEDB_SUCCESS);
    assert_answer(&asks[20], CODEDB_SUCCESS);
    assert_int_equal(world.commits, 2);
    /* Nobody comes, and from then on nobody is expected. */
    ask_insert(11);
    turn();
    assert_answer(&asks[11], CODEDB_SUCCESS);
    assert_int_equal(world.savepoints, 5);
    ask_insert(12);
    turn();
    assert_answer(&asks[12], CODEDB_SUCCESS);
    assert_int_equal(world.savepoints, 5);
    assert_int_equal(statistics().groups, 2);
    assert_int_equal(count_numbers(), 6);
}

static void what_is_no_member_waits_for_the_group(void **state)
{
    (void)state;
    ask_insert(0);
    ask_insert(1);
    ask(2, "CREATE TABLE later (number INTEGER)");
    ask_insert(3);
    submit(prepare(4, CODEDB_REQUEST_BEGIN));
    turn();
    assert_int_equal(world.answers, 2);
    turn();
    assert_answer(&asks[2], CODEDB_SUCCESS);
    turn();
    assert_answer(&asks[3], CODEDB_SUCCESS);
    turn();
    assert_answer(&asks[4], CODEDB_SUCCESS);
    assert_int_equal(world.commits, 1);
}

static void one_that_expired_in_the_queue_is_no_member(void **state)
{
    asked *late;
    (void)state;
    ask_insert(0);
    late = prepare_sql(1, "INSERT INTO numbers VALUES (?1)");
    late->request.timeout = 1e-9;
    submit(late);
    ask_insert(2);
    turn();
    assert_answer(&asks[0], CODEDB_SUCCESS);
    assert_answer(late, CODEDB_TIMEOUT);
    assert_answer(&asks[2], CODEDB_SUCCESS);
    assert_int_equal(count_numbers(), 2);
}

static void a_group_that_cannot_begin_is_the_first_ones_answer(void **state)
{
    (void)state;
    assert_int_equal(codedb_sqlite_execute(world.connection, "BEGIN"), SQLITE_OK);
    ask_insert(0);
    ask_insert(1);
    turn();
    assert_answer(&asks[0], CODEDB_DATABASE_ERROR);
    assert_int_equal(asks[1].answers, 0);
    assert_true(sqlite3_get_autocommit(world.connection->db)); /* what was in the way is no more */
    turn();
    assert_answer(&asks[1], CODEDB_SUCCESS);
}

/* Invariant 14: a write in what is left of another would be answered, and undone with it. */
static void nothing_runs_in_a_transaction_that_cannot_be_rolled_back(void **state)
{
    (void)state;
    world.commits_fail = true;
    world.rollbacks_fail = 3;
    ask_insert(0);
    ask_insert(1);
    turn();
    assert_answer(&asks[0], CODEDB_DATABASE_ERROR);
    assert_answer(&asks[1], CODEDB_DATABASE_ERROR);
    assert_false(sqlite3_get_autocommit(world.connection->db));
    world.commits_fail = false;
    ask_insert(2);
    ask_insert(3);
    turn();
    turn();
    assert_answer(&asks[2], CODEDB_NO_MEMORY);
    assert_answer(&asks[3], CODEDB_NO_MEMORY);
    ask_insert(4);
    turn();
    assert_answer(&asks[4], CODEDB_SUCCESS);
    assert_true(sqlite3_get_autocommit(world.connection->db));
    assert_int_equal(count_numbers(), 1);
}

/* ---- what SQL may be a member ---- */

static void sql_is_known_by_its_first_word(void **state)
{
    static const struct {
        const char *sql;
        codedb_request_role role;
    } examples[] = {
        {"INSERT INTO t VALUES (1)", CODEDB_ROLE_WRITES},
        {" \n\tinsert into t", CODEDB_ROLE_WRITES},
        {"Update t SET a = 1", CODEDB_ROLE_WRITES},
        {"delete from t", CODEDB_ROLE_WRITES},
        {"REPLACE INTO t", CODEDB_ROLE_WRITES},
        {"WITH n AS (SELECT 1) SELECT 2", CODEDB_ROLE_WRITES},
        {"SELECT 1", CODEDB_ROLE_READS},
        {"SELECT(1)", CODEDB_ROLE_READS},
        {"VALUES (1)", CODEDB_ROLE_READS},
        {"selection", CODEDB_ROLE_ALONE},
        {"VACUUM", CODEDB_ROLE_ALONE},
        {"PRAGMA user_version", CODEDB_ROLE_ALONE},
        {"CREATE TABLE t (a)", CODEDB_ROLE_ALONE},
        {"-- a comment\nINSERT INTO t", CODEDB_ROLE_ALONE},
        {"EXPLAIN SELECT 1", CODEDB_ROLE_ALONE},
        {"INSER", CODEDB_ROLE_ALONE},
        {"", CODEDB_ROLE_ALONE},
        {"   ", CODEDB_ROLE_ALONE},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof examples / sizeof examples[0]; i++)
        if (codedb_request_find_role(&prepare_sql(0, examples[i].sql)->request) != examples[i].role)
            fail_msg("\"%s\" has another role", examples[i].sql);
    prepare_sql(0, "SELECT 1")->request.transaction = 1;
    assert_int_equal(codedb_request_find_role(&asks[0].request), CODEDB_ROLE_ALONE);
}

int main(void)
{
#define LOOP_TEST(test) cmocka_unit_test_setup_teardown(test, open_loop, close_loop)
    const struct CMUnitTest tests[] = {
        LOOP_TEST(writes_that_wait_share_one_commit),
        LOOP_TEST(nobody_is_answered_before_the_commit),
        LOOP_TEST(a_member_that_fails_leaves_nothing_and_its_neighbours_everything),
        LOOP_TEST(a_commit_that_fails_is_every_members_answer),
        LOOP_TEST(a_member_that_ends_the_transaction_takes_nobody_with_it),
        LOOP_TEST(a_member_whose_time_is_over_is_interrupted_alone),
        LOOP_TEST(a_full_disk_hits_only_who_fills_it),
        LOOP_TEST(a_member_that_cannot_be_undone_is_undone_with_the_transaction),
        LOOP_TEST(a_write_that_finds_no_other_has_no_savepoint),
        LOOP_TEST(a_group_has_a_largest_size),
        LOOP_TEST(behind_a_group_others_are_expected_for_a_moment),
        LOOP_TEST(what_is_no_member_waits_for_the_group),
        LOOP_TEST(one_that_expired_in_the_queue_is_no_member),
        LOOP_TEST(a_group_that_cannot_begin_is_the_first_ones_answer),
        LOOP_TEST(nothing_runs_in_a_transaction_that_cannot_be_rolled_back),
        cmocka_unit_test(sql_is_known_by_its_first_word),
    };
#undef LOOP_TEST
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
