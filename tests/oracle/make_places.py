"""Writes tests/corpus/places.txt: where CPython 3.6 to 3.13 report the errors of sources.

    make_places.py DUMP_NODES PYTHON...     one Python of each version, in their order

Run by 3.12 or 3.13, whose syntax has all of short_sources.txt. Sources are those that the file has by now and every STEP-th of the edits
that compare_errors.py makes of that, and fewer of what it does to characters; none that ends with a line feed alone. To add one, write a
line "? " and the source, and run this: it is kept if there is a place. What codedb (DUMP_NODES) reports elsewhere is written as "?", and
how often is said."""
import json
import os
import re
import subprocess
import sys
import warnings

import compare_errors
from compare_acceptance import VERSION, Codedb, python_parse

STEP = 641
VERSIONS = 8
PLACES = re.compile(r"(?:(?:\d+:\d+|-|\?) ){%d}|\? " % VERSIONS)
SIGNS = (("\n", "\u23ce"), ("\r", "\u240d"))
HEAD = """#! Where CPython 3.6, 3.7 and so on to 3.13 report the error of a source that one of them refuses: line and column, "-" where it is accepted,
#! "?" where the place is another one or none of the source. Then the source; a return symbol in it is a line feed, the symbol CR a carriage
#! return.
#! Written by tests/oracle/make_places.py.
"""


def signed(text, back=False):
    """The text with signs for what ends a line, or the other way round."""
    for character, sign in SIGNS:
        text = text.replace(sign, character) if back else text.replace(character, sign)
    return text


def place(codedb, text):
    """As a line of the file has it, for the Python that runs this."""
    error, answer = python_parse(text), codedb.parse(text)
    if error is None:
        return "-"
    if not isinstance(error, SyntaxError) or answer == "ok":
        return "?"
    line, column = (int(number) for number in answer.split()[1:3])
    found = compare_errors.place_in_field(error, text) or (error.lineno, error.offset)
    is_there = compare_errors.is_exact(error, found, line, column) and compare_errors.is_about_one_token(error, text)
    return "%d:%d" % (line, column) if is_there else "?"


def places():
    """The lists' own process, one for each Python."""
    warnings.simplefilter("ignore")
    codedb = Codedb(sys.argv[2])
    json.dump([place(codedb, text) for text in json.load(sys.stdin)], sys.stdout)


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "corpus", "places.txt")
    with open(path, encoding="utf-8") as file:
        lines = [signed(line.rstrip("\n"), back=True) for line in file if not line.startswith("#!")]
    sources = {PLACES.sub("", line, count=1) for line in lines}
    sources |= set(compare_errors.edited()[::STEP]) | set(compare_errors.characters()[::STEP * 10])
    sources = sorted(source for source in sources if source.endswith("\r\n") or not source.endswith("\n"))
    columns = [json.loads(subprocess.run([python, __file__, "--places", sys.argv[1]], input=json.dumps(sources), check=True,
                                         stdout=subprocess.PIPE, universal_newlines=True).stdout) for python in sys.argv[2:]]
    rows = [row for row in zip(*columns, sources) if any(":" in item for item in row[:-1])]
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(HEAD)
        for row in rows:
            file.write(signed(" ".join(row)) + "\n")
    unknown = sum(item == "?" for row in rows for item in row[:-1])
    print("%d sources, %d places, %d elsewhere or not about one token" % (len(rows), len(rows) * VERSIONS, unknown))


if __name__ == "__main__":
    if sys.argv[1] == "--places":
        places()
    else:
        main()
