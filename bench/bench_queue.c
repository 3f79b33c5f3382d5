/* bench_queue.c -- what the way through the queue costs: each figure beside the same prepared statement on a bare connection
 * with the same pragmas, as a ratio. Rounds alternate between the two, and the best of each counts: what is slower was disturbed.
 *
 *   bench_queue [FOLDER]     the folder for database files, by default the current one */
#include "codedb.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 7
#define ROWS 10000
#define WIDE_COLUMNS 14

static const char *const point_table = "CREATE TABLE point (id INTEGER PRIMARY KEY, value INTEGER)";
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

static void must(int success, const char *what)
{
    if (!success) {
        fprintf(stderr, "bench_queue: %s failed\n", what);
        exit(2);
    }
}

static double best(const double *times)
{
    double least = times[0];
    int i;
    for (i = 1; i < ROUNDS; i++)
        if (times[i] < least)
            least = times[i];
    return least;
}

/* ---- the two sides ------------------------------------------------------------------------------------------------- */

static codedb *queue_open(const char *path)
{
    codedb *db;
    must(codedb_open(path, NULL, &db, NULL) == CODEDB_SUCCESS, "codedb_open");
    return db;
}

static void queue_sql(codedb *db, const char *sql)
{
    must(codedb_sql_execute(db, sql, NULL, 0, NULL, NULL, NULL) == CODEDB_SUCCESS, sql);
}

static sqlite3 *bare_open(const char *path)
{
    sqlite3 *db;
    must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK, "open");
    must(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON", NULL, NULL, NULL) ==
             SQLITE_OK,
         "pragmas");
    return db;
}

static sqlite3_stmt *bare_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    must(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) == SQLITE_OK, sql);
    return statement;
}

static void bare_sql(sqlite3 *db, const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

/* ---- point reads --------------------------------------------------------------------------------------------------- */

static const char *const fill_points =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO point SELECT i, i * 7 FROM n";

static double read_queue(codedb *db, int count)
{
    const char *columns[] = {"value"};
    codedb_column where = {"id", {CODEDB_VALUE_INTEGER, {.integer = 0}, 0}};
    codedb_select select = CODEDB_INIT(codedb_select);
    double start = now();
    int i;
    select.columns = columns;
    select.column_count = 1;
    select.where = &where;
    select.where_count = 1;
    for (i = 0; i < count; i++) {
        codedb_rows *rows;
        where.value.as.integer = i % ROWS + 1;
        must(codedb_table_select(db, "point", &select, &rows, NULL) == CODEDB_SUCCESS, "select");
        must(rows->values[0].as.integer == (i % ROWS + 1) * 7, "the read value");
        codedb_free(rows);
    }
    return (now() - start) / count;
}

static double read_bare(sqlite3_stmt *statement, int count)
{
    double start = now();
    int i;
    for (i = 0; i < count; i++) {
        sqlite3_bind_int64(statement, 1, i % ROWS + 1);
        must(sqlite3_step(statement) == SQLITE_ROW, "step");
        must(sqlite3_column_int64(statement, 0) == (i % ROWS + 1) * 7, "the read value");
        sqlite3_reset(statement);
    }
    return (now() - start) / count;
}

static void print_ratio(const char *what, double *queue_times, double *bare_times)
{
    double queue = best(queue_times), bare = best(bare_times);
    printf("%7.2f x  the time of a bare connection: %s\n           codedb %.3f us, bare %.3f us\n", queue / bare, what,
           queue * 1e6, bare * 1e6);
    fflush(stdout);
}

static void bench_reads(void)
{
    double queue_times[ROUNDS], bare_times[ROUNDS];
    codedb *db = queue_open(":memory:");
    sqlite3 *bare = bare_open(":memory:");
    sqlite3_stmt *statement;
    int round;
    queue_sql(db, point_table);
    queue_sql(db, fill_points);
    bare_sql(bare, point_table);
    bare_sql(bare, fill_points);
    statement = bare_prepare(bare, "SELECT value FROM point WHERE id = ?");
    for (round = 0; round < ROUNDS; round++) {
        bare_times[round] = read_bare(statement, 100000);
        queue_times[round] = read_queue(db, 100000);
    }
    print_ratio("read of one column by id, in memory", queue_times, bare_times);
    sqlite3_finalize(statement);
    sqlite3_close(bare);
    codedb_close(db);
}

/* ---- single inserts ------------------------------------------------------------------------------------------------ */

static double insert_queue(codedb *db, int count)
{
    double start = now();
    int i;
    for (i = 0; i < count; i++) {
        codedb_column row = {"value", {CODEDB_VALUE_INTEGER, {.integer = i}, 0}};
        must(codedb_table_insert(db, "point", &row, 1, NULL, NULL) == CODEDB_SUCCESS, "insert");
    }
    return (now() - start) / count;
}

static double insert_bare(sqlite3_stmt *statement, int count)
{
    double start = now();
    int i;
    for (i = 0; i < count; i++) {
        sqlite3_bind_int64(statement, 1, i);
        must(sqlite3_step(statement) == SQLITE_DONE, "step");
        sqlite3_reset(statement);
    }
    return (now() - start) / count;
}

static void bench_inserts(const char *what, const char *path, const char *bare_path, int count)
{
    double queue_times[ROUNDS], bare_times[ROUNDS];
    codedb *db = queue_open(path);
    sqlite3 *bare = bare_open(bare_path);
    sqlite3_stmt *statement;
    int round;
    queue_sql(db, point_table);
    bare_sql(bare, point_table);
    statement = bare_prepare(bare, "INSERT INTO point (value) VALUES (?)");
    for (round = 0; round < ROUNDS; round++) {
        bare_times[round] = insert_bare(statement, count);
        queue_times[round] = insert_queue(db, count);
    }
    print_ratio(what, queue_times, bare_times);
    sqlite3_finalize(statement);
    sqlite3_close(bare);
    codedb_close(db);
}

/* ---- batches ------------------------------------------------------------------------------------------------------- */

static void fill_row(codedb_column *row, int number, char *name)
{
    static const char *const note = "a docstring of some length, as they are found in real code";
    int i;
    snprintf(name, 32, "function_%d", number);
    for (i = 0; i < WIDE_COLUMNS; i++) {
        row[i].name = wide_names[i];
        row[i].value = (codedb_value){CODEDB_VALUE_INTEGER, {.integer = number + i}, 0};
    }
    row[1].value = (codedb_value){CODEDB_VALUE_TEXT, {.text = name}, strlen(name)};
    row[3].value = (codedb_value){CODEDB_VALUE_TEXT, {.text = "function"}, 8};
    row[4].value = (codedb_value){CODEDB_VALUE_TEXT, {.text = "package.module"}, 14};
    row[5].value = (codedb_value){CODEDB_VALUE_TEXT, {.text = note}, strlen(note)};
    row[8].value = (codedb_value){CODEDB_VALUE_REAL, {.real = number / 3.0}, 0};
    row[9].value = (codedb_value){CODEDB_VALUE_NULL, {.integer = 0}, 0};
    row[10].value = (codedb_value){CODEDB_VALUE_TEXT, {.text = note}, 20};
    row[12].value = (codedb_value){CODEDB_VALUE_TEXT, {.text = "{}"}, 2};
}

static double batch_queue(codedb *db, int count)
{
    double start = now();
    codedb_batch *batch;
    int i;
    must(codedb_batch_create(db, &batch, NULL) == CODEDB_SUCCESS, "batch");
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

static double batch_bare(sqlite3 *db, sqlite3_stmt *statement, int count)
{
    double start = now();
    int i, column;
    bare_sql(db, "BEGIN");
    for (i = 0; i < count; i++) {
        codedb_column row[WIDE_COLUMNS];
        char name[32];
        fill_row(row, i, name);
        for (column = 0; column < WIDE_COLUMNS; column++)
            bare_bind(statement, column + 1, &row[column].value);
        must(sqlite3_step(statement) == SQLITE_DONE, "step");
        sqlite3_reset(statement);
    }
    bare_sql(db, "COMMIT");
    return (now() - start) / count;
}

static void bench_batches(int count, int repeats)
{
    double queue_times[ROUNDS] = {0}, bare_times[ROUNDS] = {0};
    codedb *db = queue_open(":memory:");
    sqlite3 *bare = bare_open(":memory:");
    sqlite3_stmt *statement;
    char what[64];
    int round, repeat;
    queue_sql(db, wide_table);
    bare_sql(bare, wide_table);
    statement = bare_prepare(bare, "INSERT INTO wide (file, name, line, kind, module, note, a, b, c, d, e, f, g, h) "
                                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (round = 0; round < ROUNDS; round++) {
        for (repeat = 0; repeat < repeats; repeat++) {
            bare_times[round] += batch_bare(bare, statement, count) / repeats;
            queue_times[round] += batch_queue(db, count) / repeats;
        }
        bare_sql(bare, "DELETE FROM wide");
        queue_sql(db, "DELETE FROM wide");
    }
    snprintf(what, sizeof what, "row in a batch of %d with %d columns", count, WIDE_COLUMNS);
    print_ratio(what, queue_times, bare_times);
    sqlite3_finalize(statement);
    sqlite3_close(bare);
    codedb_close(db);
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

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : ".";
    char path[1000], bare_path[1000];
    printf("SQLite %s, the same pragmas on both sides; best of %d rounds\n", sqlite3_libversion(), ROUNDS);
    bench_reads();
    bench_inserts("single insert, in memory", ":memory:", ":memory:", 50000);
    snprintf(path, sizeof path, "%s/bench-queue.db", folder);
    snprintf(bare_path, sizeof bare_path, "%s/bench-bare.db", folder);
    bench_inserts("single durable insert (WAL, full)", path, bare_path, 1000);
    remove_database(path);
    remove_database(bare_path);
    bench_batches(2000, 20);
    bench_batches(200000, 1);
    return 0;
}
