/* test_shell.c -- the `codedb` command from outside: what it prints, its exit statuses, what it leaves alone. */
#include "support.h"

#include "files.h"

#include <limits.h>
#include <sqlite3.h>
#include <sys/resource.h>

static char shell_binary[PATH_MAX];

typedef struct answer {
    int status;
    char *out;
    char *err;
} answer;

/* Runs the command in the scratch folder. `arguments` are for /bin/sh; what stands in `input` is standard input. */
static answer run(files_scratch *scratch, const char *input, const char *arguments)
{
    char command[8192];
    answer got;
    files_write(scratch, ".in", input);
    snprintf(command, sizeof command, "cd '%s' && '%s' %s <.in >.out 2>.err", scratch->path, shell_binary, arguments);
    got.status = system(command);
    assert_true(WIFEXITED(got.status));
    got.status = WEXITSTATUS(got.status);
    got.out = files_read(scratch, ".out", NULL);
    got.err = files_read(scratch, ".err", NULL);
    return got;
}

static void release(answer *got)
{
    free(got->out);
    free(got->err);
}

/* Runs and expects the exit status and what is printed on standard output. */
static void assert_run(files_scratch *scratch, const char *arguments, int status, const char *out)
{
    answer got = run(scratch, "", arguments);
    if (got.status != status)
        print_error("codedb %s: exit status %d, expected %d\n%s%s", arguments, got.status, status, got.out, got.err);
    assert_int_equal(got.status, status);
    assert_string_equal(got.out, out);
    release(&got);
}

/* Runs and expects the exit status and a part of what is printed on either output. */
static void assert_run_tells(files_scratch *scratch, const char *arguments, int status, const char *part)
{
    answer got = run(scratch, "", arguments);
    char both[65536];
    snprintf(both, sizeof both, "%s%s", got.out, got.err);
    if (got.status != status)
        print_error("codedb %s: exit status %d, expected %d\n%s", arguments, got.status, status, both);
    assert_int_equal(got.status, status);
    assert_contains(both, part);
    release(&got);
}

/* Runs and expects success and so many lines on standard output. */
static void assert_run_count(files_scratch *scratch, const char *arguments, size_t lines)
{
    answer got = run(scratch, "", arguments);
    size_t count = 0;
    for (const char *at = strchr(got.out, '\n'); at != NULL; at = strchr(at + 1, '\n'))
        count++;
    assert_int_equal(got.status, 0);
    assert_int_equal(count, lines);
    release(&got);
}

static void run_command(files_scratch *scratch, const char *command)
{
    char whole[4600];
    snprintf(whole, sizeof whole, "cd '%s' && %s", scratch->path, command);
    assert_int_equal(system(whole), 0);
}

static void fill(files_scratch *scratch)
{
    files_folder(scratch, "src");
    files_write(scratch, "src/store.py",
                "class Store:\n    \"\"\"Keeps things.\"\"\"\n\n    def get_one(self):\n        return 1\n\n"
                "    def put(self):\n        return None  # nothing\n");
    files_write(scratch, "src/other.py", "import os\n\n\ndef make(a, b=2):\n    return os\n");
}

/* Two projects in one database, each with a Latin-1 file. */
static void fill_two(files_scratch *scratch)
{
    static const char *const names[] = {"one", "two"};
    char path[64], index[64];
    for (size_t i = 0; i < 2; i++) {
        files_folder(scratch, names[i]);
        snprintf(path, sizeof path, "%s/a.py", names[i]);
        files_write(scratch, path, "def f():\n    return old(1)\n");
        snprintf(path, sizeof path, "%s/b.py", names[i]);
        files_write(scratch, path, "# coding: latin-1\nx = '\xe9'\ny = old(2)\n");
        snprintf(index, sizeof index, "index %s", names[i]);
        assert_run_tells(scratch, index, 0, "2 files indexed");
    }
}

static void without_a_command_the_usage_is_an_error(void **state)
{
    assert_run_tells(*state, "", 2, "Usage: codedb COMMAND");
    assert_run_tells(*state, "--help", 0, "Usage: codedb COMMAND");
    assert_run_tells(*state, "frobnicate", 2, "no command 'frobnicate'");
    assert_run_tells(*state, "--version", 0, codedb_version());
}

static void every_command_has_help_and_refuses_what_it_does_not_know(void **state)
{
    static const char *const commands[] = {"index", "query", "edit",   "search",  "show",
                                           "dump",  "check", "backup", "restore", "doctor"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char arguments[64];
        char usage[64];
        snprintf(usage, sizeof usage, "Usage: codedb %s", commands[i]);
        snprintf(arguments, sizeof arguments, "%s --help", commands[i]);
        assert_run_tells(*state, arguments, 0, usage);
        if (strcmp(commands[i], "doctor") != 0) /* which needs no argument */
            assert_run_tells(*state, commands[i], 2, usage);
        snprintf(arguments, sizeof arguments, "%s --nonsense x", commands[i]);
        assert_run_tells(*state, arguments, 2, "--nonsense");
    }
    assert_run_tells(*state, "check --db x y.py", 2, "check has no option --db");
    assert_run_tells(*state, "check --target 2.7 y.py", 2, "found '2.7', expected a version such as 3.11");
    assert_run_tells(*state, "query --limit 0 '*' y.py", 2, "--limit: found '0'");
    assert_run_tells(*state, "query --timeout x '*' y.py", 2, "--timeout: found 'x', expected a number of seconds");
}

static void query_prints_places_as_editors_count_them(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    assert_run(scratch, "query 'method[name^=\"get_\"]' src", 0, "src/store.py:4:5: def get_one(self): ...\n");
    assert_run(scratch, "query 'smallstmt[type=\"Return\"]' src", 0,
               "src/other.py:5:5: return os\nsrc/store.py:5:9: return 1\nsrc/store.py:8:9: return None\n");
    assert_run(scratch, "query --count 'smallstmt[type=\"Return\"]' src", 0, "src/other.py:1\nsrc/store.py:2\n");
    assert_run(scratch, "query --code 'method:first' src/store.py", 0,
               "src/store.py:4:5: def get_one(self):\n        return 1\n");
    assert_run(scratch, "query 'class[name=\"None\"]' src", 1, "");
    assert_run(scratch, "query --timeout 60.5 'class[name=\"None\"]' src", 1, "");
    assert_run_tells(scratch, "query --timeout 1e-9 '*:has(*)' src", 2, "not matched within 1e-09 seconds");
}

static void query_prints_what_was_captured(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    assert_run(scratch, "query 'class@owner > method:first@first, function:nth(9)@none' src/store.py", 0,
               "src/store.py:4:5: def get_one(self): ...\n"
               "    @owner 1:1: class Store: ...\n"
               "    @first 4:5: def get_one(self): ...\n");
    answer got = run(scratch, "", "query --json 'class@owner > method:first, function:nth(9)@none' src/store.py");
    assert_int_equal(got.status, 0);
    assert_contains(got.out, "\"captures\": {\"owner\": {\"node_id\": \"0.");
    assert_contains(got.out, "\"none\": null}}\n");
    release(&got);
}

static void query_explains_what_each_step_leaves(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    assert_run(scratch, "query --explain 'class / method' src/store.py", 1,
               "src/store.py:\n"
               "class                                   1 of this type, 1 candidates, 1 left\n"
               "/ method                                2 of this type, 0 candidates, 0 left\n"
               "    0 after /: parents are IndentedBlock; use >\n"
               "0 found\n");
    answer got = run(scratch, "", "query --explain --json 'class[path$=store.py]' src/store.py");
    assert_int_equal(got.status, 0);
    assert_contains(got.out, "{\"path\": \"src/store.py\", \"selector\": \"class[path$=store.py]\", ");
    assert_contains(got.out, "\"matched\": 1, \"found\": 1, ");
    release(&got);
    assert_run(scratch, "index --quiet src", 0, "");
    assert_run_tells(scratch, "query --explain 'class > method'", 0, "store.py:\nclass  ");
    assert_run_tells(scratch, "query --explain 'class / method'", 1, "\n0 found\n");
    assert_run_tells(scratch, "query --explain --limit 1 method src", 0, "\n2 found\n");
    assert_run_tells(scratch, "query --explain --json 'class / method' src", 1, "\"found\": 0");
}

static void query_prints_json_with_columns_from_zero(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    answer got = run(scratch, "", "query --json 'method:first' src/store.py");
    assert_int_equal(got.status, 0);
    assert_contains(got.out, "{\"path\": \"src/store.py\", ");
    assert_contains(got.out,
                    "\"type\": \"FunctionDef\", \"kind\": \"method\", \"name\": \"get_one\", \"qualname\": \"Store.get_one\", "
                    "\"start_line\": 4, \"start_col\": 4, \"end_line\": 5, \"end_col\": 16, "
                    "\"code\": \"def get_one(self):\\n        return 1\"}\n");
    release(&got);
}

static void query_of_the_ast_knows_its_classes(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    assert_run(scratch, "query --ast 'FunctionDef > Return' src", 0,
               "src/other.py:5:5: return os\nsrc/store.py:5:9: return 1\nsrc/store.py:8:9: return None\n");
    assert_run(scratch, "query --ast 'function > arguments' src/other.py", 0, "src/other.py: arguments\n");
    assert_run(scratch, "query --ast --count Return src", 0, "src/other.py:1\nsrc/store.py:2\n");
    assert_run(scratch, "query --ast 'arguments@all > arg:first' src/other.py", 0,
               "src/other.py:4:10: a\n    @all 0:0: arguments\n");
    assert_run_tells(scratch, "query --ast --json 'Return > Constant:first' src/store.py", 0,
                     "\"start_line\": 5, \"start_col\": 15, \"end_line\": 5, \"end_col\": 16, \"code\": \"1\", "
                     "\"ast_json\": {\"_type\":\"Constant\",\"value\":1,\"kind\":null,");
    assert_run_tells(scratch, "query --ast --json Store src/store.py", 1, "");
    assert_run_tells(scratch, "query --ast --json Load src/other.py", 0, "\"start_line\": null, \"start_col\": null");
    assert_run_tells(scratch, "query --ast Decoratr src", 2, "unknown type 'Decoratr', did you mean");
    assert_run_tells(scratch, "query --ast --explain 'class > Return' src/store.py", 1, "0 after >: parents are FunctionDef");
    assert_run_tells(scratch, "query --ast --explain --json 'arg.args' src/other.py", 0,
                     "{\"path\": \"src/other.py\", \"selector\": \"arg.args\", ");
    assert_run_tells(scratch, "query --ast --reference Name src", 2, "the reference dialect");
    assert_run_tells(scratch, "query --ast Name src/none.py", 2, "src/none.py");
}

/* Stores the ast of the file, as `codedb dump --ast` prints it. */
static void store_ast(files_scratch *scratch, int64_t file_id, const char *source)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    char path[4400];
    char arguments[256];
    codedb *db;
    answer got;
    snprintf(path, sizeof path, "%s/codedb.db", scratch->path);
    snprintf(arguments, sizeof arguments, "dump --ast %s", source);
    got = run(scratch, "", arguments);
    assert_success(codedb_open(path, NULL, &db, &result), result);
    assert_success(codedb_ast_save(db, file_id, got.out, strlen(got.out), NULL, &result), result);
    codedb_close(db);
    codedb_result_clear(&result);
    release(&got);
}

static void asts_in_a_database_are_asked_and_edited(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    assert_run_tells(scratch, "index src", 0, "2 files indexed");
    assert_run_tells(scratch, "query --ast --count Return", 0, "src/other.py:1\n"); /* of the stored sources */
    assert_run_tells(scratch, "query --ast --project src 'Call, Attribute, Import'", 0, "src/other.py:1:1: import os\n");
    assert_run_tells(scratch, "query --ast --project none Return", 2, "the database has no project 'none'");
    assert_run_tells(scratch, "query --ast Comma", 2, "selector: unknown type 'Comma'");
    assert_run_tells(scratch, "query --ast --explain Return", 0, "\n1 found\n");
    assert_run_tells(scratch, "query --ast --explain While", 1, "\n0 found\n");
    assert_run_tells(scratch, "edit --ast Return --delete", 1, "0 nodes in 0 files");
    store_ast(scratch, 1, "src/other.py");
    assert_run_tells(scratch, "edit --ast 'Return > Name' --delete", 0, "1 nodes in 1 files; nothing was changed");
    assert_run_tells(scratch, "edit --ast --json --write 'Return > Name' --delete", 0, "\"nodes_modified\": 1");
    assert_run_tells(scratch, "query --ast --json Return", 0, "\"ast_json\": {\"_type\":\"Return\",\"value\":null,");
    assert_run_tells(scratch, "edit --ast --write Return --replace '{\"_type\":\"Load\"}'", 2, "nothing was changed");
    assert_run_tells(scratch, "edit --ast --write 'Return[' --delete", 2, "codedb: ");
    assert_run_tells(scratch, "edit --ast Return --delete src", 2, "edit: --ast is for what a database holds");
}

static void query_explains_the_files_of_projects(void **state)
{
    files_scratch *scratch = *state;
    fill_two(scratch);
    files_write(scratch, "two/c.py", "no python\n");
    assert_run_tells(scratch, "index two", 0, "1 with syntax errors");
    answer got = run(scratch, "", "query --explain --project two Call");
    assert_int_equal(got.status, 0);
    assert_contains(got.out, "two/a.py:\nCall ");
    assert_contains(got.out, "two/b.py:\nCall ");
    assert_null(strstr(got.out, "one/"));
    assert_string_equal(got.err, "");
    release(&got);
    assert_run_tells(scratch, "query --explain --project two --project one Call", 0, "one/b.py:\nCall ");
    assert_run_tells(scratch, "query --explain --ast --project one Call", 0, "one/a.py:\nCall ");
    assert_run_tells(scratch, "query --explain --project one While", 1, "\n0 found\n");
    assert_run_tells(scratch, "query --explain --project none Call", 2, "the database has no project 'none'");
}

/* Of files they are for each: query_prints_places_as_editors_count_them. */
static void limit_and_timeout_of_a_database_are_for_all_of_it(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    assert_run_tells(scratch, "index src", 0, "2 files indexed");
    assert_run(scratch, "query --limit 1 --count 'smallstmt[type=\"Return\"]' src", 0, "src/other.py:1\nsrc/store.py:1\n");
    assert_run_count(scratch, "query --limit 1 'smallstmt[type=\"Return\"]'", 1);
    assert_run_count(scratch, "query --limit 2 'smallstmt[type=\"Return\"]'", 2);
    assert_run_count(scratch, "query --limit 9 --timeout 1000 'smallstmt[type=\"Return\"]'", 3);
    assert_run_count(scratch, "query --ast --limit 2 Return", 2);
    assert_run_tells(scratch, "query --timeout 1e-9 '*'", 2, "the query did not end within 1e-09 seconds");
}

static void query_reads_standard_input(void **state)
{
    answer got = run(*state, "def f(): return 7\n", "query Integer -");
    assert_int_equal(got.status, 0);
    assert_string_equal(got.out, "<stdin>:1:17: 7\n");
    release(&got);
}

static void a_bad_selector_is_shown_once_with_its_place(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    answer got = run(scratch, "", "query 'function[nmae=\"x\"]' src");
    assert_int_equal(got.status, 2);
    assert_contains(got.err, "did you mean");
    assert_contains(got.err, "  function[nmae=\"x\"]\n           ^");
    release(&got);
}

static void a_file_that_cannot_be_read_is_an_error_and_the_rest_is_answered(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    answer got = run(scratch, "", "query class src/store.py src/none.py");
    assert_int_equal(got.status, 2);
    assert_string_equal(got.out, "src/store.py:1:1: class Store: ...\n");
    assert_contains(got.err, "src/none.py: No such file or directory");
    release(&got);
}

static void check_prints_errors_and_a_summary(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    assert_run(scratch, "check --quiet src", 0, "");
    assert_run_tells(scratch, "check src", 0, "2 files, 0.0 MB, 0 with errors");
    files_write(scratch, "src/bad.py", "x = 1\ny = = 2\n");
    assert_run_tells(scratch, "check src", 2, "src/bad.py:2:5: ");
    assert_run_tells(scratch, "check src", 2, "3 files, 0.0 MB, 1 with errors");
    assert_run_tells(scratch, "check --json src", 2, "{\"path\": \"src/bad.py\", \"line\": 2, \"column\": 4, ");
    files_folder(scratch, "none");
    assert_run_tells(scratch, "check none", 1, "0 files");
}

static void check_goes_by_the_target_version(void **state)
{
    files_scratch *scratch = *state;
    files_write(scratch, "walrus.py", "if (n := 10) > 5:\n    pass\n");
    assert_run(scratch, "check --quiet --target 3.8 walrus.py", 0, "");
    assert_run_tells(scratch, "check --quiet --target 3.7 walrus.py", 2, "walrus.py:1:");
}

static void dump_prints_the_tree(void **state)
{
    files_scratch *scratch = *state;
    files_write(scratch, "x.py", "a\n");
    assert_run(scratch, "dump --cst --no-whitespace x.py", 0,
               "0 Module 1:0-2:0 - module -\n1 SimpleStatementLine 1:0-1:1 - stmt -\n2 Expr 1:0-1:1 - smallstmt -\n"
               "3 Name 1:0-1:1 a node -\n");
    assert_run_tells(scratch, "dump --cst x.py", 0, "2 TrailingWhitespace 1:1-2:0 - node -\n");
    assert_run_tells(scratch, "dump --ast x.py", 0, "\"_type\"");
    files_write(scratch, "bad.py", "a b\n");
    assert_run_tells(scratch, "dump bad.py", 2, "bad.py:1:");
}

static void edit_shows_a_diff_and_changes_nothing_without_write(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    char *before = files_read(scratch, "src/store.py", NULL);
    assert_run_tells(scratch, "edit 'method[name=\"put\"] smallstmt[type=\"Return\"]' --replace 'return 2' src", 0,
                     "-        return None  # nothing\n+        return 2  # nothing\n");
    files_assert_text(scratch, "src/store.py", before);
    free(before);
    assert_run_tells(scratch, "edit 'class[name=\"None\"]' --delete src", 1, "0 nodes in 0 files");
    assert_run_tells(scratch, "edit class src", 2, "expected one of --replace");
    assert_run_tells(scratch, "edit class --delete --replace x src", 2, "found 2 actions");
}

static void edit_with_write_changes_the_file_and_keeps_its_mode(void **state)
{
    files_scratch *scratch = *state;
    struct stat status;
    files_write(scratch, "x.py", "def f():\n    a()\n    return 1\n");
    assert_int_equal(chmod(files_path(scratch, "x.py"), 0741), 0);
    assert_run_tells(scratch, "edit 'smallstmt[type=\"Return\"]' --insert-before 'if a:\n    b()' --write x.py", 0,
                     "1 nodes in 1 files");
    files_assert_text(scratch, "x.py", "def f():\n    a()\n    if a:\n        b()\n    return 1\n");
    assert_int_equal(stat(files_path(scratch, "x.py"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0741);
}

static void edit_writes_in_the_encoding_of_the_file(void **state)
{
    files_scratch *scratch = *state;
    files_write(scratch, "x.py", "# coding: latin-1\na = '\xe9'\nb = 1\n");
    assert_run_tells(scratch, "edit 'Assign:last' --replace 'b = 2' --write x.py", 0, "1 nodes");
    files_assert_text(scratch, "x.py", "# coding: latin-1\na = '\xe9'\nb = 2\n");
    assert_run_tells(scratch, "edit 'Assign:last' --replace 'b = \"\xe2\x82\xac\"' --write x.py", 2, "x.py: ");
    assert_run_tells(scratch, "edit 'Assign:last' --replace 'b = \"\xe2\x82\xac\"' x.py", 2, "x.py: ");
    assert_run_tells(scratch, "edit 'Assign:last' --replace 'b = \"\xc3\xbc\"' x.py", 0, " a = '\xe9'\n-b = 2\n+b = \"\xfc\"\n");
    assert_run_tells(scratch, "edit 'Assign:last' --replace 'b = \"\xc3\xbc\"' --json x.py", 0, "\xc3\xbc");
    files_assert_text(scratch, "x.py", "# coding: latin-1\na = '\xe9'\nb = 2\n");
}

static void edit_takes_a_file_with_several_names_once(void **state)
{
    files_scratch *scratch = *state;
    files_folder(scratch, "p");
    files_write(scratch, "p/m.py", "x = 1\n");
    assert_int_equal(symlink("m.py", files_path(scratch, "p/a_link.py")), 0);
    assert_int_equal(symlink("a_link.py", files_path(scratch, "p/z_link.py")), 0);
    answer got = run(scratch, "", "edit Integer --replace 2 p p/../p/m.py");
    assert_int_equal(got.status, 0);
    assert_contains(got.err, "codedb: p/a_link.py: left out, as it is the same file as p/m.py\n");
    assert_contains(got.err, "codedb: p/z_link.py: left out, as it is the same file as p/m.py\n");
    assert_contains(got.err, "codedb: p/../p/m.py: left out, as it is the same file as p/m.py\n");
    assert_contains(got.err, "1 nodes in 1 files; nothing was changed");
    files_write(scratch, "p.diff", got.out);
    release(&got);
    run_command(scratch, "git init -q . && git apply --check p.diff");
    assert_run_tells(scratch, "edit Integer --replace 2 --write p", 0, "1 nodes in 1 files\n");
    files_assert_text(scratch, "p/m.py", "x = 2\n");
    assert_run_tells(scratch, "edit Integer --replace 3 --write p/z_link.py", 0, "1 nodes in 1 files\n"); /* its only name */
    files_assert_text(scratch, "p/m.py", "x = 3\n");
    run_command(scratch, "test -L p/a_link.py && test -L p/z_link.py && ln p/m.py p/hard.py");
    assert_run_tells(scratch, "edit Integer --replace 4 --write p/m.py p/hard.py", 0, "p/hard.py: left out, as it is");
    files_assert_text(scratch, "p/m.py", "x = 4\n");
    files_assert_text(scratch, "p/hard.py", "x = 3\n");
    assert_run_tells(scratch, "edit Integer --delete p/none.py p/none.py", 2, "p/none.py: ");
}

static void edit_tells_a_place_in_the_new_code_as_one(void **state)
{
    files_scratch *scratch = *state;
    files_write(scratch, "x.py", "a\n\ng()\n");
    assert_run_tells(scratch, "edit Call --replace 'f(' x.py", 2, "x.py: the new code does not parse: line 1, column 2: ");
}

static void edit_changes_the_encoding_of_the_file(void **state)
{
    files_scratch *scratch = *state;
    files_write(scratch, "x.py", "# coding: latin-1\na = '\xe9'\n");
    assert_run_tells(scratch, "edit Comment --delete x.py", 0, "x.py: the edit changes the file's encoding");
    assert_run_tells(scratch, "edit Comment --delete x.py", 0, " a = '\xc3\xa9'\n");
    assert_run_tells(scratch, "edit Comment --replace '# coding: ascii' --write x.py", 2, "cannot be written");
    assert_run_tells(scratch, "edit Comment --replace '# coding: no-such' --write x.py", 2, "unknown encoding");
    files_assert_text(scratch, "x.py", "# coding: latin-1\na = '\xe9'\n");
    assert_run_tells(scratch, "edit Comment --delete --write x.py", 0, "1 nodes");
    files_assert_text(scratch, "x.py", "a = '\xc3\xa9'\n");
}

static void edit_writes_all_files_or_none(void **state)
{
    files_scratch *scratch = *state;
    files_write(scratch, "a.py", "try:\n    x\nexcept E: pass\nexcept F: pass\n");
    files_write(scratch, "b.py", "try:\n    x\nexcept E: pass\n");
    assert_run_tells(scratch, "edit 'ExceptHandler:first' --delete --write a.py b.py", 2, "no file was changed");
    files_assert_text(scratch, "a.py", "try:\n    x\nexcept E: pass\nexcept F: pass\n");
    assert_int_equal(chmod(files_path(scratch, "b.py"), 0444), 0);
    assert_run_tells(scratch, "edit 'Name[name=\"x\"]' --replace y --write a.py b.py", 2, "b.py: not written: it is read-only");
    files_assert_text(scratch, "a.py", "try:\n    x\nexcept E: pass\nexcept F: pass\n");
    files_write(scratch, "c.py", "a b\n");
    assert_run_tells(scratch, "edit 'Name[name=\"x\"]' --replace y --write a.py c.py", 2, "1 nodes in 1 files");
    files_assert_text(scratch, "a.py", "try:\n    y\nexcept E: pass\nexcept F: pass\n");
}

static void edit_fills_captures_and_puts_code_inside(void **state)
{
    files_scratch *scratch = *state;
    files_write(scratch, "x.py", "f(a)\n");
    assert_run_tells(scratch, "edit 'Call@c' --captures --replace 'g({c})' x.py", 0, "+g(f(a))\n");
    assert_run_tells(scratch, "edit 'Call' --insert-last 'b' x.py", 0, "+f(a, b)\n");
    assert_run_tells(scratch, "edit 'Call' --insert-first 'b' x.py", 0, "+f(b, a)\n");
}

static void edit_of_standard_input_prints_the_result(void **state)
{
    answer got = run(*state, "a = 1\nb = 2\n", "edit --write 'Assign:first' --replace 'a = 3' -");
    assert_int_equal(got.status, 0);
    assert_string_equal(got.out, "a = 3\nb = 2\n");
    release(&got);
    got = run(*state, "a = 1\n", "edit --write 'class' --delete -");
    assert_int_equal(got.status, 1);
    assert_string_equal(got.out, "a = 1\n");
    release(&got);
}

static void a_wide_cell_keeps_its_distance_from_the_next(void **state)
{
    files_scratch *scratch = *state;
    char name[128], file[160], expected[160];
    memset(name, 'n', 70);
    strcpy(name + 70, ".py");
    files_folder(scratch, "src");
    snprintf(file, sizeof file, "src/%s", name);
    files_write(scratch, file, "def f():\n    return 1\n");
    assert_run_tells(scratch, "index src", 0, "1 files indexed");
    snprintf(expected, sizeof expected, "%s  1\n", name);
    assert_run_tells(scratch, "show functions", 0, expected);
}

static void a_limit_on_file_sizes_is_an_error_and_loses_nothing(void **state)
{
    files_scratch *scratch = *state;
    struct rlimit limit;
    rlim_t before;
    fill(scratch);
    assert_run_tells(scratch, "index src", 0, "2 files indexed");
    files_write(scratch, "src/third.py", "x = 1\n");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    before = limit.rlim_cur;
    limit.rlim_cur = 16384; /* the command inherits it */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_run_tells(scratch, "index src", 2, "codedb: ");
    limit.rlim_cur = before;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_run_tells(scratch, "show stats", 0, "files         2");
    assert_run_tells(scratch, "index src", 0, "1 files indexed");
}

static void a_database_is_made_asked_searched_and_edited(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    assert_run_tells(scratch, "query class", 2, "codedb.db: no database there");
    assert_run_tells(scratch, "index src", 0, "2 files indexed");
    assert_run_tells(scratch, "index --json src", 0, "\"files_unchanged\": 2");
    assert_run_tells(scratch, "query class", 0, "src/store.py:1:1: class Store: ...\n");
    assert_run_tells(scratch, "query --db none.db class", 2, "none.db: no database there");
    assert_run_tells(scratch, "query --db codedb.db class src", 2, "expected one of them");
    assert_run_tells(scratch, "query --exclude 'store*' class", 2, "query: --exclude and --no-default-excludes are for PATHs");
    assert_run_tells(scratch, "query --project src class", 0, "src/store.py:1:1: class Store: ...\n");
    assert_run_tells(scratch, "query --project ./src/ --count class", 0, "store.py:1\n");
    assert_run_tells(scratch, "query --project none class", 2, "--project: the database has no project 'none'");
    assert_run_tells(scratch, "query --project src class src", 2, "found both --project and PATH");
    assert_run_tells(scratch, "edit --exclude 'store*' class --delete", 2,
                     "edit: --exclude and --no-default-excludes are for PATHs");
    assert_run_tells(scratch, "show classes", 0, "Store");
    assert_run_tells(scratch, "show methods 'get_*'", 0, "Store.get_one");
    assert_run_tells(scratch, "show methods 'set_*'", 1, "");
    assert_run_tells(scratch, "show --json functions", 0, "{\"name\": \"make\", \"args\": \"[");
    assert_run_tells(scratch, "show projects", 0, "root_path");
    assert_run_tells(scratch, "show files '*other*'", 0, "other.py");
    assert_run_tells(scratch, "show imports", 0, "os");
    assert_run_tells(scratch, "show stats", 0, "code_content");
    assert_run_tells(scratch, "show nonsense", 2, "found 'nonsense'");
    assert_run_tells(scratch, "search keeps things", 0, "[Keeps] [things]");
    assert_run_tells(scratch, "search --json keeps", 0, "\"entity_type\": \"class\"");
    assert_run_tells(scratch, "search nowhere", 1, "");
    assert_run_tells(scratch, "search --raw '\"'", 2, "");
    assert_run_tells(scratch, "edit 'Return[code=\"return 1\"]' --replace 'return 3'", 0, "+        return 3\n");
    assert_run_tells(scratch, "query 'Integer'", 0, "5:16: 1\n");
    assert_run_tells(scratch, "edit 'method[name=\"put\"]' --delete --write-files", 0, "1 nodes in 1 files");
    assert_run_tells(scratch, "query --count method", 0, "store.py:1\n");
    files_assert_text(scratch, "src/store.py",
                      "class Store:\n    \"\"\"Keeps things.\"\"\"\n\n    def get_one(self):\n        return 1\n");
}

static void a_stored_tree_is_not_edited_when_the_file_has_changed(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    assert_run_tells(scratch, "index src", 0, "2 files indexed");
    files_write(scratch, "src/store.py", "class Store: pass\n");
    assert_run_tells(scratch, "edit 'class' --delete --write-files", 2, "not what the database holds");
    files_assert_text(scratch, "src/store.py", "class Store: pass\n");
    assert_run_tells(scratch, "query --count method", 0, "store.py:2\n");
}

static void a_project_in_a_database_is_edited_alone(void **state)
{
    files_scratch *scratch = *state;
    fill_two(scratch);
    assert_run_tells(scratch, "edit --project two 'Call[.func=\"old\"]' --replace 'new()'", 0,
                     "2 nodes in 2 files; nothing was changed");
    assert_run_tells(scratch, "edit --project two --write 'Call[.func=\"old\"]' --replace 'new()'", 0, "2 nodes in 2 files\n");
    assert_run(scratch, "query --count --project two 'Name[name=\"old\"]'", 1, "");
    assert_run_tells(scratch, "query --count --project one 'Name[name=\"old\"]'", 0, "b.py:1\n");
    files_assert_text(scratch, "two/a.py", "def f():\n    return old(1)\n");
    assert_run_tells(scratch, "edit --project one --write-files 'Call[.func=\"old\"]' --replace 'new()'", 0,
                     "2 nodes in 2 files\n");
    files_assert_text(scratch, "one/b.py", "# coding: latin-1\nx = '\xe9'\ny = new()\n");
    assert_run_tells(scratch, "edit --project one 'Call[.func=\"old\"]' --delete", 1, "0 nodes in 0 files");
    assert_run_tells(scratch, "edit --project none class --delete", 2, "--project: the database has no project 'none'");
    assert_run_tells(scratch, "edit --project one --project two class --delete", 2, "--project names 2 projects, expected one");
    assert_run_tells(scratch, "edit --project one class --delete one", 2, "found both --project and PATH");
    assert_run_tells(scratch, "edit --write-files class --delete one", 2, "--write-files is for a database");
    assert_run_tells(scratch, "edit --ast --write-files Return --delete", 2, "found both --ast and --write-files");
    assert_run_tells(scratch, "edit --ast --project one Return --delete", 1, "0 nodes in 0 files");
    assert_run_tells(scratch, "edit --ast --project none Return --delete", 2, "no project 'none'");
}

static void an_edit_of_a_project_changes_all_files_or_none(void **state)
{
    files_scratch *scratch = *state;
    fill_two(scratch);
    files_write(scratch, "one/c.py", "try:\n    old(3)\nexcept E:\n    pass\n");
    assert_run_tells(scratch, "index one", 0, "1 files indexed");
    assert_run_tells(scratch, "edit --project one --write 'Call[.func=\"old\"], ExceptHandler' --delete", 2,
                     "nothing was changed: ");
    assert_run_tells(scratch, "query --count --project one 'Name[name=\"old\"]'", 0, "b.py:1\n");
    files_write(scratch, "one/b.py", "y = 1\n");
    assert_run_tells(scratch, "edit --project one --write-files 'Call[.func=\"old\"]' --replace 'new()'", 2,
                     "not what the database holds");
    files_assert_text(scratch, "one/a.py", "def f():\n    return old(1)\n");
    assert_run_tells(scratch, "query --count --project one 'Name[name=\"old\"]'", 0, "a.py:1\n");
}

static void a_preview_of_a_project_is_a_patch(void **state)
{
    files_scratch *scratch = *state;
    fill_two(scratch);
    answer got = run(scratch, "", "edit --project one 'Call[.func=\"old\"]' --replace 'new()'");
    assert_int_equal(got.status, 0);
    assert_contains(got.out, " x = '\xe9'\n-y = old(2)\n+y = new()\n");
    files_write(scratch, "one.diff", got.out);
    release(&got);
    run_command(scratch, "git init -q one && cd one && git apply ../one.diff");
    files_assert_text(scratch, "one/a.py", "def f():\n    return new()\n");
    files_assert_text(scratch, "one/b.py", "# coding: latin-1\nx = '\xe9'\ny = new()\n");
    assert_run_tells(scratch, "edit --json --project one 'Call[.func=\"old\"]' --replace 'new()'", 0, "\"nodes_modified\": 1");
}

static void a_preview_of_a_whole_database_is_a_patch(void **state)
{
    files_scratch *scratch = *state;
    fill_two(scratch);
    assert_run_tells(scratch, "index --db two.db two", 0, "2 files indexed");
    answer got = run(scratch, "", "edit --db two.db 'Call[.func=\"old\"], SimpleString' --replace '\"\xc3\xbc\"'");
    assert_int_equal(got.status, 0);
    assert_contains(got.out, "-x = '\xe9'\n-y = old(2)\n+x = \"\xfc\"\n+y = \"\xfc\"\n");
    files_write(scratch, "two.diff", got.out);
    release(&got);
    run_command(scratch, "git init -q two && cd two && git apply ../two.diff");
    files_assert_text(scratch, "two/b.py", "# coding: latin-1\nx = \"\xfc\"\ny = \"\xfc\"\n");
}

static void a_file_that_is_no_database_is_an_error(void **state)
{
    files_scratch *scratch = *state;
    char text[2048];
    memset(text, 'x', sizeof text);
    files_write_bytes(scratch, "codedb.db", text, sizeof text);
    assert_run_tells(scratch, "query class", 2, "not a database");
    assert_run_tells(scratch, "show stats", 2, "not a database");
}

/* SQLite's own shell says whether two databases hold the same. */
static void assert_same_dump(files_scratch *scratch, const char *one, const char *other)
{
    char command[4096];
    snprintf(command, sizeof command, "cd '%s' && sqlite3 %s .dump >.one && sqlite3 %s .dump >.other && cmp .one .other",
             scratch->path, one, other);
    assert_int_equal(system(command), 0);
}

static void a_database_is_copied_and_restored(void **state)
{
    files_scratch *scratch = *state;
    struct stat status;
    fill(scratch);
    assert_run_tells(scratch, "index src", 0, "2 files indexed");
    assert_run_tells(scratch, "backup codedb.db copy.db", 0, "copy.db: written, ");
    assert_same_dump(scratch, "codedb.db", "copy.db");
    assert_int_equal(stat(files_path(scratch, "copy.db"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_run_tells(scratch, "backup codedb.db copy.db", 2, "there is something already");
    assert_run_tells(scratch, "backup none.db other.db", 2, "none.db: no database there");
    assert_run_tells(scratch, "backup codedb.db", 2, "there is something already"); /* its copy, by the default */
    assert_run_tells(scratch, "backup one two three", 2, "found 3 arguments");
    assert_run_tells(scratch, "backup --db codedb.db codedb.db x.db", 2, "found --db codedb.db and the database codedb.db");
    assert_run_tells(scratch, "backup default.db", 0, "default.db: written, ");
    assert_run_tells(scratch, "backup --db default.db again.db", 0, "again.db: written, ");
    assert_run_tells(scratch, "restore --db named.db again.db", 0, "again.db: restored, ");
    assert_run_tells(scratch, "restore again.db", 0, "again.db: restored, ");
    assert_run_tells(scratch, "restore --db x.db codedb.db again.db", 2, "found --db x.db and the database codedb.db");
    assert_run_tells(scratch, "doctor --db named.db", 0, "named.db: 0 findings\n");
    assert_run_tells(scratch, "doctor", 0, "codedb.db: 0 findings\n");
    assert_run_tells(scratch, "doctor --db named.db codedb.db", 2, "found --db named.db and the database codedb.db");
    assert_run_tells(scratch, "backup --json --quiet codedb.db json.db", 0, "{\"copy\": \"json.db\", \"pages\": ");

    files_write(scratch, "src/third.py", "class Third: pass\n");
    assert_run_tells(scratch, "index src", 0, "1 files indexed");
    assert_run_tells(scratch, "restore codedb.db copy.db", 0, "copy.db: restored, ");
    assert_same_dump(scratch, "codedb.db", "copy.db");
    assert_run_tells(scratch, "search Third", 1, "");
    assert_run_tells(scratch, "search keeps", 0, "[Keeps]");
    assert_run_tells(scratch, "restore new.db copy.db", 0, "copy.db: restored, ");
    assert_same_dump(scratch, "new.db", "copy.db");
    assert_run_tells(scratch, "restore --json codedb.db copy.db", 0, "{\"copy\": \"copy.db\", ");
}

static void a_copy_that_is_none_is_not_restored(void **state)
{
    files_scratch *scratch = *state;
    struct stat status;
    fill(scratch);
    assert_run_tells(scratch, "index src", 0, "2 files indexed");
    assert_run_tells(scratch, "restore codedb.db none.db", 2, "none.db: there is no such file");
    assert_run_tells(scratch, "restore codedb.db src/store.py", 2, "found what is no database");
    assert_run_tells(scratch, "restore codedb.db codedb.db", 2, "the database itself");
    assert_run_tells(scratch, "restore new.db src/store.py", 2, "found what is no database");
    assert_int_not_equal(stat(files_path(scratch, "new.db"), &status), 0);
    assert_run_tells(scratch, "show --db codedb.db files", 0, "store.py");
}

static void the_doctor_finds_what_is_wrong(void **state)
{
    files_scratch *scratch = *state;
    char command[4200];
    fill(scratch);
    assert_run_tells(scratch, "index src", 0, "2 files indexed");
    assert_run_tells(scratch, "doctor codedb.db", 0, "codedb.db: 0 findings\n");
    assert_run(scratch, "doctor --quiet codedb.db", 0, "");
    snprintf(command, sizeof command,
             "cd '%s' && sqlite3 codedb.db \"PRAGMA foreign_keys = OFF; DELETE FROM files WHERE path LIKE '%%other.py';"
             "UPDATE code_content SET content = 'penguin' WHERE entity_name = 'Store'\"",
             scratch->path);
    assert_int_equal(system(command), 0);
    assert_run_tells(scratch, "doctor codedb.db", 1, "file_id refers to a row of files that is not there");
    assert_run_tells(scratch, "doctor codedb.db", 1, "the index does not have the words of its content");
    assert_run_tells(scratch, "doctor --json codedb.db", 1, "{\"check\": \"foreign_keys\", \"table\": \"");
    assert_run_tells(scratch, "doctor --limit 1 codedb.db", 1, "codedb.db: 1 finding, and perhaps more\n");
    assert_run_tells(scratch, "doctor none.db", 2, "none.db: no database there");
    assert_run_tells(scratch, "doctor src/store.py", 2, "not a database");
    assert_run_tells(scratch, "doctor codedb.db other.db", 2, "found 2 arguments");
}

static void health_is_told_in_figures(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    assert_run_tells(scratch, "index src", 0, "2 files indexed");
    assert_run_tells(scratch, "show health", 0, "page_size          4096\n");
    assert_run_tells(scratch, "show health", 0, codedb_version());
    assert_run_tells(scratch, "show --json health", 0, "\"page_size\": 4096, \"page_count\": ");
    assert_run_tells(scratch, "show health files", 2, "found 'files'");
}

static void colors_are_for_terminals_or_on_demand(void **state)
{
    files_scratch *scratch = *state;
    fill(scratch);
    assert_run(scratch, "query --color 'class' src", 0, "\033[35msrc/store.py\033[0m:\033[32m1:1\033[0m: class Store: ...\n");
}

static void the_doctor_changes_nothing(void **state)
{
    files_scratch *scratch = *state;
    run_command(scratch, ": > empty.db");
    assert_run_tells(scratch, "doctor empty.db", 2, "empty.db: found an empty file, expected a database");
    run_command(scratch, "test ! -s empty.db && test ! -e empty.db-wal");
    assert_run_tells(scratch, "doctor none.db", 2, "none.db: no database there");
    run_command(scratch, "test ! -e none.db");
    /* One that is not in WAL mode stays so. */
    char path[4600];
    sqlite3 *plain;
    snprintf(path, sizeof path, "%s/plain.db", scratch->path);
    assert_int_equal(sqlite3_open(path, &plain), SQLITE_OK);
    assert_int_equal(sqlite3_exec(plain, "CREATE TABLE t (a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(plain);
    run_command(scratch, "cp plain.db before.db");
    assert_run_tells(scratch, "doctor plain.db", 0, "plain.db: is not in WAL mode");
    run_command(scratch, "cmp plain.db before.db && test ! -e plain.db-wal");
}

int main(int count, char **arguments)
{
    (void)count;
    /* build/tests/test_shell -> build/codedb */
    char self[PATH_MAX - 16];
    if (realpath(arguments[0], self) == NULL)
        return 2;
    *strrchr(self, '/') = '\0';
    *strrchr(self, '/') = '\0';
    snprintf(shell_binary, sizeof shell_binary, "%s/codedb", self);
#define SCRATCH_TEST(function) cmocka_unit_test_setup_teardown(function, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(without_a_command_the_usage_is_an_error),
        SCRATCH_TEST(every_command_has_help_and_refuses_what_it_does_not_know),
        SCRATCH_TEST(query_prints_places_as_editors_count_them),
        SCRATCH_TEST(query_prints_what_was_captured),
        SCRATCH_TEST(query_explains_what_each_step_leaves),
        SCRATCH_TEST(query_explains_the_files_of_projects),
        SCRATCH_TEST(limit_and_timeout_of_a_database_are_for_all_of_it),
        SCRATCH_TEST(query_prints_json_with_columns_from_zero),
        SCRATCH_TEST(query_of_the_ast_knows_its_classes),
        SCRATCH_TEST(asts_in_a_database_are_asked_and_edited),
        SCRATCH_TEST(query_reads_standard_input),
        SCRATCH_TEST(a_bad_selector_is_shown_once_with_its_place),
        SCRATCH_TEST(a_file_that_cannot_be_read_is_an_error_and_the_rest_is_answered),
        SCRATCH_TEST(check_prints_errors_and_a_summary),
        SCRATCH_TEST(check_goes_by_the_target_version),
        SCRATCH_TEST(dump_prints_the_tree),
        SCRATCH_TEST(edit_shows_a_diff_and_changes_nothing_without_write),
        SCRATCH_TEST(edit_with_write_changes_the_file_and_keeps_its_mode),
        SCRATCH_TEST(edit_writes_in_the_encoding_of_the_file),
        SCRATCH_TEST(edit_takes_a_file_with_several_names_once),
        SCRATCH_TEST(edit_changes_the_encoding_of_the_file),
        SCRATCH_TEST(edit_tells_a_place_in_the_new_code_as_one),
        SCRATCH_TEST(edit_writes_all_files_or_none),
        SCRATCH_TEST(edit_fills_captures_and_puts_code_inside),
        SCRATCH_TEST(edit_of_standard_input_prints_the_result),
        SCRATCH_TEST(a_wide_cell_keeps_its_distance_from_the_next),
        SCRATCH_TEST(a_limit_on_file_sizes_is_an_error_and_loses_nothing),
        SCRATCH_TEST(a_database_is_made_asked_searched_and_edited),
        SCRATCH_TEST(a_stored_tree_is_not_edited_when_the_file_has_changed),
        SCRATCH_TEST(a_project_in_a_database_is_edited_alone),
        SCRATCH_TEST(an_edit_of_a_project_changes_all_files_or_none),
        SCRATCH_TEST(a_preview_of_a_project_is_a_patch),
        SCRATCH_TEST(a_preview_of_a_whole_database_is_a_patch),
        SCRATCH_TEST(a_file_that_is_no_database_is_an_error),
        SCRATCH_TEST(a_database_is_copied_and_restored),
        SCRATCH_TEST(a_copy_that_is_none_is_not_restored),
        SCRATCH_TEST(the_doctor_finds_what_is_wrong),
        SCRATCH_TEST(the_doctor_changes_nothing),
        SCRATCH_TEST(health_is_told_in_figures),
        SCRATCH_TEST(colors_are_for_terminals_or_on_demand),
    };
    return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
