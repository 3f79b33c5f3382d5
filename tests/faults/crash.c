/* tests/faults/crash.c -- a process that writes is killed again and again; what it was told to be stored must be there, and no half of anything.
 *
 *     crash [--rounds N] [--seed N] [--mode thread|process] [--power] [--sabotage early|half|unsynced]
 *
 * The writer is a child with some threads on one handle. Before each operation a thread tells this process by a pipe what it is going to
 * do, and behind its success that it is done; so the ledger is kept by somebody who is not killed. With --power the writer's file system
 * forgets what was not synced, and tears the last write (shim.h). In process mode the driver's process, or the one that starts it again,
 * is killed now and then while the writer goes on; and none of them may outlive the writer.
 *
 * What is written are groups: a file with some classes and texts, all of which hold the group's value. A group is made, changed and
 * deleted as one: by a batch, by a transaction, by a single statement, by a cascade. So for each group the database must hold the value that
 * was acknowledged last, or the one that was being written, and each of its rows that same one.
 *
 * --sabotage breaks a promise, and then the round in which that is noticed is what is wanted. */
#include "shim.h"

#include "codedb.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WRITERS 4
#define GROUPS 64       /* of each writer */
#define LARGEST 12      /* classes of a group */
#define NEW_DATABASE 25 /* rounds on one database */
#define PATIENCE 20.0   /* seconds for processes to end */

typedef enum sabotage { SABOTAGE_NONE, SABOTAGE_EARLY, SABOTAGE_HALF, SABOTAGE_UNSYNCED } sabotage;

static struct {
    long rounds;
    unsigned seed;
    const char *driver;
    bool power;
    sabotage sabotage;
} settings = {1000, 0, "sqlite", false, SABOTAGE_NONE};

/* ---- The ledger ---------------------------------------------------------------------------------------------------- */

/* What a group is: a value that counts on with each change (0: the group is not there), and how many classes it has. */
typedef struct group_state {
    long long value;
    int size;
} group_state;

typedef struct group {
    group_state now;   /* acknowledged */
    group_state next;  /* what was begun */
    bool is_uncertain; /* begun, and not acknowledged: one of the two */
} group;

typedef struct writer_state {
    group groups[GROUPS];
    long long last_value;
} writer_state;

/* The recorder's. A writer process begins with a copy of it, in which each thread has its own part. */
static writer_state ledger[WRITERS];

typedef enum record_kind { RECORD_OPENED, RECORD_BEGUN, RECORD_DONE, RECORD_FAILED } record_kind;

/* What goes through the pipe; short enough never to be mixed with another. */
typedef struct record {
    int kind;
    int writer;
    int group;
    group_state next;
    pid_t driver, supervisor; /* of RECORD_OPENED; 0: there is none */
    char words[96];           /* of RECORD_FAILED */
} record;

static struct {
    long acknowledged;
    long uncertain;
    long uncertain_there;
    long killed_early; /* before the database was open */
    long self_killed;
    long driver_killed;
} figures;

static unsigned random_state;

static unsigned random_of(unsigned *state, unsigned below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/* ---- The writer's process -------------------------------------------------------------------------------------------- */

typedef struct writer {
    codedb *db;
    int number;
    unsigned seed;
    long operations;
    writer_state *state;
} writer;

static int record_pipe;

static void tell(record_kind kind, const writer *self, int number, group_state next, const char *words)
{
    record told;
    memset(&told, 0, sizeof told);
    told.kind = (int)kind;
    told.writer = self != NULL ? self->number : 0;
    told.group = number;
    told.next = next;
    if (words != NULL)
        snprintf(told.words, sizeof told.words, "%s", words);
    if (write(record_pipe, &told, sizeof told) != (ssize_t)sizeof told)
        _exit(3);
}

/* The processes that this one has started. */
static void tell_opened(codedb *db)
{
    codedb_health health = CODEDB_INIT(codedb_health);
    record told;
    memset(&told, 0, sizeof told);
    told.kind = RECORD_OPENED;
    if (codedb_health_get(db, &health, NULL) == CODEDB_SUCCESS && health.is_process) {
        told.driver = (pid_t)health.process;
        told.supervisor = (pid_t)health.supervisor;
    }
    if (write(record_pipe, &told, sizeof told) != (ssize_t)sizeof told)
        _exit(3);
}

static void writer_fail(const writer *self, const char *what, codedb_code code, const char *description)
{
    char words[96];
    snprintf(words, sizeof words, "%s: %s: %.60s", what, codedb_code_name(code), description);
    tell(RECORD_FAILED, self, 0, (group_state){0, 0}, words);
}

static void group_path(char path[32], int number, int index)
{
    snprintf(path, 32, "/w%d/g%d", number, index);
}

static codedb_column column_text(const char *name, const char *text)
{
    return (codedb_column){name, codedb_value_text(text)};
}

static codedb_column column_integer(const char *name, long long integer)
{
    return (codedb_column){name, codedb_value_integer(integer)};
}

/* Where the steps of an operation go: into a batch, through a transaction, or (a sabotage) one by one. */
typedef struct way {
    codedb_batch *batch;
    codedb *db;
    codedb_code code;
    codedb_result *result;
} way;

/* The value by which later steps know the row. */
static codedb_value way_insert(way *self, const char *table, const codedb_column *row, size_t count)
{
    int64_t id = 0;
    if (self->batch != NULL)
        return codedb_value_row_id_of(codedb_batch_insert(self->batch, table, row, count));
    if (self->code == CODEDB_SUCCESS)
        self->code = codedb_table_insert(self->db, table, row, count, &id, self->result);
    return codedb_value_integer(id);
}

static void way_update(way *self, const char *table, const codedb_column *where, const codedb_column *row)
{
    if (self->batch != NULL)
        codedb_batch_update(self->batch, table, where, 1, row, 1);
    else if (self->code == CODEDB_SUCCESS)
        self->code = codedb_table_update(self->db, table, where, 1, row, 1, NULL, self->result);
}

static void write_texts(char value_text[32], char content[64], const writer *self, int number, long long value)
{
    snprintf(value_text, 32, "value%lld", value);
    snprintf(content, 64, "w%dg%d value%lld", self->number, number, value);
}

static void make_group(const writer *self, way *to, int number, group_state next)
{
    char path[32], value_text[32], content[64];
    codedb_value file;
    group_path(path, self->number, number);
    write_texts(value_text, content, self, number, next.value);
    const codedb_column file_row[] = {column_text("project_id", "proof"), column_text("dataset_id", "proof"),
                                      column_text("path", path), column_integer("lines", next.value),
                                      column_integer("last_modified", next.size)};
    file = way_insert(to, "files", file_row, 5);
    for (int i = 0; i < next.size; i++) {
        const codedb_column class_row[] = {
            {"file_id", file}, column_text("name", path), column_integer("line", i + 1), column_text("docstring", value_text)};
        const codedb_column text_row[] = {{"file_id", file},
                                          column_text("entity_type", "class"),
                                          column_text("entity_name", path),
                                          column_text("content", content),
                                          column_text("docstring", value_text)};
        codedb_value class_id = way_insert(to, "classes", class_row, 4);
        const codedb_column method_row[] = {{"class_id", class_id},
                                            column_text("name", "m"),
                                            column_integer("line", i + 1),
                                            column_text("docstring", value_text)};
        way_insert(to, "methods", method_row, 4);
        way_insert(to, "code_content", text_row, 5);
    }
}

static void change_group(const writer *self, way *to, int number, group_state next)
{
    char path[32], value_text[32], content[64];
    group_path(path, self->number, number);
    write_texts(value_text, content, self, number, next.value);
    const codedb_column file_where = column_text("path", path), lines = column_integer("lines", next.value);
    const codedb_column class_where = column_text("name", path), docstring = column_text("docstring", value_text);
    const codedb_column text_where = column_text("entity_name", path), text = column_text("content", content);
    way_update(to, "files", &file_where, &lines);
    if (next.size == 0)
        return;
    way_update(to, "classes", &class_where, &docstring);
    way_update(to, "code_content", &text_where, &text);
    way_update(to, "code_content", &text_where, &docstring);
}

/* A deletion is one statement, and cascades do the rest. */
static codedb_code delete_group(const writer *self, int number, codedb_result *result)
{
    char path[32];
    codedb_column where;
    group_path(path, self->number, number);
    where = column_text("path", path);
    return codedb_table_delete(self->db, "files", &where, 1, NULL, result);
}

static void write_steps(const writer *self, way *to, int number, group_state next, bool is_new)
{
    if (is_new)
        make_group(self, to, number, next);
    else
        change_group(self, to, number, next);
}

static codedb_code write_by_batch(const writer *self, int number, group_state next, bool is_new, codedb_result *result)
{
    way to = {.result = result};
    codedb_code code = codedb_batch_create(self->db, &to.batch, result);
    if (code == CODEDB_SUCCESS) {
        write_steps(self, &to, number, next, is_new);
        code = codedb_batch_run(to.batch, result);
    }
    codedb_batch_free(to.batch);
    return code;
}

static codedb_code write_by_transaction(const writer *self, int number, group_state next, bool is_new, codedb_result *result)
{
    way to = {.result = result};
    codedb_code code = codedb_transaction_begin(self->db, &to.db, result);
    if (code != CODEDB_SUCCESS)
        return code;
    write_steps(self, &to, number, next, is_new);
    code = to.code != CODEDB_SUCCESS ? to.code : codedb_transaction_commit(to.db, result);
    codedb_close(to.db);
    return code;
}

static codedb_code write_one_by_one(const writer *self, int number, group_state next, bool is_new, codedb_result *result)
{
    way to = {.db = self->db, .result = result};
    write_steps(self, &to, number, next, is_new);
    return to.code;
}

static codedb_code write_group(writer *self, int number, group_state next, bool is_new, codedb_result *result)
{
    if (next.value == 0)
        return delete_group(self, number, result);
    if (next.size == 0 || settings.sabotage == SABOTAGE_HALF)
        return write_one_by_one(self, number, next, is_new, result); /* of a group without classes that is one statement */
    if (random_of(&self->seed, 4) == 0)
        return write_by_transaction(self, number, next, is_new, result);
    return write_by_batch(self, number, next, is_new, result);
}

/* Whether the answer is one that a killed process explains. */
static bool driver_may_die(codedb_code code)
{
    return strcmp(settings.driver, "sqlite_proxy") == 0 &&
           (code == CODEDB_CONNECTION_ERROR || code == CODEDB_OUTCOME_UNKNOWN || code == CODEDB_TRANSACTION_ERROR);
}

/* One operation of one thread. */
static void writer_step(writer *self)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    int number = (int)random_of(&self->seed, GROUPS);
    group *changed = &self->state->groups[number];
    bool is_new = changed->now.value == 0;
    codedb_code code;
    if (changed->is_uncertain)
        return; /* whether it is there only the recorder may find out, behind the crash */
    changed->next.value = ++self->state->last_value;
    changed->next.size = is_new ? (int)random_of(&self->seed, LARGEST + 1) : changed->now.size;
    if (!is_new && random_of(&self->seed, 3) == 0)
        changed->next = (group_state){0, 0};
    changed->is_uncertain = true;
    tell(RECORD_BEGUN, self, number, changed->next, NULL);
    if (settings.sabotage == SABOTAGE_EARLY)
        tell(RECORD_DONE, self, number, changed->next, NULL);
    code = write_group(self, number, changed->next, is_new, &result);
    if (code == CODEDB_SUCCESS) {
        changed->now = changed->next;
        changed->is_uncertain = false;
        tell(RECORD_DONE, self, number, changed->next, NULL);
    } else if (!driver_may_die(code)) {
        writer_fail(self, "a write", code, result.description);
    }
    codedb_result_clear(&result);
}

static void *writer_thread(void *argument)
{
    writer *self = argument;
    for (long i = 0; i < self->operations; i++)
        writer_step(self);
    return NULL;
}

static codedb *open_database(const char *path, const char *driver, codedb_result *result)
{
    char config[400];
    codedb *db;
    snprintf(config, sizeof config, "{\"type\": \"%s\", \"config\": {\"path\": \"%s\", \"synchronous\": \"%s\"}}", driver, path,
             settings.sabotage == SABOTAGE_UNSYNCED ? "off" : "full");
    codedb_open(config, NULL, &db, result);
    return db;
}

/* What the groups hang on. */
static codedb_code make_ground(codedb *db, codedb_result *result)
{
    static const char *const statements[] = {
        "INSERT OR IGNORE INTO projects (id, root_path, created_at, updated_at) VALUES ('proof', '/', 0, 0)",
        "INSERT OR IGNORE INTO datasets (id, project_id, root_path, created_at, updated_at) VALUES ('proof', 'proof', '/', 0, 0)"};
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; i < 2 && code == CODEDB_SUCCESS; i++)
        code = codedb_sql_execute(db, statements[i], NULL, 0, NULL, NULL, result);
    return code;
}

/* Opens, writes and closes, for ever. */
static void writer_process(const char *path, unsigned seed)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    if (settings.power) {
        shim_hold_writes(seed);
        if (random_of(&seed, 4) != 0)
            shim_cut_power((long)random_of(&seed, random_of(&seed, 2) == 0 ? 40 : 1500));
    } else if (random_of(&seed, 2) == 0) {
        shim_skip_syncs(); /* more writes in the same time */
    }
    for (;;) {
        writer writers[WRITERS];
        pthread_t threads[WRITERS];
        codedb *db = open_database(path, settings.driver, &result);
        if (db == NULL || make_ground(db, &result) != CODEDB_SUCCESS) {
            codedb_close(db);
            if (driver_may_die(result.code))
                continue;
            writer_fail(NULL, "opening", result.code, result.description);
            _exit(0);
        }
        tell_opened(db);
        for (int i = 0; i < WRITERS; i++) {
            writers[i] = (writer){db, i, seed + (unsigned)i * 7919u, 5 + (long)random_of(&seed, 60), &ledger[i]};
            if (pthread_create(&threads[i], NULL, writer_thread, &writers[i]) != 0)
                _exit(3);
        }
        for (int i = 0; i < WRITERS; i++)
            pthread_join(threads[i], NULL);
        codedb_close(db);
    }
}

/* ---- The recorder ---------------------------------------------------------------------------------------------------- */

static long complaints;

__attribute__((format(printf, 2, 3))) static void complain(long round, const char *format, ...)
{
    va_list arguments;
    complaints++;
    if (complaints > (settings.sabotage != SABOTAGE_NONE ? 1 : 20))
        return; /* one will do */
    printf("round %ld: ", round);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void keep_record(long round, const record *told)
{
    group *changed = &ledger[told->writer].groups[told->group];
    switch ((record_kind)told->kind) {
    case RECORD_BEGUN:
        changed->next = told->next;
        changed->is_uncertain = true;
        if (told->next.value > ledger[told->writer].last_value)
            ledger[told->writer].last_value = told->next.value;
        break;
    case RECORD_DONE:
        changed->now = told->next;
        changed->is_uncertain = false;
        figures.acknowledged++;
        break;
    case RECORD_FAILED: complain(round, "the writer: %s", told->words); break;
    case RECORD_OPENED: break;
    }
}

/* A writer that runs. */
typedef struct running {
    pid_t writer;
    int pipe;
    bool opened;
    bool killed;
    double kill_at;
    pid_t first_victim; /* killed before the writer is; 0: none */
} running;

static void start_writer(running *self, const char *path)
{
    unsigned seed = random_of(&random_state, 1u << 23);
    int ends[2];
    fflush(stdout);
    if (pipe(ends) != 0 || (self->writer = fork()) < 0) {
        perror("crash");
        exit(2);
    }
    if (self->writer == 0) {
        close(ends[0]);
        record_pipe = ends[1];
        writer_process(path, seed);
    }
    close(ends[1]);
    self->pipe = ends[0];
}

static void kill_next(running *self)
{
    if (self->first_victim != 0) {
        kill(self->first_victim, SIGKILL);
        self->first_victim = 0;
        self->kill_at = now() + (double)random_of(&random_state, 60000) / 1e6;
        figures.driver_killed++;
        return;
    }
    kill(self->writer, SIGKILL);
    self->killed = true;
    self->kill_at = now() + PATIENCE;
}

/* When the writer, and who before it, is to be killed, now that it has opened the database. */
static void choose_victims(running *self, const record *told, double wait)
{
    unsigned who = random_of(&random_state, 8);
    self->opened = true;
    self->kill_at = now() + wait + (settings.power ? 0.1 : 0);
    if (told->driver != 0 && who < 4)
        self->first_victim = who == 0 ? told->supervisor : told->driver;
}

/* Waits until all that the writer has started has ended; this process inherits them. */
static void wait_for_all(long round, pid_t host)
{
    double until = now() + PATIENCE;
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) >= 0) {
        const struct timespec moment = {0, 200000};
        if (ended == host && (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL))
            complain(round, "the writer ended by itself, status %d", status);
        if (ended > 0)
            continue;
        if (now() > until) {
            complain(round, "a process outlives its host");
            return;
        }
        nanosleep(&moment, NULL);
    }
}

/* Starts a writer, kills it at some moment, and keeps what it told. */
static void run_writer(long round, const char *path)
{
    bool early = random_of(&random_state, 8) == 0;
    double wait = (double)random_of(&random_state, early ? 12000 : 50000) / 1e6;
    running self = {.kill_at = now() + (early ? wait : 5.0)};
    record told;
    start_writer(&self, path);
    for (;;) {
        struct pollfd polled = {self.pipe, POLLIN, 0};
        double left = self.kill_at - now();
        if (left <= 0 && self.killed) {
            complain(round, "a process outlives its host, and holds the host's pipe");
            break;
        }
        if (left <= 0)
            kill_next(&self);
        else if (poll(&polled, 1, (int)(left * 1000) + 1) > 0) {
            if (read(self.pipe, &told, sizeof told) != (ssize_t)sizeof told)
                break;
            if (told.kind == RECORD_OPENED && !self.opened && !early)
                choose_victims(&self, &told, wait);
            self.opened = self.opened || told.kind == RECORD_OPENED;
            keep_record(round, &told);
        }
    }
    close(self.pipe);
    figures.killed_early += !self.opened;
    figures.self_killed += !self.killed;
    wait_for_all(round, self.writer);
}

static codedb_rows *ask(codedb *db, long round, const char *sql)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_rows *rows = NULL;
    if (codedb_sql_execute(db, sql, NULL, 0, &rows, NULL, &result) != CODEDB_SUCCESS)
        complain(round, "%s: %s", sql, result.description);
    codedb_result_clear(&result);
    return rows;
}

/* Complains of the first column of each row. */
static void expect_none(codedb *db, long round, const char *what, const char *sql)
{
    codedb_rows *rows = ask(db, round, sql);
    for (size_t i = 0; rows != NULL && i < rows->row_count && i < 3; i++) {
        const codedb_value *value = &rows->values[i * rows->column_count];
        complain(round, "%s: %s", what, value->type == CODEDB_VALUE_TEXT ? value->as.text : "?");
    }
    codedb_free(rows);
}

static void check_whole(codedb *db, long round)
{
    expect_none(db, round, "integrity", "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'");
    expect_none(db, round, "foreign key", "SELECT \"table\" FROM pragma_foreign_key_check");
    codedb_free(ask(db, round, "INSERT INTO code_content_fts (code_content_fts, rank) VALUES ('integrity-check', 1)"));
    expect_none(
        db, round, "half of a group",
        "SELECT path FROM files f WHERE last_modified <> (SELECT count(*) FROM classes c WHERE c.file_id = f.id AND c.name = "
        "f.path AND c.docstring = 'value' || f.lines) OR last_modified <> (SELECT count(*) FROM code_content t WHERE "
        "t.file_id = f.id AND t.content = replace(substr(f.path, 2), '/', '') || ' value' || f.lines AND t.docstring = "
        "'value' || f.lines) OR last_modified <> (SELECT count(*) FROM methods m JOIN classes c ON c.id = m.class_id WHERE "
        "c.file_id = f.id)");
    expect_none(
        db, round, "more than the groups",
        "SELECT 'classes' WHERE (SELECT count(*) FROM classes) <> (SELECT ifnull(sum(last_modified), 0) FROM files) UNION ALL "
        "SELECT 'texts' WHERE (SELECT count(*) FROM code_content) <> (SELECT ifnull(sum(last_modified), 0) FROM files) UNION "
        "ALL SELECT 'found words' WHERE (SELECT count(*) FROM code_content_fts WHERE code_content_fts MATCH 'w0* OR w1* OR "
        "w2* OR w3*') <> (SELECT count(*) FROM code_content)");
}

static bool group_is(const group_state *found, const group_state *expected)
{
    return found->value == expected->value && (found->value == 0 || found->size == expected->size);
}

static void check_group(long round, int number, int index, group_state found)
{
    group *kept = &ledger[number].groups[index];
    if (kept->is_uncertain && group_is(&found, &kept->next)) {
        kept->now = kept->next;
        figures.uncertain_there++;
    }
    if (!group_is(&found, &kept->now))
        complain(round, "group /w%d/g%d has value %lld and %d classes, acknowledged were %lld and %d", number, index, found.value,
                 found.size, kept->now.value, kept->now.size);
    figures.uncertain += kept->is_uncertain;
    kept->is_uncertain = false;
    kept->now = found; /* from now on it must stay so */
}

static void check_ledger(codedb *db, long round)
{
    group_state found[WRITERS][GROUPS];
    codedb_rows *rows = ask(db, round, "SELECT path, lines, CAST(last_modified AS INTEGER) FROM files");
    memset(found, 0, sizeof found);
    for (size_t i = 0; rows != NULL && i < rows->row_count; i++) {
        const codedb_value *values = &rows->values[i * 3];
        int number, index;
        if (sscanf(values[0].as.text, "/w%d/g%d", &number, &index) == 2 && number < WRITERS && index < GROUPS)
            found[number][index] = (group_state){values[1].as.integer, (int)values[2].as.integer};
    }
    codedb_free(rows);
    for (int number = 0; number < WRITERS; number++)
        for (int index = 0; index < GROUPS; index++)
            check_group(round, number, index, found[number][index]);
}

static void check_database(long round, const char *path)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb *db = open_database(path, "sqlite", &result);
    if (db == NULL) {
        complain(round, "the database does not open: %s", result.description);
    } else {
        check_whole(db, round);
        check_ledger(db, round);
    }
    codedb_close(db);
    codedb_result_clear(&result);
}

static void remove_database(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[300];
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static long run_rounds(const char *path)
{
    long round;
    for (round = 1; round <= settings.rounds; round++) {
        if (round % NEW_DATABASE == 1) {
            remove_database(path);
            memset(ledger, 0, sizeof ledger);
        }
        run_writer(round, path);
        check_database(round, path);
        if (complaints > 0)
            break;
    }
    return round;
}

/* ---- The command ----------------------------------------------------------------------------------------------------- */

static void read_settings(int count, char **words)
{
    static const char *const sabotages[] = {"", "early", "half", "unsynced"};
    settings.seed = (unsigned)time(NULL) ^ (unsigned)getpid() << 8;
    for (int i = 1; i < count; i++) {
        const char *value = i + 1 < count ? words[i + 1] : "";
        if (strcmp(words[i], "--power") == 0) {
            settings.power = true;
            continue;
        }
        if (strcmp(words[i], "--rounds") == 0)
            settings.rounds = atol(value);
        else if (strcmp(words[i], "--seed") == 0)
            settings.seed = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(words[i], "--mode") == 0)
            settings.driver = strcmp(value, "process") == 0 ? "sqlite_proxy" : "sqlite";
        for (int which = 1; strcmp(words[i], "--sabotage") == 0 && which < 4; which++)
            if (strcmp(value, sabotages[which]) == 0)
                settings.sabotage = (sabotage)which;
        i++;
    }
}

int main(int count, char **words)
{
    char folder[] = "/tmp/codedb-crash-XXXXXX";
    char path[64];
    double began = now();
    long round;
    read_settings(count, words);
    if (mkdtemp(folder) == NULL)
        return 2;
    snprintf(path, sizeof path, "%s/crash.db", folder);
    random_state = settings.seed;
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    shim_install();
    printf("crash: %s mode, %s, %ld rounds, seed %u\n", strcmp(settings.driver, "sqlite") == 0 ? "thread" : "process",
           settings.power ? "the power goes" : "the writer is killed", settings.rounds, settings.seed);
    round = run_rounds(path);
    printf(
        "crash: %ld writes acknowledged, %ld begun and not (of them %ld there), %ld kills before the database was open, %ld in the "
        "middle of a write, %ld of driver processes alone, %.1f s\n",
        figures.acknowledged, figures.uncertain, figures.uncertain_there, figures.killed_early, figures.self_killed,
        figures.driver_killed, now() - began);
    if (settings.sabotage != SABOTAGE_NONE) {
        printf("crash: the sabotage was %s\n", complaints > 0 ? "caught" : "NOT CAUGHT");
        complaints = complaints > 0 ? 0 : 1;
    } else if (complaints > 0) {
        printf("crash: FAILED in round %ld; the database is left in %s\n", round, path);
        return 1;
    }
    remove_database(path);
    rmdir(folder);
    return complaints > 0;
}
