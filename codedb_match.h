/* codedb_match.h -- how the SQLite driver, and the loadable extension, get the selectors' table-valued function. */
#ifndef CODEDB_MATCH_H
#define CODEDB_MATCH_H

#include "codedb_internal.h"

struct sqlite3;

/* Registers codedb_match on a connection. `deadline` (may be NULL) is that of the statement that runs, in monotonic seconds, 0 when it has
 * none; it must live as long as the connection. An SQLite result code. */
CODEDB_PRIVATE int codedb_match_register(struct sqlite3 *db, const codedb_allocator *allocator, const double *deadline);

#endif
