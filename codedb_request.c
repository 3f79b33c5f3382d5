/* codedb_request.c -- table calls and batches become requests, answers become rows.
 *
 * The public functions of sections 6 and 7 of codedb.h, called from any host thread; they check what they are given, lay a request on
 * the stack (a batch: in its arena) and send it with codedb_driver_call. The row collector runs on the driver thread.
 *
 * 1. Operations: hash, comparison, copy   2. Row collector   3. Request frames   4. Table calls   5. Batches
 *
 * Invariants:
 * 1. A single request points into what its caller passed: that stays valid because the caller waits for the answer.
 * 2. A batch owns copies of all that it was given, and operations of the same shape are one codedb_operation.
 * 3. A value's type and pointer are checked here, so that drivers may trust them. */
#include "codedb_driver.h"

#include <string.h>

/* ---- 1. Operations ------------------------------------------------------------------------------------------------- */

static uint64_t request_hash_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ (hash >> 32);
}

static uint64_t request_hash_bytes(uint64_t hash, const char *bytes, size_t length)
{
    uint64_t word;
    hash = request_hash_word(hash, length);
    for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = request_hash_word(hash, word);
    }
    word = 0;
    memcpy(&word, bytes, length);
    return request_hash_word(hash, word);
}

static uint64_t request_hash_text(uint64_t hash, const char *text)
{
    return request_hash_bytes(hash, text, strlen(text));
}

CODEDB_PRIVATE uint64_t codedb_operation_hash(const codedb_operation *operation)
{
    uint64_t hash = request_hash_word((uint64_t)operation->kind * 2 + (operation->limited ? 1 : 0), operation->column_count);
    size_t i;
    if (operation->kind == CODEDB_OPERATION_EXECUTE)
        return request_hash_bytes(hash, operation->sql, operation->sql_length);
    hash = request_hash_text(hash, operation->table);
    for (i = 0; i < operation->column_count; i++)
        hash = request_hash_text(hash, operation->columns[i]);
    for (i = 0; i < operation->where_count; i++)
        hash = request_hash_word(request_hash_text(hash, operation->where[i]), operation->where_is_null[i]);
    for (i = 0; i < operation->order_by_count; i++)
        hash = request_hash_word(request_hash_text(hash, operation->order_by[i].column), operation->order_by[i].descending != 0);
    return hash;
}

static bool request_names_equal(const char *const *ones, const char *const *others, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        if (ones[i] != others[i] && strcmp(ones[i], others[i]) != 0)
            return false;
    }
    return true;
}

static bool request_orders_equal(const codedb_order *ones, const codedb_order *others, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        if (strcmp(ones[i].column, others[i].column) != 0 || (ones[i].descending != 0) != (others[i].descending != 0))
            return false;
    }
    return true;
}

CODEDB_PRIVATE bool codedb_operation_equal(const codedb_operation *one, const codedb_operation *other)
{
    if (one->kind != other->kind || one->column_count != other->column_count || one->where_count != other->where_count ||
        one->order_by_count != other->order_by_count || one->limited != other->limited || one->sql_length != other->sql_length)
        return false;
    if (one->kind == CODEDB_OPERATION_EXECUTE)
        return memcmp(one->sql, other->sql, one->sql_length) == 0;
    return request_names_equal(&one->table, &other->table, 1) && request_names_equal(one->columns, other->columns, one->column_count) &&
        request_names_equal(one->where, other->where, one->where_count) &&
        (one->where_count == 0 || memcmp(one->where_is_null, other->where_is_null, one->where_count) == 0) &&
        request_orders_equal(one->order_by, other->order_by, one->order_by_count);
}

/* Copies names into an arena; NULL without memory. */
static const char **request_copy_names(codedb_arena *arena, const char *const *names, size_t count)
{
    const char **copies = codedb_arena_allocate(arena, count, sizeof *copies);
    size_t i;
    for (i = 0; copies != NULL && i < count; i++) {
        copies[i] = codedb_arena_copy(arena, names[i], strlen(names[i]));
        if (copies[i] == NULL)
            return NULL;
    }
    return copies;
}

static bool request_copy_order(codedb_operation *copy, const codedb_operation *operation, codedb_arena *arena)
{
    codedb_order *order = codedb_arena_allocate(arena, operation->order_by_count, sizeof *order);
    size_t i;
    if (order == NULL)
        return false;
    for (i = 0; i < operation->order_by_count; i++) {
        order[i].descending = operation->order_by[i].descending;
        order[i].column = codedb_arena_copy(arena, operation->order_by[i].column, strlen(operation->order_by[i].column));
        if (order[i].column == NULL)
            return false;
    }
    copy->order_by = order;
    return true;
}

CODEDB_PRIVATE bool codedb_operation_copy(codedb_operation *copy, const codedb_operation *operation, codedb_arena *arena)
{
    *copy = *operation;
    copy->memo = NULL;
    copy->memo_stamp = 0;
    if (operation->kind == CODEDB_OPERATION_EXECUTE) {
        copy->sql = codedb_arena_copy(arena, operation->sql, operation->sql_length);
        return copy->sql != NULL;
    }
    copy->table = codedb_arena_copy(arena, operation->table, strlen(operation->table));
    copy->columns = request_copy_names(arena, operation->columns, operation->column_count);
    copy->where = request_copy_names(arena, operation->where, operation->where_count);
    copy->where_is_null = (const unsigned char *)codedb_arena_copy(arena, operation->where_is_null, operation->where_count);
    return copy->table != NULL && copy->columns != NULL && copy->where != NULL && copy->where_is_null != NULL &&
        request_copy_order(copy, operation, arena);
}

/* ---- 2. Row collector ---------------------------------------------------------------------------------------------- */

static codedb_code request_collect_begin(codedb_row_writer *writer, const char *const *column_names, size_t column_count)
{
    codedb_row_collector *collector = (codedb_row_collector *)writer;
    codedb_rows *rows = collector->rows;
    if (rows == NULL)
        return codedb_fail_no_memory(collector->result);
    rows->column_names = request_copy_names(collector->arena, column_names, column_count);
    if (rows->column_names == NULL)
        return codedb_fail_no_memory(collector->result);
    rows->column_count = column_count;
    return CODEDB_SUCCESS;
}

static bool request_collector_reserve(codedb_row_collector *collector, size_t more)
{
    size_t capacity = collector->value_capacity < 64 ? 64 : collector->value_capacity;
    codedb_value *values;
    if (more <= collector->value_capacity - collector->value_count)
        return true;
    while (capacity < collector->value_count + more)
        capacity *= 2;
    values = codedb_memory_reallocate(&collector->allocator, collector->values, collector->value_capacity, capacity, sizeof *values);
    if (values == NULL)
        return false;
    collector->values = values;
    collector->value_capacity = capacity;
    return true;
}

static codedb_code request_collect_row(codedb_row_writer *writer, const codedb_value *values)
{
    codedb_row_collector *collector = (codedb_row_collector *)writer;
    size_t count = collector->rows->column_count;
    codedb_value *copies;
    size_t i;
    if (!request_collector_reserve(collector, count))
        return codedb_fail_no_memory(collector->result);
    copies = collector->values + collector->value_count;
    for (i = 0; i < count; i++) {
        copies[i] = values[i];
        if (values[i].type == CODEDB_VALUE_TEXT || values[i].type == CODEDB_VALUE_BLOB) {
            copies[i].as.text = codedb_arena_copy(collector->arena, values[i].as.text, values[i].length);
            if (copies[i].as.text == NULL)
                return codedb_fail_no_memory(collector->result);
        }
    }
    collector->value_count += count;
    collector->rows->row_count++;
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE void codedb_row_collector_init(codedb_row_collector *collector, const codedb_allocator *allocator)
{
    memset(collector, 0, sizeof *collector);
    collector->allocator = *allocator;
    collector->writer.struct_size = sizeof collector->writer;
    collector->writer.begin = request_collect_begin;
    collector->writer.row = request_collect_row;
}

CODEDB_PRIVATE void codedb_row_collector_free(codedb_row_collector *collector)
{
    codedb_row_collector_drop(collector);
    codedb_memory_release(&collector->allocator, collector->values);
    collector->values = NULL;
    collector->value_capacity = 0;
}

CODEDB_PRIVATE codedb_row_writer *codedb_row_collector_start(codedb_row_collector *collector, codedb_result *result)
{
    collector->result = result;
    collector->value_count = 0;
    collector->arena = codedb_arena_create(&collector->allocator);
    if (collector->arena != NULL)
        collector->rows = codedb_arena_allocate_root(collector->arena, 1, sizeof *collector->rows);
    return &collector->writer;
}

CODEDB_PRIVATE codedb_code codedb_row_collector_finish(codedb_row_collector *collector, codedb_rows **rows)
{
    codedb_value *values = NULL;
    if (collector->rows != NULL)
        values = codedb_arena_allocate(collector->arena, collector->value_count, sizeof *values);
    if (values == NULL) {
        codedb_row_collector_drop(collector);
        return codedb_fail_no_memory(collector->result);
    }
    if (collector->value_count > 0)
        memcpy(values, collector->values, collector->value_count * sizeof *values);
    collector->rows->values = values;
    *rows = collector->rows;
    collector->rows = NULL;
    collector->arena = NULL;
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE void codedb_row_collector_drop(codedb_row_collector *collector)
{
    codedb_arena_destroy(collector->arena);
    collector->arena = NULL;
    collector->rows = NULL;
}

/* ---- 3. Request frames --------------------------------------------------------------------------------------------- */

#define REQUEST_FRAME_NAMES 48

/* A request with room for the usual number of names and values; an arena takes what is more. */
typedef struct request_frame {
    codedb_request request;
    codedb_arena *arena;
    const char **names;
    codedb_value *values;
    unsigned char *nulls;
    const char *name_room[REQUEST_FRAME_NAMES];
    codedb_value value_room[REQUEST_FRAME_NAMES + 2];
    unsigned char null_room[REQUEST_FRAME_NAMES];
} request_frame;

/* Makes the frame ready for `count` named values. */
static bool request_frame_init(request_frame *frame, const codedb_allocator *allocator, codedb_request_kind kind, size_t count)
{
    memset(&frame->request, 0, sizeof frame->request);
    frame->request.kind = kind;
    frame->request.operation.struct_size = sizeof frame->request.operation;
    frame->arena = NULL;
    frame->names = frame->name_room;
    frame->values = frame->value_room;
    frame->nulls = frame->null_room;
    if (count > REQUEST_FRAME_NAMES) {
        frame->arena = codedb_arena_create(allocator);
        if (frame->arena == NULL)
            return false;
        frame->names = codedb_arena_allocate(frame->arena, count, sizeof *frame->names);
        frame->values = codedb_arena_allocate(frame->arena, count + 2, sizeof *frame->values);
        frame->nulls = codedb_arena_allocate(frame->arena, count, 1);
    }
    frame->request.values = frame->values;
    return frame->names != NULL && frame->values != NULL && frame->nulls != NULL;
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
    case CODEDB_VALUE_BOOLEAN:
        return CODEDB_SUCCESS;
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB:
        if (value->as.text != NULL || value->length == 0)
            return CODEDB_SUCCESS;
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the value of %s has a length of %zu and no bytes", name, value->length);
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
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "an empty where on %s would mean all rows, which is refused", call->table);
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

/* ---- 4. Table calls ------------------------------------------------------------------------------------------------ */

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
        frame.request.operation.hash = codedb_operation_hash(&frame.request.operation);
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
                                           const codedb_column *row, size_t column_count, int64_t *affected, codedb_result *result)
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

static codedb_code request_check_select(const codedb_select *select, codedb_result *result)
{
    size_t i;
    if (select->struct_size < sizeof select->struct_size)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_select has a struct_size of %zu", select->struct_size);
    if ((select->columns == NULL && select->column_count > 0) || (select->order_by == NULL && select->order_by_count > 0))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "columns or order_by is NULL, and its count is not 0");
    for (i = 0; i < select->column_count; i++) {
        if (select->columns[i] == NULL)
            return codedb_fail(result, CODEDB_INVALID_REQUEST, "column %zu of the select has no name", i);
    }
    for (i = 0; i < select->order_by_count; i++) {
        if (select->order_by[i].column == NULL)
            return codedb_fail(result, CODEDB_INVALID_REQUEST, "order_by %zu has no column", i);
    }
    if (select->limit < 0 || select->offset < 0)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "limit %lld or offset %lld is negative", (long long)select->limit,
                           (long long)select->offset);
    return CODEDB_SUCCESS;
}

/* The host's select, cut or filled up to the size that this library knows. */
static codedb_select request_known_select(const codedb_select *given)
{
    codedb_select select = CODEDB_INIT(codedb_select);
    if (given != NULL) {
        memcpy(&select, given, given->struct_size < sizeof select ? given->struct_size : sizeof select);
        select.struct_size = given->struct_size;
    }
    return select;
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

CODEDB_API codedb_code codedb_table_select(codedb *db, const char *table, const codedb_select *select, codedb_rows **rows,
                                           codedb_result *result)
{
    codedb_select known = request_known_select(select);
    request_call call = {CODEDB_OPERATION_SELECT, table, NULL, 0, known.where, known.where_count, false};
    request_frame frame;
    codedb_code code = request_check_handle(db, result);
    if (rows == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "there is nowhere to put the rows");
    *rows = NULL;
    if (code == CODEDB_SUCCESS)
        code = request_check_select(&known, result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = request_frame_fill(&frame, codedb_driver_allocator(db->thread), &call, result);
    if (code == CODEDB_SUCCESS) {
        request_frame_select(&frame, &known);
        frame.request.operation.hash = codedb_operation_hash(&frame.request.operation);
        code = codedb_driver_call(db, &frame.request, result);
        *rows = frame.request.rows;
    }
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
    operation->hash = codedb_operation_hash(operation);
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

CODEDB_API codedb_code codedb_table_info(codedb *db, const char *table, codedb_rows **rows, codedb_result *result)
{
    codedb_request request;
    codedb_code code = request_check_handle(db, result);
    if (rows == NULL || table == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the table's name is NULL, or there is nowhere to put the rows");
    *rows = NULL;
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

/* ---- 5. Batches ---------------------------------------------------------------------------------------------------- */

#define REQUEST_BATCH_SHAPES 64 /* a table of the shapes seen last, by hash */
#define REQUEST_BATCH_CHUNK ((size_t)64 * 1024)

struct codedb_batch {
    codedb *db;
    codedb_arena *arena;
    codedb_step *steps;
    size_t step_count;
    size_t step_capacity;
    codedb_operation *last; /* the shape of the step before */
    codedb_operation *shapes[REQUEST_BATCH_SHAPES];
    char *room; /* the rest of a chunk that values and texts are laid into */
    size_t room_left;
    int64_t *step_values; /* behind a run */
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
    arena = codedb_arena_create(codedb_driver_allocator(db->thread));
    if (arena != NULL)
        made = codedb_arena_allocate(arena, 1, sizeof *made);
    if (made == NULL || codedb_handle_create(db->thread, CODEDB_HANDLE_VIEW, db, &made->db, NULL) != CODEDB_SUCCESS) {
        codedb_arena_destroy(arena);
        return codedb_fail_no_memory(result);
    }
    made->arena = arena;
    made->error.struct_size = sizeof made->error;
    *batch = made;
    return codedb_succeed(result);
}

CODEDB_API void codedb_batch_free(codedb_batch *batch)
{
    if (batch == NULL)
        return;
    codedb_memory_release(request_batch_allocator(batch), batch->steps);
    codedb_handle_destroy(batch->db);
    codedb_result_clear(&batch->error);
    codedb_arena_destroy(batch->arena);
}

/* Memory for values and texts: a chunk at a time, because a call and zeroes for each would cost more than the copying. */
static void *request_batch_take(codedb_batch *batch, size_t size, bool aligned)
{
    size_t skipped = aligned ? batch->room_left % sizeof(int64_t) : 0;
    void *taken;
    if (batch->room == NULL || size + skipped > batch->room_left) {
        if (size > REQUEST_BATCH_CHUNK / 8)
            return codedb_arena_allocate(batch->arena, size, 1);
        batch->room = codedb_arena_allocate(batch->arena, REQUEST_BATCH_CHUNK, 1);
        batch->room_left = batch->room != NULL ? REQUEST_BATCH_CHUNK : 0;
        skipped = 0;
        if (batch->room == NULL)
            return NULL;
    }
    taken = batch->room + skipped;
    batch->room += skipped + size;
    batch->room_left -= skipped + size;
    return taken;
}

static int64_t request_batch_refuse(codedb_batch *batch)
{
    if (batch->error.code == CODEDB_SUCCESS)
        codedb_fail_no_memory(&batch->error);
    return -1;
}

/* The batch's own operation that is equal to `wanted`, made when there is none yet; NULL without memory. */
static codedb_operation *request_batch_shape(codedb_batch *batch, codedb_operation *wanted)
{
    codedb_operation **slot;
    codedb_operation *made;
    if (batch->last != NULL && codedb_operation_equal(batch->last, wanted))
        return batch->last;
    wanted->hash = codedb_operation_hash(wanted);
    slot = &batch->shapes[wanted->hash % REQUEST_BATCH_SHAPES];
    if (*slot == NULL || (*slot)->hash != wanted->hash || !codedb_operation_equal(*slot, wanted)) {
        made = codedb_arena_allocate(batch->arena, 1, sizeof *made);
        if (made == NULL || !codedb_operation_copy(made, wanted, batch->arena))
            return NULL;
        *slot = made;
    }
    batch->last = *slot;
    return *slot;
}

/* Copies a step's values; NULL without memory. */
static codedb_value *request_batch_values(codedb_batch *batch, const codedb_value *values, size_t count, bool *has_references)
{
    codedb_value *copies = request_batch_take(batch, count * sizeof *copies, true);
    size_t i;
    if (copies == NULL)
        return NULL;
    for (i = 0; i < count; i++) {
        copies[i] = values[i];
        if (values[i].type == CODEDB_VALUE_TEXT || values[i].type == CODEDB_VALUE_BLOB) {
            char *text = request_batch_take(batch, values[i].length, false);
            if (text == NULL)
                return NULL;
            if (values[i].length > 0)
                memcpy(text, values[i].as.text, values[i].length);
            copies[i].as.text = text;
        } else if (values[i].type == CODEDB_VALUE_ROW_ID_OF) {
            *has_references = true;
        }
    }
    return copies;
}

/* A reference must name an insert that stands before it. */
static codedb_code request_batch_check_references(codedb_batch *batch, const codedb_value *values, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        int64_t target = values[i].as.integer;
        if (values[i].type != CODEDB_VALUE_ROW_ID_OF)
            continue;
        if (target < 0 || (uint64_t)target >= batch->step_count ||
            batch->steps[target].operation->kind != CODEDB_OPERATION_INSERT)
            return codedb_fail(&batch->error, CODEDB_INVALID_REQUEST,
                               "operation %zu refers to the row id of operation %lld, which is no insert before it",
                               batch->step_count, (long long)target);
    }
    return CODEDB_SUCCESS;
}

static bool request_batch_reserve(codedb_batch *batch)
{
    size_t capacity = batch->step_capacity == 0 ? 64 : batch->step_capacity * 2;
    codedb_step *steps;
    if (batch->step_count < batch->step_capacity)
        return true;
    steps = codedb_memory_reallocate(request_batch_allocator(batch), batch->steps, batch->step_capacity, capacity, sizeof *steps);
    if (steps == NULL)
        return false;
    batch->steps = steps;
    batch->step_capacity = capacity;
    return true;
}

/* Adds a step of the given shape; its number, or -1. */
static int64_t request_batch_add(codedb_batch *batch, codedb_operation *shape, const codedb_value *values)
{
    codedb_step *step;
    bool has_references = false;
    if (!request_batch_reserve(batch))
        return request_batch_refuse(batch);
    step = &batch->steps[batch->step_count];
    step->operation = request_batch_shape(batch, shape);
    step->values = request_batch_values(batch, values, shape->value_count, &has_references);
    step->requirement = NULL;
    if (step->operation == NULL || step->values == NULL)
        return request_batch_refuse(batch);
    step->has_references = has_references;
    if (has_references && request_batch_check_references(batch, step->values, shape->value_count) != CODEDB_SUCCESS)
        return -1;
    return (int64_t)batch->step_count++;
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

CODEDB_API int64_t codedb_batch_execute(codedb_batch *batch, const char *sql, const codedb_value *parameters, size_t parameter_count)
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
    codedb_requirement *requirement;
    int64_t number;
    if (!request_batch_is_open(batch))
        return -1;
    if (code == CODEDB_SUCCESS) {
        codedb_fail(&batch->error, CODEDB_INVALID_REQUEST, "what a batch requires cannot fail with SUCCESS");
        return -1;
    }
    if (description == NULL)
        description = codedb_code_name(code);
    requirement = codedb_arena_allocate(batch->arena, 1, sizeof *requirement);
    if (requirement == NULL)
        return request_batch_refuse(batch);
    requirement->expected = expected;
    requirement->code = code;
    requirement->description = codedb_arena_copy(batch->arena, description, strlen(description));
    if (requirement->description == NULL)
        return request_batch_refuse(batch);
    number = request_batch_add_call(batch, &call);
    if (number >= 0)
        batch->steps[number].requirement = requirement;
    return number;
}

CODEDB_API codedb_code codedb_batch_run(codedb_batch *batch, codedb_result *result)
{
    codedb_request request;
    codedb_code code;
    if (batch == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the batch is NULL");
    if (batch->error.code != CODEDB_SUCCESS)
        return codedb_fail(result, batch->error.code, "%s", batch->error.description);
    if (!request_batch_is_open(batch))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "the batch has been run already");
    batch->has_run = true;
    memset(&request, 0, sizeof request);
    request.kind = CODEDB_REQUEST_BATCH;
    request.steps = batch->steps;
    request.step_count = batch->step_count;
    request.step_values = codedb_arena_allocate(batch->arena, batch->step_count, sizeof *request.step_values);
    if (request.step_values == NULL)
        return codedb_fail_no_memory(result);
    code = codedb_driver_call(batch->db, &request, result);
    if (code == CODEDB_SUCCESS)
        batch->step_values = request.step_values;
    return code;
}

CODEDB_API int64_t codedb_batch_value(const codedb_batch *batch, int64_t operation)
{
    if (batch == NULL || batch->step_values == NULL || operation < 0 || (uint64_t)operation >= batch->step_count)
        return -1;
    return batch->step_values[operation];
}
