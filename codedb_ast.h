/* codedb_ast.h -- what the files of the ast writer share: its output, the steps of a node, frames.
 *
 *   codedb_ast.c           output, positions, the stack of frames, the loop
 *   codedb_ast_nodes.c     the steps of each class of node
 *   codedb_ast_fstring.c   strings that are joined, f-strings and t-strings
 *   codedb_ast_literal.c   the values of constants
 *
 * Included by those files only. Output goes into a piece of a few KiB that is handed to `write` when it is full. */
#ifndef CODEDB_AST_H
#define CODEDB_AST_H

#include "codedb_tree.h"

#include <string.h>

#define CODEDB_AST_PIECE 16384u
/* Room that ast_room makes sure of: more than any fixed text, and more than a position. */
#define CODEDB_AST_ROOM 256u

typedef struct codedb_ast_output {
    const codedb_tree *tree;
    codedb_write_function write;
    void *context;
    const uint32_t *token_lines; /* of each token: the index in line_starts of the line that it begins on */
    size_t used;
    bool stopped; /* `write` wants no more */
    bool failed;  /* no memory */
    char piece[CODEDB_AST_PIECE];
} codedb_ast_output;

/* A part of the source, and with it the position of a node. */
typedef struct codedb_ast_span {
    uint32_t start; /* byte offsets */
    uint32_t end;
    uint32_t start_line; /* indexes in line_starts */
    uint32_t end_line;
} codedb_ast_span;

/* ---- Output and positions: codedb_ast.c ------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_ast_flush(codedb_ast_output *out);
CODEDB_PRIVATE void codedb_ast_put_long(codedb_ast_output *out, const char *bytes, size_t length);
/* The part from the start of token `first` to the end of token `last - 1`. */
CODEDB_PRIVATE codedb_ast_span codedb_ast_span_of(const codedb_ast_output *out, uint32_t first, uint32_t last);
/* The line of an offset that lies on `line` or behind it. */
CODEDB_PRIVATE uint32_t codedb_ast_line_behind(const codedb_tree *tree, uint32_t line, uint32_t offset);
/* ,"lineno":1,"col_offset":0,"end_lineno":1,"end_col_offset":2} */
CODEDB_PRIVATE void codedb_ast_put_span(codedb_ast_output *out, codedb_ast_span span);
CODEDB_PRIVATE void codedb_ast_put_number(codedb_ast_output *out, uint64_t number);

/* ---- codedb_ast_literal.c: values of constants -------------------------------------------------------------------- */

/* The value of the NUMBER token. */
CODEDB_PRIVATE void codedb_ast_put_numeral(codedb_ast_output *out, uint32_t token);
/* An identifier as a JSON string: in NFKC, as CPython makes it. */
CODEDB_PRIVATE void codedb_ast_put_identifier(codedb_ast_output *out, uint32_t token);
/* The same without quotes. */
CODEDB_PRIVATE void codedb_ast_put_identifier_text(codedb_ast_output *out, uint32_t token);
/* Adjacent pieces of strings: the literals and f-string texts among the nodes from `from` up to `to`. */
typedef struct codedb_ast_run {
    uint32_t from;
    uint32_t to;
    uint32_t literal; /* the f-string that a text at the beginning stands in */
} codedb_ast_run;

/* Their joined value, and behind it, when `first` < `last`, the source text before token `first` up to token `last` as it is written. */
CODEDB_PRIVATE void codedb_ast_put_text(codedb_ast_output *out, codedb_ast_run run, uint32_t first, uint32_t last);
/* The first of them that is to be seen, UINT32_MAX when none is, and where the last one ends: a text that is nothing but a continued line
 * is not seen. */
CODEDB_PRIVATE void codedb_ast_find_pieces(const codedb_ast_output *out, codedb_ast_run run, uint32_t *first, uint32_t *end);
/* Whether the joined value is empty. */
CODEDB_PRIVATE bool codedb_ast_text_is_empty(const codedb_ast_output *out, codedb_ast_run run);
/* The joined value of the bytes literals among those nodes. */
CODEDB_PRIVATE void codedb_ast_put_bytes(codedb_ast_output *out, uint32_t from, uint32_t to);
/* A part of the source, within a JSON string: line breaks made \n, comments left out. `token` is the first one in it. */
CODEDB_PRIVATE void codedb_ast_put_source(codedb_ast_output *out, uint32_t token, uint32_t start, uint32_t end);

/* ---- Output ------------------------------------------------------------------------------------------------------- */

/* Room for CODEDB_AST_ROOM bytes. */
static inline char *ast_room(codedb_ast_output *out)
{
    if (CODEDB_UNLIKELY(CODEDB_AST_PIECE - out->used < CODEDB_AST_ROOM))
        codedb_ast_flush(out);
    return out->piece + out->used;
}

/* `length` is at most CODEDB_AST_ROOM. */
static inline void ast_put(codedb_ast_output *out, const char *bytes, size_t length)
{
    memcpy(ast_room(out), bytes, length);
    out->used += length;
}

static inline void ast_put_any(codedb_ast_output *out, const char *bytes, size_t length)
{
    if (CODEDB_LIKELY(length <= CODEDB_AST_ROOM))
        ast_put(out, bytes, length);
    else
        codedb_ast_put_long(out, bytes, length);
}

#define AST_PUT(out, text) ast_put(out, text, sizeof(text) - 1)

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

/* ---- codedb_ast.c ------------------------------------------------------------------------------------------------- */

/* Begins to write a node of the tree with these steps. */
CODEDB_PRIVATE void codedb_ast_push(ast_writer *writer, const ast_step *steps, uint32_t node, unsigned context);
/* Ends the uppermost frame's node: its position is that of the tokens from `first` up to `last`. */
CODEDB_PRIVATE void codedb_ast_end(ast_writer *writer, uint32_t first, uint32_t last);
/* Writes a node at once, or pushes the frame that does. */
CODEDB_PRIVATE void codedb_ast_visit(ast_writer *writer, uint32_t node, unsigned context);
/* The operator that a node of that kind is. */
CODEDB_PRIVATE void codedb_ast_put_operator(ast_writer *writer, unsigned kind);
/* None, True or False. */
CODEDB_PRIVATE void codedb_ast_put_singleton(codedb_ast_output *out, codedb_token_kind kind);

/* Begins the list of the nodes from `from` up to `to`. */
CODEDB_PRIVATE void codedb_ast_list_begin(ast_writer *writer, ast_frame *frame, uint32_t from, uint32_t to);
/* Goes on with a list until an item pushes a frame, or to its end. Its items are the nodes with that role, if one is given, or what the
 * step's `pick` makes of them. */
CODEDB_PRIVATE void codedb_ast_list_continue(ast_writer *writer, ast_frame *frame, unsigned field);
/* The comma before every item but the first. */
CODEDB_PRIVATE void codedb_ast_list_separate(ast_writer *writer, ast_frame *frame);
/* Ends it, and moves on to the next step. */
CODEDB_PRIVATE void codedb_ast_list_end(ast_writer *writer, ast_frame *frame);

/* ---- codedb_ast_nodes.c ------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE const ast_step *codedb_ast_steps_of(const codedb_tree *tree, uint32_t node);
CODEDB_PRIVATE const ast_step *codedb_ast_special_steps(ast_special special);

/* ---- codedb_ast_fstring.c ----------------------------------------------------------------------------------------- */

/* Adjacent literals: a Constant, JoinedStr or TemplateStr. */
CODEDB_PRIVATE void codedb_ast_visit_strings(ast_writer *writer, uint32_t node);
/* What the steps of strings call. */
CODEDB_PRIVATE void codedb_ast_call_values(ast_writer *writer, ast_frame *frame);
CODEDB_PRIVATE void codedb_ast_call_spec_values(ast_writer *writer, ast_frame *frame);
CODEDB_PRIVATE void codedb_ast_call_conversion(ast_writer *writer, ast_frame *frame);
CODEDB_PRIVATE void codedb_ast_call_interpolation_text(ast_writer *writer, ast_frame *frame);
CODEDB_PRIVATE void codedb_ast_call_format_spec(ast_writer *writer, ast_frame *frame);
CODEDB_PRIVATE void codedb_ast_call_field_end(ast_writer *writer, ast_frame *frame);
CODEDB_PRIVATE void codedb_ast_call_spec_end(ast_writer *writer, ast_frame *frame);

/* ---- The tree ----------------------------------------------------------------------------------------------------- */

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

/* Whether the node is an Arg with * or **, or an Index with *. */
static inline bool ast_is_starred(const codedb_tree *tree, uint32_t node)
{
    codedb_token_kind kind = ast_first_token(tree, node);
    if (kind != CODEDB_TOKEN_STAR && kind != CODEDB_TOKEN_DOUBLE_STAR)
        return false;
    /* In `f(*a for a in b)` the star is the generator's. */
    return tree->nodes[node].kind != CODEDB_NODE_ARG || tree->nodes[node + 1].first != tree->nodes[node].first;
}

static inline codedb_ast_span ast_span_of_node(const ast_writer *writer, uint32_t node)
{
    return codedb_ast_span_of(&writer->out, writer->tree->nodes[node].first, writer->tree->nodes[node].last);
}

#endif
