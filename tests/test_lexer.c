/* test_lexer.c -- accuses codedb_lexer.c (and codedb_unicode.c).
 *
 * Expected tokens stand as text, "kind:text" for what can have different texts and the bare text for the rest. Expected errors
 * have line (from 1) and column (from 0, in code points) of what CPython 3.13 reports for the same source, unless a version is
 * named. */
#include "support.h"

#include "codedb_tree.h"

/* ---- What the tests share ---- */

typedef struct lexed {
    codedb_tree tree;
    codedb_syntax_error error;
    bool done;
    char *source;
} lexed;

static lexed lex_with(const codedb_allocator *allocator, const char *source, size_t length, int version)
{
    lexed got = {.source = calloc(length + CODEDB_SOURCE_PADDING, 1)};
    assert_non_null(got.source);
    memcpy(got.source, source, length);
    got.tree.allocator = codedb_allocator_or_default(allocator);
    got.tree.source = got.source;
    got.tree.length = (uint32_t)length;
    got.tree.target_version = version;
    got.done = codedb_lex(&got.tree, &got.error);
    return got;
}

static lexed lex(const char *source, int version)
{
    return lex_with(NULL, source, strlen(source), version);
}

static void lexed_free(lexed *got)
{
    codedb_memory_release(&got->tree.allocator, got->tree.tokens);
    codedb_memory_release(&got->tree.allocator, got->tree.line_starts);
    codedb_memory_release(&got->tree.allocator, got->tree.long_ends);
    free(got->source);
}

static void describe(const codedb_tree *tree, codedb_buffer *out)
{
    for (uint32_t i = 0; i < tree->token_count; i++) {
        const codedb_token *token = &tree->tokens[i];
        const char *kind = codedb_token_kind_text((codedb_token_kind)token->kind);
        uint32_t length = codedb_token_end(tree, i) - token->start;
        if (token->kind == CODEDB_TOKEN_ENDMARKER)
            break;
        if (i > 0)
            codedb_buffer_append_byte(out, ' ');
        if (kind[0] == '\'') {
            assert_int_equal(strlen(kind), length + 2);
            assert_memory_equal(kind + 1, tree->source + token->start, length);
        } else {
            codedb_buffer_append_text(out, kind);
            if (length == 0 || token->kind == CODEDB_TOKEN_NEWLINE)
                continue;
            codedb_buffer_append_byte(out, ':');
        }
        codedb_buffer_append(out, tree->source + token->start, length);
    }
}

static void check_tokens(const char *source, int version, const char *expected)
{
    lexed got = lex(source, version);
    codedb_buffer text;
    codedb_buffer_init(&text, NULL);
    describe(&got.tree, &text);
    if (!got.done || strcmp(text.data != NULL ? text.data : "", expected) != 0)
        fail_msg("%d: %s\n  got      %s%s\n  expected %s", version, source, text.data, got.done ? "" : got.error.message,
                 expected);
    codedb_buffer_free(&text);
    lexed_free(&got);
}

typedef struct accepted {
    int version;
    const char *source;
    const char *tokens;
} accepted;

static void check_all_tokens(const accepted *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_tokens(rows[i].source, rows[i].version, rows[i].tokens);
}
#define CHECK_TOKENS(rows) check_all_tokens((rows), sizeof(rows) / sizeof((rows)[0]))

static void check_error(const char *source, int version, uint32_t line, uint32_t column, const char *message)
{
    lexed got = lex(source, version);
    if (got.done)
        fail_msg("%d: accepted: %s", version, source);
    uint32_t at_line = 1;
    const char *start = got.tree.source + got.tree.text_start;
    for (const char *p = start; p < got.tree.source + got.error.offset; p++) {
        if (*p == '\n' || (*p == '\r' && p[1] != '\n')) {
            at_line++;
            start = p + 1;
        }
    }
    uint32_t at_column = (uint32_t)codedb_utf8_count(start, (size_t)(got.tree.source + got.error.offset - start));
    if (at_line != line || at_column != column || strstr(got.error.message, message) == NULL)
        fail_msg("%d: %s\n  got      %u:%u %s\n  expected %u:%u %s", version, source, at_line, at_column, got.error.message, line,
                 column, message);
    assert_true(got.error.offset + got.error.length <= got.tree.length + 1);
    lexed_free(&got);
}

/* ---- Tokens ---- */

static void keywords_and_names_are_told_apart(void **state)
{
    static const accepted rows[] = {
        {314, "if x: pass", "if name:x : pass newline"},
        {314, "False None True and as assert break class continue def del elif else except finally for from global",
         "False None True and as assert break class continue def del elif else except finally for from global newline"},
        {314, "if import in is lambda nonlocal not or pass raise return try while with yield async await",
         "if import in is lambda nonlocal not or pass raise return try while with yield async await newline"},
        {314, "match case type lazy _", "name:match name:case name:type name:lazy name:_ newline"},
        {314, "iff If I nonloca nonlocals continued",
         "name:iff name:If name:I name:nonloca name:nonlocals name:continued newline"},
        {314, "a23456789012345 a234567890123456 a2345678901234567",
         "name:a23456789012345 name:a234567890123456 name:a2345678901234567 newline"},
        {314, "\303\251t\303\251 x\302\267 \346\227\245\346\234\254 \360\235\224\230",
         "name:\303\251t\303\251 name:x\302\267 name:\346\227\245\346\234\254 name:\360\235\224\230 newline"},
        {314, "print exec", "name:print name:exec newline"},
    };
    (void)state;
    CHECK_TOKENS(rows);
}

static void operators_are_as_long_as_they_can_be(void **state)
{
    static const accepted rows[] = {
        {314, "a+b-c*d/e%f&g|h^i<j>k=l@m~n,o;p",
         "name:a + name:b - name:c * name:d / name:e % name:f & name:g | name:h ^ name:i < name:j > name:k = name:l @ name:m ~ "
         "name:n , "
         "name:o ; name:p newline"},
        {314, "+= -= *= /= %= &= |= ^= <= >= == @= != **= //= <<= >>= ** // << >> -> :=",
         "+= -= *= /= %= &= |= ^= <= >= == @= != **= //= <<= >>= ** // << >> -> := newline"},
        {314, "a<-b a--b a===b a=>b a<<<b a->>b",
         "name:a < - name:b name:a - - name:b name:a == = name:b name:a = > name:b "
         "name:a << < name:b name:a -> > name:b newline"},
        {314, "a. b ... .. .a", "name:a . name:b ... . . . name:a newline"},
        {314, "..... ", "... . . newline"},
        {314, "x!y", "name:x ! name:y newline"},
        {314, "{[()]}", "{ [ ( ) ] } newline"},
    };
    (void)state;
    CHECK_TOKENS(rows);
}

static void numbers_end_where_cpython_ends_them(void **state)
{
    static const accepted rows[] = {
        {314, "0 00 0_0 1_000 123", "number:0 number:00 number:0_0 number:1_000 number:123 newline"},
        {314, "0x1F 0X_a 0o17 0O_7 0b1 0B_1_0",
         "number:0x1F number:0X_a number:0o17 number:0O_7 number:0b1 number:0B_1_0 newline"},
        {314, "1. .5 1.5 1e5 1E-5 1.e+5 1_0.0_1e1_0",
         "number:1. number:.5 number:1.5 number:1e5 number:1E-5 number:1.e+5 number:1_0.0_1e1_0 newline"},
        {314, "1j 1.J 1e5j 09j 09.5 09e1", "number:1j number:1.J number:1e5j number:09j number:09.5 number:09e1 newline"},
        {314, "1if x else 2", "number:1 if name:x else number:2 newline"},
        {314, "0xfor x", "number:0xf or name:x newline"},
        {314, "1or 1and 1in 1is 1not 1else 1for",
         "number:1 or number:1 and number:1 in number:1 is number:1 not number:1 else number:1 for newline"},
        {314, "1..real 1 .real", "number:1. . name:real number:1 . name:real newline"},
        {314, "1\303\251", "number:1 name:\303\251 newline"},
        {309, "1as 1e", "number:1 as number:1 name:e newline"},
        {305, "1_000", "number:1 name:_000 newline"},
    };
    (void)state;
    CHECK_TOKENS(rows);
}

static void strings_have_prefixes_by_version(void **state)
{
    static const accepted rows[] = {
        {314, "'a' \"b\" '' \"\"", "string:'a' string:\"b\" string:'' string:\"\" newline"},
        {314, "u'' U'' r'' R'' b'' B'' br'' Rb'' rB''",
         "string:u'' string:U'' string:r'' string:R'' string:b'' string:B'' string:br'' string:Rb'' string:rB'' newline"},
        {314, "'''a'b''c\n'''", "string:'''a'b''c\n''' newline"},
        {314, "'\\'' r'\\'' '\\\\'", "string:'\\'' string:r'\\'' string:'\\\\' newline"},
        {314, "'a\\\nb' 'a\\\r\nb' 'a\\\rb'", "string:'a\\\nb' string:'a\\\r\nb' string:'a\\\rb' newline"},
        {314, "'tab\there, form\ffeed'", "string:'tab\there, form\ffeed' newline"},
        {314, "'0123456789abcdef0123456789abcdef'", "string:'0123456789abcdef0123456789abcdef' newline"},
        {314, "not'a'in'b'", "not string:'a' in string:'b' newline"},
    };
    static const accepted old[] = {
        {302, "u'' rb'' br''", "name:u string:'' name:rb string:'' string:br'' newline"},
        {303, "u'' rb''", "string:u'' string:rb'' newline"},
        {305, "f'{a}'", "name:f string:'{a}' newline"},
        {313, "t'{a}' ub'' bf''", "name:t string:'{a}' name:ub string:'' name:bf string:'' newline"},
    };
    (void)state;
    CHECK_TOKENS(rows);
    CHECK_TOKENS(old);
}

static void fstrings_are_parts(void **state)
{
    static const accepted rows[] = {
        {314, "f''", "f-string:f' end of f-string:' newline"},
        {314, "f'abc'", "f-string:f' f-string text:abc end of f-string:' newline"},
        {314, "F'{a}' rf'{a}' fR'''{a}'''",
         "f-string:F' { name:a } end of f-string:' f-string:rf' { name:a } end of f-string:' "
         "f-string:fR''' { name:a } end of f-string:''' newline"},
        {314, "f'a{{b}}c{d}}}e'", "f-string:f' f-string text:a{{b}}c { name:d } f-string text:}}e end of f-string:' newline"},
        {314, "f'{a!r:>{w}.{p}}x'",
         "f-string:f' { name:a ! name:r : f-string text:> { name:w } f-string text:. { name:p } } "
         "f-string text:x end of f-string:' newline"},
        {314, "f'{a:{b:{c}}}'", "f-string:f' { name:a : { name:b : { name:c } } } end of f-string:' newline"},
        {314, "f'{a=}{b = !r}'", "f-string:f' { name:a = } { name:b = ! name:r } end of f-string:' newline"},
        {314, "f'{a!=b}{c:=5}{(d:=5)}'",
         "f-string:f' { name:a != name:b } { name:c : f-string text:=5 } { ( name:d := number:5 ) } end of f-string:' newline"},
        {314, "f'{a[1:2]}{lambda x: 1}'",
         "f-string:f' { name:a [ number:1 : number:2 ] } { lambda name:x : f-string text: 1 } end of f-string:' newline"},
        {314, "f'{ {1: 2}[1] }'", "f-string:f' { { number:1 : number:2 } [ number:1 ] } end of f-string:' newline"},
        {314, "f'{a:{{b}}}'", "f-string:f' { name:a : { { name:b } } } end of f-string:' newline"},
        {314, "f'\\N{DIGIT ONE}{a:\\N{DIGIT ONE}}'",
         "f-string:f' f-string text:\\N{DIGIT ONE} { name:a : f-string text:\\N{DIGIT ONE} } end of f-string:' newline"},
        {314, "f'\\N{a{{b}}'", "f-string:f' f-string text:\\N{a{{b}} end of f-string:' newline"},
        {314, "rf'\\N{a}\\'{b}'",
         "f-string:rf' f-string text:\\N { name:a } f-string text:\\' { name:b } end of f-string:' newline"},
        {314, "f'\\{a}\\'\\\n{b}'",
         "f-string:f' f-string text:\\ { name:a } f-string text:\\'\\\n { name:b } end of f-string:' newline"},
        {314, "f'{d['k']}{f'{f'{1}'}'}'",
         "f-string:f' { name:d [ string:'k' ] } { f-string:f' { f-string:f' { number:1 } end of f-string:' } end of f-string:' } "
         "end of f-string:' newline"},
        {314, "f'{a # c }\n}'", "f-string:f' { name:a } end of f-string:' newline"},
        {314, "f'{\n'\\n'\n}'", "f-string:f' { string:'\\n' } end of f-string:' newline"},
        {314, "f'''a'b''{c}\n''d'''",
         "f-string:f''' f-string text:a'b'' { name:c } f-string text:\n''d end of f-string:''' newline"},
        {314, "f'''{a:\n}'''", "f-string:f''' { name:a : f-string text:\n } end of f-string:''' newline"},
        {313, "f'{a:x\n}'", "f-string:f' { name:a : f-string text:x } end of f-string:' newline"},
        {312, "f'{a:{b}\n}'", "f-string:f' { name:a : { name:b } } end of f-string:' newline"},
        {312, "f'{a:{b}x\n{c}\n}'", "f-string:f' { name:a : { name:b } f-string text:x { name:c } } end of f-string:' newline"},
        {314, "t'a{b}' tr'' Rt'{c}'",
         "t-string:t' f-string text:a { name:b } end of f-string:' t-string:tr' end of f-string:' "
         "t-string:Rt' { name:c } end of f-string:' newline"},
        {311, "f'{a[\"b\"]!r:{w}}'", "f-string:f' { name:a [ string:\"b\" ] ! name:r : { name:w } } end of f-string:' newline"},
        {311, "f'''{a['b']\n}{f\"{c}\"}'''",
         "f-string:f''' { name:a [ string:'b' ] } { f-string:f\" { name:c } end of f-string:\" } end of f-string:''' newline"},
        {311, "f'{\"#\"}'", "f-string:f' { string:\"#\" } end of f-string:' newline"},
    };
    (void)state;
    CHECK_TOKENS(rows);
}

static void blocks_open_and_close(void **state)
{
    static const accepted rows[] = {
        {314, "if 1:\n  a\n  b\nc", "if number:1 : newline indent name:a newline name:b newline dedent name:c newline"},
        {314, "if 1:\n  if 2:\n    a", "if number:1 : newline indent if number:2 : newline indent name:a newline dedent dedent"},
        {314, "if 1:\n  if 2:\n    a\nb\n",
         "if number:1 : newline indent if number:2 : newline indent name:a newline dedent dedent "
         "name:b newline"},
        {314, "if 1:\n\ta\n\tb\n", "if number:1 : newline indent name:a newline name:b newline dedent"},
        {314, "if 1:\n \ta\n \tb\n", "if number:1 : newline indent name:a newline name:b newline dedent"},
        {314, "if 1:\n                    a\n                    b",
         "if number:1 : newline indent name:a newline name:b newline dedent"},
        {314, "\fa\n  \fb", "name:a newline name:b newline"},
        {314, "if 1:\n  \f  a\n  b", "if number:1 : newline indent name:a newline name:b newline dedent"},
        {314, "if 1:\n  a\n\n# c\n      # d\n \t\n  b", "if number:1 : newline indent name:a newline name:b newline dedent"},
        {314, "if 1:\n  a\n  \\\n    b\n", "if number:1 : newline indent name:a newline name:b newline dedent"},
        {314, "\\\n  a", "indent name:a newline dedent"},
        {309, "\\\n  a", "name:a newline"},
        {314, "  a", "indent name:a newline dedent"},
        {314, "(\n    a,\n  # c\n\n  b)\n", "( name:a , name:b ) newline"},
        {314, "a = [  # c\n                         1]", "name:a = [ number:1 ] newline"},
    };
    (void)state;
    CHECK_TOKENS(rows);
}

static void lines_end_in_three_ways(void **state)
{
    static const accepted rows[] = {
        {314, "", ""},
        {314, "\n\n", ""},
        {314, "   ", ""},
        {314, "\t\n", ""},
        {314, "# c", ""},
        {314, "# c\n  # d\r\n", ""},
        {314, "a\nb\r\nc\rd", "name:a newline name:b newline name:c newline name:d newline"},
        {314, "a # c\rb # tab\there", "name:a newline name:b newline"},
        {314, "a \\\n+ b \\\r\n+ c \\\r+ d", "name:a + name:b + name:c + name:d newline"},
        {314, "if 1:\r  a\r\rb", "if number:1 : newline indent name:a newline dedent name:b newline"},
        {314, "a; b;", "name:a ; name:b ; newline"},
        {307, "a\\\n", "name:a newline"},
        {307, "a\\", "name:a newline"},
    };
    (void)state;
    CHECK_TOKENS(rows);
}

static void async_was_a_name_outside_async_def(void **state)
{
    static const accepted rows[] = {
        {307, "async await", "async await newline"},
        {304, "async def await", "name:async def name:await newline"},
        {306, "async = await", "name:async = name:await newline"},
        {305, "async  def f(): await x\nawait", "async def name:f ( ) : await name:x newline name:await newline"},
        {306, "async def f():\n  await x\n\n  async for\nasync",
         "async def name:f ( ) : newline indent await name:x newline async for "
         "newline dedent name:async newline"},
        {306, "async define", "name:async name:define newline"},
        {306, "def f():\n  async def g(): await\n  await",
         "def name:f ( ) : newline indent async def name:g ( ) : await newline name:await "
         "newline dedent"},
    };
    (void)state;
    CHECK_TOKENS(rows);
}

static void operators_came_with_versions(void **state)
{
    static const accepted rows[] = {
        {307, "a := b", "name:a : = name:b newline"},
        {308, "a := b", "name:a := name:b newline"},
        {304, "a @= b", "name:a @ = name:b newline"},
        {305, "a @= b", "name:a @= name:b newline"},
    };
    (void)state;
    CHECK_TOKENS(rows);
}

static void a_bom_is_no_part_of_the_text(void **state)
{
    (void)state;
    lexed got = lex("\xEF\xBB\xBFif a:\n  b", 314);
    assert_true(got.done);
    assert_int_equal(got.tree.text_start, 3);
    assert_true(got.tree.ascii);
    assert_int_equal(got.tree.line_count, 2);
    assert_int_equal(got.tree.line_starts[0], 3);
    assert_int_equal(got.tree.line_starts[1], 9);
    assert_int_equal(got.tree.tokens[0].kind, CODEDB_TOKEN_KEYWORD_IF);
    assert_int_equal(got.tree.tokens[0].start, 3);
    lexed_free(&got);
    check_error("\xEF\xBB\xBF$", 314, 1, 0, "unexpected character");
    check_error("\xEF\xBB\xBF\xEF\xBB\xBF", 314, 1, 0, "invalid non-printable character U+FEFF");
}

static void newline_indent_and_dedent_stand_where_the_header_says(void **state)
{
    static const struct {
        codedb_token_kind kind;
        uint32_t start;
        uint32_t end;
    } expected[] = {
        {CODEDB_TOKEN_NAME, 0, 1},        {CODEDB_TOKEN_COLON, 1, 2},  {CODEDB_TOKEN_NEWLINE, 6, 8},
        {CODEDB_TOKEN_INDENT, 13, 13},    {CODEDB_TOKEN_NAME, 13, 14}, {CODEDB_TOKEN_NEWLINE, 14, 15},
        {CODEDB_TOKEN_DEDENT, 16, 16},    {CODEDB_TOKEN_NAME, 16, 17}, {CODEDB_TOKEN_NEWLINE, 21, 21},
        {CODEDB_TOKEN_ENDMARKER, 21, 21},
    };
    (void)state;
    lexed got = lex("a: # c\r\n#\n   b\n\nc # d", 314);
    assert_true(got.done);
    assert_int_equal(got.tree.token_count, sizeof(expected) / sizeof(expected[0]));
    for (uint32_t i = 0; i < got.tree.token_count; i++) {
        assert_int_equal(got.tree.tokens[i].kind, expected[i].kind);
        assert_int_equal(got.tree.tokens[i].start, expected[i].start);
        assert_int_equal(codedb_token_end(&got.tree, i), expected[i].end);
    }
    lexed_free(&got);
}

static void line_starts_are_found_everywhere(void **state)
{
    (void)state;
    lexed got = lex("a\n'''\n\n\r\n''' # \n                        \n\r\xC3\xA9", 314);
    assert_true(got.done);
    assert_false(got.tree.ascii);
    uint32_t count = 1;
    assert_int_equal(got.tree.line_starts[0], 0);
    for (uint32_t i = 0; i < got.tree.length; i++) {
        char byte = got.source[i];
        if (byte == '\n' || (byte == '\r' && got.source[i + 1] != '\n')) {
            assert_true(count < got.tree.line_count);
            assert_int_equal(got.tree.line_starts[count++], i + 1);
        }
    }
    assert_int_equal(got.tree.line_count, count);
    lexed_free(&got);
}

/* ---- Errors ---- */

typedef struct rejected {
    const char *source;
    uint32_t line;
    uint32_t column;
    const char *message;
} rejected;

static void check_all_errors(const rejected *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_error(rows[i].source, 313, rows[i].line, rows[i].column, rows[i].message);
}
#define CHECK_ERRORS(rows) check_all_errors((rows), sizeof(rows) / sizeof((rows)[0]))

static void unterminated_strings_are_reported_at_their_start(void **state)
{
    static const rejected rows[] = {
        {"\"abc", 1, 0, "unterminated string literal (detected at line 1)"},
        {"\"\"\"abc", 1, 0, "unterminated triple-quoted string literal (detected at line 1)"},
        {"'a\\'", 1, 0, "unterminated string literal (detected at line 1); perhaps you escaped the end quote?"},
        {"x = \"\"\"\n\\", 1, 4, "unterminated triple-quoted string literal (detected at line 2)"},
        {"\"a\" \"b", 1, 4, "unterminated string literal (detected at line 1)"},
        {"'''\\'''", 1, 0, "unterminated triple-quoted string literal (detected at line 1)"},
        {"\"\"\" \"", 1, 0, "unterminated triple-quoted string literal (detected at line 1)"},
        {"\"a\\", 1, 0, "unterminated string literal (detected at line 1)"},
        {"\"a\\\n", 1, 0, "unterminated string literal (detected at line 1)"},
        {"'a\n", 1, 0, "unterminated string literal (detected at line 1)"},
        {"'''a\n", 1, 0, "unterminated triple-quoted string literal (detected at line 1)"},
        {"\"\"\"a\n\n\"\"\"\n\"b", 4, 0, "unterminated string literal (detected at line 4)"},
        {"x = \"\"\"a\nb\nc\" \"\"", 1, 4, "unterminated triple-quoted string literal (detected at line 3)"},
        {"\"a\" f\"{b}\" \"c", 1, 11, "unterminated string literal (detected at line 1)"},
        {"\"a\rb\"", 1, 0, "unterminated string literal (detected at line 1)"},
    };
    (void)state;
    CHECK_ERRORS(rows);
}

static void malformed_numbers_are_reported_at_the_digit(void **state)
{
    static const rejected rows[] = {
        {"1__0", 1, 1, "invalid decimal literal"},
        {"1_", 1, 1, "invalid decimal literal"},
        {"0_7", 1, 0, "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers"},
        {"0o8", 1, 2, "invalid digit '8' in octal literal"},
        {"0x", 1, 1, "invalid hexadecimal literal"},
        {"0xg", 1, 1, "invalid hexadecimal literal"},
        {"1a", 1, 0, "invalid decimal literal"},
        {"1e", 1, 0, "invalid decimal literal"},
        {"1e5x", 1, 2, "invalid decimal literal"},
        {"1.5a", 1, 2, "invalid decimal literal"},
        {"1jx", 1, 1, "invalid imaginary literal"},
        {"0b2", 1, 2, "invalid digit '2' in binary literal"},
        {"0b12", 1, 3, "invalid digit '2' in binary literal"},
        {"0b", 1, 1, "invalid binary literal"},
        {"0o", 1, 1, "invalid octal literal"},
        {"00a", 1, 1, "invalid decimal literal"},
        {"1.e", 1, 1, "invalid decimal literal"},
        {"1as x", 1, 0, "invalid decimal literal"},
        {"1_0.5_", 1, 5, "invalid decimal literal"},
        {"1._5", 1, 1, "invalid decimal literal"},
        {"0xfg", 1, 2, "invalid hexadecimal literal"},
        {"0_", 1, 1, "invalid decimal literal"},
        {"0b1_", 1, 3, "invalid binary literal"},
        {"1.5_e", 1, 3, "invalid decimal literal"},
        {"1e+", 1, 2, "invalid decimal literal"},
        {"1e-x", 1, 2, "invalid decimal literal"},
        {"1e1_", 1, 3, "invalid decimal literal"},
        {"1__0.5", 1, 1, "invalid decimal literal"},
        {"0_0_7", 1, 0, "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers"},
        {"0x_", 1, 2, "invalid hexadecimal literal"},
        {"0x1__2", 1, 3, "invalid hexadecimal literal"},
        {"0o17_8", 1, 5, "invalid digit '8' in octal literal"},
        {"1._0", 1, 1, "invalid decimal literal"},
        {".5_", 1, 2, "invalid decimal literal"},
        {".5x", 1, 1, "invalid decimal literal"},
        {"1j2", 1, 1, "invalid imaginary literal"},
        {"012e", 1, 2, "invalid decimal literal"},
        {"08", 1, 0, "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers"},
        {"0777L", 1, 0, "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers"},
        {"1_000l", 1, 4, "invalid decimal literal"},
        {"1l", 1, 0, "invalid decimal literal"},
        {"5d", 1, 0, "invalid decimal literal"},
        {"1.real", 1, 1, "invalid decimal literal"},
    };
    (void)state;
    CHECK_ERRORS(rows);
}

static void brackets_have_to_match(void **state)
{
    static const rejected rows[] = {
        {"(a\n", 1, 0, "'(' was never closed"},
        {"(a b\n", 1, 0, "'(' was never closed"},
        {"f(a,\nb c\n", 1, 1, "'(' was never closed"},
        {"(]", 1, 1, "closing parenthesis ']' does not match opening parenthesis '('"},
        {"(\n]", 2, 0, "closing parenthesis ']' does not match opening parenthesis '(' on line 1"},
        {")", 1, 0, "unmatched ')'"},
        {"if 1:\n  (\n", 2, 2, "'(' was never closed"},
        {"x = (1,\n 2", 1, 4, "'(' was never closed"},
        {"x = [1,\n 2)", 2, 2, "closing parenthesis ')' does not match opening parenthesis '[' on line 1"},
        {"x = {1: [2}", 1, 10, "closing parenthesis '}' does not match opening parenthesis '['"},
        {"((((", 1, 3, "'(' was never closed"},
        {"f((1)", 1, 1, "'(' was never closed"},
        {"))", 1, 0, "unmatched ')'"},
        {"x = 1)\n", 1, 5, "unmatched ')'"},
        {"(\\\n", 1, 0, "'(' was never closed"},
        {"(\\", 1, 0, "'(' was never closed"},
    };
    (void)state;
    CHECK_ERRORS(rows);
}

static void what_is_wrong_in_an_fstring_is_said(void **state)
{
    static const rejected rows[] = {
        {"f\"{a", 1, 2, "'{' was never closed"},
        {"f\"{a\"", 1, 4, "f-string: expecting '}'"},
        {"f\"{a:", 1, 2, "'{' was never closed"},
        {"f\"{a:\"", 1, 5, "f-string: expecting '}', or format specs"},
        {"f\"{a:b\"", 1, 6, "f-string: expecting '}', or format specs"},
        {"f\"}\"", 1, 2, "f-string: single '}' is not allowed"},
        {"f\"{a)}\"", 1, 4, "f-string: unmatched ')'"},
        {"f\"{(a}\"", 1, 5, "closing parenthesis '}' does not match opening parenthesis '('"},
        {"f\"{a:{b:{c:{d}}}}\"", 1, 10, "f-string: expressions nested too deeply"},
        {"f\"{'a'", 1, 2, "'{' was never closed"},
        {"f'{'a", 1, 3, "f-string: expecting '}'"},
        {"f\"{a[b}\"", 1, 6, "closing parenthesis '}' does not match opening parenthesis '['"},
        {"f\"{#}\"", 1, 2, "'{' was never closed"},
        {"f\"{a#}\"\n", 1, 2, "'{' was never closed"},
        {"f\"a{b}c", 1, 0, "unterminated f-string literal (detected at line 1)"},
        {"f\"\"\"a{b}c", 1, 0, "unterminated triple-quoted f-string literal (detected at line 1)"},
        {"f'''{\na}''' '", 2, 6, "unterminated string literal (detected at line 2)"},
        {"f'{a' ", 1, 4, "f-string: expecting '}'"},
        {"f'{a\n' ", 2, 0, "f-string: expecting '}'"},
        {"f\"{{a}\"", 1, 5, "f-string: single '}' is not allowed"},
        {"f\"{a}}\"", 1, 5, "f-string: single '}' is not allowed"},
        {"f\"{a:}}\"", 1, 6, "f-string: single '}' is not allowed"},
        {"f\"a\nb\"", 1, 0, "unterminated f-string literal (detected at line 1)"},
        {"f\"{a}\" f\"{b", 1, 9, "'{' was never closed"},
        {"f\"{a:{b}}}\"", 1, 9, "f-string: single '}' is not allowed"},
        {"f\"{(}\"", 1, 4, "closing parenthesis '}' does not match opening parenthesis '('"},
        {"f\"{)}\"", 1, 3, "f-string: unmatched ')'"},
        {"f\"{]}\"", 1, 3, "f-string: unmatched ']'"},
        {"f\"{a]}\"", 1, 4, "f-string: unmatched ']'"},
        {"f\"{{)}\"", 1, 5, "f-string: single '}' is not allowed"},
        {"f\"{a(]}\"", 1, 5, "closing parenthesis ']' does not match opening parenthesis '('"},
        {"f\"{a\n", 1, 2, "'{' was never closed"},
        {"f\"{a\nb", 1, 2, "'{' was never closed"},
        {"f\"\"\"{a", 1, 4, "'{' was never closed"},
        {"f\"\"\"{a:", 1, 0, "unterminated triple-quoted f-string literal (detected at line 1)"},
        {"f\"{'", 1, 3, "unterminated string literal (detected at line 1)"},
        {"f\"{'''", 1, 3, "unterminated triple-quoted string literal (detected at line 1)"},
        {"f\"{\"", 1, 3, "f-string: expecting '}'"},
        {"f\"{f\"", 1, 3, "unterminated f-string literal (detected at line 1)"},
        {"f'{\"'", 1, 3, "unterminated string literal (detected at line 1)"},
        {"f'{\"a}'", 1, 3, "unterminated string literal (detected at line 1)"},
        {"f\"{a!\"", 1, 5, "f-string: expecting '}'"},
        {"f\"{a!r\"", 1, 5, "f-string: expecting '}'"},
        {"f\"{a=", 1, 2, "'{' was never closed"},
        {"f\"{a=\"", 1, 5, "f-string: expecting '}'"},
    };
    (void)state;
    CHECK_ERRORS(rows);
}

static void indentation_and_continuation_have_rules(void **state)
{
    static const rejected rows[] = {
        {"x\\", 1, 2, "unexpected end of file after a line continuation character"},
        {"x\\\n", 1, 2, "unexpected end of file after a line continuation character"},
        {"x \\ y\n", 1, 3, "unexpected character after line continuation character"},
        {"if 1:\n    a\n  b\n", 3, 3, "unindent does not match any outer indentation level"},
        {"if 1:\n\ta\n        b\n", 3, 0, "inconsistent use of tabs and spaces in indentation"},
        {"if 1:\n        a\n\tb\n", 3, 0, "inconsistent use of tabs and spaces in indentation"},
        {"  \\\n", 1, 3, "unexpected end of file after a line continuation character"},
        {"a \\\n", 1, 3, "unexpected end of file after a line continuation character"},
        {"if 1:\n \tx\n\ty\n", 3, 0, "inconsistent use of tabs and spaces in indentation"},
        {"if 1:\n  x\n \ty\n", 3, 0, "inconsistent use of tabs and spaces in indentation"},
        {"if 1:\n    if 1:\n        x\n      y", 4, 7, "unindent does not match any outer indentation level"},
        {"a \\ \n", 1, 3, "unexpected character after line continuation character"},
        {"a \\# c\n", 1, 3, "unexpected character after line continuation character"},
        {"\\", 1, 1, "unexpected end of file after a line continuation character"},
        {"\\\n", 1, 1, "unexpected end of file after a line continuation character"},
        {"if 1:\n  x\\\n", 2, 4, "unexpected end of file after a line continuation character"},
    };
    (void)state;
    CHECK_ERRORS(rows);
}

static void characters_that_begin_nothing_are_named(void **state)
{
    static const rejected rows[] = {
        {"$", 1, 0, "unexpected character '$'"},
        {"a ? b", 1, 2, "unexpected character '?'"},
        {"a <> b", 1, 2, "'<>' is no operator of Python 3: expected '!='"},
        {"a\001b", 1, 1, "invalid non-printable character U+0001"},
        {"a\302\240b", 1, 1, "invalid non-printable character U+00A0"},
        {"\303\251\342\202\254", 1, 1, "invalid character '\342\202\254' (U+20AC)"},
        {"\342\202\254", 1, 0, "invalid character '\342\202\254' (U+20AC)"},
        {"`a`", 1, 0, "unexpected character '`'"},
        {"\302\267x", 1, 0, "invalid character '\302\267' (U+00B7)"},
        {"a\342\200\213b", 1, 1, "invalid non-printable character U+200B"},
        {"x\357\273\277", 1, 1, "invalid non-printable character U+FEFF"},
        {"x = \342\200\234hello\342\200\235", 1, 4, "invalid character '\342\200\234' (U+201C)"},
        {"a<>b", 1, 1, "'<>' is no operator of Python 3: expected '!='"},
        {"$x", 1, 0, "unexpected character '$'"},
        {"?", 1, 0, "unexpected character '?'"},
        {"a`", 1, 1, "unexpected character '`'"},
        {"\177", 1, 0, "invalid non-printable character U+007F"},
        {"\032", 1, 0, "invalid non-printable character U+001A"},
        {"\013", 1, 0, "invalid non-printable character U+000B"},
        {"x = \010", 1, 4, "invalid non-printable character U+0008"},
    };
    (void)state;
    CHECK_ERRORS(rows);
}

static void older_and_newer_versions_reject_what_they_lack(void **state)
{
    static const struct {
        int version;
        rejected row;
    } rows[] = {
        {314, {"f'{a:x\n}'", 1, 6, "f-string: newlines are not allowed in format specifiers for single quoted f-strings"}},
        {313, {"f'{a:{b}\n}'", 1, 0, "unterminated f-string literal"}},
        {313, {"f'\\N{{{a}'", 1, 8, "f-string: single '}' is not allowed"}},
        {314, {"f'{a:{b}\n}'", 1, 0, "unterminated f-string literal"}},
        {314, {"t'{a:\n}'", 1, 5, "t-string: newlines are not allowed"}},
        {314, {"t'}'", 1, 2, "t-string: single '}' is not allowed"}},
        {314, {"t'a", 1, 0, "unterminated t-string literal"}},
        {314, {"x = ub''", 1, 4, "string prefixes 'ub' are incompatible"}},
        {314, {"fbt''", 1, 0, "string prefixes 'fbt' are incompatible"}},
        {311, {"f'{a['b']}'", 1, 5, "f-string: expecting '}'"}},
        {311, {"f'{f'{a}'}'", 1, 3, "f-string: expecting '}'"}},
        {311, {"f'{a\n}'", 1, 0, "unterminated string literal"}},
        {311, {"f'''{'''a'''}'''", 1, 5, "f-string: expecting '}'"}},
        {311, {"f'{\"\\n\"}'", 1, 3, "cannot include a backslash"}},
        {311, {"f'{a\\\n}'", 1, 4, "cannot include a backslash"}},
        {311, {"f'''{a # c\n}'''", 1, 7, "cannot include '#'"}},
        {311, {"f'{a:{b:{c}}}'", 1, 7, "expressions nested too deeply"}},
        {311, {"f'{(}'", 1, 4, "closing parenthesis '}' does not match"}},
        {308, {"x\\\n", 1, 2, "unexpected end of file"}},
        {308, {"1e+", 1, 2, "invalid decimal literal"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_error(rows[i].row.source, rows[i].version, rows[i].row.line, rows[i].row.column, rows[i].row.message);
}

static void nuls_and_bad_utf8_are_no_source(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        uint32_t offset;
        const char *message;
    } rows[] = {
        {"a\0b", 3, 1, "null bytes"},
        {"'\0'", 3, 1, "null bytes"},
        {"# \0", 3, 2, "null bytes"},
        {"\0", 1, 0, "null bytes"},
        {"a = '\xFF'", 7, 5, "byte 0xFF is not valid UTF-8"},
        {"\xC3", 1, 0, "byte 0xC3 is not valid UTF-8"},
        {"# \xE2\x82", 4, 2, "byte 0xE2 is not valid UTF-8"},
        {"x\xF0\x90\x80", 4, 1, "byte 0xF0 is not valid UTF-8"},
        {"\xED\xA0\x80", 3, 0, "byte 0xED is not valid UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        lexed got = lex_with(NULL, rows[i].bytes, rows[i].length, 314);
        assert_false(got.done);
        assert_int_equal(got.error.offset, rows[i].offset);
        assert_contains(got.error.message, rows[i].message);
        lexed_free(&got);
    }
}

static char *repeated(const char *before, const char *part, int count, const char *after)
{
    size_t size = strlen(before) + strlen(part) * (size_t)count + strlen(after) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    strcpy(text, before);
    for (int i = 0; i < count; i++)
        strcat(text, part);
    strcat(text, after);
    return text;
}

/* `levels` blocks in one another. */
static codedb_buffer nested_blocks(int levels)
{
    codedb_buffer text;
    codedb_buffer_init(&text, NULL);
    for (int level = 0; level <= levels; level++) {
        for (int i = 0; i < level; i++)
            codedb_buffer_append_byte(&text, ' ');
        codedb_buffer_append_text(&text, level < levels ? "if 1:\n" : "a\n");
    }
    return text;
}

static void nesting_has_cpythons_limits(void **state)
{
    static const struct {
        const char *before, *part;
        int count;
        uint32_t column; /* of the error, 0 when there is none */
        const char *message;
    } rows[] = {
        {"", "(", 200, 0, NULL},
        {"", "(", 201, 200, "too many nested parentheses"},
        {"", "f'{", 148, 0, NULL},
        {"", "f'{", 149, 148 * 3 + 1, "too many nested f-strings"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = repeated(rows[i].before, rows[i].part, rows[i].count, "");
        lexed got = lex(text, 314);
        assert_false(got.done);
        assert_contains(got.error.message, rows[i].message != NULL ? rows[i].message : "was never closed");
        if (rows[i].message != NULL)
            assert_int_equal(got.error.offset, rows[i].column);
        lexed_free(&got);
        free(text);
    }
    codedb_buffer deep = nested_blocks(99);
    lexed got = lex(deep.data, 314);
    assert_true(got.done);
    lexed_free(&got);
    codedb_buffer_free(&deep);
    deep = nested_blocks(100);
    check_error(deep.data, 314, 101, 0, "too many levels of indentation");
    codedb_buffer_free(&deep);
}

/* ---- Which error comes first ---- */

static void some_errors_yield_to_an_earlier_one_of_the_parser(void **state)
{
    static const struct {
        const char *source;
        uint32_t parsing; /* where the parser found its error */
        uint32_t reached; /* the last token that it looked at */
        bool yields;
    } rows[] = {
        {"a b\n1__0", 2, 2, false},         /* an error of a token comes first */
        {"a b\n$", 2, 2, true},             /* CPython's parser meets it as a token */
        {"a $", 2, 2, false},               /* it is the error */
        {"if 1:\n  a b\n c", 10, 10, true}, /* an indentation is looked at when its line's turn comes */
        {"(a b c\n", 3, 5, true},           /* a bracket yields on its own line, */
        {"(a\nb c d\n", 5, 7, false},       /* takes the blame for later ones, */
        {"(a b\nc", 3, 5, false},           /* and for what is noticed there */
        {"(a b", 3, 4, false},              /* or at the end */
        {"a b\nf'{1__0}'", 2, 2, true},     /* what is wrong in an f-string waits */
        {"f'''{a\n b", 8, 8, true},         /* what is wrong in a field counts, */
        {"f'''{a\n b", 8, 9, false},        /* unless its end was noticed */
        {"f'''{a\n b}", 8, 8, true},
        {"f'''{a\n b}", 10, 10, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        lexed got = lex(rows[i].source, 313);
        codedb_syntax_error parsing = {.offset = rows[i].parsing, .reached = rows[i].reached};
        assert_false(got.done);
        assert_int_equal(got.tree.tokens[got.tree.token_count - 1].kind, CODEDB_TOKEN_ENDMARKER);
        if (codedb_lex_error_yields(&got.tree, &got.error, &parsing) != rows[i].yields)
            fail_msg("%s", rows[i].source);
        lexed_free(&got);
    }
}

/* ---- Size and memory ---- */

static void tokens_beyond_16_megabytes_have_an_end(void **state)
{
    enum { LONG = 17 << 20 };
    (void)state;
    char *text = malloc(3 * (size_t)LONG);
    assert_non_null(text);
    memset(text, 'a', 3 * (size_t)LONG);
    memcpy(text, "'''", 3);
    memcpy(text + LONG - 3, "'''\n", 4);
    memcpy(text + 2 * LONG, "+f'", 3);
    memcpy(text + 3 * LONG - 1, "'", 1);
    lexed got = lex_with(NULL, text, 3 * (size_t)LONG, 314);
    assert_true(got.done);
    assert_int_equal(got.tree.token_count, 9);
    assert_int_equal(got.tree.long_count, 3);
    assert_int_equal(codedb_token_end(&got.tree, 0), LONG);
    assert_int_equal(codedb_token_end(&got.tree, 1), LONG + 1);
    assert_int_equal(codedb_token_end(&got.tree, 2), 2 * LONG);
    assert_int_equal(codedb_token_end(&got.tree, 5), 3 * LONG - 1);
    assert_int_equal(codedb_token_end(&got.tree, 6), 3 * LONG);
    lexed_free(&got);
    free(text);
}

static void every_failed_allocation_is_reported(void **state)
{
    enum { LONG = 17 << 20 };
    support_failing failing;
    (void)state;
    char *text = malloc(LONG);
    assert_non_null(text);
    memset(text, 'a', LONG);
    memset(text, ';', 1 << 19);
    memset(text + (1 << 19), '\n', 1000);
    for (size_t which = 0; which < 2; which++) {
        for (long n = 0; support_failing_start(&failing, n); n++) {
            lexed got = lex_with(&failing.allocator, text, which == 0 ? 1 << 16 : LONG, 314);
            assert_int_equal(got.error.no_memory, !got.done);
            lexed_free(&got);
            support_failing_check(&failing, got.done ? CODEDB_SUCCESS : CODEDB_NO_MEMORY);
        }
    }
    free(text);
}

/* ---- Unicode ---- */

static bool starts(uint32_t code_point, int version)
{
    return codedb_unicode_starts_identifier(code_point, version);
}

static bool continues(uint32_t code_point, int version)
{
    return codedb_unicode_continues_identifier(code_point, version);
}

static void identifiers_follow_unicode(void **state)
{
    static const uint32_t both[] = {0xAA, 0xE9, 0x3B1, 0x2118, 0x65E5, 0xFF21, 0x10400, 0x1D518, 0x20000, 0x2F800};
    static const uint32_t behind[] = {0xB7, 0x300, 0x387, 0x660, 0x203F, 0xFE33, 0xE0100};
    static const uint32_t neither[] = {0x80, 0xA0, 0xB2, 0xD7, 0x20AC, 0x2028, 0x3000, 0xFEFF, 0xFFFF, 0x1F600, 0x10FFFF};
    (void)state;
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
        assert_true(starts(both[i], 306) && continues(both[i], 300));
    for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
        assert_true(!starts(behind[i], 315) && continues(behind[i], 306));
    for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++)
        assert_true(!starts(neither[i], 315) && !continues(neither[i], 315));
}

/* Characters and the first version with a Unicode that has them in identifiers. */
static void identifiers_follow_the_unicode_of_their_version(void **state)
{
    static const struct {
        uint32_t code_point;
        int since;
    } begin[] = {{0x5EF, 307},   {0xE86, 308},   {0x8BE, 309},  {0x870, 311},
                 {0x1123F, 312}, {0x2EBF0, 313}, {0x1C89, 314}, {0xA7CE, 315}},
      go_on[] = {{0x200C, 313}, {0x30FB, 313}, {0x10D40, 314}};
    (void)state;
    for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
        assert_false(starts(begin[i].code_point, begin[i].since - 1) || continues(begin[i].code_point, begin[i].since - 1));
        assert_true(starts(begin[i].code_point, begin[i].since) && continues(begin[i].code_point, begin[i].since));
    }
    for (size_t i = 0; i < sizeof(go_on) / sizeof(go_on[0]); i++) {
        assert_false(continues(go_on[i].code_point, go_on[i].since - 1) || starts(go_on[i].code_point, 315));
        assert_true(continues(go_on[i].code_point, go_on[i].since));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keywords_and_names_are_told_apart),
        cmocka_unit_test(operators_are_as_long_as_they_can_be),
        cmocka_unit_test(numbers_end_where_cpython_ends_them),
        cmocka_unit_test(strings_have_prefixes_by_version),
        cmocka_unit_test(fstrings_are_parts),
        cmocka_unit_test(blocks_open_and_close),
        cmocka_unit_test(lines_end_in_three_ways),
        cmocka_unit_test(async_was_a_name_outside_async_def),
        cmocka_unit_test(operators_came_with_versions),
        cmocka_unit_test(a_bom_is_no_part_of_the_text),
        cmocka_unit_test(newline_indent_and_dedent_stand_where_the_header_says),
        cmocka_unit_test(line_starts_are_found_everywhere),
        cmocka_unit_test(unterminated_strings_are_reported_at_their_start),
        cmocka_unit_test(malformed_numbers_are_reported_at_the_digit),
        cmocka_unit_test(brackets_have_to_match),
        cmocka_unit_test(what_is_wrong_in_an_fstring_is_said),
        cmocka_unit_test(indentation_and_continuation_have_rules),
        cmocka_unit_test(characters_that_begin_nothing_are_named),
        cmocka_unit_test(older_and_newer_versions_reject_what_they_lack),
        cmocka_unit_test(nuls_and_bad_utf8_are_no_source),
        cmocka_unit_test(nesting_has_cpythons_limits),
        cmocka_unit_test(some_errors_yield_to_an_earlier_one_of_the_parser),
        cmocka_unit_test(tokens_beyond_16_megabytes_have_an_end),
        cmocka_unit_test(every_failed_allocation_is_reported),
        cmocka_unit_test(identifiers_follow_unicode),
        cmocka_unit_test(identifiers_follow_the_unicode_of_their_version),
    };
    return cmocka_run_group_tests_name("lexer", tests, NULL, NULL);
}
