/* tests/test_identity.c -- accuses codedb_identity.c and codedb_source_ids.c: ids of nodes that stay when the source changes. */
#include "codedb_edit.h"
#include "support.h"

#include <time.h>

typedef struct fixture {
    codedb *db;
    codedb_result result;
    int64_t file;
} fixture;

static int open_database(void **state)
{
    fixture *made = calloc(1, sizeof *made);
    made->result = (codedb_result)CODEDB_INIT(codedb_result);
    assert_success(codedb_open(":memory:", NULL, &made->db, &made->result), made->result);
    codedb_project project = CODEDB_INIT(codedb_project);
    project.root_path = "/p";
    assert_success(codedb_project_create(made->db, &project, &made->result), made->result);
    codedb_file file = CODEDB_INIT(codedb_file);
    file.project_id = project.id;
    file.path = "/p/f.py";
    assert_success(codedb_file_create(made->db, &file, &made->result), made->result);
    made->file = file.id;
    *state = made;
    return 0;
}

static int close_database(void **state)
{
    fixture *made = *state;
    codedb_close(made->db);
    codedb_result_clear(&made->result);
    free(made);
    return 0;
}

static void save(fixture *made, const char *source)
{
    assert_success(codedb_cst_save(made->db, made->file, source, strlen(source), NULL, &made->result), made->result);
}

static codedb_nodes *query(fixture *made, const char *selector)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_nodes *nodes = NULL;
    filter.selector = selector;
    assert_success(codedb_cst_query(made->db, made->file, &filter, &nodes, &made->result), made->result);
    return nodes;
}

/* The id of the first node that the selector finds; freed by the caller. */
static char *id_of(fixture *made, const char *selector)
{
    codedb_nodes *nodes = query(made, selector);
    assert_true(nodes->count > 0);
    char *id = strdup(nodes->items[0]->node_id);
    codedb_free(nodes);
    return id;
}

static void assert_id(fixture *made, const char *selector, const char *expected)
{
    char *id = id_of(made, selector);
    assert_string_equal(id, expected);
    free(id);
}

static codedb_edit make(const char *selector, codedb_edit_action action, const char *const *code)
{
    codedb_edit edit = CODEDB_INIT(codedb_edit);
    edit.filter.struct_size = sizeof edit.filter;
    edit.filter.selector = selector;
    edit.action = action;
    edit.code = code;
    edit.code_count = code ? 1 : 0;
    return edit;
}

static void modify(fixture *made, const codedb_edit *edits, size_t count, codedb_edit_report **report)
{
    codedb_edit_report *own = NULL;
    assert_success(codedb_cst_modify(made->db, made->file, edits, count, NULL, 0, report ? report : &own, &made->result),
                   made->result);
    codedb_free(own);
}

/* Every id is there once. */
static void assert_unique(fixture *made)
{
    codedb_nodes *nodes = query(made, "*");
    for (size_t i = 0; i < nodes->count; i++)
        for (size_t j = i + 1; j < nodes->count; j++)
            assert_string_not_equal(nodes->items[i]->node_id, nodes->items[j]->node_id);
    codedb_free(nodes);
}

#define SOURCE "import a\n\n\nclass A:\n    def f(self):\n        x = 1\n        y = 2\n        return x + y\n\n\nb = A()\n"

static void untouched_nodes_and_those_around_an_edit_keep_their_ids(void **state)
{
    fixture *made = *state;
    const char *code = "z = 3", *other = "import c\nimport d";
    codedb_edit_report *report;
    save(made, SOURCE);
    char *class_id = id_of(made, "class"), *method = id_of(made, "method"), *kept = id_of(made, "Assign[code='y = 2']"),
         *name = id_of(made, "Return Name[name='y']"), *last = id_of(made, "Assign[code='b = A()']"),
         *replaced = id_of(made, "SimpleStatementLine:has(Assign[code='x = 1'])");
    codedb_edit edits[] = {make("Assign[code='x = 1']", CODEDB_EDIT_REPLACE, &code),
                           make("Import", CODEDB_EDIT_INSERT_BEFORE, &other)};
    modify(made, edits, 2, &report);
    assert_id(made, "class", class_id);
    assert_id(made, "method", method);
    assert_id(made, "Assign[code='y = 2']", kept);
    assert_id(made, "Return Name[name='y']", name);
    assert_id(made, "Assign[code='b = A()']", last);
    assert_unique(made);
    char *new_id = id_of(made, "SimpleStatementLine:has(Assign[code='z = 3'])"), *inserted = id_of(made, "SimpleStatementLine");
    assert_int_equal(report->id_count, 2);
    assert_null(report->old_ids[0]);
    assert_string_equal(report->new_ids[0], inserted);
    assert_string_equal(report->old_ids[1], replaced);
    assert_string_equal(report->new_ids[1], new_id);
    assert_string_not_equal(replaced, new_id);
    codedb_free(report);
    codedb_edit gone = make("Import", CODEDB_EDIT_DELETE, NULL);
    modify(made, &gone, 1, &report);
    assert_int_equal(report->id_count, 3);
    assert_string_equal(report->old_ids[0], inserted);
    assert_null(report->new_ids[0]);
    assert_id(made, "Assign[code='b = A()']", last);
    codedb_free(report);
    char *all[] = {class_id, method, kept, name, last, replaced, new_id, inserted};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void a_source_that_is_stored_anew_keeps_what_has_not_changed(void **state)
{
    fixture *made = *state;
    save(made, SOURCE);
    char *method = id_of(made, "method"), *kept = id_of(made, "Assign[code='y = 2']"),
         *changed = id_of(made, "Assign[code='x = 1']"), *number = id_of(made, "Integer[code='1']"),
         *last = id_of(made, "Assign[code='b = A()']");
    save(made,
         "import a\nimport z\n\n\nclass A:\n    def g(self):\n        pass\n\n    def f(self):\n        x = 17\n        y = 2\n"
         "        return x + y\n\n\nb = A()\n");
    assert_id(made, "method[name='f']", method);
    assert_id(made, "Assign[code='y = 2']", kept);
    assert_id(made, "Assign[code='x = 17']", changed);
    assert_id(made, "Assign[code='b = A()']", last);
    char *new_number = id_of(made, "Integer[code='17']"), *new_method = id_of(made, "method[name='g']");
    assert_string_not_equal(new_method, method);
    assert_unique(made);
    free(new_number);
    free(new_method);
    free(method);
    free(kept);
    free(changed);
    free(number);
    free(last);
}

static void an_id_is_never_given_to_another_node(void **state)
{
    fixture *made = *state;
    const char *code = "x";
    save(made, "x\nx\n");
    char *first = id_of(made, "Expr:first"), *second = id_of(made, "Expr:last");
    codedb_edit gone = make("Expr:first", CODEDB_EDIT_DELETE, NULL), added = make("Expr:last", CODEDB_EDIT_INSERT_AFTER, &code);
    modify(made, &gone, 1, NULL);
    assert_id(made, "Expr", second);
    modify(made, &added, 1, NULL);
    assert_id(made, "Expr:first", second);
    char *third = id_of(made, "Expr:last");
    assert_string_not_equal(third, first);
    assert_unique(made);
    free(first);
    free(second);
    free(third);
}

static void many_nodes_are_edited_by_their_ids(void **state)
{
    fixture *made = *state;
    const char *code = "new";
    save(made, SOURCE);
    codedb_nodes *nodes = query(made, "Name");
    codedb_edit *edits = calloc(nodes->count, sizeof *edits);
    for (size_t i = 0; i < nodes->count; i++) {
        edits[i] = make(NULL, CODEDB_EDIT_REPLACE, &code);
        edits[i].node_id = nodes->items[i]->node_id;
    }
    modify(made, edits, nodes->count, NULL);
    codedb_nodes *after = query(made, "Name[name='new']");
    assert_int_equal(after->count, nodes->count);
    codedb_edit_report *report;
    assert_code(codedb_cst_modify(made->db, made->file, edits, 1, NULL, 0, &report, &made->result), CODEDB_NOT_FOUND,
                made->result);
    assert_contains(made->result.description, nodes->items[0]->node_id);
    static const char *const wrong[] = {"", "0.3", "x", ".1", "x.y", "3f2a9c01d4e5f6a7b8.1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        edits[0].node_id = wrong[i];
        assert_code(codedb_cst_modify(made->db, made->file, edits, 1, NULL, 0, &report, &made->result), CODEDB_NOT_FOUND,
                    made->result);
    }
    edits[0].use_captures = 1;
    assert_code(codedb_cst_modify(made->db, made->file, edits, 1, NULL, 0, &report, &made->result), CODEDB_INVALID_REQUEST,
                made->result);
    codedb_nodes *same = query(made, "Name");
    char selector[96];
    snprintf(selector, sizeof selector, "[node_id=\"%s\"]", same->items[1]->node_id);
    codedb_nodes *found = query(made, selector);
    assert_int_equal(found->count, 1);
    assert_int_equal(found->items[0]->start_byte, same->items[1]->start_byte);
    free(edits);
    codedb_free(nodes);
    codedb_free(after);
    codedb_free(same);
    codedb_free(found);
}

static void a_tree_without_a_database_has_paths_for_ids(void **state)
{
    (void)state;
    codedb_tree *tree;
    codedb_edit_report *report;
    codedb_result result = CODEDB_INIT(codedb_result);
    const char *code = "z";
    codedb_edit edit = make(NULL, CODEDB_EDIT_REPLACE, &code);
    assert_success(codedb_tree_parse("a\nb(c)\n", 7, NULL, &tree, &result), result);
    edit.node_id = "0.1.0.0.1";
    assert_success(codedb_tree_edit(tree, &edit, 1, NULL, &report, &result), result);
    assert_string_equal(report->source, "a\nb(z)\n");
    assert_int_equal(report->id_count, 0);
    codedb_free(report);
    static const char *const wrong[] = {"", "1", "0.9", "0.", "0.x", "0.1x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        edit.node_id = wrong[i];
        assert_code(codedb_tree_edit(tree, &edit, 1, NULL, &report, &result), CODEDB_NOT_FOUND, result);
    }
    codedb_tree_free(tree);
    codedb_result_clear(&result);
}

static void trees_written_by_others_begin_with_new_ids(void **state)
{
    fixture *made = *state;
    const char *code = "z = 3";
    save(made, SOURCE);
    codedb_edit edit = make("Assign:first", CODEDB_EDIT_REPLACE, &code);
    modify(made, &edit, 1, NULL);
    char *id = id_of(made, "method");
    assert_success(codedb_sql_execute(made->db,
                                      "UPDATE cst_trees SET cst_code = 'def f(): pass', cst_hash = 'abcdefabcdefabcdef'", NULL, 0,
                                      NULL, NULL, &made->result),
                   made->result);
    char *other = id_of(made, "function");
    assert_string_not_equal(other, id);
    assert_string_equal(other, "abcdefabcdef.1");
    assert_success(codedb_sql_execute(made->db,
                                      "UPDATE codedb_node_ids SET ids = '1 1 nonsense', cst_hash = 'abcdefabcdefabcdef'", NULL, 0,
                                      NULL, NULL, &made->result),
                   made->result);
    assert_id(made, "function", other);
    free(id);
    free(other);
}

/* Lines of a random module, by numbers that stand for statements. */
static void write_module(codedb_buffer *out, const unsigned *statements, size_t count)
{
    out->length = 0;
    for (size_t i = 0; i < count; i++)
        codedb_buffer_printf(out, statements[i] % 3 ? "v%u = f(%u)\n" : "def g%u():\n    return %u\n", statements[i],
                             statements[i]);
}

static void random_changes_keep_the_ids_of_statements_that_stay(void **state)
{
    fixture *made = *state;
    unsigned seed = (unsigned)time(NULL), statements[64], next = 0;
    char *ids[4096] = {NULL};
    size_t count = 0;
    codedb_buffer text;
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    print_message("seed %u\n", seed);
    srand(seed);
    codedb_buffer_init(&text, &allocator);
    for (int round = 0; round < 60; round++) {
        for (int change = rand() % 4; change >= 0; change--) {
            size_t at = count ? (size_t)rand() % count : 0;
            if (count && (rand() % 3 == 0 || count == 64)) {
                memmove(&statements[at], &statements[at + 1], (count - at - 1) * sizeof *statements);
                count--;
            } else {
                memmove(&statements[at + 1], &statements[at], (count - at) * sizeof *statements);
                statements[at] = next++;
                count++;
            }
        }
        write_module(&text, statements, count);
        save(made, count ? text.data : "");
        for (size_t i = 0; i < count; i++) {
            char selector[64];
            snprintf(selector, sizeof selector, statements[i] % 3 ? "Assign:has(Name[name=\"v%u\"])" : "function[name=\"g%u\"]",
                     statements[i]);
            char *id = id_of(made, selector);
            if (ids[statements[i]])
                assert_string_equal(id, ids[statements[i]]);
            free(ids[statements[i]]);
            ids[statements[i]] = id;
        }
        assert_unique(made);
    }
    codedb_buffer_free(&text);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        free(ids[i]);
}

static void every_failed_allocation_is_no_memory_and_leaks_nothing(void **state)
{
    (void)state;
    const char *before = "a\ndef f():\n    b\n", *after = "x\na\ndef f():\n    b\n    c\n";
    support_failing failing;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
        codedb_tree *old_tree = NULL, *new_tree = NULL;
        codedb_identities *ids = NULL, *carried = NULL, *again = NULL;
        codedb_changed_ranges ranges;
        codedb_buffer text;
        codedb_buffer_init(&text, &failing.allocator);
        codedb_arena *arena = codedb_arena_create(&failing.allocator);
        options.allocator = &failing.allocator;
        bool ok = arena && codedb_tree_parse(before, strlen(before), &options, &old_tree, NULL) == CODEDB_SUCCESS &&
                  codedb_tree_parse(after, strlen(after), &options, &new_tree, NULL) == CODEDB_SUCCESS;
        ok = ok && codedb_diff_ranges(before, strlen(before), after, strlen(after), arena, &ranges);
        ok = ok && (ids = codedb_identities_create(&failing.allocator, "0123456789abcdef")) != NULL;
        ok = ok && (carried = codedb_identities_carry(ids, old_tree, new_tree, &ranges, NULL, "fedcba98")) != NULL;
        if (ok)
            codedb_identities_write(carried, &text);
        ok = ok && !text.failed && codedb_identities_read(&failing.allocator, text.data, &again) && again != NULL;
        assert_true(ok || atomic_load(&failing.failed));
        codedb_identities_free(ids);
        codedb_identities_free(carried);
        codedb_identities_free(again);
        codedb_buffer_free(&text);
        codedb_arena_destroy(arena);
        codedb_tree_free(old_tree);
        codedb_tree_free(new_tree);
        assert_int_equal(atomic_load(&failing.live), 0);
    }
}

#define DATABASE_TEST(name) cmocka_unit_test_setup_teardown(name, open_database, close_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TEST(untouched_nodes_and_those_around_an_edit_keep_their_ids),
        DATABASE_TEST(a_source_that_is_stored_anew_keeps_what_has_not_changed),
        DATABASE_TEST(an_id_is_never_given_to_another_node),
        DATABASE_TEST(many_nodes_are_edited_by_their_ids),
        cmocka_unit_test(a_tree_without_a_database_has_paths_for_ids),
        DATABASE_TEST(trees_written_by_others_begin_with_new_ids),
        DATABASE_TEST(random_changes_keep_the_ids_of_statements_that_stay),
        cmocka_unit_test(every_failed_allocation_is_no_memory_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
