/* edit.c -- `codedb edit`: a selector's nodes replaced, deleted or joined by others, in files or in a database.
 *
 * 1. Without --write nothing is changed anywhere: the diff alone is printed.
 * 2. With --write all files are edited first, and then written together: all or none, and only if each still holds what was edited. A
 *    file that is not Python is told and left out; an edit that fails in one file leaves all of them as they are.
 * 3. With a database the stored sources change, and with --write-files the files on disk together with them. */
#include "shell.h"

#include <stdlib.h>
#include <string.h>

/* A file that is to be written. Its text is malloc'ed; `bytes` is a block. */
typedef struct edit_pending {
    char *path;
    char *old;
    size_t old_length;
    char *bytes;
    size_t length;
} edit_pending;

typedef struct edit_job {
    codedb_edit edit;
    size_t nodes;
    size_t files;
    edit_pending *pending;
    size_t count;
    size_t capacity;
    bool refused; /* an edit failed: nothing is written */
} edit_job;

void shell_print_report(const shell_options *options, const char *path, const codedb_edit_report *report, FILE *out)
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

/* ---- Files -------------------------------------------------------------------------------------------------------- */

/* Keeps an edit's result, in the file's own encoding, until all files are edited. */
static codedb_code edit_keep(edit_job *job, const shell_source *source, const codedb_tree *tree, const codedb_edit_report *report,
                             codedb_result *result)
{
    if (job->count == job->capacity) {
        size_t capacity = job->capacity == 0 ? 64 : job->capacity * 2;
        edit_pending *grown = realloc(job->pending, capacity * sizeof *grown);
        if (grown == NULL)
            return CODEDB_NO_MEMORY;
        job->pending = grown;
        job->capacity = capacity;
    }
    edit_pending kept = {.path = strdup(source->path), .old = malloc(source->length + 1), .old_length = source->length};
    codedb_code code = kept.path != NULL && kept.old != NULL ? CODEDB_SUCCESS : CODEDB_NO_MEMORY;
    if (code == CODEDB_SUCCESS) {
        memcpy(kept.old, source->bytes, source->length);
        code = codedb_tree_encode(tree, report->source, report->source_length, &kept.bytes, &kept.length, result);
    }
    if (code == CODEDB_SUCCESS) {
        job->pending[job->count++] = kept;
    } else {
        free(kept.path);
        free(kept.old);
    }
    return code;
}

/* Where the third line of a text begins: a coding cookie is before it. */
static size_t edit_head_length(const char *text)
{
    const char *at = text;
    for (int lines = 0; lines < 2 && *at != '\0'; at++)
        lines += *at == '\n';
    return (size_t)(at - text);
}

/* A text in the encoding that the first two lines of a source ask for; *bytes + *skipped is where it begins. */
static codedb_code edit_encode(const codedb_tree *tree, const char *source, const char *text, char **bytes, size_t *skipped,
                               size_t *size, codedb_result *result)
{
    size_t head = edit_head_length(source), length = strlen(text);
    char *whole = malloc(head + length + 1), *first = NULL;
    *bytes = NULL;
    codedb_code code = whole != NULL ? codedb_tree_encode(tree, source, head, &first, skipped, result) : CODEDB_NO_MEMORY;
    codedb_free(first);
    if (code == CODEDB_SUCCESS) {
        memcpy(whole, source, head);
        memcpy(whole + head, text, length);
        code = codedb_tree_encode(tree, whole, head + length, bytes, size, result);
    }
    free(whole);
    return code;
}

/* Prints a diff in the encoding of its file, as `git apply` compares bytes. Where the edit changes the encoding, lines that the diff
 * does not have change their bytes, too: then it is text, which is no patch. `source` is the file's text; of a tree, any will do. */
static codedb_code edit_print_bytes(const char *path, const codedb_tree *tree, const char *source,
                                    const codedb_edit_report *report, FILE *out, codedb_result *result)
{
    size_t names = edit_head_length(report->diff), skipped = 0, size = 0, new_skipped = 0, new_size = 0;
    char *bytes = NULL, *new_bytes = NULL;
    codedb_result own = CODEDB_INIT(codedb_result);
    codedb_code code = edit_encode(tree, source, report->diff + names, &bytes, &skipped, &size, result);
    bool is_kept = code == CODEDB_SUCCESS && edit_encode(tree, report->source, report->diff + names, &new_bytes, &new_skipped,
                                                         &new_size, &own) == CODEDB_SUCCESS;
    is_kept = is_kept && size - skipped == new_size - new_skipped &&
              memcmp(bytes + skipped, new_bytes + new_skipped, size - skipped) == 0;
    if (is_kept) {
        fwrite(report->diff, 1, names, out);
        fwrite(bytes + skipped, 1, size - skipped, out);
    } else if (code == CODEDB_SUCCESS || code == CODEDB_VALIDATION_ERROR) {
        shell_fail("%s: the edit changes the file's encoding, so this diff is no patch; --write does it right", path);
        fputs(report->diff, out);
        code = CODEDB_SUCCESS;
    }
    codedb_result_clear(&own);
    codedb_free(bytes);
    codedb_free(new_bytes);
    return code;
}

/* Prints what was done to a file: text for people and for JSON, bytes for patches. A text that the file's encoding does not have is
 * an error also where nothing is written. */
static codedb_code edit_print(const shell_options *options, const shell_source *source, const codedb_tree *tree,
                              const codedb_edit_report *report, FILE *out, codedb_result *result)
{
    size_t length = 0;
    const char *text = codedb_tree_source(tree, &length);
    bool is_utf8 = length == source->length && memcmp(text, source->bytes, length) == 0;
    char *bytes = NULL;
    codedb_code code =
        is_utf8 ? CODEDB_SUCCESS : codedb_tree_encode(tree, report->source, report->source_length, &bytes, &length, result);
    codedb_free(bytes);
    if (code == CODEDB_SUCCESS && (is_utf8 || options->json || options->color))
        shell_print_report(options, source->path, report, out);
    else if (code == CODEDB_SUCCESS)
        code = edit_print_bytes(source->path, tree, text, report, out, result);
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

static int edit_file(void *context, const shell_options *options, const shell_source *source, FILE *out, codedb_result *result)
{
    edit_job *job = context;
    codedb_tree *tree = NULL;
    codedb_edit_report *report = NULL;
    codedb_code code = shell_parse(options, source->bytes, source->length, &tree, result);
    bool is_python = code == CODEDB_SUCCESS;
    if (is_python)
        code = codedb_tree_edit(tree, &job->edit, 1, source->path, &report, result);
    bool changed = code == CODEDB_SUCCESS && report->nodes_modified > 0;
    bool filter = options->write && strcmp(source->path, SHELL_STDIN) == 0;
    if (changed && options->write && !filter)
        code = edit_keep(job, source, tree, report, result);
    if (filter)
        code = edit_pass_through(code, source, tree, report, out, result);
    else if (changed && code == CODEDB_SUCCESS)
        code = edit_print(options, source, tree, report, out, result);
    job->refused |= is_python && code != CODEDB_SUCCESS && code != CODEDB_NOT_FOUND;
    int status = edit_finish(job, code, report);
    codedb_free(report);
    codedb_tree_free(tree);
    return status;
}

/* Says of each file that was not simply left alone what became of it. */
static void edit_tell_outcomes(const codedb_file_write *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (files[i].outcome == CODEDB_WRITE_REFUSED)
            shell_fail("%s: not written: %s", files[i].path, files[i].problem);
        else if (files[i].outcome == CODEDB_WRITE_RESTORED)
            shell_fail("%s: written, and restored as it was", files[i].path);
        else if (files[i].outcome == CODEDB_WRITE_STUCK)
            shell_fail("%s: written; it could not be restored: %s", files[i].path, files[i].problem);
}

/* Writes all files that were edited. False after messages. */
static bool edit_write_files(edit_job *job)
{
    codedb_file_write *files = calloc(job->count + 1, sizeof *files);
    codedb_result result = CODEDB_INIT(codedb_result);
    if (files == NULL) {
        shell_fail("out of memory");
        return false;
    }
    for (size_t i = 0; i < job->count; i++) {
        const edit_pending *pending = &job->pending[i];
        files[i] = (codedb_file_write){.struct_size = sizeof *files,
                                       .path = pending->path,
                                       .old_bytes = pending->old,
                                       .old_length = pending->old_length,
                                       .bytes = pending->bytes,
                                       .length = pending->length};
    }
    codedb_code code = codedb_files_write(files, job->count, &result);
    if (code != CODEDB_SUCCESS) {
        edit_tell_outcomes(files, job->count);
        shell_fail("no file was changed%s", code == CODEDB_NO_MEMORY ? ": out of memory" : ", but for those named as written");
    }
    codedb_result_clear(&result);
    free(files);
    return code == CODEDB_SUCCESS;
}

static int edit_files(edit_job *job, const shell_options *options, char *const *paths, size_t count)
{
    shell_totals totals;
    shell_options one = *options;
    one.threads = 1; /* what is kept is not locked */
    one.once = true; /* it can be replaced once only, and a patch cannot go through a link */
    shell_each_source(&one, paths, count, edit_file, job, &totals);
    if (job->count > 0 && job->refused) {
        shell_fail("no file was changed");
        totals.errors++;
        job->nodes = job->files = 0;
    } else if (job->count > 0 && !edit_write_files(job)) {
        totals.errors++;
        job->nodes = job->files = 0;
    }
    for (size_t i = 0; i < job->count; i++) {
        free(job->pending[i].path);
        free(job->pending[i].old);
        codedb_free(job->pending[i].bytes);
    }
    free(job->pending);
    return shell_status(&totals);
}

/* ---- A database --------------------------------------------------------------------------------------------------- */

bool shell_edit_project(const shell_options *options, codedb *db, shell_projects *project)
{
    if (!shell_projects_find(options, db, project))
        return false;
    if (project->count <= 1)
        return true;
    shell_fail("edit: --project names %zu projects, expected one: the names in a diff begin in a project's folder",
               project->count);
    shell_projects_free(project);
    return false;
}

/* Prints what was done to stored files. One without characters that its encoding has not is a patch of the file on disk. */
static codedb_code edit_print_stored(const shell_options *options, const codedb_project_report *report, codedb_result *result)
{
    codedb_tree *tree = NULL;
    codedb_code code = codedb_tree_parse("", 0, NULL, &tree, result);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < report->file_count; i++) {
        const codedb_file_report *file = &report->files[i];
        bool is_link = file->report.diff[0] == '\0';
        if (is_link && !options->json)
            shell_fail("%s: left out of the diff, as it is a symbolic link to a file that is in it", file->path);
        else if (options->json || options->color)
            shell_print_report(options, file->path, &file->report, stdout);
        else
            code = edit_print_bytes(file->path, tree, file->report.source, &file->report, stdout, result);
    }
    codedb_tree_free(tree);
    return code;
}

static codedb_code edit_modify(const edit_job *job, const shell_options *options, codedb *db, const char *project_id,
                               codedb_project_report **report, codedb_result *result)
{
    codedb_file_edits all = CODEDB_INIT(codedb_file_edits);
    codedb_modify_options modify = CODEDB_INIT(codedb_modify_options);
    all.edits = &job->edit;
    all.edit_count = 1;
    modify.preview = !options->write;
    modify.write_files = options->write_files;
    return codedb_modify_project(db, project_id, &all, 1, &modify, report, result);
}

static int edit_stored(edit_job *job, const shell_options *options)
{
    codedb_project_report *report = NULL;
    codedb_result result = CODEDB_INIT(codedb_result);
    shell_projects project;
    int status = SHELL_ERROR;
    codedb *db = shell_open(options, false, !options->write);
    if (db == NULL)
        return SHELL_ERROR;
    if (!shell_edit_project(options, db, &project)) {
        codedb_close(db);
        return SHELL_ERROR;
    }
    codedb_code code = edit_modify(job, options, db, project.count > 0 ? project.ids[0] : NULL, &report, &result);
    if (code == CODEDB_NOT_FOUND) {
        status = SHELL_NOTHING;
    } else if (code != CODEDB_SUCCESS) {
        shell_fail_result(options, NULL, &result);
        if (result.data != NULL)
            shell_fail("nothing was changed: %s", result.data);
    } else {
        job->nodes = report->nodes_modified;
        job->files = report->file_count;
        status = report->nodes_modified > 0 ? SHELL_FOUND : SHELL_NOTHING;
        if (edit_print_stored(options, report, &result) != CODEDB_SUCCESS)
            status = shell_fail_result(options, NULL, &result);
    }
    shell_projects_free(&project);
    codedb_close(db);
    codedb_free(report);
    codedb_result_clear(&result);
    return status;
}

/* Whether the options go together; false after a message. */
static bool edit_check_options(const shell_options *options, size_t count)
{
    if (options->actions != 1)
        shell_fail(
            "edit: found %d actions, expected one of --replace, --delete, --insert-before, --insert-after, --insert-first, "
            "--insert-last",
            options->actions);
    else if (options->ast && (count > 1 || shell_has_excludes(options)))
        shell_fail("edit: --ast is for what a database holds, and a PATH or --exclude was given");
    else if (options->ast && options->write_files)
        shell_fail("edit: found both --ast and --write-files; an ast is in the database only");
    else if (count > 1 && (options->db != NULL || options->project_count > 0))
        shell_fail("edit: found both --%s and PATH, expected one of them", options->db != NULL ? "db" : "project");
    else if (count > 1 && options->write_files)
        shell_fail("edit: --write-files is for a database, and a PATH was given: --write writes it");
    else if (count <= 1 && shell_has_excludes(options))
        shell_fail("edit: --exclude and --no-default-excludes are for PATHs, and none was given");
    else
        return true;
    return false;
}

int shell_edit(const shell_options *options, char *const *arguments, size_t count)
{
    edit_job job = {.edit = CODEDB_INIT(codedb_edit)};
    int status;
    if (!edit_check_options(options, count))
        return SHELL_ERROR;
    job.edit.filter = (codedb_filter)CODEDB_INIT(codedb_filter);
    job.edit.filter.selector = arguments[0];
    job.edit.filter.dialect = options->dialect;
    job.edit.action = options->action;
    job.edit.code = options->code != NULL ? &options->code : NULL;
    job.edit.code_count = options->code != NULL ? 1 : 0;
    job.edit.use_captures = options->captures;
    if (options->ast)
        status = shell_ast_edit(options, &job.edit, &job.nodes, &job.files);
    else if (count > 1)
        status = edit_files(&job, options, arguments + 1, count - 1);
    else
        status = edit_stored(&job, options);
    if (!options->quiet && !options->json) {
        fprintf(stderr, "%zu nodes in %zu files%s\n", job.nodes, job.files,
                options->write || job.nodes == 0 ? "" : "; nothing was changed (--write does)");
    }
    return status;
}
