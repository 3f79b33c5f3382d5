"""Compares codedb's trees with LibCST's for sources made at random: white space in the gaps between the tokens of the corpus'
statements (gap fuzz), and nested blocks with blank and comment lines of any depth (line fuzz).

    fuzz.py DUMP_SERVER [SEED] [--gaps N] [--lines N]

The seed is printed; the same one makes the same sources. Exit status 0: no difference.
"""
import argparse
import ast
import collections
import glob
import io
import os
import random
import sys
import tokenize
import warnings

import reference

BLANKS = [" ", " ", "  ", "\t", "\f", "\\\n", " \\\n  ", " \\\n\\\n "]
BREAKS = ["\n", "\n  ", " # c\n", "\n\n\n", "  # a\n\n # b\n\t# c\n   ", "\n\\\n", "\n    "]
INVISIBLE = {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE, tokenize.ENDMARKER}


def corpus_statements():
    """The top-level statements of the corpus, as text; a file that this Python does not parse as a whole."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "corpus")
    statements = []
    for path in sorted(glob.glob(os.path.join(folder, "*.py"))):
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
        try:
            body = ast.parse(text).body
        except SyntaxError:
            statements.append(text)
            continue
        lines = text.split("\n")
        for node in body:
            first = min([node.lineno] + [decorator.lineno for decorator in getattr(node, "decorator_list", [])])
            statements.append("\n".join(lines[first - 1:node.end_lineno]) + "\n")
    return sorted(set(statements))


def gaps(statement):
    """The offsets between two tokens of one logical line, each with whether a bracket is open. White space before a line's first
    token would be indentation, which LibCST writes as it likes."""
    starts = [0]
    for line in statement.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    depth = 0
    found = []
    first = True
    try:
        for token in tokenize.generate_tokens(io.StringIO(statement).readline):
            if token.type == tokenize.OP and token.string in ")]}":
                depth -= 1
            if token.type not in INVISIBLE and not first:
                found.append((starts[token.start[0] - 1] + token.start[1], depth + (token.string in tuple(")]}")) > 0))
            if token.type == tokenize.OP and token.string in "([{":
                depth += 1
            first = token.type == tokenize.NEWLINE or (first and token.type in INVISIBLE)
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def widen_gaps(choose, statement):
    found = gaps(statement)
    if not found:
        return statement
    chosen = [choose.choice(found)] if choose.random() < 0.4 else [gap for gap in found if choose.random() < 0.3]
    for offset, inside in sorted(chosen, reverse=True):
        filler = "".join(choose.choice(BLANKS) for _ in range(choose.randint(1, 2)))
        if inside and choose.random() < 0.5:
            filler += choose.choice(BREAKS)
        statement = statement[:offset] + filler + statement[offset:]
    return statement


class Layout:
    """Writes random blocks with random lines between them."""

    def __init__(self, choose):
        self.choose = choose
        self.unit = choose.choice([" ", "  ", "    ", "\t"])
        self.out = []

    def blank_lines(self):
        while self.choose.random() < 0.45:
            depth = self.choose.choice(["", " ", "  ", "   ", self.unit, self.unit * 2, self.unit * 3, self.unit * 2 + " "])
            self.out.append(self.choose.choice(["", depth, depth + "# c", depth + "# c", "# d"]))

    def line(self, depth, text):
        self.blank_lines()
        end = self.choose.choice(["", "", "", " ", "  # e", "# f"])
        self.out.append(self.unit * depth + text + end)

    def block(self, depth, header):
        if self.choose.random() < 0.15:
            self.line(depth, header + self.choose.choice([" pass", "  x; y", "x ;"]))
            return
        self.line(depth, header)
        for _ in range(self.choose.randint(1, 3)):
            self.statement(depth + 1)

    def statement(self, depth):
        kind = self.choose.randint(0, 9) if depth < 5 else 0
        if kind <= 3:
            self.line(depth, self.choose.choice(["x", "pass", "x = 1; y", "return_", "f(\n  a,\n# in\n\n b)", "'''s\n t'''"]))
        elif kind == 4:
            self.block(depth, "if x:")
            while self.choose.random() < 0.4:
                self.block(depth, "elif y :")
            if self.choose.random() < 0.5:
                self.block(depth, "else:")
        elif kind == 5:
            self.block(depth, self.choose.choice(["for x in y:", "while x:"]))
            if self.choose.random() < 0.4:
                self.block(depth, "else :")
        elif kind == 6:
            self.block(depth, "try:")
            for _ in range(self.choose.randint(0, 2)):
                self.block(depth, "except A:")
            self.block(depth, "finally:")
        elif kind == 7:
            self.decorated(depth, self.choose.choice(["def f():", "async def f():", "def f(a, b) -> c :"]))
        elif kind == 8:
            self.decorated(depth, self.choose.choice(["class A:", "class A(B) :", "class A ():"]))
        else:
            self.line(depth, "match x:")
            for _ in range(self.choose.randint(1, 3)):
                self.block(depth + 1, self.choose.choice(["case y:", "case [a, b] if c:", "case _ :"]))

    def decorated(self, depth, header):
        while self.choose.random() < 0.4:
            self.line(depth, "@d")
        self.block(depth, header)

    def module(self):
        for _ in range(self.choose.randint(1, 5)):
            self.statement(0)
        self.blank_lines()
        text = "\n".join(self.out)
        return text if self.choose.random() < 0.2 else text + "\n"


def run_fuzz(name, codedb, sources):
    """(a line that says all, number of differences)."""
    nodes = differences = count = 0
    expected = reference.Expected()
    skipped = collections.Counter()
    for source in sources:
        count += 1
        found, difference, reason = reference.compare(codedb, expected, source.encode("utf-8"), source)
        nodes += found
        if reason is not None:
            skipped[reason] += 1
        elif difference is not None:
            differences += 1
            if differences <= 10:
                print("%r\n  %s" % (source, difference), flush=True)
    reasons = ", ".join("%d %s" % (number, reason) for reason, number in skipped.most_common()) or "none"
    return "%s fuzz: %d sources, %d nodes, %d differences (%s)" % (name, count, nodes, differences, reasons), differences


def run(server, seed, gap_count=5000, line_count=500):
    """(what came out, number of differences). The same seed makes the same sources."""
    warnings.simplefilter("ignore")  # of this Python about the sources that are made
    choose = random.Random(seed)
    statements = corpus_statements()
    codedb = reference.Codedb(server)
    gap_line, gap_differences = run_fuzz("gap", codedb, (widen_gaps(choose, choose.choice(statements)) for _ in range(gap_count)))
    print(gap_line, flush=True)
    layout_line, layout_differences = run_fuzz("line", codedb, (Layout(choose).module() for _ in range(line_count)))
    print(layout_line, flush=True)
    codedb.close()
    return "%s; %s" % (gap_line, layout_line), gap_differences + layout_differences


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("seed", nargs="?", type=int, default=random.SystemRandom().randrange(10 ** 6))
    parser.add_argument("--gaps", type=int, default=5000)
    parser.add_argument("--lines", type=int, default=500)
    options = parser.parse_args()
    print("fuzz seed %d" % options.seed, flush=True)
    return 1 if run(options.server, options.seed, options.gaps, options.lines)[1] else 0


if __name__ == "__main__":
    reference.with_deep_stack(main)
