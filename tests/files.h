/* tests/files.h -- a scratch folder for a test, filled and thrown away. Include behind support.h. */
#ifndef CODEDB_TESTS_FILES_H
#define CODEDB_TESTS_FILES_H

#include "support.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct files_scratch {
    char path[256];
    char text[4096]; /* of files_path */
} files_scratch;

/* A cmocka setup: *state is a files_scratch with an empty folder of its own. */
SUPPORT_UNUSED static int files_setup(void **state)
{
    files_scratch *scratch = calloc(1, sizeof *scratch);
    const char *base = getenv("TMPDIR");
    assert_non_null(scratch);
    snprintf(scratch->path, sizeof scratch->path, "%s/codedb-test-XXXXXX", base != NULL && strlen(base) < 200 ? base : "/tmp");
    assert_non_null(mkdtemp(scratch->path));
    *state = scratch;
    return 0;
}

SUPPORT_UNUSED static int files_remove(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

SUPPORT_UNUSED static int files_teardown(void **state)
{
    files_scratch *scratch = *state;
    nftw(scratch->path, files_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(scratch);
    return 0;
}

/* The absolute path of `name` in the scratch folder; valid until the next call. */
SUPPORT_UNUSED static const char *files_path(files_scratch *scratch, const char *name)
{
    snprintf(scratch->text, sizeof scratch->text, "%s/%s", scratch->path, name);
    return scratch->text;
}

SUPPORT_UNUSED static void files_folder(files_scratch *scratch, const char *name)
{
    assert_int_equal(mkdir(files_path(scratch, name), 0777), 0);
}

SUPPORT_UNUSED static void files_write_bytes(files_scratch *scratch, const char *name, const void *bytes, size_t length)
{
    FILE *out = fopen(files_path(scratch, name), "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

SUPPORT_UNUSED static void files_write(files_scratch *scratch, const char *name, const char *text)
{
    files_write_bytes(scratch, name, text, strlen(text));
}

/* The whole file, with a NUL behind; to be freed. */
SUPPORT_UNUSED static char *files_read(files_scratch *scratch, const char *name, size_t *length)
{
    FILE *in = fopen(files_path(scratch, name), "rb");
    assert_non_null(in);
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(in);
    rewind(in);
    char *text = malloc(size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, size, in), size);
    text[size] = '\0';
    fclose(in);
    if (length != NULL)
        *length = size;
    return text;
}

SUPPORT_UNUSED static void files_assert_text(files_scratch *scratch, const char *name, const char *expected)
{
    char *text = files_read(scratch, name, NULL);
    assert_string_equal(text, expected);
    free(text);
}

#endif
