#!/usr/bin/env python3
"""Writes codedb_normal_tables.h: what the normal form NFKC does to the characters of identifiers.

PyPI's unicodedata2 is the source of the facts, or else the running Python's unicodedata, so use the newest one at hand:
    python3 tools/normal_tables.py > codedb_normal_tables.h
Normal forms are the same in all Unicode versions that have the characters.
"""
import sys
import unicodedata as own

try:
    import unicodedata2 as unicodedata
except ImportError:
    unicodedata = own

IN_IDENTIFIERS = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Mn", "Mc", "Nd", "Pc")  # categories

HANGUL = range(0xAC00, 0xD7A4)  # composed and decomposed by arithmetic
VOWELS_AND_FINALS = range(0x1161, 0x1200)

HEAD = '''/* codedb_normal_tables.h -- what NFKC does to the characters of identifiers (Unicode %s).
 *
 * Written by tools/normal_tables.py; do not edit. Included by codedb_normal.c only. */
#ifndef CODEDB_NORMAL_TABLES_H
#define CODEDB_NORMAL_TABLES_H

#include <stdint.h>

/* clang-format off */
'''


def write_table(comment, kind, name, numbers):
    print("\n/* %s */" % comment)
    print("static const %s %s[] = {" % (kind, name))
    for first in range(0, len(numbers), 14):
        print("    " + " ".join("0x%X," % number for number in numbers[first:first + 14]))
    print("};")


def boundaries(numbers):
    """The numbers at which membership of the set changes."""
    members = set(numbers)
    return [n for n in sorted(members | {n + 1 for n in members}) if (n in members) != (n - 1 in members)]


def may_be_in_identifier(character):
    """Of characters that the running Python does not know, by their category."""
    if own.category(character) == "Cn":
        return unicodedata.category(character) in IN_IDENTIFIERS
    return ("a" + character).isidentifier()


def decompositions(identifiers):
    keys, offsets, values, known = [], [], [], {}
    for code in identifiers:
        parts = unicodedata.normalize("NFKD", chr(code))
        if parts == chr(code) or code in HANGUL:
            continue
        if parts not in known:
            known[parts] = len(values)
            values.extend(map(ord, parts))
        keys.append(code | len(parts) << 24)
        offsets.append(known[parts])
    return keys, offsets, values


def compositions():
    """Pairs of two characters and what they become, in order."""
    found = []
    for code in range(0x80, sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<") and unicodedata.normalize("NFC", chr(code)) == chr(code):
            found.append((int(parts[0], 16), int(parts[1], 16), code))
    return sorted(found)


def main():
    identifiers = [code for code in range(0x80, sys.maxunicode + 1) if may_be_in_identifier(chr(code))]
    keys, offsets, values = decompositions(identifiers)
    pairs = compositions()
    marks = [code for code in range(0x80, sys.maxunicode + 1) if unicodedata.combining(chr(code))]
    changed = [code for code in identifiers if unicodedata.normalize("NFKC", chr(code)) != chr(code)]
    suspects = changed + marks + [second for _, second, _ in pairs] + list(VOWELS_AND_FINALS)
    print(HEAD % unicodedata.unidata_version, end="")
    write_table("In order, the first code point of each range that may change, alone or beside others, and the first one behind it.",
                "uint32_t", "normal_suspects", boundaries(suspects))
    write_table("Code points that decompose, in order; above bit 24, into how many.", "uint32_t", "normal_keys", keys)
    write_table("For each of them, where in normal_values its parts begin.", "uint16_t", "normal_offsets", offsets)
    write_table("The parts.", "uint32_t", "normal_values", values)
    write_table("Code points with a combining class, in order; above bit 24, the class.", "uint32_t", "normal_classes",
                [code | unicodedata.combining(chr(code)) << 24 for code in marks])
    write_table("Triples in order: two code points and the one that they become.", "uint32_t", "normal_pairs",
                [code for triple in pairs for code in triple])
    print("/* clang-format on */\n\n#endif")


main()
