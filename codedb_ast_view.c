/* codedb_ast_view.c -- what a node of CPython's ast answers: attributes, fields and places.
 *
 * Called by codedb_view.c through the functions of ast_view_source. Calls codedb_ast_read.c for values in the JSON, and reads the source,
 * where that is at hand. The invariants of codedb_view.c hold here, too.
 *
 * Of the two names with dots, qualname follows the original engine's rule and fqn Python 3.12's, as codedb_scope.c has them for the CST.
 *
 * Contents: texts, places, scopes, names, constants, texts of nodes, attributes, fields, docstrings and decorators, the source. */
#include "codedb_ast_read.h"

#include <string.h>

#define AST_VIEW_NONE UINT32_MAX

/* ---- Texts -------------------------------------------------------------------------------------------------------- */

static codedb_ast_class ast_view_class(const codedb_node_view *view, uint32_t node)
{
    return codedb_ast_kind_class(codedb_view_kind(view, node));
}

static codedb_slice ast_view_slice(const char *text)
{
    codedb_slice slice = {text, strlen(text)};
    return slice;
}

/* A string's text: a slice of the JSON, or, with escapes, in the context's buffer until the next question. None for what is no string. */
static codedb_slice ast_view_string(const codedb_node_view *view, codedb_ast_value value)
{
    codedb_ast_context *context = view->ast;
    codedb_slice slice = {context->ast->text + value.start + 1, value.stop - value.start - 2};
    if (value.start == value.stop || context->ast->text[value.start] != '"')
        return codedb_slice_none();
    if (memchr(slice.text, '\\', slice.length) == NULL)
        return slice;
    context->unescaped.length = 0;
    codedb_ast_append_string(context->ast, value, &context->unescaped);
    if (context->unescaped.failed)
        return codedb_slice_none();
    slice.text = context->unescaped.data == NULL ? "" : context->unescaped.data;
    slice.length = context->unescaped.length;
    return slice;
}

static codedb_slice ast_view_field_string(const codedb_node_view *view, uint32_t node, unsigned field)
{
    return ast_view_string(view, codedb_ast_value_of(view->ast->ast, node, field));
}

/* ---- Places ------------------------------------------------------------------------------------------------------- */

static bool ast_view_find_lines(codedb_node_view *view)
{
    codedb_ast_context *context = view->ast;
    const char *text = view->text.text;
    size_t length = view->text.length;
    size_t count = 1;
    size_t i;
    if (context->line_starts != NULL)
        return true;
    for (i = 0; i < length; i++)
        count += text[i] == '\n' || text[i] == '\r';
    context->line_starts = codedb_view_allocate(view, count, sizeof *context->line_starts);
    if (context->line_starts == NULL)
        return false;
    context->line_starts[context->line_count++] = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (i = 0; i < length; i++)
        if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == length || text[i + 1] != '\n')))
            context->line_starts[context->line_count++] = i + 1;
    return true;
}

/* The offset of a place in the source; false when it is not there. */
static bool ast_view_offset(codedb_node_view *view, uint32_t line, uint32_t column, size_t *offset)
{
    const codedb_ast_context *context = view->ast;
    if (line == 0 || view->text.text == NULL || !ast_view_find_lines(view) || line > context->line_count)
        return false;
    *offset = context->line_starts[line - 1] + column;
    return *offset <= view->text.length;
}

CODEDB_PRIVATE bool codedb_ast_source_range(codedb_node_view *view, uint32_t node, size_t *start, size_t *end)
{
    const codedb_ast_node *at = &view->ast->ast->nodes[node];
    return ast_view_offset(view, at->line, at->column, start) && ast_view_offset(view, at->end_line, at->end_column, end) &&
           *start <= *end;
}

static codedb_place ast_view_start(codedb_node_view *view, uint32_t node)
{
    const codedb_ast_node *at = &view->ast->ast->nodes[node];
    codedb_place place = {at->line, at->column};
    return place;
}

static codedb_place ast_view_end(codedb_node_view *view, uint32_t node)
{
    const codedb_ast_node *at = &view->ast->ast->nodes[node];
    codedb_place place = {at->end_line, at->end_column};
    return place;
}

/* ---- Scopes ------------------------------------------------------------------------------------------------------- */

static bool ast_view_is_function(codedb_ast_class class)
{
    return class == CODEDB_AST_CLASS_FUNCTION_DEF || class == CODEDB_AST_CLASS_ASYNC_FUNCTION_DEF;
}

static bool ast_view_is_definition(codedb_ast_class class)
{
    return ast_view_is_function(class) || class == CODEDB_AST_CLASS_CLASS_DEF;
}

static bool ast_view_is_scope(codedb_ast_class class)
{
    return ast_view_is_definition(class) || class == CODEDB_AST_CLASS_LAMBDA || class == CODEDB_AST_CLASS_GENERATOR_EXP;
}

/* The scope in which the child of `node` is evaluated: decorators, parameters, bases and the first iterable of a generator
 * expression belong to the scope around. */
static uint32_t ast_view_evaluate(const codedb_node_view *view, uint32_t node, uint32_t child)
{
    const uint32_t *evaluated = view->ast->evaluated;
    codedb_ast_class class = ast_view_class(view, node);
    uint32_t parent = view->parents[node];
    if (class == CODEDB_AST_CLASS_GENERATOR_EXP)
        return node;
    if (ast_view_is_scope(class))
        return codedb_view_field(view, child) == CODEDB_AST_FIELD_body ? node : evaluated[node];
    if (class == CODEDB_AST_CLASS_COMPREHENSION && view->ast->ast->nodes[node].index == 0 && parent != AST_VIEW_NONE &&
        ast_view_class(view, parent) == CODEDB_AST_CLASS_GENERATOR_EXP && codedb_view_field(view, child) == CODEDB_AST_FIELD_iter)
        return evaluated[parent];
    return evaluated[node];
}

/* For each node the innermost scope that holds it, and that in which it is evaluated. */
static bool ast_view_find_scopes(codedb_node_view *view)
{
    codedb_ast_context *context = view->ast;
    uint32_t node;
    uint32_t child;
    if (context->evaluated != NULL)
        return true;
    context->around = codedb_view_allocate(view, view->count, sizeof *context->around);
    if (context->around == NULL || codedb_view_parents(view) == NULL)
        return false;
    context->evaluated = codedb_view_allocate(view, view->count, sizeof *context->evaluated);
    if (context->evaluated == NULL)
        return false;
    context->around[0] = AST_VIEW_NONE;
    context->evaluated[0] = AST_VIEW_NONE;
    for (node = 0; node < view->count; node++) {
        bool is_scope = ast_view_is_scope(ast_view_class(view, node));
        for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child)) {
            context->around[child] = is_scope ? node : context->around[node];
            context->evaluated[child] = ast_view_evaluate(view, node, child);
        }
    }
    return true;
}

/* Adds the names of a Global to those of the scope that it is in. */
static void ast_view_add_globals(codedb_node_view *view, uint32_t node)
{
    codedb_ast_context *context = view->ast;
    codedb_ast_value list = codedb_ast_value_of(context->ast, node, CODEDB_AST_FIELD_names);
    codedb_ast_value item;
    size_t at = list.start;
    while (list.start < list.stop && codedb_ast_next_item(context->ast, &at, &item)) {
        codedb_ast_global *global = codedb_view_allocate(view, 1, sizeof *global);
        codedb_slice name = ast_view_string(view, item);
        char *copy = codedb_view_allocate(view, name.length, 1);
        if (global == NULL || copy == NULL)
            return;
        memcpy(copy, name.text == NULL ? "" : name.text, name.length);
        global->scope = context->evaluated[node];
        global->name = (codedb_slice){copy, name.length};
        global->next = context->globals;
        context->globals = global;
    }
}

static void ast_view_find_globals(codedb_node_view *view)
{
    uint32_t node;
    if (view->ast->knows_globals)
        return;
    view->ast->knows_globals = true;
    for (node = 0; node < view->count; node++)
        if (ast_view_class(view, node) == CODEDB_AST_CLASS_GLOBAL)
            ast_view_add_globals(view, node);
}

/* ---- Names -------------------------------------------------------------------------------------------------------- */

static codedb_slice ast_view_name_slice(const codedb_node_view *view, uint32_t node)
{
    codedb_ast_class class = ast_view_class(view, node);
    if (class == CODEDB_AST_CLASS_NAME)
        return ast_view_field_string(view, node, CODEDB_AST_FIELD_id);
    if (class == CODEDB_AST_CLASS_TYPE_ALIAS) {
        uint32_t name = codedb_ast_child(view->ast->ast, node, CODEDB_AST_FIELD_name);
        return ast_view_class(view, name) == CODEDB_AST_CLASS_NAME ? ast_view_name_slice(view, name) : codedb_slice_none();
    }
    return ast_view_field_string(view, node, CODEDB_AST_FIELD_name);
}

static const char *ast_view_name(const codedb_node_view *view, uint32_t node, size_t *length)
{
    codedb_slice slice = ast_view_name_slice(view, node);
    *length = slice.length;
    return slice.text;
}

/* Bytes back to front: a chain of scopes is walked from the innermost outwards, and turned round as a whole at its end. */
static void ast_view_append_turned(codedb_buffer *out, codedb_slice slice)
{
    while (slice.length > 0)
        codedb_buffer_append_byte(out, slice.text[--slice.length]);
}

static void ast_view_turn(codedb_buffer *buffer)
{
    size_t i;
    if (buffer->failed)
        return;
    for (i = 0; i < buffer->length / 2; i++) {
        char byte = buffer->data[i];
        buffer->data[i] = buffer->data[buffer->length - 1 - i];
        buffer->data[buffer->length - 1 - i] = byte;
    }
}

/* The names of the classes, or functions, from `scope` outwards, the first `skip` of them left out. */
static void ast_view_append_chain(codedb_node_view *view, uint32_t scope, bool classes, unsigned skip)
{
    codedb_buffer *out = &view->scratch;
    for (; scope != AST_VIEW_NONE; scope = view->ast->around[scope]) {
        codedb_ast_class class = ast_view_class(view, scope);
        if (!ast_view_is_definition(class) || (class == CODEDB_AST_CLASS_CLASS_DEF) != classes)
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        if (out->length > 0)
            codedb_buffer_append_byte(out, '.');
        ast_view_append_turned(out, ast_view_name_slice(view, scope));
    }
}

static bool ast_view_has_class_around(const codedb_node_view *view, uint32_t scope)
{
    while (scope != AST_VIEW_NONE && ast_view_class(view, scope) != CODEDB_AST_CLASS_CLASS_DEF)
        scope = view->ast->around[scope];
    return scope != AST_VIEW_NONE;
}

/* The original engine's: class names around, and then: of a class its name; of a function its name, behind the functions around
 * but the nearest when there is no class; of other nodes all functions around. */
static bool ast_view_qualname(codedb_node_view *view, uint32_t node)
{
    codedb_ast_class class = ast_view_class(view, node);
    uint32_t around;
    view->scratch.length = 0;
    if (!ast_view_find_scopes(view))
        return false;
    around = view->ast->around[node];
    if (ast_view_is_definition(class))
        ast_view_append_turned(&view->scratch, ast_view_name_slice(view, node));
    if (!ast_view_is_definition(class))
        ast_view_append_chain(view, around, false, 0);
    else if (ast_view_is_function(class) && !ast_view_has_class_around(view, around))
        ast_view_append_chain(view, around, false, 1);
    ast_view_append_chain(view, around, true, 0);
    ast_view_turn(&view->scratch);
    return view->scratch.length > 0;
}

/* Was the name of the def or class declared global where it is defined? */
static bool ast_view_is_global(codedb_node_view *view, uint32_t scope)
{
    const codedb_ast_context *context = view->ast;
    const codedb_ast_global *global;
    codedb_slice name;
    ast_view_find_globals(view);
    if (context->globals == NULL || context->evaluated[scope] == AST_VIEW_NONE ||
        !ast_view_is_definition(ast_view_class(view, scope)))
        return false;
    name = ast_view_name_slice(view, scope);
    for (global = context->globals; global != NULL; global = global->next)
        if (global->scope == context->evaluated[scope] && global->name.length == name.length &&
            memcmp(global->name.text, name.text, name.length) == 0)
            return true;
    return false;
}

/* One part of Python's __qualname__, and what stands between it and the one before. */
static void ast_view_append_part(codedb_node_view *view, uint32_t scope, uint32_t prefix)
{
    codedb_buffer *out = &view->scratch;
    codedb_ast_class class = ast_view_class(view, scope);
    if (class == CODEDB_AST_CLASS_LAMBDA)
        ast_view_append_turned(out, ast_view_slice("<lambda>"));
    else if (class == CODEDB_AST_CLASS_GENERATOR_EXP)
        ast_view_append_turned(out, ast_view_slice("<genexpr>"));
    else
        ast_view_append_turned(out, ast_view_name_slice(view, scope));
    if (prefix == AST_VIEW_NONE)
        return;
    codedb_buffer_append_byte(out, '.');
    class = ast_view_class(view, prefix);
    if (ast_view_is_function(class) || class == CODEDB_AST_CLASS_LAMBDA)
        ast_view_append_turned(out, ast_view_slice(".<locals>"));
}

static codedb_slice ast_view_fqn(codedb_node_view *view, uint32_t node)
{
    uint32_t scope;
    uint32_t prefix;
    view->scratch.length = 0;
    if (!ast_view_find_scopes(view))
        return codedb_slice_none();
    scope = ast_view_is_scope(ast_view_class(view, node)) ? node : view->ast->evaluated[node];
    if (scope == AST_VIEW_NONE)
        return codedb_slice_none();
    for (; scope != AST_VIEW_NONE; scope = prefix) {
        prefix = ast_view_is_global(view, scope) ? AST_VIEW_NONE : view->ast->evaluated[scope];
        ast_view_append_part(view, scope, prefix);
    }
    ast_view_turn(&view->scratch);
    return codedb_view_scratch(view);
}

/* ---- Constants ---------------------------------------------------------------------------------------------------- */

/* Where the value of a constant's form {"key": value} is; the key in *key. */
static codedb_ast_value ast_view_form(const codedb_ast *ast, codedb_ast_value form, codedb_ast_value *key)
{
    codedb_ast_value value;
    size_t at = codedb_ast_skip_space(ast->text, form.start + 1, form.stop);
    key->start = (uint32_t)at;
    at = (size_t)((const char *)memchr(ast->text + at + 1, '"', form.stop - at) - ast->text) + 1;
    key->stop = (uint32_t)at;
    at = codedb_ast_skip_space(ast->text, at, form.stop) + 1; /* behind the colon */
    value.start = (uint32_t)codedb_ast_skip_space(ast->text, at, form.stop);
    value.stop = form.stop - 1;
    while (strchr(" \n\r\t", ast->text[value.stop - 1]) != NULL)
        value.stop--;
    return value;
}

/* Appends {"text": [...]}. */
static void ast_view_append_pieces(const codedb_ast *ast, codedb_ast_value list, codedb_buffer *out)
{
    codedb_ast_value item;
    size_t at = list.start;
    while (codedb_ast_next_item(ast, &at, &item))
        codedb_ast_append_string(ast, item, out);
}

/* Is the value a str? Then its text is appended, unless `out` is NULL. */
static bool ast_view_append_str(const codedb_ast *ast, codedb_ast_value value, codedb_buffer *out)
{
    codedb_ast_value key;
    codedb_ast_value inner;
    if (value.start == value.stop)
        return false;
    if (ast->text[value.start] == '"') {
        if (out != NULL)
            codedb_ast_append_string(ast, value, out);
        return true;
    }
    if (ast->text[value.start] != '{')
        return false;
    inner = ast_view_form(ast, value, &key);
    if (ast->text[key.start + 1] != 't')
        return false;
    if (out != NULL)
        ast_view_append_pieces(ast, inner, out);
    return true;
}

/* {"int" ...}, {"float" ...}, {"complex" ...}, {"bytes" ...}, {"ellipsis" ...}, as Python would print the value; bytes as characters. */
static void ast_view_append_form(const codedb_ast *ast, codedb_ast_value form, codedb_buffer *out)
{
    codedb_ast_value key;
    codedb_ast_value value = ast_view_form(ast, form, &key);
    switch (ast->text[key.start + 1]) {
    case 'e': codedb_buffer_append_text(out, "..."); return;
    case 'c':
        if (ast->text[value.start] == '{')
            ast_view_append_form(ast, value, out);
        else
            codedb_buffer_append(out, ast->text + value.start, value.stop - value.start);
        codedb_buffer_append_byte(out, 'j');
        return;
    default: codedb_ast_append_string(ast, value, out);
    }
}

/* The text of a Constant's or MatchSingleton's value. */
static codedb_slice ast_view_constant(codedb_node_view *view, codedb_ast_value value)
{
    const codedb_ast *ast = view->ast->ast;
    codedb_slice slice = {ast->text + value.start, value.stop - value.start};
    if (value.start == value.stop)
        return codedb_slice_none();
    switch (*slice.text) {
    case 'n': return ast_view_slice("None");
    case 't': return ast_view_slice("True");
    case 'f': return ast_view_slice("False");
    case '"': return ast_view_string(view, value);
    case '{': break;
    default: return slice;
    }
    view->scratch.length = 0;
    if (!ast_view_append_str(ast, value, &view->scratch))
        ast_view_append_form(ast, value, &view->scratch);
    return codedb_view_scratch(view);
}

/* ---- Texts of nodes ----------------------------------------------------------------------------------------------- */

/* Appends a Name or Attribute as it is written with dots, back to front; false when it is anything else. */
static bool ast_view_append_dotted(const codedb_node_view *view, uint32_t node, codedb_buffer *out)
{
    const codedb_ast *ast = view->ast->ast;
    while (ast_view_class(view, node) == CODEDB_AST_CLASS_ATTRIBUTE) {
        ast_view_append_turned(out, ast_view_field_string(view, node, CODEDB_AST_FIELD_attr));
        codedb_buffer_append_byte(out, '.');
        node = codedb_ast_child(ast, node, CODEDB_AST_FIELD_value);
    }
    if (ast_view_class(view, node) != CODEDB_AST_CLASS_NAME)
        return false;
    ast_view_append_turned(out, ast_view_field_string(view, node, CODEDB_AST_FIELD_id));
    return true;
}

/* A name with dots, in view->scratch; none when the node is anything else. */
static codedb_slice ast_view_dotted(codedb_node_view *view, uint32_t node)
{
    view->scratch.length = 0;
    if (!ast_view_append_dotted(view, node, &view->scratch))
        return codedb_slice_none();
    ast_view_turn(&view->scratch);
    return codedb_view_scratch(view);
}

/* What a node says as somebody's field: its source text, where the source is at hand; without it, names with dots say themselves. Of
 * operators and contexts it is their class. */
static codedb_slice ast_view_node_text(codedb_node_view *view, uint32_t node)
{
    codedb_ast_class class = ast_view_class(view, node);
    codedb_slice slice;
    size_t start;
    size_t end;
    switch (codedb_ast_class_category(class)) {
    case CODEDB_AST_EXPR_CONTEXT:
    case CODEDB_AST_BOOLOP:
    case CODEDB_AST_OPERATOR:
    case CODEDB_AST_UNARYOP:
    case CODEDB_AST_CMPOP: return ast_view_slice(codedb_ast_class_name(class));
    default: break;
    }
    if (!codedb_ast_source_range(view, node, &start, &end))
        return ast_view_dotted(view, node);
    slice.text = view->text.text + start;
    slice.length = end - start;
    return codedb_view_with_newlines(view, slice);
}

/* ---- Attributes --------------------------------------------------------------------------------------------------- */

static codedb_slice ast_view_code(codedb_node_view *view, uint32_t node)
{
    codedb_slice slice;
    size_t start;
    size_t end;
    if (!codedb_ast_source_range(view, node, &start, &end))
        return codedb_slice_none();
    slice.text = view->text.text + start;
    slice.length = end - start;
    return codedb_view_with_newlines(view, slice);
}

static codedb_slice ast_view_byte(codedb_node_view *view, uint32_t node, bool of_end)
{
    size_t start;
    size_t end;
    if (!codedb_ast_source_range(view, node, &start, &end))
        return codedb_slice_none();
    return codedb_view_number(view, (uint32_t)(of_end ? end : start));
}

static uint32_t ast_view_count(const codedb_node_view *view, uint32_t node, bool arguments_only)
{
    uint32_t count = 0;
    uint32_t child;
    for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child)) {
        unsigned field = codedb_view_field(view, child);
        codedb_ast_class class = ast_view_class(view, child);
        count += !arguments_only || class == CODEDB_AST_CLASS_ARG || field == CODEDB_AST_FIELD_args ||
                 field == CODEDB_AST_FIELD_keywords;
    }
    return count;
}

/* Of a def or lambda the parameters, of a call the arguments. */
static codedb_slice ast_view_count_arguments(codedb_node_view *view, uint32_t node)
{
    codedb_ast_class class = ast_view_class(view, node);
    if (class == CODEDB_AST_CLASS_CALL)
        return codedb_view_number(view, ast_view_count(view, node, true));
    if (!ast_view_is_function(class) && class != CODEDB_AST_CLASS_LAMBDA)
        return codedb_slice_none();
    return codedb_view_number(view, ast_view_count(view, codedb_ast_child(view->ast->ast, node, CODEDB_AST_FIELD_args), true));
}

/* The value of the string that is the docstring; start == stop: there is none. */
static codedb_ast_value ast_view_docstring_value(const codedb_node_view *view, uint32_t node)
{
    const codedb_ast *ast = view->ast->ast;
    codedb_ast_class class = ast_view_class(view, node);
    codedb_ast_value none = {0, 0};
    codedb_ast_value value;
    uint32_t first;
    if (class != CODEDB_AST_CLASS_MODULE && !ast_view_is_definition(class))
        return none;
    first = codedb_ast_child(ast, node, CODEDB_AST_FIELD_body);
    if (first == AST_VIEW_NONE || ast_view_class(view, first) != CODEDB_AST_CLASS_EXPR ||
        ast_view_class(view, first + 1) != CODEDB_AST_CLASS_CONSTANT)
        return none;
    value = codedb_ast_value_of(ast, first + 1, CODEDB_AST_FIELD_value);
    return ast_view_append_str(ast, value, NULL) ? value : none;
}

static bool ast_view_has_docstring(const codedb_node_view *view, uint32_t node)
{
    codedb_ast_value value = ast_view_docstring_value(view, node);
    return value.start < value.stop;
}

static codedb_slice ast_view_docstring(codedb_node_view *view, uint32_t node)
{
    codedb_ast_value value = ast_view_docstring_value(view, node);
    view->scratch.length = 0;
    if (value.start == value.stop || !ast_view_append_str(view->ast->ast, value, &view->scratch))
        return codedb_slice_none();
    codedb_docstring_clean(&view->scratch, 0);
    return codedb_view_scratch(view);
}

static codedb_slice ast_view_attribute(codedb_node_view *view, uint32_t node, codedb_attribute attribute)
{
    switch (attribute) {
    case CODEDB_ATTRIBUTE_fqn: return ast_view_fqn(view, node);
    case CODEDB_ATTRIBUTE_module:
        return ast_view_class(view, node) == CODEDB_AST_CLASS_IMPORT_FROM
                   ? ast_view_field_string(view, node, CODEDB_AST_FIELD_module)
                   : codedb_slice_none();
    case CODEDB_ATTRIBUTE_start_byte: return ast_view_byte(view, node, false);
    case CODEDB_ATTRIBUTE_end_byte: return ast_view_byte(view, node, true);
    case CODEDB_ATTRIBUTE_children_count: return codedb_view_number(view, ast_view_count(view, node, false));
    case CODEDB_ATTRIBUTE_args_count: return ast_view_count_arguments(view, node);
    case CODEDB_ATTRIBUTE_docstring: return ast_view_docstring(view, node);
    case CODEDB_ATTRIBUTE_code: return ast_view_code(view, node);
    default: return codedb_slice_none();
    }
}

/* ---- Fields ------------------------------------------------------------------------------------------------------- */

static bool ast_view_text_holds(codedb_node_view *view, codedb_slice slice, const codedb_attribute_test *test)
{
    return slice.text != NULL && slice.length > 0 &&
           codedb_attribute_compare(test, slice.text, slice.length, view->regex_scratch, &view->regex_clock);
}

/* The field as far as it holds text: one name of a list is enough. */
static bool ast_view_plain_field_holds(codedb_node_view *view, uint32_t node, unsigned field, const codedb_attribute_test *test)
{
    const codedb_ast *ast = view->ast->ast;
    codedb_ast_class class = ast_view_class(view, node);
    codedb_ast_value value = codedb_ast_value_of(ast, node, field);
    codedb_ast_value item;
    size_t at = value.start;
    if (value.start == value.stop)
        return false;
    if (field == CODEDB_AST_FIELD_value && (class == CODEDB_AST_CLASS_CONSTANT || class == CODEDB_AST_CLASS_MATCH_SINGLETON))
        return ast_view_text_holds(view, ast_view_constant(view, value), test);
    switch (ast->text[value.start]) {
    case '"': return ast_view_text_holds(view, ast_view_string(view, value), test);
    case '{': return field == CODEDB_AST_FIELD_str && ast_view_text_holds(view, ast_view_constant(view, value), test);
    case 'n': return false;
    case '[':
        while (codedb_ast_next_item(ast, &at, &item) && ast->text[item.start] == '"')
            if (ast_view_text_holds(view, ast_view_string(view, item), test))
                return true;
        return false;
    default: return ast_view_text_holds(view, ast_view_constant(view, value), test);
    }
}

/* A node without a text of its own is there, and equals nothing. */
static bool ast_view_node_holds(codedb_node_view *view, uint32_t node, const codedb_attribute_test *test)
{
    return test->relation == CODEDB_OPERATOR_EXISTS || ast_view_text_holds(view, ast_view_node_text(view, node), test);
}

static bool ast_view_path_holds_from(codedb_node_view *view, uint32_t node, const codedb_attribute_test *test, unsigned at)
{
    bool last = at + 1u == test->path_length;
    uint32_t child;
    if (last && ast_view_plain_field_holds(view, node, test->path[at], test))
        return true;
    for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child)) {
        if (codedb_view_field(view, child) != test->path[at])
            continue;
        if (last ? ast_view_node_holds(view, child, test) : ast_view_path_holds_from(view, child, test, at + 1))
            return true;
    }
    return false;
}

static bool ast_view_path_holds(codedb_node_view *view, uint32_t node, const codedb_attribute_test *test)
{
    return ast_view_path_holds_from(view, node, test, 0);
}

/* ---- Decorators and async ----------------------------------------------------------------------------------------- */

/* Does the expression, calls taken off, say that name with dots? */
static bool ast_view_spells(const codedb_node_view *view, uint32_t node, const char *name, size_t length)
{
    const codedb_ast *ast = view->ast->ast;
    while (ast_view_class(view, node) == CODEDB_AST_CLASS_CALL)
        node = codedb_ast_child(ast, node, CODEDB_AST_FIELD_func);
    while (ast_view_class(view, node) == CODEDB_AST_CLASS_ATTRIBUTE) {
        codedb_slice attribute = ast_view_field_string(view, node, CODEDB_AST_FIELD_attr);
        if (attribute.length >= length || memcmp(name + length - attribute.length, attribute.text, attribute.length) != 0 ||
            name[length - attribute.length - 1] != '.')
            return false;
        length -= attribute.length + 1;
        node = codedb_ast_child(ast, node, CODEDB_AST_FIELD_value);
    }
    if (ast_view_class(view, node) == CODEDB_AST_CLASS_NAME) {
        codedb_slice own = ast_view_field_string(view, node, CODEDB_AST_FIELD_id);
        return own.length == length && memcmp(own.text, name, length) == 0;
    }
    return false;
}

static bool ast_view_is_decorated(const codedb_node_view *view, uint32_t node, const char *name, size_t length)
{
    uint32_t child;
    for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
        if (codedb_view_field(view, child) == CODEDB_AST_FIELD_decorator_list &&
            (name == NULL || ast_view_spells(view, child, name, length)))
            return true;
    return false;
}

static bool ast_view_is_async(const codedb_node_view *view, uint32_t node)
{
    const codedb_ast *ast = view->ast->ast;
    codedb_ast_value value;
    switch (ast_view_class(view, node)) {
    case CODEDB_AST_CLASS_ASYNC_FUNCTION_DEF:
    case CODEDB_AST_CLASS_ASYNC_FOR:
    case CODEDB_AST_CLASS_ASYNC_WITH: return true;
    case CODEDB_AST_CLASS_COMPREHENSION:
        value = codedb_ast_value_of(ast, node, CODEDB_AST_FIELD_is_async);
        return value.start < value.stop && ast->text[value.start] != '0';
    default: return false;
    }
}

/* ---- The source --------------------------------------------------------------------------------------------------- */

static bool ast_view_describe(codedb_node_view *view, uint32_t node, codedb_arena *arena, codedb_node_info *info)
{
    const codedb_ast *ast = view->ast->ast;
    const codedb_ast_node *at = &ast->nodes[node];
    size_t start;
    size_t end;
    if (codedb_ast_source_range(view, node, &start, &end)) {
        info->start_byte = start;
        info->end_byte = end;
        info->code_length = end - start;
        info->code = codedb_arena_copy(arena, view->text.text + start, end - start);
        if (info->code == NULL)
            return false;
    }
    info->ast_json_length = at->stop - at->start;
    info->ast_json = codedb_arena_copy(arena, ast->text + at->start, at->stop - at->start);
    return info->ast_json != NULL && !view->ast->unescaped.failed;
}

static const codedb_node_source ast_view_source = {
    .value = ast_view_attribute,
    .path_holds = ast_view_path_holds,
    .name = ast_view_name,
    .qualname = ast_view_qualname,
    .start = ast_view_start,
    .end = ast_view_end,
    .has_docstring = ast_view_has_docstring,
    .is_decorated = ast_view_is_decorated,
    .is_async = ast_view_is_async,
    .describe = ast_view_describe,
};

CODEDB_PRIVATE void codedb_view_open_ast(codedb_node_view *view, codedb_ast_context *context, codedb_slice source,
                                         codedb_arena *arena)
{
    const codedb_ast *ast = context->ast;
    codedb_view_open(view, &ast_view_source, &ast->allocator, arena);
    view->vocabulary = codedb_vocabulary_ast();
    view->ast = context;
    view->text = source;
    view->count = ast->node_count;
    view->stride = sizeof *ast->nodes;
    view->kinds = &ast->nodes->kind;
    view->fields = &ast->nodes->field;
    view->ends = (const unsigned char *)&ast->nodes->end;
    codedb_buffer_init(&context->unescaped, &ast->allocator);
}
