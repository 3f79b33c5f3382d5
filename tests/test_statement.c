/* test_statement.c -- accuses codedb_statement.c (patterns and codedb_parse included).
 *
 * The nodes expected here are LibCST's (tests/oracle/compare_nodes.py compared these very sources), the versions and the places of
 * errors are CPython's. How nodes are written as text: tests/parsed.h. */
#include "parsed.h"

#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The first statement of `source`. */
static void assert_node(const char *source, const char *expected)
{
    parsed_assert(source, 315, CODEDB_NODE_MODULE, CODEDB_FIELD_NONE, expected);
}

/* ---- Shapes ---- */

static void simple_statements_form_lines(void **state)
{
    (void)state;
    assert_node("a", "SimpleStatementLine[body=Expr[value=Name'a']]");
    assert_node("a; b;", "SimpleStatementLine[body=Expr[value=Name'a'] body=Expr[value=Name'b']]");
    assert_node("pass", "SimpleStatementLine[body=Pass'pass']");
    assert_node("break; continue", "SimpleStatementLine[body=Break'break' body=Continue'continue']");
    assert_node("return", "SimpleStatementLine[body=Return'return']");
    assert_node("return a, *b", "SimpleStatementLine[body=Return[value=Tuple[elements=Element[value=Name'a'] "
                                "elements=StarredElement[value=Name'b']]]]");
    assert_node("raise", "SimpleStatementLine[body=Raise'raise']");
    assert_node("raise a", "SimpleStatementLine[body=Raise[exc=Name'a']]");
    assert_node("raise a from (b)", "SimpleStatementLine[body=Raise[exc=Name'a' cause=From[item=Name(1)'b']]]");
    assert_node("global a, b", "SimpleStatementLine[body=Global[names=NameItem[name=Name'a'] names=NameItem[name=Name'b']]]");
    assert_node("nonlocal a", "SimpleStatementLine[body=Nonlocal[names=NameItem[name=Name'a']]]");
    assert_node("del a", "SimpleStatementLine[body=Del[target=Name'a']]");
    assert_node("del (a), b[c]",
                "SimpleStatementLine[body=Del[target=Tuple[elements=Element[value=Name(1)'a'] "
                "elements=Element[value=Subscript[value=Name'b' slice=SubscriptElement[slice=Index[value=Name'c']]]]]]]");
    assert_node("del (a, b)", "SimpleStatementLine[body=Del[target=Tuple(1)[elements=Element[value=Name'a'] "
                              "elements=Element[value=Name'b']]]]");
    assert_node("assert a", "SimpleStatementLine[body=Assert[test=Name'a']]");
    assert_node("assert (a), b", "SimpleStatementLine[body=Assert[test=Name(1)'a' msg=Name'b']]");
}

static void assignments_have_targets(void **state)
{
    (void)state;
    assert_node("a = b", "SimpleStatementLine[body=Assign[targets=AssignTarget[target=Name'a'] value=Name'b']]");
    assert_node("a = b, c = (d) = yield e",
                "SimpleStatementLine[body=Assign[targets=AssignTarget[target=Name'a'] "
                "targets=AssignTarget[target=Tuple[elements=Element[value=Name'b'] elements=Element[value=Name'c']]] "
                "targets=AssignTarget[target=Name(1)'d'] value=Yield[value=Name'e']]]");
    assert_node("(a), [b, *c] = d",
                "SimpleStatementLine[body=Assign[targets=AssignTarget[target=Tuple[elements=Element[value=Name(1)'a'] "
                "elements=Element[value=List[elements=Element[value=Name'b'] elements=StarredElement[value=Name'c']]]]] "
                "value=Name'd']]");
    assert_node("*a, = b",
                ""
                "SimpleStatementLine[body=Assign[targets=AssignTarget[target=Tuple[elements=StarredElement[value=Name'a']]] "
                "value=Name'b']]");
    assert_node("a: b", "SimpleStatementLine[body=AnnAssign[target=Name'a' annotation=Annotation[annotation=Name'b']]]");
    assert_node("(a.b): (c) = d", "SimpleStatementLine[body=AnnAssign[target=Attribute(1)[value=Name'a' attr=Name'b'] "
                                  "annotation=Annotation[annotation=Name(1)'c'] value=Name'd']]");
    assert_node("a[b]: c = yield",
                "SimpleStatementLine[body=AnnAssign[target=Subscript[value=Name'a' "
                "slice=SubscriptElement[slice=Index[value=Name'b']]] annotation=Annotation[annotation=Name'c'] "
                "value=Yield'yield']]");
    assert_node("a += b", "SimpleStatementLine[body=AugAssign[target=Name'a' operator=AddAssign'+=' value=Name'b']]");
    assert_node("(a) @= b, *c", "SimpleStatementLine[body=AugAssign[target=Name(1)'a' operator=MatrixMultiplyAssign'@=' "
                                "value=Tuple[elements=Element[value=Name'b'] elements=StarredElement[value=Name'c']]]]");
    assert_node("a //= yield b", "SimpleStatementLine[body=AugAssign[target=Name'a' operator=FloorDivideAssign'//=' "
                                 "value=Yield[value=Name'b']]]");
}

static void imports_have_aliases(void **state)
{
    (void)state;
    assert_node("import a", "SimpleStatementLine[body=Import[names=ImportAlias[name=Name'a']]]");
    assert_node("import a.b.c as d, e",
                "SimpleStatementLine[body=Import[names=ImportAlias[name=Attribute[value=Attribute[value=Name'a' "
                "attr=Name'b'] attr=Name'c'] asname=AsName[name=Name'd']] names=ImportAlias[name=Name'e']]]");
    assert_node("from a import b", "SimpleStatementLine[body=ImportFrom[module=Name'a' names=ImportAlias[name=Name'b']]]");
    assert_node("from . import a", "SimpleStatementLine[body=ImportFrom[names=ImportAlias[name=Name'a']]]");
    assert_node("from ...a.b import c as d, e",
                "SimpleStatementLine[body=ImportFrom[module=Attribute[value=Name'a' attr=Name'b'] "
                "names=ImportAlias[name=Name'c' asname=AsName[name=Name'd']] names=ImportAlias[name=Name'e']]]");
    assert_node("from .... import *", "SimpleStatementLine[body=ImportFrom[names=ImportStar'*']]");
    assert_node("from a import (b, c as d,)",
                "SimpleStatementLine[body=ImportFrom(1)[module=Name'a' names=ImportAlias[name=Name'b'] "
                "names=ImportAlias[name=Name'c' asname=AsName[name=Name'd']]]]");
    assert_node("lazy import a.b as c",
                "SimpleStatementLine[body=LazyImport[names=ImportAlias[name=Attribute[value=Name'a' attr=Name'b'] "
                "asname=AsName[name=Name'c']]]]");
    assert_node("lazy from .a import (b)",
                "SimpleStatementLine[body=LazyImportFrom(1)[module=Name'a' names=ImportAlias[name=Name'b']]]");
}

static void type_aliases_hold_their_semicolon(void **state)
{
    (void)state;
    assert_node("type A = b", "SimpleStatementLine[body=TypeAlias[name=Name'A' value=Name'b']]");
    assert_node("type A[T] = b;",
                "SimpleStatementLine[body=TypeAlias[name=Name'A' "
                "type_parameters=TypeParameters[params=TypeParam[param=TypeVar[name=Name'T']]] value=Name'b']]");
    assert_node("type A[T: b = c, *Ts = *d, **P = e,] = f",
                "SimpleStatementLine[body=TypeAlias[name=Name'A' "
                "type_parameters=TypeParameters[params=TypeParam[param=TypeVar[name=Name'T' bound=Name'b'] "
                "default=Name'c'] params=TypeParam[param=TypeVarTuple[name=Name'Ts'] default=Name'd'] "
                "params=TypeParam[param=ParamSpec[name=Name'P'] default=Name'e']] value=Name'f']]");
}

static void if_chains_nest_in_orelse(void **state)
{
    (void)state;
    assert_node("if a: b", "If[test=Name'a' body=SimpleStatementSuite[body=Expr[value=Name'b']]]");
    assert_node("if a:\n  b\nelif (c): d\nelif e: f\nelse: g",
                "If[test=Name'a' body=IndentedBlock[body=SimpleStatementLine[body=Expr[value=Name'b']]] "
                "orelse=If[test=Name(1)'c' body=SimpleStatementSuite[body=Expr[value=Name'd']] orelse=If[test=Name'e' "
                "body=SimpleStatementSuite[body=Expr[value=Name'f']] "
                "orelse=Else[body=SimpleStatementSuite[body=Expr[value=Name'g']]]]]]");
    assert_node("if (a := b): c",
                "If[test=NamedExpr(1)[target=Name'a' value=Name'b'] body=SimpleStatementSuite[body=Expr[value=Name'c']]]");
}

static void loops_have_else(void **state)
{
    (void)state;
    assert_node("while a: b\nelse: c", "While[test=Name'a' body=SimpleStatementSuite[body=Expr[value=Name'b']] "
                                       "orelse=Else[body=SimpleStatementSuite[body=Expr[value=Name'c']]]]");
    assert_node("for a, in b, *c: d\nelse: e",
                "For[target=Tuple[elements=Element[value=Name'a']] iter=Tuple[elements=Element[value=Name'b'] "
                "elements=StarredElement[value=Name'c']] body=SimpleStatementSuite[body=Expr[value=Name'd']] "
                "orelse=Else[body=SimpleStatementSuite[body=Expr[value=Name'e']]]]");
    assert_node("for (a) in (b): c",
                "For[target=Name(1)'a' iter=Name(1)'b' body=SimpleStatementSuite[body=Expr[value=Name'c']]]");
}

static void try_has_handlers(void **state)
{
    (void)state;
    assert_node("try: a\nexcept: b", "Try[body=SimpleStatementSuite[body=Expr[value=Name'a']] "
                                     "handlers=ExceptHandler[body=SimpleStatementSuite[body=Expr[value=Name'b']]]]");
    assert_node("try: a\nexcept (b) as c: d\nexcept e: f\nelse: g\nfinally: h",
                "Try[body=SimpleStatementSuite[body=Expr[value=Name'a']] handlers=ExceptHandler[type=Name(1)'b' "
                "name=AsName[name=Name'c'] body=SimpleStatementSuite[body=Expr[value=Name'd']]] "
                "handlers=ExceptHandler[type=Name'e' body=SimpleStatementSuite[body=Expr[value=Name'f']]] "
                "orelse=Else[body=SimpleStatementSuite[body=Expr[value=Name'g']]] "
                "finalbody=Finally[body=SimpleStatementSuite[body=Expr[value=Name'h']]]]");
    assert_node("try: a\nfinally: b", "Try[body=SimpleStatementSuite[body=Expr[value=Name'a']] "
                                      "finalbody=Finally[body=SimpleStatementSuite[body=Expr[value=Name'b']]]]");
    assert_node("try: a\nexcept* b as c: d",
                "TryStar[body=SimpleStatementSuite[body=Expr[value=Name'a']] handlers=ExceptStarHandler[type=Name'b' "
                "name=AsName[name=Name'c'] body=SimpleStatementSuite[body=Expr[value=Name'd']]]]");
    assert_node("try: a\nexcept b, c: d",
                "Try[body=SimpleStatementSuite[body=Expr[value=Name'a']] "
                "handlers=ExceptHandler[type=Tuple[elements=Element[value=Name'b'] elements=Element[value=Name'c']] "
                "body=SimpleStatementSuite[body=Expr[value=Name'd']]]]");
    assert_node("try: a\nexcept* b, c,: d",
                "TryStar[body=SimpleStatementSuite[body=Expr[value=Name'a']] "
                "handlers=ExceptStarHandler[type=Tuple[elements=Element[value=Name'b'] elements=Element[value=Name'c']] "
                "body=SimpleStatementSuite[body=Expr[value=Name'd']]]]");
}

static void with_knows_whose_parentheses_they_are(void **state)
{
    (void)state;
    assert_node("with a: b", "With[items=WithItem[item=Name'a'] body=SimpleStatementSuite[body=Expr[value=Name'b']]]");
    assert_node("with a as b, c: d", "With[items=WithItem[item=Name'a' asname=AsName[name=Name'b']] items=WithItem[item=Name'c'] "
                                     "body=SimpleStatementSuite[body=Expr[value=Name'd']]]");
    assert_node("with (a): b", "With(1)[items=WithItem[item=Name'a'] body=SimpleStatementSuite[body=Expr[value=Name'b']]]");
    assert_node("with (a, b): c", "With(1)[items=WithItem[item=Name'a'] items=WithItem[item=Name'b'] "
                                  "body=SimpleStatementSuite[body=Expr[value=Name'c']]]");
    assert_node("with (a as b, c as (d),): e",
                "With(1)[items=WithItem[item=Name'a' asname=AsName[name=Name'b']] items=WithItem[item=Name'c' "
                "asname=AsName[name=Name(1)'d']] body=SimpleStatementSuite[body=Expr[value=Name'e']]]");
    assert_node("with (a) as b: c", "With[items=WithItem[item=Name(1)'a' asname=AsName[name=Name'b']] "
                                    "body=SimpleStatementSuite[body=Expr[value=Name'c']]]");
    assert_node("with (a), b: c", "With[items=WithItem[item=Name(1)'a'] items=WithItem[item=Name'b'] "
                                  "body=SimpleStatementSuite[body=Expr[value=Name'c']]]");
    assert_node("with (a).b: c", "With[items=WithItem[item=Attribute[value=Name(1)'a' attr=Name'b']] "
                                 "body=SimpleStatementSuite[body=Expr[value=Name'c']]]");
    assert_node("with (a, *b): c",
                "With[items=WithItem[item=Tuple(1)[elements=Element[value=Name'a'] "
                "elements=StarredElement[value=Name'b']]] body=SimpleStatementSuite[body=Expr[value=Name'c']]]");
    assert_node("with (a := b): c", "With[items=WithItem[item=NamedExpr(1)[target=Name'a' value=Name'b']] "
                                    "body=SimpleStatementSuite[body=Expr[value=Name'c']]]");
    assert_node("with (yield): a",
                "With[items=WithItem[item=Yield(1)'yield'] body=SimpleStatementSuite[body=Expr[value=Name'a']]]");
    assert_node("with (): a", "With[items=WithItem[item=Tuple(1)''] body=SimpleStatementSuite[body=Expr[value=Name'a']]]");
    assert_node("with (a for b in c): d",
                "With[items=WithItem[item=GeneratorExp(1)[elt=Name'a' for_in=CompFor[target=Name'b' iter=Name'c']]] "
                "body=SimpleStatementSuite[body=Expr[value=Name'd']]]");
    assert_node("with ((a, b)): c",
                "With(1)[items=WithItem[item=Tuple(1)[elements=Element[value=Name'a'] elements=Element[value=Name'b']]] "
                "body=SimpleStatementSuite[body=Expr[value=Name'c']]]");
    assert_node("with (lambda a, *b: c): d",
                "With(1)[items=WithItem[item=Lambda[params=Parameters[params=Param[name=Name'a'] "
                "star_arg=Param[name=Name'b']] body=Name'c']] body=SimpleStatementSuite[body=Expr[value=Name'd']]]");
    assert_node("with (a) if b else c: d", "With[items=WithItem[item=IfExp[body=Name(1)'a' test=Name'b' orelse=Name'c']] "
                                           "body=SimpleStatementSuite[body=Expr[value=Name'd']]]");
    assert_node("with (a, b) as c: d",
                "With[items=WithItem[item=Tuple(1)[elements=Element[value=Name'a'] elements=Element[value=Name'b']] "
                "asname=AsName[name=Name'c']] body=SimpleStatementSuite[body=Expr[value=Name'd']]]");
}

static void definitions_have_decorators_parameters_and_blocks(void **state)
{
    (void)state;
    assert_node("def f(): a",
                "FunctionDef[name=Name'f' params=Parameters'' body=SimpleStatementSuite[body=Expr[value=Name'a']]]");
    assert_node("def f(a, /, b: c = d, *e: *f, g, **h) -> i: j",
                "FunctionDef[name=Name'f' params=Parameters[posonly_params=Param[name=Name'a'] posonly_ind=ParamSlash'/,' "
                "params=Param[name=Name'b' annotation=Annotation[annotation=Name'c'] default=Name'd'] "
                "star_arg=Param[name=Name'e' annotation=Annotation[annotation=StarredElement[value=Name'f']]] "
                "kwonly_params=Param[name=Name'g'] star_kwarg=Param[name=Name'h']] returns=Annotation[annotation=Name'i'] "
                "body=SimpleStatementSuite[body=Expr[value=Name'j']]]");
    assert_node("def f(*, a=b): c",
                "FunctionDef[name=Name'f' params=Parameters[star_arg=ParamStar'*,' kwonly_params=Param[name=Name'a' "
                "default=Name'b']] body=SimpleStatementSuite[body=Expr[value=Name'c']]]");
    assert_node("def f(a, b, /): c", "FunctionDef[name=Name'f' params=Parameters[posonly_params=Param[name=Name'a'] "
                                     "posonly_params=Param[name=Name'b'] posonly_ind=ParamSlash'/'] "
                                     "body=SimpleStatementSuite[body=Expr[value=Name'c']]]");
    assert_node("def f[T: a](): b",
                "FunctionDef[name=Name'f' type_parameters=TypeParameters[params=TypeParam[param=TypeVar[name=Name'T' "
                "bound=Name'a']]] params=Parameters'' body=SimpleStatementSuite[body=Expr[value=Name'b']]]");
    assert_node("@a\n@(b).c\nasync def f():\n  d\n  e",
                "FunctionDef[decorators=Decorator[decorator=Name'a'] "
                "decorators=Decorator[decorator=Attribute[value=Name(1)'b' attr=Name'c']] asynchronous=Asynchronous'async' "
                "name=Name'f' params=Parameters'' body=IndentedBlock[body=SimpleStatementLine[body=Expr[value=Name'd']] "
                "body=SimpleStatementLine[body=Expr[value=Name'e']]]]");
    assert_node("class A: a", "ClassDef[name=Name'A' body=SimpleStatementSuite[body=Expr[value=Name'a']]]");
    assert_node("class A(): a", "ClassDef(1)[name=Name'A' body=SimpleStatementSuite[body=Expr[value=Name'a']]]");
    assert_node("class A[T](a, *b, c=d, **e): f",
                "ClassDef(1)[name=Name'A' type_parameters=TypeParameters[params=TypeParam[param=TypeVar[name=Name'T']]] "
                "bases=Arg[value=Name'a'] bases=Arg[value=Name'b'] keywords=Arg[keyword=Name'c' value=Name'd'] "
                "keywords=Arg[value=Name'e'] body=SimpleStatementSuite[body=Expr[value=Name'f']]]");
    assert_node("class A(a=b, *c): d",
                "ClassDef(1)[name=Name'A' keywords=Arg[keyword=Name'a' value=Name'b'] keywords=Arg[value=Name'c'] "
                "body=SimpleStatementSuite[body=Expr[value=Name'd']]]");
    assert_node("@a\nclass A: b", "ClassDef[decorators=Decorator[decorator=Name'a'] name=Name'A' "
                                  "body=SimpleStatementSuite[body=Expr[value=Name'b']]]");
}

static void async_statements_have_an_asynchronous_first(void **state)
{
    (void)state;
    assert_node("async def f():\n  async for a in b: c\n  async with (d as e): f",
                "FunctionDef[asynchronous=Asynchronous'async' name=Name'f' params=Parameters'' "
                "body=IndentedBlock[body=For[asynchronous=Asynchronous'async' target=Name'a' iter=Name'b' "
                "body=SimpleStatementSuite[body=Expr[value=Name'c']]] body=With(1)[asynchronous=Asynchronous'async' "
                "items=WithItem[item=Name'd' asname=AsName[name=Name'e']] "
                "body=SimpleStatementSuite[body=Expr[value=Name'f']]]]]");
}

static void match_has_cases_and_patterns(void **state)
{
    (void)state;
    assert_node("match a:\n  case b: c", "Match[subject=Name'a' cases=MatchCase[pattern=MatchAs[name=Name'b'] "
                                         "body=SimpleStatementSuite[body=Expr[value=Name'c']]]]");
    assert_node("match a, *b:\n  case c if d: e\n  case _: f",
                "Match[subject=Tuple[elements=Element[value=Name'a'] elements=StarredElement[value=Name'b']] "
                "cases=MatchCase[pattern=MatchAs[name=Name'c'] guard=Name'd' "
                "body=SimpleStatementSuite[body=Expr[value=Name'e']]] cases=MatchCase[pattern=MatchAs'_' "
                "body=SimpleStatementSuite[body=Expr[value=Name'f']]]]");
    assert_node("match (a):\n  case 1 | -2 | 1+2j | -1.5-2j: b",
                "Match[subject=Name(1)'a' "
                "cases=MatchCase[pattern=MatchOr[patterns=MatchOrElement[pattern=MatchValue[value=Integer'1'] "
                "separator=BitOr'|'] patterns=MatchOrElement[pattern=MatchValue[value=UnaryOperation[operator=Minus'-' "
                "expression=Integer'2']] separator=BitOr'|'] "
                "patterns=MatchOrElement[pattern=MatchValue[value=BinaryOperation[left=Integer'1' operator=Add'+' "
                "right=Imaginary'2j']] separator=BitOr'|'] "
                "patterns=MatchOrElement[pattern=MatchValue[value=BinaryOperation[left=UnaryOperation[operator=Minus'-' "
                "expression=Float'1.5'] operator=Subtract'-' right=Imaginary'2j']]]] "
                "body=SimpleStatementSuite[body=Expr[value=Name'b']]]]");
    assert_node(
        "match a:\n  case 'b' 'c' | None | True: d",
        "Match[subject=Name'a' "
        "cases=MatchCase[pattern=MatchOr[patterns=MatchOrElement[pattern=MatchValue[value=ConcatenatedString[left=SimpleString''b'' "
        "right=SimpleString''c'']] separator=BitOr'|'] "
        "patterns=MatchOrElement[pattern=MatchSingleton[value=Name'None'] separator=BitOr'|'] "
        "patterns=MatchOrElement[pattern=MatchSingleton[value=Name'True']]] "
        "body=SimpleStatementSuite[body=Expr[value=Name'd']]]]");
    assert_node("match a:\n  case (1): b\n  case ((None)): c",
                "Match[subject=Name'a' cases=MatchCase[pattern=MatchValue[value=Integer(1)'1'] "
                "body=SimpleStatementSuite[body=Expr[value=Name'b']]] "
                "cases=MatchCase[pattern=MatchSingleton[value=Name(2)'None'] "
                "body=SimpleStatementSuite[body=Expr[value=Name'c']]]]");
    assert_node("match a:\n  case (b): c\n  case ((b, c)): d",
                "Match[subject=Name'a' cases=MatchCase[pattern=MatchAs(1)[name=Name'b'] "
                "body=SimpleStatementSuite[body=Expr[value=Name'c']]] "
                "cases=MatchCase[pattern=MatchTuple(2)[patterns=MatchSequenceElement[value=MatchAs[name=Name'b']] "
                "patterns=MatchSequenceElement[value=MatchAs[name=Name'c']]] "
                "body=SimpleStatementSuite[body=Expr[value=Name'd']]]]");
    assert_node("match a:\n  case b, *_: c\n  case *d, e: f\n  case g,: h",
                "Match[subject=Name'a' "
                "cases=MatchCase[pattern=MatchList[patterns=MatchSequenceElement[value=MatchAs[name=Name'b']] "
                "patterns=MatchStar'*_'] body=SimpleStatementSuite[body=Expr[value=Name'c']]] "
                "cases=MatchCase[pattern=MatchList[patterns=MatchStar[name=Name'd'] "
                "patterns=MatchSequenceElement[value=MatchAs[name=Name'e']]] "
                "body=SimpleStatementSuite[body=Expr[value=Name'f']]] "
                "cases=MatchCase[pattern=MatchList[patterns=MatchSequenceElement[value=MatchAs[name=Name'g']]] "
                "body=SimpleStatementSuite[body=Expr[value=Name'h']]]]");
    assert_node("match a:\n  case [b, [*c], ()]: d",
                "Match[subject=Name'a' "
                "cases=MatchCase[pattern=MatchList[patterns=MatchSequenceElement[value=MatchAs[name=Name'b']] "
                "patterns=MatchSequenceElement[value=MatchList[patterns=MatchStar[name=Name'c']]] "
                "patterns=MatchSequenceElement[value=MatchTuple(1)'']] "
                "body=SimpleStatementSuite[body=Expr[value=Name'd']]]]");
    assert_node(
        "match a:\n  case (b, c) | (d,) as e: f",
        "Match[subject=Name'a' "
        "cases=MatchCase[pattern=MatchAs[pattern=MatchOr[patterns=MatchOrElement[pattern=MatchTuple(1)[patterns=MatchSequenceElement[value=MatchAs[name=Name'b']] "
        "patterns=MatchSequenceElement[value=MatchAs[name=Name'c']]] separator=BitOr'|'] "
        "patterns=MatchOrElement[pattern=MatchTuple(1)[patterns=MatchSequenceElement[value=MatchAs[name=Name'd']]]]] "
        "name=Name'e'] body=SimpleStatementSuite[body=Expr[value=Name'f']]]]");
    assert_node("match a:\n  case {}: b\n  case {1: c, d.e: (f), **g}: h\n  case {**i,}: j",
                "Match[subject=Name'a' cases=MatchCase[pattern=MatchMapping'{}' "
                "body=SimpleStatementSuite[body=Expr[value=Name'b']]] "
                "cases=MatchCase[pattern=MatchMapping[elements=MatchMappingElement[key=Integer'1' "
                "pattern=MatchAs[name=Name'c']] elements=MatchMappingElement[key=Attribute[value=Name'd' attr=Name'e'] "
                "pattern=MatchAs(1)[name=Name'f']] rest=Name'g'] body=SimpleStatementSuite[body=Expr[value=Name'h']]] "
                "cases=MatchCase[pattern=MatchMapping[rest=Name'i'] body=SimpleStatementSuite[body=Expr[value=Name'j']]]]");
    assert_node("match a:\n  case A(): b\n  case a.B(c, d=e,): f",
                "Match[subject=Name'a' cases=MatchCase[pattern=MatchClass[cls=Name'A'] "
                "body=SimpleStatementSuite[body=Expr[value=Name'b']]] "
                "cases=MatchCase[pattern=MatchClass[cls=Attribute[value=Name'a' attr=Name'B'] "
                "patterns=MatchSequenceElement[value=MatchAs[name=Name'c']] kwds=MatchKeywordElement[key=Name'd' "
                "pattern=MatchAs[name=Name'e']]] body=SimpleStatementSuite[body=Expr[value=Name'f']]]]");
    assert_node("match a:\n  case b.c.d: e",
                "Match[subject=Name'a' cases=MatchCase[pattern=MatchValue[value=Attribute[value=Attribute[value=Name'b' "
                "attr=Name'c'] attr=Name'd']] body=SimpleStatementSuite[body=Expr[value=Name'e']]]]");
    assert_node("match a:\n  case (b as c) as d: e",
                "Match[subject=Name'a' cases=MatchCase[pattern=MatchAs[pattern=MatchAs(1)[pattern=MatchAs[name=Name'b'] "
                "name=Name'c'] name=Name'd'] body=SimpleStatementSuite[body=Expr[value=Name'e']]]]");
    assert_node("match a := b:\n  case +1: c",
                "Match[subject=NamedExpr[target=Name'a' value=Name'b'] "
                "cases=MatchCase[pattern=MatchValue[value=UnaryOperation[operator=Plus'+' expression=Integer'1']] "
                "body=SimpleStatementSuite[body=Expr[value=Name'c']]]]");
}

static void soft_keywords_are_names_elsewhere(void **state)
{
    (void)state;
    assert_node("match(a)", "SimpleStatementLine[body=Expr[value=Call[func=Name'match' args=Arg[value=Name'a']]]]");
    assert_node("match = type = case = lazy = _ = a",
                "SimpleStatementLine[body=Assign[targets=AssignTarget[target=Name'match'] "
                "targets=AssignTarget[target=Name'type'] targets=AssignTarget[target=Name'case'] "
                "targets=AssignTarget[target=Name'lazy'] targets=AssignTarget[target=Name'_'] value=Name'a']]");
    assert_node("match[a]: b", "SimpleStatementLine[body=AnnAssign[target=Subscript[value=Name'match' "
                               "slice=SubscriptElement[slice=Index[value=Name'a']]] annotation=Annotation[annotation=Name'b']]]");
    assert_node("match -a",
                "SimpleStatementLine[body=Expr[value=BinaryOperation[left=Name'match' operator=Subtract'-' right=Name'a']]]");
    assert_node("match, a", "SimpleStatementLine[body=Expr[value=Tuple[elements=Element[value=Name'match'] "
                            "elements=Element[value=Name'a']]]]");
    assert_node("type(a)", "SimpleStatementLine[body=Expr[value=Call[func=Name'type' args=Arg[value=Name'a']]]]");
    assert_node("lazy.a", "SimpleStatementLine[body=Expr[value=Attribute[value=Name'lazy' attr=Name'a']]]");
    assert_node("match: a", "SimpleStatementLine[body=AnnAssign[target=Name'match' annotation=Annotation[annotation=Name'a']]]");
}

/* ---- Positions ---- */

/* The tokens of the first node of that kind are those of `expected`. */
static void assert_text(const char *source, codedb_node_kind kind, const char *expected)
{
    parsed got = parse(source, 315);
    assert_true(got.done);
    codedb_buffer out;
    codedb_buffer_init(&out, &got.tree.allocator);
    parsed_append_text(&got.tree, &got.tree.nodes[parsed_find(&got.tree, kind)], &out);
    assert_non_null(out.data);
    assert_string_equal(out.data, expected);
    codedb_buffer_free(&out);
    parsed_free(&got);
}

static void positions_of_statements(void **state)
{
    (void)state;
    assert_text("a; b;", CODEDB_NODE_SIMPLE_STATEMENT_LINE, "a; b");
    assert_text("type A = b ;", CODEDB_NODE_TYPE_ALIAS, "type A = b ;");
    assert_text("type A = b ;", CODEDB_NODE_SIMPLE_STATEMENT_LINE, "type A = b ;");
    assert_text("if a: b;\n", CODEDB_NODE_SIMPLE_STATEMENT_SUITE, "b");
    assert_text("@a\nasync def f(): b\n", CODEDB_NODE_FUNCTION_DEF, "async def f(): b");
    assert_text("@a\nclass A: b\n", CODEDB_NODE_CLASS_DEF, "class A: b");
    assert_text("@(a)\nclass A: b\n", CODEDB_NODE_DECORATOR, "@(a)");
    assert_text("if a:\n  @b\n  def f(): c\n  d\n", CODEDB_NODE_INDENTED_BLOCK, "def f(): c\n  d");
    assert_text("if a:\n  b\nelif c:\n  d\nelse:\n  e\n\nf", CODEDB_NODE_IF, "if a:\n  b\nelif c:\n  d\nelse:\n  e");
    assert_text("(a) = (b)", CODEDB_NODE_ASSIGN_TARGET, "(a)");
    assert_text("from a import (b,)", CODEDB_NODE_IMPORT_FROM, "from a import (b,)");
    assert_text("import a as b, c", CODEDB_NODE_AS_NAME, "as b");
    assert_text("with (a as (b), c): d", CODEDB_NODE_WITH_ITEM, "a as (b)");
    assert_text("type A[T = b , U] = c", CODEDB_NODE_TYPE_PARAM, "T = b ,");
}

static void positions_of_patterns(void **state)
{
    (void)state;
    assert_text("match a:\n  case b , c: d", CODEDB_NODE_MATCH_SEQUENCE_ELEMENT, "b ,");
    assert_text("match a:\n  case *b , c: d", CODEDB_NODE_MATCH_STAR, "*b ,");
    assert_text("match a:\n  case b.c | d: e", CODEDB_NODE_MATCH_OR_ELEMENT, "b.c |");
    assert_text("match a:\n  case {1: b , **c}: d", CODEDB_NODE_MATCH_MAPPING_ELEMENT, "1: b ,");
    assert_text("match a:\n  case A(b=c ,): d", CODEDB_NODE_MATCH_KEYWORD_ELEMENT, "b=c ,");
    assert_text("match a:\n  case ((1)): b", CODEDB_NODE_MATCH_VALUE, "((1))");
    assert_text("match a:\n  case ((1)): b", CODEDB_NODE_INTEGER, "1");
    assert_text("match a:\n  case ((b, c)): d", CODEDB_NODE_MATCH_TUPLE, "b, c");
    assert_text("match a:\n  case b: c\n  case d: e\nf", CODEDB_NODE_MATCH, "match a:\n  case b: c\n  case d: e");
}

static void the_module_spans_all_tokens(void **state)
{
    static const char *const sources[] = {"", "\n\n# a\n", "a\n", "if a:\n  b"};
    (void)state;
    for (size_t i = 0; i < COUNT(sources); i++) {
        parsed got = parse(sources[i], 314);
        assert_true(got.done);
        assert_int_equal(got.tree.nodes[0].first, 0);
        assert_int_equal(got.tree.nodes[0].last, got.tree.token_count);
        assert_int_equal(got.tree.nodes[0].field, CODEDB_FIELD_NONE);
        parsed_free(&got);
    }
}

/* ---- Versions ---- */

static void versions_differ_as_cpython_s_do(void **state)
{
    static const parsed_versions cases[] = {
        {"def f(a, b): pass", ALWAYS, TODAY},
        {"def f(a, /): pass", 308, TODAY},
        {"def f(*a,): pass", 306, TODAY},
        {"def f(*a: *b): pass", 311, TODAY},
        {"def f[T](): pass", 312, TODAY},
        {"def f[T = int](): pass", 313, TODAY},
        {"def f[*T: int](): pass", NEVER, NEVER},
        {"def f[](): pass", NEVER, NEVER},
        {"def f((a, b)): pass", NEVER, NEVER},
        {"def None(): pass", NEVER, NEVER},
        {"def f() -> a: pass", ALWAYS, TODAY},
        {"class A(): pass", ALWAYS, TODAY},
        {"class A(a for a in b): pass", ALWAYS, 306},
        {"class A(b=1, *c): pass", ALWAYS, TODAY},
        {"class A[T]: pass", 312, TODAY},
        {"type X = int", 312, TODAY},
        {"type X = yield", NEVER, NEVER},
        {"type X = a, b", NEVER, NEVER},
        {"type X.a = 1", NEVER, NEVER},
        {"type = 1", ALWAYS, TODAY},
        {"type X[T=*a] = 1", NEVER, NEVER},
        {"type X[*T=*a] = 1", 313, TODAY},
        {"lazy import a", 315, TODAY},
        {"lazy from a import b", 315, TODAY},
        {"lazy = 1", ALWAYS, TODAY},
        {"@a.b(c)\ndef f(): pass", ALWAYS, TODAY},
        {"@a.b\ndef f(): pass", ALWAYS, TODAY},
        {"@a[0]\ndef f(): pass", 309, TODAY},
        {"@(a)\ndef f(): pass", 309, TODAY},
        {"@a(b)(c)\ndef f(): pass", 309, TODAY},
        {"@a(b).c\ndef f(): pass", 309, TODAY},
        {"@a := b\ndef f(): pass", 309, TODAY},
        {"@a\nx = 1", NEVER, NEVER},
        {"async def f(): await a", 305, TODAY},
        {"async with a: pass", 307, TODAY},
        {"async for a in b: pass", 307, TODAY},
        {"async x", NEVER, NEVER},
        {"@a\nasync for a in b: pass", NEVER, NEVER},
        {"@a\nasync with a: pass", NEVER, NEVER},
        {"async = 1", ALWAYS, 306},
        {"x: int", 306, TODAY},
        {"x: int = 1", 306, TODAY},
        {"x: int = a, b", 308, TODAY},
        {"x: int = *a, b", 308, TODAY},
        {"x: int = yield", 308, TODAY},
        {"(a): int", 306, TODAY},
        {"(a).b: int", 306, 308},
        {"(a)[0]: int", 306, 308},
        {"((a).b)[0]: int", 306, 308},
        {"(f()).b: int", 306, TODAY},
        {"[a]: int", NEVER, NEVER},
        {"a: b = c = d", NEVER, NEVER},
        {"x += *a, b", 309, TODAY},
        {"x += y += z", NEVER, NEVER},
        {"(a) += 1", ALWAYS, TODAY},
        {"a, b += 1", NEVER, NEVER},
        {"x = *a, b", ALWAYS, TODAY},
        {"*a = 1", ALWAYS, TODAY},
        {"() = x", 306, TODAY},
        {"[] = x", ALWAYS, TODAY},
        {"x = yield = 1", NEVER, NEVER},
        {"__debug__ = 1", 309, TODAY},
        {"None = 1", NEVER, NEVER},
        {"del ()", 306, TODAY},
        {"del *a", ALWAYS, 308},
        {"del True", NEVER, NEVER},
        {"del (a,)[0], b.c", ALWAYS, TODAY},
        {"del", NEVER, NEVER},
        {"return *a, b", 308, TODAY},
        {"for x in *a, b: pass", 309, TODAY},
        {"for *a in b: pass", ALWAYS, TODAY},
        {"for f() in b: pass", NEVER, NEVER},
        {"with a, b: pass", 301, TODAY},
        {"with (a, b): pass", ALWAYS, TODAY},
        {"with (a as b): pass", 309, TODAY},
        {"with (a as b,): pass", 309, TODAY},
        {"with a as *b: pass", 309, TODAY},
        {"with a as f(): pass", NEVER, NEVER},
        {"with a,: pass", NEVER, NEVER},
        {"with (a as b).c: pass", NEVER, NEVER},
        {"with (a as b), c: pass", NEVER, NEVER},
        {"with (a as b, c := d): pass", NEVER, NEVER},
        {"with (a, b as c, *d): pass", NEVER, NEVER},
        {"with (,): pass", NEVER, NEVER},
        {"with (a := b, c): pass", 308, TODAY},
        {"with a := 1: pass", NEVER, NEVER},
        {"try: a\nexcept* A: pass", 311, TODAY},
        {"try: a\nexcept*: pass", NEVER, NEVER},
        {"try: a\nexcept A, B: pass", 314, TODAY},
        {"try: a\nexcept A, B as c: pass", NEVER, NEVER},
        {"try: a\nexcept* A: b\nexcept B: c", NEVER, NEVER},
        {"try: a\nelse: b", NEVER, NEVER},
        {"try: a", NEVER, NEVER},
        {"try: a\nexcept: b\nexcept A: c", ALWAYS, TODAY},
        {"from a import b,", NEVER, NEVER},
        {"from a import ()", NEVER, NEVER},
        {"import a,", NEVER, NEVER},
        {"import a.b as c.d", NEVER, NEVER},
        {"global a, b,", NEVER, NEVER},
        {"raise a, b", NEVER, NEVER},
        {"raise from b", NEVER, NEVER},
        {"if a: if b: c", NEVER, NEVER},
        {" x", NEVER, NEVER},
        {"match x:\n case a: pass", 310, TODAY},
        {"match x: case a: pass", NEVER, NEVER},
        {"match x:\n pass", NEVER, NEVER},
        {"match x:\n case a: pass\n b", NEVER, NEVER},
        {"match *a:\n case b: pass", NEVER, NEVER},
        {"match *a, b:\n case b: pass", 310, TODAY},
        {"match not a:\n case b: pass", 310, TODAY},
        {"match:\n case b: pass", NEVER, NEVER},
        {"match[a]: int", 306, TODAY},
        {"match not in x", ALWAYS, TODAY},
        {"a\n\\\n\nb", ALWAYS, TODAY},
    };
    (void)state;
    parsed_assert_versions(cases, COUNT(cases));
}

/* ---- Patterns ---- */

static void patterns_are_refused_as_cpython_does(void **state)
{
    static const char *const patterns[] = {"_()",
                                           "_.x",
                                           "a.b(c=1, d)",
                                           "a=1",
                                           "1+2",
                                           "1j+2j",
                                           "-a",
                                           "{a: b}",
                                           "{**_}",
                                           "{**a, b.c: d}",
                                           "{,}",
                                           "*a",
                                           "(*a)",
                                           "a as _",
                                           "a as b.c",
                                           "a as b as c",
                                           "a(*b)",
                                           "a(,)",
                                           "1 if 2 else 3",
                                           "...",
                                           "not a",
                                           "a + 1",
                                           "a[0]",
                                           "lambda: x",
                                           "-None",
                                           "--1",
                                           "1+-2j",
                                           "*a as b",
                                           "{'a': b, 'c': *d}",
                                           "'a'.b",
                                           "",
                                           "as",
                                           "a(b=c=d)",
                                           "a(b.c=d)",
                                           "b'a' 'b'",
                                           "[*a, *_",
                                           "{1",
                                           "a |"};
    (void)state;
    for (size_t i = 0; i < COUNT(patterns); i++) {
        char source[64];
        snprintf(source, sizeof source, "match x:\n case %s: pass", patterns[i]);
        parsed got = parse(source, 314);
        if (got.done)
            print_error("case %s was accepted\n", patterns[i]);
        assert_false(got.done);
        parsed_free(&got);
    }
}

/* ---- Errors ---- */

static void errors_say_where_and_what_was_expected(void **state)
{
    static const parsed_error cases[] = {
        {"if x\n  y", 1, 4, "expected ':', found newline"},
        {"if x:\ny", 2, 0, "expected an indented block after 'if', found name 'y'"},
        {"if x = 1: y", 1, 3, "cannot assign to name here"},
        {"a\n    b\n", 2, 3, "expected a statement at the block's indentation, found indent"},
        {"else: x", 1, 0, "expected an expression, found 'else'"},
        {"print 'a'", 1, 0, "expected '(' behind print"},
        {"exec a in b", 1, 0, "expected '(' behind exec"},
        {"printf a", 1, 7, "expected newline"},
        {"foo:\n", 1, 4, "expected an expression, found newline"},
        {"foo():\n", 1, 5, "expected newline, found ':'"},
        {"a = ", 1, 4, "expected an expression"},
        {"a, 1 = b", 1, 3, "cannot assign to a literal"},
        {"(a).b: c", 1, 0, "expected a target that does not begin with a parenthesized name"},
        {"import a.", 1, 9, "expected a name"},
        {"from a", 1, 6, "expected 'import', found newline"},
        {"from a import", 1, 13, "expected a name"},
        {"from .. a b", 1, 10, "expected 'import'"},
        {"def f(", 1, 5, "'(' was never closed"},
        {"def f", 1, 5, "expected '(', found newline"},
        {"def f() -> : a", 1, 8, "expected an expression behind '->'"},
        {"class A\n  b", 1, 7, "expected ':'"},
        {"@a b\ndef f(): c", 1, 3, "expected newline"},
        {"@a\nb", 2, 0, "expected 'def', 'class' or 'async' behind a decorator"},
        {"async a", 1, 6, "expected 'def', 'for' or 'with' behind 'async'"},
        {"try: a\nb", 2, 0, "expected 'except' or 'finally'"},
        {"try: a\nexcept A: b\nexcept* C: d", 3, 0, "cannot have both"},
        {"with a as f(): b", 1, 10, "cannot assign to a function call"},
        {"for x y in z: a", 1, 6, "expected 'in', found name 'y'"},
        {"raise a, b", 1, 7, "expected newline, found ','"},
        {"match x:\n a", 2, 1, "expected 'case', found name 'a'"},
        {"match *a:\n case b: c", 1, 8, "expected ',' behind a starred subject"},
        {"match x:\n case 1+2: a", 2, 8, "expected an imaginary number"},
        {"match x:\n case 1j+2j: a", 2, 6, "expected a real number"},
        {"match x:\n case 1+a: b", 2, 8, "expected an imaginary number, found name 'a'"},
        {"match x:\n case -a: b", 2, 7, "expected a number"},
        {"match x:\n case {a: b}: c", 2, 8, "expected '.' behind a name that is a key"},
        {"match x:\n case a as _: b", 2, 11, "expected a name other than '_'"},
        {"match x:\n case A(b=c, d): e", 2, 13, "positional patterns follow keyword patterns"},
        {"match x:\n case *a: b", 2, 8, "expected ',' behind a starred pattern"},
        {"match x:\n case ...: b", 2, 6, "expected a pattern, found '...'"},
        {"match x:\n case +1: b", 2, 6, "needs Python 3.15"},
    };
    (void)state;
    parsed_assert_errors(cases, COUNT(cases), 314);
}

static void old_versions_name_the_version_that_is_needed(void **state)
{
    static const parsed_error cases[] = {
        {"type X = 1", 1, 5, "expected newline"},
        {"@a[0]\ndef f(): b", 1, 2, "before Python 3.9"},
        {"try: a\nexcept* A: b", 2, 6, "'except*' needs Python 3.11, the target version is 3.8"},
        {"try: a\nexcept A, B: c", 2, 8, "before Python 3.14"},
        {"with (a as b): c", 1, 8, "needs Python 3.9"},
        {"f(a=1, a=2)", 1, 7, "keyword argument repeated: a"},
        {"def f[T](): a", 1, 5, "needs Python 3.12"},
    };
    (void)state;
    parsed_assert_errors(cases, COUNT(cases), 308);
}

/* ---- Depth, length, memory ---- */

static void chains_of_any_length_parse(void **state)
{
    static const struct {
        const char *head, *part, *tail;
    } cases[] = {{"if a: b\n", "elif a: b\n", "else: c"},
                 {"", "@a\n", "def f(): b"},
                 {"", "a = ", "b"},
                 {"", "a; ", "b"},
                 {"import a", ".a", ""},
                 {"try: a\n", "except A: b\n", ""},
                 {"match a:\n", " case a: b\n", ""},
                 {"match a:\n case ", "b.c | ", "d: e"},
                 {"with ", "a as b, ", "c: d"},
                 {"with (", "a as b, ", "): d"},
                 {"", "with (a, b): c\n", ""},
                 {"", "match (a)\n", ""},
                 {"def f(", "a, ", "): b"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *text = repeated(cases[i].head, cases[i].part, 50000, cases[i].tail);
        parsed got = parse(text, 314);
        if (!got.done) {
            print_error("%s%s...: %s\n", cases[i].head, cases[i].part, got.error.message);
            fail();
        }
        parsed_free(&got);
        free(text);
    }
}

static void deep_blocks_and_patterns_are_bounded(void **state)
{
    (void)state;
    char *text = repeated("match a:\n case ", "[", 60, "b");
    char *whole = repeated(text, "]", 60, ": c");
    parsed got = parse_with(NULL, whole, strlen(whole), 314, 50);
    assert_false(got.done);
    assert_contains(got.error.message, "too deeply nested");
    parsed_free(&got);
    got = parse_with(NULL, whole, strlen(whole), 314, 0);
    assert_true(got.done);
    parsed_free(&got);
    free(whole);
    free(text);
}

static void every_allocation_may_fail(void **state)
{
    support_failing failing;
    (void)state;
    /* subscripts lay down more nodes than there are tokens, so that the array has to grow */
    char *more = repeated("", "x[a], y[b]\n", 400, "");
    for (long n = 0; support_failing_start(&failing, n); n++) {
        parsed got = parse_with(&failing.allocator, more, strlen(more), 314, 0);
        assert_true(got.done || got.error.no_memory);
        parsed_free(&got);
        support_failing_check(&failing, got.done ? CODEDB_SUCCESS : CODEDB_NO_MEMORY);
    }
    free(more);
}

/* Deletes, doubles and swaps tokens of a source with nearly all of the grammar in it. Whatever comes of it, the parser ends, and
 * accepted trees are sound. */
static void changed_sources_never_break_the_invariants(void **state)
{
    static const char source[] =
        "@a.b(c, *d, e=f, **g)\nasync def f[T: int, *Ts = *x, **P](a, /, b: c = 1, *d: *e, f, **g) -> h:\n  '''doc'''\n"
        "  async with (a as b, c as (d)): return await e\n  async for x, y in z:\n    yield x if y else lambda q, *r: s\n"
        "class A(B, metaclass=C): x: int = 1; y += 2; del (z), w\n"
        "match a, *b:\n case [1, *_] | {'k': v, **r} if x := y: pass\n case A(b, c=-1+2j) as d: pass\n case (e.f): global g\n"
        "try: x = y = z[1:2, ::3, a]\nexcept* A as b: raise c from d\nelse: import a.b as c, d\nfinally: from ..x import (y, z)\n"
        "if not a < b or c is not d and e not in f: f'{a!r:{b}}c' 'd'\nelif -x ** ~y: {a: b, **c}\nelse: {d for e in f if g}\n"
        "with a, (b): assert c, d\nwhile (yield): [a async for b in c for d in e]\ntype X[T] = (*a, b)\n";
    unsigned seed = (unsigned)time(NULL);
    (void)state;
    print_message("seed %u\n", seed);
    for (int round = 0; round < 3000; round++) {
        char text[2 * sizeof source];
        size_t length = sizeof source - 1;
        memcpy(text, source, sizeof source);
        for (int change = 0; change < 2; change++) {
            seed = seed * 1103515245u + 12345u;
            size_t at = (seed >> 8) % (length - 8), size = 1 + (seed >> 4) % 6, to = (seed >> 12) % (length - 8);
            if (seed & 0x10000000u)
                memmove(text + at, text + at + size, length - at - size + 1), length -= size;
            else
                memcpy(text + at, source + to % (sizeof source - 8), size);
        }
        parsed got = parse_with(NULL, text, length, 314, 0);
        if (got.done)
            parsed_check(&got.tree);
        else
            assert_true(got.error.message[0] != '\0' && got.error.offset <= length);
        parsed_free(&got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple_statements_form_lines),
        cmocka_unit_test(assignments_have_targets),
        cmocka_unit_test(imports_have_aliases),
        cmocka_unit_test(type_aliases_hold_their_semicolon),
        cmocka_unit_test(if_chains_nest_in_orelse),
        cmocka_unit_test(loops_have_else),
        cmocka_unit_test(try_has_handlers),
        cmocka_unit_test(with_knows_whose_parentheses_they_are),
        cmocka_unit_test(definitions_have_decorators_parameters_and_blocks),
        cmocka_unit_test(async_statements_have_an_asynchronous_first),
        cmocka_unit_test(match_has_cases_and_patterns),
        cmocka_unit_test(soft_keywords_are_names_elsewhere),
        cmocka_unit_test(positions_of_statements),
        cmocka_unit_test(positions_of_patterns),
        cmocka_unit_test(the_module_spans_all_tokens),
        cmocka_unit_test(versions_differ_as_cpython_s_do),
        cmocka_unit_test(patterns_are_refused_as_cpython_does),
        cmocka_unit_test(errors_say_where_and_what_was_expected),
        cmocka_unit_test(old_versions_name_the_version_that_is_needed),
        cmocka_unit_test(chains_of_any_length_parse),
        cmocka_unit_test(deep_blocks_and_patterns_are_bounded),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(changed_sources_never_break_the_invariants),
    };
    return cmocka_run_group_tests_name("statement", tests, NULL, NULL);
}
