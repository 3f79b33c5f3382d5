/* edit_server.c -- edits sources for compare_edits.py: requests on standard input, answers on standard output.
 *
 *   request   ACTION SELECTOR_LENGTH CODE_LENGTH SOURCE_LENGTH \n, and the three texts; ACTION is a codedb_edit_action
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

int main(void)
{
    int action;
    size_t selector_length, code_length, source_length;
    while (scanf("%d %zu %zu %zu", &action, &selector_length, &code_length, &source_length) == 4 && getchar() == '\n') {
        char *selector = read_text(selector_length), *code_text = read_text(code_length), *source = read_text(source_length);
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_edit edit = CODEDB_INIT(codedb_edit);
        codedb_edit_report *report = NULL;
        codedb_tree *tree = NULL;
        const char *codes[] = {code_text};
        edit.filter.struct_size = sizeof edit.filter;
        edit.filter.selector = selector;
        edit.action = (codedb_edit_action)action;
        edit.code = codes;
        edit.code_count = edit.action == CODEDB_EDIT_DELETE ? 0 : 1;
        codedb_code code = codedb_tree_parse(source, source_length, NULL, &tree, &result);
        if (code == CODEDB_SUCCESS)
            code = codedb_tree_edit(tree, &edit, 1, "f.py", &report, &result);
        answer(code, report, &result);
        codedb_free(report);
        codedb_tree_free(tree);
        codedb_result_clear(&result);
        free(selector);
        free(code_text);
        free(source);
    }
    return 0;
}
