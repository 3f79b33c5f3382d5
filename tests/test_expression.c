/* test_expression.c -- accuses codedb_expression.c.
 *
 * The nodes expected here are LibCST's (tests/oracle/compare_nodes.py compared these very sources), the versions and the places of
 * errors are CPython's. How nodes are written as text: tests/parsed.h. */
#include "parsed.h"

#include <pthread.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The expression that `source` is. */
static void assert_node(const char *source, const char *expected)
{
    parsed_assert(source, 315, CODEDB_NODE_EXPR, CODEDB_FIELD_NONE, expected);
}

/* ---- Shapes ---- */

static void operators_bind_as_the_grammar_says(void **state)
{
    (void)state;
    assert_node("a + b * c",
                "BinaryOperation[left=Name'a' operator=Add'+' right=BinaryOperation[left=Name'b' operator=Multiply'*' "
                "right=Name'c']]");
    assert_node("(a + b) * c",
                "BinaryOperation[left=BinaryOperation(1)[left=Name'a' operator=Add'+' right=Name'b'] operator=Multiply'*' "
                "right=Name'c']");
    assert_node("a - b - c", "BinaryOperation[left=BinaryOperation[left=Name'a' operator=Subtract'-' right=Name'b'] "
                             "operator=Subtract'-' right=Name'c']");
    assert_node("a or b and not c",
                "BooleanOperation[left=Name'a' operator=Or'or' right=BooleanOperation[left=Name'b' operator=And'and' "
                "right=UnaryOperation[operator=Not'not' expression=Name'c']]]");
    assert_node("a | b ^ c & d << e + f * -g ** h",
                "BinaryOperation[left=Name'a' operator=BitOr'|' right=BinaryOperation[left=Name'b' operator=BitXor'^' "
                "right=BinaryOperation[left=Name'c' operator=BitAnd'&' right=BinaryOperation[left=Name'd' "
                "operator=LeftShift'<<' right=BinaryOperation[left=Name'e' operator=Add'+' "
                "right=BinaryOperation[left=Name'f' operator=Multiply'*' right=UnaryOperation[operator=Minus'-' "
                "expression=BinaryOperation[left=Name'g' operator=Power'**' right=Name'h']]]]]]]]");
    assert_node("a ** b ** -c",
                "BinaryOperation[left=Name'a' operator=Power'**' right=BinaryOperation[left=Name'b' operator=Power'**' "
                "right=UnaryOperation[operator=Minus'-' expression=Name'c']]]");
    assert_node("-a ** b",
                "UnaryOperation[operator=Minus'-' expression=BinaryOperation[left=Name'a' operator=Power'**' right=Name'b']]");
    assert_node(
        "a @ b // c % d / e >> f",
        ""
        "BinaryOperation[left=BinaryOperation[left=BinaryOperation[left=BinaryOperation[left=BinaryOperation[left=Name'a' "
        "operator=MatrixMultiply'@' right=Name'b'] operator=FloorDivide'//' right=Name'c'] operator=Modulo'%' "
        "right=Name'd'] operator=Divide'/' right=Name'e'] operator=RightShift'>>' right=Name'f']");
    assert_node("a < b < c", "Comparison[left=Name'a' comparisons=ComparisonTarget[operator=LessThan'<' comparator=Name'b'] "
                             "comparisons=ComparisonTarget[operator=LessThan'<' comparator=Name'c']]");
    assert_node("not a == b", "UnaryOperation[operator=Not'not' expression=Comparison[left=Name'a' "
                              "comparisons=ComparisonTarget[operator=Equal'==' comparator=Name'b']]]");
    assert_node("not not a", "UnaryOperation[operator=Not'not' expression=UnaryOperation[operator=Not'not' expression=Name'a']]");
    assert_node("- + ~a", "UnaryOperation[operator=Minus'-' expression=UnaryOperation[operator=Plus'+' "
                          "expression=UnaryOperation[operator=BitInvert'~' expression=Name'a']]]");
    assert_node("a is not b not in c is d in e",
                "Comparison[left=Name'a' comparisons=ComparisonTarget[operator=IsNot'is not' comparator=Name'b'] "
                "comparisons=ComparisonTarget[operator=NotIn'not in' comparator=Name'c'] "
                "comparisons=ComparisonTarget[operator=Is'is' comparator=Name'd'] "
                "comparisons=ComparisonTarget[operator=In'in' comparator=Name'e']]");
    assert_node("a <= b != c >= d == e > f",
                "Comparison[left=Name'a' comparisons=ComparisonTarget[operator=LessThanEqual'<=' comparator=Name'b'] "
                "comparisons=ComparisonTarget[operator=NotEqual'!=' comparator=Name'c'] "
                "comparisons=ComparisonTarget[operator=GreaterThanEqual'>=' comparator=Name'd'] "
                "comparisons=ComparisonTarget[operator=Equal'==' comparator=Name'e'] "
                "comparisons=ComparisonTarget[operator=GreaterThan'>' comparator=Name'f']]");
    assert_node("a if b else c if d else e",
                "IfExp[body=Name'a' test=Name'b' orelse=IfExp[body=Name'c' test=Name'd' orelse=Name'e']]");
    assert_node("(a if b else c) if (d) else (e)",
                "IfExp[body=IfExp(1)[body=Name'a' test=Name'b' orelse=Name'c'] test=Name(1)'d' orelse=Name(1)'e']");
    assert_node("a and (b or c)",
                "BooleanOperation[left=Name'a' operator=And'and' right=BooleanOperation(1)[left=Name'b' operator=Or'or' "
                "right=Name'c']]");
    assert_node("await a.b(c) ** d", "BinaryOperation[left=Await[expression=Call[func=Attribute[value=Name'a' attr=Name'b'] "
                                     "args=Arg[value=Name'c']]] operator=Power'**' right=Name'd']");
    assert_node("a if b else lambda: c", "IfExp[body=Name'a' test=Name'b' orelse=Lambda[params=Parameters'' body=Name'c']]");
}

static void primaries_chain_to_the_left(void **state)
{
    (void)state;
    assert_node("a.b.c", "Attribute[value=Attribute[value=Name'a' attr=Name'b'] attr=Name'c']");
    assert_node("a(b)(c)", "Call[func=Call[func=Name'a' args=Arg[value=Name'b']] args=Arg[value=Name'c']]");
    assert_node("a[b][c].d(e)",
                "Call[func=Attribute[value=Subscript[value=Subscript[value=Name'a' "
                "slice=SubscriptElement[slice=Index[value=Name'b']]] slice=SubscriptElement[slice=Index[value=Name'c']]] "
                "attr=Name'd'] args=Arg[value=Name'e']]");
    assert_node("(a).b", "Attribute[value=Name(1)'a' attr=Name'b']");
    assert_node("((a)).b[(c)]", "Subscript[value=Attribute[value=Name(2)'a' attr=Name'b'] "
                                "slice=SubscriptElement[slice=Index[value=Name(1)'c']]]");
}

static void arguments_have_stars_keywords_and_generators(void **state)
{
    (void)state;
    assert_node("f(a, *b, c=d, **e)",
                "Call[func=Name'f' args=Arg[value=Name'a'] args=Arg[value=Name'b'] args=Arg[keyword=Name'c' value=Name'd'] "
                "args=Arg[value=Name'e']]");
    assert_node("f(a for b in c)",
                "Call[func=Name'f' args=Arg[value=GeneratorExp[elt=Name'a' for_in=CompFor[target=Name'b' iter=Name'c']]]]");
    assert_node("f((a for b in c))",
                "Call[func=Name'f' args=Arg[value=GeneratorExp(1)[elt=Name'a' for_in=CompFor[target=Name'b' iter=Name'c']]]]");
    assert_node("f(a := b, (c := d))", "Call[func=Name'f' args=Arg[value=NamedExpr[target=Name'a' value=Name'b']] "
                                       "args=Arg[value=NamedExpr(1)[target=Name'c' value=Name'd']]]");
    assert_node("f(a,)", "Call[func=Name'f' args=Arg[value=Name'a']]");
    assert_node("f(*a, b)", "Call[func=Name'f' args=Arg[value=Name'a'] args=Arg[value=Name'b']]");
    assert_node("f(**a, b=c)", "Call[func=Name'f' args=Arg[value=Name'a'] args=Arg[keyword=Name'b' value=Name'c']]");
}

static void subscripts_hold_elements(void **state)
{
    (void)state;
    assert_node("a[b]", "Subscript[value=Name'a' slice=SubscriptElement[slice=Index[value=Name'b']]]");
    assert_node("a[b, c:d]", "Subscript[value=Name'a' slice=SubscriptElement[slice=Index[value=Name'b']] "
                             "slice=SubscriptElement[slice=Slice[lower=Name'c' upper=Name'd']]]");
    assert_node("a[:]", "Subscript[value=Name'a' slice=SubscriptElement[slice=Slice':']]");
    assert_node("a[b:c:d]",
                "Subscript[value=Name'a' slice=SubscriptElement[slice=Slice[lower=Name'b' upper=Name'c' step=Name'd']]]");
    assert_node("a[::e, :f:]", "Subscript[value=Name'a' slice=SubscriptElement[slice=Slice[step=Name'e']] "
                               "slice=SubscriptElement[slice=Slice[upper=Name'f']]]");
    assert_node("a[(b, c)]",
                "Subscript[value=Name'a' slice=SubscriptElement[slice=Index[value=Tuple(1)[elements=Element[value=Name'b'] "
                "elements=Element[value=Name'c']]]]]");
    assert_node("a[*b, c]", "Subscript[value=Name'a' slice=SubscriptElement[slice=Index[value=Name'b']] "
                            "slice=SubscriptElement[slice=Index[value=Name'c']]]");
    assert_node("a[b := c]",
                "Subscript[value=Name'a' slice=SubscriptElement[slice=Index[value=NamedExpr[target=Name'b' value=Name'c']]]]");
    assert_node("a[b,]", "Subscript[value=Name'a' slice=SubscriptElement[slice=Index[value=Name'b']]]");
}

static void displays_and_comprehensions(void **state)
{
    (void)state;
    assert_node("()", "Tuple(1)''");
    assert_node("(a,)", "Tuple(1)[elements=Element[value=Name'a']]");
    assert_node("(a, *b)", "Tuple(1)[elements=Element[value=Name'a'] elements=StarredElement[value=Name'b']]");
    assert_node("((a, b))", "Tuple(2)[elements=Element[value=Name'a'] elements=Element[value=Name'b']]");
    assert_node("a, *b", "Tuple[elements=Element[value=Name'a'] elements=StarredElement[value=Name'b']]");
    assert_node("[]", "List'[]'");
    assert_node("[a, *b]", "List[elements=Element[value=Name'a'] elements=StarredElement[value=Name'b']]");
    assert_node("{}", "Dict'{}'");
    assert_node("{a: b, **c}",
                "Dict[elements=DictElement[key=Name'a' value=Name'b'] elements=StarredDictElement[value=Name'c']]");
    assert_node("{a, *b}", "Set[elements=Element[value=Name'a'] elements=StarredElement[value=Name'b']]");
    assert_node("[a for b in c]", "ListComp[elt=Name'a' for_in=CompFor[target=Name'b' iter=Name'c']]");
    assert_node("[a async for b in c if d if e for f, g in h]",
                "ListComp[elt=Name'a' for_in=CompFor[asynchronous=Asynchronous'async' target=Name'b' iter=Name'c' "
                "ifs=CompIf[test=Name'd'] ifs=CompIf[test=Name'e'] "
                "inner_for_in=CompFor[target=Tuple[elements=Element[value=Name'f'] elements=Element[value=Name'g']] "
                "iter=Name'h']]]");
    assert_node("{a for (b) in c}", "SetComp[elt=Name'a' for_in=CompFor[target=Name(1)'b' iter=Name'c']]");
    assert_node("{a: b for c in d}", "DictComp[key=Name'a' value=Name'b' for_in=CompFor[target=Name'c' iter=Name'd']]");
    assert_node("(a for b in c)", "GeneratorExp(1)[elt=Name'a' for_in=CompFor[target=Name'b' iter=Name'c']]");
    assert_node("[*a for b in c]", "ListComp[elt=StarredElement[value=Name'a'] for_in=CompFor[target=Name'b' iter=Name'c']]");
    assert_node("{**a for b in c}", "StarredDictComp[value=Name'a' for_in=CompFor[target=Name'b' iter=Name'c']]");
    assert_node("(a := b)", "NamedExpr(1)[target=Name'a' value=Name'b']");
    assert_node("(yield)", "Yield(1)'yield'");
    assert_node("(yield a, *b)", "Yield(1)[value=Tuple[elements=Element[value=Name'a'] elements=StarredElement[value=Name'b']]]");
    assert_node("(yield from a)", "Yield(1)[value=From[item=Name'a']]");
    assert_node("[(a), (b)]", "List[elements=Element[value=Name(1)'a'] elements=Element[value=Name(1)'b']]");
    assert_node("[a if b else c for d in e or f]",
                "ListComp[elt=IfExp[body=Name'a' test=Name'b' orelse=Name'c'] for_in=CompFor[target=Name'd' "
                "iter=BooleanOperation[left=Name'e' operator=Or'or' right=Name'f']]]");
}

static void lambdas_have_parameters(void **state)
{
    (void)state;
    assert_node("lambda: a", "Lambda[params=Parameters'' body=Name'a']");
    assert_node("lambda a, b=c: d",
                "Lambda[params=Parameters[params=Param[name=Name'a'] params=Param[name=Name'b' default=Name'c']] "
                "body=Name'd']");
    assert_node("lambda a, /, b, *, c=d, **e: f",
                "Lambda[params=Parameters[posonly_params=Param[name=Name'a'] posonly_ind=ParamSlash'/,' "
                "params=Param[name=Name'b'] star_arg=ParamStar'*,' kwonly_params=Param[name=Name'c' default=Name'd'] "
                "star_kwarg=Param[name=Name'e']] body=Name'f']");
    assert_node("lambda *a: lambda: b",
                "Lambda[params=Parameters[star_arg=Param[name=Name'a']] body=Lambda[params=Parameters'' body=Name'b']]");
    assert_node("lambda a, b, /: c",
                "Lambda[params=Parameters[posonly_params=Param[name=Name'a'] posonly_params=Param[name=Name'b'] "
                "posonly_ind=ParamSlash'/'] body=Name'c']");
    assert_node("lambda *a, b: c",
                "Lambda[params=Parameters[star_arg=Param[name=Name'a'] kwonly_params=Param[name=Name'b']] body=Name'c']");
}

static void literals_have_a_kind_each(void **state)
{
    (void)state;
    assert_node("[1, 1_0, 0x1e, 0b1, 0o7, 00, 1.5, 1., .5, 1e5, 1E-5, 5j, 1.5J]",
                "List[elements=Element[value=Integer'1'] elements=Element[value=Integer'1_0'] "
                "elements=Element[value=Integer'0x1e'] elements=Element[value=Integer'0b1'] "
                "elements=Element[value=Integer'0o7'] elements=Element[value=Integer'00'] "
                "elements=Element[value=Float'1.5'] elements=Element[value=Float'1.'] elements=Element[value=Float'.5'] "
                "elements=Element[value=Float'1e5'] elements=Element[value=Float'1E-5'] "
                "elements=Element[value=Imaginary'5j'] elements=Element[value=Imaginary'1.5J']]");
    assert_node("(True, False, None, ..., __debug__)",
                "Tuple(1)[elements=Element[value=Name'True'] elements=Element[value=Name'False'] "
                "elements=Element[value=Name'None'] elements=Element[value=Ellipsis'...'] "
                "elements=Element[value=Name'__debug__']]");
    assert_node("'a'", "SimpleString''a''");
    assert_node("b'a'", "SimpleString'b'a''");
    assert_node("'a' 'b' 'c'", "ConcatenatedString[left=SimpleString''a'' right=ConcatenatedString[left=SimpleString''b'' "
                               "right=SimpleString''c'']]");
    assert_node("'a' f'b' 'c'",
                "ConcatenatedString[left=SimpleString''a'' "
                "right=ConcatenatedString[left=FormattedString[parts=FormattedStringText'b'] right=SimpleString''c'']]");
}

static void format_strings_have_parts(void **state)
{
    (void)state;
    assert_node("f''", "FormattedString'f'''");
    assert_node("f'a'", "FormattedString[parts=FormattedStringText'a']");
    assert_node("f'a{b}c{{d'", "FormattedString[parts=FormattedStringText'a' parts=FormattedStringExpression[expression=Name'b'] "
                               "parts=FormattedStringText'c{{d']");
    assert_node("f'{a!r}'", "FormattedString[parts=FormattedStringExpression[expression=Name'a']]");
    assert_node("f'{a:b{c}d}'",
                "FormattedString[parts=FormattedStringExpression[expression=Name'a' format_spec=FormattedStringText'b' "
                "format_spec=FormattedStringExpression[expression=Name'c'] format_spec=FormattedStringText'd']]");
    assert_node("f'{a!s:{b:{c}}}'", "FormattedString[parts=FormattedStringExpression[expression=Name'a' "
                                    "format_spec=FormattedStringExpression[expression=Name'b' "
                                    "format_spec=FormattedStringExpression[expression=Name'c']]]]");
    assert_node("f'{a = }'", "FormattedString[parts=FormattedStringExpression[expression=Name'a']]");
    assert_node("f'{a, *b}'", "FormattedString[parts=FormattedStringExpression[expression=Tuple[elements=Element[value=Name'a'] "
                              "elements=StarredElement[value=Name'b']]]]");
    assert_node("f'{yield}'", "FormattedString[parts=FormattedStringExpression[expression=Yield'yield']]");
    assert_node(
        "f'{f\"{a}\"}'",
        ""
        "FormattedString[parts=FormattedStringExpression[expression=FormattedString[parts=FormattedStringExpression[expression=Name'a']]]]");
    assert_node("t'a{b:c}'", "TemplatedString[parts=TemplatedStringText'a' parts=TemplatedStringExpression[expression=Name'b' "
                             "format_spec=TemplatedStringText'c']]");
    assert_node("t'{a!r:{b}}' t'c'", "ConcatenatedString[left=TemplatedString[parts=TemplatedStringExpression[expression=Name'a' "
                                     "format_spec=TemplatedStringExpression[expression=Name'b']]] "
                                     "right=TemplatedString[parts=TemplatedStringText'c']]");
    assert_node("rf'{a:\\d}'",
                "FormattedString[parts=FormattedStringExpression[expression=Name'a' format_spec=FormattedStringText'\\d']]");
}

/* ---- Positions ---- */

/* The tokens of the first node of that kind are those of `expected`. */
static void assert_text(const char *source, codedb_node_kind kind, const char *expected)
{
    parsed got = parse(source, 315);
    assert_true(got.done);
    codedb_buffer out;
    codedb_buffer_init(&out, &got.tree.allocator);
    codedb_buffer_append_text(&out, "");
    parsed_append_text(&got.tree, &got.tree.nodes[parsed_find(&got.tree, kind)], &out);
    assert_string_equal(out.length ? out.data : "", expected);
    codedb_buffer_free(&out);
    parsed_free(&got);
}

static void positions_leave_out_own_parentheses(void **state)
{
    (void)state;
    assert_text("((a + b))", CODEDB_NODE_BINARY_OPERATION, "a + b");
    assert_text("(a) + (b)", CODEDB_NODE_BINARY_OPERATION, "(a) + (b)");
    assert_text("((a))", CODEDB_NODE_EXPR, "((a))");
    assert_text("(a, b,)", CODEDB_NODE_TUPLE, "a, b,");
    assert_text("(a for b in c)", CODEDB_NODE_GENERATOR_EXP, "a for b in c");
    assert_text("f((a), b)", CODEDB_NODE_ARG, "(a)");
    assert_text("[(a), b]", CODEDB_NODE_ELEMENT, "(a)");
    assert_text("x[(a) , b]", CODEDB_NODE_SUBSCRIPT_ELEMENT, "(a)");
}

static void zero_width_nodes_stand_before_their_right_neighbour(void **state)
{
    static const struct {
        const char *source;
        codedb_node_kind kind;
        codedb_token_kind right;
    } cases[] = {
        {"( )", CODEDB_NODE_TUPLE, CODEDB_TOKEN_RIGHT_PAREN},
        {"lambda : a", CODEDB_NODE_PARAMETERS, CODEDB_TOKEN_COLON},
        {"def f( ): a", CODEDB_NODE_PARAMETERS, CODEDB_TOKEN_RIGHT_PAREN},
        {"match a:\n case ( ): b", CODEDB_NODE_MATCH_TUPLE, CODEDB_TOKEN_RIGHT_PAREN},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        parsed got = parse(cases[i].source, 314);
        assert_true(got.done);
        const codedb_node *node = &got.tree.nodes[parsed_find(&got.tree, cases[i].kind)];
        assert_int_equal(node->first, node->last);
        assert_int_equal(got.tree.tokens[node->first].kind, cases[i].right);
        parsed_free(&got);
    }
}

static void positions_hold_the_commas_that_belong_to_them(void **state)
{
    (void)state;
    assert_text("lambda a, /, b: c", CODEDB_NODE_PARAM_SLASH, "/,");
    assert_text("lambda a, /: c", CODEDB_NODE_PARAM_SLASH, "/");
    assert_text("lambda *, b: c", CODEDB_NODE_PARAM_STAR, "*,");
    assert_text("lambda *a, b: c", CODEDB_NODE_PARAM, "*a");
    assert_text("def f(a: b = c): d", CODEDB_NODE_PARAM, "a");
    assert_text("def f(a: (b) = c): d", CODEDB_NODE_ANNOTATION, "(b)");
    assert_text("a not in (b)", CODEDB_NODE_COMPARISON_TARGET, "not in (b)");
    assert_text("a not in (b)", CODEDB_NODE_NOT_IN, "not in");
    assert_text("[a async for b in c if d for e in f]", CODEDB_NODE_COMP_FOR, "async for b in c if d for e in f");
    assert_text("x[a : b]", CODEDB_NODE_SLICE, "a : b");
    assert_text("f'a{b!r:c}'", CODEDB_NODE_FORMATTED_STRING_EXPRESSION, "{b!r:c}");
}

/* ---- Versions ---- */

static void versions_differ_as_cpython_s_do(void **state)
{
    static const parsed_versions cases[] = {
        {"a @ b", 305, TODAY},
        {"(*a)", ALWAYS, 308},
        {"{a := 1}", 309, TODAY},
        {"{a := 1 for b in c}", 309, TODAY},
        {"x[a := 1]", 310, TODAY},
        {"x[a := 1:2]", NEVER, NEVER},
        {"x[*a]", 311, TODAY},
        {"((a) := 1)", 308, 308},
        {"(a := 1)", 308, TODAY},
        {"(a.b := 1)", NEVER, NEVER},
        {"[x for x in y if lambda: z]", ALWAYS, 308},
        {"f((a)=1)", ALWAYS, 307},
        {"f(a for a in b,)", ALWAYS, 306},
        {"f(a for a in b, c)", NEVER, NEVER},
        {"f(a, b for b in c)", NEVER, NEVER},
        {"f(a=1, a=2)", 309, TODAY},
        {"f(a=1, b=2)", ALWAYS, TODAY},
        {"f(*a, b)", 305, TODAY},
        {"f(*a, *b)", 305, TODAY},
        {"f(*a,)", 305, TODAY},
        {"f(**a,)", 305, TODAY},
        {"f(**a, b=1)", 305, TODAY},
        {"f(**a, **b)", 305, TODAY},
        {"f(*a, b=1, **c)", ALWAYS, TODAY},
        {"f(**a, *b)", NEVER, NEVER},
        {"f(**a, b)", NEVER, NEVER},
        {"f(a=1, b)", NEVER, NEVER},
        {"f(a.b=1)", NEVER, NEVER},
        {"f(True=1)", NEVER, NEVER},
        {"f(,)", NEVER, NEVER},
        {"{**a, b: c}", 305, TODAY},
        {"[*a, b]", ALWAYS, TODAY},
        {"{*a, b}", 305, TODAY},
        {"{a, *b}", 305, TODAY},
        {"{a: b, c}", NEVER, NEVER},
        {"{a, b: c}", NEVER, NEVER},
        {"{a: *b}", NEVER, NEVER},
        {"{**not a}", NEVER, NEVER},
        {"[*a for b in c]", 315, TODAY},
        {"{*a for b in c}", 315, TODAY},
        {"(*a for b in c)", 315, TODAY},
        {"{**a for b in c}", 315, TODAY},
        {"[a async for b in c]", 307, TODAY},
        {"[a for b in c, d]", NEVER, NEVER},
        {"lambda a, /: b", 308, TODAY},
        {"lambda *a, : b", 306, TODAY},
        {"lambda a, : b", ALWAYS, TODAY},
        {"lambda a=1, b: c", NEVER, NEVER},
        {"lambda *, **a: b", NEVER, NEVER},
        {"lambda /: b", NEVER, NEVER},
        {"lambda a, /, b, /: c", NEVER, NEVER},
        {"lambda *a, *b: c", NEVER, NEVER},
        {"lambda **a, b: c", NEVER, NEVER},
        {"lambda *a=1: c", NEVER, NEVER},
        {"lambda: (yield)", ALWAYS, TODAY},
        {"lambda: yield", NEVER, NEVER},
        {"(yield from a)", 303, TODAY},
        {"(yield *a, b)", 308, TODAY},
        {"a or lambda: b", NEVER, NEVER},
        {"not lambda: b", NEVER, NEVER},
        {"a + not b", NEVER, NEVER},
        {"a not b", NEVER, NEVER},
        {"a if b", NEVER, NEVER},
        {"a < *b", NEVER, NEVER},
        {"'a' b'b'", NEVER, NEVER},
        {"t'a' 'b'", NEVER, NEVER},
        {"t'a' t'b'", 314, TODAY},
        {"b'\\x1'", NEVER, NEVER},
        {"b'\\x1f' rb'\\x'", 303, TODAY},
        {"'\\x1' ", NEVER, NEVER},
        {"'\\u12f'", NEVER, NEVER},
        {"b'\\u12f'", ALWAYS, TODAY},
        {"'\\U0010ffff'", ALWAYS, TODAY},
        {"'\\U00110000'", NEVER, NEVER},
        {"'\\N{EM DASH}'", ALWAYS, TODAY},
        {"'\\N{em Dash}' f'\\N{nbsp}{x:\\N{SPACE}}'", 306, TODAY},
        {"'\\N{OTTER}'", 308, TODAY},
        {"f(__debug__=1)", 309, TODAY},
        {"lambda *__debug__: 1", 309, TODAY},
        {"x.__debug__", ALWAYS, TODAY},
        {"'\\N{NINJA}'", 309, TODAY},
        {"f'\\N{MELTING FACE}'", 311, TODAY},
        {"'\\N{WIRELESS}'", 312, TODAY},
        {"'\\N{CJK UNIFIED IDEOGRAPH-2EBF0}'", 313, TODAY},
        {"'\\N{LEAFLESS TREE}'", 314, TODAY},
        {"'\\N{DASH}'", NEVER, NEVER},
        {"f'\\N{DASH}'", NEVER, NEVER},
        {"f'{x:\\N{DASH}}'", NEVER, NEVER},
        {"u'\\N{DASH}'", NEVER, NEVER},
        {"b'\\N{DASH}' rb'\\N{DASH}'", 303, TODAY},
        {"r'\\N{DASH}'", ALWAYS, TODAY},
        {"'\\N{}'", NEVER, NEVER},
        {"'\\N'", NEVER, NEVER},
        {"b'\xc3\xa9'", NEVER, NEVER},
        {"f'{x for x in y}'", 306, 311},
        {"f'{*a}'", 306, TODAY},
        {"f'{*a, b}'", 306, TODAY},
        {"f'{a = }'", 308, TODAY},
        {"f'{a!r}'", 306, TODAY},
        {"f'{a!r }'", 312, TODAY},
        {"f'{a! r}'", NEVER, NEVER},
        {"f'{a!x}'", NEVER, NEVER},
        {"f'{a!}'", NEVER, NEVER},
        {"f'{}'", NEVER, NEVER},
        {"f'{a b}'", NEVER, NEVER},
        {"f'{lambda x: 1}'", NEVER, NEVER},
        {"f'{(lambda x: 1)}'", 306, TODAY},
        {"f'{a:{b}}'", 306, TODAY},
        {"f'{a:{b:{c}}}'", 312, TODAY},
        {"f'\\x1'", NEVER, NEVER},
        {"f'\\x41{a}'", 306, TODAY},
    };
    static const parsed_versions cpython_39_to_311_refuse = {"f'{*a}'", 309, 311};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (strcmp(cases[i].source, cpython_39_to_311_refuse.source) != 0)
            parsed_assert_versions(&cases[i], 1);
    for (int version = 306; version <= 315; version++) {
        parsed got = parse(cpython_39_to_311_refuse.source, version);
        assert_int_equal(got.done, version < cpython_39_to_311_refuse.from || version > cpython_39_to_311_refuse.until);
        parsed_free(&got);
    }
}

/* ---- Errors ---- */

static void errors_say_where_and_what_was_expected(void **state)
{
    static const parsed_error cases[] = {
        {"a +", 1, 3, "expected an expression, found newline"},
        {"a +  # b\n", 1, 5, "expected an expression"},
        {"(a +)", 1, 4, "expected an expression, found ')'"},
        {"a b", 1, 2, "expected newline, found name 'b'"},
        {"a.1", 1, 1, "expected newline, found number '.1'"},
        {"a. (b)", 1, 3, "expected a name, found '('"},
        {"(a b)", 1, 1, "expected ',' between two expressions"},
        {"f(a, b c)", 1, 5, "expected ','"},
        {"x[a b]", 1, 2, "expected ','"},
        {"{a: b c}", 1, 4, "expected ','"},
        {"(a, b c)", 1, 4, "expected ','"},
        {"[a for b in c d]", 1, 14, "expected ']', found name 'd'"},
        {"[*a b]", 1, 2, "expected ',' between two expressions"},
        {"(match a)", 1, 7, "expected ')', found name 'a'"},
        {"(a if b c)", 1, 1, "expected 'else'"},
        {"(a if b else c d)", 1, 15, "expected ')'"},
        {"(a = b)", 1, 1, "cannot assign to name here: expected '=='"},
        {"[f() = b]", 1, 1, "cannot assign to a function call here"},
        {"(None = b)", 1, 6, "expected '==', found '='"},
        {"(a < b = c)", 1, 7, "expected '==', found '='"},
        {"f(a + b=c)", 1, 2, "expected a name before '='"},
        {"f(a=)", 1, 2, "expected the value of a keyword argument"},
        {"f(a=1, b)", 1, 8, "positional argument follows keyword argument"},
        {"f(**a, b)", 1, 8, "positional argument follows keyword argument unpacking"},
        {"f(**a, *b)", 1, 5, "iterable argument unpacking follows"},
        {"f(a, b for b in c)", 1, 5, "has to be in parentheses"},
        {"{a: }", 1, 2, "expected a value"},
        {"{a b}", 1, 1, "expected ','"},
        {"[a, b for c in d]", 1, 1, "has to be in parentheses"},
        {"[*a for b in c]", 1, 1, "needs Python 3.15"},
        {"(*a)", 1, 1, "found a starred one"},
        {"a + not b", 1, 4, "'not' has to be in parentheses"},
        {"(a.b := c)", 1, 1, "expected a name before ':='"},
        {"lambda a=1, b: c", 1, 12, "parameter without a default"},
        {"def f(a=): b", 1, 7, "expected a default value"},
        {"def f(*): b", 1, 6, "expected a named parameter behind '*'"},
        {"def f(*, **a): b", 1, 6, "expected a named parameter behind '*'"},
        {"lambda *: b", 1, 8, "expected a named parameter behind '*'"},
        {"def f(**a, b): c", 1, 11, "expected no parameter behind '**'"},
        {"def f(*a, *b): c", 1, 10, "expected one '*'"},
        {"def f(/): c", 1, 6, "'/'"},
        {"def f((a)): c", 1, 6, "expected a name, found '('"},
        {"[a for f() in b]", 1, 7, "cannot assign to a function call"},
        {"'a' b'b'", 1, 8, "bytes and strings"},
        {"t'a' 'b'", 1, 8, "t-strings"},
        {"x = '\\x1'", 1, 4, "expected hexadecimal digits"},
        {"x = '\\N'", 1, 4, "expected {NAME}"},
        {"x = '\\N{DASH}'", 1, 4, "expected the name of a character behind '\\N' in a string literal, found 'DASH'"},
        {"f'\\N{DASH}{x}'", 1, 13, "found 'DASH'"},
        {"'''\\N{EM\nDASH}'''", 1, 0, "found 'EM...'"},
        {"b'\xc3\xa9'", 1, 0, "only ASCII"},
        {"f'{a!x}'", 1, 5, "expected 's', 'r' or 'a' directly behind '!', found name 'x'"},
        {"f'{}'", 1, 3, "expected an expression behind '{'"},
        {"f'{lambda a:b}'", 1, 3, "a lambda in a replacement field"},
        {"averyveryveryverylongname_averyveryveryverylongname averyveryveryverylongname_averyveryveryverylongname", 1, 52,
         "found name 'averyveryveryverylongname_averyveryveryv...'"},
        {"(1, 2) += 3", 1, 0, "cannot use an augmented assignment on a tuple"},
    };
    (void)state;
    parsed_assert_errors(cases, COUNT(cases), 314);
}

static void what_is_no_target_is_named(void **state)
{
    static const struct {
        const char *source;
        const char *name;
    } cases[] = {{"True = a", "'True'"},
                 {"1 = a", "a literal"},
                 {"'b' 'c' = a", "a literal"},
                 {"f'{b}' = a", "an f-string"},
                 {"t'{b}' = a", "a t-string"},
                 {"... = a", "'...'"},
                 {"b() = a", "a function call"},
                 {"(b < c) = a", "a comparison"},
                 {"(b if c else d) = a", "a conditional expression"},
                 {"(lambda: b) = a", "a lambda"},
                 {"await b = a", "an await expression"},
                 {"(yield b) = a", "a yield expression"},
                 {"(b := c) = a", "an assignment expression"},
                 {"(b for b in c) = a", "a generator expression"},
                 {"{b: b for b in c} = a", "a comprehension"},
                 {"{b} = a", "a set"},
                 {"{} = a", "a dict"},
                 {"-b = a", "an expression"},
                 {"b, [c, (d, 1)] = a", "a literal"},
                 {"b, *c() = a", "a function call"},
                 {"del *a", "delete a starred expression"},
                 {"del a, f()", "delete a function call"},
                 {"[a]: b", "annotate a list"},
                 {"a, b: c", "annotate a tuple"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        parsed got = parse(cases[i].source, 314);
        assert_false(got.done);
        assert_contains(got.error.message, cases[i].name);
        parsed_free(&got);
    }
}

/* ---- Depth and length ---- */

static void chains_of_any_length_parse(void **state)
{
    static const struct {
        const char *head, *part, *tail;
    } cases[] = {{"", "a + ", "a"},
                 {"", "a and ", "a"},
                 {"", "a < ", "a"},
                 {"", "not ", "a"},
                 {"", "- ~ + ", "a"},
                 {"", "a if b else ", "a"},
                 {"a", ".a", ""},
                 {"a", "()", ""},
                 {"a", "[0]", ""},
                 {"(", "'a' ", ")"},
                 {"(", "f'{a}' ", ")"},
                 {"[a ", "for a in b ", "]"},
                 {"[a for a in b ", "if a ", "]"},
                 {"", "a, ", "a"},
                 {"{", "a: b, ", "}"},
                 {"f(", "a=b, ", ")"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *text = repeated(cases[i].head, cases[i].part, 100000, cases[i].tail);
        parsed got = parse(text, 314);
        if (!got.done) {
            print_error("%s%s...: %s\n", cases[i].head, cases[i].part, got.error.message);
            fail();
        }
        parsed_free(&got);
        free(text);
    }
}

static void old_versions_take_255_arguments_and_parameters(void **state)
{
    static const char *const cases[][2] = {{"f(", ")"}, {"lambda ", ": b"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t count = 255; count <= 256; count++)
            for (int version = 306; version <= 307; version++) {
                char *text = repeated(cases[i][0], "a, ", count, cases[i][1]);
                parsed got = parse(text, version);
                assert_int_equal(got.done, version == 307 || count == 255);
                parsed_free(&got);
                free(text);
            }
}

static void recursion_is_bounded(void **state)
{
    static const char *const parts[] = {"lambda: ", "a ** ", "("};
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        bool bracket = parts[i][0] == '(';
        for (size_t depth = 49; depth <= 51; depth += 2) {
            char *inner = repeated("", parts[i], depth, "a");
            char *text = bracket ? repeated(inner, ")", depth, "") : strdup(inner);
            parsed got = parse_with(NULL, text, strlen(text), 314, 50);
            assert_int_equal(got.done, depth < 50);
            if (!got.done)
                assert_contains(got.error.message, "too deeply nested: more than 50 levels");
            parsed_free(&got);
            free(text);
            free(inner);
        }
    }
}

static void *parse_on_small_stack(void *text)
{
    parsed got = parse_with(NULL, text, strlen(text), 314, 100);
    assert_false(got.done);
    assert_contains(got.error.message, "too deeply nested");
    parsed_free(&got);
    return NULL;
}

static void depth_100_fits_a_stack_of_256_kib(void **state)
{
    (void)state;
    char *open = repeated("", "(lambda: a[", 60, "b");
    char *text = repeated(open, "])", 60, "");
    free(open);
    for (size_t i = 0; i < 3; i++) {
        pthread_attr_t attributes;
        pthread_t thread;
        assert_int_equal(pthread_attr_init(&attributes), 0);
        assert_int_equal(pthread_attr_setstacksize(&attributes, 256 * 1024), 0);
        assert_int_equal(pthread_create(&thread, &attributes, parse_on_small_stack, text), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        pthread_attr_destroy(&attributes);
        free(text);
        text = i == 0 ? repeated("", "lambda: ", 5000, "a") : repeated("", "a ** - ", 5000, "a");
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_bind_as_the_grammar_says),
        cmocka_unit_test(primaries_chain_to_the_left),
        cmocka_unit_test(arguments_have_stars_keywords_and_generators),
        cmocka_unit_test(subscripts_hold_elements),
        cmocka_unit_test(displays_and_comprehensions),
        cmocka_unit_test(lambdas_have_parameters),
        cmocka_unit_test(literals_have_a_kind_each),
        cmocka_unit_test(format_strings_have_parts),
        cmocka_unit_test(positions_leave_out_own_parentheses),
        cmocka_unit_test(zero_width_nodes_stand_before_their_right_neighbour),
        cmocka_unit_test(positions_hold_the_commas_that_belong_to_them),
        cmocka_unit_test(versions_differ_as_cpython_s_do),
        cmocka_unit_test(errors_say_where_and_what_was_expected),
        cmocka_unit_test(what_is_no_target_is_named),
        cmocka_unit_test(chains_of_any_length_parse),
        cmocka_unit_test(old_versions_take_255_arguments_and_parameters),
        cmocka_unit_test(recursion_is_bounded),
        cmocka_unit_test(depth_100_fits_a_stack_of_256_kib),
    };
    return cmocka_run_group_tests_name("expression", tests, NULL, NULL);
}
