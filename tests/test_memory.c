/* tests/test_memory.c -- codedb_memory.c: plain memory, arenas, blocks, buffers. */
#include "support.h"

#include "codedb_internal.h"

#include <sys/wait.h>

static codedb_allocator library;

static int set_up(void **state)
{
    (void)state;
    library = codedb_allocator_or_default(NULL);
    return 0;
}

static void sizes_that_overflow_are_refused(void **state)
{
    char *some = codedb_memory_allocate(&library, 1, 10);
    (void)state;
    assert_non_null(some);
    assert_null(codedb_memory_allocate(&library, SIZE_MAX / 2, 3));
    assert_null(codedb_memory_allocate(&library, SIZE_MAX, 1));
    assert_null(codedb_memory_reallocate(&library, some, 10, SIZE_MAX / 2, 3));
    assert_null(codedb_memory_reallocate(&library, some, SIZE_MAX / 2, 10, 3));
    assert_null(codedb_block_allocate(&library, SIZE_MAX));
    codedb_memory_release(&library, some);
    codedb_memory_release(&library, NULL);
}

static void nothing_is_a_valid_pointer(void **state)
{
    char *none = codedb_memory_allocate(&library, 0, 8);
    (void)state;
    assert_non_null(none);
    none = codedb_memory_reallocate(&library, none, 0, 0, 8);
    assert_non_null(none);
    codedb_memory_release(&library, none);
    none = codedb_memory_reallocate(&library, NULL, 0, 5, 1);
    assert_non_null(none);
    memcpy(none, "four", 5);
    none = codedb_memory_reallocate(&library, none, 5, 5000, 1);
    assert_non_null(none);
    assert_string_equal(none, "four");
    codedb_memory_release(&library, none);
}

static void free_takes_null_blocks_and_roots(void **state)
{
    codedb_arena *arena = codedb_arena_create(NULL);
    char *block = codedb_block_allocate(NULL, 3);
    int *root = codedb_arena_allocate_root(arena, 4, sizeof(int));
    (void)state;
    codedb_free(NULL);
    assert_non_null(block);
    memcpy(block, "ab", 3);
    codedb_free(block);
    assert_non_null(root);
    assert_int_equal(root[3], 0);
    assert_non_null(codedb_arena_allocate(arena, 100, 1000));
    codedb_free(root);
}

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
    codedb_arena *arena = codedb_arena_create(&library);
    unsigned char *pieces[400];
    size_t i, j;
    (void)state;
    assert_non_null(arena);
    assert_ptr_equal(codedb_arena_allocator(arena)->allocate, library.allocate);
    for (i = 0; i < 400; i++) {
        pieces[i] = codedb_arena_allocate(arena, i % 7 == 0 ? i * 50 : i % 30, 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        for (j = 0; j < (i % 7 == 0 ? i * 50 : i % 30); j++) {
            assert_int_equal(pieces[i][j], 0);
            pieces[i][j] = (unsigned char)i;
        }
    }
    for (i = 0; i < 400; i++)
        for (j = 0; j < (i % 7 == 0 ? i * 50 : i % 30); j++)
            assert_int_equal(pieces[i][j], (unsigned char)i);
    codedb_arena_destroy(arena);
    codedb_arena_destroy(NULL);
}

static void arenas_refuse_what_no_memory_has(void **state)
{
    codedb_arena *arena = codedb_arena_create(NULL);
    (void)state;
    assert_null(codedb_arena_allocate(arena, SIZE_MAX / 2, 4));
    assert_null(codedb_arena_allocate(arena, PTRDIFF_MAX, 1));
    assert_null(codedb_arena_allocate(arena, (size_t)PTRDIFF_MAX - 40, 1));
    assert_null(codedb_arena_allocate_root(arena, PTRDIFF_MAX, 1));
    assert_null(codedb_arena_copy(arena, "", SIZE_MAX));
    codedb_arena_destroy(arena);
}

static void arena_text_ends_with_a_nul(void **state)
{
    codedb_arena *arena = codedb_arena_create(NULL);
    char *long_text;
    (void)state;
    assert_memory_equal(codedb_arena_copy(arena, "a\0bc", 3), "a\0b", 4);
    assert_string_equal(codedb_arena_copy(arena, NULL, 0), "");
    assert_string_equal(codedb_arena_printf(arena, "%s-%d", "x", 7), "x-7");
    long_text = codedb_arena_printf(arena, "%5000d", 1);
    assert_int_equal(strlen(long_text), 5000);
    codedb_arena_destroy(arena);
}

static void buffers_append_every_kind(void **state)
{
    codedb_buffer buffer;
    char *block;
    (void)state;
    codedb_buffer_init(&buffer, NULL);
    codedb_buffer_append(&buffer, NULL, 0);
    assert_string_equal(buffer.data, "");
    codedb_buffer_append_text(&buffer, "n=");
    codedb_buffer_append_integer(&buffer, 0);
    codedb_buffer_append_byte(&buffer, ' ');
    codedb_buffer_append_integer(&buffer, INT64_MIN);
    codedb_buffer_append_byte(&buffer, ' ');
    codedb_buffer_append_integer(&buffer, INT64_MAX);
    codedb_buffer_printf(&buffer, " %s%c", "end", '.');
    assert_string_equal(buffer.data, "n=0 -9223372036854775808 9223372036854775807 end.");
    assert_int_equal(buffer.length, strlen(buffer.data));
    block = codedb_buffer_take_block(&buffer);
    assert_string_equal(block, "n=0 -9223372036854775808 9223372036854775807 end.");
    codedb_free(block);
    assert_null(buffer.data);
    block = codedb_buffer_take_block(&buffer);
    assert_string_equal(block, "");
    codedb_free(block);
}

static void buffers_grow_and_keep_what_they_hold(void **state)
{
    codedb_buffer buffer;
    int i;
    (void)state;
    codedb_buffer_init(&buffer, &library);
    for (i = 0; i < 20000; i++)
        codedb_buffer_printf(&buffer, "%05d", i);
    assert_int_equal(buffer.length, 100000);
    assert_memory_equal(buffer.data + 5 * 12345, "12345", 5);
    codedb_buffer_free(&buffer);
    codedb_buffer_free(&buffer);
}

static void a_failed_buffer_stays_failed(void **state)
{
    codedb_buffer buffer;
    (void)state;
    codedb_buffer_init(&buffer, NULL);
    codedb_buffer_append_text(&buffer, "kept");
    assert_false(codedb_buffer_reserve(&buffer, SIZE_MAX / 2));
    assert_true(buffer.failed);
    codedb_buffer_append_text(&buffer, "lost");
    codedb_buffer_printf(&buffer, "%d", 1);
    assert_false(codedb_buffer_reserve(&buffer, 0));
    assert_string_equal(buffer.data, "kept");
    assert_null(codedb_buffer_take_block(&buffer));
    assert_false(buffer.failed);
    codedb_buffer_free(&buffer);
}

static void assert_json(const char *text, size_t length, const char *expected)
{
    codedb_buffer buffer;
    codedb_buffer_init(&buffer, NULL);
    codedb_buffer_append_json(&buffer, text, length);
    assert_string_equal(buffer.data, expected);
    codedb_buffer_free(&buffer);
}

static void json_strings_are_escaped(void **state)
{
    (void)state;
    assert_json("", 0, "\"\"");
    assert_json("plain", 5, "\"plain\"");
    assert_json("\"\\\b\f\n\r\t/", 8, "\"\\\"\\\\\\b\\f\\n\\r\\t/\"");
    assert_json("a\0\x1f\x7f", 4, "\"a\\u0000\\u001f\\u007f\"");
    assert_json("caf\xC3\xA9 \xF0\x9F\x98\x80", 10, "\"caf\xC3\xA9 \xF0\x9F\x98\x80\"");
    assert_json("a\xFF\xFE\xED\xA0\x80z", 7, "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
    assert_json("\xE2\x82", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static codedb_code use_everything(const codedb_allocator *allocator)
{
    codedb_code code = CODEDB_NO_MEMORY;
    codedb_arena *arena = codedb_arena_create(allocator);
    char *block = NULL;
    codedb_buffer buffer;
    int i;
    codedb_buffer_init(&buffer, allocator);
    if (arena == NULL || codedb_arena_allocate_root(arena, 3, 100) == NULL)
        goto cleanup;
    for (i = 0; i < 50; i++) {
        if (codedb_arena_printf(arena, "%0300d", i) == NULL || codedb_arena_allocate(arena, 10, 1000) == NULL)
            goto cleanup;
        codedb_buffer_printf(&buffer, "%0300d", i);
        codedb_buffer_append_json(&buffer, "a\n\xFF", 3);
    }
    block = codedb_buffer_take_block(&buffer);
    if (block != NULL)
        code = CODEDB_SUCCESS;
cleanup:
    codedb_free(block);
    codedb_buffer_free(&buffer);
    codedb_arena_destroy(arena);
    return code;
}

static void every_allocation_may_fail(void **state)
{
    support_failing failing;
    long n;
    (void)state;
    for (n = 0; support_failing_start(&failing, n); n++) {
        codedb_code code = use_everything(&failing.allocator);
        support_failing_check(&failing, code);
    }
    assert_true(n > 10);
}

static void a_forked_child_is_not_at_home(void **state)
{
    codedb_home homes[2];
    int i;
    (void)state;
    codedb_home_init(&homes[0]);
    codedb_home_init(&homes[1]);
    codedb_home_free(&homes[1]); /* where the kernel cannot clear pages, the process id decides */
    for (i = 0; i < 2; i++) {
        pid_t child = fork();
        int status;
        if (child == 0)
            _exit(codedb_home_is_here(&homes[i]) ? 1 : 0);
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_true(codedb_home_is_here(&homes[i]));
    }
    codedb_home_free(&homes[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_overflow_are_refused),  cmocka_unit_test(nothing_is_a_valid_pointer),
        cmocka_unit_test(free_takes_null_blocks_and_roots), cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(arenas_refuse_what_no_memory_has), cmocka_unit_test(arena_text_ends_with_a_nul),
        cmocka_unit_test(buffers_append_every_kind),        cmocka_unit_test(buffers_grow_and_keep_what_they_hold),
        cmocka_unit_test(a_failed_buffer_stays_failed),     cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(every_allocation_may_fail),        cmocka_unit_test(a_forked_child_is_not_at_home),
    };
    return cmocka_run_group_tests_name("codedb_memory", tests, set_up, NULL);
}
