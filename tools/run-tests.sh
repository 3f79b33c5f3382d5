#!/bin/sh
# run-tests.sh TEST... -- runs test programs and scripts one after the other, then repeats how each ended and sums up. Fails when a
# test failed, was skipped or did not end. A script's environment: BUILD, CC, CXX, CJSON; PYTHON runs those in Python.
set -u
log=$(mktemp) && endings=$(mktemp) || exit 1
trap 'rm -f "$log" "$endings"' EXIT
failed=

for test in "$@"; do
    name=${test##*/}
    echo "[ SUITE    ] $name"
    case $test in
    *.py) set -- "${PYTHON:-/usr/bin/python3}" "$test" ;;
    *.sh) set -- sh "$test" ;;
    *) set -- "$test" ;;
    esac
    # Far more than any needs, sanitizers and a busy machine included: it only turns a hang into a failure.
    { timeout 900 "$@" </dev/null 2>&1; echo "[ STATUS   ] $?"; } | tee "$log" | grep -v '^\[ STATUS   \]'
    status=$(sed -n 's/^\[ STATUS   \] //p' "$log")
    if [ "$status" = 124 ]; then
        echo "[  FAILED  ] $name: did not end"
    fi
    skipped=$(grep -cE '^\[ *SKIP' "$log")
    [ "$status" = 0 ] && [ "$skipped" = 0 ] || failed="$failed $name"
    {
        echo "[ SUITE    ] $name"
        grep -E '^\[(==========\] [0-9]+ test|  PASSED  |  FAILED  |  SKIPPED )' "$log" || case $status in
        0) printf '[==========] 1 test(s) run.\n[  PASSED  ] 1 test(s).\n' ;;
        *) printf '[==========] 1 test(s) run.\n[  FAILED  ] %s, status %s\n' "$name" "$status" ;;
        esac
    } >>"$endings"
done

echo "==== how each ended"
cat "$endings"
awk '
    /^\[==========\]/ { run += $2 }
    /^\[  PASSED  \]/ { passed += $4 }
    END { printf "==== all suites\n[==========] %d test(s) run.\n[  PASSED  ] %d test(s).\n", run, passed; exit run != passed }' "$endings" ||
    failed="${failed:- }"
[ -z "$failed" ] || {
    echo "failed:$failed"
    exit 1
}
