/* bench_growth.c -- does time grow in proportion to the source? Prints an exponent for each source that might make it grow faster.
 *
 *     bench_growth [MEGABYTES [NAME]]
 *
 * Each source, or the one named, is a pattern repeated to an eighth, a quarter, half and all of MEGABYTES (32). Smaller sources would
 * mislead: C libraries begin to give large blocks back to the system, which costs a step and no slope. For each size the median of
 * three runs counts, in seconds of the processor: of parsing and walking the tree, and of writing Python's ast as JSON. The exponent
 * is the slope of log(seconds) over log(bytes), by least squares: 1 is linear, 2 quadratic. */
#include "codedb.h"

#include "bench.h"

#include <math.h>

#define BENCH_SIZES 4
#define BENCH_RUNS 3

typedef struct bench_pattern {
    const char *name;
    const char *before;
    const char *repeated;
    const char *after;
} bench_pattern;

#define BENCH_10(text) text text text text text text text text text text
#define BENCH_190(text)      \
    BENCH_10(BENCH_10(text)) \
    BENCH_10(text)           \
    BENCH_10(text) BENCH_10(text) BENCH_10(text) BENCH_10(text) BENCH_10(text) BENCH_10(text) BENCH_10(text) BENCH_10(text)

static const bench_pattern bench_patterns[] = {
    {"one line", "a", "; a", "\n"},
    {"one name", "a", "aaaaaaaa", "\n"},
    {"one string", "'", "a \\n b", "'\n"},
    {"one comment", "#", " a", "\n"},
    {"one expression", "a", " + a", "\n"},
    {"comparisons", "a", " < a", "\n"},
    {"boolean operators", "a", " and a or a", "\n"},
    {"attributes and calls", "a", ".b(c)", "\n"},
    {"subscripts", "a", "[b]", "\n"},
    {"one list", "a = [", "1, ", "]\n"},
    {"one call", "f(", "a, ", ")\n"},
    {"keyword arguments", "f(", "a=b, ", ")\n"},
    {"brackets nested to the limit", "", BENCH_190("(") "a" BENCH_190(")") "\n", ""},
    {"lists nested to the limit", "", BENCH_190("[") BENCH_190("]") "\n", ""},
    {"decorators", "", "@a\n", "def f(): pass\n"},
    {"elifs", "if a: b\n", "elif a: b\n", ""},
    {"string continuations", "(", "'a'\n", ")\n"},
    {"f-string continuations", "(", "f'{a}'\n", ")\n"},
    {"fields of one f-string", "f'", "{a}b", "'\n"},
    {"targets", "", "a = ", "b\n"},
    {"comprehension clauses", "[a", " for a in b if c", "]\n"},
    {"excepts", "try: a\n", "except b: c\n", ""},
    {"cases", "match a:\n", " case b: c\n", ""},
    {"parameters of one function", "def f(*, ", "a=b, ", "c): pass\n"},
    {"empty lines", "if a:\n b\n", "\n", "c\n"},
    {"comment lines of any depth", "if a:\n b\n", " # c\n# d\n", "e\n"},
    {"continued lines", "a", " \\\n", "\n"},
    {"names behind an import", "import a", ", a", "\n"},
    {"functions", "", "def f(a): return a\n", ""},
    {"text of two bytes a letter", "'", "\xc3\xa4", "'\n"},
};

/* The pattern repeated to at least `size` bytes, followed by a NUL; to be freed. */
static char *bench_source(const bench_pattern *pattern, size_t size, size_t *length)
{
    size_t before = strlen(pattern->before);
    size_t repeated = strlen(pattern->repeated);
    size_t count = size / repeated + 1;
    char *text = malloc(before + count * repeated + strlen(pattern->after) + 1);
    if (text == NULL)
        exit(2);
    memcpy(text, pattern->before, before);
    for (size_t i = 0; i < count; i++)
        memcpy(text + before + i * repeated, pattern->repeated, repeated);
    memcpy(text + before + count * repeated, pattern->after, strlen(pattern->after) + 1);
    *length = before + count * repeated + strlen(pattern->after);
    return text;
}

static int bench_write(void *context, const char *bytes, size_t length)
{
    (void)bytes;
    *(size_t *)context += length;
    return 0;
}

/* Seconds of one run: [0] for parsing and walking, [1] for the JSON. */
static void bench_run(const bench_pattern *pattern, const char *text, size_t length, double *seconds)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree = NULL;
    size_t written = 0;
    volatile uint64_t hash = 0;
    double started = bench_now();
    if (codedb_tree_parse(text, length, NULL, &tree, &result) != CODEDB_SUCCESS) {
        fprintf(stderr, "%s: %s\n", pattern->name, result.description);
        exit(1);
    }
    for (size_t i = 0; i < codedb_tree_node_count(tree); i++) {
        codedb_syntax_node node = {0, 0, 0, 0};
        codedb_tree_node_get(tree, i, &node);
        hash = (hash ^ node.type ^ node.start_byte ^ node.end_byte) * 0x9E3779B97F4A7C15u;
    }
    double parsed = bench_now();
    if (codedb_tree_dump(tree, CODEDB_DUMP_AST, bench_write, &written, &result) != CODEDB_SUCCESS) {
        fprintf(stderr, "%s: %s\n", pattern->name, result.description);
        exit(1);
    }
    seconds[0] = parsed - started;
    seconds[1] = bench_now() - parsed;
    codedb_tree_free(tree);
    codedb_result_clear(&result);
}

static double bench_slope(const double *x, const double *y, size_t count)
{
    double mean_x = 0, mean_y = 0, above = 0, below = 0;
    for (size_t i = 0; i < count; i++) {
        mean_x += x[i] / (double)count;
        mean_y += y[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        above += (x[i] - mean_x) * (y[i] - mean_y);
        below += (x[i] - mean_x) * (x[i] - mean_x);
    }
    return below > 0 ? above / below : 0;
}

static void bench_measure(const bench_pattern *pattern, size_t largest)
{
    double bytes[BENCH_SIZES], parse[BENCH_SIZES], write[BENCH_SIZES];
    double speeds[2] = {0, 0};
    size_t count = 0;
    for (size_t size = largest / 8; count < BENCH_SIZES; size *= 2, count++) {
        double seconds[2][BENCH_RUNS];
        size_t length = 0;
        char *text = bench_source(pattern, size, &length);
        for (size_t run = 0; run < BENCH_RUNS; run++) {
            double both[2];
            bench_run(pattern, text, length, both);
            seconds[0][run] = both[0];
            seconds[1][run] = both[1];
        }
        free(text);
        qsort(seconds[0], BENCH_RUNS, sizeof(double), bench_compare);
        qsort(seconds[1], BENCH_RUNS, sizeof(double), bench_compare);
        bytes[count] = log((double)length);
        parse[count] = log(seconds[0][BENCH_RUNS / 2]);
        write[count] = log(seconds[1][BENCH_RUNS / 2]);
        speeds[0] = (double)length / 1e6 / seconds[0][BENCH_RUNS / 2];
        speeds[1] = (double)length / 1e6 / seconds[1][BENCH_RUNS / 2];
    }
    printf("%-30s %8.2f %8.0f %8.2f %8.0f\n", pattern->name, bench_slope(bytes, parse, count), speeds[0],
           bench_slope(bytes, write, count), speeds[1]);
    fflush(stdout);
}

int main(int argument_count, char **arguments)
{
    size_t megabytes = argument_count > 1 ? strtoul(arguments[1], NULL, 10) : 32;
    printf("growth up to %zu MB; 1 is linear, 2 quadratic; MB/s at the largest size\n", megabytes);
    printf("%-30s %8s %8s %8s %8s\n", "source", "tree", "MB/s", "ast JSON", "MB/s");
    for (size_t i = 0; i < sizeof bench_patterns / sizeof *bench_patterns; i++)
        if (argument_count < 3 || strcmp(arguments[2], bench_patterns[i].name) == 0)
            bench_measure(&bench_patterns[i], megabytes << 20);
    return 0;
}
