"""Random selectors over CPython's ast, and random edits of its JSON, against the ast module of the Python that runs this.

    BUILD=build python compare_ast_selectors.py [--seed N] [--selectors N] [--edits N] FILE...

The evaluator below is written from docs/selectors.md, over Python's own nodes, and knows nothing of codedb's: each selector is made as
a value, written out for codedb, and asked of both. An edit is made on the JSON by codedb and on the nodes here; ast.dump with
attributes must be equal, and what codedb refuses Python's compiler must refuse, too."""
import argparse
import ast
import inspect
import json
import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from binding import ffi, library, new, text_of

sys.setrecursionlimit(20000)
VERSION = sys.version_info.major * 100 + sys.version_info.minor
DEFS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPOUND = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Match, ast.Try) + \
    ((ast.TryStar,) if hasattr(ast, "TryStar") else ())
LARGEST = 4000


def restore(form):
    """The lines of docs/trees.md."""
    if "_type" in form:
        return getattr(ast, form.pop("_type"))(**form)
    (kind, what), = form.items()
    return {"int": lambda: int(what, 0), "float": lambda: float(what), "complex": lambda: complex(0, what),
            "bytes": lambda: what.encode("latin-1"), "ellipsis": lambda: ..., "text": lambda: "".join(what)}[kind]()


# ---- Nodes ------------------------------------------------------------------------------------------------------------

class Node:
    def __init__(self, real, parent, field, index, number):
        self.real, self.parent, self.field, self.index, self.number = real, parent, field, index, number
        self.children, self.end = [], number + 1
        self.node_id = "0" if parent is None else "%s.%d" % (parent.node_id, len(parent.children))
        self.depth = 0 if parent is None else parent.depth + 1
        if parent is not None:
            parent.children.append(self)

    @property
    def type(self):
        return type(self.real).__name__

    def ancestors(self):
        node = self.parent
        while node is not None:
            yield node
            node = node.parent


def collect(tree):
    nodes = []

    def walk(real, parent, field, index):
        node = Node(real, parent, field, index, len(nodes))
        nodes.append(node)
        for name in real._fields:
            value = getattr(real, name, None)
            for i, item in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(item, ast.AST):
                    walk(item, node, name, i if isinstance(value, list) else 0)
        node.end = len(nodes)
    walk(tree, None, None, 0)
    return nodes


def kind(node):
    real = node.real
    if node.field == "decorator_list":
        return "decorator"
    if isinstance(real, ast.Module):
        return "module"
    if isinstance(real, ast.ClassDef):
        return "class"
    if isinstance(real, DEFS):
        return "method" if any(isinstance(a.real, ast.ClassDef) for a in node.ancestors()) else "function"
    if isinstance(real, (ast.Import, ast.ImportFrom)):
        return "import"
    if isinstance(real, COMPOUND):
        return "stmt"
    return "smallstmt" if isinstance(real, ast.stmt) else "node"


def name(node):
    real = node.real
    if isinstance(real, ast.Name):
        return real.id
    found = getattr(real, "name", None)
    return found.id if isinstance(found, ast.Name) else found


def evaluated_in(node):
    """The scope whose code evaluates the node."""
    child, scope = node, node.parent
    while scope is not None:
        real = scope.real
        if isinstance(real, DEFS + (ast.ClassDef, ast.Lambda)) and child.field == "body":
            return scope
        if isinstance(real, ast.GeneratorExp) and not first_iterable(node, scope):
            return scope
        child, scope = scope, scope.parent
    return None


def first_iterable(node, generator):
    chain = [node] + list(node.ancestors())
    below = chain[:chain.index(generator)]
    return len(below) >= 2 and below[-1].field == "generators" and below[-1].index == 0 and below[-2].field == "iter"


def is_scope(node):
    return isinstance(node.real, DEFS + (ast.ClassDef, ast.Lambda, ast.GeneratorExp))


def fqn(node, nodes):
    scope = node if is_scope(node) else evaluated_in(node)
    parts = []
    while scope is not None:
        real = scope.real
        parts.append("<lambda>" if isinstance(real, ast.Lambda) else "<genexpr>" if isinstance(real, ast.GeneratorExp) else real.name)
        outer = evaluated_in(scope)
        if outer is not None and isinstance(real, DEFS + (ast.ClassDef,)) and \
                any(isinstance(n.real, ast.Global) and real.name in n.real.names and evaluated_in(n) is outer for n in nodes):
            outer = None
        if outer is not None:
            parts.append("<locals>" if isinstance(outer.real, DEFS + (ast.Lambda,)) else None)
        scope = outer
    return ".".join(part for part in reversed(parts) if part is not None) or None


def qualname(node):
    around = [a.real for a in node.ancestors() if isinstance(a.real, DEFS + (ast.ClassDef,))][::-1]
    classes = [a.name for a in around if isinstance(a, ast.ClassDef)]
    functions = [a.name for a in around if isinstance(a, DEFS)]
    if isinstance(node.real, ast.ClassDef):
        return ".".join(classes + [node.real.name])
    if isinstance(node.real, DEFS):
        return ".".join((classes or functions[:-1]) + [node.real.name])
    return ".".join(classes + functions) or None


def docstring(node):
    if not isinstance(node.real, DEFS + (ast.ClassDef, ast.Module)):
        return None
    text = ast.get_docstring(node.real, clean=False)
    return None if text is None else inspect.cleandoc(text)


def code(node, lines):
    real = node.real
    if getattr(real, "end_lineno", None) is None or not hasattr(real, "col_offset"):
        return None
    part = lines[real.lineno - 1:real.end_lineno]
    part[-1] = part[-1][:real.end_col_offset]
    part[0] = part[0][real.col_offset:]
    return b"".join(part).decode()


def own_yield(node):
    return any(isinstance(n.real, (ast.Yield, ast.YieldFrom)) and owner(n) is node for n in descendants(node))


def descendants(node):
    for child in node.children:
        yield child
        yield from descendants(child)


def owner(node):
    child, above = node, node.parent
    while above is not None:
        if isinstance(above.real, DEFS + (ast.Lambda,)) and child.field == "body":
            return above
        if isinstance(above.real, ast.ClassDef) and child.field == "body":
            return None
        child, above = above, above.parent
    return None


def arguments_of(node):
    real = node.real
    if isinstance(real, ast.Call):
        return len(real.args) + len(real.keywords)
    if not isinstance(real, DEFS + (ast.Lambda,)):
        return None
    a = real.args
    return len(a.posonlyargs + a.args + a.kwonlyargs) + (a.vararg is not None) + (a.kwarg is not None)


def dotted(real):
    if isinstance(real, ast.Attribute):
        left = dotted(real.value)
        return None if left is None else left + "." + real.attr
    return real.id if isinstance(real, ast.Name) else None


def said_by_decorator(real):
    while isinstance(real, ast.Call):
        real = real.func
    return dotted(real)


def plain(value):
    """The text of a field that holds no node; None: it is not there."""
    if value is None or isinstance(value, (ast.AST, list)):
        return None
    return value if isinstance(value, str) else str(value)


def siblings(node):
    if node.parent is None:
        return [node]

    def list_of(child):
        kind = type(child.parent.real)
        if kind is ast.arguments and child.field in ("posonlyargs", "args", "vararg", "kwonlyargs", "kwarg"):
            return "args"
        if child.field == "keywords":
            return "bases" if kind is ast.ClassDef else "args"
        return child.field
    return [child for child in node.parent.children if list_of(child) == list_of(node)]


# ---- The evaluator ----------------------------------------------------------------------------------------------------

class World:
    def __init__(self, tree, source):
        self.nodes = collect(tree)
        self.lines = source.splitlines(keepends=True)
        self.memo = {}

    def attribute(self, node, attribute):
        real = node.real
        has_place = hasattr(real, "col_offset") and getattr(real, "end_lineno", None) is not None
        if attribute == "line_count":
            return None if not has_place else real.end_lineno - real.lineno + (real.end_col_offset > 0 or real.end_lineno == real.lineno)
        return {"type": lambda: node.type, "kind": lambda: kind(node), "name": lambda: name(node), "qualname": lambda: qualname(node),
                "fqn": lambda: fqn(node, self.nodes), "depth": lambda: node.depth, "children_count": lambda: len(node.children),
                "args_count": lambda: arguments_of(node), "docstring": lambda: docstring(node), "code": lambda: code(node, self.lines),
                "module": lambda: real.module if isinstance(real, ast.ImportFrom) else None, "node_id": lambda: node.node_id,
                "start_line": lambda: real.lineno if has_place else None, "end_line": lambda: real.end_lineno if has_place else None,
                "start_col": lambda: real.col_offset if has_place else None,
                "end_col": lambda: real.end_col_offset if has_place else None}[attribute]()

    def compare(self, value, operator, operand):
        if value is None:
            return False
        value = str(value)
        if operator is None:
            return True
        if operator in ("<", "<=", ">", ">="):
            try:
                value, operand = int(value), int(operand)
            except ValueError:
                return False
            return {"<": value < operand, "<=": value <= operand, ">": value > operand, ">=": value >= operand}[operator]
        return {"=": value == operand, "!=": value != operand, "~=": operand in value, "*=": operand in value,
                "^=": value.startswith(operand), "$=": value.endswith(operand)}[operator]

    def field_holds(self, node, field, operator, operand):
        value = getattr(node.real, field, None)
        if isinstance(node.real, (ast.Constant, ast.MatchSingleton)) and field == "value":
            if isinstance(value, (str, bool, type(None))) or (isinstance(value, int) and abs(value) < 2 ** 63):
                text = plain(value) if value is not None else "None"
                return text != "" and self.compare(text, operator, operand)
            return operator in (None, "!=") and value != b"" # numbers and bytes are no operands here
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                if isinstance(item, (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)):
                    text = type(item).__name__
                else:
                    text = code(Node(item, None, None, 0, 0), self.lines)
                    text = dotted(item) if text is None else text
                if operator is None or (text and self.compare(text, operator, operand)):
                    return True
            elif plain(item) and self.compare(plain(item), operator, operand):
                return True
        return False

    def typed(self, node, word):
        if word == "*":
            return True
        if word == "def":
            return isinstance(node.real, DEFS)
        if word == "statement":
            return isinstance(node.real, ast.stmt)
        if word == "expression":
            return isinstance(node.real, ast.expr)
        if word.endswith(":*"):
            return node.type.lower().startswith(word[:-2].lower()) or node.type.lower().endswith(word[:-2].lower())
        if word.islower() and word in ("module", "class", "function", "method", "import", "smallstmt", "stmt", "decorator", "node"):
            return kind(node) == word
        return node.type == word

    def passes(self, node, part):
        what = part[0]
        if what == "attribute":
            return self.compare(self.attribute(node, part[1]), part[2], part[3])
        if what == "field":
            return self.field_holds(node, *part[1:])
        if what == "role":
            return node.field == part[1]
        if what in ("is", "not"):
            return (node.number in self.query(part[1])) == (what == "is")
        if what == "has":
            return bool(self.path(part[1], node))
        if what == "inside":
            found = self.query(part[1])
            return any(a.number in found for a in node.ancestors())
        if what == "in-scope":
            scope = next((a for a in node.ancestors() if isinstance(a.real, DEFS + (ast.ClassDef, ast.Lambda, ast.Module))), None)
            return scope is not None and scope.number in self.query(part[1])
        if what == "follows":
            return any(self.nodes[n].end <= node.number for n in self.query(part[1]))
        if what == "precedes":
            return any(n >= node.end for n in self.query(part[1]))
        if what == "nth-child":
            return siblings(node).index(node) + 1 == part[1]
        if what == "nth-last-child":
            return len(siblings(node)) - siblings(node).index(node) == part[1]
        return self.simple(node, what, part)

    def simple(self, node, what, part):
        real = node.real
        word = name(node) or ""
        is_dunder = len(word) > 4 and word.startswith("__") and word.endswith("__")
        return {"first-child": lambda: siblings(node)[0] is node, "last-child": lambda: siblings(node)[-1] is node,
                "only-child": lambda: len(siblings(node)) == 1, "empty": lambda: not node.children, "root": lambda: node.parent is None,
                "async": lambda: isinstance(real, (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith)) or
                         bool(getattr(real, "is_async", 0)),
                "generator": lambda: isinstance(real, DEFS + (ast.Lambda,)) and own_yield(node),
                "decorated": lambda: any(part[1:] in ((), (said_by_decorator(d),)) for d in getattr(real, "decorator_list", [])),
                "dunder": lambda: is_dunder, "private": lambda: word.startswith("_") and not is_dunder,
                "has-docstring": lambda: docstring(node) is not None}[what]()

    def reach(self, left, combinator):
        if combinator is None:
            return self.nodes if left is None else list(descendants(left))
        if combinator == " ":
            return list(descendants(left))
        if combinator in (">", "/"):
            return left.children
        beside = siblings(left)
        at = beside.index(left)
        return beside[at + 1:at + 2] if combinator == "+" else beside[at + 1:]

    def step(self, lefts, combinator, compound, class_left):
        word, parts = compound
        found = set()
        for left in lefts:
            some = []
            for node in self.reach(left, combinator):
                if self.typed(node, word) or (word == "function" and class_left and combinator in (" ", ">", "/", None) and
                                              kind(node) == "method"):
                    some.append(node)
            some.sort(key=lambda node: node.number)
            for part in parts:
                if part[0] == "position":
                    index = part[1]
                    some = some[index:index + 1] if index >= 0 else some[len(some) + index:len(some) + index + 1] if -index <= len(some) else []
                else:
                    some = [node for node in some if self.passes(node, part)]
            found.update(node.number for node in some)
        return found

    def path(self, steps, anchor=None):
        """steps: [(combinator, compound)]; the first combinator is None from the file."""
        lefts = [anchor]
        class_left = anchor is not None and steps[0][2]
        for combinator, compound, _ in steps:
            combinator = " " if combinator is None and anchor is not None else combinator
            found = self.step(lefts, combinator, compound, class_left)
            lefts = [self.nodes[n] for n in sorted(found)]
            class_left = compound[0] in ("class", "ClassDef")
        return set(n.number for n in lefts)

    def query(self, query):
        key = repr(query)
        if key not in self.memo:
            self.memo[key] = set().union(*(self.path(steps) for steps in query))
        return self.memo[key]


# ---- Selectors made at random -------------------------------------------------------------------------------------------

def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")


def write_part(part):
    what = part[0]
    if what == "attribute":
        return "[%s]" % part[1] if part[2] is None else "[%s%s%s]" % (part[1], part[2], quoted(str(part[3])))
    if what == "field":
        return "[.%s]" % part[1] if part[2] is None else "[.%s%s%s]" % (part[1], part[2], quoted(str(part[3])))
    if what == "role":
        return "." + part[1]
    if what == "position":
        return ":first" if part[1] == 0 else ":last" if part[1] == -1 else ":nth(%d)" % part[1] if part[1] > 0 else "[%d]" % part[1]
    if what in ("is", "not", "inside", "in-scope", "follows", "precedes"):
        return ":%s(%s)" % (what, write_query(part[1]))
    if what == "has":
        return ":has(%s)" % write_path(part[1])
    if what in ("nth-child", "nth-last-child"):
        return ":%s(%d)" % part
    if what == "decorated" and len(part) > 1:
        return ":decorated(%s)" % quoted(part[1])
    return ":" + what


def write_path(steps):
    text = ""
    for combinator, (word, parts), _ in steps:
        if combinator == " ":
            text += " " if text else ""
        elif combinator is not None:
            text += " %s " % combinator if text else combinator + " "
        text += word + "".join(map(write_part, parts))
    return text


def write_query(query):
    return ", ".join(map(write_path, query))


class Maker:
    WORDS = ["*", "class", "function", "method", "import", "smallstmt", "stmt", "decorator", "node", "def", "statement", "expression"]

    def __init__(self, world, chance):
        self.world, self.chance = world, chance

    def attribute(self):
        chance, node = self.chance, self.chance.choice(self.world.nodes)
        attribute = chance.choice(["name", "type", "kind", "start_line", "end_line", "start_col", "end_col", "depth", "children_count",
                                   "args_count", "line_count", "module", "docstring", "code", "qualname", "node_id"] +
                                  (["fqn"] if len(self.world.nodes) < 1500 else []))
        value = self.world.attribute(node, attribute)
        for _ in range(20):
            if value is not None:
                break
            node = chance.choice(self.world.nodes)
            value = self.world.attribute(node, attribute)
        if value is None or chance.random() < 0.1:
            return ("attribute", attribute, None, None)
        return ("attribute", attribute) + self.operand(str(value))

    def operand(self, value):
        chance = self.chance
        if re.fullmatch(r"-?\d{1,15}", value) and chance.random() < 0.6:
            return (chance.choice(["<", "<=", ">", ">=", "=", "!="]), value)
        if len(value) > 60:
            at = chance.randrange(len(value) - 20)
            return (chance.choice(["~=", "*=", "^=", "$="]), value[at:at + chance.randrange(1, 20)])
        operator = chance.choice(["=", "!=", "~=", "*=", "^=", "$="])
        if operator not in ("=", "!=") and value:
            value = value[:chance.randrange(1, len(value) + 1)]
        return (operator, value)

    def field(self):
        chance = self.chance
        for _ in range(50):
            node = chance.choice(self.world.nodes)
            if not node.real._fields:
                continue
            field = chance.choice(node.real._fields)
            value = getattr(node.real, field, None)
            if field in ("type_comment", "type_ignores"):
                continue
            item = chance.choice(value) if isinstance(value, list) and value else value
            text = plain(item) if not isinstance(item, ast.AST) else code(Node(item, None, None, 0, 0), self.world.lines)
            if text and len(text) < 200 and not isinstance(item, (float, complex, bytes, int)) and item is not ...:
                return ("field", field) + self.operand(text)
            return ("field", field, None, None)
        return ("field", "body", None, None)

    def part(self, depth):
        chance = self.chance
        roll = chance.random()
        if roll < 0.30:
            return self.attribute()
        if roll < 0.40:
            return self.field()
        if roll < 0.48:
            node = chance.choice(self.world.nodes[1:] or self.world.nodes)
            return ("role", node.field or "body")
        if roll < 0.56:
            return ("position", chance.choice([0, 0, -1, -1, 1, 2, -2]))
        if roll < 0.74 and depth > 0:
            what = chance.choice(["is", "not", "inside", "in-scope", "follows", "precedes", "has", "has"])
            if what == "has":
                return ("has", self.path(depth - 1, True))
            return (what, self.query(depth - 1))
        if roll < 0.80:
            return (chance.choice(["nth-child", "nth-last-child"]), chance.randrange(1, 4))
        if roll < 0.84:
            named = [said_by_decorator(n.real) for n in self.world.nodes if n.field == "decorator_list"]
            named = [text for text in named if text]
            return ("decorated", chance.choice(named)) if named and chance.random() < 0.7 else ("decorated",)
        return (chance.choice(["first-child", "last-child", "only-child", "empty", "root", "async", "generator", "dunder", "private",
                               "has-docstring"]),)

    def compound(self, depth):
        chance = self.chance
        roll = chance.random()
        word = chance.choice(self.WORDS) if roll < 0.5 else chance.choice(self.world.nodes).type if roll < 0.9 else \
            chance.choice(["Async:*", "Def:*", "Comp:*", "Match:*", "For:*"])
        if not any(self.world.typed(node, word) for node in self.world.nodes) and word.endswith(":*"):
            word = "*"
        parts = [self.part(depth) for _ in range(chance.choice([0, 0, 1, 1, 1, 2]))]
        if word.lower() in ("import", "module", "class", "expression", "set"):
            word = {"Import": "import", "Module": "module", "Expression": "expression"}.get(word, word)
        return (word, parts)

    def path(self, depth, relative=False):
        chance = self.chance
        steps = []
        for i in range(chance.choice([1, 1, 2, 2, 3])):
            combinator = chance.choice([" ", " ", ">", "/", "+", "~"])
            if i == 0:
                combinator = None if not relative else combinator if combinator != "/" else ">"
            steps.append((combinator, self.compound(depth), False))
        return steps

    def query(self, depth):
        return [self.path(depth) for _ in range(self.chance.choice([1, 1, 1, 2]))]


def mark_class_anchors(query):
    """`function` behind `class:has(` means methods, too: told to the paths in :has."""
    for steps in query:
        for combinator, (word, parts), _ in steps:
            for i, part in enumerate(parts):
                if part[0] == "has":
                    first = part[1][0]
                    part[1][0] = (first[0], first[1], word in ("class", "ClassDef"))
                    mark_class_anchors([part[1]])
                elif part[0] in ("is", "not", "inside", "in-scope", "follows", "precedes"):
                    mark_class_anchors(part[1])


# ---- codedb -----------------------------------------------------------------------------------------------------------

@ffi.callback("int(void *, const char *, size_t)")
def collect_bytes(handle, data, length):
    ffi.from_handle(handle).append(ffi.buffer(data, length)[:])
    return 0


def ast_json(source):
    options, pieces = new("codedb_parse_options"), []
    options.target_version = VERSION
    if library.codedb_ast_from_source(source, len(source), options, collect_bytes, keep(pieces), ffi.NULL):
        return None
    return b"".join(pieces)


_kept = []


def keep(pieces):
    handle = ffi.new_handle(pieces)
    _kept[:] = [handle]
    return handle


def ask(data, source, selector):
    options, filter, result = new("codedb_ast_options"), new("codedb_filter"), new("codedb_result")
    nodes = ffi.new("codedb_nodes **")
    text, kept = ffi.new("char[]", selector.encode()), ffi.from_buffer(source)
    filter.selector, options.source, options.source_length = text, kept, len(source)
    if library.codedb_ast_json_query(data, len(data), options, filter, nodes, result):
        message = text_of(result.description)
        library.codedb_result_clear(result)
        return message
    found = [text_of(nodes[0].items[i].node_id) for i in range(nodes[0].count)]
    library.codedb_free(nodes[0])
    return found


ACTIONS = {"replace": 0, "delete": 1, "before": 2, "after": 3}


def edit(data, node_id, action, code):
    edit, result = new("codedb_edit"), new("codedb_result")
    report = ffi.new("codedb_edit_report **")
    selector = ffi.new("char[]", ('*[node_id="%s"]' % node_id).encode())
    edit.filter.struct_size, edit.filter.selector, edit.action = ffi.sizeof("codedb_filter"), selector, ACTIONS[action]
    texts = [ffi.new("char[]", code)] if code is not None else []
    codes = ffi.new("char *[]", texts) if texts else ffi.NULL
    edit.code, edit.code_count = ffi.cast("char const *const *", codes), len(texts)
    if library.codedb_ast_json_edit(data, len(data), ffi.NULL, edit, 1, report, result):
        message = text_of(result.description)
        library.codedb_result_clear(result)
        return None, message
    made = ffi.buffer(report[0].source, report[0].source_length)[:]
    library.codedb_free(report[0])
    return made, None


# ---- Edits made at random ---------------------------------------------------------------------------------------------

def forms(form, found):
    """Every node of the JSON in pre-order."""
    if isinstance(form, dict):
        if "_type" in form:
            found.append(form)
        for value in form.values():
            forms(value, found)
    elif isinstance(form, list):
        for item in form:
            forms(item, found)
    return found


def change(world_nodes, node, action, made):
    """The same on Python's nodes; a text: why it cannot be."""
    if action != "replace" and node.parent is not None and isinstance(node.parent.real, ast.Expr):
        node = node.parent
    holder = getattr(node.parent.real, node.field)
    if not isinstance(holder, list):
        if action in ("before", "after"):
            return "no list"
        if action == "delete" and (type(node.parent.real).__name__, node.field) not in OPTIONAL:
            return "required"
        setattr(node.parent.real, node.field, made if action == "replace" else None)
        return None
    if action == "replace":
        holder[node.index] = made
    elif action == "delete":
        del holder[node.index]
        if isinstance(node.parent.real, (ast.Import, ast.ImportFrom)) and not holder:
            return change(world_nodes, node.parent, "delete", None)
        if not holder and node.field == "body" and isinstance(node.real, ast.stmt) and not isinstance(node.parent.real, ast.Module):
            holder.append(ast.Pass())
    else:
        holder.insert(node.index + (action == "after"), made)
    return None


OPTIONAL = {("FunctionDef", "returns"), ("AsyncFunctionDef", "returns"), ("Return", "value"), ("AnnAssign", "value"), ("Raise", "exc"),
            ("Raise", "cause"), ("Assert", "msg"), ("Yield", "value"), ("FormattedValue", "format_spec"), ("Slice", "lower"),
            ("Slice", "upper"), ("Slice", "step"), ("ExceptHandler", "type"), ("arguments", "vararg"), ("arguments", "kwarg"),
            ("arg", "annotation"), ("withitem", "optional_vars"), ("match_case", "guard"), ("MatchAs", "pattern"),
            ("TypeVar", "bound"), ("TypeVar", "default_value"), ("ParamSpec", "default_value"), ("TypeVarTuple", "default_value")}


def base_of(real):
    return next(kind for kind in type(real).__mro__ if kind.__mro__[1] is ast.AST)


def compiles(tree):
    try:
        compile(ast.fix_missing_locations(tree), "f", "exec")
        return None
    except (SyntaxError, ValueError, TypeError) as error:
        return str(error)


# Of these CPython's compiler takes any object that has their fields: an Attribute for a keyword, which has a `value`, too.
UNCHECKED = (ast.alias, ast.arg, ast.arguments, ast.comprehension, ast.keyword, ast.withitem, getattr(ast, "match_case", ast.alias))


def one_edit(data, chance):
    form = json.loads(data)
    tree = json.loads(data, object_hook=restore)
    nodes = collect(tree)
    node = chance.choice(nodes[1:])
    action = chance.choice(list(ACTIONS))
    made = None
    code = None
    if action != "delete":
        lifted = action != "replace" and isinstance(node.parent.real, ast.Expr)
        wanted = base_of((node.parent if lifted else node).real)
        others = [n for n in nodes if base_of(n.real) is wanted and n.end - n.number < 200]
        other = chance.choice(others if others and chance.random() < 0.9 else nodes[1:])
        code = json.dumps(forms(form, [])[other.number]).encode()
        made = json.loads(code, object_hook=restore)
    got, message = edit(data, node.node_id, action, code)
    problem = change(nodes, node, action, made)
    if got is None:
        is_another = isinstance(made, ast.AST) and type(made) is not type(node.real)
        if problem is None and not (is_another and isinstance(node.real, UNCHECKED)) and compiles(tree) is None:
            return "refused, but compiles: %s" % message
        return None
    if problem is not None:
        return "made, though %s" % problem
    expected = ast.dump(tree, include_attributes=True)
    found = ast.dump(json.loads(got, object_hook=restore), include_attributes=True)
    return None if found == expected else "differs: %s %s\n%s\n%s" % (action, node.node_id, expected[:2000], found[:2000])


# ---- The run ----------------------------------------------------------------------------------------------------------

def load(path):
    with open(path, "rb") as file:
        source = file.read()
    try:
        source.decode("utf-8")
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    if b"\r" in source or b"\f" in source or source.startswith(b"\xef\xbb\xbf"):
        return None
    data = ast_json(source)
    if data is None or sum(1 for _ in ast.walk(tree)) > LARGEST:
        return None
    return World(tree, source), source, data


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.randrange(10 ** 9))
    parser.add_argument("--selectors", type=int, default=5000)
    parser.add_argument("--edits", type=int, default=2000)
    parser.add_argument("paths", nargs="+")
    given = parser.parse_args()
    chance = random.Random(given.seed)
    paths = sorted(os.path.join(folder, one) for path in given.paths for folder, _, names in os.walk(path) for one in names
                   if one.endswith(".py") and "site-packages" not in folder and "lib2to3" not in folder) + \
        [path for path in given.paths if os.path.isfile(path)]
    chance.shuffle(paths)
    asked = answers = edits = differences = 0
    for path in paths:
        if asked >= given.selectors and edits >= given.edits:
            break
        loaded = load(path)
        if loaded is None:
            continue
        world, source, data = loaded
        for _ in range(50 if asked < given.selectors else 0):
            query = Maker(world, chance).query(2)
            mark_class_anchors(query)
            selector = write_query(query)
            found = ask(data, source, selector)
            expected = [world.nodes[n].node_id for n in sorted(world.query(query))]
            asked += 1
            answers += len(expected)
            if found != expected:
                differences += 1
                print("%s\n  %s\n  expected %s\n  found    %s" % (path, selector, expected[:10], found[:10] if isinstance(found, list) else found))
            world.memo.clear()
        for _ in range(20 if edits < given.edits and len(world.nodes) < 3000 and len(world.nodes) > 1 else 0):
            problem = one_edit(data, chance)
            edits += 1
            if problem is not None:
                differences += 1
                print("%s\n  edit %s" % (path, problem))
    print("%d selectors with %d nodes, %d edits, Python %d.%d: %d differences (--seed %d)" %
          (asked, answers, edits, *divmod(VERSION, 100), differences, given.seed))
    return differences > 0


if __name__ == "__main__":
    sys.exit(main())
