/* test_lexer_portable.c -- accuses the portable half of codedb_lexer.c: it has to give the same tokens as the one with SSE2.
 *
 * The lexer is compiled a second time, without SSE2 and under other names. Where there is no SSE2 the two are the same. */
#include "support.h"

#include "codedb_tree.h"

#define CODEDB_PORTABLE
#define codedb_lex portable_lex
#define codedb_lex_past portable_lex_past
#define codedb_token_end portable_token_end
#define codedb_token_kind_text portable_token_kind_text
bool portable_lex(codedb_tree *tree, codedb_syntax_error *error);
bool portable_lex_past(codedb_tree *tree, codedb_syntax_error *error, uint32_t whole, bool passes);
uint32_t portable_token_end(const codedb_tree *tree, uint32_t token);
const char *portable_token_kind_text(codedb_token_kind kind);
#include "../codedb_lexer.c"
#undef codedb_lex
#undef codedb_lex_past
#undef codedb_token_end
#undef codedb_token_kind_text

static const char *const fragments[] = {
    "a",         "name",
    "continue",  "nonlocal",
    "nonlocals", "a_name_of_20_letters",
    "if",        "async",
    "await",     "def",
    "\303\251",  "\342\202\254",
    "0",         "1",
    "12",        "0x1F",
    "1_000",     "1.5",
    ".",         "e5",
    "j",         "'",
    "\"",        "'''",
    "\"\"\"",    "f'",
    "f\"",       "f'''",
    "rb'",       "t'",
    "{",         "}",
    "{{",        "}}",
    "(",         ")",
    "[",         "]",
    ":",         ":=",
    "=",         "==",
    "!",         "!=",
    "+",         "->",
    "**=",       "<",
    ">",         "@",
    ",",         ";",
    " ",         "  ",
    "    ",      "\t",
    "\f",        "                    ",
    "\n",        "\n",
    "\r\n",      "\r",
    "\n  ",      "\n    ",
    "\\\n",      "\\",
    "# comment", "#",
    "\\N{x}",    "$",
    "\001",
};

static void release(codedb_tree *tree)
{
    codedb_memory_release(&tree->allocator, tree->tokens);
    codedb_memory_release(&tree->allocator, tree->line_starts);
    codedb_memory_release(&tree->allocator, tree->long_ends);
}

static void check_same(const char *source, size_t length, int version)
{
    codedb_tree one = {
        .allocator = codedb_allocator_or_default(NULL), .source = source, .length = (uint32_t)length, .target_version = version};
    codedb_tree other = one;
    codedb_syntax_error one_error;
    codedb_syntax_error other_error;
    bool one_done = codedb_lex(&one, &one_error);
    bool other_done = portable_lex(&other, &other_error);
    bool same = one_done == other_done && one_error.offset == other_error.offset && one.token_count == other.token_count &&
                one.line_count == other.line_count && one.ascii == other.ascii &&
                strcmp(one_error.message, other_error.message) == 0 &&
                memcmp(one.tokens, other.tokens, one.token_count * sizeof(one.tokens[0])) == 0 &&
                memcmp(one.line_starts, other.line_starts, one.line_count * sizeof(one.line_starts[0])) == 0;
    if (!same)
        fail_msg("version %d: %s\n%s\n%s", version, source, one_error.message, other_error.message);
    release(&one);
    release(&other);
}

static void both_lexers_agree_on_random_sources(void **state)
{
    unsigned long long random = 20240229;
    (void)state;
    print_message("seed %llu\n", random);
    for (int round = 0; round < 20000; round++) {
        char source[1024 + CODEDB_SOURCE_PADDING] = {0};
        size_t length = 0;
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        size_t count = 1 + (size_t)(random >> 60);
        for (size_t i = 0; i < count; i++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            const char *fragment = fragments[(random >> 33) % (sizeof(fragments) / sizeof(fragments[0]))];
            memcpy(source + length, fragment, strlen(fragment));
            length += strlen(fragment);
        }
        check_same(source, length, 304 + (int)((random >> 50) % 11));
    }
}

static void both_lexers_agree_at_every_offset_in_a_block(void **state)
{
    (void)state;
    for (size_t offset = 0; offset < 40; offset++) {
        for (size_t i = 0; i < sizeof(fragments) / sizeof(fragments[0]); i++) {
            char source[256 + CODEDB_SOURCE_PADDING] = {0};
            memset(source, 'x', offset);
            strcpy(source + offset, fragments[i]);
            check_same(source, strlen(source), 314);
            memset(source, ' ', offset);
            check_same(source, strlen(source), 311);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_lexers_agree_on_random_sources),
        cmocka_unit_test(both_lexers_agree_at_every_offset_in_a_block),
    };
    return cmocka_run_group_tests_name("lexer_portable", tests, NULL, NULL);
}
