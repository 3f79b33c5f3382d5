/* tests/test_backup.c -- codedb_backup: copies that open, and nothing left where none can be made. */
#include "objects_world.h"

#include <pthread.h>
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
    };
    return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
