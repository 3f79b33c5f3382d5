#!/usr/bin/env python3
"""Writes codedb_unicode.c: which code points may begin and continue an identifier, and which Python took them first.

    python3 tools/unicode_tables.py VERSION=PYTHON ... > codedb_unicode.c

The sources of the facts are Pythons, each the first one with its Unicode version: 306=python3.6 307=python3.7 308=python3.8 309=python3.9
311=... 312=... 313=... 314=... 315=... A Python's own str.isidentifier says what it takes; for a version that is not at hand, any Python will
do in whose virtual environment PyPI's unicodedata2 of the right Unicode version is installed (16.0.0 for 314, 17.0.1 for 315): then XID_Start
and XID_Continue are derived from the categories and normal forms, as UAX #31 says. For a version of which both are there the two are
compared: a Python with `=` before its path has to derive what it takes (313==python3.13).
"""
import json
import subprocess
import sys

HEAD = '''/* codedb_unicode.c -- which code points may begin and continue an identifier (XID_Start, XID_Continue), by the version of Python.
 *
 * Written by tools/unicode_tables.py; do not edit. Called by codedb_lexer.c and codedb_regex.c from any thread, for code points beyond ASCII. */
#include "codedb_tree.h"

/* The first version that takes the code points of a range, by the number that stands above bit 24 of its entry: Python 3.0 to 3.6 (Unicode 9.0),
 * 3.7 (11.0), 3.8 (12.1), 3.9 (13.0), 3.11 (14.0), 3.12 (15.0), 3.13 (15.1), 3.14 (16.0), 3.15 (17.0). 0: none does. */
static const int unicode_versions[] = {INT32_MAX, %s};

/* Both tables hold, in order, the first code point of each range. */
'''

TAIL = '''
static bool unicode_contains(const uint32_t *table, size_t count, uint32_t code_point, int version)
{
    size_t low = 0, high = count; /* the first entry beyond it is one of them */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((table[middle] & 0xFFFFFFu) <= code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && unicode_versions[table[low - 1] >> 24] <= version;
}

CODEDB_PRIVATE bool codedb_unicode_starts_identifier(uint32_t code_point, int version)
{
    return unicode_contains(unicode_starts, sizeof(unicode_starts) / sizeof(unicode_starts[0]), code_point, version);
}

CODEDB_PRIVATE bool codedb_unicode_continues_identifier(uint32_t code_point, int version)
{
    return unicode_contains(unicode_continues, sizeof(unicode_continues) / sizeof(unicode_continues[0]), code_point, version);
}
'''

ASK = r'''
import json, sys
derive = sys.argv[1] == "derive"
try:
    import unicodedata2 as unicodedata
    derive = True
except ImportError:
    import unicodedata
PLUS = {0x1885, 0x1886, 0x2118, 0x212E, 0x309B, 0x309C}  # Other_ID_Start
ALSO = {0xB7, 0x387, 0x19DA} | set(range(0x1369, 0x1372))  # Other_ID_Continue
if int(unicodedata.unidata_version.split(".")[0]) * 10 + int(unicodedata.unidata_version.split(".")[1]) >= 151:
    ALSO |= {0x200C, 0x200D, 0x30FB, 0xFF65}
MINUS = {0x2E2F}  # Pattern_Syntax
def starts(c):
    return c == "_" or ((unicodedata.category(c) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl") or ord(c) in PLUS) and ord(c) not in MINUS)
def continues(c):
    return starts(c) or unicodedata.category(c) in ("Mn", "Mc", "Nd", "Pc") or ord(c) in ALSO
def closed(c, first):
    form = unicodedata.normalize("NFKC", c)
    return (first(form[:1]) or form == "") and all(continues(other) for other in form[1:])
if derive:
    begin = lambda c: starts(c) and closed(c, starts)
    go_on = lambda c: continues(c) and closed(c, continues)
else:
    begin = str.isidentifier
    go_on = lambda c: ("a" + c).isidentifier()
def boundaries(contains):
    found, inside = [], False
    for code in range(0x80, 0x110001):
        now = code < 0x110000 and contains(chr(code))
        if now != inside:
            found.append(code)
            inside = now
    return found
print(json.dumps([boundaries(begin), boundaries(go_on)]))
'''


def ask(python, way="own"):
    return json.loads(subprocess.run([python, "-c", ASK, way], check=True, stdout=subprocess.PIPE).stdout)


def members(boundaries):
    """The code points, of the first one of each range and the first one behind it."""
    found = set()
    for first, behind in zip(boundaries[::2], boundaries[1::2]):
        found.update(range(first, behind))
    return found


def entries(sets):
    """The table: where the first version changes that takes the code points."""
    found, before = [], 0
    for code in range(0x80, 0x110001):
        since = next((index + 1 for index, members in enumerate(sets) if code in members), 0)
        if since != before:
            found.append(since << 24 | code)
            before = since
    return found


def write_table(name, numbers):
    print("static const uint32_t %s[] = {" % name)
    for first in range(0, len(numbers), 11):
        print("    " + " ".join("0x%X," % number for number in numbers[first:first + 11]))
    print("};")


def main():
    versions, answers = [], []
    for argument in sys.argv[1:]:
        version, python = argument.split("=", 1)
        answer = ask(python.lstrip("="))
        if python.startswith("=") and answer != ask(python[1:], "derive"):
            sys.exit("%s: what is derived is not what it takes" % argument)
        versions.append(version)
        answers.append([members(boundaries) for boundaries in answer])
        for older, newer in zip(answers[-2:-1], answers[-1:]):
            if any(left - right for left, right in zip(older, newer)):
                sys.exit("%s: takes less than the one before it" % argument)
    print(HEAD % ", ".join(["300"] + versions[1:]), end="")
    print("/* clang-format off */")
    write_table("unicode_starts", entries([starts for starts, _ in answers]))
    write_table("unicode_continues", entries([continues for _, continues in answers]))
    print("/* clang-format on */")
    print(TAIL, end="")


main()
