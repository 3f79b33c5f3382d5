#!/bin/sh
# standard-library.sh -- prints the folder of this machine's Python standard library; installs Debian's when there is none.
set -eu
print_it() {
    command -v python3 >/dev/null 2>&1 && python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))'
}
print_it && exit 0
sh "$(dirname "$0")/need.sh" "a Python project to read" "command python3 libpython3-stdlib" >&2
print_it && exit 0
for folder in /usr/lib/python3.*; do
    if [ -d "$folder" ]; then
        echo "$folder"
        exit 0
    fi
done
echo "codedb: no Python standard library was found; name a folder with DIR=..." >&2
exit 1
