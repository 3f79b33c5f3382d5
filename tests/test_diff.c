/* tests/test_diff.c -- accuses codedb_diff.c: unified diffs as `diff -u` writes them. */
#include "support.h"

#include "codedb_tree.h"

static void check(const char *old_text, const char *new_text, const char *path, const char *expected)
{
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_buffer out;
    codedb_buffer_init(&out, &allocator);
    assert_true(codedb_diff_append(old_text, strlen(old_text), new_text, strlen(new_text), path, &out));
    assert_string_equal(out.data ? out.data : "", expected);
    codedb_buffer_free(&out);
}

static void equal_texts_have_no_diff(void **state)
{
    (void)state;
    check("", "", "f", "");
    check("a\nb\n", "a\nb\n", "f", "");
}

static void a_hunk_has_three_lines_of_context(void **state)
{
    (void)state;
    check("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "f.py",
          "--- a/f.py\n+++ b/f.py\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

static void changes_whose_context_touches_share_a_hunk_and_others_do_not(void **state)
{
    (void)state;
    check("1\n2\n3\n4\n5\n6\n7\n8\n", "one\n2\n3\n4\n5\n6\n7\neight\n", "f",
          "--- a/f\n+++ b/f\n@@ -1,8 +1,8 @@\n-1\n+one\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+eight\n");
    check("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "one\n2\n3\n4\n5\n6\n7\n8\nnine\n", "f",
          "--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+nine\n");
}

static void an_empty_side_stands_behind_line_0(void **state)
{
    (void)state;
    check("", "a\nb\n", "f", "--- a/f\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
    check("a\n", "", "f", "--- a/f\n+++ b/f\n@@ -1 +0,0 @@\n-a\n");
}

static void a_missing_line_break_at_the_end_is_said(void **state)
{
    (void)state;
    check("a\nb", "a\nb\n", "f", "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
    check("a\nb", "x\nb", "f", "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-a\n+x\n b\n\\ No newline at end of file\n");
}

static void carriage_returns_are_bytes_of_the_line(void **state)
{
    (void)state;
    check("a\r\nb\r\n", "a\r\nc\r\n", "f", "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n");
}

static void paths_are_written_as_git_reads_them(void **state)
{
    (void)state;
    check("a\n", "b\n", "/usr/lib/a b.py", "--- a/usr/lib/a b.py\t\n+++ b/usr/lib/a b.py\t\n@@ -1 +1 @@\n-a\n+b\n");
    check("a\n", "b\n", ".//a/./.b/../c.py", "--- a/a/.b/../c.py\n+++ b/a/.b/../c.py\n@@ -1 +1 @@\n-a\n+b\n");
    check("a\n", "b\n", "q\"\\\n.py", "--- \"a/q\\\"\\\\\\012.py\"\n+++ \"b/q\\\"\\\\\\012.py\"\n@@ -1 +1 @@\n-a\n+b\n");
}

/* Applies a diff of the texts' lines, all of one character, and fails unless it gives the new text. */
static void check_applies(const char *old_text, const char *new_text, const char *diff)
{
    char *made = calloc(1, strlen(new_text) + 1), *end = made;
    const char *at = old_text;
    while (*diff) {
        const char *line_end = strchr(diff, '\n') + 1;
        if (diff[0] == '@') {
            const char *target = old_text + 2 * (strtol(diff + 4, NULL, 10) - 1);
            memcpy(end, at, (size_t)(target - at));
            end += target - at;
            at = target;
        } else if (diff[0] == '+' && diff[1] != '+') {
            memcpy(end, diff + 1, 2);
            end += 2;
        } else if ((diff[0] == '-' && diff[1] != '-') || diff[0] == ' ') {
            assert_memory_equal(at, diff + 1, 2);
            end = diff[0] == ' ' ? (char *)memcpy(end, at, 2) + 2 : end;
            at += 2;
        }
        diff = line_end;
    }
    memcpy(end, at, strlen(at));
    assert_string_equal(made, new_text);
    free(made);
}

/* Long texts of few different lines are beyond the limit of the search: the diff is then not the shortest, but right. */
static void random_texts_become_each_other(void **state)
{
    (void)state;
    enum { LINES = 6000 };
    unsigned seed = 20240607;
    print_message("seed %u\n", seed);
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    char *texts[2] = {malloc(2 * LINES + 1), malloc(2 * LINES + 1)};
    for (int round = 0; round < 40; round++) {
        size_t lines = round ? (size_t)round * 7 : LINES;
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < lines; i++) {
                seed = seed * 1664525u + 1013904223u;
                memcpy(texts[side] + 2 * i, &"a\0b\0c\0d\0e\0f\0g\0h\0"[2 * (seed >> 29)], 1);
                texts[side][2 * i + 1] = '\n';
            }
            texts[side][2 * lines] = '\0';
        }
        codedb_buffer out;
        codedb_buffer_init(&out, &allocator);
        assert_true(codedb_diff_append(texts[0], 2 * lines, texts[1], 2 * lines, "f", &out));
        check_applies(texts[0], texts[1], out.data);
        codedb_buffer_free(&out);
    }
    free(texts[0]);
    free(texts[1]);
}

static void every_failed_allocation_is_answered_and_leaks_nothing(void **state)
{
    (void)state;
    support_failing failing;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_buffer out;
        codedb_buffer_init(&out, &failing.allocator);
        bool done = codedb_diff_append("a\nb\n", 4, "a\nc\n", 4, "f", &out);
        codedb_buffer_free(&out);
        support_failing_check(&failing, done ? CODEDB_SUCCESS : CODEDB_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_no_diff),
        cmocka_unit_test(a_hunk_has_three_lines_of_context),
        cmocka_unit_test(changes_whose_context_touches_share_a_hunk_and_others_do_not),
        cmocka_unit_test(an_empty_side_stands_behind_line_0),
        cmocka_unit_test(a_missing_line_break_at_the_end_is_said),
        cmocka_unit_test(carriage_returns_are_bytes_of_the_line),
        cmocka_unit_test(paths_are_written_as_git_reads_them),
        cmocka_unit_test(random_texts_become_each_other),
        cmocka_unit_test(every_failed_allocation_is_answered_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
