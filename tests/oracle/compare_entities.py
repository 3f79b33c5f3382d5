"""The classes, methods, functions, imports and docstrings in an index against what CPython's ast says of the same files.

    python compare_entities.py CODEDB FOLDER

Indexes FOLDER into a database of its own and walks each file's ast by the rules of docs/schema.md. Files that this Python does not
parse are left out. Docstrings are compared where the database can hold them: up to a NUL, lone surrogates as U+FFFD."""
import ast
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import warnings

ABSTRACT = {"abstractmethod", "abstractproperty", "abstractclassmethod", "abstractstaticmethod"}
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def text(value):
    return None if value is None else value.encode("utf-8", "surrogatepass").decode("utf-8", "replace") \
        .replace("\ufffd\ufffd\ufffd", "\ufffd").split("\0")[0]


def parameters(args):
    names = [arg.arg for arg in args.posonlyargs + args.args]
    names += ["*" + args.vararg.arg] if args.vararg else []
    names += [arg.arg for arg in args.kwonlyargs]
    return names + (["**" + args.kwarg.arg] if args.kwarg else [])


def is_not_implemented(statement):
    raised = statement.exc if isinstance(statement, ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def last_name(decorator):
    return getattr(decorator, "attr", getattr(decorator, "id", None))


class Expected(ast.NodeVisitor):
    """The rows that a file must have: (table, owner's line, name, line, docstring, further columns)."""

    def __init__(self, source):
        self.lines = [line.encode() for line in re.split("(?<=\n)", source.replace("\r\n", "\n").replace("\r", "\n"))]
        self.rows, self.owner = [], None

    def segment(self, node):
        lines = self.lines[node.lineno - 1:node.end_lineno]
        lines[-1] = lines[-1][:node.end_col_offset]
        lines[0] = lines[0][node.col_offset:]
        return b"".join(lines).decode()

    def generic_visit(self, node):
        """Only what can hold statements: expressions nest too deeply for a recursive walk, and define nothing."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.stmt, ast.excepthandler, getattr(ast, "match_case", ()))):
                self.visit(child)

    def definition(self, node):
        doc = text(ast.get_docstring(node))
        if isinstance(node, ast.ClassDef):
            bases = [self.segment(base) for base in node.bases]
            self.rows.append(("class", node.name, node.lineno, doc, bases))
        else:
            row = (node.name, node.lineno, doc, parameters(node.args))
            if isinstance(self.owner, ast.ClassDef):
                flags = (any(last_name(d) in ABSTRACT for d in node.decorator_list), any(isinstance(s, ast.Pass) for s in node.body),
                         any(map(is_not_implemented, node.body)))
                self.rows.append(("method", self.owner.lineno) + row + flags)
            else:
                self.rows.append(("function",) + row)
        outer, self.owner = self.owner, node
        self.generic_visit(node)
        self.owner = outer

    visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = definition

    def visit_Import(self, node):
        self.rows += [("import", alias.name, None, node.lineno) for alias in node.names]

    def visit_ImportFrom(self, node):
        self.rows += [("import", alias.name, "." * node.level + (node.module or ""), node.lineno) for alias in node.names]


def found(database, file):
    rows = [("class", name, line, doc, json.loads(bases)) for name, line, doc, bases in
            database.execute("SELECT name, line, docstring, bases FROM classes WHERE file_id = ?", [file])]
    rows += [("method", *row[:4], json.loads(row[4]), *map(bool, row[5:])) for row in database.execute(
        "SELECT c.line, m.name, m.line, m.docstring, args, is_abstract, has_pass, has_not_implemented "
        "FROM methods m JOIN classes c ON c.id = class_id WHERE file_id = ?", [file])]
    rows += [("function", name, line, doc, json.loads(args)) for name, line, doc, args in
             database.execute("SELECT name, line, docstring, args FROM functions WHERE file_id = ?", [file])]
    return rows + [("import", *row) for row in database.execute("SELECT name, module, line FROM imports WHERE file_id = ?", [file])]


def same(expected, got):
    """ast leaves parentheses and stars' neighbours of a base out of its position; the index has them."""
    if expected[0] == "class" and got[0] == "class" and expected[:4] == got[:4] and len(expected[4]) == len(got[4]):
        return all(a in b for a, b in zip(expected[4], got[4]))
    return expected == got


def main():
    codedb, folder = sys.argv[1:]
    warnings.simplefilter("ignore")
    counts, differences, skipped, source_bytes = {}, 0, 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "entities.db")
        subprocess.run([codedb, "index", "--db", path, folder], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        database = sqlite3.connect(path)
        files = database.execute("SELECT f.id, f.path, cst_code, lines, has_docstring FROM files f JOIN cst_trees t "
                                 "ON t.file_id = f.id").fetchall()
        for file, name, source, lines, has_docstring in files:
            try:
                tree = ast.parse(source.removeprefix("\ufeff"))
            except (SyntaxError, ValueError, RecursionError):
                skipped += 1
                continue
            source_bytes += len(source.encode())
            visitor = Expected(source.removeprefix("\ufeff"))
            visitor.visit(tree)
            key = lambda row: (row[0], repr(row[1:3]), repr(row))
            expected, got = sorted(visitor.rows, key=key), sorted(found(database, file), key=key)
            for row in expected:
                counts[row[0]] = counts.get(row[0], 0) + 1
            wrong = [(a, b) for a, b in zip(expected, got) if not same(a, b)] or [(len(expected), len(got))] * (len(expected) != len(got))
            normal = source.replace("\r\n", "\n").replace("\r", "\n")
            facts = (normal.count("\n") + (normal != "" and not normal.endswith("\n")), ast.get_docstring(tree) is not None)
            if facts != (lines, bool(has_docstring)):
                wrong.append((facts, (lines, has_docstring)))
            differences += len(wrong)
            for a, b in wrong[:3]:
                print("%s:\n  ast    %r\n  codedb %r" % (name, a, b))
        content = database.execute("SELECT sum(length(CAST(content AS BLOB))) + sum(length(CAST(coalesce(docstring, '') AS BLOB))) "
                                   "FROM code_content").fetchone()[0]
    print("%d files, %s; %d differences; %d files skipped (not this Python's); content is %.2f of the source" % (
        len(files), ", ".join("%d %s" % (counts[k], k) for k in sorted(counts)), differences, skipped, content / max(source_bytes, 1)))
    sys.exit(differences > 0)


if __name__ == "__main__":
    main()
