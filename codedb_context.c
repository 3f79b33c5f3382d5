/* codedb_context.c -- statements that the grammar takes anywhere and CPython's compiler does not: `return` outside a def ...
 *
 * Called by codedb_edit.c for the parts of a source that an edit has made. Reads a tree. Any thread.
 *
 * Faults elsewhere in the file are not looked at: they are no reason to refuse an edit. A rule is a row of data: which nodes it
 * looks at, and a function that finds what is wrong. */
#include "codedb_edit.h"

#include <string.h>

/* What a scope has of its own. */
enum { CONTEXT_YIELDS = 1, CONTEXT_RETURNS_VALUE = 2 };

typedef struct context_pass {
    const codedb_tree *tree;
    uint32_t *parents;
    uint8_t *traits; /* of scopes: CONTEXT_YIELDS ... */
    bool defers;     /* annotations are evaluated later, in a scope of their own */
} context_pass;

/* What is wrong with a node of the rule's kind, as CPython says it; NULL when nothing is. */
typedef const char *(*context_rule_function)(const context_pass *pass, uint32_t node);

static uint8_t context_kind(const context_pass *pass, uint32_t node)
{
    return pass->tree->nodes[node].kind;
}

/* Whether `child` (an ancestor of what is looked at, or that itself) is evaluated in the scope around `scope`, its parent:
 * decorators, defaults, annotations and bases are. */
static bool context_is_outside(const context_pass *pass, uint32_t scope, uint32_t child)
{
    return context_kind(pass, scope) != CODEDB_NODE_MODULE && pass->tree->nodes[child].field != CODEDB_FIELD_body;
}

/* The def, class, lambda or module whose code the node is. */
static uint32_t context_scope(const context_pass *pass, uint32_t node)
{
    for (uint32_t child = node, at = pass->parents[node]; at != UINT32_MAX; child = at, at = pass->parents[at]) {
        uint8_t kind = context_kind(pass, at);
        bool is_scope = kind == CODEDB_NODE_FUNCTION_DEF || kind == CODEDB_NODE_CLASS_DEF || kind == CODEDB_NODE_LAMBDA ||
                        kind == CODEDB_NODE_MODULE;
        if (is_scope && !context_is_outside(pass, at, child))
            return at;
    }
    return 0;
}

static bool context_is_async_def(const context_pass *pass, uint32_t scope)
{
    return context_kind(pass, scope) == CODEDB_NODE_FUNCTION_DEF &&
           codedb_tree_child(pass->tree, scope, CODEDB_FIELD_asynchronous) != UINT32_MAX;
}

static bool context_is_comprehension(uint8_t kind)
{
    return kind == CODEDB_NODE_GENERATOR_EXP || kind == CODEDB_NODE_LIST_COMP || kind == CODEDB_NODE_SET_COMP ||
           kind == CODEDB_NODE_DICT_COMP || kind == CODEDB_NODE_STARRED_DICT_COMP;
}

/* Whether `child` is the first iterable of a comprehension, which is evaluated in the scope around it; `clause` is its parent. */
static bool context_is_first_iterable(const context_pass *pass, uint32_t clause, uint32_t child)
{
    return context_kind(pass, clause) == CODEDB_NODE_COMP_FOR && pass->tree->nodes[child].field == CODEDB_FIELD_iter &&
           context_kind(pass, pass->parents[clause]) != CODEDB_NODE_COMP_FOR;
}

/* ---- Scopes without yield, await and := --------------------------------------------------------------------------- */

#define CONTEXT_NONE_OF "yield, await and := cannot be used within "
static const char context_annotation[] = CONTEXT_NONE_OF "an annotation";

/* Where an expression is in such a scope. */
typedef struct context_narrow {
    const char *fault;     /* NULL: it is in none */
    bool in_comprehension; /* and between the two there is one */
    bool in_generator;     /* ... the innermost of which is a generator expression */
} context_narrow;

/* What is wrong with yield, await and := in `child` of `at`; *annotated is whether an annotation is between. */
static const char *context_narrow_fault(const context_pass *pass, uint32_t at, uint32_t child, bool *annotated)
{
    const codedb_node *nodes = pass->tree->nodes;
    uint8_t field = nodes[child].field;
    bool is_generic = codedb_tree_child(pass->tree, at, CODEDB_FIELD_type_parameters) != UINT32_MAX;
    switch (nodes[at].kind) {
    case CODEDB_NODE_TYPE_ALIAS: return field == CODEDB_FIELD_value ? CONTEXT_NONE_OF "a type alias" : NULL;
    case CODEDB_NODE_TYPE_VAR: return field == CODEDB_FIELD_bound ? CONTEXT_NONE_OF "the bound of a type parameter" : NULL;
    case CODEDB_NODE_TYPE_PARAM: return field == CODEDB_FIELD_default ? CONTEXT_NONE_OF "the default of a type parameter" : NULL;
    case CODEDB_NODE_ANNOTATION: *annotated = true; return pass->defers ? context_annotation : NULL;
    case CODEDB_NODE_FUNCTION_DEF: return *annotated && is_generic ? CONTEXT_NONE_OF "the definition of a generic" : NULL;
    case CODEDB_NODE_CLASS_DEF:
        return is_generic && nodes[child].kind == CODEDB_NODE_ARG ? CONTEXT_NONE_OF "the definition of a generic" : NULL;
    default: return NULL;
    }
}

/* Whether a comprehension in the narrow scope has a scope of its own, to which its rules do not reach. */
static bool context_is_free(const context_narrow *narrow)
{
    return narrow->fault == context_annotation && narrow->in_comprehension;
}

/* The innermost scope around the node, when it is a narrow one. */
static context_narrow context_find_narrow(const context_pass *pass, uint32_t node)
{
    context_narrow found = {0};
    bool annotated = false;
    for (uint32_t child = node, at = pass->parents[node]; at != UINT32_MAX; child = at, at = pass->parents[at]) {
        uint8_t kind = context_kind(pass, at);
        bool is_scope = kind == CODEDB_NODE_FUNCTION_DEF || kind == CODEDB_NODE_CLASS_DEF || kind == CODEDB_NODE_LAMBDA;
        if (is_scope && !context_is_outside(pass, at, child))
            break;
        if (context_is_first_iterable(pass, at, child)) {
            at = pass->parents[at];
        } else if (context_is_comprehension(kind)) {
            found.in_generator |= !found.in_comprehension && kind == CODEDB_NODE_GENERATOR_EXP;
            found.in_comprehension = true;
        }
        const char *fault = context_narrow_fault(pass, at, child, &annotated);
        found.fault = fault ? fault : found.fault;
        if (found.fault && !context_is_free(&found))
            break;
    }
    return found;
}

/* A generator expression may await and be asynchronous anywhere, as it is not run at once. */
static bool context_may_await(const context_pass *pass, uint32_t node)
{
    context_narrow narrow = context_find_narrow(pass, node);
    if (narrow.in_generator)
        return true;
    return context_is_async_def(pass, context_scope(pass, node)) && (!narrow.fault || context_is_free(&narrow));
}

#define CONTEXT_EXCEPT_STAR "'break', 'continue' and 'return' cannot appear in an 'except*' block"

/* Whether the node stands in the body of an `except*`, and what it leaves, `limit`, is around that. */
static bool context_leaves_except_star(const context_pass *pass, uint32_t node, uint32_t limit)
{
    for (uint32_t child = node, at = pass->parents[node]; at != UINT32_MAX && at != limit; child = at, at = pass->parents[at])
        if (context_kind(pass, at) == CODEDB_NODE_EXCEPT_STAR_HANDLER && pass->tree->nodes[child].field == CODEDB_FIELD_body)
            return true;
    return false;
}

#define CONTEXT_VALUE_OF_GENERATOR "'return' with value in async generator"

static bool context_has_value(const context_pass *pass, uint32_t node)
{
    return codedb_tree_child(pass->tree, node, CODEDB_FIELD_value) != UINT32_MAX;
}

/* Whether an async def both yields and returns a value. */
static bool context_is_mixed(const context_pass *pass, uint32_t scope)
{
    return pass->traits[scope] == (CONTEXT_YIELDS | CONTEXT_RETURNS_VALUE) && context_is_async_def(pass, scope);
}

/* One pass, as a def with a thousand new statements would be looked through for each of them. */
static void context_find_traits(const context_pass *pass)
{
    for (uint32_t node = 1; node < pass->tree->node_count; node++)
        if (context_kind(pass, node) == CODEDB_NODE_YIELD)
            pass->traits[context_scope(pass, node)] |= CONTEXT_YIELDS;
        else if (context_kind(pass, node) == CODEDB_NODE_RETURN && context_has_value(pass, node))
            pass->traits[context_scope(pass, node)] |= CONTEXT_RETURNS_VALUE;
}

static const char *context_check_return(const context_pass *pass, uint32_t node)
{
    uint32_t scope = context_scope(pass, node);
    if (context_kind(pass, scope) != CODEDB_NODE_FUNCTION_DEF)
        return "'return' outside function";
    if (context_has_value(pass, node) && context_is_mixed(pass, scope))
        return CONTEXT_VALUE_OF_GENERATOR;
    return context_leaves_except_star(pass, node, scope) ? CONTEXT_EXCEPT_STAR : NULL;
}

/* A comprehension's first iterable is evaluated in the scope around it. */
static bool context_is_in_comprehension(const context_pass *pass, uint32_t node, uint32_t scope)
{
    for (uint32_t child = node, at = pass->parents[node]; at != UINT32_MAX && at != scope; child = at, at = pass->parents[at])
        if (context_is_first_iterable(pass, at, child))
            at = pass->parents[at];
        else if (context_is_comprehension(context_kind(pass, at)))
            return true;
    return false;
}

static const char *context_check_yield(const context_pass *pass, uint32_t node)
{
    uint32_t scope = context_scope(pass, node);
    uint8_t kind = context_kind(pass, scope);
    uint32_t value = codedb_tree_child(pass->tree, node, CODEDB_FIELD_value);
    context_narrow narrow = context_find_narrow(pass, node);
    if (narrow.fault && !context_is_free(&narrow))
        return narrow.fault;
    if (kind != CODEDB_NODE_FUNCTION_DEF && kind != CODEDB_NODE_LAMBDA)
        return "'yield' outside function";
    if (value != UINT32_MAX && context_kind(pass, value) == CODEDB_NODE_FROM && context_is_async_def(pass, scope))
        return "'yield from' inside async function";
    if (context_is_mixed(pass, scope))
        return CONTEXT_VALUE_OF_GENERATOR;
    return context_is_in_comprehension(pass, node, scope) ? "'yield' inside a comprehension" : NULL;
}

static const char *context_check_await(const context_pass *pass, uint32_t node)
{
    context_narrow narrow = context_find_narrow(pass, node);
    if (narrow.fault && !narrow.in_comprehension)
        return narrow.fault;
    if (context_may_await(pass, node))
        return NULL;
    uint8_t kind = context_kind(pass, context_scope(pass, node));
    return kind == CODEDB_NODE_FUNCTION_DEF || kind == CODEDB_NODE_LAMBDA ? "'await' outside async function"
                                                                          : "'await' outside function";
}

/* Whether the walrus is in an iterable of a comprehension, wherever in it but in a lambda. */
static bool context_is_in_iterable(const context_pass *pass, uint32_t node, uint32_t scope)
{
    for (uint32_t child = node, at = pass->parents[node]; at != UINT32_MAX && at != scope; child = at, at = pass->parents[at])
        if (context_kind(pass, at) == CODEDB_NODE_COMP_FOR && pass->tree->nodes[child].field == CODEDB_FIELD_iter)
            return true;
    return false;
}

static const char *context_check_walrus(const context_pass *pass, uint32_t node)
{
    uint32_t scope = context_scope(pass, node);
    context_narrow narrow = context_find_narrow(pass, node);
    if (context_is_in_iterable(pass, node, scope))
        return "assignment expression cannot be used in a comprehension iterable expression";
    if (narrow.fault && !context_is_free(&narrow))
        return narrow.fault;
    return context_kind(pass, scope) == CODEDB_NODE_CLASS_DEF && context_is_in_comprehension(pass, node, scope)
               ? "assignment expression within a comprehension cannot be used in a class body"
               : NULL;
}

/* `async for`, `async with` and asynchronous comprehensions. A generator expression may be asynchronous anywhere in a def. */
static const char *context_check_asynchronous(const context_pass *pass, uint32_t node)
{
    uint32_t owner = pass->parents[node];
    if (context_kind(pass, owner) == CODEDB_NODE_FUNCTION_DEF || context_may_await(pass, owner))
        return NULL;
    switch (context_kind(pass, owner)) {
    case CODEDB_NODE_FOR: return "'async for' outside async function";
    case CODEDB_NODE_WITH: return "'async with' outside async function";
    default: break;
    }
    uint32_t comprehension = pass->parents[owner];
    while (context_kind(pass, comprehension) == CODEDB_NODE_COMP_FOR)
        comprehension = pass->parents[comprehension];
    return context_kind(pass, comprehension) == CODEDB_NODE_GENERATOR_EXP
               ? NULL
               : "asynchronous comprehension outside of an asynchronous function";
}

/* The loop around the node in the same scope, or UINT32_MAX; the `else` of a loop is not inside it. */
static uint32_t context_loop(const context_pass *pass, uint32_t node)
{
    for (uint32_t child = node, at = pass->parents[node]; at != UINT32_MAX; child = at, at = pass->parents[at]) {
        uint8_t kind = context_kind(pass, at);
        if (kind == CODEDB_NODE_FUNCTION_DEF || kind == CODEDB_NODE_CLASS_DEF)
            return UINT32_MAX;
        if ((kind == CODEDB_NODE_FOR || kind == CODEDB_NODE_WHILE) && pass->tree->nodes[child].field == CODEDB_FIELD_body)
            return at;
    }
    return UINT32_MAX;
}

static const char *context_check_jump(const context_pass *pass, uint32_t node, const char *fault)
{
    uint32_t loop = context_loop(pass, node);
    if (loop == UINT32_MAX)
        return fault;
    return context_leaves_except_star(pass, node, loop) ? CONTEXT_EXCEPT_STAR : NULL;
}

static const char *context_check_break(const context_pass *pass, uint32_t node)
{
    return context_check_jump(pass, node, "'break' outside loop");
}

static const char *context_check_continue(const context_pass *pass, uint32_t node)
{
    return context_check_jump(pass, node, "'continue' not properly in loop");
}

static const char *context_check_nonlocal(const context_pass *pass, uint32_t node)
{
    return context_kind(pass, context_scope(pass, node)) == CODEDB_NODE_MODULE
               ? "nonlocal declaration not allowed at module level"
               : NULL;
}

static const char *context_check_import_star(const context_pass *pass, uint32_t node)
{
    return context_kind(pass, context_scope(pass, node)) == CODEDB_NODE_MODULE ? NULL : "import * only allowed at module level";
}

/* A handler without a type must be the last. */
static const char *context_check_handler(const context_pass *pass, uint32_t node)
{
    const codedb_node *nodes = pass->tree->nodes;
    uint32_t next = nodes[node].end;
    bool is_bare = codedb_tree_child(pass->tree, node, CODEDB_FIELD_type) == UINT32_MAX;
    bool is_last = next >= nodes[pass->parents[node]].end || nodes[next].field != CODEDB_FIELD_handlers;
    return is_bare && !is_last ? "default 'except:' must be last" : NULL;
}

CODEDB_PRIVATE bool codedb_context_is_future(const codedb_tree *tree, uint32_t statement)
{
    static const char name[] = "__future__";
    uint32_t module = codedb_tree_child(tree, statement, CODEDB_FIELD_module);
    if (tree->nodes[statement].kind != CODEDB_NODE_IMPORT_FROM || module == UINT32_MAX)
        return false;
    const codedb_token *token = &tree->tokens[tree->nodes[module].first];
    return token[-1].kind == CODEDB_TOKEN_KEYWORD_FROM && token->length == sizeof name - 1 &&
           !memcmp(tree->source + token->start, name, sizeof name - 1);
}

static const char *context_check_feature(const context_pass *pass, uint32_t node)
{
    static const char *const features[] = {"annotations",     "nested_scopes",  "generators",     "division",
                                           "absolute_import", "with_statement", "print_function", "unicode_literals",
                                           "barry_as_FLUFL",  "generator_stop"};
    if (!codedb_context_is_future(pass->tree, pass->parents[node]))
        return NULL;
    const codedb_token *token = &pass->tree->tokens[pass->tree->nodes[node].first];
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        if (token->length == strlen(features[i]) && !memcmp(pass->tree->source + token->start, features[i], token->length))
            return NULL;
    return "future feature is not defined";
}

/* Whether annotations are evaluated later: since Python 3.14, and before where the file asks for it. */
static bool context_find_deferral(const context_pass *pass)
{
    static const char name[] = "annotations";
    if (pass->tree->target_version >= 314)
        return true;
    for (uint32_t node = 1; node < pass->tree->node_count && pass->tree->target_version >= 310; node++) {
        if (context_kind(pass, node) != CODEDB_NODE_IMPORT_ALIAS || !codedb_context_is_future(pass->tree, pass->parents[node]))
            continue;
        const codedb_token *token = &pass->tree->tokens[pass->tree->nodes[node].first];
        if (token->length == sizeof name - 1 && !memcmp(pass->tree->source + token->start, name, sizeof name - 1))
            return true;
    }
    return false;
}

typedef struct context_rule {
    codedb_node_kind kind;
    context_rule_function check;
} context_rule;

static const char *context_find_fault(const context_pass *pass, uint32_t node)
{
    static const context_rule rules[] = {
        {CODEDB_NODE_RETURN, context_check_return},
        {CODEDB_NODE_YIELD, context_check_yield},
        {CODEDB_NODE_AWAIT, context_check_await},
        {CODEDB_NODE_ASYNCHRONOUS, context_check_asynchronous},
        {CODEDB_NODE_BREAK, context_check_break},
        {CODEDB_NODE_CONTINUE, context_check_continue},
        {CODEDB_NODE_NONLOCAL, context_check_nonlocal},
        {CODEDB_NODE_IMPORT_STAR, context_check_import_star},
        {CODEDB_NODE_NAMED_EXPR, context_check_walrus},
        {CODEDB_NODE_IMPORT_ALIAS, context_check_feature},
        {CODEDB_NODE_EXCEPT_HANDLER, context_check_handler},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].kind == context_kind(pass, node))
            return rules[i].check(pass, node);
    return NULL;
}

CODEDB_PRIVATE uint32_t codedb_context_misplaced_future(const codedb_tree *tree)
{
    uint32_t docstring = codedb_docstring_statement(tree, 0);
    bool too_late = false;
    for (uint32_t i = 1; i < tree->node_count; i++) {
        codedb_node_category category = codedb_node_kind_category((codedb_node_kind)tree->nodes[i].kind);
        if (category == CODEDB_CATEGORY_COMPOUND_STATEMENT) {
            too_late = true;
        } else if (category == CODEDB_CATEGORY_SMALL_STATEMENT) {
            if (!codedb_context_is_future(tree, i))
                too_late |= i != docstring;
            else if (too_late)
                return i;
        }
    }
    return UINT32_MAX;
}

static codedb_code context_fail(const codedb_tree *tree, uint32_t node, const char *fault, codedb_result *result)
{
    uint32_t start, end;
    codedb_tree_position(tree, node, &start, &end);
    codedb_place place = codedb_tree_place(tree, start);
    return codedb_fail_at(result, CODEDB_VALIDATION_ERROR, start, end - start, place.line, place.column,
                          "the new code is not allowed at its place: %s (line %u of the edited source)", fault, place.line);
}

static bool context_is_in_ranges(const size_t *ranges, size_t count, size_t offset)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges[2 * middle + 1] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && ranges[2 * low] <= offset;
}

/* Whether a handler of old comes before a new one. */
static bool context_comes_before_new(const context_pass *pass, const size_t *ranges, size_t count, uint32_t node)
{
    uint32_t next = pass->tree->nodes[node].end;
    return context_kind(pass, node) == CODEDB_NODE_EXCEPT_HANDLER && next < pass->tree->node_count &&
           context_is_in_ranges(ranges, count, pass->tree->tokens[pass->tree->nodes[next].first].start);
}

CODEDB_PRIVATE codedb_code codedb_context_check(const codedb_tree *tree, const size_t *ranges, size_t range_count,
                                                bool check_future, codedb_result *result)
{
    context_pass pass = {tree, codedb_memory_allocate(&tree->allocator, tree->node_count, sizeof *pass.parents),
                         codedb_memory_allocate(&tree->allocator, tree->node_count, sizeof *pass.traits), false};
    codedb_code code = CODEDB_NO_MEMORY;
    if (!pass.parents || !pass.traits)
        goto cleanup;
    codedb_tree_parents(tree, pass.parents);
    memset(pass.traits, 0, tree->node_count);
    context_find_traits(&pass);
    pass.defers = context_find_deferral(&pass);
    code = CODEDB_SUCCESS;
    for (uint32_t i = 1; i < tree->node_count && code == CODEDB_SUCCESS; i++) {
        if (!context_is_in_ranges(ranges, range_count, tree->tokens[tree->nodes[i].first].start) &&
            !context_comes_before_new(&pass, ranges, range_count, i))
            continue;
        const char *fault = context_find_fault(&pass, i);
        if (fault)
            code = context_fail(tree, i, fault, result);
    }
    uint32_t future = code == CODEDB_SUCCESS && check_future ? codedb_context_misplaced_future(tree) : UINT32_MAX;
    if (future != UINT32_MAX)
        code = context_fail(tree, future, "from __future__ imports must occur at the beginning of the file", result);
cleanup:
    codedb_memory_release(&tree->allocator, pass.parents);
    codedb_memory_release(&tree->allocator, pass.traits);
    return code == CODEDB_NO_MEMORY ? codedb_fail_no_memory(result) : code;
}
