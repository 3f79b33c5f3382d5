/* codedb_ast.c -- a tree as CPython's ast in JSON.
 *
 * Called by hosts and codedb_tree_dump. Calls the parser, codedb_ast_nodes.c for the steps of a node, codedb_ast_fstring.c for strings and
 * codedb_ast_literal.c for the values of constants. Any thread; a writer lives for one call.
 *
 * Each class of node that LibCST has is a row of steps: what is written before a child, and which child. A step writes its text and
 * then what its action says; the steps of one node are a frame on a stack of the writer's own, so that depth costs memory and no
 * stack. Nodes that the ast does not have (Element, Annotation, blocks ...) are stepped through on the way to their children.
 *
 * Invariants
 * 1. Every object begins with "_type"; its fields follow in `_fields` order, then the four numbers of its position.
 * 2. A node is visited once; a list of children is walked at most once for each field that is made of it.
 * 3. A frame pointer does not outlive the next push.
 * 4. After `stopped` or `failed` nothing more is written, and the loop ends.
 *
 *   Output . Positions . Frames . Visiting . Lists . Writing */
#include "codedb_ast.h"

/* ---- Output ------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_ast_flush(codedb_ast_output *out)
{
    if (!out->stopped && !out->failed && out->used > 0 && out->write(out->context, out->piece, out->used) != 0)
        out->stopped = true;
    out->used = 0;
}

CODEDB_PRIVATE void codedb_ast_put_long(codedb_ast_output *out, const char *bytes, size_t length)
{
    while (length > 0) {
        size_t part = CODEDB_AST_PIECE - out->used < length ? CODEDB_AST_PIECE - out->used : length;
        memcpy(out->piece + out->used, bytes, part);
        out->used += part;
        bytes += part;
        length -= part;
        if (out->used == CODEDB_AST_PIECE)
            codedb_ast_flush(out);
    }
}

/* Writes the decimal digits at `at` and returns the place behind them. */
static inline char *ast_digits(char *at, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    if (CODEDB_LIKELY(number < 10)) {
        *at = (char)('0' + number);
        return at + 1;
    }
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

CODEDB_PRIVATE void codedb_ast_put_number(codedb_ast_output *out, uint64_t number)
{
    out->used = (size_t)(ast_digits(ast_room(out), number) - out->piece);
}

/* ---- Positions ---------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE uint32_t codedb_ast_line_behind(const codedb_tree *tree, uint32_t line, uint32_t offset)
{
    uint32_t step = 1, high;
    if (CODEDB_LIKELY(line + 1 >= tree->line_count || tree->line_starts[line + 1] > offset))
        return line;
    while (line + step < tree->line_count && tree->line_starts[line + step] <= offset) {
        line += step;
        step = step > tree->line_count ? step : step * 2;
    }
    high = tree->line_count - line > step ? line + step : tree->line_count;
    while (high - line > 1) {
        uint32_t middle = line + (high - line) / 2;
        if (tree->line_starts[middle] <= offset)
            line = middle;
        else
            high = middle;
    }
    return line;
}

CODEDB_PRIVATE codedb_ast_span codedb_ast_span_of(const codedb_ast_output *out, uint32_t first, uint32_t last)
{
    codedb_ast_span span = {.start = out->tree->tokens[first].start, .start_line = out->token_lines[first]};
    span.end = codedb_token_end(out->tree, last - 1);
    span.end_line = codedb_ast_line_behind(out->tree, out->token_lines[last - 1], span.end);
    return span;
}

/* Copies a text of fixed length and moves on. */
#define AST_COPY(at, text) (memcpy(at, text, sizeof(text) - 1), (at) + sizeof(text) - 1)

CODEDB_PRIVATE void codedb_ast_put_span(codedb_ast_output *out, codedb_ast_span span)
{
    const uint32_t *starts = out->tree->line_starts;
    char *at = ast_room(out);
    at = AST_COPY(at, ",\"lineno\":");
    at = ast_digits(at, (uint64_t)span.start_line + 1);
    at = AST_COPY(at, ",\"col_offset\":");
    at = ast_digits(at, span.start - starts[span.start_line]);
    at = AST_COPY(at, ",\"end_lineno\":");
    at = ast_digits(at, (uint64_t)span.end_line + 1);
    at = AST_COPY(at, ",\"end_col_offset\":");
    at = ast_digits(at, span.end - starts[span.end_line]);
    *at++ = '}';
    out->used = (size_t)(at - out->piece);
}

/* Fills the line of each token. */
static void ast_find_lines(const codedb_tree *tree, uint32_t *token_lines)
{
    uint32_t line = 0;
    for (uint32_t i = 0; i < tree->token_count; i++) {
        uint32_t start = tree->tokens[i].start;
        while (line + 1 < tree->line_count && tree->line_starts[line + 1] <= start)
            line++;
        token_lines[i] = line;
    }
}

/* ---- Frames ------------------------------------------------------------------------------------------------------- */

static bool ast_grow(ast_writer *writer)
{
    size_t capacity = writer->capacity * 2;
    ast_frame *frames =
        codedb_memory_reallocate(&writer->tree->allocator, writer->frames, writer->capacity, capacity, sizeof *frames);
    if (!frames) {
        writer->out.failed = true;
        return false;
    }
    writer->frames = frames;
    writer->capacity = capacity;
    return true;
}

CODEDB_PRIVATE void codedb_ast_push(ast_writer *writer, const ast_step *steps, uint32_t node, unsigned context)
{
    if (CODEDB_UNLIKELY(writer->count == writer->capacity) && !ast_grow(writer))
        return;
    writer->frames[writer->count++] = (ast_frame){.step = steps, .node = node, .context = (uint8_t)context};
}

CODEDB_PRIVATE void codedb_ast_end(ast_writer *writer, uint32_t first, uint32_t last)
{
    codedb_ast_put_span(&writer->out, codedb_ast_span_of(&writer->out, first, last));
    writer->count--;
}

/* ---- Visiting ----------------------------------------------------------------------------------------------------- */

/* Nodes that only hold another one, their first child. */
static const bool ast_is_wrapper[CODEDB_NODE_KIND_COUNT] = {
    [CODEDB_NODE_ELEMENT] = true,          [CODEDB_NODE_ANNOTATION] = true, [CODEDB_NODE_ASSIGN_TARGET] = true,
    [CODEDB_NODE_AS_NAME] = true,          [CODEDB_NODE_DECORATOR] = true,  [CODEDB_NODE_SUBSCRIPT_ELEMENT] = true,
    [CODEDB_NODE_COMP_IF] = true,          [CODEDB_NODE_FROM] = true,       [CODEDB_NODE_MATCH_SEQUENCE_ELEMENT] = true,
    [CODEDB_NODE_MATCH_OR_ELEMENT] = true, [CODEDB_NODE_NAME_ITEM] = true,
};

/* X(LibCST's class, ast's class) */
#define AST_OPERATORS(X)                 \
    X(AND, "And")                        \
    X(OR, "Or")                          \
    X(ADD, "Add")                        \
    X(SUBTRACT, "Sub")                   \
    X(MULTIPLY, "Mult")                  \
    X(DIVIDE, "Div")                     \
    X(FLOOR_DIVIDE, "FloorDiv")          \
    X(MODULO, "Mod")                     \
    X(POWER, "Pow")                      \
    X(LEFT_SHIFT, "LShift")              \
    X(RIGHT_SHIFT, "RShift")             \
    X(BIT_OR, "BitOr")                   \
    X(BIT_AND, "BitAnd")                 \
    X(BIT_XOR, "BitXor")                 \
    X(MATRIX_MULTIPLY, "MatMult")        \
    X(LESS_THAN, "Lt")                   \
    X(GREATER_THAN, "Gt")                \
    X(EQUAL, "Eq")                       \
    X(LESS_THAN_EQUAL, "LtE")            \
    X(GREATER_THAN_EQUAL, "GtE")         \
    X(NOT_EQUAL, "NotEq")                \
    X(IN, "In")                          \
    X(IS, "Is")                          \
    X(NOT_IN, "NotIn")                   \
    X(IS_NOT, "IsNot")                   \
    X(ADD_ASSIGN, "Add")                 \
    X(SUBTRACT_ASSIGN, "Sub")            \
    X(MULTIPLY_ASSIGN, "Mult")           \
    X(MATRIX_MULTIPLY_ASSIGN, "MatMult") \
    X(DIVIDE_ASSIGN, "Div")              \
    X(MODULO_ASSIGN, "Mod")              \
    X(BIT_AND_ASSIGN, "BitAnd")          \
    X(BIT_OR_ASSIGN, "BitOr")            \
    X(BIT_XOR_ASSIGN, "BitXor")          \
    X(LEFT_SHIFT_ASSIGN, "LShift")       \
    X(RIGHT_SHIFT_ASSIGN, "RShift")      \
    X(POWER_ASSIGN, "Pow")               \
    X(FLOOR_DIVIDE_ASSIGN, "FloorDiv")   \
    X(PLUS, "UAdd")                      \
    X(MINUS, "USub")                     \
    X(BIT_INVERT, "Invert")              \
    X(NOT, "Not")

typedef struct ast_text {
    const char *text;
    uint8_t length;
} ast_text;

static const ast_text ast_operators[CODEDB_NODE_KIND_COUNT] = {
#define X(kind, name) [CODEDB_NODE_##kind] = {"{\"_type\":\"" name "\"}", sizeof("{\"_type\":\"" name "\"}") - 1},
    AST_OPERATORS(X)
#undef X
};

static const ast_text ast_contexts[] = {[AST_LOAD] = {",\"ctx\":{\"_type\":\"Load\"}", 23},
                                        [AST_STORE] = {",\"ctx\":{\"_type\":\"Store\"}", 24},
                                        [AST_DELETE] = {",\"ctx\":{\"_type\":\"Del\"}", 22}};

static inline void ast_put_text(ast_writer *writer, const ast_text *text)
{
    ast_put(&writer->out, text->text, text->length);
}

CODEDB_PRIVATE void codedb_ast_put_operator(ast_writer *writer, unsigned kind)
{
    ast_put_text(writer, &ast_operators[kind]);
}

CODEDB_PRIVATE void codedb_ast_put_singleton(codedb_ast_output *out, codedb_token_kind kind)
{
    if (kind == CODEDB_TOKEN_KEYWORD_TRUE)
        AST_PUT(out, "true");
    else if (kind == CODEDB_TOKEN_KEYWORD_FALSE)
        AST_PUT(out, "false");
    else
        AST_PUT(out, "null");
}

/* A constant of one token that is no string. */
static void ast_write_constant(ast_writer *writer, uint32_t node)
{
    codedb_ast_output *out = &writer->out;
    const codedb_node *at = &writer->tree->nodes[node];
    AST_PUT(out, "{\"_type\":\"Constant\",\"value\":");
    if (at->kind == CODEDB_NODE_ELLIPSIS)
        AST_PUT(out, "{\"ellipsis\":true}");
    else if (at->kind == CODEDB_NODE_NAME)
        codedb_ast_put_singleton(out, ast_token(writer->tree, at->first));
    else
        codedb_ast_put_numeral(out, at->first);
    AST_PUT(out, ",\"kind\":null");
    codedb_ast_put_span(out, codedb_ast_span_of(out, at->first, at->last));
}

static void ast_write_name(ast_writer *writer, uint32_t node, unsigned context)
{
    const codedb_node *at = &writer->tree->nodes[node];
    if (CODEDB_UNLIKELY(ast_token(writer->tree, at->first) != CODEDB_TOKEN_NAME)) {
        ast_write_constant(writer, node);
        return;
    }
    AST_PUT(&writer->out, "{\"_type\":\"Name\",\"id\":");
    codedb_ast_put_identifier(&writer->out, at->first);
    ast_put_text(writer, &ast_contexts[context]);
    codedb_ast_put_span(&writer->out, codedb_ast_span_of(&writer->out, at->first, at->last));
}

/* Writes a node at once, or pushes the frame that does. */
CODEDB_PRIVATE void codedb_ast_visit(ast_writer *writer, uint32_t node, unsigned context)
{
    const codedb_tree *tree = writer->tree;
    for (;; node++) {
        codedb_node_kind kind = (codedb_node_kind)tree->nodes[node].kind;
        switch (kind) {
        case CODEDB_NODE_NAME: ast_write_name(writer, node, context); return;
        case CODEDB_NODE_INTEGER:
        case CODEDB_NODE_FLOAT:
        case CODEDB_NODE_IMAGINARY:
        case CODEDB_NODE_ELLIPSIS: ast_write_constant(writer, node); return;
        case CODEDB_NODE_SIMPLE_STRING:
        case CODEDB_NODE_CONCATENATED_STRING:
        case CODEDB_NODE_FORMATTED_STRING:
        case CODEDB_NODE_TEMPLATED_STRING: codedb_ast_visit_strings(writer, node); return;
        case CODEDB_NODE_PARAM_STAR: AST_PUT(&writer->out, "null"); return;
        case CODEDB_NODE_ARG:
            if (!ast_is_starred(tree, node) && tree->nodes[node + 1].field != CODEDB_FIELD_keyword)
                continue;
            break;
        case CODEDB_NODE_INDEX:
            if (!ast_is_starred(tree, node))
                continue;
            break;
        default:
            if (ast_is_wrapper[kind])
                continue;
            if (ast_operators[kind].length) {
                ast_put_text(writer, &ast_operators[kind]);
                return;
            }
        }
        codedb_ast_push(writer, codedb_ast_steps_of(tree, node), node, context);
        return;
    }
}

/* ---- Lists -------------------------------------------------------------------------------------------------------- */

/* Begins the list of the nodes from `from` up to `to`. */
CODEDB_PRIVATE void codedb_ast_list_begin(ast_writer *writer, ast_frame *frame, uint32_t from, uint32_t to)
{
    AST_PUT(&writer->out, "[");
    frame->cursor = from;
    frame->limit = to;
    frame->more = false;
}

CODEDB_PRIVATE void codedb_ast_list_end(ast_writer *writer, ast_frame *frame)
{
    AST_PUT(&writer->out, "]");
    frame->cursor = 0;
    frame->step++;
}

CODEDB_PRIVATE void codedb_ast_list_separate(ast_writer *writer, ast_frame *frame)
{
    if (frame->more)
        AST_PUT(&writer->out, ",");
    frame->more = true;
}

/* Goes on with a list until an item pushes a frame, or to its end. Its items are the nodes with that role, if one is given, or what the
 * step's `pick` makes of them. */
CODEDB_PRIVATE void codedb_ast_list_continue(ast_writer *writer, ast_frame *frame, unsigned field)
{
    const codedb_tree *tree = writer->tree;
    const ast_step *step = frame->step;
    unsigned context = step->context == AST_SAME ? frame->context : step->context;
    size_t count = writer->count;
    while (frame->cursor < frame->limit) {
        uint32_t item = frame->cursor;
        if (tree->nodes[item].kind == CODEDB_NODE_SIMPLE_STATEMENT_LINE) {
            frame->cursor++;
            continue;
        }
        frame->cursor = tree->nodes[item].end;
        if (field != CODEDB_FIELD_NONE && tree->nodes[item].field != field)
            continue;
        if (step->pick)
            item = step->pick(tree, item);
        if (item == AST_SKIP)
            continue;
        codedb_ast_list_separate(writer, frame);
        if (item == AST_NULL) {
            AST_PUT(&writer->out, "null");
            continue;
        }
        codedb_ast_visit(writer, item, context);
        if (writer->count != count || writer->out.failed)
            return;
    }
    codedb_ast_list_end(writer, frame);
}

static void ast_list(ast_writer *writer, ast_frame *frame)
{
    if (frame->cursor == 0)
        codedb_ast_list_begin(writer, frame, frame->node + 1, writer->tree->nodes[frame->node].end);
    codedb_ast_list_continue(writer, frame, frame->step->field);
}

/* The statements of a block, of an Else or Finally, or the If that an elif is. */
static void ast_body(ast_writer *writer, ast_frame *frame, unsigned field)
{
    const codedb_node *nodes = writer->tree->nodes;
    if (frame->cursor == 0) {
        uint32_t block = nodes[frame->node].kind == CODEDB_NODE_MODULE ? 0 : ast_child(writer->tree, frame->node, field);
        if (block != UINT32_MAX && (nodes[block].kind == CODEDB_NODE_ELSE || nodes[block].kind == CODEDB_NODE_FINALLY))
            block++;
        if (block == UINT32_MAX)
            codedb_ast_list_begin(writer, frame, 1, 1);
        else
            codedb_ast_list_begin(writer, frame, nodes[block].kind == CODEDB_NODE_IF ? block : block + 1, nodes[block].end);
    }
    codedb_ast_list_continue(writer, frame, CODEDB_FIELD_NONE);
}

static void ast_identifiers(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    codedb_ast_list_begin(writer, frame, frame->node + 1, tree->nodes[frame->node].end);
    for (; frame->cursor < frame->limit; frame->cursor = tree->nodes[frame->cursor].end)
        if (tree->nodes[frame->cursor].field == frame->step->field) {
            codedb_ast_list_separate(writer, frame);
            codedb_ast_put_identifier(&writer->out, tree->nodes[frame->cursor].first);
        }
    codedb_ast_list_end(writer, frame);
}

static void ast_dotted(ast_writer *writer, uint32_t node)
{
    const codedb_node *name = &writer->tree->nodes[node];
    AST_PUT(&writer->out, "\"");
    for (uint32_t token = name->first; token < name->last; token++)
        if (ast_token(writer->tree, token) == CODEDB_TOKEN_DOT)
            AST_PUT(&writer->out, ".");
        else
            codedb_ast_put_identifier_text(&writer->out, token);
    AST_PUT(&writer->out, "\"");
}

/* ---- Writing ------------------------------------------------------------------------------------------------------ */

static void ast_write_child(ast_writer *writer, ast_frame *frame, const ast_step *step)
{
    uint32_t child = ast_child(writer->tree, frame->node, step->field);
    frame->step++;
    if (child == UINT32_MAX)
        AST_PUT(&writer->out, "null");
    else
        codedb_ast_visit(writer, child, step->context == AST_SAME ? frame->context : step->context);
}

static void ast_write_identifier(ast_writer *writer, ast_frame *frame, const ast_step *step)
{
    uint32_t child = ast_child(writer->tree, frame->node, step->field);
    frame->step++;
    if (child == UINT32_MAX) {
        AST_PUT(&writer->out, "null");
        return;
    }
    while (ast_is_wrapper[writer->tree->nodes[child].kind])
        child++;
    if (step->action == AST_DOTTED)
        ast_dotted(writer, child);
    else
        codedb_ast_put_identifier(&writer->out, writer->tree->nodes[child].first);
}

/* Whether the parentheses around a tuple or generator belong to its position: its own, those of the call whose only argument it is,
 * and before 3.12 those that stood for the braces of a replacement field. */
static bool ast_has_parentheses(const codedb_tree *tree, const codedb_node *node)
{
    return node->parens > 0 || node->kind == CODEDB_NODE_GENERATOR_EXP ||
           (tree->target_version < 312 && node->field == CODEDB_FIELD_expression);
}

/* The end of a node: its position, by tokens. */
static void ast_write_end(ast_writer *writer, const ast_frame *frame, const ast_step *step)
{
    const codedb_node *node = &writer->tree->nodes[frame->node];
    if (step->action == AST_END_PLAIN) {
        AST_PUT(&writer->out, "}");
        writer->count--;
        return;
    }
    bool wider = step->action == AST_END_PARENTHESES && ast_has_parentheses(writer->tree, node);
    bool semicolon = step->action == AST_END_BLOCK && ast_token(writer->tree, node->last) == CODEDB_TOKEN_SEMICOLON;
    codedb_ast_end(writer, node->first - wider, node->last + wider + semicolon);
}

/* One step of the uppermost frame. */
static void ast_write_step(ast_writer *writer)
{
    ast_frame *frame = &writer->frames[writer->count - 1];
    const ast_step *step = frame->step;
    if (frame->cursor == 0 && step->length)
        ast_put(&writer->out, step->text, step->length);
    switch ((ast_action)step->action) {
    case AST_TEXT: frame->step++; break;
    case AST_CHILD:
    case AST_CHILD_OR_NULL: ast_write_child(writer, frame, step); break;
    case AST_LIST:
    case AST_PICK: ast_list(writer, frame); break;
    case AST_BODY: ast_body(writer, frame, step->field); break;
    case AST_IDENTIFIERS: ast_identifiers(writer, frame); break;
    case AST_IDENTIFIER:
    case AST_IDENTIFIER_OR_NULL:
    case AST_DOTTED: ast_write_identifier(writer, frame, step); break;
    case AST_CONTEXT:
        ast_put_text(writer, &ast_contexts[frame->context]);
        frame->step++;
        break;
    case AST_CALL: step->call(writer, frame); break;
    case AST_END:
    case AST_END_PARENTHESES:
    case AST_END_BLOCK:
    case AST_END_PLAIN: ast_write_end(writer, frame, step); break;
    }
}

#define AST_FIRST_FRAMES 64

CODEDB_PRIVATE codedb_code codedb_ast_write(const codedb_tree *tree, codedb_write_function write, void *context,
                                            codedb_result *result)
{
    codedb_code code;
    uint32_t *token_lines = codedb_memory_allocate(&tree->allocator, tree->token_count, sizeof *token_lines);
    ast_writer *writer = codedb_memory_allocate(&tree->allocator, 1, sizeof *writer);
    ast_frame *frames = codedb_memory_allocate(&tree->allocator, AST_FIRST_FRAMES, sizeof *frames);
    if (!token_lines || !writer || !frames) {
        code = codedb_fail_no_memory(result);
        goto cleanup;
    }
    *writer = (ast_writer){.tree = tree, .frames = frames, .capacity = AST_FIRST_FRAMES};
    writer->out.tree = tree;
    writer->out.write = write;
    writer->out.context = context;
    writer->out.token_lines = token_lines;
    ast_find_lines(tree, token_lines);
    codedb_ast_push(writer, codedb_ast_steps_of(tree, 0), 0, AST_LOAD);
    while (writer->count > 0 && !writer->out.stopped && !writer->out.failed)
        ast_write_step(writer);
    AST_PUT(&writer->out, "\n");
    codedb_ast_flush(&writer->out);
    frames = writer->frames;
    if (writer->out.failed)
        code = codedb_fail_no_memory(result);
    else if (writer->out.stopped)
        code = codedb_fail(result, CODEDB_CANCELLED, "the dump was stopped by its write function");
    else
        code = codedb_succeed(result);
cleanup:
    codedb_memory_release(&tree->allocator, frames);
    codedb_memory_release(&tree->allocator, writer);
    codedb_memory_release(&tree->allocator, token_lines);
    return code;
}

CODEDB_API codedb_code codedb_ast_from_source(const char *bytes, size_t length, const codedb_parse_options *options,
                                              codedb_write_function write, void *context, codedb_result *result)
{
    codedb_tree *tree;
    codedb_code code;
    if (write == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_ast_from_source was given no write function");
    code = codedb_tree_parse(bytes, length, options, &tree, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_ast_write(tree, write, context, result);
    codedb_tree_free(tree);
    return code;
}
