/* tests/test_security.c -- what comes from outside stays a name or a value, files are their owner's, and logs tell no secrets.
 *
 * SQLite tells this test each statement that it runs, in every connection that is opened (an automatic extension). Statements that are run for
 * a hostile name or value must be those that are run for a harmless one. */
#include "support.h"

#include <dirent.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>

/* ---- What SQLite runs ---------------------------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    char text[1 << 16]; /* a line for each statement */
    size_t length;
} watched = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int on_statement(unsigned type, void *context, void *statement, void *unused)
{
    const char *sql = sqlite3_sql(statement);
    (void)type;
    (void)context;
    (void)unused;
    pthread_mutex_lock(&watched.lock);
    if (sql != NULL && watched.length + strlen(sql) + 2 < sizeof watched.text)
        watched.length += (size_t)snprintf(watched.text + watched.length, sizeof watched.text - watched.length, "%s\n", sql);
    pthread_mutex_unlock(&watched.lock);
    return 0;
}

static int on_connection(sqlite3 *connection, char **error, const void *functions)
{
    (void)error;
    (void)functions;
    return sqlite3_trace_v2(connection, SQLITE_TRACE_STMT, on_statement, NULL);
}

static void watch_anew(void)
{
    pthread_mutex_lock(&watched.lock);
    watched.length = 0;
    watched.text[0] = '\0';
    pthread_mutex_unlock(&watched.lock);
}

/* A copy of what was run, to be freed; what is in quotes is left out. */
static char *watched_shape(void)
{
    char *shape, *out;
    const char *at;
    pthread_mutex_lock(&watched.lock);
    shape = out = malloc(watched.length + 1);
    assert_non_null(shape);
    for (at = watched.text; *at != '\0'; at++) {
        *out++ = *at;
        if (*at == '"' || *at == '`' || *at == '\'') {
            char quote = *at;
            for (at++; *at != '\0' && (*at != quote || at[1] == quote); at++)
                at += *at == quote;
            *out++ = quote;
            assert_int_equal(*at, quote);
        }
    }
    *out = '\0';
    pthread_mutex_unlock(&watched.lock);
    return shape;
}

/* ---- Hostile texts --------------------------------------------------------------------------------------------------- */

static const char *const hostile[] = {
    "'; DROP TABLE victims; --",
    "\"; DROP TABLE victims; --",
    "`; DROP TABLE victims; --",
    "]; DROP TABLE victims; --",
    "victims WHERE 1=1 --",
    "x' OR '1'='1",
    "x\" OR \"1\"=\"1",
    "x` OR `1`=`1",
    "1; ATTACH '/tmp/stolen.db' AS stolen",
    "text) VALUES ('a'); DELETE FROM victims; --",
    "text = 'a', owner",
    "(SELECT owner FROM victims)",
    "text COLLATE NOCASE DESC; DELETE FROM victims",
    "text ASC, (SELECT 1)",
    "*",
    "?",
    "?1",
    ":name",
    "%s%n%x",
    "\\",
    "\\'; DROP TABLE victims; --",
    "--",
    "/*",
    "*/",
    ";",
    "''",
    "\"\"",
    "``",
    "'",
    "\"",
    "`",
    "[",
    "NULL",
    "text\n; DROP TABLE victims",
    "\x01\x02\x1f\x7f",
    "\xef\xbc\x87; DROP TABLE victims; --", /* a quotation mark of full width */
    "caf\xc3\xa9 \xf0\x9f\x90\x8d",
    "text\"\"",
    "sqlite_master",
    "pragma_table_info",
    "main.victims",
    "temp.victims",
    "{\"$gt\": \"\"}",
    "../../etc/passwd",
};
#define HOSTILE (sizeof hostile / sizeof hostile[0])
#define RANDOM_TEXTS 300

static unsigned random_state;

static unsigned random_of(unsigned below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

/* Text number `number`: those of the list, then random ones, with many quotation marks among them. */
static size_t hostile_text(size_t number, char text[64], bool only_ascii)
{
    static const char favourites[] = "'\"`;-[]()?\\%*,. =";
    size_t length;
    if (number < HOSTILE) {
        snprintf(text, 64, "%s", hostile[number]);
        return strlen(text);
    }
    length = 1 + random_of(40);
    for (size_t i = 0; i < length; i++) {
        unsigned byte = random_of(3) == 0 ? (unsigned char)favourites[random_of(sizeof favourites - 1)] : random_of(256);
        text[i] = (char)(only_ascii && (byte == 0 || byte > 126) ? 'x' : byte);
    }
    text[length] = '\0';
    return length;
}

/* ---- A database ---------------------------------------------------------------------------------------------------- */

typedef struct world {
    codedb *db;
    codedb_result result;
    char *schema; /* its version */
} world;

static char *schema_version(world *self)
{
    char *version = NULL;
    assert_success(codedb_schema_version(self->db, &version, &self->result), self->result);
    return version;
}

static int open_world(void **state)
{
    world *self = calloc(1, sizeof *self);
    assert_non_null(self);
    self->result = (codedb_result)CODEDB_INIT(codedb_result);
    assert_success(codedb_open(":memory:", NULL, &self->db, &self->result), self->result);
    assert_success(
        codedb_sql_execute(self->db, "CREATE TABLE victims (owner TEXT, text TEXT)", NULL, 0, NULL, NULL, &self->result),
        self->result);
    assert_success(
        codedb_sql_execute(self->db, "INSERT INTO victims VALUES ('somebody', 'a')", NULL, 0, NULL, NULL, &self->result),
        self->result);
    self->schema = schema_version(self);
    random_state = (unsigned)time(NULL);
    print_message("seed %u\n", random_state);
    *state = self;
    return 0;
}

static int close_world(void **state)
{
    world *self = *state;
    codedb_free(self->schema);
    codedb_close(self->db);
    codedb_result_clear(&self->result);
    free(self);
    return 0;
}

/* The structure is what it was, and so are the victims. */
static void assert_unhurt(world *self)
{
    char *now = schema_version(self);
    codedb_rows *rows = NULL;
    assert_string_equal(now, self->schema);
    codedb_free(now);
    assert_success(codedb_table_select(self->db, "victims", NULL, &rows, &self->result), self->result);
    assert_int_equal(rows->row_count, 1);
    assert_string_equal(rows->values[0].as.text, "somebody");
    codedb_free(rows);
}

/* ---- Values -------------------------------------------------------------------------------------------------------- */

/* All that a value can be given to. Returns the shape of what SQLite ran. */
static char *use_value(world *self, const char *text, size_t length)
{
    const codedb_column row = {"text", codedb_value_text_of_length(text, length)};
    const codedb_value parameter = row.value;
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows = NULL;
    codedb_batch *batch = NULL;
    int64_t affected;
    watch_anew();
    assert_success(codedb_table_insert(self->db, "victims", &row, 1, NULL, &self->result), self->result);
    select.where = &row;
    select.where_count = 1;
    assert_success(codedb_table_select(self->db, "victims", &select, &rows, &self->result), self->result);
    if (rows->row_count > 0) {
        const codedb_value *found = &rows->values[(rows->row_count - 1) * rows->column_count + 1];
        assert_int_equal(found->length, length);
        assert_memory_equal(found->as.text, text, length);
    }
    assert_true(rows->row_count > 0);
    codedb_free(rows);
    assert_success(codedb_table_update(self->db, "victims", &row, 1, &row, 1, &affected, &self->result), self->result);
    assert_success(
        codedb_sql_execute(self->db, "SELECT count(*) FROM victims WHERE text = ?", &parameter, 1, NULL, NULL, &self->result),
        self->result);
    assert_success(codedb_batch_create(self->db, &batch, &self->result), self->result);
    codedb_batch_update(batch, "victims", &row, 1, &row, 1);
    assert_success(codedb_batch_run(batch, &self->result), self->result);
    codedb_batch_free(batch);
    const codedb_column owner[] = {{"owner", codedb_value_null()}, row};
    assert_success(codedb_table_delete(self->db, "victims", owner, 2, &affected, &self->result), self->result);
    assert_int_equal(affected, 1);
    return watched_shape();
}

static void a_value_never_becomes_sql(void **state)
{
    world *self = *state;
    free(use_value(self, "harmless", 8)); /* prepares everything */
    char *expected = use_value(self, "harmless", 8);
    assert_contains(expected, "INSERT INTO");
    for (size_t i = 0; i < HOSTILE + RANDOM_TEXTS; i++) {
        char text[64];
        size_t length = hostile_text(i, text, false);
        char *shape = use_value(self, text, length);
        assert_string_equal(shape, expected);
        free(shape);
    }
    free(expected);
    assert_unhurt(self);
}

/* The proof of the proof: a host that pastes a value into its SQL is seen. */
static void what_is_pasted_into_sql_is_noticed(void **state)
{
    static const char *const pasted[] = {"a", "x' OR '1'='1"};
    world *self = *state;
    char *shapes[2];
    for (int i = 0; i < 2; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT * FROM victims WHERE text = '%s'", pasted[i]);
        watch_anew();
        assert_success(codedb_sql_execute(self->db, sql, NULL, 0, NULL, NULL, &self->result), self->result);
        shapes[i] = watched_shape();
    }
    assert_string_not_equal(shapes[0], shapes[1]);
    free(shapes[0]);
    free(shapes[1]);
}

/* ---- Names --------------------------------------------------------------------------------------------------------- */

/* All that an unknown name can be given to. */
static char *use_unknown_name(world *self, const char *name)
{
    const codedb_column good = {"text", codedb_value_text("a")}, bad = {name, codedb_value_text("a")};
    const char *const columns[] = {name};
    const codedb_order order = {name, 1};
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows = NULL;
    watch_anew();
    assert_code(codedb_table_insert(self->db, name, &good, 1, NULL, &self->result), CODEDB_SCHEMA_ERROR, self->result);
    assert_code(codedb_table_insert(self->db, "victims", &bad, 1, NULL, &self->result), CODEDB_SCHEMA_ERROR, self->result);
    assert_code(codedb_table_update(self->db, name, &good, 1, &good, 1, NULL, &self->result), CODEDB_SCHEMA_ERROR, self->result);
    assert_code(codedb_table_update(self->db, "victims", &bad, 1, &good, 1, NULL, &self->result), CODEDB_SCHEMA_ERROR,
                self->result);
    assert_code(codedb_table_update(self->db, "victims", &good, 1, &bad, 1, NULL, &self->result), CODEDB_SCHEMA_ERROR,
                self->result);
    assert_code(codedb_table_delete(self->db, name, &good, 1, NULL, &self->result), CODEDB_SCHEMA_ERROR, self->result);
    assert_code(codedb_table_delete(self->db, "victims", &bad, 1, NULL, &self->result), CODEDB_SCHEMA_ERROR, self->result);
    assert_code(codedb_table_select(self->db, name, NULL, &rows, &self->result), CODEDB_SCHEMA_ERROR, self->result);
    select.columns = columns;
    select.column_count = 1;
    assert_code(codedb_table_select(self->db, "victims", &select, &rows, &self->result), CODEDB_SCHEMA_ERROR, self->result);
    select = (codedb_select)CODEDB_INIT(codedb_select);
    select.order_by = &order;
    select.order_by_count = 1;
    assert_code(codedb_table_select(self->db, "victims", &select, &rows, &self->result), CODEDB_SCHEMA_ERROR, self->result);
    select = (codedb_select)CODEDB_INIT(codedb_select);
    select.where = &bad;
    select.where_count = 1;
    assert_code(codedb_table_select(self->db, "victims", &select, &rows, &self->result), CODEDB_SCHEMA_ERROR, self->result);
    assert_code(codedb_table_info(self->db, name, &rows, &self->result), CODEDB_SCHEMA_ERROR, self->result);
    assert_code(codedb_table_drop(self->db, name, &self->result), CODEDB_SCHEMA_ERROR, self->result);
    return watched_shape();
}

/* Names of SQLite's own tables are known, and read like others. */
static bool is_known_to_sqlite(const char *name)
{
    return strncmp(name, "sqlite_", 7) == 0 || strncmp(name, "pragma_", 7) == 0;
}

static void an_unknown_name_never_becomes_sql(void **state)
{
    world *self = *state;
    free(use_unknown_name(self, "harmless"));
    char *expected = use_unknown_name(self, "harmless");
    for (size_t i = 0; i < HOSTILE + RANDOM_TEXTS; i++) {
        char text[64];
        hostile_text(i, text, true);
        if (is_known_to_sqlite(text))
            continue;
        char *shape = use_unknown_name(self, text);
        assert_string_equal(shape, expected);
        free(shape);
    }
    free(expected);
    assert_unhurt(self);
}

static void write_json_text(char *out, const char *text)
{
    for (*out++ = '"'; *text != '\0'; text++)
        out +=
            snprintf(out, 8, (unsigned char)*text < 32 || *text == '"' || *text == '\\' ? "\\u%04x" : "%c", (unsigned char)*text);
    *out++ = '"';
    *out = '\0';
}

/* A table and a column that have such a name, made, used and dropped. */
static char *use_table_named(world *self, const char *name)
{
    const codedb_column row = {name, codedb_value_text("a")};
    const codedb_order order = {name, 1};
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows = NULL;
    char json[1200], quoted[500];
    char *shape;
    write_json_text(quoted, name);
    snprintf(json, sizeof json, "{\"name\": %s, \"columns\": [{\"name\": %s, \"type\": \"TEXT\"}]}", quoted, quoted);
    assert_success(codedb_table_create(self->db, json, &self->result), self->result);
    watch_anew();
    assert_success(codedb_table_insert(self->db, name, &row, 1, NULL, &self->result), self->result);
    assert_success(codedb_table_update(self->db, name, &row, 1, &row, 1, NULL, &self->result), self->result);
    select.columns = &row.name;
    select.column_count = 1;
    select.where = &row;
    select.where_count = 1;
    select.order_by = &order;
    select.order_by_count = 1;
    assert_success(codedb_table_select(self->db, name, &select, &rows, &self->result), self->result);
    assert_int_equal(rows->row_count, 1);
    assert_string_equal(rows->column_names[0], name);
    codedb_free(rows);
    assert_success(codedb_table_delete(self->db, name, &row, 1, NULL, &self->result), self->result);
    shape = watched_shape();
    assert_success(codedb_table_drop(self->db, name, &self->result), self->result);
    return shape;
}

static void a_hostile_name_that_is_one_works_and_stays_a_name(void **state)
{
    world *self = *state;
    char *expected = use_table_named(self, "harmless");
    assert_contains(expected, "DELETE FROM");
    for (size_t i = 0; i < HOSTILE; i++) {
        if (is_known_to_sqlite(hostile[i]))
            continue; /* reserved */
        char *shape = use_table_named(self, hostile[i]);
        assert_string_equal(shape, expected);
        free(shape);
    }
    free(expected);
    assert_unhurt(self);
}

static void words_that_are_searched_are_no_query_language(void **state)
{
    world *self = *state;
    for (size_t i = 0; i < HOSTILE + RANDOM_TEXTS; i++) {
        codedb_text_search search = CODEDB_INIT(codedb_text_search);
        codedb_text_matches *matches = NULL;
        codedb_code code;
        char text[64];
        hostile_text(i, text, true);
        search.query = text;
        code = codedb_text_find(self->db, &search, &matches, &self->result);
        /* A text without a word in it may be refused, but never by the words of SQLite. */
        if (code != CODEDB_VALIDATION_ERROR)
            assert_success(code, self->result);
        assert_null(strstr(self->result.description, "fts5"));
        codedb_free(matches);
    }
    assert_unhurt(self);
}

/* ---- Files --------------------------------------------------------------------------------------------------------- */

/* Fails unless every file in the folder, and the folders in it, are their owner's alone; the number of files. */
static int assert_private(const char *folder)
{
    DIR *listed = opendir(folder);
    const struct dirent *entry;
    int count = 0;
    assert_non_null(listed);
    while ((entry = readdir(listed)) != NULL) {
        char path[600];
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        assert_int_equal(lstat(path, &status), 0);
        if ((status.st_mode & 0777) != (S_ISDIR(status.st_mode) ? 0700 : 0600))
            fail_msg("%s has the mode %o, expected that only its owner may use it", path, (unsigned)status.st_mode & 0777);
        count += S_ISDIR(status.st_mode) ? assert_private(path) : 1;
    }
    closedir(listed);
    return count;
}

static void make_files(const char *folder, const char *type)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb *db = NULL;
    char config[1500], copy[400];
    snprintf(
        config, sizeof config,
        "{\"type\": \"%s\", \"config\": {\"path\": \"%s/new/database.db\", \"backup_dir\": \"%s/copies\", \"worker_config\": "
        "{\"worker_log_path\": \"%s/logs/worker.log\"}}}",
        type, folder, folder, folder);
    assert_success(codedb_open(config, NULL, &db, &result), result);
    assert_success(codedb_sql_execute(db, "CREATE TABLE t (text TEXT)", NULL, 0, NULL, NULL, &result), result);
    assert_success(codedb_sql_execute(db, "DROP TABLE issues", NULL, 0, NULL, NULL, &result), result);
    assert_success(codedb_schema_sync(db, NULL, NULL, NULL, &result), result);
    snprintf(copy, sizeof copy, "%s/copy.db", folder);
    assert_success(codedb_backup(db, copy, &result), result);
    assert_true(assert_private(folder) >= 5); /* the database, its log and shared memory, two copies */
    codedb_close(db);
    assert_true(assert_private(folder) >= 3);
    codedb_result_clear(&result);
}

static void files_are_their_owners_whatever_the_umask(void **state)
{
    static const mode_t masks[] = {0, 022, 077};
    (void)state;
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        for (int process = 0; process < 2; process++) {
            char *folder = support_folder_create();
            mode_t before = umask(masks[i]);
            make_files(folder, process ? "sqlite_proxy" : "sqlite");
            umask(before);
            support_folder_remove(folder);
        }
    }
}

/* What is there already keeps the mode that its owner gave it. */
static void a_file_that_is_there_keeps_its_mode(void **state)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    char *folder = support_folder_create();
    char path[400];
    struct stat status;
    codedb *db = NULL;
    (void)state;
    support_write_file(folder, "database.db", "", 0);
    snprintf(path, sizeof path, "%s/database.db", folder);
    assert_int_equal(chmod(path, 0640), 0);
    assert_success(codedb_open(path, NULL, &db, &result), result);
    codedb_close(db);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    support_folder_remove(folder);
    codedb_result_clear(&result);
}

/* ---- Logs ---------------------------------------------------------------------------------------------------------- */

#define SECRET "s3cr3t-of-a-row"

typedef struct log_book {
    pthread_mutex_t lock;
    int lines;
    char told[300]; /* the first line that tells the secret */
} log_book;

static void on_log(void *context, codedb_log_level level, const char *message)
{
    log_book *book = context;
    (void)level;
    pthread_mutex_lock(&book->lock);
    book->lines++;
    if (strstr(message, SECRET) != NULL && book->told[0] == '\0')
        snprintf(book->told, sizeof book->told, "%s", message);
    pthread_mutex_unlock(&book->lock);
}

/* Every way to fail that has a row's values at hand. */
static void fail_with_secrets(codedb *db)
{
    const codedb_column row[] = {{"text", codedb_value_text(SECRET)}, {"number", codedb_value_text(SECRET)}};
    const codedb_value parameter = row[0].value;
    codedb_request_options hurry = CODEDB_INIT(codedb_request_options);
    codedb_project project = CODEDB_INIT(codedb_project);
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    codedb_text_matches *matches = NULL;
    codedb_batch *batch = NULL;
    codedb *view = NULL, *transaction = NULL;
    int64_t affected;
    assert_int_equal(codedb_sql_execute(db,
                                        "CREATE TABLE t (text TEXT UNIQUE CHECK (length(text) < 20), number INTEGER NOT NULL)",
                                        NULL, 0, NULL, NULL, NULL),
                     CODEDB_SUCCESS);
    assert_int_equal(codedb_table_insert(db, "t", row, 2, NULL, NULL), CODEDB_SUCCESS);
    assert_int_equal(codedb_table_insert(db, "t", row, 2, NULL, NULL), CODEDB_VALIDATION_ERROR);
    assert_int_equal(codedb_table_insert(db, "t", row, 1, NULL, NULL), CODEDB_VALIDATION_ERROR);
    codedb_table_update(db, "t", row, 1, row, 2, &affected, NULL);
    assert_int_equal(codedb_batch_create(db, &batch, NULL), CODEDB_SUCCESS);
    codedb_batch_insert(batch, "t", row, 2);
    assert_int_equal(codedb_batch_run(batch, NULL), CODEDB_VALIDATION_ERROR);
    codedb_batch_free(batch);
    project.root_path = "/" SECRET;
    project.watch_dir_id = SECRET;
    assert_int_not_equal(codedb_project_create(db, &project, NULL), CODEDB_SUCCESS);
    search.query = "\"" SECRET;
    search.raw = 1;
    assert_int_not_equal(codedb_text_find(db, &search, &matches, NULL), CODEDB_SUCCESS);
    assert_int_not_equal(codedb_sql_execute(db, "SELECT " SECRET " FROM t WHERE text = ?", &parameter, 1, NULL, NULL, NULL),
                         CODEDB_SUCCESS);
    hurry.timeout = 0.01;
    assert_int_equal(codedb_transaction_begin(db, &transaction, NULL), CODEDB_SUCCESS);
    assert_int_equal(codedb_with(transaction, &hurry, &view, NULL), CODEDB_SUCCESS);
    assert_int_equal(
        codedb_sql_execute(
            view,
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) INSERT OR IGNORE INTO t SELECT ? || x, x "
            "FROM c",
            &parameter, 1, NULL, NULL, NULL),
        CODEDB_TIMEOUT);
    codedb_close(view);
    codedb_close(transaction);
    assert_int_equal(codedb_transaction_begin(db, &transaction, NULL), CODEDB_SUCCESS);
    codedb_table_delete(transaction, "t", row, 1, &affected, NULL);
    codedb_close(transaction);
}

static void assert_file_tells_nothing(const char *path)
{
    char line[2000];
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    while (fgets(line, sizeof line, in) != NULL)
        if (strstr(line, SECRET) != NULL)
            fail_msg("%s: %s", path, line);
    fclose(in);
}

static void no_line_of_a_log_holds_a_rows_values(void **state)
{
    (void)state;
    for (int process = 0; process < 2; process++) {
        log_book book = {.lock = PTHREAD_MUTEX_INITIALIZER};
        codedb_open_options options = CODEDB_INIT(codedb_open_options);
        codedb_result result = CODEDB_INIT(codedb_result);
        char *folder = support_folder_create();
        char config[1200], log[400];
        codedb *db = NULL;
        snprintf(log, sizeof log, "%s/worker.log", folder);
        snprintf(
            config, sizeof config,
            "{\"type\": \"%s\", \"config\": {\"path\": \"%s/database.db\", \"worker_config\": {\"worker_log_path\": \"%s\"}}}",
            process ? "sqlite_proxy" : "sqlite", folder, log);
        options.log = on_log;
        options.log_context = &book;
        options.log_level = CODEDB_LOG_DEBUG;
        assert_success(codedb_open(config, &options, &db, &result), result);
        fail_with_secrets(db);
        codedb_close(db);
        if (book.told[0] != '\0')
            fail_msg("the log tells: %s", book.told);
        if (process)
            assert_file_tells_nothing(log);
        print_message("%s: %d lines of log\n", process ? "process" : "thread", book.lines);
        support_folder_remove(folder);
        codedb_result_clear(&result);
    }
}

int main(void)
{
#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_value_never_becomes_sql),
        WORLD_TEST(what_is_pasted_into_sql_is_noticed),
        WORLD_TEST(an_unknown_name_never_becomes_sql),
        WORLD_TEST(a_hostile_name_that_is_one_works_and_stays_a_name),
        WORLD_TEST(words_that_are_searched_are_no_query_language),
        cmocka_unit_test(files_are_their_owners_whatever_the_umask),
        cmocka_unit_test(a_file_that_is_there_keeps_its_mode),
        cmocka_unit_test(no_line_of_a_log_holds_a_rows_values),
    };
#undef WORLD_TEST
    sqlite3_auto_extension((void (*)(void))on_connection);
    return cmocka_run_group_tests_name("security", tests, NULL, NULL);
}
