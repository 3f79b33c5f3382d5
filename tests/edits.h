/* edits.h -- what the tests of edits share: a source, a selector, an action, new code, and the source that is expected. */
#ifndef EDITS_H
#define EDITS_H

#include "support.h"

/* The edit's result as text; the caller frees it with codedb_free(report). */
static inline codedb_code apply(const char *source, const codedb_edit *edits, size_t count, codedb_edit_report **report,
                                codedb_result *result)
{
    codedb_tree *tree = NULL;
    *report = NULL;
    codedb_code code = codedb_tree_parse(source, strlen(source), NULL, &tree, result);
    if (code != CODEDB_SUCCESS) {
        print_error("the test's own source does not parse: %s\n%s\n", result->description, source);
        return CODEDB_INTERNAL_ERROR;
    }
    code = codedb_tree_edit(tree, edits, count, "f.py", report, result);
    codedb_tree_free(tree);
    return code;
}

static inline codedb_edit make(const char *selector, codedb_edit_action action, const char *const *code, size_t count)
{
    codedb_edit edit = CODEDB_INIT(codedb_edit);
    edit.filter.struct_size = sizeof edit.filter;
    edit.filter.selector = selector;
    edit.action = action;
    edit.code = code;
    edit.code_count = count;
    return edit;
}

/* Fails unless the edits of `source` make `expected`. */
static inline void check_edits(const char *source, const codedb_edit *edits, size_t count, const char *expected, const char *file,
                               int line)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    codedb_code code = apply(source, edits, count, &report, &result);
    if (code != CODEDB_SUCCESS) {
        print_error("%s: %s\n", codedb_code_name(code), result.description);
        _fail(file, line);
    }
    if (strcmp(report->source, expected) != 0) {
        print_error("got:\n%s\nexpected:\n%s\n", report->source, expected);
        _fail(file, line);
    }
    codedb_free(report);
    codedb_result_clear(&result);
}

static inline void check_failure(const char *source, const codedb_edit *edits, size_t count, codedb_code expected,
                                 const char *words, const char *file, int line)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_edit_report *report;
    codedb_code code = apply(source, edits, count, &report, &result);
    if (code != expected || !strstr(result.description, words)) {
        print_error("%s: \"%s\", expected %s: \"%s\"\n", codedb_code_name(code), result.description, codedb_code_name(expected),
                    words);
        _fail(file, line);
    }
    assert_null(report);
    codedb_result_clear(&result);
}

static inline void check_edit(const char *source, const char *selector, codedb_edit_action action, const char *code,
                              const char *expected, const char *file, int line)
{
    codedb_edit edit = make(selector, action, &code, code ? 1 : 0);
    check_edits(source, &edit, 1, expected, file, line);
}

static inline void check_refusal(const char *source, const char *selector, codedb_edit_action action, const char *code,
                                 codedb_code expected, const char *words, const char *file, int line)
{
    codedb_edit edit = make(selector, action, &code, code ? 1 : 0);
    check_failure(source, &edit, 1, expected, words, file, line);
}

#define REPLACE(source, selector, code, expected) \
    check_edit(source, selector, CODEDB_EDIT_REPLACE, code, expected, __FILE__, __LINE__)
#define DELETE(source, selector, expected) check_edit(source, selector, CODEDB_EDIT_DELETE, NULL, expected, __FILE__, __LINE__)
#define BEFORE(source, selector, code, expected) \
    check_edit(source, selector, CODEDB_EDIT_INSERT_BEFORE, code, expected, __FILE__, __LINE__)
#define AFTER(source, selector, code, expected) \
    check_edit(source, selector, CODEDB_EDIT_INSERT_AFTER, code, expected, __FILE__, __LINE__)
#define FIRST(source, selector, code, expected) \
    check_edit(source, selector, CODEDB_EDIT_INSERT_FIRST, code, expected, __FILE__, __LINE__)
#define LAST(source, selector, code, expected) \
    check_edit(source, selector, CODEDB_EDIT_INSERT_LAST, code, expected, __FILE__, __LINE__)
#define REFUSED(source, selector, action, text, code, words) \
    check_refusal(source, selector, CODEDB_EDIT_##action, text, code, words, __FILE__, __LINE__)

#endif
