/* codedb_wire.c -- requests and answers as bytes, for a driver in another process.
 *
 * Called by codedb_process.c and codedb_worker.c, on both sides of the channel, by any thread; calls memory and Results only.
 *
 * Bytes: a number takes 7 bits a byte, the lowest first, the highest bit says that there are more; a signed one has its sign in the lowest
 * bit; a real is 8 bytes as in memory (both sides are the same program on the same machine); a text is its length, its bytes, a NUL; an optional text
 * has its length plus 1, and 0 for NULL; a value is its type, then what the type needs. What comes in which order is in the functions, written
 * beside read.
 *
 * 1. Frames   2. Messages   3. Writing   4. Reading   5. Operations   6. Batches   7. Requests   8. Answers
 *
 * Invariants:
 * 1. A reader never looks behind its end, and what it has read is nothing once it has seen something wrong (`wrong`, sticky).
 * 2. A count is believed only if the bytes that are left can hold so many.
 * 3. A request that was read may be run: its names are there, its counts fit its kind, a batch's steps are whole and refer to inserts
 *    before them. The driver trusts all of that.
 * 4. Texts are not copied: those read point into the bytes; long ones that are written stay where they are until they are taken. */
#include "codedb_process.h"

#include <string.h>

#define WIRE_NUMBER_SIZE 10           /* the most bytes of a number */
#define WIRE_LONG ((size_t)16 * 1024) /* bytes that are not copied into a message */

/* ---- 1. Frames ----------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_wire_write_header(unsigned char bytes[], const codedb_wire_header *header)
{
    memcpy(bytes, &header->length, 4); /* both sides are one program: they have one order of bytes */
    bytes[4] = CODEDB_WIRE_VERSION;
    bytes[5] = (unsigned char)header->kind;
    bytes[6] = 0;
    bytes[7] = 0;
    memcpy(bytes + 8, &header->tag, 8);
    memcpy(bytes + 16, &header->total, 8);
}

CODEDB_PRIVATE bool codedb_wire_read_header(const unsigned char bytes[], codedb_wire_header *header, const char **wrong)
{
    memcpy(&header->length, bytes, 4);
    header->kind = (codedb_wire_kind)bytes[5];
    memcpy(&header->tag, bytes + 8, 8);
    memcpy(&header->total, bytes + 16, 8);
    *wrong = NULL;
    if (bytes[4] != CODEDB_WIRE_VERSION)
        *wrong = "a frame of another version";
    else if (bytes[5] == 0 || bytes[5] >= CODEDB_WIRE_KINDS || bytes[6] != 0 || bytes[7] != 0)
        *wrong = "a frame of an unknown kind";
    else if (header->length > CODEDB_WIRE_FRAME || header->length > header->total)
        *wrong = "a frame that is too long";
    else if (header->total > CODEDB_WIRE_LARGEST)
        *wrong = "a message that is too long";
    else if (header->length == 0 && header->total != 0)
        *wrong = "an empty frame of a message that is not empty";
    return *wrong == NULL;
}

/* ---- 2. Messages --------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_wire_message_init(codedb_wire_message *message, const codedb_allocator *allocator)
{
    memset(message, 0, offsetof(codedb_wire_message, segment_room));
    message->allocator = *allocator;
    message->bytes = message->room;
    message->capacity = sizeof message->room;
    message->segments = message->segment_room;
    message->segment_capacity = sizeof message->segment_room / sizeof message->segment_room[0];
}

CODEDB_PRIVATE void codedb_wire_message_free(codedb_wire_message *message)
{
    if (message->bytes != message->room)
        codedb_memory_release(&message->allocator, message->bytes);
    if (message->segments != message->segment_room)
        codedb_memory_release(&message->allocator, message->segments);
    message->bytes = message->room;
    message->segments = message->segment_room;
}

/* Moves an array out of its first room into twice as much memory; NULL without memory. */
static void *wire_grow(codedb_wire_message *message, void *array, const void *room, size_t *capacity, size_t wanted, size_t size)
{
    size_t grown = *capacity * 2;
    void *made;
    while (grown < wanted)
        grown *= 2;
    if (array != room)
        made = codedb_memory_reallocate(&message->allocator, array, *capacity, grown, size);
    else
        made = codedb_memory_allocate(&message->allocator, grown, size);
    if (made == NULL) {
        message->failed = true;
        return NULL;
    }
    if (array == room)
        memcpy(made, room, *capacity * size);
    *capacity = grown;
    return made;
}

/* Room for `more` bytes; NULL without memory. */
static unsigned char *wire_room(codedb_wire_message *message, size_t more)
{
    unsigned char *grown;
    if (CODEDB_LIKELY(!message->failed && more <= message->capacity - message->length))
        return message->bytes + message->length;
    if (message->failed || more > SIZE_MAX / 4 - message->length)
        return NULL;
    grown = wire_grow(message, message->bytes, message->room, &message->capacity, message->length + more, 1);
    if (grown == NULL)
        return NULL;
    message->bytes = grown;
    return message->bytes + message->length;
}

/* Ends what was written into wire_room. */
static void wire_end(codedb_wire_message *message, const unsigned char *end)
{
    size_t more = (size_t)(end - (message->bytes + message->length));
    message->length += more;
    message->total += more;
}

static void wire_put_segment(codedb_wire_message *message, const void *bytes, size_t length)
{
    if (message->segment_count == message->segment_capacity) {
        codedb_wire_segment *grown = wire_grow(message, message->segments, message->segment_room, &message->segment_capacity,
                                               message->segment_count + 1, sizeof *grown);
        if (grown == NULL)
            return;
        message->segments = grown;
    }
    message->segments[message->segment_count++] = (codedb_wire_segment){message->length, bytes, length};
    message->total += length;
}

CODEDB_PRIVATE void codedb_wire_message_rewind(codedb_wire_message *message)
{
    message->taken = 0;
    message->taken_bytes = 0;
    message->taken_segment = 0;
    message->taken_inside = 0;
}

CODEDB_PRIVATE size_t codedb_wire_message_take(codedb_wire_message *message, unsigned char *out, size_t size)
{
    size_t done = 0;
    while (done < size && message->taken < message->total) {
        const codedb_wire_segment *segment =
            message->taken_segment < message->segment_count ? &message->segments[message->taken_segment] : NULL;
        const unsigned char *from = message->bytes + message->taken_bytes;
        size_t left = (segment != NULL ? segment->at : message->length) - message->taken_bytes;
        bool own = left > 0;
        if (!own) {
            from = (const unsigned char *)segment->bytes + message->taken_inside;
            left = segment->length - message->taken_inside;
        }
        if (left > size - done)
            left = size - done;
        memcpy(out + done, from, left);
        done += left;
        message->taken += left;
        if (own) {
            message->taken_bytes += left;
        } else if ((message->taken_inside += left) == segment->length) {
            message->taken_segment++;
            message->taken_inside = 0;
        }
    }
    return done;
}

CODEDB_PRIVATE size_t codedb_wire_message_take_frame(codedb_wire_message *message, codedb_wire_kind kind, uint64_t tag,
                                                     unsigned char *out)
{
    codedb_wire_header header = {.kind = kind, .tag = tag, .total = message->total};
    header.length = (uint32_t)codedb_wire_message_take(message, out + CODEDB_WIRE_HEADER, CODEDB_WIRE_FRAME);
    codedb_wire_write_header(out, &header);
    return CODEDB_WIRE_HEADER + header.length;
}

/* ---- 3. Writing ---------------------------------------------------------------------------------------------------- */

static unsigned char *wire_number(unsigned char *at, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *at++ = (unsigned char)(number | 0x80);
    *at++ = (unsigned char)number;
    return at;
}

static uint64_t wire_fold(int64_t number)
{
    return number < 0 ? ~((uint64_t)number << 1) : (uint64_t)number << 1;
}

static int64_t wire_unfold(uint64_t folded)
{
    return (int64_t)(folded & 1 ? ~(folded >> 1) : folded >> 1);
}

static inline void wire_put_number(codedb_wire_message *message, uint64_t number)
{
    unsigned char *at = wire_room(message, WIRE_NUMBER_SIZE);
    if (at != NULL)
        wire_end(message, wire_number(at, number));
}

static void wire_put_signed(codedb_wire_message *message, int64_t number)
{
    wire_put_number(message, wire_fold(number));
}

static void wire_put_bytes(codedb_wire_message *message, const void *bytes, size_t length)
{
    unsigned char *at = wire_room(message, length);
    if (at == NULL)
        return;
    if (length > 0)
        memcpy(at, bytes, length);
    wire_end(message, at + length);
}

CODEDB_PRIVATE void codedb_wire_message_put(codedb_wire_message *message, const void *bytes, size_t length)
{
    wire_put_bytes(message, bytes, length);
}

static void wire_put_real(codedb_wire_message *message, double real)
{
    wire_put_bytes(message, &real, sizeof real);
}

/* The bytes behind a length, and a NUL. */
static void wire_put_content(codedb_wire_message *message, const char *text, size_t length)
{
    if (length < WIRE_LONG)
        wire_put_bytes(message, text, length);
    else
        wire_put_segment(message, text, length);
    wire_put_bytes(message, "", 1);
}

static void wire_put_text(codedb_wire_message *message, const char *text, size_t length)
{
    wire_put_number(message, length);
    wire_put_content(message, text, length);
}

static void wire_put_name(codedb_wire_message *message, const char *name)
{
    wire_put_text(message, name, strlen(name));
}

static void wire_put_optional(codedb_wire_message *message, const char *text, size_t length)
{
    wire_put_number(message, text != NULL ? length + 1 : 0);
    if (text != NULL)
        wire_put_content(message, text, length);
}

static void wire_put_value(codedb_wire_message *message, const codedb_value *value)
{
    unsigned char *at = wire_room(message, 1 + WIRE_NUMBER_SIZE);
    if (at == NULL)
        return;
    *at++ = (unsigned char)value->type;
    switch (value->type) {
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN:
    case CODEDB_VALUE_ROW_ID_OF: at = wire_number(at, wire_fold(value->as.integer)); break;
    case CODEDB_VALUE_REAL:
        memcpy(at, &value->as.real, sizeof value->as.real);
        at += sizeof value->as.real;
        break;
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB:
        wire_end(message, wire_number(at, value->length));
        wire_put_content(message, value->as.text, value->length);
        return;
    case CODEDB_VALUE_NULL: break;
    }
    wire_end(message, at);
}

/* ---- 4. Reading ---------------------------------------------------------------------------------------------------- */

typedef struct wire_reader {
    const unsigned char *at;
    const unsigned char *end;
    const char *wrong; /* NULL: nothing so far */
} wire_reader;

static void wire_refuse(wire_reader *reader, const char *wrong)
{
    if (reader->wrong == NULL)
        reader->wrong = wrong;
    reader->at = reader->end;
}

static size_t wire_left(const wire_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

static unsigned wire_get_byte(wire_reader *reader)
{
    if (reader->at == reader->end) {
        wire_refuse(reader, "it ends too early");
        return 0;
    }
    return *reader->at++;
}

static uint64_t wire_get_long_number(wire_reader *reader)
{
    uint64_t number = 0;
    unsigned shift, byte;
    for (shift = 0; shift < 64; shift += 7) {
        byte = wire_get_byte(reader);
        if (shift == 63 && byte > 1)
            break;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
    wire_refuse(reader, "a number has more than 64 bits");
    return 0;
}

static inline uint64_t wire_get_number(wire_reader *reader)
{
    if (reader->at < reader->end && *reader->at < 0x80) /* most are */
        return *reader->at++;
    return wire_get_long_number(reader);
}

static int64_t wire_get_signed(wire_reader *reader)
{
    return wire_unfold(wire_get_number(reader));
}

static double wire_get_real(wire_reader *reader)
{
    double real = 0;
    if (wire_left(reader) < sizeof real) {
        wire_refuse(reader, "it ends too early");
        return 0;
    }
    memcpy(&real, reader->at, sizeof real);
    reader->at += sizeof real;
    return real;
}

/* Invariant 2: a count of things that take `least` bytes each. */
static size_t wire_get_count(wire_reader *reader, size_t least)
{
    uint64_t count = wire_get_number(reader);
    if (count > wire_left(reader) / least) {
        wire_refuse(reader, "a count is larger than what follows");
        return 0;
    }
    return (size_t)count;
}

static int wire_get_flag(wire_reader *reader)
{
    unsigned byte = wire_get_byte(reader);
    if (byte > 1)
        wire_refuse(reader, "a flag is neither 0 nor 1");
    return byte == 1;
}

/* `length` bytes and a NUL; NULL when they are not there. */
static const char *wire_get_content(wire_reader *reader, uint64_t length)
{
    const char *text = (const char *)reader->at;
    if (length >= wire_left(reader)) {
        wire_refuse(reader, "a text is longer than what follows");
        return NULL;
    }
    if (reader->at[length] != 0) {
        wire_refuse(reader, "no NUL behind a text");
        return NULL;
    }
    reader->at += length + 1;
    return text;
}

/* A text without NULs in it. */
static const char *wire_get_name(wire_reader *reader)
{
    uint64_t length = wire_get_number(reader);
    const char *text = wire_get_content(reader, length);
    if (text != NULL && strlen(text) != length) {
        wire_refuse(reader, "a NUL in a name");
        return NULL;
    }
    return text;
}

static const char *wire_get_optional(wire_reader *reader, size_t *length)
{
    uint64_t number = wire_get_number(reader);
    const char *text = NULL;
    *length = 0;
    if (number > 0)
        text = wire_get_content(reader, number - 1);
    if (text != NULL)
        *length = (size_t)(number - 1);
    return text;
}

/* An optional text without NULs in it. */
static const char *wire_get_optional_name(wire_reader *reader)
{
    size_t length;
    const char *text = wire_get_optional(reader, &length);
    if (text != NULL && strlen(text) != length) {
        wire_refuse(reader, "a NUL in a name");
        return NULL;
    }
    return text;
}

static void wire_get_value(wire_reader *reader, codedb_value *value)
{
    unsigned type = wire_get_byte(reader);
    uint64_t length;
    value->type = (codedb_value_type)type;
    value->length = 0;
    value->as.integer = 0;
    switch (type) {
    case CODEDB_VALUE_NULL: return;
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN: value->as.integer = wire_get_signed(reader); return;
    case CODEDB_VALUE_REAL: value->as.real = wire_get_real(reader); return;
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB:
        length = wire_get_number(reader);
        value->as.text = wire_get_content(reader, length);
        value->length = value->as.text != NULL ? (size_t)length : 0;
        return;
    default: break;
    }
    wire_refuse(reader, "a value of an unknown type");
    value->type = CODEDB_VALUE_NULL;
}

/* A request that is being read: where from, and where to. */
typedef struct wire_request_reader {
    wire_reader reader;
    codedb_wire_request *made;
    bool no_memory;
} wire_request_reader;

/* Zeroed memory that lives as long as the request; NULL without any, or when something was wrong already. */
static void *wire_take(wire_request_reader *from, size_t count, size_t size)
{
    codedb_wire_request *made = from->made;
    size_t left = (sizeof made->room - made->used) / size;
    void *taken;
    if (from->reader.wrong != NULL || from->no_memory)
        return NULL;
    if (count <= left) {
        size_t aligned = (count * size + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
        taken = made->room + made->used;
        memset(taken, 0, count * size);
        made->used = aligned < sizeof made->room - made->used ? made->used + aligned : sizeof made->room;
        return taken;
    }
    if (made->arena == NULL)
        made->arena = codedb_arena_create(&made->allocator);
    taken = made->arena != NULL ? codedb_arena_allocate(made->arena, count, size) : NULL;
    from->no_memory = taken == NULL;
    return taken;
}

/* ---- 5. Operations ------------------------------------------------------------------------------------------------- */

static void wire_put_operation(codedb_wire_message *message, const codedb_operation *operation)
{
    size_t i;
    wire_put_number(message, (uint64_t)operation->kind);
    wire_put_number(message, operation->limited != 0);
    wire_put_number(message, operation->value_count);
    wire_put_optional(message, operation->table, operation->table != NULL ? strlen(operation->table) : 0);
    wire_put_optional(message, operation->sql, operation->sql_length);
    wire_put_number(message, operation->column_count);
    for (i = 0; i < operation->column_count; i++)
        wire_put_name(message, operation->columns[i]);
    wire_put_number(message, operation->where_count);
    for (i = 0; i < operation->where_count; i++) {
        wire_put_number(message, operation->where_is_null[i]);
        wire_put_name(message, operation->where[i]);
    }
    wire_put_number(message, operation->order_by_count);
    for (i = 0; i < operation->order_by_count; i++) {
        wire_put_number(message, operation->order_by[i].descending != 0);
        wire_put_name(message, operation->order_by[i].column);
    }
}

/* Names, none of them NULL; an array that is empty is NULL. */
static const char *const *wire_get_names(wire_request_reader *from, size_t *count)
{
    const char **names = NULL;
    size_t i;
    *count = wire_get_count(&from->reader, 2);
    if (*count > 0)
        names = wire_take(from, *count, sizeof *names);
    for (i = 0; names != NULL && i < *count; i++)
        names[i] = wire_get_name(&from->reader);
    return names;
}

static void wire_get_where(wire_request_reader *from, codedb_operation *operation)
{
    const char **names;
    unsigned char *nulls;
    size_t i;
    operation->where_count = wire_get_count(&from->reader, 3);
    if (operation->where_count == 0)
        return;
    names = wire_take(from, operation->where_count, sizeof *names);
    nulls = wire_take(from, operation->where_count, 1);
    for (i = 0; names != NULL && nulls != NULL && i < operation->where_count; i++) {
        nulls[i] = (unsigned char)wire_get_flag(&from->reader);
        names[i] = wire_get_name(&from->reader);
    }
    operation->where = names;
    operation->where_is_null = nulls;
}

static void wire_get_order(wire_request_reader *from, codedb_operation *operation)
{
    codedb_order *order;
    size_t i;
    operation->order_by_count = wire_get_count(&from->reader, 3);
    if (operation->order_by_count == 0)
        return;
    order = wire_take(from, operation->order_by_count, sizeof *order);
    for (i = 0; order != NULL && i < operation->order_by_count; i++) {
        order[i].descending = wire_get_flag(&from->reader);
        order[i].column = wire_get_name(&from->reader);
    }
    operation->order_by = order;
}

/* Why an operation cannot be run, or NULL (invariant 3). */
static const char *wire_operation_fault(const codedb_operation *operation)
{
    size_t wanted = operation->where_count;
    switch (operation->kind) {
    case CODEDB_OPERATION_EXECUTE: return operation->sql != NULL ? NULL : "an operation without its SQL";
    case CODEDB_OPERATION_INSERT:
    case CODEDB_OPERATION_UPDATE:
        if (operation->column_count == 0)
            return "a row without columns";
        wanted += operation->column_count;
        break;
    case CODEDB_OPERATION_DELETE:
    case CODEDB_OPERATION_SELECT:
    case CODEDB_OPERATION_COUNT: break;
    }
    if (operation->table == NULL)
        return "an operation without its table";
    if ((operation->kind == CODEDB_OPERATION_UPDATE || operation->kind == CODEDB_OPERATION_DELETE) && operation->where_count == 0)
        return "an update or delete of all rows";
    if (operation->limited && operation->kind != CODEDB_OPERATION_SELECT)
        return "a limit on what is no select";
    if (operation->value_count != wanted + (operation->limited ? 2 : 0))
        return "an operation with a wrong number of values";
    return NULL;
}

static void wire_get_operation(wire_request_reader *from, codedb_operation *operation)
{
    wire_reader *reader = &from->reader;
    uint64_t kind = wire_get_number(reader), values;
    operation->struct_size = sizeof *operation;
    if (kind > CODEDB_OPERATION_EXECUTE) {
        wire_refuse(reader, "an operation of an unknown kind");
        return;
    }
    operation->kind = (codedb_operation_kind)kind;
    operation->limited = wire_get_flag(reader);
    values = wire_get_number(reader);
    operation->value_count = values < SIZE_MAX ? (size_t)values : SIZE_MAX;
    operation->table = wire_get_optional_name(reader);
    operation->sql = wire_get_optional(reader, &operation->sql_length);
    operation->columns = wire_get_names(from, &operation->column_count);
    wire_get_where(from, operation);
    wire_get_order(from, operation);
}

/* Reads an operation that is to be run. */
static void wire_get_runnable(wire_request_reader *from, codedb_operation *operation)
{
    const char *fault;
    wire_get_operation(from, operation);
    if (from->reader.wrong != NULL || from->no_memory)
        return;
    fault = wire_operation_fault(operation);
    if (fault != NULL)
        wire_refuse(&from->reader, fault);
    else
        operation->hash = codedb_operation_hash(operation);
}

static void wire_put_values(codedb_wire_message *message, const codedb_value *values, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++)
        wire_put_value(message, &values[i]);
}

static const codedb_value *wire_get_values(wire_request_reader *from, size_t count)
{
    codedb_value *values;
    size_t i;
    if (count > wire_left(&from->reader))
        wire_refuse(&from->reader, "an operation with a wrong number of values");
    values = wire_take(from, count, sizeof *values);
    for (i = 0; values != NULL && i < count; i++)
        wire_get_value(&from->reader, &values[i]);
    return values;
}

/* ---- 6. Batches ---------------------------------------------------------------------------------------------------- */

static void wire_put_requirements(codedb_wire_message *message, const codedb_program *program)
{
    size_t i;
    wire_put_number(message, program->requirement_count);
    for (i = 0; i < program->requirement_count; i++) {
        const codedb_requirement *requirement = &program->requirements[i];
        wire_put_number(message, requirement->step);
        wire_put_signed(message, requirement->expected);
        wire_put_number(message, (uint64_t)requirement->code);
        wire_put_name(message, requirement->description);
    }
}

/* Its steps are bytes already, in the same form. */
static void wire_put_program(codedb_wire_message *message, const codedb_program *program)
{
    const codedb_program_piece *piece;
    uint64_t length = 0;
    size_t i;
    wire_put_number(message, program->operation_count);
    for (i = 0; i < program->operation_count; i++)
        wire_put_operation(message, program->operations[i]);
    wire_put_requirements(message, program);
    wire_put_number(message, program->step_count);
    for (piece = program->first; piece != NULL; piece = piece->next)
        length += piece->length;
    wire_put_number(message, length);
    for (piece = program->first; piece != NULL; piece = piece->next)
        if (piece->length < WIRE_LONG)
            wire_put_bytes(message, piece->bytes, piece->length);
        else
            wire_put_segment(message, piece->bytes, piece->length);
}

static void wire_get_operations(wire_request_reader *from, codedb_program *program)
{
    codedb_operation *operations;
    size_t i;
    program->operation_count = wire_get_count(&from->reader, 8);
    operations = wire_take(from, program->operation_count, sizeof *operations);
    program->operations = wire_take(from, program->operation_count, sizeof *program->operations);
    for (i = 0; operations != NULL && program->operations != NULL && i < program->operation_count; i++) {
        wire_get_runnable(from, &operations[i]);
        program->operations[i] = &operations[i];
    }
}

static void wire_get_requirements(wire_request_reader *from, codedb_program *program)
{
    wire_reader *reader = &from->reader;
    codedb_requirement *requirements;
    size_t i;
    program->requirement_count = wire_get_count(reader, 5);
    requirements = wire_take(from, program->requirement_count, sizeof *requirements);
    for (i = 0; requirements != NULL && i < program->requirement_count; i++) {
        uint64_t code;
        requirements[i].step = (size_t)wire_get_number(reader);
        requirements[i].expected = wire_get_signed(reader);
        code = wire_get_number(reader);
        requirements[i].code = (codedb_code)code;
        requirements[i].description = wire_get_name(reader);
        if (code == CODEDB_SUCCESS || code > CODEDB_OUTCOME_UNKNOWN)
            wire_refuse(reader, "a requirement that fails with an unknown code");
        if (i > 0 && requirements[i].step <= requirements[i - 1].step)
            wire_refuse(reader, "requirements that are not in order");
    }
    program->requirements = requirements;
}

/* A value of a step: other than in a request there is no NUL behind a text, it may refer to an insert before it, and it may be the same as
 * in the step before if that `repeats`. */
static void wire_check_step_value(wire_reader *reader, const unsigned char *inserts, size_t step, bool repeats)
{
    unsigned type = wire_get_byte(reader);
    uint64_t length;
    int64_t target;
    switch (type) {
    case CODEDB_VALUE_NULL: return;
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN: wire_get_number(reader); return;
    case CODEDB_VALUE_REAL: wire_get_real(reader); return;
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB:
        length = wire_get_number(reader);
        if (length > wire_left(reader))
            wire_refuse(reader, "a text is longer than what follows");
        else
            reader->at += length;
        return;
    case CODEDB_VALUE_ROW_ID_OF:
        target = wire_get_signed(reader);
        if (target < 0 || (uint64_t)target >= step || inserts[target] == 0)
            wire_refuse(reader, "a reference to what is no insert before it");
        return;
    case CODEDB_STEP_SAME:
        if (!repeats)
            wire_refuse(reader, "the same value as in a step before it that has none such");
        return;
    default: wire_refuse(reader, "a value of an unknown type");
    }
}

/* Walks through a batch's steps: nothing but whole ones may be there, and as many as were said. */
static void wire_check_steps(wire_reader *reader, codedb_program *program, unsigned char *inserts)
{
    const codedb_operation *operation = NULL;
    size_t step, i;
    for (step = 0; step < program->step_count && reader->wrong == NULL; step++) {
        uint64_t number = wire_get_number(reader);
        bool repeats;
        if (number >= program->operation_count) {
            wire_refuse(reader, "a step of an unknown operation");
            return;
        }
        repeats = operation == program->operations[number];
        operation = program->operations[number];
        for (i = 0; i < operation->value_count && reader->wrong == NULL; i++)
            wire_check_step_value(reader, inserts, step, repeats);
        if (operation->value_count > program->largest)
            program->largest = operation->value_count;
        inserts[step] = operation->kind == CODEDB_OPERATION_INSERT;
    }
    if (reader->at != reader->end)
        wire_refuse(reader, "bytes behind the last step");
}

static void wire_get_steps(wire_request_reader *from, codedb_program *program)
{
    wire_reader *reader = &from->reader;
    wire_reader steps = {NULL, NULL, NULL};
    uint64_t count = wire_get_number(reader);
    size_t length = wire_get_count(reader, 1);
    codedb_program_piece *piece;
    unsigned char *inserts;
    if (count > length) /* a step has a byte at least */
        wire_refuse(reader, "a count is larger than what follows");
    piece = wire_take(from, 1, sizeof *piece + length);
    inserts = wire_take(from, (size_t)count + 1, 1);
    if (piece == NULL || inserts == NULL)
        return;
    piece->size = length;
    piece->length = length;
    if (length > 0)
        memcpy(piece->bytes, reader->at, length);
    reader->at += length;
    program->first = piece;
    program->step_count = (size_t)count;
    if (program->requirement_count > 0 && program->requirements[program->requirement_count - 1].step >= program->step_count)
        wire_refuse(reader, "a requirement of a step that is not there");
    steps.at = piece->bytes;
    steps.end = piece->bytes + length;
    wire_check_steps(&steps, program, inserts);
    if (steps.wrong != NULL)
        wire_refuse(reader, steps.wrong);
}

static void wire_get_program(wire_request_reader *from)
{
    codedb_wire_request *made = from->made;
    wire_get_operations(from, &made->program);
    wire_get_requirements(from, &made->program);
    wire_get_steps(from, &made->program);
    made->request.program_values = wire_take(from, made->program.largest, sizeof *made->request.program_values);
    made->request.step_values = wire_take(from, made->program.step_count, sizeof *made->request.step_values);
    made->request.program = &made->program;
}

/* ---- 7. Requests --------------------------------------------------------------------------------------------------- */

#define WIRE_HAS_PROGRAM 1u
#define WIRE_HAS_SCHEMA 2u
#define WIRE_WANTS_ROWS 4u
#define WIRE_DOES_NOT_WAIT 8u
#define WIRE_BITS 15u

static void wire_put_schema(codedb_wire_message *message, const codedb_schema_change *schema)
{
    size_t i;
    wire_put_signed(message, schema->stamp);
    wire_put_number(message, schema->count);
    for (i = 0; i < schema->count; i++) {
        wire_put_name(message, schema->statements[i].sql);
        wire_put_name(message, schema->statements[i].what);
    }
}

static void wire_get_schema(wire_request_reader *from)
{
    codedb_schema_change *schema = &from->made->schema;
    codedb_schema_statement *statements;
    size_t i;
    schema->stamp = wire_get_signed(&from->reader);
    schema->count = wire_get_count(&from->reader, 4);
    statements = wire_take(from, schema->count, sizeof *statements);
    for (i = 0; statements != NULL && i < schema->count; i++) {
        statements[i].sql = wire_get_name(&from->reader);
        statements[i].what = wire_get_name(&from->reader);
    }
    schema->statements = statements;
    from->made->request.schema = schema;
}

static bool wire_has_values(codedb_request_kind kind)
{
    return kind == CODEDB_REQUEST_RUN || (kind >= CODEDB_REQUEST_RESTORE && kind <= CODEDB_REQUEST_ROLLBACK_TO);
}

CODEDB_PRIVATE void codedb_wire_write_request(codedb_wire_message *message, const codedb_request *request)
{
    unsigned bits = (request->program != NULL ? WIRE_HAS_PROGRAM : 0) | (request->schema != NULL ? WIRE_HAS_SCHEMA : 0) |
                    (request->wants_rows ? WIRE_WANTS_ROWS : 0) | (request->do_not_wait ? WIRE_DOES_NOT_WAIT : 0);
    wire_put_number(message, (uint64_t)request->kind);
    wire_put_number(message, (uint64_t)request->priority);
    wire_put_number(message, bits);
    wire_put_number(message, request->transaction);
    wire_put_number(message, request->caller);
    wire_put_real(message, request->timeout);
    wire_put_real(message, request->deadline);
    wire_put_optional(message, request->path, request->path != NULL ? strlen(request->path) : 0);
    if (request->program != NULL)
        wire_put_program(message, request->program);
    if (request->schema != NULL)
        wire_put_schema(message, request->schema);
    wire_put_operation(message, &request->operation);
    if (wire_has_values(request->kind))
        wire_put_values(message, request->values, request->operation.value_count);
}

/* Whether there is just one value: an integer from `low` to `high`. */
static bool wire_is_number(const codedb_request *request, int64_t low, int64_t high)
{
    return request->operation.value_count == 1 && request->values != NULL && request->values[0].type == CODEDB_VALUE_INTEGER &&
           request->values[0].as.integer >= low && request->values[0].as.integer <= high;
}

static const char *wire_restore_fault(const codedb_request *request)
{
    for (size_t i = 0; request->values != NULL && i < request->operation.value_count; i++)
        if (request->values[i].type != CODEDB_VALUE_TEXT)
            return "a table that is no name";
    return request->path != NULL ? NULL : "a copy without its path";
}

/* Why a request cannot be run, or NULL; its operation was looked at already. */
static const char *wire_request_fault(const codedb_request *request)
{
    switch (request->kind) {
    case CODEDB_REQUEST_BATCH: return request->program != NULL ? NULL : "a batch without its steps";
    case CODEDB_REQUEST_TABLE_INFO: return request->operation.table != NULL ? NULL : "a request without its table";
    case CODEDB_REQUEST_BACKUP: return request->path != NULL ? NULL : "a backup without its path";
    case CODEDB_REQUEST_SCHEMA: return request->schema != NULL ? NULL : "a change of the schema without its statements";
    case CODEDB_REQUEST_COMMIT:
    case CODEDB_REQUEST_ROLLBACK: return request->transaction != 0 ? NULL : "the end of no transaction";
    case CODEDB_REQUEST_RESTORE: return wire_restore_fault(request);
    case CODEDB_REQUEST_CHECK:
        return request->wants_rows && wire_is_number(request, 1, INT64_MAX) ? NULL : "a check without its limit";
    case CODEDB_REQUEST_CHECKPOINT:
        return wire_is_number(request, CODEDB_CHECKPOINT_PASSIVE, CODEDB_CHECKPOINT_TRUNCATE) ? NULL
                                                                                              : "a checkpoint of an unknown kind";
    case CODEDB_REQUEST_STORAGE: return request->wants_rows ? NULL : "figures that nobody wants";
    case CODEDB_REQUEST_SAVEPOINT: return request->transaction != 0 ? NULL : "a savepoint of no transaction";
    case CODEDB_REQUEST_RELEASE:
    case CODEDB_REQUEST_ROLLBACK_TO:
        return request->transaction != 0 && wire_is_number(request, INT64_MIN, INT64_MAX) ? NULL : "the end of no savepoint";
    case CODEDB_REQUEST_RUN:
    case CODEDB_REQUEST_BEGIN:
    case CODEDB_REQUEST_CONNECT:
    case CODEDB_REQUEST_VACUUM:
    case CODEDB_REQUEST_STOP: return NULL;
    }
    return "a request of an unknown kind";
}

/* What every request has. */
static unsigned wire_get_question(wire_reader *reader, codedb_request *request)
{
    uint64_t kind = wire_get_number(reader), priority = wire_get_number(reader), bits = wire_get_number(reader);
    if (kind > CODEDB_REQUEST_ROLLBACK_TO)
        wire_refuse(reader, "a request of an unknown kind");
    if (priority > CODEDB_PRIORITY_URGENT)
        wire_refuse(reader, "a request of an unknown priority");
    if (bits > WIRE_BITS)
        wire_refuse(reader, "a request with something unknown");
    if (reader->wrong != NULL)
        return 0;
    request->kind = (codedb_request_kind)kind;
    request->priority = (codedb_priority)priority;
    request->wants_rows = (bits & WIRE_WANTS_ROWS) != 0;
    request->do_not_wait = (bits & WIRE_DOES_NOT_WAIT) != 0;
    request->transaction = wire_get_number(reader);
    request->caller = wire_get_number(reader);
    request->timeout = wire_get_real(reader);
    request->deadline = wire_get_real(reader);
    request->path = wire_get_optional_name(reader);
    if (!(request->timeout <= 1e9) || !(request->deadline >= 0)) /* not a number included */
        wire_refuse(reader, "a timeout that is none");
    return (unsigned)bits;
}

static void wire_get_request(wire_request_reader *from)
{
    codedb_request *request = &from->made->request;
    unsigned bits = wire_get_question(&from->reader, request);
    const char *fault;
    if (bits & WIRE_HAS_PROGRAM)
        wire_get_program(from);
    if (bits & WIRE_HAS_SCHEMA)
        wire_get_schema(from);
    if (request->kind == CODEDB_REQUEST_RUN) {
        wire_get_runnable(from, &request->operation);
        request->values = wire_get_values(from, request->operation.value_count);
    } else {
        wire_get_operation(from, &request->operation);
        if (wire_has_values(request->kind))
            request->values = wire_get_values(from, request->operation.value_count);
    }
    fault = wire_request_fault(request);
    if (fault != NULL)
        wire_refuse(&from->reader, fault);
    if (from->reader.at != from->reader.end)
        wire_refuse(&from->reader, "bytes behind its end");
}

CODEDB_PRIVATE codedb_code codedb_wire_read_request(codedb_wire_request *made, const codedb_allocator *allocator,
                                                    const void *bytes, size_t length)
{
    wire_request_reader from = {.made = made};
    memset(made, 0, offsetof(codedb_wire_request, room));
    made->allocator = *allocator;
    made->result.struct_size = sizeof made->result;
    made->request.result = &made->result;
    from.reader.at = bytes;
    from.reader.end = from.reader.at + length;
    wire_get_request(&from);
    if (from.no_memory)
        return codedb_fail_no_memory(&made->result);
    if (from.reader.wrong != NULL)
        return codedb_fail(&made->result, CODEDB_INVALID_REQUEST, "a request that cannot be read: %s", from.reader.wrong);
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE void codedb_wire_request_release(codedb_wire_request *made)
{
    codedb_arena_destroy(made->arena);
    made->arena = NULL;
    codedb_arena_destroy(made->request.rows_arena);
    made->request.rows_arena = NULL;
    codedb_free(made->request.rows);
    made->request.rows = NULL;
    codedb_result_clear(&made->result);
}

/* ---- 8. Answers ---------------------------------------------------------------------------------------------------- */

#define WIRE_HAS_ROWS 1u
#define WIRE_HAS_STEPS 2u
#define WIRE_ANSWER_BITS 3u

static void wire_put_result(codedb_wire_message *message, const codedb_result *result)
{
    wire_put_name(message, result->description);
    wire_put_number(message, result->line);
    wire_put_number(message, result->column);
    wire_put_number(message, result->offset);
    wire_put_number(message, result->length);
    wire_put_optional(message, result->data, result->data != NULL ? strlen(result->data) : 0);
}

static void wire_put_rows(codedb_wire_message *message, const codedb_rows *rows)
{
    size_t i;
    wire_put_number(message, rows->column_count);
    for (i = 0; i < rows->column_count; i++)
        wire_put_name(message, rows->column_names[i]);
    wire_put_number(message, rows->row_count);
    wire_put_values(message, rows->values, rows->row_count * rows->column_count);
}

CODEDB_PRIVATE void codedb_wire_write_answer(codedb_wire_message *message, const codedb_request *request)
{
    bool has_steps = request->code == CODEDB_SUCCESS && request->program != NULL;
    size_t i;
    wire_put_number(message, (uint64_t)request->code);
    wire_put_number(message, (request->rows != NULL ? WIRE_HAS_ROWS : 0) | (has_steps ? WIRE_HAS_STEPS : 0));
    wire_put_number(message, request->transaction);
    wire_put_signed(message, request->changes.affected_rows);
    wire_put_signed(message, request->changes.last_insert_id);
    wire_put_result(message, request->result);
    if (request->rows != NULL)
        wire_put_rows(message, request->rows);
    if (has_steps) {
        wire_put_number(message, request->program->step_count);
        for (i = 0; i < request->program->step_count; i++)
            wire_put_signed(message, request->step_values[i]);
    }
}

/* Reads rows into the request's arena. */
static codedb_code wire_get_rows(wire_reader *reader, codedb_request *request)
{
    codedb_rows *rows = codedb_arena_allocate_root(request->rows_arena, 1, sizeof *rows);
    const char **names;
    codedb_value *values;
    uint64_t row_count;
    size_t i, count;
    if (rows == NULL)
        return CODEDB_NO_MEMORY;
    rows->column_count = wire_get_count(reader, 2);
    names = codedb_arena_allocate(request->rows_arena, rows->column_count, sizeof *names);
    if (names == NULL)
        return CODEDB_NO_MEMORY;
    for (i = 0; i < rows->column_count; i++)
        names[i] = wire_get_name(reader);
    row_count = wire_get_number(reader);
    if (row_count > (rows->column_count > 0 ? wire_left(reader) / rows->column_count : 0))
        wire_refuse(reader, "a count is larger than what follows");
    if (reader->wrong != NULL)
        return CODEDB_CONNECTION_ERROR;
    count = (size_t)row_count * rows->column_count;
    values = codedb_arena_allocate(request->rows_arena, count, sizeof *values);
    if (values == NULL)
        return CODEDB_NO_MEMORY;
    for (i = 0; i < count; i++)
        wire_get_value(reader, &values[i]);
    rows->column_names = names;
    rows->row_count = (size_t)row_count;
    rows->values = values;
    request->rows = rows;
    return CODEDB_SUCCESS;
}

static void wire_get_step_values(wire_reader *reader, const codedb_request *request)
{
    size_t count = wire_get_count(reader, 1);
    size_t i;
    if (request->program == NULL || count != request->program->step_count) {
        wire_refuse(reader, "results of another batch");
        return;
    }
    for (i = 0; i < count; i++)
        request->step_values[i] = wire_get_signed(reader);
}

/* A result that is being read. */
typedef struct wire_result {
    const char *description;
    const char *data;
    uint64_t line, column, offset, length;
} wire_result;

static void wire_get_result(wire_reader *reader, wire_result *result)
{
    size_t length;
    result->description = wire_get_name(reader);
    result->line = wire_get_number(reader);
    result->column = wire_get_number(reader);
    result->offset = wire_get_number(reader);
    result->length = wire_get_number(reader);
    result->data = wire_get_optional(reader, &length);
}

static void wire_give_result(const wire_result *read, codedb_code code, const codedb_allocator *allocator, codedb_result *result)
{
    codedb_buffer data;
    if (code == CODEDB_SUCCESS && read->description[0] == '\0' && read->data == NULL)
        return;
    if (code == CODEDB_SUCCESS)
        codedb_succeed_with(result, "%s", read->description);
    else
        codedb_fail_at(result, code, (size_t)read->offset, (size_t)read->length, (size_t)read->line, (size_t)read->column, "%s",
                       read->description);
    if (read->data == NULL)
        return;
    codedb_buffer_init(&data, allocator);
    codedb_buffer_append_text(&data, read->data);
    codedb_result_take_data(result, &data);
}

/* What is the request's own is freed here, whoever had it. */
static void wire_drop_rows(codedb_request *request)
{
    codedb_arena_destroy(request->rows_arena);
    request->rows_arena = NULL;
    request->rows = NULL;
}

static codedb_code wire_get_answer(wire_reader *reader, codedb_request *request, wire_result *result)
{
    uint64_t code = wire_get_number(reader), bits = wire_get_number(reader);
    codedb_code failure = CODEDB_SUCCESS;
    request->transaction = wire_get_number(reader);
    request->changes.affected_rows = wire_get_signed(reader);
    request->changes.last_insert_id = wire_get_signed(reader);
    wire_get_result(reader, result);
    if (code > CODEDB_OUTCOME_UNKNOWN || bits > WIRE_ANSWER_BITS)
        wire_refuse(reader, "an unknown code");
    if ((bits & WIRE_HAS_ROWS) && request->rows_arena == NULL)
        wire_refuse(reader, "rows that nobody wants");
    if (reader->wrong == NULL && (bits & WIRE_HAS_ROWS))
        failure = wire_get_rows(reader, request);
    if (failure == CODEDB_SUCCESS && (bits & WIRE_HAS_STEPS))
        wire_get_step_values(reader, request);
    if (failure == CODEDB_SUCCESS && reader->at != reader->end)
        wire_refuse(reader, "bytes behind its end");
    request->code = (codedb_code)code;
    return reader->wrong != NULL ? CODEDB_CONNECTION_ERROR : failure;
}

CODEDB_PRIVATE codedb_code codedb_wire_read_answer(codedb_request *request, const codedb_allocator *allocator, const void *bytes,
                                                   size_t length)
{
    wire_reader reader = {.at = bytes};
    wire_result result = {.description = NULL};
    codedb_code failure;
    reader.end = reader.at + length;
    failure = wire_get_answer(&reader, request, &result);
    if (failure == CODEDB_SUCCESS)
        wire_give_result(&result, request->code, allocator, request->result);
    if (failure != CODEDB_SUCCESS || request->rows == NULL)
        wire_drop_rows(request);
    else
        request->rows_arena = NULL;
    if (failure == CODEDB_NO_MEMORY)
        request->code = codedb_fail_no_memory(request->result);
    else if (failure != CODEDB_SUCCESS)
        request->code =
            codedb_fail(request->result, failure, "the driver's process gave an answer that cannot be read: %s", reader.wrong);
    return failure;
}
