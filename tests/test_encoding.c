/* tests/test_encoding.c -- codedb_encoding.c: BOM and coding cookie, bytes to text and back. */
#include "support.h"

#include "codedb_tree.h"

static codedb_allocator library;
static codedb_result result = CODEDB_INIT(codedb_result);

static int set_up(void **state)
{
    (void)state;
    library = codedb_allocator_or_default(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    codedb_result_clear(&result);
    return 0;
}

#define SAMPLE(literal) (literal), sizeof(literal) - 1

static void assert_decodes(const char *bytes, size_t length, const char *text, bool borrowed)
{
    codedb_decoded decoded;
    codedb_buffer back;
    assert_success(codedb_encoding_decode(&library, bytes, length, &decoded, &result), result);
    assert_int_equal(decoded.length, strlen(text));
    assert_memory_equal(decoded.text, text, decoded.length);
    assert_int_equal(decoded.owned == NULL, borrowed);
    if (borrowed)
        assert_ptr_equal(decoded.text, bytes);
    else
        assert_int_equal(decoded.text[decoded.length], '\0');
    codedb_buffer_init(&back, NULL);
    assert_success(codedb_encoding_encode(decoded.text, decoded.length, &back, &result), result);
    assert_int_equal(back.length, length);
    assert_memory_equal(back.data, bytes, length);
    codedb_buffer_free(&back);
    codedb_decoded_release(&library, &decoded);
}

static void assert_refused(const char *bytes, size_t length, size_t line, size_t column, size_t offset, const char *words)
{
    codedb_decoded decoded;
    assert_code(codedb_encoding_decode(&library, bytes, length, &decoded, &result), CODEDB_PARSE_ERROR, result);
    assert_contains(result.description, words);
    assert_int_equal(result.line, line);
    assert_int_equal(result.column, column);
    assert_int_equal(result.offset, offset);
    assert_null(decoded.text);
    assert_null(decoded.owned);
}

static void utf8_is_borrowed(void **state)
{
    (void)state;
    assert_decodes("", 0, "", true);
    assert_decodes(SAMPLE("x = 1\n"), "x = 1\n", true);
    assert_decodes(SAMPLE("x = '\xC3\xA9'\n"), "x = '\xC3\xA9'\n", true);
    assert_decodes(SAMPLE("# coding: utf-8\nx = '\xC3\xA9'\n"), "# coding: utf-8\nx = '\xC3\xA9'\n", true);
    assert_decodes(SAMPLE("# -*- coding: UTF_8-unix -*-\n\xC3\xA9"), "# -*- coding: UTF_8-unix -*-\n\xC3\xA9", true);
    assert_decodes(SAMPLE("# coding: u8\n\xC3\xA9"), "# coding: u8\n\xC3\xA9", true);
}

static void a_bom_stays_in_the_text(void **state)
{
    (void)state;
    assert_decodes(SAMPLE("\xEF\xBB\xBF"), "\xEF\xBB\xBF", true);
    assert_decodes(SAMPLE("\xEF\xBB\xBF# coding: utf-8\n\xC3\xA9"), "\xEF\xBB\xBF# coding: utf-8\n\xC3\xA9", true);
}

static void a_bom_refuses_another_cookie(void **state)
{
    (void)state;
    assert_refused(SAMPLE("\xEF\xBB\xBF# coding: latin-1\n"), 1, 10, 13, "'latin-1'");
    assert_refused(SAMPLE("\xEF\xBB\xBF\n# coding: utf8\n"), 2, 10, 14, "BOM");
}

static void latin1_and_ascii_are_decoded(void **state)
{
    (void)state;
    assert_decodes(SAMPLE("# coding: latin-1\nx = '\xE9\xFF'\n"), "# coding: latin-1\nx = '\xC3\xA9\xC3\xBF'\n", false);
    assert_decodes(SAMPLE("# coding: latin-1\nx = 'e'\n"), "# coding: latin-1\nx = 'e'\n", true);
    assert_decodes(SAMPLE("#coding=ISO_8859-1-dos\r\n\xE9"), "#coding=ISO_8859-1-dos\r\n\xC3\xA9", false);
    assert_decodes(SAMPLE("#!/usr/bin/python\n# vim: set fileencoding=l1 :\n\xE9"),
                   "#!/usr/bin/python\n# vim: set fileencoding=l1 :\n\xC3\xA9", false);
    assert_decodes(SAMPLE("# coding: us-ascii\nx\n"), "# coding: us-ascii\nx\n", true);
}

static void other_encodings_go_through_iconv(void **state)
{
    (void)state;
    assert_decodes(SAMPLE("# coding: iso-8859-15\n\xA4"), "# coding: iso-8859-15\n\xE2\x82\xAC", false);
    assert_decodes(SAMPLE("# coding: windows-1252\n\x80"), "# coding: windows-1252\n\xE2\x82\xAC", false);
    assert_decodes(SAMPLE("# coding: koi8-r\n\xC1"), "# coding: koi8-r\n\xD0\xB0", false);
    assert_decodes(SAMPLE("# coding: euc-jp\n\xB0\xA1"), "# coding: euc-jp\n\xE4\xBA\x9C", false);
    assert_decodes(SAMPLE("# coding: sjis\n'\\\x88\x9F'"), "# coding: sjis\n'\\\xE4\xBA\x9C'", false);
    assert_decodes(SAMPLE("# coding: gbk\n\xB0\xA1"), "# coding: gbk\n\xE5\x95\x8A", false);
    assert_decodes(SAMPLE("# coding: iso2022-jp\n\x1B$B0!\x1B(B"), "# coding: iso2022-jp\n\xE4\xBA\x9C", false);
}

static void a_cookie_counts_where_cpython_looks_for_it(void **state)
{
    (void)state;
    assert_refused(SAMPLE("\n# coding: foo\n"), 2, 10, 11, "'foo'");
    assert_refused(SAMPLE("\f\r\n#coding:foo\n"), 2, 8, 11, "'foo'");
    assert_refused(SAMPLE("\r# coding: foo"), 2, 10, 11, "'foo'");
    assert_refused(SAMPLE("# a\\\n \t# coding:\t foo\n"), 2, 13, 18, "'foo'");
    assert_refused(SAMPLE("# coding:\n# coding: foo\n"), 2, 10, 20, "'foo'");
    assert_refused(SAMPLE("# coding foo coding: bar\n"), 1, 21, 21, "'bar'");
    assert_refused(SAMPLE("# coding: foo coding: utf-8\n"), 1, 10, 10, "'foo'");
    assert_refused(SAMPLE("# coding: utf8_foo"), 1, 10, 10, "unknown encoding 'utf8_foo'");
    assert_refused(SAMPLE("# coding: unicode-escape"), 1, 10, 10, "many spellings");
    assert_refused(SAMPLE("# coding: HZ\n~{VPND~}"), 1, 10, 10, "encoding 'HZ' in the coding cookie");
    assert_refused(SAMPLE("#coding:rot13"), 1, 8, 8, "rot13");
    assert_refused(SAMPLE("#coding:__"), 1, 8, 8, "'__'");
    assert_refused(SAMPLE("#coding:.utf8"), 1, 8, 8, "'.utf8'");
    assert_decodes(SAMPLE("#coding:ANSI_X3.4-1968"), "#coding:ANSI_X3.4-1968", true);
    assert_refused(SAMPLE("#coding:2"), 1, 8, 8, "'2'");
    assert_refused(SAMPLE("#coding:abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"), 1, 8, 8,
                   "'abcdef");
    assert_decodes(SAMPLE("x\n# coding: foo\n"), "x\n# coding: foo\n", true);
    assert_decodes(SAMPLE("\\\n#coding:foo\n"), "\\\n#coding:foo\n", true);
    assert_decodes(SAMPLE("'''\n#coding:foo\n'''\n"), "'''\n#coding:foo\n'''\n", true);
    assert_decodes(SAMPLE("\n\n# coding: foo\n"), "\n\n# coding: foo\n", true);
    assert_decodes(SAMPLE("x = 1 # coding: foo\n"), "x = 1 # coding: foo\n", true);
    assert_decodes(SAMPLE("# codingx: foo\n"), "# codingx: foo\n", true);
    assert_decodes(SAMPLE("# coding: $\n"), "# coding: $\n", true);
    assert_decodes(SAMPLE("# coding:"), "# coding:", true);
    assert_decodes(SAMPLE("# coding"), "# coding", true);
}

static void bad_bytes_are_named_with_their_place(void **state)
{
    (void)state;
    assert_refused(SAMPLE("x = 1\ny = '\xC3\xA9\xFF'\n"), 2, 6, 13, "byte 0xFF is not utf-8 text");
    assert_refused(SAMPLE("\xEF\xBB\xBF\x80"), 1, 1, 3, "0x80");
    assert_refused(SAMPLE("# coding: ascii\r\r\n a\xE9"), 3, 2, 20, "0xE9 is not ascii");
    assert_refused(SAMPLE("# coding: cp1252\n\x80\x81"), 2, 1, 18, "0x81 is not cp1252");
    assert_refused(SAMPLE("# coding: euc-jp\n\xB0"), 2, 0, 17, "0xB0 is not euc-jp");
}

/* As much of a tree as encoding looks at. */
static const codedb_tree *tree_of_library(void)
{
    static codedb_tree tree;
    tree.allocator = library;
    return &tree;
}

static void assert_unencodable(const char *text, size_t length, size_t line, size_t column, const char *words)
{
    char *bytes = (char *)1;
    size_t count = 1;
    assert_code(codedb_tree_encode(tree_of_library(), text, length, &bytes, &count, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, words);
    assert_int_equal(result.line, line);
    assert_int_equal(result.column, column);
    assert_null(bytes);
    assert_int_equal(count, 0);
}

static void a_character_that_the_encoding_lacks_is_named(void **state)
{
    (void)state;
    assert_unencodable(SAMPLE("# coding: latin-1\nx = '\xE2\x82\xAC'\n"), 2, 5, "U+20AC '\xE2\x82\xAC' cannot be written");
    assert_unencodable(SAMPLE("# coding: ascii\n\xC3\xA9"), 2, 0, "U+00E9");
    assert_unencodable(SAMPLE("# coding: koi8-r\n\xC3\xA9"), 2, 0, "koi8-r");
    assert_unencodable(SAMPLE("x\xFF"), 0, 0, "0xFF at offset 1");
}

static void the_public_function_gives_a_block(void **state)
{
    char *bytes;
    size_t count;
    (void)state;
    assert_success(codedb_tree_encode(tree_of_library(), SAMPLE("# coding: latin-1\n\xC3\xA9"), &bytes, &count, &result), result);
    assert_int_equal(count, 19);
    assert_string_equal(bytes, "# coding: latin-1\n\xE9");
    codedb_free(bytes);
    assert_success(codedb_tree_encode(tree_of_library(), NULL, 0, &bytes, &count, NULL), result);
    assert_int_equal(count, 0);
    codedb_free(bytes);
    assert_code(codedb_tree_encode(NULL, "x", 1, &bytes, &count, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_tree_encode(tree_of_library(), "x", 1, NULL, &count, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_tree_encode(tree_of_library(), "x", 1, &bytes, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_tree_encode(tree_of_library(), NULL, 1, &bytes, &count, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_tree_encode(tree_of_library(), SAMPLE("#coding:foo"), &bytes, &count, &result), CODEDB_PARSE_ERROR,
                result);
}

static void long_files_are_converted_whole(void **state)
{
    codedb_decoded decoded;
    size_t length = 300000, i;
    char *bytes = malloc(length);
    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, "# coding: cp1251\n", 17);
    memset(bytes + 17, 0xE0, length - 17);
    assert_success(codedb_encoding_decode(&library, bytes, length, &decoded, &result), result);
    assert_int_equal(decoded.length, 17 + 2 * (length - 17));
    for (i = 17; i < decoded.length; i += 2)
        assert_memory_equal(decoded.text + i, "\xD0\xB0", 2);
    codedb_decoded_release(&library, &decoded);
    free(bytes);
}

static codedb_code decode_and_encode(const codedb_allocator *allocator, const char *bytes)
{
    codedb_decoded decoded;
    codedb_buffer back;
    codedb_code code = codedb_encoding_decode(allocator, bytes, strlen(bytes), &decoded, NULL);
    codedb_buffer_init(&back, allocator);
    if (code == CODEDB_SUCCESS)
        code = codedb_encoding_encode(decoded.text, decoded.length, &back, NULL);
    codedb_buffer_free(&back);
    codedb_decoded_release(allocator, &decoded);
    return code;
}

static void every_allocation_may_fail(void **state)
{
    static const char *const samples[] = {"x\n", "# coding: latin-1\n\xE9", "# coding: koi8-r\n\xC1"};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        support_failing failing;
        long n;
        for (n = 0; support_failing_start(&failing, n); n++) {
            codedb_code code = decode_and_encode(&failing.allocator, samples[i]);
            support_failing_check(&failing, code);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_borrowed),
        cmocka_unit_test(a_bom_stays_in_the_text),
        cmocka_unit_test(a_bom_refuses_another_cookie),
        cmocka_unit_test(latin1_and_ascii_are_decoded),
        cmocka_unit_test(other_encodings_go_through_iconv),
        cmocka_unit_test(a_cookie_counts_where_cpython_looks_for_it),
        cmocka_unit_test(bad_bytes_are_named_with_their_place),
        cmocka_unit_test(a_character_that_the_encoding_lacks_is_named),
        cmocka_unit_test(the_public_function_gives_a_block),
        cmocka_unit_test(long_files_are_converted_whole),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("codedb_encoding", tests, set_up, tear_down);
}
