/* tests/test_text.c -- codedb_text.c: UTF-8, SHA-256, UUIDs, clocks, nearest spelling. */
#include "support.h"

#include "codedb_internal.h"

static void valid_text_is_valid_to_its_end(void **state)
{
    static const char *const texts[] = {
        "",
        "a",
        "plain ASCII text, longer than eight",
        "caf\xC3\xA9",
        "\xE2\x82\xAC",
        "\xF0\x9F\x98\x80",
        "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(codedb_utf8_valid_length(texts[i], strlen(texts[i])), strlen(texts[i]));
    assert_int_equal(codedb_utf8_valid_length("a\0b\0", 4), 4);
}

static void bad_bytes_are_found_where_they_are(void **state)
{
    /* Lone continuation, overlong, surrogate, beyond U+10FFFF, cut short, bytes that never occur. */
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\xAF",
                                      "\xC1\xBF",
                                      "\xE0\x80\xAF",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF0\x80\x80\xAF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xC3",
                                      "\xE2\x82",
                                      "\xF0\x9F\x98",
                                      "\xC3\x28",
                                      "\xE2\x28\xA1",
                                      "\xE2\x82\x28",
                                      "\xF0\x9F\x98\x28",
                                      "\xFE",
                                      "\xFF"};
    size_t i, before;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (before = 0; before < 20; before++) {
            char text[40];
            memset(text, 'x', sizeof text);
            memcpy(text + before, bad[i], strlen(bad[i]));
            assert_int_equal(codedb_utf8_valid_length(text, before + strlen(bad[i])), before);
            assert_int_equal(codedb_utf8_valid_length(text, sizeof text), before);
        }
    }
}

static void every_code_point_survives_encode_and_decode(void **state)
{
    uint32_t code_point;
    (void)state;
    for (code_point = 0; code_point <= 0x10FFFF; code_point++) {
        char bytes[4];
        size_t size, used = codedb_utf8_encode(code_point, bytes);
        bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
        assert_int_equal(codedb_utf8_valid_length(bytes, used) == used, !surrogate);
        assert_int_equal(codedb_utf8_decode(bytes, &size), code_point);
        assert_int_equal(size, used);
    }
}

static void code_points_are_counted(void **state)
{
    char text[400];
    size_t length = 0, points = 0;
    (void)state;
    while (length < sizeof text - 4) {
        static const uint32_t samples[] = {'a', 0xE9, 0x20AC, 0x1F600, 0x7FF, 'z', '\n'};
        length += codedb_utf8_encode(samples[points % 7], text + length);
        points++;
        assert_int_equal(codedb_utf8_count(text, length), points);
    }
}

static void sha256_gives_the_published_digests(void **state)
{
    static const struct {
        const char *text, *digest;
    } samples[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"}};
    char out[CODEDB_SHA256_HEX_SIZE];
    size_t i;
    (void)state;
    for (i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        codedb_sha256_hex(samples[i].text, strlen(samples[i].text), out);
        assert_string_equal(out, samples[i].digest);
        codedb_sha256_hex_portable(samples[i].text, strlen(samples[i].text), out);
        assert_string_equal(out, samples[i].digest);
    }
    codedb_sha256_hex(NULL, 0, out);
    assert_string_equal(out, samples[0].digest);
}

static void sha256_of_a_million_letters(void **state)
{
    char out[CODEDB_SHA256_HEX_SIZE];
    char *text = malloc(1000000);
    (void)state;
    assert_non_null(text);
    memset(text, 'a', 1000000);
    codedb_sha256_hex(text, 1000000, out);
    assert_string_equal(out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    codedb_sha256_hex_portable(text, 1000000, out);
    assert_string_equal(out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(text);
}

static void the_processors_sha256_agrees_with_the_portable_one(void **state)
{
    unsigned char bytes[300];
    size_t length;
    (void)state;
    for (length = 0; length < sizeof bytes; length++) {
        char fast[CODEDB_SHA256_HEX_SIZE], portable[CODEDB_SHA256_HEX_SIZE];
        bytes[length] = (unsigned char)(length * 167 + 13);
        codedb_sha256_hex(bytes, length, fast);
        codedb_sha256_hex_portable(bytes, length, portable);
        assert_string_equal(fast, portable);
    }
}

static void uuids_are_of_version_4_and_differ(void **state)
{
    char first[CODEDB_UUID_SIZE], second[CODEDB_UUID_SIZE];
    int i;
    (void)state;
    for (i = 0; i < 100; i++) {
        assert_true(codedb_uuid4(first));
        assert_true(codedb_uuid4(second));
        assert_string_not_equal(first, second);
        assert_int_equal(strlen(first), 36);
        assert_int_equal(first[8], '-');
        assert_int_equal(first[13], '-');
        assert_int_equal(first[14], '4');
        assert_int_equal(first[18], '-');
        assert_non_null(strchr("89ab", first[19]));
        assert_int_equal(first[23], '-');
        assert_int_equal(strspn(first, "0123456789abcdef-"), 36);
    }
}

static void clocks_go_forward_and_agree(void **state)
{
    double monotonic = codedb_monotonic_now();
    double unix_time = codedb_unix_time_now();
    double julian = codedb_julian_day_now();
    (void)state;
    assert_true(unix_time > 1.6e9);
    /* The Unix epoch is Julian day 2440587.5. Half a minute of slack for a debugger. */
    assert_true((julian - 2440587.5) * 86400 - unix_time < 30);
    assert_true((julian - 2440587.5) * 86400 - unix_time > -0.01);
    assert_true(codedb_monotonic_now() >= monotonic);
}

static const char *nearest(const char *word)
{
    static const char *const names[] = {"path", "type", "backup_dir", "queue_size", "Function", "FunctionDef", NULL};
    return codedb_text_nearest(word, strlen(word), names);
}

static void a_misspelt_word_finds_its_neighbour(void **state)
{
    (void)state;
    assert_string_equal(nearest("pth"), "path");
    assert_string_equal(nearest("ptah"), "path");
    assert_string_equal(nearest("PATH"), "path");
    assert_string_equal(nearest("tpye"), "type");
    assert_string_equal(nearest("backupdir"), "backup_dir");
    assert_string_equal(nearest("queuesize"), "queue_size");
    assert_string_equal(nearest("FuncitonDef"), "FunctionDef");
    assert_string_equal(nearest("functoin"), "Function");
}

static void a_word_far_from_all_finds_none(void **state)
{
    char long_word[200];
    (void)state;
    assert_null(nearest(""));
    assert_null(nearest("x"));
    assert_null(nearest("selector"));
    memset(long_word, 'p', sizeof long_word);
    long_word[199] = '\0';
    assert_null(nearest(long_word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_text_is_valid_to_its_end),
        cmocka_unit_test(bad_bytes_are_found_where_they_are),
        cmocka_unit_test(every_code_point_survives_encode_and_decode),
        cmocka_unit_test(code_points_are_counted),
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(sha256_of_a_million_letters),
        cmocka_unit_test(the_processors_sha256_agrees_with_the_portable_one),
        cmocka_unit_test(uuids_are_of_version_4_and_differ),
        cmocka_unit_test(clocks_go_forward_and_agree),
        cmocka_unit_test(a_misspelt_word_finds_its_neighbour),
        cmocka_unit_test(a_word_far_from_all_finds_none),
    };
    return cmocka_run_group_tests_name("codedb_text", tests, NULL, NULL);
}
