/* tests/support.h -- what several test files use: cmocka, a failing allocator, a result that says why.
 *
 * Header only, so that a test needs nothing but itself and the objects. Include it first. */
#ifndef CODEDB_TESTS_SUPPORT_H
#define CODEDB_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codedb.h"

#define SUPPORT_UNUSED __attribute__((unused))

/* Fails with the result's description when `call` does not give `expected`. `result` is the codedb_result given to the call. */
#define assert_code(call, expected, result) \
    support_assert_code((call), (expected), #call, (result).description, __FILE__, __LINE__)
#define assert_success(call, result) assert_code(call, CODEDB_SUCCESS, result)

SUPPORT_UNUSED static void support_assert_code(codedb_code got, codedb_code expected, const char *call, const char *description,
                                               const char *file, int line)
{
    if (got != expected) {
        print_error("%s: %s, expected %s: %s\n", call, codedb_code_name(got), codedb_code_name(expected), description);
        _fail(file, line);
    }
}

/* Fails unless `needle` stands in `text`, and shows both. */
#define assert_contains(text, needle) support_assert_contains((text), (needle), __FILE__, __LINE__)

SUPPORT_UNUSED static void support_assert_contains(const char *text, const char *needle, const char *file, int line)
{
    if (text == NULL || strstr(text, needle) == NULL) {
        print_error("\"%s\" does not contain \"%s\"\n", text != NULL ? text : "(null)", needle);
        _fail(file, line);
    }
}

/* ---- An allocator whose n-th allocation fails ----
 *
 *     support_failing failing;
 *     for (long n = 0; support_failing_start(&failing, n); n++) {
 *         codedb_code code = something(&failing.allocator, ...);
 *         ... free what it gave ...
 *         support_failing_check(&failing, code);   fails on a leak, on success in spite of a failure that may not be ignored
 *     }
 *
 * The loop ends by itself behind the first run in which no allocation failed. Thread-safe. */
typedef struct support_failing {
    codedb_allocator allocator;
    atomic_long countdown; /* allocations that still succeed */
    atomic_long live;      /* blocks not yet released */
    atomic_bool failed;
    long runs;
} support_failing;

SUPPORT_UNUSED static bool support_failing_next(support_failing *failing)
{
    if (atomic_fetch_sub(&failing->countdown, 1) != 0)
        return true;
    atomic_store(&failing->failed, true);
    return false;
}

SUPPORT_UNUSED static void *support_failing_allocate(void *context, size_t size)
{
    support_failing *failing = context;
    void *block = support_failing_next(failing) ? malloc(size) : NULL;
    if (block != NULL)
        atomic_fetch_add(&failing->live, 1);
    return block;
}

SUPPORT_UNUSED static void *support_failing_reallocate(void *context, void *pointer, size_t old_size, size_t new_size)
{
    (void)old_size;
    return support_failing_next(context) ? realloc(pointer, new_size) : NULL;
}

SUPPORT_UNUSED static void support_failing_release(void *context, void *pointer)
{
    atomic_fetch_sub(&((support_failing *)context)->live, 1);
    free(pointer);
}

/* Prepares the run in which allocation number `n` (from 0) fails; false when the run before had no failure: the loop is done. */
SUPPORT_UNUSED static bool support_failing_start(support_failing *failing, long n)
{
    if (n > 0 && !atomic_load(&failing->failed)) {
        assert_true(n > 0);
        return false;
    }
    failing->allocator.allocate = support_failing_allocate;
    failing->allocator.reallocate = support_failing_reallocate;
    failing->allocator.release = support_failing_release;
    failing->allocator.context = failing;
    atomic_init(&failing->countdown, n);
    atomic_init(&failing->live, 0);
    atomic_init(&failing->failed, false);
    failing->runs = n + 1;
    return true;
}

/* After a run: NO_MEMORY if and only if an allocation failed, and nothing leaked. */
#define support_failing_check(failing, code) support_failing_check_at((failing), (code), __FILE__, __LINE__)

SUPPORT_UNUSED static void support_failing_check_at(support_failing *failing, codedb_code code, const char *file, int line)
{
    codedb_code expected = atomic_load(&failing->failed) ? CODEDB_NO_MEMORY : CODEDB_SUCCESS;
    long live = atomic_load(&failing->live);
    if (code != expected || live != 0) {
        print_error("run %ld: %s (expected %s), %ld blocks leaked\n", failing->runs, codedb_code_name(code),
                    codedb_code_name(expected), live);
        _fail(file, line);
    }
}

/* ---- Where the driver runs ----
 *
 * A test that opens its database with support_open, or its driver fixture, can be run with a driver that is a thread and with one that is a
 * process:
 *
 *     return support_run_both("name", tests); */

SUPPORT_UNUSED static bool support_in_process;

/* Opens the database at `path`, or ":memory:". */
SUPPORT_UNUSED static codedb_code support_open(const char *path, codedb **db, codedb_result *result)
{
    char config[4400];
    snprintf(config, sizeof config, "{\"type\": \"%s\", \"config\": {\"path\": \"%s\"}}",
             support_in_process ? "sqlite_proxy" : "sqlite", path);
    return codedb_open(config, NULL, db, result);
}

#define support_run_both(name, tests) support_run_each(name, tests, sizeof(tests) / sizeof((tests)[0]))

SUPPORT_UNUSED static int support_run_each(const char *name, const struct CMUnitTest *tests, size_t count)
{
    char long_name[100];
    int failed = 0;
    for (int i = 0; i < 2; i++) {
        support_in_process = i == 1;
        snprintf(long_name, sizeof long_name, "%s%s", name, i == 1 ? ", in a process" : "");
        failed += _cmocka_run_group_tests(long_name, tests, count, NULL, NULL);
    }
    support_in_process = false;
    return failed;
}

/* ---- A folder of its own ---- */

/* Makes an empty folder below $TMPDIR (or /tmp) and gives its path, which is to be freed with free() after support_folder_remove. */
SUPPORT_UNUSED static char *support_folder_create(void)
{
    const char *parent = getenv("TMPDIR");
    size_t size = strlen(parent != NULL ? parent : "/tmp") + sizeof "/codedb-test-XXXXXX";
    char *path = malloc(size);
    assert_non_null(path);
    snprintf(path, size, "%s/codedb-test-XXXXXX", parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(path));
    return path;
}

/* Removes the folder with all that is in it. */
SUPPORT_UNUSED static void support_folder_remove(char *path)
{
    char command[4200];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
    free(path);
}

/* Writes a file of `length` bytes below `folder`. */
SUPPORT_UNUSED static void support_write_file(const char *folder, const char *name, const char *bytes, size_t length)
{
    char path[4200];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

#endif
