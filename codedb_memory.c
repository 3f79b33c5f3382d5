/* codedb_memory.c -- allocator calls, arenas, blocks that the host frees, growable buffers, a page that a fork clears.
 *
 * Called by every file; calls codedb_text.c only. Any thread: an arena or a buffer has one owner at a time, and no state is shared.
 * The only file that calls malloc, realloc and free, so that a host's allocator sees every allocation and a test can fail each one.
 *
 * Invariants:
 * 1. In front of every pointer that codedb_free accepts stands a memory_root, which says what is to be released and how.
 * 2. Everything in an arena, the arena's own struct and its root included, lies in the arena's chunks.
 * 3. A buffer keeps room for a memory_root in front of its bytes, so that giving them to the host copies nothing. */
#include "codedb_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY_ALIGNMENT _Alignof(max_align_t)
#define MEMORY_ALIGNED(size) (((size) + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT)

#define ARENA_FIRST_CHUNK ((size_t)1024)
#define ARENA_LARGEST_CHUNK ((size_t)1024 * 1024)

typedef struct memory_root {
    codedb_allocator allocator;
    codedb_arena *arena; /* destroyed by codedb_free; NULL: the root is a block of its own */
} memory_root;

#define MEMORY_ROOT_SIZE MEMORY_ALIGNED(sizeof(memory_root))

typedef struct arena_chunk {
    struct arena_chunk *previous;
    size_t size; /* of the whole chunk */
    size_t used; /* from the chunk's start */
} arena_chunk;

#define ARENA_CHUNK_HEADER MEMORY_ALIGNED(sizeof(arena_chunk))

struct codedb_arena {
    codedb_allocator allocator;
    arena_chunk *chunk; /* the one that is being filled; the arena itself lies in the first */
    size_t next_size;
};

/* ---- The C library's allocator ------------------------------------------------------------------------------------- */

static void *memory_default_allocate(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static void *memory_default_reallocate(void *context, void *pointer, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old_size;
    return realloc(pointer, new_size);
}

static void memory_default_release(void *context, void *pointer)
{
    (void)context;
    free(pointer);
}

CODEDB_PRIVATE codedb_allocator codedb_allocator_or_default(const codedb_allocator *given)
{
    static const codedb_allocator library = {memory_default_allocate, memory_default_reallocate, memory_default_release, NULL};
    return given != NULL ? *given : library;
}

/* ---- Plain memory -------------------------------------------------------------------------------------------------- */

/* count * size, 1 instead of 0; false when it overflows or is more than an object may have. */
static bool memory_product(size_t count, size_t size, size_t *product)
{
    *product = 1;
    if (count == 0 || size == 0)
        return true;
    if (count > (size_t)PTRDIFF_MAX / size)
        return false;
    *product = count * size;
    return true;
}

CODEDB_PRIVATE void *codedb_memory_allocate(const codedb_allocator *allocator, size_t count, size_t size)
{
    size_t bytes;
    if (!memory_product(count, size, &bytes))
        return NULL;
    return allocator->allocate(allocator->context, bytes);
}

CODEDB_PRIVATE void *codedb_memory_reallocate(const codedb_allocator *allocator, void *pointer, size_t old_count,
                                              size_t new_count, size_t size)
{
    size_t old_bytes, new_bytes;
    if (pointer == NULL)
        return codedb_memory_allocate(allocator, new_count, size);
    if (!memory_product(old_count, size, &old_bytes) || !memory_product(new_count, size, &new_bytes))
        return NULL;
    return allocator->reallocate(allocator->context, pointer, old_bytes, new_bytes);
}

CODEDB_PRIVATE void codedb_memory_release(const codedb_allocator *allocator, void *pointer)
{
    if (pointer != NULL)
        allocator->release(allocator->context, pointer);
}

#if defined(__GNUC__)
__attribute__((noinline))
#endif
CODEDB_PRIVATE void
codedb_memory_clear(void *start, size_t size)
{
    memset(start, 0, size);
}

/* ---- What the host frees ------------------------------------------------------------------------------------------- */

static void *memory_root_fill(void *base, const codedb_allocator *allocator, codedb_arena *arena)
{
    memory_root *root = base;
    root->allocator = *allocator;
    root->arena = arena;
    return (char *)base + MEMORY_ROOT_SIZE;
}

CODEDB_PRIVATE void *codedb_block_allocate(const codedb_allocator *allocator, size_t size)
{
    codedb_allocator used = codedb_allocator_or_default(allocator);
    void *base;
    if (size > (size_t)PTRDIFF_MAX - MEMORY_ROOT_SIZE)
        return NULL;
    base = codedb_memory_allocate(&used, 1, MEMORY_ROOT_SIZE + size);
    return base != NULL ? memory_root_fill(base, &used, NULL) : NULL;
}

CODEDB_API void codedb_free(void *pointer)
{
    memory_root *root;
    if (pointer == NULL)
        return;
    root = (memory_root *)(void *)((char *)pointer - MEMORY_ROOT_SIZE);
    if (root->arena != NULL)
        codedb_arena_destroy(root->arena);
    else
        root->allocator.release(root->allocator.context, root);
}

/* ---- Arenas -------------------------------------------------------------------------------------------------------- */

static arena_chunk *arena_chunk_create(const codedb_allocator *allocator, size_t size)
{
    arena_chunk *chunk = codedb_memory_allocate(allocator, 1, size);
    if (chunk == NULL)
        return NULL;
    chunk->previous = NULL;
    chunk->size = size;
    chunk->used = ARENA_CHUNK_HEADER;
    return chunk;
}

CODEDB_PRIVATE codedb_arena *codedb_arena_create(const codedb_allocator *allocator)
{
    codedb_allocator used = codedb_allocator_or_default(allocator);
    arena_chunk *chunk = arena_chunk_create(&used, ARENA_FIRST_CHUNK);
    codedb_arena *arena;
    if (chunk == NULL)
        return NULL;
    arena = (codedb_arena *)(void *)((char *)chunk + chunk->used);
    chunk->used += MEMORY_ALIGNED(sizeof(codedb_arena));
    arena->allocator = used;
    arena->chunk = chunk;
    arena->next_size = ARENA_FIRST_CHUNK * 2;
    return arena;
}

CODEDB_PRIVATE void codedb_arena_destroy(codedb_arena *arena)
{
    codedb_allocator allocator;
    arena_chunk *chunk;
    if (arena == NULL)
        return;
    /* The arena lies in its last chunk, so nothing of it may be read once that is gone. */
    allocator = arena->allocator;
    chunk = arena->chunk;
    while (chunk != NULL) {
        arena_chunk *previous = chunk->previous;
        codedb_memory_release(&allocator, chunk);
        chunk = previous;
    }
}

CODEDB_PRIVATE const codedb_allocator *codedb_arena_allocator(const codedb_arena *arena)
{
    return &arena->allocator;
}

/* A chunk with room for `bytes`. A large one goes behind the chunk that is being filled, whose rest stays usable. */
static arena_chunk *arena_grow(codedb_arena *arena, size_t bytes)
{
    bool large = bytes > arena->next_size / 4;
    arena_chunk *chunk;
    if (bytes > (size_t)PTRDIFF_MAX - ARENA_CHUNK_HEADER)
        return NULL;
    chunk = arena_chunk_create(&arena->allocator, large ? ARENA_CHUNK_HEADER + bytes : arena->next_size);
    if (chunk == NULL)
        return NULL;
    if (large) {
        chunk->previous = arena->chunk->previous;
        arena->chunk->previous = chunk;
    } else {
        chunk->previous = arena->chunk;
        arena->chunk = chunk;
    }
    if (arena->next_size < ARENA_LARGEST_CHUNK)
        arena->next_size *= 2;
    return chunk;
}

static void *arena_take(codedb_arena *arena, size_t bytes)
{
    arena_chunk *chunk = arena->chunk;
    void *taken;
    if (bytes > (size_t)PTRDIFF_MAX - MEMORY_ALIGNMENT)
        return NULL;
    bytes = MEMORY_ALIGNED(bytes);
    if (bytes > chunk->size - chunk->used) {
        chunk = arena_grow(arena, bytes);
        if (chunk == NULL)
            return NULL;
    }
    taken = (char *)chunk + chunk->used;
    chunk->used += bytes;
    return taken;
}

CODEDB_PRIVATE void *codedb_arena_allocate(codedb_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    void *taken;
    if (!memory_product(count, size, &bytes))
        return NULL;
    taken = arena_take(arena, bytes);
    if (taken != NULL)
        memset(taken, 0, bytes);
    return taken;
}

CODEDB_PRIVATE codedb_arena *codedb_arena_of_root(void *root)
{
    return ((memory_root *)(void *)((char *)root - MEMORY_ROOT_SIZE))->arena;
}

CODEDB_PRIVATE void *codedb_arena_allocate_root(codedb_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    void *base;
    if (!memory_product(count, size, &bytes) || bytes > (size_t)PTRDIFF_MAX - MEMORY_ROOT_SIZE)
        return NULL;
    base = codedb_arena_allocate(arena, 1, MEMORY_ROOT_SIZE + bytes);
    return base != NULL ? memory_root_fill(base, &arena->allocator, arena) : NULL;
}

CODEDB_PRIVATE char *codedb_arena_copy(codedb_arena *arena, const void *bytes, size_t length)
{
    char *copy = length < SIZE_MAX ? arena_take(arena, length + 1) : NULL;
    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

CODEDB_PRIVATE char *codedb_arena_printf(codedb_arena *arena, const char *format, ...)
{
    va_list arguments;
    int length;
    char *text;
    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return NULL;
    text = arena_take(arena, (size_t)length + 1);
    if (text == NULL)
        return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

/* ---- Buffers ------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE void codedb_buffer_init(codedb_buffer *buffer, const codedb_allocator *allocator)
{
    memset(buffer, 0, sizeof *buffer);
    buffer->allocator = codedb_allocator_or_default(allocator);
}

static void *buffer_base(const codedb_buffer *buffer)
{
    return buffer->data != NULL ? buffer->data - MEMORY_ROOT_SIZE : NULL;
}

CODEDB_PRIVATE void codedb_buffer_free(codedb_buffer *buffer)
{
    codedb_memory_release(&buffer->allocator, buffer_base(buffer));
    buffer->data = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
    buffer->failed = false;
}

static bool buffer_grow(codedb_buffer *buffer, size_t more)
{
    size_t limit = (size_t)PTRDIFF_MAX - MEMORY_ROOT_SIZE - 1;
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    char *base;
    if (buffer->failed || more > limit - buffer->length) {
        buffer->failed = true;
        return false;
    }
    while (capacity < buffer->length + more)
        capacity = capacity > limit / 2 ? limit : capacity * 2;
    base = codedb_memory_reallocate(&buffer->allocator, buffer_base(buffer), MEMORY_ROOT_SIZE + buffer->capacity + 1,
                                    MEMORY_ROOT_SIZE + capacity + 1, 1);
    if (base == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = base + MEMORY_ROOT_SIZE;
    buffer->data[buffer->length] = '\0';
    buffer->capacity = capacity;
    return true;
}

CODEDB_PRIVATE bool codedb_buffer_reserve(codedb_buffer *buffer, size_t more)
{
    if (!buffer->failed && buffer->data != NULL && more <= buffer->capacity - buffer->length)
        return true;
    return buffer_grow(buffer, more);
}

CODEDB_PRIVATE void codedb_buffer_append(codedb_buffer *buffer, const void *bytes, size_t length)
{
    if (!codedb_buffer_reserve(buffer, length) || length == 0)
        return;
    memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

CODEDB_PRIVATE void codedb_buffer_append_text(codedb_buffer *buffer, const char *text)
{
    codedb_buffer_append(buffer, text, strlen(text));
}

CODEDB_PRIVATE void codedb_buffer_append_byte(codedb_buffer *buffer, char byte)
{
    codedb_buffer_append(buffer, &byte, 1);
}

CODEDB_PRIVATE void codedb_buffer_append_integer(codedb_buffer *buffer, int64_t number)
{
    char digits[20];
    size_t start = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0)
        digits[--start] = '-';
    codedb_buffer_append(buffer, digits + start, sizeof digits - start);
}

CODEDB_PRIVATE void codedb_buffer_printf(codedb_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->failed = true;
        return;
    }
    if (!codedb_buffer_reserve(buffer, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
}

/* Appends the escape of one ASCII character that JSON does not take as it is. */
static void buffer_append_json_escape(codedb_buffer *buffer, unsigned char character)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* character, letter of its escape, ... */
    size_t i;
    for (i = 0; i + 1 < sizeof named; i += 2) {
        if ((unsigned char)named[i] == character) {
            codedb_buffer_append_byte(buffer, '\\');
            codedb_buffer_append_byte(buffer, named[i + 1]);
            return;
        }
    }
    codedb_buffer_printf(buffer, "\\u%04x", (unsigned)character);
}

/* Bytes at `text` that stand in a JSON string as they are. */
static size_t buffer_json_plain(const char *text, size_t length)
{
    size_t i;
    for (i = 0; i < length; i++) {
        unsigned char character = (unsigned char)text[i];
        if (character < 0x20 || character == '"' || character == '\\' || character == 0x7f)
            break;
    }
    return i;
}

CODEDB_PRIVATE void codedb_buffer_append_json(codedb_buffer *buffer, const char *text, size_t length)
{
    codedb_buffer_append_byte(buffer, '"');
    while (length > 0) {
        size_t valid = codedb_utf8_valid_length(text, length);
        size_t done = 0;
        while (done < valid) {
            size_t plain = buffer_json_plain(text + done, valid - done);
            codedb_buffer_append(buffer, text + done, plain);
            done += plain;
            if (done < valid)
                buffer_append_json_escape(buffer, (unsigned char)text[done++]);
        }
        text += valid;
        length -= valid;
        if (length > 0) {
            codedb_buffer_append_text(buffer, "\xEF\xBF\xBD");
            text++;
            length--;
        }
    }
    codedb_buffer_append_byte(buffer, '"');
}

CODEDB_PRIVATE char *codedb_buffer_take_block(codedb_buffer *buffer)
{
    char *block = NULL;
    if (codedb_buffer_reserve(buffer, 0))
        block = memory_root_fill(buffer_base(buffer), &buffer->allocator, NULL);
    else
        codedb_memory_release(&buffer->allocator, buffer_base(buffer));
    buffer->data = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
    buffer->failed = false;
    return block;
}

/* ---- Which process this is ----------------------------------------------------------------------------------------- */

/* The kernel gives out whole pages only, and clears whole ones. */
static size_t home_page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

CODEDB_PRIVATE void codedb_home_init(codedb_home *home)
{
    home->page = NULL;
    home->process = (int)getpid();
#ifdef MADV_WIPEONFORK
    {
        unsigned char *page = mmap(NULL, home_page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            return;
        if (madvise(page, home_page_size(), MADV_WIPEONFORK) != 0) {
            munmap(page, home_page_size());
            return;
        }
        *page = 1;
        home->page = page;
    }
#endif
}

CODEDB_PRIVATE void codedb_home_free(codedb_home *home)
{
    if (home->page != NULL)
        munmap((void *)(uintptr_t)home->page, home_page_size());
    home->page = NULL;
}

CODEDB_PRIVATE bool codedb_home_is_here(const codedb_home *home)
{
    return CODEDB_LIKELY(home->page != NULL) ? *home->page != 0 : home->process == (int)getpid();
}
