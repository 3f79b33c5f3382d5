/* check.c -- `codedb check` and `codedb dump`: what needs the parser alone. */
#include "shell.h"

#include <stdlib.h>
#include <string.h>

static int check_source(void *context, const shell_options *options, const shell_source *source, FILE *out, codedb_result *result)
{
    (void)context;
    codedb_tree *tree = NULL;
    codedb_code code = shell_parse(options, source->bytes, source->length, &tree, result);
    codedb_tree_free(tree);
    if (code == CODEDB_SUCCESS)
        return SHELL_FOUND;
    if (code != CODEDB_PARSE_ERROR)
        return SHELL_ERROR;
    /* A syntax error is this command's answer: it goes to standard output. */
    if (options->json) {
        bool first = true;
        fputc('{', out);
        shell_print_json_text(out, &first, "path", source->path);
        shell_print_json_integer(out, &first, "line", result->line);
        shell_print_json_integer(out, &first, "column", result->column);
        shell_print_json_text(out, &first, "message", result->description);
        fputs("}\n", out);
    } else {
        shell_print_place(out, options->color, source->path, result->line, result->column);
        fprintf(out, ": %s\n", result->description);
    }
    return SHELL_NOTHING;
}

int shell_check(const shell_options *options, char *const *arguments, size_t count)
{
    shell_totals totals;
    double started = shell_now();
    shell_each_source(options, arguments, count, check_source, NULL, &totals);
    size_t bad = totals.files - totals.found;
    if (!options->quiet) {
        double seconds = shell_now() - started;
        double megabytes = (double)totals.bytes / 1e6;
        fprintf(stderr, "%zu files, %.1f MB, %zu with errors, %.2f s\n", totals.files, megabytes, bad, seconds);
    }
    if (totals.files == 0 && totals.errors == 0)
        return SHELL_NOTHING;
    return bad > 0 || totals.errors > 0 ? SHELL_ERROR : SHELL_FOUND;
}

static int check_write(void *context, const char *bytes, size_t length)
{
    return fwrite(bytes, 1, length, context) == length ? 0 : 1;
}

/* One thread runs this, so nothing has to wait in `out` for its turn: a dump is many times as long as the source. */
static int check_dump_source(void *context, const shell_options *options, const shell_source *source, FILE *out,
                             codedb_result *result)
{
    (void)context;
    (void)out;
    codedb_tree *tree = NULL;
    codedb_code code = shell_parse(options, source->bytes, source->length, &tree, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_tree_dump(tree, options->format, check_write, stdout, result);
    codedb_tree_free(tree);
    return code == CODEDB_SUCCESS ? SHELL_FOUND : SHELL_ERROR;
}

int shell_dump(const shell_options *options, char *const *arguments, size_t count)
{
    if (count > 1)
        return shell_fail("dump: found %zu files, expected one", count);
    shell_totals totals;
    shell_options one = *options;
    one.threads = 1;
    shell_each_source(&one, arguments, count, check_dump_source, NULL, &totals);
    return shell_status(&totals);
}
