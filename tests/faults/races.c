/* tests/faults/races.c -- sixteen threads do everything at once, under ThreadSanitizer; what was acknowledged is there, and nothing else.
 *
 *     races [--seconds N] [--seed N] [--mode thread|process] [--sabotage race|lose]
 *
 * Each thread works through a view of its own on one handle: rows, batches, transactions with savepoints, transactions that are forgotten,
 * requests without time or without patience, endless statements, objects, sources, full text, schema changes, statistics, copies, checks,
 * checkpoints, other databases, and operations that are submitted: waited for, polled, called back, left alone. One more thread cancels what is
 * submitted; in process mode another kills the driver's process. Every second or so the handle is closed in the middle of all that, and
 * opened again; in between the rows are compared with what each thread was told.
 *
 * --sabotage makes two threads write one variable, which ThreadSanitizer must report, or acknowledges rows that were not stored. */
#include "codedb.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 16
#define NUMBERS 60000 /* rows that a thread may make */

static struct {
    double seconds;
    unsigned seed;
    bool process;
    const char *sabotage;
} settings = {30, 0, false, ""};

/* What a thread was told of a row of its own. */
enum { ROW_NONE, ROW_THERE, ROW_UNCERTAIN };

typedef struct worker {
    int number;
    unsigned seed;
    codedb *db; /* a view */
    char rows[NUMBERS];
    int next;
    pthread_mutex_t lock; /* over `submitted`, which the canceller looks at */
    codedb_pending *submitted;
    long answers[20]; /* by code */
    long operations;
    codedb_result result;
} worker;

static worker workers[WORKERS];
static codedb *database;
static char folder[64], path[96];
static atomic_bool stopping;
static atomic_long complaints, called_back, kills, cancels;
static int raced; /* by a sabotage */

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
    va_list arguments;
    if (atomic_fetch_add(&complaints, 1) >= (settings.sabotage[0] != '\0' ? 1 : 20))
        return;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void wait_moment(long microseconds)
{
    const struct timespec moment = {0, microseconds * 1000};
    nanosleep(&moment, NULL);
}

static unsigned random_of(worker *self, unsigned below)
{
    self->seed = self->seed * 1664525u + 1013904223u;
    return (self->seed >> 8) % below;
}

/* ---- What is answered ------------------------------------------------------------------------------------------------ */

/* Codes that may come from anywhere: the handle is being closed, or the driver's process was killed. */
static bool is_end(codedb_code code)
{
    return code == CODEDB_CONNECTION_ERROR ||
           (settings.process && (code == CODEDB_OUTCOME_UNKNOWN || code == CODEDB_TRANSACTION_ERROR || code == CODEDB_TIMEOUT));
}

/* Counts an answer, which is a success or one of two others. */
static codedb_code note(worker *self, const char *what, codedb_code code, codedb_code other, codedb_code another)
{
    self->answers[code < 20 ? code : 0]++;
    if (code != CODEDB_SUCCESS && code != other && code != another && !is_end(code))
        complain("thread %d: %s: %s: %s", self->number, what, codedb_code_name(code), self->result.description);
    return code;
}

static void keep_row(worker *self, int number, codedb_code code)
{
    if (code == CODEDB_SUCCESS)
        self->rows[number] = ROW_THERE;
    else if (is_end(code) && code != CODEDB_TIMEOUT)
        self->rows[number] = settings.process ? ROW_UNCERTAIN : ROW_NONE;
}

static void make_row(worker *self, codedb_column row[3], int number)
{
    row[0] = (codedb_column){"owner", codedb_value_integer(self->number)};
    row[1] = (codedb_column){"number", codedb_value_integer(number)};
    row[2] = (codedb_column){"text", codedb_value_text("some words of a row")};
}

/* The next number; negative when there is none left. */
static int new_number(worker *self)
{
    return self->next < NUMBERS ? self->next++ : -1;
}

/* ---- Operations ------------------------------------------------------------------------------------------------------ */

static void do_insert(worker *self, codedb *db, codedb_code other, codedb_code another)
{
    int number = new_number(self);
    codedb_column row[3];
    if (number < 0)
        return;
    make_row(self, row, number);
    if (strcmp(settings.sabotage, "lose") == 0 && number % 4 == 0) {
        self->rows[number] = ROW_THERE;
        return;
    }
    keep_row(self, number, note(self, "insert", codedb_table_insert(db, "rows", row, 3, NULL, &self->result), other, another));
}

static void do_delete(worker *self)
{
    int number = self->next > 0 ? (int)random_of(self, (unsigned)self->next) : 0;
    codedb_column row[3];
    codedb_code code;
    make_row(self, row, number);
    if (self->rows[number] != ROW_THERE)
        return;
    code =
        note(self, "delete", codedb_table_delete(self->db, "rows", row, 2, NULL, &self->result), CODEDB_SUCCESS, CODEDB_SUCCESS);
    if (code == CODEDB_SUCCESS)
        self->rows[number] = ROW_NONE;
    else if (settings.process)
        self->rows[number] = ROW_UNCERTAIN;
}

static void do_select(worker *self)
{
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows = NULL;
    codedb_column row[3];
    make_row(self, row, 0);
    select.where = row;
    select.where_count = 1;
    select.limit = 20;
    note(self, "select", codedb_table_select(self->db, "rows", &select, &rows, &self->result), CODEDB_SUCCESS, CODEDB_SUCCESS);
    codedb_free(rows);
}

static void do_batch(worker *self)
{
    int first = self->next, count = 1 + (int)random_of(self, 20);
    bool fails = random_of(self, 5) == 0;
    codedb_batch *batch = NULL;
    codedb_column row[3];
    codedb_code code;
    if (first + count > NUMBERS || note(self, "batch", codedb_batch_create(self->db, &batch, &self->result), CODEDB_SUCCESS,
                                        CODEDB_SUCCESS) != CODEDB_SUCCESS)
        return;
    for (int i = 0; i < count; i++) {
        make_row(self, row, new_number(self));
        codedb_batch_insert(batch, "rows", row, 3);
    }
    if (fails)
        codedb_batch_require(batch, "rows", row, 2, 2, CODEDB_CONFLICT, "on purpose");
    code = note(self, "batch", codedb_batch_run(batch, &self->result), fails ? CODEDB_CONFLICT : CODEDB_SUCCESS, CODEDB_SUCCESS);
    for (int i = first; i < first + count; i++)
        keep_row(self, i, code);
    codedb_batch_free(batch);
}

/* Commits, rolls back, or forgets it; with a part that is undone in between. */
static void do_transaction(worker *self)
{
    codedb *transaction = NULL;
    codedb_column row[3];
    int kept = new_number(self), undone = new_number(self), savepoint = 0;
    unsigned how = random_of(self, 3);
    codedb_code code = codedb_transaction_begin(self->db, &transaction, &self->result);
    if (note(self, "begin", code, CODEDB_SUCCESS, CODEDB_SUCCESS) != CODEDB_SUCCESS || undone < 0)
        goto cleanup;
    make_row(self, row, kept);
    code = codedb_table_insert(transaction, "rows", row, 3, NULL, &self->result);
    if (code == CODEDB_SUCCESS)
        code = codedb_transaction_savepoint(transaction, &savepoint, &self->result);
    make_row(self, row, undone);
    if (code == CODEDB_SUCCESS)
        code = codedb_table_insert(transaction, "rows", row, 3, NULL, &self->result);
    if (code == CODEDB_SUCCESS)
        code = codedb_transaction_rollback_to(transaction, savepoint, &self->result);
    /* When the handle is closed, its transactions are rolled back. */
    if (note(self, "transaction", code, CODEDB_TRANSACTION_ERROR, CODEDB_SUCCESS) != CODEDB_SUCCESS)
        goto cleanup;
    if (how == 0)
        note(self, "rollback", codedb_transaction_rollback(transaction, &self->result), CODEDB_TRANSACTION_ERROR, CODEDB_SUCCESS);
    if (how == 1) {
        code =
            note(self, "commit", codedb_transaction_commit(transaction, &self->result), CODEDB_TRANSACTION_ERROR, CODEDB_SUCCESS);
        keep_row(self, kept, code);
    }
cleanup:
    codedb_close(transaction);
}

/* Little time, a priority, no patience; the promise is that TIMEOUT and QUEUE_FULL did nothing. */
static void do_hurried(worker *self)
{
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    codedb *view = NULL;
    options.timeout = 1e-6 * (1 + random_of(self, 2000));
    options.priority = (codedb_priority)random_of(self, 4);
    options.do_not_wait = (int)random_of(self, 2);
    if (codedb_with(self->db, &options, &view, &self->result) != CODEDB_SUCCESS)
        return;
    if (random_of(self, 4) == 0)
        note(self, "endless",
             codedb_sql_execute(view, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
                                NULL, 0, NULL, NULL, &self->result),
             CODEDB_TIMEOUT, CODEDB_QUEUE_FULL);
    else
        do_insert(self, view, CODEDB_TIMEOUT, CODEDB_QUEUE_FULL);
    codedb_close(view);
}

static void on_answer(void *context, codedb_pending *pending)
{
    (void)context;
    (void)pending;
    atomic_fetch_add(&called_back, 1);
}

static void lend_pending(worker *self, codedb_pending *pending)
{
    pthread_mutex_lock(&self->lock);
    self->submitted = pending;
    pthread_mutex_unlock(&self->lock);
}

/* Submitted, maybe cancelled by the other thread; then waited for, polled or left alone. */
static void do_submit(worker *self)
{
    codedb_submit_options options = CODEDB_INIT(codedb_submit_options);
    int number = new_number(self);
    codedb_pending *pending = NULL;
    codedb_column row[3];
    codedb_code code;
    if (number < 0)
        return;
    make_row(self, row, number);
    options.answered = random_of(self, 2) == 0 ? on_answer : NULL;
    code = codedb_submit_insert(self->db, "rows", row, 3, &options, &pending, &self->result);
    if (note(self, "submit", code, CODEDB_QUEUE_FULL, CODEDB_SUCCESS) != CODEDB_SUCCESS)
        return;
    lend_pending(self, pending);
    if (random_of(self, 4) == 0)
        while (codedb_pending_wait(pending, 0) == 0)
            wait_moment(100);
    code = note(self, "submitted", codedb_pending_answer(pending, NULL, NULL, &self->result), CODEDB_CANCELLED, CODEDB_SUCCESS);
    keep_row(self, number, code);
    lend_pending(self, NULL);
    codedb_pending_free(pending);
}

/* An endless statement that only a cancel ends. */
static void do_cancelled(worker *self)
{
    codedb_pending *pending = NULL;
    codedb_code code =
        codedb_submit_execute(self->db, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
                              NULL, 0, NULL, &pending, &self->result);
    if (note(self, "submit", code, CODEDB_QUEUE_FULL, CODEDB_SUCCESS) != CODEDB_SUCCESS)
        return;
    codedb_pending_wait(pending, 0.0005);
    codedb_pending_cancel(pending);
    note(self, "endless", codedb_pending_answer(pending, NULL, NULL, &self->result), CODEDB_CANCELLED, CODEDB_SUCCESS);
    codedb_pending_free(pending);
}

/* Operations of the object layer, whole. */
static void do_objects(worker *self)
{
    static const char source[] = "class Shared:\n    def one(self):\n        return 'words'\n";
    codedb_file file = CODEDB_INIT(codedb_file);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    codedb_text_matches *matches = NULL;
    codedb_nodes *nodes = NULL;
    codedb_code code;
    char name[64];
    snprintf(name, sizeof name, "/races/%d/%ld.py", self->number, self->operations);
    file.project_id = "races";
    file.path = name;
    code = codedb_file_create(self->db, &file, &self->result);
    if (note(self, "file", code, CODEDB_SUCCESS, CODEDB_SUCCESS) != CODEDB_SUCCESS)
        return;
    code = note(self, "source", codedb_cst_save(self->db, file.id, source, sizeof source - 1, NULL, &self->result),
                CODEDB_SUCCESS, CODEDB_SUCCESS);
    filter.selector = "FunctionDef";
    if (code == CODEDB_SUCCESS)
        note(self, "query", codedb_cst_query(self->db, file.id, &filter, &nodes, &self->result), CODEDB_SUCCESS, CODEDB_SUCCESS);
    codedb_free(nodes);
    search.query = "Shared";
    search.limit = 3;
    note(self, "search", codedb_text_find(self->db, &search, &matches, &self->result), CODEDB_SUCCESS, CODEDB_SUCCESS);
    codedb_free(matches);
    note(self, "file", codedb_file_delete(self->db, file.id, &self->result), CODEDB_SUCCESS, CODEDB_SUCCESS);
}

static void do_schema(worker *self)
{
    char json[200], name[32];
    char *version = NULL;
    snprintf(name, sizeof name, "own_%d", self->number);
    snprintf(json, sizeof json, "{\"name\": \"%s\", \"columns\": [{\"name\": \"a\", \"type\": \"TEXT\"}]}", name);
    /* SCHEMA_ERROR: it is there since a kill; CONFLICT: others change the schema all the time. */
    note(self, "create", codedb_table_create(self->db, json, &self->result), CODEDB_SCHEMA_ERROR, CODEDB_CONFLICT);
    note(self, "alter",
         codedb_table_alter(self->db, name, "[{\"add_column\": {\"name\": \"b\", \"type\": \"TEXT\"}}]", &self->result),
         CODEDB_SCHEMA_ERROR, CODEDB_CONFLICT);
    note(self, "drop", codedb_table_drop(self->db, name, &self->result), CODEDB_SCHEMA_ERROR, CODEDB_CONFLICT);
    note(self, "version", codedb_schema_version(self->db, &version, &self->result), CODEDB_SUCCESS, CODEDB_SUCCESS);
    codedb_free(version);
}

static void do_upkeep(worker *self)
{
    codedb_storage storage = CODEDB_INIT(codedb_storage);
    codedb_rows *rows = NULL;
    char copy[128];
    switch (random_of(self, 4)) {
    case 0:
        snprintf(copy, sizeof copy, "%s/copy-%d-%ld.db", folder, self->number, self->operations);
        note(self, "copy", codedb_backup(self->db, copy, &self->result), CODEDB_SUCCESS, CODEDB_SUCCESS);
        unlink(copy);
        break;
    case 1: note(self, "check", codedb_check(self->db, 10, &rows, &self->result), CODEDB_SUCCESS, CODEDB_SUCCESS); break;
    case 2:
        note(self, "checkpoint", codedb_checkpoint(self->db, (codedb_checkpoint_mode)0, &self->result), CODEDB_BUSY,
             CODEDB_SUCCESS);
        break;
    default: note(self, "storage", codedb_storage_get(self->db, &storage, &self->result), CODEDB_SUCCESS, CODEDB_SUCCESS);
    }
    if (rows != NULL && rows->row_count > 0)
        complain("codedb_check finds %zu things", rows->row_count);
    codedb_free(rows);
}

static void do_figures(worker *self)
{
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    codedb_health health = CODEDB_INIT(codedb_health);
    note(self, "statistics", codedb_statistics_get(self->db, &statistics, &self->result), CODEDB_TIMEOUT, CODEDB_SUCCESS);
    note(self, "health", codedb_health_get(self->db, &health, &self->result), CODEDB_TIMEOUT, CODEDB_SUCCESS);
}

/* A database that nobody else knows, opened and closed beside all the others. */
static void do_other_database(worker *self)
{
    codedb *other = NULL;
    codedb_code code = codedb_open(settings.process && random_of(self, 4) == 0
                                       ? "{\"type\": \"sqlite_proxy\", \"config\": {\"path\": \":memory:\"}}"
                                       : ":memory:",
                                   NULL, &other, &self->result);
    if (note(self, "open", code, CODEDB_SUCCESS, CODEDB_SUCCESS) == CODEDB_SUCCESS)
        note(self, "other", codedb_sql_execute(other, "SELECT count(*) FROM files", NULL, 0, NULL, NULL, &self->result),
             CODEDB_SUCCESS, CODEDB_SUCCESS);
    codedb_close(other);
}

static void do_something(worker *self)
{
    unsigned what = random_of(self, 1000);
    self->operations++;
    if (strcmp(settings.sabotage, "race") == 0)
        raced++;
    if (what < 250)
        do_insert(self, self->db, CODEDB_SUCCESS, CODEDB_SUCCESS);
    else if (what < 400)
        do_select(self);
    else if (what < 500)
        do_delete(self);
    else if (what < 600)
        do_batch(self);
    else if (what < 680)
        do_transaction(self);
    else if (what < 760)
        do_hurried(self);
    else if (what < 880)
        do_submit(self);
    else if (what < 890)
        do_cancelled(self);
    else if (what < 940)
        do_objects(self);
    else if (what < 950)
        do_schema(self);
    else if (what < 965)
        do_upkeep(self);
    else if (what < 997)
        do_figures(self);
    else
        do_other_database(self);
}

static void *work(void *argument)
{
    worker *self = argument;
    while (!atomic_load(&stopping))
        do_something(self);
    return NULL;
}

/* ---- Those who disturb ----------------------------------------------------------------------------------------------- */

static void *cancel(void *unused)
{
    unsigned at = 0;
    while (!atomic_load(&stopping)) {
        worker *victim = &workers[at++ * 7 % WORKERS];
        pthread_mutex_lock(&victim->lock);
        if (victim->submitted != NULL) {
            codedb_pending_cancel(victim->submitted);
            atomic_fetch_add(&cancels, 1);
        }
        pthread_mutex_unlock(&victim->lock);
        wait_moment(300);
    }
    return unused;
}

static void *kill_driver(void *argument)
{
    codedb *view = argument;
    while (!atomic_load(&stopping)) {
        codedb_health health = CODEDB_INIT(codedb_health);
        for (int i = 0; i < 300 && !atomic_load(&stopping); i++)
            wait_moment(1000);
        if (codedb_health_get(view, &health, NULL) == CODEDB_SUCCESS && health.is_process && health.process > 0) {
            kill((pid_t)health.process, SIGKILL);
            atomic_fetch_add(&kills, 1);
        }
    }
    return NULL;
}

/* ---- Life ------------------------------------------------------------------------------------------------------------ */

static void open_database(void)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    static const char *const ground[] = {
        "CREATE TABLE IF NOT EXISTS rows (owner INTEGER, number INTEGER, text TEXT, UNIQUE (owner, number))",
        "INSERT OR IGNORE INTO projects (id, root_path) VALUES ('races', '/races')"};
    char config[300];
    codedb_code code;
    snprintf(config, sizeof config, "{\"type\": \"%s\", \"config\": {\"path\": \"%s\", \"queue_size\": 8}}",
             settings.process ? "sqlite_proxy" : "sqlite", path);
    code = codedb_open(config, NULL, &database, &result);
    for (size_t i = 0; i < 2 && code == CODEDB_SUCCESS; i++)
        code = codedb_sql_execute(database, ground[i], NULL, 0, NULL, NULL, &result);
    if (code != CODEDB_SUCCESS) {
        printf("races: the database does not open: %s\n", result.description);
        exit(1);
    }
    codedb_result_clear(&result);
}

static codedb *make_view(void)
{
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    codedb *view = NULL;
    options.timeout = 60;
    if (codedb_with(database, &options, &view, NULL) != CODEDB_SUCCESS)
        exit(2);
    return view;
}

static void compare_rows(void)
{
    static char found[WORKERS][NUMBERS];
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_rows *rows = NULL;
    memset(found, 0, sizeof found);
    if (codedb_sql_execute(database, "SELECT owner, number FROM rows", NULL, 0, &rows, NULL, &result) != CODEDB_SUCCESS)
        complain("reading all rows: %s", result.description);
    for (size_t i = 0; rows != NULL && i < rows->row_count; i++)
        found[rows->values[i * 2].as.integer][rows->values[i * 2 + 1].as.integer] = 1;
    codedb_free(rows);
    for (int owner = 0; owner < WORKERS; owner++) {
        for (int number = 0; number < workers[owner].next; number++) {
            char *kept = &workers[owner].rows[number];
            if (*kept == ROW_UNCERTAIN)
                *kept = found[owner][number] ? ROW_THERE : ROW_NONE;
            else if ((*kept == ROW_THERE) != found[owner][number])
                complain("row %d of thread %d is %s", number, owner,
                         found[owner][number] ? "there, and was not acknowledged" : "missing");
        }
    }
    rows = NULL;
    if (codedb_check(database, 10, &rows, &result) != CODEDB_SUCCESS || rows->row_count > 0)
        complain("the check: %s", rows != NULL && rows->row_count > 0 ? rows->values[3].as.text : result.description);
    codedb_free(rows);
    codedb_result_clear(&result);
}

/* Opens, lets all work for a second, and closes in the middle of it. */
static void run_generation(double seconds)
{
    pthread_t threads[WORKERS], canceller, killer;
    codedb *watching;
    double until = now() + seconds;
    open_database();
    watching = make_view();
    atomic_store(&stopping, false);
    for (int i = 0; i < WORKERS; i++) {
        workers[i].db = make_view();
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    pthread_create(&canceller, NULL, cancel, NULL);
    if (settings.process)
        pthread_create(&killer, NULL, kill_driver, watching);
    while (now() < until)
        wait_moment(10000);
    codedb_close(database); /* the views are still in use */
    wait_moment(3000);
    atomic_store(&stopping, true);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        codedb_close(workers[i].db);
    }
    pthread_join(canceller, NULL);
    if (settings.process)
        pthread_join(killer, NULL);
    codedb_close(watching);
    open_database();
    compare_rows();
    codedb_close(database);
}

static void print_figures(long generations)
{
    long answers[20] = {0}, operations = 0, rows = 0;
    for (int i = 0; i < WORKERS; i++) {
        operations += workers[i].operations;
        for (int code = 0; code < 20; code++)
            answers[code] += workers[i].answers[code];
        for (int number = 0; number < workers[i].next; number++)
            rows += workers[i].rows[number] == ROW_THERE;
    }
    printf(
        "races: %ld operations, %ld rows there, %ld closed in the middle, %ld cancels, %ld callbacks, %ld kills\nraces: answers:",
        operations, rows, generations, atomic_load(&cancels), atomic_load(&called_back), atomic_load(&kills));
    for (int code = 0; code < 20; code++)
        if (answers[code] > 0)
            printf(" %s %ld", codedb_code_name((codedb_code)code), answers[code]);
    putchar('\n');
}

static void remove_all(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char name[120];
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    rmdir(folder);
}

static void read_settings(int count, char **words)
{
    settings.seed = (unsigned)time(NULL) ^ (unsigned)getpid() << 8;
    for (int i = 1; i + 1 < count; i += 2)
        if (strcmp(words[i], "--seconds") == 0)
            settings.seconds = atof(words[i + 1]);
        else if (strcmp(words[i], "--seed") == 0)
            settings.seed = (unsigned)strtoul(words[i + 1], NULL, 10);
        else if (strcmp(words[i], "--mode") == 0)
            settings.process = strcmp(words[i + 1], "process") == 0;
        else if (strcmp(words[i], "--sabotage") == 0)
            settings.sabotage = words[i + 1];
}

int main(int count, char **words)
{
    double until;
    long generations = 0;
    read_settings(count, words);
    snprintf(folder, sizeof folder, "/tmp/codedb-races-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 2;
    snprintf(path, sizeof path, "%s/races.db", folder);
    printf("races: %s mode, %d threads, %.0f s, seed %u\n", settings.process ? "process" : "thread", WORKERS, settings.seconds,
           settings.seed);
    for (int i = 0; i < WORKERS; i++) {
        workers[i].number = i;
        workers[i].seed = settings.seed + (unsigned)i * 7919u;
        workers[i].result = (codedb_result)CODEDB_INIT(codedb_result);
        pthread_mutex_init(&workers[i].lock, NULL);
    }
    fflush(stdout); /* the driver's processes inherit what is not written yet */
    until = now() + settings.seconds;
    while (now() < until && atomic_load(&complaints) == 0) {
        run_generation(1.5);
        generations++;
    }
    print_figures(generations);
    for (int i = 0; i < WORKERS; i++)
        codedb_result_clear(&workers[i].result);
    remove_all();
    if (strcmp(settings.sabotage, "lose") == 0)
        printf("races: the sabotage was %s\n", atomic_load(&complaints) > 0 ? "caught" : "NOT CAUGHT");
    if (strcmp(settings.sabotage, "lose") == 0)
        return atomic_load(&complaints) == 0;
    return atomic_load(&complaints) > 0;
}
