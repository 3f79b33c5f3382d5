/* codedb_target.c -- what may be assigned to, deleted, augmented or annotated, and what an error calls the rest.
 *
 * Called by the other files of the parser through codedb_parser.h, when an expression turns out to be a target. Looks at nodes that were
 * laid down (codedb_parser.h, invariants 1 and 2); recursion is as deep as tuples and lists nest, which was counted. */
#include "codedb_parser.h"

#include <string.h>

/* Whether the token is a name that cannot be bound: up to 3.8 the parser keeps __debug__ from that. */
static bool target_is_debug(const codedb_parser *parser, uint32_t token)
{
    const codedb_token *name = &parser->tokens[token];
    return parser->version < 309 && name->kind == CODEDB_TOKEN_NAME && name->length == 9 &&
           memcmp(parser->source + name->start, "__debug__", 9) == 0;
}

/* What an error message calls an expression that is no target. */
CODEDB_PRIVATE const char *codedb_target_text(const codedb_parser *parser, const codedb_node *node)
{
    if ((node->kind == CODEDB_NODE_NAME || node->kind == CODEDB_NODE_ATTRIBUTE) && target_is_debug(parser, node->last - 1))
        return "__debug__";
    switch (node->kind) {
    case CODEDB_NODE_NAME: return codedb_token_kind_text((codedb_token_kind)parser->tokens[node->first].kind);
    case CODEDB_NODE_INTEGER:
    case CODEDB_NODE_FLOAT:
    case CODEDB_NODE_IMAGINARY:
    case CODEDB_NODE_SIMPLE_STRING:
    case CODEDB_NODE_CONCATENATED_STRING: return "a literal";
    case CODEDB_NODE_FORMATTED_STRING: return "an f-string";
    case CODEDB_NODE_TEMPLATED_STRING: return "a t-string";
    case CODEDB_NODE_ELLIPSIS: return "'...'";
    case CODEDB_NODE_CALL: return "a function call";
    case CODEDB_NODE_COMPARISON: return "a comparison";
    case CODEDB_NODE_IF_EXP: return "a conditional expression";
    case CODEDB_NODE_LAMBDA: return "a lambda";
    case CODEDB_NODE_AWAIT: return "an await expression";
    case CODEDB_NODE_YIELD: return "a yield expression";
    case CODEDB_NODE_NAMED_EXPR: return "an assignment expression";
    case CODEDB_NODE_GENERATOR_EXP: return "a generator expression";
    case CODEDB_NODE_LIST_COMP:
    case CODEDB_NODE_SET_COMP:
    case CODEDB_NODE_DICT_COMP:
    case CODEDB_NODE_STARRED_DICT_COMP: return "a comprehension";
    case CODEDB_NODE_SET: return "a set";
    case CODEDB_NODE_DICT: return "a dict";
    case CODEDB_NODE_TUPLE: return "a tuple";
    case CODEDB_NODE_LIST: return "a list";
    case CODEDB_NODE_STARRED_ELEMENT: return "a starred expression";
    default: return "an expression";
    }
}

CODEDB_PRIVATE void codedb_target_check_name(codedb_parser *parser, uint32_t token, uint32_t blamed)
{
    if (target_is_debug(parser, token))
        codedb_parser_fail_late(parser, blamed, blamed + 1, "cannot assign to __debug__");
}

/* Whether the last token of a Name or an Attribute may be bound or deleted. */
static bool target_is_name(const codedb_parser *parser, uint32_t token, codedb_target_use use)
{
    return parser->tokens[token].kind == CODEDB_TOKEN_NAME && (use == CODEDB_TARGET_DELETE || !target_is_debug(parser, token));
}

static uint32_t target_first_other(const codedb_parser *parser, uint32_t index, codedb_target_use use);

/* The same of a comparison behind `for`, as CPython takes `for a in b` for it: the `a` is looked at, and no other comparison. */
static uint32_t target_first_compared(const codedb_parser *parser, uint32_t index)
{
    uint32_t left = index - 1, compared = left;
    while (parser->nodes[left].field != CODEDB_FIELD_left) {
        compared = left;
        left -= parser_size(&parser->nodes[left]);
    }
    bool is_in = parser->tokens[parser->nodes[compared].first].kind == CODEDB_TOKEN_KEYWORD_IN;
    return is_in ? target_first_other(parser, left, CODEDB_TARGET_FOR) : UINT32_MAX;
}

/* The first node in the text, of `index` and what is in it, that cannot be such a target; UINT32_MAX when all can. */
static uint32_t target_first_other(const codedb_parser *parser, uint32_t index, codedb_target_use use)
{
    const codedb_node *node = &parser->nodes[index];
    uint32_t found = UINT32_MAX;
    switch (node->kind) {
    case CODEDB_NODE_NAME:
    case CODEDB_NODE_ATTRIBUTE: return target_is_name(parser, node->last - 1, use) ? found : index;
    case CODEDB_NODE_SUBSCRIPT: return found;
    case CODEDB_NODE_STARRED_ELEMENT:
        if (use <= CODEDB_TARGET_FOR || (use == CODEDB_TARGET_DELETE && parser->version < 309))
            return target_first_other(parser, index - 1, use);
        return index;
    case CODEDB_NODE_TUPLE:
    case CODEDB_NODE_LIST:
        if (use == CODEDB_TARGET_AUGMENT || use == CODEDB_TARGET_ANNOTATE)
            return index;
        if (node->kind == CODEDB_NODE_TUPLE && parser_size(node) == 1 && parser->version < 306)
            return index;
        for (uint32_t child = index - 1; child + parser_size(node) > index; child -= parser_size(&parser->nodes[child])) {
            bool starred = parser->nodes[child].kind == CODEDB_NODE_STARRED_ELEMENT;
            uint32_t inner = target_first_other(parser, starred ? child : child - 1, use);
            found = inner == UINT32_MAX ? found : inner;
        }
        return found;
    case CODEDB_NODE_COMPARISON: return use == CODEDB_TARGET_FOR ? target_first_compared(parser, index) : index;
    default: return index;
    }
}

CODEDB_PRIVATE uint32_t codedb_target_other_start(const codedb_parser *parser, uint32_t index)
{
    uint32_t other = target_first_other(parser, index, CODEDB_TARGET_ASSIGN);
    return other == UINT32_MAX ? other : parser_start(&parser->nodes[other]);
}

/* Behind `for` node `found` of the targets `index` is no target, and nothing in it is told of: CPython has then looked at the token
 * behind the brackets around it. */
static void target_fail_behind(codedb_parser *parser, uint32_t index, uint32_t found)
{
    const codedb_node *targets = &parser->nodes[index];
    uint32_t behind = codedb_parser_behind_brackets(parser, parser_start(targets), parser->nodes[found].last);
    uint32_t last = targets->last + targets->parens; /* where there are no brackets around it */
    parser->at = behind < last || parser->failed ? behind : last;
    codedb_parser_fail_expected(parser, "a target before this");
}

/* Up to 3.8 CPython tells of the whole target, behind `del` and `for` of one of those that commas separate. */
static uint32_t target_element_start(const codedb_parser *parser, uint32_t index, uint32_t found)
{
    const codedb_node *node = &parser->nodes[index];
    if (node->kind != CODEDB_NODE_TUPLE || node->parens > 0 || parser_size(node) == 1)
        return parser_start(node);
    uint32_t child = index - 1;
    while (child >= found + parser_size(&parser->nodes[child]))
        child -= parser_size(&parser->nodes[child]);
    return parser_start(&parser->nodes[child]);
}

/* Where the first element of a tuple begins, of which CPython tells in place of a tuple that is annotated. */
static uint32_t target_first_element(const codedb_parser *parser, uint32_t index)
{
    uint32_t mark = index + 1 - parser_size(&parser->nodes[index]), child = index - 1;
    while (child + 1 > mark + parser_size(&parser->nodes[child]))
        child -= parser_size(&parser->nodes[child]);
    return parser_node_start(&parser->nodes[child - (parser->nodes[child].kind == CODEDB_NODE_ELEMENT)]);
}

CODEDB_PRIVATE void codedb_target_check_in(codedb_parser *parser, uint32_t index, codedb_target_use use, uint32_t whole)
{
    static const char *const verbs[] = {[CODEDB_TARGET_ASSIGN] = "assign to",
                                        [CODEDB_TARGET_FOR] = "assign to",
                                        [CODEDB_TARGET_DELETE] = "delete",
                                        [CODEDB_TARGET_AUGMENT] = "use an augmented assignment on",
                                        [CODEDB_TARGET_ANNOTATE] = "annotate"};
    codedb_target_use strict = use == CODEDB_TARGET_FOR ? CODEDB_TARGET_ASSIGN : use;
    uint32_t other = parser->failed ? UINT32_MAX : target_first_other(parser, index, strict);
    if (CODEDB_LIKELY(other == UINT32_MAX))
        return;
    /* up to 3.8 a comparison is no target as anything else is none */
    uint32_t found = use == strict || parser->version < 309 ? other : target_first_other(parser, index, use);
    if (found == UINT32_MAX) {
        target_fail_behind(parser, index, other);
        return;
    }
    const codedb_node *node = &parser->nodes[found];
    uint32_t first = parser_node_start(node), last = node->last + (node->first - first);
    if (use == CODEDB_TARGET_ANNOTATE && node->kind == CODEDB_NODE_TUPLE && node->parens == 0)
        first = target_first_element(parser, found);
    if (parser->version < 309)
        first = use == CODEDB_TARGET_DELETE || use == CODEDB_TARGET_FOR ? target_element_start(parser, index, found) : whole;
    codedb_parser_fail_late(parser, first, last, "cannot %s %s", verbs[use], codedb_target_text(parser, node));
}
