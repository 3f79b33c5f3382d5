#!/usr/bin/env python3
"""Compares codedb's tokens with those of the running Python's own tokenizer.

    python3 tests/oracle/compare_tokens.py build/oracle/dump_tokens DIRECTORY...     (make oracle-tokens)

From 3.12 on it is the tokenizer of the compiler that is asked; before, the tokenize module, for which an f-string is one
string. Types, positions and order of all tokens are compared; of INDENT, DEDENT and ENDMARKER the order only. A file that
one of the two rejects has to be rejected by the other one. Ends with status 1 when there are differences.
"""
import io
import keyword
import os
import subprocess
import sys
import tokenize
import warnings

WHOLE_FSTRINGS = sys.version_info >= (3, 12)
# The tokenize module before 3.12 knows names by a regular expression that is not the compiler's.
SKIPPED = () if WHOLE_FSTRINGS else ("test_unicode_identifiers.py",)
IGNORED = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING}
STRUCTURE = {"INDENT": "indent", "DEDENT": "dedent", "ENDMARKER": "end of file", "NEWLINE": "newline"}
LITERALS = {"NUMBER": "number", "STRING": "string", "FSTRING_MIDDLE": "f-string text", "FSTRING_END": "end of f-string",
            "FSTRING_START": "f-string"}


def python_tokens(text):
    if not WHOLE_FSTRINGS or not text:  # of an empty text the other function says nothing at all
        return tokenize.generate_tokens(io.StringIO(text).readline)
    lines = io.StringIO(text)
    return tokenize._generate_tokens_from_c_tokenizer(lines.readline, extra_tokens=False)


def line_offsets(text):
    """For each line the byte offset of its start, and the line if it is not ASCII."""
    found, offset = [None], 0
    for line in io.StringIO(text):
        found.append((offset, None if line.isascii() else line))
        offset += len(line.encode())
    return found + [(offset, None)] * 2


def expected(text):
    """(kind, start, end) of each token as codedb has them; start is None where positions are not compared."""
    lines = line_offsets(text)

    def at(place):
        offset, line = lines[place[0]]
        return offset + (place[1] if line is None else len(line[:place[1]].encode()))

    data = text.encode()
    middle = None
    for token in python_tokens(text):
        if token.type in IGNORED:
            continue
        name = tokenize.tok_name[token.type]
        if name == "FSTRING_MIDDLE":
            middle = at(token.start) if middle is None else middle
            continue
        if middle is not None:  # a run of text reaches to the next token
            if at(token.start) > middle:
                yield "f-string text", middle, at(token.start)
            middle = None
        if name in ("INDENT", "DEDENT", "ENDMARKER"):
            yield STRUCTURE[name], None, None
        elif name == "NEWLINE":
            # Python's begins at a comment, codedb's behind it.
            end = data.find(b"\n", at(token.start))
            yield "newline", len(data) if end < 0 else end, None
        elif name in LITERALS:
            yield LITERALS[name], at(token.start), at(token.end)
        elif name == "NAME" and not keyword.iskeyword(token.string):
            yield "name", at(token.start), at(token.end)
        else:
            yield "'%s'" % token.string, at(token.start), at(token.end)


def found(lines):
    """(kind, start, end) of each token that codedb found; f-strings as one string where Python has them so."""
    depth, start = 0, 0
    for line in lines:
        kind, first, last = line.rsplit(" ", 2)
        first, last = int(first), int(last)
        if not WHOLE_FSTRINGS:
            if kind == "f-string":
                start = first if depth == 0 else start
                depth += 1
                continue
            if kind == "end of f-string":
                depth -= 1
                kind, first = "string", start
            if depth > 0:
                continue
        yield kind, first, last


def difference(text, lines):
    """A sentence, or None when there is none; and the number of tokens."""
    rejected = lines[0] if lines and lines[0].startswith("error ") else None
    count = 0
    try:
        wanted = list(expected(text))
    except (SyntaxError, tokenize.TokenError) as error:
        return (None if rejected else "Python: %s" % error), 0
    if rejected:
        try:
            compile(text, "file", "exec")
        except (SyntaxError, ValueError):
            return None, 0
        return rejected, 0
    have = list(found(lines))
    for count, (one, other) in enumerate(zip(wanted, have)):
        if one[0] != other[0] or one[1] not in (None, other[1]) or one[2] not in (None, other[2]):
            return "token %d: Python has %s, codedb %s" % (count, one, other), count
    if len(wanted) != len(have):
        return "Python has %d tokens, codedb %d" % (len(wanted), len(have)), count
    return None, count + 1


def sources(directories):
    """Paths and texts of all UTF-8 files; line breaks are made \\n, as reading a file in Python does."""
    for directory in directories:
        for folder, _, names in os.walk(directory):
            if "site-packages" in folder:
                continue
            for name in sorted(names):
                if name.endswith(".py") and name not in SKIPPED:
                    path = os.path.join(folder, name)
                    with open(path, "rb") as file:
                        data = file.read()
                    try:
                        text = data.decode("utf-8-sig")
                    except UnicodeDecodeError:
                        continue
                    yield path, text.replace("\r\n", "\n").replace("\r", "\n")


def main():
    warnings.simplefilter("ignore")
    version = "%d%02d" % sys.version_info[:2]
    files = tokens = differences = 0
    dumper = subprocess.Popen([sys.argv[1], version], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for path, text in sources(sys.argv[2:]):
        data = text.encode()
        dumper.stdin.write(b"%d\n" % len(data) + data)
        dumper.stdin.flush()
        size = int(dumper.stdout.readline())
        sentence, count = difference(text, dumper.stdout.read(size).decode().splitlines())
        files += 1
        tokens += count
        if sentence:
            differences += 1
            print("%s: %s" % (path, sentence))
    print("Python %s: %d files, %d tokens, %d differences" % (version, files, tokens, differences))
    sys.exit(differences != 0)


main()
