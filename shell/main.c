/* main.c -- the `codedb` command: options, help, and which subcommand is called.
 *
 *   main.c -> index.c, query.c, edit.c, show.c, check.c, maintain.c -> sources.c (files) or codedb.h (a database) -> output.c */
#include "shell.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Long options beyond the letters. */
enum {
    MAIN_DB = 256,
    MAIN_JSON,
    MAIN_COLOR,
    MAIN_NO_COLOR,
    MAIN_QUIET,
    MAIN_EXCLUDE,
    MAIN_PROJECT,
    MAIN_NO_DEFAULT_EXCLUDES,
    MAIN_TARGET,
    MAIN_THREADS,
    MAIN_REFERENCE,
    MAIN_LIMIT,
    MAIN_TIMEOUT,
    MAIN_COUNT,
    MAIN_CODE,
    MAIN_EXPLAIN,
    MAIN_WRITE,
    MAIN_WRITE_FILES,
    MAIN_REPLACE,
    MAIN_DELETE,
    MAIN_INSERT_BEFORE,
    MAIN_INSERT_AFTER,
    MAIN_INSERT_FIRST,
    MAIN_INSERT_LAST,
    MAIN_CAPTURES,
    MAIN_CST,
    MAIN_AST,
    MAIN_NO_WHITESPACE,
    MAIN_RAW,
    MAIN_HELP
};

static const struct option main_long_options[] = {
    {"db", required_argument, NULL, MAIN_DB},
    {"json", no_argument, NULL, MAIN_JSON},
    {"color", no_argument, NULL, MAIN_COLOR},
    {"no-color", no_argument, NULL, MAIN_NO_COLOR},
    {"quiet", no_argument, NULL, MAIN_QUIET},
    {"exclude", required_argument, NULL, MAIN_EXCLUDE},
    {"project", required_argument, NULL, MAIN_PROJECT},
    {"no-default-excludes", no_argument, NULL, MAIN_NO_DEFAULT_EXCLUDES},
    {"target", required_argument, NULL, MAIN_TARGET},
    {"threads", required_argument, NULL, MAIN_THREADS},
    {"reference", no_argument, NULL, MAIN_REFERENCE},
    {"limit", required_argument, NULL, MAIN_LIMIT},
    {"timeout", required_argument, NULL, MAIN_TIMEOUT},
    {"count", no_argument, NULL, MAIN_COUNT},
    {"code", no_argument, NULL, MAIN_CODE},
    {"explain", no_argument, NULL, MAIN_EXPLAIN},
    {"write", no_argument, NULL, MAIN_WRITE},
    {"write-files", no_argument, NULL, MAIN_WRITE_FILES},
    {"replace", required_argument, NULL, MAIN_REPLACE},
    {"delete", no_argument, NULL, MAIN_DELETE},
    {"insert-before", required_argument, NULL, MAIN_INSERT_BEFORE},
    {"insert-after", required_argument, NULL, MAIN_INSERT_AFTER},
    {"insert-first", required_argument, NULL, MAIN_INSERT_FIRST},
    {"insert-last", required_argument, NULL, MAIN_INSERT_LAST},
    {"captures", no_argument, NULL, MAIN_CAPTURES},
    {"cst", no_argument, NULL, MAIN_CST},
    {"ast", no_argument, NULL, MAIN_AST},
    {"no-whitespace", no_argument, NULL, MAIN_NO_WHITESPACE},
    {"raw", no_argument, NULL, MAIN_RAW},
    {"help", no_argument, NULL, MAIN_HELP},
    {NULL, 0, NULL, 0},
};

#define MAIN_COMMON                                                       \
    "  --color, --no-color      colours even without a terminal; never\n" \
    "  --quiet                  no progress bar and no summary\n"
#define MAIN_JSON_HELP "  --json                   one JSON object a line; columns from 0\n"
#define MAIN_DB_HELP "  --db FILE                the database (default: codedb.db)\n"
#define MAIN_FILES_HELP                                                                              \
    "  --exclude GLOB           leave out files and folders; may be given again\n"                   \
    "  --no-default-excludes    do not leave out version-control folders and virtual environments\n" \
    "  --threads N              default: one a processor\n"
#define MAIN_TARGET_HELP "  --target X.Y             the Python whose grammar decides (default: the newest)\n"
#define MAIN_STATUS_HELP "\nExit status: 0 found, 1 nothing found, 2 error.\n"

static const int main_index_options[] = {MAIN_DB,     MAIN_JSON, MAIN_EXCLUDE, MAIN_NO_DEFAULT_EXCLUDES, MAIN_THREADS,
                                         MAIN_TARGET, 0};
static const int main_query_options[] = {MAIN_DB,      MAIN_PROJECT, MAIN_JSON,      MAIN_EXCLUDE, MAIN_NO_DEFAULT_EXCLUDES,
                                         MAIN_THREADS, MAIN_TARGET,  MAIN_REFERENCE, MAIN_LIMIT,   MAIN_TIMEOUT,
                                         MAIN_COUNT,   MAIN_CODE,    MAIN_EXPLAIN,   MAIN_AST,     0};
static const int main_edit_options[] = {MAIN_DB,
                                        MAIN_PROJECT,
                                        MAIN_JSON,
                                        MAIN_EXCLUDE,
                                        MAIN_NO_DEFAULT_EXCLUDES,
                                        MAIN_TARGET,
                                        MAIN_REFERENCE,
                                        MAIN_WRITE,
                                        MAIN_WRITE_FILES,
                                        MAIN_REPLACE,
                                        MAIN_DELETE,
                                        MAIN_INSERT_BEFORE,
                                        MAIN_INSERT_AFTER,
                                        MAIN_INSERT_FIRST,
                                        MAIN_INSERT_LAST,
                                        MAIN_CAPTURES,
                                        MAIN_AST,
                                        0};
static const int main_search_options[] = {MAIN_DB, MAIN_JSON, MAIN_LIMIT, MAIN_RAW, 0};
static const int main_show_options[] = {MAIN_DB, MAIN_JSON, MAIN_LIMIT, 0};
static const int main_copy_options[] = {MAIN_DB, MAIN_JSON, 0};
static const int main_doctor_options[] = {MAIN_DB, MAIN_JSON, MAIN_LIMIT, 0};
static const int main_dump_options[] = {MAIN_CST, MAIN_AST, MAIN_NO_WHITESPACE, MAIN_TARGET, 0};
static const int main_check_options[] = {MAIN_JSON, MAIN_EXCLUDE, MAIN_NO_DEFAULT_EXCLUDES, MAIN_THREADS, MAIN_TARGET, 0};

typedef struct main_command {
    const char *name;
    int (*run)(const shell_options *options, char *const *arguments, size_t count);
    size_t minimum; /* arguments */
    const int *options;
    const char *summary;
    const char *help;
} main_command;

static const main_command main_commands[] = {
    {"index", shell_index, 1, main_index_options, "read projects' Python files into a database",
     "Usage: codedb index [--db FILE] DIR...\n\n"
     "Reads the Python files of each folder into the database, as a project each. Unchanged files are left alone.\n\n" MAIN_DB_HELP
         MAIN_FILES_HELP MAIN_TARGET_HELP MAIN_JSON_HELP MAIN_COMMON MAIN_STATUS_HELP},
    {"query", shell_query, 1, main_query_options, "find syntax nodes by a selector",
     "Usage: codedb query [--db FILE] [--project P]... SELECTOR [PATH...]\n\n"
     "Finds nodes in the files and folders given (- is standard input), or, with no PATH, in the database.\n"
     "  codedb query 'class[name=\"Store\"] method[name^=\"get_\"] smallstmt[type=\"Return\"]:first' src\n\n"
     "  --ast                    nodes of CPython's ast, by its classes and fields\n"
     "  --count                  only the number of nodes in each file\n"
     "  --code                   the whole code of each node\n"
     "  --explain                how many nodes each step leaves, and why none is left\n"
     "  --limit N                at most N nodes of each file; of a database, of all its files together\n"
     "  --timeout SECONDS        at most so many seconds: for the match in each file; in a database, for the whole query\n"
     "                           (with --explain for each file there, too)\n"
     "  --project P              only files of the project with this id, name or folder; may be given again\n"
     "  --reference              the original engine's dialect\n" MAIN_DB_HELP MAIN_FILES_HELP MAIN_TARGET_HELP MAIN_JSON_HELP
         MAIN_COMMON MAIN_STATUS_HELP},
    {"edit", shell_edit, 1, main_edit_options, "change what a selector finds; shows a diff",
     "Usage: codedb edit [--db FILE] [--project P] SELECTOR ACTION [--write | --write-files] [PATH...]\n\n"
     "Edits the files and folders given (- is standard input), or, with no PATH, the database. Prints the changes as a unified diff,\n"
     "which `git apply` takes in the project's folder; nothing is changed without --write. All files are changed, or none.\n\n"
     "Actions, one of:\n"
     "  --replace CODE           put CODE in place of each node\n"
     "  --delete                 remove each node\n"
     "  --insert-before CODE     put CODE before each node\n"
     "  --insert-after CODE      put CODE after each node\n"
     "  --insert-first CODE      put CODE into each node, before what is in it\n"
     "  --insert-last CODE       put CODE into each node, after what is in it\n\n"
     "  --ast                    edit the asts that programs have stored in the database (`index` stores none); CODE is a node in\n"
     "                           JSON, as `codedb dump --ast` prints it\n"
     "  --captures               {name} in CODE is the source of what @name captured; {{ and }} are braces\n"
     "  --project P              only the project with this id, name or folder\n"
     "  --write                  change the files (with no PATH: the database; with -: print the result)\n"
     "  --write-files            with no PATH: change the database, and with it the files on disk, which must hold what it holds\n"
     "  --reference              the original engine's dialect\n" MAIN_DB_HELP
     "  --exclude GLOB           leave out files and folders; may be given again\n"
     "  --no-default-excludes    do not leave out version-control folders and virtual environments\n" MAIN_TARGET_HELP
         MAIN_JSON_HELP MAIN_COMMON MAIN_STATUS_HELP},
    {"search", shell_search, 1, main_search_options, "full-text search in a database",
     "Usage: codedb search [--db FILE] TEXT...\n\n"
     "Finds code that holds all of the words, best match first, with a snippet.\n\n"
     "  --raw                    TEXT is a query in the full-text engine's own language (FTS5)\n"
     "  --limit N                at most N answers (default 20)\n" MAIN_DB_HELP MAIN_JSON_HELP MAIN_COMMON MAIN_STATUS_HELP},
    {"show", shell_show, 1, main_show_options, "list what a database holds",
     "Usage: codedb show [--db FILE] projects|files|classes|functions|methods|imports|stats [PATTERN]\n"
     "       codedb show [--db FILE] health\n\n"
     "Lists the rows whose name (for files: path) matches PATTERN, a shell pattern such as 'get_*'; stats counts the rows of\n"
     "tables, health tells of the driver, the structure's hash and the sizes of the database and its log.\n\n"
     "  --limit N                at most N rows\n" MAIN_DB_HELP MAIN_JSON_HELP MAIN_COMMON MAIN_STATUS_HELP},
    {"dump", shell_dump, 1, main_dump_options, "print a file's syntax tree",
     "Usage: codedb dump --cst [--no-whitespace] | --ast FILE\n\n"
     "  --cst                    a line a node: depth, type, position, name, kind, qualified name (the default)\n"
     "  --no-whitespace          without white space and punctuation\n"
     "  --ast                    the tree of CPython's ast module as JSON\n" MAIN_TARGET_HELP MAIN_STATUS_HELP},
    {"check", shell_check, 1, main_check_options, "parse files and print their syntax errors",
     "Usage: codedb check PATH...\n\n"
     "Parses the files and folders given (- is standard input) and prints errors as path:line:column: message.\n"
     "Exit status: 0 all parse, 1 no files, 2 errors.\n\n" MAIN_FILES_HELP MAIN_TARGET_HELP MAIN_JSON_HELP MAIN_COMMON},
    {"backup", shell_backup, 1, main_copy_options, "copy a database, also while it is used",
     "Usage: codedb backup [--db FILE] COPY\n"
     "       codedb backup DB COPY\n\n"
     "Writes a consistent copy of the database to a new file, readable by its owner only. Others may read and write meanwhile.\n"
     "Exit status: 0 written, 2 error; then there is no COPY.\n\n" MAIN_DB_HELP MAIN_JSON_HELP MAIN_COMMON},
    {"restore", shell_restore, 1, main_copy_options, "put a copy in the place of a database",
     "Usage: codedb restore [--db FILE] COPY\n"
     "       codedb restore DB COPY\n\n"
     "Checks COPY and puts its contents in the place of the database's, all or nothing; a database that is not there is made.\n"
     "Exit status: 0 restored, 2 error; then the database is as it was.\n\n" MAIN_DB_HELP MAIN_JSON_HELP MAIN_COMMON},
    {"doctor", shell_doctor, 0, main_doctor_options, "look for damage in a database",
     "Usage: codedb doctor [--db FILE]\n"
     "       codedb doctor DB\n\n"
     "Checks the file, its indexes and constraints, foreign keys, and full-text indexes against their content. Changes nothing.\n"
     "Exit status: 0 all is well, 1 something was found, 2 error.\n\n"
     "  --limit N                at most N findings (default 1000)\n" MAIN_DB_HELP MAIN_JSON_HELP MAIN_COMMON},
};
enum { MAIN_COMMAND_COUNT = sizeof main_commands / sizeof main_commands[0] };

static void main_print_usage(FILE *out)
{
    fputs(
        "Usage: codedb COMMAND [OPTION...] ARGUMENT...\n\nA code database: Python projects in SQLite, asked and edited with selectors.\n\n",
        out);
    for (size_t i = 0; i < MAIN_COMMAND_COUNT; i++)
        fprintf(out, "  %-8s %s\n", main_commands[i].name, main_commands[i].summary);
    fputs("\n`codedb COMMAND --help` tells more; `codedb --version` the version.\n", out);
}

static bool main_is_common(int option)
{
    return option == MAIN_COLOR || option == MAIN_NO_COLOR || option == MAIN_QUIET || option == MAIN_HELP;
}

static bool main_knows(const main_command *command, int option)
{
    for (const int *known = command->options; *known != 0; known++)
        if (*known == option)
            return true;
    return main_is_common(option);
}

/* "3.11" is 311; 0 when the text is no version of Python 3. */
static int main_parse_target(const char *text)
{
    char *end = NULL;
    if (strncmp(text, "3.", 2) != 0 || text[2] < '0' || text[2] > '9')
        return 0;
    long minor = strtol(text + 2, &end, 10);
    return *end == '\0' && minor <= 99 ? 300 + (int)minor : 0;
}

static bool main_parse_count(const char *text, long maximum, long *number)
{
    char *end = NULL;
    *number = strtol(text, &end, 10);
    return end != text && *end == '\0' && *number > 0 && *number <= maximum;
}

/* A number of seconds above 0, with a fraction perhaps. */
static bool main_parse_seconds(const char *text, double *seconds)
{
    char *end = NULL;
    *seconds = strtod(text, &end);
    return end != text && *end == '\0' && *seconds > 0 && *seconds <= 1e9;
}

static void main_set_action(shell_options *options, codedb_edit_action action, const char *code)
{
    options->actions++;
    options->action = action;
    options->code = code;
}

/* Takes one option; false after a message. */
static bool main_take(shell_options *options, int option, char *argument)
{
    long number = 0;
    switch (option) {
    case MAIN_DB: options->db = argument; break;
    case MAIN_JSON: options->json = true; break;
    case MAIN_COLOR: options->color = options->color_errors = true; break;
    case MAIN_NO_COLOR: options->color = options->color_errors = false; break;
    case MAIN_QUIET: options->quiet = true; break;
    case MAIN_EXCLUDE: options->excludes[options->exclude_count++] = argument; break;
    case MAIN_PROJECT: options->projects[options->project_count++] = argument; break;
    case MAIN_NO_DEFAULT_EXCLUDES: options->no_default_excludes = true; break;
    case MAIN_REFERENCE: options->dialect = CODEDB_DIALECT_REFERENCE; break;
    case MAIN_COUNT: options->count_only = true; break;
    case MAIN_CODE: options->full_code = true; break;
    case MAIN_EXPLAIN: options->explain = true; break;
    case MAIN_WRITE: options->write = true; break;
    case MAIN_WRITE_FILES: options->write = options->write_files = true; break;
    case MAIN_REPLACE: main_set_action(options, CODEDB_EDIT_REPLACE, argument); break;
    case MAIN_DELETE: main_set_action(options, CODEDB_EDIT_DELETE, NULL); break;
    case MAIN_INSERT_BEFORE: main_set_action(options, CODEDB_EDIT_INSERT_BEFORE, argument); break;
    case MAIN_INSERT_AFTER: main_set_action(options, CODEDB_EDIT_INSERT_AFTER, argument); break;
    case MAIN_INSERT_FIRST: main_set_action(options, CODEDB_EDIT_INSERT_FIRST, argument); break;
    case MAIN_INSERT_LAST: main_set_action(options, CODEDB_EDIT_INSERT_LAST, argument); break;
    case MAIN_CAPTURES: options->captures = true; break;
    case MAIN_CST: options->format = options->format == CODEDB_DUMP_AST ? CODEDB_DUMP_CST : options->format; break;
    case MAIN_AST:
        options->format = CODEDB_DUMP_AST;
        options->ast = true;
        break;
    case MAIN_NO_WHITESPACE: options->format = CODEDB_DUMP_CST_NO_WHITESPACE; break;
    case MAIN_RAW: options->raw = true; break;
    case MAIN_TARGET:
        options->target_version = main_parse_target(argument);
        if (options->target_version == 0) {
            shell_fail("--target: found '%s', expected a version such as 3.11", argument);
            return false;
        }
        break;
    case MAIN_TIMEOUT:
        if (!main_parse_seconds(argument, &options->timeout)) {
            shell_fail("--timeout: found '%s', expected a number of seconds", argument);
            return false;
        }
        break;
    case MAIN_THREADS:
    case MAIN_LIMIT:
        if (!main_parse_count(argument, option == MAIN_THREADS ? 64 : 1000000000L, &number)) {
            shell_fail("%s: found '%s', expected a positive number", option == MAIN_THREADS ? "--threads" : "--limit", argument);
            return false;
        }
        if (option == MAIN_THREADS)
            options->threads = (int)number;
        else
            options->limit = (size_t)number;
        break;
    default: return false;
    }
    return true;
}

/* Reads the options of `command`; SHELL_FOUND, or the status to end with. *stop: the help was printed. */
static int main_read_options(const main_command *command, int count, char **arguments, shell_options *options, bool *stop)
{
    int option;
    int index = 0;
    *stop = false;
    while ((option = getopt_long(count, arguments, "", main_long_options, &index)) != -1) {
        if (option == '?')
            return SHELL_ERROR;
        if (!main_knows(command, option)) {
            return shell_fail("%s has no option --%s; `codedb %s --help` lists them", command->name,
                              main_long_options[index].name, command->name);
        }
        if (option == MAIN_HELP) {
            fputs(command->help, stdout);
            *stop = true;
            return SHELL_FOUND;
        }
        if (!main_take(options, option, optarg))
            return SHELL_ERROR;
    }
    return SHELL_FOUND;
}

static int main_run(const main_command *command, int count, char **arguments)
{
    shell_options options = {0};
    options.color = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    options.color_errors = isatty(STDERR_FILENO) && getenv("NO_COLOR") == NULL;
    options.excludes = malloc(2 * (size_t)count * sizeof *options.excludes);
    if (options.excludes == NULL)
        return shell_fail("out of memory");
    options.projects = options.excludes + count;
    bool stop = false;
    int status = main_read_options(command, count, arguments, &options, &stop);
    if (status == SHELL_FOUND && !stop) {
        size_t left = (size_t)(count - optind);
        if (left < command->minimum) {
            fputs(command->help, stderr);
            status = SHELL_ERROR;
        } else {
            status = command->run(&options, arguments + optind, left);
        }
    }
    free(options.excludes);
    if (fflush(stdout) != 0 || ferror(stdout))
        status = shell_fail("standard output cannot be written");
    return status;
}

/* The configuration of a database file as JSON, in malloc'ed memory; NULL without memory. */
static char *main_config(const char *path, bool read_only)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return NULL;
    fputs("{\"type\": \"sqlite\", \"config\": {\"path\": ", out);
    shell_print_json(out, path, strlen(path));
    fprintf(out, ", \"read_only\": %s}}", read_only ? "true" : "false");
    return fclose(out) == 0 ? text : NULL;
}

codedb *shell_open(const shell_options *options, bool create, bool read_only)
{
    const char *path = options->db != NULL ? options->db : SHELL_DB;
    struct stat file;
    codedb *db = NULL;
    codedb_result result = CODEDB_INIT(codedb_result);
    if (!create && stat(path, &file) != 0) {
        shell_fail("%s: no database there; `codedb index --db %s DIR` makes one", path, path);
        return NULL;
    }
    char *config = main_config(path, read_only);
    if (config == NULL)
        shell_fail("out of memory");
    else if (codedb_open(config, NULL, &db, &result) != CODEDB_SUCCESS)
        shell_fail_result(options, NULL, &result);
    free(config);
    codedb_result_clear(&result);
    return db;
}

int main(int count, char **arguments)
{
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is then an error like a full disk, and not the end */
    if (count >= 2 && strcmp(arguments[1], "--version") == 0) {
        printf("codedb %s\n", codedb_version());
        return SHELL_FOUND;
    }
    if (count >= 2 && (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "help") == 0)) {
        main_print_usage(stdout);
        return SHELL_FOUND;
    }
    for (size_t i = 0; count >= 2 && i < MAIN_COMMAND_COUNT; i++)
        if (strcmp(arguments[1], main_commands[i].name) == 0)
            return main_run(&main_commands[i], count - 1, arguments + 1);
    if (count >= 2)
        shell_fail("no command '%s'", arguments[1]);
    main_print_usage(stderr);
    return SHELL_ERROR;
}
