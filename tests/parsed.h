/* tests/parsed.h -- sources parsed by codedb_lex and codedb_parse alone, and their nodes as text: for the tests of the parser.
 *
 * A node is written Kind, (n) when it has n pairs of parentheses, then 'its text' when it has no children, else [role=child ...]. */
#ifndef CODEDB_TESTS_PARSED_H
#define CODEDB_TESTS_PARSED_H

#include "support.h"

#include "codedb_tree.h"

typedef struct parsed {
    codedb_tree tree;
    codedb_syntax_error error;
    bool done;
    char *source;
} parsed;

SUPPORT_UNUSED static parsed parse_with(const codedb_allocator *allocator, const char *source, size_t length, int version,
                                        uint32_t max_depth)
{
    parsed got = {.source = calloc(length + CODEDB_SOURCE_PADDING, 1)};
    assert_non_null(got.source);
    memcpy(got.source, source, length);
    got.tree.allocator = codedb_allocator_or_default(allocator);
    got.tree.source = got.source;
    got.tree.length = (uint32_t)length;
    got.tree.target_version = version;
    got.done = codedb_lex(&got.tree, &got.error) && codedb_parse(&got.tree, max_depth, &got.error);
    return got;
}

SUPPORT_UNUSED static parsed parse(const char *source, int version)
{
    return parse_with(NULL, source, strlen(source), version, 0);
}

SUPPORT_UNUSED static void parsed_free(parsed *got)
{
    codedb_memory_release(&got->tree.allocator, got->tree.tokens);
    codedb_memory_release(&got->tree.allocator, got->tree.nodes);
    codedb_memory_release(&got->tree.allocator, got->tree.line_starts);
    codedb_memory_release(&got->tree.allocator, got->tree.long_ends);
    free(got->source);
}

/* The text of a node's outermost tokens; nothing for a zero-width one. */
SUPPORT_UNUSED static void parsed_append_text(const codedb_tree *tree, const codedb_node *node, codedb_buffer *out)
{
    uint32_t start = tree->tokens[node->first].start;
    if (node->last > node->first)
        codedb_buffer_append(out, tree->source + start, codedb_token_end(tree, node->last - 1) - start);
}

SUPPORT_UNUSED static void parsed_describe(const codedb_tree *tree, uint32_t index, codedb_buffer *out)
{
    const codedb_node *node = &tree->nodes[index];
    codedb_buffer_append_text(out, codedb_node_kind_name((codedb_node_kind)node->kind));
    if (node->parens > 0)
        codedb_buffer_printf(out, "(%u)", (unsigned)node->parens);
    if (node->end == index + 1) {
        codedb_buffer_append_byte(out, '\'');
        parsed_append_text(tree, node, out);
        codedb_buffer_append_byte(out, '\'');
        return;
    }
    for (uint32_t child = index + 1; child < node->end; child = tree->nodes[child].end) {
        codedb_buffer_append_text(out, child == index + 1 ? "[" : " ");
        codedb_buffer_append_text(out, codedb_field_name((codedb_node_field)tree->nodes[child].field));
        codedb_buffer_append_byte(out, '=');
        parsed_describe(tree, child, out);
    }
    codedb_buffer_append_byte(out, ']');
}

/* The first node of that kind, in pre-order. */
SUPPORT_UNUSED static uint32_t parsed_find(const codedb_tree *tree, codedb_node_kind kind)
{
    for (uint32_t index = 0; index < tree->node_count; index++)
        if (tree->nodes[index].kind == kind)
            return index;
    print_error("no %s in %s\n", codedb_node_kind_name(kind), tree->source);
    fail();
    return 0;
}

/* What holds for every tree: subtrees nest, tokens of a child lie in its parent's (but for decorators), roles are set. */
SUPPORT_UNUSED static void parsed_check(const codedb_tree *tree)
{
    assert_int_equal(tree->nodes[0].kind, CODEDB_NODE_MODULE);
    assert_int_equal(tree->nodes[0].end, tree->node_count);
    for (uint32_t index = 0; index < tree->node_count; index++) {
        const codedb_node *node = &tree->nodes[index];
        assert_true(node->end > index && node->end <= tree->node_count);
        assert_true(node->first <= node->last && node->last <= tree->token_count);
        assert_true(index == 0 || node->field != CODEDB_FIELD_NONE);
        for (uint32_t child = index + 1; child < node->end; child = tree->nodes[child].end) {
            assert_true(tree->nodes[child].end <= node->end);
            assert_true(tree->nodes[child].last <= node->last || node->kind == CODEDB_NODE_PARAM);
            assert_true(tree->nodes[child].first >= node->first || tree->nodes[child].field == CODEDB_FIELD_decorators);
        }
    }
}

/* Fails unless the node `index` of what `source` gives is described so. */
SUPPORT_UNUSED static void parsed_assert(const char *source, int version, codedb_node_kind from, codedb_node_field role,
                                         const char *expected)
{
    parsed got = parse(source, version);
    if (!got.done) {
        print_error("%s: %s\n", source, got.error.message);
        fail();
    }
    parsed_check(&got.tree);
    uint32_t index = parsed_find(&got.tree, from) + 1;
    while (role != CODEDB_FIELD_NONE && got.tree.nodes[index].field != role)
        index = got.tree.nodes[index].end;
    codedb_buffer out;
    codedb_buffer_init(&out, &got.tree.allocator);
    parsed_describe(&got.tree, index, &out);
    if (strcmp(out.data, expected) != 0) {
        print_error("%s\n  gives    %s\n  expected %s\n", source, out.data, expected);
        fail();
    }
    codedb_buffer_free(&out);
    parsed_free(&got);
}

/* A text and the versions, from and up to, whose CPython accepts it. */
typedef struct parsed_versions {
    const char *source;
    int from;
    int until;
} parsed_versions;
enum { NEVER = 999, ALWAYS = 300, TODAY = 315 };

SUPPORT_UNUSED static void parsed_assert_versions(const parsed_versions *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int version = 300; version <= 315; version++) {
            parsed got = parse(cases[i].source, version);
            bool expected = version >= cases[i].from && version <= cases[i].until;
            if (got.done != expected) {
                print_error("%s: %s for %d (%s)\n", cases[i].source, got.done ? "accepted" : "rejected", version,
                            got.error.message);
                fail();
            }
            if (got.done)
                parsed_check(&got.tree);
            parsed_free(&got);
        }
}

/* A text, and where and how it is refused: line from 1, column from 0, a part of the message. */
typedef struct parsed_error {
    const char *source;
    uint32_t line;
    uint32_t column;
    const char *message;
} parsed_error;

SUPPORT_UNUSED static void parsed_assert_errors(const parsed_error *cases, size_t count, int version)
{
    for (size_t i = 0; i < count; i++) {
        parsed got = parse(cases[i].source, version);
        assert_false(got.done);
        uint32_t line = 0;
        while (line + 1 < got.tree.line_count && got.tree.line_starts[line + 1] <= got.error.offset)
            line++;
        uint32_t column = got.error.offset - got.tree.line_starts[line];
        if (line + 1 != cases[i].line || column != cases[i].column) {
            print_error("%s: error at %u:%u (%s), expected at %u:%u\n", cases[i].source, (unsigned)line + 1, (unsigned)column,
                        got.error.message, (unsigned)cases[i].line, (unsigned)cases[i].column);
            fail();
        }
        assert_contains(got.error.message, cases[i].message);
        parsed_free(&got);
    }
}

/* `head`, then `count` times `part`, then `tail`; to be freed. */
SUPPORT_UNUSED static char *repeated(const char *head, const char *part, size_t count, const char *tail)
{
    size_t part_length = strlen(part), head_length = strlen(head);
    char *text = malloc(head_length + part_length * count + strlen(tail) + 1);
    assert_non_null(text);
    memcpy(text, head, head_length);
    for (size_t i = 0; i < count; i++)
        memcpy(text + head_length + i * part_length, part, part_length);
    strcpy(text + head_length + part_length * count, tail);
    return text;
}

#endif
