/* bench_parse.c -- how fast sources become trees: prints megabytes a second for the files named on standard input.
 *
 * All files are read first. A run parses every file and walks its tree once, hashing type and span of every syntax node, so that
 * nothing can be put off unseen. Prints the median of the runs, the bytes of tree for each byte of source, and the hash. */
#include "codedb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct bench_file {
    char *bytes;
    size_t length;
} bench_file;

static double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int bench_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static bench_file bench_read(const char *path)
{
    bench_file file = {NULL, 0};
    FILE *in = fopen(path, "rb");
    if (in == NULL || fseek(in, 0, SEEK_END) != 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    file.length = (size_t)ftell(in);
    rewind(in);
    file.bytes = malloc(file.length + 1);
    if (file.bytes == NULL || fread(file.bytes, 1, file.length, in) != file.length) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    fclose(in);
    return file;
}

static uint64_t bench_walk(const codedb_tree *tree, size_t *nodes)
{
    uint64_t hash = 0;
    size_t count = codedb_tree_node_count(tree);
    for (size_t i = 0; i < count; i++) {
        codedb_syntax_node node = {0, 0, 0, 0};
        codedb_tree_node_get(tree, i, &node);
        hash = (hash ^ node.type ^ ((uint64_t)node.start_byte << 8) ^ ((uint64_t)node.end_byte << 36)) * 0x9E3779B97F4A7C15u;
    }
    *nodes += count;
    return hash;
}

typedef struct bench_totals {
    uint64_t hash;
    size_t nodes;
    size_t memory;
    size_t rejected;
    size_t bytes;
} bench_totals;

static bench_totals bench_run(const bench_file *files, size_t count)
{
    bench_totals totals = {0, 0, 0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        codedb_tree *tree = NULL;
        if (codedb_tree_parse(files[i].bytes, files[i].length, NULL, &tree, NULL) != CODEDB_SUCCESS) {
            totals.rejected++;
            continue;
        }
        totals.hash ^= bench_walk(tree, &totals.nodes);
        totals.memory += codedb_tree_memory(tree);
        totals.bytes += files[i].length;
        codedb_tree_free(tree);
    }
    return totals;
}

int main(int argument_count, char **arguments)
{
    size_t runs = argument_count > 1 ? strtoul(arguments[1], NULL, 10) : 5;
    size_t count = 0;
    size_t capacity = 0;
    bench_file *files = NULL;
    double seconds[64];
    char path[4096];
    runs = runs >= 1 && runs <= 64 ? runs : 5;
    while (fgets(path, sizeof path, stdin) != NULL) {
        path[strcspn(path, "\n")] = '\0';
        if (count == capacity) {
            capacity = capacity == 0 ? 1024 : capacity * 2;
            files = realloc(files, capacity * sizeof *files);
            if (files == NULL) {
                return 2;
            }
        }
        files[count++] = bench_read(path);
    }
    bench_totals totals = {0, 0, 0, 0, 0};
    for (size_t run = 0; run < runs; run++) {
        double started = bench_now();
        totals = bench_run(files, count);
        seconds[run] = bench_now() - started;
    }
    qsort(seconds, runs, sizeof *seconds, bench_compare);
    double median = seconds[runs / 2];
    printf("{\"files\": %zu, \"rejected\": %zu, \"bytes\": %zu, \"nodes\": %zu, \"seconds\": %.6f, \"tree_bytes_per_byte\": %.3f, "
           "\"hash\": \"%016llx\"}\n",
           count, totals.rejected, totals.bytes, totals.nodes, median,
           totals.bytes > 0 ? (double)totals.memory / (double)totals.bytes : 0, (unsigned long long)totals.hash);
    for (size_t i = 0; i < count; i++) {
        free(files[i].bytes);
    }
    free(files);
    return 0;
}
