/* tests/faults/faults.c -- one scenario, run again and again: each time another call of the file system, or another allocation, fails.
 *
 *     faults [--every N] [--seed N] [--only KIND] [--sabotage swallow|half|leak]
 *
 * The scenario opens a database, makes a table, writes (a row, a batch, transactions, a savepoint, a submitted row), stores objects and a
 * source, searches, copies the log back, indexes a folder, alters the table, makes a copy and restores it, checks, vacuums, deletes, and
 * closes. In run n of a kind, the n-th call of that kind fails, alone or with all behind it. Then:
 *
 * 1. A step is a success or a code that fits what failed, with words.
 * 2. When nothing fails any more, the handle works, or says that it is closed.
 * 3. Nothing is left: memory of the allocator and of SQLite, open files.
 * 4. The file opens; integrity, foreign keys and full text are clean; a step that was a success is there, one that failed is not.
 * 5. Nor is one that failed there when the process is killed at that moment, unless it said that nobody knows (OUTCOME_UNKNOWN).
 *
 * A run that hangs is ended by a clock. --every N leaves runs out at random: one in N is run; of calls that are few one in N / 5, and of
 * SQLite's allocations, which are tens of thousands, one in 50 N. --sabotage takes a failure for a success, writes a batch row by row, or
 * keeps an answer, and is to be noticed. */
#include "shim.h"

#include "codedb.h"

#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_RUN 120 /* seconds, sanitizers and a busy machine included */
#define COMPLAINTS 20   /* then it is enough */

typedef enum sabotage { SABOTAGE_NONE, SABOTAGE_SWALLOW, SABOTAGE_HALF, SABOTAGE_LEAK } sabotage;

static unsigned every = 1, random_state;
static const char *only;
static sabotage sabotaged;
static char running[120]; /* the case, for complaints and the clock */
static long complaints;

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
    va_list arguments;
    if (++complaints > (sabotaged != SABOTAGE_NONE ? 1 : COMPLAINTS))
        return;
    printf("%s: ", running);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static bool is_enough(void)
{
    return complaints >= (sabotaged != SABOTAGE_NONE ? 1 : COMPLAINTS);
}

static void on_alarm(int signal_number)
{
    static const char words[] = ": hangs\n";
    (void)signal_number;
    if (write(STDOUT_FILENO, running, strlen(running)) < 0 || write(STDOUT_FILENO, words, sizeof words - 1) < 0)
        _exit(3);
    _exit(1);
}

static unsigned random_of(unsigned below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

/* ---- Memory that runs out ------------------------------------------------------------------------------------------ */

typedef struct failing_memory {
    atomic_long left; /* allocations that still succeed; negative at the start: all do */
    atomic_bool bounded;
    atomic_bool lasting;
    atomic_bool struck;
    atomic_long live; /* blocks that are not released */
} failing_memory;

static failing_memory own_memory, sqlite_memory;
static sqlite3_mem_methods system_memory;

static void memory_fail(failing_memory *memory, long after, bool lasting)
{
    atomic_store(&memory->left, after);
    atomic_store(&memory->lasting, lasting);
    atomic_store(&memory->struck, false);
    atomic_store(&memory->bounded, true);
}

static bool memory_fails(failing_memory *memory)
{
    long left;
    if (!atomic_load(&memory->bounded))
        return false;
    left = atomic_fetch_sub(&memory->left, 1);
    if (left > 0 || (left < 0 && !atomic_load(&memory->lasting)))
        return false;
    atomic_store(&memory->struck, true);
    return true;
}

static void *own_allocate(void *context, size_t size)
{
    void *block = memory_fails(context) ? NULL : malloc(size);
    if (block != NULL)
        atomic_fetch_add(&own_memory.live, 1);
    return block;
}

static void *own_reallocate(void *context, void *pointer, size_t old_size, size_t new_size)
{
    (void)old_size;
    return memory_fails(context) ? NULL : realloc(pointer, new_size);
}

static void own_release(void *context, void *pointer)
{
    (void)context;
    atomic_fetch_sub(&own_memory.live, 1);
    free(pointer);
}

static void *sqlite_allocate(int size)
{
    return memory_fails(&sqlite_memory) ? NULL : system_memory.xMalloc(size);
}

static void *sqlite_reallocate(void *pointer, int size)
{
    return memory_fails(&sqlite_memory) ? NULL : system_memory.xRealloc(pointer, size);
}

/* Before SQLite is used at all. */
static void install_memory(void)
{
    sqlite3_mem_methods methods;
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &system_memory);
    methods = system_memory;
    methods.xMalloc = sqlite_allocate;
    methods.xRealloc = sqlite_reallocate;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

/* ---- The scenario ---------------------------------------------------------------------------------------------------- */

static char folder[64], database[96], copy[96], killed[96], sources[96];

static codedb_text_matches *kept; /* by a sabotage */

typedef struct world {
    codedb *db;
    codedb_result result;
    int64_t file_id;
    char indexed[64]; /* the id of the project that was made of the folder */
} world;

static codedb_column column_text(const char *name, const char *text)
{
    return (codedb_column){name, codedb_value_text(text)};
}

static codedb_code step_open(world *self)
{
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    const codedb_allocator allocator = {own_allocate, own_reallocate, own_release, &own_memory};
    options.allocator = &allocator;
    return codedb_open(database, &options, &self->db, &self->result);
}

static codedb_code step_table(world *self)
{
    return codedb_table_create(self->db,
                               "{\"name\": \"notes\", \"columns\": [{\"name\": \"id\", \"type\": \"INTEGER\", \"primary_key\": "
                               "true}, {\"name\": \"step\", \"type\": \"TEXT\", \"nullable\": false}, {\"name\": \"text\", "
                               "\"type\": \"TEXT\"}], \"indexes\": [{\"name\": \"idx_notes_step\", \"columns\": [\"step\"]}]}",
                               &self->result);
}

static codedb_code insert_note(codedb *db, const char *step, codedb_result *result)
{
    const codedb_column row[] = {column_text("step", step), column_text("text", "as it was")};
    return codedb_table_insert(db, "notes", row, 2, NULL, result);
}

static codedb_code step_insert(world *self)
{
    return insert_note(self->db, "insert", &self->result);
}

static codedb_code insert_batch(codedb *db, const char *step, int count, codedb_result *result)
{
    const codedb_column row[] = {column_text("step", step), column_text("text", "one of many")};
    codedb_batch *batch;
    codedb_code code = codedb_batch_create(db, &batch, result);
    if (code != CODEDB_SUCCESS)
        return code;
    for (int i = 0; i < count; i++)
        codedb_batch_insert(batch, "notes", row, 2);
    code = codedb_batch_run(batch, result);
    codedb_batch_free(batch);
    return code;
}

static codedb_code step_batch(world *self)
{
    codedb_code code = CODEDB_SUCCESS;
    if (sabotaged != SABOTAGE_HALF)
        return insert_batch(self->db, "batch", 40, &self->result);
    for (int i = 0; i < 40 && code == CODEDB_SUCCESS; i++)
        code = insert_note(self->db, "batch", &self->result);
    return code;
}

static codedb_code step_transaction(world *self)
{
    codedb *transaction;
    codedb_code code = codedb_transaction_begin(self->db, &transaction, &self->result);
    if (code != CODEDB_SUCCESS)
        return code;
    for (int i = 0; i < 5 && code == CODEDB_SUCCESS; i++)
        code = insert_note(transaction, "transaction", &self->result);
    if (code == CODEDB_SUCCESS)
        code = insert_batch(transaction, "transaction", 5, &self->result);
    if (code == CODEDB_SUCCESS)
        code = codedb_transaction_commit(transaction, &self->result);
    codedb_close(transaction);
    return code;
}

/* One row of it is undone. */
static codedb_code step_savepoint(world *self)
{
    codedb *transaction;
    int savepoint = 0;
    codedb_code code = codedb_transaction_begin(self->db, &transaction, &self->result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = insert_note(transaction, "savepoint", &self->result);
    if (code == CODEDB_SUCCESS)
        code = codedb_transaction_savepoint(transaction, &savepoint, &self->result);
    if (code == CODEDB_SUCCESS)
        code = insert_note(transaction, "savepoint", &self->result);
    if (code == CODEDB_SUCCESS)
        code = codedb_transaction_rollback_to(transaction, savepoint, &self->result);
    if (code == CODEDB_SUCCESS)
        code = codedb_transaction_commit(transaction, &self->result);
    codedb_close(transaction);
    return code;
}

static codedb_code step_submit(world *self)
{
    const codedb_column row[] = {column_text("step", "submit"), column_text("text", "later")};
    codedb_pending *pending = NULL;
    codedb_code code = codedb_submit_insert(self->db, "notes", row, 2, NULL, &pending, &self->result);
    if (code == CODEDB_SUCCESS)
        code = codedb_pending_answer(pending, NULL, NULL, &self->result);
    codedb_pending_free(pending);
    return code;
}

static codedb_code step_update(world *self)
{
    const codedb_column where = column_text("step", "insert"), row = column_text("text", "changed");
    return codedb_table_update(self->db, "notes", &where, 1, &row, 1, NULL, &self->result);
}

static codedb_code step_project(world *self)
{
    codedb_project project = CODEDB_INIT(codedb_project);
    memcpy(project.id, "00000000-0000-4000-8000-000000000001", sizeof "00000000-0000-4000-8000-000000000001");
    project.root_path = "/made";
    project.name = "made";
    return codedb_project_create(self->db, &project, &self->result);
}

static codedb_code step_file(world *self)
{
    codedb_file file = CODEDB_INIT(codedb_file);
    codedb_code code;
    file.project_id = "00000000-0000-4000-8000-000000000001";
    file.path = "/made/one.py";
    code = codedb_file_create(self->db, &file, &self->result);
    self->file_id = file.id;
    return code;
}

static const char source[] =
    "class Kept:\n    \"\"\"Words that are searched.\"\"\"\n\n    def one(self):\n        pass\n\n\ndef two():\n    return 2\n";

static codedb_code step_source(world *self)
{
    return codedb_cst_save(self->db, self->file_id, source, sizeof source - 1, NULL, &self->result);
}

static codedb_code step_query(world *self)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes = NULL;
    codedb_code code;
    filter.selector = "FunctionDef";
    code = codedb_cst_query(self->db, self->file_id, &filter, &nodes, &self->result);
    if (code == CODEDB_SUCCESS && nodes->count != 2)
        complain("the query found %zu functions, expected 2", nodes->count);
    codedb_free(nodes);
    return code;
}

static codedb_code step_search(world *self)
{
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    codedb_text_matches *matches = NULL;
    codedb_code code;
    search.query = "searched";
    search.entity_type = "class";
    code = codedb_text_find(self->db, &search, &matches, &self->result);
    if (code == CODEDB_SUCCESS && matches->count != 1)
        complain("the search found %zu texts, expected 1", matches->count);
    if (sabotaged == SABOTAGE_LEAK)
        kept = matches;
    else
        codedb_free(matches);
    return code;
}

static codedb_code step_index(world *self)
{
    codedb_index_options options = CODEDB_INIT(codedb_index_options);
    codedb_index_report *report = NULL;
    codedb_code code;
    options.threads = 1;
    code = codedb_index_run(self->db, sources, &options, &report, &self->result);
    if (code == CODEDB_SUCCESS)
        snprintf(self->indexed, sizeof self->indexed, "%s", report->project_id);
    if (code == CODEDB_SUCCESS && report->files_indexed != 3)
        complain("%lld files were indexed, expected 3: %s", (long long)report->files_indexed,
                 report->problem_count > 0 ? report->problems[0] : "no problem");
    codedb_free(report);
    return code;
}

static codedb_code step_alter(world *self)
{
    return codedb_table_alter(self->db, "notes", "[{\"add_column\": {\"name\": \"more\", \"type\": \"TEXT\"}}]", &self->result);
}

static codedb_code step_copy(world *self)
{
    return codedb_backup(self->db, copy, &self->result);
}

/* What was stored behind the copy, and is gone when that was restored. */
static codedb_code step_later(world *self)
{
    codedb_column row = {"id", codedb_value_text("later")};
    return codedb_table_insert(self->db, "watch_dirs", &row, 1, NULL, &self->result);
}

static codedb_code step_restore(world *self)
{
    return codedb_restore(self->db, copy, &self->result);
}

/* A page that cannot be read is a finding. */
static codedb_code step_check(world *self)
{
    codedb_rows *rows;
    codedb_code code = codedb_check(self->db, 0, &rows, &self->result);
    codedb_free(rows);
    return code;
}

static codedb_code step_vacuum(world *self)
{
    return codedb_vacuum(self->db, &self->result);
}

static codedb_code step_checkpoint(world *self)
{
    return codedb_checkpoint(self->db, CODEDB_CHECKPOINT_TRUNCATE, &self->result);
}

static codedb_code step_delete(world *self)
{
    return codedb_project_delete(self->db, self->indexed, &self->result);
}

/* What a step needs is done, and what it leaves behind: `rows` is what the query answers when it was a success; else, `without`. */
typedef struct step {
    const char *name;
    codedb_code (*run)(world *self);
    int needs; /* an earlier step; -1: none */
    const char *sql;
    int rows, without;
} step;

enum {
    OPEN,
    TABLE,
    INSERT,
    BATCH,
    TRANSACTION,
    SAVEPOINT,
    SUBMIT,
    UPDATE,
    PROJECT,
    MADE_FILE,
    SOURCE,
    QUERY,
    SEARCH,
    CHECKPOINT,
    INDEX,
    ALTER,
    COPY,
    LATER,
    RESTORE,
    CHECK,
    VACUUM,
    DELETE,
    STEPS
};

static const step steps[STEPS] = {
    [OPEN] = {"open", step_open, -1, NULL, 0, 0},
    [TABLE] = {"create a table", step_table, OPEN, "SELECT count(*) FROM sqlite_schema WHERE name IN ('notes', 'idx_notes_step')",
               2, 0},
    [INSERT] = {"insert", step_insert, TABLE, "SELECT count(*) FROM notes WHERE step = 'insert'", 1, 0},
    [BATCH] = {"batch", step_batch, TABLE, "SELECT count(*) FROM notes WHERE step = 'batch'", 40, 0},
    [TRANSACTION] = {"transaction", step_transaction, TABLE, "SELECT count(*) FROM notes WHERE step = 'transaction'", 10, 0},
    [SAVEPOINT] = {"savepoint", step_savepoint, TABLE, "SELECT count(*) FROM notes WHERE step = 'savepoint'", 1, 0},
    [SUBMIT] = {"submit", step_submit, TABLE, "SELECT count(*) FROM notes WHERE step = 'submit'", 1, 0},
    [UPDATE] = {"update", step_update, INSERT, "SELECT count(*) FROM notes WHERE text = 'changed'", 1, 0},
    [PROJECT] = {"create a project", step_project, OPEN, "SELECT count(*) FROM projects WHERE root_path = '/made'", 1, 0},
    [MADE_FILE] =
        {"create a file", step_file, PROJECT,
         "SELECT (SELECT count(*) FROM files WHERE path = '/made/one.py') + (SELECT count(*) FROM datasets WHERE root_path "
         "= '/made')",
         2, 0},
    [SOURCE] =
        {"store a source", step_source, MADE_FILE,
         "SELECT (SELECT count(*) FROM cst_trees t WHERE t.file_id = f.id) + (SELECT count(*) FROM classes c WHERE "
         "c.file_id = f.id) + (SELECT count(*) FROM functions c WHERE c.file_id = f.id) + (SELECT count(*) FROM methods m JOIN "
         "classes c ON c.id = m.class_id WHERE c.file_id = f.id) FROM files f WHERE path = '/made/one.py'",
         4, 0},
    [QUERY] = {"query a source", step_query, SOURCE, NULL, 0, 0},
    [SEARCH] = {"full text", step_search, SOURCE, NULL, 0, 0},
    [INDEX] = {"index a folder", step_index, OPEN, "SELECT count(*) FROM files WHERE path LIKE '%/source_.py'", 3,
               -1}, /* some of its files, each of them whole */
    [ALTER] = {"alter the table", step_alter, TABLE, "SELECT count(*) FROM pragma_table_info('notes') WHERE name = 'more'", 1, 0},
    [COPY] = {"copy", step_copy, OPEN, NULL, 0, 0},
    [LATER] = {"insert behind the copy", step_later, COPY, NULL, 0, 0},
    [RESTORE] = {"restore", step_restore, LATER, "SELECT count(*) FROM watch_dirs WHERE id = 'later'", 0, 1},
    [CHECK] = {"check", step_check, OPEN, NULL, 0, 0},
    [VACUUM] = {"vacuum", step_vacuum, OPEN, NULL, 0, 0},
    [CHECKPOINT] = {"checkpoint", step_checkpoint, OPEN, NULL, 0, 0},
    [DELETE] = {"delete a project", step_delete, INDEX, "SELECT count(*) FROM files WHERE path LIKE '%/source_.py'", 0, 3},
};

/* ---- A run ----------------------------------------------------------------------------------------------------------- */

typedef enum trouble {
    /* the first are those of shim_kind */
    TROUBLE_FULL = SHIM_KINDS,
    TROUBLE_MEMORY,
    TROUBLE_SQLITE_MEMORY,
    TROUBLES
} trouble;

static const char *trouble_name(int kind)
{
    static const char *const names[] = {"disk full", "memory", "sqlite memory"};
    return kind < SHIM_KINDS ? shim_kind_name((shim_kind)kind) : names[kind - SHIM_KINDS];
}

static struct {
    long runs;
    long answers[20]; /* by code, of steps while something failed */
    long worked;      /* handles that went on */
    long closed;      /* handles that said they are closed */
    long unopened;
    long in_spite; /* steps of which nobody knew, and that are there */
} figures;

static void order_trouble(int kind, long after, bool lasting)
{
    if (kind < SHIM_KINDS)
        shim_fail((shim_kind)kind, after, lasting);
    else if (kind == TROUBLE_FULL)
        shim_fill_disk(after);
    else
        memory_fail(kind == TROUBLE_MEMORY ? &own_memory : &sqlite_memory, after, lasting);
}

static bool end_trouble(int kind)
{
    shim_calm();
    atomic_store(&own_memory.bounded, false);
    atomic_store(&sqlite_memory.bounded, false);
    if (kind == TROUBLE_MEMORY)
        return atomic_load(&own_memory.struck);
    return kind == TROUBLE_SQLITE_MEMORY ? atomic_load(&sqlite_memory.struck) : shim_struck();
}

/* Promise 1. */
static bool fits(int kind, codedb_code code)
{
    if (kind >= TROUBLE_MEMORY)
        return code == CODEDB_NO_MEMORY;
    switch (code) {
    case CODEDB_DATABASE_ERROR:
    case CODEDB_CONNECTION_ERROR: /* the file cannot be opened */ return true;
    case CODEDB_BUSY: return kind == SHIM_LOCK;
    case CODEDB_OUTCOME_UNKNOWN: return kind == SHIM_SYNC;
    default: return false;
    }
}

static void remove_database(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[120];
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    size_t length;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    if (in == NULL || out == NULL)
        complain("%s cannot be copied", from);
    while (in != NULL && out != NULL && (length = fread(bytes, 1, sizeof bytes, in)) > 0)
        fwrite(bytes, 1, length, out);
    if (in != NULL)
        fclose(in);
    if (out != NULL)
        fclose(out);
}

/* The integer that a query answers of a copy of the files as they are now; 0 when it fails. */
static int64_t ask_killed(const char *sql)
{
    bool bounded = atomic_exchange(&sqlite_memory.bounded, false);
    char log[110], killed_log[110];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t answer = 0;
    snprintf(log, sizeof log, "%s-wal", database);
    snprintf(killed_log, sizeof killed_log, "%s-wal", killed);
    copy_file(database, killed);
    if (access(log, F_OK) == 0)
        copy_file(log, killed_log);
    if (sqlite3_open_v2(killed, &db, SQLITE_OPEN_READWRITE, "unix") == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    remove_database(killed);
    atomic_store(&sqlite_memory.bounded, bounded);
    return answer;
}

/* Promise 5. */
static void check_killed(const step *failed)
{
    int64_t found;
    if (failed->sql == NULL || failed->without < 0)
        return;
    found = ask_killed(failed->sql);
    if (found != failed->without)
        complain("%s failed, and if the process is killed then, there is %lld instead of %d", failed->name, (long long)found,
                 failed->without);
}

static bool unknown[STEPS]; /* those that answered OUTCOME_UNKNOWN in this run */

static void run_steps(world *self, int kind, bool done[STEPS])
{
    for (int i = 0; i < STEPS; i++) {
        codedb_code code;
        done[i] = false;
        unknown[i] = false;
        if (steps[i].needs >= 0 && !done[steps[i].needs])
            continue;
        code = steps[i].run(self);
        figures.answers[code < 20 ? code : 0]++;
        done[i] = code == CODEDB_SUCCESS || (sabotaged == SABOTAGE_SWALLOW && i > TABLE);
        if (code == CODEDB_SUCCESS)
            continue;
        if (!fits(kind, code))
            complain("%s: %s does not fit: %s", steps[i].name, codedb_code_name(code), self->result.description);
        if (self->result.description[0] == '\0' || self->result.code != code)
            complain("%s: %s without words", steps[i].name, codedb_code_name(code));
        unknown[i] = code == CODEDB_OUTCOME_UNKNOWN;
        if (!unknown[i] && !done[i])
            check_killed(&steps[i]);
    }
}

/* Promise 2. */
static void check_handle(world *self, bool has_table)
{
    codedb_code code = has_table ? insert_note(self->db, "afterwards", &self->result)
                                 : codedb_sql_execute(self->db, "SELECT 1", NULL, 0, NULL, NULL, &self->result);
    if (code == CODEDB_SUCCESS)
        figures.worked++;
    else if (code == CODEDB_CONNECTION_ERROR)
        figures.closed++;
    else
        complain("afterwards the handle answers %s: %s", codedb_code_name(code), self->result.description);
}

/* The integer that a query answers; -1 when it fails. */
static int64_t ask(codedb *db, const char *sql, bool may_fail)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_rows *rows = NULL;
    int64_t answer = -1;
    if (codedb_sql_execute(db, sql, NULL, 0, &rows, NULL, &result) == CODEDB_SUCCESS)
        answer = rows->row_count > 0 ? rows->values[0].as.integer : 0;
    else if (!may_fail)
        complain("%s: %s", sql, result.description);
    codedb_free(rows);
    codedb_result_clear(&result);
    return answer;
}

static void check_step(codedb *db, int number, const bool done[STEPS])
{
    const step *checked = &steps[number];
    int64_t found;
    if (checked->sql == NULL || (number == INDEX && done[DELETE]) || (number == DELETE && !done[INDEX]) ||
        (number == RESTORE && !done[LATER]))
        return;
    found = ask(db, checked->sql, !done[TABLE]);
    if (found < 0)
        found = 0; /* not even the table is there */
    if (done[number] ? found != checked->rows : checked->without >= 0 && found != checked->without) {
        if (done[number] || found != checked->rows || !unknown[number])
            complain("%s %s, and then there is %lld instead of %d", checked->name, done[number] ? "was a success" : "failed",
                     (long long)found, done[number] ? checked->rows : checked->without);
        else
            figures.in_spite++;
    }
}

static void check_whole(codedb *db)
{
    static const char *const whole[] = {
        "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
        "SELECT count(*) FROM pragma_foreign_key_check",
        "INSERT INTO code_content_fts (code_content_fts, rank) VALUES ('integrity-check', 1)",
        /* a file of the folder that is there has all that was found in it */
        ("SELECT count(*) FROM files f WHERE path LIKE '%/source_.py' AND ((SELECT count(*) FROM classes c WHERE c.file_id = f.id) <> 1 "
         "OR (SELECT count(*) FROM cst_trees t WHERE t.file_id = f.id) <> 1)"),
    };
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        int64_t found = ask(db, whole[i], false);
        if (found > 0)
            complain("%lld rows of %s", (long long)found, whole[i]);
    }
}

/* Promise 4. */
static void check_database(const bool done[STEPS])
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb *db = NULL;
    if (codedb_open(database, NULL, &db, &result) != CODEDB_SUCCESS) {
        complain("afterwards the file does not open: %s", result.description);
    } else {
        check_whole(db);
        for (int i = 0; i < STEPS; i++)
            check_step(db, i, done);
    }
    codedb_close(db);
    codedb_result_clear(&result);
}

static void check_copy(bool done)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb *db = NULL;
    bool is_there = access(copy, F_OK) == 0;
    if (is_there != done)
        complain("the copy %s there", is_there ? "failed and is" : "was made and is not");
    if (is_there && codedb_open(copy, NULL, &db, &result) != CODEDB_SUCCESS)
        complain("the copy does not open: %s", result.description);
    if (db != NULL)
        check_whole(db);
    codedb_close(db);
    codedb_result_clear(&result);
}

static int count_descriptors(void)
{
    DIR *open_now = opendir("/proc/self/fd");
    int count = 0;
    while (open_now != NULL && readdir(open_now) != NULL)
        count++;
    if (open_now != NULL)
        closedir(open_now);
    return count;
}

/* Promise 3. */
static void check_rest(sqlite3_int64 sqlite_bytes, int descriptors)
{
    if (atomic_load(&own_memory.live) != 0)
        complain("%ld blocks of memory are left", atomic_load(&own_memory.live));
    if (sqlite3_memory_used() > sqlite_bytes)
        complain("%lld bytes of SQLite's memory are left", (long long)(sqlite3_memory_used() - sqlite_bytes));
    if (shim_open_files() != 0 || count_descriptors() != descriptors)
        complain("%ld files are open, %d descriptors instead of %d", shim_open_files(), count_descriptors(), descriptors);
    atomic_store(&own_memory.live, 0);
}

/* Runs the scenario; whether anything has failed. */
static bool run_scenario(int kind, long after, bool lasting)
{
    static sqlite3_int64 sqlite_bytes = -1; /* what SQLite keeps for the process, seen in the first run */
    static int descriptors;
    world self = {.result = CODEDB_INIT(codedb_result)};
    bool done[STEPS], struck;
    snprintf(running, sizeof running, "%s %ld%s", trouble_name(kind), after, lasting ? " and all behind it" : "");
    alarm(LONGEST_RUN);
    remove_database(database);
    remove_database(copy);
    if (sqlite_bytes < 0)
        descriptors = count_descriptors();
    order_trouble(kind, after, lasting);
    run_steps(&self, kind, done);
    struck = end_trouble(kind);
    if (self.db != NULL)
        check_handle(&self, done[TABLE]);
    else
        figures.unopened++;
    codedb_close(self.db);
    codedb_result_clear(&self.result);
    if (sqlite_bytes < 0)
        sqlite_bytes = sqlite3_memory_used();
    check_rest(sqlite_bytes, descriptors);
    check_database(done);
    check_copy(done[COPY]);
    figures.runs++;
    return struck;
}

/* All runs of a kind: until nothing fails any more. */
static void run_kind(int kind, bool lasting)
{
    bool few = kind < SHIM_KINDS && kind != SHIM_READ && kind != SHIM_WRITE;
    unsigned share = kind == TROUBLE_SQLITE_MEMORY ? every * 50 : few ? (every + 4) / 5 : every;
    long after = 0, before = figures.runs;
    while (!is_enough() && run_scenario(kind, after, lasting))
        after += share == 1 ? 1 : 1 + (long)random_of(2 * share - 1);
    printf("faults: %-13s %s: %6ld calls, %6ld runs\n", trouble_name(kind), lasting ? "from one on" : "one alone  ", after,
           figures.runs - before);
}

/* ---- The command ----------------------------------------------------------------------------------------------------- */

static void make_sources(void)
{
    mkdir(sources, 0700);
    for (int i = 0; i < 3; i++) {
        char name[120];
        FILE *out;
        snprintf(name, sizeof name, "%s/source%d.py", sources, i);
        out = fopen(name, "w");
        if (out == NULL)
            exit(2);
        fprintf(out, "import os\n\n\nclass Number%d:\n    \"\"\"The %d.\"\"\"\n\n    def get(self):\n        return os.name\n", i,
                i);
        fclose(out);
    }
}

static void remove_all(void)
{
    char name[120];
    remove_database(database);
    remove_database(copy);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s/source%d.py", sources, i);
        unlink(name);
    }
    rmdir(sources);
    rmdir(folder);
}

static void read_settings(int count, char **words)
{
    random_state = (unsigned)time(NULL) ^ (unsigned)getpid() << 8;
    for (int i = 1; i + 1 < count; i += 2) {
        const char *value = words[i + 1];
        if (strcmp(words[i], "--every") == 0)
            every = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(words[i], "--seed") == 0)
            random_state = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(words[i], "--only") == 0)
            only = value;
        else if (strcmp(words[i], "--sabotage") == 0)
            sabotaged = strcmp(value, "swallow") == 0 ? SABOTAGE_SWALLOW : value[0] == 'h' ? SABOTAGE_HALF : SABOTAGE_LEAK;
    }
    every = every < 1 ? 1 : every;
}

static void print_figures(double seconds)
{
    printf(
        "faults: %ld runs, %ld handles worked on, %ld said they are closed, %ld were not opened; %ld steps of which nobody knew are there; %.1f s\n",
        figures.runs, figures.worked, figures.closed, figures.unopened, figures.in_spite, seconds);
    printf("faults: answers:");
    for (int code = 0; code < 20; code++)
        if (figures.answers[code] > 0)
            printf(" %s %ld", codedb_code_name((codedb_code)code), figures.answers[code]);
    putchar('\n');
}

int main(int count, char **words)
{
    time_t began = time(NULL);
    read_settings(count, words);
    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(folder, sizeof folder, "/tmp/codedb-faults-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 2;
    snprintf(database, sizeof database, "%s/faults.db", folder);
    snprintf(copy, sizeof copy, "%s/copy.db", folder);
    snprintf(killed, sizeof killed, "%s/killed.db", folder);
    snprintf(sources, sizeof sources, "%s/sources", folder);
    make_sources();
    signal(SIGALRM, on_alarm);
    install_memory();
    shim_install();
    shim_skip_syncs();
    printf("faults: one run in %u, seed %u\n", every, random_state);
    run_scenario(TROUBLE_FULL, 1000000000, false); /* nothing fails: what a clean run leaves is known then */
    for (int kind = 0; kind < TROUBLES && !is_enough(); kind++) {
        if (only != NULL && strcmp(only, trouble_name(kind)) != 0)
            continue;
        run_kind(kind, false);
        if (kind != TROUBLE_FULL && !is_enough())
            run_kind(kind, true);
    }
    print_figures((double)(time(NULL) - began));
    if (sabotaged != SABOTAGE_NONE)
        printf("faults: the sabotage was %s\n", complaints > 0 ? "caught" : "NOT CAUGHT");
    if (sabotaged == SABOTAGE_NONE && complaints > 0) {
        printf("faults: FAILED; the database is left in %s\n", folder);
        return 1;
    }
    codedb_free(kept);
    remove_all();
    return sabotaged != SABOTAGE_NONE && complaints == 0;
}
