/* tests/test_write.c -- accuses codedb_write.c: files replaced whole, all or none, with what happened to each told. */
#include "codedb_write.h"
#include "files.h"
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

static codedb_file_write make(const char *path, const char *old, const char *text)
{
    codedb_file_write file = CODEDB_INIT(codedb_file_write);
    file.path = path;
    file.old_bytes = old;
    file.old_length = strlen(old);
    file.bytes = text;
    file.length = strlen(text);
    return file;
}

/* Paths of the scratch folder that live as long as the test. */
static char *path_of(files_scratch *scratch, const char *name)
{
    return strdup(files_path(scratch, name));
}

/* Fails when anything but `count` files is in the folder: a temporary file was left. */
static void assert_count(files_scratch *scratch, int count)
{
    char command[512];
    snprintf(command, sizeof command, "test $(ls -A '%s' | wc -l) = %d", scratch->path, count);
    assert_int_equal(system(command), 0);
}

static void files_get_their_new_content_and_keep_their_mode(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    char *a = path_of(scratch, "a.py"), *b = path_of(scratch, "b.py");
    struct stat status;
    files_write(scratch, "a.py", "a = 1\n");
    files_write(scratch, "b.py", "");
    assert_int_equal(chmod(a, 0751), 0);
    codedb_file_write files[] = {make(a, "a = 1\n", "a = 2\n"), make(b, "", "b\n")};
    assert_success(codedb_files_write(files, 2, &result), result);
    files_assert_text(scratch, "a.py", "a = 2\n");
    files_assert_text(scratch, "b.py", "b\n");
    assert_int_equal(stat(a, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0751);
    assert_int_equal(files[0].outcome, CODEDB_WRITE_WRITTEN);
    assert_int_equal(files[1].outcome, CODEDB_WRITE_WRITTEN);
    assert_contains(result.data, "\"outcome\": \"written\"");
    assert_count(scratch, 2);
    assert_success(codedb_files_write(NULL, 0, &result), result);
    codedb_result_clear(&result);
    free(a);
    free(b);
}

/* Writes two files of which the second one cannot be; nothing may have happened to the first. */
static void check_refused(files_scratch *scratch, const codedb_file_write *second, codedb_code expected, const char *words,
                          int count)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    char *a = path_of(scratch, "a.py");
    files_write(scratch, "a.py", "a\n");
    codedb_file_write files[] = {make(a, "a\n", "new\n"), *second};
    assert_code(codedb_files_write(files, 2, &result), expected, result);
    assert_contains(result.description, words);
    assert_int_equal(files[0].outcome, CODEDB_WRITE_UNTOUCHED);
    assert_int_equal(files[1].outcome, CODEDB_WRITE_REFUSED);
    assert_string_not_equal(files[1].problem, "");
    assert_contains(result.data, "\"untouched\"");
    files_assert_text(scratch, "a.py", "a\n");
    assert_count(scratch, count);
    codedb_result_clear(&result);
    free(a);
}

static void a_file_that_has_changed_is_a_conflict_and_nothing_is_written(void **state)
{
    files_scratch *scratch = *state;
    char *b = path_of(scratch, "b.py");
    files_write(scratch, "b.py", "other\n");
    codedb_file_write second = make(b, "b\n", "new\n");
    check_refused(scratch, &second, CODEDB_CONFLICT, "has changed since it was read", 2);
    second = make(b, "other\nand more\n", "new\n");
    check_refused(scratch, &second, CODEDB_CONFLICT, "has changed", 2);
    files_assert_text(scratch, "b.py", "other\n");
    free(b);
}

static void a_file_that_is_missing_read_only_or_none_is_refused(void **state)
{
    files_scratch *scratch = *state;
    char *b = path_of(scratch, "b.py"), *folder = path_of(scratch, "folder");
    codedb_file_write second = make(b, "b\n", "new\n");
    check_refused(scratch, &second, CODEDB_NOT_FOUND, "b.py: ", 1);
    files_write(scratch, "b.py", "b\n");
    assert_int_equal(chmod(b, 0444), 0);
    check_refused(scratch, &second, CODEDB_PERMISSION_DENIED, "read-only", 2);
    files_folder(scratch, "folder");
    second = make(folder, "", "new\n");
    check_refused(scratch, &second, CODEDB_PERMISSION_DENIED, "no regular file", 3);
    free(b);
    free(folder);
}

static void a_link_stays_a_link(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    struct stat status;
    char *b = path_of(scratch, "b.py"), *link_path = path_of(scratch, "link.py");
    files_write(scratch, "b.py", "b\n");
    assert_int_equal(symlink("b.py", link_path), 0);
    codedb_file_write file = make(link_path, "b\n", "c\n");
    assert_success(codedb_files_write(&file, 1, &result), result);
    assert_int_equal(lstat(link_path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    files_assert_text(scratch, "b.py", "c\n");
    file = make(link_path, "c\n", "d\n");
    codedb_file_write none = make("/nowhere/none.py", "", "new\n");
    check_refused(scratch, &none, CODEDB_NOT_FOUND, "none.py", 3);
    codedb_file_write twice[] = {make(link_path, "c\n", "d\n"), make(b, "c\n", "e\n")};
    assert_code(codedb_files_write(twice, 2, &result), CODEDB_INVALID_REQUEST, result);
    assert_contains(result.description, "two of the paths");
    assert_int_equal(twice[0].outcome, CODEDB_WRITE_UNTOUCHED);
    assert_int_equal(twice[1].outcome, CODEDB_WRITE_REFUSED);
    assert_contains(twice[1].problem, "two of the paths");
    files_assert_text(scratch, "b.py", "c\n");
    codedb_result_clear(&result);
    free(b);
    free(link_path);
}

/* Given by a link, by itself, by a hard link and by a link to that: one file, written once. */
static void a_file_of_several_names_is_written_once(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    struct stat status, other;
    char *paths[] = {path_of(scratch, "a_link.py"), path_of(scratch, "b.py"), path_of(scratch, "hard.py"),
                     path_of(scratch, "z_link.py")};
    files_write(scratch, "b.py", "b\n");
    assert_int_equal(symlink("b.py", paths[0]), 0);
    assert_int_equal(link(paths[1], paths[2]), 0);
    assert_int_equal(symlink("hard.py", paths[3]), 0);
    codedb_file_write files[] = {make(paths[0], "b\n", "c\n"), make(paths[1], "b\n", "c\n"), make(paths[2], "b\n", "c\n"),
                                 make(paths[3], "b\n", "c\n")};
    assert_success(codedb_files_write(files, 4, &result), result);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(files[i].outcome, CODEDB_WRITE_WRITTEN);
        assert_int_equal(lstat(paths[i], &status), 0);
        assert_int_equal(S_ISLNK(status.st_mode) != 0, i == 0 || i == 3);
    }
    files_assert_text(scratch, "b.py", "c\n");
    assert_int_equal(stat(paths[1], &status) | stat(paths[2], &other), 0);
    assert_int_equal(status.st_ino, other.st_ino);
    assert_count(scratch, 4); /* no temporary one is left */
    for (size_t i = 0; i < 4; i++)
        free(paths[i]);
    codedb_result_clear(&result);
}

static void calls_without_sense_are_invalid_requests(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_file_write file = make("x", "", "");
    assert_code(codedb_files_write(NULL, 1, &result), CODEDB_INVALID_REQUEST, result);
    file.struct_size = 0;
    assert_code(codedb_files_write(&file, 1, &result), CODEDB_INVALID_REQUEST, result);
    file = make("x", "", "");
    file.path = NULL;
    assert_code(codedb_files_write(&file, 1, &result), CODEDB_INVALID_REQUEST, result);
    assert_count(scratch, 0);
    codedb_result_clear(&result);
}

/* Two staged files in folders of their own. */
static codedb_writer *stage_two(files_scratch *scratch, const codedb_allocator *allocator)
{
    codedb_writer *writer = codedb_writer_create(allocator, 2);
    codedb_result result = CODEDB_INIT(codedb_result);
    files_folder(scratch, "one");
    files_folder(scratch, "two");
    files_write(scratch, "one/a.py", "a\n");
    files_write(scratch, "two/b.py", "b\n");
    assert_success(codedb_writer_stage(writer, files_path(scratch, "one/a.py"), "a\n", 2, "new a\n", 6, &result), result);
    assert_success(codedb_writer_stage(writer, files_path(scratch, "two/b.py"), "b\n", 2, "new b\n", 6, &result), result);
    codedb_result_clear(&result);
    return writer;
}

static void a_file_that_was_written_is_restored_when_the_next_one_cannot_be(void **state)
{
    files_scratch *scratch = *state;
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_result result = CODEDB_INIT(codedb_result);
    const char *problem;
    codedb_buffer text;
    codedb_writer *writer = stage_two(scratch, &allocator);
    files_write(scratch, "two/b.py", "changed meanwhile\n");
    assert_code(codedb_writer_commit(writer, &result), CODEDB_CONFLICT, result);
    files_assert_text(scratch, "one/a.py", "a\n");
    files_assert_text(scratch, "two/b.py", "changed meanwhile\n");
    assert_int_equal(codedb_writer_outcome(writer, 0, &problem), CODEDB_WRITE_RESTORED);
    assert_int_equal(codedb_writer_outcome(writer, 1, &problem), CODEDB_WRITE_REFUSED);
    assert_contains(problem, "has changed");
    codedb_buffer_init(&text, &allocator);
    codedb_writer_describe(writer, &text);
    codedb_buffer_append_byte(&text, '\0');
    assert_contains(text.data, "one/a.py\", \"outcome\": \"restored\"}");
    codedb_buffer_free(&text);
    codedb_writer_free(writer);
    codedb_result_clear(&result);
}

static void a_file_that_cannot_be_restored_is_told(void **state)
{
    files_scratch *scratch = *state;
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_result result = CODEDB_INIT(codedb_result);
    const char *problem;
    codedb_writer *writer = stage_two(scratch, &allocator);
    char *moved = path_of(scratch, "moved");
    assert_success(codedb_writer_commit(writer, &result), result);
    assert_int_equal(rename(files_path(scratch, "one"), moved), 0);
    codedb_writer_undo(writer);
    assert_int_equal(codedb_writer_outcome(writer, 0, &problem), CODEDB_WRITE_STUCK);
    assert_string_not_equal(problem, "");
    assert_int_equal(codedb_writer_outcome(writer, 1, &problem), CODEDB_WRITE_RESTORED);
    files_assert_text(scratch, "moved/a.py", "new a\n");
    files_assert_text(scratch, "two/b.py", "b\n");
    assert_int_equal(codedb_writer_outcome(writer, 2, &problem), CODEDB_WRITE_UNTOUCHED);
    codedb_writer_free(writer);
    codedb_result_clear(&result);
    free(moved);
}

static void a_full_disk_changes_nothing(void **state)
{
    files_scratch *scratch = *state;
    codedb_result result = CODEDB_INIT(codedb_result);
    struct rlimit before, small;
    char *a = path_of(scratch, "a.py");
    files_write(scratch, "a.py", "a\n");
    codedb_file_write file = make(a, "a\n", "a text that is too long\n");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    codedb_code code = codedb_files_write(&file, 1, &result);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_code(code, CODEDB_DATABASE_ERROR, result);
    assert_int_equal(file.outcome, CODEDB_WRITE_REFUSED);
    files_assert_text(scratch, "a.py", "a\n");
    assert_count(scratch, 1);
    codedb_result_clear(&result);
    free(a);
}

static void every_failed_allocation_changes_nothing(void **state)
{
    files_scratch *scratch = *state;
    support_failing failing;
    char *a = path_of(scratch, "a.py");
    files_write(scratch, "a.py", "a\n");
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_writer *writer = codedb_writer_create(&failing.allocator, 1);
        codedb_code code = writer ? codedb_writer_stage(writer, a, "a\n", 2, "b\n", 2, NULL) : CODEDB_NO_MEMORY;
        if (code == CODEDB_SUCCESS)
            code = codedb_writer_commit(writer, NULL);
        if (code == CODEDB_SUCCESS)
            codedb_writer_undo(writer);
        else
            assert_true(atomic_load(&failing.failed));
        codedb_writer_free(writer);
        assert_count(scratch, 1);
        assert_int_equal(atomic_load(&failing.live), 0);
    }
    files_assert_text(scratch, "a.py", "a\n");
    free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_get_their_new_content_and_keep_their_mode, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(a_file_that_has_changed_is_a_conflict_and_nothing_is_written, files_setup,
                                        files_teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_missing_read_only_or_none_is_refused, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(a_link_stays_a_link, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(a_file_of_several_names_is_written_once, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(a_file_that_was_written_is_restored_when_the_next_one_cannot_be, files_setup,
                                        files_teardown),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_restored_is_told, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_changes_nothing, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(every_failed_allocation_changes_nothing, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(calls_without_sense_are_invalid_requests, files_setup, files_teardown),
    };
    return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
