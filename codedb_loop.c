/* codedb_loop.c -- the loop: takes requests from the queue, runs them through a driver's function table, answers.
 *
 * Called by the driver thread (codedb_driver.c), or by the only thread of a child process; it cannot tell which. Calls the queue and the
 * driver's function table; knows neither SQL nor objects, and never sleeps itself.
 *
 * 1. Life   2. Transactions   3. Running   4. Groups   5. Turns
 *
 * Invariants:
 * 1. The connection is used by the loop's thread alone, from connect to disconnect.
 * 2. A request is answered once, and only after what it wrote, and what it could see of others, is committed (outside of a held
 *    transaction).
 * 3. `transaction` is not 0 exactly while the database has a transaction that a host holds; after every call that failed the database is
 *    asked whether it still has, because some failures end it.
 * 4. A request whose time was over before it was taken is not run.
 * 5. A batch is all or nothing: its own transaction, or a savepoint in the held one. Its rows are gathered, and run before any step that is
 *    none, refers to one of them, or is not of their kind.
 * 6. Stop runs everything that was queued before, the requests that waited for a held transaction included, after rolling that back. No
 *    transaction begins behind it.
 *
 * Group commit: a write that finds other writes waiting shares one transaction with them.
 * 7. Members run one after another in the order in which the queue gives them. Each one that writes is in a savepoint of its own:
 *    a member that fails leaves nothing, and its neighbours everything.
 * 8. No member is answered before the commit, reads that ran between the writes included: they have seen what is not yet durable.
 * 9. A commit that fails is every member's answer.
 * 10. A failure that ends the whole transaction (an interrupt, a full disk) is that of the member in which it came. All that ran before
 *    it are run again, each for itself, in their order, before anything else is taken.
 * 11. A member's own deadline and cancel count while it runs; behind that it waits for the truth.
 * 12. A group takes no more members when it has LOOP_GROUP_LARGEST or lasts LOOP_GROUP_TIME (or as the options say); a write that finds no other one
 *    commits by itself, as if there were no groups.
 * 13. Those whom the last group has just answered are likely to come again: a group is open for a part of a commit's time until it has as many
 *    members. When they do not come, that is not done again until there is another group.
 *
 * 14. A transaction that is nobody's and cannot be rolled back is tried again before anything else runs: what would run in it would be
 *    answered and never committed. */
#include "codedb_driver.h"

#include <sched.h>
#include <string.h>

/* The longest that a copy may keep others waiting in a turn. */
#define LOOP_COPY_SECONDS 0.01
#define LOOP_ENDED_REMEMBERED 8
#define LOOP_GROUP_LARGEST 256
#define LOOP_GROUP_TIME 0.005   /* seconds */
#define LOOP_GATHER_TIME 0.001  /* seconds for which members are waited for, at most, */
#define LOOP_GATHER_SHARE 0.5   /* and as a share of what a commit takes, */
#define LOOP_GATHER_WORTH 20e-6 /* which is to be so many seconds at least */
#define LOOP_ROWS 49            /* rows of a batch that are given to the driver at once */
#define LOOP_MEMBER 0           /* the depth of a member's savepoint */
#define LOOP_SAVEPOINTS 1000    /* the most that a host may have open */

/* Why a transaction is no more. */
typedef enum loop_end { LOOP_END_COMMITTED, LOOP_END_ROLLED_BACK, LOOP_END_IDLE, LOOP_END_DATABASE, LOOP_END_CLOSED } loop_end;

/* Inserts of a batch, of the same kind and one behind another, that were read and not run. */
typedef struct loop_rows {
    codedb_operation *operation;
    codedb_value *values;
    size_t capacity; /* values for which there is room */
    size_t count;
    size_t first; /* number of the step */
} loop_rows;

struct codedb_loop {
    codedb_allocator allocator;
    const codedb_driver_options *options;
    codedb_driver driver;       /* the driver's table, in the size that this library knows: a host's may be older */
    const codedb_driver *given; /* the table itself, which connect gets */
    codedb_queue *queue;
    codedb_connection *connection; /* NULL: not connected */
    codedb_row_collector collector;
    loop_rows rows;
    uint64_t transaction;      /* the one that is held, or 0 */
    uint64_t last_transaction; /* ids count from 1 and are never used again */
    double transaction_used;   /* monotonic seconds of its last request */
    uint64_t owner;            /* the thread that holds it */
    int savepoints;            /* that are open in it, numbered from 1; a batch inside it has the next number for itself */
    codedb_copies copies;      /* that are made between requests */
    struct {
        uint64_t transaction;
        loop_end how;
    } ended[LOOP_ENDED_REMEMBERED]; /* by id */
    bool stopping;
    bool stuck;              /* a transaction that is nobody's could not be rolled back */
    codedb_request *running; /* what is_cancelled asks about, or NULL */
    void (*look)(void *context);
    void *look_context;
    codedb_request *members[LOOP_GROUP_LARGEST]; /* of the group that is open, in their order */
    size_t member_count;                         /* 0: none is open */
    size_t expected;                             /* how many members a group is likely to get */
    double group_time;                           /* seconds for which a group takes members */
    double commit_time;                          /* seconds that a group's commit takes, averaged */
};

/* ---- 1. Life ------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_code codedb_loop_create(const codedb_driver_options *options, codedb_queue *queue, codedb_loop **loop,
                                              codedb_result *result)
{
    const codedb_allocator *allocator = &options->settings.allocator;
    codedb_loop *made = codedb_memory_allocate(allocator, 1, sizeof *made);
    *loop = NULL;
    if (made == NULL)
        return codedb_fail_no_memory(result);
    memset(made, 0, sizeof *made);
    made->allocator = *allocator;
    made->options = options;
    codedb_struct_read(&made->driver, sizeof made->driver, options->driver);
    made->given = options->driver;
    made->queue = queue;
    made->group_time = options->group_time > 0 ? options->group_time : LOOP_GROUP_TIME;
    codedb_row_collector_init(&made->collector, &made->allocator);
    *loop = made;
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE void codedb_loop_destroy(codedb_loop *loop)
{
    codedb_allocator allocator;
    if (loop == NULL)
        return;
    allocator = loop->allocator;
    if (loop->connection != NULL)
        loop->driver.disconnect(loop->connection);
    codedb_row_collector_free(&loop->collector);
    codedb_memory_release(&allocator, loop->rows.values);
    codedb_memory_release(&allocator, loop);
}

/* ---- 2. Transactions ----------------------------------------------------------------------------------------------- */

static void loop_forget_transaction(codedb_loop *loop, loop_end how)
{
    size_t slot = loop->transaction % LOOP_ENDED_REMEMBERED;
    loop->ended[slot].transaction = loop->transaction;
    loop->ended[slot].how = how;
    loop->transaction = 0;
    loop->savepoints = 0;
    codedb_queue_hold(loop->queue, 0, 0);
}

/* Invariant 3. */
static void loop_notice_end(codedb_loop *loop)
{
    if (loop->transaction != 0 && !loop->driver.in_transaction(loop->connection)) {
        codedb_settings_log(&loop->options->settings, CODEDB_LOG_WARNING, "the database itself rolled transaction %llu back",
                            (unsigned long long)loop->transaction);
        loop_forget_transaction(loop, LOOP_END_DATABASE);
    }
}

/* What comes now is to be finished, whatever becomes of the request. */
static void loop_let_finish(codedb_loop *loop)
{
    loop->running = NULL;
    loop->driver.set_deadline(loop->connection, 0);
}

/* Rolls back whatever transaction there is. One that cannot be, without memory for instance, is stuck: invariant 14. */
static codedb_code loop_clean(codedb_loop *loop, codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    loop_let_finish(loop);
    if (loop->driver.in_transaction(loop->connection))
        code = loop->driver.rollback(loop->connection, result);
    loop->stuck = loop->driver.in_transaction(loop->connection) != 0;
    if (!loop->stuck)
        return codedb_succeed(result);
    return code != CODEDB_SUCCESS ? code : codedb_fail(result, CODEDB_INTERNAL_ERROR, "the driver says that it rolled back");
}

/* The same, when nobody asked for it. */
static void loop_clean_up(codedb_loop *loop, const char *what)
{
    codedb_result unwanted = CODEDB_INIT(codedb_result);
    if (loop_clean(loop, &unwanted) != CODEDB_SUCCESS)
        codedb_settings_log(&loop->options->settings, CODEDB_LOG_ERROR, "rollback of %s: %s", what, unwanted.description);
    codedb_result_clear(&unwanted);
}

static void loop_roll_back(codedb_loop *loop, loop_end how)
{
    loop_clean_up(loop, "a transaction");
    loop_forget_transaction(loop, how);
}

static codedb_code loop_fail_ended(const codedb_loop *loop, const codedb_request *request)
{
    static const char *const how[] = {
        [LOOP_END_COMMITTED] = "was committed",
        [LOOP_END_ROLLED_BACK] = "was rolled back",
        [LOOP_END_IDLE] = "was rolled back because it was idle for longer than transaction_timeout",
        [LOOP_END_DATABASE] = "was rolled back by the database itself after an error",
        [LOOP_END_CLOSED] = "was rolled back when the database was closed",
    };
    size_t slot = request->transaction % LOOP_ENDED_REMEMBERED;
    if (request->transaction > loop->last_transaction)
        return codedb_fail(request->result, CODEDB_TRANSACTION_ERROR, "transaction %llu does not exist",
                           (unsigned long long)request->transaction);
    return codedb_fail(request->result, CODEDB_TRANSACTION_ERROR, "transaction %llu has ended: it %s",
                       (unsigned long long)request->transaction,
                       loop->ended[slot].transaction == request->transaction ? how[loop->ended[slot].how] : "ended long ago");
}

static codedb_code loop_begin(codedb_loop *loop, codedb_request *request)
{
    codedb_code code;
    if (loop->transaction != 0)
        return codedb_fail(request->result, CODEDB_TRANSACTION_ERROR, "transaction %llu is open already; they do not nest",
                           (unsigned long long)loop->transaction);
    /* Nobody could end it, and what was queued behind it would never be taken. */
    if (loop->stopping)
        return codedb_fail(request->result, CODEDB_CONNECTION_ERROR,
                           "the database is being closed; no transaction begins any more");
    code = loop->driver.begin(loop->connection, request->result);
    if (code != CODEDB_SUCCESS)
        return code;
    loop->transaction = ++loop->last_transaction;
    request->transaction = loop->transaction;
    loop->owner = request->caller;
    codedb_queue_hold(loop->queue, loop->transaction, request->caller);
    return CODEDB_SUCCESS;
}

static codedb_code loop_commit(codedb_loop *loop, codedb_request *request)
{
    codedb_code code = loop->driver.commit(loop->connection, request->result);
    if (code == CODEDB_SUCCESS) {
        codedb_queue_count_commit(loop->queue);
        loop_forget_transaction(loop, LOOP_END_COMMITTED);
    }
    return code;
}

static codedb_code loop_rollback(codedb_loop *loop)
{
    loop_roll_back(loop, LOOP_END_ROLLED_BACK);
    return CODEDB_SUCCESS;
}

static codedb_code loop_savepoint(codedb_loop *loop, codedb_request *request)
{
    codedb_code code;
    if (loop->savepoints == LOOP_SAVEPOINTS)
        return codedb_fail(request->result, CODEDB_TRANSACTION_ERROR,
                           "transaction %llu has %d savepoints, and no more are allowed", (unsigned long long)loop->transaction,
                           LOOP_SAVEPOINTS);
    code = loop->driver.savepoint(loop->connection, loop->savepoints + 1, request->result);
    if (code == CODEDB_SUCCESS)
        request->changes.affected_rows = ++loop->savepoints;
    return code;
}

/* Ends a savepoint and those that were made behind it: keeps what was done since, or undoes it. */
static codedb_code loop_end_savepoint(codedb_loop *loop, codedb_request *request)
{
    int64_t number = request->values[0].as.integer;
    codedb_code code;
    if (number < 1 || number > loop->savepoints)
        return codedb_fail(request->result, CODEDB_TRANSACTION_ERROR, "transaction %llu has no savepoint %lld; %d are open",
                           (unsigned long long)loop->transaction, (long long)number, loop->savepoints);
    if (request->kind == CODEDB_REQUEST_RELEASE)
        code = loop->driver.release(loop->connection, (int)number, request->result);
    else
        code = loop->driver.rollback_to(loop->connection, (int)number, request->result);
    if (code == CODEDB_SUCCESS)
        loop->savepoints = (int)number - 1;
    return code;
}

/* ---- 3. Running ---------------------------------------------------------------------------------------------------- */

static bool loop_was_cancelled(const codedb_request *request)
{
    return atomic_load_explicit(&request->cancelled, memory_order_relaxed);
}

/* The driver asks while it runs something. */
static int loop_is_cancelled(void *context)
{
    codedb_loop *loop = context;
    if (loop->look != NULL)
        loop->look(loop->look_context);
    return loop->running != NULL && loop_was_cancelled(loop->running);
}

static bool loop_has_written(const codedb_request *request)
{
    return request->kind == CODEDB_REQUEST_RUN && request->role != CODEDB_ROLE_READS && request->changes.affected_rows > 0;
}

static codedb_code loop_run(codedb_loop *loop, codedb_request *request)
{
    codedb_operation *operation = request->known != NULL ? request->known : &request->operation;
    codedb_row_writer *writer = NULL;
    codedb_code code;
    if (request->wants_rows)
        writer = codedb_row_collector_start(&loop->collector, request);
    if (request->kind == CODEDB_REQUEST_RUN)
        code = loop->driver.run(loop->connection, operation, request->values, writer, &request->changes, request->result);
    else if (request->kind == CODEDB_REQUEST_TABLE_INFO)
        code = loop->driver.table_info(loop->connection, request->operation.table, writer, request->result);
    else
        code = codedb_whole_run(&loop->driver, loop->connection, request, writer);
    if (writer != NULL) {
        if (code == CODEDB_SUCCESS)
            code = codedb_row_collector_finish(&loop->collector);
        else
            codedb_row_collector_drop(&loop->collector);
        if (loop->member_count > 0)
            codedb_request_give_near_rows(request);
    }
    if (code == CODEDB_SUCCESS && loop->transaction == 0 && loop->member_count == 0 && loop_has_written(request))
        codedb_queue_count_commit(loop->queue);
    return code;
}

/* Puts row ids of earlier steps in the place of references to them. */
static void loop_resolve(const codedb_request *request, codedb_value *values, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        if (values[i].type == CODEDB_VALUE_ROW_ID_OF) {
            values[i].type = CODEDB_VALUE_INTEGER;
            values[i].as.integer = request->step_values[values[i].as.integer];
        }
    }
}

static codedb_code loop_check_requirement(const codedb_requirement *requirement, int64_t found, codedb_result *result)
{
    if (found == requirement->expected)
        return CODEDB_SUCCESS;
    return codedb_fail(result, requirement->code, "%s (%lld rows instead of %lld)", requirement->description, (long long)found,
                       (long long)requirement->expected);
}

/* Says in the result which operation of the batch failed. */
static void loop_name_step(const codedb_loop *loop, const codedb_request *request, const codedb_operation *operation,
                           size_t number, codedb_code code)
{
    char description[CODEDB_DESCRIPTION_SIZE];
    codedb_buffer data;
    memcpy(description, request->result->description, sizeof description);
    description[sizeof description - 1] = '\0';
    codedb_buffer_init(&data, &loop->allocator);
    codedb_buffer_printf(&data, "{\"operation\": %zu", number);
    if (operation->table != NULL) {
        codedb_buffer_append_text(&data, ", \"table\": ");
        codedb_buffer_append_json(&data, operation->table, strlen(operation->table));
    }
    codedb_buffer_append_byte(&data, '}');
    codedb_fail(request->result, code, "operation %zu of the batch: %s", number, description);
    codedb_result_take_data(request->result, &data);
}

/* Short steps never come to the point where a driver looks at the deadline or asks for a cancel. */
static codedb_code loop_check_time(codedb_loop *loop, const codedb_request *request, size_t number)
{
    if (number % 64 != 63)
        return CODEDB_SUCCESS;
    if (loop_is_cancelled(loop))
        return codedb_fail(request->result, CODEDB_CANCELLED, "the batch was cancelled");
    if (request->deadline == 0 || codedb_monotonic_now() < request->deadline)
        return CODEDB_SUCCESS;
    return codedb_fail(request->result, CODEDB_TIMEOUT, "the batch's time of %.3f seconds was over", request->timeout);
}

/* Runs the step that was read last. */
static codedb_code loop_run_step(codedb_loop *loop, codedb_request *request, codedb_program_reader *reader,
                                 codedb_operation *operation, const codedb_requirement *requirement)
{
    codedb_changes changes = {0, 0};
    codedb_code code = loop->driver.run(loop->connection, operation, reader->values, NULL, &changes, request->result);
    if (code == CODEDB_SUCCESS && requirement != NULL)
        code = loop_check_requirement(requirement, changes.affected_rows, request->result);
    request->step_values[reader->step - 1] =
        operation->kind == CODEDB_OPERATION_INSERT ? changes.last_insert_id : changes.affected_rows;
    return code;
}

/* Runs the rows that were read. */
static codedb_code loop_run_rows(codedb_loop *loop, codedb_request *request)
{
    loop_rows *rows = &loop->rows;
    size_t done = 0;
    codedb_code code;
    if (rows->count == 0)
        return CODEDB_SUCCESS;
    code = loop->driver.run_rows(loop->connection, rows->operation, rows->values, rows->count, request->step_values + rows->first,
                                 &done, request->result);
    if (code != CODEDB_SUCCESS)
        loop_name_step(loop, request, rows->operation, rows->first + done, code);
    rows->count = 0;
    return code;
}

/* Whether the step that was read last refers to a row that was not inserted yet. */
static bool loop_refers_to_rows(const codedb_loop *loop, const codedb_program_reader *reader, size_t value_count)
{
    size_t i;
    if (loop->rows.count == 0 || !reader->has_references)
        return false;
    for (i = 0; i < value_count; i++)
        if (reader->values[i].type == CODEDB_VALUE_ROW_ID_OF && (uint64_t)reader->values[i].as.integer >= loop->rows.first)
            return true;
    return false;
}

/* Adds the row that was read last to those that are run later. */
static codedb_code loop_add_row(codedb_loop *loop, const codedb_request *request, const codedb_program_reader *reader,
                                codedb_operation *operation)
{
    loop_rows *rows = &loop->rows;
    size_t width = operation->value_count;
    if (rows->capacity < width * LOOP_ROWS) {
        codedb_value *values =
            codedb_memory_reallocate(&loop->allocator, rows->values, rows->capacity, width * LOOP_ROWS, sizeof *values);
        if (values == NULL)
            return codedb_fail_no_memory(request->result);
        rows->values = values;
        rows->capacity = width * LOOP_ROWS;
    }
    if (rows->count == 0) {
        rows->operation = operation;
        rows->first = reader->step - 1;
    }
    memcpy(rows->values + rows->count++ * width, reader->values, width * sizeof *rows->values);
    return CODEDB_SUCCESS;
}

/* Runs the step that was read last, or puts its row to those that come before it. */
static codedb_code loop_take_step(codedb_loop *loop, codedb_request *request, codedb_program_reader *reader,
                                  codedb_operation *operation, const codedb_requirement *requirement)
{
    loop_rows *rows = &loop->rows;
    bool is_row = operation->kind == CODEDB_OPERATION_INSERT && requirement == NULL && loop->driver.run_rows != NULL;
    codedb_code code = CODEDB_SUCCESS;
    if (!is_row || operation != rows->operation || rows->count == LOOP_ROWS ||
        loop_refers_to_rows(loop, reader, operation->value_count))
        code = loop_run_rows(loop, request);
    if (code != CODEDB_SUCCESS)
        return code;
    if (reader->has_references)
        loop_resolve(request, reader->values, operation->value_count);
    code = is_row ? loop_add_row(loop, request, reader, operation) : loop_run_step(loop, request, reader, operation, requirement);
    if (code != CODEDB_SUCCESS)
        loop_name_step(loop, request, operation, reader->step - 1, code);
    return code;
}

static codedb_code loop_run_steps(codedb_loop *loop, codedb_request *request)
{
    codedb_program_reader reader = {.program = request->program, .values = request->program_values};
    const codedb_requirement *requirement;
    codedb_operation *operation;
    codedb_code code = CODEDB_SUCCESS;
    loop->rows.count = 0;
    while (code == CODEDB_SUCCESS && (operation = codedb_program_next(&reader, &requirement)) != NULL) {
        code = loop_check_time(loop, request, reader.step - 1);
        if (code == CODEDB_SUCCESS)
            code = loop_take_step(loop, request, &reader, operation, requirement);
        else
            loop_name_step(loop, request, operation, reader.step - 1, code);
    }
    return code == CODEDB_SUCCESS ? loop_run_rows(loop, request) : code;
}

/* Takes back what a failed batch has done; the database may have done so already. */
static void loop_undo_batch(codedb_loop *loop, bool inside)
{
    codedb_result unwanted = CODEDB_INIT(codedb_result);
    if (!inside) {
        loop_clean_up(loop, "a batch");
        return;
    }
    loop_let_finish(loop);
    /* Half a batch must not stay in the host's transaction. */
    if (loop->driver.in_transaction(loop->connection) &&
        loop->driver.rollback_to(loop->connection, loop->savepoints + 1, &unwanted) != CODEDB_SUCCESS) {
        codedb_settings_log(&loop->options->settings, CODEDB_LOG_ERROR, "undoing a batch: %s", unwanted.description);
        loop_roll_back(loop, LOOP_END_DATABASE);
    }
    codedb_result_clear(&unwanted);
}

/* Invariant 5. */
static codedb_code loop_run_batch(codedb_loop *loop, codedb_request *request)
{
    const codedb_driver *driver = &loop->driver;
    bool inside = loop->transaction != 0;
    int depth = loop->savepoints + 1;
    codedb_code code;
    code =
        inside ? driver->savepoint(loop->connection, depth, request->result) : driver->begin(loop->connection, request->result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = loop_run_steps(loop, request);
    if (code == CODEDB_SUCCESS)
        code = inside ? driver->release(loop->connection, depth, request->result)
                      : driver->commit(loop->connection, request->result);
    if (code != CODEDB_SUCCESS)
        loop_undo_batch(loop, inside);
    else if (!inside)
        codedb_queue_count_commit(loop->queue);
    return code;
}

/* The same, and notes how long all others waited for it. */
static codedb_code loop_time_batch(codedb_loop *loop, codedb_request *request)
{
    double start = codedb_monotonic_now();
    codedb_code code = loop->member_count > 0 ? loop_run_steps(loop, request) : loop_run_batch(loop, request);
    codedb_queue_count_batch(loop->queue, codedb_monotonic_now() - start);
    return code;
}

/* No copy is made for a change that cannot be. */
static codedb_code loop_change_schema(codedb_loop *loop, codedb_request *request)
{
    const codedb_driver *driver = &loop->driver;
    const codedb_schema_change *change = request->schema;
    codedb_code code;
    if (driver->change_schema == NULL || (driver->backup == NULL && request->path != NULL))
        return codedb_fail(request->result, CODEDB_INVALID_REQUEST, "the driver %s cannot %s", driver->name,
                           driver->change_schema == NULL ? "change the schema" : "make copies");
    code = driver->change_schema(loop->connection, NULL, 0, change->stamp, request->result);
    if (code == CODEDB_SUCCESS && request->path != NULL)
        code = driver->backup(loop->connection, request->path, request->result);
    if (code == CODEDB_SUCCESS)
        code = driver->change_schema(loop->connection, change->statements, change->count, change->stamp, request->result);
    if (code == CODEDB_SUCCESS)
        codedb_queue_count_commit(loop->queue);
    return code;
}

/* Answers a copy that is done with; true when there was something to do. */
static bool loop_copy(codedb_loop *loop)
{
    bool is_open;
    codedb_request *running = loop->running, *done;
    if (loop->copies.first == NULL)
        return false;
    if (loop->stuck)
        loop_clean_up(loop, "what was left");
    is_open = loop->transaction != 0 || loop->stuck;
    loop->running = loop->copies.first;
    done = codedb_copies_step(&loop->copies, &loop->driver, loop->connection, is_open);
    loop->running = running;
    if (done != NULL)
        codedb_queue_answer(loop->queue, done);
    return done != NULL || !is_open;
}

/* Runs what concerns the database as a whole. What replaces all pages does not go with copies of them. */
static codedb_code loop_run_whole(codedb_loop *loop, codedb_request *request)
{
    if (loop->transaction != 0)
        return codedb_fail(request->result, CODEDB_TRANSACTION_ERROR,
                           "transaction %llu is open; this can only be done outside of transactions",
                           (unsigned long long)loop->transaction);
    if (request->kind == CODEDB_REQUEST_RESTORE || request->kind == CODEDB_REQUEST_VACUUM) {
        while (loop_copy(loop))
            continue;
        loop->driver.set_deadline(loop->connection, request->deadline);
    }
    return request->kind == CODEDB_REQUEST_SCHEMA ? loop_change_schema(loop, request) : loop_run(loop, request);
}

static codedb_code loop_connect(codedb_loop *loop, codedb_request *request)
{
    codedb_code code = loop->driver.connect(loop->given, &loop->options->settings, &loop->connection, request->result);
    if (code == CODEDB_SUCCESS && loop->driver.watch != NULL)
        loop->driver.watch(loop->connection, loop_is_cancelled, loop);
    return code;
}

static codedb_code loop_stop(codedb_loop *loop)
{
    if (loop->transaction != 0)
        loop_roll_back(loop, LOOP_END_CLOSED);
    loop->stopping = true;
    return CODEDB_SUCCESS;
}

static codedb_code loop_execute(codedb_loop *loop, codedb_request *request)
{
    switch (request->kind) {
    case CODEDB_REQUEST_RUN:
    case CODEDB_REQUEST_STORAGE:
    case CODEDB_REQUEST_TABLE_INFO: return loop_run(loop, request);
    case CODEDB_REQUEST_BATCH: return loop_time_batch(loop, request);
    case CODEDB_REQUEST_BACKUP:
    case CODEDB_REQUEST_RESTORE:
    case CODEDB_REQUEST_CHECK:
    case CODEDB_REQUEST_VACUUM:
    case CODEDB_REQUEST_CHECKPOINT:
    case CODEDB_REQUEST_SCHEMA: return loop_run_whole(loop, request);
    case CODEDB_REQUEST_BEGIN: return loop_begin(loop, request);
    case CODEDB_REQUEST_COMMIT: return loop_commit(loop, request);
    case CODEDB_REQUEST_ROLLBACK: return loop_rollback(loop);
    case CODEDB_REQUEST_SAVEPOINT: return loop_savepoint(loop, request);
    case CODEDB_REQUEST_RELEASE:
    case CODEDB_REQUEST_ROLLBACK_TO: return loop_end_savepoint(loop, request);
    case CODEDB_REQUEST_CONNECT: return loop_connect(loop, request);
    case CODEDB_REQUEST_STOP: return loop_stop(loop);
    }
    return codedb_fail(request->result, CODEDB_INTERNAL_ERROR, "a request of kind %d", (int)request->kind);
}

/* ---- 4. Groups ----------------------------------------------------------------------------------------------------- */

/* Invariant 14; false when the request has been told why it cannot run. */
static bool loop_unstick(codedb_loop *loop, codedb_request *request)
{
    if (!loop->stuck || request->kind == CODEDB_REQUEST_STOP)
        return true;
    request->code = loop_clean(loop, request->result);
    return request->code == CODEDB_SUCCESS;
}

/* Runs what a request asks for, with its deadline. */
static void loop_run_request(codedb_loop *loop, codedb_request *request)
{
    if (loop_was_cancelled(request)) {
        request->code = codedb_fail(request->result, CODEDB_CANCELLED, "the request was cancelled and not run");
        return;
    }
    if (!loop_unstick(loop, request))
        return;
    if (loop->connection != NULL)
        loop->driver.set_deadline(loop->connection, request->deadline);
    loop->running = request;
    request->code = loop_execute(loop, request);
    loop->running = NULL;
    if (request->code != CODEDB_SUCCESS && loop->connection != NULL && loop->transaction == 0 && loop->member_count == 0 &&
        loop->driver.in_transaction(loop->connection))
        loop_clean_up(loop, "what failed");
}

/* Ends the group's transaction, when it is to be as if it had never been. */
static void loop_give_group_up(codedb_loop *loop)
{
    loop_clean_up(loop, "a group");
}

/* Invariant 7; false when the group's transaction is no more. */
static bool loop_undo_member(codedb_loop *loop)
{
    codedb_result unwanted = CODEDB_INIT(codedb_result);
    bool open = loop->driver.in_transaction(loop->connection) != 0;
    loop->driver.set_deadline(loop->connection, 0);
    if (open && loop->driver.rollback_to(loop->connection, LOOP_MEMBER, &unwanted) != CODEDB_SUCCESS) {
        codedb_settings_log(&loop->options->settings, CODEDB_LOG_ERROR, "undoing a member of a group: %s", unwanted.description);
        loop_give_group_up(loop);
        open = false;
    }
    codedb_result_clear(&unwanted);
    return open;
}

/* Runs a member; false when the group's transaction is no more. */
static bool loop_run_member(codedb_loop *loop, codedb_request *request)
{
    const codedb_driver *driver = &loop->driver;
    loop->members[loop->member_count++] = request;
    if (request->role == CODEDB_ROLE_READS) {
        loop_run_request(loop, request);
        return driver->in_transaction(loop->connection) != 0;
    }
    driver->set_deadline(loop->connection, request->deadline);
    request->code = driver->savepoint(loop->connection, LOOP_MEMBER, request->result);
    if (request->code != CODEDB_SUCCESS) {
        /* It may be open or not; only without any is it certain what stands. */
        loop_give_group_up(loop);
        return false;
    }
    loop_run_request(loop, request);
    if (request->code == CODEDB_SUCCESS)
        request->code = driver->release(loop->connection, LOOP_MEMBER, request->result);
    return request->code == CODEDB_SUCCESS || loop_undo_member(loop);
}

/* Invariant 12. */
static codedb_request *loop_next_member(codedb_loop *loop, double begun)
{
    codedb_request *request;
    do {
        if (loop->member_count == LOOP_GROUP_LARGEST || codedb_monotonic_now() - begun >= loop->group_time)
            return NULL;
        request = codedb_queue_take_member(loop->queue);
    } while (request != NULL && codedb_queue_expire(loop->queue, request));
    return request;
}

/* Whether another member is likely to come, and worth to be waited for. */
static bool loop_expects_members(const codedb_loop *loop)
{
    return loop->member_count < loop->expected && loop->commit_time >= LOOP_GATHER_WORTH;
}

/* Invariant 13. */
static codedb_request *loop_await_member(codedb_loop *loop, double begun)
{
    double window = loop->commit_time * LOOP_GATHER_SHARE;
    double until = codedb_monotonic_now() + (window < LOOP_GATHER_TIME ? window : LOOP_GATHER_TIME);
    codedb_request *request = loop_next_member(loop, begun);
    while (request == NULL && loop_expects_members(loop) && !codedb_queue_has_ready(loop->queue)) {
        if (codedb_monotonic_now() >= until) {
            loop->expected = loop->member_count;
            return NULL;
        }
        sched_yield();
        if (loop->look != NULL)
            loop->look(loop->look_context);
        request = loop_next_member(loop, begun);
    }
    return request;
}

/* Forgets what a request has been answered, so that it can be run again or told something else. */
static void loop_forget_answer(codedb_request *request)
{
    codedb_free(request->rows);
    codedb_request_clear_answer(request);
    codedb_succeed(request->result);
}

/* Invariant 10. */
static void loop_run_again(codedb_loop *loop)
{
    size_t count = loop->member_count;
    size_t i;
    loop->member_count = 0;
    for (i = 0; i + 1 < count; i++) {
        codedb_request *request = loop->members[i];
        loop_forget_answer(request);
        if (request->wants_rows && !request->takes_near_rows && request->rows_arena == NULL)
            request->rows_arena = codedb_arena_create(&loop->allocator);
        loop_run_request(loop, request);
        codedb_queue_answer(loop->queue, request);
    }
    codedb_queue_answer(loop->queue, loop->members[i]);
}

/* Invariants 8 and 9. */
static void loop_commit_group(codedb_loop *loop)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    size_t count = loop->member_count;
    codedb_code code;
    double start;
    size_t i;
    loop->driver.set_deadline(loop->connection, 0);
    start = codedb_monotonic_now();
    code = loop->driver.commit(loop->connection, &result);
    loop->commit_time += (codedb_monotonic_now() - start - loop->commit_time) / 8;
    if (count > loop->expected)
        loop->expected = count;
    if (code != CODEDB_SUCCESS)
        loop_give_group_up(loop);
    else if (count > 1)
        codedb_queue_count_group(loop->queue, count);
    else
        codedb_queue_count_commit(loop->queue);
    loop->member_count = 0;
    for (i = 0; i < count; i++) {
        codedb_request *request = loop->members[i];
        if (code != CODEDB_SUCCESS) {
            loop_forget_answer(request);
            request->code = codedb_fail(request->result, code, "the commit of %zu requests: %s", count, result.description);
        }
        codedb_queue_answer(loop->queue, request);
    }
    codedb_result_clear(&result);
}

/* Runs a write and others that wait, up to their common commit. */
static void loop_run_group(codedb_loop *loop, codedb_request *first)
{
    double begun = codedb_monotonic_now();
    codedb_request *request = first;
    bool open;
    loop->driver.set_deadline(loop->connection, first->deadline);
    first->code = loop->driver.begin(loop->connection, first->result);
    if (first->code != CODEDB_SUCCESS) {
        loop_give_group_up(loop);
        codedb_queue_answer(loop->queue, first);
        return;
    }
    do {
        open = loop_run_member(loop, request);
    } while (open && (request = loop_await_member(loop, begun)) != NULL);
    if (open)
        loop_commit_group(loop);
    else
        loop_run_again(loop);
}

/* ---- 5. Turns ------------------------------------------------------------------------------------------------------ */

/* Runs one request, or a group that it opens, and answers. */
static void loop_serve(codedb_loop *loop, codedb_request *request)
{
    if (codedb_queue_expire(loop->queue, request))
        return;
    if (request->role == CODEDB_ROLE_WRITES && loop->transaction == 0 && !loop->stuck &&
        (codedb_queue_has_writes(loop->queue) || (loop->expected > 1 && loop_expects_members(loop)))) {
        loop_run_group(loop, request);
        return;
    }
    if (request->transaction != 0 && request->transaction != loop->transaction) {
        request->code = loop_fail_ended(loop, request);
    } else if (request->kind == CODEDB_REQUEST_BACKUP && loop->transaction == 0 && codedb_whole_can_copy(&loop->driver)) {
        if (loop_unstick(loop, request)) {
            codedb_copies_add(&loop->copies, request);
            return;
        }
    } else {
        loop_run_request(loop, request);
        if (request->code != CODEDB_SUCCESS && loop->connection != NULL)
            loop_notice_end(loop);
        if (loop->transaction != 0)
            loop->transaction_used = codedb_monotonic_now();
    }
    codedb_queue_answer(loop->queue, request);
}

static double loop_idle_time(const codedb_loop *loop)
{
    return loop->transaction_used + loop->options->transaction_timeout;
}

static bool loop_turn(codedb_loop *loop)
{
    codedb_request *request = codedb_queue_take(loop->queue);
    if (request != NULL) {
        loop_serve(loop, request);
        return true;
    }
    if (loop->transaction != 0 && codedb_monotonic_now() >= loop_idle_time(loop)) {
        codedb_settings_log(&loop->options->settings, CODEDB_LOG_WARNING,
                            "transaction %llu of thread 0x%llx was idle for %.3f seconds and is rolled back",
                            (unsigned long long)loop->transaction, (unsigned long long)loop->owner,
                            loop->options->transaction_timeout);
        loop_roll_back(loop, LOOP_END_IDLE);
        return true;
    }
    return false;
}

/* Gets copies on for a fourth of the time that requests took since `began`, and at least for one step. */
static bool loop_copy_in_turn(codedb_loop *loop, double began)
{
    double now = codedb_monotonic_now();
    double share = (now - began) / 4;
    double until = now + (share < LOOP_COPY_SECONDS ? share : LOOP_COPY_SECONDS);
    bool copied = loop_copy(loop);
    while (copied && codedb_monotonic_now() < until && loop_copy(loop))
        continue;
    return copied;
}

CODEDB_PRIVATE bool codedb_loop_turn(codedb_loop *loop)
{
    double began = loop->copies.first != NULL ? codedb_monotonic_now() : 0;
    bool turned = loop_turn(loop);
    if (loop->copies.first == NULL)
        return turned;
    return loop_copy_in_turn(loop, began != 0 ? began : codedb_monotonic_now()) || turned;
}

/* The earlier of two times, of which 0 is none. */
static double loop_earlier(double one, double other)
{
    if (one == 0 || other == 0)
        return one + other;
    return one < other ? one : other;
}

CODEDB_PRIVATE double codedb_loop_wake_time(const codedb_loop *loop)
{
    double idle = loop->transaction != 0 ? loop_idle_time(loop) : 0;
    double copies = codedb_copies_wake_time(&loop->copies, loop->transaction != 0);
    if (loop->stopping)
        return 1e-9; /* long past: what is queued is taken, and nothing is waited for */
    return loop_earlier(loop_earlier(idle, copies), codedb_queue_expiry(loop->queue));
}

CODEDB_PRIVATE void codedb_loop_watch(codedb_loop *loop, void (*look)(void *context), void *context)
{
    loop->look = look;
    loop->look_context = context;
}

CODEDB_PRIVATE bool codedb_loop_is_stopping(const codedb_loop *loop)
{
    return loop->stopping;
}
