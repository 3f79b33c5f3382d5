#!/usr/bin/env python3
"""Writes codedb_unicode.c: which code points may begin and continue an identifier.

The running Python's str.isidentifier is the source of the facts, so use the newest one at hand:
    python3 tools/unicode_tables.py > codedb_unicode.c
"""
import sys
import unicodedata

HEAD = '''/* codedb_unicode.c -- which code points may begin and continue an identifier (XID_Start, XID_Continue of Unicode %s).
 *
 * Written by tools/unicode_tables.py; do not edit. Called by codedb_lexer.c from any thread, for code points beyond ASCII. */
#include "codedb_tree.h"

/* Both tables hold, in order, the first code point of each range that is in the set and the first one behind it. */
'''

TAIL = '''
/* Whether the number of table entries up to `code_point` is odd: then the last of them opened a range. */
static bool unicode_contains(const uint32_t *table, size_t count, uint32_t code_point)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table[middle] <= code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return low % 2 == 1;
}

CODEDB_PRIVATE bool codedb_unicode_starts_identifier(uint32_t code_point)
{
    return unicode_contains(unicode_starts, sizeof(unicode_starts) / sizeof(unicode_starts[0]), code_point);
}

CODEDB_PRIVATE bool codedb_unicode_continues_identifier(uint32_t code_point)
{
    return unicode_contains(unicode_continues, sizeof(unicode_continues) / sizeof(unicode_continues[0]), code_point);
}
'''


def boundaries(contains):
    """The code points at which membership of the set changes."""
    found, inside = [], False
    for code_point in range(sys.maxunicode + 2):
        now = code_point <= sys.maxunicode and contains(chr(code_point))
        if now != inside:
            found.append(code_point)
            inside = now
    return found


def write_table(name, numbers):
    print("static const uint32_t %s[] = {" % name)
    for first in range(0, len(numbers), 14):
        print("    " + " ".join("0x%X," % number for number in numbers[first:first + 14]))
    print("};")


def main():
    print(HEAD % unicodedata.unidata_version, end="")
    print("/* clang-format off */")
    write_table("unicode_starts", boundaries(str.isidentifier))
    write_table("unicode_continues", boundaries(lambda character: ("a" + character).isidentifier()))
    print("/* clang-format on */")
    print(TAIL, end="")


main()
