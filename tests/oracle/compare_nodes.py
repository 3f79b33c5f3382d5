"""The stored nodes against LibCST's tree without its white space and punctuation: kinds, roles, depths, positions, parentheses.

    python compare_nodes.py DUMP_NODES PATH...

An early check of the parser alone; the whole trees are compared by compare.py. Where LibCST's position begins or ends with white
space, the stored node has the outermost tokens. Files that LibCST rejects or does not write back as they were are left out."""
import dataclasses
import os
import re
import subprocess
import sys
import threading

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

SKIPPED = {"SimpleWhitespace", "Newline", "Comment", "TrailingWhitespace", "EmptyLine", "ParenthesizedWhitespace", "Semicolon", "Colon",
           "Comma", "Dot", "AssignEqual", "LeftParen", "RightParen", "LeftSquareBracket", "RightSquareBracket", "LeftCurlyBrace",
           "RightCurlyBrace"}
GAPS = {"Plus", "Minus", "BitInvert", "Not", "ComparisonTarget", "CompFor", "CompIf", "AsName", "Slice", "Index", "TypeParam",
        "ParamStar", "ParamSlash", "Parameters", "TypeAlias", "MatchSequenceElement", "MatchStar", "MatchMappingElement",
        "MatchKeywordElement", "MatchOrElement", "Tuple", "MatchTuple", "MatchList", "MatchOr", "SimpleStatementLine",
        "SimpleStatementSuite", "IndentedBlock", "If", "Else", "For", "While", "With", "Try", "FunctionDef", "ClassDef",
        # ^ those that end with a TypeAlias
        "FormattedStringExpression", "TemplatedStringExpression", "TypeParameters", "UnaryOperation"}
BLANK = re.compile(rb"(?:\s|\\\r?\n|#[^\n]*\n)*\Z")
VERSION = 315


class Codedb:
    def __init__(self, program):
        self.process = subprocess.Popen([program, str(VERSION)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def nodes(self, source):
        self.process.stdin.write(b"%d\n" % len(source) + source)
        self.process.stdin.flush()
        length = int(self.process.stdout.readline())
        return self.process.stdout.read(length).decode().splitlines()


def roles(node):
    """id of each child -> its field's name."""
    found = {}
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        for child in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(child, cst.CSTNode):
                found[id(child)] = field.name
    return found


def libcst_nodes(module, lines):
    where = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)

    def offset(place):
        if place.line > len(lines):
            return lines[-1][0] + len(lines[-1][1].encode())
        start, line = lines[place.line - 1]
        return start + len(line[:place.column].encode())

    def walk(node, depth, role):
        kind = type(node).__name__
        if kind in SKIPPED:
            return
        place = where[node]
        lpar = () if isinstance(node, (cst.MatchValue, cst.MatchSingleton)) else getattr(node, "lpar", ())
        parens = len(lpar) if isinstance(lpar, (list, tuple)) else int(isinstance(lpar, cst.LeftParen))
        yield depth, kind, role, offset(place.start), offset(place.end), parens
        found = roles(node)
        for child in node.children:
            yield from walk(child, depth + 1, found[id(child)])

    return walk(module, 0, "-")


def difference(source, text, ours, module):
    lines, start = [], 0
    for line in re.split(r"(?<=\n)", text):
        lines.append((start, line))
        start += len(line.encode())
    count = 0
    for expected in libcst_nodes(module, lines):
        if count >= len(ours):
            return "no more nodes, expected %s" % (expected,)
        depth, kind, role, start, end, parens = ours[count].split()
        found = (int(depth), kind, role, int(start), int(end), int(parens))
        count += 1
        if found == expected:
            continue
        blanks = kind in GAPS and found[:3] == expected[:3] and found[5] == expected[5] and \
            BLANK.match(source[min(expected[3], found[3]):max(expected[3], found[3])]) and \
            BLANK.match(source[min(expected[4], found[4]):max(expected[4], found[4])])
        if not blanks and kind != "Module":
            return "found %s, expected %s: %r" % (found, expected, source[expected[3]:expected[4]][:80])
    return None if count == len(ours) else "more nodes than expected: %s" % ours[count]


def files(paths):
    for path in paths:
        if os.path.isfile(path):
            yield path
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if name not in ("site-packages", "__pycache__"))
            for name in sorted(names):
                if name.endswith(".py"):
                    yield os.path.join(folder, name)


def compare(codedb, text, name, counts):
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    source = text.encode()
    try:
        module = cst.parse_module(text)
    except Exception:
        counts["left out"] += 1
        return
    if module.code != text:
        counts["left out"] += 1
        return
    ours = codedb.nodes(source)
    counts["files"] += 1
    counts["nodes"] += len(ours)
    problem = ours[0] if ours[0].startswith("error") else difference(source, text, ours, module)
    if problem:
        counts["differences"] += 1
        print("%s: %s" % (name, problem))


def main(arguments):
    codedb = Codedb(arguments[0])
    counts = {"files": 0, "nodes": 0, "left out": 0, "differences": 0}
    for path in files(arguments[1:]):
        try:
            with open(path, "rb") as file:
                text = file.read().decode()
        except UnicodeError:
            continue
        if path.endswith(".snippets"):
            for number, snippet in enumerate(text.split("\n---\n")):
                compare(codedb, snippet, "%s %d %r" % (path, number, snippet), counts)
        else:
            compare(codedb, text, path, counts)
    print(", ".join("%d %s" % (count, name) for name, count in counts.items()))
    return counts["differences"]


if __name__ == "__main__":
    sys.setrecursionlimit(10 ** 6)
    threading.stack_size(512 << 20)
    status = []
    thread = threading.Thread(target=lambda: status.append(main(sys.argv[1:])))
    thread.start()
    thread.join()
    os._exit(1 if status != [0] else 0)
