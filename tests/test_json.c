/* tests/test_json.c -- codedb_json.c: what is JSON, where it is not, and the member of an object. */
#include "support.h"

#include "codedb_objects.h"

static void what_rfc_8259_allows_is_valid(void **state)
{
    static const char *const texts[] = {"null",
                                        "true",
                                        " false ",
                                        "0",
                                        "-0",
                                        "12",
                                        "-1.5",
                                        "1e5",
                                        "1E+5",
                                        "2.5e-10",
                                        "\"\"",
                                        "\"a\\n\\u00E9\\\\\"",
                                        "[]",
                                        "[ ]",
                                        "{}",
                                        "{ }",
                                        "[1, [2, {\"a\": [] , \"b\":{}}], null]",
                                        "{\"a\": 1, \"a\": 2}",
                                        "\t\r\n[\n1\n]\n",
                                        "\"\x7f\xc3\xa9\"",
                                        "[[[]],[]]"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t offset;
        if (!codedb_json_is_valid(texts[i], strlen(texts[i]), &offset))
            fail_msg("%s is refused at %zu", texts[i], offset);
        assert_int_equal(offset, strlen(texts[i]));
    }
}

static void what_it_does_not_is_refused_at_its_place(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
    } texts[] = {{"", 0},
                 {"  ", 2},
                 {"nul", 3},
                 {"nulL", 3},
                 {"True", 0},
                 {"01", 1},
                 {"-", 1},
                 {"+1", 0},
                 {".5", 0},
                 {"1.", 2},
                 {"1.e5", 2},
                 {"1e", 2},
                 {"1e+", 3},
                 {"\"", 1},
                 {"\"a", 2},
                 {"\"\n\"", 1},
                 {"\"\\x\"", 2},
                 {"\"\\u12g4\"", 5},
                 {"\"\\u12", 5},
                 {"\"\\", 2},
                 {"[", 1},
                 {"[1", 2},
                 {"[1,", 3},
                 {"[1,]", 3},
                 {"[,1]", 1},
                 {"[1 2]", 3},
                 {"]", 0},
                 {"[}", 1},
                 {"{", 1},
                 {"{\"a\"", 4},
                 {"{\"a\":", 5},
                 {"{\"a\":}", 5},
                 {"{\"a\" 1}", 5},
                 {"{a: 1}", 1},
                 {"{\"a\": 1,}", 8},
                 {"{\"a\": 1]", 7},
                 {"{1: 2}", 1},
                 {"[1] 2", 4},
                 {"NaN", 0},
                 {"'a'", 0},
                 {"{\"a\": 1, 2}", 9},
                 {"[\"a\":1]", 4}};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t offset;
        if (codedb_json_is_valid(texts[i].text, strlen(texts[i].text), &offset))
            fail_msg("%s is accepted", texts[i].text);
        if (offset != texts[i].offset)
            fail_msg("%s is refused at %zu, expected %zu", texts[i].text, offset, texts[i].offset);
    }
}

static void a_nul_is_a_byte_like_any_other(void **state)
{
    size_t offset;
    (void)state;
    assert_false(codedb_json_is_valid("[1]\0", 4, &offset));
    assert_int_equal(offset, 3);
    assert_false(codedb_json_is_valid("\"\0\"", 3, &offset));
    assert_false(codedb_json_is_valid("\"\\\0\"", 4, &offset));
    assert_false(codedb_json_is_valid("\"\\u00\0\"", 7, &offset));
}

/* Far deeper than cJSON goes, and not without end: the depth takes no stack. */
static void nesting_is_bounded_but_deep(void **state)
{
    enum { DEPTH = 65536 };
    char *text = malloc(2 * DEPTH + 2);
    size_t offset;
    (void)state;
    assert_non_null(text);
    memset(text, '[', DEPTH + 1);
    memset(text + DEPTH, ']', DEPTH);
    assert_true(codedb_json_is_valid(text, 2 * DEPTH, &offset));
    memset(text, '[', DEPTH + 1);
    memset(text + DEPTH + 1, ']', DEPTH + 1);
    assert_false(codedb_json_is_valid(text, 2 * DEPTH + 2, &offset));
    assert_int_equal(offset, DEPTH);
    free(text);
}

static void a_text_member_is_found_on_the_top_level(void **state)
{
    static const struct {
        const char *text;
        const char *found;
    } texts[] = {
        {"{\"id\": \"x\"}", "x"},
        {" { \"a\" : {\"id\": \"inner\"}, \"id\" : \"outer\" } ", "outer"},
        {"{\"ids\": \"x\", \"i\": \"y\"}", NULL},
        {"{\"id\": 5, \"b\": 1}", NULL},
        {"{\"id\": \"a\\n\"}", NULL},
        {"{\"id\": \"\"}", ""},
        {"{}", NULL},
        {"[\"id\"]", NULL},
        {"{\"id\": \"x\"", NULL},
        {"\"id\"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t length;
        const char *found = codedb_json_text_member(texts[i].text, strlen(texts[i].text), "id", &length);
        assert_int_equal(found == NULL, texts[i].found == NULL);
        assert_int_equal(length, found == NULL ? 0 : strlen(texts[i].found));
        assert_true(found == NULL || memcmp(found, texts[i].found, length) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_rfc_8259_allows_is_valid),           cmocka_unit_test(what_it_does_not_is_refused_at_its_place),
        cmocka_unit_test(a_nul_is_a_byte_like_any_other),          cmocka_unit_test(nesting_is_bounded_but_deep),
        cmocka_unit_test(a_text_member_is_found_on_the_top_level),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
