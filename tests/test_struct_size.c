/* Proves that hosts built against an older or a newer codedb.h are understood: a struct with struct_size may be shorter than this
 * library's, or longer, and one whose size was never set is refused. One test a family of functions. */
#include "support.h"

static codedb *db;
static codedb_result result = CODEDB_INIT(codedb_result);

static int open_memory(void **state)
{
    (void)state;
    assert_success(codedb_open(":memory:", NULL, &db, &result), result);
    return 0;
}

static int close_memory(void **state)
{
    (void)state;
    codedb_close(db);
    codedb_result_clear(&result);
    return 0;
}

/* A struct as another version has it: `given` up to the end of a field, or with fields behind that this library does not know. What stands
 * behind the struct is a trap: whoever reads it reads nonsense. */
#define OTHER_ROOM 4096 /* more than the largest struct */
static unsigned char other_bytes[OTHER_ROOM];

static void *other_version(const void *given, size_t known, size_t size)
{
    memset(other_bytes, 0xA5, sizeof other_bytes);
    assert_true(known <= size && size <= sizeof other_bytes);
    memcpy(other_bytes, given, known);
    memcpy(other_bytes, &size, sizeof size);
    return other_bytes;
}

#define END_OF(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))
#define OLDER(value, last_field) \
    other_version(&(value), END_OF(__typeof__(value), last_field), END_OF(__typeof__(value), last_field))
#define NEWER(value) other_version(&(value), sizeof(value), sizeof(value) + 24)

static codedb_code open_and_close(const codedb_open_options *options)
{
    codedb *opened;
    codedb_code code = codedb_open(":memory:", options, &opened, &result);
    codedb_close(opened);
    return code;
}

static void handles_open_with_any_version_of_the_options(void **state)
{
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    codedb_request_options request = CODEDB_INIT(codedb_request_options);
    codedb *view;
    (void)state;
    assert_success(open_and_close(OLDER(options, log_level)), result);
    assert_success(open_and_close(NEWER(options)), result);
    options.struct_size = 0;
    assert_code(open_and_close(&options), CODEDB_INVALID_REQUEST, result);
    assert_contains(result.description, "codedb_open_options.struct_size: found 0, expected ");
    assert_success(codedb_with(db, OLDER(request, priority), &view, &result), result);
    codedb_close(view);
    assert_success(codedb_with(db, NEWER(request), &view, &result), result);
    codedb_close(view);
    request.struct_size = 0;
    assert_code(codedb_with(db, &request, &view, &result), CODEDB_INVALID_REQUEST, result);
    assert_null(view);
}

static void statistics_are_written_as_far_as_there_is_room(void **state)
{
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    codedb_statistics *older = OLDER(statistics, processed);
    (void)state;
    assert_success(codedb_statistics_get(db, older, &result), result);
    assert_int_equal(older->struct_size, END_OF(codedb_statistics, processed));
    assert_true(older->total > 0);
    assert_int_equal(older->expired, 0xA5A5A5A5A5A5A5A5);
    statistics.struct_size = 0;
    assert_code(codedb_statistics_get(db, &statistics, &result), CODEDB_INVALID_REQUEST, result);
}

static void figures_of_storage_are_written_as_far_as_there_is_room(void **state)
{
    codedb_storage storage = CODEDB_INIT(codedb_storage);
    codedb_storage *older = OLDER(storage, page_count);
    (void)state;
    assert_success(codedb_storage_get(db, older, &result), result);
    assert_int_equal(older->struct_size, END_OF(codedb_storage, page_count));
    assert_int_equal(older->page_size, 4096);
    assert_int_equal((uint64_t)older->free_pages, 0xA5A5A5A5A5A5A5A5);
    assert_success(codedb_storage_get(db, NEWER(storage), &result), result);
}

static void tables_are_read_with_any_version_of_a_select(void **state)
{
    const char *column = "id";
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows;
    (void)state;
    select.columns = &column;
    select.column_count = 1;
    assert_success(codedb_table_select(db, "projects", OLDER(select, column_count), &rows, &result), result);
    assert_int_equal(rows->column_count, 1);
    codedb_free(rows);
    assert_success(codedb_table_select(db, "projects", NEWER(select), &rows, &result), result);
    assert_int_equal(rows->column_count, 1);
    codedb_free(rows);
    select.struct_size = 0;
    assert_code(codedb_table_select(db, "projects", &select, &rows, &result), CODEDB_INVALID_REQUEST, result);
}

static void make_project(void)
{
    codedb_project project = CODEDB_INIT(codedb_project);
    strcpy(project.id, "00000000-0000-4000-8000-000000000001");
    project.root_path = "/src";
    assert_success(codedb_project_create(db, &project, &result), result);
}

static int64_t make_file(void)
{
    codedb_file file = CODEDB_INIT(codedb_file);
    file.project_id = "00000000-0000-4000-8000-000000000001";
    file.path = "/src/a.py";
    assert_success(codedb_file_create(db, &file, &result), result);
    return file.id;
}

static void objects_and_lists_of_any_version(void **state)
{
    codedb_file file = CODEDB_INIT(codedb_file);
    codedb_file *given;
    codedb_list_options options = CODEDB_INIT(codedb_list_options);
    codedb_files *files;
    (void)state;
    make_project();
    file.project_id = "00000000-0000-4000-8000-000000000001";
    file.path = "/src/old.py";
    given = OLDER(file, path); /* its default dataset is found all the same */
    assert_success(codedb_file_create(db, given, &result), result);
    assert_true(given->id > 0);
    assert_true(((const unsigned char *)given)[END_OF(codedb_file, path)] == 0xA5);
    file.path = "/src/new.py";
    given = NEWER(file);
    assert_success(codedb_file_create(db, given, &result), result);
    options.limit = 1;
    assert_success(codedb_file_list(db, OLDER(options, limit), &files, &result), result);
    assert_int_equal(files->count, 1);
    codedb_free(files);
    assert_success(codedb_project_files(db, file.project_id, NEWER(options), &files, &result), result);
    assert_int_equal(files->count, 1);
    codedb_free(files);
    assert_success(codedb_project_files(db, file.project_id, OLDER(options, where_count), &files, &result), result);
    assert_int_equal(files->count, 2);
    codedb_free(files);
    options.struct_size = 0;
    assert_code(codedb_file_list(db, &options, &files, &result), CODEDB_INVALID_REQUEST, result);
    assert_contains(result.description, "codedb_list_options.struct_size: found 0");
    assert_code(codedb_project_files(db, file.project_id, &options, &files, &result), CODEDB_INVALID_REQUEST, result);
}

static void searches_of_any_version(void **state)
{
    codedb_name_search names = CODEDB_INIT(codedb_name_search);
    codedb_usage_search usages = CODEDB_INIT(codedb_usage_search);
    codedb_text_search texts = CODEDB_INIT(codedb_text_search);
    codedb_counts counts = CODEDB_INIT(codedb_counts), *older;
    codedb_classes *classes;
    codedb_usages *found;
    codedb_text_matches *matches;
    (void)state;
    make_project();
    make_file();
    names.name = "*";
    assert_success(codedb_class_find(db, OLDER(names, pattern), &classes, &result), result);
    codedb_free(classes);
    assert_success(codedb_class_find(db, NEWER(names), &classes, &result), result);
    codedb_free(classes);
    usages.target_name = "x";
    assert_success(codedb_usage_find(db, OLDER(usages, target_name), &found, &result), result);
    codedb_free(found);
    texts.query = "x";
    assert_success(codedb_text_find(db, OLDER(texts, prefix), &matches, &result), result);
    codedb_free(matches);
    assert_success(codedb_text_find(db, NEWER(texts), &matches, &result), result);
    codedb_free(matches);
    older = OLDER(counts, files);
    assert_success(codedb_project_counts(db, NULL, older, &result), result);
    assert_int_equal(older->files, 1);
    assert_int_equal(older->classes, (int64_t)0xA5A5A5A5A5A5A5A5);
    names.struct_size = usages.struct_size = texts.struct_size = counts.struct_size = 0;
    assert_code(codedb_class_find(db, &names, &classes, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_usage_find(db, &usages, &found, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_text_find(db, &texts, &matches, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_project_counts(db, NULL, &counts, &result), CODEDB_INVALID_REQUEST, result);
}

static void an_array_of_vectors_has_its_own_stride(void **state)
{
    enum { SIZE = sizeof(codedb_vector_index) + 16 };
    static unsigned char bytes[2 * SIZE];
    codedb_vector_indexes *list;
    int64_t file;
    (void)state;
    make_project();
    file = make_file();
    for (int i = 0; i < 2; i++) {
        codedb_vector_index item = CODEDB_INIT(codedb_vector_index);
        item.struct_size = SIZE;
        item.entity_type = i == 0 ? "file" : "class";
        item.entity_id = i;
        item.vector_id = 7 + i;
        item.vector_dim = 3;
        memcpy(bytes + (size_t)i * SIZE, &item, sizeof item);
    }
    assert_success(codedb_vectors_save(db, file, (const codedb_vector_index *)(const void *)bytes, 2, &result), result);
    assert_success(codedb_vectors_get(db, file, &list, &result), result);
    assert_int_equal(list->count, 1); /* there is no class 1 in the file */
    assert_int_equal(list->items[0]->vector_id, 7);
    codedb_free(list);
    memset(bytes + SIZE, 0, sizeof(size_t));
    assert_code(codedb_vectors_save(db, file, (const codedb_vector_index *)(const void *)bytes, 2, &result),
                CODEDB_INVALID_REQUEST, result);
    assert_contains(result.description, "item 1: codedb_vector_index.struct_size: found 0");
}

static codedb_tree *parse_with(const void *options)
{
    static const char source[] = "x = 1\ny = 2\n";
    codedb_tree *tree;
    assert_success(codedb_tree_parse(source, strlen(source), options, &tree, &result), result);
    return tree;
}

static void trees_are_parsed_and_asked_by_any_version(void **state)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_selector_options compiling = CODEDB_INIT(codedb_selector_options);
    codedb_selector *selector;
    codedb_nodes *nodes;
    codedb_tree *tree;
    (void)state;
    codedb_tree_free(parse_with(OLDER(options, target_version)));
    tree = parse_with(NEWER(options));
    filter.selector = "Assign";
    assert_success(codedb_tree_query(tree, OLDER(filter, dialect), &nodes, &result), result);
    assert_int_equal(nodes->count, 2);
    codedb_free(nodes);
    assert_success(codedb_tree_query(tree, NEWER(filter), &nodes, &result), result);
    codedb_free(nodes);
    filter.struct_size = 0;
    assert_code(codedb_tree_query(tree, &filter, &nodes, &result), CODEDB_INVALID_REQUEST, result);
    compiling.dialect = CODEDB_DIALECT_REFERENCE;
    assert_success(codedb_selector_compile("*:is(If)", OLDER(compiling, allocator), &selector, &result), result);
    codedb_selector_free(selector);
    assert_success(codedb_selector_compile("Assign", NEWER(compiling), &selector, &result), result);
    codedb_selector_free(selector);
    codedb_tree_free(tree);
    options.struct_size = 0;
    assert_code(codedb_tree_parse("", 0, &options, &tree, &result), CODEDB_INVALID_REQUEST, result);
}

/* The filter stands in the middle of an edit: what is behind it stands elsewhere in a version whose filter is shorter or longer. */
static void edits_of_any_version_even_where_their_filter_has_grown(void **state)
{
    enum { BEFORE = offsetof(codedb_edit, filter), BEHIND = offsetof(codedb_edit, action) };
    const size_t filter_sizes[] = {END_OF(codedb_filter, limit), sizeof(codedb_filter), sizeof(codedb_filter) + 16};
    const char *code = "z = 3";
    codedb_tree *tree = parse_with(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof filter_sizes / sizeof *filter_sizes; i++) {
        static unsigned char bytes[2 * 512];
        size_t filter = filter_sizes[i];
        size_t size = BEFORE + filter + (sizeof(codedb_edit) - BEHIND);
        codedb_edit_report *report;
        memset(bytes, 0xA5, sizeof bytes);
        for (size_t number = 0; number < 2; number++) {
            unsigned char *at = bytes + number * size;
            codedb_edit edit = CODEDB_INIT(codedb_edit);
            edit.filter = (codedb_filter)CODEDB_INIT(codedb_filter);
            edit.filter.selector = number == 0 ? "smallstmt:first" : "smallstmt:last";
            edit.filter.struct_size = filter;
            edit.action = CODEDB_EDIT_REPLACE;
            edit.code = &code;
            edit.code_count = 1;
            memcpy(at, &size, sizeof size);
            memcpy(at + BEFORE, &edit.filter, filter < sizeof edit.filter ? filter : sizeof edit.filter);
            memcpy(at + BEFORE + filter, (const char *)&edit + BEHIND, sizeof edit - BEHIND);
        }
        assert_success(codedb_tree_edit(tree, (const codedb_edit *)(const void *)bytes, 2, NULL, &report, &result), result);
        assert_string_equal(report->source, "z = 3\nz = 3\n");
        codedb_free(report);
    }
    {
        codedb_edit edit = CODEDB_INIT(codedb_edit); /* its filter's size was forgotten */
        codedb_edit_report *report;
        edit.filter.selector = "Assign";
        assert_code(codedb_tree_edit(tree, &edit, 1, NULL, &report, &result), CODEDB_INVALID_REQUEST, result);
        assert_contains(result.description, "that of its filter 0");
    }
    codedb_tree_free(tree);
}

static int visit_nothing(void *context, const codedb_walk_entry *entry)
{
    (void)context;
    (void)entry;
    return 0;
}

static void folders_are_walked_and_indexed_by_any_version(void **state)
{
    codedb_walk_options walk = CODEDB_INIT(codedb_walk_options);
    codedb_index_options index = CODEDB_INIT(codedb_index_options);
    char folder[] = "/tmp/codedb-struct-size-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_success(codedb_folder_walk(folder, OLDER(walk, allocator), visit_nothing, NULL, &result), result);
    assert_success(codedb_folder_walk(folder, NEWER(walk), visit_nothing, NULL, &result), result);
    assert_success(codedb_index_run(db, folder, OLDER(index, exclude_count), NULL, &result), result);
    assert_success(codedb_index_run(db, folder, NEWER(index), NULL, &result), result);
    walk.struct_size = index.struct_size = 0;
    assert_code(codedb_folder_walk(folder, &walk, visit_nothing, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_index_run(db, folder, &index, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
#define MEMORY_TEST(test) cmocka_unit_test_setup_teardown(test, open_memory, close_memory)
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(handles_open_with_any_version_of_the_options),
        MEMORY_TEST(statistics_are_written_as_far_as_there_is_room),
        MEMORY_TEST(figures_of_storage_are_written_as_far_as_there_is_room),
        MEMORY_TEST(tables_are_read_with_any_version_of_a_select),
        MEMORY_TEST(objects_and_lists_of_any_version),
        MEMORY_TEST(searches_of_any_version),
        MEMORY_TEST(an_array_of_vectors_has_its_own_stride),
        MEMORY_TEST(trees_are_parsed_and_asked_by_any_version),
        MEMORY_TEST(edits_of_any_version_even_where_their_filter_has_grown),
        MEMORY_TEST(folders_are_walked_and_indexed_by_any_version),
    };
    return cmocka_run_group_tests_name("struct_size", tests, NULL, NULL);
}
