/* codedb_edit.c -- an edit of a source: matches in, byte-range splices out, applied once, parsed once, all or nothing.
 *
 * Called by the host (codedb_tree_edit) and by codedb_source.c. Calls codedb_edit_target.c for the matches, codedb_snippet.c for new
 * code, codedb_edit_block.c, codedb_edit_suite.c, codedb_edit_clause.c, codedb_operand.c and codedb_list.c for the splices,
 * codedb_splice.c and codedb_context.c for the result. Any thread; an edit belongs to one call.
 *
 * Invariants
 * 1. All matches are resolved against the one tree that was given; nothing is changed until every edit is planned.
 * 2. A splice covers whole nodes or stands between them. What it touches besides: a separator, a blank line, a line break,
 *    `pass` in an emptied block, the layout of a body that stood behind its colon.
 * 3. The edited source is parsed before anybody sees it, and checked for what the compiler refuses in the new parts.
 * 4. Work is linear in nodes plus edits: a block or list is walked once, whatever the number of operations in it. */
#include "codedb_edit.h"

#include <string.h>

/* ---- The job ------------------------------------------------------------------------------------------------------ */

CODEDB_PRIVATE void codedb_edit_splice(codedb_edit_job *job, const codedb_edit_operation *operation, uint32_t start, uint32_t end,
                                       const char *text, size_t length)
{
    codedb_splices_add(&job->splices, (uint32_t)(operation - job->operations), 0, start, end, text, length);
}

/* Replaces [start, end) by what the buffer holds, and empties that. */
CODEDB_PRIVATE void codedb_edit_splice_text(codedb_edit_job *job, const codedb_edit_operation *operation, uint32_t start,
                                            uint32_t end)
{
    job->splices.failed |= job->text.failed;
    codedb_edit_splice(job, operation, start, end, job->text.data ? job->text.data : "", job->text.length);
    job->text.length = 0;
}

CODEDB_PRIVATE codedb_edit_operation *codedb_edit_next_operation(codedb_edit_job *job, uint32_t *at)
{
    while (*at != CODEDB_EDIT_NONE) {
        codedb_edit_operation *operation = &job->operations[*at];
        *at = operation->next;
        if (!operation->dropped)
            return operation;
    }
    return NULL;
}

CODEDB_PRIVATE codedb_code codedb_edit_fail_node(const codedb_edit_job *job, codedb_code code, uint32_t node, const char *message)
{
    uint32_t start, end;
    codedb_tree_position(job->tree, node, &start, &end);
    codedb_place place = codedb_tree_place(job->tree, start);
    return codedb_fail_at(job->result, code, start, end - start, place.line, place.column, "%s at line %u: %s",
                          codedb_node_kind_name((codedb_node_kind)codedb_edit_node(job, node)->kind), place.line, message);
}

CODEDB_PRIVATE const codedb_snippet *codedb_edit_first_snippet(const codedb_edit_job *job, const codedb_edit_operation *operation)
{
    return &job->snippets[operation->edit][0];
}

CODEDB_PRIVATE const codedb_snippet *codedb_edit_last_snippet(const codedb_edit_job *job, const codedb_edit_operation *operation)
{
    return &job->snippets[operation->edit][codedb_edit_of(job, operation)->code_count - 1];
}

CODEDB_PRIVATE bool codedb_edit_is_inline(const codedb_edit_job *job, const codedb_edit_operation *operation)
{
    return codedb_edit_of(job, operation)->code_count == 1 && codedb_edit_first_snippet(job, operation)->is_inline;
}

static bool edit_is_expression(const codedb_edit_job *job, uint32_t node)
{
    return codedb_node_kind_category((codedb_node_kind)codedb_edit_node(job, node)->kind) == CODEDB_CATEGORY_EXPRESSION;
}

/* ---- Expressions -------------------------------------------------------------------------------------------------- */

/* An expression by another, on the line where it stands. */
static codedb_code edit_replace_expression(codedb_edit_job *job, codedb_edit_operation *operation)
{
    uint32_t start, end, node = operation->node;
    const codedb_snippet *snippet = codedb_edit_first_snippet(job, operation);
    if (codedb_edit_of(job, operation)->code_count != 1)
        return codedb_edit_fail_node(job, CODEDB_VALIDATION_ERROR, node, "one expression can be replaced only by one");
    if (codedb_operand_of(snippet) == CODEDB_EDIT_NONE)
        return codedb_edit_fail_node(
            job, CODEDB_PARSE_ERROR, node,
            "an expression can be replaced only by an expression; to replace by statements select the statement");
    const char *fault = codedb_operand_fault(job->tree, job->parents, node, snippet);
    if (fault)
        return codedb_edit_fail_node(job, CODEDB_VALIDATION_ERROR, node, fault);
    codedb_tree_position(job->tree, node, &start, &end);
    codedb_layout layout = {.indent = codedb_edit_indent_at(job, start),
                            .unit = {CODEDB_EDIT_DEFAULT_UNIT, strlen(CODEDB_EDIT_DEFAULT_UNIT)},
                            .newline = codedb_edit_newline_at(job, codedb_edit_line_break(job, end))};
    codedb_operand_write(job->tree, job->parents, node, snippet, &layout, &job->text);
    operation->unchanged =
        !job->text.failed && job->text.length == end - start && !memcmp(job->text.data, job->tree->source + start, end - start);
    codedb_edit_splice_text(job, operation, start, end);
    return CODEDB_SUCCESS;
}

/* ---- Items of lists ----------------------------------------------------------------------------------------------- */

/* An import or global of which every name is deleted is deleted itself: its names' operations become one on the statement. */
static void edit_collapse_list(codedb_edit_job *job, uint32_t operation)
{
    uint32_t owner = job->parents[job->operations[operation].node];
    uint8_t *deleted = job->marks;
    uint8_t kind = codedb_edit_node(job, owner)->kind;
    if (kind != CODEDB_NODE_IMPORT && kind != CODEDB_NODE_IMPORT_FROM && kind != CODEDB_NODE_LAZY_IMPORT &&
        kind != CODEDB_NODE_LAZY_IMPORT_FROM && kind != CODEDB_NODE_GLOBAL && kind != CODEDB_NODE_NONLOCAL)
        return;
    if (!codedb_list_is_emptied(job->tree, job->parents, deleted, owner))
        return;
    for (uint32_t node = owner + 1; node < codedb_edit_node(job, owner)->end; node++) {
        job->first_operation[node] = CODEDB_EDIT_NONE;
        deleted[node] = 0;
    }
    uint32_t statement = codedb_edit_lift(job, owner, CODEDB_EDIT_DELETE), *link = &job->first_operation[statement];
    for (uint32_t i = operation + 1; i < job->operation_count; i++) {
        uint32_t node = job->operations[i].node;
        job->operations[i].dropped |= node > owner && node < codedb_edit_node(job, owner)->end;
    }
    while (*link != CODEDB_EDIT_NONE)
        link = &job->operations[*link].next;
    *link = operation;
    job->operations[operation].node = statement;
    job->operations[operation].next = CODEDB_EDIT_NONE;
}

/* Marks the deleted items, so that emptied statements are known before overlaps are looked for. */
static void edit_collapse_lists(codedb_edit_job *job)
{
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < job->operation_count; i++) {
            const codedb_edit_operation *operation = &job->operations[i];
            if (operation->dropped || !codedb_list_is_item(job->tree, job->parents, operation->node))
                continue;
            if (pass)
                edit_collapse_list(job, i);
            else
                job->marks[operation->node] |= CODEDB_MARK_DELETED;
        }
    }
    memset(job->marks, 0, job->tree->node_count);
}

/* Takes the deleted items out of the list that the operation's node is in, unless that was done for another one. */
static codedb_code edit_delete_items(codedb_edit_job *job, const codedb_edit_operation *operation)
{
    uint32_t owner = job->parents[operation->node];
    if (job->marks[owner] & CODEDB_MARK_CONCERNED)
        return CODEDB_SUCCESS;
    job->marks[owner] |= CODEDB_MARK_CONCERNED;
    const char *fault =
        codedb_list_delete(job->tree, job->parents, job->marks, owner, (uint32_t)(operation - job->operations), &job->splices);
    return fault ? codedb_edit_fail_node(job, CODEDB_VALIDATION_ERROR, operation->node, fault) : CODEDB_SUCCESS;
}

/* ---- The edit ----------------------------------------------------------------------------------------------------- */

/* A line all of whose small statements are deleted is deleted itself: its first operation becomes one on the line. */
static void edit_collapse_line(codedb_edit_job *job, uint32_t line)
{
    if (codedb_edit_line_needs_lines(job, line))
        return;
    for (uint32_t item = line + 1; item < codedb_edit_node(job, line)->end; item = codedb_edit_node(job, item)->end)
        if (!codedb_edit_is_deleted(job, item))
            return;
    uint32_t number = job->first_operation[line + 1];
    job->first_operation[line + 1] = CODEDB_EDIT_NONE;
    job->operations[number].next = CODEDB_EDIT_NONE;
    job->operations[number].node = line;
    job->first_operation[line] = number;
    job->marks[line] |= CODEDB_MARK_DELETED;
}

/* Marks the block or line in which a node is edited. */
static void edit_concern(codedb_edit_job *job, uint32_t node)
{
    uint8_t kind = codedb_edit_node(job, node)->kind;
    bool is_container =
        kind == CODEDB_NODE_MODULE || kind == CODEDB_NODE_INDENTED_BLOCK || kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE;
    uint32_t container = is_container ? node : job->parents[node];
    job->marks[container] |= CODEDB_MARK_CONCERNED;
    if (codedb_edit_node(job, container)->kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE)
        job->marks[job->parents[container]] |= CODEDB_MARK_CONCERNED;
}

static codedb_code edit_plan(codedb_edit_job *job)
{
    for (uint32_t i = 0; i < job->operation_count; i++) {
        uint32_t node = job->operations[i].node;
        if (!job->operations[i].dropped && !codedb_edit_is_clause(job, node) && !edit_is_expression(job, node) &&
            !codedb_list_is_item(job->tree, job->parents, node))
            edit_concern(job, node);
    }
    for (uint32_t i = 0; i < job->tree->node_count; i++)
        if ((job->marks[i] & CODEDB_MARK_CONCERNED) && codedb_edit_node(job, i)->kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE)
            edit_collapse_line(job, i);
    for (uint32_t i = 0; i < job->tree->node_count; i++) {
        if (!(job->marks[i] & CODEDB_MARK_CONCERNED))
            continue;
        uint8_t kind = codedb_edit_node(job, i)->kind;
        if (kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE || kind == CODEDB_NODE_SIMPLE_STATEMENT_SUITE)
            codedb_edit_rewrite_line(job, i);
        else if (!codedb_edit_take_block(job, i))
            return codedb_fail_no_memory(job->result);
    }
    for (uint32_t i = 0; i < job->operation_count; i++) {
        codedb_edit_operation *operation = &job->operations[i];
        codedb_code code = CODEDB_SUCCESS;
        if (operation->dropped)
            continue;
        if (codedb_edit_is_clause(job, operation->node))
            code = codedb_edit_delete_clause(job, operation);
        else if (operation->action == CODEDB_EDIT_DELETE && codedb_list_is_item(job->tree, job->parents, operation->node))
            code = edit_delete_items(job, operation);
        else if (edit_is_expression(job, operation->node))
            code = edit_replace_expression(job, operation);
        if (code != CODEDB_SUCCESS)
            return code;
    }
    return job->splices.failed ? codedb_fail_no_memory(job->result) : CODEDB_SUCCESS;
}

/* Reads one edit of the host. What stands behind its filter stands where the host's version of the filter ends: both structs may
 * have grown since. False when a struct_size is none. */
static bool edit_read(codedb_edit *edit, const codedb_edit *given)
{
    size_t tail = offsetof(codedb_edit, action);
    size_t given_tail = offsetof(codedb_edit, filter) + given->filter.struct_size;
    size_t room = sizeof *edit - tail;
    _Static_assert(offsetof(codedb_edit, action) == offsetof(codedb_edit, filter) + sizeof(codedb_filter),
                   "no gap behind the filter");
    memset(edit, 0, sizeof *edit);
    edit->struct_size = sizeof *edit;
    if (given->filter.struct_size > given->struct_size || given->struct_size < given_tail ||
        !codedb_struct_read(&edit->filter, sizeof edit->filter, &given->filter))
        return false;
    if (given->struct_size - given_tail < room)
        room = given->struct_size - given_tail;
    memcpy((char *)edit + tail, (const char *)given + given_tail, room);
    return true;
}

/* Copies the edits, whose struct may be an older, shorter one, and checks what can be checked without a tree. */
static codedb_code edit_read_edits(codedb_edit_job *job, const codedb_edit *edits)
{
    size_t stride = edits->struct_size;
    job->edits = codedb_arena_allocate(job->arena, job->edit_count, sizeof *job->edits);
    job->snippets = codedb_arena_allocate(job->arena, job->edit_count, sizeof(codedb_snippet *));
    if (!job->edits || !job->snippets)
        return codedb_fail_no_memory(job->result);
    for (size_t i = 0; i < job->edit_count; i++) {
        const codedb_edit *edit = (const codedb_edit *)(const void *)((const char *)edits + i * stride);
        if (edit->struct_size != stride || stride < offsetof(codedb_edit, filter.selector) || !edit_read(&job->edits[i], edit))
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST,
                               "edit %zu: struct_size is %zu and that of its filter %zu, expected %zu and %zu", i,
                               edit->struct_size, edit->filter.struct_size, sizeof *edit, sizeof edit->filter);
        edit = &job->edits[i];
        if ((unsigned)edit->action > CODEDB_EDIT_INSERT_LAST)
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: %d is no action", i, (int)edit->action);
        if (edit->action != CODEDB_EDIT_DELETE && (!edit->code_count || !edit->code))
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: a replacement or insertion needs code", i);
    }
    return CODEDB_SUCCESS;
}

static codedb_code edit_parse_code(codedb_edit_job *job, size_t number)
{
    const codedb_edit *edit = &job->edits[number];
    if (edit->action == CODEDB_EDIT_DELETE)
        return CODEDB_SUCCESS;
    job->snippets[number] = codedb_arena_allocate(job->arena, edit->code_count, sizeof **job->snippets);
    if (!job->snippets[number])
        return codedb_fail_no_memory(job->result);
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; i < edit->code_count && code == CODEDB_SUCCESS; i++)
        code = codedb_snippet_parse(edit->code[i], job->tree->target_version, &job->tree->allocator, &job->snippets[number][i],
                                    job->result);
    return code;
}

/* Adds to an error which edit it is about. */
static codedb_code edit_blame(const codedb_edit_job *job, codedb_code code, size_t number)
{
    codedb_buffer data;
    if (code == CODEDB_NO_MEMORY || !job->result)
        return code;
    codedb_buffer_init(&data, &job->tree->allocator);
    codedb_buffer_printf(&data, "{\"edit\": %zu}", number);
    codedb_free(job->result->data);
    job->result->data = codedb_buffer_take_block(&data);
    codedb_buffer_free(&data);
    return code;
}

static bool edit_prepare(codedb_edit_job *job)
{
    size_t count = job->tree->node_count;
    job->parents = codedb_arena_allocate(job->arena, count, sizeof *job->parents);
    job->first_operation = codedb_arena_allocate(job->arena, count, sizeof *job->first_operation);
    job->marks = codedb_arena_allocate(job->arena, count, sizeof *job->marks);
    if (!job->parents || !job->first_operation || !job->marks)
        return false;
    memset(job->first_operation, 0xFF, count * sizeof *job->first_operation);
    codedb_tree_parents(job->tree, job->parents);
    job->first_block = CODEDB_EDIT_NONE;
    for (uint32_t i = 1; i < count && job->first_block == CODEDB_EDIT_NONE; i++)
        if (codedb_edit_node(job, i)->kind == CODEDB_NODE_INDENTED_BLOCK)
            job->first_block = i;
    return true;
}

static codedb_code edit_resolve_all(codedb_edit_job *job, const codedb_edit *edits)
{
    if (!edit_prepare(job))
        return codedb_fail_no_memory(job->result);
    codedb_code code = edit_read_edits(job, edits);
    for (size_t i = 0; i < job->edit_count && code == CODEDB_SUCCESS; i++) {
        code = edit_parse_code(job, i);
        if (code == CODEDB_SUCCESS)
            code = codedb_edit_resolve(job, (uint32_t)i);
        if (code != CODEDB_SUCCESS)
            return edit_blame(job, code, i);
    }
    if (code != CODEDB_SUCCESS)
        return code;
    edit_collapse_lists(job);
    return codedb_edit_check_overlaps(job);
}

static size_t edit_count_modified(const codedb_edit_job *job)
{
    size_t count = 0;
    for (uint32_t i = 0; i < job->operation_count; i++)
        count += !job->operations[i].dropped && !job->operations[i].unchanged;
    return job->splices.count ? count : 0;
}

/* Parses what the splices make of the source, and checks the new parts. */
static codedb_code edit_finish(codedb_edit_job *job, const char *path, codedb_edit_report **report, codedb_tree **edited)
{
    const codedb_tree *tree = job->tree;
    const codedb_splice *overlapping;
    codedb_result parsing = CODEDB_INIT(codedb_result);
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    options.allocator = &tree->allocator;
    options.target_version = tree->target_version;
    if (!codedb_splices_sort(&job->splices, tree->source, &overlapping))
        return codedb_fail(job->result, CODEDB_OVERLAP, "two edits change the same text at byte %u", overlapping->start);
    job->text.length = 0;
    codedb_splices_apply(&job->splices, tree->source, tree->length, &job->text);
    if (job->text.failed)
        return codedb_fail_no_memory(job->result);
    codedb_code code = codedb_tree_parse_text(job->text.data ? job->text.data : "", job->text.length, &options, edited, &parsing);
    if (code == CODEDB_PARSE_ERROR)
        codedb_fail_at(job->result, code, parsing.offset, parsing.length, parsing.line, parsing.column,
                       "the edited source would not parse: line %u: %s", parsing.line, parsing.description);
    else if (code != CODEDB_SUCCESS)
        codedb_fail(job->result, code, "%s", parsing.description);
    codedb_result_clear(&parsing);
    if (code == CODEDB_SUCCESS)
        code = codedb_splices_report(&job->splices, tree, &job->text, edit_count_modified(job), path, report, job->result);
    bool was_misplaced = codedb_context_misplaced_future(tree) != CODEDB_EDIT_NONE;
    if (code == CODEDB_SUCCESS)
        code = codedb_context_check(*edited, (*report)->new_ranges, (*report)->range_count, !was_misplaced, job->result);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_edit_apply(const codedb_tree *tree, const codedb_edit *edits, size_t edit_count,
                                             const char *path, codedb_edit_report **report, codedb_tree **edited,
                                             codedb_result *result)
{
    codedb_edit_job job = {
        .tree = tree, .edit_count = edit_count, .result = result, .arena = codedb_arena_create(&tree->allocator)};
    codedb_tree *made = NULL;
    codedb_code code = CODEDB_NO_MEMORY;
    *report = NULL;
    if (edited)
        *edited = NULL;
    codedb_succeed(result);
    codedb_buffer_init(&job.text, &tree->allocator);
    job.splices.arena = job.arena;
    if (!job.arena) {
        codedb_fail_no_memory(result);
        goto cleanup;
    }
    code = edit_resolve_all(&job, edits);
    if (code == CODEDB_SUCCESS)
        code = edit_plan(&job);
    if (code == CODEDB_SUCCESS)
        code = edit_finish(&job, path, report, &made);
    if (code == CODEDB_SUCCESS && edited) {
        *edited = made;
        made = NULL;
    }

cleanup:
    for (size_t i = 0; job.snippets && i < edit_count; i++)
        for (size_t j = 0; job.snippets[i] && j < job.edits[i].code_count; j++)
            codedb_snippet_free(&job.snippets[i][j]);
    if (code != CODEDB_SUCCESS) {
        codedb_free(*report);
        *report = NULL;
    }
    codedb_tree_free(made);
    codedb_buffer_free(&job.text);
    codedb_arena_destroy(job.arena);
    return code;
}

CODEDB_API codedb_code codedb_tree_edit(const codedb_tree *tree, const codedb_edit *edits, size_t edit_count, const char *path,
                                        codedb_edit_report **report, codedb_result *result)
{
    if (!tree || !report || (!edits && edit_count))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_tree_edit needs a tree, edits and a place for the report");
    *report = NULL;
    if (!edit_count)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_tree_edit was given no edit");
    return codedb_edit_apply(tree, edits, edit_count, path, report, NULL, result);
}
