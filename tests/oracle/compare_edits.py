"""Random edits of real files against the same change made to CPython's ast.

    python compare_edits.py EDIT_SERVER FOLDER [COUNT [SEED]]

Each edit deletes, replaces or inserts statements at a random statement of a random file; the new code is lines of another file as
they stand there; so do expressions, items and parts of others. The result must parse, and its ast must be the old one with the change
made in ast; bytes outside the ranges that the report names must be the same, and putting back those inside must give the old file;
CPython's tokenizer must find the same tokens outside them; the diff of one edit of ten must make the new file of the old one by
`patch`, and undo it. A refusal must be one of CPython's compiler, too."""
import ast
import io
import os
import random
import subprocess
import sys
import tempfile
import tokenize
import warnings

ACTIONS = ["replace", "delete", "before", "after", "first", "last"]
TYPES = {"AsyncFunctionDef": "FunctionDef", "AsyncFor": "For", "AsyncWith": "With", "Delete": "Del"}
PATCH_EVERY = 10
FILES = 150


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def edit(self, action, selector, code, source):
        return self.batch([(action, selector, code, False)], source)

    def batch(self, edits, source):
        """Edits are (action, selector, code, whether the code has captures)."""
        request = [b"%d %d\n" % (len(edits), len(source.encode()))]
        for action, selector, code, captures in edits:
            texts = [selector.encode(), code.encode()]
            request += [b"%d %d %d %d\n" % (ACTIONS.index(action), captures, *map(len, texts)), *texts]
        self.process.stdin.write(b"".join(request) + source.encode())
        self.process.stdin.flush()
        answer, length, diff_length, ranges = map(int, self.process.stdout.readline().split())
        ranges = [tuple(map(int, self.process.stdout.readline().split())) for _ in range(ranges)]
        return answer, self.process.stdout.read(length), self.process.stdout.read(diff_length), ranges


def lists(tree):
    """Every list of statements: (owner, field)."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            if isinstance(getattr(node, field, None), list) and getattr(node, field):
                yield node, field


def is_elif(owner, field, lines):
    child = getattr(owner, field)[0]
    return isinstance(owner, ast.If) and field == "orelse" and isinstance(child, ast.If) and \
        lines[child.lineno - 1].encode()[child.col_offset:].startswith(b"elif")


def dump(tree):
    """The tree without positions; docstrings cleaned, as they move with their def."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node) is not None:
            # A last line of blanks alone is no line to inspect.cleandoc when it looks for the margin.
            node.body[0].value.value = ast.get_docstring(node).rstrip()
    return ast.dump(tree)


def change(owner, field, index, action, new):
    """Makes the edit in the ast."""
    statements = getattr(owner, field)
    node = statements[index]
    if action in ("first", "last"):
        inside = node.body
        at = len(inside)
        if action == "first":
            has_docstring = isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node) is not None
            at = int(has_docstring)
        inside[at:at] = new
    elif action == "before":
        statements[index:index] = new
    elif action == "after":
        statements[index + 1:index + 1] = new
    elif action == "delete":
        del statements[index]
        if not statements and not isinstance(owner, ast.Module):
            statements.append(ast.Pass())
    else:
        definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if len(new) == 1 and isinstance(new[0], definitions) and isinstance(node, definitions) and not new[0].decorator_list:
            new[0].decorator_list = node.decorator_list
        statements[index:index + 1] = new


EXPRESSIONS = {"Name": "Name", "Attribute": "Attribute", "Call": "Call", "Subscript": "Subscript", "BinOp": "BinaryOperation",
               "Compare": "Comparison", "UnaryOp": "UnaryOperation", "Lambda": "Lambda", "IfExp": "IfExp", "List": "List",
               "Dict": "Dict", "Set": "Set", "ListComp": "ListComp", "Await": "Await"}


def expressions(tree):
    """Every expression of those types that is no target and stands in no f-string or pattern: (parent, field, index)."""
    todo = [tree]
    while todo:
        parent = todo.pop()
        if isinstance(parent, (ast.JoinedStr, getattr(ast, "pattern", ()))):
            continue
        todo += ast.iter_child_nodes(parent)
        for field, value in ast.iter_fields(parent):
            for index, child in enumerate(value if isinstance(value, list) else [value]):
                if type(child).__name__ in EXPRESSIONS and isinstance(getattr(child, "ctx", ast.Load()), ast.Load):
                    yield parent, field, index


def child_at(parent, field, index):
    value = getattr(parent, field)
    return value[index] if isinstance(value, list) else value


def put(parent, field, index, new):
    if isinstance(getattr(parent, field), list):
        getattr(parent, field)[index] = new
    else:
        setattr(parent, field, new)


def segment(lines, node):
    """The source of an expression, and its place in code points."""
    part = [line.encode() for line in lines[node.lineno - 1:node.end_lineno]]
    end = len(part[-1][:node.end_col_offset].decode())
    start = len(part[0][:node.col_offset].decode())
    part[-1] = part[-1][:node.end_col_offset]
    part[0] = part[0][node.col_offset:]
    return b"".join(part).decode(), start, end


def expression(chance, files):
    """The source of an expression of some file that parses alone."""
    while True:
        source, tree, lines = files[chance.randrange(len(files))]
        every = list(expressions(tree))
        if not every:
            continue
        parent, field, index = chance.choice(every)
        text = segment(lines, child_at(parent, field, index))[0]
        try:
            if len(text) < 500 and len(ast.parse(text).body) == 1 and isinstance(ast.parse(text).body[0], ast.Expr):
                return text
        except SyntaxError:
            pass


def check_expression(server, chance, files, which):
    """Replaces a random expression; says what was asked, and raises AssertionError when the answer is wrong."""
    source, tree, lines = files[which]
    target = chance.randrange(len(list(expressions(tree))))
    parent, field, index = list(expressions(tree))[target]
    node = child_at(parent, field, index)
    _, start, end = segment(lines, node)
    selector = '%s[start_line="%d"][start_col="%d"][end_line="%d"][end_col="%d"]' % (
        EXPRESSIONS[type(node).__name__], node.lineno, start, node.end_lineno, end)
    code = expression(chance, files)
    answer, text, diff, ranges = server.edit("replace", selector, code, source)
    changed = ast.parse(source)
    put(*list(expressions(changed))[target], ast.parse(code).body[0].value)
    asked = "%s by %r" % (selector, code)
    if answer:
        assert not compiles(changed), "%s refused: %s" % (asked, text.decode())
        return False
    assert len(ranges) <= 1 and dump(ast.parse(text)) == dump(changed), "%s: another ast\n%s" % (asked, diff.decode())
    check_outside(source.encode(), text, ranges)
    return True


def items(tree):
    """Every argument and element among those expressions: (its number in expressions(), parent, field, index)."""
    subscripts = {id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    for number, (parent, field, index) in enumerate(expressions(tree)):
        is_list = isinstance(parent, (ast.List, ast.Set)) or (isinstance(parent, ast.Tuple) and len(parent.elts) > 1)
        if (isinstance(parent, ast.Call) and field == "args") or (is_list and field == "elts" and id(parent) not in subscripts):
            yield number, parent, field, index


def delete_item(tree, number):
    """Takes an item out of its list in the ast; an emptied set is a call of set."""
    parent, field, index = list(expressions(tree))[number]
    del getattr(parent, field)[index]
    if isinstance(parent, ast.Set) and not parent.elts:
        parent.__class__, parent._fields = ast.Call, ast.Call._fields
        parent.func, parent.args, parent.keywords = ast.Name("set", ast.Load()), [], []


def check_item(server, chance, files, which):
    """Deletes a random argument or element."""
    source, tree, lines = files[which]
    number, parent, field, index = chance.choice(list(items(tree)))
    node = child_at(parent, field, index)
    _, start, end = segment(lines, node)
    selector = '%s[start_line="%d"][start_col="%d"][end_line="%d"][end_col="%d"]' % (
        EXPRESSIONS[type(node).__name__], node.lineno, start, node.end_lineno, end)
    answer, text, diff, ranges = server.edit("delete", selector, "", source)
    changed = ast.parse(source)
    delete_item(changed, number)
    assert not answer and dump(ast.parse(text)) == dump(changed), "delete item %s: %s" % (selector, text.decode() if answer else diff.decode())
    check_outside(source.encode(), text, ranges)
    return True


# ---- Parts in their role: arguments, parameters, elements, imported names, bases, with-items, handlers, decorators, cases ----------

def parts(tree):
    """Every part that has a place of its own and may be one of several: (owner, field, index)."""
    fields = {"Call": ["args"], "ClassDef": ["bases", "decorator_list"], "FunctionDef": ["decorator_list"], "AsyncFunctionDef": ["decorator_list"],
              "List": ["elts"], "Set": ["elts"], "Tuple": ["elts"], "Import": ["names"], "ImportFrom": ["names"], "With": ["items"], "Try": ["handlers"],
              "Match": ["cases"], "Global": []}
    in_strings = {id(child) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for child in ast.walk(node)}
    subscripts = {id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    for node in ast.walk(tree):
        if id(node) in in_strings or id(node) in subscripts or isinstance(getattr(node, "ctx", ast.Load()), (ast.Store, ast.Del)):
            continue
        for field in fields.get(type(node).__name__, []):
            for index, child in enumerate(getattr(node, field)):
                alone = isinstance(child, ast.GeneratorExp) and field == "args"
                if not alone and not (isinstance(child, ast.alias) and child.name == "*"):
                    yield node, field, index


# The kind of part: what selects it, and the source of one from which it is made.
PARTS = {"args": "Arg", "bases": "Arg", "decorator_list": "Decorator", "elts": "Element", "names": "ImportAlias", "items": "WithItem",
         "handlers": "ExceptHandler", "cases": "MatchCase"}
NEW_PARTS = {"args": ["new", "f(x, *y)", "(yy)", "a if b else c", "'text'", "[\n  1,\n  2]"], "bases": ["New", "a.B[int]"],
             "decorator_list": ["@new", "@new.er(1,\n  2)"], "elts": ["new", "-1", "lambda: 0", "a or b"], "names": ["new", "new as newer"],
             "items": ["new", "new() as (a, b)"], "handlers": ["except New:\n    pass", "except (A, B) as e:\n  try:\n    x\n  finally:\n    y"],
             "cases": ["case 1:\n    pass", "case [a, *b] if c:\n  '''x\ny'''\n  d"]}


def new_part(field, text, owner):
    """The ast of a new part."""
    if field in ("args", "elts"):
        return ast.parse("f(%s)" % text).body[0].value.args[0]
    if field == "bases":
        return ast.parse("class A(%s): pass" % text).body[0].bases[0]
    if field == "decorator_list":
        return ast.parse(text + "\ndef f(): pass").body[0].decorator_list[0]
    if field == "names":
        return ast.parse("import " + text).body[0].names[0]
    if field == "items":
        return ast.parse("with %s: pass" % text).body[0].items[0]
    if field == "handlers":
        return ast.parse("try: pass\n" + text).body[0].handlers[0]
    # Only lines outside of the string are indented.
    return ast.parse("match 0:\n" + "\n".join(line if line.startswith("y'''") else " " + line for line in text.split("\n"))).body[0].cases[0]


def part_place(child, lines, field):
    """Line and column of a part, in code points."""
    if isinstance(child, ast.withitem):
        child = child.context_expr
    if isinstance(child, ast.match_case):
        child = child.pattern
    line = lines[child.lineno - 1].encode()
    return child.lineno, len(line[:child.col_offset].decode())


def part_selector(owner, field, index, lines):
    """Selects exactly that part, by its place; None when the place is not certain."""
    child = getattr(owner, field)[index]
    line, column = part_place(child, lines, field)
    kind = PARTS[field]
    if isinstance(child, ast.Starred):
        kind = "StarredElement" if field == "elts" else kind
    if field in ("decorator_list", "cases"):
        return '%s[start_line="%d"]' % (kind, line)
    return '%s[start_line="%d"][start_col="%d"]' % (kind, line, column)


def change_part(tree, number, action, text):
    """Makes the change in the ast; False when it has no such form there."""
    owner, field, index = list(parts(tree))[number]
    items = getattr(owner, field)
    if action == "delete":
        del items[index]
        return bool(items) or field in ("args", "bases", "decorator_list") or (field == "elts" and isinstance(owner, ast.List))
    new = new_part(field, text, owner)
    items[index + (action == "after"):index + (action != "before")] = [new] if action != "delete" else []
    return True


def check_parts(server, chance, files, which):
    """One or two random parts of a file replaced, deleted or joined by others, in one batch."""
    source, tree, lines = files[which]
    every = list(parts(tree))
    changed, edits, owners = ast.parse(source), [], set()
    for number in sorted(chance.sample(range(len(every)), min(len(every), chance.choice([1, 1, 2]))), reverse=True):
        owner, field, index = every[number]
        inside = [other for other in owners if any(child is other for child in ast.walk(owner)) or any(child is owner for child in ast.walk(other))]
        if inside:
            continue
        owners.add(owner)
        action = chance.choice(["replace", "before", "after", "delete"])
        text = chance.choice(NEW_PARTS[field])
        if not change_part(changed, number, action, text):
            return None
        edits.append((action, part_selector(owner, field, index, lines), text, False))
    answer, text, diff, ranges = server.batch(edits, source)
    asked = "; ".join("%s %s by %r" % edit[:3] for edit in edits)
    if answer:
        # A parenthesized part begins before its expression; a part may be written in a way that has no place for another.
        if answer == 3:
            return None
        assert not compiles(changed), "%s refused: %s" % (asked, text.decode())
        return False
    assert dump(ast.parse(text)) == dump(changed), "%s: another ast\n%s" % (asked, diff.decode())
    check_outside(source.encode(), text, ranges)
    return True


def check_outside(old, new, ranges):
    """Bytes and CPython's tokens outside the ranges are the same, and putting back the old ranges gives the old bytes."""
    old_ranges, new_ranges = [r[:2] for r in ranges], [r[2:] for r in ranges]
    outside = lambda data, pairs: [data[a:b] for a, b in zip([0] + [b for _, b in pairs], [a for a, _ in pairs] + [len(data)])]
    assert outside(old, old_ranges) == outside(new, new_ranges), "bytes outside the ranges differ"
    undone = new
    for a, b, c, d in reversed(ranges):
        undone = undone[:c] + old[a:b] + undone[d:]
    assert undone == old, "undoing does not give the old bytes"
    assert tokens(old, old_ranges) == tokens(new, new_ranges), "tokens outside the ranges differ"


def check_capture(server, chance, files, which):
    """Wraps a random expression into a call with what was captured, `g((x), 1)`."""
    source, tree, lines = files[which]
    target = chance.randrange(len(list(expressions(tree))))
    parent, field, index = list(expressions(tree))[target]
    node = child_at(parent, field, index)
    _, start, end = segment(lines, node)
    selector = '%s[start_line="%d"][start_col="%d"][end_line="%d"][end_col="%d"]@x' % (
        EXPRESSIONS[type(node).__name__], node.lineno, start, node.end_lineno, end)
    answer, text, diff, ranges = server.batch([("replace", selector, "g(({x}), {{1: 2}})", True)], source)
    changed = ast.parse(source)
    spot = list(expressions(changed))[target]
    new = ast.parse("g(x, {1: 2})").body[0].value
    new.args[0] = child_at(*spot)
    put(*spot, new)
    if answer:
        assert not compiles(changed), "capture in %s refused: %s" % (selector, text.decode())
        return False
    assert dump(ast.parse(text)) == dump(changed), "capture in %s: another ast\n%s" % (selector, diff.decode())
    check_outside(source.encode(), text, ranges)
    return True


def has_folded_docstring(tree):
    """Whether lines of a docstring's value are not its lines in the source (`\\n` in it): when the code moves, only the latter do, and so
    inspect.cleandoc answers something else."""
    definitions = [node for node in ast.walk(tree) if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))]
    docstrings = [node.body[0].value for node in definitions if ast.get_docstring(node) is not None]
    return any(value.value.count("\n") != value.end_lineno - value.lineno for value in docstrings)


def snippet(random_source, files):
    """Lines of one to three statements of some file, indented as there."""
    while True:
        source, tree, lines = files[random_source.randrange(len(files))]
        owner, field = random_source.choice(list(lists(tree)))
        statements = getattr(owner, field)
        if is_elif(owner, field, lines):
            continue
        first = random_source.randrange(len(statements))
        last = min(first + random_source.randrange(3), len(statements) - 1)
        start = min([statements[first].lineno] + [d.lineno for d in getattr(statements[first], "decorator_list", [])])
        text = "".join(lines[start - 1:statements[last].end_lineno])
        if len(text) > 4000 or lines[start - 1][:statements[first].col_offset].strip():
            continue
        text = text if random_source.random() < 0.7 else text.lstrip(" \t")
        try:
            new = ast.parse("if 1:\n" + text if text[0] in " \t" else text)
        except SyntaxError:
            continue
        if has_folded_docstring(new):
            continue
        return text, lambda: ast.parse("if 1:\n" + text).body[0].body if text[0] in " \t" else ast.parse(text).body


def tokens(source, ranges):
    """Tokens that are no white space and do not touch the byte ranges."""
    starts, result = [0], []
    for line in io.BytesIO(source):
        starts.append(starts[-1] + len(line))
    lines = source.split(b"\n")
    place = lambda row, column: starts[row - 1] + len(lines[row - 1].decode()[:column].encode()) if row <= len(lines) else len(source)
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING):
            continue
        start, end = place(*token.start), place(*token.end)
        if not any(start < b and a < end for a, b in ranges):
            result.append((token.type, token.string))
    return result


def check_patch(folder, old, new, diff):
    path = os.path.join(folder, "f.py")
    for before, after, options in ((old, new, []), (new, old, ["-R"])):
        with open(path, "wb") as file:
            file.write(before)
        subprocess.run(["patch", "--binary", "-s", "-p1", "-d", folder, *options], input=diff, check=True, stdout=subprocess.DEVNULL)
        with open(path, "rb") as file:
            assert file.read() == after, "patch does not make the same bytes"


def compiles(tree):
    try:
        compile(ast.fix_missing_locations(tree), "f.py", "exec", dont_inherit=True)
        return True
    except (SyntaxError, ValueError):
        return False


def check(source, action, code_new, answer, text, diff, ranges, target, patch_folder):
    """Raises AssertionError when the answer is wrong; says whether the edit was made."""
    tree = ast.parse(source)
    owner, field = list(lists(tree))[target[0]]
    change(owner, field, target[1], action, code_new() if action != "delete" else [])
    if answer:
        assert not compiles(tree), "refused: " + text.decode()
        return False
    old = source.encode()
    new_tree = ast.parse(text)
    assert dump(new_tree) == dump(tree), "another ast"
    check_outside(old, text, ranges)
    if patch_folder and old != text:
        check_patch(patch_folder, old, text, diff)
    return True


def load(folder, chance):
    """Up to FILES files of the folder that this Python compiles."""
    paths, files = [], []
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in ("site-packages", "__pycache__"))
        paths += [os.path.join(directory, name) for name in sorted(names) if name.endswith(".py")]
    chance.shuffle(paths)
    for path in paths:
        try:
            with open(path, encoding="utf-8", newline="") as file:
                source = file.read()
            if 0 < len(source) < 60000 and ast.parse(source).body and compiles(ast.parse(source)):
                files.append((path, source))
        except (SyntaxError, ValueError, RecursionError):
            pass
        if len(files) == FILES:
            break
    return files


def main():
    server, folder = Server(sys.argv[1]), sys.argv[2]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(10**6)
    chance = random.Random(seed)
    warnings.simplefilter("ignore")
    chosen = load(folder, chance)
    files = [(source, ast.parse(source), source.splitlines(True)) for _, source in chosen]
    done = refused = wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(count):
            which = chance.randrange(len(files))
            source, tree, lines = files[which]
            if chance.random() < 0.6 and any(True for _ in expressions(tree)):
                try:
                    checks = [check_expression, check_capture] + [check_item] * any(True for _ in items(tree)) + \
                        [check_parts] * 3 * any(True for _ in parts(tree))
                    made = chance.choice(checks)(server, chance, files, which)
                    done, refused = done + bool(made), refused + (made is False)
                except (AssertionError, SyntaxError, tokenize.TokenError) as error:
                    wrong += 1
                    print(chosen[which][0], error)
                continue
            every = list(lists(tree))
            target = chance.randrange(len(every))
            owner, field = every[target]
            index = chance.randrange(len(getattr(owner, field)))
            node = getattr(owner, field)[index]
            action = chance.choice(ACTIONS)
            if is_elif(owner, field, lines) or (action in ("first", "last") and not hasattr(node, "body")):
                continue
            if chance.random() < 0.1:
                source = source.replace("\r\n", "\n").replace("\n", "\r\n")
            code, code_new = snippet(chance, files) if action != "delete" else ("", None)
            column = len(lines[node.lineno - 1].encode()[:node.col_offset].decode())
            name = TYPES.get(type(node).__name__, type(node).__name__)
            if name in ("Try", "TryStar"):
                name = type(node).__name__
            selector = '%s[start_line="%d"][start_col="%d"]' % (name, node.lineno, column)
            answer, text, diff, ranges = server.edit(action, selector, code, source)
            try:
                made = check(source, action, code_new, answer, text, diff, ranges, (target, index), scratch if number % PATCH_EVERY == 0 else None)
                done, refused = done + made, refused + (not made)
            except (AssertionError, SyntaxError, ValueError, subprocess.CalledProcessError, tokenize.TokenError) as error:
                wrong += 1
                if wrong <= 10:
                    print("%s\n  %s %s\n  %s: %s\n  code %r" % (chosen[which][0], action, selector, type(error).__name__, error, code))
                    print(diff.decode()[:1500] if not answer else "")
    print("%d edits made, %d refused by both, %d wrong; seed %d" % (done, refused, wrong, seed))
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
