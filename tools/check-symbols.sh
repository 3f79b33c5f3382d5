#!/bin/sh
# check-symbols.sh BUILD -- what the libraries show to a linker: codedb_* and nothing else; and no state that threads would share.
set -eu
build=$1
broken=0
report() {
    if [ -n "$2" ]; then
        printf '%s\n%s\n\n' "$1" "$2"
        broken=1
    fi
}
report "exported by libcodedb.so, but not codedb_*:" "$(nm -D --defined-only "$build/libcodedb.so" | awk '$3 !~ /^codedb_/ {print $3}')"
report "global in libcodedb.a, but not codedb_*:" \
    "$(nm --defined-only "$build/libcodedb.a" | awk '$2 ~ /^[A-TV-Z]$/ && $3 !~ /^codedb_/ {print $3}')"
# Declared in codedb.h and exported must be the same.
sed -n 's/^CODEDB_API .*[ *]\(codedb_[a-z0-9_]*\)(.*/\1/p' codedb.h | sort -u >"$build/declared.txt"
nm -D --defined-only "$build/libcodedb.so" | awk '{print $3}' | sort -u >"$build/exported.txt"
report "declared in codedb.h, but not in libcodedb.so:" "$(comm -23 "$build/declared.txt" "$build/exported.txt")"
report "in libcodedb.so, but not declared in codedb.h:" "$(comm -13 "$build/declared.txt" "$build/exported.txt")"
# Writable data: only the cached fact about the processor (codedb_text.c) may be there.
report "writable static data:" "$(objdump -t "$build/libcodedb.a" | awk '($4 == ".data" || $4 == ".bss") && $6 != "" && $6 !~ /^(cached|\.data|\.bss)/ {print $6}' |
    grep -v '^cached' || true)"
[ $broken = 0 ] && echo "symbols: $(wc -l <"$build/exported.txt") functions, all codedb_*, no shared state"
exit $broken
