#!/bin/sh
# need.sh -- installs what is missing, from the distribution's packages, and says so; does nothing when all is there.
#
#     need.sh "what for" "command gcc gcc" "header sqlite3.h libsqlite3-dev" "python cffi python3-cffi"
#
# Each argument behind the first: a kind, what is looked for, and the Debian package that has it.
set -eu
reason=$1
shift

is_there() {
    case $1 in
    command) command -v "$2" >/dev/null 2>&1 ;;
    header) printf '#include <%s>\n' "$2" | cc -E - >/dev/null 2>&1 ;;
    python) /usr/bin/python3 -c "import $2" >/dev/null 2>&1 ;;
    esac
}

missing=
for need in "$@"; do
    set -- $need
    is_there "$1" "$2" || missing="$missing $3"
done
[ -n "$missing" ] || exit 0

# A header is looked for with the compiler; without one, see again when it is there.
echo "codedb: installing$missing ($reason)"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "codedb: there is no apt-get here; please install these by your own means" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "codedb: neither root nor sudo; please run: apt-get install$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
    $as_root apt-get update -qq
    $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
