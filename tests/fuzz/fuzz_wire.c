/* fuzz_wire.c -- any bytes as a frame's header, a request and an answer (libFuzzer; built by `make fuzz-wire`).
 *
 * The first byte chooses which. A request that is not refused has all that the driver trusts in, and is read the same once it is written
 * again. An answer that is not refused has rows and results that can be looked at. Bytes are copied to memory of their own size, so that a
 * look behind them is seen. */
#include "codedb_process.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)  \
    do {                  \
        if (!(condition)) \
            abort();      \
    } while (0)

enum { STEPS = 3 };

static size_t sum; /* so that no look at a value is left out */

static void look_at(const codedb_value *value)
{
    sum += (size_t)value->as.integer;
    if (value->type == CODEDB_VALUE_TEXT || value->type == CODEDB_VALUE_BLOB)
        for (size_t i = 0; i < value->length; i++)
            sum += (unsigned char)value->as.text[i];
}

static void look_at_operation(const codedb_operation *operation)
{
    codedb_arena *arena = codedb_arena_create(NULL);
    codedb_operation copy;
    CHECK(arena != NULL && codedb_operation_copy(&copy, operation, arena));
    CHECK(codedb_operation_equal(&copy, operation) && copy.hash == codedb_operation_hash(operation));
    codedb_arena_destroy(arena);
}

/* Goes through a batch as the driver does. */
static void look_at_batch(const codedb_request *request)
{
    codedb_program_reader reader = {.program = request->program, .values = request->program_values};
    const codedb_requirement *requirement;
    codedb_operation *operation;
    while ((operation = codedb_program_next(&reader, &requirement)) != NULL) {
        look_at_operation(operation);
        for (size_t i = 0; i < operation->value_count; i++) {
            if (reader.values[i].type == CODEDB_VALUE_ROW_ID_OF)
                reader.values[i] = codedb_value_integer(request->step_values[reader.values[i].as.integer]);
            look_at(&reader.values[i]);
        }
        if (requirement != NULL)
            sum += strlen(requirement->description);
        request->step_values[reader.step - 1] = (int64_t)reader.step;
    }
}

static void look_at_request(const codedb_request *request)
{
    if (request->kind == CODEDB_REQUEST_RUN) {
        look_at_operation(&request->operation);
        for (size_t i = 0; i < request->operation.value_count; i++)
            look_at(&request->values[i]);
    }
    if (request->program != NULL)
        look_at_batch(request);
    for (size_t i = 0; request->schema != NULL && i < request->schema->count; i++)
        sum += strlen(request->schema->statements[i].sql) + strlen(request->schema->statements[i].what);
    if (request->path != NULL)
        sum += strlen(request->path);
}

/* All bytes of a message; to be freed with free(). */
static unsigned char *take_all(codedb_wire_message *message, size_t *length)
{
    unsigned char *bytes = malloc((size_t)message->total + 1);
    CHECK(bytes != NULL && !message->failed);
    *length = codedb_wire_message_take(message, bytes, (size_t)message->total);
    CHECK(*length == message->total);
    codedb_wire_message_free(message);
    return bytes;
}

static void fuzz_request(const unsigned char *bytes, size_t length)
{
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_wire_request read, again;
    codedb_wire_message first, second;
    unsigned char *written, *rewritten;
    size_t size, other;
    if (codedb_wire_read_request(&read, &allocator, bytes, length) == CODEDB_SUCCESS) {
        codedb_wire_message_init(&first, &allocator);
        codedb_wire_write_request(&first, &read.request);
        written = take_all(&first, &size);
        CHECK(codedb_wire_read_request(&again, &allocator, written, size) == CODEDB_SUCCESS);
        codedb_wire_message_init(&second, &allocator);
        codedb_wire_write_request(&second, &again.request);
        rewritten = take_all(&second, &other);
        CHECK(size == other && memcmp(written, rewritten, size) == 0);
        look_at_request(&read.request);
        codedb_wire_request_release(&again);
        free(written);
        free(rewritten);
    }
    codedb_wire_request_release(&read);
}

static void fuzz_answer(const unsigned char *bytes, size_t length, bool wants_rows)
{
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_program program = {.step_count = STEPS};
    codedb_result result = CODEDB_INIT(codedb_result);
    int64_t steps[STEPS];
    codedb_request request = {.result = &result, .program = &program, .step_values = steps};
    if (wants_rows)
        request.rows_arena = codedb_arena_create(NULL);
    if (codedb_wire_read_answer(&request, &allocator, bytes, length) == CODEDB_SUCCESS && request.rows != NULL) {
        for (size_t i = 0; i < request.rows->column_count; i++)
            sum += strlen(request.rows->column_names[i]);
        for (size_t i = 0; i < request.rows->row_count * request.rows->column_count; i++)
            look_at(&request.rows->values[i]);
    }
    CHECK(request.rows_arena == NULL);
    codedb_free(request.rows);
    codedb_result_clear(&result);
}

static void fuzz_header(const unsigned char *bytes, size_t length)
{
    codedb_wire_header header;
    const char *wrong;
    unsigned char again[CODEDB_WIRE_HEADER];
    if (length < CODEDB_WIRE_HEADER || !codedb_wire_read_header(bytes, &header, &wrong))
        return;
    CHECK(header.length <= CODEDB_WIRE_FRAME && header.length <= header.total);
    codedb_wire_write_header(again, &header);
    CHECK(memcmp(again, bytes, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes;
    if (size == 0)
        return 0;
    bytes = malloc(size - 1 > 0 ? size - 1 : 1);
    CHECK(bytes != NULL);
    memcpy(bytes, data + 1, size - 1);
    switch (data[0] % 4) {
    case 0: fuzz_header(bytes, size - 1); break;
    case 1: fuzz_answer(bytes, size - 1, data[0] & 4); break;
    default: fuzz_request(bytes, size - 1); break;
    }
    free(bytes);
    return 0;
}
