#!/bin/sh
# check-headers.sh -- what codedb.h promises by its form: it compiles alone as C and as C++, and every function in it is documented (that
# a test runs each is looked at by coverage.sh); and the house's sizes: files of at most 1,600 lines, functions of at most 80.
set -eu
CC=${CC:-cc} CXX=${CXX:-c++}
broken=0
report() { # what it says, then the lines that break it
    if [ -n "$2" ]; then
        printf '%s\n%s\n\n' "$1" "$2"
        broken=1
    fi
}
alone() { # compiler, language, standard
    printf '#include "codedb.h"\n' | $1 -x "$2" -std="$3" -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I. - 2>&1 || true
}
report "codedb.h alone as C11:" "$(alone "$CC" c c11)"
report "codedb.h alone as C++11:" "$(alone "$CXX" c++ c++11)"

# A comment stands above a function, or above a group of them without an empty line within.
report "in codedb.h without a comment:" "$(awk '
    /^$/ { if (!inside) documented = 0 }
    /^\/\*/ { documented = 1; inside = 1 }
    /\*\/ *$/ { inside = 0 }
    /^CODEDB_API / && !documented { print "  " FNR ": " $0 }' codedb.h)"

# codedb.h is a reference, read by its sections.
report "files of more than 1,600 lines:" "$(wc -l codedb*.[ch] shell/*.[ch] tests/*.[ch] | awk '$1 > 1600 && $2 != "total" && $2 != "codedb.h" {print "  " $2 ": " $1}')"
lengths=$(awk '
    FNR == 1 { start = 0 }
    /^[a-z]/ { name = $0 }
    /^{$/ { start = FNR }
    /^}/ && start { print FNR - start - 1, FILENAME ": " name; start = 0 }' codedb*.c shell/*.c | sort -n)
report "functions of more than 80 lines:" "$(printf '%s\n' "$lengths" | awk '$1 > 80')"

[ $broken = 0 ] && echo "headers: $(grep -c '^CODEDB_API ' codedb.h) functions, all documented;" \
    "$(printf '%s\n' "$lengths" | awk '{length_of[NR] = $1} END {
        print NR " functions in all, half of them at most " length_of[int((NR + 1) / 2)] " lines, the longest " length_of[NR]}')"
exit $broken
