/* codedb_attributes.c -- questions about one node: its attributes, fields and places, over the stored or the whole tree.
 *
 * Called by codedb_xpath.c; calls codedb_regex.c and the tree's own functions. A view belongs to one query and one thread.
 *
 * Invariants:
 * 1. What needs a pass over the tree (parents, depths, methods, scopes) is made when it is first asked for, once a query.
 * 2. A value is a slice of the source wherever it can be; else it stands in view->scratch until the next question.
 * 3. Without memory view->failed is set, answers are harmless, and the query ends with NO_MEMORY.
 *
 * Contents: the view, comparing, slices, built-in attributes, fields, decorators. */
#include "codedb_selector.h"

#include <string.h>

/* ---- The view ----------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_view_open(codedb_node_view *view, const codedb_tree *tree, const codedb_full_tree *full,
                                     codedb_arena *arena)
{
    *view = (codedb_node_view){0};
    view->tree = tree;
    view->arena = arena;
    if (full != NULL) {
        view->full = full->nodes;
        view->count = full->count;
        view->stride = sizeof *full->nodes;
        view->kinds = &full->nodes->kind;
        view->fields = &full->nodes->field;
        view->ends = (const unsigned char *)&full->nodes->subtree_end;
    } else {
        view->count = tree->node_count;
        view->stride = sizeof *tree->nodes;
        view->kinds = &tree->nodes->kind;
        view->fields = &tree->nodes->field;
        view->ends = (const unsigned char *)&tree->nodes->end;
    }
    codedb_buffer_init(&view->scratch, &tree->allocator);
}

CODEDB_PRIVATE void codedb_view_close(codedb_node_view *view)
{
    codedb_buffer_free(&view->scratch);
    if (view->scopes != NULL)
        codedb_scopes_free(view->scopes);
    view->scopes = NULL;
}

static void *attribute_allocate(codedb_node_view *view, size_t count, size_t size)
{
    void *memory = codedb_arena_allocate(view->arena, count, size);
    view->failed = view->failed || memory == NULL;
    return memory;
}

CODEDB_PRIVATE const uint32_t *codedb_view_parents(codedb_node_view *view)
{
    uint32_t node;
    uint32_t child;
    if (view->parents != NULL || (view->parents = attribute_allocate(view, view->count, sizeof *view->parents)) == NULL)
        return view->parents;
    view->parents[0] = UINT32_MAX;
    for (node = 0; node < view->count; node++)
        for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
            view->parents[child] = node;
    return view->parents;
}

static const uint32_t *attribute_depths(codedb_node_view *view)
{
    uint32_t node;
    uint32_t child;
    if (view->depths != NULL || (view->depths = attribute_allocate(view, view->count, sizeof *view->depths)) == NULL)
        return view->depths;
    for (node = 0; node < view->count; node++)
        for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
            view->depths[child] = view->depths[node] + 1;
    return view->depths;
}

/* Stored and fabricated children count apart, so that a stored node's number is the same in both views. */
static const uint32_t *attribute_numbers(codedb_node_view *view)
{
    uint32_t node;
    uint32_t child;
    if (view->numbers != NULL || (view->numbers = attribute_allocate(view, view->count, sizeof *view->numbers)) == NULL)
        return view->numbers;
    for (node = 0; node < view->count; node++) {
        uint32_t next[2] = {0, 0};
        for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
            view->numbers[child] = next[codedb_view_stored(view, child) == UINT32_MAX]++;
    }
    return view->numbers;
}

CODEDB_PRIVATE const uint64_t *codedb_view_methods(codedb_node_view *view)
{
    uint32_t class_end = 0;
    uint32_t node;
    if (view->methods != NULL || (view->methods = attribute_allocate(view, view->count / 64 + 1, sizeof *view->methods)) == NULL)
        return view->methods;
    for (node = 0; node < view->count; node++) {
        unsigned kind = codedb_view_kind(view, node);
        if (kind == CODEDB_NODE_CLASS_DEF && codedb_view_end(view, node) > class_end)
            class_end = codedb_view_end(view, node);
        else if (kind == CODEDB_NODE_FUNCTION_DEF && node < class_end)
            view->methods[node / 64] |= (uint64_t)1 << (node % 64);
    }
    return view->methods;
}

static codedb_scopes *attribute_scopes(codedb_node_view *view)
{
    if (view->scopes == NULL && codedb_scopes_create(view->tree, &view->scopes, NULL) != CODEDB_SUCCESS)
        view->failed = true;
    return view->scopes;
}

CODEDB_PRIVATE uint32_t codedb_view_stored(const codedb_node_view *view, uint32_t node)
{
    return view->full == NULL ? node : view->full[node].syntax;
}

CODEDB_PRIVATE uint32_t codedb_view_child(const codedb_node_view *view, uint32_t node, codedb_node_field field)
{
    uint32_t child;
    for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
        if (codedb_view_field(view, child) == (unsigned)field)
            return child;
    return UINT32_MAX;
}

CODEDB_PRIVATE unsigned codedb_view_kind_of(codedb_node_view *view, uint32_t node)
{
    unsigned kind = codedb_view_kind(view, node);
    const uint64_t *methods;
    if (kind != CODEDB_NODE_FUNCTION_DEF || (methods = codedb_view_methods(view)) == NULL)
        return kind;
    return (methods[node / 64] >> (node % 64)) & 1 ? CODEDB_SELECTOR_KIND_METHOD : kind;
}

CODEDB_PRIVATE void codedb_view_range(const codedb_node_view *view, uint32_t node, uint32_t *start, uint32_t *end)
{
    if (view->full == NULL) {
        codedb_tree_position(view->tree, node, start, end);
        return;
    }
    *start = view->full[node].start;
    *end = view->full[node].end;
}

CODEDB_PRIVATE codedb_place codedb_view_start(codedb_node_view *view, uint32_t node)
{
    uint32_t start;
    uint32_t end;
    codedb_view_range(view, node, &start, &end);
    return codedb_tree_place_near(view->tree, &view->cursor, start);
}

/* Does the position end behind a newline that the source does not have? */
static bool attribute_ends_virtually(const codedb_node_view *view, uint32_t node)
{
    const codedb_tree *tree = view->tree;
    char last;
    if (view->full != NULL)
        return (view->full[node].flags & CODEDB_FULL_VIRTUAL_NEWLINE) != 0;
    if (node != 0 || tree->length == tree->text_start)
        return false;
    last = tree->source[tree->length - 1];
    return last != '\n' && last != '\r';
}

CODEDB_PRIVATE codedb_place codedb_view_end_place(codedb_node_view *view, uint32_t node)
{
    codedb_place place;
    uint32_t start;
    uint32_t end;
    codedb_view_range(view, node, &start, &end);
    place = codedb_tree_place_near(view->tree, &view->cursor, end);
    if (attribute_ends_virtually(view, node)) {
        place.line++;
        place.column = 0;
    }
    return place;
}

/* The stored node that a node is or stands in. */
static uint32_t attribute_stored_around(const codedb_node_view *view, uint32_t node)
{
    while (codedb_view_stored(view, node) == UINT32_MAX)
        node = view->full[node].parent;
    return codedb_view_stored(view, node);
}

CODEDB_PRIVATE bool codedb_view_qualname(codedb_node_view *view, uint32_t node)
{
    codedb_scopes *scopes = attribute_scopes(view);
    uint32_t stored = attribute_stored_around(view, node);
    unsigned kind = view->tree->nodes[stored].kind;
    view->scratch.length = 0;
    if (scopes == NULL)
        return false;
    if (codedb_view_stored(view, node) == UINT32_MAX && (kind == CODEDB_NODE_FUNCTION_DEF || kind == CODEDB_NODE_CLASS_DEF))
        return codedb_scopes_inside(scopes, stored, &view->scratch);
    return codedb_scopes_qualname(scopes, stored, &view->scratch);
}

/* "0", "0.3.1": child numbers from the Module down; white space and punctuation have a number of their own, "0.3.w0". */
CODEDB_PRIVATE void codedb_view_node_id(codedb_node_view *view, uint32_t node)
{
    const uint32_t *parents = codedb_view_parents(view);
    const uint32_t *numbers = attribute_numbers(view);
    const uint32_t *depths = attribute_depths(view);
    uint32_t *path;
    uint32_t depth;
    uint32_t i;
    view->scratch.length = 0;
    if (parents == NULL || numbers == NULL || depths == NULL)
        return;
    depth = depths[node];
    codedb_buffer_append_byte(&view->scratch, '0');
    path = codedb_memory_allocate(&view->tree->allocator, depth, sizeof *path);
    if (path == NULL) {
        view->failed = true;
        return;
    }
    for (i = depth; i > 0; i--, node = parents[node])
        path[i - 1] = node;
    for (i = 0; i < depth; i++) {
        codedb_buffer_append_text(&view->scratch, codedb_view_stored(view, path[i]) == UINT32_MAX ? ".w" : ".");
        codedb_buffer_append_integer(&view->scratch, numbers[path[i]]);
    }
    codedb_memory_release(&view->tree->allocator, path);
}

/* ---- Comparing ---------------------------------------------------------------------------------------------------- */

static unsigned char attribute_fold(unsigned char byte, bool ignore_case)
{
    return (unsigned char)(ignore_case && byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

static bool attribute_equals(const char *left, const char *right, size_t length, bool ignore_case)
{
    size_t i;
    if (!ignore_case)
        return memcmp(left, right, length) == 0;
    for (i = 0; i < length; i++)
        if (attribute_fold((unsigned char)left[i], true) != attribute_fold((unsigned char)right[i], true))
            return false;
    return true;
}

/* Knuth, Morris and Pratt would be linear in any case; this is linear in practice and bounded by value times operand. */
static bool attribute_contains(const codedb_attribute_test *test, const char *value, size_t length)
{
    size_t i;
    if (test->value_length > length)
        return false;
    for (i = 0; i + test->value_length <= length; i++)
        if (attribute_equals(value + i, test->value, test->value_length, test->ignore_case))
            return true;
    return false;
}

/* An integer as Python's int() reads it, taken apart: no leading zeros among its digits, underscores left in. */
typedef struct attribute_integer {
    int sign; /* 0 for zero */
    const char *digits;
    size_t length;      /* with underscores */
    size_t digit_count; /* without */
} attribute_integer;

static bool attribute_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
}

static bool attribute_parse_integer(const char *text, size_t length, attribute_integer *integer)
{
    size_t i;
    integer->sign = 1;
    while (length > 0 && attribute_is_space(text[length - 1]))
        length--;
    while (length > 0 && attribute_is_space(*text)) {
        text++;
        length--;
    }
    if (length > 0 && (*text == '+' || *text == '-')) {
        integer->sign = *text == '-' ? -1 : 1;
        text++;
        length--;
    }
    integer->digit_count = 0;
    for (i = 0; i < length; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (!digit && (text[i] != '_' || i == 0 || i + 1 == length || text[i - 1] == '_'))
            return false;
        integer->digit_count += digit;
    }
    if (length == 0)
        return false;
    while (length > 0 && (*text == '0' || *text == '_')) {
        integer->digit_count -= *text == '0';
        text++;
        length--;
    }
    integer->digits = text;
    integer->length = length;
    if (length == 0)
        integer->sign = 0;
    return true;
}

static int attribute_compare_digits(const attribute_integer *left, const attribute_integer *right)
{
    size_t i = 0;
    size_t j = 0;
    if (left->digit_count != right->digit_count)
        return left->digit_count < right->digit_count ? -1 : 1;
    for (;;) {
        while (i < left->length && left->digits[i] == '_')
            i++;
        while (j < right->length && right->digits[j] == '_')
            j++;
        if (i == left->length)
            return 0;
        if (left->digits[i] != right->digits[j])
            return left->digits[i] < right->digits[j] ? -1 : 1;
        i++;
        j++;
    }
}

CODEDB_PRIVATE int codedb_integer_compare(const char *left, size_t left_length, const char *right, size_t right_length)
{
    attribute_integer a;
    attribute_integer b;
    if (!attribute_parse_integer(left, left_length, &a) || !attribute_parse_integer(right, right_length, &b))
        return 2;
    if (a.sign != b.sign)
        return a.sign < b.sign ? -1 : 1;
    return a.sign * attribute_compare_digits(&a, &b);
}

CODEDB_PRIVATE bool codedb_attribute_compare(const codedb_attribute_test *test, const char *value, size_t length,
                                             uint32_t *scratch)
{
    size_t operand = test->value_length;
    int order;
    if (test->regex != NULL)
        return codedb_regex_search(test->regex, value, length, scratch) == (test->relation == CODEDB_OPERATOR_EQUAL);
    switch ((codedb_operator)test->relation) {
    case CODEDB_OPERATOR_EXISTS: return true;
    case CODEDB_OPERATOR_EQUAL: return length == operand && attribute_equals(value, test->value, length, test->ignore_case);
    case CODEDB_OPERATOR_NOT_EQUAL: return length != operand || !attribute_equals(value, test->value, length, test->ignore_case);
    case CODEDB_OPERATOR_CONTAINS: return attribute_contains(test, value, length);
    case CODEDB_OPERATOR_STARTS: return length >= operand && attribute_equals(value, test->value, operand, test->ignore_case);
    case CODEDB_OPERATOR_ENDS:
        return length >= operand && attribute_equals(value + length - operand, test->value, operand, test->ignore_case);
    default: break;
    }
    order = codedb_integer_compare(value, length, test->value, operand);
    if (order == 2)
        return false;
    switch ((codedb_operator)test->relation) {
    case CODEDB_OPERATOR_LESS: return order < 0;
    case CODEDB_OPERATOR_LESS_EQUAL: return order <= 0;
    case CODEDB_OPERATOR_GREATER: return order > 0;
    default: return order >= 0;
    }
}

/* ---- Slices ------------------------------------------------------------------------------------------------------- */

static codedb_slice attribute_slice(const codedb_node_view *view, uint32_t start, uint32_t end)
{
    codedb_slice slice = {view->tree->source + start, end - start};
    return slice;
}

static codedb_slice attribute_none(void)
{
    codedb_slice slice = {NULL, 0};
    return slice;
}

static codedb_slice attribute_scratch(codedb_node_view *view)
{
    codedb_slice slice;
    view->failed = view->failed || view->scratch.failed;
    slice.text = view->scratch.data == NULL ? "" : view->scratch.data;
    slice.length = view->scratch.length;
    return slice;
}

static codedb_slice attribute_number(codedb_node_view *view, uint32_t number)
{
    view->scratch.length = 0;
    codedb_buffer_append_integer(&view->scratch, number);
    return attribute_scratch(view);
}

/* The same text with \n for every line break. */
static codedb_slice attribute_with_newlines(codedb_node_view *view, codedb_slice slice)
{
    const char *source = view->tree->source;
    size_t i;
    if (view->first_return == NULL) {
        view->first_return = memchr(source, '\r', view->tree->length);
        if (view->first_return == NULL)
            view->first_return = source + view->tree->length;
    }
    if (slice.text + slice.length <= view->first_return)
        return slice;
    view->scratch.length = 0;
    for (i = 0; i < slice.length; i++)
        if (slice.text[i] != '\r')
            codedb_buffer_append_byte(&view->scratch, slice.text[i]);
        else if (i + 1 == slice.length || slice.text[i + 1] != '\n')
            codedb_buffer_append_byte(&view->scratch, '\n');
    return attribute_scratch(view);
}

/* What a node says as somebody's field: its tokens, own parentheses included. An `as` says its name. */
static codedb_slice attribute_node_text(const codedb_node_view *view, uint32_t node)
{
    const codedb_tree *tree = view->tree;
    uint32_t stored = codedb_view_stored(view, node);
    const codedb_node *syntax;
    uint32_t first;
    uint32_t last;
    if (codedb_view_kind(view, node) == CODEDB_NODE_AS_NAME)
        return attribute_node_text(view, codedb_view_child(view, node, CODEDB_FIELD_name));
    if (stored == UINT32_MAX)
        return attribute_slice(view, view->full[node].start, view->full[node].end);
    syntax = &tree->nodes[stored];
    first = syntax->first - syntax->parens;
    last = syntax->last + syntax->parens;
    if (first >= last)
        return attribute_slice(view, 0, 0);
    return attribute_slice(view, tree->tokens[first].start, codedb_token_end(tree, last - 1));
}

/* ---- Built-in attributes ------------------------------------------------------------------------------------------ */

CODEDB_PRIVATE const char *codedb_view_name(const codedb_node_view *view, uint32_t node, size_t *length)
{
    uint32_t stored = codedb_view_stored(view, node);
    const char *name = stored == UINT32_MAX ? NULL : codedb_tree_name(view->tree, stored, length);
    codedb_slice slice;
    uint32_t child;
    if (name != NULL || stored == UINT32_MAX || view->dialect == CODEDB_DIALECT_REFERENCE)
        return name;
    child = codedb_view_child(view, node, CODEDB_FIELD_name);
    if (child == UINT32_MAX)
        return NULL;
    slice = attribute_node_text(view, child);
    *length = slice.length;
    return slice.text;
}

static codedb_slice attribute_name(const codedb_node_view *view, uint32_t node)
{
    codedb_slice slice = {NULL, 0};
    slice.text = codedb_view_name(view, node, &slice.length);
    return slice;
}

static codedb_slice attribute_fqn(codedb_node_view *view, uint32_t node)
{
    codedb_scopes *scopes = attribute_scopes(view);
    uint32_t stored = attribute_stored_around(view, node);
    view->scratch.length = 0;
    if (scopes == NULL || !codedb_scopes_full_qualname(scopes, stored, &view->scratch))
        return attribute_none();
    return attribute_scratch(view);
}

static codedb_slice attribute_module(codedb_node_view *view, uint32_t node)
{
    unsigned kind = codedb_view_kind(view, node);
    uint32_t child;
    if (kind != CODEDB_NODE_IMPORT_FROM && (kind != CODEDB_NODE_LAZY_IMPORT_FROM || view->dialect == CODEDB_DIALECT_REFERENCE))
        return attribute_none();
    child = codedb_view_child(view, node, CODEDB_FIELD_module);
    if (child != UINT32_MAX)
        return attribute_node_text(view, child);
    return view->dialect == CODEDB_DIALECT_REFERENCE ? attribute_slice(view, 0, 0) : attribute_none();
}

static uint32_t attribute_count_children(const codedb_node_view *view, uint32_t node)
{
    uint32_t count = 0;
    uint32_t child;
    for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
        count += codedb_view_stored(view, child) != UINT32_MAX;
    return count;
}

static uint32_t attribute_count_lines(codedb_node_view *view, uint32_t node)
{
    codedb_place start = codedb_view_start(view, node);
    codedb_place end = codedb_view_end_place(view, node);
    return end.line - start.line + (end.column > 0 || end.line == start.line ? 1 : 0);
}

static codedb_slice attribute_count_arguments(codedb_node_view *view, uint32_t node)
{
    unsigned kind = codedb_view_kind(view, node);
    unsigned counted = kind == CODEDB_NODE_CALL ? CODEDB_NODE_ARG : CODEDB_NODE_PARAM;
    uint32_t owner = kind == CODEDB_NODE_CALL ? node : codedb_view_child(view, node, CODEDB_FIELD_params);
    uint32_t count = 0;
    uint32_t child;
    if (kind != CODEDB_NODE_CALL && kind != CODEDB_NODE_FUNCTION_DEF && kind != CODEDB_NODE_LAMBDA)
        return attribute_none();
    for (child = owner + 1; child < codedb_view_end(view, owner); child = codedb_view_end(view, child))
        count += codedb_view_kind(view, child) == counted;
    return attribute_number(view, count);
}

CODEDB_PRIVATE bool codedb_view_has_docstring(const codedb_node_view *view, uint32_t node)
{
    unsigned kind = codedb_view_kind(view, node);
    return (kind == CODEDB_NODE_MODULE || kind == CODEDB_NODE_CLASS_DEF || kind == CODEDB_NODE_FUNCTION_DEF) &&
           codedb_docstring_statement(view->tree, codedb_view_stored(view, node)) != UINT32_MAX;
}

static codedb_slice attribute_docstring(codedb_node_view *view, uint32_t node)
{
    view->scratch.length = 0;
    if (!codedb_view_has_docstring(view, node) ||
        !codedb_docstring_append(view->tree, codedb_view_stored(view, node), &view->scratch))
        return attribute_none();
    return attribute_scratch(view);
}

static codedb_slice attribute_code(codedb_node_view *view, uint32_t node)
{
    uint32_t start;
    uint32_t end;
    codedb_view_range(view, node, &start, &end);
    return attribute_with_newlines(view, attribute_slice(view, start, end));
}

static codedb_slice attribute_depth(codedb_node_view *view, uint32_t node)
{
    const uint32_t *depths = attribute_depths(view);
    return depths == NULL ? attribute_none() : attribute_number(view, depths[node]);
}

static codedb_slice attribute_offset(codedb_node_view *view, uint32_t node, bool of_end)
{
    uint32_t start;
    uint32_t end;
    codedb_view_range(view, node, &start, &end);
    return attribute_number(view, of_end ? end : start);
}

/* The attribute's value; text is NULL when the node has none. */
static codedb_slice attribute_value(codedb_node_view *view, uint32_t node, codedb_attribute attribute)
{
    codedb_slice slice;
    switch (attribute) {
    case CODEDB_ATTRIBUTE_type:
        slice.text = codedb_node_kind_name((codedb_node_kind)codedb_view_kind(view, node));
        slice.length = strlen(slice.text);
        return slice;
    case CODEDB_ATTRIBUTE_kind:
        slice.text = codedb_kind_word(codedb_view_kind_of(view, node));
        slice.length = strlen(slice.text);
        return slice;
    case CODEDB_ATTRIBUTE_name: return attribute_name(view, node);
    case CODEDB_ATTRIBUTE_qualname: return codedb_view_qualname(view, node) ? attribute_scratch(view) : attribute_none();
    case CODEDB_ATTRIBUTE_fqn: return attribute_fqn(view, node);
    case CODEDB_ATTRIBUTE_module: return attribute_module(view, node);
    case CODEDB_ATTRIBUTE_start_line: return attribute_number(view, codedb_view_start(view, node).line);
    case CODEDB_ATTRIBUTE_end_line: return attribute_number(view, codedb_view_end_place(view, node).line);
    case CODEDB_ATTRIBUTE_start_col: return attribute_number(view, codedb_view_start(view, node).column);
    case CODEDB_ATTRIBUTE_end_col: return attribute_number(view, codedb_view_end_place(view, node).column);
    case CODEDB_ATTRIBUTE_start_byte: return attribute_offset(view, node, false);
    case CODEDB_ATTRIBUTE_end_byte: return attribute_offset(view, node, true);
    case CODEDB_ATTRIBUTE_depth: return attribute_depth(view, node);
    case CODEDB_ATTRIBUTE_children_count:
        return attribute_number(view, view->dialect == CODEDB_DIALECT_REFERENCE ? 0 : attribute_count_children(view, node));
    case CODEDB_ATTRIBUTE_line_count: return attribute_number(view, attribute_count_lines(view, node));
    case CODEDB_ATTRIBUTE_args_count: return attribute_count_arguments(view, node);
    case CODEDB_ATTRIBUTE_docstring: return attribute_docstring(view, node);
    case CODEDB_ATTRIBUTE_code: return attribute_code(view, node);
    case CODEDB_ATTRIBUTE_node_id: codedb_view_node_id(view, node); return attribute_scratch(view);
    default: return attribute_none(); /* path: a tree that is not stored has none */
    }
}

/* ---- Fields ------------------------------------------------------------------------------------------------------- */

static codedb_slice attribute_token(const codedb_node_view *view, uint32_t token)
{
    return attribute_slice(view, view->tree->tokens[token].start, codedb_token_end(view->tree, token));
}

/* The letter behind the '!' of a replacement field. */
static codedb_slice attribute_conversion(const codedb_node_view *view, uint32_t stored)
{
    const codedb_tree *tree = view->tree;
    uint32_t expression = codedb_tree_child(tree, stored, CODEDB_FIELD_expression);
    uint32_t token;
    if (expression == UINT32_MAX)
        return attribute_none();
    for (token = tree->nodes[expression].last; token + 1 < tree->nodes[stored].last; token++) {
        if (tree->tokens[token].kind == CODEDB_TOKEN_EXCLAMATION)
            return attribute_token(view, token + 1);
        if (tree->tokens[token].kind == CODEDB_TOKEN_COLON)
            break;
    }
    return attribute_none();
}

/* Fields that hold text and no node; text is NULL when `node` has no such field, or an empty one. */
static codedb_slice attribute_text_field(const codedb_node_view *view, uint32_t node, unsigned field)
{
    unsigned kind = codedb_view_kind(view, node);
    uint32_t stored = codedb_view_stored(view, node);
    const codedb_node *syntax = stored == UINT32_MAX ? NULL : &view->tree->nodes[stored];
    bool formatted = kind == CODEDB_NODE_FORMATTED_STRING || kind == CODEDB_NODE_TEMPLATED_STRING;
    switch (field) {
    case CODEDB_FIELD_value:
        if (kind == CODEDB_NODE_SIMPLE_WHITESPACE || kind == CODEDB_NODE_COMMENT)
            return attribute_slice(view, view->full[node].start, view->full[node].end);
        if (kind == CODEDB_NODE_NAME || kind == CODEDB_NODE_INTEGER || kind == CODEDB_NODE_FLOAT ||
            kind == CODEDB_NODE_IMAGINARY || kind == CODEDB_NODE_SIMPLE_STRING || kind == CODEDB_NODE_FORMATTED_STRING_TEXT ||
            kind == CODEDB_NODE_TEMPLATED_STRING_TEXT)
            return attribute_token(view, syntax->first);
        return attribute_none();
    case CODEDB_FIELD_star:
        if (kind == CODEDB_NODE_PARAM || kind == CODEDB_NODE_ARG || kind == CODEDB_NODE_INDEX) {
            codedb_slice slice = attribute_token(view, syntax->first);
            return *slice.text == '*' && syntax[1].first != syntax->first ? slice : attribute_none();
        }
        return attribute_none();
    case CODEDB_FIELD_conversion:
        return kind == CODEDB_NODE_FORMATTED_STRING_EXPRESSION || kind == CODEDB_NODE_TEMPLATED_STRING_EXPRESSION
                   ? attribute_conversion(view, stored)
                   : attribute_none();
    case CODEDB_TEXT_FIELD_START: return formatted ? attribute_token(view, syntax->first) : attribute_none();
    case CODEDB_TEXT_FIELD_END: return formatted ? attribute_token(view, syntax->last - 1) : attribute_none();
    default: return attribute_none();
    }
}

static bool attribute_text_holds(codedb_node_view *view, codedb_slice slice, const codedb_attribute_test *test)
{
    if (slice.text == NULL || slice.length == 0)
        return false;
    slice = attribute_with_newlines(view, slice);
    return codedb_attribute_compare(test, slice.text, slice.length, view->regex_scratch);
}

/* One element of a sequence is enough. */
static bool attribute_path_holds(codedb_node_view *view, uint32_t node, const codedb_attribute_test *test, unsigned at)
{
    bool last = at + 1u == test->path_length;
    uint32_t child;
    if (last && attribute_text_holds(view, attribute_text_field(view, node, test->path[at]), test))
        return true;
    for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child)) {
        if (codedb_view_field(view, child) != test->path[at])
            continue;
        if (last ? attribute_text_holds(view, attribute_node_text(view, child), test)
                 : attribute_path_holds(view, child, test, at + 1))
            return true;
    }
    return false;
}

/* Room for the test's regular expression, if it has one; false without memory. */
static bool attribute_make_scratch(codedb_node_view *view, const codedb_attribute_test *test)
{
    size_t size = test->regex == NULL ? 0 : codedb_regex_scratch_size(test->regex);
    if (size <= view->regex_scratch_size)
        return true;
    view->regex_scratch = attribute_allocate(view, size, sizeof *view->regex_scratch);
    view->regex_scratch_size = view->regex_scratch == NULL ? 0 : size;
    return view->regex_scratch != NULL;
}

CODEDB_PRIVATE bool codedb_attribute_holds(codedb_node_view *view, uint32_t node, const codedb_attribute_test *test)
{
    codedb_slice slice;
    if (!attribute_make_scratch(view, test))
        return false;
    if (test->attribute == CODEDB_ATTRIBUTE_FIELD_PATH)
        return attribute_path_holds(view, node, test, 0);
    slice = attribute_value(view, node, (codedb_attribute)test->attribute);
    return slice.text != NULL && codedb_attribute_compare(test, slice.text, slice.length, view->regex_scratch);
}

/* ---- Decorators --------------------------------------------------------------------------------------------------- */

/* Do the node's tokens, one after the other, spell `name`? */
static bool attribute_spells(const codedb_tree *tree, uint32_t stored, const char *name, size_t length)
{
    uint32_t token;
    for (token = tree->nodes[stored].first; token < tree->nodes[stored].last; token++) {
        uint32_t start = tree->tokens[token].start;
        size_t size = codedb_token_end(tree, token) - start;
        if (size > length || memcmp(tree->source + start, name, size) != 0)
            return false;
        name += size;
        length -= size;
    }
    return length == 0;
}

CODEDB_PRIVATE bool codedb_view_is_decorated(const codedb_node_view *view, uint32_t node, const char *name, size_t length)
{
    const codedb_tree *tree = view->tree;
    uint32_t child;
    for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child)) {
        uint32_t said;
        if (codedb_view_field(view, child) != CODEDB_FIELD_decorators)
            continue;
        if (name == NULL)
            return true;
        said = codedb_tree_child(tree, codedb_view_stored(view, child), CODEDB_FIELD_decorator);
        while (said != UINT32_MAX && tree->nodes[said].kind == CODEDB_NODE_CALL)
            said = codedb_tree_child(tree, said, CODEDB_FIELD_func);
        if (said != UINT32_MAX && attribute_spells(tree, said, name, length))
            return true;
    }
    return false;
}
