"""Names of characters: does codedb, told the version of the Python that runs this, know the ones that it knows in \\N{...}?

    python compare_names.py LOOK_UP_NAMES SEED COUNT [TABLES...]

Compares the names of all characters that this Python's unicodedata has, all names in codedb's TABLES (the newest Python's, with aliases),
names by rule of code points that have none, and COUNT of all of them after a slip: letters in other cases, changed, left out, doubled or
exchanged; words dropped, exchanged or doubled; blanks; bytes that no name has. Prints how many are compared, known and differ; fails if
any differ. Python's answer is that of its unicode_escape decoder."""
import random
import re
import subprocess
import sys
import unicodedata

VERSION = sys.version_info[0] * 100 + sys.version_info[1]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -"
STRANGE = "\x00_{\\'\"/.~\x7f\xe9\u0131\u212a\u017f\U00010400"
RULES = ("CJK UNIFIED IDEOGRAPH-%X", "CJK UNIFIED IDEOGRAPH-%05X", "TANGUT IDEOGRAPH-%X", "CJK COMPATIBILITY IDEOGRAPH-%X",
         "CJK UNIFIED IDEOGRAPH-%x", "CJK UNIFIED IDEOGRAPH-%06X", "NUSHU CHARACTER-%X", "KHITAN SMALL SCRIPT CHARACTER-%X",
         "EGYPTIAN HIEROGLYPH-%X", "VARIATION SELECTOR-%d")


def table(text, name):
    body = re.search(r"%s\[\](?:\[\d+\])? = \{(.*?)\n\};" % name, text, re.S)
    return body.group(1) if body else ""


def names_of(paths):
    """All names in the tables: a reader of the form that codedb_name_tables.h explains."""
    text = "".join(open(path).read() for path in paths)
    digits = [chr(code) for code in range(0x20, 0x7F) if chr(code) not in '"?\\']
    meanings = [int(number) for number in re.findall(r"\d+", table(text, "name_meanings"))]
    pieces = re.findall('"(.*?)"', table(text, "name_pieces"))
    pages = [re.sub(r'"\n *"', "", page) for name in ("name_pages", "name_pages_2") for page in re.split(r"(?<=\"),\n", table(text, name))]
    names = []
    for page in pages:
        page = page.strip().strip(",").strip('"')
        name, at = "", 0
        while at < len(page):
            name = name[:digits.index(page[at])]
            at += 1
            while meanings[ord(page[at]) - 32] < 100:
                meaning = meanings[ord(page[at]) - 32]
                name += pieces[meaning - 1] if meaning else page[at]
                at += 1
            end = meanings[ord(page[at]) - 32] - 100
            at += 1 + (end >= 5) + (0, 1, 2, 3, 2)[end % 5]
            names.append(name)
    return names


def slip(name, generator):
    way, at = generator.randrange(11), generator.randrange(len(name) + 1)
    words = name.split(" ")
    word = generator.randrange(len(words))
    if way == 0:
        return "".join(generator.choice((c.lower(), c.upper())) for c in name)
    if way == 1:
        return name.lower()
    if way == 2:
        return name[:at] + generator.choice(LETTERS) + name[at + 1:]
    if way == 3:
        return name[:at] + name[at + 1:]
    if way == 4:
        return name[:at] + name[at:at + 1] + name[at:]
    if way == 5:
        del words[word]
    elif way == 6:
        words[0], words[word] = words[word], words[0]
    elif way == 7:
        words.insert(word, generator.choice(words))
    elif way == 8:
        words[word] = generator.choice((" ", "", "A", "WITH", "LETTER")) + words[word]
    elif way == 9:
        return name[:at] + generator.choice(STRANGE) + name[at:]
    else:
        return name + generator.choice((" ", "-", "S", "1", "x" * 100, "A", "0"))
    return " ".join(words)


def python_knows(name):
    try:
        character = (b"\\N{" + name.encode("utf-8") + b"}").decode("unicode_escape")
    except UnicodeDecodeError:
        return "-"
    return "%X" % ord(character) if len(character) == 1 else "-"


def main():
    program, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    generator = random.Random(seed)
    names = {unicodedata.name(chr(code), "") for code in range(0x110000)} | set(names_of(sys.argv[4:]))
    slips = [slip(name, generator) for name in generator.choices(sorted(names), k=count)]
    names |= {rule % code for rule in RULES for code in list(range(0x3300, 0xAC10)) + list(range(0xF800, 0xFB00)) + list(range(0x13000, 0x1C000))}
    names |= {"CJK UNIFIED IDEOGRAPH-%X" % code for code in range(0x1F000, 0x34000)}
    listed = len(names)
    names = sorted(names) + slips
    answer = subprocess.run([program, str(VERSION)], input="\n".join(names).encode("utf-8") + b"\n", stdout=subprocess.PIPE, check=True)
    found = answer.stdout.decode().split("\n")[:-1]
    expected = [python_knows(name) for name in names]
    different = [row for row in zip(names, expected, found) if row[1] != row[2]]
    for name, here, there in different[:10]:
        print("  %r: Python %s, codedb %s" % (name, here, there))
    print("names %d.%d (Unicode %s): %d names and %d slips, %d of them characters, %d differ" % (
        VERSION // 100, VERSION % 100, unicodedata.unidata_version, listed, len(names) - listed, len(names) - expected.count("-"),
        len(different)))
    return 1 if different or len(found) != len(names) else 0


sys.exit(main())
