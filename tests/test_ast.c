/* test_ast.c -- accuses codedb_ast.c, codedb_ast_nodes.c, codedb_ast_fstring.c, codedb_ast_literal.c and codedb_normal.c: CPython's
 * ast as JSON.
 *
 * What is expected was taken from the ast module of CPython 3.13, unless a version is named. `make oracle-ast` compares whole
 * standard libraries. */
#include "support.h"

#include "codedb_tree.h"

/* ---- Sources and their JSON --------------------------------------------------------------------------------------- */

typedef struct output {
    codedb_buffer text;
    size_t limit; /* stop when so much was written; 0: never */
} output;

static int output_append(void *context, const char *bytes, size_t length)
{
    output *to = context;
    codedb_buffer_append(&to->text, bytes, length);
    return to->text.failed || (to->limit && to->text.length >= to->limit);
}

/* The JSON of a source; to be freed. */
static char *ast_of_bytes(const char *source, size_t length, int version)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_tree *tree = NULL;
    output to = {.limit = 0};
    codedb_buffer_init(&to.text, &allocator);
    options.target_version = version;
    assert_success(codedb_tree_parse(source, length, &options, &tree, &result), result);
    assert_success(codedb_tree_dump(tree, CODEDB_DUMP_AST, output_append, &to, &result), result);
    codedb_tree_free(tree);
    char *json = strndup(to.text.data, to.text.length);
    assert_non_null(json);
    codedb_buffer_free(&to.text);
    codedb_result_clear(&result);
    return json;
}

static char *ast_of(const char *source, int version)
{
    return ast_of_bytes(source, strlen(source), version);
}

/* Copies a JSON string as '...', or a key as `key=`; returns the place behind it. */
static const char *shape_string(const char *at, char **out)
{
    const char *end = at + 1;
    while (*end != '"')
        end += *end == '\\' ? 2 : 1;
    bool is_key = end[1] == ':';
    *out += sprintf(*out, is_key ? "%.*s=" : "'%.*s'", (int)(end - at - 1), at + 1);
    return end + (is_key ? 2 : 1);
}

/* The JSON as ast.dump would write it, in place: Type(field=value,...), without positions. */
static void shape(char *json)
{
    static const char type[] = "{\"_type\":\"";
    const char *at = json;
    char *out = json;
    while (*at && *at != '\n') {
        if (strncmp(at, type, strlen(type)) == 0) {
            for (at += strlen(type); *at != '"';)
                *out++ = *at++;
            at++;
            if (strncmp(at, ",\"lineno\"", 9) == 0 || *at == '}')
                at = strchr(at, '}') + 1;
            else
                *out++ = '(', at++;
        } else if (strncmp(at, ",\"lineno\"", 9) == 0) {
            at = strchr(at, '}');
        } else if (*at == '"') {
            at = shape_string(at, &out);
        } else {
            *out++ = *at == '}' ? ')' : *at;
            at++;
        }
    }
    *out = '\0';
}

typedef struct shape_case {
    const char *source;
    const char *expected;
} shape_case;

/* Compares the shape of each source's module with `format`, in which the expected shape stands for %s. */
static void assert_shapes(const shape_case *cases, size_t count, const char *format)
{
    for (size_t i = 0; i < count; i++) {
        char expected[4096];
        char *json = ast_of(cases[i].source, 313);
        shape(json);
        snprintf(expected, sizeof expected, format, cases[i].expected);
        if (strcmp(json, expected) != 0) {
            print_error("%s\n  gives    %s\n  expected %s\n", cases[i].source, json, expected);
            fail();
        }
        free(json);
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Shapes ------------------------------------------------------------------------------------------------------- */

static void expressions_have_the_fields_of_ast(void **state)
{
    static const shape_case cases[] = {
        {"a + b", "BinOp(left=Name(id='a',ctx=Load),op=Add,right=Name(id='b',ctx=Load))"},
        {"-a", "UnaryOp(op=USub,operand=Name(id='a',ctx=Load))"},
        {"not a", "UnaryOp(op=Not,operand=Name(id='a',ctx=Load))"},
        {"a and b and (c and d) or e",
         "BoolOp(op=Or,values=[BoolOp(op=And,values=[Name(id='a',ctx=Load),Name(id='b',ctx=Load),BoolOp(op=And"
         ",values=[Name(id='c',ctx=Load),Name(id='d',ctx=Load)])]),Name(id='e',ctx=Load)])"},
        {"a < b not in c", "Compare(left=Name(id='a',ctx=Load),ops=[Lt,NotIn],comparators=[Name(id='b',ctx=Load),Name(id='c',ctx"
                           "=Load)])"},
        {"a if b else c", "IfExp(test=Name(id='b',ctx=Load),body=Name(id='a',ctx=Load),orelse=Name(id='c',ctx=Load))"},
        {"lambda *, a: b", "Lambda(args=arguments(posonlyargs=[],args=[],vararg=null,kwonlyargs=[arg(arg='a',annotation=null,typ"
                           "e_comment=null)],kw_defaults=[null],kwarg=null,defaults=[]),body=Name(id='b',ctx=Load))"},
        {"lambda a, /, b=1, *c, d, e=2, **f: g",
         "Lambda(args=arguments(posonlyargs=[arg(arg='a',annotation=null,type_comment=null)],args=[arg(arg='b'"
         ",annotation=null,type_comment=null)],vararg=arg(arg='c',annotation=null,type_comment=null),kwonlyarg"
         "s=[arg(arg='d',annotation=null,type_comment=null),arg(arg='e',annotation=null,type_comment=null)],kw"
         "_defaults=[null,Constant(value=2,kind=null)],kwarg=arg(arg='f',annotation=null,type_comment=null),de"
         "faults=[Constant(value=1,kind=null)]),body=Name(id='g',ctx=Load))"},
        {"f(a, *b, c=d, **e)",
         "Call(func=Name(id='f',ctx=Load),args=[Name(id='a',ctx=Load),Starred(value=Name(id='b',ctx=Load),ctx="
         "Load)],keywords=[keyword(arg='c',value=Name(id='d',ctx=Load)),keyword(arg=null,value=Name(id='e',ctx"
         "=Load))])"},
        {"f(x for x in y)", "Call(func=Name(id='f',ctx=Load),args=[GeneratorExp(elt=Name(id='x',ctx=Load),generators=[comprehensi"
                            "on(target=Name(id='x',ctx=Store),iter=Name(id='y',ctx=Load),ifs=[],is_async=0)])],keywords=[])"},
        {"a.b[c]", "Subscript(value=Attribute(value=Name(id='a',ctx=Load),attr='b',ctx=Load),slice=Name(id='c',ctx=Load)"
                   ",ctx=Load)"},
        {"a[b:c, d]", "Subscript(value=Name(id='a',ctx=Load),slice=Tuple(elts=[Slice(lower=Name(id='b',ctx=Load),upper=Name"
                      "(id='c',ctx=Load),step=null),Name(id='d',ctx=Load)],ctx=Load),ctx=Load)"},
        {"a[::b]", "Subscript(value=Name(id='a',ctx=Load),slice=Slice(lower=null,upper=null,step=Name(id='b',ctx=Load)),"
                   "ctx=Load)"},
        {"a[*b]", "Subscript(value=Name(id='a',ctx=Load),slice=Tuple(elts=[Starred(value=Name(id='b',ctx=Load),ctx=Load"
                  ")],ctx=Load),ctx=Load)"},
        {"a[b,]", "Subscript(value=Name(id='a',ctx=Load),slice=Tuple(elts=[Name(id='b',ctx=Load)],ctx=Load),ctx=Load)"},
        {"{a: b, **c}", "Dict(keys=[Name(id='a',ctx=Load),null],values=[Name(id='b',ctx=Load),Name(id='c',ctx=Load)])"},
        {"{a, *b}", "Set(elts=[Name(id='a',ctx=Load),Starred(value=Name(id='b',ctx=Load),ctx=Load)])"},
        {"[*a]", "List(elts=[Starred(value=Name(id='a',ctx=Load),ctx=Load)],ctx=Load)"},
        {"()", "Tuple(elts=[],ctx=Load)"},
        {"(a,)", "Tuple(elts=[Name(id='a',ctx=Load)],ctx=Load)"},
        {"[x async for x, y in z if b if c for d in e]",
         "ListComp(elt=Name(id='x',ctx=Load),generators=[comprehension(target=Tuple(elts=[Name(id='x',ctx=Stor"
         "e),Name(id='y',ctx=Store)],ctx=Store),iter=Name(id='z',ctx=Load),ifs=[Name(id='b',ctx=Load),Name(id="
         "'c',ctx=Load)],is_async=1),comprehension(target=Name(id='d',ctx=Store),iter=Name(id='e',ctx=Load),if"
         "s=[],is_async=0)])"},
        {"{a: b for a in c}",
         "DictComp(key=Name(id='a',ctx=Load),value=Name(id='b',ctx=Load),generators=[comprehension(target=Name"
         "(id='a',ctx=Store),iter=Name(id='c',ctx=Load),ifs=[],is_async=0)])"},
        {"{a for a in b}", "SetComp(elt=Name(id='a',ctx=Load),generators=[comprehension(target=Name(id='a',ctx=Store),iter=Name("
                           "id='b',ctx=Load),ifs=[],is_async=0)])"},
        {"(yield a)", "Yield(value=Name(id='a',ctx=Load))"},
        {"(yield from a)", "YieldFrom(value=Name(id='a',ctx=Load))"},
        {"(yield)", "Yield(value=null)"},
        {"await a", "Await(value=Name(id='a',ctx=Load))"},
        {"(a := b)", "NamedExpr(target=Name(id='a',ctx=Store),value=Name(id='b',ctx=Load))"},
    };
    (void)state;
    assert_shapes(cases, COUNT(cases), "Module(body=[Expr(value=%s)],type_ignores=[])");
}

static void statements_have_the_fields_of_ast(void **state)
{
    static const shape_case cases[] = {
        {"a = b, *c = d", "Assign(targets=[Name(id='a',ctx=Store),Tuple(elts=[Name(id='b',ctx=Store),Starred(value=Name(id='c',"
                          "ctx=Store),ctx=Store)],ctx=Store)],value=Name(id='d',ctx=Load),type_comment=null)"},
        {"(a[b], c.d) = e", "Assign(targets=[Tuple(elts=[Subscript(value=Name(id='a',ctx=Load),slice=Name(id='b',ctx=Load),ctx=St"
                            "ore),Attribute(value=Name(id='c',ctx=Load),attr='d',ctx=Store)],ctx=Store)],value=Name(id='e',ctx=Lo"
                            "ad),type_comment=null)"},
        {"a += b", "AugAssign(target=Name(id='a',ctx=Store),op=Add,value=Name(id='b',ctx=Load))"},
        {"a: b = c", "AnnAssign(target=Name(id='a',ctx=Store),annotation=Name(id='b',ctx=Load),value=Name(id='c',ctx=Load)"
                     ",simple=1)"},
        {"(a): b", "AnnAssign(target=Name(id='a',ctx=Store),annotation=Name(id='b',ctx=Load),value=null,simple=0)"},
        {"del a, (b, c)", "Delete(targets=[Name(id='a',ctx=Del),Tuple(elts=[Name(id='b',ctx=Del),Name(id='c',ctx=Del)],ctx=Del)"
                          "])"},
        {"return", "Return(value=null)"},
        {"raise a from b", "Raise(exc=Name(id='a',ctx=Load),cause=Name(id='b',ctx=Load))"},
        {"assert a, b", "Assert(test=Name(id='a',ctx=Load),msg=Name(id='b',ctx=Load))"},
        {"import a.b as c, d", "Import(names=[alias(name='a.b',asname='c'),alias(name='d',asname=null)])"},
        {"from ..a import (b as c)", "ImportFrom(module='a',names=[alias(name='b',asname='c')],level=2)"},
        {"from ... import *", "ImportFrom(module=null,names=[alias(name='*',asname=null)],level=3)"},
        {"global a, b", "Global(names=['a','b'])"},
        {"nonlocal a", "Nonlocal(names=['a'])"},
        {"pass", "Pass"},
        {"break", "Break"},
        {"continue", "Continue"},
        {"if a: b; c\nelif d: e\nelse: f",
         "If(test=Name(id='a',ctx=Load),body=[Expr(value=Name(id='b',ctx=Load)),Expr(value=Name(id='c',ctx=Loa"
         "d))],orelse=[If(test=Name(id='d',ctx=Load),body=[Expr(value=Name(id='e',ctx=Load))],orelse=[Expr(val"
         "ue=Name(id='f',ctx=Load))])])"},
        {"while a: b\nelse: c",
         "While(test=Name(id='a',ctx=Load),body=[Expr(value=Name(id='b',ctx=Load))],orelse=[Expr(value=Name(id"
         "='c',ctx=Load))])"},
        {"for a, *b in c: d",
         "For(target=Tuple(elts=[Name(id='a',ctx=Store),Starred(value=Name(id='b',ctx=Store),ctx=Store)],ctx=S"
         "tore),iter=Name(id='c',ctx=Load),body=[Expr(value=Name(id='d',ctx=Load))],orelse=[],type_comment=nul"
         "l)"},
        {"with a as (b, c), d: e",
         "With(items=[withitem(context_expr=Name(id='a',ctx=Load),optional_vars=Tuple(elts=[Name(id='b',ctx=St"
         "ore),Name(id='c',ctx=Store)],ctx=Store)),withitem(context_expr=Name(id='d',ctx=Load),optional_vars=n"
         "ull)],body=[Expr(value=Name(id='e',ctx=Load))],type_comment=null)"},
        {"try: a\nexcept B as c: d\nexcept: e\nelse: f\nfinally: g",
         "Try(body=[Expr(value=Name(id='a',ctx=Load))],handlers=[ExceptHandler(type=Name(id='B',ctx=Load),name"
         "='c',body=[Expr(value=Name(id='d',ctx=Load))]),ExceptHandler(type=null,name=null,body=[Expr(value=Na"
         "me(id='e',ctx=Load))])],orelse=[Expr(value=Name(id='f',ctx=Load))],finalbody=[Expr(value=Name(id='g'"
         ",ctx=Load))])"},
        {"try: a\nexcept* B: c",
         "TryStar(body=[Expr(value=Name(id='a',ctx=Load))],handlers=[ExceptHandler(type=Name(id='B',ctx=Load),"
         "name=null,body=[Expr(value=Name(id='c',ctx=Load))])],orelse=[],finalbody=[])"},
        {"@a\ndef f(b: c = d, *e: f, g, **h) -> i: j",
         "FunctionDef(name='f',args=arguments(posonlyargs=[],args=[arg(arg='b',annotation=Name(id='c',ctx=Load"
         "),type_comment=null)],vararg=arg(arg='e',annotation=Name(id='f',ctx=Load),type_comment=null),kwonlya"
         "rgs=[arg(arg='g',annotation=null,type_comment=null)],kw_defaults=[null],kwarg=arg(arg='h',annotation"
         "=null,type_comment=null),defaults=[Name(id='d',ctx=Load)]),body=[Expr(value=Name(id='j',ctx=Load))],"
         "decorator_list=[Name(id='a',ctx=Load)],returns=Name(id='i',ctx=Load),type_comment=null,type_params=["
         "])"},
        {"async def f():\n async for a in b: c\n async with d: e",
         "AsyncFunctionDef(name='f',args=arguments(posonlyargs=[],args=[],vararg=null,kwonlyargs=[],kw_default"
         "s=[],kwarg=null,defaults=[]),body=[AsyncFor(target=Name(id='a',ctx=Store),iter=Name(id='b',ctx=Load)"
         ",body=[Expr(value=Name(id='c',ctx=Load))],orelse=[],type_comment=null),AsyncWith(items=[withitem(con"
         "text_expr=Name(id='d',ctx=Load),optional_vars=null)],body=[Expr(value=Name(id='e',ctx=Load))],type_c"
         "omment=null)],decorator_list=[],returns=null,type_comment=null,type_params=[])"},
        {"@a\nclass A(B, *C, d=e): f",
         "ClassDef(name='A',bases=[Name(id='B',ctx=Load),Starred(value=Name(id='C',ctx=Load),ctx=Load)],keywor"
         "ds=[keyword(arg='d',value=Name(id='e',ctx=Load))],body=[Expr(value=Name(id='f',ctx=Load))],decorator"
         "_list=[Name(id='a',ctx=Load)],type_params=[])"},
        {"def f[T: a, *Ts, **P](): pass",
         "FunctionDef(name='f',args=arguments(posonlyargs=[],args=[],vararg=null,kwonlyargs=[],kw_defaults=[],"
         "kwarg=null,defaults=[]),body=[Pass],decorator_list=[],returns=null,type_comment=null,type_params=[Ty"
         "peVar(name='T',bound=Name(id='a',ctx=Load),default_value=null),TypeVarTuple(name='Ts',default_value="
         "null),ParamSpec(name='P',default_value=null)])"},
        {"type A[T = b, *Ts = *c, **P = d] = e",
         "TypeAlias(name=Name(id='A',ctx=Store),type_params=[TypeVar(name='T',bound=null,default_value=Name(id"
         "='b',ctx=Load)),TypeVarTuple(name='Ts',default_value=Starred(value=Name(id='c',ctx=Load),ctx=Load)),"
         "ParamSpec(name='P',default_value=Name(id='d',ctx=Load))],value=Name(id='e',ctx=Load))"},
        {"match a, b:\n case [c, *_] | (d,): pass\n case {'k': e, **f}: pass\n case A.B(g, h=i) as j if k: pass\n case -1 | None | _: pass",
         "Match(subject=Tuple(elts=[Name(id='a',ctx=Load),Name(id='b',ctx=Load)],ctx=Load),cases=[match_case(p"
         "attern=MatchOr(patterns=[MatchSequence(patterns=[MatchAs(pattern=null,name='c'),MatchStar(name=null)"
         "]),MatchSequence(patterns=[MatchAs(pattern=null,name='d')])]),guard=null,body=[Pass]),match_case(pat"
         "tern=MatchMapping(keys=[Constant(value='k',kind=null)],patterns=[MatchAs(pattern=null,name='e')],res"
         "t='f'),guard=null,body=[Pass]),match_case(pattern=MatchAs(pattern=MatchClass(cls=Attribute(value=Nam"
         "e(id='A',ctx=Load),attr='B',ctx=Load),patterns=[MatchAs(pattern=null,name='g')],kwd_attrs=['h'],kwd_"
         "patterns=[MatchAs(pattern=null,name='i')]),name='j'),guard=Name(id='k',ctx=Load),body=[Pass]),match_"
         "case(pattern=MatchOr(patterns=[MatchValue(value=UnaryOp(op=USub,operand=Constant(value=1,kind=null))"
         "),MatchSingleton(value=null),MatchAs(pattern=null,name=null)]),guard=null,body=[Pass])])"},
    };
    (void)state;
    assert_shapes(cases, COUNT(cases), "Module(body=[%s],type_ignores=[])");
}

static void adjacent_strings_are_joined(void **state)
{
    static const shape_case cases[] = {
        {"f'a{{{b!r:>{c}}}}' 'd'",
         "JoinedStr(values=[Constant(value='a{',kind=null),FormattedValue(value=Name(id='b',ctx=Load),conversi"
         "on=114,format_spec=JoinedStr(values=[Constant(value='>',kind=null),FormattedValue(value=Name(id='c',"
         "ctx=Load),conversion=-1,format_spec=null)])),Constant(value='}d',kind=null)])"},
        {"f'{a = }' f'{b:}'",
         "JoinedStr(values=[Constant(value='a = ',kind=null),FormattedValue(value=Name(id='a',ctx=Load),conver"
         "sion=114,format_spec=null),FormattedValue(value=Name(id='b',ctx=Load),conversion=-1,format_spec=Join"
         "edStr(values=[]))])"},
        {"u'a' 'b'", "Constant(value='ab',kind='u')"},
        {"u'a' f'{b}' 'c'", "JoinedStr(values=[Constant(value='a',kind='u'),FormattedValue(value=Name(id='b',ctx=Load),conversion"
                            "=-1,format_spec=null),Constant(value='c',kind=null)])"},
        {"f'{b!\302\252}'", "JoinedStr(values=[FormattedValue(value=Name(id='b',ctx=Load),conversion=97,format_spec=null)])"},
        {"f'\\\n{a}'", "JoinedStr(values=[FormattedValue(value=Name(id='a',ctx=Load),conversion=-1,format_spec=null)])"},
        {"f'''{\\\na\\\n=}'''",
         "JoinedStr(values=[Constant(value='\\\\\\na\\\\\\n=',kind=null),FormattedValue(value=Name(id='a',ctx=Load),conversi"
         "on=114,format_spec=null)])"},
        {"f'{'\\n#' # b\n=}'",
         "JoinedStr(values=[Constant(value=''\\\\n#' \\n=',kind=null),FormattedValue(value=Constant(value='\\n#',kind=null),conve"
         "rsion=114,format_spec=null)])"},
        {"f'{a:{b}{{}}}'",
         "JoinedStr(values=[FormattedValue(value=Name(id='a',ctx=Load),conversion=-1,format_spec=JoinedStr(values=[Formatt"
         "edValue(value=Name(id='b',ctx=Load),conversion=-1,format_spec=null),Constant(value='{',kind=null)])),Constant(va"
         "lue='}',kind=null)])"},
        {"f'''{a # b\n =}'''",
         "JoinedStr(values=[Constant(value='a \\n =',kind=null),FormattedValue(value=Name(id='a',ctx=Load),conv"
         "ersion=114,format_spec=null)])"},
    };
    (void)state;
    assert_shapes(cases, COUNT(cases), "Module(body=[Expr(value=%s)],type_ignores=[])");
}

/* Since 3.13 they are one brace, as in the text of the f-string. */
static void braces_behind_a_field_in_a_format_specification_were_a_dict_in_3_12(void **state)
{
    (void)state;
    char *json = ast_of("f'{a:{b}{{}}}'", 312);
    assert_contains(json, "{\"_type\":\"Dict\",\"keys\":[],\"values\":[]");
    free(json);
}

/* ---- Constants ---------------------------------------------------------------------------------------------------- */

typedef struct value_case {
    const char *source;
    const char *value; /* in JSON */
} value_case;

static void assert_values(const value_case *cases, size_t count)
{
    static const char before[] = "\"_type\":\"Constant\",\"value\":";
    for (size_t i = 0; i < count; i++) {
        char *json = ast_of(cases[i].source, 313);
        const char *value = strstr(json, before);
        assert_non_null(value);
        value += strlen(before);
        size_t length = (size_t)(strstr(value, ",\"kind\":") - value);
        if (length != strlen(cases[i].value) || memcmp(value, cases[i].value, length) != 0) {
            print_error("%s\n  gives    %.*s\n  expected %s\n", cases[i].source, (int)length, value, cases[i].value);
            fail();
        }
        free(json);
    }
}

static void integers_of_any_size_are_exact(void **state)
{
    static const value_case cases[] = {
        {"0", "0"},
        {"0_00", "0"},
        {"1_000", "1000"},
        {"9223372036854775807", "9223372036854775807"},
        {"9223372036854775808", "{\"int\":\"9223372036854775808\"}"},
        {"1_000_000_000_000_000_000_000", "{\"int\":\"1000000000000000000000\"}"},
        {"0xFF_ff", "65535"},
        {"0X7fffffffffffffff", "9223372036854775807"},
        {"0X8000_0000_0000_0000", "{\"int\":\"0x8000000000000000\"}"},
        {"0o17", "15"},
        {"0o1777777777777777777777", "{\"int\":\"0o1777777777777777777777\"}"},
        {"0B101", "5"},
        {"0b1111111111111111111111111111111111111111111111111111111111111111",
         "{\"int\":\"0b1111111111111111111111111111111111111111111111111111111111111111\"}"},
    };
    (void)state;
    assert_values(cases, COUNT(cases));
}

static void floats_are_the_shortest_that_round_trip(void **state)
{
    static const value_case cases[] = {
        {"0.", "0.0"},
        {".5", "0.5"},
        {"1.", "1.0"},
        {"00.50", "0.5"},
        {"1_0.2_5", "10.25"},
        {"1e3", "1000.0"},
        {"1e16", "1e16"},
        {"1e15", "1000000000000000.0"},
        {"123e-2", "1.23"},
        {"0.0001", "0.0001"},
        {"0.00001", "1e-5"},
        {"1.5e300", "1.5e300"},
        {"0.1000000000000000055511151231257827", "0.1"},
        {"9007199254740993.0", "9007199254740992.0"},
        {"123456789012345678.0", "1.2345678901234568e17"},
        {"2.2250738585072011e-308", "2.225073858507201e-308"},
        {"4.9e-324", "5e-324"},
        {"1e-400", "0.0"},
        {"1.7976931348623157e308", "1.7976931348623157e308"},
        {"1.7976931348623159e308", "{\"float\":\"inf\"}"},
        {"1e400", "{\"float\":\"inf\"}"},
        {"1e99999999999999999999", "{\"float\":\"inf\"}"},
        {"1e-99999999999999999999", "0.0"},
        {"0e400", "0.0"},
        {"1.5j", "{\"complex\":1.5}"},
        {"09J", "{\"complex\":9.0}"},
        {"1e400j", "{\"complex\":{\"float\":\"inf\"}}"},
    };
    (void)state;
    assert_values(cases, COUNT(cases));
}

/* Digits far behind those that a double holds decide about a tie, and a literal may be longer than any buffer. */
static void long_floats_are_rounded_by_all_their_digits(void **state)
{
    char *zeros = malloc(3001), *source = malloc(4000);
    (void)state;
    assert_true(zeros && source);
    memset(zeros, '0', 3000);
    zeros[3000] = '\0';
    sprintf(source, "9007199254740993.%s", zeros);
    assert_values(&(value_case){source, "9007199254740992.0"}, 1);
    sprintf(source, "9007199254740993.%s1", zeros);
    assert_values(&(value_case){source, "9007199254740994.0"}, 1);
    sprintf(source, "0.%s1e3001", zeros);
    assert_values(&(value_case){source, "1.0"}, 1);
    free(zeros);
    free(source);
}

static void strings_lose_nothing(void **state)
{
    static const value_case cases[] = {
        {"'a\"b\\\\'", "\"a\\\"b\\\\\""},
        {"'\\0\\x7f\\x1f'", "\"\\u0000\x7f\\u001f\""},
        {"'\\a\\b\\f\\n\\r\\t\\v'", "\"\\u0007\\b\\f\\n\\r\\t\\u000b\""},
        {"'\\q\\8\\400'", "\"\\\\q\\\\8\xC4\x80\""},
        {"'''a\r\nb\rc\\\r\nd'''", "\"a\\nb\\ncd\""},
        {"r'\\n'", "\"\\\\n\""},
        {"'\xC3\xA9\\u00e9\\U0001F600'", "\"\xC3\xA9\xC3\xA9\xF0\x9F\x98\x80\""},
        {"'\\ud800'", "\"\\ud800\""},
        {"'\\ude00\\ud83d'", "\"\\ude00\\ud83d\""},
        {"'\\ud83d' '\\ude00'", "{\"text\":[\"\\ud83d\",\"\\ude00\"]}"},
        {"'a\\N{BULLET}b'", "\"a\xE2\x80\xA2"
                            "b\""},
        {"'\\N{nul}' '\\N{QUOTATION MARK}' '\\N{REVERSE SOLIDUS}'", "\"\\u0000\\\"\\\\\""},
        {"'\\N{GRINNING FACE}\\ud83d'", "\"\xF0\x9F\x98\x80\\ud83d\""},
        {"'\\ud83d\\N{SPACE}\\ude00'", "{\"text\":[\"\\ud83d \\ude00\"]}"},
        {"b'\\N{BULLET}'", "{\"bytes\":\"\\\\N{BULLET}\"}"},
        {"r'\\N{BULLET}'", "\"\\\\N{BULLET}\""},
        {"b'a\\xff\\0\\377'", "{\"bytes\":\"a\xC3\xBF\\u0000\xC3\xBF\"}"},
        {"b'\\u1234' rb'\\x'", "{\"bytes\":\"\\\\u1234\\\\x\"}"},
        {"Rb'''a\r\nb'''", "{\"bytes\":\"a\\nb\"}"},
        {"f'\\{x}'", "\"\\\\\""},
        {"...", "{\"ellipsis\":true}"},
        {"None", "null"},
        {"True", "true"},
        {"False", "false"},
    };
    (void)state;
    assert_values(cases, COUNT(cases));
}

static void the_kind_is_that_of_the_first_literal(void **state)
{
    char *json = ast_of("u'a' 'b'\nU'a'\n'a' u'b'\n", 313);
    (void)state;
    assert_contains(json, "\"value\":\"ab\",\"kind\":\"u\",\"lineno\":1");
    assert_contains(json, "\"value\":\"a\",\"kind\":null,\"lineno\":2");
    assert_contains(json, "\"value\":\"ab\",\"kind\":null,\"lineno\":3");
    free(json);
}

/* ---- Identifiers -------------------------------------------------------------------------------------------------- */

static void identifiers_are_normalized(void **state)
{
    static const char *const cases[][2] = {
        {"\xC2\xB5", "\xCE\xBC"},                                 /* micro sign: a Greek letter */
        {"\xEF\xBD\x81", "a"},                                    /* full width */
        {"e\xCC\x81", "\xC3\xA9"},                                /* a mark joins its letter */
        {"\xC3\xA9", "\xC3\xA9"},                                 /* nothing to do */
        {"a\xCC\x81\xCC\xA3", "\xE1\xBA\xA1\xCC\x81"},            /* marks are put in order */
        {"\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8", "\xEA\xB0\x81"}, /* Hangul letters make a syllable */
        {"\xEA\xB0\x81\xC2\xAA", "\xEA\xB0\x81"
                                 "a"}, /* a syllable is taken apart and put together again */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char expected[64];
        char *json = ast_of(cases[i][0], 313);
        snprintf(expected, sizeof expected, "\"id\":\"%s\"", cases[i][1]);
        assert_contains(json, expected);
        free(json);
    }
    char *json = ast_of("import \xEF\xBD\x81.b as \xC2\xB5", 313);
    assert_contains(json, "\"name\":\"a.b\",\"asname\":\"\xCE\xBC\"");
    free(json);
}

/* Two marks of different classes, a thousand times in the wrong order. */
static void long_runs_of_marks_are_ordered(void **state)
{
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_buffer text, normal;
    (void)state;
    codedb_buffer_init(&text, &allocator);
    codedb_buffer_init(&normal, &allocator);
    codedb_buffer_append_text(&text, "q");
    for (int i = 0; i < 1000; i++)
        codedb_buffer_append_text(&text, "\xCC\x81\xCC\xA3");
    assert_false(codedb_identifier_is_normal(text.data, text.length));
    assert_true(codedb_identifier_normalize(text.data, text.length, &normal));
    assert_int_equal(normal.length, text.length);
    for (size_t i = 0; i < 2000; i++)
        assert_memory_equal(normal.data + 1 + 2 * i, i < 1000 ? "\xCC\xA3" : "\xCC\x81", 2);
    codedb_buffer_free(&text);
    codedb_buffer_free(&normal);
}

/* ---- Positions ---------------------------------------------------------------------------------------------------- */

/* The position of the first node of that type, as LINE:COLUMN-LINE:COLUMN. */
static void position_of(const char *json, const char *type, char out[64])
{
    char begin[64];
    int depth = 0;
    unsigned numbers[4] = {0};
    snprintf(begin, sizeof begin, "{\"_type\":\"%s\"", type);
    const char *at = strstr(json, begin);
    assert_non_null(at);
    do {
        if (*at == '"')
            for (at++; *at != '"'; at++)
                at += *at == '\\';
        depth += (*at == '{') - (*at == '}');
        at++;
        if (depth == 1 && strncmp(at, ",\"lineno\"", 9) == 0)
            sscanf(at, ",\"lineno\":%u,\"col_offset\":%u,\"end_lineno\":%u,\"end_col_offset\":%u", &numbers[0], &numbers[1],
                   &numbers[2], &numbers[3]);
    } while (depth > 0);
    snprintf(out, 64, "%u:%u-%u:%u", numbers[0], numbers[1], numbers[2], numbers[3]);
}

typedef struct position_case {
    const char *source;
    const char *type;
    const char *expected;
    int version;
} position_case;

static void positions_are_those_of_ast(void **state)
{
    static const position_case cases[] = {
        {"(a)", "Name", "1:1-1:2", 313},
        {"(a, b)", "Tuple", "1:0-1:6", 313},
        {"((a, b))", "Tuple", "1:1-1:7", 313},
        {"a, b,", "Tuple", "1:0-1:5", 313},
        {"f(x for x in y)", "GeneratorExp", "1:1-1:15", 313},
        {"f((x for x in y))", "GeneratorExp", "1:2-1:16", 313},
        {"a[b, c,]", "Tuple", "1:2-1:7", 313},
        {"\xC3\xA9 + (b)", "BinOp", "1:0-1:8", 313},
        {"\xEF\xBB\xBF"
         "a",
         "Name", "1:0-1:1", 313},
        {"if a: b;", "If", "1:0-1:8", 313},
        {"if a: b;", "Expr", "1:6-1:7", 313},
        {"@d\nasync def f(): pass", "AsyncFunctionDef", "2:0-2:19", 313},
        {"def f(*a: b): pass", "arg", "1:7-1:11", 313},
        {"f(a, **(b))", "keyword", "1:5-1:10", 313},
        {"type A[B: c = d,] = e;", "TypeVar", "1:7-1:15", 313},
        {"type A[*B = *c] = e;", "Starred", "1:12-1:14", 313},
        {"type A = e;", "TypeAlias", "1:0-1:10", 313},
        {"match a:\n case (1): pass", "MatchValue", "2:7-2:8", 313},
        {"match a:\n case (b,): pass", "MatchSequence", "2:6-2:10", 313},
        {"match a:\n case [*b, c]: pass", "MatchStar", "2:7-2:9", 313},
        {"('a'\n  'b')", "Constant", "1:1-2:5", 313},
        {"x = '''a\r\nb'''", "Constant", "1:4-2:4", 313},
        {"'a' f'{x}b' 'c'", "Constant", "1:0-1:3", 313},
        {"f'{x}b{{' 'c'", "Constant", "1:5-1:13", 313},
        {"f'a{{\\\n'", "Constant", "1:2-1:5", 313},
        {"f'a{{b\\\n'", "Constant", "1:2-2:0", 313},
        {"f'\\\na{{\\\n}}\\\r\n\\\n' f''", "Constant", "1:2-3:2", 313},
        {"f'\\N{DIGIT ONE}\\\n'", "Constant", "1:2-1:15", 313},
        {"f'a{{\\\n' ''", "Constant", "1:2-2:4", 313},
        {"f'a{{\\\n{x=}'", "Constant", "1:2-2:3", 313},
        {"rf'a{{\\\n'", "Constant", "1:3-2:0", 313},
        {"f'a{{\\\n'", "Constant", "1:0-2:1", 311},
        {"f'{x}b' 'c'", "Constant", "1:0-1:11", 311},
        {"f'{ x = }'", "Constant", "1:3-1:8", 313},
        {"f'{x:a}'", "FormattedValue", "1:2-1:7", 313},
        {"f'{x:a}'", "FormattedValue", "1:0-1:8", 311},
        {"f'{x, y}'", "Tuple", "1:3-1:7", 313},
        {"f'{x, y}'", "Tuple", "1:2-1:8", 311},
        {"import a", "alias", "1:7-1:8", 310},
        {"import a", "alias", "0:0-0:0", 309},
        {"f(a=b)", "keyword", "1:2-1:5", 309},
        {"f(a=b)", "keyword", "0:0-0:0", 308},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char found[64];
        char *json = ast_of(cases[i].source, cases[i].version);
        position_of(json, cases[i].type, found);
        if (strcmp(found, cases[i].expected) != 0) {
            print_error("%s: %s at %s, expected %s\n", cases[i].source, cases[i].type, found, cases[i].expected);
            fail();
        }
        free(json);
    }
}

/* ---- Versions ----------------------------------------------------------------------------------------------------- */

/* Fails unless the JSON of `source` has `part` in versions from `from` up to `until`, and in no other from 308 to 315. */
static void assert_in_versions(const char *source, const char *part, int first, int from, int until)
{
    for (int version = first; version <= 315; version++) {
        char *json = ast_of(source, version);
        bool expected = version >= from && version <= until;
        if ((strstr(json, part) != NULL) != expected) {
            print_error("%s, %d: %s\n", source, version, json);
            fail();
        }
        free(json);
    }
}

static void fields_depend_on_the_version(void **state)
{
    (void)state;
    assert_in_versions("def f(): pass", "\"type_params\":[]", 308, 312, 315);
    assert_in_versions("class A: pass", "\"type_params\":[]", 308, 312, 315);
    assert_in_versions("type A[T] = b", "\"default_value\":null", 312, 313, 315);
    assert_in_versions("f'{x:{y}}'", "\"value\":\"\"", 308, 312, 312);
    assert_in_versions("f'{x:{{}}}'", "\"value\":\"\"", 308, 312, 312);
    assert_in_versions("rf'{x:\\x41}'", "\"value\":\"A\"", 312, 312, 313);
}

/* What 3.14 and 3.15 add: no such Python made the expected values, but the grammar of their documentation. */
static void newer_syntax_has_nodes(void **state)
{
    static const shape_case cases[] = {
        {"t'a{b!r:c}' t'd'",
         "TemplateStr(values=[Constant(value='a',kind=null),Interpolation(value=Name(id='b',ctx=Load),str='b',conversion=114,"
         "format_spec=JoinedStr(values=[Constant(value='c',kind=null)])),Constant(value='d',kind=null)])"},
        {"t'{ a + b = }'", "TemplateStr(values=[Constant(value=' a + b = ',kind=null),Interpolation(value=BinOp(left=Name(id='a',"
                           "ctx=Load),op=Add,right=Name(id='b',ctx=Load)),str=' a + b',conversion=114,format_spec=null)])"},
        {"{**a for b in c}",
         "DictComp(key=Name(id='a',ctx=Load),value=null,generators=[comprehension(target=Name(id='b',ctx=Store),"
         "iter=Name(id='c',ctx=Load),ifs=[],is_async=0)])"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *json = ast_of(cases[i].source, 315);
        shape(json);
        assert_contains(json, cases[i].expected);
        free(json);
    }
}

/* ---- Size and failure --------------------------------------------------------------------------------------------- */

/* `head`, then `count` times `part`, then `tail`; to be freed. */
static char *repeated(const char *head, const char *part, size_t count, const char *tail)
{
    size_t head_length = strlen(head), part_length = strlen(part);
    char *text = malloc(head_length + part_length * count + strlen(tail) + 1);
    assert_non_null(text);
    memcpy(text, head, head_length);
    for (size_t i = 0; i < count; i++)
        memcpy(text + head_length + i * part_length, part, part_length);
    strcpy(text + head_length + part_length * count, tail);
    return text;
}

static void chains_of_any_length_need_no_stack(void **state)
{
    static const struct {
        const char *head, *part, *tail, *last;
    } cases[] = {
        {"a", "+b", "", "\"op\":{\"_type\":\"Add\"}"},
        {"a", " and b", "", "\"op\":{\"_type\":\"And\"}"},
        {"a", ".b", "", "\"attr\":\"b\""},
        {"a", "()", "", "\"keywords\":[]"},
        {"", "-", "a", "\"op\":{\"_type\":\"USub\"}"},
        {"if a: b\n", "elif c: d\n", "else: e", "\"id\":\"e\""},
        {"", "a if b else ", "c", "\"id\":\"c\""},
        {"'x'", " 'y'", "", "xyyyy"},
        {"f'", "{x}\\n", "'", "\"conversion\":-1"},
        {"", "@a\n", "def f(): pass", "\"decorator_list\":[{"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *source = repeated(cases[i].head, cases[i].part, 100000, cases[i].tail);
        char *json = ast_of(source, 313);
        assert_contains(json, cases[i].last);
        assert_int_equal(json[strlen(json) - 1], '\n');
        free(json);
        free(source);
    }
}

static void long_texts_are_written_in_pieces(void **state)
{
    char *name = repeated("", "abcdefghij", 10000, "");
    char *source = repeated("'''", "text\nof a \\'line\\'\n", 10000, "'''");
    char *json = ast_of(name, 313);
    (void)state;
    assert_contains(json, name);
    free(json);
    json = ast_of(source, 313);
    assert_contains(json, "\"end_lineno\":20001,\"end_col_offset\":3}");
    free(json);
    free(name);
    free(source);
}

static void the_write_function_can_stop_it(void **state)
{
    char *source = repeated("", "a = b + c\n", 10000, "");
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_tree *tree = NULL;
    output to = {.limit = 1};
    (void)state;
    codedb_buffer_init(&to.text, &allocator);
    assert_success(codedb_tree_parse(source, strlen(source), NULL, &tree, &result), result);
    assert_code(codedb_tree_dump(tree, CODEDB_DUMP_AST, output_append, &to, &result), CODEDB_CANCELLED, result);
    assert_true(to.text.length < 100000);
    codedb_tree_free(tree);
    codedb_buffer_free(&to.text);
    codedb_result_clear(&result);
    free(source);
}

static void a_source_becomes_json_in_one_call(void **state)
{
    static const char source[] = "x = [1, 'a'] # b";
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_tree *tree = NULL;
    output once = {.limit = 0}, dumped = {.limit = 0};
    (void)state;
    codedb_buffer_init(&once.text, &allocator);
    codedb_buffer_init(&dumped.text, &allocator);
    assert_success(codedb_tree_parse(source, strlen(source), NULL, &tree, &result), result);
    assert_success(codedb_tree_dump(tree, CODEDB_DUMP_AST, output_append, &dumped, &result), result);
    assert_success(codedb_ast_from_source(source, strlen(source), NULL, output_append, &once, &result), result);
    assert_string_equal(once.text.data, dumped.text.data);
    once.text.length = 0;
    assert_code(codedb_ast_from_source("x = (\n", 6, NULL, output_append, &once, &result), CODEDB_PARSE_ERROR, result);
    assert_int_equal(result.line, 1);
    assert_int_equal(once.text.length, 0);
    options.target_version = 200;
    assert_code(codedb_ast_from_source("x", 1, &options, output_append, &once, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_ast_from_source("x", 1, NULL, NULL, NULL, &result), CODEDB_INVALID_REQUEST, result);
    codedb_tree_free(tree);
    codedb_buffer_free(&once.text);
    codedb_buffer_free(&dumped.text);
    codedb_result_clear(&result);
}

static int output_ignore(void *context, const char *bytes, size_t length)
{
    (void)context;
    (void)bytes;
    (void)length;
    return 0;
}

static void every_allocation_may_fail(void **state)
{
    char *source = repeated("f'{\xC2\xB5}'\n", "-", 200, "a");
    support_failing failing;
    (void)state;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
        options.allocator = &failing.allocator;
        codedb_code code = codedb_ast_from_source(source, strlen(source), &options, output_ignore, NULL, NULL);
        support_failing_check(&failing, code);
    }
    free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_have_the_fields_of_ast),
        cmocka_unit_test(statements_have_the_fields_of_ast),
        cmocka_unit_test(adjacent_strings_are_joined),
        cmocka_unit_test(braces_behind_a_field_in_a_format_specification_were_a_dict_in_3_12),
        cmocka_unit_test(integers_of_any_size_are_exact),
        cmocka_unit_test(floats_are_the_shortest_that_round_trip),
        cmocka_unit_test(long_floats_are_rounded_by_all_their_digits),
        cmocka_unit_test(strings_lose_nothing),
        cmocka_unit_test(the_kind_is_that_of_the_first_literal),
        cmocka_unit_test(identifiers_are_normalized),
        cmocka_unit_test(long_runs_of_marks_are_ordered),
        cmocka_unit_test(positions_are_those_of_ast),
        cmocka_unit_test(fields_depend_on_the_version),
        cmocka_unit_test(newer_syntax_has_nodes),
        cmocka_unit_test(chains_of_any_length_need_no_stack),
        cmocka_unit_test(long_texts_are_written_in_pieces),
        cmocka_unit_test(the_write_function_can_stop_it),
        cmocka_unit_test(a_source_becomes_json_in_one_call),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("ast", tests, NULL, NULL);
}
