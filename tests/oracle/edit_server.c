/* edit_server.c -- edits sources for compare_edits.py: requests on standard input, answers on standard output.
 *
 *   request   EDIT_COUNT SOURCE_LENGTH \n; for each edit ACTION CAPTURES SELECTOR_LENGTH CODE_LENGTH \n and the two texts; the source.
 *             ACTION is a codedb_edit_action, CAPTURES is 1 when the code has some
 *   answer    CODE SOURCE_LENGTH DIFF_LENGTH RANGE_COUNT \n, "old_start old_end new_start new_end\n" for each range, the new source (or
 *             what was wrong) and the diff */
#include "codedb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_text(size_t length)
{
    char *text = malloc(length + 1);
    if (!text || fread(text, 1, length, stdin) != length)
        exit(1);
    text[length] = '\0';
    return text;
}

static void answer(codedb_code code, const codedb_edit_report *report, const codedb_result *result)
{
    const char *source = report ? report->source : result->description;
    size_t length = report ? report->source_length : strlen(source);
    const char *diff = report ? report->diff : "";
    printf("%d %zu %zu %zu\n", (int)code, length, strlen(diff), report ? report->range_count : 0);
    for (size_t i = 0; report && i < report->range_count; i++)
        printf("%zu %zu %zu %zu\n", report->old_ranges[2 * i], report->old_ranges[2 * i + 1], report->new_ranges[2 * i],
               report->new_ranges[2 * i + 1]);
    fwrite(source, 1, length, stdout);
    fputs(diff, stdout);
    fflush(stdout);
}

/* The edits that follow on standard input; each has a selector and a code of its own memory. */
static codedb_edit *read_edits(size_t count)
{
    codedb_edit *edits = calloc(count + 1, sizeof *edits);
    for (size_t i = 0; edits && i < count; i++) {
        int action, captures;
        size_t selector_length, code_length;
        const char **code = malloc(sizeof *code);
        if (!code || scanf("%d %d %zu %zu", &action, &captures, &selector_length, &code_length) != 4 || getchar() != '\n')
            exit(1);
        edits[i] = (codedb_edit)CODEDB_INIT(codedb_edit);
        edits[i].filter.struct_size = sizeof edits[i].filter;
        edits[i].filter.selector = read_text(selector_length);
        *code = read_text(code_length);
        edits[i].action = (codedb_edit_action)action;
        edits[i].code = code;
        edits[i].code_count = edits[i].action == CODEDB_EDIT_DELETE ? 0 : 1;
        edits[i].use_captures = captures;
    }
    return edits;
}

static void free_edits(codedb_edit *edits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((void *)edits[i].filter.selector);
        free((void *)edits[i].code[0]);
        free((void *)edits[i].code);
    }
    free(edits);
}

int main(void)
{
    size_t count, source_length;
    while (scanf("%zu %zu", &count, &source_length) == 2 && getchar() == '\n') {
        codedb_edit *edits = read_edits(count);
        char *source = read_text(source_length);
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_edit_report *report = NULL;
        codedb_tree *tree = NULL;
        codedb_code code = codedb_tree_parse(source, source_length, NULL, &tree, &result);
        if (code == CODEDB_SUCCESS)
            code = codedb_tree_edit(tree, edits, count, "f.py", &report, &result);
        answer(code, report, &result);
        codedb_free(report);
        codedb_tree_free(tree);
        codedb_result_clear(&result);
        free_edits(edits, count);
        free(source);
    }
    return 0;
}
