/* codedb_operand.c -- an expression in the place of another: with parentheses where the place or the tokens ask for them.
 *
 * Called by codedb_edit.c. Reads trees, appends text. Any thread.
 *
 * Every expression has a level of how tightly it binds, and every place the least level that may stand there bare. A node's own
 * parentheses are outside what is replaced: inside them everything may stand.
 *
 * In an f-string the rules of Python 3.11 and before hold unless the edit chooses otherwise: string literals of the new expression get
 * other quotes than those of the f-strings around it. */
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

/* Places that take `*a`: a whole argument, element or index, and the annotation of `*args`. */
static bool operand_may_be_starred(const codedb_tree *tree, const uint32_t *parents, uint32_t node)
{
    uint32_t parent = parents[node];
    if (tree->nodes[node].parens)
        return false;
    if (tree->nodes[parent].kind == CODEDB_NODE_INDEX)
        return true;
    if (tree->nodes[parent].kind == CODEDB_NODE_ANNOTATION)
        return tree->nodes[parents[parent]].field == CODEDB_FIELD_star_arg;
    return codedb_list_is_all_of_item(tree, parents, node);
}

static bool operand_is_string(uint8_t kind)
{
    return kind == CODEDB_NODE_SIMPLE_STRING || kind == CODEDB_NODE_FORMATTED_STRING || kind == CODEDB_NODE_TEMPLATED_STRING ||
           kind == CODEDB_NODE_CONCATENATED_STRING;
}

static bool operand_is_word(char byte)
{
    return byte == '_' || (unsigned char)byte >= 0x80 || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') ||
           (byte >= '0' && byte <= '9');
}

/* ---- In f-strings of Python 3.11 and before ----------------------------------------------------------------------- */

/* The quotes of a string token or of the start of an f-string, behind its prefix. */
static codedb_slice operand_quotes(const codedb_tree *tree, uint32_t token)
{
    const char *text = tree->source + tree->tokens[token].start;
    const char *end = tree->source + codedb_token_end(tree, token);
    while (text < end && operand_is_word(*text))
        text++;
    bool is_triple = end - text >= 3 && text[1] == text[0] && text[2] == text[0];
    return (codedb_slice){text, is_triple ? 3 : 1};
}

static bool operand_contains(codedb_slice text, codedb_slice part)
{
    for (size_t i = 0; i + part.length <= text.length; i++)
        if (!memcmp(text.text + i, part.text, part.length))
            return true;
    return false;
}

/* Whether a text may stand in all f-strings around `node`: it has none of their quotes, and lines only where they have three. */
static bool operand_fits(const codedb_edit_job *job, uint32_t node, codedb_slice text)
{
    for (uint32_t string = job->strings[node]; string != UINT32_MAX; string = job->strings[string]) {
        codedb_slice quotes = operand_quotes(job->tree, job->tree->nodes[string].first);
        bool has_lines = memchr(text.text, '\n', text.length) || memchr(text.text, '\r', text.length);
        if (operand_contains(text, quotes) || (has_lines && quotes.length == 1))
            return false;
    }
    return true;
}

/* Appends a string literal with quotes that may stand there; false when there are none. */
static bool operand_write_string(const codedb_edit_job *job, uint32_t node, const codedb_tree *tree, uint32_t token,
                                 codedb_buffer *out)
{
    static const char *const candidates[] = {"'", "\"", "'''", "\"\"\""};
    codedb_slice all = {tree->source + tree->tokens[token].start, codedb_token_end(tree, token) - tree->tokens[token].start};
    if (operand_fits(job, node, all)) {
        codedb_buffer_append(out, all.text, all.length);
        return true;
    }
    codedb_slice quotes = operand_quotes(tree, token);
    size_t prefix = (size_t)(quotes.text - all.text);
    codedb_slice body = {quotes.text + quotes.length, all.length - prefix - 2 * quotes.length};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        codedb_slice own = {candidates[i], strlen(candidates[i])};
        size_t mark = out->length;
        bool has_lines = memchr(body.text, '\n', body.length) || memchr(body.text, '\r', body.length);
        if (operand_contains(body, own) || (has_lines && own.length == 1) ||
            (own.length == 3 && body.length && body.text[body.length - 1] == *own.text))
            continue;
        codedb_buffer_append(out, all.text, prefix);
        codedb_buffer_append(out, own.text, own.length);
        codedb_buffer_append(out, body.text, body.length);
        codedb_buffer_append(out, own.text, own.length);
        if (out->failed || operand_fits(job, node, (codedb_slice){out->data + mark, out->length - mark}))
            return true;
        out->length = mark;
    }
    return false;
}

/* Appends the expression as it may stand in the f-strings around `node`; why it cannot, or NULL. */
static const char *operand_write_in_f_string(const codedb_edit_job *job, uint32_t node, const codedb_snippet *snippet,
                                             codedb_buffer *out)
{
    const codedb_tree *tree = snippet->tree;
    uint32_t operand = codedb_operand_of(snippet), at = UINT32_MAX;
    const codedb_node *root = &tree->nodes[operand];
    for (uint32_t token = root->first - root->parens; token < root->last + root->parens; token++) {
        uint32_t start = tree->tokens[token].start, end = codedb_token_end(tree, token);
        codedb_slice gap = {tree->source + at, at == UINT32_MAX ? 0 : start - at};
        if (gap.length &&
            (memchr(gap.text, '#', gap.length) || memchr(gap.text, '\\', gap.length) || !operand_fits(job, node, gap)))
            return "an expression with a comment, a backslash or a line break cannot stand in an f-string before Python 3.12";
        if (gap.length)
            codedb_buffer_append(out, gap.text, gap.length);
        codedb_slice text = {tree->source + start, end - start};
        if (memchr(text.text, '\\', text.length))
            return "an expression with a backslash cannot stand in an f-string before Python 3.12";
        if (tree->tokens[token].kind == CODEDB_TOKEN_STRING ? !operand_write_string(job, node, tree, token, out)
                                                            : !operand_fits(job, node, text))
            return "the strings in the expression would need quotes that the f-string has, which Python has only since 3.12";
        if (tree->tokens[token].kind != CODEDB_TOKEN_STRING)
            codedb_buffer_append(out, text.text, text.length);
        at = end;
    }
    return NULL;
}

/* Whether the rules of Python 3.11 hold for the place of `node`. */
static bool operand_is_restricted(const codedb_edit_job *job, uint32_t node, bool new_f_strings)
{
    return job->strings[node] != UINT32_MAX && (!new_f_strings || job->tree->target_version < 312);
}

/* ---- Faults ------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE const char *codedb_operand_fault(const codedb_edit_job *job, uint32_t node, const codedb_snippet *snippet,
                                                bool new_f_strings)
{
    const codedb_tree *tree = job->tree;
    uint32_t operand = codedb_operand_of(snippet);
    uint8_t kind = snippet->tree->nodes[operand].kind;
    if (operand_is_name_place(tree, job->parents, node) && (kind != CODEDB_NODE_NAME || snippet->tree->nodes[operand].parens))
        return "only a name can stand here";
    bool is_dotted = (kind == CODEDB_NODE_NAME || kind == CODEDB_NODE_ATTRIBUTE) && !snippet->tree->nodes[operand].parens;
    if (job->imported[node] && !is_dotted)
        return "only a dotted name can stand in an import";
    if (kind == CODEDB_NODE_STARRED_ELEMENT && !operand_may_be_starred(tree, job->parents, node))
        return "a starred expression can stand only as a whole argument, element or index";
    if (tree->nodes[job->parents[node]].kind == CODEDB_NODE_CONCATENATED_STRING && !operand_is_string(kind))
        return "a part of adjacent strings can be replaced only by a string";
    if (!operand_is_restricted(job, node, new_f_strings))
        return NULL;
    codedb_buffer scratch;
    codedb_buffer_init(&scratch, &tree->allocator);
    const char *fault = operand_write_in_f_string(job, node, snippet, &scratch);
    codedb_buffer_free(&scratch);
    return fault;
}

/* ---- Writing ------------------------------------------------------------------------------------------------------ */

/* Whether two bytes that come together would be read as parts of one token. */
static bool operand_fuses(char left, char right)
{
    bool right_is_quote = right == '"' || right == '\'';
    if (operand_is_word(left) || left == '.')
        return operand_is_word(right) || (right_is_quote && left != '.');
    return ((left == '"' || left == '\'') && right_is_quote) || (left == right && (left == '{' || left == '}'));
}

CODEDB_PRIVATE void codedb_operand_separate(const codedb_tree *tree, uint32_t start, uint32_t end, size_t mark,
                                            codedb_buffer *out)
{
    if (!out->failed && out->length == mark && start > 0 && end > start && end < tree->length &&
        operand_fuses(tree->source[start - 1], tree->source[end]))
        codedb_buffer_append_byte(out, ' ');
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

CODEDB_PRIVATE void codedb_operand_write(const codedb_edit_job *job, uint32_t node, const codedb_snippet *snippet,
                                         const codedb_layout *layout, bool new_f_strings, codedb_buffer *out)
{
    const codedb_tree *tree = job->tree;
    uint32_t start, end, operand = codedb_operand_of(snippet);
    codedb_tree_position(tree, node, &start, &end);
    const codedb_node *new_node = &snippet->tree->nodes[operand];
    int place = operand_place(tree, job->parents, node), level = operand_level(snippet->tree, operand);
    bool bracketed = level < place || (level == OPERAND_NAMED && !tree->nodes[node].parens) ||
                     (new_node->kind == CODEDB_NODE_INTEGER && tree->nodes[job->parents[node]].kind == CODEDB_NODE_ATTRIBUTE &&
                      !tree->nodes[node].parens && !new_node->parens);
    size_t mark = out->length;
    if (bracketed)
        codedb_buffer_append_byte(out, '(');
    if (operand_is_restricted(job, node, new_f_strings))
        operand_write_in_f_string(job, node, snippet, out);
    else
        codedb_snippet_render(snippet, layout, out);
    if (bracketed)
        codedb_buffer_append_byte(out, ')');
    codedb_operand_separate(tree, start, end, mark, out);
}
