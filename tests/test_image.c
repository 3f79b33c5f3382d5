/* Proves codedb_image.c, and what codedb_sqlite_schema.c makes of an image: the same database as by SQL, or that by SQL. */
#include "driver_fixture.h"

#include "codedb_structure.h"

#include <sqlite3.h>

#define PAGE 4096

static codedb_result result;

/* ---- helpers ------------------------------------------------------------------------------------------------------- */

static codedb_structure define(const char *definition)
{
    codedb_structure structure = {.arena = codedb_arena_create(NULL)};
    if (definition == NULL)
        assert_true(codedb_schema_define(&structure));
    else
        assert_success(codedb_definition_read(&structure, definition, &result), result);
    return structure;
}

static void execute(sqlite3 *plain, const char *sql)
{
    if (sqlite3_exec(plain, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %.200s", sqlite3_errmsg(plain), sql);
}

static sqlite3 *open_plain(void)
{
    sqlite3 *plain;
    assert_int_equal(sqlite3_open(":memory:", &plain), SQLITE_OK);
    return plain;
}

/* SQLite itself over the bytes of the image. */
static sqlite3 *open_image(const codedb_beginning *beginning)
{
    sqlite3 *plain = open_plain();
    sqlite3_int64 size = (sqlite3_int64)beginning->image_size;
    assert_non_null(beginning->image);
    assert_int_equal(sqlite3_deserialize(plain, "main", beginning->image, size, size, SQLITE_DESERIALIZE_READONLY), SQLITE_OK);
    return plain;
}

static sqlite3 *open_by_sql(const codedb_beginning *beginning)
{
    sqlite3 *plain = open_plain();
    execute(plain, beginning->sql);
    return plain;
}

/* All rows of the first query must be those of the second, in their order. */
static void assert_same_rows(sqlite3 *one, sqlite3 *other, const char *query)
{
    sqlite3_stmt *first, *second;
    int rows = 0;
    if (sqlite3_prepare_v2(one, query, -1, &first, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(one));
    if (sqlite3_prepare_v2(other, query, -1, &second, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(other));
    while (sqlite3_step(first) == SQLITE_ROW) {
        assert_int_equal(sqlite3_step(second), SQLITE_ROW);
        for (int i = 0; i < sqlite3_column_count(first); i++) {
            const char *found = (const char *)sqlite3_column_text(first, i);
            const char *expected = (const char *)sqlite3_column_text(second, i);
            assert_string_equal(found != NULL ? found : "NULL", expected != NULL ? expected : "NULL");
        }
        rows++;
    }
    assert_int_equal(sqlite3_step(second), SQLITE_DONE);
    assert_true(rows > 0);
    sqlite3_finalize(first);
    sqlite3_finalize(second);
}

static void assert_answer(sqlite3 *plain, const char *query, const char *expected)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(plain, query, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", query, sqlite3_errmsg(plain));
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), expected);
    sqlite3_finalize(statement);
}

/* ---- the image ----------------------------------------------------------------------------------------------------- */

static const char rows_of_tables[] = "SELECT rowid, type, name, tbl_name, sql, rootpage > 1 FROM sqlite_schema "
                                     "WHERE name NOT LIKE 'code_content_fts%' ORDER BY rowid";

/* The image has what the SQL makes, but for virtual tables, row by row; and it is sound. */
static void assert_image_is_what_sql_makes(const char *definition)
{
    codedb_structure structure = define(definition);
    const codedb_beginning *beginning = codedb_image_create(&structure);
    assert_non_null(beginning);
    sqlite3 *image = open_image(beginning);
    sqlite3 *made = open_by_sql(beginning);
    assert_same_rows(image, made, rows_of_tables);
    assert_answer(image, "PRAGMA integrity_check", "ok");
    assert_answer(image, "SELECT count(*) FROM pragma_foreign_key_check", "0");
    sqlite3_close(image);
    sqlite3_close(made);
    codedb_arena_destroy(structure.arena);
}

static void the_image_of_codedbs_own_tables_is_what_sql_makes(void **state)
{
    (void)state;
    assert_image_is_what_sql_makes(NULL);
}

/* A table of so many columns that the schema needs more than one page. */
static char *wide_table(const char *rest)
{
    size_t size = 400000;
    char *json = malloc(size);
    int length = snprintf(json, size, "{\"tables\": [");
    for (int table = 0; table < 8; table++) {
        length += snprintf(json + length, size - (size_t)length, "%s{\"name\": \"wide%d\", \"columns\": [", table > 0 ? ", " : "",
                           table);
        for (int i = 0; i < 60; i++)
            length += snprintf(json + length, size - (size_t)length, "%s{\"name\": \"column_%d\", \"type\": \"TEXT\"}",
                               i > 0 ? ", " : "", i);
        length += snprintf(json + length, size - (size_t)length, "]}");
    }
    snprintf(json + length, size - (size_t)length, ", %s]}", rest);
    return json;
}

static void the_image_of_any_keys_and_constraints_is_what_sql_makes(void **state)
{
    static const char *const tables[] = {
        "{\"name\": \"t\", \"columns\": [{\"name\": \"id\", \"type\": \"integer\", \"primary_key\": true}]}",
        "{\"name\": \"t\", \"columns\": [{\"name\": \"id\", \"type\": \"BIGINT\", \"primary_key\": true}]}",
        "{\"name\": \"t\", \"columns\": [{\"name\": \"a\", \"type\": \"INTEGER\", \"primary_key\": 2},"
        " {\"name\": \"b\", \"type\": \"TEXT\", \"primary_key\": 1}]}",
        "{\"name\": \"t`x\", \"columns\": [{\"name\": \"a\", \"type\": \"INTEGER\"}, {\"name\": \"b \\\"`\", \"type\": \"TEXT\"}],"
        " \"constraints\": [{\"type\": \"unique\", \"columns\": [\"a\"]}, {\"type\": \"unique\", \"columns\": [\"b \\\"`\", \"a\"]}],"
        " \"indexes\": [{\"name\": \"IF NOT EXISTS \", \"columns\": [\"a\"], \"unique\": true}]}",
        "{\"name\": \"one\", \"columns\": [{\"name\": \"id\", \"type\": \"INTEGER\", \"primary_key\": true, \"autoincrement\": true}],"
        " \"indexes\": [{\"name\": \"i\", \"columns\": [\"id\"]}]},"
        "{\"name\": \"two\", \"columns\": [{\"name\": \"id\", \"type\": \"INTEGER\", \"primary_key\": true, \"autoincrement\": true},"
        " {\"name\": \"one_id\", \"type\": \"INTEGER\"}], \"constraints\": [{\"type\": \"foreign_key\", \"columns\": [\"one_id\"],"
        " \"references_table\": \"one\", \"references_columns\": [\"id\"]}, {\"type\": \"unique\", \"columns\": [\"one_id\"]}]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char *json = wide_table(tables[i]);
        assert_image_is_what_sql_makes(json);
        free(json);
    }
}

/* What it does not write: too long SQL, indexes that SQLite may not make, a schema of a single page. */
static void what_is_not_certain_has_no_image(void **state)
{
    static const char *const tables[] = {
        "{\"name\": \"t\", \"columns\": [{\"name\": \"id\", \"type\": \"TEXT\", \"primary_key\": true}],"
        " \"constraints\": [{\"type\": \"unique\", \"columns\": [\"id\"]}]}",
        "{\"name\": \"t\", \"columns\": [{\"name\": \"a\", \"type\": \"TEXT\"}, {\"name\": \"b\", \"type\": \"TEXT\"}], \"constraints\":"
        " [{\"type\": \"unique\", \"columns\": [\"a\", \"b\"]}, {\"type\": \"unique\", \"columns\": [\"B\", \"A\"]}]}",
        "{\"name\": \"t\", \"columns\": [{\"name\": \"a\", \"type\": \"TEXT\", \"default\": \"'%s'\"}]}",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char table[6000], filling[5000];
        memset(filling, 'x', sizeof filling - 1);
        filling[sizeof filling - 1] = '\0';
        snprintf(table, sizeof table, tables[i], filling);
        char *json = tables[i][0] != '\0' ? wide_table(table)
                                          : strdup("{\"tables\": [{\"name\": \"t\", \"columns\": [{\"name\": "
                                                   "\"a\", \"type\": \"TEXT\"}]}]}");
        codedb_structure structure = define(json);
        const codedb_beginning *beginning = codedb_image_create(&structure);
        assert_non_null(beginning);
        assert_null(beginning->image);
        sqlite3 *made = open_by_sql(beginning);
        assert_answer(made, "SELECT count(*) FROM sqlite_schema WHERE name = 't'", "1");
        sqlite3_close(made);
        codedb_arena_destroy(structure.arena);
        free(json);
    }
}

static void every_allocation_may_fail(void **state)
{
    support_failing failing;
    (void)state;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_arena *arena = NULL;
        const codedb_beginning *beginning;
        codedb_code code = codedb_schema_begin(&failing.allocator, &arena, &beginning, &result);
        assert_true((beginning != NULL) == (code == CODEDB_SUCCESS));
        codedb_arena_destroy(arena);
        support_failing_check(&failing, code);
    }
}

/* ---- a database that begins with one ------------------------------------------------------------------------------- */

/* A handle on a database that begins so. */
static codedb_code begin(const codedb_beginning *beginning, codedb **db)
{
    codedb_driver_options options;
    memset(&options, 0, sizeof options);
    options.settings.beginning = beginning;
    return fixture_try_open(options, db, &result);
}

/* One text of all rows that a query answers. */
static char *read_all(codedb *db, const char *query)
{
    codedb_rows *rows = NULL;
    codedb_buffer text;
    assert_success(codedb_sql_execute(db, query, NULL, 0, &rows, NULL, &result), result);
    codedb_buffer_init(&text, NULL);
    for (size_t i = 0; i < rows->row_count * rows->column_count; i++) {
        if (rows->values[i].type == CODEDB_VALUE_TEXT)
            codedb_buffer_append(&text, rows->values[i].as.text, rows->values[i].length);
        else
            codedb_buffer_printf(&text, "%lld", (long long)rows->values[i].as.integer);
        codedb_buffer_append_byte(&text, '\n');
    }
    codedb_free(rows);
    char *copy = strdup(text.data != NULL ? text.data : "");
    codedb_buffer_free(&text);
    return copy;
}

static const char rows_of_all[] = "SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid";

/* The database is sound, has all tables, and its full text is kept in step. */
static void assert_is_whole(codedb *db, const char *expected_schema)
{
    char *schema = read_all(db, rows_of_all);
    assert_string_equal(schema, expected_schema);
    free(schema);
    char *check = read_all(db, "PRAGMA integrity_check");
    assert_string_equal(check, "ok\n");
    free(check);
    check = read_all(db, "PRAGMA foreign_key_check");
    assert_string_equal(check, "");
    free(check);
    run_sql(db, "INSERT INTO code_content_fts(code_content_fts) VALUES('integrity-check')");
    run_sql(db, "INSERT INTO projects(id, root_path) VALUES ('p', '/p')");
    run_sql(db, "INSERT INTO datasets(id, project_id, root_path) VALUES ('d', 'p', '/p')");
    run_sql(db, "INSERT INTO files(project_id, dataset_id, path) VALUES ('p', 'd', '/p/a.py')");
    run_sql(db, "INSERT INTO code_content(file_id, entity_type, content) VALUES (1, 'file', 'needle')");
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM code_content_fts WHERE code_content_fts MATCH 'needle'"), 1);
    run_sql(db, "DELETE FROM projects");
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM code_content_fts WHERE code_content_fts MATCH 'needle'"), 0);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM sqlite_sequence WHERE name = 'files' AND seq = 1"), 1);
    run_sql(db, "INSERT INTO code_content_fts(code_content_fts) VALUES('integrity-check')");
    run_sql(db, "CREATE TABLE more (a)");
    run_sql(db, "VACUUM");
    check = read_all(db, "PRAGMA integrity_check");
    assert_string_equal(check, "ok\n");
    free(check);
}

/* What every way must come to. */
static char *schema_by_sql(const codedb_beginning *beginning)
{
    codedb_beginning by_sql = *beginning;
    codedb *db;
    by_sql.image = NULL;
    by_sql.image_size = 0;
    assert_success(begin(&by_sql, &db), result);
    char *schema = read_all(db, rows_of_all);
    assert_is_whole(db, schema);
    fixture_close(db);
    return schema;
}

static void a_database_in_memory_is_what_sql_makes(void **state)
{
    codedb_structure structure = define(NULL);
    const codedb_beginning *beginning = codedb_image_create(&structure);
    char *expected = schema_by_sql(beginning);
    codedb *db;
    (void)state;
    assert_success(begin(beginning, &db), result);
    /* Pages that SQL leaves as it changes the schema are not there: the image was used. */
    assert_int_equal(ask_integer(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'projects'"), 2);
    assert_int_equal(ask_integer(db, "SELECT page_size FROM pragma_page_size"), PAGE);
    assert_is_whole(db, expected);
    fixture_close(db);
    free(expected);
    codedb_arena_destroy(structure.arena);
}

/* A file that codedb_open makes, and a database in memory that it opens. */
static void a_file_and_a_database_in_memory_have_the_same_schema(void **state)
{
    char *folder = support_folder_create();
    char path[4200];
    codedb *file, *memory;
    (void)state;
    snprintf(path, sizeof path, "%s/code.db", folder);
    assert_success(support_open(path, &file, &result), result);
    assert_success(support_open(":memory:", &memory, &result), result);
    char *expected = read_all(file, rows_of_all);
    assert_is_whole(memory, expected);
    free(expected);
    codedb_close(file);
    codedb_close(memory);
    support_folder_remove(folder);
}

/* Ways in which SQLite may not take an image. */
typedef enum damage {
    DAMAGE_NO_DATABASE,
    DAMAGE_SHORT,
    DAMAGE_PAGE_SIZE, /* another than the one that a database in memory has already */
    DAMAGE_SCHEMA,    /* SQL that is none */
    DAMAGE_INDEX,     /* an index of which its table knows nothing */
    DAMAGE_LEAF,      /* a leaf of the schema is no page */
    DAMAGE_NAME,      /* a table has another name than its SQL says */
    DAMAGE_COUNT
} damage;

static void replace(codedb_beginning *beginning, const char *from, const char *to)
{
    unsigned char *found = memmem(beginning->image, beginning->image_size, from, strlen(from));
    assert_non_null(found);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(found, to, strlen(to));
}

static void do_damage(codedb_beginning *beginning, damage kind)
{
    switch (kind) {
    case DAMAGE_NO_DATABASE: memset(beginning->image, 'x', beginning->image_size); break;
    case DAMAGE_SHORT: beginning->image_size = 10; break;
    case DAMAGE_PAGE_SIZE: beginning->image[16] = 2; break;
    case DAMAGE_SCHEMA: replace(beginning, "CREATE TABLE `files`", "CREATE TABLE `files("); break;
    case DAMAGE_INDEX: replace(beginning, "sqlite_autoindex_files_1", "sqlite_autoindex_files_9"); break;
    case DAMAGE_LEAF: memset(beginning->image + beginning->image_size - PAGE, 0xff, PAGE); break;
    case DAMAGE_NAME: replace(beginning, "CREATE TABLE `usages`", "CREATE TABLE `us-ges`"); break;
    case DAMAGE_COUNT: break;
    }
}

/* An image that SQLite does not take is passed over, and nothing of it stays. */
static void an_image_that_is_not_taken_is_made_good_by_sql(void **state)
{
    (void)state;
    for (int kind = 0; kind < DAMAGE_COUNT; kind++) {
        codedb_structure structure = define(NULL);
        codedb_beginning *beginning = codedb_image_create(&structure);
        char *expected = schema_by_sql(beginning);
        codedb *db;
        do_damage(beginning, (damage)kind);
        codedb_code code = begin(beginning, &db);
        if (code != CODEDB_SUCCESS)
            fail_msg("damage %d: %s", kind, result.description);
        assert_is_whole(db, expected);
        fixture_close(db);
        free(expected);
        codedb_arena_destroy(structure.arena);
    }
}

static void sql_that_fails_is_told(void **state)
{
    codedb_structure structure = define(NULL);
    codedb_beginning *beginning = codedb_image_create(&structure);
    codedb *db;
    (void)state;
    beginning->sql = "CREATE TABLE a (b); CREATE VIRTUAL TABLE c USING unknown(d)";
    beginning->rest = beginning->sql + strlen("CREATE TABLE a (b);");
    assert_int_equal(begin(beginning, &db), CODEDB_DATABASE_ERROR);
    assert_contains(result.description, "no such module: unknown");
    assert_null(db);
    codedb_arena_destroy(structure.arena);
}

/* ---- a host whose SQLite makes a table in each connection ---------------------------------------------------------- */

static int make_a_table(sqlite3 *connection, char **message, const void *api)
{
    (void)message;
    (void)api;
    return sqlite3_exec(connection, "CREATE TABLE IF NOT EXISTS hosts_own (a)", NULL, NULL, NULL);
}

static void tables_that_are_there_already_stay(void **state)
{
    codedb *db;
    (void)state;
    sqlite3_auto_extension((void (*)(void))make_a_table);
    codedb_code code = support_open(":memory:", &db, &result);
    sqlite3_cancel_auto_extension((void (*)(void))make_a_table);
    assert_success(code, result);
    assert_int_equal(
        ask_integer(db, "SELECT count(*) FROM sqlite_schema WHERE name IN ('hosts_own', 'files', 'code_content_fts')"), 3);
    codedb_close(db);
}

/* ---- memory -------------------------------------------------------------------------------------------------------- */

static void opening_in_memory_survives_every_allocation_that_fails(void **state)
{
    support_failing failing;
    (void)state;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_open_options options = CODEDB_INIT(codedb_open_options);
        codedb *db;
        options.allocator = &failing.allocator;
        codedb_code code = codedb_open(":memory:", &options, &db, &result);
        codedb_close(db);
        support_failing_check(&failing, code);
    }
}

static int clean(void **state)
{
    (void)state;
    codedb_result_clear(&result);
    return 0;
}

int main(void)
{
    const struct CMUnitTest alone[] = {
        cmocka_unit_test_teardown(the_image_of_codedbs_own_tables_is_what_sql_makes, clean),
        cmocka_unit_test_teardown(the_image_of_any_keys_and_constraints_is_what_sql_makes, clean),
        cmocka_unit_test_teardown(what_is_not_certain_has_no_image, clean),
        cmocka_unit_test_teardown(every_allocation_may_fail, clean),
        cmocka_unit_test_teardown(opening_in_memory_survives_every_allocation_that_fails, clean),
    };
    const struct CMUnitTest both[] = {
        cmocka_unit_test_teardown(a_database_in_memory_is_what_sql_makes, clean),
        cmocka_unit_test_teardown(a_file_and_a_database_in_memory_have_the_same_schema, clean),
        cmocka_unit_test_teardown(an_image_that_is_not_taken_is_made_good_by_sql, clean),
        cmocka_unit_test_teardown(sql_that_fails_is_told, clean),
        cmocka_unit_test_teardown(tables_that_are_there_already_stay, clean),
    };
    result = (codedb_result)CODEDB_INIT(codedb_result);
    int failed = cmocka_run_group_tests_name("image", alone, NULL, NULL);
    return failed + support_run_both("a database that begins", both);
}
