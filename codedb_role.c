/* codedb_role.c -- new code that is a part of something: an argument, a parameter, a handler, a decorator ...
 *
 * Called by codedb_edit_target.c, which asks for the role of a target and parses the new code in it. Calls codedb_snippet.c. Any thread.
 *
 * A part is no Python by itself: it is parsed between two texts that make it some, `f(` and `)` say. That the text does not reach
 * beyond its role (`1), g(2`) is seen from the nodes: they begin with the text's first token and end with its last one.
 *
 * Invariants
 * 1. Items of lists are parsed in brackets, wherever Python has brackets there: their lines are continuation lines.
 * 2. Clauses are parsed at the indentation that they have; only a case without any is indented first, its strings excepted. */
#include "codedb_edit.h"

#include <stdio.h>
#include <string.h>

/* How the text of a role is parsed. */
typedef struct role_form {
    const char *name;
    const char *before; /* of clauses: each line at the indentation of the text */
    const char *after;
    const char *expected;   /* of items: what the parser says where the text goes on behind them */
    codedb_node_kind owner; /* the first node of this kind is the one that has the parts */
} role_form;

static const role_form *role_form_of(codedb_role role)
{
    static const role_form forms[CODEDB_ROLE_COUNT] = {
        [CODEDB_ROLE_ARGUMENT] = {"an argument", "f(\n", "\n)\n", "expected ')'", CODEDB_NODE_CALL},
        [CODEDB_ROLE_PARAMETER] = {"a parameter", "def f(\n", "\n): pass\n", "expected ')'", CODEDB_NODE_PARAMETERS},
        [CODEDB_ROLE_LAMBDA_PARAMETER] = {"a parameter", "(lambda\n", "\n: 0)\n", "expected ':'", CODEDB_NODE_PARAMETERS},
        [CODEDB_ROLE_ELEMENT] = {"an element", "[\n", "\n]\n", "expected ']'", CODEDB_NODE_LIST},
        [CODEDB_ROLE_DICT_ELEMENT] = {"an element of a dict", "{\n", "\n}\n", "expected '}'", CODEDB_NODE_DICT},
        [CODEDB_ROLE_SUBSCRIPT] = {"an element of a subscript", "a[\n", "\n]\n", "expected ']'", CODEDB_NODE_SUBSCRIPT},
        [CODEDB_ROLE_IMPORT] = {"an imported module", "import ", "\n", "expected newline", CODEDB_NODE_IMPORT},
        [CODEDB_ROLE_IMPORTED_NAME] = {"an imported name", "from a import (\n", "\n)\n", "expected ')'", CODEDB_NODE_IMPORT_FROM},
        [CODEDB_ROLE_NAME] = {"a name", "global ", "\n", "expected newline", CODEDB_NODE_GLOBAL},
        [CODEDB_ROLE_WITH_ITEM] = {"an item of a with", "with ", ": pass\n", "expected ':'", CODEDB_NODE_WITH},
        [CODEDB_ROLE_TYPE_PARAMETER] = {"a type parameter", "class A[\n", "\n]: pass\n", "expected ']'",
                                        CODEDB_NODE_TYPE_PARAMETERS},
        [CODEDB_ROLE_PATTERN] = {"an element of a pattern", "match 0:\n case [\n", "\n]: pass\n", "expected ']'",
                                 CODEDB_NODE_MATCH_LIST},
        [CODEDB_ROLE_MAPPING_PATTERN] = {"an element of a mapping pattern", "match 0:\n case {\n", "\n}: pass\n", "expected '}'",
                                         CODEDB_NODE_MATCH_MAPPING},
        [CODEDB_ROLE_CLASS_PATTERN] = {"an element of a class pattern", "match 0:\n case A(\n", "\n): pass\n", "expected ')'",
                                       CODEDB_NODE_MATCH_CLASS},
        [CODEDB_ROLE_TARGET] = {"a target of an assignment", "", " = 0\n", "expected '='", CODEDB_NODE_ASSIGN},
        [CODEDB_ROLE_DECORATOR] = {"a decorator", "", "def f(): pass\n", NULL, CODEDB_NODE_FUNCTION_DEF},
        [CODEDB_ROLE_TRY_CLAUSE] = {"a clause of a try", "try: pass\n", "", NULL, CODEDB_NODE_TRY},
        [CODEDB_ROLE_IF_CLAUSE] = {"a clause of an if", "if 1: pass\n", "", NULL, CODEDB_NODE_IF},
        [CODEDB_ROLE_LOOP_CLAUSE] = {"a clause of a loop", "while 1: pass\n", "", NULL, CODEDB_NODE_WHILE},
        [CODEDB_ROLE_CASE] = {"a case", "match 0:\n", "", NULL, CODEDB_NODE_MATCH},
    };
    return &forms[role];
}

static codedb_role role_of_item(const codedb_edit_job *job, uint32_t node)
{
    uint32_t owner = job->parents[node];
    switch (codedb_edit_node(job, node)->kind) {
    case CODEDB_NODE_ARG: return CODEDB_ROLE_ARGUMENT;
    case CODEDB_NODE_IMPORT_ALIAS: {
        uint8_t kind = codedb_edit_node(job, owner)->kind;
        return kind == CODEDB_NODE_IMPORT || kind == CODEDB_NODE_LAZY_IMPORT ? CODEDB_ROLE_IMPORT : CODEDB_ROLE_IMPORTED_NAME;
    }
    case CODEDB_NODE_DICT_ELEMENT:
    case CODEDB_NODE_STARRED_DICT_ELEMENT: return CODEDB_ROLE_DICT_ELEMENT;
    case CODEDB_NODE_IMPORT_STAR: return CODEDB_ROLE_IMPORTED_NAME;
    case CODEDB_NODE_TYPE_PARAM: return CODEDB_ROLE_TYPE_PARAMETER;
    case CODEDB_NODE_MATCH_MAPPING_ELEMENT: return CODEDB_ROLE_MAPPING_PATTERN;
    case CODEDB_NODE_MATCH_KEYWORD_ELEMENT: return CODEDB_ROLE_CLASS_PATTERN;
    case CODEDB_NODE_MATCH_STAR:
    case CODEDB_NODE_MATCH_SEQUENCE_ELEMENT:
        return codedb_edit_node(job, owner)->kind == CODEDB_NODE_MATCH_CLASS ? CODEDB_ROLE_CLASS_PATTERN : CODEDB_ROLE_PATTERN;
    case CODEDB_NODE_NAME_ITEM: return CODEDB_ROLE_NAME;
    case CODEDB_NODE_WITH_ITEM: return CODEDB_ROLE_WITH_ITEM;
    case CODEDB_NODE_SUBSCRIPT_ELEMENT: return CODEDB_ROLE_SUBSCRIPT;
    case CODEDB_NODE_PARAM:
    case CODEDB_NODE_PARAM_STAR:
    case CODEDB_NODE_PARAM_SLASH: return codedb_role_of_owner(job, owner);
    default: return CODEDB_ROLE_ELEMENT;
    }
}

CODEDB_PRIVATE codedb_role codedb_role_of_owner(const codedb_edit_job *job, uint32_t owner)
{
    switch (codedb_edit_node(job, owner)->kind) {
    case CODEDB_NODE_CALL: return CODEDB_ROLE_ARGUMENT;
    case CODEDB_NODE_PARAMETERS:
        return codedb_edit_node(job, job->parents[owner])->kind == CODEDB_NODE_LAMBDA ? CODEDB_ROLE_LAMBDA_PARAMETER
                                                                                      : CODEDB_ROLE_PARAMETER;
    case CODEDB_NODE_LIST:
    case CODEDB_NODE_SET:
    case CODEDB_NODE_TUPLE: return CODEDB_ROLE_ELEMENT;
    case CODEDB_NODE_DICT: return CODEDB_ROLE_DICT_ELEMENT;
    default: return CODEDB_ROLE_STATEMENT;
    }
}

static codedb_role role_of_clause(const codedb_edit_job *job, uint32_t node)
{
    if (codedb_edit_node(job, node)->kind == CODEDB_NODE_DECORATOR)
        return CODEDB_ROLE_DECORATOR;
    switch (codedb_edit_node(job, job->parents[node])->kind) {
    case CODEDB_NODE_TRY:
    case CODEDB_NODE_TRY_STAR: return CODEDB_ROLE_TRY_CLAUSE;
    case CODEDB_NODE_IF: return CODEDB_ROLE_IF_CLAUSE;
    case CODEDB_NODE_MATCH: return CODEDB_ROLE_CASE;
    default: return CODEDB_ROLE_LOOP_CLAUSE;
    }
}

CODEDB_PRIVATE codedb_role codedb_role_of(const codedb_edit_job *job, uint32_t node, codedb_edit_action action)
{
    if (action == CODEDB_EDIT_INSERT_FIRST || action == CODEDB_EDIT_INSERT_LAST)
        return codedb_role_of_owner(job, node);
    if (codedb_edit_node(job, node)->kind == CODEDB_NODE_ASSIGN_TARGET)
        return CODEDB_ROLE_TARGET;
    if (codedb_list_is_item(job->tree, job->parents, node))
        return role_of_item(job, node);
    return codedb_edit_is_clause(job, node) ? role_of_clause(job, node) : CODEDB_ROLE_STATEMENT;
}

/* ---- Items -------------------------------------------------------------------------------------------------------- */

static codedb_code role_fail(codedb_role role, const char *text, codedb_result *result)
{
    const char *line = codedb_snippet_first_code(text), *word = line ? codedb_snippet_skip_blanks(line) : "";
    if (role == CODEDB_ROLE_IF_CLAUSE && !strncmp(word, "if", 2) && strchr(" \t\f(", word[2]))
        return codedb_fail(result, CODEDB_PARSE_ERROR,
                           "the new code is an if of its own, and a clause of an if stands there: write elif");
    return codedb_fail(result, CODEDB_PARSE_ERROR, "the new code is more, less or other than %s, which is what stands there",
                       role_form_of(role)->name);
}

/* Whether all brackets that the first bytes of a text open are closed; those in strings count, too. */
static bool role_is_outside_brackets(const char *text, size_t length)
{
    size_t depth = 0;
    for (size_t i = 0; i < length && text[i]; i++) {
        depth += strchr("([{", text[i]) != NULL;
        depth -= depth && strchr(")]}", text[i]);
    }
    return !depth;
}

/* Tells an error in items by themselves: nobody wrote the text before and behind them. */
static codedb_code role_fail_items(codedb_role role, const char *text, codedb_result *result)
{
    const char *found = result ? strstr(result->description, ", found ") : NULL;
    if (!result || !result->line)
        return CODEDB_PARSE_ERROR;
    if (result->offset >= strlen(text))
        return role_fail(role, text, result);
    if (!found || strncmp(result->description, role_form_of(role)->expected, strlen(role_form_of(role)->expected)) != 0 ||
        !role_is_outside_brackets(text, (size_t)result->offset))
        return CODEDB_PARSE_ERROR;
    char behind[64];
    snprintf(behind, sizeof behind, "%s", found);
    return codedb_fail_at(result, CODEDB_PARSE_ERROR, (size_t)result->offset, (size_t)result->length, result->line,
                          result->column, "expected the end of %s%s", role_form_of(role)->name, behind);
}

static uint32_t role_find_owner(const codedb_tree *tree, codedb_node_kind kind)
{
    uint32_t node = 0;
    while (node < tree->node_count && tree->nodes[node].kind != kind)
        node++;
    return node < tree->node_count ? node : UINT32_MAX;
}

/* Finds the items, and cuts what follows the last one (a comma, a comment) off the text. */
static bool role_find_items(codedb_snippet *snippet, uint32_t owner, codedb_role role)
{
    const codedb_tree *tree = snippet->tree;
    codedb_item_range range = {0, 0};
    uint32_t first_token = 0;
    for (uint32_t child = owner + 1; child < tree->nodes[owner].end; child = tree->nodes[child].end) {
        bool is_item = role == CODEDB_ROLE_TARGET ? tree->nodes[child].kind == CODEDB_NODE_ASSIGN_TARGET
                                                  : codedb_list_is_item_of(tree, owner, child);
        if (!is_item)
            continue;
        range = codedb_list_item_range(tree, child);
        if (snippet->first == UINT32_MAX) {
            snippet->first = child;
            first_token = range.first;
        }
        snippet->last = child;
        snippet->statement_count++;
    }
    if (snippet->first == UINT32_MAX || tree->tokens[first_token].start < snippet->text_start ||
        (first_token && tree->tokens[first_token - 1].start >= snippet->text_start))
        return false;
    uint32_t behind = range.last + (tree->tokens[range.last].kind == CODEDB_TOKEN_COMMA);
    if (tree->tokens[behind].start < snippet->text_end && tree->tokens[behind].kind != CODEDB_TOKEN_NEWLINE)
        return false;
    snippet->text_end = codedb_token_end(tree, range.last - 1);
    return true;
}

static codedb_code role_parse_items(codedb_role role, const char *text, int target_version, const codedb_allocator *allocator,
                                    codedb_snippet *snippet, codedb_result *result)
{
    const role_form *form = role_form_of(role);
    const char *given = text;
    text = codedb_role_is_bracketed(role) ? text : codedb_snippet_skip_blanks(text);
    codedb_code code = codedb_snippet_parse_between(form->before, text, form->after, target_version, allocator, snippet, result);
    /* Patterns stand in a block. */
    snippet->base_depth = role == CODEDB_ROLE_PATTERN || role == CODEDB_ROLE_MAPPING_PATTERN || role == CODEDB_ROLE_CLASS_PATTERN;
    if (code == CODEDB_PARSE_ERROR)
        code = role_fail_items(role, text, result);
    if (code == CODEDB_PARSE_ERROR && result && result->line == 1) {
        result->column += (uint32_t)(text - given);
        result->offset += (uint64_t)(text - given);
    }
    if (code != CODEDB_SUCCESS)
        return code;
    uint32_t owner = role_find_owner(snippet->tree, form->owner);
    uint32_t module_child = snippet->tree->nodes[0].end > 1 ? snippet->tree->nodes[1].end : 1;
    if (owner == UINT32_MAX || module_child != snippet->tree->node_count || !role_find_items(snippet, owner, role))
        return role_fail(role, text, result);
    return CODEDB_SUCCESS;
}

/* ---- Clauses ------------------------------------------------------------------------------------------------------ */

/* Appends the lines of a form at an indentation, as they are needed before this clause. */
static void role_write_header(codedb_role role, const char *first_line, const char *indent, size_t indent_length,
                              codedb_buffer *out)
{
    if (indent_length)
        codedb_buffer_append_text(out, "if 1:\n");
    if (role == CODEDB_ROLE_DECORATOR)
        return;
    if (role != CODEDB_ROLE_CASE)
        codedb_buffer_append(out, indent, indent_length);
    else
        out->length = 0;
    codedb_buffer_append_text(out, role_form_of(role)->before);
    /* An else needs a handler before it. */
    if (role == CODEDB_ROLE_TRY_CLAUSE && !strncmp(codedb_snippet_skip_blanks(first_line), "else", strlen("else"))) {
        codedb_buffer_append(out, indent, indent_length);
        codedb_buffer_append_text(out, "except: pass\n");
    }
}

/* Finds the clauses: all of their statement that is in the text. */
static bool role_find_clauses(codedb_snippet *snippet, codedb_role role)
{
    const codedb_tree *tree = snippet->tree;
    bool is_inside = snippet->base_depth && role != CODEDB_ROLE_CASE;
    uint32_t statement = is_inside ? codedb_tree_child(tree, 1, CODEDB_FIELD_body) + 1 : 1;
    if (tree->nodes[statement].end != tree->node_count)
        return false;
    for (uint32_t child = statement + 1; child < tree->nodes[statement].end; child = tree->nodes[child].end) {
        bool is_part = role == CODEDB_ROLE_DECORATOR ? tree->nodes[child].kind == CODEDB_NODE_DECORATOR
                                                     : tree->tokens[tree->nodes[child].first].start >= snippet->text_start;
        if (!is_part)
            continue;
        snippet->first = snippet->first == UINT32_MAX ? child : snippet->first;
        snippet->last = child;
        snippet->statement_count++;
    }
    if (snippet->first == UINT32_MAX)
        return false;
    return role != CODEDB_ROLE_DECORATOR || tree->tokens[tree->nodes[statement].first].start >= snippet->text_end;
}

/* One attempt: the first line gets `indent` when it lacks that (`adds_indent`). */
static codedb_code role_try_clauses(codedb_role role, const char *text, const char *indent, size_t indent_length,
                                    bool adds_indent, int target_version, const codedb_allocator *allocator,
                                    codedb_snippet *snippet, codedb_result *result)
{
    codedb_buffer before, after;
    codedb_buffer_init(&before, allocator);
    codedb_buffer_init(&after, allocator);
    const char *first_line = codedb_snippet_first_code(text);
    role_write_header(role, first_line ? first_line : text, indent, indent_length, &before);
    if (adds_indent)
        codedb_buffer_append(&before, indent, indent_length);
    if (role == CODEDB_ROLE_DECORATOR) {
        codedb_buffer_append_byte(&after, '\n');
        codedb_buffer_append(&after, indent, indent_length);
        codedb_buffer_append_text(&after, role_form_of(role)->after);
    }
    codedb_code code = CODEDB_NO_MEMORY;
    if (!before.failed && !after.failed)
        code = codedb_snippet_parse_between(before.data ? before.data : "", text, after.data ? after.data : "", target_version,
                                            allocator, snippet, result);
    snippet->base_depth = indent_length > 0;
    if (code == CODEDB_SUCCESS && !role_find_clauses(snippet, role)) {
        codedb_snippet_free(snippet);
        code = role_fail(role, text, result);
    }
    codedb_buffer_free(&before);
    codedb_buffer_free(&after);
    return code;
}

/* Appends the text with a blank before each line that does not begin inside a string of `tree`, whose source is `naive`: the text with a
 * blank before every line, behind `prefix` bytes. */
static void role_indent_lines(const codedb_tree *tree, uint32_t prefix, codedb_buffer *out)
{
    uint32_t token = 0, strings = 0;
    for (uint32_t line = 0; line < tree->line_count; line++) {
        uint32_t start = tree->line_starts[line], end = line + 1 < tree->line_count ? tree->line_starts[line + 1] : tree->length;
        if (start < prefix)
            continue;
        while (token + 1 < tree->token_count && codedb_token_end(tree, token) <= start) {
            uint8_t kind = (uint8_t)tree->tokens[token].kind;
            strings += kind == CODEDB_TOKEN_FSTRING_START || kind == CODEDB_TOKEN_TSTRING_START;
            strings -= kind == CODEDB_TOKEN_FSTRING_END;
            token++;
        }
        bool inside = strings || (tree->tokens[token].start < start && tree->tokens[token].kind == CODEDB_TOKEN_STRING);
        inside = inside && tree->source[start] == ' ';
        codedb_buffer_append(out, tree->source + start + inside, end - start - inside);
    }
}

/* A case that has no indentation cannot be parsed: it gets one. */
static codedb_code role_parse_bare_case(const char *text, int target_version, const codedb_allocator *allocator,
                                        codedb_snippet *snippet, codedb_result *result)
{
    codedb_buffer naive, indented;
    codedb_buffer_init(&naive, allocator);
    codedb_buffer_init(&indented, allocator);
    bool at_start = true;
    for (const char *at = text; *at; at++) {
        if (at_start && *at != '\n' && *at != '\r')
            codedb_buffer_append_byte(&naive, ' ');
        codedb_buffer_append_byte(&naive, *at);
        at_start = *at == '\n' || (*at == '\r' && at[1] != '\n');
    }
    codedb_code code = naive.failed ? codedb_fail_no_memory(result)
                                    : role_try_clauses(CODEDB_ROLE_CASE, naive.data ? naive.data : "", " ", 1, false,
                                                       target_version, allocator, snippet, result);
    if (code == CODEDB_PARSE_ERROR && result && result->line) {
        /* Each line has a blank more than it was given. */
        result->column -= result->column > 0;
        result->offset -= result->line < result->offset ? result->line : result->offset;
    }
    if (code == CODEDB_SUCCESS && strpbrk(text, "\r\n")) {
        role_indent_lines(snippet->tree, snippet->text_start, &indented);
        codedb_snippet_free(snippet);
        code = indented.failed ? codedb_fail_no_memory(result)
                               : role_try_clauses(CODEDB_ROLE_CASE, indented.data ? indented.data : "", " ", 1, false,
                                                  target_version, allocator, snippet, result);
    }
    codedb_buffer_free(&naive);
    codedb_buffer_free(&indented);
    return code;
}

static codedb_code role_parse_clauses(codedb_role role, const char *text, int target_version, const codedb_allocator *allocator,
                                      codedb_snippet *snippet, codedb_result *result)
{
    const char *first_line = codedb_snippet_first_code(text), *other = "";
    if (!first_line)
        return role_fail(role, text, result);
    size_t indent = (size_t)(codedb_snippet_skip_blanks(first_line) - first_line);
    codedb_code code;
    if (role == CODEDB_ROLE_CASE && !indent)
        code = role_parse_bare_case(text, target_version, allocator, snippet, result);
    else
        code = role_try_clauses(role, text, first_line, indent, false, target_version, allocator, snippet, result);
    size_t other_indent = indent ? 0 : codedb_snippet_other_indent(text, &other);
    if (code == CODEDB_PARSE_ERROR && other_indent) {
        /* Cut out of a block without the indentation of its first line. */
        codedb_snippet_free(snippet);
        codedb_code second = role_try_clauses(role, text, other, other_indent, true, target_version, allocator, snippet, NULL);
        code = second == CODEDB_PARSE_ERROR ? code : second;
    }
    if (code == CODEDB_SUCCESS)
        codedb_snippet_describe(snippet);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_role_parse(codedb_role role, const char *text, int target_version,
                                             const codedb_allocator *allocator, codedb_snippet *snippet, codedb_result *result)
{
    codedb_code code;
    *snippet = (codedb_snippet){.first = UINT32_MAX, .last = UINT32_MAX};
    if (role == CODEDB_ROLE_STATEMENT)
        return codedb_snippet_parse(text, target_version, allocator, snippet, result);
    if (role >= CODEDB_ROLE_DECORATOR)
        code = role_parse_clauses(role, text, target_version, allocator, snippet, result);
    else
        code = role_parse_items(role, text, target_version, allocator, snippet, result);
    if (code == CODEDB_SUCCESS)
        return codedb_succeed(result);
    codedb_snippet_free(snippet);
    return code == CODEDB_NO_MEMORY ? codedb_fail_no_memory(result) : code;
}

CODEDB_PRIVATE bool codedb_role_is_bracketed(codedb_role role)
{
    const char *before = role_form_of(role)->before;
    return *before && before[strlen(before) - 1] == '\n';
}
