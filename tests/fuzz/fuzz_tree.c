/* fuzz_tree.c -- files as on disk through all that reads a tree (libFuzzer; run by `make fuzz`).
 *
 * The first byte chooses the version, the second the allocation that fails (0: none), the rest is the file. Besides what the
 * sanitizers see: positions lie in the source; the whole tree nests, numbers its parents and agrees with the stored one; its leaves
 * do not overlap, and what no leaf has is a token, indentation or a continuation; dumps, names and outline can be made, and the
 * source that the tree kept gives the same dumps; a failed
 * allocation is NO_MEMORY and nothing leaks. */
#include "codedb_tree.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- The whole tree ---- */

static void check_order(const codedb_tree *tree, const codedb_full_tree *full)
{
    uint32_t stored = 0;
    CHECK(full->count >= tree->node_count && full->nodes[0].subtree_end == full->count && full->nodes[0].parent == UINT32_MAX);
    for (uint32_t i = 0; i < full->count; i++) {
        const codedb_full_node *node = &full->nodes[i];
        CHECK(node->subtree_end > i && node->subtree_end <= full->count);
        CHECK(node->start >= tree->text_start && node->start <= node->end && node->end <= tree->length);
        CHECK(i == 0 || (node->parent < i && node->subtree_end <= full->nodes[node->parent].subtree_end));
        for (uint32_t child = i + 1; child < node->subtree_end; child = full->nodes[child].subtree_end)
            CHECK(full->nodes[child].parent == i);
        if (node->syntax != UINT32_MAX) {
            uint32_t start, end;
            CHECK(node->syntax == stored && tree->nodes[stored].kind == node->kind && tree->nodes[stored].field == node->field);
            codedb_tree_position(tree, stored++, &start, &end);
            CHECK(start == node->start && end == node->end);
        }
    }
    CHECK(stored == tree->node_count);
}

/* A keyword, an operator or a string's delimiter has no node of its own. */
static void check_uncovered(const codedb_tree *tree, const uint8_t *covered)
{
    uint32_t token = 0;
    for (uint32_t i = tree->text_start; i < tree->length; i++) {
        while (token < tree->token_count && codedb_token_end(tree, token) <= i)
            token++;
        if (covered[i] || (token < tree->token_count && tree->tokens[token].start <= i))
            continue;
        CHECK(strchr(" \t\f\\\r\n", tree->source[i]) != NULL);
    }
}

static void check_leaves(const codedb_tree *tree, const codedb_full_tree *full)
{
    uint8_t *covered = calloc(tree->length + 1, 1);
    if (covered == NULL)
        return;
    for (uint32_t i = 0; i < full->count; i++)
        if (full->nodes[i].subtree_end == i + 1 && full->nodes[i].kind != CODEDB_NODE_MODULE)
            for (uint32_t at = full->nodes[i].start; at < full->nodes[i].end; at++)
                CHECK(covered[at]++ == 0);
    check_uncovered(tree, covered);
    free(covered);
}

/* ---- Readers ---- */

static codedb_code read_dumps(const codedb_tree *tree, const codedb_parse_options *options, fuzz_countdown *counted)
{
    codedb_buffer written;
    codedb_code code = CODEDB_SUCCESS;
    codedb_buffer_init(&written, NULL);
    for (int format = CODEDB_DUMP_CST; code == CODEDB_SUCCESS && format <= CODEDB_DUMP_CST_NO_WHITESPACE; format++) {
        written.length = 0;
        code = codedb_tree_dump(tree, (codedb_dump_format)format, fuzz_append, &written, NULL);
        CHECK(code != CODEDB_SUCCESS || written.length > 0);
        if (code == CODEDB_SUCCESS && !counted->failed && counted->left < 0)
            fuzz_check_again(tree, options, (codedb_dump_format)format, &written);
    }
    codedb_buffer_free(&written);
    return code;
}

static codedb_code read_names(const codedb_tree *tree)
{
    codedb_scopes *scopes;
    codedb_code code = codedb_scopes_create(tree, &scopes, NULL);
    if (code != CODEDB_SUCCESS)
        return code;
    codedb_buffer out;
    codedb_buffer_init(&out, NULL);
    for (uint32_t i = 0; i < tree->node_count; i++) {
        out.length = 0;
        codedb_scopes_qualname(scopes, i, &out);
        codedb_scopes_full_qualname(scopes, i, &out);
        codedb_docstring_append(tree, i, &out);
        CHECK(codedb_scopes_kind(scopes, i)[0] != '\0');
    }
    codedb_buffer_free(&out);
    codedb_scopes_free(scopes);
    return CODEDB_SUCCESS;
}

static codedb_code read_outline(const codedb_tree *tree)
{
    codedb_arena *arena = codedb_arena_create(&tree->allocator);
    codedb_outline outline;
    if (arena == NULL)
        return CODEDB_NO_MEMORY;
    codedb_code code = codedb_outline_collect(tree, arena, &outline, NULL);
    if (code == CODEDB_SUCCESS)
        for (size_t i = 0; i < outline.definition_count; i++)
            CHECK(outline.definitions[i].owner == UINT32_MAX || outline.definitions[i].owner < i);
    codedb_arena_destroy(arena);
    return code;
}

static codedb_code read_tree(const codedb_tree *tree, const codedb_parse_options *options, fuzz_countdown *counted)
{
    codedb_full_tree full;
    codedb_code code = codedb_tree_expand(tree, &full, NULL);
    if (code != CODEDB_SUCCESS)
        return code;
    check_order(tree, &full);
    check_leaves(tree, &full);
    codedb_full_tree_free(tree, &full);
    code = read_dumps(tree, options, counted);
    if (code == CODEDB_SUCCESS)
        code = read_names(tree);
    return code == CODEDB_SUCCESS ? read_outline(tree) : code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    fuzz_countdown counted = {.left = (long)data[1] - 1};
    codedb_allocator allocator = fuzz_allocator(&counted);
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree;
    options.allocator = &allocator;
    options.target_version = 300 + data[0] % 16;
    codedb_code code = codedb_tree_parse((const char *)data + 2, size - 2, &options, &tree, &result);
    CHECK(code == CODEDB_SUCCESS || code == CODEDB_PARSE_ERROR || (code == CODEDB_NO_MEMORY && counted.failed));
    CHECK(code != CODEDB_PARSE_ERROR || (result.description[0] != '\0' && result.line > 0));
    if (code == CODEDB_SUCCESS) {
        code = read_tree(tree, &options, &counted);
        CHECK(code == (counted.failed ? CODEDB_NO_MEMORY : CODEDB_SUCCESS));
    }
    codedb_tree_free(tree);
    codedb_result_clear(&result);
    return 0;
}
