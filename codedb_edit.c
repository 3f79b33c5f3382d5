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

CODEDB_PRIVATE codedb_code codedb_edit_sort_splices(codedb_edit_job *job)
{
    const codedb_splice *overlapping;
    if (codedb_splices_sort(&job->splices, job->tree->source, &overlapping))
        return CODEDB_SUCCESS;
    return codedb_fail(job->result, CODEDB_OVERLAP, "two edits change the same text at byte %u", overlapping->start);
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

/* Adds to an error which edit it is about. */
CODEDB_PRIVATE codedb_code codedb_edit_blame(const codedb_edit_job *job, codedb_code code, size_t number)
{
    codedb_buffer data;
    if (code == CODEDB_NO_MEMORY || !job->result)
        return code;
    codedb_buffer_init(&data, &job->tree->allocator);
    codedb_code_error_blame(&job->code_error, number, &data);
    codedb_free(job->result->data);
    job->result->data = codedb_buffer_take_block(&data);
    codedb_buffer_free(&data);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_edit_fail_node(const codedb_edit_job *job, codedb_code code, uint32_t node, const char *message)
{
    uint32_t start, end;
    codedb_tree_position(job->tree, node, &start, &end);
    codedb_place place = codedb_tree_place(job->tree, start);
    codedb_fail_at(job->result, code, start, end - start, place.line, place.column, "%s at line %u: %s",
                   codedb_node_kind_name((codedb_node_kind)codedb_edit_node(job, node)->kind), place.line, message);
    uint32_t last = job->last_operation[node];
    return last == CODEDB_EDIT_NONE ? code : codedb_edit_blame(job, code, job->operations[last].edit);
}

CODEDB_PRIVATE const codedb_snippet *codedb_edit_last_snippet(const codedb_edit_job *job, const codedb_edit_operation *operation)
{
    return &operation->snippets[codedb_edit_of(job, operation)->code_count - 1];
}

CODEDB_PRIVATE bool codedb_edit_has_line_comment(const codedb_edit_job *job, const codedb_edit_operation *operation)
{
    bool has = false;
    for (size_t i = 0; i < codedb_edit_of(job, operation)->code_count; i++)
        has |= operation->snippets[i].has_line_comment;
    return has;
}

CODEDB_PRIVATE bool codedb_edit_is_inline(const codedb_edit_job *job, const codedb_edit_operation *operation)
{
    return codedb_edit_of(job, operation)->code_count == 1 && operation->snippets->is_inline;
}

static bool edit_is_expression(const codedb_edit_job *job, uint32_t node)
{
    return codedb_node_kind_category((codedb_node_kind)codedb_edit_node(job, node)->kind) == CODEDB_CATEGORY_EXPRESSION;
}

/* ---- Expressions -------------------------------------------------------------------------------------------------- */

/* Fills, in one pass, what is asked of every node's ancestors. */
static bool edit_know_strings(codedb_edit_job *job)
{
    uint32_t count = job->tree->node_count;
    if (job->strings)
        return true;
    job->strings = codedb_arena_allocate(job->arena, count, sizeof *job->strings);
    job->imported = codedb_arena_allocate(job->arena, count, sizeof *job->imported);
    if (!job->strings || !job->imported)
        return false;
    job->strings[0] = CODEDB_EDIT_NONE;
    for (uint32_t node = 1; node < count; node++) {
        uint32_t parent = job->parents[node];
        uint8_t kind = codedb_edit_node(job, parent)->kind;
        bool is_string = kind == CODEDB_NODE_FORMATTED_STRING || kind == CODEDB_NODE_TEMPLATED_STRING;
        job->strings[node] = is_string ? parent : job->strings[parent];
        job->imported[node] =
            kind == CODEDB_NODE_ATTRIBUTE
                ? job->imported[parent]
                : kind == CODEDB_NODE_IMPORT_ALIAS || kind == CODEDB_NODE_IMPORT_FROM || kind == CODEDB_NODE_LAZY_IMPORT_FROM;
    }
    return true;
}

/* An expression by another, on the line where it stands. */
static codedb_code edit_replace_expression(codedb_edit_job *job, codedb_edit_operation *operation)
{
    uint32_t start, end, node = operation->node;
    const codedb_snippet *snippet = operation->snippets;
    if (codedb_edit_of(job, operation)->code_count != 1)
        return codedb_edit_fail_node(job, CODEDB_VALIDATION_ERROR, node, "one expression can be replaced only by one");
    if (codedb_operand_of(snippet) == CODEDB_EDIT_NONE)
        return codedb_edit_fail_node(
            job, CODEDB_PARSE_ERROR, node,
            "an expression can be replaced only by an expression; to replace by statements select the statement");
    if (!edit_know_strings(job))
        return codedb_fail_no_memory(job->result);
    bool new_f_strings = codedb_edit_of(job, operation)->new_f_strings != 0;
    const char *fault = codedb_operand_fault(job, node, snippet, new_f_strings);
    if (fault)
        return codedb_edit_fail_node(job, CODEDB_VALIDATION_ERROR, node, fault);
    codedb_tree_position(job->tree, node, &start, &end);
    codedb_layout layout = {.indent = codedb_edit_indent_at(job, start),
                            .unit = {CODEDB_EDIT_DEFAULT_UNIT, strlen(CODEDB_EDIT_DEFAULT_UNIT)},
                            .newline = codedb_edit_newline_at(job, codedb_edit_line_break(job, end))};
    codedb_operand_write(job, node, snippet, &layout, new_f_strings, &job->text);
    operation->unchanged =
        !job->text.failed && job->text.length == end - start && !memcmp(job->text.data, job->tree->source + start, end - start);
    codedb_edit_splice_text(job, operation, start, end);
    return CODEDB_SUCCESS;
}

/* ---- Parts -------------------------------------------------------------------------------------------------------- */

static bool edit_is_replacement_field(const codedb_edit_job *job, uint32_t node)
{
    uint8_t kind = codedb_edit_node(job, node)->kind;
    return kind == CODEDB_NODE_FORMATTED_STRING_EXPRESSION || kind == CODEDB_NODE_TEMPLATED_STRING_EXPRESSION;
}

CODEDB_PRIVATE bool codedb_edit_is_part(const codedb_edit_job *job, uint32_t node)
{
    uint8_t kind = codedb_edit_node(job, node)->kind;
    return kind == CODEDB_NODE_AS_NAME || kind == CODEDB_NODE_COMP_IF || edit_is_replacement_field(job, node);
}

/* Takes a part out, with the white space before it, but for a comment there. */
static void edit_cut_part(codedb_edit_job *job, const codedb_edit_operation *operation)
{
    const codedb_tree *tree = job->tree;
    codedb_item_range range = codedb_list_item_range(tree, operation->node);
    uint32_t start = tree->tokens[range.first].start, end = codedb_token_end(tree, range.last - 1);
    uint32_t before = range.first ? codedb_token_end(tree, range.first - 1) : start;
    if (edit_is_replacement_field(job, operation->node)) {
        codedb_edit_splice(job, operation, start, end, "", 0);
        return;
    }
    uint32_t line = codedb_edit_line_start(job, start);
    if (!memchr(tree->source + before, '#', start - before))
        start = before;
    else if (line + codedb_edit_indent_at(job, start).length == start)
        start = codedb_edit_before_break(job, line);
    codedb_operand_separate(tree, start, end, job->text.length, &job->text);
    codedb_edit_splice_text(job, operation, start, end);
}

/* ---- Items of lists ----------------------------------------------------------------------------------------------- */

/* Whether a statement goes with its last name. */
static bool edit_goes_with_names(const codedb_edit_job *job, uint32_t statement)
{
    switch (codedb_edit_node(job, statement)->kind) {
    case CODEDB_NODE_IMPORT:
    case CODEDB_NODE_IMPORT_FROM:
    case CODEDB_NODE_LAZY_IMPORT:
    case CODEDB_NODE_LAZY_IMPORT_FROM:
    case CODEDB_NODE_GLOBAL:
    case CODEDB_NODE_NONLOCAL: return true;
    default: return false;
    }
}

/* Whether all that is done in a list is that every item is deleted. */
static bool edit_is_emptied(codedb_edit_job *job, uint32_t owner)
{
    for (uint32_t child = owner + 1; child < codedb_edit_node(job, owner)->end; child = codedb_edit_node(job, child)->end) {
        uint32_t at = job->first_operation[child];
        const codedb_edit_operation *operation;
        if (!codedb_list_is_item_of(job->tree, owner, child))
            continue;
        if (at == CODEDB_EDIT_NONE)
            return false;
        while ((operation = codedb_edit_next_operation(job, &at)) != NULL)
            if (operation->action != CODEDB_EDIT_DELETE)
                return false;
    }
    return true;
}

/* An import or global of which every name is deleted is deleted itself: its names' operations become one on the statement, the first. */
static void edit_collapse_list(codedb_edit_job *job, uint32_t owner, uint32_t operation)
{
    if (!edit_is_emptied(job, owner))
        return;
    for (uint32_t node = owner + 1; node < codedb_edit_node(job, owner)->end; node++) {
        for (uint32_t at = job->first_operation[node]; at != CODEDB_EDIT_NONE; at = job->operations[at].next)
            job->operations[at].dropped = at != operation;
        job->first_operation[node] = CODEDB_EDIT_NONE;
    }
    uint32_t statement = codedb_edit_lift(job, owner, codedb_edit_of(job, &job->operations[operation]));
    uint32_t *link = &job->first_operation[statement];
    while (*link != CODEDB_EDIT_NONE)
        link = &job->operations[*link].next;
    *link = operation;
    job->operations[operation].node = statement;
    job->operations[operation].next = CODEDB_EDIT_NONE;
}

/* Makes deletions of statements of those of all their names, before overlaps are looked for; each list is looked at once. */
static void edit_collapse_lists(codedb_edit_job *job)
{
    for (uint32_t i = 0; i < job->operation_count; i++) {
        const codedb_edit_operation *operation = &job->operations[i];
        if (operation->dropped || operation->action != CODEDB_EDIT_DELETE || operation->comment != CODEDB_EDIT_NONE ||
            !codedb_list_is_item(job->tree, job->parents, operation->node))
            continue;
        uint32_t owner = job->parents[operation->node];
        if (edit_goes_with_names(job, owner) && !(job->marks[owner] & CODEDB_MARK_CHECKED)) {
            job->marks[owner] |= CODEDB_MARK_CHECKED;
            edit_collapse_list(job, owner, i);
        }
    }
    memset(job->marks, 0, job->tree->node_count);
}

/* Edits the list that the operation's node is (in), unless that was done for another one. */
static codedb_code edit_take_list(codedb_edit_job *job, codedb_edit_operation *operation, uint32_t owner)
{
    if (job->marks[owner] & CODEDB_MARK_CONCERNED)
        return CODEDB_SUCCESS;
    job->marks[owner] |= CODEDB_MARK_CONCERNED;
    if (codedb_edit_node(job, operation->node)->kind == CODEDB_NODE_ASSIGN_TARGET)
        return codedb_list_edit_targets(job, owner, operation);
    return codedb_list_edit(job, owner, operation);
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

/* Where an operation works. */
typedef enum edit_place {
    EDIT_IN_BLOCK,
    EDIT_IN_CLAUSES,
    EDIT_IN_LIST,
    EDIT_IN_ITSELF,
    EDIT_AS_EXPRESSION,
    EDIT_AS_PART,
    EDIT_IN_COMMENT
} edit_place;

static edit_place edit_place_of(const codedb_edit_job *job, const codedb_edit_operation *operation)
{
    uint32_t node = operation->node;
    if (operation->comment != CODEDB_EDIT_NONE)
        return EDIT_IN_COMMENT;
    bool is_inside = operation->action == CODEDB_EDIT_INSERT_FIRST || operation->action == CODEDB_EDIT_INSERT_LAST;
    if (is_inside)
        return codedb_role_of_owner(job, node) == CODEDB_ROLE_STATEMENT ? EDIT_IN_BLOCK : EDIT_IN_ITSELF;
    if (codedb_edit_is_clause(job, node))
        return EDIT_IN_CLAUSES;
    if (codedb_list_is_item(job->tree, job->parents, node) || codedb_edit_node(job, node)->kind == CODEDB_NODE_ASSIGN_TARGET)
        return EDIT_IN_LIST;
    if (codedb_edit_is_part(job, node))
        return EDIT_AS_PART;
    return edit_is_expression(job, node) ? EDIT_AS_EXPRESSION : EDIT_IN_BLOCK;
}

/* The blocks and lines in which something is edited. */
static bool edit_plan_blocks(codedb_edit_job *job)
{
    for (uint32_t i = 0; i < job->operation_count; i++)
        if (!job->operations[i].dropped && edit_place_of(job, &job->operations[i]) == EDIT_IN_BLOCK)
            edit_concern(job, job->operations[i].node);
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
            return false;
    }
    return true;
}

static codedb_code edit_plan(codedb_edit_job *job)
{
    if (!edit_plan_blocks(job))
        return codedb_fail_no_memory(job->result);
    for (uint32_t i = 0; i < job->operation_count; i++) {
        codedb_edit_operation *operation = &job->operations[i];
        codedb_code code = CODEDB_SUCCESS;
        if (operation->dropped)
            continue;
        switch (edit_place_of(job, operation)) {
        case EDIT_IN_CLAUSES: code = codedb_edit_take_clause(job, operation); break;
        case EDIT_IN_LIST: code = edit_take_list(job, operation, job->parents[operation->node]); break;
        case EDIT_IN_ITSELF: code = edit_take_list(job, operation, operation->node); break;
        case EDIT_AS_EXPRESSION: code = edit_replace_expression(job, operation); break;
        case EDIT_AS_PART: edit_cut_part(job, operation); break;
        case EDIT_IN_BLOCK:
        case EDIT_IN_COMMENT: break;
        }
        if (code != CODEDB_SUCCESS)
            return code;
    }
    codedb_code code = job->splices.failed ? CODEDB_SUCCESS : codedb_edit_take_comments(job);
    return job->splices.failed ? codedb_fail_no_memory(job->result) : code;
}

/* Reads one edit of the host. What stands behind its filter stands where the host's version of the filter ends: both structs may
 * have grown since. False when a struct_size is none. */
CODEDB_PRIVATE bool codedb_edit_read(codedb_edit *edit, const codedb_edit *given)
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
    job->codes = codedb_arena_allocate(job->arena, job->edit_count, sizeof(codedb_edit_code *));
    if (!job->edits || !job->codes)
        return codedb_fail_no_memory(job->result);
    for (size_t i = 0; i < job->edit_count; i++) {
        const codedb_edit *edit = (const codedb_edit *)(const void *)((const char *)edits + i * stride);
        if (edit->struct_size != stride || stride < offsetof(codedb_edit, filter.selector) ||
            !codedb_edit_read(&job->edits[i], edit))
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST,
                               "edit %zu: struct_size is %zu and that of its filter %zu, expected %zu and %zu", i,
                               edit->struct_size, edit->filter.struct_size, sizeof *edit, sizeof edit->filter);
        if (!job->edits[i].filter.path)
            job->edits[i].filter.path = job->file_path;
        edit = &job->edits[i];
        if ((unsigned)edit->action > CODEDB_EDIT_INSERT_LAST)
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: %d is no action", i, (int)edit->action);
        if (edit->action != CODEDB_EDIT_DELETE && (!edit->code_count || !edit->code))
            return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: a replacement or insertion needs code", i);
        for (size_t j = 0; edit->action != CODEDB_EDIT_DELETE && j < edit->code_count; j++)
            if (!edit->code[j])
                return codedb_fail(job->result, CODEDB_INVALID_REQUEST, "edit %zu: new code %zu is NULL", i, j);
    }
    return CODEDB_SUCCESS;
}

static bool edit_prepare(codedb_edit_job *job)
{
    size_t count = job->tree->node_count;
    job->parents = codedb_arena_allocate(job->arena, count, sizeof *job->parents);
    job->first_operation = codedb_arena_allocate(job->arena, count, sizeof *job->first_operation);
    job->last_operation = codedb_arena_allocate(job->arena, count, sizeof *job->last_operation);
    job->marks = codedb_arena_allocate(job->arena, count, sizeof *job->marks);
    if (!job->parents || !job->first_operation || !job->last_operation || !job->marks)
        return false;
    memset(job->first_operation, 0xFF, count * sizeof *job->first_operation);
    memset(job->last_operation, 0xFF, count * sizeof *job->last_operation);
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
        code = codedb_edit_resolve(job, (uint32_t)i);
        if (code != CODEDB_SUCCESS)
            return codedb_edit_blame(job, code, i);
    }
    if (code != CODEDB_SUCCESS)
        return code;
    edit_collapse_lists(job);
    code = codedb_edit_check_overlaps(job);
    return code == CODEDB_SUCCESS ? codedb_edit_settle_comments(job) : code;
}

static size_t edit_count_modified(const codedb_edit_job *job)
{
    size_t count = 0;
    for (uint32_t i = 0; i < job->operation_count; i++)
        count += !job->operations[i].dropped && !job->operations[i].unchanged;
    return job->splices.count ? count : 0;
}

static bool edit_is_deletion(const codedb_splice *splice)
{
    return splice->end > splice->start && !splice->text.length;
}

/* A file that ended without a line break still does when its end is deleted: the break before what goes, goes too. */
static void edit_keep_open_end(codedb_edit_job *job)
{
    const codedb_tree *tree = job->tree;
    codedb_splice *items = job->splices.items;
    uint32_t i = job->splices.count;
    if (!i || items[i - 1].end != tree->length || !edit_is_deletion(&items[i - 1]) ||
        strchr("\r\n", tree->source[tree->length - 1]))
        return;
    for (i--; i && items[i - 1].end == items[i].start && edit_is_deletion(&items[i - 1]);)
        i--;
    codedb_slice *inserted = i && items[i - 1].end == items[i].start ? &items[i - 1].text : NULL;
    if (!inserted)
        items[i].start = codedb_edit_before_break(job, items[i].start);
    else if (inserted->length && inserted->text[inserted->length - 1] == '\n')
        inserted->length -= inserted->length > 1 && inserted->text[inserted->length - 2] == '\r' ? 2 : 1;
    else if (inserted->length && inserted->text[inserted->length - 1] == '\r')
        inserted->length--;
}

/* Adds to an error with a place in the edited source which edit brought the text there, where one did. */
static codedb_code edit_blame_place(const codedb_edit_job *job, codedb_code code)
{
    size_t place = job->result ? job->result->offset : 0, grown = 0, shrunk = 0;
    if (job->edit_count == 1)
        return codedb_edit_blame(job, code, 0);
    for (uint32_t i = 0; i < job->splices.count; i++) {
        const codedb_splice *splice = &job->splices.items[i];
        size_t start = splice->start + grown - shrunk;
        if (place >= start && place <= start + splice->text.length)
            return codedb_edit_blame(job, code, job->operations[splice->operation].edit);
        grown += splice->text.length;
        shrunk += splice->end - splice->start;
    }
    return code;
}

/* Edits that undo each other, as deleting a statement and inserting the same one, are none. */
static void edit_drop_all(codedb_edit_job *job)
{
    for (uint32_t i = 0; i < job->operation_count; i++)
        job->operations[i].unchanged = true;
    job->splices.count = 0;
}

/* Parses what the splices make of the source, and checks the new parts. */
static codedb_code edit_finish(codedb_edit_job *job, const char *path, codedb_edit_report **report, codedb_tree **edited)
{
    const codedb_tree *tree = job->tree;
    codedb_result parsing = CODEDB_INIT(codedb_result);
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    options.allocator = &tree->allocator;
    options.target_version = tree->target_version;
    codedb_code code = codedb_edit_sort_splices(job);
    if (code != CODEDB_SUCCESS)
        return code;
    edit_keep_open_end(job);
    job->text.length = 0;
    codedb_splices_apply(&job->splices, tree->source, tree->length, &job->text);
    if (job->text.failed)
        return codedb_fail_no_memory(job->result);
    if (job->text.length == tree->length && (tree->length == 0 || memcmp(job->text.data, tree->source, tree->length) == 0))
        edit_drop_all(job);
    code = codedb_tree_parse_text(job->text.data ? job->text.data : "", job->text.length, &options, edited, &parsing);
    if (code == CODEDB_PARSE_ERROR)
        code = edit_blame_place(job, codedb_fail_at(job->result, code, parsing.offset, parsing.length, parsing.line,
                                                    parsing.column, "the edited source would not parse: line %u: %s",
                                                    parsing.line, parsing.description));
    else if (code != CODEDB_SUCCESS)
        codedb_fail(job->result, code, "%s", parsing.description);
    codedb_result_clear(&parsing);
    if (code == CODEDB_SUCCESS)
        code = codedb_splices_report(&job->splices, &tree->allocator, (codedb_slice){tree->source, tree->length}, &job->text,
                                     edit_count_modified(job), path ? path : "source.py", report, job->result);
    bool was_misplaced = codedb_context_misplaced_future(tree) != CODEDB_EDIT_NONE;
    if (code == CODEDB_SUCCESS)
        code = codedb_context_check(*edited, (*report)->new_ranges, (*report)->range_count, !was_misplaced, job->result);
    return code == CODEDB_VALIDATION_ERROR ? edit_blame_place(job, code) : code;
}

/* ---- Ids ---------------------------------------------------------------------------------------------------------- */

/* An old id, a new one, or both: what became of a node that was edited. */
typedef struct edit_id_pair {
    uint32_t old_node; /* CODEDB_EDIT_NONE: it was inserted */
    uint32_t new_node; /* CODEDB_EDIT_NONE: it was deleted */
} edit_id_pair;

/* The first new node in [start, end) of the edited source; *from is where to look, and then where the next one can be. */
static uint32_t edit_find_new(const codedb_tree *edited, const codedb_identities *identities, size_t start, size_t end,
                              uint32_t *from)
{
    uint32_t node = *from;
    while (node < edited->node_count && edited->tokens[edited->nodes[node].first].start < start)
        node++;
    *from = node;
    for (; node < edited->node_count; node++) {
        uint32_t node_start, node_end;
        codedb_tree_position(edited, node, &node_start, &node_end);
        if (node_start >= end)
            break;
        if (node_start >= start && node_end <= end && codedb_identities_is_new(identities, node))
            return node;
    }
    return CODEDB_EDIT_NONE;
}

/* Fills the pairs, of which there are at most as many as operations, by the splices in order. Their number. */
static size_t edit_pair_ids(const codedb_edit_job *job, const codedb_tree *edited, const codedb_identities *identities,
                            edit_id_pair *pairs, bool *told)
{
    size_t count = 0, grown = 0, shrunk = 0;
    uint32_t from = 1;
    for (uint32_t i = 0; i < job->splices.count; i++) {
        const codedb_splice *splice = &job->splices.items[i];
        const codedb_edit_operation *operation = &job->operations[splice->operation];
        size_t start = splice->start + grown - shrunk;
        grown += splice->text.length;
        shrunk += splice->end - splice->start;
        if (told[splice->operation] || operation->action == CODEDB_EDIT_DELETE || operation->unchanged ||
            operation->comment != CODEDB_EDIT_NONE)
            continue;
        uint32_t found = edit_find_new(edited, identities, start, start + splice->text.length, &from);
        if (found == CODEDB_EDIT_NONE)
            continue;
        told[splice->operation] = true;
        pairs[count++] = (edit_id_pair){operation->action == CODEDB_EDIT_REPLACE ? operation->node : CODEDB_EDIT_NONE, found};
    }
    for (uint32_t i = 0; i < job->operation_count; i++) {
        const codedb_edit_operation *operation = &job->operations[i];
        bool goes = operation->comment == CODEDB_EDIT_NONE &&
                    (operation->action == CODEDB_EDIT_DELETE || operation->action == CODEDB_EDIT_REPLACE);
        if (!told[i] && goes && !operation->dropped && !operation->unchanged)
            pairs[count++] = (edit_id_pair){operation->node, CODEDB_EDIT_NONE};
    }
    return count;
}

static const char *edit_write_id(codedb_edit_job *job, codedb_arena *arena, const codedb_identities *identities, uint32_t node)
{
    if (node == CODEDB_EDIT_NONE)
        return NULL;
    job->text.length = 0;
    codedb_identities_append(identities, node, &job->text);
    const char *copy = job->text.failed ? NULL : codedb_arena_copy(arena, job->text.data, job->text.length);
    job->splices.failed |= !copy;
    return copy;
}

/* Adds the ids to the report, whose arena is its own. */
static bool edit_report_ids(codedb_edit_job *job, codedb_arena *arena, codedb_edit_report *report, const codedb_tree *edited,
                            const codedb_identities *identities)
{
    edit_id_pair *pairs = codedb_arena_allocate(job->arena, job->operation_count, sizeof *pairs);
    bool *told = codedb_arena_allocate(job->arena, job->operation_count, sizeof *told);
    const char **old_ids = codedb_arena_allocate(arena, job->operation_count, sizeof *old_ids);
    const char **new_ids = codedb_arena_allocate(arena, job->operation_count, sizeof *new_ids);
    if (!pairs || !told || !old_ids || !new_ids)
        return false;
    memset(told, 0, job->operation_count * sizeof *told);
    report->id_count = edit_pair_ids(job, edited, identities, pairs, told);
    for (size_t i = 0; i < report->id_count; i++) {
        old_ids[i] = edit_write_id(job, arena, job->tree->identities, pairs[i].old_node);
        new_ids[i] = edit_write_id(job, arena, identities, pairs[i].new_node);
    }
    report->old_ids = old_ids;
    report->new_ids = new_ids;
    return !job->splices.failed;
}

/* The ids of the edited tree's nodes: what is replaced gets new ones. */
static codedb_code edit_carry_ids(codedb_edit_job *job, const codedb_tree *edited, codedb_edit_report *report,
                                  codedb_identities **identities)
{
    const codedb_changed_ranges ranges = {report->old_ranges, report->new_ranges, report->range_count};
    uint8_t *replaced = codedb_arena_allocate(job->arena, job->tree->node_count, sizeof *replaced);
    *identities = NULL;
    if (!replaced)
        return codedb_fail_no_memory(job->result);
    memset(replaced, 0, job->tree->node_count);
    for (uint32_t i = 0; i < job->operation_count; i++) {
        const codedb_edit_operation *operation = &job->operations[i];
        bool goes = operation->comment == CODEDB_EDIT_NONE &&
                    (operation->action == CODEDB_EDIT_REPLACE || operation->action == CODEDB_EDIT_DELETE);
        replaced[operation->node] |= goes && !operation->dropped && !operation->unchanged;
    }
    *identities = codedb_identities_carry(job->tree->identities, job->tree, edited, &ranges, replaced, report->hash);
    if (*identities && edit_report_ids(job, codedb_arena_of_root(report), report, edited, *identities))
        return CODEDB_SUCCESS;
    codedb_identities_free(*identities);
    *identities = NULL;
    return codedb_fail_no_memory(job->result);
}

CODEDB_PRIVATE codedb_code codedb_edit_apply(const codedb_tree *tree, const codedb_edit *edits, size_t edit_count,
                                             const char *path, const char *file_path, codedb_edit_report **report,
                                             codedb_tree **edited, codedb_identities **identities, codedb_result *result)
{
    codedb_edit_job job = {.tree = tree,
                           .file_path = file_path,
                           .edit_count = edit_count,
                           .result = result,
                           .code_error.found = CODEDB_INIT(codedb_result),
                           .arena = codedb_arena_create(&tree->allocator)};
    codedb_tree *made = NULL;
    codedb_code code = CODEDB_NO_MEMORY;
    *report = NULL;
    if (edited)
        *edited = NULL;
    if (identities)
        *identities = NULL;
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
    if (code == CODEDB_SUCCESS && identities && tree->identities)
        code = edit_carry_ids(&job, made, *report, identities);
    if (code == CODEDB_SUCCESS && edited) {
        *edited = made;
        made = NULL;
    }

cleanup:
    for (size_t i = 0; job.codes && i < edit_count; i++)
        for (const codedb_edit_code *known = job.codes[i]; known; known = known->next)
            for (size_t j = 0; j < known->count; j++)
                codedb_snippet_free(&known->snippets[j]);
    if (code != CODEDB_SUCCESS) {
        codedb_free(*report);
        *report = NULL;
    }
    codedb_tree_free(made);
    codedb_result_clear(&job.code_error.found);
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
    return codedb_edit_apply(tree, edits, edit_count, path, path, report, NULL, NULL, result);
}
