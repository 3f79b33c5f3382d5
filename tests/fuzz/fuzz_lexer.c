/* fuzz_lexer.c -- feeds bytes to the lexer (libFuzzer; run by `make fuzz`).
 *
 * The first byte chooses the version. Besides what the sanitizers see, the tokens have to be in order, inside the source, apart
 * from each other by nothing but blanks, comments and line breaks, and their brackets, blocks and f-strings balanced. */
#include "codedb_tree.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A gap holds no byte that could begin a token, but for those of comments. */
static void check_gap(const codedb_tree *tree, uint32_t start, uint32_t end)
{
    for (uint32_t i = start; i < end; i++) {
        if (tree->source[i] == '#')
            while (i + 1 < end && tree->source[i + 1] != '\n' && tree->source[i + 1] != '\r')
                i++;
        else
            CHECK(strchr(" \t\f\r\n\\", tree->source[i]) != NULL);
    }
}

static void check_tokens(const codedb_tree *tree, bool done)
{
    int blocks = 0, brackets = 0, fstrings = 0;
    uint32_t end = tree->text_start;
    CHECK(tree->token_count > 0 && tree->tokens[tree->token_count - 1].kind == CODEDB_TOKEN_ENDMARKER);
    for (uint32_t i = 0; i < tree->token_count; i++) {
        codedb_token_kind kind = (codedb_token_kind)tree->tokens[i].kind;
        CHECK(tree->tokens[i].start >= end && codedb_token_end(tree, i) <= tree->length);
        if (done)
            check_gap(tree, end, tree->tokens[i].start);
        end = codedb_token_end(tree, i);
        blocks += (kind == CODEDB_TOKEN_INDENT) - (kind == CODEDB_TOKEN_DEDENT);
        brackets += kind == CODEDB_TOKEN_LEFT_PAREN || kind == CODEDB_TOKEN_LEFT_BRACKET || kind == CODEDB_TOKEN_LEFT_BRACE;
        brackets -= kind == CODEDB_TOKEN_RIGHT_PAREN || kind == CODEDB_TOKEN_RIGHT_BRACKET || kind == CODEDB_TOKEN_RIGHT_BRACE;
        fstrings += kind == CODEDB_TOKEN_FSTRING_START || kind == CODEDB_TOKEN_TSTRING_START;
        fstrings -= kind == CODEDB_TOKEN_FSTRING_END;
        CHECK(blocks >= 0 && brackets >= 0 && fstrings >= 0);
    }
    CHECK(!done || (blocks == 0 && brackets == 0 && fstrings == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *source = calloc(size - 1 + CODEDB_SOURCE_PADDING, 1);
    if (source == NULL)
        return 0;
    memcpy(source, data + 1, size - 1);
    codedb_tree tree = {.allocator = codedb_allocator_or_default(NULL),
                        .source = source,
                        .length = (uint32_t)(size - 1),
                        .target_version = 300 + data[0] % 15};
    codedb_syntax_error error;
    bool done = codedb_lex(&tree, &error);
    if (done || tree.token_count > 0)
        check_tokens(&tree, done);
    CHECK(done || (error.offset <= tree.length && error.message[0] != 0));
    codedb_memory_release(&tree.allocator, tree.tokens);
    codedb_memory_release(&tree.allocator, tree.line_starts);
    codedb_memory_release(&tree.allocator, tree.long_ends);
    free(source);
    return 0;
}
