/* test_selector.c -- accuses codedb_selector.c and codedb_reference.c: what they refuse, where, and with which words.
 *
 * What selectors find is test_xpath.c's. */
#include "support.h"

#include "codedb_selector.h"

static codedb_code compile(const char *text, codedb_dialect dialect, codedb_result *result)
{
    codedb_selector *selector = NULL;
    codedb_code code = codedb_selector_create(NULL, text, dialect, &selector, result);

    assert_true((code == CODEDB_SUCCESS) == (selector != NULL));
    codedb_selector_free(selector);
    return code;
}

/* `count` times `piece` between `before` and `after`. */
static char *repeated(const char *before, const char *piece, size_t count, const char *after)
{
    size_t size = strlen(before) + strlen(piece) * count + strlen(after) + 1;
    char *text = malloc(size);
    char *at;

    assert_non_null(text);
    at = stpcpy(text, before);
    while (count-- > 0)
        at = stpcpy(at, piece);
    stpcpy(at, after);
    return text;
}

static void assert_compiles_to(char *text, codedb_dialect dialect, codedb_code expected, const char *says)
{
    codedb_result result = CODEDB_INIT(codedb_result);

    assert_code(compile(text, dialect, &result), expected, result);
    assert_contains(result.description, says);
    codedb_result_clear(&result);
    free(text);
}

/* ---- The host's call ---------------------------------------------------------------------------------------------- */

static void test_compiling_says_what_is_wrong_with_the_call(void **state)
{
    codedb_selector_options options = CODEDB_INIT(codedb_selector_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_selector *selector = NULL;

    (void)state;
    assert_code(codedb_selector_compile(NULL, NULL, &selector, &result), CODEDB_INVALID_REQUEST, result);
    assert_contains(result.description, "text is NULL");
    assert_code(codedb_selector_compile("class", NULL, NULL, &result), CODEDB_INVALID_REQUEST, result);
    options.dialect = (codedb_dialect)7;
    assert_code(codedb_selector_compile("class", &options, &selector, &result), CODEDB_INVALID_REQUEST, result);
    options.struct_size = 0;
    assert_code(codedb_selector_compile("class", &options, &selector, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_selector_compile("class[", NULL, &selector, &result), CODEDB_SELECTOR_ERROR, result);
    assert_null(selector);
    assert_int_equal(result.offset, 6);
    assert_contains(result.data, "\"expected\": ");
    codedb_selector_free(selector);
    codedb_result_clear(&result);
}

/* ---- Errors of the default dialect -------------------------------------------------------------------------------- */

typedef struct refusal {
    const char *text;
    size_t offset; /* of what was found */
    size_t length;
    const char *says; /* stands in the description */
} refusal;

static void assert_refused(const refusal *cases, size_t count, codedb_dialect dialect)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    size_t i;

    for (i = 0; i < count; i++) {
        if (compile(cases[i].text, dialect, &result) != CODEDB_SELECTOR_ERROR || result.offset != cases[i].offset ||
            result.length != cases[i].length || strstr(result.description, cases[i].says) == NULL)
            fail_msg("'%s': %s at %lu, %lu bytes: %s", cases[i].text, codedb_code_name(result.code), (unsigned long)result.offset,
                     (unsigned long)result.length, result.description);
        assert_contains(result.data, "\"found\": ");
    }
    codedb_result_clear(&result);
}

#define ASSERT_REFUSED(cases, dialect) assert_refused(cases, sizeof(cases) / sizeof *(cases), dialect)

static void test_unknown_words_name_the_nearest_known_ones(void **state)
{
    static const refusal cases[] = {
        {"function[nmae=\"x\"]", 9, 4, "unknown attribute 'nmae', did you mean 'name'?"},
        {"[.returnz]", 2, 7, "unknown attribute 'returnz', did you mean 'returns'?"},
        {"[params.paramz.name]", 8, 6, "unknown attribute 'paramz', did you mean 'params'?"},
        {"FunctionDev", 0, 11, "unknown type 'FunctionDev', did you mean 'FunctionDef'?"},
        {"clas > method", 0, 4, "unknown type 'clas', did you mean 'class'?"},
        {"Zap:*", 0, 3, "unknown type 'Zap'"},
        {"if:frist", 3, 5, "unknown pseudo-class 'frist', did you mean 'first'?"},
        {"if:has-docstrings", 3, 14, "did you mean 'has-docstring'?"},
        {"*.tset", 2, 4, "unknown field 'tset', did you mean 'test'?"},
        {"Qqqqqqqqqqq", 0, 11, "unknown type 'Qqqqqqqqqqq'"},
    };

    (void)state;
    ASSERT_REFUSED(cases, CODEDB_DIALECT_DEFAULT);
}

static void test_each_argument_has_its_kind(void **state)
{
    static const refusal cases[] = {
        {"function:nth()", 13, 1, "expected an integer, found ')'"},
        {"function:nth", 12, 0, "expected '(' and an integer, found the end of the selector"},
        {"a", 0, 1, "unknown type"},
        {"if:nth(-1)", 7, 1, "from the end it is :last or [-1]"},
        {"if:nth(x)", 7, 1, "expected an integer, found 'x'"},
        {"if:nth(99999999999)", 7, 11, "a smaller number"},
        {"if:first(1)", 8, 1, "expected no argument"},
        {"if:not()", 7, 1, "expected a type"},
        {"if:not", 6, 0, "expected '(' and an argument"},
        {"if:not(> x)", 7, 1, "use :has"},
        {"if:is(+ if)", 6, 1, "use :has"},
        {"if:has()", 7, 1, "expected a type"},
        {"if:nth-child(x)", 13, 1, "a number, An+B, odd or even"},
        {"if:nth-child(2n+)", 16, 1, "expected an integer, found ')'"},
        {"if:nth-child(2 if)", 15, 2, "expected ')' or 'of', found 'if'"},
        {"if:nth-child(2 of )", 18, 1, "expected a type"},
        {"def:decorated(a.b)", 14, 1, "expected a quoted name"},
        {"[0]", 1, 1, "the first is [1] or :nth(0)"},
        {"[-0]", 1, 2, "the first is [1] or :nth(0)"},
        {"[1", 2, 0, "expected ']'"},
        {"[start_line<x]", 12, 1, "expected an integer, found 'x' (< <= > >= compare numbers)"},
        {"[start_line>='1.5']", 13, 5, "expected an integer"},
    };

    (void)state;
    ASSERT_REFUSED(cases, CODEDB_DIALECT_DEFAULT);
}

static void test_values_are_checked(void **state)
{
    static const refusal cases[] = {
        {"[name=\"x]", 6, 1, "a closing quote"},
        {"[name='x\\']", 6, 1, "a closing quote"},
        {"[name=]", 6, 1, "an empty value is written as \"\""},
        {"[name==x]", 6, 1, "a value that begins so is written in quotes"},
        {"[name=*]", 6, 1, "a value that begins so is written in quotes"},
        {"[name='\\x4g']", 7, 3, "two hexadecimal digits"},
        {"[name='\\u12']", 7, 4, "four hexadecimal digits"},
        {"[name='\\U0011ffff']", 7, 10, "the number of a character"},
        {"[name='\\ud800']", 7, 6, "the number of a character"},
        {"[name=/x]", 6, 1, "a closing slash for this one"},
        {"[name=/x\\/]", 6, 1, "a closing slash for this one"},
        {"[name=/x/z]", 9, 1, "']' or one of the flags imsx"},
        {"[name=/x/iI]", 10, 1, "']' or one of the flags imsx"},
        {"[name^=/x/]", 7, 1, "a regular expression stands behind = and != only"},
        {"[name=x i]", 8, 1, "the flag i stands behind a quoted value only"},
        {"[name='x' j]", 10, 1, "expected ']', found 'j'"},
        {"[name x]", 6, 1, "one of = != ~="},
        {"[name", 5, 0, "']' or one of"},
        {"[]", 1, 1, "an attribute or field name"},
        {"[@]", 2, 1, "an attribute or field name"},
        {"[name.]", 6, 1, "an attribute or field name"},
    };

    (void)state;
    ASSERT_REFUSED(cases, CODEDB_DIALECT_DEFAULT);
}

static void test_regular_expressions_are_checked(void **state)
{
    static const refusal cases[] = {
        {"[name=/a(/]", 9, 1, "expected ')', found '/' (in a regular expression)"},
        {"[name=/)/]", 7, 1, "no ')' without '('"},
        {"[name=/a|*/]", 9, 1, "something to repeat"},
        {"[name=/^*/]", 8, 1, "something to repeat"},
        {"[name=/a**/]", 9, 1, "one repetition"},
        {"[name=/a+{2}/]", 12, 1, "one repetition"},
        {"[name=/[a/]", 9, 1, "expected ']'"},
        {"[name=/[b-a]/]", 8, 1, "a range from a lower to a higher character"},
        {"[name=/[\\w-a]/]", 8, 1, "a range from a lower to a higher character"},
        {"[name=/\\q/]", 7, 1, "a known escape, found '\\'"},
        {"[name=/\\1/]", 7, 1, "a known escape"},
        {"[name=/\\x4/]", 10, 1, "hexadecimal digits"},
        {"[name=/\\U00110000/]", 7, 1, "the number of a character"},
        {"[name=/a{3,2}/]", 8, 1, "from the smaller to the larger"},
        {"[name=/a{1001}/]", 9, 4, "at most 1000 repetitions"},
        {"[name=/(?=a)/]", 9, 1, "groups that look ahead"},
        {"[name=/((a{100}){100}){100}/]", 27, 1, "a smaller regular expression"},
        {"[name=/a/q]", 9, 1, "one of the flags imsx of a regular expression, found 'q'"},
    };
    char *deep = repeated("[name=/", "(", 65, "/]");

    (void)state;
    ASSERT_REFUSED(cases, CODEDB_DIALECT_DEFAULT);
    assert_compiles_to(deep, CODEDB_DIALECT_DEFAULT, CODEDB_SELECTOR_ERROR, "at most 64 groups");
}

static void test_paths_are_checked(void **state)
{
    static const refusal cases[] = {
        {"", 0, 0, "found the end of the selector"},
        {"  ", 2, 0, "found the end of the selector"},
        {"> if", 0, 1, "a path starts with a step, '/' or '//'"},
        {"if >", 4, 0, "expected a type"},
        {"if > > if", 5, 1, "found '>'"},
        {"if // /if", 6, 1, "found '/'"},
        {"if,", 3, 0, "expected a type"},
        {"if,,if", 3, 1, "found ','"},
        {"(if", 3, 0, "expected ')'"},
        {"if)", 2, 1, "the end of the selector, found ')'"},
        {"if\"x\"", 2, 1, "expected a combinator"},
        {"if#x", 2, 1, "expected a combinator"},
        {"*:*", 2, 1, "a pseudo-class"},
        {":", 1, 0, "a pseudo-class"},
        {"if.", 3, 0, "a field name"},
        {"class/@name", 6, 1, "attribute steps: use [name]"},
        {"if:has(If@y)", 9, 1, "captures stand on the main path only"},
        {"\303\251t\303\251", 0, 2, "found '\303\251'"},
        {"if \n\t\001", 5, 1, "found '\\x01'"},
    };

    (void)state;
    ASSERT_REFUSED(cases, CODEDB_DIALECT_DEFAULT);
}

static void test_a_place_is_told_in_bytes_lines_and_code_points(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);

    (void)state;
    assert_code(compile("if[name=\"\303\251\"],\r\n  if[\"\303\251\303\251\"", CODEDB_DIALECT_DEFAULT, &result),
                CODEDB_SELECTOR_ERROR, result);
    assert_int_equal(result.offset, 21);
    assert_int_equal(result.line, 2);
    assert_int_equal(result.column, 5);
    assert_contains(result.data,
                    "{\"offset\": 21, \"length\": 1, \"line\": 2, \"column\": 6, \"expected\": \"an attribute or field name\"");
    codedb_result_clear(&result);
    assert_int_equal(compile("if[nmae]", CODEDB_DIALECT_DEFAULT, NULL), CODEDB_SELECTOR_ERROR);
}

static void test_details_hold_hint_and_nearest_word(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);

    (void)state;
    compile("if[0]", CODEDB_DIALECT_DEFAULT, &result);
    assert_contains(result.data, "\"found\": \"'0'\", \"hint\": \"the first is [1] or :nth(0)\"}");
    compile("if:frist", CODEDB_DIALECT_DEFAULT, &result);
    assert_contains(result.data, "\"nearest\": \"first\"}");
    codedb_result_clear(&result);
}

/* ---- Limits ------------------------------------------------------------------------------------------------------- */

static void test_length_steps_and_nesting_are_limited(void **state)
{
    codedb_dialect dialect;

    (void)state;
    for (dialect = CODEDB_DIALECT_DEFAULT; dialect <= CODEDB_DIALECT_REFERENCE; dialect++) {
        assert_compiles_to(repeated("if", " ", 65534, ""), dialect, CODEDB_SUCCESS, "");
        assert_compiles_to(repeated("if", " ", 65535, ""), dialect, CODEDB_SELECTOR_ERROR, "at most 65536 bytes");
        assert_compiles_to(repeated("if", " if", 255, ""), dialect, CODEDB_SUCCESS, "");
        assert_compiles_to(repeated("if", " if", 256, ""), dialect, CODEDB_SELECTOR_ERROR, "at most 256 steps");
        assert_compiles_to(repeated("if", ":not(if", 64, ""), dialect, CODEDB_SELECTOR_ERROR, "64 levels");
        assert_compiles_to(repeated("if", ":not(if", 1000, ""), dialect, CODEDB_SELECTOR_ERROR, "64 levels");
    }
    assert_compiles_to(repeated("", "(", 20000, "if"), CODEDB_DIALECT_DEFAULT, CODEDB_SELECTOR_ERROR, "64 levels");
    assert_compiles_to(repeated("[body", ".body", 254, "]"), CODEDB_DIALECT_DEFAULT, CODEDB_SUCCESS, "");
    assert_compiles_to(repeated("[body", ".body", 255, "]"), CODEDB_DIALECT_DEFAULT, CODEDB_SELECTOR_ERROR, "a shorter path");
}

static void test_a_selector_is_utf8(void **state)
{
    static const refusal cases[] = {{"if[name='\377']", 9, 0, "expected UTF-8"}};

    (void)state;
    ASSERT_REFUSED(cases, CODEDB_DIALECT_DEFAULT);
    ASSERT_REFUSED(cases, CODEDB_DIALECT_REFERENCE);
}

/* ---- What compiling decides --------------------------------------------------------------------------------------- */

static bool needs_full_tree(const char *text, codedb_dialect dialect)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_selector *selector = NULL;
    bool needs;

    assert_success(codedb_selector_create(NULL, text, dialect, &selector, &result), result);
    needs = selector->needs_full_tree;
    codedb_selector_free(selector);
    codedb_result_clear(&result);
    return needs;
}

static void test_white_space_is_made_only_when_it_may_match(void **state)
{
    (void)state;
    assert_false(needs_full_tree("* > node, expression:not(Name)", CODEDB_DIALECT_DEFAULT));
    assert_false(needs_full_tree("smallstmt[type='Return']", CODEDB_DIALECT_DEFAULT));
    assert_true(needs_full_tree("Comma", CODEDB_DIALECT_DEFAULT));
    assert_true(needs_full_tree("[type='Comma']", CODEDB_DIALECT_DEFAULT));
    assert_false(needs_full_tree("[type=/C/], [type~='C']", CODEDB_DIALECT_DEFAULT));
    assert_true(needs_full_tree("if:has(Comment)", CODEDB_DIALECT_DEFAULT));
    assert_true(needs_full_tree("(Comma, Colon)", CODEDB_DIALECT_DEFAULT));
    assert_true(needs_full_tree("Arg[comma]", CODEDB_DIALECT_DEFAULT));
    assert_true(needs_full_tree("Arg[whitespace_after_arg]", CODEDB_DIALECT_DEFAULT));
    assert_false(needs_full_tree("Arg[keyword]", CODEDB_DIALECT_DEFAULT));
    assert_false(needs_full_tree("class method[name=\"f\"]:first", CODEDB_DIALECT_REFERENCE));
    assert_true(needs_full_tree("*", CODEDB_DIALECT_REFERENCE));
    assert_true(needs_full_tree("node", CODEDB_DIALECT_REFERENCE));
}

static void test_types_and_kinds_are_one_set(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_selector *selector = NULL;
    const codedb_selector_step *step;
    unsigned kind;

    (void)state;
    assert_success(codedb_selector_create(NULL, "smallstmt[type=\"Return\"]", CODEDB_DIALECT_DEFAULT, &selector, &result),
                   result);
    step = selector->query.branches->steps;
    assert_null(step->parts);
    for (kind = 0; kind <= CODEDB_SELECTOR_KIND_METHOD; kind++)
        assert_int_equal(codedb_kind_set_has(&step->kinds, kind), kind == CODEDB_NODE_RETURN);
    codedb_selector_free(selector);
    codedb_result_clear(&result);
}

static void test_cheap_conditions_come_first_but_never_cross_a_position(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_selector *selector = NULL;
    const codedb_selector_part *part;
    unsigned i;
    static const codedb_part_kind expected[] = {CODEDB_PART_ROLE,     CODEDB_PART_ATTRIBUTE, CODEDB_PART_HAS,
                                                CODEDB_PART_POSITION, CODEDB_PART_ROLE,      CODEDB_PART_NOT};

    (void)state;
    assert_success(
        codedb_selector_create(NULL, "def:has(if)[name=f].body:first:not(if).body", CODEDB_DIALECT_DEFAULT, &selector, &result),
        result);
    part = selector->query.branches->steps->parts;
    for (i = 0; i < sizeof expected / sizeof *expected; i++, part = part->next)
        assert_int_equal(part->kind, expected[i]);
    assert_null(part);
    codedb_selector_free(selector);
    codedb_result_clear(&result);
}

static void test_every_failing_allocation_is_an_answer(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    support_failing failing;
    long n;

    (void)state;
    for (n = 0; support_failing_start(&failing, n); n++) {
        codedb_selector *selector = NULL;
        codedb_code code = codedb_selector_create(
            &failing.allocator,
            "class[name='x'] > method:not(:has(> .test, if ~ if[body.test.name=\"\\u00e9\"]:nth-child(2n+1 of *)))"
            ":decorated('a.b'), (if, while):in-scope(def:first)[.name^=bare][type!=/x{2,3}/]"
            "//if//if//if//if//if//if//if//if//if//if//if//if//if//if//if//if",
            CODEDB_DIALECT_DEFAULT, &selector, &result);
        if (code == CODEDB_SELECTOR_ERROR)
            fail_msg("%s", result.description);
        codedb_selector_free(selector);
        support_failing_check(&failing, code);
    }
    codedb_result_clear(&result);
}

/* ---- The reference dialect ---------------------------------------------------------------------------------------- */

static void test_the_reference_dialect_refuses_what_the_original_refused(void **state)
{
    static const refusal cases[] = {
        {"", 0, 0, "a type"},
        {" \t", 2, 0, "a type"},
        {"if[name]", 7, 1, "one of ="},
        {"if[1]", 3, 1, "an attribute name"},
        {"if[name*=x]", 7, 1, "one of ="},
        {"if[name=]", 8, 1, "a value"},
        {"if, if", 2, 1, "the end of the selector"},
        {"if + if", 3, 1, "the end of the selector"},
        {"if ~ if", 3, 1, "the end of the selector"},
        {"if / if", 3, 1, "the end of the selector"},
        {"(if)", 0, 1, "a type"},
        {"if.test", 2, 1, "the end of the selector"},
        {"> if", 0, 1, "a type"},
        {"if >", 4, 0, "a type"},
        {"if > > if", 5, 1, "a type"},
        {"if > // if", 5, 1, "a type"},
        {"if // // if", 6, 1, "a type"},
        {"if //", 5, 0, "a type"},
        {"if:nth", 3, 3, "an integer from 0 on"},
        {"if:nth()", 7, 1, "a type"},
        {"if:nth(-1)", 7, 1, "a type"},
        {"if:nth(f)", 3, 3, "an integer from 0 on"},
        {"if:first()", 9, 1, "a type"},
        {"if:first(0)", 3, 5, "no number behind :first and :last"},
        {"if:last(0)", 3, 4, "no number behind :first and :last"},
        {"if:not()", 7, 1, "a type"},
        {"if:not(A, B)", 8, 1, "')' or a step"},
        {"if:not(> x)", 7, 1, "a type"},
        {"if:not(3x)", 8, 1, "expected ')'"},
        {"if:zap", 3, 3, ":first, :last, :nth(N) or :not(...)"},
        {"*:*", 2, 1, "a pseudo-class"},
        {":*", 1, 1, "a pseudo-class"},
        {"Def: *", 5, 1, "a pseudo-class"},
        {"\303\251", 0, 2, "a type"},
        {"#", 0, 1, "a type"},
        {"if\nif", 2, 1, "the end of the selector"},
        {"if\rif", 2, 1, "the end of the selector"},
        {"if\302\240if", 2, 2, "the end of the selector"},
        {"if[name='a b']", 11, 1, "expected ']'"},
        {"if[name='a]b']", 12, 1, "the end of the selector"},
        {"if[name='a)b']", 10, 1, "expected ']'"},
        {"if[name=f", 9, 0, "expected ']'"},
        {"if:not(if", 9, 0, "')' or a step"},
    };

    (void)state;
    ASSERT_REFUSED(cases, CODEDB_DIALECT_REFERENCE);
}

static void test_the_reference_dialect_takes_what_the_original_took(void **state)
{
    static const char *const texts[] = {"[ @ name = f ]",
                                        "if:nth (1)",
                                        "Def :*",
                                        "Def:**",
                                        "class[x=\"y\"]method",
                                        "**",
                                        ":first",
                                        "//if",
                                        "if:not(//if)",
                                        "if[name=\"f]",
                                        "if[name='f]",
                                        "if[name==f]",
                                        "if[name=a[0]",
                                        "if[name=']",
                                        "if:first(class)",
                                        "Nothing",
                                        "[zap=1]",
                                        "if:not",
                                        "if:not(3)",
                                        "if:first[name=f]",
                                        "IF:FIRST",
                                        "if : first",
                                        "if[name=\"\\\"]\"]"};
    codedb_result result = CODEDB_INIT(codedb_result);
    size_t i;

    (void)state;
    for (i = 0; i < sizeof texts / sizeof *texts; i++)
        if (compile(texts[i], CODEDB_DIALECT_REFERENCE, &result) != CODEDB_SUCCESS)
            fail_msg("%s: %s", texts[i], result.description);
    codedb_result_clear(&result);
}

/* The value of the only attribute test of `text`. */
static void assert_reference_value(const char *text, const char *expected, size_t length)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_selector *selector = NULL;
    const codedb_attribute_test *test;

    assert_success(codedb_selector_create(NULL, text, CODEDB_DIALECT_REFERENCE, &selector, &result), result);
    test = &selector->query.branches->steps->parts->as.test;
    assert_int_equal(test->value_length, length);
    assert_memory_equal(test->value, expected, length);
    codedb_selector_free(selector);
    codedb_result_clear(&result);
}

static void test_reference_values_are_read_as_the_original_read_them(void **state)
{
    (void)state;
    assert_reference_value("[name=\"f\"]", "f", 1);
    assert_reference_value("[name='f']", "f", 1);
    assert_reference_value("[name=\"f]", "\"f", 2);
    assert_reference_value("[name='f]", "'f", 2);
    assert_reference_value("[name==f]", "=f", 2);
    assert_reference_value("[name=a[0]", "a[0", 3);
    assert_reference_value("[name='f'g']", "f'g", 3);
    assert_reference_value("[name=']", "'", 1);
    assert_reference_value("[name='']", "", 0);
    assert_reference_value("[name=\"\"]", "", 0);
    assert_reference_value("[name=\"a b]c\"]", "a b]c", 5);
    assert_reference_value("[name=\"\\x66\"]", "f", 1);
    assert_reference_value("[name=\"\\u0066\"]", "f", 1);
    assert_reference_value("[name=\"\\U00000066\"]", "f", 1);
    assert_reference_value("[name=\"\\146\"]", "f", 1);
    assert_reference_value("[name=\"\\N{LATIN SMALL LETTER F}\"]", "f", 1);
    assert_reference_value("[name=\"\\N{LATIN CAPITAL LETTER F}\\N{low line}\"]", "F_", 2);
    assert_reference_value("[name=\"\\N{Em Dash}\\N{DIGIT ONE}\\N{hangul syllable ga}\"]",
                           "\xE2\x80\x94"
                           "1\xEA\xB0\x80",
                           7);
    assert_reference_value("[name=\"\\N{DASH}\"]", "\\N{DASH}", 8);
    assert_reference_value("[name=\"\\N{DASH\"]", "\\N{DASH", 7);
    assert_reference_value("[name=\"\\N{}\"]", "\\N{}", 4);
    assert_reference_value("[name=\"\\q\"]", "\\q", 2);
    assert_reference_value("[name=\"\\n\\\\\"]", "\n\\", 2);
    assert_reference_value("[name=\"\\x6\"]", "\\x6", 3);
    assert_reference_value("[name='\\x66\\']", "\\x66\\", 5);
    assert_reference_value("[name=\\x66]", "\\x66", 4);
    assert_reference_value("[name=\"\321\202\"]", "\303\221\302\202", 4);
    assert_reference_value("[name=\321\202]", "\321\202", 2);
    assert_reference_value("[name=\"\\u0442\"]", "\321\202", 2);
}

static void test_every_failing_allocation_of_the_reference_dialect_is_an_answer(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    support_failing failing;
    long n;

    (void)state;
    for (n = 0; support_failing_start(&failing, n); n++) {
        codedb_selector *selector = NULL;
        codedb_code code = codedb_selector_create(
            &failing.allocator,
            "class[name=x] > method:not(if[name='\\x66']:not(while)):nth(1)[name=\"y\"]:last//if//if//if//if//if//if",
            CODEDB_DIALECT_REFERENCE, &selector, &result);
        codedb_selector_free(selector);
        support_failing_check(&failing, code);
    }
    codedb_result_clear(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compiling_says_what_is_wrong_with_the_call),
        cmocka_unit_test(test_unknown_words_name_the_nearest_known_ones),
        cmocka_unit_test(test_each_argument_has_its_kind),
        cmocka_unit_test(test_values_are_checked),
        cmocka_unit_test(test_regular_expressions_are_checked),
        cmocka_unit_test(test_paths_are_checked),
        cmocka_unit_test(test_a_place_is_told_in_bytes_lines_and_code_points),
        cmocka_unit_test(test_details_hold_hint_and_nearest_word),
        cmocka_unit_test(test_length_steps_and_nesting_are_limited),
        cmocka_unit_test(test_a_selector_is_utf8),
        cmocka_unit_test(test_white_space_is_made_only_when_it_may_match),
        cmocka_unit_test(test_types_and_kinds_are_one_set),
        cmocka_unit_test(test_cheap_conditions_come_first_but_never_cross_a_position),
        cmocka_unit_test(test_every_failing_allocation_is_an_answer),
        cmocka_unit_test(test_the_reference_dialect_refuses_what_the_original_refused),
        cmocka_unit_test(test_the_reference_dialect_takes_what_the_original_took),
        cmocka_unit_test(test_reference_values_are_read_as_the_original_read_them),
        cmocka_unit_test(test_every_failing_allocation_of_the_reference_dialect_is_an_answer),
    };

    return cmocka_run_group_tests_name("selector", tests, NULL, NULL);
}
