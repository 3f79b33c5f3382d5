"""The pages say what is: the commands, selectors, edits, SQL, dumps and configurations that README.md and docs/ show are taken from
the pages and run, and their outcome is compared with what is expected here. An example that is new on a page and unknown here fails.

Run by `make test`; BUILD is the folder of the `codedb` command and of libcodedb.so."""
import glob
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
import tempfile

from binding import build, ffi, library, new, root, text_of

work = tempfile.TemporaryDirectory(prefix="codedb-docs-")
codedb = os.path.join(build, "codedb")


def page(name):
    with open(os.path.join(root, name), encoding="utf-8") as file:
        return file.read()


def section(text, title):
    """The text below a heading, up to the next one of its level or a higher one."""
    level, rest = re.search(r"^(#+) %s$\n(.*)" % re.escape(title), text, flags=re.M | re.S).groups()
    return re.split(r"^#{1,%d} " % len(level), rest, flags=re.M)[0]


def table(text):
    """The rows of the tables in a text, as lists of cells; code without its back quotes."""
    rows = [line for line in text.split("\n") if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def code_of(cell):
    return re.sub(r"^`+ ?| ?`+$", "", cell)


def run(command, folder, status=0, **more):
    """A shell command as a reader would type it; answers what it prints."""
    environment = dict(os.environ, PATH=os.path.abspath(build) + ":" + os.environ["PATH"])
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, **more)
    assert done.returncode == status, "%s\nstatus %d, expected %d\n%s%s" % (
        command, done.returncode, status, done.stdout, done.stderr)
    return done.stdout


def same(what, found, expected):
    assert found == expected, "%s\nfound    %r\nexpected %r" % (what, found, expected)


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


SAMPLE = '''"""A shop."""
from os.path import join
import contextlib, pdb


class Shop:
    """Sells things."""

    class Shelf:
        def fill(self):
            pass

    def __init__(self, items=[]):
        self.items = items

    def __eq__(self, other):
        return self.items == other.items

    def sell(self, item, price, tax, discount, currency) -> int:
        """Sell it."""
        if price > 10:
            return item
        elif tax:
            return 0
        else:
            return None
        raise ValueError
        return 1

    def f(self):
        def inner(): pass
        return
        print("never")


def test_nothing():
    Shop()


def test_sale():
    assert Shop().sell(1, 2, 3, 4, 5) is None
    fetch(1, timeout=3)


async def stream(source):
    async for x in source:
        for y in x:  # TODO: sort
            if x > y:
                print(x, y)


def f():
    try:
        fetch()
    except Exception:
        pass
    try:
        fetch()
    except ValueError:
        pass
    except:
        pass
'''
sample = os.path.join(work.name, "selectors")
write(sample, "shop.py", SAMPLE)


def lines_found(selector, status=0):
    """The lines of the sample on which a selector finds nodes."""
    found = run("codedb query --quiet --json %s shop.py" % shlex.quote(selector), sample, status)
    return [json.loads(line)["start_line"] for line in found.splitlines()]


# ---- README.md: the command --------------------------------------------------------------------------------------------------

README_COMMANDS = {  # command: status, and words that it prints
    "codedb index .": (0, []),
    """codedb query 'class:has(> method[name="__enter__"])'""": (0, ["src/lock.py:1:1: class Lock: ..."]),
    "codedb query 'ExceptHandler:not([.type])' src/": (0, ["src/lock.py:8:5: except: ..."]),
    """codedb edit 'Call[.func="eval"]' --replace 'literal_eval(x)' src/""":
        (0, ["--- a/src/lock.py", "-        eval(x)", "+        literal_eval(x)"]),
    "codedb search 'retry timeout'": (0, ["src/lock.py:1:1: class Lock", "[Retry]", "[timeout]"]),
}


def test_readme():
    readme = page("README.md")
    project = os.path.join(work.name, "readme")
    path = write(project, "src/lock.py", 'class Lock:\n    """Retry until the timeout."""\n    def __enter__(self): pass\n\n'
                 "def f(x):\n    try:\n        eval(x)\n    except:\n        pass\n")
    with open(path) as file:
        before = file.read()
    commands = [line.split("  # ")[0].strip() for line in section(readme, "The command").split("\n") if line.startswith("    ")]
    same("README.md's commands", commands, list(README_COMMANDS))
    for command in commands:
        status, words = README_COMMANDS[command]
        printed = run(command, project, status)
        for word in words:
            assert word in printed, "%s printed\n%s\nwithout %s" % (command, printed, word)
    with open(path) as file:
        same("a diff changes nothing", file.read(), before)


def test_every_source_stands_once_in_readme():
    named = re.findall(r"`(codedb_?\w*\.c)`", section(page("README.md"), "Which file does what"))
    there = [os.path.basename(path) for path in glob.glob(os.path.join(root, "codedb*.c"))]
    same("README.md, sources", sorted(named), sorted(there))
    named = set(re.findall(r"`(codedb_?\w*\.c)`", page("docs/architecture.md")))
    same("docs/architecture.md, sources", sorted(set(there) - named), [])


def test_links_lead_somewhere():
    for name in ["README.md", "CONTRIBUTING.md"] + ["docs/" + os.path.basename(path) for path in glob.glob(root + "/docs/*.md")]:
        for link in re.findall(r"\]\(([^)#]+)", page(name)):
            if not link.startswith("http"):
                target = os.path.join(root, os.path.dirname(name), link)
                assert os.path.exists(target), "%s: there is no %s" % (name, link)


# ---- docs/selectors.md -------------------------------------------------------------------------------------------------------

SELECTORS = {  # selector: lines of the sample
    # By example
    'class': [6, 9],
    'class[name="Shop"] > method': [13, 16, 19, 30],
    'method:not(:has-docstring)': [10, 13, 16, 30, 31],
    'def[name^="test_"]:not(:has(Assert))': [36],
    'Call[func="print"]': [33, 49],
    'Call > Arg[keyword="timeout"]': [42],
    'def[args_count>5], def[line_count>80]': [19],
    'ExceptHandler:not([.type]), ExceptHandler[.type="Exception"]': [55, 61],
    'import[module^="os."]': [2],
    'If > Else > Return': [26],
    'Return ~ statement': [33],
    'class:has(> method[name="__eq__"]):not(:has(> method[name="__hash__"]))': [6],
    'Param[default]:has(> List.default, > Dict.default)': [13],
    '*.test Name[name="x"]': [48],
    'For:inside(def:async):not(:async)': [47],
    'Comment[value*="TODO"]': [47],
    # elsewhere on the page
    'function[name="f"] smallstmt[type="Return"]:first': [],
    '(if, while) > Return': [22, 24],
    'class > method': [10, 13, 16, 19, 30],
    'class > IndentedBlock': [7, 10],
    'If > If.orelse': [23],
    'class/IndentedBlock/method': [10, 13, 16, 19, 30],
    'def [name="f"]': [30, 52],
    'class > function[name="f"]': [30],
    '(LeftParen, RightParen)': [],
    '[name=f]': [30, 52],
    'Call > Arg.args[1]': [33, 41, 42, 49],
    'If > *.test': [21, 23, 48],
    'method[name="f"]:first': [30],
    'method:first[name="f"]': [],
    'def Return:first': [17, 22, 32],
    'smallstmt[type="Return"]': [17, 22, 24, 26, 28, 32],
    '[returns.annotation="int"]': [19],
    '[params.params.name="self"]': [10, 13, 16, 19, 30],
    '[.type="ValueError"]': [59],
    '[@name="f"]': [30, 52],
    '[name=/^test_/]': [36, 40],
}


def test_selectors():
    text = page("docs/selectors.md")
    rows = table(section(text, "By example"))
    assert rows[0] == ["selector", "finds"]
    for row in rows[1:]:
        assert code_of(row[0]) in SELECTORS, "docs/selectors.md has a new example, unknown to this test: " + row[0]
    for selector, lines in SELECTORS.items():
        assert selector in text, "docs/selectors.md shows this selector no more: " + selector
        found = lines_found(selector, 0 if lines else 1)
        same(selector, sorted(set(found)), lines)


def test_each_word_of_the_selector_tables_is_known():
    text = page("docs/selectors.md")
    for row in table(section(text, "Pseudo-classes"))[1:]:
        for word in re.findall(r"`(:[^`]+)`", row[0]):
            selector = "*" + word.replace("(S)", "(def)").replace("(R)", "(> def)").replace("An+B", "2n+1")
            query(selector)
    for row in table(section(text, "Attributes: `[...]`"))[1:]:
        for word in re.findall(r"`(\w+)`", row[0]):
            query("*[%s]" % word)
    for row in table(section(text, "Attributes: `[...]`"))[1:5]:
        for operator in re.findall(r"`([^`]+)`", row[0]):
            if not operator[0].isalpha():
                query("*[start_line%s1]" % operator)


def test_errors_of_selectors():
    examples = re.findall(r"^    (\S+) {2,}(.*)$", section(page("docs/selectors.md"), "Errors"), flags=re.M)
    assert len(examples) == 3
    for selector, message in examples:
        code, result = query(selector, expected="SELECTOR_ERROR")
        for part in message.split("..."):
            assert part.strip() in text_of(result.description), "%s: %s" % (selector, text_of(result.description))
        data = json.loads(text_of(result.data))
        assert {"offset", "length", "line", "column", "expected", "found"} <= set(data), data


# ---- through the library -----------------------------------------------------------------------------------------------------

result = new("codedb_result")


def parse(source):
    tree = ffi.new("codedb_tree **")
    encoded = source.encode()
    code = library.codedb_tree_parse(encoded, len(encoded), ffi.NULL, tree, result)
    assert code == library.CODEDB_SUCCESS, "%s\n%s" % (source, text_of(result.description))
    return ffi.gc(tree[0], library.codedb_tree_free)


def name_of(code):
    return text_of(library.codedb_code_name(code))


def query(selector, expected="SUCCESS"):
    tree, filter, nodes = parse(SAMPLE), new("codedb_filter"), ffi.new("codedb_nodes **")
    kept = ffi.new("char[]", selector.encode())
    filter.selector = kept
    code = name_of(library.codedb_tree_query(tree, filter, nodes, result))
    library.codedb_free(nodes[0])
    assert code == expected, "%s: %s, expected %s: %s" % (selector, code, expected, text_of(result.description))
    return code, result


def edit(source, selector, action, text):
    """Answers the code's name and the new source, or the description."""
    tree, one, report = parse(source), new("codedb_edit"), ffi.new("codedb_edit_report **")
    kept = [ffi.new("char[]", selector.encode()), ffi.new("char[]", text.encode())]
    codes = ffi.new("char *[1]", [kept[1]])
    one.filter.struct_size = ffi.sizeof("codedb_filter")
    one.filter.selector = kept[0]
    one.action = getattr(library, "CODEDB_EDIT_" + action)
    if action != "DELETE":
        one.code, one.code_count = ffi.cast("char const *const *", codes), 1
    code = library.codedb_tree_edit(tree, one, 1, ffi.NULL, report, result)
    if code:
        return name_of(code), text_of(result.description)
    edited = ffi.buffer(report[0].source, report[0].source_length)[:].decode()
    library.codedb_free(report[0])
    return "SUCCESS", edited


# ---- docs/edits.md -----------------------------------------------------------------------------------------------------------

TARGETS = {  # the table's first column: (source, selector, code, code in a body) for each kind of target that the row names
    "statement, def, class": [("a\nif b: c\n", "If", "new()", "new()"), ("def f():\n    a\n", "def", "new()", "new()"),
                              ("class C:\n    a\n", "class", "new()", "new()")],
    "body (`IndentedBlock`, `SimpleStatementSuite`)": [("if a:\n    b\n", "IndentedBlock", "new()", "new()"),
                                                       ("if a: b\n", "SimpleStatementSuite", "new()", "new()")],
    "module": [("a\n", "module", "new()", "new()")],
    "else, elif, handler, finally, case, decorator": [
        # Nothing can stand after an else or a finally.
        ("if a:\n    b\nelse:\n    c\n", "Else", {"REPLACE": "else: new()", "INSERT_BEFORE": "elif new: c", "INSERT_AFTER": None}, "new()"),
        ("if a:\n    b\nelif c:\n    d\n", "If.orelse", "elif new: c", "new()"),
        ("try:\n    a\nexcept A:\n    b\nexcept B:\n    c\n", "ExceptHandler:last", "except new: c", "new()"),
        ("try:\n    a\nexcept A:\n    b\nfinally:\n    c\n", "Finally",
         {"REPLACE": "finally: new()", "INSERT_BEFORE": "else: new()", "INSERT_AFTER": None}, "new()"),
        ("match a:\n    case 1:\n        b\n    case 2:\n        c\n", "MatchCase:last", "case new: c", "new()"),
        ("@d\ndef f(): pass\n", "Decorator", "@new", None)],
    "argument, parameter, base, imported name, element, name of a global, with-item, type parameter, element of a pattern": [
        ("f(a, b)\n", "Arg:first", "new", None), ("def f(a, b): pass\n", "Param:first", "new", None),
        ("class C(A, B): pass\n", "Arg.bases:first", "new", None),
        ("import a, b\n", "ImportAlias:first", "new", None), ("x = [a, b]\n", "Element:first", "new", None),
        ("def f():\n    global a, b\n", "NameItem:first", "new", None), ("with a, b: pass\n", "WithItem:first", "new", None),
        ("def f[T, U](): pass\n", "TypeParam:first", "new", None), ("match a:\n    case [b, c]: d\n", "MatchSequenceElement:last", "new", None)],
    "`*` of an import": [("from a import *\n", "ImportStar", "new", None)],
    "`as b`, `if b` of a comprehension, `{b}` of an f-string, alternative of a pattern": [
        ("import a as b\n", "AsName", "new", None), ("x = [a for a in c if b]\n", "CompIf", "if new", None),
        ("x = f'{b}'\n", "FormattedStringExpression", "{new}", None), ("match a:\n    case b.c | d: e\n", "MatchOrElement:first", "new", None)],
    "target of `a = b = 1`": [("a = b = 1\n", "AssignTarget:first", "new", None)],
    "call, list, tuple, set, dict, parameters": [
        ("f(a)\n", "Call", "new", "new"), ("x = [a]\n", "List", "new", "new"), ("x = (a,)\n", "Tuple", "new", "new"), ("x = {a}\n", "Set", "new", "new"),
        ("x = {a: b}\n", "Dict", "new", "new: c"), ("def f(a): pass\n", "Parameters", "new", "new")],
    "expression": [("x = a\n", "Assign > Name.value", "new", None)],
    "comment": [("a\nb  # c\n", "Comment", "# new", None)],
}
CELLS = {  # what a cell says: may it be done with the row's targets, and what else is asked
    "yes": "SUCCESS", "no": "VALIDATION_ERROR", "all of it; the header stays": "SUCCESS", "into its body": "SUCCESS",
    "by such": "SUCCESS", "such": "SUCCESS", "by targets": "SUCCESS", "by one comment": "SUCCESS", "by names": "SUCCESS", "targets": "SUCCESS", "yes, but for the last": "SUCCESS",
    "as an expression": None, "": None, "an item of it": "SUCCESS", "by an expression": "SUCCESS",
    "one that is a whole statement, item or target": "VALIDATION_ERROR", "as the statement or item that it is": "VALIDATION_ERROR",
}


def test_the_table_of_edits():
    rows = table(page("docs/edits.md"))
    same("the actions", rows[0], ["target", "replace", "delete", "insert before, after", "insert first, last"])
    same("the targets", [row[0] for row in rows[1:]], list(TARGETS))
    actions = [["REPLACE"], ["DELETE"], ["INSERT_BEFORE", "INSERT_AFTER"], ["INSERT_FIRST", "INSERT_LAST"]]
    for row in rows[1:]:
        for cell, names in zip(row[1:], actions):
            expected = CELLS[cell]
            for source, selector, code, inside in TARGETS[row[0]]:
                for action in names:
                    new_code = inside if action in ("INSERT_FIRST", "INSERT_LAST") and inside else code
                    new_code = new_code.get(action, "") if isinstance(new_code, dict) else new_code
                    if expected is None or new_code is None or (cell == "into its body" and inside is None):
                        continue
                    done, text = edit(source, selector, action, new_code)
                    assert done == expected, "%s of %s in %r: %s, the page says %s\n%s" % (action, selector, source, done, cell, text)
                    if action != "DELETE" and done == "SUCCESS":
                        assert "new" in text and (action == "REPLACE" or source.split("\n")[0][:2] in text), text


EDITS = [  # what docs/edits.md says, in its order: words of the page, source, selector, action, code, what becomes of it
    ("by such", "f(a, b)\n", "Arg:last", "REPLACE", "k=1, **new", "f(a, k=1, **new)\n"),
    ("one that is a whole statement", "a\nf()\n", "Call", "DELETE", "", "a\n"),
    ("item or target", "f(a, b)\n", "Arg:first > *.value", "DELETE", "", "f(b)\n"),
    ("one that is a whole statement", "f()\n", "Call", "INSERT_BEFORE", "a", "a\nf()\n"),
    ("in the\n  unit of the block", "if a:\n\tb\n", "smallstmt[code=b]", "REPLACE", "if c:\n    d", "if a:\n\tif c:\n\t\td\n"),
    ("Its line breaks become those of the place", "a\r\nb\r\n", "smallstmt[code=a]", "REPLACE", "c\nd", "c\r\nd\r\nb\r\n"),
    ("`first` is after a docstring", '"""Doc."""\nfrom __future__ import annotations\na\n', "module", "INSERT_FIRST", "new",
     '"""Doc."""\nfrom __future__ import annotations\nnew\na\n'),
    ("where there is no example, two in a module", "a = 1\n", "smallstmt", "INSERT_AFTER", "def f(): pass",
     "a = 1\n\n\ndef f(): pass\n"),
    ("becomes a block when a statement is added", "if x: a\n", "smallstmt[code=a]", "INSERT_AFTER", "b", "if x:\n    a\n    b\n"),
    ("parentheses when it binds less", "x = a * b\n", "Name[name=b]", "REPLACE", "c + d", "x = a * (c + d)\n"),
    ("Its line, with the comment on it", "a\nb  # why\nc\n", "smallstmt[code=b]", "DELETE", "", "a\nc\n"),
    ("The comment directly above it", "a\n\n# about b\nb\n\nc\n", "smallstmt[code=b]", "DELETE", "", "a\n\nc\n"),
    ("An emptied block gets `pass`", "if a:\n    b\n", "smallstmt[code=b]", "DELETE", "", "if a:\n    pass\n"),
    ("A tuple stays a tuple", "x = (a, b)\n", "Element:last", "DELETE", "", "x = (a,)\n"),
    ("one behind code goes with the blanks before it", "a  # c\n", "Comment", "DELETE", "", "a\n"),
    ("an emptied set is `set()`", "x = {a}\n", "Element", "DELETE", "", "x = set()\n"),
    ("`class A(B):` becomes `class A:`", "class A(B):\n    pass\n", "Arg", "DELETE", "", "class A:\n    pass\n"),
    ("they stay,\n  unless", "@d\ndef f(): pass\n", "def", "REPLACE", "def g(): pass", "@d\ndef g(): pass\n"),
    ("the comment after it stays", "a  # why\n", "smallstmt", "REPLACE", "b", "b  # why\n"),
]
REFUSED = [
    ("`return` outside a def", "a\n", "smallstmt", "REPLACE", "return", "VALIDATION_ERROR"),
    ("The last handler of a try", "try:\n    a\nexcept A:\n    b\n", "ExceptHandler", "DELETE", "", "VALIDATION_ERROR"),
    ("white space and punctuation cannot be edited", "f(a, b)\n", "Comma", "DELETE", "", "VALIDATION_ERROR"),
]


def test_edits():
    text = page("docs/edits.md")
    for words, source, selector, action, code, expected in EDITS:
        assert words in text, "docs/edits.md does not say %r any more" % words
        same("%s of %s in %r" % (action, selector, source), edit(source, selector, action, code), ("SUCCESS", expected))
    for words, source, selector, action, code, expected in REFUSED:
        assert words in text, "docs/edits.md does not say %r any more" % words
        same("%s of %s in %r" % (action, selector, source), edit(source, selector, action, code)[0], expected)


def test_the_commands_of_edits():
    project = os.path.join(work.name, "edits")
    path = write(project, "src/a.py", 'class A:\n    def old(self):\n        print("gone")\n        return 1\n')
    write(project, "new.py", "def new(self):\n    return 2\n")
    commands = [re.split(r" {2,}#", line)[0].strip() for line in re.findall(r"^    (codedb .*)$", page("docs/edits.md"), flags=re.M)]
    assert len(commands) == 6, commands
    diff = run(commands[0], project)
    assert "-    def old(self):" in diff and "+    def new(self):" in diff and "+        return 2" in diff, diff
    run("git apply", project, input=diff)
    with open(path) as file:
        same("what git apply makes of the diff", file.read(), "class A:\n    def new(self):\n        return 2\n")
    write(project, "src/a.py", 'print("a")\nb = 1\n')
    run(commands[1], project)
    with open(path) as file:
        same(commands[1], file.read(), "b = 1\n")
    run("codedb index --quiet --db code.db src", project)
    database = sqlite3.connect(os.path.join(project, "code.db"))
    database.execute("INSERT INTO ast_trees (file_id, project_id, ast_json, ast_hash, file_mtime) SELECT id, project_id, ?, '', 0 FROM files",
                     [run("codedb dump --ast src/a.py", project)])
    database.commit()
    run(commands[2], project)
    stored, = database.execute("SELECT ast_json FROM ast_trees").fetchone()
    database.close()
    assert '"value":{"_type":"Constant","value":2,"kind":null}' in stored, stored
    edit_a_project(project, commands[3:])


def edit_a_project(project, commands):
    path = write(project, "shop/a.py", "a = eval(x)\n")
    run("codedb index --quiet --db code.db shop", project)
    run(commands[0], project)
    run("git apply ../eval.diff", os.path.join(project, "shop"))
    with open(path) as file:
        same("what git apply makes of the preview", file.read(), "a = literal_eval(x)\n")
    write(project, "shop/a.py", "a = eval(x)\n")
    run(commands[1], project)
    same(commands[1], run("codedb query --db code.db --count 'Name[name=\"literal_eval\"]'", project).strip(), path + ":1")
    with open(path) as file:
        same("what --write leaves on the disk", file.read(), "a = eval(x)\n")
    write(project, "shop/b.py", "b = eval(y)\n")
    run("codedb index --quiet --db code.db shop", project)
    os.remove(path)
    run("codedb index --quiet --db code.db shop", project)
    run(commands[2], project)
    with open(os.path.join(project, "shop/b.py")) as file:
        same(commands[2], file.read(), "b = literal_eval(x)\n")


# ---- the other pages ---------------------------------------------------------------------------------------------------------

def test_the_dump_of_trees():
    blocks = re.findall(r"(?:^    .*\n)+", section(page("docs/trees.md"), "The dump"), flags=re.M)
    source, dump = [re.sub(r"^    ", "", block, flags=re.M) for block in blocks[1:3]]
    same("docs/trees.md, the dump", run("codedb dump --cst -", work.name, input=source)[:len(dump)], dump)


def test_the_sql_of_schema():
    database = os.path.join(work.name, "schema.db")
    write(work.name, "schema/a.py", 'import os\n\nclass A: pass\n\ndef f(timeout):\n    return "socket"\n')
    run("codedb index --quiet --db %s schema" % database, work.name)
    statements = section(page("docs/schema.md"), "SQL to start with").strip().split(";")[:-1]
    answers = [run("sqlite3 %s" % database, work.name, input=statement + ";\n") for statement in statements]
    same("docs/schema.md, first statement", answers[0], "a.py|3|A\n")
    same("docs/schema.md, second statement", answers[1], "os|1\n")
    assert "[timeout]" in answers[2] and "[socket]" in answers[2], answers[2]
    count = int(re.search(r"SQLite file of (\d+) tables", page("docs/schema.md")).group(1))
    described = [code_of(row[0]) for row in table(section(page("docs/schema.md"), "The tables"))[1:]]
    same("docs/schema.md, tables", len(described), count)
    there = run("sqlite3 %s 'SELECT name FROM sqlite_schema WHERE type = \"table\"'" % database, work.name).split()
    same("docs/schema.md, tables that are there", sorted(set(described) - set(there)), [])


def opened(config):
    db = ffi.new("codedb **")
    code = library.codedb_open(config.encode(), ffi.NULL, db, result)
    library.codedb_close(db[0])
    return name_of(code)


def test_configurations():
    text = page("docs/configuration.md")
    examples = re.findall(r"^    +(\{.*\})$", text, flags=re.M)
    assert len(examples) == 5, examples
    before = os.getcwd()
    os.chdir(work.name)
    for example in examples + [":memory:", "data/other/code.db"]:
        same(example, opened(example), "SUCCESS")
        if "data/code.db" in example:
            os.remove("data/code.db")
    write(work.name, "settings.json", examples[0])
    same("settings.json", opened("settings.json"), "SUCCESS")
    wrong = re.search(r'^    (code_analysis.*"\?)', section(text, "Mistakes"), flags=re.M).group(1)
    same("a wrong key", opened(examples[0].replace('"path"', '"backupdir": "x", "path"')), "VALIDATION_ERROR")
    assert text_of(result.description).startswith(wrong), text_of(result.description)
    assert json.loads(text_of(result.data))["errors"][0]["field"].endswith(".backupdir")
    os.chdir(before)


def test_the_manual_page_names_every_option():
    manual = page("docs/codedb.1").replace("\\-", "-")
    for command in re.findall(r"^  (\w+) ", run("codedb --help", work.name), flags=re.M):
        help_text = run("codedb %s --help" % command, work.name)
        assert ".B codedb %s\n" % command in manual, "docs/codedb.1 has no command " + command
        for option in re.findall(r"--[a-z-]+", help_text):
            assert option in manual, "docs/codedb.1 does not name %s of %s" % (option, command)
        for line in help_text.split("\n"):
            assert len(line) <= 130, line


def test_the_examples_of_the_manual_page():
    project = os.path.join(work.name, "manual")
    write(project, "src/store.py", "import pdb\n\nclass Store:\n    def get_it(self):\n        return 1  # connection refused\n")
    examples = page("docs/codedb.1").replace("\\-", "-").split(".nf\n")[1].split("\n.fi")[0].split("\n")
    printed = [run(example, project) for example in examples]
    assert "src/store.py:5:9: return 1" in printed[1], printed[1]
    assert "-import pdb" in printed[2], printed[2]
    assert "[connection]" in printed[3], printed[3]


def test_the_json_of_schema():
    """The definition and the changes that the page shows, done to a database with the schema."""
    text = section(page("docs/schema.md"), "Changing the schema")
    blocks = [ffi.new("char[]", block.encode()) for block in re.findall(r"^    ([{\[].*?)\n\n", text, flags=re.M | re.S)]
    same("docs/schema.md, JSON", len(blocks), 2)
    opened, report = ffi.new("codedb **"), ffi.new("codedb_schema_report **")

    def succeed(code):
        assert code == library.CODEDB_SUCCESS, text_of(result.description)

    succeed(library.codedb_open(b":memory:", ffi.NULL, opened, result))
    succeed(library.codedb_schema_sync(opened[0], blocks[0], ffi.NULL, report, result))
    same("docs/schema.md, tables", [text_of(report[0].created_tables.items[i]) for i in range(report[0].created_tables.count)],
         ["notes", "notes_fts"])
    library.codedb_free(report[0])
    succeed(library.codedb_table_drop(opened[0], b"notes_fts", result))
    succeed(library.codedb_table_alter(opened[0], b"notes", blocks[1], result))
    rows = ffi.new("codedb_rows **")
    succeed(library.codedb_table_info(opened[0], b"remarks", rows, result))
    same("docs/schema.md, columns", [text_of(getattr(rows[0].values[i * 5], "as").text) for i in range(rows[0].row_count)], ["id", "file_id", "text", "written_at", "author"])
    library.codedb_free(rows[0])
    library.codedb_close(opened[0])


def test_make_targets():
    makefile = page("Makefile")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.M))
    for name in ["README.md", "CONTRIBUTING.md", "docs/testing.md", "docs/trees.md", "docs/architecture.md", "tests/README.md"]:
        for target in re.findall(r"(?:`|^    )make ([a-z][a-z-]*)", page(name), flags=re.M):
            assert target in targets, "%s: make has no target %s" % (name, target)
    named = set(re.findall(r"`make ([a-z-]+)", page("docs/testing.md")))
    tests = {target for target in targets if re.match(r"test|asan|tsan|soak|coverage|check|oracle", target)}
    same("docs/testing.md, targets that it does not name", sorted(tests - named), [])


failures = 0
for test in [value for name, value in list(globals().items()) if name.startswith("test_")]:
    try:
        test()
        print("[       OK ]", test.__name__)
    except AssertionError as failure:
        failures += 1
        print("[  FAILED  ]", test.__name__)
        print(failure)
library.codedb_result_clear(result)
sys.exit(failures > 0)
