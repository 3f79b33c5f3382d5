/* Proves codedb_request.c: table calls and batches through the whole driver, on a database in memory. */
#include "driver_fixture.h"

static codedb *db;

static int open_people(void **state)
{
    (void)state;
    db = fixture_open(NULL);
    run_sql(db, "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, age INTEGER, note TEXT, data BLOB)");
    run_sql(db, "CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people(id) ON DELETE CASCADE, name TEXT)");
    return 0;
}

static int close_people(void **state)
{
    (void)state;
    fixture_close(db);
    return 0;
}

static int64_t insert_person(const char *name, int64_t age)
{
    codedb_column row[] = {text_column("name", name), integer_column("age", age)};
    int64_t id = 0;
    assert_int_equal(codedb_table_insert(db, "people", row, 2, &id, NULL), CODEDB_SUCCESS);
    return id;
}

static void an_inserted_row_is_read_back(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_column where = integer_column("id", insert_person("Ada", 36));
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows;
    (void)state;
    select.where = &where;
    select.where_count = 1;
    assert_int_equal(codedb_table_select(db, "people", &select, &rows, &result), CODEDB_SUCCESS);
    assert_int_equal(rows->row_count, 1);
    assert_int_equal(rows->column_count, 5);
    assert_string_equal(rows->column_names[1], "name");
    assert_string_equal(rows->values[1].as.text, "Ada");
    assert_int_equal(rows->values[2].as.integer, 36);
    assert_int_equal(rows->values[3].type, CODEDB_VALUE_NULL);
    codedb_free(rows);
    codedb_result_clear(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_inserted_row_is_read_back, open_people, close_people),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
