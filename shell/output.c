/* output.c -- how the `codedb` command prints: colours, places, diffs, JSON, tables, the progress bar. */
#include "shell.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#define OUTPUT_COLUMNS 16 /* of a table: more than any view has; what is behind them is not filled up */

void shell_set_color(FILE *out, bool color, shell_color which)
{
    static const char *const codes[] = {
        [SHELL_PLAIN] = "0",  [SHELL_PATH] = "35",    [SHELL_NUMBER] = "32", [SHELL_MATCH] = "1;31",
        [SHELL_ADDED] = "32", [SHELL_REMOVED] = "31", [SHELL_HUNK] = "36",   [SHELL_ALERT] = "1;31",
    };
    if (color)
        fprintf(out, "\033[%sm", codes[which]);
}

int shell_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("codedb: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return SHELL_ERROR;
}

int shell_fail_result(const shell_options *options, const char *path, const codedb_result *result)
{
    if (path != NULL && result->code == CODEDB_PARSE_ERROR && result->line > 0) {
        shell_print_place(stderr, options->color_errors, path, result->line, result->column);
        fprintf(stderr, ": %s\n", result->description);
    } else if (path != NULL) {
        shell_fail("%s: %s", path, result->description);
    } else {
        shell_fail("%s", result->description);
    }
    return SHELL_ERROR;
}

void shell_print_place(FILE *out, bool color, const char *path, uint32_t line, uint32_t column)
{
    shell_set_color(out, color, SHELL_PATH);
    fputs(path, out);
    shell_set_color(out, color, SHELL_PLAIN);
    fputc(':', out);
    shell_set_color(out, color, SHELL_NUMBER);
    fprintf(out, "%" PRIu32 ":%" PRIu32, line, column + 1);
    shell_set_color(out, color, SHELL_PLAIN);
}

void shell_print_diff(FILE *out, bool color, const char *diff)
{
    while (*diff != '\0') {
        const char *end = strchr(diff, '\n');
        size_t length = end != NULL ? (size_t)(end - diff) + 1 : strlen(diff);
        shell_color which = SHELL_PLAIN;
        if (strncmp(diff, "@@", 2) == 0)
            which = SHELL_HUNK;
        else if (*diff == '+')
            which = SHELL_ADDED;
        else if (*diff == '-')
            which = SHELL_REMOVED;
        bool colored = color && which != SHELL_PLAIN;
        size_t text = end != NULL ? length - 1 : length;
        shell_set_color(out, colored, which);
        fwrite(diff, 1, text, out);
        shell_set_color(out, colored, SHELL_PLAIN);
        fwrite(diff + text, 1, length - text, out);
        diff += length;
    }
}

void shell_print_json(FILE *out, const char *text, size_t length)
{
    if (text == NULL) {
        fputs("null", out);
        return;
    }
    fputc('"', out);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte == '\n')
            fputs("\\n", out);
        else if (byte < 0x20 || byte == 0x7f)
            fprintf(out, "\\u%04x", byte);
        else
            fputc(byte, out);
    }
    fputc('"', out);
}

static void output_json_key(FILE *out, bool *first, const char *key)
{
    fprintf(out, "%s\"%s\": ", *first ? "" : ", ", key);
    *first = false;
}

void shell_print_json_text(FILE *out, bool *first, const char *key, const char *text)
{
    output_json_key(out, first, key);
    shell_print_json(out, text, text != NULL ? strlen(text) : 0);
}

void shell_print_json_integer(FILE *out, bool *first, const char *key, long long number)
{
    output_json_key(out, first, key);
    fprintf(out, "%lld", number);
}

static void output_cell(FILE *out, const codedb_value *value, bool json)
{
    switch (value->type) {
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN:
    case CODEDB_VALUE_ROW_ID_OF: fprintf(out, "%" PRId64, value->as.integer); break;
    case CODEDB_VALUE_REAL: fprintf(out, "%.17g", value->as.real); break;
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB:
        if (json)
            shell_print_json(out, value->as.text, value->length);
        else
            fwrite(value->as.text, 1, value->length, out);
        break;
    case CODEDB_VALUE_NULL:
    default: fputs(json ? "null" : "-", out); break;
    }
}

void shell_print_row_json(FILE *out, const codedb_rows *rows, size_t row)
{
    bool first = true;
    fputc('{', out);
    for (size_t column = 0; column < rows->column_count; column++) {
        output_json_key(out, &first, rows->column_names[column]);
        output_cell(out, &rows->values[row * rows->column_count + column], true);
    }
    fputs("}\n", out);
}

static size_t output_cell_width(const codedb_value *value)
{
    char text[64];
    switch (value->type) {
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB: {
        size_t width = 0;
        for (size_t i = 0; i < value->length; i++)
            width += ((unsigned char)value->as.text[i] & 0xC0) != 0x80;
        return width;
    }
    case CODEDB_VALUE_REAL: return (size_t)snprintf(text, sizeof text, "%.17g", value->as.real);
    case CODEDB_VALUE_NULL: return 1;
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN:
    case CODEDB_VALUE_ROW_ID_OF:
    default: return (size_t)snprintf(text, sizeof text, "%" PRId64, value->as.integer);
    }
}

static size_t output_column_width(const codedb_rows *rows, size_t column)
{
    size_t width = strlen(rows->column_names[column]);
    for (size_t row = 0; row < rows->row_count; row++) {
        size_t cell = output_cell_width(&rows->values[row * rows->column_count + column]);
        width = cell > width ? cell : width;
    }
    return width < 60 ? width : 60;
}

/* Prints one cell, filled up with blanks to `width`; one that is wider keeps its distance from the next all the same. */
static void output_table_cell(FILE *out, const codedb_value *value, size_t width)
{
    size_t used = output_cell_width(value);
    size_t end = width > 0 && width < used + 2 ? used + 2 : width;
    output_cell(out, value, false);
    for (; used < end; used++)
        fputc(' ', out);
}

static void output_table_head(FILE *out, bool color, const codedb_rows *rows, const size_t *widths)
{
    for (size_t column = 0; column < rows->column_count; column++) {
        shell_set_color(out, color, SHELL_HUNK);
        fputs(rows->column_names[column], out);
        shell_set_color(out, color, SHELL_PLAIN);
        size_t width = column < OUTPUT_COLUMNS ? widths[column] : 0;
        for (size_t used = strlen(rows->column_names[column]); used < width; used++)
            fputc(' ', out);
    }
    fputc('\n', out);
}

void shell_print_rows_table(FILE *out, bool color, const codedb_rows *rows)
{
    size_t widths[OUTPUT_COLUMNS] = {0}; /* the last column is not filled up */
    for (size_t column = 0; column + 1 < rows->column_count && column < OUTPUT_COLUMNS; column++)
        widths[column] = output_column_width(rows, column) + 2;
    output_table_head(out, color, rows, widths);
    for (size_t row = 0; row < rows->row_count; row++) {
        for (size_t column = 0; column < rows->column_count; column++) {
            output_table_cell(out, &rows->values[row * rows->column_count + column],
                              column < OUTPUT_COLUMNS ? widths[column] : 0);
        }
        fputc('\n', out);
    }
}

double shell_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void shell_progress_begin(shell_progress *progress, const shell_options *options)
{
    progress->shown = options->color_errors && !options->quiet;
    progress->started = shell_now();
    progress->last = 0;
}

void shell_progress_update(shell_progress *progress, const char *what, uint64_t done, uint64_t total, bool total_known)
{
    enum { WIDTH = 30 };
    double now = shell_now();
    if (!progress->shown || (now - progress->last < 0.05 && !(total_known && done == total)))
        return;
    progress->last = now;
    int filled = total_known && total > 0 ? (int)(done * WIDTH / total) : 0;
    fprintf(stderr, "\r\033[K%s [", what);
    for (int i = 0; i < WIDTH; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "] %" PRIu64 "/%" PRIu64 "%s  %.1f s", done, total, total_known ? "" : "+", now - progress->started);
    fflush(stderr);
}

void shell_progress_end(shell_progress *progress)
{
    if (progress->shown && progress->last > 0) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}
