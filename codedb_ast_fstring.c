/* codedb_ast_fstring.c -- adjacent literals, f-strings and t-strings as the ast has them.
 *
 * Called by codedb_ast.c and, through the steps of codedb_ast_nodes.c, for the parts of such strings. Calls codedb_ast_literal.c for
 * their text. Any thread; its state is in the frames.
 *
 * Adjacent literals nest to the right in LibCST's tree. In pre-order their parts (literals, texts, fields) stand side by side all
 * the same, but for what is inside of fields: so they are walked as one list, and literals and texts that meet become one constant.
 * CPython's versions differ: before 3.12 all parts have the position of the literals around them. */
#include "codedb_ast.h"

/* ---- Strings ------------------------------------------------------------------------------------------------------ */

/* What a replacement field has behind its expression. */
typedef struct ast_field {
    bool debug;        /* = */
    char conversion;   /* 0: none */
    uint32_t text_end; /* the token that ends its own text: `!`, `:` or the brace */
    uint32_t colon;    /* 0: no format specification */
} ast_field;

static ast_field ast_field_of(const codedb_tree *tree, uint32_t node)
{
    const codedb_node *expression = &tree->nodes[node + 1];
    uint32_t token = expression->last + expression->parens;
    ast_field field = {.debug = ast_token(tree, token) == CODEDB_TOKEN_EQUAL};
    token += field.debug;
    field.text_end = token;
    if (ast_token(tree, token) == CODEDB_TOKEN_EXCLAMATION) {
        field.conversion =
            (char)codedb_identifier_letter(tree->source + tree->tokens[token + 1].start, tree->tokens[token + 1].length);
        token += 2;
    }
    if (ast_token(tree, token) == CODEDB_TOKEN_COLON)
        field.colon = token;
    return field;
}

static bool ast_is_field(const codedb_node *node)
{
    return node->kind == CODEDB_NODE_FORMATTED_STRING_EXPRESSION || node->kind == CODEDB_NODE_TEMPLATED_STRING_EXPRESSION;
}

static bool ast_is_text(const codedb_node *node)
{
    return node->kind == CODEDB_NODE_SIMPLE_STRING || node->kind == CODEDB_NODE_FORMATTED_STRING_TEXT ||
           node->kind == CODEDB_NODE_TEMPLATED_STRING_TEXT;
}

/* Literals without fields: one constant. */
static void ast_write_string(ast_writer *writer, uint32_t node)
{
    codedb_ast_output *out = &writer->out;
    const codedb_tree *tree = writer->tree;
    const char *prefix = tree->source + tree->tokens[tree->nodes[node].first].start;
    bool is_bytes = (prefix[0] | 0x20) == 'b' || ((prefix[0] | 0x20) == 'r' && (prefix[1] | 0x20) == 'b');
    AST_PUT(out, "{\"_type\":\"Constant\",\"value\":");
    if (is_bytes)
        codedb_ast_put_bytes(out, node, tree->nodes[node].end);
    else
        codedb_ast_put_text(out, (codedb_ast_run){node, tree->nodes[node].end, node}, 0, 0);
    if (prefix[0] == 'u')
        AST_PUT(out, ",\"kind\":\"u\"");
    else
        AST_PUT(out, ",\"kind\":null");
    codedb_ast_put_span(out, ast_span_of_node(writer, node));
}

static void ast_push_strings(ast_writer *writer, ast_special special, uint32_t node, uint32_t strings, uint32_t literal)
{
    codedb_ast_push(writer, codedb_ast_special_steps(special), node, AST_LOAD);
    if (writer->out.failed)
        return;
    writer->frames[writer->count - 1].strings = strings;
    writer->frames[writer->count - 1].literal = literal;
}

CODEDB_PRIVATE void codedb_ast_visit_strings(ast_writer *writer, uint32_t node)
{
    const codedb_node *nodes = writer->tree->nodes;
    uint32_t part = node;
    while (part < nodes[node].end &&
           (nodes[part].kind == CODEDB_NODE_CONCATENATED_STRING || nodes[part].kind == CODEDB_NODE_SIMPLE_STRING))
        part++;
    if (part == nodes[node].end)
        ast_write_string(writer, node);
    else
        ast_push_strings(writer, nodes[part].kind == CODEDB_NODE_TEMPLATED_STRING ? AST_TEMPLATE : AST_JOINED, node, node, node);
}

static void ast_push_field(ast_writer *writer, uint32_t node, const ast_frame *frame)
{
    const codedb_node *field = &writer->tree->nodes[node];
    bool templated = field->kind == CODEDB_NODE_TEMPLATED_STRING_EXPRESSION && field->field == CODEDB_FIELD_parts;
    ast_push_strings(writer, templated ? AST_INTERPOLATION : AST_FORMATTED_VALUE, node, frame->strings, frame->literal);
}

/* The position of a part: from its first piece to the end of its last one, which is the field's own text where it has one. A part without
 * any piece is an empty one at token `place`. */
static codedb_ast_span ast_part_span(const ast_writer *writer, uint32_t first, uint32_t end, uint32_t field, uint32_t place)
{
    const codedb_tree *tree = writer->tree;
    codedb_ast_span span;
    if (first != UINT32_MAX) {
        span = codedb_ast_span_of(&writer->out, tree->nodes[first].first, tree->nodes[first].last);
        span.end = end;
        span.end_line = codedb_ast_line_behind(tree, span.start_line, end);
    } else {
        span.start = span.end = tree->tokens[place].start + (field != 0);
        span.start_line = span.end_line = writer->out.token_lines[place];
    }
    if (field) {
        uint32_t text_end = ast_field_of(tree, field).text_end;
        span.end = tree->tokens[text_end].start;
        span.end_line = writer->out.token_lines[text_end];
    }
    return span;
}

/* A run of literals and texts, and the own text of the field behind it where it has one (`field`, else 0), as one constant. Before
 * 3.12 its position is that of all the literals, and its kind that of the first one; at the end of a format specification, it is the
 * position and kind of the literal that has it. */
static void ast_write_part(ast_writer *writer, const ast_frame *frame, codedb_ast_run run, uint32_t field)
{
    codedb_ast_output *out = &writer->out;
    const codedb_tree *tree = writer->tree;
    bool old = tree->target_version < 312;
    uint32_t first, end, text = field ? tree->nodes[field].first + 1 : 0;
    AST_PUT(out, "{\"_type\":\"Constant\",\"value\":");
    codedb_ast_put_text(out, run, text, field ? ast_field_of(tree, field).text_end : 0);
    codedb_ast_find_pieces(out, run, &first, &end);
    if (!field && first == UINT32_MAX && run.from < run.to && ast_is_text(&tree->nodes[run.to - 1])) {
        first = run.to - 1;
        end = codedb_token_end(tree, tree->nodes[first].first);
    }
    bool ends_spec = run.to == frame->limit && ast_is_field(&tree->nodes[frame->node]);
    uint32_t whole = ends_spec ? frame->literal : frame->strings;
    uint32_t kind = old ? whole : first;
    while (old && tree->nodes[kind].kind == CODEDB_NODE_CONCATENATED_STRING)
        kind++;
    bool unicode = kind != UINT32_MAX && tree->nodes[kind].kind == CODEDB_NODE_SIMPLE_STRING &&
                   tree->source[tree->tokens[tree->nodes[kind].first].start] == 'u';
    if (unicode)
        AST_PUT(out, ",\"kind\":\"u\"");
    else
        AST_PUT(out, ",\"kind\":null");
    uint32_t place = field || run.to < frame->limit ? tree->nodes[run.to].first : tree->nodes[frame->node].last - 1;
    codedb_ast_put_span(out, old ? ast_span_of_node(writer, whole) : ast_part_span(writer, first, end, field, place));
}

/* 3.12 keeps an empty text in a format specification, and has one where a specification ends with a field, and before a field that
 * begins with a second brace. */
static bool ast_keeps_empty_part(const codedb_tree *tree, const ast_frame *frame, uint32_t from, uint32_t to)
{
    const codedb_node *nodes = tree->nodes;
    if (tree->target_version != 312 || !ast_is_field(&nodes[frame->node]))
        return false;
    if (to == frame->limit)
        return from > nodes[frame->node + 1].end;
    return from < to || tree->source[tree->tokens[nodes[to].first].start + 1] == '{';
}

/* The values of an f-string: literals and texts side by side are one, however they are nested in the tree. */
static void ast_continue_values(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *nodes = writer->tree->nodes;
    uint32_t from = frame->cursor, to = from;
    codedb_ast_run run = {from, from, frame->literal};
    if (frame->pending) {
        uint32_t field = frame->pending;
        frame->pending = 0;
        codedb_ast_list_separate(writer, frame);
        ast_push_field(writer, field, frame);
        return;
    }
    for (; to < frame->limit && !ast_is_field(&nodes[to]); to++)
        if (nodes[to].kind == CODEDB_NODE_FORMATTED_STRING || nodes[to].kind == CODEDB_NODE_TEMPLATED_STRING)
            frame->literal = to;
    run.to = to;
    bool has_field = to < frame->limit;
    bool debug = has_field && ast_field_of(writer->tree, to).debug;
    bool empty = codedb_ast_text_is_empty(&writer->out, run) && !ast_keeps_empty_part(writer->tree, frame, from, to);
    frame->cursor = has_field ? nodes[to].end : to;
    frame->pending = has_field ? to : 0;
    if (debug || !empty) {
        codedb_ast_list_separate(writer, frame);
        ast_write_part(writer, frame, run, debug ? to : 0);
    }
    if (!has_field)
        codedb_ast_list_end(writer, frame);
}

CODEDB_PRIVATE void codedb_ast_call_values(ast_writer *writer, ast_frame *frame)
{
    if (frame->cursor == 0)
        codedb_ast_list_begin(writer, frame, frame->node, writer->tree->nodes[frame->node].end);
    ast_continue_values(writer, frame);
}

CODEDB_PRIVATE void codedb_ast_call_spec_values(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    if (frame->cursor == 0)
        codedb_ast_list_begin(writer, frame, tree->nodes[frame->node + 1].end, tree->nodes[frame->node].end);
    ast_continue_values(writer, frame);
}

CODEDB_PRIVATE void codedb_ast_call_conversion(ast_writer *writer, ast_frame *frame)
{
    ast_field field = ast_field_of(writer->tree, frame->node);
    char conversion = field.debug && !field.conversion && !field.colon ? 'r' : field.conversion;
    if (conversion)
        codedb_ast_put_number(&writer->out, (unsigned char)conversion);
    else
        AST_PUT(&writer->out, "-1");
    frame->step++;
}

/* The text of an interpolation's expression: without `=` and blanks behind it. */
CODEDB_PRIVATE void codedb_ast_call_interpolation_text(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    const codedb_node *expression = &tree->nodes[frame->node + 1];
    uint32_t start = codedb_token_end(tree, tree->nodes[frame->node].first);
    AST_PUT(&writer->out, "\"");
    codedb_ast_put_source(&writer->out, tree->nodes[frame->node].first + 1, start,
                          codedb_token_end(tree, expression->last + expression->parens - 1));
    AST_PUT(&writer->out, "\"");
    frame->step++;
}

CODEDB_PRIVATE void codedb_ast_call_format_spec(ast_writer *writer, ast_frame *frame)
{
    frame->step++;
    if (ast_field_of(writer->tree, frame->node).colon)
        ast_push_strings(writer, AST_FORMAT_SPEC, frame->node, frame->strings, frame->literal);
    else
        AST_PUT(&writer->out, "null");
}

/* Before 3.12 all parts of an f-string have the position of the literals. */
CODEDB_PRIVATE void codedb_ast_call_field_end(ast_writer *writer, ast_frame *frame)
{
    bool old = writer->tree->target_version < 312;
    codedb_ast_put_span(&writer->out, ast_span_of_node(writer, old ? frame->strings : frame->node));
    writer->count--;
}

CODEDB_PRIVATE void codedb_ast_call_spec_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    if (tree->target_version < 312)
        codedb_ast_put_span(&writer->out, ast_span_of_node(writer, frame->literal));
    else
        codedb_ast_put_span(&writer->out, codedb_ast_span_of(&writer->out, ast_field_of(tree, frame->node).colon,
                                                             tree->nodes[frame->node].last - 1));
    writer->count--;
}
