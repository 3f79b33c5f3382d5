/* bench_query.c -- how fast selectors are answered: one file, a whole project from its kept trees, compiling, and growth.
 *
 *     bench_query file RUNS SELECTOR     files named on standard input: source -> tree -> nodes, one after the other
 *     bench_query compile RUNS           a list of selectors
 *     bench_query growth                 :has in :has in :has, with 10, 100 and 1,000 matches
 *     bench_query warm DATABASE          every stored file: once to have the trees, then selectors that were not asked before
 *
 * Prints JSON. Seconds are those of the processor but for `warm`, which has several threads: those of the clock. */
#include "codedb.h"

#include "bench.h"

#include <math.h>

/* Every one is asked once: nothing but trees is there from before. */
static const char *const bench_selectors[] = {
    "smallstmt[type=\"Return\"]",
    "class[name=\"ArgumentParser\"] > method",
    "method:not(:has-docstring)",
    "Call[func=\"isinstance\"]",
    "def[args_count>5], def[line_count>80]",
    "ExceptHandler:not([.type])",
    "While > Else",
    "class:has(> method[name=\"__eq__\"]):not(:has(> method[name=\"__hash__\"]))",
    "Param[default]:has(> List.default, > Dict.default)",
    "function:has(If:has(For:has(Return)))",
};
enum { BENCH_SELECTORS = sizeof bench_selectors / sizeof *bench_selectors };

static void bench_check(codedb_code code, const codedb_result *result)
{
    if (code == CODEDB_SUCCESS)
        return;
    fprintf(stderr, "%s: %s\n", codedb_code_name(code), result->description);
    exit(1);
}

static double bench_median(double *seconds, size_t count)
{
    qsort(seconds, count, sizeof *seconds, bench_compare);
    return seconds[count / 2];
}

static double bench_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t bench_find(const char *bytes, size_t length, const codedb_selector *selector)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_tree *tree = NULL;
    codedb_nodes *nodes = NULL;
    filter.compiled = selector;
    bench_check(codedb_tree_parse(bytes, length, NULL, &tree, &result), &result);
    bench_check(codedb_tree_query(tree, &filter, &nodes, &result), &result);
    size_t count = nodes->count;
    codedb_free(nodes);
    codedb_tree_free(tree);
    return count;
}

static codedb_selector *bench_compile_one(const char *text)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_selector *selector = NULL;
    bench_check(codedb_selector_compile(text, NULL, &selector, &result), &result);
    return selector;
}

static void bench_file_mode(size_t runs, const char *text)
{
    size_t count = 0;
    size_t found = 0;
    double seconds[1000];
    bench_file *files = bench_read_all(&count);
    codedb_selector *selector = bench_compile_one(text);
    for (size_t run = 0; run < runs; run++) {
        double started = bench_now();
        found = 0;
        for (size_t i = 0; i < count; i++)
            found += bench_find(files[i].bytes, files[i].length, selector);
        seconds[run] = bench_now() - started;
    }
    printf("{\"seconds\": %.9f, \"found\": %zu}\n", bench_median(seconds, runs), found);
    codedb_selector_free(selector);
    bench_free_all(files, count);
}

static void bench_compile_mode(size_t runs)
{
    double slowest = 0;
    double total = 0;
    for (size_t i = 0; i < BENCH_SELECTORS; i++) {
        double seconds[1000];
        for (size_t run = 0; run < runs; run++) {
            double started = bench_now();
            for (int again = 0; again < 100; again++)
                codedb_selector_free(bench_compile_one(bench_selectors[i]));
            seconds[run] = (bench_now() - started) / 100;
        }
        double median = bench_median(seconds, runs);
        total += median;
        slowest = median > slowest ? median : slowest;
    }
    printf("{\"seconds\": %.9f, \"slowest\": %.9f, \"selectors\": %d}\n", total / BENCH_SELECTORS, slowest, (int)BENCH_SELECTORS);
}

/* `count` functions that match, and as many that nearly do. */
static double bench_has(size_t count, size_t *found)
{
    static const char text[] = "def f():\n    if a:\n        for b in c:\n            d(e)\n"
                               "def g():\n    if a:\n        for b in c:\n            d\n";
    size_t length = count * (sizeof text - 1);
    char *source = malloc(length + 1);
    double seconds[25];
    codedb_selector *selector = bench_compile_one("def:has(If:has(For:has(Call)))");
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_tree *tree = NULL;
    if (source == NULL)
        exit(2);
    for (size_t i = 0; i < count; i++)
        memcpy(source + i * (sizeof text - 1), text, sizeof text);
    bench_check(codedb_tree_parse(source, length, NULL, &tree, &result), &result);
    filter.compiled = selector;
    for (size_t run = 0; run < sizeof seconds / sizeof *seconds; run++) {
        size_t again = 20000 / count;
        double started = bench_now();
        for (size_t i = 0; i < again; i++) {
            codedb_nodes *nodes = NULL;
            bench_check(codedb_tree_query(tree, &filter, &nodes, &result), &result);
            *found = nodes->count;
            codedb_free(nodes);
        }
        seconds[run] = (bench_now() - started) / (double)again;
    }
    codedb_tree_free(tree);
    codedb_selector_free(selector);
    free(source);
    return bench_median(seconds, sizeof seconds / sizeof *seconds);
}

static void bench_growth_mode(void)
{
    double seconds[3];
    size_t found[3];
    size_t count = 10;
    for (int i = 0; i < 3; i++, count *= 10)
        seconds[i] = bench_has(count, &found[i]);
    printf("{\"matches\": [%zu, %zu, %zu], \"seconds\": [%.9f, %.9f, %.9f], \"exponent\": %.3f, \"last_exponent\": %.3f}\n",
           found[0], found[1], found[2], seconds[0], seconds[1], seconds[2], log10(seconds[2] / seconds[0]) / 2,
           log10(seconds[2] / seconds[1]));
}

static int bench_count(void *context, const codedb_query_file *file)
{
    *(size_t *)context += file->nodes != NULL ? file->nodes->count : 0;
    return 0;
}

static double bench_ask(codedb *db, const char *selector, int no_skip, size_t *found)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_query_options options = CODEDB_INIT(codedb_query_options);
    filter.selector = selector;
    options.no_skip = no_skip;
    *found = 0;
    double started = bench_clock();
    bench_check(codedb_query_project(db, &filter, &options, bench_count, found, NULL, &result), &result);
    return bench_clock() - started;
}

static void bench_warm_mode(const char *path)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    codedb_cache_figures figures = CODEDB_INIT(codedb_cache_figures);
    codedb *db = NULL;
    size_t found = 0;
    bench_check(codedb_open(path, &options, &db, &result), &result);
    printf("{\"first\": %.9f, \"asked\": [", bench_ask(db, "module", 1, &found));
    for (size_t i = 0; i < BENCH_SELECTORS; i++) {
        double seconds = bench_ask(db, bench_selectors[i], 0, &found);
        printf("%s[%.9f, %zu, \"", i > 0 ? ", " : "", seconds, found);
        for (const char *at = bench_selectors[i]; *at != '\0'; at++)
            printf(*at == '"' ? "\\\"" : "%c", *at);
        printf("\"]");
    }
    bench_check(codedb_cache_figures_get(db, &figures, &result), &result);
    printf("], \"trees\": %llu, \"cache_bytes\": %llu, \"cache_limit\": %llu}\n", (unsigned long long)figures.trees,
           (unsigned long long)figures.bytes, (unsigned long long)figures.limit);
    codedb_close(db);
}

int main(int count, char **arguments)
{
    const char *mode = count > 1 ? arguments[1] : "";
    size_t runs = count > 2 ? strtoul(arguments[2], NULL, 10) : 0;
    runs = runs >= 1 && runs <= 1000 ? runs : 100;
    if (strcmp(mode, "file") == 0 && count == 4)
        bench_file_mode(runs, arguments[3]);
    else if (strcmp(mode, "compile") == 0)
        bench_compile_mode(runs);
    else if (strcmp(mode, "growth") == 0)
        bench_growth_mode();
    else if (strcmp(mode, "warm") == 0 && count == 3)
        bench_warm_mode(arguments[2]);
    else
        return 2;
    return 0;
}
