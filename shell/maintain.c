/* maintain.c -- `codedb backup`, `codedb restore`, `codedb doctor`, and what `codedb show health` tells: a database as a whole. */
#include "shell.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAINTAIN_FINDINGS 1000 /* printed at most, without --limit */

/* A view without a time limit: whole databases take as long as they take. NULL after a message. */
static codedb *maintain_view(const shell_options *options, codedb *db, codedb_result *result)
{
    codedb_request_options patient = CODEDB_INIT(codedb_request_options);
    codedb *view = NULL;
    patient.timeout = -1;
    if (codedb_with(db, &patient, &view, result) != CODEDB_SUCCESS)
        shell_fail_result(options, NULL, result);
    return view;
}

/* The database that is meant: the first of `most` arguments when they are all there, else --db, else the default; NULL after a message. */
static const char *maintain_path(const shell_options *options, char *const *arguments, size_t count, size_t most)
{
    if (count < most)
        return options->db != NULL ? options->db : SHELL_DB;
    if (options->db == NULL)
        return arguments[0];
    shell_fail("found --db %s and the database %s, expected one of them", options->db, arguments[0]);
    return NULL;
}

static codedb *maintain_open(const shell_options *options, const char *path, bool create, bool read_only)
{
    shell_options named = *options;
    named.db = path;
    return shell_open(&named, create, read_only);
}

/* ---- backup ---- */

/* A copy in a thread of its own, so that its progress can be asked for. */
typedef struct maintain_copy {
    codedb *db;
    const char *path;
    codedb_result result;
    atomic_bool ended;
} maintain_copy;

static void *maintain_make_copy(void *argument)
{
    maintain_copy *copy = argument;
    codedb_backup(copy->db, copy->path, &copy->result);
    atomic_store(&copy->ended, true);
    return NULL;
}

static void maintain_watch(const shell_options *options, codedb *db, maintain_copy *copy, codedb_storage *storage)
{
    shell_progress progress;
    struct timespec nap = {0, 20000000L};
    shell_progress_begin(&progress, options);
    while (!atomic_load(&copy->ended)) {
        codedb_storage now = CODEDB_INIT(codedb_storage);
        if (progress.shown && codedb_storage_get(db, &now, NULL) == CODEDB_SUCCESS && now.copy_total > 0)
            shell_progress_update(&progress, "copying", (uint64_t)now.copy_done, (uint64_t)now.copy_total, true);
        nanosleep(&nap, NULL);
    }
    shell_progress_end(&progress);
    codedb_storage_get(db, storage, NULL);
}

static void maintain_tell_copy(const shell_options *options, const char *verb, const char *path, const codedb_storage *storage,
                               double seconds)
{
    long long bytes = (long long)(storage->page_count * storage->page_size);
    if (options->json) {
        bool first = true;
        fputc('{', stdout);
        shell_print_json_text(stdout, &first, "copy", path);
        shell_print_json_integer(stdout, &first, "pages", (long long)storage->page_count);
        shell_print_json_integer(stdout, &first, "bytes", bytes);
        printf(", \"seconds\": %.3f}\n", seconds);
    } else if (!options->quiet) {
        fprintf(stderr, "%s: %s, %.1f MB, %.2f s\n", path, verb, (double)bytes / 1e6, seconds);
    }
}

int shell_backup(const shell_options *options, char *const *arguments, size_t count)
{
    maintain_copy copy = {.path = arguments[count - 1], .result = CODEDB_INIT(codedb_result)};
    codedb_storage storage = CODEDB_INIT(codedb_storage);
    double started = shell_now();
    int status = SHELL_ERROR;
    pthread_t thread;
    if (count > 2)
        return shell_fail("backup: found %zu arguments, expected at most a database and the path of its copy", count);
    const char *path = maintain_path(options, arguments, count, 2);
    codedb *db = path != NULL ? maintain_open(options, path, false, true) : NULL;
    if (db == NULL)
        return SHELL_ERROR;
    atomic_init(&copy.ended, false);
    copy.db = maintain_view(options, db, &copy.result);
    if (copy.db != NULL && pthread_create(&thread, NULL, maintain_make_copy, &copy) != 0) {
        shell_fail("backup: a thread could not be started");
    } else if (copy.db != NULL) {
        maintain_watch(options, db, &copy, &storage);
        pthread_join(thread, NULL);
        status = copy.result.code == CODEDB_SUCCESS ? SHELL_FOUND : shell_fail_result(options, NULL, &copy.result);
    }
    if (status == SHELL_FOUND)
        maintain_tell_copy(options, "written", copy.path, &storage, shell_now() - started);
    codedb_close(copy.db);
    codedb_close(db);
    codedb_result_clear(&copy.result);
    return status;
}

/* ---- restore ---- */

int shell_restore(const shell_options *options, char *const *arguments, size_t count)
{
    codedb_storage storage = CODEDB_INIT(codedb_storage);
    codedb_result result = CODEDB_INIT(codedb_result);
    double started = shell_now();
    int status = SHELL_ERROR;
    if (count > 2)
        return shell_fail("restore: found %zu arguments, expected at most a database and the copy to be put in its place", count);
    const char *path = maintain_path(options, arguments, count, 2);
    const char *copy = arguments[count - 1];
    if (path == NULL)
        return SHELL_ERROR;
    bool is_new = access(path, F_OK) != 0;
    codedb *db = maintain_open(options, path, true, false);
    codedb *view = db != NULL ? maintain_view(options, db, &result) : NULL;
    if (view != NULL && codedb_restore(view, copy, &result) != CODEDB_SUCCESS) {
        shell_fail_result(options, NULL, &result);
    } else if (view != NULL) {
        status = SHELL_FOUND;
        codedb_storage_get(view, &storage, NULL);
        maintain_tell_copy(options, "restored", copy, &storage, shell_now() - started);
    }
    codedb_close(view);
    codedb_close(db);
    if (is_new && db != NULL && status == SHELL_ERROR)
        unlink(path); /* an empty database would look as if there was something */
    codedb_result_clear(&result);
    return status;
}

/* ---- doctor ---- */

/* What a file is to who must not change it. */
typedef enum maintain_kind {
    MAINTAIN_EMPTY,
    MAINTAIN_JOURNAL, /* opened for writing it would be put into WAL mode */
    MAINTAIN_WAL,
    MAINTAIN_OTHER /* the driver says what it is */
} maintain_kind;

static maintain_kind maintain_look(const char *path)
{
    unsigned char header[20]; /* bytes 18 and 19: 2 for WAL */
    struct stat status;
    FILE *file = stat(path, &status) == 0 && S_ISREG(status.st_mode) ? fopen(path, "rbe") : NULL;
    if (file == NULL)
        return MAINTAIN_OTHER;
    size_t size = fread(header, 1, sizeof header, file);
    fclose(file); /* before the database is open: a close drops the locks of this process */
    if (size == 0)
        return MAINTAIN_EMPTY;
    if (size < sizeof header || memcmp(header, "SQLite format 3", 16) != 0)
        return MAINTAIN_OTHER;
    return header[18] == 2 && header[19] == 2 ? MAINTAIN_WAL : MAINTAIN_JOURNAL;
}

/* A check changes nothing. Comparing words of the full-text index takes the right to write, and with it an empty file would get a
 * schema and another one WAL mode: so without the right, or the mode, the rest is looked at. */
static codedb *maintain_open_patient(const shell_options *options, const char *path)
{
    maintain_kind kind = maintain_look(path);
    bool forbidden = access(path, F_OK) == 0 && access(path, W_OK) != 0;
    if (kind == MAINTAIN_EMPTY) {
        shell_fail("%s: found an empty file, expected a database", path);
        return NULL;
    }
    if ((forbidden || kind == MAINTAIN_JOURNAL) && !options->quiet)
        fprintf(stderr, "%s: %s, so the words of full-text indexes are not compared\n", path,
                forbidden ? "may not be written" : "is not in WAL mode");
    return maintain_open(options, path, false, forbidden || kind != MAINTAIN_WAL);
}

int shell_doctor(const shell_options *options, char *const *arguments, size_t count)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_rows *rows = NULL;
    int status = SHELL_ERROR;
    if (count > 1)
        return shell_fail("doctor: found %zu arguments, expected at most a database", count);
    const char *path = maintain_path(options, arguments, count, 1);
    codedb *db = path != NULL ? maintain_open_patient(options, path) : NULL;
    codedb *view = db != NULL ? maintain_view(options, db, &result) : NULL;
    size_t limit = options->limit > 0 ? options->limit : MAINTAIN_FINDINGS;
    if (view != NULL && codedb_check(view, (int64_t)limit, &rows, &result) != CODEDB_SUCCESS) {
        shell_fail_result(options, path, &result);
    } else if (view != NULL) {
        for (size_t row = 0; options->json && row < rows->row_count; row++)
            shell_print_row_json(stdout, rows, row);
        if (!options->json && rows->row_count > 0)
            shell_print_rows_table(stdout, options->color, rows);
        if (!options->quiet)
            fprintf(stderr, "%s: %zu finding%s%s\n", path, rows->row_count, rows->row_count == 1 ? "" : "s",
                    rows->row_count == limit ? ", and perhaps more" : "");
        status = rows->row_count > 0 ? SHELL_NOTHING : SHELL_FOUND;
    }
    codedb_free(rows);
    codedb_close(view);
    codedb_close(db);
    codedb_result_clear(&result);
    return status;
}

/* ---- show health ---- */

/* Prints a figure: a line, or a member of the JSON object. */
static void maintain_figure(const shell_options *options, bool *first, const char *name, long long value)
{
    if (options->json)
        shell_print_json_integer(stdout, first, name, value);
    else
        printf("%-18s %lld\n", name, value);
}

static void maintain_word(const shell_options *options, bool *first, const char *name, const char *value)
{
    if (options->json)
        shell_print_json_text(stdout, first, name, value);
    else
        printf("%-18s %s\n", name, value);
}

int shell_show_health(const shell_options *options, codedb *db)
{
    codedb_health health = CODEDB_INIT(codedb_health);
    codedb_storage storage = CODEDB_INIT(codedb_storage);
    codedb_result result = CODEDB_INIT(codedb_result);
    char *version = NULL;
    bool first = true;
    int status = SHELL_FOUND;
    if (codedb_health_get(db, &health, &result) != CODEDB_SUCCESS ||
        codedb_storage_get(db, &storage, &result) != CODEDB_SUCCESS ||
        codedb_schema_version(db, &version, &result) != CODEDB_SUCCESS) {
        status = shell_fail_result(options, options->db, &result);
    } else {
        fputs(options->json ? "{" : "", stdout);
        maintain_word(options, &first, "codedb", codedb_version());
        maintain_word(options, &first, "driver", health.is_process ? "process" : "thread");
        maintain_word(options, &first, "state", health.is_running ? "running" : "not running");
        maintain_word(options, &first, "schema", version);
        maintain_figure(options, &first, "bytes", (long long)(storage.page_count * storage.page_size));
        maintain_figure(options, &first, "page_size", (long long)storage.page_size);
        maintain_figure(options, &first, "page_count", (long long)storage.page_count);
        maintain_figure(options, &first, "free_pages", (long long)storage.free_pages);
        maintain_figure(options, &first, "log_bytes", (long long)storage.log_bytes);
        fputs(options->json ? "}\n" : "", stdout);
    }
    codedb_free(version);
    codedb_result_clear(&result);
    return status;
}
