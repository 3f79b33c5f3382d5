/* tests/test_backup.c -- codedb_backup: copies that open, and nothing left where none can be made. */
#include "objects_world.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

static codedb_result result = CODEDB_INIT(codedb_result);

static int set_up(void **state)
{
    world *w = malloc(sizeof *w);
    world_create(w, true);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world_destroy(*state);
    free(*state);
    codedb_result_clear(&result);
    return 0;
}

static void copy_path(const world *w, const char *name, char path[4300])
{
    snprintf(path, 4300, "%s/%s", w->folder, name);
}

static void assert_absent(const char *path)
{
    assert_int_not_equal(access(path, F_OK), 0);
}

/* Opens the copy and looks for what world_fill has written. */
static void assert_is_copy(const char *path)
{
    world copy = {.result = CODEDB_INIT(codedb_result)};
    assert_success(codedb_open(path, NULL, &copy.db, &copy.result), copy.result);
    assert_int_equal(world_ask(&copy, "SELECT count(*) FROM projects WHERE root_path = '/world'"), 1);
    assert_int_equal(world_ask(&copy, "SELECT count(*) FROM classes WHERE name = 'Animal'"), 1);
    assert_int_equal(world_ask(&copy, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    world_destroy(&copy);
}

static void a_copy_of_a_file_opens_and_has_everything(void **state)
{
    world *w = *state;
    struct stat information;
    char path[4300];
    copy_path(w, "copy.db", path);
    assert_success(codedb_backup(w->db, path, &result), result);
    assert_int_equal(stat(path, &information), 0);
    assert_int_equal(information.st_mode & 0777, 0600);
    assert_is_copy(path);
}

static void a_copy_of_a_database_in_memory_is_a_file(void **state)
{
    world *w = *state;
    world memory;
    char path[4300];
    copy_path(w, "copy.db", path);
    world_create(&memory, false);
    assert_success(codedb_backup(memory.db, path, &result), result);
    world_destroy(&memory);
    assert_is_copy(path);
}

static void a_copy_through_a_read_only_handle(void **state)
{
    world *w = *state;
    codedb *db;
    char config[4500], path[4300];
    copy_path(w, "copy.db", path);
    snprintf(config, sizeof config, "{\"type\": \"sqlite\", \"config\": {\"path\": \"%s\", \"read_only\": true}}", w->path);
    assert_success(codedb_open(config, NULL, &db, &result), result);
    assert_success(codedb_backup(db, path, &result), result);
    codedb_close(db);
    assert_is_copy(path);
}

static void what_stands_there_is_left_alone(void **state)
{
    world *w = *state;
    char path[4300], found[10] = "";
    FILE *file;
    support_write_file(w->folder, "there", "precious", 8);
    copy_path(w, "there", path);
    assert_code(codedb_backup(w->db, path, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "there is something already");
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(found, 1, sizeof found - 1, file), 8);
    fclose(file);
    assert_string_equal(found, "precious");
    assert_code(codedb_backup(w->db, w->folder, &result), CODEDB_VALIDATION_ERROR, result);
    assert_code(codedb_backup(w->db, w->path, &result), CODEDB_VALIDATION_ERROR, result);
}

static void a_missing_folder_and_a_missing_path_are_named(void **state)
{
    world *w = *state;
    char path[4300];
    copy_path(w, "no/such/copy.db", path);
    assert_code(codedb_backup(w->db, path, &result), CODEDB_NOT_FOUND, result);
    assert_contains(result.description, "no/such/copy.db");
    assert_code(codedb_backup(w->db, "/proc/copy.db", &result), CODEDB_NOT_FOUND, result);
    assert_code(codedb_backup(w->db, "", &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_backup(w->db, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_backup(NULL, path, &result), CODEDB_INVALID_REQUEST, result);
    memset(path, 'x', 4200);
    path[4200] = '\0';
    assert_code(codedb_backup(w->db, path, &result), CODEDB_DATABASE_ERROR, result);
}

/* SQLite takes ":memory:" and "file:..." for something else than files of that name. */
static void names_that_mean_something_to_sqlite_are_files(void **state)
{
    world *w = *state;
    char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(w->folder), 0);
    assert_success(codedb_backup(w->db, ":memory:", &result), result);
    assert_success(codedb_backup(w->db, "file:a?mode=memory", &result), result);
    assert_int_equal(rename(":memory:", "one.db"), 0);
    assert_is_copy("one.db");
    assert_int_equal(rename("file:a?mode=memory", "two.db"), 0);
    assert_is_copy("two.db");
    assert_int_equal(chdir(before), 0);
    free(before);
}

static void a_held_transaction_refuses_a_copy_of_what_is_not_committed(void **state)
{
    world *w = *state;
    codedb *transaction;
    char path[4300];
    copy_path(w, "copy.db", path);
    assert_success(codedb_transaction_begin(w->db, &transaction, &result), result);
    assert_code(codedb_backup(transaction, path, &result), CODEDB_TRANSACTION_ERROR, result);
    assert_absent(path);
    assert_success(codedb_transaction_commit(transaction, &result), result);
    codedb_close(transaction);
    assert_success(codedb_backup(w->db, path, &result), result);
}

/* A time that is over while pages are copied; a time that is over before is TIMEOUT as well. */
static void a_copy_that_takes_too_long_is_given_up_and_removed(void **state)
{
    world *w = *state;
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    codedb *view;
    char path[4300], journal[4400];
    world_execute(w, "CREATE TABLE bulk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
                     "SELECT i, randomblob(2000) FROM n");
    copy_path(w, "copy.db", path);
    snprintf(journal, sizeof journal, "%s-journal", path);
    options.timeout = 0.005;
    assert_success(codedb_with(w->db, &options, &view, &result), result);
    assert_code(codedb_backup(view, path, &result), CODEDB_TIMEOUT, result);
    assert_absent(path);
    assert_absent(journal);
    codedb_close(view);
    assert_success(codedb_backup(w->db, path, &result), result);
    assert_is_copy(path);
}

typedef struct writer {
    codedb *db;
    const char *project_id;
    atomic_bool stop;
} writer;

/* Files in pairs, a pair in one batch. */
static void *write_pairs(void *argument)
{
    writer *w = argument;
    long number = 0;
    while (!atomic_load(&w->stop)) {
        codedb_batch *batch;
        char one[40], other[40];
        codedb_column row[2] = {{"id", {CODEDB_VALUE_TEXT, {.text = one}, 0}},
                                {"root_path", {CODEDB_VALUE_TEXT, {.text = one}, 0}}};
        if (codedb_batch_create(w->db, &batch, NULL) != CODEDB_SUCCESS)
            break;
        row[0].value.length = row[1].value.length = (size_t)snprintf(one, sizeof one, "left %ld", number);
        codedb_batch_insert(batch, "projects", row, 2);
        row[0].value.as.text = row[1].value.as.text = other;
        row[0].value.length = row[1].value.length = (size_t)snprintf(other, sizeof other, "right %ld", number++);
        codedb_batch_insert(batch, "projects", row, 2);
        codedb_batch_run(batch, NULL);
        codedb_batch_free(batch);
    }
    return NULL;
}

static void a_copy_while_others_write_has_no_half_of_a_batch(void **state)
{
    world *w = *state;
    writer pairs = {.db = w->db};
    pthread_t thread;
    atomic_init(&pairs.stop, false);
    assert_int_equal(pthread_create(&thread, NULL, write_pairs, &pairs), 0);
    for (int i = 0; i < 5; i++) {
        world copy = {.result = CODEDB_INIT(codedb_result)};
        char name[20], path[4300];
        snprintf(name, sizeof name, "copy%d.db", i);
        copy_path(w, name, path);
        assert_success(codedb_backup(w->db, path, &result), result);
        assert_success(codedb_open(path, NULL, &copy.db, &copy.result), copy.result);
        assert_int_equal(world_ask(&copy, "SELECT count(*) FROM projects WHERE id LIKE 'left %'"),
                         world_ask(&copy, "SELECT count(*) FROM projects WHERE id LIKE 'right %'"));
        world_destroy(&copy);
    }
    atomic_store(&pairs.stop, true);
    pthread_join(thread, NULL);
}

/* ---- copies that go on between the requests of others --------------------------------------------------------------- */

/* Enough pages for many steps. */
static void make_big(world *w)
{
    world_execute(w, "CREATE TABLE bulk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) "
                     "SELECT i, randomblob(2000) AS b FROM n");
    world_execute(w, "CREATE TABLE told (n INTEGER PRIMARY KEY)");
}

/* A copy in a thread of its own. */
typedef struct copier {
    codedb *db;
    char path[4300];
    codedb_code code;
    codedb_result result;
    pthread_t thread;
    atomic_bool ended;
} copier;

static void *make_copy(void *argument)
{
    copier *c = argument;
    c->code = codedb_backup(c->db, c->path, &c->result);
    atomic_store(&c->ended, true);
    return NULL;
}

static void start_copy(copier *c, const world *w, codedb *db, const char *name)
{
    memset(c, 0, sizeof *c);
    c->result.struct_size = sizeof c->result;
    c->db = db;
    atomic_init(&c->ended, false);
    copy_path(w, name, c->path);
    assert_int_equal(pthread_create(&c->thread, NULL, make_copy, c), 0);
}

static void end_copy(copier *c, codedb_code expected)
{
    pthread_join(c->thread, NULL);
    assert_code(c->code, expected, c->result);
    codedb_result_clear(&c->result);
}

/* The copy's figures; total is 0 while none is made. */
static codedb_storage copy_figures(world *w)
{
    codedb_storage storage = CODEDB_INIT(codedb_storage);
    assert_success(codedb_storage_get(w->db, &storage, &w->result), w->result);
    assert_true(storage.copy_done <= storage.copy_total);
    return storage;
}

/* Starts a copy and waits until it has begun. It may be complete at any time behind that, whatever this thread does. */
static void start_copy_and_see(copier *c, world *w, codedb *db, const char *name)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        start_copy(c, w, db, name);
        while (!atomic_load(&c->ended))
            if (copy_figures(w).copy_total > 0)
                return;
        end_copy(c, CODEDB_SUCCESS);
        assert_int_equal(unlink(c->path), 0);
    }
    fail_msg("a hundred copies were made before this thread looked once");
}

/* No part of a copy is in the folder. */
static void assert_no_leftovers(const world *w)
{
    DIR *folder = opendir(w->folder);
    struct dirent *entry;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL)
        assert_null(strstr(entry->d_name, "unfinished"));
    closedir(folder);
}

static int64_t ask_copy(const char *path, const char *sql)
{
    world copy = {.result = CODEDB_INIT(codedb_result)};
    int64_t answer;
    assert_success(codedb_open(path, NULL, &copy.db, &copy.result), copy.result);
    answer = world_ask(&copy, sql);
    world_destroy(&copy);
    return answer;
}

/* A row that was stored before a moment at which the copy was not complete yet must be in it. */
static void rows_stored_while_a_copy_is_made_are_in_it(void **state)
{
    world *w = *state;
    copier c;
    char question[100];
    int64_t stored = 0, certain = 0;
    make_big(w);
    start_copy_and_see(&c, w, w->db, "copy.db");
    while (!atomic_load(&c.ended)) {
        codedb_column row = {"n", codedb_value_integer(++stored)};
        assert_success(codedb_table_insert(w->db, "told", &row, 1, NULL, &w->result), w->result);
        if (copy_figures(w).copy_total > 0)
            certain = stored;
    }
    end_copy(&c, CODEDB_SUCCESS);
    print_message("%lld rows were stored meanwhile\n", (long long)certain);
    snprintf(question, sizeof question, "SELECT count(*) FROM told WHERE n <= %lld", (long long)certain);
    assert_int_equal(ask_copy(c.path, question), certain);
    assert_int_equal(ask_copy(c.path, "SELECT coalesce(max(n), 0) - count(*) FROM told"), 0);
    assert_int_equal(ask_copy(c.path, "SELECT count(*) FROM bulk"), 6000);
    assert_is_copy(c.path);
    assert_no_leftovers(w);
}

static void progress_is_told_while_a_copy_is_made(void **state)
{
    world *w = *state;
    copier c;
    int64_t done = 0;
    make_big(w);
    start_copy_and_see(&c, w, w->db, "copy.db");
    for (codedb_storage now = copy_figures(w); now.copy_total > 0; now = copy_figures(w)) {
        assert_true(now.copy_done >= done);
        assert_int_equal(now.copy_total, now.page_count);
        done = now.copy_done;
    }
    end_copy(&c, CODEDB_SUCCESS);
}

/* SQLite begins a copy again when another connection commits; at last it is made in one go. */
static void a_copy_ends_though_another_program_commits_all_the_time(void **state)
{
    world *w = *state;
    copier c;
    sqlite3 *plain;
    make_big(w);
    assert_int_equal(sqlite3_open(w->path, &plain), SQLITE_OK);
    sqlite3_busy_timeout(plain, 10000);
    start_copy(&c, w, w->db, "copy.db");
    while (!atomic_load(&c.ended))
        assert_int_equal(sqlite3_exec(plain, "BEGIN; INSERT INTO told VALUES (NULL); INSERT INTO told VALUES (NULL); COMMIT",
                                      NULL, NULL, NULL),
                         SQLITE_OK);
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
    end_copy(&c, CODEDB_SUCCESS);
    assert_is_copy(c.path);
    assert_int_equal(ask_copy(c.path, "SELECT count(*) % 2 FROM told"), 0);
}

static void a_copy_of_memory_ends_though_others_write(void **state)
{
    world *w = *state;
    world memory;
    copier c;
    int64_t stored = 0;
    world_create(&memory, false);
    make_big(&memory);
    start_copy(&c, w, memory.db, "copy.db");
    while (!atomic_load(&c.ended)) {
        codedb_column row = {"n", codedb_value_integer(++stored)};
        assert_success(codedb_table_insert(memory.db, "told", &row, 1, NULL, &result), result);
    }
    end_copy(&c, CODEDB_SUCCESS);
    assert_is_copy(c.path);
    assert_int_equal(ask_copy(c.path, "SELECT max(n) - count(*) FROM told"), 0);
    world_destroy(&memory);
}

/* A copy has no part of what a held transaction has done, and waits for its end; its time runs all the same. */
static void a_copy_waits_for_a_held_transaction_until_its_time_is_over(void **state)
{
    world *w = *state;
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    codedb *view, *transaction;
    copier c;
    make_big(w);
    options.timeout = 0.5;
    assert_success(codedb_with(w->db, &options, &view, &result), result);
    start_copy_and_see(&c, w, view, "copy.db");
    assert_success(codedb_transaction_begin(w->db, &transaction, &result), result);
    if (!atomic_load(&c.ended)) {
        codedb_column row = {"n", codedb_value_integer(1)};
        assert_success(codedb_table_insert(transaction, "told", &row, 1, NULL, &result), result);
        end_copy(&c, CODEDB_TIMEOUT);
        assert_absent(c.path);
        assert_no_leftovers(w);
    }
    assert_success(codedb_transaction_rollback(transaction, &result), result);
    codedb_close(transaction);
    options.timeout = -1;
    codedb_close(view);
    start_copy(&c, w, w->db, "other.db");
    assert_success(codedb_transaction_begin(w->db, &transaction, &result), result);
    world_execute(&(world){.db = transaction, .result = CODEDB_INIT(codedb_result)}, "INSERT INTO told VALUES (7)");
    assert_success(codedb_transaction_rollback(transaction, &result), result);
    codedb_close(transaction);
    end_copy(&c, CODEDB_SUCCESS);
    assert_int_equal(ask_copy(c.path, "SELECT count(*) FROM told"), 0);
    assert_is_copy(c.path);
}

static void copies_asked_for_at_the_same_time_are_all_made(void **state)
{
    world *w = *state;
    copier copies[4];
    make_big(w);
    for (int i = 0; i < 4; i++) {
        char name[20];
        snprintf(name, sizeof name, "copy%d.db", i);
        start_copy(&copies[i], w, w->db, name);
    }
    for (int i = 0; i < 4; i++) {
        end_copy(&copies[i], CODEDB_SUCCESS);
        assert_is_copy(copies[i].path);
    }
    assert_no_leftovers(w);
}

static void of_two_copies_to_one_place_one_is_made(void **state)
{
    world *w = *state;
    copier one, other;
    make_big(w);
    start_copy(&one, w, w->db, "copy.db");
    start_copy(&other, w, w->db, "copy.db");
    pthread_join(one.thread, NULL);
    pthread_join(other.thread, NULL);
    assert_int_equal((one.code == CODEDB_SUCCESS) + (other.code == CODEDB_SUCCESS), 1);
    assert_int_equal((one.code == CODEDB_VALIDATION_ERROR) + (other.code == CODEDB_VALIDATION_ERROR), 1);
    assert_is_copy(one.path);
    assert_no_leftovers(w);
    codedb_result_clear(&one.result);
    codedb_result_clear(&other.result);
}

static void a_copy_goes_on_when_the_schema_changes_and_before_all_pages_are_replaced(void **state)
{
    static const char definition[] = "{\"name\": \"notes\", \"columns\": [{\"name\": \"x\", \"type\": \"TEXT\"}]}";
    static const char question[] = "SELECT count(*) FROM sqlite_schema WHERE name = 'notes'";
    world *w = *state;
    copier c;
    char first[4300];
    bool meanwhile;
    make_big(w);
    copy_path(w, "first.db", first);
    assert_success(codedb_backup(w->db, first, &result), result);
    start_copy_and_see(&c, w, w->db, "copy.db");
    assert_success(codedb_table_create(w->db, definition, &result), result);
    meanwhile = copy_figures(w).copy_total > 0;
    assert_success(codedb_vacuum(w->db, &result), result);
    end_copy(&c, CODEDB_SUCCESS);
    assert_is_copy(c.path);
    assert_true(!meanwhile || ask_copy(c.path, question) == 1);
    start_copy_and_see(&c, w, w->db, "again.db");
    assert_success(codedb_restore(w->db, first, &result), result);
    end_copy(&c, CODEDB_SUCCESS);
    assert_int_equal(ask_copy(c.path, question), 1);
    assert_int_equal(world_ask(w, question), 0);
}

static void a_copy_that_is_submitted_is_awaited_or_cancelled(void **state)
{
    world *w = *state;
    codedb_pending *pending;
    codedb_code code;
    char path[4300], other[4300];
    make_big(w);
    copy_path(w, "copy.db", path);
    copy_path(w, "other.db", other);
    assert_code(codedb_submit_backup(w->db, "", NULL, &pending, &result), CODEDB_INVALID_REQUEST, result);
    assert_null(pending);
    assert_success(codedb_submit_backup(w->db, path, NULL, &pending, &result), result);
    assert_success(codedb_pending_answer(pending, NULL, NULL, &result), result);
    codedb_pending_free(pending);
    assert_is_copy(path);

    /* One that is being made; it may be complete before it is cancelled. */
    assert_success(codedb_submit_backup(w->db, other, NULL, &pending, &result), result);
    while (codedb_pending_wait(pending, 0) == 0 && copy_figures(w).copy_done == 0)
        continue;
    codedb_pending_cancel(pending);
    code = codedb_pending_answer(pending, NULL, NULL, &result);
    codedb_pending_free(pending);
    assert_true(code == CODEDB_CANCELLED || code == CODEDB_SUCCESS);
    assert_int_equal(access(other, F_OK) == 0, code == CODEDB_SUCCESS);
    assert_no_leftovers(w);
}

/* Nothing else would wake the driver. */
static void a_copy_that_waits_for_a_held_transaction_is_cancelled_at_once(void **state)
{
    world *w = *state;
    codedb_pending *pending, *second;
    codedb *transaction;
    char path[4300], other[4300];
    make_big(w);
    copy_path(w, "copy.db", path);
    copy_path(w, "other.db", other);
    for (int attempt = 0; attempt < 100; attempt++) {
        unlink(path);
        assert_success(codedb_submit_backup(w->db, path, NULL, &pending, &result), result);
        assert_success(codedb_submit_backup(w->db, other, NULL, &second, &result), result);
        assert_success(codedb_transaction_begin(w->db, &transaction, &result), result);
        if (codedb_pending_wait(second, 0) == 0)
            break;
        assert_success(codedb_transaction_rollback(transaction, &result), result);
        codedb_close(transaction);
        codedb_pending_free(pending);
        codedb_pending_free(second);
        unlink(other);
    }
    codedb_pending_cancel(second);
    assert_int_equal(codedb_pending_wait(second, 20), 1);
    assert_code(codedb_pending_answer(second, NULL, NULL, &result), CODEDB_CANCELLED, result);
    assert_absent(other);
    assert_success(codedb_transaction_rollback(transaction, &result), result);
    codedb_close(transaction);
    assert_success(codedb_pending_answer(pending, NULL, NULL, &result), result);
    codedb_pending_free(pending);
    codedb_pending_free(second);
    assert_is_copy(path);
}

/* Closing finishes what is queued. */
static void a_copy_is_complete_when_the_database_is_closed_meanwhile(void **state)
{
    world *w = *state;
    copier c;
    codedb *view;
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    make_big(w);
    assert_success(codedb_with(w->db, &options, &view, &result), result);
    start_copy_and_see(&c, w, view, "copy.db");
    codedb_close(w->db);
    end_copy(&c, CODEDB_SUCCESS);
    codedb_close(view);
    world_open(w);
    assert_is_copy(c.path);
}

static void what_a_killed_process_left_unfinished_is_no_obstacle(void **state)
{
    world *w = *state;
    char path[4300];
    support_write_file(w->folder, "copy.db.unfinished-0", "half", 4);
    copy_path(w, "copy.db", path);
    assert_success(codedb_backup(w->db, path, &result), result);
    assert_is_copy(path);
    copy_path(w, "copy.db.unfinished-0", path);
    assert_int_equal(access(path, F_OK), 0);
    copy_path(w, "copy.db.unfinished-1", path);
    assert_absent(path);
}

static void a_full_disk_leaves_nothing(void **state)
{
    world *w = *state;
    struct rlimit limit;
    rlim_t before;
    char path[4300];
    make_big(w);
    assert_success(codedb_checkpoint(w->db, CODEDB_CHECKPOINT_TRUNCATE, &result), result);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    before = limit.rlim_cur;
    limit.rlim_cur = 1 << 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    copy_path(w, "copy.db", path);
    assert_code(codedb_backup(w->db, path, &result), CODEDB_DATABASE_ERROR, result);
    assert_null(strstr(result.description, "not an error"));
    limit.rlim_cur = before;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_absent(path);
    assert_no_leftovers(w);
    assert_success(codedb_backup(w->db, path, &result), result);
    assert_is_copy(path);
}

static codedb_code copy_check_and_restore(codedb *db, const char *path)
{
    codedb_storage storage = CODEDB_INIT(codedb_storage);
    codedb_rows *rows = NULL;
    codedb_code code;
    unlink(path);
    code = codedb_backup(db, path, &result);
    if (code == CODEDB_SUCCESS)
        code = codedb_check(db, 0, &rows, &result);
    codedb_free(rows);
    if (code == CODEDB_SUCCESS)
        code = codedb_restore(db, path, &result);
    if (code == CODEDB_SUCCESS)
        code = codedb_storage_get(db, &storage, &result);
    return code;
}

static void every_allocation_may_fail(void **state)
{
    world *w = *state;
    support_failing failing;
    char path[4300];
    copy_path(w, "copy.db", path);
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_open_options options = CODEDB_INIT(codedb_open_options);
        codedb *db;
        codedb_code code;
        options.allocator = &failing.allocator;
        atomic_store(&failing.countdown, 1 << 30);
        assert_success(codedb_open(w->path, &options, &db, &result), result);
        atomic_store(&failing.countdown, n);
        atomic_store(&failing.failed, false);
        code = copy_check_and_restore(db, path);
        atomic_store(&failing.countdown, 1 << 30);
        assert_no_leftovers(w);
        codedb_close(db);
        /* What the handle knows of columns is a help, and not looked for again when there is no memory. */
        if (code != CODEDB_NO_MEMORY)
            assert_success(code, result);
        assert_int_equal(atomic_load(&failing.live), 0);
    }
    assert_int_equal(world_ask(w, "SELECT count(*) FROM classes WHERE name = 'Animal'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_copy_of_a_file_opens_and_has_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_of_a_database_in_memory_is_a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_through_a_read_only_handle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_stands_there_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_folder_and_a_missing_path_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_that_mean_something_to_sqlite_are_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_held_transaction_refuses_a_copy_of_what_is_not_committed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_that_takes_too_long_is_given_up_and_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_while_others_write_has_no_half_of_a_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_stored_while_a_copy_is_made_are_in_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(progress_is_told_while_a_copy_is_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_ends_though_another_program_commits_all_the_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_of_memory_ends_though_others_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_waits_for_a_held_transaction_until_its_time_is_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_asked_for_at_the_same_time_are_all_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_two_copies_to_one_place_one_is_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_goes_on_when_the_schema_changes_and_before_all_pages_are_replaced, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_copy_that_is_submitted_is_awaited_or_cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_that_waits_for_a_held_transaction_is_cancelled_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_is_complete_when_the_database_is_closed_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_killed_process_left_unfinished_is_no_obstacle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
