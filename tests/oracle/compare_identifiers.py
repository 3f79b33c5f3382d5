"""Which code points begin and continue an identifier: does codedb, told the version of the Python that runs this, take those that it takes?

    python compare_identifiers.py DUMP_NODES

All of them are tried. Prints how many, and how many differ; fails when any does."""
import sys

from compare_acceptance import Codedb


def characters():
    """But for a byte order mark, which is none where a source begins, and what is no character."""
    return (chr(code) for code in range(0x80, 0x110000) if not 0xD800 <= code < 0xE000 and code != 0xFEFF)


def main():
    codedb, tried, different = Codedb(sys.argv[1]), 0, 0
    for character in characters():
        for name in (character, "a" + character):
            tried += 1
            if (codedb.parse(name + "\n") == "ok") != name.isidentifier():
                different += 1
                print("%a: CPython %s" % (name, "takes it" if name.isidentifier() else "refuses it"))
    print("%s: %d identifiers, %d different" % (sys.version.split()[0], tried, different))
    return different > 0


if __name__ == "__main__":
    sys.exit(main())
