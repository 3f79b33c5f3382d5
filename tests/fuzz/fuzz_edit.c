/* fuzz_edit.c -- edits of any node of any source by any code (libFuzzer; run by `make fuzz`).
 *
 * Bytes: what is done, to which node (two bytes), options, the length of the new code, the code, the source. An edit either says
 * why it cannot be, or its result is Python, and nothing is different outside the ranges that it reports. */
#include "codedb_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 5 };

static void check_ranges(const codedb_tree *tree, const codedb_edit_report *report)
{
    size_t old_at = 0, new_at = 0;
    for (size_t i = 0; i <= report->range_count; i++) {
        bool last = i == report->range_count;
        size_t old_end = last ? tree->length : report->old_ranges[2 * i];
        size_t new_end = last ? report->source_length : report->new_ranges[2 * i];
        CHECK(old_end >= old_at && old_end <= tree->length && new_end >= new_at && new_end <= report->source_length);
        CHECK(old_end - old_at == new_end - new_at);
        CHECK(memcmp(tree->source + old_at, report->source + new_at, old_end - old_at) == 0);
        if (!last) {
            old_at = report->old_ranges[2 * i + 1];
            new_at = report->new_ranges[2 * i + 1];
            CHECK(old_at >= old_end && new_at >= new_end);
        }
    }
}

static void check_report(const codedb_tree *tree, const codedb_edit_report *report)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_tree *again;
    options.target_version = tree->target_version;
    CHECK(codedb_tree_parse_text(report->source, report->source_length, &options, &again, NULL) == CODEDB_SUCCESS);
    codedb_tree_free(again);
    check_ranges(tree, report);
    CHECK((report->range_count == 0) == (report->diff[0] == '\0'));
}

static void edit(const codedb_tree *tree, const uint8_t *data, const char *code)
{
    codedb_edit asked = CODEDB_INIT(codedb_edit);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report = NULL;
    char selector[96];
    uint32_t node = (data[1] * 256u + data[2]) % tree->node_count, rank = 0;
    const char *type = codedb_node_kind_name((codedb_node_kind)tree->nodes[node].kind);
    for (uint32_t i = 0; i < node; i++)
        rank += tree->nodes[i].kind == tree->nodes[node].kind;
    if (data[3] & 0x40)
        snprintf(selector, sizeof selector, "%s", type);
    else
        snprintf(selector, sizeof selector, "%s:nth(%u)", type, (unsigned)rank);
    asked.filter.struct_size = sizeof asked.filter;
    asked.filter.selector = selector;
    asked.action = (codedb_edit_action)(data[0] % 6);
    asked.code = &code;
    asked.code_count = asked.action == CODEDB_EDIT_DELETE ? 0 : 1;
    asked.overlap = (codedb_overlap)(data[3] % 3);
    asked.drop_comments = data[3] >> 2 & 1;
    asked.keep_comment = data[3] >> 3 & 1;
    asked.drop_decorators = data[3] >> 4 & 1;
    asked.keep_docstring = data[3] >> 5 & 1;
    codedb_code answer = codedb_tree_edit(tree, &asked, 1, "a.py", &report, &result);
    if (answer == CODEDB_SUCCESS)
        check_report(tree, report);
    else
        CHECK((answer == CODEDB_NOT_FOUND || answer == CODEDB_PARSE_ERROR || answer == CODEDB_OVERLAP ||
               answer == CODEDB_VALIDATION_ERROR) &&
              report == NULL && result.description[0] != '\0');
    codedb_free(report);
    codedb_result_clear(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD || size - HEAD < data[4] || memchr(data + HEAD, 0, data[4]) != NULL)
        return 0;
    const char *source = (const char *)data + HEAD + data[4];
    size_t length = size - HEAD - data[4];
    if (codedb_utf8_valid_length((const char *)data + HEAD, size - HEAD) != size - HEAD)
        return 0;
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_tree *tree;
    options.target_version = data[3] & 0x80 ? 308 : 314;
    if (codedb_tree_parse_text(source, length, &options, &tree, NULL) != CODEDB_SUCCESS)
        return 0;
    char *code = calloc((size_t)data[4] + 1, 1);
    if (code != NULL) {
        memcpy(code, data + HEAD, data[4]);
        edit(tree, data, code);
    }
    free(code);
    codedb_tree_free(tree);
    return 0;
}
