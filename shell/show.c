/* show.c -- `codedb show` and `codedb search`: what a database holds. */
#include "shell.h"

#include <stdlib.h>
#include <string.h>

/* What each word lists: a statement with one parameter, the pattern, and a LIMIT behind it. */
typedef struct show_view {
    const char *name;
    const char *sql;
} show_view;

#define SHOW_ENTITY(table, detail)                                                                                       \
    "SELECT e.name AS name, " detail "f.path AS path, e.line AS line FROM " table " e JOIN files f ON f.id = e.file_id " \
    "WHERE f.deleted = 0 AND e.name GLOB ?1 ORDER BY f.path, e.line LIMIT ?2"

static const show_view show_views[] = {
    {"projects", "SELECT p.id AS id, p.name AS name, p.root_path AS root_path, "
                 "(SELECT count(*) FROM files f WHERE f.project_id = p.id AND f.deleted = 0) AS files "
                 "FROM projects p WHERE coalesce(p.name, p.root_path) GLOB ?1 ORDER BY p.root_path LIMIT ?2"},
    {"files", "SELECT f.id AS id, f.path AS path, f.lines AS lines, "
              "(SELECT count(*) FROM issues i WHERE i.file_id = f.id) AS issues "
              "FROM files f WHERE f.deleted = 0 AND f.path GLOB ?1 ORDER BY f.path LIMIT ?2"},
    {"classes", SHOW_ENTITY("classes", "e.bases AS bases, ")},
    {"functions", SHOW_ENTITY("functions", "e.args AS args, ")},
    {"methods", "SELECT c.name || '.' || m.name AS name, m.args AS args, f.path AS path, m.line AS line FROM methods m "
                "JOIN classes c ON c.id = m.class_id JOIN files f ON f.id = c.file_id "
                "WHERE f.deleted = 0 AND m.name GLOB ?1 ORDER BY f.path, m.line LIMIT ?2"},
    {"imports", SHOW_ENTITY("imports", "e.module AS module, e.import_type AS import_type, ")},
    {"stats", "SELECT name AS \"table\", n AS rows FROM ("
              "SELECT 'projects' AS name, (SELECT count(*) FROM projects) AS n UNION ALL "
              "SELECT 'files', (SELECT count(*) FROM files WHERE deleted = 0) UNION ALL "
              "SELECT 'cst_trees', (SELECT count(*) FROM cst_trees) UNION ALL "
              "SELECT 'ast_trees', (SELECT count(*) FROM ast_trees) UNION ALL "
              "SELECT 'classes', (SELECT count(*) FROM classes) UNION ALL "
              "SELECT 'methods', (SELECT count(*) FROM methods) UNION ALL "
              "SELECT 'functions', (SELECT count(*) FROM functions) UNION ALL "
              "SELECT 'imports', (SELECT count(*) FROM imports) UNION ALL "
              "SELECT 'usages', (SELECT count(*) FROM usages) UNION ALL "
              "SELECT 'issues', (SELECT count(*) FROM issues) UNION ALL "
              "SELECT 'code_content', (SELECT count(*) FROM code_content) UNION ALL "
              "SELECT 'code_chunks', (SELECT count(*) FROM code_chunks)) WHERE name GLOB ?1 LIMIT ?2"},
};

static const show_view *show_find(const char *name)
{
    for (size_t i = 0; i < sizeof show_views / sizeof show_views[0]; i++)
        if (strcmp(show_views[i].name, name) == 0)
            return &show_views[i];
    return NULL;
}

static int show_print(const shell_options *options, const codedb_rows *rows)
{
    if (options->json)
        for (size_t row = 0; row < rows->row_count; row++)
            shell_print_row_json(stdout, rows, row);
    else if (rows->row_count > 0)
        shell_print_rows_table(stdout, options->color, rows);
    return rows->row_count > 0 ? SHELL_FOUND : SHELL_NOTHING;
}

static int show_rows(const shell_options *options, codedb *db, const show_view *view, const char *pattern)
{
    codedb_value parameters[2] = {codedb_value_text(pattern),
                                  codedb_value_integer(options->limit > 0 ? (int64_t)options->limit : -1)};
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_rows *rows = NULL;
    int status = codedb_sql_execute(db, view->sql, parameters, 2, &rows, NULL, &result) == CODEDB_SUCCESS
                     ? show_print(options, rows)
                     : shell_fail_result(options, options->db, &result);
    codedb_free(rows);
    codedb_result_clear(&result);
    return status;
}

int shell_show(const shell_options *options, char *const *arguments, size_t count)
{
    const show_view *view = show_find(arguments[0]);
    bool health = strcmp(arguments[0], "health") == 0;
    if ((view == NULL && !health) || count > (health ? 1 : 2)) {
        return shell_fail(
            "show: found '%s', expected projects, files, classes, functions, methods, imports, stats or health, and at most one "
            "pattern (none with health)",
            view == NULL && !health ? arguments[0] : arguments[count - 1]);
    }
    codedb *db = shell_open(options, false, true);
    if (db == NULL)
        return SHELL_ERROR;
    int status = health ? shell_show_health(options, db) : show_rows(options, db, view, count == 2 ? arguments[1] : "*");
    codedb_close(db);
    return status;
}

static void show_print_match(const shell_options *options, const codedb_text_match *match)
{
    if (options->json) {
        bool first = true;
        fputc('{', stdout);
        shell_print_json_text(stdout, &first, "path", match->path);
        shell_print_json_integer(stdout, &first, "line", match->line);
        shell_print_json_text(stdout, &first, "entity_type", match->entity_type);
        shell_print_json_text(stdout, &first, "entity_name", match->entity_name);
        shell_print_json_text(stdout, &first, "snippet", match->snippet);
        printf(", \"rank\": %.6f}\n", match->rank);
        return;
    }
    shell_print_place(stdout, options->color, match->path, match->line > 0 ? (uint32_t)match->line : 1, 0);
    printf(": %s %s\n", match->entity_type, match->entity_name != NULL ? match->entity_name : "");
    for (const char *text = match->snippet; text != NULL && *text != '\0';) {
        const char *end = strchr(text, '\n');
        size_t length = end != NULL ? (size_t)(end - text) : strlen(text);
        printf("    %.*s\n", (int)length, text);
        text += length + (end != NULL);
    }
}

/* All words of the command line, with blanks between, are one search. */
static char *show_join(char *const *words, size_t count)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    for (size_t i = 0; out != NULL && i < count; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", words[i]);
    return out != NULL && fclose(out) == 0 ? text : NULL;
}

int shell_search(const shell_options *options, char *const *arguments, size_t count)
{
    codedb_text_search search = CODEDB_INIT(codedb_text_search);
    codedb_text_matches *matches = NULL;
    codedb_result result = CODEDB_INIT(codedb_result);
    char *text = show_join(arguments, count);
    codedb *db = text != NULL ? shell_open(options, false, true) : NULL;
    search.query = text;
    search.raw = options->raw;
    search.limit = options->limit > 0 ? (int64_t)options->limit : 20;
    search.mark_start = options->color ? "\033[1;31m" : NULL;
    search.mark_end = options->color ? "\033[0m" : NULL;
    int status = SHELL_ERROR;
    if (db != NULL && codedb_text_find(db, &search, &matches, &result) != CODEDB_SUCCESS) {
        shell_fail_result(options, NULL, &result);
    } else if (db != NULL) {
        for (size_t i = 0; i < matches->count; i++)
            show_print_match(options, &matches->items[i]);
        status = matches->count > 0 ? SHELL_FOUND : SHELL_NOTHING;
    }
    codedb_free(matches);
    codedb_result_clear(&result);
    codedb_close(db);
    free(text);
    return status;
}
