/* codedb_tree.h -- tokens, nodes and the tree: what the lexer makes, the parser fills and everybody else reads.
 *
 *   source text -> codedb_lexer.c -> tokens -> codedb_expression.c, codedb_statement.c -> nodes -> codedb_tree.c
 *
 * A tree is two flat arrays over one source text: the tokens in order, and the syntax nodes in pre-order. A node knows its
 * kind, its role in its parent, the tokens of its position and where its subtree ends; parent, sibling and descendant
 * questions are arithmetic on indexes. White space and punctuation (LibCST's SimpleWhitespace, Comma, LeftParen ...) are not
 * stored: they follow from the gaps between tokens and are fabricated by codedb_tree_expand when somebody asks for them.
 *
 * No file of this half knows a database. */
#ifndef CODEDB_TREE_H
#define CODEDB_TREE_H

#include "codedb_internal.h"

/* ---- Node kinds: LibCST's 172 concrete classes, one list for code, name and category ------------------------------- */

/* X(CODE, "LibCST class name", category) */
#define CODEDB_NODE_KINDS(X)                                           \
    X(MODULE, "Module", OTHER)                                         \
    X(SIMPLE_WHITESPACE, "SimpleWhitespace", WHITESPACE)               \
    X(NEWLINE, "Newline", WHITESPACE)                                  \
    X(COMMENT, "Comment", WHITESPACE)                                  \
    X(TRAILING_WHITESPACE, "TrailingWhitespace", WHITESPACE)           \
    X(EMPTY_LINE, "EmptyLine", WHITESPACE)                             \
    X(PARENTHESIZED_WHITESPACE, "ParenthesizedWhitespace", WHITESPACE) \
    X(SEMICOLON, "Semicolon", PUNCTUATION)                             \
    X(COLON, "Colon", PUNCTUATION)                                     \
    X(COMMA, "Comma", PUNCTUATION)                                     \
    X(DOT, "Dot", PUNCTUATION)                                         \
    X(ASSIGN_EQUAL, "AssignEqual", PUNCTUATION)                        \
    X(AND, "And", OTHER)                                               \
    X(OR, "Or", OTHER)                                                 \
    X(ADD, "Add", OTHER)                                               \
    X(SUBTRACT, "Subtract", OTHER)                                     \
    X(MULTIPLY, "Multiply", OTHER)                                     \
    X(DIVIDE, "Divide", OTHER)                                         \
    X(FLOOR_DIVIDE, "FloorDivide", OTHER)                              \
    X(MODULO, "Modulo", OTHER)                                         \
    X(POWER, "Power", OTHER)                                           \
    X(LEFT_SHIFT, "LeftShift", OTHER)                                  \
    X(RIGHT_SHIFT, "RightShift", OTHER)                                \
    X(BIT_OR, "BitOr", OTHER)                                          \
    X(BIT_AND, "BitAnd", OTHER)                                        \
    X(BIT_XOR, "BitXor", OTHER)                                        \
    X(MATRIX_MULTIPLY, "MatrixMultiply", OTHER)                        \
    X(LESS_THAN, "LessThan", OTHER)                                    \
    X(GREATER_THAN, "GreaterThan", OTHER)                              \
    X(EQUAL, "Equal", OTHER)                                           \
    X(LESS_THAN_EQUAL, "LessThanEqual", OTHER)                         \
    X(GREATER_THAN_EQUAL, "GreaterThanEqual", OTHER)                   \
    X(NOT_EQUAL, "NotEqual", OTHER)                                    \
    X(IN, "In", OTHER)                                                 \
    X(IS, "Is", OTHER)                                                 \
    X(NOT_IN, "NotIn", OTHER)                                          \
    X(IS_NOT, "IsNot", OTHER)                                          \
    X(ADD_ASSIGN, "AddAssign", OTHER)                                  \
    X(SUBTRACT_ASSIGN, "SubtractAssign", OTHER)                        \
    X(MULTIPLY_ASSIGN, "MultiplyAssign", OTHER)                        \
    X(MATRIX_MULTIPLY_ASSIGN, "MatrixMultiplyAssign", OTHER)           \
    X(DIVIDE_ASSIGN, "DivideAssign", OTHER)                            \
    X(MODULO_ASSIGN, "ModuloAssign", OTHER)                            \
    X(BIT_AND_ASSIGN, "BitAndAssign", OTHER)                           \
    X(BIT_OR_ASSIGN, "BitOrAssign", OTHER)                             \
    X(BIT_XOR_ASSIGN, "BitXorAssign", OTHER)                           \
    X(LEFT_SHIFT_ASSIGN, "LeftShiftAssign", OTHER)                     \
    X(RIGHT_SHIFT_ASSIGN, "RightShiftAssign", OTHER)                   \
    X(POWER_ASSIGN, "PowerAssign", OTHER)                              \
    X(FLOOR_DIVIDE_ASSIGN, "FloorDivideAssign", OTHER)                 \
    X(PLUS, "Plus", OTHER)                                             \
    X(MINUS, "Minus", OTHER)                                           \
    X(BIT_INVERT, "BitInvert", OTHER)                                  \
    X(NOT, "Not", OTHER)                                               \
    X(IMPORT_STAR, "ImportStar", OTHER)                                \
    X(LEFT_PAREN, "LeftParen", PUNCTUATION)                            \
    X(RIGHT_PAREN, "RightParen", PUNCTUATION)                          \
    X(LEFT_SQUARE_BRACKET, "LeftSquareBracket", PUNCTUATION)           \
    X(RIGHT_SQUARE_BRACKET, "RightSquareBracket", PUNCTUATION)         \
    X(LEFT_CURLY_BRACE, "LeftCurlyBrace", PUNCTUATION)                 \
    X(RIGHT_CURLY_BRACE, "RightCurlyBrace", PUNCTUATION)               \
    X(ASYNCHRONOUS, "Asynchronous", OTHER)                             \
    X(NAME, "Name", EXPRESSION)                                        \
    X(INTEGER, "Integer", EXPRESSION)                                  \
    X(FLOAT, "Float", EXPRESSION)                                      \
    X(IMAGINARY, "Imaginary", EXPRESSION)                              \
    X(SIMPLE_STRING, "SimpleString", EXPRESSION)                       \
    X(ELLIPSIS, "Ellipsis", EXPRESSION)                                \
    X(FORMATTED_STRING_TEXT, "FormattedStringText", OTHER)             \
    X(TEMPLATED_STRING_TEXT, "TemplatedStringText", OTHER)             \
    X(FORMATTED_STRING_EXPRESSION, "FormattedStringExpression", OTHER) \
    X(TEMPLATED_STRING_EXPRESSION, "TemplatedStringExpression", OTHER) \
    X(FORMATTED_STRING, "FormattedString", EXPRESSION)                 \
    X(TEMPLATED_STRING, "TemplatedString", EXPRESSION)                 \
    X(CONCATENATED_STRING, "ConcatenatedString", EXPRESSION)           \
    X(COMPARISON_TARGET, "ComparisonTarget", OTHER)                    \
    X(COMPARISON, "Comparison", EXPRESSION)                            \
    X(UNARY_OPERATION, "UnaryOperation", EXPRESSION)                   \
    X(BINARY_OPERATION, "BinaryOperation", EXPRESSION)                 \
    X(BOOLEAN_OPERATION, "BooleanOperation", EXPRESSION)               \
    X(ATTRIBUTE, "Attribute", EXPRESSION)                              \
    X(INDEX, "Index", OTHER)                                           \
    X(SLICE, "Slice", OTHER)                                           \
    X(SUBSCRIPT_ELEMENT, "SubscriptElement", OTHER)                    \
    X(SUBSCRIPT, "Subscript", EXPRESSION)                              \
    X(ANNOTATION, "Annotation", OTHER)                                 \
    X(PARAM_STAR, "ParamStar", OTHER)                                  \
    X(PARAM_SLASH, "ParamSlash", OTHER)                                \
    X(PARAM, "Param", OTHER)                                           \
    X(PARAMETERS, "Parameters", OTHER)                                 \
    X(LAMBDA, "Lambda", EXPRESSION)                                    \
    X(ARG, "Arg", OTHER)                                               \
    X(CALL, "Call", EXPRESSION)                                        \
    X(AWAIT, "Await", EXPRESSION)                                      \
    X(IF_EXP, "IfExp", EXPRESSION)                                     \
    X(FROM, "From", OTHER)                                             \
    X(YIELD, "Yield", EXPRESSION)                                      \
    X(ELEMENT, "Element", OTHER)                                       \
    X(DICT_ELEMENT, "DictElement", OTHER)                              \
    X(STARRED_ELEMENT, "StarredElement", EXPRESSION)                   \
    X(STARRED_DICT_ELEMENT, "StarredDictElement", OTHER)               \
    X(TUPLE, "Tuple", EXPRESSION)                                      \
    X(LIST, "List", EXPRESSION)                                        \
    X(SET, "Set", EXPRESSION)                                          \
    X(DICT, "Dict", EXPRESSION)                                        \
    X(COMP_FOR, "CompFor", OTHER)                                      \
    X(COMP_IF, "CompIf", OTHER)                                        \
    X(GENERATOR_EXP, "GeneratorExp", EXPRESSION)                       \
    X(LIST_COMP, "ListComp", EXPRESSION)                               \
    X(SET_COMP, "SetComp", EXPRESSION)                                 \
    X(DICT_COMP, "DictComp", EXPRESSION)                               \
    X(STARRED_DICT_COMP, "StarredDictComp", EXPRESSION)                \
    X(NAMED_EXPR, "NamedExpr", EXPRESSION)                             \
    X(SIMPLE_STATEMENT_LINE, "SimpleStatementLine", STATEMENT)         \
    X(SIMPLE_STATEMENT_SUITE, "SimpleStatementSuite", OTHER)           \
    X(INDENTED_BLOCK, "IndentedBlock", OTHER)                          \
    X(DEL, "Del", SMALL_STATEMENT)                                     \
    X(PASS, "Pass", SMALL_STATEMENT)                                   \
    X(BREAK, "Break", SMALL_STATEMENT)                                 \
    X(CONTINUE, "Continue", SMALL_STATEMENT)                           \
    X(RETURN, "Return", SMALL_STATEMENT)                               \
    X(EXPR, "Expr", SMALL_STATEMENT)                                   \
    X(IMPORT, "Import", SMALL_STATEMENT)                               \
    X(IMPORT_FROM, "ImportFrom", SMALL_STATEMENT)                      \
    X(LAZY_IMPORT, "LazyImport", SMALL_STATEMENT)                      \
    X(LAZY_IMPORT_FROM, "LazyImportFrom", SMALL_STATEMENT)             \
    X(IMPORT_ALIAS, "ImportAlias", OTHER)                              \
    X(AS_NAME, "AsName", OTHER)                                        \
    X(ASSIGN_TARGET, "AssignTarget", OTHER)                            \
    X(ASSIGN, "Assign", SMALL_STATEMENT)                               \
    X(ANN_ASSIGN, "AnnAssign", SMALL_STATEMENT)                        \
    X(AUG_ASSIGN, "AugAssign", SMALL_STATEMENT)                        \
    X(RAISE, "Raise", SMALL_STATEMENT)                                 \
    X(ASSERT, "Assert", SMALL_STATEMENT)                               \
    X(NAME_ITEM, "NameItem", OTHER)                                    \
    X(GLOBAL, "Global", SMALL_STATEMENT)                               \
    X(NONLOCAL, "Nonlocal", SMALL_STATEMENT)                           \
    X(TYPE_ALIAS, "TypeAlias", SMALL_STATEMENT)                        \
    X(IF, "If", COMPOUND_STATEMENT)                                    \
    X(ELSE, "Else", OTHER)                                             \
    X(FOR, "For", COMPOUND_STATEMENT)                                  \
    X(WHILE, "While", COMPOUND_STATEMENT)                              \
    X(TRY, "Try", COMPOUND_STATEMENT)                                  \
    X(TRY_STAR, "TryStar", COMPOUND_STATEMENT)                         \
    X(EXCEPT_HANDLER, "ExceptHandler", OTHER)                          \
    X(EXCEPT_STAR_HANDLER, "ExceptStarHandler", OTHER)                 \
    X(FINALLY, "Finally", OTHER)                                       \
    X(WITH, "With", COMPOUND_STATEMENT)                                \
    X(WITH_ITEM, "WithItem", OTHER)                                    \
    X(DECORATOR, "Decorator", OTHER)                                   \
    X(FUNCTION_DEF, "FunctionDef", COMPOUND_STATEMENT)                 \
    X(CLASS_DEF, "ClassDef", COMPOUND_STATEMENT)                       \
    X(TYPE_PARAMETERS, "TypeParameters", OTHER)                        \
    X(TYPE_PARAM, "TypeParam", OTHER)                                  \
    X(TYPE_VAR, "TypeVar", OTHER)                                      \
    X(TYPE_VAR_TUPLE, "TypeVarTuple", OTHER)                           \
    X(PARAM_SPEC, "ParamSpec", OTHER)                                  \
    X(MATCH, "Match", COMPOUND_STATEMENT)                              \
    X(MATCH_CASE, "MatchCase", OTHER)                                  \
    X(MATCH_VALUE, "MatchValue", OTHER)                                \
    X(MATCH_SINGLETON, "MatchSingleton", OTHER)                        \
    X(MATCH_SEQUENCE_ELEMENT, "MatchSequenceElement", OTHER)           \
    X(MATCH_STAR, "MatchStar", OTHER)                                  \
    X(MATCH_LIST, "MatchList", OTHER)                                  \
    X(MATCH_TUPLE, "MatchTuple", OTHER)                                \
    X(MATCH_MAPPING, "MatchMapping", OTHER)                            \
    X(MATCH_MAPPING_ELEMENT, "MatchMappingElement", OTHER)             \
    X(MATCH_CLASS, "MatchClass", OTHER)                                \
    X(MATCH_KEYWORD_ELEMENT, "MatchKeywordElement", OTHER)             \
    X(MATCH_AS, "MatchAs", OTHER)                                      \
    X(MATCH_OR, "MatchOr", OTHER)                                      \
    X(MATCH_OR_ELEMENT, "MatchOrElement", OTHER)

typedef enum codedb_node_kind {
#define X(code, name, category) CODEDB_NODE_##code,
    CODEDB_NODE_KINDS(X)
#undef X
        CODEDB_NODE_KIND_COUNT
} codedb_node_kind;

/* What a class is, by LibCST's base classes. WHITESPACE and PUNCTUATION kinds are never stored in codedb_tree.nodes. */
typedef enum codedb_node_category {
    CODEDB_CATEGORY_OTHER,
    CODEDB_CATEGORY_EXPRESSION,         /* BaseExpression */
    CODEDB_CATEGORY_SMALL_STATEMENT,    /* BaseSmallStatement */
    CODEDB_CATEGORY_STATEMENT,          /* SimpleStatementLine */
    CODEDB_CATEGORY_COMPOUND_STATEMENT, /* BaseCompoundStatement */
    CODEDB_CATEGORY_WHITESPACE,
    CODEDB_CATEGORY_PUNCTUATION
} codedb_node_category;

CODEDB_PRIVATE const char *codedb_node_kind_name(codedb_node_kind kind);
CODEDB_PRIVATE codedb_node_category codedb_node_kind_category(codedb_node_kind kind);

/* ---- Fields: every field name of those classes that holds nodes ---------------------------------------------------- */

#define CODEDB_FIELDS(X)                \
    X(header)                           \
    X(body)                             \
    X(footer)                           \
    X(whitespace)                       \
    X(comment)                          \
    X(newline)                          \
    X(indent)                           \
    X(first_line)                       \
    X(empty_lines)                      \
    X(last_line)                        \
    X(whitespace_before)                \
    X(whitespace_after)                 \
    X(whitespace_between)               \
    X(whitespace_before_expression)     \
    X(expression)                       \
    X(equal)                            \
    X(whitespace_after_expression)      \
    X(conversion)                       \
    X(format_spec)                      \
    X(parts)                            \
    X(left)                             \
    X(right)                            \
    X(operator)                         \
    X(comparator)                       \
    X(comparisons)                      \
    X(value)                            \
    X(dot)                              \
    X(attr)                             \
    X(star)                             \
    X(whitespace_after_star)            \
    X(lower)                            \
    X(first_colon)                      \
    X(upper)                            \
    X(second_colon)                     \
    X(step)                             \
    X(slice)                            \
    X(comma)                            \
    X(whitespace_after_value)           \
    X(lbracket)                         \
    X(rbracket)                         \
    X(whitespace_before_indicator)      \
    X(whitespace_after_indicator)       \
    X(annotation)                       \
    X(name)                             \
    X(default)                          \
    X(whitespace_after_param)           \
    X(posonly_params)                   \
    X(posonly_ind)                      \
    X(params)                           \
    X(star_arg)                         \
    X(kwonly_params)                    \
    X(star_kwarg)                       \
    X(whitespace_after_lambda)          \
    X(colon)                            \
    X(keyword)                          \
    X(whitespace_after_arg)             \
    X(func)                             \
    X(whitespace_after_func)            \
    X(whitespace_before_args)           \
    X(args)                             \
    X(whitespace_after_await)           \
    X(whitespace_before_if)             \
    X(whitespace_after_if)              \
    X(test)                             \
    X(whitespace_before_else)           \
    X(whitespace_after_else)            \
    X(orelse)                           \
    X(whitespace_before_from)           \
    X(whitespace_after_from)            \
    X(item)                             \
    X(whitespace_after_yield)           \
    X(key)                              \
    X(whitespace_before_colon)          \
    X(whitespace_after_colon)           \
    X(lpar)                             \
    X(whitespace_before_value)          \
    X(rpar)                             \
    X(elements)                         \
    X(lbrace)                           \
    X(rbrace)                           \
    X(asynchronous)                     \
    X(whitespace_after_for)             \
    X(target)                           \
    X(whitespace_before_in)             \
    X(whitespace_after_in)              \
    X(iter)                             \
    X(ifs)                              \
    X(inner_for_in)                     \
    X(whitespace_before_test)           \
    X(elt)                              \
    X(for_in)                           \
    X(whitespace_before_walrus)         \
    X(whitespace_after_walrus)          \
    X(leading_lines)                    \
    X(trailing_whitespace)              \
    X(leading_whitespace)               \
    X(whitespace_after_del)             \
    X(semicolon)                        \
    X(whitespace_after_return)          \
    X(whitespace_after_import)          \
    X(names)                            \
    X(relative)                         \
    X(module)                           \
    X(whitespace_before_import)         \
    X(whitespace_after_lazy)            \
    X(asname)                           \
    X(whitespace_before_as)             \
    X(whitespace_after_as)              \
    X(whitespace_before_equal)          \
    X(whitespace_after_equal)           \
    X(targets)                          \
    X(whitespace_after_raise)           \
    X(exc)                              \
    X(cause)                            \
    X(whitespace_after_assert)          \
    X(msg)                              \
    X(whitespace_after_global)          \
    X(whitespace_after_nonlocal)        \
    X(whitespace_after_type)            \
    X(whitespace_after_name)            \
    X(type_parameters)                  \
    X(whitespace_after_type_parameters) \
    X(whitespace_after_equals)          \
    X(whitespace_after_test)            \
    X(whitespace_after_while)           \
    X(handlers)                         \
    X(finalbody)                        \
    X(whitespace_after_except)          \
    X(type)                             \
    X(whitespace_after_with)            \
    X(items)                            \
    X(whitespace_after_at)              \
    X(decorator)                        \
    X(decorators)                       \
    X(lines_after_decorators)           \
    X(whitespace_after_def)             \
    X(whitespace_before_params)         \
    X(returns)                          \
    X(whitespace_after_class)           \
    X(bases)                            \
    X(keywords)                         \
    X(param)                            \
    X(bound)                            \
    X(whitespace_after_match)           \
    X(subject)                          \
    X(cases)                            \
    X(whitespace_after_case)            \
    X(pattern)                          \
    X(guard)                            \
    X(whitespace_before_name)           \
    X(patterns)                         \
    X(rest)                             \
    X(whitespace_before_rest)           \
    X(trailing_comma)                   \
    X(cls)                              \
    X(whitespace_after_cls)             \
    X(whitespace_before_patterns)       \
    X(kwds)                             \
    X(whitespace_after_kwds)            \
    X(separator)

/* CODEDB_FIELD_NONE is the role of the root. */
typedef enum codedb_node_field {
    CODEDB_FIELD_NONE,
#define X(name) CODEDB_FIELD_##name,
    CODEDB_FIELDS(X)
#undef X
        CODEDB_FIELD_COUNT
} codedb_node_field;

CODEDB_PRIVATE const char *codedb_field_name(codedb_node_field field);

/* ---- Tokens ------------------------------------------------------------------------------------------------------- */

/* X(CODE, "what an error message calls it"). Keywords that are always keywords and operators have a kind each; soft keywords
 * (match, case, type, lazy, _) are NAME. A string without f or t prefix is one STRING; f- and t-strings are a START (prefix and
 * opening quotes), FSTRING_MIDDLE (never empty), the tokens of their fields (LEFT_BRACE ... EXCLAMATION, COLON ... RIGHT_BRACE) and
 * FSTRING_END, as in CPython 3.12; after the COLON of a format spec come FSTRING_MIDDLE and LEFT_BRACE again.
 * Text runs are maximal: one FSTRING_MIDDLE holds its doubled braces, doubled. The quotes that end a string stand in no open
 * field, and a field's braces match; what is in them is the parser's to judge, an EXCLAMATION and a second COLON too.
 * Of what a target version lacks, the lexer knows prefixes, old f-strings (their fields have no backslash, comment or quote of
 * the string before 3.12), `:=` and `@=` (two tokens before 3.8 and 3.5), underscores in numbers (a NUMBER and a NAME before 3.6)
 * and async and await (NAME before 3.7, but in an `async def` of 3.5 and 3.6); all else is the parser's.
 * NEWLINE starts at the line break, behind blanks and comment; its length is that of the break, 0 at an end of input without one.
 * INDENT and DEDENT have length 0 and stand at the first token of the block, or behind it (at the end of input: at its length).
 * Line breaks inside brackets, blank lines and comments are no tokens. ENDMARKER is always the last token. */
#define CODEDB_TOKEN_KINDS(X)          \
    X(ENDMARKER, "end of file")        \
    X(NEWLINE, "newline")              \
    X(INDENT, "indent")                \
    X(DEDENT, "dedent")                \
    X(NAME, "name")                    \
    X(NUMBER, "number")                \
    X(STRING, "string")                \
    X(FSTRING_START, "f-string")       \
    X(TSTRING_START, "t-string")       \
    X(FSTRING_MIDDLE, "f-string text") \
    X(FSTRING_END, "end of f-string")  \
    X(LEFT_PAREN, "'('")               \
    X(RIGHT_PAREN, "')'")              \
    X(LEFT_BRACKET, "'['")             \
    X(RIGHT_BRACKET, "']'")            \
    X(LEFT_BRACE, "'{'")               \
    X(RIGHT_BRACE, "'}'")              \
    X(COLON, "':'")                    \
    X(COMMA, "','")                    \
    X(SEMICOLON, "';'")                \
    X(PLUS, "'+'")                     \
    X(MINUS, "'-'")                    \
    X(STAR, "'*'")                     \
    X(SLASH, "'/'")                    \
    X(VERTICAL_BAR, "'|'")             \
    X(AMPERSAND, "'&'")                \
    X(LESS, "'<'")                     \
    X(GREATER, "'>'")                  \
    X(EQUAL, "'='")                    \
    X(DOT, "'.'")                      \
    X(PERCENT, "'%'")                  \
    X(EQUAL_EQUAL, "'=='")             \
    X(NOT_EQUAL, "'!='")               \
    X(LESS_EQUAL, "'<='")              \
    X(GREATER_EQUAL, "'>='")           \
    X(TILDE, "'~'")                    \
    X(CIRCUMFLEX, "'^'")               \
    X(LEFT_SHIFT, "'<<'")              \
    X(RIGHT_SHIFT, "'>>'")             \
    X(DOUBLE_STAR, "'**'")             \
    X(PLUS_EQUAL, "'+='")              \
    X(MINUS_EQUAL, "'-='")             \
    X(STAR_EQUAL, "'*='")              \
    X(SLASH_EQUAL, "'/='")             \
    X(PERCENT_EQUAL, "'%='")           \
    X(AMPERSAND_EQUAL, "'&='")         \
    X(VERTICAL_BAR_EQUAL, "'|='")      \
    X(CIRCUMFLEX_EQUAL, "'^='")        \
    X(LEFT_SHIFT_EQUAL, "'<<='")       \
    X(RIGHT_SHIFT_EQUAL, "'>>='")      \
    X(DOUBLE_STAR_EQUAL, "'**='")      \
    X(DOUBLE_SLASH, "'//'")            \
    X(DOUBLE_SLASH_EQUAL, "'//='")     \
    X(AT, "'@'")                       \
    X(AT_EQUAL, "'@='")                \
    X(ARROW, "'->'")                   \
    X(ELLIPSIS, "'...'")               \
    X(COLON_EQUAL, "':='")             \
    X(EXCLAMATION, "'!'")              \
    X(KEYWORD_FALSE, "'False'")        \
    X(KEYWORD_NONE, "'None'")          \
    X(KEYWORD_TRUE, "'True'")          \
    X(KEYWORD_AND, "'and'")            \
    X(KEYWORD_AS, "'as'")              \
    X(KEYWORD_ASSERT, "'assert'")      \
    X(KEYWORD_ASYNC, "'async'")        \
    X(KEYWORD_AWAIT, "'await'")        \
    X(KEYWORD_BREAK, "'break'")        \
    X(KEYWORD_CLASS, "'class'")        \
    X(KEYWORD_CONTINUE, "'continue'")  \
    X(KEYWORD_DEF, "'def'")            \
    X(KEYWORD_DEL, "'del'")            \
    X(KEYWORD_ELIF, "'elif'")          \
    X(KEYWORD_ELSE, "'else'")          \
    X(KEYWORD_EXCEPT, "'except'")      \
    X(KEYWORD_FINALLY, "'finally'")    \
    X(KEYWORD_FOR, "'for'")            \
    X(KEYWORD_FROM, "'from'")          \
    X(KEYWORD_GLOBAL, "'global'")      \
    X(KEYWORD_IF, "'if'")              \
    X(KEYWORD_IMPORT, "'import'")      \
    X(KEYWORD_IN, "'in'")              \
    X(KEYWORD_IS, "'is'")              \
    X(KEYWORD_LAMBDA, "'lambda'")      \
    X(KEYWORD_NONLOCAL, "'nonlocal'")  \
    X(KEYWORD_NOT, "'not'")            \
    X(KEYWORD_OR, "'or'")              \
    X(KEYWORD_PASS, "'pass'")          \
    X(KEYWORD_RAISE, "'raise'")        \
    X(KEYWORD_RETURN, "'return'")      \
    X(KEYWORD_TRY, "'try'")            \
    X(KEYWORD_WHILE, "'while'")        \
    X(KEYWORD_WITH, "'with'")          \
    X(KEYWORD_YIELD, "'yield'")

typedef enum codedb_token_kind {
#define X(code, text) CODEDB_TOKEN_##code,
    CODEDB_TOKEN_KINDS(X)
#undef X
        CODEDB_TOKEN_KIND_COUNT
} codedb_token_kind;

CODEDB_PRIVATE const char *codedb_token_kind_text(codedb_token_kind kind);

typedef struct codedb_token {
    uint32_t start;       /* byte offset in the source */
    uint32_t kind : 8;    /* codedb_token_kind */
    uint32_t length : 24; /* bytes; CODEDB_TOKEN_LONG when longer: then see codedb_token_end */
} codedb_token;
#define CODEDB_TOKEN_LONG 0xFFFFFFu /* only STRING, FSTRING_MIDDLE, NAME and NUMBER can be so long */

/* ---- Nodes -------------------------------------------------------------------------------------------------------- */

/* 16 bytes. `first` and `last` give the node's *position* (LibCST's recorded span): from the start of token `first` to the end of
 * token `last - 1`. Own parentheses lie outside: the `parens` tokens before `first` and behind `last - 1`.
 *
 * - A zero-width node (Tuple and MatchTuple of `()`, Parameters of `()` and of `lambda:`) has first == last and lies just before
 *   token `first`, which is the right parenthesis or the colon.
 * - Kinds whose position begins or ends with white space (ComparisonTarget, CompFor, AsName, Slice, Parameters, the prefix operators
 *   ...) hold the outermost tokens that they write; codedb_tree_position adds the gap.
 * - A comma, `|` or semicolon that belongs to the position belongs to the tokens: of MatchSequenceElement, MatchStar,
 *   MatchMappingElement, MatchKeywordElement, MatchOrElement, TypeParam, ParamStar, ParamSlash and TypeAlias. Of all other kinds it is
 *   the token behind `last - 1` and the element's own closing parentheses. A Tuple holds its last comma.
 * - Param holds star and name only. TypeParam itself, and not its default, holds the star of `*Ts = *x`; Index likewise.
 * - With, ImportFrom, LazyImportFrom and ClassDef have `parens` 1 where the statement's own parentheses are in the source (With.lpar,
 *   ImportFrom.lpar, ClassDef.lpar); these lie inside the position. No StarredElement, statement or Element has any other.
 * - A MatchValue or MatchSingleton holds the parentheses of its expression inside its position, and has none of its own.
 * - FunctionDef and ClassDef begin at `async`, `def` or `class`, so their Decorators lie before them; an IndentedBlock begins where
 *   its first statement's position begins. A compound statement ends where its last clause ends.
 * - A generator that is the only argument of a call has no parentheses.
 * - `with (a, b):` is a With with parentheses for every target version, also before 3.9, where CPython read a tuple.
 * - NEWLINE, INDENT and DEDENT are never first or last - 1 of a node, but for the Module: it spans all tokens, the ENDMARKER too. */
typedef struct codedb_node {
    uint32_t first;
    uint32_t last;
    uint32_t end;    /* index of the node behind this one's subtree, in pre-order */
    uint8_t kind;    /* codedb_node_kind */
    uint8_t field;   /* codedb_node_field: the role in the parent */
    uint16_t parens; /* pairs of parentheses that the node owns (lpar, rpar); how they lie to the position is said above */
} codedb_node;

/* A place in a source text. */
typedef struct codedb_place {
    uint32_t line;   /* from 1; \n, \r\n and \r end a line */
    uint32_t column; /* from 0, in code points */
} codedb_place;

/* The newest release of Python, for whoever does not say which one. */
#define CODEDB_NEWEST_VERSION 314

/* NULs that must follow a source: the lexer reads it in blocks. */
#define CODEDB_SOURCE_PADDING 64u
#define CODEDB_SOURCE_LIMIT (UINT32_MAX - 2 * CODEDB_SOURCE_PADDING)

struct codedb_tree {
    codedb_allocator allocator; /* of the tree and each of its arrays */
    const char *source;         /* UTF-8, BOM included where there is one, CODEDB_SOURCE_PADDING NULs behind */
    uint32_t length;            /* bytes of source; at most CODEDB_SOURCE_LIMIT */
    uint32_t text_start;        /* 3 when the source starts with a BOM, else 0: no position counts it */
    codedb_token *tokens;
    uint32_t token_count;
    codedb_node *nodes; /* pre-order; nodes[0] is the Module */
    uint32_t node_count;
    uint32_t *long_ends; /* pairs (token, end offset), in order, of the tokens with CODEDB_TOKEN_LONG */
    uint32_t long_count;
    uint32_t *line_starts; /* byte offset of each line's first byte; of the first line, behind the BOM */
    uint32_t line_count;
    bool ascii;         /* no byte beyond 127: columns are byte differences */
    int target_version; /* major * 100 + minor: 314 is Python 3.14 */
    const struct codedb_identities
        *identities; /* its nodes' ids, of a stored source; NULL: their ids are their paths. Not the tree's */
};

/* The letters of a hash that stand in an id, and a NUL. */
#define CODEDB_IDENTITY_TAG_SIZE 13

/* What the ids of a tree's nodes are made of; all zero: they are paths. */
typedef struct codedb_naming {
    const struct codedb_identities *identities; /* ids that stay; NULL: see below */
    const char *kept;                           /* them as they are stored, to be read when the first id is asked for */
    const char *hash; /* of a stored source: its first ids that stay, also when `kept` says none. It lives as long as the view */
    bool in_text;     /* the ids are places in exactly this text */
    bool unasked;     /* hosts are told no ids */
} codedb_naming;

/* codedb_identity.c. Appends the id of a stored node. */
CODEDB_PRIVATE void codedb_identities_append(const struct codedb_identities *identities, uint32_t node, codedb_buffer *out);
/* Of what codedb_identities_write has written; *identities is NULL for anything else. False without memory. */
CODEDB_PRIVATE bool codedb_identities_read(const codedb_allocator *allocator, const char *text,
                                           struct codedb_identities **identities);
CODEDB_PRIVATE void codedb_identities_free(struct codedb_identities *identities); /* NULL is allowed */
/* The node that an id such as `3f2a9c01d4e5:17` says: number 17 of the text whose hash begins so. NOT_FOUND: it is no such id, or
 * there is no such node; CONFLICT: it is of another text. */
CODEDB_PRIVATE codedb_code codedb_identity_find_place(const codedb_tree *tree, const char *id, uint32_t *node);
/* codedb_nodes.c. codedb_tree_query with nodes named so; NULL: by tree->identities. */
CODEDB_PRIVATE codedb_code codedb_tree_query_named(const codedb_tree *tree, const codedb_naming *naming,
                                                   const codedb_filter *filter, codedb_nodes **nodes, codedb_result *result);

CODEDB_PRIVATE uint32_t codedb_token_end(const codedb_tree *tree, uint32_t token);
/* Whether a token of that kind is a bracket that opens, or one that closes. */
static inline bool codedb_token_opens(unsigned kind)
{
    return kind == CODEDB_TOKEN_LEFT_PAREN || kind == CODEDB_TOKEN_LEFT_BRACKET || kind == CODEDB_TOKEN_LEFT_BRACE;
}
static inline bool codedb_token_closes(unsigned kind)
{
    return kind == CODEDB_TOKEN_RIGHT_PAREN || kind == CODEDB_TOKEN_RIGHT_BRACKET || kind == CODEDB_TOKEN_RIGHT_BRACE;
}
CODEDB_PRIVATE codedb_place codedb_tree_place(const codedb_tree *tree, uint32_t offset);
/* The index in line_starts of the line that `offset` is on; 0 before the first one. */
CODEDB_PRIVATE uint32_t codedb_tree_line(const codedb_tree *tree, uint32_t offset);
/* Whether CPython puts an empty line behind the last one: up to 3.11 compile() adds a line break to a source that has none at its end, and
 * takes a \r\n there for none. (The interpreter, when it reads a file itself, does not.) */
CODEDB_PRIVATE bool codedb_tree_adds_line(const codedb_tree *tree);
/* The same for many places that are near each other or in order: the cursor remembers the last one. It starts as all zero. */
typedef struct codedb_place_cursor {
    uint32_t line; /* index in line_starts */
    uint32_t offset;
    uint32_t column;
} codedb_place_cursor;
CODEDB_PRIVATE codedb_place codedb_tree_place_near(const codedb_tree *tree, codedb_place_cursor *cursor, uint32_t offset);
/* The byte range of a stored node's position. */
CODEDB_PRIVATE void codedb_tree_position(const codedb_tree *tree, uint32_t node, uint32_t *start, uint32_t *end);
/* parents[i] is the parent of node i; parents[0] is UINT32_MAX. The caller owns an array of node_count. */
CODEDB_PRIVATE void codedb_tree_parents(const codedb_tree *tree, uint32_t *parents);
/* The first child of `node` with that role, or UINT32_MAX. */
CODEDB_PRIVATE uint32_t codedb_tree_child(const codedb_tree *tree, uint32_t node, codedb_node_field field);

/* ---- Stages (codedb_lexer.c, codedb_expression.c, codedb_statement.c) --------------------------------------------- */

/* Where and why a source is not Python. */
typedef struct codedb_syntax_error {
    uint32_t offset; /* of the offending token, in bytes */
    uint32_t length;
    uint32_t reached; /* the parser's: of the last token that was looked at */
    uint32_t found;   /* the parser's: of the token before which all was parsed when CPython had the error */
    bool no_memory;   /* not an error of the source at all */
    bool indent;      /* the parser's: at an indentation that nothing asked for */
    bool expected;    /* the parser's: something else was expected at a token, which CPython has no message for */
    bool at_once;     /* the parser's: CPython tells of it whenever it reads it, and not only in its second look */
    bool unended;     /* the parser's: in strings of which the last has no end here, told at the token behind them */
    bool late;        /* the parser's: CPython finds it only when it has parsed the whole source; up to 3.8 */
    bool in_bytes;    /* CPython counts the bytes before it for the column: of what is late, and of leading zeros */
    bool yields;      /* an error of the lexer that CPython reports only when the parser finds none before it */
    bool raises;    /* the lexer's: CPython tells of it also when it looks at the rest of the source, or of a replacement field */
    bool continued; /* the lexer's: behind a backslash there is no line break, or nothing more */
    char message[256]; /* what was found and what was expected */
} codedb_syntax_error;

/* codedb_lexer.c. Fills tree->tokens, line_starts, text_start and ascii from tree->source, length and target_version; their memory
 * comes from tree->allocator and is the tree's. False: `error` is filled. */
CODEDB_PRIVATE bool codedb_lex(codedb_tree *tree, codedb_syntax_error *error);
/* The same, past errors: f-strings from byte `whole` on are not looked into (UINT32_MAX: into all; only before 3.12), and where it `passes`
 * what is no token counts as one and a field ends where its string ends, to find what is wrong behind that. */
CODEDB_PRIVATE bool codedb_lex_past(codedb_tree *tree, codedb_syntax_error *error, uint32_t whole, bool passes);
/* codedb_choice.c. After codedb_lex failed, the tokens before the error and an ENDMARKER are there to be parsed. Whether `parsing`, the
 * error found by that, is the one to report: CPython's choice. */
CODEDB_PRIVATE bool codedb_lex_error_yields(const codedb_tree *tree, const codedb_syntax_error *lexing,
                                            const codedb_syntax_error *parsing);
/* codedb_lex and codedb_parse; of several errors the one that CPython reports. */
CODEDB_PRIVATE bool codedb_tree_read(codedb_tree *tree, uint32_t max_depth, codedb_syntax_error *error);

/* codedb_unicode.c. XID_Start and XID_Continue, as the Python of that version knows them. */
CODEDB_PRIVATE bool codedb_unicode_starts_identifier(uint32_t code_point, int version);
CODEDB_PRIVATE bool codedb_unicode_continues_identifier(uint32_t code_point, int version);

/* codedb_normal.c. Whether an identifier is surely in the normal form NFKC. */
CODEDB_PRIVATE bool codedb_identifier_is_normal(const char *text, size_t length);
/* Appends an identifier in NFKC, as CPython does; false without memory. */
CODEDB_PRIVATE bool codedb_identifier_normalize(const char *text, size_t length, codedb_buffer *out);
/* The character that the normal form of an identifier is; 0: it is several. */
CODEDB_PRIVATE uint32_t codedb_identifier_letter(const char *text, size_t length);

/* codedb_name.c. The character that \N{name} is for a Python, as 312 for 3.12; false: it knows no such name. */
CODEDB_PRIVATE bool codedb_character_by_name(const char *name, size_t length, int python, uint32_t *code_point);
/* Reads the \N{name} of a literal: `text` is behind the backslash. The place behind the brace; NULL if it names no character. */
CODEDB_PRIVATE const char *codedb_character_read(const char *text, const char *end, int python, uint32_t *code_point);

/* codedb_statement.c. Fills tree->nodes from the tokens. `max_depth` bounds the recursion: 0 is a default that fits a stack of 8 MiB.
 * False: `error` is filled. */
CODEDB_PRIVATE bool codedb_parse(codedb_tree *tree, uint32_t max_depth, codedb_syntax_error *error);

/* codedb_tree_parse for a text that is UTF-8 already, whatever its coding cookie says: stored and edited sources. */
CODEDB_PRIVATE codedb_code codedb_tree_parse_text(const char *text, size_t length, const codedb_parse_options *options,
                                                  codedb_tree **tree, codedb_result *result);

/* ---- The whole tree, white space and punctuation included (codedb_expand.c) ----------------------------------------- */

/* One node of LibCST's `.children` tree. Pre-order; the same five order exceptions as LibCST. */
typedef struct codedb_full_node {
    uint32_t start; /* byte offsets of the position; the BOM is skipped, the bytes are otherwise the source's */
    uint32_t end;
    uint32_t subtree_end; /* index behind the subtree in codedb_full_tree.nodes */
    uint32_t parent;      /* UINT32_MAX for the Module */
    uint32_t syntax;      /* index in codedb_tree.nodes; UINT32_MAX for fabricated nodes */
    uint8_t kind;
    uint8_t field;
    uint8_t flags; /* CODEDB_FULL_... */
    uint8_t reserved;
} codedb_full_node;
enum {
    CODEDB_FULL_NO_POSITION = 1,    /* MatchMapping.whitespace_before_rest without **rest */
    CODEDB_FULL_VIRTUAL_NEWLINE = 2 /* the position ends behind a newline that the source does not have: (line + 1, 0) */
};
typedef struct codedb_full_tree {
    codedb_full_node *nodes;
    uint32_t count;
} codedb_full_tree;
/* Fabricates every node. Freed with codedb_full_tree_free. CODEDB_SUCCESS or CODEDB_NO_MEMORY; INTERNAL_ERROR when tokens and nodes
 * do not fit together. */
CODEDB_PRIVATE codedb_code codedb_tree_expand(const codedb_tree *tree, codedb_full_tree *full, codedb_result *result);
CODEDB_PRIVATE void codedb_full_tree_free(const codedb_tree *tree, codedb_full_tree *full);

/* codedb_ast.c: the tree as CPython's ast in JSON, through `write`; answers as codedb_tree_dump does. */
CODEDB_PRIVATE codedb_code codedb_ast_write(const codedb_tree *tree, codedb_write_function write, void *context,
                                            codedb_result *result);

/* ---- Names (codedb_tree.c, codedb_scope.c) ---------------------------------------------------------------------------------------- */

/* The name of a def, class or Name as bytes of the source; NULL for other nodes. */
CODEDB_PRIVATE const char *codedb_tree_name(const codedb_tree *tree, uint32_t node, size_t *length);

/* The kind word of every node, and the original engine's qualname (docs/trees.md), from one pass over the tree. */
typedef struct codedb_scopes codedb_scopes;
CODEDB_PRIVATE codedb_code codedb_scopes_create(const codedb_tree *tree, codedb_scopes **scopes, codedb_result *result);
CODEDB_PRIVATE void codedb_scopes_free(codedb_scopes *scopes);
/* "module", "class", "method", "function", "import", "smallstmt", "stmt", "decorator" or "node". */
CODEDB_PRIVATE const char *codedb_scopes_kind(const codedb_scopes *scopes, uint32_t node);
/* Appends the qualname; appends nothing and returns false when the node has none. */
CODEDB_PRIVATE bool codedb_scopes_qualname(const codedb_scopes *scopes, uint32_t node, codedb_buffer *out);
/* The same for what is written inside a def or class but no def or class itself: its white space and punctuation, too. */
CODEDB_PRIVATE bool codedb_scopes_inside(const codedb_scopes *scopes, uint32_t node, codedb_buffer *out);
/* Python 3.12's __qualname__ of a def, class, lambda or generator expression; of other nodes that of the scope in which they are
 * evaluated (a decorator, a default, a base: the scope around). False and nothing in the module's. */
CODEDB_PRIVATE bool codedb_scopes_full_qualname(const codedb_scopes *scopes, uint32_t node, codedb_buffer *out);

/* ---- String literals and docstrings (codedb_string.c) ------------------------------------------------------------- */

/* A literal taken apart. `body` points into the text that was given. */
typedef struct codedb_string_literal {
    const char *body; /* between the quotes */
    size_t body_length;
    size_t quote_length; /* 1 or 3 */
    bool raw;
    bool bytes;
    bool unicode;   /* the prefix u */
    bool formatted; /* the prefix f or t */
} codedb_string_literal;
/* False when `text` is no string literal. */
CODEDB_PRIVATE bool codedb_string_split(const char *text, size_t length, codedb_string_literal *literal);
/* Reads one escape of a literal that is not raw: `text` is behind the backslash. Returns the place behind the escape, and what it stands
 * for: -1 for a line that is continued, and the backslash itself, with nothing read, for what is no escape. NULL for one that CPython
 * refuses; `python` is the version whose names \N{...} has. */
CODEDB_PRIVATE const char *codedb_string_read_escape(const char *text, const char *end, bool bytes, int python,
                                                     int32_t *code_point);
/* Appends the value of a literal's body. Line breaks become \n; a lone surrogate becomes the three bytes of its code point. False for an
 * escape that CPython refuses; `out` then holds what came before it. */
CODEDB_PRIVATE bool codedb_string_evaluate(const char *body, size_t length, bool raw, bool bytes, int python, codedb_buffer *out);
/* The Expr that is the docstring of a Module, ClassDef or FunctionDef; UINT32_MAX when there is none. */
CODEDB_PRIVATE uint32_t codedb_docstring_statement(const codedb_tree *tree, uint32_t node);
/* Appends the docstring as ast.get_docstring has it, cleaned as inspect.cleandoc of 3.13 does; false when there is none. */
CODEDB_PRIVATE bool codedb_docstring_append(const codedb_tree *tree, uint32_t node, codedb_buffer *out);
/* Makes a docstring of the string behind `mark`: cleaned so, and U+FFFD for each lone surrogate. */
CODEDB_PRIVATE void codedb_docstring_clean(codedb_buffer *out, size_t mark);

/* ---- What a tree defines (codedb_index.c) ------------------------------------------------------------------------- */

/* Bytes with a length; `text` is NULL for "there is none", else there may be no NUL behind. */
typedef struct codedb_slice {
    const char *text;
    size_t length;
} codedb_slice;

typedef enum codedb_definition_kind {
    CODEDB_DEFINITION_CLASS,
    CODEDB_DEFINITION_METHOD,  /* a def whose nearest enclosing class or def is a class */
    CODEDB_DEFINITION_FUNCTION /* any other def, those inside methods included */
} codedb_definition_kind;

/* A class or def. */
typedef struct codedb_definition {
    codedb_definition_kind kind;
    uint32_t node;
    uint32_t owner;           /* the definition that encloses it most closely; UINT32_MAX at the top. Of a method: its class */
    uint32_t line;            /* of `class`, `def` or `async` */
    bool is_abstract;         /* has a decorator whose last name is abstractmethod, abstractproperty, ... */
    bool has_pass;            /* `pass` is one of the body's own statements */
    bool has_not_implemented; /* likewise `raise NotImplementedError`, called or not */
    const char *name;
    const char *qualified_name; /* behind the names of its owners, with dots */
    const char *details;        /* JSON array of strings: a class's bases as written, a def's parameter names with their stars */
    codedb_slice docstring;     /* as ast.get_docstring, a NUL behind; text is NULL when there is none */
    codedb_slice content; /* its source lines from the first decorator on, without docstring and without definitions inside */
} codedb_definition;

/* One imported name. */
typedef struct codedb_imported {
    const char *name;   /* the name that is imported, dotted, not its alias; "*" */
    const char *module; /* of `from`: with its leading dots; NULL for `import` */
    uint32_t line;      /* of the statement */
} codedb_imported;

typedef struct codedb_outline {
    const codedb_definition *definitions; /* in file order: an owner comes before what it owns */
    size_t definition_count;
    const codedb_imported *imports; /* in file order */
    size_t import_count;
    uint32_t lines;         /* of the file; a last line without a break counts */
    codedb_slice docstring; /* the module's */
    codedb_slice content;   /* what stands outside all definitions, without the docstring */
} codedb_outline;

/* The lines of the source; a last one without a break counts. */
CODEDB_PRIVATE uint32_t codedb_tree_line_count(const codedb_tree *tree);
/* Collects what `tree` defines, in one pass. What *outline refers to lives in `arena` and in the tree's source. */
CODEDB_PRIVATE codedb_code codedb_outline_collect(const codedb_tree *tree, codedb_arena *arena, codedb_outline *outline,
                                                  codedb_result *result);

/* ---- Unified diff (codedb_diff.c) --------------------------------------------------------------------------------- */

/* What has changed between two sources: pairs of start and end, in order. */
typedef struct codedb_changed_ranges {
    const size_t *old_ranges;
    const size_t *new_ranges;
    size_t count;
} codedb_changed_ranges;
/* codedb_diff.c. What a diff has, less what changed lines begin and end with in both texts; of the arena. False without memory. */
CODEDB_PRIVATE bool codedb_diff_ranges(const char *old_text, size_t old_length, const char *new_text, size_t new_length,
                                       codedb_arena *arena, codedb_changed_ranges *ranges);

/* Appends the unified diff from the old to the new text, three lines of context, under `--- a/path` and `+++ b/path` (leading
 * slashes of `path` are left out); appends nothing when the texts are equal. False without memory. */
CODEDB_PRIVATE bool codedb_diff_append(const char *old_text, size_t old_length, const char *new_text, size_t new_length,
                                       const char *path, codedb_buffer *out);

#endif
