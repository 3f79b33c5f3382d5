/* codedb_text.c -- UTF-8, SHA-256, UUIDs, clocks, system errors, nearest spelling.
 *
 * Called by every file; calls nothing of codedb, allocates nothing. Any thread. The only state is one cached fact about the
 * processor (sha256_hardware), which every thread finds to be the same. */
#include "codedb_internal.h"

#include <locale.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define TEXT_X86 1
#include <cpuid.h>
#include <immintrin.h>
#endif

/* ---- UTF-8 (RFC 3629) ---------------------------------------------------------------------------------------------- */

/* Bytes of ASCII at the start of the text, eight at a time; may stop up to seven early. */
static size_t utf8_ascii_run(const char *text, size_t length)
{
    size_t i = 0;
    while (length - i >= 8) {
        uint64_t word;
        memcpy(&word, text + i, 8);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
        i += 8;
    }
    return i;
}

/* Bytes of the well-formed sequence at `text`, 0 when there is none. The second byte's range depends on the first: so are
 * overlong forms, surrogates and numbers beyond U+10FFFF kept out. */
static size_t utf8_sequence(const unsigned char *text, size_t length)
{
    unsigned char first = text[0];
    unsigned char low = 0x80, high = 0xBF;
    size_t size, i;
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (size > length)
        return 0;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (text[1] < low || text[1] > high)
        return 0;
    for (i = 2; i < size; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

CODEDB_PRIVATE size_t codedb_utf8_valid_length(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length) {
        size_t size;
        i += utf8_ascii_run(text + i, length - i);
        if (i == length)
            break;
        size = utf8_sequence((const unsigned char *)text + i, length - i);
        if (size == 0)
            return i;
        i += size;
    }
    return length;
}

CODEDB_PRIVATE size_t codedb_utf8_count(const char *text, size_t length)
{
    size_t count = 0, i = 0;
    while (length - i >= 8) {
        uint64_t word, continuations;
        memcpy(&word, text + i, 8);
        /* Bit 0 of each byte: 1 for a continuation byte 10xxxxxx. The multiplication sums the eight. */
        continuations = (word >> 7) & ~(word >> 6) & UINT64_C(0x0101010101010101);
        count += 8 - (size_t)((continuations * UINT64_C(0x0101010101010101)) >> 56);
        i += 8;
    }
    for (; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

CODEDB_PRIVATE uint32_t codedb_utf8_decode(const char *text, size_t *size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] < 0x80) {
        *size = 1;
        return bytes[0];
    }
    if (bytes[0] < 0xE0) {
        *size = 2;
        return (uint32_t)(bytes[0] & 0x1F) << 6 | (bytes[1] & 0x3F);
    }
    if (bytes[0] < 0xF0) {
        *size = 3;
        return (uint32_t)(bytes[0] & 0x0F) << 12 | (uint32_t)(bytes[1] & 0x3F) << 6 | (bytes[2] & 0x3F);
    }
    *size = 4;
    return (uint32_t)(bytes[0] & 0x07) << 18 | (uint32_t)(bytes[1] & 0x3F) << 12 | (uint32_t)(bytes[2] & 0x3F) << 6 |
           (bytes[3] & 0x3F);
}

CODEDB_PRIVATE size_t codedb_utf8_encode(uint32_t code_point, char *out)
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xC0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xE0 | code_point >> 12);
        out[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code_point >> 18);
    out[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}

CODEDB_PRIVATE void codedb_text_place(const char *text, size_t length, size_t *line, size_t *column)
{
    size_t start = 0, i;
    *line = 1;
    for (i = 0; i < length; i++) {
        if (text[i] != '\n' && text[i] != '\r')
            continue;
        if (text[i] == '\r' && i + 1 < length && text[i + 1] == '\n')
            i++;
        *line += 1;
        start = i + 1;
    }
    *column = codedb_utf8_count(text + start, length - start);
}

/* ---- SHA-256 (FIPS 180-4) ------------------------------------------------------------------------------------------ */

#define SHA256_BLOCK 64

static const uint32_t sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

typedef void (*sha256_function)(uint32_t state[8], const unsigned char *bytes, size_t blocks);

static uint32_t sha256_rotate(uint32_t word, int count)
{
    return word >> count | word << (32 - count);
}

/* The message schedule W of section 6.2.2, step 1. */
static void sha256_schedule(uint32_t schedule[64], const unsigned char *bytes)
{
    int i;
    for (i = 0; i < 16; i++, bytes += 4)
        schedule[i] = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    for (; i < 64; i++) {
        uint32_t early = schedule[i - 15], late = schedule[i - 2];
        uint32_t sigma0 = sha256_rotate(early, 7) ^ sha256_rotate(early, 18) ^ early >> 3;
        uint32_t sigma1 = sha256_rotate(late, 17) ^ sha256_rotate(late, 19) ^ late >> 10;
        schedule[i] = schedule[i - 16] + sigma0 + schedule[i - 7] + sigma1;
    }
}

static void sha256_portable(uint32_t state[8], const unsigned char *bytes, size_t blocks)
{
    for (; blocks > 0; blocks--, bytes += SHA256_BLOCK) {
        uint32_t schedule[64];
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        int i;
        sha256_schedule(schedule, bytes);
        for (i = 0; i < 64; i++) {
            uint32_t sum1 = sha256_rotate(e, 6) ^ sha256_rotate(e, 11) ^ sha256_rotate(e, 25);
            uint32_t first = h + sum1 + ((e & f) ^ (~e & g)) + sha256_constants[i] + schedule[i];
            uint32_t sum0 = sha256_rotate(a, 2) ^ sha256_rotate(a, 13) ^ sha256_rotate(a, 22);
            uint32_t second = sum0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + first;
            d = c, c = b, b = a, a = first + second;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
        state[4] += e, state[5] += f, state[6] += g, state[7] += h;
    }
}

#ifdef TEXT_X86
/* The instructions take the state as ABEF and CDGH, and run two rounds each; message words come four at a time. */
__attribute__((target("sha,sse4.1,ssse3"))) static void sha256_x86(uint32_t state[8], const unsigned char *bytes, size_t blocks)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i dcba = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xB1);
    __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1B);
    __m128i abef = _mm_alignr_epi8(dcba, hgfe, 8);
    __m128i cdgh = _mm_blend_epi16(hgfe, dcba, 0xF0);
    for (; blocks > 0; blocks--, bytes += SHA256_BLOCK) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i words[4];
        int i;
        for (i = 0; i < 16; i++) {
            __m128i round;
            if (i < 4) {
                words[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i)), swap);
            } else {
                __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(words[i & 3], words[(i + 1) & 3]),
                                            _mm_alignr_epi8(words[(i + 3) & 3], words[(i + 2) & 3], 4));
                words[i & 3] = _mm_sha256msg2_epu32(sum, words[(i + 3) & 3]);
            }
            round = _mm_add_epi32(words[i & 3], _mm_loadu_si128((const __m128i *)(const void *)(sha256_constants + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, round);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(round, 0x0E));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    dcba = _mm_shuffle_epi32(abef, 0x1B);
    hgfe = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(dcba, hgfe, 0xF0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(hgfe, dcba, 8));
}

/* Whether the processor has the SHA extensions. Cached because CPUID traps in virtual machines and then takes microseconds. */
static bool sha256_hardware(void)
{
    static atomic_int cached; /* 0 unknown, 1 no, 2 yes: whoever asks first writes what all others would have written */
    int known = atomic_load_explicit(&cached, memory_order_relaxed);
    if (known == 0) {
        unsigned a, b, c, d;
        bool sse = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_1) != 0 && (c & bit_SSSE3) != 0;
        known = sse && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & 1u << 29) != 0 ? 2 : 1;
        atomic_store_explicit(&cached, known, memory_order_relaxed);
    }
    return known == 2;
}
#endif

/* Hashes what is left behind the last whole block: the message's end, a 1 bit, zeros, and the length in bits. */
static void sha256_finish(sha256_function transform, uint32_t state[8], const unsigned char *rest, size_t rest_length,
                          size_t length)
{
    unsigned char tail[2 * SHA256_BLOCK] = {0};
    size_t tail_length = rest_length < SHA256_BLOCK - 8 ? SHA256_BLOCK : 2 * SHA256_BLOCK;
    uint64_t bits = (uint64_t)length * 8;
    int i;
    if (rest_length > 0)
        memcpy(tail, rest, rest_length);
    tail[rest_length] = 0x80;
    for (i = 0; i < 8; i++)
        tail[tail_length - 1 - (size_t)i] = (unsigned char)(bits >> (8 * i));
    transform(state, tail, tail_length / SHA256_BLOCK);
}

static void sha256_hex(sha256_function transform, const void *bytes, size_t length, char out[CODEDB_SHA256_HEX_SIZE])
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    size_t whole = length / SHA256_BLOCK * SHA256_BLOCK;
    int i;
    if (whole > 0)
        transform(state, bytes, whole / SHA256_BLOCK);
    sha256_finish(transform, state, whole < length ? (const unsigned char *)bytes + whole : NULL, length - whole, length);
    for (i = 0; i < 64; i++)
        out[i] = "0123456789abcdef"[state[i / 8] >> (28 - 4 * (i % 8)) & 0xF];
    out[64] = '\0';
}

CODEDB_PRIVATE void codedb_sha256_hex(const void *bytes, size_t length, char out[CODEDB_SHA256_HEX_SIZE])
{
#ifdef TEXT_X86
    if (sha256_hardware()) {
        sha256_hex(sha256_x86, bytes, length, out);
        return;
    }
#endif
    sha256_hex(sha256_portable, bytes, length, out);
}

CODEDB_PRIVATE void codedb_sha256_hex_portable(const void *bytes, size_t length, char out[CODEDB_SHA256_HEX_SIZE])
{
    sha256_hex(sha256_portable, bytes, length, out);
}

/* ---- UUID ---------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE bool codedb_uuid4(char out[CODEDB_UUID_SIZE])
{
    unsigned char random[16];
    size_t got = 0, digit = 0, i;
    out[0] = '\0';
    while (got < sizeof random) {
        ssize_t more = getrandom(random + got, sizeof random - got, 0);
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    random[6] = (unsigned char)((random[6] & 0x0F) | 0x40); /* version 4 */
    random[8] = (unsigned char)((random[8] & 0x3F) | 0x80); /* the variant of RFC 9562 */
    for (i = 0; i < sizeof random; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[digit++] = '-';
        out[digit++] = "0123456789abcdef"[random[i] >> 4];
        out[digit++] = "0123456789abcdef"[random[i] & 0xF];
    }
    out[digit] = '\0';
    return true;
}

/* ---- Clocks -------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE double codedb_julian_day_now(void)
{
    /* In whole milliseconds first, as SQLite counts, so that both give the same double for the same moment. */
    struct timespec now;
    int64_t milliseconds;
    clock_gettime(CLOCK_REALTIME, &now);
    milliseconds = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + INT64_C(210866760000000);
    return (double)milliseconds / 86400000.0;
}

CODEDB_PRIVATE double codedb_unix_time_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

CODEDB_PRIVATE double codedb_monotonic_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- System errors ------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_text_system_error(int error, char *out, size_t size)
{
    /* Neither strerror, which threads share, nor strerror_r, of which there are two. */
    locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (locale == (locale_t)0) {
        snprintf(out, size, "error %d", error);
        return;
    }
    snprintf(out, size, "%s", strerror_l(error, locale));
    freelocale(locale);
}

/* ---- Nearest spelling ---------------------------------------------------------------------------------------------- */

#define TEXT_LONGEST_WORD 64 /* longer words are not looked at: no name of codedb's is */

static unsigned char text_lower(char character)
{
    unsigned char byte = (unsigned char)character;
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + ('a' - 'A')) : byte;
}

CODEDB_PRIVATE bool codedb_text_equal_case(const char *left, const char *right)
{
    while (*left != '\0' && text_lower(*left) == text_lower(*right)) {
        left++;
        right++;
    }
    return *left == *right;
}

static size_t text_smallest(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn one word into the other, upper and lower case being
 * the same (optimal string alignment). Both are at most TEXT_LONGEST_WORD long. */
static size_t text_distance(const char *left, size_t left_length, const char *right, size_t right_length)
{
    size_t rows[3][TEXT_LONGEST_WORD + 1];
    size_t i, j;
    for (j = 0; j <= right_length; j++)
        rows[0][j] = j;
    for (i = 1; i <= left_length; i++) {
        size_t *before = rows[(i + 1) % 3], *above = rows[(i - 1) % 3], *row = rows[i % 3];
        row[0] = i;
        for (j = 1; j <= right_length; j++) {
            bool same = text_lower(left[i - 1]) == text_lower(right[j - 1]);
            row[j] = text_smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + !same);
            if (i > 1 && j > 1 && text_lower(left[i - 1]) == text_lower(right[j - 2]) &&
                text_lower(left[i - 2]) == text_lower(right[j - 1]) && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
    }
    return rows[left_length % 3][right_length];
}

CODEDB_PRIVATE const char *codedb_text_nearest(const char *word, size_t length, const char *const *candidates)
{
    size_t best = length / 3 + 1; /* a third of the letters may be wrong, and one in any case */
    const char *nearest = NULL;
    if (length == 0 || length > TEXT_LONGEST_WORD)
        return NULL;
    for (; *candidates != NULL; candidates++) {
        size_t candidate_length = strlen(*candidates);
        size_t difference = candidate_length > length ? candidate_length - length : length - candidate_length;
        size_t distance;
        if (candidate_length > TEXT_LONGEST_WORD || difference > best)
            continue;
        distance = text_distance(word, length, *candidates, candidate_length);
        if (distance < best || (distance == best && nearest == NULL && distance < length)) {
            best = distance;
            nearest = *candidates;
        }
    }
    return nearest;
}
