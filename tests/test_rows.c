/* Proves codedb_sqlite_rows.c: rows that share a statement are as if they had been inserted one by one, and the loop's part of it. */
#include "driver_fixture.h"

#include "codedb_sqlite.h"

#define ROWS 600
#define MORE_THAN_JOIN 300 /* rows behind which a table that may has a statement for several */

static codedb_result result;

/* ---- Two connections, one of which gets rows, the other one row after another --------------------------------------- */

typedef struct side {
    codedb_connection *connection;
    codedb_operation insert;
    size_t width; /* values of a row */
    codedb_code code;
    size_t done;
    int64_t ids[ROWS];
    codedb_result result;
} side;

static const char *const columns[] = {"id", "a", "b"};

static sqlite_statement *statement_of(side *s)
{
    sqlite_statement *statement = NULL;
    assert_success(codedb_sqlite_ready(sqlite_of(s->connection), &s->insert, &statement, &result), result);
    return statement;
}

static void side_connect(side *s, const char *schema, bool gives_no_id)
{
    codedb_driver_settings settings = {.struct_size = sizeof settings, .path = ":memory:", .busy_timeout = 1};
    settings.allocator = codedb_allocator_or_default(NULL);
    memset(s, 0, sizeof *s);
    s->width = gives_no_id ? 2 : 3;
    s->result = (codedb_result)CODEDB_INIT(codedb_result);
    assert_success(codedb_sqlite_driver()->connect(codedb_sqlite_driver(), &settings, &s->connection, &result), result);
    assert_int_equal(codedb_sqlite_execute(sqlite_of(s->connection), schema), SQLITE_OK);
    s->insert = (codedb_operation){.struct_size = sizeof s->insert,
                                   .kind = CODEDB_OPERATION_INSERT,
                                   .table = "t",
                                   .columns = gives_no_id ? columns + 1 : columns,
                                   .column_count = s->width,
                                   .value_count = s->width};
    s->insert.hash = codedb_operation_hash(&s->insert);
}

static void side_disconnect(side *s)
{
    codedb_result_clear(&s->result);
    codedb_sqlite_driver()->disconnect(s->connection);
}

static void side_begin(side *s)
{
    assert_success(codedb_sqlite_driver()->begin(s->connection, &result), result);
    s->done = 0;
    memset(s->ids, 0, sizeof s->ids);
}

/* Gives the rows in portions of any size, as a batch may have them. */
static void side_insert_rows(side *s, const codedb_value *values, size_t count)
{
    s->code = CODEDB_SUCCESS;
    while (s->code == CODEDB_SUCCESS && s->done < count) {
        size_t portion = (size_t)(rand() % 64) + 1, done;
        if (portion > count - s->done)
            portion = count - s->done;
        s->code = codedb_sqlite_driver()->run_rows(s->connection, &s->insert, values + s->done * s->width, portion,
                                                   s->ids + s->done, &done, &s->result);
        s->done += done;
    }
}

static void side_insert_one_by_one(side *s, const codedb_value *values, size_t count)
{
    s->code = CODEDB_SUCCESS;
    while (s->code == CODEDB_SUCCESS && s->done < count) {
        codedb_changes changes = {0, 0};
        s->code = codedb_sqlite_driver()->run(s->connection, &s->insert, values + s->done * s->width, NULL, &changes, &s->result);
        s->ids[s->done] = changes.last_insert_id;
        s->done += s->code == CODEDB_SUCCESS;
    }
}

/* The text with which a query answers, in the transaction or behind it. */
static void side_read(side *s, const char *sql, char *text, size_t size)
{
    sqlite_connection *connection = sqlite_of(s->connection);
    sqlite3_stmt *statement = NULL;
    if (codedb_sqlite_driver()->in_transaction(s->connection))
        assert_success(codedb_sqlite_fulltext_flush(connection, &result), result);
    connection->trusted = true;
    assert_int_equal(sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    snprintf(text, size, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    connection->trusted = false;
}

static void side_end(side *s)
{
    if (!codedb_sqlite_driver()->in_transaction(s->connection))
        return;
    if (s->code == CODEDB_SUCCESS)
        assert_success(codedb_sqlite_driver()->commit(s->connection, &result), result);
    else
        assert_success(codedb_sqlite_driver()->rollback(s->connection, &result), result);
}

/* ---- Tables and rows ------------------------------------------------------------------------------------------------ */

typedef enum mistake {
    MISTAKE_NONE,
    MISTAKE_TWICE,
    MISTAKE_NULL,
    MISTAKE_NEGATIVE,
    MISTAKE_TEXT,
    MISTAKE_AHEAD,
    MISTAKE_BOTH,
    MISTAKES
} mistake;

typedef struct table_case {
    const char *name;
    const char *schema;
    bool joins;
    bool gives_ids;      /* each row has its id given */
    bool gives_no_id;    /* there is no such column in the insert */
    bool refers;         /* `a` is the id of an earlier row, or NULL */
    const char *content; /* SQL that answers with a text; NULL: all rows */
} table_case;

#define ALL_ROWS "SELECT group_concat(quote(id) || quote(a) || quote(b), ';') FROM (SELECT * FROM t ORDER BY id)"

static const table_case cases[] = {
    {.name = "plain", .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)", .joins = true},
    {.name = "unique",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER UNIQUE CHECK (a >= 0), b TEXT NOT NULL)",
     .joins = true},
    {.name = "counted",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER UNIQUE NOT NULL, b)",
     .joins = true},
    {.name = "no key",
     .schema = "CREATE TABLE t (id, a INTEGER NOT NULL, b, c DEFAULT (abs(random()) % 1)); CREATE UNIQUE INDEX i ON t (a)",
     .joins = true},
    {.name = "computed",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a NOT NULL, b, c AS (a || b) STORED UNIQUE)",
     .joins = true},
    {.name = "strict", .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT) STRICT", .joins = true},
    {.name = "strict, no id",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT) STRICT",
     .joins = true,
     .gives_no_id = true},
    {.name = "unique, no id",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER UNIQUE CHECK (a >= 0), b TEXT NOT NULL)",
     .joins = true,
     .gives_no_id = true},
    {.name = "ids run out",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a, b);"
               "INSERT INTO sqlite_sequence VALUES ('t', 9223372036854775807 - 450)",
     .joins = true,
     .gives_no_id = true},
    {.name = "another id", .schema = "CREATE TABLE t (id, a INTEGER NOT NULL, b, _rowid_)"},
    {.name = "changes() as a value",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c DEFAULT (total_changes()))",
     .content = "SELECT group_concat(c) FROM t"},
    {.name = "other table's trigger",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b); CREATE TABLE o (x);"
               "CREATE TRIGGER g AFTER INSERT ON o BEGIN SELECT raise(FAIL, 'no'); END",
     .joins = true},
    {.name = "parent",
     .schema =
         "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
         "WHERE i < 599) SELECT i FROM n; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES p (id), b)",
     .joins = true},
    {.name = "full text",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE NOT NULL, b);"
               "CREATE VIRTUAL TABLE f USING fts5 (b, content='t', content_rowid='id')",
     .joins = true,
     .content = "SELECT group_concat(rowid) FROM f WHERE f MATCH 'word'"},
    {.name = "full text, rows far apart",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE NOT NULL, b);"
               "CREATE VIRTUAL TABLE f USING fts5 (b, content='t', content_rowid='id')",
     .joins = true,
     .gives_ids = true,
     .content = "SELECT group_concat(rowid) FROM f WHERE f MATCH 'word'"},
    {.name = "unique parent",
     .schema =
         "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
         "WHERE i < 599) SELECT i FROM n; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER UNIQUE REFERENCES p (id), b)",
     .joins = true},
    {.name = "parent and full text",
     .schema =
         "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
         "WHERE i < 599) SELECT i FROM n; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES p (id), b);"
         "CREATE VIRTUAL TABLE f USING fts5 (b, content='t', content_rowid='id')",
     .joins = true,
     .content = "SELECT group_concat(rowid) FROM f WHERE f MATCH 'word'"},
    {.name = "rows that are waited for",
     .schema =
         "PRAGMA foreign_keys = OFF; CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p WITH RECURSIVE n(i) AS (SELECT 0 "
         "UNION ALL SELECT i + 1 FROM n WHERE i < 599) SELECT i FROM n;"
         "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES p (id), b); CREATE TABLE c (t REFERENCES t (id));"
         "INSERT INTO c SELECT id FROM p; PRAGMA foreign_keys = ON"},
    {.name = "its own parent",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES t (id), b)",
     .refers = true},
    {.name = "ON CONFLICT IGNORE", .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE ON CONFLICT IGNORE, b)"},
    {.name = "ON CONFLICT REPLACE", .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE ON CONFLICT REPLACE, b)"},
    {.name = "ON CONFLICT FAIL", .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE ON CONFLICT FAIL, b)"},
    {.name = "ON CONFLICT ROLLBACK", .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE ON CONFLICT ROLLBACK, b)"},
    {.name = "WITHOUT ROWID", .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b) WITHOUT ROWID", .gives_ids = true},
    {.name = "a trigger that skips",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b);"
               "CREATE TRIGGER g BEFORE INSERT ON t WHEN new.a % 7 = 3 BEGIN SELECT raise(IGNORE); END"},
    {.name = "a trigger that counts",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); CREATE TABLE o (x);"
               "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO o SELECT count(*) FROM t; END",
     .content = "SELECT group_concat(x) FROM o"},
    {.name = "a trigger that fails",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b);"
               "CREATE TRIGGER g AFTER INSERT ON t WHEN new.a = 431 BEGIN SELECT raise(FAIL, 'no'); END"},
    {.name = "a trigger that rolls back",
     .schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b);"
               "CREATE TRIGGER g AFTER INSERT ON t WHEN new.a = 431 BEGIN SELECT raise(ROLLBACK, 'no'); END"},
    {.name = "a temporary trigger with a name like codedb's",
     .schema =
         "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); CREATE TABLE o (x);"
         "CREATE TEMP TRIGGER codedb_fulltext_mine AFTER INSERT ON main.t BEGIN INSERT INTO o SELECT count(*) FROM main.t; END",
     .content = "SELECT group_concat(x) FROM o"},
    {.name = "a view",
     .schema = "CREATE TABLE o (id INTEGER PRIMARY KEY, a UNIQUE, b); CREATE VIEW t AS SELECT * FROM o;"
               "CREATE TRIGGER g INSTEAD OF INSERT ON t BEGIN INSERT INTO o VALUES (new.id, new.a, new.b); END"},
    {.name = "a virtual table", .schema = "CREATE VIRTUAL TABLE t USING fts5 (id, a, b)"},
};

static void make_rows(const table_case *table, codedb_value *values, mistake wrong, size_t at)
{
    static char texts[ROWS][24];
    size_t width = table->gives_no_id ? 2 : 3;
    for (size_t i = 0; i < ROWS; i++) {
        codedb_value *a = values + (i + 1) * width - 2;
        snprintf(texts[i], sizeof texts[i], "word %zu", i);
        if (!table->gives_no_id)
            a[-1] = table->gives_ids ? codedb_value_integer((int64_t)i * 2 + 1) : codedb_value_null();
        a[0] = codedb_value_integer((int64_t)i);
        if (table->refers)
            a[0] = i % 3 == 0 ? codedb_value_null() : codedb_value_integer((int64_t)i);
        a[1] = i % 5 == 0 ? codedb_value_text("word and word") : codedb_value_text(texts[i]);
    }
    codedb_value *a = values + (at + 1) * width - 2;
    switch (wrong) {
    case MISTAKE_TWICE: a[0] = a[-(int)width]; break;
    case MISTAKE_NULL: a[at % 2] = codedb_value_null(); break;
    case MISTAKE_NEGATIVE: a[0] = codedb_value_integer(-5); break;
    case MISTAKE_TEXT: a[table->gives_no_id ? 0 : -(int)(at % 2)] = codedb_value_text("no number"); break;
    case MISTAKE_AHEAD: a[0] = codedb_value_integer((int64_t)at + 3); break;
    case MISTAKE_BOTH: /* a parent that is not there, and behind it a value that is there */
        a[0] = codedb_value_integer(-5);
        if (at + 1 < ROWS)
            a[width] = a[-(int)width];
        break;
    case MISTAKE_NONE:
    case MISTAKES: break;
    }
}

/* ---- As one by one --------------------------------------------------------------------------------------------------- */

static void compare_content(const table_case *table, side *rows, side *single)
{
    const char *content = table->content != NULL ? table->content : ALL_ROWS;
    static char got[200000], expected[200000];
    side_read(rows, content, got, sizeof got);
    side_read(single, content, expected, sizeof expected);
    assert_string_equal(got, expected);
}

/* Both ended alike; what is there is compared in the transaction, where a failure leaves the rows before it, and behind it. */
static void compare(const table_case *table, side *rows, side *single, const char *what)
{
    if (rows->code != single->code || rows->done != single->done)
        fail_msg("%s, %s: %s behind %zu rows, expected %s behind %zu: %s", table->name, what, codedb_code_name(rows->code),
                 rows->done, codedb_code_name(single->code), single->done, rows->result.description);
    assert_string_equal(rows->result.description, single->result.description);
    assert_int_equal(codedb_sqlite_driver()->in_transaction(rows->connection),
                     codedb_sqlite_driver()->in_transaction(single->connection));
    for (size_t i = 0; i < rows->done; i++)
        if (rows->ids[i] != single->ids[i])
            fail_msg("%s, %s: row %zu has id %lld, expected %lld", table->name, what, i, (long long)rows->ids[i],
                     (long long)single->ids[i]);
    compare_content(table, rows, single);
    side_end(rows);
    side_end(single);
    compare_content(table, rows, single);
}

/* Rows with a mistake, behind many without one, so that the statement for several is there. */
static void check_mistake(const table_case *table, mistake wrong)
{
    static codedb_value values[ROWS * 3];
    size_t at = MORE_THAN_JOIN + (size_t)rand() % (ROWS - MORE_THAN_JOIN);
    char what[64];
    side rows, single;
    snprintf(what, sizeof what, "mistake %d in row %zu", (int)wrong, at);
    side_connect(&rows, table->schema, table->gives_no_id);
    side_connect(&single, table->schema, table->gives_no_id);
    make_rows(table, values, wrong, at);
    side_begin(&rows);
    side_begin(&single);
    side_insert_rows(&rows, values, ROWS);
    side_insert_one_by_one(&single, values, ROWS);
    if (rows.code == CODEDB_SUCCESS && (statement_of(&rows)->joined != NULL) != table->joins)
        fail_msg("%s: rows %s a statement", table->name, table->joins ? "do not share" : "share");
    compare(table, &rows, &single, what);
    side_disconnect(&rows);
    side_disconnect(&single);
}

static void all_is_as_if_rows_were_inserted_one_by_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int round = 0; round < 2; round++)
            for (mistake wrong = MISTAKE_NONE; wrong < MISTAKES; wrong++)
                check_mistake(&cases[i], wrong);
}

/* An interrupt ends the whole transaction: what is tried again behind it would be committed alone. */
static void when_time_is_over_no_row_is_left(void **state)
{
    static codedb_value values[ROWS * 3];
    side rows;
    char count[16];
    (void)state;
    side_connect(&rows, cases[0].schema, false);
    make_rows(&cases[0], values, MISTAKE_NONE, 0);
    side_begin(&rows);
    side_insert_rows(&rows, values, MORE_THAN_JOIN);
    assert_non_null(statement_of(&rows)->joined);
    codedb_sqlite_driver()->set_deadline(rows.connection, 1e-9);
    side_insert_rows(&rows, values, ROWS);
    codedb_sqlite_driver()->set_deadline(rows.connection, 0);
    assert_code(rows.code, CODEDB_TIMEOUT, rows.result);
    assert_true(rows.done >= MORE_THAN_JOIN && rows.done < ROWS);
    assert_false(codedb_sqlite_driver()->in_transaction(rows.connection));
    side_read(&rows, "SELECT count(*) FROM t", count, sizeof count);
    assert_string_equal(count, "0");
    side_disconnect(&rows);
}

static void check_limit(int limit, int value)
{
    static codedb_value values[ROWS * 3];
    side rows;
    char count[16];
    side_connect(&rows, cases[0].schema, false);
    sqlite3_limit(sqlite_of(rows.connection)->db, limit, value);
    make_rows(&cases[0], values, MISTAKE_NONE, 0);
    side_begin(&rows);
    side_insert_rows(&rows, values, ROWS);
    assert_success(rows.code, rows.result);
    assert_null(statement_of(&rows)->joined);
    side_end(&rows);
    sqlite3_limit(sqlite_of(rows.connection)->db, limit, 1000);
    side_read(&rows, "SELECT count(*) FROM t", count, sizeof count);
    assert_string_equal(count, "600");
    side_disconnect(&rows);
}

static void where_a_statement_for_several_would_be_too_large_there_is_none(void **state)
{
    (void)state;
    check_limit(SQLITE_LIMIT_VARIABLE_NUMBER, 47);
    check_limit(SQLITE_LIMIT_SQL_LENGTH, 200);
}

/* ---- What comes between ------------------------------------------------------------------------------------------------ */

static codedb *db;

static int open_memory(void **state)
{
    (void)state;
    result = (codedb_result)CODEDB_INIT(codedb_result);
    db = fixture_open(NULL);
    run_sql(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER UNIQUE, b)");
    return 0;
}

static int close_memory(void **state)
{
    (void)state;
    codedb_result_clear(&result);
    fixture_close(db);
    return 0;
}

static codedb_batch *batch_create(codedb *handle)
{
    codedb_batch *batch;
    assert_success(codedb_batch_create(handle, &batch, &result), result);
    return batch;
}

static void batch_insert(codedb_batch *batch, int64_t a, codedb_value b)
{
    codedb_column row[] = {integer_column("a", a), {"b", b}};
    assert_true(codedb_batch_insert(batch, "t", row, 2) >= 0);
}

/* Inserts rows until there is a statement for several. */
static void insert_many(codedb *handle, int64_t first)
{
    codedb_batch *batch = batch_create(handle);
    for (int64_t i = 0; i < MORE_THAN_JOIN; i++)
        batch_insert(batch, first + i, codedb_value_null());
    assert_success(codedb_batch_run(batch, &result), result);
    codedb_batch_free(batch);
}

/* Each row refers to the one before, or to one of long ago. */
static void rows_may_refer_to_the_rows_before_them(void **state)
{
    codedb_batch *batch;
    (void)state;
    insert_many(db, 10000);
    batch = batch_create(db);
    for (int64_t i = 0; i < 400; i++)
        batch_insert(batch, i, i == 0 ? codedb_value_null() : codedb_value_row_id_of(i % 40 == 0 ? i - 1 : i - i % 40));
    assert_success(codedb_batch_run(batch, &result), result);
    for (int64_t i = 0; i < 400; i++)
        assert_int_equal(codedb_batch_value(batch, i), MORE_THAN_JOIN + 1 + i);
    assert_int_equal(ask_integer(db,
                                 "SELECT count(*) FROM t AS one WHERE a BETWEEN 1 AND 399 AND b <> (SELECT id FROM t AS other "
                                 "WHERE other.a = iif(one.a % 40 = 0, one.a - 1, one.a - one.a % 40))"),
                     0);
    codedb_batch_free(batch);
}

static void other_operations_see_the_rows_before_them(void **state)
{
    codedb_batch *batch;
    (void)state;
    run_sql(db, "CREATE TABLE told (changes, id)");
    insert_many(db, 10000);
    batch = batch_create(db);
    for (int64_t i = 0; i < 100; i++) {
        batch_insert(batch, i, codedb_value_integer(i));
        if (i % 32 == 31)
            codedb_batch_execute(batch, "INSERT INTO told VALUES (changes(), last_insert_rowid())", NULL, 0);
        if (i % 32 == 31)
            codedb_batch_execute(batch, "UPDATE t SET b = (SELECT count(*) FROM t WHERE a < 10000) WHERE a < 10000", NULL, 0);
    }
    assert_success(codedb_batch_run(batch, &result), result);
    codedb_batch_free(batch);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM told, t WHERE changes = 1 AND t.id = told.id AND t.a % 32 = 31"), 3);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM t WHERE a < 96 AND b = 96"), 96);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM t WHERE a BETWEEN 96 AND 99 AND b = a"), 4);
}

static void the_row_that_fails_is_named_and_nothing_is_left(void **state)
{
    (void)state;
    insert_many(db, 10000);
    for (int64_t at = 0; at < 70; at++) {
        codedb_batch *batch = batch_create(db);
        char words[96];
        for (int64_t i = 0; i < 70; i++)
            batch_insert(batch, i == at ? 10000 : i, codedb_value_null());
        assert_code(codedb_batch_run(batch, &result), CODEDB_VALIDATION_ERROR, result);
        snprintf(words, sizeof words, "operation %lld of the batch: t: UNIQUE constraint failed: t.a", (long long)at);
        assert_string_equal(result.description, words);
        codedb_batch_free(batch);
    }
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM t"), MORE_THAN_JOIN);
}

static void a_failed_batch_in_a_transaction_undoes_its_rows_alone(void **state)
{
    codedb *transaction;
    codedb_batch *batch;
    (void)state;
    assert_success(codedb_transaction_begin(db, &transaction, &result), result);
    insert_many(transaction, 10000);
    batch = batch_create(transaction);
    for (int64_t i = 0; i < 64; i++)
        batch_insert(batch, i == 40 ? 10000 : i, codedb_value_null());
    assert_code(codedb_batch_run(batch, &result), CODEDB_VALIDATION_ERROR, result);
    codedb_batch_free(batch);
    assert_success(codedb_transaction_commit(transaction, &result), result);
    fixture_close(transaction);
    assert_int_equal(ask_integer(db, "SELECT count(*) FROM t"), MORE_THAN_JOIN);
}

static void a_trigger_that_is_made_later_is_noticed(void **state)
{
    codedb *transaction;
    (void)state;
    insert_many(db, 10000);
    assert_success(codedb_transaction_begin(db, &transaction, &result), result);
    insert_many(transaction, 20000);
    run_sql(transaction, "CREATE TABLE counts (x)");
    run_sql(transaction, "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO counts SELECT count(*) FROM t; END");
    insert_many(transaction, 30000);
    assert_success(codedb_transaction_commit(transaction, &result), result);
    fixture_close(transaction);
    assert_int_equal(ask_integer(db, "SELECT count(DISTINCT x) FROM counts"), MORE_THAN_JOIN);
    assert_int_equal(ask_integer(db, "SELECT min(x) FROM counts"), 2 * MORE_THAN_JOIN + 1);
}

/* ---- No memory ------------------------------------------------------------------------------------------------------------ */

static codedb_code insert_with(const codedb_allocator *allocator)
{
    codedb_driver_options options = {.settings = {.allocator = *allocator}};
    codedb *handle;
    codedb_batch *batch = NULL;
    codedb_code code = fixture_try_open(options, &handle, &result);
    if (code == CODEDB_SUCCESS)
        code = codedb_sql_execute(handle, "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)", NULL, 0, NULL, NULL, &result);
    if (code == CODEDB_SUCCESS)
        code = codedb_batch_create(handle, &batch, &result);
    for (int64_t i = 0; code == CODEDB_SUCCESS && i < MORE_THAN_JOIN + 64; i++) {
        codedb_column row[] = {integer_column("a", i), text_column("b", "text")};
        code = codedb_batch_insert(batch, "t", row, 2) >= 0 ? CODEDB_SUCCESS : CODEDB_NO_MEMORY;
    }
    if (code == CODEDB_SUCCESS)
        code = codedb_batch_run(batch, &result);
    if (batch != NULL)
        codedb_batch_free(batch);
    if (handle != NULL)
        fixture_close(handle);
    codedb_result_clear(&result);
    return code;
}

static void every_failed_allocation_is_an_answer(void **state)
{
    support_failing failing;
    (void)state;
    for (long n = 0; support_failing_start(&failing, n); n++)
        support_failing_check(&failing, insert_with(&failing.allocator));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_as_if_rows_were_inserted_one_by_one),
        cmocka_unit_test(when_time_is_over_no_row_is_left),
        cmocka_unit_test(where_a_statement_for_several_would_be_too_large_there_is_none),
        cmocka_unit_test(every_failed_allocation_is_an_answer),
    };
    const struct CMUnitTest batches[] = {
        cmocka_unit_test_setup_teardown(rows_may_refer_to_the_rows_before_them, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(other_operations_see_the_rows_before_them, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(the_row_that_fails_is_named_and_nothing_is_left, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(a_failed_batch_in_a_transaction_undoes_its_rows_alone, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(a_trigger_that_is_made_later_is_noticed, open_memory, close_memory),
    };
    srand(20261130);
    printf("test_rows: seed 20261130\n");
    result = (codedb_result)CODEDB_INIT(codedb_result);
    return cmocka_run_group_tests(tests, NULL, NULL) + support_run_both("batches of rows", batches);
}
