/* tests/test_config.c -- codedb_config.c: every shape of a configuration, every mistake named. */
#include "support.h"

#include "codedb_internal.h"

static codedb_config config;
static codedb_result result = CODEDB_INIT(codedb_result);

static int tear_down(void **state)
{
    (void)state;
    codedb_result_clear(&result);
    return 0;
}

static void read_config(const char *text)
{
    assert_success(codedb_config_read(&config, text, NULL, &result), result);
}

/* The configuration is refused; the description begins with the place and holds the words. */
static void assert_refused(const char *text, const char *place, const char *words)
{
    assert_code(codedb_config_read(&config, text, NULL, &result), CODEDB_VALIDATION_ERROR, result);
    if (strncmp(result.description, place, strlen(place)) != 0 || result.description[strlen(place)] != ':')
        fail_msg("\"%s\" is not about %s", result.description, place);
    assert_contains(result.description, words);
    assert_contains(result.data, place);
    assert_contains(result.data, "\"errors\"");
    assert_null(config.arena);
}

static void assert_sqlite_refused(const char *keys, const char *key, const char *words)
{
    char text[1000], place[200];
    snprintf(text, sizeof text, "{\"type\": \"sqlite\", \"config\": {%s}}", keys);
    snprintf(place, sizeof place, "config.%s", key);
    assert_refused(text, place, words);
}

static void a_whole_file_is_understood(void **state)
{
    (void)state;
    read_config(
        "{\"server\": {\"port\": 1}, \"code_analysis\": {\"log\": \"x\", \"database\": {\"driver\": {\"type\": \"sqlite\","
        "\"config\": {\"path\": \"data/code_analysis.db\", \"backup_dir\": \"data/backups\","
        "\"worker_config\": {\"command_timeout\": 2.5, \"poll_interval\": 0.1, \"worker_log_path\": \"logs/w.log\"},"
        "\"queue_size\": 17, \"transaction_timeout\": 4, \"synchronous\": \"Normal\", \"read_only\": true}}}}}");
    assert_string_equal(config.type, "sqlite");
    assert_string_equal(config.path, "data/code_analysis.db");
    assert_string_equal(config.backup_dir, "data/backups");
    assert_string_equal(config.worker_log_path, "logs/w.log");
    assert_string_equal(config.synchronous, "normal");
    assert_true(config.command_timeout == 2.5);
    assert_true(config.poll_interval == 0.1);
    assert_true(config.transaction_timeout == 4);
    assert_int_equal(config.queue_size, 17);
    assert_true(config.read_only);
    assert_contains(config.driver_config, "\"backup_dir\":\"data/backups\"");
    codedb_config_free(&config);
    codedb_config_free(&config);
}

static void inner_objects_alone_are_understood(void **state)
{
    static const char *const texts[] = {
        " {\"database\": {\"driver\": {\"type\": \"sqlite_proxy\", \"config\": {\"path\": \":memory:\"}}}}",
        "{\"driver\": {\"type\": \"sqlite_proxy\", \"config\": {\"path\": \":memory:\"}}}",
        "\n{\"config\": {\"path\": \":memory:\"}, \"type\": \"sqlite_proxy\"}\n",
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        read_config(texts[i]);
        assert_string_equal(config.type, "sqlite_proxy");
        assert_string_equal(config.path, ":memory:");
        assert_null(config.synchronous);
        assert_true(config.command_timeout == 0);
        assert_false(config.read_only);
        codedb_config_free(&config);
    }
}

static void the_older_shape_is_understood(void **state)
{
    static const char *const texts[] = {
        "{\"database\": {\"type\": \"sqlite\", \"path\": \"a.db\", \"worker\": {\"enabled\": true, \"log_path\": \"w\"}}}",
        "{\"code_analysis\": {\"database\": {\"type\": \"sqlite\", \"path\": \"a.db\", \"worker\": {\"log_path\": \"w\"}}}}",
        "{\"type\": \"sqlite\", \"path\": \"a.db\", \"worker\": {\"enabled\": false, \"log_path\": \"w\"}}",
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        read_config(texts[i]);
        assert_string_equal(config.type, "sqlite");
        assert_string_equal(config.path, "a.db");
        assert_string_equal(config.worker_log_path, "w");
        codedb_config_free(&config);
    }
    assert_refused("{\"database\": {\"type\": \"sqlite\"}}", "database.path", "missing key");
    assert_refused("{\"database\": {\"type\": \"sqlite\", \"path\": \"a\", \"worker\": {\"enable\": true}}}",
                   "database.worker.enable", "did you mean \"enabled\"");
}

static void servers_have_their_keys(void **state)
{
    (void)state;
    read_config("{\"type\": \"postgres\", \"config\": {\"host\": \"h\", \"port\": 5432, \"database\": \"d\", \"user\": \"u\","
                "\"password\": \"secret\", \"ssl_mode\": \"require\", \"connection_timeout\": 5, \"connection_pool_size\": 3}}");
    assert_string_equal(config.type, "postgres");
    assert_null(config.path);
    assert_contains(config.driver_config, "\"port\":5432");
    codedb_config_free(&config);
    read_config("{\"type\": \"mysql\", \"config\": {\"host\": \"h\", \"database\": \"d\", \"charset\": \"utf8mb4\"}}");
    codedb_config_free(&config);
    assert_refused("{\"type\": \"mysql\", \"config\": {\"host\": \"h\", \"database\": \"d\", \"ssl_mode\": \"x\"}}",
                   "config.ssl_mode", "unknown key");
    assert_refused("{\"type\": \"postgres\", \"config\": {\"database\": \"d\"}}", "config.host", "missing key");
    assert_refused("{\"type\": \"postgres\", \"config\": {\"host\": \"h\", \"database\": \"d\", \"port\": 70000}}", "config.port",
                   "found 70000, expected a whole number from 1 to 65535");
}

static void another_driver_keeps_its_own_keys(void **state)
{
    (void)state;
    read_config("{\"type\": \"cloud\", \"config\": {\"bucket\": [1, 2], \"queue_size\": 5}}");
    assert_string_equal(config.type, "cloud");
    assert_int_equal(config.queue_size, 5);
    assert_string_equal(config.driver_config, "{\"bucket\":[1,2],\"queue_size\":5}");
    codedb_config_free(&config);
    read_config("{\"type\": \"cloud\"}");
    assert_null(config.driver_config);
    codedb_config_free(&config);
    assert_refused("{\"type\": \"cloud\", \"config\": {\"queue_size\": \"5\"}}", "config.queue_size", "found a string");
}

static void paths_are_understood(void **state)
{
    (void)state;
    read_config(":memory:");
    assert_string_equal(config.type, "sqlite");
    assert_string_equal(config.path, ":memory:");
    codedb_config_free(&config);
    read_config("data/my code.db");
    assert_string_equal(config.path, "data/my code.db");
    codedb_config_free(&config);
}

static void unknown_keys_are_named_with_the_nearest(void **state)
{
    (void)state;
    assert_sqlite_refused("\"path\": \"a\", \"backupdir\": \"b\"", "backupdir", "did you mean \"backup_dir\"");
    assert_sqlite_refused("\"path\": \"a\", \"xyzzy\": \"b\"", "xyzzy", "expected one of path, backup_dir, worker_config");
    assert_sqlite_refused("\"path\": \"a\", \"worker_config\": {\"comand_timeout\": 1}", "worker_config.comand_timeout",
                          "did you mean \"command_timeout\"");
    assert_refused("{\"database\": {\"driver\": {}, \"path\": 1}}", "database.path", "unknown key");
    assert_refused("{\"type\": \"sqlite\", \"conf\": {}}", "conf", "did you mean \"config\"");
}

static void missing_keys_are_named(void **state)
{
    (void)state;
    assert_sqlite_refused("", "path", "missing key");
    assert_sqlite_refused("\"Path\": \"a\"", "Path", "did you mean \"path\"");
    assert_refused("{}", "code_analysis", "missing key");
    assert_refused("{\"code_anaylsis\": {}}", "code_analysis", "found \"code_anaylsis\" instead");
    assert_refused("{\"code_analysis\": {\"databse\": {}}}", "code_analysis.database", "found \"databse\" instead");
    assert_refused("{\"database\": {}}", "database.driver", "missing key");
    assert_refused("{\"driver\": {\"config\": {}}}", "driver.type", "missing key");
    assert_refused("{\"type\": \"sqlite\"}", "config", "missing key");
}

static void wrong_types_are_named(void **state)
{
    static const char *const values[][2] = {{"1", "a number"},  {"\"\"", "an empty string"}, {"null", "null"},   {"true", "true"},
                                            {"false", "false"}, {"[]", "an array"},          {"{}", "an object"}};
    char keys[100], words[100];
    size_t i;
    (void)state;
    for (i = 0; i < sizeof values / sizeof values[0]; i++) {
        snprintf(keys, sizeof keys, "\"path\": %s", values[i][0]);
        snprintf(words, sizeof words, "found %s, expected a string that is not empty", values[i][1]);
        assert_sqlite_refused(keys, "path", words);
    }
    assert_sqlite_refused("\"path\": \"a\", \"read_only\": 1", "read_only", "found a number, expected true or false");
    assert_sqlite_refused("\"path\": \"a\", \"synchronous\": 1", "synchronous", "found a number, expected a string");
    assert_sqlite_refused("\"path\": \"a\", \"worker_config\": []", "worker_config", "found an array, expected an object");
    assert_refused("{\"driver\": 1}", "driver", "found a number, expected an object");
    assert_refused("{\"database\": []}", "database", "found an array");
    assert_refused("{\"code_analysis\": \"x\"}", "code_analysis", "found a string");
    assert_refused("{\"type\": 1, \"config\": {}}", "type", "found a number");
}

static void values_out_of_range_are_named(void **state)
{
    (void)state;
    assert_sqlite_refused("\"path\": \"a\", \"queue_size\": 0", "queue_size",
                          "found 0, expected a whole number from 1 to 1000000");
    assert_sqlite_refused("\"path\": \"a\", \"queue_size\": 1.5", "queue_size", "found 1.5, expected a whole number");
    assert_sqlite_refused("\"path\": \"a\", \"transaction_timeout\": -1", "transaction_timeout", "found -1, expected a number");
    assert_sqlite_refused("\"path\": \"a\", \"synchronous\": \"ful\"", "synchronous",
                          "expected one of \"off\", \"normal\", \"full\"");
}

static void double_keys_are_named(void **state)
{
    (void)state;
    assert_sqlite_refused("\"path\": \"a\", \"path\": \"b\"", "path", "twice");
}

/* A string would end there, silently. */
static void nuls_are_refused_and_named(void **state)
{
    static const char *const words = "found a string with a NUL (\\u0000), expected one without";
    (void)state;
    assert_sqlite_refused("\"path\": \"a\\u0000b.db\"", "path", words);
    assert_sqlite_refused("\"path\": \"\\\\\\u0000\"", "path", words);
    assert_sqlite_refused("\"path\": \"a\", \"backup_dir\": \"\\u0000\"", "backup_dir", words);
    assert_sqlite_refused("\"path\": \"a\", \"synchronous\": \"full\\u0000\"", "synchronous", words);
    assert_sqlite_refused("\"path\": \"a\", \"worker_config\": {\"worker_log_path\": \"a\\u0000\"}",
                          "worker_config.worker_log_path", words);
    assert_refused("{\"type\": \"sqlite\\u0000\", \"config\": {\"path\": \"a\"}}", "type", words);
    assert_refused("{\"type\": \"cloud\", \"config\": {\"own\": [1, {\"deep\": \"x\\u0000\"}]}}", "config.own.[].deep", words);
    assert_code(codedb_config_read(&config, "{\"type\": \"cloud\", \"config\": {\"own\\u0000\": 1}}", NULL, &result),
                CODEDB_VALIDATION_ERROR, result);
    assert_string_equal(result.description, "config.own\\u0000: found a string with a NUL (\\u0000), expected one without");
    assert_code(codedb_config_read(&config, "{\"type\": \"sqlite\", \"config\": {\"path\\u0000\": \"a\"}}", NULL, &result),
                CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "config.path\\u0000: unknown key");
    read_config("{\"other\\u0000\": \"\\u0000\", \"database\": {\"type\": \"sqlite\", \"path\": \"a\\\\u0000\"}}");
    assert_string_equal(config.path, "a\\u0000");
    codedb_config_free(&config);
}

static void text_that_is_no_json_is_placed(void **state)
{
    (void)state;
    assert_refused("{\n  \"type\": sqlite\n}", "configuration", "not JSON at line 2");
    assert_refused("{\"type\": \"sqlite\"} x", "configuration", "not JSON at line 1, column 19");
    assert_code(codedb_config_read(&config, " \n", NULL, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "empty");
}

static void secrets_stay_out_of_errors(void **state)
{
    (void)state;
    assert_refused("{\"type\": \"mysql\", \"config\": {\"host\": \"h\", \"database\": \"d\", \"passwort\": \"tell-nobody\"}}",
                   "config.passwort", "did you mean \"password\"");
    assert_null(strstr(result.description, "tell-nobody"));
    assert_null(strstr(result.data, "tell-nobody"));
}

static void files_are_read(void **state)
{
    static const char text[] = "\xEF\xBB\xBF{\"type\": \"sqlite\", \"config\": {\"path\": \"p.db\"}}\n";
    char *folder = support_folder_create();
    char path[4200];
    char *large = malloc(17000000);
    (void)state;
    assert_non_null(large);
    memset(large, ' ', 17000000);
    support_write_file(folder, "good.json", text, sizeof text - 1);
    support_write_file(folder, "array.json", "[1]", 3);
    support_write_file(folder, "nul.json", text, sizeof text);
    support_write_file(folder, "large.json", large, 17000000);
    free(large);
    snprintf(path, sizeof path, "%s/good.json", folder);
    read_config(path);
    assert_string_equal(config.path, "p.db");
    codedb_config_free(&config);
    snprintf(path, sizeof path, "%s/array.json", folder);
    assert_refused(path, "configuration", "found an array");
    snprintf(path, sizeof path, "%s/nul.json", folder);
    assert_refused(path, "configuration", "not JSON at line 2");
    snprintf(path, sizeof path, "%s/large.json", folder);
    assert_code(codedb_config_read(&config, path, NULL, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "more than");
    snprintf(path, sizeof path, "%s/none.json", folder);
    assert_code(codedb_config_read(&config, path, NULL, &result), CODEDB_NOT_FOUND, result);
    assert_contains(result.description, "none.json: No such file or directory");
    snprintf(path, sizeof path, "mkdir '%s/folder.json'", folder);
    assert_int_equal(system(path), 0);
    snprintf(path, sizeof path, "%s/folder.json", folder);
    assert_code(codedb_config_read(&config, path, NULL, &result), CODEDB_PERMISSION_DENIED, result);
    assert_contains(result.description, "Is a directory");
    support_folder_remove(folder);
}

static void every_allocation_may_fail(void **state)
{
    static const char *const texts[] = {
        ":memory:", "{\"code_analysis\": {\"database\": {\"driver\": {\"type\": \"sqlite\", \"config\": {\"path\": \"p\","
                    "\"synchronous\": \"off\", \"worker_config\": {\"worker_log_path\": \"l\"}}}}}}"};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        support_failing failing;
        long n;
        for (n = 0; support_failing_start(&failing, n); n++) {
            codedb_code code = codedb_config_read(&config, texts[i], &failing.allocator, NULL);
            codedb_config_free(&config);
            support_failing_check(&failing, code);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_understood),
        cmocka_unit_test(inner_objects_alone_are_understood),
        cmocka_unit_test(the_older_shape_is_understood),
        cmocka_unit_test(servers_have_their_keys),
        cmocka_unit_test(another_driver_keeps_its_own_keys),
        cmocka_unit_test(paths_are_understood),
        cmocka_unit_test(unknown_keys_are_named_with_the_nearest),
        cmocka_unit_test(missing_keys_are_named),
        cmocka_unit_test(wrong_types_are_named),
        cmocka_unit_test(values_out_of_range_are_named),
        cmocka_unit_test(double_keys_are_named),
        cmocka_unit_test(nuls_are_refused_and_named),
        cmocka_unit_test(text_that_is_no_json_is_placed),
        cmocka_unit_test(secrets_stay_out_of_errors),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("codedb_config", tests, NULL, tear_down);
}
