/* test_tree.c -- accuses codedb_tree.c, codedb_expand.c and codedb_scope.c: the tree as LibCST has it.
 *
 * tests/corpus holds sources (CASE.py) and what LibCST says of them (CASE.dump); no LibCST is needed to run this. */
#include "support.h"

#include "codedb_tree.h"

#include <glob.h>

/* ---- Sources and dumps -------------------------------------------------------------------------------------------- */

typedef struct text {
    char *bytes;
    size_t length;
} text;

static text text_copy(const char *bytes, size_t length)
{
    text copy = {malloc(length + 1), length};

    assert_non_null(copy.bytes);
    memcpy(copy.bytes, bytes, length);
    copy.bytes[length] = '\0';
    return copy;
}

static text text_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    text content = {NULL, 0};
    long length;

    if (file == NULL)
        fail_msg("%s cannot be opened: the tests run in the folder above tests/", path);
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    rewind(file);
    content = text_copy("", 0);
    content.bytes = realloc(content.bytes, (size_t)length + 1);
    assert_non_null(content.bytes);
    content.length = fread(content.bytes, 1, (size_t)length, file);
    content.bytes[content.length] = '\0';
    fclose(file);
    return content;
}

/* Every line break of `source` as `line_break`. */
static text text_with_breaks(text source, const char *line_break)
{
    text out = {malloc(source.length * 2 + 1), 0};
    size_t i;

    assert_non_null(out.bytes);
    for (i = 0; i < source.length; i++) {
        bool is_break = source.bytes[i] == '\n' || source.bytes[i] == '\r';

        if (source.bytes[i] == '\r' && i + 1 < source.length && source.bytes[i + 1] == '\n')
            i++;
        if (is_break)
            out.length += (size_t)sprintf(out.bytes + out.length, "%s", line_break);
        else
            out.bytes[out.length++] = source.bytes[i];
    }
    out.bytes[out.length] = '\0';
    return out;
}

static codedb_tree *parse(const char *source, size_t length)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree = NULL;

    options.target_version = 315;
    if (codedb_tree_parse(source, length, &options, &tree, &result) != CODEDB_SUCCESS)
        fail_msg("%s, in: %.200s", result.description, source);
    codedb_result_clear(&result);
    return tree;
}

static codedb_tree *parse_text(const char *source)
{
    return parse(source, strlen(source));
}

static int append_piece(void *context, const char *bytes, size_t length)
{
    text *to = context;

    to->bytes = realloc(to->bytes, to->length + length + 1);
    assert_non_null(to->bytes);
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
    to->bytes[to->length] = '\0';
    return 0;
}

static text dump(const codedb_tree *tree, codedb_dump_format format)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    text out = text_copy("", 0);

    assert_success(codedb_tree_dump(tree, format, append_piece, &out, &result), result);
    codedb_result_clear(&result);
    return out;
}

/* Shows the first line that differs. */
static void check_dump(const char *name, const char *form, text found, text expected)
{
    size_t i = 0;
    size_t line_start = 0;

    if (found.length == expected.length && memcmp(found.bytes, expected.bytes, found.length) == 0)
        return;
    for (; i < found.length && i < expected.length && found.bytes[i] == expected.bytes[i]; i++)
        if (found.bytes[i] == '\n')
            line_start = i + 1;
    fail_msg("%s with %s: found\n%.*s\nexpected\n%.*s", name, form, (int)strcspn(found.bytes + line_start, "\n"),
             found.bytes + line_start, (int)strcspn(expected.bytes + line_start, "\n"), expected.bytes + line_start);
}

static void check_source(const char *source, const char *expected)
{
    codedb_tree *tree = parse_text(source);
    text found = dump(tree, CODEDB_DUMP_CST);
    text wanted = text_copy(expected, strlen(expected));

    check_dump(source, "its own line breaks", found, wanted);
    free(found.bytes);
    free(wanted.bytes);
    codedb_tree_free(tree);
}

/* Calls `check` for each case of the corpus. */
static void each_case(void (*check)(const char *path, text source))
{
    glob_t paths;
    size_t i;

    assert_int_equal(glob("tests/corpus/*.py", 0, NULL, &paths), 0);
    assert_true(paths.gl_pathc > 50);
    for (i = 0; i < paths.gl_pathc; i++) {
        text source = text_read(paths.gl_pathv[i]);

        check(paths.gl_pathv[i], source);
        free(source.bytes);
    }
    globfree(&paths);
}

/* Puts the character in place of the symbol for it, three bytes, wherever it stands in the line. */
static void put_character(char *line, const char *symbol, char character)
{
    char *at;

    while ((at = strstr(line, symbol)) != NULL) {
        *at = character;
        memmove(at + 1, at + 3, strlen(at + 3) + 1);
    }
}

/* Calls `check` for each source of a list: one a line, U+23CE for a line feed, U+240D for a carriage return, comments begin with "#!". */
static void each_listed(const char *path, void (*check)(const char *source))
{
    text list = text_read(path);
    char *line = strtok(list.bytes, "\n");
    size_t count = 0;

    for (; line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "#!", 2) == 0)
            continue;
        put_character(line, "\xE2\x8F\x8E", '\n');
        put_character(line, "\xE2\x90\x8D", '\r');
        check(line);
        count++;
    }
    assert_true(count > 10);
    free(list.bytes);
}

/* ---- The corpus --------------------------------------------------------------------------------------------------- */

static void check_case(const char *path, text source)
{
    static const char *const breaks[][2] = {{"\n", "LF"}, {"\r\n", "CRLF"}, {"\r", "CR"}};
    char dump_path[256];
    text expected;
    size_t i;

    snprintf(dump_path, sizeof dump_path, "%.*s.dump", (int)(strlen(path) - 3), path);
    expected = text_read(dump_path);
    for (i = 0; i < 4; i++) {
        text form = i < 3 ? text_with_breaks(source, breaks[i][0]) : text_copy(source.bytes, source.length);
        codedb_tree *tree = parse(form.bytes, form.length);
        text found = dump(tree, CODEDB_DUMP_CST);

        check_dump(path, i < 3 ? breaks[i][1] : "its own line breaks", found, expected);
        codedb_tree_free(tree);
        free(found.bytes);
        free(form.bytes);
    }
    free(expected.bytes);
}

static void dumps_are_libcsts_with_every_kind_of_line_break(void **state)
{
    (void)state;
    each_case(check_case);
}

static bool seen_kinds[CODEDB_NODE_KIND_COUNT];

static void note_kinds(const char *path, text source)
{
    codedb_tree *tree = parse(source.bytes, source.length);
    codedb_full_tree full;
    uint32_t i;

    (void)path;
    assert_int_equal(codedb_tree_expand(tree, &full, NULL), CODEDB_SUCCESS);
    for (i = 0; i < full.count; i++)
        seen_kinds[full.nodes[i].kind] = true;
    codedb_full_tree_free(tree, &full);
    codedb_tree_free(tree);
}

static void the_corpus_has_every_class(void **state)
{
    int kind;

    (void)state;
    each_case(note_kinds);
    for (kind = 0; kind < CODEDB_NODE_KIND_COUNT; kind++)
        if (!seen_kinds[kind])
            fail_msg("no case of tests/corpus has a %s", codedb_node_kind_name((codedb_node_kind)kind));
}

/* ---- Invariants of any tree --------------------------------------------------------------------------------------- */

/* Marks the bytes of a leaf; none may be marked before. */
static void mark_bytes(unsigned char *owner, uint32_t start, uint32_t end, const char *what, const char *source)
{
    for (; start < end; start++) {
        if (owner[start] != 0)
            fail_msg("byte %u of %.100s is in two leaves, one of them a %s", start, source, what);
        owner[start] = 1;
    }
}

static void mark_tokens(const codedb_tree *tree, unsigned char *owner)
{
    uint32_t i;

    for (i = 0; i < tree->token_count; i++) {
        if (tree->tokens[i].kind != CODEDB_TOKEN_NEWLINE)
            mark_bytes(owner, tree->tokens[i].start, codedb_token_end(tree, i), codedb_token_kind_text(tree->tokens[i].kind),
                       tree->source);
    }
}

/* Bytes of no leaf and no token are the indentation of lines (continued lines included), and blanks behind a conversion. */
static bool may_be_nobodys(const char *source, uint32_t offset)
{
    while (offset > 0 && strchr(" \t\f\\\r\n", source[offset - 1]) != NULL && source[offset - 1] != '\0') {
        offset--;
        if (source[offset] == '\n' || source[offset] == '\r')
            return true;
    }
    return offset == 0 || source[offset - 1] == '!' || (offset > 1 && source[offset - 2] == '!');
}

static void check_bytes(const codedb_tree *tree, const codedb_full_tree *full)
{
    unsigned char *owner = calloc(1, tree->length + 1);
    uint32_t i;

    assert_non_null(owner);
    mark_tokens(tree, owner);
    for (i = 0; i < full->count; i++) {
        const codedb_full_node *node = &full->nodes[i];

        if (node->subtree_end == i + 1 && codedb_node_kind_category(node->kind) == CODEDB_CATEGORY_WHITESPACE)
            mark_bytes(owner, node->start, node->end, codedb_node_kind_name(node->kind), tree->source);
    }
    for (i = tree->text_start; i < tree->length; i++)
        if (owner[i] == 0 && (strchr(" \t\f\\\r\n", tree->source[i]) == NULL || !may_be_nobodys(tree->source, i)))
            fail_msg("byte %u ('%c') of %.200s is in no leaf", i, tree->source[i], tree->source);
    free(owner);
}

static void check_nesting(const codedb_tree *tree, const codedb_full_tree *full)
{
    uint32_t i;

    for (i = 0; i < full->count; i++) {
        const codedb_full_node *node = &full->nodes[i];

        assert_true(node->start <= node->end && node->end <= tree->length);
        assert_true(node->subtree_end > i && node->subtree_end <= full->count);
        if (i > 0) {
            assert_true(node->parent < i);
            assert_true(node->subtree_end <= full->nodes[node->parent].subtree_end);
        }
    }
}

static void check_positions(const codedb_tree *tree, const codedb_full_tree *full)
{
    uint32_t i;
    uint32_t stored = 0;

    for (i = 0; i < full->count; i++) {
        const codedb_full_node *node = &full->nodes[i];
        uint32_t start;
        uint32_t end;

        if (node->syntax == UINT32_MAX)
            continue;
        assert_int_equal(node->syntax, stored);
        stored++;
        codedb_tree_position(tree, node->syntax, &start, &end);
        if (start != node->start || end != node->end)
            fail_msg("%s at %u-%u, its stored position is %u-%u, in %.200s", codedb_node_kind_name(node->kind), node->start,
                     node->end, start, end, tree->source);
    }
    assert_int_equal(stored, tree->node_count);
}

static void check_parents(const codedb_tree *tree, const codedb_full_tree *full)
{
    uint32_t *parents = calloc(tree->node_count, sizeof *parents);
    uint32_t i;

    assert_non_null(parents);
    codedb_tree_parents(tree, parents);
    for (i = 0; i < full->count; i++) {
        const codedb_full_node *node = &full->nodes[i];

        if (node->syntax != UINT32_MAX && i > 0)
            assert_int_equal(parents[node->syntax], full->nodes[node->parent].syntax);
    }
    assert_int_equal(parents[0], UINT32_MAX);
    free(parents);
}

static void check_invariants(const char *source, size_t length)
{
    codedb_tree *tree = parse(source, length);
    codedb_full_tree full;

    assert_int_equal(codedb_tree_expand(tree, &full, NULL), CODEDB_SUCCESS);
    check_nesting(tree, &full);
    check_bytes(tree, &full);
    check_positions(tree, &full);
    check_parents(tree, &full);
    codedb_full_tree_free(tree, &full);
    codedb_tree_free(tree);
}

static void check_case_invariants(const char *path, text source)
{
    (void)path;
    check_invariants(source.bytes, source.length);
}

static void check_listed_invariants(const char *source)
{
    check_invariants(source, strlen(source));
}

static void every_byte_is_in_one_leaf_and_stored_positions_are_the_expanded_ones(void **state)
{
    (void)state;
    each_case(check_case_invariants);
    each_listed("tests/corpus/accepted.txt", check_listed_invariants);
}

/* Parses the source for a version, and checks what a list says of that: "-", that it is accepted, LINE:COLUMN or "?", that it is refused. */
static void check_listed_place(const char *source, const char *place, int version)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree = NULL;
    unsigned line = 0, column = 0;
    codedb_code expected = place[0] == '-' ? CODEDB_SUCCESS : CODEDB_PARSE_ERROR, code;

    options.target_version = version;
    code = codedb_tree_parse(source, strlen(source), &options, &tree, &result);
    if (code != expected)
        fail_msg("%s for %d: %s, expected %s", source, version, codedb_code_name(code), codedb_code_name(expected));
    if (sscanf(place, "%u:%u", &line, &column) == 2 && (result.line != line || result.column != column))
        fail_msg("%s for %d: %u:%u %s, expected %u:%u", source, version, (unsigned)result.line, (unsigned)result.column,
                 result.description, line, column);
    codedb_tree_free(tree);
    codedb_result_clear(&result);
}

/* The places for the versions from 3.6 on, and the source. */
static void check_listed_places(const char *listed)
{
    char places[8][16];
    int length = 0, version;

    assert_int_equal(sscanf(listed, "%15s %15s %15s %15s %15s %15s %15s %15s%n", places[0], places[1], places[2], places[3],
                            places[4], places[5], places[6], places[7], &length),
                     8);
    for (version = 306; version <= 313; version++)
        if (places[version - 306][0] != '?')
            check_listed_place(listed + length + 1, places[version - 306], version);
}

static void errors_are_where_the_target_version_reports_them(void **state)
{
    (void)state;
    each_listed("tests/corpus/places.txt", check_listed_places);
}

/* LINE:COLUMN and a source, which every version refuses; the place is 3.13's. */
static void check_refused(const char *listed)
{
    static const int versions[] = {0, 313};
    unsigned line, column;
    const char *source = strchr(listed, ' ');
    size_t i;

    assert_int_equal(sscanf(listed, "%u:%u", &line, &column), 2);
    assert_non_null(source++);
    for (i = 0; i < 2; i++) {
        codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_tree *tree = NULL;

        options.target_version = versions[i];
        if (codedb_tree_parse(source, strlen(source), &options, &tree, &result) != CODEDB_PARSE_ERROR)
            fail_msg("%s: %s, expected PARSE_ERROR", source, codedb_code_name(result.code));
        assert_null(tree);
        if (options.target_version != 0 && (result.line != line || result.column != column))
            fail_msg("%s: %u:%u %s", listed, (unsigned)result.line, (unsigned)result.column, result.description);
        assert_true(result.line >= 1);
        assert_true(result.offset <= strlen(source));
        assert_true(result.offset + result.length <= strlen(source));
        assert_int_not_equal(result.description[0], '\0');
        codedb_result_clear(&result);
    }
}

static void what_is_not_python_is_refused_with_a_place(void **state)
{
    (void)state;
    each_listed("tests/corpus/rejected.txt", check_refused);
}

/* The places are those of CPython 3.13. */
static void of_several_errors_the_one_is_told_that_cpython_tells(void **state)
{
    static const struct {
        const char *source;
        unsigned line, column;
        const char *message;
    } rows[] = {
        {"(a b\n", 1, 0, "'(' was never closed"},
        {"(a\nb c\n", 1, 0, "'(' was never closed"},
        {"foo(a b\nx\n", 1, 3, "'(' was never closed"},
        {"foo(a b.c(\n1)[2]\nx\n", 1, 3, "'(' was never closed"},
        {"x = (1 2", 1, 4, "'(' was never closed"},
        {"x[key=", 1, 1, "'[' was never closed"},
        {"(a b c\n", 1, 1, "expected ','"},
        {"f(a, in\nx", 1, 5, "'in'"},
        {"unittest main()\nb(a", 1, 9, "expected newline"},
        {"x.(\ny", 1, 2, "expected a name"},
        {"x = 1\n   (0, 0))\n", 2, 2, "indent"},
        {"f(a await)", 1, 4, "expected ')'"},
        {"f(a, b lambda)", 1, 7, "expected ')'"},
        {"f(a lambda: b)", 1, 2, "expected ','"},
        {"[a ~, b]", 1, 3, "expected ']'"},
        {"f(a f\"{b c}\")", 1, 4, "expected ')'"},
        {"f(a ~", 1, 1, "'(' was never closed"},
        {"f(a await\nb", 1, 1, "'(' was never closed"},
        {"f(a lambda\nb", 1, 1, "'(' was never closed"},
        {"x = {a: b lambda\nd", 1, 4, "'{' was never closed"},
        {"(lambda: a b)", 1, 9, "expected ','"},
        {"(a if b else x d)", 1, 13, "expected ','"},
        {"f(t sub=x)", 1, 4, "expected ')'"},
        {"a[b:x d]", 1, 4, "expected ','"},
        {"f(a for b in c d)", 1, 15, "expected ')'"},
        {"f(a.b :=)", 1, 6, "found ':='"},
        {"if a = :\n  b", 1, 5, "expected '=='"},
        {"match a\n case b: c", 1, 7, "expected ':'"},
        {"match a, b c:\n case d: e", 1, 11, "expected ':'"},
        {"match a b", 1, 8, "expected ':'"},
        {"match a: b", 1, 9, "expected newline"},
        {"match not a", 1, 11, "expected ':'"},
        {"match (yield a)", 1, 15, "expected ':'"},
        {"match a:\nb", 2, 0, "expected an indented block after 'match'"},
        {"match:\n case a: b", 1, 6, "expected an expression"},
        {"match (a): b", 1, 0, "annotat"},
        {"match(a).b c", 1, 11, "expected ':'"},
        {"match = a b", 1, 10, "expected newline"},
        {"match a:\n case B(c, _=d): e", 2, 12, "expected ')'"},
        {"with (a as b: c", 1, 12, "expected ')'"},
        {"with (a as b, c as d) e: f", 1, 22, "expected ':'"},
        {"with (a as b c): d", 1, 11, "expected ','"},
        {"with (a b): c", 1, 6, "expected ','"},
        {"f(a): return b", 1, 4, "expected newline, found ':'"},
        {"f(a): b", 1, 0, "cannot annotate a function call"},
        {"None: pass", 1, 4, "expected newline, found ':'"},
        {"a: pass", 1, 3, "found 'pass'"},
        {"with (a as b:\n c", 1, 12, "expected ')'"},
        {"with (a as b\n c", 1, 5, "'(' was never closed"},
        {"match x, (y", 1, 9, "'(' was never closed"},
        {"match f(x:\n case 1: y", 1, 9, "expected ')'"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_tree *tree;

        options.target_version = 313;
        assert_code(codedb_tree_parse(rows[i].source, strlen(rows[i].source), &options, &tree, &result), CODEDB_PARSE_ERROR,
                    result);
        if (result.line != rows[i].line || result.column != rows[i].column)
            fail_msg("%s: %zu:%zu %s", rows[i].source, (size_t)result.line, (size_t)result.column, result.description);
        assert_contains(result.description, rows[i].message);
        codedb_result_clear(&result);
    }
}

/* ---- Where LibCST changes the source, ours is true to it ---------------------------------------------------------- */

/* The line of a node of that class in the dump of a source. */
static void check_node(const char *source, const char *expected)
{
    codedb_tree *tree = parse_text(source);
    text found = dump(tree, CODEDB_DUMP_CST);

    check_invariants(source, strlen(source));
    assert_contains(found.bytes, expected);
    free(found.bytes);
    codedb_tree_free(tree);
}

static void blanks_before_the_colon_of_a_handler_are_kept(void **state)
{
    (void)state;
    check_node("try: a\nexcept A  : b\n", "3 Name 2:7-2:8 A node -\n3 SimpleWhitespace 2:8-2:10 - node -\n"
                                          "3 SimpleStatementSuite 2:12-2:13");
    check_node("try: a\nexcept* A : b\n", "3 Name 2:8-2:9 A node -\n3 SimpleWhitespace 2:9-2:10 - node -\n");
}

static void blanks_behind_a_conversion_shift_nothing(void **state)
{
    (void)state;
    check_node("f\"{x!r }{y}\"\n", "4 FormattedStringExpression 1:2-1:8 - node -\n5 SimpleWhitespace 1:3-1:3 - node -\n"
                                   "5 Name 1:3-1:4 x node -\n5 SimpleWhitespace 1:4-1:4 - node -\n"
                                   "4 FormattedStringExpression 1:8-1:11");
    check_node("f\"{x!r :>{w}}\"\n", "5 FormattedStringText 1:8-1:9 - node -\n5 FormattedStringExpression 1:9-1:12");
}

static void a_line_break_behind_a_star_is_kept(void **state)
{
    (void)state;
    check_node("def f[*\n T](): pass\n", "4 TypeVarTuple 1:6-2:2 - node f\n5 Name 2:1-2:2 T node f\n"
                                         "5 ParenthesizedWhitespace 1:7-2:1 - node f\n");
    check_node("def f[**  # c\n T](): pass\n", "7 Comment 1:10-1:13 - node f\n");
    check_node("def f[*T = *\n a](): pass\n", "4 ParenthesizedWhitespace 1:12-2:1 - node f\n");
    check_node("match a:\n  case {**\n b}: c\n", "4 ParenthesizedWhitespace 2:10-3:1 - node -\n");
}

static void a_continued_line_before_a_statement_is_indentation(void **state)
{
    (void)state;
    check_node("if a:\n  \\\n  b\nc\n", "3 SimpleStatementLine 3:2-3:3 - stmt -\n4 Expr 3:2-3:3");
    check_node("\\\nx\n", "1 SimpleStatementLine 2:0-2:1 - stmt -\n");
}

static void other_indentation_of_the_same_width_is_nobodys(void **state)
{
    (void)state;
    check_node("x\n\fy\n", "1 SimpleStatementLine 2:1-2:2 - stmt -\n");
    check_node("if a:\n    b\n\f    c\n", "3 SimpleStatementLine 3:5-3:6 - stmt -\n");
}

static void all_lines_at_the_end_are_the_footer(void **state)
{
    (void)state;
    check_node("x\n\n \n", "1 EmptyLine 2:0-3:0 - node -\n2 SimpleWhitespace 2:0-2:0 - node -\n2 Newline 2:0-3:0 - node -\n"
                           "1 EmptyLine 3:0-4:0");
}

static void a_carriage_return_at_the_end_is_a_line_break(void **state)
{
    (void)state;
    check_node("x\r", "0 Module 1:0-2:0 - module -\n");
    check_node("x\r", "3 Newline 1:1-2:0 - node -\n");
}

static void check_place(const char *source, int version, unsigned line, unsigned column)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree = NULL;

    options.target_version = version;
    assert_int_equal(codedb_tree_parse(source, strlen(source), &options, &tree, &result), CODEDB_PARSE_ERROR);
    if (result.line != line || result.column != column || result.offset + result.length > strlen(source))
        fail_msg("%d: %s: %u:%u %s", version, source, (unsigned)result.line, (unsigned)result.column, result.description);
    codedb_result_clear(&result);
}

/* The places are those of CPython 3.8 and 3.9, which have no second look at what they refuse, and, of the last few, 3.7. */
static void older_versions_tell_of_the_first_token_that_does_not_fit(void **state)
{
    static const struct {
        const char *source;
        unsigned line, column;
    } rows[] = {
        {"(k\n", 1, 2},
        {"(k\n\n", 2, 0},
        {"x = (\n 1,\n", 2, 3},
        {"f 1)", 1, 2},
        {"x = [1,\ny = 2\n", 2, 2},
        {"foo(a, b\nx = 1\n", 2, 0},
        {"x = 'abc\ny", 1, 8},
        {"[z z]", 1, 3},
        {"{z w", 1, 3},
        {"a if b", 1, 6},
        {"(a = 1)", 1, 3},
        {"f(*a=1)", 1, 4},
        {"{a b}", 1, 3},
        {"f(a=1, g(in))", 1, 9},
        {"del - in", 1, 6},
        {"for - in x: pass", 1, 6},
    };
    static const struct {
        const char *source;
        unsigned column;
    } last_bytes[] = {{"and a", 2}, {"x = 1 ...", 8}, {"w.or", 3}, {"f 1)", 2}};
    size_t i;

    (void)state;
    for (i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++)
        check_place(rows[i / 2].source, i % 2 == 0 ? 308 : 309, rows[i / 2].line, rows[i / 2].column);
    for (i = 0; i < sizeof last_bytes / sizeof last_bytes[0]; i++)
        check_place(last_bytes[i].source, 307, 1, last_bytes[i].column);
}

/* What only the making of its tree tells came last in CPython up to 3.8; 3.9 told what it read at once; since 3.10 it looks twice. */
static void versions_tell_of_other_places(void **state)
{
    static const int versions[] = {308, 309, 310, 311, 313};
    static const struct {
        const char *source;
        unsigned columns[5];
    } rows[] = {
        {"(a, 1) = 2", {0, 4, 4, 4, 4}},
        {"with a as 1: pass", {5, 10, 10, 10, 10}},
        {"f(a=1, b) )", {10, 8, 10, 10, 10}},
        {"from a import b,", {14, 16, 16, 16, 16}},
        {"'a' b'b'", {0, 8, 8, 8, 8}},
        {"def f(a=1, b): pass", {6, 12, 11, 11, 11}},
        {"{1: 1, 2 3}", {9, 9, 7, 7, 7}},
        {"a, b c, d", {5, 9, 5, 5, 5}},
        {"a := b", {2, 6, 2, 2, 2}},
        {"f(x.y := 3)", {2, 2, 6, 6, 6}},
        {"f(a, *)", {6, 6, 2, 6, 6}},
        {"f(**a, *b)", {7, 7, 2, 7, 5}},
        {"f(a=)", {4, 4, 4, 4, 2}},
        {"def f(a) -> b(e d): pass", {16, 16, 13, 13, 14}},
        {"f() = 1 )", {8, 0, 8, 8, 8}},
        {"f\"{-}\"", {4, 4, 4, 4, 3}},
        {"f\"{-=}\"", {4, 4, 4, 4, 3}},
        {"f\"{lambda a:{b}}\"", {11, 11, 11, 11, 15}},
        {"f\"{lambda a: b}\"", {11, 11, 11, 11, 3}},
        {"f\"{lambda a=}\"", {11, 11, 11, 11, 3}},
        {"f\"{* a b}\"", {7, 7, 5, 5, 7}},
        {"f\"{* a is b}\"", {7, 3, 3, 3, 7}},
        {"f\"{a, b for c in d}\"", {8, 8, 8, 8, 8}},
        {"f\"{a for b or c}\"", {11, 9, 9, 9, 5}},
        {"f\"{-}\" a", {7, 4, 4, 4, 3}},
        {"f\"{a async b}\"", {11, 11, 11, 11, 5}},
        {"f\"{[a for b + in c]}\"", {14, 14, 12, 12, 14}},
        {"f\"{(** a)}\"", {4, 4, 4, 4, 4}},
        {"(a for b is c)", {9, 13, 9, 9, 9}},
        {"(* not a)", {3, 1, 1, 1, 1}},
        {"[* not *]", {3, 7, 3, 3, 7}},
        {"f(* a for b in)", {6, 14, 6, 6, 6}},
        {"del a or b", {6, 4, 4, 4, 4}},
        {"f(a, b for c)", {12, 12, 7, 7, 12}},
        {"[a for - b in c", {15, 7, 0, 0, 0}},
        {"match if a:\n case b: c", {10, 10, 10, 10, 10}},
        {"f(**a, b c)", {9, 9, 7, 7, 7}},
    };
    size_t i;

    (void)state;
    for (i = 0; i < 5 * sizeof rows / sizeof rows[0]; i++)
        check_place(rows[i / 5].source, versions[i % 5], 1, rows[i / 5].columns[i % 5]);
    check_place("f() = 1\nx y", 308, 2, 2);
    check_place("f() = 1\nx y", 309, 1, 0);
    check_place("f() = 1\n$", 308, 2, 0);
    check_place("f() = 1\n$", 309, 1, 0);
    check_place("1 := $", 308, 1, 2);
    check_place("yield = 1", 308, 1, 6);
    check_place("yield = 1", 309, 1, 0);
    check_place("yield += 1", 308, 1, 6);
    check_place("yield += 1", 309, 1, 6);
    check_place("f(): int", 305, 1, 3);
    check_place("(*not x) not y", 313, 1, 1);
    check_place("@a + b\ndef f(): c", 308, 1, 3);
    check_place("def f(*, **a): b c", 308, 1, 17);
    check_place("f(a, b async c)", 308, 1, 13);
    check_place("f(a, b async c)", 309, 1, 13);
    check_place("f(**a async c)", 309, 1, 12);
    check_place("f\"{*[f'{x}', +]}\"", 313, 1, 3);
    check_place("a[* b c]", 308, 1, 2);
    check_place("a[* b c]", 309, 1, 6);
}

/* CPython's limit on the decimal digits of an int is in all patched releases from 3.7 on; nothing else has one. */
static void an_integer_has_at_most_4300_digits(void **state)
{
    static const struct {
        const char *before, *behind;
        int version;
        bool is_refused;
    } rows[] = {
        {"", "", 313, false},   {"7", "", 313, true},   {"7", "", 307, true},    {"7", "", 306, false},   {"7_", "", 313, true},
        {"7", "j", 313, false}, {"7", ".", 313, false}, {"7", "e1", 313, false}, {"0x7", "", 313, false}, {"-7", " ", 308, true},
    };
    char digits[4301] = {0}, source[4400];
    size_t i;

    (void)state;
    memset(digits, '7', 4300);
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb_tree *tree = NULL;

        snprintf(source, sizeof source, "%s%s%s", rows[i].before, digits, rows[i].behind);
        options.target_version = rows[i].version;
        assert_int_equal(codedb_tree_parse(source, strlen(source), &options, &tree, &result),
                         rows[i].is_refused ? CODEDB_PARSE_ERROR : CODEDB_SUCCESS);
        if (rows[i].is_refused) {
            assert_non_null(strstr(result.description, "expected at most 4300 decimal digits in an integer, found 4301"));
            assert_int_equal(result.column, source[0] == '-');
        }
        codedb_result_clear(&result);
        codedb_tree_free(tree);
    }
}

/* Before Python 3.10 a blank continued line has a NEWLINE of its own, up to 3.7 the last line may end with a backslash. */
static void lines_of_older_versions_are_passed(void **state)
{
    static const char *const sources[] = {"\\\n\n", "x\n\\\n\ny\n", "if a:\n  b\n\\\n\nc\n", "x\\", "if a: b \\"};
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    size_t i;

    (void)state;
    options.target_version = 307;
    for (i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        codedb_tree *tree;
        codedb_full_tree full;

        assert_int_equal(codedb_tree_parse(sources[i], strlen(sources[i]), &options, &tree, NULL), CODEDB_SUCCESS);
        assert_int_equal(codedb_tree_expand(tree, &full, NULL), CODEDB_SUCCESS);
        check_nesting(tree, &full);
        check_bytes(tree, &full);
        check_positions(tree, &full);
        codedb_full_tree_free(tree, &full);
        codedb_tree_free(tree);
    }
}

static void a_missing_child_has_no_line(void **state)
{
    (void)state;
    check_source(
        "match a:\n case {}: b\n",
        "0 Module 1:0-3:0 - module -\n1 Match 1:0-2:11 - stmt -\n2 SimpleWhitespace 1:5-1:6 - node -\n"
        "2 Name 1:6-1:7 a node -\n2 SimpleWhitespace 1:7-1:7 - node -\n2 TrailingWhitespace 1:8-2:0 - node -\n"
        "3 SimpleWhitespace 1:8-1:8 - node -\n3 Newline 1:8-2:0 - node -\n2 MatchCase 2:1-2:11 - node -\n"
        "3 SimpleWhitespace 2:5-2:6 - node -\n3 MatchMapping 2:6-2:8 - node -\n4 LeftCurlyBrace 2:6-2:7 - node -\n"
        "5 SimpleWhitespace 2:7-2:7 - node -\n4 RightCurlyBrace 2:7-2:8 - node -\n5 SimpleWhitespace 2:7-2:7 - node -\n"
        "3 SimpleWhitespace 2:8-2:8 - node -\n3 SimpleWhitespace 2:8-2:8 - node -\n3 SimpleWhitespace 2:8-2:8 - node -\n"
        "3 SimpleStatementSuite 2:10-2:11 - node -\n4 SimpleWhitespace 2:9-2:10 - node -\n4 Expr 2:10-2:11 - smallstmt -\n"
        "5 Name 2:10-2:11 b node -\n4 TrailingWhitespace 2:11-3:0 - node -\n5 SimpleWhitespace 2:11-2:11 - node -\n"
        "5 Newline 2:11-3:0 - node -\n");
}

/* ---- Stored nodes ------------------------------------------------------------------------------------------------- */

/* Without white space and punctuation, the dump has exactly the lines of the other nodes. */
static void check_stored_dump(const char *path, text source)
{
    codedb_tree *tree = parse(source.bytes, source.length);
    text whole = dump(tree, CODEDB_DUMP_CST);
    text stored = dump(tree, CODEDB_DUMP_CST_NO_WHITESPACE);
    text expected = text_copy("", 0);
    char *line = strtok(whole.bytes, "\n");

    for (; line != NULL; line = strtok(NULL, "\n")) {
        const char *type = strchr(line, ' ') + 1;
        size_t length = strcspn(type, " ");
        int kind = 0;
        codedb_node_category category;

        while (strlen(codedb_node_kind_name((codedb_node_kind)kind)) != length ||
               memcmp(codedb_node_kind_name((codedb_node_kind)kind), type, length) != 0)
            kind++;
        category = codedb_node_kind_category((codedb_node_kind)kind);
        if (category != CODEDB_CATEGORY_WHITESPACE && category != CODEDB_CATEGORY_PUNCTUATION) {
            append_piece(&expected, line, strlen(line));
            append_piece(&expected, "\n", 1);
        }
    }
    check_dump(path, "stored nodes", stored, expected);
    free(whole.bytes);
    free(stored.bytes);
    free(expected.bytes);
    codedb_tree_free(tree);
}

static void stored_nodes_are_the_significant_ones(void **state)
{
    (void)state;
    each_case(check_stored_dump);
}

static void kinds_and_fields_have_names(void **state)
{
    (void)state;
    assert_string_equal(codedb_node_kind_name(CODEDB_NODE_MODULE), "Module");
    assert_string_equal(codedb_node_kind_name(CODEDB_NODE_MATCH_OR_ELEMENT), "MatchOrElement");
    assert_string_equal(codedb_node_kind_name(CODEDB_NODE_KIND_COUNT), "");
    assert_int_equal(codedb_node_kind_category(CODEDB_NODE_COMMA), CODEDB_CATEGORY_PUNCTUATION);
    assert_int_equal(codedb_node_kind_category(CODEDB_NODE_TRY), CODEDB_CATEGORY_COMPOUND_STATEMENT);
    assert_int_equal(codedb_node_kind_category(CODEDB_NODE_KIND_COUNT), CODEDB_CATEGORY_OTHER);
    assert_string_equal(codedb_field_name(CODEDB_FIELD_NONE), "");
    assert_string_equal(codedb_field_name(CODEDB_FIELD_whitespace_after_type_parameters), "whitespace_after_type_parameters");
    assert_string_equal(codedb_field_name(CODEDB_FIELD_COUNT), "");
}

static void children_are_found_by_role(void **state)
{
    codedb_tree *tree = parse_text("if a:\n  b\nelse:\n  c\n");
    uint32_t statement = codedb_tree_child(tree, 0, CODEDB_FIELD_body);
    uint32_t clause = codedb_tree_child(tree, statement, CODEDB_FIELD_orelse);
    size_t length;

    (void)state;
    assert_int_equal(tree->nodes[statement].kind, CODEDB_NODE_IF);
    assert_int_equal(tree->nodes[clause].kind, CODEDB_NODE_ELSE);
    assert_int_equal(codedb_tree_child(tree, clause, CODEDB_FIELD_orelse), UINT32_MAX);
    assert_memory_equal(codedb_tree_name(tree, codedb_tree_child(tree, statement, CODEDB_FIELD_test), &length), "a", 1);
    assert_int_equal(length, 1);
    assert_null(codedb_tree_name(tree, statement, &length));
    assert_int_equal(length, 0);
    codedb_tree_free(tree);
}

/* ---- Places ------------------------------------------------------------------------------------------------------- */

/* Counted the plain way. */
static codedb_place plain_place(const char *source, uint32_t offset)
{
    codedb_place place = {1, 0};
    uint32_t i;

    for (i = 0; i < offset; i++) {
        if (source[i] == '\n' || (source[i] == '\r' && source[i + 1] != '\n')) {
            place.line++;
            place.column = 0;
        } else if (((unsigned char)source[i] & 0xC0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

static void check_places(const char *source)
{
    codedb_tree *tree = parse_text(source);
    codedb_place_cursor forward = {0, 0, 0};
    codedb_place_cursor anywhere = {0, 0, 0};
    unsigned seed = 1;
    uint32_t i;

    for (i = 0; i <= tree->length; i++) {
        codedb_place plain;
        codedb_place found;

        if (((unsigned char)source[i] & 0xC0) == 0x80 || (i > 0 && source[i] == '\n' && source[i - 1] == '\r'))
            continue;
        plain = plain_place(source, i);
        found = codedb_tree_place(tree, i);
        assert_int_equal(found.line, plain.line);
        assert_int_equal(found.column, plain.column);
        found = codedb_tree_place_near(tree, &forward, i);
        assert_int_equal(found.line, plain.line);
        assert_int_equal(found.column, plain.column);
        seed = seed * 1103515245u + 12345u;
        codedb_tree_place_near(tree, &anywhere, (seed >> 8) % (tree->length + 1));
        found = codedb_tree_place_near(tree, &anywhere, i);
        assert_int_equal(found.line, plain.line);
        assert_int_equal(found.column, plain.column);
    }
    codedb_tree_free(tree);
}

static void places_count_lines_and_code_points(void **state)
{
    (void)state;
    check_places("");
    check_places("a");
    check_places("a\nb\r\nc\rd\n\n\n\n\n\n\n\n\ne");
    check_places("\"\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80\"; \xC3\xA9 = a  # \xF0\x9F\x98\x80\r\n\"\xC3\xA9\" + b\n");
}

static void the_byte_order_mark_is_in_no_column(void **state)
{
    codedb_tree *tree = parse_text("\xEF\xBB\xBF\"\xC3\xA9\" + b");

    (void)state;
    assert_int_equal(codedb_tree_place(tree, 0).column, 0);
    assert_int_equal(codedb_tree_place(tree, 3).column, 0);
    assert_int_equal(codedb_tree_place(tree, 8).column, 4);
    codedb_tree_free(tree);
}

/* ---- Scopes ------------------------------------------------------------------------------------------------------- */

/* The names of each def, class, lambda and generator expression in order: "kind qualname __qualname__;". */
static void check_scopes(const char *source, const char *expected)
{
    codedb_tree *tree = parse_text(source);
    codedb_scopes *scopes = NULL;
    codedb_buffer out;
    uint32_t i;

    codedb_buffer_init(&out, &tree->allocator);
    assert_int_equal(codedb_scopes_create(tree, &scopes, NULL), CODEDB_SUCCESS);
    for (i = 0; i < tree->node_count; i++) {
        codedb_node_kind kind = (codedb_node_kind)tree->nodes[i].kind;

        if (kind != CODEDB_NODE_FUNCTION_DEF && kind != CODEDB_NODE_CLASS_DEF && kind != CODEDB_NODE_LAMBDA &&
            kind != CODEDB_NODE_GENERATOR_EXP)
            continue;
        codedb_buffer_append_text(&out, codedb_scopes_kind(scopes, i));
        codedb_buffer_append_byte(&out, ' ');
        if (!codedb_scopes_qualname(scopes, i, &out))
            codedb_buffer_append_byte(&out, '-');
        codedb_buffer_append_byte(&out, ' ');
        assert_true(codedb_scopes_full_qualname(scopes, i, &out));
        codedb_buffer_append_byte(&out, ';');
    }
    assert_string_equal(out.data, expected);
    codedb_buffer_free(&out);
    codedb_scopes_free(scopes);
    codedb_tree_free(tree);
}

static void qualnames_follow_the_original_and_python(void **state)
{
    (void)state;
    check_scopes("def f():\n  def g():\n    def h(): pass\n", "function f f;function g f.<locals>.g;"
                                                              "function f.h f.<locals>.g.<locals>.h;");
    check_scopes("class A:\n  def m(self):\n    def n(): pass\n    class B:\n      def o(self): pass\n",
                 "class A A;method A.m A.m;method A.n A.m.<locals>.n;class A.B A.m.<locals>.B;method A.B.o A.m.<locals>.B.o;");
    check_scopes("def f():\n  class A:\n    def m(self): pass\n", "function f f;class A f.<locals>.A;method A.m f.<locals>.A.m;");
}

static void lambdas_and_generators_have_names_where_they_are_evaluated(void **state)
{
    (void)state;
    check_scopes("lambda: 0\n", "node - <lambda>;");
    check_scopes("def f(a=lambda: 0): lambda: 1\n", "function f f;node f <lambda>;node f f.<locals>.<lambda>;");
    check_scopes("@d(lambda: 0)\ndef f() -> (lambda: 1): pass\n", "function f f;node f <lambda>;node f <lambda>;");
    check_scopes("class A(b(lambda: 0)): x = lambda: lambda: 1\n",
                 "class A A;node A <lambda>;node A A.<lambda>;node A A.<lambda>.<locals>.<lambda>;");
    check_scopes("((lambda: 0) for a in (lambda: 1) for b in (lambda: 2))\n",
                 "node - <genexpr>;node - <genexpr>.<lambda>;node - <lambda>;node - <genexpr>.<lambda>;");
    check_scopes("[lambda: 0 for a in b]\n", "node - <lambda>;");
    check_scopes("lambda a=lambda: 0: (b for b in a)\n", "node - <lambda>;node - <lambda>;node - <lambda>.<locals>.<genexpr>;");
}

static void a_global_definition_has_no_prefix(void **state)
{
    (void)state;
    check_scopes("def f():\n  global g, A\n  def g(): pass\n  class A: pass\n  def h():\n    def g(): pass\n",
                 "function f f;function g g;class A A;function h f.<locals>.h;function f.g f.<locals>.h.<locals>.g;");
    check_scopes("def f():\n  def h():\n    nonlocal h\n    def h(): pass\n",
                 "function f f;function h f.<locals>.h;function f.h f.<locals>.h.<locals>.h;");
}

static void other_nodes_have_the_names_around_them(void **state)
{
    codedb_tree *tree = parse_text("a\nclass A:\n  def f(b): c\n");
    codedb_scopes *scopes = NULL;
    codedb_buffer out;
    uint32_t i;

    (void)state;
    codedb_buffer_init(&out, &tree->allocator);
    assert_int_equal(codedb_scopes_create(tree, &scopes, NULL), CODEDB_SUCCESS);
    for (i = 0; i < tree->node_count; i++) {
        if (tree->nodes[i].kind != CODEDB_NODE_NAME)
            continue;
        codedb_buffer_append_byte(&out, tree->source[tree->tokens[tree->nodes[i].first].start]);
        codedb_buffer_append_byte(&out, '=');
        codedb_scopes_qualname(scopes, i, &out);
        codedb_buffer_append_byte(&out, '/');
        codedb_scopes_full_qualname(scopes, i, &out);
        codedb_buffer_append_byte(&out, ' ');
    }
    assert_string_equal(out.data, "a=/ A=A/ f=A.f/A b=A.f/A c=A.f/A.f ");
    codedb_buffer_free(&out);
    codedb_scopes_free(scopes);
    codedb_scopes_free(NULL);
    codedb_tree_free(tree);
}

/* ---- Parsing and dumping ------------------------------------------------------------------------------------------ */

static void a_parse_error_names_its_place(void **state)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_tree *tree = NULL;
    const char source[] = "\"\xC3\xA9\"\r\nx = (\xC3\xA9 $ 1)\n";

    (void)state;
    assert_code(codedb_tree_parse(source, sizeof source - 1, &options, &tree, &result), CODEDB_PARSE_ERROR, result);
    assert_null(tree);
    assert_int_equal(result.line, 2);
    assert_int_equal(result.column, 7);
    assert_int_equal(result.offset, strchr(source, '$') - source);
    options.path = "a/b.py";
    assert_code(codedb_tree_parse(source, sizeof source - 1, &options, &tree, &result), CODEDB_PARSE_ERROR, result);
    assert_contains(result.description, "a/b.py:2:8: ");
    codedb_result_clear(&result);
}

static void nonsense_is_refused(void **state)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_tree *tree = parse_text("a");
    codedb_tree *other = tree;
    text out = {NULL, 0};
    size_t length = 1;

    (void)state;
    assert_int_equal(codedb_tree_parse("a", 1, NULL, NULL, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_tree_parse(NULL, 1, NULL, &other, NULL), CODEDB_INVALID_REQUEST);
    assert_null(other);
    options.target_version = 27;
    assert_int_equal(codedb_tree_parse("a", 1, &options, &other, NULL), CODEDB_INVALID_REQUEST);
    options.target_version = 0;
    options.max_depth = -1;
    assert_int_equal(codedb_tree_parse("a", 1, &options, &other, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_tree_parse_text("a", 1, &options, &other, NULL), CODEDB_INVALID_REQUEST);
    options.max_depth = 0;
    options.struct_size = 1;
    assert_int_equal(codedb_tree_parse("a", 1, &options, &other, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_tree_parse_text("a", (size_t)1 << 33, NULL, &other, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_tree_dump(NULL, CODEDB_DUMP_CST, append_piece, &out, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_tree_dump(tree, CODEDB_DUMP_CST, NULL, &out, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_tree_dump(tree, (codedb_dump_format)9, append_piece, &out, NULL), CODEDB_INVALID_REQUEST);
    assert_null(out.bytes);
    assert_null(codedb_tree_source(NULL, &length));
    assert_int_equal(length, 0);
    assert_int_equal(codedb_tree_memory(NULL), 0);
    codedb_tree_free(NULL);
    codedb_tree_free(tree);
}

static void nothing_is_an_empty_module(void **state)
{
    codedb_tree *tree = NULL;
    text found;

    (void)state;
    assert_int_equal(codedb_tree_parse(NULL, 0, NULL, &tree, NULL), CODEDB_SUCCESS);
    found = dump(tree, CODEDB_DUMP_CST);
    assert_string_equal(found.bytes, "0 Module 1:0-1:0 - module -\n");
    free(found.bytes);
    codedb_tree_free(tree);
}

static void the_source_is_kept_in_utf8(void **state)
{
    const char latin[] = "# coding: latin-1\nx = '\xE9'\n";
    codedb_tree *tree = parse(latin, sizeof latin - 1);
    size_t length;
    const char *source = codedb_tree_source(tree, &length);

    (void)state;
    assert_string_equal(source, "# coding: latin-1\nx = '\xC3\xA9'\n");
    assert_int_equal(length, sizeof latin);
    assert_true(codedb_tree_memory(tree) > 0);
    codedb_tree_free(tree);
}

static void utf8_text_is_parsed_in_spite_of_its_cookie(void **state)
{
    const char source[] = "# coding: latin-1\nx = '\xC3\xA9'\n";
    codedb_tree *tree = NULL;

    (void)state;
    assert_int_equal(codedb_tree_parse_text(source, sizeof source - 1, NULL, &tree, NULL), CODEDB_SUCCESS);
    assert_string_equal(codedb_tree_source(tree, NULL), source);
    codedb_tree_free(tree);
}

static int refuse_second_piece(void *context, const char *bytes, size_t length)
{
    int *pieces = context;

    (void)bytes;
    assert_true(length > 0 && length <= 65536);
    return ++*pieces == 2;
}

static void a_dump_comes_in_pieces_and_can_be_stopped(void **state)
{
    text source = text_read("tests/corpus/calls.py");
    codedb_tree *tree = parse(source.bytes, source.length);
    codedb_result result = CODEDB_INIT(codedb_result);
    int pieces = 0;

    (void)state;
    assert_code(codedb_tree_dump(tree, CODEDB_DUMP_CST, refuse_second_piece, &pieces, &result), CODEDB_CANCELLED, result);
    assert_int_equal(pieces, 2);
    codedb_result_clear(&result);
    codedb_tree_free(tree);
    free(source.bytes);
}

static int ignore_piece(void *context, const char *bytes, size_t length)
{
    (void)context;
    (void)bytes;
    (void)length;
    return 0;
}

static void parse_and_dump_without_memory(const char *path, text source)
{
    static const codedb_dump_format formats[] = {CODEDB_DUMP_CST, CODEDB_DUMP_CST_NO_WHITESPACE, CODEDB_DUMP_AST};
    support_failing failing;
    size_t i;
    long n;

    (void)path;
    for (i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        for (n = 0; support_failing_start(&failing, n); n++) {
            codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
            codedb_tree *tree = NULL;
            codedb_code code;

            options.allocator = &failing.allocator;
            options.target_version = 315;
            code = codedb_tree_parse(source.bytes, source.length, &options, &tree, NULL);
            if (code == CODEDB_SUCCESS)
                code = codedb_tree_dump(tree, formats[i], ignore_piece, NULL, NULL);
            codedb_tree_free(tree);
            support_failing_check(&failing, code);
        }
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    each_case(parse_and_dump_without_memory);
}

/* `head`, `count` times `part`, `tail`. */
static void check_long(const char *head, const char *part, const char *tail, size_t count)
{
    size_t part_length = strlen(part);
    char *source = malloc(strlen(head) + part_length * count + strlen(tail) + 1);
    codedb_tree *tree;
    text found;
    size_t i;

    assert_non_null(source);
    strcpy(source, head);
    for (i = 0; i < count; i++)
        memcpy(source + strlen(head) + i * part_length, part, part_length);
    strcpy(source + strlen(head) + count * part_length, tail);
    tree = parse_text(source);
    found = dump(tree, CODEDB_DUMP_CST);
    assert_true(found.length > count);
    free(found.bytes);
    codedb_tree_free(tree);
    free(source);
}

static void chains_of_any_length_need_no_stack(void **state)
{
    (void)state;
    check_long("x", " + x", "\n", 50000);
    check_long("x", ".x", "\n", 50000);
    check_long("x", "()", "\n", 50000);
    check_long("\"\xC3\xA9\"", " 'a'", "\n", 50000);
    check_long("if a: b\n", "elif a: b\n", "", 20000);
    check_long("", "@a\n", "def f(): pass\n", 20000);
    check_long("\xC3\xA9", ".x", "\n", 200000);
    check_long("\xC3\xA9", "()", "\n", 200000);
    check_long("[", "\xC3\xA9 in ", "x]\n", 100000);
    check_long("not \xC3\xA9 or ", "not ", "x; \"\xC3\xA9\"\n", 100000);
    check_long("x = [", "\"\xC3\xA9\",", "]\n", 50000);
    check_long("", "# c\n", "", 50000);
}

static void the_ast_is_asked_of_its_writer(void **state)
{
    codedb_tree *tree = parse_text("a\n");
    codedb_code code = codedb_tree_dump(tree, CODEDB_DUMP_AST, ignore_piece, NULL, NULL);

    (void)state;
    assert_true(code == CODEDB_SUCCESS || code == CODEDB_INVALID_REQUEST);
    codedb_tree_free(tree);
}

static void tokens_and_nodes_that_disagree_are_an_error(void **state)
{
    codedb_tree *tree = parse_text("a + b\n");
    codedb_full_tree full;
    codedb_result result = CODEDB_INIT(codedb_result);
    uint32_t count = tree->nodes[0].end;
    uint32_t i;

    (void)state;
    for (i = 0; i < count; i++)
        tree->nodes[i].end = i == 0 ? 1 : tree->nodes[i].end;
    assert_code(codedb_tree_expand(tree, &full, &result), CODEDB_INTERNAL_ERROR, result);
    assert_null(full.nodes);
    codedb_result_clear(&result);
    codedb_tree_free(tree);
}

/* What a host needs to walk a tree by itself: numbers in pre-order, subtrees as ranges, names of types. */
static void a_host_walks_the_nodes_by_number(void **state)
{
    (void)state;
    static const char source[] = "f(a)\nb\n";
    static const struct {
        const char *type;
        const char *text;
        uint32_t subtree_end;
    } expected[] = {
        {"Module", "f(a)\nb\n", 10},
        {"SimpleStatementLine", "f(a)", 7},
        {"Expr", "f(a)", 7},
        {"Call", "f(a)", 7},
        {"Name", "f", 5},
        {"Arg", "a", 7},
        {"Name", "a", 7},
        {"SimpleStatementLine", "b", 10},
        {"Expr", "b", 10},
        {"Name", "b", 10},
    };
    size_t count = sizeof expected / sizeof *expected;
    codedb_tree *tree = NULL;
    codedb_syntax_node node;
    assert_int_equal(codedb_tree_parse(source, sizeof source - 1, NULL, &tree, NULL), CODEDB_SUCCESS);
    assert_int_equal(codedb_tree_node_count(tree), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(codedb_tree_node_get(tree, i, &node), CODEDB_SUCCESS);
        assert_string_equal(codedb_node_type_name(node.type), expected[i].type);
        assert_int_equal(node.end_byte - node.start_byte, strlen(expected[i].text));
        assert_memory_equal(source + node.start_byte, expected[i].text, strlen(expected[i].text));
        assert_int_equal(node.subtree_end, expected[i].subtree_end);
    }
    node.type = 12345;
    assert_int_equal(codedb_tree_node_get(tree, count, &node), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_tree_node_get(NULL, 0, &node), CODEDB_INVALID_REQUEST);
    assert_int_equal(codedb_tree_node_get(tree, 0, NULL), CODEDB_INVALID_REQUEST);
    assert_int_equal(node.type, 12345);
    assert_null(codedb_node_type_name(12345));
    assert_int_equal(codedb_tree_node_count(NULL), 0);
    codedb_tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dumps_are_libcsts_with_every_kind_of_line_break),
        cmocka_unit_test(the_corpus_has_every_class),
        cmocka_unit_test(every_byte_is_in_one_leaf_and_stored_positions_are_the_expanded_ones),
        cmocka_unit_test(what_is_not_python_is_refused_with_a_place),
        cmocka_unit_test(errors_are_where_the_target_version_reports_them),
        cmocka_unit_test(of_several_errors_the_one_is_told_that_cpython_tells),
        cmocka_unit_test(blanks_before_the_colon_of_a_handler_are_kept),
        cmocka_unit_test(blanks_behind_a_conversion_shift_nothing),
        cmocka_unit_test(a_line_break_behind_a_star_is_kept),
        cmocka_unit_test(a_continued_line_before_a_statement_is_indentation),
        cmocka_unit_test(other_indentation_of_the_same_width_is_nobodys),
        cmocka_unit_test(all_lines_at_the_end_are_the_footer),
        cmocka_unit_test(a_carriage_return_at_the_end_is_a_line_break),
        cmocka_unit_test(older_versions_tell_of_the_first_token_that_does_not_fit),
        cmocka_unit_test(versions_tell_of_other_places),
        cmocka_unit_test(an_integer_has_at_most_4300_digits),
        cmocka_unit_test(lines_of_older_versions_are_passed),
        cmocka_unit_test(a_missing_child_has_no_line),
        cmocka_unit_test(stored_nodes_are_the_significant_ones),
        cmocka_unit_test(kinds_and_fields_have_names),
        cmocka_unit_test(children_are_found_by_role),
        cmocka_unit_test(a_host_walks_the_nodes_by_number),
        cmocka_unit_test(places_count_lines_and_code_points),
        cmocka_unit_test(the_byte_order_mark_is_in_no_column),
        cmocka_unit_test(qualnames_follow_the_original_and_python),
        cmocka_unit_test(lambdas_and_generators_have_names_where_they_are_evaluated),
        cmocka_unit_test(a_global_definition_has_no_prefix),
        cmocka_unit_test(other_nodes_have_the_names_around_them),
        cmocka_unit_test(a_parse_error_names_its_place),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(nothing_is_an_empty_module),
        cmocka_unit_test(the_source_is_kept_in_utf8),
        cmocka_unit_test(utf8_text_is_parsed_in_spite_of_its_cookie),
        cmocka_unit_test(a_dump_comes_in_pieces_and_can_be_stopped),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(chains_of_any_length_need_no_stack),
        cmocka_unit_test(the_ast_is_asked_of_its_writer),
        cmocka_unit_test(tokens_and_nodes_that_disagree_are_an_error),
    };

    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
