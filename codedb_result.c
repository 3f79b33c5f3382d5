/* codedb_result.c -- versions, codes and Results.
 *
 * Called by every file. Any thread: a Result belongs to the call it is given to.
 *
 * Invariant:
 * 1. Nothing of a host's struct is read or written beyond its struct_size, so that a program built against an older, smaller
 *    header keeps working. */
#include "codedb_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- Versions and codes -------------------------------------------------------------------------------------------- */

#define CODEDB_STRING(text) #text
#define CODEDB_EXPANDED_STRING(macro) CODEDB_STRING(macro)

#define CODEDB_VERSION_TEXT                      \
    CODEDB_EXPANDED_STRING(CODEDB_VERSION_MAJOR) \
    "." CODEDB_EXPANDED_STRING(CODEDB_VERSION_MINOR) "." CODEDB_EXPANDED_STRING(CODEDB_VERSION_PATCH)

CODEDB_API const char *codedb_version(void)
{
    return CODEDB_VERSION_TEXT;
}

/* Every code once: its name, and what is said when there is nothing better to say. */
#define CODEDB_CODES(X)                                                  \
    X(SUCCESS, "")                                                       \
    X(INVALID_REQUEST, "the call makes no sense")                        \
    X(DATABASE_ERROR, "the database reported an error")                  \
    X(NOT_FOUND, "not found")                                            \
    X(VALIDATION_ERROR, "a value is not allowed")                        \
    X(PERMISSION_DENIED, "not permitted")                                \
    X(TIMEOUT, "the time was over")                                      \
    X(INTERNAL_ERROR, "a defect of codedb")                              \
    X(TRANSACTION_ERROR, "the transaction does not exist or has ended")  \
    X(SCHEMA_ERROR, "the table or column does not exist")                \
    X(CONNECTION_ERROR, "the driver is gone")                            \
    X(QUEUE_FULL, "the queue is full")                                   \
    X(NO_MEMORY, "out of memory")                                        \
    X(PARSE_ERROR, "the source is not Python")                           \
    X(SELECTOR_ERROR, "the selector is not one")                         \
    X(CONFLICT, "changed since it was read")                             \
    X(OVERLAP, "edits overlap")                                          \
    X(CANCELLED, "cancelled")                                            \
    X(BUSY, "the call would wait for itself, or the database is locked") \
    X(OUTCOME_UNKNOWN, "contact was lost during a commit, or the disk did not confirm it")

typedef struct result_code_text {
    codedb_code code;
    const char *name;
    const char *description;
} result_code_text;

static const result_code_text *result_code_find(codedb_code code)
{
#define RESULT_CODE_ROW(name, text) {CODEDB_##name, #name, text},
    static const result_code_text texts[] = {CODEDB_CODES(RESULT_CODE_ROW)};
#undef RESULT_CODE_ROW
    static const result_code_text unknown = {CODEDB_INTERNAL_ERROR, "UNKNOWN", "an unknown code"};
    size_t index = (size_t)code;
    return index < sizeof texts / sizeof texts[0] && texts[index].code == code ? &texts[index] : &unknown;
}
#undef CODEDB_CODES

CODEDB_API const char *codedb_code_name(codedb_code code)
{
    return result_code_find(code)->name;
}

/* ---- Results ------------------------------------------------------------------------------------------------------- */

/* Whether the host's struct, of the size that it says, has all of the field. */
#define RESULT_HAS(result, field) ((result)->struct_size >= offsetof(codedb_result, field) + sizeof((result)->field))

static void result_set(codedb_result *result, codedb_code code, const char *description)
{
    if (RESULT_HAS(result, data)) {
        codedb_free(result->data);
        result->data = NULL;
    }
    if (RESULT_HAS(result, code))
        result->code = code;
    if (RESULT_HAS(result, length)) {
        result->line = 0;
        result->column = 0;
        result->offset = 0;
        result->length = 0;
    }
    if (RESULT_HAS(result, description)) {
        /* Cut at a character's start: what was valid UTF-8 stays so. */
        size_t length = strlen(description);
        if (length >= CODEDB_DESCRIPTION_SIZE) {
            length = CODEDB_DESCRIPTION_SIZE - 1;
            while (length > 0 && ((unsigned char)description[length] & 0xC0) == 0x80)
                length--;
        }
        memcpy(result->description, description, length);
        result->description[length] = '\0';
    }
}

/* The text is made before the result is touched, because its arguments may point into the result. */
static void result_set_formatted(codedb_result *result, codedb_code code, const char *format, va_list arguments)
    CODEDB_PRINTF(3, 0);
static void result_set_formatted(codedb_result *result, codedb_code code, const char *format, va_list arguments)
{
    char description[CODEDB_DESCRIPTION_SIZE + 4]; /* a whole character more, so that the cut is seen */
    if (result == NULL)
        return;
    if (vsnprintf(description, sizeof description, format, arguments) < 0 || (description[0] == '\0' && code != CODEDB_SUCCESS)) {
        result_set(result, code, result_code_find(code)->description);
        return;
    }
    result_set(result, code, description);
}

CODEDB_API void codedb_result_clear(codedb_result *result)
{
    if (result != NULL)
        result_set(result, CODEDB_SUCCESS, "");
}

CODEDB_PRIVATE codedb_code codedb_succeed(codedb_result *result)
{
    codedb_result_clear(result);
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_succeed_with(codedb_result *result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    result_set_formatted(result, CODEDB_SUCCESS, format, arguments);
    va_end(arguments);
    return CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_fail(codedb_result *result, codedb_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    result_set_formatted(result, code, format, arguments);
    va_end(arguments);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_fail_no_memory(codedb_result *result)
{
    return codedb_fail(result, CODEDB_NO_MEMORY, "%s", result_code_find(CODEDB_NO_MEMORY)->description);
}

CODEDB_PRIVATE codedb_code codedb_fail_at(codedb_result *result, codedb_code code, size_t offset, size_t length, size_t line,
                                          size_t column, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    result_set_formatted(result, code, format, arguments);
    va_end(arguments);
    if (result != NULL && RESULT_HAS(result, length)) {
        result->line = line < UINT32_MAX ? (uint32_t)line : UINT32_MAX;
        result->column = column < UINT32_MAX ? (uint32_t)column : UINT32_MAX;
        result->offset = offset;
        result->length = length;
    }
    return code;
}

CODEDB_PRIVATE void codedb_result_take_data(codedb_result *result, codedb_buffer *json)
{
    if (result != NULL && RESULT_HAS(result, data)) {
        codedb_free(result->data);
        result->data = codedb_buffer_take_block(json);
    } else {
        codedb_buffer_free(json);
    }
}

/* ---- Structs that can grow ---------------------------------------------------------------------------------------- */

CODEDB_PRIVATE bool codedb_struct_read(void *copy, size_t size, const void *given)
{
    size_t given_size = size;
    memset(copy, 0, size);
    if (given != NULL) {
        memcpy(&given_size, given, sizeof given_size);
        if (given_size < sizeof given_size)
            return false;
        memcpy(copy, given, given_size < size ? given_size : size);
    }
    memcpy(copy, &size, sizeof size);
    return true;
}

CODEDB_PRIVATE codedb_code codedb_struct_take(void *copy, size_t size, const void *given, const char *name, codedb_result *result)
{
    size_t found;
    if (codedb_struct_read(copy, size, given))
        return CODEDB_SUCCESS;
    memcpy(&found, given, sizeof found);
    return codedb_fail(result, CODEDB_INVALID_REQUEST, "%s.struct_size: found %zu, expected %zu, as CODEDB_INIT sets it", name,
                       found, size);
}

CODEDB_PRIVATE void codedb_struct_give(void *given, const void *made, size_t size)
{
    size_t given_size;
    memcpy(&given_size, given, sizeof given_size);
    memcpy(given, made, given_size < size ? given_size : size);
    memcpy(given, &given_size, sizeof given_size);
}
