/* codedb_request.c -- table calls and batches become requests, answers become rows.
 *
 * The public functions of sections 6 and 7 of codedb.h, called from any host thread; they check what they are given, lay a request on
 * the stack (a batch: in its arena) and send it with codedb_driver_call, or leave it to codedb_pending.c. What a driver gives back is
 * collected in codedb_collect.c.
 *
 * 1. Questions: roles, copies   2. Request frames   3. Table calls   4. Programs   5. Batches
 *
 * Invariants:
 * 1. A single request points into what its caller passed: that stays valid because the caller waits for the answer.
 * 2. A batch owns copies of all that it was given, and operations of the same shape are one codedb_operation.
 * 3. A value's type and pointer are checked here, so that drivers may trust them. */
#include "codedb_driver.h"

#include <string.h>

/* ---- 1. Questions -------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_request_clear_answer(codedb_request *request)
{
    request->code = CODEDB_SUCCESS;
    request->rows = NULL;
    request->changes = (codedb_changes){0, 0};
    request->near_rows.is_complete = false;
}

/* Whether SQL begins with a word; letters of either case. */
static bool request_sql_begins(const char *sql, size_t length, const char *word)
{
    size_t i;
    for (i = 0; word[i] != '\0'; i++)
        if (i >= length || (sql[i] & ~0x20) != word[i])
            return false;
    return i == length || !((sql[i] | 0x20) >= 'a' && (sql[i] | 0x20) <= 'z');
}

static codedb_request_role request_sql_role(const char *sql, size_t length)
{
    static const struct {
        const char *word;
        codedb_request_role role;
    } words[] = {
        {"SELECT", CODEDB_ROLE_READS},  {"VALUES", CODEDB_ROLE_READS},  {"INSERT", CODEDB_ROLE_WRITES},
        {"UPDATE", CODEDB_ROLE_WRITES}, {"DELETE", CODEDB_ROLE_WRITES}, {"REPLACE", CODEDB_ROLE_WRITES},
        {"WITH", CODEDB_ROLE_WRITES},
    };
    size_t i;
    for (; length > 0 && strchr(" \t\r\n", *sql) != NULL && *sql != '\0'; length--)
        sql++;
    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        if (request_sql_begins(sql, length, words[i].word))
            return words[i].role;
    return CODEDB_ROLE_ALONE;
}

CODEDB_PRIVATE codedb_request_role codedb_request_find_role(const codedb_request *request)
{
    if (request->transaction != 0)
        return CODEDB_ROLE_ALONE;
    if (request->kind == CODEDB_REQUEST_BATCH)
        return CODEDB_ROLE_WRITES;
    if (request->kind == CODEDB_REQUEST_TABLE_INFO)
        return CODEDB_ROLE_READS;
    if (request->kind != CODEDB_REQUEST_RUN)
        return CODEDB_ROLE_ALONE;
    switch (request->operation.kind) {
    case CODEDB_OPERATION_INSERT:
    case CODEDB_OPERATION_UPDATE:
    case CODEDB_OPERATION_DELETE: return CODEDB_ROLE_WRITES;
    case CODEDB_OPERATION_SELECT:
    case CODEDB_OPERATION_COUNT: return CODEDB_ROLE_READS;
    case CODEDB_OPERATION_EXECUTE: return request_sql_role(request->operation.sql, request->operation.sql_length);
    }
    return CODEDB_ROLE_ALONE;
}

/* Copies values and their texts into an arena; NULL without memory. */
static const codedb_value *request_copy_values(codedb_arena *arena, const codedb_value *values, size_t count)
{
    codedb_value *copies = codedb_arena_allocate(arena, count, sizeof *copies);
    size_t i;
    for (i = 0; copies != NULL && i < count; i++) {
        copies[i] = values[i];
        if ((values[i].type == CODEDB_VALUE_TEXT || values[i].type == CODEDB_VALUE_BLOB) && values[i].length > 0) {
            copies[i].as.text = codedb_arena_copy(arena, values[i].as.text, values[i].length);
            if (copies[i].as.text == NULL)
                return NULL;
        }
    }
    return copies;
}

CODEDB_PRIVATE bool codedb_request_copy(codedb_request *copy, const codedb_request *request, codedb_arena *arena)
{
    *copy = *request;
    copy->values = request_copy_values(arena, request->values, request->operation.value_count);
    if (request->path != NULL)
        copy->path = codedb_arena_copy(arena, request->path, strlen(request->path));
    if (copy->values == NULL || (request->path != NULL && copy->path == NULL))
        return false;
    return request->kind != CODEDB_REQUEST_RUN || codedb_operation_copy(&copy->operation, &request->operation, arena);
}

/* ---- 2. Request frames --------------------------------------------------------------------------------------------- */

#define REQUEST_FRAME_NAMES 48
#define REQUEST_FRAME_SIZE(count) ((count) * (sizeof(const char *) + sizeof(codedb_value) + 1) + 2 * sizeof(codedb_value))

/* A request with room for the usual number of names and values; an arena takes what is more. They lie close behind the request, so that the
 * driver fetches them with it. */
typedef struct request_frame {
    _Alignas(CODEDB_CACHE_LINE) codedb_request request;
    _Alignas(max_align_t) char room[REQUEST_FRAME_SIZE(REQUEST_FRAME_NAMES)];
    codedb_arena *arena;
    const char **names;
    codedb_value *values;
    unsigned char *nulls;
} request_frame;

/* Makes the frame ready for `count` named values. */
static bool request_frame_init(request_frame *frame, const codedb_allocator *allocator, codedb_request_kind kind, size_t count)
{
    void *room = frame->room;
    codedb_memory_clear(&frame->request, offsetof(codedb_request, apart_from_question));
    codedb_request_clear_answer(&frame->request);
    frame->request.step_values = NULL;
    frame->request.kind = kind;
    frame->request.operation.struct_size = sizeof frame->request.operation;
    frame->arena = NULL;
    if (count > REQUEST_FRAME_NAMES) {
        if (count > SIZE_MAX / REQUEST_FRAME_SIZE(1))
            return false;
        frame->arena = codedb_arena_create(allocator);
        if (frame->arena == NULL)
            return false;
        room = codedb_arena_allocate(frame->arena, 1, REQUEST_FRAME_SIZE(count));
        if (room == NULL)
            return false;
    }
    frame->values = (codedb_value *)(void *)room;
    frame->names = (const char **)(void *)(frame->values + count + 2);
    frame->nulls = (unsigned char *)(frame->names + count);
    frame->request.values = frame->values;
    return true;
}

static void request_frame_free(request_frame *frame)
{
    codedb_arena_destroy(frame->arena);
}

/* Invariant 3. */
static codedb_code request_check_value(const codedb_value *value, const char *name, bool in_batch, codedb_result *result)
{
    switch (value->type) {
    case CODEDB_VALUE_NULL:
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_REAL:
    case CODEDB_VALUE_BOOLEAN: return CODEDB_SUCCESS;
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB:
        if (value->as.text != NULL || value->length == 0)
            return CODEDB_SUCCESS;
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the value of %s has a length of %zu and no bytes", name,
                           value->length);
    case CODEDB_VALUE_ROW_ID_OF:
        if (in_batch)
            return CODEDB_SUCCESS;
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the value of %s refers to a row id, which only a batch can", name);
    }
    return codedb_fail(result, CODEDB_INVALID_REQUEST, "the value of %s has type %d, which is none", name, (int)value->type);
}

/* Splits a row into names and values, behind `start` values that are there already. */
static codedb_code request_split(request_frame *frame, size_t start, const codedb_column *columns, size_t count, bool in_batch,
                                 codedb_result *result)
{
    size_t i;
    for (i = 0; i < count; i++) {
        const codedb_column *column = &columns[i];
        codedb_code code;
        if (column->name == NULL)
            return codedb_fail(result, CODEDB_INVALID_REQUEST, "column %zu has no name", i);
        code = request_check_value(&column->value, column->name, in_batch, result);
        if (code != CODEDB_SUCCESS)
            return code;
        frame->names[start + i] = column->name;
        frame->values[start + i] = column->value;
        frame->nulls[start + i] = column->value.type == CODEDB_VALUE_NULL;
    }
    return CODEDB_SUCCESS;
}

/* What a table call was given; whatever its kind does not use is 0. */
typedef struct request_call {
    codedb_operation_kind kind;
    const char *table;
    const codedb_column *row;
    size_t row_count;
    const codedb_column *where;
    size_t where_count;
    bool in_batch;
} request_call;

static codedb_code request_check_call(const request_call *call, codedb_result *result)
{
    bool writes_row = call->kind == CODEDB_OPERATION_INSERT || call->kind == CODEDB_OPERATION_UPDATE;
    bool needs_where = call->kind == CODEDB_OPERATION_UPDATE || call->kind == CODEDB_OPERATION_DELETE;
    if (call->table == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the table's name is NULL");
    if ((call->row == NULL && call->row_count > 0) || (call->where == NULL && call->where_count > 0))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "columns of %s are NULL, and their count is not 0", call->table);
    if (writes_row && call->row_count == 0)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "a row for %s without any column", call->table);
    if (needs_where && call->where_count == 0)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "an empty where on %s would mean all rows, which is refused",
                           call->table);
    return CODEDB_SUCCESS;
}

/* Makes a frame's operation from a call. The frame is to be freed in any case. */
static codedb_code request_frame_fill(request_frame *frame, const codedb_allocator *allocator, const request_call *call,
                                      codedb_result *result)
{
    codedb_operation *operation = &frame->request.operation;
    size_t count = call->row_count + call->where_count;
    codedb_code code;
    if (!request_frame_init(frame, allocator, CODEDB_REQUEST_RUN, count))
        return codedb_fail_no_memory(result);
    code = request_check_call(call, result);
    if (code == CODEDB_SUCCESS)
        code = request_split(frame, 0, call->row, call->row_count, call->in_batch, result);
    if (code == CODEDB_SUCCESS)
        code = request_split(frame, call->row_count, call->where, call->where_count, call->in_batch, result);
    operation->kind = call->kind;
    operation->table = call->table;
    operation->columns = frame->names;
    operation->column_count = call->row_count;
    operation->where = frame->names + call->row_count;
    operation->where_is_null = frame->nulls + call->row_count;
    operation->where_count = call->where_count;
    operation->value_count = count;
    return code;
}

static codedb_code request_check_handle(const codedb *db, codedb_result *result)
{
    return db != NULL ? CODEDB_SUCCESS : codedb_fail(result, CODEDB_INVALID_REQUEST, "the database handle is NULL");
}

/* ---- 3. Table calls ------------------------------------------------------------------------------------------------ */

/* Runs a call that gives a number back. */
static codedb_code request_run_call(codedb *db, const request_call *call, codedb_changes *changes, codedb_result *result)
{
    request_frame frame;
    codedb_code code = request_check_handle(db, result);
    memset(changes, 0, sizeof *changes);
    if (code != CODEDB_SUCCESS)
        return code;
    code = request_frame_fill(&frame, codedb_driver_allocator(db->thread), call, result);
    if (code == CODEDB_SUCCESS) {
        code = codedb_driver_call(db, &frame.request, result);
        *changes = frame.request.changes;
    }
    request_frame_free(&frame);
    return code;
}

CODEDB_API codedb_code codedb_table_insert(codedb *db, const char *table, const codedb_column *row, size_t column_count,
                                           int64_t *row_id, codedb_result *result)
{
    request_call call = {.kind = CODEDB_OPERATION_INSERT, .table = table, .row = row, .row_count = column_count};
    codedb_changes changes;
    codedb_code code;
    if (row_id != NULL)
        *row_id = 0;
    code = request_run_call(db, &call, &changes, result);
    if (code == CODEDB_SUCCESS && row_id != NULL)
        *row_id = changes.last_insert_id;
    return code;
}

static codedb_code request_run_affecting(codedb *db, const request_call *call, int64_t *affected, codedb_result *result)
{
    codedb_changes changes;
    codedb_code code;
    if (affected != NULL)
        *affected = 0;
    code = request_run_call(db, call, &changes, result);
    if (code == CODEDB_SUCCESS && affected != NULL)
        *affected = changes.affected_rows;
    return code;
}

CODEDB_API codedb_code codedb_table_update(codedb *db, const char *table, const codedb_column *where, size_t where_count,
                                           const codedb_column *row, size_t column_count, int64_t *affected,
                                           codedb_result *result)
{
    request_call call = {CODEDB_OPERATION_UPDATE, table, row, column_count, where, where_count, false};
    return request_run_affecting(db, &call, affected, result);
}

CODEDB_API codedb_code codedb_table_delete(codedb *db, const char *table, const codedb_column *where, size_t where_count,
                                           int64_t *affected, codedb_result *result)
{
    request_call call = {CODEDB_OPERATION_DELETE, table, NULL, 0, where, where_count, false};
    return request_run_affecting(db, &call, affected, result);
}

/* The same without waiting. */
static codedb_code request_submit_call(codedb *db, const request_call *call, const codedb_submit_options *options,
                                       codedb_pending **pending, codedb_result *result)
{
    request_frame frame;
    codedb_code code = request_check_handle(db, result);
    if (pending != NULL)
        *pending = NULL;
    if (code != CODEDB_SUCCESS)
        return code;
    code = request_frame_fill(&frame, codedb_driver_allocator(db->thread), call, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_pending_start(db, &frame.request, NULL, options, pending, result);
    request_frame_free(&frame);
    return code;
}

CODEDB_API codedb_code codedb_submit_insert(codedb *db, const char *table, const codedb_column *row, size_t column_count,
                                            const codedb_submit_options *options, codedb_pending **pending, codedb_result *result)
{
    request_call call = {.kind = CODEDB_OPERATION_INSERT, .table = table, .row = row, .row_count = column_count};
    return request_submit_call(db, &call, options, pending, result);
}

CODEDB_API codedb_code codedb_submit_update(codedb *db, const char *table, const codedb_column *where, size_t where_count,
                                            const codedb_column *row, size_t column_count, const codedb_submit_options *options,
                                            codedb_pending **pending, codedb_result *result)
{
    request_call call = {CODEDB_OPERATION_UPDATE, table, row, column_count, where, where_count, false};
    return request_submit_call(db, &call, options, pending, result);
}

CODEDB_API codedb_code codedb_submit_delete(codedb *db, const char *table, const codedb_column *where, size_t where_count,
                                            const codedb_submit_options *options, codedb_pending **pending, codedb_result *result)
{
    request_call call = {CODEDB_OPERATION_DELETE, table, NULL, 0, where, where_count, false};
    return request_submit_call(db, &call, options, pending, result);
}

static codedb_code request_check_select(const codedb_select *select, codedb_result *result)
{
    size_t i;
    if ((select->columns == NULL && select->column_count > 0) || (select->order_by == NULL && select->order_by_count > 0))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "columns or order_by is NULL, and its count is not 0");
    for (i = 0; i < select->column_count; i++)
        if (select->columns[i] == NULL)
            return codedb_fail(result, CODEDB_INVALID_REQUEST, "column %zu of the select has no name", i);
    for (i = 0; i < select->order_by_count; i++)
        if (select->order_by[i].column == NULL)
            return codedb_fail(result, CODEDB_INVALID_REQUEST, "order_by %zu has no column", i);
    if (select->limit < 0 || select->offset < 0)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "limit %lld or offset %lld is negative", (long long)select->limit,
                           (long long)select->offset);
    return CODEDB_SUCCESS;
}

static void request_frame_select(request_frame *frame, const codedb_select *select)
{
    codedb_operation *operation = &frame->request.operation;
    operation->columns = select->columns;
    operation->column_count = select->columns != NULL ? select->column_count : 0;
    operation->order_by = select->order_by;
    operation->order_by_count = select->order_by_count;
    operation->limited = select->limit > 0 || select->offset > 0;
    if (operation->limited) {
        codedb_value *values = frame->values + operation->value_count;
        values[0] = (codedb_value){CODEDB_VALUE_INTEGER, {.integer = select->limit}, 0};
        values[1] = (codedb_value){CODEDB_VALUE_INTEGER, {.integer = select->offset}, 0};
        operation->value_count += 2;
    }
    frame->request.wants_rows = true;
}

/* Makes a select's frame, which is to be freed when this succeeded. */
static codedb_code request_frame_fill_select(request_frame *frame, codedb *db, const char *table, const codedb_select *select,
                                             codedb_result *result)
{
    codedb_select known;
    request_call call = {.kind = CODEDB_OPERATION_SELECT, .table = table};
    codedb_code code = request_check_handle(db, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_struct_take(&known, sizeof known, select, "codedb_select", result);
    if (code == CODEDB_SUCCESS)
        code = request_check_select(&known, result);
    if (code != CODEDB_SUCCESS)
        return code;
    call.where = known.where;
    call.where_count = known.where_count;
    code = request_frame_fill(frame, codedb_driver_allocator(db->thread), &call, result);
    if (code != CODEDB_SUCCESS) {
        request_frame_free(frame);
        return code;
    }
    request_frame_select(frame, &known);
    return CODEDB_SUCCESS;
}

CODEDB_API codedb_code codedb_table_select(codedb *db, const char *table, const codedb_select *select, codedb_rows **rows,
                                           codedb_result *result)
{
    request_frame frame;
    codedb_code code;
    if (rows == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "there is nowhere to put the rows");
    *rows = NULL;
    code = request_frame_fill_select(&frame, db, table, select, result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_driver_call(db, &frame.request, result);
    *rows = frame.request.rows;
    request_frame_free(&frame);
    return code;
}

CODEDB_API codedb_code codedb_submit_select(codedb *db, const char *table, const codedb_select *select,
                                            const codedb_submit_options *options, codedb_pending **pending, codedb_result *result)
{
    request_frame frame;
    codedb_code code;
    if (pending != NULL)
        *pending = NULL;
    code = request_frame_fill_select(&frame, db, table, select, result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_pending_start(db, &frame.request, NULL, options, pending, result);
    request_frame_free(&frame);
    return code;
}

static codedb_code request_check_parameters(const char *sql, const codedb_value *parameters, size_t count, bool in_batch,
                                            codedb_result *result)
{
    size_t i;
    if (sql == NULL || (parameters == NULL && count > 0))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the SQL is NULL, or its parameters are");
    for (i = 0; i < count; i++) {
        codedb_code code = request_check_value(&parameters[i], "a parameter", in_batch, result);
        if (code != CODEDB_SUCCESS)
            return code;
    }
    return CODEDB_SUCCESS;
}

static void request_operation_execute(codedb_operation *operation, const char *sql, size_t parameter_count)
{
    memset(operation, 0, sizeof *operation);
    operation->struct_size = sizeof *operation;
    operation->kind = CODEDB_OPERATION_EXECUTE;
    operation->sql = sql;
    operation->sql_length = strlen(sql);
    operation->value_count = parameter_count;
}

CODEDB_API codedb_code codedb_sql_execute(codedb *db, const char *sql, const codedb_value *parameters, size_t parameter_count,
                                          codedb_rows **rows, codedb_changes *changes, codedb_result *result)
{
    codedb_request request;
    codedb_code code = request_check_handle(db, result);
    if (rows != NULL)
        *rows = NULL;
    if (changes != NULL)
        memset(changes, 0, sizeof *changes);
    if (code == CODEDB_SUCCESS)
        code = request_check_parameters(sql, parameters, parameter_count, false, result);
    if (code != CODEDB_SUCCESS)
        return code;
    memset(&request, 0, sizeof request);
    request.kind = CODEDB_REQUEST_RUN;
    request.wants_rows = rows != NULL;
    request.values = parameters;
    request_operation_execute(&request.operation, sql, parameter_count);
    code = codedb_driver_call(db, &request, result);
    if (rows != NULL)
        *rows = request.rows;
    if (changes != NULL && code == CODEDB_SUCCESS)
        *changes = request.changes;
    return code;
}

CODEDB_API codedb_code codedb_submit_execute(codedb *db, const char *sql, const codedb_value *parameters, size_t parameter_count,
                                             const codedb_submit_options *options, codedb_pending **pending,
                                             codedb_result *result)
{
    codedb_request request;
    codedb_code code = request_check_handle(db, result);
    if (pending != NULL)
        *pending = NULL;
    if (code == CODEDB_SUCCESS)
        code = request_check_parameters(sql, parameters, parameter_count, false, result);
    if (code != CODEDB_SUCCESS)
        return code;
    memset(&request, 0, sizeof request);
    request.kind = CODEDB_REQUEST_RUN;
    request.wants_rows = true;
    request.values = parameters;
    request_operation_execute(&request.operation, sql, parameter_count);
    return codedb_pending_start(db, &request, NULL, options, pending, result);
}

CODEDB_API codedb_code codedb_table_info(codedb *db, const char *table, codedb_rows **rows, codedb_result *result)
{
    codedb_request request;
    codedb_code code = request_check_handle(db, result);
    if (rows != NULL)
        *rows = NULL;
    if (rows == NULL || table == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the table's name is NULL, or there is nowhere to put the rows");
    if (code != CODEDB_SUCCESS)
        return code;
    memset(&request, 0, sizeof request);
    request.kind = CODEDB_REQUEST_TABLE_INFO;
    request.wants_rows = true;
    request.operation.struct_size = sizeof request.operation;
    request.operation.table = table;
    code = codedb_driver_call(db, &request, result);
    *rows = request.rows;
    return code;
}

CODEDB_PRIVATE codedb_code codedb_schema_change_run(codedb *db, const codedb_schema_change *change, const char *backup,
                                                    codedb_result *result)
{
    codedb_request request;
    memset(&request, 0, sizeof request);
    request.kind = CODEDB_REQUEST_SCHEMA;
    request.schema = change;
    request.path = backup;
    return codedb_driver_call(db, &request, result);
}

/* ---- 4. Programs --------------------------------------------------------------------------------------------------- */

static unsigned char *request_put_number(unsigned char *at, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *at++ = (unsigned char)(number | 0x80);
    *at++ = (unsigned char)number;
    return at;
}

static const unsigned char *request_get_number(const unsigned char *at, uint64_t *number)
{
    unsigned shift = 0;
    *number = 0;
    for (; *at >= 0x80; shift += 7)
        *number |= (uint64_t)(*at++ & 0x7f) << shift;
    *number |= (uint64_t)*at++ << shift;
    return at;
}

/* The sign goes into the lowest bit, so that small negative numbers are short, too. */
static uint64_t request_fold_sign(int64_t number)
{
    return number < 0 ? ~((uint64_t)number << 1) : (uint64_t)number << 1;
}

static int64_t request_unfold_sign(uint64_t folded)
{
    return (int64_t)(folded & 1 ? ~(folded >> 1) : folded >> 1);
}

#define REQUEST_NUMBER_SIZE 10 /* the most bytes of a variable-length number */

/* The most bytes that a value takes. */
static size_t request_value_bound(const codedb_value *value)
{
    bool has_bytes = value->type == CODEDB_VALUE_TEXT || value->type == CODEDB_VALUE_BLOB;
    return 1 + REQUEST_NUMBER_SIZE + (has_bytes ? value->length : 0);
}

static unsigned char *request_put_value(unsigned char *at, const codedb_value *value)
{
    *at++ = (unsigned char)value->type;
    switch (value->type) {
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN:
    case CODEDB_VALUE_ROW_ID_OF: return request_put_number(at, request_fold_sign(value->as.integer));
    case CODEDB_VALUE_REAL: memcpy(at, &value->as.real, sizeof value->as.real); return at + sizeof value->as.real;
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB:
        at = request_put_number(at, value->length);
        if (value->length > 0)
            memcpy(at, value->as.text, value->length);
        return at + value->length;
    case CODEDB_VALUE_NULL: break;
    }
    return at;
}

static const unsigned char *request_get_value(const unsigned char *at, codedb_value *value)
{
    uint64_t number;
    value->type = (codedb_value_type)*at++;
    value->length = 0;
    switch (value->type) {
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN:
    case CODEDB_VALUE_ROW_ID_OF:
        at = request_get_number(at, &number);
        value->as.integer = request_unfold_sign(number);
        return at;
    case CODEDB_VALUE_REAL: memcpy(&value->as.real, at, sizeof value->as.real); return at + sizeof value->as.real;
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB:
        at = request_get_number(at, &number);
        value->length = (size_t)number;
        value->as.text = (const char *)at;
        return at + value->length;
    case CODEDB_VALUE_NULL: break;
    }
    value->as.integer = 0;
    return at;
}

CODEDB_PRIVATE codedb_operation *codedb_program_next(codedb_program_reader *reader, const codedb_requirement **requirement)
{
    const codedb_program *program = reader->program;
    const unsigned char *at;
    codedb_operation *operation;
    uint64_t number;
    size_t i;
    if (reader->step == program->step_count)
        return NULL;
    if (reader->piece == NULL)
        reader->piece = program->first;
    if (reader->offset == reader->piece->length) {
        reader->piece = reader->piece->next;
        reader->offset = 0;
    }
    at = request_get_number(reader->piece->bytes + reader->offset, &number);
    operation = program->operations[number];
    reader->has_references = false;
    for (i = 0; i < operation->value_count; i++) {
        if (*at == CODEDB_STEP_SAME) { /* and resolved, if it was a reference */
            at++;
            continue;
        }
        at = request_get_value(at, &reader->values[i]);
        if (reader->values[i].type == CODEDB_VALUE_ROW_ID_OF)
            reader->has_references = true;
    }
    reader->offset = (size_t)(at - reader->piece->bytes);
    *requirement = NULL;
    if (reader->requirement < program->requirement_count && program->requirements[reader->requirement].step == reader->step)
        *requirement = &program->requirements[reader->requirement++];
    reader->step++;
    return operation;
}

/* ---- 5. Batches ---------------------------------------------------------------------------------------------------- */

#define REQUEST_BATCH_SHAPES 64 /* a table of the shapes seen last, by hash */
#define REQUEST_BATCH_PIECE ((size_t)64 * 1024)
#define REQUEST_BATCH_FIRST_PIECE ((size_t)2 * 1024)

struct codedb_batch {
    codedb *db;
    _Atomic int references; /* the host's, and that of a request that waits */
    codedb_arena *arena;
    codedb_program program;
    codedb_program_piece *last_piece;
    codedb_requirement *requirements;
    size_t requirement_capacity;
    codedb_operation **operations;
    size_t operation_capacity;
    unsigned char *inserts; /* 1 for each step that is an insert */
    size_t insert_capacity;
    size_t last;          /* number of the operation of the step before */
    codedb_value *values; /* of the step before; texts lie in the program */
    size_t value_capacity;
    size_t recent[REQUEST_BATCH_SHAPES]; /* numbers of operations plus 1; 0: none */
    int64_t *step_values;                /* behind a run */
    bool has_run;
    codedb_result error; /* the first one while it was built */
};

static const codedb_allocator *request_batch_allocator(const codedb_batch *batch)
{
    return codedb_arena_allocator(batch->arena);
}

CODEDB_API codedb_code codedb_batch_create(codedb *db, codedb_batch **batch, codedb_result *result)
{
    codedb_arena *arena;
    codedb_batch *made = NULL;
    codedb_code code = request_check_handle(db, result);
    if (batch == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "there is nowhere to put the batch");
    *batch = NULL;
    if (code != CODEDB_SUCCESS)
        return code;
    if (!codedb_driver_is_here(db->thread))
        return codedb_driver_fail_elsewhere(result);
    arena = codedb_arena_create(codedb_driver_allocator(db->thread));
    if (arena != NULL)
        made = codedb_arena_allocate(arena, 1, sizeof *made);
    if (made == NULL || codedb_handle_create(db->thread, CODEDB_HANDLE_VIEW, db, &made->db, NULL) != CODEDB_SUCCESS) {
        codedb_arena_destroy(arena);
        return codedb_fail_no_memory(result);
    }
    made->arena = arena;
    atomic_init(&made->references, 1);
    made->error.struct_size = sizeof made->error;
    *batch = made;
    return codedb_succeed(result);
}

CODEDB_API void codedb_batch_free(codedb_batch *batch)
{
    const codedb_allocator *allocator;
    codedb_program_piece *piece;
    if (batch == NULL || atomic_fetch_sub(&batch->references, 1) > 1)
        return;
    allocator = request_batch_allocator(batch);
    for (piece = batch->program.first; piece != NULL;) {
        codedb_program_piece *next = piece->next;
        codedb_memory_release(allocator, piece);
        piece = next;
    }
    codedb_memory_release(allocator, batch->requirements);
    codedb_memory_release(allocator, batch->operations);
    codedb_memory_release(allocator, batch->inserts);
    codedb_memory_release(allocator, batch->values);
    codedb_handle_destroy(batch->db);
    codedb_result_clear(&batch->error);
    codedb_arena_destroy(batch->arena);
}

static int64_t request_batch_refuse(codedb_batch *batch)
{
    if (batch->error.code == CODEDB_SUCCESS)
        codedb_fail_no_memory(&batch->error);
    return -1;
}

/* Makes room for one more element of a growing array; false without memory. */
static bool request_batch_grow(const codedb_batch *batch, void **array, size_t count, size_t *capacity, size_t size)
{
    size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *grown;
    if (count < *capacity)
        return true;
    grown = codedb_memory_reallocate(request_batch_allocator(batch), *array, *capacity, wanted, size);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

/* Adds a copy of an operation; false without memory. */
static bool request_batch_add_operation(codedb_batch *batch, const codedb_operation *operation)
{
    codedb_operation *made = codedb_arena_allocate(batch->arena, 1, sizeof *made);
    void *operations = batch->operations;
    if (made == NULL || !codedb_operation_copy(made, operation, batch->arena) ||
        !request_batch_grow(batch, &operations, batch->program.operation_count, &batch->operation_capacity,
                            sizeof(codedb_operation *)))
        return false;
    batch->operations = operations;
    batch->operations[batch->program.operation_count++] = made;
    if (operation->value_count > batch->program.largest)
        batch->program.largest = operation->value_count;
    return true;
}

/* Makes an operation the last, none of whose values are known; false without memory. */
static bool request_batch_turn_to(codedb_batch *batch, size_t number)
{
    size_t count = batch->operations[number]->value_count, i;
    if (count > batch->value_capacity) {
        codedb_value *values =
            codedb_memory_reallocate(request_batch_allocator(batch), batch->values, batch->value_capacity, count, sizeof *values);
        if (values == NULL)
            return false;
        batch->values = values;
        batch->value_capacity = count;
    }
    for (i = 0; i < count; i++)
        batch->values[i].type = (codedb_value_type)CODEDB_STEP_SAME; /* equal to none */
    batch->last = number;
    return true;
}

/* Finds the batch's own operation that is equal to `wanted`, or adds it, and makes it the last; false without memory. */
static bool request_batch_find_operation(codedb_batch *batch, codedb_operation *wanted)
{
    size_t *slot;
    if (batch->program.operation_count > 0 && codedb_operation_equal(batch->operations[batch->last], wanted))
        return true;
    wanted->hash = codedb_operation_hash(wanted);
    slot = &batch->recent[wanted->hash % REQUEST_BATCH_SHAPES];
    if (*slot == 0 || !codedb_operation_equal(batch->operations[*slot - 1], wanted)) {
        if (!request_batch_add_operation(batch, wanted))
            return false;
        *slot = batch->program.operation_count;
    }
    return request_batch_turn_to(batch, *slot - 1);
}

/* Room for a step of up to `size` bytes at the end of the last piece; NULL without memory. */
static unsigned char *request_batch_room(codedb_batch *batch, size_t size)
{
    codedb_program_piece *piece = batch->last_piece;
    size_t usual = piece == NULL ? REQUEST_BATCH_FIRST_PIECE : REQUEST_BATCH_PIECE;
    if (piece != NULL && size <= piece->size - piece->length)
        return piece->bytes + piece->length;
    if (size < usual)
        size = usual;
    piece =
        size < SIZE_MAX - sizeof *piece ? codedb_memory_allocate(request_batch_allocator(batch), 1, sizeof *piece + size) : NULL;
    if (piece == NULL)
        return NULL;
    piece->next = NULL;
    piece->size = size;
    piece->length = 0;
    if (batch->last_piece != NULL)
        batch->last_piece->next = piece;
    else
        batch->program.first = piece;
    batch->last_piece = piece;
    return piece->bytes;
}

/* A reference must name an insert that stands before it. */
static bool request_batch_check_reference(codedb_batch *batch, const codedb_value *value)
{
    int64_t target = value->as.integer;
    if (value->type != CODEDB_VALUE_ROW_ID_OF ||
        (target >= 0 && (uint64_t)target < batch->program.step_count && batch->inserts[target]))
        return true;
    codedb_fail(&batch->error, CODEDB_INVALID_REQUEST,
                "operation %zu refers to the row id of operation %lld, which is no insert before it", batch->program.step_count,
                (long long)target);
    return false;
}

/* Values lie one behind the other, or each in its column of a row: `stride` bytes apart. */
typedef struct request_values {
    const void *first;
    size_t stride;
    size_t count;
} request_values;

static const codedb_value *request_value_at(const request_values *values, size_t index)
{
    return (const codedb_value *)(const void *)((const char *)values->first + index * values->stride);
}

static bool request_values_are_same(const codedb_value *left, const codedb_value *right)
{
    if (left->type != right->type)
        return false;
    switch (left->type) {
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN:
    case CODEDB_VALUE_ROW_ID_OF:
    case CODEDB_VALUE_REAL: return left->as.integer == right->as.integer; /* of a real the bits: they tell 0 from -0 */
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB:
        return left->length == right->length && (left->length == 0 || memcmp(left->as.text, right->as.text, left->length) == 0);
    case CODEDB_VALUE_NULL: break;
    }
    return true;
}

/* Writes a value, or that it is the same as before; `before` becomes it. */
static unsigned char *request_put_next_value(unsigned char *at, const codedb_value *value, codedb_value *before)
{
    if (request_values_are_same(value, before)) {
        *at = CODEDB_STEP_SAME;
        return at + 1;
    }
    at = request_put_value(at, value);
    *before = *value;
    if (value->type == CODEDB_VALUE_TEXT || value->type == CODEDB_VALUE_BLOB)
        before->as.text = (const char *)at - value->length;
    return at;
}

/* Adds a step of the last operation with its values; its number, or -1. */
static int64_t request_batch_append(codedb_batch *batch, const request_values *values)
{
    size_t bound = REQUEST_NUMBER_SIZE;
    void *inserts = batch->inserts;
    unsigned char *room, *at;
    size_t i;
    for (i = 0; i < values->count; i++) {
        if (!request_batch_check_reference(batch, request_value_at(values, i)))
            return -1;
        bound += request_value_bound(request_value_at(values, i));
    }
    room = request_batch_room(batch, bound);
    if (room == NULL || !request_batch_grow(batch, &inserts, batch->program.step_count, &batch->insert_capacity, 1))
        return request_batch_refuse(batch);
    batch->inserts = inserts;
    at = request_put_number(room, batch->last);
    for (i = 0; i < values->count; i++)
        at = request_put_next_value(at, request_value_at(values, i), &batch->values[i]);
    batch->last_piece->length += (size_t)(at - room);
    batch->inserts[batch->program.step_count] = batch->operations[batch->last]->kind == CODEDB_OPERATION_INSERT;
    return (int64_t)batch->program.step_count++;
}

/* Adds a step of any shape. */
static int64_t request_batch_add(codedb_batch *batch, codedb_operation *operation, const codedb_value *values)
{
    request_values given = {values, sizeof *values, operation->value_count};
    if (!request_batch_find_operation(batch, operation))
        return request_batch_refuse(batch);
    return request_batch_append(batch, &given);
}

/* Whether a row goes into the same columns of the same table as the step before. */
static bool request_batch_repeats(const codedb_batch *batch, const char *table, const codedb_column *row, size_t count)
{
    const codedb_operation *last;
    size_t i;
    if (batch->program.operation_count == 0 || table == NULL || row == NULL)
        return false;
    last = batch->operations[batch->last];
    if (last->kind != CODEDB_OPERATION_INSERT || last->column_count != count || strcmp(last->table, table) != 0)
        return false;
    for (i = 0; i < count; i++)
        if (row[i].name == NULL || strcmp(last->columns[i], row[i].name) != 0)
            return false;
    return true;
}

/* Adds such a row, straight from the caller's memory: what a bulk load consists of. */
static int64_t request_batch_repeat(codedb_batch *batch, const codedb_column *row, size_t count)
{
    request_values given = {&row[0].value, sizeof *row, count};
    size_t i;
    for (i = 0; i < count; i++)
        if (request_check_value(&row[i].value, row[i].name, true, &batch->error) != CODEDB_SUCCESS)
            return -1;
    return request_batch_append(batch, &given);
}

/* False when the batch cannot take a step any more; a batch that has run keeps its answer. */
static bool request_batch_is_open(codedb_batch *batch)
{
    if (batch == NULL || batch->error.code != CODEDB_SUCCESS)
        return false;
    if (batch->has_run)
        codedb_fail(&batch->error, CODEDB_INVALID_REQUEST, "the batch has been run already");
    return !batch->has_run;
}

static int64_t request_batch_add_call(codedb_batch *batch, const request_call *call)
{
    request_frame frame;
    int64_t number = -1;
    if (!request_batch_is_open(batch))
        return -1;
    if (request_frame_fill(&frame, request_batch_allocator(batch), call, &batch->error) == CODEDB_SUCCESS)
        number = request_batch_add(batch, &frame.request.operation, frame.values);
    request_frame_free(&frame);
    return number;
}

CODEDB_API int64_t codedb_batch_insert(codedb_batch *batch, const char *table, const codedb_column *row, size_t column_count)
{
    request_call call = {CODEDB_OPERATION_INSERT, table, row, column_count, NULL, 0, true};
    if (request_batch_is_open(batch) && request_batch_repeats(batch, table, row, column_count))
        return request_batch_repeat(batch, row, column_count);
    return request_batch_add_call(batch, &call);
}

CODEDB_API int64_t codedb_batch_update(codedb_batch *batch, const char *table, const codedb_column *where, size_t where_count,
                                       const codedb_column *row, size_t column_count)
{
    request_call call = {CODEDB_OPERATION_UPDATE, table, row, column_count, where, where_count, true};
    return request_batch_add_call(batch, &call);
}

CODEDB_API int64_t codedb_batch_delete(codedb_batch *batch, const char *table, const codedb_column *where, size_t where_count)
{
    request_call call = {CODEDB_OPERATION_DELETE, table, NULL, 0, where, where_count, true};
    return request_batch_add_call(batch, &call);
}

CODEDB_API int64_t codedb_batch_execute(codedb_batch *batch, const char *sql, const codedb_value *parameters,
                                        size_t parameter_count)
{
    codedb_operation operation;
    if (!request_batch_is_open(batch))
        return -1;
    if (request_check_parameters(sql, parameters, parameter_count, true, &batch->error) != CODEDB_SUCCESS)
        return -1;
    request_operation_execute(&operation, sql, parameter_count);
    return request_batch_add(batch, &operation, parameters);
}

CODEDB_API int64_t codedb_batch_require(codedb_batch *batch, const char *table, const codedb_column *where, size_t where_count,
                                        int64_t expected, codedb_code code, const char *description)
{
    request_call call = {CODEDB_OPERATION_COUNT, table, NULL, 0, where, where_count, true};
    void *requirements;
    int64_t number;
    char *copy;
    if (!request_batch_is_open(batch))
        return -1;
    if (code == CODEDB_SUCCESS) {
        codedb_fail(&batch->error, CODEDB_INVALID_REQUEST, "what a batch requires cannot fail with SUCCESS");
        return -1;
    }
    if (description == NULL)
        description = codedb_code_name(code);
    requirements = batch->requirements;
    copy = codedb_arena_copy(batch->arena, description, strlen(description));
    if (copy == NULL || !request_batch_grow(batch, &requirements, batch->program.requirement_count, &batch->requirement_capacity,
                                            sizeof *batch->requirements))
        return request_batch_refuse(batch);
    batch->requirements = requirements;
    number = request_batch_add_call(batch, &call);
    if (number >= 0)
        batch->requirements[batch->program.requirement_count++] = (codedb_requirement){(size_t)number, expected, code, copy};
    return number;
}

/* Makes the request of a batch, which can be sent once. */
static codedb_code request_batch_close(codedb_batch *batch, codedb_request *request, codedb_result *result)
{
    if (batch == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the batch is NULL");
    if (batch->error.code != CODEDB_SUCCESS)
        return codedb_fail(result, batch->error.code, "%s", batch->error.description);
    if (!request_batch_is_open(batch))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the batch has been run already");
    batch->has_run = true;
    memset(request, 0, sizeof *request);
    request->kind = CODEDB_REQUEST_BATCH;
    batch->program.operations = batch->operations;
    batch->program.requirements = batch->requirements;
    request->program = &batch->program;
    request->program_values = codedb_arena_allocate(batch->arena, batch->program.largest, sizeof *request->program_values);
    request->step_values = codedb_arena_allocate(batch->arena, batch->program.step_count, sizeof *request->step_values);
    if (request->program_values == NULL || request->step_values == NULL)
        return codedb_fail_no_memory(result);
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE void codedb_batch_retain(codedb_batch *batch)
{
    atomic_fetch_add(&batch->references, 1);
}

CODEDB_PRIVATE void codedb_batch_take_answer(codedb_batch *batch, const codedb_request *request)
{
    if (request->code == CODEDB_SUCCESS)
        batch->step_values = request->step_values;
}

CODEDB_API codedb_code codedb_batch_run(codedb_batch *batch, codedb_result *result)
{
    codedb_request request;
    codedb_code code = request_batch_close(batch, &request, result);
    if (code != CODEDB_SUCCESS)
        return code;
    request.code = codedb_driver_call(batch->db, &request, result);
    codedb_batch_take_answer(batch, &request);
    return request.code;
}

CODEDB_API codedb_code codedb_batch_submit(codedb_batch *batch, const codedb_submit_options *options, codedb_pending **pending,
                                           codedb_result *result)
{
    codedb_request request;
    codedb_code code = request_batch_close(batch, &request, result);
    if (pending != NULL)
        *pending = NULL;
    if (code != CODEDB_SUCCESS)
        return code;
    return codedb_pending_start(batch->db, &request, batch, options, pending, result);
}

CODEDB_API int64_t codedb_batch_value(const codedb_batch *batch, int64_t operation)
{
    if (batch == NULL || batch->step_values == NULL || operation < 0 || (uint64_t)operation >= batch->program.step_count)
        return -1;
    return batch->step_values[operation];
}
