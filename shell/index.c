/* index.c -- `codedb index`: folders into a database, with a progress bar. */
#include "shell.h"

#include <inttypes.h>

static int index_progress(void *context, const codedb_index_progress *state)
{
    shell_progress_update(context, "indexing", state->files_done, state->files_found, !state->walking);
    return 0;
}

static void index_print_json(const char *folder, const codedb_index_report *report)
{
    bool first = true;
    fputc('{', stdout);
    shell_print_json_text(stdout, &first, "folder", folder);
    shell_print_json_text(stdout, &first, "project_id", report->project_id);
    const struct {
        const char *key;
        uint64_t number;
    } numbers[] = {
        {"files_indexed", report->files_indexed},
        {"files_unchanged", report->files_unchanged},
        {"files_deleted", report->files_deleted},
        {"files_failed", report->files_failed},
        {"files_with_syntax_errors", report->files_with_syntax_errors},
        {"bytes", report->bytes},
        {"classes", report->classes},
        {"methods", report->methods},
        {"functions", report->functions},
        {"imports", report->imports},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        shell_print_json_integer(stdout, &first, numbers[i].key, (long long)numbers[i].number);
    printf(", \"seconds\": %.6f}\n", report->seconds);
}

static void index_print(const char *folder, const codedb_index_report *report)
{
    printf("%s: %" PRIu64 " files indexed (%.1f MB), %" PRIu64 " unchanged, %" PRIu64 " deleted, %" PRIu64
           " with syntax errors, %" PRIu64 " unreadable\n",
           folder, report->files_indexed, (double)report->bytes / 1e6, report->files_unchanged, report->files_deleted,
           report->files_with_syntax_errors, report->files_failed);
    printf("  %" PRIu64 " classes, %" PRIu64 " methods, %" PRIu64 " functions, %" PRIu64 " imports in %.2f s\n", report->classes,
           report->methods, report->functions, report->imports, report->seconds);
}

static int index_folder(const shell_options *options, codedb *db, const char *folder)
{
    codedb_index_options index = CODEDB_INIT(codedb_index_options);
    codedb_index_report *report = NULL;
    codedb_result result = CODEDB_INIT(codedb_result);
    shell_progress progress;
    shell_progress_begin(&progress, options);
    index.excludes = options->excludes;
    index.exclude_count = options->exclude_count;
    index.no_default_excludes = options->no_default_excludes;
    index.threads = options->threads;
    index.target_version = options->target_version;
    index.progress = index_progress;
    index.progress_context = &progress;
    codedb_code code = codedb_index_run(db, folder, &index, &report, &result);
    shell_progress_end(&progress);
    if (code != CODEDB_SUCCESS) {
        shell_fail_result(options, folder, &result);
        codedb_result_clear(&result);
        return SHELL_ERROR;
    }
    for (size_t i = 0; i < report->problem_count; i++)
        shell_fail("%s", report->problems[i]);
    if (options->json)
        index_print_json(folder, report);
    else if (!options->quiet)
        index_print(folder, report);
    int status = report->files_failed > 0                              ? SHELL_ERROR
                 : report->files_indexed + report->files_unchanged > 0 ? SHELL_FOUND
                                                                       : SHELL_NOTHING;
    codedb_free(report);
    codedb_result_clear(&result);
    return status;
}

int shell_index(const shell_options *options, char *const *arguments, size_t count)
{
    codedb *db = shell_open(options, true, false);
    if (db == NULL)
        return SHELL_ERROR;
    int status = SHELL_NOTHING;
    for (size_t i = 0; i < count; i++) {
        int one = index_folder(options, db, arguments[i]);
        if (one == SHELL_ERROR || status == SHELL_NOTHING)
            status = status == SHELL_ERROR ? SHELL_ERROR : one;
    }
    codedb_close(db);
    return status;
}
