/* codedb_tables.c -- what the 21 objects look like in the database: data only.
 *
 * Read by codedb_objects.c (struct <-> row), codedb_schema.c (its tables) and the finders. Constant: any thread may read it.
 * To add a column: its field in the struct and its bit in the enum of codedb.h, both at the end, and a line here.
 *
 * Invariants, which tests/test_tables.c checks:
 * 1. Field i of a description has bit 1 << i in the object's enum.
 * 2. A HASH field stands behind the text that it is the hash of.
 * 3. Every index's columns are fields of its table. */
#include "codedb_objects.h"

/* One line per field: its struct is codedb_<object>, and the column has the member's name. */
#define TABLES_FIELD(object, column, kind, ...)                                                                \
    {                                                                                                          \
        .name = #column, .type = CODEDB_FIELD_##kind, .offset = offsetof(codedb_##object, column), __VA_ARGS__ \
    }
#define TABLES_LONG_TEXT(object, column, ...) \
    TABLES_FIELD(object, column, LONG_TEXT, .length_offset = offsetof(codedb_##object, column##_length), __VA_ARGS__)
#define TABLES_ROW_ID(object) TABLES_FIELD(object, id, INTEGER, .source = CODEDB_SOURCE_DATABASE, .required = true)
#define TABLES_UUID(object, column) TABLES_FIELD(object, column, KEY, .source = CODEDB_SOURCE_UUID, .required = true)
#define TABLES_UNIQUE_UUID(object, column) \
    TABLES_FIELD(object, column, KEY, .source = CODEDB_SOURCE_UUID, .required = true, .unique = true)
#define TABLES_HASH(object, column) TABLES_FIELD(object, column, KEY, .source = CODEDB_SOURCE_HASH, .required = true)
#define TABLES_REQUIRED(object, column, kind) TABLES_FIELD(object, column, kind, .required = true)
#define TABLES_OPTIONAL(object, column, kind) TABLES_FIELD(object, column, kind, .required = false)
#define TABLES_JSON(object, column) TABLES_FIELD(object, column, TEXT, .check = CODEDB_CHECK_JSON)
#define TABLES_LINE(object, column) TABLES_FIELD(object, column, INTEGER, .required = true, .check = CODEDB_CHECK_LINE)
#define TABLES_COUNT(object, column) TABLES_FIELD(object, column, INTEGER, .required = true, .default_value = "0")
#define TABLES_DEFAULT(object, column, kind) TABLES_FIELD(object, column, kind, .default_value = "0")
#define TABLES_WORDS(object, column, list) \
    TABLES_FIELD(object, column, TEXT, .required = true, .check = CODEDB_CHECK_WORDS, .words = list)
#define TABLES_BELONGS(object, column, kind, table) TABLES_FIELD(object, column, kind, .required = true, .references = table)
#define TABLES_REFERS(object, column, kind, table) TABLES_FIELD(object, column, kind, .references = table)
#define TABLES_CREATED(object) \
    TABLES_FIELD(object, created_at, REAL, .source = CODEDB_SOURCE_CREATED, .default_value = "(julianday('now'))")
#define TABLES_UPDATED(object, column) \
    TABLES_FIELD(object, column, REAL, .source = CODEDB_SOURCE_UPDATED, .default_value = "(julianday('now'))")

static const char *const tables_vector_entities[] = {"file", "chunk", "class", "function", "method", NULL};
static const char *const tables_import_types[] = {"import", "from_import", NULL};
static const char *const tables_target_types[] = {"class", "function", "method", "variable", NULL};

static const codedb_field tables_project[] = {
    TABLES_FIELD(project, id, KEY, .source = CODEDB_SOURCE_PROJECT_ID, .required = true),
    TABLES_FIELD(project, root_path, TEXT, .required = true, .unique = true),
    TABLES_OPTIONAL(project, name, TEXT),
    TABLES_OPTIONAL(project, comment, TEXT),
    TABLES_FIELD(project, watch_dir_id, TEXT, .references = "watch_dirs", .set_null = true),
    TABLES_CREATED(project),
    TABLES_UPDATED(project, updated_at),
};
static const codedb_index_description tables_project_indexes[] = {
    {"idx_projects_root_path", "root_path", NULL},
    {"idx_projects_watch_dir_id", "watch_dir_id", NULL},
};

static const codedb_field tables_dataset[] = {
    TABLES_UUID(dataset, id),
    TABLES_BELONGS(dataset, project_id, TEXT, "projects"),
    TABLES_REQUIRED(dataset, root_path, TEXT),
    TABLES_OPTIONAL(dataset, name, TEXT),
    TABLES_CREATED(dataset),
    TABLES_UPDATED(dataset, updated_at),
};
static const codedb_index_description tables_dataset_indexes[] = {
    {"idx_datasets_project_id", "project_id", NULL},
    {"idx_datasets_root_path", "root_path", NULL},
};

static const codedb_field tables_file[] = {
    TABLES_ROW_ID(file),
    TABLES_BELONGS(file, project_id, TEXT, "projects"),
    TABLES_BELONGS(file, dataset_id, TEXT, "datasets"),
    TABLES_FIELD(file, watch_dir_id, TEXT, .references = "watch_dirs", .set_null = true),
    TABLES_FIELD(file, path, TEXT, .required = true, .check = CODEDB_CHECK_ABSOLUTE_PATH),
    TABLES_OPTIONAL(file, relative_path, TEXT),
    TABLES_OPTIONAL(file, lines, INTEGER),
    TABLES_OPTIONAL(file, last_modified, REAL),
    TABLES_OPTIONAL(file, has_docstring, BOOLEAN),
    TABLES_DEFAULT(file, deleted, BOOLEAN),
    TABLES_OPTIONAL(file, original_path, TEXT),
    TABLES_OPTIONAL(file, version_dir, TEXT),
    TABLES_CREATED(file),
    TABLES_UPDATED(file, updated_at),
};
static const codedb_index_description tables_file_indexes[] = {
    {"idx_files_project_id", "project_id", NULL},
    {"idx_files_dataset_id", "dataset_id", NULL},
    {"idx_files_path", "path", NULL},
    {"idx_files_deleted", "deleted", "deleted = 1"},
    {"idx_files_watch_dir_id", "watch_dir_id", "watch_dir_id IS NOT NULL"},
};

static const codedb_field tables_ast_tree[] = {
    TABLES_ROW_ID(ast_tree),
    TABLES_BELONGS(ast_tree, file_id, INTEGER, "files"),
    TABLES_BELONGS(ast_tree, project_id, TEXT, "projects"),
    TABLES_LONG_TEXT(ast_tree, ast_json, .required = true, .check = CODEDB_CHECK_JSON),
    TABLES_HASH(ast_tree, ast_hash),
    TABLES_REQUIRED(ast_tree, file_mtime, REAL),
    TABLES_CREATED(ast_tree),
    TABLES_UPDATED(ast_tree, updated_at),
};
static const codedb_index_description tables_ast_tree_indexes[] = {
    {"idx_ast_trees_file_id", "file_id", NULL},
    {"idx_ast_trees_project_id", "project_id", NULL},
    {"idx_ast_trees_hash", "ast_hash", NULL},
};

static const codedb_field tables_cst_tree[] = {
    TABLES_ROW_ID(cst_tree),
    TABLES_BELONGS(cst_tree, file_id, INTEGER, "files"),
    TABLES_BELONGS(cst_tree, project_id, TEXT, "projects"),
    TABLES_LONG_TEXT(cst_tree, cst_code, .required = true),
    TABLES_HASH(cst_tree, cst_hash),
    TABLES_REQUIRED(cst_tree, file_mtime, REAL),
    TABLES_CREATED(cst_tree),
    TABLES_UPDATED(cst_tree, updated_at),
};
static const codedb_index_description tables_cst_tree_indexes[] = {
    {"idx_cst_trees_file_id", "file_id", NULL},
    {"idx_cst_trees_project_id", "project_id", NULL},
    {"idx_cst_trees_hash", "cst_hash", NULL},
};

static const codedb_field tables_code_chunk[] = {
    TABLES_ROW_ID(code_chunk),
    TABLES_BELONGS(code_chunk, file_id, INTEGER, "files"),
    TABLES_BELONGS(code_chunk, project_id, TEXT, "projects"),
    TABLES_UNIQUE_UUID(code_chunk, chunk_uuid),
    TABLES_REQUIRED(code_chunk, chunk_type, TEXT),
    TABLES_LONG_TEXT(code_chunk, chunk_text, .required = true),
    TABLES_OPTIONAL(code_chunk, chunk_ordinal, INTEGER),
    TABLES_OPTIONAL(code_chunk, vector_id, INTEGER),
    TABLES_OPTIONAL(code_chunk, embedding_model, TEXT),
    TABLES_OPTIONAL(code_chunk, bm25_score, REAL),
    TABLES_JSON(code_chunk, embedding_vector),
    TABLES_REFERS(code_chunk, class_id, INTEGER, "classes"),
    TABLES_REFERS(code_chunk, function_id, INTEGER, "functions"),
    TABLES_REFERS(code_chunk, method_id, INTEGER, "methods"),
    TABLES_FIELD(code_chunk, line, INTEGER, .check = CODEDB_CHECK_LINE),
    TABLES_OPTIONAL(code_chunk, ast_node_type, TEXT),
    TABLES_OPTIONAL(code_chunk, source_type, TEXT),
    TABLES_DEFAULT(code_chunk, binding_level, INTEGER),
    TABLES_CREATED(code_chunk),
    TABLES_UPDATED(code_chunk, updated_at),
};
static const codedb_index_description tables_code_chunk_indexes[] = {
    {"idx_code_chunks_file_id", "file_id", NULL},
    {"idx_code_chunks_project_id", "project_id", NULL},
    {"idx_code_chunks_chunk_uuid", "chunk_uuid", NULL},
    {"idx_code_chunks_vector_id", "vector_id", NULL},
    {"idx_code_chunks_not_vectorized", "project_id, id", "vector_id IS NULL"},
    {"idx_code_chunks_class_id", "class_id", "class_id IS NOT NULL"},
    {"idx_code_chunks_function_id", "function_id", "function_id IS NOT NULL"},
    {"idx_code_chunks_method_id", "method_id", "method_id IS NOT NULL"},
};

static const codedb_field tables_vector_index[] = {
    TABLES_ROW_ID(vector_index),
    TABLES_BELONGS(vector_index, project_id, TEXT, "projects"),
    TABLES_WORDS(vector_index, entity_type, tables_vector_entities),
    TABLES_REQUIRED(vector_index, entity_id, INTEGER),
    TABLES_REQUIRED(vector_index, vector_id, INTEGER),
    TABLES_FIELD(vector_index, vector_dim, INTEGER, .required = true, .check = CODEDB_CHECK_POSITIVE),
    TABLES_OPTIONAL(vector_index, embedding_model, TEXT),
    TABLES_CREATED(vector_index),
};
static const codedb_index_description tables_vector_index_indexes[] = {
    {"idx_vector_index_project_id", "project_id", NULL},
    {"idx_vector_index_entity", "entity_type, entity_id", NULL},
    {"idx_vector_index_vector_id", "vector_id", NULL},
};

static const codedb_field tables_class[] = {
    TABLES_ROW_ID(class),     TABLES_BELONGS(class, file_id, INTEGER, "files"), TABLES_REQUIRED(class, name, TEXT),
    TABLES_LINE(class, line), TABLES_OPTIONAL(class, docstring, TEXT),          TABLES_JSON(class, bases),
    TABLES_CREATED(class),
};
static const codedb_index_description tables_class_indexes[] = {
    {"idx_classes_name", "name", NULL},
    {"idx_classes_file_id", "file_id", NULL},
};

static const codedb_field tables_method[] = {
    TABLES_ROW_ID(method),
    TABLES_BELONGS(method, class_id, INTEGER, "classes"),
    TABLES_REQUIRED(method, name, TEXT),
    TABLES_LINE(method, line),
    TABLES_JSON(method, args),
    TABLES_OPTIONAL(method, docstring, TEXT),
    TABLES_DEFAULT(method, is_abstract, BOOLEAN),
    TABLES_DEFAULT(method, has_pass, BOOLEAN),
    TABLES_DEFAULT(method, has_not_implemented, BOOLEAN),
    TABLES_CREATED(method),
};
static const codedb_index_description tables_method_indexes[] = {
    {"idx_methods_name", "name", NULL},
    {"idx_methods_class_id", "class_id", NULL},
};

static const codedb_field tables_function[] = {
    TABLES_ROW_ID(function),
    TABLES_BELONGS(function, file_id, INTEGER, "files"),
    TABLES_REQUIRED(function, name, TEXT),
    TABLES_LINE(function, line),
    TABLES_JSON(function, args),
    TABLES_OPTIONAL(function, docstring, TEXT),
    TABLES_CREATED(function),
};
static const codedb_index_description tables_function_indexes[] = {
    {"idx_functions_name", "name", NULL},
    {"idx_functions_file_id", "file_id", NULL},
};

static const codedb_field tables_import[] = {
    TABLES_ROW_ID(import),
    TABLES_BELONGS(import, file_id, INTEGER, "files"),
    TABLES_REQUIRED(import, name, TEXT),
    TABLES_OPTIONAL(import, module, TEXT),
    TABLES_WORDS(import, import_type, tables_import_types),
    TABLES_LINE(import, line),
    TABLES_CREATED(import),
};
static const codedb_index_description tables_import_indexes[] = {
    {"idx_imports_file_id", "file_id", NULL},
    {"idx_imports_name", "name", NULL},
};

static const codedb_field tables_issue[] = {
    TABLES_ROW_ID(issue),
    TABLES_REFERS(issue, file_id, INTEGER, "files"),
    TABLES_REFERS(issue, project_id, TEXT, "projects"),
    TABLES_REFERS(issue, class_id, INTEGER, "classes"),
    TABLES_REFERS(issue, function_id, INTEGER, "functions"),
    TABLES_REFERS(issue, method_id, INTEGER, "methods"),
    TABLES_REQUIRED(issue, issue_type, TEXT),
    TABLES_FIELD(issue, line, INTEGER, .check = CODEDB_CHECK_LINE),
    TABLES_OPTIONAL(issue, description, TEXT),
    TABLES_JSON(issue, metadata),
    TABLES_CREATED(issue),
};
static const codedb_index_description tables_issue_indexes[] = {
    {"idx_issues_issue_type", "issue_type", NULL},
    {"idx_issues_file_id", "file_id", NULL},
    {"idx_issues_project_id", "project_id", NULL},
    {"idx_issues_class_id", "class_id", "class_id IS NOT NULL"},
    {"idx_issues_function_id", "function_id", "function_id IS NOT NULL"},
    {"idx_issues_method_id", "method_id", "method_id IS NOT NULL"},
};

static const codedb_field tables_usage[] = {
    TABLES_ROW_ID(usage),
    TABLES_BELONGS(usage, file_id, INTEGER, "files"),
    TABLES_LINE(usage, line),
    TABLES_REQUIRED(usage, usage_type, TEXT),
    TABLES_WORDS(usage, target_type, tables_target_types),
    TABLES_OPTIONAL(usage, target_class, TEXT),
    TABLES_REQUIRED(usage, target_name, TEXT),
    TABLES_JSON(usage, context),
    TABLES_CREATED(usage),
};
static const codedb_index_description tables_usage_indexes[] = {
    {"idx_usages_file_id", "file_id", NULL},
    {"idx_usages_target", "target_type, target_name", NULL},
    {"idx_usages_target_class", "target_class, target_name", NULL},
};

static const codedb_field tables_code_content[] = {
    TABLES_ROW_ID(code_content),
    TABLES_BELONGS(code_content, file_id, INTEGER, "files"),
    TABLES_REQUIRED(code_content, entity_type, TEXT),
    TABLES_OPTIONAL(code_content, entity_id, INTEGER),
    TABLES_OPTIONAL(code_content, entity_name, TEXT),
    TABLES_LONG_TEXT(code_content, content, .required = true),
    TABLES_OPTIONAL(code_content, docstring, TEXT),
    TABLES_CREATED(code_content),
};
static const codedb_index_description tables_code_content_indexes[] = {
    {"idx_code_content_file_id", "file_id", NULL},
    {"idx_code_content_entity", "entity_type, entity_id", NULL},
};

static const codedb_field tables_code_duplicate[] = {
    TABLES_ROW_ID(code_duplicate),
    TABLES_BELONGS(code_duplicate, project_id, TEXT, "projects"),
    TABLES_REQUIRED(code_duplicate, duplicate_hash, TEXT),
    TABLES_FIELD(code_duplicate, similarity, REAL, .required = true, .check = CODEDB_CHECK_UNIT),
    TABLES_CREATED(code_duplicate),
};
static const codedb_index_description tables_code_duplicate_indexes[] = {
    {"idx_code_duplicates_project_id", "project_id", NULL},
    {"idx_code_duplicates_hash", "duplicate_hash", NULL},
};

static const codedb_field tables_duplicate_occurrence[] = {
    TABLES_ROW_ID(duplicate_occurrence),
    TABLES_BELONGS(duplicate_occurrence, duplicate_id, INTEGER, "code_duplicates"),
    TABLES_BELONGS(duplicate_occurrence, file_id, INTEGER, "files"),
    TABLES_LINE(duplicate_occurrence, start_line),
    TABLES_LINE(duplicate_occurrence, end_line),
    TABLES_OPTIONAL(duplicate_occurrence, code_snippet, TEXT),
    TABLES_OPTIONAL(duplicate_occurrence, ast_node_id, INTEGER),
    TABLES_CREATED(duplicate_occurrence),
};
static const codedb_index_description tables_duplicate_occurrence_indexes[] = {
    {"idx_duplicate_occurrences_duplicate_id", "duplicate_id", NULL},
    {"idx_duplicate_occurrences_file_id", "file_id", NULL},
};

static const codedb_field tables_watch_directory[] = {
    TABLES_UUID(watch_directory, id),
    TABLES_OPTIONAL(watch_directory, name, TEXT),
    TABLES_CREATED(watch_directory),
    TABLES_UPDATED(watch_directory, updated_at),
};

static const codedb_field tables_watch_directory_path[] = {
    TABLES_BELONGS(watch_directory_path, watch_dir_id, TEXT, "watch_dirs"),
    TABLES_FIELD(watch_directory_path, absolute_path, TEXT, .check = CODEDB_CHECK_NORMAL_PATH),
    TABLES_CREATED(watch_directory_path),
    TABLES_UPDATED(watch_directory_path, updated_at),
};

static const codedb_field tables_vectorization_statistics[] = {
    TABLES_ROW_ID(vectorization_statistics),
    TABLES_UNIQUE_UUID(vectorization_statistics, cycle_id),
    TABLES_REQUIRED(vectorization_statistics, cycle_start_time, REAL),
    TABLES_OPTIONAL(vectorization_statistics, cycle_end_time, REAL),
    TABLES_COUNT(vectorization_statistics, chunks_total_at_start),
    TABLES_COUNT(vectorization_statistics, chunks_processed),
    TABLES_COUNT(vectorization_statistics, chunks_skipped),
    TABLES_COUNT(vectorization_statistics, chunks_failed),
    TABLES_COUNT(vectorization_statistics, files_total_at_start),
    TABLES_COUNT(vectorization_statistics, files_vectorized),
    TABLES_FIELD(vectorization_statistics, total_processing_time_seconds, REAL, .required = true, .default_value = "0"),
    TABLES_OPTIONAL(vectorization_statistics, average_processing_time_seconds, REAL),
    TABLES_UPDATED(vectorization_statistics, last_updated),
};
static const codedb_index_description tables_vectorization_statistics_indexes[] = {
    {"idx_vectorization_stats_start_time", "cycle_start_time", NULL},
};

static const codedb_field tables_file_watcher_statistics[] = {
    TABLES_ROW_ID(file_watcher_statistics),
    TABLES_UNIQUE_UUID(file_watcher_statistics, cycle_id),
    TABLES_REQUIRED(file_watcher_statistics, cycle_start_time, REAL),
    TABLES_OPTIONAL(file_watcher_statistics, cycle_end_time, REAL),
    TABLES_COUNT(file_watcher_statistics, files_total_at_start),
    TABLES_COUNT(file_watcher_statistics, files_added),
    TABLES_COUNT(file_watcher_statistics, files_processed),
    TABLES_COUNT(file_watcher_statistics, files_skipped),
    TABLES_COUNT(file_watcher_statistics, files_failed),
    TABLES_COUNT(file_watcher_statistics, files_changed),
    TABLES_COUNT(file_watcher_statistics, files_deleted),
    TABLES_FIELD(file_watcher_statistics, total_processing_time_seconds, REAL, .required = true, .default_value = "0"),
    TABLES_OPTIONAL(file_watcher_statistics, average_processing_time_seconds, REAL),
    TABLES_OPTIONAL(file_watcher_statistics, current_project_id, TEXT),
    TABLES_UPDATED(file_watcher_statistics, last_updated),
};
static const codedb_index_description tables_file_watcher_statistics_indexes[] = {
    {"idx_file_watcher_stats_start_time", "cycle_start_time", NULL},
};

static const codedb_field tables_analysis_results[] = {
    TABLES_ROW_ID(analysis_results),
    TABLES_BELONGS(analysis_results, file_id, INTEGER, "files"),
    TABLES_BELONGS(analysis_results, project_id, TEXT, "projects"),
    TABLES_REQUIRED(analysis_results, file_mtime, REAL),
    TABLES_LONG_TEXT(analysis_results, results_json, .required = true, .check = CODEDB_CHECK_JSON),
    TABLES_LONG_TEXT(analysis_results, summary_json, .required = true, .check = CODEDB_CHECK_JSON),
    TABLES_CREATED(analysis_results),
    TABLES_UPDATED(analysis_results, updated_at),
};
static const codedb_index_description tables_analysis_results_indexes[] = {
    {"idx_comprehensive_analysis_results_project_id", "project_id", NULL},
};

#define TABLES_LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define TABLES_OBJECT(subject, table_name, key_field, unique_columns)                                               \
    .table = (table_name), .object = #subject, .struct_size = sizeof(codedb_##subject), .fields = tables_##subject, \
    .field_count = TABLES_LENGTH(tables_##subject), .key = (key_field), .unique = (unique_columns)
#define TABLES_INDEXES(object) .indexes = tables_##object##_indexes, .index_count = TABLES_LENGTH(tables_##object##_indexes)

static const codedb_description tables_all[] = {
    [CODEDB_KIND_PROJECT] = {TABLES_OBJECT(project, "projects", 0, NULL), TABLES_INDEXES(project)},
    [CODEDB_KIND_DATASET] = {TABLES_OBJECT(dataset, "datasets", 0, "project_id, root_path"), TABLES_INDEXES(dataset)},
    [CODEDB_KIND_FILE] = {TABLES_OBJECT(file, "files", 0, "project_id, dataset_id, path"), TABLES_INDEXES(file)},
    [CODEDB_KIND_AST_TREE] = {TABLES_OBJECT(ast_tree, "ast_trees", 0, "file_id, ast_hash"), TABLES_INDEXES(ast_tree)},
    [CODEDB_KIND_CST_TREE] = {TABLES_OBJECT(cst_tree, "cst_trees", 0, "file_id, cst_hash"), TABLES_INDEXES(cst_tree)},
    [CODEDB_KIND_CODE_CHUNK] = {TABLES_OBJECT(code_chunk, "code_chunks", 0, NULL), TABLES_INDEXES(code_chunk)},
    [CODEDB_KIND_VECTOR_INDEX] = {TABLES_OBJECT(vector_index, "vector_index", 0, "project_id, entity_type, entity_id"),
                                  TABLES_INDEXES(vector_index)},
    [CODEDB_KIND_CLASS] = {TABLES_OBJECT(class, "classes", 0, "file_id, name, line"), TABLES_INDEXES(class)},
    [CODEDB_KIND_METHOD] = {TABLES_OBJECT(method, "methods", 0, "class_id, name, line"), TABLES_INDEXES(method)},
    [CODEDB_KIND_FUNCTION] = {TABLES_OBJECT(function, "functions", 0, "file_id, name, line"), TABLES_INDEXES(function)},
    [CODEDB_KIND_IMPORT] = {TABLES_OBJECT(import, "imports", 0, NULL), TABLES_INDEXES(import)},
    [CODEDB_KIND_ISSUE] = {TABLES_OBJECT(issue, "issues", 0, NULL), TABLES_INDEXES(issue)},
    [CODEDB_KIND_USAGE] = {TABLES_OBJECT(usage, "usages", 0, NULL), TABLES_INDEXES(usage)},
    [CODEDB_KIND_CODE_CONTENT] = {TABLES_OBJECT(code_content, "code_content", 0, NULL), TABLES_INDEXES(code_content)},
    [CODEDB_KIND_CODE_DUPLICATE] = {TABLES_OBJECT(code_duplicate, "code_duplicates", 0, "project_id, duplicate_hash"),
                                    TABLES_INDEXES(code_duplicate)},
    [CODEDB_KIND_DUPLICATE_OCCURRENCE] = {TABLES_OBJECT(duplicate_occurrence, "duplicate_occurrences", 0, NULL),
                                          TABLES_INDEXES(duplicate_occurrence)},
    [CODEDB_KIND_WATCH_DIRECTORY] = {TABLES_OBJECT(watch_directory, "watch_dirs", 0, NULL)},
    [CODEDB_KIND_WATCH_DIRECTORY_PATH] = {TABLES_OBJECT(watch_directory_path, "watch_dir_paths", 0, NULL)},
    [CODEDB_KIND_VECTORIZATION_STATISTICS] = {TABLES_OBJECT(vectorization_statistics, "vectorization_stats", 1, NULL),
                                              TABLES_INDEXES(vectorization_statistics)},
    [CODEDB_KIND_FILE_WATCHER_STATISTICS] = {TABLES_OBJECT(file_watcher_statistics, "file_watcher_stats", 1, NULL),
                                             TABLES_INDEXES(file_watcher_statistics)},
    [CODEDB_KIND_ANALYSIS_RESULTS] = {TABLES_OBJECT(analysis_results, "comprehensive_analysis_results", 0, "file_id, file_mtime"),
                                      TABLES_INDEXES(analysis_results)},
};
_Static_assert(TABLES_LENGTH(tables_all) == CODEDB_TABLE_COUNT, "a codedb_schema has room for each table");

CODEDB_PRIVATE const codedb_description *codedb_description_of(codedb_kind kind)
{
    return &tables_all[kind];
}

CODEDB_PRIVATE const char *codedb_column_name(codedb_kind kind, uint64_t bit)
{
    size_t i = 0;
    while (bit >> i != 1)
        i++;
    return tables_all[kind].fields[i].name;
}

/* The driver keeps such a table in step with its content. */
CODEDB_PRIVATE const codedb_text_index_description *codedb_text_index(void)
{
    static const codedb_text_index_description index = {"code_content_fts", "entity_type, entity_name, content, docstring",
                                                        "code_content", "id"};
    return &index;
}

#undef TABLES_FIELD
#undef TABLES_LONG_TEXT
#undef TABLES_ROW_ID
#undef TABLES_UUID
#undef TABLES_UNIQUE_UUID
#undef TABLES_HASH
#undef TABLES_REQUIRED
#undef TABLES_OPTIONAL
#undef TABLES_JSON
#undef TABLES_LINE
#undef TABLES_COUNT
#undef TABLES_DEFAULT
#undef TABLES_WORDS
#undef TABLES_BELONGS
#undef TABLES_REFERS
#undef TABLES_CREATED
#undef TABLES_UPDATED
#undef TABLES_LENGTH
#undef TABLES_OBJECT
#undef TABLES_INDEXES
