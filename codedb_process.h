/* codedb_process.h -- the driver in a process of its own: the messages that cross, the channel that they cross, and the host's end of it.
 *
 *   host thread: request -> message -> frames ~~channel~~> child: frames -> message -> request -> queue -> loop
 *
 * A message is a request, an answer, ...; it crosses in frames of at most CODEDB_WIRE_FRAME bytes, so that a large one does not keep small
 * ones waiting. */
#ifndef CODEDB_PROCESS_H
#define CODEDB_PROCESS_H

#include "codedb_driver.h"

#include <sys/types.h>

/* ---- codedb_wire.c ------------------------------------------------------------------------------------------------- */

#define CODEDB_WIRE_VERSION 2
#define CODEDB_WIRE_HEADER ((size_t)24)
#define CODEDB_WIRE_FRAME ((size_t)64 * 1024)    /* the most bytes of a message in one frame */
#define CODEDB_WIRE_LARGEST ((uint64_t)64 << 30) /* the most bytes of a message: rows of several GB may cross */
#define CODEDB_WIRE_MESSAGE_ROOM ((size_t)768)
#define CODEDB_WIRE_REQUEST_ROOM ((size_t)4096)

/* From 1, without a gap. */
typedef enum codedb_wire_kind {
    CODEDB_WIRE_HELLO = 1,      /* child: an answer, how it connected; its tag is 0 */
    CODEDB_WIRE_REQUEST,        /* host: a request; its answer has the same tag */
    CODEDB_WIRE_ANSWER,         /* child: an answer */
    CODEDB_WIRE_CANCEL,         /* host: gives the request with the tag up, whole or not; no bytes */
    CODEDB_WIRE_ASK_STATISTICS, /* host: no bytes */
    CODEDB_WIRE_STATISTICS,     /* child: a codedb_statistics */
    CODEDB_WIRE_LOG,            /* child: a byte with the level, the line */
    CODEDB_WIRE_KINDS
} codedb_wire_kind;

/* What stands before the bytes of a frame. */
typedef struct codedb_wire_header {
    codedb_wire_kind kind;
    uint32_t length; /* bytes of the message in this frame; 0 only when total is */
    uint64_t tag;
    uint64_t total; /* bytes of the whole message, the same in all its frames */
} codedb_wire_header;

CODEDB_PRIVATE void codedb_wire_write_header(unsigned char bytes[], const codedb_wire_header *header);
/* False, with the reason in *wrong, for a version, kind or length that cannot be: nothing behind it can be understood. */
CODEDB_PRIVATE bool codedb_wire_read_header(const unsigned char bytes[], codedb_wire_header *header, const char **wrong);

/* Bytes of the sender's memory that are part of a message, behind the first `at` of its own. */
typedef struct codedb_wire_segment {
    size_t at;
    const void *bytes;
    size_t length;
} codedb_wire_segment;

/* A message that is being written, and then taken frame by frame. Long texts are not copied: what it was made from must live until all
 * is taken. Not to be moved. */
typedef struct codedb_wire_message {
    codedb_allocator allocator;
    unsigned char *bytes; /* at first `room`; likewise the segments */
    size_t length;
    size_t capacity;
    codedb_wire_segment *segments;
    size_t segment_count;
    size_t segment_capacity;
    uint64_t total;
    uint64_t taken;
    size_t taken_bytes;   /* of its own */
    size_t taken_segment; /* the one that comes next */
    size_t taken_inside;  /* of that one */
    bool failed;          /* sticky: there was no memory */
    codedb_wire_segment segment_room[2];
    unsigned char room[CODEDB_WIRE_MESSAGE_ROOM];
} codedb_wire_message;

CODEDB_PRIVATE void codedb_wire_message_init(codedb_wire_message *message, const codedb_allocator *allocator);
CODEDB_PRIVATE void codedb_wire_message_free(codedb_wire_message *message);
/* Makes it be taken from its start again. */
CODEDB_PRIVATE void codedb_wire_message_rewind(codedb_wire_message *message);
/* Appends bytes as they are. */
CODEDB_PRIVATE void codedb_wire_message_put(codedb_wire_message *message, const void *bytes, size_t length);
/* Copies the next `size` bytes, or as many as are left; gives how many. */
CODEDB_PRIVATE size_t codedb_wire_message_take(codedb_wire_message *message, unsigned char *out, size_t size);
/* Takes the next frame, with its header; `out` has room for CODEDB_WIRE_HEADER + CODEDB_WIRE_FRAME. Gives its size. */
CODEDB_PRIVATE size_t codedb_wire_message_take_frame(codedb_wire_message *message, codedb_wire_kind kind, uint64_t tag,
                                                     unsigned char *out);

/* A request as it came over the wire, with what it points to; its texts point into the bytes it was read from. */
typedef struct codedb_wire_request {
    codedb_request request; /* its result is `result` */
    codedb_result result;
    codedb_program program;
    codedb_schema_change schema;
    codedb_allocator allocator;
    codedb_arena *arena; /* NULL: `room` was enough */
    size_t used;
    _Alignas(max_align_t) unsigned char room[CODEDB_WIRE_REQUEST_ROOM];
} codedb_wire_request;

/* Its deadline crosses as it is: both sides have the same monotonic clock. */
CODEDB_PRIVATE void codedb_wire_write_request(codedb_wire_message *message, const codedb_request *request);
/* Reads a request. INVALID_REQUEST, with what is wrong in made->result, when it is none: whatever the bytes are, a request that was read can be
 * run. NO_MEMORY. To be released in any case. */
CODEDB_PRIVATE codedb_code codedb_wire_read_request(codedb_wire_request *made, const codedb_allocator *allocator,
                                                    const void *bytes, size_t length);
CODEDB_PRIVATE void codedb_wire_request_release(codedb_wire_request *made);

/* Writes what a request was answered: code, result, rows, changes, transaction, step_values. */
CODEDB_PRIVATE void codedb_wire_write_answer(codedb_wire_message *message, const codedb_request *request);
/* Reads an answer into the request that was asked. Rows lie in its rows_arena, and their texts in `bytes`, which must live as long: allocate
 * them there. The arena is the rows' then, or is freed. SUCCESS when it was read, whatever it says (request->code); NO_MEMORY; else
 * CONNECTION_ERROR: it is no answer to that request. Those are the request's code then. */
CODEDB_PRIVATE codedb_code codedb_wire_read_answer(codedb_request *request, const codedb_allocator *allocator, const void *bytes,
                                                   size_t length);

/* ---- codedb_channel.c: how the bytes of the frames cross ------------------------------------------------------------ */

typedef enum codedb_channel_side { CODEDB_CHANNEL_HOST, CODEDB_CHANNEL_WORKER } codedb_channel_side;

/* One side's end. It has one sender and one receiver at a time, which may be two threads. */
typedef struct codedb_channel {
    int socket;                           /* -1: there is no channel */
    struct codedb_channel_memory *memory; /* shared by both sides; NULL: the socket carries the bytes */
    codedb_channel_side side;
    _Atomic uint32_t written; /* position in the ring of this side: changed by the sender, as is the next one */
    uint32_t read_there;      /* where the other side had read to when that was looked at */
    _Atomic uint32_t read;    /* position in the ring of the other side: changed by the receiver, as are the next two */
    _Atomic bool ended;       /* the other side is gone */
    _Atomic int error;        /* of the socket; 0: none */
} codedb_channel;

#define CODEDB_CHANNEL_NONE ((codedb_channel){.socket = -1})

/* Makes the memory for one channel. Gives a descriptor, to be closed once both ends are open; -1: the system has none to share. */
CODEDB_PRIVATE int codedb_channel_memory_create(void);
/* Makes an end from a socket, which is the channel's from then on, and the memory's descriptor, which is not; -1: the socket is to carry the
 * bytes. False, with the socket still the caller's, when the memory is not what it should be or cannot be had. */
CODEDB_PRIVATE bool codedb_channel_open(codedb_channel *channel, codedb_channel_side side, int socket, int memory);
CODEDB_PRIVATE void codedb_channel_close(codedb_channel *channel);
/* As send and recv do with MSG_DONTWAIT: how many bytes; below 0 with errno, EAGAIN for nothing; 0 received: the other side has ended. With
 * memory the end is seen in codedb_channel_wait and codedb_channel_look only. EPROTO: the other side has spoilt the memory. */
CODEDB_PRIVATE ssize_t codedb_channel_send(codedb_channel *channel, const void *bytes, size_t length);
CODEDB_PRIVATE ssize_t codedb_channel_receive(codedb_channel *channel, void *into, size_t room);
/* Whether there is something in the shared memory to be received; by any thread, as long as the channel is open. */
CODEDB_PRIVATE bool codedb_channel_has_bytes(const codedb_channel *channel);
/* How many of the bytes that were sent the other side, which has ended, has never taken; 0 when that is not known. */
CODEDB_PRIVATE size_t codedb_channel_untaken(const codedb_channel *channel);
/* Looks whether the other side has ended, for a receiver that does not wait. */
CODEDB_PRIVATE void codedb_channel_look(codedb_channel *channel);
/* The receiver sleeps until there may be bytes, or room to send if it is asked for, or the other side's end, or `kick` is readable (-1: none), or
 * `timeout` milliseconds (-1: for ever) are over. True when `kick` is. */
CODEDB_PRIVATE bool codedb_channel_wait(codedb_channel *channel, bool for_room, int kick, int timeout);

/* What the supervisor tells the host about the worker that it has started; with it come the host's end of the worker's socket and, if there is
 * one, the memory of their channel. */
typedef struct codedb_worker_notice {
    int32_t supervisor; /* process ids */
    int32_t worker;
    uint64_t number;      /* of the worker, from 1 */
    uint32_t descriptors; /* that come with it: 1 or 2 */
    uint32_t unused;
} codedb_worker_notice;

/* Sends a notice with its descriptors, which stay the sender's as well; false when nobody reads any more. */
CODEDB_PRIVATE bool codedb_channel_send_notice(int control, const codedb_worker_notice *notice, const int descriptors[2]);
/* Receives one without waiting, with the descriptors that came, which are to be closed; -1: there were fewer, or no room for them. Gives its
 * size, 0 at the end of the supervisor, below 0 with errno when there is none. */
CODEDB_PRIVATE ssize_t codedb_channel_receive_notice(int control, codedb_worker_notice *notice, int descriptors[2]);

/* ---- codedb_worker.c: the processes -------------------------------------------------------------------------------- */

/* What a host may send to the supervisor, besides closing the socket, which ends it: kill the worker; a new one is started at once. The
 * worker is named, because the supervisor may know of its end, and have started the next one, before the host does. */
typedef struct codedb_worker_order {
    uint64_t number;
} codedb_worker_order;

typedef struct codedb_worker_options {
    codedb_driver_options driver;
    const char *log_path; /* of the log file, or NULL */
    bool restart;         /* start a new worker when one has died */
} codedb_worker_options;

/* Forks the supervisor, which forks the worker. *control gets the host's end of the supervisor's socket, to be closed with close();
 * *process its id, once the first notice has come. Any thread, of a process with any number of threads. CONNECTION_ERROR. */
CODEDB_PRIVATE codedb_code codedb_worker_spawn(const codedb_worker_options *options, int *control, codedb_result *result);

/* ---- codedb_sqlite_fork.c ------------------------------------------------------------------------------------------ */

/* Around a fork: no other thread is inside of SQLite's process-wide state in between. `end` is called by the parent and by the child. */
CODEDB_PRIVATE void codedb_sqlite_fork_begin(void);
CODEDB_PRIVATE void codedb_sqlite_fork_end(void);

/* ---- codedb_process.c: the host's end ------------------------------------------------------------------------------ */

typedef struct codedb_process codedb_process;

/* Starts the processes and waits until the worker has connected. `options` must live as long as the process. */
CODEDB_PRIVATE codedb_code codedb_process_start(const codedb_worker_options *options, codedb_process **process,
                                                codedb_result *result);
/* Finishes what was sent, ends the processes; later calls answer CONNECTION_ERROR. */
CODEDB_PRIVATE void codedb_process_stop(codedb_process *process);
/* Frees it, behind a stop. NULL is allowed. */
CODEDB_PRIVATE void codedb_process_destroy(codedb_process *process);
/* As codedb_queue_call, codedb_queue_submit and codedb_queue_cancel. A submitted request is answered on a thread that is started for
 * the first of them. */
CODEDB_PRIVATE codedb_code codedb_process_call(codedb_process *process, codedb_request *request);
CODEDB_PRIVATE codedb_code codedb_process_submit(codedb_process *process, codedb_request *request);
CODEDB_PRIVATE void codedb_process_cancel(codedb_process *process, const codedb_request *request);
/* Whether a transaction ended with its worker, and nothing of it has remained but what a commit on its way may have done. */
CODEDB_PRIVATE bool codedb_process_has_lost(codedb_process *process, uint64_t transaction);
CODEDB_PRIVATE codedb_code codedb_process_statistics(codedb_process *process, codedb_statistics *statistics,
                                                     codedb_result *result);
CODEDB_PRIVATE codedb_code codedb_process_restart(codedb_process *process, double timeout, codedb_result *result);
CODEDB_PRIVATE void codedb_process_health(codedb_process *process, double timeout, codedb_health *health);
/* True in the thread that answers submitted requests, and in one that runs the host's log function: whoever waits there waits for
 * himself. */
CODEDB_PRIVATE bool codedb_process_is_current(const codedb_process *process);

#endif
