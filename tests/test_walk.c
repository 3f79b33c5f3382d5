/* test_walk.c -- codedb_walk.c: which files of a folder are a project's. */
#include "support.h"

#include "files.h"

/* The relative paths that were visited, with a space behind each; problems as "path!problem ". */
typedef struct visits {
    char text[4096];
    size_t stop_after;
    size_t count;
} visits;

static int visit(void *context, const codedb_walk_entry *entry)
{
    visits *seen = context;
    size_t length = strlen(seen->text);
    snprintf(seen->text + length, sizeof seen->text - length, "%s%s%s ", entry->relative_path, entry->problem != NULL ? "!" : "",
             entry->problem != NULL ? entry->problem : "");
    seen->count++;
    return seen->stop_after != 0 && seen->count == seen->stop_after;
}

static void walk(files_scratch *scratch, const codedb_walk_options *options, visits *seen)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    memset(seen, 0, sizeof *seen);
    assert_success(codedb_folder_walk(scratch->path, options, visit, seen, &result), result);
}

static void python_files_are_visited_sorted_and_others_are_not(void **state)
{
    files_scratch *scratch = *state;
    visits seen;
    files_folder(scratch, "package");
    files_write(scratch, "z.py", "");
    files_write(scratch, "a.py", "");
    files_write(scratch, "package/stub.pyi", "");
    files_write(scratch, "package/window.pyw", "");
    files_write(scratch, "package/data.txt", "");
    files_write(scratch, "package/compiled.pyc", "");
    files_write(scratch, ".py", "");
    walk(scratch, NULL, &seen);
    assert_string_equal(seen.text, "a.py package/stub.pyi package/window.pyw z.py ");
}

static void version_control_and_virtual_environments_are_left_out_by_default(void **state)
{
    files_scratch *scratch = *state;
    visits seen;
    codedb_walk_options options = CODEDB_INIT(codedb_walk_options);
    files_folder(scratch, ".git");
    files_write(scratch, ".git/hook.py", "");
    files_folder(scratch, "environment");
    files_write(scratch, "environment/pyvenv.cfg", "home = /usr\n");
    files_write(scratch, "environment/site.py", "");
    files_write(scratch, "own.py", "");
    walk(scratch, NULL, &seen);
    assert_string_equal(seen.text, "own.py ");
    options.no_default_excludes = 1;
    walk(scratch, &options, &seen);
    assert_string_equal(seen.text, ".git/hook.py environment/site.py own.py ");
}

static void excludes_match_names_or_whole_paths(void **state)
{
    files_scratch *scratch = *state;
    visits seen;
    codedb_walk_options options = CODEDB_INIT(codedb_walk_options);
    const char *by_name[] = {"test_*"};
    const char *by_path[] = {"a/deep/*"};
    files_folder(scratch, "a");
    files_folder(scratch, "a/deep");
    files_write(scratch, "a/deep/x.py", "");
    files_write(scratch, "a/test_y.py", "");
    files_write(scratch, "a/z.py", "");
    options.exclude_count = 1;
    options.excludes = by_name;
    walk(scratch, &options, &seen);
    assert_string_equal(seen.text, "a/deep/x.py a/z.py ");
    options.excludes = by_path;
    walk(scratch, &options, &seen);
    assert_string_equal(seen.text, "a/test_y.py a/z.py ");
}

static void links_to_folders_are_not_followed_and_loops_end(void **state)
{
    files_scratch *scratch = *state;
    visits seen;
    files_folder(scratch, "a");
    files_write(scratch, "a/x.py", "");
    assert_int_equal(symlink("..", files_path(scratch, "a/up")), 0);
    assert_int_equal(symlink("self", files_path(scratch, "self")), 0);
    assert_int_equal(symlink("a/x.py", files_path(scratch, "link.py")), 0);
    walk(scratch, NULL, &seen);
    assert_string_equal(seen.text, "a/x.py link.py self!Too many levels of symbolic links ");
}

static void a_link_to_nowhere_and_a_pipe_are_reported(void **state)
{
    files_scratch *scratch = *state;
    visits seen;
    assert_int_equal(symlink("nowhere", files_path(scratch, "gone.py")), 0);
    assert_int_equal(symlink("nowhere", files_path(scratch, "gone.txt")), 0);
    assert_int_equal(mkfifo(files_path(scratch, "pipe.py"), 0600), 0);
    files_write(scratch, "x.py", "");
    walk(scratch, NULL, &seen);
    assert_string_equal(seen.text, "gone.py!No such file or directory pipe.py!not a regular file x.py ");
}

static void a_folder_that_may_not_be_read_is_reported(void **state)
{
    files_scratch *scratch = *state;
    visits seen;
    bool root = geteuid() == 0; /* root may read everything: the walk is somebody else's */
    files_folder(scratch, "closed");
    files_write(scratch, "x.py", "");
    assert_int_equal(chmod(files_path(scratch, "closed"), 0), 0);
    assert_int_equal(chmod(scratch->path, 0755), 0);
    assert_int_equal(root ? seteuid(65534) : 0, 0);
    walk(scratch, NULL, &seen);
    assert_int_equal(root ? seteuid(0) : 0, 0);
    assert_string_equal(seen.text, "closed!Permission denied x.py ");
    assert_int_equal(chmod(files_path(scratch, "closed"), 0700), 0);
}

static void slashes_behind_the_folder_do_not_matter(void **state)
{
    files_scratch *scratch = *state;
    visits seen = {.text = ""};
    codedb_result result = CODEDB_INIT(codedb_result);
    files_write(scratch, "x.py", "");
    char path[300];
    snprintf(path, sizeof path, "%s///", scratch->path);
    assert_success(codedb_folder_walk(path, NULL, visit, &seen, &result), result);
    assert_string_equal(seen.text, "x.py ");
}

static void the_callback_can_stop_the_walk(void **state)
{
    files_scratch *scratch = *state;
    visits seen = {.text = "", .stop_after = 1};
    codedb_result result = CODEDB_INIT(codedb_result);
    files_write(scratch, "a.py", "");
    files_write(scratch, "b.py", "");
    assert_code(codedb_folder_walk(scratch->path, NULL, visit, &seen, &result), CODEDB_CANCELLED, result);
    assert_string_equal(seen.text, "a.py ");
}

static void what_is_no_folder_is_refused(void **state)
{
    files_scratch *scratch = *state;
    visits seen = {.text = ""};
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_walk_options options = {0};
    files_write(scratch, "x.py", "");
    assert_code(codedb_folder_walk(files_path(scratch, "x.py"), NULL, visit, &seen, &result), CODEDB_NOT_FOUND, result);
    assert_contains(result.description, "found a file");
    assert_code(codedb_folder_walk(files_path(scratch, "none"), NULL, visit, &seen, &result), CODEDB_NOT_FOUND, result);
    assert_code(codedb_folder_walk(NULL, NULL, visit, &seen, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_folder_walk(scratch->path, NULL, NULL, &seen, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_folder_walk(scratch->path, &options, visit, &seen, &result), CODEDB_INVALID_REQUEST, result);
}

static void every_allocation_may_fail(void **state)
{
    files_scratch *scratch = *state;
    support_failing failing;
    char name[32];
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof name, "file_%02d.py", i);
        files_write(scratch, name, "");
    }
    for (long n = 0; support_failing_start(&failing, n); n++) {
        visits seen = {.text = ""};
        codedb_walk_options options = CODEDB_INIT(codedb_walk_options);
        options.allocator = &failing.allocator;
        codedb_code code = codedb_folder_walk(scratch->path, &options, visit, &seen, NULL);
        support_failing_check(&failing, code);
    }
}

int main(void)
{
#define SCRATCH_TEST(function) cmocka_unit_test_setup_teardown(function, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(python_files_are_visited_sorted_and_others_are_not),
        SCRATCH_TEST(version_control_and_virtual_environments_are_left_out_by_default),
        SCRATCH_TEST(excludes_match_names_or_whole_paths),
        SCRATCH_TEST(links_to_folders_are_not_followed_and_loops_end),
        SCRATCH_TEST(a_link_to_nowhere_and_a_pipe_are_reported),
        SCRATCH_TEST(a_folder_that_may_not_be_read_is_reported),
        SCRATCH_TEST(slashes_behind_the_folder_do_not_matter),
        SCRATCH_TEST(the_callback_can_stop_the_walk),
        SCRATCH_TEST(what_is_no_folder_is_refused),
        SCRATCH_TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
