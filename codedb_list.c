/* codedb_list.c -- lists with commas: arguments, parameters, bases, imported names, elements, with-items; items taken out, replaced, put in.
 *
 * Called by codedb_edit.c, once for each list in which an item is edited, and by codedb_role.c, which finds items. Reads the tree, adds
 * to codedb_splice.c. Any thread.
 *
 * Invariants
 * 1. A comment on the line of an item that stays, stays; one on the line of an item that goes, goes.
 * 2. A trailing comma stays a trailing comma. A tuple stays a tuple, and an emptied set is `set()`, never a dict.
 * 3. A `*` or `/` among parameters stays as long as it separates something; `*args` before what stays becomes `*`.
 * 4. New items stand in lines of their own where their neighbours do. Between two items, no range begins inside another one. */
#include "codedb_edit.h"

#include <stdlib.h>
#include <string.h>

/* ---- Items -------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE bool codedb_list_is_item_of(const codedb_tree *tree, uint32_t owner, uint32_t node)
{
    switch (tree->nodes[node].kind) {
    case CODEDB_NODE_ARG:
    case CODEDB_NODE_IMPORT_ALIAS:
    case CODEDB_NODE_IMPORT_STAR:
    case CODEDB_NODE_TYPE_PARAM:
    case CODEDB_NODE_MATCH_SEQUENCE_ELEMENT:
    case CODEDB_NODE_MATCH_STAR:
    case CODEDB_NODE_MATCH_MAPPING_ELEMENT:
    case CODEDB_NODE_MATCH_KEYWORD_ELEMENT:
    case CODEDB_NODE_MATCH_OR_ELEMENT:
    case CODEDB_NODE_ELEMENT:
    case CODEDB_NODE_DICT_ELEMENT:
    case CODEDB_NODE_STARRED_DICT_ELEMENT:
    case CODEDB_NODE_NAME_ITEM:
    case CODEDB_NODE_PARAM:
    case CODEDB_NODE_PARAM_STAR:
    case CODEDB_NODE_PARAM_SLASH:
    case CODEDB_NODE_WITH_ITEM: return true;
    case CODEDB_NODE_STARRED_ELEMENT: return tree->nodes[node].field == CODEDB_FIELD_elements;
    case CODEDB_NODE_SUBSCRIPT_ELEMENT: return tree->nodes[owner].kind == CODEDB_NODE_SUBSCRIPT;
    default: return false;
    }
}

CODEDB_PRIVATE bool codedb_list_is_item(const codedb_tree *tree, const uint32_t *parents, uint32_t node)
{
    return node && codedb_list_is_item_of(tree, parents[node], node);
}

CODEDB_PRIVATE bool codedb_list_is_all_of_item(const codedb_tree *tree, const uint32_t *parents, uint32_t node)
{
    const codedb_node *expression = &tree->nodes[node];
    if (!node || expression->field != CODEDB_FIELD_value || !codedb_list_is_item(tree, parents, parents[node]))
        return false;
    codedb_item_range range = codedb_list_item_range(tree, parents[node]);
    return range.first + expression->parens == expression->first && range.last == expression->last + expression->parens;
}

/* Behind the last token of a node and its parentheses. */
static uint32_t list_end_token(const codedb_tree *tree, uint32_t node)
{
    return tree->nodes[node].last + tree->nodes[node].parens;
}

/* Whether the node holds the comma or bar behind it. */
static bool list_holds_comma(const codedb_tree *tree, uint32_t item)
{
    const codedb_node *node = &tree->nodes[item];
    uint8_t last = node->last > node->first ? (uint8_t)tree->tokens[node->last - 1].kind : 0;
    switch (node->kind) {
    case CODEDB_NODE_TYPE_PARAM:
    case CODEDB_NODE_MATCH_SEQUENCE_ELEMENT:
    case CODEDB_NODE_MATCH_STAR:
    case CODEDB_NODE_MATCH_MAPPING_ELEMENT:
    case CODEDB_NODE_MATCH_KEYWORD_ELEMENT: return last == CODEDB_TOKEN_COMMA;
    case CODEDB_NODE_MATCH_OR_ELEMENT: return last == CODEDB_TOKEN_VERTICAL_BAR;
    default: return false;
    }
}

CODEDB_PRIVATE codedb_item_range codedb_list_item_range(const codedb_tree *tree, uint32_t item)
{
    const codedb_node *node = &tree->nodes[item];
    codedb_item_range range = {node->first - node->parens, list_end_token(tree, item)};
    if (node->kind == CODEDB_NODE_ASSIGN_TARGET)
        return (codedb_item_range){tree->nodes[item + 1].first - tree->nodes[item + 1].parens, list_end_token(tree, item + 1)};
    if (list_holds_comma(tree, item))
        range.last--;
    if (node->kind == CODEDB_NODE_PARAM_STAR || node->kind == CODEDB_NODE_PARAM_SLASH)
        range.last = node->first + 1;
    if (node->kind != CODEDB_NODE_PARAM)
        return range;
    /* A Param is its name: what else belongs to it follows. */
    for (uint32_t child = item + 1; child < node->end; child = tree->nodes[child].end) {
        uint32_t last = list_end_token(tree, child);
        if (tree->nodes[child].kind == CODEDB_NODE_ANNOTATION && child + 1 < tree->nodes[child].end)
            last = list_end_token(tree, child + 1) > last ? list_end_token(tree, child + 1) : last;
        range.last = last > range.last ? last : range.last;
    }
    return range;
}

/* ---- A list that is edited ---------------------------------------------------------------------------------------- */

typedef struct list_item {
    uint32_t node;
    codedb_item_range tokens;
    uint32_t run; /* of an item that goes: the first of those that go with it */
    bool goes;
    bool becomes_star; /* `*args` of which the star is still needed */
} list_item;

typedef struct list_plan {
    codedb_edit_job *job;
    const codedb_tree *tree;
    uint32_t owner;
    codedb_edit_operation *leader; /* for whom the splices are that nobody in particular asked for */
    list_item *items;
    uint32_t count;
    uint32_t kept;
    uint32_t last_kept;     /* index; UINT32_MAX: none */
    uint32_t first_keyword; /* argument that stays, of any name; `count`: none */
    uint32_t first_rest;    /* ... that begins with `**` */
    uint32_t *appended;     /* operations whose code goes behind the last item that stays */
    uint32_t appended_count;
    uint32_t appended_items;
} list_plan;

static uint32_t list_start(const list_plan *plan, uint32_t index)
{
    return plan->tree->tokens[plan->items[index].tokens.first].start;
}

static uint32_t list_end(const list_plan *plan, uint32_t index)
{
    return codedb_token_end(plan->tree, plan->items[index].tokens.last - 1);
}

static bool list_has_comma(const list_plan *plan, uint32_t index)
{
    uint8_t kind = (uint8_t)plan->tree->tokens[plan->items[index].tokens.last].kind;
    return kind == (plan->tree->nodes[plan->owner].kind == CODEDB_NODE_MATCH_OR ? CODEDB_TOKEN_VERTICAL_BAR : CODEDB_TOKEN_COMMA);
}

/* Behind the item and its comma. */
static uint32_t list_comma_end(const list_plan *plan, uint32_t index)
{
    return list_has_comma(plan, index) ? codedb_token_end(plan->tree, plan->items[index].tokens.last) : list_end(plan, index);
}

/* Where the item's comma begins, with the white space before it, unless comments are in it. */
static uint32_t list_comma_start(const list_plan *plan, uint32_t index)
{
    uint32_t start = list_end(plan, index), comma = plan->tree->tokens[plan->items[index].tokens.last].start;
    return memchr(plan->tree->source + start, '#', comma - start) ? comma : start;
}

/* Behind an item, its comma, and a comment that ends its line. */
static uint32_t list_line_end(const list_plan *plan, uint32_t index)
{
    const char *source = plan->tree->source;
    uint32_t last = plan->items[index].tokens.last - (list_has_comma(plan, index) ? 0 : 1);
    uint32_t end = codedb_token_end(plan->tree, last), at = end;
    /* A comment behind the statement is the statement's. */
    if (plan->tree->tokens[last + 1].kind == CODEDB_TOKEN_NEWLINE)
        return end;
    while (source[at] == ' ' || source[at] == '\t' || source[at] == '\f')
        at++;
    if (source[at] != '#')
        return end;
    while (at < plan->tree->length && source[at] != '\n' && source[at] != '\r')
        at++;
    return at;
}

static bool list_ends_line(const list_plan *plan, uint32_t at)
{
    const char *source = plan->tree->source;
    while (source[at] == ' ' || source[at] == '\t' || source[at] == '\f')
        at++;
    return source[at] == '\n' || source[at] == '\r';
}

static bool list_is_bracketed(const list_plan *plan)
{
    uint32_t first = plan->items[0].tokens.first;
    return first > 0 && codedb_token_opens(plan->tree->tokens[first - 1].kind);
}

/* Whether an item is the first on its line, in a list that may have lines. */
static bool list_begins_line(const list_plan *plan, uint32_t index)
{
    uint32_t start = list_start(plan, index);
    codedb_slice indent = codedb_edit_indent_at(plan->job, start);
    return list_is_bracketed(plan) && indent.text + indent.length == plan->tree->source + start;
}

static bool list_is_tuple(const list_plan *plan)
{
    uint8_t kind = plan->tree->nodes[plan->owner].kind;
    /* `case a, b:` is a list without brackets. */
    if (kind == CODEDB_NODE_MATCH_TUPLE || (kind == CODEDB_NODE_MATCH_LIST && plan->count && !list_is_bracketed(plan)))
        return true;
    /* `del a,` and `del a` are the same. */
    return plan->tree->nodes[plan->owner].kind == CODEDB_NODE_TUPLE &&
           (plan->tree->nodes[plan->owner].parens ||
            codedb_edit_node(plan->job, plan->job->parents[plan->owner])->kind != CODEDB_NODE_DEL);
}

static void list_cut(const list_plan *plan, uint32_t start, uint32_t end, const char *text)
{
    codedb_edit_splice(plan->job, plan->leader, start, end, text, strlen(text));
}

/* ---- Reading what is asked ---------------------------------------------------------------------------------------- */

static bool list_collect(list_plan *plan)
{
    const codedb_tree *tree = plan->tree;
    for (uint32_t child = plan->owner + 1; child < tree->nodes[plan->owner].end; child = tree->nodes[child].end)
        plan->count += codedb_list_is_item_of(tree, plan->owner, child);
    plan->items = codedb_arena_allocate(plan->job->arena, plan->count, sizeof *plan->items);
    if (!plan->items)
        return false;
    uint32_t index = 0;
    for (uint32_t child = plan->owner + 1; child < tree->nodes[plan->owner].end; child = tree->nodes[child].end)
        if (codedb_list_is_item_of(tree, plan->owner, child))
            plan->items[index++] =
                (list_item){child, codedb_list_item_range(tree, child), 0, codedb_edit_is_deleted(plan->job, child), false};
    return true;
}

/* Whether code is inserted beside the item. */
static bool list_has_insertion(const list_plan *plan, uint32_t index, codedb_edit_action action)
{
    codedb_edit_operation *operation;
    uint32_t at = plan->job->first_operation[plan->items[index].node];
    while ((operation = codedb_edit_next_operation(plan->job, &at)) != NULL)
        if (operation->action == action)
            return true;
    return false;
}

/* Whether between the items [from, to) anything stays or comes. */
static bool list_has_any(const list_plan *plan, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        bool is_rest = plan->tree->nodes[plan->items[i].node].field == CODEDB_FIELD_star_kwarg;
        if ((!plan->items[i].goes && !is_rest) || list_has_insertion(plan, i, CODEDB_EDIT_INSERT_BEFORE) ||
            (!is_rest && list_has_insertion(plan, i, CODEDB_EDIT_INSERT_AFTER)))
            return true;
    }
    return false;
}

/* `/`, `*` and the star of `*args` go when nothing is left that they separate. */
static void list_settle_markers(list_plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        list_item *item = &plan->items[i];
        bool is_star = plan->tree->nodes[item->node].field == CODEDB_FIELD_star_arg;
        if (plan->tree->nodes[item->node].kind == CODEDB_NODE_PARAM_SLASH) {
            item->goes |= !list_has_any(plan, 0, i) && !list_has_insertion(plan, i, CODEDB_EDIT_INSERT_BEFORE);
        } else if (is_star) {
            bool is_needed = list_has_any(plan, i + 1, plan->count) || list_has_insertion(plan, i, CODEDB_EDIT_INSERT_AFTER);
            if (plan->tree->nodes[item->node].kind == CODEDB_NODE_PARAM_STAR) {
                item->goes |= !is_needed;
            } else if (item->goes && is_needed) {
                item->becomes_star = true;
                item->goes = false;
            }
        }
    }
}

/* How far in front new arguments must stand: positional ones before keywords, starred ones before `**`. */
static uint32_t list_argument_limit(const list_plan *plan, const codedb_edit_operation *operation)
{
    bool has_positional = false, has_starred = false;
    for (size_t i = 0; i < codedb_edit_of(plan->job, operation)->code_count; i++) {
        const codedb_snippet *snippet = &operation->snippets[i];
        const codedb_tree *tree = snippet->tree;
        for (uint32_t arg = snippet->first; arg <= snippet->last; arg = tree->nodes[arg].end) {
            uint8_t first = (uint8_t)tree->tokens[tree->nodes[arg].first].kind;
            bool is_keyword = codedb_tree_child(tree, arg, CODEDB_FIELD_keyword) != UINT32_MAX;
            has_starred |= first == CODEDB_TOKEN_STAR;
            has_positional |= !is_keyword && first != CODEDB_TOKEN_STAR && first != CODEDB_TOKEN_DOUBLE_STAR;
        }
    }
    uint32_t limit = plan->count;
    if (has_positional)
        limit = plan->first_keyword < limit ? plan->first_keyword : limit;
    if (has_positional || has_starred)
        limit = plan->first_rest < limit ? plan->first_rest : limit;
    return limit;
}

/* ---- Writing ------------------------------------------------------------------------------------------------------ */

/* Appends the operation's items, as they stand on a line that begins with `indent`. */
static void list_write_items(const list_plan *plan, const codedb_edit_operation *operation, uint32_t near)
{
    codedb_edit_job *job = plan->job;
    codedb_layout layout = {.indent = codedb_edit_indent_at(job, near),
                            .unit = {CODEDB_EDIT_DEFAULT_UNIT, strlen(CODEDB_EDIT_DEFAULT_UNIT)},
                            .newline = codedb_edit_newline_at(job, codedb_edit_line_break(job, near))};
    for (size_t i = 0; i < codedb_edit_of(job, operation)->code_count; i++) {
        if (i)
            codedb_buffer_append_text(&job->text, ", ");
        codedb_snippet_render(&operation->snippets[i], &layout, &job->text);
    }
}

/* Begins the next new item: on a line of its own beside `neighbour`, or behind a blank. */
static void list_write_break(const list_plan *plan, uint32_t neighbour, bool own_line)
{
    codedb_edit_job *job = plan->job;
    if (!own_line) {
        codedb_buffer_append_byte(&job->text, ' ');
        return;
    }
    uint32_t start = list_start(plan, neighbour);
    codedb_slice newline = codedb_edit_newline_at(job, codedb_edit_line_break(job, start));
    codedb_slice indent = codedb_edit_indent_at(job, start);
    codedb_buffer_append(&job->text, newline.text, newline.length);
    codedb_buffer_append(&job->text, indent.text, indent.length);
}

/* Puts the buffer in the place of [start, end), with a blank where tokens would become one. */
static void list_splice(const list_plan *plan, codedb_edit_operation *operation, uint32_t start, uint32_t end)
{
    codedb_edit_job *job = plan->job;
    codedb_operand_separate(plan->tree, start, end, 0, &job->text);
    operation->unchanged = !job->text.failed && end > start && job->text.length == end - start &&
                           !memcmp(job->text.data, plan->tree->source + start, end - start);
    codedb_edit_splice_text(job, operation, start, end);
}

/* Puts new items in front of item `slot`, which may be one that goes: then in front of all that go with it. */
static void list_insert(const list_plan *plan, codedb_edit_operation *operation, uint32_t slot)
{
    slot = plan->items[slot].goes ? plan->items[slot].run : slot;
    list_write_items(plan, operation, list_start(plan, slot));
    codedb_buffer_append_byte(&plan->job->text, ',');
    list_write_break(plan, slot, list_begins_line(plan, slot));
    list_splice(plan, operation, list_start(plan, slot), list_start(plan, slot));
}

/* Behind an item that stays, before the line of the next one: the comments above that one stay with it. */
static void list_insert_line(const list_plan *plan, codedb_edit_operation *operation, uint32_t index)
{
    list_write_break(plan, index + 1, true);
    list_write_items(plan, operation, list_start(plan, index + 1));
    codedb_buffer_append_byte(&plan->job->text, ',');
    uint32_t at = list_line_end(plan, index);
    codedb_edit_splice_text(plan->job, operation, at, at);
}

static void list_append(list_plan *plan, const codedb_edit_operation *operation)
{
    plan->appended[plan->appended_count++] = (uint32_t)(operation - plan->job->operations);
    for (size_t i = 0; i < codedb_edit_of(plan->job, operation)->code_count; i++)
        plan->appended_items += operation->snippets[i].statement_count;
}

static void list_take_insertion(list_plan *plan, codedb_edit_operation *operation, uint32_t slot)
{
    uint32_t wanted = slot, limit = plan->count;
    if (operation->role == CODEDB_ROLE_ARGUMENT)
        limit = list_argument_limit(plan, operation);
    slot = slot < limit ? slot : limit;
    if (plan->last_kept == UINT32_MAX || slot > plan->last_kept)
        list_append(plan, operation);
    else if (operation->action == CODEDB_EDIT_INSERT_AFTER && slot == wanted && !plan->items[slot - 1].goes &&
             list_begins_line(plan, slot) && !plan->items[slot].goes)
        list_insert_line(plan, operation, slot - 1);
    else
        list_insert(plan, operation, slot);
}

static void list_replace(const list_plan *plan, codedb_edit_operation *operation, uint32_t index)
{
    list_write_items(plan, operation, list_start(plan, index));
    list_splice(plan, operation, list_start(plan, index), list_end(plan, index));
}

static void list_take_item(list_plan *plan, uint32_t index)
{
    codedb_edit_operation *operation;
    uint32_t at = plan->job->first_operation[plan->items[index].node];
    while ((operation = codedb_edit_next_operation(plan->job, &at)) != NULL) {
        switch (operation->action) {
        case CODEDB_EDIT_INSERT_BEFORE: list_take_insertion(plan, operation, index); break;
        case CODEDB_EDIT_INSERT_AFTER: list_take_insertion(plan, operation, index + 1); break;
        case CODEDB_EDIT_REPLACE: list_replace(plan, operation, index); break;
        default: break;
        }
    }
    if (plan->items[index].becomes_star)
        list_cut(plan, list_start(plan, index), list_end(plan, index), "*");
}

static int list_compare_operations(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

/* Appends the items that come behind the last one, each with a comma before or behind it. */
static void list_write_appended(const list_plan *plan, bool own_line, bool begins_with_comma)
{
    codedb_edit_job *job = plan->job;
    uint32_t near = plan->count ? plan->count - 1 : 0;
    for (uint32_t i = 0; i < plan->appended_count; i++) {
        if (i || begins_with_comma)
            codedb_buffer_append_byte(&job->text, ',');
        if (i || plan->kept)
            list_write_break(plan, near, own_line);
        list_write_items(plan, &job->operations[plan->appended[i]],
                         plan->count ? list_start(plan, near)
                                     : plan->tree->tokens[plan->tree->nodes[plan->owner].last - 1].start);
    }
}

/* ---- The end of a list -------------------------------------------------------------------------------------------- */

/* Whether the list is a tuple without parentheses, or a pattern like it. */
static bool list_is_open(const list_plan *plan)
{
    const codedb_node *owner = &plan->tree->nodes[plan->owner];
    return (owner->kind == CODEDB_NODE_TUPLE && !owner->parens) ||
           (owner->kind == CODEDB_NODE_MATCH_LIST && plan->count && !list_is_bracketed(plan));
}

/* All items go: what is between the brackets goes with them. */
static void list_empty(const list_plan *plan)
{
    const codedb_tree *tree = plan->tree;
    uint32_t last = plan->count - 1;
    if (list_is_open(plan)) {
        codedb_buffer_append_text(&plan->job->text, "()");
        list_splice(plan, plan->leader, list_start(plan, 0), list_comma_end(plan, last));
        return;
    }
    uint32_t before = plan->items[0].tokens.first - 1;
    uint32_t behind = plan->items[last].tokens.last + (list_has_comma(plan, last) ? 1 : 0);
    uint32_t open = codedb_token_end(tree, before), close = tree->tokens[behind].start;
    switch (tree->nodes[plan->owner].kind) {
    case CODEDB_NODE_SET: list_cut(plan, tree->tokens[before].start, codedb_token_end(tree, behind), "set()"); break;
    case CODEDB_NODE_TYPE_PARAMETERS:
    case CODEDB_NODE_CLASS_DEF: list_cut(plan, tree->tokens[before].start, codedb_token_end(tree, behind), ""); break;
    default: list_cut(plan, open, close, ""); break;
    }
}

/* New items in the place of all old ones, or between the empty brackets. */
static void list_refill(const list_plan *plan)
{
    const codedb_tree *tree = plan->tree;
    const codedb_node *owner = &tree->nodes[plan->owner];
    codedb_edit_operation *operation = &plan->job->operations[plan->appended[0]];
    bool has_comma = plan->count && list_has_comma(plan, plan->count - 1);
    list_write_appended(plan, plan->count && list_begins_line(plan, plan->count - 1), false);
    if (list_is_tuple(plan) && plan->appended_items == 1 && !has_comma)
        codedb_buffer_append_byte(&plan->job->text, ',');
    if (plan->count) {
        list_splice(plan, operation, list_start(plan, 0), list_end(plan, plan->count - 1));
        return;
    }
    /* A node without items is empty and lies before its closing bracket, or it ends with that. */
    uint32_t at = tree->tokens[owner->first == owner->last ? owner->first : owner->last - 1].start;
    list_splice(plan, operation, at, at);
}

/* The items behind the last one that stays go, and new ones come; the last comma stays if the list had a trailing one, or has to be a
 * tuple. */
static void list_finish(const list_plan *plan)
{
    uint32_t kept = plan->last_kept, last = plan->count - 1;
    bool trails = list_has_comma(plan, last), has_comma = list_has_comma(plan, kept);
    bool needs_comma = trails || plan->appended_count || (list_is_tuple(plan) && plan->kept == 1);
    /* A comment behind the comma is on its line: what is new comes below it. */
    bool own_line =
        plan->appended_count && (list_begins_line(plan, last) || list_line_end(plan, kept) != list_comma_end(plan, kept));
    uint32_t start = own_line || !plan->appended_count ? list_line_end(plan, kept) : list_comma_end(plan, kept);
    uint32_t end = kept == last ? start : list_line_end(plan, last);
    bool joins = needs_comma && !has_comma && start == list_end(plan, kept);
    if (!needs_comma && has_comma)
        list_cut(plan, list_comma_start(plan, kept), list_comma_end(plan, kept), "");
    else if (needs_comma && !has_comma && !(joins && plan->appended_count))
        list_cut(plan, list_end(plan, kept), list_end(plan, kept), ",");
    if (!plan->appended_count) {
        /* What closes the list must not come into the comment that stays. */
        bool is_last_line = end > start && start != list_comma_end(plan, kept) && !list_ends_line(plan, end);
        list_cut(plan, is_last_line ? list_start(plan, kept + 1) : start, end, "");
        return;
    }
    list_write_appended(plan, own_line, joins);
    if (trails)
        codedb_buffer_append_byte(&plan->job->text, ',');
    codedb_edit_splice_text(plan->job, &plan->job->operations[plan->appended[0]], start, end);
}

static const char *list_fault(const list_plan *plan)
{
    if (plan->kept || plan->appended_count)
        return NULL;
    switch (plan->tree->nodes[plan->owner].kind) {
    case CODEDB_NODE_WITH: return "a with needs an item";
    case CODEDB_NODE_SUBSCRIPT: return "the field slice is required: a subscript needs an element";
    case CODEDB_NODE_MATCH_OR: return "a pattern with alternatives needs one";
    default: return NULL;
    }
}

/* ---- The list ----------------------------------------------------------------------------------------------------- */

/* The operations on the list itself: code put first or last in it. */
static void list_take_owner(list_plan *plan, codedb_edit_action action)
{
    codedb_edit_operation *operation;
    uint32_t at = plan->job->first_operation[plan->owner];
    while ((operation = codedb_edit_next_operation(plan->job, &at)) != NULL)
        if (operation->action == action)
            list_take_insertion(plan, operation, action == CODEDB_EDIT_INSERT_FIRST ? 0 : plan->count);
}

/* Fills what is said of the items that stay. */
static void list_count_kept(list_plan *plan)
{
    plan->last_kept = UINT32_MAX;
    plan->first_keyword = plan->first_rest = plan->count;
    for (uint32_t i = 0; i < plan->count; i++) {
        uint32_t node = plan->items[i].node;
        if (plan->items[i].goes) {
            plan->items[i].run = i && plan->items[i - 1].goes ? plan->items[i - 1].run : i;
            continue;
        }
        plan->kept++;
        plan->last_kept = i;
        if (plan->tree->nodes[node].kind != CODEDB_NODE_ARG)
            continue;
        if (plan->first_keyword == plan->count && codedb_tree_child(plan->tree, node, CODEDB_FIELD_keyword) != UINT32_MAX)
            plan->first_keyword = i;
        if (plan->first_rest == plan->count && plan->tree->tokens[plan->tree->nodes[node].first].kind == CODEDB_TOKEN_DOUBLE_STAR)
            plan->first_rest = i;
    }
}

/* Where comments begin that stand in lines of their own between two items, and belong to the second; UINT32_MAX: there are none. */
static uint32_t list_heading(const list_plan *plan, uint32_t index)
{
    const char *source = plan->tree->source;
    uint32_t at = list_line_end(plan, index), end = list_start(plan, index + 1);
    while (at < end && strchr(" \t\f\r\n", source[at]))
        at++;
    return at < end && source[at] == '#' ? at : UINT32_MAX;
}

/* Takes out the items from `run` to the one before `kept`, with their lines if they begin them. */
static void list_cut_run(const list_plan *plan, uint32_t run, uint32_t kept)
{
    uint32_t start = list_start(plan, run), heading = list_heading(plan, kept - 1);
    const char *source = plan->tree->source;
    if (heading == UINT32_MAX) {
        list_cut(plan, start, list_start(plan, kept), "");
    } else if (list_begins_line(plan, run)) {
        list_cut(plan, start, heading, "");
    } else {
        while (start && (source[start - 1] == ' ' || source[start - 1] == '\t'))
            start--;
        list_cut(plan, start, list_line_end(plan, kept - 1), "");
    }
}

/* Takes out what goes before an item that stays. */
static void list_cut_runs(const list_plan *plan)
{
    for (uint32_t i = 0, run = UINT32_MAX; i < plan->count; i++) {
        if (plan->items[i].goes) {
            run = run == UINT32_MAX ? i : run;
            continue;
        }
        if (run != UINT32_MAX)
            list_cut_run(plan, run, i);
        run = UINT32_MAX;
    }
}

static uint32_t list_count_operations(const list_plan *plan)
{
    uint32_t count = 0, at = plan->job->first_operation[plan->owner];
    while (codedb_edit_next_operation(plan->job, &at))
        count++;
    for (uint32_t i = 0; i < plan->count; i++)
        for (at = plan->job->first_operation[plan->items[i].node]; codedb_edit_next_operation(plan->job, &at);)
            count++;
    return count;
}

CODEDB_PRIVATE codedb_code codedb_list_edit(codedb_edit_job *job, uint32_t owner, codedb_edit_operation *leader)
{
    list_plan plan = {.job = job, .tree = job->tree, .owner = owner, .leader = leader};
    if (!list_collect(&plan))
        return codedb_fail_no_memory(job->result);
    plan.appended = codedb_arena_allocate(job->arena, list_count_operations(&plan), sizeof *plan.appended);
    if (!plan.appended)
        return codedb_fail_no_memory(job->result);
    if (job->tree->nodes[owner].kind == CODEDB_NODE_PARAMETERS)
        list_settle_markers(&plan);
    list_count_kept(&plan);
    list_take_owner(&plan, CODEDB_EDIT_INSERT_FIRST);
    for (uint32_t i = 0; i < plan.count; i++)
        list_take_item(&plan, i);
    list_take_owner(&plan, CODEDB_EDIT_INSERT_LAST);
    const char *fault = list_fault(&plan);
    if (fault)
        return codedb_edit_fail_node(job, CODEDB_VALIDATION_ERROR, leader->node, fault);
    if (plan.appended_count)
        qsort(plan.appended, plan.appended_count, sizeof *plan.appended, list_compare_operations);
    if (!plan.kept && plan.appended_count) {
        list_refill(&plan);
    } else if (!plan.kept) {
        list_empty(&plan);
    } else {
        list_cut_runs(&plan);
        bool lacks_comma = list_is_tuple(&plan) && plan.kept == 1 && !list_has_comma(&plan, plan.last_kept);
        if (plan.last_kept + 1 != plan.count || plan.appended_count || (lacks_comma && plan.count > 1))
            list_finish(&plan);
    }
    return CODEDB_SUCCESS;
}

/* ---- Targets of an assignment ------------------------------------------------------------------------------------- */

/* The targets `a = b =` of an assignment are no list with commas, but are edited as one. */
CODEDB_PRIVATE codedb_code codedb_list_edit_targets(codedb_edit_job *job, uint32_t statement, codedb_edit_operation *leader)
{
    const codedb_tree *tree = job->tree;
    uint32_t kept = 0;
    list_plan plan = {.job = job, .tree = tree, .owner = statement, .leader = leader};
    for (uint32_t child = statement + 1; child < tree->nodes[statement].end; child = tree->nodes[child].end) {
        if (tree->nodes[child].kind != CODEDB_NODE_ASSIGN_TARGET)
            continue;
        codedb_item_range range = codedb_list_item_range(tree, child);
        uint32_t start = tree->tokens[range.first].start, next = tree->tokens[range.last + 1].start, at;
        codedb_edit_operation *operation;
        kept += !codedb_edit_is_deleted(job, child);
        for (at = job->first_operation[child]; (operation = codedb_edit_next_operation(job, &at)) != NULL;) {
            if (operation->action == CODEDB_EDIT_DELETE) {
                codedb_edit_splice(job, operation, start, next, "", 0);
                continue;
            }
            bool replaces = operation->action == CODEDB_EDIT_REPLACE;
            uint32_t place = operation->action == CODEDB_EDIT_INSERT_AFTER ? next : start;
            kept += !replaces;
            list_write_items(&plan, operation, start);
            if (!replaces)
                codedb_buffer_append_text(&job->text, " = ");
            list_splice(&plan, operation, place, replaces ? codedb_token_end(tree, range.last - 1) : place);
        }
    }
    return kept ? CODEDB_SUCCESS
                : codedb_edit_fail_node(job, CODEDB_VALIDATION_ERROR, leader->node, "an assignment needs a target");
}
