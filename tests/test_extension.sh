#!/bin/sh
# test_extension.sh -- codedb_match in the plain sqlite3 shell, which knows nothing of codedb: over a database that was indexed, and over
# any text. Run by `make test`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-$root/build}
work=$(mktemp -d "${TMPDIR:-/tmp}/codedb-extension-XXXXXX")
trap 'rm -rf "$work"' EXIT
make -s -C "$root" extension "BUILD=$BUILD" >"$work/make.log" 2>&1 || { cat "$work/make.log" >&2; exit 1; }

mkdir "$work/project"
printf 'class C:\n    def told(self):\n        "yes"\n    def untold(self):\n        pass\n' >"$work/project/a.py"
printf 'def function():\n    pass\nclass D:\n    def other(self): pass\n' >"$work/project/b.py"
printf 'this is no python\n' >"$work/project/c.py"
"$BUILD/codedb" index --quiet --db "$work/code.db" "$work/project"

ask() { # the SQL, then what it must answer
    found=$(sqlite3 -batch "$work/code.db" ".load $BUILD/codedb_match" "$1" 2>&1) || true
    [ "$found" = "$2" ] || {
        printf '%s\nfound:    %s\nexpected: %s\n' "$1" "$found" "$2" >&2
        exit 1
    }
}

echo "methods without a docstring, joined to their files"
ask "SELECT f.relative_path, m.start_line, m.name FROM files f JOIN cst_trees t ON t.file_id = f.id,
     codedb_match(t.cst_code, 'method:not(:has-docstring)') m ORDER BY 1, 2" "a.py|4|untold
b.py|4|other"

echo "any text; limits; the other dialect"
ask "SELECT name, end_col FROM codedb_match('def f(): pass', 'function')" "f|13"
ask "SELECT group_concat(name, '') FROM codedb_match('a; b; c', 'Name') WHERE max_nodes = 2" "ab"
ask "SELECT count(*) FROM codedb_match('class C:
  def f(self): pass', 'class > method', 'reference')" "0"

echo "a bad selector says what is wrong"
case $(sqlite3 -batch :memory: ".load $BUILD/codedb_match" "SELECT * FROM codedb_match('a', 'function[nmae=1]')" 2>&1 || true) in
*"unknown attribute 'nmae', did you mean 'name'?"*) ;;
*) echo "the message is another" >&2; exit 1 ;;
esac

echo "nothing but its entry is visible"
[ "$(nm -D --defined-only "$BUILD/codedb_match.so" | awk '{print $3}')" = sqlite3_codedbmatch_init ]
