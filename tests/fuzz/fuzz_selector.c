/* fuzz_selector.c -- any text as a selector, in both dialects, compiled, matched and explained: an answer or an error with its place.
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

/* A selector with many captures has very many answers. */
#define MOST_ANSWERS 1000

/* Every answer has a node, and captures that are nodes or nothing. */
static void check_answers(const codedb_nodes *nodes)
{
    size_t i;
    for (i = 0; i < nodes->count; i++)
        require(nodes->items[i]->node_id != NULL && nodes->items[i]->code[nodes->items[i]->code_length] == '\0');
    for (i = 0; i < nodes->count * nodes->capture_count; i++)
        require(nodes->captures[i] == NULL || nodes->captures[i]->node_id != NULL);
    for (i = 0; i < nodes->capture_count; i++)
        require(nodes->capture_names[i][0] != '\0');
}

/* The same selector, compiled first, finds the same. */
static void check_compiled(codedb_filter *filter, const codedb_nodes *nodes)
{
    codedb_selector_options options = CODEDB_INIT(codedb_selector_options);
    codedb_selector *compiled = NULL;
    codedb_nodes *again = NULL;
    size_t i;
    options.dialect = filter->dialect;
    require(codedb_selector_compile(filter->selector, &options, &compiled, NULL) == CODEDB_SUCCESS);
    require(codedb_selector_capture_count(compiled) == nodes->capture_count);
    filter->compiled = compiled;
    require(codedb_tree_query(tree, filter, &again, NULL) == CODEDB_SUCCESS && again->count == nodes->count);
    for (i = 0; i < nodes->count; i++)
        require(strcmp(nodes->items[i]->node_id, again->items[i]->node_id) == 0);
    codedb_free(again);
    codedb_selector_free(compiled);
    filter->compiled = NULL;
}

/* An explanation is there, and something was found exactly if it says so. */
static void check_explanation(const codedb_filter *filter, const codedb_nodes *nodes)
{
    char *text = NULL;
    require(codedb_tree_explain(tree, filter, CODEDB_EXPLAIN_JSON, &text, NULL) == CODEDB_SUCCESS);
    require((strstr(text, "\"matched\": 0, \"found\": 0, ") == NULL) == (nodes->count > 0));
    codedb_free(text);
    require(codedb_tree_explain(tree, filter, CODEDB_EXPLAIN_TEXT, &text, NULL) == CODEDB_SUCCESS);
    codedb_free(text);
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
    filter.limit = MOST_ANSWERS;
    code = codedb_tree_query(tree, &filter, &nodes, &result);
    require(code == CODEDB_SUCCESS || code == CODEDB_SELECTOR_ERROR);
    if (code == CODEDB_SELECTOR_ERROR) {
        require(result.offset + result.length <= strlen(selector));
        require(result.description[0] != '\0' && result.data != NULL && result.line > 0);
    }
    if (code == CODEDB_SUCCESS) {
        check_answers(nodes);
        check_compiled(&filter, nodes);
        check_explanation(&filter, nodes);
    }
    codedb_free(nodes);
    codedb_result_clear(&result);
    free(selector);
    return 0;
}
