/* codedb_hint.h -- what codedb_hint.c and codedb_hint_target.c share: parsing on trial, and what comes of it.
 *
 * Included by those files only. */
#ifndef CODEDB_HINT_H
#define CODEDB_HINT_H

#include "codedb_parser.h"

/* What is expected where nothing better is known. */
#define CODEDB_HINT_SOMETHING "something else"

/* What was found on trial. */
typedef struct codedb_hint_found {
    bool told;        /* an error that has a message of its own: it is the parser's now */
    bool whole;       /* what was looked for */
    bool any;         /* at least the beginning of it */
    uint32_t behind;  /* the token behind that */
    uint32_t reached; /* how far one had to look */
} codedb_hint_found;

/* What CPython has done with an expression: not read it before, read it, or read it without looking for mistakes and remembered it. */
typedef enum codedb_hint_past { CODEDB_HINT_FRESH, CODEDB_HINT_READ, CODEDB_HINT_REMEMBERED } codedb_hint_past;

/* Parses at token `at`, and takes back what came of it but for an error that is told. `quiet`: without looking for such; then only a want
 * of memory is told, and what is told at once; so it is within a trial that is quiet. */
CODEDB_PRIVATE codedb_hint_found codedb_hint_try(codedb_parser *parser, void (*parse)(codedb_parser *), uint32_t at, bool quiet);
/* Parses at token `at` on trial, and looks at braces behind what is there. */
CODEDB_PRIVATE codedb_hint_found codedb_hint_try_operand(codedb_parser *parser, void (*parse)(codedb_parser *), uint32_t at);
/* The first token, from `at` on, that does not begin before byte `place`. */
CODEDB_PRIVATE uint32_t codedb_hint_token_at(const codedb_parser *parser, uint32_t at, uint32_t place);
/* What was looked at on trial counts as looked at. */
CODEDB_PRIVATE void codedb_hint_reach(codedb_parser *parser, const codedb_hint_found *found);
/* Whether the token before `at` is in brackets, or closes none that is not. */
CODEDB_PRIVATE bool codedb_hint_is_in_brackets(const codedb_parser *parser, uint32_t at);
/* Whether CPython has looked at the end of the source: it tells of the bracket that is open there, and looks for nothing else. */
CODEDB_PRIVATE bool codedb_hint_met_end(const codedb_parser *parser, const codedb_hint_found *found);
/* Whether a forgotten comma may be told of behind the expression from token `first` on: !(NAME STRING | SOFT_KEYWORD). */
CODEDB_PRIVATE bool codedb_hint_may_miss_comma(const codedb_parser *parser, uint32_t first);
/* Where CPython says that the expression from token `first` up to `behind` begins: within its parentheses, unless they are a tuple's or
 * a generator's. */
CODEDB_PRIVATE uint32_t codedb_hint_start(const codedb_parser *parser, uint32_t first, uint32_t behind);
/* Behind what may be called CPython looks, as in any parentheses, for a comprehension that is none, and lets it begin with a bracket or a
 * brace: so it does here when there is a brace at token `at`. */
CODEDB_PRIVATE codedb_hint_found codedb_hint_braces(codedb_parser *parser, uint32_t at);
/* star_expressions, and that no other expression stands behind them. */
CODEDB_PRIVATE void codedb_hint_values_parse(codedb_parser *parser);
/* An expression, and that no other stands behind it. */
CODEDB_PRIVATE void codedb_hint_value_parse(codedb_parser *parser);
/* Tells of the expression that begins at `first` and has failed. */
CODEDB_PRIVATE void codedb_hint_read_expression(codedb_parser *parser, uint32_t first, codedb_hint_past past);
/* Fails at the token up to which was looked: CPython 3.9 looks for mistakes at once, and blames the last token that it has read. What would
 * have fit there is not known. */
CODEDB_PRIVATE void codedb_hint_fail_reached(codedb_parser *parser, const codedb_hint_found *found, const char *expected);
/* The expression that begins at `first` was read before and has failed: if it may be a list, a tuple or a comprehension, CPython looks for
 * one. */
CODEDB_PRIVATE void codedb_hint_brackets_again(codedb_parser *parser, uint32_t first);

#endif
