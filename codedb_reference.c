/* codedb_reference.c -- selector text -> steps for the reference dialect: the original engine's selectors, oddities included.
 *
 * Called by codedb_selector.c. Tools that were written for the original engine ask for this dialect and get the answers they are
 * used to, so nothing here is to be improved: what looks like a mistake is how that engine reads its selectors.
 *
 *   selector := "//"? step ((">" | "//")? step)*
 *   step     := type predicate* pseudo* | predicate+ pseudo* | pseudo+
 *   type     := "*" | NAME ":*"?
 *   predicate := "[" "@"? NAME operator value "]"
 *   value    := '"' ... '"' | one or more characters that are neither white space nor "]" nor ")"
 *   pseudo   := ":" NAME ("(" (INTEGER | selector) ")")?
 *
 * Blanks and tabs may stand between any two tokens; ":*" is one token. A step begins wherever the one before cannot go on. */
#include "codedb_selector.h"

#include <string.h>

static bool reference_selector(codedb_selector_parser *parser, codedb_selector_branch *branch, bool *excludes);

/* ---- Characters --------------------------------------------------------------------------------------------------- */

static char reference_peek(codedb_selector_parser *parser)
{
    while (parser->text[parser->at] == ' ' || parser->text[parser->at] == '\t')
        parser->at++;
    return parser->text[parser->at];
}

static bool reference_is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool reference_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char reference_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool reference_is_word(const char *text, size_t length, const char *word)
{
    size_t i;
    for (i = 0; i < length; i++)
        if (reference_lower(text[i]) != word[i]) /* a shorter word ends the loop with its NUL */
            return false;
    return word[length] == '\0';
}

static bool reference_fail(codedb_selector_parser *parser, const char *expected)
{
    size_t length = 0;
    reference_peek(parser);
    if (parser->at < parser->length)
        codedb_utf8_decode(parser->text + parser->at, &length);
    return codedb_selector_fail(parser, parser->at, length, expected, NULL);
}

static bool reference_expect(codedb_selector_parser *parser, char c, const char *expected)
{
    if (reference_peek(parser) != c)
        return reference_fail(parser, expected);
    parser->at++;
    return true;
}

static bool reference_name(codedb_selector_parser *parser, const char *expected, const char **name, size_t *length)
{
    size_t start;
    *name = parser->text;
    *length = 0;
    if (!reference_is_name_start(reference_peek(parser)))
        return reference_fail(parser, expected);
    start = parser->at;
    while (reference_is_name_start(parser->text[parser->at]) || reference_is_digit(parser->text[parser->at]))
        parser->at++;
    *name = parser->text + start;
    *length = parser->at - start;
    return true;
}

/* ---- Values ------------------------------------------------------------------------------------------------------- */

/* Digits of a number in base 8 or 16; how many were taken is the answer. */
static size_t reference_digits(const char *text, size_t length, unsigned base, size_t maximum, uint32_t *number)
{
    size_t count = 0;
    *number = 0;
    while (count < maximum && count < length) {
        char c = reference_lower(text[count]);
        unsigned digit = reference_is_digit(c) ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
        if (digit >= base)
            break;
        *number = *number * base + digit;
        count++;
    }
    return count;
}

/* One escape behind its backslash, as Python's unicode_escape reads it: the bytes taken, 0 when that is an error there. */
static size_t reference_escape(const char *text, size_t length, char **out)
{
    static const char letters[] = "abfnrtv\\'\"";
    static const char values[] = "\a\b\f\n\r\t\v\\'\"";
    const char *letter;
    uint32_t code_point;
    size_t digits;
    size_t taken;
    if (length == 0)
        return 0;
    digits = text[0] == 'x' ? 2 : text[0] == 'u' ? 4 : 8;
    letter = strchr(letters, text[0]);
    if (letter != NULL && text[0] != '\0') {
        *(*out)++ = values[letter - letters];
        return 1;
    }
    if (text[0] == '\n')
        return 1;
    taken = reference_digits(text, length, 8, 3, &code_point);
    if (taken == 0 && (text[0] == 'x' || text[0] == 'u' || text[0] == 'U')) {
        if (reference_digits(text + 1, length - 1, 16, digits, &code_point) != digits || code_point > 0x10FFFF)
            return 0;
        taken = digits + 1;
    } else if (taken == 0 && text[0] == 'N') {
        const char *behind = codedb_character_read(text, text + length, CODEDB_NEWEST_VERSION, &code_point);
        if (behind == NULL)
            return 0;
        taken = (size_t)(behind - text);
    } else if (taken == 0) {
        *(*out)++ = '\\'; /* an unknown escape stays; what is behind the backslash is read as usual */
        return SIZE_MAX;
    }
    *out += codedb_utf8_encode(code_point, *out);
    return taken;
}

/* The inside of a quoted value. Each byte beyond ASCII becomes the Latin-1 character of that number, as unicode_escape has it. */
static bool reference_unescape(codedb_selector_parser *parser, const char *text, size_t length, const char **value,
                               size_t *value_length)
{
    char *begin = codedb_selector_allocate(parser, length * 2 + 1, 1);
    char *out = begin;
    size_t i = 0;
    if (begin == NULL)
        return false;
    while (i < length) {
        size_t taken = 1;
        if (text[i] != '\\')
            out += codedb_utf8_encode((unsigned char)text[i], out);
        else {
            taken = reference_escape(text + i + 1, length - i - 1, &out);
            if (taken == 0) { /* wrong: the value stays as it is written */
                memcpy(begin, text, length);
                out = begin + length;
                break;
            }
            taken = taken == SIZE_MAX ? 1 : taken + 1;
        }
        i += taken;
    }
    *value = begin;
    *value_length = (size_t)(out - begin);
    return true;
}

/* The length of a quoted token at `at`: to the first quote with an even number of backslashes before it, in one line; 0: none. */
static size_t reference_quoted_length(const codedb_selector_parser *parser, size_t at)
{
    size_t i;
    if (parser->text[at] != '"')
        return 0;
    for (i = at + 1; i < parser->length && parser->text[i] != '\n'; i++) {
        if (parser->text[i] == '"')
            return i + 1 - at;
        if (parser->text[i] == '\\' && parser->text[i + 1] != '\n')
            i++;
    }
    return 0;
}

/* White space as Python's \s has it. */
static bool reference_is_space(uint32_t code_point)
{
    return (code_point >= 0x09 && code_point <= 0x0D) || (code_point >= 0x1C && code_point <= 0x20) || code_point == 0x85 ||
           code_point == 0xA0 || code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200A) || code_point == 0x2028 ||
           code_point == 0x2029 || code_point == 0x202F || code_point == 0x205F || code_point == 0x3000;
}

static size_t reference_bare_length(const codedb_selector_parser *parser, size_t at)
{
    size_t end = at;
    while (end < parser->length && parser->text[end] != ']' && parser->text[end] != ')') {
        size_t size;
        if (reference_is_space(codedb_utf8_decode(parser->text + end, &size)))
            break;
        end += size;
    }
    return end - at;
}

static bool reference_value(codedb_selector_parser *parser, codedb_attribute_test *test)
{
    const char *text;
    size_t length;
    reference_peek(parser);
    text = parser->text + parser->at;
    length = reference_quoted_length(parser, parser->at);
    if (length == 0)
        length = reference_bare_length(parser, parser->at);
    if (length == 0)
        return reference_fail(parser, "a value");
    parser->at += length;
    if (length >= 2 && text[0] == text[length - 1] && (text[0] == '"' || text[0] == '\''))
        return reference_unescape(parser, text + 1, length - 2, &test->value, &test->value_length);
    test->value = codedb_selector_copy(parser, text, length);
    test->value_length = length;
    return test->value != NULL;
}

/* ---- Predicates --------------------------------------------------------------------------------------------------- */

static bool reference_operator(codedb_selector_parser *parser, codedb_attribute_test *test)
{
    static const struct {
        char text[3];
        uint8_t relation;
    } operators[] = {
        {"!=", CODEDB_OPERATOR_NOT_EQUAL}, {"~=", CODEDB_OPERATOR_CONTAINS},   {"^=", CODEDB_OPERATOR_STARTS},
        {"$=", CODEDB_OPERATOR_ENDS},      {"<=", CODEDB_OPERATOR_LESS_EQUAL}, {">=", CODEDB_OPERATOR_GREATER_EQUAL},
        {"=", CODEDB_OPERATOR_EQUAL},      {"<", CODEDB_OPERATOR_LESS},        {">", CODEDB_OPERATOR_GREATER},
    };
    size_t i;
    reference_peek(parser);
    for (i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t length = strlen(operators[i].text);
        if (strncmp(parser->text + parser->at, operators[i].text, length) == 0) {
            parser->at += length;
            test->relation = operators[i].relation;
            return true;
        }
    }
    return reference_fail(parser, "one of = != ~= ^= $= < <= > >=");
}

/* The attributes of the original engine; all others match nothing. */
static bool reference_knows(codedb_attribute attribute)
{
    switch (attribute) {
    case CODEDB_ATTRIBUTE_type:
    case CODEDB_ATTRIBUTE_kind:
    case CODEDB_ATTRIBUTE_name:
    case CODEDB_ATTRIBUTE_qualname:
    case CODEDB_ATTRIBUTE_module:
    case CODEDB_ATTRIBUTE_start_line:
    case CODEDB_ATTRIBUTE_end_line:
    case CODEDB_ATTRIBUTE_children_count: return true;
    default: return false;
    }
}

static void reference_intersect(codedb_kind_set *set, codedb_kind_set with)
{
    unsigned i;
    for (i = 0; i < CODEDB_KIND_SET_WORDS; i++)
        set->words[i] &= with.words[i];
}

/* At the bracket. */
static bool reference_predicate(codedb_selector_parser *parser, codedb_selector_step *step)
{
    codedb_attribute_test test = {0};
    codedb_attribute attribute;
    codedb_selector_part *part;
    const char *name;
    size_t length;
    parser->at++;
    if (reference_peek(parser) == '@')
        parser->at++;
    if (!reference_name(parser, "an attribute name", &name, &length) || !reference_operator(parser, &test) ||
        !reference_value(parser, &test) || !reference_expect(parser, ']', "']'"))
        return false;
    attribute = codedb_attribute_find(name, length);
    test.attribute = (uint8_t)attribute;
    if (!reference_knows(attribute)) {
        step->kinds = (codedb_kind_set){{0}};
        return true;
    }
    if (attribute == CODEDB_ATTRIBUTE_type || attribute == CODEDB_ATTRIBUTE_kind) {
        reference_intersect(&step->kinds,
                            codedb_kind_set_where(parser->selector->vocabulary, &test, attribute == CODEDB_ATTRIBUTE_kind, NULL));
        return true;
    }
    part = codedb_selector_add_part(parser, step, CODEDB_PART_ATTRIBUTE, codedb_attribute_cost(attribute));
    if (part != NULL)
        part->as.test = test;
    return part != NULL;
}

/* ---- Pseudo-classes ----------------------------------------------------------------------------------------------- */

/* What the pseudo-classes of a step come to. */
typedef struct reference_pseudos {
    codedb_selector_query *excluded; /* of the last :not; NULL: it excludes nothing */
    bool later_position;             /* :nth(1) or higher: never the one node that :not looks at */
} reference_pseudos;

/* :not sees one node alone, which is the first and the last of its list: positions that are left change nothing. */
static void reference_drop_positions(codedb_selector_step *step)
{
    codedb_selector_part **link = &step->parts;
    while (*link != NULL)
        if ((*link)->kind == CODEDB_PART_POSITION)
            *link = (*link)->next;
        else
            link = &(*link)->next;
}

/* ( INTEGER | selector ), at the parenthesis. *query stays NULL for a number, or for a selector that a :not never excludes by. */
static bool reference_argument(codedb_selector_parser *parser, bool *is_number, uint32_t *number, codedb_selector_query **query)
{
    codedb_selector_query *read;
    bool excludes = true;
    parser->at++;
    *is_number = reference_is_digit(reference_peek(parser));
    if (*is_number) {
        while (reference_is_digit(parser->text[parser->at])) {
            uint32_t digit = (uint32_t)(parser->text[parser->at++] - '0');
            *number = *number > (UINT32_MAX - 9) / 10 ? UINT32_MAX : *number * 10 + digit; /* beyond any list in any case */
        }
        return reference_expect(parser, ')', "')'");
    }
    read = codedb_selector_allocate(parser, 1, sizeof *read);
    if (read == NULL)
        return false;
    read->branches = codedb_selector_allocate(parser, 1, sizeof *read->branches);
    if (read->branches == NULL || !reference_selector(parser, read->branches, &excludes) ||
        !reference_expect(parser, ')', "')' or a step"))
        return false;
    if (excludes) {
        reference_drop_positions(read->branches->steps);
        *query = read;
    }
    return true;
}

static bool reference_add_position(codedb_selector_parser *parser, codedb_selector_step *step, uint32_t index, bool from_end)
{
    codedb_selector_part *part = codedb_selector_add_part(parser, step, CODEDB_PART_POSITION, 0);
    if (part == NULL)
        return false;
    part->as.position.index = index;
    part->as.position.from_end = from_end;
    return true;
}

/* At the colon. */
static bool reference_pseudo(codedb_selector_parser *parser, codedb_selector_step *step, reference_pseudos *pseudos)
{
    codedb_selector_query *query = NULL;
    bool is_number = false;
    bool has_argument;
    uint32_t number = 0;
    const char *name;
    size_t length;
    size_t start;
    parser->at++;
    if (!reference_name(parser, "a pseudo-class", &name, &length))
        return false;
    start = (size_t)(name - parser->text);
    has_argument = reference_peek(parser) == '(';
    if (has_argument && !reference_argument(parser, &is_number, &number, &query))
        return false;
    if (reference_is_word(name, length, "not")) {
        pseudos->excluded = query;
        return true;
    }
    if (reference_is_word(name, length, "first") || reference_is_word(name, length, "last")) {
        if (is_number)
            return codedb_selector_fail(parser, start, length, "no number behind :first and :last", NULL);
        return reference_add_position(parser, step, 0, reference_is_word(name, length, "last"));
    }
    if (!reference_is_word(name, length, "nth"))
        return codedb_selector_fail(parser, start, length, ":first, :last, :nth(N) or :not(...)", NULL);
    if (!is_number)
        return codedb_selector_fail(parser, start, length, "an integer from 0 on in parentheses behind :nth", NULL);
    pseudos->later_position = pseudos->later_position || number > 0;
    return reference_add_position(parser, step, number, false);
}

/* ---- Steps -------------------------------------------------------------------------------------------------------- */

static bool reference_is_kind_word(const char *name, size_t length)
{
    static const char *const words[] = {"module", "class", "function", "method", "stmt", "smallstmt", "import", "node"};
    size_t i;
    for (i = 0; i < sizeof words / sizeof *words; i++)
        if (reference_is_word(name, length, words[i]))
            return true;
    return false;
}

static bool reference_type(codedb_selector_parser *parser, codedb_selector_step *step)
{
    const codedb_vocabulary *vocabulary = parser->selector->vocabulary;
    const char *name;
    size_t length;
    bool affix;
    if (!reference_name(parser, "a type, '*', '[' or ':'", &name, &length))
        return false;
    affix = reference_peek(parser) == ':' && parser->text[parser->at + 1] == '*';
    parser->at += affix ? 2 : 0;
    if (reference_is_kind_word(name, length))
        codedb_kind_set_add_word(vocabulary, &step->kinds, codedb_word_find(name, length));
    else if (affix)
        codedb_kind_set_add_affix(vocabulary, &step->kinds, name, length);
    else
        codedb_kind_set_add_type(vocabulary, &step->kinds, name, length);
    return true;
}

/* :not filters in front of all positions, wherever it stands. */
static bool reference_add_not(codedb_selector_parser *parser, codedb_selector_step *step, const codedb_selector_query *query)
{
    codedb_selector_part *part = codedb_selector_allocate(parser, 1, sizeof *part);
    codedb_selector_part **link = &step->parts;
    if (part == NULL)
        return false;
    while (*link != NULL && (*link)->kind != CODEDB_PART_POSITION)
        link = &(*link)->next;
    part->kind = CODEDB_PART_NOT;
    part->as.query = query;
    part->next = *link;
    *link = part;
    return true;
}

static bool reference_step(codedb_selector_parser *parser, codedb_selector_step *step, reference_pseudos *pseudos)
{
    const codedb_vocabulary *vocabulary = parser->selector->vocabulary;
    char c = reference_peek(parser);
    step->offset = (uint32_t)parser->at;
    if (c == '*' || c == '[' || c == ':') {
        codedb_kind_set_add_all(vocabulary, &step->kinds, true);
        parser->at += c == '*';
    } else if (!reference_type(parser, step))
        return false;
    while (reference_peek(parser) == '[') {
        size_t start = parser->at;
        if (!reference_predicate(parser, step))
            return false;
        codedb_selector_place_parts(parser, step, start);
    }
    while (reference_peek(parser) == ':') {
        size_t start = parser->at;
        if (!reference_pseudo(parser, step, pseudos))
            return false;
        codedb_selector_place_parts(parser, step, start);
    }
    step->length = (uint32_t)(parser->at - step->offset);
    if (codedb_kind_set_has_insignificant(vocabulary, &step->kinds))
        parser->selector->needs_full_tree = true;
    return pseudos->excluded == NULL || reference_add_not(parser, step, pseudos->excluded);
}

/* ">" or "//" between two steps; nothing means a descendant too. False at the selector's end. */
static bool reference_combinator(codedb_selector_parser *parser, codedb_combinator *combinator)
{
    char c = reference_peek(parser);
    *combinator = CODEDB_COMBINATOR_DESCENDANT;
    if (c == '>') {
        *combinator = CODEDB_COMBINATOR_PHYSICAL_CHILD;
        parser->at++;
        return true;
    }
    if (c == '/' && parser->text[parser->at + 1] == '/') {
        parser->at += 2;
        return true;
    }
    return c == '*' || c == '[' || c == ':' || reference_is_name_start(c);
}

/* *excludes: can a :not with this argument exclude a node that it sees alone? */
static bool reference_selector(codedb_selector_parser *parser, codedb_selector_branch *branch, bool *excludes)
{
    codedb_selector_step **tail = &branch->steps;
    codedb_combinator combinator = CODEDB_COMBINATOR_FILE;
    if (++parser->nesting > CODEDB_SELECTOR_MAX_NESTING)
        return reference_fail(parser, "at most 64 levels of nesting");
    if (reference_peek(parser) == '/' && parser->text[parser->at + 1] == '/')
        parser->at += 2;
    do {
        reference_pseudos pseudos = {NULL, false};
        codedb_selector_step *step = codedb_selector_add_step(parser, &tail, combinator);
        if (step == NULL || !reference_step(parser, step, &pseudos))
            return false;
        *excludes = *excludes && combinator == CODEDB_COMBINATOR_FILE && !pseudos.later_position;
    } while (reference_combinator(parser, &combinator));
    parser->nesting--;
    return true;
}

CODEDB_PRIVATE bool codedb_reference_compile(codedb_selector_parser *parser)
{
    bool excludes = true;
    codedb_selector_branch *branch = codedb_selector_allocate(parser, 1, sizeof *branch);
    if (branch == NULL)
        return false;
    parser->selector->query.branches = branch;
    if (!reference_selector(parser, branch, &excludes))
        return false;
    reference_peek(parser);
    return parser->at == parser->length || reference_fail(parser, "a combinator, a step or the end of the selector");
}
