/* codedb_regex.c -- regular expressions of selectors, in linear time.
 *
 * Called by codedb_selector.c (compiling) and codedb_attributes.c (searching). The syntax is a part of Python's `re`:
 * characters, `.`, classes, \d \w \s \b and their opposites, ^ $ \A \Z, groups, |, * + ? {m,n}; lazy marks are read and change
 * nothing, as only whether there is a match is asked. No back-references and no looking ahead or behind.
 *
 * A pattern becomes a program for a machine that follows all alternatives at once: a search costs (bytes of text) times
 * (instructions), whatever the pattern.
 *
 * Invariants:
 * 1. A program has at most CODEDB_REGEX_MAX_SIZE instructions, and is never changed after it was made.
 * 2. Recursion is bounded by REGEX_MAX_NESTING. */
#include "codedb_selector.h"

#include <string.h>

#define REGEX_MAX_NESTING 64
#define REGEX_MAX_REPEAT 1000
#define REGEX_NO_MAXIMUM UINT32_MAX
#define REGEX_STEPS_BETWEEN_CLOCKS 65536

typedef enum regex_code {
    REGEX_RANGES, /* one character in, or with `negated` outside, ranges[first .. first + count) */
    REGEX_SPLIT,  /* go on at first and at second */
    REGEX_JUMP,
    REGEX_ASSERT, /* `assertion` holds here */
    REGEX_MATCH
} regex_code;

typedef enum regex_assertion {
    REGEX_TEXT_START,
    REGEX_TEXT_END,
    REGEX_LINE_START,
    REGEX_LINE_END,
    REGEX_END_OR_LAST_BREAK,
    REGEX_WORD_EDGE,
    REGEX_NO_WORD_EDGE
} regex_assertion;

typedef struct regex_instruction {
    uint8_t code;
    uint8_t assertion;
    bool negated;
    uint32_t first;
    uint32_t second;
} regex_instruction;

/* Numbers beyond the last character stand for the sets that are no ranges. */
enum { REGEX_WORD = 0x110000, REGEX_NO_WORD, REGEX_DIGIT, REGEX_NO_DIGIT, REGEX_SPACE, REGEX_NO_SPACE };
typedef struct regex_range {
    uint32_t low;
    uint32_t high; /* of a set: its low again */
} regex_range;

struct codedb_regex {
    regex_instruction *program;
    uint32_t size;
    regex_range *ranges;
    bool ignore_case;
};

/* ---- Characters --------------------------------------------------------------------------------------------------- */

static bool regex_is_word(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (c >= 0x80 && c < REGEX_WORD && codedb_unicode_continues_identifier(c, CODEDB_NEWEST_VERSION));
}

static bool regex_is_space(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static bool regex_in_range(const regex_range *range, uint32_t c)
{
    switch (range->low) {
    case REGEX_WORD: return regex_is_word(c);
    case REGEX_NO_WORD: return !regex_is_word(c);
    case REGEX_DIGIT: return c >= '0' && c <= '9';
    case REGEX_NO_DIGIT: return c < '0' || c > '9';
    case REGEX_SPACE: return regex_is_space(c);
    case REGEX_NO_SPACE: return !regex_is_space(c);
    default: return c >= range->low && c <= range->high;
    }
}

static uint32_t regex_other_case(uint32_t c)
{
    if (c >= 'a' && c <= 'z')
        return c - ('a' - 'A');
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* ---- Patterns ----------------------------------------------------------------------------------------------------- */

typedef enum regex_kind {
    REGEX_NODE_RANGES,
    REGEX_NODE_ASSERT,
    REGEX_NODE_GROUP /* alternatives, each a list of nodes */
} regex_kind;

typedef struct regex_node regex_node;
typedef struct regex_branch {
    struct regex_branch *next;
    regex_node *nodes;
} regex_branch;

struct regex_node {
    regex_node *next;
    regex_kind kind;
    regex_assertion assertion;
    bool negated;
    uint32_t first_range;
    uint32_t range_count;
    regex_branch *branches;
    uint32_t minimum;
    uint32_t maximum;
};

typedef struct regex_parser {
    codedb_arena *arena;
    const char *text;
    size_t length;
    size_t at;
    codedb_regex_flags flags;
    unsigned nesting;
    regex_range *ranges; /* room for two a byte of text */
    uint32_t range_count;
    const char *expected; /* of the first error; NULL: no error so far */
    bool no_memory;
    codedb_regex *regex;
} regex_parser;

static bool regex_fail(regex_parser *parser, const char *expected)
{
    if (parser->expected == NULL)
        parser->expected = expected;
    return false;
}

/* As above, with the place of what is wrong. */
static bool regex_fail_at(regex_parser *parser, size_t at, const char *expected)
{
    if (parser->expected == NULL)
        parser->at = at;
    return regex_fail(parser, expected);
}

static void *regex_allocate(regex_parser *parser, size_t count, size_t size)
{
    void *memory = codedb_arena_allocate(parser->arena, count, size);
    parser->no_memory = parser->no_memory || memory == NULL;
    return memory;
}

static int regex_peek(const regex_parser *parser)
{
    return parser->at < parser->length ? (unsigned char)parser->text[parser->at] : -1;
}

static bool regex_accept(regex_parser *parser, char c)
{
    if (regex_peek(parser) != (unsigned char)c)
        return false;
    parser->at++;
    return true;
}

static void regex_add_range(regex_parser *parser, uint32_t low, uint32_t high)
{
    parser->ranges[parser->range_count].low = low;
    parser->ranges[parser->range_count++].high = high;
}

static bool regex_hex(regex_parser *parser, unsigned digits, uint32_t *c)
{
    size_t start = parser->at - 2;
    *c = 0;
    while (digits-- > 0) {
        int digit = regex_peek(parser);
        int lower = digit | 0x20;
        if (digit >= '0' && digit <= '9')
            *c = *c * 16 + (uint32_t)(digit - '0');
        else if (lower >= 'a' && lower <= 'f')
            *c = *c * 16 + (uint32_t)(lower - 'a' + 10);
        else
            return regex_fail(parser, "hexadecimal digits");
        parser->at++;
    }
    return *c <= 0x10FFFF || regex_fail_at(parser, start, "the number of a character");
}

/* One character or set, behind a backslash or not; sets come as numbers beyond the last character. */
static bool regex_character(regex_parser *parser, uint32_t *c)
{
    static const char sets[] = "wWdDsS";
    static const char letters[] = "afnrtv";
    static const char values[] = "\a\f\n\r\t\v";
    size_t size;
    const char *found;
    int next;
    if (regex_peek(parser) != '\\') {
        *c = codedb_utf8_decode(parser->text + parser->at, &size);
        parser->at += size;
        return true;
    }
    parser->at++;
    next = regex_peek(parser);
    if (next < 0)
        return regex_fail(parser, "a character behind the backslash");
    if (next >= 0x80) {
        *c = codedb_utf8_decode(parser->text + parser->at, &size);
        parser->at += size;
        return true;
    }
    parser->at++;
    if (next == 'x' || next == 'u' || next == 'U')
        return regex_hex(parser, next == 'x' ? 2 : next == 'u' ? 4 : 8, c);
    if ((found = strchr(sets, next)) != NULL && next != 0)
        *c = (uint32_t)REGEX_WORD + (uint32_t)(found - sets);
    else if ((found = strchr(letters, next)) != NULL && next != 0)
        *c = (unsigned char)values[found - letters];
    else if ((next >= '0' && next <= '9') || (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z'))
        return regex_fail_at(parser, parser->at - 2, "a known escape");
    else
        *c = (uint32_t)next;
    return true;
}

/* Behind the opening bracket. */
static bool regex_class(regex_parser *parser, regex_node *node)
{
    bool first = true;
    node->negated = regex_accept(parser, '^');
    while (regex_peek(parser) != ']' || first) {
        uint32_t low;
        uint32_t high;
        size_t start = parser->at;
        first = false;
        if (regex_peek(parser) < 0)
            return regex_fail(parser, "']'");
        if (regex_peek(parser) == '\\' && parser->at + 1 < parser->length && parser->text[parser->at + 1] == 'b') {
            low = '\b';
            parser->at += 2;
        } else if (!regex_character(parser, &low))
            return false;
        high = low;
        if (regex_peek(parser) == '-' && parser->at + 1 < parser->length && parser->text[parser->at + 1] != ']') {
            parser->at++;
            if (!regex_character(parser, &high))
                return false;
            if (low >= REGEX_WORD || high >= REGEX_WORD || high < low)
                return regex_fail_at(parser, start, "a range from a lower to a higher character");
        }
        regex_add_range(parser, low, high);
    }
    parser->at++;
    return true;
}

static bool regex_alternatives(regex_parser *parser, regex_branch **branches);

/* Behind the opening parenthesis. */
static bool regex_group(regex_parser *parser, regex_node *node)
{
    node->kind = REGEX_NODE_GROUP;
    if (regex_accept(parser, '?') && !regex_accept(parser, ':'))
        return regex_fail(parser, "':' behind '(?': groups that look ahead or have names are not there");
    if (++parser->nesting > REGEX_MAX_NESTING)
        return regex_fail(parser, "at most 64 groups inside each other");
    if (!regex_alternatives(parser, &node->branches))
        return false;
    parser->nesting--;
    return regex_accept(parser, ')') || regex_fail(parser, "')'");
}

static bool regex_assert(regex_node *node, regex_assertion assertion)
{
    node->kind = REGEX_NODE_ASSERT;
    node->assertion = assertion;
    return true;
}

static bool regex_atom(regex_parser *parser, regex_node *node)
{
    int next = regex_peek(parser);
    uint32_t c;
    node->kind = REGEX_NODE_RANGES;
    if (next == '\\' && parser->at + 1 < parser->length && strchr("AZbB", parser->text[parser->at + 1]) != NULL) {
        char letter = parser->text[parser->at + 1];
        parser->at += 2;
        return regex_assert(node, letter == 'A'   ? REGEX_TEXT_START
                                  : letter == 'Z' ? REGEX_TEXT_END
                                  : letter == 'b' ? REGEX_WORD_EDGE
                                                  : REGEX_NO_WORD_EDGE);
    }
    if (next == '*' || next == '+' || next == '?')
        return regex_fail(parser, "something to repeat");
    if (next == '\\' || strchr("^$.[(", next) == NULL) {
        if (!regex_character(parser, &c))
            return false;
        regex_add_range(parser, c, c);
        return true;
    }
    parser->at++;
    switch (next) {
    case '^': return regex_assert(node, parser->flags.multiline ? REGEX_LINE_START : REGEX_TEXT_START);
    case '$': return regex_assert(node, parser->flags.multiline ? REGEX_LINE_END : REGEX_END_OR_LAST_BREAK);
    case '(': return regex_group(parser, node);
    case '[': return regex_class(parser, node);
    default:
        node->negated = true;
        if (!parser->flags.dot_all)
            regex_add_range(parser, '\n', '\n');
        return true;
    }
}

static bool regex_count(regex_parser *parser, uint32_t *number)
{
    bool found = false;
    size_t start = parser->at;
    *number = 0;
    while (regex_peek(parser) >= '0' && regex_peek(parser) <= '9') {
        *number = *number * 10 + (uint32_t)(regex_peek(parser) - '0');
        if (*number > REGEX_MAX_REPEAT)
            return regex_fail_at(parser, start, "at most 1000 repetitions");
        parser->at++;
        found = true;
    }
    return found;
}

/* {m}, {m,}, {,n}, {m,n}; braces of any other kind are characters. */
static bool regex_braces(regex_parser *parser, regex_node *node)
{
    size_t start = parser->at;
    uint32_t minimum;
    uint32_t maximum;
    bool found;
    parser->at++;
    found = regex_count(parser, &minimum);
    maximum = minimum;
    if (regex_accept(parser, ',')) {
        if (!regex_count(parser, &maximum))
            maximum = REGEX_NO_MAXIMUM;
        found = true;
    }
    if (parser->expected != NULL)
        return false;
    if (!found || !regex_accept(parser, '}')) {
        parser->at = start;
        return false;
    }
    if (maximum < minimum)
        return regex_fail_at(parser, start, "a range of repetitions from the smaller to the larger");
    node->minimum = minimum;
    node->maximum = maximum;
    return true;
}

static bool regex_repetition(regex_parser *parser, regex_node *node)
{
    regex_node again;
    node->minimum = node->maximum = 1;
    switch (regex_peek(parser)) {
    case '*':
        node->minimum = 0;
        node->maximum = REGEX_NO_MAXIMUM;
        break;
    case '+': node->maximum = REGEX_NO_MAXIMUM; break;
    case '?': node->minimum = 0; break;
    case '{':
        if (!regex_braces(parser, node))
            return parser->expected == NULL;
        parser->at--;
        break;
    default: return true;
    }
    if (node->kind == REGEX_NODE_ASSERT)
        return regex_fail(parser, "something to repeat");
    parser->at++;
    regex_accept(parser, '?');
    if (regex_peek(parser) == '*' || regex_peek(parser) == '+' || regex_peek(parser) == '?' ||
        (regex_peek(parser) == '{' && regex_braces(parser, &again)))
        return regex_fail(parser, "one repetition");
    return parser->expected == NULL;
}

/* With the flag x white space and comments are left out. */
static void regex_skip(regex_parser *parser)
{
    while (parser->flags.verbose && parser->at < parser->length) {
        int next = regex_peek(parser);
        if (next == '#')
            while (parser->at < parser->length && parser->text[parser->at] != '\n')
                parser->at++;
        else if (next == ' ' || (next >= '\t' && next <= '\r'))
            parser->at++;
        else
            break;
    }
}

static bool regex_sequence(regex_parser *parser, regex_node **tail)
{
    for (regex_skip(parser); regex_peek(parser) >= 0 && regex_peek(parser) != '|' && regex_peek(parser) != ')';
         regex_skip(parser)) {
        regex_node *node = regex_allocate(parser, 1, sizeof *node);
        if (node == NULL)
            return false;
        node->first_range = parser->range_count;
        if (!regex_atom(parser, node))
            return false;
        node->range_count = node->kind == REGEX_NODE_RANGES ? parser->range_count - node->first_range : 0;
        regex_skip(parser);
        if (!regex_repetition(parser, node))
            return false;
        *tail = node;
        tail = &node->next;
    }
    return true;
}

static bool regex_alternatives(regex_parser *parser, regex_branch **branches)
{
    do {
        regex_branch *branch = regex_allocate(parser, 1, sizeof *branch);
        if (branch == NULL || !regex_sequence(parser, &branch->nodes))
            return false;
        *branches = branch;
        branches = &branch->next;
    } while (regex_accept(parser, '|'));
    return true;
}

/* ---- Programs ----------------------------------------------------------------------------------------------------- */

/* The new instruction's number. A program that grows too large is refused; until that is noticed its last place is used again. */
static uint32_t regex_emit(regex_parser *parser, regex_code code)
{
    codedb_regex *regex = parser->regex;
    if (regex->size == CODEDB_REGEX_MAX_SIZE) {
        regex_fail(parser, "a smaller regular expression");
        return regex->size - 1;
    }
    regex->program[regex->size] = (regex_instruction){(uint8_t)code, 0, false, 0, 0};
    return regex->size++;
}

static void regex_emit_branches(regex_parser *parser, const regex_branch *branch);

static void regex_emit_once(regex_parser *parser, const regex_node *node)
{
    regex_instruction *instruction;
    if (node->kind == REGEX_NODE_GROUP) {
        regex_emit_branches(parser, node->branches);
        return;
    }
    instruction = &parser->regex->program[regex_emit(parser, node->kind == REGEX_NODE_ASSERT ? REGEX_ASSERT : REGEX_RANGES)];
    instruction->assertion = (uint8_t)node->assertion;
    instruction->negated = node->negated;
    instruction->first = node->first_range;
    instruction->second = node->range_count;
}

static void regex_emit_node(regex_parser *parser, const regex_node *node)
{
    regex_instruction *program = parser->regex->program;
    uint32_t i;
    for (i = 0; i < node->minimum && parser->expected == NULL; i++)
        regex_emit_once(parser, node);
    if (node->maximum == REGEX_NO_MAXIMUM) {
        uint32_t split = regex_emit(parser, REGEX_SPLIT);
        uint32_t jump;
        program[split].first = parser->regex->size;
        regex_emit_once(parser, node);
        jump = regex_emit(parser, REGEX_JUMP);
        program[jump].first = split;
        program[split].second = parser->regex->size;
        return;
    }
    for (; i < node->maximum && parser->expected == NULL; i++) {
        uint32_t split = regex_emit(parser, REGEX_SPLIT);
        program[split].first = parser->regex->size;
        regex_emit_once(parser, node);
        program[split].second = parser->regex->size;
    }
}

static void regex_emit_branches(regex_parser *parser, const regex_branch *branch)
{
    regex_instruction *program = parser->regex->program;
    uint32_t jumps = UINT32_MAX; /* a chain through `first` of those that go to the end */
    const regex_node *node;
    for (; branch != NULL && parser->expected == NULL; branch = branch->next) {
        uint32_t split = branch->next == NULL ? 0 : regex_emit(parser, REGEX_SPLIT);
        if (branch->next != NULL)
            program[split].first = parser->regex->size;
        for (node = branch->nodes; node != NULL && parser->expected == NULL; node = node->next)
            regex_emit_node(parser, node);
        if (branch->next != NULL) {
            uint32_t jump = regex_emit(parser, REGEX_JUMP);
            program[jump].first = jumps;
            jumps = jump;
            program[split].second = parser->regex->size;
        }
    }
    while (parser->expected == NULL && jumps != UINT32_MAX) {
        uint32_t next = program[jumps].first;
        program[jumps].first = parser->regex->size;
        jumps = next;
    }
}

CODEDB_PRIVATE const codedb_regex *codedb_regex_create(codedb_arena *arena, const char *text, size_t length,
                                                       codedb_regex_flags flags, size_t *error_offset, const char **expected)
{
    regex_parser parser = {.arena = arena, .text = text, .length = length, .flags = flags};
    regex_branch *branches = NULL;
    bool fine;
    *expected = NULL;
    parser.ranges = regex_allocate(&parser, length + 1, 2 * sizeof *parser.ranges);
    parser.regex = regex_allocate(&parser, 1, sizeof *parser.regex);
    if (parser.ranges == NULL || parser.regex == NULL)
        return NULL;
    fine = regex_alternatives(&parser, &branches);
    if (fine && parser.at < length)
        fine = regex_fail(&parser, "no ')' without '('");
    *error_offset = parser.at;
    parser.regex->program = fine ? regex_allocate(&parser, CODEDB_REGEX_MAX_SIZE, sizeof *parser.regex->program) : NULL;
    if (parser.regex->program != NULL) {
        regex_emit_branches(&parser, branches);
        regex_emit(&parser, REGEX_MATCH);
    }
    parser.regex->ranges = parser.ranges;
    parser.regex->ignore_case = flags.ignore_case;
    *expected = parser.no_memory ? NULL : parser.expected;
    return parser.no_memory || parser.expected != NULL ? NULL : parser.regex;
}

/* ---- Searching ---------------------------------------------------------------------------------------------------- */

/* Where the machine stands: the instructions that it is at, each once. */
typedef struct regex_states {
    uint32_t *list;
    uint32_t *place; /* by instruction: where in the list, if it is in it */
    uint32_t count;
} regex_states;

typedef struct regex_search {
    const codedb_regex *regex;
    uint32_t *stack;
    uint32_t before; /* the characters around; UINT32_MAX at an end */
    uint32_t behind;
    bool last_break; /* nothing but a line break is left */
} regex_search;

static bool regex_holds(const regex_search *search, unsigned assertion)
{
    bool edge = (search->before != UINT32_MAX && regex_is_word(search->before)) !=
                (search->behind != UINT32_MAX && regex_is_word(search->behind));
    switch ((regex_assertion)assertion) {
    case REGEX_TEXT_START: return search->before == UINT32_MAX;
    case REGEX_TEXT_END: return search->behind == UINT32_MAX;
    case REGEX_LINE_START: return search->before == UINT32_MAX || search->before == '\n';
    case REGEX_LINE_END: return search->behind == UINT32_MAX || search->behind == '\n';
    case REGEX_END_OR_LAST_BREAK: return search->behind == UINT32_MAX || search->last_break;
    case REGEX_WORD_EDGE: return edge;
    default: return !edge;
    }
}

static bool regex_is_in(const regex_states *states, uint32_t instruction)
{
    uint32_t place = states->place[instruction];
    return place < states->count && states->list[place] == instruction;
}

/* Enters an instruction and all that it leads to without reading; true when that is the end: a match. */
static bool regex_enter(regex_search *search, regex_states *states, uint32_t start)
{
    uint32_t depth = 0;
    search->stack[depth++] = start;
    while (depth > 0) {
        uint32_t at = search->stack[--depth];
        const regex_instruction *instruction = &search->regex->program[at];
        if (regex_is_in(states, at))
            continue;
        states->place[at] = states->count;
        states->list[states->count++] = at;
        switch ((regex_code)instruction->code) {
        case REGEX_MATCH: return true;
        case REGEX_JUMP: search->stack[depth++] = instruction->first; break;
        case REGEX_SPLIT:
            search->stack[depth++] = instruction->second;
            search->stack[depth++] = instruction->first;
            break;
        case REGEX_ASSERT:
            if (regex_holds(search, instruction->assertion))
                search->stack[depth++] = at + 1;
            break;
        case REGEX_RANGES: break;
        }
    }
    return false;
}

static bool regex_takes(const codedb_regex *regex, const regex_instruction *instruction, uint32_t c)
{
    uint32_t other = regex->ignore_case ? regex_other_case(c) : c;
    uint32_t i;
    for (i = 0; i < instruction->second; i++) {
        const regex_range *range = &regex->ranges[instruction->first + i];
        if (regex_in_range(range, c) || regex_in_range(range, other))
            return !instruction->negated;
    }
    return instruction->negated;
}

/* Counts steps; false when the time is over. */
static bool regex_goes_on(codedb_regex_clock *clock, size_t steps)
{
    if (clock == NULL || clock->deadline == 0)
        return true;
    clock->steps += steps;
    if (clock->steps >= REGEX_STEPS_BETWEEN_CLOCKS) {
        clock->steps = 0;
        clock->is_over = clock->is_over || codedb_monotonic_now() > clock->deadline;
    }
    return !clock->is_over;
}

CODEDB_PRIVATE bool codedb_regex_search(const codedb_regex *regex, const char *text, size_t length, uint32_t *scratch,
                                        codedb_regex_clock *clock)
{
    uint32_t size = regex->size;
    regex_states now = {scratch, scratch + size, 0};
    uint32_t *next = scratch + 2 * (size_t)size;
    regex_search search = {regex, scratch + 3 * (size_t)size, UINT32_MAX, UINT32_MAX, false};
    uint32_t next_count = 0;
    size_t at = 0;
    memset(scratch, 0, 2 * (size_t)size * sizeof *scratch);
    for (;;) {
        size_t step = 0;
        uint32_t i;
        search.behind = at < length ? codedb_utf8_decode(text + at, &step) : UINT32_MAX;
        search.last_break = at + 1 == length && text[at] == '\n';
        now.count = 0;
        for (i = 0; i < next_count; i++) /* what the character before led to, with both neighbours known now */
            if (regex_enter(&search, &now, next[i]))
                return true;
        if (regex_enter(&search, &now, 0))
            return true;
        if (at >= length || !regex_goes_on(clock, now.count))
            return false;
        next_count = 0;
        for (i = 0; i < now.count; i++) {
            const regex_instruction *instruction = &regex->program[now.list[i]];
            if (instruction->code == REGEX_RANGES && regex_takes(regex, instruction, search.behind))
                next[next_count++] = now.list[i] + 1;
        }
        search.before = search.behind;
        at += step;
    }
}

CODEDB_PRIVATE size_t codedb_regex_scratch_size(const codedb_regex *regex)
{
    return 5 * (size_t)regex->size + 2; /* the stack holds two for each instruction that is entered, and the first */
}
