/* dump_tokens.c -- writes the tokens of Python files, for compare_tokens.py.
 *
 *   dump_tokens VERSION < list of paths
 *
 * For each path a line "path", then a line "kind start end" for each token (offsets in bytes), or "error offset length message". */
#include "codedb_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path, uint32_t *length)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(size + CODEDB_SOURCE_PADDING, 1);
    *length = (uint32_t)fread(text, 1, size, file);
    fclose(file);
    return text;
}

static void dump(const codedb_tree *tree, const codedb_syntax_error *error)
{
    if (error != NULL) {
        printf("error %u %u %s\n", (unsigned)error->offset, (unsigned)error->length, error->message);
        return;
    }
    for (uint32_t i = 0; i < tree->token_count; i++)
        printf("%u %u %u\n", (unsigned)tree->tokens[i].kind, (unsigned)tree->tokens[i].start, (unsigned)codedb_token_end(tree, i));
}

int main(int count, char **arguments)
{
    char path[4096];
    if (count != 2)
        return 2;
    while (fgets(path, sizeof(path), stdin) != NULL) {
        path[strcspn(path, "\n")] = 0;
        codedb_tree tree = {.allocator = codedb_allocator_or_default(NULL), .target_version = atoi(arguments[1])};
        codedb_syntax_error error;
        char *text = read_file(path, &tree.length);
        if (text == NULL)
            return 1;
        tree.source = text;
        printf("%s\n", path);
        dump(&tree, codedb_lex(&tree, &error) ? NULL : &error);
        codedb_memory_release(&tree.allocator, tree.tokens);
        codedb_memory_release(&tree.allocator, tree.line_starts);
        codedb_memory_release(&tree.allocator, tree.long_ends);
        free(text);
    }
    return 0;
}
