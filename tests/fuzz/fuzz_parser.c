/* fuzz_parser.c -- feeds texts to lexer and parser (libFuzzer; run by `make fuzz`).
 *
 * The first byte chooses the version, the rest is the text. Besides what the sanitizers see, the nodes have to be a tree: subtrees
 * nest, a child's tokens lie in its parent's, every node but the Module has a role; an error lies in the text and says something. */
#include "codedb_tree.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_nodes(const codedb_tree *tree)
{
    CHECK(tree->node_count > 0 && tree->nodes[0].kind == CODEDB_NODE_MODULE && tree->nodes[0].end == tree->node_count);
    for (uint32_t i = 0; i < tree->node_count; i++) {
        const codedb_node *node = &tree->nodes[i];
        CHECK(node->end > i && node->end <= tree->node_count);
        CHECK(node->first <= node->last && node->last <= tree->token_count);
        CHECK(i == 0 || node->field != CODEDB_FIELD_NONE);
        for (uint32_t child = i + 1; child < node->end; child = tree->nodes[child].end) {
            CHECK(tree->nodes[child].end <= node->end);
            CHECK(tree->nodes[child].last <= node->last || node->kind == CODEDB_NODE_PARAM);
            CHECK(tree->nodes[child].first >= node->first || tree->nodes[child].field == CODEDB_FIELD_decorators);
        }
    }
}

/* As codedb_tree_parse does it: of several errors the one that CPython reports is chosen. */
static void parse(codedb_tree *tree)
{
    codedb_syntax_error error;
    bool done = codedb_tree_read(tree, 0, &error);
    if (done)
        check_nodes(tree);
    CHECK(done || (error.offset <= tree->length && error.message[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || codedb_utf8_valid_length((const char *)data + 1, size - 1) != size - 1)
        return 0;
    char *source = calloc(size - 1 + CODEDB_SOURCE_PADDING, 1);
    if (source == NULL)
        return 0;
    memcpy(source, data + 1, size - 1);
    codedb_tree tree = {.allocator = codedb_allocator_or_default(NULL),
                        .source = source,
                        .length = (uint32_t)(size - 1),
                        .target_version = 300 + data[0] % 16};
    parse(&tree);
    codedb_memory_release(&tree.allocator, tree.tokens);
    codedb_memory_release(&tree.allocator, tree.nodes);
    codedb_memory_release(&tree.allocator, tree.line_starts);
    codedb_memory_release(&tree.allocator, tree.long_ends);
    free(source);
    return 0;
}
