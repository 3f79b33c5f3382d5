/* codedb_process.c -- the host's end of a driver in a process of its own: many threads share one channel.
 *
 * Called by codedb_driver.c in the host's threads; calls the wire, the channel and codedb_worker_spawn. There is no thread of its own: whoever
 * waits for an answer does what is to be done. One of those who wait is the reader: he receives, gives the others their answers and
 * wakes them, and hands his part on when his own answer has come. So a lone thread never waits for another. Where the bytes are in shared
 * memory, he who finds some is the reader while he takes them out; only who sleeps is it for longer.
 *
 * A request that is submitted has nobody who waits: for those there is a thread, the helper, which waits for all of them.
 *
 * 1. Life   2. Sending   3. Losing the worker   4. Receiving   5. The reader   6. Calls   7. The helper   8. Restart, health, stop
 *
 * Invariants (everything but `input` and `going` is under the lock; those are the reader's and the sender's):
 * 1. There is at most one reader and one sender at a time. Only he who is neither waits for being woken; whoever ends being the reader
 *    wakes somebody who waits.
 * 2. A call is answered once: by its answer, or by the loss of the worker, or by its time. Then its tag is nobody's.
 * 3. Bytes of a frame that were given to `out` are sent by somebody, whoever gives up.
 * 4. A request of which not all was sent when the worker was lost has not run. If nothing was sent, it goes to the next worker. What a
 *    sender has in its hands at that moment counts as sent: nobody knows yet how much the worker got. What lies in shared memory and was not
 *    taken by a worker that has ended was not sent.
 * 5. A transaction belongs to one worker: its number is part of the id that the host sees.
 * 6. The channel of a lost worker is closed when nobody reads, sends or looks any more, so that its descriptor's number and its memory
 *    are not another's meanwhile. */
#include "codedb_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESS_INPUT (CODEDB_WIRE_HEADER + CODEDB_WIRE_FRAME)
#define PROCESS_OUTPUT_FULL ((size_t)256 * 1024)
#define PROCESS_SPIN 300     /* pauses of looking into shared memory before the processor is given away */
#define PROCESS_AWAKE 300e-6 /* seconds of looking for an answer before sleep */
#define PROCESS_LOOKERS 64   /* callers that look into shared memory at a time */
#define PROCESS_LOOKERS_SOCKET 16
#define PROCESS_GRACE 2.0   /* seconds behind a deadline in which the worker may say how it ended */
#define PROCESS_SILENCE 5.0 /* seconds, or command_timeout if that is longer, without a word of a worker that is to end */
#define PROCESS_START 120.0 /* seconds for the first connection, which may have a long log to go through */
#define PROCESS_LEAVE 10.0  /* seconds for the supervisor to end; it gives its worker less */
#define PROCESS_SLOT_BITS 20
#define PROCESS_TRANSACTION_BITS 40
#define PROCESS_CALL_ROOM 512

typedef enum process_state {
    PROCESS_STARTING, /* there is no worker; one will come */
    PROCESS_GREETING, /* it is there and has not said how it connected */
    PROCESS_UP,
    PROCESS_FAILED,     /* it could not connect; the next one may */
    PROCESS_RESTARTING, /* it was told to end */
    PROCESS_CLOSED
} process_state;

/* A caller that waits. */
typedef struct process_call {
    codedb_request *request; /* NULL: statistics are wanted */
    codedb_wire_kind kind;   /* of its answer */
    uint64_t tag;
    uint64_t start; /* of its message in all that was ever given to `out` */
    uint64_t end;   /* 0: not all of it was given */
    bool begun;     /* a part of it was */
    unsigned char *bytes;
    bool owns_bytes; /* they lie neither in `room` nor in the rows' arena */
    uint64_t total;
    uint64_t arrived;
    bool no_memory;    /* for its bytes */
    _Atomic bool done; /* changes under the lock; looked at without it */
    bool lost;         /* the worker was */
    bool unsent;       /* and had not got all of it */
    const char *why;   /* it was lost */
    bool sleeps;
    bool has_condition;
    pthread_cond_t wake;
    bool submitted;            /* nobody waits: it is the helper's, and a part of a process_submission */
    struct process_call *next; /* of those who sleep */
    struct process_call *previous;
    unsigned char room[PROCESS_CALL_ROOM];
} process_call;

/* A request that was submitted. */
typedef struct process_submission {
    process_call call; /* first, so that a call's pointer is its submission's */
    struct process_submission *next;
    uint64_t worker;
    uint64_t transaction; /* as the host sees it */
    double until;
    bool given_up;
} process_submission;

struct codedb_process {
    codedb_allocator allocator;
    const codedb_worker_options *options;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* the state, or there is room in `out` again */
    process_state state;
    bool stopping;
    int control;            /* to the supervisor; -1: it is gone */
    int socket;             /* of the channel to the worker; -1: it is gone */
    codedb_channel channel; /* stays behind a loss while somebody reads or sends */
    codedb_spin spin;
    int kick[2]; /* a pipe that wakes the reader out of poll */
    codedb_worker_notice notice;
    double started; /* when the worker connected */
    uint64_t restarts;
    const char *lost;    /* why the last one was */
    codedb_code failure; /* why it could not connect, or why the handle is closed */
    char reason[CODEDB_DESCRIPTION_SIZE];
    codedb_statistics last; /* of the worker, when it was stopped */

    process_call **calls; /* by slot; NULL: free */
    uint32_t *slots;      /* those that are free */
    size_t slot_capacity;
    size_t slots_free;
    uint64_t sequence;
    uint64_t rejected;      /* submissions for which there was no room */
    process_call *sleepers; /* a circle */
    size_t waiters;         /* on `changed` */

    _Atomic uint64_t logging;       /* the reader, while it runs the host's log function; 0: nobody */
    _Atomic uint64_t helper_caller; /* the helper; 0: there is none */
    _Atomic bool reading;           /* somebody is the reader; changes under the lock; looked at without it */
    bool sending;
    int lookers;         /* callers that look for their answers without sleeping */
    codedb_buffer out;   /* what was given */
    codedb_buffer going; /* what is being sent */
    size_t going_sent;
    size_t
        offered; /* bytes of it that the system may have taken and that are not in `sent`, as the sender has not come back yet */
    uint64_t given; /* bytes in all, since the worker is there */
    uint64_t sent;

    bool has_helper;
    bool helper_ends;
    pthread_t helper;
    process_call helping;            /* the helper, as one who waits */
    process_submission *submissions; /* not ended */
    process_submission *finished;    /* ended and not answered, in this order */
    process_submission *finished_last;

    unsigned char *input;
    size_t input_length;
};

/* ---- 1. Life ------------------------------------------------------------------------------------------------------- */

static codedb_code process_make_kick(int kick[2], codedb_result *result)
{
    char why[100];
    if (pipe2(kick, O_CLOEXEC | O_NONBLOCK) == 0) /* what another thread starts at this moment inherits nothing */
        return CODEDB_SUCCESS;
    kick[0] = -1;
    kick[1] = -1;
    codedb_text_system_error(errno, why, sizeof why);
    return codedb_fail(result, CODEDB_CONNECTION_ERROR, "the driver's process cannot be started: there is no pipe for it: %s",
                       why);
}

static codedb_code process_create(const codedb_worker_options *options, codedb_process **created, codedb_result *result)
{
    const codedb_allocator *allocator = &options->driver.settings.allocator;
    codedb_process *made = codedb_memory_allocate(allocator, 1, sizeof *made);
    *created = NULL;
    if (made == NULL)
        return codedb_fail_no_memory(result);
    memset(made, 0, sizeof *made);
    made->allocator = *allocator;
    made->options = options;
    made->control = -1;
    made->socket = -1;
    made->channel = CODEDB_CHANNEL_NONE;
    codedb_spin_init(&made->spin, PROCESS_SPIN);
    made->kick[0] = -1;
    made->kick[1] = -1;
    made->last.struct_size = sizeof made->last;
    codedb_buffer_init(&made->out, allocator);
    codedb_buffer_init(&made->going, allocator);
    if (!codedb_lock_init(&made->lock)) {
        codedb_memory_release(allocator, made);
        return codedb_fail_no_memory(result);
    }
    if (!codedb_condition_init(&made->changed)) {
        pthread_mutex_destroy(&made->lock);
        codedb_memory_release(allocator, made);
        return codedb_fail_no_memory(result);
    }
    *created = made;
    made->input = codedb_memory_allocate(allocator, 1, PROCESS_INPUT);
    if (made->input == NULL)
        return codedb_fail_no_memory(result);
    return process_make_kick(made->kick, result);
}

static void process_close(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

/* Closes a channel that was lost, unless somebody is still at it. */
static void process_close_lost(codedb_process *process)
{
    if (process->socket < 0 && !process->reading && !process->sending && process->lookers == 0)
        codedb_channel_close(&process->channel);
}

CODEDB_PRIVATE void codedb_process_destroy(codedb_process *process)
{
    codedb_allocator allocator;
    if (process == NULL)
        return;
    allocator = process->allocator;
    process_close(&process->kick[0]);
    process_close(&process->kick[1]);
    codedb_buffer_free(&process->out);
    codedb_buffer_free(&process->going);
    codedb_memory_release(&allocator, process->calls);
    codedb_memory_release(&allocator, process->slots);
    codedb_memory_release(&allocator, process->input);
    pthread_cond_destroy(&process->changed);
    pthread_mutex_destroy(&process->lock);
    codedb_memory_release(&allocator, process);
}

static void process_change(codedb_process *process, process_state state)
{
    process->state = state;
    pthread_cond_broadcast(&process->changed);
}

/* ---- 2. Sending ---------------------------------------------------------------------------------------------------- */

static void process_kick(codedb_process *process)
{
    ssize_t done;
    do {
        done = write(process->kick[1], "k", 1); /* a full pipe wakes as well */
    } while (done < 0 && errno == EINTR);
}

static size_t process_pending(const codedb_process *process)
{
    return process->out.length + process->going.length - process->going_sent;
}

static void process_lose(codedb_process *process, const char *why);

/* Takes what was given as what is going; false when there is nothing to send. */
static bool process_next_going(codedb_process *process)
{
    codedb_buffer swap = process->going;
    if (process->going_sent < process->going.length)
        return true;
    swap.length = 0;
    process->going = process->out;
    process->out = swap;
    process->going_sent = 0;
    return process->going.length > 0;
}

/* Sends what was given, as far as the channel takes it without waiting; true: the rest is the reader's to send, who is to know of it. */
static bool process_send_some(codedb_process *process)
{
    int socket = process->socket;
    bool shared = process->channel.memory != NULL; /* then it mostly takes no longer than to give the lock away */
    bool full = false;
    if (process->sending || socket < 0)
        return false;
    process->sending = true;
    while (!full && process->socket == socket && process_next_going(process)) {
        ssize_t sent;
        int error;
        process->offered = process->going.length - process->going_sent;
        if (!shared)
            pthread_mutex_unlock(&process->lock);
        sent = codedb_channel_send(&process->channel, process->going.data + process->going_sent,
                                   process->going.length - process->going_sent);
        error = errno;
        if (!shared)
            pthread_mutex_lock(&process->lock);
        process->offered = 0;
        if (process->socket != socket)
            break; /* lost meanwhile */
        if (sent >= 0) {
            process->going_sent += (size_t)sent;
            process->sent += (uint64_t)sent;
        } else if (error == EAGAIN || error == EWOULDBLOCK) {
            full = true;
        } else if (error != EINTR) {
            process_lose(process, error == EPROTO ? "it has spoilt the memory of the channel" : "it does not read any more");
        }
    }
    process->sending = false;
    if (process->socket != socket) {
        process->going.length = 0;
        process->going_sent = 0;
    }
    process_close_lost(process);
    if (process->waiters > 0)
        pthread_cond_broadcast(&process->changed);
    return full;
}

/* The same by who is not the reader. */
static void process_send(codedb_process *process)
{
    if (process_send_some(process) && process->reading)
        process_kick(process);
}

/* Gives the next frame of a message; false without memory. */
static bool process_give_frame(codedb_process *process, codedb_wire_message *message, codedb_wire_kind kind, uint64_t tag)
{
    uint64_t left = message->total - message->taken;
    size_t size = CODEDB_WIRE_HEADER + (size_t)(left < CODEDB_WIRE_FRAME ? left : CODEDB_WIRE_FRAME);
    if (!codedb_buffer_reserve(&process->out, size)) {
        process->out.failed = false; /* what is in it is whole */
        return false;
    }
    size = codedb_wire_message_take_frame(message, kind, tag, (unsigned char *)process->out.data + process->out.length);
    process->out.length += size;
    process->given += size;
    return true;
}

/* Tells the worker that nobody waits. Without memory it will find out by itself. */
static void process_give_cancel(codedb_process *process, uint64_t tag)
{
    codedb_wire_message nothing;
    codedb_wire_message_init(&nothing, &process->allocator);
    if (process->socket >= 0 && process_give_frame(process, &nothing, CODEDB_WIRE_CANCEL, tag))
        process_send(process);
}

/* ---- 3. Losing the worker ------------------------------------------------------------------------------------------ */

/* The helper has something to do. */
static void process_wake_helper(codedb_process *process)
{
    if (process->helping.sleeps)
        pthread_cond_signal(&process->helping.wake);
    pthread_cond_broadcast(&process->changed);
}

/* Moves a submission to those that are to be answered. */
static void process_hand_over(codedb_process *process, process_submission *submission)
{
    process_submission **link = &process->submissions;
    while (*link != submission)
        link = &(*link)->next;
    *link = submission->next;
    submission->next = NULL;
    if (process->finished_last != NULL)
        process->finished_last->next = submission;
    else
        process->finished = submission;
    process->finished_last = submission;
    process_wake_helper(process);
}

static void process_finish(codedb_process *process, process_call *call)
{
    size_t slot = call->tag & ((1u << PROCESS_SLOT_BITS) - 1);
    if (call->tag == 0)
        return;
    process->calls[slot] = NULL;
    process->slots[process->slots_free++] = (uint32_t)slot;
    call->tag = 0;
    call->done = true;
    call->why = process->lost;
    if (call->submitted)
        process_hand_over(process, (process_submission *)(void *)call);
    else if (call->sleeps)
        pthread_cond_signal(&call->wake);
}

static void process_close_with(codedb_process *process, codedb_code code, const char *reason)
{
    process->failure = code;
    snprintf(process->reason, sizeof process->reason, "%s", reason);
    process_change(process, PROCESS_CLOSED);
}

/* What comes behind a worker. */
static void process_await_next(codedb_process *process)
{
    if (process->stopping)
        process_close_with(process, CODEDB_CONNECTION_ERROR, "the database is closed");
    else if (!process->options->restart)
        process_close_with(process, CODEDB_CONNECTION_ERROR, "the driver's process died, and the database in memory with it");
    else if (process->control < 0)
        process_close_with(process, CODEDB_CONNECTION_ERROR,
                           "the driver's process died, and so did the one that starts it again");
    else if (process->state != PROCESS_FAILED && process->state != PROCESS_CLOSED)
        process_change(process, PROCESS_STARTING);
}

/* The worker is gone: everybody who waits for it is told so at once. */
static void process_lose(codedb_process *process, const char *why)
{
    uint64_t sent = process->sent + process->offered - codedb_channel_untaken(&process->channel);
    size_t i;
    if (process->socket < 0)
        return;
    process->lost = why;
    shutdown(process->socket, SHUT_RDWR);
    process->socket = -1;
    process_close_lost(process);
    for (i = 0; i < process->slot_capacity; i++) {
        process_call *call = process->calls[i];
        if (call == NULL)
            continue;
        call->lost = true;
        call->unsent = call->end == 0 || call->end > sent;
        call->begun = call->begun && sent > call->start;
        process_finish(process, call);
    }
    process->out.length = 0;
    if (!process->sending) {
        process->going.length = 0;
        process->going_sent = 0;
    }
    process->given = 0;
    process->sent = 0;
    process->input_length = 0;
    process_await_next(process);
}

/* Whether the SQL is certain to change nothing: `WITH` may go before an INSERT, a PRAGMA may act. */
static bool process_only_reads(const char *sql, size_t length)
{
    static const char *const readers[] = {"SELECT", "VALUES", "EXPLAIN", NULL};
    char word[8] = "";
    size_t start = 0, size = 0, i;
    while (start < length && strchr(" \t\r\n\f", sql[start]) != NULL)
        start++;
    while (start + size < length && size < sizeof word - 1 && strchr(" \t\r\n\f*(", sql[start + size]) == NULL) {
        word[size] = sql[start + size];
        size++;
    }
    for (i = 0; readers[i] != NULL; i++)
        if (codedb_text_equal_case(word, readers[i]))
            return true;
    return false;
}

/* Whether the request may have changed the database when nobody knows how it ended. */
static bool process_may_have_written(const codedb_request *request)
{
    switch (request->kind) {
    case CODEDB_REQUEST_RUN:
        if (request->operation.kind == CODEDB_OPERATION_EXECUTE)
            return request->transaction == 0 && !process_only_reads(request->operation.sql, request->operation.sql_length);
        return request->transaction == 0 && request->operation.kind != CODEDB_OPERATION_SELECT &&
               request->operation.kind != CODEDB_OPERATION_COUNT;
    case CODEDB_REQUEST_BATCH: return request->transaction == 0;
    case CODEDB_REQUEST_TABLE_INFO:
    case CODEDB_REQUEST_BACKUP:
    case CODEDB_REQUEST_BEGIN:
    case CODEDB_REQUEST_ROLLBACK:
    case CODEDB_REQUEST_CONNECT:
    case CODEDB_REQUEST_STOP: return false;
    default: return true; /* a commit, and whatever concerns the database as a whole */
    }
}

static codedb_code process_fail_lost(const codedb_request *request, bool unsent, const char *why)
{
    if (unsent || !process_may_have_written(request))
        return codedb_fail(request->result, CODEDB_CONNECTION_ERROR, "the driver's process is gone (%s); %s", why,
                           unsent ? "it had not got the request" : "nothing was changed by the request");
    return codedb_fail(request->result, CODEDB_OUTCOME_UNKNOWN,
                       "the driver's process is gone (%s) and had not answered; what was asked for was committed, or was not",
                       why);
}

/* ---- 4. Receiving -------------------------------------------------------------------------------------------------- */

static void process_on_hello(codedb_process *process, const unsigned char *bytes, size_t length)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_request request = {.result = &result};
    codedb_wire_read_answer(&request, &process->allocator, bytes, length);
    if (request.code == CODEDB_SUCCESS) {
        process->started = codedb_monotonic_now();
        if (process->state == PROCESS_GREETING)
            process_change(process, PROCESS_UP);
    } else {
        process->failure = request.code;
        memcpy(process->reason, result.description, sizeof process->reason);
        process_change(process, PROCESS_FAILED);
    }
    codedb_result_clear(&result);
}

static void process_on_log(codedb_process *process, const unsigned char *bytes, size_t length)
{
    char message[CODEDB_DESCRIPTION_SIZE];
    codedb_log_level level;
    if (length == 0 || length > sizeof message || bytes[0] > CODEDB_LOG_ERROR)
        return;
    level = (codedb_log_level)bytes[0];
    memcpy(message, bytes + 1, length - 1);
    message[length - 1] = '\0';
    atomic_store(&process->logging, codedb_queue_caller());
    pthread_mutex_unlock(&process->lock);
    codedb_settings_log(&process->options->driver.settings, level, "%s", message);
    pthread_mutex_lock(&process->lock);
    atomic_store(&process->logging, 0);
}

/* Memory for an answer: with its rows, where it will stay. */
static void process_make_room(codedb_process *process, process_call *call, uint64_t total)
{
    codedb_arena *arena = call->request != NULL ? call->request->rows_arena : NULL;
    call->total = total;
    if (total <= sizeof call->room && arena == NULL)
        call->bytes = call->room;
    else if (arena != NULL)
        call->bytes = codedb_arena_allocate(arena, (size_t)total, 1);
    else
        call->bytes = codedb_memory_allocate(&process->allocator, (size_t)total, 1);
    call->owns_bytes = arena == NULL && call->bytes != call->room;
    call->no_memory = call->bytes == NULL;
}

/* A frame of an answer; false when it cannot be one. One that nobody waits for any more is dropped. */
static bool process_on_answer(codedb_process *process, const codedb_wire_header *header, const unsigned char *bytes)
{
    size_t slot = header->tag & ((1u << PROCESS_SLOT_BITS) - 1);
    process_call *call = slot < process->slot_capacity ? process->calls[slot] : NULL;
    if (call == NULL || call->tag != header->tag)
        return true;
    if (call->kind != header->kind || header->total == 0)
        return false;
    if (call->total == 0)
        process_make_room(process, call, header->total);
    if (header->total != call->total || header->length > call->total - call->arrived)
        return false;
    if (!call->no_memory)
        memcpy(call->bytes + call->arrived, bytes, header->length);
    call->arrived += header->length;
    if (call->arrived == call->total)
        process_finish(process, call);
    return true;
}

static bool process_on_frame(codedb_process *process, const codedb_wire_header *header, const unsigned char *bytes)
{
    bool whole = header->length == header->total;
    switch (header->kind) {
    case CODEDB_WIRE_HELLO:
        if (!whole || process->state == PROCESS_UP)
            return false;
        process_on_hello(process, bytes, header->length);
        return true;
    case CODEDB_WIRE_LOG:
        if (!whole)
            return false;
        process_on_log(process, bytes, header->length);
        return true;
    case CODEDB_WIRE_ANSWER:
    case CODEDB_WIRE_STATISTICS: return process_on_answer(process, header, bytes);
    case CODEDB_WIRE_REQUEST:
    case CODEDB_WIRE_CANCEL:
    case CODEDB_WIRE_ASK_STATISTICS:
    case CODEDB_WIRE_KINDS: break;
    }
    return false;
}

/* Takes all whole frames of the input. */
static void process_take_input(codedb_process *process)
{
    size_t at = 0;
    while (process->input_length - at >= CODEDB_WIRE_HEADER) {
        codedb_wire_header header;
        const char *wrong;
        bool fits = codedb_wire_read_header(process->input + at, &header, &wrong);
        if (fits && process->input_length - at < CODEDB_WIRE_HEADER + header.length)
            break;
        if (fits)
            fits = process_on_frame(process, &header, process->input + at + CODEDB_WIRE_HEADER);
        if (process->socket < 0)
            return; /* lost while a line was logged */
        if (!fits) {
            process_lose(process, "it sent what cannot be understood");
            return;
        }
        at += CODEDB_WIRE_HEADER + header.length;
    }
    process->input_length -= at;
    memmove(process->input, process->input + at, process->input_length);
}

/* ---- 5. The reader ------------------------------------------------------------------------------------------------- */

static int process_poll_timeout(double until)
{
    double left;
    if (until == 0)
        return -1;
    left = (until - codedb_monotonic_now()) * 1000;
    return left <= 0 ? 0 : left > 1e6 ? 1000000 : (int)left + 1;
}

static bool process_is_nothing(ssize_t received)
{
    return received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

/* Reads without the lock: what there is, or what comes until `until`, looking for `awake` seconds before it sleeps. Below 0 with errno as
 * recv; EAGAIN: nothing. */
static ssize_t process_receive(codedb_process *process, unsigned char *into, size_t room, bool more_to_send, double awake,
                               double until)
{
    double asleep = codedb_monotonic_now() + awake;
    ssize_t received;
    char kicks[64];
    if (until != 0 && until < asleep)
        asleep = until;
    for (;;) {
        received = codedb_channel_receive(&process->channel, into, room);
        if (!process_is_nothing(received))
            return received;
        if (more_to_send || codedb_monotonic_now() >= asleep)
            break;
        sched_yield();
    }
    if (codedb_channel_wait(&process->channel, more_to_send, process->kick[0], process_poll_timeout(until)))
        while (read(process->kick[0], kicks, sizeof kicks) > 0)
            continue;
    return codedb_channel_receive(&process->channel, into, room);
}

static void process_on_received(codedb_process *process, ssize_t received, int error)
{
    if (received > 0) {
        process->input_length += (size_t)received;
        process_take_input(process);
    } else if (received == 0) {
        process_lose(process, "it has ended");
    } else if (error != EAGAIN && error != EWOULDBLOCK && error != EINTR) {
        process_lose(process, error == EPROTO ? "it has spoilt the memory of the channel" : "its socket is broken");
    }
}

/* One turn of reading what the worker sends. */
static void process_read_channel(codedb_process *process, double awake, double until)
{
    int socket = process->socket;
    bool more_to_send = !process->sending && process_pending(process) > 0;
    unsigned char *into = process->input + process->input_length;
    size_t room = PROCESS_INPUT - process->input_length;
    ssize_t received;
    int error;
    pthread_mutex_unlock(&process->lock);
    received = process_receive(process, into, room, more_to_send, awake, until);
    error = errno;
    pthread_mutex_lock(&process->lock);
    if (process->socket != socket)
        return;
    process_on_received(process, received, error);
    if (more_to_send)
        process_send_some(process); /* what is left is this reader's, or the next one's */
}

/* The reader's turn where nothing is waited for: reads what is in shared memory, under the lock, which is given away for the host's log
 * function only. */
static void process_take_shared(codedb_process *process)
{
    ssize_t received;
    if (process->reading || process->socket < 0)
        return;
    process->reading = true;
    received =
        codedb_channel_receive(&process->channel, process->input + process->input_length, PROCESS_INPUT - process->input_length);
    process_on_received(process, received, errno);
    process->reading = false;
    process_close_lost(process);
}

static void process_on_notice(codedb_process *process, const codedb_worker_notice *notice)
{
    if (process->notice.number != 0)
        process->restarts++;
    process->notice = *notice;
    process->socket = process->channel.socket;
    process->input_length = 0;
    process_change(process, PROCESS_GREETING);
}

/* Tells the supervisor to kill a worker; false when it is gone. */
static bool process_order_kill(const codedb_process *process, uint64_t worker)
{
    const codedb_worker_order order = {worker};
    return send(process->control, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof order;
}

/* A worker is there, and no channel to it. It is killed, so that there is a next one, to which there may be. */
static void process_on_unreachable(codedb_process *process, const codedb_worker_notice *notice, const char *what, int error)
{
    char why[100];
    if (process->notice.number != 0)
        process->restarts++;
    process->notice = *notice;
    process->failure = CODEDB_CONNECTION_ERROR;
    codedb_text_system_error(error, why, sizeof why);
    snprintf(process->reason, sizeof process->reason, "the driver's process was started, but %s: %s", what, why);
    process_change(process, PROCESS_FAILED);
    process_order_kill(process, notice->number);
}

/* A worker was started: opens the channel to it. */
static void process_meet(codedb_process *process, const codedb_worker_notice *notice, int descriptors[2])
{
    bool all = descriptors[0] >= 0 && (notice->descriptors == 1 || descriptors[1] >= 0);
    if (!all)
        process_on_unreachable(process, notice, "no file descriptor was free here for the channel to it", EMFILE);
    else if (!codedb_channel_open(&process->channel, CODEDB_CHANNEL_HOST, descriptors[0], descriptors[1]))
        process_on_unreachable(process, notice, "there was no memory here for the channel to it", ENOMEM);
    else
        process_on_notice(process, notice);
    if (process->socket >= 0)
        descriptors[0] = -1; /* the channel's now */
}

/* One turn of waiting for a new worker. */
static void process_read_control(codedb_process *process, double until)
{
    int control = process->control;
    struct pollfd wait[2] = {{.fd = control, .events = POLLIN}, {.fd = process->kick[0], .events = POLLIN}};
    codedb_worker_notice notice;
    char kicks[64];
    ssize_t received;
    int descriptors[2], error;
    pthread_mutex_unlock(&process->lock);
    if (poll(wait, 2, process_poll_timeout(until)) > 0 && wait[1].revents != 0)
        while (read(process->kick[0], kicks, sizeof kicks) > 0)
            continue;
    received = codedb_channel_receive_notice(control, &notice, descriptors);
    error = errno;
    pthread_mutex_lock(&process->lock);
    if (received == (ssize_t)sizeof notice && process->socket < 0 && process->state != PROCESS_CLOSED) {
        process_meet(process, &notice, descriptors);
    } else if (received >= 0 || (error != EAGAIN && error != EWOULDBLOCK && error != EINTR)) {
        process_close(&process->control);
        process_await_next(process);
    }
    process_close(&descriptors[0]);
    process_close(&descriptors[1]);
}

/* Whether there is no reader, and something to read. A new worker waits until the channel to the one before is closed (invariant 6). */
static bool process_may_turn(const codedb_process *process)
{
    return !process->reading && (process->socket >= 0 || (process->control >= 0 && !process->sending && process->lookers == 0));
}

/* Who is not the reader and finds none becomes it for a turn, and looks for `awake` seconds before it sleeps. */
static void process_turn(codedb_process *process, double awake, double until)
{
    process->reading = true;
    if (process->socket >= 0)
        process_read_channel(process, awake, until);
    else
        process_read_control(process, until);
    process->reading = false;
    process_close_lost(process);
}

/* Invariant 1. */
static void process_pass_on(codedb_process *process)
{
    if (process->reading)
        return;
    if (process->waiters > 0)
        pthread_cond_broadcast(&process->changed);
    if (process->sleepers != NULL)
        pthread_cond_signal(&process->sleepers->wake);
}

static bool process_is_over(double until)
{
    return until != 0 && codedb_monotonic_now() >= until;
}

/* Waits for a change of the state or of the room in `out`. */
static void process_await_change(codedb_process *process, double until)
{
    if (process_may_turn(process)) {
        process_turn(process, PROCESS_AWAKE, until);
        return;
    }
    process->waiters++;
    codedb_condition_wait(&process->changed, &process->lock, until);
    process->waiters--;
}

/* Looks without giving the processor away; true, with the lock, when there is something to read. Where the look is a call of the system,
 * that is whenever there is no reader. */
static bool process_spin(codedb_process *process, const process_call *call)
{
    bool shared = process->channel.memory != NULL, found = false;
    unsigned pauses = shared ? codedb_spin_limit(&process->spin) : 0;
    while (!call->done) {
        found = !process->reading && (!shared || codedb_channel_has_bytes(&process->channel)) &&
                pthread_mutex_trylock(&process->lock) == 0;
        if (found || pauses == 0)
            break;
        codedb_pause();
        pauses--;
    }
    if (shared)
        codedb_spin_learn(&process->spin, found || call->done);
    return found;
}

/* Looks for the answer for a moment: waking a sleeper costs more than most answers. Few look at a time, since a yield goes round them all.
 * What lies in shared memory is read by anybody who finds it; a socket only by him who becomes the reader behind this. */
static void process_look_out(codedb_process *process, const process_call *call)
{
    bool shared = process->channel.memory != NULL, has_lock = false;
    double until = 0;
    if (process->lookers >= (shared ? PROCESS_LOOKERS : PROCESS_LOOKERS_SOCKET))
        return;
    process->lookers++;
    pthread_mutex_unlock(&process->lock);
    for (;;) {
        has_lock = process_spin(process, call);
        if (has_lock && shared)
            process_take_shared(process);
        if (call->done || (has_lock && !shared) || (until != 0 && codedb_monotonic_now() >= until))
            break;
        if (until == 0)
            until = codedb_monotonic_now() + PROCESS_AWAKE;
        if (has_lock) /* it was another's answer, and this one's comes soon */
            pthread_mutex_unlock(&process->lock);
        else
            sched_yield();
    }
    if (!has_lock)
        pthread_mutex_lock(&process->lock);
    process->lookers--;
    process_close_lost(process);
}

/* Sleeps until somebody wakes this call. */
static void process_sleep(codedb_process *process, process_call *call, double until)
{
    if (!call->has_condition && !(call->has_condition = codedb_condition_init(&call->wake))) {
        pthread_mutex_unlock(&process->lock);
        sched_yield();
        pthread_mutex_lock(&process->lock);
        return;
    }
    call->sleeps = true;
    if (process->sleepers == NULL) {
        process->sleepers = call;
        call->next = call;
        call->previous = call;
    } else {
        call->next = process->sleepers;
        call->previous = process->sleepers->previous;
        call->previous->next = call;
        call->next->previous = call;
    }
    codedb_condition_wait(&call->wake, &process->lock, until);
    call->sleeps = false;
    if (call->next == call) {
        process->sleepers = NULL;
    } else {
        call->next->previous = call->previous;
        call->previous->next = call->next;
        if (process->sleepers == call)
            process->sleepers = call->next;
    }
}

/* ---- 6. Calls ------------------------------------------------------------------------------------------------------ */

static bool process_grow_slots(codedb_process *process)
{
    size_t capacity = process->slot_capacity == 0 ? 64 : process->slot_capacity * 2;
    process_call **calls;
    uint32_t *slots;
    if (capacity > (size_t)1 << PROCESS_SLOT_BITS)
        return false;
    calls = codedb_memory_reallocate(&process->allocator, process->calls, process->slot_capacity, capacity, sizeof *calls);
    if (calls == NULL)
        return false;
    process->calls = calls;
    slots = codedb_memory_reallocate(&process->allocator, process->slots, process->slot_capacity, capacity, sizeof *slots);
    if (slots == NULL)
        return false;
    process->slots = slots;
    for (; process->slot_capacity < capacity; process->slot_capacity++) {
        process->calls[process->slot_capacity] = NULL;
        process->slots[process->slots_free++] = (uint32_t)process->slot_capacity;
    }
    return true;
}

/* Gives the call a tag; false without memory. */
static bool process_register(codedb_process *process, process_call *call)
{
    size_t slot;
    if (process->slots_free == 0 && !process_grow_slots(process))
        return false;
    slot = process->slots[--process->slots_free];
    process->calls[slot] = call;
    call->tag = ++process->sequence << PROCESS_SLOT_BITS | slot;
    call->done = false;
    call->lost = false;
    call->begun = false;
    call->start = process->given;
    call->end = 0;
    call->total = 0;
    call->arrived = 0;
    return true;
}

/* How a call came to its end. */
typedef enum process_end {
    PROCESS_END_ANSWERED,
    PROCESS_END_LOST,
    PROCESS_END_TIME,      /* it was sent */
    PROCESS_END_TIME_HERE, /* it was not, at least not all of it */
    PROCESS_END_NO_MEMORY
} process_end;

/* Gives all frames of a message, waiting for room. */
static bool process_give(codedb_process *process, process_call *call, codedb_wire_kind kind, codedb_wire_message *message,
                         double until, process_end *end)
{
    do {
        while (!call->done && process_pending(process) > PROCESS_OUTPUT_FULL && !process_is_over(until))
            process_await_change(process, until);
        *end = call->done ? PROCESS_END_LOST : PROCESS_END_TIME_HERE;
        if (call->done || process_pending(process) > PROCESS_OUTPUT_FULL)
            return false;
        *end = PROCESS_END_NO_MEMORY;
        if (!process_give_frame(process, message, kind, call->tag))
            return false;
        call->begun = true;
        if (message->taken == message->total)
            call->end = process->given;
        process_send(process);
    } while (message->taken < message->total);
    return true;
}

/* Sends a message and waits until its call has come to an end. Under the lock, which is given away meanwhile. */
static process_end process_exchange(codedb_process *process, process_call *call, codedb_wire_kind kind,
                                    codedb_wire_message *message, double until)
{
    process_end end;
    bool given;
    if (!process_register(process, call))
        return PROCESS_END_NO_MEMORY;
    given = process_give(process, call, kind, message, until, &end);
    while (given && !call->done && !process_is_over(until)) {
        bool shared = process->channel.memory != NULL;
        if (process->reading || shared)
            process_look_out(process, call);
        if (call->done)
            break;
        if (!process->reading && (!shared || process->lookers == 0)) /* the call is not done, so the channel is there */
            process_turn(process, shared ? 0 : PROCESS_AWAKE, until);
        else
            process_sleep(process, call, until); /* the reader, or the last who looks, wakes somebody */
    }
    process_pass_on(process);
    if (call->done)
        return call->lost ? PROCESS_END_LOST : PROCESS_END_ANSWERED;
    if (call->begun)
        process_give_cancel(process, call->tag);
    process_finish(process, call);
    return given ? PROCESS_END_TIME : end;
}

static void process_call_init(process_call *call, codedb_request *request, codedb_wire_kind kind)
{
    memset(call, 0, offsetof(process_call, room));
    call->request = request;
    call->kind = kind;
}

static void process_call_free(codedb_process *process, process_call *call)
{
    if (call->owns_bytes)
        codedb_memory_release(&process->allocator, call->bytes);
    if (call->has_condition)
        pthread_cond_destroy(&call->wake);
}

static codedb_code process_fail_timeout(const codedb_request *request, bool sent)
{
    if (sent && process_may_have_written(request))
        return codedb_fail(
            request->result, CODEDB_OUTCOME_UNKNOWN,
            "the driver's process did not answer in %.3f seconds, the request's timeout, nor in %.0f more; what was "
            "asked for was committed, or was not, or will be",
            request->timeout, PROCESS_GRACE);
    return codedb_fail(request->result, CODEDB_TIMEOUT,
                       "the driver's process did not answer in %.3f seconds, the request's timeout", request->timeout);
}

/* Waits until there is a worker. */
static codedb_code process_await_worker(codedb_process *process, const codedb_request *request)
{
    if (process->state == PROCESS_FAILED && process_may_turn(process))
        process_turn(process, PROCESS_AWAKE, 1e-9); /* a look whether there is a new one */
    while (process->state != PROCESS_UP) {
        if (process->state == PROCESS_CLOSED || process->state == PROCESS_FAILED || process->stopping)
            return codedb_fail(request->result, CODEDB_CONNECTION_ERROR, "%s",
                               process->stopping ? "the database is closed" : process->reason);
        if (request->do_not_wait)
            return codedb_fail(request->result, CODEDB_CONNECTION_ERROR, "the driver's process is being started again");
        if (process_is_over(request->deadline))
            return codedb_fail(request->result, CODEDB_TIMEOUT,
                               "the driver's process did not start again in %.3f seconds, the request's timeout",
                               request->timeout);
        process_await_change(process, request->deadline);
    }
    return CODEDB_SUCCESS;
}

static codedb_code process_check_transaction(const codedb_process *process, uint64_t transaction, codedb_result *result)
{
    uint64_t worker = transaction >> PROCESS_TRANSACTION_BITS;
    uint64_t number = transaction & (((uint64_t)1 << PROCESS_TRANSACTION_BITS) - 1);
    if (transaction == 0 || worker == process->notice.number)
        return CODEDB_SUCCESS;
    if (worker == 0 || worker > process->notice.number)
        return codedb_fail(result, CODEDB_TRANSACTION_ERROR, "transaction %llu does not exist", (unsigned long long)number);
    return codedb_fail(result, CODEDB_TRANSACTION_ERROR,
                       "transaction %llu has ended: it was rolled back when the driver's process ended",
                       (unsigned long long)number);
}

CODEDB_PRIVATE bool codedb_process_has_lost(codedb_process *process, uint64_t transaction)
{
    bool lost;
    pthread_mutex_lock(&process->lock);
    lost = process->socket < 0 || transaction >> PROCESS_TRANSACTION_BITS != process->notice.number;
    pthread_mutex_unlock(&process->lock);
    return lost;
}

/* The answer came, and there is no memory to read it in. */
static codedb_code process_fail_unread(const codedb_request *request)
{
    if (process_may_have_written(request))
        return codedb_fail(
            request->result, CODEDB_OUTCOME_UNKNOWN,
            "there is no memory for the answer of the driver's process; what was asked for was committed, or was not");
    return codedb_fail_no_memory(request->result);
}

/* Reads the answer, or makes one from how the call ended. */
static codedb_code process_read_answer(codedb_process *process, process_call *call, process_end end, uint64_t worker)
{
    codedb_request *request = call->request;
    codedb_code code;
    switch (end) {
    case PROCESS_END_LOST: return process_fail_lost(request, call->unsent, call->why);
    case PROCESS_END_TIME: return process_fail_timeout(request, true);
    case PROCESS_END_TIME_HERE: return process_fail_timeout(request, false);
    case PROCESS_END_NO_MEMORY: return codedb_fail_no_memory(request->result);
    case PROCESS_END_ANSWERED: break;
    }
    if (call->no_memory)
        return process_fail_unread(request);
    code = codedb_wire_read_answer(request, &process->allocator, call->bytes, (size_t)call->total);
    if (code == CODEDB_NO_MEMORY)
        return process_fail_unread(request);
    if (code == CODEDB_CONNECTION_ERROR && process_may_have_written(request))
        return codedb_fail(request->result, CODEDB_OUTCOME_UNKNOWN, "the driver's process gave an answer that cannot be read");
    if (code == CODEDB_SUCCESS && request->kind == CODEDB_REQUEST_BEGIN && request->code == CODEDB_SUCCESS)
        request->transaction |= worker << PROCESS_TRANSACTION_BITS;
    return request->code;
}

/* Sends a request to the worker that is there, or, as long as nothing of it was sent, to the next one. */
static codedb_code process_run(codedb_process *process, process_call *call, codedb_wire_message *message, uint64_t transaction)
{
    codedb_request *request = call->request;
    double until = request->deadline != 0 ? request->deadline + PROCESS_GRACE : 0;
    process_end end = PROCESS_END_LOST;
    uint64_t worker = 0;
    codedb_code code;
    pthread_mutex_lock(&process->lock);
    do {
        codedb_wire_message_rewind(message);
        code = process_await_worker(process, request);
        if (code == CODEDB_SUCCESS)
            code = process_check_transaction(process, transaction, request->result);
        if (code != CODEDB_SUCCESS)
            break;
        worker = process->notice.number;
        end = process_exchange(process, call, CODEDB_WIRE_REQUEST, message, until);
    } while (end == PROCESS_END_LOST && !call->begun);
    process_pass_on(process);
    pthread_mutex_unlock(&process->lock);
    return code == CODEDB_SUCCESS ? process_read_answer(process, call, end, worker) : code;
}

CODEDB_PRIVATE codedb_code codedb_process_call(codedb_process *process, codedb_request *request)
{
    uint64_t transaction = request->transaction;
    codedb_wire_message message;
    process_call call;
    if (request->wants_rows && request->rows_arena == NULL)
        return codedb_fail_no_memory(request->result);
    request->caller = codedb_queue_caller();
    request->deadline = request->timeout < 0 ? 0 : codedb_monotonic_now() + request->timeout;
    request->transaction = transaction & (((uint64_t)1 << PROCESS_TRANSACTION_BITS) - 1);
    codedb_wire_message_init(&message, &process->allocator);
    codedb_wire_write_request(&message, request);
    process_call_init(&call, request, CODEDB_WIRE_ANSWER);
    if (message.failed)
        request->code = codedb_fail_no_memory(request->result);
    else
        request->code = process_run(process, &call, &message, transaction);
    if (request->kind != CODEDB_REQUEST_BEGIN)
        request->transaction = transaction;
    process_call_free(process, &call);
    codedb_wire_message_free(&message);
    return request->code;
}

CODEDB_PRIVATE bool codedb_process_is_current(const codedb_process *process)
{
    uint64_t self = codedb_queue_caller();
    return atomic_load_explicit(&process->logging, memory_order_relaxed) == self ||
           atomic_load_explicit(&process->helper_caller, memory_order_relaxed) == self;
}

/* ---- 7. The helper ------------------------------------------------------------------------------------------------- */

/* Answers what has ended; without the lock. */
static void process_answer(codedb_process *process, process_submission *submission)
{
    codedb_request *request = submission->call.request;
    process_end end = submission->given_up ? PROCESS_END_TIME : submission->call.lost ? PROCESS_END_LOST : PROCESS_END_ANSWERED;
    request->code = process_read_answer(process, &submission->call, end, submission->worker);
    request->transaction = submission->transaction;
    process_call_free(process, &submission->call);
    codedb_memory_release(&process->allocator, submission);
    request->answered_by(request);
}

static process_submission *process_take_finished(codedb_process *process)
{
    process_submission *submission = process->finished;
    process->finished = submission->next;
    if (process->finished == NULL)
        process->finished_last = NULL;
    return submission;
}

/* Gives those up whose time is over; gives when the next one's will be, 0: never. */
static double process_give_up_submissions(codedb_process *process)
{
    process_submission *submission = process->submissions, *following;
    double now = codedb_monotonic_now(), next = 0;
    for (; submission != NULL; submission = following) {
        following = submission->next;
        if (submission->until != 0 && submission->until <= now) {
            submission->given_up = true;
            process_give_cancel(process, submission->call.tag);
            process_finish(process, &submission->call);
            return 1e-9; /* the list is another now */
        }
        if (submission->until != 0 && (next == 0 || submission->until < next))
            next = submission->until;
    }
    return next;
}

/* Waits for the answers to all submissions, as a caller does for his. */
static void process_help(codedb_process *process)
{
    double until = process_give_up_submissions(process);
    if (process->finished != NULL)
        return;
    if (process_may_turn(process))
        process_turn(process, PROCESS_AWAKE, until);
    else
        process_sleep(process, &process->helping, until);
}

static void *process_helper_main(void *argument)
{
    codedb_process *process = argument;
    pthread_mutex_lock(&process->lock);
    atomic_store(&process->helper_caller, codedb_queue_caller());
    for (;;) {
        if (process->finished != NULL) {
            process_submission *submission = process_take_finished(process);
            process_pass_on(process); /* the host's function may take its time */
            pthread_mutex_unlock(&process->lock);
            process_answer(process, submission);
            pthread_mutex_lock(&process->lock);
        } else if (process->submissions != NULL) {
            process_help(process);
        } else if (process->helper_ends) {
            break;
        } else {
            process_pass_on(process);
            process->waiters++;
            pthread_cond_wait(&process->changed, &process->lock);
            process->waiters--;
        }
    }
    pthread_mutex_unlock(&process->lock);
    return NULL;
}

static bool process_start_helper(codedb_process *process)
{
    if (!process->has_helper)
        process->has_helper = codedb_thread_start(&process->helper, process_helper_main, process);
    return process->has_helper;
}

/* Under the lock; the helper answers what was on its way. */
static void process_end_helper(codedb_process *process)
{
    if (!process->has_helper)
        return;
    process->helper_ends = true;
    process_wake_helper(process);
    pthread_mutex_unlock(&process->lock);
    pthread_join(process->helper, NULL);
    pthread_mutex_lock(&process->lock);
    atomic_store(&process->helper_caller, 0);
    process->has_helper = false;
    if (process->helping.has_condition)
        pthread_cond_destroy(&process->helping.wake);
    process->helping.has_condition = false;
}

/* All of its frames at once: a submission does not wait for room. */
static codedb_code process_give_submission(codedb_process *process, process_submission *submission, codedb_wire_message *message)
{
    codedb_request *request = submission->call.request;
    if (process->state != PROCESS_UP || process->stopping)
        return codedb_fail(request->result, CODEDB_CONNECTION_ERROR, "%s",
                           process->stopping ? "the database is closed"
                           : process->state == PROCESS_CLOSED || process->state == PROCESS_FAILED
                               ? process->reason
                               : "the driver's process is being started again");
    if (submission->transaction == 0 && process->slot_capacity - process->slots_free >= process->options->driver.queue_size) {
        process->rejected++;
        return codedb_fail(request->result, CODEDB_QUEUE_FULL, "the queue is full with %zu requests",
                           process->options->driver.queue_size);
    }
    if (!process_start_helper(process) || !process_register(process, &submission->call))
        return codedb_fail_no_memory(request->result);
    submission->worker = process->notice.number;
    do {
        if (process_give_frame(process, message, CODEDB_WIRE_REQUEST, submission->call.tag))
            continue;
        submission->call.submitted = false; /* nor is it, when the worker is lost now */
        process_give_cancel(process, submission->call.tag);
        process_finish(process, &submission->call);
        return codedb_fail_no_memory(request->result);
    } while (message->taken < message->total);
    submission->call.begun = true;
    submission->call.end = process->given;
    submission->next = process->submissions;
    process->submissions = submission;
    process_wake_helper(process);
    process_send(process);
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_process_submit(codedb_process *process, codedb_request *request)
{
    uint64_t transaction = request->transaction;
    process_submission *submission = codedb_memory_allocate(&process->allocator, 1, sizeof *submission);
    codedb_wire_message message;
    codedb_code code;
    if (submission == NULL || (request->wants_rows && request->rows_arena == NULL)) {
        codedb_memory_release(&process->allocator, submission);
        return codedb_fail_no_memory(request->result);
    }
    memset(submission, 0, sizeof *submission);
    process_call_init(&submission->call, request, CODEDB_WIRE_ANSWER);
    submission->call.submitted = true;
    submission->transaction = transaction;
    request->deadline = request->timeout < 0 ? 0 : codedb_monotonic_now() + request->timeout;
    submission->until = request->deadline != 0 ? request->deadline + PROCESS_GRACE : 0;
    request->do_not_wait = false; /* whether there is room was said here */
    request->transaction = transaction & (((uint64_t)1 << PROCESS_TRANSACTION_BITS) - 1);
    codedb_wire_message_init(&message, &process->allocator);
    codedb_wire_write_request(&message, request);
    request->transaction = transaction;
    pthread_mutex_lock(&process->lock);
    code = message.failed ? codedb_fail_no_memory(request->result)
                          : process_check_transaction(process, transaction, request->result);
    if (code == CODEDB_SUCCESS)
        code = process_give_submission(process, submission, &message);
    pthread_mutex_unlock(&process->lock);
    codedb_wire_message_free(&message);
    if (code != CODEDB_SUCCESS)
        codedb_memory_release(&process->allocator, submission);
    return code;
}

CODEDB_PRIVATE void codedb_process_cancel(codedb_process *process, const codedb_request *request)
{
    process_submission *submission;
    pthread_mutex_lock(&process->lock);
    submission = process->submissions;
    while (submission != NULL && submission->call.request != request)
        submission = submission->next;
    if (submission != NULL)
        process_give_cancel(process, submission->call.tag);
    pthread_mutex_unlock(&process->lock);
}

/* ---- 8. Restart, health, stop -------------------------------------------------------------------------------------- */

static codedb_code process_ask_statistics(codedb_process *process, codedb_statistics *statistics, double timeout)
{
    double until = timeout < 0 ? 0 : codedb_monotonic_now() + timeout;
    codedb_wire_message nothing;
    process_call call;
    process_end end;
    codedb_code code = CODEDB_TIMEOUT;
    codedb_wire_message_init(&nothing, &process->allocator);
    process_call_init(&call, NULL, CODEDB_WIRE_STATISTICS);
    end = process_exchange(process, &call, CODEDB_WIRE_ASK_STATISTICS, &nothing, until);
    if (end == PROCESS_END_ANSWERED && call.total == sizeof *statistics && call.bytes != NULL) {
        memcpy(statistics, call.bytes, sizeof *statistics);
        code = CODEDB_SUCCESS;
    } else if (end == PROCESS_END_LOST || end == PROCESS_END_ANSWERED) {
        code = CODEDB_CONNECTION_ERROR;
    } else if (end == PROCESS_END_NO_MEMORY) {
        code = CODEDB_NO_MEMORY;
    }
    process_call_free(process, &call);
    return code;
}

/* What only the host knows. */
static void process_complete_statistics(const codedb_process *process, codedb_statistics *statistics)
{
    statistics->process = process->socket >= 0 ? process->notice.worker : 0;
    statistics->restarts = process->restarts;
    statistics->rejected += process->rejected;
    statistics->uptime = process->socket >= 0 && process->started != 0 ? codedb_monotonic_now() - process->started : 0;
}

CODEDB_PRIVATE codedb_code codedb_process_statistics(codedb_process *process, codedb_statistics *statistics,
                                                     codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    pthread_mutex_lock(&process->lock);
    if (process->state == PROCESS_UP && !process->stopping)
        code = process_ask_statistics(process, &process->last, process->options->driver.command_timeout);
    *statistics = process->last;
    process_complete_statistics(process, statistics);
    process_pass_on(process);
    pthread_mutex_unlock(&process->lock);
    if (code == CODEDB_NO_MEMORY)
        return codedb_fail_no_memory(result);
    return code == CODEDB_TIMEOUT ? codedb_fail(result, code, "the driver's process did not answer in time") : CODEDB_SUCCESS;
}

CODEDB_PRIVATE void codedb_process_health(codedb_process *process, double timeout, codedb_health *health)
{
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    double asked = codedb_monotonic_now();
    codedb_code code = CODEDB_CONNECTION_ERROR;
    pthread_mutex_lock(&process->lock);
    if (process->state != PROCESS_CLOSED && process_may_turn(process))
        process_turn(process, PROCESS_AWAKE, 1e-9); /* a look whether something has changed */
    if (process->state == PROCESS_UP && !process->stopping)
        code = process_ask_statistics(process, &statistics, timeout);
    health->is_process = 1;
    health->is_running = code == CODEDB_SUCCESS;
    health->latency = code == CODEDB_SUCCESS ? codedb_monotonic_now() - asked : -1;
    process_complete_statistics(process, &statistics);
    health->process = statistics.process;
    health->supervisor = process->control >= 0 ? process->notice.supervisor : 0;
    health->restarts = statistics.restarts;
    health->uptime = statistics.uptime;
    process_pass_on(process);
    pthread_mutex_unlock(&process->lock);
}

/* Tells the worker to end; under the lock. */
static process_end process_tell_end(codedb_process *process, double timeout)
{
    codedb_result unwanted = CODEDB_INIT(codedb_result);
    codedb_request request = {.kind = CODEDB_REQUEST_STOP, .timeout = -1, .result = &unwanted};
    double until = timeout < 0 ? 0 : codedb_monotonic_now() + timeout;
    codedb_wire_message message;
    process_call call;
    process_end end;
    codedb_wire_message_init(&message, &process->allocator);
    codedb_wire_write_request(&message, &request);
    process_call_init(&call, &request, CODEDB_WIRE_ANSWER);
    end = message.failed ? PROCESS_END_NO_MEMORY : process_exchange(process, &call, CODEDB_WIRE_REQUEST, &message, until);
    process_call_free(process, &call);
    codedb_wire_message_free(&message);
    return end;
}

/* Reads on until a worker's socket is closed. Somebody else may have read its end, and its successor's beginning, already. */
static bool process_await_end(codedb_process *process, uint64_t worker, double until)
{
    while (process->socket >= 0 && process->notice.number == worker && !process_is_over(until))
        process_await_change(process, until);
    return process->socket < 0 || process->notice.number != worker;
}

/* Whoever else reads the control socket is woken, so that it can be closed. */
static bool process_leave_supervisor(codedb_process *process)
{
    bool ended = false;
    int control;
    char bytes[sizeof(codedb_worker_notice)];
    while (process->reading) {
        process_kick(process);
        process->waiters++;
        codedb_condition_wait(&process->changed, &process->lock, codedb_monotonic_now() + 0.01);
        process->waiters--;
    }
    control = process->control;
    process->control = -1;
    pthread_mutex_unlock(&process->lock);
    if (control >= 0) {
        struct pollfd wait = {.fd = control, .events = POLLIN};
        double until = codedb_monotonic_now() + PROCESS_LEAVE;
        shutdown(control, SHUT_WR);
        while (!ended && !process_is_over(until)) /* until it has ended, too */
            ended = poll(&wait, 1, process_poll_timeout(until)) > 0 && recv(control, bytes, sizeof bytes, MSG_DONTWAIT) == 0;
        close(control);
    }
    pthread_mutex_lock(&process->lock);
    return ended;
}

/* Nothing to do, unless the host is an init, whose child the supervisor has become. */
static void process_reap(const codedb_process *process)
{
    int status;
    if (process->notice.supervisor > 0)
        while (waitpid(process->notice.supervisor, &status, 0) < 0 && errno == EINTR)
            continue;
}

/* Whether the worker says anything in `patience` seconds: it does, whatever it runs. */
static bool process_is_awake(codedb_process *process, double patience)
{
    return process_ask_statistics(process, &process->last, patience) != CODEDB_TIMEOUT;
}

/* Lets the worker finish what was sent, however long that takes, and end; false when it hangs. */
static bool process_let_finish(codedb_process *process, double patience)
{
    uint64_t worker = process->notice.number;
    process_end end;
    do {
        if (!process_is_awake(process, patience))
            return false;
        if (process->state != PROCESS_UP)
            return true;
        end = process_tell_end(process, patience);
    } while (end == PROCESS_END_TIME || end == PROCESS_END_TIME_HERE);
    while (end == PROCESS_END_ANSWERED && !process_await_end(process, worker, codedb_monotonic_now() + patience))
        if (!process_is_awake(process, patience))
            return false;
    return true;
}

/* A worker that hangs is killed: nobody has been told of anything that it still might do. */
static void process_finish_worker(codedb_process *process)
{
    double patience = process->options->driver.command_timeout;
    uint64_t worker = process->notice.number;
    if (!process_let_finish(process, patience > PROCESS_SILENCE ? patience : PROCESS_SILENCE) && process->control >= 0 &&
        process_order_kill(process, worker))
        process_await_end(process, worker, codedb_monotonic_now() + PROCESS_GRACE);
}

CODEDB_PRIVATE void codedb_process_stop(codedb_process *process)
{
    bool ended;
    pthread_mutex_lock(&process->lock);
    process->stopping = true;
    if (process->state == PROCESS_UP)
        process_finish_worker(process);
    if (process->socket >= 0)
        process_lose(process, "it was closed");
    process_close_with(process, CODEDB_CONNECTION_ERROR, "the database is closed");
    process_end_helper(process);
    ended = process_leave_supervisor(process);
    process_pass_on(process);
    pthread_mutex_unlock(&process->lock);
    if (ended)
        process_reap(process);
}

/* Starts everything anew when the supervisor is gone, else has it start a worker behind that one at once. */
static codedb_code process_order_worker(codedb_process *process, uint64_t worker, codedb_result *result)
{
    codedb_code code;
    if (process->control >= 0) {
        if (process_order_kill(process, worker))
            return CODEDB_SUCCESS;
        if (!process->reading)
            process_close(&process->control);
    }
    if (process->control >= 0)
        return CODEDB_SUCCESS;
    code = codedb_worker_spawn(process->options, &process->control, result);
    if (code == CODEDB_SUCCESS)
        process_change(process, PROCESS_STARTING);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_process_restart(codedb_process *process, double timeout, codedb_result *result)
{
    codedb_request waiting = {.timeout = timeout, .result = result};
    codedb_code code = CODEDB_SUCCESS;
    bool ended = false;
    uint64_t worker;
    waiting.deadline = timeout < 0 ? 0 : codedb_monotonic_now() + timeout;
    if (!process->options->restart)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "a new process would begin with an empty database in memory");
    pthread_mutex_lock(&process->lock);
    worker = process->notice.number;
    if (process->stopping) {
        code = codedb_fail(result, CODEDB_CONNECTION_ERROR, "the database is closed");
    } else if (process->state == PROCESS_UP) {
        process_change(process, PROCESS_RESTARTING);
        ended =
            process_tell_end(process, timeout) == PROCESS_END_ANSWERED && process_await_end(process, worker, waiting.deadline);
    } else if (process->state == PROCESS_RESTARTING) {
        ended =
            process_await_end(process, worker, waiting.deadline); /* it was told; killed at once, it would lose what it runs */
    }
    if (code == CODEDB_SUCCESS && (!ended || process->control < 0))
        code = process_order_worker(process, worker, result);
    if (code == CODEDB_SUCCESS && !ended && process->socket >= 0 &&
        !process_await_end(process, worker, codedb_monotonic_now() + PROCESS_GRACE))
        process_lose(process, "it does not end"); /* and nobody is left who could kill it */
    if (code == CODEDB_SUCCESS && process->state == PROCESS_FAILED)
        process_change(process, PROCESS_STARTING);
    if (code == CODEDB_SUCCESS)
        code = process_await_worker(process, &waiting);
    process_pass_on(process);
    pthread_mutex_unlock(&process->lock);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_process_start(const codedb_worker_options *options, codedb_process **process,
                                                codedb_result *result)
{
    codedb_process *made;
    double until;
    codedb_code code = process_create(options, &made, result);
    *process = NULL;
    if (code == CODEDB_SUCCESS)
        code = codedb_worker_spawn(options, &made->control, result);
    if (code != CODEDB_SUCCESS) {
        codedb_process_destroy(made);
        return code;
    }
    pthread_mutex_lock(&made->lock);
    until = codedb_monotonic_now() + PROCESS_START;
    while ((made->state == PROCESS_STARTING || made->state == PROCESS_GREETING) && !process_is_over(until))
        process_await_change(made, until);
    if (made->state == PROCESS_STARTING || made->state == PROCESS_GREETING)
        code =
            codedb_fail(result, CODEDB_CONNECTION_ERROR, "the driver's process did not connect in %.0f seconds", PROCESS_START);
    else if (made->state != PROCESS_UP)
        code = codedb_fail(result, made->failure, "%s", made->reason);
    pthread_mutex_unlock(&made->lock);
    if (code != CODEDB_SUCCESS) {
        codedb_process_stop(made);
        codedb_process_destroy(made);
        return code;
    }
    *process = made;
    return CODEDB_SUCCESS;
}
