/* test_value.c -- codedb_value.c: values made by functions. */
#include "support.h"

static void each_function_makes_its_type(void **state)
{
    (void)state;
    assert_int_equal(codedb_value_null().type, CODEDB_VALUE_NULL);
    assert_int_equal(codedb_value_integer(INT64_MIN).type, CODEDB_VALUE_INTEGER);
    assert_true(codedb_value_integer(INT64_MIN).as.integer == INT64_MIN);
    assert_int_equal(codedb_value_real(0.5).type, CODEDB_VALUE_REAL);
    assert_true(codedb_value_real(0.5).as.real == 0.5);
    assert_int_equal(codedb_value_row_id_of(7).type, CODEDB_VALUE_ROW_ID_OF);
    assert_int_equal(codedb_value_row_id_of(7).as.integer, 7);
}

static void text_has_its_length_and_may_be_null(void **state)
{
    (void)state;
    assert_int_equal(codedb_value_text("abc").length, 3);
    assert_int_equal(codedb_value_text(NULL).type, CODEDB_VALUE_NULL);
    assert_int_equal(codedb_value_text_of_length("a\0b", 3).length, 3);
    assert_memory_equal(codedb_value_text_of_length("a\0b", 3).as.text, "a\0b", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function_makes_its_type),
        cmocka_unit_test(text_has_its_length_and_may_be_null),
    };
    return cmocka_run_group_tests_name("codedb_value", tests, NULL, NULL);
}
