/* Proves codedb_sqlite.c: values, names, refusals, constraints, full text kept in step, and files that cannot be used. */
#include "driver_fixture.h"

#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

static codedb *db;
static codedb_result result;

static int open_memory(void **state)
{
    (void)state;
    result = (codedb_result)CODEDB_INIT(codedb_result);
    db = fixture_open(NULL);
    run_sql(db,
            "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, age INTEGER CHECK (age >= 0), "
            "note TEXT, data BLOB, score REAL)");
    return 0;
}

static int close_memory(void **state)
{
    (void)state;
    codedb_result_clear(&result);
    fixture_close(db);
    return 0;
}

static void assert_description_has(const char *words)
{
    if (strstr(result.description, words) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", words, result.description);
}

/* ---- values -------------------------------------------------------------------------------------------------------- */

static void every_type_of_value_comes_back(void **state)
{
    codedb_column row[] = {
        text_column("name", "x"),
        integer_column("age", INT64_MAX),
        {"note", {CODEDB_VALUE_TEXT, {.text = "a\0b"}, 3}},
        {"data", {CODEDB_VALUE_BLOB, {.text = "\xff\0\x01"}, 3}},
        {"score", {CODEDB_VALUE_REAL, {.real = -0.5}, 0}},
    };
    codedb_rows *rows;
    (void)state;
    assert_int_equal(codedb_table_insert(db, "people", row, 5, NULL, &result), CODEDB_SUCCESS);
    assert_int_equal(codedb_table_select(db, "people", NULL, &rows, &result), CODEDB_SUCCESS);
    assert_int_equal(rows->values[2].as.integer, INT64_MAX);
    assert_int_equal(rows->values[3].length, 3);
    assert_memory_equal(rows->values[3].as.text, "a\0b", 4);
    assert_int_equal(rows->values[4].type, CODEDB_VALUE_BLOB);
    assert_memory_equal(rows->values[4].as.text, "\xff\0\x01", 3);
    assert_true(rows->values[5].as.real == -0.5);
    codedb_free(rows);
}

/* The driver does not bind again what is bound, and tells texts by where they are; the host may have written another one there. */
static void insert_from_one_buffer(void)
{
    static const char *const texts[] = {"one", "two", "two", "six", "\xc3\xa4z", "one"};
    char buffer[] = "xxx", name[] = "a";
    for (size_t i = 0; i < 6; i++) {
        codedb_column row[] = {text_column("name", name), text_column("note", buffer), null_column("age")};
        memcpy(buffer, texts[i], 3);
        name[0] = (char)('a' + i);
        if (i == 3)
            row[2] = integer_column("age", 3);
        assert_int_equal(codedb_table_insert(db, "people", row, 3, NULL, &result), CODEDB_SUCCESS);
    }
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM people"), 6);
    assert_int_equal(ask_integer(db, "SELECT group_concat(name || note, '') = 'aonebtwoctwodsixe\xc3\xa4zfone' FROM people"), 1);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM people WHERE age IS NULL"), 5);
    assert_int_equal(ask_integer(db, "SELECT age FROM people WHERE name = 'd'"), 3);
}

static void texts_that_lie_in_one_place_one_after_the_other_are_told_apart(void **state)
{
    (void)state;
    insert_from_one_buffer();
}

static void empty_texts_and_blobs_are_not_null(void **state)
{
    codedb_column row[] = {{"name", {CODEDB_VALUE_TEXT, {.text = NULL}, 0}},
                           {"data", {CODEDB_VALUE_BLOB, {.text = NULL}, 0}},
                           {"age", {CODEDB_VALUE_BOOLEAN, {.integer = 1}, 0}}};
    (void)state;
    assert_int_equal(codedb_table_insert(db, "people", row, 3, NULL, &result), CODEDB_SUCCESS);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM people WHERE name = '' AND data = x'' AND age = 1"), 1);
}

static void rows_of_nothing_still_have_columns(void **state)
{
    codedb_rows *rows;
    (void)state;
    assert_int_equal(codedb_table_select(db, "people", NULL, &rows, &result), CODEDB_SUCCESS);
    assert_int_equal(rows->row_count, 0);
    assert_int_equal(rows->column_count, 6);
    codedb_free(rows);
}

/* ---- reads that follow one another (invariant 4) ------------------------------------------------------------------- */

/* Reads until they share a transaction. */
static void read_on(void)
{
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask_integer(db, "SELECT count(*) >= 0 FROM people"), 1);
}

static void what_is_written_between_reads_is_seen_and_undone(void **state)
{
    codedb_column row = text_column("name", "x");
    codedb *transaction;
    (void)state;
    read_on();
    assert_int_equal(codedb_table_insert(db, "people", &row, 1, NULL, &result), CODEDB_SUCCESS);
    read_on();
    assert_int_equal(codedb_table_insert(db, "people", &row, 1, NULL, &result), CODEDB_VALIDATION_ERROR);
    read_on();
    assert_int_equal(codedb_transaction_begin(db, &transaction, &result), CODEDB_SUCCESS);
    assert_int_equal(try_sql(transaction, "DELETE FROM people"), CODEDB_SUCCESS);
    assert_int_equal(ask_integer(transaction, "SELECT count(*) FROM people"), 0);
    assert_int_equal(ask_integer(transaction, "SELECT count(*) FROM people"), 0);
    assert_int_equal(codedb_transaction_rollback(transaction, &result), CODEDB_SUCCESS);
    codedb_handle_destroy(transaction);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM people"), 1);
}

static void everything_else_runs_between_reads(void **state)
{
    char path[64];
    codedb_rows *rows;
    (void)state;
    fixture_path(path);
    read_on();
    run_sql(db, "CREATE TABLE other (id INTEGER PRIMARY KEY)");
    read_on();
    run_sql(db, "DROP TABLE other");
    read_on();
    assert_int_equal(codedb_backup(db, path, &result), CODEDB_SUCCESS);
    read_on();
    assert_int_equal(codedb_vacuum(db, &result), CODEDB_SUCCESS);
    read_on();
    assert_int_equal(codedb_check(db, 0, &rows, &result), CODEDB_SUCCESS);
    assert_int_equal(rows->row_count, 0);
    codedb_free(rows);
    read_on();
    assert_int_equal(codedb_table_info(db, "people", &rows, &result), CODEDB_SUCCESS);
    codedb_free(rows);
    fixture_remove(path);
}

static void a_read_that_fails_ends_none_but_itself(void **state)
{
    codedb_column row = text_column("name", "x");
    codedb *hasty = fixture_view(db, CODEDB_PRIORITY_NORMAL, 0.05, false);
    (void)state;
    for (int i = 0; i < 3; i++) {
        read_on();
        assert_int_equal(try_sql(hasty, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"),
                         CODEDB_TIMEOUT);
        assert_int_equal(ask_integer(db, "SELECT count(*) FROM people"), i);
        row.value.as.text = i == 0 ? "x" : i == 1 ? "y" : "z";
        assert_int_equal(codedb_table_insert(db, "people", &row, 1, NULL, &result), CODEDB_SUCCESS);
    }
    codedb_handle_destroy(hasty);
}

static void names_of_columns_are_those_of_the_schema_now(void **state)
{
    codedb_rows *rows;
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(codedb_table_select(db, "people", NULL, &rows, &result), CODEDB_SUCCESS);
        assert_string_equal(rows->column_names[1], i == 0 ? "name" : "title");
        assert_int_equal(rows->column_count, i < 2 ? 6 : 7);
        codedb_free(rows);
        if (i < 2)
            run_sql(db, i == 0 ? "ALTER TABLE people RENAME COLUMN name TO title" : "ALTER TABLE people ADD COLUMN more TEXT");
        read_on();
    }
}

/* ---- names --------------------------------------------------------------------------------------------------------- */

static void an_unknown_table_is_named_with_the_nearest(void **state)
{
    codedb_rows *rows;
    (void)state;
    assert_int_equal(codedb_table_select(db, "peple", NULL, &rows, &result), CODEDB_SCHEMA_ERROR);
    assert_null(rows);
    assert_description_has("peple");
    assert_description_has("did you mean people?");
}

static void an_unknown_column_is_named_with_the_nearest(void **state)
{
    codedb_column row = text_column("nane", "x");
    (void)state;
    assert_int_equal(codedb_table_insert(db, "people", &row, 1, NULL, &result), CODEDB_SCHEMA_ERROR);
    assert_description_has("nane in table people; did you mean name?");
}

static void a_column_that_is_made_later_is_known(void **state)
{
    codedb_column row[] = {text_column("name", "x"), integer_column("later", 1)};
    (void)state;
    assert_int_equal(codedb_table_insert(db, "people", row, 2, NULL, &result), CODEDB_SCHEMA_ERROR);
    run_sql(db, "ALTER TABLE people ADD COLUMN later INTEGER");
    assert_int_equal(codedb_table_insert(db, "people", row, 2, NULL, &result), CODEDB_SUCCESS);
}

static void injected_names_are_only_unknown(void **state)
{
    static const char *const names[] = {"people; DROP TABLE people", "people\" --", "people` WHERE 1 --", "", "'", "people(id)"};
    codedb_rows *rows;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        codedb_order order = {names[i], 0};
        codedb_select select = CODEDB_INIT(codedb_select);
        assert_int_equal(codedb_table_select(db, names[i], NULL, &rows, &result), CODEDB_SCHEMA_ERROR);
        select.order_by = &order;
        select.order_by_count = 1;
        assert_int_equal(codedb_table_select(db, "people", &select, &rows, &result), CODEDB_SCHEMA_ERROR);
    }
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM people"), 0);
}

static void table_info_tells_the_columns(void **state)
{
    codedb_rows *rows;
    (void)state;
    assert_int_equal(codedb_table_info(db, "people", &rows, &result), CODEDB_SUCCESS);
    assert_int_equal(rows->row_count, 6);
    assert_string_equal(rows->column_names[3], "default");
    assert_string_equal(rows->values[0].as.text, "id");
    assert_int_equal(rows->values[4].as.integer, 1);
    assert_string_equal(rows->values[5 + 1].as.text, "TEXT");
    assert_int_equal(rows->values[5 + 2].as.integer, 0);
    codedb_free(rows);
    assert_int_equal(codedb_table_info(db, "nobody", &rows, &result), CODEDB_SCHEMA_ERROR);
}

/* ---- constraints and refusals -------------------------------------------------------------------------------------- */

static void a_constraint_is_named(void **state)
{
    codedb_column row[] = {text_column("name", "x"), integer_column("age", -1)};
    (void)state;
    assert_int_equal(codedb_table_insert(db, "people", row, 2, NULL, &result), CODEDB_VALIDATION_ERROR);
    assert_description_has("CHECK constraint failed: age >= 0");
    assert_int_equal(codedb_table_insert(db, "people", row, 1, NULL, &result), CODEDB_SUCCESS);
    assert_int_equal(codedb_table_insert(db, "people", row, 1, NULL, &result), CODEDB_VALIDATION_ERROR);
    assert_description_has("UNIQUE constraint failed: people.name");
    assert_int_equal(codedb_table_insert(db, "people", row + 1, 1, NULL, &result), CODEDB_VALIDATION_ERROR);
}

static void foreign_keys_are_enforced(void **state)
{
    (void)state;
    run_sql(db, "CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES people(id) ON DELETE CASCADE)");
    assert_int_equal(try_sql(db, "INSERT INTO pets (owner) VALUES (9)"), CODEDB_VALIDATION_ERROR);
}

static void transactions_attachments_and_writing_pragmas_are_refused(void **state)
{
    static const char *const refused[] = {
        "BEGIN",
        "BEGIN IMMEDIATE",
        "/* x */ begin",
        "COMMIT",
        "END",
        "ROLLBACK",
        "SAVEPOINT a",
        "RELEASE a",
        "ROLLBACK TO a",
        "ATTACH '/tmp/codedb-attached.db' AS other",
        "ATTACH '' AS other",
        "DETACH main",
        "VACUUM INTO '/tmp/codedb-vacuum.db'",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA foreign_keys(0)",
        "PRAGMA main.user_version = 3",
        "PRAGMA writable_schema = 1",
        "PRAGMA wal_checkpoint",
        "EXPLAIN BEGIN",
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        codedb_code code = codedb_sql_execute(db, refused[i], NULL, 0, NULL, NULL, &result);
        if (code != CODEDB_PERMISSION_DENIED)
            fail_msg("%s: %s: %s", refused[i], codedb_code_name(code), result.description);
        assert_description_has("refused");
    }
    run_sql(db, "VACUUM");
    assert_int_equal(ask_integer(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM pragma_table_info('people')"), 6);
    run_sql(db, "PRAGMA integrity_check");
}

static void one_statement_is_run_and_two_are_none(void **state)
{
    codedb_changes changes;
    (void)state;
    assert_int_equal(codedb_sql_execute(db, "INSERT INTO people (name) VALUES ('a;b'), ('c'); -- done ;\n /* ; */ ;", NULL, 0,
                                        NULL, &changes, &result),
                     CODEDB_SUCCESS);
    assert_int_equal(changes.affected_rows, 2);
    assert_int_equal(changes.last_insert_id, 2);
    assert_int_equal(try_sql(db, "DELETE FROM people; DELETE FROM people"), CODEDB_INVALID_REQUEST);
    assert_int_equal(try_sql(db, "SELECT 1; nonsense"), CODEDB_INVALID_REQUEST);
    assert_int_equal(try_sql(db, "  -- nothing"), CODEDB_INVALID_REQUEST);
    assert_int_equal(try_sql(db, ""), CODEDB_INVALID_REQUEST);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM people"), 2);
}

static void parameters_are_bound_and_counted(void **state)
{
    codedb_value values[] = {{CODEDB_VALUE_INTEGER, {.integer = 40}, 0}, {CODEDB_VALUE_INTEGER, {.integer = 2}, 0}};
    codedb_rows *rows;
    (void)state;
    assert_int_equal(codedb_sql_execute(db, "SELECT ? + ?", values, 2, &rows, NULL, &result), CODEDB_SUCCESS);
    assert_int_equal(rows->values[0].as.integer, 42);
    codedb_free(rows);
    assert_int_equal(codedb_sql_execute(db, "SELECT ? + ?", values, 1, &rows, NULL, &result), CODEDB_INVALID_REQUEST);
    assert_description_has("2 parameters");
}

static void bad_sql_is_answered_in_the_words_of_sqlite(void **state)
{
    (void)state;
    assert_int_equal(codedb_sql_execute(db, "SELEKT 1", NULL, 0, NULL, NULL, &result), CODEDB_DATABASE_ERROR);
    assert_description_has("near \"SELEKT\": syntax error");
    assert_int_equal(try_sql(db, "SELECT * FROM nobody"), CODEDB_SCHEMA_ERROR);
}

static void a_returning_clause_gives_its_rows(void **state)
{
    codedb_rows *rows;
    codedb_changes changes;
    (void)state;
    assert_int_equal(
        codedb_sql_execute(db, "INSERT INTO people (name) VALUES ('r') RETURNING id, name", NULL, 0, &rows, &changes, &result),
        CODEDB_SUCCESS);
    assert_int_equal(rows->row_count, 1);
    assert_string_equal(rows->values[1].as.text, "r");
    assert_int_equal(changes.affected_rows, 1);
    codedb_free(rows);
}

/* How many rows a select by one or two columns gives, asked often enough for every shortcut. */
static size_t count_found(const char *table, const codedb_column *where, size_t where_count)
{
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows;
    size_t count = 0;
    int i;
    select.where = where;
    select.where_count = where_count;
    for (i = 0; i < 4; i++) {
        assert_int_equal(codedb_table_select(db, table, &select, &rows, &result), CODEDB_SUCCESS);
        if (i > 0)
            assert_int_equal(rows->row_count, count);
        count = rows->row_count;
        codedb_free(rows);
    }
    return count;
}

/* One row is looked for no further when it was found by a whole integer key, and only then. */
static void rows_that_share_a_part_of_a_key_are_all_found(void **state)
{
    codedb_column one = integer_column("a", 1), key[] = {integer_column("a", 1), integer_column("b", 2)};
    codedb_column upper = text_column("name", "x"), none = null_column("a");
    (void)state;
    run_sql(db, "CREATE TABLE pairs (a INTEGER, b INTEGER, PRIMARY KEY (a, b))");
    run_sql(db, "INSERT INTO pairs VALUES (1, 1), (1, 2), (NULL, 3), (NULL, 4)");
    assert_int_equal(count_found("pairs", &one, 1), 2);
    assert_int_equal(count_found("pairs", key, 2), 1);
    assert_int_equal(count_found("pairs", &none, 1), 2);
    run_sql(db, "CREATE TABLE names (name TEXT COLLATE NOCASE, PRIMARY KEY (name COLLATE BINARY))");
    run_sql(db, "INSERT INTO names VALUES ('x'), ('X')");
    assert_int_equal(count_found("names", &upper, 1), 2);
    run_sql(db, "CREATE TABLE keyed (a INTEGER PRIMARY KEY, b INTEGER)");
    run_sql(db, "INSERT INTO keyed VALUES (1, 2), (2, 2)");
    assert_int_equal(count_found("keyed", &one, 1), 1);
    assert_int_equal(count_found("keyed", key, 2), 1);
    assert_int_equal(count_found("keyed", &key[1], 1), 2);
    run_sql(db, "CREATE VIEW seen AS SELECT 1 AS a UNION ALL SELECT 1");
    assert_int_equal(count_found("seen", &one, 1), 2);
}

static void a_key_that_is_none_any_more_finds_all_rows(void **state)
{
    codedb_column one = integer_column("a", 1);
    (void)state;
    run_sql(db, "CREATE TABLE keyed (a INTEGER PRIMARY KEY)");
    run_sql(db, "INSERT INTO keyed VALUES (1)");
    assert_int_equal(count_found("keyed", &one, 1), 1);
    run_sql(db, "DROP TABLE keyed");
    run_sql(db, "CREATE TABLE keyed (a INTEGER)");
    run_sql(db, "INSERT INTO keyed VALUES (1), (1)");
    assert_int_equal(count_found("keyed", &one, 1), 2);
}

/* Rows that cannot be given back are not written either. */
static void a_returning_clause_without_memory_writes_nothing(void **state)
{
    support_failing failing;
    (void)state;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_driver_options options = {.settings.allocator = failing.allocator};
        codedb *own = NULL;
        codedb_rows *rows = NULL;
        codedb_code code = fixture_try_open(options, &own, &result);
        code = code != CODEDB_SUCCESS ? code : codedb_sql_execute(own, "CREATE TABLE t (a)", NULL, 0, NULL, NULL, &result);
        if (code == CODEDB_SUCCESS) {
            code = codedb_sql_execute(own, "INSERT INTO t VALUES (1) RETURNING a", NULL, 0, &rows, NULL, &result);
            codedb_free(rows);
            if (atomic_load(&failing.failed))
                assert_int_equal(ask_integer(own, "SELECT count(*) FROM t"), code == CODEDB_SUCCESS ? 1 : 0);
        }
        if (own != NULL)
            fixture_close(own);
        codedb_result_clear(&result);
        if (!support_in_process) /* a process that had no memory is started again */
            support_failing_check(&failing, code);
    }
}

static void more_shapes_than_the_cache_holds_still_run(void **state)
{
    char sql[64];
    int i;
    (void)state;
    for (i = 0; i < 600; i++) {
        snprintf(sql, sizeof sql, "SELECT %d", i % 300);
        assert_int_equal(ask_integer(db, sql), i % 300);
    }
}

/* ---- full text ----------------------------------------------------------------------------------------------------- */

static int open_fulltext(void **state)
{
    open_memory(state);
    run_sql(db, "CREATE TABLE files (id INTEGER PRIMARY KEY)");
    run_sql(db,
            "CREATE TABLE texts (id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER REFERENCES files(id) ON DELETE CASCADE, "
            "title TEXT, body TEXT, key TEXT UNIQUE)");
    run_sql(db, "CREATE VIRTUAL TABLE texts_fts USING fts5(title, body, content='texts', content_rowid='id')");
    run_sql(db, "INSERT INTO files VALUES (1), (2)");
    return 0;
}

static void assert_index_is_sound(void)
{
    codedb_code code = codedb_sql_execute(db, "INSERT INTO texts_fts(texts_fts, rank) VALUES ('integrity-check', 1)", NULL, 0,
                                          NULL, NULL, &result);
    if (code != CODEDB_SUCCESS)
        fail_msg("the full-text index is out of step: %s", result.description);
}

static int64_t matches(codedb *handle, const char *word)
{
    codedb_value value = {CODEDB_VALUE_TEXT, {.text = word}, strlen(word)};
    codedb_rows *rows;
    int64_t count;
    assert_int_equal(
        codedb_sql_execute(handle, "SELECT count(*) FROM texts_fts WHERE texts_fts MATCH ?", &value, 1, &rows, NULL, &result),
        CODEDB_SUCCESS);
    count = rows->values[0].as.integer;
    codedb_free(rows);
    return count;
}

static int64_t insert_text(codedb *handle, int64_t file, const char *title, const char *body)
{
    codedb_column row[] = {integer_column("file_id", file), text_column("title", title), text_column("body", body)};
    int64_t id = 0;
    assert_int_equal(codedb_table_insert(handle, "texts", row, 3, &id, &result), CODEDB_SUCCESS);
    return id;
}

static void inserted_rows_are_found(void **state)
{
    (void)state;
    assert_int_equal(insert_text(db, 1, "alpha", "one two"), 1);
    assert_int_equal(insert_text(db, 1, "beta", "two three"), 2);
    assert_int_equal(matches(db, "two"), 2);
    assert_int_equal(matches(db, "alpha"), 1);
    assert_index_is_sound();
}

static void updated_and_deleted_rows_are_followed(void **state)
{
    codedb_column where = integer_column("id", insert_text(db, 1, "alpha", "one"));
    codedb_column change = text_column("body", "uno");
    (void)state;
    assert_int_equal(codedb_table_update(db, "texts", &where, 1, &change, 1, NULL, &result), CODEDB_SUCCESS);
    assert_int_equal(matches(db, "one"), 0);
    assert_int_equal(matches(db, "uno"), 1);
    assert_index_is_sound();
    assert_int_equal(codedb_table_delete(db, "texts", &where, 1, NULL, &result), CODEDB_SUCCESS);
    assert_int_equal(matches(db, "uno"), 0);
    assert_index_is_sound();
}

/* Invariant 5: the triggers are made before the first statement that needs them, here in a transaction that does not last. */
static void a_rollback_of_the_first_use_keeps_the_upkeep(void **state)
{
    codedb *transaction;
    codedb_column where = integer_column("id", 1);
    codedb_column change = text_column("body", "uno");
    (void)state;
    run_sql(db, "CREATE TABLE unrelated (id)"); /* from here on the triggers are unknown */
    assert_int_equal(codedb_transaction_begin(db, &transaction, &result), CODEDB_SUCCESS);
    insert_text(transaction, 1, "lost", "lost");
    assert_int_equal(codedb_transaction_rollback(transaction, &result), CODEDB_SUCCESS);
    codedb_handle_destroy(transaction);
    insert_text(db, 1, "alpha", "one");
    assert_int_equal(codedb_table_update(db, "texts", &where, 1, &change, 1, NULL, &result), CODEDB_SUCCESS);
    assert_int_equal(matches(db, "one"), 0);
    assert_int_equal(matches(db, "uno"), 1);
    run_sql(db, "DELETE FROM files WHERE id = 1");
    assert_int_equal(matches(db, "uno"), 0);
    assert_index_is_sound();
}

static void cascaded_deletions_reach_the_index(void **state)
{
    codedb_column where = integer_column("id", 1);
    (void)state;
    insert_text(db, 1, "alpha", "one");
    insert_text(db, 2, "beta", "one");
    assert_int_equal(codedb_table_delete(db, "files", &where, 1, NULL, &result), CODEDB_SUCCESS);
    assert_int_equal(matches(db, "one"), 1);
    assert_index_is_sound();
}

static void replaced_rows_are_followed(void **state)
{
    (void)state;
    run_sql(db, "INSERT INTO texts (title, key) VALUES ('first', 'k')");
    run_sql(db, "INSERT OR REPLACE INTO texts (title, key) VALUES ('second', 'k')");
    run_sql(db, "REPLACE INTO texts (id, title, key) VALUES (2, 'third', 'k')");
    assert_int_equal(matches(db, "first") + matches(db, "second"), 0);
    assert_int_equal(matches(db, "third"), 1);
    run_sql(db, "INSERT INTO texts (id, title, key) VALUES (7, 'fourth', 'k') ON CONFLICT(key) DO UPDATE SET title = 'fifth'");
    assert_int_equal(matches(db, "third") + matches(db, "fourth"), 0);
    assert_int_equal(matches(db, "fifth"), 1);
    assert_index_is_sound();
}

static void rows_that_move_to_another_rowid_are_followed(void **state)
{
    (void)state;
    insert_text(db, 1, "alpha", "one");
    run_sql(db, "UPDATE texts SET id = 50 WHERE id = 1");
    assert_int_equal(ask_integer(db, "SELECT rowid FROM texts_fts WHERE texts_fts MATCH 'alpha'"), 50);
    assert_index_is_sound();
}

static void a_transaction_sees_its_own_rows_and_a_rollback_takes_them_back(void **state)
{
    codedb *transaction;
    (void)state;
    insert_text(db, 1, "alpha", "one");
    assert_int_equal(codedb_transaction_begin(db, &transaction, &result), CODEDB_SUCCESS);
    insert_text(transaction, 1, "beta", "one");
    assert_int_equal(matches(transaction, "one"), 2);
    insert_text(transaction, 1, "gamma", "one");
    run_sql(transaction, "UPDATE texts SET body = 'changed' WHERE title IN ('alpha', 'gamma')");
    run_sql(transaction, "DELETE FROM texts WHERE title = 'beta'");
    assert_int_equal(codedb_transaction_rollback(transaction, &result), CODEDB_SUCCESS);
    fixture_close(transaction);
    assert_int_equal(matches(db, "one"), 1);
    assert_index_is_sound();
}

static void pending_rows_may_be_changed_and_deleted_before_the_commit(void **state)
{
    codedb *transaction;
    (void)state;
    assert_int_equal(codedb_transaction_begin(db, &transaction, &result), CODEDB_SUCCESS);
    insert_text(transaction, 1, "alpha", "one");
    insert_text(transaction, 1, "beta", "one");
    insert_text(transaction, 1, "gamma", "one");
    run_sql(transaction, "UPDATE texts SET body = 'two' WHERE title = 'alpha'");
    run_sql(transaction, "DELETE FROM texts WHERE title = 'beta'");
    run_sql(transaction, "UPDATE texts SET id = 100 WHERE title = 'gamma'");
    run_sql(transaction, "INSERT INTO texts (id, title, body) VALUES (2, 'beta again', 'one')");
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    fixture_close(transaction);
    assert_int_equal(matches(db, "one"), 2);
    assert_int_equal(matches(db, "two"), 1);
    assert_index_is_sound();
}

static void a_failed_statement_leaves_the_index_as_it_was(void **state)
{
    codedb *transaction;
    (void)state;
    run_sql(db, "INSERT INTO texts (title, key) VALUES ('alpha', 'a'), ('beta', 'b')");
    assert_int_equal(codedb_transaction_begin(db, &transaction, &result), CODEDB_SUCCESS);
    run_sql(transaction, "INSERT INTO texts (title, key) VALUES ('gamma', 'c')");
    assert_int_equal(try_sql(transaction, "INSERT INTO texts (title, key) VALUES ('delta', 'd'), ('epsilon', 'a')"),
                     CODEDB_VALIDATION_ERROR);
    assert_int_equal(try_sql(transaction, "UPDATE texts SET id = id + 100, key = 'same'"), CODEDB_VALIDATION_ERROR);
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    fixture_close(transaction);
    assert_int_equal(matches(db, "delta"), 0);
    assert_int_equal(matches(db, "gamma"), 1);
    assert_index_is_sound();
}

static void a_batch_inside_a_transaction_undoes_its_part_of_the_index(void **state)
{
    codedb *transaction;
    codedb_batch *batch;
    codedb_column row[] = {text_column("title", "batch"), text_column("key", "k")};
    (void)state;
    assert_int_equal(codedb_transaction_begin(db, &transaction, &result), CODEDB_SUCCESS);
    insert_text(transaction, 1, "before", "one");
    assert_int_equal(codedb_batch_create(transaction, &batch, &result), CODEDB_SUCCESS);
    codedb_batch_insert(batch, "texts", row, 2);
    codedb_batch_execute(batch, "UPDATE texts SET title = 'changed'", NULL, 0);
    codedb_batch_insert(batch, "texts", row, 2);
    assert_int_equal(codedb_batch_run(batch, &result), CODEDB_VALIDATION_ERROR);
    codedb_batch_free(batch);
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    fixture_close(transaction);
    assert_int_equal(matches(db, "before"), 1);
    assert_int_equal(matches(db, "batch") + matches(db, "changed"), 0);
    assert_index_is_sound();
}

static void scattered_rowids_build_the_index_anew(void **state)
{
    (void)state;
    insert_text(db, 1, "alpha", "one");
    run_sql(db, "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 2 FROM n WHERE i < 5000) "
                "INSERT INTO texts (id, title) SELECT i, 'scattered' FROM n");
    assert_int_equal(matches(db, "scattered"), 2496);
    assert_int_equal(matches(db, "alpha"), 1);
    assert_index_is_sound();
}

static void descending_rowids_are_joined(void **state)
{
    codedb_batch *batch;
    int i;
    (void)state;
    assert_int_equal(codedb_batch_create(db, &batch, &result), CODEDB_SUCCESS);
    for (i = 400; i > 0; i--) {
        codedb_column row[] = {integer_column("id", i), text_column("title", "down")};
        codedb_batch_insert(batch, "texts", row, 2);
    }
    assert_int_equal(codedb_batch_run(batch, &result), CODEDB_SUCCESS);
    codedb_batch_free(batch);
    assert_int_equal(matches(db, "down"), 400);
    assert_index_is_sound();
}

static void triggers_of_the_database_itself_are_left_to_it(void **state)
{
    (void)state;
    run_sql(db, "CREATE TRIGGER texts_ai AFTER INSERT ON texts BEGIN "
                "INSERT INTO texts_fts(rowid, title, body) VALUES (new.id, new.title, new.body); END");
    run_sql(db, "CREATE TRIGGER texts_ad AFTER DELETE ON texts BEGIN "
                "INSERT INTO texts_fts(texts_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body); END");
    insert_text(db, 1, "alpha", "one");
    insert_text(db, 1, "beta", "one");
    run_sql(db, "DELETE FROM texts WHERE title = 'beta'");
    assert_int_equal(matches(db, "one"), 1);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM sqlite_temp_schema"), 0);
    assert_index_is_sound();
}

static void an_index_made_or_dropped_in_a_transaction_is_followed(void **state)
{
    codedb *transaction;
    (void)state;
    insert_text(db, 1, "alpha", "one");
    assert_int_equal(codedb_transaction_begin(db, &transaction, &result), CODEDB_SUCCESS);
    insert_text(transaction, 1, "beta", "one");
    run_sql(transaction, "DROP TABLE texts_fts");
    run_sql(transaction, "DELETE FROM texts WHERE title = 'alpha'");
    assert_int_equal(codedb_transaction_rollback(transaction, &result), CODEDB_SUCCESS);
    fixture_close(transaction);
    run_sql(db, "DELETE FROM texts WHERE title = 'alpha'");
    insert_text(db, 1, "gamma", "one");
    assert_int_equal(matches(db, "one"), 1);
    assert_index_is_sound();
    run_sql(db, "DROP TABLE texts_fts");
    run_sql(db, "DELETE FROM texts");
}

static void contentless_and_foreign_full_text_is_left_alone(void **state)
{
    (void)state;
    run_sql(db, "CREATE VIRTUAL TABLE plain USING fts5(words)");
    run_sql(db, "CREATE VIRTUAL TABLE empty USING fts5(words, content='')");
    run_sql(db, "CREATE TABLE odd (a INTEGER PRIMARY KEY, number INTEGER, words TEXT)");
    run_sql(db, "CREATE VIRTUAL TABLE odd_fts USING fts5(words, content=\"odd\", content_rowid=number)");
    run_sql(db, "INSERT INTO odd (number, words) VALUES (5, 'x')");
    run_sql(db, "INSERT INTO plain VALUES ('hello')");
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM sqlite_temp_schema"), 2);
}

/* ---- files --------------------------------------------------------------------------------------------------------- */

static codedb_code open_path(const char *path, bool read_only, double busy_timeout)
{
    codedb_driver_options options = {0};
    codedb_code code;
    options.settings.path = path;
    options.settings.read_only = read_only;
    options.settings.busy_timeout = busy_timeout;
    result = (codedb_result)CODEDB_INIT(codedb_result);
    code = fixture_try_open(options, &db, &result);
    return code;
}

static void a_file_is_durable_by_default(void **state)
{
    char path[64];
    (void)state;
    fixture_path(path);
    assert_int_equal(open_path(path, false, 1), CODEDB_SUCCESS);
    assert_int_equal(ask_integer(db, "PRAGMA synchronous"), 2);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    run_sql(db, "CREATE TABLE t (a)");
    fixture_close(db);
    assert_int_equal(open_path(path, true, 1), CODEDB_SUCCESS);
    assert_int_equal(try_sql(db, "INSERT INTO t VALUES (1)"), CODEDB_PERMISSION_DENIED);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM t"), 0);
    fixture_close(db);
    fixture_remove(path);
}

static void what_is_no_database_is_refused(void **state)
{
    char path[64];
    FILE *file;
    (void)state;
    fixture_path(path);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("This is a text of some length, and by no means a database; it only lies where one was looked for. "
          "SQLite looks at the first hundred bytes.\n",
          file);
    fclose(file);
    assert_int_equal(open_path(path, false, 1), CODEDB_DATABASE_ERROR);
    assert_description_has("not a database");
    codedb_result_clear(&result);
    fixture_remove(path);
    assert_int_equal(open_path(path, true, 1), CODEDB_NOT_FOUND);
    codedb_result_clear(&result);
    assert_int_equal(open_path("/tmp", false, 1), CODEDB_CONNECTION_ERROR);
    codedb_result_clear(&result);
    assert_int_equal(open_path("", false, 1), CODEDB_VALIDATION_ERROR);
    codedb_result_clear(&result);
}

/* What another process does with the file. */
static void run_foreign(sqlite3 *other, const char *sql)
{
    if (sqlite3_exec(other, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(other));
}

#define FOREIGN_TEXTS "CREATE TABLE texts (id INTEGER PRIMARY KEY, file_id INTEGER, title TEXT, body TEXT);"
#define FOREIGN_INDEX "CREATE VIRTUAL TABLE texts_fts USING fts5(title, body, content='texts', content_rowid='id');"

static sqlite3 *open_foreign(char path[64])
{
    sqlite3 *other;
    fixture_path(path);
    assert_int_equal(open_path(path, false, 5), CODEDB_SUCCESS);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    run_foreign(other, FOREIGN_TEXTS);
    insert_text(db, 1, "alpha", "zero"); /* now the schema is known */
    return other;
}

static void close_foreign(sqlite3 *other, const char *path)
{
    sqlite3_close(other);
    fixture_close(db);
    codedb_result_clear(&result);
    fixture_remove(path);
}

/* SQLite translates a text for such a file when it is bound, and keeps no address. */
static void a_file_of_another_encoding_takes_rows(void **state)
{
    char path[64];
    sqlite3 *other;
    (void)state;
    fixture_path(path);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    run_foreign(other, "PRAGMA encoding = 'UTF-16'; CREATE TABLE people (name TEXT, note TEXT, age INTEGER)");
    sqlite3_close(other);
    assert_int_equal(open_path(path, false, 1), CODEDB_SUCCESS);
    insert_from_one_buffer();
    close_foreign(NULL, path);
}

static void full_text_that_another_process_adds_is_kept_in_step(void **state)
{
    char path[64];
    sqlite3 *other = open_foreign(path);
    codedb *transaction;
    (void)state;
    run_foreign(other, FOREIGN_INDEX "INSERT INTO texts_fts(texts_fts) VALUES('rebuild')");
    insert_text(db, 1, "beta", "one");
    assert_int_equal(matches(db, "one"), 1);
    assert_index_is_sound();
    run_foreign(other, "DROP TABLE texts_fts;" FOREIGN_INDEX "INSERT INTO texts_fts(texts_fts) VALUES('rebuild')");
    assert_int_equal(codedb_transaction_begin(db, &transaction, &result), CODEDB_SUCCESS);
    insert_text(transaction, 1, "gamma", "two");
    assert_int_equal(matches(transaction, "two"), 1);
    assert_int_equal(codedb_transaction_commit(transaction, &result), CODEDB_SUCCESS);
    fixture_close(transaction);
    run_sql(db, "DELETE FROM texts WHERE title = 'alpha'");
    run_sql(db, "UPDATE texts SET body = 'three' WHERE title = 'beta'");
    assert_int_equal(matches(db, "zero") + matches(db, "one"), 0);
    assert_int_equal(matches(db, "three"), 1);
    assert_index_is_sound();
    close_foreign(other, path);
}

static void full_text_that_another_process_drops_is_no_hindrance(void **state)
{
    char path[64];
    sqlite3 *other = open_foreign(path);
    codedb_column where = text_column("title", "alpha");
    (void)state;
    run_foreign(other, FOREIGN_INDEX "INSERT INTO texts_fts(texts_fts) VALUES('rebuild')");
    insert_text(db, 1, "beta", "one");
    run_foreign(other, "DROP TABLE texts_fts");
    assert_int_equal(codedb_table_delete(db, "texts", &where, 1, NULL, &result), CODEDB_SUCCESS);
    insert_text(db, 1, "gamma", "two");
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM texts"), 2);
    /* Its content, too, and both come back. */
    run_foreign(other, FOREIGN_INDEX "INSERT INTO texts_fts(texts_fts) VALUES('rebuild')");
    insert_text(db, 1, "delta", "three");
    run_foreign(other, "DROP TABLE texts_fts; DROP TABLE texts");
    assert_int_equal(try_sql(db, "DELETE FROM texts"), CODEDB_SCHEMA_ERROR);
    run_sql(db, "CREATE TABLE more (a)");
    run_sql(db, "INSERT INTO more VALUES (1)");
    run_foreign(other, FOREIGN_TEXTS FOREIGN_INDEX);
    insert_text(db, 1, "epsilon", "four");
    run_sql(db, "UPDATE texts SET body = 'five'");
    assert_int_equal(matches(db, "five"), 1);
    assert_int_equal(matches(db, "four"), 0);
    assert_index_is_sound();
    close_foreign(other, path);
}

static void triggers_that_another_process_adds_do_their_work_alone(void **state)
{
    char path[64];
    sqlite3 *other = open_foreign(path);
    (void)state;
    run_foreign(other, FOREIGN_INDEX "INSERT INTO texts_fts(texts_fts) VALUES('rebuild')");
    insert_text(db, 1, "beta", "one");
    run_foreign(other, "CREATE TRIGGER added AFTER INSERT ON texts BEGIN "
                       "INSERT INTO texts_fts(rowid, title, body) VALUES (new.id, new.title, new.body); END;"
                       "CREATE TRIGGER deleted AFTER DELETE ON texts BEGIN INSERT INTO texts_fts(texts_fts, rowid, title, body) "
                       "VALUES ('delete', old.id, old.title, old.body); END;");
    insert_text(db, 1, "gamma", "two");
    run_sql(db, "DELETE FROM texts WHERE title = 'beta'");
    assert_int_equal(matches(db, "two"), 1);
    assert_int_equal(matches(db, "one"), 0);
    assert_index_is_sound();
    close_foreign(other, path);
}

static void a_lock_of_another_connection_is_busy_not_a_hang(void **state)
{
    char path[64];
    sqlite3 *other;
    (void)state;
    fixture_path(path);
    assert_int_equal(open_path(path, false, 0.02), CODEDB_SUCCESS);
    run_sql(db, "CREATE TABLE t (a)");
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(codedb_sql_execute(db, "INSERT INTO t VALUES (1)", NULL, 0, NULL, NULL, &result), CODEDB_BUSY);
    assert_description_has("locked");
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM t"), 0);
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    run_sql(db, "INSERT INTO t VALUES (1)");
    sqlite3_close(other);
    fixture_close(db);
    codedb_result_clear(&result);
    fixture_remove(path);
}

/* Whichever is over first, the patience with others' locks or the request's time. */
static void a_time_that_ends_while_another_has_the_lock_is_a_timeout(void **state)
{
    char path[64];
    sqlite3 *other;
    codedb *view;
    codedb_column row = integer_column("a", 1);
    (void)state;
    fixture_path(path);
    assert_int_equal(open_path(path, false, 60), CODEDB_SUCCESS);
    run_sql(db, "CREATE TABLE t (a)");
    view = fixture_view(db, CODEDB_PRIORITY_NORMAL, 0.05, false);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    run_foreign(other, "BEGIN IMMEDIATE");
    assert_int_equal(codedb_table_insert(view, "t", &row, 1, NULL, &result), CODEDB_TIMEOUT);
    assert_description_has("locked by another process until the request's time was over");
    assert_int_equal(codedb_sql_execute(view, "CREATE TABLE u (a)", NULL, 0, NULL, NULL, &result), CODEDB_TIMEOUT);
    assert_int_equal(codedb_transaction_begin(view, &(codedb *){NULL}, &result), CODEDB_TIMEOUT);
    run_foreign(other, "ROLLBACK");
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM t"), 0);
    run_sql(db, "CREATE TABLE u (a)");
    codedb_handle_destroy(view);
    close_foreign(other, path);
}

/* The number of requests in the queue. */
static uint64_t queued(void)
{
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    assert_int_equal(codedb_statistics_get(db, &statistics, NULL), CODEDB_SUCCESS);
    return statistics.size;
}

static void who_waits_for_a_lock_can_be_cancelled(void **state)
{
    char path[64];
    sqlite3 *other;
    codedb_pending *pending;
    codedb_column row = integer_column("a", 1);
    (void)state;
    fixture_path(path);
    assert_int_equal(open_path(path, false, 60), CODEDB_SUCCESS);
    run_sql(db, "CREATE TABLE t (a)");
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(codedb_submit_insert(db, "t", &row, 1, NULL, &pending, &result), CODEDB_SUCCESS);
    while (queued() > 0)
        sched_yield();
    assert_int_equal(codedb_pending_wait(pending, 0.02), 0);
    codedb_pending_cancel(pending);
    assert_int_equal(codedb_pending_answer(pending, NULL, NULL, &result), CODEDB_CANCELLED);
    codedb_pending_free(pending);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM t"), 0);
    sqlite3_close(other);
    fixture_close(db);
    codedb_result_clear(&result);
    fixture_remove(path);
}

/* The process that writes the file: this one or the driver's own. */
static pid_t writer_process(void)
{
    codedb_health health = CODEDB_INIT(codedb_health);
    assert_int_equal(codedb_health_get(db, &health, &result), CODEDB_SUCCESS);
    assert_int_equal(health.is_process, support_in_process);
    return health.is_process ? (pid_t)health.process : getpid();
}

/* A limit on the size of files stands for the disk. */
static void a_full_disk_is_an_error_and_nothing_is_lost(void **state)
{
    char path[64];
    struct rlimit before, small;
    codedb_code code = CODEDB_SUCCESS;
    int64_t stored = 0;
    pid_t writer;
    (void)state;
    fixture_path(path);
    assert_int_equal(open_path(path, false, 1), CODEDB_SUCCESS);
    run_sql(db, "CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)");
    signal(SIGXFSZ, SIG_IGN);
    writer = writer_process();
    assert_int_equal(prlimit(writer, RLIMIT_FSIZE, NULL, &before), 0);
    small = before;
    small.rlim_cur = 200000;
    assert_int_equal(prlimit(writer, RLIMIT_FSIZE, &small, NULL), 0);
    while (code == CODEDB_SUCCESS && stored < 1000) {
        code = codedb_sql_execute(db, "INSERT INTO t (b) VALUES (randomblob(5000))", NULL, 0, NULL, NULL, &result);
        stored += code == CODEDB_SUCCESS;
    }
    assert_int_equal(code, CODEDB_DATABASE_ERROR);
    assert_int_equal(prlimit(writer, RLIMIT_FSIZE, &before, NULL), 0);
    assert_int_equal(writer_process(), writer); /* it has not been killed */
    assert_true(stored > 10);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM t"), stored);
    run_sql(db, "INSERT INTO t (b) VALUES (randomblob(5000))");
    fixture_close(db);
    assert_int_equal(open_path(path, false, 1), CODEDB_SUCCESS);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM t"), stored + 1);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    fixture_close(db);
    codedb_result_clear(&result);
    fixture_remove(path);
}

static void what_is_no_file_is_named(void **state)
{
    (void)state;
    assert_int_equal(open_path("/tmp", false, 1), CODEDB_CONNECTION_ERROR);
    assert_description_has("/tmp: found a folder, expected a database file");
    assert_int_equal(open_path("/tmp", true, 1), CODEDB_CONNECTION_ERROR);
    assert_int_equal(open_path("/dev/null", false, 1), CODEDB_CONNECTION_ERROR);
    assert_description_has("no regular file");
    codedb_result_clear(&result);
}

static void a_damaged_file_is_an_error(void **state)
{
    char path[64];
    FILE *file;
    int i;
    (void)state;
    fixture_path(path);
    assert_int_equal(open_path(path, false, 1), CODEDB_SUCCESS);
    run_sql(db, "CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)");
    run_sql(
        db,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO t (b) SELECT randomblob(500) FROM n");
    fixture_close(db);
    file = fopen(path, "r+");
    assert_non_null(file);
    fseek(file, 4096, SEEK_SET);
    for (i = 0; i < 4096 * 4; i++)
        fputc(0xA5, file);
    fclose(file);
    assert_int_equal(open_path(path, false, 1), CODEDB_SUCCESS);
    assert_int_equal(codedb_sql_execute(db, "SELECT sum(length(b)) FROM t", NULL, 0, NULL, NULL, &result), CODEDB_DATABASE_ERROR);
    assert_description_has("malformed");
    fixture_close(db);
    codedb_result_clear(&result);
    fixture_remove(path);
}

/* The time of every insert is over before it runs; SQLite asks for it after so many steps, also when those are the last of a statement. */
static codedb_code run_late(codedb_connection *connection, codedb_operation *operation, const codedb_value *values,
                            codedb_row_writer *rows, codedb_changes *changes, codedb_result *answer)
{
    if (operation->kind == CODEDB_OPERATION_INSERT)
        codedb_sqlite_driver()->set_deadline(connection, 1e-9);
    return codedb_sqlite_driver()->run(connection, operation, values, rows, changes, answer);
}

/* Inserts until the first one is interrupted; how many were not. */
static int64_t insert_until_late(codedb *handle)
{
    codedb_column row = integer_column("value", 1);
    int64_t count = 0;
    codedb_code code;
    while ((code = codedb_table_insert(handle, "late", &row, 1, NULL, NULL)) == CODEDB_SUCCESS)
        assert_true(++count < 3000);
    assert_int_equal(code, CODEDB_TIMEOUT);
    return count;
}

static void a_timeout_means_that_nothing_was_done(void **state)
{
    codedb_driver own = *codedb_sqlite_driver();
    codedb_driver_options options = {.driver = &own};
    codedb *late;
    int64_t expected = 0;
    (void)state;
    own.run = run_late;
    late = fixture_open_with(options);
    run_sql(late, "CREATE TABLE late (value INTEGER)");
    for (int i = 0; i < 40; i++) {
        codedb *transaction = NULL;
        expected += insert_until_late(late);
        assert_int_equal(ask_integer(late, "SELECT count(*) FROM late"), expected);
        assert_int_equal(codedb_transaction_begin(late, &transaction, NULL), CODEDB_SUCCESS);
        insert_until_late(transaction);
        assert_int_equal(codedb_transaction_commit(transaction, NULL), CODEDB_TRANSACTION_ERROR);
        codedb_handle_destroy(transaction);
        assert_int_equal(ask_integer(late, "SELECT count(*) FROM late"), expected);
    }
    fixture_close(late);
}

int main(void)
{
#define MEMORY_TEST(test) cmocka_unit_test_setup_teardown(test, open_memory, close_memory)
#define FULLTEXT_TEST(test) cmocka_unit_test_setup_teardown(test, open_fulltext, close_memory)
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(every_type_of_value_comes_back),
        MEMORY_TEST(texts_that_lie_in_one_place_one_after_the_other_are_told_apart),
        MEMORY_TEST(empty_texts_and_blobs_are_not_null),
        MEMORY_TEST(rows_of_nothing_still_have_columns),
        MEMORY_TEST(what_is_written_between_reads_is_seen_and_undone),
        MEMORY_TEST(everything_else_runs_between_reads),
        MEMORY_TEST(a_read_that_fails_ends_none_but_itself),
        MEMORY_TEST(names_of_columns_are_those_of_the_schema_now),
        MEMORY_TEST(an_unknown_table_is_named_with_the_nearest),
        MEMORY_TEST(an_unknown_column_is_named_with_the_nearest),
        MEMORY_TEST(a_column_that_is_made_later_is_known),
        MEMORY_TEST(injected_names_are_only_unknown),
        MEMORY_TEST(table_info_tells_the_columns),
        MEMORY_TEST(a_constraint_is_named),
        MEMORY_TEST(foreign_keys_are_enforced),
        MEMORY_TEST(transactions_attachments_and_writing_pragmas_are_refused),
        MEMORY_TEST(one_statement_is_run_and_two_are_none),
        MEMORY_TEST(parameters_are_bound_and_counted),
        MEMORY_TEST(bad_sql_is_answered_in_the_words_of_sqlite),
        MEMORY_TEST(a_returning_clause_gives_its_rows),
        MEMORY_TEST(rows_that_share_a_part_of_a_key_are_all_found),
        MEMORY_TEST(a_key_that_is_none_any_more_finds_all_rows),
        MEMORY_TEST(a_returning_clause_without_memory_writes_nothing),
        MEMORY_TEST(more_shapes_than_the_cache_holds_still_run),
        FULLTEXT_TEST(inserted_rows_are_found),
        FULLTEXT_TEST(updated_and_deleted_rows_are_followed),
        FULLTEXT_TEST(a_rollback_of_the_first_use_keeps_the_upkeep),
        FULLTEXT_TEST(cascaded_deletions_reach_the_index),
        FULLTEXT_TEST(replaced_rows_are_followed),
        FULLTEXT_TEST(rows_that_move_to_another_rowid_are_followed),
        FULLTEXT_TEST(a_transaction_sees_its_own_rows_and_a_rollback_takes_them_back),
        FULLTEXT_TEST(pending_rows_may_be_changed_and_deleted_before_the_commit),
        FULLTEXT_TEST(a_failed_statement_leaves_the_index_as_it_was),
        FULLTEXT_TEST(a_batch_inside_a_transaction_undoes_its_part_of_the_index),
        FULLTEXT_TEST(scattered_rowids_build_the_index_anew),
        FULLTEXT_TEST(descending_rowids_are_joined),
        FULLTEXT_TEST(triggers_of_the_database_itself_are_left_to_it),
        FULLTEXT_TEST(an_index_made_or_dropped_in_a_transaction_is_followed),
        FULLTEXT_TEST(contentless_and_foreign_full_text_is_left_alone),
        cmocka_unit_test(a_file_is_durable_by_default),
        cmocka_unit_test(what_is_no_database_is_refused),
        cmocka_unit_test(a_file_of_another_encoding_takes_rows),
        cmocka_unit_test(full_text_that_another_process_adds_is_kept_in_step),
        cmocka_unit_test(full_text_that_another_process_drops_is_no_hindrance),
        cmocka_unit_test(triggers_that_another_process_adds_do_their_work_alone),
        cmocka_unit_test(a_lock_of_another_connection_is_busy_not_a_hang),
        cmocka_unit_test(a_time_that_ends_while_another_has_the_lock_is_a_timeout),
        cmocka_unit_test(who_waits_for_a_lock_can_be_cancelled),
        cmocka_unit_test(a_full_disk_is_an_error_and_nothing_is_lost),
        cmocka_unit_test(what_is_no_file_is_named),
        cmocka_unit_test(a_damaged_file_is_an_error),
        cmocka_unit_test(a_timeout_means_that_nothing_was_done),
    };
#undef MEMORY_TEST
#undef FULLTEXT_TEST
    return support_run_both("sqlite", tests);
}
