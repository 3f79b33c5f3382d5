/* tests/test_process.c -- codedb_process.c, codedb_worker.c, codedb_sqlite_fork.c: a driver in a process of its own. Public header only.
 *
 * What a driver does is tested in both modes elsewhere (support_run_both); here is what only a process can do: die, be started
 * again, be stopped, inherit what is not its own. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static codedb_result result = CODEDB_INIT(codedb_result);

/* ---- A database in a process ---- */

typedef struct proxy {
    codedb *db;
    char *folder;
    char path[4200];
    char log[4200];
} proxy;

static codedb_code proxy_try_open(proxy *p, const char *path, const char *more, const codedb_open_options *options, codedb **db)
{
    char config[9000];
    (void)p;
    snprintf(config, sizeof config, "{\"type\": \"sqlite_proxy\", \"config\": {\"path\": \"%s\"%s}}", path, more);
    return codedb_open(config, options, db, &result);
}

static void proxy_open(proxy *p)
{
    char more[4400];
    snprintf(more, sizeof more, ", \"worker_config\": {\"worker_log_path\": \"%s\", \"command_timeout\": 20}", p->log);
    assert_success(proxy_try_open(p, p->path, more, NULL, &p->db), result);
}

static void execute(codedb *db, const char *sql)
{
    assert_success(codedb_sql_execute(db, sql, NULL, 0, NULL, NULL, &result), result);
}

static int64_t ask(codedb *db, const char *sql)
{
    codedb_rows *rows;
    int64_t answer;
    assert_success(codedb_sql_execute(db, sql, NULL, 0, &rows, NULL, &result), result);
    assert_int_equal(rows->row_count, 1);
    answer = rows->values[0].as.integer;
    codedb_free(rows);
    return answer;
}

static codedb_health health_of(codedb *db)
{
    codedb_health health = CODEDB_INIT(codedb_health);
    assert_success(codedb_health_get(db, &health, &result), result);
    return health;
}

static int set_up(void **state)
{
    proxy *p = calloc(1, sizeof *p);
    p->folder = support_folder_create();
    snprintf(p->path, sizeof p->path, "%s/code.db", p->folder);
    snprintf(p->log, sizeof p->log, "%s/logs/worker.log", p->folder);
    proxy_open(p);
    execute(p->db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    proxy *p = *state;
    codedb_close(p->db);
    codedb_result_clear(&result);
    support_folder_remove(p->folder);
    free(p);
    return 0;
}

static bool is_alive(int64_t process)
{
    char path[64], text[512] = "";
    FILE *file;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)process);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    if (fgets(text, sizeof text, file) == NULL)
        text[0] = '\0';
    fclose(file);
    return strstr(text, ") Z ") == NULL && text[0] != '\0'; /* dead and not yet waited for by whose child it is */
}

/* Waits for the end of a process that must end; not by sleeping for a time, but until it is so. */
static void await_death(int64_t process)
{
    while (is_alive(process))
        sched_yield();
}

/* The worker's process, once there is one. */
static pid_t worker_of(codedb *db)
{
    codedb_health health;
    do {
        health = health_of(db);
    } while (!health.is_running);
    assert_true(health.process > 0 && health.process != getpid());
    return (pid_t)health.process;
}

static void kill_worker(codedb *db)
{
    pid_t process = worker_of(db);
    assert_int_equal(kill(process, SIGKILL), 0);
    await_death(process);
}

/* ---- Life and death ---- */

static void the_driver_is_another_process(void **state)
{
    proxy *p = *state;
    codedb_health health = health_of(p->db);
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    assert_int_equal(health.is_running, 1);
    assert_int_equal(health.is_process, 1);
    assert_true(health.process > 0 && health.process != getpid());
    assert_true(health.supervisor > 0 && health.supervisor != health.process);
    assert_true(health.latency >= 0 && health.uptime > 0);
    assert_int_equal(health.restarts, 0);
    assert_success(codedb_statistics_get(p->db, &statistics, &result), result);
    assert_int_equal(statistics.process, health.process);
    assert_true(statistics.processed > 0 && statistics.commits > 0 && statistics.uptime > 0);
}

static void a_thread_is_healthy_as_long_as_it_is_there(void **state)
{
    codedb_health health;
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    codedb *db, *view;
    (void)state;
    assert_success(codedb_open(":memory:", NULL, &db, &result), result);
    assert_success(codedb_with(db, &options, &view, &result), result);
    health = health_of(db);
    assert_int_equal(health.is_running, 1);
    assert_int_equal(health.is_process, 0);
    assert_int_equal(health.process, getpid());
    assert_success(codedb_statistics_get(db, &statistics, &result), result);
    assert_int_equal(statistics.process, getpid());
    assert_code(codedb_restart(db, &result), CODEDB_INVALID_REQUEST, result);
    assert_contains(result.description, "the driver is a thread");
    codedb_close(db);
    health = health_of(view);
    assert_int_equal(health.is_running, 0);
    assert_true(health.latency < 0);
    codedb_close(view);
}

static void wrong_calls_are_refused(void **state)
{
    proxy *p = *state;
    codedb_health health = {.struct_size = 0};
    assert_code(codedb_health_get(NULL, &health, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_health_get(p->db, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_health_get(p->db, &health, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_restart(NULL, &result), CODEDB_INVALID_REQUEST, result);
}

static void a_dead_worker_is_started_again_and_nothing_acknowledged_is_lost(void **state)
{
    proxy *p = *state;
    pid_t before = worker_of(p->db);
    execute(p->db, "INSERT INTO t (a) VALUES ('one')");
    kill_worker(p->db);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 1); /* nothing of it was sent to the dead one */
    assert_true(health_of(p->db).process != before);
    assert_int_equal(health_of(p->db).restarts, 1);
    execute(p->db, "INSERT INTO t (a) VALUES ('two')");
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 2);
}

static void a_worker_may_die_many_times(void **state)
{
    proxy *p = *state;
    for (int i = 1; i <= 4; i++) {
        kill_worker(p->db);
        execute(p->db, "INSERT INTO t (a) VALUES ('row')");
        assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), i);
        assert_int_equal(health_of(p->db).restarts, i);
    }
}

/* What a thread sends that waits for long. */
typedef struct sender {
    codedb *db;
    const char *sql;
    codedb_code code;
    codedb_result result;
} sender;

static void *sender_main(void *argument)
{
    sender *self = argument;
    self->code = codedb_sql_execute(self->db, self->sql, NULL, 0, NULL, NULL, &self->result);
    return NULL;
}

#define ENDLESS "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) "

/* Kills the worker while it runs `sql` for a thread; what that is told. */
static codedb_code die_during(proxy *p, const char *sql, const char *said)
{
    sender sent = {.db = p->db, .sql = sql, .result = CODEDB_INIT(codedb_result)};
    pid_t process = worker_of(p->db);
    codedb_request_options soon = CODEDB_INIT(codedb_request_options);
    codedb_health health = CODEDB_INIT(codedb_health);
    codedb *view;
    pthread_t thread;
    soon.timeout = 0.05;
    assert_success(codedb_with(p->db, &soon, &view, &result), result);
    assert_int_equal(pthread_create(&thread, NULL, sender_main, &sent), 0);
    do { /* one that is busy does not answer */
        assert_success(codedb_health_get(view, &health, &result), result);
    } while (health.is_running);
    codedb_close(view);
    assert_int_equal(kill(process, SIGKILL), 0);
    pthread_join(thread, NULL);
    assert_contains(sent.result.description, said);
    codedb_result_clear(&sent.result);
    return sent.code;
}

static void who_waits_for_a_dead_worker_is_told_at_once(void **state)
{
    proxy *p = *state;
    assert_int_equal(die_during(p, ENDLESS "INSERT INTO t (id) SELECT i FROM c", "was committed, or was not"),
                     CODEDB_OUTCOME_UNKNOWN);
    assert_int_equal(
        die_during(p, " select(SELECT * FROM (" ENDLESS "SELECT count(*) FROM c))", "nothing was changed by the request"),
        CODEDB_CONNECTION_ERROR);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 0);
}

static void a_transaction_dies_with_its_worker(void **state)
{
    proxy *p = *state;
    codedb *transaction, *next;
    assert_success(codedb_transaction_begin(p->db, &transaction, &result), result);
    execute(transaction, "INSERT INTO t (a) VALUES ('lost')");
    kill_worker(p->db);
    assert_code(codedb_transaction_commit(transaction, &result), CODEDB_TRANSACTION_ERROR, result);
    assert_contains(result.description, "when the driver's process ended");
    assert_success(codedb_transaction_begin(p->db, &next, &result), result); /* has the same number in the new worker */
    assert_code(codedb_sql_execute(transaction, "DELETE FROM t", NULL, 0, NULL, NULL, &result), CODEDB_TRANSACTION_ERROR, result);
    execute(next, "INSERT INTO t (a) VALUES ('kept')");
    assert_success(codedb_transaction_commit(next, &result), result);
    codedb_close(transaction);
    codedb_close(next);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 1);
}

static void a_database_in_memory_dies_with_its_worker(void **state)
{
    codedb *db;
    codedb_health health;
    (void)state;
    assert_success(proxy_try_open(NULL, ":memory:", "", NULL, &db), result);
    assert_code(codedb_restart(db, &result), CODEDB_INVALID_REQUEST, result);
    kill_worker(db);
    assert_code(codedb_sql_execute(db, "SELECT 1", NULL, 0, NULL, NULL, &result), CODEDB_CONNECTION_ERROR, result);
    assert_contains(result.description, "the database in memory");
    assert_code(codedb_sql_execute(db, "SELECT 1", NULL, 0, NULL, NULL, &result), CODEDB_CONNECTION_ERROR, result);
    health = health_of(db);
    assert_int_equal(health.is_running, 0);
    assert_int_equal(health.process, 0);
    codedb_close(db);
}

static void a_restart_keeps_everything_but_transactions(void **state)
{
    proxy *p = *state;
    codedb_health before = health_of(p->db), after;
    codedb *transaction;
    execute(p->db, "INSERT INTO t (a) VALUES ('kept')");
    assert_success(codedb_transaction_begin(p->db, &transaction, &result), result);
    execute(transaction, "INSERT INTO t (a) VALUES ('lost')");
    assert_success(codedb_restart(p->db, &result), result);
    after = health_of(p->db);
    assert_true(after.is_running && after.process != before.process && after.restarts == 1);
    assert_false(is_alive(before.process));
    assert_int_equal(after.supervisor, before.supervisor);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 1);
    assert_code(codedb_transaction_commit(transaction, &result), CODEDB_TRANSACTION_ERROR, result);
    codedb_close(transaction);
}

static void a_worker_that_hangs_is_killed_by_a_restart(void **state)
{
    proxy *p = *state;
    pid_t process = worker_of(p->db);
    codedb_request_options soon = CODEDB_INIT(codedb_request_options);
    codedb_health health = CODEDB_INIT(codedb_health);
    codedb *view;
    soon.timeout = 0.1;
    assert_int_equal(kill(process, SIGSTOP), 0);
    assert_success(codedb_with(p->db, &soon, &view, &result), result);
    assert_success(codedb_health_get(view, &health, &result), result);
    assert_int_equal(health.is_running, 0);
    assert_int_equal(health.process, process);
    codedb_restart(view, &result); /* may time out: the new one is there in any case */
    codedb_close(view);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 0);
    assert_true(health_of(p->db).process != process);
}

static void without_its_supervisor_a_worker_works_on_and_a_restart_starts_both(void **state)
{
    proxy *p = *state;
    codedb_health before = health_of(p->db), after;
    assert_int_equal(kill((pid_t)before.supervisor, SIGKILL), 0);
    await_death(before.supervisor);
    execute(p->db, "INSERT INTO t (a) VALUES ('one')");
    kill_worker(p->db);
    assert_code(codedb_sql_execute(p->db, "SELECT 1", NULL, 0, NULL, NULL, &result), CODEDB_CONNECTION_ERROR, result);
    assert_contains(result.description, "so did the one that starts it again");
    assert_success(codedb_restart(p->db, &result), result);
    after = health_of(p->db);
    assert_true(after.is_running && after.supervisor != before.supervisor);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 1);
}

/* ---- Time ---- */

static void a_worker_that_does_not_answer_is_not_waited_for(void **state)
{
    proxy *p = *state;
    pid_t process = worker_of(p->db);
    codedb_request_options soon = CODEDB_INIT(codedb_request_options);
    codedb *view;
    soon.timeout = 0.05;
    assert_success(codedb_with(p->db, &soon, &view, &result), result);
    assert_int_equal(kill(process, SIGSTOP), 0);
    assert_code(codedb_sql_execute(view, "INSERT INTO t (a) VALUES ('?')", NULL, 0, NULL, NULL, &result), CODEDB_OUTCOME_UNKNOWN,
                result);
    assert_code(codedb_table_select(view, "t", NULL, &(codedb_rows *){NULL}, &result), CODEDB_TIMEOUT, result);
    assert_int_equal(kill(process, SIGCONT), 0);
    codedb_close(view);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 0); /* its time was over before it began */
}

static void the_workers_clock_is_the_hosts(void **state)
{
    proxy *p = *state;
    codedb_request_options soon = CODEDB_INIT(codedb_request_options);
    codedb *view;
    soon.timeout = 0.1;
    assert_success(codedb_with(p->db, &soon, &view, &result), result);
    assert_code(codedb_sql_execute(view, ENDLESS "INSERT INTO t (id) SELECT i FROM c", NULL, 0, NULL, NULL, &result),
                CODEDB_TIMEOUT, result);
    codedb_close(view);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 0);
}

/* ---- Large rows ---- */

static void a_row_of_a_hundred_megabytes_crosses_both_ways(void **state)
{
    proxy *p = *state;
    size_t size = (size_t)100 << 20;
    char *text = malloc(size);
    codedb_column row = {"a", {CODEDB_VALUE_BLOB, {.text = text}, size}};
    codedb_rows *rows;
    assert_non_null(text);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)(i * 31 + (i >> 13));
    assert_success(codedb_table_insert(p->db, "t", &row, 1, NULL, &result), result);
    assert_success(codedb_sql_execute(p->db, "SELECT a, a FROM t", NULL, 0, &rows, NULL, &result), result);
    assert_int_equal(rows->values[0].length, size);
    assert_int_equal(rows->values[1].length, size);
    assert_memory_equal(rows->values[1].as.text, text, size);
    assert_int_equal(rows->values[0].as.text[size], 0);
    codedb_free(rows);
    free(text);
}

/* ---- Many threads ---- */

typedef struct crowd {
    codedb *db;
    int number;
    int failures;
} crowd;

static void *crowd_main(void *argument)
{
    crowd *self = argument;
    char text[3000];
    memset(text, 'a' + self->number % 26, sizeof text);
    for (int i = 0; i < 100; i++) {
        codedb_value values[2] = {codedb_value_integer(self->number * 1000 + i), codedb_value_text_of_length(text, sizeof text)};
        codedb_rows *rows = NULL;
        if (codedb_sql_execute(self->db, "INSERT INTO t (id, a) VALUES (?, ?)", values, 2, NULL, NULL, NULL) != CODEDB_SUCCESS ||
            codedb_sql_execute(self->db, "SELECT a, id FROM t WHERE id = ?", values, 1, &rows, NULL, NULL) != CODEDB_SUCCESS ||
            rows->row_count != 1 || rows->values[0].length != sizeof text || rows->values[0].as.text[0] != text[0] ||
            rows->values[1].as.integer != values[0].as.integer)
            self->failures++;
        codedb_free(rows);
    }
    return NULL;
}

static void many_threads_share_the_socket_and_get_their_own_answers(void **state)
{
    enum { THREADS = 16 };
    proxy *p = *state;
    pthread_t threads[THREADS];
    crowd members[THREADS];
    for (int i = 0; i < THREADS; i++) {
        members[i] = (crowd){p->db, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, &members[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(members[i].failures, 0);
    }
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), THREADS * 100);
}

/* Writes and counts what was acknowledged, whatever happens to the worker. */
typedef struct survivor {
    codedb *db;
    int number;
    int acknowledged;
    int unknown;
    atomic_bool *ended;
} survivor;

static void *survivor_main(void *argument)
{
    survivor *self = argument;
    codedb_result own = CODEDB_INIT(codedb_result);
    for (int i = 0; !atomic_load(self->ended); i++) {
        codedb_value values[2] = {codedb_value_integer(self->number * 10000000 + i), codedb_value_integer(self->number)};
        codedb_code code = codedb_sql_execute(self->db, "INSERT INTO t (id, a) VALUES (?, ?)", values, 2, NULL, NULL, &own);
        self->acknowledged += code == CODEDB_SUCCESS;
        self->unknown += code == CODEDB_OUTCOME_UNKNOWN;
        if (code != CODEDB_SUCCESS && code != CODEDB_OUTCOME_UNKNOWN && code != CODEDB_CONNECTION_ERROR)
            print_error("%s: %s\n", codedb_code_name(code), own.description);
    }
    codedb_result_clear(&own);
    return NULL;
}

static void under_load_deaths_lose_no_acknowledged_row(void **state)
{
    enum { THREADS = 8 };
    proxy *p = *state;
    pthread_t threads[THREADS];
    survivor members[THREADS];
    atomic_bool ended;
    int acknowledged = 0, unknown = 0;
    int64_t stored;
    atomic_init(&ended, false);
    for (int i = 0; i < THREADS; i++) {
        members[i] = (survivor){p->db, i, 0, 0, &ended};
        assert_int_equal(pthread_create(&threads[i], NULL, survivor_main, &members[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        int64_t before = ask(p->db, "SELECT count(*) FROM t");
        codedb_rows *rows = NULL;
        int64_t now = before;
        kill_worker(p->db);
        while (now <= before) { /* until the next one has written something */
            if (codedb_sql_execute(p->db, "SELECT count(*) FROM t", NULL, 0, &rows, NULL, NULL) == CODEDB_SUCCESS)
                now = rows->values[0].as.integer;
            codedb_free(rows);
            rows = NULL;
        }
    }
    atomic_store(&ended, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        acknowledged += members[i].acknowledged;
        unknown += members[i].unknown;
    }
    stored = ask(p->db, "SELECT count(*) FROM t");
    assert_true(stored >= acknowledged && stored <= acknowledged + unknown);
}

/* ---- Opening from a host that is busy ---- */

static void *hammer_main(void *argument)
{
    atomic_bool *ended = argument;
    while (!atomic_load(ended)) {
        sqlite3 *db;
        void *blocks[16];
        for (int i = 0; i < 16; i++)
            blocks[i] = malloc((size_t)64 << (i % 8));
        if (sqlite3_open(":memory:", &db) == SQLITE_OK) {
            sqlite3_exec(db, "CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(100)); SELECT * FROM t ORDER BY random()",
                         NULL, NULL, NULL);
            sqlite3_close(db);
        }
        for (int i = 0; i < 16; i++)
            free(blocks[i]);
    }
    return NULL;
}

static void handles_open_while_threads_hammer_sqlite_and_malloc(void **state)
{
    enum { THREADS = 6 };
    proxy *p = *state;
    pthread_t threads[THREADS];
    atomic_bool ended;
    char path[4300];
    atomic_init(&ended, false);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer_main, &ended), 0);
    for (int i = 0; i < 30; i++) {
        codedb *db;
        snprintf(path, sizeof path, "%s/%d.db", p->folder, i % 3);
        assert_success(proxy_try_open(p, path, "", NULL, &db), result);
        execute(db, "CREATE TABLE IF NOT EXISTS t (a)");
        codedb_close(db);
    }
    atomic_store(&ended, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_driver_is_another_process, set_up, tear_down),
        cmocka_unit_test(a_thread_is_healthy_as_long_as_it_is_there),
        cmocka_unit_test_setup_teardown(wrong_calls_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dead_worker_is_started_again_and_nothing_acknowledged_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_worker_may_die_many_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_waits_for_a_dead_worker_is_told_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_transaction_dies_with_its_worker, set_up, tear_down),
        cmocka_unit_test(a_database_in_memory_dies_with_its_worker),
        cmocka_unit_test_setup_teardown(a_restart_keeps_everything_but_transactions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_worker_that_hangs_is_killed_by_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_its_supervisor_a_worker_works_on_and_a_restart_starts_both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_worker_that_does_not_answer_is_not_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_workers_clock_is_the_hosts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_of_a_hundred_megabytes_crosses_both_ways, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_threads_share_the_socket_and_get_their_own_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(under_load_deaths_lose_no_acknowledged_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(handles_open_while_threads_hammer_sqlite_and_malloc, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
