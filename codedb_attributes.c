/* codedb_attributes.c -- what a node of the CST answers: attributes, fields and places, over the stored or the whole tree.
 *
 * Called by codedb_view.c through the functions of attribute_cst; calls the tree's own functions. The invariants of codedb_view.c
 * hold here, too.
 *
 * Contents: places and names, slices, built-in attributes, fields, decorators, the source. */
#include "codedb_selector.h"

#include <string.h>

/* ---- Places and names --------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE const uint64_t *codedb_view_methods(codedb_node_view *view)
{
    uint32_t class_end = 0;
    uint32_t node;
    if (view->methods != NULL ||
        (view->methods = codedb_view_allocate(view, view->count / 64 + 1, sizeof *view->methods)) == NULL)
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

CODEDB_PRIVATE unsigned codedb_view_kind_of(codedb_node_view *view, uint32_t node)
{
    unsigned kind = codedb_view_kind(view, node);
    const uint64_t *methods;
    if (view->tree == NULL || kind != CODEDB_NODE_FUNCTION_DEF || (methods = codedb_view_methods(view)) == NULL)
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

static codedb_place attribute_start(codedb_node_view *view, uint32_t node)
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

static codedb_place attribute_end(codedb_node_view *view, uint32_t node)
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

static bool attribute_qualname(codedb_node_view *view, uint32_t node)
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

/* ---- Slices ------------------------------------------------------------------------------------------------------- */

static codedb_slice attribute_slice(const codedb_node_view *view, uint32_t start, uint32_t end)
{
    codedb_slice slice = {view->tree->source + start, end - start};
    return slice;
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

static const char *attribute_name(const codedb_node_view *view, uint32_t node, size_t *length)
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

static codedb_slice attribute_fqn(codedb_node_view *view, uint32_t node)
{
    codedb_scopes *scopes = attribute_scopes(view);
    uint32_t stored = attribute_stored_around(view, node);
    view->scratch.length = 0;
    if (scopes == NULL || !codedb_scopes_full_qualname(scopes, stored, &view->scratch))
        return codedb_slice_none();
    return codedb_view_scratch(view);
}

static codedb_slice attribute_module(codedb_node_view *view, uint32_t node)
{
    unsigned kind = codedb_view_kind(view, node);
    uint32_t child;
    if (kind != CODEDB_NODE_IMPORT_FROM && (kind != CODEDB_NODE_LAZY_IMPORT_FROM || view->dialect == CODEDB_DIALECT_REFERENCE))
        return codedb_slice_none();
    child = codedb_view_child(view, node, CODEDB_FIELD_module);
    if (child != UINT32_MAX)
        return attribute_node_text(view, child);
    return view->dialect == CODEDB_DIALECT_REFERENCE ? attribute_slice(view, 0, 0) : codedb_slice_none();
}

static uint32_t attribute_count_children(const codedb_node_view *view, uint32_t node)
{
    uint32_t count = 0;
    uint32_t child;
    for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
        count += codedb_view_stored(view, child) != UINT32_MAX;
    return count;
}

static codedb_slice attribute_count_arguments(codedb_node_view *view, uint32_t node)
{
    unsigned kind = codedb_view_kind(view, node);
    unsigned counted = kind == CODEDB_NODE_CALL ? CODEDB_NODE_ARG : CODEDB_NODE_PARAM;
    uint32_t owner = kind == CODEDB_NODE_CALL ? node : codedb_view_child(view, node, CODEDB_FIELD_params);
    uint32_t count = 0;
    uint32_t child;
    if (kind != CODEDB_NODE_CALL && kind != CODEDB_NODE_FUNCTION_DEF && kind != CODEDB_NODE_LAMBDA)
        return codedb_slice_none();
    for (child = owner + 1; child < codedb_view_end(view, owner); child = codedb_view_end(view, child))
        count += codedb_view_kind(view, child) == counted;
    return codedb_view_number(view, count);
}

static bool attribute_has_docstring(const codedb_node_view *view, uint32_t node)
{
    unsigned kind = codedb_view_kind(view, node);
    return (kind == CODEDB_NODE_MODULE || kind == CODEDB_NODE_CLASS_DEF || kind == CODEDB_NODE_FUNCTION_DEF) &&
           codedb_docstring_statement(view->tree, codedb_view_stored(view, node)) != UINT32_MAX;
}

static codedb_slice attribute_docstring(codedb_node_view *view, uint32_t node)
{
    view->scratch.length = 0;
    if (!attribute_has_docstring(view, node) ||
        !codedb_docstring_append(view->tree, codedb_view_stored(view, node), &view->scratch))
        return codedb_slice_none();
    return codedb_view_scratch(view);
}

static codedb_slice attribute_code(codedb_node_view *view, uint32_t node)
{
    uint32_t start;
    uint32_t end;
    codedb_view_range(view, node, &start, &end);
    return codedb_view_with_newlines(view, attribute_slice(view, start, end));
}

static codedb_slice attribute_offset(codedb_node_view *view, uint32_t node, bool of_end)
{
    uint32_t start;
    uint32_t end;
    codedb_view_range(view, node, &start, &end);
    return codedb_view_number(view, of_end ? end : start);
}

/* What is the CST's own way of answering. */
static codedb_slice attribute_value(codedb_node_view *view, uint32_t node, codedb_attribute attribute)
{
    switch (attribute) {
    case CODEDB_ATTRIBUTE_fqn: return attribute_fqn(view, node);
    case CODEDB_ATTRIBUTE_module: return attribute_module(view, node);
    case CODEDB_ATTRIBUTE_start_byte: return attribute_offset(view, node, false);
    case CODEDB_ATTRIBUTE_end_byte: return attribute_offset(view, node, true);
    case CODEDB_ATTRIBUTE_children_count:
        return codedb_view_number(view, view->dialect == CODEDB_DIALECT_REFERENCE ? 0 : attribute_count_children(view, node));
    case CODEDB_ATTRIBUTE_args_count: return attribute_count_arguments(view, node);
    case CODEDB_ATTRIBUTE_docstring: return attribute_docstring(view, node);
    case CODEDB_ATTRIBUTE_code: return attribute_code(view, node);
    default: return codedb_slice_none(); /* path: a tree that is not stored has none */
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
        return codedb_slice_none();
    for (token = tree->nodes[expression].last; token + 1 < tree->nodes[stored].last; token++) {
        if (tree->tokens[token].kind == CODEDB_TOKEN_EXCLAMATION)
            return attribute_token(view, token + 1);
        if (tree->tokens[token].kind == CODEDB_TOKEN_COLON)
            break;
    }
    return codedb_slice_none();
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
        return codedb_slice_none();
    case CODEDB_FIELD_star:
        if (kind == CODEDB_NODE_PARAM || kind == CODEDB_NODE_ARG || kind == CODEDB_NODE_INDEX) {
            codedb_slice slice = attribute_token(view, syntax->first);
            return *slice.text == '*' && syntax[1].first != syntax->first ? slice : codedb_slice_none();
        }
        return codedb_slice_none();
    case CODEDB_FIELD_conversion:
        return kind == CODEDB_NODE_FORMATTED_STRING_EXPRESSION || kind == CODEDB_NODE_TEMPLATED_STRING_EXPRESSION
                   ? attribute_conversion(view, stored)
                   : codedb_slice_none();
    case CODEDB_TEXT_FIELD_START: return formatted ? attribute_token(view, syntax->first) : codedb_slice_none();
    case CODEDB_TEXT_FIELD_END: return formatted ? attribute_token(view, syntax->last - 1) : codedb_slice_none();
    default: return codedb_slice_none();
    }
}

static bool attribute_text_holds(codedb_node_view *view, codedb_slice slice, const codedb_attribute_test *test)
{
    if (slice.text == NULL || slice.length == 0)
        return false;
    slice = codedb_view_with_newlines(view, slice);
    return codedb_view_compare(view, test, slice);
}

/* One element of a sequence is enough. */
static bool attribute_path_holds_from(codedb_node_view *view, uint32_t node, const codedb_attribute_test *test, unsigned at)
{
    bool last = at + 1u == test->path_length;
    uint32_t child;
    if (last && attribute_text_holds(view, attribute_text_field(view, node, test->path[at]), test))
        return true;
    for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child)) {
        if (codedb_view_field(view, child) != test->path[at])
            continue;
        if (last ? attribute_text_holds(view, attribute_node_text(view, child), test)
                 : attribute_path_holds_from(view, child, test, at + 1))
            return true;
    }
    return false;
}

static bool attribute_path_holds(codedb_node_view *view, uint32_t node, const codedb_attribute_test *test)
{
    return attribute_path_holds_from(view, node, test, 0);
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

static bool attribute_is_decorated(const codedb_node_view *view, uint32_t node, const char *name, size_t length)
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
        if (said != UINT32_MAX &&
            (tree->nodes[said].kind == CODEDB_NODE_NAME || tree->nodes[said].kind == CODEDB_NODE_ATTRIBUTE) &&
            attribute_spells(tree, said, name, length))
            return true;
    }
    return false;
}

/* ---- The source --------------------------------------------------------------------------------------------------- */

static bool attribute_is_async(const codedb_node_view *view, uint32_t node)
{
    return codedb_view_child(view, node, CODEDB_FIELD_asynchronous) != UINT32_MAX;
}

static bool attribute_describe(codedb_node_view *view, uint32_t node, codedb_arena *arena, codedb_node_info *info)
{
    uint32_t from;
    uint32_t to;
    codedb_view_range(view, node, &from, &to);
    info->start_byte = from;
    info->end_byte = to;
    info->code_length = to - from;
    info->code = codedb_arena_copy(arena, view->tree->source + from, to - from);
    return info->code != NULL;
}

static const codedb_node_source attribute_cst = {
    .value = attribute_value,
    .path_holds = attribute_path_holds,
    .name = attribute_name,
    .qualname = attribute_qualname,
    .start = attribute_start,
    .end = attribute_end,
    .has_docstring = attribute_has_docstring,
    .is_decorated = attribute_is_decorated,
    .is_async = attribute_is_async,
    .describe = attribute_describe,
};

CODEDB_PRIVATE void codedb_view_open_tree(codedb_node_view *view, const codedb_tree *tree, const codedb_full_tree *full,
                                          codedb_arena *arena)
{
    codedb_view_open(view, &attribute_cst, &tree->allocator, arena);
    view->vocabulary = codedb_vocabulary_cst();
    view->tree = tree;
    view->naming.identities = tree->identities;
    view->text = (codedb_slice){tree->source, tree->length};
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
}
