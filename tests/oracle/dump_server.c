/* dump_server.c -- dumps the trees of sources that come in on standard input.
 *
 * A request is a decimal length, a newline and so many bytes of source; the answer has the same form and holds the dump of
 * docs/trees.md, or for a source that is refused the line ERROR and a line that says why. One process answers for thousands of
 * sources, so that comparing with another parser costs no more than that parser.
 *
 *     dump_server [--cst | --ast [VERSION]] */
#include "codedb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct answer {
    char *bytes;
    size_t length;
    size_t capacity;
} answer;

static int answer_append(void *context, const char *bytes, size_t length)
{
    answer *to = context;

    if (to->capacity - to->length < length) {
        size_t capacity = (to->capacity + length) * 2;
        char *grown = realloc(to->bytes, capacity);

        if (grown == NULL)
            return 1;
        to->bytes = grown;
        to->capacity = capacity;
    }
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
    return 0;
}

static void answer_refusal(answer *to, const codedb_result *result)
{
    char text[CODEDB_DESCRIPTION_SIZE + 64];
    int length = snprintf(text, sizeof text, "ERROR\n%lu:%lu %s: %s\n", (unsigned long)result->line,
                          (unsigned long)result->column, codedb_code_name(result->code), result->description);

    to->length = 0;
    answer_append(to, text, (size_t)length);
}

static int answer_request(const char *source, size_t length, codedb_dump_format format, int version, answer *to)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree = NULL;

    to->length = 0;
    options.target_version = version;
    if (codedb_tree_parse(source, length, &options, &tree, &result) != CODEDB_SUCCESS ||
        codedb_tree_dump(tree, format, answer_append, to, &result) != CODEDB_SUCCESS)
        answer_refusal(to, &result);
    codedb_tree_free(tree);
    codedb_result_clear(&result);
    printf("%lu\n", (unsigned long)to->length);
    fwrite(to->bytes, 1, to->length, stdout);
    return fflush(stdout);
}

int main(int argument_count, char **arguments)
{
    codedb_dump_format format = argument_count > 1 && strcmp(arguments[1], "--ast") == 0 ? CODEDB_DUMP_AST : CODEDB_DUMP_CST;
    int version = argument_count > 2 ? atoi(arguments[2]) : 315; /* LibCST 1.9 reads what is planned for it */
    answer to = {NULL, 0, 0};
    unsigned long length;
    int status = 0;

    while (status == 0 && scanf("%lu", &length) == 1 && getchar() == '\n') {
        char *source = malloc(length + 1);

        if (source == NULL || fread(source, 1, length, stdin) != length)
            status = 1;
        else
            status = answer_request(source, length, format, version, &to);
        free(source);
    }
    free(to.bytes);
    return status;
}
