/* codedb_collect.c -- the rows that a driver gives become the block that the host gets.
 *
 * The collector belongs to the loop, and runs on its thread. Few rows are kept here as bytes, and copied into the request that asked
 * for them when it is answered: memory that goes from CPU to CPU costs more than such a row does to read. They become a block on the thread
 * that asked. More rows become one at once, in the arena that the asking thread has made.
 *
 * Invariant: rows are near, all of them, or in the arena, all of them; the driver touches the arena in the second case only. */
#include "codedb_driver.h"

#include <string.h>

/* ---- Near rows ----------------------------------------------------------------------------------------------------- */

#define COLLECT_ALIGNED(size) (((size) + 7) / 8 * 8)

/* Room for so many bytes more, or NULL. */
static unsigned char *collect_near_place(codedb_near_rows *near, size_t size)
{
    unsigned char *place = near->bytes + near->length;
    if (size > sizeof near->bytes || COLLECT_ALIGNED(size) > sizeof near->bytes - near->length)
        return NULL;
    near->length = (uint16_t)(near->length + COLLECT_ALIGNED(size));
    return place;
}

static bool collect_near_begin(codedb_near_rows *near, const char *const *names, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        size_t size = strlen(names[i]) + 1;
        unsigned char *place = collect_near_place(near, size);
        if (place == NULL)
            return false;
        memcpy(place, names[i], size);
    }
    near->column_count = (uint16_t)count;
    return true;
}

static bool collect_is_text(const codedb_value *value)
{
    return value->type == CODEDB_VALUE_TEXT || value->type == CODEDB_VALUE_BLOB;
}

static bool collect_near_value(codedb_near_rows *near, const codedb_value *value)
{
    size_t length = collect_is_text(value) ? value->length : 0;
    unsigned char *place;
    if (length >= sizeof near->bytes)
        return false;
    place = collect_near_place(near, sizeof *value + length);
    if (place == NULL)
        return false;
    memcpy(place, value, sizeof *value);
    if (length > 0)
        memcpy(place + sizeof *value, value->as.text, length);
    return true;
}

/* A row is there in whole or not at all. */
static bool collect_near_row(codedb_near_rows *near, const codedb_value *values)
{
    uint16_t before = near->length;
    size_t i;
    if (near->column_count == 0)
        return false;
    for (i = 0; i < near->column_count; i++)
        if (!collect_near_value(near, &values[i])) {
            near->length = before;
            return false;
        }
    near->row_count++;
    return true;
}

/* Reads a value; its text is copied into the arena. False without memory. */
static bool collect_near_read(const unsigned char **bytes, codedb_value *value, codedb_arena *arena)
{
    memcpy(value, *bytes, sizeof *value);
    *bytes += sizeof *value;
    if (!collect_is_text(value))
        return true;
    value->as.text = codedb_arena_copy(arena, *bytes, value->length);
    *bytes += COLLECT_ALIGNED(value->length);
    return value->as.text != NULL;
}

/* Makes a block of rows in the arena, as its root; NULL without memory. */
static codedb_rows *collect_near_rows(const codedb_near_rows *near, codedb_arena *arena)
{
    size_t column_count = near->column_count, value_count = near->row_count * column_count;
    const unsigned char *bytes = near->bytes;
    codedb_rows *rows = codedb_arena_allocate_root(arena, 1, sizeof *rows);
    const char **names = codedb_arena_allocate(arena, column_count, sizeof *names);
    codedb_value *values = codedb_arena_allocate(arena, value_count, sizeof *values);
    size_t i;
    if (rows == NULL || names == NULL || values == NULL)
        return NULL;
    for (i = 0; i < column_count; i++) {
        size_t length = strlen((const char *)bytes);
        names[i] = codedb_arena_copy(arena, bytes, length);
        if (names[i] == NULL)
            return NULL;
        bytes += COLLECT_ALIGNED(length + 1);
    }
    for (i = 0; i < value_count; i++)
        if (!collect_near_read(&bytes, &values[i], arena))
            return NULL;
    rows->column_names = names;
    rows->column_count = column_count;
    rows->values = values;
    rows->row_count = near->row_count;
    return rows;
}

CODEDB_PRIVATE void codedb_request_give_near_rows(codedb_request *request)
{
    const codedb_near_rows *near = request->near_source;
    if (near == NULL)
        return;
    request->near_source = NULL;
    memcpy(&request->near_rows, near, offsetof(codedb_near_rows, bytes) + near->length);
}

CODEDB_PRIVATE bool codedb_request_take_near_rows(codedb_request *request, codedb_arena *arena)
{
    request->rows = arena != NULL ? collect_near_rows(&request->near_rows, arena) : NULL;
    if (request->rows == NULL)
        codedb_arena_destroy(arena);
    return request->rows != NULL;
}

/* ---- Rows in the arena --------------------------------------------------------------------------------------------- */

static bool collect_reserve(codedb_row_collector *collector, size_t more)
{
    size_t capacity = collector->value_capacity < 64 ? 64 : collector->value_capacity;
    codedb_value *values;
    if (more <= collector->value_capacity - collector->value_count)
        return true;
    while (capacity < collector->value_count + more)
        capacity *= 2;
    values =
        codedb_memory_reallocate(&collector->allocator, collector->values, collector->value_capacity, capacity, sizeof *values);
    if (values == NULL)
        return false;
    collector->values = values;
    collector->value_capacity = capacity;
    return true;
}

/* The caller's arena; one of the loop's own when that is not there yet. */
static codedb_arena *collect_take_arena(codedb_row_collector *collector)
{
    codedb_request *request = collector->request;
    codedb_arena *arena = request->rows_arena;
    request->rows_arena = NULL;
    if (arena == NULL && request->takes_near_rows) {
        arena = atomic_exchange_explicit(&request->spare_arena, NULL, memory_order_acquire);
        if (arena == NULL)
            arena = codedb_arena_create(&collector->allocator);
    }
    return arena;
}

/* Takes the request's arena over, and moves the rows that are near into it; false without memory. */
static bool collect_open_arena(codedb_row_collector *collector)
{
    const codedb_near_rows *near = collector->is_near ? &collector->near_rows : NULL;
    size_t count = near != NULL ? (size_t)near->row_count * near->column_count : 0;
    collector->is_near = false;
    collector->arena = collect_take_arena(collector);
    if (collector->arena != NULL)
        collector->rows = near != NULL ? collect_near_rows(near, collector->arena)
                                       : codedb_arena_allocate_root(collector->arena, 1, sizeof *collector->rows);
    if (collector->rows == NULL || !collect_reserve(collector, count))
        return false;
    if (count > 0)
        memcpy(collector->values, collector->rows->values, count * sizeof *collector->values);
    collector->value_count = count;
    return true;
}

static codedb_code collect_begin(codedb_row_writer *writer, const char *const *column_names, size_t column_count)
{
    codedb_row_collector *collector = (codedb_row_collector *)writer;
    const char **names;
    size_t i;
    if (collector->is_near && collect_near_begin(&collector->near_rows, column_names, column_count))
        return CODEDB_SUCCESS;
    if (collector->rows == NULL && !collect_open_arena(collector))
        return codedb_fail_no_memory(collector->request->result);
    names = codedb_arena_allocate(collector->arena, column_count, sizeof *names);
    collector->rows->column_names = names;
    for (i = 0; names != NULL && i < column_count; i++) {
        names[i] = codedb_arena_copy(collector->arena, column_names[i], strlen(column_names[i]));
        if (names[i] == NULL)
            names = NULL;
    }
    if (names == NULL)
        return codedb_fail_no_memory(collector->request->result);
    collector->rows->column_count = column_count;
    return CODEDB_SUCCESS;
}

static codedb_code collect_row(codedb_row_writer *writer, const codedb_value *values)
{
    codedb_row_collector *collector = (codedb_row_collector *)writer;
    codedb_value *copies;
    size_t count, i;
    if (collector->is_near) {
        if (collect_near_row(&collector->near_rows, values))
            return CODEDB_SUCCESS;
        if (!collect_open_arena(collector))
            return codedb_fail_no_memory(collector->request->result);
    }
    count = collector->rows->column_count;
    if (!collect_reserve(collector, count))
        return codedb_fail_no_memory(collector->request->result);
    copies = collector->values + collector->value_count;
    for (i = 0; i < count; i++) {
        copies[i] = values[i];
        if (collect_is_text(&values[i])) {
            copies[i].as.text = codedb_arena_copy(collector->arena, values[i].as.text, values[i].length);
            if (copies[i].as.text == NULL)
                return codedb_fail_no_memory(collector->request->result);
        }
    }
    collector->value_count += count;
    collector->rows->row_count++;
    return CODEDB_SUCCESS;
}

/* ---- The collector ------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_row_collector_init(codedb_row_collector *collector, const codedb_allocator *allocator)
{
    memset(collector, 0, sizeof *collector);
    collector->allocator = *allocator;
    collector->writer.struct_size = sizeof collector->writer;
    collector->writer.begin = collect_begin;
    collector->writer.row = collect_row;
}

CODEDB_PRIVATE void codedb_row_collector_free(codedb_row_collector *collector)
{
    codedb_row_collector_drop(collector);
    codedb_memory_release(&collector->allocator, collector->values);
    collector->values = NULL;
    collector->value_capacity = 0;
}

CODEDB_PRIVATE codedb_row_writer *codedb_row_collector_start(codedb_row_collector *collector, codedb_request *request)
{
    codedb_near_rows *near = &collector->near_rows;
    collector->request = request;
    collector->value_count = 0;
    collector->is_near = request->takes_near_rows;
    near->is_complete = false;
    near->length = 0;
    near->column_count = 0;
    near->row_count = 0;
    return &collector->writer;
}

CODEDB_PRIVATE codedb_code codedb_row_collector_finish(codedb_row_collector *collector)
{
    codedb_request *request = collector->request;
    codedb_value *values = NULL;
    if (collector->is_near) {
        collector->is_near = false;
        collector->near_rows.is_complete = true;
        request->near_source = &collector->near_rows;
        return CODEDB_SUCCESS;
    }
    if (collector->rows != NULL || collect_open_arena(collector))
        values = codedb_arena_allocate(collector->arena, collector->value_count, sizeof *values);
    if (values == NULL) {
        codedb_row_collector_drop(collector);
        return codedb_fail_no_memory(request->result);
    }
    if (collector->value_count > 0)
        memcpy(values, collector->values, collector->value_count * sizeof *values);
    collector->rows->values = values;
    request->rows = collector->rows;
    collector->rows = NULL;
    collector->arena = NULL;
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE void codedb_row_collector_drop(codedb_row_collector *collector)
{
    codedb_arena_destroy(collector->arena);
    collector->is_near = false;
    collector->arena = NULL;
    collector->rows = NULL;
}
