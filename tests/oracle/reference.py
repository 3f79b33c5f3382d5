"""LibCST's tree of a source as a dump (docs/trees.md), and codedb's dump of the same source from build/oracle/dump_server.

Needs libcst 1.9.0. Used by compare.py, fuzz.py and make_corpus.py.
"""
import hashlib
import json
import os
import re
import subprocess

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider

REFUSED = "ERROR\n"
NOT_REPRODUCED = "LibCST does not reproduce the source"
REFUSED_BY_BOTH = "refused by both"
BY_SHAPE = "without positions, as LibCST does not reproduce the source"


class _Names:
    """The names of the classes and functions around a node, kept while the tree is walked."""

    def __init__(self):
        self.classes = []
        self.functions = []

    def stack_of(self, node):
        if isinstance(node, libcst.ClassDef):
            return self.classes
        return self.functions if isinstance(node, libcst.FunctionDef) else None

    def kind(self, node):
        if isinstance(node, libcst.Module):
            return "module"
        if isinstance(node, libcst.Decorator):
            return "decorator"
        if isinstance(node, libcst.ClassDef):
            return "class"
        if isinstance(node, libcst.FunctionDef):
            return "method" if self.classes else "function"
        if isinstance(node, (libcst.Import, libcst.ImportFrom)):
            return "import"
        if isinstance(node, libcst.BaseSmallStatement):
            return "smallstmt"
        return "stmt" if isinstance(node, libcst.BaseStatement) else "node"

    def qualname(self, node):
        if isinstance(node, libcst.ClassDef):
            parts = self.classes + [node.name.value]
        elif isinstance(node, libcst.FunctionDef):
            parts = (self.classes or self.functions[:-1]) + [node.name.value]
        else:
            parts = self.classes + self.functions
        return ".".join(parts) or "-"


def dump_module(module):
    """The dump of a parsed module. Iterative: trees are deeper than Python's stack."""
    where = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    names = _Names()
    lines = []
    pending = [(module, 0)]
    while pending:
        node, depth = pending.pop()
        if node is None:  # all children of a class or function are done; `depth` is the stack that has its name
            depth.pop()
            continue
        place = where.get(node)
        if place is None:
            continue
        own = node.name.value if isinstance(node, (libcst.ClassDef, libcst.FunctionDef)) else None
        name = own or (node.value if isinstance(node, libcst.Name) else "-")
        lines.append("%d %s %d:%d-%d:%d %s %s %s\n" % (
            depth, type(node).__name__, place.start.line, place.start.column, place.end.line, place.end.column,
            name, names.kind(node), names.qualname(node)))
        if own is not None:
            stack = names.stack_of(node)
            stack.append(own)
            pending.append((None, stack))
        pending.extend((child, depth + 1) for child in reversed(node.children))
    return "".join(lines)


def libcst_dump(source):
    """(dump, reason): a reason says why the dump must not be compared as it is."""
    try:
        module = libcst.parse_module(source)
    except RecursionError:
        return REFUSED, "too deep for LibCST"
    except AttributeError:
        return REFUSED, "LibCST itself fails"  # it finds white space of a kind that it does not expect
    except Exception:
        return REFUSED, None
    plain = source[1:] if source.startswith("\ufeff") else source
    try:
        return dump_module(module), None if module.code == plain else NOT_REPRODUCED
    except RecursionError:
        return REFUSED, "too deep for LibCST"


def shape(dump):
    """The dump without positions and without the lines behind the last statement: what holds when LibCST does not write the source
    as it was."""
    lines = [line.split(" ") for line in dump.split("\n")[:-1]]
    end = max([0] + [number for number, line in enumerate(lines) if line[0] == "1" and line[1] != "EmptyLine"])
    while end + 1 < len(lines) and lines[end + 1][0] != "1":
        end += 1
    return "\n".join(" ".join(line[:2] + line[3:]) for line in lines[:end + 1])


class Codedb:
    """A running dump_server."""

    def __init__(self, server):
        self.process = subprocess.Popen([os.path.abspath(server)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def dump(self, source):
        """The dump of a source given as bytes; of a refused one, REFUSED and a line that says why."""
        self.process.stdin.write(b"%d\n" % len(source))
        self.process.stdin.write(source)
        self.process.stdin.flush()
        length = self.process.stdout.readline()
        if not length:
            raise RuntimeError("dump_server ended with status %s" % self.process.wait())
        return self.process.stdout.read(int(length)).decode("utf-8")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def python_accepts(source):
    """Does this Python's own parser accept the source, given as bytes?"""
    import ast
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(source)
            return True
        except (SyntaxError, ValueError):
            return False
        except (RecursionError, MemoryError):
            return True


def with_fstrings(text):
    """The source with each t-string written as an f-string: this Python may be older than t-strings."""
    return re.sub(r"(?i)\b(r?)t(r?)(?=['\"])", r"\1f\2", text).encode("utf-8", "surrogatepass")


def without_unpacking(text):
    """The source without stars behind brackets: this Python may be older than unpacking in comprehensions."""
    return re.sub(r"([\[({](?:[ \t\f\r\n]|\\\r?\n|#[^\n]*\n)*)\*\*?", r"\1", text).encode("utf-8", "surrogatepass")


class Expected:
    """What LibCST says of sources: node count, hash of the dump, reason. Kept in a folder, if one is given: LibCST is slow."""

    def __init__(self, folder=None):
        self.folder = folder
        if folder:
            os.makedirs(folder, exist_ok=True)

    def of(self, text):
        if not self.folder:
            return self.compute(text)
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass") + libcst.LIBCST_VERSION.encode()).hexdigest()
        path = os.path.join(self.folder, key)
        if os.path.exists(path):
            with open(path) as file:
                return tuple(json.load(file))
        answer = self.compute(text)
        with open("%s.%d" % (path, os.getpid()), "w") as file:
            json.dump(answer, file)
        os.replace("%s.%d" % (path, os.getpid()), path)
        return answer

    @staticmethod
    def compute(text):
        dump, reason = libcst_dump(text)
        return dump.count("\n"), hash_of(shape(dump) if reason == NOT_REPRODUCED else dump), reason


def hash_of(dump):
    return hashlib.sha256(dump.encode("utf-8")).hexdigest()


def compare(codedb, expected, source_bytes, text):
    """(nodes, difference, reason): a difference, or why the file was not compared, or BY_SHAPE, or neither."""
    nodes, wanted, reason = expected.of(text)
    if reason is not None and reason != NOT_REPRODUCED:
        return 0, None, reason
    found = codedb.dump(source_bytes)
    if reason is not None:
        same = wanted == hash_of(shape(found))
        return (nodes, None, BY_SHAPE) if same else (0, None, reason)
    if wanted == hash_of(found):
        return nodes, None, None
    refused = found.startswith(REFUSED)
    if refused and wanted == hash_of(REFUSED):
        return 0, None, REFUSED_BY_BOTH
    if refused and not python_accepts(source_bytes):
        return 0, None, "accepted by LibCST only, not by CPython"
    if wanted == hash_of(REFUSED) and python_accepts(source_bytes):
        return 0, None, "refused by LibCST only, not by CPython"
    if wanted == hash_of(REFUSED) and " CompFor " in found and python_accepts(without_unpacking(text)):
        return 0, None, "refused by LibCST only, not by CPython"
    if wanted == hash_of(REFUSED) and " TemplatedString " in found and python_accepts(with_fstrings(text)):
        return 0, None, "t-strings that LibCST refuses"
    return nodes, first_difference(libcst_dump(text)[0], found), None


def first_difference(expected, found):
    expected_lines = expected.split("\n")
    found_lines = found.split("\n")
    for number, (wanted, got) in enumerate(zip(expected_lines, found_lines), 1):
        if wanted != got:
            break
    else:
        number, wanted, got = min(len(expected_lines), len(found_lines)), "(end)", "(end)"
    if found.startswith(REFUSED):
        got = " ".join(found_lines[:2])
    return "dump line %d:\n    LibCST %s\n    codedb %s" % (number, wanted, got)


def with_deep_stack(run):
    """LibCST recurses for each level of nesting: runs `run` with as much stack as that may need."""
    import sys
    import threading
    sys.setrecursionlimit(100000)
    threading.stack_size(512 << 20)
    status = []
    thread = threading.Thread(target=lambda: status.append(run()))
    thread.start()
    thread.join()
    sys.exit(status[0] if status else 2)
