/* codedb_search.c -- finders: relations, names, usages, counts, duplicates, full text, vectors.
 *
 * Called by the host in any thread; calls codedb_sql_execute with bound values, and the engine (codedb_objects.c) for what one
 * table can answer. Only names from the descriptions become SQL.
 *
 * Invariants:
 * 1. A missing optional id never hides a row: optional relations are LEFT JOINs.
 * 2. The searched table has the alias `t`.
 *
 * Contents: queries, relations, structures, names and usages, counts, duplicates, full text, vectors. */
#include "codedb_objects.h"

#include <stdio.h>
#include <string.h>

/* ---- queries ------------------------------------------------------------------------------------------------------ */

/* A SELECT in the making: its text and its parameters. */
typedef struct search_query {
    codedb *db;
    codedb_kind kind;
    codedb_buffer sql;
    codedb_buffer parameters; /* codedb_values */
} search_query;

/* Adds SQL text, and the value of its `?`. */
static void search_add(search_query *query, const char *sql, codedb_value value)
{
    codedb_buffer_append_text(&query->sql, sql);
    codedb_buffer_append(&query->parameters, &value, sizeof value);
}

static void search_add_text(search_query *query, const char *sql)
{
    codedb_buffer_append_text(&query->sql, sql);
}

/* Begins "SELECT t.a AS a, ... FROM table t" with the fields (0: all) that the database has. */
static void search_begin(search_query *query, codedb *db, codedb_kind kind, uint64_t fields)
{
    const codedb_description *description = codedb_description_of(kind);
    uint64_t columns = codedb_object_columns(db, kind);
    const char *separator = "SELECT ";
    query->db = db;
    query->kind = kind;
    codedb_buffer_init(&query->sql, codedb_object_allocator(db));
    codedb_buffer_init(&query->parameters, codedb_object_allocator(db));
    columns &= fields == 0 ? UINT64_MAX : fields | UINT64_C(1) << description->key;
    for (size_t i = 0; i < description->field_count; i++) {
        if ((columns >> i & 1) != 0) {
            codedb_buffer_printf(&query->sql, "%st.%s AS %s", separator, description->fields[i].name,
                                 description->fields[i].name);
            separator = ", ";
        }
    }
    codedb_buffer_printf(&query->sql, " FROM %s t", description->table);
}

static void search_end(search_query *query)
{
    codedb_buffer_free(&query->sql);
    codedb_buffer_free(&query->parameters);
}

static codedb_code search_run_rows(search_query *query, codedb_rows **rows, codedb_result *result)
{
    if (query->sql.failed || query->parameters.failed)
        return codedb_fail_no_memory(result);
    return codedb_sql_execute(query->db, query->sql.data, (const codedb_value *)(const void *)query->parameters.data,
                              query->parameters.length / sizeof(codedb_value), rows, NULL, result);
}

/* Runs the query and ends it. */
static codedb_code search_run(search_query *query, void **list, codedb_result *result)
{
    codedb_rows *rows = NULL;
    codedb_code code = search_run_rows(query, &rows, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_object_list_from_rows(query->db, query->kind, rows, list, result);
    codedb_free(rows);
    search_end(query);
    return code;
}

static void search_add_limit(search_query *query, int64_t limit, int64_t offset)
{
    if (limit > 0 || offset > 0) {
        search_add(query, " LIMIT ?", codedb_value_integer(limit > 0 ? limit : INT64_MAX));
        search_add(query, " OFFSET ?", codedb_value_integer(offset > 0 ? offset : 0));
    }
}

/* Is `name` a column of the kind? Only such names become SQL. */
static const char *search_column(codedb_kind kind, const char *name, codedb_result *result)
{
    const codedb_description *description = codedb_description_of(kind);
    for (size_t i = 0; name != NULL && i < description->field_count; i++)
        if (strcmp(description->fields[i].name, name) == 0)
            return description->fields[i].name;
    codedb_fail(result, CODEDB_SCHEMA_ERROR, "found the column \"%.80s\", expected one of %s", name == NULL ? "" : name,
                description->table);
    return NULL;
}

static codedb_code search_add_conditions(search_query *query, const codedb_list_options *options, codedb_result *result)
{
    for (size_t i = 0; i < options->where_count; i++) {
        const char *name = search_column(query->kind, options->where[i].name, result);
        if (name == NULL)
            return CODEDB_SCHEMA_ERROR;
        if (options->where[i].value.type == CODEDB_VALUE_NULL) {
            codedb_buffer_printf(&query->sql, " AND t.%s IS NULL", name);
        } else {
            codedb_buffer_printf(&query->sql, " AND t.%s", name);
            search_add(query, " = ?", options->where[i].value);
        }
    }
    return CODEDB_SUCCESS;
}

/* Adds the host's further conditions, order and limit behind a WHERE. */
static codedb_code search_add_options(search_query *query, const codedb_list_options *options, codedb_result *result)
{
    codedb_code code = options == NULL ? CODEDB_SUCCESS : search_add_conditions(query, options, result);
    const char *separator = " ORDER BY ";
    for (size_t i = 0; code == CODEDB_SUCCESS && options != NULL && i < options->order_by_count; i++) {
        const char *name = search_column(query->kind, options->order_by[i].column, result);
        if (name == NULL)
            return CODEDB_SCHEMA_ERROR;
        codedb_buffer_printf(&query->sql, "%st.%s%s", separator, name, options->order_by[i].descending ? " DESC" : "");
        separator = ", ";
    }
    if (code == CODEDB_SUCCESS && (options == NULL || options->order_by_count == 0))
        search_add_text(query, " ORDER BY t.id");
    if (code == CODEDB_SUCCESS && options != NULL)
        search_add_limit(query, options->limit, options->offset);
    return code;
}

static codedb_code search_check_arguments(codedb *db, const void *first, const void *second, codedb_result *result)
{
    if (db == NULL || first == NULL || second == NULL) {
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "found NULL for %s, expected a pointer",
                           db == NULL ? "db" : "a required argument");
    }
    return CODEDB_SUCCESS;
}

/* ---- relations ---------------------------------------------------------------------------------------------------- */

/* What belongs to an owner: `sql` follows "SELECT ... FROM table t" and has the owner as ?1. A database that lacks some of the
 * columns `needs` is asked by `otherwise`. */
typedef struct search_relation {
    codedb_kind kind;
    uint64_t needs;
    const char *sql;
    const char *otherwise;
} search_relation;

#define SEARCH_IN_FILES " JOIN files x ON x.id = t.file_id WHERE x.project_id = ?1"
#define SEARCH_IN_FILE " WHERE t.file_id = ?1"
#define SEARCH_ISSUE_OWNERS \
    (CODEDB_ISSUE_FILE_ID | CODEDB_ISSUE_PROJECT_ID | CODEDB_ISSUE_CLASS_ID | CODEDB_ISSUE_FUNCTION_ID | CODEDB_ISSUE_METHOD_ID)

/* An issue without a file_id has that of its class, function or method. Each part of the union has an index to start from. */
static const char search_issues_of_file[] =
    " WHERE t.id IN (SELECT id FROM issues WHERE file_id = ?1"
    " UNION SELECT i.id FROM classes c JOIN issues i ON i.class_id = c.id WHERE c.file_id = ?1 AND i.file_id IS NULL"
    " UNION SELECT i.id FROM functions f JOIN issues i ON i.function_id = f.id WHERE f.file_id = ?1 AND i.file_id IS NULL"
    " UNION SELECT i.id FROM classes c JOIN methods m ON m.class_id = c.id JOIN issues i ON i.method_id = m.id"
    " WHERE c.file_id = ?1 AND i.file_id IS NULL)";
static const char search_issues_of_project[] =
    " WHERE t.id IN (SELECT id FROM issues WHERE project_id = ?1"
    " UNION SELECT i.id FROM issues i LEFT JOIN methods m ON m.id = i.method_id"
    " LEFT JOIN classes c ON c.id = coalesce(i.class_id, m.class_id) LEFT JOIN functions f ON f.id = i.function_id"
    " JOIN files x ON x.id = coalesce(i.file_id, c.file_id, f.file_id) WHERE i.project_id IS NULL AND x.project_id = ?1)";

static codedb_code search_check_relation(codedb *db, const search_relation *relation, const codedb_value *owner,
                                         const codedb_list_options *options, void **list, codedb_list_options *own,
                                         codedb_result *result)
{
    codedb_code code = search_check_arguments(db, list, list, result);
    if (code == CODEDB_SUCCESS && owner->type == CODEDB_VALUE_NULL) {
        code = codedb_fail(result, CODEDB_INVALID_REQUEST, "found NULL, expected the id of the owner of %s",
                           codedb_description_of(relation->kind)->table);
    }
    return code == CODEDB_SUCCESS ? codedb_struct_take(own, sizeof *own, options, "codedb_list_options", result) : code;
}

static codedb_code search_related(codedb *db, const search_relation *relation, codedb_value owner,
                                  const codedb_list_options *options, void **list, codedb_result *result)
{
    search_query query;
    codedb_list_options own;
    codedb_code code = search_check_relation(db, relation, &owner, options, list, &own, result);
    if (code != CODEDB_SUCCESS)
        return code;
    bool complete = (codedb_object_columns(db, relation->kind) & relation->needs) == relation->needs;
    search_begin(&query, db, relation->kind, own.fields);
    search_add(&query, complete ? relation->sql : relation->otherwise, owner);
    code = search_add_options(&query, &own, result);
    if (code == CODEDB_SUCCESS)
        return search_run(&query, list, result);
    search_end(&query);
    return code;
}

#define SEARCH_FUNCTION(name, list_name, owner_type, to_value, ...)                                                        \
    codedb_code codedb_##name(codedb *db, owner_type owner, const codedb_list_options *options, codedb_##list_name **list, \
                              codedb_result *result)                                                                       \
    {                                                                                                                      \
        static const search_relation relation = {__VA_ARGS__};                                                             \
        void *made = NULL;                                                                                                 \
        codedb_code code = search_related(db, &relation, to_value(owner), options, list == NULL ? NULL : &made, result);   \
        if (list != NULL)                                                                                                  \
            *list = made;                                                                                                  \
        return code;                                                                                                       \
    }
#define SEARCH_BY_TEXT(name, list_name, ...) SEARCH_FUNCTION(name, list_name, const char *, codedb_value_text, __VA_ARGS__)
#define SEARCH_BY_NUMBER(name, list_name, ...) SEARCH_FUNCTION(name, list_name, int64_t, codedb_value_integer, __VA_ARGS__)

SEARCH_BY_TEXT(project_datasets, datasets, CODEDB_KIND_DATASET, 0, " WHERE t.project_id = ?1", NULL)
SEARCH_BY_TEXT(project_files, files, CODEDB_KIND_FILE, 0, " WHERE t.project_id = ?1", NULL)
SEARCH_BY_TEXT(project_chunks, code_chunks, CODEDB_KIND_CODE_CHUNK, 0, " WHERE t.project_id = ?1", NULL)
SEARCH_BY_TEXT(project_issues, issues, CODEDB_KIND_ISSUE, SEARCH_ISSUE_OWNERS, search_issues_of_project, SEARCH_IN_FILES)
SEARCH_BY_TEXT(dataset_files, files, CODEDB_KIND_FILE, 0, " WHERE t.dataset_id = ?1", NULL)
SEARCH_BY_NUMBER(file_classes, classes, CODEDB_KIND_CLASS, 0, SEARCH_IN_FILE, NULL)
SEARCH_BY_NUMBER(file_methods, methods, CODEDB_KIND_METHOD, 0, " JOIN classes c ON c.id = t.class_id WHERE c.file_id = ?1", NULL)
SEARCH_BY_NUMBER(file_functions, functions, CODEDB_KIND_FUNCTION, 0, SEARCH_IN_FILE, NULL)
SEARCH_BY_NUMBER(file_imports, imports, CODEDB_KIND_IMPORT, 0, SEARCH_IN_FILE, NULL)
SEARCH_BY_NUMBER(file_issues, issues, CODEDB_KIND_ISSUE, SEARCH_ISSUE_OWNERS, search_issues_of_file, SEARCH_IN_FILE)
SEARCH_BY_NUMBER(file_usages, usages, CODEDB_KIND_USAGE, 0, SEARCH_IN_FILE, NULL)
SEARCH_BY_NUMBER(file_chunks, code_chunks, CODEDB_KIND_CODE_CHUNK, 0, SEARCH_IN_FILE, NULL)
SEARCH_BY_NUMBER(file_contents, code_contents, CODEDB_KIND_CODE_CONTENT, 0, SEARCH_IN_FILE, NULL)
SEARCH_BY_NUMBER(class_methods, methods, CODEDB_KIND_METHOD, 0, " WHERE t.class_id = ?1", NULL)

/* ---- structures --------------------------------------------------------------------------------------------------- */

/* An answer of several kinds in the making: `root` is what the host gets, and `arena` holds it all. */
typedef struct search_answer {
    codedb *db;
    codedb_arena *arena;
    void *root;
    codedb_code code; /* sticky: behind an error nothing is read */
    codedb_result *result;
} search_answer;

static void search_answer_begin(search_answer *answer, codedb *db, size_t root_size, codedb_result *result)
{
    answer->db = db;
    answer->result = result;
    answer->arena = codedb_arena_create(codedb_object_allocator(db));
    answer->root = answer->arena == NULL ? NULL : codedb_arena_allocate_root(answer->arena, 1, root_size);
    answer->code = answer->root == NULL ? codedb_fail_no_memory(result) : CODEDB_SUCCESS;
}

/* What the host gets: NULL on an error, which is answer->code. */
static void *search_answer_end(search_answer *answer)
{
    if (answer->code == CODEDB_SUCCESS)
        return answer->root;
    codedb_arena_destroy(answer->arena);
    return NULL;
}

/* Memory of the answer; sets the error when there is none. */
static void *search_answer_allocate(search_answer *answer, size_t count, size_t size)
{
    void *memory = answer->code == CODEDB_SUCCESS ? codedb_arena_allocate(answer->arena, count, size) : NULL;
    if (answer->code == CODEDB_SUCCESS && memory == NULL)
        answer->code = codedb_fail_no_memory(answer->result);
    return memory;
}

/* Reads all that match; `sql` has the owner as its one parameter. */
static size_t search_answer_read(search_answer *answer, codedb_kind kind, const char *sql, codedb_value owner,
                                 void *const **items)
{
    search_query query;
    codedb_rows *rows = NULL;
    size_t count = 0;
    *items = NULL;
    if (answer->code != CODEDB_SUCCESS)
        return 0;
    search_begin(&query, answer->db, kind, 0);
    search_add(&query, sql, owner);
    answer->code = search_run_rows(&query, &rows, answer->result);
    if (answer->code == CODEDB_SUCCESS) {
        count = rows->row_count;
        answer->code = codedb_object_load(answer->arena, kind, rows, items, answer->result);
    }
    codedb_free(rows);
    search_end(&query);
    return count;
}

/* Reads the one object with this id. */
static void *search_answer_read_one(search_answer *answer, codedb_kind kind, int64_t id)
{
    void *const *items;
    size_t count = search_answer_read(answer, kind, " WHERE t.id = ?", codedb_value_integer(id), &items);
    if (answer->code == CODEDB_SUCCESS && count == 0) {
        answer->code = codedb_fail(answer->result, CODEDB_NOT_FOUND, "no %s has the id %lld", codedb_description_of(kind)->object,
                                   (long long)id);
    }
    return answer->code == CODEDB_SUCCESS ? items[0] : NULL;
}

codedb_code codedb_class_structure_get(codedb *db, int64_t class_id, codedb_class_structure **structure, codedb_result *result)
{
    search_answer answer;
    void *const *methods;
    codedb_code code = search_check_arguments(db, structure, structure, result);
    if (code != CODEDB_SUCCESS)
        return code;
    search_answer_begin(&answer, db, sizeof **structure, result);
    codedb_class *object = search_answer_read_one(&answer, CODEDB_KIND_CLASS, class_id);
    size_t count = search_answer_read(&answer, CODEDB_KIND_METHOD, " WHERE t.class_id = ? ORDER BY t.line, t.id",
                                      codedb_value_integer(class_id), &methods);
    *structure = search_answer_end(&answer);
    if (*structure != NULL) {
        (*structure)->object = object;
        (*structure)->method_count = count;
        (*structure)->methods = (codedb_method *const *)methods;
    }
    return answer.code;
}

/* Gives each class its methods, which are in the order of their classes' ids. */
static void search_share_methods(codedb_class_structure *classes, size_t class_count, codedb_method *const *methods,
                                 size_t method_count)
{
    for (size_t i = 0; i < class_count; i++) {
        size_t low = 0;
        size_t high = method_count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (methods[middle]->class_id < classes[i].object->id)
                low = middle + 1;
            else
                high = middle;
        }
        classes[i].methods = methods + low;
        while (low < method_count && methods[low]->class_id == classes[i].object->id) {
            low++;
            classes[i].method_count++;
        }
    }
}

codedb_code codedb_file_structure_get(codedb *db, int64_t file_id, codedb_file_structure **structure, codedb_result *result)
{
    static const char in_line_order[] = " WHERE t.file_id = ? ORDER BY t.line, t.id";
    codedb_file_structure made = {0};
    codedb_value id = codedb_value_integer(file_id);
    search_answer answer;
    void *const *classes;
    void *const *methods;
    void *const *functions;
    void *const *imports;
    codedb_code code = search_check_arguments(db, structure, structure, result);
    if (code != CODEDB_SUCCESS)
        return code;
    search_answer_begin(&answer, db, sizeof made, result);
    made.object = search_answer_read_one(&answer, CODEDB_KIND_FILE, file_id);
    made.class_count = search_answer_read(&answer, CODEDB_KIND_CLASS, in_line_order, id, &classes);
    size_t method_count = search_answer_read(&answer, CODEDB_KIND_METHOD,
                                             " JOIN classes c ON c.id = t.class_id WHERE c.file_id = ?"
                                             " ORDER BY t.class_id, t.line, t.id",
                                             id, &methods);
    made.function_count = search_answer_read(&answer, CODEDB_KIND_FUNCTION, in_line_order, id, &functions);
    made.import_count = search_answer_read(&answer, CODEDB_KIND_IMPORT, in_line_order, id, &imports);
    codedb_class_structure *parts = search_answer_allocate(&answer, made.class_count, sizeof *parts);
    *structure = search_answer_end(&answer);
    if (*structure != NULL) {
        for (size_t i = 0; i < made.class_count; i++)
            parts[i].object = classes[i];
        search_share_methods(parts, made.class_count, (codedb_method *const *)methods, method_count);
        made.classes = parts;
        made.functions = (codedb_function *const *)functions;
        made.imports = (codedb_import *const *)imports;
        **structure = made;
    }
    return answer.code;
}

/* ---- names and usages --------------------------------------------------------------------------------------------- */

static codedb_code search_check_names(codedb *db, const codedb_name_search *given, const void *list, codedb_name_search *search,
                                      codedb_result *result)
{
    codedb_code code = search_check_arguments(db, given, list, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_struct_take(search, sizeof *search, given, "codedb_name_search", result);
    if (code == CODEDB_SUCCESS && search->name == NULL)
        code = codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_name_search.name: found NULL, expected a pattern");
    if (code == CODEDB_SUCCESS && (search->pattern < CODEDB_PATTERN_GLOB || search->pattern > CODEDB_PATTERN_EXACT)) {
        code = codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_name_search.pattern: found %d, expected 0 to 2",
                           (int)search->pattern);
    }
    return code;
}

static codedb_code search_names(codedb *db, codedb_kind kind, const codedb_name_search *given, void **list, codedb_result *result)
{
    static const char *const operators[] = {" GLOB ?", " LIKE ? ESCAPE '\\'", " = ?"};
    search_query query;
    codedb_name_search search;
    codedb_code code = search_check_names(db, given, list, &search, result);
    if (code != CODEDB_SUCCESS)
        return code;
    search_begin(&query, db, kind, 0);
    if (search.project_id != NULL && kind == CODEDB_KIND_METHOD)
        search_add_text(&query, " JOIN classes c ON c.id = t.class_id JOIN files x ON x.id = c.file_id");
    else if (search.project_id != NULL)
        search_add_text(&query, " JOIN files x ON x.id = t.file_id");
    search_add_text(&query, " WHERE (t.name");
    search_add(&query, operators[search.pattern], codedb_value_text(search.name));
    if (kind == CODEDB_KIND_IMPORT) {
        search_add_text(&query, " OR t.module");
        search_add(&query, operators[search.pattern], codedb_value_text(search.name));
    }
    search_add_text(&query, ")");
    if (search.project_id != NULL)
        search_add(&query, " AND x.project_id = ?", codedb_value_text(search.project_id));
    search_add_text(&query, " ORDER BY t.name, t.id");
    search_add_limit(&query, search.limit, search.offset);
    return search_run(&query, list, result);
}

#define SEARCH_NAMES(object, list_name, kind)                                                                   \
    codedb_code codedb_##object##_find(codedb *db, const codedb_name_search *search, codedb_##list_name **list, \
                                       codedb_result *result)                                                   \
    {                                                                                                           \
        void *made = NULL;                                                                                      \
        codedb_code code = search_names(db, CODEDB_KIND_##kind, search, list == NULL ? NULL : &made, result);   \
        if (list != NULL)                                                                                       \
            *list = made;                                                                                       \
        return code;                                                                                            \
    }

SEARCH_NAMES(class, classes, CLASS)
SEARCH_NAMES(method, methods, METHOD)
SEARCH_NAMES(function, functions, FUNCTION)
SEARCH_NAMES(import, imports, IMPORT)

codedb_code codedb_issue_find(codedb *db, const char *project_id, const char *issue_type, codedb_issues **list,
                              codedb_result *result)
{
    codedb_column type = {codedb_column_name(CODEDB_KIND_ISSUE, CODEDB_ISSUE_ISSUE_TYPE), codedb_value_text(issue_type)};
    codedb_list_options options = CODEDB_INIT(codedb_list_options);
    codedb_code code = search_check_arguments(db, issue_type, list, result);
    if (list != NULL)
        *list = NULL;
    if (code != CODEDB_SUCCESS)
        return code;
    options.where = &type;
    options.where_count = 1;
    return project_id == NULL ? codedb_issue_list(db, &options, list, result)
                              : codedb_project_issues(db, project_id, &options, list, result);
}

codedb_code codedb_usage_find(codedb *db, const codedb_usage_search *given, codedb_usages **list, codedb_result *result)
{
    search_query query;
    codedb_usage_search search;
    void *made = NULL;
    codedb_code code = search_check_arguments(db, given, list, result);
    if (list != NULL)
        *list = NULL;
    if (code == CODEDB_SUCCESS)
        code = codedb_struct_take(&search, sizeof search, given, "codedb_usage_search", result);
    if (code == CODEDB_SUCCESS && search.target_name == NULL)
        code = codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_usage_search.target_name: found NULL, expected a name");
    if (code != CODEDB_SUCCESS)
        return code;
    search_begin(&query, db, CODEDB_KIND_USAGE, 0);
    search_add_text(&query, search.project_id == NULL ? "" : " JOIN files x ON x.id = t.file_id");
    search_add(&query, " WHERE t.target_name = ?", codedb_value_text(search.target_name));
    if (search.target_type != NULL)
        search_add(&query, " AND t.target_type = ?", codedb_value_text(search.target_type));
    if (search.target_class != NULL)
        search_add(&query, " AND t.target_class = ?", codedb_value_text(search.target_class));
    if (search.project_id != NULL)
        search_add(&query, " AND x.project_id = ?", codedb_value_text(search.project_id));
    search_add_text(&query, " ORDER BY t.file_id, t.line, t.id");
    search_add_limit(&query, search.limit, search.offset);
    code = search_run(&query, &made, result);
    *list = made;
    return code;
}

/* ---- counts ------------------------------------------------------------------------------------------------------- */

/* One number of codedb_counts: what follows "SELECT count(*) FROM table t", of all, of project ?1, of file ?1. A database that
 * lacks some of the columns `needs` is asked by `otherwise`. */
typedef struct search_count {
    size_t offset;
    codedb_kind kind;
    const char *of_all;
    const char *of_project;
    const char *of_file;
    uint64_t needs;
    const struct search_count *otherwise;
} search_count;

static const search_count search_count_files = {0, CODEDB_KIND_FILE, "", " WHERE t.project_id = ?1", " WHERE t.id = ?1", 0, NULL};
static const search_count search_count_issues = {0, CODEDB_KIND_ISSUE, "", SEARCH_IN_FILES, SEARCH_IN_FILE, 0, NULL};
static const search_count search_counts[] = {
    {offsetof(codedb_counts, datasets), CODEDB_KIND_DATASET, "", " WHERE t.project_id = ?1",
     " WHERE t.id = (SELECT dataset_id FROM files WHERE id = ?1)", 0, NULL},
    {offsetof(codedb_counts, files), CODEDB_KIND_FILE, " WHERE ifnull(t.deleted, 0) = 0",
     " WHERE t.project_id = ?1 AND ifnull(t.deleted, 0) = 0", " WHERE t.id = ?1 AND ifnull(t.deleted, 0) = 0",
     CODEDB_FILE_DELETED, &search_count_files},
    {offsetof(codedb_counts, classes), CODEDB_KIND_CLASS, "", SEARCH_IN_FILES, SEARCH_IN_FILE, 0, NULL},
    {offsetof(codedb_counts, methods), CODEDB_KIND_METHOD, "",
     " JOIN classes c ON c.id = t.class_id JOIN files x ON x.id = c.file_id WHERE x.project_id = ?1",
     " JOIN classes c ON c.id = t.class_id WHERE c.file_id = ?1", 0, NULL},
    {offsetof(codedb_counts, functions), CODEDB_KIND_FUNCTION, "", SEARCH_IN_FILES, SEARCH_IN_FILE, 0, NULL},
    {offsetof(codedb_counts, imports), CODEDB_KIND_IMPORT, "", SEARCH_IN_FILES, SEARCH_IN_FILE, 0, NULL},
    {offsetof(codedb_counts, issues), CODEDB_KIND_ISSUE, "", search_issues_of_project, search_issues_of_file, SEARCH_ISSUE_OWNERS,
     &search_count_issues},
    {offsetof(codedb_counts, usages), CODEDB_KIND_USAGE, "", SEARCH_IN_FILES, SEARCH_IN_FILE, 0, NULL},
    {offsetof(codedb_counts, duplicates), CODEDB_KIND_CODE_DUPLICATE, "", " WHERE t.project_id = ?1",
     " WHERE t.id IN (SELECT duplicate_id FROM duplicate_occurrences WHERE file_id = ?1)", 0, NULL},
    {offsetof(codedb_counts, chunks), CODEDB_KIND_CODE_CHUNK, "", " WHERE t.project_id = ?1", SEARCH_IN_FILE, 0, NULL},
    {offsetof(codedb_counts, contents), CODEDB_KIND_CODE_CONTENT, "", SEARCH_IN_FILES, SEARCH_IN_FILE, 0, NULL},
};
#define SEARCH_COUNTS (sizeof search_counts / sizeof search_counts[0])

static const char *search_count_sql(codedb *db, const search_count *count, const codedb_kind *owner)
{
    if ((codedb_object_columns(db, count->kind) & count->needs) != count->needs)
        count = count->otherwise;
    if (owner == NULL)
        return count->of_all;
    return *owner == CODEDB_KIND_PROJECT ? count->of_project : count->of_file;
}

/* Counts what belongs to an owner (NULL: what there is) in one statement. A table that the database has not counts 0. */
static codedb_code search_count_all(codedb *db, const codedb_kind *owner, codedb_value id, codedb_counts *counts,
                                    codedb_result *result)
{
    codedb_buffer sql;
    codedb_rows *rows = NULL;
    codedb_buffer_init(&sql, codedb_object_allocator(db));
    codedb_buffer_append_text(&sql, "SELECT ");
    for (size_t i = 0; i < SEARCH_COUNTS; i++) {
        if (codedb_object_has_table(db, search_counts[i].kind)) {
            codedb_buffer_printf(&sql, "(SELECT count(*) FROM %s t%s), ", codedb_description_of(search_counts[i].kind)->table,
                                 search_count_sql(db, &search_counts[i], owner));
        } else {
            codedb_buffer_append_text(&sql, "0, ");
        }
    }
    codedb_buffer_printf(&sql, owner == NULL ? "1" : "(SELECT count(*) FROM %s WHERE id = ?1)",
                         owner == NULL ? "" : codedb_description_of(*owner)->table);
    codedb_code code = sql.failed ? codedb_fail_no_memory(result)
                                  : codedb_sql_execute(db, sql.data, &id, owner == NULL ? 0 : 1, &rows, NULL, result);
    if (code == CODEDB_SUCCESS && rows->values[SEARCH_COUNTS].as.integer == 0)
        code = codedb_fail(result, CODEDB_NOT_FOUND, "there is no such %s", codedb_description_of(*owner)->object);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < SEARCH_COUNTS; i++)
        *(int64_t *)(void *)((char *)counts + search_counts[i].offset) = rows->values[i].as.integer;
    codedb_free(rows);
    codedb_buffer_free(&sql);
    return code;
}

/* Clears the host's counts, which may be an older, smaller struct. */
static codedb_code search_clear_counts(codedb *db, codedb_counts *counts, codedb_result *result)
{
    codedb_counts none;
    codedb_code code = search_check_arguments(db, counts, counts, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_struct_take(&none, sizeof none, counts, "codedb_counts", result);
    if (code == CODEDB_SUCCESS) {
        none = (codedb_counts)CODEDB_INIT(codedb_counts);
        codedb_struct_give(counts, &none, sizeof none);
    }
    return code;
}

static codedb_code search_counts_of(codedb *db, const codedb_kind *owner, codedb_value id, codedb_counts *counts,
                                    codedb_result *result)
{
    codedb_counts made = CODEDB_INIT(codedb_counts);
    codedb_code code = search_clear_counts(db, counts, result);
    if (code == CODEDB_SUCCESS)
        code = search_count_all(db, owner, id, &made, result);
    if (code == CODEDB_SUCCESS)
        codedb_struct_give(counts, &made, sizeof made);
    return code;
}

codedb_code codedb_project_counts(codedb *db, const char *project_id, codedb_counts *counts, codedb_result *result)
{
    static const codedb_kind owner = CODEDB_KIND_PROJECT;
    return search_counts_of(db, project_id == NULL ? NULL : &owner, codedb_value_text(project_id), counts, result);
}

codedb_code codedb_file_counts(codedb *db, int64_t file_id, codedb_counts *counts, codedb_result *result)
{
    static const codedb_kind owner = CODEDB_KIND_FILE;
    return search_counts_of(db, &owner, codedb_value_integer(file_id), counts, result);
}

/* ---- duplicates --------------------------------------------------------------------------------------------------- */

/* Gives each group its occurrences, which are in the order of their groups' ids. */
static void search_share_occurrences(codedb_duplicate_group *groups, size_t group_count,
                                     codedb_duplicate_occurrence *const *occurrences, size_t occurrence_count)
{
    for (size_t i = 0; i < group_count; i++) {
        size_t low = 0;
        size_t high = occurrence_count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (occurrences[middle]->duplicate_id < groups[i].object->id)
                low = middle + 1;
            else
                high = middle;
        }
        groups[i].occurrences = occurrences + low;
        while (low < occurrence_count && occurrences[low]->duplicate_id == groups[i].object->id) {
            low++;
            groups[i].occurrence_count++;
        }
    }
}

codedb_code codedb_project_duplicates(codedb *db, const char *project_id, codedb_duplicate_groups **groups, codedb_result *result)
{
    search_answer answer;
    void *const *duplicates;
    void *const *occurrences;
    codedb_code code = search_check_arguments(db, project_id, groups, result);
    if (groups != NULL)
        *groups = NULL;
    if (code != CODEDB_SUCCESS)
        return code;
    search_answer_begin(&answer, db, sizeof **groups, result);
    size_t count =
        search_answer_read(&answer, CODEDB_KIND_CODE_DUPLICATE, " WHERE t.project_id = ? ORDER BY t.similarity DESC, t.id",
                           codedb_value_text(project_id), &duplicates);
    size_t occurrence_count = search_answer_read(
        &answer, CODEDB_KIND_DUPLICATE_OCCURRENCE,
        " JOIN code_duplicates d ON d.id = t.duplicate_id WHERE d.project_id = ? ORDER BY t.duplicate_id, t.file_id,"
        " t.start_line",
        codedb_value_text(project_id), &occurrences);
    codedb_duplicate_group *items = search_answer_allocate(&answer, count, sizeof *items);
    *groups = search_answer_end(&answer);
    if (*groups != NULL) {
        for (size_t i = 0; i < count; i++)
            items[i].object = duplicates[i];
        search_share_occurrences(items, count, (codedb_duplicate_occurrence *const *)occurrences, occurrence_count);
        (*groups)->count = count;
        (*groups)->items = items;
    }
    return answer.code;
}

/* ---- full text ---------------------------------------------------------------------------------------------------- */

#define SEARCH_SNIPPET_WORDS 16
#define SEARCH_MAX_SNIPPET_WORDS 64

static bool search_is_word_byte(unsigned char byte)
{
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/* Writes plain words as an FTS5 expression: each a string, so that none of them is an operator. Pieces without a letter or digit
 * are left out: they would match nothing. Returns how many words there are. */
static size_t search_quote_words(codedb_buffer *expression, const char *text, bool prefix)
{
    static const char space[] = " \t\r\n\f\v";
    size_t words = 0;
    while (*(text += strspn(text, space)) != '\0') {
        size_t length = strcspn(text, space);
        bool is_word = false;
        for (size_t i = 0; i < length; i++)
            is_word = is_word || search_is_word_byte((unsigned char)text[i]);
        if (is_word) {
            codedb_buffer_append_text(expression, words++ == 0 ? "\"" : " \"");
            for (size_t i = 0; i < length; i++) {
                codedb_buffer_append_text(expression, text[i] == '"' ? "\"" : "");
                codedb_buffer_append_byte(expression, text[i]);
            }
            codedb_buffer_append_byte(expression, '"');
        }
        text += length;
    }
    if (prefix && words > 0)
        codedb_buffer_append_byte(expression, '*');
    return words;
}

static codedb_code search_check_text(codedb *db, const codedb_text_search *given, const void *matches, codedb_text_search *search,
                                     codedb_result *result)
{
    codedb_code code = search_check_arguments(db, given, matches, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_struct_take(search, sizeof *search, given, "codedb_text_search", result);
    if (code == CODEDB_SUCCESS && search->query == NULL)
        code = codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_text_search.query: found NULL, expected words");
    if (code == CODEDB_SUCCESS && codedb_utf8_valid_length(search->query, strlen(search->query)) < strlen(search->query))
        code = codedb_fail(result, CODEDB_VALIDATION_ERROR, "codedb_text_search.query: found bytes that are not UTF-8");
    if (code == CODEDB_SUCCESS && (search->snippet_words < 0 || search->snippet_words > SEARCH_MAX_SNIPPET_WORDS)) {
        code = codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_text_search.snippet_words: found %d, expected 0 to %d",
                           search->snippet_words, SEARCH_MAX_SNIPPET_WORDS);
    }
    return code;
}

/* The expression in FTS5's language. */
static codedb_code search_write_expression(codedb_buffer *expression, const codedb_text_search *search, codedb_result *result)
{
    size_t words = 1;
    if (search->raw) {
        codedb_buffer_append_text(expression, search->query);
        words = search->query[strspn(search->query, " \t\r\n")] != '\0';
    } else {
        words = search_quote_words(expression, search->query, search->prefix != 0);
    }
    if (words == 0)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "the text to search for, \"%.100s\", holds no word", search->query);
    return expression->failed ? codedb_fail_no_memory(result) : CODEDB_SUCCESS;
}

/* FTS5 sorts by rank itself and before the joins, so that snippets are made of the rows that are answered, and of no others. */
static void search_write_text_query(search_query *query, const codedb_text_search *search, const codedb_buffer *expression)
{
    codedb_value words = {.type = CODEDB_VALUE_TEXT, .length = expression->length};
    bool has_relative_path = (codedb_object_columns(query->db, CODEDB_KIND_FILE) & CODEDB_FILE_RELATIVE_PATH) != 0;
    words.as.text = expression->data;
    search_add_text(query, "SELECT t.id, t.file_id, t.entity_id, coalesce(c.line, m.line, f.line), t.entity_type, t.entity_name,"
                           " x.project_id, x.path, ");
    search_add_text(query, has_relative_path ? "x.relative_path" : "NULL");
    search_add(query, ", snippet(code_content_fts, -1, ?",
               codedb_value_text(search->mark_start == NULL ? "[" : search->mark_start));
    search_add(query, ", ?", codedb_value_text(search->mark_end == NULL ? "]" : search->mark_end));
    search_add(query, ", '...', ?), code_content_fts.rank",
               codedb_value_integer(search->snippet_words == 0 ? SEARCH_SNIPPET_WORDS : search->snippet_words));
    search_add(query,
               " FROM code_content_fts CROSS JOIN code_content t ON t.id = code_content_fts.rowid"
               " LEFT JOIN files x ON x.id = t.file_id"
               " LEFT JOIN classes c ON t.entity_type = 'class' AND c.id = t.entity_id"
               " LEFT JOIN methods m ON t.entity_type = 'method' AND m.id = t.entity_id"
               " LEFT JOIN functions f ON t.entity_type = 'function' AND f.id = t.entity_id"
               " WHERE code_content_fts MATCH ?",
               words);
    if (search->project_id != NULL)
        search_add(query, " AND x.project_id = ?", codedb_value_text(search->project_id));
    if (search->entity_type != NULL)
        search_add(query, " AND t.entity_type = ?", codedb_value_text(search->entity_type));
    search_add_text(query, " ORDER BY code_content_fts.rank");
    search_add_limit(query, search->limit, search->offset);
}

/* What FTS5 says of a bad expression comes as an error of the database, and is the caller's. */
static codedb_code search_explain_error(codedb_code code, const codedb_text_search *search, codedb_result *result)
{
    static const char *const signs[] = {"fts5: ", "no such column", "unterminated string", "unknown special query"};
    if (!search->raw || (code != CODEDB_DATABASE_ERROR && code != CODEDB_SCHEMA_ERROR))
        return code;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        const char *words = strstr(result->description, signs[i]);
        if (words != NULL) {
            char copy[CODEDB_DESCRIPTION_SIZE];
            memcpy(copy, words, strlen(words) + 1);
            return codedb_fail(result, CODEDB_VALIDATION_ERROR, "\"%.100s\" is no full-text expression: %.300s", search->query,
                               copy);
        }
    }
    return code;
}

static int64_t search_integer_of(const codedb_value *value)
{
    return value->type == CODEDB_VALUE_INTEGER ? value->as.integer : 0;
}

/* The value's text in the answer's memory, NULL when it has none. */
static const char *search_text_of(search_answer *answer, const codedb_value *value)
{
    if (value->type != CODEDB_VALUE_TEXT || answer->code != CODEDB_SUCCESS)
        return NULL;
    const char *text = codedb_arena_copy(answer->arena, value->as.text, value->length);
    if (text == NULL)
        answer->code = codedb_fail_no_memory(answer->result);
    return text;
}

static void search_read_match(search_answer *answer, codedb_text_match *match, const codedb_value *values)
{
    match->content_id = search_integer_of(&values[0]);
    match->file_id = search_integer_of(&values[1]);
    match->entity_id = search_integer_of(&values[2]);
    match->line = search_integer_of(&values[3]);
    match->entity_type = search_text_of(answer, &values[4]);
    match->entity_name = search_text_of(answer, &values[5]);
    match->project_id = search_text_of(answer, &values[6]);
    match->path = search_text_of(answer, &values[7]);
    match->relative_path = search_text_of(answer, &values[8]);
    match->snippet = search_text_of(answer, &values[9]);
    match->rank = values[10].type == CODEDB_VALUE_REAL ? values[10].as.real : 0.0;
}

static codedb_code search_read_matches(codedb *db, const codedb_rows *rows, codedb_text_matches **matches, codedb_result *result)
{
    search_answer answer;
    search_answer_begin(&answer, db, sizeof **matches, result);
    codedb_text_match *items = search_answer_allocate(&answer, rows->row_count, sizeof *items);
    for (size_t i = 0; answer.code == CODEDB_SUCCESS && i < rows->row_count; i++)
        search_read_match(&answer, &items[i], rows->values + i * rows->column_count);
    *matches = search_answer_end(&answer);
    if (*matches != NULL) {
        (*matches)->count = rows->row_count;
        (*matches)->items = items;
    }
    return answer.code;
}

codedb_code codedb_text_find(codedb *db, const codedb_text_search *given, codedb_text_matches **matches, codedb_result *result)
{
    codedb_result own = CODEDB_INIT(codedb_result);
    codedb_result *told = result == NULL ? &own : result;
    codedb_text_search search;
    codedb_buffer expression;
    search_query query;
    codedb_rows *rows = NULL;
    codedb_code code = search_check_text(db, given, matches, &search, result);
    if (matches != NULL)
        *matches = NULL;
    if (code != CODEDB_SUCCESS)
        return code;
    query.db = db;
    codedb_buffer_init(&query.sql, codedb_object_allocator(db));
    codedb_buffer_init(&query.parameters, codedb_object_allocator(db));
    codedb_buffer_init(&expression, codedb_object_allocator(db));
    code = search_write_expression(&expression, &search, told);
    if (code == CODEDB_SUCCESS) {
        search_write_text_query(&query, &search, &expression);
        code = search_explain_error(search_run_rows(&query, &rows, told), &search, told);
    }
    if (code == CODEDB_SUCCESS)
        code = search_read_matches(db, rows, matches, told);
    codedb_free(rows);
    codedb_buffer_free(&expression);
    search_end(&query);
    codedb_result_clear(&own);
    return code;
}

/* ---- vectors ------------------------------------------------------------------------------------------------------ */

/* Adds to the batch: the row with the item's key gets its values, or is inserted when there is none. An ON CONFLICT clause would
 * need the unique constraint, which an older database may lack. */
static void search_add_vector(codedb_batch *batch, const codedb_vector_index *item)
{
    static const char update[] = "UPDATE vector_index SET vector_id = ?4, vector_dim = ?5, embedding_model = ?6 "
                                 "WHERE project_id = ?1 AND entity_type = ?2 AND entity_id = ?3";
    static const char insert[] =
        "INSERT INTO vector_index (project_id, entity_type, entity_id, vector_id, vector_dim, embedding_model, created_at) "
        "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS "
        "(SELECT 1 FROM vector_index WHERE project_id = ?1 AND entity_type = ?2 AND entity_id = ?3)";
    codedb_value values[7] = {codedb_value_text(item->project_id),
                              codedb_value_text(item->entity_type),
                              codedb_value_integer(item->entity_id),
                              codedb_value_integer(item->vector_id),
                              codedb_value_integer(item->vector_dim),
                              codedb_value_text(item->embedding_model),
                              {.type = CODEDB_VALUE_REAL}};
    values[6].as.real = codedb_julian_day_now();
    codedb_batch_execute(batch, update, values, 6);
    codedb_batch_execute(batch, insert, values, 7);
}

/* Puts "item 3: " before what is wrong with it. */
static codedb_code search_name_item(codedb_code code, size_t number, codedb_result *result)
{
    char copy[CODEDB_DESCRIPTION_SIZE];
    if (code == CODEDB_VALIDATION_ERROR && result != NULL) {
        memcpy(copy, result->description, sizeof copy);
        snprintf(result->description, sizeof result->description, "item %zu: %.480s", number, copy);
    }
    return code;
}

/* The host's items lie as far from each other as its version of the struct is long. */
static codedb_code search_take_item(codedb_vector_index *item, const codedb_vector_index *items, size_t number, size_t stride,
                                    codedb_result *result)
{
    const codedb_vector_index *given = (const codedb_vector_index *)(const void *)((const char *)items + number * stride);
    if (codedb_struct_read(item, sizeof *item, given) && given->struct_size == stride)
        return CODEDB_SUCCESS;
    return codedb_fail(result, CODEDB_INVALID_REQUEST, "item %zu: codedb_vector_index.struct_size: found %zu, expected %zu",
                       number, given->struct_size, stride >= sizeof stride ? stride : sizeof *item);
}

codedb_code codedb_vectors_save(codedb *db, int64_t file_id, const codedb_vector_index *items, size_t count,
                                codedb_result *result)
{
    codedb_file *file = NULL;
    codedb_batch *batch = NULL;
    codedb_code code = count > 0 ? search_check_arguments(db, items, items, result) : search_check_arguments(db, db, db, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_file_get(db, file_id, &file, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_batch_create(db, &batch, result);
    size_t stride = count > 0 && items != NULL ? items->struct_size : 0;
    for (size_t i = 0; code == CODEDB_SUCCESS && i < count; i++) {
        codedb_vector_index item;
        code = search_take_item(&item, items, i, stride, result);
        if (code != CODEDB_SUCCESS)
            break;
        bool is_file = item.entity_id == 0 && item.entity_type != NULL && strcmp(item.entity_type, "file") == 0;
        item.project_id = file->project_id;
        item.entity_id = is_file ? file_id : item.entity_id;
        code = search_name_item(codedb_object_check(db, CODEDB_KIND_VECTOR_INDEX, &item, result), i, result);
        search_add_vector(batch, &item);
    }
    if (code == CODEDB_SUCCESS && count > 0)
        code = codedb_batch_run(batch, result);
    codedb_batch_free(batch);
    codedb_free(file);
    return code;
}

codedb_code codedb_vectors_get(codedb *db, int64_t file_id, codedb_vector_indexes **list, codedb_result *result)
{
    static const char of_file[] =
        " WHERE (t.entity_type = 'file' AND t.entity_id = ?1)"
        " OR (t.entity_type = 'chunk' AND t.entity_id IN (SELECT id FROM code_chunks WHERE file_id = ?1))"
        " OR (t.entity_type = 'class' AND t.entity_id IN (SELECT id FROM classes WHERE file_id = ?1))"
        " OR (t.entity_type = 'function' AND t.entity_id IN (SELECT id FROM functions WHERE file_id = ?1))"
        " OR (t.entity_type = 'method' AND t.entity_id IN"
        " (SELECT m.id FROM classes c JOIN methods m ON m.class_id = c.id WHERE c.file_id = ?1))"
        " ORDER BY t.entity_type, t.entity_id";
    search_query query;
    void *made = NULL;
    codedb_code code = search_check_arguments(db, list, list, result);
    if (code != CODEDB_SUCCESS)
        return code;
    search_begin(&query, db, CODEDB_KIND_VECTOR_INDEX, 0);
    search_add(&query, of_file, codedb_value_integer(file_id));
    code = search_run(&query, &made, result);
    *list = made;
    return code;
}

#undef SEARCH_ISSUE_OWNERS
#undef SEARCH_FUNCTION
#undef SEARCH_BY_TEXT
#undef SEARCH_BY_NUMBER
#undef SEARCH_NAMES
#undef SEARCH_IN_FILES
#undef SEARCH_IN_FILE
#undef SEARCH_COUNTS
#undef SEARCH_SNIPPET_WORDS
#undef SEARCH_MAX_SNIPPET_WORDS
