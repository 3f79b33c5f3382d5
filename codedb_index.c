/* codedb_index.c -- what a tree defines: classes, methods, functions, imports, and the text that full-text search sees.
 *
 * Called by codedb_source.c, which turns the answer into rows. Reads the tree, allocates in the caller's arena. Any thread.
 *
 * Invariants
 * 1. A definition's owner is the class or def that encloses it most closely. It is a method exactly when that owner is a class.
 *    Decorators, defaults and bases belong to the scope around, but nothing in them can hold a def or class statement.
 * 2. Every byte of the source is in the content of at most one entity: the innermost. Docstrings are in no content, as they
 *    have a column of their own: so full-text search finds each word once, where it stands.
 * 3. One pass over the nodes; no allocation per node, a few per definition, all in the arena.
 *
 * A definition that the tree opens is pushed by setting `current`, and popped when the pass has left its subtree. The source is
 * cut into pieces at each border of a definition and of a docstring; each piece is chained to the entity it belongs to. */
#include "codedb_tree.h"

#include <string.h>

/* A range of the source that belongs to one entity. */
typedef struct index_piece {
    uint32_t start;
    uint32_t end;
    uint32_t next; /* the entity's next piece, UINT32_MAX for none */
} index_piece;

/* The pieces of one entity. */
typedef struct index_chain {
    uint32_t first;
    uint32_t last;
    size_t length;
} index_chain;

typedef struct index_pass {
    const codedb_tree *tree;
    codedb_arena *arena;
    codedb_buffer buffer; /* for one text at a time */
    codedb_definition *definitions;
    uint32_t *ends; /* source offset where each definition's lines end */
    uint32_t count;
    uint32_t current; /* the innermost open definition, UINT32_MAX for the module */
    codedb_imported *imports;
    size_t import_count;
    index_piece *pieces;
    uint32_t piece_count;
    index_chain *chains; /* [0] the file, [i + 1] definition i */
    uint32_t cursor;     /* the source up to here is in pieces */
    bool failed;
} index_pass;

static codedb_slice index_copy(index_pass *pass, const char *text, size_t length)
{
    codedb_slice slice = {codedb_arena_copy(pass->arena, text, length), length};
    pass->failed |= !slice.text;
    return slice;
}

/* What the buffer holds, as a slice in the arena; the buffer is empty again. */
static codedb_slice index_take(index_pass *pass)
{
    pass->failed |= pass->buffer.failed;
    codedb_slice slice = index_copy(pass, pass->buffer.data ? pass->buffer.data : "", pass->buffer.length);
    pass->buffer.length = 0;
    return slice;
}

static void index_append_token(index_pass *pass, uint32_t token)
{
    uint32_t start = pass->tree->tokens[token].start;
    codedb_buffer_append(&pass->buffer, pass->tree->source + start, codedb_token_end(pass->tree, token) - start);
}

/* ---- Pieces ------------------------------------------------------------------------------------------------------- */

/* Gives the source from the cursor to `end` to the innermost open entity. */
static void index_advance(index_pass *pass, uint32_t end)
{
    if (end <= pass->cursor)
        return;
    index_chain *chain = &pass->chains[pass->current == UINT32_MAX ? 0 : pass->current + 1];
    uint32_t number = pass->piece_count++;
    pass->pieces[number] = (index_piece){pass->cursor, end, UINT32_MAX};
    if (chain->first == UINT32_MAX)
        chain->first = number;
    else
        pass->pieces[chain->last].next = number;
    chain->last = number;
    chain->length += end - pass->cursor;
    pass->cursor = end;
}

static codedb_slice index_content(index_pass *pass, const index_chain *chain)
{
    const char *source = pass->tree->source;
    if (chain->first == UINT32_MAX)
        return (codedb_slice){"", 0};
    const index_piece *piece = &pass->pieces[chain->first];
    if (piece->next == UINT32_MAX)
        return (codedb_slice){source + piece->start, chain->length};
    char *text = codedb_arena_allocate(pass->arena, chain->length + 1, 1);
    if (!text) {
        pass->failed = true;
        return (codedb_slice){NULL, 0};
    }
    size_t length = 0;
    for (uint32_t i = chain->first; i != UINT32_MAX; i = pass->pieces[i].next) {
        memcpy(text + length, source + pass->pieces[i].start, pass->pieces[i].end - pass->pieces[i].start);
        length += pass->pieces[i].end - pass->pieces[i].start;
    }
    return (codedb_slice){text, length};
}

/* The start of the line of `offset` when only blanks stand between, else `offset`. */
static uint32_t index_line_start(const codedb_tree *tree, uint32_t offset)
{
    uint32_t at = offset;
    while (at > tree->text_start && strchr(" \t\f", tree->source[at - 1]))
        at--;
    return at == tree->text_start || tree->source[at - 1] == '\n' || tree->source[at - 1] == '\r' ? at : offset;
}

/* Behind the line break that ends the logical line whose last token is before `token`. */
static uint32_t index_line_end(const codedb_tree *tree, uint32_t token)
{
    while (token < tree->token_count && tree->tokens[token].kind != CODEDB_TOKEN_NEWLINE &&
           tree->tokens[token].kind != CODEDB_TOKEN_ENDMARKER)
        token++;
    return token < tree->token_count ? codedb_token_end(tree, token) : tree->length;
}

/* Takes the docstring of `node` (a definition or the module) out of the pieces. */
static void index_skip_docstring(index_pass *pass, uint32_t statement)
{
    const codedb_tree *tree = pass->tree;
    const codedb_node *node = &tree->nodes[statement];
    uint32_t first = tree->tokens[node->first].start;
    uint32_t start = index_line_start(tree, first);
    uint32_t end = codedb_token_end(tree, node->last - 1);
    bool alone = tree->tokens[node->last].kind == CODEDB_TOKEN_NEWLINE;
    if (start != first || start == tree->text_start || tree->source[start - 1] == '\n' || tree->source[start - 1] == '\r')
        end = alone ? codedb_token_end(tree, node->last) : end;
    index_advance(pass, start);
    pass->cursor = end;
}

/* ---- Definitions -------------------------------------------------------------------------------------------------- */

/* Appends source text as a JSON string, line breaks made "\n". */
static void index_append_json(index_pass *pass, uint32_t start, uint32_t end)
{
    const char *text = pass->tree->source + start;
    size_t length = end - start;
    if (!memchr(text, '\r', length)) {
        codedb_buffer_append_json(&pass->buffer, text, length);
        return;
    }
    codedb_buffer plain;
    codedb_buffer_init(&plain, codedb_arena_allocator(pass->arena));
    codedb_string_evaluate(text, length, true, false, pass->tree->target_version, &plain);
    pass->failed |= plain.failed;
    if (!plain.failed)
        codedb_buffer_append_json(&pass->buffer, plain.data, plain.length);
    codedb_buffer_free(&plain);
}

static void index_separate(index_pass *pass)
{
    if (pass->buffer.length > 1)
        codedb_buffer_append_text(&pass->buffer, ", ");
}

/* The bases, each as it is written, a star included. */
static const char *index_bases(index_pass *pass, uint32_t node)
{
    const codedb_tree *tree = pass->tree;
    codedb_buffer_append_byte(&pass->buffer, '[');
    for (uint32_t child = node + 1; child < tree->nodes[node].end; child = tree->nodes[child].end) {
        if (tree->nodes[child].field != CODEDB_FIELD_bases)
            continue;
        uint32_t start, end;
        codedb_tree_position(tree, child, &start, &end);
        index_separate(pass);
        index_append_json(pass, start, end);
    }
    codedb_buffer_append_byte(&pass->buffer, ']');
    return index_take(pass).text;
}

/* The parameters' names in order, `*args` and `**kwargs` with their stars; the markers `*` and `/` are none. */
static const char *index_parameters(index_pass *pass, uint32_t node)
{
    const codedb_tree *tree = pass->tree;
    uint32_t parameters = codedb_tree_child(tree, node, CODEDB_FIELD_params);
    codedb_buffer_append_byte(&pass->buffer, '[');
    uint32_t end = parameters == UINT32_MAX ? 0 : tree->nodes[parameters].end;
    for (uint32_t child = parameters + 1; child < end; child = tree->nodes[child].end) {
        if (tree->nodes[child].kind != CODEDB_NODE_PARAM)
            continue;
        uint32_t name = codedb_tree_child(tree, child, CODEDB_FIELD_name);
        uint32_t star = tree->nodes[child].first;
        index_separate(pass);
        codedb_buffer_append_byte(&pass->buffer, '"');
        if (tree->tokens[star].kind == CODEDB_TOKEN_STAR || tree->tokens[star].kind == CODEDB_TOKEN_DOUBLE_STAR)
            codedb_buffer_append(&pass->buffer, "**", tree->tokens[star].length);
        index_append_token(pass, tree->nodes[name].first);
        codedb_buffer_append_byte(&pass->buffer, '"');
    }
    codedb_buffer_append_byte(&pass->buffer, ']');
    return index_take(pass).text;
}

static bool index_token_is(const codedb_tree *tree, uint32_t token, const char *text, size_t length)
{
    return tree->tokens[token].length == length && !memcmp(tree->source + tree->tokens[token].start, text, length);
}

/* Whether a decorator's expression ends in one of the names of the abc module: `abstractmethod`, `abc.abstractproperty` ... */
static bool index_is_abstract(const codedb_tree *tree, uint32_t node)
{
    static const char *const names[] = {"abstractmethod", "abstractproperty", "abstractclassmethod", "abstractstaticmethod"};
    for (uint32_t child = node + 1; child < tree->nodes[node].end; child = tree->nodes[child].end) {
        if (tree->nodes[child].field != CODEDB_FIELD_decorators)
            continue;
        uint32_t expression = codedb_tree_child(tree, child, CODEDB_FIELD_decorator);
        if (tree->nodes[expression].kind != CODEDB_NODE_NAME && tree->nodes[expression].kind != CODEDB_NODE_ATTRIBUTE)
            continue;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (index_token_is(tree, tree->nodes[expression].last - 1, names[i], strlen(names[i])))
                return true;
    }
    return false;
}

/* Whether a Raise raises NotImplementedError, called or not. */
static bool index_is_not_implemented(const codedb_tree *tree, uint32_t statement)
{
    uint32_t raised = codedb_tree_child(tree, statement, CODEDB_FIELD_exc);
    if (raised != UINT32_MAX && tree->nodes[raised].kind == CODEDB_NODE_CALL)
        raised = codedb_tree_child(tree, raised, CODEDB_FIELD_func);
    return raised != UINT32_MAX && tree->nodes[raised].kind == CODEDB_NODE_NAME &&
           index_token_is(tree, tree->nodes[raised].first, "NotImplementedError", 19);
}

/* Looks at the statements that stand directly in the body. */
static void index_read_body(const codedb_tree *tree, codedb_definition *definition)
{
    uint32_t body = codedb_tree_child(tree, definition->node, CODEDB_FIELD_body);
    uint32_t end = tree->nodes[body].end;
    for (uint32_t i = body + 1; i < end;) {
        const codedb_node *node = &tree->nodes[i];
        if (node->kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE) {
            i++;
            continue;
        }
        definition->has_pass |= node->kind == CODEDB_NODE_PASS;
        definition->has_not_implemented |= node->kind == CODEDB_NODE_RAISE && index_is_not_implemented(tree, i);
        i = node->end;
    }
}

/* Where the lines of a definition begin: at its first decorator if it has one. */
static uint32_t index_definition_start(const codedb_tree *tree, uint32_t node)
{
    uint32_t decorator = codedb_tree_child(tree, node, CODEDB_FIELD_decorators);
    uint32_t first = tree->nodes[decorator == UINT32_MAX ? node : decorator].first;
    return index_line_start(tree, tree->tokens[first].start);
}

static void index_read_name(index_pass *pass, codedb_definition *definition)
{
    size_t length;
    const char *name = codedb_tree_name(pass->tree, definition->node, &length);
    definition->name = index_copy(pass, name, length).text;
    definition->qualified_name = definition->name;
    if (definition->owner == UINT32_MAX || pass->failed)
        return;
    codedb_buffer_append_text(&pass->buffer, pass->definitions[definition->owner].qualified_name);
    codedb_buffer_append_byte(&pass->buffer, '.');
    codedb_buffer_append(&pass->buffer, name, length);
    definition->qualified_name = index_take(pass).text;
}

static void index_open_definition(index_pass *pass, uint32_t node)
{
    const codedb_tree *tree = pass->tree;
    uint32_t number = pass->count++;
    codedb_definition *definition = &pass->definitions[number];
    definition->node = node;
    definition->owner = pass->current;
    definition->line = codedb_tree_place(tree, tree->tokens[tree->nodes[node].first].start).line;
    index_read_name(pass, definition);
    index_advance(pass, index_definition_start(tree, node));
    pass->ends[number] = index_line_end(tree, tree->nodes[node].last);
    pass->current = number;
    uint32_t docstring = codedb_docstring_statement(tree, node);
    if (docstring != UINT32_MAX && codedb_docstring_append(tree, node, &pass->buffer)) {
        definition->docstring = index_take(pass);
        index_skip_docstring(pass, docstring);
    }
    if (tree->nodes[node].kind == CODEDB_NODE_CLASS_DEF) {
        definition->kind = CODEDB_DEFINITION_CLASS;
        definition->details = index_bases(pass, node);
        return;
    }
    definition->kind = definition->owner != UINT32_MAX && pass->definitions[definition->owner].kind == CODEDB_DEFINITION_CLASS
                           ? CODEDB_DEFINITION_METHOD
                           : CODEDB_DEFINITION_FUNCTION;
    definition->details = index_parameters(pass, node);
    definition->is_abstract = index_is_abstract(tree, node);
    index_read_body(tree, definition);
}

/* ---- Imports ------------------------------------------------------------------------------------------------------ */

/* The tokens [first, last) without what stands between them: `a . b` is "a.b". */
static const char *index_dotted(index_pass *pass, uint32_t first, uint32_t last)
{
    for (uint32_t token = first; token < last; token++)
        index_append_token(pass, token);
    return index_take(pass).text;
}

/* The module of a `from` import with its leading dots: the tokens between `from` and `import`. */
static const char *index_module(index_pass *pass, uint32_t node)
{
    const codedb_tree *tree = pass->tree;
    uint32_t first = tree->nodes[node].first;
    while (tree->tokens[first].kind != CODEDB_TOKEN_KEYWORD_FROM)
        first++;
    uint32_t last = ++first;
    while (tree->tokens[last].kind != CODEDB_TOKEN_KEYWORD_IMPORT)
        last++;
    return index_dotted(pass, first, last);
}

static void index_read_import(index_pass *pass, uint32_t node, bool from)
{
    const codedb_tree *tree = pass->tree;
    const char *module = from ? index_module(pass, node) : NULL;
    uint32_t line = codedb_tree_place(tree, tree->tokens[tree->nodes[node].first].start).line;
    for (uint32_t child = node + 1; child < tree->nodes[node].end; child = tree->nodes[child].end) {
        if (tree->nodes[child].field != CODEDB_FIELD_names)
            continue;
        uint32_t name =
            tree->nodes[child].kind == CODEDB_NODE_IMPORT_ALIAS ? codedb_tree_child(tree, child, CODEDB_FIELD_name) : child;
        codedb_imported *imported = &pass->imports[pass->import_count++];
        *imported = (codedb_imported){index_dotted(pass, tree->nodes[name].first, tree->nodes[name].last), module, line};
    }
}

/* ---- The pass ----------------------------------------------------------------------------------------------------- */

/* Makes room for all that the pass can find. */
static bool index_prepare(index_pass *pass)
{
    size_t definitions = 0, imports = 0;
    for (uint32_t i = 0; i < pass->tree->node_count; i++) {
        uint8_t kind = pass->tree->nodes[i].kind;
        definitions += kind == CODEDB_NODE_FUNCTION_DEF || kind == CODEDB_NODE_CLASS_DEF;
        imports += kind == CODEDB_NODE_IMPORT_ALIAS || kind == CODEDB_NODE_IMPORT_STAR;
    }
    pass->definitions = codedb_arena_allocate(pass->arena, definitions, sizeof *pass->definitions);
    pass->ends = codedb_arena_allocate(pass->arena, definitions, sizeof *pass->ends);
    pass->imports = codedb_arena_allocate(pass->arena, imports, sizeof *pass->imports);
    pass->chains = codedb_arena_allocate(pass->arena, definitions + 1, sizeof *pass->chains);
    /* A definition starts at most three pieces: what is before it, before its docstring, and behind that. */
    pass->pieces = codedb_arena_allocate(pass->arena, 3 * (definitions + 1), sizeof *pass->pieces);
    if (!pass->definitions || !pass->ends || !pass->imports || !pass->chains || !pass->pieces)
        return false;
    for (size_t i = 0; i <= definitions; i++)
        pass->chains[i] = (index_chain){UINT32_MAX, UINT32_MAX, 0};
    return true;
}

/* Leaves the definitions that end before `node`. */
static void index_close_definitions(index_pass *pass, uint32_t node)
{
    while (pass->current != UINT32_MAX && pass->tree->nodes[pass->definitions[pass->current].node].end <= node) {
        index_advance(pass, pass->ends[pass->current]);
        pass->current = pass->definitions[pass->current].owner;
    }
}

static void index_walk(index_pass *pass, codedb_outline *outline)
{
    const codedb_tree *tree = pass->tree;
    uint32_t docstring = codedb_docstring_statement(tree, 0);
    if (docstring != UINT32_MAX && codedb_docstring_append(tree, 0, &pass->buffer)) {
        outline->docstring = index_take(pass);
        index_skip_docstring(pass, docstring);
    }
    for (uint32_t i = 1; i < tree->node_count; i++) {
        index_close_definitions(pass, i);
        switch (tree->nodes[i].kind) {
        case CODEDB_NODE_CLASS_DEF:
        case CODEDB_NODE_FUNCTION_DEF: index_open_definition(pass, i); break;
        case CODEDB_NODE_IMPORT:
        case CODEDB_NODE_LAZY_IMPORT: index_read_import(pass, i, false); break;
        case CODEDB_NODE_IMPORT_FROM:
        case CODEDB_NODE_LAZY_IMPORT_FROM: index_read_import(pass, i, true); break;
        default: break;
        }
    }
    index_close_definitions(pass, tree->node_count);
    index_advance(pass, tree->length);
}

CODEDB_PRIVATE uint32_t codedb_tree_line_count(const codedb_tree *tree)
{
    bool last_is_empty = tree->line_count && tree->line_starts[tree->line_count - 1] == tree->length;
    return tree->line_count - (last_is_empty ? 1 : 0);
}

CODEDB_PRIVATE codedb_code codedb_outline_collect(const codedb_tree *tree, codedb_arena *arena, codedb_outline *outline,
                                                  codedb_result *result)
{
    index_pass pass = {.tree = tree, .arena = arena, .current = UINT32_MAX, .cursor = tree->text_start};
    *outline = (codedb_outline){0};
    codedb_buffer_init(&pass.buffer, codedb_arena_allocator(arena));
    if (!index_prepare(&pass)) {
        pass.failed = true;
        goto cleanup;
    }
    index_walk(&pass, outline);
    for (uint32_t i = 0; i < pass.count && !pass.failed; i++)
        pass.definitions[i].content = index_content(&pass, &pass.chains[i + 1]);
    outline->content = index_content(&pass, &pass.chains[0]);
    outline->definitions = pass.definitions;
    outline->definition_count = pass.count;
    outline->imports = pass.imports;
    outline->import_count = pass.import_count;
    outline->lines = codedb_tree_line_count(tree);

cleanup:
    codedb_buffer_free(&pass.buffer);
    if (pass.failed) {
        *outline = (codedb_outline){0};
        return codedb_fail_no_memory(result);
    }
    return codedb_succeed(result);
}
