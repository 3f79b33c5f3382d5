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
    uint32_t text_end;        /* ... and ends */
    uint32_t base_depth;      /* of its statements in the tree: 1 behind such a header */
    uint32_t statement_count; /* lines of small statements, and compound statements; or clauses, or items of a list */
    uint32_t first;           /* node of the first of them; UINT32_MAX when there are only comments */
    uint32_t last;
    bool is_inline; /* one logical line of small statements without comments: may stand among others on a line */
    bool ends_in_comment;
    bool has_line_comment; /* a comment behind code, on whatever line */
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
/* Parses a text that is a part of something: between `before` and `after`. Who calls it finds its nodes. */
CODEDB_PRIVATE codedb_code codedb_snippet_parse_between(const char *before, const char *text, const char *after,
                                                        int target_version, const codedb_allocator *allocator,
                                                        codedb_snippet *snippet, codedb_result *result);
/* Fills what is said of comments, once the nodes are found. */
CODEDB_PRIVATE void codedb_snippet_describe(codedb_snippet *snippet);
CODEDB_PRIVATE const char *codedb_snippet_skip_blanks(const char *text);
/* The first line that is neither blank nor a comment; NULL when there is none. */
CODEDB_PRIVATE const char *codedb_snippet_first_code(const char *text);
/* The indentation that all lines behind the first have at least; 0 when one has none or there is none. */
CODEDB_PRIVATE size_t codedb_snippet_other_indent(const char *text, const char **indent);
/* An error in new code: its place is none in the source. */
typedef struct codedb_code_error {
    codedb_result found; /* its place, and what is wrong there; line 0: there is no place, or no error */
    size_t index;        /* of the code in its edit */
} codedb_code_error;
/* Fails with what was found, or succeeds. */
CODEDB_PRIVATE codedb_code codedb_code_error_tell(codedb_code_error *error, codedb_code code, size_t index,
                                                  codedb_result *result);
/* Writes for an error's `data` which edit it is about, and where in its code. */
CODEDB_PRIVATE void codedb_code_error_blame(const codedb_code_error *error, size_t edit, codedb_buffer *data);
/* Appends the code for its place: no indentation before its first line, no line break behind its last one. */
CODEDB_PRIVATE void codedb_snippet_render(const codedb_snippet *snippet, const codedb_layout *layout, codedb_buffer *out);
/* Whether a statement is a def or a class. */
CODEDB_PRIVATE bool codedb_node_is_definition(const codedb_tree *tree, uint32_t node);

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
CODEDB_PRIVATE codedb_code codedb_splices_report(const codedb_splices *splices, const codedb_allocator *allocator,
                                                 codedb_slice old, const codedb_buffer *source, size_t modified, const char *path,
                                                 codedb_edit_report **report, codedb_result *result);

/* ---- Lists with commas (codedb_list.c) ---------------------------------------------------------------------------- */

/* The tokens of an item, from `first` to before `last`: with its parentheses, without its comma. */
typedef struct codedb_item_range {
    uint32_t first;
    uint32_t last;
} codedb_item_range;

/* Whether a node is an item of such a list: Arg, Param, ImportAlias, Element, DictElement, NameItem, WithItem ... */
CODEDB_PRIVATE bool codedb_list_is_item(const codedb_tree *tree, const uint32_t *parents, uint32_t node);
CODEDB_PRIVATE bool codedb_list_is_item_of(const codedb_tree *tree, uint32_t owner, uint32_t node);
/* Whether an expression is all of such an item: no keyword, star or key stands there with it. */
CODEDB_PRIVATE bool codedb_list_is_all_of_item(const codedb_tree *tree, const uint32_t *parents, uint32_t node);
/* Of an item, or of an AssignTarget without its `=`. */
CODEDB_PRIVATE codedb_item_range codedb_list_item_range(const codedb_tree *tree, uint32_t item);

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

/* ---- Roles (codedb_role.c) ---------------------------------------------------------------------------------------- */

/* What new code is to be where it goes. Items of lists come first, clauses last. */
typedef enum codedb_role {
    CODEDB_ROLE_STATEMENT, /* statements, or one expression */
    CODEDB_ROLE_ARGUMENT,
    CODEDB_ROLE_PARAMETER,
    CODEDB_ROLE_LAMBDA_PARAMETER,
    CODEDB_ROLE_ELEMENT,
    CODEDB_ROLE_DICT_ELEMENT,
    CODEDB_ROLE_SUBSCRIPT,
    CODEDB_ROLE_IMPORT,
    CODEDB_ROLE_IMPORTED_NAME,
    CODEDB_ROLE_NAME,
    CODEDB_ROLE_WITH_ITEM,
    CODEDB_ROLE_TYPE_PARAMETER,
    CODEDB_ROLE_PATTERN,
    CODEDB_ROLE_MAPPING_PATTERN,
    CODEDB_ROLE_CLASS_PATTERN,
    CODEDB_ROLE_TARGET,
    CODEDB_ROLE_DECORATOR,
    CODEDB_ROLE_TRY_CLAUSE,
    CODEDB_ROLE_IF_CLAUSE,
    CODEDB_ROLE_LOOP_CLAUSE,
    CODEDB_ROLE_CASE,
    CODEDB_ROLE_COUNT
} codedb_role;

/* ---- The job of one edit (codedb_edit.c) -------------------------------------------------------------------------- */

#define CODEDB_EDIT_NONE UINT32_MAX
#define CODEDB_EDIT_DEFAULT_UNIT "    "

/* One action on one node. */
typedef struct codedb_edit_operation {
    uint32_t edit;
    uint32_t node;
    uint32_t next; /* the next operation on the same node */
    codedb_edit_action action;
    codedb_role role;
    const codedb_snippet *snippets; /* one for each code of the edit */
    uint32_t comment;               /* offset of the comment that is meant, in `node`; CODEDB_EDIT_NONE: the node is */
    codedb_slice text;              /* of the comment that replaces it */
    bool dropped;                   /* another one that is further out or in stands for it */
    bool unchanged;                 /* the new code is the old one */
} codedb_edit_operation;

enum {
    CODEDB_MARK_DELETED = 1, /* marks of a node */
    CODEDB_MARK_REPLACED = 2,
    CODEDB_MARK_CONCERNED = 4, /* of a block, line or list: something in it is edited */
    CODEDB_MARK_CHECKED = 8    /* of a statement: it can be without the clauses that go */
};

/* An edit's code, parsed in one role. */
typedef struct codedb_edit_code {
    struct codedb_edit_code *next;
    codedb_role role;
    codedb_snippet *snippets;
    size_t count; /* that are parsed */
} codedb_edit_code;

typedef struct codedb_edit_job {
    const codedb_tree *tree;
    const char *file_path; /* the attribute `path`, unless a filter says it; NULL: none */
    codedb_edit *edits;
    size_t edit_count;
    codedb_arena *arena;
    codedb_result *result;
    codedb_edit_code **codes; /* by edit: a list, one for each role */
    uint32_t *parents;
    uint32_t *first_operation; /* by node */
    uint32_t *last_operation;  /* ... of those that it has */
    uint32_t *strings;         /* by node: the innermost f-string around it; NULL until asked for */
    uint8_t *imported;         /* by node: a part of an import's dotted name; made with `strings` */
    uint8_t *marks;            /* by node */
    codedb_edit_operation *operations;
    uint32_t operation_count;
    uint32_t operation_capacity;
    codedb_code_error code_error;
    codedb_edit_operation **comments; /* those of comments, in file order */
    uint32_t comment_count;
    codedb_splices splices;
    codedb_buffer text;   /* of one splice at a time */
    uint32_t first_block; /* the file's first indented one, CODEDB_EDIT_NONE for none */
} codedb_edit_job;

/* A list of statements of which some are edited. */
typedef struct codedb_edit_block {
    uint32_t node;
    uint32_t *items;
    uint32_t count;
    uint32_t last_kept; /* behind the last item that is not deleted */
    bool *heads_group;  /* of a deleted item: siblings that stay follow it without a blank line */
    codedb_slice indent;
    codedb_slice unit;
    int spacing; /* blank lines around a def or class; negative: not yet looked up */
    bool needs_pass;
} codedb_edit_block;

static inline const codedb_node *codedb_edit_node(const codedb_edit_job *job, uint32_t node)
{
    return &job->tree->nodes[node];
}

static inline uint8_t codedb_edit_token_kind(const codedb_edit_job *job, uint32_t token)
{
    return (uint8_t)job->tree->tokens[token].kind;
}

static inline bool codedb_edit_is_deleted(const codedb_edit_job *job, uint32_t node)
{
    return (job->marks[node] & CODEDB_MARK_DELETED) != 0;
}

static inline const codedb_edit *codedb_edit_of(const codedb_edit_job *job, const codedb_edit_operation *operation)
{
    return &job->edits[operation->edit];
}

CODEDB_PRIVATE void codedb_edit_splice(codedb_edit_job *job, const codedb_edit_operation *operation, uint32_t start, uint32_t end,
                                       const char *text, size_t length);
/* Replaces [start, end) by what the buffer holds, and empties that. */
CODEDB_PRIVATE void codedb_edit_splice_text(codedb_edit_job *job, const codedb_edit_operation *operation, uint32_t start,
                                            uint32_t end);
/* Sorts what there is; OVERLAP when two splices change the same text. */
CODEDB_PRIVATE codedb_code codedb_edit_sort_splices(codedb_edit_job *job);
CODEDB_PRIVATE codedb_edit_operation *codedb_edit_next_operation(codedb_edit_job *job, uint32_t *at);
/* Adds to an error which edit it is about. */
CODEDB_PRIVATE codedb_code codedb_edit_blame(const codedb_edit_job *job, codedb_code code, size_t number);
/* Whether a node can go without more: `as b`, `if c` of a comprehension, `{x}` of a string. */
CODEDB_PRIVATE bool codedb_edit_is_part(const codedb_edit_job *job, uint32_t node);
CODEDB_PRIVATE codedb_code codedb_edit_fail_node(const codedb_edit_job *job, codedb_code code, uint32_t node,
                                                 const char *message);
CODEDB_PRIVATE const codedb_snippet *codedb_edit_last_snippet(const codedb_edit_job *job, const codedb_edit_operation *operation);
/* Whether the new code has a comment behind code, so that the old one does not stay. */
CODEDB_PRIVATE bool codedb_edit_has_line_comment(const codedb_edit_job *job, const codedb_edit_operation *operation);
CODEDB_PRIVATE bool codedb_edit_is_inline(const codedb_edit_job *job, const codedb_edit_operation *operation);

/* The role of new code for a (lifted) target. */
CODEDB_PRIVATE codedb_role codedb_role_of(const codedb_edit_job *job, uint32_t node, codedb_edit_action action);
/* The role of what stands in a list: `first` and `last` in a call are arguments. CODEDB_ROLE_STATEMENT: the node is no list. */
CODEDB_PRIVATE codedb_role codedb_role_of_owner(const codedb_edit_job *job, uint32_t owner);
/* Whether its text is parsed in brackets, and may have lines. */
CODEDB_PRIVATE bool codedb_role_is_bracketed(codedb_role role);
/* Parses new code in a role. PARSE_ERROR: its place, if it has one, is in `text`. */
CODEDB_PRIVATE codedb_code codedb_role_parse(codedb_role role, const char *text, int target_version,
                                             const codedb_allocator *allocator, codedb_snippet *snippet, codedb_result *result);

/* Adds the splices for all that is done in the list of `owner`; what nobody in particular asked for is `leader`'s. */
CODEDB_PRIVATE codedb_code codedb_list_edit(codedb_edit_job *job, uint32_t owner, codedb_edit_operation *leader);
/* The same for the targets of an assignment: `a = b = 1`. */
CODEDB_PRIVATE codedb_code codedb_list_edit_targets(codedb_edit_job *job, uint32_t statement, codedb_edit_operation *leader);

/* ---- Expressions (codedb_operand.c) ------------------------------------------------------------------------------- */

/* The expression that the new code is; UINT32_MAX when it is anything else. */
CODEDB_PRIVATE uint32_t codedb_operand_of(const codedb_snippet *snippet);
/* Why that expression cannot stand in the place of `node`; NULL when it can. */
CODEDB_PRIVATE const char *codedb_operand_fault(const codedb_edit_job *job, uint32_t node, const codedb_snippet *snippet,
                                                bool new_f_strings);
/* Appends the expression for the place of `node`, with parentheses and blanks as they are due. */
CODEDB_PRIVATE void codedb_operand_write(const codedb_edit_job *job, uint32_t node, const codedb_snippet *snippet,
                                         const codedb_layout *layout, bool new_f_strings, codedb_buffer *out);
/* Puts a blank before and behind what the buffer has from `mark` on, where it would become one token with what is around
 * [start, end). */
CODEDB_PRIVATE void codedb_operand_separate(const codedb_tree *tree, uint32_t start, uint32_t end, size_t mark,
                                            codedb_buffer *out);

/* ---- Places (codedb_edit_lines.c) --------------------------------------------------------------------------------- */

/* Looked up, as all that is edited may stand on one line. */
CODEDB_PRIVATE uint32_t codedb_edit_line_start(const codedb_edit_job *job, uint32_t offset);
/* Where the line that `offset` is on ends, its line break left out. */
CODEDB_PRIVATE uint32_t codedb_edit_line_break(const codedb_edit_job *job, uint32_t offset);
CODEDB_PRIVATE uint32_t codedb_edit_next_line(const codedb_edit_job *job, uint32_t offset);
CODEDB_PRIVATE uint32_t codedb_edit_start(const codedb_edit_job *job, uint32_t node);
CODEDB_PRIVATE codedb_slice codedb_edit_indent_at(const codedb_edit_job *job, uint32_t offset);
/* The NEWLINE token behind a statement. */
CODEDB_PRIVATE uint32_t codedb_edit_newline_token(const codedb_edit_job *job, uint32_t node);
/* The end of a statement's last token; a semicolon behind it is one. */
CODEDB_PRIVATE uint32_t codedb_edit_content_end(const codedb_edit_job *job, uint32_t node);
CODEDB_PRIVATE bool codedb_edit_starts_with(codedb_slice text, codedb_slice prefix);
/* Behind the comment lines from `offset` on that are indented at least as `indent`, or deeper with `deeper`. */
CODEDB_PRIVATE uint32_t codedb_edit_skip_footer(const codedb_edit_job *job, uint32_t offset, codedb_slice indent, bool deeper);
/* Behind the last line of a statement; comments at the end of its block are in it. */
CODEDB_PRIVATE uint32_t codedb_edit_end(const codedb_edit_job *job, uint32_t node);
/* The line break at `offset`, or the file's first one, or "\n". */
CODEDB_PRIVATE codedb_slice codedb_edit_newline_at(const codedb_edit_job *job, uint32_t offset);
CODEDB_PRIVATE codedb_slice codedb_edit_newline_of(const codedb_edit_job *job, uint32_t node);
/* The offset without the line break before it. */
CODEDB_PRIVATE uint32_t codedb_edit_before_break(const codedb_edit_job *job, uint32_t offset);
/* Where the blank and comment lines above a statement begin. */
CODEDB_PRIVATE uint32_t codedb_edit_gap_start(const codedb_edit_job *job, uint32_t node);
/* The first of the comment lines that stand directly above a statement with its indentation; its own line when there is none. The
 * module's first block of comments is nobody's. */
CODEDB_PRIVATE uint32_t codedb_edit_attached_start(const codedb_edit_job *job, uint32_t node);
/* Behind the blank lines that begin at `offset`. */
CODEDB_PRIVATE uint32_t codedb_edit_skip_blank_lines(const codedb_edit_job *job, uint32_t offset, int *count);
/* Where the blank lines that end at `offset` begin; `limit` is the end of the statement before. */
CODEDB_PRIVATE uint32_t codedb_edit_blank_lines_before(const codedb_edit_job *job, uint32_t offset, uint32_t limit, int *count);
/* Whether no blank line stands between two siblings. */
CODEDB_PRIVATE bool codedb_edit_are_adjacent(const codedb_edit_job *job, uint32_t node, uint32_t next);
/* The blank lines around a def or class that is put between items `before` and `next` (CODEDB_EDIT_NONE: none there): as they are at that
 * place, else as at the block's first def, else as the style guide has it. */
CODEDB_PRIVATE int codedb_edit_spacing(const codedb_edit_job *job, codedb_edit_block *block, uint32_t before, uint32_t next);

/* ---- Statements in blocks (codedb_edit_block.c) ------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_edit_write_slice(codedb_edit_job *job, codedb_slice slice);
/* Appends all of the operation's new code; blank lines go between two of which one is a def or class. */
CODEDB_PRIVATE void codedb_edit_write_code(codedb_edit_job *job, const codedb_edit_operation *operation,
                                           const codedb_layout *layout, int spacing);
CODEDB_PRIVATE codedb_layout codedb_edit_layout(const codedb_edit_block *block, codedb_slice newline);
/* One level of indentation around `node`, by the nearest block; the file's first when that is the module. */
CODEDB_PRIVATE codedb_slice codedb_edit_unit_of(const codedb_edit_job *job, uint32_t node);
CODEDB_PRIVATE bool codedb_edit_take_block(codedb_edit_job *job, uint32_t node);

/* ---- Statements on one line (codedb_edit_suite.c) ----------------------------------------------------------------- */

/* Whether new code needs a line of its own. */
CODEDB_PRIVATE bool codedb_edit_line_needs_lines(codedb_edit_job *job, uint32_t line);
/* Writes a line with edited items anew. A line whose items are all deleted was marked as deleted before; a suite gets `pass`. */
CODEDB_PRIVATE void codedb_edit_rewrite_line(codedb_edit_job *job, uint32_t node);

/* ---- Clauses (codedb_edit_clause.c) ------------------------------------------------------------------------------- */

/* Decorator, else, elif, handler, finally, case: lines of their own that belong to a statement. */
CODEDB_PRIVATE bool codedb_edit_is_clause(const codedb_edit_job *job, uint32_t node);
/* Behind the last node of the clause: an elif ends with its body, the rest of the chain is not its own. */
CODEDB_PRIVATE uint32_t codedb_edit_clause_end(const codedb_edit_job *job, uint32_t node);
CODEDB_PRIVATE codedb_code codedb_edit_take_clause(codedb_edit_job *job, codedb_edit_operation *operation);
CODEDB_PRIVATE bool codedb_edit_is_elif(const codedb_edit_job *job, uint32_t node);

/* ---- Comments (codedb_edit_comment.c) ----------------------------------------------------------------------------- */

/* Makes an operation of a match that is a comment, at that offset in `node`. `text` is the new code; NULL for a deletion. */
CODEDB_PRIVATE codedb_code codedb_edit_take_comment(codedb_edit_job *job, uint32_t number, uint32_t node, uint32_t comment,
                                                    const char *text);
/* Settles what is to be done with comments that are edited twice, or stand in what is replaced. */
CODEDB_PRIVATE codedb_code codedb_edit_settle_comments(codedb_edit_job *job);
/* Adds the splices of comments to all others. */
CODEDB_PRIVATE codedb_code codedb_edit_take_comments(codedb_edit_job *job);

/* ---- Captures in new code (codedb_template.c) --------------------------------------------------------------------- */

struct codedb_captured;
/* Appends the code for a match: `row` is one of captured->rows. VALIDATION_ERROR for braces that are no capture. */
CODEDB_PRIVATE codedb_code codedb_template_expand(const codedb_edit_job *job, const char *text,
                                                  const struct codedb_captured *captured, const uint32_t *row,
                                                  codedb_buffer *out);

/* ---- Targets (codedb_edit_target.c) ------------------------------------------------------------------------------- */

/* The node on which an action on `node` really works: a small statement alone on its line is the line, an expression that is a whole
 * statement goes as one, and "inside a statement" is inside its body. */
CODEDB_PRIVATE uint32_t codedb_edit_lift(const codedb_edit_job *job, uint32_t node, const codedb_edit *edit);
/* Finds what one edit is about. */
CODEDB_PRIVATE codedb_code codedb_edit_resolve(codedb_edit_job *job, uint32_t number);
/* A new operation that no node has in its list; NULL without memory. */
CODEDB_PRIVATE codedb_edit_operation *codedb_edit_append_operation(codedb_edit_job *job, uint32_t edit, uint32_t node);
CODEDB_PRIVATE void codedb_edit_drop_operations(codedb_edit_job *job, uint32_t node);
/* What is chosen for a node inside another; CODEDB_OVERLAP_ERROR: nothing is. */
CODEDB_PRIVATE codedb_overlap codedb_edit_overlap_of(codedb_edit_job *job, uint32_t node);
/* Marks all nodes with operations, and lets none stand inside one that goes. */
CODEDB_PRIVATE codedb_code codedb_edit_check_overlaps(codedb_edit_job *job);

/* ---- Node ids that stay (codedb_identity.c) ----------------------------------------------------------------------- */

/* The ids of all nodes of one tree. */
typedef struct codedb_identities codedb_identities;
/* Of a source that has not changed since it was stored first. All of these: NULL without memory. */
CODEDB_PRIVATE codedb_identities *codedb_identities_create(const codedb_allocator *allocator, const char *hash);
CODEDB_PRIVATE void codedb_identities_write(const codedb_identities *identities, codedb_buffer *out);
/* Of the source after a change. `replaced` (NULL: none) marks old nodes that have no successor. */
CODEDB_PRIVATE codedb_identities *codedb_identities_carry(const codedb_identities *old, const codedb_tree *old_tree,
                                                          const codedb_tree *new_tree, const codedb_changed_ranges *ranges,
                                                          const uint8_t *replaced, const char *new_hash);
/* Whether the last change has brought the node. */
CODEDB_PRIVATE bool codedb_identities_is_new(const codedb_identities *identities, uint32_t node);
/* The node with that id, or UINT32_MAX. */
CODEDB_PRIVATE uint32_t codedb_identities_find(const codedb_identities *identities, uint32_t node_count, const char *id);

/* ---- The whole edit (codedb_edit.c) ------------------------------------------------------------------------------- */

/* Reads one edit of the host. What stands behind its filter stands where the host's version of the filter ends: both structs may
 * have grown since. False when a struct_size is none. */
CODEDB_PRIVATE bool codedb_edit_read(codedb_edit *edit, const codedb_edit *given);
/* codedb_tree_edit that also hands out the tree of the new source, freed with codedb_tree_free, and, when the tree has ids that stay,
 * those of the new one: freed with codedb_identities_free. Both may be NULL. `file_path` (may be
 * NULL) is the attribute `path` for filters without one. */
CODEDB_PRIVATE codedb_code codedb_edit_apply(const codedb_tree *tree, const codedb_edit *edits, size_t edit_count,
                                             const char *path, const char *file_path, codedb_edit_report **report,
                                             codedb_tree **edited, codedb_identities **identities, codedb_result *result);

#endif
