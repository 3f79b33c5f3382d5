/* codedb_value.c -- values, made by functions: what hosts and the object layer fill rows with.
 *
  * Called by hosts and by the object files. Any thread; nothing is copied or allocated. */
#include "codedb_internal.h"

#include <string.h>

/* Field by field: a value that is put together elsewhere and copied in larger pieces is waited for longer than everything else here. */
static inline codedb_value value_of_integer(codedb_value_type type, int64_t integer)
{
    codedb_value value;
    value.type = type;
    value.as.integer = integer;
    value.length = 0;
    return value;
}

CODEDB_API codedb_value codedb_value_null(void)
{
    return value_of_integer(CODEDB_VALUE_NULL, 0);
}

CODEDB_API codedb_value codedb_value_integer(int64_t integer)
{
    return value_of_integer(CODEDB_VALUE_INTEGER, integer);
}

CODEDB_API codedb_value codedb_value_real(double real)
{
    codedb_value value = {.type = CODEDB_VALUE_REAL};
    value.as.real = real;
    return value;
}

CODEDB_API codedb_value codedb_value_text(const char *text)
{
    return text == NULL ? codedb_value_null() : codedb_value_text_of_length(text, strlen(text));
}

CODEDB_API codedb_value codedb_value_text_of_length(const char *text, size_t length)
{
    codedb_value value = {.type = CODEDB_VALUE_TEXT, .length = length};
    value.as.text = text;
    return value;
}

CODEDB_API codedb_value codedb_value_row_id_of(int64_t operation)
{
    return value_of_integer(CODEDB_VALUE_ROW_ID_OF, operation);
}
