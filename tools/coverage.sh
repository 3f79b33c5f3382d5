#!/bin/sh
# coverage.sh BUILD PERCENT -- prints each source's line coverage; fails when one is below PERCENT, or when no test has called some
# function of codedb.h.
set -eu
# The tests' own objects are left out: one of them is a source compiled a second way.
gcovr --gcov-ignore-parse-errors --root . --object-directory "$1" --exclude-directories '.*/tests$' --filter 'codedb[a-z_]*\.c$' --csv "$1/coverage.csv" "$1"
awk -F, -v least="$2" '
    NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    {
        lines = $column["line_total"]; covered = $column["line_covered"]
        percent = lines > 0 ? 100 * covered / lines : 100
        all += lines; all_covered += covered
        low = percent < least
        printf "%-28s %6d of %6d lines  %5.1f %%%s\n", $column["filename"], covered, lines, percent, low ? "  below " least " %" : ""
        failed += low
    }
    END { printf "%-28s %6d of %6d lines  %5.1f %%\n", "all", all_covered, all, 100 * all_covered / all; exit failed > 0 }' "$1/coverage.csv"

sed -n 's/^CODEDB_API .*[ *]\(codedb_[a-z0-9_]*\)(.*/\1/p' codedb.h | sort -u >"$1/declared.txt"
(cd "$1" && gcov --json-format --stdout codedb*.gcda 2>/dev/null) | tr '{' '\n' |
    sed -n '/"execution_count": 0,/d; /"execution_count"/s/.*"name": "\(codedb_[a-z0-9_]*\)".*/\1/p' | sort -u >"$1/called.txt"
uncalled=$(comm -23 "$1/declared.txt" "$1/called.txt")
[ -z "$uncalled" ] || {
    echo "in codedb.h, but called by no test:" $uncalled
    exit 1
}
echo "all $(wc -l <"$1/declared.txt") functions of codedb.h are called by tests"
