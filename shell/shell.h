/* shell.h -- what the files of the `codedb` command share. The command uses codedb.h and no internal header. */
#ifndef CODEDB_SHELL_H
#define CODEDB_SHELL_H

#include "codedb.h"

#include <stdbool.h>
#include <stdio.h>

/* Exit statuses of every subcommand. */
enum { SHELL_FOUND = 0, SHELL_NOTHING = 1, SHELL_ERROR = 2 };

/* What the command line said. Each subcommand knows some of the options; the others are refused. */
typedef struct shell_options {
    const char *db;        /* --db; NULL: not given */
    bool json;             /* --json */
    bool color;            /* standard output is a terminal, or --color */
    bool color_errors;     /* standard error is */
    bool quiet;            /* --quiet: no progress bar, no summary */
    const char **excludes; /* --exclude, any number of times */
    size_t exclude_count;
    bool no_default_excludes; /* --no-default-excludes */
    bool once;                /* no option, but the command's wish: a file that was found by several names is taken by one */
    int target_version;       /* --target 3.11 is 311 */
    int threads;              /* --threads */
    codedb_dialect dialect;   /* --reference */
    size_t limit;             /* --limit */
    double timeout;           /* --timeout */
    bool count_only;          /* --count */
    bool full_code;           /* --code */
    bool explain;             /* --explain */
    bool write;               /* --write, or the next one */
    bool write_files;         /* --write-files: with a database, the files on disk, too */
    int actions;              /* how many of --replace, --delete, --insert-... were given */
    codedb_edit_action action;
    const char *code;          /* of --replace and --insert-... */
    bool captures;             /* --captures */
    codedb_dump_format format; /* --cst, --ast, --no-whitespace */
    bool ast;                  /* --ast */
    bool raw;                  /* --raw: the text of a search is an FTS5 query */
    const char **projects;     /* --project, any number of times */
    size_t project_count;
} shell_options;

/* ---- output.c ---- */

typedef enum shell_color {
    SHELL_PLAIN,
    SHELL_PATH,
    SHELL_NUMBER,
    SHELL_MATCH,
    SHELL_ADDED,
    SHELL_REMOVED,
    SHELL_HUNK,
    SHELL_ALERT
} shell_color;

/* Switches the colour of what is printed next; does nothing without `color`. */
void shell_set_color(FILE *out, bool color, shell_color which);
/* "codedb: " and the message on standard error; returns SHELL_ERROR. */
int shell_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a Result, with the file's place in front where there is one. */
int shell_fail_result(const shell_options *options, const char *path, const codedb_result *result);
/* "path:line:column" with colours; the column, given from 0, is shown from 1. */
void shell_print_place(FILE *out, bool color, const char *path, uint32_t line, uint32_t column);
/* A unified diff, line by line in its colours. */
void shell_print_diff(FILE *out, bool color, const char *diff);
/* A JSON string of `length` bytes of UTF-8; "null" for NULL. */
void shell_print_json(FILE *out, const char *text, size_t length);
/* `"key": "text"` with a comma in front when !*first, which is cleared. */
void shell_print_json_text(FILE *out, bool *first, const char *key, const char *text);
void shell_print_json_integer(FILE *out, bool *first, const char *key, long long number);
/* One row of an answer as a JSON object, or its cells with tabs between. */
void shell_print_row_json(FILE *out, const codedb_rows *rows, size_t row);
void shell_print_rows_table(FILE *out, bool color, const codedb_rows *rows);

/* A bar on standard error while a long job runs; only on a terminal. */
typedef struct shell_progress {
    bool shown;
    double started;
    double last;
} shell_progress;
void shell_progress_begin(shell_progress *progress, const shell_options *options);
void shell_progress_update(shell_progress *progress, const char *what, uint64_t done, uint64_t total, bool total_known);
void shell_progress_end(shell_progress *progress);
double shell_now(void);

/* ---- projects.c ---- */

/* The projects of a database that --project names; none when it was not given. */
typedef struct shell_projects {
    codedb_projects *all;
    const char **ids;
    size_t count;
} shell_projects;

/* False after a message. Else shell_projects_free is to be called. */
bool shell_projects_find(const shell_options *options, codedb *db, shell_projects *found);
void shell_projects_free(shell_projects *found);

/* ---- sources.c ---- */

#define SHELL_STDIN "<stdin>" /* the path that stands for "-" */

/* One source that a command is asked about: a file's bytes, or a file that is stored in a database. */
typedef struct shell_source {
    const char *path;
    const char *bytes; /* NULL for a stored one */
    size_t length;
    codedb *db; /* NULL for a file */
    int64_t file_id;
} shell_source;

/* Called from several threads at once; what it writes to `out` is printed in the sources' order, and `result` is told on standard error
 * when it answers SHELL_ERROR. Returns an exit status of the source alone. */
typedef int (*shell_source_function)(void *context, const shell_options *options, const shell_source *source, FILE *out,
                                     codedb_result *result);

typedef struct shell_totals {
    size_t files;
    size_t found;  /* files whose function answered SHELL_FOUND */
    size_t errors; /* files that could not be read, or whose function answered SHELL_ERROR */
    uint64_t bytes;
} shell_totals;

/* Calls `function` for every file of `paths`: files, folders (their Python files), or "-" for standard input. */
void shell_each_source(const shell_options *options, char *const *paths, size_t path_count, shell_source_function function,
                       void *context, shell_totals *totals);
/* The same for every file of those projects that is stored in a database, but for those that the index run found not to be Python. Without
 * a project: of all. */
void shell_each_stored(const shell_options *options, codedb *db, const shell_projects *projects, shell_source_function function,
                       void *context, shell_totals *totals);
/* Whether files were to be left out, which a database cannot do any more. */
bool shell_has_excludes(const shell_options *options);
/* Parses with --target. */
codedb_code shell_parse(const shell_options *options, const char *bytes, size_t length, codedb_tree **tree,
                        codedb_result *result);
/* SHELL_ERROR if there was an error, else SHELL_FOUND if anything was found, else SHELL_NOTHING. */
int shell_status(const shell_totals *totals);

/* ---- ast.c, for `query --ast` and `edit --ast` ---- */

/* The nodes of the ast of a file. */
codedb_code shell_ast_find(const shell_options *options, const shell_source *source, const codedb_filter *filter,
                           codedb_nodes **nodes, codedb_result *result);
/* How a filter comes to its answer, and whether that is a node at least. `text` is freed with codedb_free. */
typedef struct shell_explanation {
    char *text;
    bool is_found;
} shell_explanation;
/* That of the filter there. */
codedb_code shell_ast_explain(const shell_options *options, const shell_source *source, const codedb_filter *filter,
                              shell_explanation *explanation, codedb_result *result);
/* Edits the stored asts of a database, all or none. An exit status, messages given; what was done is added to the numbers. */
int shell_ast_edit(const shell_options *options, const codedb_edit *edit, size_t *nodes, size_t *files);
/* edit.c: the project of --project, which may be given once, as a block for shell_projects_free; false after a message. */
bool shell_edit_project(const shell_options *options, codedb *db, shell_projects *project);
/* edit.c: shows what was done, or would be. */
void shell_print_report(const shell_options *options, const char *path, const codedb_edit_report *report, FILE *out);

/* ---- the subcommands: one function each; `arguments` are what is left after the options ---- */

int shell_index(const shell_options *options, char *const *arguments, size_t count);
int shell_query(const shell_options *options, char *const *arguments, size_t count);
int shell_edit(const shell_options *options, char *const *arguments, size_t count);
int shell_search(const shell_options *options, char *const *arguments, size_t count);
int shell_show(const shell_options *options, char *const *arguments, size_t count);
int shell_dump(const shell_options *options, char *const *arguments, size_t count);
int shell_check(const shell_options *options, char *const *arguments, size_t count);
int shell_backup(const shell_options *options, char *const *arguments, size_t count);
int shell_restore(const shell_options *options, char *const *arguments, size_t count);
int shell_doctor(const shell_options *options, char *const *arguments, size_t count);
/* maintain.c, for `codedb show health`. */
int shell_show_health(const shell_options *options, codedb *db);

#define SHELL_DB "codedb.db" /* the database without --db */

/* Opens --db (default SHELL_DB), which must exist unless `create`; NULL after a message. */
codedb *shell_open(const shell_options *options, bool create, bool read_only);

#endif
