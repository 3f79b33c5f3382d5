/* tests/faults/shim.h -- a file system below SQLite that fails on command, or forgets on command what was not synced.
 *
 * shim_install makes it SQLite's default VFS, so that codedb is tested as it is. State is the process's: one scenario at a time; the calls
 * of files may come from any thread. */
#ifndef CODEDB_TESTS_SHIM_H
#define CODEDB_TESTS_SHIM_H

#include <stdbool.h>

/* Registers the shim over the system's own VFS. Once, before the first database is opened. */
void shim_install(void);

/* ---- Calls that fail ---- */

typedef enum shim_kind {
    SHIM_READ,
    SHIM_WRITE, /* the first half is written, and an error answered */
    SHIM_SYNC,
    SHIM_TRUNCATE,
    SHIM_SIZE,
    SHIM_LOCK, /* of a file, and of the shared memory beside it */
    SHIM_OPEN,
    SHIM_SHARED, /* mapping the shared memory */
    SHIM_DELETE,
    SHIM_ACCESS,
    SHIM_KINDS
} shim_kind;

const char *shim_kind_name(shim_kind kind);

/* From now on `after` calls of that kind succeed, and the next one fails; when `lasting`, all behind it, too. */
void shim_fail(shim_kind kind, long after, bool lasting);
/* From now on so many calls that make a file longer succeed; then the disk is full. */
void shim_fill_disk(long after);
/* Nothing fails any more. */
void shim_calm(void);
/* Whether a call has failed since the last order. */
bool shim_struck(void);
/* Files that are open now. */
long shim_open_files(void);

/* ---- Power that goes ---- */

/* From now on what is written stays in memory until it is synced: when the process is killed, it is as if the power had gone. */
void shim_hold_writes(unsigned seed);
/* Syncs are skipped: a kill without a loss of power takes nothing from the system's cache. */
void shim_skip_syncs(void);
/* After so many calls that write, truncate or sync: a random part of what is not synced reaches the disk, in no order, the last write
 * torn, and the process is killed. */
void shim_cut_power(long after);

#endif
