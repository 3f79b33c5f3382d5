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
#include <stdatomic.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static codedb_result result = CODEDB_INIT(codedb_result);

/* The system's memfd_create, as codedb calls it. Without it there is no memory to share, and the socket carries everything. */
static bool without_shared_memory;

int memfd_create(const char *name, unsigned flags)
{
    if (!without_shared_memory)
        return (int)syscall(SYS_memfd_create, name, flags);
    errno = ENOSYS;
    return -1;
}

/* Its mmap: a host that has no memory for its end of a channel. And its close, which is not for what is closed. */
static pid_t without_mapping; /* this process is; 0: none */
static atomic_int closed_twice;

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset)
{
    if (without_mapping == getpid() && file >= 0 && (flags & MAP_SHARED) != 0 && length > 100000) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}

int close(int file)
{
    int closed = (int)syscall(SYS_close, file);
    if (closed != 0 && errno == EBADF)
        atomic_fetch_add(&closed_twice, 1);
    return closed;
}

/* Its poll, counted. */
static atomic_uint polls;

int poll(struct pollfd *files, nfds_t count, int timeout)
{
    atomic_fetch_add(&polls, 1);
    return (int)syscall(SYS_poll, files, count, timeout);
}

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
    snprintf(more, sizeof more, ", \"worker_config\": {\"worker_log_path\": \"%s\", \"command_timeout\": 100}", p->log);
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

static int set_up_socket(void **state)
{
    without_shared_memory = true;
    return set_up(state);
}

static int tear_down(void **state)
{
    proxy *p = *state;
    without_shared_memory = false;
    codedb_close(p->db);
    codedb_result_clear(&result);
    support_folder_remove(p->folder);
    free(p);
    return 0;
}

/* Whether the process, or a thread of it, still is there: the first thread of a killed process may be dead while another still holds its
 * files open. A dead one may wait for whose child it is. */
static bool is_alive(int64_t process)
{
    char path[64], text[512] = "", state = 'Z';
    int threads = 1;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)process);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    if (fgets(text, sizeof text, file) == NULL)
        text[0] = '\0';
    fclose(file);
    if (strrchr(text, ')') != NULL) /* behind the name: the third field, and the twentieth */
        sscanf(strrchr(text, ')'), ") %c%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%d", &state, &threads);
    return state != 'Z' || threads > 1;
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
    while (health_of(db).process == process) /* until the host has noticed */
        sched_yield();
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

static void what_is_asked_of_a_worker_that_died_idle_goes_to_the_next_one(void **state)
{
    proxy *p = *state;
    for (int i = 0; i < 3; i++) {
        pid_t process = worker_of(p->db);
        assert_int_equal(kill(process, SIGKILL), 0);
        await_death(process);
        if (i == 1)
            assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 1);
        else
            execute(p->db, "INSERT INTO t (a) VALUES ('once')");
    }
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
#define COUNTING_TO(last) "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < " #last ") "
#define COUNTING COUNTING_TO(3000000)

/* Kills the worker while it runs `sql` for a thread; what that is told. */
static codedb_code die_during(proxy *p, const char *sql, const char *said)
{
    sender sent = {.db = p->db, .sql = sql, .result = CODEDB_INIT(codedb_result)};
    pid_t process = worker_of(p->db);
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, sender_main, &sent), 0);
    do {
        assert_success(codedb_statistics_get(p->db, &statistics, &result), result);
    } while (statistics.size > 0 || statistics.total == statistics.processed); /* until it runs */
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

typedef struct unlucky {
    codedb *db;
    int calls;
    bool inserts; /* behind the death of the worker */
} unlucky;

static codedb_code insert_and_lose_the_worker(void *context, codedb *transaction, codedb_result *answer)
{
    unlucky *self = context;
    codedb_code code = codedb_sql_execute(transaction, "INSERT INTO t (a) VALUES ('one')", NULL, 0, NULL, NULL, answer);
    if (code != CODEDB_SUCCESS || self->calls++ > 0)
        return code;
    kill_worker(self->db);
    if (self->inserts)
        code = codedb_sql_execute(transaction, "INSERT INTO t (a) VALUES ('two')", NULL, 0, NULL, NULL, answer);
    return code;
}

static void a_transaction_that_died_with_its_worker_is_run_again(void **state)
{
    proxy *p = *state;
    for (int inserts = 0; inserts < 2; inserts++) {
        unlucky self = {p->db, 0, inserts};
        assert_success(codedb_transaction_run(p->db, insert_and_lose_the_worker, &self, NULL, &result), result);
        assert_int_equal(self.calls, 2);
        assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), inserts + 1);
    }
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

static void *restart_main(void *argument)
{
    sender *self = argument;
    self->code = codedb_restart(self->db, &self->result);
    return NULL;
}

static char *read_log(const proxy *p)
{
    char *text = calloc(1, 100000);
    FILE *file = fopen(p->log, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, 99999, file) > 0);
    fclose(file);
    return text;
}

/* The supervisor has started the next worker before it reads the order. */
static void a_restart_of_a_dead_worker_does_not_kill_the_next_one(void **state)
{
    proxy *p = *state;
    const char *killed = "was ended by signal 9";
    char *log, *first;
    assert_int_equal(kill(worker_of(p->db), SIGKILL), 0);
    assert_success(codedb_restart(p->db, &result), result);
    execute(p->db, "INSERT INTO t (a) VALUES ('one')");
    log = read_log(p);
    first = strstr(log, killed);
    assert_non_null(first);
    assert_null(strstr(first + 1, killed));
    free(log);
}

/* Runs while a first restart waits for the end of a write. */
static void a_second_restart_kills_nothing_that_runs(void **state)
{
    proxy *p = *state;
    sender write = {.db = p->db, .sql = COUNTING "INSERT INTO t (a) SELECT max(i) FROM c", .result = CODEDB_INIT(codedb_result)};
    sender first = {.db = p->db, .result = CODEDB_INIT(codedb_result)};
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    pthread_t threads[2];
    assert_int_equal(pthread_create(&threads[0], NULL, sender_main, &write), 0);
    do {
        assert_success(codedb_statistics_get(p->db, &statistics, &result), result);
    } while (statistics.size > 0 || statistics.total == statistics.processed); /* until it runs */
    assert_int_equal(pthread_create(&threads[1], NULL, restart_main, &first), 0);
    while (health_of(p->db).is_running) /* until the first restart has begun */
        sched_yield();
    assert_success(codedb_restart(p->db, &result), result);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_success(write.code, write.result);
    assert_success(first.code, first.result);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 1);
    codedb_result_clear(&write.result);
    codedb_result_clear(&first.result);
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

static void a_worker_that_hangs_cannot_hold_a_close(void **state)
{
    proxy *p = *state;
    codedb_pending *pending;
    codedb_health health;
    char path[4300];
    codedb *db;
    snprintf(path, sizeof path, "%s/hanging.db", p->folder);
    assert_success(proxy_try_open(p, path, ", \"worker_config\": {\"command_timeout\": 1}", NULL, &db), result);
    execute(db, "CREATE TABLE t (a)");
    health = health_of(db);
    assert_int_equal(kill((pid_t)health.process, SIGSTOP), 0);
    assert_success(codedb_submit_execute(db, "INSERT INTO t VALUES (1)", NULL, 0, NULL, &pending, &result), result);
    codedb_close(db);
    await_death(health.process);
    await_death(health.supervisor);
    assert_code(codedb_pending_answer(pending, NULL, NULL, &result), CODEDB_OUTCOME_UNKNOWN, result);
    codedb_pending_free(pending);
    assert_success(proxy_try_open(p, path, "", NULL, &db), result);
    assert_true(ask(db, "SELECT count(*) FROM t") <= 1);
    codedb_close(db);
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

static void without_a_supervisor_a_worker_that_hangs_is_left_by_a_restart(void **state)
{
    proxy *p = *state;
    codedb_health before = health_of(p->db), after;
    codedb_request_options soon = CODEDB_INIT(codedb_request_options);
    codedb *view;
    soon.timeout = 0.1;
    assert_success(codedb_with(p->db, &soon, &view, &result), result);
    assert_int_equal(kill((pid_t)before.supervisor, SIGKILL), 0);
    await_death(before.supervisor);
    assert_int_equal(kill((pid_t)before.process, SIGSTOP), 0);
    codedb_restart(view, &result); /* may time out: the new ones are there in any case */
    codedb_close(view);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 0);
    after = health_of(p->db);
    assert_true(after.process != before.process && after.supervisor != before.supervisor);
    assert_int_equal(kill((pid_t)before.process, SIGKILL), 0);
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

static void one_behind_a_long_statement_ends_in_its_time_and_is_not_run(void **state)
{
    proxy *p = *state;
    codedb_request_options soon = CODEDB_INIT(codedb_request_options);
    codedb_submit_options later = CODEDB_INIT(codedb_submit_options);
    codedb_pending *endless;
    codedb *view;
    soon.timeout = 0.05;
    assert_success(codedb_with(p->db, &soon, &view, &result), result);
    assert_success(codedb_submit_execute(p->db, ENDLESS "SELECT count(*) FROM c", NULL, 0, &later, &endless, &result), result);
    assert_code(codedb_sql_execute(view, "INSERT INTO t (a) VALUES ('?')", NULL, 0, NULL, NULL, &result), CODEDB_TIMEOUT, result);
    assert_contains(result.description, "and was not run");
    assert_int_equal(codedb_pending_wait(endless, 0), 0);
    codedb_pending_cancel(endless); /* it hears that while it runs */
    assert_code(codedb_pending_answer(endless, NULL, NULL, &result), CODEDB_CANCELLED, result);
    codedb_pending_free(endless);
    codedb_close(view);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 0);
}

static void what_was_submitted_to_a_dead_worker_is_answered(void **state)
{
    proxy *p = *state;
    pid_t process = worker_of(p->db);
    codedb_pending *endless;
    assert_success(codedb_submit_execute(p->db, ENDLESS "INSERT INTO t (id) SELECT i FROM c", NULL, 0, NULL, &endless, &result),
                   result);
    assert_int_equal(codedb_pending_wait(endless, 0.02), 0);
    assert_int_equal(kill(process, SIGKILL), 0);
    assert_code(codedb_pending_answer(endless, NULL, NULL, &result), CODEDB_OUTCOME_UNKNOWN, result);
    codedb_pending_free(endless);
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

/* The sanitizers' allocators, other than the C libraries', are not ready for a fork. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PROCESS_HAMMERS

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
#endif

/* ---- What the processes inherit, and what not ---- */

/* The system's send, as codedb calls it. For one call of one thread it comes back only when everybody else has seen the worker's end. */
static _Thread_local codedb_pending *lost_first;
static pid_t worker_to_kill;

ssize_t send(int socket, const void *bytes, size_t length, int flags)
{
    ssize_t sent = sendto(socket, bytes, length, flags, NULL, 0);
    int error = errno;
    if (lost_first != NULL) {
        codedb_pending *pending = lost_first;
        lost_first = NULL;
        kill(worker_to_kill, SIGKILL);
        codedb_pending_wait(pending, -1);
    }
    errno = error;
    return sent;
}

/* Its worker may have run it: another one must not. */
static void what_was_being_sent_when_the_worker_died_is_not_sent_again(void **state)
{
    proxy *p = *state;
    codedb_pending *endless;
    worker_to_kill = worker_of(p->db);
    assert_success(codedb_submit_execute(p->db, ENDLESS "SELECT count(*) FROM c", NULL, 0, NULL, &endless, &result), result);
    assert_int_equal(codedb_pending_wait(endless, 0.02), 0); /* the thread that waits for it reads the socket now */
    lost_first = endless;
    assert_code(codedb_sql_execute(p->db, "INSERT INTO t (a) VALUES ('once')", NULL, 0, NULL, NULL, &result),
                CODEDB_OUTCOME_UNKNOWN, result);
    codedb_pending_free(endless);
    assert_true(ask(p->db, "SELECT count(*) FROM t") <= 1);
}

/* What a thread asks for, and a function that waits until it has got it. */
typedef struct neighbour {
    codedb *db;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool answered;
    bool was_answered; /* while the function waited */
    codedb_code code;
} neighbour;

static void await_neighbour(void *context, codedb_pending *pending)
{
    neighbour *self = context;
    struct timespec until;
    int waited = 0;
    (void)pending;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock(&self->lock);
    while (!self->answered && waited == 0)
        waited = pthread_cond_timedwait(&self->changed, &self->lock, &until);
    self->was_answered = self->answered;
    pthread_mutex_unlock(&self->lock);
}

static void *neighbour_main(void *argument)
{
    neighbour *self = argument;
    self->code = codedb_sql_execute(self->db, COUNTING_TO(1000000) "SELECT count(*) FROM c", NULL, 0, NULL, NULL, NULL);
    pthread_mutex_lock(&self->lock);
    self->answered = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

static void a_function_that_takes_its_time_keeps_nobody_from_his_answer(void **state)
{
    proxy *p = *state;
    neighbour self = {.db = p->db, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    codedb_submit_options options = CODEDB_INIT(codedb_submit_options);
    codedb_pending *counting;
    pthread_t thread;
    options.answered = await_neighbour;
    options.context = &self;
    assert_success(
        codedb_submit_execute(p->db, COUNTING_TO(1000000) "SELECT count(*) FROM c", NULL, 0, &options, &counting, &result),
        result);
    assert_int_equal(codedb_pending_wait(counting, 0.02), 0); /* the thread that waits for it reads the socket now */
    assert_int_equal(pthread_create(&thread, NULL, neighbour_main, &self), 0);
    pthread_join(thread, NULL);
    codedb_close(p->db); /* behind the function's end, so that nobody looks at `self` any more, whatever is found */
    codedb_pending_free(counting);
    proxy_open(p);
    assert_int_equal(self.code, CODEDB_SUCCESS);
    assert_true(self.was_answered);
}

static void a_file_that_the_host_has_open_is_refused(void **state)
{
    proxy *p = *state;
    char path[4300];
    codedb *threaded, *forked;
    sqlite3 *raw;
    int file;
    snprintf(path, sizeof path, "%s/other.db", p->folder);
    assert_success(codedb_open(path, NULL, &threaded, &result), result);
    assert_code(proxy_try_open(p, path, "", NULL, &forked), CODEDB_CONNECTION_ERROR, result);
    assert_contains(result.description, "had the file open");
    assert_contains(result.description, "other.db");
    codedb_close(threaded);
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, "SELECT count(*) FROM projects", NULL, NULL, NULL), SQLITE_OK);
    assert_code(proxy_try_open(p, path, "", NULL, &forked), CODEDB_CONNECTION_ERROR, result);
    sqlite3_close(raw);
    file = open(path, O_RDONLY);
    assert_code(proxy_try_open(p, path, "", NULL, &forked), CODEDB_CONNECTION_ERROR, result);
    close(file);
    assert_success(proxy_try_open(p, path, "", NULL, &forked), result);
    /* What the host opens later is not inherited, not even by a worker that is started later. */
    assert_success(codedb_open(path, NULL, &threaded, &result), result);
    kill_worker(forked);
    assert_int_equal(ask(forked, "SELECT count(*) FROM projects"), 0);
    codedb_close(forked);
    codedb_close(threaded);
}

static size_t count_descriptors(int64_t process, const char *word)
{
    char path[300], target[4300];
    size_t count = 0;
    for (int i = 0; i < 1024; i++) {
        ssize_t length;
        snprintf(path, sizeof path, "/proc/%lld/fd/%d", (long long)process, i);
        length = readlink(path, target, sizeof target - 1);
        if (length < 0)
            continue;
        target[length] = '\0';
        count += strstr(target, word) != NULL;
    }
    return count;
}

static void descriptors_of_the_host_are_closed(void **state)
{
    proxy *p = *state;
    char path[4300];
    codedb_health health;
    codedb *forked;
    int file, ends[2];
    snprintf(path, sizeof path, "%s/secret", p->folder);
    file = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(file >= 0);
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "%s/closing.db", p->folder);
    assert_success(proxy_try_open(p, path, "", NULL, &forked), result);
    health = health_of(forked);
    assert_int_equal(count_descriptors(health.process, "secret"), 0);
    assert_int_equal(count_descriptors(health.supervisor, "secret"), 0);
    assert_int_equal(count_descriptors(health.process, "pipe:"), 0);
    assert_int_equal(count_descriptors(health.process, "socket:"), 1); /* the other handle's are the host's, too */
    assert_int_equal(count_descriptors(health.process, "/dev/null"), 3);
    close(file);
    close(ends[0]);
    close(ends[1]);
    codedb_close(forked);
}

/* How many lines of a process's map name the memory of a channel. */
static int count_channels(int64_t process)
{
    char path[64], line[1000];
    int count = 0;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%lld/maps", (long long)process);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        count += strstr(line, "memfd:codedb") != NULL;
    fclose(file);
    return count;
}

static void a_channel_is_its_workers_and_the_hosts_alone(void **state)
{
    proxy *p = *state;
    char path[4300];
    codedb_health health;
    codedb *second;
    snprintf(path, sizeof path, "%s/second.db", p->folder);
    assert_success(proxy_try_open(p, path, "", NULL, &second), result);
    health = health_of(second);
    assert_int_equal(count_channels(getpid()), 2);
    assert_int_equal(count_channels(health.supervisor), 0);
    assert_int_equal(count_channels(health.process), 1);
    codedb_close(second);
    assert_int_equal(count_channels(getpid()), 1);
}

static void without_memory_for_the_channel_that_is_said(void **state)
{
    proxy *p = *state;
    codedb *db;
    codedb_close(p->db);
    atomic_store(&closed_twice, 0);
    without_mapping = getpid();
    assert_code(proxy_try_open(p, p->path, "", NULL, &db), CODEDB_CONNECTION_ERROR, result);
    without_mapping = 0;
    assert_contains(result.description, "no memory here for the channel");
    assert_int_equal(atomic_load(&closed_twice), 0);
    proxy_open(p);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 0);
}

static void *insert_much_main(void *argument)
{
    static char much[20001];
    codedb_value value = codedb_value_text_of_length(much, sizeof much - 1);
    codedb_code code = codedb_sql_execute(argument, "INSERT INTO t (a) VALUES (?)", &value, 1, NULL, NULL, NULL);
    return (void *)(intptr_t)code;
}

/* More than the channel holds is on its way, and nobody takes it. */
static void who_waits_for_a_worker_that_hangs_sleeps(void **state)
{
    enum { THREADS = 24 };
    proxy *p = *state;
    char path[4300];
    pthread_t threads[THREADS];
    codedb *db;
    pid_t process;
    snprintf(path, sizeof path, "%s/hung.db", p->folder);
    assert_success(proxy_try_open(p, path, ", \"worker_config\": {\"command_timeout\": 0.3}", NULL, &db), result);
    execute(db, "CREATE TABLE t (a)");
    process = worker_of(db);
    assert_int_equal(kill(process, SIGSTOP), 0);
    atomic_store(&polls, 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, insert_much_main, db), 0);
    for (int i = 0; i < THREADS; i++) {
        void *code;
        pthread_join(threads[i], &code);
        assert_int_not_equal((int)(intptr_t)code, CODEDB_SUCCESS);
    }
    assert_true(atomic_load(&polls) < 1000);
    assert_int_equal(kill(process, SIGKILL), 0);
    codedb_close(db);
}

static int signals_seen;

static void count_signal(int number)
{
    (void)number;
    signals_seen++;
}

static void signals_to_the_hosts_group_are_the_hosts_business(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP, SIGPIPE};
    proxy *p = *state;
    codedb_health before, after;
    struct sigaction action = {.sa_handler = count_signal}, old;
    sigaction(SIGTERM, &action, &old);
    assert_success(codedb_restart(p->db, &result), result);
    before = health_of(p->db);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        kill((pid_t)before.process, numbers[i]);
        kill((pid_t)before.supervisor, numbers[i]);
    }
    execute(p->db, "INSERT INTO t (a) VALUES ('one')");
    after = health_of(p->db);
    assert_int_equal(after.process, before.process);
    assert_true(is_alive(before.supervisor));
    assert_int_equal(signals_seen, 0);
    sigaction(SIGTERM, &old, NULL);
}

static void no_child_is_left_and_no_handler_is_installed(void **state)
{
    proxy *p = *state;
    struct sigaction before, after;
    codedb_health health;
    codedb *forked;
    char path[4300];
    int status;
    snprintf(path, sizeof path, "%s/another.db", p->folder);
    sigaction(SIGCHLD, NULL, &before);
    assert_success(proxy_try_open(p, path, "", NULL, &forked), result);
    health = health_of(forked);
    errno = 0;
    assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    sigaction(SIGCHLD, NULL, &after);
    assert_ptr_equal(before.sa_handler, after.sa_handler);
    sigaction(SIGPIPE, NULL, &after);
    assert_ptr_equal(after.sa_handler, SIG_DFL);
    kill_worker(forked); /* and the next request, to nobody, raises no SIGPIPE */
    execute(forked, "CREATE TABLE t (a)");
    codedb_close(forked);
    await_death(health.supervisor);
    assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
}

/* Ids of a database's processes, told by a host that is a child of the test. */
typedef struct told {
    int64_t process;
    int64_t supervisor;
    pid_t heir; /* a child of the host's, to be killed */
} told;

/* Starts a host that opens a database and waits to be killed; with `heir`, it has forked a child that holds copies of its sockets. */
static pid_t start_host(proxy *p, bool heir, told *ids)
{
    int ends[2];
    pid_t host;
    assert_int_equal(pipe(ends), 0);
    host = fork();
    if (host == 0) {
        char path[4300];
        codedb *own;
        codedb_health health;
        told mine;
        snprintf(path, sizeof path, "%s/hosted.db", p->folder);
        if (proxy_try_open(p, path, "", NULL, &own) != CODEDB_SUCCESS)
            _exit(1);
        health = health_of(own);
        mine = (told){health.process, health.supervisor, heir ? fork() : 0};
        if (heir && mine.heir == 0)
            for (;;)
                pause();
        close(ends[0]);
        if (write(ends[1], &mine, sizeof mine) != sizeof mine)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], ids, sizeof *ids), sizeof *ids);
    close(ends[0]);
    close(ends[1]);
    return host;
}

static void both_processes_end_with_their_host(void **state)
{
    proxy *p = *state;
    told ids;
    pid_t host = start_host(p, false, &ids);
    assert_true(is_alive(ids.process) && is_alive(ids.supervisor));
    assert_int_equal(kill(host, SIGKILL), 0);
    await_death(ids.process);
    await_death(ids.supervisor);
    waitpid(host, NULL, 0);
}

/* A host whose worker runs what never ends, without a timeout. */
static void host_what_is_endless(const proxy *p, int end)
{
    codedb_request_options patient = CODEDB_INIT(codedb_request_options);
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    codedb *own, *view;
    codedb_pending *pending;
    char path[4300], more[4400];
    patient.timeout = -1;
    snprintf(path, sizeof path, "%s/hosted.db", p->folder);
    snprintf(more, sizeof more, ", \"worker_config\": {\"worker_log_path\": \"%s/logs/hosted.log\"}", p->folder);
    if (proxy_try_open(NULL, path, more, NULL, &own) != CODEDB_SUCCESS ||
        codedb_with(own, &patient, &view, NULL) != CODEDB_SUCCESS ||
        codedb_submit_execute(view, ENDLESS "SELECT count(*) FROM c", NULL, 0, NULL, &pending, NULL) != CODEDB_SUCCESS)
        _exit(1);
    do {
        if (codedb_statistics_get(own, &statistics, NULL) != CODEDB_SUCCESS)
            _exit(1);
    } while (statistics.size > 0);
    if (write(end, "r", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static void what_runs_for_a_dead_host_ends_by_itself(void **state)
{
    proxy *p = *state;
    char path[4300], log[4000] = "", byte;
    int ends[2];
    pid_t host;
    FILE *file;
    assert_int_equal(pipe(ends), 0);
    host = fork();
    if (host == 0)
        host_what_is_endless(p, ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(kill(host, SIGKILL), 0);
    waitpid(host, NULL, 0);
    snprintf(path, sizeof path, "%s/logs/hosted.log", p->folder);
    while (strstr(log, "without its host") == NULL && strstr(log, "is killed") == NULL) {
        file = fopen(path, "r");
        assert_non_null(file);
        log[fread(log, 1, sizeof log - 1, file)] = '\0';
        fclose(file);
    }
    assert_contains(log, "worker ended without its host");
    assert_null(strstr(log, "is killed"));
}

typedef struct opener {
    proxy *p;
    const char *path;
    codedb *db;
} opener;

static void *open_main(void *argument)
{
    opener *self = argument;
    if (proxy_try_open(self->p, self->path, "", NULL, &self->db) != CODEDB_SUCCESS)
        self->db = NULL;
    return NULL;
}

static void the_thread_that_opened_may_end(void **state)
{
    proxy *p = *state;
    char path[4300];
    opener opened = {p, path, NULL};
    pthread_t thread;
    codedb_health health;
    snprintf(path, sizeof path, "%s/threaded.db", p->folder);
    assert_int_equal(pthread_create(&thread, NULL, open_main, &opened), 0);
    pthread_join(thread, NULL);
    assert_non_null(opened.db);
    health = health_of(opened.db);
    execute(opened.db, "CREATE TABLE t (a)");
    assert_int_equal(health_of(opened.db).process, health.process);
    codedb_close(opened.db);
}

static void both_end_with_a_host_whose_child_has_copies_of_the_sockets(void **state)
{
    proxy *p = *state;
    told ids;
    pid_t host = start_host(p, true, &ids);
    assert_int_equal(kill(host, SIGKILL), 0);
    await_death(ids.process);
    await_death(ids.supervisor);
    assert_int_equal(kill(ids.heir, SIGKILL), 0);
    waitpid(host, NULL, 0);
}

static void a_child_of_the_host_finds_its_handle_closed(void **state)
{
    proxy *p = *state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        codedb_health health = CODEDB_INIT(codedb_health);
        codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
        bool right =
            codedb_sql_execute(p->db, "INSERT INTO t (a) VALUES (1)", NULL, 0, NULL, NULL, NULL) == CODEDB_CONNECTION_ERROR &&
            codedb_health_get(p->db, &health, NULL) == CODEDB_CONNECTION_ERROR &&
            codedb_statistics_get(p->db, &statistics, NULL) == CODEDB_CONNECTION_ERROR &&
            codedb_restart(p->db, NULL) == CODEDB_CONNECTION_ERROR;
        codedb_close(p->db);
        _exit(right ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 0);
}

/* ---- Log ---- */

static void the_log_tells_of_lives_and_deaths_and_of_no_value(void **state)
{
    proxy *p = *state;
    struct stat status;
    char *log;
    execute(p->db, "CREATE TABLE u (a TEXT UNIQUE)");
    execute(p->db, "INSERT INTO u (a) VALUES ('hunter2')");
    assert_code(codedb_sql_execute(p->db, "INSERT INTO u (a) VALUES ('hunter2')", NULL, 0, NULL, NULL, &result),
                CODEDB_VALIDATION_ERROR, result);
    assert_int_not_equal(codedb_sql_execute(p->db, "INSERT INTO nowhere VALUES ('hunter2')", NULL, 0, NULL, NULL, &result), 0);
    kill_worker(p->db);
    execute(p->db, "INSERT INTO u (a) VALUES ('hunter3')");
    assert_success(codedb_restart(p->db, &result), result);
    log = read_log(p);
    assert_contains(log, "INFO worker started for ");
    assert_contains(log, "was ended by signal 9; the next one starts in 0.0 seconds");
    assert_contains(log, "worker ended, as it was told to");
    assert_null(strstr(log, "hunter"));
    assert_int_equal(stat(p->log, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    free(log);
}

typedef struct heard {
    codedb *db;
    atomic_int lines;
    codedb_code answer; /* to a call from inside */
} heard;

static void hear(void *context, codedb_log_level level, const char *message)
{
    heard *self = context;
    if (strstr(message, "idle") != NULL && level == CODEDB_LOG_WARNING) {
        self->answer = codedb_sql_execute(self->db, "SELECT 1", NULL, 0, NULL, NULL, NULL);
        atomic_fetch_add(&self->lines, 1);
    }
}

static void the_hosts_log_function_hears_the_worker(void **state)
{
    proxy *p = *state;
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    heard listener = {.answer = CODEDB_SUCCESS};
    codedb *transaction;
    atomic_init(&listener.lines, 0);
    options.log = hear;
    options.log_context = &listener;
    options.log_level = CODEDB_LOG_INFO;
    assert_success(proxy_try_open(p, ":memory:", ", \"transaction_timeout\": 0.01", &options, &listener.db), result);
    assert_success(codedb_transaction_begin(listener.db, &transaction, &result), result);
    while (atomic_load(&listener.lines) == 0)
        health_of(listener.db);
    assert_int_equal(listener.answer, CODEDB_BUSY);
    codedb_close(transaction);
    codedb_close(listener.db);
}

static void a_log_that_cannot_be_written_is_said(void **state)
{
    proxy *p = *state;
    char more[4400];
    codedb *forked;
    snprintf(more, sizeof more, ", \"worker_config\": {\"worker_log_path\": \"%s\"}", p->folder);
    assert_code(proxy_try_open(p, ":memory:", more, NULL, &forked), CODEDB_CONNECTION_ERROR, result);
    assert_contains(result.description, "worker_log_path");
}

/* ---- Opening ---- */

static void what_cannot_be_opened_is_said_as_by_a_thread(void **state)
{
    proxy *p = *state;
    char path[4300];
    codedb *forked;
    support_write_file(p->folder, "text.db", "this is no database, but long enough to be looked at", 52);
    snprintf(path, sizeof path, "%s/text.db", p->folder);
    assert_code(proxy_try_open(p, path, "", NULL, &forked), CODEDB_DATABASE_ERROR, result);
    assert_contains(result.description, "file is not a database");
    snprintf(path, sizeof path, "%s/missing.db", p->folder);
    assert_code(proxy_try_open(p, path, ", \"read_only\": true", NULL, &forked), CODEDB_NOT_FOUND, result);
}

static codedb_code fail_to_connect(const codedb_driver *driver, const codedb_driver_settings *settings,
                                   codedb_connection **connection, codedb_result *why)
{
    (void)driver;
    (void)settings;
    *connection = NULL;
    snprintf(why->description, sizeof why->description, "never");
    return CODEDB_CONNECTION_ERROR;
}

static void a_driver_of_the_hosts_own_stays_on_a_thread(void **state)
{
    proxy *p = *state;
    codedb_driver driver = {.struct_size = 0};
    const codedb_driver *drivers[] = {&driver};
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    codedb *forked;
    driver.struct_size = sizeof driver;
    driver.name = "sqlite";
    driver.connect = fail_to_connect;
    memset(&driver.disconnect, 1, (size_t)((char *)&driver.backup - (char *)&driver.disconnect)); /* never called */
    options.drivers = drivers;
    options.driver_count = 1;
    assert_code(proxy_try_open(p, ":memory:", "", &options, &forked), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "sqlite_proxy");
    assert_contains(result.description, "on a thread only");
}

static void a_worker_that_cannot_connect_again_says_why_and_may_later(void **state)
{
    proxy *p = *state;
    char moved[4300];
    snprintf(moved, sizeof moved, "%s/moved.db", p->folder);
    execute(p->db, "INSERT INTO t (a) VALUES ('kept')");
    assert_success(codedb_restart(p->db, &result), result); /* so that nothing is left in the log beside it */
    assert_int_equal(rename(p->path, moved), 0);
    assert_int_equal(mkdir(p->path, 0700), 0);
    kill_worker(p->db);
    assert_code(codedb_sql_execute(p->db, "SELECT 1", NULL, 0, NULL, NULL, &result), CODEDB_CONNECTION_ERROR, result);
    assert_contains(result.description, "found a folder");
    assert_int_equal(rmdir(p->path), 0);
    assert_int_equal(rename(moved, p->path), 0);
    assert_success(codedb_restart(p->db, &result), result);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 1);
}

/* Numbers of descriptors that are taken are not taken away by a limit, and none below 3 is free. */
static void without_a_descriptor_for_the_next_worker_that_is_said(void **state)
{
    proxy *p = *state;
    struct rlimit before, none;
    codedb *second;
    execute(p->db, "INSERT INTO t (a) VALUES ('kept')");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    kill_worker(p->db);
    codedb_code code = codedb_sql_execute(p->db, "SELECT 1", NULL, 0, NULL, NULL, &result);
    codedb_result opened = CODEDB_INIT(codedb_result);
    codedb_code open_code =
        codedb_open("{\"type\": \"sqlite_proxy\", \"config\": {\"path\": \":memory:\"}}", NULL, &second, &opened);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_code(code, CODEDB_CONNECTION_ERROR, result);
    assert_contains(result.description, "no file descriptor was free");
    assert_int_equal(open_code, CODEDB_CONNECTION_ERROR);
    assert_contains(opened.description, "Too many open files");
    codedb_result_clear(&opened);
    assert_success(codedb_restart(p->db, &result), result);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM t"), 1);
}

static void every_failed_allocation_of_the_host_is_an_answer(void **state)
{
    support_failing failing;
    (void)state;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_open_options options = CODEDB_INIT(codedb_open_options);
        codedb *db;
        codedb_rows *rows = NULL;
        codedb_code code;
        bool failed;
        options.allocator = &failing.allocator;
        code = proxy_try_open(NULL, ":memory:", "", &options, &db);
        if (code == CODEDB_SUCCESS)
            code = codedb_sql_execute(db, "SELECT name, sql, zeroblob(3000) FROM sqlite_schema LIMIT 3", NULL, 0, &rows, NULL,
                                      &result);
        codedb_free(rows);
        failed = atomic_load(&failing.failed);
        codedb_close(db); /* which succeeds in any case */
        codedb_result_clear(&result);
        assert_int_equal(code, failed ? CODEDB_NO_MEMORY : CODEDB_SUCCESS);
        assert_int_equal(atomic_load(&failing.live), 0);
    }
}

/* The host may have none for the answer when the worker has committed long ago. */
static void without_memory_a_write_that_was_done_is_not_said_to_have_failed(void **state)
{
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    support_failing failing;
    int64_t before = 0;
    codedb *db;
    (void)state;
    support_failing_start(&failing, 0);
    atomic_store(&failing.countdown, -1); /* none fails */
    options.allocator = &failing.allocator;
    assert_success(proxy_try_open(NULL, ":memory:", "", &options, &db), result);
    execute(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    atomic_store(&failing.failed, true);
    for (long n = 0; atomic_load(&failing.failed); n++) {
        codedb_rows *rows = NULL;
        codedb_code code;
        int64_t after;
        atomic_store(&failing.failed, false);
        atomic_store(&failing.countdown, n);
        code = codedb_sql_execute(db, "INSERT INTO t (a) VALUES ('x') RETURNING hex(zeroblob(20000))", NULL, 0, &rows, NULL,
                                  &result);
        atomic_store(&failing.countdown, -1);
        codedb_free(rows);
        after = ask(db, "SELECT count(*) FROM t");
        if (code != CODEDB_OUTCOME_UNKNOWN)
            assert_int_equal(after - before, code == CODEDB_SUCCESS);
        before = after;
    }
    codedb_close(db);
    codedb_result_clear(&result);
    assert_int_equal(atomic_load(&failing.live), 0);
}

#define PROXY_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define SOCKET_TEST(test)                                       \
    {                                                           \
#test " (socket)", test, set_up_socket, tear_down, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROXY_TEST(the_driver_is_another_process),
        SOCKET_TEST(the_driver_is_another_process),
        cmocka_unit_test(a_thread_is_healthy_as_long_as_it_is_there),
        PROXY_TEST(wrong_calls_are_refused),
        PROXY_TEST(a_dead_worker_is_started_again_and_nothing_acknowledged_is_lost),
        SOCKET_TEST(a_dead_worker_is_started_again_and_nothing_acknowledged_is_lost),
        PROXY_TEST(what_is_asked_of_a_worker_that_died_idle_goes_to_the_next_one),
        SOCKET_TEST(what_is_asked_of_a_worker_that_died_idle_goes_to_the_next_one),
        PROXY_TEST(a_worker_may_die_many_times),
        PROXY_TEST(who_waits_for_a_dead_worker_is_told_at_once),
        SOCKET_TEST(who_waits_for_a_dead_worker_is_told_at_once),
        PROXY_TEST(a_transaction_dies_with_its_worker),
        PROXY_TEST(a_transaction_that_died_with_its_worker_is_run_again),
        cmocka_unit_test(a_database_in_memory_dies_with_its_worker),
        PROXY_TEST(a_restart_keeps_everything_but_transactions),
        SOCKET_TEST(a_restart_keeps_everything_but_transactions),
        PROXY_TEST(a_restart_of_a_dead_worker_does_not_kill_the_next_one),
        PROXY_TEST(a_second_restart_kills_nothing_that_runs),
        PROXY_TEST(a_worker_that_hangs_is_killed_by_a_restart),
        SOCKET_TEST(a_worker_that_hangs_is_killed_by_a_restart),
        PROXY_TEST(a_worker_that_hangs_cannot_hold_a_close),
        PROXY_TEST(without_its_supervisor_a_worker_works_on_and_a_restart_starts_both),
        PROXY_TEST(without_a_supervisor_a_worker_that_hangs_is_left_by_a_restart),
        PROXY_TEST(a_worker_that_does_not_answer_is_not_waited_for),
        PROXY_TEST(the_workers_clock_is_the_hosts),
        PROXY_TEST(a_row_of_a_hundred_megabytes_crosses_both_ways),
        SOCKET_TEST(a_row_of_a_hundred_megabytes_crosses_both_ways),
        PROXY_TEST(many_threads_share_the_socket_and_get_their_own_answers),
        SOCKET_TEST(many_threads_share_the_socket_and_get_their_own_answers),
        PROXY_TEST(under_load_deaths_lose_no_acknowledged_row),
        SOCKET_TEST(under_load_deaths_lose_no_acknowledged_row),
        PROXY_TEST(one_behind_a_long_statement_ends_in_its_time_and_is_not_run),
        PROXY_TEST(what_was_submitted_to_a_dead_worker_is_answered),
        SOCKET_TEST(what_was_submitted_to_a_dead_worker_is_answered),
        SOCKET_TEST(what_was_being_sent_when_the_worker_died_is_not_sent_again),
        PROXY_TEST(a_function_that_takes_its_time_keeps_nobody_from_his_answer),
        PROXY_TEST(a_file_that_the_host_has_open_is_refused),
        PROXY_TEST(descriptors_of_the_host_are_closed),
        PROXY_TEST(a_channel_is_its_workers_and_the_hosts_alone),
        PROXY_TEST(without_memory_for_the_channel_that_is_said),
        PROXY_TEST(who_waits_for_a_worker_that_hangs_sleeps),
        SOCKET_TEST(who_waits_for_a_worker_that_hangs_sleeps),
        PROXY_TEST(signals_to_the_hosts_group_are_the_hosts_business),
        PROXY_TEST(no_child_is_left_and_no_handler_is_installed),
        PROXY_TEST(both_processes_end_with_their_host),
        SOCKET_TEST(both_processes_end_with_their_host),
        PROXY_TEST(what_runs_for_a_dead_host_ends_by_itself),
        SOCKET_TEST(what_runs_for_a_dead_host_ends_by_itself),
        PROXY_TEST(both_end_with_a_host_whose_child_has_copies_of_the_sockets),
        PROXY_TEST(the_thread_that_opened_may_end),
        PROXY_TEST(a_child_of_the_host_finds_its_handle_closed),
        PROXY_TEST(the_log_tells_of_lives_and_deaths_and_of_no_value),
        PROXY_TEST(the_hosts_log_function_hears_the_worker),
        PROXY_TEST(a_log_that_cannot_be_written_is_said),
        PROXY_TEST(what_cannot_be_opened_is_said_as_by_a_thread),
        PROXY_TEST(a_driver_of_the_hosts_own_stays_on_a_thread),
        PROXY_TEST(a_worker_that_cannot_connect_again_says_why_and_may_later),
        PROXY_TEST(without_a_descriptor_for_the_next_worker_that_is_said),
        SOCKET_TEST(without_a_descriptor_for_the_next_worker_that_is_said),
        cmocka_unit_test(every_failed_allocation_of_the_host_is_an_answer),
        cmocka_unit_test(without_memory_a_write_that_was_done_is_not_said_to_have_failed),
#ifdef PROCESS_HAMMERS
        PROXY_TEST(handles_open_while_threads_hammer_sqlite_and_malloc),
#endif
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
