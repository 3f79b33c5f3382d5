/* tests/test_maintenance.c -- restoring copies, finding damage, upkeep and figures of a database as a whole. */
#include "objects_world.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

static codedb_result result = CODEDB_INIT(codedb_result);

static int set_up(void **state)
{
    world *w = malloc(sizeof *w);
    assert_non_null(w);
    world_create(w, true);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world_destroy(*state);
    free(*state);
    codedb_result_clear(&result);
    return 0;
}

static void path_of(const world *w, const char *name, char path[4300])
{
    snprintf(path, 4300, "%s/%s", w->folder, name);
}

/* Runs SQL on a file behind codedb's back. */
static void run_plain(const char *path, const char *sql)
{
    sqlite3 *plain;
    char *message = NULL;
    assert_int_equal(sqlite3_open(path, &plain), SQLITE_OK);
    if (sqlite3_exec(plain, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
}

static codedb *open_read_only(const world *w)
{
    char config[4500];
    codedb *db;
    snprintf(config, sizeof config, "{\"type\": \"sqlite\", \"config\": {\"path\": \"%s\", \"read_only\": true}}", w->path);
    assert_success(codedb_open(config, NULL, &db, &result), result);
    return db;
}

/* ---- restoring ----------------------------------------------------------------------------------------------------- */

/* Some content with words in the full-text index. */
static void add_content(world *w, const char *name, const char *content)
{
    codedb_code_content row = CODEDB_INIT(codedb_code_content);
    row.file_id = w->file.id;
    row.entity_type = "class";
    row.entity_name = name;
    row.content = content;
    assert_success(codedb_code_content_create(w->db, &row, &w->result), w->result);
}

static size_t count_found(world *w, const char *words)
{
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    codedb_text_matches *matches;
    size_t count;
    search.query = words;
    assert_success(codedb_text_find(w->db, &search, &matches, &w->result), w->result);
    count = matches->count;
    codedb_free(matches);
    return count;
}

static void a_restored_copy_is_all_that_there_is(void **state)
{
    world *w = *state;
    char path[4300];
    add_content(w, "Old", "walrus");
    path_of(w, "copy.db", path);
    assert_success(codedb_backup(w->db, path, &result), result);
    add_content(w, "New", "penguin");
    world_execute(w, "DELETE FROM classes");
    world_execute(w, "CREATE TABLE later (x)");
    assert_success(codedb_restore(w->db, path, &result), result);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM classes WHERE name = 'Animal'"), 1);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM sqlite_schema WHERE name = 'later'"), 0);
    assert_int_equal(count_found(w, "walrus"), 1);
    assert_int_equal(count_found(w, "penguin"), 0);
    world_reopen(w);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM classes WHERE name = 'Animal'"), 1);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

/* Statements that were prepared before, foreign keys and the upkeep of full text go on behind a restored copy. */
static void the_handle_works_on_behind_a_restored_copy(void **state)
{
    world *w = *state;
    char path[4300];
    codedb_column row[] = {{"id", codedb_value_text("w2")}};
    path_of(w, "copy.db", path);
    assert_success(codedb_table_insert(w->db, "watch_dirs", row, 1, NULL, &result), result);
    assert_success(codedb_backup(w->db, path, &result), result);
    world_execute(w, "DELETE FROM watch_dirs WHERE id = 'w2'");
    assert_success(codedb_restore(w->db, path, &result), result);
    assert_code(codedb_table_insert(w->db, "watch_dirs", row, 1, NULL, &result), CODEDB_VALIDATION_ERROR, result);
    add_content(w, "New", "penguin");
    assert_int_equal(count_found(w, "penguin"), 1);
    world_execute(w, "DELETE FROM files");
    assert_int_equal(world_ask(w, "SELECT count(*) FROM code_content"), 0);
    assert_int_equal(count_found(w, "penguin"), 0);
    world_check_text_index(w);
}

static void a_copy_is_restored_into_memory(void **state)
{
    world *w = *state;
    world memory;
    char path[4300];
    path_of(w, "copy.db", path);
    world_execute(w, "UPDATE classes SET name = 'Beast'");
    assert_success(codedb_backup(w->db, path, &result), result);
    world_create(&memory, false);
    assert_success(codedb_restore(memory.db, path, &result), result);
    assert_int_equal(world_ask(&memory, "SELECT count(*) FROM classes WHERE name = 'Beast'"), 1);
    add_content(&memory, "More", "penguin");
    world_check_text_index(&memory);
    world_destroy(&memory);
}

/* Copies of other makings: with a rollback journal, with auto_vacuum, with fewer columns, in a log that was never copied back. */
static void copies_of_other_makings_are_restored(void **state)
{
    static const char *const makings[] = {
        "PRAGMA journal_mode = DELETE",
        "PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = FULL; VACUUM",
        "ALTER TABLE files DROP COLUMN version_dir",
    };
    world *w = *state;
    char path[4300];
    for (size_t i = 0; i < sizeof makings / sizeof makings[0]; i++) {
        char name[20];
        snprintf(name, sizeof name, "copy%zu.db", i);
        path_of(w, name, path);
        assert_success(codedb_backup(w->db, path, &result), result);
        run_plain(path, makings[i]);
        assert_success(codedb_restore(w->db, path, &result), result);
        world_execute(w, "CREATE TABLE bulk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
                         "SELECT i, randomblob(500) AS b FROM n");
        world_execute(w, "DELETE FROM bulk WHERE i % 3 = 0");
        world_execute(w, "DROP TABLE bulk");
        assert_int_equal(world_ask(w, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    }
    codedb_file *file;
    assert_success(codedb_file_get(w->db, w->file.id, &file, &result), result);
    assert_false(file->present & CODEDB_FILE_VERSION_DIR);
    codedb_free(file);
}

/* A database that another program has open, whose last commits are in its log. */
static void a_copy_with_a_log_is_restored_with_it(void **state)
{
    world *w = *state;
    sqlite3 *plain;
    char path[4300];
    path_of(w, "copy.db", path);
    assert_success(codedb_backup(w->db, path, &result), result);
    assert_int_equal(sqlite3_open(path, &plain), SQLITE_OK);
    assert_int_equal(sqlite3_exec(plain, "UPDATE classes SET name = 'InTheLog'", NULL, NULL, NULL), SQLITE_OK);
    assert_success(codedb_restore(w->db, path, &result), result);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM classes WHERE name = 'InTheLog'"), 1);
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
}

static void what_is_no_sound_copy_is_refused_and_changes_nothing(void **state)
{
    world *w = *state;
    char path[4300], bytes[40];
    FILE *file;
    assert_code(codedb_restore(w->db, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_restore(w->db, "", &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_restore(NULL, "x", &result), CODEDB_INVALID_REQUEST, result);
    path_of(w, "none.db", path);
    assert_code(codedb_restore(w->db, path, &result), CODEDB_NOT_FOUND, result);
    assert_code(codedb_restore(w->db, w->folder, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "found a folder");
    assert_code(codedb_restore(w->db, w->path, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "the database itself");

    support_write_file(w->folder, "text.db",
                       "This is no database, but a text that is long enough for one's header......."
                       "................................",
                       107);
    path_of(w, "text.db", path);
    assert_code(codedb_restore(w->db, path, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "no database");

    path_of(w, "other.db", path);
    run_plain(path, "CREATE TABLE projects (id); CREATE TABLE files (id)");
    assert_code(codedb_restore(w->db, path, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "tables named datasets: found 0, expected 1");

    path_of(w, "small.db", path);
    run_plain(path, "PRAGMA page_size = 1024; CREATE TABLE projects (id); CREATE TABLE files (id); CREATE TABLE datasets (id)");
    assert_code(codedb_restore(w->db, path, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "page size: found 1024, expected 4096");

    path_of(w, "wide.db", path);
    run_plain(path,
              "PRAGMA encoding = 'UTF-16'; CREATE TABLE projects (id); CREATE TABLE files (id); CREATE TABLE datasets (id)");
    assert_code(codedb_restore(w->db, path, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "encoding");

    path_of(w, "damaged.db", path);
    assert_success(codedb_backup(w->db, path, &result), result);
    file = fopen(path, "r+b");
    assert_non_null(file);
    memset(bytes, 0xA5, sizeof bytes);
    assert_int_equal(fseek(file, 4096 * 4, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
    assert_int_equal(fclose(file), 0);
    assert_code(codedb_restore(w->db, path, &result), CODEDB_VALIDATION_ERROR, result);
    assert_contains(result.description, "damaged");

    assert_int_equal(world_ask(w, "SELECT count(*) FROM classes WHERE name = 'Animal'"), 1);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

static void names_that_mean_something_in_a_uri_are_files(void **state)
{
    static const char *const names[] = {"a b.db", "a%20b.db", "a?mode=memory", "a#b.db", "\xc3\xa4.db"};
    world *w = *state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[4300];
        path_of(w, names[i], path);
        assert_success(codedb_backup(w->db, path, &result), result);
        assert_success(codedb_restore(w->db, path, &result), result);
    }
    assert_int_equal(world_ask(w, "SELECT count(*) FROM classes WHERE name = 'Animal'"), 1);
}

static void a_copy_leaves_nothing_beside_it_when_it_is_restored(void **state)
{
    world *w = *state;
    struct stat status;
    char folder[4300], path[4400], other[4500];
    path_of(w, "folder", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(path, sizeof path, "%s/copy.db", folder);
    assert_success(codedb_backup(w->db, path, &result), result);
    assert_int_equal(chmod(folder, 0500), 0);
    assert_success(codedb_restore(w->db, path, &result), result);
    assert_int_equal(chmod(folder, 0700), 0);
    snprintf(other, sizeof other, "%s-wal", path);
    assert_int_not_equal(stat(other, &status), 0);
    snprintf(other, sizeof other, "%s-shm", path);
    assert_int_not_equal(stat(other, &status), 0);
}

/* The copy has many pages; the time is over while it is checked, or while it is written. */
static void restoring_that_takes_too_long_leaves_what_there_was(void **state)
{
    world *w = *state;
    char path[4300];
    path_of(w, "copy.db", path);
    world_execute(w, "CREATE TABLE bulk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
                     "SELECT i, randomblob(2000) AS b FROM n");
    assert_success(codedb_backup(w->db, path, &result), result);
    world_execute(w, "DROP TABLE bulk");
    for (int milliseconds = 1; milliseconds < 200; milliseconds += 15) {
        codedb_request_options options = CODEDB_INIT(codedb_request_options);
        codedb *view;
        codedb_code code;
        options.timeout = milliseconds / 1000.0;
        assert_success(codedb_with(w->db, &options, &view, &result), result);
        code = codedb_restore(view, path, &result);
        codedb_close(view);
        if (code == CODEDB_SUCCESS)
            break;
        assert_int_equal(code, CODEDB_TIMEOUT);
        assert_int_equal(world_ask(w, "SELECT count(*) FROM sqlite_schema WHERE name = 'bulk'"), 0);
    }
    world_reopen(w);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM classes WHERE name = 'Animal'"), 1);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

/* ---- what none of it does ------------------------------------------------------------------------------------------ */

static void a_held_transaction_refuses_all_but_the_figures(void **state)
{
    world *w = *state;
    codedb_storage storage = CODEDB_INIT(codedb_storage);
    codedb_rows *rows;
    codedb *transaction;
    char path[4300];
    path_of(w, "copy.db", path);
    assert_success(codedb_backup(w->db, path, &result), result);
    assert_success(codedb_transaction_begin(w->db, &transaction, &result), result);
    assert_code(codedb_restore(transaction, path, &result), CODEDB_TRANSACTION_ERROR, result);
    assert_code(codedb_check(transaction, 0, &rows, &result), CODEDB_TRANSACTION_ERROR, result);
    assert_null(rows);
    assert_code(codedb_vacuum(transaction, &result), CODEDB_TRANSACTION_ERROR, result);
    assert_code(codedb_checkpoint(transaction, CODEDB_CHECKPOINT_PASSIVE, &result), CODEDB_TRANSACTION_ERROR, result);
    assert_success(codedb_storage_get(transaction, &storage, &result), result);
    assert_success(codedb_transaction_rollback(transaction, &result), result);
    codedb_close(transaction);
}

static void a_read_only_handle_looks_and_changes_nothing(void **state)
{
    world *w = *state;
    codedb *db = open_read_only(w);
    codedb_storage storage = CODEDB_INIT(codedb_storage);
    codedb_rows *rows;
    char path[4300];
    path_of(w, "copy.db", path);
    add_content(w, "Animal", "walrus");
    assert_success(codedb_backup(db, path, &result), result);
    assert_code(codedb_restore(db, path, &result), CODEDB_PERMISSION_DENIED, result);
    assert_code(codedb_vacuum(db, &result), CODEDB_PERMISSION_DENIED, result);
    assert_code(codedb_checkpoint(db, CODEDB_CHECKPOINT_FULL, &result), CODEDB_PERMISSION_DENIED, result);
    assert_success(codedb_check(db, 0, &rows, &result), result);
    assert_int_equal(rows->row_count, 0);
    codedb_free(rows);
    assert_success(codedb_storage_get(db, &storage, &result), result);
    assert_int_equal(storage.page_size, 4096);
    codedb_close(db);
}

static void what_makes_no_sense_is_refused(void **state)
{
    world *w = *state;
    codedb_storage storage = {0};
    codedb_rows *rows;
    assert_code(codedb_check(w->db, 0, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_check(NULL, 0, &rows, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_check(w->db, -1, &rows, &result), CODEDB_VALIDATION_ERROR, result);
    assert_code(codedb_vacuum(NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_checkpoint(NULL, CODEDB_CHECKPOINT_PASSIVE, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_checkpoint(w->db, (codedb_checkpoint_mode)4, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_storage_get(w->db, NULL, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_storage_get(NULL, &storage, &result), CODEDB_INVALID_REQUEST, result);
    assert_code(codedb_storage_get(w->db, &storage, &result), CODEDB_INVALID_REQUEST, result);
}

/* ---- checks -------------------------------------------------------------------------------------------------------- */

/* Expects exactly one finding: "check|table|row_id|message", the message from its start. */
static void assert_finding(world *w, const char *expected)
{
    codedb_rows *rows;
    char found[1024];
    assert_success(codedb_check(w->db, 0, &rows, &result), result);
    if (rows->row_count != 1)
        fail_msg("%zu findings, expected one: %s", rows->row_count, expected);
    assert_int_equal(rows->column_count, 4);
    assert_string_equal(rows->column_names[0], "check");
    assert_string_equal(rows->column_names[2], "row_id");
    if (rows->values[2].type == CODEDB_VALUE_INTEGER)
        snprintf(found, sizeof found, "%s|%s|%lld|%s", rows->values[0].as.text, rows->values[1].as.text,
                 (long long)rows->values[2].as.integer, rows->values[3].as.text);
    else
        snprintf(found, sizeof found, "%s|%s|-|%s", rows->values[0].as.text,
                 rows->values[1].type == CODEDB_VALUE_TEXT ? rows->values[1].as.text : "-", rows->values[3].as.text);
    assert_contains(found, expected);
    codedb_free(rows);
}

static void a_sound_database_has_no_findings(void **state)
{
    world *w = *state;
    codedb_rows *rows;
    add_content(w, "Animal", "walrus");
    assert_success(codedb_check(w->db, 0, &rows, &result), result);
    assert_int_equal(rows->row_count, 0);
    assert_int_equal(rows->column_count, 4);
    codedb_free(rows);
}

static void rows_that_refer_to_nothing_are_found(void **state)
{
    world *w = *state;
    codedb_close(w->db);
    run_plain(w->path, "PRAGMA foreign_keys = OFF; INSERT INTO functions(id, file_id, name, line) VALUES (77, 4711, 'f', 1)");
    world_open(w);
    assert_finding(w, "foreign_keys|functions|77|file_id refers to a row of files that is not there");
}

static void an_index_that_does_not_fit_its_table_is_found_with_its_table(void **state)
{
    world *w = *state;
    codedb_rows *rows;
    codedb_close(w->db);
    run_plain(w->path, "PRAGMA writable_schema = ON; CREATE TABLE backup_of AS SELECT * FROM sqlite_schema WHERE name = "
                       "'idx_functions_name'; DELETE FROM sqlite_schema WHERE name = 'idx_functions_name'");
    run_plain(w->path, "INSERT INTO functions(file_id, name, line) SELECT file_id, 'unindexed', 99 FROM functions");
    run_plain(w->path, "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM backup_of; DROP TABLE backup_of");
    world_open(w);
    assert_success(codedb_check(w->db, 0, &rows, &result), result);
    assert_int_equal(rows->row_count, 2);
    for (size_t i = 0; i < rows->row_count; i++) {
        assert_string_equal(rows->values[4 * i].as.text, "integrity");
        assert_string_equal(rows->values[4 * i + 1].as.text, "functions");
        assert_contains(rows->values[4 * i + 3].as.text, "idx_functions_name");
    }
    codedb_free(rows);
}

static void a_damaged_page_is_found(void **state)
{
    world *w = *state;
    codedb_rows *rows;
    int64_t page = world_ask(w, "SELECT rootpage FROM sqlite_schema WHERE name = 'idx_usages_file_id'");
    unsigned char bytes[100];
    FILE *file;
    codedb_close(w->db);
    file = fopen(w->path, "r+b");
    assert_non_null(file);
    memset(bytes, 0xA5, sizeof bytes);
    assert_int_equal(fseek(file, (long)(page - 1) * 4096, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
    assert_int_equal(fclose(file), 0);
    world_open(w);
    assert_success(codedb_check(w->db, 0, &rows, &result), result);
    assert_true(rows->row_count >= 1);
    assert_string_equal(rows->values[0].as.text, "integrity");
    assert_string_equal(rows->values[1].as.text, "usages");
    codedb_free(rows);
}

static void words_that_are_not_in_the_index_are_found(void **state)
{
    world *w = *state;
    add_content(w, "Animal", "walrus");
    codedb_close(w->db);
    run_plain(w->path, "UPDATE code_content SET content = 'penguin'");
    world_open(w);
    assert_finding(w, "full_text|code_content_fts|-|the index does not have the words of its content");
    world_execute(w, "INSERT INTO code_content_fts(code_content_fts) VALUES ('rebuild')");
    assert_int_equal(count_found(w, "penguin"), 1);
    world_check_text_index(w);
}

static void rows_that_are_not_in_the_index_are_found_by_readers_too(void **state)
{
    world *w = *state;
    codedb *db;
    codedb_rows *rows;
    codedb_close(w->db);
    run_plain(w->path, "INSERT INTO code_content(id, file_id, entity_type, content) SELECT 31, id, 'file', 'x' FROM files;"
                       "INSERT INTO code_content_fts(rowid, content) VALUES (32, 'nowhere')");
    db = open_read_only(w);
    assert_success(codedb_check(db, 0, &rows, &result), result);
    assert_int_equal(rows->row_count, 2);
    assert_string_equal(rows->values[1].as.text, "code_content");
    assert_int_equal(rows->values[2].as.integer, 31);
    assert_contains(rows->values[3].as.text, "not in the full-text index");
    assert_string_equal(rows->values[5].as.text, "code_content_fts");
    assert_int_equal(rows->values[6].as.integer, 32);
    codedb_free(rows);
    codedb_close(db);
    world_open(w);
}

static void findings_are_no_more_than_asked_for(void **state)
{
    world *w = *state;
    codedb_rows *rows;
    codedb_close(w->db);
    run_plain(w->path, "PRAGMA foreign_keys = OFF; INSERT INTO functions(file_id, name, line) WITH RECURSIVE n(i) AS "
                       "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT 4711, 'f', i FROM n");
    world_open(w);
    assert_success(codedb_check(w->db, 7, &rows, &result), result);
    assert_int_equal(rows->row_count, 7);
    codedb_free(rows);
    assert_success(codedb_check(w->db, 0, &rows, &result), result);
    assert_int_equal(rows->row_count, 100);
    codedb_free(rows);
    assert_success(codedb_check(w->db, 1000, &rows, &result), result);
    assert_int_equal(rows->row_count, 300);
    codedb_free(rows);
}

/* ---- upkeep and figures -------------------------------------------------------------------------------------------- */

static codedb_storage look(world *w)
{
    codedb_storage storage = CODEDB_INIT(codedb_storage);
    assert_success(codedb_storage_get(w->db, &storage, &w->result), w->result);
    return storage;
}

static void a_vacuum_gives_free_pages_back(void **state)
{
    world *w = *state;
    struct stat before, after;
    add_content(w, "Animal", "walrus");
    world_execute(w, "CREATE TABLE bulk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
                     "SELECT i, randomblob(2000) AS b FROM n");
    world_execute(w, "DROP TABLE bulk");
    assert_true(look(w).free_pages > 900);
    assert_success(codedb_checkpoint(w->db, CODEDB_CHECKPOINT_TRUNCATE, &result), result);
    assert_int_equal(stat(w->path, &before), 0);
    assert_success(codedb_vacuum(w->db, &result), result);
    assert_success(codedb_checkpoint(w->db, CODEDB_CHECKPOINT_TRUNCATE, &result), result);
    assert_int_equal(stat(w->path, &after), 0);
    assert_true(after.st_size < before.st_size / 2);
    assert_int_equal(look(w).free_pages, 0);
    assert_int_equal(look(w).page_count * look(w).page_size, after.st_size);
    add_content(w, "More", "penguin");
    assert_int_equal(count_found(w, "penguin"), 1);
    world_check_text_index(w);
}

static void the_log_is_counted_and_copied_back(void **state)
{
    world *w = *state;
    codedb_storage storage;
    assert_success(codedb_checkpoint(w->db, CODEDB_CHECKPOINT_TRUNCATE, &result), result);
    storage = look(w);
    assert_int_equal(storage.log_bytes, 0);
    assert_int_equal(storage.log_frames, 0);
    world_execute(w, "UPDATE classes SET docstring = 'x'");
    storage = look(w);
    assert_true(storage.log_frames > 0);
    assert_int_equal(storage.log_checkpointed, 0);
    assert_int_equal(storage.log_bytes, 32 + storage.log_frames * (4096 + 24));
    for (int mode = CODEDB_CHECKPOINT_PASSIVE; mode <= CODEDB_CHECKPOINT_RESTART; mode++) {
        world_execute(w, "UPDATE classes SET docstring = docstring || 'x'");
        assert_success(codedb_checkpoint(w->db, (codedb_checkpoint_mode)mode, &result), result);
        storage = look(w);
        assert_int_equal(storage.log_checkpointed, storage.log_frames);
    }
    /* SQLite copies it back by itself when it is long. */
    world_execute(w, "CREATE TABLE bulk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
                     "SELECT i, randomblob(2000) AS b FROM n");
    storage = look(w);
    assert_true(storage.log_frames > 4000);
    assert_int_equal(storage.log_checkpointed, storage.log_frames);
}

static void a_checkpoint_that_others_keep_from_ending_times_out(void **state)
{
    world *w = *state;
    sqlite3 *reader;
    assert_int_equal(sqlite3_open(w->path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM classes", NULL, NULL, NULL), SQLITE_OK);
    world_execute(w, "UPDATE classes SET docstring = 'x'");
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    codedb *view;
    options.timeout = 0.05;
    assert_success(codedb_with(w->db, &options, &view, &result), result);
    assert_code(codedb_checkpoint(view, CODEDB_CHECKPOINT_TRUNCATE, &result), CODEDB_TIMEOUT, result);
    codedb_close(view);
    assert_success(codedb_checkpoint(w->db, CODEDB_CHECKPOINT_PASSIVE, &result), result);
    assert_true(look(w).log_checkpointed < look(w).log_frames);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
}

static void a_database_in_memory_has_no_log(void **state)
{
    world *w = *state;
    world memory;
    codedb_storage storage;
    (void)w;
    world_create(&memory, false);
    assert_success(codedb_checkpoint(memory.db, CODEDB_CHECKPOINT_TRUNCATE, &result), result);
    assert_success(codedb_vacuum(memory.db, &result), result);
    storage = look(&memory);
    assert_true(storage.page_count > 0);
    assert_int_equal(storage.log_bytes, 0);
    assert_int_equal(storage.copy_total, 0);
    world_destroy(&memory);
}

/* ---- in a process of its own --------------------------------------------------------------------------------------- */

typedef struct writer {
    codedb *db;
    atomic_bool stop;
    int64_t rows;
    codedb_code code;
} writer;

static void *write_rows(void *argument)
{
    writer *self = argument;
    while (!atomic_load(&self->stop) && self->code == CODEDB_SUCCESS) {
        codedb_column row = {"name", codedb_value_text("written")};
        codedb_column id = {"id", codedb_value_text("")};
        codedb_column both[2];
        char text[40];
        snprintf(text, sizeof text, "w%lld", (long long)self->rows);
        id.value = codedb_value_text(text);
        both[0] = id;
        both[1] = row;
        self->code = codedb_table_insert(self->db, "watch_dirs", both, 2, NULL, NULL);
        self->rows += self->code == CODEDB_SUCCESS;
    }
    return NULL;
}

static void all_of_it_is_done_by_a_driver_in_its_own_process(void **state)
{
    world *w = *state;
    world process = {.result = CODEDB_INIT(codedb_result)};
    char config[4500], path[4300];
    writer writes = {.code = CODEDB_SUCCESS};
    codedb_rows *rows;
    pthread_t thread;
    int64_t there;
    world_execute(w, "CREATE TABLE bulk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
                     "SELECT i, randomblob(2000) AS b FROM n");
    codedb_close(w->db);
    snprintf(config, sizeof config, "{\"type\": \"sqlite_proxy\", \"config\": {\"path\": \"%s\"}}", w->path);
    assert_success(codedb_open(config, NULL, &process.db, &result), result);
    path_of(w, "copy.db", path);
    writes.db = process.db;
    atomic_init(&writes.stop, false);
    assert_int_equal(pthread_create(&thread, NULL, write_rows, &writes), 0);
    assert_success(codedb_backup(process.db, path, &result), result);
    atomic_store(&writes.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(writes.code, CODEDB_SUCCESS);
    print_message("%lld rows were stored meanwhile\n", (long long)writes.rows);
    assert_code(codedb_backup(process.db, path, &result), CODEDB_VALIDATION_ERROR, result);
    assert_success(codedb_check(process.db, 0, &rows, &result), result);
    assert_int_equal(rows->row_count, 0);
    codedb_free(rows);
    assert_success(codedb_restore(process.db, path, &result), result);
    there = world_ask(&process, "SELECT count(*) FROM watch_dirs WHERE name = 'written'");
    assert_true(there <= writes.rows);
    assert_int_equal(world_ask(&process, "SELECT coalesce(max(CAST(substr(id, 2) AS INTEGER)), -1) FROM watch_dirs WHERE name = "
                                         "'written'"),
                     there - 1);
    assert_code(codedb_restore(process.db, w->folder, &result), CODEDB_VALIDATION_ERROR, result);
    assert_success(codedb_checkpoint(process.db, CODEDB_CHECKPOINT_TRUNCATE, &result), result);
    world_execute(&process, "DROP TABLE bulk");
    assert_true(look(&process).free_pages > 1000);
    assert_success(codedb_vacuum(process.db, &result), result);
    assert_int_equal(look(&process).free_pages, 0);
    world_destroy(&process);
    world_open(w);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM watch_dirs WHERE name = 'written'"), there);
}

int main(void)
{
#define WORLD_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_restored_copy_is_all_that_there_is),
        WORLD_TEST(the_handle_works_on_behind_a_restored_copy),
        WORLD_TEST(a_copy_is_restored_into_memory),
        WORLD_TEST(copies_of_other_makings_are_restored),
        WORLD_TEST(a_copy_with_a_log_is_restored_with_it),
        WORLD_TEST(what_is_no_sound_copy_is_refused_and_changes_nothing),
        WORLD_TEST(names_that_mean_something_in_a_uri_are_files),
        WORLD_TEST(a_copy_leaves_nothing_beside_it_when_it_is_restored),
        WORLD_TEST(restoring_that_takes_too_long_leaves_what_there_was),
        WORLD_TEST(a_held_transaction_refuses_all_but_the_figures),
        WORLD_TEST(a_read_only_handle_looks_and_changes_nothing),
        WORLD_TEST(what_makes_no_sense_is_refused),
        WORLD_TEST(a_sound_database_has_no_findings),
        WORLD_TEST(rows_that_refer_to_nothing_are_found),
        WORLD_TEST(an_index_that_does_not_fit_its_table_is_found_with_its_table),
        WORLD_TEST(a_damaged_page_is_found),
        WORLD_TEST(words_that_are_not_in_the_index_are_found),
        WORLD_TEST(rows_that_are_not_in_the_index_are_found_by_readers_too),
        WORLD_TEST(findings_are_no_more_than_asked_for),
        WORLD_TEST(a_vacuum_gives_free_pages_back),
        WORLD_TEST(the_log_is_counted_and_copied_back),
        WORLD_TEST(a_checkpoint_that_others_keep_from_ending_times_out),
        WORLD_TEST(a_database_in_memory_has_no_log),
        WORLD_TEST(all_of_it_is_done_by_a_driver_in_its_own_process),
    };
    return cmocka_run_group_tests_name("maintenance", tests, NULL, NULL);
}
