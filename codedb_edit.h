/* codedb_edit.h -- what the files of the edit engine share.
 *
 *   new code -> codedb_snippet.c -> re-indented text -> codedb_edit.c -> splices -> codedb_splice.c -> new source -> report */
#ifndef CODEDB_EDIT_H
#define CODEDB_EDIT_H

#include "codedb_tree.h"

/* ---- New code (codedb_snippet.c) ---------------------------------------------------------------------------------- */

/* New statements: parsed once, rendered once for each place they go to. */
typedef struct codedb_snippet {
    codedb_tree *tree;        /* of the text, behind a header line when the text is indented */
    uint32_t text_start;      /* where the text begins in the tree's source */
    uint32_t base_depth;      /* of its statements in the tree: 1 behind such a header */
    uint32_t statement_count; /* lines of small statements, and compound statements */
    uint32_t first;           /* node of the first statement; UINT32_MAX when there are only comments */
    uint32_t last;
    bool is_inline; /* one logical line of small statements without comments: may stand among others on a line */
    bool ends_in_comment;
    bool has_line_comment; /* a comment behind its first logical line */
} codedb_snippet;

/* How the place looks where new code goes. */
typedef struct codedb_layout {
    codedb_slice indent; /* of the block */
    codedb_slice unit;   /* one level deeper; text is NULL: the new code's own */
    codedb_slice newline;
    bool keep_docstring;  /* lines of docstrings are left as they are */
    codedb_slice comment; /* to be put behind the first logical line, its blanks included; may be empty */
} codedb_layout;

/* Parses new statements. They may be indented, all alike; or all but the first line. PARSE_ERROR: the place is in `text`. */
CODEDB_PRIVATE codedb_code codedb_snippet_parse(const char *text, int target_version, const codedb_allocator *allocator,
                                                codedb_snippet *snippet, codedb_result *result);
CODEDB_PRIVATE void codedb_snippet_free(codedb_snippet *snippet);
/* Appends the code for its place: no indentation before its first line, no line break behind its last one. */
CODEDB_PRIVATE void codedb_snippet_render(const codedb_snippet *snippet, const codedb_layout *layout, codedb_buffer *out);
/* Whether a statement is a def or a class. */
CODEDB_PRIVATE bool codedb_node_is_definition(const codedb_tree *tree, uint32_t node);

/* ---- Expressions (codedb_operand.c) ------------------------------------------------------------------------------- */

/* The expression that the new code is; UINT32_MAX when it is anything else. */
CODEDB_PRIVATE uint32_t codedb_operand_of(const codedb_snippet *snippet);
/* Why that expression cannot stand in the place of `node`; NULL when it can. */
CODEDB_PRIVATE const char *codedb_operand_fault(const codedb_tree *tree, const uint32_t *parents, uint32_t node,
                                                const codedb_snippet *snippet);
/* Appends the expression for the place of `node`, with parentheses and blanks as they are due. */
CODEDB_PRIVATE void codedb_operand_write(const codedb_tree *tree, const uint32_t *parents, uint32_t node,
                                         const codedb_snippet *snippet, const codedb_layout *layout, codedb_buffer *out);

/* ---- Splices (codedb_splice.c) ------------------------------------------------------------------------------------ */

/* One replacement of bytes of the old source. */
typedef struct codedb_splice {
    uint32_t start;
    uint32_t end;
    uint32_t depth;     /* of an insertion: of its block; at one offset, the deeper ones come first */
    uint32_t operation; /* who asked for it; at one offset and depth, they stand in this order */
    uint32_t sequence;  /* ... and then in this */
    codedb_slice text;
} codedb_splice;

typedef struct codedb_splices {
    codedb_arena *arena;
    codedb_splice *items;
    uint32_t count;
    uint32_t capacity;
    bool failed; /* no memory; sticky */
} codedb_splices;

/* Copies the text. */
CODEDB_PRIVATE void codedb_splices_add(codedb_splices *splices, uint32_t operation, uint32_t depth, uint32_t start, uint32_t end,
                                       const char *text, size_t length);
/* Sorts, and drops those that change nothing. False when two overlap: then *overlapping is the later one. */
CODEDB_PRIVATE bool codedb_splices_sort(codedb_splices *splices, const char *source, const codedb_splice **overlapping);
/* Appends the new source. */
CODEDB_PRIVATE void codedb_splices_apply(const codedb_splices *splices, const char *source, size_t length, codedb_buffer *out);
/* Makes the report (root block of an arena of its own). `modified` is the number of nodes. */
CODEDB_PRIVATE codedb_code codedb_splices_report(const codedb_splices *splices, const codedb_tree *tree,
                                                 const codedb_buffer *source, size_t modified, const char *path,
                                                 codedb_edit_report **report, codedb_result *result);

/* ---- Lists with commas (codedb_list.c) ---------------------------------------------------------------------------- */

/* Whether a node is an item of such a list: Arg, ImportAlias, Element, DictElement, NameItem, WithItem ... */
CODEDB_PRIVATE bool codedb_list_is_item(const codedb_tree *tree, const uint32_t *parents, uint32_t node);
/* Whether all items of `owner` are marked in `deleted` (by node). */
CODEDB_PRIVATE bool codedb_list_is_emptied(const codedb_tree *tree, const uint32_t *parents, const uint8_t *deleted,
                                           uint32_t owner);
/* Adds the splices that take the marked items out of the list of `owner`. Why that cannot be, or NULL. */
CODEDB_PRIVATE const char *codedb_list_delete(const codedb_tree *tree, const uint32_t *parents, const uint8_t *deleted,
                                              uint32_t owner, uint32_t operation, codedb_splices *splices);

/* ---- What CPython's compiler refuses (codedb_context.c) ----------------------------------------------------------- */

/* Whether a small statement is `from __future__ import ...`. */
CODEDB_PRIVATE bool codedb_context_is_future(const codedb_tree *tree, uint32_t statement);
/* The first such statement that is not at the beginning of the file; UINT32_MAX when there is none. */
CODEDB_PRIVATE uint32_t codedb_context_misplaced_future(const codedb_tree *tree);
/* Checks those nodes of an edited tree that begin in one of the ranges (pairs of start and end, in order): `return` outside a
 * def, `break` outside a loop ...; with `check_future`, that all `from __future__` stand at the beginning. VALIDATION_ERROR with
 * the place. */
CODEDB_PRIVATE codedb_code codedb_context_check(const codedb_tree *tree, const size_t *ranges, size_t range_count,
                                                bool check_future, codedb_result *result);

/* ---- The whole edit (codedb_edit.c) ------------------------------------------------------------------------------- */

/* codedb_tree_edit that also hands out the tree of the new source: freed with codedb_tree_free. `edited` may be NULL. */
CODEDB_PRIVATE codedb_code codedb_edit_apply(const codedb_tree *tree, const codedb_edit *edits, size_t edit_count,
                                             const char *path, codedb_edit_report **report, codedb_tree **edited,
                                             codedb_result *result);

#endif
