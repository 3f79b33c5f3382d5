/* codedb_selector.c -- selector text -> steps: the compiler of the default dialect, and what both dialects share.
 *
 * Called by codedb_xpath.c, in the caller's thread. Calls the arena, codedb_text_nearest and the Results. Knows node kinds and
 * field names, never a tree.
 *
 * Invariants:
 * 1. A wrong selector evaluates nothing: the first error wins, and every function below returns false (or NULL) behind it.
 * 2. Everything that a type or kind can decide is decided here: the step's set of kinds is the only thing that the matcher asks
 *    of most nodes.
 * 3. Recursion is bounded by CODEDB_SELECTOR_MAX_NESTING.
 *
 * Contents: letters, errors, allocation, characters, values, predicates, pseudo-classes,
 * compounds, paths, entry points. */
#include "codedb_selector.h"

#include <string.h>

/* ---- Letters ------------------------------------------------------------------------------------------------------ */

static char selector_lower(char letter)
{
    return (char)(letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter);
}

static bool selector_equals_any_case(const char *left, const char *right, size_t length)
{
    size_t i;
    for (i = 0; i < length; i++)
        if (selector_lower(left[i]) != selector_lower(right[i]))
            return false;
    return true;
}

static void selector_set_intersect(codedb_kind_set *set, const codedb_kind_set *with)
{
    unsigned i;
    for (i = 0; i < CODEDB_KIND_SET_WORDS; i++)
        set->words[i] &= with->words[i];
}

/* ---- Errors ------------------------------------------------------------------------------------------------------- */

typedef struct selector_place {
    size_t line;   /* from 1 */
    size_t column; /* from 0 */
} selector_place;

static selector_place selector_place_of(const codedb_selector_parser *parser, size_t offset)
{
    selector_place place = {1, 0};
    size_t line_start = 0;
    size_t i;
    for (i = 0; i < offset; i++) {
        char c = parser->text[i];
        if (c == '\n' || (c == '\r' && parser->text[i + 1] != '\n')) {
            place.line++;
            line_start = i + 1;
        }
    }
    place.column = codedb_utf8_count(parser->text + line_start, offset - line_start);
    return place;
}

#define SELECTOR_FOUND_SIZE 96
#define SELECTOR_FOUND_LONGEST 48 /* bytes of the selector */

/* What stands at `offset`, for a message: in quotes, cut at a whole code point, control characters spelled out. */
static void selector_describe(const codedb_selector_parser *parser, size_t offset, size_t length, char out[SELECTOR_FOUND_SIZE])
{
    static const char hexadecimal[] = "0123456789abcdef";
    static const char end[] = "the end of the selector";
    const char *text = parser->text + offset;
    size_t room = SELECTOR_FOUND_SIZE - 10;
    size_t at = 0;
    size_t i = 0;
    if (offset >= parser->length) {
        memcpy(out, end, sizeof end);
        return;
    }
    out[at++] = '\'';
    while (i < length && i < SELECTOR_FOUND_LONGEST && at < room) {
        unsigned char byte = (unsigned char)text[i++];
        if (byte >= ' ' && byte != 0x7F)
            out[at++] = (char)byte;
        else {
            out[at++] = '\\';
            out[at++] = 'x';
            out[at++] = hexadecimal[byte >> 4];
            out[at++] = hexadecimal[byte & 15];
        }
    }
    while (i < length && i > 0 && ((unsigned char)text[i] & 0xC0) == 0x80) {
        i--;
        at--;
    }
    memcpy(out + at, i < length ? "...'" : "'", i < length ? 5 : 2);
}

static void selector_add_detail(codedb_buffer *json, const char *key, const char *text)
{
    if (text == NULL)
        return;
    codedb_buffer_printf(json, ", \"%s\": ", key);
    codedb_buffer_append_json(json, text, strlen(text));
}

/* `unknown` (NULL: none) is what kind of word it is that nobody knows; `nearest` the word that may have been meant. */
static bool selector_report(codedb_selector_parser *parser, size_t offset, size_t length, const char *unknown,
                            const char *expected, const char *hint, const char *nearest)
{
    char found[SELECTOR_FOUND_SIZE];
    selector_place place;
    codedb_buffer json;
    if (parser->code != CODEDB_SUCCESS)
        return false;
    place = selector_place_of(parser, offset);
    selector_describe(parser, offset, length, found);
    parser->code = codedb_fail_at(
        parser->result, CODEDB_SELECTOR_ERROR, offset, length, place.line, place.column, "%s%s%s%s%s%s%s%s%s%s",
        unknown == NULL ? "expected " : "unknown ", unknown == NULL ? expected : unknown, unknown == NULL ? ", found " : " ",
        found, nearest == NULL ? "" : ", did you mean '", nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?",
        hint == NULL ? "" : " (", hint == NULL ? "" : hint, hint == NULL ? "" : ")");
    if (parser->result == NULL)
        return false;
    codedb_buffer_init(&json, codedb_arena_allocator(parser->selector->arena));
    codedb_buffer_printf(&json, "{\"offset\": %zu, \"length\": %zu, \"line\": %zu, \"column\": %zu", offset, length, place.line,
                         place.column + 1);
    selector_add_detail(&json, "expected", expected);
    selector_add_detail(&json, "found", found);
    selector_add_detail(&json, "hint", hint);
    selector_add_detail(&json, "nearest", nearest);
    codedb_buffer_append_byte(&json, '}');
    codedb_result_take_data(parser->result, &json);
    codedb_buffer_free(&json);
    return false;
}

CODEDB_PRIVATE bool codedb_selector_fail(codedb_selector_parser *parser, size_t offset, size_t length, const char *expected,
                                         const char *hint)
{
    return selector_report(parser, offset, length, NULL, expected, hint, NULL);
}

static bool selector_fail_unknown(codedb_selector_parser *parser, size_t offset, size_t length, const char *what,
                                  const char *expected, const char *const *candidates)
{
    return selector_report(parser, offset, length, what, expected, NULL,
                           codedb_text_nearest(parser->text + offset, length, candidates));
}

/* ---- Allocation --------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void *codedb_selector_allocate(codedb_selector_parser *parser, size_t count, size_t size)
{
    void *memory = codedb_arena_allocate(parser->selector->arena, count, size);
    if (memory == NULL && parser->code == CODEDB_SUCCESS)
        parser->code = codedb_fail_no_memory(parser->result);
    return memory;
}

CODEDB_PRIVATE const char *codedb_selector_copy(codedb_selector_parser *parser, const char *text, size_t length)
{
    char *copy = codedb_selector_allocate(parser, length + 1, 1); /* zeroed: the NUL is there */
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

CODEDB_PRIVATE codedb_selector_step *codedb_selector_add_step(codedb_selector_parser *parser, codedb_selector_step ***tail,
                                                              codedb_combinator combinator)
{
    codedb_selector_step *step;
    if (++parser->steps > CODEDB_SELECTOR_MAX_STEPS) {
        codedb_selector_fail(parser, parser->at, parser->at < parser->length, "at most 256 steps", NULL);
        return NULL;
    }
    step = codedb_selector_allocate(parser, 1, sizeof *step);
    if (step != NULL) {
        step->combinator = combinator;
        **tail = step;
        *tail = &step->next;
    }
    return step;
}

CODEDB_PRIVATE codedb_selector_part *codedb_selector_add_part(codedb_selector_parser *parser, codedb_selector_step *step,
                                                              codedb_part_kind kind, uint8_t cost)
{
    codedb_selector_part *part = codedb_selector_allocate(parser, 1, sizeof *part);
    codedb_selector_part **place = &step->parts;
    codedb_selector_part **link;
    if (part == NULL)
        return NULL;
    for (link = &step->parts; *link != NULL; link = &(*link)->next)
        if (kind == CODEDB_PART_POSITION || (*link)->kind == CODEDB_PART_POSITION || (*link)->cost <= cost)
            place = &(*link)->next;
    part->kind = kind;
    part->cost = cost;
    part->next = *place;
    *place = part;
    return part;
}

CODEDB_PRIVATE void codedb_selector_place_parts(const codedb_selector_parser *parser, codedb_selector_step *step, size_t start)
{
    codedb_selector_part *part;
    for (part = step->parts; part != NULL; part = part->next) {
        if (part->length > 0)
            continue;
        part->offset = (uint32_t)start;
        part->length = (uint32_t)(parser->at - start);
    }
}

static bool selector_has_position(const codedb_selector_step *step)
{
    const codedb_selector_part *part;
    for (part = step->parts; part != NULL; part = part->next)
        if (part->kind == CODEDB_PART_POSITION)
            return true;
    return false;
}

/* ---- Characters --------------------------------------------------------------------------------------------------- */

static bool selector_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool selector_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool selector_is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool selector_is_name(char c)
{
    return selector_is_name_start(c) || selector_is_digit(c);
}

/* The text ends with a NUL, which is no character of any token. */
static char selector_peek(const codedb_selector_parser *parser)
{
    return parser->text[parser->at];
}

static void selector_skip_space(codedb_selector_parser *parser)
{
    while (selector_is_space(selector_peek(parser)))
        parser->at++;
}

static bool selector_accept(codedb_selector_parser *parser, char c)
{
    if (selector_peek(parser) != c || parser->at >= parser->length)
        return false;
    parser->at++;
    return true;
}

/* The length of what an error message should quote at `offset`: a word, a number or one character. */
static size_t selector_token_length(const codedb_selector_parser *parser, size_t offset)
{
    size_t end = offset;
    if (offset >= parser->length)
        return 0;
    if (selector_is_name(parser->text[offset])) {
        while (selector_is_name(parser->text[end]))
            end++;
        return end - offset;
    }
    codedb_utf8_decode(parser->text + offset, &end);
    return end;
}

static bool selector_fail_here(codedb_selector_parser *parser, const char *expected, const char *hint)
{
    return codedb_selector_fail(parser, parser->at, selector_token_length(parser, parser->at), expected, hint);
}

/* Skips white space and takes `c`. */
static bool selector_expect(codedb_selector_parser *parser, char c, const char *expected)
{
    selector_skip_space(parser);
    return selector_accept(parser, c) || selector_fail_here(parser, expected, NULL);
}

/* NAME: its length in *length, 0 and an error when there is none. */
static bool selector_name(codedb_selector_parser *parser, const char *expected, size_t *start, size_t *length)
{
    *start = parser->at;
    *length = 0;
    if (!selector_is_name_start(selector_peek(parser)))
        return selector_fail_here(parser, expected, NULL);
    while (selector_is_name(selector_peek(parser)))
        parser->at++;
    *length = parser->at - *start;
    return true;
}

/* A number without sign, up to `maximum`. */
static bool selector_number(codedb_selector_parser *parser, uint32_t maximum, const char *expected, uint32_t *number)
{
    size_t start = parser->at;
    uint64_t value = 0;
    *number = 0;
    if (!selector_is_digit(selector_peek(parser)))
        return selector_fail_here(parser, expected, NULL);
    while (selector_is_digit(selector_peek(parser))) {
        value = value * 10 + (uint64_t)(selector_peek(parser) - '0');
        if (value > maximum)
            return codedb_selector_fail(parser, start, selector_token_length(parser, start), "a smaller number", NULL);
        parser->at++;
    }
    *number = (uint32_t)value;
    return true;
}

/* ---- Values ------------------------------------------------------------------------------------------------------- */

static int selector_hex_digit(char c)
{
    if (selector_is_digit(c))
        return c - '0';
    c = selector_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \xhh, \uhhhh, \Uhhhhhhhh, at the backslash. */
static bool selector_hex_escape(codedb_selector_parser *parser, unsigned digits, char **out)
{
    size_t start = parser->at;
    uint32_t code_point = 0;
    unsigned i;
    parser->at += 2;
    for (i = 0; i < digits; i++) {
        int digit = selector_hex_digit(selector_peek(parser));
        if (digit < 0) {
            return codedb_selector_fail(parser, start, parser->at - start,
                                        digits == 2   ? "two hexadecimal digits behind \\x"
                                        : digits == 4 ? "four hexadecimal digits behind \\u"
                                                      : "eight hexadecimal digits behind \\U",
                                        NULL);
        }
        code_point = code_point << 4 | (uint32_t)digit;
        parser->at++;
    }
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
        return codedb_selector_fail(parser, start, parser->at - start, "the number of a character", NULL);
    *out += codedb_utf8_encode(code_point, *out);
    return true;
}

/* One escape, at the backslash. */
static bool selector_escape(codedb_selector_parser *parser, char **out)
{
    static const char letters[] = "abfnrtv\\'\"";
    static const char values[] = "\a\b\f\n\r\t\v\\'\"";
    char c = parser->text[parser->at + 1];
    const char *letter = c == '\0' ? NULL : strchr(letters, c);
    if (letter != NULL)
        *(*out)++ = values[letter - letters];
    else if (c == 'x' || c == 'u' || c == 'U')
        return selector_hex_escape(parser, c == 'x' ? 2 : c == 'u' ? 4 : 8, out);
    else if (c != '\n') { /* a line break behind a backslash is left out, as in Python */
        *(*out)++ = '\\';
        parser->at++;
        return true;
    }
    parser->at += 2;
    return true;
}

/* STRING, at its quote. Decoded text is never longer than its source. */
static bool selector_string(codedb_selector_parser *parser, const char **value, size_t *length)
{
    size_t start = parser->at;
    char quote = parser->text[parser->at++];
    size_t end = parser->at;
    char *begin;
    char *out;
    while (end < parser->length && parser->text[end] != quote)
        end += parser->text[end] == '\\' ? 2 : 1;
    if (end >= parser->length)
        return codedb_selector_fail(parser, start, 1, "a closing quote for this one", NULL);
    begin = out = codedb_selector_allocate(parser, end - start + 1, 1);
    if (begin == NULL)
        return false;
    while (parser->at < end)
        if (selector_peek(parser) != '\\')
            *out++ = parser->text[parser->at++];
        else if (!selector_escape(parser, &out))
            return false;
    parser->at++;
    *value = begin;
    *length = (size_t)(out - begin);
    return true;
}

/* BAREWORD: up to white space, ']' or ')'. */
static bool selector_bareword(codedb_selector_parser *parser, const char **value, size_t *length)
{
    size_t start = parser->at;
    char c = selector_peek(parser);
    if (c != '\0' && strchr("=<>!~^$*/", c) != NULL)
        return selector_fail_here(parser, "a value", "a value that begins so is written in quotes");
    while (parser->at < parser->length && !selector_is_space(selector_peek(parser)) && selector_peek(parser) != ']' &&
           selector_peek(parser) != ')')
        parser->at++;
    *length = parser->at - start;
    if (*length == 0)
        return selector_fail_here(parser, "a value", "an empty value is written as \"\"");
    *value = codedb_selector_copy(parser, parser->text + start, *length);
    return *value != NULL;
}

/* ---- Predicates --------------------------------------------------------------------------------------------------- */

static bool selector_operator(codedb_selector_parser *parser, codedb_attribute_test *test)
{
    static const struct {
        char text[3];
        uint8_t relation;
    } operators[] = {
        {"!=", CODEDB_OPERATOR_NOT_EQUAL},     {"~=", CODEDB_OPERATOR_CONTAINS}, {"*=", CODEDB_OPERATOR_CONTAINS},
        {"^=", CODEDB_OPERATOR_STARTS},        {"$=", CODEDB_OPERATOR_ENDS},     {"<=", CODEDB_OPERATOR_LESS_EQUAL},
        {">=", CODEDB_OPERATOR_GREATER_EQUAL}, {"=", CODEDB_OPERATOR_EQUAL},     {"<", CODEDB_OPERATOR_LESS},
        {">", CODEDB_OPERATOR_GREATER},
    };
    size_t i;
    for (i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t length = strlen(operators[i].text);
        if (strncmp(parser->text + parser->at, operators[i].text, length) == 0) {
            parser->at += length;
            test->relation = operators[i].relation;
            return true;
        }
    }
    return selector_fail_here(parser, "']' or one of = != ~= *= ^= $= < <= > >=", NULL);
}

/* REGEX, at its slash: up to the next slash that is not behind a backslash, and its flags. */
static bool selector_regex(codedb_selector_parser *parser, codedb_attribute_test *test)
{
    codedb_regex_flags flags = {false, false, false, false};
    size_t start = parser->at++;
    size_t end = parser->at;
    size_t error_offset;
    const char *expected;
    while (end < parser->length && parser->text[end] != '/')
        end += parser->text[end] == '\\' ? 2 : 1;
    if (end >= parser->length)
        return codedb_selector_fail(parser, start, 1, "a closing slash for this one", "a value with '/' is written in quotes");
    parser->at = end + 1;
    for (;; parser->at++) {
        switch (selector_peek(parser)) {
        case 'i': flags.ignore_case = true; continue;
        case 'm': flags.multiline = true; continue;
        case 's': flags.dot_all = true; continue;
        case 'x': flags.verbose = true; continue;
        default: break;
        }
        break;
    }
    if (selector_is_name(selector_peek(parser)))
        return codedb_selector_fail(parser, parser->at, 1, "']' or one of the flags imsx of a regular expression", NULL);
    test->regex =
        codedb_regex_create(parser->selector->arena, parser->text + start + 1, end - start - 1, flags, &error_offset, &expected);
    if (test->regex != NULL)
        return true;
    if (expected == NULL) {
        parser->code = codedb_fail_no_memory(parser->result);
        return false;
    }
    start += 1 + error_offset;
    return codedb_selector_fail(parser, start, selector_token_length(parser, start), expected, "in a regular expression");
}

static bool selector_value(codedb_selector_parser *parser, codedb_attribute_test *test)
{
    size_t start = parser->at;
    char c = selector_peek(parser);
    bool quoted = c == '"' || c == '\'';
    if (c == '/' && test->relation > CODEDB_OPERATOR_NOT_EQUAL)
        return selector_fail_here(parser, "a quoted or bare value",
                                  "a regular expression stands behind = and != only; a value with '/' is written in quotes");
    if (c == '/')
        return selector_regex(parser, test);
    if (!(quoted ? selector_string(parser, &test->value, &test->value_length)
                 : selector_bareword(parser, &test->value, &test->value_length)))
        return false;
    if (test->relation >= CODEDB_OPERATOR_LESS &&
        codedb_integer_compare(test->value, test->value_length, test->value, test->value_length) != 0)
        return codedb_selector_fail(parser, start, parser->at - start, "an integer", "< <= > >= compare numbers");
    selector_skip_space(parser);
    if (selector_lower(selector_peek(parser)) == 'i' && !selector_is_name(parser->text[parser->at + 1])) {
        if (!quoted)
            return selector_fail_here(parser, "']'", "the flag i stands behind a quoted value only");
        test->ignore_case = true;
        parser->at++;
    }
    return true;
}

/* ATTR, at its first character: a built-in attribute, or a path of fields. */
static bool selector_attribute(codedb_selector_parser *parser, codedb_attribute_test *test)
{
    static const char expected[] = "an attribute or field name";
    const codedb_vocabulary *vocabulary = parser->selector->vocabulary;
    bool forced = selector_accept(parser, '.');
    size_t first = parser->at;
    uint8_t path[UINT8_MAX];
    uint8_t *copy;
    test->path_length = 0;
    do {
        size_t start;
        size_t length;
        unsigned field;
        if (!selector_name(parser, expected, &start, &length))
            return false;
        if (start == first && !forced && selector_peek(parser) != '.') {
            test->attribute = (uint8_t)codedb_attribute_find(parser->text + start, length);
            if (test->attribute != CODEDB_ATTRIBUTE_FIELD_PATH)
                return true;
        }
        field = codedb_field_find(vocabulary, parser->text + start, length);
        if (field == 0)
            return selector_fail_unknown(parser, start, length, "attribute", expected, vocabulary->attribute_names);
        if (test->path_length == UINT8_MAX)
            return codedb_selector_fail(parser, start, length, "a shorter path", NULL);
        if (vocabulary->field_is_insignificant(field))
            parser->selector->needs_full_tree = true;
        path[test->path_length++] = (uint8_t)field;
    } while (selector_accept(parser, '.'));
    copy = codedb_selector_allocate(parser, test->path_length, 1);
    if (copy == NULL)
        return false;
    memcpy(copy, path, test->path_length);
    test->path = copy;
    test->attribute = CODEDB_ATTRIBUTE_FIELD_PATH;
    return true;
}

/* A compound while it is compiled. */
typedef struct selector_compound {
    codedb_selector_step *step;
    bool any;      /* no type was named so far: a type named by a predicate may then be white space */
    bool is_class; /* typed `class` or `ClassDef`: `function` behind it also means methods */
    bool on_main_path;
} selector_compound;

/* [type...] and [kind...] are sets of kinds. */
static bool selector_add_kinds(codedb_selector_parser *parser, selector_compound *compound, const codedb_attribute_test *test)
{
    uint32_t *scratch = NULL;
    codedb_selector_part *part;
    codedb_kind_set set;
    if (test->regex != NULL) {
        scratch = codedb_selector_allocate(parser, codedb_regex_scratch_size(test->regex), sizeof *scratch);
        if (scratch == NULL)
            return false;
    }
    set = codedb_kind_set_where(parser->selector->vocabulary, test, test->attribute == CODEDB_ATTRIBUTE_kind, scratch);
    if (selector_has_position(compound->step)) {
        part = codedb_selector_add_part(parser, compound->step, CODEDB_PART_KINDS, 0);
        if (part != NULL)
            part->as.kinds = set;
        return part != NULL;
    }
    if (compound->any && test->regex == NULL && test->relation == CODEDB_OPERATOR_EQUAL &&
        test->attribute == CODEDB_ATTRIBUTE_type)
        compound->step->kinds = set;
    else
        selector_set_intersect(&compound->step->kinds, &set);
    compound->any = false;
    return true;
}

/* [1] and [-1], behind the bracket. */
static bool selector_index(codedb_selector_parser *parser, selector_compound *compound)
{
    size_t start = parser->at;
    bool from_end = selector_accept(parser, '-');
    codedb_selector_part *part;
    uint32_t number;
    if (from_end)
        selector_skip_space(parser);
    if (!selector_number(parser, INT32_MAX, "an integer", &number))
        return false;
    if (number == 0) {
        return codedb_selector_fail(parser, start, parser->at - start, "a position, counted from 1 or from the end with -1",
                                    "the first is [1] or :nth(0)");
    }
    part = codedb_selector_add_part(parser, compound->step, CODEDB_PART_POSITION, 0);
    if (part == NULL)
        return false;
    part->as.position.index = number - 1;
    part->as.position.from_end = from_end;
    return selector_expect(parser, ']', "']'");
}

/* At the bracket. */
static bool selector_predicate(codedb_selector_parser *parser, selector_compound *compound)
{
    codedb_attribute_test test = {0};
    codedb_selector_part *part;
    parser->at++;
    selector_skip_space(parser);
    if (selector_peek(parser) == '-' || selector_is_digit(selector_peek(parser)))
        return selector_index(parser, compound);
    if (selector_accept(parser, '@'))
        selector_skip_space(parser);
    if (!selector_attribute(parser, &test))
        return false;
    selector_skip_space(parser);
    if (selector_peek(parser) != ']') {
        if (!selector_operator(parser, &test))
            return false;
        selector_skip_space(parser);
        if (!selector_value(parser, &test))
            return false;
    }
    if (!selector_expect(parser, ']', "']'"))
        return false;
    if (test.attribute <= CODEDB_ATTRIBUTE_kind)
        return test.relation == CODEDB_OPERATOR_EXISTS || selector_add_kinds(parser, compound, &test);
    part = codedb_selector_add_part(parser, compound->step, CODEDB_PART_ATTRIBUTE, codedb_attribute_cost(test.attribute));
    if (part == NULL)
        return false;
    part->as.test = test;
    return true;
}

/* .field, at the dot. */
static bool selector_role(codedb_selector_parser *parser, selector_compound *compound)
{
    const codedb_vocabulary *vocabulary = parser->selector->vocabulary;
    codedb_selector_part *part;
    size_t start;
    size_t length;
    unsigned field;
    parser->at++;
    if (!selector_name(parser, "a field name", &start, &length))
        return false;
    field = codedb_field_find(vocabulary, parser->text + start, length);
    if (field >= vocabulary->role_count)
        return codedb_selector_fail(parser, start, length, "a field that holds nodes", "what holds text is asked for as [field]");
    if (field == 0)
        return selector_fail_unknown(parser, start, length, "field", "a field name", vocabulary->fields);
    part = codedb_selector_add_part(parser, compound->step, CODEDB_PART_ROLE, 0);
    if (part == NULL)
        return false;
    part->as.field = field;
    return true;
}

/* @name, at the sign. */
static bool selector_capture(codedb_selector_parser *parser, const selector_compound *compound)
{
    codedb_selector_capture **link = &parser->selector->captures;
    size_t start;
    size_t length;
    if (!compound->on_main_path)
        return selector_fail_here(parser, "a predicate, a pseudo-class or a combinator",
                                  "captures stand on the main path only; an attribute is asked for as [name]");
    parser->at++;
    if (!selector_name(parser, "a name for what is captured", &start, &length))
        return false;
    for (; *link != NULL; link = &(*link)->next)
        if (strlen((*link)->name) == length && memcmp((*link)->name, parser->text + start, length) == 0)
            return codedb_selector_fail(parser, start, length, "a name that captures nothing else",
                                        "each capture of a selector has a name of its own; (A, B)@name captures either");
    *link = codedb_selector_allocate(parser, 1, sizeof **link);
    if (*link == NULL)
        return false;
    (*link)->name = codedb_selector_copy(parser, parser->text + start, length);
    (*link)->step = compound->step;
    parser->selector->capture_count++;
    return (*link)->name != NULL;
}

/* ---- Pseudo-classes ----------------------------------------------------------------------------------------------- */

typedef enum selector_argument {
    SELECTOR_ARGUMENT_NONE,
    SELECTOR_ARGUMENT_INDEX,  /* :nth(2) */
    SELECTOR_ARGUMENT_SERIES, /* :nth-child(2n+1 of S) */
    SELECTOR_ARGUMENT_STRING, /* :decorated("a.b"); may be left out */
    SELECTOR_ARGUMENT_QUERY,
    SELECTOR_ARGUMENT_RELATIVE
} selector_argument;

static const struct {
    const char *name;
    uint8_t part;
    uint8_t argument;
    uint8_t cost;
    uint8_t from_end; /* 2: and from the start */
} selector_pseudos[] = {
    {"first", CODEDB_PART_POSITION, SELECTOR_ARGUMENT_NONE, 0, 0},
    {"last", CODEDB_PART_POSITION, SELECTOR_ARGUMENT_NONE, 0, 1},
    {"nth", CODEDB_PART_POSITION, SELECTOR_ARGUMENT_INDEX, 0, 0},
    {"first-child", CODEDB_PART_CHILD_NUMBER, SELECTOR_ARGUMENT_NONE, 7, 0},
    {"last-child", CODEDB_PART_CHILD_NUMBER, SELECTOR_ARGUMENT_NONE, 7, 1},
    {"only-child", CODEDB_PART_CHILD_NUMBER, SELECTOR_ARGUMENT_NONE, 7, 2},
    {"nth-child", CODEDB_PART_CHILD_NUMBER, SELECTOR_ARGUMENT_SERIES, 7, 0},
    {"nth-last-child", CODEDB_PART_CHILD_NUMBER, SELECTOR_ARGUMENT_SERIES, 7, 1},
    {"not", CODEDB_PART_NOT, SELECTOR_ARGUMENT_QUERY, 6, 0},
    {"is", CODEDB_PART_IS, SELECTOR_ARGUMENT_QUERY, 6, 0},
    {"has", CODEDB_PART_HAS, SELECTOR_ARGUMENT_RELATIVE, 9, 0},
    {"inside", CODEDB_PART_INSIDE, SELECTOR_ARGUMENT_QUERY, 8, 0},
    {"in-scope", CODEDB_PART_IN_SCOPE, SELECTOR_ARGUMENT_QUERY, 8, 0},
    {"follows", CODEDB_PART_FOLLOWS, SELECTOR_ARGUMENT_QUERY, 8, 0},
    {"precedes", CODEDB_PART_PRECEDES, SELECTOR_ARGUMENT_QUERY, 8, 0},
    {"empty", CODEDB_PART_EMPTY, SELECTOR_ARGUMENT_NONE, 1, 0},
    {"root", CODEDB_PART_ROOT, SELECTOR_ARGUMENT_NONE, 0, 0},
    {"scope", CODEDB_PART_ROOT, SELECTOR_ARGUMENT_NONE, 0, 0},
    {"async", CODEDB_PART_ASYNC, SELECTOR_ARGUMENT_NONE, 2, 0},
    {"generator", CODEDB_PART_GENERATOR, SELECTOR_ARGUMENT_NONE, 7, 0},
    {"decorated", CODEDB_PART_DECORATED, SELECTOR_ARGUMENT_STRING, 3, 0},
    {"dunder", CODEDB_PART_DUNDER, SELECTOR_ARGUMENT_NONE, 1, 0},
    {"private", CODEDB_PART_PRIVATE, SELECTOR_ARGUMENT_NONE, 1, 0},
    {"has-docstring", CODEDB_PART_HAS_DOCSTRING, SELECTOR_ARGUMENT_NONE, 4, 0},
};
#define SELECTOR_PSEUDO_COUNT (sizeof selector_pseudos / sizeof *selector_pseudos)

typedef enum selector_context { SELECTOR_AT_TOP, SELECTOR_IN_ARGUMENT, SELECTOR_IN_HAS } selector_context;

static bool selector_query(codedb_selector_parser *parser, selector_context context, bool class_anchor,
                           codedb_selector_query *query);

/* Q in parentheses, at its first character; takes the closing one. */
static const codedb_selector_query *selector_argument_query(codedb_selector_parser *parser, selector_context context,
                                                            bool class_anchor)
{
    codedb_selector_query *query = codedb_selector_allocate(parser, 1, sizeof *query);
    if (query == NULL || !selector_query(parser, context, class_anchor, query) ||
        !selector_expect(parser, ')', "')', ',' or a combinator"))
        return NULL;
    return query;
}

/* The kinds that a query's results can have. */
static codedb_kind_set selector_result_kinds(const codedb_selector_query *query)
{
    codedb_kind_set set = {{0}};
    const codedb_selector_branch *branch;
    for (branch = query->branches; branch != NULL; branch = branch->next) {
        const codedb_selector_step *step = branch->steps;
        unsigned i;
        while (step->next != NULL)
            step = step->next;
        for (i = 0; i < CODEDB_KIND_SET_WORDS; i++)
            set.words[i] |= step->kinds.words[i];
    }
    return set;
}

/* (Q) and :is(Q): names types, as Q does. */
static bool selector_add_is(codedb_selector_parser *parser, selector_compound *compound)
{
    const codedb_selector_query *query = selector_argument_query(parser, SELECTOR_IN_ARGUMENT, false);
    bool positioned = selector_has_position(compound->step);
    codedb_selector_part *part;
    codedb_kind_set kinds;
    if (query == NULL)
        return false;
    kinds = selector_result_kinds(query);
    if (compound->any && !positioned)
        compound->step->kinds = kinds;
    else if (!positioned)
        selector_set_intersect(&compound->step->kinds, &kinds);
    compound->any = compound->any && positioned;
    part = codedb_selector_add_part(parser, compound->step, CODEDB_PART_IS, 6);
    if (part != NULL)
        part->as.query = query;
    return part != NULL;
}

/* The number of An+B, with its sign, blanks allowed between; `found` tells whether there was a digit. */
static bool selector_signed_number(codedb_selector_parser *parser, bool need_sign, int32_t *number, bool *found)
{
    int32_t sign = 1;
    uint32_t value = 0;
    char c;
    *found = false;
    *number = 1;
    c = selector_peek(parser);
    if (c == '+' || c == '-') {
        sign = c == '-' ? -1 : 1;
        parser->at++;
        if (need_sign)
            selector_skip_space(parser);
    } else if (need_sign)
        return true;
    if (selector_is_digit(selector_peek(parser))) {
        *found = true;
        if (!selector_number(parser, INT32_MAX / 2, "an integer", &value))
            return false;
        *number = sign * (int32_t)value;
    } else if (need_sign)
        return selector_fail_here(parser, "an integer", NULL);
    else
        *number = sign;
    return true;
}

/* True (and taken) when the word stands here as a whole. */
static bool selector_accept_word(codedb_selector_parser *parser, const char *word)
{
    size_t length = strlen(word);
    if (parser->length - parser->at < length || !selector_equals_any_case(parser->text + parser->at, word, length) ||
        selector_is_name(parser->text[parser->at + length]))
        return false;
    parser->at += length;
    return true;
}

/* An+B, `odd`, `even`, each with an optional `of S`; takes the closing parenthesis. */
static bool selector_series(codedb_selector_parser *parser, codedb_selector_part *part)
{
    static const char expected[] = "a number, An+B, odd or even";
    bool found;
    if (selector_accept_word(parser, "odd") || selector_accept_word(parser, "even")) {
        part->as.child_number.step = 2;
        part->as.child_number.start = selector_lower(parser->text[parser->at - 1]) == 'd' ? 1 : 0;
    } else {
        size_t start = parser->at;
        int32_t number;
        if (!selector_signed_number(parser, false, &number, &found))
            return false;
        if (selector_lower(selector_peek(parser)) == 'n') {
            parser->at++;
            part->as.child_number.step = number;
            selector_skip_space(parser);
            if (!selector_signed_number(parser, true, &number, &found))
                return false;
            part->as.child_number.start = found ? number : 0;
        } else if (found)
            part->as.child_number.start = number;
        else {
            parser->at = start;
            return selector_fail_here(parser, expected, NULL);
        }
    }
    selector_skip_space(parser);
    if (selector_accept_word(parser, "of")) {
        selector_skip_space(parser);
        part->as.child_number.of = selector_argument_query(parser, SELECTOR_IN_ARGUMENT, false);
        return part->as.child_number.of != NULL;
    }
    return selector_expect(parser, ')', "')' or 'of'");
}

/* The argument of :nth and :decorated, and the closing parenthesis. */
static bool selector_plain_argument(codedb_selector_parser *parser, codedb_selector_part *part, selector_argument argument)
{
    char c = selector_peek(parser);
    if (argument == SELECTOR_ARGUMENT_STRING) {
        if (c != '"' && c != '\'')
            return selector_fail_here(parser, "a quoted name", "as in :decorated(\"functools.wraps\")");
        if (!selector_string(parser, &part->as.decorator.value, &part->as.decorator.length))
            return false;
    } else {
        if (c == '-')
            return selector_fail_here(parser, "an integer from 0 on", "from the end it is :last or [-1]");
        if (!selector_number(parser, INT32_MAX, "an integer", &part->as.position.index))
            return false;
    }
    return selector_expect(parser, ')', "')'");
}

static bool selector_pseudo_arguments(codedb_selector_parser *parser, selector_compound *compound, codedb_selector_part *part,
                                      selector_argument argument)
{
    bool class_anchor = compound->is_class;
    if (argument == SELECTOR_ARGUMENT_NONE)
        return selector_peek(parser) != '(' || selector_fail_here(parser, "no argument", NULL);
    if (!selector_accept(parser, '(')) {
        return argument == SELECTOR_ARGUMENT_STRING ||
               selector_fail_here(parser, argument == SELECTOR_ARGUMENT_INDEX ? "'(' and an integer" : "'(' and an argument",
                                  NULL);
    }
    selector_skip_space(parser);
    switch (argument) {
    case SELECTOR_ARGUMENT_SERIES: return selector_series(parser, part);
    case SELECTOR_ARGUMENT_QUERY:
    case SELECTOR_ARGUMENT_RELATIVE:
        part->as.query = selector_argument_query(
            parser, argument == SELECTOR_ARGUMENT_QUERY ? SELECTOR_IN_ARGUMENT : SELECTOR_IN_HAS, class_anchor);
        return part->as.query != NULL;
    default: return selector_plain_argument(parser, part, argument);
    }
}

static bool selector_fail_unknown_pseudo(codedb_selector_parser *parser, size_t start, size_t length)
{
    const char *names[SELECTOR_PSEUDO_COUNT + 1] = {NULL};
    size_t i;
    for (i = 0; i < SELECTOR_PSEUDO_COUNT; i++)
        names[i] = selector_pseudos[i].name;
    return selector_fail_unknown(parser, start, length, "pseudo-class", "a pseudo-class", names);
}

/* At the colon. */
static bool selector_pseudo(codedb_selector_parser *parser, selector_compound *compound)
{
    size_t start = ++parser->at;
    codedb_selector_part *part;
    size_t length;
    size_t i;
    if (!selector_is_name_start(selector_peek(parser)) || selector_peek(parser) == '_')
        return selector_fail_here(parser, "a pseudo-class", NULL);
    while (selector_is_name(selector_peek(parser)) || selector_peek(parser) == '-')
        parser->at++;
    length = parser->at - start;
    for (i = 0; i < SELECTOR_PSEUDO_COUNT; i++)
        if (strlen(selector_pseudos[i].name) == length &&
            selector_equals_any_case(selector_pseudos[i].name, parser->text + start, length))
            break;
    if (i == SELECTOR_PSEUDO_COUNT)
        return selector_fail_unknown_pseudo(parser, start, length);
    if (selector_pseudos[i].part == CODEDB_PART_IS && selector_accept(parser, '('))
        return selector_add_is(parser, compound);
    part = codedb_selector_add_part(parser, compound->step, (codedb_part_kind)selector_pseudos[i].part, selector_pseudos[i].cost);
    if (part == NULL)
        return false;
    if (part->kind == CODEDB_PART_POSITION)
        part->as.position.from_end = selector_pseudos[i].from_end != 0;
    if (part->kind == CODEDB_PART_CHILD_NUMBER) {
        part->as.child_number.from_end = selector_pseudos[i].from_end == 1;
        part->as.child_number.only = selector_pseudos[i].from_end == 2;
        part->as.child_number.start = 1;
    }
    return selector_pseudo_arguments(parser, compound, part, (selector_argument)selector_pseudos[i].argument);
}

/* ---- Compounds ---------------------------------------------------------------------------------------------------- */

/* Behind NAME: takes WS? ":*". */
static bool selector_accept_affix(codedb_selector_parser *parser)
{
    size_t start = parser->at;
    selector_skip_space(parser);
    if (selector_peek(parser) == ':' && parser->text[parser->at + 1] == '*') {
        parser->at += 2;
        return true;
    }
    parser->at = start;
    return false;
}

/* NAME or NAME:*. `class_left`: a class step stands on the left, so that `function` means methods too. */
static bool selector_type(codedb_selector_parser *parser, selector_compound *compound, bool class_left)
{
    static const char expected[] = "a type";
    const codedb_vocabulary *vocabulary = parser->selector->vocabulary;
    codedb_kind_set *kinds = &compound->step->kinds;
    const char *name = parser->text + parser->at;
    codedb_word word;
    unsigned kind;
    size_t start;
    size_t length;
    bool affix;
    if (!selector_name(parser, expected, &start, &length))
        return false;
    affix = selector_accept_affix(parser);
    word = codedb_word_find(name, length);
    if (word < CODEDB_KIND_WORD_COUNT || (word != CODEDB_WORD_COUNT && !affix)) {
        codedb_kind_set_add_word(vocabulary, kinds, word);
        codedb_kind_set_drop_insignificant(vocabulary, kinds);
        if (word == CODEDB_WORD_function && class_left && !affix)
            codedb_kind_set_add_word(vocabulary, kinds, CODEDB_WORD_method);
        compound->is_class = word == CODEDB_WORD_class && !affix;
        return true;
    }
    if (affix)
        return codedb_kind_set_add_affix(vocabulary, kinds, name, length) ||
               selector_fail_unknown(parser, start, length, "type", expected, vocabulary->type_names);
    kind = codedb_kind_set_add_type(vocabulary, kinds, name, length);
    if (kind == CODEDB_KIND_NONE)
        return selector_fail_unknown(parser, start, length, "type", expected, vocabulary->type_names);
    compound->is_class = vocabulary->word_of(kind) == CODEDB_WORD_class;
    return true;
}

/* WS? (pred | pseudo | capture) | field, as many as there are. */
static bool selector_tails(codedb_selector_parser *parser, selector_compound *compound)
{
    for (;;) {
        size_t end = parser->at;
        size_t start;
        bool fine = true;
        selector_skip_space(parser);
        start = parser->at;
        switch (selector_peek(parser)) {
        case '[': fine = selector_predicate(parser, compound); break;
        case ':': fine = selector_pseudo(parser, compound); break;
        case '@': fine = selector_capture(parser, compound); break;
        case '.':
            if (start == end) {
                fine = selector_role(parser, compound);
                break;
            }
            /* fall through */
        default: parser->at = end; return true;
        }
        if (!fine)
            return false;
        codedb_selector_place_parts(parser, compound->step, start);
    }
}

static bool selector_compound_at(codedb_selector_parser *parser, selector_compound *compound, bool class_left)
{
    codedb_selector_step *step = compound->step;
    char c = selector_peek(parser);
    bool fine = true;
    step->offset = (uint32_t)parser->at;
    if (selector_is_name_start(c))
        fine = selector_type(parser, compound, class_left);
    else {
        compound->any = true;
        codedb_kind_set_add_all(parser->selector->vocabulary, &step->kinds, false);
        if (c == '*')
            parser->at++;
        else if (c == '(') {
            parser->at++;
            fine = selector_add_is(parser, compound);
            codedb_selector_place_parts(parser, step, step->offset);
        } else if (c != '[' && c != ':' && c != '.') {
            return selector_fail_here(parser, "a type, '*', '(', '[', ':' or '.'",
                                      c == '@'   ? "attribute steps: use [name]"
                                      : c == '>' ? "a '>' has a step on its left; inside :has it may stand first"
                                                 : NULL);
        }
    }
    fine = fine && selector_tails(parser, compound);
    step->length = (uint32_t)(parser->at - step->offset);
    if (fine && codedb_kind_set_has_insignificant(parser->selector->vocabulary, &step->kinds))
        parser->selector->needs_full_tree = true;
    return fine;
}

/* ---- Paths -------------------------------------------------------------------------------------------------------- */

/* Takes a combinator's symbol; false when there is none. */
static bool selector_accept_symbol(codedb_selector_parser *parser, codedb_combinator *combinator)
{
    switch (selector_peek(parser)) {
    case '>': *combinator = CODEDB_COMBINATOR_CHILD; break;
    case '+': *combinator = CODEDB_COMBINATOR_NEXT; break;
    case '~': *combinator = CODEDB_COMBINATOR_LATER; break;
    case '/':
        *combinator = parser->text[parser->at + 1] == '/' ? CODEDB_COMBINATOR_DESCENDANT : CODEDB_COMBINATOR_PHYSICAL_CHILD;
        parser->at += *combinator == CODEDB_COMBINATOR_DESCENDANT;
        break;
    default: return false;
    }
    parser->at++;
    return true;
}

/* What stands in front of a path's first compound. */
static bool selector_path_start(codedb_selector_parser *parser, selector_context context, codedb_combinator *combinator)
{
    size_t start = parser->at;
    *combinator = CODEDB_COMBINATOR_DESCENDANT;
    if (selector_accept_symbol(parser, combinator))
        selector_skip_space(parser);
    if (context == SELECTOR_IN_HAS)
        return true;
    switch (*combinator) {
    case CODEDB_COMBINATOR_DESCENDANT: *combinator = CODEDB_COMBINATOR_FILE; return true;
    case CODEDB_COMBINATOR_PHYSICAL_CHILD: *combinator = CODEDB_COMBINATOR_MODULE_CHILD; return true;
    default:
        return codedb_selector_fail(parser, start, 1, "a type, '*', '(', '[', ':' or '.'",
                                    context == SELECTOR_IN_ARGUMENT ? "use :has for what stands below or beside a node"
                                                                    : "a path starts with a step, '/' or '//'");
    }
}

/* The combinator between two compounds; false without error at the path's end. */
static bool selector_combinator(codedb_selector_parser *parser, codedb_combinator *combinator)
{
    size_t start = parser->at;
    char c;
    selector_skip_space(parser);
    c = selector_peek(parser);
    if (parser->at >= parser->length || c == ',' || c == ')')
        return false;
    if (selector_accept_symbol(parser, combinator)) {
        selector_skip_space(parser);
        return true;
    }
    *combinator = CODEDB_COMBINATOR_DESCENDANT;
    return parser->at > start || selector_fail_here(parser, "a combinator, a predicate, ',' or the end of the selector", NULL);
}

static bool selector_reaches_methods(codedb_combinator combinator)
{
    return combinator == CODEDB_COMBINATOR_DESCENDANT || combinator == CODEDB_COMBINATOR_CHILD ||
           combinator == CODEDB_COMBINATOR_PHYSICAL_CHILD;
}

static bool selector_path(codedb_selector_parser *parser, selector_context context, bool class_anchor,
                          codedb_selector_branch *branch)
{
    codedb_selector_step **tail = &branch->steps;
    bool class_left = context == SELECTOR_IN_HAS && class_anchor;
    codedb_combinator combinator;
    if (!selector_path_start(parser, context, &combinator))
        return false;
    do {
        selector_compound compound = {0};
        compound.on_main_path = context == SELECTOR_AT_TOP;
        compound.step = codedb_selector_add_step(parser, &tail, combinator);
        if (compound.step == NULL || !selector_compound_at(parser, &compound, class_left && selector_reaches_methods(combinator)))
            return false;
        branch->has_position = branch->has_position || selector_has_position(compound.step);
        class_left = compound.is_class;
    } while (selector_combinator(parser, &combinator));
    return parser->code == CODEDB_SUCCESS;
}

static bool selector_query(codedb_selector_parser *parser, selector_context context, bool class_anchor,
                           codedb_selector_query *query)
{
    codedb_selector_branch **tail = &query->branches;
    if (++parser->nesting > CODEDB_SELECTOR_MAX_NESTING)
        return selector_fail_here(parser, "at most 64 levels of nesting", NULL);
    do {
        codedb_selector_branch *branch = codedb_selector_allocate(parser, 1, sizeof *branch);
        if (branch == NULL)
            return false;
        *tail = branch;
        tail = &branch->next;
        selector_skip_space(parser);
        if (!selector_path(parser, context, class_anchor, branch))
            return false;
        selector_skip_space(parser);
    } while (selector_accept(parser, ','));
    parser->nesting--;
    return true;
}

/* ---- Entry points ------------------------------------------------------------------------------------------------- */

static bool selector_compile(codedb_selector_parser *parser)
{
    size_t valid;
    if (parser->length > CODEDB_SELECTOR_MAX_LENGTH) {
        parser->length = CODEDB_SELECTOR_MAX_LENGTH;
        return codedb_selector_fail(parser, CODEDB_SELECTOR_MAX_LENGTH, 0, "at most 65536 bytes of selector", NULL);
    }
    valid = codedb_utf8_valid_length(parser->text, parser->length);
    if (valid < parser->length) {
        parser->length = valid; /* what is not UTF-8 is not quoted */
        return codedb_selector_fail(parser, valid, 0, "UTF-8", NULL);
    }
    if (parser->selector->dialect == CODEDB_DIALECT_REFERENCE)
        return codedb_reference_compile(parser);
    return selector_query(parser, SELECTOR_AT_TOP, false, &parser->selector->query) &&
           (parser->at == parser->length || selector_fail_here(parser, "a combinator, ',' or the end of the selector", NULL));
}

CODEDB_PRIVATE codedb_code codedb_selector_create(const codedb_allocator *allocator, const char *text, codedb_dialect dialect,
                                                  codedb_selector **selector, codedb_result *result)
{
    return codedb_selector_create_in(codedb_vocabulary_cst(), allocator, text, dialect, selector, result);
}

CODEDB_PRIVATE codedb_code codedb_selector_create_in(const codedb_vocabulary *vocabulary, const codedb_allocator *allocator,
                                                     const char *text, codedb_dialect dialect, codedb_selector **selector,
                                                     codedb_result *result)
{
    codedb_selector_parser parser = {0};
    codedb_arena *arena = codedb_arena_create(allocator);
    *selector = NULL;
    if (arena == NULL)
        return codedb_fail_no_memory(result);
    parser.selector = codedb_arena_allocate(arena, 1, sizeof *parser.selector);
    if (parser.selector == NULL) {
        codedb_arena_destroy(arena);
        return codedb_fail_no_memory(result);
    }
    parser.selector->arena = arena;
    parser.selector->dialect = dialect;
    parser.selector->vocabulary = vocabulary;
    parser.length = strlen(text);
    parser.selector->text = codedb_arena_copy(arena, text, parser.length);
    if (parser.selector->text == NULL) {
        codedb_arena_destroy(arena);
        return codedb_fail_no_memory(result);
    }
    parser.text = parser.selector->text;
    parser.result = result;
    if (!selector_compile(&parser)) {
        codedb_arena_destroy(arena);
        return parser.code;
    }
    *selector = parser.selector;
    return codedb_succeed(result);
}

CODEDB_API codedb_code codedb_selector_compile(const char *text, const codedb_selector_options *given, codedb_selector **selector,
                                               codedb_result *result)
{
    codedb_selector_options options;
    codedb_code code;
    if (selector != NULL)
        *selector = NULL;
    if (text == NULL || selector == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "%s is NULL", text == NULL ? "text" : "selector");
    code = codedb_struct_take(&options, sizeof options, given, "codedb_selector_options", result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (options.dialect != CODEDB_DIALECT_DEFAULT && options.dialect != CODEDB_DIALECT_REFERENCE)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "options->dialect is %d, expected a codedb_dialect",
                           (int)options.dialect);
    if (options.ast && options.dialect == CODEDB_DIALECT_REFERENCE)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the reference dialect knows trees of the CST only");
    return codedb_selector_create_in(options.ast ? codedb_vocabulary_ast() : codedb_vocabulary_cst(), options.allocator, text,
                                     options.dialect, selector, result);
}

CODEDB_API size_t codedb_selector_capture_count(const codedb_selector *selector)
{
    return selector == NULL ? 0 : selector->capture_count;
}

CODEDB_API const char *codedb_selector_capture_name(const codedb_selector *selector, size_t index)
{
    const codedb_selector_capture *capture = selector == NULL ? NULL : selector->captures;
    while (capture != NULL && index-- > 0)
        capture = capture->next;
    return capture == NULL ? NULL : capture->name;
}

CODEDB_API void codedb_selector_free(codedb_selector *selector)
{
    if (selector != NULL)
        codedb_arena_destroy(selector->arena);
}
