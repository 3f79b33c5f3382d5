/* tests/objects_world.h -- a small project in a new database: what the objects' tests refer to. Include it behind support.h. */
#ifndef CODEDB_TESTS_OBJECTS_WORLD_H
#define CODEDB_TESTS_OBJECTS_WORLD_H

#include "support.h"

typedef struct world {
    codedb *db;
    codedb_result result;
    char *folder; /* NULL: the database is in memory */
    char path[4200];
    codedb_watch_directory watch_directory;
    codedb_project project;
    codedb_dataset dataset;
    codedb_file file;
    codedb_class class_object;
    codedb_method method;
    codedb_function function;
    codedb_code_duplicate duplicate;
} world;

SUPPORT_UNUSED static void world_fill(world *w)
{
    w->watch_directory = (codedb_watch_directory)CODEDB_INIT(codedb_watch_directory);
    w->watch_directory.name = "watched";
    assert_success(codedb_watch_directory_create(w->db, &w->watch_directory, &w->result), w->result);
    w->project = (codedb_project)CODEDB_INIT(codedb_project);
    w->project.root_path = "/world";
    assert_success(codedb_project_create(w->db, &w->project, &w->result), w->result);
    w->dataset = (codedb_dataset)CODEDB_INIT(codedb_dataset);
    w->dataset.project_id = w->project.id;
    w->dataset.root_path = "/world/part";
    assert_success(codedb_dataset_create(w->db, &w->dataset, &w->result), w->result);
    w->file = (codedb_file)CODEDB_INIT(codedb_file);
    w->file.project_id = w->project.id;
    w->file.dataset_id = w->dataset.id;
    w->file.path = "/world/part/module.py";
    w->file.relative_path = "part/module.py";
    w->file.last_modified = 1700000000.5;
    assert_success(codedb_file_create(w->db, &w->file, &w->result), w->result);
    w->class_object = (codedb_class)CODEDB_INIT(codedb_class);
    w->class_object.file_id = w->file.id;
    w->class_object.name = "Animal";
    w->class_object.line = 3;
    assert_success(codedb_class_create(w->db, &w->class_object, &w->result), w->result);
    w->method = (codedb_method)CODEDB_INIT(codedb_method);
    w->method.class_id = w->class_object.id;
    w->method.name = "speak";
    w->method.line = 4;
    assert_success(codedb_method_create(w->db, &w->method, &w->result), w->result);
    w->function = (codedb_function)CODEDB_INIT(codedb_function);
    w->function.file_id = w->file.id;
    w->function.name = "main";
    w->function.line = 20;
    assert_success(codedb_function_create(w->db, &w->function, &w->result), w->result);
    w->duplicate = (codedb_code_duplicate)CODEDB_INIT(codedb_code_duplicate);
    w->duplicate.project_id = w->project.id;
    w->duplicate.duplicate_hash = "abc";
    w->duplicate.similarity = 0.75;
    assert_success(codedb_code_duplicate_create(w->db, &w->duplicate, &w->result), w->result);
}

SUPPORT_UNUSED static void world_open(world *w)
{
    assert_success(support_open(w->path, &w->db, &w->result), w->result);
}

/* A database with the project in it, in memory or in a folder of its own. */
SUPPORT_UNUSED static void world_create(world *w, bool on_file)
{
    memset(w, 0, sizeof *w);
    w->result.struct_size = sizeof w->result;
    snprintf(w->path, sizeof w->path, ":memory:");
    if (on_file) {
        w->folder = support_folder_create();
        snprintf(w->path, sizeof w->path, "%s/code.db", w->folder);
    }
    world_open(w);
    world_fill(w);
}

/* Closes and opens the database again, if it is on file: what is read then was stored. */
SUPPORT_UNUSED static void world_reopen(world *w)
{
    if (w->folder != NULL) {
        codedb_close(w->db);
        world_open(w);
    }
}

SUPPORT_UNUSED static void world_destroy(world *w)
{
    codedb_close(w->db);
    codedb_result_clear(&w->result);
    if (w->folder != NULL)
        support_folder_remove(w->folder);
}

/* The one integer that a query answers. */
SUPPORT_UNUSED static int64_t world_ask(world *w, const char *sql)
{
    codedb_rows *rows = NULL;
    assert_success(codedb_sql_execute(w->db, sql, NULL, 0, &rows, NULL, &w->result), w->result);
    assert_true(rows->row_count == 1 && rows->column_count == 1);
    int64_t answer = rows->values[0].as.integer;
    codedb_free(rows);
    return answer;
}

SUPPORT_UNUSED static void world_execute(world *w, const char *sql)
{
    codedb_code code = codedb_sql_execute(w->db, sql, NULL, 0, NULL, NULL, &w->result);
    if (code != CODEDB_SUCCESS)
        print_error("%s\n", sql);
    assert_success(code, w->result);
}

/* Fails when the full-text index does not hold exactly what code_content holds. */
SUPPORT_UNUSED static void world_check_text_index(world *w)
{
    world_execute(w, "INSERT INTO code_content_fts(code_content_fts, rank) VALUES ('integrity-check', 1)");
    assert_int_equal(world_ask(w, "SELECT count(*) FROM code_content_fts_docsize"),
                     world_ask(w, "SELECT count(*) FROM code_content"));
}

#endif
