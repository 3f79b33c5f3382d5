/* tests/test_fixtures.c -- databases that the original system and earlier versions of codedb made open, are completed, copied and
 * restored, and no row of theirs is another behind it.
 *
 * tests/fixtures holds their dumps. A fixture is loaded by SQLite itself; what it holds is written down row by row, by SQLite itself, too,
 * before codedb sees it and after each step. */
#include "support.h"

#include <glob.h>
#include <sqlite3.h>

static codedb_result result = CODEDB_INIT(codedb_result);

/* ---- a database as text -------------------------------------------------------------------------------------------- */

typedef struct text {
    char *bytes;
    size_t length;
} text;

static void text_add(text *t, const char *words)
{
    size_t length = strlen(words);
    t->bytes = realloc(t->bytes, t->length + length + 1);
    assert_non_null(t->bytes);
    memcpy(t->bytes + t->length, words, length + 1);
    t->length += length;
}

static sqlite3 *open_plain(const char *path)
{
    sqlite3 *plain;
    assert_int_equal(sqlite3_open(path, &plain), SQLITE_OK);
    sqlite3_busy_timeout(plain, 5000);
    return plain;
}

/* Adds the rows of a query, a line each. */
static void text_add_rows(text *t, sqlite3 *plain, const char *sql)
{
    sqlite3_stmt *statement;
    int step;
    if (sqlite3_prepare_v2(plain, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(plain));
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int column = 0; column < sqlite3_column_count(statement); column++) {
            const char *value = (const char *)sqlite3_column_text(statement, column);
            text_add(t, value != NULL ? value : "NULL");
            text_add(t, " ");
        }
        text_add(t, "\n");
    }
    assert_int_equal(step, SQLITE_DONE);
    sqlite3_finalize(statement);
}

/* The queries that read each table of a database that is no part of a full-text index, with the columns that it has now, every value as SQL
 * writes it; and the words of the full-text index. They stand one behind the other, each ended by a NUL; an empty one is the last. */
static text write_questions(const char *path)
{
    static const char ask[] =
        "SELECT 'SELECT ''' || m.name || ''', ' || (SELECT group_concat('quote(\"' || c.name || '\")', ', ') FROM "
        "pragma_table_info(m.name) c) || ' FROM \"' || m.name || '\" ORDER BY ' || (SELECT group_concat('\"' || c.name || '\"', "
        "', ') FROM pragma_table_info(m.name) c) FROM sqlite_master m WHERE m.type IN ('table', 'view') AND m.name NOT LIKE "
        "'code_content_fts%' ORDER BY m.name";
    sqlite3 *plain = open_plain(path);
    text questions = {NULL, 0};
    text_add_rows(&questions, plain, ask);
    text_add(&questions,
             "SELECT 'walrus', rowid FROM code_content_fts WHERE code_content_fts MATCH 'walrus3 OR ancient OR getter'\n");
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
    return questions;
}

static text read_all(const char *path, const text *questions)
{
    sqlite3 *plain = open_plain(path);
    text found = {NULL, 0};
    for (const char *question = questions->bytes; *question != '\0'; question = strchr(question, '\n') + 1) {
        char one[8192];
        size_t length = strcspn(question, "\n");
        assert_true(length < sizeof one);
        memcpy(one, question, length);
        one[length] = '\0';
        text_add_rows(&found, plain, one);
    }
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
    return found;
}

/* Fails at the first line in which a database is not what it was. */
static void assert_unchanged(const char *path, const text *questions, const text *before)
{
    text now = read_all(path, questions);
    if (strcmp(now.bytes, before->bytes) != 0) {
        const char *one = before->bytes, *other = now.bytes;
        while (strcspn(one, "\n") == strcspn(other, "\n") && memcmp(one, other, strcspn(one, "\n") + 1) == 0) {
            one += strcspn(one, "\n") + 1;
            other += strcspn(other, "\n") + 1;
        }
        fail_msg("%s: was\n%.*s\nand is\n%.*s", path, (int)strcspn(one, "\n"), one, (int)strcspn(other, "\n"), other);
    }
    free(now.bytes);
}

/* ---- fixtures ------------------------------------------------------------------------------------------------------ */

typedef struct fixture {
    char *folder;
    char path[4200];
    codedb *db;
} fixture;

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes;
    long size;
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    rewind(file);
    bytes = malloc((size_t)size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)size, file), size);
    bytes[size] = '\0';
    fclose(file);
    return bytes;
}

static void load(fixture *f, const char *dump)
{
    char *sql = read_file(dump);
    char *message = NULL;
    sqlite3 *plain;
    f->folder = support_folder_create();
    f->db = NULL;
    snprintf(f->path, sizeof f->path, "%s/code.db", f->folder);
    plain = open_plain(f->path);
    if (sqlite3_exec(plain, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", dump, message);
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
    free(sql);
}

static void open_fixture(fixture *f)
{
    assert_success(codedb_open(f->path, NULL, &f->db, &result), result);
}

static void close_fixture(fixture *f)
{
    codedb_close(f->db);
    f->db = NULL;
}

static void assert_sound(fixture *f)
{
    codedb_rows *rows;
    assert_success(codedb_check(f->db, 0, &rows, &result), result);
    if (rows->row_count > 0)
        fail_msg("%s: %s", rows->values[0].as.text, rows->values[3].as.text);
    codedb_free(rows);
}

/* How many objects of a kind can be listed: as many as the table has rows. */
#define assert_listed(f, kind, kinds, table)                                                                               \
    do {                                                                                                                   \
        codedb_##kinds *list;                                                                                              \
        codedb_rows *rows;                                                                                                 \
        assert_success(codedb_##kind##_list((f)->db, NULL, &list, &result), result);                                       \
        assert_success(codedb_sql_execute((f)->db, "SELECT count(*) FROM " table, NULL, 0, &rows, NULL, &result), result); \
        assert_int_equal(list->count, rows->values[0].as.integer);                                                         \
        assert_true(list->count > 0 || may_be_empty);                                                                      \
        codedb_free(rows);                                                                                                 \
        codedb_free(list);                                                                                                 \
    } while (0)

static void assert_every_object_is_read(fixture *f, bool may_be_empty)
{
    assert_listed(f, project, projects, "projects");
    assert_listed(f, dataset, datasets, "datasets");
    assert_listed(f, file, files, "files");
    assert_listed(f, ast_tree, ast_trees, "ast_trees");
    assert_listed(f, cst_tree, cst_trees, "cst_trees");
    assert_listed(f, code_chunk, code_chunks, "code_chunks");
    assert_listed(f, vector_index, vector_indexes, "vector_index");
    assert_listed(f, class, classes, "classes");
    assert_listed(f, method, methods, "methods");
    assert_listed(f, function, functions, "functions");
    assert_listed(f, import, imports, "imports");
    assert_listed(f, issue, issues, "issues");
    assert_listed(f, usage, usages, "usages");
    assert_listed(f, code_content, code_contents, "code_content");
    assert_listed(f, code_duplicate, code_duplicates, "code_duplicates");
    assert_listed(f, duplicate_occurrence, duplicate_occurrences, "duplicate_occurrences");
    assert_listed(f, watch_directory, watch_directories, "watch_dirs");
    assert_listed(f, watch_directory_path, watch_directory_paths, "watch_dir_paths");
    assert_listed(f, vectorization_statistics, vectorization_cycles, "vectorization_stats");
    assert_listed(f, file_watcher_statistics, file_watcher_cycles, "file_watcher_stats");
    assert_listed(f, analysis_results, analyses, "comprehensive_analysis_results");
}

/* ---- tests --------------------------------------------------------------------------------------------------------- */

/* Calls `check` for each dump. */
static void each_fixture(void (*check)(fixture *f, const char *name))
{
    glob_t paths;
    assert_int_equal(glob("tests/fixtures/*.sql", 0, NULL, &paths), 0);
    assert_true(paths.gl_pathc >= 4);
    for (size_t i = 0; i < paths.gl_pathc; i++) {
        fixture f;
        load(&f, paths.gl_pathv[i]);
        check(&f, paths.gl_pathv[i]);
        close_fixture(&f);
        support_folder_remove(f.folder);
    }
    globfree(&paths);
    codedb_result_clear(&result);
}

static void check_opened(fixture *f, const char *name)
{
    text questions = write_questions(f->path);
    text before = read_all(f->path, &questions);
    (void)name;
    open_fixture(f);
    assert_sound(f);
    close_fixture(f);
    assert_unchanged(f->path, &questions, &before);
    free(questions.bytes);
    free(before.bytes);
}

static void opening_changes_no_row(void **state)
{
    (void)state;
    each_fixture(check_opened);
}

static void check_synchronized(fixture *f, const char *name)
{
    text questions = write_questions(f->path);
    text before = read_all(f->path, &questions);
    codedb_schema_report *report;
    char folder[4300], *backup = NULL;
    snprintf(folder, sizeof folder, "%s/backups", f->folder);
    open_fixture(f);
    assert_success(codedb_schema_sync(f->db, NULL, folder, &report, &result), result);
    assert_int_equal(report->errors.count, 0);
    if (report->backup_path != NULL)
        backup = strdup(report->backup_path);
    /* A database of the version that runs lacks nothing. */
    if (strstr(name, codedb_version()) != NULL)
        assert_null(backup);
    codedb_free(report);
    assert_sound(f);
    assert_every_object_is_read(f, strstr(name, "old") != NULL);
    assert_success(codedb_schema_sync(f->db, NULL, folder, &report, &result), result);
    assert_int_equal(report->created_tables.count + report->modified_tables.count + report->columns_added.count +
                         report->indexes_created.count,
                     0);
    codedb_free(report);
    close_fixture(f);
    assert_unchanged(f->path, &questions, &before);
    if (backup != NULL) {
        assert_unchanged(backup, &questions, &before);
        open_fixture(f);
        assert_success(codedb_restore(f->db, backup, &result), result);
        assert_sound(f);
        close_fixture(f);
        assert_unchanged(f->path, &questions, &before);
    }
    free(backup);
    free(questions.bytes);
    free(before.bytes);
}

static void a_synchronization_changes_no_row_and_is_taken_back_by_its_copy(void **state)
{
    (void)state;
    each_fixture(check_synchronized);
}

static void check_copied(fixture *f, const char *name)
{
    text questions = write_questions(f->path);
    text before = read_all(f->path, &questions);
    char copy[4300];
    fixture other = {.folder = support_folder_create()};
    (void)name;
    snprintf(copy, sizeof copy, "%s/copy.db", f->folder);
    snprintf(other.path, sizeof other.path, "%s/other.db", other.folder);
    open_fixture(f);
    assert_success(codedb_backup(f->db, copy, &result), result);
    assert_unchanged(copy, &questions, &before);
    open_fixture(&other);
    assert_success(codedb_restore(other.db, copy, &result), result);
    assert_sound(&other);
    assert_unchanged(other.path, &questions, &before);
    assert_success(codedb_vacuum(other.db, &result), result);
    close_fixture(&other);
    assert_unchanged(other.path, &questions, &before);
    support_folder_remove(other.folder);
    free(questions.bytes);
    free(before.bytes);
}

static void copies_and_what_is_restored_from_them_have_every_row(void **state)
{
    (void)state;
    each_fixture(check_copied);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_changes_no_row),
        cmocka_unit_test(a_synchronization_changes_no_row_and_is_taken_back_by_its_copy),
        cmocka_unit_test(copies_and_what_is_restored_from_them_have_every_row),
    };
    return cmocka_run_group_tests_name("fixtures", tests, NULL, NULL);
}
