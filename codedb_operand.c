/* codedb_operand.c -- an expression in the place of another: with parentheses where the place or the tokens ask for them.
 *
 * Called by codedb_edit.c. Reads trees, appends text. Any thread.
 *
 * Every expression has a level of how tightly it binds, and every place the least level that may stand there bare. A node's own
 * parentheses are outside what is replaced: inside them everything may stand. */
#include "codedb_edit.h"

#include <string.h>

/* How tightly an expression binds, from the grammar. */
enum {
    OPERAND_TUPLE, /* a, b; yield */
    OPERAND_NAMED, /* a := b */
    OPERAND_TEST,  /* lambda; a if b else c */
    OPERAND_OR,
    OPERAND_AND,
    OPERAND_NOT,
    OPERAND_COMPARISON,
    OPERAND_BIT_OR,
    OPERAND_BIT_XOR,
    OPERAND_BIT_AND,
    OPERAND_SHIFT,
    OPERAND_SUM,
    OPERAND_TERM,
    OPERAND_UNARY,
    OPERAND_POWER,
    OPERAND_AWAIT,
    OPERAND_PRIMARY /* a.b, a(b), a[b], names, literals, anything in brackets */
};

static int operand_operator_level(codedb_node_kind operator)
{
    switch (operator) {
    case CODEDB_NODE_OR: return OPERAND_OR;
    case CODEDB_NODE_AND: return OPERAND_AND;
    case CODEDB_NODE_NOT: return OPERAND_NOT;
    case CODEDB_NODE_BIT_OR: return OPERAND_BIT_OR;
    case CODEDB_NODE_BIT_XOR: return OPERAND_BIT_XOR;
    case CODEDB_NODE_BIT_AND: return OPERAND_BIT_AND;
    case CODEDB_NODE_LEFT_SHIFT:
    case CODEDB_NODE_RIGHT_SHIFT: return OPERAND_SHIFT;
    case CODEDB_NODE_ADD:
    case CODEDB_NODE_SUBTRACT: return OPERAND_SUM;
    case CODEDB_NODE_POWER: return OPERAND_POWER;
    case CODEDB_NODE_PLUS:
    case CODEDB_NODE_MINUS:
    case CODEDB_NODE_BIT_INVERT: return OPERAND_UNARY;
    default: return OPERAND_TERM;
    }
}

static int operand_level_of_operator(const codedb_tree *tree, uint32_t node)
{
    return operand_operator_level((codedb_node_kind)tree->nodes[codedb_tree_child(tree, node, CODEDB_FIELD_operator)].kind);
}

/* The level of an expression, its own parentheses counted. */
static int operand_level(const codedb_tree *tree, uint32_t node)
{
    if (tree->nodes[node].parens)
        return OPERAND_PRIMARY;
    switch (tree->nodes[node].kind) {
    case CODEDB_NODE_TUPLE:
    case CODEDB_NODE_YIELD: return OPERAND_TUPLE;
    case CODEDB_NODE_NAMED_EXPR: return OPERAND_NAMED;
    case CODEDB_NODE_LAMBDA:
    case CODEDB_NODE_IF_EXP: return OPERAND_TEST;
    case CODEDB_NODE_COMPARISON: return OPERAND_COMPARISON;
    case CODEDB_NODE_BOOLEAN_OPERATION:
    case CODEDB_NODE_UNARY_OPERATION:
    case CODEDB_NODE_BINARY_OPERATION: return operand_level_of_operator(tree, node);
    case CODEDB_NODE_AWAIT: return OPERAND_AWAIT;
    default: return OPERAND_PRIMARY;
    }
}

/* The least level that may stand bare as an operand. */
static int operand_place_in_operation(const codedb_tree *tree, uint32_t parent, codedb_node_field field)
{
    int level = operand_level_of_operator(tree, parent);
    if (level == OPERAND_POWER)
        return field == CODEDB_FIELD_left ? OPERAND_AWAIT : OPERAND_UNARY;
    /* `a or b or c` is one operation to CPython: one put into another keeps its parentheses. */
    bool is_boolean = tree->nodes[parent].kind == CODEDB_NODE_BOOLEAN_OPERATION;
    return field == CODEDB_FIELD_right || is_boolean ? level + 1 : level;
}

/* The least level that may stand bare in the place of `node`. */
static int operand_place(const codedb_tree *tree, const uint32_t *parents, uint32_t node)
{
    codedb_node_field field = (codedb_node_field)tree->nodes[node].field;
    uint32_t parent = parents[node];
    if (tree->nodes[node].parens)
        return OPERAND_TUPLE;
    switch (tree->nodes[parent].kind) {
    case CODEDB_NODE_BOOLEAN_OPERATION:
    case CODEDB_NODE_UNARY_OPERATION:
    case CODEDB_NODE_BINARY_OPERATION: return operand_place_in_operation(tree, parent, field);
    case CODEDB_NODE_COMPARISON:
    case CODEDB_NODE_COMPARISON_TARGET:
    case CODEDB_NODE_STARRED_ELEMENT:
    case CODEDB_NODE_STARRED_DICT_ELEMENT: return OPERAND_BIT_OR;
    case CODEDB_NODE_ATTRIBUTE:
    case CODEDB_NODE_CALL:
    case CODEDB_NODE_SUBSCRIPT:
    case CODEDB_NODE_AWAIT: return OPERAND_PRIMARY;
    case CODEDB_NODE_IF_EXP: return field == CODEDB_FIELD_orelse ? OPERAND_TEST : OPERAND_OR;
    case CODEDB_NODE_COMP_FOR:
    case CODEDB_NODE_COMP_IF: return OPERAND_OR;
    case CODEDB_NODE_FORMATTED_STRING_EXPRESSION:
    case CODEDB_NODE_TEMPLATED_STRING_EXPRESSION: return OPERAND_OR;
    case CODEDB_NODE_ASSIGN:
    case CODEDB_NODE_AUG_ASSIGN:
    case CODEDB_NODE_EXPR: return OPERAND_TUPLE;
    default: return OPERAND_TEST;
    }
}

CODEDB_PRIVATE uint32_t codedb_operand_of(const codedb_snippet *snippet)
{
    if (!snippet->is_inline)
        return UINT32_MAX;
    const codedb_node *nodes = snippet->tree->nodes;
    uint32_t statement = snippet->first + 1;
    if (nodes[statement].kind != CODEDB_NODE_EXPR || nodes[statement].end != nodes[snippet->first].end)
        return UINT32_MAX;
    return statement + 1;
}

/* Places where only a name may stand, of which others take no other expression. */
static bool operand_is_name_place(const codedb_tree *tree, const uint32_t *parents, uint32_t node)
{
    uint8_t parent = tree->nodes[parents[node]].kind;
    switch (tree->nodes[node].field) {
    case CODEDB_FIELD_attr:
    case CODEDB_FIELD_keyword: return true;
    case CODEDB_FIELD_name: return parent != CODEDB_NODE_IMPORT_ALIAS && parent != CODEDB_NODE_AS_NAME;
    case CODEDB_FIELD_target: return parent == CODEDB_NODE_NAMED_EXPR;
    default: return false;
    }
}

/* Whether the node is (a part of) the dotted name of an import. */
static bool operand_is_imported(const codedb_tree *tree, const uint32_t *parents, uint32_t node)
{
    uint32_t owner = parents[node];
    while (tree->nodes[owner].kind == CODEDB_NODE_ATTRIBUTE)
        owner = parents[owner];
    uint8_t kind = tree->nodes[owner].kind;
    return kind == CODEDB_NODE_IMPORT_ALIAS || kind == CODEDB_NODE_IMPORT_FROM || kind == CODEDB_NODE_LAZY_IMPORT_FROM;
}

static bool operand_is_in_f_string(const codedb_tree *tree, const uint32_t *parents, uint32_t node)
{
    for (uint32_t at = parents[node]; at != UINT32_MAX; at = parents[at])
        if (tree->nodes[at].kind == CODEDB_NODE_FORMATTED_STRING || tree->nodes[at].kind == CODEDB_NODE_TEMPLATED_STRING)
            return true;
    return false;
}

static bool operand_is_string(uint8_t kind)
{
    return kind == CODEDB_NODE_SIMPLE_STRING || kind == CODEDB_NODE_FORMATTED_STRING || kind == CODEDB_NODE_TEMPLATED_STRING ||
           kind == CODEDB_NODE_CONCATENATED_STRING;
}

CODEDB_PRIVATE const char *codedb_operand_fault(const codedb_tree *tree, const uint32_t *parents, uint32_t node,
                                                const codedb_snippet *snippet)
{
    uint32_t operand = codedb_operand_of(snippet);
    uint8_t kind = snippet->tree->nodes[operand].kind;
    const char *text = snippet->tree->source + snippet->text_start;
    if (operand_is_name_place(tree, parents, node) && (kind != CODEDB_NODE_NAME || snippet->tree->nodes[operand].parens))
        return "only a name can stand here";
    bool is_dotted = (kind == CODEDB_NODE_NAME || kind == CODEDB_NODE_ATTRIBUTE) && !snippet->tree->nodes[operand].parens;
    if (operand_is_imported(tree, parents, node) && !is_dotted)
        return "only a dotted name can stand in an import";
    if (tree->nodes[parents[node]].kind == CODEDB_NODE_CONCATENATED_STRING && !operand_is_string(kind))
        return "a part of adjacent strings can be replaced only by a string";
    if (strpbrk(text, "'\"\\\n\r") && operand_is_in_f_string(tree, parents, node))
        return "an expression with quotes, backslashes or line breaks cannot stand in an f-string before Python 3.12";
    return NULL;
}

static bool operand_is_word(char byte)
{
    return byte == '_' || (unsigned char)byte >= 0x80 || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') ||
           (byte >= '0' && byte <= '9');
}

/* Whether two bytes that come together would be read as parts of one token. */
static bool operand_fuses(char left, char right)
{
    bool right_is_quote = right == '"' || right == '\'';
    if (operand_is_word(left) || left == '.')
        return operand_is_word(right) || (right_is_quote && left != '.');
    return ((left == '"' || left == '\'') && right_is_quote) || (left == right && (left == '{' || left == '}'));
}

CODEDB_PRIVATE void codedb_operand_write(const codedb_tree *tree, const uint32_t *parents, uint32_t node,
                                         const codedb_snippet *snippet, const codedb_layout *layout, codedb_buffer *out)
{
    uint32_t start, end, operand = codedb_operand_of(snippet);
    codedb_tree_position(tree, node, &start, &end);
    const codedb_node *new_node = &snippet->tree->nodes[operand];
    int place = operand_place(tree, parents, node), level = operand_level(snippet->tree, operand);
    bool bracketed = level < place || (level == OPERAND_NAMED && !tree->nodes[node].parens) ||
                     (new_node->kind == CODEDB_NODE_INTEGER && tree->nodes[parents[node]].kind == CODEDB_NODE_ATTRIBUTE &&
                      !tree->nodes[node].parens && !new_node->parens);
    size_t mark = out->length;
    if (bracketed)
        codedb_buffer_append_byte(out, '(');
    codedb_snippet_render(snippet, layout, out);
    if (bracketed)
        codedb_buffer_append_byte(out, ')');
    if (out->failed || out->length == mark)
        return;
    if (start > 0 && operand_fuses(tree->source[start - 1], out->data[mark])) {
        codedb_buffer_append_byte(out, ' ');
        if (out->failed)
            return;
        memmove(out->data + mark + 1, out->data + mark, out->length - mark - 1);
        out->data[mark] = ' ';
    }
    if (end < tree->length && operand_fuses(out->data[out->length - 1], tree->source[end]))
        codedb_buffer_append_byte(out, ' ');
}
