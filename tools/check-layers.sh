#!/bin/sh
# check-layers.sh -- keeps the walls of docs/architecture.md: prints every line that goes through one, and fails.
set -eu
broken=0
wall() { # what it says, then the lines that break it
    if [ -n "$2" ]; then
        printf '%s\n%s\n\n' "$1" "$2"
        broken=1
    fi
}
files() { for file in $1; do [ -f "$file" ] && echo "$file"; done; }
code() { # greps for a pattern in files, comments left out
    pattern=$1
    shift
    for file in "$@"; do
        sed -e 's|/\*.*\*/||' -e '/^ *\/\*/,/\*\//d' "$file" | grep -nE "$pattern" | sed "s|^|$file:|" || true
    done
}

driver=$(files "codedb_process.h codedb_process.c codedb_channel.c codedb_worker.c codedb_sqlite_fork.c codedb_wire.c codedb_wait.c codedb_queue.c codedb_transaction.c codedb_pending.c codedb_driver.c codedb_loop.c codedb_whole.c codedb_operation.c codedb_request.c codedb_sql.c codedb_sqlite.c
  codedb_sqlite_schema.c codedb_sqlite_rows.c codedb_sqlite_fulltext.c codedb_sqlite_copy.c codedb_sqlite_maintenance.c codedb_maintenance.c codedb_driver.h
  codedb_sqlite.h codedb_ddl.c codedb_image.c codedb_structure.c codedb_structure.h codedb_definition.c codedb_sync.c")
trees=$(files "codedb_lexer.c codedb_unicode.c codedb_choice.c codedb_syntax.c codedb_hint.c codedb_hint_target.c codedb_expression.c codedb_fstring.c codedb_parameter.c codedb_target.c codedb_statement.c codedb_pattern.c codedb_tree.c codedb_expand.c codedb_scope.c
  codedb_ast.c codedb_ast_nodes.c codedb_ast_fstring.c codedb_ast_literal.c codedb_ast.h codedb_normal.c codedb_normal_tables.h codedb_name.c codedb_name_tables.h codedb_name_pages.h
  codedb_vocabulary.c codedb_selector.c codedb_reference.c codedb_regex.c codedb_view.c codedb_attributes.c
  codedb_ast_grammar.c codedb_ast_read.c codedb_ast_view.c codedb_ast_query.c codedb_ast_kept.c codedb_ast_edit.c codedb_ast_read.h
  codedb_emission.c codedb_xpath.c codedb_capture.c codedb_trail.c codedb_nodes.c codedb_explain.c codedb_summary.c codedb_summary_form.c codedb_tree_cache.c codedb_query.h codedb_snippet.c codedb_operand.c codedb_list.c codedb_splice.c codedb_context.c
  codedb_role.c codedb_template.c codedb_identity.c codedb_edit_target.c codedb_edit_lines.c codedb_edit_block.c codedb_edit_suite.c codedb_edit_clause.c codedb_edit.c
  codedb_diff.c codedb_string.c codedb_index.c codedb_tree.h codedb_parser.h codedb_hint.h codedb_lexer_tables.h codedb_selector.h codedb_matcher.h codedb_edit.h")
bridges="codedb_source.c codedb_source_ast.c codedb_query.c codedb_query_part.c codedb_query_ast.c codedb_query_job.h codedb_source_ids.c codedb_source_summary.c codedb_modify.c codedb_match.c codedb_crawl.c codedb_source.h"

wall "sqlite3.h is included by codedb_sqlite.h, and that by the SQLite driver's files only; and by the bridge codedb_match.c:" \
    "$(grep -nE '#include *[<"](sqlite3|sqlite3ext|codedb_sqlite)\.h' codedb*.c codedb*.h shell/*.c |
        grep -vE '^(codedb_sqlite(\.h:.*sqlite3|[a-z_]*\.c:.*codedb_sqlite)|codedb_match\.c:.*sqlite3(ext)?)\.h' || true)"
wall "allocation calls are in codedb_memory.c only:" \
    "$(code '\b(malloc|calloc|realloc|free|strdup|strndup|asprintf|alloca) *\(' $(ls codedb*.c | grep -v codedb_memory.c))"
wall "the driver's side knows tables, no object's name:" \
    "$(code '\b(codedb_(project|dataset|file|class|method|function|import|issue|usage|chunk)s?_|projects|datasets|code_content|cst_trees|ast_trees)' $driver)"
wall "the trees know no driver:" "$(grep -nE '#include *"codedb_(driver|objects|source)\.h"' $trees || true)"
wall "no rows on the trees' side:" "$(code '\bcodedb_(table|sql|batch|transaction)_[a-z]+ *\(' $trees)"
for file in codedb*.c; do
    case " $bridges " in *" $file "*) continue ;; esac
    if grep -q '#include "codedb_\(tree\|parser\|selector\|query\|edit\)\.h"' "$file" && grep -q '#include "codedb_\(driver\|objects\)\.h"' "$file"; then
        wall "only the bridges see trees and tables:" "$file"
    fi
done
wall "the shell uses the public header only:" "$(grep -nE '#include *"codedb_' shell/*.c shell/*.h || true)"
wall "functions that share state between threads:" \
    "$(code '\b(strerror|localtime|gmtime|ctime|asctime|strtok|setenv|putenv|rand|setlocale) *\(' $(ls codedb*.c))"
wall "nothing is printed, and nothing ends the process but a driver's own:" \
    "$(code '\b(printf|puts|putchar|abort|exit|_exit|assert) *\(' $(ls codedb*.c | grep -v codedb_worker.c))"

[ $broken = 0 ] && echo "layers: all walls stand"
exit $broken
