/* dump_nodes.c -- parses Python sources and writes what came of it, for compare_acceptance.py and compare_nodes.py.
 *
 *   dump_nodes VERSION [check]
 *
 * Reads, again and again, a length in decimal, a line break and as many bytes of source. For each of them it writes the length of
 * its answer, a line break and the answer: one line "error line column end_offset message", with columns in code points from 0 (or as CPython counts), or
 * a line "depth Kind field start end parens" for each node, with offsets in bytes (with `check`, only the line "ok"). */
#include "codedb_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void describe_error(const codedb_tree *tree, const codedb_syntax_error *error, codedb_buffer *out)
{
    uint32_t line = 0;
    while (line + 1 < tree->line_count && tree->line_starts[line + 1] <= error->offset)
        line++;
    uint32_t start = tree->line_count > 0 ? tree->line_starts[line] : 0;
    size_t bytes = error->offset - start, column = error->in_bytes ? bytes : codedb_utf8_count(tree->source + start, bytes);
    codedb_buffer_printf(out, "error %u %zu %u %s\n", (unsigned)line + 1, column, (unsigned)(error->offset + error->length),
                         error->message);
}

static void describe_nodes(const codedb_tree *tree, codedb_buffer *out)
{
    uint32_t *ends = calloc(tree->node_count + 1u, sizeof *ends);
    uint32_t depth = 0;
    for (uint32_t i = 0; ends && i < tree->node_count; i++) {
        const codedb_node *node = &tree->nodes[i];
        while (depth > 0 && ends[depth - 1] <= i)
            depth--;
        uint32_t start = tree->tokens[node->first].start;
        uint32_t end = node->last > node->first ? codedb_token_end(tree, node->last - 1) : start;
        codedb_buffer_printf(out, "%u %s %s %u %u %u\n", (unsigned)depth, codedb_node_kind_name((codedb_node_kind)node->kind),
                             node->field ? codedb_field_name((codedb_node_field)node->field) : "-", (unsigned)start,
                             (unsigned)end, (unsigned)node->parens);
        ends[depth++] = node->end;
    }
    free(ends);
}

static int answer(const char *text, uint32_t length, int version, bool check)
{
    codedb_tree tree = {
        .allocator = codedb_allocator_or_default(NULL), .source = text, .length = length, .target_version = version};
    codedb_syntax_error error;
    codedb_buffer out;
    codedb_buffer_init(&out, &tree.allocator);
    if (!codedb_tree_read(&tree, 0, &error))
        describe_error(&tree, &error, &out);
    else if (check)
        codedb_buffer_append_text(&out, "ok\n");
    else
        describe_nodes(&tree, &out);
    printf("%zu\n", out.length);
    fwrite(out.data, 1, out.length, stdout);
    fflush(stdout);
    codedb_buffer_free(&out);
    codedb_memory_release(&tree.allocator, tree.tokens);
    codedb_memory_release(&tree.allocator, tree.nodes);
    codedb_memory_release(&tree.allocator, tree.line_starts);
    codedb_memory_release(&tree.allocator, tree.long_ends);
    return out.failed;
}

int main(int count, char **arguments)
{
    char line[32];
    int failed = count < 2;
    while (!failed && fgets(line, sizeof(line), stdin) != NULL) {
        size_t length = strtoul(line, NULL, 10);
        char *text = calloc(length + CODEDB_SOURCE_PADDING, 1);
        failed = text == NULL || fread(text, 1, length, stdin) != length ||
                 answer(text, (uint32_t)length, (int)strtol(arguments[1], NULL, 10), count > 2);
        free(text);
    }
    return failed;
}
