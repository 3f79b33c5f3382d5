"""Writes the expected dumps of tests/corpus: CASE.dump beside each CASE.py, as LibCST 1.9.0 has it.

    make_corpus.py [CASE.py...]        all of tests/corpus without arguments

A case that LibCST refuses, or whose source it does not reproduce, is reported and gets no dump: such sources belong into the
lists accepted.txt and rejected.txt.
"""
import glob
import os
import sys

import reference


def main():
    corpus = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "corpus")
    status = 0
    for path in sys.argv[1:] or sorted(glob.glob(os.path.join(corpus, "*.py"))):
        with open(path, "rb") as file:
            text = file.read().decode("utf-8")
        dump, reason = reference.libcst_dump(text)
        if reason is not None or dump == reference.REFUSED:
            print("%s: %s" % (path, reason or "refused by LibCST"))
            status = 1
            continue
        with open(path[:-3] + ".dump", "w", encoding="utf-8", newline="\n") as file:
            file.write(dump)
    return status


if __name__ == "__main__":
    reference.with_deep_stack(main)
