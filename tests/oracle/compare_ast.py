"""Compares codedb's ast JSON with the ast module of the Python that runs this, over files and folders.

    compare_ast.py DUMP_SERVER [--every N] [--show N] [PATH...]

Without PATH: this Python's standard library, tests included. Exit status 0: no difference.
"""
import argparse
import ast
import collections
import json
import os
import subprocess
import sys
import threading
import warnings

VERSION = sys.version_info[0] * 100 + sys.version_info[1]


# ---- from docs/trees.md
def restore(form):
    """For json.loads(text, object_hook=restore): the ast nodes that codedb wrote."""
    if "_type" in form:
        return getattr(ast, form.pop("_type"))(**form)
    (kind, what), = form.items()
    return {"int": lambda: int(what, 0), "float": lambda: float(what), "complex": lambda: complex(0, what),
            "bytes": lambda: what.encode("latin-1"), "ellipsis": lambda: ..., "text": lambda: "".join(what)}[kind]()
# ----


class Codedb:
    """A running dump_server."""

    def __init__(self, server):
        command = [os.path.abspath(server), "--ast", str(VERSION)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def dump(self, source):
        self.process.stdin.write(b"%d\n" % len(source))
        self.process.stdin.write(source)
        self.process.stdin.flush()
        length = self.process.stdout.readline()
        if not length:
            raise RuntimeError("dump_server ended with status %s" % self.process.wait())
        return self.process.stdout.read(int(length)).decode("utf-8")


def first_difference(expected, found):
    """(nodes, the first place where two trees differ or None), without recursion."""
    pending, nodes = [("", expected, found)], 0
    while pending:
        path, wanted, got = pending.pop()
        if isinstance(wanted, ast.AST) and type(wanted) is type(got):
            nodes += 1
            names = wanted._fields + wanted._attributes
            path = "%s/%s" % (path, type(wanted).__name__)
            if "lineno" in wanted._attributes:
                path += "@%s:%s" % (wanted.lineno, wanted.col_offset)
            pending.extend(("%s.%s" % (path, name), getattr(wanted, name, None), getattr(got, name, "(missing)"))
                           for name in reversed(names))
        elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
            pending.extend(("%s[%d]" % (path, i), *pair) for i, pair in reversed(list(enumerate(zip(wanted, got)))))
        elif type(wanted) is not type(got) or repr(wanted) != repr(got):
            shown = [ast.dump(side) if isinstance(side, ast.AST) else
                     str([type(item).__name__ for item in side]) if isinstance(side, list) else repr(side) for side in (wanted, got)]
            return nodes, "%s\n    ast    %.200s\n    codedb %.200s" % (path[-300:], *shown)
    return nodes, None


def python_files(paths):
    for path in paths:
        if os.path.isfile(path):
            yield path
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if name not in ("site-packages", "dist-packages", "__pycache__"))
            yield from (os.path.join(folder, name) for name in sorted(files) if name.endswith(".py"))


def compare(codedb, path):
    """(nodes, difference, reason for skipping)"""
    with open(path, "rb") as file:
        source = file.read()
    try:
        expected = ast.parse(source)
    except (SyntaxError, ValueError):
        refused = codedb.dump(source).startswith("ERROR\n")
        return 0, None if refused else "accepted by codedb only", "refused by both"
    found = codedb.dump(source)
    if found.startswith("ERROR\n"):
        return 0, "refused: " + found[6:].strip(), None
    nodes, difference = first_difference(expected, json.loads(found, object_hook=restore))
    return nodes, difference, None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--every", type=int, default=1, help="look at every Nth file only")
    parser.add_argument("--show", type=int, default=20, help="differences to print")
    parser.add_argument("paths", nargs="*")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    codedb = Codedb(options.server)
    files = list(python_files(options.paths or [os.path.dirname(ast.__file__)]))[::options.every]
    nodes = differences = 0
    skipped = collections.Counter()
    for path in files:
        count, difference, reason = compare(codedb, path)
        nodes += count
        if difference:
            differences += 1
            if differences <= options.show:
                print("%s: %s" % (path, difference), flush=True)
        elif reason:
            skipped[reason] += 1
    reasons = ", ".join("%d %s" % (number, reason) for reason, number in skipped.items()) or "none"
    print("Python %d.%d: %d files, %d nodes, %d differences; skipped: %s" %
          (*sys.version_info[:2], len(files), nodes, differences, reasons))
    return 1 if differences else 0


if __name__ == "__main__":
    status = []
    sys.setrecursionlimit(100000)
    threading.stack_size(512 << 20)
    thread = threading.Thread(target=lambda: status.append(main()))
    thread.start()
    thread.join()
    sys.exit(status[0] if status else 2)
