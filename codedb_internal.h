/* codedb_internal.h -- memory, text and Results: what every file of codedb uses.
 *
 * Functions declared here and in codedb_driver.h and codedb_tree.h are shared between the source files but are no API:
 * CODEDB_PRIVATE hides them from the linker, and in the amalgamation it is `static`. */
#ifndef CODEDB_INTERNAL_H
#define CODEDB_INTERNAL_H

#include "codedb.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef CODEDB_PRIVATE
#define CODEDB_PRIVATE __attribute__((visibility("hidden")))
#endif

#if defined(__GNUC__)
#define CODEDB_PRINTF(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))
#define CODEDB_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define CODEDB_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#else
#define CODEDB_PRINTF(format_index, first_argument)
#define CODEDB_LIKELY(condition) (condition)
#define CODEDB_UNLIKELY(condition) (condition)
#endif

/* ---- codedb_memory.c: every allocation call of codedb is there ---------------------------------------------------- */

/* The allocator to use for `given`: itself, or the C library's when it is NULL. Returned by value. */
CODEDB_PRIVATE codedb_allocator codedb_allocator_or_default(const codedb_allocator *given);

/* Uninitialized memory; NULL when there is none or when count * size overflows. A count or size of 0 gives a valid pointer. */
CODEDB_PRIVATE void *codedb_memory_allocate(const codedb_allocator *allocator, size_t count, size_t size);
CODEDB_PRIVATE void *codedb_memory_reallocate(const codedb_allocator *allocator, void *pointer, size_t old_count,
                                              size_t new_count, size_t size);
CODEDB_PRIVATE void codedb_memory_release(const codedb_allocator *allocator, void *pointer);

/* Fetches what another processor has just written, for writing, all lines at once instead of one behind the other. Any address may be
 * fetched: it is not read. */
static inline void codedb_memory_fetch(const void *start, size_t size)
{
#if defined(__GNUC__)
    size_t offset;
    for (offset = 0; offset < size; offset += 64)
        __builtin_prefetch((const char *)start + offset, 1);
#else
    (void)start;
    (void)size;
#endif
}
/* Zeros, by the C library: compilers write loops for it that begin slowly. */
CODEDB_PRIVATE void codedb_memory_clear(void *start, size_t size);

/* An arena: many small allocations, freed by one call. Not thread-safe; one owner at a time. */
typedef struct codedb_arena codedb_arena;
CODEDB_PRIVATE codedb_arena *codedb_arena_create(const codedb_allocator *allocator);
CODEDB_PRIVATE void codedb_arena_destroy(codedb_arena *arena); /* NULL is allowed */
CODEDB_PRIVATE const codedb_allocator *codedb_arena_allocator(const codedb_arena *arena);
/* Zeroed, aligned for any type; NULL when there is no memory. */
CODEDB_PRIVATE void *codedb_arena_allocate(codedb_arena *arena, size_t count, size_t size);
CODEDB_PRIVATE char *codedb_arena_copy(codedb_arena *arena, const void *bytes, size_t length); /* adds a NUL behind */
CODEDB_PRIVATE char *codedb_arena_printf(codedb_arena *arena, const char *format, ...) CODEDB_PRINTF(2, 3);
/* Zeroed memory that the host may pass to codedb_free: that destroys the whole arena. At most one root an arena. */
CODEDB_PRIVATE void *codedb_arena_allocate_root(codedb_arena *arena, size_t count, size_t size);
/* The arena of such a root. */
CODEDB_PRIVATE codedb_arena *codedb_arena_of_root(void *root);
/* A block of its own that the host may pass to codedb_free (an arena with nothing but its root); uninitialized. */
CODEDB_PRIVATE void *codedb_block_allocate(const codedb_allocator *allocator, size_t size);

/* A growable buffer of bytes. `failed` is sticky: append as you like, look once at the end. */
typedef struct codedb_buffer {
    codedb_allocator allocator;
    char *data; /* NUL behind `length` whenever data != NULL */
    size_t length;
    size_t capacity;
    bool failed;
} codedb_buffer;
CODEDB_PRIVATE void codedb_buffer_init(codedb_buffer *buffer, const codedb_allocator *allocator);
CODEDB_PRIVATE void codedb_buffer_free(codedb_buffer *buffer);
CODEDB_PRIVATE bool codedb_buffer_reserve(codedb_buffer *buffer, size_t more);
CODEDB_PRIVATE void codedb_buffer_append(codedb_buffer *buffer, const void *bytes, size_t length);
CODEDB_PRIVATE void codedb_buffer_append_text(codedb_buffer *buffer, const char *text);
CODEDB_PRIVATE void codedb_buffer_append_byte(codedb_buffer *buffer, char byte);
CODEDB_PRIVATE void codedb_buffer_append_integer(codedb_buffer *buffer, int64_t number);
CODEDB_PRIVATE void codedb_buffer_printf(codedb_buffer *buffer, const char *format, ...) CODEDB_PRINTF(2, 3);
/* Appends a JSON string literal, quotes included, of `length` bytes of UTF-8; bad bytes become U+FFFD. */
CODEDB_PRIVATE void codedb_buffer_append_json(codedb_buffer *buffer, const char *text, size_t length);
/* The bytes as a block that the host frees with codedb_free, and an empty buffer left; NULL without memory. */
CODEDB_PRIVATE char *codedb_buffer_take_block(codedb_buffer *buffer);

/* Tells a process from a child that it forked: one page that the kernel clears in the child. Where it cannot, the process id decides. */
typedef struct codedb_home {
    const volatile unsigned char *page; /* NULL: `process` decides */
    int process;
} codedb_home;
CODEDB_PRIVATE void codedb_home_init(codedb_home *home);
CODEDB_PRIVATE void codedb_home_free(codedb_home *home);
/* Whether this is still the process that called codedb_home_init. Cheap enough for every call. */
CODEDB_PRIVATE bool codedb_home_is_here(const codedb_home *home);

/* ---- codedb_text.c ------------------------------------------------------------------------------------------------ */

#define CODEDB_SHA256_HEX_SIZE 65
#define CODEDB_UUID_SIZE 37

/* The offset of the first byte that is not UTF-8 (surrogates and overlong forms are not), or `length`. */
CODEDB_PRIVATE size_t codedb_utf8_valid_length(const char *text, size_t length);
/* Code points in `length` bytes of valid UTF-8. */
CODEDB_PRIVATE size_t codedb_utf8_count(const char *text, size_t length);
/* Decodes one code point of valid UTF-8 at `text`, its bytes in *size. */
CODEDB_PRIVATE uint32_t codedb_utf8_decode(const char *text, size_t *size);
/* Writes up to 4 bytes; returns how many. */
CODEDB_PRIVATE size_t codedb_utf8_encode(uint32_t code_point, char *out);
/* Lower-case hex SHA-256 (FIPS 180-4) and a NUL. */
CODEDB_PRIVATE void codedb_sha256_hex(const void *bytes, size_t length, char out[CODEDB_SHA256_HEX_SIZE]);
/* The same without the processor's help, for tests. */
CODEDB_PRIVATE void codedb_sha256_hex_portable(const void *bytes, size_t length, char out[CODEDB_SHA256_HEX_SIZE]);
/* A random UUID, version 4 (RFC 9562), in lower case, and a NUL; false when the system gives no randomness. */
CODEDB_PRIVATE bool codedb_uuid4(char out[CODEDB_UUID_SIZE]);
/* Now as a Julian day number, as SQLite's julianday('now'); and as Unix seconds. */
CODEDB_PRIVATE double codedb_julian_day_now(void);
CODEDB_PRIVATE double codedb_unix_time_now(void);
/* Monotonic seconds, for deadlines. */
CODEDB_PRIVATE double codedb_monotonic_now(void);
/* Line (from 1) and column (from 0, in code points) of the place behind `length` bytes of valid UTF-8; \n, \r\n and \r end lines. */
CODEDB_PRIVATE void codedb_text_place(const char *text, size_t length, size_t *line, size_t *column);
/* Whether two texts are the same but for upper and lower case of ASCII letters. */
CODEDB_PRIVATE bool codedb_text_equal_case(const char *left, const char *right);
/* What errno means, in words; thread-safe, in the C locale. */
CODEDB_PRIVATE void codedb_text_system_error(int error, char *out, size_t size);
/* The candidate nearest in spelling to `word`, for "did you mean": NULL when none is near. `candidates` ends with NULL. */
CODEDB_PRIVATE const char *codedb_text_nearest(const char *word, size_t length, const char *const *candidates);

/* ---- codedb_encoding.c -------------------------------------------------------------------------------------------- */

#define CODEDB_ENCODING_NAME_SIZE 64

/* A source file's text in UTF-8. */
typedef struct codedb_decoded {
    const char *text; /* the bytes that were given, when they are UTF-8 (BOM included); else `owned` */
    size_t length;
    char *owned; /* NULL: nothing had to be changed; a NUL stands behind it */
} codedb_decoded;

/* Finds the encoding of a source file's bytes by BOM and coding cookie and gives their text, which lives as long as the bytes do.
 * PARSE_ERROR for an unknown encoding, one that contradicts the BOM, and a byte that is no text in it; NO_MEMORY. */
CODEDB_PRIVATE codedb_code codedb_encoding_decode(const codedb_allocator *allocator, const char *bytes, size_t length,
                                                  codedb_decoded *decoded, codedb_result *result);
CODEDB_PRIVATE void codedb_decoded_release(const codedb_allocator *allocator, codedb_decoded *decoded);
/* Appends the text in the encoding that its own BOM or cookie names. PARSE_ERROR for a bad cookie, VALIDATION_ERROR naming a
 * character that the encoding does not have; NO_MEMORY. */
CODEDB_PRIVATE codedb_code codedb_encoding_encode(const char *text, size_t length, codedb_buffer *bytes, codedb_result *result);

/* ---- codedb_config.c ---------------------------------------------------------------------------------------------- */

/* What a configuration says. All text is owned by `arena`; codedb_config_free frees it. */
typedef struct codedb_config {
    codedb_arena *arena;
    const char *type;       /* the driver's name: "sqlite", ... */
    const char *path;       /* of the database file, ":memory:", or NULL where the driver needs none */
    const char *backup_dir; /* NULL: not given; likewise the next two */
    const char *worker_log_path;
    const char *synchronous;   /* off, normal, full or extra, in lower case */
    const char *driver_config; /* the driver's "config" object as JSON text */
    double command_timeout;    /* seconds; 0: not given; likewise the rest */
    double transaction_timeout;
    double poll_interval;
    int64_t queue_size;
    bool read_only;
} codedb_config;

/* Reads `text` as codedb_open describes it: JSON, the path of a .json file, the path of a database, or ":memory:". Errors:
 * VALIDATION_ERROR that names the key (data: {"errors": [{"field", "message"}]}), NOT_FOUND, PERMISSION_DENIED, NO_MEMORY. */
CODEDB_PRIVATE codedb_code codedb_config_read(codedb_config *config, const char *text, const codedb_allocator *allocator,
                                              codedb_result *result);
CODEDB_PRIVATE void codedb_config_free(codedb_config *config);

/* ---- codedb_result.c ------------------------------------------------------------------------------------------- */

/* Fills `result` (NULL is allowed) with an error and returns `code`, so that a caller can write `return codedb_fail(...)`. */
CODEDB_PRIVATE codedb_code codedb_fail(codedb_result *result, codedb_code code, const char *format, ...) CODEDB_PRINTF(3, 4);
CODEDB_PRIVATE codedb_code codedb_fail_no_memory(codedb_result *result);
/* The same with a place in a text: a 0-based byte offset, 1-based line, 0-based column in code points. */
CODEDB_PRIVATE codedb_code codedb_fail_at(codedb_result *result, codedb_code code, size_t offset, size_t length, size_t line,
                                          size_t column, const char *format, ...) CODEDB_PRINTF(7, 8);
/* Copies a struct of the host that begins with struct_size to `copy`, which has `size` bytes: what the host's version of the struct does not
 * have is zero, what this one does not know is left out. NULL gives all zeros. False when struct_size was not set. */
CODEDB_PRIVATE bool codedb_struct_read(void *copy, size_t size, const void *given);
/* The same, with INVALID_REQUEST naming the struct `name` when struct_size was not set. */
CODEDB_PRIVATE codedb_code codedb_struct_take(void *copy, size_t size, const void *given, const char *name,
                                              codedb_result *result);
/* Copies `made`, of `size` bytes, to a struct of the host, as far as that has room; its struct_size stays. */
CODEDB_PRIVATE void codedb_struct_give(void *given, const void *made, size_t size);
/* Resets `result` (NULL is allowed) to success, freeing what it held, and returns CODEDB_SUCCESS. */
CODEDB_PRIVATE codedb_code codedb_succeed(codedb_result *result);
/* The same with something to say. */
CODEDB_PRIVATE codedb_code codedb_succeed_with(codedb_result *result, const char *format, ...) CODEDB_PRINTF(2, 3);
/* Makes the buffer's JSON the result's data, after codedb_fail or codedb_succeed (which drop the data there was); empties the
 * buffer in any case. Without memory the data is NULL. */
CODEDB_PRIVATE void codedb_result_take_data(codedb_result *result, codedb_buffer *json);

/* ---- codedb_schema.c: what the object layer knows of a handle's database ------------------------------------------ */

#define CODEDB_TABLE_COUNT 21

/* Trees that queries keep (codedb_query.h). */
typedef struct codedb_tree_cache codedb_tree_cache;
CODEDB_PRIVATE void codedb_tree_cache_destroy(codedb_tree_cache *cache);

/* One for each database, zeroed. Written when the database is opened and when its schema was changed here, read at any time. */
typedef struct codedb_schema {
    const char *backup_dir;                       /* of the configuration, or NULL; behind the struct */
    size_t tree_cache_size;                       /* bytes; 0: no trees are kept */
    _Atomic(codedb_tree_cache *) trees;           /* made by who needs it first; NULL: not yet */
    _Atomic bool known;                           /* false: take every table and column to be there */
    _Atomic uint64_t columns[CODEDB_TABLE_COUNT]; /* of each object's table: the columns that exist, by their bits */
} codedb_schema;

/* codedb.c: the one of the database that `db` is, or is a transaction or view of. */
CODEDB_PRIVATE codedb_schema *codedb_schema_of(codedb *db);
/* Called once by codedb_open, when the driver runs: creates the tables in a database that has none, and sees which columns
 * exist. */
CODEDB_PRIVATE codedb_code codedb_schema_create_if_empty(codedb *db, codedb_result *result);
/* The same for a database in memory, before there is a driver: *arena holds all of it, and is NULL on an error. */
CODEDB_PRIVATE codedb_code codedb_schema_begin(const codedb_allocator *allocator, codedb_arena **arena,
                                               const struct codedb_beginning **beginning, codedb_result *result);
/* The names of the tables without which a database is none of codedb's, as TEXT values. */
CODEDB_PRIVATE const codedb_value *codedb_schema_core(size_t *count);
/* Sees again which columns exist, behind a change. */
CODEDB_PRIVATE void codedb_schema_refresh(codedb *db);

#endif
