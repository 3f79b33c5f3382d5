/* test_name.c -- accuses codedb_name.c and its tables: which characters have which names in which Python. `make oracle-names` compares
 * all of them with Pythons. */
#include "codedb_name_tables.h"
#include "codedb_name_pages.h"
#include "codedb_tree.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define NEVER UINT32_MAX

static uint32_t look_up_bytes(const char *name, size_t length, int python)
{
    uint32_t code_point;
    char *copy = malloc(length + 1); /* of just its size: a checker sees who reads on */
    assert_non_null(copy);
    copy = realloc(copy, length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, name, length);
    bool known = codedb_character_by_name(copy, length, python, &code_point);
    free(copy);
    return known ? code_point : NEVER;
}

static uint32_t look_up(const char *name, int python)
{
    return look_up_bytes(name, strlen(name), python);
}

static void names_stand_for_characters(void **state)
{
    static const struct {
        const char *name;
        uint32_t code_point;
    } cases[] = {
        {"SPACE", ' '},
        {"LATIN SMALL LETTER A", 'a'},
        {"latin Small letteR a", 'a'},
        {"EM DASH", 0x2014},
        {"A", NEVER},
        {"X", NEVER},
        {"HYPHEN-MINUS", '-'},
        {"ABACUS", 0x1F9EE},
        {"ZOMBIE", 0x1F9DF},
        {"zwnj", 0x200C},
        {"ARABIC LIGATURE UIGHUR KIRGHIZ YEH WITH HAMZA ABOVE WITH ALEF MAKSURA ISOLATED FORM", 0xFBF9},
        {"VARIATION SELECTOR-256", 0xE01EF},
        {"TAG SPACE", 0xE0020},
        {"CJK COMPATIBILITY IDEOGRAPH-f900", 0xF900},
        {"Tangut Component-001", 0x18800},
        {"NUSHU CHARACTER-1B170", 0x1B170},
        /* aliases: of control characters, abbreviations, corrections */
        {"NULL", 0},
        {"NUL", 0},
        {"LINE FEED", '\n'},
        {"BEL", 7},
        {"BELL", 0x1F514},
        {"PADDING CHARACTER", 0x80},
        {"NBSP", 0xA0},
        {"BOM", 0xFEFF},
        {"VS256", 0xE01EF},
        {"LATIN CAPITAL LETTER GHA", 0x1A2},
        {"LATIN CAPITAL LETTER OI", 0x1A2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int python = 308; python <= 315; python++)
            assert_int_equal(look_up(cases[i].name, python), cases[i].code_point);
}

static void names_that_are_none(void **state)
{
    static const char *const names[] = {
        "",
        " ",
        "-",
        "FOO",
        "EMM",
        "EM ",
        "EM  DASH",
        " EM DASH",
        "EM DASH ",
        "EM-DASH",
        "EM_DASH",
        "EMDASH",
        "EM DASHES",
        "EM DAS",
        "<control>",
        "{",
        "\\",
        "LATIN SMALL LETTER",
        "LATIN SMALL LETTER ",
        "LATIN SMALL LETTER AA A",
        "LATIN SMALL LETTER R WITH TILDE",
        "KEYCAP DIGIT ONE",
        "VS0",
        "VS257",
        "VARIATION SELECTOR-257",
        "CJK COMPATIBILITY IDEOGRAPH-0F900",
        "LATIN SMALL LETTER \xC4\xB1",
        "\xEF\xBC\xA1",
        "\xFF",
        "~",
        "ZZZZ",
        "ZWNJZ",
        "U+0041",
        "0041",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(look_up(names[i], 314), NEVER);
    assert_int_equal(look_up_bytes("SPACE\0", 6, 314), NEVER);
    assert_int_equal(look_up_bytes("\0", 1, 314), NEVER);
    assert_int_equal(look_up_bytes("SPA\0CE", 6, 314), NEVER);
    char *name = malloc(100000);
    assert_non_null(name);
    memset(name, 'A', 100000);
    for (size_t length = NAME_LONGEST - 2; length < 100000; length = length < NAME_LONGEST + 3 ? length + 1 : length * 3)
        assert_int_equal(look_up_bytes(name, length, 314), NEVER);
    free(name);
}

/* A name that came with a Python, and one by which an older one did not know the character. */
static void names_came_with_pythons(void **state)
{
    static const struct {
        const char *name;
        uint32_t code_point;
        int since;
    } cases[] = {
        {"BITCOIN SIGN", 0x20BF, 307},
        {"NEWA LETTER A", 0x11400, 300},
        {"GEORGIAN MTAVRULI CAPITAL LETTER AN", 0x1C90, 307},
        {"OTTER", 0x1F9A6, 308},
        {"SQUARE ERA NAME REIWA", 0x32FF, 308},
        {"NINJA", 0x1F977, 309},
        {"KHITAN SMALL SCRIPT CHARACTER-18B00", 0x18B00, 309},
        {"MELTING FACE", 0x1FAE0, 311},
        {"WIRELESS", 0x1F6DC, 312},
        {"ARABIC SMALL HIGH LIGATURE ALEF WITH YEH BARREE", 0x616, 312},
        {"IDEOGRAPHIC DESCRIPTION CHARACTER ROTATION", 0x2FFF, 313},
        {"LEAFLESS TREE", 0x1FABE, 314},
        {"EGYPTIAN HIEROGLYPH-13460", 0x13460, 314},
        {"CUNEIFORM SIGN KALAM", 0x12327, 314},
        {"BAMUM LETTER PHASE-B NGGOM", 0x1688E, 315},
        {"TREASURE CHEST", 0x1FA8E, 315},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int python = 300; python <= 315; python++)
            assert_int_equal(look_up(cases[i].name, python), python < cases[i].since ? NEVER : cases[i].code_point);
}

/* Rows of ideographs: a range's first and last one, and those beside it. */
static void ideographs_have_names_by_rule(void **state)
{
    static const struct {
        const char *name;
        uint32_t code_point;
        int since, until;
    } cases[] = {
        {"CJK UNIFIED IDEOGRAPH-33FF", 0, 999, 999},
        {"CJK UNIFIED IDEOGRAPH-3400", 0x3400, 300, 999},
        {"CJK UNIFIED IDEOGRAPH-4DB6", 0x4DB6, 309, 999},
        {"CJK UNIFIED IDEOGRAPH-4DC0", 0, 999, 999},
        {"CJK UNIFIED IDEOGRAPH-4E00", 0x4E00, 300, 999},
        {"CJK UNIFIED IDEOGRAPH-9FEF", 0x9FEF, 307, 999},
        {"CJK UNIFIED IDEOGRAPH-9FFC", 0x9FFC, 309, 999},
        {"CJK UNIFIED IDEOGRAPH-9FFD", 0x9FFD, 311, 999},
        {"CJK UNIFIED IDEOGRAPH-A000", 0, 999, 999},
        {"CJK UNIFIED IDEOGRAPH-2B739", 0x2B739, 312, 999},
        {"CJK UNIFIED IDEOGRAPH-2EBE1", 0x2EBE1, 307, 309}, /* there is no such character, and yet CPython 3.8 makes one of it */
        {"CJK UNIFIED IDEOGRAPH-2EBF0", 0x2EBF0, 313, 999},
        {"CJK UNIFIED IDEOGRAPH-31350", 0x31350, 312, 999},
        {"CJK UNIFIED IDEOGRAPH-323B0", 0x323B0, 315, 999},
        {"CJK UNIFIED IDEOGRAPH-04E00", 0x4E00, 300, 314},
        {"CJK UNIFIED IDEOGRAPH-004E00", 0, 999, 999},
        {"CJK UNIFIED IDEOGRAPH-4E0", 0, 999, 999},
        {"CJK UNIFIED IDEOGRAPH-", 0, 999, 999},
        {"CJK UNIFIED IDEOGRAPH-4E0G", 0, 999, 999},
        {"CJK UNIFIED IDEOGRAPH-4E00 ", 0, 999, 999},
        {"CJK UNIFIED IDEOGRAPH-4e00", 0x4E00, 314, 999},
        {"cjk unified ideograph-4e00", 0x4E00, 314, 999},
        {"TANGUT IDEOGRAPH-17000", 0x17000, 314, 999},
        {"tangut ideograph-187f7", 0x187F7, 314, 999},
        {"TANGUT IDEOGRAPH-187F8", 0x187F8, 315, 999},
        {"TANGUT IDEOGRAPH-18D1E", 0x18D1E, 315, 999},
        {"TANGUT IDEOGRAPH-18D1F", 0, 999, 999},
        {"TANGUT IDEOGRAPH-4E00", 0, 999, 999},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int python = 300; python <= 315; python++)
            assert_int_equal(look_up(cases[i].name, python),
                             python < cases[i].since || python >= cases[i].until ? NEVER : cases[i].code_point);
}

static void syllables_have_names_by_rule(void **state)
{
    static const struct {
        const char *name;
        uint32_t code_point;
        int since;
    } cases[] = {
        {"HANGUL SYLLABLE GA", 0xAC00, 300},  {"HANGUL SYLLABLE GAG", 0xAC01, 300}, {"HANGUL SYLLABLE GAGG", 0xAC02, 300},
        {"HANGUL SYLLABLE A", 0xC544, 300},   {"HANGUL SYLLABLE I", 0xC774, 300},   {"HANGUL SYLLABLE WAE", 0xC65C, 300},
        {"HANGUL SYLLABLE HIH", 0xD7A3, 300}, {"HANGUL SYLLABLE ", 0, 999},         {"HANGUL SYLLABLE", 0, 999},
        {"HANGUL SYLLABLE G", 0, 999},        {"HANGUL SYLLABLE GGG", 0, 999},      {"HANGUL SYLLABLE GAX", 0, 999},
        {"HANGUL SYLLABLE GA ", 0, 999},      {"HANGUL SYLLABLE GAGA", 0, 999},     {"HANGUL SYLLABLE  GA", 0, 999},
        {"HANGUL SYLLABLE ga", 0xAC00, 314},  {"hangul syllable GA", 0xAC00, 314},  {"haNGul SYllABle WAe", 0xC65C, 314},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int python = 300; python <= 315; python++)
            assert_int_equal(look_up(cases[i].name, python), python < cases[i].since ? NEVER : cases[i].code_point);
}

/* Writes the next name to `name`, from what the tables' form says; the place behind it. */
static const char *read_name(const char *at, char *name)
{
    static const char digits[] = " !#$%&'()*+,-./0123456789:;<=>@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    static const int behind[] = {0, 1, 2, 3, 2, 1, 2, 3, 4, 3};
    name += strchr(digits, *at++) - digits;
    for (*name = '\0'; name_meanings[*at - ' '] < 100; at++) {
        unsigned piece = name_meanings[*at - ' '];
        name += piece ? strlen(strcpy(name, name_pieces[piece - 1])) : 1;
        if (!piece)
            name[-1] = *at;
        *name = '\0';
    }
    return at + 1 + behind[name_meanings[*at - ' '] - 100];
}

/* Every name in the tables is found, first and last ones of blocks and pages, too, and what is not quite a name is not. */
static void the_tables_are_in_order_and_all_of_them_is_found(void **state)
{
    char name[NAME_LONGEST + 16] = "", last[NAME_LONGEST + 16] = "";
    size_t pages = COUNT(name_pages) + COUNT(name_pages_2), count = 0;
    (void)state;
    for (size_t page = 0; page < pages; page++) {
        const char *at = page < COUNT(name_pages) ? name_pages[page] : name_pages_2[page - COUNT(name_pages)];
        for (; *at; count++) {
            if (count % NAME_BLOCK == 0)
                assert_int_equal(
                    name_blocks[count / NAME_BLOCK],
                    page * NAME_PAGE +
                        (size_t)(at - (page < COUNT(name_pages) ? name_pages[page] : name_pages_2[page - COUNT(name_pages)])));
            at = read_name(at, name);
            assert_true(strcmp(last, name) < 0);
            assert_true(look_up(name, 315) <= 0xE01EF);
            size_t shorter = strlen(last) - (*last != '\0');
            if (strncmp(last, name, shorter) != 0 || name[shorter] != '\0') /* no name between the two is known */
                assert_int_equal(look_up_bytes(strcat(last, " "), strlen(last) + 1, 315), NEVER);
            strcpy(last, name);
        }
    }
    assert_int_equal((count + NAME_BLOCK - 1) / NAME_BLOCK, COUNT(name_blocks));
    assert_int_equal(name_blocks[0], 0);
}

static void escapes_are_read_to_their_brace(void **state)
{
    static const struct {
        const char *text;
        int taken; /* -1: refused */
    } cases[] = {
        {"N{EM DASH}", 10}, {"N{EM DASH}x", 10}, {"N{EM DASH}}", 10}, {"N{em dash}", 10}, {"N{FOO}", -1},
        {"N{}", -1},        {"N{", -1},          {"N", -1},           {"", -1},           {"M{EM DASH}", -1},
        {"N{EM DASH", -1},  {"N {EM DASH}", -1}, {"n{EM DASH}", -1},  {"N{\\}", -1},      {"N{{EM DASH}", -1},
        {"N(EM DASH)", -1}, {"N{EM\nDASH}", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t code_point = 0;
        const char *text = cases[i].text, *behind = codedb_character_read(text, text + strlen(text), 314, &code_point);
        assert_true(cases[i].taken < 0 ? !behind : behind == text + cases[i].taken && code_point == 0x2014);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_stand_for_characters),      cmocka_unit_test(names_that_are_none),
        cmocka_unit_test(names_came_with_pythons),         cmocka_unit_test(ideographs_have_names_by_rule),
        cmocka_unit_test(syllables_have_names_by_rule),    cmocka_unit_test(the_tables_are_in_order_and_all_of_them_is_found),
        cmocka_unit_test(escapes_are_read_to_their_brace),
    };
    return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
