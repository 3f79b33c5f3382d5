/* demo.c -- `make demo`: a real Python project into an in-memory database, and what can be asked of it.
 *
 * Usage: codedb-demo DIR FILE.db    FILE.db is written, to be opened with the sqlite3 shell. */
#include "shell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const demo_selectors[] = {
    "class[name=\"ArgumentParser\"] > method[name^=\"parse_\"]",
    "function[name=\"dump\"] smallstmt[type=\"Return\"]:first",
    "class:has(> method[name=\"__enter__\"]):has(> method[name=\"__exit__\"])",
    "Call[.func=\"eval\"], Call[.func=\"exec\"]",
    "ExceptHandler:not([.type])",
    "While > Else",
    "def:has(> IndentedBlock > While) + class",
};
#define DEMO_ANSWERS 3

typedef struct demo_state {
    shell_options options;
    codedb *db;
    codedb_result result;
} demo_state;

static int demo_fail(demo_state *demo, const char *what)
{
    shell_fail_result(&demo->options, what, &demo->result);
    return SHELL_ERROR;
}

static void demo_title(const demo_state *demo, const char *title)
{
    putchar('\n');
    shell_set_color(stdout, demo->options.color, SHELL_HUNK);
    printf("== %s", title);
    shell_set_color(stdout, demo->options.color, SHELL_PLAIN);
    putchar('\n');
}

static int demo_progress(void *context, const codedb_index_progress *state)
{
    shell_progress_update(context, "indexing", state->files_done, state->files_found, !state->walking);
    return 0;
}

static int demo_index(demo_state *demo, const char *folder)
{
    static const char *const installed[] = {"site-packages", "dist-packages"};
    codedb_index_options index = CODEDB_INIT(codedb_index_options);
    codedb_index_report *report = NULL;
    shell_progress progress;
    shell_progress_begin(&progress, &demo->options);
    index.excludes = installed; /* other people's code in the standard library's folder */
    index.exclude_count = sizeof installed / sizeof installed[0];
    index.progress = demo_progress;
    index.progress_context = &progress;
    codedb_code code = codedb_index_run(demo->db, folder, &index, &report, &demo->result);
    shell_progress_end(&progress);
    if (code != CODEDB_SUCCESS)
        return demo_fail(demo, folder);
    demo_title(demo, "indexed into an in-memory database");
    printf("%s: %" PRIu64 " files, %.1f MB in %.2f s; %" PRIu64 " with syntax errors, %" PRIu64 " unreadable\n", folder,
           report->files_indexed, (double)report->bytes / 1e6, report->seconds, report->files_with_syntax_errors,
           report->files_failed);
    bool empty = report->files_indexed == 0;
    codedb_free(report);
    if (empty)
        return shell_fail("%s: found no Python files", folder);
    return SHELL_FOUND;
}

static int demo_sql(demo_state *demo, const char *sql, codedb_rows **rows)
{
    codedb_code code = codedb_sql_execute(demo->db, sql, NULL, 0, rows, NULL, &demo->result);
    return code == CODEDB_SUCCESS ? SHELL_FOUND : demo_fail(demo, NULL);
}

static int demo_counts(demo_state *demo)
{
    static const char *const tables[] = {"projects",  "files",   "cst_trees",    "classes", "methods",
                                         "functions", "imports", "code_content", "issues"};
    demo_title(demo, "rows in each table");
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char sql[128];
        codedb_rows *rows = NULL;
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
        if (demo_sql(demo, sql, &rows) != SHELL_FOUND)
            return SHELL_ERROR;
        printf("  %-14s %8" PRId64 "\n", tables[i], rows->values[0].as.integer);
        codedb_free(rows);
    }
    return SHELL_FOUND;
}

/* Prints the first answers of one file; how many there were altogether. */
static size_t demo_query_file(demo_state *demo, const codedb_filter *filter, int64_t file_id, const char *path, size_t printed)
{
    codedb_nodes *nodes = NULL;
    if (codedb_cst_query(demo->db, file_id, filter, &nodes, &demo->result) != CODEDB_SUCCESS)
        return 0; /* a file that does not parse */
    size_t count = nodes->count;
    for (size_t i = 0; i < count && printed + i < DEMO_ANSWERS; i++) {
        const codedb_node_info *node = nodes->items[i];
        printf("  ");
        shell_print_place(stdout, demo->options.color, path, node->start_line, node->start_column);
        printf(": %.*s\n", (int)strcspn(node->code, "\r\n"), node->code);
    }
    codedb_free(nodes);
    return count;
}

static int demo_select(demo_state *demo, const codedb_rows *files, const char *selector)
{
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    filter.selector = selector;
    double started = shell_now();
    size_t total = 0;
    printf("\n");
    shell_set_color(stdout, demo->options.color, SHELL_MATCH);
    printf("%s\n", selector);
    shell_set_color(stdout, demo->options.color, SHELL_PLAIN);
    for (size_t row = 0; row < files->row_count; row++) {
        const codedb_value *cells = &files->values[row * files->column_count];
        total += demo_query_file(demo, &filter, cells[0].as.integer, cells[1].as.text, total);
        if (demo->result.code == CODEDB_SELECTOR_ERROR)
            return demo_fail(demo, selector);
    }
    printf("  %zu nodes in %.2f s\n", total, shell_now() - started);
    return SHELL_FOUND;
}

static int demo_selectors_run(demo_state *demo)
{
    codedb_rows *files = NULL;
    int status = demo_sql(
        demo, "SELECT f.id, f.relative_path FROM files f WHERE f.id IN (SELECT file_id FROM cst_trees) ORDER BY f.path", &files);
    demo_title(demo, "selectors, over every stored tree");
    for (size_t i = 0; status == SHELL_FOUND && i < sizeof demo_selectors / sizeof demo_selectors[0]; i++)
        status = demo_select(demo, files, demo_selectors[i]);
    codedb_free(files);
    return status;
}

static int demo_search(demo_state *demo)
{
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    codedb_text_matches *matches = NULL;
    search.query = "file not found";
    search.limit = 4;
    search.mark_start = demo->options.color ? "\033[1;31m" : "[";
    search.mark_end = demo->options.color ? "\033[0m" : "]";
    search.snippet_words = 12;
    demo_title(demo, "full-text search: file not found");
    if (codedb_text_find(demo->db, &search, &matches, &demo->result) != CODEDB_SUCCESS)
        return demo_fail(demo, NULL);
    for (size_t i = 0; i < matches->count; i++) {
        const codedb_text_match *match = &matches->items[i];
        printf("  ");
        shell_print_place(stdout, demo->options.color, match->relative_path, match->line > 0 ? (uint32_t)match->line : 1, 0);
        printf(": %s %s\n", match->entity_type, match->entity_name != NULL ? match->entity_name : "");
        for (const char *text = match->snippet; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n')
            printf("      %.*s\n", (int)strcspn(text, "\n"), text);
    }
    codedb_free(matches);
    return SHELL_FOUND;
}

/* The first return of the first method that has one becomes two lines and a comment. */
static int demo_edit(demo_state *demo)
{
    static const char *const code[] = {"# the answer, named\nanswer = compute()\nreturn answer"};
    codedb_rows *files = NULL;
    codedb_edit edit = CODEDB_INIT(codedb_edit);
    edit.filter = (codedb_filter)CODEDB_INIT(codedb_filter);
    edit.filter.selector = "class > method smallstmt[type=\"Return\"]:first";
    edit.filter.limit = 1;
    edit.code = code;
    edit.code_count = 1;
    demo_title(demo, "an edit, as a diff: the first Return that a method has");
    if (demo_sql(demo, "SELECT DISTINCT c.file_id FROM methods m JOIN classes c ON c.id = m.class_id ORDER BY 1", &files) !=
        SHELL_FOUND)
        return SHELL_ERROR;
    int status = SHELL_NOTHING;
    for (size_t row = 0; status == SHELL_NOTHING && row < files->row_count; row++) {
        codedb_edit_report *report = NULL;
        codedb_code answer = codedb_cst_modify(demo->db, files->values[row * files->column_count].as.integer, &edit, 1, NULL, 1,
                                               &report, &demo->result);
        if (answer == CODEDB_SUCCESS) {
            shell_print_diff(stdout, demo->options.color, report->diff);
            status = SHELL_FOUND;
        } else if (answer != CODEDB_NOT_FOUND && answer != CODEDB_PARSE_ERROR) {
            status = demo_fail(demo, NULL);
        }
        codedb_free(report);
    }
    codedb_free(files);
    return status == SHELL_NOTHING ? SHELL_FOUND : status;
}

static int demo_save(demo_state *demo, const char *path)
{
    demo_title(demo, "the same database on disk");
    if (unlink(path) == 0)
        printf("(%s was there and is written anew)\n", path);
    if (codedb_backup(demo->db, path, &demo->result) != CODEDB_SUCCESS)
        return demo_fail(demo, path);
    printf("%s written\n", path);
    return SHELL_FOUND;
}

int main(int count, char **arguments)
{
    demo_state demo = {.result = CODEDB_INIT(codedb_result)};
    demo.options.color = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    demo.options.color_errors = isatty(STDERR_FILENO);
    if (count != 3)
        return shell_fail("usage: codedb-demo DIR FILE.db");
    if (codedb_open(":memory:", NULL, &demo.db, &demo.result) != CODEDB_SUCCESS)
        return demo_fail(&demo, ":memory:");
    int status = demo_index(&demo, arguments[1]);
    status = status == SHELL_FOUND ? demo_counts(&demo) : status;
    status = status == SHELL_FOUND ? demo_selectors_run(&demo) : status;
    status = status == SHELL_FOUND ? demo_search(&demo) : status;
    status = status == SHELL_FOUND ? demo_edit(&demo) : status;
    status = status == SHELL_FOUND ? demo_save(&demo, arguments[2]) : status;
    codedb_close(demo.db);
    codedb_result_clear(&demo.result);
    return status;
}
