/* tests/test_schema.c -- codedb_schema.c and codedb_tables.c: what stands in a new database, and how one of other making is used.
 *
 * Public header only. Databases of other making are made by sqlite3 itself. */
#include "original_tables.h"

#include <sqlite3.h>

static codedb_result result = CODEDB_INIT(codedb_result);

/* ---- helpers ---- */

static void execute(sqlite3 *plain, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(plain, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", message, sql);
}

/* The first value that a query answers, as text; to be freed with free(). */
static char *ask(sqlite3 *plain, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(plain, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sqlite3_errmsg(plain), sql);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    char *answer = strdup(text == NULL ? "" : text);
    sqlite3_finalize(statement);
    return answer;
}

static void assert_answer(sqlite3 *plain, const char *sql, const char *expected)
{
    char *found = ask(plain, sql);
    if (strcmp(found, expected) != 0)
        print_error("%s\n", sql);
    assert_string_equal(found, expected);
    free(found);
}

typedef struct database {
    char *folder;
    char path[4200];
} database;

static int set_up(void **state)
{
    database *d = malloc(sizeof *d);
    d->folder = support_folder_create();
    snprintf(d->path, sizeof d->path, "%s/code.db", d->folder);
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    database *d = *state;
    support_folder_remove(d->folder);
    free(d);
    codedb_result_clear(&result);
    return 0;
}

static codedb *open_codedb(const char *path)
{
    codedb *db;
    assert_success(codedb_open(path, NULL, &db, &result), result);
    return db;
}

static sqlite3 *open_plain(const database *d)
{
    sqlite3 *plain;
    assert_int_equal(sqlite3_open(d->path, &plain), SQLITE_OK);
    execute(plain, "PRAGMA foreign_keys = ON");
    return plain;
}

/* ---- a new database ---- */

/* Every table: its columns with types; ! is NOT NULL, # the primary key. */
static const char *const new_tables[][2] = {
    {"projects", "#id TEXT! root_path TEXT! name TEXT comment TEXT watch_dir_id TEXT created_at REAL updated_at REAL"},
    {"datasets", "#id TEXT! project_id TEXT! root_path TEXT! name TEXT created_at REAL updated_at REAL"},
    {"files", "#id INTEGER project_id TEXT! dataset_id TEXT! watch_dir_id TEXT path TEXT! relative_path TEXT lines INTEGER "
              "last_modified REAL has_docstring BOOLEAN deleted BOOLEAN original_path TEXT version_dir TEXT created_at REAL "
              "updated_at REAL"},
    {"ast_trees", "#id INTEGER file_id INTEGER! project_id TEXT! ast_json TEXT! ast_hash TEXT! file_mtime REAL! created_at REAL "
                  "updated_at REAL"},
    {"cst_trees", "#id INTEGER file_id INTEGER! project_id TEXT! cst_code TEXT! cst_hash TEXT! file_mtime REAL! created_at REAL "
                  "updated_at REAL"},
    {"code_chunks", "#id INTEGER file_id INTEGER! project_id TEXT! chunk_uuid TEXT! chunk_type TEXT! chunk_text TEXT! "
                    "chunk_ordinal INTEGER vector_id INTEGER embedding_model TEXT bm25_score REAL embedding_vector TEXT "
                    "class_id INTEGER function_id INTEGER method_id INTEGER line INTEGER ast_node_type TEXT source_type TEXT "
                    "binding_level INTEGER created_at REAL updated_at REAL"},
    {"vector_index", "#id INTEGER project_id TEXT! entity_type TEXT! entity_id INTEGER! vector_id INTEGER! vector_dim INTEGER! "
                     "embedding_model TEXT created_at REAL"},
    {"classes", "#id INTEGER file_id INTEGER! name TEXT! line INTEGER! docstring TEXT bases TEXT created_at REAL"},
    {"methods", "#id INTEGER class_id INTEGER! name TEXT! line INTEGER! args TEXT docstring TEXT is_abstract BOOLEAN "
                "has_pass BOOLEAN has_not_implemented BOOLEAN created_at REAL"},
    {"functions", "#id INTEGER file_id INTEGER! name TEXT! line INTEGER! args TEXT docstring TEXT created_at REAL"},
    {"imports", "#id INTEGER file_id INTEGER! name TEXT! module TEXT import_type TEXT! line INTEGER! created_at REAL"},
    {"issues",
     "#id INTEGER file_id INTEGER project_id TEXT class_id INTEGER function_id INTEGER method_id INTEGER issue_type TEXT! "
     "line INTEGER description TEXT metadata TEXT created_at REAL"},
    {"usages",
     "#id INTEGER file_id INTEGER! line INTEGER! usage_type TEXT! target_type TEXT! target_class TEXT target_name TEXT! "
     "context TEXT created_at REAL"},
    {"code_content", "#id INTEGER file_id INTEGER! entity_type TEXT! entity_id INTEGER entity_name TEXT content TEXT! "
                     "docstring TEXT created_at REAL"},
    {"code_duplicates", "#id INTEGER project_id TEXT! duplicate_hash TEXT! similarity REAL! created_at REAL"},
    {"duplicate_occurrences", "#id INTEGER duplicate_id INTEGER! file_id INTEGER! start_line INTEGER! end_line INTEGER! "
                              "code_snippet TEXT ast_node_id INTEGER created_at REAL"},
    {"watch_dirs", "#id TEXT! name TEXT created_at REAL updated_at REAL"},
    {"watch_dir_paths", "#watch_dir_id TEXT! absolute_path TEXT created_at REAL updated_at REAL"},
    {"vectorization_stats",
     "#id INTEGER cycle_id TEXT! cycle_start_time REAL! cycle_end_time REAL chunks_total_at_start INTEGER! "
     "chunks_processed INTEGER! chunks_skipped INTEGER! chunks_failed INTEGER! files_total_at_start INTEGER! "
     "files_vectorized INTEGER! total_processing_time_seconds REAL! average_processing_time_seconds REAL "
     "last_updated REAL"},
    {"file_watcher_stats", "#id INTEGER cycle_id TEXT! cycle_start_time REAL! cycle_end_time REAL files_total_at_start INTEGER! "
                           "files_added INTEGER! files_processed INTEGER! files_skipped INTEGER! files_failed INTEGER! "
                           "files_changed INTEGER! files_deleted INTEGER! total_processing_time_seconds REAL! "
                           "average_processing_time_seconds REAL current_project_id TEXT last_updated REAL"},
    {"comprehensive_analysis_results", "#id INTEGER file_id INTEGER! project_id TEXT! file_mtime REAL! results_json TEXT! "
                                       "summary_json TEXT! created_at REAL updated_at REAL"},
};

static void a_new_database_has_every_table_and_column(void **state)
{
    database *d = *state;
    codedb_close(open_codedb(d->path));
    sqlite3 *plain = open_plain(d);
    for (size_t i = 0; i < sizeof new_tables / sizeof new_tables[0]; i++) {
        char sql[300];
        snprintf(sql, sizeof sql,
                 "SELECT group_concat(iif(pk, '#', '') || name || ' ' || type || iif(\"notnull\", '!', ''), ' ') "
                 "FROM pragma_table_info('%s')",
                 new_tables[i][0]);
        assert_answer(plain, sql, new_tables[i][1]);
    }
    assert_answer(plain,
                  "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
                  "AND name NOT LIKE 'code_content_fts%'",
                  "21");
    assert_answer(plain, "SELECT group_concat(name, ' ') FROM pragma_table_info('code_content_fts')",
                  "entity_type entity_name content docstring");
    assert_answer(plain, "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'", "0");
    sqlite3_close(plain);
}

static const char *const new_foreign_keys[] = {"projects.watch_dir_id watch_dirs SET NULL",
                                               "datasets.project_id projects CASCADE",
                                               "files.project_id projects CASCADE",
                                               "files.dataset_id datasets CASCADE",
                                               "files.watch_dir_id watch_dirs SET NULL",
                                               "ast_trees.file_id files CASCADE",
                                               "ast_trees.project_id projects CASCADE",
                                               "cst_trees.file_id files CASCADE",
                                               "cst_trees.project_id projects CASCADE",
                                               "code_chunks.file_id files CASCADE",
                                               "code_chunks.project_id projects CASCADE",
                                               "code_chunks.class_id classes CASCADE",
                                               "code_chunks.function_id functions CASCADE",
                                               "code_chunks.method_id methods CASCADE",
                                               "vector_index.project_id projects CASCADE",
                                               "classes.file_id files CASCADE",
                                               "methods.class_id classes CASCADE",
                                               "functions.file_id files CASCADE",
                                               "imports.file_id files CASCADE",
                                               "issues.file_id files CASCADE",
                                               "issues.project_id projects CASCADE",
                                               "issues.class_id classes CASCADE",
                                               "issues.function_id functions CASCADE",
                                               "issues.method_id methods CASCADE",
                                               "usages.file_id files CASCADE",
                                               "code_content.file_id files CASCADE",
                                               "code_duplicates.project_id projects CASCADE",
                                               "duplicate_occurrences.duplicate_id code_duplicates CASCADE",
                                               "duplicate_occurrences.file_id files CASCADE",
                                               "watch_dir_paths.watch_dir_id watch_dirs CASCADE",
                                               "comprehensive_analysis_results.file_id files CASCADE",
                                               "comprehensive_analysis_results.project_id projects CASCADE"};

static void a_new_database_has_every_foreign_key(void **state)
{
    database *d = *state;
    char count[20];
    codedb_close(open_codedb(d->path));
    sqlite3 *plain = open_plain(d);
    for (size_t i = 0; i < sizeof new_foreign_keys / sizeof new_foreign_keys[0]; i++) {
        char sql[400];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' "
                 "AND f.\"to\" = 'id' AND m.name || '.' || f.\"from\" || ' ' || f.\"table\" || ' ' || f.on_delete = '%s'",
                 new_foreign_keys[i]);
        assert_answer(plain, sql, "1");
    }
    snprintf(count, sizeof count, "%zu", sizeof new_foreign_keys / sizeof new_foreign_keys[0]);
    assert_answer(plain, "SELECT count(*) FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
                  count);
    sqlite3_close(plain);
}

/* Columns that are unique, or indexed, together; a partial index has its condition behind a bar. */
static const char *const new_uniques[] = {"projects root_path",
                                          "datasets project_id,root_path",
                                          "files project_id,dataset_id,path",
                                          "ast_trees file_id,ast_hash",
                                          "cst_trees file_id,cst_hash",
                                          "code_chunks chunk_uuid",
                                          "vector_index project_id,entity_type,entity_id",
                                          "classes file_id,name,line",
                                          "methods class_id,name,line",
                                          "functions file_id,name,line",
                                          "code_duplicates project_id,duplicate_hash",
                                          "vectorization_stats cycle_id",
                                          "file_watcher_stats cycle_id",
                                          "comprehensive_analysis_results file_id,file_mtime"};
static const char *const new_indexes[] = {"projects root_path",
                                          "projects watch_dir_id",
                                          "datasets project_id",
                                          "datasets root_path",
                                          "files project_id",
                                          "files dataset_id",
                                          "files path",
                                          "files deleted|deleted = 1",
                                          "classes name",
                                          "classes file_id",
                                          "methods name",
                                          "methods class_id",
                                          "functions name",
                                          "functions file_id",
                                          "imports file_id",
                                          "imports name",
                                          "issues issue_type",
                                          "issues file_id",
                                          "issues project_id",
                                          "usages file_id",
                                          "usages target_type,target_name",
                                          "usages target_class,target_name",
                                          "code_content file_id",
                                          "code_content entity_type,entity_id",
                                          "ast_trees file_id",
                                          "ast_trees project_id",
                                          "ast_trees ast_hash",
                                          "cst_trees file_id",
                                          "cst_trees project_id",
                                          "cst_trees cst_hash",
                                          "vector_index project_id",
                                          "vector_index entity_type,entity_id",
                                          "vector_index vector_id",
                                          "code_chunks file_id",
                                          "code_chunks project_id",
                                          "code_chunks chunk_uuid",
                                          "code_chunks vector_id",
                                          "code_chunks project_id,id|vector_id IS NULL",
                                          "code_duplicates project_id",
                                          "code_duplicates duplicate_hash",
                                          "duplicate_occurrences duplicate_id",
                                          "duplicate_occurrences file_id",
                                          "vectorization_stats cycle_start_time",
                                          "file_watcher_stats cycle_start_time"};

/* `origin`: u for UNIQUE, c for CREATE INDEX. */
static void assert_indexes(sqlite3 *plain, const char *origin, const char *const *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char sql[900];
        snprintf(
            sql, sizeof sql,
            "SELECT count(*) FROM sqlite_master m JOIN pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin = '%s' "
            "AND (i.origin = 'u' OR i.name LIKE 'idx\\_' || m.name || '\\_%%' ESCAPE '\\') "
            "AND m.name || ' ' || (SELECT group_concat(name) FROM pragma_index_info(i.name)) || "
            "iif(i.partial, '|' || (SELECT substr(sql, instr(sql, ' WHERE ') + 7) FROM sqlite_master WHERE name = i.name), '') "
            "= '%s'",
            origin, expected[i]);
        assert_answer(plain, sql, "1");
    }
}

static void a_new_database_has_every_index(void **state)
{
    database *d = *state;
    codedb_close(open_codedb(d->path));
    sqlite3 *plain = open_plain(d);
    assert_indexes(plain, "u", new_uniques, sizeof new_uniques / sizeof new_uniques[0]);
    assert_indexes(plain, "c", new_indexes, sizeof new_indexes / sizeof new_indexes[0]);
    sqlite3_close(plain);
}

/* A foreign key whose column begins no index makes each delete of a parent read the whole table. */
static void deletes_find_what_they_cascade_to_by_an_index(void **state)
{
    database *d = *state;
    codedb_close(open_codedb(d->path));
    sqlite3 *plain = open_plain(d);
    assert_answer(
        plain,
        "SELECT ifnull(group_concat(m.name || '.' || f.\"from\"), '') FROM sqlite_master m "
        "JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND NOT EXISTS "
        "(SELECT 1 FROM pragma_index_list(m.name) i JOIN pragma_index_info(i.name) c WHERE c.seqno = 0 AND c.name = f.\"from\")",
        "");
    sqlite3_close(plain);
}

static void a_row_by_plain_sql_gets_the_defaults(void **state)
{
    database *d = *state;
    codedb_close(open_codedb(d->path));
    sqlite3 *plain = open_plain(d);
    execute(plain, "INSERT INTO projects(id, root_path) VALUES ('p', '/p');"
                   "INSERT INTO datasets(id, project_id, root_path) VALUES ('d', 'p', '/p');"
                   "INSERT INTO files(project_id, dataset_id, path) VALUES ('p', 'd', '/p/a.py');"
                   "INSERT INTO vectorization_stats(cycle_id, cycle_start_time) VALUES ('c', 1.0)");
    assert_answer(plain, "SELECT deleted FROM files", "0");
    assert_answer(plain, "SELECT abs(created_at - julianday('now')) < 1 AND abs(updated_at - created_at) < 1e-6 FROM files", "1");
    assert_answer(plain, "SELECT chunks_failed + files_vectorized + total_processing_time_seconds FROM vectorization_stats",
                  "0.0");
    assert_answer(plain, "SELECT typeof(last_updated) FROM vectorization_stats", "real");
    sqlite3_close(plain);
}

static void opening_again_changes_nothing(void **state)
{
    static const char look[] = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_master ORDER BY name)";
    database *d = *state;
    codedb_close(open_codedb(d->path));
    sqlite3 *plain = open_plain(d);
    char *before = ask(plain, look);
    sqlite3_close(plain);
    codedb_close(open_codedb(d->path));
    plain = open_plain(d);
    assert_answer(plain, look, before);
    sqlite3_close(plain);
    free(before);
}

/* ---- databases of other making ---- */

static void make_original(const database *d, bool with_triggers)
{
    sqlite3 *plain = open_plain(d);
    execute(plain, original_tables);
    execute(plain, original_text_tables);
    if (with_triggers)
        execute(plain, original_triggers);
    execute(plain, original_rows);
    if (!with_triggers)
        execute(plain, "INSERT INTO code_content_fts(rowid, entity_type, entity_name, content, docstring) "
                       "SELECT id, entity_type, entity_name, content, docstring FROM code_content");
    sqlite3_close(plain);
}

static size_t count_text(codedb *db, const char *words)
{
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    codedb_text_matches *matches;
    search.query = words;
    assert_success(codedb_text_find(db, &search, &matches, &result), result);
    size_t count = matches->count;
    codedb_free(matches);
    return count;
}

/* Reads what the original wrote. */
static void check_reading(codedb *db)
{
    codedb_project *project;
    codedb_file *file;
    codedb_issues *issues;
    codedb_issues *project_issues;
    codedb_file_structure *structure;
    codedb_counts counts = CODEDB_INIT(codedb_counts);
    assert_success(codedb_project_get(db, "0f8fad5b-d9cb-469f-a165-70867728950e", &project, &result), result);
    assert_string_equal(project->name, "old");
    codedb_free(project);
    assert_success(codedb_file_get(db, 5, &file, &result), result);
    assert_int_equal(file->lines, 9);
    assert_int_equal(file->present & (CODEDB_FILE_DELETED | CODEDB_FILE_RELATIVE_PATH), 0); /* columns that are not there */
    codedb_free(file);
    assert_success(codedb_file_issues(db, 5, NULL, &issues, &result), result);
    assert_int_equal(issues->count, 1);
    codedb_free(issues);
    assert_success(codedb_project_issues(db, "0f8fad5b-d9cb-469f-a165-70867728950e", NULL, &project_issues, &result), result);
    assert_int_equal(project_issues->count, 1);
    codedb_free(project_issues);
    assert_success(codedb_file_structure_get(db, 5, &structure, &result), result);
    assert_int_equal(structure->classes[0].method_count, 1);
    codedb_free(structure);
    assert_success(codedb_project_counts(db, "0f8fad5b-d9cb-469f-a165-70867728950e", &counts, &result), result);
    assert_int_equal(counts.files, 1);
    assert_int_equal(counts.usages + counts.duplicates, 0); /* tables that are not there */
    assert_int_equal(count_text(db, "ancient"), 1);
}

/* Writes through every kind of table that is there. */
static void check_writing(codedb *db)
{
    codedb_file file = CODEDB_INIT(codedb_file);
    codedb_class object = CODEDB_INIT(codedb_class);
    codedb_code_chunk chunk = CODEDB_INIT(codedb_code_chunk);
    codedb_code_content content = CODEDB_INIT(codedb_code_content);
    file.project_id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    file.path = "/old/b.py";
    file.relative_path = "b.py"; /* no such column there */
    assert_success(codedb_file_create(db, &file, &result), result);
    object.file_id = file.id;
    object.name = "New";
    object.line = 1;
    assert_success(codedb_class_create(db, &object, &result), result);
    chunk.file_id = file.id;
    chunk.project_id = file.project_id;
    chunk.chunk_type = "class";
    chunk.chunk_text = "text";
    chunk.binding_level = 3;
    assert_success(codedb_code_chunk_create(db, &chunk, &result), result);
    content.file_id = file.id;
    content.entity_type = "class";
    content.content = "a modern class";
    assert_success(codedb_code_content_create(db, &content, &result), result);
    assert_int_equal(count_text(db, "modern"), 1);
    content.content = "a changed class";
    content.present = CODEDB_CODE_CONTENT_CONTENT;
    assert_success(codedb_code_content_update(db, &content, &result), result);
    assert_int_equal(count_text(db, "modern"), 0);
    assert_int_equal(count_text(db, "changed"), 1);
}

static void check_statistics_without_id(codedb *db)
{
    codedb_vectorization_statistics cycle = CODEDB_INIT(codedb_vectorization_statistics);
    codedb_vectorization_statistics *found;
    assert_success(codedb_vectorization_statistics_get(db, "c1", &found, &result), result);
    assert_int_equal(found->id, 0);
    assert_int_equal(found->present & CODEDB_VECTORIZATION_STATISTICS_ID, 0);
    codedb_free(found);
    cycle.cycle_start_time = 200.0;
    assert_success(codedb_vectorization_statistics_create(db, &cycle, &result), result);
    assert_int_equal(strlen(cycle.cycle_id), 36);
    assert_int_equal(cycle.id, 0);
    cycle.chunks_failed = 7;
    cycle.present = CODEDB_VECTORIZATION_STATISTICS_CHUNKS_FAILED;
    assert_success(codedb_vectorization_statistics_update(db, &cycle, &result), result);
    assert_success(codedb_vectorization_statistics_get(db, cycle.cycle_id, &found, &result), result);
    assert_int_equal(found->chunks_failed, 7);
    codedb_free(found);
    assert_success(codedb_vectorization_statistics_delete(db, cycle.cycle_id, &result), result);
}

static void check_missing_tables(codedb *db)
{
    codedb_usages *usages;
    codedb_analysis_results analysis = CODEDB_INIT(codedb_analysis_results);
    analysis.file_id = 5;
    analysis.project_id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    analysis.results_json = analysis.summary_json = "{}";
    assert_code(codedb_usage_list(db, NULL, &usages, &result), CODEDB_SCHEMA_ERROR, result);
    assert_contains(result.description, "usages");
    assert_code(codedb_analysis_results_create(db, &analysis, &result), CODEDB_SCHEMA_ERROR, result);
}

static void check_tree(codedb *db)
{
    char *source;
    size_t length;
    assert_success(codedb_cst_get(db, 5, &source, &length, &result), result);
    assert_string_equal(source, "class Old: pass");
    codedb_free(source);
}

static void check_original(const database *d, bool with_triggers)
{
    static const char look[] = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_master ORDER BY name)";
    make_original(d, with_triggers);
    sqlite3 *plain = open_plain(d);
    char *before = ask(plain, look);
    sqlite3_close(plain);
    codedb *db = open_codedb(d->path);
    check_reading(db);
    check_writing(db);
    check_statistics_without_id(db);
    check_missing_tables(db);
    check_tree(db);
    codedb_close(db);
    plain = open_plain(d);
    assert_answer(plain, look, before);
    assert_answer(plain, "SELECT owner FROM projects", "nobody");
    execute(plain, "INSERT INTO code_content_fts(code_content_fts, rank) VALUES ('integrity-check', 1)");
    sqlite3_close(plain);
    db = open_codedb(d->path);
    assert_success(codedb_project_delete(db, "0f8fad5b-d9cb-469f-a165-70867728950e", &result), result);
    assert_int_equal(count_text(db, "class"), 0);
    codedb_close(db);
    plain = open_plain(d);
    execute(plain, "INSERT INTO code_content_fts(code_content_fts, rank) VALUES ('integrity-check', 1)");
    assert_answer(plain, "PRAGMA integrity_check", "ok");
    sqlite3_close(plain);
    free(before);
}

static void a_database_of_the_original_works_unchanged(void **state)
{
    check_original(*state, false);
}

static void a_database_with_triggers_of_its_own_works_unchanged(void **state)
{
    check_original(*state, true);
}

/* Content that the original had not put into the index yet must not be taken out of it. */
static void content_that_is_not_indexed_can_be_deleted(void **state)
{
    database *d = *state;
    make_original(d, false);
    sqlite3 *plain = open_plain(d);
    execute(plain,
            "INSERT INTO code_content(file_id, entity_type, content) VALUES (5, 'file', 'never indexed, unlike the other')");
    sqlite3_close(plain);
    codedb *db = open_codedb(d->path);
    assert_success(codedb_project_delete(db, "0f8fad5b-d9cb-469f-a165-70867728950e", &result), result);
    codedb_close(db);
    plain = open_plain(d);
    execute(plain, "INSERT INTO code_content_fts(code_content_fts, rank) VALUES ('integrity-check', 1)");
    sqlite3_close(plain);
}

static void a_database_of_something_else_is_left_alone(void **state)
{
    database *d = *state;
    codedb_projects *list;
    codedb_counts counts = CODEDB_INIT(codedb_counts);
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    codedb_text_matches *matches;
    sqlite3 *plain = open_plain(d);
    execute(plain, "CREATE TABLE songs (title TEXT)");
    sqlite3_close(plain);
    codedb *db = open_codedb(d->path);
    assert_code(codedb_project_list(db, NULL, &list, &result), CODEDB_SCHEMA_ERROR, result);
    assert_success(codedb_project_counts(db, NULL, &counts, &result), result);
    assert_int_equal(counts.files, 0);
    search.query = "x";
    assert_code(codedb_text_find(db, &search, &matches, &result), CODEDB_SCHEMA_ERROR, result);
    codedb_close(db);
    plain = open_plain(d);
    assert_answer(plain, "SELECT group_concat(name) FROM sqlite_master", "songs");
    sqlite3_close(plain);
}

static void an_empty_database_that_may_only_be_read_stays_empty(void **state)
{
    database *d = *state;
    char config[4400];
    codedb *db;
    codedb_projects *list;
    codedb_project project = CODEDB_INIT(codedb_project);
    sqlite3 *plain = open_plain(d);
    execute(plain, "PRAGMA user_version = 1"); /* makes the file */
    sqlite3_close(plain);
    snprintf(config, sizeof config, "{\"type\": \"sqlite\", \"config\": {\"path\": \"%s\", \"read_only\": true}}", d->path);
    assert_success(codedb_open(config, NULL, &db, &result), result);
    assert_code(codedb_project_list(db, NULL, &list, &result), CODEDB_SCHEMA_ERROR, result);
    project.root_path = "/p";
    assert_true(codedb_project_create(db, &project, &result) != CODEDB_SUCCESS);
    codedb_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_database_has_every_table_and_column, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_database_has_every_foreign_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_database_has_every_index, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deletes_find_what_they_cascade_to_by_an_index, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_by_plain_sql_gets_the_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(opening_again_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_database_of_the_original_works_unchanged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_database_with_triggers_of_its_own_works_unchanged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(content_that_is_not_indexed_can_be_deleted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_database_of_something_else_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_database_that_may_only_be_read_stays_empty, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
