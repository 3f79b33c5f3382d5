"""Accepted and rejected: does codedb, told the version of the Python that runs this, agree with its parser?

    python compare_acceptance.py DUMP_NODES [--mutate SEED COUNT] PATH...

Every .py file below the paths is given to ast.parse and to codedb. With --mutate, COUNT random changes of tokens (deleted, doubled,
swapped, replaced) are made to short pieces of those files instead, and the places of the errors are compared too. Files that are no
text in their declared encoding are left out. Prints the differences and one line of totals; exits with 1 if there are any."""
import ast
import io
import os
import random
import subprocess
import sys
import textwrap
import tokenize
import warnings

VERSION = sys.version_info[0] * 100 + sys.version_info[1]


class Codedb:
    """dump_nodes, kept running."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, str(VERSION), "check"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def parse(self, text):
        source = text.encode("utf-8", "surrogatepass")
        self.process.stdin.write(b"%d\n" % len(source) + source)
        self.process.stdin.flush()
        length = int(self.process.stdout.readline())
        return self.process.stdout.read(length).decode("utf-8", "replace").strip()


def python_parse(text):
    """None when accepted, else the exception; MemoryError and RecursionError when the text is too deep for that Python."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return error
    return None


def differ(error, answer):
    return not isinstance(error, (RecursionError, MemoryError)) and (error is None) != (answer == "ok")


def read(path):
    """The text as CPython decodes it; None when it cannot."""
    try:
        with open(path, "rb") as file:
            encoding, _ = tokenize.detect_encoding(file.readline)
            file.seek(0)
            return file.read().decode(encoding)
    except (SyntaxError, UnicodeError, LookupError):
        return None


def files(paths):
    for path in paths:
        if os.path.isfile(path):
            yield path
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if name not in ("site-packages", "__pycache__"))
            for name in sorted(names):
                if name.endswith(".py"):
                    yield os.path.join(folder, name)


def compare_files(codedb, paths):
    count = accepted = left_out = 0
    differences = []
    for path in files(paths):
        text = read(path)
        if text is None:
            left_out += 1
            continue
        error = python_parse(text.lstrip("\ufeff"))
        answer = codedb.parse(text)
        count += 1
        accepted += error is None
        if differ(error, answer):
            differences.append(path)
            print("%s\n  CPython: %s\n  codedb:  %s" % (path, error or "accepted", answer))
    print("%s: %d files, %d accepted, %d rejected, %d no text, %d differences"
          % (sys.version.split()[0], count, accepted, count - accepted, left_out, len(differences)))
    return len(differences)


WORDS = ("( ) [ ] { } , : ; . = == := -> * ** / // % @ + - ~ ! != < << | & ^ += ... if else elif for in is not and or lambda yield from "
         "import as with async await def class return del pass while try except finally raise global assert match case type print _ "
         "None True x y 1 1j 'a' b'a' f'{x}' f'{ \n").split(" ")


def pieces(paths, generator, count):
    """Short runs of lines of the files, at most 12 lines each, moved to the left margin."""
    names = list(files(paths))
    while count > 0:
        text = read(generator.choice(names))
        lines = text.splitlines(True) if text else []
        if not lines:
            continue
        start = generator.randrange(len(lines))
        piece = textwrap.dedent("".join(lines[start:start + generator.randrange(1, 12)]))
        if python_parse(piece) is None:
            yield piece
            count -= 1


def mutate(text, generator, changes=(1, 1, 1, 2, 3)):
    """The text with a few tokens changed: how many is one of `changes`."""
    try:
        tokens = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.string.strip()]
    except (tokenize.TokenError, SyntaxError):
        return text
    starts = [0]
    for line in text.splitlines(True):
        starts.append(starts[-1] + len(line))
    for _ in range(generator.choice(changes)):
        if not tokens:
            break
        token = generator.choice(tokens)
        start, end = starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]
        way = generator.randrange(4)
        if way == 0:
            new = ""
        elif way == 1:
            new = token.string + " " + token.string
        elif way == 2:
            new = generator.choice(tokens).string
        else:
            new = generator.choice((token.string + " ", "")) + generator.choice(WORDS)
        text = text[:start] + new + text[end:]
        tokens = [other for other in tokens if other.end <= token.start]
    return text


def compare_mutations(codedb, paths, seed, count):
    generator = random.Random(seed)
    differences = rejected = placed = 0
    for piece in pieces(paths, generator, count):
        text = mutate(piece, generator)
        error = python_parse(text)
        answer = codedb.parse(text)
        rejected += error is not None
        if differ(error, answer):
            differences += 1
            print("%r\n  CPython: %s\n  codedb:  %s" % (text, error or "accepted", answer))
        elif error is not None and isinstance(error, SyntaxError):
            line, column = answer.split()[1:3]
            placed += (error.lineno, error.offset) == (int(line), int(column) + 1)
    print("%s: seed %d, %d pieces, %d rejected (%d of them at the same place), %d differences"
          % (sys.version.split()[0], seed, count, rejected, placed, differences))
    return differences


def main(arguments):
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(20000)
    codedb = Codedb(arguments[0])
    if arguments[1] == "--mutate":
        return compare_mutations(codedb, arguments[4:], int(arguments[2]), int(arguments[3]))
    return compare_files(codedb, arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
