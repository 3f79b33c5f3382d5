/* tests/test_model.c -- random operations on a database, and the same on plain arrays: after each, both answer alike.
 *
 * The arrays know eight tables with unique keys, values that must be there, and foreign keys that cascade or set NULL; five of the tables are
 * codedb's own. What is done: inserts, updates, deletes and selects of tables, objects, batches with references to earlier rows,
 * transactions, searches, requests without time, statements that are interrupted; and all that constraints refuse.
 *
 * `make test` runs some 20,000 operations, `make model` a million. The environment: CODEDB_MODEL_OPERATIONS, CODEDB_MODEL_SEED (which is
 * printed) to repeat a run, and CODEDB_MODEL_SABOTAGE: `half` runs batches operation by operation, `lose` leaves out deletions and says
 * that they were done. Both must be noticed. */
#include "support.h"

#include <inttypes.h>
#include <time.h>

/* ---- The tables ---------------------------------------------------------------------------------------------------- */

#define COLUMNS 6
#define CAPACITY 96 /* rows of a table */
#define CROWDED 40  /* from here on more is deleted than inserted */
#define DOMAIN 20   /* values are below it, so that they meet */

typedef enum column_kind { COLUMN_INTEGER, COLUMN_TEXT, COLUMN_UUID } column_kind;
typedef enum reference_kind { REFERENCE_CASCADES, REFERENCE_SETS_NULL } reference_kind;

typedef struct column {
    const char *name;
    column_kind kind;
    bool nullable;
    int references; /* table + 1; 0: none */
    reference_kind on_delete;
} column;

typedef struct table {
    const char *name;
    int column_count;
    column columns[COLUMNS]; /* the first is the key */
    int unique[2][3];        /* columns of a unique key, 0 behind the last */
    bool counts_on;          /* a key is never given twice */
} table;

enum { ROOTS, ITEMS, PARTS, PROJECTS, DATASETS, FILES, CLASSES, METHODS, TABLES };

static const table tables[TABLES] = {
    [ROOTS] = {"roots", 3, {{"id"}, {"name", COLUMN_TEXT}, {"weight", .nullable = true}}, {{1}}},
    [ITEMS] =
        {"items",
         4,
         {{"id"}, {"root_id", .references = ROOTS + 1}, {"number", .nullable = true}, {"note", COLUMN_TEXT, .nullable = true}},
         {{1, 2}}},
    [PARTS] = {"parts",
               4,
               {{"id"},
                {"item_id", .nullable = true, .references = ITEMS + 1},
                {"other_id", .nullable = true, .references = ROOTS + 1, .on_delete = REFERENCE_SETS_NULL},
                {"text", COLUMN_TEXT}},
               {{0}}},
    [PROJECTS] = {"projects", 3, {{"id", COLUMN_UUID}, {"root_path", COLUMN_TEXT}, {"name", COLUMN_TEXT, true}}, {{1}}},
    [DATASETS] = {"datasets",
                  4,
                  {{"id", COLUMN_UUID},
                   {"project_id", COLUMN_UUID, .references = PROJECTS + 1},
                   {"root_path", COLUMN_TEXT},
                   {"name", COLUMN_TEXT, true}},
                  {{1, 2}}},
    [FILES] = {"files",
               5,
               {{"id"},
                {"project_id", COLUMN_UUID, .references = PROJECTS + 1},
                {"dataset_id", COLUMN_UUID, .references = DATASETS + 1},
                {"path", COLUMN_TEXT},
                {"lines", .nullable = true}},
               {{1, 2, 3}},
               true},
    [CLASSES] =
        {"classes",
         5,
         {{"id"}, {"file_id", .references = FILES + 1}, {"name", COLUMN_TEXT}, {"line"}, {"docstring", COLUMN_TEXT, true}},
         {{1, 2, 3}},
         true},
    [METHODS] =
        {"methods",
         5,
         {{"id"}, {"class_id", .references = CLASSES + 1}, {"name", COLUMN_TEXT}, {"line"}, {"docstring", COLUMN_TEXT, true}},
         {{1, 2, 3}},
         true},
};

static const char *const definitions[] = {
    "{\"name\": \"roots\", \"columns\": [{\"name\": \"id\", \"type\": \"INTEGER\", \"primary_key\": true}, {\"name\": \"name\", "
    "\"type\": \"TEXT\", \"nullable\": false}, {\"name\": \"weight\", \"type\": \"INTEGER\"}], \"constraints\": [{\"type\": "
    "\"unique\", \"columns\": [\"name\"]}]}",
    "{\"name\": \"items\", \"columns\": [{\"name\": \"id\", \"type\": \"INTEGER\", \"primary_key\": true}, {\"name\": \"root_id\", "
    "\"type\": \"INTEGER\", \"nullable\": false}, {\"name\": \"number\", \"type\": \"INTEGER\"}, {\"name\": \"note\", \"type\": "
    "\"TEXT\"}], \"constraints\": [{\"type\": \"unique\", \"columns\": [\"root_id\", \"number\"]}, {\"type\": \"foreign_key\", "
    "\"columns\": [\"root_id\"], \"references_table\": \"roots\", \"references_columns\": [\"id\"], \"on_delete\": \"cascade\"}]}",
    "{\"name\": \"parts\", \"columns\": [{\"name\": \"id\", \"type\": \"INTEGER\", \"primary_key\": true}, {\"name\": \"item_id\", "
    "\"type\": \"INTEGER\"}, {\"name\": \"other_id\", \"type\": \"INTEGER\"}, {\"name\": \"text\", \"type\": \"TEXT\", "
    "\"nullable\": false}], \"constraints\": [{\"type\": \"foreign_key\", \"columns\": [\"item_id\"], \"references_table\": "
    "\"items\", \"references_columns\": [\"id\"], \"on_delete\": \"cascade\"}, {\"type\": \"foreign_key\", \"columns\": "
    "[\"other_id\"], \"references_table\": \"roots\", \"references_columns\": [\"id\"], \"on_delete\": \"set null\"}]}",
    "{\"name\": \"parts_fts\", \"using\": \"fts5\", \"columns\": [\"text\"], \"options\": {\"content\": \"parts\", "
    "\"content_rowid\": \"id\"}}",
};

/* ---- The arrays ---------------------------------------------------------------------------------------------------- */

/* Text and UUIDs are made from their number. */
typedef struct cell {
    bool null;
    int64_t number;
} cell;

typedef struct row {
    cell cells[COLUMNS];
} row;

typedef struct model {
    int counts[TABLES];
    int64_t last_keys[TABLES]; /* the highest that was ever given */
    row rows[TABLES][CAPACITY];
} model;

static bool cell_equals(cell one, cell other)
{
    return one.null == other.null && (one.null || one.number == other.number);
}

static int model_find(const model *self, int of, int64_t key)
{
    for (int i = 0; i < self->counts[of]; i++)
        if (self->rows[of][i].cells[0].number == key)
            return i;
    return -1;
}

static bool rows_collide(const table *of, const row *one, const row *other)
{
    if (one->cells[0].number == other->cells[0].number)
        return true;
    for (int key = 0; key < 2 && of->unique[key][0] != 0; key++) {
        bool equal = true;
        for (int i = 0; i < 3 && of->unique[key][i] != 0; i++) {
            cell a = one->cells[of->unique[key][i]], b = other->cells[of->unique[key][i]];
            equal = equal && !a.null && !b.null && a.number == b.number;
        }
        if (equal)
            return true;
    }
    return false;
}

/* Whether row `index` may be as it is. */
static bool model_accepts(const model *self, int of, int index)
{
    const row *checked = &self->rows[of][index];
    for (int i = 0; i < tables[of].column_count; i++) {
        const column *about = &tables[of].columns[i];
        if (checked->cells[i].null && !about->nullable)
            return false;
        if (about->references != 0 && !checked->cells[i].null &&
            model_find(self, about->references - 1, checked->cells[i].number) < 0)
            return false;
    }
    for (int i = 0; i < self->counts[of]; i++)
        if (i != index && rows_collide(&tables[of], checked, &self->rows[of][i]))
            return false;
    return true;
}

static void model_delete(model *self, int of, int index)
{
    int64_t key = self->rows[of][index].cells[0].number;
    self->rows[of][index] = self->rows[of][--self->counts[of]];
    for (int other = 0; other < TABLES; other++) {
        for (int i = 1; i < tables[other].column_count; i++) {
            if (tables[other].columns[i].references != of + 1)
                continue;
            for (int at = self->counts[other] - 1; at >= 0; at--) {
                cell *referring = at < self->counts[other] ? &self->rows[other][at].cells[i] : NULL;
                if (referring == NULL || referring->null || referring->number != key)
                    continue;
                if (tables[other].columns[i].on_delete == REFERENCE_SETS_NULL)
                    referring->null = true;
                else
                    model_delete(self, other, at);
            }
        }
    }
}

/* ---- Operations ------------------------------------------------------------------------------------------------------ */

typedef enum operation_kind { OPERATION_INSERT, OPERATION_UPDATE, OPERATION_DELETE } operation_kind;

/* Columns are bits. */
typedef struct operation {
    operation_kind kind;
    int of;
    unsigned given; /* columns that an insert or update writes */
    row written;
    unsigned where;
    row wanted;
    int row_id_of[COLUMNS]; /* of a batch: the operation + 1 whose row id is written */
} operation;

static bool row_matches(const table *of, const row *checked, const operation *by)
{
    for (int i = 0; i < of->column_count; i++)
        if ((by->where & 1u << i) != 0 && !cell_equals(checked->cells[i], by->wanted.cells[i]))
            return false;
    return true;
}

static int64_t model_next_key(const model *self, int of)
{
    int64_t last = tables[of].counts_on ? self->last_keys[of] : 0;
    for (int i = 0; i < self->counts[of]; i++)
        if (self->rows[of][i].cells[0].number > last)
            last = self->rows[of][i].cells[0].number;
    return last + 1;
}

/* *key becomes that of the new row. */
static codedb_code model_insert(model *self, const operation *done, int64_t *key)
{
    row *added = &self->rows[done->of][self->counts[done->of]];
    for (int i = 0; i < COLUMNS; i++)
        added->cells[i] = (done->given & 1u << i) != 0 ? done->written.cells[i] : (cell){true, 0};
    if (added->cells[0].null && tables[done->of].columns[0].kind == COLUMN_INTEGER)
        added->cells[0] = (cell){false, model_next_key(self, done->of)};
    if (!model_accepts(self, done->of, self->counts[done->of]))
        return CODEDB_VALIDATION_ERROR;
    self->counts[done->of]++;
    *key = added->cells[0].number;
    if (*key > self->last_keys[done->of])
        self->last_keys[done->of] = *key;
    return CODEDB_SUCCESS;
}

static codedb_code model_update(model *self, const operation *done, int64_t *affected)
{
    bool matched[CAPACITY];
    if (done->where == 0 || done->given == 0)
        return CODEDB_VALIDATION_ERROR;
    for (int i = 0; i < self->counts[done->of]; i++) {
        row *changed = &self->rows[done->of][i];
        matched[i] = row_matches(&tables[done->of], changed, done);
        *affected += matched[i];
        for (int at = 0; matched[i] && at < COLUMNS; at++)
            if ((done->given & 1u << at) != 0)
                changed->cells[at] = done->written.cells[at];
    }
    for (int i = 0; i < self->counts[done->of]; i++)
        if (matched[i] && !model_accepts(self, done->of, i))
            return CODEDB_VALIDATION_ERROR;
    return CODEDB_SUCCESS;
}

/* Does the same as the database; the model is of no use when it is refused. *value is the new key, or a number of rows. */
static codedb_code model_run(model *self, const operation *done, int64_t *value)
{
    *value = 0;
    if (done->kind == OPERATION_INSERT)
        return model_insert(self, done, value);
    if (done->kind == OPERATION_UPDATE)
        return model_update(self, done, value);
    if (done->where == 0)
        return CODEDB_VALIDATION_ERROR;
    for (int i = self->counts[done->of] - 1; i >= 0; i--) {
        if (row_matches(&tables[done->of], &self->rows[done->of][i], done)) {
            model_delete(self, done->of, i);
            (*value)++;
        }
    }
    return CODEDB_SUCCESS;
}

/* Whether the database's answer is the model's. A row with a UUID has a row id that nobody knows. */
static bool values_agree(const operation *done, int64_t value, int64_t expected)
{
    return value == expected || (done->kind == OPERATION_INSERT && tables[done->of].columns[0].kind == COLUMN_UUID);
}

/* ---- Both ---------------------------------------------------------------------------------------------------------- */

typedef struct world {
    codedb *db;
    codedb *transaction; /* NULL: none */
    char path[300];      /* of the database, or ":memory:" */
    model now;
    model before; /* the transaction */
    model scratch;
    unsigned long long state; /* of the random numbers */
    unsigned long long seed;
    long number; /* of the operation */
    long done[8];
    long refused;
    const char *sabotage;
    codedb_result result;
} world;

#define fail_world(self, ...)                                                                 \
    do {                                                                                      \
        print_error("operation %ld, CODEDB_MODEL_SEED=%llu: ", (self)->number, (self)->seed); \
        fail_msg(__VA_ARGS__);                                                                \
    } while (0)

static unsigned random_of(world *self, unsigned below)
{
    self->state = self->state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(self->state >> 33) % below;
}

static bool chance(world *self, unsigned percent)
{
    return random_of(self, 100) < percent;
}

static codedb *handle_of(const world *self)
{
    return self->transaction != NULL ? self->transaction : self->db;
}

/* The text of a cell: TEXT and UUID sort as their numbers. */
static void write_text(char text[40], column_kind kind, int64_t number)
{
    if (kind == COLUMN_UUID)
        snprintf(text, 40, "00000000-0000-4000-8000-%012" PRId64, number);
    else
        snprintf(text, 40, "t%03" PRId64, number);
}

/* Names and values for a call; the texts live in `texts`. */
static size_t write_columns(const operation *from, const row *values, unsigned which, codedb_column *columns, char texts[][40],
                            bool is_batch)
{
    size_t count = 0;
    for (int i = 0; i < tables[from->of].column_count; i++) {
        const column *about = &tables[from->of].columns[i];
        if ((which & 1u << i) == 0)
            continue;
        columns[count].name = about->name;
        if (is_batch && values == &from->written && from->row_id_of[i] != 0) {
            columns[count].value = codedb_value_row_id_of(from->row_id_of[i] - 1);
        } else if (values->cells[i].null) {
            columns[count].value = codedb_value_null();
        } else if (about->kind == COLUMN_INTEGER) {
            columns[count].value = codedb_value_integer(values->cells[i].number);
        } else {
            write_text(texts[count], about->kind, values->cells[i].number);
            columns[count].value = codedb_value_text(texts[count]);
        }
        count++;
    }
    return count;
}

static cell random_cell(world *self, const column *about)
{
    cell made = {chance(self, about->nullable ? 15 : 2), random_of(self, DOMAIN)};
    if (about->references != 0 && self->now.counts[about->references - 1] > 0 && chance(self, 90)) {
        int of = about->references - 1;
        made.number = self->now.rows[of][random_of(self, (unsigned)self->now.counts[of])].cells[0].number;
    }
    return made;
}

static row random_row(world *self, int of)
{
    row made = {0};
    for (int i = 0; i < tables[of].column_count; i++)
        made.cells[i] = random_cell(self, &tables[of].columns[i]);
    made.cells[0].null = false;
    if (self->now.counts[of] > 0 && chance(self, 60))
        made.cells[0] = self->now.rows[of][random_of(self, (unsigned)self->now.counts[of])].cells[0];
    return made;
}

static unsigned random_where(world *self, int of)
{
    unsigned which = 1u << random_of(self, (unsigned)tables[of].column_count);
    if (chance(self, 1))
        return 0;
    if (chance(self, 50))
        which = 1;
    else if (chance(self, 30))
        which |= 1u << random_of(self, (unsigned)tables[of].column_count);
    return which;
}

static operation random_operation(world *self)
{
    operation made = {.of = (int)random_of(self, TABLES)};
    unsigned all = (1u << tables[made.of].column_count) - 1, what = random_of(self, 100);
    unsigned inserts = self->now.counts[made.of] < CROWDED ? 50 : 15;
    made.written = random_row(self, made.of);
    made.kind = what < inserts ? OPERATION_INSERT : what < inserts + 30 ? OPERATION_UPDATE : OPERATION_DELETE;
    if (made.kind == OPERATION_INSERT) {
        made.given = all & ~1u;
        if (tables[made.of].columns[0].kind == COLUMN_UUID || chance(self, 5)) {
            made.given = all;
            made.written.cells[0].number = random_of(self, 3 * DOMAIN) + 1;
        }
        if (chance(self, 3))
            made.given &= ~(1u << (1 + random_of(self, (unsigned)tables[made.of].column_count - 1)));
        return made;
    }
    made.given = all & (1u << (1 + random_of(self, (unsigned)tables[made.of].column_count - 1)) |
                        1u << (1 + random_of(self, (unsigned)tables[made.of].column_count - 1)));
    made.wanted = random_row(self, made.of);
    made.where = random_where(self, made.of);
    return made;
}

/* ---- One operation ----------------------------------------------------------------------------------------------------- */

/* Runs it by the functions of tables. `value` is a row id or a number of rows. */
static codedb_code run_operation(world *self, codedb *db, const operation *made, int64_t *value)
{
    codedb_column columns[COLUMNS], where[COLUMNS];
    char texts[COLUMNS][40], where_texts[COLUMNS][40];
    size_t count = write_columns(made, &made->written, made->given, columns, texts, false);
    size_t where_count = write_columns(made, &made->wanted, made->where, where, where_texts, false);
    const char *name = tables[made->of].name;
    if (made->kind == OPERATION_INSERT)
        return codedb_table_insert(db, name, columns, count, value, &self->result);
    if (made->kind == OPERATION_UPDATE)
        return codedb_table_update(db, name, where, where_count, columns, count, value, &self->result);
    return codedb_table_delete(db, name, where, where_count, value, &self->result);
}

/* Compares what both answered; the model follows when it was a success. */
static void compare_answers(world *self, const operation *made, codedb_code code, int64_t value)
{
    int64_t expected_value;
    codedb_code expected;
    self->scratch = self->now;
    expected = model_run(&self->scratch, made, &expected_value);
    if (code != expected)
        fail_world(self, "kind %d of %s: %s, expected %s: %s", (int)made->kind, tables[made->of].name, codedb_code_name(code),
                   codedb_code_name(expected), self->result.description);
    if (code != CODEDB_SUCCESS) {
        self->refused++;
        return;
    }
    if (!values_agree(made, value, expected_value))
        fail_world(self, "kind %d of %s: answered %" PRId64 ", expected %" PRId64, (int)made->kind, tables[made->of].name, value,
                   expected_value);
    self->now = self->scratch;
}

static void do_operation(world *self)
{
    operation made = random_operation(self);
    int64_t value = 0, affected;
    codedb_code code;
    if (made.kind == OPERATION_DELETE && made.where != 0 && strcmp(self->sabotage, "lose") == 0 && self->number > 3000) {
        self->scratch = self->now;
        model_run(&self->scratch, &made, &affected);
        if (affected > 0) {
            self->now = self->scratch; /* as if the database had said so; again and again, for a rollback hides one loss */
            return;
        }
    }
    code = run_operation(self, handle_of(self), &made, &value);
    compare_answers(self, &made, code, value);
}

/* Fails when the transaction is still there. */
static void expect_ended(world *self)
{
    codedb_code code = codedb_sql_execute(self->transaction, "SELECT 1", NULL, 0, NULL, NULL, &self->result);
    if (code != CODEDB_TRANSACTION_ERROR)
        fail_world(self, "a use of an ended transaction: %s", codedb_code_name(code));
    codedb_close(self->transaction);
    self->transaction = NULL;
    self->now = self->before;
}

/* Behind a TIMEOUT: a write that was interrupted has ended the transaction; it stays when the time was over before it ran. */
static void notice_end(world *self)
{
    if (self->transaction != NULL &&
        codedb_sql_execute(self->transaction, "SELECT 1", NULL, 0, NULL, NULL, &self->result) != CODEDB_SUCCESS)
        expect_ended(self);
}

/* A request that has next to no time: it was done, or it was not. */
static void do_hurried(world *self)
{
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    operation made = random_operation(self);
    codedb *view = NULL;
    int64_t value = 0;
    codedb_code code;
    options.timeout = 1e-6 * (1 + random_of(self, 20));
    assert_success(codedb_with(handle_of(self), &options, &view, &self->result), self->result);
    code = run_operation(self, view, &made, &value);
    codedb_close(view);
    if (code == CODEDB_TIMEOUT)
        notice_end(self);
    else
        compare_answers(self, &made, code, value);
}

/* A statement that would never end is interrupted; when it writes, the transaction that is open has ended. */
static void do_interrupted(world *self)
{
    static const char *const endless[] = {
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) INSERT INTO roots (name) SELECT 'endless' || x FROM c",
    };
    codedb_request_options options = CODEDB_INIT(codedb_request_options);
    unsigned writes = random_of(self, 2);
    codedb *view = NULL;
    codedb_code code;
    options.timeout = 0.002;
    assert_success(codedb_with(handle_of(self), &options, &view, &self->result), self->result);
    code = codedb_sql_execute(view, endless[writes], NULL, 0, NULL, NULL, &self->result);
    codedb_close(view);
    if (code != CODEDB_TIMEOUT)
        fail_world(self, "a statement without end: %s", codedb_code_name(code));
    if (writes)
        notice_end(self);
}

static void do_unknown(world *self)
{
    codedb_column wrong = {"no such column", codedb_value_integer(1)};
    codedb_code code =
        codedb_table_insert(handle_of(self), chance(self, 50) ? "roots" : "no such table", &wrong, 1, NULL, &self->result);
    if (code != CODEDB_SCHEMA_ERROR)
        fail_world(self, "an unknown name: %s", codedb_code_name(code));
}

/* ---- Batches ------------------------------------------------------------------------------------------------------- */

#define BATCH 8

static void batch_add(codedb_batch *batch, const operation *made)
{
    codedb_column columns[COLUMNS], where[COLUMNS];
    char texts[COLUMNS][40], where_texts[COLUMNS][40];
    size_t count = write_columns(made, &made->written, made->given, columns, texts, true);
    size_t where_count = write_columns(made, &made->wanted, made->where, where, where_texts, true);
    const char *name = tables[made->of].name;
    if (made->kind == OPERATION_INSERT)
        codedb_batch_insert(batch, name, columns, count);
    else if (made->kind == OPERATION_UPDATE)
        codedb_batch_update(batch, name, where, where_count, columns, count);
    else
        codedb_batch_delete(batch, name, where, where_count);
}

/* Makes a foreign key refer to an earlier insert of the batch. */
static void batch_refer(world *self, operation *made, const operation *earlier, int count)
{
    for (int i = 1; i < tables[made->of].column_count; i++) {
        const column *about = &tables[made->of].columns[i];
        if (about->references == 0 || about->kind != COLUMN_INTEGER || (made->given & 1u << i) == 0 ||
            made->kind == OPERATION_DELETE)
            continue;
        for (int at = 0; at < count; at++)
            if (earlier[at].kind == OPERATION_INSERT && earlier[at].of == about->references - 1 && chance(self, 70))
                made->row_id_of[i] = at + 1;
    }
}

/* What the model says of the whole batch, in self->scratch. The number of the operation that fails is in *failed. */
static codedb_code batch_model(world *self, operation *made, int count, int64_t values[BATCH], int *failed)
{
    self->scratch = self->now;
    for (int i = 0; i < count; i++) {
        codedb_code code;
        for (int at = 0; at < COLUMNS; at++)
            if (made[i].row_id_of[at] != 0)
                made[i].written.cells[at] = (cell){false, values[made[i].row_id_of[at] - 1]};
        code = model_run(&self->scratch, &made[i], &values[i]);
        *failed = i;
        if (code != CODEDB_SUCCESS)
            return code;
    }
    return CODEDB_SUCCESS;
}

static void run_one_by_one(world *self, const operation *made, int count)
{
    for (int i = 0; i < count; i++) {
        int64_t value;
        if (run_operation(self, handle_of(self), &made[i], &value) != CODEDB_SUCCESS)
            return;
    }
}

static void do_batch(world *self)
{
    operation made[BATCH];
    int64_t values[BATCH];
    int count = 1 + (int)random_of(self, BATCH), failed = 0;
    codedb_batch *batch = NULL;
    codedb_code code, expected;
    assert_success(codedb_batch_create(handle_of(self), &batch, &self->result), self->result);
    for (int i = 0; i < count; i++) {
        made[i] = random_operation(self);
        if (made[i].kind != OPERATION_INSERT && made[i].where == 0)
            made[i].where = 1; /* refused while the batch is built */
        batch_refer(self, &made[i], made, i);
        batch_add(batch, &made[i]);
    }
    code = codedb_batch_run(batch, &self->result);
    expected = batch_model(self, made, count, values, &failed);
    if (code != expected)
        fail_world(self, "a batch: %s, expected %s of operation %d (kind %d of %s): %s", codedb_code_name(code),
                   codedb_code_name(expected), failed, (int)made[failed].kind, tables[made[failed].of].name,
                   self->result.description);
    for (int i = 0; i < count && code == CODEDB_SUCCESS; i++)
        if (!values_agree(&made[i], codedb_batch_value(batch, i), values[i]))
            fail_world(self, "operation %d of a batch: answered %" PRId64 ", expected %" PRId64, i, codedb_batch_value(batch, i),
                       values[i]);
    codedb_batch_free(batch);
    if (code == CODEDB_SUCCESS) {
        self->now = self->scratch;
    } else {
        char data[40];
        snprintf(data, sizeof data, "{\"operation\": %d,", failed);
        if (self->result.data == NULL || strncmp(self->result.data, data, strlen(data)) != 0)
            fail_world(self, "a batch: %s, expected operation %d", self->result.data != NULL ? self->result.data : "NULL",
                       failed);
        self->refused++;
        if (strcmp(self->sabotage, "half") == 0)
            run_one_by_one(self, made, count);
    }
}

/* ---- Objects ------------------------------------------------------------------------------------------------------- */

static codedb_code run_class(world *self, const operation *made, int64_t *id)
{
    codedb_class object = CODEDB_INIT(codedb_class);
    char name[40], docstring[40];
    codedb_code code;
    write_text(name, COLUMN_TEXT, made->written.cells[2].number);
    write_text(docstring, COLUMN_TEXT, made->written.cells[4].number);
    object.id = made->wanted.cells[0].number;
    object.file_id = made->written.cells[1].number;
    object.name = name;
    object.line = made->written.cells[3].number;
    object.docstring = made->written.cells[4].null ? NULL : docstring;
    if (made->kind == OPERATION_DELETE)
        return codedb_class_delete(handle_of(self), object.id, &self->result);
    object.present = CODEDB_CLASS_FILE_ID | CODEDB_CLASS_NAME | CODEDB_CLASS_LINE | CODEDB_CLASS_DOCSTRING;
    if (made->kind == OPERATION_UPDATE) {
        object.present |= CODEDB_CLASS_ID;
        return codedb_class_update(handle_of(self), &object, &self->result);
    }
    object.id = 0;
    code = codedb_class_create(handle_of(self), &object, &self->result);
    *id = object.id;
    return code;
}

/* A class by the functions of objects, whose answers differ in one thing: a row that is not there is NOT_FOUND. */
static void do_object(world *self)
{
    operation made = {.of = CLASSES, .kind = (operation_kind)random_of(self, 3), .given = 0x1e, .where = 1};
    int64_t id = 0, affected = 0;
    codedb_code code, expected;
    made.written = random_row(self, CLASSES);
    made.wanted = random_row(self, CLASSES);
    for (int i = 1; i < 4; i++)
        made.written.cells[i].null = false;
    made.written.cells[3].number++; /* a line is never 0 */
    code = run_class(self, &made, &id);
    self->scratch = self->now;
    expected = model_run(&self->scratch, &made, &affected);
    if (expected == CODEDB_SUCCESS && made.kind != OPERATION_INSERT && affected == 0)
        expected = CODEDB_NOT_FOUND;
    if (code != expected)
        fail_world(self, "class, kind %d: %s, expected %s: %s", (int)made.kind, codedb_code_name(code),
                   codedb_code_name(expected), self->result.description);
    if (code == CODEDB_SUCCESS && made.kind == OPERATION_INSERT && id != affected)
        fail_world(self, "class %" PRId64 " was made, expected %" PRId64, id, affected);
    if (code == CODEDB_SUCCESS)
        self->now = self->scratch;
    else
        self->refused++;
}

/* ---- Reading ------------------------------------------------------------------------------------------------------- */

static int sort_column; /* of the rows that qsort compares; the test is one thread */
static int sort_direction;

static int compare_cells(cell one, cell other)
{
    if (one.null || other.null)
        return (int)other.null - (int)one.null;
    return one.number < other.number ? -1 : one.number > other.number;
}

static int compare_rows(const void *left, const void *right)
{
    const row *one = left, *other = right;
    int order = sort_direction * compare_cells(one->cells[sort_column], other->cells[sort_column]);
    return order != 0 ? order : compare_cells(one->cells[0], other->cells[0]);
}

static bool value_is(const codedb_value *value, const column *about, cell expected)
{
    char text[40];
    if (expected.null)
        return value->type == CODEDB_VALUE_NULL;
    if (about->kind == COLUMN_INTEGER)
        return value->type == CODEDB_VALUE_INTEGER && value->as.integer == expected.number;
    write_text(text, about->kind, expected.number);
    return value->type == CODEDB_VALUE_TEXT && value->length == strlen(text) && strcmp(value->as.text, text) == 0;
}

/* Selects, sorted and cut, and compares every value. */
static void check_select(world *self, const operation *made, int sort, int descending, int64_t limit, int64_t offset)
{
    const table *of = &tables[made->of];
    const char *names[COLUMNS];
    codedb_column where[COLUMNS];
    char texts[COLUMNS][40];
    const codedb_order order[] = {{of->columns[sort].name, descending}, {of->columns[0].name, 0}};
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows = NULL;
    row expected[CAPACITY];
    int64_t count = 0;
    select.columns = names;
    select.column_count = (size_t)of->column_count;
    select.where = where;
    select.where_count = write_columns(made, &made->wanted, made->where, where, texts, false);
    select.order_by = order;
    select.order_by_count = 2;
    select.limit = limit;
    select.offset = offset;
    for (int i = 0; i < of->column_count; i++)
        names[i] = of->columns[i].name;
    assert_success(codedb_table_select(handle_of(self), of->name, &select, &rows, &self->result), self->result);
    for (int i = 0; i < self->now.counts[made->of]; i++)
        if (row_matches(of, &self->now.rows[made->of][i], made))
            expected[count++] = self->now.rows[made->of][i];
    sort_column = sort;
    sort_direction = descending ? -1 : 1;
    qsort(expected, (size_t)count, sizeof expected[0], compare_rows);
    count = count > offset ? count - offset : 0;
    count = limit > 0 && count > limit ? limit : count;
    if (rows->row_count != (size_t)count)
        fail_world(self, "%zu rows of %s, expected %" PRId64, rows->row_count, of->name, count);
    for (int64_t i = 0; i < count; i++)
        for (int at = 0; at < of->column_count; at++)
            if (!value_is(&rows->values[i * of->column_count + at], &of->columns[at], expected[offset + i].cells[at]))
                fail_world(self, "row %" PRId64 " of %s: %s is not as expected", i, of->name, of->columns[at].name);
    codedb_free(rows);
}

static void do_select(world *self)
{
    operation made = {.of = (int)random_of(self, TABLES)};
    made.wanted = random_row(self, made.of);
    made.where = chance(self, 30) ? 0 : random_where(self, made.of);
    check_select(self, &made, (int)random_of(self, (unsigned)tables[made.of].column_count), (int)random_of(self, 2),
                 chance(self, 50) ? 1 + random_of(self, 5) : 0, chance(self, 30) ? random_of(self, 5) : 0);
}

static void do_search(world *self)
{
    int64_t number = random_of(self, DOMAIN), expected = 0;
    codedb_rows *rows = NULL;
    codedb_value word;
    char text[40];
    write_text(text, COLUMN_TEXT, number);
    word = codedb_value_text(text);
    assert_success(codedb_sql_execute(handle_of(self), "SELECT count(*) FROM parts_fts WHERE parts_fts MATCH ?", &word, 1, &rows,
                                      NULL, &self->result),
                   self->result);
    for (int i = 0; i < self->now.counts[PARTS]; i++)
        expected += self->now.rows[PARTS][i].cells[3].number == number;
    if (rows->values[0].as.integer != expected)
        fail_world(self, "%s is found %" PRId64 " times, expected %" PRId64, text, rows->values[0].as.integer, expected);
    codedb_free(rows);
}

static void check_everything(world *self)
{
    codedb_rows *rows = NULL;
    for (int of = 0; of < TABLES; of++) {
        operation all = {.of = of};
        check_select(self, &all, 0, 0, 0, 0);
    }
    if (self->transaction != NULL)
        return;
    assert_success(codedb_sql_execute(self->db, "INSERT INTO parts_fts (parts_fts, rank) VALUES ('integrity-check', 1)", NULL, 0,
                                      NULL, NULL, &self->result),
                   self->result);
    assert_success(
        codedb_sql_execute(self->db,
                           "SELECT (SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok') + (SELECT "
                           "count(*) FROM pragma_foreign_key_check)",
                           NULL, 0, &rows, NULL, &self->result),
        self->result);
    if (rows->values[0].as.integer != 0)
        fail_world(self, "the database is not whole");
    codedb_free(rows);
}

/* ---- Transactions and life ------------------------------------------------------------------------------------------- */

static void do_transaction(world *self)
{
    if (self->transaction == NULL) {
        assert_success(codedb_transaction_begin(self->db, &self->transaction, &self->result), self->result);
        self->before = self->now;
        return;
    }
    if (chance(self, 10)) /* without its handle it would wait for itself */
        assert_code(codedb_sql_execute(self->db, "SELECT 1", NULL, 0, NULL, NULL, &self->result), CODEDB_TRANSACTION_ERROR,
                    self->result);
    if (chance(self, 50)) {
        assert_success(codedb_transaction_commit(self->transaction, &self->result), self->result);
        self->before = self->now;
    } else if (chance(self, 50)) {
        assert_success(codedb_transaction_rollback(self->transaction, &self->result), self->result);
    } else {
        codedb_close(self->transaction); /* rolls back */
        self->transaction = NULL;
    }
    self->now = self->before;
    if (self->transaction != NULL)
        expect_ended(self);
}

static void open_world(world *self)
{
    assert_success(codedb_open(self->path, NULL, &self->db, &self->result), self->result);
}

static void do_reopen(world *self)
{
    if (strcmp(self->path, ":memory:") == 0)
        return;
    if (self->transaction != NULL) {
        codedb_close(self->transaction);
        self->now = self->before;
    }
    self->transaction = NULL;
    codedb_close(self->db);
    open_world(self);
    check_everything(self);
}

static void do_something(world *self)
{
    unsigned what = random_of(self, 10000);
    int kind = what < 4200 ? 0 : what < 6700 ? 1 : what < 7200 ? 2 : what < 8500 ? 3 : what < 9200 ? 4 : what < 9800 ? 5 : 6;
    self->done[kind]++;
    switch (kind) {
    case 0: do_operation(self); break;
    case 1: do_select(self); break;
    case 2: do_search(self); break;
    case 3: do_batch(self); break;
    case 4: do_object(self); break;
    case 5: do_transaction(self); break;
    default:
        if (what < 9900)
            do_hurried(self);
        else if (what < 9990)
            do_unknown(self);
        else
            do_interrupted(self);
    }
}

static void run_world(const char *path, long operations, long reopen)
{
    const char *seed = getenv("CODEDB_MODEL_SEED"), *sabotage = getenv("CODEDB_MODEL_SABOTAGE");
    world *self = calloc(1, sizeof *self);
    assert_non_null(self);
    self->result = (codedb_result)CODEDB_INIT(codedb_result);
    self->seed = seed != NULL ? strtoull(seed, NULL, 10) : (unsigned long long)time(NULL) * 1000 + (unsigned)getpid() % 1000;
    self->state = self->seed;
    self->sabotage = sabotage != NULL ? sabotage : "";
    snprintf(self->path, sizeof self->path, "%s", path);
    print_message("%ld operations, %s, CODEDB_MODEL_SEED=%llu\n", operations, path[0] == ':' ? "in memory" : "on file",
                  self->seed);
    open_world(self);
    for (size_t i = 0; i < sizeof definitions / sizeof definitions[0]; i++)
        assert_success(codedb_table_create(self->db, definitions[i], &self->result), self->result);
    for (self->number = 1; self->number <= operations; self->number++) {
        do_something(self);
        if (self->number % 1000 == 0)
            check_everything(self);
        if (self->number % reopen == 0)
            do_reopen(self);
    }
    check_everything(self);
    codedb_close(self->transaction);
    codedb_close(self->db);
    print_message(
        "%ld single operations, %ld selects, %ld searches, %ld batches, %ld objects, %ld begins and ends, %ld hurried, unknown "
        "or interrupted; %ld refused as expected\n",
        self->done[0], self->done[1], self->done[2], self->done[3], self->done[4], self->done[5], self->done[6], self->refused);
    codedb_result_clear(&self->result);
    free(self);
}

static long wanted_operations(void)
{
    const char *wanted = getenv("CODEDB_MODEL_OPERATIONS");
    return wanted != NULL ? atol(wanted) : 20000;
}

static void a_database_in_memory_does_what_arrays_do(void **state)
{
    (void)state;
    run_world(":memory:", wanted_operations() / 10 * 9, 1000000000);
}

static void a_file_does_what_arrays_do_and_keeps_it(void **state)
{
    char *folder = support_folder_create();
    char path[300];
    (void)state;
    snprintf(path, sizeof path, "%s/model.db", folder);
    run_world(path, wanted_operations() / 10, 500);
    support_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_in_memory_does_what_arrays_do),
        cmocka_unit_test(a_file_does_what_arrays_do_and_keeps_it),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
