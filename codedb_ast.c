/* codedb_ast.c -- a tree as CPython's ast in JSON.
 *
 * Called by codedb_tree_dump. Calls codedb_ast_literal.c for the values of constants. Any thread; a writer lives for one call.
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
 *   Output . Positions . Steps . Frames . Visiting . Lists . Strings . Actions . Writing */
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

/* ---- Steps -------------------------------------------------------------------------------------------------------- */

typedef struct ast_frame ast_frame;
typedef struct ast_writer ast_writer;

/* What a step does behind its text. "The child" is the first one with the step's role. */
typedef enum ast_action {
    AST_TEXT, /* nothing more */
    AST_CHILD,
    AST_CHILD_OR_NULL,
    AST_LIST,       /* all children that have the role, in a list */
    AST_PICK,       /* the list of what the step's `pick` makes of each child */
    AST_BODY,       /* the list of the statements of the block, Else, Finally or elif that the child is */
    AST_IDENTIFIER, /* the name that the child is */
    AST_IDENTIFIER_OR_NULL,
    AST_IDENTIFIERS,     /* the names with which the children that have the role begin, in a list */
    AST_DOTTED,          /* the dotted name that the child is, or null */
    AST_CONTEXT,         /* Load, Store or Del */
    AST_CALL,            /* what the step's `call` does; it moves on to the next step */
    AST_END,             /* the position, and the node is done */
    AST_END_PARENTHESES, /* the same, with its innermost parentheses */
    AST_END_BLOCK,       /* the same, with a semicolon behind its last statement */
    AST_END_PLAIN        /* no position */
} ast_action;

typedef enum ast_context { AST_LOAD, AST_STORE, AST_DELETE, AST_SAME } ast_context;

/* What `pick` says besides the number of a node. */
#define AST_SKIP UINT32_MAX
#define AST_NULL (UINT32_MAX - 1)

typedef struct ast_step {
    uint8_t action;
    uint8_t field;   /* the role */
    uint8_t context; /* of the children: ast_context; AST_SAME: as the node's own */
    uint8_t length;
    const char *text;
    uint32_t (*pick)(const codedb_tree *tree, uint32_t child);
    void (*call)(ast_writer *writer, ast_frame *frame);
} ast_step;

/* A node that is being written. */
struct ast_frame {
    const ast_step *step;
    uint32_t node;
    uint32_t cursor;  /* of a list: the next child; 0: the list has not begun */
    uint32_t limit;   /* of a list: where it ends */
    uint32_t pending; /* of a list of strings' parts: a field whose own text has been written; else 0 */
    uint32_t strings; /* of strings, fields and format specifications: the node of all adjacent literals */
    uint32_t literal; /* of the same: the f-string among them that the next field stands in */
    uint8_t context;
    bool more; /* of a list: it has an item */
};

struct ast_writer {
    codedb_ast_output out;
    const codedb_tree *tree;
    ast_frame *frames;
    size_t count;
    size_t capacity;
};

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

static void ast_push(ast_writer *writer, const ast_step *steps, uint32_t node, unsigned context)
{
    if (CODEDB_UNLIKELY(writer->count == writer->capacity) && !ast_grow(writer))
        return;
    writer->frames[writer->count++] = (ast_frame){.step = steps, .node = node, .context = (uint8_t)context};
}

/* The first child with that role, or UINT32_MAX. */
static inline uint32_t ast_child(const codedb_tree *tree, uint32_t node, unsigned field)
{
    uint32_t end = tree->nodes[node].end;
    for (uint32_t child = node + 1; child < end; child = tree->nodes[child].end)
        if (tree->nodes[child].field == field)
            return child;
    return UINT32_MAX;
}

static inline codedb_token_kind ast_token(const codedb_tree *tree, uint32_t token)
{
    return (codedb_token_kind)tree->tokens[token].kind;
}

static inline codedb_token_kind ast_first_token(const codedb_tree *tree, uint32_t node)
{
    return ast_token(tree, tree->nodes[node].first);
}

static void ast_end(ast_writer *writer, uint32_t first, uint32_t last)
{
    codedb_ast_put_span(&writer->out, codedb_ast_span_of(&writer->out, first, last));
    writer->count--;
}

/* ---- Visiting ----------------------------------------------------------------------------------------------------- */

/* Nodes of the ast that are no node of the tree, or not always the same. */
typedef enum ast_special {
    AST_SLICE_TUPLE,
    AST_STARRED_DEFAULT,
    AST_JOINED,
    AST_TEMPLATE,
    AST_FORMATTED_VALUE,
    AST_INTERPOLATION,
    AST_FORMAT_SPEC
} ast_special;

static const ast_step *ast_special_steps(ast_special special);
static const ast_step *ast_steps_of(const codedb_tree *tree, uint32_t node);
static void ast_visit_strings(ast_writer *writer, uint32_t node);

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

static void ast_put_singleton(codedb_ast_output *out, codedb_token_kind kind)
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
        ast_put_singleton(out, ast_token(writer->tree, at->first));
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

/* Whether the node is an Arg with * or **, or an Index with *. */
static bool ast_is_starred(const codedb_tree *tree, uint32_t node)
{
    codedb_token_kind kind = ast_first_token(tree, node);
    return kind == CODEDB_TOKEN_STAR || kind == CODEDB_TOKEN_DOUBLE_STAR;
}

/* Writes a node at once, or pushes the frame that does. */
static void ast_visit(ast_writer *writer, uint32_t node, unsigned context)
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
        case CODEDB_NODE_TEMPLATED_STRING: ast_visit_strings(writer, node); return;
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
        ast_push(writer, ast_steps_of(tree, node), node, context);
        return;
    }
}

/* ---- Lists -------------------------------------------------------------------------------------------------------- */

/* Begins the list of the nodes from `from` up to `to`. */
static void ast_list_begin(ast_writer *writer, ast_frame *frame, uint32_t from, uint32_t to)
{
    AST_PUT(&writer->out, "[");
    frame->cursor = from;
    frame->limit = to;
    frame->more = false;
}

static void ast_list_end(ast_writer *writer, ast_frame *frame)
{
    AST_PUT(&writer->out, "]");
    frame->cursor = 0;
    frame->step++;
}

static inline void ast_list_separate(ast_writer *writer, ast_frame *frame)
{
    if (frame->more)
        AST_PUT(&writer->out, ",");
    frame->more = true;
}

/* Goes on with a list until an item pushes a frame, or to its end. Its items are the nodes with that role, if one is given, or what the
 * step's `pick` makes of them. */
static void ast_list_continue(ast_writer *writer, ast_frame *frame, unsigned field)
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
        ast_list_separate(writer, frame);
        if (item == AST_NULL) {
            AST_PUT(&writer->out, "null");
            continue;
        }
        ast_visit(writer, item, context);
        if (writer->count != count || writer->out.failed)
            return;
    }
    ast_list_end(writer, frame);
}

static void ast_list(ast_writer *writer, ast_frame *frame)
{
    if (frame->cursor == 0)
        ast_list_begin(writer, frame, frame->node + 1, writer->tree->nodes[frame->node].end);
    ast_list_continue(writer, frame, frame->step->field);
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
            ast_list_begin(writer, frame, 1, 1);
        else
            ast_list_begin(writer, frame, nodes[block].kind == CODEDB_NODE_IF ? block : block + 1, nodes[block].end);
    }
    ast_list_continue(writer, frame, CODEDB_FIELD_NONE);
}

static void ast_identifiers(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    ast_list_begin(writer, frame, frame->node + 1, tree->nodes[frame->node].end);
    for (; frame->cursor < frame->limit; frame->cursor = tree->nodes[frame->cursor].end)
        if (tree->nodes[frame->cursor].field == frame->step->field) {
            ast_list_separate(writer, frame);
            codedb_ast_put_identifier(&writer->out, tree->nodes[frame->cursor].first);
        }
    ast_list_end(writer, frame);
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

/* ---- Picks: what a child is in a list ----------------------------------------------------------------------------- */

static bool ast_is_keyword(const codedb_tree *tree, uint32_t argument)
{
    return ast_first_token(tree, argument) == CODEDB_TOKEN_DOUBLE_STAR || tree->nodes[argument + 1].field == CODEDB_FIELD_keyword;
}

static uint32_t ast_pick_argument(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_ARG && !ast_is_keyword(tree, child) ? child : AST_SKIP;
}

static uint32_t ast_pick_keyword(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_ARG && ast_is_keyword(tree, child) ? child : AST_SKIP;
}

/* Of a parameter that is keyword-only: its default or null. */
static uint32_t ast_pick_keyword_default(const codedb_tree *tree, uint32_t child)
{
    if (tree->nodes[child].field != CODEDB_FIELD_kwonly_params)
        return AST_SKIP;
    uint32_t value = ast_child(tree, child, CODEDB_FIELD_default);
    return value == UINT32_MAX ? AST_NULL : value;
}

static uint32_t ast_pick_default(const codedb_tree *tree, uint32_t child)
{
    unsigned field = tree->nodes[child].field;
    if (field != CODEDB_FIELD_params && field != CODEDB_FIELD_posonly_params)
        return AST_SKIP;
    return ast_child(tree, child, CODEDB_FIELD_default);
}

static uint32_t ast_pick_dict_key(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_DICT_ELEMENT ? child + 1 : AST_NULL;
}

/* The last of an element's two children, or its only one. */
static uint32_t ast_pick_last(const codedb_tree *tree, uint32_t child)
{
    uint32_t behind_first = tree->nodes[child + 1].end;
    return behind_first < tree->nodes[child].end ? behind_first : child + 1;
}

static uint32_t ast_pick_operator(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_COMPARISON_TARGET ? child + 1 : AST_SKIP;
}

static uint32_t ast_pick_comparator(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_COMPARISON_TARGET ? ast_pick_last(tree, child) : AST_SKIP;
}

static uint32_t ast_pick_operand(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].field == CODEDB_FIELD_operator ? AST_SKIP : child;
}

static uint32_t ast_pick_key(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_MATCH_MAPPING_ELEMENT ? child + 1 : AST_SKIP;
}

static uint32_t ast_pick_value(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_MATCH_MAPPING_ELEMENT ? ast_pick_last(tree, child) : AST_SKIP;
}

static uint32_t ast_pick_keyword_pattern(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_MATCH_KEYWORD_ELEMENT ? ast_pick_last(tree, child) : AST_SKIP;
}

/* ---- Special shapes ----------------------------------------------------------------------------------------------- */

/* The operator of a BooleanOperation. */
static uint8_t ast_boolean_kind(const codedb_tree *tree, uint32_t node)
{
    return tree->nodes[tree->nodes[node + 1].end].kind;
}

static void ast_call_boolean_operator(ast_writer *writer, ast_frame *frame)
{
    ast_put_text(writer, &ast_operators[ast_boolean_kind(writer->tree, frame->node)]);
    frame->step++;
}

/* `a and b and c` is a node in a node; without parentheses it is one list. In pre-order the operands of all stand side by side. */
static void ast_call_boolean_values(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    if (frame->cursor == 0) {
        uint32_t first = frame->node + 1;
        uint8_t kind = ast_boolean_kind(tree, frame->node);
        while (tree->nodes[first].kind == CODEDB_NODE_BOOLEAN_OPERATION && tree->nodes[first].parens == 0 &&
               ast_boolean_kind(tree, first) == kind)
            first++;
        ast_list_begin(writer, frame, first, tree->nodes[frame->node].end);
    }
    ast_list_continue(writer, frame, CODEDB_FIELD_NONE);
}

/* One item that is no tuple by a comma or star stands for itself. */
static void ast_call_slice(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    uint32_t node = frame->node, item = tree->nodes[node + 1].end;
    frame->step++;
    if (tree->nodes[item].end == tree->nodes[node].end && !ast_is_starred(tree, item) &&
        ast_token(tree, tree->nodes[item].last) != CODEDB_TOKEN_COMMA)
        ast_visit(writer, item, AST_LOAD);
    else
        ast_push(writer, ast_special_steps(AST_SLICE_TUPLE), node, AST_LOAD);
}

static void ast_call_slice_tuple_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *nodes = writer->tree->nodes;
    ast_end(writer, nodes[nodes[frame->node + 1].end].first, nodes[frame->node].last - 1);
}

/* The clauses of a comprehension are children of each other. */
static void ast_call_generators(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    if (frame->cursor == 0)
        ast_list_begin(writer, frame, ast_child(tree, frame->node, CODEDB_FIELD_for_in), UINT32_MAX);
    uint32_t clause = frame->cursor;
    if (clause == UINT32_MAX) {
        ast_list_end(writer, frame);
        return;
    }
    frame->cursor = ast_child(tree, clause, CODEDB_FIELD_inner_for_in);
    ast_list_separate(writer, frame);
    ast_visit(writer, clause, AST_LOAD);
}

static void ast_call_is_async(ast_writer *writer, ast_frame *frame)
{
    bool is_async = writer->tree->nodes[frame->node + 1].field == CODEDB_FIELD_asynchronous;
    codedb_ast_put_number(&writer->out, is_async);
    frame->step++;
}

static void ast_call_delete_targets(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *target = &writer->tree->nodes[frame->node + 1];
    bool is_list = target->kind == CODEDB_NODE_TUPLE && target->parens == 0;
    if (frame->cursor == 0)
        ast_list_begin(writer, frame, frame->node + 1 + is_list, target->end);
    ast_list_continue(writer, frame, CODEDB_FIELD_NONE);
}

static void ast_call_is_simple(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *target = &writer->tree->nodes[frame->node + 1];
    codedb_ast_put_number(&writer->out, target->kind == CODEDB_NODE_NAME && target->parens == 0);
    frame->step++;
}

static void ast_call_level(ast_writer *writer, ast_frame *frame)
{
    unsigned level = 0;
    uint32_t token = writer->tree->nodes[frame->node].first;
    token += writer->tree->nodes[frame->node].kind == CODEDB_NODE_LAZY_IMPORT_FROM ? 2 : 1;
    for (;; token++)
        if (ast_token(writer->tree, token) == CODEDB_TOKEN_DOT)
            level++;
        else if (ast_token(writer->tree, token) == CODEDB_TOKEN_ELLIPSIS)
            level += 3;
        else
            break;
    codedb_ast_put_number(&writer->out, level);
    frame->step++;
}

/* From 3.10 on an alias has a position. */
static void ast_call_alias_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *node = &writer->tree->nodes[frame->node];
    if (writer->tree->target_version >= 310) {
        ast_end(writer, node->first, node->last);
    } else {
        AST_PUT(&writer->out, "}");
        writer->count--;
    }
}

/* From 3.9 on a keyword has a position. */
static void ast_call_keyword_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *node = &writer->tree->nodes[frame->node];
    if (writer->tree->target_version >= 309) {
        ast_end(writer, node->first, node->last);
    } else {
        AST_PUT(&writer->out, "}");
        writer->count--;
    }
}

/* A parameter is its name and its annotation. */
static void ast_call_parameter_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    uint32_t annotation = ast_child(tree, frame->node, CODEDB_FIELD_annotation);
    uint32_t last = tree->nodes[frame->node].last;
    ast_end(writer, last - 1, annotation == UINT32_MAX ? last : tree->nodes[annotation].last);
}

/* ,"type_params":[...] from 3.12 on */
static void ast_call_type_parameters(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    if (tree->target_version < 312) {
        frame->step++;
        return;
    }
    if (frame->cursor == 0) {
        uint32_t list = ast_child(tree, frame->node, CODEDB_FIELD_type_parameters);
        AST_PUT(&writer->out, ",\"type_params\":");
        ast_list_begin(writer, frame, list == UINT32_MAX ? 1 : list + 1, list == UINT32_MAX ? 1 : tree->nodes[list].end);
    }
    ast_list_continue(writer, frame, CODEDB_FIELD_NONE);
}

static void ast_call_type_parameter_name(ast_writer *writer, ast_frame *frame)
{
    uint32_t name = ast_child(writer->tree, frame->node + 1, CODEDB_FIELD_name);
    codedb_ast_put_identifier(&writer->out, writer->tree->nodes[name].first);
    frame->step++;
}

static void ast_call_type_parameter_bound(ast_writer *writer, ast_frame *frame)
{
    uint32_t bound = ast_child(writer->tree, frame->node + 1, CODEDB_FIELD_bound);
    frame->step++;
    if (bound == UINT32_MAX)
        AST_PUT(&writer->out, "null");
    else
        ast_visit(writer, bound, AST_LOAD);
}

/* ,"default_value":... from 3.13 on; the star of a starred one belongs to the TypeParam */
static void ast_call_type_parameter_default(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    uint32_t value = ast_child(tree, frame->node, CODEDB_FIELD_default);
    frame->step++;
    if (tree->target_version < 313)
        return;
    AST_PUT(&writer->out, ",\"default_value\":");
    if (value == UINT32_MAX)
        AST_PUT(&writer->out, "null");
    else if (ast_token(tree, tree->nodes[value].first - tree->nodes[value].parens - 1u) == CODEDB_TOKEN_STAR)
        ast_push(writer, ast_special_steps(AST_STARRED_DEFAULT), value, AST_LOAD);
    else
        ast_visit(writer, value, AST_LOAD);
}

static void ast_call_self(ast_writer *writer, ast_frame *frame)
{
    frame->step++;
    ast_visit(writer, frame->node, AST_LOAD);
}

static void ast_call_starred_default_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *node = &writer->tree->nodes[frame->node];
    ast_end(writer, node->first - node->parens - 1, node->last + node->parens);
}

/* The comma behind an element, and the semicolon behind a type alias, belong to LibCST's position only. */
static void ast_call_end_before_separator(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *node = &writer->tree->nodes[frame->node];
    codedb_token_kind kind = ast_token(writer->tree, node->last - 1);
    bool separated = kind == CODEDB_TOKEN_COMMA || kind == CODEDB_TOKEN_SEMICOLON;
    ast_end(writer, node->first, node->last - separated);
}

/* The position of a pattern that is a value is that of the value without its parentheses. */
static void ast_call_value_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *value = &writer->tree->nodes[frame->node + 1];
    ast_end(writer, value->first, value->last);
}

static void ast_call_singleton(ast_writer *writer, ast_frame *frame)
{
    ast_put_singleton(&writer->out, ast_first_token(writer->tree, frame->node + 1));
    frame->step++;
}

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
        field.conversion = tree->source[tree->tokens[token + 1].start];
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

static codedb_ast_span ast_span_of_node(const ast_writer *writer, uint32_t node)
{
    return codedb_ast_span_of(&writer->out, writer->tree->nodes[node].first, writer->tree->nodes[node].last);
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
        codedb_ast_put_text(out, node, tree->nodes[node].end, 0, 0);
    if (prefix[0] == 'u')
        AST_PUT(out, ",\"kind\":\"u\"");
    else
        AST_PUT(out, ",\"kind\":null");
    codedb_ast_put_span(out, ast_span_of_node(writer, node));
}

static void ast_push_strings(ast_writer *writer, ast_special special, uint32_t node, uint32_t strings, uint32_t literal)
{
    ast_push(writer, ast_special_steps(special), node, AST_LOAD);
    if (writer->out.failed)
        return;
    writer->frames[writer->count - 1].strings = strings;
    writer->frames[writer->count - 1].literal = literal;
}

static void ast_visit_strings(ast_writer *writer, uint32_t node)
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

/* Of a run of parts the first and the last one that are to be seen; a text that is nothing but a continued line is none. */
static void ast_find_parts(const ast_writer *writer, uint32_t from, uint32_t to, uint32_t *first, uint32_t *last)
{
    const codedb_node *nodes = writer->tree->nodes;
    *first = *last = UINT32_MAX;
    for (uint32_t node = from; node < to; node++)
        if (nodes[node].kind == CODEDB_NODE_SIMPLE_STRING ||
            (ast_is_text(&nodes[node]) && !codedb_ast_text_is_empty(&writer->out, node, node + 1))) {
            *first = *first == UINT32_MAX ? node : *first;
            *last = node;
        }
    if (*first == UINT32_MAX && from < to && ast_is_text(&nodes[to - 1]))
        *first = *last = to - 1;
}

/* The position of a part: from its first piece to its last one, which is the field's own text where it has one. */
static codedb_ast_span ast_part_span(const ast_writer *writer, uint32_t owner, uint32_t first, uint32_t last, uint32_t field)
{
    const codedb_tree *tree = writer->tree;
    codedb_ast_span span;
    if (first != UINT32_MAX) {
        span = codedb_ast_span_of(&writer->out, tree->nodes[first].first, tree->nodes[last].last);
    } else {
        uint32_t token = field ? tree->nodes[field].first : tree->nodes[owner].last - 2;
        span = codedb_ast_span_of(&writer->out, token, token + 1);
        span.start = span.end;
        span.start_line = span.end_line;
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
static void ast_write_part(ast_writer *writer, const ast_frame *frame, uint32_t from, uint32_t to, uint32_t field)
{
    codedb_ast_output *out = &writer->out;
    const codedb_tree *tree = writer->tree;
    bool old = tree->target_version < 312;
    uint32_t first, last, text = field ? tree->nodes[field].first + 1 : 0;
    AST_PUT(out, "{\"_type\":\"Constant\",\"value\":");
    codedb_ast_put_text(out, from, to, text, field ? ast_field_of(tree, field).text_end : 0);
    ast_find_parts(writer, from, to, &first, &last);
    bool ends_spec = to == frame->limit && ast_is_field(&tree->nodes[frame->node]);
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
    codedb_ast_put_span(out, old ? ast_span_of_node(writer, whole) : ast_part_span(writer, frame->node, first, last, field));
}

/* 3.12 keeps an empty text in a format specification, and has one where a specification ends with a field. */
static bool ast_keeps_empty_part(const codedb_tree *tree, const ast_frame *frame, uint32_t from, uint32_t to)
{
    const codedb_node *nodes = tree->nodes;
    if (tree->target_version != 312 || !ast_is_field(&nodes[frame->node]))
        return false;
    bool alone = from == nodes[frame->node + 1].end && to == frame->limit;
    return !alone && (from < to || to == frame->limit);
}

/* The values of an f-string: literals and texts side by side are one, however they are nested in the tree. */
static void ast_continue_values(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *nodes = writer->tree->nodes;
    uint32_t from = frame->cursor, to = from;
    if (frame->pending) {
        uint32_t field = frame->pending;
        frame->pending = 0;
        ast_list_separate(writer, frame);
        ast_push_field(writer, field, frame);
        return;
    }
    for (; to < frame->limit && !ast_is_field(&nodes[to]); to++)
        if (nodes[to].kind == CODEDB_NODE_FORMATTED_STRING)
            frame->literal = to;
    bool has_field = to < frame->limit;
    bool debug = has_field && ast_field_of(writer->tree, to).debug;
    bool empty = codedb_ast_text_is_empty(&writer->out, from, to) && !ast_keeps_empty_part(writer->tree, frame, from, to);
    frame->cursor = has_field ? nodes[to].end : to;
    frame->pending = has_field ? to : 0;
    if (debug || !empty) {
        ast_list_separate(writer, frame);
        ast_write_part(writer, frame, from, to, debug ? to : 0);
    }
    if (!has_field)
        ast_list_end(writer, frame);
}

static void ast_call_values(ast_writer *writer, ast_frame *frame)
{
    if (frame->cursor == 0)
        ast_list_begin(writer, frame, frame->node, writer->tree->nodes[frame->node].end);
    ast_continue_values(writer, frame);
}

static void ast_call_spec_values(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    if (frame->cursor == 0)
        ast_list_begin(writer, frame, tree->nodes[frame->node + 1].end, tree->nodes[frame->node].end);
    ast_continue_values(writer, frame);
}

static void ast_call_conversion(ast_writer *writer, ast_frame *frame)
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
static void ast_call_interpolation_text(ast_writer *writer, ast_frame *frame)
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

static void ast_call_format_spec(ast_writer *writer, ast_frame *frame)
{
    frame->step++;
    if (ast_field_of(writer->tree, frame->node).colon)
        ast_push_strings(writer, AST_FORMAT_SPEC, frame->node, frame->strings, frame->literal);
    else
        AST_PUT(&writer->out, "null");
}

/* Before 3.12 all parts of an f-string have the position of the literals. */
static void ast_call_field_end(ast_writer *writer, ast_frame *frame)
{
    bool old = writer->tree->target_version < 312;
    codedb_ast_put_span(&writer->out, ast_span_of_node(writer, old ? frame->strings : frame->node));
    writer->count--;
}

static void ast_call_spec_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    if (tree->target_version < 312)
        codedb_ast_put_span(&writer->out, ast_span_of_node(writer, frame->literal));
    else
        codedb_ast_put_span(&writer->out, codedb_ast_span_of(&writer->out, ast_field_of(tree, frame->node).colon,
                                                             tree->nodes[frame->node].last - 1));
    writer->count--;
}

/* ---- The steps of each class -------------------------------------------------------------------------------------- */

#define AST_TYPE(name, key) "{\"_type\":\"" name "\",\"" key "\":"
#define AST_KEY(key) ",\"" key "\":"
#define AST_STEP(what, role, child_context, before)                                                                       \
    {                                                                                                                     \
        .action = AST_##what, .field = CODEDB_FIELD_##role, .context = AST_##child_context, .length = sizeof(before) - 1, \
        .text = before                                                                                                    \
    }
#define AST_PICKED(how, before)                                                                                       \
    {                                                                                                                 \
        .action = AST_PICK, .context = AST_LOAD, .length = sizeof(before) - 1, .text = before, .pick = ast_pick_##how \
    }
#define AST_CALLED(what, before)                                                                                       \
    {                                                                                                                  \
        .action = AST_CALL, .context = AST_LOAD, .length = sizeof(before) - 1, .text = before, .call = ast_call_##what \
    }
#define AST_LAST(what, before)                                             \
    {                                                                      \
        .action = AST_##what, .length = sizeof(before) - 1, .text = before \
    }
/* X(name, steps) */
#define AST_STEPS(name, ...) static const ast_step ast_##name[] = {__VA_ARGS__};

/* ---- Expressions ---- */

AST_STEPS(unary_operation, AST_STEP(CHILD, operator, LOAD, AST_TYPE("UnaryOp", "op")),
          AST_STEP(CHILD, expression, LOAD, AST_KEY("operand")), AST_LAST(END, ""))
AST_STEPS(binary_operation, AST_STEP(CHILD, left, LOAD, AST_TYPE("BinOp", "left")),
          AST_STEP(CHILD, operator, LOAD, AST_KEY("op")), AST_STEP(CHILD, right, LOAD, AST_KEY("right")), AST_LAST(END, ""))
AST_STEPS(
    boolean_operation, AST_CALLED(boolean_operator, AST_TYPE("BoolOp", "op")),
    {.action = AST_CALL, .length = 10, .text = AST_KEY("values"), .pick = ast_pick_operand, .call = ast_call_boolean_values},
    AST_LAST(END, ""))
AST_STEPS(comparison, AST_STEP(CHILD, left, LOAD, AST_TYPE("Compare", "left")), AST_PICKED(operator, AST_KEY("ops")),
          AST_PICKED(comparator, AST_KEY("comparators")), AST_LAST(END, ""))
AST_STEPS(attribute, AST_STEP(CHILD, value, LOAD, AST_TYPE("Attribute", "value")),
          AST_STEP(IDENTIFIER, attr, LOAD, AST_KEY("attr")), AST_LAST(CONTEXT, ""), AST_LAST(END, ""))
AST_STEPS(subscript, AST_STEP(CHILD, value, LOAD, AST_TYPE("Subscript", "value")), AST_CALLED(slice, AST_KEY("slice")),
          AST_LAST(CONTEXT, ""), AST_LAST(END, ""))
AST_STEPS(slice_tuple, AST_STEP(LIST, slice, LOAD, AST_TYPE("Tuple", "elts")), AST_LAST(CONTEXT, ""),
          AST_CALLED(slice_tuple_end, ""))
AST_STEPS(slice, AST_STEP(CHILD_OR_NULL, lower, LOAD, AST_TYPE("Slice", "lower")),
          AST_STEP(CHILD_OR_NULL, upper, LOAD, AST_KEY("upper")), AST_STEP(CHILD_OR_NULL, step, LOAD, AST_KEY("step")),
          AST_LAST(END, ""))
AST_STEPS(call, AST_STEP(CHILD, func, LOAD, AST_TYPE("Call", "func")), AST_PICKED(argument, AST_KEY("args")),
          AST_PICKED(keyword, AST_KEY("keywords")), AST_LAST(END, ""))
AST_STEPS(keyword, AST_STEP(IDENTIFIER_OR_NULL, keyword, LOAD, AST_TYPE("keyword", "arg")),
          AST_STEP(CHILD, value, LOAD, AST_KEY("value")), AST_CALLED(keyword_end, ""))
AST_STEPS(starred, AST_STEP(CHILD, value, SAME, AST_TYPE("Starred", "value")), AST_LAST(CONTEXT, ""), AST_LAST(END, ""))
AST_STEPS(starred_default, AST_CALLED(self, AST_TYPE("Starred", "value")), AST_LAST(CONTEXT, ""),
          AST_CALLED(starred_default_end, ""))
AST_STEPS(await, AST_STEP(CHILD, expression, LOAD, AST_TYPE("Await", "value")), AST_LAST(END, ""))
AST_STEPS(yield, AST_STEP(CHILD_OR_NULL, value, LOAD, AST_TYPE("Yield", "value")), AST_LAST(END, ""))
AST_STEPS(yield_from, AST_STEP(CHILD, value, LOAD, AST_TYPE("YieldFrom", "value")), AST_LAST(END, ""))
AST_STEPS(if_exp, AST_STEP(CHILD, test, LOAD, AST_TYPE("IfExp", "test")), AST_STEP(CHILD, body, LOAD, AST_KEY("body")),
          AST_STEP(CHILD, orelse, LOAD, AST_KEY("orelse")), AST_LAST(END, ""))
AST_STEPS(lambda, AST_STEP(CHILD, params, LOAD, AST_TYPE("Lambda", "args")), AST_STEP(CHILD, body, LOAD, AST_KEY("body")),
          AST_LAST(END, ""))
AST_STEPS(named_expr, AST_STEP(CHILD, target, STORE, AST_TYPE("NamedExpr", "target")),
          AST_STEP(CHILD, value, LOAD, AST_KEY("value")), AST_LAST(END, ""))
AST_STEPS(tuple, AST_STEP(LIST, elements, SAME, AST_TYPE("Tuple", "elts")), AST_LAST(CONTEXT, ""), AST_LAST(END_PARENTHESES, ""))
AST_STEPS(list_display, AST_STEP(LIST, elements, SAME, AST_TYPE("List", "elts")), AST_LAST(CONTEXT, ""), AST_LAST(END, ""))
AST_STEPS(set, AST_STEP(LIST, elements, LOAD, AST_TYPE("Set", "elts")), AST_LAST(END, ""))
AST_STEPS(dict, AST_PICKED(dict_key, AST_TYPE("Dict", "keys")), AST_PICKED(last, AST_KEY("values")), AST_LAST(END, ""))
AST_STEPS(generator_exp, AST_STEP(CHILD, elt, LOAD, AST_TYPE("GeneratorExp", "elt")),
          AST_CALLED(generators, AST_KEY("generators")), AST_LAST(END_PARENTHESES, ""))
AST_STEPS(list_comp, AST_STEP(CHILD, elt, LOAD, AST_TYPE("ListComp", "elt")), AST_CALLED(generators, AST_KEY("generators")),
          AST_LAST(END, ""))
AST_STEPS(set_comp, AST_STEP(CHILD, elt, LOAD, AST_TYPE("SetComp", "elt")), AST_CALLED(generators, AST_KEY("generators")),
          AST_LAST(END, ""))
AST_STEPS(dict_comp, AST_STEP(CHILD, key, LOAD, AST_TYPE("DictComp", "key")), AST_STEP(CHILD, value, LOAD, AST_KEY("value")),
          AST_CALLED(generators, AST_KEY("generators")), AST_LAST(END, ""))
AST_STEPS(starred_dict_comp, AST_STEP(CHILD, value, LOAD, AST_TYPE("DictComp", "key")),
          AST_CALLED(generators, AST_KEY("value") "null" AST_KEY("generators")), AST_LAST(END, ""))
AST_STEPS(comp_for, AST_STEP(CHILD, target, STORE, AST_TYPE("comprehension", "target")),
          AST_STEP(CHILD, iter, LOAD, AST_KEY("iter")), AST_STEP(LIST, ifs, LOAD, AST_KEY("ifs")),
          AST_CALLED(is_async, AST_KEY("is_async")), AST_LAST(END_PLAIN, ""))
AST_STEPS(joined, AST_CALLED(values, AST_TYPE("JoinedStr", "values")), AST_LAST(END, ""))
AST_STEPS(template, AST_CALLED(values, AST_TYPE("TemplateStr", "values")), AST_LAST(END, ""))
AST_STEPS(formatted_value, AST_STEP(CHILD, expression, LOAD, AST_TYPE("FormattedValue", "value")),
          AST_CALLED(conversion, AST_KEY("conversion")), AST_CALLED(format_spec, AST_KEY("format_spec")),
          AST_CALLED(field_end, ""))
AST_STEPS(interpolation, AST_STEP(CHILD, expression, LOAD, AST_TYPE("Interpolation", "value")),
          AST_CALLED(interpolation_text, AST_KEY("str")), AST_CALLED(conversion, AST_KEY("conversion")),
          AST_CALLED(format_spec, AST_KEY("format_spec")), AST_CALLED(field_end, ""))
AST_STEPS(format_spec, AST_CALLED(spec_values, AST_TYPE("JoinedStr", "values")), AST_CALLED(spec_end, ""))

/* ---- Parameters ---- */

AST_STEPS(parameters, AST_STEP(LIST, posonly_params, LOAD, AST_TYPE("arguments", "posonlyargs")),
          AST_STEP(LIST, params, LOAD, AST_KEY("args")), AST_STEP(CHILD_OR_NULL, star_arg, LOAD, AST_KEY("vararg")),
          AST_STEP(LIST, kwonly_params, LOAD, AST_KEY("kwonlyargs")), AST_PICKED(keyword_default, AST_KEY("kw_defaults")),
          AST_STEP(CHILD_OR_NULL, star_kwarg, LOAD, AST_KEY("kwarg")), AST_PICKED(default, AST_KEY("defaults")),
          AST_LAST(END_PLAIN, ""))
AST_STEPS(param, AST_STEP(IDENTIFIER, name, LOAD, AST_TYPE("arg", "arg")),
          AST_STEP(CHILD_OR_NULL, annotation, LOAD, AST_KEY("annotation")),
          AST_CALLED(parameter_end, AST_KEY("type_comment") "null"))
AST_STEPS(type_var, AST_CALLED(type_parameter_name, AST_TYPE("TypeVar", "name")),
          AST_CALLED(type_parameter_bound, AST_KEY("bound")), AST_CALLED(type_parameter_default, ""),
          AST_CALLED(end_before_separator, ""))
AST_STEPS(type_var_tuple, AST_CALLED(type_parameter_name, AST_TYPE("TypeVarTuple", "name")),
          AST_CALLED(type_parameter_default, ""), AST_CALLED(end_before_separator, ""))
AST_STEPS(param_spec, AST_CALLED(type_parameter_name, AST_TYPE("ParamSpec", "name")), AST_CALLED(type_parameter_default, ""),
          AST_CALLED(end_before_separator, ""))

/* ---- Small statements ---- */

AST_STEPS(expr, AST_STEP(CHILD, value, LOAD, AST_TYPE("Expr", "value")), AST_LAST(END, ""))
AST_STEPS(pass, AST_LAST(END, "{\"_type\":\"Pass\""))
AST_STEPS(break, AST_LAST(END, "{\"_type\":\"Break\""))
AST_STEPS(continue, AST_LAST(END, "{\"_type\":\"Continue\""))
AST_STEPS(return, AST_STEP(CHILD_OR_NULL, value, LOAD, AST_TYPE("Return", "value")), AST_LAST(END, ""))
AST_STEPS(del,
          {.action = AST_CALL,
           .context = AST_DELETE,
           .length = sizeof(AST_TYPE("Delete", "targets")) - 1,
           .text = AST_TYPE("Delete", "targets"),
           .call = ast_call_delete_targets},
          AST_LAST(END, ""))
AST_STEPS(assign, AST_STEP(LIST, targets, STORE, AST_TYPE("Assign", "targets")), AST_STEP(CHILD, value, LOAD, AST_KEY("value")),
          AST_LAST(END, AST_KEY("type_comment") "null"))
AST_STEPS(aug_assign, AST_STEP(CHILD, target, STORE, AST_TYPE("AugAssign", "target")),
          AST_STEP(CHILD, operator, LOAD, AST_KEY("op")), AST_STEP(CHILD, value, LOAD, AST_KEY("value")), AST_LAST(END, ""))
AST_STEPS(ann_assign, AST_STEP(CHILD, target, STORE, AST_TYPE("AnnAssign", "target")),
          AST_STEP(CHILD, annotation, LOAD, AST_KEY("annotation")), AST_STEP(CHILD_OR_NULL, value, LOAD, AST_KEY("value")),
          AST_CALLED(is_simple, AST_KEY("simple")), AST_LAST(END, ""))
AST_STEPS(type_alias, AST_STEP(CHILD, name, STORE, AST_TYPE("TypeAlias", "name")), AST_CALLED(type_parameters, ""),
          AST_STEP(CHILD, value, LOAD, AST_KEY("value")), AST_CALLED(end_before_separator, ""))
AST_STEPS(raise, AST_STEP(CHILD_OR_NULL, exc, LOAD, AST_TYPE("Raise", "exc")),
          AST_STEP(CHILD_OR_NULL, cause, LOAD, AST_KEY("cause")), AST_LAST(END, ""))
AST_STEPS(assert, AST_STEP(CHILD, test, LOAD, AST_TYPE("Assert", "test")), AST_STEP(CHILD_OR_NULL, msg, LOAD, AST_KEY("msg")),
          AST_LAST(END, ""))
AST_STEPS(import, AST_STEP(LIST, names, LOAD, AST_TYPE("Import", "names")), AST_LAST(END, ""))
AST_STEPS(import_from, AST_STEP(DOTTED, module, LOAD, AST_TYPE("ImportFrom", "module")),
          AST_STEP(LIST, names, LOAD, AST_KEY("names")), AST_CALLED(level, AST_KEY("level")), AST_LAST(END, ""))
AST_STEPS(import_alias, AST_STEP(DOTTED, name, LOAD, AST_TYPE("alias", "name")),
          AST_STEP(IDENTIFIER_OR_NULL, asname, LOAD, AST_KEY("asname")), AST_CALLED(alias_end, ""))
AST_STEPS(import_star, AST_CALLED(alias_end, AST_TYPE("alias", "name") "\"*\"" AST_KEY("asname") "null"))
AST_STEPS(global, AST_STEP(IDENTIFIERS, names, LOAD, AST_TYPE("Global", "names")), AST_LAST(END, ""))
AST_STEPS(nonlocal, AST_STEP(IDENTIFIERS, names, LOAD, AST_TYPE("Nonlocal", "names")), AST_LAST(END, ""))

/* ---- Compound statements ---- */

AST_STEPS(module, AST_STEP(BODY, body, LOAD, AST_TYPE("Module", "body")), AST_LAST(END_PLAIN, AST_KEY("type_ignores") "[]"))
AST_STEPS(if, AST_STEP(CHILD, test, LOAD, AST_TYPE("If", "test")), AST_STEP(BODY, body, LOAD, AST_KEY("body")),
          AST_STEP(BODY, orelse, LOAD, AST_KEY("orelse")), AST_LAST(END_BLOCK, ""))
AST_STEPS(while, AST_STEP(CHILD, test, LOAD, AST_TYPE("While", "test")), AST_STEP(BODY, body, LOAD, AST_KEY("body")),
          AST_STEP(BODY, orelse, LOAD, AST_KEY("orelse")), AST_LAST(END_BLOCK, ""))
#define AST_FOR(type)                                                                                       \
    AST_STEP(CHILD, target, STORE, AST_TYPE(type, "target")), AST_STEP(CHILD, iter, LOAD, AST_KEY("iter")), \
        AST_STEP(BODY, body, LOAD, AST_KEY("body")), AST_STEP(BODY, orelse, LOAD, AST_KEY("orelse")),       \
        AST_LAST(END_BLOCK, AST_KEY("type_comment") "null")
AST_STEPS(for, AST_FOR("For"))
AST_STEPS(async_for, AST_FOR("AsyncFor"))
#define AST_WITH(type)                                                                                 \
    AST_STEP(LIST, items, LOAD, AST_TYPE(type, "items")), AST_STEP(BODY, body, LOAD, AST_KEY("body")), \
        AST_LAST(END_BLOCK, AST_KEY("type_comment") "null")
AST_STEPS(with, AST_WITH("With"))
AST_STEPS(async_with, AST_WITH("AsyncWith"))
AST_STEPS(with_item, AST_STEP(CHILD, item, LOAD, AST_TYPE("withitem", "context_expr")),
          AST_STEP(CHILD_OR_NULL, asname, STORE, AST_KEY("optional_vars")), AST_LAST(END_PLAIN, ""))
#define AST_TRY(type)                                                                                           \
    AST_STEP(BODY, body, LOAD, AST_TYPE(type, "body")), AST_STEP(LIST, handlers, LOAD, AST_KEY("handlers")),    \
        AST_STEP(BODY, orelse, LOAD, AST_KEY("orelse")), AST_STEP(BODY, finalbody, LOAD, AST_KEY("finalbody")), \
        AST_LAST(END_BLOCK, "")
AST_STEPS(try, AST_TRY("Try"))
AST_STEPS(try_star, AST_TRY("TryStar"))
AST_STEPS(except_handler, AST_STEP(CHILD_OR_NULL, type, LOAD, AST_TYPE("ExceptHandler", "type")),
          AST_STEP(IDENTIFIER_OR_NULL, name, LOAD, AST_KEY("name")), AST_STEP(BODY, body, LOAD, AST_KEY("body")),
          AST_LAST(END_BLOCK, ""))
#define AST_DEF(type)                                                                                               \
    AST_STEP(IDENTIFIER, name, LOAD, AST_TYPE(type, "name")), AST_STEP(CHILD, params, LOAD, AST_KEY("args")),       \
        AST_STEP(BODY, body, LOAD, AST_KEY("body")), AST_STEP(LIST, decorators, LOAD, AST_KEY("decorator_list")),   \
        AST_STEP(CHILD_OR_NULL, returns, LOAD, AST_KEY("returns")), AST_LAST(TEXT, AST_KEY("type_comment") "null"), \
        AST_CALLED(type_parameters, ""), AST_LAST(END_BLOCK, "")
AST_STEPS(function_def, AST_DEF("FunctionDef"))
AST_STEPS(async_function_def, AST_DEF("AsyncFunctionDef"))
AST_STEPS(class_def, AST_STEP(IDENTIFIER, name, LOAD, AST_TYPE("ClassDef", "name")), AST_PICKED(argument, AST_KEY("bases")),
          AST_PICKED(keyword, AST_KEY("keywords")), AST_STEP(BODY, body, LOAD, AST_KEY("body")),
          AST_STEP(LIST, decorators, LOAD, AST_KEY("decorator_list")), AST_CALLED(type_parameters, ""), AST_LAST(END_BLOCK, ""))
AST_STEPS(match, AST_STEP(CHILD, subject, LOAD, AST_TYPE("Match", "subject")), AST_STEP(LIST, cases, LOAD, AST_KEY("cases")),
          AST_LAST(END_BLOCK, ""))
AST_STEPS(match_case, AST_STEP(CHILD, pattern, LOAD, AST_TYPE("match_case", "pattern")),
          AST_STEP(CHILD_OR_NULL, guard, LOAD, AST_KEY("guard")), AST_STEP(BODY, body, LOAD, AST_KEY("body")),
          AST_LAST(END_PLAIN, ""))

/* ---- Patterns ---- */

AST_STEPS(match_value, AST_STEP(CHILD, value, LOAD, AST_TYPE("MatchValue", "value")), AST_CALLED(value_end, ""))
AST_STEPS(match_singleton, AST_CALLED(singleton, AST_TYPE("MatchSingleton", "value")), AST_CALLED(value_end, ""))
AST_STEPS(match_list, AST_STEP(LIST, patterns, LOAD, AST_TYPE("MatchSequence", "patterns")), AST_LAST(END, ""))
AST_STEPS(match_tuple, AST_STEP(LIST, patterns, LOAD, AST_TYPE("MatchSequence", "patterns")), AST_LAST(END_PARENTHESES, ""))
AST_STEPS(match_star, AST_STEP(IDENTIFIER_OR_NULL, name, LOAD, AST_TYPE("MatchStar", "name")),
          AST_CALLED(end_before_separator, ""))
AST_STEPS(match_mapping, AST_PICKED(key, AST_TYPE("MatchMapping", "keys")), AST_PICKED(value, AST_KEY("patterns")),
          AST_STEP(IDENTIFIER_OR_NULL, rest, LOAD, AST_KEY("rest")), AST_LAST(END, ""))
AST_STEPS(match_class, AST_STEP(CHILD, cls, LOAD, AST_TYPE("MatchClass", "cls")),
          AST_STEP(LIST, patterns, LOAD, AST_KEY("patterns")), AST_STEP(IDENTIFIERS, kwds, LOAD, AST_KEY("kwd_attrs")),
          AST_PICKED(keyword_pattern, AST_KEY("kwd_patterns")), AST_LAST(END, ""))
AST_STEPS(match_as, AST_STEP(CHILD_OR_NULL, pattern, LOAD, AST_TYPE("MatchAs", "pattern")),
          AST_STEP(IDENTIFIER_OR_NULL, name, LOAD, AST_KEY("name")), AST_LAST(END, ""))
AST_STEPS(match_or, AST_STEP(LIST, patterns, LOAD, AST_TYPE("MatchOr", "patterns")), AST_LAST(END, ""))

static const ast_step *const ast_steps[CODEDB_NODE_KIND_COUNT] = {
    [CODEDB_NODE_MODULE] = ast_module,
    [CODEDB_NODE_UNARY_OPERATION] = ast_unary_operation,
    [CODEDB_NODE_BINARY_OPERATION] = ast_binary_operation,
    [CODEDB_NODE_BOOLEAN_OPERATION] = ast_boolean_operation,
    [CODEDB_NODE_COMPARISON] = ast_comparison,
    [CODEDB_NODE_ATTRIBUTE] = ast_attribute,
    [CODEDB_NODE_INDEX] = ast_starred,
    [CODEDB_NODE_SLICE] = ast_slice,
    [CODEDB_NODE_SUBSCRIPT] = ast_subscript,
    [CODEDB_NODE_PARAM] = ast_param,
    [CODEDB_NODE_PARAMETERS] = ast_parameters,
    [CODEDB_NODE_LAMBDA] = ast_lambda,
    [CODEDB_NODE_CALL] = ast_call,
    [CODEDB_NODE_AWAIT] = ast_await,
    [CODEDB_NODE_IF_EXP] = ast_if_exp,
    [CODEDB_NODE_STARRED_ELEMENT] = ast_starred,
    [CODEDB_NODE_TUPLE] = ast_tuple,
    [CODEDB_NODE_LIST] = ast_list_display,
    [CODEDB_NODE_SET] = ast_set,
    [CODEDB_NODE_DICT] = ast_dict,
    [CODEDB_NODE_COMP_FOR] = ast_comp_for,
    [CODEDB_NODE_GENERATOR_EXP] = ast_generator_exp,
    [CODEDB_NODE_LIST_COMP] = ast_list_comp,
    [CODEDB_NODE_SET_COMP] = ast_set_comp,
    [CODEDB_NODE_DICT_COMP] = ast_dict_comp,
    [CODEDB_NODE_STARRED_DICT_COMP] = ast_starred_dict_comp,
    [CODEDB_NODE_NAMED_EXPR] = ast_named_expr,
    [CODEDB_NODE_DEL] = ast_del,
    [CODEDB_NODE_PASS] = ast_pass,
    [CODEDB_NODE_BREAK] = ast_break,
    [CODEDB_NODE_CONTINUE] = ast_continue,
    [CODEDB_NODE_RETURN] = ast_return,
    [CODEDB_NODE_EXPR] = ast_expr,
    [CODEDB_NODE_IMPORT] = ast_import,
    [CODEDB_NODE_IMPORT_FROM] = ast_import_from,
    [CODEDB_NODE_LAZY_IMPORT] = ast_import,
    [CODEDB_NODE_LAZY_IMPORT_FROM] = ast_import_from,
    [CODEDB_NODE_IMPORT_ALIAS] = ast_import_alias,
    [CODEDB_NODE_IMPORT_STAR] = ast_import_star,
    [CODEDB_NODE_ASSIGN] = ast_assign,
    [CODEDB_NODE_ANN_ASSIGN] = ast_ann_assign,
    [CODEDB_NODE_AUG_ASSIGN] = ast_aug_assign,
    [CODEDB_NODE_RAISE] = ast_raise,
    [CODEDB_NODE_ASSERT] = ast_assert,
    [CODEDB_NODE_GLOBAL] = ast_global,
    [CODEDB_NODE_NONLOCAL] = ast_nonlocal,
    [CODEDB_NODE_TYPE_ALIAS] = ast_type_alias,
    [CODEDB_NODE_IF] = ast_if,
    [CODEDB_NODE_WHILE] = ast_while,
    [CODEDB_NODE_TRY] = ast_try,
    [CODEDB_NODE_TRY_STAR] = ast_try_star,
    [CODEDB_NODE_EXCEPT_HANDLER] = ast_except_handler,
    [CODEDB_NODE_EXCEPT_STAR_HANDLER] = ast_except_handler,
    [CODEDB_NODE_WITH_ITEM] = ast_with_item,
    [CODEDB_NODE_CLASS_DEF] = ast_class_def,
    [CODEDB_NODE_MATCH] = ast_match,
    [CODEDB_NODE_MATCH_CASE] = ast_match_case,
    [CODEDB_NODE_MATCH_VALUE] = ast_match_value,
    [CODEDB_NODE_MATCH_SINGLETON] = ast_match_singleton,
    [CODEDB_NODE_MATCH_STAR] = ast_match_star,
    [CODEDB_NODE_MATCH_LIST] = ast_match_list,
    [CODEDB_NODE_MATCH_TUPLE] = ast_match_tuple,
    [CODEDB_NODE_MATCH_MAPPING] = ast_match_mapping,
    [CODEDB_NODE_MATCH_CLASS] = ast_match_class,
    [CODEDB_NODE_MATCH_AS] = ast_match_as,
    [CODEDB_NODE_MATCH_OR] = ast_match_or,
};

static const ast_step *ast_special_steps(ast_special special)
{
    static const ast_step *const steps[] = {
        [AST_SLICE_TUPLE] = ast_slice_tuple, [AST_STARRED_DEFAULT] = ast_starred_default, [AST_JOINED] = ast_joined,
        [AST_TEMPLATE] = ast_template,       [AST_FORMATTED_VALUE] = ast_formatted_value, [AST_INTERPOLATION] = ast_interpolation,
        [AST_FORMAT_SPEC] = ast_format_spec,
    };
    return steps[special];
}

static const ast_step *ast_steps_of(const codedb_tree *tree, uint32_t node)
{
    bool async = ast_first_token(tree, node) == CODEDB_TOKEN_KEYWORD_ASYNC;
    switch (tree->nodes[node].kind) {
    case CODEDB_NODE_FUNCTION_DEF: return async ? ast_async_function_def : ast_function_def;
    case CODEDB_NODE_FOR: return async ? ast_async_for : ast_for;
    case CODEDB_NODE_WITH: return async ? ast_async_with : ast_with;
    case CODEDB_NODE_ARG: return ast_is_keyword(tree, node) ? ast_keyword : ast_starred;
    case CODEDB_NODE_YIELD:
        return tree->nodes[node].end > node + 1 && tree->nodes[node + 1].kind == CODEDB_NODE_FROM ? ast_yield_from : ast_yield;
    case CODEDB_NODE_TYPE_PARAM:
        switch (tree->nodes[node + 1].kind) {
        case CODEDB_NODE_TYPE_VAR_TUPLE: return ast_type_var_tuple;
        case CODEDB_NODE_PARAM_SPEC: return ast_param_spec;
        default: return ast_type_var;
        }
    default: return ast_steps[tree->nodes[node].kind];
    }
}

/* ---- Writing ------------------------------------------------------------------------------------------------------ */

static void ast_write_child(ast_writer *writer, ast_frame *frame, const ast_step *step)
{
    uint32_t child = ast_child(writer->tree, frame->node, step->field);
    frame->step++;
    if (child == UINT32_MAX)
        AST_PUT(&writer->out, "null");
    else
        ast_visit(writer, child, step->context == AST_SAME ? frame->context : step->context);
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
    ast_end(writer, node->first - wider, node->last + wider + semicolon);
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
    ast_push(writer, ast_module, 0, AST_LOAD);
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
