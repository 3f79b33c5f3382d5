/* codedb_modify.c -- stored sources edited: one file or all of a project in one transaction, and the files on disk with them.
 *
 * Called by the host (codedb_cst_modify, codedb_modify_project). Calls codedb_source.c to read and store, codedb_edit.c for the edits and
 * codedb_write.c for the files, all in the caller's thread.
 *
 * Invariants
 * 1. Every file is read and every edit is made before anything is stored; one batch stores all, if each file's source is still what
 *    was read.
 * 2. Files on disk must hold what was stored. Their new contents are on the disk before the batch runs; they are renamed when it has run
 *    and before it is committed. When the commit fails they get their old content again. */
#include "codedb_source.h"

#include "codedb_driver.h"
#include "codedb_edit.h"
#include "codedb_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The job ------------------------------------------------------------------------------------------------------ */

/* One file that is edited. */
typedef struct modify_file {
    int64_t id;
    size_t entry; /* of the host's array */
    codedb_source_state state;
    codedb_edit_report *report;
    codedb_identities *identities; /* of the next one's nodes */
    codedb_tree *edited;           /* the tree after the edit */
    codedb_decoded old;            /* of a file on disk: its text ... */
    char *old_bytes;               /* ... and bytes; NULL: not read */
    int64_t requirement;           /* the batch's operation that checks the source */
    bool is_link;                  /* its path is a symbolic link to the file of another one */
} modify_file;

typedef struct modify_job {
    codedb *db;          /* where everything is read and written: the host's handle, or a transaction of this call */
    codedb *transaction; /* NULL: none of this call */
    const char *project_id;
    bool is_whole_project; /* the files in which the edits find something are listed here, not by the host */
    codedb_modify_options options;
    codedb_file_edits *entries;
    size_t entry_count;
    modify_file *files; /* that are changed, or will be looked at */
    size_t file_count;
    codedb_writer *writer; /* NULL: nothing is written to the disk */
    codedb_arena *arena;
    codedb_result *result;
} modify_job;

static const char *modify_path(const modify_file *file)
{
    return file->state.file->relative_path ? file->state.file->relative_path : file->state.file->path;
}

static void modify_file_free(const codedb_allocator *allocator, modify_file *file)
{
    codedb_tree_free(file->edited);
    codedb_identities_free(file->identities);
    codedb_free(file->report);
    codedb_decoded_release(allocator, &file->old);
    codedb_memory_release(allocator, file->old_bytes);
    codedb_source_state_free(&file->state);
}

/* Adds to an error which file it is about; of an edit, what is there names the edit. */
static codedb_code modify_blame(const modify_job *job, codedb_code code, const modify_file *file)
{
    codedb_buffer data;
    if (!job->result || code == CODEDB_NO_MEMORY)
        return code;
    static const char prefix[] = "{\"edit\": ";
    bool has_edit = job->result->data && !strncmp(job->result->data, prefix, sizeof prefix - 1);
    codedb_buffer_init(&data, codedb_object_allocator(job->db));
    codedb_buffer_printf(&data, "{\"file\": %zu", file->entry);
    if (file->state.file) {
        codedb_buffer_append_text(&data, ", \"path\": ");
        codedb_buffer_append_json(&data, file->state.file->path, strlen(file->state.file->path));
    }
    if (has_edit)
        codedb_buffer_printf(&data, ", %s", job->result->data + 1);
    else
        codedb_buffer_append_byte(&data, '}');
    codedb_result_take_data(job->result, &data);
    return code;
}

/* ---- One file ----------------------------------------------------------------------------------------------------- */

static codedb_code modify_check_hash(const modify_file *file, const char *expected, codedb_result *result)
{
    const codedb_slice hash = file->state.hash;
    if (!expected || (strlen(expected) == hash.length && !memcmp(expected, hash.text, hash.length)))
        return CODEDB_SUCCESS;
    return codedb_fail(result, CODEDB_CONFLICT, "the stored source of file %lld has the hash %.*s, expected %s",
                       (long long)file->id, (int)hash.length, hash.text, expected);
}

/* Reads the file's stored source and edits it; nothing is stored. */
static codedb_code modify_plan_file(modify_job *job, modify_file *file)
{
    const codedb_file_edits *entry = &job->entries[file->entry];
    codedb_tree *tree = NULL;
    codedb_code code = codedb_source_read(job->db, file->id, false, &file->state, job->result);
    if (code == CODEDB_SUCCESS && job->project_id &&
        (!file->state.file->project_id || strcmp(job->project_id, file->state.file->project_id) != 0))
        code = codedb_fail(job->result, CODEDB_NOT_FOUND, "file %lld is not of the project %s", (long long)file->id,
                           job->project_id);
    if (code == CODEDB_SUCCESS)
        code = modify_check_hash(file, entry->expected_hash, job->result);
    if (code == CODEDB_SUCCESS)
        code = codedb_source_parse(job->db, &file->state, &tree, job->result);
    if (code == CODEDB_SUCCESS) {
        code = codedb_edit_apply(tree, entry->edits, entry->edit_count, modify_path(file), file->state.file->path, &file->report,
                                 &file->edited, &file->identities, job->result);
        /* An id that is a place in another text may be one in another file of the project. */
        if (code == CODEDB_CONFLICT && job->is_whole_project)
            code = CODEDB_NOT_FOUND;
    }
    codedb_tree_free(tree);
    return code;
}

/* Adds to the batch what stores the file's new source. */
static codedb_code modify_store_file(const modify_job *job, codedb_batch *batch, modify_file *file)
{
    codedb_source_file source = {
        .file = codedb_value_integer(file->id),
        .project_id = file->state.file->project_id,
        .name = modify_path(file),
        .tree = file->edited,
        .identities = file->identities,
    };
    file->requirement = codedb_source_require_unchanged(batch, file->id, &file->state);
    return codedb_source_store(job->db, batch, &source, NULL, job->result);
}

/* ---- Files on disk ------------------------------------------------------------------------------------------------ */

/* Reads a whole file. */
static codedb_code modify_read_bytes(const modify_job *job, modify_file *file, size_t *length)
{
    const codedb_allocator *allocator = codedb_object_allocator(job->db);
    struct stat status;
    char text[128];
    int descriptor = open(file->state.file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        int error = errno;
        if (descriptor >= 0)
            close(descriptor);
        codedb_text_system_error(error, text, sizeof text);
        return codedb_fail(job->result, error == ENOENT ? CODEDB_NOT_FOUND : CODEDB_PERMISSION_DENIED, "%s: %s",
                           file->state.file->path, text);
    }
    size_t capacity = status.st_size > 0 ? (size_t)status.st_size : 0, at = 0;
    file->old_bytes = codedb_memory_allocate(allocator, capacity + 1, 1);
    ssize_t got = 1;
    while (file->old_bytes && at <= capacity && got > 0) {
        got = read(descriptor, file->old_bytes + at, capacity + 1 - at);
        got = got < 0 && errno == EINTR ? 1 : got;
        at += got > 0 && at + (size_t)got <= capacity + 1 ? (size_t)got : 0;
    }
    close(descriptor);
    *length = at;
    return file->old_bytes ? CODEDB_SUCCESS : codedb_fail_no_memory(job->result);
}

/* Puts the new content beside the file on disk, which must hold what is stored, in the file's own encoding. */
static codedb_code modify_stage_file(modify_job *job, modify_file *file)
{
    const codedb_allocator *allocator = codedb_object_allocator(job->db);
    size_t length = 0;
    codedb_buffer bytes;
    codedb_buffer_init(&bytes, allocator);
    codedb_code code = modify_read_bytes(job, file, &length);
    if (code == CODEDB_SUCCESS)
        code = codedb_encoding_decode(allocator, file->old_bytes, length, &file->old, job->result);
    if (code == CODEDB_PARSE_ERROR ||
        (code == CODEDB_SUCCESS && (file->old.length != file->state.source.length ||
                                    memcmp(file->old.text, file->state.source.text, file->old.length) != 0)))
        code = codedb_fail(job->result, CODEDB_CONFLICT, "%s: the file is not what the database holds; index it again",
                           file->state.file->path);
    if (code == CODEDB_SUCCESS)
        code = codedb_encoding_encode(file->report->source, file->report->source_length, &bytes, job->result);
    if (code == CODEDB_SUCCESS)
        code = codedb_writer_stage(job->writer, file->state.file->path, file->old_bytes, length, bytes.data ? bytes.data : "",
                                   bytes.length, job->result);
    codedb_buffer_free(&bytes);
    return code;
}

static codedb_code modify_stage_files(modify_job *job)
{
    if (!job->options.write_files)
        return CODEDB_SUCCESS;
    job->writer = codedb_writer_create(codedb_object_allocator(job->db), job->file_count);
    if (!job->writer)
        return codedb_fail_no_memory(job->result);
    for (size_t i = 0; i < job->file_count; i++) {
        codedb_code code = modify_stage_file(job, &job->files[i]);
        if (code != CODEDB_SUCCESS)
            return modify_blame(job, code, &job->files[i]);
    }
    return CODEDB_SUCCESS;
}

/* Writes the staged files; an error tells what became of each. */
static codedb_code modify_write_files(const modify_job *job)
{
    codedb_buffer data;
    codedb_code code = job->writer ? codedb_writer_commit(job->writer, job->result) : CODEDB_SUCCESS;
    if (code == CODEDB_SUCCESS)
        return code;
    codedb_buffer_init(&data, codedb_object_allocator(job->db));
    codedb_buffer_append_text(&data, "{\"files\": ");
    codedb_writer_describe(job->writer, &data);
    codedb_buffer_append_byte(&data, '}');
    codedb_result_take_data(job->result, &data);
    return code;
}

/* What a file's path leads to on this machine's disk, if anything. */
typedef struct modify_name {
    modify_file *file;
    bool is_link;
    struct stat status;
} modify_name;

static int modify_compare_names(const void *left, const void *right)
{
    const modify_name *a = left, *b = right;
    if (a->status.st_dev != b->status.st_dev)
        return a->status.st_dev < b->status.st_dev ? -1 : 1;
    if (a->status.st_ino != b->status.st_ino)
        return a->status.st_ino < b->status.st_ino ? -1 : 1;
    return a->is_link != b->is_link ? a->is_link - b->is_link : (a->file > b->file) - (a->file < b->file);
}

/* Finds the links to files that are changed by their own names, too. A database whose files are elsewhere has none. */
static codedb_code modify_mark_links(const modify_job *job)
{
    modify_name *names = codedb_arena_allocate(job->arena, job->file_count, sizeof *names);
    size_t count = 0, first = 0;
    if (!names)
        return codedb_fail_no_memory(job->result);
    for (size_t i = 0; i < job->file_count; i++) {
        modify_name *name = &names[count];
        const char *path = job->files[i].state.file->path;
        name->file = &job->files[i];
        if (lstat(path, &name->status) != 0)
            continue;
        name->is_link = S_ISLNK(name->status.st_mode);
        count += !name->is_link || stat(path, &name->status) == 0;
    }
    if (count)
        qsort(names, count, sizeof *names, modify_compare_names);
    for (size_t i = 1; i < count; i++) {
        bool is_same =
            names[i].status.st_dev == names[first].status.st_dev && names[i].status.st_ino == names[first].status.st_ino;
        first = is_same ? first : i;
        names[i].file->is_link = is_same && names[i].is_link;
    }
    return CODEDB_SUCCESS;
}

/* ---- Storing ------------------------------------------------------------------------------------------------------ */

/* Names the file whose source has changed meanwhile, if that is why the batch failed. */
static codedb_code modify_blame_batch(const modify_job *job, codedb_code code)
{
    static const char prefix[] = "{\"operation\": ";
    if (code != CODEDB_CONFLICT || !job->result || !job->result->data ||
        strncmp(job->result->data, prefix, sizeof prefix - 1) != 0)
        return code;
    long long operation = strtoll(job->result->data + sizeof prefix - 1, NULL, 10);
    for (size_t i = 0; i < job->file_count; i++)
        if (job->files[i].requirement == operation)
            return modify_blame(job, code, &job->files[i]);
    return code;
}

static codedb_code modify_run_batch(const modify_job *job)
{
    codedb_batch *batch;
    codedb_code code = codedb_batch_create(job->db, &batch, job->result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_source_prepare(job->db, batch, job->result);
    for (size_t i = 0; i < job->file_count && code == CODEDB_SUCCESS; i++)
        code = modify_store_file(job, batch, &job->files[i]);
    if (code == CODEDB_SUCCESS)
        code = modify_blame_batch(job, codedb_batch_run(batch, job->result));
    codedb_batch_free(batch);
    return code;
}

/* Files are written inside a transaction: one of this call, unless the host's handle is one. */
static codedb_code modify_begin(modify_job *job)
{
    if (!job->writer || job->db->transaction)
        return CODEDB_SUCCESS;
    codedb_code code = codedb_transaction_begin(job->db, &job->transaction, job->result);
    if (code == CODEDB_SUCCESS)
        job->db = job->transaction;
    return code;
}

static codedb_code modify_store(modify_job *job)
{
    if (!job->file_count || job->options.preview)
        return CODEDB_SUCCESS;
    codedb_code code = modify_begin(job);
    if (code == CODEDB_SUCCESS)
        code = modify_run_batch(job);
    if (code == CODEDB_SUCCESS)
        code = modify_write_files(job);
    if (code != CODEDB_SUCCESS || !job->transaction)
        return code;
    code = codedb_transaction_commit(job->transaction, job->result);
    if (code != CODEDB_SUCCESS && code != CODEDB_OUTCOME_UNKNOWN)
        codedb_writer_undo(job->writer);
    return code;
}

/* ---- One file of the host's --------------------------------------------------------------------------------------- */

CODEDB_API codedb_code codedb_cst_modify(codedb *db, int64_t file_id, const codedb_edit *edits, size_t edit_count,
                                         const char *expected_hash, int preview, codedb_edit_report **report,
                                         codedb_result *result)
{
    if (report)
        *report = NULL;
    if (!db || !edits || !edit_count || !report)
        return codedb_fail(result, CODEDB_INVALID_REQUEST,
                           "codedb_cst_modify needs a database, edits and a place for the report");
    codedb_file_edits entry = {sizeof entry, file_id, edits, edit_count, expected_hash};
    modify_file file = {.id = file_id};
    modify_job job = {
        .db = db, .options = {.preview = preview}, .entries = &entry, .entry_count = 1, .files = &file, .result = result};
    codedb_code code = modify_plan_file(&job, &file);
    job.file_count = code == CODEDB_SUCCESS && file.report->range_count;
    if (code == CODEDB_SUCCESS)
        code = modify_store(&job);
    if (code == CODEDB_SUCCESS) {
        *report = file.report;
        file.report = NULL;
        codedb_succeed(result);
    }
    modify_file_free(codedb_object_allocator(db), &file);
    return code;
}

/* ---- A project ---------------------------------------------------------------------------------------------------- */

/* Copies the entries, whose structs may be of another version. */
static codedb_code modify_read_entries(modify_job *job, const codedb_file_edits *given)
{
    job->entries = codedb_arena_allocate(job->arena, job->entry_count, sizeof *job->entries);
    if (!job->entries)
        return codedb_fail_no_memory(job->result);
    for (size_t i = 0; i < job->entry_count; i++) {
        const char *at = (const char *)given + i * given->struct_size;
        codedb_file_edits *entry = &job->entries[i];
        if (!codedb_struct_read(entry, sizeof *entry, at) || entry->struct_size != given->struct_size)
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "codedb_modify_project: struct_size of file %zu is wrong", i);
        if (!entry->edits || !entry->edit_count)
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "codedb_modify_project: file %zu has no edits", i);
        if (!entry->file_id && job->entry_count > 1)
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST,
                               "codedb_modify_project: file %zu is 0, which stands for all files and must be the only one", i);
    }
    return CODEDB_SUCCESS;
}

static int modify_compare_ids(const void *left, const void *right)
{
    int64_t a = ((const modify_file *)left)->id, b = ((const modify_file *)right)->id;
    return a < b ? -1 : a > b;
}

/* Lists the files that are given; no file may be given twice, as its second edits would be of a source that is no more. */
static codedb_code modify_list_given(modify_job *job)
{
    job->files = codedb_arena_allocate(job->arena, job->entry_count, sizeof *job->files);
    modify_file *sorted = codedb_arena_allocate(job->arena, job->entry_count, sizeof *sorted);
    if (!job->files || !sorted)
        return codedb_fail_no_memory(job->result);
    for (size_t i = 0; i < job->entry_count; i++)
        job->files[i] = sorted[i] = (modify_file){.id = job->entries[i].file_id, .entry = i};
    qsort(sorted, job->entry_count, sizeof *sorted, modify_compare_ids);
    for (size_t i = 1; i < job->entry_count; i++)
        if (sorted[i].id == sorted[i - 1].id)
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "codedb_modify_project: file %lld is given twice",
                               (long long)sorted[i].id);
    job->file_count = job->entry_count;
    return CODEDB_SUCCESS;
}

/* Lists the project's files that have a source which parses, by path. */
static codedb_code modify_list_project(modify_job *job)
{
    static const char sql[] = "SELECT id FROM files WHERE deleted = 0 AND (? IS NULL OR project_id = ?) AND id IN "
                              "(SELECT file_id FROM cst_trees) AND id NOT IN (SELECT file_id FROM issues WHERE "
                              "issue_type = 'syntax_error' AND file_id IS NOT NULL) ORDER BY path";
    codedb_value project = job->project_id ? codedb_value_text(job->project_id) : (codedb_value){.type = CODEDB_VALUE_NULL};
    const codedb_value parameters[] = {project, project};
    codedb_rows *rows = NULL;
    codedb_code code = codedb_sql_execute(job->db, sql, parameters, 2, &rows, NULL, job->result);
    if (code != CODEDB_SUCCESS)
        return code;
    job->files = codedb_arena_allocate(job->arena, rows->row_count, sizeof *job->files);
    if (!job->files)
        code = codedb_fail_no_memory(job->result);
    for (size_t i = 0; i < rows->row_count && code == CODEDB_SUCCESS; i++)
        job->files[i] = (modify_file){.id = rows->values[i].as.integer};
    job->file_count = code == CODEDB_SUCCESS ? rows->row_count : 0;
    codedb_free(rows);
    return code;
}

/* Makes all edits, and keeps the files that they change. In a whole project a file in which nothing is found is left out. */
static codedb_code modify_plan(modify_job *job)
{
    const codedb_allocator *allocator = codedb_object_allocator(job->db);
    size_t changed = 0, found = 0;
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; i < job->file_count && code == CODEDB_SUCCESS; i++) {
        modify_file *file = &job->files[i];
        code = modify_plan_file(job, file);
        bool is_absent = code == CODEDB_NOT_FOUND && job->is_whole_project && file->state.rows;
        found += !is_absent;
        if (code == CODEDB_SUCCESS && file->report->range_count) {
            modify_file kept = *file;
            *file = (modify_file){0};
            job->files[changed++] = kept;
            continue;
        }
        if (is_absent)
            code = CODEDB_SUCCESS;
        else if (code != CODEDB_SUCCESS)
            modify_blame(job, code, file);
        modify_file_free(allocator, file);
        *file = (modify_file){0};
    }
    job->file_count = changed;
    if (code == CODEDB_SUCCESS && !found)
        return codedb_fail(job->result, CODEDB_NOT_FOUND, "the edits find nothing in any file");
    return code == CODEDB_SUCCESS ? codedb_succeed(job->result) : code;
}

static bool modify_copy_report(codedb_arena *arena, const codedb_edit_report *from, codedb_edit_report *to)
{
    size_t *ranges = codedb_arena_allocate(arena, 4 * from->range_count + 1, sizeof *ranges);
    *to = *from;
    to->source = codedb_arena_copy(arena, from->source, from->source_length);
    to->diff = codedb_arena_copy(arena, from->diff, strlen(from->diff));
    to->hash = codedb_arena_copy(arena, from->hash, strlen(from->hash));
    if (!ranges || !to->source || !to->diff || !to->hash)
        return false;
    const char **ids = codedb_arena_allocate(arena, 2 * from->id_count, sizeof *ids);
    for (size_t i = 0; ids && i < from->id_count; i++) {
        const char *old_id = from->old_ids[i], *new_id = from->new_ids[i];
        ids[i] = old_id ? codedb_arena_copy(arena, old_id, strlen(old_id)) : NULL;
        ids[from->id_count + i] = new_id ? codedb_arena_copy(arena, new_id, strlen(new_id)) : NULL;
        if ((old_id && !ids[i]) || (new_id && !ids[from->id_count + i]))
            return false;
    }
    if (!ids)
        return false;
    to->old_ids = ids;
    to->new_ids = ids + from->id_count;
    memcpy(ranges, from->old_ranges, 2 * from->range_count * sizeof *ranges);
    memcpy(ranges + 2 * from->range_count, from->new_ranges, 2 * from->range_count * sizeof *ranges);
    to->old_ranges = ranges;
    to->new_ranges = ranges + 2 * from->range_count;
    return true;
}

/* Makes the host's report: one block. */
static codedb_code modify_report(const modify_job *job, codedb_project_report **report)
{
    codedb_arena *arena = codedb_arena_create(codedb_object_allocator(job->db));
    codedb_project_report *made = arena ? codedb_arena_allocate_root(arena, 1, sizeof *made) : NULL;
    codedb_file_report *files = arena ? codedb_arena_allocate(arena, job->file_count, sizeof *files) : NULL;
    codedb_buffer diff;
    codedb_buffer_init(&diff, codedb_object_allocator(job->db));
    bool ok = made && files;
    size_t nodes = 0;
    for (size_t i = 0; i < job->file_count && ok; i++) {
        const modify_file *file = &job->files[i];
        files[i].file_id = file->id;
        files[i].path = codedb_arena_copy(arena, file->state.file->path, strlen(file->state.file->path));
        ok = files[i].path && modify_copy_report(arena, file->report, &files[i].report);
        nodes += file->report->nodes_modified;
        /* `git apply` goes through no link, and would take the change twice. */
        if (file->is_link)
            files[i].report.diff = "";
        codedb_buffer_append_text(&diff, files[i].report.diff ? files[i].report.diff : "");
    }
    if (ok) {
        *made = (codedb_project_report){nodes, job->file_count, files,
                                        codedb_arena_copy(arena, diff.data ? diff.data : "", diff.length)};
        ok = made->diff && !diff.failed;
    }
    codedb_buffer_free(&diff);
    if (ok)
        *report = made;
    else
        codedb_arena_destroy(arena);
    return ok ? CODEDB_SUCCESS : codedb_fail_no_memory(job->result);
}

CODEDB_API codedb_code codedb_modify_project(codedb *db, const char *project_id, const codedb_file_edits *files,
                                             size_t file_count, const codedb_modify_options *options,
                                             codedb_project_report **report, codedb_result *result)
{
    modify_job job = {.db = db, .project_id = project_id, .entry_count = file_count, .result = result};
    codedb_project_report *made = NULL;
    if (report)
        *report = NULL;
    if (!db || !files || !file_count || !report)
        return codedb_fail(result, CODEDB_INVALID_REQUEST,
                           "codedb_modify_project needs a database, files and a place for the report");
    codedb_code code = CODEDB_SUCCESS;
    if (options)
        code = codedb_struct_take(&job.options, sizeof job.options, options, "codedb_modify_options", result);
    if (code != CODEDB_SUCCESS)
        return code;
    job.arena = codedb_arena_create(codedb_object_allocator(db));
    if (!job.arena)
        return codedb_fail_no_memory(result);
    code = modify_read_entries(&job, files);
    job.is_whole_project = code == CODEDB_SUCCESS && !job.entries[0].file_id;
    if (code == CODEDB_SUCCESS)
        code = job.is_whole_project ? modify_list_project(&job) : modify_list_given(&job);
    if (code == CODEDB_SUCCESS)
        code = modify_plan(&job);
    if (code == CODEDB_SUCCESS && !job.options.preview)
        code = modify_stage_files(&job);
    if (code == CODEDB_SUCCESS)
        code = modify_mark_links(&job);
    if (code == CODEDB_SUCCESS)
        code = modify_report(&job, &made);
    if (code == CODEDB_SUCCESS)
        code = modify_store(&job);
    if (code == CODEDB_SUCCESS) {
        *report = made;
        made = NULL;
        codedb_succeed(result);
    }
    codedb_free(made);
    codedb_writer_free(job.writer);
    for (size_t i = 0; i < job.file_count; i++)
        modify_file_free(codedb_object_allocator(db), &job.files[i]);
    codedb_close(job.transaction);
    codedb_arena_destroy(job.arena);
    return code;
}
