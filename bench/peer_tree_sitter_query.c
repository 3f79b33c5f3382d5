/* peer_tree_sitter_query.c -- tree-sitter's side of bench_query.c, with its Python grammar; compiled by query_peers.py.
 *
 *     peer_tree_sitter_query RUNS QUERY      files named on standard input: parsed, and the query's captures counted; JSON out */
#include <tree_sitter/api.h>

#include "bench.h"

#include <stdint.h>

const TSLanguage *tree_sitter_python(void);

static size_t peer_find(TSParser *parser, TSQueryCursor *cursor, const TSQuery *query, const bench_file *file)
{
    TSTree *tree = ts_parser_parse_string(parser, NULL, file->bytes, (uint32_t)file->length);
    TSQueryMatch match;
    uint32_t capture;
    size_t found = 0;
    ts_query_cursor_exec(cursor, query, ts_tree_root_node(tree));
    while (ts_query_cursor_next_capture(cursor, &match, &capture))
        found++;
    ts_tree_delete(tree);
    return found;
}

static TSQuery *peer_compile(const char *text)
{
    uint32_t offset = 0;
    TSQueryError error = TSQueryErrorNone;
    TSQuery *query = ts_query_new(tree_sitter_python(), text, (uint32_t)strlen(text), &offset, &error);
    if (query == NULL) {
        fprintf(stderr, "the query is wrong at %u\n", offset);
        exit(2);
    }
    return query;
}

static double peer_median(double *seconds, size_t count)
{
    qsort(seconds, count, sizeof *seconds, bench_compare);
    return seconds[count / 2];
}

int main(int argument_count, char **arguments)
{
    double seconds[1000];
    size_t count = 0;
    size_t found = 0;
    if (argument_count != 3)
        return 2;
    size_t runs = strtoul(arguments[1], NULL, 10);
    runs = runs >= 1 && runs <= 1000 ? runs : 100;
    TSParser *parser = ts_parser_new();
    if (!ts_parser_set_language(parser, tree_sitter_python())) {
        fprintf(stderr, "the grammar is not for this version of tree-sitter\n");
        return 2;
    }
    bench_file *files = bench_read_all(&count);
    TSQueryCursor *cursor = ts_query_cursor_new();
    for (size_t run = 0; run < runs; run++) {
        double started = bench_now();
        ts_query_delete(peer_compile(arguments[2]));
        seconds[run] = bench_now() - started;
    }
    double compile = peer_median(seconds, runs);
    TSQuery *query = peer_compile(arguments[2]);
    for (size_t run = 0; run < runs; run++) {
        double started = bench_now();
        found = 0;
        for (size_t i = 0; i < count; i++)
            found += peer_find(parser, cursor, query, &files[i]);
        seconds[run] = bench_now() - started;
    }
    printf("{\"seconds\": %.9f, \"found\": %zu, \"compile\": %.9f}\n", peer_median(seconds, runs), found, compile);
    ts_query_delete(query);
    ts_query_cursor_delete(cursor);
    ts_parser_delete(parser);
    bench_free_all(files, count);
    return 0;
}
