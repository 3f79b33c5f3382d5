/* codedb_query_part.c -- a part of a query over many files: what is known of them, what must be read of them, and asking each.
 *
 *   file: known to hold nothing? -> kept tree, or stored source -> tree -> nodes
 *
 * Called by codedb_query.c from each of its threads. Calls the matcher, summaries and the cache of trees on one side, table functions on the
 * other: a bridge. codedb_query_ast.c asks the asts.
 *
 * Invariants
 * 1. What is left out never changes an answer: codedb_summary.c says why. Of the tables only hashes, sources and what codedb has derived
 *    from them (codedb_source_summary.c) are believed, as a row of a class that is missing or old says nothing about the source.
 * 2. A row counts only with the hash that the list has for its file. Where something else was stored meanwhile, the file is read anew.
 * 3. Nodes have the ids that codedb_cst_query gives them. Those of a file whose source never changed follow from its hash; others are read
 *    with the sources. Trees are shared by files of the same text, so that ids are never a tree's own here (codedb_naming).
 *
 * Contents: rows, answers, one file, leaving out, reading, the part. */
#include "codedb_query_job.h"

#include "codedb_driver.h"

#include <string.h>

/* ---- Rows --------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_slice codedb_query_cell(const codedb_value *cell)
{
    if (cell->type != CODEDB_VALUE_TEXT)
        return (codedb_slice){NULL, 0};
    return (codedb_slice){cell->as.text, cell->length};
}

static bool query_is_same(codedb_slice left, codedb_slice right)
{
    return left.text != NULL && right.text != NULL && left.length == right.length &&
           memcmp(left.text, right.text, left.length) == 0;
}

CODEDB_PRIVATE const codedb_value *codedb_query_find_row(const codedb_rows *rows, int64_t id, codedb_slice hash)
{
    for (size_t row = 0; rows != NULL && row < rows->row_count; row++) {
        const codedb_value *cells = &rows->values[rows->column_count * row];
        if (cells[0].as.integer == id && query_is_same(codedb_query_cell(&cells[1]), hash))
            return cells;
    }
    return NULL;
}

/* ---- Answers ------------------------------------------------------------------------------------------------------ */

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
        bytes += nodes->items[i]->code_length + nodes->items[i]->ast_json_length;
    return bytes;
}

CODEDB_PRIVATE void codedb_query_keep(query_slot *slot, codedb_nodes *nodes)
{
    if (nodes->count == 0) {
        codedb_free(nodes);
        return;
    }
    slot->nodes = nodes;
    slot->bytes = query_bytes(nodes);
}

CODEDB_PRIVATE codedb_code codedb_query_filter(query_work *work, const query_slot *slot, codedb_filter *filter)
{
    const query_job *job = work->job;
    double left;
    codedb_code code = codedb_query_goes_on(job, &left, &work->result);
    *filter = job->filter;
    filter->path = slot->path;
    if (left > 0 && (filter->timeout <= 0 || left < filter->timeout))
        filter->timeout = left;
    if (job->options->limit > 0 && (filter->limit == 0 || job->options->limit < filter->limit))
        filter->limit = job->options->limit;
    return code;
}

/* ---- One file ----------------------------------------------------------------------------------------------------- */

static codedb_code query_match(query_work *work, query_slot *slot, const codedb_tree *tree, const codedb_naming *naming)
{
    codedb_filter filter;
    codedb_nodes *nodes = NULL;
    codedb_code code = codedb_query_filter(work, slot, &filter);
    if (code == CODEDB_SUCCESS)
        code = codedb_tree_query_named(tree, naming, &filter, &nodes, &work->result);
    if (code == CODEDB_SUCCESS)
        codedb_query_keep(slot, nodes);
    return code;
}

/* A source that is not kept as a tree: parsed, matched, and kept if there is room. */
static codedb_code query_parse(query_work *work, query_slot *slot, codedb_slice text, codedb_slice hash,
                               const codedb_naming *naming)
{
    query_job *job = work->job;
    codedb_hint hint = {.text = text};
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_tree *tree = NULL;
    const codedb_cached *held = NULL;
    codedb_tree_key key;
    bool has_key = job->cache != NULL && codedb_tree_key_make(&key, hash, job->options->target_version);
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
    code = query_match(work, slot, asked, naming);
    codedb_tree_cache_give_back(job->cache, held);
    codedb_tree_free(tree);
    return code;
}

/* The file's source was replaced since the list was read: what is stored now is asked. */
static codedb_code query_ask_anew(query_work *work, query_slot *slot)
{
    codedb_rows *rows = NULL;
    codedb_code code = codedb_object_current_tree(work->job->db, CODEDB_KIND_CST_TREE, slot->file_id, &rows, &work->result);
    if (code == CODEDB_NOT_FOUND)
        return codedb_succeed(&work->result); /* nothing is stored any more */
    if (code == CODEDB_SUCCESS && rows->values[2].type == CODEDB_VALUE_TEXT) {
        codedb_slice hash = codedb_query_cell(&rows->values[1]);
        struct codedb_identities *identities;
        code =
            codedb_source_ids_read(work->job->db, slot->file_id, hash.text != NULL ? hash.text : "", &identities, &work->result);
        if (code == CODEDB_SUCCESS)
            code = query_parse(work, slot, codedb_query_cell(&rows->values[2]), hash, &(codedb_naming){.identities = identities});
        codedb_identities_free(identities);
    }
    codedb_free(rows);
    return code;
}

/* What the ids of a file's nodes are made of; false when they are not those of the list's source any more. */
static bool query_name(const query_work *work, const query_slot *slot, codedb_naming *naming)
{
    const codedb_value *row = slot->has_ids ? codedb_query_find_row(work->ids, slot->file_id, slot->source.hash) : NULL;
    *naming = (codedb_naming){.kept = row != NULL ? codedb_query_cell(&row[2]).text : NULL, .hash = slot->source.hash.text};
    return row != NULL || !slot->has_ids;
}

/* Asks the file at `index` of the part: its tree is kept, or its source is among those that were read. */
static codedb_code query_ask(query_work *work, query_slot *slot, size_t index)
{
    codedb_naming naming;
    const codedb_value *row;
    bool is_named = query_name(work, slot, &naming);
    if (work->cached[index] != NULL && is_named) {
        work->counted.trees_kept++;
        return query_match(work, slot, work->cached[index]->tree, &naming);
    }
    row = codedb_query_find_row(work->sources, slot->source.id, slot->source.hash);
    if (row == NULL || row[2].type != CODEDB_VALUE_TEXT || !is_named)
        return query_ask_anew(work, slot);
    return query_parse(work, slot, codedb_query_cell(&row[2]), slot->source.hash, &naming);
}

/* ---- Leaving out -------------------------------------------------------------------------------------------------- */

static bool query_key(const query_job *job, const query_slot *slot, codedb_tree_key *key)
{
    if (job->options->ast)
        return codedb_query_ast_key(job, slot, key);
    return codedb_tree_key_make(key, slot->source.hash, job->options->target_version);
}

/* Leaves the file at `index` out. */
static void query_skip(query_work *work, size_t index)
{
    work->counted.files_skipped++;
    work->is_asked[index] = false;
}

/* Looks into the cache: is the file to be left out, or is its tree there? False: nothing is known of it. */
static bool query_look_up(query_work *work, const query_slot *slot, size_t index)
{
    query_job *job = work->job;
    codedb_tree_key key;
    work->is_asked[index] = true;
    if (job->cache == NULL || !query_key(job, slot, &key))
        return false;
    const codedb_cached *held = codedb_tree_cache_find(job->cache, &key, job->run);
    if (held == NULL)
        return false;
    codedb_hint hint = {.summary = held->summary};
    if (!job->options->no_skip && !codedb_hint_allows(&hint, job->filter.compiled, &job->filter)) {
        query_skip(work, index);
    } else if (held->tree != NULL || held->ast != NULL) {
        codedb_tree_cache_count(job->cache, true);
        work->cached[index] = held;
        return true;
    }
    codedb_tree_cache_give_back(job->cache, held);
    return true;
}

/* Is the file at `index`, of which nothing was known, to be left out by what was stored of its source? */
static bool query_is_ruled_out(query_work *work, const query_slot *slot)
{
    query_job *job = work->job;
    const codedb_value *row = codedb_query_find_row(work->summaries, slot->file_id, slot->source.hash);
    codedb_summary *summary;
    codedb_tree_key key;
    if (row == NULL || row[2].type != CODEDB_VALUE_BLOB)
        return false;
    codedb_slice form = {row[2].as.text, row[2].length};
    int version = job->options->target_version == 0 ? CODEDB_NEWEST_VERSION : job->options->target_version;
    summary = codedb_summary_read(&job->allocator, form, slot->source.hash, version, job->summary_form);
    if (summary == NULL)
        return false;
    codedb_hint hint = {.summary = summary, .of_source = job->options->ast != 0};
    bool is_out = (!hint.of_source || summary->is_ascii) && !codedb_hint_allows(&hint, job->filter.compiled, &job->filter);
    /* The next query need not read it again. */
    if (is_out && !hint.of_source && job->cache != NULL && query_key(job, slot, &key))
        codedb_tree_cache_note_summary(job->cache, &key, summary, job->run);
    else
        codedb_memory_release(&job->allocator, summary);
    return is_out;
}

/* ---- Reading ------------------------------------------------------------------------------------------------------ */

#define QUERY_PART_PLACES "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

/* Reads rows of a part's files in one request, always of the same shape; `ids` that are NULL are of files that need none. */
static codedb_code query_read(query_work *work, const char *sql, const codedb_value *ids, codedb_rows **rows)
{
    size_t needed = 0;
    for (size_t i = 0; i < CODEDB_QUERY_PART_FILES; i++)
        needed += ids[i].type != CODEDB_VALUE_NULL;
    if (needed == 0)
        return CODEDB_SUCCESS;
    codedb_code code = codedb_sql_execute(work->job->db, sql, ids, CODEDB_QUERY_PART_FILES, rows, NULL, &work->result);
    /* A damaged row is one file's trouble: each is then read for itself. */
    return code == CODEDB_DATABASE_ERROR ? CODEDB_SUCCESS : code;
}

/* Reads what was stored of the sources of which nothing is known yet, and leaves files out by it. */
static codedb_code query_rule_out(query_work *work, const query_part *part, const bool *is_known)
{
    query_job *job = work->job;
    codedb_value files[CODEDB_QUERY_PART_FILES];
    if (job->options->no_skip || atomic_load(&job->no_summaries))
        return CODEDB_SUCCESS;
    for (size_t i = 0; i < CODEDB_QUERY_PART_FILES; i++)
        files[i] =
            i < part->count && !is_known[i] ? codedb_value_integer(job->slots[part->first + i].file_id) : codedb_value_null();
    codedb_code code =
        query_read(work, "SELECT file_id, cst_hash, summary FROM codedb_summaries WHERE file_id IN " QUERY_PART_PLACES, files,
                   &work->summaries);
    if (code == CODEDB_SCHEMA_ERROR) {
        atomic_store(&job->no_summaries, true); /* nothing was stored since there are summaries */
        return CODEDB_SUCCESS;
    }
    for (size_t i = 0; code == CODEDB_SUCCESS && i < part->count; i++)
        if (!is_known[i] && query_is_ruled_out(work, &job->slots[part->first + i]))
            query_skip(work, i);
    return code;
}

static codedb_value query_id(bool is_needed, int64_t id)
{
    return is_needed && id != 0 ? codedb_value_integer(id) : codedb_value_null();
}

/* Reads the texts that are needed. */
static codedb_code query_read_texts(query_work *work, const query_part *part)
{
    codedb_value sources[CODEDB_QUERY_PART_FILES], asts[CODEDB_QUERY_PART_FILES], files[CODEDB_QUERY_PART_FILES];
    for (size_t i = 0; i < CODEDB_QUERY_PART_FILES; i++) {
        const query_slot none = {0};
        const query_slot *slot = i < part->count ? &work->job->slots[part->first + i] : &none;
        bool is_read = i < part->count && work->is_asked[i] && work->cached[i] == NULL;
        sources[i] = query_id(is_read, slot->source.id);
        asts[i] = query_id(is_read, slot->ast.id);
        files[i] = query_id(i < part->count && work->is_asked[i] && slot->has_ids, slot->file_id);
    }
    codedb_code code =
        query_read(work, "SELECT id, cst_hash, cst_code FROM cst_trees WHERE id IN " QUERY_PART_PLACES, sources, &work->sources);
    if (code == CODEDB_SUCCESS)
        code = query_read(work, "SELECT id, ast_hash, ast_json FROM ast_trees WHERE id IN " QUERY_PART_PLACES, asts, &work->asts);
    if (code == CODEDB_SUCCESS)
        code = query_read(work, "SELECT file_id, cst_hash, ids FROM codedb_node_ids WHERE file_id IN " QUERY_PART_PLACES, files,
                          &work->ids);
    return code;
}

/* ---- The part ----------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_code codedb_query_run_part(query_work *work, const query_part *part)
{
    query_job *job = work->job;
    bool is_known[CODEDB_QUERY_PART_FILES];
    for (size_t i = 0; i < part->count; i++)
        is_known[i] = query_look_up(work, &job->slots[part->first + i], i) || job->slots[part->first + i].ast.id != 0;
    codedb_code code = query_rule_out(work, part, is_known);
    if (code == CODEDB_SUCCESS)
        code = query_read_texts(work, part);
    for (size_t i = 0; i < part->count; i++) {
        query_slot *slot = &job->slots[part->first + i];
        double left;
        if (code == CODEDB_SUCCESS)
            code = codedb_query_goes_on(job, &left, &work->result);
        if (code == CODEDB_SUCCESS && work->is_asked[i])
            code =
                query_keep_error(work, slot, job->options->ast ? codedb_query_ask_ast(work, slot, i) : query_ask(work, slot, i));
        codedb_tree_cache_give_back(job->cache, work->cached[i]);
    }
    codedb_free(work->summaries);
    codedb_free(work->sources);
    codedb_free(work->asts);
    codedb_free(work->ids);
    return code;
}
