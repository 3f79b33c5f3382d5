/* codedb_choice.c -- source text to tokens and nodes; of several errors the one that CPython reports.
 *
 * Called by codedb_tree.c; calls codedb_lexer.c and the parser. Any thread; no state but the tree's and the caller's stack.
 *
 * CPython's parser asks its tokenizer for one token after the other, so that an error of the parser comes before one of the tokenizer that
 * is further behind; but when it has an error, since 3.10, it has the rest of the source tokenized, and an error in that wins. Before 3.12
 * an f-string was one token, into which it looked later: when it had read the token behind it and all strings at its side, or up to 3.8
 * when it had parsed the whole source. So behind an error of the lexer that is not the last word the source is read once more, over it. */
#include "codedb_tree.h"

#include <stdio.h>

static bool choice_is_unclosed(const codedb_tree *tree, const codedb_syntax_error *error)
{
    char first = tree->source[error->offset];
    return error->yields && !error->continued && (first == '(' || first == '[' || first == '{');
}

/* The same up to 3.9, where such an error is at the end of the source. */
static bool choice_is_unclosed_at_end(const codedb_tree *tree, const codedb_syntax_error *error)
{
    uint32_t at = error->offset;
    while (at < tree->length && (tree->source[at] == '\n' || tree->source[at] == '\r'))
        at++;
    return error->yields && !error->continued && at == tree->length;
}

/* Whether for CPython the error is at a token, only one that nothing begins with. */
static bool choice_is_unexpected(const codedb_tree *tree, const codedb_syntax_error *error)
{
    char first = tree->source[error->offset];
    bool is_control = ((unsigned char)first < ' ' && first != '\n' && first != '\r' && first != '\0') || first == 0x7F;
    bool is_none = first == '$' || first == '?' || first == '`' || first == '<' || (is_control && tree->target_version < 311);
    return error->yields && is_none && !error->continued;
}

/* Where the innermost bracket is that is open where the tokens end, in bytes; UINT32_MAX: there is none. */
static uint32_t choice_open_bracket(const codedb_tree *tree)
{
    uint32_t closed = 0;
    for (uint32_t token = tree->token_count; token-- > 0;) {
        codedb_token_kind kind = (codedb_token_kind)tree->tokens[token].kind;
        if (kind == CODEDB_TOKEN_NEWLINE)
            break;
        closed += codedb_token_closes(kind);
        if (codedb_token_opens(kind) && closed-- == 0)
            return tree->tokens[token].start;
    }
    return UINT32_MAX;
}

/* Where the f-string begins in which the tokens end, in bytes; UINT32_MAX: they end in none. */
static uint32_t choice_last_fstring(const codedb_tree *tree)
{
    uint32_t depth = 0, start = UINT32_MAX;
    for (uint32_t token = 0; token < tree->token_count; token++) {
        codedb_token_kind kind = (codedb_token_kind)tree->tokens[token].kind;
        bool begins = kind == CODEDB_TOKEN_FSTRING_START || kind == CODEDB_TOKEN_TSTRING_START;
        if (begins && depth == 0)
            start = tree->tokens[token].start;
        depth += begins;
        depth -= kind == CODEDB_TOKEN_FSTRING_END;
    }
    return depth > 0 ? start : UINT32_MAX;
}

/* Where the innermost replacement field begins in which the tokens end; UINT32_MAX: they end in none. */
static uint32_t choice_last_field(const codedb_tree *tree)
{
    uint32_t closed = 0;
    for (uint32_t token = tree->token_count; token-- > 1;) {
        codedb_token_kind kind = (codedb_token_kind)tree->tokens[token].kind,
                          before = (codedb_token_kind)tree->tokens[token - 1].kind;
        bool in_text =
            before == CODEDB_TOKEN_FSTRING_START || before == CODEDB_TOKEN_FSTRING_MIDDLE || before == CODEDB_TOKEN_RIGHT_BRACE;
        closed += kind == CODEDB_TOKEN_FSTRING_END || kind == CODEDB_TOKEN_RIGHT_BRACE;
        if (kind == CODEDB_TOKEN_LEFT_BRACE && closed == 0 && in_text)
            return tree->tokens[token].start;
        closed -= closed > 0 && (kind == CODEDB_TOKEN_FSTRING_START || kind == CODEDB_TOKEN_LEFT_BRACE);
    }
    return UINT32_MAX;
}

CODEDB_PRIVATE bool codedb_lex_error_yields(const codedb_tree *tree, const codedb_syntax_error *lexing,
                                            const codedb_syntax_error *parsing)
{
    if (tree->token_count == 0)
        return false;
    uint32_t stop = tree->tokens[tree->token_count - 1].start;
    bool reads_field = tree->target_version == 310 || tree->target_version == 311; /* to its end, as it does with a source */
    if (reads_field && lexing->raises && parsing->offset >= choice_last_field(tree))
        return false;
    if (choice_last_fstring(tree) < UINT32_MAX) /* then CPython keeps what the parser found */
        return parsing->offset < stop && (parsing->reached < stop || (choice_is_unexpected(tree, lexing) &&
                                                                      (!parsing->expected || tree->target_version >= 312)));
    if (!(lexing->yields || parsing->indent || tree->target_version < 310))
        return false;
    if (parsing->offset >= stop)
        return false;
    if (tree->target_version < 310 && parsing->reached >= stop) /* 3.9 tells at once what it can */
        return tree->target_version == 309 && !parsing->expected &&
               (choice_is_unclosed_at_end(tree, lexing) || choice_is_unexpected(tree, lexing));
    if (parsing->indent || choice_is_unexpected(tree, lexing) || tree->target_version < 310)
        return true;
    if (!choice_is_unclosed(tree, lexing))
        return parsing->reached < stop;
    /* A bracket that is never closed takes the blame for what is noticed on later lines or at the end. */
    return parsing->reached < stop && codedb_tree_line(tree, parsing->reached) <= codedb_tree_line(tree, lexing->offset);
}

/* ---- The end of a token ------------------------------------------------------------------------------------------- */

/* Where the f-string ends whose first token ends at byte `at`, though its fields may be wrong. */
static uint32_t choice_fstring_end(const codedb_tree *tree, uint32_t at)
{
    const char *text = tree->source, quote = text[at - 1];
    uint32_t size = at >= 3 && text[at - 2] == quote && text[at - 3] == quote ? 3 : 1;
    for (; at < tree->length; at++)
        if (text[at] == '\\')
            at++;
        else if (text[at] == quote && (size == 1 || (text[at + 1] == quote && text[at + 2] == quote)))
            return at + size;
    return tree->length;
}

/* Where the token ends that begins at byte `start`, an f-string being one; `start` when none does. */
static uint32_t choice_token_end(const codedb_tree *tree, uint32_t start)
{
    uint32_t token = 0;
    while (token + 1 < tree->token_count && (tree->tokens[token].start < start || tree->tokens[token].length == 0))
        token++;
    if (tree->tokens[token].start != start || tree->tokens[token].kind == CODEDB_TOKEN_NEWLINE)
        return start;
    uint32_t end = codedb_token_end(tree, token);
    return tree->tokens[token].kind == CODEDB_TOKEN_FSTRING_START ? choice_fstring_end(tree, end) : end;
}

/* CPython up to 3.7 gives the last character of a token that does not fit, instead of the first. `tree` has the tokens that were parsed; a
 * second call changes nothing. */
static void choice_blame_end(const codedb_tree *tree, codedb_syntax_error *error)
{
    if (tree->target_version >= 308 || !error->expected || tree->token_count == 0)
        return;
    uint32_t end = choice_token_end(tree, error->offset);
    if (end == error->offset)
        return;
    error->expected = false;
    error->length = 0;
    do {
        end--;
        error->length++;
    } while (end > error->offset && ((unsigned char)tree->source[end] & 0xC0) == 0x80);
    error->offset = end;
}

/* ---- Behind an error ---------------------------------------------------------------------------------------------- */

static void choice_release(codedb_tree *tree)
{
    codedb_memory_release(&tree->allocator, tree->tokens);
    codedb_memory_release(&tree->allocator, tree->nodes);
    codedb_memory_release(&tree->allocator, tree->line_starts);
    codedb_memory_release(&tree->allocator, tree->long_ends);
}

/* The first token, but for the last, that begins at byte `start` or later and is no part of a string. Where a line begins, its indentation
 * begins there, too. */
static uint32_t choice_behind_strings(const codedb_tree *tree, uint32_t start)
{
    uint32_t at = tree->token_count;
    while (at > 0 && tree->tokens[at - 1].start >= start)
        at--;
    while (at + 1 < tree->token_count && tree->tokens[at].start == start &&
           (tree->tokens[at].kind == CODEDB_TOKEN_INDENT || tree->tokens[at].kind == CODEDB_TOKEN_DEDENT))
        at++;
    while (at + 1 < tree->token_count &&
           (tree->tokens[at].kind == CODEDB_TOKEN_STRING || tree->tokens[at].kind == CODEDB_TOKEN_FSTRING_START ||
            tree->tokens[at].kind == CODEDB_TOKEN_FSTRING_END))
        at++;
    return at;
}

/* The bracket that CPython blames, since 3.10, for an error of the lexer of which it does not tell itself, in bytes: the innermost that is open
 * where the source ends or a backslash stands for nothing. UINT32_MAX: there is none. */
static uint32_t choice_blamed_bracket(const codedb_tree *tree, const codedb_syntax_error *error)
{
    if (choice_is_unclosed(tree, error))
        return error->offset;
    return error->yields && error->continued ? choice_open_bracket(tree) : UINT32_MAX;
}

static void choice_blame(const codedb_tree *tree, uint32_t bracket, codedb_syntax_error *error)
{
    *error = (codedb_syntax_error){.offset = bracket, .length = 1, .yields = true};
    snprintf(error->message, sizeof error->message, "'%c' was never closed", tree->source[bracket]);
}

/* Whether the error `later`, which the lexer found behind one that CPython has when it has read token `behind`, comes before that. It becomes the
 * one that is told. */
static bool choice_prefers_later(const codedb_tree *tree, codedb_syntax_error *later, uint32_t behind)
{
    bool is_next = behind + 1 == tree->token_count;
    if (tree->target_version < 309)
        return true;
    if (tree->target_version < 310)
        return is_next && !choice_is_unexpected(tree, later) && !choice_is_unclosed_at_end(tree, later);
    if ((is_next && tree->target_version < 312) || !later->yields)
        return true;
    uint32_t bracket = choice_blamed_bracket(tree, later);
    if (bracket == UINT32_MAX || codedb_tree_line(tree, tree->tokens[behind].start) <= codedb_tree_line(tree, bracket))
        return false;
    choice_blame(tree, bracket, later);
    return true;
}

/* Up to 3.8, with the tokens of `other`, which has no other error for the lexer than the f-string's that begins at byte `fstring`: whether the
 * parser has one, which then comes before the f-string's, unless it is found late, too, and further behind. */
static bool choice_prefers_parsing(codedb_tree *other, uint32_t max_depth, uint32_t fstring, codedb_syntax_error *error)
{
    codedb_syntax_error parsing;
    if (codedb_parse(other, max_depth, &parsing))
        return false;
    choice_blame_end(other, &parsing);
    bool prefers = parsing.no_memory || !parsing.late || parsing.found <= fstring;
    if (prefers)
        *error = parsing;
    return prefers;
}

/* What was seen behind an error of the lexer that yields; in bytes. */
typedef struct choice_view {
    uint32_t fstring; /* where the f-string begins that is wrong; UINT32_MAX: CPython tells of the error when it reads it */
    uint32_t behind;  /* where the token behind the strings at its side begins, and ends */
    uint32_t behind_end;
    bool is_later; /* another error, behind those strings, comes before it */
} choice_view;

/* What CPython finds behind an error of the lexer that yields. The tokens and the error of the lexer become those of a later one, if that comes
 * first; true: `error` is what is to be told. */
static bool choice_look_behind(codedb_tree *tree, uint32_t max_depth, codedb_syntax_error *error, choice_view *view)
{
    int target = tree->target_version;
    uint32_t fstring = target < 312 ? choice_last_fstring(tree) : UINT32_MAX;
    uint32_t start = fstring < error->offset ? fstring : error->offset;
    codedb_tree other = *tree;
    codedb_syntax_error later;
    bool is_last = error->offset >= tree->length || choice_is_unclosed(tree, error), is_told = false;
    if (!error->yields || is_last || (target < 310 && fstring == UINT32_MAX))
        return false;
    other.tokens = NULL;
    other.line_starts = other.long_ends = NULL;
    other.token_count = other.line_count = other.long_count = 0;
    bool done = codedb_lex_past(&other, &later, fstring, target >= 310);
    if (later.no_memory) {
        *error = later;
        choice_release(&other);
        return true;
    }
    uint32_t behind = choice_behind_strings(&other, start);
    *view = (choice_view){fstring, other.tokens[behind].start, codedb_token_end(&other, behind), false};
    if (done && target < 309) {
        is_told = choice_prefers_parsing(&other, max_depth, fstring, error);
    } else if (!done && later.offset != error->offset && /* behind a backslash it cannot pass */
               choice_prefers_later(&other, &later, behind)) {
        codedb_tree passed = *tree;
        *tree = other;
        other = passed;
        *error = later;
        view->is_later = true;
    }
    choice_release(&other);
    return is_told;
}

/* Of the parser's error, which comes before one of the lexer behind a backslash, of which CPython does not tell when it looks at the rest of
 * the source, and a bracket that is open there: since 3.10 the bracket takes the blame for what is noticed on later lines. */
static void choice_blame_bracket(const codedb_tree *tree, const codedb_syntax_error *lexing, codedb_syntax_error *parsing)
{
    if (tree->target_version < 310 || parsing->no_memory || !lexing->yields || !lexing->continued)
        return;
    uint32_t bracket = choice_open_bracket(tree);
    if (bracket < UINT32_MAX && codedb_tree_line(tree, parsing->reached) > codedb_tree_line(tree, bracket))
        choice_blame(tree, bracket, parsing);
}

/* Whether the parser's error comes before the lexer's. From 3.9 to 3.11 CPython evaluates strings side by side, from the first one on, when it
 * has read the token behind them; nothing is parsed behind an f-string in which it finds an error then. */
static bool choice_prefers_parsers(const codedb_tree *tree, const choice_view *view, const codedb_syntax_error *lexing,
                                   codedb_syntax_error *parsing)
{
    if (view->fstring == UINT32_MAX || tree->target_version < 309)
        return codedb_lex_error_yields(tree, lexing, parsing);
    if (view->is_later)
        return parsing->offset <= view->fstring && codedb_lex_error_yields(tree, lexing, parsing);
    if (!parsing->unended)
        return codedb_lex_error_yields(tree, lexing, parsing);
    parsing->offset = view->behind;
    parsing->length = view->behind_end - view->behind;
    return true;
}

/* The tokens before an error of the lexer are parsed all the same when an error in them would be CPython's first. */
static bool choice_read(codedb_tree *tree, uint32_t max_depth, codedb_syntax_error *error)
{
    codedb_syntax_error parsing;
    choice_view view = {.fstring = UINT32_MAX};
    *error = parsing = (codedb_syntax_error){0};
    if (codedb_lex(tree, error))
        return codedb_parse(tree, max_depth, error);
    /* A source with a NUL has no tokens at all. */
    if (error->no_memory || tree->token_count == 0 || choice_look_behind(tree, max_depth, error, &view))
        return false;
    if (!codedb_parse(tree, max_depth, &parsing) && (parsing.no_memory || choice_prefers_parsers(tree, &view, error, &parsing))) {
        choice_blame_bracket(tree, error, &parsing);
        *error = parsing;
    }
    return false;
}

CODEDB_PRIVATE bool codedb_tree_read(codedb_tree *tree, uint32_t max_depth, codedb_syntax_error *error)
{
    bool is_read = choice_read(tree, max_depth, error);
    if (!is_read)
        choice_blame_end(tree, error);
    return is_read;
}
