#!/bin/sh
# test_packaging.sh -- what a user gets: an installed library found by pkg-config, the two files of the amalgamation, a header for
# C++, and a refusal when the two codedb.c are mixed up. Run by `make test`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
CC=${CC:-cc} CXX=${CXX:-c++} CJSON=${CJSON:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/codedb-packaging-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

mkdir project
printf 'class ParseError(Exception):\n    pass\n\n\nclass Other:\n    pass\n' >project/errors.py
expected="ParseError, line 1"
run() { # a program over the project must find the class
    found=$("$@" project)
    [ "$found" = "$expected" ] || {
        echo "$*: found '$found', expected '$expected'" >&2
        exit 1
    }
}

echo "README: its example is examples/find.c"
sed -n '/^```c$/,/^```$/p' "$root/README.md" | sed '1d;$d' >readme.c
diff readme.c "$root/examples/find.c"

echo "installed: by pkg-config, shared and static"
make -s -C "$root" install BUILD="${BUILD:-build}" PREFIX="$work/usr" >install.log 2>&1 || { cat install.log >&2; exit 1; }
export PKG_CONFIG_PATH="$work/usr/lib/pkgconfig"
$CC -Wall -Wextra -Werror "$root/examples/find.c" $(pkg-config --cflags --libs codedb) -o shared
LD_LIBRARY_PATH="$work/usr/lib" run ./shared
$CC "$root/examples/find.c" $(pkg-config --cflags codedb) "$work/usr/lib/libcodedb.a" -lsqlite3 -lcjson -lpthread -o static
run ./static
objdump -p usr/lib/libcodedb.so | grep -q "SONAME *libcodedb\.so\.[0-9]" || { echo "libcodedb.so has no SONAME" >&2; exit 1; }
[ "$(pkg-config --modversion codedb)" = "$(sed -n 's/.*codedb \([0-9.]*\), amalgamation.*/\1/p' "$root/amalgamation/codedb.h")" ]
[ -s usr/share/man/man1/codedb.1 ]
usr/bin/codedb --help >/dev/null
make -s -C "$root" uninstall PREFIX="$work/usr"
[ -z "$(find usr ! -type d)" ] || { echo "uninstall left: $(find usr ! -type d)" >&2; exit 1; }

echo "vendored: the two files, without any flag, without any warning"
mkdir vendor
cp "$root/amalgamation/codedb.h" "$root/amalgamation/codedb.c" vendor/
sed 's|<codedb.h>|"codedb.h"|' "$root/examples/find.c" >vendor/app.c
(cd vendor && $CC $CJSON -Wall -Wextra app.c codedb.c -lsqlite3 -lcjson -lpthread -o app) >vendor.log 2>&1 || { cat vendor.log >&2; exit 1; }
[ ! -s vendor.log ] || { cat vendor.log >&2; exit 1; }
run vendor/app
(cd vendor && $CC $CJSON app.c codedb.c -lsqlite3 -lcjson -lpthread -o app)

echo "C++: the header compiles, and CODEDB_INIT works"
cat >header.cc <<'CODE'
#include <codedb.h>
#include <cstdio>
int main()
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_filter filter = CODEDB_INIT(codedb_filter);
    std::puts(codedb_version());
    codedb_result_clear(&result);
    return result.struct_size == sizeof result && filter.struct_size == sizeof filter && filter.selector == nullptr ? 0 : 1;
}
CODE
$CXX -std=c++11 -Wall -Wextra -Wpedantic -Werror -I"$root" -c header.cc -o header.o
$CC $CJSON -c vendor/codedb.c -o codedb.o
$CXX header.o codedb.o -lsqlite3 -lcjson -lpthread -o header
./header >/dev/null
for standard in c99 c11 c17; do
    printf '#include <codedb.h>\n' | $CC -std=$standard -Wall -Wextra -Wpedantic -Werror -I"$root" -x c -c - -o header.o
done

echo "mixed up: each codedb.c refuses the other's codedb.h"
if $CC $CJSON -Ivendor -c "$root/codedb.c" -o mixed.o 2>mixed.log; then
    echo "the separate codedb.c compiled with the amalgamation's codedb.h" >&2
    exit 1
fi
grep -q "one of many sources" mixed.log
cp "$root/codedb.h" vendor/codedb.h
if $CC $CJSON -c vendor/codedb.c -o mixed.o 2>mixed.log; then
    echo "the amalgamation's codedb.c compiled with the separate codedb.h" >&2
    exit 1
fi
grep -q "keep the two files side by side" mixed.log
