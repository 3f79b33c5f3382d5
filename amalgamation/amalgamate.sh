#!/bin/sh
# amalgamate.sh FOLDER VERSION HEADERS SOURCES -- writes FOLDER/codedb.h and FOLDER/codedb.c: the whole library in two files.
#
# The sources are joined in the order given. The project's own includes become blank lines, so that a line keeps its distance
# from its file's start, which a comment marks.
set -eu
folder=$1 version=$2 headers=$3 sources=$4
blank='s|^#include *["<]codedb[a-z_]*\.h[">].*||'

{
    echo "/* codedb $version, amalgamation: made from its sources by amalgamate.sh, to be changed there. */"
    sed 's|^#define CODEDB_H$|#define CODEDB_H\n#define CODEDB_AMALGAMATION "'"$version"'"|' codedb.h
} >"$folder/codedb.h.new"

{
    cat <<BANNER
/* codedb $version, amalgamation: made from its sources by amalgamate.sh, to be changed there.
 *
 *     cc app.c codedb.c -lsqlite3 -lcjson -lpthread */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define CODEDB_AMALGAMATED_SOURCE 1
#if defined(__GNUC__)
#define CODEDB_PRIVATE static __attribute__((unused))
#else
#define CODEDB_PRIVATE static
#endif
#include "codedb.h"
#ifndef CODEDB_AMALGAMATION
#error "The codedb.h that was found is not the amalgamation's: keep the two files side by side."
#endif
BANNER
    for file in $headers $sources; do
        printf '\n/* ==== %s ==== */\n' "$file"
        sed "$blank" "$file"
    done
} >"$folder/codedb.c.new"

mv "$folder/codedb.h.new" "$folder/codedb.h"
mv "$folder/codedb.c.new" "$folder/codedb.c"
