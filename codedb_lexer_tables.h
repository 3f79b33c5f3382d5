/* codedb_lexer_tables.h -- what bytes, operators and keywords are for the lexer.
 *
 * Included by codedb_lexer.c only. */
#ifndef CODEDB_LEXER_TABLES_H
#define CODEDB_LEXER_TABLES_H

#include "codedb_tree.h"

/* What begins with a byte. */
typedef enum lexer_class {
    LEXER_INVALID,
    LEXER_END,
    LEXER_NAME,
    LEXER_DIGIT,
    LEXER_QUOTE,
    LEXER_BLANK, /* space, tab, form feed */
    LEXER_BREAK, /* \n, \r */
    LEXER_COMMENT,
    LEXER_BACKSLASH,
    LEXER_OPEN,
    LEXER_CLOSE,
    LEXER_DOT,
    LEXER_COLON,
    LEXER_SINGLE,  /* an operator that is the beginning of no other */
    LEXER_OPERATOR /* one that is */
} lexer_class;

#define LEXER_4(first, class) [(first)] = (class), [(first) + 1] = (class), [(first) + 2] = (class), [(first) + 3] = (class)
#define LEXER_16(first, class) \
    LEXER_4(first, class), LEXER_4((first) + 4, class), LEXER_4((first) + 8, class), LEXER_4((first) + 12, class)
#define LEXER_24(first, class) LEXER_16(first, class), LEXER_4((first) + 16, class), LEXER_4((first) + 20, class)
#define LEXER_64(first, class) \
    LEXER_16(first, class), LEXER_16((first) + 16, class), LEXER_16((first) + 32, class), LEXER_16((first) + 48, class)

/* clang-format off */
static const uint8_t lexer_classes[256] = {
    [0] = LEXER_END,
    LEXER_24('a', LEXER_NAME), ['y'] = LEXER_NAME, ['z'] = LEXER_NAME,
    LEXER_24('A', LEXER_NAME), ['Y'] = LEXER_NAME, ['Z'] = LEXER_NAME,
    ['_'] = LEXER_NAME,
    LEXER_64(0x80, LEXER_NAME), LEXER_64(0xC0, LEXER_NAME),
    LEXER_4('0', LEXER_DIGIT), LEXER_4('4', LEXER_DIGIT), ['8'] = LEXER_DIGIT, ['9'] = LEXER_DIGIT,
    ['"'] = LEXER_QUOTE, ['\''] = LEXER_QUOTE,
    [' '] = LEXER_BLANK, ['\t'] = LEXER_BLANK, ['\f'] = LEXER_BLANK,
    ['\n'] = LEXER_BREAK, ['\r'] = LEXER_BREAK,
    ['#'] = LEXER_COMMENT,
    ['\\'] = LEXER_BACKSLASH,
    ['('] = LEXER_OPEN, ['['] = LEXER_OPEN, ['{'] = LEXER_OPEN,
    [')'] = LEXER_CLOSE, [']'] = LEXER_CLOSE, ['}'] = LEXER_CLOSE,
    ['.'] = LEXER_DOT,
    [':'] = LEXER_COLON,
    [','] = LEXER_SINGLE, [';'] = LEXER_SINGLE, ['~'] = LEXER_SINGLE,
    ['+'] = LEXER_OPERATOR, ['-'] = LEXER_OPERATOR, ['*'] = LEXER_OPERATOR, ['/'] = LEXER_OPERATOR, ['%'] = LEXER_OPERATOR,
    ['&'] = LEXER_OPERATOR, ['|'] = LEXER_OPERATOR, ['^'] = LEXER_OPERATOR, ['<'] = LEXER_OPERATOR, ['>'] = LEXER_OPERATOR,
    ['='] = LEXER_OPERATOR, ['@'] = LEXER_OPERATOR, ['!'] = LEXER_OPERATOR,
};
/* clang-format on */
#undef LEXER_4
#undef LEXER_16
#undef LEXER_24
#undef LEXER_64

/* The tokens that begin with a byte: alone, before `=`, doubled, doubled before `=`; 0 (ENDMARKER) where there is none. Brackets
 * have the byte that closes them. */
typedef struct lexer_operator {
    uint8_t alone;
    uint8_t assigning;
    uint8_t doubled;
    uint8_t doubled_assigning;
    unsigned char closing;
} lexer_operator;

static const lexer_operator lexer_operators[128] = {
    ['('] = {.alone = CODEDB_TOKEN_LEFT_PAREN, .closing = ')'},
    ['['] = {.alone = CODEDB_TOKEN_LEFT_BRACKET, .closing = ']'},
    ['{'] = {.alone = CODEDB_TOKEN_LEFT_BRACE, .closing = '}'},
    [')'] = {.alone = CODEDB_TOKEN_RIGHT_PAREN},
    [']'] = {.alone = CODEDB_TOKEN_RIGHT_BRACKET},
    ['}'] = {.alone = CODEDB_TOKEN_RIGHT_BRACE},
    [','] = {.alone = CODEDB_TOKEN_COMMA},
    [';'] = {.alone = CODEDB_TOKEN_SEMICOLON},
    ['~'] = {.alone = CODEDB_TOKEN_TILDE},
    ['+'] = {.alone = CODEDB_TOKEN_PLUS, .assigning = CODEDB_TOKEN_PLUS_EQUAL},
    ['-'] = {.alone = CODEDB_TOKEN_MINUS, .assigning = CODEDB_TOKEN_MINUS_EQUAL},
    ['*'] = {CODEDB_TOKEN_STAR, CODEDB_TOKEN_STAR_EQUAL, CODEDB_TOKEN_DOUBLE_STAR, CODEDB_TOKEN_DOUBLE_STAR_EQUAL, 0},
    ['/'] = {CODEDB_TOKEN_SLASH, CODEDB_TOKEN_SLASH_EQUAL, CODEDB_TOKEN_DOUBLE_SLASH, CODEDB_TOKEN_DOUBLE_SLASH_EQUAL, 0},
    ['%'] = {.alone = CODEDB_TOKEN_PERCENT, .assigning = CODEDB_TOKEN_PERCENT_EQUAL},
    ['&'] = {.alone = CODEDB_TOKEN_AMPERSAND, .assigning = CODEDB_TOKEN_AMPERSAND_EQUAL},
    ['|'] = {.alone = CODEDB_TOKEN_VERTICAL_BAR, .assigning = CODEDB_TOKEN_VERTICAL_BAR_EQUAL},
    ['^'] = {.alone = CODEDB_TOKEN_CIRCUMFLEX, .assigning = CODEDB_TOKEN_CIRCUMFLEX_EQUAL},
    ['<'] = {CODEDB_TOKEN_LESS, CODEDB_TOKEN_LESS_EQUAL, CODEDB_TOKEN_LEFT_SHIFT, CODEDB_TOKEN_LEFT_SHIFT_EQUAL, 0},
    ['>'] = {CODEDB_TOKEN_GREATER, CODEDB_TOKEN_GREATER_EQUAL, CODEDB_TOKEN_RIGHT_SHIFT, CODEDB_TOKEN_RIGHT_SHIFT_EQUAL, 0},
    ['='] = {.alone = CODEDB_TOKEN_EQUAL, .assigning = CODEDB_TOKEN_EQUAL_EQUAL},
    ['@'] = {.alone = CODEDB_TOKEN_AT, .assigning = CODEDB_TOKEN_AT_EQUAL},
    ['!'] = {.alone = CODEDB_TOKEN_EXCLAMATION, .assigning = CODEDB_TOKEN_NOT_EQUAL},
};

/* A keyword as a number: its bytes, the first one lowest. The multiplier puts all of them into slots of their own (two in one
 * would not compile: they would initialize it twice) and none into slot 0, where names longer than 8 bytes are looked up. */
#define LEXER_WORD(a, b, c, d, e, f, g, h)                                                                  \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | (uint64_t)(e) << 32 | \
     (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)
#define LEXER_SLOT(word) (((word)*UINT64_C(0xb16392193b265bd)) >> 58)
#define LEXER_KEYWORD(code, ...) \
    [LEXER_SLOT(LEXER_WORD(__VA_ARGS__))] = {LEXER_WORD(__VA_ARGS__), CODEDB_TOKEN_KEYWORD_##code - CODEDB_TOKEN_NAME}

typedef struct lexer_keyword {
    uint64_t word;
    uint32_t beyond_name; /* token kind - CODEDB_TOKEN_NAME; 0 in an empty slot */
} lexer_keyword;

static const lexer_keyword lexer_keywords[64] = {
    LEXER_KEYWORD(FALSE, 'F', 'a', 'l', 's', 'e', 0, 0, 0),
    LEXER_KEYWORD(NONE, 'N', 'o', 'n', 'e', 0, 0, 0, 0),
    LEXER_KEYWORD(TRUE, 'T', 'r', 'u', 'e', 0, 0, 0, 0),
    LEXER_KEYWORD(AND, 'a', 'n', 'd', 0, 0, 0, 0, 0),
    LEXER_KEYWORD(AS, 'a', 's', 0, 0, 0, 0, 0, 0),
    LEXER_KEYWORD(ASSERT, 'a', 's', 's', 'e', 'r', 't', 0, 0),
    LEXER_KEYWORD(ASYNC, 'a', 's', 'y', 'n', 'c', 0, 0, 0),
    LEXER_KEYWORD(AWAIT, 'a', 'w', 'a', 'i', 't', 0, 0, 0),
    LEXER_KEYWORD(BREAK, 'b', 'r', 'e', 'a', 'k', 0, 0, 0),
    LEXER_KEYWORD(CLASS, 'c', 'l', 'a', 's', 's', 0, 0, 0),
    LEXER_KEYWORD(CONTINUE, 'c', 'o', 'n', 't', 'i', 'n', 'u', 'e'),
    LEXER_KEYWORD(DEF, 'd', 'e', 'f', 0, 0, 0, 0, 0),
    LEXER_KEYWORD(DEL, 'd', 'e', 'l', 0, 0, 0, 0, 0),
    LEXER_KEYWORD(ELIF, 'e', 'l', 'i', 'f', 0, 0, 0, 0),
    LEXER_KEYWORD(ELSE, 'e', 'l', 's', 'e', 0, 0, 0, 0),
    LEXER_KEYWORD(EXCEPT, 'e', 'x', 'c', 'e', 'p', 't', 0, 0),
    LEXER_KEYWORD(FINALLY, 'f', 'i', 'n', 'a', 'l', 'l', 'y', 0),
    LEXER_KEYWORD(FOR, 'f', 'o', 'r', 0, 0, 0, 0, 0),
    LEXER_KEYWORD(FROM, 'f', 'r', 'o', 'm', 0, 0, 0, 0),
    LEXER_KEYWORD(GLOBAL, 'g', 'l', 'o', 'b', 'a', 'l', 0, 0),
    LEXER_KEYWORD(IF, 'i', 'f', 0, 0, 0, 0, 0, 0),
    LEXER_KEYWORD(IMPORT, 'i', 'm', 'p', 'o', 'r', 't', 0, 0),
    LEXER_KEYWORD(IN, 'i', 'n', 0, 0, 0, 0, 0, 0),
    LEXER_KEYWORD(IS, 'i', 's', 0, 0, 0, 0, 0, 0),
    LEXER_KEYWORD(LAMBDA, 'l', 'a', 'm', 'b', 'd', 'a', 0, 0),
    LEXER_KEYWORD(NONLOCAL, 'n', 'o', 'n', 'l', 'o', 'c', 'a', 'l'),
    LEXER_KEYWORD(NOT, 'n', 'o', 't', 0, 0, 0, 0, 0),
    LEXER_KEYWORD(OR, 'o', 'r', 0, 0, 0, 0, 0, 0),
    LEXER_KEYWORD(PASS, 'p', 'a', 's', 's', 0, 0, 0, 0),
    LEXER_KEYWORD(RAISE, 'r', 'a', 'i', 's', 'e', 0, 0, 0),
    LEXER_KEYWORD(RETURN, 'r', 'e', 't', 'u', 'r', 'n', 0, 0),
    LEXER_KEYWORD(TRY, 't', 'r', 'y', 0, 0, 0, 0, 0),
    LEXER_KEYWORD(WHILE, 'w', 'h', 'i', 'l', 'e', 0, 0, 0),
    LEXER_KEYWORD(WITH, 'w', 'i', 't', 'h', 0, 0, 0, 0),
    LEXER_KEYWORD(YIELD, 'y', 'i', 'e', 'l', 'd', 0, 0, 0),
};
#undef LEXER_WORD
#undef LEXER_KEYWORD

#endif
