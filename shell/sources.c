/* sources.c -- the files that a command is asked about: found, read in several threads, answered in order.
 *
 * The paths are collected first. Then every thread takes the next path, reads it, calls the command's function with an output of its own,
 * and leaves that in the path's slot; the calling thread prints the slots in order as they are filled. */
#include "shell.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct sources_slot {
    char *path;
    char *output;
    size_t output_length;
    char *problem; /* in place of a file: what was wrong */
    codedb_result result;
    int64_t file_id;
    uint64_t bytes;
    int status;
    bool done;
} sources_slot;

typedef struct sources_job {
    const shell_options *options;
    shell_source_function function;
    void *context;
    codedb *db; /* NULL: the slots are files */
    sources_slot *slots;
    size_t count;
    size_t capacity;
    size_t next; /* under lock */
    bool no_memory;
    pthread_mutex_t lock;
    pthread_cond_t filled;
} sources_job;

static bool sources_add(sources_job *job, const char *path, const char *problem)
{
    if (job->count == job->capacity) {
        size_t capacity = job->capacity == 0 ? 256 : job->capacity * 2;
        sources_slot *slots = realloc(job->slots, capacity * sizeof *slots);
        if (slots == NULL) {
            job->no_memory = true;
            return false;
        }
        job->slots = slots;
        job->capacity = capacity;
    }
    sources_slot *slot = &job->slots[job->count];
    *slot = (sources_slot){.result = CODEDB_INIT(codedb_result)};
    slot->path = strdup(path);
    slot->problem = problem != NULL ? strdup(problem) : NULL;
    if (slot->path == NULL || (problem != NULL && slot->problem == NULL)) {
        free(slot->path);
        job->no_memory = true;
        return false;
    }
    job->count++;
    return true;
}

static int sources_visit(void *context, const codedb_walk_entry *entry)
{
    return sources_add(context, entry->path, entry->problem) ? 0 : 1;
}

static void sources_collect(sources_job *job, const char *path)
{
    struct stat status;
    if (strcmp(path, "-") == 0) {
        sources_add(job, SHELL_STDIN, NULL);
    } else if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        codedb_walk_options walk = CODEDB_INIT(codedb_walk_options);
        codedb_result result = CODEDB_INIT(codedb_result);
        walk.excludes = job->options->excludes;
        walk.exclude_count = job->options->exclude_count;
        walk.no_default_excludes = job->options->no_default_excludes;
        codedb_code code = codedb_folder_walk(path, &walk, sources_visit, job, &result);
        if (code != CODEDB_SUCCESS && !job->no_memory)
            sources_add(job, path, result.description);
        codedb_result_clear(&result);
    } else {
        sources_add(job, path, NULL); /* reading it says what is wrong with it */
    }
}

/* ---- Files that have several names -------------------------------------------------------------------------------- */

typedef struct sources_name {
    size_t slot;
    bool is_known; /* false: the path leads nowhere, which reading it says */
    bool is_link;
    dev_t device;
    ino_t inode;
} sources_name;

static bool sources_is_same(const sources_name *a, const sources_name *b)
{
    return a->is_known && b->is_known && a->device == b->device && a->inode == b->inode;
}

/* Names of a file stand together: first one that is no link, else the first that was found. */
static int sources_compare(const void *left, const void *right)
{
    const sources_name *a = left;
    const sources_name *b = right;
    if (a->is_known != b->is_known)
        return a->is_known ? -1 : 1;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    if (a->is_link != b->is_link)
        return a->is_link ? 1 : -1;
    return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static sources_name *sources_names(sources_job *job)
{
    struct stat status;
    sources_name *names = calloc(job->count + 1, sizeof *names);
    job->no_memory |= names == NULL;
    for (size_t i = 0; names != NULL && i < job->count; i++) {
        const sources_slot *slot = &job->slots[i];
        names[i].slot = i;
        if (slot->problem != NULL || strcmp(slot->path, SHELL_STDIN) == 0 || stat(slot->path, &status) != 0)
            continue;
        names[i].is_known = true;
        names[i].device = status.st_dev;
        names[i].inode = status.st_ino;
        names[i].is_link = lstat(slot->path, &status) == 0 && S_ISLNK(status.st_mode);
    }
    return names;
}

static void sources_free_slot(sources_slot *slot)
{
    codedb_result_clear(&slot->result);
    free(slot->path);
    free(slot->problem);
    slot->path = NULL;
}

/* Leaves out all names of a file but one. */
static void sources_take_once(sources_job *job)
{
    size_t first = 0, kept = 0;
    sources_name *names = sources_names(job);
    if (names == NULL)
        return;
    qsort(names, job->count, sizeof *names, sources_compare);
    for (size_t i = 1; i < job->count; i++) {
        sources_slot *slot = &job->slots[names[i].slot];
        if (!sources_is_same(&names[i], &names[first])) {
            first = i;
            continue;
        }
        shell_fail("%s: left out, as it is the same file as %s", slot->path, job->slots[names[first].slot].path);
        sources_free_slot(slot);
    }
    for (size_t i = 0; i < job->count; i++)
        if (job->slots[i].path != NULL)
            job->slots[kept++] = job->slots[i];
    job->count = kept;
    free(names);
}

/* ---- Reading ------------------------------------------------------------------------------------------------------ */

/* Everything that a descriptor gives, in malloc'ed memory with a NUL behind; NULL and errno on failure. */
static char *sources_read_descriptor(int descriptor, size_t *length)
{
    struct stat status;
    size_t capacity = fstat(descriptor, &status) == 0 && status.st_size > 0 ? (size_t)status.st_size + 1 : 65536;
    char *bytes = malloc(capacity + 1);
    *length = 0;
    while (bytes != NULL) {
        ssize_t got = read(descriptor, bytes + *length, capacity - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            free(bytes);
            return NULL;
        }
        if (got == 0) {
            bytes[*length] = '\0';
            return bytes;
        }
        *length += (size_t)got;
        if (*length == capacity) {
            char *grown = realloc(bytes, capacity * 2 + 1);
            if (grown == NULL)
                free(bytes);
            bytes = grown;
            capacity *= 2;
        }
    }
    errno = ENOMEM;
    return NULL;
}

static char *sources_read(const char *path, size_t *length)
{
    if (strcmp(path, SHELL_STDIN) == 0)
        return sources_read_descriptor(STDIN_FILENO, length);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return NULL;
    char *bytes = sources_read_descriptor(descriptor, length);
    int error = errno;
    close(descriptor);
    errno = error;
    return bytes;
}

/* What the function said goes to the slot; false when there is no memory for it. */
static bool sources_call(sources_job *job, sources_slot *slot, const shell_source *source)
{
    FILE *out = open_memstream(&slot->output, &slot->output_length);
    if (out == NULL)
        return false;
    slot->status = job->function(job->context, job->options, source, out, &slot->result);
    return fclose(out) == 0;
}

static void sources_run_slot(sources_job *job, sources_slot *slot)
{
    shell_source source = {.path = slot->path, .db = job->db, .file_id = slot->file_id};
    char *bytes = NULL;
    if (slot->problem == NULL && job->db == NULL) {
        bytes = sources_read(slot->path, &source.length);
        if (bytes == NULL) {
            char text[128];
            slot->problem = strdup(strerror_r(errno, text, sizeof text));
        }
    }
    source.bytes = bytes;
    slot->bytes = source.length;
    if (slot->problem == NULL && (job->db != NULL || bytes != NULL) && !sources_call(job, slot, &source))
        slot->problem = strdup("out of memory");
    if (slot->problem != NULL || (job->db == NULL && bytes == NULL))
        slot->status = SHELL_ERROR;
    free(bytes);
}

static void *sources_thread(void *argument)
{
    sources_job *job = argument;
    pthread_mutex_lock(&job->lock);
    while (job->next < job->count) {
        sources_slot *slot = &job->slots[job->next++];
        pthread_mutex_unlock(&job->lock);
        sources_run_slot(job, slot);
        pthread_mutex_lock(&job->lock);
        slot->done = true;
        pthread_cond_signal(&job->filled);
    }
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

static void sources_print(sources_job *job, shell_totals *totals)
{
    shell_progress progress;
    shell_progress_begin(&progress, job->options);
    bool bar = progress.shown && !isatty(STDOUT_FILENO); /* never a bar between answers on the same screen */
    for (size_t i = 0; i < job->count; i++) {
        sources_slot *slot = &job->slots[i];
        pthread_mutex_lock(&job->lock);
        while (!slot->done)
            pthread_cond_wait(&job->filled, &job->lock);
        pthread_mutex_unlock(&job->lock);
        if (slot->problem != NULL)
            shell_fail("%s: %s", slot->path, slot->problem);
        else if (slot->status == SHELL_ERROR)
            shell_fail_result(job->options, slot->path, &slot->result);
        fwrite(slot->output != NULL ? slot->output : "", 1, slot->output_length, stdout);
        totals->files++;
        totals->bytes += slot->bytes;
        totals->found += slot->status == SHELL_FOUND;
        totals->errors += slot->status == SHELL_ERROR;
        free(slot->output);
        slot->output = NULL;
        if (bar)
            shell_progress_update(&progress, "reading", i + 1, job->count, true);
    }
    shell_progress_end(&progress);
}

static size_t sources_thread_count(const sources_job *job)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = job->options->threads > 0 ? (size_t)job->options->threads : processors > 0 ? (size_t)processors : 1;
    wanted = wanted < 64 ? wanted : 64;
    return wanted < job->count ? wanted : job->count;
}

/* Runs all slots of a job that was collected, prints and counts, and frees the job's memory. */
static void sources_run(sources_job *job, shell_totals *totals)
{
    pthread_t threads[64];
    size_t started = 0;
    size_t wanted = job->no_memory ? 0 : sources_thread_count(job);
    while (started < wanted && pthread_create(&threads[started], NULL, sources_thread, job) == 0)
        started++;
    if (started == 0 && !job->no_memory)
        sources_thread(job); /* no thread to be had, or nothing to do: do it here */
    if (job->no_memory) {
        totals->errors++;
        shell_fail("out of memory");
    } else {
        sources_print(job, totals);
    }
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < job->count; i++)
        sources_free_slot(&job->slots[i]);
    free(job->slots);
    pthread_cond_destroy(&job->filled);
    pthread_mutex_destroy(&job->lock);
}

static void sources_begin(sources_job *job, shell_totals *totals)
{
    memset(totals, 0, sizeof *totals);
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->filled, NULL);
}

void shell_each_source(const shell_options *options, char *const *paths, size_t path_count, shell_source_function function,
                       void *context, shell_totals *totals)
{
    sources_job job = {.options = options, .function = function, .context = context};
    sources_begin(&job, totals);
    for (size_t i = 0; i < path_count && !job.no_memory; i++)
        sources_collect(&job, paths[i]);
    if (options->once && !job.no_memory)
        sources_take_once(&job);
    sources_run(&job, totals);
}

/* The stored files that are Python, of those projects; without one, of all. */
static codedb_code sources_list_stored(codedb *db, const shell_projects *projects, codedb_rows **rows, codedb_result *result)
{
    codedb_value *values = calloc(projects->count + 1, sizeof *values);
    char *sql = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&sql, &length);
    if (out != NULL) {
        fputs("SELECT id, path FROM files WHERE deleted = 0 AND id IN (SELECT file_id FROM cst_trees) AND id NOT IN "
              "(SELECT file_id FROM issues WHERE issue_type = 'syntax_error' AND file_id IS NOT NULL)",
              out);
        for (size_t i = 0; values != NULL && i < projects->count; i++) {
            values[i] = codedb_value_text(projects->ids[i]);
            fputs(i == 0 ? " AND project_id IN (?" : ", ?", out);
        }
        fputs(projects->count > 0 ? ") ORDER BY path" : " ORDER BY path", out);
    }
    bool failed = out == NULL || fclose(out) != 0 || values == NULL;
    codedb_code code = failed ? CODEDB_NO_MEMORY : codedb_sql_execute(db, sql, values, projects->count, rows, NULL, result);
    free(sql);
    free(values);
    return code;
}

void shell_each_stored(const shell_options *options, codedb *db, const shell_projects *projects, shell_source_function function,
                       void *context, shell_totals *totals)
{
    sources_job job = {.options = options, .function = function, .context = context, .db = db};
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_rows *rows = NULL;
    sources_begin(&job, totals);
    codedb_code code = sources_list_stored(db, projects, &rows, &result);
    job.no_memory = code == CODEDB_NO_MEMORY;
    if (code != CODEDB_SUCCESS && !job.no_memory) {
        shell_fail_result(options, options->db, &result);
        totals->errors++;
    }
    for (size_t row = 0; code == CODEDB_SUCCESS && row < rows->row_count && !job.no_memory; row++) {
        const codedb_value *cells = &rows->values[row * rows->column_count];
        if (cells[1].type == CODEDB_VALUE_TEXT && sources_add(&job, cells[1].as.text, NULL))
            job.slots[job.count - 1].file_id = cells[0].as.integer;
    }
    codedb_free(rows);
    codedb_result_clear(&result);
    sources_run(&job, totals);
}

bool shell_has_excludes(const shell_options *options)
{
    return options->exclude_count > 0 || options->no_default_excludes;
}

codedb_code shell_parse(const shell_options *options, const char *bytes, size_t length, codedb_tree **tree, codedb_result *result)
{
    codedb_parse_options parse = CODEDB_INIT(codedb_parse_options);
    parse.target_version = options->target_version;
    return codedb_tree_parse(bytes, length, &parse, tree, result);
}

int shell_status(const shell_totals *totals)
{
    if (totals->errors > 0)
        return SHELL_ERROR;
    return totals->found > 0 ? SHELL_FOUND : SHELL_NOTHING;
}
