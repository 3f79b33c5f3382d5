/* codedb_query_ast.c -- a query over many files whose asts are asked: the stored one of each, or that of its stored source.
 *
 * Called by codedb_query_part.c, in any of the query's threads. Calls codedb_ast_kept.c for an ast and its texts and codedb_ast_query.c to match:
 * a bridge.
 *
 * Invariants
 * 1. What is answered is what codedb_ast_query answers of the file, or, where no ast is stored, what it would if that of the stored source
 *    were. JSON that is a string is no tree, and counts as none.
 * 2. What is kept is kept under the hashes of all texts that the answer can come from: the stored JSON, and the source. */
#include "codedb_query_job.h"

#include <string.h>

/* The texts of a file; a text that is NULL is not stored. */
typedef struct query_texts {
    codedb_slice json;
    codedb_slice source;
} query_texts;

CODEDB_PRIVATE bool codedb_query_ast_key(const query_job *job, const query_slot *slot, codedb_tree_key *key)
{
    return (slot->ast.id == 0 || slot->ast.hash.text != NULL) && (slot->source.id == 0 || slot->source.hash.text != NULL) &&
           codedb_tree_key_make_ast(key, slot->ast.id != 0 ? slot->ast.hash : (codedb_slice){NULL, 0},
                                    slot->source.id != 0 ? slot->source.hash : (codedb_slice){NULL, 0},
                                    job->options->target_version);
}

static codedb_code query_ast_match(query_work *work, query_slot *slot, const codedb_kept_ast *kept)
{
    codedb_ast_document document = kept->document;
    codedb_filter filter;
    codedb_nodes *nodes = NULL;
    codedb_code code = codedb_query_filter(work, slot, &filter);
    document.path = slot->path;
    if (code == CODEDB_SUCCESS)
        code = codedb_ast_describe(&document, &filter, &nodes, &work->result);
    if (code == CODEDB_SUCCESS)
        codedb_query_keep(slot, nodes);
    return code;
}

/* Is it known of the source that nothing is found in the ast that is made of it? */
static bool query_ast_is_ruled_out(const query_job *job, codedb_slice source)
{
    codedb_hint hint = {.text = source, .of_source = true};
    if (job->options->no_skip || codedb_hint_allows(&hint, job->filter.compiled, &job->filter))
        return false;
    /* Identifiers of an ast are in normal form, which only those of ASCII surely have in the source. */
    for (size_t i = 0; i < source.length; i++)
        if ((unsigned char)source.text[i] >= 0x80)
            return false;
    return true;
}

/* Makes the ast of the texts, matches it, and keeps it if there is room. */
static codedb_code query_ast_ask_texts(query_work *work, query_slot *slot, const query_texts *texts)
{
    query_job *job = work->job;
    bool is_stored = texts->json.text != NULL && !codedb_ast_is_string(texts->json);
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_kept_ast *made = NULL;
    const codedb_cached *held = NULL;
    codedb_tree_key key;
    if (!is_stored && texts->source.text == NULL)
        return codedb_fail(&work->result, CODEDB_VALIDATION_ERROR,
                           "the stored ast is a JSON string and no tree, and there is no stored source");
    if (!is_stored && query_ast_is_ruled_out(job, texts->source)) {
        work->counted.files_skipped++;
        return CODEDB_SUCCESS;
    }
    options.allocator = &job->allocator;
    options.path = slot->path;
    options.target_version = job->options->target_version;
    codedb_code code =
        codedb_kept_ast_create(is_stored ? texts->json : (codedb_slice){NULL, 0}, texts->source, &options, &made, &work->result);
    if (code != CODEDB_SUCCESS)
        return code;
    work->counted.trees_parsed++;
    const codedb_kept_ast *asked = made;
    if (job->cache != NULL)
        codedb_tree_cache_count(job->cache, false);
    if (job->cache != NULL && codedb_query_ast_key(job, slot, &key) &&
        codedb_tree_cache_add_ast(job->cache, &key, texts->json, made, job->run, &held)) {
        asked = held->ast;
        made = NULL;
    }
    code = query_ast_match(work, slot, asked);
    codedb_tree_cache_give_back(job->cache, held);
    codedb_kept_ast_free(made);
    return code;
}

/* The file's current row; no row is no error. */
static codedb_code query_ast_read(query_work *work, const query_slot *slot, codedb_kind kind, codedb_rows **rows,
                                  codedb_slice *text)
{
    codedb_code code = codedb_object_current_tree(work->job->db, kind, slot->file_id, rows, &work->result);
    *text = code == CODEDB_SUCCESS ? codedb_query_cell(&(*rows)->values[2]) : (codedb_slice){NULL, 0};
    return code == CODEDB_NOT_FOUND ? codedb_succeed(&work->result) : code;
}

/* Something was stored since the list was read: what is there now is asked. */
static codedb_code query_ast_ask_anew(query_work *work, query_slot *slot)
{
    codedb_rows *asts = NULL, *sources = NULL;
    query_texts texts = {0};
    codedb_code code = query_ast_read(work, slot, CODEDB_KIND_AST_TREE, &asts, &texts.json);
    if (code == CODEDB_SUCCESS)
        code = query_ast_read(work, slot, CODEDB_KIND_CST_TREE, &sources, &texts.source);
    if (code == CODEDB_SUCCESS && (texts.json.text != NULL || texts.source.text != NULL))
        code = query_ast_ask_texts(work, slot, &texts);
    codedb_free(asts);
    codedb_free(sources);
    return code;
}

/* Finds a text of the list among the rows that were read; false when it is not there any more. */
static bool query_ast_find(const codedb_rows *rows, const query_text *listed, codedb_slice *text)
{
    const codedb_value *row = listed->id != 0 ? codedb_query_find_row(rows, listed->id, listed->hash) : NULL;
    if (row != NULL)
        *text = codedb_query_cell(&row[2]);
    return listed->id == 0 || (row != NULL && text->text != NULL);
}

CODEDB_PRIVATE codedb_code codedb_query_ask_ast(query_work *work, query_slot *slot, size_t index)
{
    query_texts texts = {0};
    if (work->cached[index] != NULL) {
        work->counted.trees_kept++;
        return query_ast_match(work, slot, work->cached[index]->ast);
    }
    if (!query_ast_find(work->asts, &slot->ast, &texts.json) || !query_ast_find(work->sources, &slot->source, &texts.source))
        return query_ast_ask_anew(work, slot);
    return query_ast_ask_texts(work, slot, &texts);
}
