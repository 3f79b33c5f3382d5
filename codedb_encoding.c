/* codedb_encoding.c -- a source file's bytes to UTF-8 text and back, as PEP 263 and CPython's tokenizer have it.
 *
 * Called by codedb_tree.c (parsing) and by hosts that write an edited file; calls codedb_memory.c and codedb_text.c. Any thread.
 * UTF-8, ASCII and Latin-1 are done here, other encodings by POSIX iconv.
 *
 * Invariants:
 * 1. A file that is UTF-8 (or only ASCII) is not copied: its text is its bytes, a BOM included.
 * 2. The text names its own encoding: encoding a decoded text again finds the same BOM or cookie and gives the same bytes. So
 *    nothing but the text need be stored, and an edit that changes the cookie changes the encoding of what is written.
 * 3. A cookie is looked for in the first two lines as CPython does it: not in the second when the first has code. */
#include "codedb_tree.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

typedef enum encoding_kind { ENCODING_UTF8, ENCODING_ASCII, ENCODING_LATIN1, ENCODING_ICONV } encoding_kind;

typedef struct encoding {
    encoding_kind kind;
    const char *iconv_name;
    char name[CODEDB_ENCODING_NAME_SIZE]; /* as the file has it, for messages */
} encoding;

/* Python's codec names and aliases, lower case with underscores, each between blanks. Python codecs that are missing here are no
 * encodings of text, are not supersets of ASCII, or differ in iconv: those files are refused rather than misread. */
typedef struct encoding_names {
    const char *iconv_name;
    const char *python_names;
} encoding_names;

static const encoding_names encoding_table[] = {
    {"BIG5", " big5 big5_tw csbig5 x_mac_trad_chinese "},
    {"BIG5-HKSCS", " big5hkscs big5_hkscs hkscs "},
    {"CP437", " cp437 437 cspc8codepage437 ibm437 "},
    {"CP737", " cp737 "},
    {"CP775", " cp775 775 cspc775baltic ibm775 "},
    {"CP850", " cp850 850 cspc850multilingual ibm850 "},
    {"CP852", " cp852 852 cspcp852 ibm852 "},
    {"CP855", " cp855 855 csibm855 ibm855 "},
    {"CP857", " cp857 857 csibm857 ibm857 "},
    {"CP858", " cp858 858 csibm858 ibm858 "},
    {"CP860", " cp860 860 csibm860 ibm860 "},
    {"CP861", " cp861 861 cp_is csibm861 ibm861 "},
    {"CP862", " cp862 862 cspc862latinhebrew ibm862 "},
    {"CP863", " cp863 863 csibm863 ibm863 "},
    {"CP865", " cp865 865 csibm865 ibm865 "},
    {"CP866", " cp866 866 csibm866 ibm866 "},
    {"CP869", " cp869 869 cp_gr csibm869 ibm869 "},
    {"CP874", " cp874 "},
    {"CP1125", " cp1125 1125 ibm1125 cp866u ruscii "},
    {"CP1250", " cp1250 1250 windows_1250 "},
    {"CP1251", " cp1251 1251 windows_1251 "},
    {"CP1252", " cp1252 1252 windows_1252 "},
    {"CP1253", " cp1253 1253 windows_1253 "},
    {"CP1254", " cp1254 1254 windows_1254 "},
    {"CP1256", " cp1256 1256 windows_1256 "},
    {"CP1257", " cp1257 1257 windows_1257 "},
    {"CP932", " cp932 932 ms932 mskanji ms_kanji shift_jis csshiftjis shiftjis sjis s_jis x_mac_japanese "},
    {"UHC", " cp949 949 ms949 uhc "},
    {"CP950", " cp950 950 ms950 "},
    {"EUC-JISX0213", " euc_jis_2004 jisx0213 eucjis2004 euc_jis2004 euc_jisx0213 eucjisx0213 "},
    {"EUC-JP", " euc_jp eucjp ujis u_jis "},
    {"EUC-KR", " euc_kr euckr korean ksc5601 ks_c_5601 ks_c_5601_1987 ksx1001 ks_x_1001 x_mac_korean "},
    {"GB18030", " gb18030 gb18030_2000 "},
    {"GB2312", " gb2312 chinese csiso58gb231280 euc_cn euccn eucgb2312_cn gb2312_1980 gb2312_80 iso_ir_58 x_mac_simp_chinese "},
    {"GBK", " gbk 936 cp936 ms936 "},
    {"HP-ROMAN8", " hp_roman8 roman8 r8 cshproman8 cp1051 ibm1051 "},
    {"ISO-2022-JP", " iso2022_jp csiso2022jp iso2022jp iso_2022_jp "},
    {"ISO-2022-KR", " iso2022_kr csiso2022kr iso2022kr iso_2022_kr "},
    {"ISO-8859-2", " iso8859_2 csisolatin2 iso_8859_2 iso_8859_2_1987 iso_ir_101 l2 latin2 "},
    {"ISO-8859-3", " iso8859_3 csisolatin3 iso_8859_3 iso_8859_3_1988 iso_ir_109 l3 latin3 "},
    {"ISO-8859-4", " iso8859_4 csisolatin4 iso_8859_4 iso_8859_4_1988 iso_ir_110 l4 latin4 "},
    {"ISO-8859-5", " iso8859_5 csisolatincyrillic cyrillic iso_8859_5 iso_8859_5_1988 iso_ir_144 "},
    {"ISO-8859-6", " iso8859_6 arabic asmo_708 csisolatinarabic ecma_114 iso_8859_6 iso_8859_6_1987 iso_ir_127 "},
    {"ISO-8859-7", " iso8859_7 csisolatingreek ecma_118 elot_928 greek greek8 iso_8859_7 iso_8859_7_1987 iso_ir_126 "},
    {"ISO-8859-8", " iso8859_8 csisolatinhebrew hebrew iso_8859_8 iso_8859_8_1988 iso_ir_138 "},
    {"ISO-8859-9", " iso8859_9 csisolatin5 iso_8859_9 iso_8859_9_1989 iso_ir_148 l5 latin5 "},
    {"ISO-8859-10", " iso8859_10 csisolatin6 iso_8859_10 iso_8859_10_1992 iso_ir_157 l6 latin6 "},
    {"ISO-8859-11", " iso8859_11 thai iso_8859_11 iso_8859_11_2001 "},
    {"ISO-8859-13", " iso8859_13 iso_8859_13 l7 latin7 "},
    {"ISO-8859-14", " iso8859_14 iso_8859_14 iso_8859_14_1998 iso_celtic iso_ir_199 l8 latin8 "},
    {"ISO-8859-15", " iso8859_15 iso_8859_15 l9 latin9 "},
    {"ISO-8859-16", " iso8859_16 iso_8859_16 iso_8859_16_2001 iso_ir_226 l10 latin10 "},
    {"KOI8-R", " koi8_r cskoi8r "},
    {"KOI8-T", " koi8_t "},
    {"KOI8-U", " koi8_u "},
    {"RK1048", " kz1048 kz_1048 rk1048 strk1048_2002 "},
    {"MAC-CYRILLIC", " mac_cyrillic maccyrillic "},
    {"MAC-CENTRALEUROPE", " mac_latin2 maccentraleurope mac_centeuro maclatin2 "},
    {"MACINTOSH", " mac_roman macintosh macroman "},
    {"PT154", " ptcp154 csptcp154 pt154 cp154 cyrillic_asian "},
    {"TIS-620", " tis_620 tis620 tis_620_0 tis_620_2529_0 tis_620_2529_1 iso_ir_166 "},
    {"UTF-7", " utf_7 u7 utf7 unicode_1_1_utf_7 "},
};

/* ---- Names --------------------------------------------------------------------------------------------------------- */

/* Lower case; every run of other characters than letters, digits and dots becomes one underscore, none at the start. */
static void encoding_normalize(const char *name, char out[CODEDB_ENCODING_NAME_SIZE])
{
    size_t length = 0;
    bool gap = false;
    for (; *name != '\0'; name++) {
        char character = *name >= 'A' && *name <= 'Z' ? (char)(*name + ('a' - 'A')) : *name;
        bool plain = (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') || character == '.';
        if (!plain) {
            gap = true;
            continue;
        }
        if (gap && length > 0)
            out[length++] = '_';
        gap = false;
        out[length++] = character;
    }
    out[length] = '\0';
}

static bool encoding_has_name(const char *names, const char *name)
{
    size_t length = strlen(name);
    const char *found = names;
    if (length == 0)
        return false;
    while ((found = strstr(found + 1, name)) != NULL)
        if (found[-1] == ' ' && found[length] == ' ')
            return true;
    return false;
}

/* Whether the cookie is `name` or begins with it and a hyphen, in its first twelve letters, '_' standing for '-': the shortcut
 * that CPython takes for its two best known encodings ("latin-1-unix"). */
static bool encoding_has_prefix(const char *cookie, const char *name)
{
    size_t i;
    for (i = 0; name[i] != '\0'; i++) {
        char character = cookie[i] == '_' ? '-' : cookie[i];
        if (character >= 'A' && character <= 'Z')
            character = (char)(character + ('a' - 'A'));
        if (character != name[i])
            return false;
    }
    return cookie[i] == '\0' || cookie[i] == '-' || cookie[i] == '_';
}

/* Fills kind and iconv_name from the name; false when no such encoding is known. */
static bool encoding_resolve(encoding *found)
{
    static const char utf8[] = " utf_8 utf8 u8 utf utf8_ucs2 utf8_ucs4 cp65001 utf_8_sig ";
    static const char ascii[] =
        " ascii 646 ansi_x3.4_1968 ansi_x3_4_1968 ansi_x3.4_1986 cp367 csascii ibm367 iso646_us iso_646.irv_1991 iso_ir_6"
        " us us_ascii ";
    static const char latin1[] = " latin_1 8859 cp819 csisolatin1 ibm819 iso8859 iso8859_1 iso_8859_1 iso_8859_1_1987 iso_ir_100"
                                 " l1 latin latin1 ";
    char name[CODEDB_ENCODING_NAME_SIZE];
    size_t i;
    encoding_normalize(found->name, name);
    found->iconv_name = NULL;
    found->kind = ENCODING_ICONV;
    if (encoding_has_prefix(found->name, "utf-8") || encoding_has_name(utf8, name))
        found->kind = ENCODING_UTF8;
    else if (encoding_has_prefix(found->name, "latin-1") || encoding_has_prefix(found->name, "iso-8859-1") ||
             encoding_has_prefix(found->name, "iso-latin-1") || encoding_has_name(latin1, name))
        found->kind = ENCODING_LATIN1;
    else if (encoding_has_name(ascii, name))
        found->kind = ENCODING_ASCII;
    for (i = 0; found->kind == ENCODING_ICONV && i < sizeof encoding_table / sizeof encoding_table[0]; i++)
        if (encoding_has_name(encoding_table[i].python_names, name))
            found->iconv_name = encoding_table[i].iconv_name;
    return found->kind != ENCODING_ICONV || found->iconv_name != NULL;
}

/* Encodings of Python's in which the decoded text does not tell the bytes (invariant 2): `\x41` and `A` are one text, and a file that
 * is written after an edit would be another one everywhere. They are refused by name. */
static bool encoding_loses_bytes(const char *cookie)
{
    static const char names[] = " unicode_escape raw_unicode_escape hz hzgb hz_gb hz_gb_2312 ";
    char name[CODEDB_ENCODING_NAME_SIZE];
    encoding_normalize(cookie, name);
    return encoding_has_name(names, name);
}

/* ---- The cookie ---------------------------------------------------------------------------------------------------- */

typedef struct encoding_cookie {
    const char *name;
    size_t length; /* 0: there is none */
    size_t line;   /* 1 or 2 */
    size_t offset;
} encoding_cookie;

static bool encoding_is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\f';
}

static bool encoding_is_name(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '-' || character == '_' || character == '.';
}

/* Looks for `coding[:=][ \t]*name` in a comment that ends at `end`. */
static void encoding_cookie_in_comment(const char *at, const char *end, encoding_cookie *cookie)
{
    for (; end - at > 6; at++) {
        const char *name = at + 6;
        size_t length = 0;
        if (memcmp(at, "coding", 6) != 0 || (*name != ':' && *name != '='))
            continue;
        do
            name++;
        while (name < end && (*name == ' ' || *name == '\t'));
        while (name + length < end && encoding_is_name(name[length]))
            length++;
        if (length > 0) {
            cookie->name = name;
            cookie->length = length;
            return;
        }
    }
}

static void encoding_cookie_find(const char *text, size_t length, encoding_cookie *cookie)
{
    const char *at = text, *end = text + length;
    memset(cookie, 0, sizeof *cookie);
    for (cookie->line = 1; cookie->line <= 2 && at < end; cookie->line++) {
        const char *line_end;
        while (at < end && encoding_is_blank(*at))
            at++;
        line_end = at;
        while (line_end < end && *line_end != '\n' && *line_end != '\r')
            line_end++;
        if (at < line_end && *at != '#')
            return;
        encoding_cookie_in_comment(at, line_end, cookie);
        if (cookie->length > 0) {
            cookie->offset = (size_t)(cookie->name - text);
            return;
        }
        if (line_end < end && *line_end == '\r' && end - line_end > 1 && line_end[1] == '\n')
            line_end++;
        at = line_end < end ? line_end + 1 : end;
    }
}

/* An error about the cookie, which is ASCII in front, or blank: its column is its distance from the line's start. */
static codedb_code encoding_fail_cookie(const encoding_cookie *cookie, const char *text, size_t skipped, const char *found,
                                        const char *expected, codedb_result *result)
{
    size_t start = cookie->offset;
    while (start > 0 && text[start - 1] != '\n' && text[start - 1] != '\r')
        start--;
    return codedb_fail_at(result, CODEDB_PARSE_ERROR, skipped + cookie->offset, cookie->length, cookie->line,
                          codedb_utf8_count(text + start, cookie->offset - start), "%s '%.*s' in the coding cookie, expected %s",
                          found, (int)(cookie->length < 40 ? cookie->length : 40), cookie->name, expected);
}

/* Which encoding the bytes are in. */
static codedb_code encoding_detect(const char *bytes, size_t length, encoding *found, codedb_result *result)
{
    size_t bom = length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    encoding_cookie cookie;
    memset(found, 0, sizeof *found);
    memcpy(found->name, "utf-8", sizeof "utf-8");
    encoding_cookie_find(bytes + bom, length - bom, &cookie);
    if (cookie.length == 0)
        return CODEDB_SUCCESS;
    if (cookie.length < sizeof found->name) {
        memcpy(found->name, cookie.name, cookie.length);
        found->name[cookie.length] = '\0';
    }
    if (cookie.length < sizeof found->name && encoding_loses_bytes(found->name))
        return encoding_fail_cookie(&cookie, bytes + bom, bom, "encoding",
                                    "one in which the text tells the file's bytes: this one has many spellings of a text",
                                    result);
    if (cookie.length >= sizeof found->name || !encoding_resolve(found))
        return encoding_fail_cookie(&cookie, bytes + bom, bom, "unknown encoding",
                                    "utf-8, latin-1, ascii or another encoding of Python's", result);
    /* CPython compares with the name's spelling, not with the encoding: even "utf8" is refused behind a BOM. */
    if (bom > 0 && !encoding_has_prefix(found->name, "utf-8"))
        return encoding_fail_cookie(&cookie, bytes + bom, bom, "encoding", "utf-8 because the file starts with a UTF-8 BOM",
                                    result);
    return CODEDB_SUCCESS;
}

/* ---- Bytes to text ------------------------------------------------------------------------------------------------- */

/* Says that the byte behind `before`, which is the text in front of it in UTF-8, is no character. */
static codedb_code encoding_fail_byte(const encoding *found, const char *before, size_t before_length, size_t offset,
                                      unsigned char byte, codedb_result *result)
{
    size_t line, column;
    codedb_text_place(before, before_length, &line, &column);
    return codedb_fail_at(
        result, CODEDB_PARSE_ERROR, offset, 1, line, column,
        "byte 0x%02X is not %s text, expected a character of the file's encoding, or a coding cookie that names another", byte,
        found->name);
}

static codedb_code encoding_decode_latin1(const codedb_allocator *allocator, codedb_decoded *decoded, codedb_result *result)
{
    const unsigned char *bytes = (const unsigned char *)decoded->text;
    size_t high = 0, length = 0, i;
    for (i = 0; i < decoded->length; i++)
        high += bytes[i] >> 7;
    if (high == 0)
        return CODEDB_SUCCESS;
    decoded->owned = codedb_memory_allocate(allocator, decoded->length + high + 1, 1);
    if (decoded->owned == NULL)
        return codedb_fail_no_memory(result);
    for (i = 0; i < decoded->length; i++)
        length += codedb_utf8_encode(bytes[i], decoded->owned + length);
    decoded->owned[length] = '\0';
    decoded->text = decoded->owned;
    decoded->length = length;
    return CODEDB_SUCCESS;
}

/* Converts all of the input into `out`. Where it stopped is in *stopped; success when that is the length and *bad is false. */
static codedb_code encoding_convert(const char *to, const char *from, const char *bytes, size_t length, codedb_buffer *out,
                                    size_t *stopped, bool *bad, codedb_result *result)
{
    iconv_t converter = iconv_open(to, from);
    char *input = (char *)(uintptr_t)bytes; /* POSIX wants it writable and does not write */
    size_t left = length;
    bool flushing = false;
    *bad = false;
    *stopped = 0;
    if (converter == (iconv_t)-1)
        return codedb_fail(result, errno == ENOMEM ? CODEDB_NO_MEMORY : CODEDB_PARSE_ERROR,
                           "this system cannot convert from %s to %s, expected an encoding that its iconv knows", from, to);
    for (;;) {
        char *output;
        size_t room, changed;
        if (!codedb_buffer_reserve(out, left + 64))
            break;
        output = out->data + out->length;
        room = out->capacity - out->length;
        changed = iconv(converter, flushing ? NULL : &input, flushing ? NULL : &left, &output, &room);
        out->length = out->capacity - room;
        out->data[out->length] = '\0';
        if (changed == (size_t)-1 && errno == E2BIG)
            continue;
        *bad = changed != 0; /* an error, or a character that would not come back */
        if (*bad || flushing)
            break;
        flushing = true;
    }
    iconv_close(converter);
    *stopped = length - left;
    return out->failed ? codedb_fail_no_memory(result) : CODEDB_SUCCESS;
}

static codedb_code encoding_decode_iconv(const codedb_allocator *allocator, const encoding *found, codedb_decoded *decoded,
                                         codedb_result *result)
{
    codedb_buffer text;
    size_t stopped;
    bool bad;
    codedb_code code;
    codedb_buffer_init(&text, allocator);
    code = encoding_convert("UTF-8", found->iconv_name, decoded->text, decoded->length, &text, &stopped, &bad, result);
    if (code == CODEDB_SUCCESS && bad) {
        size_t at = stopped < decoded->length ? stopped : decoded->length - 1;
        code = encoding_fail_byte(found, text.data, text.length, at, (unsigned char)decoded->text[at], result);
    }
    if (code == CODEDB_SUCCESS) {
        decoded->owned = codedb_memory_allocate(allocator, text.length + 1, 1);
        if (decoded->owned == NULL) {
            code = codedb_fail_no_memory(result);
        } else {
            memcpy(decoded->owned, text.data, text.length + 1);
            decoded->text = decoded->owned;
            decoded->length = text.length;
        }
    }
    codedb_buffer_free(&text);
    return code;
}

/* The first byte that is not ASCII, or the length. */
static size_t encoding_ascii_length(const char *bytes, size_t length)
{
    size_t i = 0;
    while (i < length && (unsigned char)bytes[i] < 0x80)
        i++;
    return i;
}

CODEDB_PRIVATE codedb_code codedb_encoding_decode(const codedb_allocator *allocator, const char *bytes, size_t length,
                                                  codedb_decoded *decoded, codedb_result *result)
{
    encoding found;
    size_t valid = length;
    codedb_code code;
    memset(decoded, 0, sizeof *decoded);
    code = encoding_detect(bytes, length, &found, result);
    if (code != CODEDB_SUCCESS)
        return code;
    decoded->text = bytes;
    decoded->length = length;
    switch (found.kind) {
    case ENCODING_UTF8: valid = codedb_utf8_valid_length(bytes, length); break;
    case ENCODING_ASCII: valid = encoding_ascii_length(bytes, length); break;
    case ENCODING_LATIN1: code = encoding_decode_latin1(allocator, decoded, result); break;
    case ENCODING_ICONV: code = encoding_decode_iconv(allocator, &found, decoded, result); break;
    }
    if (valid < length)
        code = encoding_fail_byte(&found, bytes, valid, valid, (unsigned char)bytes[valid], result);
    if (code != CODEDB_SUCCESS)
        memset(decoded, 0, sizeof *decoded);
    return code;
}

CODEDB_PRIVATE void codedb_decoded_release(const codedb_allocator *allocator, codedb_decoded *decoded)
{
    codedb_memory_release(allocator, decoded->owned);
    memset(decoded, 0, sizeof *decoded);
}

/* ---- Text to bytes ------------------------------------------------------------------------------------------------- */

/* Says which character of the text the encoding does not have. */
static codedb_code encoding_fail_character(const encoding *found, const char *text, size_t offset, codedb_result *result)
{
    size_t line, column, size;
    uint32_t code_point = codedb_utf8_decode(text + offset, &size);
    codedb_text_place(text, offset, &line, &column);
    return codedb_fail_at(result, CODEDB_VALIDATION_ERROR, offset, size, line, column,
                          "U+%04X '%.*s' cannot be written in the file's encoding %s, expected characters that it has",
                          (unsigned)code_point, (int)size, text + offset, found->name);
}

/* ASCII and Latin-1: code points below `limit`, each in one byte. */
static codedb_code encoding_encode_bytes(const encoding *found, uint32_t limit, const char *text, size_t length,
                                         codedb_buffer *bytes, codedb_result *result)
{
    size_t i, size;
    for (i = 0; i < length; i += size) {
        uint32_t code_point = codedb_utf8_decode(text + i, &size);
        if (code_point >= limit)
            return encoding_fail_character(found, text, i, result);
        codedb_buffer_append_byte(bytes, (char)code_point);
    }
    return CODEDB_SUCCESS;
}

static codedb_code encoding_encode_iconv(const encoding *found, const char *text, size_t length, codedb_buffer *bytes,
                                         codedb_result *result)
{
    size_t stopped;
    bool bad;
    codedb_code code = encoding_convert(found->iconv_name, "UTF-8", text, length, bytes, &stopped, &bad, result);
    if (code == CODEDB_SUCCESS && bad && stopped < length)
        return encoding_fail_character(found, text, stopped, result);
    if (code == CODEDB_SUCCESS && bad)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "the text cannot be written in the file's encoding %s", found->name);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_encoding_encode(const char *text, size_t length, codedb_buffer *bytes, codedb_result *result)
{
    encoding found;
    size_t valid = codedb_utf8_valid_length(text, length);
    codedb_code code = encoding_detect(text, length, &found, result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (valid < length)
        return codedb_fail_at(result, CODEDB_VALIDATION_ERROR, valid, 1, 0, 0, "byte 0x%02X at offset %zu, expected UTF-8 text",
                              (unsigned)(unsigned char)text[valid], valid);
    if (found.kind == ENCODING_UTF8)
        codedb_buffer_append(bytes, text, length);
    else if (found.kind == ENCODING_ICONV)
        code = encoding_encode_iconv(&found, text, length, bytes, result);
    else
        code = encoding_encode_bytes(&found, found.kind == ENCODING_ASCII ? 0x80 : 0x100, text, length, bytes, result);
    if (code == CODEDB_SUCCESS && bytes->failed)
        code = codedb_fail_no_memory(result);
    return code;
}

CODEDB_API codedb_code codedb_tree_encode(const codedb_tree *tree, const char *text, size_t length, char **bytes,
                                          size_t *byte_length, codedb_result *result)
{
    codedb_buffer buffer;
    size_t encoded_length;
    codedb_code code;
    if (bytes != NULL)
        *bytes = NULL;
    if (byte_length != NULL)
        *byte_length = 0;
    if (tree == NULL || bytes == NULL || byte_length == NULL || (text == NULL && length > 0))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_tree_encode: tree, text, bytes or byte_length is NULL");
    codedb_buffer_init(&buffer, &tree->allocator);
    code = codedb_encoding_encode(text, length, &buffer, result);
    if (code != CODEDB_SUCCESS) {
        codedb_buffer_free(&buffer);
        return code;
    }
    encoded_length = buffer.length;
    *bytes = codedb_buffer_take_block(&buffer);
    if (*bytes == NULL)
        return codedb_fail_no_memory(result);
    *byte_length = encoded_length;
    return codedb_succeed(result);
}
