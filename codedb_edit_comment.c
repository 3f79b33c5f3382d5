/* codedb_edit_comment.c -- comments as targets: replaced by others, or deleted, with their lines when they have lines of their own.
 *
 * Called by codedb_edit_target.c for each match that is a comment, and by codedb_edit.c when all other splices are known. Any thread.
 *
 * A comment has no stored node: its operation is not in the lists of a node, and has its offset instead.
 *
 * Invariants
 * 1. A comment alone on its line goes with the line; one behind code goes with the blanks before it, and the line break stays.
 * 2. A line that is continued by a backslash is never joined with the line behind the comment.
 * 3. What another edit does to the text around a comment is done; a comment in what is deleted has nothing done to it. */
#include "codedb_edit.h"

#include "codedb_selector.h"

#include <stdlib.h>
#include <string.h>

static codedb_code comment_fail(const codedb_edit_job *job, codedb_code code, uint32_t edit, uint32_t comment,
                                const char *message)
{
    codedb_place place = codedb_tree_place(job->tree, comment);
    codedb_fail_at(job->result, code, comment, codedb_edit_line_break(job, comment) - comment, place.line, place.column,
                   "Comment at line %u: %s", place.line, message);
    return codedb_edit_blame(job, code, edit);
}

/* ---- Taking what is asked ----------------------------------------------------------------------------------------- */

static bool comment_is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\f' || byte == '\r' || byte == '\n';
}

/* The one comment that a text is, without white space around it. False: it is anything else. */
static bool comment_read(const char *text, codedb_slice *comment)
{
    size_t length = strlen(text);
    while (comment_is_space(*text)) {
        text++;
        length--;
    }
    while (length && comment_is_space(text[length - 1]))
        length--;
    *comment = (codedb_slice){text, length};
    return *text == '#' && !memchr(text, '\n', length) && !memchr(text, '\r', length);
}

CODEDB_PRIVATE codedb_code codedb_edit_take_comment(codedb_edit_job *job, uint32_t number, uint32_t node, uint32_t comment,
                                                    const char *text)
{
    const codedb_edit *edit = &job->edits[number];
    codedb_slice read = {"", 0};
    if (edit->action != CODEDB_EDIT_REPLACE && edit->action != CODEDB_EDIT_DELETE)
        return comment_fail(job, CODEDB_VALIDATION_ERROR, number, comment,
                            "nothing can be inserted beside a comment: insert it beside the statement, or replace the comment");
    if (edit->action == CODEDB_EDIT_REPLACE && edit->code_count != 1)
        return comment_fail(job, CODEDB_VALIDATION_ERROR, number, comment, "one comment can be replaced only by one");
    if (edit->action == CODEDB_EDIT_REPLACE && !comment_read(text, &read))
        return comment_fail(job, CODEDB_PARSE_ERROR, number, comment,
                            "it can be replaced only by one comment: a text that begins with # and is one line");
    codedb_edit_operation *operation = codedb_edit_append_operation(job, number, node);
    if (!operation)
        return codedb_fail_no_memory(job->result);
    operation->comment = comment;
    operation->text = (codedb_slice){codedb_arena_copy(job->arena, read.text, read.length), read.length};
    return operation->text.text ? CODEDB_SUCCESS : codedb_fail_no_memory(job->result);
}

/* ---- Overlaps ----------------------------------------------------------------------------------------------------- */

static int comment_compare(const void *left, const void *right)
{
    const codedb_edit_operation *a = *(codedb_edit_operation *const *)left, *b = *(codedb_edit_operation *const *)right;
    if (a->comment != b->comment)
        return a->comment < b->comment ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* Whether the node's text is around the comment: one above a def is a part of the def, but outside its text. */
static bool comment_is_inside(const codedb_edit_job *job, uint32_t node, uint32_t comment)
{
    uint32_t start, end;
    codedb_tree_position(job->tree, node, &start, &end);
    return start < comment && comment < end;
}

/* Settles what is to be done with a comment in what is replaced. */
static codedb_code comment_settle(codedb_edit_job *job, codedb_edit_operation *operation)
{
    codedb_overlap overlap = codedb_edit_of(job, operation)->overlap;
    for (uint32_t node = operation->node; node != CODEDB_EDIT_NONE; node = job->parents[node]) {
        if (!(job->marks[node] & CODEDB_MARK_REPLACED) || !comment_is_inside(job, node, operation->comment))
            continue;
        codedb_overlap outer = codedb_edit_overlap_of(job, node);
        overlap = outer != CODEDB_OVERLAP_ERROR ? outer : overlap;
        if (overlap == CODEDB_OVERLAP_ERROR)
            return comment_fail(job, CODEDB_OVERLAP, operation->edit, operation->comment,
                                "it is inside a node that is replaced; choose the outermost or the innermost");
        operation->dropped = overlap == CODEDB_OVERLAP_OUTERMOST;
        if (operation->dropped)
            return CODEDB_SUCCESS;
        codedb_edit_drop_operations(job, node);
    }
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_edit_settle_comments(codedb_edit_job *job)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < job->operation_count; i++)
        count += job->operations[i].comment != CODEDB_EDIT_NONE;
    if (!count)
        return CODEDB_SUCCESS;
    codedb_edit_operation **comments = codedb_arena_allocate(job->arena, count, sizeof(codedb_edit_operation *));
    if (!comments)
        return codedb_fail_no_memory(job->result);
    for (uint32_t i = 0; i < job->operation_count; i++)
        if (job->operations[i].comment != CODEDB_EDIT_NONE)
            comments[job->comment_count++] = &job->operations[i];
    qsort(comments, count, sizeof *comments, comment_compare);
    job->comments = comments;
    for (uint32_t i = 0; i < count; i++) {
        bool is_second = i && comments[i - 1]->comment == comments[i]->comment;
        if (is_second && (comments[i - 1]->action != CODEDB_EDIT_DELETE || comments[i]->action != CODEDB_EDIT_DELETE))
            return comment_fail(job, CODEDB_OVERLAP, comments[i]->edit, comments[i]->comment,
                                "two edits replace or delete the same comment");
        comments[i]->dropped = is_second;
        codedb_code code = is_second ? CODEDB_SUCCESS : comment_settle(job, comments[i]);
        if (code != CODEDB_SUCCESS)
            return code;
    }
    return CODEDB_SUCCESS;
}

/* ---- Splices ------------------------------------------------------------------------------------------------------ */

/* The end of the last token before an offset; where the text begins when there is none. */
static uint32_t comment_code_end(const codedb_tree *tree, uint32_t offset)
{
    uint32_t low = 0, high = tree->token_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (tree->tokens[middle].start < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? codedb_token_end(tree, low - 1) : tree->text_start;
}

static uint32_t comment_skip_blanks_back(const codedb_tree *tree, uint32_t offset, uint32_t limit)
{
    while (offset > limit && strchr(" \t\f", tree->source[offset - 1]))
        offset--;
    return offset;
}

/* What goes with a comment: [*start, *end). */
static void comment_find_range(const codedb_edit_job *job, uint32_t comment, uint32_t *start, uint32_t *end)
{
    const codedb_tree *tree = job->tree;
    uint32_t limit = comment_code_end(tree, comment);
    *start = comment_skip_blanks_back(tree, comment, limit);
    *end = codedb_edit_line_break(job, comment);
    /* Lines before that hold nothing but a backslash go, too, as they continue into this one. */
    while (*start > limit && codedb_edit_line_start(job, *start) == *start) {
        uint32_t line_end = codedb_edit_before_break(job, *start);
        if (line_end <= limit || tree->source[line_end - 1] != '\\')
            break;
        uint32_t blanks = comment_skip_blanks_back(tree, line_end - 1, limit);
        if (blanks != limit && codedb_edit_line_start(job, blanks) != blanks)
            break;
        *start = blanks;
    }
    if (codedb_edit_line_start(job, *start) == *start)
        *end = codedb_edit_next_line(job, comment);
}

/* Takes out of [*start, *end) what other splices, the first `count`, cover. False when one of them is around the comment: *around. */
static bool comment_clip(const codedb_edit_job *job, uint32_t count, uint32_t comment, uint32_t *start, uint32_t *end,
                         const codedb_splice **around)
{
    const codedb_splice *items = job->splices.items;
    uint32_t low = 0, high = count, comment_end = codedb_edit_line_break(job, comment);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (items[middle].end <= *start)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && items[low].start < *end; low++) {
        if (items[low].end <= comment) {
            *start = items[low].end;
        } else if (items[low].start >= comment_end) {
            *end = items[low].start;
        } else {
            *around = &items[low];
            return false;
        }
    }
    return true;
}

/* What goes with a comment that is deleted. Where the line's indentation goes with something else, that of the next line goes with the
 * comment: what is left before the one stands before the other. */
static bool comment_find_deletion(const codedb_edit_job *job, uint32_t count, uint32_t comment, uint32_t reached, uint32_t *start,
                                  uint32_t *end, const codedb_splice **around)
{
    comment_find_range(job, comment, start, end);
    uint32_t line = *start, next = *end;
    *start = *start < reached ? reached : *start;
    if (!comment_clip(job, count, comment, start, end, around))
        return false;
    if (*start > line && *end == next && codedb_edit_line_start(job, next) == next)
        while (*end < job->tree->length && strchr(" \t\f", job->tree->source[*end]))
            ++*end;
    return true;
}

/* Adds the splice of one comment, if it is not in what goes anyway. `reached` is the end of the one before. */
static codedb_code comment_splice(codedb_edit_job *job, uint32_t count, codedb_edit_operation *operation, uint32_t *reached)
{
    uint32_t start = operation->comment, end = codedb_edit_line_break(job, start);
    const codedb_splice *around;
    bool deletes = operation->action == CODEDB_EDIT_DELETE;
    bool is_free = deletes ? comment_find_deletion(job, count, operation->comment, *reached, &start, &end, &around)
                           : comment_clip(job, count, operation->comment, &start, &end, &around);
    if (!is_free) {
        operation->dropped = job->operations[around->operation].action == CODEDB_EDIT_DELETE;
        return operation->dropped ? CODEDB_SUCCESS
                                  : comment_fail(job, CODEDB_OVERLAP, operation->edit, operation->comment,
                                                 "another edit writes the text in which it stands");
    }
    *reached = end;
    operation->unchanged = !deletes && operation->text.length == end - start &&
                           !memcmp(operation->text.text, job->tree->source + start, end - start);
    codedb_edit_splice(job, operation, start, end, operation->text.text, operation->text.length);
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_edit_take_comments(codedb_edit_job *job)
{
    uint32_t reached = 0;
    codedb_code code = job->comment_count ? codedb_edit_sort_splices(job) : CODEDB_SUCCESS;
    uint32_t count = job->splices.count;
    for (uint32_t i = 0; i < job->comment_count && code == CODEDB_SUCCESS; i++)
        if (!job->comments[i]->dropped)
            code = comment_splice(job, count, job->comments[i], &reached);
    return code;
}
