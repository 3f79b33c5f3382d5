/* bench_parse.c -- how fast sources become trees: megabytes a second for the files named on standard input.
 *
 *     bench_parse [RUNS [MODE]]
 *
 * All files are read first. A run does one thing to every file, in one thread:
 *     walk     parses it and walks its tree once, hashing type and span of every syntax node: nothing can be put off unseen
 *     parse    parses it only
 *     ast      parses it and writes the JSON of Python's ast into memory
 *     bytes    reads its bytes once and classifies each: the machine's limit for any parser that looks at every byte
 * Prints, as JSON, the seconds of each run and their median, the bytes of tree for each byte of source, how many times memory was
 * asked for per file, and the hash. */
#include "codedb.h"

#include "bench.h"

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
    size_t bytes;   /* of the files that were not rejected */
    size_t written; /* of JSON */
} bench_totals;

/* What is written goes round in a buffer that stays in the cache, as a pipe's would. */
typedef struct bench_sink {
    char bytes[1 << 16];
    size_t at;
    size_t written;
} bench_sink;

static int bench_write(void *context, const char *bytes, size_t length)
{
    bench_sink *sink = context;
    sink->written += length;
    while (length > 0) {
        size_t part = sizeof sink->bytes - sink->at < length ? sizeof sink->bytes - sink->at : length;
        memcpy(sink->bytes + sink->at, bytes, part);
        sink->at = (sink->at + part) % sizeof sink->bytes;
        bytes += part;
        length -= part;
    }
    return 0;
}

static void bench_parse(const bench_file *file, const char *mode, const codedb_allocator *allocator, bench_totals *totals)
{
    static bench_sink sink;
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_tree *tree = NULL;
    options.allocator = allocator;
    if (codedb_tree_parse(file->bytes, file->length, &options, &tree, NULL) != CODEDB_SUCCESS) {
        totals->rejected++;
        return;
    }
    if (strcmp(mode, "walk") == 0) {
        totals->hash ^= bench_walk(tree, &totals->nodes);
    } else if (strcmp(mode, "ast") == 0) {
        sink.written = 0;
        if (codedb_tree_dump(tree, CODEDB_DUMP_AST, bench_write, &sink, NULL) != CODEDB_SUCCESS)
            totals->rejected++;
        totals->written += sink.written;
    }
    totals->memory += codedb_tree_memory(tree);
    totals->bytes += file->length;
    codedb_tree_free(tree);
}

/* A lexer at its least: the class of each byte, and where one class follows another. */
static void bench_classify(const bench_file *file, const unsigned char *classes, bench_totals *totals)
{
    unsigned char last = 0;
    size_t changes = 0;
    for (size_t i = 0; i < file->length; i++) {
        unsigned char now = classes[(unsigned char)file->bytes[i]];
        changes += now != last;
        last = now;
    }
    totals->nodes += changes;
    totals->bytes += file->length;
}

static bench_totals bench_run(const bench_file *files, size_t count, const char *mode, const codedb_allocator *allocator)
{
    bench_totals totals = {0, 0, 0, 0, 0, 0};
    unsigned char classes[256];
    for (int byte = 0; byte < 256; byte++) {
        int is_word = byte == '_' || byte >= 128 || (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z');
        classes[byte] = (unsigned char)(is_word ? 1 : byte == ' ' || byte == '\t' ? 2 : byte == '\n' ? 3 : 4);
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(mode, "bytes") == 0)
            bench_classify(&files[i], classes, &totals);
        else
            bench_parse(&files[i], mode, allocator, &totals);
    return totals;
}

static void *bench_allocate(void *context, size_t size)
{
    ++*(size_t *)context;
    return malloc(size);
}

static void *bench_reallocate(void *context, void *pointer, size_t old_size, size_t new_size)
{
    (void)old_size;
    ++*(size_t *)context;
    return realloc(pointer, new_size);
}

static void bench_release(void *context, void *pointer)
{
    (void)context;
    free(pointer);
}

static size_t bench_count_allocations(const bench_file *files, size_t count, const char *mode)
{
    size_t allocations = 0;
    codedb_allocator counting = {bench_allocate, bench_reallocate, bench_release, &allocations};
    bench_run(files, count, mode, &counting);
    return allocations;
}

int main(int argument_count, char **arguments)
{
    size_t runs = argument_count > 1 ? strtoul(arguments[1], NULL, 10) : 5;
    const char *mode = argument_count > 2 ? arguments[2] : "walk";
    size_t count = 0;
    double seconds[64];
    runs = runs >= 1 && runs <= 64 ? runs : 5;
    bench_file *files = bench_read_all(&count);
    size_t allocations = bench_count_allocations(files, count, mode);
    bench_totals totals = {0, 0, 0, 0, 0, 0};
    printf("{\"runs\": [");
    for (size_t run = 0; run < runs; run++) {
        double started = bench_now();
        totals = bench_run(files, count, mode, NULL);
        seconds[run] = bench_now() - started;
        printf("%s%.6f", run == 0 ? "" : ", ", seconds[run]);
    }
    qsort(seconds, runs, sizeof *seconds, bench_compare);
    printf("], \"files\": %zu, \"rejected\": %zu, \"bytes\": %zu, \"nodes\": %zu, \"written\": %zu, \"seconds\": %.6f, "
           "\"tree_bytes_per_byte\": %.3f, \"allocations_per_file\": %.2f, \"hash\": \"%016llx\"}\n",
           count, totals.rejected, totals.bytes, totals.nodes, totals.written, seconds[runs / 2],
           totals.bytes > 0 ? (double)totals.memory / (double)totals.bytes : 0,
           count > 0 ? (double)allocations / (double)count : 0, (unsigned long long)totals.hash);
    bench_free_all(files, count);
    return 0;
}
