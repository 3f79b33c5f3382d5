/* bench_driver.c -- what the way through queue and driver costs, and what it saves: each figure beside bare SQLite with the same pragmas and
 * prepared statements, in one run. Rounds alternate between the two; of the rounds' ratios the median counts.
 *
 *   bench_driver [FOLDER]     the folder for database files, by default the current one
 *
 * Several threads on bare SQLite share one connection under a mutex. A shim between SQLite and the disk counts what is synchronized. */
#include "codedb.h"

#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 7
#define ROUND_SECONDS 0.25
#define ROWS 10000
#define THREADS_LARGEST 32
#define WIDE_COLUMNS 14
#define BATCH_ROWS 200000

static const char *const point_table = "CREATE TABLE point (id INTEGER PRIMARY KEY, value INTEGER)";
static const char *const fill_points =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO point SELECT i, i * 7 FROM n";
static const char *const wide_table =
    "CREATE TABLE wide (id INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER, name TEXT, line INTEGER, kind TEXT, module TEXT, note TEXT, "
    "a INTEGER, b INTEGER, c REAL, d REAL, e TEXT, f INTEGER, g TEXT, h INTEGER)";
static const char *const wide_names[WIDE_COLUMNS] = {"file", "name", "line", "kind", "module", "note", "a",
                                                     "b",    "c",    "d",    "e",    "f",      "g",    "h"};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Seconds of processor time of all threads. */
static double processor_time(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void must(int success, const char *what)
{
    if (!success) {
        fprintf(stderr, "bench_driver: %s failed\n", what);
        exit(2);
    }
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *figures, size_t count)
{
    qsort(figures, count, sizeof *figures, compare);
    return figures[count / 2];
}

/* ---- the shim that counts ------------------------------------------------------------------------------------------ */

/* SQLite's own way to the disk has a table of functions for each kind of file; each gets a copy in which only the sync is another. */
#define TABLES 4

static atomic_long syncs;
static const sqlite3_io_methods *plain_tables[TABLES];
static sqlite3_io_methods counting_tables[TABLES];
static sqlite3_vfs counting_vfs;

static int count_sync(sqlite3_file *file, int flags)
{
    atomic_fetch_add(&syncs, 1);
    return plain_tables[file->pMethods - counting_tables]->xSync(file, flags);
}

static int open_counting(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    sqlite3_vfs *plain = vfs->pAppData;
    int code = plain->xOpen(plain, name, file, flags, out_flags);
    size_t i = 0;
    if (code != SQLITE_OK || file->pMethods == NULL)
        return code;
    while (i < TABLES && plain_tables[i] != NULL && plain_tables[i] != file->pMethods)
        i++;
    must(i < TABLES, "a table for the counting shim");
    if (plain_tables[i] == NULL) {
        plain_tables[i] = file->pMethods;
        counting_tables[i] = *file->pMethods;
        counting_tables[i].xSync = count_sync;
    }
    file->pMethods = &counting_tables[i];
    return code;
}

static void count_syncs(void)
{
    sqlite3_vfs *plain = sqlite3_vfs_find(NULL);
    counting_vfs = *plain;
    counting_vfs.zName = "counting";
    counting_vfs.pAppData = plain;
    counting_vfs.xOpen = open_counting;
    counting_vfs.pNext = NULL;
    must(sqlite3_vfs_register(&counting_vfs, 1) == SQLITE_OK, "the counting shim");
}

/* ---- the two sides ------------------------------------------------------------------------------------------------- */

/* What the threads of a round share. */
static struct {
    codedb *db;
    sqlite3 *bare;
    sqlite3_stmt *statement;
    pthread_mutex_t lock;
} side = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void open_sides(const char *path, const char *bare_path, const char *table, const char *fill, const char *sql)
{
    static const char *const pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
                                       "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000; PRAGMA wal_autocheckpoint = 4000";
    must(codedb_open(path, NULL, &side.db, NULL) == CODEDB_SUCCESS, "codedb_open");
    must(codedb_sql_execute(side.db, table, NULL, 0, NULL, NULL, NULL) == CODEDB_SUCCESS, table);
    must(sqlite3_open_v2(bare_path, &side.bare, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) ==
             SQLITE_OK,
         "sqlite3_open");
    must(sqlite3_exec(side.bare, pragmas, NULL, NULL, NULL) == SQLITE_OK, pragmas);
    must(sqlite3_exec(side.bare, table, NULL, NULL, NULL) == SQLITE_OK, table);
    if (fill != NULL) {
        must(codedb_sql_execute(side.db, fill, NULL, 0, NULL, NULL, NULL) == CODEDB_SUCCESS, fill);
        must(sqlite3_exec(side.bare, fill, NULL, NULL, NULL) == SQLITE_OK, fill);
    }
    must(sqlite3_prepare_v3(side.bare, sql, -1, SQLITE_PREPARE_PERSISTENT, &side.statement, NULL) == SQLITE_OK, sql);
}

static void close_sides(void)
{
    sqlite3_finalize(side.statement);
    sqlite3_close(side.bare);
    codedb_close(side.db);
}

static void read_value(codedb *db, int number)
{
    static const char *const columns[] = {"value"};
    codedb_column where = {"id", codedb_value_integer(number % ROWS + 1)};
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows;
    select.columns = columns;
    select.column_count = 1;
    select.where = &where;
    select.where_count = 1;
    must(codedb_table_select(db, "point", &select, &rows, NULL) == CODEDB_SUCCESS, "select");
    must(rows->values[0].as.integer == (number % ROWS + 1) * 7, "the read value");
    codedb_free(rows);
}

static void read_queue(int number)
{
    read_value(side.db, number);
}

static void read_bare(int number)
{
    sqlite3_bind_int64(side.statement, 1, number % ROWS + 1);
    must(sqlite3_step(side.statement) == SQLITE_ROW, "step");
    must(sqlite3_column_int64(side.statement, 0) == (number % ROWS + 1) * 7, "the read value");
    sqlite3_reset(side.statement);
}

static void read_bare_locked(int number)
{
    pthread_mutex_lock(&side.lock);
    read_bare(number);
    pthread_mutex_unlock(&side.lock);
}

static void insert_queue(int number)
{
    codedb_column row = {"value", codedb_value_integer(number)};
    must(codedb_table_insert(side.db, "point", &row, 1, NULL, NULL) == CODEDB_SUCCESS, "insert");
}

static void insert_bare(int number)
{
    sqlite3_bind_int64(side.statement, 1, number);
    must(sqlite3_step(side.statement) == SQLITE_DONE, "step");
    sqlite3_reset(side.statement);
}

static void insert_bare_locked(int number)
{
    pthread_mutex_lock(&side.lock);
    insert_bare(number);
    pthread_mutex_unlock(&side.lock);
}

/* ---- rounds -------------------------------------------------------------------------------------------------------- */

typedef struct worker {
    pthread_t thread;
    void (*operation)(int number);
    atomic_bool *go, *stop;
    long done;
} worker;

static void *work(void *argument)
{
    worker *self = argument;
    while (!atomic_load(self->go))
        sched_yield();
    while (!atomic_load_explicit(self->stop, memory_order_relaxed))
        self->operation((int)self->done++);
    return NULL;
}

/* Seconds of one operation when so many threads do nothing else: time by operations of all of them. *synchronized gets the syncs of one. */
static double time_of(int threads, void (*operation)(int number), double *synchronized)
{
    worker workers[THREADS_LARGEST] = {0};
    atomic_bool go = false, stop = false;
    struct timespec nap = {(time_t)ROUND_SECONDS, (long)((ROUND_SECONDS - (double)(time_t)ROUND_SECONDS) * 1e9)};
    long done = 0, before = atomic_load(&syncs);
    double start, seconds;
    int i;
    for (i = 0; i < threads; i++) {
        workers[i] = (worker){.operation = operation, .go = &go, .stop = &stop};
        must(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0, "pthread_create");
    }
    start = now();
    atomic_store(&go, true);
    nanosleep(&nap, NULL);
    atomic_store(&stop, true);
    for (i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        done += workers[i].done;
    }
    seconds = now() - start;
    *synchronized = (double)(atomic_load(&syncs) - before) / (double)done;
    return seconds / (double)done;
}

typedef struct comparison {
    double queue[ROUNDS], bare[ROUNDS], ratios[ROUNDS];
    double queue_syncs, bare_syncs;
} comparison;

static void measure(comparison *figures, int threads, void (*queue)(int number), void (*bare)(int number))
{
    int round;
    for (round = 0; round < ROUNDS; round++) {
        figures->bare[round] = time_of(threads, bare, &figures->bare_syncs);
        figures->queue[round] = time_of(threads, queue, &figures->queue_syncs);
        figures->ratios[round] = figures->queue[round] / figures->bare[round];
    }
}

static void print_times(double queue, double bare)
{
    printf("     codedb %9.3f us, bare %9.3f us", queue * 1e6, bare * 1e6);
}

/* One where the time of bare SQLite is 1 and less is better. */
static void print_cost(const char *what, comparison *figures, double bar, double aim)
{
    printf("%7.2f x its time   bar %.2f, aim %.2f   %s\n", median(figures->ratios, ROUNDS), bar, aim, what);
    print_times(median(figures->queue, ROUNDS), median(figures->bare, ROUNDS));
    if (figures->bare_syncs > 0)
        printf("; syncs %.2f, bare %.2f", figures->queue_syncs, figures->bare_syncs);
    printf("\n");
    fflush(stdout);
}

/* One where its speed is 1 and more is better. */
static void print_gain(const char *what, comparison *figures, double bar, double aim)
{
    printf("%7.2f x its speed  bar %.2f, aim %.2f   %s\n", 1 / median(figures->ratios, ROUNDS), bar, aim, what);
    print_times(median(figures->queue, ROUNDS), median(figures->bare, ROUNDS));
    if (figures->bare_syncs > 0)
        printf("; syncs %.3f, bare %.3f", figures->queue_syncs, figures->bare_syncs);
    printf("\n");
    fflush(stdout);
}

/* ---- reads and inserts --------------------------------------------------------------------------------------------- */

static void bench_reads(void)
{
    comparison one, many;
    open_sides(":memory:", ":memory:", point_table, fill_points, "SELECT value FROM point WHERE id = ?");
    measure(&one, 1, read_queue, read_bare);
    print_cost("1 thread, read of one column by id, in memory", &one, 2, 1.3);
    measure(&many, 8, read_queue, read_bare_locked);
    print_gain("8 threads reading, total", &many, 1, 2);
    close_sides();
}

/* In a process of its own, since threads keep the processors that they were given. */
static void bench_one_processor(void)
{
    comparison one;
    cpu_set_t processors;
    pid_t child;
    int status;
    fflush(stdout);
    child = fork();
    must(child >= 0, "fork");
    if (child > 0) {
        must(waitpid(child, &status, 0) == child && status == 0, "the process on one processor");
        return;
    }
    CPU_ZERO(&processors);
    CPU_SET(0, &processors);
    must(sched_setaffinity(0, sizeof processors, &processors) == 0, "sched_setaffinity");
    open_sides(":memory:", ":memory:", point_table, fill_points, "SELECT value FROM point WHERE id = ?");
    measure(&one, 1, read_queue, read_bare);
    printf("%7.2f us a read    bar 8, aim 5         the same on one processor (bare %.3f us)\n", median(one.queue, ROUNDS) * 1e6,
           median(one.bare, ROUNDS) * 1e6);
    close_sides();
    fflush(stdout);
    _exit(0);
}

/* Removes a database and what SQLite keeps beside it. */
static void remove_database(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char name[1100];
    size_t i;
    for (i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        remove(name);
    }
}

static void bench_durable(const char *folder)
{
    char path[1000], bare_path[1000];
    comparison figures;
    snprintf(path, sizeof path, "%s/bench-queue.db", folder);
    snprintf(bare_path, sizeof bare_path, "%s/bench-bare.db", folder);
    remove_database(path);
    remove_database(bare_path);
    open_sides(path, bare_path, point_table, NULL, "INSERT INTO point (value) VALUES (?)");
    measure(&figures, 1, insert_queue, insert_bare);
    print_cost("1 thread, durable insert (WAL, full)", &figures, 1.15, 1.05);
    measure(&figures, 8, insert_queue, insert_bare_locked);
    print_gain("8 threads, durable inserts, total", &figures, 4, 7);
    measure(&figures, 32, insert_queue, insert_bare_locked);
    print_gain("32 threads, durable inserts, total", &figures, 10, 25);
    close_sides();
    remove_database(path);
    remove_database(bare_path);
}

/* Not among the bars: here a commit costs next to nothing, so that sharing it saves nothing. */
static void bench_memory_inserts(void)
{
    comparison figures;
    open_sides(":memory:", ":memory:", point_table, NULL, "INSERT INTO point (value) VALUES (?)");
    measure(&figures, 1, insert_queue, insert_bare);
    print_cost("1 thread, insert in memory", &figures, 0, 0);
    measure(&figures, 8, insert_queue, insert_bare_locked);
    print_gain("8 threads, inserts in memory, total", &figures, 0, 0);
    close_sides();
}

/* ---- batches ------------------------------------------------------------------------------------------------------- */

static void fill_row(codedb_column *row, int number, char *name)
{
    static const char *const note = "a docstring of some length, as they are found in real code";
    int i;
    snprintf(name, 32, "function_%d", number);
    for (i = 0; i < WIDE_COLUMNS; i++) {
        row[i].name = wide_names[i];
        row[i].value = codedb_value_integer(number + i);
    }
    row[1].value = codedb_value_text(name);
    row[3].value = codedb_value_text("function");
    row[4].value = codedb_value_text("package.module");
    row[5].value = codedb_value_text(note);
    row[8].value = codedb_value_real(number / 3.0);
    row[9].value = codedb_value_null();
    row[10].value = codedb_value_text_of_length(note, 20);
    row[12].value = codedb_value_text("{}");
}

static double batch_queue(int count)
{
    double start = now();
    codedb_batch *batch;
    int i;
    must(codedb_batch_create(side.db, &batch, NULL) == CODEDB_SUCCESS, "batch");
    for (i = 0; i < count; i++) {
        codedb_column row[WIDE_COLUMNS];
        char name[32];
        fill_row(row, i, name);
        must(codedb_batch_insert(batch, "wide", row, WIDE_COLUMNS) == i, "batch insert");
    }
    must(codedb_batch_run(batch, NULL) == CODEDB_SUCCESS, "batch run");
    codedb_batch_free(batch);
    return (now() - start) / count;
}

static void bare_bind(sqlite3_stmt *statement, int place, const codedb_value *value)
{
    if (value->type == CODEDB_VALUE_INTEGER)
        sqlite3_bind_int64(statement, place, value->as.integer);
    else if (value->type == CODEDB_VALUE_REAL)
        sqlite3_bind_double(statement, place, value->as.real);
    else if (value->type == CODEDB_VALUE_TEXT)
        sqlite3_bind_text(statement, place, value->as.text, (int)value->length, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, place);
}

static double batch_bare(int count)
{
    double start = now();
    int i, column;
    must(sqlite3_exec(side.bare, "BEGIN", NULL, NULL, NULL) == SQLITE_OK, "begin");
    for (i = 0; i < count; i++) {
        codedb_column row[WIDE_COLUMNS];
        char name[32];
        fill_row(row, i, name);
        for (column = 0; column < WIDE_COLUMNS; column++)
            bare_bind(side.statement, column + 1, &row[column].value);
        must(sqlite3_step(side.statement) == SQLITE_DONE, "step");
        sqlite3_reset(side.statement);
    }
    must(sqlite3_exec(side.bare, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "commit");
    return (now() - start) / count;
}

static void bench_batches(void)
{
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    comparison figures = {0};
    int round;
    open_sides(":memory:", ":memory:", wide_table, NULL,
               "INSERT INTO wide (file, name, line, kind, module, note, a, b, c, d, e, f, g, h) "
               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (round = 0; round < ROUNDS; round++) {
        figures.bare[round] = batch_bare(BATCH_ROWS);
        figures.queue[round] = batch_queue(BATCH_ROWS);
        figures.ratios[round] = figures.queue[round] / figures.bare[round];
        must(sqlite3_exec(side.bare, "DELETE FROM wide", NULL, NULL, NULL) == SQLITE_OK, "delete");
        must(codedb_sql_execute(side.db, "DELETE FROM wide", NULL, 0, NULL, NULL, NULL) == CODEDB_SUCCESS, "delete");
    }
    print_cost("row in a batch of 200,000 with 14 columns / bare loop in one transaction", &figures, 1.15, 1);
    must(codedb_statistics_get(side.db, &statistics, NULL) == CODEDB_SUCCESS, "statistics");
    printf("     the longest batch held the driver for %.3f s\n", statistics.batch_longest);
    close_sides();
}

/* ---- process mode -------------------------------------------------------------------------------------------------- */

static int pong; /* one end of a socket, whose other end a child sends everything back from */

static void ping(int number)
{
    char bytes[64] = {0};
    bytes[0] = (char)number;
    must(write(pong, bytes, sizeof bytes) == sizeof bytes && read(pong, bytes, sizeof bytes) == sizeof bytes, "ping");
}

static pid_t start_pong(void)
{
    int ends[2];
    pid_t child;
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        char bytes[64];
        close(ends[0]);
        while (read(ends[1], bytes, sizeof bytes) == sizeof bytes && write(ends[1], bytes, sizeof bytes) == sizeof bytes)
            continue;
        _exit(0);
    }
    close(ends[1]);
    pong = ends[0];
    return child;
}

static codedb *threaded; /* beside `side`, whose driver is a process here */

static void read_threaded(int number)
{
    read_value(threaded, number);
}

static void bench_process(void)
{
    comparison one, many;
    pid_t child = start_pong();
    must(codedb_open("{\"type\": \"sqlite_proxy\", \"config\": {\"path\": \":memory:\"}}", NULL, &side.db, NULL) ==
             CODEDB_SUCCESS,
         "codedb_open");
    must(codedb_open(":memory:", NULL, &threaded, NULL) == CODEDB_SUCCESS, "codedb_open");
    must(codedb_sql_execute(side.db, point_table, NULL, 0, NULL, NULL, NULL) == CODEDB_SUCCESS, point_table);
    must(codedb_sql_execute(side.db, fill_points, NULL, 0, NULL, NULL, NULL) == CODEDB_SUCCESS, fill_points);
    must(codedb_sql_execute(threaded, point_table, NULL, 0, NULL, NULL, NULL) == CODEDB_SUCCESS, point_table);
    must(codedb_sql_execute(threaded, fill_points, NULL, 0, NULL, NULL, NULL) == CODEDB_SUCCESS, fill_points);
    measure(&one, 1, read_queue, ping);
    print_cost("process mode: 1 thread, a read / a bare 64-byte ping-pong on a socket with a child", &one, 1.5, 1.2);
    measure(&many, 16, read_queue, read_threaded);
    print_gain("process mode: 16 threads reading, total / thread mode", &many, 0.4, 0.8);
    codedb_close(threaded);
    codedb_close(side.db);
    close(pong);
    waitpid(child, NULL, 0);
}

/* ---- open, idle, close --------------------------------------------------------------------------------------------- */

static void bench_life(void)
{
    double opens[ROUNDS], processors[ROUNDS], closes[ROUNDS], idle;
    struct timespec nap = {1, 0}, moment = {0, 20000000};
    codedb *db;
    int round;
    for (round = 0; round < ROUNDS; round++) {
        double start = now(), start_processor = processor_time();
        must(codedb_open(":memory:", NULL, &db, NULL) == CODEDB_SUCCESS, "open");
        opens[round] = now() - start;
        processors[round] = processor_time() - start_processor;
        nanosleep(&moment, NULL);
        start = now();
        codedb_close(db);
        closes[round] = now() - start;
    }
    printf("%7.2f ms           bar 2                open in memory with the full schema (processor %.2f ms)\n",
           median(opens, ROUNDS) * 1e3, median(processors, ROUNDS) * 1e3);
    printf("%7.2f ms           bar 5                close of an idle handle\n", median(closes, ROUNDS) * 1e3);
    must(codedb_open(":memory:", NULL, &db, NULL) == CODEDB_SUCCESS, "open");
    nanosleep(&moment, NULL);
    idle = processor_time();
    nanosleep(&nap, NULL);
    idle = processor_time() - idle;
    printf("%7.2f %%            bar 0                processor of an idle handle in a second\n", idle * 100);
    codedb_close(db);
    fflush(stdout);
}

static void print_file_system(const char *folder)
{
    static const struct {
        long magic;
        const char *name;
    } names[] = {{0xef53, "ext4"},        {0x58465342, "xfs"}, {0x9123683e, "btrfs"}, {0x01021994, "tmpfs"},
                 {0x794c7630, "overlay"}, {0x2fc12fc1, "zfs"}, {0xf2f52010, "f2fs"}};
    struct statfs about;
    size_t i;
    must(statfs(folder, &about) == 0, folder);
    for (i = 0; i < sizeof names / sizeof names[0] && names[i].magic != (long)about.f_type; i++)
        continue;
    printf("files on %s (%lx)", i < sizeof names / sizeof names[0] ? names[i].name : "another file system",
           (unsigned long)about.f_type);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : ".";
    double load[1] = {0};
    getloadavg(load, 1);
    printf("SQLite %s, %ld processors, load %.1f, ", sqlite3_libversion(), sysconf(_SC_NPROCESSORS_ONLN), load[0]);
    print_file_system(folder);
    printf(", the same pragmas on both sides; medians of %d rounds\n", ROUNDS);
    bench_one_processor();
    count_syncs();
    bench_reads();
    bench_durable(folder);
    bench_memory_inserts();
    bench_batches();
    bench_process();
    bench_life();
    return 0;
}
