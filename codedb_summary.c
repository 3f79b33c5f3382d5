/* codedb_summary.c -- which files a selector can be spared: what a source holds, and what a selector cannot do without.
 *
 * Called by codedb_query.c and codedb_tree_cache.c, from any thread; calls the tree's and the vocabulary's functions. Nothing is changed
 * but the summary that is being made.
 *
 * A selector finds a node only where each step of a path of its finds one. So a file is left out when every path has a step of whose
 * kinds the file holds none, or which asks for a name that the file does not hold. What is not understood here is never asked for.
 *
 * Invariants
 * 1. A summary follows from the source alone, so that what was made for a hash is true of every file with that hash.
 * 2. White space and punctuation are in no summary: a step that may match them is never held against one.
 * 3. A FunctionDef is a function or a method by what stands around it: both ask for a FunctionDef here.
 * 4. A literal is asked for only where the attribute's value is made of the source's own bytes, and only a run of ASCII letters,
 *    digits and underscores of it: no line break, dot or white space, which a value may have in another form than the source.
 * 5. Names are asked of the filter of names only when all of the value is identifiers and dots: then each of these is a token.
 * 6. The summary of an ast has the kinds of its nodes and the words of its JSON. What is known of a source rules out the ast that is made of
 *    it only where that has the source's own bytes: names are in normal form, constants evaluated. So the source must be ASCII, and only
 *    names and what is told as code are asked for.
 *
 * Contents: names, making, literals, parts and paths. */
#include "codedb_query.h"

#include <string.h>

/* ---- Names -------------------------------------------------------------------------------------------------------- */

static bool summary_is_word_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
}

CODEDB_PRIVATE uint64_t codedb_summary_hash(const char *text, size_t length)
{
    uint64_t hash = length * UINT64_C(0x9E3779B97F4A7C15);
    for (; length >= 8; text += 8, length -= 8) {
        uint64_t part;
        memcpy(&part, text, 8);
        hash = (hash ^ part) * UINT64_C(0xD6E8FEB86659FD93);
        hash ^= hash >> 32;
    }
    for (; length > 0; text++, length--)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    hash = (hash ^ (hash >> 29)) * UINT64_C(0xBF58476D1CE4E5B9);
    return hash ^ (hash >> 32);
}

static uint64_t summary_word(uint64_t hash, uint32_t mask, uint64_t *bits)
{
    /* Both bits in one word: one access to memory a name. */
    *bits = UINT64_C(1) << (hash & 63) | UINT64_C(1) << ((hash >> 6) & 63) | UINT64_C(1) << ((hash >> 12) & 63);
    return ((hash >> 24) & mask) / 64;
}

static void summary_add_name(codedb_summary *summary, const char *text, size_t length)
{
    uint64_t bits;
    uint64_t word = summary_word(codedb_summary_hash(text, length), summary->name_mask, &bits);
    summary->names[word] |= bits;
}

static bool summary_has_name(const codedb_summary *summary, const char *text, size_t length)
{
    uint64_t bits;
    uint64_t word = summary_word(codedb_summary_hash(text, length), summary->name_mask, &bits);
    return (summary->names[word] & bits) == bits;
}

/* ---- Making ------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE size_t codedb_summary_size(const codedb_summary *summary)
{
    return sizeof *summary + ((size_t)summary->name_mask + 1) / 8;
}

CODEDB_PRIVATE codedb_summary *codedb_summary_allocate(const codedb_allocator *allocator, uint32_t bits)
{
    codedb_summary *summary = codedb_memory_allocate(allocator, sizeof *summary + bits / 8, 1);
    if (summary != NULL) {
        memset(summary, 0, sizeof *summary + bits / 8);
        summary->name_mask = bits - 1;
    }
    return summary;
}

/* An empty one with room for the names of so much source. */
static codedb_summary *summary_begin(const codedb_allocator *allocator, size_t length)
{
    uint32_t bits = CODEDB_SUMMARY_MINIMUM_BITS;
    while (bits < CODEDB_SUMMARY_MAXIMUM_BITS && bits < length / 3)
        bits *= 2;
    return codedb_summary_allocate(allocator, bits);
}

CODEDB_PRIVATE codedb_summary *codedb_summary_create(const codedb_allocator *allocator, const codedb_tree *tree)
{
    codedb_summary *summary = summary_begin(allocator, tree->length);
    uint32_t i;
    if (summary == NULL)
        return NULL;
    summary->is_ascii = tree->ascii;
    for (i = 0; i < tree->node_count; i++)
        codedb_kind_set_add(&summary->kinds, tree->nodes[i].kind);
    for (i = 0; i < tree->token_count; i++) {
        const codedb_token *token = &tree->tokens[i];
        if (token->kind == CODEDB_TOKEN_NAME || token->kind >= CODEDB_TOKEN_KEYWORD_FALSE)
            summary_add_name(summary, tree->source + token->start, codedb_token_end(tree, i) - token->start);
    }
    return summary;
}

/* Adds all words of a text. A name is a whole run of word bytes: only a keyword may follow a number without anything between. */
static void summary_add_words(codedb_summary *summary, const char *text, size_t length)
{
    size_t from = 0;
    for (size_t at = 0; at <= length; at++) {
        if (at < length && (summary_is_word_byte(text[at]) || (unsigned char)text[at] >= 0x80))
            continue;
        if (at > from)
            summary_add_name(summary, text + from, at - from);
        from = at + 1;
    }
}

CODEDB_PRIVATE codedb_summary *codedb_summary_create_of_text(const codedb_allocator *allocator, const char *text, size_t length)
{
    codedb_summary *summary = summary_begin(allocator, length);
    if (summary == NULL)
        return NULL;
    memset(&summary->kinds, 0xFF, sizeof summary->kinds);
    summary_add_words(summary, text, length);
    return summary;
}

CODEDB_PRIVATE codedb_summary *codedb_summary_create_of_ast(const codedb_allocator *allocator, const codedb_ast *ast)
{
    /* Most of the JSON is braces and the names of fields. */
    codedb_summary *summary = summary_begin(allocator, ast->length / 16);
    if (summary == NULL)
        return NULL;
    for (uint32_t i = 0; i < ast->node_count; i++)
        codedb_kind_set_add(&summary->kinds, ast->nodes[i].kind);
    /* Letters may be written as escapes, too: then nothing is known of names. */
    if (memmem(ast->text, ast->length, "\\u00", 4) != NULL)
        memset(summary->names, 0xFF, ((size_t)summary->name_mask + 1) / 8);
    else
        summary_add_words(summary, ast->text, ast->length);
    return summary;
}

/* ---- Literals ----------------------------------------------------------------------------------------------------- */

/* The next run of word bytes from *at on; its length is 0 at the end. */
static codedb_slice summary_next_word(const char *text, size_t length, size_t *at)
{
    codedb_slice word;
    while (*at < length && !summary_is_word_byte(text[*at]))
        ++*at;
    word.text = text + *at;
    while (*at < length && summary_is_word_byte(text[*at]))
        ++*at;
    word.length = (size_t)(text + *at - word.text);
    return word;
}

/* Identifiers with dots between and before them, and nothing else. */
static bool summary_is_dotted(const char *text, size_t length)
{
    bool dotted = length > 0;
    for (size_t i = 0; i < length && dotted; i++)
        dotted = text[i] == '.' ||
                 (summary_is_word_byte(text[i]) && !(text[i] >= '0' && text[i] <= '9' && (i == 0 || text[i - 1] == '.')));
    return dotted;
}

/* Can a value that holds `text` be made of the file's source? `whole`: the value is `text` and nothing else, and made of names. */
static bool summary_allows_literal(const codedb_hint *hint, const char *text, size_t length, bool whole)
{
    bool names = whole && hint->summary != NULL && summary_is_dotted(text, length);
    codedb_slice longest = {NULL, 0};
    size_t at = 0;
    for (;;) {
        codedb_slice word = summary_next_word(text, length, &at);
        if (word.length == 0)
            break;
        if (names && !summary_has_name(hint->summary, word.text, word.length))
            return false;
        if (word.length > longest.length)
            longest = word;
    }
    /* A name that the summary has is not looked for again: it is surely there but for chance. */
    if (names || hint->text.text == NULL || longest.length == 0)
        return true;
    return memmem(hint->text.text, hint->text.length, longest.text, longest.length) != NULL;
}

/* Of an ast: does the field hold an identifier, or (but for `names`) a node that says its source? A Constant's value is neither. */
static bool summary_is_source_field(const codedb_attribute_test *test, bool *names)
{
    unsigned field = test->path_length > 0 ? test->path[test->path_length - 1] : CODEDB_AST_FIELD_NONE;
    *names = field == CODEDB_AST_FIELD_id || field == CODEDB_AST_FIELD_attr || field == CODEDB_AST_FIELD_arg ||
             field == CODEDB_AST_FIELD_asname;
    return *names || field == CODEDB_AST_FIELD_func;
}

/* Attributes whose values are bytes of the source, apart from line breaks, white space and dots. *names: made of identifiers only. */
static bool summary_is_source(const codedb_vocabulary *vocabulary, const codedb_attribute_test *test, bool *names)
{
    unsigned attribute = test->attribute;
    *names = attribute == CODEDB_ATTRIBUTE_name || attribute == CODEDB_ATTRIBUTE_qualname || attribute == CODEDB_ATTRIBUTE_module;
    if (attribute == CODEDB_ATTRIBUTE_FIELD_PATH && vocabulary == codedb_vocabulary_ast())
        return summary_is_source_field(test, names);
    return *names || attribute == CODEDB_ATTRIBUTE_code || attribute == CODEDB_ATTRIBUTE_FIELD_PATH;
}

static bool summary_allows_test(const codedb_hint *hint, const codedb_vocabulary *vocabulary, const codedb_attribute_test *test)
{
    bool names;
    if (test->regex != NULL || test->ignore_case || !summary_is_source(vocabulary, test, &names))
        return true;
    switch ((codedb_operator)test->relation) {
    case CODEDB_OPERATOR_EQUAL: return summary_allows_literal(hint, test->value, test->value_length, names);
    case CODEDB_OPERATOR_CONTAINS:
    case CODEDB_OPERATOR_STARTS:
    case CODEDB_OPERATOR_ENDS: return summary_allows_literal(hint, test->value, test->value_length, false);
    default: return true;
    }
}

/* ---- Parts and paths ---------------------------------------------------------------------------------------------- */

static bool summary_allows_kinds(const codedb_hint *hint, const codedb_vocabulary *vocabulary, const codedb_kind_set *kinds)
{
    codedb_kind_set asked = *kinds;
    if (hint->summary == NULL || hint->of_source || codedb_kind_set_has_insignificant(vocabulary, kinds))
        return true;
    if (vocabulary == codedb_vocabulary_cst() && codedb_kind_set_has(kinds, CODEDB_SELECTOR_KIND_METHOD))
        codedb_kind_set_add(&asked, CODEDB_NODE_FUNCTION_DEF);
    for (size_t i = 0; i < CODEDB_KIND_SET_WORDS; i++)
        if ((asked.words[i] & hint->summary->kinds.words[i]) != 0)
            return true;
    return false;
}

static bool summary_allows_query(const codedb_hint *hint, const codedb_vocabulary *vocabulary,
                                 const codedb_selector_query *query);

/* A part that is not listed asks for nothing. */
static bool summary_allows_part(const codedb_hint *hint, const codedb_vocabulary *vocabulary, const codedb_selector_part *part)
{
    switch (part->kind) {
    case CODEDB_PART_KINDS: return summary_allows_kinds(hint, vocabulary, &part->as.kinds);
    case CODEDB_PART_ATTRIBUTE: return summary_allows_test(hint, vocabulary, &part->as.test);
    case CODEDB_PART_DECORATED:
        return part->as.decorator.value == NULL ||
               summary_allows_literal(hint, part->as.decorator.value, part->as.decorator.length, true);
    case CODEDB_PART_IS:
    case CODEDB_PART_INSIDE:
    case CODEDB_PART_IN_SCOPE:
    case CODEDB_PART_FOLLOWS:
    case CODEDB_PART_PRECEDES:
    case CODEDB_PART_HAS: return summary_allows_query(hint, vocabulary, part->as.query);
    default: return true;
    }
}

static bool summary_allows_path(const codedb_hint *hint, const codedb_vocabulary *vocabulary, const codedb_selector_step *step)
{
    for (; step != NULL; step = step->next) {
        if (!summary_allows_kinds(hint, vocabulary, &step->kinds))
            return false;
        for (const codedb_selector_part *part = step->parts; part != NULL; part = part->next)
            if (!summary_allows_part(hint, vocabulary, part))
                return false;
    }
    return true;
}

/* One of the paths is enough. */
static bool summary_allows_query(const codedb_hint *hint, const codedb_vocabulary *vocabulary, const codedb_selector_query *query)
{
    for (const codedb_selector_branch *branch = query->branches; branch != NULL; branch = branch->next)
        if (summary_allows_path(hint, vocabulary, branch->steps))
            return true;
    return false;
}

CODEDB_PRIVATE bool codedb_hint_allows(const codedb_hint *hint, const codedb_selector *selector, const codedb_filter *filter)
{
    if (filter->name != NULL && !summary_allows_literal(hint, filter->name, strlen(filter->name), true))
        return false;
    if (filter->qualname != NULL && !summary_allows_literal(hint, filter->qualname, strlen(filter->qualname), true))
        return false;
    return summary_allows_query(hint, selector->vocabulary, &selector->query);
}
