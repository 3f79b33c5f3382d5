/* codedb_channel.c -- how bytes cross between the host and its worker: two rings in shared memory, and a socket.
 *
 *   send -> ring -> receive      the socket wakes him who sleeps, and its end tells that the other side is gone
 *
 * Called by codedb_process.c in the host and by codedb_worker.c on the other side; calls the system only. For both a channel is what a
 * stream socket that does not block would be: bytes in order, or EAGAIN. A socket alone costs four calls of the system for a request and its
 * answer, which take longer than most statements; where memory cannot be shared it carries the bytes itself.
 *
 * 1. The memory   2. Bytes   3. Sleep   4. Notices: how the host gets its end of a channel
 *
 * Invariants:
 * 1. Each side trusts its own positions only, which it keeps outside of the shared memory. What the other side tells of its own may be
 *    anything: a position that cannot be is an error of the channel, and no byte is read or written outside of a ring.
 *    One is believed as it is, within the ring's bounds: how much a side had taken that has ended.
 * 2. Bytes are copied out before anybody looks at them.
 * 3. Who sleeps says so first and looks once more then; who has moved his position looks then whether the other sleeps. All four are
 *    sequentially consistent, so at least one of the two sees the other: nobody sleeps beside bytes.
 * 4. A worker has memory of its own, that none before it has written to, and that no other process but its host has.
 * 5. What was written before the other side's end is received before the end is told. */
#include "codedb_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHANNEL_RING ((uint32_t)256 * 1024) /* bytes of a direction; a power of two */
#define CHANNEL_AHEAD 512                   /* bytes: most requests and answers are shorter */
#define CHANNEL_LINE 64                     /* bytes that processors exchange at a time: what different sides write lies apart */

/* What a side sleeps for. */
#define CHANNEL_BYTES 1u
#define CHANNEL_ROOM 2u

/* One direction. The positions count bytes since the beginning and wrap around. */
typedef struct channel_ring {
    _Alignas(CHANNEL_LINE) _Atomic uint32_t written;
    _Alignas(CHANNEL_LINE) _Atomic uint32_t read;
    _Alignas(CHANNEL_LINE) unsigned char bytes[CHANNEL_RING];
} channel_ring;

typedef struct channel_sleep {
    _Alignas(CHANNEL_LINE) _Atomic uint32_t awaits; /* 0: the side does not sleep */
} channel_sleep;

struct codedb_channel_memory {
    channel_sleep sleeps[2]; /* by side */
    channel_ring rings[2];   /* by the side that writes */
};

/* ---- 1. The memory ------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE int codedb_channel_memory_create(void)
{
#if defined(__linux__) && defined(MFD_ALLOW_SEALING)
    int memory = memfd_create("codedb", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0)
        return -1;
    /* Allocated here, where a lack of memory is an error and not the end of a process. */
    if (posix_fallocate(memory, 0, (off_t)sizeof(struct codedb_channel_memory)) == 0 &&
        fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return memory;
    close(memory);
    return -1;
#else
    return -1;
#endif
}

/* Whether a file that came from the other side is what it should be: one that can shrink would end us with SIGBUS. */
static bool channel_is_memory(int memory)
{
#ifdef F_GET_SEALS
    struct stat status;
    int seals = fcntl(memory, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_SHRINK) != 0 && fstat(memory, &status) == 0 &&
           status.st_size == (off_t)sizeof(struct codedb_channel_memory);
#else
    (void)memory;
    return false;
#endif
}

CODEDB_PRIVATE bool codedb_channel_open(codedb_channel *channel, codedb_channel_side side, int socket, int memory)
{
    void *mapped = NULL;
    *channel = CODEDB_CHANNEL_NONE;
    if (memory >= 0 && !channel_is_memory(memory))
        return false;
    if (memory >= 0)
        mapped = mmap(NULL, sizeof(struct codedb_channel_memory), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (mapped == MAP_FAILED)
        return false;
#ifdef MADV_DONTFORK
    if (mapped != NULL)
        madvise(mapped, sizeof(struct codedb_channel_memory), MADV_DONTFORK); /* what the host forks has no business there */
#endif
    channel->socket = socket;
    channel->side = side;
    channel->memory = mapped;
    return true;
}

CODEDB_PRIVATE void codedb_channel_close(codedb_channel *channel)
{
    if (channel->memory != NULL)
        munmap(channel->memory, sizeof *channel->memory);
    if (channel->socket >= 0)
        close(channel->socket);
    *channel = CODEDB_CHANNEL_NONE;
}

/* ---- 2. Bytes ------------------------------------------------------------------------------------------------------ */

/* Wakes the other side if it sleeps for what there is now. That its socket takes no more is no harm: then there is enough to wake it. */
static void channel_wake(codedb_channel *channel, uint32_t what)
{
    channel_sleep *other = &channel->memory->sleeps[1 - channel->side];
    if ((atomic_load(&other->awaits) & what) == 0)
        return;
    atomic_store(&other->awaits, 0);
    while (send(channel->socket, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
           (errno == EINTR || errno == ENOBUFS || errno == ENOMEM))
        sched_yield();
}

static void channel_copy_in(channel_ring *ring, uint32_t at, const unsigned char *bytes, uint32_t length)
{
    uint32_t start = at % CHANNEL_RING;
    uint32_t first = length < CHANNEL_RING - start ? length : CHANNEL_RING - start;
    memcpy(ring->bytes + start, bytes, first);
    memcpy(ring->bytes, bytes + first, length - first);
}

static void channel_copy_out(const channel_ring *ring, uint32_t at, unsigned char *bytes, uint32_t length)
{
    uint32_t start = at % CHANNEL_RING;
    uint32_t first = length < CHANNEL_RING - start ? length : CHANNEL_RING - start;
    memcpy(bytes, ring->bytes + start, first);
    memcpy(bytes + first, ring->bytes, length - first);
}

static ssize_t channel_fail(int error)
{
    errno = error;
    return -1;
}

/* How much room there is behind the position `written`. Where the other side has read to is looked at when there seems to be too little only:
 * looking takes the line away from it. */
static uint32_t channel_room(codedb_channel *channel, const channel_ring *ring, uint32_t written, size_t wanted)
{
    if (CHANNEL_RING - (written - channel->read_there) < wanted)
        channel->read_there = atomic_load(&ring->read);
    return CHANNEL_RING - (written - channel->read_there);
}

/* Makes the lines that come next this processor's own, while nobody waits for that. */
static void channel_prepare(channel_ring *ring, uint32_t at)
{
#ifdef __GNUC__
    uint32_t ahead;
    for (ahead = 0; ahead < CHANNEL_AHEAD; ahead += CHANNEL_LINE)
        __builtin_prefetch(ring->bytes + (at + ahead) % CHANNEL_RING, 1);
#else
    (void)ring;
    (void)at;
#endif
}

CODEDB_PRIVATE ssize_t codedb_channel_send(codedb_channel *channel, const void *bytes, size_t length)
{
    uint32_t written = atomic_load_explicit(&channel->written, memory_order_relaxed);
    channel_ring *ring;
    uint32_t room;
    if (channel->memory == NULL)
        return send(channel->socket, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    ring = &channel->memory->rings[channel->side];
    room = channel_room(channel, ring, written, length);
    if (room > CHANNEL_RING)
        return channel_fail(EPROTO);
    if (room == 0)
        return channel_fail(EAGAIN);
    if (room > length)
        room = (uint32_t)length;
    channel_copy_in(ring, written, bytes, room);
    written += room;
    atomic_store_explicit(&channel->written, written, memory_order_relaxed);
    atomic_store(&ring->written, written);
    channel_wake(channel, CHANNEL_BYTES);
    channel_prepare(ring, written);
    return (ssize_t)room;
}

CODEDB_PRIVATE size_t codedb_channel_untaken(const codedb_channel *channel)
{
    uint32_t untaken;
    if (channel->memory == NULL || !channel->ended)
        return 0;
    untaken =
        atomic_load_explicit(&channel->written, memory_order_relaxed) - atomic_load(&channel->memory->rings[channel->side].read);
    return untaken <= CHANNEL_RING ? untaken : 0;
}

CODEDB_PRIVATE ssize_t codedb_channel_receive(codedb_channel *channel, void *into, size_t room)
{
    uint32_t read = atomic_load_explicit(&channel->read, memory_order_relaxed);
    channel_ring *ring;
    uint32_t there, taken;
    if (channel->memory == NULL)
        return recv(channel->socket, into, room, MSG_DONTWAIT);
    ring = &channel->memory->rings[1 - channel->side];
    there = atomic_load_explicit(&ring->written, memory_order_acquire) - read;
    if (there > CHANNEL_RING)
        return channel_fail(EPROTO);
    if (there == 0)
        return channel->ended ? 0 : channel_fail(channel->error != 0 ? channel->error : EAGAIN);
    taken = room < there ? (uint32_t)room : there;
    channel_copy_out(ring, read, into, taken);
    atomic_store_explicit(&channel->read, read + taken, memory_order_relaxed);
    atomic_store(&ring->read, read + taken);
    if (there - taken <= CHANNEL_RING / 2) /* waking for less would be waking for each of many */
        channel_wake(channel, CHANNEL_ROOM);
    return (ssize_t)taken;
}

CODEDB_PRIVATE bool codedb_channel_has_bytes(const codedb_channel *channel)
{
    const channel_ring *ring = &channel->memory->rings[1 - channel->side];
    return atomic_load_explicit(&ring->written, memory_order_acquire) !=
           atomic_load_explicit(&channel->read, memory_order_relaxed);
}

/* ---- 3. Sleep ------------------------------------------------------------------------------------------------------ */

CODEDB_PRIVATE void codedb_channel_look(codedb_channel *channel)
{
    char wakes[64];
    ssize_t received;
    if (channel->memory == NULL)
        return;
    do {
        received = recv(channel->socket, wakes, sizeof wakes, MSG_DONTWAIT);
    } while (received < 0 && errno == EINTR);
    if (received == 0 || (received < 0 && errno == ECONNRESET)) /* which is the end beside bytes that were not read */
        channel->ended = true;
    else if (received < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        channel->error = errno;
}

/* Whether there is nothing of what the side says that it sleeps for. */
static bool channel_may_sleep(codedb_channel *channel, uint32_t awaits)
{
    struct codedb_channel_memory *memory = channel->memory;
    uint32_t there, used;
    atomic_store(&memory->sleeps[channel->side].awaits, awaits);
    there = atomic_load(&memory->rings[1 - channel->side].written) - atomic_load(&channel->read);
    used = atomic_load(&channel->written) - atomic_load(&memory->rings[channel->side].read);
    return there == 0 && ((awaits & CHANNEL_ROOM) == 0 || used == CHANNEL_RING);
}

CODEDB_PRIVATE bool codedb_channel_wait(codedb_channel *channel, bool for_room, int kick, int timeout)
{
    struct pollfd wait[2] = {{.fd = channel->socket, .events = POLLIN}, {.fd = kick, .events = POLLIN}};
    if (channel->memory == NULL) {
        if (for_room)
            wait[0].events |= POLLOUT;
        return poll(wait, 2, timeout) > 0 && wait[1].revents != 0;
    }
    if (channel_may_sleep(channel, for_room ? CHANNEL_BYTES | CHANNEL_ROOM : CHANNEL_BYTES) && poll(wait, 2, timeout) < 0)
        wait[1].revents = 0;
    atomic_store(&channel->memory->sleeps[channel->side].awaits, 0);
    if (wait[0].revents != 0)
        codedb_channel_look(channel);
    return wait[1].revents != 0;
}

/* ---- 4. Notices ---------------------------------------------------------------------------------------------------- */

/* Descriptors in a message of a socket. */
typedef union channel_passed {
    struct cmsghdr header; /* for its alignment */
    char room[CMSG_SPACE(2 * sizeof(int))];
} channel_passed;

CODEDB_PRIVATE bool codedb_channel_send_notice(int control, const codedb_worker_notice *notice, const int descriptors[2])
{
    channel_passed passed;
    size_t size = notice->descriptors * sizeof(int);
    codedb_worker_notice copy = *notice;
    struct iovec bytes = {.iov_base = &copy, .iov_len = sizeof copy};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = passed.room, .msg_controllen = CMSG_SPACE(size)};
    struct cmsghdr *header;
    memset(&passed, 0, sizeof passed);
    header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), descriptors, size);
    return sendmsg(control, &message, MSG_NOSIGNAL) == (ssize_t)sizeof copy;
}

CODEDB_PRIVATE ssize_t codedb_channel_receive_notice(int control, codedb_worker_notice *notice, int descriptors[2])
{
    channel_passed passed;
    struct iovec bytes = {.iov_base = notice, .iov_len = sizeof *notice};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = passed.room, .msg_controllen = sizeof passed.room};
    const struct cmsghdr *header;
    ssize_t received = recvmsg(control, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    descriptors[0] = -1;
    descriptors[1] = -1;
    if (received <= 0)
        return received;
    header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        (header->cmsg_len == CMSG_LEN(sizeof(int)) || header->cmsg_len == CMSG_LEN(2 * sizeof(int))))
        memcpy(descriptors, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    return received;
}
