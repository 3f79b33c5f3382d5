/* codedb_lexer.c -- Python source text to tokens, in one pass.
 *
 * Called by whoever makes a tree (codedb_tree.c), before the parser; calls it, codedb_memory.c, codedb_text.c and codedb_unicode.c.
 * Any thread; no state but the tree's and the caller's stack.
 *
 * What a token is, and which errors there are, follows the tokenizer of CPython 3.13, with the differences of the older versions
 * that decide what is accepted. An error stands where CPython reports it.
 *
 * 1. The source holds no NUL (lexer_survey sees to it), so a NUL is its end; CODEDB_SOURCE_PADDING more follow, so that a block
 *    may be loaded at any byte of the source and at its end.
 * 2. A function that consumes text gets the place where it begins and returns the place behind it, or NULL when it failed and
 *    the error is filled in.
 * 3. No function adds more than LEXER_MARGIN tokens before lexer_run looks at the room again.
 * 4. In the text of an f-string only braces of its own fields are open above its level; so an open field there means that the
 *    text is a format spec.
 *
 * Contents: blocks of bytes / byte classes and keywords / the lexer, its tokens and errors / survey of the source /
 * lines and indentation / names / numbers / strings / f-strings / brackets and operators / the loop / the public part */
#include "codedb_lexer_tables.h"
#include "codedb_tree.h"

#include <stdio.h>
#include <string.h>

/* ---- Blocks of bytes ---------------------------------------------------------------------------------------------- */

/* A block is loaded at once; a mask tells which of its bytes have a property, lowest bit first. Each byte of a mask is one
 * bit (SSE2) or eight bits of which the highest counts (portable). */
#if defined(__SSE2__) && !defined(CODEDB_PORTABLE)
#include <emmintrin.h>

enum { LEXER_BLOCK = 16 };
typedef __m128i lexer_block;
typedef uint32_t lexer_mask;
#define LEXER_MASK_ALL 0xFFFFu
#define LEXER_MASK_LAST 0x8000u
#define LEXER_MASK_BITS 1u

static inline lexer_block lexer_load(const unsigned char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline lexer_mask lexer_mask_of(__m128i bytes)
{
    return (lexer_mask)_mm_movemask_epi8(bytes);
}

static inline lexer_mask lexer_equal(lexer_block block, unsigned char byte)
{
    return lexer_mask_of(_mm_cmpeq_epi8(block, _mm_set1_epi8((char)byte)));
}

static inline lexer_mask lexer_at_most(lexer_block block, unsigned char limit)
{
    return lexer_mask_of(_mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8((char)limit)), block));
}

static inline lexer_mask lexer_beyond_ascii(lexer_block block)
{
    return lexer_mask_of(block);
}

/* Bytes from `first` on, `count` of them. Comparing is signed, so the range is moved to begin at -128. */
static inline __m128i lexer_in_range(__m128i bytes, unsigned char first, int count)
{
    __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8((char)(0x80 - first)));
    return _mm_cmplt_epi8(moved, _mm_set1_epi8((char)(count - 128)));
}

/* Letters, digits, the underscore and every byte beyond ASCII. */
static inline lexer_mask lexer_name_bytes(lexer_block block)
{
    __m128i letters = lexer_in_range(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 26);
    __m128i digits = lexer_in_range(block, '0', 10);
    __m128i underscores = _mm_cmpeq_epi8(block, _mm_set1_epi8('_'));
    return lexer_mask_of(_mm_or_si128(_mm_or_si128(letters, digits), _mm_or_si128(underscores, block)));
}
#else
enum { LEXER_BLOCK = 8 };
typedef uint64_t lexer_block;
typedef uint64_t lexer_mask;
#define LEXER_MASK_ALL 0x8080808080808080u
#define LEXER_MASK_LAST 0x8000000000000000u
#define LEXER_MASK_BITS 8u
#define LEXER_EACH(byte) (0x0101010101010101u * (byte))

/* Little-endian on every machine: the first byte is the lowest. */
static inline lexer_block lexer_load(const unsigned char *p)
{
    uint64_t block = 0;
    for (unsigned i = 0; i < LEXER_BLOCK; i++)
        block |= (uint64_t)p[i] << (8 * i);
    return block;
}

static inline lexer_mask lexer_at_most(lexer_block block, unsigned char limit)
{
    lexer_block low = block & LEXER_EACH(0x7Fu);
    return ~((low + LEXER_EACH(0x7Fu - limit)) | block) & LEXER_MASK_ALL;
}

static inline lexer_mask lexer_equal(lexer_block block, unsigned char byte)
{
    return lexer_at_most(block ^ LEXER_EACH((uint64_t)byte), 0);
}

static inline lexer_mask lexer_beyond_ascii(lexer_block block)
{
    return block & LEXER_MASK_ALL;
}

static inline lexer_mask lexer_in_range(lexer_block block, unsigned char first, unsigned char last)
{
    return lexer_at_most(block, last) & ~lexer_at_most(block, (unsigned char)(first - 1));
}

static inline lexer_mask lexer_name_bytes(lexer_block block)
{
    lexer_mask letters = lexer_in_range(block | LEXER_EACH(0x20u), 'a', 'z');
    return letters | lexer_in_range(block, '0', '9') | lexer_equal(block, '_') | lexer_beyond_ascii(block);
}
#endif

static inline unsigned lexer_trailing_zeros(uint64_t bits)
{
#if defined(__GNUC__)
    return (unsigned)__builtin_ctzll(bits);
#else
    unsigned count = 0;
    for (; (bits & 1u) == 0; bits >>= 1)
        count++;
    return count;
#endif
}

/* The first byte that is set in a mask that is not 0. */
static inline unsigned lexer_first(lexer_mask mask)
{
    return lexer_trailing_zeros(mask) / LEXER_MASK_BITS;
}

/* The first byte that is not set, or LEXER_BLOCK. */
static inline unsigned lexer_first_not(lexer_mask mask)
{
    mask = ~mask & LEXER_MASK_ALL;
    return mask == 0 ? LEXER_BLOCK : lexer_first(mask);
}

/* The next byte that is one of two, or at most `limit`. */
static inline const unsigned char *lexer_find(const unsigned char *p, unsigned char one, unsigned char other, unsigned char limit)
{
    for (;; p += LEXER_BLOCK) {
        lexer_block block = lexer_load(p);
        lexer_mask found = lexer_equal(block, one) | lexer_equal(block, other) | lexer_at_most(block, limit);
        if (found != 0)
            return p + lexer_first(found);
    }
}

/* ---- Byte classes and keywords ------------------------------------------------------------------------------------ */

/* By length, the bytes of a word that belong to a name; those of a name that is no keyword by its length are all cleared. */
static const uint64_t lexer_word_masks[LEXER_BLOCK + 1] = {
    0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF, 0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF,
};

static inline bool lexer_is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool lexer_is_name_byte(unsigned char byte)
{
    return lexer_classes[byte] == LEXER_NAME || lexer_classes[byte] == LEXER_DIGIT;
}

/* ---- The lexer, its tokens and errors ----------------------------------------------------------------------------- */

enum {
    LEXER_MARGIN = 128,
    LEXER_BRACKETS = 200, /* as many as CPython lets be open */
    LEXER_INDENTS = 100,  /* the module's included */
    LEXER_FSTRINGS = 149,
    LEXER_TAB = 8
};

typedef struct lexer_bracket {
    uint32_t offset;
    unsigned char closing; /* the byte that closes it; 0 at level 0, where nothing is open */
    bool field;            /* the brace of a replacement field */
} lexer_bracket;

typedef struct lexer_fstring {
    const unsigned char *start; /* of its prefix */
    const unsigned char *limit; /* of its closing quotes when they are known beforehand (before 3.12), or NULL */
    uint32_t level;             /* brackets open outside of it */
    unsigned char quote;
    bool triple;
    bool raw;
    bool template;
    bool refused; /* a bare lambda in a field cannot be whole: its colon begins the format spec */
} lexer_fstring;

typedef struct lexer {
    codedb_token *out; /* where the next token goes */
    const codedb_token *limit;
    const unsigned char *base;
    const unsigned char *end;
    codedb_tree *tree;
    codedb_syntax_error *error;
    uint32_t capacity;
    uint32_t line_capacity;
    uint32_t long_capacity;
    int target;
    bool old_words;  /* some are keywords, or names, that are none later */
    bool async_def;  /* in `async def`, outside of which async and await are names up to 3.6 */
    bool async_body; /* behind the line break of its signature */
    uint32_t async_indent;
    uint32_t level;  /* brackets open; brackets[level] is the innermost */
    uint32_t indent; /* blocks open; columns[indent] is the innermost's */
    uint32_t depth;  /* f-strings open; fstrings[depth] is the innermost */
    uint32_t whole;  /* f-strings from this offset on are not looked into; only before 3.12 */
    bool passes;     /* over what is no token and over fields that their string ends, to find what is wrong behind them */
    lexer_bracket brackets[LEXER_BRACKETS + 1];
    uint32_t columns[LEXER_INDENTS];    /* with tabs to multiples of LEXER_TAB */
    uint32_t alternates[LEXER_INDENTS]; /* with tabs as 1 */
    lexer_fstring fstrings[LEXER_FSTRINGS + 1];
} lexer;

/* Fails with `length` bytes at `at`. Returns NULL, so that a caller can return it. `yields`: see codedb_syntax_error; what is
 * wrong in an f-string always does. */
static const unsigned char *lexer_fail(lexer *lx, const unsigned char *at, size_t length, bool yields, const char *format, ...)
    CODEDB_PRINTF(5, 6);
static const unsigned char *lexer_fail(lexer *lx, const unsigned char *at, size_t length, bool yields, const char *format, ...)
{
    va_list arguments;
    lx->error->offset = (uint32_t)(at - lx->base);
    lx->error->length = (uint32_t)(length < (size_t)(lx->end - at) ? length : (size_t)(lx->end - at));
    lx->error->yields = yields || lx->depth > 0;
    lx->error->raises = !yields;
    va_start(arguments, format);
    vsnprintf(lx->error->message, sizeof(lx->error->message), format, arguments);
    va_end(arguments);
    return NULL;
}

/* Whether the lexer is where CPython, up to 3.11, finds the replacement fields of a string before it tokenizes them: errors of that yield. */
static bool lexer_finds_fields(const lexer *lx)
{
    return lx->depth > 0 && lx->target < 312;
}

/* Where the last line ends, its line break not counted: CPython up to 3.9 blames that for a bracket or a string that is
 * never closed. */
static const unsigned char *lexer_last_line_end(const lexer *lx)
{
    const unsigned char *end = lx->end;
    if (codedb_tree_adds_line(lx->tree))
        return end;
    if (end > lx->base && end[-1] == '\n')
        end--;
    if (end > lx->base && end[-1] == '\r')
        end--;
    return end;
}

static const unsigned char *lexer_fail_no_memory(lexer *lx)
{
    lx->error->no_memory = true;
    return lexer_fail(lx, lx->base, 0, false, "out of memory");
}

/* The number, from 1, of the line in which the byte at `offset` stands. */
static uint32_t lexer_line_number(const codedb_tree *tree, uint32_t offset)
{
    uint32_t low = 0;
    uint32_t high = tree->line_count;
    while (low + 1 < high) {
        uint32_t middle = (low + high) / 2;
        if (tree->line_starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low + 1;
}

static uint32_t lexer_line_of(const lexer *lx, const unsigned char *p)
{
    return lexer_line_number(lx->tree, (uint32_t)(p - lx->base));
}

/* The line at whose end a string that does not end was given up. */
static unsigned lexer_line_detected(const lexer *lx, const unsigned char *stop)
{
    uint32_t line = lexer_line_of(lx, stop);
    bool empty = stop == lx->end && lx->tree->line_starts[line - 1] == lx->tree->length;
    return empty && line > 1 ? line - 1 : line;
}

/* Gives one of the tree's arrays of offsets `wanted` elements. */
static bool lexer_resize_offsets(lexer *lx, uint32_t **array, uint32_t *capacity, uint32_t wanted)
{
    uint32_t *resized = codedb_memory_reallocate(&lx->tree->allocator, *array, *capacity, wanted, sizeof(**array));
    if (resized == NULL) {
        lexer_fail_no_memory(lx);
        return false;
    }
    *array = resized;
    *capacity = wanted;
    return true;
}

/* Gives the token array `capacity` elements. */
static bool lexer_resize(lexer *lx, size_t capacity)
{
    size_t count = (size_t)(lx->out - lx->tree->tokens);
    codedb_token *grown = NULL;
    if (capacity <= UINT32_MAX)
        grown = codedb_memory_reallocate(&lx->tree->allocator, lx->tree->tokens, lx->capacity, capacity, sizeof(*grown));
    if (grown == NULL) {
        lexer_fail_no_memory(lx);
        return false;
    }
    lx->tree->tokens = grown;
    lx->capacity = (uint32_t)capacity;
    lx->out = grown + count;
    lx->limit = grown + (capacity > LEXER_MARGIN ? capacity - LEXER_MARGIN : 0);
    return true;
}

/* Adds a token that cannot be too long for its length field. */
static inline void lexer_add(lexer *lx, const unsigned char *start, size_t length, unsigned kind)
{
    codedb_token token = {.start = (uint32_t)(start - lx->base), .kind = kind & 0xFFu, .length = length & 0xFFFFFFu};
    *lx->out++ = token;
}

/* Adds a token of any length. Returns `end`. */
static const unsigned char *lexer_add_any(lexer *lx, const unsigned char *start, const unsigned char *end, unsigned kind)
{
    codedb_tree *tree = lx->tree;
    size_t length = (size_t)(end - start);
    if (CODEDB_LIKELY(length < CODEDB_TOKEN_LONG)) {
        lexer_add(lx, start, length, kind);
        return end;
    }
    if (tree->long_count * 2 == lx->long_capacity &&
        !lexer_resize_offsets(lx, &tree->long_ends, &lx->long_capacity, lx->long_capacity * 2 + 8))
        return NULL;
    tree->long_ends[tree->long_count * 2] = (uint32_t)(lx->out - tree->tokens);
    tree->long_ends[tree->long_count * 2 + 1] = (uint32_t)(end - lx->base);
    tree->long_count++;
    lexer_add(lx, start, CODEDB_TOKEN_LONG, kind);
    return end;
}

/* `p`, or behind the space there: most tokens are followed by one, and this is cheaper than going around for it. */
static inline const unsigned char *lexer_behind(const unsigned char *p)
{
    return p + (*p == ' ');
}

/* Behind the line break at `p`. */
static inline const unsigned char *lexer_after_break(const unsigned char *p)
{
    return p + 1 + (p[0] == '\r' && p[1] == '\n');
}

/* The line break or end behind `p`. */
static const unsigned char *lexer_line_end(const unsigned char *p)
{
    for (;; p++) {
        p = lexer_find(p, '\n', '\r', '\r');
        if (*p == '\n' || *p == '\r' || *p == 0)
            return p;
    }
}

static const unsigned char *lexer_line_begin(const lexer *lx, const unsigned char *p)
{
    const unsigned char *begin = lx->base + lx->tree->text_start;
    while (p > begin && p[-1] != '\n' && p[-1] != '\r')
        p--;
    return p;
}

/* ---- Survey of the source ----------------------------------------------------------------------------------------- */

/* Room in the line starts for those of a block. */
static bool lexer_reserve_lines(lexer *lx)
{
    codedb_tree *tree = lx->tree;
    if (CODEDB_LIKELY(lx->line_capacity - tree->line_count > LEXER_BLOCK))
        return true;
    uint64_t most = (uint64_t)tree->length + 2 * LEXER_BLOCK;
    uint64_t wanted = lx->line_capacity == 0 ? tree->length / 32 + 2 * LEXER_BLOCK : (uint64_t)lx->line_capacity * 3 / 2;
    return lexer_resize_offsets(lx, &tree->line_starts, &lx->line_capacity, (uint32_t)(wanted < most ? wanted : most));
}

/* A block that ends the source or has a \r or NUL, byte by byte. */
static bool lexer_survey_bytes(lexer *lx, const unsigned char *p)
{
    codedb_tree *tree = lx->tree;
    const unsigned char *stop = lx->end - p < LEXER_BLOCK ? lx->end : p + LEXER_BLOCK;
    for (; p < stop; p++) {
        if (*p == 0) {
            lexer_fail(lx, p, 1, false, "source code cannot contain null bytes");
            return false;
        }
        if (*p == '\n' || (*p == '\r' && p[1] != '\n'))
            tree->line_starts[tree->line_count++] = (uint32_t)(p + 1 - lx->base);
    }
    return true;
}

/* The line starts of a block. Most blocks have none or one, which needs no branch: it is written down in any case. */
static inline void lexer_survey_block(lexer *lx, const unsigned char *p, lexer_mask breaks)
{
    codedb_tree *tree = lx->tree;
    uint32_t offset = (uint32_t)(p + 1 - lx->base);
    tree->line_starts[tree->line_count] = offset + lexer_first(breaks | LEXER_MASK_LAST);
    tree->line_count += breaks != 0;
    while (CODEDB_UNLIKELY((breaks &= breaks - 1) != 0))
        tree->line_starts[tree->line_count++] = offset + lexer_first(breaks);
}

/* Finds line starts and what no Python source may hold: NULs, and bytes that are not UTF-8. */
static bool lexer_survey(lexer *lx)
{
    codedb_tree *tree = lx->tree;
    lexer_mask high = 0;
    if (!lexer_reserve_lines(lx))
        return false;
    tree->line_starts[tree->line_count++] = tree->text_start;
    for (const unsigned char *p = lx->base + tree->text_start; p < lx->end; p += LEXER_BLOCK) {
        lexer_block block = lexer_load(p);
        lexer_mask odd = lexer_equal(block, '\r') | lexer_equal(block, 0);
        high |= lexer_beyond_ascii(block);
        if (!lexer_reserve_lines(lx))
            return false;
        if (CODEDB_LIKELY(odd == 0))
            lexer_survey_block(lx, p, lexer_equal(block, '\n'));
        else if (!lexer_survey_bytes(lx, p))
            return false;
    }
    tree->ascii = high == 0;
    size_t valid = tree->ascii ? tree->length : codedb_utf8_valid_length(tree->source, tree->length);
    if (valid < tree->length) {
        lexer_fail(lx, lx->base + valid, 1, false, "byte 0x%02X is not valid UTF-8 here", (unsigned)lx->base[valid]);
        return false;
    }
    return true;
}

/* ---- Lines and indentation ---------------------------------------------------------------------------------------- */

/* From a backslash to the beginning of the next line. */
static const unsigned char *lexer_continue_line(lexer *lx, const unsigned char *p)
{
    if (lx->brackets[lx->level].closing != 0 && lx->depth > 0 && lx->fstrings[lx->depth].limit != NULL)
        return lexer_fail(lx, p, 1, lexer_finds_fields(lx), "f-string expression part cannot include a backslash");
    bool breaks = p[1] == 0 || lexer_classes[p[1]] == LEXER_BREAK;
    const unsigned char *next = p[1] == 0 || !breaks ? p + 1 : lexer_after_break(p + 1);
    if (breaks && (*next != 0 || lx->target < 308 || lx->level > 0 || codedb_tree_adds_line(lx->tree)))
        return next;
    lx->error->continued = true;
    if (!breaks) /* up to 3.8 CPython blames the end of the line */
        return lexer_fail(lx, lx->target < 309 ? lexer_line_end(p) : p + 1, lx->target >= 309, true,
                          "unexpected character after line continuation character");
    return lexer_fail(lx, p + 1, 0, true, "unexpected end of file after a line continuation character");
}

/* Measures an indentation that is not just spaces. Returns the first byte behind it. */
static const unsigned char *lexer_measure(lexer *lx, const unsigned char *p, uint32_t *column, uint32_t *alternate)
{
    uint32_t continued = 0;
    *column = *alternate = 0;
    for (;;) {
        if (*p == ' ') {
            ++*column;
            ++*alternate;
            p++;
        } else if (*p == '\t') {
            *column = (*column / LEXER_TAB + 1) * LEXER_TAB;
            ++*alternate;
            p++;
        } else if (*p == '\f') {
            *column = *alternate = 0;
            p++;
        } else if (*p == '\\' && lx->target >= 310) {
            /* The first backslash decides, and what follows on the next line does not count. */
            continued = continued != 0 ? continued : *column;
            p = lexer_continue_line(lx, p);
            if (p == NULL)
                return NULL;
        } else {
            break;
        }
    }
    if (continued != 0)
        *column = *alternate = continued;
    return p;
}

/* From the backslash at `p` to the first byte that is neither such a one nor a blank. */
static const unsigned char *lexer_behind_backslashes(lexer *lx, const unsigned char *p)
{
    while (p != NULL && *p == '\\') {
        p = lexer_continue_line(lx, p);
        while (p != NULL && (*p == ' ' || *p == '\t' || *p == '\f'))
            p++;
    }
    return p;
}

/* Fails because of the blanks before `p`. */
static const unsigned char *lexer_fail_indent(lexer *lx, const unsigned char *p, const char *message)
{
    return lexer_fail(lx, lx->target < 309 ? lexer_line_end(p) : lexer_line_begin(lx, p), 0, true, "%s", message);
}

static const unsigned char *lexer_fail_tabs(lexer *lx, const unsigned char *p)
{
    return lexer_fail_indent(lx, p, "inconsistent use of tabs and spaces in indentation");
}

/* Opens or closes blocks for a line that begins, at `p`, in another column than the line before. */
static const unsigned char *lexer_indent(lexer *lx, const unsigned char *p, uint32_t column, uint32_t alternate)
{
    uint32_t indent = lx->indent;
    if (column > lx->columns[indent]) {
        if (indent + 1 >= LEXER_INDENTS)
            return lexer_fail_indent(lx, p, "too many levels of indentation");
        if (alternate <= lx->alternates[indent])
            return lexer_fail_tabs(lx, p);
        lx->indent = indent + 1;
        lx->columns[indent + 1] = column;
        lx->alternates[indent + 1] = alternate;
        lexer_add(lx, p, 0, CODEDB_TOKEN_INDENT);
        return p;
    }
    while (column < lx->columns[indent])
        indent--;
    if (column != lx->columns[indent])
        return lexer_fail(lx, lexer_line_end(p), 0, true, "unindent does not match any outer indentation level");
    if (alternate != lx->alternates[indent])
        return lexer_fail_tabs(lx, p);
    for (; lx->indent > indent; lx->indent--)
        lexer_add(lx, p, 0, CODEDB_TOKEN_DEDENT);
    return p;
}

/* A line that is not inside an `async def` ends it. */
static void lexer_leave_async(lexer *lx)
{
    if (lx->async_body && lx->async_indent >= lx->indent)
        lx->async_def = lx->async_body = false;
}

/* From the beginning of a line to the first token of this one or a later one; blank lines and comments are skipped. */
static inline const unsigned char *lexer_line(lexer *lx, const unsigned char *p)
{
    for (;;) {
        uint32_t column = lexer_first_not(lexer_equal(lexer_load(p), ' '));
        uint32_t alternate = column;
        const unsigned char *first = p + column;
        lexer_class class = (lexer_class)lexer_classes[*first];
        if (CODEDB_UNLIKELY(class == LEXER_BLANK || class == LEXER_BACKSLASH)) {
            first = lexer_measure(lx, p, &column, &alternate);
            if (first == NULL)
                return NULL;
            class = (lexer_class)lexer_classes[*first];
        }
        /* In 3.9 a line that begins with a backslash has no indentation of its own, and is blank if there is nothing but more of them. */
        bool is_continued = CODEDB_UNLIKELY(class == LEXER_BACKSLASH) && lx->target == 309;
        if (CODEDB_UNLIKELY(is_continued)) {
            first = lexer_behind_backslashes(lx, first);
            if (first == NULL)
                return NULL;
            class = (lexer_class)lexer_classes[*first];
        }
        if (class == LEXER_COMMENT) {
            first = lexer_line_end(first);
            class = *first == 0 ? LEXER_END : LEXER_BREAK;
        }
        if (class == LEXER_BREAK) {
            p = lexer_after_break(first);
            continue;
        }
        if (class == LEXER_END || is_continued)
            return first;
        if (column != lx->columns[lx->indent] || alternate != lx->alternates[lx->indent])
            first = lexer_indent(lx, first, column, alternate);
        if (CODEDB_UNLIKELY(lx->async_def))
            lexer_leave_async(lx);
        return first;
    }
}

static inline const unsigned char *lexer_break(lexer *lx, const unsigned char *p)
{
    const unsigned char *next = lexer_after_break(p);
    if (lx->level > 0) {
        while (*next == ' ')
            next += lexer_first_not(lexer_equal(lexer_load(next), ' '));
        return next;
    }
    lexer_add(lx, p, (size_t)(next - p), CODEDB_TOKEN_NEWLINE);
    lx->async_body = lx->async_def;
    return lexer_line(lx, next);
}

static const unsigned char *lexer_comment(lexer *lx, const unsigned char *p)
{
    if (lx->depth > 0 && lx->fstrings[lx->depth].limit != NULL)
        return lexer_fail(lx, p, 1, lexer_finds_fields(lx), "f-string expression part cannot include '#'");
    return lexer_line_end(p);
}

/* ---- Names -------------------------------------------------------------------------------------------------------- */

static const unsigned char *lexer_string(lexer *lx, const unsigned char *start, const unsigned char *quotes);
static const unsigned char *lexer_prefixed(lexer *lx, const unsigned char *start, const unsigned char *quotes);

/* Whether CPython would write the code point into a message. */
static bool lexer_is_printable(uint32_t code_point)
{
    return !(code_point < 0xA1 || code_point == 0xAD || code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200F) ||
             (code_point >= 0x2028 && code_point <= 0x202F) || (code_point >= 0x205F && code_point <= 0x206F) ||
             code_point == 0x3000 || (code_point >= 0xE000 && code_point <= 0xF8FF) || code_point == 0xFEFF ||
             (code_point >= 0xFFF0 && code_point <= 0xFFFB) || code_point >= 0xE0000);
}

/* Fails at the character at `p` of a name that ends before `end`; up to 3.8 CPython blames the last one of the name. */
static void lexer_fail_character(lexer *lx, const unsigned char *p, size_t size, uint32_t code_point, const unsigned char *end)
{
    const unsigned char *at = lx->target < 309 ? end - 1 : p;
    while (at > p && (*at & 0xC0) == 0x80)
        at--;
    size_t length = at == p ? size : (size_t)(end - at);
    if (lexer_is_printable(code_point))
        lexer_fail(lx, at, length, false, "invalid character '%.*s' (U+%04X)", (int)size, (const char *)p, (unsigned)code_point);
    else
        lexer_fail(lx, at, length, false, "invalid non-printable character U+%04X", (unsigned)code_point);
}

/* Whether the code points of a name may stand there: those beyond ASCII have to be looked up. */
static bool lexer_check_name(lexer *lx, const unsigned char *start, const unsigned char *end)
{
    size_t size = 1;
    for (const unsigned char *p = start; p < end; p += size) {
        size = 1;
        if (*p < 0x80)
            continue;
        uint32_t code_point = codedb_utf8_decode((const char *)p, &size);
        if (p == start ? codedb_unicode_starts_identifier(code_point, lx->target)
                       : codedb_unicode_continues_identifier(code_point, lx->target))
            continue;
        lexer_fail_character(lx, p, size, code_point, end);
        return false;
    }
    return true;
}

/* What a name of that kind is up to 3.6, where `async` and `await` are keywords in `async def` only: `async` before `def` begins one. */
static unsigned lexer_old_kind(lexer *lx, const unsigned char *end, unsigned kind)
{
    if (lx->target >= 307 || (kind != CODEDB_TOKEN_KEYWORD_ASYNC && kind != CODEDB_TOKEN_KEYWORD_AWAIT))
        return kind;
    if (lx->target < 305)
        return CODEDB_TOKEN_NAME;
    if (lx->async_def)
        return kind;
    while (lexer_classes[*end] == LEXER_BLANK)
        end++;
    if (kind == CODEDB_TOKEN_KEYWORD_AWAIT || memcmp(end, "def", 3) != 0 || lexer_is_name_byte(end[3]))
        return CODEDB_TOKEN_NAME;
    lx->async_def = true;
    lx->async_body = false;
    lx->async_indent = lx->indent;
    return kind;
}

/* Whether the name is __peg_parser__, a keyword of 3.9 that fits nowhere: then it fails. */
static bool lexer_is_old_keyword(lexer *lx, const unsigned char *start, const unsigned char *end)
{
    static const char word[] = "__peg_parser__";
    size_t length = sizeof word - 1;
    if (lx->target != 309 || (size_t)(end - start) != length || memcmp(start, word, length) != 0)
        return false;
    lexer_fail(lx, start, length, true, "%s is a keyword of Python 3.9 that stands for nothing", word);
    return true;
}

/* NAME or a keyword; `mask` has the bytes that belong to the name, or is 0 for one that is too long for a keyword. */
static inline unsigned lexer_name_kind(const unsigned char *start, uint64_t mask)
{
    uint64_t word;
    memcpy(&word, start, sizeof(word));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    word &= mask;
    const lexer_keyword *keyword = &lexer_keywords[LEXER_SLOT(word)];
    /* Without a branch, as nobody could predict it. */
    return CODEDB_TOKEN_NAME + (keyword->beyond_name & (0u - (uint32_t)(keyword->word == word)));
}

/* A name that fills its first block. */
static const unsigned char *lexer_long_name(lexer *lx, const unsigned char *start)
{
    const unsigned char *end = start;
    unsigned length;
    do {
        length = lexer_first_not(lexer_name_bytes(lexer_load(end)));
        end += length;
    } while (length == LEXER_BLOCK);
    if (!lx->tree->ascii && !lexer_check_name(lx, start, end))
        return NULL;
    if (lx->old_words && lexer_is_old_keyword(lx, start, end))
        return NULL;
    /* In a portable block a name of 8 bytes is long already. */
    unsigned kind = lexer_name_kind(start, end - start == 8 ? UINT64_MAX : 0);
    return lexer_add_any(lx, start, end, kind);
}

/* A name, a keyword, or a string with a prefix. */
static inline const unsigned char *lexer_name(lexer *lx, const unsigned char *p)
{
    lexer_block block = lexer_load(p);
    unsigned length = lexer_first_not(lexer_name_bytes(block));
    if (CODEDB_UNLIKELY(length == LEXER_BLOCK))
        return lexer_long_name(lx, p);
    const unsigned char *end = p + length;
    unsigned kind = lexer_name_kind(p, lexer_word_masks[length]);
    if (CODEDB_UNLIKELY((*end == '"' || *end == '\'') && length <= 5)) {
        const unsigned char *behind = lexer_prefixed(lx, p, end);
        if (behind != end)
            return behind;
    }
    if (CODEDB_UNLIKELY(!lx->tree->ascii) && !lexer_check_name(lx, p, end))
        return NULL;
    if (CODEDB_UNLIKELY(lx->old_words)) {
        if (lexer_is_old_keyword(lx, p, end))
            return NULL;
        kind = lexer_old_kind(lx, end, kind);
    }
    lexer_add(lx, p, length, kind);
    /* As lexer_behind, but it need not wait until `end` is known to load what is there. */
    return end + (lexer_equal(block, ' ') >> (length * LEXER_MASK_BITS + LEXER_MASK_BITS - 1) & 1u);
}

/* ---- Numbers ------------------------------------------------------------------------------------------------------ */

/* Whether `word` stands at `p` and ends there. */
static bool lexer_is_word(const unsigned char *p, const char *word)
{
    size_t length = strlen(word);
    return memcmp(p, word, length) == 0 && !lexer_is_name_byte(p[length]);
}

/* What may follow a number directly: a keyword that can stand behind one, or nothing of a name. Returns `end`. */
static const unsigned char *lexer_number_end(lexer *lx, const unsigned char *end, const char *what)
{
    if (lx->target < 310 || !lexer_is_name_byte(*end) || (*end >= 0x80 && lx->target > 310))
        return end;
    if (*end == 'i' && (end[1] == 'f' || end[1] == 'n' || end[1] == 's'))
        return end;
    if (lexer_is_word(end, "and") || lexer_is_word(end, "else") || lexer_is_word(end, "for") || lexer_is_word(end, "or") ||
        lexer_is_word(end, "not"))
        return end;
    return lexer_fail(lx, end - 1, 1, false, "invalid %s literal", what);
}

/* Decimal digits, and underscores between them. */
static const unsigned char *lexer_digits(lexer *lx, const unsigned char *p)
{
    for (;;) {
        while (lexer_is_digit(*p))
            p++;
        if (*p != '_' || lx->target < 306)
            return p;
        if (!lexer_is_digit(p[1]))
            return lexer_fail(lx, p, 1, false, "invalid decimal literal");
        p++;
    }
}

static bool lexer_is_digit_of(unsigned char byte, unsigned radix)
{
    if (radix == 16)
        return lexer_is_digit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
    return byte >= '0' && byte < '0' + radix;
}

/* A number with the prefix 0x, 0o or 0b. */
static const unsigned char *lexer_prefixed_number(lexer *lx, const unsigned char *p)
{
    unsigned radix = (p[1] | 0x20) == 'x' ? 16 : (p[1] | 0x20) == 'o' ? 8 : 2;
    const char *what = radix == 16 ? "hexadecimal" : radix == 8 ? "octal" : "binary";
    bool underscores = lx->target >= 306;
    const unsigned char *digits;
    p += 2;
    do {
        if (*p == '_' && underscores)
            p++;
        digits = p;
        if (!lexer_is_digit_of(*p, radix) && !lexer_is_digit(*p))
            return lexer_fail(lx, p - 1, 1, false, "invalid %s literal", what);
        while (lexer_is_digit_of(*p, radix))
            p++;
        if (lx->target < 308 && p > digits && lexer_is_digit(*p)) /* it begins another number */
            return p;
        if (lexer_is_digit(*p)) /* up to 3.9 CPython steps back from one that is the first */
            return lexer_fail(lx, lx->target < 310 && p == digits ? p - 1 : p, 1, false, "invalid digit '%c' in %s literal", *p,
                              what);
    } while (*p == '_' && underscores);
    return lexer_number_end(lx, p, what);
}

/* The exponent at the letter `p`, if it is one. */
static const unsigned char *lexer_exponent(lexer *lx, const unsigned char *p)
{
    bool sign = p[1] == '+' || p[1] == '-';
    if (lexer_is_digit(p[1 + sign]))
        return lexer_digits(lx, p + 1 + sign);
    if (sign)
        return lexer_fail(lx, p + 1, 1, false, "invalid decimal literal");
    return lexer_number_end(lx, p, "decimal");
}

/* A decimal number: integer, float or imaginary. */
static const unsigned char *lexer_decimal(lexer *lx, const unsigned char *start)
{
    const unsigned char *p = lexer_digits(lx, start);
    if (p == NULL)
        return NULL;
    const unsigned char *zeros = start;
    while (*zeros == '0' || *zeros == '_')
        zeros++;
    bool integer = *p != '.' && (*p | 0x20) != 'e' && (*p | 0x20) != 'j';
    bool is_old = lx->target < 310;
    if (integer && *start == '0' && zeros < p) {
        lx->error->in_bytes = !is_old;
        return lexer_fail(lx, is_old ? p - 1 : start, is_old ? 1 : (size_t)(zeros - start), false,
                          "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers");
    }
    if (*p == '.')
        p = lexer_is_digit(p[1]) ? lexer_digits(lx, p + 1) : p + 1;
    if (p != NULL && (*p | 0x20) == 'e') {
        const unsigned char *letter = p;
        p = lexer_exponent(lx, p);
        if (p == letter)
            return p;
    }
    if (p == NULL)
        return NULL;
    if ((*p | 0x20) == 'j')
        return lexer_number_end(lx, p + 1, "imaginary");
    return lexer_number_end(lx, p, "decimal");
}

static const unsigned char *lexer_odd_number(lexer *lx, const unsigned char *start)
{
    unsigned char letter = start[1] | 0x20;
    bool prefixed = *start == '0' && (letter == 'x' || letter == 'o' || letter == 'b');
    const unsigned char *end = prefixed ? lexer_prefixed_number(lx, start) : lexer_decimal(lx, start);
    return end == NULL ? NULL : lexer_add_any(lx, start, end, CODEDB_TOKEN_NUMBER);
}

static inline const unsigned char *lexer_number(lexer *lx, const unsigned char *p)
{
    const unsigned char *end = p + 1;
    while (lexer_is_digit(*end))
        end++;
    if (lexer_classes[*end] == LEXER_NAME || *end == '.' || (*p == '0' && end != p + 1))
        return lexer_odd_number(lx, p);
    return lexer_add_any(lx, p, end, CODEDB_TOKEN_NUMBER);
}

/* ---- Strings ------------------------------------------------------------------------------------------------------ */

/* Behind the byte that a backslash protects, which may be a line break. */
static const unsigned char *lexer_after_escape(const unsigned char *backslash)
{
    const unsigned char *p = backslash + 1;
    if (*p == 0)
        return p;
    return *p == '\r' ? lexer_after_break(p) : p + 1;
}

/* From behind the opening quotes to behind the closing ones: true; or to the line break or end that came before them: false. */
static inline bool lexer_string_end(const unsigned char *p, unsigned char quote, bool triple, const unsigned char **end)
{
    for (;;) {
        p = lexer_find(p, quote, '\\', triple ? 0 : '\r');
        if (*p == quote) {
            if (!triple || (p[1] == quote && p[2] == quote)) {
                *end = p + (triple ? 3 : 1);
                return true;
            }
            p++;
        } else if (*p == '\\') {
            p = lexer_after_escape(p);
        } else if (*p == 0 || *p == '\n' || *p == '\r') {
            *end = p;
            return false;
        } else {
            p++;
        }
    }
}

/* Three quotes at `p` begin a string; two are an empty one. */
static inline bool lexer_is_triple(const unsigned char *p)
{
    return p[1] == p[0] && p[2] == p[0];
}

/* A string that begins at `quotes` does not end before `stop`. */
static const unsigned char *lexer_fail_unterminated(lexer *lx, const unsigned char *start, const unsigned char *quotes,
                                                    const unsigned char *stop)
{
    bool triple = lexer_is_triple(quotes);
    const lexer_fstring *outer = &lx->fstrings[lx->depth];
    if (lx->depth > 0 && outer->limit == NULL && outer->quote == *quotes && outer->triple == triple)
        return lexer_fail(lx, start, 1, lexer_finds_fields(lx), "%c-string: expecting '}'", outer->template ? 't' : 'f');
    bool escaped = false;
    for (const unsigned char *p = quotes + 1; !triple && p < stop; p++)
        if (*p == '\\' && *++p == *quotes)
            escaped = true;
    /* CPython up to 3.9 blames the end of the line, or of the source. */
    bool blames_end = lx->target < 310;
    size_t length = blames_end ? !triple && stop < lx->end : (size_t)(quotes - start) + (triple ? 3 : 1);
    bool blames_last = triple || (stop == lx->end && stop[-1] != '\\');
    const unsigned char *end = blames_last ? lexer_last_line_end(lx) : stop;
    return lexer_fail(lx, blames_end ? end : start, length, lexer_finds_fields(lx),
                      "unterminated %sstring literal (detected at line %u)%s", triple ? "triple-quoted " : "",
                      lexer_line_detected(lx, stop), escaped ? "; perhaps you escaped the end quote?" : "");
}

/* Before 3.12 a field ends where its string ends, and holds no backslash. */
static bool lexer_fits_old_field(lexer *lx, const unsigned char *start, const unsigned char *end)
{
    const lexer_fstring *outer = &lx->fstrings[lx->depth];
    if (lx->depth == 0 || outer->limit == NULL)
        return true;
    if (end > outer->limit)
        lexer_fail(lx, start, 1, lexer_finds_fields(lx), "f-string: expecting '}'");
    else if (memchr(start, '\\', (size_t)(end - start)) != NULL)
        lexer_fail(lx, start, (size_t)(end - start), lexer_finds_fields(lx),
                   "f-string expression part cannot include a backslash");
    else
        return true;
    return false;
}

/* A string that is no f- or t-string; `start` is that of its prefix. */
static const unsigned char *lexer_string(lexer *lx, const unsigned char *start, const unsigned char *quotes)
{
    bool triple = lexer_is_triple(quotes);
    const unsigned char *end;
    bool ended = lexer_string_end(quotes + (triple ? 3 : 1), *quotes, triple, &end);
    if (CODEDB_UNLIKELY(lx->depth > 0) && !lexer_fits_old_field(lx, start, ended ? end : lx->end + 1))
        return NULL;
    if (CODEDB_UNLIKELY(!ended))
        return lexer_fail_unterminated(lx, start, quotes, end);
    return lexer_add_any(lx, start, end, CODEDB_TOKEN_STRING);
}

/* ---- f- and t-strings --------------------------------------------------------------------------------------------- */

static char lexer_fstring_letter(const lexer_fstring *fstring)
{
    return fstring->template ? 't' : 'f';
}

static const unsigned char *lexer_push(lexer *lx, const unsigned char *p, unsigned char closing, bool field)
{
    if (lx->level >= LEXER_BRACKETS)
        return lexer_fail(lx, p, 1, false, "too many nested parentheses");
    lexer_bracket bracket = {.offset = (uint32_t)(p - lx->base), .closing = closing, .field = field};
    lx->brackets[++lx->level] = bracket;
    return p + 1;
}

/* The next byte of f-string text that may end it or means something in it. */
static const unsigned char *lexer_find_in_text(const unsigned char *p, unsigned char quote, unsigned char limit)
{
    for (;; p += LEXER_BLOCK) {
        lexer_block block = lexer_load(p);
        lexer_mask found = lexer_equal(block, quote) | lexer_equal(block, '\\') | lexer_equal(block, '{') |
                           lexer_equal(block, '}') | lexer_at_most(block, limit);
        if (found != 0)
            return p + lexer_first(found);
    }
}

/* Text begins at `start`; what ends it stands at `p`. For CPython there is text, and be it empty, at the end of every format spec, which may be
 * a line break; here only in an f-string that is refused, so that nothing behind a lambda's colon is taken for its body. */
static bool lexer_add_text(lexer *lx, const unsigned char *start, const unsigned char *p)
{
    bool ends_spec = *p == '}' || *p == '\n' || *p == '\r';
    bool is_text = start != p || (CODEDB_UNLIKELY(lx->fstrings[lx->depth].refused) && ends_spec);
    return !is_text || lexer_add_any(lx, start, p, CODEDB_TOKEN_FSTRING_MIDDLE) != NULL;
}

/* The closing quotes at `p`. */
static const unsigned char *lexer_fstring_close(lexer *lx, const unsigned char *p)
{
    const lexer_fstring *fstring = &lx->fstrings[lx->depth];
    size_t size = fstring->triple ? 3 : 1;
    if (lx->level > fstring->level && !lx->passes) {
        if (lx->target >= 312) /* for CPython's lexer the string ends all the same */
            lexer_add(lx, p, size, CODEDB_TOKEN_FSTRING_END);
        return lexer_fail(lx, p, size, true, "%c-string: expecting '}', or format specs", lexer_fstring_letter(fstring));
    }
    /* Braces are open, but of no field any more: for CPython the next one that is closed ends the field that the string is in. */
    bool ends_field = lx->level > fstring->level && lx->brackets[fstring->level].field;
    for (uint32_t level = lx->level; level > fstring->level; level--)
        lx->brackets[level].field = false;
    if (ends_field) {
        lx->brackets[fstring->level].field = false;
        lx->brackets[lx->level].field = true;
    }
    lexer_add(lx, p, size, CODEDB_TOKEN_FSTRING_END);
    lx->depth--;
    return p + size;
}

/* The brace at `p`, which begins a field. */
static const unsigned char *lexer_fstring_open_field(lexer *lx, const unsigned char *p)
{
    const lexer_fstring *fstring = &lx->fstrings[lx->depth];
    if (lx->level - fstring->level >= (lx->target >= 312 ? 3u : 2u))
        return lexer_fail(lx, p - 1, 1, lexer_finds_fields(lx), "%c-string: expressions nested too deeply",
                          lexer_fstring_letter(fstring));
    lexer_add(lx, p, 1, CODEDB_TOKEN_LEFT_BRACE);
    return lexer_push(lx, p, '}', true);
}

/* Behind the backslash at `p` and what it protects: never a brace, but for `\N{` of a string that is not raw. */
static const unsigned char *lexer_fstring_escape(const lexer_fstring *fstring, const unsigned char *p, bool *named)
{
    if (p[1] == '{' || p[1] == '}')
        return p + 1;
    if (p[1] == 'N' && p[2] == '{' && !fstring->raw) {
        *named = true;
        return p + 3;
    }
    return lexer_after_escape(p);
}

/* Whether the source ends at `p` and a backslash stands before that, or before its last line break; the text began at `start`. */
static bool lexer_is_escaped_end(const lexer *lx, const unsigned char *start, const unsigned char *p)
{
    const unsigned char *backslash = p;
    if (p < lx->end || p == start)
        return false;
    while (backslash > start && backslash[-1] == '\\')
        backslash--;
    return p[-1] == '\n' || p[-1] == '\r' || (p - backslash) % 2 == 1;
}

/* The line break or end at `p` in text that does not reach over it. In 3.12 and 3.13 a line break, also the one that the last
 * line need not have, ends a format spec: the text from its colon, and in 3.12 that behind a field in it, too. */
static bool lexer_fstring_break(lexer *lx, const unsigned char *start, const unsigned char *p)
{
    const lexer_fstring *fstring = &lx->fstrings[lx->depth];
    char letter = lexer_fstring_letter(fstring);
    bool spec = lx->level > fstring->level && !fstring->triple && (start[-1] == ':' || lx->target == 312);
    spec = spec && !lexer_is_escaped_end(lx, start, p);
    if (spec && lx->target < 314)
        return true;
    if (spec)
        lexer_fail(lx, p, 1, false, "%c-string: newlines are not allowed in format specifiers for single quoted %c-strings",
                   letter, letter);
    else
        lexer_fail(lx, fstring->start, 1, false, "unterminated %s%c-string literal (detected at line %u)",
                   fstring->triple ? "triple-quoted " : "", letter, lexer_line_detected(lx, p));
    return false;
}

/* Text of the innermost f-string or of a format spec in it, up to and including the brace or the quotes that end it. In a spec no brace is
 * doubled, but since 3.13 `{{` behind a field in it, `f"{a:{b}{{c}"`. */
static const unsigned char *lexer_fstring_text(lexer *lx, const unsigned char *start)
{
    const lexer_fstring *fstring = &lx->fstrings[lx->depth];
    bool spec = lx->level > fstring->level, doubles = spec && start[-1] == '}' && lx->target >= 313;
    bool named = false;
    for (const unsigned char *p = start;;) {
        p = lexer_find_in_text(p, fstring->quote, fstring->triple ? 0 : '\r');
        if (*p == '\\') {
            p = lexer_fstring_escape(fstring, p, &named);
        } else if (*p == '}' && named) {
            named = false;
            p++;
        } else if ((*p == '{' || *p == '}') && p[1] == *p && (!spec || (*p == '{' && doubles))) {
            named = false;
            p += 2;
        } else if (*p == '{') {
            return lexer_add_text(lx, start, p) ? lexer_fstring_open_field(lx, p) : NULL;
        } else if (*p == '}') {
            if (!spec)
                return lexer_fail(lx, p, 1, lexer_finds_fields(lx), "%c-string: single '}' is not allowed",
                                  lexer_fstring_letter(fstring));
            return lexer_add_text(lx, start, p) ? p : NULL;
        } else if (*p == fstring->quote) {
            if (!fstring->triple || lexer_is_triple(p))
                return lexer_add_text(lx, start, p) ? lexer_fstring_close(lx, p) : NULL;
            p++;
        } else if (*p == '\n' || *p == '\r' || *p == 0) {
            return lexer_fstring_break(lx, start, p) && lexer_add_text(lx, start, p) ? p : NULL;
        } else {
            p++;
        }
    }
}

/* Before 3.12 an f-string is a string first: its end is found before its fields are looked at. */
static bool lexer_find_old_end(lexer *lx, lexer_fstring *fstring, const unsigned char *quotes)
{
    const unsigned char *end;
    size_t size = fstring->triple ? 3 : 1;
    bool ended = lexer_string_end(quotes + size, *quotes, fstring->triple, &end);
    if (!lexer_fits_old_field(lx, fstring->start, ended ? end : lx->end + 1))
        return false;
    if (!ended)
        return lexer_fail_unterminated(lx, fstring->start, quotes, end) != NULL;
    fstring->limit = end - size;
    return true;
}

static const unsigned char *lexer_fstring_start(lexer *lx, lexer_fstring *fstring, const unsigned char *quotes)
{
    const unsigned char *text = quotes + (fstring->triple ? 3 : 1);
    if (lx->depth >= LEXER_FSTRINGS - 1)
        return lexer_fail(lx, text - 1, 1, false, "too many nested %c-strings", lexer_fstring_letter(fstring));
    if (lx->target < 312 && !lexer_find_old_end(lx, fstring, quotes))
        return NULL;
    lexer_add(lx, fstring->start, (size_t)(text - fstring->start),
              fstring->template ? CODEDB_TOKEN_TSTRING_START : CODEDB_TOKEN_FSTRING_START);
    if (CODEDB_UNLIKELY((size_t)(fstring->start - lx->base) >= lx->whole)) {
        lexer_add(lx, fstring->limit, (size_t)(text - quotes), CODEDB_TOKEN_FSTRING_END);
        return fstring->limit + (text - quotes);
    }
    lx->fstrings[++lx->depth] = *fstring;
    return lexer_fstring_text(lx, text);
}

/* The letters of a prefix as a set of bits, or 0 when they are none: other letters, or one twice. */
static unsigned lexer_prefix_letters(const unsigned char *start, const unsigned char *quotes)
{
    unsigned letters = 0;
    for (const unsigned char *p = start; p < quotes; p++) {
        const char *found = strchr("urbft", *p | 0x20);
        unsigned letter = found == NULL ? 0 : 1u << (found - "urbft");
        if (letter == 0 || (letters & letter) != 0)
            return 0;
        letters |= letter;
    }
    return letters;
}

/* A string behind letters, or `quotes` when they are no prefix: then they are a name. */
static const unsigned char *lexer_prefixed(lexer *lx, const unsigned char *start, const unsigned char *quotes)
{
    enum { U = 1, R = 2, B = 4, F = 8, T = 16 };
    unsigned letters = lexer_prefix_letters(start, quotes);
    unsigned kind = letters & ~(unsigned)R;
    if (kind == B && quotes - start == 2 && (*start | 0x20) == 'r' && lx->target < 303)
        return quotes;
    if (letters == R || kind == B || (letters == U && lx->target >= 303))
        return lexer_string(lx, start, quotes);
    if ((kind == F && lx->target >= 306) || (kind == T && lx->target >= 314)) {
        lexer_fstring fstring = {.start = start,
                                 .level = lx->level,
                                 .quote = *quotes,
                                 .triple = lexer_is_triple(quotes),
                                 .raw = (letters & R) != 0,
                                 .template = kind == T};
        return lexer_fstring_start(lx, &fstring, quotes);
    }
    if (letters != 0 && lx->target >= 314)
        return lexer_fail(lx, start, (size_t)(quotes - start) + 1, false, "string prefixes '%.*s' are incompatible",
                          (int)(quotes - start), (const char *)start);
    return quotes;
}

/* ---- Brackets and operators --------------------------------------------------------------------------------------- */

static inline const unsigned char *lexer_open(lexer *lx, const unsigned char *p)
{
    const lexer_operator *bracket = &lexer_operators[*p];
    lexer_add(lx, p, 1, bracket->alone);
    return lexer_push(lx, p, bracket->closing, false);
}

static const unsigned char *lexer_fail_mismatch(lexer *lx, const unsigned char *p)
{
    const lexer_bracket *open = &lx->brackets[lx->level];
    if (lx->level == 0)
        return lexer_fail(lx, p, 1, false, "unmatched '%c'", *p);
    if (open->field)
        return lexer_fail(lx, p, 1, lexer_finds_fields(lx), "%c-string: unmatched '%c'",
                          lexer_fstring_letter(&lx->fstrings[lx->depth]), *p);
    uint32_t line = lexer_line_of(lx, lx->base + open->offset);
    if (line == lexer_line_of(lx, p))
        return lexer_fail(lx, p, 1, lexer_finds_fields(lx), "closing parenthesis '%c' does not match opening parenthesis '%c'",
                          *p, lx->base[open->offset]);
    return lexer_fail(lx, p, 1, lexer_finds_fields(lx),
                      "closing parenthesis '%c' does not match opening parenthesis '%c' on line %u", *p, lx->base[open->offset],
                      (unsigned)line);
}

static inline const unsigned char *lexer_close(lexer *lx, const unsigned char *p)
{
    const lexer_bracket *open = &lx->brackets[lx->level];
    if (CODEDB_UNLIKELY(open->closing != *p))
        return lexer_fail_mismatch(lx, p);
    lexer_add(lx, p, 1, lexer_operators[*p].alone);
    lx->level--;
    return CODEDB_UNLIKELY(open->field) ? lexer_fstring_text(lx, p + 1) : lexer_behind(p + 1);
}

/* Whether a lambda stands in the innermost field, in no brackets, behind the last colon for which that was asked. */
static bool lexer_finds_lambda(const lexer *lx)
{
    const codedb_token *at = lx->out - 1;
    bool is_found = false;
    for (int closed = 0; !is_found && at->start > lx->brackets[lx->level].offset; at--) {
        if (closed == 0 && at->kind == CODEDB_TOKEN_COLON)
            break;
        is_found = closed == 0 && at->kind == CODEDB_TOKEN_KEYWORD_LAMBDA;
        closed += codedb_token_closes(at->kind) - codedb_token_opens(at->kind);
    }
    return is_found;
}

static inline const unsigned char *lexer_colon(lexer *lx, const unsigned char *p)
{
    if (CODEDB_UNLIKELY(lx->brackets[lx->level].field)) {
        lexer_fstring *fstring = &lx->fstrings[lx->depth];
        fstring->refused = fstring->refused || (lx->target >= 312 && lexer_finds_lambda(lx));
        lexer_add(lx, p, 1, CODEDB_TOKEN_COLON);
        return lexer_fstring_text(lx, p + 1);
    }
    if (CODEDB_UNLIKELY(p[1] == '=') && lx->target >= 308) {
        lexer_add(lx, p, 2, CODEDB_TOKEN_COLON_EQUAL);
        return p + 2;
    }
    lexer_add(lx, p, 1, CODEDB_TOKEN_COLON);
    return lexer_behind(p + 1);
}

static inline const unsigned char *lexer_dot(lexer *lx, const unsigned char *p)
{
    if (CODEDB_UNLIKELY(lexer_is_digit(p[1])))
        return lexer_odd_number(lx, p);
    bool ellipsis = p[1] == '.' && p[2] == '.';
    lexer_add(lx, p, ellipsis ? 3 : 1, ellipsis ? CODEDB_TOKEN_ELLIPSIS : CODEDB_TOKEN_DOT);
    return p + (ellipsis ? 3 : 1);
}

/* From 3.8 to 3.11 a field's expression ends where a '=' is, but for that of a comparison; so `-=` is no operator there. */
static bool lexer_ends_old_field(const lexer *lx, unsigned char first)
{
    return lx->target < 312 && lx->target >= 308 && first != '=' && first != '!' && first != '<' && first != '>';
}

static const unsigned char *lexer_long_operator(lexer *lx, const unsigned char *p)
{
    const lexer_operator *kinds = &lexer_operators[*p];
    unsigned kind = kinds->alone;
    unsigned length = 1;
    if (p[1] == '=' && kinds->assigning != 0 && (*p != '@' || lx->target >= 305)) {
        kind = kinds->assigning;
        length = 2;
    } else if (p[1] == *p && kinds->doubled != 0) {
        kind = p[2] == '=' ? kinds->doubled_assigning : kinds->doubled;
        length = p[2] == '=' ? 3 : 2;
    } else if (*p == '-' && p[1] == '>') {
        kind = CODEDB_TOKEN_ARROW;
        length = 2;
    } else if (*p == '<' && p[1] == '>') {
        bool is_old = lx->target < 309; /* then CPython blames its end */
        if (!lx->passes)
            return lexer_fail(lx, p + is_old, is_old ? 1 : 2, true, "'<>' is no operator of Python 3: expected '!='");
        kind = CODEDB_TOKEN_EXCLAMATION;
        length = 2;
    }
    if (CODEDB_UNLIKELY(lx->brackets[lx->level].field) && p[length - 1] == '=' && lexer_ends_old_field(lx, *p))
        kind = --length == 1 ? kinds->alone : kinds->doubled;
    lexer_add(lx, p, length, kind);
    return lexer_behind(p + length);
}

static inline const unsigned char *lexer_operator_at(lexer *lx, const unsigned char *p)
{
    if (lexer_classes[p[1]] == LEXER_OPERATOR)
        return lexer_long_operator(lx, p);
    lexer_add(lx, p, 1, lexer_operators[*p].alone);
    return lexer_behind(p + 1);
}

static const unsigned char *lexer_invalid(lexer *lx, const unsigned char *p)
{
    bool is_character = *p == '$' || *p == '?' || *p == '`';
    bool is_token = is_character || lx->target < 311; /* of a kind that nothing begins with */
    if (is_token && lx->passes) {
        lexer_add(lx, p, 1, CODEDB_TOKEN_EXCLAMATION);
        return p + 1;
    }
    if (is_character)
        return lexer_fail(lx, p, 1, true, "unexpected character '%c'", *p);
    return lexer_fail(lx, p, 1, is_token, "invalid non-printable character U+%04X", (unsigned)*p);
}

/* ---- The loop ----------------------------------------------------------------------------------------------------- */

/* Whether the last line begins with a backslash and holds nothing but more of them: up to 3.8 that is no blank one. */
static bool lexer_ends_with_backslashes(const lexer *lx)
{
    const unsigned char *p = lx->base + lx->tree->text_start;
    if (lx->target >= 309)
        return false;
    if (lx->out > lx->tree->tokens)
        p = lx->base + lx->out[-1].start + lx->out[-1].length;
    while (p < lx->end && *p != '\\')
        p = *p == '#' ? lexer_line_end(p) : p + 1;
    return p < lx->end;
}

/* The end of the source: the line and the blocks end with it. */
static bool lexer_finish(lexer *lx)
{
    const codedb_tree *tree = lx->tree;
    if (lx->level > 0) {
        const unsigned char *open = lx->base + lx->brackets[lx->level].offset;
        const unsigned char *at = lx->target < 310 ? lexer_last_line_end(lx) : open;
        lexer_fail(lx, at, at < lx->end, true, "'%c' was never closed", *open);
        return false;
    }
    bool ends_line = lx->out > tree->tokens && lx->out[-1].kind != CODEDB_TOKEN_NEWLINE;
    if (ends_line || lexer_ends_with_backslashes(lx))
        lexer_add(lx, lx->end, 0, CODEDB_TOKEN_NEWLINE);
    for (; lx->indent > 0; lx->indent--)
        lexer_add(lx, lx->end, 0, CODEDB_TOKEN_DEDENT);
    lexer_add(lx, lx->end, 0, CODEDB_TOKEN_ENDMARKER);
    return true;
}

static bool lexer_run(lexer *lx)
{
    const unsigned char *p = lexer_line(lx, lx->base + lx->tree->text_start);
    while (CODEDB_LIKELY(p != NULL)) {
        if (CODEDB_UNLIKELY(lx->out >= lx->limit) && !lexer_resize(lx, (size_t)lx->capacity + lx->capacity / 2))
            return false;
        switch (lexer_classes[*p] & 15u) {
        case LEXER_NAME: p = lexer_name(lx, p); break;
        case LEXER_DIGIT: p = lexer_number(lx, p); break;
        case LEXER_QUOTE: p = lexer_string(lx, p, p); break;
        case LEXER_BLANK: p++; break;
        case LEXER_BREAK: p = lexer_break(lx, p); break;
        case LEXER_COMMENT: p = lexer_comment(lx, p); break;
        case LEXER_BACKSLASH: p = lexer_continue_line(lx, p); break;
        case LEXER_OPEN: p = lexer_open(lx, p); break;
        case LEXER_CLOSE: p = lexer_close(lx, p); break;
        case LEXER_DOT: p = lexer_dot(lx, p); break;
        case LEXER_COLON: p = lexer_colon(lx, p); break;
        case LEXER_SINGLE:
            lexer_add(lx, p, 1, lexer_operators[*p].alone);
            p = lexer_behind(p + 1);
            break;
        case LEXER_OPERATOR: p = lexer_operator_at(lx, p); break;
        case LEXER_END: return lexer_finish(lx);
        default: p = lexer_invalid(lx, p); break;
        }
    }
    return false;
}

/* ---- The public part ---------------------------------------------------------------------------------------------- */

/* The tokens before the error, and an ENDMARKER where lexing stopped. There is room: lexer_run keeps it. */
static void lexer_end_early(lexer *lx)
{
    codedb_tree *tree = lx->tree;
    uint32_t count = (uint32_t)(lx->out - tree->tokens);
    bool is_unclosed = lx->error->yields && lexer_classes[(unsigned char)tree->source[lx->error->offset]] == LEXER_OPEN;
    uint32_t stop = is_unclosed ? tree->length : lx->error->offset;
    if (count > 0 && codedb_token_end(tree, count - 1) > stop)
        stop = codedb_token_end(tree, count - 1);
    lexer_add(lx, lx->base + stop, 0, CODEDB_TOKEN_ENDMARKER);
}

/* Gives back what the arrays have too much. */
static bool lexer_shrink(lexer *lx)
{
    codedb_tree *tree = lx->tree;
    return lexer_resize(lx, tree->token_count) &&
           lexer_resize_offsets(lx, &tree->line_starts, &lx->line_capacity, tree->line_count);
}

CODEDB_PRIVATE bool codedb_lex_past(codedb_tree *tree, codedb_syntax_error *error, uint32_t whole, bool passes)
{
    static const codedb_syntax_error no_error = {0};
    lexer lx;
    memset(&lx, 0, offsetof(lexer, brackets));
    memset(&lx.brackets[0], 0, sizeof(lx.brackets[0]));
    lx.columns[0] = lx.alternates[0] = 0;
    *error = no_error;
    lx.tree = tree;
    lx.error = error;
    lx.base = (const unsigned char *)tree->source;
    lx.end = lx.base + tree->length;
    lx.target = tree->target_version;
    lx.whole = whole;
    lx.passes = passes;
    lx.old_words = lx.target < 307 || lx.target == 309;
    tree->text_start = tree->length >= 3 && memcmp(tree->source, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (!lexer_survey(&lx) || !lexer_resize(&lx, (size_t)tree->length / 4 + 2 * LEXER_MARGIN))
        return false;
    bool done = lexer_run(&lx);
    if (!done && !error->no_memory)
        lexer_end_early(&lx);
    tree->token_count = (uint32_t)(lx.out - tree->tokens);
    return done && lexer_shrink(&lx);
}

CODEDB_PRIVATE bool codedb_lex(codedb_tree *tree, codedb_syntax_error *error)
{
    return codedb_lex_past(tree, error, UINT32_MAX, false);
}

CODEDB_PRIVATE const char *codedb_token_kind_text(codedb_token_kind kind)
{
    static const char *const texts[CODEDB_TOKEN_KIND_COUNT] = {
#define X(code, text) text,
        CODEDB_TOKEN_KINDS(X)
#undef X
    };
    return (unsigned)kind < CODEDB_TOKEN_KIND_COUNT ? texts[kind] : "token";
}

CODEDB_PRIVATE uint32_t codedb_token_end(const codedb_tree *tree, uint32_t token)
{
    const codedb_token *found = &tree->tokens[token];
    if (CODEDB_LIKELY(found->length != CODEDB_TOKEN_LONG))
        return found->start + found->length;
    uint32_t low = 0;
    uint32_t high = tree->long_count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (tree->long_ends[middle * 2] < token)
            low = middle + 1;
        else
            high = middle;
    }
    return tree->long_ends[low * 2 + 1];
}
