/* codedb_ast.h -- what codedb_ast.c and codedb_ast_literal.c share: the output of the ast writer, and positions.
 *
 * Included by those two files only. Output goes into a piece of a few KiB that is handed to `write` when it is full. */
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
    bool stopped;                /* `write` wants no more */
    bool failed;                 /* no memory */
    char piece[CODEDB_AST_PIECE];
} codedb_ast_output;

/* A part of the source, and with it the position of a node. */
typedef struct codedb_ast_span {
    uint32_t start; /* byte offsets */
    uint32_t end;
    uint32_t start_line; /* indexes in line_starts */
    uint32_t end_line;
} codedb_ast_span;

/* ---- codedb_ast.c ------------------------------------------------------------------------------------------------- */

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
/* The joined value of the string literals and f-string texts among the nodes from `from` up to `to`, and behind them, when `first` <
 * `last`, of the source text before token `first` up to token `last` as it is written. */
CODEDB_PRIVATE void codedb_ast_put_text(codedb_ast_output *out, uint32_t from, uint32_t to, uint32_t first, uint32_t last);
/* Whether that value is empty. */
CODEDB_PRIVATE bool codedb_ast_text_is_empty(const codedb_ast_output *out, uint32_t from, uint32_t to);
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

#endif
