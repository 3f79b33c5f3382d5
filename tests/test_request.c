/* Proves codedb_request.c: table calls and batches through the whole driver, on a database in memory. */
#include "driver_fixture.h"

static codedb *db;

static int open_people(void **state)
{
    (void)state;
    db = fixture_open(NULL);
    run_sql(
        db,
        "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, age INTEGER, note TEXT, data BLOB)");
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

static codedb_rows *select_people(const codedb_select *select)
{
    codedb_rows *rows;
    assert_int_equal(codedb_table_select(db, "people", select, &rows, NULL), CODEDB_SUCCESS);
    return rows;
}

/* Few rows come back within the request, more of them in memory of their own: nobody may see where one ends and the other begins. */
static void rows_of_every_size_come_back_whole(void **state)
{
    static const char *const columns[] = {"name", "data"};
    codedb_order order = {"id", 0};
    codedb_select select = CODEDB_INIT(codedb_select);
    size_t count, size;
    (void)state;
    select.columns = columns;
    select.column_count = 2;
    select.order_by = &order;
    select.order_by_count = 1;
    for (size = 0; size < 300; size += 7) {
        for (count = 1; count <= 3; count++) {
            char bytes[300], name[40];
            codedb_column row[] = {text_column("name", name), {"data", {CODEDB_VALUE_BLOB, {.text = bytes}, size}}};
            codedb_rows *rows;
            memset(bytes, (int)(size % 250), size);
            snprintf(name, sizeof name, "%zu-%zu", size, count);
            row[0].value = codedb_value_text(name);
            assert_int_equal(codedb_table_insert(db, "people", row, 2, NULL, NULL), CODEDB_SUCCESS);
            rows = select_people(&select);
            assert_int_equal(rows->row_count, count);
            assert_string_equal(rows->column_names[1], "data");
            for (size_t i = 0; i < count; i++) {
                snprintf(name, sizeof name, "%zu-%zu", size, i + 1);
                assert_string_equal(rows->values[2 * i].as.text, name);
                assert_int_equal(rows->values[2 * i + 1].type, CODEDB_VALUE_BLOB);
                assert_int_equal(rows->values[2 * i + 1].length, size);
                assert_memory_equal(rows->values[2 * i + 1].as.text, bytes, size);
            }
            codedb_free(rows);
        }
        run_sql(db, "DELETE FROM people");
    }
}

static void updates_and_deletes_tell_how_many(void **state)
{
    codedb_column old = integer_column("age", 5), young = integer_column("age", 6), none = null_column("note");
    int64_t affected = -1;
    (void)state;
    insert_person("a", 5);
    insert_person("b", 5);
    assert_int_equal(codedb_table_update(db, "people", &old, 1, &young, 1, &affected, NULL), CODEDB_SUCCESS);
    assert_int_equal(affected, 2);
    assert_int_equal(codedb_table_update(db, "people", &old, 1, &young, 1, &affected, NULL), CODEDB_SUCCESS);
    assert_int_equal(affected, 0);
    assert_int_equal(codedb_table_delete(db, "people", &none, 1, &affected, NULL), CODEDB_SUCCESS);
    assert_int_equal(affected, 2);
}

static void a_null_in_a_where_means_is_null(void **state)
{
    codedb_column row[] = {text_column("name", "noted"), text_column("note", "x")};
    codedb_column where[] = {null_column("note"), text_column("name", "plain")};
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows;
    (void)state;
    insert_person("plain", 1);
    assert_int_equal(codedb_table_insert(db, "people", row, 2, NULL, NULL), CODEDB_SUCCESS);
    select.where = where;
    select.where_count = 2;
    rows = select_people(&select);
    assert_int_equal(rows->row_count, 1);
    codedb_free(rows);
}

static void a_select_chooses_orders_and_limits(void **state)
{
    const char *columns[] = {"age", "name"};
    const codedb_order order = {"age", 1};
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows;
    int i;
    (void)state;
    for (i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        insert_person(name, i);
    }
    select.columns = columns;
    select.column_count = 2;
    select.order_by = &order;
    select.order_by_count = 1;
    select.limit = 3;
    select.offset = 2;
    rows = select_people(&select);
    assert_int_equal(rows->row_count, 3);
    assert_int_equal(rows->column_count, 2);
    assert_int_equal(rows->values[0].as.integer, 7);
    assert_string_equal(rows->values[5].as.text, "n5");
    codedb_free(rows);
    select.limit = 0;
    rows = select_people(&select);
    assert_int_equal(rows->row_count, 8);
    codedb_free(rows);
    select.limit = -1;
    assert_int_equal(codedb_table_select(db, "people", &select, &rows, NULL), CODEDB_VALIDATION_ERROR);
}

static void many_rows_and_columns_come_back_whole(void **state)
{
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_column wide[70];
    codedb_batch *batch;
    codedb_rows *rows;
    char sql[2000] = "CREATE TABLE wide (c0", names[70][24];
    size_t i;
    (void)state;
    for (i = 0; i < 70; i++) {
        snprintf(names[i], sizeof names[i], "c%zu", i);
        if (i > 0)
            snprintf(sql + strlen(sql), sizeof sql - strlen(sql), ", c%zu", i);
        wide[i] = integer_column(names[i], (int64_t)i);
    }
    strcat(sql, ")");
    run_sql(db, sql);
    assert_int_equal(codedb_table_insert(db, "wide", wide, 70, NULL, NULL), CODEDB_SUCCESS);
    assert_int_equal(codedb_batch_create(db, &batch, NULL), CODEDB_SUCCESS);
    for (i = 0; i < 500; i++) {
        wide[69] = text_column("c69", "some text that is not too short to be kept");
        codedb_batch_insert(batch, "wide", wide, 70);
    }
    assert_int_equal(codedb_batch_run(batch, NULL), CODEDB_SUCCESS);
    codedb_batch_free(batch);
    select.where = wide;
    select.where_count = 69;
    assert_int_equal(codedb_table_select(db, "wide", &select, &rows, NULL), CODEDB_SUCCESS);
    assert_int_equal(rows->row_count, 501);
    assert_int_equal(rows->values[500 * 70 + 68].as.integer, 68);
    assert_string_equal(rows->values[500 * 70 + 69].as.text, "some text that is not too short to be kept");
    codedb_free(rows);
}

static void calls_that_make_no_sense_are_refused(void **state)
{
    codedb_column row = text_column("name", "x"), nameless = text_column("name", "x"), broken = text_column("name", "x");
    codedb_column reference = integer_column("age", 0);
    const char *no_column = NULL;
    codedb_order no_order = {NULL, 0};
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    codedb_rows *rows;
    (void)state;
    nameless.name = NULL;
    broken.value.as.text = NULL;
    reference.value.type = CODEDB_VALUE_ROW_ID_OF;
    assert_int_equal(codedb_table_insert(NULL, "people", &row, 1, NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_table_insert(db, NULL, &row, 1, NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_table_insert(db, "people", NULL, 1, NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_table_insert(db, "people", &row, 0, NULL, NULL), CODEDB_VALIDATION_ERROR);
    assert_int_equal(codedb_table_insert(db, "people", &nameless, 1, NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_table_insert(db, "people", &broken, 1, NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_table_insert(db, "people", &reference, 1, NULL, NULL), CODEDB_INVALID_REQUEST);
    reference.value.type = (codedb_value_type)99;
    assert_int_equal(codedb_table_insert(db, "people", &reference, 1, NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_table_update(db, "people", NULL, 0, &row, 1, NULL, NULL), CODEDB_VALIDATION_ERROR);
    assert_int_equal(codedb_table_delete(db, "people", NULL, 0, NULL, NULL), CODEDB_VALIDATION_ERROR);
    assert_int_equal(codedb_table_select(db, "people", NULL, NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_table_select(NULL, "people", NULL, &rows, NULL), CODEDB_INVALID_REQUEST);
    select.columns = &no_column;
    select.column_count = 1;
    assert_int_equal(codedb_table_select(db, "people", &select, &rows, NULL), CODEDB_INVALID_REQUEST);
    select.columns = NULL;
    assert_int_equal(codedb_table_select(db, "people", &select, &rows, NULL), CODEDB_INVALID_REQUEST);
    select.column_count = 0;
    select.order_by = &no_order;
    select.order_by_count = 1;
    assert_int_equal(codedb_table_select(db, "people", &select, &rows, NULL), CODEDB_INVALID_REQUEST);
    select.struct_size = 0;
    assert_int_equal(codedb_table_select(db, "people", &select, &rows, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_sql_execute(NULL, "SELECT 1", NULL, 0, NULL, NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_sql_execute(db, NULL, NULL, 0, NULL, NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_sql_execute(db, "SELECT ?", &reference.value, 1, NULL, NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_table_info(db, NULL, &rows, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_table_info(NULL, "people", &rows, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_statistics_get(NULL, &statistics, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_transaction_begin(NULL, NULL, NULL), CODEDB_INVALID_REQUEST);
}

/* ---- batches ------------------------------------------------------------------------------------------------------- */

static codedb_batch *new_batch(void)
{
    codedb_batch *batch;
    assert_int_equal(codedb_batch_create(db, &batch, NULL), CODEDB_SUCCESS);
    return batch;
}

static void a_batch_refers_to_the_rows_that_it_inserted(void **state)
{
    codedb_column person[] = {text_column("name", "Ada"), integer_column("age", 1)};
    codedb_column pet[] = {integer_column("owner", 0), text_column("name", "Cat")};
    codedb_column where = integer_column("id", 0), change = integer_column("age", 37);
    codedb_batch *batch = new_batch();
    (void)state;
    insert_person("first", 0);
    assert_int_equal(codedb_batch_insert(batch, "people", person, 2), 0);
    pet[0].value.type = CODEDB_VALUE_ROW_ID_OF;
    assert_int_equal(codedb_batch_insert(batch, "pets", pet, 2), 1);
    where.value.type = CODEDB_VALUE_ROW_ID_OF;
    assert_int_equal(codedb_batch_update(batch, "people", &where, 1, &change, 1), 2);
    assert_int_equal(codedb_batch_execute(batch, "DELETE FROM people WHERE name = 'first'", NULL, 0), 3);
    assert_int_equal(codedb_batch_delete(batch, "pets", &where, 1), 4);
    assert_int_equal(codedb_batch_run(batch, NULL), CODEDB_SUCCESS);
    assert_int_equal(codedb_batch_value(batch, 0), 2);
    assert_int_equal(codedb_batch_value(batch, 1), 1);
    assert_int_equal(codedb_batch_value(batch, 2), 1);
    assert_int_equal(codedb_batch_value(batch, 3), 1);
    assert_int_equal(codedb_batch_value(batch, 4), 0);
    assert_int_equal(codedb_batch_value(batch, 5), -1);
    codedb_batch_free(batch);
    assert_int_equal(ask_integer(db, "SELECT owner FROM pets"), 2);
    assert_int_equal(ask_integer(db, "SELECT age FROM people"), 37);
}

static void a_batch_copies_what_it_is_given(void **state)
{
    char name[8] = "n0", column[8] = "name", table[8] = "people";
    codedb_batch *batch = new_batch();
    int i;
    (void)state;
    for (i = 0; i < 3; i++) {
        codedb_column row = text_column(column, name);
        name[1] = (char)('0' + i);
        codedb_batch_insert(batch, table, &row, 1);
    }
    memset(name, 'x', 7);
    memset(column, 'x', 7);
    memset(table, 'x', 7);
    assert_int_equal(codedb_batch_run(batch, NULL), CODEDB_SUCCESS);
    codedb_batch_free(batch);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM people WHERE name IN ('n0', 'n1', 'n2')"), 3);
}

/* What rows that follow each other have in common is not sent again: nobody may notice. */
static void a_batch_keeps_rows_that_are_nearly_the_same_apart(void **state)
{
    enum { ROWS = 2000, COLUMNS = 5 };
    static const char *const names[COLUMNS] = {"a", "b", "c", "d", "e"};
    static const codedb_value kinds[] = {
        {CODEDB_VALUE_NULL, {.integer = 0}, 0},      {CODEDB_VALUE_INTEGER, {.integer = 0}, 0},
        {CODEDB_VALUE_INTEGER, {.integer = -1}, 0},  {CODEDB_VALUE_REAL, {.real = 0.0}, 0},
        {CODEDB_VALUE_REAL, {.real = 0.5}, 0},       {CODEDB_VALUE_TEXT, {.text = ""}, 0},
        {CODEDB_VALUE_TEXT, {.text = "same"}, 4},    {CODEDB_VALUE_TEXT, {.text = "sam\0"}, 4},
        {CODEDB_VALUE_BLOB, {.text = "same"}, 4},    {CODEDB_VALUE_BLOB, {.text = ""}, 0},
        {CODEDB_VALUE_ROW_ID_OF, {.integer = 0}, 0}, {CODEDB_VALUE_ROW_ID_OF, {.integer = 1}, 0},
        {CODEDB_VALUE_BOOLEAN, {.integer = 1}, 0},
    };
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    static unsigned char chosen[ROWS][COLUMNS];
    unsigned random = 20261129;
    codedb_batch *batch = new_batch();
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows;
    (void)state;
    print_message("seed %u\n", random);
    run_sql(db, "CREATE TABLE wide (id INTEGER PRIMARY KEY, a, b, c, d, e)");
    for (int i = 0; i < ROWS; i++) {
        codedb_column row[COLUMNS];
        char same[] = "same"; /* as a caller would have it who uses a buffer again */
        for (int k = 0; k < COLUMNS; k++) {
            random = random * 1103515245 + 12345;
            if (i == 0 || random >> 29 == 0)
                chosen[i][k] = i < 2 ? 1 : (unsigned char)((random >> 16) % KINDS);
            else
                chosen[i][k] = chosen[i - 1][k];
            row[k] = (codedb_column){names[k], kinds[chosen[i][k]]};
            if (row[k].value.length == 4 && memcmp(row[k].value.as.text, "same", 4) == 0)
                row[k].value.as.text = same;
        }
        if (i % 100 == 50) /* another operation, which does nothing, between two rows */
            assert_int_equal(codedb_batch_execute(batch, "DELETE FROM pets WHERE name = ?", &kinds[6], 1), i + i / 100);
        assert_int_equal(codedb_batch_insert(batch, "wide", row, COLUMNS), i + (i + 50) / 100);
        memset(same, 'x', sizeof same);
    }
    assert_int_equal(codedb_batch_run(batch, NULL), CODEDB_SUCCESS);
    codedb_batch_free(batch);
    assert_int_equal(codedb_table_select(db, "wide", &select, &rows, NULL), CODEDB_SUCCESS);
    assert_int_equal(rows->row_count, ROWS);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t k = 0; k < COLUMNS; k++) {
            const codedb_value *found = &rows->values[i * (COLUMNS + 1) + 1 + k];
            codedb_value expected = kinds[chosen[i][k]];
            if (expected.type == CODEDB_VALUE_ROW_ID_OF)
                expected = codedb_value_integer(expected.as.integer + 1);
            if (expected.type == CODEDB_VALUE_BOOLEAN)
                expected.type = CODEDB_VALUE_INTEGER;
            assert_int_equal(found->type, expected.type);
            assert_int_equal(found->length, expected.length);
            if (expected.type == CODEDB_VALUE_TEXT || expected.type == CODEDB_VALUE_BLOB)
                assert_memory_equal(found->as.text, expected.as.text, expected.length);
            else if (expected.type != CODEDB_VALUE_NULL)
                assert_int_equal(found->as.integer, expected.as.integer);
        }
    codedb_free(rows);
}

static void a_requirement_that_does_not_hold_fails_the_batch(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_column row[] = {text_column("name", "b"), integer_column("age", 1)};
    codedb_column where = integer_column("age", 1);
    codedb_batch *batch = new_batch();
    (void)state;
    insert_person("a", 1);
    codedb_batch_require(batch, "people", &where, 1, 1, CODEDB_CONFLICT, "somebody was faster");
    codedb_batch_insert(batch, "people", row, 2);
    codedb_batch_require(batch, "people", &where, 1, 1, CODEDB_CONFLICT, "somebody was faster");
    assert_int_equal(codedb_batch_run(batch, &result), CODEDB_CONFLICT);
    assert_string_equal(result.description, "operation 2 of the batch: somebody was faster (2 rows instead of 1)");
    codedb_batch_free(batch);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM people"), 1);
    batch = new_batch();
    assert_int_equal(codedb_batch_require(batch, "people", &where, 1, 1, CODEDB_SUCCESS, NULL), -1);
    codedb_batch_free(batch);
    batch = new_batch();
    codedb_batch_require(batch, "people", &where, 1, 1, CODEDB_CONFLICT, NULL);
    assert_int_equal(codedb_batch_run(batch, &result), CODEDB_SUCCESS);
    codedb_batch_free(batch);
    codedb_result_clear(&result);
}

static void a_mistake_while_a_batch_is_built_is_answered_by_its_run(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_column row = integer_column("age", 5);
    codedb_batch *batch = new_batch();
    (void)state;
    row.value.type = CODEDB_VALUE_ROW_ID_OF;
    assert_int_equal(codedb_batch_insert(batch, "people", &row, 1), -1);
    assert_int_equal(codedb_batch_execute(batch, "DELETE FROM people", NULL, 0), -1);
    assert_int_equal(codedb_batch_run(batch, &result), CODEDB_INVALID_REQUEST);
    assert_string_equal(result.description, "operation 0 refers to the row id of operation 5, which is no insert before it");
    codedb_batch_free(batch);
    batch = new_batch();
    assert_int_equal(codedb_batch_execute(batch, NULL, NULL, 0), -1);
    assert_int_equal(codedb_batch_update(batch, "people", NULL, 0, &row, 1), -1);
    codedb_batch_free(batch);
    codedb_result_clear(&result);
}

static void a_batch_runs_once_and_an_empty_one_runs(void **state)
{
    codedb_batch *batch = new_batch();
    (void)state;
    assert_int_equal(codedb_batch_run(batch, NULL), CODEDB_SUCCESS);
    assert_int_equal(codedb_batch_run(batch, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_batch_execute(batch, "SELECT 1", NULL, 0), -1);
    assert_int_equal(codedb_batch_value(NULL, 0), -1);
    codedb_batch_free(batch);
    assert_int_equal(codedb_batch_run(NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_batch_create(NULL, &batch, NULL), CODEDB_INVALID_REQUEST);
    assert_null(batch);
    codedb_batch_free(NULL);
    batch = new_batch();
    assert_int_equal(codedb_batch_insert(NULL, "people", NULL, 0), -1);
    codedb_batch_free(batch);
}

static void equal_operations_have_equal_hashes(void **state)
{
    const char *names[] = {"a", "b"};
    const unsigned char nulls[] = {0, 1};
    const codedb_order order[] = {{"a", 0}, {"b", 1}};
    codedb_operation one = {.kind = CODEDB_OPERATION_SELECT,
                            .table = "t",
                            .columns = names,
                            .column_count = 2,
                            .where = names,
                            .where_is_null = nulls,
                            .where_count = 2,
                            .order_by = order,
                            .order_by_count = 2};
    codedb_operation copy, other = one;
    codedb_arena *arena = codedb_arena_create(NULL);
    (void)state;
    assert_true(codedb_operation_copy(&copy, &one, arena));
    assert_true(codedb_operation_equal(&one, &copy));
    assert_true(codedb_operation_hash(&one) == codedb_operation_hash(&copy));
    other.order_by = order + 1;
    other.order_by_count = 1;
    assert_false(codedb_operation_equal(&one, &other));
    other = one;
    other.where_is_null = (const unsigned char *)"\1\0";
    assert_false(codedb_operation_equal(&one, &other));
    assert_true(codedb_operation_hash(&one) != codedb_operation_hash(&other));
    other = one;
    other.table = "u";
    assert_false(codedb_operation_equal(&one, &other));
    codedb_arena_destroy(arena);
}

int main(void)
{
#define PEOPLE_TEST(test) cmocka_unit_test_setup_teardown(test, open_people, close_people)
    const struct CMUnitTest tests[] = {
        PEOPLE_TEST(an_inserted_row_is_read_back),
        PEOPLE_TEST(rows_of_every_size_come_back_whole),
        PEOPLE_TEST(updates_and_deletes_tell_how_many),
        PEOPLE_TEST(a_null_in_a_where_means_is_null),
        PEOPLE_TEST(a_select_chooses_orders_and_limits),
        PEOPLE_TEST(many_rows_and_columns_come_back_whole),
        PEOPLE_TEST(calls_that_make_no_sense_are_refused),
        PEOPLE_TEST(a_batch_refers_to_the_rows_that_it_inserted),
        PEOPLE_TEST(a_batch_copies_what_it_is_given),
        PEOPLE_TEST(a_batch_keeps_rows_that_are_nearly_the_same_apart),
        PEOPLE_TEST(a_requirement_that_does_not_hold_fails_the_batch),
        PEOPLE_TEST(a_mistake_while_a_batch_is_built_is_answered_by_its_run),
        PEOPLE_TEST(a_batch_runs_once_and_an_empty_one_runs),
        cmocka_unit_test(equal_operations_have_equal_hashes),
    };
#undef PEOPLE_TEST
    return support_run_both("request", tests);
}
