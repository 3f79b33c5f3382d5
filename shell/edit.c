/* edit.c -- `codedb edit`: a selector's nodes replaced, deleted or joined by others, in files or in a database.
 *
 * 1. Without --write nothing is changed anywhere: the diff alone is printed.
 * 2. A file is written whole or not at all (sources.c), and only if it still holds what was edited.
 * 3. With a database, the stored tree and the file on disk change together: the transaction is committed when the file is written. */
#include "shell.h"

#include <stdlib.h>
#include <string.h>

typedef struct edit_job {
    codedb_edit edit;
    size_t nodes;
    size_t files;
} edit_job;

/* Shows what was done, or would be. */
static void edit_print(const shell_options *options, const char *path, const codedb_edit_report *report, FILE *out)
{
    if (options->json) {
        bool first = true;
        fputc('{', out);
        shell_print_json_text(out, &first, "path", path);
        shell_print_json_integer(out, &first, "nodes_modified", (long long)report->nodes_modified);
        shell_print_json_text(out, &first, "hash", report->hash);
        shell_print_json_text(out, &first, "diff", report->diff);
        fputs("}\n", out);
    } else {
        shell_print_diff(out, options->color, report->diff);
    }
}

/* Puts an edit's result on disk in the file's own encoding; true unless that failed after a message. */
static codedb_code edit_write_file(const char *path, const char *old, size_t old_length, const codedb_tree *tree,
                                   const codedb_edit_report *report, codedb_result *result)
{
    char *bytes = NULL;
    size_t length = 0;
    codedb_code code = codedb_tree_encode(tree, report->source, report->source_length, &bytes, &length, result);
    if (code == CODEDB_SUCCESS && !shell_replace_file(path, old, old_length, bytes, length)) {
        code = CODEDB_CONFLICT;
        snprintf(result->description, sizeof result->description, "not written");
    }
    codedb_free(bytes);
    return code;
}

/* Standard input has no file to be written to: the result goes to standard output, whole, changed or not. */
static codedb_code edit_pass_through(codedb_code code, const shell_source *source, const codedb_tree *tree,
                                     const codedb_edit_report *report, FILE *out, codedb_result *result)
{
    char *bytes = NULL;
    size_t length = 0;
    if (code == CODEDB_NOT_FOUND) {
        fwrite(source->bytes, 1, source->length, out);
    } else if (code == CODEDB_SUCCESS) {
        code = codedb_tree_encode(tree, report->source, report->source_length, &bytes, &length, result);
        fwrite(bytes != NULL ? bytes : "", 1, length, out);
    }
    codedb_free(bytes);
    return code;
}

/* Success with nothing modified is "nothing found" to a person: it is no change. */
static int edit_finish(edit_job *job, codedb_code code, const codedb_edit_report *report)
{
    if (code == CODEDB_NOT_FOUND)
        return SHELL_NOTHING;
    if (code != CODEDB_SUCCESS)
        return SHELL_ERROR;
    job->nodes += report->nodes_modified;
    job->files += report->nodes_modified > 0;
    return report->nodes_modified > 0 ? SHELL_FOUND : SHELL_NOTHING;
}

static int edit_file(edit_job *job, const shell_options *options, const shell_source *source, FILE *out, codedb_result *result)
{
    codedb_tree *tree = NULL;
    codedb_edit_report *report = NULL;
    codedb_code code = shell_parse(options, source->bytes, source->length, &tree, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_tree_edit(tree, &job->edit, 1, source->path, &report, result);
    bool changed = code == CODEDB_SUCCESS && report->nodes_modified > 0;
    bool filter = options->write && strcmp(source->path, SHELL_STDIN) == 0;
    if (changed && options->write && !filter)
        code = edit_write_file(source->path, source->bytes, source->length, tree, report, result);
    if (filter)
        code = edit_pass_through(code, source, tree, report, out, result);
    else if (changed && code == CODEDB_SUCCESS)
        edit_print(options, source->path, report, out);
    int status = edit_finish(job, code, report);
    codedb_free(report);
    codedb_tree_free(tree);
    return status;
}

/* Brings the file on disk to what the transaction has stored; CONFLICT when it is not what was stored before. */
static codedb_code edit_write_stored(const shell_options *options, const shell_source *source, const char *stored,
                                     size_t stored_length, const codedb_edit_report *report, codedb_result *result)
{
    size_t length = 0;
    size_t text_length = 0;
    codedb_tree *tree = NULL;
    char *bytes = shell_read_file(source->path, &length);
    codedb_code code = bytes != NULL ? shell_parse(options, bytes, length, &tree, result) : CODEDB_NOT_FOUND;
    const char *text = code == CODEDB_SUCCESS ? codedb_tree_source(tree, &text_length) : NULL;
    if (text != NULL && (text_length != stored_length || memcmp(text, stored, stored_length) != 0)) {
        code = CODEDB_CONFLICT;
        snprintf(result->description, sizeof result->description, "the file is not what the database holds; index it again");
    }
    if (code == CODEDB_SUCCESS) {
        code = edit_write_file(source->path, bytes, length, tree, report, result);
    } else if (bytes == NULL) {
        code = CODEDB_CONFLICT;
        snprintf(result->description, sizeof result->description, "not written");
    }
    codedb_tree_free(tree);
    free(bytes);
    return code;
}

static int edit_stored(edit_job *job, const shell_options *options, const shell_source *source, FILE *out, codedb_result *result)
{
    codedb *transaction = NULL;
    codedb_edit_report *report = NULL;
    char *stored = NULL;
    size_t length = 0;
    codedb_code code = codedb_transaction_begin(source->db, &transaction, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_cst_get(transaction, source->file_id, &stored, &length, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_cst_modify(transaction, source->file_id, &job->edit, 1, NULL, !options->write, &report, result);
    if (code == CODEDB_SUCCESS && options->write && report->nodes_modified > 0) {
        code = edit_write_stored(options, source, stored, length, report, result);
        if (code == CODEDB_SUCCESS)
            code = codedb_transaction_commit(transaction, result);
    }
    if (code == CODEDB_SUCCESS && report->nodes_modified > 0)
        edit_print(options, source->path, report, out);
    int status = edit_finish(job, code, report);
    codedb_close(transaction);
    codedb_free(stored);
    codedb_free(report);
    return status;
}

static int edit_source(void *context, const shell_options *options, const shell_source *source, FILE *out, codedb_result *result)
{
    return source->db != NULL ? edit_stored(context, options, source, out, result)
                              : edit_file(context, options, source, out, result);
}

int shell_edit(const shell_options *options, char *const *arguments, size_t count)
{
    edit_job job = {.edit = CODEDB_INIT(codedb_edit)};
    shell_totals totals;
    shell_options one = *options;
    one.threads = 1; /* an edit's files are changed in their order */
    if (options->actions != 1) {
        return shell_fail("edit: found %d actions, expected one of --replace, --delete, --insert-before, --insert-after",
                          options->actions);
    }
    job.edit.filter = (codedb_filter)CODEDB_INIT(codedb_filter);
    job.edit.filter.selector = arguments[0];
    job.edit.filter.dialect = options->dialect;
    job.edit.action = options->action;
    job.edit.code = options->code != NULL ? &options->code : NULL;
    job.edit.code_count = options->code != NULL ? 1 : 0;
    if (count > 1) {
        if (options->db != NULL)
            return shell_fail("edit: found both --db and PATH, expected one of them");
        shell_each_source(&one, arguments + 1, count - 1, edit_source, &job, &totals);
    } else {
        if (shell_has_excludes(options))
            return shell_fail("edit: --exclude and --no-default-excludes are for PATHs, and none was given");
        codedb *db = shell_open(options, false, !options->write);
        if (db == NULL)
            return SHELL_ERROR;
        shell_each_stored(&one, db, edit_source, &job, &totals);
        codedb_close(db);
    }
    if (!options->quiet && !options->json) {
        fprintf(stderr, "%zu nodes in %zu files%s\n", job.nodes, job.files,
                options->write || job.nodes == 0 ? "" : "; nothing was changed (--write does)");
    }
    return shell_status(&totals);
}
