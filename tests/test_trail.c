/* test_trail.c -- accuses codedb_trail.c: what it says of a node is what the whole tree says of it (codedb_view.c, codedb_scope.c). */
#include "support.h"

#include "codedb_matcher.h"

#include <dirent.h>

static void assert_same(const codedb_buffer *got, bool has_got, const codedb_node_view *view, bool has_expected, const char *path,
                        uint32_t node, const char *what)
{
    if (has_got != has_expected ||
        (has_got && (got->length != view->scratch.length || memcmp(got->data, view->scratch.data, got->length) != 0)))
        fail_msg("%s, node %u, %s: \"%.*s\", expected \"%.*s\"", path, node, what, (int)got->length, has_got ? got->data : "",
                 (int)view->scratch.length, has_expected ? view->scratch.data : "");
}

/* Goes to every `step`th node. */
static void check_tree(const codedb_tree *tree, uint32_t step, const char *path)
{
    codedb_arena *arena = codedb_arena_create(&tree->allocator);
    codedb_node_view view;
    codedb_trail trail;
    codedb_buffer text;
    codedb_buffer_init(&text, &tree->allocator);
    codedb_view_open_tree(&view, tree, NULL, arena);
    assert_true(codedb_trail_begin(&trail, tree, arena));
    for (uint32_t node = 0; node < tree->node_count; node += step) {
        assert_true(codedb_trail_go(&trail, node));
        assert_true(codedb_trail_go(&trail, node)); /* to where it is */
        text.length = 0;
        codedb_trail_append_id(&trail, &text);
        codedb_view_node_id(&view, node);
        assert_same(&text, true, &view, true, path, node, "node_id");
        text.length = 0;
        bool has_got = codedb_trail_append_qualname(&trail, &text);
        bool has_expected = codedb_view_qualname(&view, node);
        assert_same(&text, has_got, &view, has_expected, path, node, "qualname");
        assert_int_equal(codedb_trail_kind(&trail), codedb_view_kind_of(&view, node));
    }
    codedb_view_close(&view);
    codedb_buffer_free(&text);
    codedb_arena_destroy(arena);
}

static void check_text(const char *text, size_t length, const char *path)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_tree *tree = NULL;
    options.target_version = 315;
    if (codedb_tree_parse(text, length, &options, &tree, NULL) != CODEDB_SUCCESS)
        return; /* another test's */
    for (uint32_t step = 1; step <= 50; step = 2 * step + 1)
        check_tree(tree, step, path);
    codedb_tree_free(tree);
}

static void every_node_of_the_corpus_has_its_names(void **state)
{
    DIR *folder = opendir("tests/corpus");
    struct dirent *entry;
    size_t files = 0;
    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char path[512];
        static char text[1 << 20];
        size_t length = strlen(entry->d_name);
        if (length < 3 || strcmp(entry->d_name + length - 3, ".py") != 0)
            continue;
        snprintf(path, sizeof path, "tests/corpus/%s", entry->d_name);
        FILE *in = fopen(path, "rb");
        assert_non_null(in);
        check_text(text, fread(text, 1, sizeof text, in), path);
        fclose(in);
        files++;
    }
    closedir(folder);
    assert_true(files > 50);
}

static void definitions_in_definitions_are_named_by_the_originals_rules(void **state)
{
    static const char text[] = "class A:\n"
                               "    class B:\n"
                               "        def f(self):\n"
                               "            def g():\n"
                               "                class C:\n"
                               "                    def h(self): return lambda: x\n"
                               "                return 1\n"
                               "            return [y for y in z]\n"
                               "def f():\n"
                               "    def g():\n"
                               "        def h():\n"
                               "            def i(a=b): return 2\n"
                               "            class D(E, k=v): w = 3\n"
                               "        if a:\n"
                               "            @decorated\n"
                               "            async def j(): pass\n"
                               "    return 4\n";
    (void)state;
    check_text(text, sizeof text - 1, "definitions");
}

static void a_tree_may_be_deeper_than_the_first_room(void **state)
{
    char text[4096] = "";
    size_t length = 0;
    (void)state;
    for (int level = 0; level < 40; level++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%*sif a%d:\n", level, "", level);
    snprintf(text + length, sizeof text - length, "%40sf((((((((((1))))))))))\n", "");
    check_text(text, strlen(text), "deep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_node_of_the_corpus_has_its_names),
        cmocka_unit_test(definitions_in_definitions_are_named_by_the_originals_rules),
        cmocka_unit_test(a_tree_may_be_deeper_than_the_first_room),
    };
    return cmocka_run_group_tests_name("trail", tests, NULL, NULL);
}
