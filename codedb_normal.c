/* codedb_normal.c -- identifiers in the normal form NFKC, in which CPython compares them.
 *
 * Called by codedb_ast_literal.c for identifiers that are not ASCII, and for those of f-strings' conversions. Calls the memory of the tree's allocator. Any thread; holds no
 * state. The steps are those of the Unicode standard: every character is taken apart, marks are put in the order of their classes,
 * and what composes is put together again. Most identifiers hold no character to which any of that matters: they are not copied.
 *
 *   Tables . Decomposing . Ordering . Composing */
#include "codedb_normal_tables.h"
#include "codedb_tree.h"

#include <string.h>

/* The Hangul syllables, by arithmetic. */
enum {
    NORMAL_SYLLABLES = 0xAC00,
    NORMAL_LEADS = 0x1100,
    NORMAL_VOWELS = 0x1161,
    NORMAL_FINALS = 0x11A7, /* one before the first */
    NORMAL_LEAD_COUNT = 19,
    NORMAL_VOWEL_COUNT = 21,
    NORMAL_FINAL_COUNT = 28,
    NORMAL_SYLLABLE_COUNT = NORMAL_LEAD_COUNT * NORMAL_VOWEL_COUNT * NORMAL_FINAL_COUNT
};

#define NORMAL_COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define NORMAL_CODE_POINT 0xFFFFFFu

/* A run of marks so long is ordered class by class: sorting it by insertion would take too long. */
#define NORMAL_LONG_RUN 32

/* ---- Tables ------------------------------------------------------------------------------------------------------- */

/* The index of the first entry whose code point is above `code_point`. */
static size_t normal_search(const uint32_t *table, size_t count, uint32_t code_point)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = (low + count) / 2;
        if ((table[middle] & NORMAL_CODE_POINT) <= code_point)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* The entry's upper bits; 0 for a code point that the table does not have. */
static uint32_t normal_find(const uint32_t *table, size_t count, uint32_t code_point, size_t *index)
{
    size_t behind = normal_search(table, count, code_point);
    if (behind == 0 || (table[behind - 1] & NORMAL_CODE_POINT) != code_point)
        return 0;
    *index = behind - 1;
    return table[behind - 1] >> 24;
}

static uint32_t normal_class(uint32_t code_point)
{
    size_t index;
    return normal_find(normal_classes, NORMAL_COUNT(normal_classes), code_point, &index);
}

static bool normal_is_suspect(uint32_t code_point)
{
    return normal_search(normal_suspects, NORMAL_COUNT(normal_suspects), code_point) % 2 == 1;
}

/* What two characters side by side become; 0: they stay two. */
static uint32_t normal_compose_pair(uint32_t left, uint32_t right)
{
    uint32_t lead = left - NORMAL_LEADS, vowel = right - NORMAL_VOWELS, syllable = left - NORMAL_SYLLABLES;
    if (lead < NORMAL_LEAD_COUNT && vowel < NORMAL_VOWEL_COUNT)
        return NORMAL_SYLLABLES + (lead * NORMAL_VOWEL_COUNT + vowel) * NORMAL_FINAL_COUNT;
    if (syllable < NORMAL_SYLLABLE_COUNT && syllable % NORMAL_FINAL_COUNT == 0 && right > NORMAL_FINALS &&
        right < NORMAL_FINALS + NORMAL_FINAL_COUNT)
        return left + right - NORMAL_FINALS;
    size_t low = 0, high = NORMAL_COUNT(normal_pairs) / 3;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const uint32_t *pair = &normal_pairs[middle * 3];
        if (pair[0] == left && pair[1] == right)
            return pair[2];
        if (pair[0] < left || (pair[0] == left && pair[1] < right))
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* ---- Decomposing -------------------------------------------------------------------------------------------------- */

/* Writes the parts of a character to `out`, which may be NULL; returns how many. */
static size_t normal_decompose(uint32_t code_point, uint32_t *out)
{
    uint32_t syllable = code_point - NORMAL_SYLLABLES;
    size_t index, count;
    if (syllable < NORMAL_SYLLABLE_COUNT) {
        uint32_t final = syllable % NORMAL_FINAL_COUNT;
        if (out) {
            out[0] = NORMAL_LEADS + syllable / (NORMAL_VOWEL_COUNT * NORMAL_FINAL_COUNT);
            out[1] = NORMAL_VOWELS + syllable / NORMAL_FINAL_COUNT % NORMAL_VOWEL_COUNT;
            if (final)
                out[2] = NORMAL_FINALS + final;
        }
        return final ? 3 : 2;
    }
    count = normal_find(normal_keys, NORMAL_COUNT(normal_keys), code_point, &index);
    if (count == 0) {
        if (out)
            *out = code_point;
        return 1;
    }
    if (out)
        memcpy(out, &normal_values[normal_offsets[index]], count * sizeof *out);
    return count;
}

static size_t normal_decompose_text(const char *text, size_t length, uint32_t *out)
{
    size_t count = 0, size;
    for (size_t at = 0; at < length; at += size)
        count += normal_decompose(codedb_utf8_decode(text + at, &size), out ? out + count : NULL);
    return count;
}

/* ---- Ordering ----------------------------------------------------------------------------------------------------- */

/* Orders a run of marks by class; those of one class stay in order. */
static void normal_order_run(uint32_t *marks, size_t count, uint32_t *spare)
{
    if (count < NORMAL_LONG_RUN) {
        for (size_t i = 1; i < count; i++) {
            uint32_t mark = marks[i];
            size_t place = i;
            for (; place > 0 && normal_class(marks[place - 1]) > normal_class(mark); place--)
                marks[place] = marks[place - 1];
            marks[place] = mark;
        }
        return;
    }
    size_t starts[256] = {0}, sum = 0;
    for (size_t i = 0; i < count; i++)
        starts[normal_class(marks[i])]++;
    for (size_t i = 0; i < 256; i++) {
        size_t here = starts[i];
        starts[i] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++)
        spare[starts[normal_class(marks[i])]++] = marks[i];
    memcpy(marks, spare, count * sizeof *marks);
}

static void normal_order(uint32_t *text, size_t count, uint32_t *spare)
{
    for (size_t i = 0; i < count;) {
        size_t start = i;
        while (i < count && normal_class(text[i]) != 0)
            i++;
        normal_order_run(text + start, i - start, spare);
        i += i == start;
    }
}

/* ---- Composing ---------------------------------------------------------------------------------------------------- */

/* A character joins the last one of class 0 unless one between them has the same or a higher class. Returns the new length. */
static size_t normal_compose(uint32_t *text, size_t count)
{
    size_t starter = SIZE_MAX, used = 0;
    uint32_t last_class = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t class = normal_class(text[i]);
        bool blocked = starter == SIZE_MAX || (used > starter + 1 && last_class >= class);
        uint32_t composed = blocked ? 0 : normal_compose_pair(text[starter], text[i]);
        if (composed) {
            text[starter] = composed;
            continue;
        }
        if (class == 0)
            starter = used;
        last_class = class;
        text[used++] = text[i];
    }
    return used;
}

CODEDB_PRIVATE bool codedb_identifier_is_normal(const char *text, size_t length)
{
    size_t size;
    for (size_t at = 0; at < length; at += size) {
        size = 1;
        if ((unsigned char)text[at] >= 0x80 && normal_is_suspect(codedb_utf8_decode(text + at, &size)))
            return false;
    }
    return true;
}

CODEDB_PRIVATE uint32_t codedb_identifier_letter(const char *text, size_t length)
{
    uint32_t code_point = 0;
    if (normal_decompose_text(text, length, NULL) == 1)
        normal_decompose_text(text, length, &code_point);
    return code_point;
}

CODEDB_PRIVATE bool codedb_identifier_normalize(const char *text, size_t length, codedb_buffer *out)
{
    size_t count = normal_decompose_text(text, length, NULL);
    uint32_t *code_points = codedb_memory_allocate(&out->allocator, count * 2, sizeof *code_points);
    if (!code_points)
        return false;
    normal_decompose_text(text, length, code_points);
    normal_order(code_points, count, code_points + count);
    count = normal_compose(code_points, count);
    for (size_t i = 0; i < count; i++) {
        char encoded[4];
        codedb_buffer_append(out, encoded, codedb_utf8_encode(code_points[i], encoded));
    }
    codedb_memory_release(&out->allocator, code_points);
    return !out->failed;
}
