/* codedb_ast_edit.c -- an edit of an ast in JSON: matches in, byte ranges of the text out, applied once, read again, all or nothing.
 *
 * Called by the host (codedb_ast_json_edit) and by codedb_source_ast.c. Calls codedb_ast_query.c for the matches, codedb_ast_read.c for new
 * nodes and for the result, codedb_splice.c to apply and report. Any thread; an edit belongs to one call.
 *
 * Invariants
 * 1. All matches are resolved against the one tree that was given; nothing is changed until every edit is planned.
 * 2. The text outside of the nodes that are edited stays, but for the commas beside them, and a Pass where a body would be left empty.
 * 3. A list is written anew at the gaps where something is inserted or taken out; a gap refers to the list as it was.
 * 4. The edited text is read again, whole, and the new parts and what holds them are checked against what CPython's compiler asks for.
 *
 * Contents: the job, errors, new nodes, places, matches, overlaps, lists, planning, checks of the result, entry points. */
#include "codedb_ast_read.h"
#include "codedb_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AST_EDIT_NONE UINT32_MAX

/* A new node. */
typedef struct ast_edit_code {
    codedb_slice text; /* without white space around */
    codedb_ast_class class;
} ast_edit_code;

/* One thing that is done. */
typedef struct ast_edit_operation {
    uint32_t edit;
    uint32_t node; /* the target: in an insertion before or after it, still the target */
    uint32_t next; /* of the same node, or AST_EDIT_NONE */
    uint32_t owner;
    uint32_t gap; /* of an insertion: it goes before the item of that index */
    uint8_t slot; /* of the owner */
    bool in_list;
    bool dropped;
    bool unchanged;
} ast_edit_operation;

typedef struct ast_edit_job {
    const codedb_ast_document *document;
    const codedb_ast *ast;
    const char *path;
    codedb_edit *edits;    /* copies */
    ast_edit_code **codes; /* of each edit */
    size_t edit_count;
    codedb_arena *arena;
    uint32_t *parents;
    uint32_t *first_operation; /* of each node, as the next one */
    uint32_t *last_operation;
    ast_edit_operation *operations;
    uint32_t operation_count;
    uint32_t operation_capacity;
    codedb_splices splices;
    codedb_buffer text;
    codedb_code_error code_error;
    codedb_result *result;
} ast_edit_job;

static const codedb_edit *ast_edit_of(const ast_edit_job *job, const ast_edit_operation *operation)
{
    return &job->edits[operation->edit];
}

static codedb_ast_class ast_edit_class(const ast_edit_job *job, uint32_t node)
{
    return codedb_ast_kind_class(job->ast->nodes[node].kind);
}

static const codedb_ast_slot *ast_edit_slot(const ast_edit_job *job, const ast_edit_operation *operation)
{
    unsigned count;
    return codedb_ast_slots(ast_edit_class(job, operation->owner), &count) + operation->slot;
}

static bool ast_edit_is_inside(const codedb_edit *edit)
{
    return edit->action == CODEDB_EDIT_INSERT_FIRST || edit->action == CODEDB_EDIT_INSERT_LAST;
}

static bool ast_edit_takes_away(const codedb_edit *edit)
{
    return edit->action == CODEDB_EDIT_REPLACE || edit->action == CODEDB_EDIT_DELETE;
}

/* ---- Errors ------------------------------------------------------------------------------------------------------- */

/* An error about a node, with its place in the JSON. */
static codedb_code ast_edit_fail_in(const codedb_ast *ast, codedb_code code, uint32_t node, codedb_result *result,
                                    const char *message)
{
    const codedb_ast_node *at = &ast->nodes[node];
    size_t line;
    size_t column;
    codedb_text_place(ast->text, at->start, &line, &column);
    return codedb_fail_at(result, code, at->start, at->stop - at->start, line, column, "%s at byte %u of the ast: %s",
                          codedb_ast_class_name(codedb_ast_kind_class(at->kind)), at->start, message);
}

static codedb_code ast_edit_fail(const ast_edit_job *job, codedb_code code, uint32_t node, const char *format, ...)
    CODEDB_PRINTF(4, 5);
static codedb_code ast_edit_fail(const ast_edit_job *job, codedb_code code, uint32_t node, const char *format, ...)
{
    char message[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return ast_edit_fail_in(job->ast, code, node, job->result, message);
}

/* Adds to an error which edit it is about. */
static codedb_code ast_edit_blame(const ast_edit_job *job, codedb_code code, size_t number)
{
    codedb_buffer data;
    if (code == CODEDB_SUCCESS || code == CODEDB_NO_MEMORY || job->result == NULL)
        return code;
    codedb_buffer_init(&data, &job->ast->allocator);
    codedb_code_error_blame(&job->code_error, number, &data);
    codedb_result_take_data(job->result, &data);
    codedb_buffer_free(&data);
    return code;
}

/* ---- New nodes ---------------------------------------------------------------------------------------------------- */

/* Reads one new node. */
static codedb_code ast_edit_read_code(ast_edit_job *job, const char *text, size_t index, ast_edit_code *code)
{
    codedb_ast_read_options options = {.allocator = &job->ast->allocator};
    codedb_ast *ast;
    codedb_code answer = codedb_ast_read(text, strlen(text), &options, &ast, &job->code_error.found);
    answer = codedb_code_error_tell(&job->code_error, answer, index, job->result);
    if (answer != CODEDB_SUCCESS)
        return answer;
    code->text = (codedb_slice){text + ast->nodes[0].start, ast->nodes[0].stop - ast->nodes[0].start};
    code->class = codedb_ast_kind_class(ast->nodes[0].kind);
    codedb_ast_free(ast);
    return CODEDB_SUCCESS;
}

static codedb_code ast_edit_read_codes(ast_edit_job *job, size_t number)
{
    const codedb_edit *edit = &job->edits[number];
    codedb_code code = CODEDB_SUCCESS;
    size_t i;
    if (edit->action == CODEDB_EDIT_DELETE)
        return CODEDB_SUCCESS;
    job->codes[number] = codedb_arena_allocate(job->arena, edit->code_count, sizeof **job->codes);
    if (job->codes[number] == NULL)
        return codedb_fail_no_memory(job->result);
    for (i = 0; i < edit->code_count && code == CODEDB_SUCCESS; i++)
        code = edit->code[i] == NULL
                   ? codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: new node %zu is NULL", number, i)
                   : ast_edit_read_code(job, edit->code[i], i, &job->codes[number][i]);
    return code;
}

/* Copies the edits, whose struct may be an older, shorter one, and checks what can be checked without a tree. */
static codedb_code ast_edit_read_edits(ast_edit_job *job, const codedb_edit *edits)
{
    size_t stride = edits->struct_size;
    size_t i;
    job->edits = codedb_arena_allocate(job->arena, job->edit_count, sizeof *job->edits);
    job->codes = codedb_arena_allocate(job->arena, job->edit_count, sizeof(void *));
    if (job->edits == NULL || job->codes == NULL)
        return codedb_fail_no_memory(job->result);
    for (i = 0; i < job->edit_count; i++) {
        const codedb_edit *given = (const codedb_edit *)(const void *)((const char *)edits + i * stride);
        codedb_edit *edit = &job->edits[i];
        if (given->struct_size != stride || stride < offsetof(codedb_edit, filter.selector) || !codedb_edit_read(edit, given))
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: struct_size is %zu and that of its filter %zu", i,
                               given->struct_size, given->filter.struct_size);
        if ((unsigned)edit->action > CODEDB_EDIT_INSERT_LAST)
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: %d is no action", i, (int)edit->action);
        if (edit->action != CODEDB_EDIT_DELETE && (edit->code_count == 0 || edit->code == NULL))
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: a replacement or insertion needs new nodes", i);
        if (edit->use_captures)
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: captures stand in new code of sources only", i);
    }
    return CODEDB_SUCCESS;
}

/* Do all new nodes of the edit fit the field? */
static codedb_code ast_edit_check_codes(const ast_edit_job *job, const ast_edit_operation *operation)
{
    const codedb_edit *edit = ast_edit_of(job, operation);
    const codedb_ast_slot *slot = ast_edit_slot(job, operation);
    size_t i;
    for (i = 0; edit->action != CODEDB_EDIT_DELETE && i < edit->code_count; i++) {
        codedb_ast_class class = job->codes[operation->edit][i].class;
        if (codedb_ast_class_category(class) != slot->category)
            return ast_edit_fail(job, CODEDB_VALIDATION_ERROR, operation->node, "the field %s of %s takes %s, the new node is %s",
                                 codedb_ast_field_name(slot->field), codedb_ast_class_name(ast_edit_class(job, operation->owner)),
                                 codedb_ast_category_words((codedb_ast_category)slot->category), codedb_ast_class_name(class));
    }
    return CODEDB_SUCCESS;
}

/* ---- Places ------------------------------------------------------------------------------------------------------- */

/* The items of a list in the text; NULL without memory. A list that is not in the text has none, and no place either. */
static codedb_ast_value *ast_edit_items(const ast_edit_job *job, codedb_ast_value list, uint32_t *count)
{
    codedb_ast_value item;
    codedb_ast_value *items;
    size_t at = list.start;
    *count = 0;
    while (list.start < list.stop && codedb_ast_next_item(job->ast, &at, &item))
        ++*count;
    items = codedb_arena_allocate(job->arena, *count, sizeof *items);
    *count = 0;
    at = list.start;
    while (items != NULL && list.start < list.stop && codedb_ast_next_item(job->ast, &at, &items[*count]))
        ++*count;
    return items;
}

/* Is the statement a docstring, or `from __future__ import ...`? */
static bool ast_edit_stays_first(const ast_edit_job *job, uint32_t statement, bool docstring)
{
    const codedb_ast *ast = job->ast;
    codedb_ast_value value;
    if (docstring) {
        if (ast_edit_class(job, statement) != CODEDB_AST_CLASS_EXPR ||
            ast_edit_class(job, statement + 1) != CODEDB_AST_CLASS_CONSTANT)
            return false;
        value = codedb_ast_value_of(ast, statement + 1, CODEDB_AST_FIELD_value);
        return ast->text[value.start] == '"' || strncmp(ast->text + value.start, "{\"text\"", 7) == 0;
    }
    if (ast_edit_class(job, statement) != CODEDB_AST_CLASS_IMPORT_FROM)
        return false;
    value = codedb_ast_value_of(ast, statement, CODEDB_AST_FIELD_module);
    return value.stop - value.start == sizeof "\"__future__\"" - 1 &&
           memcmp(ast->text + value.start, "\"__future__\"", value.stop - value.start) == 0;
}

/* Where the first statement of a body may be inserted: behind a docstring, and in a module behind __future__. */
static uint32_t ast_edit_first_gap(const ast_edit_job *job, uint32_t owner, const codedb_ast_slot *slot)
{
    const codedb_ast_node *nodes = job->ast->nodes;
    codedb_ast_class class = ast_edit_class(job, owner);
    uint32_t gap = 0;
    uint32_t child;
    bool has_docstring = class == CODEDB_AST_CLASS_MODULE || class == CODEDB_AST_CLASS_CLASS_DEF ||
                         class == CODEDB_AST_CLASS_FUNCTION_DEF || class == CODEDB_AST_CLASS_ASYNC_FUNCTION_DEF;
    if (!has_docstring || slot->field != CODEDB_AST_FIELD_body)
        return 0;
    for (child = owner + 1; child < nodes[owner].end; child = nodes[child].end) {
        if (nodes[child].field != CODEDB_AST_FIELD_body)
            continue;
        if (!(gap == 0 && ast_edit_stays_first(job, child, true)) &&
            !(class == CODEDB_AST_CLASS_MODULE && ast_edit_stays_first(job, child, false)))
            break;
        gap++;
    }
    return gap;
}

/* The list of `owner` that new nodes of the category are inserted into: its body, the args of arguments, else the first one. */
static bool ast_edit_find_list(const ast_edit_job *job, uint32_t owner, codedb_ast_category category, uint8_t *number)
{
    unsigned count;
    const codedb_ast_slot *slots = codedb_ast_slots(ast_edit_class(job, owner), &count);
    bool found = false;
    unsigned i;
    for (i = 0; i < count; i++) {
        if (slots[i].quantity < CODEDB_AST_LIST || slots[i].category != category)
            continue;
        if (!found || slots[i].field == CODEDB_AST_FIELD_args)
            *number = (uint8_t)i;
        found = true;
    }
    return found;
}

static codedb_code ast_edit_place_inside(const ast_edit_job *job, ast_edit_operation *operation)
{
    const codedb_edit *edit = ast_edit_of(job, operation);
    codedb_ast_class class = job->codes[operation->edit][0].class;
    codedb_ast_value list;
    codedb_ast_value item;
    const codedb_ast_slot *slot;
    size_t at;
    operation->owner = operation->node;
    operation->in_list = true;
    if (!ast_edit_find_list(job, operation->node, codedb_ast_class_category(class), &operation->slot))
        return ast_edit_fail(job, CODEDB_VALIDATION_ERROR, operation->node, "it has no list that takes %s",
                             codedb_ast_category_words(codedb_ast_class_category(class)));
    slot = ast_edit_slot(job, operation);
    list = job->ast->values[job->ast->nodes[operation->node].values + operation->slot];
    if (list.start == list.stop)
        return ast_edit_fail(job, CODEDB_VALIDATION_ERROR, operation->node, "its field %s is not in the JSON",
                             codedb_ast_field_name(slot->field));
    if (edit->action == CODEDB_EDIT_INSERT_FIRST) {
        operation->gap = ast_edit_first_gap(job, operation->node, slot);
        return CODEDB_SUCCESS;
    }
    for (at = list.start; codedb_ast_next_item(job->ast, &at, &item);)
        operation->gap++;
    return CODEDB_SUCCESS;
}

/* The slot that holds a node. */
static void ast_edit_find_slot(const ast_edit_job *job, ast_edit_operation *operation)
{
    unsigned count;
    const codedb_ast_slot *slots;
    operation->owner = job->parents[operation->node];
    slots = codedb_ast_slots(ast_edit_class(job, operation->owner), &count);
    for (operation->slot = 0; slots[operation->slot].field != job->ast->nodes[operation->node].field; operation->slot++)
        continue;
    operation->in_list = slots[operation->slot].quantity >= CODEDB_AST_LIST;
}

static codedb_code ast_edit_place_beside(const ast_edit_job *job, ast_edit_operation *operation)
{
    const codedb_edit *edit = ast_edit_of(job, operation);
    const codedb_ast_slot *slot;
    const char *field;
    const char *owner;
    ast_edit_find_slot(job, operation);
    slot = ast_edit_slot(job, operation);
    field = codedb_ast_field_name(slot->field);
    owner = codedb_ast_class_name(ast_edit_class(job, operation->owner));
    operation->gap = job->ast->nodes[operation->node].index + (edit->action == CODEDB_EDIT_INSERT_AFTER);
    if (operation->in_list)
        return CODEDB_SUCCESS;
    if (edit->action == CODEDB_EDIT_DELETE && slot->quantity == CODEDB_AST_ONE)
        return ast_edit_fail(job, CODEDB_VALIDATION_ERROR, operation->node, "the field %s of %s holds it and is required", field,
                             owner);
    if (edit->action == CODEDB_EDIT_REPLACE && edit->code_count != 1)
        return ast_edit_fail(job, CODEDB_VALIDATION_ERROR, operation->node, "the field %s of %s is no list: it takes one node",
                             field, owner);
    if (!ast_edit_takes_away(edit))
        return ast_edit_fail(job, CODEDB_VALIDATION_ERROR, operation->node,
                             "the field %s of %s is no list: nothing can stand beside it", field, owner);
    return CODEDB_SUCCESS;
}

/* ---- Matches ------------------------------------------------------------------------------------------------------ */

/* An expression that is a whole statement goes, and has others beside it, as that statement. */
static uint32_t ast_edit_lift(const ast_edit_job *job, uint32_t node, const codedb_edit *edit)
{
    bool is_statement = node != 0 && ast_edit_class(job, job->parents[node]) == CODEDB_AST_CLASS_EXPR;
    return is_statement && edit->action != CODEDB_EDIT_REPLACE && !ast_edit_is_inside(edit) ? job->parents[node] : node;
}

static ast_edit_operation *ast_edit_add(ast_edit_job *job, uint32_t edit, uint32_t node)
{
    uint32_t last = job->last_operation[node];
    if (job->operation_count == job->operation_capacity) {
        uint32_t capacity = 2 * job->operation_capacity + 16;
        ast_edit_operation *operations = codedb_arena_allocate(job->arena, capacity, sizeof *operations);
        if (operations == NULL)
            return NULL;
        if (job->operation_count > 0)
            memcpy(operations, job->operations, job->operation_count * sizeof *operations);
        job->operations = operations;
        job->operation_capacity = capacity;
    }
    job->operations[job->operation_count] = (ast_edit_operation){.edit = edit, .node = node, .next = AST_EDIT_NONE};
    if (last == AST_EDIT_NONE)
        job->first_operation[node] = job->operation_count;
    else
        job->operations[last].next = job->operation_count;
    job->last_operation[node] = job->operation_count;
    return &job->operations[job->operation_count++];
}

static codedb_code ast_edit_take_match(ast_edit_job *job, uint32_t number, uint32_t node)
{
    const codedb_edit *edit = &job->edits[number];
    ast_edit_operation *operation = ast_edit_add(job, number, node);
    codedb_code code;
    if (operation == NULL)
        return codedb_fail_no_memory(job->result);
    if (ast_edit_is_inside(edit))
        code = ast_edit_place_inside(job, operation);
    else if (node == 0)
        return ast_edit_fail(job, CODEDB_VALIDATION_ERROR, 0, "the root cannot be replaced, deleted or have anything beside it");
    else
        code = ast_edit_place_beside(job, operation);
    return code == CODEDB_SUCCESS ? ast_edit_check_codes(job, operation) : code;
}

/* The node with a path of child numbers: `0.3.1`. */
static uint32_t ast_edit_find_path(const codedb_ast *ast, const char *path)
{
    uint32_t node = 0;
    if (*path++ != '0')
        return AST_EDIT_NONE;
    while (*path == '.') {
        char *behind;
        if (path[1] < '0' || path[1] > '9')
            return AST_EDIT_NONE;
        unsigned long number = strtoul(path + 1, &behind, 10);
        uint32_t child = node + 1, end = ast->nodes[node].end;
        for (; child < end && number > 0; number--)
            child = ast->nodes[child].end;
        if (child >= end)
            return AST_EDIT_NONE;
        node = child;
        path = behind;
    }
    return *path == '\0' ? node : AST_EDIT_NONE;
}

/* Finds the nodes of an edit: the one with its id, or those of its filter. */
static codedb_code ast_edit_select(ast_edit_job *job, const codedb_edit *edit, uint32_t **nodes, uint32_t *count)
{
    codedb_code code;
    if (edit->node_id == NULL) {
        code = codedb_ast_select(job->document, &edit->filter, job->arena, nodes, count, job->result);
        if (code == CODEDB_SUCCESS && *count == 0)
            code = codedb_fail(job->result, CODEDB_NOT_FOUND, "the selector %s finds nothing", codedb_filter_text(&edit->filter));
        return code;
    }
    *nodes = codedb_arena_allocate(job->arena, 1, sizeof **nodes);
    if (*nodes == NULL)
        return codedb_fail_no_memory(job->result);
    (*nodes)[0] = ast_edit_find_path(job->document->ast, edit->node_id);
    *count = 1;
    if ((*nodes)[0] == AST_EDIT_NONE)
        return codedb_fail(job->result, CODEDB_NOT_FOUND, "there is no node with the id %.80s", edit->node_id);
    return CODEDB_SUCCESS;
}

static codedb_code ast_edit_resolve(ast_edit_job *job, uint32_t number)
{
    const codedb_edit *edit = &job->edits[number];
    uint32_t before = AST_EDIT_NONE;
    uint32_t *nodes = NULL;
    uint32_t count = 0;
    uint32_t i;
    codedb_code code = ast_edit_read_codes(job, number);
    if (code == CODEDB_SUCCESS)
        code = ast_edit_select(job, edit, &nodes, &count);
    for (i = 0; code == CODEDB_SUCCESS && i < count; i++) {
        uint32_t node = ast_edit_lift(job, nodes[i], edit);
        if (node != before)
            code = ast_edit_take_match(job, number, node);
        before = node;
    }
    return code;
}

/* ---- Overlaps ----------------------------------------------------------------------------------------------------- */

/* What takes the node away, or NULL; a second deletion is none. */
static codedb_code ast_edit_find_remover(ast_edit_job *job, uint32_t node, ast_edit_operation **remover)
{
    uint32_t at;
    *remover = NULL;
    for (at = job->first_operation[node]; at != AST_EDIT_NONE; at = job->operations[at].next) {
        ast_edit_operation *operation = &job->operations[at];
        if (operation->dropped || !ast_edit_takes_away(ast_edit_of(job, operation)))
            continue;
        if (*remover == NULL)
            *remover = operation;
        else if (ast_edit_of(job, *remover)->action == CODEDB_EDIT_DELETE &&
                 ast_edit_of(job, operation)->action == CODEDB_EDIT_DELETE)
            operation->dropped = true;
        else
            return ast_edit_blame(job, ast_edit_fail(job, CODEDB_OVERLAP, node, "two edits replace or delete the same node"),
                                  operation->edit);
    }
    return CODEDB_SUCCESS;
}

static void ast_edit_drop(ast_edit_job *job, uint32_t node)
{
    uint32_t at;
    for (at = job->first_operation[node]; at != AST_EDIT_NONE; at = job->operations[at].next)
        job->operations[at].dropped = true;
}

/* Settles what is to be done with an operation inside of what another one takes away. */
static codedb_code ast_edit_settle(ast_edit_job *job, ast_edit_operation *outer, ast_edit_operation *inner)
{
    codedb_overlap overlap = CODEDB_OVERLAP_OUTERMOST;
    if (ast_edit_of(job, outer)->action == CODEDB_EDIT_REPLACE) {
        overlap = ast_edit_of(job, outer)->overlap;
        if (overlap == CODEDB_OVERLAP_ERROR)
            overlap = ast_edit_of(job, inner)->overlap;
    }
    if (overlap == CODEDB_OVERLAP_ERROR)
        return ast_edit_blame(job,
                              ast_edit_fail(job, CODEDB_OVERLAP, inner->node,
                                            "it is inside a node that is replaced; choose the outermost or the innermost"),
                              inner->edit);
    if (overlap == CODEDB_OVERLAP_OUTERMOST)
        inner->dropped = true;
    else
        ast_edit_drop(job, outer->node);
    return CODEDB_SUCCESS;
}

/* Settles the operations of one node with those that take away nodes around it, the innermost first. */
static codedb_code ast_edit_settle_node(ast_edit_job *job, uint32_t node, ast_edit_operation *const *around, uint32_t depth,
                                        ast_edit_operation *remover)
{
    uint32_t at;
    uint32_t i;
    for (at = job->first_operation[node]; at != AST_EDIT_NONE; at = job->operations[at].next) {
        ast_edit_operation *operation = &job->operations[at];
        codedb_code code = CODEDB_SUCCESS;
        for (i = depth; code == CODEDB_SUCCESS && i > 0 && !operation->dropped; i--)
            if (!around[i - 1]->dropped)
                code = ast_edit_settle(job, around[i - 1], operation);
        if (code == CODEDB_SUCCESS && remover != NULL && !remover->dropped && !operation->dropped &&
            ast_edit_is_inside(ast_edit_of(job, operation)))
            code = ast_edit_settle(job, remover, operation);
        if (code != CODEDB_SUCCESS)
            return code;
    }
    return CODEDB_SUCCESS;
}

/* Lets nothing be done inside of what goes. */
static codedb_code ast_edit_check_overlaps(ast_edit_job *job)
{
    ast_edit_operation **around = codedb_arena_allocate(job->arena, job->operation_count + 1u, sizeof(void *));
    uint32_t depth = 0;
    uint32_t node;
    if (around == NULL)
        return codedb_fail_no_memory(job->result);
    for (node = 0; node < job->ast->node_count; node++) {
        ast_edit_operation *remover;
        codedb_code code;
        while (depth > 0 && job->ast->nodes[around[depth - 1]->node].end <= node)
            depth--;
        if (job->first_operation[node] == AST_EDIT_NONE)
            continue;
        code = ast_edit_find_remover(job, node, &remover);
        if (code == CODEDB_SUCCESS)
            code = ast_edit_settle_node(job, node, around, depth, remover);
        if (code != CODEDB_SUCCESS)
            return code;
        while (depth > 0 && around[depth - 1]->dropped)
            depth--;
        if (remover != NULL && !remover->dropped)
            around[depth++] = remover;
    }
    return CODEDB_SUCCESS;
}

/* ---- Lists -------------------------------------------------------------------------------------------------------- */

/* One list that is edited, and what is done in it. */
typedef struct ast_edit_list {
    ast_edit_operation **operations; /* in the order of their gaps */
    uint32_t operation_count;
    codedb_ast_value place; /* brackets included */
    codedb_ast_value *items;
    uint32_t item_count;
    const ast_edit_operation **goes; /* of each item: what deletes it, or NULL */
    uint32_t left;                   /* items that stay, replaced ones too */
} ast_edit_list;

static void ast_edit_splice(ast_edit_job *job, const ast_edit_operation *operation, uint32_t depth, uint32_t start, uint32_t end)
{
    job->splices.failed = job->splices.failed || job->text.failed;
    codedb_splices_add(&job->splices, (uint32_t)(operation - job->operations), depth, start, end,
                       job->text.data == NULL ? "" : job->text.data, job->text.length);
    job->text.length = 0;
}

/* Appends an edit's new nodes, with commas between them. */
static void ast_edit_append_codes(ast_edit_job *job, const ast_edit_operation *operation)
{
    size_t i;
    for (i = 0; i < ast_edit_of(job, operation)->code_count; i++) {
        codedb_slice text = job->codes[operation->edit][i].text;
        if (i > 0)
            codedb_buffer_append_byte(&job->text, ',');
        codedb_buffer_append(&job->text, text.text, text.length);
    }
}

static void ast_edit_replace(ast_edit_job *job, ast_edit_operation *operation)
{
    const codedb_ast_node *node = &job->ast->nodes[operation->node];
    job->text.length = 0;
    if (ast_edit_of(job, operation)->action == CODEDB_EDIT_DELETE)
        codedb_buffer_append_text(&job->text, "null");
    else
        ast_edit_append_codes(job, operation);
    operation->unchanged = !job->text.failed && job->text.length == node->stop - node->start &&
                           memcmp(job->text.data, job->ast->text + node->start, job->text.length) == 0;
    ast_edit_splice(job, operation, 0, node->start, node->stop);
}

static bool ast_edit_open_list(ast_edit_job *job, ast_edit_list *list)
{
    const ast_edit_operation *first = list->operations[0];
    uint32_t i;
    list->place = job->ast->values[job->ast->nodes[first->owner].values + first->slot];
    list->items = ast_edit_items(job, list->place, &list->item_count);
    list->goes = codedb_arena_allocate(job->arena, list->item_count, sizeof(void *));
    if (list->items == NULL || list->goes == NULL)
        return false;
    list->left = list->item_count;
    for (i = 0; i < list->operation_count; i++) {
        const ast_edit_operation *operation = list->operations[i];
        if (ast_edit_of(job, operation)->action != CODEDB_EDIT_DELETE)
            continue;
        list->goes[job->ast->nodes[operation->node].index] = operation;
        list->left--;
    }
    return true;
}

/* Takes out the deleted items, each with a comma: the one before it, unless nothing before it stays. */
static void ast_edit_take_out(ast_edit_job *job, const ast_edit_list *list)
{
    bool stays_before = false;
    uint32_t i;
    for (i = 0; i < list->item_count; i++) {
        uint32_t start = stays_before ? list->items[i - 1].stop : list->items[i].start;
        uint32_t end = stays_before || i + 1 == list->item_count ? list->items[i].stop : list->items[i + 1].start;
        if (list->goes[i] == NULL)
            stays_before = true;
        else
            ast_edit_splice(job, list->goes[i], 0, start, end);
    }
}

/* Inserts between what stays. Insertions of earlier gaps come first at one place: they count as deeper. */
static void ast_edit_put_in(ast_edit_job *job, const ast_edit_list *list, const ast_edit_operation *operation)
{
    uint32_t before = operation->gap;
    uint32_t behind = before;
    uint32_t depth = list->item_count - operation->gap;
    job->text.length = 0;
    while (before > 0 && list->goes[before - 1] != NULL)
        before--;
    if (before > 0) {
        codedb_buffer_append_byte(&job->text, ',');
        ast_edit_append_codes(job, operation);
        ast_edit_splice(job, operation, depth, list->items[before - 1].stop, list->items[before - 1].stop);
        return;
    }
    while (list->goes[behind] != NULL)
        behind++;
    ast_edit_append_codes(job, operation);
    codedb_buffer_append_byte(&job->text, ',');
    ast_edit_splice(job, operation, depth, list->items[behind].start, list->items[behind].start);
}

/* Writes a list of which nothing stays: what is inserted, or a Pass, which no body can do without. */
static codedb_code ast_edit_refill(ast_edit_job *job, const ast_edit_list *list)
{
    const ast_edit_operation *first = list->operations[0];
    const codedb_ast_slot *slot = ast_edit_slot(job, first);
    uint32_t i;
    job->text.length = 0;
    for (i = 0; i < list->operation_count; i++) {
        if (ast_edit_of(job, list->operations[i])->action == CODEDB_EDIT_DELETE)
            continue;
        if (job->text.length > 0)
            codedb_buffer_append_byte(&job->text, ',');
        ast_edit_append_codes(job, list->operations[i]);
    }
    if (job->text.length == 0 && (slot->quantity == CODEDB_AST_LIST_OF_ONE || slot->quantity == CODEDB_AST_LIST_OF_TWO)) {
        if (slot->category != CODEDB_AST_STMT)
            return ast_edit_fail(job, CODEDB_VALIDATION_ERROR, first->owner, "its field %s cannot be left empty",
                                 codedb_ast_field_name(slot->field));
        codedb_buffer_append_text(&job->text, "{\"_type\":\"Pass\"}");
    }
    ast_edit_splice(job, first, 0, list->item_count == 0 ? list->place.start + 1 : list->items[0].start,
                    list->item_count == 0 ? list->place.start + 1 : list->items[list->item_count - 1].stop);
    return CODEDB_SUCCESS;
}

static codedb_code ast_edit_write_list(ast_edit_job *job, ast_edit_list *list)
{
    uint32_t i;
    if (!ast_edit_open_list(job, list))
        return codedb_fail_no_memory(job->result);
    if (list->left == 0)
        return ast_edit_refill(job, list);
    ast_edit_take_out(job, list);
    for (i = 0; i < list->operation_count; i++)
        if (ast_edit_of(job, list->operations[i])->action == CODEDB_EDIT_REPLACE)
            ast_edit_replace(job, list->operations[i]);
        else if (ast_edit_of(job, list->operations[i])->action != CODEDB_EDIT_DELETE)
            ast_edit_put_in(job, list, list->operations[i]);
    return CODEDB_SUCCESS;
}

/* ---- Planning ----------------------------------------------------------------------------------------------------- */

/* By list, then by gap; at one gap in the order in which they were asked for. */
static int ast_edit_compare(const void *left, const void *right)
{
    const ast_edit_operation *a = *(ast_edit_operation *const *)left;
    const ast_edit_operation *b = *(ast_edit_operation *const *)right;
    if (a->owner != b->owner)
        return a->owner < b->owner ? -1 : 1;
    if (a->slot != b->slot)
        return a->slot < b->slot ? -1 : 1;
    if (a->gap != b->gap)
        return a->gap < b->gap ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* The operations in lists that are not dropped, sorted; NULL without memory. */
static ast_edit_operation **ast_edit_sorted(ast_edit_job *job, uint32_t *count)
{
    ast_edit_operation **sorted = codedb_arena_allocate(job->arena, job->operation_count, sizeof(void *));
    uint32_t i;
    *count = 0;
    for (i = 0; sorted != NULL && i < job->operation_count; i++)
        if (!job->operations[i].dropped && job->operations[i].in_list)
            sorted[(*count)++] = &job->operations[i];
    if (*count > 0)
        qsort(sorted, *count, sizeof *sorted, ast_edit_compare);
    return sorted;
}

static bool ast_edit_same_list(const ast_edit_operation *left, const ast_edit_operation *right)
{
    return left->owner == right->owner && left->slot == right->slot;
}

/* Does a statement go with its last name? Then its names' deletions become one of the statement. */
static codedb_code ast_edit_collapse(ast_edit_job *job, ast_edit_operation **operations, uint32_t count)
{
    uint32_t owner = operations[0]->owner;
    codedb_ast_class class = ast_edit_class(job, owner);
    ast_edit_operation *first = operations[0];
    uint32_t item_count;
    uint32_t i;
    if ((class != CODEDB_AST_CLASS_IMPORT && class != CODEDB_AST_CLASS_IMPORT_FROM) || owner == 0)
        return CODEDB_SUCCESS;
    for (i = 0; i < count; i++)
        if (ast_edit_of(job, operations[i])->action != CODEDB_EDIT_DELETE)
            return CODEDB_SUCCESS;
    if (ast_edit_items(job, codedb_ast_value_of(job->ast, owner, CODEDB_AST_FIELD_names), &item_count) == NULL)
        return codedb_fail_no_memory(job->result);
    if (item_count != count)
        return CODEDB_SUCCESS;
    for (i = 1; i < count; i++)
        operations[i]->dropped = true;
    first->node = owner;
    return ast_edit_place_beside(job, first);
}

static codedb_code ast_edit_collapse_all(ast_edit_job *job)
{
    uint32_t count;
    ast_edit_operation **sorted = ast_edit_sorted(job, &count);
    codedb_code code = sorted == NULL ? codedb_fail_no_memory(job->result) : CODEDB_SUCCESS;
    uint32_t from;
    uint32_t to;
    for (from = 0; code == CODEDB_SUCCESS && from < count; from = to) {
        const ast_edit_operation list = *sorted[from];
        for (to = from + 1; to < count && ast_edit_same_list(&list, sorted[to]);)
            to++;
        code = ast_edit_collapse(job, sorted + from, to - from);
    }
    return code;
}

static codedb_code ast_edit_plan(ast_edit_job *job)
{
    uint32_t count;
    ast_edit_operation **sorted;
    codedb_code code = ast_edit_collapse_all(job);
    uint32_t from;
    uint32_t to;
    if (code != CODEDB_SUCCESS)
        return code;
    sorted = ast_edit_sorted(job, &count);
    if (sorted == NULL)
        return codedb_fail_no_memory(job->result);
    for (from = 0; code == CODEDB_SUCCESS && from < count; from = to) {
        ast_edit_list list = {.operations = sorted + from};
        for (to = from + 1; to < count && ast_edit_same_list(sorted[from], sorted[to]);)
            to++;
        list.operation_count = to - from;
        code = ast_edit_write_list(job, &list);
    }
    for (from = 0; code == CODEDB_SUCCESS && from < job->operation_count; from++)
        if (!job->operations[from].dropped && !job->operations[from].in_list)
            ast_edit_replace(job, &job->operations[from]);
    return code == CODEDB_SUCCESS && job->splices.failed ? codedb_fail_no_memory(job->result) : code;
}

/* ---- Checks of the result ----------------------------------------------------------------------------------------- */

typedef struct ast_edit_result {
    const codedb_ast *ast;
    uint32_t *parents;
    codedb_result *result;
} ast_edit_result;

static uint32_t ast_edit_length(const codedb_ast *ast, uint32_t node, unsigned field)
{
    codedb_ast_value list = codedb_ast_value_of(ast, node, field);
    codedb_ast_value item;
    uint32_t count = 0;
    size_t at = list.start;
    while (list.start < list.stop && codedb_ast_next_item(ast, &at, &item))
        count++;
    return count;
}

/* Lists of one class that go together. */
static const struct {
    uint8_t class;
    uint8_t left;
    uint8_t right;
    const char *message;
} ast_edit_pairs[] = {
    {CODEDB_AST_CLASS_DICT, CODEDB_AST_FIELD_keys, CODEDB_AST_FIELD_values, "keys and values differ in number"},
    {CODEDB_AST_CLASS_COMPARE, CODEDB_AST_FIELD_ops, CODEDB_AST_FIELD_comparators, "ops and comparators differ in number"},
    {CODEDB_AST_CLASS_ARGUMENTS, CODEDB_AST_FIELD_kwonlyargs, CODEDB_AST_FIELD_kw_defaults,
     "kwonlyargs and kw_defaults differ in number"},
    {CODEDB_AST_CLASS_MATCH_MAPPING, CODEDB_AST_FIELD_keys, CODEDB_AST_FIELD_patterns, "keys and patterns differ in number"},
    {CODEDB_AST_CLASS_MATCH_CLASS, CODEDB_AST_FIELD_kwd_attrs, CODEDB_AST_FIELD_kwd_patterns,
     "kwd_attrs and kwd_patterns differ in number"},
};

/* What is wrong with the lists of a node; NULL: nothing. */
static const char *ast_edit_list_fault(const codedb_ast *ast, uint32_t node, codedb_ast_class class)
{
    size_t i;
    for (i = 0; i < sizeof ast_edit_pairs / sizeof *ast_edit_pairs; i++)
        if (ast_edit_pairs[i].class == class &&
            ast_edit_length(ast, node, ast_edit_pairs[i].left) != ast_edit_length(ast, node, ast_edit_pairs[i].right))
            return ast_edit_pairs[i].message;
    if (class == CODEDB_AST_CLASS_ARGUMENTS &&
        ast_edit_length(ast, node, CODEDB_AST_FIELD_defaults) >
            ast_edit_length(ast, node, CODEDB_AST_FIELD_posonlyargs) + ast_edit_length(ast, node, CODEDB_AST_FIELD_args))
        return "there are more defaults than parameters";
    if (class != CODEDB_AST_CLASS_TRY && class != CODEDB_AST_CLASS_TRY_STAR)
        return NULL;
    if (codedb_ast_child(ast, node, CODEDB_AST_FIELD_handlers) != AST_EDIT_NONE)
        return NULL;
    if (codedb_ast_child(ast, node, CODEDB_AST_FIELD_finalbody) == AST_EDIT_NONE)
        return "neither handlers nor a finalbody are left";
    return codedb_ast_child(ast, node, CODEDB_AST_FIELD_orelse) == AST_EDIT_NONE ? NULL : "an orelse is left without handlers";
}

/* The field of a node that has too few items; NULL: none. */
static const char *ast_edit_short_field(const codedb_ast *ast, uint32_t node, codedb_ast_class class)
{
    unsigned count;
    const codedb_ast_slot *slots = codedb_ast_slots(class, &count);
    unsigned i;
    for (i = 0; i < count; i++) {
        uint32_t least = slots[i].quantity == CODEDB_AST_LIST_OF_TWO ? 2 : slots[i].quantity == CODEDB_AST_LIST_OF_ONE ? 1 : 0;
        if (least > 0 && ast_edit_length(ast, node, slots[i].field) < least)
            return codedb_ast_field_name(slots[i].field);
    }
    return NULL;
}

/* The context that an expression has to have where it stands. */
static codedb_ast_class ast_edit_context_due(const ast_edit_result *check, uint32_t node)
{
    const codedb_ast *ast = check->ast;
    for (;;) {
        uint32_t parent = check->parents[node];
        unsigned field = ast->nodes[node].field;
        codedb_ast_class class =
            parent == AST_EDIT_NONE ? CODEDB_AST_CLASS_MODULE : codedb_ast_kind_class(ast->nodes[parent].kind);
        if (class == CODEDB_AST_CLASS_STARRED ||
            ((class == CODEDB_AST_CLASS_TUPLE || class == CODEDB_AST_CLASS_LIST) && field == CODEDB_AST_FIELD_elts)) {
            node = parent;
            continue;
        }
        switch (field) {
        case CODEDB_AST_FIELD_targets: return class == CODEDB_AST_CLASS_DELETE ? CODEDB_AST_CLASS_DEL : CODEDB_AST_CLASS_STORE;
        case CODEDB_AST_FIELD_target:
        case CODEDB_AST_FIELD_optional_vars: return CODEDB_AST_CLASS_STORE;
        case CODEDB_AST_FIELD_name: return CODEDB_AST_CLASS_STORE; /* of a TypeAlias */
        default: return CODEDB_AST_CLASS_LOAD;
        }
    }
}

static codedb_code ast_edit_check_context(const ast_edit_result *check, uint32_t node)
{
    const codedb_ast *ast = check->ast;
    codedb_ast_class due;
    uint32_t context;
    char message[128];
    if (codedb_ast_class_category(codedb_ast_kind_class(ast->nodes[node].kind)) != CODEDB_AST_EXPR)
        return CODEDB_SUCCESS;
    due = ast_edit_context_due(check, node);
    context = codedb_ast_child(ast, node, CODEDB_AST_FIELD_ctx);
    if (context == AST_EDIT_NONE && due != CODEDB_AST_CLASS_LOAD)
        return ast_edit_fail_in(ast, CODEDB_VALIDATION_ERROR, node, check->result,
                                "it cannot stand where something is assigned or deleted");
    if (context == AST_EDIT_NONE || codedb_ast_kind_class(ast->nodes[context].kind) == due)
        return CODEDB_SUCCESS;
    snprintf(message, sizeof message, "its ctx is %s, expected %s where it stands",
             codedb_ast_class_name(codedb_ast_kind_class(ast->nodes[context].kind)), codedb_ast_class_name(due));
    return ast_edit_fail_in(ast, CODEDB_VALIDATION_ERROR, node, check->result, message);
}

static codedb_code ast_edit_check_node(const ast_edit_result *check, uint32_t node)
{
    codedb_ast_class class = codedb_ast_kind_class(check->ast->nodes[node].kind);
    const char *fault = ast_edit_list_fault(check->ast, node, class);
    const char *field = ast_edit_short_field(check->ast, node, class);
    char message[128];
    if (fault != NULL)
        return ast_edit_fail_in(check->ast, CODEDB_VALIDATION_ERROR, node, check->result, fault);
    if (field != NULL) {
        snprintf(message, sizeof message, "its field %s has too few items", field);
        return ast_edit_fail_in(check->ast, CODEDB_VALIDATION_ERROR, node, check->result, message);
    }
    return ast_edit_check_context(check, node);
}

/* The last node that begins before `offset`. */
static uint32_t ast_edit_node_before(const codedb_ast *ast, size_t offset)
{
    uint32_t low = 0;
    uint32_t high = ast->node_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (ast->nodes[middle].start < offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Checks the nodes in [start, end), and the one that holds them. */
static codedb_code ast_edit_check_range(const ast_edit_result *check, size_t start, size_t end)
{
    const codedb_ast *ast = check->ast;
    uint32_t holder = ast_edit_node_before(ast, start);
    uint32_t node;
    codedb_code code;
    node = holder + 1;
    while (ast->nodes[holder].stop <= start)
        holder = check->parents[holder];
    code = ast_edit_check_node(check, holder);
    for (; code == CODEDB_SUCCESS && node < ast->node_count && ast->nodes[node].start < end; node++)
        code = ast_edit_check_node(check, node);
    return code;
}

/* Reads the edited text, and checks what is new in it. */
static codedb_code ast_edit_check(ast_edit_job *job, const codedb_edit_report *report)
{
    codedb_ast_read_options options = {.allocator = &job->ast->allocator, .max_depth = SIZE_MAX};
    codedb_ast *ast;
    codedb_code code = codedb_ast_read(report->source, report->source_length, &options, &ast, job->result);
    ast_edit_result check = {.ast = ast, .result = job->result};
    uint32_t node;
    uint32_t child;
    size_t i;
    if (code != CODEDB_SUCCESS)
        return code;
    check.parents = codedb_arena_allocate(job->arena, ast->node_count, sizeof *check.parents);
    if (check.parents == NULL)
        code = codedb_fail_no_memory(job->result);
    else
        check.parents[0] = AST_EDIT_NONE;
    for (node = 0; code == CODEDB_SUCCESS && node < ast->node_count; node++)
        for (child = node + 1; child < ast->nodes[node].end; child = ast->nodes[child].end)
            check.parents[child] = node;
    for (i = 0; code == CODEDB_SUCCESS && i < report->range_count; i++)
        code = ast_edit_check_range(&check, report->new_ranges[2 * i], report->new_ranges[2 * i + 1]);
    codedb_ast_free(ast);
    return code;
}

/* ---- Entry points ------------------------------------------------------------------------------------------------- */

static bool ast_edit_prepare(ast_edit_job *job)
{
    uint32_t count = job->ast->node_count;
    uint32_t node;
    uint32_t child;
    job->parents = codedb_arena_allocate(job->arena, count, sizeof *job->parents);
    job->first_operation = codedb_arena_allocate(job->arena, count, sizeof *job->first_operation);
    job->last_operation = codedb_arena_allocate(job->arena, count, sizeof *job->last_operation);
    if (job->parents == NULL || job->first_operation == NULL || job->last_operation == NULL)
        return false;
    memset(job->first_operation, 0xFF, count * sizeof *job->first_operation);
    memset(job->last_operation, 0xFF, count * sizeof *job->last_operation);
    job->parents[0] = AST_EDIT_NONE;
    for (node = 0; node < count; node++)
        for (child = node + 1; child < job->ast->nodes[node].end; child = job->ast->nodes[child].end)
            job->parents[child] = node;
    return true;
}

static size_t ast_edit_count_modified(const ast_edit_job *job)
{
    size_t count = 0;
    uint32_t i;
    for (i = 0; i < job->operation_count; i++)
        count += !job->operations[i].dropped && !job->operations[i].unchanged;
    return job->splices.count > 0 ? count : 0;
}

static codedb_code ast_edit_finish(ast_edit_job *job, codedb_edit_report **report)
{
    const codedb_ast *ast = job->ast;
    codedb_slice old = {ast->text, ast->length};
    const codedb_splice *overlapping;
    codedb_code code;
    if (!codedb_splices_sort(&job->splices, ast->text, &overlapping))
        return codedb_fail(job->result, CODEDB_OVERLAP, "two edits change the same text at byte %u", overlapping->start);
    job->text.length = 0;
    codedb_splices_apply(&job->splices, ast->text, ast->length, &job->text);
    if (job->text.failed)
        return codedb_fail_no_memory(job->result);
    code = codedb_splices_report(&job->splices, &ast->allocator, old, &job->text, ast_edit_count_modified(job), job->path, report,
                                 job->result);
    return code == CODEDB_SUCCESS && job->splices.count > 0 ? ast_edit_check(job, *report) : code;
}

static codedb_code ast_edit_run(ast_edit_job *job, const codedb_edit *edits, codedb_edit_report **report)
{
    codedb_code code = ast_edit_prepare(job) ? ast_edit_read_edits(job, edits) : codedb_fail_no_memory(job->result);
    uint32_t i;
    for (i = 0; code == CODEDB_SUCCESS && i < job->edit_count; i++)
        code = ast_edit_blame(job, ast_edit_resolve(job, i), i);
    if (code == CODEDB_SUCCESS)
        code = ast_edit_check_overlaps(job);
    if (code == CODEDB_SUCCESS)
        code = ast_edit_plan(job);
    return code == CODEDB_SUCCESS ? ast_edit_finish(job, report) : code;
}

CODEDB_PRIVATE codedb_code codedb_ast_apply(const codedb_ast_document *document, const codedb_edit *edits, size_t edit_count,
                                            const char *path, codedb_edit_report **report, codedb_result *result)
{
    ast_edit_job job = {.document = document, .ast = document->ast, .edit_count = edit_count, .path = path, .result = result};
    job.code_error.found = (codedb_result)CODEDB_INIT(codedb_result);
    codedb_code code;
    *report = NULL;
    job.arena = codedb_arena_create(&document->ast->allocator);
    if (job.arena == NULL)
        return codedb_fail_no_memory(result);
    codedb_succeed(result);
    job.splices.arena = job.arena;
    codedb_buffer_init(&job.text, &document->ast->allocator);
    code = ast_edit_run(&job, edits, report);
    if (code != CODEDB_SUCCESS) {
        codedb_free(*report);
        *report = NULL;
    }
    codedb_result_clear(&job.code_error.found);
    codedb_buffer_free(&job.text);
    codedb_arena_destroy(job.arena);
    return code;
}

CODEDB_API codedb_code codedb_ast_json_edit(const char *json, size_t length, const codedb_ast_options *options,
                                            const codedb_edit *edits, size_t edit_count, codedb_edit_report **report,
                                            codedb_result *result)
{
    codedb_ast_document document;
    codedb_code code;
    if (report == NULL || edits == NULL || edit_count == 0)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_ast_json_edit needs edits and a place for the report");
    *report = NULL;
    code = codedb_ast_open(json, length, options, &document, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_ast_apply(&document, edits, edit_count, document.path == NULL ? "ast.json" : document.path, report, result);
    codedb_ast_free(document.ast);
    return code;
}
