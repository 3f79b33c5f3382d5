/* Proves codedb_sql.c: the text of every operation, in every dialect, with names that try to break out. */
#include "driver_fixture.h"

static void assert_sql(codedb_sql_dialect dialect, const codedb_operation *operation, const char *expected)
{
    codedb_buffer sql;
    codedb_buffer_init(&sql, NULL);
    codedb_sql_write(&sql, dialect, operation);
    assert_false(sql.failed);
    assert_string_equal(sql.data, expected);
    codedb_buffer_free(&sql);
}

static const char *const columns[] = {"name", "age"};
static const char *const where[] = {"id", "note"};
static const unsigned char where_is_null[] = {0, 1};

static void an_insert_has_a_parameter_for_each_column(void **state)
{
    codedb_operation operation = {.kind = CODEDB_OPERATION_INSERT, .table = "people", .columns = columns, .column_count = 2};
    (void)state;
    assert_sql(CODEDB_SQL_SQLITE, &operation, "INSERT INTO `people` (`name`, `age`) VALUES (?, ?)");
    assert_sql(CODEDB_SQL_MYSQL, &operation, "INSERT INTO `people` (`name`, `age`) VALUES (?, ?)");
    assert_sql(CODEDB_SQL_POSTGRES, &operation, "INSERT INTO \"people\" (\"name\", \"age\") VALUES ($1, $2)");
}

static void an_update_numbers_its_parameters_through(void **state)
{
    codedb_operation operation = {.kind = CODEDB_OPERATION_UPDATE,
                                  .table = "people",
                                  .columns = columns,
                                  .column_count = 2,
                                  .where = where,
                                  .where_is_null = where_is_null,
                                  .where_count = 2};
    (void)state;
    assert_sql(CODEDB_SQL_SQLITE, &operation, "UPDATE `people` SET `name` = ?, `age` = ? WHERE `id` = ? AND `note` IS NULL");
    assert_sql(CODEDB_SQL_POSTGRES, &operation,
               "UPDATE \"people\" SET \"name\" = $1, \"age\" = $2 WHERE \"id\" = $3 AND \"note\" IS NULL");
}

static void a_delete_and_a_count_have_their_where(void **state)
{
    codedb_operation operation = {
        .kind = CODEDB_OPERATION_DELETE, .table = "people", .where = where, .where_is_null = where_is_null, .where_count = 1};
    (void)state;
    assert_sql(CODEDB_SQL_SQLITE, &operation, "DELETE FROM `people` WHERE `id` = ?");
    operation.kind = CODEDB_OPERATION_COUNT;
    assert_sql(CODEDB_SQL_SQLITE, &operation, "SELECT count(*) FROM `people` WHERE `id` = ?");
}

static void a_select_has_columns_order_and_limit(void **state)
{
    const codedb_order order[] = {{"age", 1}, {"name", 0}};
    codedb_operation operation = {.kind = CODEDB_OPERATION_SELECT, .table = "people"};
    (void)state;
    assert_sql(CODEDB_SQL_SQLITE, &operation, "SELECT * FROM `people`");
    operation.columns = columns;
    operation.column_count = 2;
    operation.order_by = order;
    operation.order_by_count = 2;
    operation.limited = 1;
    assert_sql(CODEDB_SQL_SQLITE, &operation,
               "SELECT `name`, `age` FROM `people` ORDER BY `age` DESC, `name` ASC LIMIT ? OFFSET ?");
    assert_sql(CODEDB_SQL_POSTGRES, &operation,
               "SELECT \"name\", \"age\" FROM \"people\" ORDER BY \"age\" DESC, \"name\" ASC LIMIT $1 OFFSET $2");
}

static void a_name_cannot_leave_its_quotes(void **state)
{
    codedb_operation operation = {.kind = CODEDB_OPERATION_SELECT, .table = "a`b\"c]; DROP TABLE x"};
    (void)state;
    assert_sql(CODEDB_SQL_SQLITE, &operation, "SELECT * FROM `a``b\"c]; DROP TABLE x`");
    assert_sql(CODEDB_SQL_POSTGRES, &operation, "SELECT * FROM \"a`b\"\"c]; DROP TABLE x\"");
}

static void sql_of_the_caller_is_kept(void **state)
{
    codedb_operation operation = {.kind = CODEDB_OPERATION_EXECUTE, .sql = "SELECT 1;", .sql_length = 8};
    (void)state;
    assert_sql(CODEDB_SQL_SQLITE, &operation, "SELECT 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_insert_has_a_parameter_for_each_column),
        cmocka_unit_test(an_update_numbers_its_parameters_through),
        cmocka_unit_test(a_delete_and_a_count_have_their_where),
        cmocka_unit_test(a_select_has_columns_order_and_limit),
        cmocka_unit_test(a_name_cannot_leave_its_quotes),
        cmocka_unit_test(sql_of_the_caller_is_kept),
    };
    return cmocka_run_group_tests_name("sql", tests, NULL, NULL);
}
