/* fuzz.h -- what the fuzzers share: a check that ends the run, an allocator that fails once, and dumps of trees. */
#ifndef CODEDB_FUZZ_H
#define CODEDB_FUZZ_H

#include "codedb_tree.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(condition)  \
    do {                  \
        if (!(condition)) \
            abort();      \
    } while (0)

typedef struct fuzz_countdown {
    long left; /* allocations that still succeed; negative: all do */
    bool failed;
} fuzz_countdown;

static inline bool fuzz_countdown_next(fuzz_countdown *counted)
{
    if (counted->left-- != 0)
        return true;
    counted->failed = true;
    return false;
}

static inline void *fuzz_allocate(void *context, size_t size)
{
    return fuzz_countdown_next(context) ? malloc(size) : NULL;
}

static inline void *fuzz_reallocate(void *context, void *pointer, size_t old_size, size_t new_size)
{
    (void)old_size;
    return fuzz_countdown_next(context) ? realloc(pointer, new_size) : NULL;
}

static inline void fuzz_release(void *context, void *pointer)
{
    (void)context;
    free(pointer);
}

static inline codedb_allocator fuzz_allocator(fuzz_countdown *counted)
{
    codedb_allocator allocator = {fuzz_allocate, fuzz_reallocate, fuzz_release, counted};
    return allocator;
}

static inline int fuzz_append(void *context, const char *bytes, size_t length)
{
    codedb_buffer *written = context;
    codedb_buffer_append(written, bytes, length);
    return written->failed;
}

/* The source that a tree holds, which is in UTF-8 whatever the file was in, gives the same dump as the tree. */
static inline void fuzz_check_again(const codedb_tree *tree, const codedb_parse_options *options, codedb_dump_format format,
                                    const codedb_buffer *written)
{
    codedb_tree *again;
    codedb_buffer second;
    codedb_buffer_init(&second, NULL);
    CHECK(codedb_tree_parse_text(tree->source, tree->length, options, &again, NULL) == CODEDB_SUCCESS);
    CHECK(codedb_tree_dump(again, format, fuzz_append, &second, NULL) == CODEDB_SUCCESS);
    CHECK(second.length == written->length && memcmp(second.data, written->data, second.length) == 0);
    codedb_buffer_free(&second);
    codedb_tree_free(again);
}

#endif
