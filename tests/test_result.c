/* tests/test_result.c -- codedb_result.c from inside: how an error is made. */
#include "support.h"

#include "codedb_internal.h"

static codedb_result result = CODEDB_INIT(codedb_result);

static int tear_down(void **state)
{
    (void)state;
    codedb_result_clear(&result);
    return 0;
}

static void an_error_has_its_place(void **state)
{
    (void)state;
    assert_int_equal(codedb_fail_at(&result, CODEDB_PARSE_ERROR, 12, 3, 2, 5, "found %s", "this"), CODEDB_PARSE_ERROR);
    assert_string_equal(result.description, "found this");
    assert_int_equal(result.offset, 12);
    assert_int_equal(result.length, 3);
    assert_int_equal(result.line, 2);
    assert_int_equal(result.column, 5);
    codedb_fail_at(&result, CODEDB_PARSE_ERROR, 0, 0, SIZE_MAX, SIZE_MAX, "far");
    assert_int_equal(result.line, UINT32_MAX);
    assert_int_equal(result.column, UINT32_MAX);
    codedb_fail(&result, CODEDB_NOT_FOUND, "nothing");
    assert_int_equal(result.line, 0);
}

static void an_error_may_quote_the_one_before(void **state)
{
    (void)state;
    codedb_fail(&result, CODEDB_NOT_FOUND, "no table");
    codedb_fail(&result, CODEDB_SCHEMA_ERROR, "schema: %s", result.description);
    assert_string_equal(result.description, "schema: no table");
}

static void an_error_always_has_words(void **state)
{
    codedb_code code;
    (void)state;
    for (code = CODEDB_INVALID_REQUEST; code <= CODEDB_OUTCOME_UNKNOWN; code++) {
        assert_int_equal(codedb_fail(&result, code, "%s", ""), code);
        assert_true(strlen(result.description) > 4);
    }
    assert_int_equal(codedb_fail_no_memory(&result), CODEDB_NO_MEMORY);
    assert_string_equal(result.description, "out of memory");
}

static void success_may_say_something(void **state)
{
    (void)state;
    codedb_fail(&result, CODEDB_NOT_FOUND, "nothing");
    assert_int_equal(codedb_succeed_with(&result, "answered from the %s", "source"), CODEDB_SUCCESS);
    assert_string_equal(result.description, "answered from the source");
    assert_int_equal(result.code, CODEDB_SUCCESS);
    assert_int_equal(codedb_succeed(&result), CODEDB_SUCCESS);
    assert_string_equal(result.description, "");
}

static void data_goes_to_the_result_or_is_freed(void **state)
{
    codedb_result old = {.struct_size = offsetof(codedb_result, data)};
    codedb_buffer json;
    (void)state;
    codedb_buffer_init(&json, NULL);
    codedb_buffer_append_text(&json, "{\"a\": 1}");
    codedb_fail(&result, CODEDB_NOT_FOUND, "nothing");
    codedb_result_take_data(&result, &json);
    assert_string_equal(result.data, "{\"a\": 1}");
    codedb_buffer_append_text(&json, "{\"a\": 2}");
    codedb_result_take_data(&result, &json);
    assert_string_equal(result.data, "{\"a\": 2}");
    codedb_buffer_append_text(&json, "{}");
    codedb_result_take_data(&old, &json);
    assert_null(json.data);
    codedb_buffer_append_text(&json, "{}");
    codedb_result_take_data(NULL, &json);
    assert_null(json.data);
    codedb_succeed(&result);
    assert_null(result.data);
}

static void nobody_need_want_a_result(void **state)
{
    (void)state;
    assert_int_equal(codedb_fail(NULL, CODEDB_BUSY, "x"), CODEDB_BUSY);
    assert_int_equal(codedb_fail_at(NULL, CODEDB_BUSY, 1, 1, 1, 1, "x"), CODEDB_BUSY);
    assert_int_equal(codedb_succeed_with(NULL, "x"), CODEDB_SUCCESS);
    assert_int_equal(codedb_succeed(NULL), CODEDB_SUCCESS);
}

typedef struct growing {
    size_t struct_size;
    int old_field;
    int new_field;
} growing;

static void a_host_struct_of_another_size_is_read_as_far_as_it_goes(void **state)
{
    (void)state;
    growing copy;
    growing newest = {.struct_size = sizeof newest, .old_field = 1, .new_field = 2};
    growing older = {.struct_size = offsetof(growing, new_field), .old_field = 3, .new_field = 99};
    struct {
        growing known;
        int unknown;
    } later = {.known = {.struct_size = sizeof later, .old_field = 4, .new_field = 5}, .unknown = 6};
    assert_true(codedb_struct_read(&copy, sizeof copy, &newest));
    assert_int_equal(copy.new_field, 2);
    assert_true(codedb_struct_read(&copy, sizeof copy, &older));
    assert_int_equal(copy.old_field, 3);
    assert_int_equal(copy.new_field, 0);
    assert_int_equal(copy.struct_size, sizeof copy);
    assert_true(codedb_struct_read(&copy, sizeof copy, &later));
    assert_int_equal(copy.new_field, 5);
    assert_true(codedb_struct_read(&copy, sizeof copy, NULL));
    assert_int_equal(copy.old_field, 0);
    newest.struct_size = 0;
    assert_false(codedb_struct_read(&copy, sizeof copy, &newest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_its_place),
        cmocka_unit_test(an_error_may_quote_the_one_before),
        cmocka_unit_test(an_error_always_has_words),
        cmocka_unit_test(success_may_say_something),
        cmocka_unit_test(data_goes_to_the_result_or_is_freed),
        cmocka_unit_test(nobody_need_want_a_result),
        cmocka_unit_test(a_host_struct_of_another_size_is_read_as_far_as_it_goes),
    };
    return cmocka_run_group_tests_name("codedb_result", tests, NULL, tear_down);
}
