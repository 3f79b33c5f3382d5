/* tests/test_sync.c -- tables are made, changed and dropped, and databases of other making get what they lack, without loss.
 *
 * Public header only; what is in a database is looked at by SQL. Accuses codedb_sync.c, codedb_definition.c, codedb_structure.c,
 * codedb_ddl.c and codedb_sqlite_schema.c. */
#include "original_tables.h"

#include <dirent.h>
#include <pthread.h>
#include <sqlite3.h>

/* ---- helpers ---- */

typedef struct database {
    codedb *db;
    codedb_result result;
    char *folder;
    char path[4200]; /* ":memory:", or a file in the folder */
} database;

static void start(database *d, bool on_file)
{
    memset(d, 0, sizeof *d);
    d->result.struct_size = sizeof d->result;
    d->folder = support_folder_create();
    snprintf(d->path, sizeof d->path, ":memory:");
    if (on_file)
        snprintf(d->path, sizeof d->path, "%s/code.db", d->folder);
}

static void reopen(database *d)
{
    codedb_close(d->db);
    assert_success(codedb_open(d->path, NULL, &d->db, &d->result), d->result);
}

static int set_up_memory(void **state)
{
    database *d = malloc(sizeof *d);
    start(d, false);
    reopen(d);
    *state = d;
    return 0;
}

static int set_up_file(void **state)
{
    database *d = malloc(sizeof *d);
    start(d, true);
    reopen(d);
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    database *d = *state;
    codedb_close(d->db);
    codedb_result_clear(&d->result);
    support_folder_remove(d->folder);
    free(d);
    return 0;
}

static void run(database *d, const char *sql)
{
    if (codedb_sql_execute(d->db, sql, NULL, 0, NULL, NULL, &d->result) != CODEDB_SUCCESS)
        fail_msg("%s: %s", sql, d->result.description);
}

/* Compares the first value that a query answers, as text; "" for NULL. */
static void assert_answer_at(database *d, const char *sql, const char *expected, int line)
{
    char wrapped[2000];
    codedb_rows *rows = NULL;
    snprintf(wrapped, sizeof wrapped, "SELECT CAST((%s) AS TEXT)", sql);
    if (codedb_sql_execute(d->db, wrapped, NULL, 0, &rows, NULL, &d->result) != CODEDB_SUCCESS)
        fail_msg("%s: %s", sql, d->result.description);
    const char *found = rows->values[0].type == CODEDB_VALUE_TEXT ? rows->values[0].as.text : "";
    if (strcmp(found, expected) != 0) {
        print_error("%s\n  gives %s\n  expected %s\n", sql, found, expected);
        _fail(__FILE__, line);
    }
    codedb_free(rows);
}
#define assert_answer(d, sql, expected) assert_answer_at((d), (sql), (expected), __LINE__)

static void assert_sound(database *d)
{
    assert_answer(d, "SELECT group_concat(integrity_check) FROM pragma_integrity_check", "ok");
    assert_answer(d, "SELECT count(*) FROM pragma_foreign_key_check", "0");
    assert_answer(d, "SELECT foreign_keys FROM pragma_foreign_keys", "1");
    assert_answer(d, "SELECT legacy_alter_table FROM pragma_legacy_alter_table", "0");
}

static char *version_of(database *d)
{
    char *version;
    assert_success(codedb_schema_version(d->db, &version, &d->result), d->result);
    assert_int_equal(strlen(version), 64);
    return version;
}

static void assert_version(database *d, const char *expected, bool same)
{
    char *version = version_of(d);
    assert_int_equal(strcmp(version, expected) == 0, same);
    codedb_free(version);
}

static size_t count_backups(const database *d, const char *name)
{
    char path[4300];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s", d->folder, name);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static bool has_text(const codedb_texts *texts, const char *part)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strstr(texts->items[i], part) != NULL)
            return true;
    return false;
}

static void assert_lists(const codedb_texts *texts, const char *expected, int line)
{
    char all[4000] = "";
    for (size_t i = 0; i < texts->count; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i > 0 ? " " : "", texts->items[i]);
    if (strcmp(all, expected) != 0) {
        print_error("found    %s\nexpected %s\n", all, expected);
        _fail(__FILE__, line);
    }
}
#define assert_texts(texts, expected) assert_lists(&(texts), (expected), __LINE__)

static codedb_schema_report *sync_to(database *d, const char *definition)
{
    codedb_schema_report *report;
    assert_success(codedb_schema_sync(d->db, definition, NULL, &report, &d->result), d->result);
    return report;
}

/* ---- one table ---- */

#define AUTHORS                                                                                              \
    "{\"name\": \"authors\", \"columns\": [{\"name\": \"id\", \"type\": \"INTEGER\", \"primary_key\": true," \
    " \"autoincrement\": true}, {\"name\": \"name\", \"type\": \"TEXT\", \"nullable\": false}],"             \
    " \"constraints\": [{\"type\": \"unique\", \"columns\": [\"name\"]}]}"
#define BOOKS                                                                                                         \
    "{\"name\": \"books\", \"columns\": [{\"name\": \"id\", \"type\": \"INTEGER\", \"primary_key\": true},"           \
    " {\"name\": \"author_id\", \"type\": \"INTEGER\", \"nullable\": false},"                                         \
    " {\"name\": \"title\", \"type\": \"VARCHAR(20)\", \"default\": \"'untitled'\"},"                                 \
    " {\"name\": \"price\", \"type\": \"REAL\", \"default\": 1.5}, {\"name\": \"sold\", \"type\": \"BOOLEAN\","       \
    " \"default\": false}, {\"name\": \"made\", \"type\": \"REAL\", \"default\": \"julianday('now')\"}],"             \
    " \"constraints\": [{\"type\": \"foreign_key\", \"columns\": [\"author_id\"], \"references_table\": \"authors\"," \
    " \"references_columns\": [\"id\"], \"on_delete\": \"cascade\", \"on_update\": \"NO ACTION\"}],"                  \
    " \"indexes\": [{\"name\": \"books_title\", \"columns\": [\"title\"]},"                                           \
    " {\"name\": \"books_sold\", \"columns\": [\"sold\", \"id\"], \"where\": \"sold = 1\"},"                          \
    " {\"name\": \"books_one\", \"columns\": [\"author_id\", \"title\"], \"unique\": true}]}"

static void make_books(database *d)
{
    assert_success(codedb_table_create(d->db, AUTHORS, &d->result), d->result);
    assert_success(codedb_table_create(d->db, BOOKS, &d->result), d->result);
    run(d, "INSERT INTO authors(id, name) VALUES (7, 'Ann'), (9, 'Bob')");
    run(d, "INSERT INTO books(id, author_id, title) VALUES (1, 7, 'one'), (2, 7, 'two'), (3, 9, 'three')");
}

static codedb_code alter(database *d, const char *table, const char *changes)
{
    return codedb_table_alter(d->db, table, changes, &d->result);
}

static void a_table_is_made_with_all_that_its_definition_has(void **state)
{
    database *d = *state;
    make_books(d);
    reopen(d);
    if (strcmp(d->path, ":memory:") == 0)
        make_books(d);
    assert_answer(d, "SELECT title || price || sold || (made > 2e6) FROM books WHERE id = 1", "one1.501");
    run(d, "INSERT INTO books(author_id) VALUES (9)");
    assert_answer(d, "SELECT title FROM books WHERE id = 4", "untitled");
    assert_answer(
        d, "SELECT group_concat(name || partial || \"unique\") FROM (SELECT * FROM pragma_index_list('books') ORDER BY name)",
        "books_one01,books_sold10,books_title00");
    run(d, "DELETE FROM authors WHERE id = 7");
    assert_answer(d, "SELECT count(*) FROM books", "2");
    assert_int_equal(codedb_sql_execute(d->db, "INSERT INTO authors(name) VALUES ('Bob')", NULL, 0, NULL, NULL, NULL),
                     CODEDB_VALIDATION_ERROR);
    assert_sound(d);
}

static void a_table_that_is_there_is_not_made_again(void **state)
{
    database *d = *state;
    make_books(d);
    assert_code(codedb_table_create(d->db, AUTHORS, &d->result), CODEDB_SCHEMA_ERROR, d->result);
    assert_contains(d->result.description, "authors");
    assert_code(codedb_table_create(d->db,
                                    "{\"name\": \"other\", \"columns\": [{\"name\": \"a\", \"type\": \"TEXT\"}], \"indexes\": "
                                    "[{\"name\": \"BOOKS_title\", \"columns\": [\"a\"]}]}",
                                    &d->result),
                CODEDB_SCHEMA_ERROR, d->result);
    assert_contains(d->result.description, "books has an index");
    assert_answer(d, "SELECT count(*) FROM sqlite_schema WHERE name = 'other'", "0");
}

static void a_key_of_several_columns_keeps_its_order(void **state)
{
    database *d = *state;
    assert_success(
        codedb_table_create(d->db,
                            "{\"name\": \"pairs\", \"columns\": [{\"name\": \"a\", \"type\": \"TEXT\", \"primary_key\": 2},"
                            " {\"name\": \"b\", \"type\": \"TEXT\", \"primary_key\": 1}]}",
                            &d->result),
        d->result);
    assert_answer(d, "SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info('pairs') ORDER BY pk)", "b,a");
    assert_answer(d, "SELECT min(\"notnull\") FROM pragma_table_info('pairs')", "1");
}

static void a_virtual_table_is_made_and_filled(void **state)
{
    database *d = *state;
    make_books(d);
    assert_success(codedb_table_create(d->db,
                                       "{\"name\": \"words\", \"using\": \"fts5\", \"columns\": [\"title\"], \"options\": "
                                       "{\"content\": \"books\", \"content_rowid\": \"id\"}}",
                                       &d->result),
                   d->result);
    assert_answer(d, "SELECT group_concat(rowid) FROM words WHERE words MATCH 'two'", "2");
    run(d, "DELETE FROM books WHERE id = 2");
    run(d, "INSERT INTO books(id, author_id, title) VALUES (8, 7, 'eight')");
    assert_answer(d, "SELECT count(*) FROM words WHERE words MATCH 'two'", "0");
    assert_answer(d, "SELECT group_concat(rowid) FROM words WHERE words MATCH 'eight'", "8");
    /* Built anew, the content keeps its rows' ids, and the index stays in step. */
    assert_success(
        alter(d, "books", "[{\"add_column\": {\"name\": \"now\", \"type\": \"REAL\", \"default\": \"julianday('now')\"}}]"),
        d->result);
    run(d, "UPDATE books SET title = 'nine' WHERE id = 8");
    assert_answer(d, "SELECT group_concat(rowid) FROM words WHERE words MATCH 'nine'", "8");
    run(d, "INSERT INTO words(words, rank) VALUES ('integrity-check', 1)");
    assert_code(alter(d, "words", "[{\"drop_column\": \"title\"}]"), CODEDB_SCHEMA_ERROR, d->result);
    assert_contains(d->result.description, "can only be renamed");
    assert_success(alter(d, "words", "[{\"rename\": \"w\"}]"), d->result);
    run(d, "UPDATE books SET title = 'ten' WHERE id = 8");
    assert_answer(d, "SELECT group_concat(rowid) FROM w WHERE w MATCH 'ten'", "8");
    assert_success(alter(d, "w", "[{\"rename\": \"words\"}]"), d->result);
    /* It may not lose what it is about. */
    assert_code(codedb_table_drop(d->db, "books", &d->result), CODEDB_SCHEMA_ERROR, d->result);
    assert_contains(d->result.description, "full-text table words would be left without its content (no such table: main.books)");
    assert_code(alter(d, "books", "[{\"rename\": \"volumes\"}]"), CODEDB_SCHEMA_ERROR, d->result);
    assert_code(alter(d, "books", "[{\"rename_column\": {\"from\": \"title\", \"to\": \"label\"}}]"), CODEDB_SCHEMA_ERROR,
                d->result);
    assert_contains(d->result.description, "no such column: books.title");
    assert_answer(d, "SELECT group_concat(rowid) FROM words WHERE words MATCH 'ten'", "8");
    assert_success(codedb_table_drop(d->db, "words", &d->result), d->result);
    assert_answer(d, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'words%'", "0");
}

static void a_table_is_dropped_unless_others_need_it(void **state)
{
    database *d = *state;
    make_books(d);
    assert_code(codedb_table_drop(d->db, "authors", &d->result), CODEDB_VALIDATION_ERROR, d->result);
    assert_contains(d->result.description, "refer to rows that are not there");
    assert_answer(d, "SELECT count(*) FROM authors", "2");
    assert_success(codedb_table_drop(d->db, "BOOKS", &d->result), d->result);
    assert_success(codedb_table_drop(d->db, "authors", &d->result), d->result);
    assert_code(codedb_table_drop(d->db, "authors", &d->result), CODEDB_SCHEMA_ERROR, d->result);
    assert_contains(d->result.description, "no table authors");
    assert_sound(d);
}

static void columns_are_added_renamed_and_dropped(void **state)
{
    database *d = *state;
    make_books(d);
    assert_success(
        alter(d, "books",
              "[{\"rename\": \"volumes\"}, {\"add_index\": {\"name\": \"volumes_pages\", \"columns\": [\"pages\", \"label\"]}},"
              " {\"rename_column\": {\"from\": \"title\", \"to\": \"label\"}}, {\"drop_index\": \"books_sold\"},"
              " {\"drop_column\": \"sold\"}, {\"add_column\": {\"name\": \"pages\", \"type\": \"INTEGER\", \"nullable\": false,"
              " \"default\": 10}}]"),
        d->result);
    assert_answer(d, "SELECT group_concat(name) FROM pragma_table_info('volumes')", "id,author_id,label,price,made,pages");
    assert_answer(d, "SELECT group_concat(label || pages) FROM (SELECT * FROM volumes ORDER BY id)", "one10,two10,three10");
    assert_answer(d, "SELECT group_concat(name) FROM (SELECT name FROM pragma_index_list('volumes') ORDER BY name)",
                  "books_one,books_title,volumes_pages");
    assert_sound(d);
}

static void what_alter_table_cannot_do_is_built_anew(void **state)
{
    database *d = *state;
    make_books(d);
    run(d, "CREATE VIEW titles AS SELECT title FROM books ORDER BY id");
    run(d, "CREATE TABLE log(what TEXT)");
    run(d, "CREATE TRIGGER noted AFTER INSERT ON books BEGIN INSERT INTO log VALUES (new.title); END");
    run(d, "CREATE TRIGGER counted AFTER INSERT ON log BEGIN UPDATE books SET price = price + 1; END");
    assert_success(
        alter(d, "books",
              "[{\"add_column\": {\"name\": \"seen\", \"type\": \"REAL\", \"default\": \"julianday('now')\"}},"
              " {\"add_column\": {\"name\": \"series\", \"type\": \"INTEGER\"}},"
              " {\"add_constraint\": {\"type\": \"unique\", \"columns\": [\"title\", \"series\"]}},"
              " {\"add_constraint\": {\"type\": \"foreign_key\", \"columns\": [\"series\"], \"references_table\": \"books\"}}]"),
        d->result);
    assert_answer(d, "SELECT count(*) FROM books WHERE seen > 2e6", "3");
    assert_answer(d, "SELECT group_concat(title) FROM (SELECT * FROM titles)", "one,two,three");
    assert_answer(d,
                  "SELECT group_concat(name) FROM (SELECT name FROM pragma_index_list('books') WHERE origin = 'c' ORDER BY name)",
                  "books_one,books_sold,books_title");
    run(d, "INSERT INTO books(id, author_id, title, series) VALUES (5, 7, 'five', 1)");
    assert_answer(d, "SELECT group_concat(what) FROM log", "five");
    assert_answer(d, "SELECT price FROM books WHERE id = 1", "2.5");
    run(d, "DELETE FROM authors WHERE id = 7");
    assert_answer(d, "SELECT group_concat(id) FROM books", "3");
    assert_answer(d, "SELECT group_concat(\"table\") FROM (SELECT \"table\" FROM pragma_foreign_key_list('books') ORDER BY 1)",
                  "authors,books");
    assert_sound(d);
}

/* CHECK, COLLATE, generated columns, comments, quotes, AUTOINCREMENT's memory and row ids. */
static void building_anew_keeps_what_no_definition_has(void **state)
{
    database *d = *state;
    run(d, "CREATE TABLE \"odd, (name)\" (id INTEGER PRIMARY KEY AUTOINCREMENT, -- the id, (of it)\n"
           " \"a,b\" TEXT COLLATE NOCASE DEFAULT 'x,)y', /* , ) */ [c] INT CHECK (c > 0), d AS (c * 2) STORED,\n"
           " `check` TEXT -- last\n, CONSTRAINT both UNIQUE (\"a,b\", c) CHECK (c < 100) -- end\n)");
    run(d, "INSERT INTO \"odd, (name)\"(c) VALUES (1), (2), (3)");
    run(d, "DELETE FROM \"odd, (name)\" WHERE id = 3");
    assert_success(alter(d, "ODD, (name)",
                         "[{\"add_column\": {\"name\": \"e\", \"type\": \"REAL\", \"default\": \"1 + 1\"}},"
                         " {\"add_constraint\": {\"type\": \"unique\", \"columns\": [\"check\"]}}]"),
                   d->result);
    assert_answer(d, "SELECT group_concat(name) FROM pragma_table_xinfo('odd, (name)')", "id,a,b,c,d,check,e");
    assert_answer(d, "SELECT group_concat(\"a,b\" || c || d || e) FROM \"odd, (name)\" WHERE \"a,b\" = 'X,)Y'",
                  "x,)y122.0,x,)y242.0");
    assert_int_equal(codedb_sql_execute(d->db, "UPDATE \"odd, (name)\" SET c = 100", NULL, 0, NULL, NULL, NULL),
                     CODEDB_VALIDATION_ERROR);
    run(d, "INSERT INTO \"odd, (name)\"(c) VALUES (9)");
    assert_answer(d, "SELECT max(id) FROM \"odd, (name)\"", "4");
    run(d, "CREATE TABLE loose (rowid TEXT, v TEXT)");
    run(d, "INSERT INTO loose(_rowid_, v) VALUES (50, 'fifty'), (-3, 'three')");
    assert_success(alter(d, "loose", "[{\"add_constraint\": {\"type\": \"unique\", \"columns\": [\"v\"]}}]"), d->result);
    assert_answer(d, "SELECT v FROM loose WHERE _rowid_ = 50", "fifty");
    run(d, "CREATE TABLE bare (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID");
    run(d, "INSERT INTO bare VALUES ('k', 'v')");
    assert_success(alter(d, "bare", "[{\"add_constraint\": {\"type\": \"unique\", \"columns\": [\"v\"]}}]"), d->result);
    assert_answer(d, "SELECT wr FROM pragma_table_list('bare')", "1");
    assert_sound(d);
}

static void a_column_with_a_constraint_of_its_own_can_go(void **state)
{
    database *d = *state;
    run(d, "CREATE TABLE t (\"a\" INTEGER UNIQUE, b TEXT, [c d] TEXT UNIQUE, UNIQUE (b))");
    run(d, "INSERT INTO t VALUES (1, 'b', 'c')");
    assert_success(alter(d, "t", "[{\"drop_column\": \"A\"}]"), d->result);
    assert_answer(d, "SELECT sql FROM sqlite_schema WHERE name = 't'",
                  "CREATE TABLE \"t\"( b TEXT, [c d] TEXT UNIQUE, UNIQUE (b))");
    assert_success(alter(d, "t", "[{\"drop_column\": \"c d\"}]"), d->result);
    assert_answer(d, "SELECT sql FROM sqlite_schema WHERE name = 't'", "CREATE TABLE \"t\"( b TEXT, UNIQUE (b))");
    assert_answer(d, "SELECT b FROM t", "b");
    assert_code(alter(d, "t", "[{\"drop_column\": \"b\"}]"), CODEDB_SCHEMA_ERROR, d->result);
    assert_code(alter(d, "t", "[{\"drop_column\": \"nowhere\"}]"), CODEDB_SCHEMA_ERROR, d->result);
    assert_contains(d->result.description, "nowhere");
    run(d, "CREATE TABLE u (a UNIQUE, b UNIQUE, c)");
    assert_code(alter(d, "u", "[{\"drop_column\": \"a\"}, {\"drop_column\": \"b\"}]"), CODEDB_SCHEMA_ERROR, d->result);
    assert_contains(d->result.description, "one after the other");
}

static void a_change_that_fails_changes_nothing(void **state)
{
    database *d = *state;
    make_books(d);
    char *before = version_of(d);
    run(d, "INSERT INTO books(author_id, title) VALUES (9, 'one')");
    static const char *const changes[] = {
        "[{\"add_column\": {\"name\": \"x\", \"type\": \"TEXT\"}}, {\"add_constraint\": {\"type\": \"unique\", \"columns\": [\"title\"]}}]",
        "[{\"add_column\": {\"name\": \"x\", \"type\": \"TEXT\"}}, {\"add_column\": {\"name\": \"y\", \"type\": \"TEXT\", \"nullable\": "
        "false}}]",
        "[{\"drop_index\": \"books_title\"}, {\"add_constraint\": {\"type\": \"foreign_key\", \"columns\": [\"title\"], "
        "\"references_table\": \"authors\", \"references_columns\": [\"name\"]}}]",
        "[{\"rename\": \"volumes\"}, {\"add_column\": {\"name\": \"title\", \"type\": \"TEXT\"}}]",
        "[{\"rename\": \"authors\"}]",
        "[{\"drop_index\": \"books_title\"}, {\"drop_index\": \"books_title\"}]",
        "[{\"add_index\": {\"name\": \"books_title\", \"columns\": [\"id\"]}}]",
        "[{\"add_index\": {\"name\": \"fresh\", \"columns\": [\"nowhere\"]}}]",
        "[{\"rename_column\": {\"from\": \"nowhere\", \"to\": \"x\"}}]",
        "[{\"drop_column\": \"id\"}]",
        "[{\"add_column\": {\"name\": \"k\", \"type\": \"INTEGER\", \"primary_key\": true}}]",
        "[{\"add_column\": {\"name\": \"k\", \"type\": \"TEXT\", \"default\": \"title\"}}]",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        codedb_code code = alter(d, "books", changes[i]);
        if (code != CODEDB_SCHEMA_ERROR && code != CODEDB_VALIDATION_ERROR)
            fail_msg("%s: %s", changes[i], codedb_code_name(code));
        assert_true(d->result.description[0] != '\0');
        assert_version(d, before, true);
        assert_answer(d, "SELECT count(*) FROM books", "4");
        assert_sound(d);
    }
    codedb_free(before);
}

static void changes_are_refused_where_they_cannot_be_taken_back(void **state)
{
    database *d = *state;
    codedb *transaction;
    make_books(d);
    assert_success(codedb_transaction_begin(d->db, &transaction, &d->result), d->result);
    assert_code(codedb_table_drop(transaction, "books", &d->result), CODEDB_TRANSACTION_ERROR, d->result);
    assert_code(alter(d, "books", "[{\"rename\": \"b\"}]"), CODEDB_TRANSACTION_ERROR, d->result);
    assert_success(codedb_transaction_rollback(transaction, &d->result), d->result);
    codedb_close(transaction);
    assert_success(codedb_table_drop(d->db, "books", &d->result), d->result);
}

static void a_read_only_handle_changes_nothing(void **state)
{
    database *d = *state;
    char config[4500];
    codedb *db;
    codedb_schema_report *report;
    snprintf(config, sizeof config, "{\"type\": \"sqlite\", \"config\": {\"path\": \"%s\", \"read_only\": true}}", d->path);
    assert_success(codedb_open(config, NULL, &db, &d->result), d->result);
    assert_code(codedb_table_create(db, AUTHORS, &d->result), CODEDB_PERMISSION_DENIED, d->result);
    char backups[4300];
    snprintf(backups, sizeof backups, "%s/backups", d->folder);
    assert_code(codedb_schema_sync(db, "{\"tables\": [" AUTHORS "]}", backups, &report, &d->result), CODEDB_PERMISSION_DENIED,
                d->result);
    assert_int_equal(report->errors.count, 1);
    assert_null(report->backup_path);
    codedb_free(report);
    assert_int_equal(count_backups(d, "backups"), 0);
    assert_success(codedb_schema_sync(db, NULL, backups, &report, &d->result), d->result);
    codedb_free(report);
    codedb_close(db);
}

/* ---- definitions ---- */

static void every_mistake_in_a_definition_is_named(void **state)
{
    static const char *const mistakes[][2] = {
        {"", "not JSON"},
        {"{\"tables\": [}", "not JSON at line 1, column 12"},
        {"[]", "found an array, expected an object"},
        {"{\"table\": []}", "did you mean \"tables\"?"},
        {"{\"tables\": {}}", "tables: found an object, expected an array"},
        {"{\"tables\": [1]}", "tables[0]: found a number, expected an object"},
        {"{\"tables\": [{}]}", "tables[0].name: found nothing, expected a text"},
        {"{\"tables\": [{\"name\": \"\"}]}", "found an empty text"},
        {"{\"tables\": [{\"name\": \"t\", \"name\": \"u\"}]}", "given twice"},
        {"{\"tables\": [{\"name\": \"t\"}]}", "tables[0]: columns: found none"},
        {"{\"tables\": [{\"name\": \"SQLite_x\"}]}", "reserved"},
        {"{\"tables\": [" AUTHORS "," AUTHORS "]}", "two tables authors"},
#define TABLE(columns, rest) "{\"tables\": [{\"name\": \"t\", \"columns\": [" columns "]" rest "}]}"
#define COLUMN(rest) TABLE("{\"name\": \"a\", \"type\": \"TEXT\"" rest "}", "")
#define TYPED(type) TABLE("{\"name\": \"a\", \"type\": \"" type "\"}", "")
#define WITH(rest) TABLE("{\"name\": \"a\", \"type\": \"TEXT\"}", ", " rest)
        {TABLE("{\"name\": \"a\"}", ""), "tables[0].columns[0].type: found nothing"},
        {TYPED("TEXT PRIMARY KEY"), "expected a type such as"},
        {TYPED("TEXT, b TEXT"), "expected a type such as"},
        {TYPED("TEXT)"), "expected a type such as"},
        {TYPED("TEXT(x)"), "expected a type such as"},
        {TYPED("9"), "expected a type such as"},
        {TABLE("{\"name\": \"a\", \"type\": \"TEXT\"}, {\"name\": \"A\", \"type\": \"TEXT\"}", ""), "two columns A"},
        {COLUMN(", \"nullable\": 1"), "nullable: found a number, expected true or false"},
        {COLUMN(", \"primary_key\": \"yes\""), "primary_key: found a text"},
        {COLUMN(", \"autoincrement\": true"), "autoincrement: only"},
        {COLUMN(", \"default\": []"), "default: found an array"},
        {COLUMN(", \"default\": \"\""), "default: found a text that is none"},
        {COLUMN(", \"default\": \"1); DROP TABLE x; --\""), "default: found a text that is none"},
        {COLUMN(", \"default\": \"(1\""), "default: found a text that is none"},
        {COLUMN(", \"default\": \"'x\""), "default: found a text that is none"},
        {COLUMN(", \"default\": \"1 /* x\""), "default: found a text that is none"},
        {COLUMN(", \"defaults\": 1"), "did you mean \"default\"?"},
        {WITH("\"constraints\": [{}]"), "constraints[0].type: found nothing"},
        {WITH("\"constraints\": [3]"), "constraints[0]: found a number"},
        {WITH("\"constraints\": [{\"type\": \"check\", \"columns\": [\"a\"]}]"), "expected foreign_key or unique"},
        {WITH("\"constraints\": [{\"type\": \"unique\", \"columns\": []}]"), "found an empty array"},
        {WITH("\"constraints\": [{\"type\": \"unique\", \"columns\": [\"a\", \"a\"]}]"), "a is given twice"},
        {WITH("\"constraints\": [{\"type\": \"unique\", \"columns\": [\"z\"]}]"), "no column z"},
        {WITH("\"constraints\": [{\"type\": \"unique\", \"columns\": [\"a\"], \"x\": 1}]"), "unknown key \"x\""},
        {WITH("\"constraints\": [{\"type\": \"foreign_key\", \"columns\": [\"a\"]}]"), "references_table: found nothing"},
        {WITH("\"constraints\": [{\"type\": \"foreign_key\", \"columns\": [\"a\"], \"references_table\": \"t\", "
              "\"references_columns\": [\"a\", \"b\"]}]"),
         "references_columns: found 2, expected 1"},
        {WITH("\"constraints\": [{\"type\": \"foreign_key\", \"columns\": [\"a\"], \"references_table\": \"t\", \"on_delete\": "
              "\"EXPLODE\"}]"),
         "expected CASCADE"},
        {WITH("\"indexes\": [{\"name\": \"i\", \"columns\": [\"z\"]}]"), "indexes[0]: columns: the table has no column z"},
        {WITH("\"indexes\": [{\"name\": \"i\", \"columns\": [\"a\"], \"where\": \"a = 1; DROP TABLE t\"}]"), "no SQL expression"},
        {WITH("\"indexes\": [{\"name\": \"i\", \"columns\": [1]}]"), "columns: found a number"},
        {"{\"virtual_tables\": [{\"name\": \"v\", \"using\": \"fts5(a); --\", \"columns\": [\"a\"]}]}", "expected a module"},
        {"{\"virtual_tables\": [{\"name\": \"v\", \"using\": \"fts5\"}]}", "columns: found nothing"},
        {"{\"virtual_tables\": [{\"name\": \"v\", \"using\": \"fts5\", \"columns\": [\"a\"], \"options\": 1}]}",
         "options: found a number"},
        {"{\"virtual_tables\": [{\"name\": \"v\", \"using\": \"fts5\", \"columns\": [\"a\"], \"options\": {\"a b\": \"c\"}}]}",
         "expected a word and a text"},
        {"{\"tables\": [{\"name\": \"\xff\"}]}", "not JSON at line 1"},
    };
    database *d = *state;
    codedb_schema_report *report;
    char *before = version_of(d);
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        assert_code(codedb_schema_sync(d->db, mistakes[i][0], NULL, &report, &d->result), CODEDB_SCHEMA_ERROR, d->result);
        assert_contains(d->result.description, mistakes[i][1]);
        assert_null(report);
    }
    assert_version(d, before, true);
    codedb_free(before);
}

static void every_mistake_in_changes_is_named(void **state)
{
    static const char *const mistakes[][2] = {
        {"{}", "found an object, expected an array of changes"},
        {"[]", "found an empty array, expected an array of changes"},
        {"[{}]", "[0]: found an empty object, expected one change"},
        {"[{\"rename\": \"a\", \"drop_index\": \"b\"}]", "[0]: found several keys"},
        {"[{\"explode\": 1}]", "[0]: unknown key \"explode\""},
        {"[{\"rename\": 1}]", "[0].rename: found a number"},
        {"[{\"rename\": \"sqlite_b\"}]", "reserved"},
        {"[{\"drop_column\": []}]", "[0].drop_column: found an array"},
        {"[{\"rename_column\": {\"from\": \"a\"}}]", "[0].rename_column.to: found nothing"},
        {"[{\"add_column\": {\"name\": \"a\", \"type\": \"TEXT UNIQUE\"}}]", "expected a type"},
        {"[{\"add_constraint\": 1}]", "[0].add_constraint: found a number"},
        {"[{\"add_index\": {\"name\": \"a\"}}]", "[0].add_index.columns: found nothing"},
    };
    database *d = *state;
    make_books(d);
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        assert_code(alter(d, "books", mistakes[i][0]), CODEDB_SCHEMA_ERROR, d->result);
        assert_contains(d->result.description, mistakes[i][1]);
    }
    assert_code(alter(d, "nowhere", "[{\"rename\": \"b\"}]"), CODEDB_SCHEMA_ERROR, d->result);
    run(d, "CREATE VIEW v AS SELECT 1");
    assert_code(alter(d, "v", "[{\"rename\": \"b\"}]"), CODEDB_SCHEMA_ERROR, d->result);
    assert_code(alter(d, NULL, "[]"), CODEDB_INVALID_REQUEST, d->result);
    assert_code(codedb_table_create(d->db, NULL, &d->result), CODEDB_INVALID_REQUEST, d->result);
    assert_code(codedb_table_drop(NULL, "t", &d->result), CODEDB_INVALID_REQUEST, d->result);
    assert_code(codedb_schema_sync(NULL, NULL, NULL, NULL, &d->result), CODEDB_INVALID_REQUEST, d->result);
    assert_code(codedb_schema_version(d->db, NULL, &d->result), CODEDB_INVALID_REQUEST, d->result);
}

/* Whatever stands in a name, it is a name. */
static void names_never_become_sql(void **state)
{
    static const char *const names[] = {"a`b",  "a\\\"b",       "a'b",   "a]b", "a;DROP TABLE projects;--",
                                        "a) x", "select",       "  ",    "/*",  "--",
                                        "%s%n", "\xc3\xa9",     "a\\nb", "(",   ",",
                                        "?1",   "codedb_new_x", "'; --"};
    database *d = *state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char json[2000];
        const char *n = names[i];
        snprintf(
            json, sizeof json,
            "{\"tables\": [{\"name\": \"%s\", \"columns\": [{\"name\": \"%s\", \"type\": \"INTEGER\", \"primary_key\": true},"
            " {\"name\": \"%s2\", \"type\": \"TEXT\", \"default\": \"'%%s;'\"}], \"constraints\": [{\"type\": \"unique\","
            " \"columns\": [\"%s2\"]}, {\"type\": \"foreign_key\", \"columns\": [\"%s\"], \"references_table\": \"%s\"}],"
            " \"indexes\": [{\"name\": \"%s i\", \"columns\": [\"%s2\"]}]}], \"virtual_tables\": [{\"name\": \"%s f\","
            " \"using\": \"fts5\", \"columns\": [\"c%zu\"], \"options\": {\"content\": \"%s\"}}]}",
            n, n, n, n, n, n, n, n, n, i, n);
        codedb_code code = codedb_schema_sync(d->db, json, NULL, NULL, &d->result);
        if (code != CODEDB_SUCCESS && code != CODEDB_SCHEMA_ERROR)
            fail_msg("%s: %s", json, d->result.description);
        /* Without the full-text table, whose column the content has not, all of it works. */
        strcpy(strstr(json, ", \"virtual_tables\""), "}");
        assert_success(codedb_schema_sync(d->db, json, NULL, NULL, &d->result), d->result);
        snprintf(json, sizeof json,
                 "[{\"add_column\": {\"name\": \"%s3\", \"type\": \"REAL\", \"default\": \"1+1\"}}, {\"rename_column\": "
                 "{\"from\": \"%s2\", \"to\": \"%s4\"}}, {\"drop_index\": \"%s i\"}, {\"rename\": \"%s\"}]",
                 n, n, n, n, "other");
        char name[100] = "";
        snprintf(name, sizeof name, "%s", strcmp(n, "a\\\"b") == 0 ? "a\"b" : strcmp(n, "a\\nb") == 0 ? "a\nb" : n);
        assert_success(alter(d, name, json), d->result);
        assert_success(codedb_table_drop(d->db, "other", &d->result), d->result);
        assert_answer(d, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'projects'", "1");
    }
    assert_sound(d);
}

/* ---- synchronization ---- */

static void a_new_database_needs_nothing(void **state)
{
    database *d = *state;
    char *before = version_of(d);
    char backups[4300];
    codedb_schema_report *report;
    snprintf(backups, sizeof backups, "%s/backups", d->folder);
    assert_success(codedb_schema_sync(d->db, NULL, backups, &report, &d->result), d->result);
    assert_texts(report->created_tables, "");
    assert_texts(report->modified_tables, "");
    assert_texts(report->columns_added, "");
    assert_texts(report->indexes_created, "");
    assert_texts(report->warnings, "");
    assert_texts(report->errors, "");
    assert_null(report->backup_path);
    codedb_free(report);
    assert_int_equal(count_backups(d, "backups"), 0);
    assert_version(d, before, true);
    codedb_free(before);
}

static void what_is_missing_is_added_and_what_is_beyond_is_kept(void **state)
{
    database *d = *state;
    run(d, "CREATE TABLE authors (id INTEGER PRIMARY KEY, name VARCHAR(9), born INTEGER)");
    run(d, "CREATE INDEX by_born ON authors(born)");
    run(d, "CREATE TRIGGER idle AFTER DELETE ON authors BEGIN SELECT 1; END");
    run(d, "INSERT INTO authors VALUES (7, 'Ann', 1950)");
    run(d, "CREATE TABLE books (id INTEGER PRIMARY KEY, author_id INTEGER)");
    run(d, "CREATE INDEX another_name ON books(author_id)");
    run(d, "INSERT INTO books VALUES (1, 7)");
    run(d, "CREATE VIEW v AS SELECT 1 AS one");
    codedb_schema_report *report = sync_to(d, "{\"tables\": [" AUTHORS ", " BOOKS "]}");
    assert_texts(report->created_tables, "");
    assert_texts(report->modified_tables, "authors books");
    assert_texts(report->columns_added, "books.title books.price books.sold books.made");
    assert_texts(report->indexes_created, "books_title books_sold books_one");
    assert_true(has_text(&report->warnings, "column authors.name has type VARCHAR(9), in the definition TEXT"));
    assert_true(has_text(&report->warnings, "column authors.born is not in the definition"));
    assert_true(has_text(&report->warnings, "index by_born of table authors is not in the definition"));
    assert_true(has_text(&report->warnings, "trigger idle of table authors"));
    assert_true(has_text(&report->warnings, "index another_name of table books"));
    assert_true(has_text(&report->warnings, "view v is not in the definition"));
    assert_true(has_text(&report->warnings, "table projects is not in the definition"));
    codedb_free(report);
    assert_answer(d, "SELECT born || name FROM authors", "1950Ann");
    assert_answer(d, "SELECT title || (made > 2e6) FROM books", "untitled1");
    assert_answer(d, "SELECT type FROM pragma_table_info('authors') WHERE name = 'name'", "VARCHAR(9)");
    assert_sound(d);
    report = sync_to(d, "{\"tables\": [" AUTHORS ", " BOOKS "]}");
    assert_int_equal(report->modified_tables.count + report->columns_added.count + report->indexes_created.count, 0);
    codedb_free(report);
}

static void columns_that_old_rows_cannot_have_may_be_null(void **state)
{
    database *d = *state;
    run(d, "CREATE TABLE books (id INTEGER PRIMARY KEY)");
    run(d, "CREATE TABLE authors (name TEXT)");
    run(d, "INSERT INTO books VALUES (1)");
    run(d, "INSERT INTO authors(rowid, name) VALUES (30, 'Ann')");
    codedb_schema_report *report = sync_to(d, "{\"tables\": [" AUTHORS ", " BOOKS "]}");
    assert_true(has_text(&report->warnings, "column books.author_id may be NULL"));
    assert_texts(report->columns_added, "authors.id books.author_id books.title books.price books.sold books.made");
    codedb_free(report);
    assert_answer(d, "SELECT id || name FROM authors", "30Ann");
    run(d, "DROP TABLE books");
    run(d, "CREATE TABLE books (key TEXT PRIMARY KEY)");
    report = sync_to(d, "{\"tables\": [" BOOKS "]}");
    assert_true(has_text(&report->warnings, "primary key books.id is not added"));
    assert_answer(d, "SELECT \"notnull\" FROM pragma_table_info('books') WHERE name = 'author_id'", "1");
    codedb_free(report);
}

static void an_index_whose_name_is_taken_is_a_warning(void **state)
{
    database *d = *state;
    run(d, "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT)");
    run(d, "CREATE INDEX books_title ON books(id)");
    run(d, "CREATE INDEX books_sold ON projects(name)");
    codedb_schema_report *report = sync_to(d, "{\"tables\": [" AUTHORS ", " BOOKS "]}");
    assert_true(has_text(&report->warnings, "index books_title of table books differs"));
    assert_true(has_text(&report->warnings, "index books_sold of table books cannot be made: table projects has one"));
    assert_texts(report->indexes_created, "books_one");
    codedb_free(report);
    run(d, "CREATE VIEW things AS SELECT 1 AS a");
    codedb_schema_report *failed;
    assert_code(codedb_schema_sync(d->db,
                                   "{\"tables\": [{\"name\": \"THINGS\", \"columns\": [{\"name\": \"a\", \"type\": \"TEXT\"}]}]}",
                                   NULL, &failed, &d->result),
                CODEDB_SCHEMA_ERROR, d->result);
    assert_true(has_text(&failed->errors, "is a view, in the definition a table"));
    codedb_free(failed);
}

/* Makes a file of the original system and opens it. */
static void open_original(database *d, bool with_triggers)
{
    sqlite3 *plain;
    codedb_close(d->db);
    d->db = NULL;
    assert_int_equal(remove(d->path), 0);
    assert_int_equal(sqlite3_open(d->path, &plain), SQLITE_OK);
    assert_int_equal(sqlite3_exec(plain, original_tables, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(plain, original_text_tables, NULL, NULL, NULL), SQLITE_OK);
    if (with_triggers)
        assert_int_equal(sqlite3_exec(plain, original_triggers, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(plain, original_rows, NULL, NULL, NULL), SQLITE_OK);
    if (!with_triggers)
        assert_int_equal(
            sqlite3_exec(plain, "INSERT INTO code_content_fts(code_content_fts) VALUES ('rebuild')", NULL, NULL, NULL),
            SQLITE_OK);
    sqlite3_close(plain);
    assert_success(codedb_open(d->path, NULL, &d->db, &d->result), d->result);
}

/* What the original's rows say, in one text. */
static const char original_content[] =
    "SELECT (SELECT group_concat(id || root_path || name || owner) FROM projects) || (SELECT group_concat(id || path || lines) FROM files)"
    " || (SELECT group_concat(id || name || line) FROM classes) || (SELECT group_concat(cst_code || cst_hash) FROM cst_trees)"
    " || (SELECT group_concat(id || content) FROM code_content) || (SELECT group_concat(cycle_id) FROM vectorization_stats)"
    " || (SELECT group_concat(issue_type) FROM issues) || (SELECT group_concat(name) FROM methods)"
    " || (SELECT group_concat(rowid) FROM code_content_fts WHERE code_content_fts MATCH 'ancient')";

static const char original_expected[] = "0f8fad5b-d9cb-469f-a165-70867728950e/oldoldnobody5/old/a.py93Old1class Old: passabc"
                                        "1an ancient classc1longm1";

static void check_original(database *d, bool with_triggers)
{
    char backups[4300];
    codedb_schema_report *report;
    codedb_usages *usages;
    codedb_file *file;
    open_original(d, with_triggers);
    assert_answer(d, original_content, original_expected);
    snprintf(backups, sizeof backups, "%s/backups", d->folder);
    assert_code(codedb_usage_list(d->db, NULL, &usages, &d->result), CODEDB_SCHEMA_ERROR, d->result);
    assert_success(codedb_schema_sync(d->db, NULL, backups, &report, &d->result), d->result);
    assert_texts(report->created_tables, "ast_trees vector_index usages code_duplicates duplicate_occurrences file_watcher_stats "
                                         "comprehensive_analysis_results");
    assert_true(has_text(&report->columns_added, "files.deleted"));
    assert_true(has_text(&report->columns_added, "issues.project_id"));
    assert_true(has_text(&report->columns_added, "code_chunks.binding_level"));
    assert_true(has_text(&report->warnings, "column projects.owner is not in the definition"));
    assert_true(has_text(&report->warnings, "table settings is not in the definition"));
    assert_true(has_text(&report->warnings, "primary key vectorization_stats.id is not added"));
    assert_true(has_text(&report->indexes_created, "idx_files_deleted"));
    assert_non_null(report->backup_path);
    assert_answer(d, original_content, original_expected);
    assert_sound(d);
    run(d, "INSERT INTO code_content_fts(code_content_fts, rank) VALUES ('integrity-check', 1)");
    /* The engine sees the new tables and columns at once. */
    assert_success(codedb_usage_list(d->db, NULL, &usages, &d->result), d->result);
    codedb_free(usages);
    assert_success(codedb_file_get(d->db, 5, &file, &d->result), d->result);
    assert_true((file->present & CODEDB_FILE_DELETED) != 0);
    codedb_free(file);
    /* The copy is the database as it was. */
    database copy = {.result = CODEDB_INIT(codedb_result)};
    assert_success(codedb_open(report->backup_path, NULL, &copy.db, &copy.result), copy.result);
    assert_answer(&copy, original_content, original_expected);
    assert_answer(&copy, "SELECT count(*) FROM sqlite_schema WHERE name = 'usages'", "0");
    codedb_close(copy.db);
    codedb_result_clear(&copy.result);
    codedb_free(report);
    /* A second time there is nothing to do, and no copy. */
    assert_success(codedb_schema_sync(d->db, NULL, backups, &report, &d->result), d->result);
    assert_int_equal(report->created_tables.count + report->modified_tables.count + report->indexes_created.count, 0);
    assert_null(report->backup_path);
    codedb_free(report);
    assert_success(codedb_project_delete(d->db, "0f8fad5b-d9cb-469f-a165-70867728950e", &d->result), d->result);
    assert_answer(d, "SELECT count(*) FROM code_content_fts WHERE code_content_fts MATCH 'ancient'", "0");
    assert_answer(d, "SELECT count(*) FROM cst_trees", "0");
}

static void a_database_of_the_original_is_completed_without_loss(void **state)
{
    check_original(*state, false);
}

static void a_database_with_triggers_of_its_own_is_completed_without_loss(void **state)
{
    check_original(*state, true);
}

static void a_synchronization_that_fails_leaves_the_database_and_a_copy(void **state)
{
    database *d = *state;
    char backups[4300];
    codedb_schema_report *report;
    open_original(d, false);
    run(d, "CREATE TABLE new_usages(a)");
    run(d, "CREATE TABLE codedb_new_files(a)"); /* in the way of building `files` anew */
    char *before = version_of(d);
    snprintf(backups, sizeof backups, "%s/backups", d->folder);
    assert_code(codedb_schema_sync(d->db, NULL, backups, &report, &d->result), CODEDB_SCHEMA_ERROR, d->result);
    assert_contains(d->result.description, "files: building the table anew");
    assert_texts(report->errors, d->result.description);
    assert_texts(report->created_tables, "");
    assert_non_null(report->backup_path);
    assert_int_equal(access(report->backup_path, R_OK), 0);
    codedb_free(report);
    assert_version(d, before, true);
    assert_answer(d, original_content, original_expected);
    codedb_free(before);
    /* Rows that are twice what shall be unique. */
    run(d, "DROP TABLE codedb_new_files");
    run(d, "CREATE TABLE dup(a)");
    run(d, "INSERT INTO dup VALUES (1), (1)");
    assert_code(codedb_schema_sync(d->db,
                                   "{\"tables\": [{\"name\": \"dup\", \"columns\": [{\"name\": \"a\", \"type\": \"TEXT\"}], "
                                   "\"constraints\": [{\"type\": \"unique\", \"columns\": [\"a\"]}]}]}",
                                   NULL, NULL, &d->result),
                CODEDB_VALIDATION_ERROR, d->result);
    assert_contains(d->result.description, "dup");
    /* A folder that cannot be made: nothing is changed without its copy. */
    snprintf(backups, sizeof backups, "%s/no/such/folder", d->folder);
    assert_code(codedb_schema_sync(d->db, NULL, backups, NULL, &d->result), CODEDB_NOT_FOUND, d->result);
    assert_answer(d, "SELECT count(*) FROM sqlite_schema WHERE name = 'usages'", "0");
}

static void the_configuration_says_where_copies_go(void **state)
{
    database *d = *state;
    char config[9000];
    codedb_schema_report *report;
    codedb_close(d->db);
    snprintf(config, sizeof config, "{\"type\": \"sqlite\", \"config\": {\"path\": \"%s\", \"backup_dir\": \"%s/copies\"}}",
             d->path, d->folder);
    assert_success(codedb_open(config, NULL, &d->db, &d->result), d->result);
    for (size_t i = 1; i <= 3; i++) {
        run(d, "DROP INDEX idx_files_path");
        report = sync_to(d, NULL);
        assert_non_null(report->backup_path);
        assert_contains(report->backup_path, "/copies/codedb-20");
        assert_texts(report->indexes_created, "idx_files_path");
        assert_texts(report->modified_tables, "");
        assert_int_equal(count_backups(d, "copies"), i);
        codedb_free(report);
    }
}

/* Rows that referred to nothing before are no reason to refuse; new ones are. */
static void old_orphans_stay_and_new_ones_are_refused(void **state)
{
    database *d = *state;
    sqlite3 *plain;
    make_books(d);
    codedb_close(d->db);
    d->db = NULL;
    assert_int_equal(sqlite3_open(d->path, &plain), SQLITE_OK);
    assert_int_equal(sqlite3_exec(plain, "INSERT INTO books(id, author_id, title) VALUES (50, 999, 'orphan')", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(plain);
    assert_success(codedb_open(d->path, NULL, &d->db, &d->result), d->result);
    assert_success(alter(d, "books", "[{\"add_constraint\": {\"type\": \"unique\", \"columns\": [\"id\", \"title\"]}}]"),
                   d->result);
    assert_answer(d, "SELECT title FROM books WHERE author_id = 999", "orphan");
    assert_code(alter(d, "books",
                      "[{\"add_constraint\": {\"type\": \"foreign_key\", \"columns\": [\"id\"], \"references_table\": "
                      "\"authors\", \"references_columns\": [\"id\"]}}]"),
                CODEDB_VALIDATION_ERROR, d->result);
    assert_code(alter(d, "books",
                      "[{\"add_constraint\": {\"type\": \"foreign_key\", \"columns\": [\"price\"], \"references_table\": "
                      "\"authors\", \"references_columns\": [\"nowhere\"]}}]"),
                CODEDB_SCHEMA_ERROR, d->result);
}

static void the_version_tells_the_structure_and_nothing_else(void **state)
{
    database *d = *state;
    char *before = version_of(d);
    run(d, "INSERT INTO projects(id, root_path) VALUES ('p', '/p')");
    assert_version(d, before, true);
    run(d, "CREATE TABLE t(a TEXT, b INTEGER DEFAULT 1)");
    char *with_table = version_of(d);
    assert_string_not_equal(with_table, before);
    static const char *const changes[][2] = {{"CREATE INDEX i ON t(a)", "DROP INDEX i"},
                                             {"CREATE INDEX i ON t(lower(a))", "DROP INDEX i"},
                                             {"CREATE UNIQUE INDEX i ON t(a) WHERE b = 1", "DROP INDEX i"},
                                             {"CREATE VIEW v AS SELECT 1", "DROP VIEW v"},
                                             {"CREATE TRIGGER r AFTER DELETE ON t BEGIN SELECT 1; END", "DROP TRIGGER r"},
                                             {"CREATE VIRTUAL TABLE f USING fts5(a)", "DROP TABLE f"},
                                             {"ALTER TABLE t ADD COLUMN c", "ALTER TABLE t DROP COLUMN c"},
                                             {"ALTER TABLE t RENAME TO u", "ALTER TABLE u RENAME TO t"}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        run(d, changes[i][0]);
        assert_version(d, with_table, false);
        run(d, changes[i][1]);
        assert_version(d, with_table, true);
    }
    run(d, "DROP TABLE t");
    run(d, "CREATE TABLE t(b  INTEGER DEFAULT 1, /* other order */ a  TEXT)");
    assert_version(d, with_table, true);
    codedb_free(with_table);
    codedb_free(before);
}

/* ---- many threads, little memory ---- */

static void *make_tables(void *argument)
{
    codedb *db = argument;
    static atomic_int number;
    for (int i = 0; i < 5; i++) {
        char json[300];
        codedb_result result = CODEDB_INIT(codedb_result);
        snprintf(json, sizeof json,
                 "{\"tables\": [{\"name\": \"made%d\", \"columns\": [{\"name\": \"a\", \"type\": \"TEXT\"}]}]}",
                 atomic_fetch_add(&number, 1));
        codedb_code code;
        do
            code = codedb_schema_sync(db, json, NULL, NULL, &result);
        while (code == CODEDB_CONFLICT);
        assert_code(code, CODEDB_SUCCESS, result);
        codedb_result_clear(&result);
    }
    return NULL;
}

static void *use_objects(void *argument)
{
    for (int i = 0; i < 50; i++) {
        codedb_projects *list;
        if (codedb_project_list(argument, NULL, &list, NULL) == CODEDB_SUCCESS)
            codedb_free(list);
    }
    return NULL;
}

static void threads_change_the_schema_while_others_use_it(void **state)
{
    database *d = *state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < 2 ? make_tables : use_objects, d->db), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_answer(d, "SELECT count(*) > 9 FROM sqlite_schema WHERE name LIKE 'made%'", "1");
    assert_sound(d);
}

static codedb_code open_and_change(const codedb_allocator *allocator)
{
    codedb_open_options options = CODEDB_INIT(codedb_open_options);
    codedb_schema_report *report = NULL;
    codedb *db;
    char *version = NULL;
    options.allocator = allocator;
    codedb_code code = codedb_open(":memory:", &options, &db, NULL);
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_sql_execute(db, "CREATE TABLE authors (id INTEGER PRIMARY KEY, more TEXT)", NULL, 0, NULL, NULL, NULL);
    if (code == CODEDB_SUCCESS)
        code = codedb_schema_sync(db, "{\"tables\": [" AUTHORS ", " BOOKS "]}", NULL, &report, NULL);
    codedb_free(report);
    if (code == CODEDB_SUCCESS)
        code = codedb_table_alter(db, "books",
                                  "[{\"drop_index\": \"books_title\"}, {\"add_constraint\": {\"type\": \"unique\", \"columns\": "
                                  "[\"title\"]}}, {\"rename\": \"volumes\"}]",
                                  NULL);
    if (code == CODEDB_SUCCESS)
        code = codedb_schema_version(db, &version, NULL);
    codedb_free(version);
    if (code == CODEDB_SUCCESS)
        code = codedb_table_drop(db, "volumes", NULL);
    codedb_close(db);
    return code;
}

/* Behind a change the engine looks at the schema again, and does without when it cannot: that one failure may be survived. */
static void every_allocation_may_fail(void **state)
{
    support_failing failing;
    (void)state;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_code code = open_and_change(&failing.allocator);
        if (code != CODEDB_NO_MEMORY && code != CODEDB_SUCCESS)
            fail_msg("allocation %ld: %s", n, codedb_code_name(code));
        if (code == CODEDB_NO_MEMORY || !atomic_load(&failing.failed))
            support_failing_check(&failing, code);
        assert_int_equal(atomic_load(&failing.live), 0);
    }
}

#define BOTH(test)                                             \
    {#test " (memory)", test, set_up_memory, tear_down, NULL}, \
    {                                                          \
#test " (file)", test, set_up_file, tear_down, NULL    \
    }
#define ON_FILE(test) cmocka_unit_test_setup_teardown(test, set_up_file, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_table_is_made_with_all_that_its_definition_has),
        BOTH(a_table_that_is_there_is_not_made_again),
        BOTH(a_key_of_several_columns_keeps_its_order),
        BOTH(a_virtual_table_is_made_and_filled),
        BOTH(a_table_is_dropped_unless_others_need_it),
        BOTH(columns_are_added_renamed_and_dropped),
        BOTH(what_alter_table_cannot_do_is_built_anew),
        BOTH(building_anew_keeps_what_no_definition_has),
        BOTH(a_column_with_a_constraint_of_its_own_can_go),
        BOTH(a_change_that_fails_changes_nothing),
        BOTH(changes_are_refused_where_they_cannot_be_taken_back),
        ON_FILE(a_read_only_handle_changes_nothing),
        BOTH(every_mistake_in_a_definition_is_named),
        BOTH(every_mistake_in_changes_is_named),
        BOTH(names_never_become_sql),
        BOTH(a_new_database_needs_nothing),
        BOTH(what_is_missing_is_added_and_what_is_beyond_is_kept),
        BOTH(columns_that_old_rows_cannot_have_may_be_null),
        BOTH(an_index_whose_name_is_taken_is_a_warning),
        ON_FILE(a_database_of_the_original_is_completed_without_loss),
        ON_FILE(a_database_with_triggers_of_its_own_is_completed_without_loss),
        ON_FILE(a_synchronization_that_fails_leaves_the_database_and_a_copy),
        ON_FILE(the_configuration_says_where_copies_go),
        ON_FILE(old_orphans_stay_and_new_ones_are_refused),
        BOTH(the_version_tells_the_structure_and_nothing_else),
        BOTH(threads_change_the_schema_while_others_use_it),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
