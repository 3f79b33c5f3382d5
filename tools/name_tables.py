#!/usr/bin/env python3
"""Writes codedb_name_tables.h and codedb_name_pages.h: the names of characters, and which Python knew them first.

    python3 tools/name_tables.py NameAliases.txt VERSION=PYTHON ...

into the folder where it runs. The sources of the facts are the file NameAliases.txt of the newest Unicode version, and Pythons, each the
first one with its Unicode version: 306=python3.6 307=python3.7 308=python3.8 309=python3.9 311=... 312=... 313=... 314=... 315=... A
Python's own unicodedata says which names it knows; for a version that is not at hand, any Python will do in whose virtual environment
PyPI's unicodedata2 of the right Unicode version is installed (16.0.0 for 314, 17.0.1 for 315).

Names that CPython makes by rule are not listed: of Hangul syllables (there are no new ones), CJK unified ideographs and, from 314 on,
Tangut ideographs. Of the latter two the ranges are written. It takes some minutes: the pieces are tried over all names.
"""
import collections
import subprocess
import sys

BLOCK = 32  # names in a block
PAGE = 4095  # characters in a page: C11 promises no longer literal
WIDTH = 128  # characters of a page in a line
HALF = 1300  # lines of pages in the first header
PIECE = 15  # characters of the longest piece
RULES = ("HANGUL SYLLABLE ", "CJK UNIFIED IDEOGRAPH-", "TANGUT IDEOGRAPH-")
SAFE = [chr(code) for code in range(0x20, 0x7F) if chr(code) not in '"?\\']  # in a C literal, as they are
NAME = " -0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ENDS = "!#$%&'()*+"
PIECES = [c for c in SAFE if c not in NAME and c not in ENDS]
FAR = 0xE0000  # where the last named characters begin
NEVER = 999

ASK = r'''
import sys
try:
    import unicodedata2 as unicodedata
except ImportError:
    import unicodedata
for code in range(0x110000):
    name = unicodedata.name(chr(code), "")
    if name:
        print("%X;%s" % (code, name))
    elif sys.argv[2] >= "314" and (0x17000 <= code < 0x18800 or 0x18D00 <= code < 0x18D80) and unicodedata.category(chr(code)) == "Lo":
        print("%X;TANGUT IDEOGRAPH-%X" % (code, code))
for line in open(sys.argv[1]):
    code, name = line.split(";")[:2] if ";" in line and line[0] != "#" else ("", "")
    try:
        if code and unicodedata.lookup(name) == chr(int(code, 16)):
            print("%s;%s" % (code, name))
    except KeyError:
        pass
'''

HEAD = '''/* codedb_name_%s.h -- the names of characters, %s.
 *
 * Written by tools/name_tables.py; do not edit. Included by codedb_name.c%s */
#ifndef CODEDB_NAME_%s_H
#define CODEDB_NAME_%s_H

%s/* clang-format off */
'''

RANGE = '''
typedef struct name_range {
    uint32_t first, last;
    uint16_t since, until;
} name_range;
'''

FORM = '''.
 *
 * There are %d names in the order of their bytes, in blocks of %d. A name is written as what it adds to the one before it:
 *
 *   one character    how many characters are the same as at the start of the name before; none in a block's first
 *   text             the rest: characters that stand for themselves or, where no name holds them, for one of name_pieces
 *   one of %s
 *                    the end; which of them says what follows, and where the code point is
 *   one character    only behind an end of the second five: the place in name_pythons of the Python that knew the name first. Behind
 *                    the others it is the first of them
 *   digits           the code point, by the end's place among its five: none: the one before and 1; one digit: the one before, plus the
 *                    digit, less %d; two digits: likewise, less %d; three digits: itself; two digits: itself less 0x%X
 *
 * A number is a digit, the place of a character in the order of ASCII without " ? and \\, which are never written, from the blank on.
 * Blocks stand in pages, of which none is longer than a literal may be; the page and the place in it are in name_blocks.'''


def ask(aliases, sources):
    """The names that the Pythons know: name -> (code point, first Python, last Python)."""
    names = {}
    for version, python in sources:
        answer = subprocess.run([python, "-c", ASK, aliases, str(version)], stdout=subprocess.PIPE, universal_newlines=True, check=True)
        for line in answer.stdout.splitlines():
            code, name = line.split(";")
            known = names.get(name, (int(code, 16), version))
            if known[0] != int(code, 16):
                sys.exit("%s names two characters" % name)
            names[name] = (known[0], known[1], version)
    return names


def ranges(names, prefix, pythons):
    """(first character, last character, first Python, first Python that no longer knows it) of the names by this rule, as texts."""
    found = []
    for code, since, last in sorted(names[name] for name in names if name.startswith(prefix)):
        until = min([version for version in pythons if version > last], default=NEVER)
        if found and found[-1][1:] == [code - 1, since, until]:
            found[-1][1] = code
        else:
            found.append([code, code, since, until])
    return ["{0x%X, 0x%X, %d, %d}," % tuple(row) for row in found]


def shared(left, right):
    count = 0
    while left[count:count + 1] == right[count:count + 1] != "":
        count += 1
    return count


def shorten(text, pieces):
    """The text as a list of characters and pieces, as few as possible."""
    best = [(0, "")] * (len(text) + 1)
    for start in range(len(text) - 1, -1, -1):
        best[start] = (best[start + 1][0] + 1, text[start])
        for length in range(2, min(PIECE, len(text) - start) + 1):
            if best[start + length][0] + 1 < best[start][0] and text[start:start + length] in pieces:
                best[start] = (best[start + length][0] + 1, text[start:start + length])
    parts, start = [], 0
    while start < len(text):
        parts.append(best[start][1])
        start += len(parts[-1])
    return parts


def choose_pieces(texts):
    """The strings that save most, one after the other; each is then tried again with the others there."""
    counts = collections.Counter(texts)
    pieces = []
    for turn in range(2 * len(PIECES)):
        if turn >= len(PIECES):
            pieces.pop(0)
        saved = collections.Counter()
        for text, count in counts.items():
            parts = shorten(text, pieces)
            for first in range(len(parts)):
                joined = parts[first]
                for last in range(first + 1, len(parts)):
                    joined += parts[last]
                    if len(joined) > PIECE:
                        break
                    saved[joined] += count * (last - first)
        pieces.append(max(saved, key=lambda piece: (saved[piece], piece)))
    return sorted(pieces)


def number(value, digits):
    text = ""
    for _ in range(digits):
        value, digit = divmod(value, len(SAFE))
        text = SAFE[digit] + text
    assert value == 0
    return text


def end_of_name(code, before, python):
    """The end mark and what follows it."""
    one, two = len(SAFE) // 2, len(SAFE) ** 2 // 2
    if code - before == 1:
        kind, digits = 0, ""
    elif -one <= code - before < one:
        kind, digits = 1, number(code - before + one, 1)
    elif -two <= code - before < two:
        kind, digits = 2, number(code - before + two, 2)
    elif code < FAR:
        kind, digits = 3, number(code, 3)
    else:
        kind, digits = 4, number(code - FAR, 2)
    return ENDS[kind + 5 * (python > 0)] + (number(python, 1) if python else "") + digits


def blocks(names, pythons):
    """The blocks' texts, and the pieces used in them."""
    order = sorted(names)
    before = [""] + order[:-1]
    keep = [shared(left, right) if i % BLOCK else 0 for i, (left, right) in enumerate(zip(before, order))]
    pieces = choose_pieces([name[count:] for name, count in zip(order, keep)])
    letters = dict(zip(pieces, PIECES))
    texts = []
    for i, (name, count) in enumerate(zip(order, keep)):
        code, since, last = names[name]
        if last != pythons[-1]:
            sys.exit("%s is not known to later Pythons" % name)
        previous = names[before[i]][0] if i % BLOCK else 0
        text = "".join(letters.get(part, part) for part in shorten(name[count:], pieces))
        text = number(count, 1) + text + end_of_name(code, previous, pythons.index(since))
        if i % BLOCK == 0:
            texts.append("")
        texts[-1] += text
    return texts, pieces


def write_table(comment, declaration, texts):
    print("\n/* %s */\nstatic const %s = {" % (comment, declaration))
    line = "   "
    for text in texts:
        if len(line) + len(text) > 138:
            print(line)
            line = "   "
        line += " " + text
    print(line + "\n};")


def write_pages(name, pages):
    print("\n/* The names from '%s' on. */\nstatic const char %s[][%d] = {" % (pages[0][1], name, PAGE + 1))
    for text, _ in pages:
        lines = ['"%s"' % text[start:start + WIDTH] for start in range(0, len(text), WIDTH)]
        print("    " + "\n    ".join(lines) + ",")
    print("};")


def write_facts(names, pythons, pieces, offsets):
    meanings = [PIECES.index(c) + 1 if c in PIECES else ENDS.index(c) + 100 if c in ENDS else 0 for c in map(chr, range(0x20, 0x7F))]
    print("\n#define NAME_LONGEST %d" % max(map(len, names)))
    print("#define NAME_BLOCK %d\n#define NAME_PAGE %d" % (BLOCK, PAGE + 1))
    print("#define NAME_DIGITS %d\n#define NAME_FAR 0x%X" % (len(SAFE), FAR))
    write_table("Pythons with a new Unicode version, as 306 for 3.6; those before the first know its names, too.",
                "uint16_t name_pythons[]", ["%d," % version for version in pythons])
    write_table("What the characters from the blank on are in a name's text: 0: what they are; 100 and more: an end, the first or a later"
                "\n * one; others: a piece, 1 for the first one.", "uint8_t name_meanings[]", ["%d," % meaning for meaning in meanings])
    write_table("The pieces.", "char name_pieces[][%d]" % (PIECE + 1), ['"%s",' % piece for piece in pieces])
    write_table("CJK unified ideographs: the first and the last one of a range, the first Python that knows them"
                "\n * by name, and the first one that does not any more.",
                "name_range name_unified[]", ranges(names, RULES[1], pythons))
    write_table("Tangut ideographs.", "name_range name_tangut[]", ranges(names, RULES[2], pythons))
    write_table("Where the blocks are: the number of the page times %d, and the place in the page." % (PAGE + 1),
                "uint32_t name_blocks[]", ["%d," % offset for offset in offsets])


def lines_of(page):
    return -(-len(page[0]) // WIDTH)


def main():
    sources = sorted((int(version), python) for version, python in (argument.split("=", 1) for argument in sys.argv[2:]))
    pythons = [version for version, _ in sources]
    names = ask(sys.argv[1], sources)
    listed = {name: names[name] for name in names if not name.startswith(RULES)}
    texts, pieces = blocks(listed, pythons)
    pages, offsets = [], []
    for text, first in zip(texts, sorted(listed)[::BLOCK]):
        if not pages or len(pages[-1][0]) + len(text) > PAGE:
            pages.append(["", first])
        offsets.append((len(pages) - 1) * (PAGE + 1) + len(pages[-1][0]))
        pages[-1][0] += text
    half = next(i for i in range(len(pages) + 1) if i == len(pages) or sum(map(lines_of, pages[:i + 1])) > HALF)

    one, two = len(SAFE) // 2, len(SAFE) ** 2 // 2
    sys.stdout = open("codedb_name_tables.h", "w")
    print(HEAD % ("tables", "and the Pythons that know them",
                  FORM % (len(listed), BLOCK, " ".join(ENDS), one, two, FAR), "TABLES", "TABLES", "#include <stdint.h>\n\n"), end="")
    print(RANGE, end="")
    write_facts(names, pythons, pieces, offsets)
    write_pages("name_pages", pages[:half])
    print("\n/* clang-format on */\n\n#endif")
    sys.stdout.close()

    sys.stdout = open("codedb_name_pages.h", "w")
    print(HEAD % ("pages", "the second part of them", ". Their form is explained in codedb_name_tables.h.", "PAGES", "PAGES", ""), end="")
    write_pages("name_pages_2", pages[half:])
    print("\n/* clang-format on */\n\n#endif")
    sys.stdout.close()


main()
