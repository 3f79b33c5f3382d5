/* codedb_query.c -- one selector over the stored sources of projects: in several threads, in order, as far as the host wants.
 *
 *   caller's thread: list of files -> parts of it; hands what was found to the host in the files' order, and works as the others do
 *                    while there is nothing to hand out
 *   threads:         part -> for each file: known to hold nothing? -> kept tree, or stored source -> tree -> nodes
 *
 * Called by the host. Calls the matcher, summaries and the cache of trees on one side, table functions on the other: a bridge.
 *
 * Invariants
 * 1. What is left out never changes an answer: codedb_summary.c says why. Of the tables only hashes and sources are believed, as a row of
 *    a class that is missing or old says nothing about the source.
 * 2. job->lock guards what stands behind it in query_job; it is never held while the database, a tree or the host is asked.
 * 3. A slot belongs to the thread that took its part until it is `done`, and from then on to the caller's thread.
 * 4. Parts are taken in order, at most QUERY_AHEAD before the one that is handed out, and none while QUERY_HELD_BYTES of answers wait:
 *    but the part that is handed out next may always be taken, by the caller's thread if by nobody else.
 * 5. A thread holds the sources of one part and one tree that is not the cache's at a time.
 *
 * Contents: cancelling, the list of files, one file, parts, threads, handing out, the call. */
#include "codedb_query.h"

#include "codedb_driver.h"
#include "codedb_objects.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* A part is asked for in one request: so many files, or fewer that have so many lines together. */
#define QUERY_PART_FILES 16
#define QUERY_PART_LINES 20000
#define QUERY_AHEAD 64
#define QUERY_HELD_BYTES ((size_t)32 << 20)
#define QUERY_MAX_THREADS 64

struct codedb_cancellation {
    atomic_int requested;
};

/* A file that is asked, and its answer. */
typedef struct query_slot {
    int64_t file_id;
    int64_t tree_id;
    codedb_slice hash;
    const char *path;
    const char *relative_path;
    const char *project_id;
    codedb_nodes *nodes;  /* NULL: nothing was found */
    codedb_result *error; /* a block; NULL: none */
    size_t bytes;         /* of the answer */
} query_slot;

typedef struct query_part {
    size_t first;
    size_t count;
    bool done;
} query_part;

typedef struct query_job {
    codedb *db;
    codedb_allocator allocator;
    const codedb_query_options *options;
    codedb_filter filter;     /* `compiled` is set, and neither limit nor time are left out */
    codedb_tree_cache *cache; /* NULL: none */
    uint64_t run;
    double deadline; /* 0: none */
    codedb_rows *rows;
    query_slot *slots;
    size_t slot_count;
    query_part *parts;
    size_t part_count;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* a part is done, room was made, or all is over */
    size_t next;            /* part to be taken */
    size_t handed;          /* parts that were handed out */
    size_t held;            /* bytes of answers that wait */
    bool stop;
    codedb_code code;
    codedb_result *result;
    codedb_query_report report;
} query_job;

/* ---- Cancelling --------------------------------------------------------------------------------------------------- */

CODEDB_API codedb_code codedb_cancellation_create(const codedb_allocator *allocator, codedb_cancellation **cancellation,
                                                  codedb_result *result)
{
    if (cancellation == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_cancellation_create: cancellation is NULL");
    codedb_allocator own = codedb_allocator_or_default(allocator);
    *cancellation = codedb_block_allocate(&own, sizeof **cancellation);
    if (*cancellation == NULL)
        return codedb_fail_no_memory(result);
    atomic_init(&(*cancellation)->requested, 0);
    return codedb_succeed(result);
}

CODEDB_API void codedb_cancellation_request(codedb_cancellation *cancellation)
{
    if (cancellation != NULL)
        atomic_store(&cancellation->requested, 1);
}

static bool query_is_cancelled(const query_job *job)
{
    const codedb_cancellation *cancellation = job->options->cancellation;
    return cancellation != NULL && atomic_load(&((codedb_cancellation *)(uintptr_t)cancellation)->requested) != 0;
}

/* Ends the query with an error; the first one is kept. With the lock held. */
static void query_stop(query_job *job, codedb_code code, const char *description)
{
    if (!job->stop && code != CODEDB_SUCCESS)
        job->code =
            code == CODEDB_NO_MEMORY ? codedb_fail_no_memory(job->result) : codedb_fail(job->result, code, "%s", description);
    job->stop = true;
    pthread_cond_broadcast(&job->changed);
}

/* Whether the query is to go on, before the next file. *left: seconds, 0: as many as one likes. */
static codedb_code query_goes_on(const query_job *job, double *left, codedb_result *result)
{
    *left = 0;
    if (query_is_cancelled(job))
        return codedb_fail(result, CODEDB_CANCELLED, "the query was cancelled");
    if (job->deadline == 0)
        return CODEDB_SUCCESS;
    *left = job->deadline - codedb_monotonic_now();
    if (*left <= 0)
        return codedb_fail(result, CODEDB_TIMEOUT, "the query did not end within %g seconds", job->options->timeout);
    return CODEDB_SUCCESS;
}

/* ---- The list of files -------------------------------------------------------------------------------------------- */

static codedb_code query_check_projects(const query_job *job, codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; code == CODEDB_SUCCESS && i < job->options->project_count; i++) {
        codedb_project *project = NULL;
        if (job->options->project_ids[i] == NULL)
            return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_query_project: project_ids[%zu] is NULL", i);
        code = codedb_project_get(job->db, job->options->project_ids[i], &project, result);
        codedb_free(project);
    }
    return code;
}

/* The hash is read from the index that holds it: in the row it stands behind the source, which would be read with it. */
static codedb_code query_read_list(query_job *job, codedb_result *result)
{
    bool has_updated = (codedb_object_columns(job->db, CODEDB_KIND_CST_TREE) & CODEDB_CST_TREE_UPDATED_AT) != 0;
    size_t count = job->options->project_count;
    codedb_value *projects = codedb_memory_allocate(&job->allocator, count, sizeof *projects);
    codedb_buffer sql;
    codedb_code code = CODEDB_SUCCESS;
    codedb_buffer_init(&sql, &job->allocator);
    /* A file has one tree, but for what others have written: then the last one counts. */
    codedb_buffer_printf(&sql,
                         "SELECT f.id, t.id, t.cst_hash, f.path, f.relative_path, f.project_id, f.lines FROM files f "
                         "JOIN cst_trees t ON t.file_id = f.id WHERE (f.deleted IS NULL OR f.deleted = 0) AND "
                         "((SELECT count(*) FROM cst_trees c WHERE c.file_id = f.id) = 1 OR t.id = (SELECT c.id FROM cst_trees c "
                         "WHERE c.file_id = f.id ORDER BY %sc.id DESC LIMIT 1))",
                         has_updated ? "c.updated_at DESC, " : "");
    for (size_t i = 0; projects != NULL && i < count; i++) {
        projects[i] = codedb_value_text(job->options->project_ids[i]);
        codedb_buffer_append_text(&sql, i == 0 ? " AND f.project_id IN (?" : ", ?");
    }
    codedb_buffer_append_text(&sql, count > 0 ? ") ORDER BY f.path, f.id" : " ORDER BY f.path, f.id");
    if (projects == NULL || sql.failed)
        code = codedb_fail_no_memory(result);
    if (code == CODEDB_SUCCESS)
        code = codedb_sql_execute(job->db, sql.data, projects, count, &job->rows, NULL, result);
    codedb_buffer_free(&sql);
    codedb_memory_release(&job->allocator, projects);
    return code;
}

static const char *query_text(const codedb_value *cell)
{
    return cell->type == CODEDB_VALUE_TEXT ? cell->as.text : NULL;
}

/* Makes slots of the rows, and parts of the slots. */
static codedb_code query_make_slots(query_job *job, codedb_result *result)
{
    size_t count = job->rows->row_count;
    int64_t lines = 0;
    job->slots = codedb_memory_allocate(&job->allocator, count, sizeof *job->slots);
    job->parts = codedb_memory_allocate(&job->allocator, count, sizeof *job->parts);
    if (job->slots == NULL || job->parts == NULL)
        return codedb_fail_no_memory(result);
    for (size_t i = 0; i < count; i++) {
        const codedb_value *cells = &job->rows->values[i * job->rows->column_count];
        query_part *part = job->part_count > 0 ? &job->parts[job->part_count - 1] : NULL;
        job->slots[i] = (query_slot){.file_id = cells[0].as.integer,
                                     .tree_id = cells[1].as.integer,
                                     .hash = {query_text(&cells[2]), cells[2].length},
                                     .path = query_text(&cells[3]) != NULL ? query_text(&cells[3]) : "",
                                     .relative_path = query_text(&cells[4]),
                                     .project_id = query_text(&cells[5]) != NULL ? query_text(&cells[5]) : ""};
        /* How many lines are not known may be a very large file. */
        lines += cells[6].type == CODEDB_VALUE_INTEGER ? cells[6].as.integer : QUERY_PART_LINES;
        if (part == NULL || part->count == QUERY_PART_FILES || lines > QUERY_PART_LINES) {
            part = &job->parts[job->part_count++];
            *part = (query_part){.first = i};
            lines = cells[6].type == CODEDB_VALUE_INTEGER ? cells[6].as.integer : QUERY_PART_LINES;
        }
        part->count++;
    }
    job->slot_count = count;
    return CODEDB_SUCCESS;
}

/* ---- One file ----------------------------------------------------------------------------------------------------- */

/* A part in a thread's hands. */
typedef struct query_work {
    query_job *job;
    const codedb_cached *cached[QUERY_PART_FILES];
    bool needs_source[QUERY_PART_FILES];
    codedb_rows *sources; /* id, text */
    codedb_query_report counted;
    codedb_result result;
} query_work;

/* An error that is one file's alone. */
static bool query_is_file_error(codedb_code code)
{
    return code == CODEDB_PARSE_ERROR || code == CODEDB_INTERNAL_ERROR || code == CODEDB_DATABASE_ERROR ||
           code == CODEDB_VALIDATION_ERROR;
}

/* Keeps the error of a file for the host; other errors stay. */
static codedb_code query_keep_error(query_work *work, query_slot *slot, codedb_code code)
{
    if (code == CODEDB_SUCCESS || !query_is_file_error(code))
        return code;
    slot->error = codedb_block_allocate(&work->job->allocator, sizeof *slot->error);
    if (slot->error == NULL)
        return codedb_fail_no_memory(&work->result);
    *slot->error = work->result;
    slot->error->data = NULL;
    work->counted.files_failed++;
    return codedb_succeed(&work->result);
}

/* What the nodes take, to know how much waits to be handed out. */
static size_t query_bytes(const codedb_nodes *nodes)
{
    size_t bytes = nodes->count * (1 + nodes->capture_count) * (sizeof(codedb_node_info) + 64);
    for (size_t i = 0; i < nodes->count; i++)
        bytes += nodes->items[i]->code_length;
    return bytes;
}

static codedb_code query_match(query_work *work, query_slot *slot, const codedb_tree *tree)
{
    query_job *job = work->job;
    codedb_filter filter = job->filter;
    codedb_nodes *nodes = NULL;
    double left;
    filter.path = slot->path;
    codedb_code code = query_goes_on(job, &left, &work->result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (left > 0 && (filter.timeout <= 0 || left < filter.timeout))
        filter.timeout = left;
    if (job->options->limit > 0 && (filter.limit == 0 || job->options->limit < filter.limit))
        filter.limit = job->options->limit;
    code = codedb_tree_query(tree, &filter, &nodes, &work->result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (nodes->count == 0) {
        codedb_free(nodes);
        return code;
    }
    slot->nodes = nodes;
    slot->bytes = query_bytes(nodes);
    return code;
}

/* A source that is not kept as a tree: parsed, matched, and kept if there is room. */
static codedb_code query_parse(query_work *work, query_slot *slot, codedb_slice text, codedb_slice hash)
{
    query_job *job = work->job;
    codedb_hint hint = {NULL, text};
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_tree *tree = NULL;
    const codedb_cached *held = NULL;
    codedb_tree_key key;
    bool has_key = job->cache != NULL && hash.text != NULL &&
                   codedb_tree_key_make(&key, hash.text, hash.length, job->options->target_version);
    if (!job->options->no_skip && !codedb_hint_allows(&hint, job->filter.compiled, &job->filter)) {
        if (has_key)
            codedb_tree_cache_note(job->cache, &key, text, job->run);
        work->counted.files_skipped++;
        return CODEDB_SUCCESS;
    }
    options.allocator = &job->allocator;
    options.path = slot->path;
    options.target_version = job->options->target_version;
    codedb_code code = codedb_tree_parse_text(text.text, text.length, &options, &tree, &work->result);
    if (code != CODEDB_SUCCESS)
        return code;
    work->counted.trees_parsed++;
    const codedb_tree *asked = tree;
    if (job->cache != NULL)
        codedb_tree_cache_count(job->cache, false);
    if (has_key && codedb_tree_cache_add(job->cache, &key, tree, job->run, &held)) {
        asked = held->tree;
        tree = NULL;
    }
    code = query_match(work, slot, asked);
    codedb_tree_cache_give_back(job->cache, held);
    codedb_tree_free(tree);
    return code;
}

/* Looks into the cache: is the file to be left out, is its tree there, or its source to be read? */
static void query_look_up(query_work *work, query_slot *slot, size_t index)
{
    query_job *job = work->job;
    codedb_tree_key key;
    work->needs_source[index] = true;
    if (job->cache == NULL || slot->hash.text == NULL ||
        !codedb_tree_key_make(&key, slot->hash.text, slot->hash.length, job->options->target_version))
        return;
    const codedb_cached *held = codedb_tree_cache_find(job->cache, &key, job->run);
    codedb_hint hint = {held != NULL ? held->summary : NULL, {NULL, 0}};
    if (held != NULL && !job->options->no_skip && !codedb_hint_allows(&hint, job->filter.compiled, &job->filter)) {
        work->counted.files_skipped++;
        work->needs_source[index] = false;
    } else if (held != NULL && held->tree != NULL) {
        codedb_tree_cache_count(job->cache, true);
        work->cached[index] = held;
        work->needs_source[index] = false;
        return;
    }
    codedb_tree_cache_give_back(job->cache, held);
}

/* The file's source was replaced since the list was read: what is stored now is asked. */
static codedb_code query_ask_anew(query_work *work, query_slot *slot)
{
    codedb_rows *rows = NULL;
    codedb_code code = codedb_object_current_tree(work->job->db, CODEDB_KIND_CST_TREE, slot->file_id, &rows, &work->result);
    if (code == CODEDB_NOT_FOUND)
        return codedb_succeed(&work->result); /* nothing is stored any more */
    if (code == CODEDB_SUCCESS && rows->values[2].type == CODEDB_VALUE_TEXT) {
        codedb_slice text = {rows->values[2].as.text, rows->values[2].length};
        codedb_slice hash = {query_text(&rows->values[1]), rows->values[1].length};
        code = query_parse(work, slot, text, hash);
    }
    codedb_free(rows);
    return code;
}

/* A file whose tree is not kept; its source is among those that were read. */
static codedb_code query_ask_source(query_work *work, query_slot *slot)
{
    const codedb_rows *rows = work->sources;
    for (size_t row = 0; rows != NULL && row < rows->row_count; row++) {
        const codedb_value *cells = &rows->values[2 * row];
        if (cells[0].as.integer == slot->tree_id && cells[1].type == CODEDB_VALUE_TEXT)
            return query_parse(work, slot, (codedb_slice){cells[1].as.text, cells[1].length}, slot->hash);
    }
    return query_ask_anew(work, slot);
}

/* ---- Parts -------------------------------------------------------------------------------------------------------- */

/* Reads the sources that are needed in one request, always of the same shape. */
static codedb_code query_read_sources(query_work *work, const query_part *part)
{
    codedb_value ids[QUERY_PART_FILES];
    size_t needed = 0;
    for (size_t i = 0; i < QUERY_PART_FILES; i++) {
        bool is_needed = i < part->count && work->needs_source[i];
        ids[i] = is_needed ? codedb_value_integer(work->job->slots[part->first + i].tree_id) : codedb_value_null();
        needed += is_needed;
    }
    if (needed == 0)
        return CODEDB_SUCCESS;
    codedb_code code = codedb_sql_execute(work->job->db,
                                          "SELECT id, cst_code FROM cst_trees WHERE id IN "
                                          "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                          ids, QUERY_PART_FILES, &work->sources, NULL, &work->result);
    /* A damaged row is one file's trouble: each is then read for itself. */
    return code == CODEDB_DATABASE_ERROR ? CODEDB_SUCCESS : code;
}

static codedb_code query_run_part(query_work *work, const query_part *part)
{
    query_job *job = work->job;
    codedb_code code;
    for (size_t i = 0; i < part->count; i++)
        query_look_up(work, &job->slots[part->first + i], i);
    code = query_read_sources(work, part);
    for (size_t i = 0; i < part->count; i++) {
        query_slot *slot = &job->slots[part->first + i];
        double left;
        if (code == CODEDB_SUCCESS)
            code = query_goes_on(job, &left, &work->result);
        if (code == CODEDB_SUCCESS && work->cached[i] != NULL) {
            work->counted.trees_kept++;
            code = query_keep_error(work, slot, query_match(work, slot, work->cached[i]->tree));
        } else if (code == CODEDB_SUCCESS && work->needs_source[i]) {
            code = query_keep_error(work, slot, query_ask_source(work, slot));
        }
        codedb_tree_cache_give_back(job->cache, work->cached[i]);
    }
    codedb_free(work->sources);
    return code;
}

/* ---- Threads ------------------------------------------------------------------------------------------------------ */

/* May the next part be taken? With the lock held, as the next one. */
static bool query_may_take(const query_job *job)
{
    return !job->stop && job->next < job->part_count &&
           (job->next == job->handed || (job->next < job->handed + QUERY_AHEAD && job->held < QUERY_HELD_BYTES));
}

/* Takes the next part and asks its files. The lock is held before and behind. */
static void query_take(query_job *job)
{
    query_part *part = &job->parts[job->next++];
    pthread_mutex_unlock(&job->lock);
    query_work work = {.job = job, .result = CODEDB_INIT(codedb_result)};
    codedb_code code = query_run_part(&work, part);
    pthread_mutex_lock(&job->lock);
    part->done = true;
    for (size_t i = 0; i < part->count; i++)
        job->held += job->slots[part->first + i].bytes;
    job->report.files_skipped += work.counted.files_skipped;
    job->report.files_failed += work.counted.files_failed;
    job->report.trees_kept += work.counted.trees_kept;
    job->report.trees_parsed += work.counted.trees_parsed;
    job->report.files += part->count;
    if (code != CODEDB_SUCCESS)
        query_stop(job, code, work.result.description);
    pthread_cond_broadcast(&job->changed);
    codedb_result_clear(&work.result);
}

static void *query_thread(void *argument)
{
    query_job *job = argument;
    pthread_mutex_lock(&job->lock);
    while (!job->stop && job->next < job->part_count)
        if (query_may_take(job))
            query_take(job);
        else
            pthread_cond_wait(&job->changed, &job->lock);
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

static size_t query_thread_count(const query_job *job)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = job->options->threads > 0 ? (size_t)job->options->threads : processors > 0 ? (size_t)processors : 1;
    wanted = wanted < QUERY_MAX_THREADS ? wanted : QUERY_MAX_THREADS;
    return wanted < job->part_count ? wanted : job->part_count;
}

static codedb_code query_check_options(const codedb_query_options *options, codedb_result *result)
{
    if (options->threads < 0 || options->threads > QUERY_MAX_THREADS)
        return codedb_fail(result, CODEDB_INVALID_REQUEST,
                           "codedb_query_options.threads is %d, expected 1 to %d, or 0 for one a CPU", options->threads,
                           QUERY_MAX_THREADS);
    if (!(options->timeout >= 0))
        return codedb_fail(result, CODEDB_INVALID_REQUEST,
                           "codedb_query_options.timeout is %g, expected seconds, or 0 for no end", options->timeout);
    return CODEDB_SUCCESS;
}

/* ---- Handing out -------------------------------------------------------------------------------------------------- */

static void query_free_slot(query_slot *slot)
{
    codedb_free(slot->nodes);
    codedb_free(slot->error);
    slot->nodes = NULL;
    slot->error = NULL;
}

/* Gives one file's answer to the host. */
static codedb_code query_hand_out_slot(query_job *job, query_slot *slot, codedb_query_function visit, void *context,
                                       codedb_result *result)
{
    codedb_query_file file = {sizeof file, slot->file_id, slot->project_id, slot->path, slot->relative_path, NULL, slot->error};
    codedb_nodes nodes;
    if (slot->nodes != NULL) {
        nodes = *slot->nodes;
        if (job->options->limit > 0 && nodes.count > job->options->limit - job->report.nodes)
            nodes.count = job->options->limit - job->report.nodes;
        job->report.nodes += nodes.count;
        job->report.files_found++;
        file.nodes = &nodes;
    }
    if (file.nodes == NULL && file.error == NULL)
        return CODEDB_SUCCESS;
    if (visit(context, &file) != 0)
        return codedb_fail(result, CODEDB_CANCELLED, "the query was stopped by its callback at %s", slot->path);
    return query_is_cancelled(job) ? codedb_fail(result, CODEDB_CANCELLED, "the query was cancelled") : CODEDB_SUCCESS;
}

/* Gives a part's answers to the host. The lock is held before and behind, not meanwhile. */
static void query_hand_out(query_job *job, codedb_query_function visit, void *context)
{
    const query_part *part = &job->parts[job->handed];
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_code code = CODEDB_SUCCESS;
    bool cut = false;
    size_t bytes = 0;
    pthread_mutex_unlock(&job->lock);
    for (size_t i = 0; i < part->count; i++) {
        query_slot *slot = &job->slots[part->first + i];
        bytes += slot->bytes;
        if (code == CODEDB_SUCCESS && !cut)
            code = query_hand_out_slot(job, slot, visit, context, &result);
        cut = job->options->limit > 0 && job->report.nodes >= job->options->limit;
        query_free_slot(slot);
    }
    pthread_mutex_lock(&job->lock);
    job->held -= bytes;
    job->handed++;
    job->report.is_cut = cut;
    if (code != CODEDB_SUCCESS || cut)
        query_stop(job, code, result.description);
    pthread_cond_broadcast(&job->changed);
    codedb_result_clear(&result);
}

/* The caller's thread: hands out what is done, in order, and else works. */
static void query_lead(query_job *job, codedb_query_function visit, void *context)
{
    pthread_mutex_lock(&job->lock);
    while (!job->stop && job->handed < job->part_count)
        if (job->parts[job->handed].done)
            query_hand_out(job, visit, context);
        else if (query_may_take(job))
            query_take(job);
        else
            pthread_cond_wait(&job->changed, &job->lock);
    query_stop(job, CODEDB_SUCCESS, "");
    pthread_mutex_unlock(&job->lock);
}

static codedb_code query_run(query_job *job, codedb_query_function visit, void *context)
{
    pthread_t threads[QUERY_MAX_THREADS];
    size_t wanted = query_thread_count(job);
    size_t started = 0;
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, query_thread, job) == 0)
        started++;
    query_lead(job, visit, context);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return job->code;
}

/* ---- The call ----------------------------------------------------------------------------------------------------- */

/* The database's cache, made by the first who needs it; NULL: it has none, or there is no memory for one, and it goes without. */
static codedb_tree_cache *query_cache(codedb *db)
{
    codedb_schema *schema = codedb_schema_of(db);
    codedb_tree_cache *cache = schema->trees;
    if (cache != NULL || schema->tree_cache_size == 0)
        return cache;
    codedb_tree_cache *made = codedb_tree_cache_create(codedb_object_allocator(db), schema->tree_cache_size);
    if (made != NULL && !atomic_compare_exchange_strong(&schema->trees, &cache, made)) {
        codedb_tree_cache_destroy(made);
        return cache; /* another thread was faster */
    }
    return made;
}

/* The filter with its selector compiled, for this query alone unless the host has. */
static codedb_code query_compile(query_job *job, const codedb_filter *given, codedb_selector **own, codedb_result *result)
{
    codedb_selector_options options = CODEDB_INIT(codedb_selector_options);
    codedb_code code = codedb_struct_take(&job->filter, sizeof job->filter, given, "codedb_filter", result);
    if (code != CODEDB_SUCCESS)
        return code;
    job->filter.struct_size = sizeof job->filter;
    if (job->filter.compiled == NULL) {
        options.allocator = &job->allocator;
        options.dialect = job->filter.dialect;
        code = codedb_selector_compile(job->filter.selector, &options, own, result);
        job->filter.compiled = *own;
    } else if (job->filter.compiled->vocabulary != codedb_vocabulary_cst()) {
        code = codedb_fail(result, CODEDB_INVALID_REQUEST, "the compiled selector is for %s, not for %s",
                           job->filter.compiled->vocabulary->trees, codedb_vocabulary_cst()->trees);
    }
    return code;
}

static codedb_code query_prepare(query_job *job, const codedb_filter *filter, codedb_selector **own, codedb_result *result)
{
    codedb_code code = query_compile(job, filter, own, result);
    if (code == CODEDB_SUCCESS)
        code = query_check_projects(job, result);
    if (code == CODEDB_SUCCESS)
        code = query_read_list(job, result);
    if (code == CODEDB_SUCCESS)
        code = query_make_slots(job, result);
    if (code != CODEDB_SUCCESS)
        return code;
    job->cache = job->options->no_cache ? NULL : query_cache(job->db);
    if (job->cache != NULL)
        job->run = codedb_tree_cache_begin(job->cache);
    return codedb_succeed(result);
}

static void query_end(query_job *job)
{
    for (size_t i = 0; i < job->slot_count; i++)
        query_free_slot(&job->slots[i]);
    codedb_memory_release(&job->allocator, job->slots);
    codedb_memory_release(&job->allocator, job->parts);
    codedb_free(job->rows);
}

CODEDB_API codedb_code codedb_query_project(codedb *db, const codedb_filter *filter, const codedb_query_options *options,
                                            codedb_query_function visit, void *context, codedb_query_report *report,
                                            codedb_result *result)
{
    codedb_query_options own_options;
    codedb_selector *selector = NULL;
    codedb_result own_result = CODEDB_INIT(codedb_result);
    codedb_code code;
    if (db == NULL || filter == NULL || visit == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST,
                           "codedb_query_project needs a database, a filter and a function to visit");
    if (report != NULL && report->struct_size == 0)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_query_report: struct_size is 0, expected its size");
    code = codedb_struct_take(&own_options, sizeof own_options, options, "codedb_query_options", result);
    if (code == CODEDB_SUCCESS)
        code = query_check_options(&own_options, result);
    if (code != CODEDB_SUCCESS)
        return code;
    query_job job = {.db = db, .options = &own_options, .result = result != NULL ? result : &own_result};
    job.allocator = *codedb_object_allocator(db);
    if (own_options.timeout > 0)
        job.deadline = codedb_monotonic_now() + own_options.timeout;
    code = query_prepare(&job, filter, &selector, job.result);
    if (code == CODEDB_SUCCESS) {
        pthread_mutex_init(&job.lock, NULL);
        pthread_cond_init(&job.changed, NULL);
        code = query_run(&job, visit, context);
        pthread_cond_destroy(&job.changed);
        pthread_mutex_destroy(&job.lock);
    }
    query_end(&job);
    codedb_selector_free(selector);
    if (report != NULL)
        codedb_struct_give(report, &job.report, sizeof job.report);
    codedb_result_clear(&own_result);
    return code;
}

CODEDB_API codedb_code codedb_cache_figures_get(codedb *db, codedb_cache_figures *figures, codedb_result *result)
{
    codedb_cache_figures made = CODEDB_INIT(codedb_cache_figures);
    if (db == NULL || figures == NULL || figures->struct_size == 0)
        return codedb_fail(result, CODEDB_INVALID_REQUEST,
                           "codedb_cache_figures_get: db or figures is NULL, or its struct_size is 0");
    if (!codedb_driver_is_here(db->thread))
        return codedb_driver_fail_elsewhere(result);
    codedb_schema *schema = codedb_schema_of(db);
    codedb_tree_cache *cache = schema->trees;
    made.limit = schema->tree_cache_size;
    if (cache != NULL)
        codedb_tree_cache_figures(cache, &made);
    codedb_struct_give(figures, &made, sizeof made);
    return codedb_succeed(result);
}
