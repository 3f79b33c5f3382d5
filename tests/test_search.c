/* tests/test_search.c -- codedb_search.c: relations, names, usages, counts, duplicates, full text, vectors. */
#include "objects_world.h"

static bool on_file;

static int set_up(void **state)
{
    world *w = malloc(sizeof *w);
    world_create(w, on_file);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world_destroy(*state);
    free(*state);
    return 0;
}

/* ---- more of the world ---- */

static int64_t add_file(world *w, const char *project_id, const char *path)
{
    codedb_file file = CODEDB_INIT(codedb_file);
    file.project_id = project_id;
    file.path = path;
    assert_success(codedb_file_create(w->db, &file, &w->result), w->result);
    return file.id;
}

static int64_t add_class(world *w, int64_t file_id, const char *name, int64_t line)
{
    codedb_class object = CODEDB_INIT(codedb_class);
    object.file_id = file_id;
    object.name = name;
    object.line = line;
    assert_success(codedb_class_create(w->db, &object, &w->result), w->result);
    return object.id;
}

static int64_t add_method(world *w, int64_t class_id, const char *name, int64_t line)
{
    codedb_method object = CODEDB_INIT(codedb_method);
    object.class_id = class_id;
    object.name = name;
    object.line = line;
    assert_success(codedb_method_create(w->db, &object, &w->result), w->result);
    return object.id;
}

static int64_t add_function(world *w, int64_t file_id, const char *name, int64_t line)
{
    codedb_function object = CODEDB_INIT(codedb_function);
    object.file_id = file_id;
    object.name = name;
    object.line = line;
    assert_success(codedb_function_create(w->db, &object, &w->result), w->result);
    return object.id;
}

static void add_import(world *w, const char *name, const char *module, int64_t line)
{
    codedb_import object = CODEDB_INIT(codedb_import);
    object.file_id = w->file.id;
    object.name = name;
    object.module = module;
    object.import_type = module == NULL ? "import" : "from_import";
    object.line = line;
    assert_success(codedb_import_create(w->db, &object, &w->result), w->result);
}

static int64_t add_content(world *w, int64_t file_id, const char *type, int64_t entity_id, const char *name, const char *content)
{
    codedb_code_content object = CODEDB_INIT(codedb_code_content);
    object.file_id = file_id;
    object.entity_type = type;
    object.entity_id = entity_id;
    object.entity_name = name;
    object.content = content;
    assert_success(codedb_code_content_create(w->db, &object, &w->result), w->result);
    return object.id;
}

static int64_t add_issue(world *w, codedb_issue issue, const char *type)
{
    issue.struct_size = sizeof issue;
    issue.issue_type = type;
    assert_success(codedb_issue_create(w->db, &issue, &w->result), w->result);
    return issue.id;
}

static void add_usage(world *w, const char *type, const char *class_name, const char *name, int64_t line)
{
    codedb_usage object = CODEDB_INIT(codedb_usage);
    object.file_id = w->file.id;
    object.usage_type = "call";
    object.target_type = type;
    object.target_class = class_name;
    object.target_name = name;
    object.line = line;
    assert_success(codedb_usage_create(w->db, &object, &w->result), w->result);
}

static void add_project(world *w, codedb_project *project, const char *root)
{
    *project = (codedb_project)CODEDB_INIT(codedb_project);
    project->root_path = root;
    assert_success(codedb_project_create(w->db, project, &w->result), w->result);
}

/* ---- relations ---- */

static void what_belongs_to_an_owner_is_listed(void **state)
{
    world *w = *state;
    codedb_files *files;
    codedb_classes *classes;
    codedb_methods *methods;
    codedb_functions *functions;
    codedb_imports *imports;
    codedb_code_contents *contents;
    codedb_datasets *datasets;
    add_import(w, "os", NULL, 1);
    add_content(w, w->file.id, "class", w->class_object.id, "Animal", "class Animal: pass");
    assert_success(codedb_project_files(w->db, w->project.id, NULL, &files, &w->result), w->result);
    assert_int_equal(files->count, 1);
    assert_string_equal(files->items[0]->path, "/world/part/module.py");
    codedb_free(files);
    assert_success(codedb_dataset_files(w->db, w->dataset.id, NULL, &files, &w->result), w->result);
    assert_int_equal(files->count, 1);
    codedb_free(files);
    assert_success(codedb_project_datasets(w->db, w->project.id, NULL, &datasets, &w->result), w->result);
    assert_int_equal(datasets->count, 1);
    codedb_free(datasets);
    assert_success(codedb_file_classes(w->db, w->file.id, NULL, &classes, &w->result), w->result);
    assert_string_equal(classes->items[0]->name, "Animal");
    codedb_free(classes);
    assert_success(codedb_file_methods(w->db, w->file.id, NULL, &methods, &w->result), w->result);
    assert_string_equal(methods->items[0]->name, "speak");
    codedb_free(methods);
    assert_success(codedb_class_methods(w->db, w->class_object.id, NULL, &methods, &w->result), w->result);
    assert_int_equal(methods->count, 1);
    codedb_free(methods);
    assert_success(codedb_file_functions(w->db, w->file.id, NULL, &functions, &w->result), w->result);
    assert_string_equal(functions->items[0]->name, "main");
    codedb_free(functions);
    assert_success(codedb_file_imports(w->db, w->file.id, NULL, &imports, &w->result), w->result);
    assert_string_equal(imports->items[0]->name, "os");
    codedb_free(imports);
    assert_success(codedb_file_contents(w->db, w->file.id, NULL, &contents, &w->result), w->result);
    assert_string_equal(contents->items[0]->content, "class Animal: pass");
    codedb_free(contents);
}

static void chunks_and_usages_are_listed(void **state)
{
    world *w = *state;
    codedb_code_chunk chunk = CODEDB_INIT(codedb_code_chunk);
    codedb_code_chunks *chunks;
    codedb_usages *usages;
    chunk.file_id = w->file.id;
    chunk.project_id = w->project.id;
    chunk.chunk_type = "docstring";
    chunk.chunk_text = "says something";
    assert_success(codedb_code_chunk_create(w->db, &chunk, &w->result), w->result);
    assert_success(codedb_file_chunks(w->db, w->file.id, NULL, &chunks, &w->result), w->result);
    assert_int_equal(chunks->count, 1);
    codedb_free(chunks);
    assert_success(codedb_project_chunks(w->db, w->project.id, NULL, &chunks, &w->result), w->result);
    assert_string_equal(chunks->items[0]->chunk_text, "says something");
    codedb_free(chunks);
    add_usage(w, "function", NULL, "print", 7);
    assert_success(codedb_file_usages(w->db, w->file.id, NULL, &usages, &w->result), w->result);
    assert_int_equal(usages->items[0]->line, 7);
    codedb_free(usages);
}

static void nobody_owns_nothing(void **state)
{
    world *w = *state;
    codedb_files *files;
    codedb_methods *methods;
    assert_success(codedb_project_files(w->db, "nobody", NULL, &files, &w->result), w->result);
    assert_int_equal(files->count, 0);
    codedb_free(files);
    assert_success(codedb_class_methods(w->db, 999, NULL, &methods, &w->result), w->result);
    assert_int_equal(methods->count, 0);
    codedb_free(methods);
    assert_code(codedb_project_files(w->db, NULL, NULL, &files, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_null(files);
    assert_code(codedb_project_files(NULL, "x", NULL, &files, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(codedb_project_files(w->db, "x", NULL, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
}

static void a_relation_takes_further_conditions(void **state)
{
    world *w = *state;
    codedb_column where[2] = {{"docstring", {.type = CODEDB_VALUE_NULL}}, {"name", {.type = CODEDB_VALUE_TEXT}}};
    codedb_order order[2] = {{"name", 1}, {"id", 0}};
    codedb_list_options options = CODEDB_INIT(codedb_list_options);
    codedb_classes *classes;
    add_class(w, w->file.id, "Bird", 30);
    add_class(w, w->file.id, "Cat", 40);
    options.order_by = order;
    options.order_by_count = 2;
    options.limit = 2;
    options.offset = 1;
    options.fields = CODEDB_CLASS_NAME;
    assert_success(codedb_file_classes(w->db, w->file.id, &options, &classes, &w->result), w->result);
    assert_int_equal(classes->count, 2);
    assert_string_equal(classes->items[0]->name, "Bird");
    assert_int_equal(classes->items[0]->present, CODEDB_CLASS_ID | CODEDB_CLASS_NAME);
    codedb_free(classes);
    options = (codedb_list_options)CODEDB_INIT(codedb_list_options);
    options.where = where;
    options.where_count = 2;
    where[1].value.as.text = "Cat";
    where[1].value.length = 3;
    assert_success(codedb_file_classes(w->db, w->file.id, &options, &classes, &w->result), w->result);
    assert_int_equal(classes->count, 1);
    codedb_free(classes);
    where[1].name = "name = 1 OR 1";
    assert_code(codedb_file_classes(w->db, w->file.id, &options, &classes, &w->result), CODEDB_SCHEMA_ERROR, w->result);
    assert_contains(w->result.description, "name = 1 OR 1");
    options.where_count = 0;
    options.order_by = order;
    options.order_by_count = 1;
    order[0].column = "random()";
    assert_code(codedb_file_classes(w->db, w->file.id, &options, &classes, &w->result), CODEDB_SCHEMA_ERROR, w->result);
    options.struct_size = 3;
    assert_code(codedb_file_classes(w->db, w->file.id, &options, &classes, &w->result), CODEDB_INVALID_REQUEST, w->result);
}

/* Invariant 1: an issue is found through whatever it belongs to. */
static void an_issue_is_found_by_each_of_its_ids(void **state)
{
    world *w = *state;
    codedb_issues *issues;
    codedb_counts counts = CODEDB_INIT(codedb_counts);
    add_issue(w, (codedb_issue){.file_id = w->file.id}, "long_file");
    add_issue(w, (codedb_issue){.project_id = w->project.id}, "no_readme");
    add_issue(w, (codedb_issue){.class_id = w->class_object.id}, "no_docstring");
    add_issue(w, (codedb_issue){.method_id = w->method.id}, "no_docstring");
    add_issue(w, (codedb_issue){.function_id = w->function.id}, "no_docstring");
    add_issue(w, (codedb_issue){.description = "belongs to nothing"}, "no_docstring");
    assert_success(codedb_file_issues(w->db, w->file.id, NULL, &issues, &w->result), w->result);
    assert_int_equal(issues->count, 4);
    codedb_free(issues);
    assert_success(codedb_project_issues(w->db, w->project.id, NULL, &issues, &w->result), w->result);
    assert_int_equal(issues->count, 5);
    codedb_free(issues);
    assert_success(codedb_issue_find(w->db, w->project.id, "no_docstring", &issues, &w->result), w->result);
    assert_int_equal(issues->count, 3);
    codedb_free(issues);
    assert_success(codedb_issue_find(w->db, NULL, "no_docstring", &issues, &w->result), w->result);
    assert_int_equal(issues->count, 4);
    codedb_free(issues);
    assert_success(codedb_file_counts(w->db, w->file.id, &counts, &w->result), w->result);
    assert_int_equal(counts.issues, 4);
    assert_success(codedb_project_counts(w->db, w->project.id, &counts, &w->result), w->result);
    assert_int_equal(counts.issues, 5);
    assert_code(codedb_issue_find(w->db, NULL, NULL, &issues, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_null(issues);
}

/* ---- structures ---- */

static void a_class_comes_with_its_methods(void **state)
{
    world *w = *state;
    codedb_class_structure *structure;
    add_method(w, w->class_object.id, "first", 2);
    assert_success(codedb_class_structure_get(w->db, w->class_object.id, &structure, &w->result), w->result);
    assert_string_equal(structure->object->name, "Animal");
    assert_int_equal(structure->method_count, 2);
    assert_string_equal(structure->methods[0]->name, "first");
    assert_string_equal(structure->methods[1]->name, "speak");
    codedb_free(structure);
    assert_code(codedb_class_structure_get(w->db, 999, &structure, &w->result), CODEDB_NOT_FOUND, w->result);
    assert_null(structure);
    assert_code(codedb_class_structure_get(w->db, 999, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
}

static void a_file_comes_with_all_that_stands_in_it(void **state)
{
    world *w = *state;
    codedb_file_structure *structure;
    int64_t empty = add_class(w, w->file.id, "Empty", 1);
    int64_t last = add_class(w, w->file.id, "Last", 50);
    add_method(w, last, "b", 52);
    add_method(w, last, "a", 51);
    add_import(w, "os", NULL, 1);
    assert_true(empty > 0);
    assert_success(codedb_file_structure_get(w->db, w->file.id, &structure, &w->result), w->result);
    assert_string_equal(structure->object->path, "/world/part/module.py");
    assert_int_equal(structure->class_count, 3);
    assert_string_equal(structure->classes[0].object->name, "Empty");
    assert_int_equal(structure->classes[0].method_count, 0);
    assert_string_equal(structure->classes[1].object->name, "Animal");
    assert_int_equal(structure->classes[1].method_count, 1);
    assert_string_equal(structure->classes[2].methods[0]->name, "a");
    assert_int_equal(structure->classes[2].method_count, 2);
    assert_int_equal(structure->function_count, 1);
    assert_int_equal(structure->import_count, 1);
    codedb_free(structure);
    assert_code(codedb_file_structure_get(w->db, 999, &structure, &w->result), CODEDB_NOT_FOUND, w->result);
    assert_null(structure);
    assert_code(codedb_file_structure_get(NULL, 1, &structure, &w->result), CODEDB_INVALID_REQUEST, w->result);
}

/* ---- names and usages ---- */

static size_t count_classes(world *w, codedb_name_search *search)
{
    codedb_classes *classes;
    assert_success(codedb_class_find(w->db, search, &classes, &w->result), w->result);
    size_t count = classes->count;
    codedb_free(classes);
    return count;
}

static void names_are_found_by_pattern(void **state)
{
    static const struct {
        const char *name;
        codedb_pattern pattern;
        size_t count;
    } searches[] = {
        {"Ani*", CODEDB_PATTERN_GLOB, 2},    {"ani*", CODEDB_PATTERN_GLOB, 0},   {"A?imal", CODEDB_PATTERN_GLOB, 1},
        {"ani%", CODEDB_PATTERN_LIKE, 2},    {"Ani_al", CODEDB_PATTERN_LIKE, 1}, {"A\\_%", CODEDB_PATTERN_LIKE, 1},
        {"Animal", CODEDB_PATTERN_EXACT, 1}, {"Ani*", CODEDB_PATTERN_EXACT, 0},  {"' OR 1 --", CODEDB_PATTERN_EXACT, 0},
        {"*", CODEDB_PATTERN_GLOB, 3},
    };
    world *w = *state;
    add_class(w, w->file.id, "AnimalFarm", 30);
    add_class(w, w->file.id, "A_b", 40);
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        codedb_name_search search = CODEDB_INIT(codedb_name_search);
        search.name = searches[i].name;
        search.pattern = searches[i].pattern;
        assert_int_equal(count_classes(w, &search), searches[i].count);
    }
}

static void a_name_search_is_limited_and_ordered(void **state)
{
    world *w = *state;
    codedb_name_search search = CODEDB_INIT(codedb_name_search);
    codedb_classes *classes;
    codedb_project other;
    add_project(w, &other, "/other");
    add_class(w, add_file(w, other.id, "/other/a.py"), "Zebra", 1);
    add_class(w, w->file.id, "Bird", 30);
    search.name = "*";
    assert_int_equal(count_classes(w, &search), 3);
    search.project_id = w->project.id;
    assert_int_equal(count_classes(w, &search), 2);
    search.project_id = other.id;
    assert_int_equal(count_classes(w, &search), 1);
    search.project_id = NULL;
    search.limit = 1;
    search.offset = 1;
    assert_success(codedb_class_find(w->db, &search, &classes, &w->result), w->result);
    assert_int_equal(classes->count, 1);
    assert_string_equal(classes->items[0]->name, "Bird");
    codedb_free(classes);
    search.name = NULL;
    assert_code(codedb_class_find(w->db, &search, &classes, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_null(classes);
    search.name = "x";
    search.pattern = (codedb_pattern)3;
    assert_code(codedb_class_find(w->db, &search, &classes, &w->result), CODEDB_INVALID_REQUEST, w->result);
    search.struct_size = 0;
    assert_code(codedb_class_find(w->db, &search, &classes, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(codedb_class_find(w->db, NULL, &classes, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(codedb_class_find(w->db, &search, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
}

static void methods_functions_and_imports_are_found(void **state)
{
    world *w = *state;
    codedb_name_search search = CODEDB_INIT(codedb_name_search);
    codedb_methods *methods;
    codedb_functions *functions;
    codedb_imports *imports;
    search.project_id = w->project.id;
    search.name = "sp*";
    assert_success(codedb_method_find(w->db, &search, &methods, &w->result), w->result);
    assert_int_equal(methods->count, 1);
    codedb_free(methods);
    search.name = "main";
    assert_success(codedb_function_find(w->db, &search, &functions, &w->result), w->result);
    assert_int_equal(functions->count, 1);
    codedb_free(functions);
    add_import(w, "path", "os", 1);
    add_import(w, "os", NULL, 2);
    search.name = "os";
    assert_success(codedb_import_find(w->db, &search, &imports, &w->result), w->result);
    assert_int_equal(imports->count, 2); /* by module and by name */
    codedb_free(imports);
}

static void usages_are_found_by_their_target(void **state)
{
    world *w = *state;
    codedb_usage_search search = CODEDB_INIT(codedb_usage_search);
    codedb_usages *usages;
    add_usage(w, "method", "Animal", "speak", 9);
    add_usage(w, "method", "Dog", "speak", 5);
    add_usage(w, "function", NULL, "speak", 7);
    search.target_name = "speak";
    assert_success(codedb_usage_find(w->db, &search, &usages, &w->result), w->result);
    assert_int_equal(usages->count, 3);
    assert_int_equal(usages->items[0]->line, 5);
    codedb_free(usages);
    search.target_type = "method";
    search.target_class = "Animal";
    search.project_id = w->project.id;
    assert_success(codedb_usage_find(w->db, &search, &usages, &w->result), w->result);
    assert_int_equal(usages->count, 1);
    codedb_free(usages);
    search.target_name = NULL;
    assert_code(codedb_usage_find(w->db, &search, &usages, &w->result), CODEDB_INVALID_REQUEST, w->result);
    search.struct_size = 1;
    assert_code(codedb_usage_find(w->db, &search, &usages, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(codedb_usage_find(w->db, &search, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
}

/* ---- counts ---- */

static void counts_are_of_a_project_a_file_or_all(void **state)
{
    world *w = *state;
    codedb_counts counts = CODEDB_INIT(codedb_counts);
    codedb_project other;
    add_project(w, &other, "/other");
    int64_t file = add_file(w, other.id, "/other/a.py");
    add_method(w, add_class(w, file, "A", 1), "m", 2);
    add_function(w, file, "f", 5);
    add_content(w, file, "file", 0, NULL, "text");
    world_execute(
        w,
        "INSERT INTO files(project_id, dataset_id, path, deleted) SELECT project_id, dataset_id, '/gone', 1 FROM files LIMIT 1");
    assert_success(codedb_project_counts(w->db, other.id, &counts, &w->result), w->result);
    assert_int_equal(counts.datasets, 1);
    assert_int_equal(counts.files, 1);
    assert_int_equal(counts.classes, 1);
    assert_int_equal(counts.methods, 1);
    assert_int_equal(counts.functions, 1);
    assert_int_equal(counts.contents, 1);
    assert_int_equal(counts.imports + counts.issues + counts.usages + counts.duplicates + counts.chunks, 0);
    assert_success(codedb_project_counts(w->db, NULL, &counts, &w->result), w->result);
    assert_int_equal(counts.files, 2);
    assert_int_equal(counts.classes, 2);
    assert_int_equal(counts.duplicates, 1);
    assert_success(codedb_file_counts(w->db, w->file.id, &counts, &w->result), w->result);
    assert_int_equal(counts.files, 1);
    assert_int_equal(counts.datasets, 1);
    assert_int_equal(counts.methods, 1);
    assert_int_equal(counts.contents, 0);
}

static void nothing_is_counted_for_nobody(void **state)
{
    world *w = *state;
    codedb_counts counts = CODEDB_INIT(codedb_counts);
    assert_code(codedb_project_counts(w->db, "nobody", &counts, &w->result), CODEDB_NOT_FOUND, w->result);
    assert_code(codedb_file_counts(w->db, 999, &counts, &w->result), CODEDB_NOT_FOUND, w->result);
    assert_code(codedb_file_counts(w->db, 1, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
    counts.struct_size = 5;
    assert_code(codedb_project_counts(w->db, NULL, &counts, &w->result), CODEDB_INVALID_REQUEST, w->result);
}

/* ---- duplicates ---- */

static void duplicates_come_with_their_occurrences(void **state)
{
    world *w = *state;
    codedb_duplicate_groups *groups;
    codedb_code_duplicate best = CODEDB_INIT(codedb_code_duplicate);
    best.project_id = w->project.id;
    best.duplicate_hash = "best";
    best.similarity = 1.0;
    assert_success(codedb_code_duplicate_create(w->db, &best, &w->result), w->result);
    for (int i = 0; i < 3; i++) {
        codedb_duplicate_occurrence occurrence = CODEDB_INIT(codedb_duplicate_occurrence);
        occurrence.duplicate_id = i == 2 ? best.id : w->duplicate.id;
        occurrence.file_id = w->file.id;
        occurrence.start_line = 100 - 10 * i;
        occurrence.end_line = occurrence.start_line + 5;
        assert_success(codedb_duplicate_occurrence_create(w->db, &occurrence, &w->result), w->result);
    }
    assert_success(codedb_project_duplicates(w->db, w->project.id, &groups, &w->result), w->result);
    assert_int_equal(groups->count, 2);
    assert_string_equal(groups->items[0].object->duplicate_hash, "best");
    assert_int_equal(groups->items[0].occurrence_count, 1);
    assert_int_equal(groups->items[1].occurrence_count, 2);
    assert_int_equal(groups->items[1].occurrences[0]->start_line, 90);
    codedb_free(groups);
    assert_success(codedb_project_duplicates(w->db, "nobody", &groups, &w->result), w->result);
    assert_int_equal(groups->count, 0);
    codedb_free(groups);
    assert_code(codedb_project_duplicates(w->db, NULL, &groups, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_null(groups);
}

/* ---- full text ---- */

static size_t count_matches(world *w, codedb_text_search *search)
{
    codedb_text_matches *matches;
    assert_success(codedb_text_find(w->db, search, &matches, &w->result), w->result);
    size_t count = matches->count;
    codedb_free(matches);
    return count;
}

static void text_is_found_with_place_and_snippet(void **state)
{
    world *w = *state;
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    codedb_text_matches *matches;
    add_content(w, w->file.id, "class", w->class_object.id, "Animal", "class Animal: lives in a zoo");
    add_content(w, w->file.id, "method", w->method.id, "Animal.speak", "def speak(self): return zoo.zoo.zoo");
    add_content(w, w->file.id, "function", w->function.id, "main", "def main(): feed()");
    add_content(w, w->file.id, "file", 0, NULL, "# nothing here");
    search.query = "zoo";
    assert_success(codedb_text_find(w->db, &search, &matches, &w->result), w->result);
    assert_int_equal(matches->count, 2);
    const codedb_text_match *best = &matches->items[0];
    assert_string_equal(best->entity_name, "Animal.speak");
    assert_string_equal(best->entity_type, "method");
    assert_int_equal(best->line, 4);
    assert_int_equal(best->entity_id, w->method.id);
    assert_int_equal(best->file_id, w->file.id);
    assert_string_equal(best->path, "/world/part/module.py");
    assert_string_equal(best->relative_path, "part/module.py");
    assert_string_equal(best->project_id, w->project.id);
    assert_contains(best->snippet, "[zoo]");
    assert_true(best->rank <= matches->items[1].rank);
    assert_int_equal(matches->items[1].line, 3);
    codedb_free(matches);
    search.query = "nothing";
    search.mark_start = "<b>";
    search.mark_end = "</b>";
    search.snippet_words = 2;
    assert_success(codedb_text_find(w->db, &search, &matches, &w->result), w->result);
    assert_contains(matches->items[0].snippet, "<b>nothing</b>");
    assert_int_equal(matches->items[0].line, 0);
    assert_null(matches->items[0].entity_name);
    codedb_free(matches);
}

static void plain_words_are_no_operators(void **state)
{
    static const struct {
        const char *query;
        int prefix;
        size_t count;
    } searches[] = {
        {"green apples", 0, 1},
        {"apples OR pears", 0, 0},
        {"NOT apples", 0, 1},
        {"apples\" OR \"pears", 0, 0},
        {"app", 0, 0},
        {"app", 1, 1},
        {"green app", 1, 1},
        {"gre apples", 1, 0},
        {"content:apples", 0, 0},
        {"(apples) + NEAR", 0, 0},
        {"\xc3\xa4pfel", 0, 1},
        {" \t not  +  apples ", 0, 1},
        {"apples*", 0, 1},
        {"get_name", 0, 1},
        {"self.get_name()", 0, 1},
    };
    world *w = *state;
    add_content(w, w->file.id, "file", 0, NULL, "not green apples \xc3\x84pfel self.get_name()");
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        codedb_text_search search = CODEDB_INIT(codedb_text_search);
        search.query = searches[i].query;
        search.prefix = searches[i].prefix;
        if (count_matches(w, &search) != searches[i].count)
            fail_msg("\"%s\": expected %zu", searches[i].query, searches[i].count);
    }
}

static void an_expression_is_fts5s(void **state)
{
    static const struct {
        const char *query;
        size_t count;
    } searches[] = {{"apples OR pears", 2},
                    {"apples NOT green", 0},
                    {"content: pea*", 1},
                    {"entity_name: main", 1},
                    {"NEAR(green apples, 1)", 1}};
    world *w = *state;
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    add_content(w, w->file.id, "file", 0, NULL, "green apples");
    add_content(w, w->file.id, "function", w->function.id, "main", "pears");
    search.raw = 1;
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        search.query = searches[i].query;
        assert_int_equal(count_matches(w, &search), searches[i].count);
    }
}

static void a_bad_expression_is_explained(void **state)
{
    static const char *const queries[] = {"AND", "(apples", "\"apples", "nocolumn: apples", "apples NEAR(", "", "  "};
    world *w = *state;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        codedb_text_search search = CODEDB_INIT(codedb_text_search);
        codedb_text_matches *matches;
        search.raw = 1;
        search.query = queries[i];
        assert_code(codedb_text_find(w->db, &search, &matches, &w->result), CODEDB_VALIDATION_ERROR, w->result);
        assert_null(matches);
        assert_contains(w->result.description, queries[i]);
        assert_code(codedb_text_find(w->db, &search, &matches, NULL), CODEDB_VALIDATION_ERROR, w->result);
    }
}

static void a_search_without_a_word_is_refused(void **state)
{
    world *w = *state;
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    codedb_text_matches *matches;
    search.query = " +-* ";
    assert_code(codedb_text_find(w->db, &search, &matches, &w->result), CODEDB_VALIDATION_ERROR, w->result);
    assert_contains(w->result.description, "holds no word");
    search.query = "\xff";
    assert_code(codedb_text_find(w->db, &search, &matches, &w->result), CODEDB_VALIDATION_ERROR, w->result);
    search.query = NULL;
    assert_code(codedb_text_find(w->db, &search, &matches, &w->result), CODEDB_INVALID_REQUEST, w->result);
    search.query = "x";
    search.snippet_words = 65;
    assert_code(codedb_text_find(w->db, &search, &matches, &w->result), CODEDB_INVALID_REQUEST, w->result);
    search.struct_size = 0;
    assert_code(codedb_text_find(w->db, &search, &matches, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(codedb_text_find(w->db, &search, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
}

static void a_text_search_narrows(void **state)
{
    world *w = *state;
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    codedb_project other;
    add_project(w, &other, "/other");
    int64_t file = add_file(w, other.id, "/other/a.py");
    add_content(w, w->file.id, "class", w->class_object.id, "Animal", "zoo");
    add_content(w, file, "file", 0, NULL, "zoo");
    add_content(w, file, "comment", 0, NULL, "zoo");
    search.query = "zoo";
    assert_int_equal(count_matches(w, &search), 3);
    search.project_id = other.id;
    assert_int_equal(count_matches(w, &search), 2);
    search.entity_type = "comment";
    assert_int_equal(count_matches(w, &search), 1);
    search.project_id = NULL;
    search.entity_type = NULL;
    search.limit = 2;
    assert_int_equal(count_matches(w, &search), 2);
    search.offset = 2;
    assert_int_equal(count_matches(w, &search), 1);
}

static void content_that_came_by_sql_is_found(void **state)
{
    world *w = *state;
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    world_execute(
        w, "INSERT INTO code_content(file_id, entity_type, content) SELECT id, 'file', 'inserted plainly' FROM files LIMIT 1");
    search.query = "plainly";
    assert_int_equal(count_matches(w, &search), 1);
    world_execute(w, "DELETE FROM files");
    assert_int_equal(count_matches(w, &search), 0);
    world_check_text_index(w);
}

/* ---- vectors ---- */

static codedb_vector_index vector_of(const char *type, int64_t entity_id, int64_t vector_id)
{
    codedb_vector_index vector = CODEDB_INIT(codedb_vector_index);
    vector.entity_type = type;
    vector.entity_id = entity_id;
    vector.vector_id = vector_id;
    vector.vector_dim = 384;
    vector.embedding_model = "model";
    return vector;
}

static void vectors_are_inserted_or_replaced(void **state)
{
    world *w = *state;
    codedb_vector_indexes *list;
    int64_t other = add_class(w, add_file(w, w->project.id, "/world/other.py"), "Other", 1);
    codedb_vector_index items[] = {
        vector_of("file", 0, 1),
        vector_of("class", w->class_object.id, 2),
        vector_of("method", w->method.id, 3),
        vector_of("function", w->function.id, 0),
        vector_of("class", other, 9),
    };
    assert_success(codedb_vectors_save(w->db, w->file.id, items, 5, &w->result), w->result);
    assert_success(codedb_vectors_get(w->db, w->file.id, &list, &w->result), w->result);
    assert_int_equal(list->count, 4); /* not that of the other file's class */
    assert_string_equal(list->items[0]->entity_type, "class");
    assert_string_equal(list->items[0]->project_id, w->project.id);
    assert_int_equal(list->items[1]->entity_id, w->file.id);
    int64_t id = list->items[0]->id;
    codedb_free(list);
    items[1].vector_id = 22;
    items[1].embedding_model = NULL;
    assert_success(codedb_vectors_save(w->db, w->file.id, items, 2, &w->result), w->result);
    assert_success(codedb_vectors_get(w->db, w->file.id, &list, &w->result), w->result);
    assert_int_equal(list->count, 4);
    assert_int_equal(list->items[0]->id, id);
    assert_int_equal(list->items[0]->vector_id, 22);
    assert_true((list->items[0]->nulls & CODEDB_VECTOR_INDEX_EMBEDDING_MODEL) != 0);
    codedb_free(list);
}

static void bad_vectors_are_refused_together(void **state)
{
    world *w = *state;
    codedb_vector_index items[] = {vector_of("file", 0, 1), vector_of("module", 3, 2)};
    assert_code(codedb_vectors_save(w->db, w->file.id, items, 2, &w->result), CODEDB_VALIDATION_ERROR, w->result);
    assert_contains(w->result.description, "item 1: vector_index.entity_type: found \"module\"");
    assert_int_equal(world_ask(w, "SELECT count(*) FROM vector_index"), 0);
    assert_success(codedb_vectors_save(w->db, w->file.id, NULL, 0, &w->result), w->result);
    assert_code(codedb_vectors_save(w->db, 999, items, 1, &w->result), CODEDB_NOT_FOUND, w->result);
    assert_code(codedb_vectors_save(w->db, w->file.id, NULL, 1, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(codedb_vectors_get(w->db, w->file.id, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
}

/* ---- memory ---- */

static codedb_code search_everything(codedb *db, codedb_result *result)
{
    codedb_project project = CODEDB_INIT(codedb_project);
    codedb_file file = CODEDB_INIT(codedb_file);
    codedb_code_content content = CODEDB_INIT(codedb_code_content);
    codedb_name_search name = CODEDB_INIT(codedb_name_search);
    codedb_text_search text = CODEDB_INIT(codedb_text_search);
    codedb_counts counts = CODEDB_INIT(codedb_counts);
    codedb_vector_index vector = vector_of("file", 0, 1);
    codedb_files *files = NULL;
    codedb_classes *classes = NULL;
    codedb_file_structure *structure = NULL;
    codedb_duplicate_groups *groups = NULL;
    codedb_text_matches *matches = NULL;
    project.root_path = "/p";
    file.project_id = project.id;
    file.path = "/p/a.py";
    name.name = "*";
    text.query = "word";
    codedb_code code = codedb_project_create(db, &project, result);
    code = code != CODEDB_SUCCESS ? code : codedb_file_create(db, &file, result);
    content.file_id = file.id;
    content.entity_type = "file";
    content.content = "word";
    code = code != CODEDB_SUCCESS ? code : codedb_code_content_create(db, &content, result);
    code = code != CODEDB_SUCCESS ? code : codedb_project_files(db, project.id, NULL, &files, result);
    code = code != CODEDB_SUCCESS ? code : codedb_class_find(db, &name, &classes, result);
    code = code != CODEDB_SUCCESS ? code : codedb_file_structure_get(db, file.id, &structure, result);
    code = code != CODEDB_SUCCESS ? code : codedb_project_counts(db, project.id, &counts, result);
    code = code != CODEDB_SUCCESS ? code : codedb_project_duplicates(db, project.id, &groups, result);
    code = code != CODEDB_SUCCESS ? code : codedb_text_find(db, &text, &matches, result);
    code = code != CODEDB_SUCCESS ? code : codedb_vectors_save(db, file.id, &vector, 1, result);
    codedb_free(files);
    codedb_free(classes);
    codedb_free(structure);
    codedb_free(groups);
    codedb_free(matches);
    return code;
}

static void every_failed_allocation_is_an_answer(void **state)
{
    support_failing failing;
    (void)state;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_open_options options = CODEDB_INIT(codedb_open_options);
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb *db = NULL;
        options.allocator = &failing.allocator;
        codedb_code code = codedb_open(":memory:", &options, &db, &result);
        code = code != CODEDB_SUCCESS ? code : search_everything(db, &result);
        codedb_close(db);
        codedb_result_clear(&result);
        support_failing_check(&failing, code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_belongs_to_an_owner_is_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chunks_and_usages_are_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_owns_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_relation_takes_further_conditions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_issue_is_found_by_each_of_its_ids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_class_comes_with_its_methods, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_comes_with_all_that_stands_in_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_found_by_pattern, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_search_is_limited_and_ordered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(methods_functions_and_imports_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(usages_are_found_by_their_target, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_are_of_a_project_a_file_or_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_counted_for_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(duplicates_come_with_their_occurrences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_is_found_with_place_and_snippet, set_up, tear_down),
        cmocka_unit_test_setup_teardown(plain_words_are_no_operators, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_expression_is_fts5s, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bad_expression_is_explained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_search_without_a_word_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_text_search_narrows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(content_that_came_by_sql_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(vectors_are_inserted_or_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_vectors_are_refused_together, set_up, tear_down),
        cmocka_unit_test(every_failed_allocation_is_an_answer),
    };
    int failed = support_run_both("search", tests);
    on_file = true;
    return failed + support_run_both("search, on file", tests);
}
