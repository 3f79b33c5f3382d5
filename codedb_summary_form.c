/* codedb_summary_form.c -- a summary as bytes, for the database: written when a source is stored, believed only when all of it fits.
 *
 * Called by codedb_source_summary.c and codedb_query_part.c, from any thread. The form is 64-bit numbers, the lowest byte first:
 *
 *     form, target version, ASCII?, kinds ..., the number of words of names, names ..., check
 *
 * Invariants
 * 1. `form` says by which program the summary was made: its version, the names of its kinds and how it hashes names. Another one might mean
 *    something else by the same bits.
 * 2. `check` is over all other numbers and the hash of the source, so that neither a damaged row nor that of another source is believed.
 *    (Whoever can write a check can as well write a source.)
 * 3. Whatever is wrong with a form, nothing follows from it: no file is left out, and no error told. */
#include "codedb_query.h"

#include <string.h>

#define SUMMARY_FORM_NUMBER 1u
#define SUMMARY_FORM_SIZE 8u
/* The numbers before the names. */
#define SUMMARY_FORM_HEAD (4u + CODEDB_KIND_SET_WORDS)

CODEDB_PRIVATE uint64_t codedb_summary_form(void)
{
    const codedb_vocabulary *vocabulary = codedb_vocabulary_cst();
    uint64_t form = SUMMARY_FORM_NUMBER ^ codedb_summary_hash(codedb_version(), strlen(codedb_version()));
    for (unsigned kind = 0; kind < vocabulary->kind_count; kind++) {
        const char *name = vocabulary->kinds[kind].name;
        form = form * UINT64_C(0x100000001B3) + codedb_summary_hash(name, strlen(name));
    }
    return form;
}

static void summary_form_append(codedb_buffer *out, uint64_t number)
{
    char bytes[SUMMARY_FORM_SIZE];
    for (unsigned i = 0; i < SUMMARY_FORM_SIZE; i++)
        bytes[i] = (char)(number >> (8 * i) & 0xFF);
    codedb_buffer_append(out, bytes, sizeof bytes);
}

static uint64_t summary_form_number(codedb_slice form, size_t index)
{
    uint64_t number = 0;
    for (unsigned i = SUMMARY_FORM_SIZE; i-- > 0;)
        number = number << 8 | (unsigned char)form.text[index * SUMMARY_FORM_SIZE + i];
    return number;
}

static uint64_t summary_form_check(const char *bytes, size_t length, codedb_slice hash)
{
    return codedb_summary_hash(bytes, length) * UINT64_C(0x9E3779B97F4A7C15) ^ codedb_summary_hash(hash.text, hash.length);
}

static size_t summary_form_words(const codedb_summary *summary)
{
    return ((size_t)summary->name_mask + 1) / 64;
}

CODEDB_PRIVATE void codedb_summary_write(const codedb_summary *summary, codedb_slice hash, int target_version, codedb_buffer *out)
{
    size_t words = summary_form_words(summary), from = out->length;
    summary_form_append(out, codedb_summary_form());
    summary_form_append(out, (uint64_t)target_version);
    summary_form_append(out, summary->is_ascii);
    for (size_t i = 0; i < CODEDB_KIND_SET_WORDS; i++)
        summary_form_append(out, summary->kinds.words[i]);
    summary_form_append(out, words);
    for (size_t i = 0; i < words; i++)
        summary_form_append(out, summary->names[i]);
    if (!out->failed)
        summary_form_append(out, summary_form_check(out->data + from, out->length - from, hash));
}

CODEDB_PRIVATE codedb_summary *codedb_summary_read(const codedb_allocator *allocator, codedb_slice form, codedb_slice hash,
                                                   int target_version, uint64_t expected)
{
    codedb_summary *summary;
    size_t numbers = form.length / SUMMARY_FORM_SIZE;
    if (form.length % SUMMARY_FORM_SIZE != 0 || numbers <= SUMMARY_FORM_HEAD || summary_form_number(form, 0) != expected ||
        summary_form_number(form, 1) != (uint64_t)target_version)
        return NULL;
    uint64_t words = summary_form_number(form, SUMMARY_FORM_HEAD - 1);
    if (words != numbers - SUMMARY_FORM_HEAD - 1 || words < CODEDB_SUMMARY_MINIMUM_BITS / 64 ||
        words > CODEDB_SUMMARY_MAXIMUM_BITS / 64 || (words & (words - 1)) != 0 ||
        summary_form_number(form, numbers - 1) != summary_form_check(form.text, form.length - SUMMARY_FORM_SIZE, hash))
        return NULL;
    summary = codedb_summary_allocate(allocator, (uint32_t)words * 64);
    if (summary == NULL)
        return NULL;
    summary->is_ascii = summary_form_number(form, 2) != 0;
    for (size_t i = 0; i < CODEDB_KIND_SET_WORDS; i++)
        summary->kinds.words[i] = summary_form_number(form, 3 + i);
    for (size_t i = 0; i < words; i++)
        summary->names[i] = summary_form_number(form, SUMMARY_FORM_HEAD + i);
    return summary;
}
