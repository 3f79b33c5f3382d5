/* bench_selector.c -- what selectors cost: compiling them, and matching as what they find grows.
 *
 *     bench_selector
 *
 * Prints the median microseconds of compiling each of some selectors, from codedb_selector_compile to codedb_selector_free. Then, for
 * sources with 10, 100, 1,000 and 10,000 matches, the milliseconds of one query each: a cost that is linear grows tenfold. Both in
 * seconds of the processor. */
#include "codedb.h"

#include "bench.h"

#define BENCH_RUNS 31
#define BENCH_ROUNDS 200

static const char *const bench_compiled[] = {
    "class",
    "smallstmt[type=\"Return\"]",
    "class[name=\"Store\"] > method[name^=\"get_\"]",
    "function[name=\"f\"] smallstmt[type=\"Return\"]:first",
    "def[name=/^test_/]:not(:has(Assert))",
    "class:has(> method[name=\"__eq__\"]):not(:has(> method[name=\"__hash__\"]))",
    "class@c > method@m:decorated(\"property\") Return[value.func=\"len\"], Call[func=\"print\"] > Arg.args[1]",
};

static double bench_compile(const char *text)
{
    double seconds[BENCH_RUNS];
    for (int run = 0; run < BENCH_RUNS; run++) {
        double start = bench_now();
        for (int i = 0; i < BENCH_ROUNDS; i++) {
            codedb_selector *selector = NULL;
            if (codedb_selector_compile(text, NULL, &selector, NULL) != CODEDB_SUCCESS)
                exit(1);
            codedb_selector_free(selector);
        }
        seconds[run] = (bench_now() - start) / BENCH_ROUNDS;
    }
    qsort(seconds, BENCH_RUNS, sizeof *seconds, bench_compare);
    return seconds[BENCH_RUNS / 2];
}

typedef struct bench_growth {
    const char *what;
    const char *selector;
    const char *before; /* once; then as often as there are to be matches: */
    const char *piece;
    const char *after;
    size_t most; /* pieces */
} bench_growth;

#define BENCH_MOST 10000
static const bench_growth bench_growths[] = {
    {":has nested three deep", "def:has(> If:has(> For:has(Return)))", "", "def f(a):\n    if a:\n        for b in a: return b\n",
     "", BENCH_MOST},
    {":has of all that is behind", "Expr:has(~ Expr:has(~ Expr:has(Name)))", "", "a\n", "a\na\na\n", BENCH_MOST},
    {"captures of siblings", "class@c > Assign@a + Assign@b", "class A:\n", "    a = b\n", "    a = b\n", BENCH_MOST},
    {"captures of one class", "module@m class * Name@n[value=b]", "class A:\n", "    a = b\n", "", BENCH_MOST},
    {"captures around siblings", "class@c > Expr ~ Assign@a", "class A:\n", "    b\n    a = b\n", "", BENCH_MOST},
    {"text in one long sum", "*[code*=zzz]", "x = a", " + a", "\n", 1000},
    {"fields of one long sum", "*[.left*=zzz]", "x = a", " + a", "\n", 1000},
    {"patterns in one long sum", "*[code=/zzz/]", "x = a", " + a", "\n", 1000},
    {"one name declared global again and again", "def[fqn=f]", "", "def f():\n    global f\n    def f(): pass\n", "", BENCH_MOST},
    {"names of one scope declared global", "def[fqn=g1]", "def f():\n", "    global g1\n    def g1(): pass\n", "", BENCH_MOST},
};

static codedb_tree *bench_tree(const bench_growth *growth, size_t pieces)
{
    char *text = malloc(strlen(growth->before) + pieces * strlen(growth->piece) + strlen(growth->after) + 1);
    codedb_tree *tree = NULL;
    char *at;
    if (text == NULL)
        exit(2);
    at = stpcpy(text, growth->before);
    for (size_t i = 0; i < pieces; i++)
        at = stpcpy(at, growth->piece);
    stpcpy(at, growth->after);
    if (codedb_tree_parse(text, strlen(text), NULL, &tree, NULL) != CODEDB_SUCCESS)
        exit(1);
    free(text);
    return tree;
}

static void bench_grow(const bench_growth *growth)
{
    printf("%-42s", growth->what);
    for (size_t pieces = growth->most / 1000; pieces <= growth->most; pieces *= 10) {
        codedb_filter filter = CODEDB_INIT(codedb_filter);
        codedb_tree *tree = bench_tree(growth, pieces);
        double seconds[BENCH_RUNS];
        size_t found = 0;
        filter.selector = growth->selector;
        for (int run = 0; run < BENCH_RUNS; run++) {
            codedb_nodes *nodes = NULL;
            double start = bench_now();
            if (codedb_tree_query(tree, &filter, &nodes, NULL) != CODEDB_SUCCESS)
                exit(1);
            seconds[run] = bench_now() - start;
            found = nodes->count;
            codedb_free(nodes);
        }
        qsort(seconds, BENCH_RUNS, sizeof *seconds, bench_compare);
        printf("  %6zu: %9.4f ms", found, seconds[BENCH_RUNS / 2] * 1e3);
        codedb_tree_free(tree);
    }
    putchar('\n');
}

int main(void)
{
    for (size_t i = 0; i < sizeof bench_compiled / sizeof *bench_compiled; i++)
        printf("%6.2f us  %s\n", bench_compile(bench_compiled[i]) * 1e6, bench_compiled[i]);
    for (size_t i = 0; i < sizeof bench_growths / sizeof *bench_growths; i++)
        bench_grow(&bench_growths[i]);
    return 0;
}
