/* codedb_emission.c -- what LibCST writes for a node alone: the `code` of the reference dialect.
 *
 * Called by codedb_xpath.c, from any thread. LibCST's code_for_node writes a node with all that hangs on it: comment lines above it, decorators,
 * own parentheses, a comma, trailing comment and newline; and as if it stood at the left margin, so the indentation of the blocks
 * around it is missing wherever indentation would be written.
 *
 * Invariants:
 * 1. What a node writes is one range of the source, from the first to the last byte of its subtree.
 * 2. Indentation is written only at the beginning of lines; a line either begins with it or not, whichever node is written. */
#include "codedb_selector.h"

#include <string.h>

struct codedb_emission {
    const codedb_tree *tree;
    const codedb_full_tree *full;
    uint32_t *starts; /* by node: its range */
    uint32_t *ends;
    bool *indented; /* by line: begins with indentation that is written as such */
};

static void emission_find_ranges(codedb_emission *emission)
{
    const codedb_full_node *nodes = emission->full->nodes;
    uint32_t node;
    for (node = 0; node < emission->full->count; node++) {
        emission->starts[node] = nodes[node].start;
        emission->ends[node] = nodes[node].end;
    }
    for (node = emission->full->count - 1; node > 0; node--) {
        uint32_t parent = nodes[node].parent;
        if ((nodes[node].flags & CODEDB_FULL_NO_POSITION) != 0)
            continue;
        if (emission->starts[node] < emission->starts[parent])
            emission->starts[parent] = emission->starts[node];
        if (emission->ends[node] > emission->ends[parent])
            emission->ends[parent] = emission->ends[node];
    }
}

/* Kinds that write indentation in front of themselves. */
static bool emission_is_indented(unsigned kind)
{
    switch (kind) {
    case CODEDB_NODE_SIMPLE_STATEMENT_LINE:
    case CODEDB_NODE_IF:
    case CODEDB_NODE_ELSE:
    case CODEDB_NODE_FOR:
    case CODEDB_NODE_WHILE:
    case CODEDB_NODE_TRY:
    case CODEDB_NODE_TRY_STAR:
    case CODEDB_NODE_EXCEPT_HANDLER:
    case CODEDB_NODE_EXCEPT_STAR_HANDLER:
    case CODEDB_NODE_FINALLY:
    case CODEDB_NODE_WITH:
    case CODEDB_NODE_DECORATOR:
    case CODEDB_NODE_FUNCTION_DEF:
    case CODEDB_NODE_CLASS_DEF:
    case CODEDB_NODE_MATCH:
    case CODEDB_NODE_MATCH_CASE: return true;
    default: return false;
    }
}

/* White space that begins behind the indentation of its line, or a node that writes its own. */
static void emission_find_indentation(codedb_emission *emission)
{
    const codedb_full_node *nodes = emission->full->nodes;
    uint32_t node;
    for (node = 1; node < emission->full->count; node++) {
        bool in_line = nodes[node].kind == CODEDB_NODE_SIMPLE_WHITESPACE &&
                       (nodes[node].field == CODEDB_FIELD_last_line || nodes[nodes[node].parent].kind == CODEDB_NODE_EMPTY_LINE);
        if (in_line || emission_is_indented(nodes[node].kind)) {
            uint32_t line = codedb_tree_line(emission->tree, nodes[node].start);
            emission->indented[line] = nodes[node].start > emission->tree->line_starts[line];
        }
    }
}

CODEDB_PRIVATE codedb_emission *codedb_emission_create(const codedb_tree *tree, const codedb_full_tree *full, codedb_arena *arena)
{
    codedb_emission *emission = codedb_arena_allocate(arena, 1, sizeof *emission);
    if (emission == NULL)
        return NULL;
    emission->tree = tree;
    emission->full = full;
    emission->starts = codedb_arena_allocate(arena, full->count, sizeof *emission->starts);
    emission->ends = codedb_arena_allocate(arena, full->count, sizeof *emission->ends);
    emission->indented = codedb_arena_allocate(arena, (size_t)tree->line_count + 1, sizeof *emission->indented);
    if (emission->starts == NULL || emission->ends == NULL || emission->indented == NULL)
        return NULL;
    emission_find_ranges(emission);
    emission_find_indentation(emission);
    return emission;
}

/* The text in front of the first statement or case of the block around `node`; its length is the answer. */
static uint32_t emission_outer_indentation(const codedb_emission *emission, uint32_t node, const char **text)
{
    const codedb_full_node *nodes = emission->full->nodes;
    uint32_t around;
    for (around = nodes[node].parent; around != UINT32_MAX; node = around, around = nodes[node].parent) {
        uint32_t first = around;
        uint32_t line_start;
        if (nodes[around].kind == CODEDB_NODE_MATCH &&
            (nodes[node].field == CODEDB_FIELD_cases || nodes[node].field == CODEDB_FIELD_footer))
            for (first = around + 1; nodes[first].field != CODEDB_FIELD_cases; first = nodes[first].subtree_end)
                ;
        else if (nodes[around].kind != CODEDB_NODE_INDENTED_BLOCK || nodes[node].field == CODEDB_FIELD_header)
            continue;
        line_start = emission->tree->line_starts[codedb_tree_line(emission->tree, nodes[first].start)];
        *text = emission->tree->source + line_start;
        return nodes[first].start - line_start;
    }
    return 0;
}

/* Does the node write the newline that the source lacks? Then it is the file's first, or \n. */
static void emission_append_missing_newline(const codedb_emission *emission, uint32_t node, codedb_buffer *out)
{
    const codedb_tree *tree = emission->tree;
    const codedb_full_node *nodes = emission->full->nodes;
    const char *source = tree->source;
    uint32_t last;
    if (node == 0 || emission->ends[node] < tree->length)
        return;
    for (last = nodes[node].subtree_end; last-- > node;) {
        if (nodes[last].kind == CODEDB_NODE_NEWLINE && (nodes[last].flags & CODEDB_FULL_VIRTUAL_NEWLINE) != 0)
            break;
        if (last == node)
            return;
    }
    if (tree->line_count > 1) {
        uint32_t end = tree->line_starts[1];
        uint32_t start = end - (end >= 2 && source[end - 1] == '\n' && source[end - 2] == '\r' ? 2 : 1);
        codedb_buffer_append(out, source + start, end - start);
    } else
        codedb_buffer_append_byte(out, '\n');
}

/* Lines of the source from `at` to `end`, without the indentation of the blocks around `node`. */
static void emission_append_range(const codedb_emission *emission, uint32_t node, uint32_t at, uint32_t end, codedb_buffer *out)
{
    const codedb_tree *tree = emission->tree;
    const char *indentation = "";
    uint32_t indented = emission_outer_indentation(emission, node, &indentation);
    uint32_t line = codedb_tree_line(emission->tree, at);
    while (at < end) {
        uint32_t line_end = line + 1 < tree->line_count && tree->line_starts[line + 1] < end ? tree->line_starts[line + 1] : end;
        if (at == tree->line_starts[line] && emission->indented[line] && line_end - at >= indented &&
            memcmp(tree->source + at, indentation, indented) == 0)
            at += indented;
        codedb_buffer_append(out, tree->source + at, line_end - at);
        at = line_end;
        line++;
    }
}

CODEDB_PRIVATE void codedb_emission_append(const codedb_emission *emission, uint32_t node, codedb_buffer *out)
{
    static const char elif[] = "elif";
    uint32_t keyword = emission->full->nodes[node].start;
    uint32_t at = emission->starts[node];
    if (emission->full->nodes[node].kind == CODEDB_NODE_IF &&
        memcmp(emission->tree->source + keyword, elif, sizeof elif - 1) == 0) { /* alone, it is an `if` */
        emission_append_range(emission, node, at, keyword, out);
        at = keyword + 2;
    }
    emission_append_range(emission, node, at, emission->ends[node], out);
    emission_append_missing_newline(emission, node, out);
}
