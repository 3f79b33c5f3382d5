/* codedb_ast_read.c -- codedb's JSON of CPython's ast (docs/trees.md) -> a flat tree of nodes, read in one go.
 *
 * Called by codedb_ast_query.c and codedb_ast_edit.c, in the caller's thread; calls codedb_ast_grammar.c for what may stand where.
 * A JSON library would round integers of more than 53 bits, end at a NUL or at some depth, and build a tree of its own first; this
 * pulls one value after the other from the text and keeps where it was.
 *
 * Invariants:
 * 1. `at` never passes `length`. Whoever returns false has recorded the first error, and nothing more is read.
 * 2. There is no recursion: a node that is open is a frame on a stack of the reader's own, of at most max_depth frames. Values of
 *    constants nest two deep, by their form.
 * 3. Nodes are in the order of the text, which is that of _fields: a field that comes too early, twice or not at all is an error.
 * 4. What was read is JSON: functions that look at values later trust their quotes, brackets and escapes.
 *
 * Contents: errors, strings, numbers, constants, arrays that grow, nodes, members, lists, entry points, values in the text. */
#include "codedb_ast_read.h"

#include <stdio.h>
#include <string.h>

/* A node that is open. */
typedef struct ast_read_frame {
    uint32_t node;
    uint32_t index; /* of the list's next item */
    uint8_t slot;   /* the next one; of a list, its own */
    uint8_t seen;   /* bits of the numbers of its position */
    bool in_list;
    bool in_class; /* it is a class or below one */
} ast_read_frame;

typedef struct ast_reader {
    const char *text;
    size_t length;
    size_t at;
    codedb_ast *ast;
    size_t node_capacity;
    size_t value_capacity;
    ast_read_frame *frames;
    size_t frame_count;
    size_t frame_capacity;
    size_t max_depth;
    bool in_class;
    codedb_result *result;
    codedb_code code; /* of the first error */
} ast_reader;

/* ---- Errors ------------------------------------------------------------------------------------------------------- */

#define AST_READ_FOUND_SIZE 40
#define AST_READ_LONGEST_WORD 24

/* What stands at `offset`, for a message: a word, number or character in quotes. */
static size_t ast_read_describe(const ast_reader *reader, size_t offset, char out[AST_READ_FOUND_SIZE])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
    size_t size = 0;
    if (offset >= reader->length) {
        memcpy(out, "the end", sizeof "the end");
        return 0;
    }
    if ((unsigned char)reader->text[offset] < ' ') {
        memcpy(out, "a control character", sizeof "a control character");
        return 1;
    }
    while (offset + size < reader->length && size < AST_READ_LONGEST_WORD && reader->text[offset + size] != '\0' &&
           strchr(plain, reader->text[offset + size]) != NULL)
        size++;
    if (size == 0)
        codedb_utf8_decode(reader->text + offset, &size);
    out[0] = '\'';
    memcpy(out + 1, reader->text + offset, size);
    memcpy(out + 1 + size, "'", 2);
    return size;
}

static void ast_read_report(ast_reader *reader, size_t offset, size_t length, const char *message)
{
    size_t line;
    size_t column;
    codedb_text_place(reader->text, offset, &line, &column);
    reader->code = codedb_fail_at(reader->result, CODEDB_PARSE_ERROR, offset, length, line, column,
                                  "the ast's JSON is wrong at byte %zu: %s", offset, message);
}

/* Records an error at `offset`: the sentence, and what was found there. Always false. */
static bool ast_read_fail(ast_reader *reader, size_t offset, const char *format, ...) CODEDB_PRINTF(3, 4);
static bool ast_read_fail(ast_reader *reader, size_t offset, const char *format, ...)
{
    char found[AST_READ_FOUND_SIZE];
    char message[256];
    size_t used;
    size_t length;
    va_list arguments;
    if (reader->code != CODEDB_SUCCESS)
        return false;
    va_start(arguments, format);
    vsnprintf(message, sizeof message - AST_READ_FOUND_SIZE - 8, format, arguments);
    va_end(arguments);
    length = ast_read_describe(reader, offset, found);
    used = strlen(message);
    snprintf(message + used, sizeof message - used, ", found %s", found);
    ast_read_report(reader, offset, length, message);
    return false;
}

static bool ast_read_fail_no_memory(ast_reader *reader)
{
    if (reader->code == CODEDB_SUCCESS)
        reader->code = codedb_fail_no_memory(reader->result);
    return false;
}

/* ---- Strings ------------------------------------------------------------------------------------------------------ */

static bool ast_read_at(const ast_reader *reader, char byte)
{
    return reader->at < reader->length && reader->text[reader->at] == byte;
}

static void ast_read_space(ast_reader *reader)
{
    reader->at = codedb_ast_skip_space(reader->text, reader->at, reader->length);
}

/* Behind white space: takes `byte`. */
static bool ast_read_expect(ast_reader *reader, char byte, const char *what)
{
    ast_read_space(reader);
    if (!ast_read_at(reader, byte))
        return ast_read_fail(reader, reader->at, "expected %s", what);
    reader->at++;
    return true;
}

/* The value of a hexadecimal digit, or 16. */
static unsigned ast_read_hex_digit(char c)
{
    char lower = (char)(c | 0x20);
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    return lower >= 'a' && lower <= 'f' ? (unsigned)(lower - 'a' + 10) : 16;
}

/* At a backslash. */
static bool ast_read_escape(ast_reader *reader)
{
    size_t start = reader->at++;
    char c = reader->at < reader->length ? reader->text[reader->at] : '\0';
    int i;
    if (c == '\0' || strchr("\"\\/bfnrtu", c) == NULL)
        return ast_read_fail(reader, start, "expected an escape of JSON");
    reader->at++;
    for (i = 0; c == 'u' && i < 4; i++, reader->at++)
        if (reader->at == reader->length || ast_read_hex_digit(reader->text[reader->at]) == 16)
            return ast_read_fail(reader, reader->at, "expected four hexadecimal digits behind \\u");
    return true;
}

/* A string, its quotes in *string. */
static bool ast_read_string(ast_reader *reader, const char *what, codedb_ast_value *string)
{
    const char *text = reader->text;
    if (!ast_read_at(reader, '"'))
        return ast_read_fail(reader, reader->at, "expected %s", what);
    string->start = (uint32_t)reader->at++;
    while (reader->at < reader->length && text[reader->at] != '"') {
        if ((unsigned char)text[reader->at] < ' ')
            return ast_read_fail(reader, reader->at, "expected a closing quote or \\u");
        if (text[reader->at] != '\\')
            reader->at++;
        else if (!ast_read_escape(reader))
            return false;
    }
    if (reader->at == reader->length)
        return ast_read_fail(reader, reader->at, "expected a closing quote for the one at byte %u", string->start);
    string->stop = (uint32_t)++reader->at;
    return true;
}

/* Is the string, which has no escapes, this word? */
static bool ast_read_is(const ast_reader *reader, codedb_ast_value string, const char *word)
{
    size_t length = strlen(word);
    return string.stop - string.start == length + 2 && memcmp(reader->text + string.start + 1, word, length) == 0;
}

/* ---- Numbers ------------------------------------------------------------------------------------------------------ */

static size_t ast_read_digits(ast_reader *reader)
{
    size_t start = reader->at;
    while (reader->at < reader->length && reader->text[reader->at] >= '0' && reader->text[reader->at] <= '9')
        reader->at++;
    return reader->at - start;
}

/* A number as JSON has it; `whole`: without point and exponent. */
static bool ast_read_number(ast_reader *reader, bool whole, const char *what)
{
    size_t start = reader->at;
    size_t digits;
    bool zero;
    reader->at += ast_read_at(reader, '-');
    zero = ast_read_at(reader, '0');
    digits = ast_read_digits(reader);
    if (digits == 0 || (zero && digits > 1))
        return ast_read_fail(reader, start, "expected %s", what);
    if (ast_read_at(reader, '.')) {
        reader->at++;
        if (whole || ast_read_digits(reader) == 0)
            return ast_read_fail(reader, start, "expected %s", what);
    }
    if (ast_read_at(reader, 'e') || ast_read_at(reader, 'E')) {
        reader->at++;
        reader->at += ast_read_at(reader, '+') || ast_read_at(reader, '-');
        if (whole || ast_read_digits(reader) == 0)
            return ast_read_fail(reader, start, "expected %s", what);
    }
    return true;
}

/* A line or column. */
static bool ast_read_place(ast_reader *reader, const char *name, uint32_t *number)
{
    size_t start = reader->at;
    uint64_t value = 0;
    size_t i;
    if (!ast_read_number(reader, true, "a line or column"))
        return false;
    for (i = start; i < reader->at && value < UINT32_MAX; i++)
        value = reader->text[i] == '-' ? UINT32_MAX : value * 10 + (uint64_t)(reader->text[i] - '0');
    if (value >= UINT32_MAX)
        return ast_read_fail(reader, start, "expected a number from 0 to 4294967294 as %s", name);
    *number = (uint32_t)value;
    return true;
}

/* ---- Constants ---------------------------------------------------------------------------------------------------- */

static bool ast_read_accept_word(ast_reader *reader, const char *word)
{
    size_t length = strlen(word);
    if (reader->length - reader->at < length || memcmp(reader->text + reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

/* {"int": "..."}: digits, behind a sign and 0x, 0o or 0b. */
static bool ast_read_big_integer(ast_reader *reader)
{
    codedb_ast_value string;
    unsigned base = 10;
    uint32_t i;
    if (!ast_read_string(reader, "the digits of an integer in a string", &string))
        return false;
    i = string.start + 1;
    i += reader->text[i] == '-';
    if (reader->text[i] == '0' && i + 3 < string.stop) {
        switch (reader->text[i + 1] | 0x20) {
        case 'x': base = 16; break;
        case 'o': base = 8; break;
        case 'b': base = 2; break;
        default: break;
        }
        i += base == 10 ? 0 : 2;
    }
    if (i + 1 == string.stop)
        return ast_read_fail(reader, i, "expected a digit");
    for (; i + 1 < string.stop; i++)
        if (ast_read_hex_digit(reader->text[i]) >= base)
            return ast_read_fail(reader, i, "expected a digit");
    return true;
}

/* A number, or what JSON has no number for. */
static bool ast_read_float(ast_reader *reader, bool number)
{
    codedb_ast_value string;
    if (number && !ast_read_at(reader, '"'))
        return ast_read_number(reader, false, "a number");
    if (!ast_read_string(reader, "\"inf\"", &string))
        return false;
    return ast_read_is(reader, string, "inf") || ast_read_is(reader, string, "-inf") || ast_read_is(reader, string, "nan") ||
           ast_read_fail(reader, string.start + 1, "expected inf, -inf or nan");
}

/* {"complex": 1.5} or {"complex": {"float": "inf"}}. */
static bool ast_read_complex(ast_reader *reader)
{
    codedb_ast_value key;
    if (!ast_read_at(reader, '{'))
        return ast_read_number(reader, false, "a number or {\"float\": ...}");
    reader->at++;
    ast_read_space(reader);
    if (!ast_read_string(reader, "\"float\"", &key))
        return false;
    if (!ast_read_is(reader, key, "float"))
        return ast_read_fail(reader, key.start + 1, "expected the key float");
    if (!ast_read_expect(reader, ':', "':'"))
        return false;
    ast_read_space(reader);
    return ast_read_float(reader, false) && ast_read_expect(reader, '}', "'}'");
}

/* {"bytes": "..."}: a character up to U+00FF for each. */
static bool ast_read_bytes(ast_reader *reader)
{
    static const char message[] = "expected a character from U+0000 to U+00FF for each byte";
    codedb_ast_value string;
    uint32_t i;
    if (!ast_read_string(reader, "the bytes in a string", &string))
        return false;
    for (i = string.start + 1; i + 1 < string.stop; i++) {
        unsigned char byte = (unsigned char)reader->text[i];
        if (byte > 0xC3)
            return ast_read_fail(reader, i, message);
        if (byte == '\\' && reader->text[++i] == 'u' && memcmp(reader->text + i + 1, "00", 2) != 0)
            return ast_read_fail(reader, i - 1, message);
    }
    return true;
}

/* {"text": [...]}: strings. */
static bool ast_read_text(ast_reader *reader)
{
    codedb_ast_value string;
    if (!ast_read_expect(reader, '[', "'['"))
        return false;
    ast_read_space(reader);
    if (ast_read_at(reader, ']')) {
        reader->at++;
        return true;
    }
    do {
        ast_read_space(reader);
        if (!ast_read_string(reader, "a string", &string))
            return false;
        ast_read_space(reader);
    } while (ast_read_at(reader, ',') && ++reader->at);
    return ast_read_expect(reader, ']', "',' or ']'");
}

static bool ast_read_ellipsis(ast_reader *reader)
{
    return ast_read_accept_word(reader, "true") || ast_read_fail(reader, reader->at, "expected true");
}

static bool ast_read_float_alone(ast_reader *reader)
{
    return ast_read_float(reader, false);
}

/* An object with one key, at its bracket. */
static bool ast_read_form(ast_reader *reader)
{
    static const struct {
        const char *key;
        bool (*read)(ast_reader *reader);
    } forms[] = {{"int", ast_read_big_integer}, {"float", ast_read_float_alone}, {"complex", ast_read_complex},
                 {"bytes", ast_read_bytes},     {"text", ast_read_text},         {"ellipsis", ast_read_ellipsis}};
    codedb_ast_value key;
    size_t i;
    reader->at++;
    ast_read_space(reader);
    if (!ast_read_string(reader, "the key of a constant", &key))
        return false;
    for (i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!ast_read_is(reader, key, forms[i].key))
            continue;
        if (!ast_read_expect(reader, ':', "':'"))
            return false;
        ast_read_space(reader);
        return forms[i].read(reader) && ast_read_expect(reader, '}', "'}'");
    }
    return ast_read_fail(reader, key.start + 1, "expected one of int, float, complex, bytes, text and ellipsis");
}

static bool ast_read_constant(ast_reader *reader, bool singleton)
{
    codedb_ast_value string;
    if (ast_read_accept_word(reader, "null") || ast_read_accept_word(reader, "true") || ast_read_accept_word(reader, "false"))
        return true;
    if (singleton)
        return ast_read_fail(reader, reader->at, "expected null, true or false");
    if (ast_read_at(reader, '"'))
        return ast_read_string(reader, "a string", &string);
    if (ast_read_at(reader, '{'))
        return ast_read_form(reader);
    return ast_read_number(reader, false, "the value of a constant");
}

/* ---- Arrays that grow --------------------------------------------------------------------------------------------- */

/* Room for `more` items behind `count`. */
static bool ast_read_grow(ast_reader *reader, void **items, size_t count, size_t more, size_t *capacity, size_t size)
{
    size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *grown;
    if (count + more <= *capacity)
        return true;
    wanted = wanted < count + more ? count + more : wanted;
    grown = codedb_memory_reallocate(&reader->ast->allocator, *items, *capacity, wanted, size);
    if (grown == NULL)
        return ast_read_fail_no_memory(reader);
    *items = grown;
    *capacity = wanted;
    return true;
}

/* ---- Nodes -------------------------------------------------------------------------------------------------------- */

static unsigned ast_read_kind(codedb_ast_class class, unsigned field, bool in_class)
{
    if (class == CODEDB_AST_CLASS_FUNCTION_DEF && in_class)
        return CODEDB_AST_KIND_METHOD;
    if (class == CODEDB_AST_CLASS_ASYNC_FUNCTION_DEF && in_class)
        return CODEDB_AST_KIND_ASYNC_METHOD;
    if (field == CODEDB_AST_FIELD_decorator_list)
        return CODEDB_AST_KIND_DECORATORS + (unsigned)class - CODEDB_AST_CLASS_BOOL_OP;
    return class;
}

/* Adds a node and its frame. */
static bool ast_read_push(ast_reader *reader, size_t start, codedb_ast_class class, unsigned field, uint32_t index)
{
    codedb_ast *ast = reader->ast;
    bool in_class = reader->frame_count == 0 ? reader->in_class : reader->frames[reader->frame_count - 1].in_class;
    codedb_ast_node *node;
    unsigned slots;
    void *nodes = ast->nodes;
    void *values = ast->values;
    void *frames = reader->frames;
    bool fits;
    codedb_ast_slots(class, &slots);
    fits = ast_read_grow(reader, &nodes, ast->node_count, 1, &reader->node_capacity, sizeof *ast->nodes);
    ast->nodes = nodes;
    fits = fits && ast_read_grow(reader, &values, ast->value_count, slots, &reader->value_capacity, sizeof *ast->values);
    ast->values = values;
    fits = fits && ast_read_grow(reader, &frames, reader->frame_count, 1, &reader->frame_capacity, sizeof *reader->frames);
    reader->frames = frames;
    if (!fits)
        return false;
    if (slots > 0)
        memset(ast->values + ast->value_count, 0, slots * sizeof *ast->values);
    node = &ast->nodes[ast->node_count];
    *node = (codedb_ast_node){.kind = (uint8_t)ast_read_kind(class, field, in_class),
                              .field = (uint8_t)field,
                              .parts = (uint16_t)slots,
                              .index = index,
                              .start = (uint32_t)start,
                              .values = ast->value_count};
    ast->value_count += slots;
    reader->frames[reader->frame_count++] =
        (ast_read_frame){.node = ast->node_count++, .in_class = in_class || class == CODEDB_AST_CLASS_CLASS_DEF};
    return true;
}

/* The class behind "_type", which is checked against what may stand here; `slot` is NULL for the root. */
static bool ast_read_class(ast_reader *reader, const codedb_ast_slot *slot, codedb_ast_class *class)
{
    codedb_ast_value name;
    codedb_ast_category category;
    if (!ast_read_string(reader, "the name of a class in a string", &name))
        return false;
    *class = codedb_ast_class_find(reader->text + name.start + 1, name.stop - name.start - 2);
    if (*class == CODEDB_AST_CLASS_COUNT) {
        const char *nearest = codedb_ast_class_nearest(reader->text + name.start + 1, name.stop - name.start - 2);
        return ast_read_fail(reader, name.start + 1, "expected a class of the ast%s%s%s",
                             nearest == NULL ? "" : " (did you mean ", nearest == NULL ? "" : nearest,
                             nearest == NULL ? "" : "?)");
    }
    category = codedb_ast_class_category(*class);
    if (slot != NULL && category != slot->category)
        return ast_read_fail(reader, name.start + 1, "expected %s in the field %s",
                             codedb_ast_category_words((codedb_ast_category)slot->category), codedb_ast_field_name(slot->field));
    return true;
}

/* { "_type": "...", at its bracket: what comes next are members. */
static bool ast_read_begin(ast_reader *reader, const codedb_ast_slot *slot, uint32_t index)
{
    size_t start = reader->at++;
    codedb_ast_value key;
    codedb_ast_class class;
    if (reader->frame_count == reader->max_depth)
        return ast_read_fail(reader, start, "expected at most %zu nodes in each other", reader->max_depth);
    ast_read_space(reader);
    if (!ast_read_string(reader, "\"_type\"", &key))
        return false;
    if (!ast_read_is(reader, key, "_type"))
        return ast_read_fail(reader, key.start + 1, "expected the key _type first");
    if (!ast_read_expect(reader, ':', "':'"))
        return false;
    ast_read_space(reader);
    return ast_read_class(reader, slot, &class) && ast_read_push(reader, start, class, slot == NULL ? 0 : slot->field, index);
}

static const char *ast_read_class_name(const ast_reader *reader, const ast_read_frame *frame)
{
    return codedb_ast_class_name(codedb_ast_kind_class(reader->ast->nodes[frame->node].kind));
}

/* May a field be left out? */
static bool ast_read_is_needed(const codedb_ast_slot *slot)
{
    return slot->quantity == CODEDB_AST_ONE;
}

/* Passes over the slots before `until`, which are not in the text. */
static bool ast_read_pass(ast_reader *reader, ast_read_frame *frame, const codedb_ast_slot *slots, unsigned until, size_t offset)
{
    for (; frame->slot < until; frame->slot++)
        if (ast_read_is_needed(&slots[frame->slot]))
            return ast_read_fail(reader, offset, "expected the field %s of %s", codedb_ast_field_name(slots[frame->slot].field),
                                 ast_read_class_name(reader, frame));
    return true;
}

/* The place behind the node's closing bracket belongs to whoever holds the node, too. */
static void ast_read_note_end(ast_reader *reader)
{
    const ast_read_frame *holder = &reader->frames[reader->frame_count - 1];
    if (!holder->in_list)
        reader->ast->values[reader->ast->nodes[holder->node].values + holder->slot - 1].stop = (uint32_t)reader->at;
}

enum { AST_READ_LINE = 1, AST_READ_COLUMN = 2, AST_READ_END_LINE = 4, AST_READ_END_COLUMN = 8 };

/* At the closing bracket of the uppermost frame's node. */
static bool ast_read_end(ast_reader *reader)
{
    ast_read_frame *frame = &reader->frames[reader->frame_count - 1];
    codedb_ast_node *node = &reader->ast->nodes[frame->node];
    const codedb_ast_slot *slots;
    unsigned count;
    slots = codedb_ast_slots(codedb_ast_kind_class(node->kind), &count);
    if (!ast_read_pass(reader, frame, slots, count, reader->at))
        return false;
    if (((frame->seen & AST_READ_LINE) != 0) != ((frame->seen & AST_READ_COLUMN) != 0) ||
        ((frame->seen & AST_READ_END_LINE) != 0) != ((frame->seen & AST_READ_END_COLUMN) != 0))
        return ast_read_fail(reader, reader->at, "expected lineno with col_offset, end_lineno with end_col_offset in %s",
                             ast_read_class_name(reader, frame));
    node->stop = (uint32_t)++reader->at;
    node->end = reader->ast->node_count;
    if (--reader->frame_count > 0)
        ast_read_note_end(reader);
    return true;
}

/* ---- Members ------------------------------------------------------------------------------------------------------ */

/* One value that is no list: a node's frame is pushed, all else is read whole. */
static bool ast_read_value(ast_reader *reader, const codedb_ast_slot *slot, uint32_t index, bool nullable)
{
    codedb_ast_value string;
    ast_read_space(reader);
    if (nullable && ast_read_accept_word(reader, "null"))
        return true;
    switch (slot->category) {
    case CODEDB_AST_IDENTIFIER:
    case CODEDB_AST_STRING:
        return ast_read_string(reader, codedb_ast_category_words((codedb_ast_category)slot->category), &string);
    case CODEDB_AST_INT: return ast_read_number(reader, true, "an integer");
    case CODEDB_AST_CONSTANT:
    case CODEDB_AST_SINGLETON: return ast_read_constant(reader, slot->category == CODEDB_AST_SINGLETON);
    default: break;
    }
    if (!ast_read_at(reader, '{'))
        return ast_read_fail(reader, reader->at, "expected %s in the field %s",
                             codedb_ast_category_words((codedb_ast_category)slot->category), codedb_ast_field_name(slot->field));
    return ast_read_begin(reader, slot, index);
}

/* The value of the uppermost frame's slot `number`, behind its colon. */
static bool ast_read_field(ast_reader *reader, const codedb_ast_slot *slot, unsigned number)
{
    ast_read_frame *frame = &reader->frames[reader->frame_count - 1];
    uint32_t value = reader->ast->nodes[frame->node].values + number;
    size_t depth = reader->frame_count;
    ast_read_space(reader);
    frame->slot = (uint8_t)(number + 1);
    reader->ast->values[value].start = (uint32_t)reader->at;
    if (slot->quantity >= CODEDB_AST_LIST) {
        frame->in_list = true;
        frame->index = 0;
        return ast_read_expect(reader, '[', "'['");
    }
    if (!ast_read_value(reader, slot, 0, slot->quantity == CODEDB_AST_OPTIONAL))
        return false;
    if (reader->frame_count == depth)
        reader->ast->values[value].stop = (uint32_t)reader->at;
    return true;
}

/* A number of the node's position, at its colon; `bit` says which. */
static bool ast_read_position(ast_reader *reader, unsigned bit, const char *name)
{
    ast_read_frame *frame = &reader->frames[reader->frame_count - 1];
    codedb_ast_node *node = &reader->ast->nodes[frame->node];
    uint32_t *number = bit == AST_READ_LINE       ? &node->line
                       : bit == AST_READ_COLUMN   ? &node->column
                       : bit == AST_READ_END_LINE ? &node->end_line
                                                  : &node->end_column;
    if (!ast_read_expect(reader, ':', "':'"))
        return false;
    ast_read_space(reader);
    if (bit >= AST_READ_END_LINE && ast_read_accept_word(reader, "null"))
        return true;
    frame->seen = (uint8_t)(frame->seen | bit);
    return ast_read_place(reader, name, number);
}

/* A key that is no field to come: a number of the position, or an error that says why. */
static bool ast_read_other_key(ast_reader *reader, codedb_ast_value key, const codedb_ast_slot *slots, unsigned count)
{
    static const char *const names[] = {"lineno", "col_offset", "end_lineno", "end_col_offset"};
    ast_read_frame *frame = &reader->frames[reader->frame_count - 1];
    const char *class = ast_read_class_name(reader, frame);
    unsigned i;
    for (i = 0; i < count; i++)
        if (ast_read_is(reader, key, codedb_ast_field_name(slots[i].field)))
            return ast_read_fail(reader, key.start + 1, "expected the fields of %s in their order, each once", class);
    for (i = 0; i < 4; i++) {
        if (!ast_read_is(reader, key, names[i]) ||
            !codedb_ast_category_has_position(codedb_ast_class_category(codedb_ast_class_find(class, strlen(class)))))
            continue;
        if ((frame->seen & 1u << i) != 0)
            return ast_read_fail(reader, key.start + 1, "expected %s of %s once", names[i], class);
        return ast_read_pass(reader, frame, slots, count, key.start + 1) && ast_read_position(reader, 1u << i, names[i]);
    }
    return ast_read_fail(reader, key.start + 1, "expected a field of %s", class);
}

/* A member of the uppermost frame's node, or its end. */
static bool ast_read_member(ast_reader *reader)
{
    ast_read_frame *frame = &reader->frames[reader->frame_count - 1];
    const codedb_ast_slot *slots;
    codedb_ast_value key;
    unsigned count;
    unsigned i;
    ast_read_space(reader);
    if (ast_read_at(reader, '}'))
        return ast_read_end(reader);
    if (!ast_read_expect(reader, ',', "',' or '}'"))
        return false;
    ast_read_space(reader);
    if (!ast_read_string(reader, "the name of a field in a string", &key))
        return false;
    slots = codedb_ast_slots(codedb_ast_kind_class(reader->ast->nodes[frame->node].kind), &count);
    for (i = frame->slot; i < count; i++)
        if (frame->seen == 0 && ast_read_is(reader, key, codedb_ast_field_name(slots[i].field)))
            return ast_read_pass(reader, frame, slots, i, key.start + 1) && ast_read_expect(reader, ':', "':'") &&
                   ast_read_field(reader, &slots[i], i);
    return ast_read_other_key(reader, key, slots, count);
}

/* ---- Lists -------------------------------------------------------------------------------------------------------- */

/* An item of the uppermost frame's list, or its end. */
static bool ast_read_item(ast_reader *reader)
{
    ast_read_frame *frame = &reader->frames[reader->frame_count - 1];
    const codedb_ast_node *node = &reader->ast->nodes[frame->node];
    unsigned number = frame->slot - 1u;
    unsigned count;
    const codedb_ast_slot *slot = codedb_ast_slots(codedb_ast_kind_class(node->kind), &count) + number;
    ast_read_space(reader);
    if (ast_read_at(reader, ']')) {
        reader->ast->values[node->values + number].stop = (uint32_t)++reader->at;
        frame->in_list = false;
        return true;
    }
    if (frame->index > 0 && !ast_read_expect(reader, ',', "',' or ']'"))
        return false;
    return ast_read_value(reader, slot, frame->index++, slot->quantity == CODEDB_AST_LIST_WITH_NULLS);
}

/* ---- Entry points ------------------------------------------------------------------------------------------------- */

static bool ast_read_all(ast_reader *reader)
{
    size_t valid;
    if (reader->length >= UINT32_MAX) {
        reader->code = codedb_fail(reader->result, CODEDB_PARSE_ERROR, "the ast's JSON has more than 4 GiB");
        return false;
    }
    valid = codedb_utf8_valid_length(reader->text, reader->length);
    if (valid < reader->length) {
        ast_read_report(reader, valid, 1, "expected UTF-8");
        return false;
    }
    ast_read_space(reader);
    if (!ast_read_at(reader, '{'))
        return ast_read_fail(reader, reader->at, "expected a node, {\"_type\": ...");
    if (!ast_read_begin(reader, NULL, 0))
        return false;
    while (reader->frame_count > 0)
        if (!(reader->frames[reader->frame_count - 1].in_list ? ast_read_item(reader) : ast_read_member(reader)))
            return false;
    ast_read_space(reader);
    return reader->at == reader->length || ast_read_fail(reader, reader->at, "expected the end behind the root");
}

/* Gives back the memory that the arrays do not need. */
static bool ast_read_trim(ast_reader *reader)
{
    codedb_ast *ast = reader->ast;
    codedb_ast_node *nodes =
        codedb_memory_reallocate(&ast->allocator, ast->nodes, reader->node_capacity, ast->node_count, sizeof *nodes);
    ast->nodes = nodes != NULL ? nodes : ast->nodes;
    codedb_ast_value *values =
        codedb_memory_reallocate(&ast->allocator, ast->values, reader->value_capacity, ast->value_count + 1, sizeof *values);
    ast->values = values != NULL ? values : ast->values;
    if (nodes == NULL || values == NULL)
        reader->code = codedb_fail_no_memory(reader->result);
    return nodes != NULL && values != NULL;
}

CODEDB_PRIVATE codedb_code codedb_ast_read(const char *text, size_t length, const codedb_ast_read_options *options,
                                           codedb_ast **ast, codedb_result *result)
{
    codedb_allocator allocator = codedb_allocator_or_default(options->allocator);
    codedb_ast *made = codedb_memory_allocate(&allocator, 1, sizeof *made);
    ast_reader reader = {.text = text, .length = length, .ast = made, .in_class = options->in_class, .result = result};
    *ast = NULL;
    if (made == NULL)
        return codedb_fail_no_memory(result);
    *made = (codedb_ast){.allocator = allocator, .text = text, .length = length};
    reader.max_depth = options->max_depth == 0 ? CODEDB_AST_DEFAULT_DEPTH : options->max_depth;
    if (ast_read_all(&reader) && (!options->trim || ast_read_trim(&reader)))
        *ast = made;
    else
        codedb_ast_free(made);
    codedb_memory_release(&allocator, reader.frames);
    return reader.code == CODEDB_SUCCESS ? codedb_succeed(result) : reader.code;
}

CODEDB_PRIVATE void codedb_ast_free(codedb_ast *ast)
{
    codedb_allocator allocator;
    if (ast == NULL)
        return;
    allocator = ast->allocator;
    codedb_memory_release(&allocator, ast->nodes);
    codedb_memory_release(&allocator, ast->values);
    codedb_memory_release(&allocator, ast);
}

CODEDB_PRIVATE size_t codedb_ast_memory(const codedb_ast *ast)
{
    return sizeof *ast + ast->node_count * sizeof *ast->nodes + ((size_t)ast->value_count + 1) * sizeof *ast->values;
}

CODEDB_PRIVATE codedb_ast_value codedb_ast_value_of(const codedb_ast *ast, uint32_t node, unsigned field)
{
    codedb_ast_value none = {0, 0};
    unsigned count;
    const codedb_ast_slot *slots = codedb_ast_slots(codedb_ast_kind_class(ast->nodes[node].kind), &count);
    unsigned i;
    for (i = 0; i < count; i++)
        if (slots[i].field == field)
            return ast->values[ast->nodes[node].values + i];
    return none;
}

CODEDB_PRIVATE uint32_t codedb_ast_child(const codedb_ast *ast, uint32_t node, unsigned field)
{
    uint32_t child;
    for (child = node + 1; child < ast->nodes[node].end; child = ast->nodes[child].end)
        if (ast->nodes[child].field == field)
            return child;
    return UINT32_MAX;
}

/* ---- Values in the text ------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE size_t codedb_ast_skip_space(const char *text, size_t at, size_t length)
{
    while (at < length && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
        at++;
    return at;
}

CODEDB_PRIVATE bool codedb_ast_next_item(const codedb_ast *ast, size_t *at, codedb_ast_value *item)
{
    const char *text = ast->text;
    size_t i = codedb_ast_skip_space(text, *at + 1, ast->length); /* behind the bracket or the comma */
    size_t depth = 0;
    bool quoted = false;
    if (text[*at] == ']' || text[i] == ']')
        return false;
    item->start = (uint32_t)i;
    for (; quoted || depth > 0 || (text[i] != ',' && text[i] != ']'); i++)
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!quoted && (text[i] == '}' || text[i] == ']'))
            depth--;
    *at = i;
    while (strchr(" \n\r\t", text[i - 1]) != NULL)
        i--;
    item->stop = (uint32_t)i;
    return true;
}

/* The number behind \u at `text`. */
static uint32_t ast_read_code_unit(const char *text)
{
    uint32_t unit = 0;
    int i;
    for (i = 0; i < 4; i++)
        unit = unit << 4 | ast_read_hex_digit(text[i]);
    return unit;
}

/* An escape at its backslash; the place behind it. */
static const char *ast_read_append_escape(const char *text, codedb_buffer *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    char bytes[4];
    uint32_t unit;
    if (text[1] != 'u') {
        codedb_buffer_append_byte(out, values[strchr(letters, text[1]) - letters]);
        return text + 2;
    }
    unit = ast_read_code_unit(text + 2);
    text += 6;
    if (unit >= 0xD800 && unit < 0xDC00 && text[0] == '\\' && text[1] == 'u') {
        uint32_t low = ast_read_code_unit(text + 2);
        if (low >= 0xDC00 && low < 0xE000) {
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            text += 6;
        }
    }
    codedb_buffer_append(out, bytes, codedb_utf8_encode(unit, bytes));
    return text;
}

CODEDB_PRIVATE void codedb_ast_append_string(const codedb_ast *ast, codedb_ast_value string, codedb_buffer *out)
{
    const char *text = ast->text + string.start + 1;
    const char *end = ast->text + string.stop - 1;
    while (text < end) {
        const char *escape = memchr(text, '\\', (size_t)(end - text));
        codedb_buffer_append(out, text, (size_t)((escape == NULL ? end : escape) - text));
        text = escape == NULL ? end : ast_read_append_escape(escape, out);
    }
}
