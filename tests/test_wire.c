/* tests/test_wire.c -- codedb_wire.c: what is written is read again; what is anything else is refused without harm. */
#include "support.h"

#include "codedb_process.h"

static const codedb_allocator *allocator(void)
{
    static codedb_allocator library;
    library = codedb_allocator_or_default(NULL);
    return &library;
}

/* All bytes of a message, from its frames; to be freed with free(). Fails when a header does not say what it should. */
static unsigned char *take_all(codedb_wire_message *message, size_t *length)
{
    unsigned char *frame = malloc(CODEDB_WIRE_HEADER + CODEDB_WIRE_FRAME);
    unsigned char *bytes = malloc((size_t)message->total + 1);
    *length = 0;
    assert_false(message->failed);
    do {
        codedb_wire_header header;
        const char *wrong;
        size_t size = codedb_wire_message_take_frame(message, CODEDB_WIRE_REQUEST, 77, frame);
        assert_true(codedb_wire_read_header(frame, &header, &wrong));
        assert_int_equal(header.kind, CODEDB_WIRE_REQUEST);
        assert_int_equal(header.tag, 77);
        assert_int_equal(header.total, message->total);
        assert_int_equal(header.length, size - CODEDB_WIRE_HEADER);
        memcpy(bytes + *length, frame + CODEDB_WIRE_HEADER, header.length);
        *length += header.length;
    } while (*length < message->total);
    free(frame);
    return bytes;
}

static unsigned char *request_bytes(const codedb_request *request, size_t *length)
{
    codedb_wire_message message;
    unsigned char *bytes;
    codedb_wire_message_init(&message, allocator());
    codedb_wire_write_request(&message, request);
    bytes = take_all(&message, length);
    codedb_wire_message_free(&message);
    return bytes;
}

static unsigned char *answer_bytes(const codedb_request *request, size_t *length)
{
    codedb_wire_message message;
    unsigned char *bytes;
    codedb_wire_message_init(&message, allocator());
    codedb_wire_write_answer(&message, request);
    bytes = take_all(&message, length);
    codedb_wire_message_free(&message);
    return bytes;
}

/* ---- Requests of every kind ---- */

static const char *const columns[] = {"name", "line", "docstring"};
static const char *const where[] = {"id", "file_id"};
static const unsigned char where_is_null[] = {0, 1};
static const codedb_order order[] = {{"name", 1}, {"line", 0}};

static const codedb_value values[] = {
    {CODEDB_VALUE_TEXT, {.text = "a\0b"}, 3},     {CODEDB_VALUE_INTEGER, {.integer = INT64_MIN}, 0},
    {CODEDB_VALUE_NULL, {.integer = 0}, 0},       {CODEDB_VALUE_REAL, {.real = -0.5}, 0},
    {CODEDB_VALUE_BLOB, {.text = "\xff\xfe"}, 2}, {CODEDB_VALUE_BOOLEAN, {.integer = 1}, 0},
    {CODEDB_VALUE_TEXT, {.text = NULL}, 0},
};

static codedb_operation update_operation(void)
{
    codedb_operation operation = {.struct_size = sizeof operation, .kind = CODEDB_OPERATION_UPDATE, .table = "classes"};
    operation.columns = columns;
    operation.column_count = 3;
    operation.where = where;
    operation.where_is_null = where_is_null;
    operation.where_count = 2;
    operation.value_count = 5;
    operation.hash = codedb_operation_hash(&operation);
    return operation;
}

static codedb_operation select_operation(void)
{
    codedb_operation operation = update_operation();
    operation.kind = CODEDB_OPERATION_SELECT;
    operation.order_by = order;
    operation.order_by_count = 2;
    operation.limited = 1;
    operation.value_count = 4;
    operation.hash = codedb_operation_hash(&operation);
    return operation;
}

static codedb_operation execute_operation(void)
{
    codedb_operation operation = {.struct_size = sizeof operation, .kind = CODEDB_OPERATION_EXECUTE, .sql = "SELECT ?, '\n'"};
    operation.sql_length = strlen(operation.sql);
    operation.value_count = 7;
    operation.hash = codedb_operation_hash(&operation);
    return operation;
}

static codedb_request run_request(codedb_operation operation)
{
    codedb_request request = {.kind = CODEDB_REQUEST_RUN, .priority = CODEDB_PRIORITY_URGENT, .timeout = 1.25};
    request.operation = operation;
    request.values = values;
    request.transaction = 300;
    request.caller = 12345;
    request.deadline = 1e6 + 0.25;
    request.wants_rows = operation.kind == CODEDB_OPERATION_SELECT;
    request.do_not_wait = !request.wants_rows;
    return request;
}

/* A batch: an insert, an update that refers to it, SQL, a count that is required, two inserts that differ in one value. */
static const unsigned char batch_bytes[] = {
    0, 3, 2, 'h', 'i', 1, 4, 0,                            /* step 0: insert "hi", 2, NULL */
    1, 0, 0, 0,   6,   0, 2, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, /* step 1: update; NULL, NULL, NULL, row id of 0, 1.5 */
    2, 5, 2,                                               /* step 2: execute; true */
    3, 1, 2,                                               /* step 3: count; 1 */
    0, 3, 1, 'x', 6,   0, 1, 2,                            /* step 4: insert "x", row id of 0, 1 */
    0, 7, 7, 1,   1,                                       /* step 5: insert the same, the same, -1 */
};
#define FIRST_STEP 8

typedef struct batch {
    codedb_operation operations[4];
    codedb_operation *pointers[4];
    codedb_requirement requirement;
    codedb_program program;
    codedb_program_piece *pieces[2];
} batch;

static codedb_program_piece *make_piece(const unsigned char *bytes, size_t length)
{
    codedb_program_piece *piece = malloc(sizeof *piece + length);
    piece->next = NULL;
    piece->size = length;
    piece->length = length;
    memcpy(piece->bytes, bytes, length);
    return piece;
}

static codedb_request batch_request(batch *made)
{
    codedb_request request = {.kind = CODEDB_REQUEST_BATCH, .timeout = -1};
    memset(made, 0, sizeof *made);
    made->operations[0] = update_operation();
    made->operations[0].kind = CODEDB_OPERATION_INSERT;
    made->operations[0].where_count = 0;
    made->operations[0].value_count = 3;
    made->operations[1] = update_operation();
    made->operations[2] = execute_operation();
    made->operations[2].value_count = 1;
    made->operations[3] = update_operation();
    made->operations[3].kind = CODEDB_OPERATION_COUNT;
    made->operations[3].column_count = 0;
    made->operations[3].where_count = 1;
    made->operations[3].value_count = 1;
    for (size_t i = 0; i < 4; i++)
        made->pointers[i] = &made->operations[i];
    made->pieces[0] = make_piece(batch_bytes, FIRST_STEP);
    made->pieces[1] = make_piece(batch_bytes + FIRST_STEP, sizeof batch_bytes - FIRST_STEP);
    made->pieces[0]->next = made->pieces[1];
    made->requirement = (codedb_requirement){3, -1, CODEDB_CONFLICT, "changed"};
    made->program.operations = made->pointers;
    made->program.operation_count = 4;
    made->program.first = made->pieces[0];
    made->program.step_count = 6;
    made->program.largest = 5;
    made->program.requirements = &made->requirement;
    made->program.requirement_count = 1;
    request.program = &made->program;
    return request;
}

static void free_batch(batch *made)
{
    free(made->pieces[0]);
    free(made->pieces[1]);
}

#define REQUESTS 13

/* Request `number` of those that the tests go through. */
static codedb_request sample(size_t number, batch *made)
{
    static const codedb_schema_statement statements[] = {{"CREATE TABLE a (b)", "making a"}, {"DROP TABLE c", "dropping c"}};
    static const codedb_schema_change change = {statements, 2, -9};
    static const codedb_value names[] = {{CODEDB_VALUE_TEXT, {.text = "one"}, 3}, {CODEDB_VALUE_TEXT, {.text = "other"}, 5}};
    static const codedb_value two = {CODEDB_VALUE_INTEGER, {.integer = 2}, 0};
    codedb_request request = {.timeout = 30};
    memset(made, 0, sizeof *made);
    switch (number) {
    case 0: return run_request(update_operation());
    case 1: return run_request(select_operation());
    case 2: return run_request(execute_operation());
    case 3: return batch_request(made);
    case 4:
        request.kind = CODEDB_REQUEST_TABLE_INFO;
        request.operation.table = "classes";
        return request;
    case 5:
        request.kind = CODEDB_REQUEST_BACKUP;
        request.path = "/tmp/copy";
        return request;
    case 6:
        request.kind = CODEDB_REQUEST_SCHEMA;
        request.schema = &change;
        return request;
    case 7:
        request.kind = CODEDB_REQUEST_COMMIT;
        request.transaction = UINT64_MAX;
        return request;
    case 8:
        request.kind = CODEDB_REQUEST_RESTORE;
        request.path = "/tmp/copy";
        request.values = names;
        request.operation.value_count = 2;
        return request;
    case 9:
    case 10:
        request.kind = number == 9 ? CODEDB_REQUEST_CHECK : CODEDB_REQUEST_CHECKPOINT;
        request.wants_rows = number == 9;
        request.values = &two;
        request.operation.value_count = 1;
        return request;
    case 11:
        request.kind = CODEDB_REQUEST_STORAGE;
        request.wants_rows = true;
        return request;
    default: request.kind = CODEDB_REQUEST_BEGIN; return request;
    }
}

static void assert_value(const codedb_value *read, const codedb_value *written)
{
    assert_int_equal(read->type, written->type);
    assert_int_equal(read->length, written->length);
    if (written->type == CODEDB_VALUE_TEXT || written->type == CODEDB_VALUE_BLOB)
        assert_memory_equal(read->as.text, written->as.text != NULL ? written->as.text : "", written->length);
    else
        assert_memory_equal(&read->as, &written->as, sizeof read->as);
}

static void assert_same_program(const codedb_program *read, const codedb_program *written)
{
    codedb_value read_room[8], written_room[8];
    codedb_program_reader reads = {.program = read, .values = read_room};
    codedb_program_reader writes = {.program = written, .values = written_room};
    const codedb_requirement *found, *expected;
    codedb_operation *operation, *one;
    assert_int_equal(read->step_count, written->step_count);
    assert_int_equal(read->largest, written->largest);
    while ((operation = codedb_program_next(&writes, &expected)) != NULL) {
        one = codedb_program_next(&reads, &found);
        assert_non_null(one);
        assert_true(codedb_operation_equal(one, operation));
        for (size_t i = 0; i < operation->value_count; i++)
            assert_value(&read_room[i], &written_room[i]);
        assert_true((found == NULL) == (expected == NULL));
        if (found != NULL) {
            assert_int_equal(found->expected, expected->expected);
            assert_int_equal(found->code, expected->code);
            assert_string_equal(found->description, expected->description);
        }
    }
    assert_null(codedb_program_next(&reads, &found));
}

static void assert_same_request(const codedb_request *read, const codedb_request *written)
{
    assert_int_equal(read->kind, written->kind);
    assert_int_equal(read->priority, written->priority);
    assert_int_equal(read->transaction, written->transaction);
    assert_int_equal(read->caller, written->caller);
    assert_int_equal(read->wants_rows, written->wants_rows);
    assert_int_equal(read->do_not_wait, written->do_not_wait);
    assert_true(read->timeout == written->timeout && read->deadline == written->deadline);
    if (written->kind == CODEDB_REQUEST_RUN) {
        assert_true(codedb_operation_equal(&read->operation, &written->operation));
        assert_int_equal(read->operation.hash, written->operation.hash);
    }
    if (written->values != NULL) {
        assert_int_equal(read->operation.value_count, written->operation.value_count);
        for (size_t i = 0; i < read->operation.value_count; i++)
            assert_value(&read->values[i], &written->values[i]);
    }
    if (written->kind == CODEDB_REQUEST_TABLE_INFO)
        assert_string_equal(read->operation.table, written->operation.table);
    if (written->path != NULL)
        assert_string_equal(read->path, written->path);
    if (written->program != NULL)
        assert_same_program(read->program, written->program);
    if (written->schema != NULL) {
        assert_int_equal(read->schema->stamp, written->schema->stamp);
        assert_int_equal(read->schema->count, written->schema->count);
        for (size_t i = 0; i < read->schema->count; i++) {
            assert_string_equal(read->schema->statements[i].sql, written->schema->statements[i].sql);
            assert_string_equal(read->schema->statements[i].what, written->schema->statements[i].what);
        }
    }
}

static void a_request_of_every_kind_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (size_t number = 0; number < REQUESTS; number++) {
        codedb_wire_request read;
        batch made;
        codedb_request request = sample(number, &made);
        size_t length;
        unsigned char *bytes = request_bytes(&request, &length);
        codedb_code code = codedb_wire_read_request(&read, allocator(), bytes, length);
        assert_code(code, CODEDB_SUCCESS, read.result);
        assert_same_request(&read.request, &request);
        codedb_wire_request_release(&read);
        free(bytes);
        free_batch(&made);
    }
}

static void a_request_that_ends_early_or_late_is_refused(void **state)
{
    (void)state;
    for (size_t number = 0; number < REQUESTS; number++) {
        codedb_wire_request read;
        batch made;
        codedb_request request = sample(number, &made);
        size_t length;
        unsigned char *bytes = request_bytes(&request, &length);
        for (size_t cut = 0; cut <= length + 1; cut++) {
            unsigned char *part = calloc(cut + 1, 1); /* so that a sanitizer sees a look behind it */
            codedb_code code;
            memcpy(part, bytes, cut < length ? cut : length);
            code = codedb_wire_read_request(&read, allocator(), part, cut);
            assert_int_equal(code, cut == length ? CODEDB_SUCCESS : CODEDB_INVALID_REQUEST);
            if (cut != length)
                assert_contains(read.result.description, "a request that cannot be read: ");
            codedb_wire_request_release(&read);
            free(part);
        }
        free(bytes);
        free_batch(&made);
    }
}

/* Runs through a batch as the driver does. */
static void walk_batch(const codedb_request *request)
{
    codedb_program_reader reader = {.program = request->program, .values = request->program_values};
    const codedb_requirement *requirement;
    codedb_operation *operation;
    while ((operation = codedb_program_next(&reader, &requirement)) != NULL) {
        for (size_t i = 0; i < operation->value_count; i++)
            if (reader.values[i].type == CODEDB_VALUE_ROW_ID_OF)
                request->step_values[reader.step - 1] += request->step_values[reader.values[i].as.integer];
        if (requirement != NULL)
            request->step_values[reader.step - 1] += (int64_t)strlen(requirement->description);
    }
}

static void a_request_with_a_changed_byte_is_refused_or_can_be_run(void **state)
{
    unsigned random = 20260101;
    (void)state;
    print_message("seed %u\n", random);
    for (size_t number = 0; number < REQUESTS; number++) {
        batch made;
        codedb_request request = sample(number, &made);
        size_t length;
        unsigned char *bytes = request_bytes(&request, &length);
        for (size_t i = 0; i < length * 40; i++) {
            codedb_wire_request read;
            unsigned char before = bytes[i % length];
            random = random * 1664525u + 1013904223u;
            bytes[i % length] = (unsigned char)(random >> 24);
            if (codedb_wire_read_request(&read, allocator(), bytes, length) == CODEDB_SUCCESS && read.request.program != NULL)
                walk_batch(&read.request);
            codedb_wire_request_release(&read);
            bytes[i % length] = before;
        }
        free(bytes);
        free_batch(&made);
    }
}

/* What is wrong with a batch whose steps are `bytes`. */
static void refuse_steps(const unsigned char *bytes, size_t length, size_t count, const char *why)
{
    codedb_wire_request read;
    batch made;
    codedb_request request = batch_request(&made);
    codedb_program_piece *piece = make_piece(bytes, length);
    size_t size;
    unsigned char *written;
    made.program.first = piece;
    made.program.step_count = count;
    made.program.requirement_count = 0;
    written = request_bytes(&request, &size);
    assert_int_equal(codedb_wire_read_request(&read, allocator(), written, size), CODEDB_INVALID_REQUEST);
    assert_contains(read.result.description, why);
    codedb_wire_request_release(&read);
    free(written);
    free(piece);
    free_batch(&made);
}

static void a_value_that_is_the_same_as_in_the_step_before_crosses_as_such(void **state)
{
    batch made;
    codedb_request request = batch_request(&made);
    size_t length;
    unsigned char *bytes = request_bytes(&request, &length);
    const codedb_requirement *requirement;
    codedb_wire_request read;
    codedb_program_reader reader = {0};
    (void)state;
    assert_int_equal(codedb_wire_read_request(&read, allocator(), bytes, length), CODEDB_SUCCESS);
    reader.program = read.request.program;
    reader.values = read.request.program_values;
    for (size_t step = 0; step < 5; step++)
        assert_non_null(codedb_program_next(&reader, &requirement));
    assert_int_equal(reader.values[1].type, CODEDB_VALUE_ROW_ID_OF);
    reader.values[1] = codedb_value_integer(70); /* as the driver resolves it */
    assert_non_null(codedb_program_next(&reader, &requirement));
    assert_int_equal(reader.values[0].type, CODEDB_VALUE_TEXT);
    assert_memory_equal(reader.values[0].as.text, "x", 1);
    assert_int_equal(reader.values[1].as.integer, 70);
    assert_int_equal(reader.values[2].as.integer, -1);
    assert_null(codedb_program_next(&reader, &requirement));
    codedb_wire_request_release(&read);
    free(bytes);
    free_batch(&made);
}

static void steps_of_a_batch_are_looked_at_one_by_one(void **state)
{
    static const unsigned char unknown_operation[] = {4, 0, 0, 0};
    static const unsigned char later[] = {0, 6, 2, 0, 0, 0, 0, 0, 0};    /* a reference to the next step */
    static const unsigned char no_insert[] = {2, 0, 0, 0, 6, 0, 0};      /* step 0 is an execute */
    static const unsigned char negative[] = {0, 0, 0, 0, 0, 6, 1, 0, 0}; /* a reference to -1 */
    static const unsigned char long_text[] = {0, 3, 100, 'a', 0, 0};
    static const unsigned char half[] = {0, 0, 0};
    static const unsigned char unknown_type[] = {0, 8, 0, 0};
    static const unsigned char same_as_nothing[] = {0, 7, 0, 0};
    static const unsigned char same_as_another[] = {0, 0, 0, 0, 2, 7}; /* an insert, then an execute */
    static const unsigned char long_number[] = {0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0};
    static const unsigned char one[] = {0, 0, 0, 0};
    (void)state;
    refuse_steps(unknown_operation, sizeof unknown_operation, 1, "a step of an unknown operation");
    refuse_steps(later, sizeof later, 2, "a reference to what is no insert before it");
    refuse_steps(no_insert, sizeof no_insert, 2, "a reference to what is no insert before it");
    refuse_steps(negative, sizeof negative, 2, "a reference to what is no insert before it");
    refuse_steps(long_text, sizeof long_text, 1, "a text is longer than what follows");
    refuse_steps(half, sizeof half, 1, "it ends too early");
    refuse_steps(unknown_type, sizeof unknown_type, 1, "a value of an unknown type");
    refuse_steps(same_as_nothing, sizeof same_as_nothing, 1, "the same value as in a step before it that has none such");
    refuse_steps(same_as_another, sizeof same_as_another, 2, "the same value as in a step before it that has none such");
    refuse_steps(long_number, sizeof long_number, 1, "a number has more than 64 bits");
    refuse_steps(one, sizeof one, 2, "it ends too early");
    refuse_steps(one, sizeof one, 0, "bytes behind the last step");
    refuse_steps(one, sizeof one, 5, "a count is larger than what follows");
}

/* What is wrong with a request. */
static void refuse_request(const codedb_request *request, const char *why)
{
    codedb_wire_request read;
    size_t length;
    unsigned char *bytes = request_bytes(request, &length);
    assert_int_equal(codedb_wire_read_request(&read, allocator(), bytes, length), CODEDB_INVALID_REQUEST);
    assert_contains(read.result.description, why);
    codedb_wire_request_release(&read);
    free(bytes);
}

static void what_the_driver_could_not_run_is_refused(void **state)
{
    codedb_operation operation;
    codedb_value four;
    codedb_request request;
    batch made;
    (void)state;
    operation = update_operation();
    operation.where_count = 0;
    operation.value_count = 3;
    request = run_request(operation);
    refuse_request(&request, "an update or delete of all rows");
    operation = update_operation();
    operation.column_count = 0;
    operation.value_count = 2;
    request = run_request(operation);
    refuse_request(&request, "a row without columns");
    operation = update_operation();
    operation.value_count = 4;
    request = run_request(operation);
    refuse_request(&request, "an operation with a wrong number of values");
    operation = update_operation();
    operation.limited = 1;
    operation.value_count = 7;
    request = run_request(operation);
    refuse_request(&request, "a limit on what is no select");
    operation = update_operation();
    operation.table = NULL;
    request = run_request(operation);
    refuse_request(&request, "an operation without its table");
    operation = execute_operation();
    operation.sql = NULL;
    request = run_request(operation);
    refuse_request(&request, "an operation without its SQL");
    for (int kind = CODEDB_REQUEST_BATCH; kind <= CODEDB_REQUEST_STORAGE + 1; kind++) {
        codedb_request empty = {.kind = (codedb_request_kind)kind};
        if (kind != CODEDB_REQUEST_BEGIN && kind != CODEDB_REQUEST_CONNECT && kind != CODEDB_REQUEST_STOP &&
            kind != CODEDB_REQUEST_VACUUM)
            refuse_request(&empty, "a");
    }
    four = codedb_value_integer(4);
    request = (codedb_request){.kind = CODEDB_REQUEST_CHECKPOINT, .values = &four, .operation.value_count = 1};
    refuse_request(&request, "a checkpoint of an unknown kind");
    request = (codedb_request){.kind = CODEDB_REQUEST_RESTORE, .path = "x", .values = &four, .operation.value_count = 1};
    refuse_request(&request, "a table that is no name");
    request = batch_request(&made);
    made.requirement.step = 6;
    refuse_request(&request, "a requirement of a step that is not there");
    made.requirement.step = 3;
    made.requirement.code = CODEDB_SUCCESS;
    refuse_request(&request, "a requirement that fails with an unknown code");
    free_batch(&made);
}

static void a_value_of_a_batch_is_refused_in_a_single_request(void **state)
{
    codedb_value reference[7] = {{CODEDB_VALUE_ROW_ID_OF, {.integer = 0}, 0}};
    codedb_request request = run_request(execute_operation());
    (void)state;
    request.values = reference;
    refuse_request(&request, "a value of an unknown type");
}

static void a_long_text_crosses_in_frames_without_a_copy(void **state)
{
    size_t large = 5 * CODEDB_WIRE_FRAME + 17, length;
    char *text = malloc(large);
    codedb_value long_values[5] = {{CODEDB_VALUE_NULL, {.integer = 0}, 0}};
    codedb_request request = run_request(update_operation());
    codedb_wire_request read;
    codedb_wire_message message;
    unsigned char *bytes;
    (void)state;
    for (size_t i = 0; i < large; i++)
        text[i] = (char)(i * 7);
    for (size_t i = 0; i < 5; i++)
        long_values[i] = (codedb_value){CODEDB_VALUE_BLOB, {.text = text}, large};
    request.values = long_values;
    codedb_wire_message_init(&message, allocator());
    codedb_wire_write_request(&message, &request);
    assert_int_equal(message.segment_count, 5);
    assert_true(message.length < 1000);
    bytes = take_all(&message, &length);
    assert_int_equal(length, message.total);
    codedb_wire_message_free(&message);
    assert_int_equal(codedb_wire_read_request(&read, allocator(), bytes, length), CODEDB_SUCCESS);
    assert_same_request(&read.request, &request);
    codedb_wire_request_release(&read);
    free(bytes);
    free(text);
}

static void many_names_need_more_than_the_first_room(void **state)
{
    enum { COUNT = 3000 };
    const char **names = malloc(COUNT * sizeof *names);
    codedb_value *many = malloc(COUNT * sizeof *many);
    codedb_operation operation = {.struct_size = sizeof operation, .kind = CODEDB_OPERATION_INSERT, .table = "wide"};
    codedb_request request;
    codedb_wire_request read;
    unsigned char *bytes;
    size_t length;
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        names[i] = i % 2 == 0 ? "even" : "odd";
        many[i] = codedb_value_integer(-i);
    }
    operation.columns = names;
    operation.column_count = COUNT;
    operation.value_count = COUNT;
    operation.hash = codedb_operation_hash(&operation);
    request = run_request(operation);
    request.values = many;
    bytes = request_bytes(&request, &length);
    assert_int_equal(codedb_wire_read_request(&read, allocator(), bytes, length), CODEDB_SUCCESS);
    assert_same_request(&read.request, &request);
    codedb_wire_request_release(&read);
    free(bytes);
    free(many);
    free(names);
}

/* ---- Answers ---- */

/* An answer with all that one can have. */
typedef struct answer {
    codedb_request request;
    codedb_result result;
    codedb_rows rows;
    int64_t steps[4];
    batch made;
} answer;

static void make_answer(answer *made, codedb_code code, bool with_rows, bool of_batch)
{
    memset(made, 0, sizeof *made);
    made->result.struct_size = sizeof made->result;
    if (of_batch)
        made->request = batch_request(&made->made);
    made->request.result = &made->result;
    made->request.code = code;
    made->request.transaction = 4;
    made->request.changes = (codedb_changes){-7, INT64_MAX};
    made->request.step_values = made->steps;
    for (int i = 0; i < 4; i++)
        made->steps[i] = 1 - i;
    if (code != CODEDB_SUCCESS) {
        codedb_buffer data;
        codedb_buffer_init(&data, NULL);
        codedb_buffer_append_text(&data, "{\"operation\": 3}");
        codedb_fail_at(&made->result, code, 1, 2, 3, 4, "what was wrong");
        codedb_result_take_data(&made->result, &data);
    }
    made->rows = (codedb_rows){2, 3, columns, values};
    made->request.rows = with_rows ? &made->rows : NULL;
}

static void free_answer(answer *made)
{
    free_batch(&made->made);
    codedb_result_clear(&made->result);
}

/* A request that waits for such an answer. */
static void wait_for(answer *waiting, const answer *expected)
{
    memset(waiting, 0, sizeof *waiting);
    waiting->result.struct_size = sizeof waiting->result;
    waiting->request.result = &waiting->result;
    waiting->request.rows_arena = expected->request.rows != NULL ? codedb_arena_create(NULL) : NULL;
    waiting->request.program = expected->request.program;
    waiting->request.step_values = waiting->steps;
}

static void an_answer_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        answer written, read;
        size_t length;
        unsigned char *bytes;
        make_answer(&written, kind == 0 ? CODEDB_CONFLICT : CODEDB_SUCCESS, kind == 1, kind == 2);
        bytes = answer_bytes(&written.request, &length);
        wait_for(&read, &written);
        assert_int_equal(codedb_wire_read_answer(&read.request, allocator(), bytes, length), CODEDB_SUCCESS);
        assert_int_equal(read.request.code, written.request.code);
        assert_int_equal(read.request.transaction, 4);
        assert_memory_equal(&read.request.changes, &written.request.changes, sizeof written.request.changes);
        assert_string_equal(read.result.description, written.result.description);
        assert_int_equal(read.result.line, written.result.line);
        assert_int_equal(read.result.offset, written.result.offset);
        assert_true((read.result.data == NULL) == (written.result.data == NULL));
        if (kind == 0)
            assert_string_equal(read.result.data, written.result.data);
        if (kind == 2)
            assert_memory_equal(read.steps, written.steps, sizeof written.steps);
        assert_true((read.request.rows == NULL) == (kind != 1));
        if (kind == 1) {
            assert_int_equal(read.request.rows->row_count, 2);
            assert_int_equal(read.request.rows->column_count, 3);
            assert_string_equal(read.request.rows->column_names[2], "docstring");
            for (size_t i = 0; i < 6; i++)
                assert_value(&read.request.rows->values[i], &values[i]);
            assert_int_equal(read.request.rows->values[0].as.text[3], '\0');
        }
        codedb_free(read.request.rows);
        codedb_result_clear(&read.result);
        free_answer(&written);
        free(bytes);
    }
}

static void an_answer_that_ends_early_or_late_or_is_anothers_is_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        answer written, read;
        size_t length;
        unsigned char *bytes;
        make_answer(&written, kind == 0 ? CODEDB_CONFLICT : CODEDB_SUCCESS, kind == 1, kind == 2);
        bytes = answer_bytes(&written.request, &length);
        for (size_t cut = 0; cut <= length + 1; cut++) {
            unsigned char *part = calloc(cut + 1, 1);
            memcpy(part, bytes, cut < length ? cut : length);
            wait_for(&read, &written);
            assert_int_equal(codedb_wire_read_answer(&read.request, allocator(), part, cut),
                             cut == length ? CODEDB_SUCCESS : CODEDB_CONNECTION_ERROR);
            if (cut != length)
                assert_contains(read.result.description, "an answer that cannot be read");
            assert_null(read.request.rows_arena);
            codedb_free(read.request.rows);
            codedb_result_clear(&read.result);
            free(part);
        }
        if (kind == 1 || kind == 2) {
            wait_for(&read, &written);
            codedb_arena_destroy(read.request.rows_arena);
            read.request.rows_arena = NULL;
            read.request.program = NULL;
            assert_int_equal(codedb_wire_read_answer(&read.request, allocator(), bytes, length), CODEDB_CONNECTION_ERROR);
            assert_contains(read.result.description, kind == 1 ? "rows that nobody wants" : "results of another batch");
            codedb_result_clear(&read.result);
        }
        free_answer(&written);
        free(bytes);
    }
}

static void an_answer_with_a_changed_byte_does_no_harm(void **state)
{
    unsigned random = 20260102;
    (void)state;
    print_message("seed %u\n", random);
    for (int kind = 0; kind < 3; kind++) {
        answer written, read;
        size_t length;
        unsigned char *bytes;
        make_answer(&written, kind == 0 ? CODEDB_CONFLICT : CODEDB_SUCCESS, kind == 1, kind == 2);
        bytes = answer_bytes(&written.request, &length);
        for (size_t i = 0; i < length * 40; i++) {
            unsigned char before = bytes[i % length];
            random = random * 1664525u + 1013904223u;
            bytes[i % length] = (unsigned char)(random >> 24);
            wait_for(&read, &written);
            codedb_wire_read_answer(&read.request, allocator(), bytes, length);
            codedb_free(read.request.rows);
            codedb_result_clear(&read.result);
            bytes[i % length] = before;
        }
        free_answer(&written);
        free(bytes);
    }
}

/* ---- Frames ---- */

static void refuse_header(size_t offset, unsigned char byte, const char *why)
{
    codedb_wire_header header = {.kind = CODEDB_WIRE_REQUEST, .length = 100, .tag = 1, .total = 200}, read;
    unsigned char bytes[CODEDB_WIRE_HEADER];
    const char *wrong;
    codedb_wire_write_header(bytes, &header);
    assert_true(codedb_wire_read_header(bytes, &read, &wrong));
    assert_null(wrong);
    bytes[offset] = byte;
    assert_false(codedb_wire_read_header(bytes, &read, &wrong));
    assert_string_equal(wrong, why);
}

static void a_frame_with_a_wrong_header_is_refused(void **state)
{
    (void)state;
    refuse_header(4, CODEDB_WIRE_VERSION + 1, "a frame of another version");
    refuse_header(5, 0, "a frame of an unknown kind");
    refuse_header(5, CODEDB_WIRE_KINDS, "a frame of an unknown kind");
    refuse_header(6, 1, "a frame of an unknown kind");
    refuse_header(7, 1, "a frame of an unknown kind");
    refuse_header(0, 201, "a frame that is too long");
    refuse_header(3, 1, "a frame that is too long");
    refuse_header(23, 1, "a message that is too long");
    refuse_header(0, 0, "an empty frame of a message that is not empty");
}

/* ---- Memory ---- */

static void a_message_without_memory_says_so(void **state)
{
    support_failing failing;
    batch made;
    codedb_request request = batch_request(&made);
    char name[2000];
    (void)state;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    for (size_t i = 0; i < 4; i++)
        made.operations[i].table = name;
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_wire_message message;
        codedb_wire_message_init(&message, &failing.allocator);
        codedb_wire_write_request(&message, &request);
        for (int i = 0; i < 4; i++) /* more segments than there is room for */
            codedb_wire_write_request(&message, &(codedb_request){.kind = CODEDB_REQUEST_BACKUP, .path = name});
        bool failed = message.failed;
        codedb_wire_message_free(&message);
        support_failing_check(&failing, failed ? CODEDB_NO_MEMORY : CODEDB_SUCCESS);
    }
    free_batch(&made);
}

static void reading_without_memory_is_answered(void **state)
{
    support_failing failing;
    answer written;
    size_t length, answer_length;
    unsigned char *bytes, *answered;
    batch made;
    codedb_request request = batch_request(&made);
    codedb_operation many[64], *pointers[64];
    (void)state;
    for (size_t i = 0; i < 64; i++) {
        many[i] = update_operation();
        pointers[i] = i < 4 ? made.pointers[i] : &many[i];
    }
    made.program.operations = pointers; /* too many for the first room */
    made.program.operation_count = 64;
    bytes = request_bytes(&request, &length);
    for (long n = 0; support_failing_start(&failing, n); n++) {
        codedb_wire_request read;
        codedb_code code = codedb_wire_read_request(&read, &failing.allocator, bytes, length);
        codedb_wire_request_release(&read);
        support_failing_check(&failing, code);
    }
    make_answer(&written, CODEDB_SUCCESS, true, false);
    answered = answer_bytes(&written.request, &answer_length);
    for (long n = 0; support_failing_start(&failing, n); n++) {
        answer read;
        codedb_code code = CODEDB_NO_MEMORY;
        wait_for(&read, &written);
        codedb_arena_destroy(read.request.rows_arena);
        read.request.rows_arena = codedb_arena_create(&failing.allocator);
        if (read.request.rows_arena != NULL) {
            codedb_arena_allocate(read.request.rows_arena, 1, 700); /* so that the first chunk is nearly used up */
            code = codedb_wire_read_answer(&read.request, &failing.allocator, answered, answer_length);
            assert_int_equal(code, read.request.code);
        }
        codedb_free(read.request.rows);
        codedb_result_clear(&read.result);
        support_failing_check(&failing, code);
    }
    free_answer(&written);
    free_batch(&made);
    free(answered);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_of_every_kind_is_read_as_it_was_written),
        cmocka_unit_test(a_request_that_ends_early_or_late_is_refused),
        cmocka_unit_test(a_request_with_a_changed_byte_is_refused_or_can_be_run),
        cmocka_unit_test(a_value_that_is_the_same_as_in_the_step_before_crosses_as_such),
        cmocka_unit_test(steps_of_a_batch_are_looked_at_one_by_one),
        cmocka_unit_test(what_the_driver_could_not_run_is_refused),
        cmocka_unit_test(a_value_of_a_batch_is_refused_in_a_single_request),
        cmocka_unit_test(a_long_text_crosses_in_frames_without_a_copy),
        cmocka_unit_test(many_names_need_more_than_the_first_room),
        cmocka_unit_test(an_answer_is_read_as_it_was_written),
        cmocka_unit_test(an_answer_that_ends_early_or_late_or_is_anothers_is_refused),
        cmocka_unit_test(an_answer_with_a_changed_byte_does_no_harm),
        cmocka_unit_test(a_frame_with_a_wrong_header_is_refused),
        cmocka_unit_test(a_message_without_memory_says_so),
        cmocka_unit_test(reading_without_memory_is_answered),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
