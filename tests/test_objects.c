/* tests/test_objects.c -- codedb_objects.c: every object through create, get, update, list and delete, in memory and on file.
 *
 * The loops go over the descriptions, so that a new column is tested by being there. Values are made from the field's type and
 * check; fields that refer to something get the world's ids. */
#include "objects_world.h"

#include <math.h>
#include <sys/stat.h>

#include "codedb_objects.h"

/* ---- the typed functions of all kinds behind one signature ---- */

typedef struct operations {
    codedb_kind kind;
    codedb_code (*create)(codedb *db, void *object, codedb_result *result);
    codedb_code (*get)(codedb *db, codedb_value key, void **object, codedb_result *result);
    codedb_code (*update)(codedb *db, const void *object, codedb_result *result);
    codedb_code (*destroy)(codedb *db, codedb_value key, codedb_result *result);
    codedb_code (*list)(codedb *db, const codedb_list_options *options, void **list, codedb_result *result);
} operations;

#define OPERATIONS(name, list_name, key_member)                                                                        \
    static codedb_code create_##name(codedb *db, void *object, codedb_result *result)                                  \
    {                                                                                                                  \
        return codedb_##name##_create(db, object, result);                                                             \
    }                                                                                                                  \
    static codedb_code get_##name(codedb *db, codedb_value key, void **object, codedb_result *result)                  \
    {                                                                                                                  \
        codedb_##name *typed = NULL;                                                                                   \
        codedb_code code = codedb_##name##_get(db, key.as.key_member, object == NULL ? NULL : &typed, result);         \
        if (object != NULL)                                                                                            \
            *object = typed;                                                                                           \
        return code;                                                                                                   \
    }                                                                                                                  \
    static codedb_code update_##name(codedb *db, const void *object, codedb_result *result)                            \
    {                                                                                                                  \
        return codedb_##name##_update(db, object, result);                                                             \
    }                                                                                                                  \
    static codedb_code delete_##name(codedb *db, codedb_value key, codedb_result *result)                              \
    {                                                                                                                  \
        return codedb_##name##_delete(db, key.as.key_member, result);                                                  \
    }                                                                                                                  \
    static codedb_code list_##name(codedb *db, const codedb_list_options *options, void **list, codedb_result *result) \
    {                                                                                                                  \
        codedb_##list_name *typed = NULL;                                                                              \
        codedb_code code = codedb_##name##_list(db, options, list == NULL ? NULL : &typed, result);                    \
        if (list != NULL)                                                                                              \
            *list = typed;                                                                                             \
        return code;                                                                                                   \
    }

OPERATIONS(project, projects, text)
OPERATIONS(dataset, datasets, text)
OPERATIONS(file, files, integer)
OPERATIONS(ast_tree, ast_trees, integer)
OPERATIONS(cst_tree, cst_trees, integer)
OPERATIONS(code_chunk, code_chunks, integer)
OPERATIONS(vector_index, vector_indexes, integer)
OPERATIONS(class, classes, integer)
OPERATIONS(method, methods, integer)
OPERATIONS(function, functions, integer)
OPERATIONS(import, imports, integer)
OPERATIONS(issue, issues, integer)
OPERATIONS(usage, usages, integer)
OPERATIONS(code_content, code_contents, integer)
OPERATIONS(code_duplicate, code_duplicates, integer)
OPERATIONS(duplicate_occurrence, duplicate_occurrences, integer)
OPERATIONS(watch_directory, watch_directories, text)
OPERATIONS(watch_directory_path, watch_directory_paths, text)
OPERATIONS(vectorization_statistics, vectorization_cycles, text)
OPERATIONS(file_watcher_statistics, file_watcher_cycles, text)
OPERATIONS(analysis_results, analyses, integer)

#define ALL_OPERATIONS(kind, name)                                                               \
    {                                                                                            \
        CODEDB_KIND_##kind, create_##name, get_##name, update_##name, delete_##name, list_##name \
    }
static const operations all_operations[] = {
    ALL_OPERATIONS(PROJECT, project),
    ALL_OPERATIONS(DATASET, dataset),
    ALL_OPERATIONS(FILE, file),
    ALL_OPERATIONS(AST_TREE, ast_tree),
    ALL_OPERATIONS(CST_TREE, cst_tree),
    ALL_OPERATIONS(CODE_CHUNK, code_chunk),
    ALL_OPERATIONS(VECTOR_INDEX, vector_index),
    ALL_OPERATIONS(CLASS, class),
    ALL_OPERATIONS(METHOD, method),
    ALL_OPERATIONS(FUNCTION, function),
    ALL_OPERATIONS(IMPORT, import),
    ALL_OPERATIONS(ISSUE, issue),
    ALL_OPERATIONS(USAGE, usage),
    ALL_OPERATIONS(CODE_CONTENT, code_content),
    ALL_OPERATIONS(CODE_DUPLICATE, code_duplicate),
    ALL_OPERATIONS(DUPLICATE_OCCURRENCE, duplicate_occurrence),
    ALL_OPERATIONS(WATCH_DIRECTORY, watch_directory),
    ALL_OPERATIONS(WATCH_DIRECTORY_PATH, watch_directory_path),
    ALL_OPERATIONS(VECTORIZATION_STATISTICS, vectorization_statistics),
    ALL_OPERATIONS(FILE_WATCHER_STATISTICS, file_watcher_statistics),
    ALL_OPERATIONS(ANALYSIS_RESULTS, analysis_results),
};
#define ALL_COUNT (sizeof all_operations / sizeof all_operations[0])

/* ---- fields by description ---- */

/* How every struct and every list begins. */
typedef struct any_object {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
} any_object;

typedef struct any_list {
    size_t count;
    void *const *items;
} any_list;

/* Room for the largest struct. */
typedef union room {
    any_object head;
    char bytes[1024];
} room;

static void *member(void *object, const codedb_field *field)
{
    return (char *)object + field->offset;
}

static int64_t id_in_world(const world *w, const char *table)
{
    return strcmp(table, "files") == 0       ? w->file.id
           : strcmp(table, "classes") == 0   ? w->class_object.id
           : strcmp(table, "methods") == 0   ? w->method.id
           : strcmp(table, "functions") == 0 ? w->function.id
                                             : w->duplicate.id;
}

static const char *text_in_world(const world *w, const char *table)
{
    return strcmp(table, "projects") == 0   ? w->project.id
           : strcmp(table, "datasets") == 0 ? w->dataset.id
                                            : w->watch_directory.id;
}

static const char *sample_text(const world *w, const codedb_field *field, int version)
{
    static const char *const json[] = {"{\"n\": [1, null]}", "[true, -2.5e3, \"\\u00e9\"]"};
    static const char *const paths[] = {"/sample/one.py", "/sample/two.py"};
    static const char *const texts[] = {"one \xc3\xa9", "two"};
    if (field->references != NULL)
        return text_in_world(w, field->references);
    if (field->words != NULL)
        return field->words[version];
    if (field->check == CODEDB_CHECK_JSON)
        return json[version];
    if (field->check == CODEDB_CHECK_ABSOLUTE_PATH || field->check == CODEDB_CHECK_NORMAL_PATH)
        return paths[version];
    return texts[version];
}

/* Gives the field a value; `version` 0 or 1. Keys that codedb makes are left to it. */
static void set_sample(const world *w, void *object, const codedb_field *field, int version)
{
    switch (field->type) {
    case CODEDB_FIELD_TEXT:
    case CODEDB_FIELD_LONG_TEXT: *(const char **)member(object, field) = sample_text(w, field, version); break;
    case CODEDB_FIELD_INTEGER:
        if (field->source != CODEDB_SOURCE_DATABASE)
            *(int64_t *)member(object, field) = field->references != NULL ? id_in_world(w, field->references) : 70 + version;
        break;
    case CODEDB_FIELD_REAL:
        if (field->source == CODEDB_SOURCE_CALLER)
            *(double *)member(object, field) = field->check == CODEDB_CHECK_UNIT ? 0.25 + version / 2.0 : 2500000.5 + version;
        break;
    case CODEDB_FIELD_BOOLEAN: *(int *)member(object, field) = 1 - version; break;
    case CODEDB_FIELD_KEY: break;
    }
}

static void fill_sample(const world *w, codedb_kind kind, room *object)
{
    const codedb_description *description = codedb_description_of(kind);
    memset(object, 0, sizeof *object);
    assert_true(description->struct_size <= sizeof *object);
    object->head.struct_size = description->struct_size;
    for (size_t i = 0; i < description->field_count; i++)
        set_sample(w, object, &description->fields[i], 0);
}

static codedb_value key_of(codedb_kind kind, void *object)
{
    const codedb_description *description = codedb_description_of(kind);
    const codedb_field *field = &description->fields[description->key];
    codedb_value key = {.type = CODEDB_VALUE_TEXT};
    if (field->type == CODEDB_FIELD_INTEGER) {
        key.type = CODEDB_VALUE_INTEGER;
        key.as.integer = *(int64_t *)member(object, field);
    } else {
        key.as.text = field->type == CODEDB_FIELD_KEY ? member(object, field) : *(const char **)member(object, field);
        key.length = strlen(key.as.text);
    }
    return key;
}

static void assert_field_equal(const codedb_field *field, void *found, void *expected)
{
    switch (field->type) {
    case CODEDB_FIELD_TEXT: assert_string_equal(*(char **)member(found, field), *(char **)member(expected, field)); break;
    case CODEDB_FIELD_LONG_TEXT:
        assert_string_equal(*(char **)member(found, field), *(char **)member(expected, field));
        assert_int_equal(*(size_t *)(void *)((char *)found + field->length_offset), strlen(*(char **)member(found, field)));
        break;
    case CODEDB_FIELD_KEY: assert_string_equal(member(found, field), member(expected, field)); break;
    case CODEDB_FIELD_INTEGER: assert_int_equal(*(int64_t *)member(found, field), *(int64_t *)member(expected, field)); break;
    case CODEDB_FIELD_REAL: assert_true(fabs(*(double *)member(found, field) - *(double *)member(expected, field)) < 1e-9); break;
    case CODEDB_FIELD_BOOLEAN: assert_int_equal(*(int *)member(found, field), *(int *)member(expected, field)); break;
    }
}

static void assert_objects_equal(codedb_kind kind, void *found, void *expected, const codedb_field *except)
{
    const codedb_description *description = codedb_description_of(kind);
    for (size_t i = 0; i < description->field_count; i++) {
        const codedb_field *field = &description->fields[i];
        if (field != except && field->source != CODEDB_SOURCE_UPDATED)
            assert_field_equal(field, found, expected);
    }
}

/* Creates the kind's sample object in the world; the world's own row of watch_dir_paths does not exist. */
static void create_sample(world *w, const operations *o, room *object)
{
    fill_sample(w, o->kind, object);
    assert_success(o->create(w->db, object, &w->result), w->result);
}

static void *get_sample(world *w, const operations *o, room *object)
{
    void *found = NULL;
    assert_success(o->get(w->db, key_of(o->kind, object), &found, &w->result), w->result);
    assert_non_null(found);
    return found;
}

/* ---- what holds for every kind ---- */

static void check_create_and_get(world *w, const operations *o)
{
    const codedb_description *description = codedb_description_of(o->kind);
    room object;
    create_sample(w, o, &object);
    world_reopen(w);
    any_object *found = get_sample(w, o, &object);
    assert_int_equal(found->struct_size, description->struct_size);
    assert_int_equal(found->present, (UINT64_C(1) << description->field_count) - 1);
    assert_int_equal(found->nulls, 0);
    assert_objects_equal(o->kind, found, &object, NULL);
    codedb_free(found);
    assert_code(o->create(w->db, &object, &w->result), CODEDB_VALIDATION_ERROR, w->result); /* its id, or what is unique */
}

static void check_update(world *w, const operations *o, const codedb_field *field, room *object)
{
    const codedb_description *description = codedb_description_of(o->kind);
    uint64_t bit = UINT64_C(1) << (field - description->fields);
    room changed = *object;
    set_sample(w, &changed, field, 1);
    changed.head.present = bit;
    assert_success(o->update(w->db, &changed, &w->result), w->result);
    any_object *found = get_sample(w, o, object);
    assert_field_equal(field, found, &changed);
    assert_objects_equal(o->kind, found, object, field);
    codedb_free(found);
    changed.head.nulls = bit;
    if (field->required) {
        assert_code(o->update(w->db, &changed, &w->result), CODEDB_VALIDATION_ERROR, w->result);
        assert_contains(w->result.description, field->name);
    } else {
        assert_success(o->update(w->db, &changed, &w->result), w->result);
        found = get_sample(w, o, object);
        assert_int_equal(found->nulls, bit);
        codedb_free(found);
    }
    object->head.present = bit;
    assert_success(o->update(w->db, object, &w->result), w->result);
}

/* Each field alone: the value changes, no other does; NULL is written or refused. */
static void check_updates(world *w, const operations *o)
{
    const codedb_description *description = codedb_description_of(o->kind);
    room object;
    create_sample(w, o, &object);
    for (size_t i = 0; i < description->field_count; i++) {
        const codedb_field *field = &description->fields[i];
        bool has_hash = i + 1 < description->field_count && field[1].source == CODEDB_SOURCE_HASH;
        if (field->source == CODEDB_SOURCE_CALLER && i != description->key && !has_hash)
            check_update(w, o, field, &object);
    }
    object.head.present = 0;
    assert_code(o->update(w->db, &object, &w->result), CODEDB_VALIDATION_ERROR, w->result);
}

/* Without each required field in turn: refused, by its name, in words and as JSON. */
static void check_required(world *w, const operations *o)
{
    const codedb_description *description = codedb_description_of(o->kind);
    for (size_t i = 0; i < description->field_count; i++) {
        const codedb_field *field = &description->fields[i];
        char name[100];
        room object;
        if (!field->required || field->source != CODEDB_SOURCE_CALLER || field->default_value != NULL)
            continue;
        fill_sample(w, o->kind, &object);
        object.head.nulls = UINT64_C(1) << i;
        assert_code(o->create(w->db, &object, &w->result), CODEDB_VALIDATION_ERROR, w->result);
        snprintf(name, sizeof name, "%s.%s: found NULL, expected ", description->object, field->name);
        assert_contains(w->result.description, name);
        snprintf(name, sizeof name, "{\"errors\": [{\"field\": \"%s\", \"message\": \"", field->name);
        assert_contains(w->result.data, name);
    }
}

static void check_list(world *w, const operations *o)
{
    const codedb_description *description = codedb_description_of(o->kind);
    codedb_list_options options = CODEDB_INIT(codedb_list_options);
    room object;
    any_list *list;
    void *made;
    create_sample(w, o, &object);
    codedb_column where = {description->fields[description->key].name, key_of(o->kind, &object)};
    options.where = &where;
    options.where_count = 1;
    options.fields = 2;
    assert_success(o->list(w->db, &options, &made, &w->result), w->result);
    list = made;
    assert_int_equal(list->count, 1);
    any_object *found = list->items[0];
    assert_int_equal(found->present, 2 | UINT64_C(1) << description->key);
    assert_field_equal(&description->fields[1], found, &object);
    codedb_free(made);
    options.offset = 1;
    assert_success(o->list(w->db, &options, &made, &w->result), w->result);
    assert_int_equal(((any_list *)made)->count, 0);
    codedb_free(made);
    assert_success(o->list(w->db, NULL, &made, &w->result), w->result);
    assert_true(((any_list *)made)->count >= 1);
    codedb_free(made);
    where.name = "nothing";
    assert_code(o->list(w->db, &options, &made, &w->result), CODEDB_SCHEMA_ERROR, w->result);
    assert_null(made);
    options.struct_size = 1;
    assert_code(o->list(w->db, &options, &made, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(o->list(w->db, NULL, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(o->list(NULL, NULL, &made, &w->result), CODEDB_INVALID_REQUEST, w->result);
}

static void check_delete(world *w, const operations *o)
{
    room object;
    void *found = &object;
    create_sample(w, o, &object);
    codedb_value key = key_of(o->kind, &object);
    assert_success(o->destroy(w->db, key, &w->result), w->result);
    world_reopen(w);
    assert_code(o->get(w->db, key, &found, &w->result), CODEDB_NOT_FOUND, w->result);
    assert_null(found);
    assert_contains(w->result.description, codedb_description_of(o->kind)->object);
    assert_code(o->destroy(w->db, key, &w->result), CODEDB_NOT_FOUND, w->result);
    object.head.present = UINT64_MAX & ~(uint64_t)3;
    assert_code(o->update(w->db, &object, &w->result), CODEDB_NOT_FOUND, w->result);
}

static void check_bad_arguments(world *w, const operations *o)
{
    room object;
    void *found;
    create_sample(w, o, &object);
    codedb_value key = key_of(o->kind, &object);
    object.head.struct_size = 8;
    assert_code(o->create(w->db, &object, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_contains(w->result.description, "struct_size");
    assert_code(o->update(w->db, &object, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(o->create(w->db, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(o->create(NULL, &object, NULL), CODEDB_INVALID_REQUEST, w->result);
    assert_code(o->update(w->db, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(o->update(NULL, &object, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(o->get(w->db, key, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(o->get(NULL, key, &found, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(o->destroy(NULL, key, &w->result), CODEDB_INVALID_REQUEST, w->result);
    if (key.type == CODEDB_VALUE_TEXT) {
        key.as.text = NULL;
        assert_code(o->get(w->db, key, &found, &w->result), CODEDB_INVALID_REQUEST, w->result);
        assert_code(o->destroy(w->db, key, &w->result), CODEDB_INVALID_REQUEST, w->result);
    }
}

/* Runs a check for every kind, each in a new database, in memory and on file. */
static void for_all_kinds(void (*check)(world *w, const operations *o))
{
    for (size_t i = 0; i < 2 * ALL_COUNT; i++) {
        world w;
        world_create(&w, i >= ALL_COUNT);
        check(&w, &all_operations[i % ALL_COUNT]);
        world_destroy(&w);
    }
}

static void what_is_created_is_read_again(void **state)
{
    (void)state;
    for_all_kinds(check_create_and_get);
}

static void an_update_writes_what_is_present_and_no_more(void **state)
{
    (void)state;
    for_all_kinds(check_updates);
}

static void what_is_required_is_named_when_it_is_missing(void **state)
{
    (void)state;
    for_all_kinds(check_required);
}

static void a_list_narrows_and_chooses_fields(void **state)
{
    (void)state;
    for_all_kinds(check_list);
}

static void what_is_deleted_is_not_found(void **state)
{
    (void)state;
    for_all_kinds(check_delete);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    for_all_kinds(check_bad_arguments);
}

/* ---- single facts ---- */

static int set_up(void **state)
{
    world *w = malloc(sizeof *w);
    world_create(w, false);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world_destroy(*state);
    free(*state);
    return 0;
}

static void every_mistake_of_an_object_is_told(void **state)
{
    world *w = *state;
    codedb_class object = CODEDB_INIT(codedb_class);
    object.file_id = w->file.id;
    object.line = -1;
    object.bases = "[\"A\", ";
    object.docstring = "\xff";
    assert_code(codedb_class_create(w->db, &object, &w->result), CODEDB_VALIDATION_ERROR, w->result);
    assert_contains(w->result.description, "class.name: found nothing, expected a text (and 3 more)");
    assert_contains(w->result.data, "{\"field\": \"line\", \"message\": \"found -1, expected a line number\"}");
    assert_contains(w->result.data, "found byte 0xFF at byte 0, expected UTF-8");
    assert_contains(w->result.data, "found the end of the text at byte 6, expected more JSON");
    assert_int_equal(object.present, 0);
    assert_int_equal(object.id, 0);
}

static void assert_refused(world *w, codedb_code code, const char *message)
{
    assert_code(code, CODEDB_VALIDATION_ERROR, w->result);
    assert_contains(w->result.description, message);
}

static void values_out_of_range_are_refused(void **state)
{
    world *w = *state;
    codedb_code_duplicate duplicate = CODEDB_INIT(codedb_code_duplicate);
    duplicate.project_id = w->project.id;
    duplicate.duplicate_hash = "h";
    duplicate.similarity = 1.5;
    assert_refused(w, codedb_code_duplicate_create(w->db, &duplicate, &w->result), "similarity: found 1.5, expected 0.0 to 1.0");
    duplicate.similarity = NAN;
    assert_refused(w, codedb_code_duplicate_create(w->db, &duplicate, &w->result), "found not-a-number");
    codedb_import import = CODEDB_INIT(codedb_import);
    import.file_id = w->file.id;
    import.name = "os";
    import.import_type = "include";
    assert_refused(w, codedb_import_create(w->db, &import, &w->result),
                   "import_type: found \"include\", expected one of: import, from_import");
    codedb_file file = CODEDB_INIT(codedb_file);
    file.project_id = w->project.id;
    file.dataset_id = w->dataset.id;
    file.path = "module.py";
    assert_refused(w, codedb_file_create(w->db, &file, &w->result), "file.path: found \"module.py\", expected an absolute path");
    file.path = "/m.py";
    file.has_docstring = 2;
    assert_refused(w, codedb_file_create(w->db, &file, &w->result), "has_docstring: found 2, expected 0 or 1");
    codedb_vector_index vector = CODEDB_INIT(codedb_vector_index);
    vector.project_id = w->project.id;
    vector.entity_type = "file";
    assert_refused(w, codedb_vector_index_create(w->db, &vector, &w->result), "vector_dim: found 0, expected a positive number");
    codedb_project project = CODEDB_INIT(codedb_project);
    project.root_path = "/p";
    memset(project.id, 'x', sizeof project.id);
    assert_refused(w, codedb_project_create(w->db, &project, &w->result), "id: found no NUL");
}

static void a_foreign_key_must_exist(void **state)
{
    world *w = *state;
    codedb_function function = CODEDB_INIT(codedb_function);
    function.file_id = 999;
    function.name = "f";
    assert_refused(w, codedb_function_create(w->db, &function, &w->result), "FOREIGN KEY");
    function.file_id = 0;
    assert_refused(w, codedb_function_create(w->db, &function, &w->result), "file_id: found nothing, expected an integer");
}

static void unset_values_are_made(void **state)
{
    world *w = *state;
    codedb_cst_tree tree = CODEDB_INIT(codedb_cst_tree);
    tree.file_id = w->file.id;
    tree.project_id = w->project.id;
    tree.cst_code = "a\0b";
    tree.cst_code_length = 3;
    assert_success(codedb_cst_tree_create(w->db, &tree, &w->result), w->result);
    assert_int_equal(strlen(tree.cst_hash), 64);
    assert_true(tree.created_at > 2460000.0 && tree.updated_at >= tree.created_at);
    assert_true((tree.present & CODEDB_CST_TREE_CST_HASH) != 0 && (tree.present & CODEDB_CST_TREE_CREATED_AT) != 0);
    codedb_cst_tree *found;
    assert_success(codedb_cst_tree_get(w->db, tree.id, &found, &w->result), w->result);
    assert_int_equal(found->cst_code_length, 3);
    assert_memory_equal(found->cst_code, "a\0b", 4);
    codedb_free(found);
    codedb_code_chunk chunk = CODEDB_INIT(codedb_code_chunk);
    chunk.file_id = w->file.id;
    chunk.project_id = w->project.id;
    chunk.chunk_type = "function";
    chunk.chunk_text = "";
    assert_success(codedb_code_chunk_create(w->db, &chunk, &w->result), w->result);
    assert_int_equal(strlen(chunk.chunk_uuid), 36);
    assert_true(chunk.chunk_uuid[14] == '4');
}

static void a_given_value_is_kept_though_codedb_would_make_one(void **state)
{
    world *w = *state;
    codedb_class object = CODEDB_INIT(codedb_class);
    object.id = 4711;
    object.file_id = w->file.id;
    object.name = "Old";
    object.created_at = 2450000.25;
    assert_success(codedb_class_create(w->db, &object, &w->result), w->result);
    codedb_class *found;
    assert_success(codedb_class_get(w->db, 4711, &found, &w->result), w->result);
    assert_true(found->created_at > 2450000.2 && found->created_at < 2450000.3);
    assert_int_equal(found->nulls, CODEDB_CLASS_DOCSTRING | CODEDB_CLASS_BASES);
    codedb_free(found);
}

static void a_zero_that_is_meant_needs_its_bit(void **state)
{
    world *w = *state;
    codedb_code_chunk chunk = CODEDB_INIT(codedb_code_chunk);
    codedb_code_chunk *found;
    chunk.file_id = w->file.id;
    chunk.project_id = w->project.id;
    chunk.chunk_type = "t";
    chunk.chunk_text = "text";
    chunk.present = CODEDB_CODE_CHUNK_VECTOR_ID;
    assert_success(codedb_code_chunk_create(w->db, &chunk, &w->result), w->result);
    assert_success(codedb_code_chunk_get(w->db, chunk.id, &found, &w->result), w->result);
    assert_true((found->nulls & CODEDB_CODE_CHUNK_VECTOR_ID) == 0 && (found->nulls & CODEDB_CODE_CHUNK_CHUNK_ORDINAL) != 0);
    assert_int_equal(found->binding_level, 0);
    assert_true((found->nulls & CODEDB_CODE_CHUNK_BINDING_LEVEL) == 0);
    codedb_free(found);
}

static void an_update_refreshes_hash_and_time(void **state)
{
    world *w = *state;
    codedb_ast_tree tree = CODEDB_INIT(codedb_ast_tree);
    codedb_ast_tree *found;
    tree.file_id = w->file.id;
    tree.project_id = w->project.id;
    tree.ast_json = "{}";
    tree.updated_at = 1.0;
    assert_success(codedb_ast_tree_create(w->db, &tree, &w->result), w->result);
    tree.ast_json = "[]";
    tree.present = CODEDB_AST_TREE_AST_JSON;
    assert_success(codedb_ast_tree_update(w->db, &tree, &w->result), w->result);
    assert_success(codedb_ast_tree_get(w->db, tree.id, &found, &w->result), w->result);
    assert_string_equal(found->ast_hash, "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945");
    assert_true(found->updated_at > 2460000.0);
    codedb_free(found);
    tree.updated_at = 5.0;
    tree.present = CODEDB_AST_TREE_UPDATED_AT;
    assert_success(codedb_ast_tree_update(w->db, &tree, &w->result), w->result);
    assert_success(codedb_ast_tree_get(w->db, tree.id, &found, &w->result), w->result);
    assert_true(found->updated_at > 4.9 && found->updated_at < 5.1);
    codedb_free(found);
}

static void an_older_struct_lacks_its_last_fields(void **state)
{
    world *w = *state;
    codedb_class object = CODEDB_INIT(codedb_class);
    codedb_class *found;
    object.struct_size = offsetof(codedb_class, docstring); /* as if the rest had been added later */
    object.file_id = w->file.id;
    object.name = "Small";
    object.docstring = "must not be looked at";
    assert_success(codedb_class_create(w->db, &object, &w->result), w->result);
    assert_true(object.created_at < 1.0);
    assert_success(codedb_class_get(w->db, object.id, &found, &w->result), w->result);
    assert_true((found->nulls & CODEDB_CLASS_DOCSTRING) != 0 && found->created_at > 2460000.0);
    codedb_free(found);
}

static void a_watched_path_is_normalized(void **state)
{
    static const char *const paths[][2] = {{"/a//b/./c/../d/", "/a/b/d"}, {"/", "/"},           {"/..", "/"},
                                           {"/a/../../b", "/b"},          {"/a/...", "/a/..."}, {"//", "/"}};
    world *w = *state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        codedb_watch_directory_path path = CODEDB_INIT(codedb_watch_directory_path);
        codedb_watch_directory_path *found;
        path.watch_dir_id = w->watch_directory.id;
        path.absolute_path = paths[i][0];
        assert_success(codedb_watch_directory_path_create(w->db, &path, &w->result), w->result);
        assert_success(codedb_watch_directory_path_get(w->db, w->watch_directory.id, &found, &w->result), w->result);
        assert_string_equal(found->absolute_path, paths[i][1]);
        codedb_free(found);
        assert_success(codedb_watch_directory_path_delete(w->db, w->watch_directory.id, &w->result), w->result);
    }
}

/* ---- projects and datasets ---- */

static void a_project_has_the_id_of_its_file(void **state)
{
    static const char id[] = "0f8fad5b-d9cb-469f-a165-70867728950e";
    static const struct {
        const char *text;
        bool is_id;
    } files[] = {
        {"0f8fad5b-d9cb-469f-a165-70867728950e", true},
        {"  0F8FAD5B-D9CB-469F-A165-70867728950E\r\n", true},
        {"{\"description\": \"x\", \"id\" : \"0f8fad5b-d9cb-469f-a165-70867728950e\"}\n", true},
        {"{\"id\": \"not one\"}", false},
        {"{\"ids\": \"0f8fad5b-d9cb-469f-a165-70867728950e\"}", false},
        {"0f8fad5b-d9cb-169f-a165-70867728950e", false}, /* version 1 */
        {"{\"id\": \"0f8fad5b-d9cb-469f-a165-70867728950e\"", false},
        {"", false},
    };
    world *w = *state;
    char *folder = support_folder_create();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        codedb_project project = CODEDB_INIT(codedb_project);
        project.root_path = folder;
        support_write_file(folder, "projectid", files[i].text, strlen(files[i].text));
        assert_success(codedb_project_create(w->db, &project, &w->result), w->result);
        assert_int_equal(strlen(project.id), 36);
        assert_int_equal(strcmp(project.id, id) == 0, files[i].is_id);
        if (!files[i].is_id)
            assert_contains(w->result.description, "holds no UUID");
        assert_success(codedb_project_delete(w->db, project.id, &w->result), w->result);
    }
    support_folder_remove(folder);
}

static void a_file_without_a_dataset_goes_to_the_default_one(void **state)
{
    world *w = *state;
    codedb_file file = CODEDB_INIT(codedb_file);
    codedb_file *found;
    codedb_datasets *datasets;
    char dataset_id[CODEDB_KEY_SIZE];
    file.project_id = w->project.id;
    for (int i = 0; i < 2; i++) {
        file.path = i == 0 ? "/world/one.py" : "/world/two.py";
        file.id = 0;
        file.present = 0;
        assert_success(codedb_file_create(w->db, &file, &w->result), w->result);
        assert_null(file.dataset_id);
        assert_int_equal(file.present & CODEDB_FILE_DATASET_ID, 0);
        assert_success(codedb_file_get(w->db, file.id, &found, &w->result), w->result);
        assert_true(i == 0 || strcmp(dataset_id, found->dataset_id) == 0);
        snprintf(dataset_id, sizeof dataset_id, "%s", found->dataset_id);
        codedb_free(found);
    }
    assert_success(codedb_project_datasets(w->db, w->project.id, NULL, &datasets, &w->result), w->result);
    assert_int_equal(datasets->count, 2); /* the world's and the default one */
    codedb_free(datasets);
    codedb_dataset *made;
    assert_success(codedb_dataset_get(w->db, dataset_id, &made, &w->result), w->result);
    assert_string_equal(made->root_path, "/world");
    codedb_free(made);
    file.project_id = "no such project";
    assert_refused(w, codedb_file_create(w->db, &file, &w->result), "file.project_id: found \"no such project\"");
}

static void a_file_that_is_refused_makes_no_dataset(void **state)
{
    world *w = *state;
    codedb_file file = CODEDB_INIT(codedb_file);
    file.project_id = w->project.id;
    file.path = "/world/x.py";
    file.watch_dir_id = "no such folder";
    assert_refused(w, codedb_file_create(w->db, &file, &w->result), "FOREIGN KEY");
    assert_int_equal(world_ask(w, "SELECT count(*) FROM datasets"), 1);
}

static void objects_take_part_in_a_transaction(void **state)
{
    world *w = *state;
    codedb *transaction;
    codedb_file file = CODEDB_INIT(codedb_file);
    codedb_file *found;
    file.project_id = w->project.id;
    file.path = "/world/x.py";
    assert_success(codedb_transaction_begin(w->db, &transaction, &w->result), w->result);
    assert_success(codedb_file_create(transaction, &file, &w->result), w->result);
    assert_success(codedb_file_get(transaction, file.id, &found, &w->result), w->result);
    codedb_free(found);
    assert_success(codedb_transaction_rollback(transaction, &w->result), w->result);
    codedb_close(transaction);
    assert_code(codedb_file_get(w->db, file.id, &found, &w->result), CODEDB_NOT_FOUND, w->result);
}

/* ---- deletes ---- */

static void deleting_a_project_deletes_all_that_is_its(void **state)
{
    world *w = *state;
    room object;
    for (size_t i = 0; i < ALL_COUNT; i++)
        create_sample(w, &all_operations[i], &object);
    world_check_text_index(w);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM code_content_fts WHERE code_content_fts MATCH 'one'"), 1);
    assert_success(codedb_project_delete(w->db, w->project.id, &w->result), w->result);
    world_check_text_index(w);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM code_content_fts WHERE code_content_fts MATCH 'one'"), 0);
    assert_int_equal(world_ask(w, "SELECT (SELECT count(*) FROM datasets) + (SELECT count(*) FROM files)"
                                  "+ (SELECT count(*) FROM ast_trees) + (SELECT count(*) FROM cst_trees)"
                                  "+ (SELECT count(*) FROM code_chunks) + (SELECT count(*) FROM vector_index)"
                                  "+ (SELECT count(*) FROM classes) + (SELECT count(*) FROM methods)"
                                  "+ (SELECT count(*) FROM functions) + (SELECT count(*) FROM imports)"
                                  "+ (SELECT count(*) FROM issues) + (SELECT count(*) FROM usages)"
                                  "+ (SELECT count(*) FROM code_content) + (SELECT count(*) FROM code_duplicates)"
                                  "+ (SELECT count(*) FROM duplicate_occurrences)"
                                  "+ (SELECT count(*) FROM comprehensive_analysis_results)"),
                     0);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM projects"), 1); /* the sample */
    assert_int_equal(world_ask(w, "SELECT count(*) FROM vectorization_stats"), 1);
}

static void deleting_a_watch_directory_leaves_its_project(void **state)
{
    world *w = *state;
    codedb_project *project;
    w->project.watch_dir_id = w->watch_directory.id;
    w->project.present = CODEDB_PROJECT_WATCH_DIR_ID;
    assert_success(codedb_project_update(w->db, &w->project, &w->result), w->result);
    assert_success(codedb_watch_directory_delete(w->db, w->watch_directory.id, &w->result), w->result);
    assert_success(codedb_project_get(w->db, w->project.id, &project, &w->result), w->result);
    assert_true((project->nulls & CODEDB_PROJECT_WATCH_DIR_ID) != 0);
    codedb_free(project);
}

static void changed_content_is_found_by_its_new_words(void **state)
{
    world *w = *state;
    codedb_code_content content = CODEDB_INIT(codedb_code_content);
    content.file_id = w->file.id;
    content.entity_type = "file";
    content.content = "apples";
    assert_success(codedb_code_content_create(w->db, &content, &w->result), w->result);
    content.content = "pears";
    content.present = CODEDB_CODE_CONTENT_CONTENT;
    assert_success(codedb_code_content_update(w->db, &content, &w->result), w->result);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM code_content_fts WHERE code_content_fts MATCH 'apples'"), 0);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM code_content_fts WHERE code_content_fts MATCH 'pears'"), 1);
    world_check_text_index(w);
}

/* ---- stored AST ---- */

static void a_saved_ast_replaces_the_one_before(void **state)
{
    world *w = *state;
    char *json;
    size_t length;
    int64_t first, second;
    codedb_ast_tree *tree;
    assert_code(codedb_ast_get(w->db, w->file.id, &json, &length, &w->result), CODEDB_NOT_FOUND, w->result);
    assert_null(json);
    assert_success(codedb_ast_save(w->db, w->file.id, "{\"a\": 1}", 8, &first, &w->result), w->result);
    assert_success(codedb_ast_save(w->db, w->file.id, "\"Module()\"", 10, &second, &w->result), w->result);
    assert_success(codedb_ast_get(w->db, w->file.id, &json, &length, &w->result), w->result);
    assert_string_equal(json, "\"Module()\"");
    assert_int_equal(length, 10);
    codedb_free(json);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM ast_trees"), 1);
    assert_success(codedb_ast_tree_get(w->db, second, &tree, &w->result), w->result);
    assert_string_equal(tree->project_id, w->project.id);
    assert_true(tree->file_mtime > 1700000000.4 && tree->file_mtime < 1700000000.6);
    codedb_free(tree);
}

static void what_is_no_ast_is_not_saved(void **state)
{
    world *w = *state;
    char *json;
    assert_success(codedb_ast_save(w->db, w->file.id, "[]", 2, NULL, &w->result), w->result);
    assert_refused(w, codedb_ast_save(w->db, w->file.id, "[1", 2, NULL, &w->result), "ast_tree.ast_json: found the end");
    assert_refused(w, codedb_ast_save(w->db, w->file.id, "", 0, NULL, &w->result), "ast_tree.ast_json: found the end");
    assert_code(codedb_ast_save(w->db, 999, "[]", 2, NULL, &w->result), CODEDB_NOT_FOUND, w->result);
    assert_code(codedb_ast_save(w->db, w->file.id, NULL, 2, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_code(codedb_ast_get(w->db, w->file.id, NULL, NULL, &w->result), CODEDB_INVALID_REQUEST, w->result);
    assert_success(codedb_ast_get(w->db, w->file.id, &json, NULL, &w->result), w->result);
    assert_string_equal(json, "[]");
    codedb_free(json);
}

static void values_of_other_types_are_read_as_they_can_be(void **state)
{
    world *w = *state;
    codedb_file *file;
    codedb_class *object;
    world_execute(w, "UPDATE files SET lines = 'twelve', last_modified = '12.5', has_docstring = 'x', deleted = 1.0");
    assert_success(codedb_file_get(w->db, w->file.id, &file, &w->result), w->result);
    assert_int_equal(file->lines, 0);
    assert_true(file->last_modified > 12.4 && file->last_modified < 12.6);
    assert_int_equal(file->has_docstring, 0);
    assert_int_equal(file->deleted, 1);
    codedb_free(file);
    world_execute(w, "UPDATE classes SET line = 7.9, docstring = x'414243', created_at = 5, bases = 17");
    assert_success(codedb_class_get(w->db, w->class_object.id, &object, &w->result), w->result);
    assert_int_equal(object->line, 7);
    assert_string_equal(object->docstring, "ABC");
    assert_string_equal(object->bases, "17");
    codedb_free(object);
    world_execute(w, "INSERT INTO watch_dirs(id) VALUES ('" /* 80 bytes */
                     "12345678901234567890123456789012345678901234567890123456789012345678901234567890')");
    codedb_watch_directories *list;
    assert_code(codedb_watch_directory_list(w->db, NULL, &list, &w->result), CODEDB_DATABASE_ERROR, w->result);
    assert_null(list);
}

static void a_list_is_in_the_order_that_was_asked_for(void **state)
{
    world *w = *state;
    static const char *const names[] = {"b", "c", "a"};
    codedb_list_options options = CODEDB_INIT(codedb_list_options);
    codedb_column where = {"file_id", {.type = CODEDB_VALUE_INTEGER}};
    codedb_order order = {"name", 1};
    codedb_imports *list;
    for (int i = 0; i < 3; i++) {
        codedb_import import = CODEDB_INIT(codedb_import);
        import.file_id = w->file.id;
        import.name = names[i];
        import.import_type = "import";
        import.line = i + 1;
        assert_success(codedb_import_create(w->db, &import, &w->result), w->result);
    }
    where.value.as.integer = w->file.id;
    options.where = &where;
    options.where_count = 1;
    options.order_by = &order;
    options.order_by_count = 1;
    options.limit = 2;
    assert_success(codedb_import_list(w->db, &options, &list, &w->result), w->result);
    assert_int_equal(list->count, 2);
    assert_string_equal(list->items[0]->name, "c");
    assert_string_equal(list->items[1]->name, "b");
    codedb_free(list);
}

/* ---- memory ---- */

static void every_failed_allocation_is_an_answer(void **state)
{
    support_failing failing;
    (void)state;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_open_options options = CODEDB_INIT(codedb_open_options);
        codedb_result result = CODEDB_INIT(codedb_result);
        codedb *db = NULL;
        codedb_projects *list = NULL;
        codedb_file file = CODEDB_INIT(codedb_file);
        codedb_watch_directory watch = CODEDB_INIT(codedb_watch_directory);
        codedb_watch_directory_path path = CODEDB_INIT(codedb_watch_directory_path);
        codedb_project project = CODEDB_INIT(codedb_project);
        codedb_file *found = NULL;
        char *json = NULL;
        options.allocator = &failing.allocator;
        project.root_path = "/p";
        file.project_id = project.id;
        file.path = "/p/a.py";
        path.watch_dir_id = watch.id;
        path.absolute_path = "/p/";
        codedb_code code = codedb_open(":memory:", &options, &db, &result);
        code = code != CODEDB_SUCCESS ? code : codedb_project_create(db, &project, &result);
        code = code != CODEDB_SUCCESS ? code : codedb_file_create(db, &file, &result);
        code = code != CODEDB_SUCCESS ? code : codedb_watch_directory_create(db, &watch, &result);
        code = code != CODEDB_SUCCESS ? code : codedb_watch_directory_path_create(db, &path, &result);
        code = code != CODEDB_SUCCESS ? code : codedb_file_get(db, file.id, &found, &result);
        code = code != CODEDB_SUCCESS ? code : codedb_project_list(db, NULL, &list, &result);
        code = code != CODEDB_SUCCESS ? code : codedb_ast_save(db, file.id, "[]", 2, NULL, &result);
        code = code != CODEDB_SUCCESS ? code : codedb_ast_get(db, file.id, &json, NULL, &result);
        file.lines = 3;
        file.present = CODEDB_FILE_LINES;
        code = code != CODEDB_SUCCESS ? code : codedb_file_update(db, &file, &result);
        code = code != CODEDB_SUCCESS ? code : codedb_project_delete(db, project.id, &result);
        codedb_free(found);
        codedb_free(list);
        codedb_free(json);
        codedb_close(db);
        codedb_result_clear(&result);
        support_failing_check(&failing, code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_created_is_read_again),
        cmocka_unit_test(an_update_writes_what_is_present_and_no_more),
        cmocka_unit_test(what_is_required_is_named_when_it_is_missing),
        cmocka_unit_test(a_list_narrows_and_chooses_fields),
        cmocka_unit_test(what_is_deleted_is_not_found),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test_setup_teardown(every_mistake_of_an_object_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_out_of_range_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_foreign_key_must_exist, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unset_values_are_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_given_value_is_kept_though_codedb_would_make_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_zero_that_is_meant_needs_its_bit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_update_refreshes_hash_and_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_older_struct_lacks_its_last_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_watched_path_is_normalized, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_project_has_the_id_of_its_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_without_a_dataset_goes_to_the_default_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_refused_makes_no_dataset, set_up, tear_down),
        cmocka_unit_test_setup_teardown(objects_take_part_in_a_transaction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deleting_a_project_deletes_all_that_is_its, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deleting_a_watch_directory_leaves_its_project, set_up, tear_down),
        cmocka_unit_test_setup_teardown(changed_content_is_found_by_its_new_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_saved_ast_replaces_the_one_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_ast_is_not_saved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_of_other_types_are_read_as_they_can_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_is_in_the_order_that_was_asked_for, set_up, tear_down),
        cmocka_unit_test(every_failed_allocation_is_an_answer),
    };
    return support_run_both("objects", tests);
}
