/* tests/test_channel.c -- codedb_channel.c: bytes between two processes, through shared memory and through a socket. */
#include "codedb_process.h"

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define RING ((size_t)256 * 1024) /* bytes on their way that a direction holds, as codedb_channel.c has it */

/* The system's poll, counted. */
static atomic_uint polls;

int poll(struct pollfd *files, nfds_t count, int timeout)
{
    atomic_fetch_add(&polls, 1);
    return (int)syscall(SYS_poll, files, count, timeout);
}

/* Both ends, in one process: the memory is mapped twice, as it would be in two. */
typedef struct pair {
    codedb_channel host;
    codedb_channel worker;
    int memory; /* -1: the socket carries the bytes */
} pair;

static void pair_open(pair *p, bool shared)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    p->memory = shared ? codedb_channel_memory_create() : -1;
    assert_true(codedb_channel_open(&p->host, CODEDB_CHANNEL_HOST, ends[0], p->memory));
    assert_true(codedb_channel_open(&p->worker, CODEDB_CHANNEL_WORKER, ends[1], p->memory));
}

static int set_up_shared(void **state)
{
    pair *p = calloc(1, sizeof *p);
    pair_open(p, true);
    assert_true(p->memory >= 0);
    *state = p;
    return 0;
}

static int set_up_socket(void **state)
{
    pair *p = calloc(1, sizeof *p);
    pair_open(p, false);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    pair *p = *state;
    codedb_channel_close(&p->host);
    codedb_channel_close(&p->worker);
    if (p->memory >= 0)
        close(p->memory);
    free(p);
    return 0;
}

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static void assert_nothing(ssize_t received)
{
    assert_true(received < 0);
    assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
}

/* ---- In order ---- */

enum { STREAM = 8 << 20 };

typedef struct stream {
    codedb_channel *channel;
    uint64_t seed;
    bool sleeps; /* else it looks */
    bool same;   /* what came is what was sent */
} stream;

static void *echo_main(void *argument)
{
    stream *self = argument;
    unsigned char bytes[5000];
    uint64_t seed = self->seed;
    size_t done = 0;
    while (done < STREAM) {
        ssize_t received = codedb_channel_receive(self->channel, bytes, 1 + next_random(&seed) % sizeof bytes), sent;
        size_t back = 0;
        if (received < 0 && self->sleeps)
            codedb_channel_wait(self->channel, false, -1, -1);
        else if (received < 0)
            sched_yield();
        for (; received > 0 && back<(size_t)received; back += sent> 0 ? (size_t)sent : 0) {
            sent = codedb_channel_send(self->channel, bytes + back, (size_t)received - back);
            if (sent < 0 && self->sleeps)
                codedb_channel_wait(self->channel, true, -1, -1);
        }
        done += back;
    }
    return NULL;
}

/* Sends a stream of random bytes in random portions and gets it back, from one thread. */
static void send_round(stream *self)
{
    uint64_t seed = self->seed, out = self->seed * 3, back = self->seed * 3;
    unsigned char bytes[3000];
    size_t sent = 0, received = 0, length = 0, at = 0;
    while (received < STREAM) {
        ssize_t done;
        if (at == length && sent < STREAM) {
            length = 1 + next_random(&seed) % sizeof bytes;
            length = length < STREAM - sent ? length : STREAM - sent;
            for (at = 0; at < length; at++)
                bytes[at] = (unsigned char)next_random(&out);
            at = 0;
        }
        done = at < length ? codedb_channel_send(self->channel, bytes + at, length - at) : 0;
        at += done > 0 ? (size_t)done : 0;
        sent += done > 0 ? (size_t)done : 0;
        unsigned char came[4000];
        ssize_t some = codedb_channel_receive(self->channel, came, sizeof came);
        for (ssize_t i = 0; i < some; i++)
            self->same = self->same && came[i] == (unsigned char)next_random(&back);
        received += some > 0 ? (size_t)some : 0;
        if (some < 0 && done <= 0 && self->sleeps)
            codedb_channel_wait(self->channel, at < length, -1, -1);
    }
}

static void stream_through(pair *p, bool sleeps)
{
    stream here = {&p->host, 20261130, sleeps, true}, there = {&p->worker, 77, sleeps, true};
    pthread_t other;
    print_message("seeds %llu and %llu\n", (unsigned long long)here.seed, (unsigned long long)there.seed);
    assert_int_equal(pthread_create(&other, NULL, echo_main, &there), 0);
    send_round(&here);
    pthread_join(other, NULL);
    assert_true(here.same);
}

static void bytes_arrive_in_order_whatever_the_portions(void **state)
{
    stream_through(*state, false);
}

static void who_sleeps_is_woken_for_bytes_and_for_room(void **state)
{
    stream_through(*state, true);
}

static void what_is_full_takes_no_more_until_something_was_received(void **state)
{
    pair *p = *state;
    static unsigned char bytes[1 << 20];
    size_t sent = 0, received = 0;
    ssize_t some;
    while ((some = codedb_channel_send(&p->host, bytes, sizeof bytes)) > 0)
        sent += (size_t)some;
    assert_nothing(some);
    if (p->memory >= 0)
        assert_int_equal(sent, RING);
    while ((some = codedb_channel_receive(&p->worker, bytes, sizeof bytes)) > 0)
        received += (size_t)some;
    assert_nothing(some);
    assert_int_equal(received, sent);
    assert_int_equal(codedb_channel_send(&p->host, bytes, 10), 10);
}

/* ---- Sleep and end ---- */

static void a_sleep_ends_with_its_time_or_with_the_kick(void **state)
{
    pair *p = *state;
    int kick[2];
    assert_int_equal(pipe(kick), 0);
    assert_false(codedb_channel_wait(&p->host, false, kick[0], 1));
    assert_int_equal(write(kick[1], "k", 1), 1);
    assert_true(codedb_channel_wait(&p->host, false, kick[0], -1));
    close(kick[0]);
    close(kick[1]);
}

static void nobody_sleeps_beside_bytes_or_room(void **state)
{
    pair *p = *state;
    assert_int_equal(codedb_channel_send(&p->worker, "four", 4), 4);
    codedb_channel_wait(&p->host, false, -1, -1); /* comes back */
    codedb_channel_wait(&p->worker, true, -1, -1);
}

static void what_was_sent_before_the_end_comes_before_it(void **state)
{
    pair *p = *state;
    char bytes[16];
    assert_int_equal(codedb_channel_send(&p->worker, "last words", 10), 10);
    codedb_channel_close(&p->worker);
    codedb_channel_look(&p->host);
    codedb_channel_wait(&p->host, false, -1, -1);
    assert_int_equal(codedb_channel_receive(&p->host, bytes, 4), 4);
    assert_int_equal(codedb_channel_receive(&p->host, bytes + 4, sizeof bytes), 6);
    assert_memory_equal(bytes, "last words", 10);
    codedb_channel_wait(&p->host, false, -1, -1);
    assert_int_equal(codedb_channel_receive(&p->host, bytes, sizeof bytes), 0);
    assert_int_equal(codedb_channel_receive(&p->host, bytes, sizeof bytes), 0);
}

static void *await_room_main(void *argument)
{
    codedb_channel_wait(argument, true, -1, -1);
    return NULL;
}

/* The socket's own room is the system's business. */
static void who_sleeps_for_room_alone_is_woken_when_half_is_free(void **state)
{
    pair *p = *state;
    static unsigned char bytes[2 * RING];
    pthread_t sleeper;
    assert_int_equal(codedb_channel_send(&p->host, bytes, sizeof bytes), RING);
    atomic_store(&polls, 0);
    assert_int_equal(pthread_create(&sleeper, NULL, await_room_main, &p->host), 0);
    while (atomic_load(&polls) == 0) /* it sleeps, or is about to */
        sched_yield();
    assert_int_equal(codedb_channel_receive(&p->worker, bytes, RING / 2), RING / 2);
    pthread_join(sleeper, NULL);
    assert_int_equal(codedb_channel_send(&p->host, bytes, sizeof bytes), RING / 2);
}

static void what_was_not_taken_is_known_at_the_end_only(void **state)
{
    pair *p = *state;
    char bytes[8];
    assert_int_equal(codedb_channel_send(&p->host, "taken or not", 12), 12);
    assert_int_equal(codedb_channel_receive(&p->worker, bytes, 5), 5);
    assert_int_equal(codedb_channel_untaken(&p->host), 0);
    codedb_channel_close(&p->worker);
    codedb_channel_look(&p->host);
    assert_int_equal(codedb_channel_untaken(&p->host), 7);
}

/* ---- A side that is mad ---- */

/* The whole memory, to write over it. */
static unsigned char *map_all(const pair *p, size_t *size)
{
    unsigned char *all;
    *size = (size_t)lseek(p->memory, 0, SEEK_END);
    all = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, p->memory, 0);
    assert_true(all != MAP_FAILED);
    return all;
}

static bool is_spoilt(ssize_t done)
{
    return done < 0 && errno == EPROTO;
}

/* Whatever one side writes over the whole of the memory: the other finds an error, or bytes, and never more than it has room for. */
static void spoilt_memory_is_an_error_or_bytes_and_harms_nobody(void **state)
{
    static unsigned char much[2 * RING];
    uint64_t seed = 4711;
    unsigned in_errors = 0, out_errors = 0;
    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (unsigned round = 0; round < 300; round++) {
        unsigned char bytes[100 + 8], *all;
        pair p;
        size_t size;
        pair_open(&p, true);
        all = map_all(&p, &size);
        for (size_t i = 0; i < size; i++)
            all[i] = round == 0 ? 0xFF : (unsigned char)next_random(&seed);
        for (unsigned step = 0; step < 2000; step++) {
            ssize_t received, sent;
            memset(bytes + 100, 0x5A, 8);
            received = codedb_channel_receive(&p.host, bytes, 100);
            assert_true(received >= -1 && received <= 100);
            assert_memory_equal(bytes + 100, "\x5A\x5A\x5A\x5A\x5A\x5A\x5A\x5A", 8);
            in_errors += is_spoilt(received);
            sent = codedb_channel_send(&p.host, much, step % 50 == 0 ? sizeof much : 100);
            assert_true(sent <= (ssize_t)RING);
            out_errors += is_spoilt(sent);
        }
        codedb_channel_wait(&p.host, true, -1, 0);
        munmap(all, size);
        codedb_channel_close(&p.host);
        codedb_channel_close(&p.worker);
        close(p.memory);
    }
    assert_true(in_errors > 300);
    assert_true(out_errors > 300);
}

/* A full ring, whose positions the other side has spoilt before it died: its end is seen all the same, by him who waits for room. */
static void an_end_is_seen_beside_spoilt_positions(void **state)
{
    static unsigned char bytes[2 * RING];
    (void)state;
    for (unsigned value = 0; value < 256; value += 51) {
        unsigned turns;
        unsigned char *all;
        bool is_seen = false;
        pair p;
        size_t size;
        pair_open(&p, true);
        all = map_all(&p, &size);
        assert_int_equal(codedb_channel_send(&p.host, bytes, sizeof bytes), RING);
        memset(all, (int)value, size);
        codedb_channel_close(&p.worker);
        for (turns = 0; turns < 10000 && !is_seen; turns++) {
            ssize_t received;
            codedb_channel_wait(&p.host, true, -1, -1);
            is_seen = is_spoilt(codedb_channel_send(&p.host, bytes, 100));
            received = codedb_channel_receive(&p.host, bytes, 100);
            is_seen = is_seen || received == 0 || is_spoilt(received);
        }
        assert_true(is_seen);
        munmap(all, size);
        codedb_channel_close(&p.host);
        close(p.memory);
    }
}

/* A file that may become shorter would end who reads it with SIGBUS. */
static void memory_that_can_shrink_or_has_another_size_is_refused(void **state)
{
    codedb_channel channel;
    int ends[2], good = codedb_channel_memory_create(), file;
    off_t size = lseek(good, 0, SEEK_END);
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    file = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(file, size), 0);
    assert_false(codedb_channel_open(&channel, CODEDB_CHANNEL_HOST, ends[0], file));
    assert_int_equal(ftruncate(file, size / 2), 0);
    assert_int_equal(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    assert_false(codedb_channel_open(&channel, CODEDB_CHANNEL_HOST, ends[0], file));
    assert_false(codedb_channel_open(&channel, CODEDB_CHANNEL_HOST, ends[0], ends[1]));
    assert_true(codedb_channel_open(&channel, CODEDB_CHANNEL_HOST, ends[0], good)); /* the socket was still the caller's */
    codedb_channel_close(&channel);
    close(ends[1]);
    close(file);
    close(good);
}

#define BOTH(test)                                              \
    {#test, test, set_up_shared, tear_down, NULL},              \
    {                                                           \
#test " (socket)", test, set_up_socket, tear_down, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(bytes_arrive_in_order_whatever_the_portions),
        BOTH(who_sleeps_is_woken_for_bytes_and_for_room),
        BOTH(what_is_full_takes_no_more_until_something_was_received),
        BOTH(a_sleep_ends_with_its_time_or_with_the_kick),
        BOTH(nobody_sleeps_beside_bytes_or_room),
        BOTH(what_was_sent_before_the_end_comes_before_it),
        cmocka_unit_test_setup_teardown(who_sleeps_for_room_alone_is_woken_when_half_is_free, set_up_shared, tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_taken_is_known_at_the_end_only, set_up_shared, tear_down),
        cmocka_unit_test(an_end_is_seen_beside_spoilt_positions),
        cmocka_unit_test(spoilt_memory_is_an_error_or_bytes_and_harms_nobody),
        cmocka_unit_test(memory_that_can_shrink_or_has_another_size_is_refused),
    };
    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
