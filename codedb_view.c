/* codedb_view.c -- the nodes that a selector is matched against: questions that all languages of trees answer alike.
 *
 * Called by codedb_xpath.c; calls codedb_regex.c, and codedb_attributes.c (through view->source) for what only the language knows.
 * A view belongs to one query and one thread.
 *
 * Invariants:
 * 1. What needs a pass over the tree (parents, depths, methods, scopes) is made when it is first asked for, once a query.
 * 2. A value is a slice of the tree's text wherever it can be; else it stands in view->scratch until the next question.
 * 3. Without memory view->failed is set, answers are harmless, and the query ends with NO_MEMORY.
 *
 * Contents: the view, values, node ids, comparing, attributes. */
#include "codedb_selector.h"

#include <string.h>

/* ---- The view ----------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_view_open(codedb_node_view *view, const codedb_node_source *source, const codedb_allocator *allocator,
                                     codedb_arena *arena)
{
    *view = (codedb_node_view){0};
    view->source = source;
    view->allocator = allocator;
    view->arena = arena;
    codedb_buffer_init(&view->scratch, allocator);
}

CODEDB_PRIVATE void codedb_view_close(codedb_node_view *view)
{
    codedb_buffer_free(&view->scratch);
    codedb_identities_free(view->own_identities);
    view->own_identities = NULL;
    if (view->scopes != NULL)
        codedb_scopes_free(view->scopes);
    view->scopes = NULL;
}

CODEDB_PRIVATE void *codedb_view_allocate(codedb_node_view *view, size_t count, size_t size)
{
    void *memory = codedb_arena_allocate(view->arena, count, size);
    view->failed = view->failed || memory == NULL;
    return memory;
}

CODEDB_PRIVATE const uint32_t *codedb_view_parents(codedb_node_view *view)
{
    uint32_t node;
    uint32_t child;
    if (view->parents != NULL || (view->parents = codedb_view_allocate(view, view->count, sizeof *view->parents)) == NULL)
        return view->parents;
    view->parents[0] = UINT32_MAX;
    for (node = 0; node < view->count; node++)
        for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
            view->parents[child] = node;
    return view->parents;
}

static const uint32_t *view_depths(codedb_node_view *view)
{
    uint32_t node;
    uint32_t child;
    if (view->depths != NULL || (view->depths = codedb_view_allocate(view, view->count, sizeof *view->depths)) == NULL)
        return view->depths;
    for (node = 0; node < view->count; node++)
        for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
            view->depths[child] = view->depths[node] + 1;
    return view->depths;
}

/* Stored and fabricated children count apart, so that a stored node's number is the same in both views. */
static const uint32_t *view_numbers(codedb_node_view *view)
{
    uint32_t node;
    uint32_t child;
    if (view->numbers != NULL || (view->numbers = codedb_view_allocate(view, view->count, sizeof *view->numbers)) == NULL)
        return view->numbers;
    for (node = 0; node < view->count; node++) {
        uint32_t next[2] = {0, 0};
        for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
            view->numbers[child] = next[codedb_view_stored(view, child) == UINT32_MAX]++;
    }
    return view->numbers;
}

CODEDB_PRIVATE uint32_t codedb_view_stored(const codedb_node_view *view, uint32_t node)
{
    return view->full == NULL ? node : view->full[node].syntax;
}

CODEDB_PRIVATE uint32_t codedb_view_child(const codedb_node_view *view, uint32_t node, unsigned field)
{
    uint32_t child;
    for (child = node + 1; child < codedb_view_end(view, node); child = codedb_view_end(view, child))
        if (codedb_view_field(view, child) == field)
            return child;
    return UINT32_MAX;
}

/* ---- Values ------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_slice codedb_slice_none(void)
{
    codedb_slice slice = {NULL, 0};
    return slice;
}

CODEDB_PRIVATE codedb_slice codedb_view_scratch(codedb_node_view *view)
{
    codedb_slice slice;
    view->failed = view->failed || view->scratch.failed;
    slice.text = view->scratch.data == NULL ? "" : view->scratch.data;
    slice.length = view->scratch.length;
    return slice;
}

CODEDB_PRIVATE codedb_slice codedb_view_number(codedb_node_view *view, uint32_t number)
{
    view->scratch.length = 0;
    codedb_buffer_append_integer(&view->scratch, number);
    return codedb_view_scratch(view);
}

/* The same text with \n for every line break. */
CODEDB_PRIVATE codedb_slice codedb_view_with_newlines(codedb_node_view *view, codedb_slice slice)
{
    size_t i;
    if (view->first_return == NULL) {
        view->first_return = memchr(view->text.text, '\r', view->text.length);
        if (view->first_return == NULL)
            view->first_return = view->text.text + view->text.length;
    }
    if (slice.text + slice.length <= view->first_return)
        return slice;
    view->scratch.length = 0;
    for (i = 0; i < slice.length; i++)
        if (slice.text[i] != '\r')
            codedb_buffer_append_byte(&view->scratch, slice.text[i]);
        else if (i + 1 == slice.length || slice.text[i + 1] != '\n')
            codedb_buffer_append_byte(&view->scratch, '\n');
    return codedb_view_scratch(view);
}

/* ---- Node ids ----------------------------------------------------------------------------------------------------- */

static bool view_has_paths(const codedb_node_view *view)
{
    const codedb_naming *naming = &view->naming;
    return naming->identities == NULL && naming->kept == NULL && naming->hash == NULL && !naming->in_text;
}

/* Most files' nodes are never named, so that what names are made of is read and computed with the first one. */
static void view_begin_names(codedb_node_view *view)
{
    codedb_naming *naming = &view->naming;
    char hash[CODEDB_SHA256_HEX_SIZE];
    if (naming->kept != NULL) {
        view->failed = !codedb_identities_read(view->allocator, naming->kept, &view->own_identities) || view->failed;
        naming->identities = view->own_identities;
        naming->kept = NULL;
    }
    if (naming->in_text && view->tag[0] == '\0') {
        codedb_sha256_hex(view->tree->source, view->tree->length, hash);
        memcpy(view->tag, hash, sizeof view->tag - 1);
    }
}

CODEDB_PRIVATE bool codedb_view_append_kept_id(codedb_node_view *view, uint32_t stored)
{
    const codedb_naming *naming = &view->naming;
    if (view_has_paths(view))
        return false;
    view_begin_names(view);
    if (naming->identities != NULL) {
        codedb_identities_append(naming->identities, stored, &view->scratch);
        return true;
    }
    if (naming->in_text)
        codedb_buffer_append_text(&view->scratch, view->tag);
    else if (naming->hash != NULL)
        codedb_buffer_append(&view->scratch, naming->hash, strnlen(naming->hash, CODEDB_IDENTITY_TAG_SIZE - 1));
    codedb_buffer_append_byte(&view->scratch, naming->in_text ? ':' : '.');
    codedb_buffer_append_integer(&view->scratch, stored);
    return true;
}

/* The id that is kept for the nearest stored node, and the numbers of white space and punctuation below it: "3f2a9c01d4e5.17.w0". */
static void view_kept_id(codedb_node_view *view, uint32_t node, const uint32_t *parents, const uint32_t *numbers)
{
    uint32_t stored = codedb_view_stored(view, node);
    if (stored != UINT32_MAX) {
        codedb_view_append_kept_id(view, stored);
        return;
    }
    view_kept_id(view, parents[node], parents, numbers);
    codedb_buffer_append_text(&view->scratch, ".w");
    codedb_buffer_append_integer(&view->scratch, numbers[node]);
}

/* "0", "0.3.1": child numbers from the Module down; white space and punctuation have a number of their own, "0.3.w0". */
CODEDB_PRIVATE void codedb_view_node_id(codedb_node_view *view, uint32_t node)
{
    const uint32_t *parents = codedb_view_parents(view);
    const uint32_t *numbers = view_numbers(view);
    const uint32_t *depths = view_depths(view);
    uint32_t *path;
    uint32_t depth;
    uint32_t i;
    view->scratch.length = 0;
    if (parents == NULL || numbers == NULL || depths == NULL)
        return;
    if (!view_has_paths(view)) {
        view_kept_id(view, node, parents, numbers);
        return;
    }
    depth = depths[node];
    codedb_buffer_append_byte(&view->scratch, '0');
    path = codedb_memory_allocate(view->allocator, depth, sizeof *path);
    if (path == NULL) {
        view->failed = true;
        return;
    }
    for (i = depth; i > 0; i--, node = parents[node])
        path[i - 1] = node;
    for (i = 0; i < depth; i++) {
        codedb_buffer_append_text(&view->scratch, codedb_view_stored(view, path[i]) == UINT32_MAX ? ".w" : ".");
        codedb_buffer_append_integer(&view->scratch, numbers[path[i]]);
    }
    codedb_memory_release(view->allocator, path);
}

/* ---- Comparing ---------------------------------------------------------------------------------------------------- */

static unsigned char view_fold(unsigned char byte, bool ignore_case)
{
    return (unsigned char)(ignore_case && byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

static bool view_equals(const char *left, const char *right, size_t length, bool ignore_case)
{
    size_t i;
    if (!ignore_case)
        return memcmp(left, right, length) == 0;
    for (i = 0; i < length; i++)
        if (view_fold((unsigned char)left[i], true) != view_fold((unsigned char)right[i], true))
            return false;
    return true;
}

/* The first place of the test's operand in a text, ignoring case, or NULL: by a hash of as much text as the operand is long, which
 * moves through the text. */
static const char *view_find_folded(const codedb_attribute_test *test, const char *text, size_t length)
{
    const uint64_t base = 0x100000001B3;
    uint64_t wanted = 0, found = 0, power = 1;
    size_t size = test->value_length, i;
    if (length < size)
        return NULL;
    for (i = 0; i < size; i++) {
        wanted = wanted * base + view_fold((unsigned char)test->value[i], true);
        found = found * base + view_fold((unsigned char)text[i], true);
        power *= base;
    }
    for (i = 0;; i++) {
        if (found == wanted && view_equals(text + i, test->value, size, true))
            return text + i;
        if (i + size >= length)
            return NULL;
        found = found * base + view_fold((unsigned char)text[i + size], true) - power * view_fold((unsigned char)text[i], true);
    }
}

/* The first place of the test's operand in a text, or NULL. */
static const char *view_find(const codedb_attribute_test *test, const char *text, size_t length)
{
    return test->ignore_case ? view_find_folded(test, text, length) : memmem(text, length, test->value, test->value_length);
}

/* Does a slice of the source contain the operand? Nodes nest, and their texts with them: the operand is looked for in the whole
 * source, from where it was looked for last, so that no byte is searched again for each node around it. */
static bool view_source_contains(codedb_node_view *view, const codedb_attribute_test *test, codedb_slice slice)
{
    const char *end = view->tree->source + view->tree->length;
    bool again = view->sought == test && slice.text < view->sought_from; /* a node that starts before the one in front of it */
    if (view->sought != test || again || slice.text > view->sought_at) {
        size_t overlap = again ? (size_t)(view->sought_from - slice.text) + test->value_length - 1 : (size_t)(end - slice.text);
        size_t room = (size_t)(end - slice.text);
        const char *at = view_find(test, slice.text, overlap < room ? overlap : room);
        if (at != NULL || !again)
            view->sought_at = at == NULL ? end : at;
        view->sought = test;
        view->sought_from = slice.text;
    }
    return (size_t)(view->sought_at - slice.text) + test->value_length <= slice.length;
}

/* An integer as Python's int() reads it, taken apart: no leading zeros among its digits, underscores left in. */
typedef struct view_integer {
    int sign; /* 0 for zero */
    const char *digits;
    size_t length;      /* with underscores */
    size_t digit_count; /* without */
} view_integer;

static bool view_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
}

static bool view_parse_integer(const char *text, size_t length, view_integer *integer)
{
    size_t i;
    integer->sign = 1;
    while (length > 0 && view_is_space(text[length - 1]))
        length--;
    while (length > 0 && view_is_space(*text)) {
        text++;
        length--;
    }
    if (length > 0 && (*text == '+' || *text == '-')) {
        integer->sign = *text == '-' ? -1 : 1;
        text++;
        length--;
    }
    integer->digit_count = 0;
    for (i = 0; i < length; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (!digit && (text[i] != '_' || i == 0 || i + 1 == length || text[i - 1] == '_'))
            return false;
        integer->digit_count += digit;
    }
    if (length == 0)
        return false;
    while (length > 0 && (*text == '0' || *text == '_')) {
        integer->digit_count -= *text == '0';
        text++;
        length--;
    }
    integer->digits = text;
    integer->length = length;
    if (length == 0)
        integer->sign = 0;
    return true;
}

static int view_compare_digits(const view_integer *left, const view_integer *right)
{
    size_t i = 0;
    size_t j = 0;
    if (left->digit_count != right->digit_count)
        return left->digit_count < right->digit_count ? -1 : 1;
    for (;;) {
        while (i < left->length && left->digits[i] == '_')
            i++;
        while (j < right->length && right->digits[j] == '_')
            j++;
        if (i == left->length)
            return 0;
        if (left->digits[i] != right->digits[j])
            return left->digits[i] < right->digits[j] ? -1 : 1;
        i++;
        j++;
    }
}

CODEDB_PRIVATE int codedb_integer_compare(const char *left, size_t left_length, const char *right, size_t right_length)
{
    view_integer a;
    view_integer b;
    if (!view_parse_integer(left, left_length, &a) || !view_parse_integer(right, right_length, &b))
        return 2;
    if (a.sign != b.sign)
        return a.sign < b.sign ? -1 : 1;
    return a.sign * view_compare_digits(&a, &b);
}

CODEDB_PRIVATE bool codedb_attribute_compare(const codedb_attribute_test *test, const char *value, size_t length,
                                             uint32_t *scratch, codedb_regex_clock *clock)
{
    size_t operand = test->value_length;
    int order;
    if (test->regex != NULL)
        return codedb_regex_search(test->regex, value, length, scratch, clock) == (test->relation == CODEDB_OPERATOR_EQUAL);
    switch ((codedb_operator)test->relation) {
    case CODEDB_OPERATOR_EXISTS: return true;
    case CODEDB_OPERATOR_EQUAL: return length == operand && view_equals(value, test->value, length, test->ignore_case);
    case CODEDB_OPERATOR_NOT_EQUAL: return length != operand || !view_equals(value, test->value, length, test->ignore_case);
    case CODEDB_OPERATOR_CONTAINS: return view_find(test, value, length) != NULL;
    case CODEDB_OPERATOR_STARTS: return length >= operand && view_equals(value, test->value, operand, test->ignore_case);
    case CODEDB_OPERATOR_ENDS:
        return length >= operand && view_equals(value + length - operand, test->value, operand, test->ignore_case);
    default: break;
    }
    order = codedb_integer_compare(value, length, test->value, operand);
    if (order == 2)
        return false;
    switch ((codedb_operator)test->relation) {
    case CODEDB_OPERATOR_LESS: return order < 0;
    case CODEDB_OPERATOR_LESS_EQUAL: return order <= 0;
    case CODEDB_OPERATOR_GREATER: return order > 0;
    default: return order >= 0;
    }
}

/* ---- Attributes --------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE const char *codedb_view_type(const codedb_node_view *view, uint32_t node)
{
    return view->vocabulary->kinds[codedb_view_kind(view, node)].name;
}

CODEDB_PRIVATE const char *codedb_view_name(const codedb_node_view *view, uint32_t node, size_t *length)
{
    return view->source->name(view, node, length);
}

CODEDB_PRIVATE bool codedb_view_qualname(codedb_node_view *view, uint32_t node)
{
    return view->source->qualname(view, node);
}

CODEDB_PRIVATE codedb_place codedb_view_start(codedb_node_view *view, uint32_t node)
{
    return view->source->start(view, node);
}

CODEDB_PRIVATE codedb_place codedb_view_end_place(codedb_node_view *view, uint32_t node)
{
    return view->source->end(view, node);
}

static codedb_slice view_name(const codedb_node_view *view, uint32_t node)
{
    codedb_slice slice = {NULL, 0};
    slice.text = codedb_view_name(view, node, &slice.length);
    return slice;
}

static codedb_slice view_text(const char *text)
{
    codedb_slice slice = {text, strlen(text)};
    return slice;
}

static codedb_slice view_place(codedb_node_view *view, codedb_place place, bool column)
{
    return place.line == 0 ? codedb_slice_none() : codedb_view_number(view, column ? place.column : place.line);
}

static codedb_slice view_depth(codedb_node_view *view, uint32_t node)
{
    const uint32_t *depths = view_depths(view);
    return depths == NULL ? codedb_slice_none() : codedb_view_number(view, depths[node]);
}

static codedb_slice view_count_lines(codedb_node_view *view, uint32_t node)
{
    codedb_place start = codedb_view_start(view, node);
    codedb_place end = codedb_view_end_place(view, node);
    if (start.line == 0 || end.line == 0)
        return codedb_slice_none();
    return codedb_view_number(view, end.line - start.line + (end.column > 0 || end.line == start.line ? 1 : 0));
}

CODEDB_PRIVATE codedb_slice codedb_attribute_value(codedb_node_view *view, uint32_t node, codedb_attribute attribute)
{
    switch (attribute) {
    case CODEDB_ATTRIBUTE_type: return view_text(codedb_view_type(view, node));
    case CODEDB_ATTRIBUTE_kind: return view_text(codedb_kind_word(view->vocabulary, codedb_view_kind_of(view, node)));
    case CODEDB_ATTRIBUTE_name: return view_name(view, node);
    case CODEDB_ATTRIBUTE_qualname: return codedb_view_qualname(view, node) ? codedb_view_scratch(view) : codedb_slice_none();
    case CODEDB_ATTRIBUTE_start_line: return view_place(view, codedb_view_start(view, node), false);
    case CODEDB_ATTRIBUTE_end_line: return view_place(view, codedb_view_end_place(view, node), false);
    case CODEDB_ATTRIBUTE_start_col: return view_place(view, codedb_view_start(view, node), true);
    case CODEDB_ATTRIBUTE_end_col: return view_place(view, codedb_view_end_place(view, node), true);
    case CODEDB_ATTRIBUTE_depth: return view_depth(view, node);
    case CODEDB_ATTRIBUTE_line_count: return view_count_lines(view, node);
    case CODEDB_ATTRIBUTE_path: return view->path == NULL ? view->source->value(view, node, attribute) : view_text(view->path);
    case CODEDB_ATTRIBUTE_node_id: codedb_view_node_id(view, node); return codedb_view_scratch(view);
    default: return view->source->value(view, node, attribute);
    }
}

/* Room for the test's regular expression, if it has one; false without memory. */
static bool view_make_scratch(codedb_node_view *view, const codedb_attribute_test *test)
{
    size_t size = test->regex == NULL ? 0 : codedb_regex_scratch_size(test->regex);
    if (size <= view->regex_scratch_size)
        return true;
    view->regex_scratch = codedb_view_allocate(view, size, sizeof *view->regex_scratch);
    view->regex_scratch_size = view->regex_scratch == NULL ? 0 : size;
    return view->regex_scratch != NULL;
}

CODEDB_PRIVATE bool codedb_view_compare(codedb_node_view *view, const codedb_attribute_test *test, codedb_slice slice)
{
    const codedb_tree *tree = view->tree;
    if (test->relation == CODEDB_OPERATOR_CONTAINS && test->value_length > 0 && tree != NULL && slice.text >= tree->source &&
        slice.text + slice.length <= tree->source + tree->length)
        return view_source_contains(view, test, slice);
    view->compared += slice.length;
    return codedb_attribute_compare(test, slice.text, slice.length, view->regex_scratch, &view->regex_clock);
}

CODEDB_PRIVATE bool codedb_attribute_holds(codedb_node_view *view, uint32_t node, const codedb_attribute_test *test)
{
    codedb_slice slice;
    if (!view_make_scratch(view, test))
        return false;
    if (test->attribute == CODEDB_ATTRIBUTE_FIELD_PATH)
        return view->source->path_holds(view, node, test);
    slice = codedb_attribute_value(view, node, (codedb_attribute)test->attribute);
    return slice.text != NULL && codedb_view_compare(view, test, slice);
}
