#!/bin/sh
# run.sh FOLDER SECONDS FUZZER... -- runs each fuzzer of FOLDER for so long, from the sources of tests/corpus, right ones and wrong ones,
# with a dictionary of Python's words; what it learns stays in FOLDER/corpus_FUZZER for the next run. Prints a line for each with runs and
# covered edges. Ends with 1 when one had a finding, which it leaves in FOLDER.
set -eu
folder=$1 seconds=$2
shift 2
here=$(dirname "$0")
status=0

# The bytes that stand before the source in the fuzzer's input, as printf writes them: the version, the failing allocation ...
head_of() {
    case $1 in
    lexer | parser) printf '\016' ;;
    edit) printf '\000\000\003\000\004pass' ;;
    *) printf '\016\000' ;;
    esac
}

# Writes the sources of places.txt, each for another version of Python from 3.8 on, with so many bytes 0 behind the version's.
write_wrong_sources() {
    awk -v into="$2" -v zeros="$3" '/^#!/ { next } {
        for (i = 0; i < 6; i++) sub(/^[^ ]* /, "")
        gsub(/\342\217\216/, "\n")
        gsub(/\342\220\215/, "\r")
        file = into "/place_" NR
        printf "%c", 8 + NR % 7 > file
        for (i = 0; i < zeros; i++) printf "%c", 0 > file
        printf "%s", $0 > file
        close(file)
    }' "$1"
}

for name in "$@"; do
    corpus=$folder/corpus_$name
    mkdir -p "$corpus"
    for source in "$here"/../corpus/*.py; do
        { head_of "$name"; cat "$source"; } >"$corpus/$(basename "$source")"
    done
    case $name in
    lexer | parser) write_wrong_sources "$here/../corpus/places.txt" "$corpus" 0 ;;
    tree | ast) write_wrong_sources "$here/../corpus/places.txt" "$corpus" 1 ;;
    esac
    log=$folder/$name.log
    "$folder/fuzz_$name" -max_total_time="$seconds" -dict="$here/python.dict" -artifact_prefix="$folder/finding_${name}_" \
        -timeout=20 -rss_limit_mb=4096 "$corpus" >"$log" 2>&1 || {
        status=1
        tail -n 40 "$log"
        echo "fuzz_$name: a FINDING, see $log"
        continue
    }
    edges=$(sed -n 's/.*(\([0-9]*\) inline 8-bit counters).*/\1/p' "$log" | head -n 1)
    echo "fuzz_$name: no finding in $(sed -n 's/^Done \([0-9]* runs in [0-9]* second\).*/\1/p' "$log")s," \
        "$(sed -n 's/.*DONE *cov: \([0-9]*\).*/\1/p' "$log") of $edges edges of what is linked"
done
exit $status
