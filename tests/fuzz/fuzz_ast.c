/* fuzz_ast.c -- files as on disk through the writer of Python's ast (libFuzzer; run by `make fuzz`).
 *
 * The first byte chooses the version, the second the allocation that fails (0: none), the rest is the file. Besides what the
 * sanitizers see: what comes out is JSON in UTF-8 and nothing else, every object has a type, a node's position lies in the source and
 * does not end before it starts; the source that the tree kept gives the same JSON; a failed allocation is NO_MEMORY and nothing leaks. */
#include "codedb_tree.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- A reader of JSON that builds nothing ---- */

typedef struct json {
    const char *at;
    const char *end;
    const uint32_t *line_lengths; /* in bytes, from the first line */
    size_t line_count;
    uint64_t position[4]; /* of the object that ends next: lineno, col_offset, end_lineno, end_col_offset */
} json;

static void json_take(json *text, const char *expected)
{
    size_t length = strlen(expected);
    CHECK((size_t)(text->end - text->at) >= length && memcmp(text->at, expected, length) == 0);
    text->at += length;
}

static bool json_at(const json *text, char byte)
{
    return text->at < text->end && *text->at == byte;
}

static void json_escape(json *text)
{
    CHECK(text->at + 1 < text->end && strchr("\"\\/bfnrtu", text->at[1]) != NULL);
    if (text->at[1] == 'u') {
        CHECK(text->end - text->at >= 6);
        for (int i = 2; i < 6; i++)
            CHECK(strchr("0123456789abcdefABCDEF", text->at[i]) != NULL);
        text->at += 4;
    }
    text->at += 2;
}

static void json_string(json *text)
{
    json_take(text, "\"");
    while (!json_at(text, '"')) {
        CHECK(text->at < text->end && (unsigned char)*text->at >= 0x20);
        if (*text->at == '\\')
            json_escape(text);
        else
            text->at++;
    }
    text->at++;
}

static uint64_t json_digits(json *text)
{
    uint64_t value = 0;
    CHECK(text->at < text->end && *text->at >= '0' && *text->at <= '9');
    CHECK(*text->at != '0' || text->end - text->at < 2 || text->at[1] < '0' || text->at[1] > '9');
    for (; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++)
        value = value * 10 + (uint64_t)(*text->at - '0');
    return value;
}

static void json_number(json *text)
{
    if (json_at(text, '-'))
        text->at++;
    json_digits(text);
    if (json_at(text, '.')) {
        text->at++;
        while (text->at < text->end && *text->at >= '0' && *text->at <= '9')
            text->at++;
    }
    if (json_at(text, 'e')) {
        text->at++;
        if (json_at(text, '-') || json_at(text, '+'))
            text->at++;
        while (text->at < text->end && *text->at >= '0' && *text->at <= '9')
            text->at++;
    }
}

/* Lines and columns that the source has, and the end is not before the start. */
static void json_check_position(const json *text)
{
    const uint64_t *at = text->position;
    for (int i = 0; i < 4; i += 2)
        CHECK(at[i] >= 1 && at[i] <= text->line_count && at[i + 1] <= text->line_lengths[at[i] - 1]);
    CHECK(at[2] > at[0] || (at[2] == at[0] && at[3] >= at[1]));
}

/* A key and its colon; which of the four positions it names, or -1. */
static int json_key(json *text)
{
    static const char *const names[] = {"\"lineno\"", "\"col_offset\"", "\"end_lineno\"", "\"end_col_offset\""};
    const char *key = text->at;
    json_string(text);
    size_t length = (size_t)(text->at - key);
    json_take(text, ":");
    for (int i = 0; i < 4; i++)
        if (length == strlen(names[i]) && memcmp(key, names[i], length) == 0)
            return i;
    return -1;
}

static void json_plain(json *text)
{
    CHECK(text->at < text->end);
    switch (*text->at) {
    case '"': json_string(text); break;
    case 't': json_take(text, "true"); break;
    case 'f': json_take(text, "false"); break;
    case 'n': json_take(text, "null"); break;
    default: json_number(text);
    }
}

/* A scalar, or the bracket that opens an object with a first key or a list: then the level is one deeper. */
static size_t json_value(json *text, char *levels, size_t depth)
{
    if (!json_at(text, '{') && !json_at(text, '[')) {
        json_plain(text);
        return depth;
    }
    levels[depth] = *text->at++ == '{' ? '}' : ']';
    CHECK(levels[depth] == ']' || !json_at(text, '}'));
    return depth + 1;
}

/* One document; `levels` has room for the brackets that are open. */
static void json_document(json *text, char *levels)
{
    size_t depth = json_value(text, levels, 0);
    while (depth > 0) {
        bool first = strchr("{[", text->at[-1]) != NULL; /* no string ends in a bracket */
        int position = -1;
        if (json_at(text, levels[depth - 1])) {
            text->at++;
            depth--;
            continue;
        }
        if (!first)
            json_take(text, ",");
        if (levels[depth - 1] == '}')
            position = json_key(text);
        if (position >= 0)
            text->position[position] = json_digits(text);
        else
            depth = json_value(text, levels, depth);
        if (position == 3)
            json_check_position(text);
    }
    json_take(text, "\n");
    CHECK(text->at == text->end);
}

static void check_json(const codedb_tree *tree, const codedb_buffer *written)
{
    uint32_t *lengths = calloc(tree->line_count + 1, sizeof *lengths);
    char *levels = calloc(written->length + 1, 1);
    if (lengths != NULL && levels != NULL) {
        for (uint32_t i = 0; i < tree->line_count; i++)
            lengths[i] = (i + 1 < tree->line_count ? tree->line_starts[i + 1] : tree->length) - tree->line_starts[i];
        json text = {
            .at = written->data, .end = written->data + written->length, .line_lengths = lengths, .line_count = tree->line_count};
        CHECK(codedb_utf8_valid_length(written->data, written->length) == written->length);
        json_document(&text, levels);
    }
    free(lengths);
    free(levels);
}

/* ---- The target ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    fuzz_countdown counted = {.left = (long)data[1] - 1};
    codedb_allocator allocator = fuzz_allocator(&counted);
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_buffer written;
    codedb_tree *tree;
    codedb_buffer_init(&written, NULL);
    options.allocator = &allocator;
    options.target_version = 300 + data[0] % 16;
    if (codedb_tree_parse((const char *)data + 2, size - 2, &options, &tree, NULL) == CODEDB_SUCCESS) {
        codedb_code code = codedb_tree_dump(tree, CODEDB_DUMP_AST, fuzz_append, &written, NULL);
        CHECK(code == (counted.failed ? CODEDB_NO_MEMORY : CODEDB_SUCCESS));
        if (code == CODEDB_SUCCESS) {
            counted.left = -1;
            check_json(tree, &written);
            fuzz_check_again(tree, &options, CODEDB_DUMP_AST, &written);
        }
    }
    codedb_tree_free(tree);
    codedb_buffer_free(&written);
    return 0;
}
