/* peer_tree_sitter.c -- tree-sitter's side of bench_parse.c, with its Python grammar; compiled by parse_peers.py.
 *
 *     peer_tree_sitter [RUNS [walk | parse]]      files named on standard input, JSON out, as bench_parse has it */
#include <tree_sitter/api.h>

#include "bench.h"

#include <malloc.h>
#include <stdint.h>

const TSLanguage *tree_sitter_python(void);

static size_t peer_live, peer_allocations;

static void *peer_count(void *pointer)
{
    peer_live += pointer == NULL ? 0 : malloc_usable_size(pointer);
    peer_allocations++;
    return pointer;
}

static void *peer_malloc(size_t size)
{
    return peer_count(malloc(size));
}

static void *peer_calloc(size_t count, size_t size)
{
    return peer_count(calloc(count, size));
}

static void *peer_realloc(void *pointer, size_t size)
{
    peer_live -= pointer == NULL ? 0 : malloc_usable_size(pointer);
    return peer_count(realloc(pointer, size));
}

static void peer_free(void *pointer)
{
    peer_live -= pointer == NULL ? 0 : malloc_usable_size(pointer);
    free(pointer);
}

static uint64_t peer_walk(TSTree *tree, size_t *nodes)
{
    uint64_t hash = 0;
    TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
    for (;;) {
        TSNode node = ts_tree_cursor_current_node(&cursor);
        hash =
            (hash ^ ts_node_symbol(node) ^ ((uint64_t)ts_node_start_byte(node) << 8) ^ ((uint64_t)ts_node_end_byte(node) << 36)) *
            0x9E3779B97F4A7C15u;
        ++*nodes;
        if (ts_tree_cursor_goto_first_child(&cursor))
            continue;
        while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
            if (!ts_tree_cursor_goto_parent(&cursor)) {
                ts_tree_cursor_delete(&cursor);
                return hash;
            }
        }
    }
}

typedef struct peer_totals {
    uint64_t hash;
    size_t nodes;
    size_t memory;
    size_t with_errors;
    size_t bytes;
} peer_totals;

static peer_totals peer_run(TSParser *parser, const bench_file *files, size_t count, int walk)
{
    peer_totals totals = {0, 0, 0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        size_t before = peer_live;
        TSTree *tree = ts_parser_parse_string(parser, NULL, files[i].bytes, (uint32_t)files[i].length);
        totals.memory += peer_live > before ? peer_live - before : 0;
        totals.with_errors += ts_node_has_error(ts_tree_root_node(tree));
        totals.bytes += files[i].length;
        if (walk)
            totals.hash ^= peer_walk(tree, &totals.nodes);
        ts_tree_delete(tree);
    }
    return totals;
}

int main(int argument_count, char **arguments)
{
    size_t runs = argument_count > 1 ? strtoul(arguments[1], NULL, 10) : 3;
    int walk = argument_count < 3 || strcmp(arguments[2], "walk") == 0;
    size_t count = 0;
    double seconds[64];
    TSParser *parser = ts_parser_new();
    if (!ts_parser_set_language(parser, tree_sitter_python())) {
        fprintf(stderr, "the grammar is not for this version of tree-sitter\n");
        return 2;
    }
    bench_file *files = bench_read_all(&count);
    ts_parser_delete(parser);
    ts_set_allocator(peer_malloc, peer_calloc, peer_realloc, peer_free);
    parser = ts_parser_new();
    ts_parser_set_language(parser, tree_sitter_python());
    peer_totals counted = peer_run(parser, files, count, 0);
    ts_parser_delete(parser);
    ts_set_allocator(NULL, NULL, NULL, NULL); /* counting is not timed */
    parser = ts_parser_new();
    ts_parser_set_language(parser, tree_sitter_python());
    peer_totals totals = {0, 0, 0, 0, 0};
    runs = runs >= 1 && runs <= 64 ? runs : 3;
    printf("{\"runs\": [");
    for (size_t run = 0; run < runs; run++) {
        double started = bench_now();
        totals = peer_run(parser, files, count, walk);
        seconds[run] = bench_now() - started;
        printf("%s%.6f", run == 0 ? "" : ", ", seconds[run]);
    }
    qsort(seconds, runs, sizeof *seconds, bench_compare);
    printf(
        "], \"files\": %zu, \"rejected\": %zu, \"bytes\": %zu, \"nodes\": %zu, \"seconds\": %.6f, \"tree_bytes_per_byte\": %.3f, "
        "\"allocations_per_file\": %.2f, \"hash\": \"%016llx\"}\n",
        count, totals.with_errors, totals.bytes, totals.nodes, seconds[runs / 2], (double)counted.memory / (double)totals.bytes,
        (double)peer_allocations / (double)count, (unsigned long long)totals.hash);
    bench_free_all(files, count);
    ts_parser_delete(parser);
    return 0;
}
