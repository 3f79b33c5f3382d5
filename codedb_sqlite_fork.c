/* codedb_sqlite_fork.c -- keeps other threads out of SQLite's process-wide state while a process is forked.
 *
 * Called by codedb_worker.c in the thread that forks. What is SQLite's own and shared by all connections (its list of open files, memory
 * counters, page caches, random numbers, list of file systems) is guarded by its static mutexes. A thread that is inside one of them
 * at the fork would leave it locked in the child for ever. So all of them are entered before the fork and left behind it, on both sides. Other
 * locks belong to connections, which the child never touches.
 *
 * Invariant:
 * 1. The order is SQLite's own where it enters one inside another: open -> random -> main -> file systems -> page caches -> memory.
 *    So nobody can wait for us while we wait for him. */
#include "codedb_process.h"
#include "codedb_sqlite.h"

/* Those of the application (SQLITE_MUTEX_STATIC_APP1 ...) are not SQLite's, and in an order that nobody knows. */
static const int sqlite_fork_order[] = {
    SQLITE_MUTEX_STATIC_OPEN, SQLITE_MUTEX_STATIC_PRNG, SQLITE_MUTEX_STATIC_MAIN,
    SQLITE_MUTEX_STATIC_VFS3, SQLITE_MUTEX_STATIC_VFS2, SQLITE_MUTEX_STATIC_VFS1,
    SQLITE_MUTEX_STATIC_LRU,  SQLITE_MUTEX_STATIC_PMEM, SQLITE_MUTEX_STATIC_MEM,
};

#define SQLITE_FORK_MUTEXES (sizeof sqlite_fork_order / sizeof sqlite_fork_order[0])

CODEDB_PRIVATE void codedb_sqlite_fork_begin(void)
{
    size_t i;
    sqlite3_initialize(); /* its own lock is not static, and is never taken again behind this */
    for (i = 0; i < SQLITE_FORK_MUTEXES; i++)
        sqlite3_mutex_enter(sqlite3_mutex_alloc(sqlite_fork_order[i]));
}

CODEDB_PRIVATE void codedb_sqlite_fork_end(void)
{
    size_t i;
    for (i = SQLITE_FORK_MUTEXES; i > 0; i--)
        sqlite3_mutex_leave(sqlite3_mutex_alloc(sqlite_fork_order[i - 1]));
}
