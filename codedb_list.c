/* codedb_list.c -- items taken out of a list with commas: arguments, bases, imported names, elements, with-items.
 *
 * Called by codedb_edit.c, once for each list of which an item is deleted. Reads the tree, adds to codedb_splice.c. Any thread.
 *
 * Invariants
 * 1. A comment on the line of an item that stays, stays; one on the line of an item that goes, goes.
 * 2. A trailing comma stays a trailing comma. A tuple stays a tuple, and an emptied set is `set()`, never a dict. */
#include "codedb_edit.h"

#include <string.h>

CODEDB_PRIVATE bool codedb_list_is_item(const codedb_tree *tree, const uint32_t *parents, uint32_t node)
{
    switch (tree->nodes[node].kind) {
    case CODEDB_NODE_ARG:
    case CODEDB_NODE_IMPORT_ALIAS:
    case CODEDB_NODE_ELEMENT:
    case CODEDB_NODE_DICT_ELEMENT:
    case CODEDB_NODE_STARRED_DICT_ELEMENT:
    case CODEDB_NODE_NAME_ITEM:
    case CODEDB_NODE_WITH_ITEM: return true;
    case CODEDB_NODE_STARRED_ELEMENT: return tree->nodes[node].field == CODEDB_FIELD_elements;
    case CODEDB_NODE_SUBSCRIPT_ELEMENT: return tree->nodes[parents[node]].kind == CODEDB_NODE_SUBSCRIPT;
    default: return false;
    }
}

/* One list: its items are the children of `owner` that are items. */
typedef struct list_plan {
    const codedb_tree *tree;
    const uint32_t *parents;
    const uint8_t *deleted; /* by node: not 0 for those that go */
    codedb_splices *splices;
    uint32_t operation;
    uint32_t owner;
    uint32_t kept;  /* their number */
    uint32_t first; /* the first item */
    uint32_t last;
    uint32_t last_kept; /* UINT32_MAX: none */
} list_plan;

static uint32_t list_next_item(const list_plan *plan, uint32_t node)
{
    uint32_t end = plan->tree->nodes[plan->owner].end;
    while (node < end && !codedb_list_is_item(plan->tree, plan->parents, node))
        node = plan->tree->nodes[node].end;
    return node < end ? node : UINT32_MAX;
}

static uint32_t list_item_after(const list_plan *plan, uint32_t item)
{
    return list_next_item(plan, plan->tree->nodes[item].end);
}

static uint32_t list_item_start(const list_plan *plan, uint32_t item)
{
    const codedb_node *node = &plan->tree->nodes[item];
    return plan->tree->tokens[node->first - node->parens].start;
}

/* Behind an item's last token; that of its comma is the next one, if it has one. */
static uint32_t list_item_last(const list_plan *plan, uint32_t item)
{
    return plan->tree->nodes[item].last + plan->tree->nodes[item].parens;
}

static uint32_t list_item_end(const list_plan *plan, uint32_t item)
{
    return codedb_token_end(plan->tree, list_item_last(plan, item) - 1);
}

static bool list_has_comma(const list_plan *plan, uint32_t item)
{
    return plan->tree->tokens[list_item_last(plan, item)].kind == CODEDB_TOKEN_COMMA;
}

/* Behind an item, its comma, and a comment that ends its line. */
static uint32_t list_item_line_end(const list_plan *plan, uint32_t item)
{
    const char *source = plan->tree->source;
    uint32_t last = list_item_last(plan, item) - (list_has_comma(plan, item) ? 0 : 1);
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

static void list_cut(const list_plan *plan, uint32_t start, uint32_t end, const char *text)
{
    codedb_splices_add(plan->splices, plan->operation, 0, start, end, text, strlen(text));
}

static bool list_is_tuple(const list_plan *plan)
{
    return plan->tree->nodes[plan->owner].kind == CODEDB_NODE_TUPLE;
}

/* All items go: what is between the brackets goes with them. */
static void list_empty(const list_plan *plan)
{
    const codedb_tree *tree = plan->tree;
    uint32_t before = tree->nodes[plan->first].first - tree->nodes[plan->first].parens - 1;
    uint32_t behind = list_item_last(plan, plan->last) + (list_has_comma(plan, plan->last) ? 1 : 0);
    uint32_t open = codedb_token_end(tree, before), close = tree->tokens[behind].start;
    switch (tree->nodes[plan->owner].kind) {
    case CODEDB_NODE_SET: list_cut(plan, tree->tokens[before].start, codedb_token_end(tree, behind), "set()"); break;
    case CODEDB_NODE_CLASS_DEF: list_cut(plan, tree->tokens[before].start, codedb_token_end(tree, behind), ""); break;
    default: list_cut(plan, open, close, ""); break;
    }
}

/* The items behind the last one that stays go; its comma stays if the list had a trailing one, or has to be a tuple. */
static void list_cut_tail(const list_plan *plan)
{
    uint32_t kept = plan->last_kept;
    bool keeps_comma = list_has_comma(plan, plan->last) || (list_is_tuple(plan) && plan->kept == 1);
    uint32_t comma = list_item_last(plan, kept);
    uint32_t comma_end = codedb_token_end(plan->tree, comma);
    uint32_t start = list_item_line_end(plan, kept), end = list_item_line_end(plan, plan->last);
    if (!keeps_comma)
        list_cut(plan, list_item_end(plan, kept), comma_end, "");
    list_cut(plan, start, end, "");
}

static const char *list_fault(const list_plan *plan)
{
    if (plan->kept)
        return NULL;
    switch (plan->tree->nodes[plan->owner].kind) {
    case CODEDB_NODE_WITH: return "a with needs an item";
    case CODEDB_NODE_SUBSCRIPT: return "the field slice is required: a subscript needs an element";
    case CODEDB_NODE_TUPLE: return plan->tree->nodes[plan->owner].parens ? NULL : "a tuple without parentheses needs an element";
    default: return NULL;
    }
}

CODEDB_PRIVATE bool codedb_list_is_emptied(const codedb_tree *tree, const uint32_t *parents, const uint8_t *deleted,
                                           uint32_t owner)
{
    list_plan plan = {.tree = tree, .parents = parents, .owner = owner};
    for (uint32_t item = list_next_item(&plan, owner + 1); item != UINT32_MAX; item = list_item_after(&plan, item))
        if (!deleted[item])
            return false;
    return true;
}

CODEDB_PRIVATE const char *codedb_list_delete(const codedb_tree *tree, const uint32_t *parents, const uint8_t *deleted,
                                              uint32_t owner, uint32_t operation, codedb_splices *splices)
{
    list_plan plan = {.tree = tree,
                      .parents = parents,
                      .deleted = deleted,
                      .splices = splices,
                      .operation = operation,
                      .owner = owner,
                      .last_kept = UINT32_MAX};
    plan.first = list_next_item(&plan, owner + 1);
    for (uint32_t item = plan.first; item != UINT32_MAX; item = list_item_after(&plan, item)) {
        plan.last = item;
        plan.kept += !deleted[item];
        plan.last_kept = deleted[item] ? plan.last_kept : item;
    }
    const char *fault = list_fault(&plan);
    if (fault)
        return fault;
    if (!plan.kept) {
        list_empty(&plan);
        return NULL;
    }
    for (uint32_t item = plan.first, run = UINT32_MAX; item != UINT32_MAX; item = list_item_after(&plan, item)) {
        if (deleted[item]) {
            run = run == UINT32_MAX ? item : run;
            continue;
        }
        if (run != UINT32_MAX)
            list_cut(&plan, list_item_start(&plan, run), list_item_start(&plan, item), "");
        run = UINT32_MAX;
    }
    if (plan.last_kept != plan.last)
        list_cut_tail(&plan);
    else if (list_is_tuple(&plan) && plan.kept == 1 && !list_has_comma(&plan, plan.last))
        list_cut(&plan, list_item_end(&plan, plan.last), list_item_end(&plan, plan.last), ",");
    return NULL;
}
