/* fuzz_selector.c -- any text as a selector, in both dialects, compiled and matched: an answer or an error with its place.
 *
 * The first byte chooses the dialect. The source has a node of most kinds that selectors treat in a way of their own. */
#include "codedb.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char source[] = "\"\"\"doc\"\"\"\n"
                             "import os, sys as s; from .a import (b,)\n"
                             "@d.e(1)\n"
                             "class A(B, m=C):\n"
                             "    def __init__(self, a: int = 1, /, *, b, **c) -> None:\n"
                             "        \"\"\"doc\"\"\"\n"
                             "        if a: return f\"{a!r:>{b}}\"  # note\n"
                             "        elif b:\n"
                             "            yield (lambda x: [y for y in x])\n"
                             "        else: pass\n"
                             "    async def _f(self): await g(*a, k=[1, 2, {}])\n"
                             "match a:\n"
                             "    case {1: x}: pass\n";

static codedb_tree *tree;

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_nodes *nodes = NULL;
    char *selector;
    codedb_code code;

    if (tree == NULL)
        require(codedb_tree_parse(source, strlen(source), NULL, &tree, NULL) == CODEDB_SUCCESS);
    if (size == 0)
        return 0;
    selector = malloc(size);
    require(selector != NULL);
    memcpy(selector, data + 1, size - 1);
    selector[size - 1] = '\0';
    filter.selector = selector;
    filter.dialect = data[0] & 1 ? CODEDB_DIALECT_REFERENCE : CODEDB_DIALECT_DEFAULT;
    code = codedb_tree_query(tree, &filter, &nodes, &result);
    require(code == CODEDB_SUCCESS || code == CODEDB_SELECTOR_ERROR);
    if (code == CODEDB_SELECTOR_ERROR) {
        require(result.offset + result.length <= strlen(selector));
        require(result.description[0] != '\0' && result.data != NULL && result.line > 0);
    }
    codedb_free(nodes);
    codedb_result_clear(&result);
    free(selector);
    return 0;
}
