/* dump_tokens.c -- writes the tokens of Python sources, for compare_tokens.py.
 *
 *   dump_tokens VERSION
 *
 * Reads, again and again, a length in decimal, a line break and as many bytes of source. For each of them it writes the length of
 * its answer, a line break and the answer: a line "kind start end" for each token, with offsets in bytes, or one line
 * "error offset length message". */
#include "codedb_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void describe(const codedb_tree *tree, const codedb_syntax_error *error, codedb_buffer *out)
{
    if (error != NULL) {
        codedb_buffer_printf(out, "error %u %u %s\n", (unsigned)error->offset, (unsigned)error->length, error->message);
        return;
    }
    for (uint32_t i = 0; i < tree->token_count; i++) {
        codedb_buffer_append_text(out, codedb_token_kind_text((codedb_token_kind)tree->tokens[i].kind));
        codedb_buffer_append_byte(out, ' ');
        codedb_buffer_append_integer(out, tree->tokens[i].start);
        codedb_buffer_append_byte(out, ' ');
        codedb_buffer_append_integer(out, codedb_token_end(tree, i));
        codedb_buffer_append_byte(out, '\n');
    }
}

static int answer(const char *text, uint32_t length, int version)
{
    codedb_tree tree = {
        .allocator = codedb_allocator_or_default(NULL), .source = text, .length = length, .target_version = version};
    codedb_syntax_error error;
    codedb_buffer out;
    codedb_buffer_init(&out, &tree.allocator);
    describe(&tree, codedb_lex(&tree, &error) ? NULL : &error, &out);
    printf("%zu\n", out.length);
    fwrite(out.data, 1, out.length, stdout);
    fflush(stdout);
    codedb_buffer_free(&out);
    codedb_memory_release(&tree.allocator, tree.tokens);
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
                 answer(text, (uint32_t)length, (int)strtol(arguments[1], NULL, 10));
        free(text);
    }
    return failed;
}
