/* codedb_edit_target.c -- what an edit is about: its matches, the nodes on which it really works, and those that overlap.
 *
 * Called by codedb_edit.c. Calls codedb_xpath.c for the matches. Any thread. */
#include "codedb_edit.h"

#include "codedb_selector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Targets ------------------------------------------------------------------------------------------------------ */

static bool edit_is_small(const codedb_edit_job *job, uint32_t node)
{
    return codedb_node_kind_category((codedb_node_kind)codedb_edit_node(job, node)->kind) == CODEDB_CATEGORY_SMALL_STATEMENT;
}

static bool edit_is_line_statement(const codedb_edit_job *job, uint32_t node)
{
    codedb_node_category category = codedb_node_kind_category((codedb_node_kind)codedb_edit_node(job, node)->kind);
    return (category == CODEDB_CATEGORY_STATEMENT || category == CODEDB_CATEGORY_COMPOUND_STATEMENT) &&
           !codedb_edit_is_elif(job, node);
}

/* The item or target that an expression is all of: what is deleted, or has others beside it or in its place. */
static uint32_t edit_item_of(const codedb_edit_job *job, uint32_t node, const codedb_edit *edit)
{
    uint8_t kind = codedb_edit_node(job, node)->kind;
    if ((kind == CODEDB_NODE_INDEX || kind == CODEDB_NODE_SLICE) &&
        codedb_list_is_item(job->tree, job->parents, job->parents[node]))
        return job->parents[node];
    if (!node || (edit->action == CODEDB_EDIT_REPLACE && edit->code_count < 2))
        return node;
    uint32_t parent = job->parents[node];
    bool is_all = codedb_list_is_all_of_item(job->tree, job->parents, node);
    return is_all || codedb_edit_node(job, parent)->kind == CODEDB_NODE_ASSIGN_TARGET ? parent : node;
}

/* The node on which an action on `node` really works: a small statement alone on its line is the line, an expression that is a whole
 * statement goes as one, and "inside a statement" is inside its body. */
CODEDB_PRIVATE uint32_t codedb_edit_lift(const codedb_edit_job *job, uint32_t node, const codedb_edit *edit)
{
    codedb_edit_action action = edit->action;
    bool inside = action == CODEDB_EDIT_INSERT_FIRST || action == CODEDB_EDIT_INSERT_LAST;
    if (inside) {
        uint8_t kind = codedb_edit_node(job, node)->kind;
        if (kind == CODEDB_NODE_MODULE || kind == CODEDB_NODE_INDENTED_BLOCK || kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE)
            return node;
        uint32_t body = codedb_tree_child(job->tree, node, CODEDB_FIELD_body);
        return body != CODEDB_EDIT_NONE && (codedb_edit_node(job, body)->kind == CODEDB_NODE_INDENTED_BLOCK ||
                                            codedb_edit_node(job, body)->kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE)
                   ? body
                   : node;
    }
    uint32_t item = edit_item_of(job, node, edit);
    if (item != node)
        return item;
    if (action != CODEDB_EDIT_REPLACE && node && codedb_edit_node(job, job->parents[node])->kind == CODEDB_NODE_EXPR)
        node = job->parents[node];
    if (edit_is_small(job, node)) {
        uint32_t line = job->parents[node];
        if (codedb_edit_node(job, line)->kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE &&
            codedb_edit_node(job, node)->end == codedb_edit_node(job, line)->end && line + 1 == node)
            return line;
    }
    return node;
}

/* Why the action cannot be done on the (lifted) node; NULL when it can. */
static const char *edit_target_fault(const codedb_edit_job *job, uint32_t node, codedb_edit_action action)
{
    uint8_t kind = codedb_edit_node(job, node)->kind;
    bool is_body = kind == CODEDB_NODE_INDENTED_BLOCK || kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE;
    if (action == CODEDB_EDIT_INSERT_FIRST || action == CODEDB_EDIT_INSERT_LAST)
        return is_body || kind == CODEDB_NODE_MODULE || codedb_role_of_owner(job, node) != CODEDB_ROLE_STATEMENT
                   ? NULL
                   : "code can be inserted first or last only in what has a body or is a list";
    if (edit_is_line_statement(job, node) || edit_is_small(job, node))
        return NULL;
    if (kind == CODEDB_NODE_MODULE)
        return "a module cannot be replaced, deleted or have anything beside it";
    if (is_body && action == CODEDB_EDIT_REPLACE)
        return NULL;
    if (is_body)
        return "the field body is required: a body can be replaced, or have statements inserted first or last";
    if (kind == CODEDB_NODE_IMPORT_STAR && action != CODEDB_EDIT_DELETE && action != CODEDB_EDIT_REPLACE)
        return "no name can stand beside the star of an import";
    if (kind == CODEDB_NODE_MATCH_OR_ELEMENT && action != CODEDB_EDIT_DELETE)
        return "an alternative of a pattern can only be deleted: replace the case";
    if (codedb_list_is_item(job->tree, job->parents, node) || kind == CODEDB_NODE_ASSIGN_TARGET ||
        codedb_edit_is_clause(job, node))
        return NULL;
    if (codedb_edit_is_part(job, node))
        return action == CODEDB_EDIT_DELETE ? NULL
                                            : "it can only be deleted: replace what it is a part of, or the expression in it";
    if (codedb_node_kind_category((codedb_node_kind)kind) == CODEDB_CATEGORY_EXPRESSION && kind != CODEDB_NODE_STARRED_ELEMENT)
        return action == CODEDB_EDIT_REPLACE ? NULL : "";
    return "only statements, bodies, clauses, decorators, expressions, items of lists and targets can be edited";
}

/* Fails with the fault; an expression that something needs is told with its field. */
static codedb_code edit_fail_target(const codedb_edit_job *job, uint32_t node, const char *fault)
{
    char text[160];
    if (!*fault) {
        codedb_node_kind parent = (codedb_node_kind)codedb_edit_node(job, job->parents[node])->kind;
        snprintf(text, sizeof text, "the field %s of %s holds it and is no list: an expression there can only be replaced",
                 codedb_field_name((codedb_node_field)codedb_edit_node(job, node)->field), codedb_node_kind_name(parent));
        fault = text;
    }
    return codedb_edit_fail_node(job, CODEDB_VALIDATION_ERROR, node, fault);
}

CODEDB_PRIVATE codedb_edit_operation *codedb_edit_append_operation(codedb_edit_job *job, uint32_t edit, uint32_t node)
{
    if (job->operation_count == job->operation_capacity) {
        uint32_t capacity = 2 * job->operation_capacity + 16;
        codedb_edit_operation *operations = codedb_arena_allocate(job->arena, capacity, sizeof *operations);
        if (!operations)
            return NULL;
        if (job->operation_count)
            memcpy(operations, job->operations, job->operation_count * sizeof *operations);
        job->operations = operations;
        job->operation_capacity = capacity;
    }
    codedb_edit_operation *operation = &job->operations[job->operation_count++];
    *operation = (codedb_edit_operation){
        .edit = edit, .node = node, .next = CODEDB_EDIT_NONE, .action = job->edits[edit].action, .comment = CODEDB_EDIT_NONE};
    return operation;
}

static bool edit_add_operation(codedb_edit_job *job, uint32_t edit, uint32_t node)
{
    uint32_t number = job->operation_count, last = job->last_operation[node];
    if (!codedb_edit_append_operation(job, edit, node))
        return false;
    if (last == CODEDB_EDIT_NONE)
        job->first_operation[node] = number;
    else
        job->operations[last].next = number;
    job->last_operation[node] = number;
    return true;
}

/* A new member of an edit's codes, with room for its snippets; NULL without memory. */
static codedb_edit_code *edit_add_code(codedb_edit_job *job, uint32_t edit, codedb_role role)
{
    size_t count = job->edits[edit].code_count;
    codedb_edit_code *added = codedb_arena_allocate(job->arena, 1, sizeof *added);
    codedb_snippet *snippets = codedb_arena_allocate(job->arena, count, sizeof *snippets);
    if (!added || !snippets)
        return NULL;
    *added = (codedb_edit_code){job->codes[edit], role, snippets, 0};
    job->codes[edit] = added;
    return added;
}

/* What is an expression only in parentheses, `a := b` and `a for a in b`, with these: CODEDB_PARSE_ERROR when the text is none even then. */
static codedb_code edit_parse_in_parentheses(codedb_edit_job *job, const char *text, codedb_snippet *snippet)
{
    codedb_buffer inside;
    codedb_buffer_init(&inside, &job->tree->allocator);
    codedb_buffer_append_byte(&inside, '(');
    codedb_buffer_append_text(&inside, text);
    codedb_buffer_append_byte(&inside, ')');
    codedb_code code = inside.failed ? CODEDB_NO_MEMORY
                                     : codedb_role_parse(CODEDB_ROLE_STATEMENT, inside.data, job->tree->target_version,
                                                         &job->tree->allocator, snippet, NULL);
    codedb_buffer_free(&inside);
    if (code != CODEDB_SUCCESS)
        return code;
    uint32_t operand = codedb_operand_of(snippet);
    if (operand != CODEDB_EDIT_NONE && snippet->tree->nodes[operand].parens)
        return CODEDB_SUCCESS;
    codedb_snippet_free(snippet);
    return CODEDB_PARSE_ERROR;
}

static bool edit_wants_expression(const codedb_edit_job *job, const codedb_edit_operation *operation)
{
    codedb_node_kind kind = (codedb_node_kind)codedb_edit_node(job, operation->node)->kind;
    return operation->role == CODEDB_ROLE_STATEMENT && operation->action == CODEDB_EDIT_REPLACE &&
           codedb_node_kind_category(kind) == CODEDB_CATEGORY_EXPRESSION;
}

static codedb_code edit_parse_code(codedb_edit_job *job, codedb_edit_code *code, const codedb_edit_operation *operation,
                                   const char *text)
{
    codedb_snippet *snippet = &code->snippets[code->count];
    codedb_result *error = &job->code_error.found;
    codedb_code answer =
        codedb_role_parse(operation->role, text, job->tree->target_version, &job->tree->allocator, snippet, error);
    if (answer == CODEDB_PARSE_ERROR && edit_wants_expression(job, operation)) {
        codedb_code second = edit_parse_in_parentheses(job, text, snippet);
        answer = second == CODEDB_PARSE_ERROR ? answer : second;
    }
    size_t index = code->count;
    code->count += answer == CODEDB_SUCCESS;
    return codedb_code_error_tell(&job->code_error, answer, index, job->result);
}

/* Gives the operation its edit's code, parsed in the role that it has there; once for each role. */
static codedb_code edit_take_code(codedb_edit_job *job, codedb_edit_operation *operation)
{
    const codedb_edit *edit = codedb_edit_of(job, operation);
    codedb_code code = CODEDB_SUCCESS;
    codedb_edit_code *known = job->codes[operation->edit];
    while (known && known->role != operation->role)
        known = known->next;
    if (!known) {
        known = edit_add_code(job, operation->edit, operation->role);
        if (!known)
            return codedb_fail_no_memory(job->result);
        for (size_t i = 0; i < edit->code_count && code == CODEDB_SUCCESS; i++)
            code = edit_parse_code(job, known, operation, edit->code[i]);
    }
    operation->snippets = known->snippets;
    return code;
}

/* Gives the operation its edit's code with what this match captured. */
static codedb_code edit_fill_code(codedb_edit_job *job, codedb_edit_operation *operation, const codedb_captured *captured,
                                  const uint32_t *row)
{
    const codedb_edit *edit = codedb_edit_of(job, operation);
    /* No other operation takes it: it has no role. */
    codedb_edit_code *own = edit_add_code(job, operation->edit, CODEDB_ROLE_COUNT);
    codedb_code code = own ? CODEDB_SUCCESS : codedb_fail_no_memory(job->result);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < edit->code_count; i++) {
        job->text.length = 0;
        code = codedb_template_expand(job, edit->code[i], captured, row, &job->text);
        if (code == CODEDB_SUCCESS)
            code = edit_parse_code(job, own, operation, job->text.data ? job->text.data : "");
    }
    job->text.length = 0;
    operation->snippets = own ? own->snippets : NULL;
    return code;
}

/* Whether two rows of one node captured the same. */
static bool edit_is_same_row(const codedb_captured *captured, const uint32_t *row, const uint32_t *before)
{
    return before && !memcmp(row, before, (1 + (size_t)captured->capture_count) * sizeof *row);
}

/* Makes an operation of a match. `before` is the node of the match before it, for which there is one already. */
static codedb_code edit_take_match(codedb_edit_job *job, uint32_t number, uint32_t match, uint32_t *before,
                                   const codedb_captured *captured, const uint32_t *row)
{
    const codedb_edit *edit = &job->edits[number];
    uint32_t node = codedb_edit_lift(job, match, edit);
    const char *fault = edit_target_fault(job, node, edit->action);
    if (fault)
        return edit_fail_target(job, match, fault);
    bool is_known = node == *before && (!captured || edit->action == CODEDB_EDIT_DELETE);
    *before = node;
    if (is_known)
        return CODEDB_SUCCESS;
    if (!edit_add_operation(job, number, node))
        return codedb_fail_no_memory(job->result);
    if (edit->action == CODEDB_EDIT_DELETE)
        return CODEDB_SUCCESS;
    codedb_edit_operation *operation = &job->operations[job->operation_count - 1];
    operation->role = codedb_role_of(job, node, edit->action);
    return captured ? edit_fill_code(job, operation, captured, row) : edit_take_code(job, operation);
}

/* Makes an operation of a comment; `row` is what the match captured. */
static codedb_code edit_take_comment(codedb_edit_job *job, uint32_t number, const codedb_target *target,
                                     const codedb_captured *captured, const uint32_t *row)
{
    const codedb_edit *edit = &job->edits[number];
    codedb_code code = CODEDB_SUCCESS;
    if (edit->action == CODEDB_EDIT_DELETE || !captured)
        return codedb_edit_take_comment(job, number, target->node, target->comment, edit->code_count ? edit->code[0] : NULL);
    job->text.length = 0;
    code = codedb_template_expand(job, edit->code[0], captured, row, &job->text);
    if (code == CODEDB_SUCCESS)
        code = codedb_edit_take_comment(job, number, target->node, target->comment, job->text.data ? job->text.data : "");
    job->text.length = 0;
    return code;
}

static codedb_code edit_fail_not_found(const codedb_edit_job *job, const codedb_edit *edit)
{
    return codedb_fail(job->result, CODEDB_NOT_FOUND, "the selector %s finds nothing", codedb_filter_text(&edit->filter));
}

static codedb_code edit_fail_no_id(const codedb_edit_job *job, const codedb_edit *edit)
{
    return codedb_fail(job->result, CODEDB_NOT_FOUND, "there is no node with the id %.80s", edit->node_id);
}

/* The matches of an edit whose code has captures: one operation for each way in which a node was matched. */
static codedb_code edit_resolve_captures(codedb_edit_job *job, uint32_t number)
{
    codedb_captured captured = {0};
    uint32_t before = CODEDB_EDIT_NONE;
    const uint32_t *last = NULL;
    codedb_code code = codedb_xpath_select_captured(job->tree, &job->edits[number].filter, &captured, job->result);
    if (code == CODEDB_SUCCESS && !captured.count)
        code = edit_fail_not_found(job, &job->edits[number]);
    for (size_t i = 0; i < captured.count && code == CODEDB_SUCCESS; i++) {
        const uint32_t *row = captured.rows + i * (1 + (size_t)captured.capture_count);
        codedb_target target = {row[0], captured.comments[i]};
        bool is_same = edit_is_same_row(&captured, row, last) && (!i || captured.comments[i - 1] == target.comment);
        if (!is_same && target.comment != CODEDB_NO_COMMENT)
            code = edit_take_comment(job, number, &target, &captured, row);
        else if (!is_same)
            code = edit_take_match(job, number, row[0], &before, &captured, row);
        last = row;
    }
    codedb_captured_free(&captured);
    return code;
}

/* The node with a path of child numbers: `0.3.1`. */
static uint32_t edit_find_path(const codedb_tree *tree, const char *path)
{
    uint32_t node = 0;
    if (*path++ != '0')
        return CODEDB_EDIT_NONE;
    while (*path == '.') {
        char *behind;
        if (path[1] < '0' || path[1] > '9')
            return CODEDB_EDIT_NONE;
        unsigned long number = strtoul(path + 1, &behind, 10);
        uint32_t child = node + 1, end = tree->nodes[node].end;
        for (; child < end && number; number--)
            child = tree->nodes[child].end;
        if (child >= end)
            return CODEDB_EDIT_NONE;
        node = child;
        path = behind;
    }
    return *path ? CODEDB_EDIT_NONE : node;
}

/* The comment with an id: `0.3.w0`, below a node that is stored. */
static codedb_code edit_resolve_comment_id(codedb_edit_job *job, uint32_t number)
{
    const codedb_edit *edit = &job->edits[number];
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_target *targets = NULL;
    uint32_t count = 0;
    char selector[160];
    if (strlen(edit->node_id) > 80 || edit->node_id[strspn(edit->node_id, "0123456789abcdef.w")])
        return edit_fail_no_id(job, edit);
    snprintf(selector, sizeof selector, "Comment[node_id=\"%s\"]", edit->node_id);
    filter.selector = selector;
    codedb_code code = codedb_xpath_select(job->tree, &filter, &targets, &count, job->result);
    if (code == CODEDB_SUCCESS)
        code = count ? edit_take_comment(job, number, targets, NULL, NULL) : edit_fail_no_id(job, edit);
    codedb_memory_release(&job->tree->allocator, targets);
    return code;
}

/* An edit of the node with an id. */
static codedb_code edit_resolve_id(codedb_edit_job *job, uint32_t number)
{
    const codedb_edit *edit = &job->edits[number];
    const codedb_tree *tree = job->tree;
    uint32_t before = CODEDB_EDIT_NONE, node;
    codedb_code code;
    if (strchr(edit->node_id, 'w') != NULL)
        return edit_resolve_comment_id(job, number);
    code = codedb_identity_find_place(tree, edit->node_id, &node);
    if (code == CODEDB_CONFLICT)
        return codedb_fail(job->result, code, "the id %.80s is a place in a text that is not this source, or not any more",
                           edit->node_id);
    if (code != CODEDB_SUCCESS)
        node = tree->identities ? codedb_identities_find(tree->identities, tree->node_count, edit->node_id)
                                : edit_find_path(tree, edit->node_id);
    if (node == CODEDB_EDIT_NONE)
        return edit_fail_no_id(job, edit);
    return edit_take_match(job, number, node, &before, NULL, NULL);
}

CODEDB_PRIVATE codedb_code codedb_edit_resolve(codedb_edit_job *job, uint32_t number)
{
    const codedb_edit *edit = &job->edits[number];
    codedb_target *targets = NULL;
    uint32_t count = 0, before = CODEDB_EDIT_NONE;
    if (edit->node_id && edit->use_captures && edit->action != CODEDB_EDIT_DELETE)
        return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "an edit of a node by its id has no captures");
    if (edit->node_id)
        return edit_resolve_id(job, number);
    if (edit->use_captures && edit->action != CODEDB_EDIT_DELETE)
        return edit_resolve_captures(job, number);
    codedb_code code = codedb_xpath_select(job->tree, &edit->filter, &targets, &count, job->result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (!count)
        code = edit_fail_not_found(job, edit);
    for (uint32_t i = 0; i < count && code == CODEDB_SUCCESS; i++)
        code = targets[i].comment != CODEDB_NO_COMMENT ? edit_take_comment(job, number, &targets[i], NULL, NULL)
                                                       : edit_take_match(job, number, targets[i].node, &before, NULL, NULL);
    codedb_memory_release(&job->tree->allocator, targets);
    return code;
}

/* ---- Overlaps ----------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_edit_drop_operations(codedb_edit_job *job, uint32_t node)
{
    for (uint32_t at = job->first_operation[node]; at != CODEDB_EDIT_NONE; at = job->operations[at].next)
        job->operations[at].dropped = true;
    job->marks[node] = 0;
}

/* Marks what becomes of a node by its own operations. A second deletion is none; a second replacement is an overlap. */
static codedb_code edit_mark(codedb_edit_job *job, uint32_t node)
{
    codedb_edit_operation *operation;
    uint32_t at = job->first_operation[node];
    while ((operation = codedb_edit_next_operation(job, &at)) != NULL) {
        if (operation->action != CODEDB_EDIT_DELETE && operation->action != CODEDB_EDIT_REPLACE)
            continue;
        uint8_t mark = operation->action == CODEDB_EDIT_DELETE ? CODEDB_MARK_DELETED : CODEDB_MARK_REPLACED;
        if (mark == CODEDB_MARK_DELETED && job->marks[node] == CODEDB_MARK_DELETED)
            operation->dropped = true;
        else if (job->marks[node])
            return codedb_edit_fail_node(job, CODEDB_OVERLAP, node, "two edits replace or delete the same node");
        job->marks[node] |= mark;
    }
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_overlap codedb_edit_overlap_of(codedb_edit_job *job, uint32_t node)
{
    codedb_edit_operation *operation;
    uint32_t at = job->first_operation[node];
    while ((operation = codedb_edit_next_operation(job, &at)) != NULL)
        if (codedb_edit_of(job, operation)->overlap != CODEDB_OVERLAP_ERROR)
            return codedb_edit_of(job, operation)->overlap;
    return CODEDB_OVERLAP_ERROR;
}

/* Settles what is to be done with a node inside one that is replaced or deleted. */
static codedb_code edit_settle(codedb_edit_job *job, uint32_t outer, uint32_t inner)
{
    codedb_overlap overlap = CODEDB_OVERLAP_OUTERMOST;
    if (job->marks[outer] & CODEDB_MARK_REPLACED) {
        overlap = codedb_edit_overlap_of(job, outer);
        if (overlap == CODEDB_OVERLAP_ERROR)
            overlap = codedb_edit_overlap_of(job, inner);
    }
    if (overlap == CODEDB_OVERLAP_ERROR)
        return codedb_edit_fail_node(job, CODEDB_OVERLAP, inner,
                                     "it is inside a node that is replaced; choose the outermost or the innermost");
    codedb_edit_drop_operations(job, overlap == CODEDB_OVERLAP_OUTERMOST ? inner : outer);
    return CODEDB_SUCCESS;
}

/* Marks all nodes with operations, and lets none stand inside one that goes. */
CODEDB_PRIVATE codedb_code codedb_edit_check_overlaps(codedb_edit_job *job)
{
    /* Replaced and deleted nodes around the current one, outermost first, linked through this array. */
    uint32_t *around = codedb_arena_allocate(job->arena, job->operation_count + 1, sizeof *around);
    uint32_t depth = 0;
    if (!around)
        return codedb_fail_no_memory(job->result);
    for (uint32_t node = 0; node < job->tree->node_count; node++) {
        while (depth && codedb_edit_clause_end(job, around[depth - 1]) <= node)
            depth--;
        if (job->first_operation[node] == CODEDB_EDIT_NONE)
            continue;
        codedb_code code = edit_mark(job, node);
        for (uint32_t i = depth; code == CODEDB_SUCCESS && i > 0 && !job->operations[job->first_operation[node]].dropped; i--)
            if (job->marks[around[i - 1]])
                code = edit_settle(job, around[i - 1], node);
        if (code != CODEDB_SUCCESS)
            return code;
        while (depth && !job->marks[around[depth - 1]])
            depth--;
        if (job->marks[node])
            around[depth++] = node;
    }
    return CODEDB_SUCCESS;
}
