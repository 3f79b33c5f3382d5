/* codedb_ast_nodes.c -- which fields the ast's nodes have, and from which of LibCST's they come.
 *
 * Called by codedb_ast.c through codedb_ast.h. Calls back what is written there, and codedb_ast_fstring.c. Any thread; it holds
 * nothing but constant tables.
 *
 * The tables of steps at the end say it all where the two trees have the same shape; what stands before them is for the others.
 *
 *   Picks . Special shapes . The steps of each class: expressions, parameters, small and compound statements, patterns */
#include "codedb_ast.h"

/* ---- Picks: what a child is in a list ----------------------------------------------------------------------------- */

static bool ast_is_keyword(const codedb_tree *tree, uint32_t argument)
{
    return ast_first_token(tree, argument) == CODEDB_TOKEN_DOUBLE_STAR || tree->nodes[argument + 1].field == CODEDB_FIELD_keyword;
}

static uint32_t ast_pick_argument(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_ARG && !ast_is_keyword(tree, child) ? child : AST_SKIP;
}

static uint32_t ast_pick_keyword(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_ARG && ast_is_keyword(tree, child) ? child : AST_SKIP;
}

/* Of a parameter that is keyword-only: its default or null. */
static uint32_t ast_pick_keyword_default(const codedb_tree *tree, uint32_t child)
{
    if (tree->nodes[child].field != CODEDB_FIELD_kwonly_params)
        return AST_SKIP;
    uint32_t value = ast_child(tree, child, CODEDB_FIELD_default);
    return value == UINT32_MAX ? AST_NULL : value;
}

static uint32_t ast_pick_default(const codedb_tree *tree, uint32_t child)
{
    unsigned field = tree->nodes[child].field;
    if (field != CODEDB_FIELD_params && field != CODEDB_FIELD_posonly_params)
        return AST_SKIP;
    return ast_child(tree, child, CODEDB_FIELD_default);
}

static uint32_t ast_pick_dict_key(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_DICT_ELEMENT ? child + 1 : AST_NULL;
}

/* The last of an element's two children, or its only one. */
static uint32_t ast_pick_last(const codedb_tree *tree, uint32_t child)
{
    uint32_t behind_first = tree->nodes[child + 1].end;
    return behind_first < tree->nodes[child].end ? behind_first : child + 1;
}

static uint32_t ast_pick_operator(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_COMPARISON_TARGET ? child + 1 : AST_SKIP;
}

static uint32_t ast_pick_comparator(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_COMPARISON_TARGET ? ast_pick_last(tree, child) : AST_SKIP;
}

static uint32_t ast_pick_operand(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].field == CODEDB_FIELD_operator ? AST_SKIP : child;
}

static uint32_t ast_pick_key(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_MATCH_MAPPING_ELEMENT ? child + 1 : AST_SKIP;
}

static uint32_t ast_pick_value(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_MATCH_MAPPING_ELEMENT ? ast_pick_last(tree, child) : AST_SKIP;
}

static uint32_t ast_pick_keyword_pattern(const codedb_tree *tree, uint32_t child)
{
    return tree->nodes[child].kind == CODEDB_NODE_MATCH_KEYWORD_ELEMENT ? ast_pick_last(tree, child) : AST_SKIP;
}

/* ---- Special shapes ----------------------------------------------------------------------------------------------- */

/* The operator of a BooleanOperation. */
static uint8_t ast_boolean_kind(const codedb_tree *tree, uint32_t node)
{
    return tree->nodes[tree->nodes[node + 1].end].kind;
}

static void ast_call_boolean_operator(ast_writer *writer, ast_frame *frame)
{
    codedb_ast_put_operator(writer, ast_boolean_kind(writer->tree, frame->node));
    frame->step++;
}

/* `a and b and c` is a node in a node; without parentheses it is one list. In pre-order the operands of all stand side by side. */
static void ast_call_boolean_values(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    if (frame->cursor == 0) {
        uint32_t first = frame->node + 1;
        uint8_t kind = ast_boolean_kind(tree, frame->node);
        while (tree->nodes[first].kind == CODEDB_NODE_BOOLEAN_OPERATION && tree->nodes[first].parens == 0 &&
               ast_boolean_kind(tree, first) == kind)
            first++;
        codedb_ast_list_begin(writer, frame, first, tree->nodes[frame->node].end);
    }
    codedb_ast_list_continue(writer, frame, CODEDB_FIELD_NONE);
}

/* One item that is no tuple by a comma or star stands for itself. */
static void ast_call_slice(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    uint32_t node = frame->node, item = tree->nodes[node + 1].end;
    frame->step++;
    if (tree->nodes[item].end == tree->nodes[node].end && !ast_is_starred(tree, item) &&
        ast_token(tree, tree->nodes[item].last) != CODEDB_TOKEN_COMMA)
        codedb_ast_visit(writer, item, AST_LOAD);
    else
        codedb_ast_push(writer, codedb_ast_special_steps(AST_SLICE_TUPLE), node, AST_LOAD);
}

static void ast_call_slice_tuple_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *nodes = writer->tree->nodes;
    codedb_ast_end(writer, nodes[nodes[frame->node + 1].end].first, nodes[frame->node].last - 1);
}

/* The clauses of a comprehension are children of each other. */
static void ast_call_generators(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    if (frame->cursor == 0)
        codedb_ast_list_begin(writer, frame, ast_child(tree, frame->node, CODEDB_FIELD_for_in), UINT32_MAX);
    uint32_t clause = frame->cursor;
    if (clause == UINT32_MAX) {
        codedb_ast_list_end(writer, frame);
        return;
    }
    frame->cursor = ast_child(tree, clause, CODEDB_FIELD_inner_for_in);
    codedb_ast_list_separate(writer, frame);
    codedb_ast_visit(writer, clause, AST_LOAD);
}

static void ast_call_is_async(ast_writer *writer, ast_frame *frame)
{
    bool is_async = writer->tree->nodes[frame->node + 1].field == CODEDB_FIELD_asynchronous;
    codedb_ast_put_number(&writer->out, is_async);
    frame->step++;
}

static void ast_call_delete_targets(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *target = &writer->tree->nodes[frame->node + 1];
    bool is_list = target->kind == CODEDB_NODE_TUPLE && target->parens == 0;
    if (frame->cursor == 0)
        codedb_ast_list_begin(writer, frame, frame->node + 1 + is_list, target->end);
    codedb_ast_list_continue(writer, frame, CODEDB_FIELD_NONE);
}

static void ast_call_is_simple(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *target = &writer->tree->nodes[frame->node + 1];
    codedb_ast_put_number(&writer->out, target->kind == CODEDB_NODE_NAME && target->parens == 0);
    frame->step++;
}

static void ast_call_level(ast_writer *writer, ast_frame *frame)
{
    unsigned level = 0;
    uint32_t token = writer->tree->nodes[frame->node].first;
    token += writer->tree->nodes[frame->node].kind == CODEDB_NODE_LAZY_IMPORT_FROM ? 2 : 1;
    for (;; token++)
        if (ast_token(writer->tree, token) == CODEDB_TOKEN_DOT)
            level++;
        else if (ast_token(writer->tree, token) == CODEDB_TOKEN_ELLIPSIS)
            level += 3;
        else
            break;
    codedb_ast_put_number(&writer->out, level);
    frame->step++;
}

/* From 3.10 on an alias has a position. */
static void ast_call_alias_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *node = &writer->tree->nodes[frame->node];
    if (writer->tree->target_version >= 310) {
        codedb_ast_end(writer, node->first, node->last);
    } else {
        AST_PUT(&writer->out, "}");
        writer->count--;
    }
}

/* From 3.9 on a keyword has a position. */
static void ast_call_keyword_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *node = &writer->tree->nodes[frame->node];
    if (writer->tree->target_version >= 309) {
        codedb_ast_end(writer, node->first, node->last);
    } else {
        AST_PUT(&writer->out, "}");
        writer->count--;
    }
}

/* A parameter is its name and its annotation. */
static void ast_call_parameter_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    uint32_t annotation = ast_child(tree, frame->node, CODEDB_FIELD_annotation);
    uint32_t last = tree->nodes[frame->node].last;
    codedb_ast_end(writer, last - 1, annotation == UINT32_MAX ? last : tree->nodes[annotation].last);
}

/* ,"type_params":[...] from 3.12 on */
static void ast_call_type_parameters(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    if (tree->target_version < 312) {
        frame->step++;
        return;
    }
    if (frame->cursor == 0) {
        uint32_t list = ast_child(tree, frame->node, CODEDB_FIELD_type_parameters);
        AST_PUT(&writer->out, ",\"type_params\":");
        codedb_ast_list_begin(writer, frame, list == UINT32_MAX ? 1 : list + 1, list == UINT32_MAX ? 1 : tree->nodes[list].end);
    }
    codedb_ast_list_continue(writer, frame, CODEDB_FIELD_NONE);
}

static void ast_call_type_parameter_name(ast_writer *writer, ast_frame *frame)
{
    uint32_t name = ast_child(writer->tree, frame->node + 1, CODEDB_FIELD_name);
    codedb_ast_put_identifier(&writer->out, writer->tree->nodes[name].first);
    frame->step++;
}

static void ast_call_type_parameter_bound(ast_writer *writer, ast_frame *frame)
{
    uint32_t bound = ast_child(writer->tree, frame->node + 1, CODEDB_FIELD_bound);
    frame->step++;
    if (bound == UINT32_MAX)
        AST_PUT(&writer->out, "null");
    else
        codedb_ast_visit(writer, bound, AST_LOAD);
}

/* ,"default_value":... from 3.13 on; the star of a starred one belongs to the TypeParam */
static void ast_call_type_parameter_default(ast_writer *writer, ast_frame *frame)
{
    const codedb_tree *tree = writer->tree;
    uint32_t value = ast_child(tree, frame->node, CODEDB_FIELD_default);
    frame->step++;
    if (tree->target_version < 313)
        return;
    AST_PUT(&writer->out, ",\"default_value\":");
    if (value == UINT32_MAX)
        AST_PUT(&writer->out, "null");
    else if (ast_token(tree, tree->nodes[value].first - tree->nodes[value].parens - 1u) == CODEDB_TOKEN_STAR)
        codedb_ast_push(writer, codedb_ast_special_steps(AST_STARRED_DEFAULT), value, AST_LOAD);
    else
        codedb_ast_visit(writer, value, AST_LOAD);
}

static void ast_call_self(ast_writer *writer, ast_frame *frame)
{
    frame->step++;
    codedb_ast_visit(writer, frame->node, AST_LOAD);
}

static void ast_call_starred_default_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *node = &writer->tree->nodes[frame->node];
    codedb_ast_end(writer, node->first - node->parens - 1, node->last + node->parens);
}

/* The comma behind an element, and the semicolon behind a type alias, belong to LibCST's position only. */
static void ast_call_end_before_separator(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *node = &writer->tree->nodes[frame->node];
    codedb_token_kind kind = ast_token(writer->tree, node->last - 1);
    bool separated = kind == CODEDB_TOKEN_COMMA || kind == CODEDB_TOKEN_SEMICOLON;
    codedb_ast_end(writer, node->first, node->last - separated);
}

/* The position of a pattern that is a value is that of the value without its parentheses. */
static void ast_call_value_end(ast_writer *writer, ast_frame *frame)
{
    const codedb_node *value = &writer->tree->nodes[frame->node + 1];
    codedb_ast_end(writer, value->first, value->last);
}

static void ast_call_singleton(ast_writer *writer, ast_frame *frame)
{
    codedb_ast_put_singleton(&writer->out, ast_first_token(writer->tree, frame->node + 1));
    frame->step++;
}

/* ---- The steps of each class -------------------------------------------------------------------------------------- */

#define AST_TYPE(name, key) "{\"_type\":\"" name "\",\"" key "\":"
#define AST_KEY(key) ",\"" key "\":"
#define AST_STEP(what, role, child_context, before)                                                                       \
    {                                                                                                                     \
        .action = AST_##what, .field = CODEDB_FIELD_##role, .context = AST_##child_context, .length = sizeof(before) - 1, \
        .text = before                                                                                                    \
    }
#define AST_PICKED(how, before)                                                                                       \
    {                                                                                                                 \
        .action = AST_PICK, .context = AST_LOAD, .length = sizeof(before) - 1, .text = before, .pick = ast_pick_##how \
    }
#define AST_CALLED(what, before)                                                                                       \
    {                                                                                                                  \
        .action = AST_CALL, .context = AST_LOAD, .length = sizeof(before) - 1, .text = before, .call = ast_call_##what \
    }
#define AST_CALLED_STRINGS(what, before)                                                                                      \
    {                                                                                                                         \
        .action = AST_CALL, .context = AST_LOAD, .length = sizeof(before) - 1, .text = before, .call = codedb_ast_call_##what \
    }
#define AST_LAST(what, before)                                             \
    {                                                                      \
        .action = AST_##what, .length = sizeof(before) - 1, .text = before \
    }
#define AST_STEPS(name, ...) static const ast_step ast_##name[] = {__VA_ARGS__};

/* ---- Expressions ---- */

AST_STEPS(unary_operation, AST_STEP(CHILD, operator, LOAD, AST_TYPE("UnaryOp", "op")),
          AST_STEP(CHILD, expression, LOAD, AST_KEY("operand")), AST_LAST(END, ""))
AST_STEPS(binary_operation, AST_STEP(CHILD, left, LOAD, AST_TYPE("BinOp", "left")),
          AST_STEP(CHILD, operator, LOAD, AST_KEY("op")), AST_STEP(CHILD, right, LOAD, AST_KEY("right")), AST_LAST(END, ""))
AST_STEPS(
    boolean_operation, AST_CALLED(boolean_operator, AST_TYPE("BoolOp", "op")),
    {.action = AST_CALL, .length = 10, .text = AST_KEY("values"), .pick = ast_pick_operand, .call = ast_call_boolean_values},
    AST_LAST(END, ""))
AST_STEPS(comparison, AST_STEP(CHILD, left, LOAD, AST_TYPE("Compare", "left")), AST_PICKED(operator, AST_KEY("ops")),
          AST_PICKED(comparator, AST_KEY("comparators")), AST_LAST(END, ""))
AST_STEPS(attribute, AST_STEP(CHILD, value, LOAD, AST_TYPE("Attribute", "value")),
          AST_STEP(IDENTIFIER, attr, LOAD, AST_KEY("attr")), AST_LAST(CONTEXT, ""), AST_LAST(END, ""))
AST_STEPS(subscript, AST_STEP(CHILD, value, LOAD, AST_TYPE("Subscript", "value")), AST_CALLED(slice, AST_KEY("slice")),
          AST_LAST(CONTEXT, ""), AST_LAST(END, ""))
AST_STEPS(slice_tuple, AST_STEP(LIST, slice, LOAD, AST_TYPE("Tuple", "elts")), AST_LAST(CONTEXT, ""),
          AST_CALLED(slice_tuple_end, ""))
AST_STEPS(slice, AST_STEP(CHILD_OR_NULL, lower, LOAD, AST_TYPE("Slice", "lower")),
          AST_STEP(CHILD_OR_NULL, upper, LOAD, AST_KEY("upper")), AST_STEP(CHILD_OR_NULL, step, LOAD, AST_KEY("step")),
          AST_LAST(END, ""))
AST_STEPS(call, AST_STEP(CHILD, func, LOAD, AST_TYPE("Call", "func")), AST_PICKED(argument, AST_KEY("args")),
          AST_PICKED(keyword, AST_KEY("keywords")), AST_LAST(END, ""))
AST_STEPS(keyword, AST_STEP(IDENTIFIER_OR_NULL, keyword, LOAD, AST_TYPE("keyword", "arg")),
          AST_STEP(CHILD, value, LOAD, AST_KEY("value")), AST_CALLED(keyword_end, ""))
AST_STEPS(starred, AST_STEP(CHILD, value, SAME, AST_TYPE("Starred", "value")), AST_LAST(CONTEXT, ""), AST_LAST(END, ""))
AST_STEPS(starred_default, AST_CALLED(self, AST_TYPE("Starred", "value")), AST_LAST(CONTEXT, ""),
          AST_CALLED(starred_default_end, ""))
AST_STEPS(await, AST_STEP(CHILD, expression, LOAD, AST_TYPE("Await", "value")), AST_LAST(END, ""))
AST_STEPS(yield, AST_STEP(CHILD_OR_NULL, value, LOAD, AST_TYPE("Yield", "value")), AST_LAST(END, ""))
AST_STEPS(yield_from, AST_STEP(CHILD, value, LOAD, AST_TYPE("YieldFrom", "value")), AST_LAST(END, ""))
AST_STEPS(if_exp, AST_STEP(CHILD, test, LOAD, AST_TYPE("IfExp", "test")), AST_STEP(CHILD, body, LOAD, AST_KEY("body")),
          AST_STEP(CHILD, orelse, LOAD, AST_KEY("orelse")), AST_LAST(END, ""))
AST_STEPS(lambda, AST_STEP(CHILD, params, LOAD, AST_TYPE("Lambda", "args")), AST_STEP(CHILD, body, LOAD, AST_KEY("body")),
          AST_LAST(END, ""))
AST_STEPS(named_expr, AST_STEP(CHILD, target, STORE, AST_TYPE("NamedExpr", "target")),
          AST_STEP(CHILD, value, LOAD, AST_KEY("value")), AST_LAST(END, ""))
AST_STEPS(tuple, AST_STEP(LIST, elements, SAME, AST_TYPE("Tuple", "elts")), AST_LAST(CONTEXT, ""), AST_LAST(END_PARENTHESES, ""))
AST_STEPS(list_display, AST_STEP(LIST, elements, SAME, AST_TYPE("List", "elts")), AST_LAST(CONTEXT, ""), AST_LAST(END, ""))
AST_STEPS(set, AST_STEP(LIST, elements, LOAD, AST_TYPE("Set", "elts")), AST_LAST(END, ""))
AST_STEPS(dict, AST_PICKED(dict_key, AST_TYPE("Dict", "keys")), AST_PICKED(last, AST_KEY("values")), AST_LAST(END, ""))
AST_STEPS(generator_exp, AST_STEP(CHILD, elt, LOAD, AST_TYPE("GeneratorExp", "elt")),
          AST_CALLED(generators, AST_KEY("generators")), AST_LAST(END_PARENTHESES, ""))
AST_STEPS(list_comp, AST_STEP(CHILD, elt, LOAD, AST_TYPE("ListComp", "elt")), AST_CALLED(generators, AST_KEY("generators")),
          AST_LAST(END, ""))
AST_STEPS(set_comp, AST_STEP(CHILD, elt, LOAD, AST_TYPE("SetComp", "elt")), AST_CALLED(generators, AST_KEY("generators")),
          AST_LAST(END, ""))
AST_STEPS(dict_comp, AST_STEP(CHILD, key, LOAD, AST_TYPE("DictComp", "key")), AST_STEP(CHILD, value, LOAD, AST_KEY("value")),
          AST_CALLED(generators, AST_KEY("generators")), AST_LAST(END, ""))
AST_STEPS(starred_dict_comp, AST_STEP(CHILD, value, LOAD, AST_TYPE("DictComp", "key")),
          AST_CALLED(generators, AST_KEY("value") "null" AST_KEY("generators")), AST_LAST(END, ""))
AST_STEPS(comp_for, AST_STEP(CHILD, target, STORE, AST_TYPE("comprehension", "target")),
          AST_STEP(CHILD, iter, LOAD, AST_KEY("iter")), AST_STEP(LIST, ifs, LOAD, AST_KEY("ifs")),
          AST_CALLED(is_async, AST_KEY("is_async")), AST_LAST(END_PLAIN, ""))
AST_STEPS(joined, AST_CALLED_STRINGS(values, AST_TYPE("JoinedStr", "values")), AST_LAST(END, ""))
AST_STEPS(template, AST_CALLED_STRINGS(values, AST_TYPE("TemplateStr", "values")), AST_LAST(END, ""))
AST_STEPS(formatted_value, AST_STEP(CHILD, expression, LOAD, AST_TYPE("FormattedValue", "value")),
          AST_CALLED_STRINGS(conversion, AST_KEY("conversion")), AST_CALLED_STRINGS(format_spec, AST_KEY("format_spec")),
          AST_CALLED_STRINGS(field_end, ""))
AST_STEPS(interpolation, AST_STEP(CHILD, expression, LOAD, AST_TYPE("Interpolation", "value")),
          AST_CALLED_STRINGS(interpolation_text, AST_KEY("str")), AST_CALLED_STRINGS(conversion, AST_KEY("conversion")),
          AST_CALLED_STRINGS(format_spec, AST_KEY("format_spec")), AST_CALLED_STRINGS(field_end, ""))
AST_STEPS(format_spec, AST_CALLED_STRINGS(spec_values, AST_TYPE("JoinedStr", "values")), AST_CALLED_STRINGS(spec_end, ""))

/* ---- Parameters ---- */

AST_STEPS(parameters, AST_STEP(LIST, posonly_params, LOAD, AST_TYPE("arguments", "posonlyargs")),
          AST_STEP(LIST, params, LOAD, AST_KEY("args")), AST_STEP(CHILD_OR_NULL, star_arg, LOAD, AST_KEY("vararg")),
          AST_STEP(LIST, kwonly_params, LOAD, AST_KEY("kwonlyargs")), AST_PICKED(keyword_default, AST_KEY("kw_defaults")),
          AST_STEP(CHILD_OR_NULL, star_kwarg, LOAD, AST_KEY("kwarg")), AST_PICKED(default, AST_KEY("defaults")),
          AST_LAST(END_PLAIN, ""))
AST_STEPS(param, AST_STEP(IDENTIFIER, name, LOAD, AST_TYPE("arg", "arg")),
          AST_STEP(CHILD_OR_NULL, annotation, LOAD, AST_KEY("annotation")),
          AST_CALLED(parameter_end, AST_KEY("type_comment") "null"))
AST_STEPS(type_var, AST_CALLED(type_parameter_name, AST_TYPE("TypeVar", "name")),
          AST_CALLED(type_parameter_bound, AST_KEY("bound")), AST_CALLED(type_parameter_default, ""),
          AST_CALLED(end_before_separator, ""))
AST_STEPS(type_var_tuple, AST_CALLED(type_parameter_name, AST_TYPE("TypeVarTuple", "name")),
          AST_CALLED(type_parameter_default, ""), AST_CALLED(end_before_separator, ""))
AST_STEPS(param_spec, AST_CALLED(type_parameter_name, AST_TYPE("ParamSpec", "name")), AST_CALLED(type_parameter_default, ""),
          AST_CALLED(end_before_separator, ""))

/* ---- Small statements ---- */

AST_STEPS(expr, AST_STEP(CHILD, value, LOAD, AST_TYPE("Expr", "value")), AST_LAST(END, ""))
AST_STEPS(pass, AST_LAST(END, "{\"_type\":\"Pass\""))
AST_STEPS(break, AST_LAST(END, "{\"_type\":\"Break\""))
AST_STEPS(continue, AST_LAST(END, "{\"_type\":\"Continue\""))
AST_STEPS(return, AST_STEP(CHILD_OR_NULL, value, LOAD, AST_TYPE("Return", "value")), AST_LAST(END, ""))
AST_STEPS(del,
          {.action = AST_CALL,
           .context = AST_DELETE,
           .length = sizeof(AST_TYPE("Delete", "targets")) - 1,
           .text = AST_TYPE("Delete", "targets"),
           .call = ast_call_delete_targets},
          AST_LAST(END, ""))
AST_STEPS(assign, AST_STEP(LIST, targets, STORE, AST_TYPE("Assign", "targets")), AST_STEP(CHILD, value, LOAD, AST_KEY("value")),
          AST_LAST(END, AST_KEY("type_comment") "null"))
AST_STEPS(aug_assign, AST_STEP(CHILD, target, STORE, AST_TYPE("AugAssign", "target")),
          AST_STEP(CHILD, operator, LOAD, AST_KEY("op")), AST_STEP(CHILD, value, LOAD, AST_KEY("value")), AST_LAST(END, ""))
AST_STEPS(ann_assign, AST_STEP(CHILD, target, STORE, AST_TYPE("AnnAssign", "target")),
          AST_STEP(CHILD, annotation, LOAD, AST_KEY("annotation")), AST_STEP(CHILD_OR_NULL, value, LOAD, AST_KEY("value")),
          AST_CALLED(is_simple, AST_KEY("simple")), AST_LAST(END, ""))
AST_STEPS(type_alias, AST_STEP(CHILD, name, STORE, AST_TYPE("TypeAlias", "name")), AST_CALLED(type_parameters, ""),
          AST_STEP(CHILD, value, LOAD, AST_KEY("value")), AST_CALLED(end_before_separator, ""))
AST_STEPS(raise, AST_STEP(CHILD_OR_NULL, exc, LOAD, AST_TYPE("Raise", "exc")),
          AST_STEP(CHILD_OR_NULL, cause, LOAD, AST_KEY("cause")), AST_LAST(END, ""))
AST_STEPS(assert, AST_STEP(CHILD, test, LOAD, AST_TYPE("Assert", "test")), AST_STEP(CHILD_OR_NULL, msg, LOAD, AST_KEY("msg")),
          AST_LAST(END, ""))
AST_STEPS(import, AST_STEP(LIST, names, LOAD, AST_TYPE("Import", "names")), AST_LAST(END, ""))
AST_STEPS(import_from, AST_STEP(DOTTED, module, LOAD, AST_TYPE("ImportFrom", "module")),
          AST_STEP(LIST, names, LOAD, AST_KEY("names")), AST_CALLED(level, AST_KEY("level")), AST_LAST(END, ""))
AST_STEPS(import_alias, AST_STEP(DOTTED, name, LOAD, AST_TYPE("alias", "name")),
          AST_STEP(IDENTIFIER_OR_NULL, asname, LOAD, AST_KEY("asname")), AST_CALLED(alias_end, ""))
AST_STEPS(import_star, AST_CALLED(alias_end, AST_TYPE("alias", "name") "\"*\"" AST_KEY("asname") "null"))
AST_STEPS(global, AST_STEP(IDENTIFIERS, names, LOAD, AST_TYPE("Global", "names")), AST_LAST(END, ""))
AST_STEPS(nonlocal, AST_STEP(IDENTIFIERS, names, LOAD, AST_TYPE("Nonlocal", "names")), AST_LAST(END, ""))

/* ---- Compound statements ---- */

AST_STEPS(module, AST_STEP(BODY, body, LOAD, AST_TYPE("Module", "body")), AST_LAST(END_PLAIN, AST_KEY("type_ignores") "[]"))
AST_STEPS(if, AST_STEP(CHILD, test, LOAD, AST_TYPE("If", "test")), AST_STEP(BODY, body, LOAD, AST_KEY("body")),
          AST_STEP(BODY, orelse, LOAD, AST_KEY("orelse")), AST_LAST(END_BLOCK, ""))
AST_STEPS(while, AST_STEP(CHILD, test, LOAD, AST_TYPE("While", "test")), AST_STEP(BODY, body, LOAD, AST_KEY("body")),
          AST_STEP(BODY, orelse, LOAD, AST_KEY("orelse")), AST_LAST(END_BLOCK, ""))
#define AST_FOR(type)                                                                                       \
    AST_STEP(CHILD, target, STORE, AST_TYPE(type, "target")), AST_STEP(CHILD, iter, LOAD, AST_KEY("iter")), \
        AST_STEP(BODY, body, LOAD, AST_KEY("body")), AST_STEP(BODY, orelse, LOAD, AST_KEY("orelse")),       \
        AST_LAST(END_BLOCK, AST_KEY("type_comment") "null")
AST_STEPS(for, AST_FOR("For"))
AST_STEPS(async_for, AST_FOR("AsyncFor"))
#define AST_WITH(type)                                                                                 \
    AST_STEP(LIST, items, LOAD, AST_TYPE(type, "items")), AST_STEP(BODY, body, LOAD, AST_KEY("body")), \
        AST_LAST(END_BLOCK, AST_KEY("type_comment") "null")
AST_STEPS(with, AST_WITH("With"))
AST_STEPS(async_with, AST_WITH("AsyncWith"))
AST_STEPS(with_item, AST_STEP(CHILD, item, LOAD, AST_TYPE("withitem", "context_expr")),
          AST_STEP(CHILD_OR_NULL, asname, STORE, AST_KEY("optional_vars")), AST_LAST(END_PLAIN, ""))
#define AST_TRY(type)                                                                                           \
    AST_STEP(BODY, body, LOAD, AST_TYPE(type, "body")), AST_STEP(LIST, handlers, LOAD, AST_KEY("handlers")),    \
        AST_STEP(BODY, orelse, LOAD, AST_KEY("orelse")), AST_STEP(BODY, finalbody, LOAD, AST_KEY("finalbody")), \
        AST_LAST(END_BLOCK, "")
AST_STEPS(try, AST_TRY("Try"))
AST_STEPS(try_star, AST_TRY("TryStar"))
AST_STEPS(except_handler, AST_STEP(CHILD_OR_NULL, type, LOAD, AST_TYPE("ExceptHandler", "type")),
          AST_STEP(IDENTIFIER_OR_NULL, name, LOAD, AST_KEY("name")), AST_STEP(BODY, body, LOAD, AST_KEY("body")),
          AST_LAST(END_BLOCK, ""))
#define AST_DEF(type)                                                                                               \
    AST_STEP(IDENTIFIER, name, LOAD, AST_TYPE(type, "name")), AST_STEP(CHILD, params, LOAD, AST_KEY("args")),       \
        AST_STEP(BODY, body, LOAD, AST_KEY("body")), AST_STEP(LIST, decorators, LOAD, AST_KEY("decorator_list")),   \
        AST_STEP(CHILD_OR_NULL, returns, LOAD, AST_KEY("returns")), AST_LAST(TEXT, AST_KEY("type_comment") "null"), \
        AST_CALLED(type_parameters, ""), AST_LAST(END_BLOCK, "")
AST_STEPS(function_def, AST_DEF("FunctionDef"))
AST_STEPS(async_function_def, AST_DEF("AsyncFunctionDef"))
AST_STEPS(class_def, AST_STEP(IDENTIFIER, name, LOAD, AST_TYPE("ClassDef", "name")), AST_PICKED(argument, AST_KEY("bases")),
          AST_PICKED(keyword, AST_KEY("keywords")), AST_STEP(BODY, body, LOAD, AST_KEY("body")),
          AST_STEP(LIST, decorators, LOAD, AST_KEY("decorator_list")), AST_CALLED(type_parameters, ""), AST_LAST(END_BLOCK, ""))
AST_STEPS(match, AST_STEP(CHILD, subject, LOAD, AST_TYPE("Match", "subject")), AST_STEP(LIST, cases, LOAD, AST_KEY("cases")),
          AST_LAST(END_BLOCK, ""))
AST_STEPS(match_case, AST_STEP(CHILD, pattern, LOAD, AST_TYPE("match_case", "pattern")),
          AST_STEP(CHILD_OR_NULL, guard, LOAD, AST_KEY("guard")), AST_STEP(BODY, body, LOAD, AST_KEY("body")),
          AST_LAST(END_PLAIN, ""))

/* ---- Patterns ---- */

AST_STEPS(match_value, AST_STEP(CHILD, value, LOAD, AST_TYPE("MatchValue", "value")), AST_CALLED(value_end, ""))
AST_STEPS(match_singleton, AST_CALLED(singleton, AST_TYPE("MatchSingleton", "value")), AST_CALLED(value_end, ""))
AST_STEPS(match_list, AST_STEP(LIST, patterns, LOAD, AST_TYPE("MatchSequence", "patterns")), AST_LAST(END, ""))
AST_STEPS(match_tuple, AST_STEP(LIST, patterns, LOAD, AST_TYPE("MatchSequence", "patterns")), AST_LAST(END_PARENTHESES, ""))
AST_STEPS(match_star, AST_STEP(IDENTIFIER_OR_NULL, name, LOAD, AST_TYPE("MatchStar", "name")),
          AST_CALLED(end_before_separator, ""))
AST_STEPS(match_mapping, AST_PICKED(key, AST_TYPE("MatchMapping", "keys")), AST_PICKED(value, AST_KEY("patterns")),
          AST_STEP(IDENTIFIER_OR_NULL, rest, LOAD, AST_KEY("rest")), AST_LAST(END, ""))
AST_STEPS(match_class, AST_STEP(CHILD, cls, LOAD, AST_TYPE("MatchClass", "cls")),
          AST_STEP(LIST, patterns, LOAD, AST_KEY("patterns")), AST_STEP(IDENTIFIERS, kwds, LOAD, AST_KEY("kwd_attrs")),
          AST_PICKED(keyword_pattern, AST_KEY("kwd_patterns")), AST_LAST(END, ""))
AST_STEPS(match_as, AST_STEP(CHILD_OR_NULL, pattern, LOAD, AST_TYPE("MatchAs", "pattern")),
          AST_STEP(IDENTIFIER_OR_NULL, name, LOAD, AST_KEY("name")), AST_LAST(END, ""))
AST_STEPS(match_or, AST_STEP(LIST, patterns, LOAD, AST_TYPE("MatchOr", "patterns")), AST_LAST(END, ""))

static const ast_step *const ast_steps[CODEDB_NODE_KIND_COUNT] = {
    [CODEDB_NODE_MODULE] = ast_module,
    [CODEDB_NODE_UNARY_OPERATION] = ast_unary_operation,
    [CODEDB_NODE_BINARY_OPERATION] = ast_binary_operation,
    [CODEDB_NODE_BOOLEAN_OPERATION] = ast_boolean_operation,
    [CODEDB_NODE_COMPARISON] = ast_comparison,
    [CODEDB_NODE_ATTRIBUTE] = ast_attribute,
    [CODEDB_NODE_INDEX] = ast_starred,
    [CODEDB_NODE_SLICE] = ast_slice,
    [CODEDB_NODE_SUBSCRIPT] = ast_subscript,
    [CODEDB_NODE_PARAM] = ast_param,
    [CODEDB_NODE_PARAMETERS] = ast_parameters,
    [CODEDB_NODE_LAMBDA] = ast_lambda,
    [CODEDB_NODE_CALL] = ast_call,
    [CODEDB_NODE_AWAIT] = ast_await,
    [CODEDB_NODE_IF_EXP] = ast_if_exp,
    [CODEDB_NODE_STARRED_ELEMENT] = ast_starred,
    [CODEDB_NODE_TUPLE] = ast_tuple,
    [CODEDB_NODE_LIST] = ast_list_display,
    [CODEDB_NODE_SET] = ast_set,
    [CODEDB_NODE_DICT] = ast_dict,
    [CODEDB_NODE_COMP_FOR] = ast_comp_for,
    [CODEDB_NODE_GENERATOR_EXP] = ast_generator_exp,
    [CODEDB_NODE_LIST_COMP] = ast_list_comp,
    [CODEDB_NODE_SET_COMP] = ast_set_comp,
    [CODEDB_NODE_DICT_COMP] = ast_dict_comp,
    [CODEDB_NODE_STARRED_DICT_COMP] = ast_starred_dict_comp,
    [CODEDB_NODE_NAMED_EXPR] = ast_named_expr,
    [CODEDB_NODE_DEL] = ast_del,
    [CODEDB_NODE_PASS] = ast_pass,
    [CODEDB_NODE_BREAK] = ast_break,
    [CODEDB_NODE_CONTINUE] = ast_continue,
    [CODEDB_NODE_RETURN] = ast_return,
    [CODEDB_NODE_EXPR] = ast_expr,
    [CODEDB_NODE_IMPORT] = ast_import,
    [CODEDB_NODE_IMPORT_FROM] = ast_import_from,
    [CODEDB_NODE_LAZY_IMPORT] = ast_import,
    [CODEDB_NODE_LAZY_IMPORT_FROM] = ast_import_from,
    [CODEDB_NODE_IMPORT_ALIAS] = ast_import_alias,
    [CODEDB_NODE_IMPORT_STAR] = ast_import_star,
    [CODEDB_NODE_ASSIGN] = ast_assign,
    [CODEDB_NODE_ANN_ASSIGN] = ast_ann_assign,
    [CODEDB_NODE_AUG_ASSIGN] = ast_aug_assign,
    [CODEDB_NODE_RAISE] = ast_raise,
    [CODEDB_NODE_ASSERT] = ast_assert,
    [CODEDB_NODE_GLOBAL] = ast_global,
    [CODEDB_NODE_NONLOCAL] = ast_nonlocal,
    [CODEDB_NODE_TYPE_ALIAS] = ast_type_alias,
    [CODEDB_NODE_IF] = ast_if,
    [CODEDB_NODE_WHILE] = ast_while,
    [CODEDB_NODE_TRY] = ast_try,
    [CODEDB_NODE_TRY_STAR] = ast_try_star,
    [CODEDB_NODE_EXCEPT_HANDLER] = ast_except_handler,
    [CODEDB_NODE_EXCEPT_STAR_HANDLER] = ast_except_handler,
    [CODEDB_NODE_WITH_ITEM] = ast_with_item,
    [CODEDB_NODE_CLASS_DEF] = ast_class_def,
    [CODEDB_NODE_MATCH] = ast_match,
    [CODEDB_NODE_MATCH_CASE] = ast_match_case,
    [CODEDB_NODE_MATCH_VALUE] = ast_match_value,
    [CODEDB_NODE_MATCH_SINGLETON] = ast_match_singleton,
    [CODEDB_NODE_MATCH_STAR] = ast_match_star,
    [CODEDB_NODE_MATCH_LIST] = ast_match_list,
    [CODEDB_NODE_MATCH_TUPLE] = ast_match_tuple,
    [CODEDB_NODE_MATCH_MAPPING] = ast_match_mapping,
    [CODEDB_NODE_MATCH_CLASS] = ast_match_class,
    [CODEDB_NODE_MATCH_AS] = ast_match_as,
    [CODEDB_NODE_MATCH_OR] = ast_match_or,
};

CODEDB_PRIVATE const ast_step *codedb_ast_special_steps(ast_special special)
{
    static const ast_step *const steps[] = {
        [AST_SLICE_TUPLE] = ast_slice_tuple, [AST_STARRED_DEFAULT] = ast_starred_default, [AST_JOINED] = ast_joined,
        [AST_TEMPLATE] = ast_template,       [AST_FORMATTED_VALUE] = ast_formatted_value, [AST_INTERPOLATION] = ast_interpolation,
        [AST_FORMAT_SPEC] = ast_format_spec,
    };
    return steps[special];
}

CODEDB_PRIVATE const ast_step *codedb_ast_steps_of(const codedb_tree *tree, uint32_t node)
{
    bool async = ast_first_token(tree, node) == CODEDB_TOKEN_KEYWORD_ASYNC;
    switch (tree->nodes[node].kind) {
    case CODEDB_NODE_FUNCTION_DEF: return async ? ast_async_function_def : ast_function_def;
    case CODEDB_NODE_FOR: return async ? ast_async_for : ast_for;
    case CODEDB_NODE_WITH: return async ? ast_async_with : ast_with;
    case CODEDB_NODE_ARG: return ast_is_keyword(tree, node) ? ast_keyword : ast_starred;
    case CODEDB_NODE_YIELD:
        return tree->nodes[node].end > node + 1 && tree->nodes[node + 1].kind == CODEDB_NODE_FROM ? ast_yield_from : ast_yield;
    case CODEDB_NODE_TYPE_PARAM:
        switch (tree->nodes[node + 1].kind) {
        case CODEDB_NODE_TYPE_VAR_TUPLE: return ast_type_var_tuple;
        case CODEDB_NODE_PARAM_SPEC: return ast_param_spec;
        default: return ast_type_var;
        }
    default: return ast_steps[tree->nodes[node].kind];
    }
}
