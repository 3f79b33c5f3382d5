/* codedb_driver.h -- handles, requests, the queue and the loop: what stands between a host call and a driver.
 *
 *   host thread: handle -> request -> queue ~~> the loop: request -> driver's function table -> database
 *
 * A request is a struct that whoever sends it owns; the loop uses it between the moment when it takes it from the queue and the moment
 * when it answers. Its question holds no pointer to a function, so that it can be encoded and run elsewhere.
 * The loop is the same on a thread of the host's process and in a process of its own:
 *
 *   thread:  codedb_queue_call ~~> codedb_queue_await (sleeps), codedb_loop_turn, and so on, until it is stopping and a turn did nothing
 *   process: decode, codedb_queue_submit, codedb_loop_turn until it does nothing, poll until codedb_loop_wake_time, and so on; each
 *            request's `answered_by` encodes the answer
 *
 * No object names here or in the files that include this for the driver's side. */
#ifndef CODEDB_DRIVER_H
#define CODEDB_DRIVER_H

#include "codedb_internal.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- handles (codedb.c makes and closes them) --------------------------------------------------------------------- */

typedef struct codedb_driver_thread codedb_driver_thread;

typedef enum codedb_handle_kind {
    CODEDB_HANDLE_DATABASE,
    CODEDB_HANDLE_TRANSACTION, /* holds the transaction `transaction` */
    CODEDB_HANDLE_VIEW         /* other request options; inside a transaction when that is not 0 */
} codedb_handle_kind;

struct codedb {
    codedb_handle_kind kind;
    codedb_driver_thread *thread; /* retained by every handle */
    uint64_t transaction;         /* 0: none */
    codedb_priority priority;
    double timeout; /* as in codedb_request_options */
    bool do_not_wait;
};

/* A new handle on the same driver thread with the options and the transaction of `model` (NULL: the defaults). */
CODEDB_PRIVATE codedb_code codedb_handle_create(codedb_driver_thread *thread, codedb_handle_kind kind, const codedb *model,
                                                codedb **handle, codedb_result *result);
/* Releases a handle: nothing is rolled back or stopped. NULL is allowed. */
CODEDB_PRIVATE void codedb_handle_destroy(codedb *handle);

/* What a database in memory begins with: the built-in driver's connect makes it so, or fails. Needed until codedb_driver_start is back. */
typedef struct codedb_beginning {
    const char *sql;      /* makes all tables */
    const char *rest;     /* the end of it: makes those that are not in the image */
    unsigned char *image; /* a SQLite database file with the others, empty; NULL: there is none. Never written */
    size_t image_size;
} codedb_beginning;

/* ---- the driver thread: codedb_driver.c --------------------------------------------------------------------------- */

/* What codedb_open has learned. All pointers are copied or kept by value; nothing is needed after codedb_driver_start. */
typedef struct codedb_driver_options {
    const codedb_driver *driver; /* stays the host's; codedb_sqlite_driver() is the built-in one */
    codedb_driver_settings settings;
    size_t queue_size;          /* 0: 1000 */
    double command_timeout;     /* seconds; 0: 30 */
    double transaction_timeout; /* seconds; 0: 30 */
    double group_time;          /* seconds for which a group takes members; 0: 0.005 */
    bool in_process;            /* the driver runs in a process of its own (codedb_process.h) */
    const char *log_path;       /* of that process's log file, or NULL */
    /* A block of codedb_block_allocate, or NULL: codedb_free frees it with the thread's memory, and it is freed, too, when the start
     * fails. What the layer above wants to know of each database. */
    void *attachment;
    void (*end_attachment)(void *attachment); /* is called before; NULL: there is nothing to do */
} codedb_driver_options;

/* Starts the thread and connects. On success the caller holds the first reference. */
CODEDB_PRIVATE codedb_code codedb_driver_start(const codedb_driver_options *options, codedb_driver_thread **thread,
                                               codedb_result *result);
/* Finishes what is queued, rolls back an open transaction, disconnects and ends the thread. Later requests answer
 * CONNECTION_ERROR. Called once, not from the driver thread itself. */
CODEDB_PRIVATE void codedb_driver_stop(codedb_driver_thread *thread);
/* References: a handle holds one. The last one frees the memory; codedb_driver_stop came before. */
CODEDB_PRIVATE void codedb_driver_retain(codedb_driver_thread *thread);
CODEDB_PRIVATE void codedb_driver_release(codedb_driver_thread *thread);
/* Its table of functions. */
CODEDB_PRIVATE const codedb_driver *codedb_driver_of(const codedb_driver_thread *thread);
CODEDB_PRIVATE void *codedb_driver_attachment(const codedb_driver_thread *thread);
/* False in a child that the host forked: no thread runs there, any lock may be held. Calls answer CONNECTION_ERROR, and nothing of
 * the driver is stopped or freed there. See codedb_home. */
CODEDB_PRIVATE bool codedb_driver_is_here(const codedb_driver_thread *thread);
/* Says so: CONNECTION_ERROR. */
CODEDB_PRIVATE codedb_code codedb_driver_fail_elsewhere(codedb_result *result);
CODEDB_PRIVATE const codedb_allocator *codedb_driver_allocator(const codedb_driver_thread *thread);
/* True on the driver's own thread: whoever waits there waits for himself. */
CODEDB_PRIVATE bool codedb_driver_is_current(const codedb_driver_thread *thread);
/* Writes to the log callback, if the level is wanted. Any thread; never with a lock held. */
CODEDB_PRIVATE void codedb_driver_log(const codedb_driver_thread *thread, codedb_log_level level, const char *format, ...)
    CODEDB_PRINTF(3, 4);
/* The same for who has only the settings. */
CODEDB_PRIVATE void codedb_settings_log(const codedb_driver_settings *settings, codedb_log_level level, const char *format, ...)
    CODEDB_PRINTF(3, 4);

/* Whether a handle's transaction ended because the driver's process did. */
CODEDB_PRIVATE bool codedb_driver_has_lost(const codedb *transaction);
/* Ends the transaction of a handle that is being closed; no error when it has ended already. */
CODEDB_PRIVATE void codedb_driver_abandon(codedb *transaction);

/* The built-in driver, codedb_sqlite.c. */
CODEDB_PRIVATE const codedb_driver *codedb_sqlite_driver(void);

/* ---- operations: codedb_operation.c -------------------------------------------------------------------------------- */

/* An operation's hash, from its other fields. */
CODEDB_PRIVATE uint64_t codedb_operation_hash(const codedb_operation *operation);
CODEDB_PRIVATE bool codedb_operation_equal(const codedb_operation *one, const codedb_operation *other);
/* A copy of an operation and all that it points to, in an arena; false without memory. */
CODEDB_PRIVATE bool codedb_operation_copy(codedb_operation *copy, const codedb_operation *operation, codedb_arena *arena);

/* The operations that hosts ask for again and again, each of them once. Any thread. */
typedef struct codedb_known_operations codedb_known_operations;
/* NULL without memory. */
CODEDB_PRIVATE codedb_known_operations *codedb_known_operations_create(const codedb_allocator *allocator);
CODEDB_PRIVATE void codedb_known_operations_destroy(codedb_known_operations *known);
/* The known operation that equals one, and lives as long as `known`; its memo is the driver's. NULL: there is none yet, and the operation now has
 * its hash. */
CODEDB_PRIVATE codedb_operation *codedb_known_operations_find(codedb_known_operations *known, codedb_operation *operation);

/* ---- requests: codedb_request.c ----------------------------------------------------------------------------------- */

typedef enum codedb_request_kind {
    CODEDB_REQUEST_RUN,   /* one operation */
    CODEDB_REQUEST_BATCH, /* many, all or nothing */
    CODEDB_REQUEST_BEGIN, /* answers the new transaction's id in `transaction` */
    CODEDB_REQUEST_COMMIT,
    CODEDB_REQUEST_ROLLBACK,
    CODEDB_REQUEST_TABLE_INFO, /* of operation.table */
    CODEDB_REQUEST_BACKUP,     /* to `path` */
    CODEDB_REQUEST_SCHEMA,     /* `schema`, behind a backup to `path` unless that is NULL */
    CODEDB_REQUEST_CONNECT,    /* the first request of all */
    CODEDB_REQUEST_STOP,       /* the last one: close */
    CODEDB_REQUEST_RESTORE,    /* from `path`, with `values` (operation.value_count of them): names of tables that it must have */
    CODEDB_REQUEST_CHECK,      /* rows, at most values[0] */
    CODEDB_REQUEST_VACUUM,
    CODEDB_REQUEST_CHECKPOINT, /* values[0]: a codedb_checkpoint_mode */
    CODEDB_REQUEST_STORAGE,    /* a row; also within a transaction */
    CODEDB_REQUEST_SAVEPOINT,  /* within a transaction, like the rest; answers its number in changes.affected_rows */
    CODEDB_REQUEST_RELEASE,    /* values[0]: the number of the savepoint */
    CODEDB_REQUEST_ROLLBACK_TO /* likewise */
} codedb_request_kind;

/* What a step of a batch must find: exactly `expected` rows, else `code` and `description`. */
typedef struct codedb_requirement {
    size_t step;
    int64_t expected;
    codedb_code code;
    const char *description;
} codedb_requirement;

/* Bytes of steps; a step never goes from one piece to the next. */
typedef struct codedb_program_piece {
    struct codedb_program_piece *next;
    size_t size;
    size_t length;
    unsigned char bytes[];
} codedb_program_piece;

/* In a step: the value is that of the step before. No codedb_value_type. */
#define CODEDB_STEP_SAME 7
_Static_assert(CODEDB_VALUE_ROW_ID_OF < CODEDB_STEP_SAME, "the types of values have codes of their own");

/* The steps of a batch. They are kept as bytes, because the memory that a big batch touches costs more than coding and decoding it:
 * each is the number of its operation, then for each value a byte with its type and the value: integers and lengths as variable-length numbers
 * of 7 bits a byte, integers with the sign in the lowest bit, reals as 8 bytes, texts and blobs behind their length. Rows that follow
 * each other have much in common: CODEDB_STEP_SAME stands for a value that the step before has in the same place; both have the same
 * operation then. */
typedef struct codedb_program {
    codedb_operation **operations; /* steps of the same shape share one */
    size_t operation_count;
    codedb_program_piece *first;
    size_t step_count;
    size_t largest;                         /* the most values that a step has */
    const codedb_requirement *requirements; /* in the order of their steps */
    size_t requirement_count;
} codedb_program;

/* Reads a program from its start: zero but for `program` and `values`, which has room for program->largest. */
typedef struct codedb_program_reader {
    const codedb_program *program;
    const codedb_program_piece *piece;
    size_t offset;
    size_t step; /* the number of the next one */
    size_t requirement;
    /* Of the step that was read; texts point into the program. What is the same in the next step stays as it lies there. */
    codedb_value *values;
    bool has_references; /* some of those that were not the same are ROW_ID_OF: a resolved one stays resolved */
} codedb_program_reader;

/* The next step's operation, and what it requires (NULL: nothing); NULL behind the last. */
CODEDB_PRIVATE codedb_operation *codedb_program_next(codedb_program_reader *reader, const codedb_requirement **requirement);

/* Statements that change the schema of which `stamp` was read. */
typedef struct codedb_schema_change {
    const codedb_schema_statement *statements;
    size_t count;
    int64_t stamp;
} codedb_schema_change;

/* How a request goes together with others in one commit. */
typedef enum codedb_request_role {
    CODEDB_ROLE_ALONE,
    CODEDB_ROLE_READS, /* may run in a group, and never is a reason for one */
    CODEDB_ROLE_WRITES
} codedb_request_role;

typedef enum codedb_request_state {
    CODEDB_REQUEST_WAITED_FOR, /* the caller looks at the state */
    CODEDB_REQUEST_SLEPT_FOR,  /* the caller sleeps on `answered` */
    CODEDB_REQUEST_ANSWERED    /* the request is its caller's again */
} codedb_request_state;

/* Rows as bytes, within the request: whoever asked makes a block of them, in memory that only it has touched. */
#define CODEDB_NEAR_SIZE 256
typedef struct codedb_near_rows {
    bool is_complete; /* all rows are here */
    uint16_t length;  /* of the bytes */
    uint16_t column_count;
    uint16_t row_count;
    /* The columns' names, then the rows' values, each followed by its text; all of them begin at multiples of 8. */
    _Alignas(8) unsigned char bytes[CODEDB_NEAR_SIZE];
} codedb_near_rows;

/* What one CPU writes and another one reads goes line by line of the cache, and a line takes longer than many a question. So what every request
 * needs lies in few lines, each of which one side writes. */
#define CODEDB_CACHE_LINE 64

typedef struct codedb_request {
    /* The question, as far as the loop needs it for every request: the first line. */
    codedb_operation *known; /* the operation, when it is a known one; NULL: it is `operation` */
    const codedb_value *values;
    codedb_result *result; /* of the answer: never NULL once it is submitted */
    /* NULL: a caller waits (codedb_queue_call). Else it is called once instead, on the loop's thread and without a lock, when the
     * request is answered: the request is the sender's again, which may free it there. It must not wait for the loop. */
    void (*answered_by)(struct codedb_request *request);
    uint64_t transaction; /* 0: none */
    double timeout;       /* seconds; negative: none */
    codedb_request_kind kind;
    codedb_request_role role;
    codedb_priority priority;
    bool do_not_wait;
    bool wants_rows;
    bool takes_near_rows;   /* few rows are to be left in near_rows, and `rows` stays NULL */
    _Atomic bool cancelled; /* whoever runs it is to give it up, if it can still be as if it had never been */

    /* The rest of the question. */
    codedb_arena *rows_arena; /* made by the caller's thread, which will free it: memory that changes threads is slow */
    uint64_t caller;          /* the thread that asks: codedb_queue_caller() of its process */
    codedb_operation operation;
    const codedb_program *program; /* of a batch */
    codedb_value *program_values;  /* room for program->largest */
    const char *path;              /* of a copy */
    const codedb_schema_change *schema;
    void *context; /* the sender's */
    bool queued;   /* under the queue's lock: still in a lane */
    char apart_from_question[CODEDB_CACHE_LINE];

    /* The loop's and the queue's. */
    double submitted;                    /* monotonic seconds, as the other times are */
    double deadline;                     /* 0: none */
    double taken;                        /* when the loop took it */
    const codedb_near_rows *near_source; /* what near_rows will be, or NULL */
    struct codedb_request *next;
    struct codedb_request *previous;
    char apart_from_answer[CODEDB_CACHE_LINE - 48];

    /* The answer, with the state at its head: the caller looks at it all the time, and gets few rows with it. */
    _Atomic int state; /* codedb_request_state */
    codedb_code code;
    codedb_near_rows near_rows;
    codedb_rows *rows; /* a block for codedb_free, or NULL */
    codedb_changes changes;
    int64_t *step_values; /* of a batch: a row id or affected rows each */
    /* Of one that takes near rows: the arena, which the caller makes while it waits. Whoever needs it takes it out. */
    _Atomic(codedb_arena *) spare_arena;
    pthread_mutex_t lock; /* of `answered`, while the caller sleeps */
    pthread_cond_t answered;
} codedb_request;

#if UINTPTR_MAX == UINT64_MAX
_Static_assert(offsetof(codedb_request, rows_arena) == CODEDB_CACHE_LINE &&
                   offsetof(codedb_request, submitted) % CODEDB_CACHE_LINE == 0 &&
                   offsetof(codedb_request, state) % CODEDB_CACHE_LINE == 0,
               "a request has its lines");
#endif

/* Fetches a request ahead, with the values that usually lie behind it. */
static inline void codedb_request_fetch(const codedb_request *request)
{
    codedb_memory_fetch(request, CODEDB_CACHE_LINE);
    codedb_memory_fetch(request + 1, CODEDB_CACHE_LINE);
}

/* Makes a request as if it had not been answered. */
CODEDB_PRIVATE void codedb_request_clear_answer(codedb_request *request);
/* What a question is. SQL is known by its first word; what begins with another than those that read or change rows is alone. */
CODEDB_PRIVATE codedb_request_role codedb_request_find_role(const codedb_request *request);
/* Sends a request with the handle's options and waits for its answer, which is its code. `result` may be NULL. */
CODEDB_PRIVATE codedb_code codedb_driver_call(codedb *db, codedb_request *request, codedb_result *result);

/* Sends a request that is answered by its `answered_by`, with the handle's options, and does not wait: what it points to, its result included,
 * lives until then. Anything but SUCCESS is the answer itself. */
CODEDB_PRIVATE codedb_code codedb_driver_submit(codedb *db, codedb_request *request);
/* As codedb_queue_cancel. */
CODEDB_PRIVATE void codedb_driver_cancel(codedb_driver_thread *thread, codedb_request *request);

/* A copy of a request of kind RUN and all that its question points to, in an arena; false without memory. */
CODEDB_PRIVATE bool codedb_request_copy(codedb_request *copy, const codedb_request *request, codedb_arena *arena);
/* Batches belong to their host and, while they wait for an answer, to it: codedb_batch_free is called for each. */
CODEDB_PRIVATE void codedb_batch_retain(codedb_batch *batch);
/* Keeps what a batch was answered. */
CODEDB_PRIVATE void codedb_batch_take_answer(codedb_batch *batch, const codedb_request *request);

/* ---- rows: codedb_collect.c ---------------------------------------------------------------------------------------- */

/* Collects the rows of one answer at a time. `writer` is first, so that a driver's pointer is the collector's. */
typedef struct codedb_row_collector {
    codedb_row_writer writer;
    codedb_allocator allocator;
    codedb_request *request; /* the one that is being answered; NULL: none */
    bool is_near;            /* all rows are in near_rows */
    codedb_near_rows near_rows;
    codedb_arena *arena;  /* else its arena, */
    codedb_rows *rows;    /* of which they are the root */
    codedb_value *values; /* kept from answer to answer */
    size_t value_count;
    size_t value_capacity;
} codedb_row_collector;
CODEDB_PRIVATE void codedb_row_collector_init(codedb_row_collector *collector, const codedb_allocator *allocator);
CODEDB_PRIVATE void codedb_row_collector_free(codedb_row_collector *collector);
/* Starts the answer of a request; errors go to its result. */
CODEDB_PRIVATE codedb_row_writer *codedb_row_collector_start(codedb_row_collector *collector, codedb_request *request);
/* Ends it: the rows (with no column when the driver gave none) are the request's near_source, or its rows, for which its arena is used up;
 * or NO_MEMORY. */
CODEDB_PRIVATE codedb_code codedb_row_collector_finish(codedb_row_collector *collector);
/* Ends an answer that failed. */
CODEDB_PRIVATE void codedb_row_collector_drop(codedb_row_collector *collector);
/* Copies near_source to near_rows, if there is one. At the last moment: what the caller looks at is not to be written twice. */
CODEDB_PRIVATE void codedb_request_give_near_rows(codedb_request *request);
/* Makes `rows` of near rows that are complete, in an arena that is used up, or destroyed without memory (false). On the thread that asked. */
CODEDB_PRIVATE bool codedb_request_take_near_rows(codedb_request *request, codedb_arena *arena);

/* ---- requests that nobody waits for: codedb_pending.c -------------------------------------------------------------- */

/* Submits what `request` asks for: one of kind RUN is copied; one of kind BATCH lies in `batch` (else NULL), which is retained. */
CODEDB_PRIVATE codedb_code codedb_pending_start(codedb *db, const codedb_request *request, codedb_batch *batch,
                                                const codedb_submit_options *options, codedb_pending **pending,
                                                codedb_result *result);

/* Changes the schema, all or nothing; with a `backup` path (NULL: none) a copy of the database is written there first. */
CODEDB_PRIVATE codedb_code codedb_schema_change_run(codedb *db, const codedb_schema_change *change, const char *backup,
                                                    codedb_result *result);

/* ---- requests for a database as a whole: codedb_whole.c ------------------------------------------------------------ */

/* Copies that are being made between other requests: all zero to begin with. */
typedef struct codedb_copies {
    codedb_request *first; /* the one that is made now; the others wait */
    bool started;
} codedb_copies;

/* Takes over a BACKUP request that was taken from the queue. */
CODEDB_PRIVATE void codedb_copies_add(codedb_copies *copies, codedb_request *request);
/* Gets the first copy on for a moment, unless a transaction is open. A request that comes back is to be answered with its code. */
CODEDB_PRIVATE codedb_request *codedb_copies_step(codedb_copies *copies, const codedb_driver *driver,
                                                  codedb_connection *connection, bool transaction_is_open);
/* When codedb_copies_step is to be called though no request has come: 0 never. */
CODEDB_PRIVATE double codedb_copies_wake_time(const codedb_copies *copies, bool transaction_is_open);
/* Whether the driver makes copies between other requests. */
CODEDB_PRIVATE bool codedb_whole_can_copy(const codedb_driver *driver);
/* Runs a request from BACKUP (all at once) and RESTORE to STORAGE. */
CODEDB_PRIVATE codedb_code codedb_whole_run(const codedb_driver *driver, codedb_connection *connection, codedb_request *request,
                                            codedb_row_writer *rows);

/* ---- threads and waiting: codedb_wait.c --------------------------------------------------------------------------- */

/* Starts a thread to which no signal of the host's is delivered; false when the system has none. To be joined with pthread_join. */
CODEDB_PRIVATE bool codedb_thread_start(pthread_t *thread, void *(*run)(void *argument), void *argument);

/* Makes a mutex that spins before it sleeps, where the C library has one, for what is held for some nanoseconds only; false without the means.
 * Freed with pthread_mutex_destroy. */
CODEDB_PRIVATE bool codedb_lock_init(pthread_mutex_t *lock);
/* Makes a condition that knows the monotonic clock; false without the means. Freed with pthread_cond_destroy. */
CODEDB_PRIVATE bool codedb_condition_init(pthread_cond_t *condition);
/* Waits, with the lock held, until somebody signals or `deadline` (monotonic seconds; 0: for ever); false when that has passed. */
CODEDB_PRIVATE bool codedb_condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, double deadline);

/* Tells the CPU that this thread does nothing but look. */
static inline void codedb_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/* How long it is worth to spin: what has been learned so far. Only a guess, so that lost updates do no harm. */
typedef struct codedb_spin {
    unsigned largest; /* pauses */
    _Atomic unsigned limit;
    _Atomic unsigned calls;
} codedb_spin;

#define CODEDB_SPIN_SMALLEST 8
#define CODEDB_SPIN_PROBE 64

static inline void codedb_spin_init(codedb_spin *spin, unsigned largest)
{
    spin->largest = largest;
    atomic_init(&spin->limit, largest);
    atomic_init(&spin->calls, 0);
}

/* How often to pause before yielding. Now and then it is tried in full, even when it did not help of late. */
static inline unsigned codedb_spin_limit(codedb_spin *spin)
{
    unsigned calls = atomic_load_explicit(&spin->calls, memory_order_relaxed) + 1;
    atomic_store_explicit(&spin->calls, calls, memory_order_relaxed);
    return calls % CODEDB_SPIN_PROBE == 0 ? spin->largest : atomic_load_explicit(&spin->limit, memory_order_relaxed);
}

/* Spinning that does not help, as on a single CPU, is given up step by step. */
static inline void codedb_spin_learn(codedb_spin *spin, bool helped)
{
    unsigned limit = atomic_load_explicit(&spin->limit, memory_order_relaxed);
    limit = helped ? spin->largest : limit - limit / 8;
    atomic_store_explicit(&spin->limit, limit > CODEDB_SPIN_SMALLEST ? limit : CODEDB_SPIN_SMALLEST, memory_order_relaxed);
}

/* ---- the queue: codedb_queue.c ------------------------------------------------------------------------------------ */

typedef struct codedb_queue codedb_queue;

CODEDB_PRIVATE codedb_code codedb_queue_create(const codedb_allocator *allocator, size_t capacity, codedb_queue **queue,
                                               codedb_result *result);
CODEDB_PRIVATE void codedb_queue_destroy(codedb_queue *queue);
/* What a request's `caller` is on this thread. */
CODEDB_PRIVATE uint64_t codedb_queue_caller(void);
/* A caller's side: puts the request in. Errors of the queue's own (TIMEOUT, QUEUE_FULL, CONNECTION_ERROR when closed, TRANSACTION_ERROR when
 * the thread would wait for itself) are written to its result: anything but SUCCESS is the answer itself. */
CODEDB_PRIVATE codedb_code codedb_queue_ask(codedb_queue *queue, codedb_request *request);
/* Waits until a request that was put in so is answered, and returns its code. TIMEOUT as above. */
CODEDB_PRIVATE codedb_code codedb_queue_wait(codedb_queue *queue, codedb_request *request);
/* Both. */
CODEDB_PRIVATE codedb_code codedb_queue_call(codedb_queue *queue, codedb_request *request);
/* The same without waiting, neither for room (QUEUE_FULL) nor for the answer: `answered_by`, `caller`, `timeout`, `priority`,
 * `transaction` and `result` are set by the sender, like the question. Anything but SUCCESS is the answer itself: then
 * answered_by is not called. From any thread, the loop's own included. */
CODEDB_PRIVATE codedb_code codedb_queue_submit(codedb_queue *queue, codedb_request *request);
/* The loop's side: sleeps until codedb_queue_take may find something, or `deadline` (0: for ever) has passed. */
CODEDB_PRIVATE void codedb_queue_await(codedb_queue *queue, double deadline);
/* The next request that may run now, without waiting; NULL when there is none. Requests without a caller whose time was over while they
 * waited are answered TIMEOUT on the way. */
CODEDB_PRIVATE codedb_request *codedb_queue_take(codedb_queue *queue);
/* The same if it may be in a group. A group is worth its while when codedb_queue_has_writes. */
CODEDB_PRIVATE codedb_request *codedb_queue_take_member(codedb_queue *queue);
CODEDB_PRIVATE bool codedb_queue_has_writes(const codedb_queue *queue);
/* Whether codedb_queue_take would find something. */
CODEDB_PRIVATE bool codedb_queue_has_ready(const codedb_queue *queue);
/* When codedb_queue_take is to be called although nothing has come, because of those; 0: never. */
CODEDB_PRIVATE double codedb_queue_expiry(const codedb_queue *queue);
/* Gives a request up, from any thread: one that waits is answered CANCELLED here, one that runs is interrupted like one whose time is
 * over, and one that was answered stays so. The sender makes sure that it still exists, and hears the outcome as always. */
CODEDB_PRIVATE void codedb_queue_cancel(codedb_queue *queue, codedb_request *request);
/* Gives a request that was taken back to its sender, answered with request->code. It must not be touched behind this. */
CODEDB_PRIVATE void codedb_queue_answer(codedb_queue *queue, codedb_request *request);
/* Answers a request that was taken with TIMEOUT if its time was over before it was; false when there is time left. */
CODEDB_PRIVATE bool codedb_queue_expire(codedb_queue *queue, codedb_request *request);
/* While a transaction is open, only requests that carry its id, and a stop, are taken; id 0 ends it. */
CODEDB_PRIVATE void codedb_queue_hold(codedb_queue *queue, uint64_t transaction, uint64_t owner);
/* From now on calls are answered CONNECTION_ERROR; what is queued stays to be taken. */
CODEDB_PRIVATE void codedb_queue_close(codedb_queue *queue);
/* Counts a commit of the database, for the statistics; and one that `members` requests shared. The loop's side. */
CODEDB_PRIVATE void codedb_queue_count_commit(codedb_queue *queue);
CODEDB_PRIVATE void codedb_queue_count_group(codedb_queue *queue, size_t members);
/* Counts how long a batch held the loop, in seconds. */
CODEDB_PRIVATE void codedb_queue_count_batch(codedb_queue *queue, double seconds);
CODEDB_PRIVATE void codedb_queue_statistics(codedb_queue *queue, codedb_statistics *statistics);

/* ---- the loop: codedb_loop.c -------------------------------------------------------------------------------------- */

/* The connection, the held transaction, and what runs requests. It belongs to the thread that takes its turns, and does not know where
 * that is: on a thread of the host's, or alone in a child process. It never sleeps but in the driver's functions, though it
 * may give its CPU away for a part of a commit's time. */
typedef struct codedb_loop codedb_loop;

/* Makes a loop that is not connected: the first request, of kind CONNECT, does that. `options` (its texts, its driver) and `queue`
 * must live as long as the loop. Any thread. */
CODEDB_PRIVATE codedb_code codedb_loop_create(const codedb_driver_options *options, codedb_queue *queue, codedb_loop **loop,
                                              codedb_result *result);
/* Disconnects and frees it; what is queued stays there. On the loop's thread, once it was connected. NULL is allowed. */
CODEDB_PRIVATE void codedb_loop_destroy(codedb_loop *loop);
/* Does what is to be done now: runs one request, or a group of them, and answers, or rolls an idle transaction back. False when
 * there was nothing to do. */
CODEDB_PRIVATE bool codedb_loop_turn(codedb_loop *loop);
/* When the next turn is due although nothing has come, in monotonic seconds (0: never; the past: at once). */
CODEDB_PRIVATE double codedb_loop_wake_time(const codedb_loop *loop);
/* Has `look` called now and then while a statement runs, on the loop's thread: there a child process reads its socket. It may submit and
 * cancel requests, and takes no turn. */
CODEDB_PRIVATE void codedb_loop_watch(codedb_loop *loop, void (*look)(void *context), void *context);
/* True behind a request of kind STOP: once a turn does nothing, the loop is to be destroyed. */
CODEDB_PRIVATE bool codedb_loop_is_stopping(const codedb_loop *loop);

/* ---- SQL text: codedb_sql.c --------------------------------------------------------------------------------------- */

/* Writes the statement of a table operation: quoted names, a parameter for every value that is needed, in the operation's order. */
CODEDB_PRIVATE void codedb_sql_write(codedb_buffer *sql, codedb_sql_dialect dialect, const codedb_operation *operation);
/* The same in SQLite's dialect for so many rows of an insert, of which those before one that fails stay. */
CODEDB_PRIVATE void codedb_sql_write_rows(codedb_buffer *sql, const codedb_operation *insert, size_t row_count);
/* Writes one quoted name. */
CODEDB_PRIVATE void codedb_sql_write_name(codedb_buffer *sql, codedb_sql_dialect dialect, const char *name);

#endif
