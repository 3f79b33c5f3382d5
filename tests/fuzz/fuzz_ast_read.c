/* fuzz_ast_read.c -- any text as an ast's JSON: a tree whose nodes nest and lie in the text, or an error with its place.
 *
 * Inputs that are Python sources are made JSON first, so that the corpus' sources seed this fuzzer, too; of that JSON, the last byte of
 * the input changes one. What was read is asked with selectors that look at every attribute, and a node's JSON is read again. */
#include "fuzz.h"

#include "codedb_ast_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_nodes(const codedb_ast *ast)
{
    uint32_t node;
    uint32_t child;
    unsigned i;
    CHECK(ast->nodes[0].end == ast->node_count);
    for (node = 0; node < ast->node_count; node++) {
        const codedb_ast_node *at = &ast->nodes[node];
        CHECK(at->end > node && at->end <= ast->node_count && at->stop <= ast->length && ast->text[at->start] == '{' &&
              ast->text[at->stop - 1] == '}');
        CHECK(at->values + at->parts <= ast->value_count);
        for (i = 0; i < at->parts; i++) {
            codedb_ast_value value = ast->values[at->values + i];
            CHECK(value.start <= value.stop && (value.stop == 0 || (value.start > at->start && value.stop < at->stop)));
        }
        for (child = node + 1; child < at->end; child = ast->nodes[child].end)
            CHECK(ast->nodes[child].start > at->start && ast->nodes[child].stop < at->stop);
    }
}

static void check_queries(const char *json, size_t length)
{
    static const char *const selectors[] = {
        "*[qualname=\"a\"], *[fqn*=\"a\"], *[docstring], *[code], *[name^=\"_\"], *[args_count>2], *[line_count>3], *[node_id]",
        "*[value], *[names=\"a\"], *[func=\"f\"], *[keys], *[kw_defaults], *[op=\"Add\"], def:decorated(\"a.b\"), *:async",
        "class > function:generator, *:nth-child(2n+1) ~ *, *:in-scope(def):has(> Name)"};
    codedb_ast_options options = CODEDB_INIT(codedb_ast_options);
    size_t i;
    options.source = "a = 1\nb\n";
    options.source_length = strlen(options.source);
    for (i = 0; i < sizeof selectors / sizeof *selectors; i++) {
        codedb_filter filter = CODEDB_INIT(codedb_filter);
        codedb_nodes *nodes = NULL;
        filter.selector = selectors[i];
        filter.limit = 20;
        CHECK(codedb_ast_json_query(json, length, &options, &filter, &nodes, NULL) == CODEDB_SUCCESS);
        codedb_free(nodes);
    }
}

static void check(const char *json, size_t length)
{
    codedb_ast_read_options options = {0};
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_ast *ast;
    codedb_code code = codedb_ast_read(json, length, &options, &ast, &result);
    CHECK(code == CODEDB_SUCCESS || code == CODEDB_PARSE_ERROR);
    if (code == CODEDB_PARSE_ERROR) {
        CHECK(ast == NULL && result.offset <= length && result.description[0] != '\0');
    } else {
        check_nodes(ast);
        if (length < 20000)
            check_queries(json, length);
    }
    codedb_ast_free(ast);
    codedb_result_clear(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    codedb_buffer json;
    char *copy;
    codedb_buffer_init(&json, NULL);
    if (size < 65536 && codedb_ast_from_source((const char *)data, size, NULL, fuzz_append, &json, NULL) == CODEDB_SUCCESS &&
        json.length > 0) {
        check(json.data, json.length);
        if (size > 1)
            json.data[(size_t)data[size - 1] * (size_t)data[size - 2] * 7 % json.length] = (char)data[0];
        check(json.data, json.length);
    }
    codedb_buffer_free(&json);
    copy = malloc(size); /* of its own, so that the sanitizer sees a byte too many */
    CHECK(copy != NULL || size == 0);
    if (size > 0)
        memcpy(copy, data, size);
    check(copy == NULL ? "" : copy, size);
    free(copy);
    return 0;
}
