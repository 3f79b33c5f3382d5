/* tests/test_codedb.c -- codedb.c and codedb_result.c: versions, codes, Results; open, close, views. Public header only. */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static codedb_result result = CODEDB_INIT(codedb_result);

static int tear_down(void **state)
{
    (void)state;
    codedb_result_clear(&result);
    return 0;
}

static void every_code_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(codedb_code_name(CODEDB_SUCCESS), "SUCCESS");
    assert_string_equal(codedb_code_name(CODEDB_PARSE_ERROR), "PARSE_ERROR");
    assert_string_equal(codedb_code_name(CODEDB_OUTCOME_UNKNOWN), "OUTCOME_UNKNOWN");
    assert_string_equal(codedb_code_name((codedb_code)20), "UNKNOWN");
    assert_string_equal(codedb_code_name((codedb_code)-1), "UNKNOWN");
}

static void the_version_is_the_headers(void **state)
{
    char expected[40];
    (void)state;
    snprintf(expected, sizeof expected, "%d.%d.%d", CODEDB_VERSION_MAJOR, CODEDB_VERSION_MINOR, CODEDB_VERSION_PATCH);
    assert_string_equal(codedb_version(), expected);
}

static void a_result_keeps_the_last_call_only(void **state)
{
    codedb *db;
    (void)state;
    assert_code(codedb_open(NULL, NULL, &db, &result), CODEDB_INVALID_REQUEST, result);
    assert_int_equal(result.code, CODEDB_INVALID_REQUEST);
    assert_contains(result.description, "config or db is NULL");
    assert_code(codedb_open("{}", NULL, &db, &result), CODEDB_VALIDATION_ERROR, result);
    assert_non_null(result.data);
    assert_success(codedb_open(":memory:", NULL, &db, &result), result);
    assert_int_equal(result.code, CODEDB_SUCCESS);
    assert_null(result.data);
    codedb_close(db);
    codedb_result_clear(&result);
    assert_string_equal(result.description, "");
    codedb_result_clear(NULL);
}

static void nothing_is_written_beyond_a_smaller_result(void **state)
{
    size_t size;
    codedb *db;
    (void)state;
    for (size = 0; size <= sizeof(codedb_result); size++) {
        codedb_result small;
        unsigned char before[sizeof small];
        memset(&small, 0, sizeof small);
        memset((char *)&small + size, 0x5A, sizeof small - size);
        if (size >= sizeof small.struct_size)
            small.struct_size = size;
        else
            memset(&small.struct_size, 0, sizeof small.struct_size);
        memcpy(before, &small, sizeof small);
        assert_int_equal(codedb_open("{}", NULL, &db, &small), CODEDB_VALIDATION_ERROR);
        if (size >= sizeof small.struct_size)
            assert_memory_equal((char *)&small + size, before + size, sizeof small - size);
        codedb_result_clear(&small);
    }
}

static void a_long_description_is_cut_between_characters(void **state)
{
    char config[2000] = "{\"";
    codedb *db;
    size_t i;
    (void)state;
    for (i = 2; i < 1500; i += 2)
        memcpy(config + i, "\xC3\xA9", 2);
    memcpy(config + i, "\": 1, \"driver\": {}}", 20);
    assert_code(codedb_open(config, NULL, &db, &result), CODEDB_VALIDATION_ERROR, result);
    assert_true(strlen(result.description) < CODEDB_DESCRIPTION_SIZE);
    assert_true(strlen(result.description) > CODEDB_DESCRIPTION_SIZE - 8);
    assert_int_equal((unsigned char)result.description[strlen(result.description) - 1], 0xA9);
}

static void memory_and_files_open_and_hold_the_tables(void **state)
{
    char *folder = support_folder_create();
    char path[4200];
    int i;
    (void)state;
    snprintf(path, sizeof path, "%s/a/b/code.db", folder);
    for (i = 0; i < 3; i++) {
        codedb *db;
        codedb_rows *rows;
        assert_success(codedb_open(i == 0 ? ":memory:" : path, NULL, &db, &result), result);
        assert_success(codedb_table_select(db, "projects", NULL, &rows, &result), result);
        assert_int_equal(rows->row_count, 0);
        codedb_close(db);
        codedb_free(rows); /* outlives the handle */
    }
    support_folder_remove(folder);
}

static void a_config_object_decides(void **state)
{
    char *folder = support_folder_create();
    char config[4400], path[4300];
    struct stat status;
    codedb *db;
    (void)state;
    snprintf(config, sizeof config, "{\"type\": \"sqlite\", \"config\": {\"path\": \"%s/c.db\", \"queue_size\": 7}}", folder);
    snprintf(path, sizeof path, "%s/c.db", folder);
    assert_success(codedb_open(config, NULL, &db, &result), result);
    assert_int_equal(stat(path, &status), 0);
    {
        codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
        assert_success(codedb_statistics_get(db, &statistics, &result), result);
        assert_int_equal(statistics.capacity, 7);
        assert_true(statistics.processed > 0);
    }
    codedb_close(db);
    snprintf(config, sizeof config, "{\"type\": \"sqlite\", \"config\": {\"path\": \"%s/c.db\", \"read_only\": true}}", folder);
    assert_success(codedb_open(config, NULL, &db, &result), result);
    {
        codedb_column row[1] = {{"id", {CODEDB_VALUE_TEXT, {.text = "x"}, 1}}};
        assert_code(codedb_table_insert(db, "watch_dirs", row, 1, NULL, &result), CODEDB_PERMISSION_DENIED, result);
    }
    codedb_close(db);
    support_folder_remove(folder);
}

static void what_cannot_be_opened_says_why(void **state)
{
    char *folder = support_folder_create();
    char path[4300];
    codedb *db = (codedb *)1;
    (void)state;
    support_write_file(folder, "file", "x", 1);
    support_write_file(folder, "text.db", "this is no database, but a text that is long enough to look at, really it is, yes",
                       80);
    snprintf(path, sizeof path, "%s/file/code.db", folder);
    assert_true(codedb_open(path, NULL, &db, &result) != CODEDB_SUCCESS);
    assert_null(db);
    assert_contains(result.description, "file");
    snprintf(path, sizeof path, "%s/text.db", folder);
    assert_code(codedb_open(path, NULL, &db, &result), CODEDB_DATABASE_ERROR, result);
    assert_code(codedb_open("{\"type\": \"sqlit\", \"config\": {}}", NULL, &db, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "no driver \"sqlit\"");
    support_folder_remove(folder);
}

static void wrong_options_are_refused(void **state)
{
    codedb_open_options options = {.struct_size = 0};
    codedb_allocator allocator = {NULL, NULL, NULL, NULL};
    const codedb_driver *none = NULL;
    codedb *db;
    (void)state;
    assert_code(codedb_open(":memory:", &options, &db, &result), CODEDB_INVALID_REQUEST, result);
    assert_contains(result.description, "struct_size: found 0");
    options.struct_size = sizeof options;
    options.allocator = &allocator;
    assert_code(codedb_open(":memory:", &options, &db, &result), CODEDB_INVALID_REQUEST, result);
    options.allocator = NULL;
    options.driver_count = 1;
    assert_code(codedb_open(":memory:", &options, &db, &result), CODEDB_INVALID_REQUEST, result);
    options.drivers = &none;
    assert_code(codedb_open(":memory:", &options, &db, &result), CODEDB_INVALID_REQUEST, result);
    options.driver_count = 0;
    options.struct_size = offsetof(codedb_open_options, drivers); /* an older header */
    assert_success(codedb_open(":memory:", &options, &db, &result), result);
    codedb_close(db);
    codedb_close(NULL);
    assert_code(codedb_open(":memory:", NULL, NULL, &result), CODEDB_INVALID_REQUEST, result);
}

/* ---- a driver of the host's own: it only remembers how it was connected ---- */

static codedb_code own_connect(const codedb_driver *driver, const codedb_driver_settings *settings,
                               codedb_connection **connection, codedb_result *connected)
{
    (void)driver;
    (void)connection;
    assert_string_equal(settings->config, "{\"bucket\":7}");
    snprintf(connected->description, CODEDB_DESCRIPTION_SIZE, "the cloud is closed");
    return CODEDB_CONNECTION_ERROR;
}

static void own_nothing(codedb_connection *connection)
{
    (void)connection;
}

static codedb_code own_refuse(codedb_connection *connection, codedb_result *refused)
{
    (void)connection;
    (void)refused;
    return CODEDB_DATABASE_ERROR;
}

static int own_outside(codedb_connection *connection)
{
    (void)connection;
    return 0;
}

static codedb_code own_refuse_savepoint(codedb_connection *connection, int depth, codedb_result *refused)
{
    (void)depth;
    return own_refuse(connection, refused);
}

static codedb_code own_refuse_run(codedb_connection *connection, codedb_operation *operation, const codedb_value *values,
                                  codedb_row_writer *rows, codedb_changes *changes, codedb_result *refused)
{
    (void)operation;
    (void)values;
    (void)rows;
    (void)changes;
    return own_refuse(connection, refused);
}

static void own_ignore_deadline(codedb_connection *connection, double deadline)
{
    (void)connection;
    (void)deadline;
}

static codedb_code own_refuse_table_info(codedb_connection *connection, const char *table, codedb_row_writer *rows,
                                         codedb_result *refused)
{
    (void)table;
    (void)rows;
    return own_refuse(connection, refused);
}

/* A driver of an older host: its table ends where the functions begin that need not be there. */
static codedb_driver own_driver(void)
{
    codedb_driver own = {.struct_size = offsetof(codedb_driver, backup), .name = "cloud", .connect = own_connect};
    own.disconnect = own_nothing;
    own.run = own_refuse_run;
    own.begin = own.commit = own.rollback = own_refuse;
    own.in_transaction = own_outside;
    own.savepoint = own.release = own.rollback_to = own_refuse_savepoint;
    own.set_deadline = own_ignore_deadline;
    own.table_info = own_refuse_table_info;
    return own;
}

static void a_driver_without_a_function_is_refused(void **state)
{
    codedb_driver own = own_driver();
    const codedb_driver *const drivers[] = {&own};
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    codedb *db;
    (void)state;
    options.drivers = drivers;
    options.driver_count = 1;
    own.rollback_to = NULL;
    assert_code(codedb_open(":memory:", &options, &db, &result), CODEDB_INVALID_REQUEST, result);
    assert_contains(result.description, "cloud lacks a function");
    own = own_driver();
    own.struct_size--;
    assert_code(codedb_open(":memory:", &options, &db, &result), CODEDB_INVALID_REQUEST, result);
}

static void a_hosts_own_driver_is_found_by_its_name(void **state)
{
    codedb_driver own = own_driver();
    const codedb_driver *const drivers[] = {&own};
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    codedb *db;
    (void)state;
    options.drivers = drivers;
    options.driver_count = 1;
    assert_code(codedb_open("{\"type\": \"cloud\", \"config\": {\"bucket\": 7}}", &options, &db, &result),
                CODEDB_CONNECTION_ERROR, result);
    assert_contains(result.description, "the cloud is closed");
    assert_code(codedb_open("{\"type\": \"clod\", \"config\": {}}", &options, &db, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "sqlite, cloud");
}

static void a_view_has_its_own_options(void **state)
{
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    codedb *db, *view, *second;
    codedb_rows *rows;
    (void)state;
    assert_success(codedb_open(":memory:", NULL, &db, &result), result);
    options.priority = CODEDB_PRIORITY_URGENT;
    options.timeout = 5;
    options.do_not_wait = 1;
    assert_success(codedb_with(db, &options, &view, &result), result);
    assert_success(codedb_with(view, &options, &second, &result), result);
    assert_success(codedb_table_select(second, "projects", NULL, &rows, &result), result);
    codedb_free(rows);
    codedb_close(second);
    options.priority = (codedb_priority)9;
    assert_code(codedb_with(db, &options, &second, &result), CODEDB_INVALID_REQUEST, result);
    assert_null(second);
    options.priority = CODEDB_PRIORITY_LOW;
    options.timeout = 1e300;
    assert_code(codedb_with(db, &options, &second, &result), CODEDB_INVALID_REQUEST, result);
    options.struct_size = 0;
    assert_code(codedb_with(db, &options, &second, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_with(NULL, &options, &second, &result), CODEDB_INVALID_REQUEST, result);
    codedb_close(db);
    assert_code(codedb_table_select(view, "projects", NULL, &rows, &result), CODEDB_CONNECTION_ERROR, result);
    codedb_close(view);
}

static void closing_ends_transactions(void **state)
{
    codedb *db, *transaction;
    codedb_column row[1] = {{"id", {CODEDB_VALUE_TEXT, {.text = "w1"}, 2}}};
    codedb_rows *rows;
    (void)state;
    assert_success(codedb_open(":memory:", NULL, &db, &result), result);
    assert_success(codedb_transaction_begin(db, &transaction, &result), result);
    assert_success(codedb_table_insert(transaction, "watch_dirs", row, 1, NULL, &result), result);
    codedb_close(transaction); /* rolls back */
    assert_success(codedb_table_select(db, "watch_dirs", NULL, &rows, &result), result);
    assert_int_equal(rows->row_count, 0);
    codedb_free(rows);
    assert_success(codedb_transaction_begin(db, &transaction, &result), result);
    codedb_close(db);
    assert_code(codedb_transaction_commit(transaction, &result), CODEDB_CONNECTION_ERROR, result);
    codedb_close(transaction);
}

/* Whoever frees what a failed call left would free garbage. */
static void out_parameters_are_cleared_even_by_calls_that_make_no_sense(void **state)
{
    codedb *transaction = (codedb *)&result, *view = transaction;
    codedb_rows *rows = (codedb_rows *)&result, *more = rows, *information = rows;
    codedb_nodes *nodes = (codedb_nodes *)&result;
    codedb_edit_report *report = (codedb_edit_report *)&result;
    char *source = (char *)&result;
    (void)state;
    assert_code(codedb_transaction_begin(NULL, &transaction, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_with(NULL, NULL, &view, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_table_select(NULL, NULL, NULL, &rows, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_table_info(NULL, NULL, &information, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_sql_execute(NULL, NULL, NULL, 0, &more, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_cst_get(NULL, 1, &source, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_cst_query(NULL, 1, NULL, &nodes, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_cst_modify(NULL, 1, NULL, 0, NULL, 0, &report, &result), CODEDB_INVALID_REQUEST, result);
    assert_null(transaction);
    assert_null(view);
    assert_null(rows);
    assert_null(more);
    assert_null(information);
    assert_null(source);
    assert_null(nodes);
    assert_null(report);
}

static void a_forked_child_finds_the_handle_closed(void **state)
{
    codedb *db;
    pid_t child;
    int status;
    (void)state;
    assert_success(codedb_open(":memory:", NULL, &db, &result), result);
    child = fork();
    if (child == 0) {
        codedb_request_options options = CODEDB_INIT(codedb_request_options);
        codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
        codedb *made;
        codedb_batch *batch;
        codedb_rows *rows;
        bool closed = codedb_batch_create(db, &batch, NULL) == CODEDB_CONNECTION_ERROR && batch == NULL &&
                      codedb_table_select(db, "projects", NULL, &rows, NULL) == CODEDB_CONNECTION_ERROR &&
                      codedb_transaction_begin(db, &made, NULL) == CODEDB_CONNECTION_ERROR &&
                      codedb_with(db, &options, &made, NULL) == CODEDB_CONNECTION_ERROR &&
                      codedb_statistics_get(db, &statistics, NULL) == CODEDB_CONNECTION_ERROR;
        codedb_close(db);
        _exit(closed ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    {
        codedb_rows *rows;
        assert_success(codedb_table_select(db, "projects", NULL, &rows, &result), result);
        codedb_free(rows);
    }
    codedb_close(db);
}

static void *open_use_and_close(void *argument)
{
    codedb_result own = CODEDB_INIT(codedb_result);
    int i;
    (void)argument;
    for (i = 0; i < 10; i++) {
        codedb *db;
        codedb_column row[1] = {{"id", {CODEDB_VALUE_TEXT, {.text = "w1"}, 2}}};
        assert_success(codedb_open(":memory:", NULL, &db, &own), own);
        assert_success(codedb_table_insert(db, "watch_dirs", row, 1, NULL, &own), own);
        codedb_close(db);
    }
    codedb_result_clear(&own);
    return NULL;
}

static void several_handles_live_in_one_process(void **state)
{
    pthread_t threads[4];
    int i;
    (void)state;
    for (i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_use_and_close, NULL), 0);
    for (i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static volatile sig_atomic_t signals_handled;

static void handle_signal(int number)
{
    (void)number;
    signals_handled++;
}

/* A host may block a signal and fetch it with sigwait: no thread of codedb's takes it instead. */
static void a_signal_that_the_host_waits_for_is_left_to_it(void **state)
{
    struct sigaction action = {.sa_handler = handle_signal}, before;
    struct timespec now = {0, 0};
    sigset_t waited_for, mask;
    codedb *db;
    (void)state;
    assert_success(codedb_open(":memory:", NULL, &db, &result), result);
    sigemptyset(&waited_for);
    sigaddset(&waited_for, SIGUSR1);
    sigaction(SIGUSR1, &action, &before);
    pthread_sigmask(SIG_BLOCK, &waited_for, &mask);
    assert_int_equal(sigismember(&mask, SIGUSR1), 0);
    kill(getpid(), SIGUSR1);
    /* The driver's thread has come round to it by then. */
    assert_success(codedb_sql_execute(db, "SELECT 1", NULL, 0, NULL, NULL, &result), result);
    assert_int_equal(sigtimedwait(&waited_for, NULL, &now), SIGUSR1);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    sigaction(SIGUSR1, &before, NULL);
    assert_int_equal(signals_handled, 0);
    codedb_close(db);
}

static void every_allocation_of_an_open_may_fail(void **state)
{
    support_failing failing;
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    long n;
    (void)state;
    options.allocator = &failing.allocator;
    for (n = 0; support_failing_start(&failing, n); n++) {
        codedb *db;
        codedb_code code = codedb_open("{\"type\": \"sqlite\", \"config\": {\"path\": \":memory:\"}}", &options, &db, &result);
        codedb_close(db);
        codedb_result_clear(&result);
        support_failing_check(&failing, code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_name),
        cmocka_unit_test(the_version_is_the_headers),
        cmocka_unit_test(a_result_keeps_the_last_call_only),
        cmocka_unit_test(nothing_is_written_beyond_a_smaller_result),
        cmocka_unit_test(a_long_description_is_cut_between_characters),
        cmocka_unit_test(memory_and_files_open_and_hold_the_tables),
        cmocka_unit_test(a_config_object_decides),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(a_driver_without_a_function_is_refused),
        cmocka_unit_test(a_hosts_own_driver_is_found_by_its_name),
        cmocka_unit_test(a_view_has_its_own_options),
        cmocka_unit_test(closing_ends_transactions),
        cmocka_unit_test(out_parameters_are_cleared_even_by_calls_that_make_no_sense),
        cmocka_unit_test(a_forked_child_finds_the_handle_closed),
        cmocka_unit_test(several_handles_live_in_one_process),
        cmocka_unit_test(a_signal_that_the_host_waits_for_is_left_to_it),
        cmocka_unit_test(every_allocation_of_an_open_may_fail),
    };
    return cmocka_run_group_tests_name("codedb", tests, NULL, tear_down);
}
