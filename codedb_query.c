/* codedb_query.c -- one selector over the stored sources of projects: in several threads, in order, as far as the host wants.
 *
 *   caller's thread: list of files -> parts of it; hands what was found to the host in the files' order, and works as the others do
 *                    while there is nothing to hand out
 *   threads:         part -> codedb_query_part.c -> what was found in its files
 *
 * Called by the host. A bridge, as the files behind codedb_query_job.h are.
 *
 * Invariants
 * 1. Every file is asked in the part that it is in, by one thread; what is asked and what is left out is codedb_query_part.c's.
 * 2. job->lock guards what stands behind it in query_job; it is never held while the database, a tree or the host is asked.
 * 3. A slot belongs to the thread that took its part until it is `done`, and from then on to the caller's thread.
 * 4. Parts are taken in order, at most QUERY_AHEAD before the one that is handed out, and none while QUERY_HELD_BYTES of answers wait:
 *    but the part that is handed out next may always be taken, by the caller's thread if by nobody else.
 * 5. A thread holds the sources of one part and one tree that is not the cache's at a time.
 *
 * Contents: cancelling, the list of files, threads, handing out, the call. */
#include "codedb_query_job.h"

#include "codedb_driver.h"

#include <string.h>
#include <unistd.h>

#define QUERY_AHEAD 64
#define QUERY_HELD_BYTES ((size_t)32 << 20)
#define QUERY_MAX_THREADS 64

struct codedb_cancellation {
    atomic_int requested;
};

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

CODEDB_PRIVATE codedb_code codedb_query_goes_on(const query_job *job, double *left, codedb_result *result)
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

/* Appends " JOIN cst_trees t ON ..." for the file's current row: it has one, but for what others have written, and then the last one counts. */
static void query_append_join(const query_job *job, codedb_buffer *sql, const char *join, codedb_kind kind, char alias)
{
    const char *table = kind == CODEDB_KIND_AST_TREE ? "ast_trees" : "cst_trees";
    _Static_assert((int)CODEDB_AST_TREE_UPDATED_AT == (int)CODEDB_CST_TREE_UPDATED_AT, "trees differ in their names only");
    bool has_updated = (codedb_object_columns(job->db, kind) & CODEDB_CST_TREE_UPDATED_AT) != 0;
    codedb_buffer_printf(sql,
                         " %s %s %c ON %c.file_id = f.id AND ((SELECT count(*) FROM %s o WHERE o.file_id = f.id) = 1 OR "
                         "%c.id = (SELECT o.id FROM %s o WHERE o.file_id = f.id ORDER BY %so.id DESC LIMIT 1))",
                         join, table, alias, alias, table, alias, table, has_updated ? "o.updated_at DESC, " : "");
}

/* Hashes are read from the indexes that hold them: in a row they stand behind the text, which would be read with them. */
static void query_append_list(const query_job *job, codedb_buffer *sql, bool with_ids)
{
    bool asts = job->options->ast != 0;
    codedb_buffer_printf(
        sql, "SELECT f.id, t.id, t.cst_hash, f.path, f.relative_path, f.project_id, f.lines, %s, %s FROM files f",
        with_ids ? "EXISTS (SELECT 1 FROM codedb_node_ids n WHERE n.file_id = f.id AND n.cst_hash = t.cst_hash)" : "0",
        asts ? "a.id, a.ast_hash" : "NULL, NULL");
    query_append_join(job, sql, asts ? "LEFT JOIN" : "JOIN", CODEDB_KIND_CST_TREE, 't');
    if (asts)
        query_append_join(job, sql, "LEFT JOIN", CODEDB_KIND_AST_TREE, 'a');
    codedb_buffer_append_text(sql, " WHERE (f.deleted IS NULL OR f.deleted = 0)");
    if (asts)
        codedb_buffer_append_text(sql, " AND (t.id IS NOT NULL OR a.id IS NOT NULL)");
}

static codedb_code query_read_rows(query_job *job, bool with_ids, codedb_result *result)
{
    size_t count = job->options->project_count;
    codedb_value *projects = codedb_memory_allocate(&job->allocator, count, sizeof *projects);
    codedb_buffer sql;
    codedb_code code = CODEDB_SUCCESS;
    codedb_buffer_init(&sql, &job->allocator);
    query_append_list(job, &sql, with_ids);
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

/* Ids of the nodes of an ast are paths; and the table of those of sources is there only after a source has changed. */
static codedb_code query_read_list(query_job *job, codedb_result *result)
{
    codedb_code code = query_read_rows(job, !job->options->ast, result);
    return code == CODEDB_SCHEMA_ERROR && !job->options->ast ? query_read_rows(job, false, result) : code;
}

static const char *query_path(const codedb_value *cell)
{
    const char *text = codedb_query_cell(cell).text;
    return text != NULL ? text : "";
}

static query_slot query_make_slot(const codedb_value *cells)
{
    return (query_slot){
        .file_id = cells[0].as.integer,
        .source = {cells[1].type == CODEDB_VALUE_INTEGER ? cells[1].as.integer : 0, codedb_query_cell(&cells[2])},
        .path = query_path(&cells[3]),
        .relative_path = codedb_query_cell(&cells[4]).text,
        .project_id = query_path(&cells[5]),
        .has_ids = cells[7].as.integer != 0,
        .ast = {cells[8].type == CODEDB_VALUE_INTEGER ? cells[8].as.integer : 0, codedb_query_cell(&cells[9])},
    };
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
        job->slots[i] = query_make_slot(cells);
        /* How many lines are not known may be a very large file. */
        lines += cells[6].type == CODEDB_VALUE_INTEGER ? cells[6].as.integer : CODEDB_QUERY_PART_LINES;
        if (part == NULL || part->count == CODEDB_QUERY_PART_FILES || lines > CODEDB_QUERY_PART_LINES) {
            part = &job->parts[job->part_count++];
            *part = (query_part){.first = i};
            lines = cells[6].type == CODEDB_VALUE_INTEGER ? cells[6].as.integer : CODEDB_QUERY_PART_LINES;
        }
        part->count++;
    }
    job->slot_count = count;
    return CODEDB_SUCCESS;
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
    codedb_code code = codedb_query_run_part(&work, part);
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
    double left;
    if (slot->nodes == NULL && slot->error == NULL)
        return CODEDB_SUCCESS;
    codedb_code code = codedb_query_goes_on(job, &left, result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (slot->nodes != NULL) {
        nodes = *slot->nodes;
        if (job->options->limit > 0 && nodes.count > job->options->limit - job->report.nodes)
            nodes.count = job->options->limit - job->report.nodes;
        job->report.nodes += nodes.count;
        job->report.files_found++;
        file.nodes = &nodes;
    }
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
    while (started + 1 < wanted && codedb_thread_start(&threads[started], query_thread, job))
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
    const codedb_vocabulary *vocabulary = job->options->ast ? codedb_vocabulary_ast() : codedb_vocabulary_cst();
    codedb_selector_options options = CODEDB_INIT(codedb_selector_options);
    codedb_code code = codedb_struct_take(&job->filter, sizeof job->filter, given, "codedb_filter", result);
    if (code != CODEDB_SUCCESS)
        return code;
    job->filter.struct_size = sizeof job->filter;
    if (job->filter.compiled == NULL) {
        options.allocator = &job->allocator;
        options.dialect = job->filter.dialect;
        options.ast = job->options->ast;
        code = codedb_selector_compile(job->filter.selector, &options, own, result);
        job->filter.compiled = *own;
    } else if (job->filter.compiled->vocabulary != vocabulary) {
        code = codedb_fail(result, CODEDB_INVALID_REQUEST, "the compiled selector is for %s, not for %s",
                           job->filter.compiled->vocabulary->trees, vocabulary->trees);
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
    job->summary_form = codedb_summary_form();
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
