/* codedb_crawl.c -- the index job: walks a folder, reads and parses its files in several threads, stores them in batches.
 *
 *   caller's thread: walk -> list of paths; then waits, calls the host's progress function, marks what is gone
 *   worker threads:  path -> bytes -> tree -> operations in the worker's own batch -> driver
 *
 * Called by the host. Uses codedb_walk.c, codedb_source.c and the public table functions.
 *
 * 1. A file's rows are replaced in one batch, with the hash that was read at the start as a condition: all or nothing, and never over
 *    somebody else's change.
 * 2. A file that cannot be read, decoded or parsed never stops the run: it is counted and reported, and its neighbours in a batch are stored.
 * 3. A file counts as deleted only when the system says that there is none: one that is excluded or unreadable is left as it is.
 * 4. job->lock guards everything in crawl_job below it; it is never held while a file is read, parsed or stored.
 *
 * Contents: what the database knows, what happened, a worker, the caller's thread. */
#include "codedb_driver.h"
#include "codedb_source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A batch is sent when it holds this much source, or so many files: large enough that a commit's cost vanishes, small enough that the
 * driver has work early and other requests do not wait long. */
#define CRAWL_BATCH_BYTES ((size_t)1 << 20)
#define CRAWL_BATCH_FILES 64
#define CRAWL_MAX_THREADS 64
#define CRAWL_PROGRESS_SECONDS 0.05

/* A file that the database knows. */
typedef struct crawl_known {
    const char *path;
    const char *hash; /* of its stored source; NULL: it has none */
    int64_t id;
    bool deleted;
    bool seen; /* by the walk */
} crawl_known;

typedef struct crawl_job {
    codedb *db;   /* the host's handle */
    codedb *bulk; /* a view of it without a time limit: how long a batch takes is up to the files */
    codedb_allocator allocator;
    const codedb_index_options *options;
    codedb_arena *arena; /* of the report and of everything that lives as long as the job */
    char *root;          /* absolute */
    char *project_id;
    char *dataset_id;
    codedb_rows *known_rows;
    crawl_known *known; /* open addressing by the path's hash; a NULL path is a free place */
    size_t known_capacity;

    pthread_mutex_t lock;
    pthread_cond_t work;     /* a path was added, or the walk is over */
    pthread_cond_t progress; /* a file was done, or a worker ended */
    char **paths;
    size_t path_count;
    size_t path_capacity;
    size_t next;
    size_t running;
    bool walking;
    bool stop; /* an error or a cancel: take no more paths */
    codedb_code code;
    codedb_result *result;
    codedb_index_progress state;
    codedb_index_report report;
    char **problems;
    size_t problem_capacity;
    double last_progress;
} crawl_job;

/* A file in a worker's batch: enough to store it again alone. */
typedef struct crawl_pending {
    char *path;
    size_t bytes;
    bool syntax_error;
} crawl_pending;

typedef struct crawl_worker {
    crawl_job *job;
    codedb_batch *batch;
    crawl_pending pending[CRAWL_BATCH_FILES];
    size_t pending_count;
    size_t pending_bytes;
    codedb_result result;
} crawl_worker;

/* ---- what the database knows -------------------------------------------------------------------------------------- */

static size_t crawl_hash(const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return (size_t)(hash ^ (hash >> 32));
}

/* The place of `path` in job->known: its own, or the free one where it would stand. */
static crawl_known *crawl_find(const crawl_job *job, const char *path)
{
    size_t place = crawl_hash(path) & (job->known_capacity - 1);
    while (job->known[place].path != NULL && strcmp(job->known[place].path, path) != 0)
        place = (place + 1) & (job->known_capacity - 1);
    return &job->known[place];
}

static const char *crawl_cell_text(const codedb_value *cell)
{
    return cell->type == CODEDB_VALUE_TEXT ? cell->as.text : NULL;
}

static codedb_code crawl_load_known(crawl_job *job)
{
    codedb_value project = codedb_value_text(job->project_id);
    codedb_code code =
        codedb_sql_execute(job->db,
                           "SELECT f.path, f.id, f.deleted, (SELECT c.cst_hash FROM cst_trees c WHERE c.file_id = f.id "
                           "ORDER BY c.id DESC LIMIT 1) FROM files f WHERE f.project_id = ?",
                           &project, 1, &job->known_rows, NULL, job->result);
    if (code != CODEDB_SUCCESS)
        return code;
    job->known_capacity = 64;
    while (job->known_capacity < job->known_rows->row_count * 2)
        job->known_capacity *= 2;
    job->known = codedb_arena_allocate(job->arena, job->known_capacity, sizeof *job->known);
    if (job->known == NULL)
        return codedb_fail_no_memory(job->result);
    for (size_t row = 0; row < job->known_rows->row_count; row++) {
        const codedb_value *cells = &job->known_rows->values[row * job->known_rows->column_count];
        const char *path = crawl_cell_text(&cells[0]);
        /* One with a NUL in it is no file's, and must not stand for another's. */
        if (path != NULL && strlen(path) == cells[0].length) {
            *crawl_find(job, path) = (crawl_known){.path = path,
                                                   .hash = crawl_cell_text(&cells[3]),
                                                   .id = cells[1].as.integer,
                                                   .deleted = cells[2].type != CODEDB_VALUE_NULL && cells[2].as.integer != 0};
        }
    }
    return CODEDB_SUCCESS;
}

/* The project of the folder and its default dataset, made when they are missing. */
static codedb_code crawl_find_project(crawl_job *job)
{
    codedb_column where = {"root_path", codedb_value_text(job->root)};
    codedb_list_options list = CODEDB_INIT(codedb_list_options);
    list.where = &where;
    list.where_count = 1;
    codedb_projects *projects = NULL;
    codedb_code code = codedb_project_list(job->db, &list, &projects, job->result);
    if (code == CODEDB_SUCCESS && projects->count > 0) {
        job->project_id = codedb_arena_copy(job->arena, projects->items[0]->id, strlen(projects->items[0]->id));
    } else if (code == CODEDB_SUCCESS) {
        codedb_project project = CODEDB_INIT(codedb_project);
        const char *slash = strrchr(job->root, '/');
        project.root_path = job->root;
        project.name = slash != NULL && slash[1] != '\0' ? slash + 1 : job->root;
        code = codedb_project_create(job->db, &project, job->result);
        job->project_id = code == CODEDB_SUCCESS ? codedb_arena_copy(job->arena, project.id, strlen(project.id)) : NULL;
    }
    codedb_free(projects);
    if (code == CODEDB_SUCCESS && job->project_id == NULL)
        code = codedb_fail_no_memory(job->result);
    return code;
}

static codedb_code crawl_find_dataset(crawl_job *job)
{
    codedb_column where[] = {{"project_id", codedb_value_text(job->project_id)}, {"root_path", codedb_value_text(job->root)}};
    codedb_list_options list = CODEDB_INIT(codedb_list_options);
    list.where = where;
    list.where_count = 2;
    codedb_datasets *datasets = NULL;
    codedb_code code = codedb_dataset_list(job->db, &list, &datasets, job->result);
    if (code == CODEDB_SUCCESS && datasets->count > 0) {
        job->dataset_id = codedb_arena_copy(job->arena, datasets->items[0]->id, strlen(datasets->items[0]->id));
    } else if (code == CODEDB_SUCCESS) {
        codedb_dataset dataset = CODEDB_INIT(codedb_dataset);
        dataset.project_id = job->project_id;
        dataset.root_path = job->root;
        code = codedb_dataset_create(job->db, &dataset, job->result);
        job->dataset_id = code == CODEDB_SUCCESS ? codedb_arena_copy(job->arena, dataset.id, strlen(dataset.id)) : NULL;
    }
    codedb_free(datasets);
    if (code == CODEDB_SUCCESS && job->dataset_id == NULL)
        code = codedb_fail_no_memory(job->result);
    return code;
}

/* ---- what happened: all of these take the lock --------------------------------------------------------------------- */

/* Ends the run with an error; the first one is kept. */
static void crawl_stop(crawl_job *job, codedb_code code, const char *description)
{
    pthread_mutex_lock(&job->lock);
    if (!job->stop) {
        job->stop = true;
        job->code =
            code == CODEDB_NO_MEMORY ? codedb_fail_no_memory(job->result) : codedb_fail(job->result, code, "%s", description);
    }
    pthread_cond_broadcast(&job->work);
    pthread_cond_signal(&job->progress);
    pthread_mutex_unlock(&job->lock);
}

/* Doubles an array of pointers when it is full; false without memory. */
static bool crawl_grow(const codedb_allocator *allocator, char ***items, size_t count, size_t *capacity)
{
    if (count < *capacity)
        return true;
    size_t larger = *capacity == 0 ? 256 : *capacity * 2;
    char **grown = *items == NULL ? codedb_memory_allocate(allocator, larger, sizeof *grown)
                                  : codedb_memory_reallocate(allocator, *items, *capacity, larger, sizeof *grown);
    if (grown == NULL)
        return false;
    *items = grown;
    *capacity = larger;
    return true;
}

/* A file is done: it failed, with `problem`. */
static void crawl_fail_file(crawl_job *job, const char *path, const char *problem)
{
    pthread_mutex_lock(&job->lock);
    char *text = codedb_arena_printf(job->arena, "%s: %s", path, problem);
    bool kept = text != NULL && crawl_grow(&job->allocator, &job->problems, job->report.problem_count, &job->problem_capacity);
    if (kept)
        job->problems[job->report.problem_count++] = text;
    job->report.files_failed++;
    job->state.files_failed++;
    job->state.files_done++;
    pthread_cond_signal(&job->progress);
    pthread_mutex_unlock(&job->lock);
    if (!kept)
        crawl_stop(job, CODEDB_NO_MEMORY, "");
}

static void crawl_count_unchanged(crawl_job *job, size_t bytes)
{
    pthread_mutex_lock(&job->lock);
    job->report.files_unchanged++;
    job->state.files_unchanged++;
    job->state.files_done++;
    job->state.bytes_done += bytes;
    pthread_cond_signal(&job->progress);
    pthread_mutex_unlock(&job->lock);
}

static void crawl_count_stored(crawl_job *job, const crawl_pending *files, size_t count)
{
    pthread_mutex_lock(&job->lock);
    for (size_t i = 0; i < count; i++) {
        const crawl_pending *file = &files[i];
        job->report.files_indexed++;
        job->report.files_with_syntax_errors += file->syntax_error;
        job->report.bytes += file->bytes;
        job->state.files_done++;
        job->state.bytes_done += file->bytes;
        job->state.path = file->path;
    }
    pthread_cond_signal(&job->progress);
    pthread_mutex_unlock(&job->lock);
}

/* ---- a worker: one file ------------------------------------------------------------------------------------------- */

/* A file's bytes, with its time of modification; NULL and errno when it cannot be read whole. */
static char *crawl_read(const codedb_allocator *allocator, const char *path, size_t *length, double *modified)
{
    struct stat status;
    char *bytes = NULL;
    int error = 0;
    *length = 0;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return NULL;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        error = errno != 0 ? errno : EINVAL;
        goto cleanup;
    }
    *modified = (double)status.st_mtim.tv_sec + (double)status.st_mtim.tv_nsec / 1e9;
    size_t capacity = (size_t)status.st_size;
    bytes = codedb_memory_allocate(allocator, capacity + 1, 1);
    error = bytes == NULL ? ENOMEM : 0;
    while (error == 0 && *length < capacity) {
        ssize_t got = read(descriptor, bytes + *length, capacity - *length);
        if (got < 0 && errno != EINTR)
            error = errno;
        if (got == 0)
            break; /* it has become shorter since */
        *length += got > 0 ? (size_t)got : 0;
    }
cleanup:
    close(descriptor);
    if (error != 0) {
        codedb_memory_release(allocator, bytes);
        bytes = NULL;
        errno = error;
    }
    return bytes;
}

/* The path from the job's folder on. */
static const char *crawl_relative(const crawl_job *job, const char *path)
{
    return path + strlen(job->root) + (strcmp(job->root, "/") == 0 ? 0 : 1);
}

/* Adds the row in `files`: an insert, or an update that holds only if nobody else has stored another source meanwhile. *file is
 * the file's id for what refers to it. */
static void crawl_add_row(crawl_worker *worker, const char *path, const crawl_known *known, const codedb_tree *tree,
                          double modified, codedb_value *file)
{
    const crawl_job *job = worker->job;
    double now = codedb_julian_day_now();
    uint32_t lines = 0;
    bool has_docstring = false;
    if (tree != NULL)
        codedb_source_facts(tree, &lines, &has_docstring);
    const codedb_column row[] = {
        {"last_modified", codedb_value_real(modified)},
        {"deleted", codedb_value_integer(0)},
        {"updated_at", codedb_value_real(now)},
        {"lines", tree != NULL ? codedb_value_integer(lines) : codedb_value_text(NULL)},
        {"has_docstring", tree != NULL ? codedb_value_integer(has_docstring) : codedb_value_text(NULL)},
        {"project_id", codedb_value_text(job->project_id)},
        {"dataset_id", codedb_value_text(job->dataset_id)},
        {"path", codedb_value_text(path)},
        {"relative_path", codedb_value_text(crawl_relative(job, path))},
        {"created_at", codedb_value_real(now)},
    };
    enum { COLUMNS = sizeof row / sizeof row[0], UPDATED = 5 };
    if (known->path == NULL) {
        *file = codedb_value_integer(codedb_batch_insert(worker->batch, "files", row, COLUMNS));
        file->type = CODEDB_VALUE_ROW_ID_OF;
        return;
    }
    *file = codedb_value_integer(known->id);
    const codedb_column where = {"id", *file};
    if (known->hash != NULL) {
        const codedb_column stored[] = {{"file_id", *file}, {"cst_hash", codedb_value_text(known->hash)}};
        codedb_batch_require(worker->batch, "cst_trees", stored, 2, 1, CODEDB_CONFLICT,
                             "the stored source was changed meanwhile");
    }
    codedb_batch_update(worker->batch, "files", &where, 1, row, UPDATED);
}

/* A file whose bytes are no text: nothing of it can be stored but that. */
static void crawl_add_undecodable(crawl_worker *worker, codedb_value file, bool is_new, const codedb_result *error)
{
    static const char *const tables[] = {"cst_trees", "ast_trees", "classes", "functions", "imports", "usages", "code_content"};
    const codedb_column where[] = {{"file_id", file}, {"issue_type", codedb_value_text("syntax_error")}};
    for (size_t i = 0; !is_new && i < sizeof tables / sizeof tables[0]; i++)
        codedb_batch_delete(worker->batch, tables[i], where, 1);
    if (!is_new)
        codedb_batch_delete(worker->batch, "issues", where, 2);
    const codedb_column issue[] = {
        {"file_id", file},
        {"project_id", codedb_value_text(worker->job->project_id)},
        {"issue_type", codedb_value_text("syntax_error")},
        {"line", error->line > 0 ? codedb_value_integer(error->line) : codedb_value_text(NULL)},
        {"description", codedb_value_text(error->description)},
        {"created_at", codedb_value_real(codedb_julian_day_now())},
    };
    codedb_batch_insert(worker->batch, "issues", issue, sizeof issue / sizeof issue[0]);
}

static codedb_code crawl_begin_batch(crawl_worker *worker, codedb_result *result)
{
    codedb *db = worker->job->bulk;
    codedb_code code = codedb_batch_create(db, &worker->batch, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_source_prepare(db, worker->batch, result);
    if (code != CODEDB_SUCCESS) {
        codedb_batch_free(worker->batch);
        worker->batch = NULL;
    }
    return code;
}

/* Adds a file and all that follows from its bytes to the worker's batch. `text` is NULL when the bytes are none: then worker->result
 * says why. */
static codedb_code crawl_add(crawl_worker *worker, char *path, const crawl_known *known, const char *bytes, size_t length,
                             const codedb_decoded *text, const char *hash, double modified)
{
    crawl_job *job = worker->job;
    crawl_pending *pending = &worker->pending[worker->pending_count];
    *pending = (crawl_pending){.path = path, .bytes = length};
    codedb_tree *tree = NULL;
    codedb_value file;
    codedb_code code = CODEDB_SUCCESS;
    if (text != NULL) {
        codedb_parse_options parse = CODEDB_INIT(codedb_parse_options);
        parse.allocator = &job->allocator;
        parse.target_version = job->options->target_version;
        code = codedb_tree_parse(bytes, length, &parse, &tree, &worker->result);
        if (code != CODEDB_SUCCESS && code != CODEDB_PARSE_ERROR)
            return code;
    }
    pending->syntax_error = tree == NULL;
    codedb_result created = CODEDB_INIT(codedb_result); /* worker->result holds the syntax error */
    if (worker->batch == NULL && (code = crawl_begin_batch(worker, &created)) != CODEDB_SUCCESS) {
        codedb_tree_free(tree);
        return codedb_fail(&worker->result, code, "%s", created.description);
    }
    crawl_add_row(worker, path, known, tree, modified, &file);
    if (text == NULL) {
        crawl_add_undecodable(worker, file, known->path == NULL, &worker->result);
        code = CODEDB_SUCCESS;
    } else {
        codedb_source_file source = {
            .file = file,
            .project_id = job->project_id,
            .modified = modified,
            .tree = tree,
            .source = text->text,
            .source_length = text->length,
            .hash = hash,
            .facts_are_written = true,
            .name = crawl_relative(job, path),
            .error_line = tree == NULL ? worker->result.line : 0,
            .error = tree == NULL ? worker->result.description : NULL,
        };
        code = codedb_source_store(job->bulk, worker->batch, &source, NULL, &created);
        if (code != CODEDB_SUCCESS)
            codedb_fail(&worker->result, code, "%s", created.description);
    }
    codedb_tree_free(tree);
    codedb_result_clear(&created);
    return code;
}

static void crawl_flush(crawl_worker *worker);

static void crawl_file(crawl_worker *worker, char *path, bool alone)
{
    crawl_job *job = worker->job;
    size_t length = 0;
    double modified = 0;
    char *bytes = crawl_read(&job->allocator, path, &length, &modified);
    if (bytes == NULL) {
        char message[128];
        if (errno == ENOMEM)
            crawl_stop(job, CODEDB_NO_MEMORY, "");
        else
            crawl_fail_file(job, path, strerror_r(errno, message, sizeof message));
        return;
    }
    const crawl_known *known = crawl_find(job, path);
    codedb_decoded text = {0};
    char hash[CODEDB_SHA256_HEX_SIZE] = "";
    codedb_code code = codedb_encoding_decode(&job->allocator, bytes, length, &text, &worker->result);
    bool decoded = code == CODEDB_SUCCESS;
    if (decoded)
        codedb_sha256_hex(text.text, text.length, hash);
    if (decoded && known->hash != NULL && !known->deleted && strcmp(known->hash, hash) == 0) {
        crawl_count_unchanged(job, length);
    } else if (decoded || code == CODEDB_PARSE_ERROR) {
        code = crawl_add(worker, path, known, bytes, length, decoded ? &text : NULL, hash, modified);
        worker->pending_count += code == CODEDB_SUCCESS;
        worker->pending_bytes += length;
    }
    if (code != CODEDB_SUCCESS)
        crawl_stop(job, code, worker->result.description);
    codedb_decoded_release(&job->allocator, &text);
    codedb_memory_release(&job->allocator, bytes);
    if (alone || worker->pending_count == CRAWL_BATCH_FILES || worker->pending_bytes >= CRAWL_BATCH_BYTES)
        crawl_flush(worker);
}

/* Errors that belong to one file's rows and not to the database as a whole. */
static bool crawl_is_file_error(codedb_code code)
{
    return code == CODEDB_VALIDATION_ERROR || code == CODEDB_CONFLICT || code == CODEDB_NOT_FOUND;
}

/* Sends the worker's batch. When one file spoils it, the files are stored one by one, so that only that one is lost. */
static void crawl_flush(crawl_worker *worker)
{
    crawl_job *job = worker->job;
    size_t count = worker->pending_count;
    codedb_batch *batch = worker->batch;
    worker->batch = NULL;
    worker->pending_count = 0;
    worker->pending_bytes = 0;
    if (batch == NULL || count == 0) {
        codedb_batch_free(batch);
        return;
    }
    codedb_code code = codedb_batch_run(batch, &worker->result);
    codedb_batch_free(batch);
    if (code == CODEDB_SUCCESS) {
        crawl_count_stored(job, worker->pending, count);
    } else if (crawl_is_file_error(code) && count == 1) {
        crawl_fail_file(job, worker->pending[0].path, worker->result.description);
    } else if (crawl_is_file_error(code)) {
        char *paths[CRAWL_BATCH_FILES];
        for (size_t i = 0; i < count; i++)
            paths[i] = worker->pending[i].path;
        for (size_t i = 0; i < count; i++)
            crawl_file(worker, paths[i], true);
    } else {
        crawl_stop(job, code, worker->result.description);
    }
}

static void *crawl_work(void *argument)
{
    crawl_worker *worker = argument;
    crawl_job *job = worker->job;
    pthread_mutex_lock(&job->lock);
    for (;;) {
        while (job->next == job->path_count && job->walking && !job->stop)
            pthread_cond_wait(&job->work, &job->lock);
        if (job->stop || job->next == job->path_count)
            break;
        char *path = job->paths[job->next++];
        pthread_mutex_unlock(&job->lock);
        crawl_file(worker, path, false);
        pthread_mutex_lock(&job->lock);
    }
    /* After a cancel as well: what was done is stored. After an error, such as a database that stays locked, each worker would only wait
     * for the same error again. */
    bool store = !job->stop || job->code == CODEDB_CANCELLED;
    pthread_mutex_unlock(&job->lock);
    if (store)
        crawl_flush(worker);
    else
        codedb_batch_free(worker->batch);
    pthread_mutex_lock(&job->lock);
    job->running--;
    pthread_cond_signal(&job->progress);
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

/* ---- the caller's thread ------------------------------------------------------------------------------------------ */

/* Tells the host how far the run is, not more often than it can be seen; false when the host wants to stop. */
static bool crawl_tell(crawl_job *job, bool always)
{
    double now = codedb_monotonic_now();
    if (job->options->progress == NULL || (!always && now - job->last_progress < CRAWL_PROGRESS_SECONDS))
        return true;
    job->last_progress = now;
    pthread_mutex_lock(&job->lock);
    codedb_index_progress state = job->state;
    state.walking = job->walking;
    pthread_mutex_unlock(&job->lock);
    return job->options->progress(job->options->progress_context, &state) == 0;
}

static int crawl_visit(void *context, const codedb_walk_entry *entry)
{
    crawl_job *job = context;
    if (entry->problem != NULL) {
        pthread_mutex_lock(&job->lock);
        job->state.files_found++;
        pthread_mutex_unlock(&job->lock);
        crawl_fail_file(job, entry->path, entry->problem);
        return 0;
    }
    pthread_mutex_lock(&job->lock);
    char *path = codedb_arena_copy(job->arena, entry->path, strlen(entry->path));
    bool added = path != NULL && crawl_grow(&job->allocator, &job->paths, job->path_count, &job->path_capacity);
    if (added) {
        job->paths[job->path_count++] = path;
        job->state.files_found++;
        crawl_known *known = crawl_find(job, path);
        known->seen = known->path != NULL;
        pthread_cond_signal(&job->work);
    }
    bool stop = job->stop;
    pthread_mutex_unlock(&job->lock);
    if (!added) {
        crawl_stop(job, CODEDB_NO_MEMORY, "");
        return 1;
    }
    if (!crawl_tell(job, false)) {
        crawl_stop(job, CODEDB_CANCELLED, "the index run was cancelled by its progress function; what was done is stored");
        return 1;
    }
    return stop;
}

static void crawl_walk(crawl_job *job)
{
    codedb_walk_options walk = CODEDB_INIT(codedb_walk_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    walk.allocator = &job->allocator;
    walk.excludes = job->options->excludes;
    walk.exclude_count = job->options->exclude_count;
    walk.no_default_excludes = job->options->no_default_excludes;
    codedb_code code = codedb_folder_walk(job->root, &walk, crawl_visit, job, &result);
    if (code != CODEDB_SUCCESS && code != CODEDB_CANCELLED)
        crawl_stop(job, code, result.description);
    codedb_result_clear(&result);
    pthread_mutex_lock(&job->lock);
    job->walking = false;
    pthread_cond_broadcast(&job->work);
    pthread_mutex_unlock(&job->lock);
}

/* Waits until all workers have ended, telling the host how far they are. */
static void crawl_wait(crawl_job *job)
{
    pthread_mutex_lock(&job->lock);
    while (job->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)(CRAWL_PROGRESS_SECONDS * 1e9);
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&job->progress, &job->lock, &until);
        bool stop = job->stop;
        pthread_mutex_unlock(&job->lock);
        if (!stop && !crawl_tell(job, false))
            crawl_stop(job, CODEDB_CANCELLED, "the index run was cancelled by its progress function; what was done is stored");
        pthread_mutex_lock(&job->lock);
    }
    pthread_mutex_unlock(&job->lock);
}

/* Marks files that the database knows and the disk has no more. */
static codedb_code crawl_mark_deleted(crawl_job *job)
{
    codedb_batch *batch = NULL;
    codedb_code code = codedb_batch_create(job->bulk, &batch, job->result);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < job->known_capacity; i++) {
        const crawl_known *known = &job->known[i];
        struct stat status;
        if (known->path == NULL || known->seen || known->deleted || lstat(known->path, &status) == 0 ||
            (errno != ENOENT && errno != ENOTDIR))
            continue;
        codedb_column where = {"id", codedb_value_integer(known->id)};
        codedb_column row[] = {{"deleted", codedb_value_integer(1)}, {"updated_at", codedb_value_real(codedb_julian_day_now())}};
        codedb_batch_update(batch, "files", &where, 1, row, 2);
        job->report.files_deleted++;
    }
    if (code == CODEDB_SUCCESS && job->report.files_deleted > 0)
        code = codedb_batch_run(batch, job->result);
    codedb_batch_free(batch);
    return code;
}

static size_t crawl_thread_count(const crawl_job *job)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = job->options->threads > 0 ? (size_t)job->options->threads : processors > 0 ? (size_t)processors : 1;
    return wanted < CRAWL_MAX_THREADS ? wanted : CRAWL_MAX_THREADS;
}

/* Runs the workers and the walk to their end. */
static codedb_code crawl_run(crawl_job *job)
{
    size_t wanted = crawl_thread_count(job);
    crawl_worker *workers = codedb_arena_allocate(job->arena, wanted, sizeof *workers);
    pthread_t *threads = codedb_arena_allocate(job->arena, wanted, sizeof *threads);
    if (workers == NULL || threads == NULL)
        return codedb_fail_no_memory(job->result);
    size_t started = 0;
    job->walking = true;
    job->running = wanted;
    for (; started < wanted; started++) {
        workers[started].job = job;
        workers[started].result = (codedb_result)CODEDB_INIT(codedb_result);
        if (!codedb_thread_start(&threads[started], crawl_work, &workers[started]))
            break;
    }
    pthread_mutex_lock(&job->lock);
    job->running -= wanted - started;
    pthread_mutex_unlock(&job->lock);
    if (started == 0)
        return codedb_fail(job->result, CODEDB_NO_MEMORY, "index: no thread could be started");
    crawl_walk(job);
    crawl_wait(job);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        codedb_result_clear(&workers[i].result);
    }
    return job->code;
}

/* What the project holds now. */
static codedb_code crawl_count(crawl_job *job)
{
    codedb_value project[] = {codedb_value_text(job->project_id), codedb_value_text(job->project_id),
                              codedb_value_text(job->project_id), codedb_value_text(job->project_id)};
    codedb_rows *rows = NULL;
    codedb_code code = codedb_sql_execute(
        job->db,
        "SELECT (SELECT count(*) FROM classes e JOIN files f ON f.id = e.file_id WHERE f.project_id = ? AND f.deleted = 0),"
        "(SELECT count(*) FROM methods m JOIN classes e ON e.id = m.class_id JOIN files f ON f.id = e.file_id "
        "WHERE f.project_id = ? AND f.deleted = 0),"
        "(SELECT count(*) FROM functions e JOIN files f ON f.id = e.file_id WHERE f.project_id = ? AND f.deleted = 0),"
        "(SELECT count(*) FROM imports e JOIN files f ON f.id = e.file_id WHERE f.project_id = ? AND f.deleted = 0)",
        project, 4, &rows, NULL, job->result);
    if (code == CODEDB_SUCCESS) {
        job->report.classes = (uint64_t)rows->values[0].as.integer;
        job->report.methods = (uint64_t)rows->values[1].as.integer;
        job->report.functions = (uint64_t)rows->values[2].as.integer;
        job->report.imports = (uint64_t)rows->values[3].as.integer;
    }
    codedb_free(rows);
    return code;
}

/* The report as a block of its own. */
static codedb_code crawl_report(crawl_job *job, double started, codedb_index_report **report)
{
    codedb_arena *arena = codedb_arena_create(&job->allocator);
    codedb_index_report *made = arena != NULL ? codedb_arena_allocate_root(arena, 1, sizeof *made) : NULL;
    const char **problems = NULL;
    if (made != NULL) {
        *made = job->report;
        made->seconds = codedb_monotonic_now() - started;
        made->project_id = codedb_arena_copy(arena, job->project_id, strlen(job->project_id));
        problems = codedb_arena_allocate(arena, made->problem_count + 1, sizeof *problems);
        made->problems = problems;
    }
    bool complete = problems != NULL && made->project_id != NULL;
    for (size_t i = 0; complete && i < made->problem_count; i++) {
        problems[i] = codedb_arena_copy(arena, job->problems[i], strlen(job->problems[i]));
        complete = problems[i] != NULL;
    }
    if (!complete) {
        codedb_arena_destroy(arena);
        return codedb_fail_no_memory(job->result);
    }
    *report = made;
    return CODEDB_SUCCESS;
}

/* The folder's absolute path without links, in the job's arena. */
static codedb_code crawl_resolve(crawl_job *job, const char *folder)
{
    char resolved[PATH_MAX];
    struct stat status;
    if (realpath(folder, resolved) == NULL || stat(resolved, &status) != 0) {
        return codedb_fail(job->result, errno == EACCES ? CODEDB_PERMISSION_DENIED : CODEDB_NOT_FOUND,
                           "%s: no folder can be read there", folder);
    }
    if (!S_ISDIR(status.st_mode))
        return codedb_fail(job->result, CODEDB_NOT_FOUND, "%s: found a file, expected a folder", folder);
    job->root = codedb_arena_copy(job->arena, resolved, strlen(resolved));
    return job->root != NULL ? CODEDB_SUCCESS : codedb_fail_no_memory(job->result);
}

/* Another run over the same folder may make the row between the look and the insert: then it is there at the second look. */
static codedb_code crawl_find_twice(crawl_job *job, codedb_code (*find)(crawl_job *job))
{
    codedb_code code = find(job);
    return code == CODEDB_VALIDATION_ERROR ? find(job) : code;
}

/* Everything between the job's making and its end. */
static codedb_code crawl_all(crawl_job *job, const char *folder)
{
    codedb_request_options unlimited = CODEDB_INIT(codedb_request_options);
    unlimited.timeout = -1;
    codedb_code code = codedb_with(job->db, &unlimited, &job->bulk, job->result);
    code = code == CODEDB_SUCCESS ? crawl_resolve(job, folder) : code;
    code = code == CODEDB_SUCCESS ? crawl_find_twice(job, crawl_find_project) : code;
    code = code == CODEDB_SUCCESS ? crawl_find_twice(job, crawl_find_dataset) : code;
    code = code == CODEDB_SUCCESS ? crawl_load_known(job) : code;
    code = code == CODEDB_SUCCESS ? crawl_run(job) : code;
    code = code == CODEDB_SUCCESS ? crawl_mark_deleted(job) : code;
    code = code == CODEDB_SUCCESS ? crawl_count(job) : code;
    if (code == CODEDB_SUCCESS) {
        job->state.path = NULL;
        crawl_tell(job, true);
    }
    codedb_close(job->bulk);
    return code;
}

CODEDB_API codedb_code codedb_index_run(codedb *db, const char *folder, const codedb_index_options *options,
                                        codedb_index_report **report, codedb_result *result)
{
    codedb_index_options own;
    if (report != NULL)
        *report = NULL;
    if (db == NULL || folder == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_index_run: db and folder must not be NULL");
    codedb_code code = codedb_struct_take(&own, sizeof own, options, "codedb_index_options", result);
    if (code != CODEDB_SUCCESS)
        return code;
    codedb_succeed(result);
    double started = codedb_monotonic_now();
    crawl_job job = {.db = db, .options = &own, .result = result};
    job.allocator = *codedb_object_allocator(db);
    job.state.struct_size = sizeof job.state;
    job.arena = codedb_arena_create(&job.allocator);
    if (job.arena == NULL)
        return codedb_fail_no_memory(result);
    pthread_mutex_init(&job.lock, NULL);
    pthread_cond_init(&job.work, NULL);
    pthread_cond_init(&job.progress, NULL);
    code = crawl_all(&job, folder);
    if (code == CODEDB_SUCCESS && report != NULL)
        code = crawl_report(&job, started, report);
    pthread_cond_destroy(&job.progress);
    pthread_cond_destroy(&job.work);
    pthread_mutex_destroy(&job.lock);
    codedb_memory_release(&job.allocator, job.paths);
    codedb_memory_release(&job.allocator, job.problems);
    codedb_free(job.known_rows);
    codedb_arena_destroy(job.arena);
    return code;
}
