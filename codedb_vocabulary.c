/* codedb_vocabulary.c -- the words that a selector may use: classes, kind words, fields and attributes; and sets of kinds.
 *
 * Called by both compilers of selectors and by the matcher, from any thread: all of it is data. A tree of each language (CST, AST)
 * has a vocabulary of its own; this file holds the CST's, and what is the same for all.
 *
 * Contents: kinds and words, sets, attributes and fields, the words of the CST. */
#include "codedb_selector.h"

#include <string.h>

/* ---- Kinds and words ---------------------------------------------------------------------------------------------- */

static const char *const vocabulary_words[] = {
#define X(name) #name,
    CODEDB_KIND_WORDS(X) CODEDB_FURTHER_WORDS(X)
#undef X
        NULL};

static char vocabulary_lower(char letter)
{
    return (char)(letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter);
}

static bool vocabulary_equals_any_case(const char *left, const char *right, size_t length)
{
    size_t i;
    for (i = 0; i < length; i++)
        if (vocabulary_lower(left[i]) != vocabulary_lower(right[i]))
            return false;
    return true;
}

CODEDB_PRIVATE codedb_word codedb_word_find(const char *word, size_t length)
{
    unsigned i;
    for (i = 0; i < CODEDB_WORD_COUNT; i++)
        if (strlen(vocabulary_words[i]) == length && vocabulary_equals_any_case(vocabulary_words[i], word, length))
            break;
    return (codedb_word)i;
}

CODEDB_PRIVATE const char *codedb_kind_word(const codedb_vocabulary *vocabulary, unsigned kind)
{
    return vocabulary_words[vocabulary->word_of(kind)];
}

static bool vocabulary_covers(const codedb_vocabulary *vocabulary, codedb_word word, unsigned kind)
{
    codedb_word own = vocabulary->word_of(kind);
    switch (word) {
    case CODEDB_WORD_def: return own == CODEDB_WORD_function || own == CODEDB_WORD_method;
    case CODEDB_WORD_statement: return own != CODEDB_WORD_module && own != CODEDB_WORD_decorator && own != CODEDB_WORD_node;
    case CODEDB_WORD_expression: return (vocabulary->traits_of(kind) & CODEDB_TRAIT_EXPRESSION) != 0;
    default: return own == word;
    }
}

/* ---- Sets --------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_kind_set_add(codedb_kind_set *set, unsigned kind)
{
    set->words[kind / 64] |= (uint64_t)1 << (kind % 64);
}

CODEDB_PRIVATE unsigned codedb_kind_set_add_type(const codedb_vocabulary *vocabulary, codedb_kind_set *set, const char *name,
                                                 size_t length)
{
    unsigned found = CODEDB_KIND_NONE;
    unsigned kind;
    for (kind = vocabulary->kind_count; kind-- > 0;) {
        if (vocabulary->kinds[kind].length == length && vocabulary_equals_any_case(vocabulary->kinds[kind].name, name, length)) {
            codedb_kind_set_add(set, kind);
            found = kind;
        }
    }
    return found;
}

CODEDB_PRIVATE void codedb_kind_set_add_word(const codedb_vocabulary *vocabulary, codedb_kind_set *set, codedb_word word)
{
    unsigned kind;
    for (kind = 0; kind < vocabulary->kind_count; kind++)
        if (vocabulary->words != NULL && word < CODEDB_KIND_WORD_COUNT ? vocabulary->words[kind] == word
                                                                       : vocabulary_covers(vocabulary, word, kind))
            codedb_kind_set_add(set, kind);
}

CODEDB_PRIVATE bool codedb_kind_set_add_affix(const codedb_vocabulary *vocabulary, codedb_kind_set *set, const char *word,
                                              size_t length)
{
    bool found = false;
    unsigned kind;
    for (kind = 0; kind < vocabulary->kind_count; kind++) {
        const char *name = vocabulary->kinds[kind].name;
        size_t longer = vocabulary->kinds[kind].length;
        if (longer >= length && (vocabulary_equals_any_case(name, word, length) ||
                                 vocabulary_equals_any_case(name + longer - length, word, length))) {
            codedb_kind_set_add(set, kind);
            found = true;
        }
    }
    return found;
}

CODEDB_PRIVATE codedb_kind_set codedb_kind_set_where(const codedb_vocabulary *vocabulary, const codedb_attribute_test *test,
                                                     bool by_word, uint32_t *scratch)
{
    codedb_kind_set set = {{0}};
    unsigned kind;
    for (kind = 0; kind < vocabulary->kind_count; kind++) {
        const char *name = by_word ? codedb_kind_word(vocabulary, kind) : vocabulary->kinds[kind].name;
        if (codedb_attribute_compare(test, name, strlen(name), scratch, NULL))
            codedb_kind_set_add(&set, kind);
    }
    return set;
}

CODEDB_PRIVATE bool codedb_kind_is_insignificant(const codedb_vocabulary *vocabulary, unsigned kind)
{
    return codedb_kind_set_has(&vocabulary->insignificant, kind);
}

CODEDB_PRIVATE void codedb_kind_set_add_all(const codedb_vocabulary *vocabulary, codedb_kind_set *set, bool insignificant_too)
{
    unsigned i;
    for (i = 0; i < CODEDB_KIND_SET_WORDS && i * 64 < vocabulary->kind_count; i++) {
        unsigned rest = vocabulary->kind_count - i * 64;
        uint64_t all = rest >= 64 ? UINT64_MAX : ((uint64_t)1 << rest) - 1;
        set->words[i] |= insignificant_too ? all : all & ~vocabulary->insignificant.words[i];
    }
}

CODEDB_PRIVATE void codedb_kind_set_drop_insignificant(const codedb_vocabulary *vocabulary, codedb_kind_set *set)
{
    unsigned i;
    for (i = 0; i < CODEDB_KIND_SET_WORDS; i++)
        set->words[i] &= ~vocabulary->insignificant.words[i];
}

CODEDB_PRIVATE codedb_kind_set codedb_kind_set_with_trait(const codedb_vocabulary *vocabulary, unsigned trait)
{
    codedb_kind_set set = {{0}};
    unsigned kind;
    for (kind = 0; kind < vocabulary->kind_count; kind++)
        if ((vocabulary->traits_of(kind) & trait) != 0)
            codedb_kind_set_add(&set, kind);
    return set;
}

CODEDB_PRIVATE bool codedb_kind_set_has_insignificant(const codedb_vocabulary *vocabulary, const codedb_kind_set *set)
{
    uint64_t found = 0;
    unsigned i;
    for (i = 0; i < CODEDB_KIND_SET_WORDS; i++)
        found |= set->words[i] & vocabulary->insignificant.words[i];
    return found != 0;
}

/* ---- Attributes and fields ---------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint8_t cost;
} vocabulary_attributes[] = {
#define X(name, cost) {#name, cost},
    CODEDB_ATTRIBUTES(X)
#undef X
};
#define VOCABULARY_PATH_COST 4

CODEDB_PRIVATE codedb_attribute codedb_attribute_find(const char *name, size_t length)
{
    unsigned i;
    for (i = 0; i < CODEDB_ATTRIBUTE_FIELD_PATH; i++) {
        const char *known = vocabulary_attributes[i].name;
        if (strlen(known) == length && vocabulary_equals_any_case(known, name, length))
            break;
    }
    return (codedb_attribute)i;
}

CODEDB_PRIVATE uint8_t codedb_attribute_cost(codedb_attribute attribute)
{
    return attribute == CODEDB_ATTRIBUTE_FIELD_PATH ? VOCABULARY_PATH_COST : vocabulary_attributes[attribute].cost;
}

CODEDB_PRIVATE unsigned codedb_field_find(const codedb_vocabulary *vocabulary, const char *name, size_t length)
{
    const char *const *fields = vocabulary->fields;
    unsigned i;
    for (i = 0; fields[i] != NULL; i++)
        if (fields[i][0] == name[0] && strlen(fields[i]) == length && memcmp(fields[i], name, length) == 0)
            return i + 1;
    return 0;
}

/* ---- The words of the CST ----------------------------------------------------------------------------------------- */

/* A method has no class of its own: the last row. */
static const codedb_kind_name vocabulary_cst_kinds[CODEDB_NODE_KIND_COUNT + 1] = {
#define X(code, name, category) {name, sizeof(name) - 1},
    CODEDB_NODE_KINDS(X)
#undef X
        {"FunctionDef", sizeof("FunctionDef") - 1}};

static const uint8_t vocabulary_cst_categories[CODEDB_NODE_KIND_COUNT + 1] = {
#define X(code, name, category) CODEDB_CATEGORY_##category,
    CODEDB_NODE_KINDS(X)
#undef X
        CODEDB_CATEGORY_COMPOUND_STATEMENT};

/* What "did you mean" may name where a type was expected. */
static const char *const vocabulary_cst_type_names[] = {
#define X(name) #name,
    CODEDB_KIND_WORDS(X) CODEDB_FURTHER_WORDS(X)
#undef X
#define X(code, name, category) name,
        CODEDB_NODE_KINDS(X)
#undef X
            NULL};

/* By codedb_node_field, but for the root's; then the text fields. */
static const char *const vocabulary_cst_fields[] = {
#define X(name) #name,
    CODEDB_FIELDS(X)
#undef X
        "start",
    "end", NULL};

static const char *const vocabulary_cst_attribute_names[] = {
#define X(name, cost) #name,
    CODEDB_ATTRIBUTES(X)
#undef X
#define X(name) #name,
        CODEDB_FIELDS(X)
#undef X
            NULL};

/* Fields that hold white space or punctuation, besides those whose name begins with "whitespace". */
static const uint8_t vocabulary_insignificant_fields[] = {CODEDB_FIELD_header,
                                                          CODEDB_FIELD_footer,
                                                          CODEDB_FIELD_comment,
                                                          CODEDB_FIELD_newline,
                                                          CODEDB_FIELD_first_line,
                                                          CODEDB_FIELD_empty_lines,
                                                          CODEDB_FIELD_last_line,
                                                          CODEDB_FIELD_equal,
                                                          CODEDB_FIELD_dot,
                                                          CODEDB_FIELD_first_colon,
                                                          CODEDB_FIELD_second_colon,
                                                          CODEDB_FIELD_lbracket,
                                                          CODEDB_FIELD_rbracket,
                                                          CODEDB_FIELD_comma,
                                                          CODEDB_FIELD_colon,
                                                          CODEDB_FIELD_lpar,
                                                          CODEDB_FIELD_rpar,
                                                          CODEDB_FIELD_lbrace,
                                                          CODEDB_FIELD_rbrace,
                                                          CODEDB_FIELD_leading_lines,
                                                          CODEDB_FIELD_trailing_whitespace,
                                                          CODEDB_FIELD_semicolon,
                                                          CODEDB_FIELD_relative,
                                                          CODEDB_FIELD_lines_after_decorators,
                                                          CODEDB_FIELD_trailing_comma,
                                                          CODEDB_FIELD_leading_whitespace};

static bool vocabulary_cst_field_is_insignificant(unsigned field)
{
    static const char prefix[] = "whitespace";
    return field < CODEDB_FIELD_COUNT &&
           (strncmp(vocabulary_cst_fields[field - 1], prefix, sizeof prefix - 1) == 0 ||
            memchr(vocabulary_insignificant_fields, (int)field, sizeof vocabulary_insignificant_fields) != NULL);
}

/* The word of a kind: named ones first, then by category. */
#define VOCABULARY_IS(code, other) (CODEDB_NODE_##code == CODEDB_NODE_##other)
#define VOCABULARY_WORD(code, category)                                                        \
    (VOCABULARY_IS(code, MODULE)                                       ? CODEDB_WORD_module    \
     : VOCABULARY_IS(code, CLASS_DEF)                                  ? CODEDB_WORD_class     \
     : VOCABULARY_IS(code, FUNCTION_DEF)                               ? CODEDB_WORD_function  \
     : VOCABULARY_IS(code, DECORATOR)                                  ? CODEDB_WORD_decorator \
     : VOCABULARY_IS(code, IMPORT) || VOCABULARY_IS(code, IMPORT_FROM) ? CODEDB_WORD_import    \
     : CODEDB_CATEGORY_##category == CODEDB_CATEGORY_SMALL_STATEMENT   ? CODEDB_WORD_smallstmt \
     : CODEDB_CATEGORY_##category == CODEDB_CATEGORY_STATEMENT ||                              \
             CODEDB_CATEGORY_##category == CODEDB_CATEGORY_COMPOUND_STATEMENT                  \
         ? CODEDB_WORD_stmt                                                                    \
         : CODEDB_WORD_node)

static const uint8_t vocabulary_cst_words[CODEDB_NODE_KIND_COUNT + 1] = {
#define X(code, name, category) VOCABULARY_WORD(code, category),
    CODEDB_NODE_KINDS(X)
#undef X
        CODEDB_WORD_method};

static codedb_word vocabulary_cst_word(unsigned kind)
{
    return (codedb_word)vocabulary_cst_words[kind];
}

static unsigned vocabulary_cst_traits(unsigned kind)
{
    switch (kind) {
    case CODEDB_NODE_MODULE: return CODEDB_TRAIT_SCOPE;
    case CODEDB_NODE_CLASS_DEF: return CODEDB_TRAIT_SCOPE | CODEDB_TRAIT_CLASS;
    case CODEDB_NODE_FUNCTION_DEF:
    case CODEDB_SELECTOR_KIND_METHOD: return CODEDB_TRAIT_SCOPE | CODEDB_TRAIT_FUNCTION;
    case CODEDB_NODE_LAMBDA: return CODEDB_TRAIT_SCOPE | CODEDB_TRAIT_FUNCTION | CODEDB_TRAIT_EXPRESSION;
    case CODEDB_NODE_YIELD: return CODEDB_TRAIT_YIELD | CODEDB_TRAIT_EXPRESSION;
    default: break;
    }
    if (vocabulary_cst_categories[kind] >= CODEDB_CATEGORY_WHITESPACE)
        return CODEDB_TRAIT_INSIGNIFICANT;
    return vocabulary_cst_categories[kind] == CODEDB_CATEGORY_EXPRESSION ? CODEDB_TRAIT_EXPRESSION : 0;
}

/* One word of a set. */
_Static_assert(CODEDB_KIND_SET_WORDS == 3, "as many words are filled in below");
#define VOCABULARY_BIT(word, kind) ((kind) / 64 == (word) ? (uint64_t)1 << ((kind) % 64) : 0)
#define VOCABULARY_WRAPPERS(word)                                                                                  \
    (VOCABULARY_BIT(word, CODEDB_NODE_INDENTED_BLOCK) | VOCABULARY_BIT(word, CODEDB_NODE_SIMPLE_STATEMENT_SUITE) | \
     VOCABULARY_BIT(word, CODEDB_NODE_SIMPLE_STATEMENT_LINE))

/* The same of all white space and punctuation. */
#define VOCABULARY_INSIGNIFICANT(word, code, category) \
    | (CODEDB_CATEGORY_##category >= CODEDB_CATEGORY_WHITESPACE ? VOCABULARY_BIT(word, CODEDB_NODE_##code) : 0)
#define VOCABULARY_FIRST(code, name, category) VOCABULARY_INSIGNIFICANT(0, code, category)
#define VOCABULARY_SECOND(code, name, category) VOCABULARY_INSIGNIFICANT(1, code, category)
#define VOCABULARY_THIRD(code, name, category) VOCABULARY_INSIGNIFICANT(2, code, category)

CODEDB_PRIVATE const codedb_vocabulary *codedb_vocabulary_cst(void)
{
    static const codedb_vocabulary cst = {
        .trees = "trees of the CST",
        .kinds = vocabulary_cst_kinds,
        .kind_count = CODEDB_NODE_KIND_COUNT + 1,
        .word_of = vocabulary_cst_word,
        .words = vocabulary_cst_words,
        .traits_of = vocabulary_cst_traits,
        .insignificant = {{0 CODEDB_NODE_KINDS(VOCABULARY_FIRST), 0 CODEDB_NODE_KINDS(VOCABULARY_SECOND),
                           0 CODEDB_NODE_KINDS(VOCABULARY_THIRD)}},
        .looked_through = {{VOCABULARY_WRAPPERS(0), VOCABULARY_WRAPPERS(1), VOCABULARY_WRAPPERS(2)}},
        .fields = vocabulary_cst_fields,
        .field_is_insignificant = vocabulary_cst_field_is_insignificant,
        .role_count = CODEDB_FIELD_COUNT,
        .body = CODEDB_FIELD_body,
        .type_names = vocabulary_cst_type_names,
        .attribute_names = vocabulary_cst_attribute_names,
    };
    return &cst;
}
