/* tests/faults/shim.c -- the file system that shim.h describes.
 *
 * Each file stands on one of the system's VFS. What is held back is a list of writes and truncations for each file, which reads apply to
 * what the disk has; a file must therefore be open through one connection only while writes are held. */
#include "shim.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A write that has not reached the disk; without bytes a truncation to `offset`. */
typedef struct held_write {
    struct held_write *next;
    sqlite3_int64 offset;
    int length;
    bool truncates;
    unsigned char bytes[];
} held_write;

typedef struct shim_file {
    sqlite3_file base;
    struct shim_file *next; /* of all that are open */
    sqlite3_file *real;
    held_write *first;
    held_write **last;
} shim_file;

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    pthread_mutex_t lock; /* over the list of files and what they hold */
    shim_file *files;
    atomic_long open_files;
    atomic_int kind;       /* that fails; SHIM_KINDS: none */
    atomic_long countdown; /* calls of that kind which still succeed */
    atomic_long growth;    /* calls that may still make a file longer; negative: no bound */
    atomic_bool lasting;
    atomic_bool struck;
    atomic_bool holds;
    atomic_bool skips_syncs;
    atomic_long power; /* calls until it goes; negative: it stays */
    unsigned seed;
} shim = {.lock = PTHREAD_MUTEX_INITIALIZER, .kind = SHIM_KINDS, .growth = -1, .power = -1};

const char *shim_kind_name(shim_kind kind)
{
    static const char *const names[SHIM_KINDS] = {"read", "write", "sync",   "truncate", "size",
                                                  "lock", "open",  "shared", "delete",   "access"};
    return names[kind];
}

/* ---- Orders -------------------------------------------------------------------------------------------------------- */

void shim_fail(shim_kind kind, long after, bool lasting)
{
    atomic_store(&shim.kind, SHIM_KINDS);
    atomic_store(&shim.countdown, after);
    atomic_store(&shim.lasting, lasting);
    atomic_store(&shim.struck, false);
    atomic_store(&shim.kind, (int)kind);
}

void shim_fill_disk(long after)
{
    atomic_store(&shim.struck, false);
    atomic_store(&shim.growth, after);
}

void shim_calm(void)
{
    atomic_store(&shim.kind, SHIM_KINDS);
    atomic_store(&shim.growth, -1);
}

bool shim_struck(void)
{
    return atomic_load(&shim.struck);
}

long shim_open_files(void)
{
    return atomic_load(&shim.open_files);
}

void shim_hold_writes(unsigned seed)
{
    shim.seed = seed;
    atomic_store(&shim.holds, true);
}

void shim_skip_syncs(void)
{
    atomic_store(&shim.skips_syncs, true);
}

void shim_cut_power(long after)
{
    atomic_store(&shim.power, after);
}

/* Whether this call is to fail. */
static bool shim_fails(shim_kind kind)
{
    long left;
    if (atomic_load(&shim.kind) != (int)kind)
        return false;
    left = atomic_fetch_sub(&shim.countdown, 1);
    if (left > 0 || (left < 0 && !atomic_load(&shim.lasting)))
        return false;
    atomic_store(&shim.struck, true);
    errno = EIO; /* SQLite tells it to who asks */
    return true;
}

/* Whether the disk is full for this call, which makes a file longer. */
static bool shim_disk_is_full(void)
{
    long left = atomic_load(&shim.growth);
    if (left < 0)
        return false;
    if (left > 0) {
        atomic_fetch_sub(&shim.growth, 1);
        return false;
    }
    atomic_store(&shim.struck, true);
    return true;
}

/* ---- What is held back (under the lock) ------------------------------------------------------------------------------ */

static unsigned shim_random(void)
{
    shim.seed = shim.seed * 1664525u + 1013904223u;
    return shim.seed >> 16;
}

static void held_apply(shim_file *file, const held_write *held, int length)
{
    if (held->truncates)
        file->real->pMethods->xTruncate(file->real, held->offset);
    else if (length > 0)
        file->real->pMethods->xWrite(file->real, held->bytes, length, held->offset);
}

/* Brings all to the disk: a sync. */
static void held_flush(shim_file *file)
{
    while (file->first != NULL) {
        held_write *held = file->first;
        file->first = held->next;
        held_apply(file, held, held->length);
        free(held);
    }
    file->last = &file->first;
}

static int held_add(shim_file *file, const void *bytes, int length, sqlite3_int64 offset, bool truncates)
{
    held_write *held = malloc(sizeof *held + (size_t)length);
    if (held == NULL)
        return SQLITE_IOERR_NOMEM;
    held->next = NULL;
    held->offset = offset;
    held->length = length;
    held->truncates = truncates;
    if (length > 0)
        memcpy(held->bytes, bytes, (size_t)length);
    *file->last = held;
    file->last = &held->next;
    return SQLITE_OK;
}

static sqlite3_int64 held_size(const shim_file *file, sqlite3_int64 size)
{
    for (const held_write *held = file->first; held != NULL; held = held->next)
        if (held->truncates || held->offset + held->length > size)
            size = held->truncates ? held->offset : held->offset + held->length;
    return size;
}

/* Lays what is held over `bytes`, which begin at `offset`. */
static void held_overlay(const shim_file *file, unsigned char *bytes, int length, sqlite3_int64 offset)
{
    for (const held_write *held = file->first; held != NULL; held = held->next) {
        sqlite3_int64 from = held->offset > offset ? held->offset : offset;
        sqlite3_int64 to = held->truncates ? INT64_MAX : held->offset + held->length;
        to = to < offset + length ? to : offset + length;
        if (from >= to)
            continue;
        if (held->truncates)
            memset(bytes + (from - offset), 0, (size_t)(to - from));
        else
            memcpy(bytes + (from - offset), held->bytes + (from - held->offset), (size_t)(to - from));
    }
}

/* The power is gone: of each file nothing, all or any part of what is held reaches the disk, the last write of it torn. */
static void shim_lose_power(void)
{
    for (shim_file *file = shim.files; file != NULL; file = file->next) {
        unsigned share = shim_random() % 3; /* of writes that are lost: all, half, none */
        for (const held_write *held = file->first; held != NULL; held = held->next) {
            bool lost = share == 0 || (share == 1 && shim_random() % 2 == 0);
            bool last = held->next == NULL && held->length > 0;
            if (!lost)
                held_apply(file, held, last ? (int)(shim_random() % (unsigned)held->length) : held->length);
        }
    }
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static void shim_count_power(void)
{
    long left = atomic_load(&shim.power);
    if (left > 0)
        atomic_fetch_sub(&shim.power, 1);
    else if (left == 0)
        shim_lose_power();
}

/* ---- Files --------------------------------------------------------------------------------------------------------- */

static shim_file *shim_of(sqlite3_file *file)
{
    return (shim_file *)(void *)file;
}

static int shim_close(sqlite3_file *self)
{
    shim_file *file = shim_of(self);
    shim_file **link = &shim.files;
    int code;
    pthread_mutex_lock(&shim.lock);
    held_flush(file); /* nobody has cut the power: it would be written some time */
    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    pthread_mutex_unlock(&shim.lock);
    code = file->real->pMethods->xClose(file->real);
    atomic_fetch_sub(&shim.open_files, 1);
    return code;
}

static int shim_read(sqlite3_file *self, void *bytes, int length, sqlite3_int64 offset)
{
    shim_file *file = shim_of(self);
    sqlite3_int64 size = 0;
    int code;
    if (shim_fails(SHIM_READ))
        return SQLITE_IOERR_READ;
    code = file->real->pMethods->xRead(file->real, bytes, length, offset);
    if ((code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) || !atomic_load(&shim.holds))
        return code;
    pthread_mutex_lock(&shim.lock);
    held_overlay(file, bytes, length, offset);
    code = file->real->pMethods->xFileSize(file->real, &size);
    size = held_size(file, size);
    pthread_mutex_unlock(&shim.lock);
    if (code != SQLITE_OK)
        return code;
    return offset + length <= size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int shim_hold(shim_file *file, const void *bytes, int length, sqlite3_int64 offset, bool truncates)
{
    int code;
    pthread_mutex_lock(&shim.lock);
    code = held_add(file, bytes, length, offset, truncates);
    shim_count_power();
    pthread_mutex_unlock(&shim.lock);
    return code;
}

static int shim_write(sqlite3_file *self, const void *bytes, int length, sqlite3_int64 offset)
{
    shim_file *file = shim_of(self);
    sqlite3_int64 size = 0;
    if (shim_fails(SHIM_WRITE)) {
        file->real->pMethods->xWrite(file->real, bytes, length / 2, offset);
        return SQLITE_IOERR_WRITE;
    }
    if (atomic_load(&shim.holds))
        return shim_hold(file, bytes, length, offset, false);
    if (atomic_load(&shim.growth) >= 0 && file->real->pMethods->xFileSize(file->real, &size) == SQLITE_OK &&
        offset + length > size && shim_disk_is_full())
        return SQLITE_FULL;
    return file->real->pMethods->xWrite(file->real, bytes, length, offset);
}

static int shim_truncate(sqlite3_file *self, sqlite3_int64 size)
{
    shim_file *file = shim_of(self);
    if (shim_fails(SHIM_TRUNCATE))
        return SQLITE_IOERR_TRUNCATE;
    if (atomic_load(&shim.holds))
        return shim_hold(file, NULL, 0, size, true);
    return file->real->pMethods->xTruncate(file->real, size);
}

static int shim_sync(sqlite3_file *self, int flags)
{
    shim_file *file = shim_of(self);
    if (shim_fails(SHIM_SYNC))
        return SQLITE_IOERR_FSYNC;
    if (!atomic_load(&shim.holds))
        return atomic_load(&shim.skips_syncs) ? SQLITE_OK : file->real->pMethods->xSync(file->real, flags);
    /* A kill does not take from the system what it was given: no need to wait for a disk. */
    pthread_mutex_lock(&shim.lock);
    shim_count_power();
    held_flush(file);
    pthread_mutex_unlock(&shim.lock);
    return SQLITE_OK;
}

static int shim_size(sqlite3_file *self, sqlite3_int64 *size)
{
    shim_file *file = shim_of(self);
    int code;
    if (shim_fails(SHIM_SIZE))
        return SQLITE_IOERR_FSTAT;
    code = file->real->pMethods->xFileSize(file->real, size);
    if (code == SQLITE_OK && atomic_load(&shim.holds)) {
        pthread_mutex_lock(&shim.lock);
        *size = held_size(file, *size);
        pthread_mutex_unlock(&shim.lock);
    }
    return code;
}

static int shim_lock(sqlite3_file *self, int level)
{
    shim_file *file = shim_of(self);
    return shim_fails(SHIM_LOCK) ? SQLITE_IOERR_LOCK : file->real->pMethods->xLock(file->real, level);
}

static int shim_unlock(sqlite3_file *self, int level)
{
    shim_file *file = shim_of(self);
    return file->real->pMethods->xUnlock(file->real, level);
}

static int shim_check_lock(sqlite3_file *self, int *locked)
{
    shim_file *file = shim_of(self);
    return shim_fails(SHIM_LOCK) ? SQLITE_IOERR_CHECKRESERVEDLOCK : file->real->pMethods->xCheckReservedLock(file->real, locked);
}

static int shim_control(sqlite3_file *self, int operation, void *argument)
{
    shim_file *file = shim_of(self);
    /* Hints that make the file longer behind our back. */
    if (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_OK;
    return file->real->pMethods->xFileControl(file->real, operation, argument);
}

static int shim_sector(sqlite3_file *self)
{
    shim_file *file = shim_of(self);
    return file->real->pMethods->xSectorSize(file->real);
}

static int shim_abilities(sqlite3_file *self)
{
    shim_file *file = shim_of(self);
    return file->real->pMethods->xDeviceCharacteristics(file->real);
}

static int shim_shared_map(sqlite3_file *self, int region, int size, int extend, void volatile **memory)
{
    shim_file *file = shim_of(self);
    *memory = NULL;
    return shim_fails(SHIM_SHARED) ? SQLITE_IOERR_SHMMAP
                                   : file->real->pMethods->xShmMap(file->real, region, size, extend, memory);
}

static int shim_shared_lock(sqlite3_file *self, int offset, int count, int flags)
{
    shim_file *file = shim_of(self);
    if ((flags & SQLITE_SHM_LOCK) != 0 && shim_fails(SHIM_LOCK))
        return SQLITE_IOERR_SHMLOCK;
    return file->real->pMethods->xShmLock(file->real, offset, count, flags);
}

static void shim_shared_barrier(sqlite3_file *self)
{
    shim_file *file = shim_of(self);
    file->real->pMethods->xShmBarrier(file->real);
}

static int shim_shared_unmap(sqlite3_file *self, int delete)
{
    shim_file *file = shim_of(self);
    return file->real->pMethods->xShmUnmap(file->real, delete);
}

/* ---- The VFS ------------------------------------------------------------------------------------------------------- */

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *self, int flags, int *flags_given)
{
    static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = shim_close,
        .xRead = shim_read,
        .xWrite = shim_write,
        .xTruncate = shim_truncate,
        .xSync = shim_sync,
        .xFileSize = shim_size,
        .xLock = shim_lock,
        .xUnlock = shim_unlock,
        .xCheckReservedLock = shim_check_lock,
        .xFileControl = shim_control,
        .xSectorSize = shim_sector,
        .xDeviceCharacteristics = shim_abilities,
        .xShmMap = shim_shared_map,
        .xShmLock = shim_shared_lock,
        .xShmBarrier = shim_shared_barrier,
        .xShmUnmap = shim_shared_unmap,
    };
    shim_file *file = shim_of(self);
    int code;
    (void)vfs;
    memset(file, 0, sizeof *file);
    if (shim_fails(SHIM_OPEN))
        return SQLITE_CANTOPEN;
    file->real = (sqlite3_file *)(void *)(file + 1);
    code = shim.real->xOpen(shim.real, name, file->real, flags, flags_given);
    if (code != SQLITE_OK) {
        if (file->real->pMethods != NULL)
            file->real->pMethods->xClose(file->real);
        return code;
    }
    file->base.pMethods = &methods;
    file->last = &file->first;
    pthread_mutex_lock(&shim.lock);
    file->next = shim.files;
    shim.files = file;
    pthread_mutex_unlock(&shim.lock);
    atomic_fetch_add(&shim.open_files, 1);
    return SQLITE_OK;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    return shim_fails(SHIM_DELETE) ? SQLITE_IOERR_DELETE : shim.real->xDelete(shim.real, name, sync_folder);
}

static int shim_access(sqlite3_vfs *vfs, const char *name, int flags, int *answer)
{
    (void)vfs;
    return shim_fails(SHIM_ACCESS) ? SQLITE_IOERR_ACCESS : shim.real->xAccess(shim.real, name, flags, answer);
}

void shim_install(void)
{
    shim.real = sqlite3_vfs_find(NULL);
    shim.vfs = *shim.real; /* what has nothing to do with files is the system's */
    shim.vfs.pNext = NULL;
    shim.vfs.zName = "codedb-shim";
    shim.vfs.szOsFile = (int)sizeof(shim_file) + shim.real->szOsFile;
    shim.vfs.xOpen = shim_open;
    shim.vfs.xDelete = shim_delete;
    shim.vfs.xAccess = shim_access;
    if (sqlite3_vfs_register(&shim.vfs, 1) != SQLITE_OK) {
        fprintf(stderr, "the shim could not be installed\n");
        exit(2);
    }
}
