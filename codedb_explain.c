/* codedb_explain.c -- how a selector comes to its answer: what each step found, and why nothing was left.
 *
 * Called by hosts (codedb_tree_explain) and codedb_ast_query.c, in the caller's thread. Calls codedb_xpath.c for the steps and codedb_nodes.c's way of
 * opening a query. It asks the matcher for a step with none of its conditions, with the first, with the first two ..., so that its
 * numbers are those of a query, whatever the matcher does; and for other combinators and types when nothing was left.
 *
 * Invariants:
 * 1. An explanation costs about as much as a query for each condition.
 * 2. A path is explained up to the step that leaves nothing: behind it nothing is asked.
 * 3. Recursion is bounded by the selector's nesting.
 *
 * Contents: what is told, words, reasons for no candidates, reasons of conditions, paths, JSON, text, entry point. */
#include "codedb_matcher.h"

#include <string.h>

/* ---- What is told ------------------------------------------------------------------------------------------------- */

typedef struct explain_branch explain_branch;

typedef struct explain_condition {
    struct explain_condition *next;
    const char *text; /* no NUL behind */
    uint32_t length;
    uint32_t survivors;
    explain_branch *arguments; /* of the selector inside it */
} explain_condition;

typedef struct explain_step {
    struct explain_step *next;
    const codedb_selector_step *step;
    uint32_t of_type;    /* in the whole file */
    uint32_t candidates; /* those that the combinator reaches */
    uint32_t survivors;  /* those that pass all conditions */
    explain_condition *conditions;
    const char *why; /* nothing was left; NULL: something was */
    const char *hint;
} explain_step;

struct explain_branch {
    explain_branch *next;
    explain_step *steps;
};

typedef struct explain_job {
    codedb_matcher *matcher;
    codedb_arena *arena;
    const char *text; /* the selector's */
    uint32_t found;   /* by the selector */
    uint32_t left;    /* when the filter's other conditions have been asked too */
} explain_job;

/* What is known of a step that left nothing. */
typedef struct explain_failure {
    const codedb_selector_step *step;
    const uint64_t *left;             /* NULL: the file */
    const uint64_t *before;           /* those in front of the condition; NULL: there were no candidates */
    const codedb_selector_part *part; /* the condition */
    explain_step *told;
} explain_failure;

static void *explain_allocate(explain_job *job, size_t count, size_t size)
{
    void *memory = codedb_arena_allocate(job->arena, count, size);
    job->matcher->view.failed = job->matcher->view.failed || memory == NULL;
    return memory;
}

/* Keeps what codedb_arena_printf made. */
static const char *explain_say(explain_job *job, const char *text)
{
    job->matcher->view.failed = job->matcher->view.failed || text == NULL;
    return text;
}

/* ---- Words -------------------------------------------------------------------------------------------------------- */

#define EXPLAIN_NAMES 3

/* The step's text up to its first condition: a type, or "*". */
static int explain_type_length(const explain_job *job, const codedb_selector_step *step)
{
    const char *text = job->text + step->offset;
    uint32_t length = 0;
    uint32_t depth = 0;
    while (length < step->length) {
        char c = text[length];
        if (depth == 0 && (strchr("[.@ \t\r\n\f", c) != NULL || (c == ':' && text[length + 1] != '*')))
            break;
        depth += c == '(';
        depth -= c == ')';
        length++;
    }
    return (int)length;
}

static const char *explain_type(explain_job *job, const codedb_selector_step *step)
{
    int length = explain_type_length(job, step);
    return length == 0 ? "node" : explain_say(job, codedb_arena_printf(job->arena, "%.*s", length, job->text + step->offset));
}

static bool explain_is_reference(const explain_job *job)
{
    return job->matcher->selector->dialect == CODEDB_DIALECT_REFERENCE;
}

static const char *explain_symbol(const explain_job *job, codedb_combinator combinator)
{
    switch (combinator) {
    case CODEDB_COMBINATOR_CHILD: return ">";
    case CODEDB_COMBINATOR_MODULE_CHILD: return "/";
    case CODEDB_COMBINATOR_PHYSICAL_CHILD: return explain_is_reference(job) ? ">" : "/";
    case CODEDB_COMBINATOR_NEXT: return "+";
    case CODEDB_COMBINATOR_LATER: return "~";
    case CODEDB_COMBINATOR_DESCENDANT: return "//";
    default: return "";
    }
}

/* The types of the nodes' parents, the first few of them: "IndentedBlock, Else". Blocks and lines are left out with
 * `look_through`. */
static const char *explain_parents(explain_job *job, const uint64_t *set, bool look_through)
{
    codedb_node_view *view = &job->matcher->view;
    const uint32_t *parents = codedb_view_parents(view);
    const char *names[EXPLAIN_NAMES + 1];
    const char *list = "";
    unsigned count = 0;
    unsigned i;
    uint32_t node;
    if (parents == NULL)
        return list;
    CODEDB_FOR_EACH(job->matcher, set, node)
    {
        uint32_t parent = parents[node];
        const char *name;
        while (look_through && parent != CODEDB_NO_NODE &&
               codedb_matcher_looks_through(job->matcher, codedb_view_kind(view, parent)))
            parent = parents[parent];
        if (parent == CODEDB_NO_NODE)
            continue;
        name = codedb_view_type(view, parent);
        for (i = 0; i < count && names[i] != name; i++)
            ;
        if (i == count)
            names[count++] = name;
        if (count > EXPLAIN_NAMES)
            break;
    }
    for (i = 0; i < count && list != NULL; i++)
        list = i == EXPLAIN_NAMES ? codedb_arena_printf(job->arena, "%s ...", list)
                                  : codedb_arena_printf(job->arena, "%s%s%s", list, i == 0 ? "" : ", ", names[i]);
    return explain_say(job, list);
}

/* ---- Reasons for no candidates ------------------------------------------------------------------------------------ */

/* What the step's type would reach by another combinator; NULL when that is nothing. */
static uint64_t *explain_reach(explain_job *job, const explain_failure *failure, codedb_combinator combinator,
                               const codedb_kind_set *kinds)
{
    uint64_t *set = codedb_matcher_take_set(job->matcher);
    if (set == NULL)
        return NULL;
    codedb_matcher_reach(job->matcher, failure->left, combinator, kinds, set);
    if (codedb_set_next(job->matcher, set, 0) != CODEDB_NO_NODE)
        return set;
    codedb_matcher_give_set(job->matcher, set);
    return NULL;
}

/* The kinds of the other word for defs when the step asks for one of them only: methods for functions, functions for methods. */
static bool explain_other_defs(const explain_job *job, const codedb_kind_set *kinds, codedb_kind_set *other,
                               const char **other_word)
{
    const codedb_vocabulary *vocabulary = job->matcher->view.vocabulary;
    codedb_word wanted = CODEDB_WORD_COUNT;
    unsigned kind;
    for (kind = 0; kind < vocabulary->kind_count; kind++) {
        if (!codedb_kind_set_has(kinds, kind))
            continue;
        if (wanted == CODEDB_WORD_COUNT)
            wanted = vocabulary->word_of(kind);
        if (vocabulary->word_of(kind) != wanted)
            return false;
    }
    if (wanted != CODEDB_WORD_function && wanted != CODEDB_WORD_method)
        return false;
    *other = (codedb_kind_set){{0}};
    codedb_kind_set_add_word(vocabulary, other, wanted == CODEDB_WORD_function ? CODEDB_WORD_method : CODEDB_WORD_function);
    *other_word = wanted == CODEDB_WORD_function ? "method" : "function";
    return true;
}

/* `function` found nothing where methods stand, or the other way round. */
static bool explain_hint_at_defs(explain_job *job, const explain_failure *failure, codedb_combinator combinator)
{
    codedb_kind_set other;
    const char *word;
    uint64_t *set;
    if (!explain_other_defs(job, &failure->step->kinds, &other, &word))
        return false;
    set = explain_reach(job, failure, combinator, &other);
    if (set == NULL)
        return false;
    failure->told->hint =
        explain_say(job, codedb_arena_printf(job->arena, "defs there are of kind %s: use %s, or def for either", word, word));
    codedb_matcher_give_set(job->matcher, set);
    return true;
}

/* The step's nodes are reached by `combinator`: says so, with their parents when that makes it plain. */
static bool explain_hint_at_combinator(explain_job *job, const explain_failure *failure, codedb_combinator combinator,
                                       const char *hint)
{
    bool children = failure->step->combinator != CODEDB_COMBINATOR_NEXT && failure->step->combinator != CODEDB_COMBINATOR_LATER;
    uint64_t *set = explain_reach(job, failure, combinator, &failure->step->kinds);
    if (set == NULL)
        return false;
    if (children)
        failure->told->why = explain_say(
            job, codedb_arena_printf(job->arena, "0 after %s: parents are %s", explain_symbol(job, failure->step->combinator),
                                     explain_parents(job, set, failure->step->combinator == CODEDB_COMBINATOR_CHILD)));
    failure->told->hint = hint;
    codedb_matcher_give_set(job->matcher, set);
    return true;
}

/* Do nodes of the step's type stand where the left ones should: above them, or before them among their siblings? */
static bool explain_hint_at_order(explain_job *job, const explain_failure *failure)
{
    codedb_matcher *matcher = job->matcher;
    bool siblings = failure->step->combinator == CODEDB_COMBINATOR_NEXT || failure->step->combinator == CODEDB_COMBINATOR_LATER;
    static const codedb_kind_set every = {{UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    uint64_t *all = codedb_matcher_take_set(matcher);
    uint64_t *reached = codedb_matcher_take_set(matcher);
    bool turned = false;
    if (all != NULL && reached != NULL) {
        codedb_matcher_reach(matcher, NULL, CODEDB_COMBINATOR_FILE, &failure->step->kinds, all);
        codedb_matcher_reach(matcher, all, siblings ? CODEDB_COMBINATOR_LATER : CODEDB_COMBINATOR_DESCENDANT, &every, reached);
        codedb_set_intersect(matcher, reached, failure->left);
        turned = codedb_set_next(matcher, reached, 0) != CODEDB_NO_NODE;
    }
    if (turned)
        failure->told->hint = siblings ? "they stand before the step on the left: turn the two around"
                                       : "they stand around the step on the left: turn the two around, or use :has";
    codedb_matcher_give_set(matcher, all);
    codedb_matcher_give_set(matcher, reached);
    return turned;
}

static void explain_no_candidates(explain_job *job, const explain_failure *failure)
{
    codedb_combinator combinator = failure->step->combinator;
    explain_step *told = failure->told;
    const char *type = explain_type(job, failure->step);
    if (told->of_type == 0) {
        told->why = explain_say(job, codedb_arena_printf(job->arena, "the file has no %s", type));
        explain_hint_at_defs(job, failure, CODEDB_COMBINATOR_FILE);
        return;
    }
    told->why = explain_say(job, codedb_arena_printf(job->arena, "0 after %s: none of the %u %s nodes of the file stands there",
                                                     explain_symbol(job, combinator), told->of_type, type));
    if (combinator == CODEDB_COMBINATOR_MODULE_CHILD) {
        explain_hint_at_combinator(job, failure, CODEDB_COMBINATOR_FILE, "use // for anywhere");
        return;
    }
    if (explain_hint_at_defs(job, failure, combinator))
        return;
    if (combinator == CODEDB_COMBINATOR_PHYSICAL_CHILD && !explain_is_reference(job) &&
        explain_hint_at_combinator(job, failure, CODEDB_COMBINATOR_CHILD, "use >"))
        return;
    if ((combinator == CODEDB_COMBINATOR_PHYSICAL_CHILD || combinator == CODEDB_COMBINATOR_CHILD) &&
        explain_hint_at_combinator(job, failure, CODEDB_COMBINATOR_DESCENDANT, "use white space or //"))
        return;
    if (combinator == CODEDB_COMBINATOR_NEXT && explain_hint_at_combinator(job, failure, CODEDB_COMBINATOR_LATER, "use ~"))
        return;
    explain_hint_at_order(job, failure);
}

/* ---- Reasons of conditions ---------------------------------------------------------------------------------------- */

static const char *explain_field(const explain_job *job, const codedb_selector_part *part)
{
    return job->matcher->view.vocabulary->fields[part->as.field - 1];
}

/* If.test: did somebody mean the test of an If? */
static void explain_role(explain_job *job, const explain_failure *failure)
{
    const char *field = explain_field(job, failure->part);
    const char *type = explain_type(job, failure->step);
    uint32_t node;
    failure->told->why = explain_say(job, codedb_arena_printf(job->arena, "no %s is the %s of another node", type, field));
    CODEDB_FOR_EACH(job->matcher, failure->before, node)
    {
        if (codedb_view_child(&job->matcher->view, node, failure->part->as.field) == CODEDB_NO_NODE)
            continue;
        failure->told->hint =
            explain_say(job, codedb_arena_printf(job->arena, "for the %s of the %s itself: %s > *.%s", field, type, type, field));
        break;
    }
}

#define EXPLAIN_VALUES 64
#define EXPLAIN_LONGEST_VALUE 40

/* Different short values of an attribute among the nodes, NULL behind the last one. */
static const char **explain_values(explain_job *job, const explain_failure *failure, unsigned *count)
{
    const char **values = explain_allocate(job, EXPLAIN_VALUES + 1, sizeof *values);
    uint32_t node;
    unsigned i;
    *count = 0;
    if (values == NULL || failure->part->as.test.attribute == CODEDB_ATTRIBUTE_FIELD_PATH)
        return values;
    CODEDB_FOR_EACH(job->matcher, failure->before, node)
    {
        codedb_slice value =
            codedb_attribute_value(&job->matcher->view, node, (codedb_attribute)failure->part->as.test.attribute);
        if (value.text == NULL || value.length > EXPLAIN_LONGEST_VALUE || !codedb_matcher_goes_on(job->matcher, 1))
            continue;
        for (i = 0; i < *count; i++)
            if (strlen(values[i]) == value.length && memcmp(values[i], value.text, value.length) == 0)
                break;
        if (i < *count)
            continue;
        values[*count] = explain_say(job, codedb_arena_copy(job->arena, value.text, value.length));
        if (values[*count] == NULL || ++*count == EXPLAIN_VALUES)
            break;
    }
    return values;
}

/* Which values there are, when the one that was asked for is not among them. */
static void explain_hint_at_values(explain_job *job, const explain_failure *failure)
{
    const codedb_attribute_test *test = &failure->part->as.test;
    unsigned count;
    const char **values = explain_values(job, failure, &count);
    const char *list = "";
    const char *nearest;
    unsigned i;
    if (values == NULL || count == 0)
        return;
    if (test->relation == CODEDB_OPERATOR_EQUAL && test->regex == NULL) {
        nearest = codedb_text_nearest(test->value, test->value_length, values);
        if (nearest != NULL) {
            failure->told->hint = explain_say(job, codedb_arena_printf(job->arena, "did you mean '%s'?", nearest));
            return;
        }
    }
    for (i = 0; i < count && i < EXPLAIN_NAMES && list != NULL; i++)
        list = codedb_arena_printf(job->arena, "%s%s'%s'", list, i == 0 ? "" : ", ", values[i]);
    failure->told->hint = explain_say(
        job, list == NULL ? NULL : codedb_arena_printf(job->arena, "there are %s%s", list, count > EXPLAIN_NAMES ? " ..." : ""));
}

static void explain_attribute(explain_job *job, const explain_failure *failure)
{
    codedb_selector_part exists = *failure->part;
    uint64_t *having = codedb_matcher_take_set(job->matcher);
    uint32_t count;
    if (having == NULL)
        return;
    exists.as.test.relation = CODEDB_OPERATOR_EXISTS;
    exists.as.test.regex = NULL;
    codedb_set_unite(job->matcher, having, failure->before);
    codedb_matcher_filter(job->matcher, &exists, having);
    count = codedb_set_count(job->matcher, having);
    codedb_matcher_give_set(job->matcher, having);
    if (count > 0) {
        explain_hint_at_values(job, failure);
        return;
    }
    failure->told->why = explain_say(job, codedb_arena_printf(job->arena, "none of the %u has this attribute",
                                                              codedb_set_count(job->matcher, failure->before)));
    if (failure->part->as.test.relation == CODEDB_OPERATOR_NOT_EQUAL)
        failure->told->hint = ":not([... = ...]) also takes nodes without it";
}

/* `function` where a method passes all conditions, or the other way round. */
static void explain_hint_at_other_def(explain_job *job, const explain_failure *failure)
{
    codedb_selector_step copy = *failure->step;
    const char *word;
    uint64_t *set;
    if (!explain_other_defs(job, &failure->step->kinds, &copy.kinds, &word))
        return;
    set = codedb_matcher_step(job->matcher, &copy, failure->left, NULL);
    if (set != NULL && codedb_set_next(job->matcher, set, 0) != CODEDB_NO_NODE)
        failure->told->hint =
            explain_say(job, codedb_arena_printf(job->arena, "a %s does: use %s, or def for either", word, word));
    codedb_matcher_give_set(job->matcher, set);
}

static void explain_failed_condition(explain_job *job, const explain_failure *failure, const explain_condition *condition)
{
    uint32_t count = codedb_set_count(job->matcher, failure->before);
    failure->told->why = explain_say(
        job, failure->part->kind == CODEDB_PART_POSITION
                 ? codedb_arena_printf(job->arena, "there are not that many for %.*s", (int)condition->length, condition->text)
                 : codedb_arena_printf(job->arena, "none of the %u passes %.*s", count, (int)condition->length, condition->text));
    if (failure->part->kind == CODEDB_PART_ROLE)
        explain_role(job, failure);
    else if (failure->part->kind == CODEDB_PART_ATTRIBUTE)
        explain_attribute(job, failure);
    explain_hint_at_other_def(job, failure);
}

/* ---- Paths -------------------------------------------------------------------------------------------------------- */

static explain_branch *explain_query(explain_job *job, const codedb_selector_query *query, const uint64_t *left);

static unsigned explain_count_parts(const codedb_selector_step *step)
{
    const codedb_selector_part *part;
    unsigned count = 0;
    for (part = step->parts; part != NULL; part = part->next)
        count++;
    return count;
}

/* The step's nodes with no more than its first `count` parts. */
static uint64_t *explain_step_with(explain_job *job, const codedb_selector_step *step, unsigned count, const uint64_t *left)
{
    codedb_selector_part *parts = explain_allocate(job, count, sizeof *parts);
    codedb_selector_step copy = *step;
    const codedb_selector_part *part = step->parts;
    unsigned i;
    if (parts == NULL)
        return NULL;
    for (i = 0; i < count; i++, part = part->next) {
        parts[i] = *part;
        parts[i].next = i + 1 < count ? &parts[i + 1] : NULL;
    }
    copy.parts = count == 0 ? NULL : parts;
    return codedb_matcher_step(job->matcher, &copy, left, NULL);
}

/* The selector inside a part; NULL: there is none. */
static const codedb_selector_query *explain_argument(const codedb_selector_part *part)
{
    if (part->kind >= CODEDB_PART_IS)
        return part->as.query;
    return part->kind == CODEDB_PART_CHILD_NUMBER ? part->as.child_number.of : NULL;
}

static explain_condition *explain_add_condition(explain_job *job, explain_step *told, const codedb_selector_part *part)
{
    static const char unwritten[] = ":not(...)"; /* the reference dialect puts it where it does not stand */
    explain_condition **tail = &told->conditions;
    explain_condition *condition = explain_allocate(job, 1, sizeof *condition);
    if (condition == NULL)
        return NULL;
    condition->text = part->length == 0 ? unwritten : job->text + part->offset;
    condition->length = part->length == 0 ? sizeof unwritten - 1 : part->length;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = condition;
    return condition;
}

/* The survivors of a step, for the next one; NULL without memory or time. */
static uint64_t *explain_one_step(explain_job *job, const codedb_selector_step *step, const uint64_t *left, explain_step *told)
{
    codedb_matcher *matcher = job->matcher;
    explain_failure failure = {step, left, NULL, NULL, told};
    const codedb_selector_part *part = step->parts;
    uint64_t *all = codedb_matcher_take_set(matcher);
    uint64_t *set = explain_step_with(job, step, 0, left);
    unsigned count = explain_count_parts(step);
    unsigned i;
    told->step = step;
    if (all == NULL || set == NULL)
        return NULL;
    codedb_matcher_reach(matcher, NULL, CODEDB_COMBINATOR_FILE, &step->kinds, all);
    told->of_type = codedb_set_count(matcher, all);
    codedb_matcher_give_set(matcher, all);
    told->candidates = told->survivors = codedb_set_count(matcher, set);
    if (told->candidates == 0)
        explain_no_candidates(job, &failure);
    for (i = 1; i <= count && told->survivors > 0 && codedb_matcher_goes_on(matcher, 0); i++, part = part->next) {
        explain_condition *condition = explain_add_condition(job, told, part);
        const codedb_selector_query *argument = explain_argument(part);
        uint64_t *passed = explain_step_with(job, step, i, left);
        if (condition == NULL || passed == NULL)
            return NULL;
        if (argument != NULL)
            condition->arguments = explain_query(job, argument, part->kind == CODEDB_PART_HAS ? set : NULL);
        told->survivors = condition->survivors = codedb_set_count(matcher, passed);
        failure.before = set;
        failure.part = part;
        if (told->survivors == 0)
            explain_failed_condition(job, &failure, condition);
        codedb_matcher_give_set(matcher, set);
        set = passed;
    }
    return set;
}

/* `left` is where the paths of :has begin; NULL for all others. */
static void explain_path(explain_job *job, const codedb_selector_branch *branch, const uint64_t *left, explain_branch *told)
{
    const codedb_selector_step *step;
    explain_step **tail = &told->steps;
    uint64_t *own = NULL;
    for (step = branch->steps; step != NULL && codedb_matcher_goes_on(job->matcher, 0); step = step->next) {
        uint64_t *set;
        *tail = explain_allocate(job, 1, sizeof **tail);
        if (*tail == NULL)
            return;
        set = explain_one_step(job, step, left, *tail);
        codedb_matcher_give_set(job->matcher, own);
        left = own = set;
        if (set == NULL || (*tail)->survivors == 0)
            break;
        tail = &(*tail)->next;
    }
    codedb_matcher_give_set(job->matcher, own);
}

static explain_branch *explain_query(explain_job *job, const codedb_selector_query *query, const uint64_t *left)
{
    const codedb_selector_branch *branch;
    explain_branch *told = NULL;
    explain_branch **tail = &told;
    for (branch = query->branches; branch != NULL; branch = branch->next) {
        *tail = explain_allocate(job, 1, sizeof **tail);
        if (*tail == NULL)
            return NULL;
        explain_path(job, branch, left, *tail);
        tail = &(*tail)->next;
    }
    return told;
}

/* ---- JSON --------------------------------------------------------------------------------------------------------- */

static void explain_json_text(codedb_buffer *json, const char *key, const char *text)
{
    if (text == NULL)
        return;
    codedb_buffer_printf(json, ", \"%s\": ", key);
    codedb_buffer_append_json(json, text, strlen(text));
}

static void explain_json_branches(const explain_job *job, const explain_branch *branch, codedb_buffer *json);

static void explain_json_conditions(const explain_job *job, const explain_condition *condition, codedb_buffer *json)
{
    codedb_buffer_append_text(json, ", \"conditions\": [");
    for (; condition != NULL; condition = condition->next) {
        codedb_buffer_append_text(json, "{\"text\": ");
        codedb_buffer_append_json(json, condition->text, condition->length);
        codedb_buffer_printf(json, ", \"survivors\": %u", condition->survivors);
        if (condition->arguments != NULL) {
            codedb_buffer_append_text(json, ", \"arguments\": ");
            explain_json_branches(job, condition->arguments, json);
        }
        codedb_buffer_append_text(json, condition->next == NULL ? "}" : "}, ");
    }
    codedb_buffer_append_byte(json, ']');
}

static void explain_json_branches(const explain_job *job, const explain_branch *branch, codedb_buffer *json)
{
    const explain_step *told;
    codedb_buffer_append_byte(json, '[');
    for (; branch != NULL; branch = branch->next) {
        codedb_buffer_append_text(json, "{\"steps\": [");
        for (told = branch->steps; told != NULL; told = told->next) {
            const codedb_selector_step *step = told->step;
            codedb_buffer_append_text(json, "{\"text\": ");
            codedb_buffer_append_json(json, job->text + step->offset, step->length);
            codedb_buffer_printf(json, ", \"offset\": %u, \"length\": %u", step->offset, step->length);
            explain_json_text(json, "combinator", explain_symbol(job, step->combinator));
            codedb_buffer_printf(json, ", \"of_type\": %u, \"candidates\": %u, \"survivors\": %u", told->of_type,
                                 told->candidates, told->survivors);
            explain_json_conditions(job, told->conditions, json);
            explain_json_text(json, "why", told->why);
            explain_json_text(json, "hint", told->hint);
            codedb_buffer_append_text(json, told->next == NULL ? "}" : "}, ");
        }
        codedb_buffer_append_text(json, branch->next == NULL ? "]}" : "]}, ");
    }
    codedb_buffer_append_byte(json, ']');
}

static void explain_write_json(const explain_job *job, const explain_branch *branches, codedb_buffer *json)
{
    codedb_buffer_append_text(json, "{\"selector\": ");
    codedb_buffer_append_json(json, job->text, strlen(job->text));
    codedb_buffer_printf(json, ", \"dialect\": \"%s\", \"nodes\": %u, \"matched\": %u, \"found\": %u, \"branches\": ",
                         explain_is_reference(job) ? "reference" : "default", job->matcher->view.count, job->found, job->left);
    explain_json_branches(job, branches, json);
    codedb_buffer_append_byte(json, '}');
}

/* ---- Text --------------------------------------------------------------------------------------------------------- */

#define EXPLAIN_INDENT "    "
#define EXPLAIN_COLUMN 40

static void explain_text_indent(codedb_buffer *text, unsigned depth)
{
    while (depth-- > 0)
        codedb_buffer_append_text(text, EXPLAIN_INDENT);
}

/* A piece of the selector in one line, and blanks up to the column where the numbers begin. */
static void explain_text_piece(codedb_buffer *text, unsigned depth, const char *symbol, const char *piece, size_t length)
{
    size_t start = text->length;
    size_t i;
    explain_text_indent(text, depth);
    codedb_buffer_printf(text, "%s%s", symbol, *symbol == '\0' ? "" : " ");
    for (i = 0; i < length; i++)
        codedb_buffer_append_byte(text, (unsigned char)piece[i] < ' ' ? ' ' : piece[i]);
    do
        codedb_buffer_append_byte(text, ' ');
    while (text->length - start < EXPLAIN_COLUMN && !text->failed);
}

static void explain_text_branches(const explain_job *job, const explain_branch *branch, unsigned depth, codedb_buffer *text);

static void explain_text_step(const explain_job *job, const explain_step *told, unsigned depth, codedb_buffer *text)
{
    const codedb_selector_step *step = told->step;
    const explain_condition *condition;
    explain_text_piece(text, depth, explain_symbol(job, step->combinator), job->text + step->offset, step->length);
    codedb_buffer_printf(text, "%u of this type, %u candidates, %u left\n", told->of_type, told->candidates, told->survivors);
    for (condition = told->conditions; condition != NULL; condition = condition->next) {
        explain_text_piece(text, depth + 1, "", condition->text, condition->length);
        codedb_buffer_printf(text, "%u left\n", condition->survivors);
        explain_text_branches(job, condition->arguments, depth + 2, text);
    }
    if (told->why != NULL) {
        explain_text_indent(text, depth + 1);
        codedb_buffer_printf(text, "%s%s%s\n", told->why, told->hint == NULL ? "" : "; ", told->hint == NULL ? "" : told->hint);
    }
}

static void explain_text_branches(const explain_job *job, const explain_branch *branch, unsigned depth, codedb_buffer *text)
{
    const explain_step *told;
    for (; branch != NULL; branch = branch->next) {
        for (told = branch->steps; told != NULL; told = told->next)
            explain_text_step(job, told, depth, text);
        if (branch->next != NULL) {
            explain_text_indent(text, depth);
            codedb_buffer_append_text(text, ",\n");
        }
    }
}

static void explain_write_text(const explain_job *job, const explain_branch *branches, codedb_buffer *text)
{
    explain_text_branches(job, branches, 0, text);
    codedb_buffer_printf(text, "%u found", job->found);
    if (job->left != job->found)
        codedb_buffer_printf(text, ", %u of them by the filter's other conditions", job->left);
    codedb_buffer_append_byte(text, '\n');
}

/* ---- Entry point -------------------------------------------------------------------------------------------------- */

/* What the selector and the whole filter find. */
static bool explain_count_found(explain_job *job, const codedb_filter *filter)
{
    codedb_matcher *matcher = job->matcher;
    const codedb_selector_branch *branch;
    uint64_t *all = codedb_matcher_take_set(matcher);
    for (branch = matcher->selector->query.branches; all != NULL && branch != NULL; branch = branch->next) {
        uint64_t *set = codedb_matcher_path(matcher, branch);
        if (set == NULL)
            return false;
        codedb_set_unite(matcher, all, set);
        codedb_matcher_give_set(matcher, set);
    }
    if (all == NULL)
        return false;
    job->found = codedb_set_count(matcher, all);
    codedb_matcher_apply_conditions(matcher, filter, all);
    job->left = codedb_set_count(matcher, all);
    codedb_matcher_give_set(matcher, all);
    return true;
}

CODEDB_PRIVATE codedb_code codedb_explain_query(codedb_matcher *matcher, const codedb_filter *filter,
                                                codedb_explain_format format, char **text, codedb_result *result)
{
    explain_job job = {matcher, matcher->arena, matcher->selector->text, 0, 0};
    explain_branch *branches = NULL;
    codedb_buffer buffer;
    codedb_code code;
    if (explain_count_found(&job, filter))
        branches = explain_query(&job, &matcher->selector->query, NULL);
    code = codedb_matcher_outcome(matcher, filter, result);
    if (code != CODEDB_SUCCESS)
        return code;
    codedb_buffer_init(&buffer, matcher->view.allocator);
    if (format == CODEDB_EXPLAIN_JSON)
        explain_write_json(&job, branches, &buffer);
    else
        explain_write_text(&job, branches, &buffer);
    if (buffer.failed)
        codedb_buffer_free(&buffer);
    else
        *text = codedb_buffer_take_block(&buffer);
    return *text == NULL ? codedb_fail_no_memory(result) : CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_explain_check(codedb_explain_format format, char **text, codedb_result *result)
{
    if (text == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "text is NULL");
    *text = NULL;
    if (format != CODEDB_EXPLAIN_JSON && format != CODEDB_EXPLAIN_TEXT)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "format is %d, expected a codedb_explain_format", (int)format);
    return CODEDB_SUCCESS;
}

CODEDB_API codedb_code codedb_tree_explain(const codedb_tree *tree, const codedb_filter *given, codedb_explain_format format,
                                           char **text, codedb_result *result)
{
    codedb_filter filter;
    codedb_code code = codedb_explain_check(format, text, result);
    codedb_matcher matcher;
    if (code == CODEDB_SUCCESS)
        code = codedb_matcher_take(&filter, tree != NULL, given, result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_matcher_open(&matcher, tree, &filter, false, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_explain_query(&matcher, &filter, format, text, result);
    codedb_matcher_close(&matcher);
    return code;
}
