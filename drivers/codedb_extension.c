/* codedb_extension.c -- codedb_match as a loadable extension of SQLite, for any program that has no codedb in it.
 *
 *     $ sqlite3 code.db
 *     sqlite> .load ./codedb_match
 *     sqlite> SELECT name, start_line FROM codedb_match('def f(): pass', 'function');
 *
 * Made by `make extension`; what it registers is in codedb_match.c. */
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1

#include "codedb_match.h"

/* SQLite finds it by this name, which it makes of the file's: codedb_match.so without what is no letter. */
__attribute__((visibility("default"))) int sqlite3_codedbmatch_init(sqlite3 *db, char **error,
                                                                    const sqlite3_api_routines *routines);

int sqlite3_codedbmatch_init(sqlite3 *db, char **error, const sqlite3_api_routines *routines)
{
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    (void)error;
    SQLITE_EXTENSION_INIT2(routines)
    return codedb_match_register(db, &allocator, NULL);
}
