/* codedb_json.c -- is a text JSON? And the id in a small JSON object.
 *
 * Called by codedb_objects.c for every JSON column, in the host's thread. cJSON is not used for it: it stops at a depth of 1000,
 * at NULs, and builds a tree that nobody needs. This reads once, keeps one bit a level and allocates nothing.
 *
 * Invariant: `offset` never passes `length`; whoever fails leaves it at the byte that is wrong. */
#include "codedb_objects.h"

#include <string.h>

#define JSON_MAX_DEPTH 65536

typedef struct json_reader {
    const char *text;
    size_t length;
    size_t offset;
} json_reader;

static bool json_at(const json_reader *reader, char byte)
{
    return reader->offset < reader->length && reader->text[reader->offset] == byte;
}

static bool json_skip(json_reader *reader, char byte)
{
    if (!json_at(reader, byte))
        return false;
    reader->offset++;
    return true;
}

static void json_skip_space(json_reader *reader)
{
    while (json_at(reader, ' ') || json_at(reader, '\n') || json_at(reader, '\r') || json_at(reader, '\t'))
        reader->offset++;
}

static bool json_skip_digits(json_reader *reader)
{
    size_t start = reader->offset;
    while (reader->offset < reader->length && reader->text[reader->offset] >= '0' && reader->text[reader->offset] <= '9')
        reader->offset++;
    return reader->offset > start;
}

static bool json_skip_number(json_reader *reader)
{
    json_skip(reader, '-');
    if (!json_skip(reader, '0') && !json_skip_digits(reader))
        return false;
    if (json_skip(reader, '.') && !json_skip_digits(reader))
        return false;
    if (json_skip(reader, 'e') || json_skip(reader, 'E')) {
        if (!json_skip(reader, '+'))
            json_skip(reader, '-');
        return json_skip_digits(reader);
    }
    return true;
}

static bool json_skip_word(json_reader *reader, const char *word)
{
    for (; *word != '\0'; word++)
        if (!json_skip(reader, *word))
            return false;
    return true;
}

static bool json_skip_escape(json_reader *reader)
{
    static const char simple[] = "\"\\/bfnrt";
    if (reader->offset == reader->length)
        return false;
    char byte = reader->text[reader->offset];
    if (byte != 'u') {
        bool known = byte != '\0' && strchr(simple, byte) != NULL;
        reader->offset += known;
        return known;
    }
    reader->offset++;
    for (int i = 0; i < 4; i++) {
        if (reader->offset == reader->length || reader->text[reader->offset] == '\0' ||
            strchr("0123456789abcdefABCDEF", reader->text[reader->offset]) == NULL)
            return false;
        reader->offset++;
    }
    return true;
}

static bool json_skip_string(json_reader *reader)
{
    if (!json_skip(reader, '"'))
        return false;
    while (reader->offset < reader->length) {
        unsigned char byte = (unsigned char)reader->text[reader->offset];
        if (byte < 0x20)
            return false;
        reader->offset++;
        if (byte == '"')
            return true;
        if (byte == '\\' && !json_skip_escape(reader))
            return false;
    }
    return false;
}

static bool json_skip_scalar(json_reader *reader)
{
    switch (reader->offset < reader->length ? reader->text[reader->offset] : '\0') {
    case '"': return json_skip_string(reader);
    case 't': return json_skip_word(reader, "true");
    case 'f': return json_skip_word(reader, "false");
    case 'n': return json_skip_word(reader, "null");
    default: return json_skip_number(reader);
    }
}

static bool json_skip_key(json_reader *reader)
{
    json_skip_space(reader);
    if (!json_skip_string(reader))
        return false;
    json_skip_space(reader);
    return json_skip(reader, ':');
}

/* The open brackets: one bit each, 1 for an object. */
typedef struct json_levels {
    size_t depth;
    unsigned char bits[JSON_MAX_DEPTH / 8];
} json_levels;

static bool json_is_object(const json_levels *levels)
{
    size_t top = levels->depth - 1;
    return (levels->bits[top / 8] >> (top % 8) & 1) != 0;
}

/* Enters an array or object. True when a value follows, false when the bracket was closed at once or something is wrong. */
static bool json_enter(json_reader *reader, json_levels *levels, bool *wrong)
{
    bool is_object = json_at(reader, '{');
    if (levels->depth == JSON_MAX_DEPTH) {
        *wrong = true;
        return false;
    }
    unsigned char bit = (unsigned char)(1u << (levels->depth % 8));
    unsigned char *byte = &levels->bits[levels->depth / 8];
    *byte = (unsigned char)(is_object ? *byte | bit : *byte & ~bit);
    reader->offset++;
    json_skip_space(reader);
    if (json_skip(reader, is_object ? '}' : ']'))
        return false;
    levels->depth++;
    *wrong = is_object && !json_skip_key(reader);
    return !*wrong;
}

/* Behind a value: closes brackets. True when another value follows, false at the end or when something is wrong. */
static bool json_leave(json_reader *reader, json_levels *levels, bool *wrong)
{
    while (levels->depth > 0) {
        bool is_object = json_is_object(levels);
        json_skip_space(reader);
        if (json_skip(reader, ',')) {
            *wrong = is_object && !json_skip_key(reader);
            return !*wrong;
        }
        if (!json_skip(reader, is_object ? '}' : ']')) {
            *wrong = true;
            return false;
        }
        levels->depth--;
    }
    return false;
}

static bool json_skip_value(json_reader *reader)
{
    json_levels levels;
    bool wrong = false;
    levels.depth = 0;
    do {
        json_skip_space(reader);
        if (json_at(reader, '{') || json_at(reader, '[')) {
            if (json_enter(reader, &levels, &wrong))
                continue;
        } else {
            wrong = !json_skip_scalar(reader);
        }
        if (wrong || !json_leave(reader, &levels, &wrong))
            return !wrong;
    } while (true);
}

CODEDB_PRIVATE bool codedb_json_is_valid(const char *text, size_t length, size_t *offset)
{
    json_reader reader = {text, length, 0};
    bool valid = json_skip_value(&reader);
    if (valid)
        json_skip_space(&reader);
    *offset = reader.offset;
    return valid && reader.offset == length;
}

CODEDB_PRIVATE const char *codedb_json_text_member(const char *text, size_t length, const char *name, size_t *member_length)
{
    json_reader reader = {text, length, 0};
    *member_length = 0;
    size_t offset;
    if (!codedb_json_is_valid(text, length, &offset))
        return NULL;
    json_skip_space(&reader);
    if (!json_skip(&reader, '{'))
        return NULL;
    do {
        json_skip_space(&reader);
        size_t key = reader.offset;
        if (!json_skip_key(&reader))
            return NULL;
        bool found = strncmp(text + key + 1, name, strlen(name)) == 0 && text[key + 1 + strlen(name)] == '"';
        json_skip_space(&reader);
        size_t value = reader.offset;
        json_skip_value(&reader);
        if (found && text[value] == '"' && memchr(text + value, '\\', reader.offset - value) == NULL) {
            *member_length = reader.offset - value - 2;
            return text + value + 1;
        }
        json_skip_space(&reader);
    } while (json_skip(&reader, ','));
    return NULL;
}

#undef JSON_MAX_DEPTH
