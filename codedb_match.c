/* codedb_match.c -- selectors inside SQL: the table-valued function codedb_match(source_text, selector).
 *
 *     SELECT f.path, m.start_line, m.name FROM files f JOIN cst_trees t ON t.file_id = f.id,
 *            codedb_match(t.cst_code, 'method:not(:has-docstring)') m
 *
 * Registered by codedb_sqlite.c on the driver's own connection, and by the loadable extension (drivers/codedb_extension.c), for which this
 * file is compiled once more with CODEDB_LOADABLE: it then calls the SQLite that has loaded it. Calls the tree half: a bridge.
 * Runs on the thread that steps the statement.
 *
 * Invariants
 * 1. A cursor keeps its compiled selector from one source to the next: a statement compiles each selector once, unless it alternates.
 * 2. No source is matched for longer than `timeout`, nor beyond the deadline of the driver's statement.
 *    An interruption is noticed between sources: SQLite tells tables of it from 3.41 on only.
 * 3. A source that is not Python has no rows; a bad selector is the statement's error, with the selector's message.
 * 4. Which file a text is of is not known here: its nodes' ids are places in exactly this text (codedb_identity.c). */
#ifdef CODEDB_LOADABLE
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3
#else
#include <sqlite3.h>
#endif

#include "codedb_match.h"
#include "codedb_tree.h"

#include <string.h>

#define MATCH_TIMEOUT 10.0

/* The columns of codedb_node_info, then what is given: the function's parameters. */
typedef enum match_column {
    MATCH_NODE_ID,
    MATCH_TYPE,
    MATCH_KIND,
    MATCH_NAME,
    MATCH_QUALNAME,
    MATCH_START_LINE,
    MATCH_START_COL,
    MATCH_END_LINE,
    MATCH_END_COL,
    MATCH_CODE,
    MATCH_SOURCE_TEXT,
    MATCH_SELECTOR,
    MATCH_DIALECT,
    MATCH_MAX_NODES,
    MATCH_TIMEOUT_SECONDS,
    MATCH_COLUMNS
} match_column;
#define MATCH_PARAMETERS (MATCH_COLUMNS - MATCH_SOURCE_TEXT)
/* In the plan's number, behind a bit for each parameter: the nodes' ids are asked for. */
#define MATCH_PLAN_IDS (1 << MATCH_PARAMETERS)

static const char match_schema[] = "CREATE TABLE codedb_match(node_id TEXT, type TEXT, kind TEXT, name TEXT, qualname TEXT, "
                                   "start_line INTEGER, start_col INTEGER, end_line INTEGER, end_col INTEGER, code TEXT, "
                                   "source_text HIDDEN, selector HIDDEN, dialect HIDDEN, max_nodes HIDDEN, timeout HIDDEN)";

/* What the module was registered with. */
typedef struct match_module {
    codedb_allocator allocator;
    const double *deadline; /* monotonic seconds, 0: none; NULL: there never is one */
} match_module;

typedef struct match_table {
    sqlite3_vtab base;
    const match_module *module;
} match_table;

/* base is first, as in match_table. */
typedef struct match_cursor {
    sqlite3_vtab_cursor base;
    codedb_selector *selector; /* of `text` in `dialect`; NULL: none yet */
    codedb_buffer text;
    codedb_dialect dialect;
    bool tells_ids;
    codedb_nodes *nodes;
    size_t row;
    sqlite3_value *given[MATCH_PARAMETERS]; /* copies, for whoever asks for a parameter's column */
} match_cursor;

/* ---- Errors ------------------------------------------------------------------------------------------------------- */

static const match_module *match_module_of(const match_cursor *cursor)
{
    return ((const match_table *)(const void *)cursor->base.pVtab)->module;
}

/* Makes the description the statement's error. */
static int match_fail(match_cursor *cursor, codedb_code code, const char *description)
{
    const double *deadline = match_module_of(cursor)->deadline;
    sqlite3_vtab *table = cursor->base.pVtab;
    if (code == CODEDB_NO_MEMORY)
        return SQLITE_NOMEM;
    /* The driver's own time is over: its statement ends as any other does then. */
    if (code == CODEDB_TIMEOUT && deadline != NULL && *deadline != 0 && codedb_monotonic_now() >= *deadline)
        return SQLITE_INTERRUPT;
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = sqlite3_mprintf("codedb_match: %s", description);
    return table->zErrMsg != NULL ? SQLITE_ERROR : SQLITE_NOMEM;
}

/* ---- The table ---------------------------------------------------------------------------------------------------- */

static int match_connect(sqlite3 *db, void *module, int argument_count, const char *const *arguments, sqlite3_vtab **made,
                         char **error)
{
    (void)argument_count;
    (void)arguments;
    (void)error;
    int code = sqlite3_declare_vtab(db, match_schema);
    if (code != SQLITE_OK)
        return code;
    match_table *table = sqlite3_malloc64(sizeof *table);
    if (table == NULL)
        return SQLITE_NOMEM;
    memset(table, 0, sizeof *table);
    table->module = module;
    *made = &table->base;
    return sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
}

static int match_disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

/* Parameters are columns that must equal something; which ones are given is the plan's number. */
static int match_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    int places[MATCH_PARAMETERS];
    int given = 0;
    (void)table;
    memset(places, -1, sizeof places);
    for (int i = 0; i < info->nConstraint; i++) {
        int parameter = info->aConstraint[i].iColumn - MATCH_SOURCE_TEXT;
        if (parameter < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        if (!info->aConstraint[i].usable)
            return SQLITE_CONSTRAINT; /* another order of the tables may have it */
        places[parameter] = i;
    }
    for (int parameter = 0; parameter < MATCH_PARAMETERS; parameter++)
        if (places[parameter] >= 0) {
            info->aConstraintUsage[places[parameter]].argvIndex = ++given;
            info->aConstraintUsage[places[parameter]].omit = 1;
            info->idxNum |= 1 << parameter;
        }
    if ((info->colUsed & (sqlite3_uint64)1 << MATCH_NODE_ID) != 0)
        info->idxNum |= MATCH_PLAN_IDS;
    /* Parsing costs much more than reading a row: the less often the better. */
    info->estimatedCost = 1e6;
    info->estimatedRows = 100;
    return SQLITE_OK;
}

/* ---- A cursor ----------------------------------------------------------------------------------------------------- */

static int match_open(sqlite3_vtab *table, sqlite3_vtab_cursor **made)
{
    match_cursor *cursor = sqlite3_malloc64(sizeof *cursor);
    if (cursor == NULL)
        return SQLITE_NOMEM;
    memset(cursor, 0, sizeof *cursor);
    codedb_buffer_init(&cursor->text, &((const match_table *)(const void *)table)->module->allocator);
    *made = &cursor->base;
    return SQLITE_OK;
}

/* Forgets the rows and what they were found by. */
static void match_reset(match_cursor *cursor)
{
    codedb_free(cursor->nodes);
    cursor->nodes = NULL;
    cursor->row = 0;
    for (int parameter = 0; parameter < MATCH_PARAMETERS; parameter++) {
        sqlite3_value_free(cursor->given[parameter]);
        cursor->given[parameter] = NULL;
    }
}

static int match_close(sqlite3_vtab_cursor *base)
{
    match_cursor *cursor = (match_cursor *)(void *)base;
    match_reset(cursor);
    codedb_selector_free(cursor->selector);
    codedb_buffer_free(&cursor->text);
    sqlite3_free(cursor);
    return SQLITE_OK;
}

/* ---- Matching ----------------------------------------------------------------------------------------------------- */

static bool match_is_given(const match_cursor *cursor, match_column column)
{
    sqlite3_value *value = cursor->given[column - MATCH_SOURCE_TEXT];
    return value != NULL && sqlite3_value_type(value) != SQLITE_NULL;
}

/* A parameter as text; text NULL without memory. A blob is taken as text. */
static codedb_slice match_text(const match_cursor *cursor, match_column column)
{
    sqlite3_value *value = cursor->given[column - MATCH_SOURCE_TEXT];
    codedb_slice slice = {(const char *)sqlite3_value_text(value), 0};
    slice.length = slice.text != NULL ? (size_t)sqlite3_value_bytes(value) : 0;
    return slice;
}

/* The selector's dialect: 'default' or 'reference'. */
static int match_read_dialect(match_cursor *cursor, codedb_dialect *dialect)
{
    *dialect = CODEDB_DIALECT_DEFAULT;
    if (!match_is_given(cursor, MATCH_DIALECT))
        return SQLITE_OK;
    const char *text = match_text(cursor, MATCH_DIALECT).text;
    if (text == NULL)
        return SQLITE_NOMEM;
    if (strcmp(text, "reference") == 0)
        *dialect = CODEDB_DIALECT_REFERENCE;
    else if (strcmp(text, "default") != 0)
        return match_fail(cursor, CODEDB_INVALID_REQUEST, "the dialect is none, expected 'default' or 'reference'");
    return SQLITE_OK;
}

/* Compiles the selector, unless it is the one that was asked for before. */
static int match_compile(match_cursor *cursor)
{
    codedb_selector_options options = CODEDB_INIT(codedb_selector_options);
    codedb_slice text = match_text(cursor, MATCH_SELECTOR);
    int answer = match_read_dialect(cursor, &options.dialect);
    if (text.text == NULL)
        return SQLITE_NOMEM;
    if (answer != SQLITE_OK)
        return answer;
    if (cursor->selector != NULL && cursor->dialect == options.dialect && cursor->text.length == text.length &&
        memcmp(cursor->text.data, text.text, text.length) == 0)
        return SQLITE_OK;
    codedb_selector_free(cursor->selector);
    cursor->selector = NULL;
    cursor->text.length = 0;
    codedb_buffer_append(&cursor->text, text.text, text.length);
    if (cursor->text.failed || memchr(text.text, '\0', text.length) != NULL)
        return cursor->text.failed ? SQLITE_NOMEM : match_fail(cursor, CODEDB_SELECTOR_ERROR, "the selector holds a NUL");
    codedb_result result = CODEDB_INIT(codedb_result);
    options.allocator = &match_module_of(cursor)->allocator;
    cursor->dialect = options.dialect;
    codedb_code code = codedb_selector_compile(cursor->text.data, &options, &cursor->selector, &result);
    if (code != CODEDB_SUCCESS)
        answer = match_fail(cursor, code, result.description);
    codedb_result_clear(&result);
    return answer;
}

/* Seconds for one source; 0 when there are none left. */
static double match_time(const match_cursor *cursor)
{
    const double *deadline = match_module_of(cursor)->deadline;
    double seconds = MATCH_TIMEOUT;
    if (match_is_given(cursor, MATCH_TIMEOUT_SECONDS))
        seconds = sqlite3_value_double(cursor->given[MATCH_TIMEOUT_SECONDS - MATCH_SOURCE_TEXT]);
    if (deadline != NULL && *deadline != 0 && *deadline - codedb_monotonic_now() < seconds)
        seconds = *deadline - codedb_monotonic_now();
    return seconds > 0 ? seconds : 0;
}

/* Finds the source's nodes. */
static codedb_code match_find(match_cursor *cursor, codedb_result *result)
{
    codedb_parse_options options = CODEDB_INIT(codedb_parse_options);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    codedb_naming naming = {.in_text = true, .unasked = !cursor->tells_ids};
    codedb_slice text = match_text(cursor, MATCH_SOURCE_TEXT);
    codedb_tree *tree = NULL;
    double seconds = match_time(cursor);
    if (text.text == NULL)
        return codedb_fail_no_memory(result);
    options.allocator = &match_module_of(cursor)->allocator;
    filter.compiled = cursor->selector;
    filter.timeout = seconds;
    if (match_is_given(cursor, MATCH_MAX_NODES)) {
        sqlite3_int64 limit = sqlite3_value_int64(cursor->given[MATCH_MAX_NODES - MATCH_SOURCE_TEXT]);
        filter.limit = limit > 0 ? (size_t)limit : 0;
    }
    if (seconds == 0)
        return codedb_fail(result, CODEDB_TIMEOUT, "there was no time left to match the selector");
    codedb_code code = codedb_tree_parse_text(text.text, text.length, &options, &tree, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_tree_query_named(tree, &naming, &filter, &cursor->nodes, result);
    codedb_tree_free(tree);
    return code;
}

static int match_filter(sqlite3_vtab_cursor *base, int plan, const char *plan_text, int count, sqlite3_value **values)
{
    match_cursor *cursor = (match_cursor *)(void *)base;
    codedb_result result = CODEDB_INIT(codedb_result);
    int at = 0;
    (void)plan_text;
    match_reset(cursor);
    cursor->tells_ids = (plan & MATCH_PLAN_IDS) != 0;
    for (int parameter = 0; parameter < MATCH_PARAMETERS && at < count; parameter++) {
        if ((plan & 1 << parameter) == 0)
            continue;
        cursor->given[parameter] = sqlite3_value_dup(values[at++]);
        if (cursor->given[parameter] == NULL)
            return SQLITE_NOMEM;
    }
    if ((plan & 3) != 3)
        return match_fail(cursor, CODEDB_INVALID_REQUEST,
                          "a source and a selector are needed: codedb_match(source_text, selector)");
    if (!match_is_given(cursor, MATCH_SOURCE_TEXT) || !match_is_given(cursor, MATCH_SELECTOR))
        return SQLITE_OK; /* NULL has no nodes */
    int answer = match_compile(cursor);
    if (answer != SQLITE_OK)
        return answer;
    codedb_code code = match_find(cursor, &result);
    if (code != CODEDB_SUCCESS && code != CODEDB_PARSE_ERROR)
        answer = match_fail(cursor, code, result.description);
    codedb_result_clear(&result);
    return answer;
}

/* ---- Rows --------------------------------------------------------------------------------------------------------- */

static int match_next(sqlite3_vtab_cursor *base)
{
    ((match_cursor *)(void *)base)->row++;
    return SQLITE_OK;
}

static int match_is_over(sqlite3_vtab_cursor *base)
{
    const match_cursor *cursor = (const match_cursor *)(void *)base;
    return cursor->nodes == NULL || cursor->row >= cursor->nodes->count;
}

static int match_row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
    *id = (sqlite3_int64)((const match_cursor *)(void *)base)->row + 1;
    return SQLITE_OK;
}

static void match_answer_text(sqlite3_context *context, const char *text, size_t length)
{
    if (text == NULL)
        sqlite3_result_null(context);
    else
        sqlite3_result_text64(context, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static int match_value(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const match_cursor *cursor = (const match_cursor *)(void *)base;
    const codedb_node_info *node = cursor->nodes->items[cursor->row];
    const char *texts[] = {node->node_id, node->type, node->kind, node->name, node->qualname};
    uint32_t numbers[] = {node->start_line, node->start_column, node->end_line, node->end_column};
    if (column < MATCH_START_LINE)
        match_answer_text(context, texts[column], texts[column] != NULL ? strlen(texts[column]) : 0);
    else if (column < MATCH_CODE)
        sqlite3_result_int64(context, numbers[column - MATCH_START_LINE]);
    else if (column == MATCH_CODE)
        match_answer_text(context, node->code, node->code_length);
    else if (cursor->given[column - MATCH_SOURCE_TEXT] != NULL)
        sqlite3_result_value(context, cursor->given[column - MATCH_SOURCE_TEXT]);
    return SQLITE_OK;
}

/* ---- Registering -------------------------------------------------------------------------------------------------- */

static void match_module_free(void *context)
{
    match_module *module = context;
    codedb_allocator allocator = module->allocator;
    codedb_memory_release(&allocator, module);
}

CODEDB_PRIVATE int codedb_match_register(sqlite3 *db, const codedb_allocator *allocator, const double *deadline)
{
    /* Without xCreate the table is there by its name, and cannot be created. */
    static const sqlite3_module functions = {
        .xConnect = match_connect,
        .xBestIndex = match_best_index,
        .xDisconnect = match_disconnect,
        .xOpen = match_open,
        .xClose = match_close,
        .xFilter = match_filter,
        .xNext = match_next,
        .xEof = match_is_over,
        .xColumn = match_value,
        .xRowid = match_row_id,
    };
    match_module *module = codedb_memory_allocate(allocator, 1, sizeof *module);
    if (module == NULL)
        return SQLITE_NOMEM;
    module->allocator = *allocator;
    module->deadline = deadline;
    return sqlite3_create_module_v2(db, "codedb_match", &functions, module, match_module_free);
}
