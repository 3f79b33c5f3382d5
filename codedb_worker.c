/* codedb_worker.c -- the driver's processes: a supervisor, and the worker that it starts and starts again.
 *
 *   host --fork--> (a process that ends at once) --fork--> supervisor --fork--> worker: channel -> request -> queue -> loop -> answer
 *
 * codedb_worker_spawn is called by a thread of the host. Everything else runs in the supervisor or in the worker, both of one thread. Calls the
 * wire, the queue, the loop and a driver, and SQLite's fork functions.
 *
 * The host may have many threads when it forks, the supervisor has one: so only the first fork is dangerous, and a worker can be started
 * again at any time. What another thread of the host may hold at that moment: a lock of malloc's, which the C library takes care of (glibc,
 * musl from 1.2.2, the BSDs); SQLite's static mutexes, which codedb_sqlite_fork.c takes first; a lock of codedb's, which all belong to one
 * handle and are not used here; a lock of the host's allocator or log function, which is why neither is called here; a connection's, which is not
 * touched. The host's handlers of signals do not run here: signals are blocked from before the fork until they are gone.
 *
 * 1. What is inherited   2. Log   3. Jobs   4. Output   5. Input   6. The worker   7. The supervisor   8. The fork
 *
 * Invariants:
 * 1. Nothing of the host's is held: every descriptor but the own is closed, 0 to 2 are /dev/null.
 * 2. The end of its socket ends the worker, whatever it runs, and the end of its socket the supervisor. Nothing else is needed for both to
 *    end with the host: not a signal, not the host's good will.
 * 3. The database's file is none that the host had open at the fork: SQLite keeps a list of those for the whole process, and would
 *    believe that it had the host's locks.
 * 4. The worker always reads, also while it has much to write: two sides that only write would wait for each other.
 * 5. A job is in one place: assembled, in the backlog, with the queue, in the output, or free.
 * 6. No value of a row gets into the log. */
#include "codedb_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <dirent.h>
#include <sys/syscall.h>
#endif

#define WORKER_INPUT (CODEDB_WIRE_HEADER + CODEDB_WIRE_FRAME)
#define WORKER_OUTPUT_FULL ((size_t)256 * 1024) /* more is not taken from answers until it was sent */
#define WORKER_JOBS_KEPT 64
#define WORKER_BYTES_KEPT ((size_t)64 * 1024)
#define WORKER_LOOK_INTERVAL \
    12e-6 /* seconds of running after which answers are sent, and the socket is looked at, if it carries the bytes */
#define WORKER_LOOK_WHILE_RUNNING 1e-3
#define WORKER_TURNS 64u       /* turns between two looks at the clock */
#define WORKER_AWAKE 60e-6     /* seconds of looking for more before sleep */
#define WORKER_SPIN 300u       /* pauses before the processor is given away */
#define WORKER_SPIN_SOCKET 80u /* the same where the socket carries the bytes */
#define WORKER_SPIN_LOOK 20u   /* pauses between two looks at it: each of them keeps the host's threads from sending */

#define WORKER_BACK_OFF 0.1
#define WORKER_BACK_OFF_LARGEST 5.0
#define WORKER_STEADY 5.0   /* seconds of life after which a death is no reason to wait */
#define WORKER_FAREWELL 5.0 /* seconds that a worker has to end when its host is gone */

/* ---- 1. What is inherited ------------------------------------------------------------------------------------------ */

typedef struct worker_file {
    dev_t device;
    ino_t inode;
} worker_file;

/* What the supervisor knows, and its workers inherit. */
typedef struct worker_supervisor {
    codedb_worker_options options;
    codedb_allocator allocator; /* the C library's: the host's may be locked for ever */
    worker_file *files;         /* those that the host had open */
    size_t file_count;
    size_t file_capacity;
    bool files_unknown; /* there was no memory for them */
    int control;        /* to the host */
    int host_life;      /* readable when the host is no more; -1: the system has no such thing */
    int host_end;       /* of the worker's socket: to end it, and to see that it has ended; -1: there is no worker */
    int log;            /* -1: none */
    pid_t worker;
    uint64_t number; /* of the worker, or of the one that was the last */
} worker_supervisor;

static void worker_note_file(worker_supervisor *supervisor, int descriptor)
{
    struct stat status;
    worker_file *grown;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return;
    if (supervisor->file_count == supervisor->file_capacity) {
        size_t capacity = supervisor->file_capacity * 2 + 16;
        grown = codedb_memory_reallocate(&supervisor->allocator, supervisor->files, supervisor->file_capacity, capacity,
                                         sizeof *grown);
        if (grown == NULL) {
            supervisor->files_unknown = true;
            return;
        }
        supervisor->files = grown;
        supervisor->file_capacity = capacity;
    }
    supervisor->files[supervisor->file_count++] = (worker_file){status.st_dev, status.st_ino};
}

static void worker_take_leave(worker_supervisor *supervisor, int descriptor)
{
    if (descriptor == supervisor->control || descriptor == supervisor->host_life)
        return;
    worker_note_file(supervisor, descriptor);
    if (descriptor > STDERR_FILENO)
        close(descriptor);
}

/* Without a list of what is open, every number is tried that may be. */
static void worker_close_numbers(worker_supervisor *supervisor)
{
    long most = sysconf(_SC_OPEN_MAX);
    int descriptor;
    for (descriptor = 0; descriptor < (most > 0 && most < 65536 ? (int)most : 65536); descriptor++)
        worker_take_leave(supervisor, descriptor);
}

#ifdef __linux__
static bool worker_close_listed(worker_supervisor *supervisor)
{
    DIR *list = opendir("/proc/self/fd");
    const struct dirent *entry;
    if (list == NULL)
        return false;
    while ((entry = readdir(list)) != NULL) {
        int descriptor = (int)strtol(entry->d_name, NULL, 10);
        if (entry->d_name[0] != '.' && descriptor != dirfd(list))
            worker_take_leave(supervisor, descriptor);
    }
    closedir(list);
    return true;
}
#else
static bool worker_close_listed(worker_supervisor *supervisor)
{
    (void)supervisor;
    return false;
}
#endif

/* Invariant 1. */
static void worker_close_inherited(worker_supervisor *supervisor)
{
    int nothing, i;
    if (!worker_close_listed(supervisor))
        worker_close_numbers(supervisor);
    nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (i = 0; nothing >= 0 && i <= STDERR_FILENO; i++)
        if (nothing != i)
            dup2(nothing, i);
    if (nothing > STDERR_FILENO)
        close(nothing);
}

/* Handlers of the host's are gone, and what a terminal or an init sends to the host's whole group is the host's business: it ends
 * its driver when it wants to. A file beyond the limit of the process is an error of that write. */
static void worker_reset_signals(void)
{
    static const int ignored[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGPIPE, SIGUSR1,
                                  SIGUSR2, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU, SIGXFSZ};
    struct sigaction action;
    sigset_t none;
    size_t i;
    int number;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    for (number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL);
    action.sa_handler = SIG_IGN;
    for (i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        sigaction(ignored[i], &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Invariant 3. */
static codedb_code worker_check_path(const worker_supervisor *supervisor, codedb_result *result)
{
    const char *path = supervisor->options.driver.settings.path;
    struct stat status;
    size_t i;
    if (path == NULL || strcmp(path, ":memory:") == 0 || stat(path, &status) != 0)
        return CODEDB_SUCCESS;
    if (supervisor->files_unknown)
        return codedb_fail_no_memory(result);
    for (i = 0; i < supervisor->file_count; i++)
        if (supervisor->files[i].device == status.st_dev && supervisor->files[i].inode == status.st_ino)
            return codedb_fail(result, CODEDB_CONNECTION_ERROR,
                               "%s: this process had the file open when it opened it in process mode; close it there first, "
                               "as a forked process would be confused about its locks",
                               path);
    return CODEDB_SUCCESS;
}

/* ---- 2. Log -------------------------------------------------------------------------------------------------------- */

static const char *worker_level_name(codedb_log_level level)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
    return (unsigned)level < sizeof names / sizeof names[0] ? names[level] : "INFO";
}

/* One line in one write, so that lines of supervisor and worker do not mix. */
static void worker_write_log(int file, codedb_log_level level, const char *message)
{
    char line[CODEDB_DESCRIPTION_SIZE + 80];
    struct timespec now;
    struct tm time;
    int length;
    ssize_t written;
    if (file < 0)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &time);
    length = snprintf(line, sizeof line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %d %s %s\n", time.tm_year + 1900, time.tm_mon + 1,
                      time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec, (int)(now.tv_nsec / 1000000), (int)getpid(),
                      worker_level_name(level), message);
    if (length >= (int)sizeof line)
        length = (int)sizeof line - 1;
    do {
        written = write(file, line, (size_t)length);
    } while (written < 0 && errno == EINTR);
}

static void worker_note(int file, codedb_log_level level, const char *format, ...) CODEDB_PRINTF(3, 4);
static void worker_note(int file, codedb_log_level level, const char *format, ...)
{
    char message[CODEDB_DESCRIPTION_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    worker_write_log(file, level, message);
}

/* The same for what the system refused. */
static void worker_note_errno(int file, const char *what)
{
    char why[100];
    codedb_text_system_error(errno, why, sizeof why);
    worker_note(file, CODEDB_LOG_ERROR, "%s: %s", what, why);
}

static int worker_open_log(const char *path)
{
    return path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
}

/* ---- 3. Jobs ------------------------------------------------------------------------------------------------------- */

typedef struct worker worker;

/* A request on its way through the worker. */
typedef struct worker_job {
    struct worker_job *next; /* in a list */
    worker *owner;
    uint64_t tag;
    uint64_t total; /* bytes of its message */
    codedb_buffer bytes;
    struct worker_job *following; /* of those with the queue */
    struct worker_job *preceding;
    double timeout; /* as the host gave it */
    bool expired;   /* in the queue, and taken out of it */
    bool message_made;
    codedb_wire_message message;
    codedb_wire_request from;
} worker_job;

typedef struct worker_list {
    worker_job *first;
    worker_job *last;
} worker_list;

struct worker {
    const worker_supervisor *supervisor;
    codedb_driver_options options; /* for the loop: with this process's allocator and log */
    codedb_allocator allocator;
    codedb_channel channel; /* to the host */
    codedb_queue *queue;
    codedb_loop *loop;
    bool ended;       /* the host is gone, or sends what cannot be understood */
    bool failed;      /* could not connect */
    double last_look; /* when the host was looked at */
    unsigned turns;   /* of the loop */
    codedb_spin spin;

    worker_list assembled; /* not whole yet */
    worker_list backlog;   /* for which the queue had no room */
    worker_list output;    /* answers that are being sent */
    worker_list kept;
    size_t kept_count;
    worker_job *with_queue;
    size_t running;        /* so many */
    uint64_t not_rejected; /* that the queue rejected, and that wait in the backlog */
    uint64_t rejected;     /* that did not want to wait behind the backlog */

    unsigned char *input; /* WORKER_INPUT bytes */
    size_t input_length;
    codedb_buffer out;
    size_t out_sent; /* of `out` */
};

static void worker_list_append(worker_list *list, worker_job *job)
{
    job->next = NULL;
    if (list->last != NULL)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

static worker_job *worker_list_take(worker_list *list)
{
    worker_job *job = list->first;
    if (job != NULL) {
        list->first = job->next;
        if (list->first == NULL)
            list->last = NULL;
    }
    return job;
}

/* Takes the job with a tag out; NULL when there is none. */
static worker_job *worker_list_remove(worker_list *list, uint64_t tag)
{
    worker_job *before = NULL, *job;
    for (job = list->first; job != NULL && job->tag != tag; job = job->next)
        before = job;
    if (job == NULL)
        return NULL;
    if (before != NULL)
        before->next = job->next;
    else
        list->first = job->next;
    if (list->last == job)
        list->last = before;
    return job;
}

static worker_job *worker_job_create(worker *self, uint64_t tag, uint64_t total)
{
    worker_job *job = worker_list_take(&self->kept);
    if (job != NULL) {
        self->kept_count--;
    } else {
        job = codedb_memory_allocate(&self->allocator, 1, sizeof *job);
        if (job == NULL)
            return NULL;
        job->owner = self;
        codedb_buffer_init(&job->bytes, &self->allocator);
        job->from.arena = NULL;
    }
    job->tag = tag;
    job->total = total;
    job->bytes.length = 0;
    job->message_made = false;
    return job;
}

static void worker_job_free(worker *self, worker_job *job)
{
    codedb_buffer_free(&job->bytes);
    codedb_memory_release(&self->allocator, job);
}

/* Behind codedb_wire_request_release, or before anything was read. */
static void worker_job_keep(worker *self, worker_job *job)
{
    if (self->kept_count >= WORKER_JOBS_KEPT || job->bytes.capacity > WORKER_BYTES_KEPT || job->bytes.failed) {
        worker_job_free(self, job);
        return;
    }
    worker_list_append(&self->kept, job);
    self->kept_count++;
}

static void worker_job_release(worker *self, worker_job *job)
{
    if (job->message_made)
        codedb_wire_message_free(&job->message);
    codedb_wire_request_release(&job->from);
    worker_job_keep(self, job);
}

/* ---- 4. Output ----------------------------------------------------------------------------------------------------- */

/* Puts the next frame of a message into the output; false without memory, when the connection cannot go on. */
static bool worker_put_frame(worker *self, codedb_wire_message *message, codedb_wire_kind kind, uint64_t tag)
{
    uint64_t left = message->total - message->taken;
    size_t size = CODEDB_WIRE_HEADER + (size_t)(left < CODEDB_WIRE_FRAME ? left : CODEDB_WIRE_FRAME);
    if (message->failed || !codedb_buffer_reserve(&self->out, size)) {
        self->ended = true;
        return false;
    }
    self->out.length += codedb_wire_message_take_frame(message, kind, tag, (unsigned char *)self->out.data + self->out.length);
    return true;
}

static codedb_wire_kind worker_answer_kind(const worker_job *job)
{
    return job->tag == 0 ? CODEDB_WIRE_HELLO : CODEDB_WIRE_ANSWER;
}

/* Fills the output from the answers, a frame of each in turn, so that a large one does not keep a small one waiting. */
static void worker_fill_output(worker *self)
{
    worker_job *job;
    while (!self->ended && self->out.length < WORKER_OUTPUT_FULL && (job = worker_list_take(&self->output)) != NULL) {
        worker_put_frame(self, &job->message, worker_answer_kind(job), job->tag);
        if (job->message.taken < job->message.total)
            worker_list_append(&self->output, job);
        else
            worker_job_release(self, job);
    }
}

/* The answer, or that there is no memory for it. */
static void worker_make_answer(worker_job *job)
{
    codedb_wire_message_init(&job->message, &job->owner->allocator);
    codedb_wire_write_answer(&job->message, &job->from.request);
    if (job->message.failed) {
        codedb_wire_message_free(&job->message);
        codedb_wire_message_init(&job->message, &job->owner->allocator);
        codedb_free(job->from.request.rows);
        job->from.request.rows = NULL;
        job->from.request.code = codedb_fail_no_memory(&job->from.result);
        codedb_wire_write_answer(&job->message, &job->from.request);
    }
    job->message_made = true;
}

static void worker_answer(worker_job *job)
{
    worker_make_answer(job);
    worker_list_append(&job->owner->output, job);
    worker_fill_output(job->owner);
}

static void worker_job_link(worker *self, worker_job *job)
{
    self->running++;
    job->following = self->with_queue;
    job->preceding = NULL;
    if (job->following != NULL)
        job->following->preceding = job;
    self->with_queue = job;
}

static void worker_job_unlink(worker *self, worker_job *job)
{
    self->running--;
    if (job->following != NULL)
        job->following->preceding = job->preceding;
    if (job->preceding != NULL)
        job->preceding->following = job->following;
    else
        self->with_queue = job->following;
}

/* Called by the loop. */
static void worker_on_answer(codedb_request *request)
{
    worker_job *job = request->context;
    worker_job_unlink(job->owner, job);
    if (job->expired && request->code == CODEDB_CANCELLED)
        request->code = codedb_fail(request->result, CODEDB_TIMEOUT,
                                    "the request waited %.3f seconds, its timeout, and was not run", job->timeout);
    if (job->tag == 0 && request->code != CODEDB_SUCCESS)
        job->owner->failed = true;
    worker_answer(job);
}

/* Sends what there is without waiting; true when nothing is left. */
static bool worker_send(worker *self)
{
    for (;;) {
        ssize_t sent;
        worker_fill_output(self);
        if (self->ended || self->out_sent == self->out.length)
            return true;
        sent = codedb_channel_send(&self->channel, self->out.data + self->out_sent, self->out.length - self->out_sent);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return false;
        if (sent < 0) {
            self->ended = true;
            return true;
        }
        self->out_sent += (size_t)sent;
        if (self->out_sent == self->out.length) {
            self->out.length = 0;
            self->out_sent = 0;
        }
    }
}

/* The log function of this process: to the file, and to the host's. A host that does not read gets no lines, rather than all our memory. */
static void worker_on_log(void *context, codedb_log_level level, const char *message)
{
    worker *self = context;
    codedb_wire_message line;
    unsigned char first = (unsigned char)level;
    worker_write_log(self->supervisor->log, level, message);
    if (self->supervisor->options.driver.settings.log == NULL || self->out.length >= WORKER_OUTPUT_FULL)
        return;
    codedb_wire_message_init(&line, &self->allocator);
    codedb_wire_message_put(&line, &first, 1);
    codedb_wire_message_put(&line, message, strlen(message));
    if (!line.failed)
        worker_put_frame(self, &line, CODEDB_WIRE_LOG, 0);
    codedb_wire_message_free(&line);
}

static void worker_send_statistics(worker *self, uint64_t tag)
{
    codedb_statistics statistics = CODEDB_INIT(codedb_statistics);
    codedb_wire_message message;
    codedb_queue_statistics(self->queue, &statistics);
    statistics.rejected += self->rejected - self->not_rejected;
    codedb_wire_message_init(&message, &self->allocator);
    codedb_wire_message_put(&message, &statistics, sizeof statistics);
    worker_put_frame(self, &message, CODEDB_WIRE_STATISTICS, tag);
    codedb_wire_message_free(&message);
}

/* ---- 5. Input ------------------------------------------------------------------------------------------------------ */

/* Gives a job that was read to the queue. For one that may wait the queue's lack of room is no answer. */
static void worker_submit(worker *self, worker_job *job)
{
    codedb_request *request = &job->from.request;
    double deadline = request->deadline, timeout = request->timeout;
    double left = deadline - codedb_monotonic_now();
    bool waits = !request->do_not_wait;
    codedb_code code;
    if (deadline != 0 && left <= 0) {
        request->code = codedb_fail(&job->from.result, CODEDB_TIMEOUT,
                                    "the request waited %.3f seconds, its timeout, and was not run", timeout);
        worker_answer(job);
        return;
    }
    request->timeout = deadline != 0 ? left : -1;
    request->answered_by = worker_on_answer;
    request->context = job;
    job->expired = false;
    job->timeout = timeout;
    worker_job_link(self, job);
    code = codedb_queue_submit(self->queue, request);
    if (code == CODEDB_QUEUE_FULL && waits) {
        worker_job_unlink(self, job);
        self->not_rejected++;
        codedb_result_clear(&job->from.result);
        request->deadline = deadline;
        request->timeout = timeout;
        request->do_not_wait = false;
        worker_list_append(&self->backlog, job);
    } else if (code != CODEDB_SUCCESS) {
        request->code = code;
        worker_on_answer(request);
    }
}

/* Whether somebody before it waits for room: a thread that submits two requests of one priority must not find the second before the first. */
static bool worker_waits_behind(const worker *self, const codedb_request *request)
{
    const worker_job *job = self->backlog.first;
    if (request->transaction != 0 || request->kind == CODEDB_REQUEST_STOP)
        return false;
    while (job != NULL && job->from.request.priority != request->priority)
        job = job->next;
    return job != NULL;
}

/* Reads a job's bytes, which are all there. */
static void worker_read_job(worker *self, worker_job *job)
{
    codedb_request *request = &job->from.request;
    codedb_code code = codedb_wire_read_request(&job->from, &self->allocator, job->bytes.data, job->bytes.length);
    if (code == CODEDB_SUCCESS && request->kind == CODEDB_REQUEST_CONNECT)
        code = codedb_fail(&job->from.result, CODEDB_INVALID_REQUEST, "the worker is connected already");
    if (code != CODEDB_SUCCESS) {
        request->code = code;
        worker_answer(job);
        return;
    }
    if (request->wants_rows)
        request->rows_arena = codedb_arena_create(&self->allocator);
    if (!worker_waits_behind(self, request)) {
        worker_submit(self, job);
    } else if (!request->do_not_wait) {
        worker_list_append(&self->backlog, job);
    } else { /* what room there is belongs to those who wait for it */
        self->rejected++;
        request->code = codedb_fail(&job->from.result, CODEDB_QUEUE_FULL,
                                    "the queue is full with %zu requests, and more wait for room", self->options.queue_size);
        worker_answer(job);
    }
}

/* While fewer than the queue may hold are there, it has room. */
static void worker_empty_backlog(worker *self)
{
    while (self->backlog.first != NULL && self->running < self->options.queue_size)
        worker_submit(self, worker_list_take(&self->backlog));
}

/* Ends those in the backlog whose time is over; gives when the next one's will be, 0: never. */
static double worker_expire_backlog(worker *self)
{
    worker_list all = self->backlog;
    double now = codedb_monotonic_now(), next = 0;
    worker_job *job;
    self->backlog = (worker_list){NULL, NULL};
    while ((job = worker_list_take(&all)) != NULL) {
        double deadline = job->from.request.deadline;
        if (deadline != 0 && deadline <= now) {
            worker_submit(self, job); /* which says so */
            continue;
        }
        worker_list_append(&self->backlog, job);
        if (deadline != 0 && (next == 0 || deadline < next))
            next = deadline;
    }
    return next;
}

/* The host gives a request up. One that has not come as a whole has no answer. */
static void worker_cancel(worker *self, uint64_t tag)
{
    worker_job *job = worker_list_remove(&self->assembled, tag);
    if (job != NULL) {
        worker_job_keep(self, job);
        return;
    }
    job = worker_list_remove(&self->backlog, tag);
    if (job != NULL) {
        job->from.request.code = codedb_fail(&job->from.result, CODEDB_CANCELLED, "the request was cancelled and not run");
        worker_answer(job);
        return;
    }
    for (job = self->with_queue; job != NULL && job->tag != tag; job = job->following)
        continue;
    if (job != NULL)
        codedb_queue_cancel(self->queue, &job->from.request);
}

/* Ends those that wait in the queue behind a long statement and whose time is over. */
static void worker_expire_waiting(worker *self)
{
    double now = codedb_monotonic_now();
    worker_job *job = self->with_queue, *following;
    for (; job != NULL; job = following) {
        codedb_request *request = &job->from.request;
        following = job->following;
        if (request->queued && request->deadline != 0 && request->deadline <= now) {
            job->expired = true;
            codedb_queue_cancel(self->queue, request);
        }
    }
}

static void worker_refuse(worker *self, const char *wrong)
{
    worker_note(self->supervisor->log, CODEDB_LOG_ERROR, "the host sent what cannot be understood: %s", wrong);
    self->ended = true;
}

/* A frame of a request. Without memory for its bytes it is answered so once it is whole. */
static void worker_take_request(worker *self, const codedb_wire_header *header, const unsigned char *bytes)
{
    worker_job *job = worker_list_remove(&self->assembled, header->tag);
    if (job == NULL)
        job = worker_job_create(self, header->tag, header->total);
    if (job == NULL) {
        worker_refuse(self, "there is no memory for a request");
        return;
    }
    if (job->total != header->total || header->length > job->total - job->bytes.length || header->tag == 0) {
        worker_job_keep(self, job);
        worker_refuse(self, "a frame that does not go with the one before");
        return;
    }
    codedb_buffer_append(&job->bytes, bytes, header->length);
    if (job->bytes.failed) {
        worker_job_keep(self, job);
        worker_refuse(self, "there is no memory for a request");
    } else if (job->bytes.length == job->total) {
        worker_read_job(self, job);
    } else {
        worker_list_append(&self->assembled, job);
    }
}

static void worker_take_frame(worker *self, const codedb_wire_header *header, const unsigned char *bytes)
{
    switch (header->kind) {
    case CODEDB_WIRE_REQUEST: worker_take_request(self, header, bytes); return;
    case CODEDB_WIRE_CANCEL: worker_cancel(self, header->tag); return;
    case CODEDB_WIRE_ASK_STATISTICS: worker_send_statistics(self, header->tag); return;
    case CODEDB_WIRE_HELLO:
    case CODEDB_WIRE_ANSWER:
    case CODEDB_WIRE_STATISTICS:
    case CODEDB_WIRE_LOG:
    case CODEDB_WIRE_KINDS: break;
    }
    worker_refuse(self, "a frame that only a worker sends");
}

/* Takes all whole frames of the input. */
static void worker_take_input(worker *self)
{
    size_t at = 0;
    codedb_wire_header header;
    const char *wrong;
    while (!self->ended && self->input_length - at >= CODEDB_WIRE_HEADER) {
        if (!codedb_wire_read_header(self->input + at, &header, &wrong)) {
            worker_refuse(self, wrong);
            return;
        }
        if (self->input_length - at < CODEDB_WIRE_HEADER + header.length)
            break;
        worker_take_frame(self, &header, self->input + at + CODEDB_WIRE_HEADER);
        at += CODEDB_WIRE_HEADER + header.length;
    }
    self->input_length -= at;
    if (at > 0)
        memmove(self->input, self->input + at, self->input_length);
}

/* Reads what there is, one time, without waiting; false when there was nothing. */
static bool worker_receive(worker *self)
{
    ssize_t more;
    do {
        more = codedb_channel_receive(&self->channel, self->input + self->input_length, WORKER_INPUT - self->input_length);
    } while (more < 0 && errno == EINTR);
    if (more < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (more <= 0) {
        self->ended = true;
        return true;
    }
    self->input_length += (size_t)more;
    worker_take_input(self);
    return true;
}

/* ---- 6. The worker ------------------------------------------------------------------------------------------------- */

/* Behind a turn: gives what was answered and takes what has come, each time where that is no call of the system, else now and then. */
static void worker_exchange(worker *self)
{
    bool shared = self->channel.memory != NULL;
    if (shared) {
        worker_send(self);
        worker_receive(self);
        if (++self->turns % WORKER_TURNS != 0)
            return;
    }
    if (codedb_monotonic_now() - self->last_look <= (shared ? WORKER_LOOK_WHILE_RUNNING : WORKER_LOOK_INTERVAL))
        return;
    worker_send(self);
    codedb_channel_look(&self->channel);
    worker_receive(self);
    self->last_look = codedb_monotonic_now();
}

/* Runs until there is nothing to run. */
static void worker_run(worker *self)
{
    worker_empty_backlog(self); /* cancels may have made room, and then there is nothing to run but these */
    while (!self->ended && codedb_loop_turn(self->loop)) {
        worker_exchange(self);
        worker_empty_backlog(self);
    }
}

/* Looks for more without giving the processor away: all host threads that wait would run before this one does again. */
static bool worker_spin(worker *self, unsigned pauses)
{
    unsigned step = self->channel.memory != NULL ? 1 : WORKER_SPIN_LOOK;
    bool received = worker_receive(self);
    unsigned done, i;
    for (done = step; done <= pauses && !received; done += step) {
        for (i = 0; i < step; i++)
            codedb_pause();
        received = worker_receive(self);
    }
    return received;
}

/* Looks for more for a moment: waking up takes longer than most requests. */
static bool worker_look_out(worker *self)
{
    unsigned pauses = codedb_spin_limit(&self->spin);
    bool received = worker_spin(self, pauses);
    double until;
    codedb_spin_learn(&self->spin, received);
    if (received)
        return true;
    until = codedb_monotonic_now() + WORKER_AWAKE;
    do {
        sched_yield();
        received = worker_spin(self, pauses);
    } while (!received && codedb_monotonic_now() < until);
    return received;
}

static void worker_sleep(worker *self)
{
    double wake = codedb_loop_wake_time(self->loop);
    double expiry = worker_expire_backlog(self);
    int timeout = -1;
    if (expiry != 0 && (wake == 0 || expiry < wake))
        wake = expiry;
    if (wake != 0 && !codedb_loop_is_stopping(self->loop)) {
        double left = (wake - codedb_monotonic_now()) * 1000;
        timeout = left <= 0 ? 0 : left > 1e6 ? 1000000 : (int)left + 1;
    }
    codedb_channel_wait(&self->channel, self->out_sent < self->out.length, -1, timeout);
}

/* Whether it was told to end and everything before that is answered. */
static bool worker_is_done(const worker *self)
{
    return codedb_loop_is_stopping(self->loop) && self->backlog.first == NULL && self->running == 0;
}

/* Nobody waits any more for what is with the queue, and what runs might go on until this process is killed. */
static void worker_give_up(worker *self)
{
    worker_job *job = self->with_queue, *following;
    for (; job != NULL; job = following) {
        following = job->following;
        codedb_queue_cancel(self->queue, &job->from.request);
    }
}

/* Called by the loop while a statement runs. */
static void worker_look(void *context)
{
    worker *self = context;
    double now = codedb_monotonic_now();
    if (now - self->last_look < WORKER_LOOK_WHILE_RUNNING || self->ended)
        return;
    self->last_look = now;
    codedb_channel_look(&self->channel);
    worker_receive(self);
    if (self->ended) {
        worker_give_up(self);
        return;
    }
    worker_expire_backlog(self);
    worker_expire_waiting(self);
    worker_send(self);
}

static void worker_live(worker *self)
{
    while (!self->ended) {
        bool received = worker_receive(self);
        if (self->channel.memory == NULL)
            self->last_look = codedb_monotonic_now();
        worker_run(self);
        if (worker_send(self) && (self->failed || worker_is_done(self)))
            return;
        if (!received && !self->ended && !worker_look_out(self))
            worker_sleep(self);
    }
}

/* The first request of all, as if the host had sent it. */
static void worker_connect(worker *self)
{
    worker_job *job = worker_job_create(self, 0, 0);
    codedb_code code;
    if (job == NULL) {
        self->ended = true;
        return;
    }
    memset(&job->from, 0, offsetof(codedb_wire_request, room));
    job->from.result.struct_size = sizeof job->from.result;
    job->from.request.result = &job->from.result;
    job->from.request.kind = CODEDB_REQUEST_CONNECT;
    job->from.request.timeout = -1;
    job->from.request.answered_by = worker_on_answer;
    job->from.request.context = job;
    job->expired = false;
    worker_job_link(self, job);
    code = worker_check_path(self->supervisor, &job->from.result);
    if (code == CODEDB_SUCCESS)
        code = codedb_queue_submit(self->queue, &job->from.request);
    if (code != CODEDB_SUCCESS) {
        job->from.request.code = code;
        worker_on_answer(&job->from.request);
    }
}

static bool worker_init(worker *self, const worker_supervisor *supervisor, const codedb_channel *channel)
{
    codedb_driver_settings *settings = &self->options.settings;
    memset(self, 0, sizeof *self);
    codedb_spin_init(&self->spin, channel->memory != NULL ? WORKER_SPIN : WORKER_SPIN_SOCKET);
    self->supervisor = supervisor;
    self->options = supervisor->options.driver;
    self->allocator = supervisor->allocator;
    self->channel = *channel;
    settings->allocator = self->allocator;
    settings->log = worker_on_log;
    settings->log_context = self;
    if (supervisor->options.driver.settings.log == NULL)
        settings->log_level = CODEDB_LOG_INFO;
    codedb_buffer_init(&self->out, &self->allocator);
    self->input = codedb_memory_allocate(&self->allocator, 1, WORKER_INPUT);
    return self->input != NULL &&
           codedb_queue_create(&self->allocator, self->options.queue_size, &self->queue, NULL) == CODEDB_SUCCESS &&
           codedb_loop_create(&self->options, self->queue, &self->loop, NULL) == CODEDB_SUCCESS;
}

/* The life of a worker. Memory is not given back: the process ends. Its exit status is 0 when it was told to end. */
static int worker_main(const worker_supervisor *supervisor, const codedb_channel *channel)
{
    const char *path = supervisor->options.driver.settings.path;
    worker self;
    bool asked;
    if (!worker_init(&self, supervisor, channel))
        return 1;
    codedb_loop_watch(self.loop, worker_look, &self);
    worker_note(supervisor->log, CODEDB_LOG_INFO, "worker started for %s", path != NULL ? path : "its database");
    worker_connect(&self);
    worker_live(&self);
    asked = codedb_loop_is_stopping(self.loop);
    codedb_loop_destroy(self.loop);
    worker_note(supervisor->log, asked ? CODEDB_LOG_INFO : CODEDB_LOG_WARNING, "%s",
                asked         ? "worker ended, as it was told to"
                : self.failed ? "worker ended, as it could not connect"
                              : "worker ended without its host");
    return asked ? 0 : 2;
}

/* ---- 7. The supervisor --------------------------------------------------------------------------------------------- */

/* Ends this process without anything that the host has registered for the end of its own. */
static _Noreturn void worker_leave(int status)
{
#ifdef CODEDB_COVERAGE
    extern void __gcov_dump(void);
    __gcov_dump();
#endif
    _exit(status);
}

/* Becomes the worker, in the process that was forked for it. */
static _Noreturn void worker_begin(worker_supervisor *supervisor, int socket, int memory)
{
    codedb_channel channel;
    bool opened = codedb_channel_open(&channel, CODEDB_CHANNEL_WORKER, socket, memory);
    if (memory >= 0)
        close(memory);
    close(supervisor->control);
    if (supervisor->host_life >= 0)
        close(supervisor->host_life);
    if (!opened)
        worker_note(supervisor->log, CODEDB_LOG_ERROR, "there is no memory for the channel to the host");
    worker_leave(opened ? worker_main(supervisor, &channel) : 1);
}

/* Starts the next worker and tells the host; false when that cannot be done. */
static bool worker_start(worker_supervisor *supervisor)
{
    codedb_worker_notice notice = {.supervisor = (int32_t)getpid(), .number = ++supervisor->number};
    int ends[2], passed[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        worker_note_errno(supervisor->log, "no worker can be started: there is no socket for it");
        return false;
    }
    passed[0] = ends[0];
    passed[1] = codedb_channel_memory_create();
    supervisor->worker = fork();
    if (supervisor->worker == 0) {
        close(ends[0]);
        worker_begin(supervisor, ends[1], passed[1]);
    }
    if (supervisor->worker < 0)
        worker_note_errno(supervisor->log, "no worker can be started: the system forks no more");
    close(ends[1]);
    if (supervisor->worker >= 0) {
        notice.worker = (int32_t)supervisor->worker;
        notice.descriptors = passed[1] >= 0 ? 2 : 1;
        supervisor->host_end = ends[0];
        if (!codedb_channel_send_notice(supervisor->control, &notice, passed))
            shutdown(ends[0], SHUT_RDWR); /* nobody will ever ask it anything; it ends and is waited for like any other */
    } else {
        close(ends[0]);
    }
    if (passed[1] >= 0)
        close(passed[1]);
    return supervisor->worker >= 0;
}

typedef enum worker_event {
    WORKER_EVENT_NOTHING, /* the time is over, or there was an order about an earlier worker */
    WORKER_EVENT_WORKER_ENDED,
    WORKER_EVENT_HOST_ENDED,
    WORKER_EVENT_KILL
} worker_event;

/* What the host has sent. */
static worker_event worker_take_order(const worker_supervisor *supervisor)
{
    codedb_worker_order order;
    if (recv(supervisor->control, &order, sizeof order, MSG_DONTWAIT) != (ssize_t)sizeof order)
        return WORKER_EVENT_HOST_ENDED;
    return order.number == supervisor->number ? WORKER_EVENT_KILL : WORKER_EVENT_NOTHING;
}

/* Waits until something happens, or `seconds` (negative: for ever) are over. */
static worker_event worker_await(const worker_supervisor *supervisor, double seconds)
{
    struct pollfd wait[3] = {{.fd = supervisor->control, .events = POLLIN},
                             {.fd = supervisor->host_life, .events = POLLIN},
                             {.fd = supervisor->host_end, .events = 0}}; /* its end is seen without being asked for */
    int found;
    do {
        found = poll(wait, 3, seconds < 0 ? -1 : (int)(seconds * 1000));
    } while (found < 0 && errno == EINTR);
    if (found <= 0)
        return WORKER_EVENT_NOTHING;
    if (wait[1].revents != 0)
        return WORKER_EVENT_HOST_ENDED;
    if (wait[0].revents != 0)
        return worker_take_order(supervisor);
    return WORKER_EVENT_WORKER_ENDED;
}

/* Waits for the end of a worker that has ended or was told to, kills it when it takes too long, and says how it ended. */
static int worker_reap(worker_supervisor *supervisor, double patience)
{
    double until = codedb_monotonic_now() + patience;
    int status = 0;
    pid_t reaped;
    while ((reaped = waitpid(supervisor->worker, &status, WNOHANG)) == 0 && codedb_monotonic_now() < until) {
        struct pollfd wait = {.fd = supervisor->host_end, .events = 0};
        struct timespec nap = {0, 200000};
        if (poll(&wait, 1, 100) != 0)
            nanosleep(&nap, NULL); /* its socket is closed, and the process is ending */
    }
    if (reaped == 0) {
        worker_note(supervisor->log, CODEDB_LOG_WARNING, "worker %d does not end and is killed", (int)supervisor->worker);
        kill(supervisor->worker, SIGKILL);
        waitpid(supervisor->worker, &status, 0);
    }
    if (supervisor->host_end >= 0)
        close(supervisor->host_end);
    supervisor->host_end = -1;
    return status;
}

static void worker_note_death(const worker_supervisor *supervisor, int status, double delay)
{
    if (WIFSIGNALED(status))
        worker_note(supervisor->log, CODEDB_LOG_ERROR, "worker %d was ended by signal %d; the next one starts in %.1f seconds",
                    (int)supervisor->worker, WTERMSIG(status), delay);
    else
        worker_note(supervisor->log, CODEDB_LOG_INFO, "worker %d ended with status %d; the next one starts in %.1f seconds",
                    (int)supervisor->worker, WEXITSTATUS(status), delay);
}

/* Watches over one worker from its start to its end; false when the host has ended. *lived: for how long, in seconds. */
static bool worker_watch(worker_supervisor *supervisor, int *status, double *lived)
{
    double started = codedb_monotonic_now();
    worker_event event;
    do {
        event = worker_await(supervisor, -1);
    } while (event == WORKER_EVENT_NOTHING);
    if (event == WORKER_EVENT_KILL)
        kill(supervisor->worker, SIGKILL);
    if (event == WORKER_EVENT_HOST_ENDED)
        shutdown(supervisor->host_end, SHUT_RDWR);
    *status = worker_reap(supervisor, WORKER_FAREWELL);
    *lived = codedb_monotonic_now() - started;
    return event != WORKER_EVENT_HOST_ENDED;
}

/* Waits before the next start; false when the host has ended. */
static bool worker_back_off(const worker_supervisor *supervisor, double delay)
{
    double until = codedb_monotonic_now() + delay;
    double left;
    while ((left = until - codedb_monotonic_now()) > 0) {
        worker_event event = worker_await(supervisor, left);
        if (event == WORKER_EVENT_HOST_ENDED)
            return false;
        if (event == WORKER_EVENT_KILL)
            return true; /* the host does not want to wait */
    }
    return true;
}

/* How long to wait behind so many short lives in a row. */
static double worker_delay(unsigned short_lives)
{
    double delay = short_lives > 1 ? WORKER_BACK_OFF : 0;
    for (; short_lives > 2 && delay < WORKER_BACK_OFF_LARGEST; short_lives--)
        delay *= 2;
    return delay < WORKER_BACK_OFF_LARGEST ? delay : WORKER_BACK_OFF_LARGEST;
}

static void worker_supervise(worker_supervisor *supervisor)
{
    unsigned short_lives = 0;
    bool goes_on = true;
    while (goes_on) {
        int status = -1;
        double lived = 0, delay;
        bool started = worker_start(supervisor);
        if (started)
            goes_on = worker_watch(supervisor, &status, &lived);
        if (!goes_on || !supervisor->options.restart)
            return;
        short_lives = lived > WORKER_STEADY || status == 0 ? 0 : short_lives + 1;
        if (short_lives == 1 && WIFEXITED(status))
            short_lives = 2; /* it could not connect: that takes some time to change */
        delay = worker_delay(short_lives);
        if (started)
            worker_note_death(supervisor, status, delay);
        goes_on = worker_back_off(supervisor, delay);
    }
}

/* Where 0 to 2 were closed in the host, one of them may be ours. */
static void worker_move_up(int *descriptor)
{
    if (*descriptor >= 0 && *descriptor <= STDERR_FILENO)
        *descriptor = fcntl(*descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static _Noreturn void worker_supervisor_main(worker_supervisor *supervisor)
{
    worker_reset_signals();
    worker_move_up(&supervisor->control);
    worker_move_up(&supervisor->host_life);
    supervisor->allocator = codedb_allocator_or_default(NULL);
    supervisor->host_end = -1;
    worker_close_inherited(supervisor);
    supervisor->log = worker_open_log(supervisor->options.log_path);
    worker_supervise(supervisor);
    worker_leave(0);
}

/* ---- 8. The fork --------------------------------------------------------------------------------------------------- */

/* Becomes readable when the host has ended, also when a child that it forked still has its sockets open. */
static int worker_open_host_life(void)
{
#ifdef SYS_pidfd_open
    int descriptor = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (descriptor >= 0)
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    return descriptor;
#else
    return -1;
#endif
}

/* Forks twice, so that the supervisor is nobody's child whom the host might wait for. Gives false in the host when it failed. */
static bool worker_fork(worker_supervisor *supervisor)
{
    pid_t between, supervising;
    int status;
    codedb_sqlite_fork_begin();
    between = fork();
    codedb_sqlite_fork_end();
    if (between == 0) {
        supervising = fork();
        if (supervising == 0)
            worker_supervisor_main(supervisor);
        _exit(supervising < 0);
    }
    while (between > 0 && waitpid(between, &status, 0) < 0 && errno == EINTR)
        continue;
    return between > 0;
}

CODEDB_PRIVATE codedb_code codedb_worker_spawn(const codedb_worker_options *options, int *control, codedb_result *result)
{
    worker_supervisor supervisor = {.options = *options};
    sigset_t all, before;
    int ends[2];
    bool forked;
    *control = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        char why[100];
        codedb_text_system_error(errno, why, sizeof why);
        return codedb_fail(result, CODEDB_CONNECTION_ERROR,
                           "the driver's process cannot be started: there is no socket for it: %s", why);
    }
    supervisor.control = ends[1];
    supervisor.host_life = worker_open_host_life();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    forked = worker_fork(&supervisor);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (supervisor.host_life >= 0)
        close(supervisor.host_life);
    if (!forked) {
        close(ends[0]);
        return codedb_fail(result, CODEDB_CONNECTION_ERROR, "the driver's process cannot be started: the system forks no more");
    }
    *control = ends[0];
    return CODEDB_SUCCESS;
}
