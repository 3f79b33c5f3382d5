/* fuzz_edit.c -- edits of any node of any source by any code, alone and two at once (libFuzzer; built by `make fuzz`).
 *
 * Bytes: what is done, to which node (two bytes), options, the length of the new code, the code, the source. An edit either says
 * why it cannot be, or its result is Python, nothing is different outside the ranges that it reports, and every node has an id of its own. */
#include "codedb_edit.h"

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

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* No two nodes of the edited tree have one id. */
static void check_ids(const codedb_tree *edited, const codedb_identities *ids)
{
    char **texts = calloc(edited->node_count, sizeof *texts);
    codedb_buffer text;
    codedb_buffer_init(&text, &edited->allocator);
    CHECK(texts != NULL);
    for (uint32_t i = 0; i < edited->node_count; i++) {
        text.length = 0;
        codedb_identities_append(ids, i, &text);
        codedb_buffer_append_byte(&text, '\0');
        texts[i] = strdup(text.data);
        CHECK(codedb_identities_find(ids, edited->node_count, texts[i]) == i);
    }
    qsort(texts, edited->node_count, sizeof *texts, compare_texts);
    for (uint32_t i = 1; i < edited->node_count; i++)
        CHECK(strcmp(texts[i - 1], texts[i]) != 0);
    for (uint32_t i = 0; i < edited->node_count; i++)
        free(texts[i]);
    free(texts);
    codedb_buffer_free(&text);
}

/* A selector for one node, or for all of its type. */
static void write_selector(const codedb_tree *tree, uint32_t node, int of_all, char *out, size_t size)
{
    uint32_t rank = 0;
    const char *type = codedb_node_kind_name((codedb_node_kind)tree->nodes[node].kind);
    for (uint32_t i = 0; i < node; i++)
        rank += tree->nodes[i].kind == tree->nodes[node].kind;
    if (of_all)
        snprintf(out, size, "%s@x", type);
    else
        snprintf(out, size, "%s:nth(%u)@x", type, (unsigned)rank);
}

static codedb_edit make(const uint8_t *data, const char *selector, unsigned action, const char *const *code)
{
    codedb_edit asked = CODEDB_INIT(codedb_edit);
    asked.filter.struct_size = sizeof asked.filter;
    asked.filter.selector = selector;
    asked.action = (codedb_edit_action)(action % 6);
    asked.code = code;
    asked.code_count = asked.action == CODEDB_EDIT_DELETE ? 0 : 1;
    asked.overlap = (codedb_overlap)(data[3] % 3);
    asked.drop_comments = data[3] >> 2 & 1;
    asked.keep_comment = data[3] >> 3 & 1;
    asked.drop_decorators = data[3] >> 4 & 1;
    asked.keep_docstring = data[3] >> 5 & 1;
    asked.new_f_strings = data[0] / 6 & 1;
    asked.use_captures = data[0] / 12 & 1;
    return asked;
}

static void edit(codedb_tree *tree, const uint8_t *data, const char *code)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report = NULL;
    codedb_tree *edited = NULL;
    codedb_identities *ids = codedb_identities_create(&tree->allocator, "0123456789abcdef"), *after = NULL;
    char selectors[2][96];
    write_selector(tree, (data[1] * 256u + data[2]) % tree->node_count, data[3] & 0x40, selectors[0], sizeof selectors[0]);
    write_selector(tree, (data[2] * 256u + data[1]) % tree->node_count, 0, selectors[1], sizeof selectors[1]);
    codedb_edit asked[] = {make(data, selectors[0], data[0], &code), make(data, selectors[1], data[0] / 48u, &code)};
    tree->identities = ids;
    codedb_code answer =
        codedb_edit_apply(tree, asked, data[0] / 24 & 1 ? 2 : 1, "a.py", "a.py", &report, &edited, &after, &result);
    if (answer == CODEDB_SUCCESS) {
        check_report(tree, report);
        check_ids(edited, after);
    } else {
        CHECK((answer == CODEDB_NOT_FOUND || answer == CODEDB_PARSE_ERROR || answer == CODEDB_OVERLAP ||
               answer == CODEDB_VALIDATION_ERROR) &&
              report == NULL && result.description[0] != '\0');
    }
    tree->identities = NULL;
    codedb_identities_free(ids);
    codedb_identities_free(after);
    codedb_tree_free(edited);
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
