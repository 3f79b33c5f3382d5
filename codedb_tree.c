/* codedb_tree.c -- a parsed source: making and freeing it, names of kinds, places, positions, children, dump.
 *
 * Called by hosts and by every file that reads trees, from any thread: a tree does not change once codedb_tree_parse has
 * returned. Calls codedb_encoding.c, codedb_lexer.c and codedb_statement.c to make a tree, codedb_expand.c, codedb_scope.c and
 * codedb_ast.c to write it out.
 *
 * Invariants:
 * 1. The struct and the source's copy are one allocation; each array is one more, and the tree's.
 * 2. A stored node's position is what codedb_tree_expand says of it (tests compare them for every node).
 *
 * Contents: kinds and fields; places; positions; parents, children, names; parsing; dump. */
#include "codedb_tree.h"

#include <string.h>

/* ---- Kinds and fields --------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE const char *codedb_node_kind_name(codedb_node_kind kind)
{
    static const char *const names[] = {
#define X(code, name, category) name,
        CODEDB_NODE_KINDS(X)
#undef X
    };

    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "";
}

CODEDB_PRIVATE codedb_node_category codedb_node_kind_category(codedb_node_kind kind)
{
    static const uint8_t categories[] = {
#define X(code, name, category) CODEDB_CATEGORY_##category,
        CODEDB_NODE_KINDS(X)
#undef X
    };

    return (size_t)kind < sizeof categories / sizeof categories[0] ? categories[kind] : CODEDB_CATEGORY_OTHER;
}

CODEDB_PRIVATE const char *codedb_field_name(codedb_node_field field)
{
    static const char *const names[] = {"",
#define X(name) #name,
                                        CODEDB_FIELDS(X)
#undef X
    };

    return (size_t)field < sizeof names / sizeof names[0] ? names[field] : "";
}

/* ---- Places ------------------------------------------------------------------------------------------------------- */

static bool tree_is_break(char byte)
{
    return byte == '\n' || byte == '\r';
}

/* The index of the last line in [low, high) that starts at `offset` or before it; `low` does. */
static uint32_t tree_find_line(const codedb_tree *tree, uint32_t low, uint32_t high, uint32_t offset)
{
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (tree->line_starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The line of `offset`, looked for from `line` on: places that are asked for one after the other are mostly near. */
static uint32_t tree_find_line_near(const codedb_tree *tree, uint32_t line, uint32_t offset)
{
    uint32_t step;

    if (offset < tree->line_starts[line])
        return tree_find_line(tree, 0, line, offset);
    for (step = 0; step < 4; step++, line++)
        if (line + 1 == tree->line_count || offset < tree->line_starts[line + 1])
            return line;
    return tree_find_line(tree, line, tree->line_count, offset);
}

static void tree_count_column(const codedb_tree *tree, codedb_place_cursor *cursor, uint32_t offset)
{
    if (tree->ascii)
        cursor->column = offset - tree->line_starts[cursor->line];
    else if (offset >= cursor->offset)
        cursor->column += (uint32_t)codedb_utf8_count(tree->source + cursor->offset, offset - cursor->offset);
    else
        cursor->column -= (uint32_t)codedb_utf8_count(tree->source + offset, cursor->offset - offset);
    cursor->offset = offset;
}

CODEDB_PRIVATE codedb_place codedb_tree_place_near(const codedb_tree *tree, codedb_place_cursor *cursor, uint32_t offset)
{
    codedb_place place = {1, 0};
    uint32_t line;

    if (tree->line_count == 0 || offset <= tree->line_starts[0])
        return place;
    line = tree_find_line_near(tree, cursor->line, offset);
    if (line != cursor->line || cursor->offset < tree->line_starts[line]) {
        cursor->line = line;
        cursor->offset = tree->line_starts[line];
        cursor->column = 0;
    }
    tree_count_column(tree, cursor, offset);
    place.line = line + 1;
    place.column = cursor->column;
    if (offset == tree->length && offset > tree->line_starts[line] && tree_is_break(tree->source[offset - 1])) {
        place.line++;
        place.column = 0;
    }
    return place;
}

CODEDB_PRIVATE uint32_t codedb_tree_line(const codedb_tree *tree, uint32_t offset)
{
    return tree_find_line(tree, 0, tree->line_count, offset);
}

CODEDB_PRIVATE bool codedb_tree_adds_line(const codedb_tree *tree)
{
    const char *end = tree->source + tree->length;
    return tree->target_version < 312 && tree->length - tree->text_start >= 2 && end[-2] == '\r' && end[-1] == '\n';
}

CODEDB_PRIVATE codedb_place codedb_tree_place(const codedb_tree *tree, uint32_t offset)
{
    codedb_place_cursor cursor = {0, 0, 0};

    if (tree->line_count > 0)
        cursor.line = tree_find_line(tree, 0, tree->line_count, offset);
    return codedb_tree_place_near(tree, &cursor, offset);
}

/* ---- Positions ---------------------------------------------------------------------------------------------------- */

static bool tree_token_is(const codedb_tree *tree, uint32_t token, codedb_token_kind kind)
{
    return tree->tokens[token].kind == kind;
}

/* Does a pattern's or list's end come at this token, so that the white space behind a comma before it is not the comma's? */
static bool tree_closes_list(const codedb_tree *tree, uint32_t token)
{
    switch ((codedb_token_kind)tree->tokens[token].kind) {
    case CODEDB_TOKEN_RIGHT_PAREN:
    case CODEDB_TOKEN_RIGHT_BRACKET:
    case CODEDB_TOKEN_RIGHT_BRACE:
    case CODEDB_TOKEN_COLON:
    case CODEDB_TOKEN_KEYWORD_IF: return true;
    default: return false;
    }
}

/* Does the position begin with the white space before its first token? */
static bool tree_begins_with_gap(const codedb_node *node)
{
    return node->kind == CODEDB_NODE_COMPARISON_TARGET || node->kind == CODEDB_NODE_COMP_FOR ||
           node->kind == CODEDB_NODE_COMP_IF || node->kind == CODEDB_NODE_AS_NAME;
}

/* Does the position end with the white space behind its last token? */
static bool tree_ends_with_gap(const codedb_tree *tree, const codedb_node *node)
{
    uint32_t last = node->last - 1;

    switch ((codedb_node_kind)node->kind) {
    case CODEDB_NODE_PLUS:
    case CODEDB_NODE_MINUS:
    case CODEDB_NODE_BIT_INVERT:
    case CODEDB_NODE_NOT:
    case CODEDB_NODE_PARAM_STAR:
    case CODEDB_NODE_PARAM_SLASH:
    case CODEDB_NODE_PARAMETERS: return true;
    case CODEDB_NODE_SLICE:
    case CODEDB_NODE_SUBSCRIPT_ELEMENT: return tree_token_is(tree, last, CODEDB_TOKEN_COLON);
    case CODEDB_NODE_TYPE_PARAM: return tree_token_is(tree, last, CODEDB_TOKEN_COMMA);
    case CODEDB_NODE_MATCH_OR_ELEMENT: return tree_token_is(tree, last, CODEDB_TOKEN_VERTICAL_BAR);
    case CODEDB_NODE_MATCH_SEQUENCE_ELEMENT:
    case CODEDB_NODE_MATCH_STAR:
    case CODEDB_NODE_MATCH_MAPPING_ELEMENT:
    case CODEDB_NODE_MATCH_KEYWORD_ELEMENT:
        return tree_token_is(tree, last, CODEDB_TOKEN_COMMA) && !tree_closes_list(tree, node->last);
    default: return false;
    }
}

/* A statement that ends with a semicolon is a TypeAlias, or ends with one: it has the blanks behind, but no comment. */
static uint32_t tree_semicolon_end(const codedb_tree *tree, uint32_t token)
{
    uint32_t limit = tree->tokens[token + 1].start;
    uint32_t end = codedb_token_end(tree, token);

    if (!tree_token_is(tree, token + 1, CODEDB_TOKEN_NEWLINE))
        return limit;
    while (end < limit && tree->source[end] != '#')
        end++;
    return end;
}

CODEDB_PRIVATE void codedb_tree_position(const codedb_tree *tree, uint32_t node, uint32_t *start, uint32_t *end)
{
    const codedb_node *stored = &tree->nodes[node];

    if (stored->kind == CODEDB_NODE_MODULE) {
        *start = tree->text_start;
        *end = tree->length;
        return;
    }
    if (stored->first >= stored->last) {
        /* Of a lambda without parameters, the white space behind `lambda` is the colon's. */
        bool lambda = stored->kind == CODEDB_NODE_PARAMETERS && tree_token_is(tree, stored->first, CODEDB_TOKEN_COLON);

        *start = *end = lambda ? codedb_token_end(tree, stored->first - 1) : tree->tokens[stored->first].start;
        return;
    }
    *start = tree_begins_with_gap(stored) ? codedb_token_end(tree, stored->first - 1) : tree->tokens[stored->first].start;
    if (tree_ends_with_gap(tree, stored))
        *end = tree->tokens[stored->last].start;
    else if (tree_token_is(tree, stored->last - 1, CODEDB_TOKEN_SEMICOLON))
        *end = tree_semicolon_end(tree, stored->last - 1);
    else
        *end = codedb_token_end(tree, stored->last - 1);
}

/* ---- Parents, children, names ------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_tree_parents(const codedb_tree *tree, uint32_t *parents)
{
    uint32_t node;
    uint32_t child;

    parents[0] = UINT32_MAX;
    for (node = 0; node < tree->node_count; node++)
        for (child = node + 1; child < tree->nodes[node].end; child = tree->nodes[child].end)
            parents[child] = node;
}

CODEDB_PRIVATE uint32_t codedb_tree_child(const codedb_tree *tree, uint32_t node, codedb_node_field field)
{
    uint32_t child;

    for (child = node + 1; child < tree->nodes[node].end; child = tree->nodes[child].end)
        if (tree->nodes[child].field == field)
            return child;
    return UINT32_MAX;
}

CODEDB_PRIVATE const char *codedb_tree_name(const codedb_tree *tree, uint32_t node, size_t *length)
{
    codedb_node_kind kind = tree->nodes[node].kind;
    uint32_t token;

    *length = 0;
    if (kind == CODEDB_NODE_FUNCTION_DEF || kind == CODEDB_NODE_CLASS_DEF)
        node = codedb_tree_child(tree, node, CODEDB_FIELD_name);
    else if (kind != CODEDB_NODE_NAME)
        return NULL;
    token = tree->nodes[node].first;
    *length = codedb_token_end(tree, token) - tree->tokens[token].start;
    return tree->source + tree->tokens[token].start;
}

/* ---- Parsing ------------------------------------------------------------------------------------------------------ */

/* How many bytes of its line stand before the byte at `offset`. */
static size_t tree_byte_column(const codedb_tree *tree, uint32_t offset)
{
    uint32_t first = offset;
    while (first > tree->text_start && tree->source[first - 1] != '\n' && tree->source[first - 1] != '\r')
        first--;
    return offset - first;
}

static codedb_code tree_fail(const codedb_tree *tree, const codedb_syntax_error *error, const char *path, codedb_result *result)
{
    uint32_t start = error->offset < tree->text_start ? tree->text_start : error->offset;
    size_t line;
    size_t column;

    if (error->no_memory)
        return codedb_fail_no_memory(result);
    codedb_text_place(tree->source + tree->text_start, start - tree->text_start, &line, &column);
    if (error->in_bytes)
        column = tree_byte_column(tree, start);
    if (path == NULL)
        return codedb_fail_at(result, CODEDB_PARSE_ERROR, start, error->length, line, column, "%s", error->message);
    return codedb_fail_at(result, CODEDB_PARSE_ERROR, start, error->length, line, column, "%s:%lu:%lu: %s", path,
                          (unsigned long)line, (unsigned long)column + 1, error->message);
}

/* Reads the host's options, which may be NULL, into `options`. */
static codedb_code tree_take_options(codedb_parse_options *options, const codedb_parse_options *given, codedb_result *result)
{
    codedb_code code = codedb_struct_take(options, sizeof *options, given, "codedb_parse_options", result);

    if (code != CODEDB_SUCCESS)
        return code;
    if (options->target_version != 0 && (options->target_version < 300 || options->target_version > 315))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "target_version is %d, expected 300 to 315", options->target_version);
    if (options->max_depth < 0)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "max_depth is %d, expected 0 or more", options->max_depth);
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_tree_parse_text(const char *text, size_t length, const codedb_parse_options *given,
                                                  codedb_tree **tree, codedb_result *result)
{
    codedb_parse_options options;
    codedb_code code = tree_take_options(&options, given, result);
    codedb_allocator allocator;
    codedb_syntax_error error;
    codedb_tree *made;
    char *source;

    *tree = NULL;
    if (code != CODEDB_SUCCESS)
        return code;
    allocator = codedb_allocator_or_default(options.allocator);
    if (length > CODEDB_SOURCE_LIMIT)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the source has %lu bytes, expected at most %lu",
                           (unsigned long)length, (unsigned long)CODEDB_SOURCE_LIMIT);
    made = codedb_memory_allocate(&allocator, sizeof *made + length + CODEDB_SOURCE_PADDING, 1);
    if (made == NULL)
        return codedb_fail_no_memory(result);
    memset(made, 0, sizeof *made);
    source = (char *)(made + 1);
    memcpy(source, text, length);
    memset(source + length, 0, CODEDB_SOURCE_PADDING);
    made->allocator = allocator;
    made->source = source;
    made->length = (uint32_t)length;
    made->target_version = options.target_version == 0 ? CODEDB_NEWEST_VERSION : options.target_version;
    if (!codedb_tree_read(made, (uint32_t)options.max_depth, &error)) {
        code = tree_fail(made, &error, options.path, result);
        codedb_tree_free(made);
        return code;
    }
    *tree = made;
    return codedb_succeed(result);
}

CODEDB_API codedb_code codedb_tree_parse(const char *bytes, size_t length, const codedb_parse_options *options,
                                         codedb_tree **tree, codedb_result *result)
{
    codedb_parse_options own;
    codedb_allocator allocator;
    codedb_decoded decoded;
    codedb_code code;

    if (tree == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_tree_parse was given no place for the tree");
    *tree = NULL;
    if (bytes == NULL && length > 0)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_tree_parse was given no bytes");
    code = tree_take_options(&own, options, result);
    if (code != CODEDB_SUCCESS)
        return code;
    allocator = codedb_allocator_or_default(own.allocator);
    code = codedb_encoding_decode(&allocator, bytes == NULL ? "" : bytes, length, &decoded, result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_tree_parse_text(decoded.text, decoded.length, &own, tree, result);
    codedb_decoded_release(&allocator, &decoded);
    return code;
}

CODEDB_API void codedb_tree_free(codedb_tree *tree)
{
    codedb_allocator allocator;

    if (tree == NULL)
        return;
    allocator = tree->allocator;
    codedb_memory_release(&allocator, tree->tokens);
    codedb_memory_release(&allocator, tree->nodes);
    codedb_memory_release(&allocator, tree->long_ends);
    codedb_memory_release(&allocator, tree->line_starts);
    codedb_memory_release(&allocator, tree);
}

CODEDB_API const char *codedb_tree_source(const codedb_tree *tree, size_t *length)
{
    if (length != NULL)
        *length = tree == NULL ? 0 : tree->length;
    return tree == NULL ? NULL : tree->source;
}

CODEDB_API size_t codedb_tree_memory(const codedb_tree *tree)
{
    if (tree == NULL)
        return 0;
    return sizeof *tree + tree->token_count * sizeof *tree->tokens + tree->node_count * sizeof *tree->nodes +
           tree->long_count * 2 * sizeof *tree->long_ends + tree->line_count * sizeof *tree->line_starts;
}

CODEDB_API size_t codedb_tree_node_count(const codedb_tree *tree)
{
    return tree == NULL ? 0 : tree->node_count;
}

CODEDB_API codedb_code codedb_tree_node_get(const codedb_tree *tree, size_t number, codedb_syntax_node *node)
{
    if (tree == NULL || node == NULL || number >= tree->node_count)
        return CODEDB_INVALID_REQUEST;
    node->type = tree->nodes[number].kind;
    node->subtree_end = tree->nodes[number].end;
    codedb_tree_position(tree, (uint32_t)number, &node->start_byte, &node->end_byte);
    return CODEDB_SUCCESS;
}

CODEDB_API const char *codedb_node_type_name(uint32_t type)
{
    return type < CODEDB_NODE_KIND_COUNT ? codedb_node_kind_name((codedb_node_kind)type) : NULL;
}

/* ---- Dump --------------------------------------------------------------------------------------------------------- */

#define TREE_PIECE 8192

typedef struct tree_writer {
    const codedb_tree *tree;
    codedb_write_function write;
    void *context;
    bool stopped;
    codedb_place_cursor starts;
    codedb_place_cursor ends;
    const codedb_scopes *scopes;
    uint32_t definition;    /* the def or class that the next node stands in, in the whole tree; UINT32_MAX: none */
    codedb_buffer qualname; /* " QUALNAME\n" of a def or class */
    codedb_buffer inside;   /* the same of all else in `definition` */
    size_t used;
    char piece[TREE_PIECE];
} tree_writer;

static void tree_flush(tree_writer *writer)
{
    if (!writer->stopped && writer->used > 0 && writer->write(writer->context, writer->piece, writer->used) != 0)
        writer->stopped = true;
    writer->used = 0;
}

static void tree_put(tree_writer *writer, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    if (CODEDB_LIKELY(length < TREE_PIECE - writer->used)) {
        memcpy(writer->piece + writer->used, bytes, length);
        writer->used += length;
        return;
    }
    while (length > 0) {
        size_t part = TREE_PIECE - writer->used < length ? TREE_PIECE - writer->used : length;

        memcpy(writer->piece + writer->used, bytes, part);
        writer->used += part;
        bytes += part;
        length -= part;
        if (writer->used == TREE_PIECE)
            tree_flush(writer);
    }
}

/* A line up to its name fits in so much. */
#define TREE_LINE_ROOM 128

/* Room in the piece for TREE_LINE_ROOM bytes; what is written there is taken into `used` by tree_take_room. */
static char *tree_room(tree_writer *writer)
{
    if (TREE_PIECE - writer->used < TREE_LINE_ROOM)
        tree_flush(writer);
    return writer->piece + writer->used;
}

static void tree_take_room(tree_writer *writer, const char *end)
{
    writer->used = (size_t)(end - writer->piece);
}

static char *tree_write_number(char *at, uint32_t number)
{
    char digits[10];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

static char *tree_write_place(char *at, codedb_place place, char behind)
{
    at = tree_write_number(at, place.line);
    *at++ = ':';
    at = tree_write_number(at, place.column);
    *at++ = behind;
    return at;
}

/* Counting columns in a long line that is not ASCII is done from the nearest place that is known; the end of a long node is kept,
 * for its children may end there, too. */
static codedb_place tree_end_place(tree_writer *writer, uint32_t offset)
{
    codedb_place_cursor near = writer->starts;
    uint32_t distance = offset > writer->ends.offset ? offset - writer->ends.offset : writer->ends.offset - offset;
    codedb_place place;

    if (offset < near.offset || offset - near.offset >= distance)
        return codedb_tree_place_near(writer->tree, &writer->ends, offset);
    distance = offset - near.offset;
    place = codedb_tree_place_near(writer->tree, &near, offset);
    if (distance > 64)
        writer->ends = near;
    return place;
}

/* What stands at the end of the lines of all nodes in writer->definition that have no name of their own. */
static void tree_name_inside(tree_writer *writer, const codedb_full_tree *full)
{
    codedb_buffer *inside = &writer->inside;

    inside->length = 0;
    codedb_buffer_append_byte(inside, ' ');
    if (writer->definition == UINT32_MAX || !codedb_scopes_inside(writer->scopes, full->nodes[writer->definition].syntax, inside))
        codedb_buffer_append_byte(inside, '-');
    codedb_buffer_append_byte(inside, '\n');
}

/* The definition whose subtree has ended is left; names before the node at `index` are those of the one around it. */
static void tree_leave_definitions(tree_writer *writer, const codedb_full_tree *full, uint32_t index)
{
    bool changed = false;

    while (writer->definition != UINT32_MAX && index >= full->nodes[writer->definition].subtree_end) {
        uint32_t outer = full->nodes[writer->definition].parent;

        while (outer != UINT32_MAX && full->nodes[outer].kind != CODEDB_NODE_FUNCTION_DEF &&
               full->nodes[outer].kind != CODEDB_NODE_CLASS_DEF)
            outer = full->nodes[outer].parent;
        writer->definition = outer;
        changed = true;
    }
    if (changed)
        tree_name_inside(writer, full);
}

/* NAME KIND QUALNAME */
static void tree_put_names(tree_writer *writer, const codedb_full_tree *full, uint32_t index)
{
    const codedb_full_node *node = &full->nodes[index];
    const char *kind;
    const char *name;
    size_t length = 0;

    if (node->syntax == UINT32_MAX) {
        tree_put(writer, "- node", 6);
        tree_put(writer, writer->inside.data, writer->inside.length);
        return;
    }
    name = codedb_tree_name(writer->tree, node->syntax, &length);
    kind = codedb_scopes_kind(writer->scopes, node->syntax);
    tree_put(writer, length == 0 ? "-" : name, length == 0 ? 1 : length);
    tree_put(writer, " ", 1);
    tree_put(writer, kind, strlen(kind));
    if (node->kind == CODEDB_NODE_FUNCTION_DEF || node->kind == CODEDB_NODE_CLASS_DEF) {
        writer->qualname.length = 0;
        codedb_buffer_append_byte(&writer->qualname, ' ');
        codedb_scopes_qualname(writer->scopes, node->syntax, &writer->qualname);
        codedb_buffer_append_byte(&writer->qualname, '\n');
        tree_put(writer, writer->qualname.data, writer->qualname.length);
        writer->definition = index;
        tree_name_inside(writer, full);
    } else {
        tree_put(writer, writer->inside.data, writer->inside.length);
    }
}

/* The names again, in a form that is copied at once. */
typedef struct tree_type {
    char name[31];
    uint8_t length;
} tree_type;

static void tree_put_node(tree_writer *writer, const codedb_full_tree *full, uint32_t index, uint32_t depth)
{
    static const tree_type types[] = {
#define X(code, name, category) {name, sizeof name - 1},
        CODEDB_NODE_KINDS(X)
#undef X
    };
    const codedb_full_node *node = &full->nodes[index];
    codedb_place end;
    char *at;

    tree_leave_definitions(writer, full, index);
    if ((node->flags & CODEDB_FULL_NO_POSITION) != 0)
        return;
    at = tree_write_number(tree_room(writer), depth);
    *at++ = ' ';
    memcpy(at, types[node->kind].name, sizeof types[node->kind].name);
    at += types[node->kind].length;
    *at++ = ' ';
    at = tree_write_place(at, codedb_tree_place_near(writer->tree, &writer->starts, node->start), '-');
    end = tree_end_place(writer, node->end);
    if ((node->flags & CODEDB_FULL_VIRTUAL_NEWLINE) != 0) {
        end.line++;
        end.column = 0;
    }
    at = tree_write_place(at, end, ' ');
    tree_take_room(writer, at);
    tree_put_names(writer, full, index);
}

/* The stored nodes alone, in the form of the whole tree. */
static codedb_code tree_stored_nodes(const codedb_tree *tree, codedb_full_tree *full, codedb_result *result)
{
    uint32_t *parents = codedb_memory_allocate(&tree->allocator, tree->node_count, sizeof *parents);
    codedb_full_node *nodes = codedb_memory_allocate(&tree->allocator, tree->node_count, sizeof *nodes);
    uint32_t i;

    if (parents == NULL || nodes == NULL) {
        codedb_memory_release(&tree->allocator, parents);
        codedb_memory_release(&tree->allocator, nodes);
        return codedb_fail_no_memory(result);
    }
    codedb_tree_parents(tree, parents);
    memset(nodes, 0, tree->node_count * sizeof *nodes);
    for (i = 0; i < tree->node_count; i++) {
        codedb_tree_position(tree, i, &nodes[i].start, &nodes[i].end);
        nodes[i].subtree_end = tree->nodes[i].end;
        nodes[i].parent = parents[i];
        nodes[i].syntax = i;
        nodes[i].kind = tree->nodes[i].kind;
        nodes[i].field = tree->nodes[i].field;
    }
    if (tree->length > tree->text_start && !tree_is_break(tree->source[tree->length - 1]))
        nodes[0].flags = CODEDB_FULL_VIRTUAL_NEWLINE;
    full->nodes = nodes;
    full->count = tree->node_count;
    codedb_memory_release(&tree->allocator, parents);
    return CODEDB_SUCCESS;
}

static codedb_code tree_dump_nodes(tree_writer *writer, const codedb_full_tree *full, codedb_result *result)
{
    uint32_t depth = 0;
    uint32_t i;

    tree_name_inside(writer, full);
    for (i = 0; i < full->count && !writer->stopped && !writer->inside.failed; i++) {
        if (i > 0) {
            uint32_t above = i - 1;

            for (depth++; above != full->nodes[i].parent; depth--)
                above = full->nodes[above].parent;
        }
        tree_put_node(writer, full, i, depth);
    }
    tree_flush(writer);
    if (writer->stopped)
        return codedb_fail(result, CODEDB_CANCELLED, "the dump was stopped by its write function");
    if (writer->inside.failed || writer->qualname.failed)
        return codedb_fail_no_memory(result);
    return codedb_succeed(result);
}

static codedb_code tree_dump_cst(const codedb_tree *tree, bool whole, codedb_write_function write, void *context,
                                 codedb_result *result)
{
    tree_writer writer = {.tree = tree, .write = write, .context = context, .definition = UINT32_MAX};
    codedb_full_tree full = {NULL, 0};
    codedb_scopes *scopes = NULL;
    codedb_code code;

    codedb_buffer_init(&writer.qualname, &tree->allocator);
    codedb_buffer_init(&writer.inside, &tree->allocator);
    code = whole ? codedb_tree_expand(tree, &full, result) : tree_stored_nodes(tree, &full, result);
    if (code != CODEDB_SUCCESS)
        goto cleanup;
    code = codedb_scopes_create(tree, &scopes, result);
    if (code != CODEDB_SUCCESS)
        goto cleanup;
    writer.scopes = scopes;
    code = tree_dump_nodes(&writer, &full, result);
cleanup:
    codedb_scopes_free(scopes);
    codedb_full_tree_free(tree, &full);
    codedb_buffer_free(&writer.qualname);
    codedb_buffer_free(&writer.inside);
    return code;
}

CODEDB_API codedb_code codedb_tree_dump(const codedb_tree *tree, codedb_dump_format format, codedb_write_function write,
                                        void *context, codedb_result *result)
{
    if (tree == NULL || write == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_tree_dump was given no %s",
                           tree == NULL ? "tree" : "write function");
    switch (format) {
    case CODEDB_DUMP_CST:
    case CODEDB_DUMP_CST_NO_WHITESPACE: return tree_dump_cst(tree, format == CODEDB_DUMP_CST, write, context, result);
    case CODEDB_DUMP_AST: return codedb_ast_write(tree, write, context, result);
    }
    return codedb_fail(result, CODEDB_INVALID_REQUEST, "dump format %d is unknown, expected 0 to 2", (int)format);
}
