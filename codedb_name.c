/* codedb_name.c -- the characters that \N{...} names, as each Python knows them.
 *
 * Called by codedb_string.c, codedb_fstring.c and codedb_reference.c; calls nothing. Any thread; holds no state.
 *
 * A name stands for a character if it is exactly one in the tables, or one made by rule: of a Hangul syllable or of an ideograph. The
 * tables are sorted: a binary search over the first names of blocks finds the one that can hold a name, and that is read from its start.
 *
 *   Names by rule . Reading the tables . Searching */
#include "codedb_name_tables.h"
#include "codedb_name_pages.h"
#include "codedb_tree.h"

#include <string.h>

#define NAME_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The first Python that does not ask names by rule to be in capitals, and that asks a number in them not to begin with 0. */
#define NAME_ANY_CASE 314

/* What a character of a text is, as name_meanings tells. */
enum { NAME_ITSELF = 0, NAME_END = 100, NAME_END_KINDS = 5 };

/* ---- Names by rule ------------------------------------------------------------------------------------------------ */

/* The Hangul syllables, by arithmetic. */
enum { NAME_SYLLABLES = 0xAC00, NAME_LEADS = 19, NAME_VOWELS = 21, NAME_FINALS = 28 };

typedef char name_part[4];

/* The place of the longest of the parts that the text at *at begins with, which goes behind it; `count` when there is none. */
static uint32_t name_hangul_part(const char **at, const char *end, const name_part *parts, uint32_t count)
{
    uint32_t found = count;
    size_t longest = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t length = strlen(parts[i]);
        if ((found == count || length > longest) && length <= (size_t)(end - *at) && memcmp(*at, parts[i], length) == 0) {
            found = i;
            longest = length;
        }
    }
    *at += longest;
    return found;
}

/* "HANGUL SYLLABLE " lead vowel final */
static bool name_hangul(const char *at, const char *end, uint32_t *code_point)
{
    static const name_part leads[] = {"G",  "GG", "N", "D",  "DD", "R", "M", "B", "BB", "S",
                                      "SS", "",   "J", "JJ", "C",  "K", "T", "P", "H"};
    static const name_part vowels[] = {"A",  "AE", "YA", "YAE", "EO", "E",  "YEO", "YE", "O",  "WA", "WAE",
                                       "OE", "YO", "U",  "WEO", "WE", "WI", "YU",  "EU", "YI", "I"};
    static const name_part finals[] = {"",   "G",  "GG", "GS", "N",  "NJ", "NH", "D",  "L", "LG", "LM", "LB", "LS", "LT",
                                       "LP", "LH", "M",  "B",  "BS", "S",  "SS", "NG", "J", "C",  "K",  "T",  "P",  "H"};
    uint32_t lead = name_hangul_part(&at, end, leads, NAME_LEADS);
    uint32_t vowel = name_hangul_part(&at, end, vowels, NAME_VOWELS);
    uint32_t final = name_hangul_part(&at, end, finals, NAME_FINALS);
    if (lead == NAME_LEADS || vowel == NAME_VOWELS || final == NAME_FINALS || at != end)
        return false;
    *code_point = NAME_SYLLABLES + (lead * NAME_VOWELS + vowel) * NAME_FINALS + final;
    return true;
}

/* What stands behind "IDEOGRAPH-": four or five hexadecimal digits of a character in one of the ranges. */
static bool name_ideograph(const char *at, const char *end, const name_range *ranges, size_t count, int python,
                           uint32_t *code_point)
{
    uint32_t number = 0;
    if (end - at < 4 || end - at > 5 || (python >= NAME_ANY_CASE && end - at == 5 && *at == '0'))
        return false;
    for (; at < end; at++)
        if (*at >= '0' && *at <= '9')
            number = number << 4 | (uint32_t)(*at - '0');
        else if (*at >= 'A' && *at <= 'F')
            number = number << 4 | (uint32_t)(*at - 'A' + 10);
        else
            return false;
    *code_point = number;
    for (size_t i = 0; i < count; i++)
        if (number >= ranges[i].first && number <= ranges[i].last)
            return (python >= ranges[i].since || ranges[i].since == name_pythons[0]) && python < ranges[i].until;
    return false;
}

/* ---- Reading the tables ------------------------------------------------------------------------------------------- */

static const char *name_block(size_t index)
{
    size_t page = name_blocks[index] / NAME_PAGE, place = name_blocks[index] % NAME_PAGE;
    return page < NAME_COUNT(name_pages) ? &name_pages[page][place] : &name_pages_2[page - NAME_COUNT(name_pages)][place];
}

static unsigned name_meaning(char c)
{
    return name_meanings[c - ' '];
}

/* Reads a number of so many digits. */
static uint32_t name_number(const char **at, unsigned digits)
{
    uint32_t number = 0;
    for (; digits > 0; digits--) {
        char c = *(*at)++;
        number = number * NAME_DIGITS + (uint32_t)(c - ' ' - (c > '"') - (c > '?') - (c > '\\'));
    }
    return number;
}

/* Reads what ends a name, and makes the code point of the one before that of this one; the first Python that knows it is the result. */
static int name_read_end(const char **at, uint32_t *code_point)
{
    unsigned end = name_meaning(*(*at)++) - NAME_END;
    int python = name_pythons[end >= NAME_END_KINDS ? name_number(at, 1) : 0];
    switch (end % NAME_END_KINDS) {
    case 0: *code_point += 1; break;
    case 1: *code_point += name_number(at, 1) - NAME_DIGITS / 2; break;
    case 2: *code_point += name_number(at, 2) - NAME_DIGITS * NAME_DIGITS / 2; break;
    case 3: *code_point = name_number(at, 3); break;
    default: *code_point = name_number(at, 2) + NAME_FAR;
    }
    return python;
}

/* ---- Searching ---------------------------------------------------------------------------------------------------- */

/* Compares the text at *at, which goes to its end, with the name from `same` characters on: is the name before it (-1), the same (0), or
 * behind it (1)? What is the same is added to *same. */
static int name_compare(const char **at, const char *name, size_t length, size_t *same)
{
    int order = 0;
    for (; name_meaning(**at) < NAME_END; (*at)++) {
        const char letter[2] = {**at, '\0'};
        const char *piece = name_meaning(**at) == NAME_ITSELF ? letter : name_pieces[name_meaning(**at) - 1];
        for (; *piece && !order; piece++)
            if (*same == length || (unsigned char)name[*same] < (unsigned char)*piece)
                order = -1;
            else if (name[*same] != *piece)
                order = 1;
            else
                ++*same;
    }
    return order ? order : *same < length;
}

/* Reads the block at `at` for a name. How far the name is like the one that was read last is enough to know: one that shares more with that
 * one comes before the name, too, and one that shares less comes behind it. */
static bool name_search_block(const char *at, const char *name, size_t length, int python, uint32_t *code_point)
{
    size_t same = 0;
    *code_point = 0;
    for (unsigned i = 0; i < NAME_BLOCK && *at; i++) {
        size_t shared = name_number(&at, 1);
        int order = 1;
        if (shared < same)
            return false;
        if (shared == same)
            order = name_compare(&at, name, length, &same);
        while (name_meaning(*at) < NAME_END)
            at++;
        int since = name_read_end(&at, code_point);
        if (order <= 0)
            return order == 0 && (python >= since || since == name_pythons[0]);
    }
    return false;
}

static bool name_search(const char *name, size_t length, int python, uint32_t *code_point)
{
    size_t low = 0, high = NAME_COUNT(name_blocks);
    while (high - low > 1) {
        size_t middle = (low + high) / 2, same = 0;
        const char *first = name_block(middle) + 1; /* it shares nothing */
        if (name_compare(&first, name, length, &same) < 0)
            high = middle;
        else
            low = middle;
    }
    return name_search_block(name_block(low), name, length, python, code_point);
}

static bool name_begins(const char *name, size_t length, const char *start)
{
    return length > strlen(start) && memcmp(name, start, strlen(start)) == 0;
}

CODEDB_PRIVATE bool codedb_character_by_name(const char *name, size_t length, int python, uint32_t *code_point)
{
    static const char hangul[] = "HANGUL SYLLABLE ", unified[] = "CJK UNIFIED IDEOGRAPH-", tangut[] = "TANGUT IDEOGRAPH-";
    char capitals[NAME_LONGEST];
    if (length > NAME_LONGEST)
        return false;
    for (size_t i = 0; i < length; i++)
        capitals[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - ('a' - 'A') : name[i]);
    const char *ruled = python < NAME_ANY_CASE ? name : capitals;
    if (name_begins(ruled, length, hangul))
        return name_hangul(ruled + strlen(hangul), ruled + length, code_point);
    if (name_begins(ruled, length, unified))
        return name_ideograph(ruled + strlen(unified), ruled + length, name_unified, NAME_COUNT(name_unified), python,
                              code_point);
    if (name_begins(ruled, length, tangut))
        return name_ideograph(ruled + strlen(tangut), ruled + length, name_tangut, NAME_COUNT(name_tangut), python, code_point);
    return name_search(capitals, length, python, code_point);
}

CODEDB_PRIVATE const char *codedb_character_read(const char *text, const char *end, int python, uint32_t *code_point)
{
    if (end - text < 2 || text[0] != 'N' || text[1] != '{')
        return NULL;
    const char *name = text + 2;
    size_t most = (size_t)(end - name) > NAME_LONGEST ? NAME_LONGEST + 1 : (size_t)(end - name);
    const char *close = memchr(name, '}', most);
    return close && codedb_character_by_name(name, (size_t)(close - name), python, code_point) ? close + 1 : NULL;
}
