/* query_server.c -- answers selectors that come in on standard input.
 *
 * A request is a letter, a decimal length, a newline and so many bytes: `S` a source, to be asked from now on; `D` and `R` a
 * selector in the default and in the reference dialect. The answer to a selector is a line with the number of nodes, and a line for
 * each: TYPE SL:SC-EL:EC, in the reference dialect followed by a blank and its code in hexadecimal digits; or the line ERROR and a line that says why. A source is answered by a line: OK or ERROR. */
#include "codedb.h"

#include <stdio.h>
#include <stdlib.h>

static void answer_selector(const codedb_tree *tree, const char *selector, codedb_dialect dialect)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes = NULL;
    size_t i;

    filter.selector = selector;
    filter.dialect = dialect;
    if (codedb_tree_query(tree, &filter, &nodes, &result) != CODEDB_SUCCESS) {
        printf("ERROR\n%s\n", result.description);
    } else {
        printf("%zu\n", nodes->count);
        for (i = 0; i < nodes->count; i++) {
            const codedb_node_info *node = nodes->items[i];
            size_t j;
            printf("%s %u:%u-%u:%u", node->type, node->start_line, node->start_column, node->end_line, node->end_column);
            for (j = 0; dialect == CODEDB_DIALECT_REFERENCE && j < node->code_length; j++)
                printf(j == 0 ? " %02x" : "%02x", (unsigned char)node->code[j]);
            for (j = 0; j < nodes->capture_count; j++) {
                const codedb_node_info *captured = nodes->captures[i * nodes->capture_count + j];
                if (captured == NULL)
                    printf(" -");
                else
                    printf(" %s %u:%u-%u:%u", captured->type, captured->start_line, captured->start_column, captured->end_line,
                           captured->end_column);
            }
            puts("");
        }
    }
    codedb_free(nodes);
    codedb_result_clear(&result);
}

static void answer_source(const char *source, size_t length, codedb_tree **tree)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);

    codedb_tree_free(*tree);
    options.target_version = 315;
    puts(codedb_tree_parse(source, length, &options, tree, NULL) == CODEDB_SUCCESS ? "OK" : "ERROR");
}

int main(void)
{
    codedb_tree *tree = NULL;
    unsigned long length;
    int status = 0;
    char what;

    while (status == 0 && scanf(" %c%lu", &what, &length) == 2 && getchar() == '\n') {
        char *text = malloc(length + 1);
        if (text == NULL || fread(text, 1, length, stdin) != length) {
            status = 1;
        } else {
            text[length] = '\0';
            if (what == 'S')
                answer_source(text, length, &tree);
            else
                answer_selector(tree, text, what == 'R' ? CODEDB_DIALECT_REFERENCE : CODEDB_DIALECT_DEFAULT);
            status = fflush(stdout);
        }
        free(text);
    }
    codedb_tree_free(tree);
    return status;
}
