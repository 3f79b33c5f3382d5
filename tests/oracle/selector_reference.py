"""What selectors mean, told a second time: an evaluator over LibCST's own trees, written from docs/selectors.md.

It shares nothing with codedb. It is slow and says things the obvious way: a step is tried from every left node on its own, a
condition is asked of every node again. Selectors of the default dialect are trees of Python tuples (compare_selectors.py makes
them together with their text); those of the reference dialect are read from their text here, too.
"""
import dataclasses
import re

import lark
import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

WHITESPACE = {"SimpleWhitespace", "Newline", "Comment", "TrailingWhitespace", "EmptyLine", "ParenthesizedWhitespace"}
PUNCTUATION = {"Semicolon", "Colon", "Comma", "Dot", "AssignEqual", "LeftParen", "RightParen", "LeftSquareBracket",
               "RightSquareBracket", "LeftCurlyBrace", "RightCurlyBrace"}
INSIGNIFICANT = WHITESPACE | PUNCTUATION
LOOKED_THROUGH = {"IndentedBlock", "SimpleStatementSuite", "SimpleStatementLine"}
KIND_WORDS = ["module", "class", "function", "method", "import", "smallstmt", "stmt", "node", "decorator"]
PARAMETER_FIELDS = {"posonly_params", "params", "star_arg", "kwonly_params", "star_kwarg"}
ALL_TYPES = sorted({name for name, value in vars(cst).items() if isinstance(value, type) and issubclass(value, cst.CSTNode)
                    and not name.startswith("Base") and name not in ("CSTNode",)})


class Node:
    __slots__ = ("index", "cst", "type", "parent", "children", "field", "start", "end", "behind", "depth", "kind", "name", "qualname",
                 "positioned")


class Tree:
    """The nodes of a source in pre-order. A node's `behind` is the index behind its subtree."""

    def __init__(self, source):
        wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
        self.module = wrapper.module
        self.lines = source.split("\n")
        self.nodes = []
        self.where = wrapper.resolve(PositionProvider)
        self.classes, self.functions, self.codes = [], [], {}
        self.reproduces = self.module.code == source
        self.add(self.module, None, None)

    def add(self, node, parent, field):
        made = Node()
        made.index, made.cst, made.type, made.parent, made.field = len(self.nodes), node, type(node).__name__, parent, field
        made.children, made.depth = [], 0 if parent is None else parent.depth + 1
        position = self.where.get(node)
        made.positioned = position is not None
        made.start = (position.start.line, position.start.column) if position else (0, 0)
        made.end = (position.end.line, position.end.column) if position else (0, 0)
        self.describe(made)
        self.nodes.append(made)
        roles = {}
        for each in dataclasses.fields(node):
            value = getattr(node, each.name)
            for part in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(part, cst.CSTNode):
                    roles[id(part)] = each.name
        stack = self.classes if made.type == "ClassDef" else self.functions if made.type == "FunctionDef" else None
        if stack is not None:
            stack.append(made.name)
        for child in node.children:
            made.children.append(self.add(child, made, roles[id(child)]))
        if stack is not None:
            stack.pop()
        made.behind = len(self.nodes)
        return made

    def describe(self, made):
        node = made.cst
        made.name = node.name.value if made.type in ("FunctionDef", "ClassDef") else node.value if made.type == "Name" else None
        if made.type == "Module":
            made.kind = "module"
        elif made.type == "Decorator":
            made.kind = "decorator"
        elif made.type == "ClassDef":
            made.kind = "class"
        elif made.type == "FunctionDef":
            made.kind = "method" if self.classes else "function"
        elif made.type in ("Import", "ImportFrom"):
            made.kind = "import"
        elif isinstance(node, cst.BaseSmallStatement):
            made.kind = "smallstmt"
        else:
            made.kind = "stmt" if isinstance(node, cst.BaseStatement) else "node"
        if made.type == "ClassDef":
            made.qualname = ".".join(self.classes + [made.name])
        elif made.type == "FunctionDef":
            made.qualname = ".".join((self.classes or self.functions[:-1]) + [made.name])
        else:
            made.qualname = ".".join(self.classes + self.functions) or None

    def code(self, node):
        """None where LibCST cannot write the node alone."""
        if node.index not in self.codes:
            try:
                self.codes[node.index] = self.module.code_for_node(node.cst)
            except Exception:
                self.codes[node.index] = None
        return self.codes[node.index]

    def text(self, start, end):
        if end[0] > len(self.lines):  # behind a newline that the source does not have
            end = len(self.lines), len(self.lines[-1])
        if start[0] == end[0]:
            return self.lines[start[0] - 1][start[1]:end[1]]
        middle = self.lines[start[0]:end[0] - 1]
        return "\n".join([self.lines[start[0] - 1][start[1]:]] + middle + [self.lines[end[0] - 1][:end[1]]])


def compare(value, operator, operand, ignore_case=False):
    """`value` is a str; the operators of both dialects, and `=/` and `!=/` for regular expressions."""
    if operator.endswith("/"):
        found = re.search(operand, value, re.IGNORECASE if ignore_case else 0) is not None
        return found == (operator == "=/")
    if operator in ("<", "<=", ">", ">="):
        try:
            left, right = int(value), int(operand)
        except ValueError:
            return False
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
    if ignore_case:
        value, operand = value.lower(), operand.lower()
    if operator == "=":
        return value == operand
    if operator == "!=":
        return value != operand
    if operator in ("~=", "*="):
        return operand in value
    return value.startswith(operand) if operator == "^=" else value.endswith(operand)


# ---- The default dialect -------------------------------------------------------------------------------------------
#
# query: [path]; path: (lead, [(combinator, compound)]), lead None, "//" or "/"
# compound: (type, [part]); type: None, "*", ("name", X), ("affix", X), ("group", query)
# part: ("attribute", name, operator, value, ignore_case), ("has-attribute", name), ("path", [field], operator, value),
#       ("role", field), ("position", index), ("not" | "is" | "has" | "inside" | "in-scope" | "follows" | "precedes", query),
#       ("nth-child", a, b, from_end, query or None), ("only-child",), ("simple", name)

class TooManyWays(Exception):
    pass


class Default:
    def __init__(self, tree):
        self.tree = tree
        self.nodes = tree.nodes
        self.lists = {}
        self.remembered = {}

    # -- lists of siblings

    def siblings(self, node):
        """The list that the node stands in, itself included."""
        if node.parent is None:
            return [node]
        parent = node.parent
        if parent.type == "SimpleStatementLine" and node.field == "body":
            return self.statements(parent.parent)
        if parent.type in ("Module", "IndentedBlock", "SimpleStatementSuite") and node.field == "body":
            return [c for c in parent.children if c.field == "body"] if node.type == "SimpleStatementLine" else self.statements(parent)
        if parent.type == "Parameters" and node.field in PARAMETER_FIELDS:
            return [c for c in parent.children if c.field in PARAMETER_FIELDS]
        if parent.type == "ClassDef" and node.field in ("bases", "keywords"):
            return [c for c in parent.children if c.field in ("bases", "keywords")]
        return [c for c in parent.children if c.field == node.field]

    def statements(self, block):
        found = []
        for child in block.children:
            if child.field == "body":
                found += [c for c in child.children if c.field == "body"] if child.type == "SimpleStatementLine" else [child]
        return found

    # -- where a combinator leads

    def logical_children(self, node):
        for child in node.children:
            yield child
            if child.type in LOOKED_THROUGH:
                yield from self.logical_children(child)

    def reached(self, node, combinator):
        if combinator in (" ", "//"):
            return self.nodes[node.index + 1:node.behind]
        if combinator == "/":
            return node.children
        if combinator == ">":
            return list(self.logical_children(node))
        siblings = self.siblings(node)
        behind = siblings[siblings.index(node) + 1:]
        return behind[:1] if combinator == "+" else behind

    # -- types

    def has_type(self, node, type_, after_class):
        if type_ is None or type_ == "*":
            return node.type not in INSIGNIFICANT
        if type_[0] == "group":
            return node.index in self.query(type_[1])
        word = type_[1].lower()
        if word in KIND_WORDS:
            if word == "node" and node.type in INSIGNIFICANT:
                return False
            return node.kind == word or (after_class and type_[0] == "name" and word == "function" and node.kind == "method")
        if type_[0] == "affix":
            return node.type.lower().startswith(word) or node.type.lower().endswith(word)
        if word == "def":
            return node.type == "FunctionDef"
        if word == "statement":
            return isinstance(node.cst, (cst.BaseSmallStatement, cst.BaseStatement))
        if word == "expression":
            return isinstance(node.cst, cst.BaseExpression)
        return node.type.lower() == word

    # -- attributes

    def attribute(self, node, name):
        if name == "name":
            own = getattr(node.cst, "name", None)
            if node.name is not None or not isinstance(own, cst.CSTNode):
                return node.name
            return self.tree.module.code_for_node(own.name if isinstance(own, cst.AsName) else own)
        if name in ("type", "kind", "qualname", "depth"):
            return getattr(node, name)
        if name in ("start_line", "end_line", "start_col", "end_col"):
            return getattr(node, name.split("_")[0])[name.endswith("col")]
        if name == "children_count":
            return sum(child.type not in INSIGNIFICANT for child in node.children)
        if name == "line_count":
            return node.end[0] - node.start[0] + (1 if node.end[1] > 0 or node.end[0] == node.start[0] else 0)
        if name == "args_count":
            if node.type == "Call":
                return len(node.cst.args)
            if node.type not in ("FunctionDef", "Lambda"):
                return None
            params = node.cst.params
            return (len(params.params) + len(params.posonly_params) + len(params.kwonly_params) +
                    isinstance(params.star_arg, cst.Param) + (params.star_kwarg is not None))
        if name == "module":
            is_from = node.type in ("ImportFrom", "LazyImportFrom")
            return self.tree.module.code_for_node(node.cst.module) if is_from and node.cst.module else None
        if name == "docstring":
            return node.cst.get_docstring() if node.type in ("Module", "ClassDef", "FunctionDef") else None
        assert name == "code"
        return self.tree.text(node.start, node.end)

    def path_values(self, value, path):
        """Texts at the end of a path of fields; every element of a sequence counts."""
        if not path:
            if isinstance(value, cst.CSTNode):
                yield self.tree.module.code_for_node(value)
            elif isinstance(value, str):
                yield value
            return
        field = getattr(value, path[0], None) if isinstance(value, cst.CSTNode) else None
        for part in field if isinstance(field, (list, tuple)) else [field]:
            yield from self.path_values(part, path[1:])

    # -- conditions of one node

    def scope(self, node):
        around = node.parent
        while around is not None and around.type not in ("FunctionDef", "Lambda", "ClassDef", "Module"):
            around = around.parent
        return around

    def is_generator(self, node):
        if node.type not in ("FunctionDef", "Lambda"):
            return False

        def own(below):
            for child in below.children:
                if child.type == "Yield":
                    return True
                if child.type in ("FunctionDef", "Lambda", "ClassDef"):
                    if any(each.type == "Yield" or own(each) for each in child.children if each.field != "body"):
                        return True
                elif own(child):
                    return True
            return False
        return any(child.field == "body" and (child.type == "Yield" or own(child) or self.definition_yields(child, own))
                   for child in node.children)

    def definition_yields(self, child, own):
        """A lambda's body that is itself a lambda: its defaults belong outside."""
        if child.type not in ("FunctionDef", "Lambda", "ClassDef"):
            return False
        return any(each.type == "Yield" or own(each) for each in child.children if each.field != "body")

    def simple(self, node, name):
        if name in ("root", "scope"):
            return node.parent is None
        if name == "empty":
            return all(child.type in INSIGNIFICANT for child in node.children)
        if name == "async":
            return getattr(node.cst, "asynchronous", None) is not None
        if name == "decorated":
            return bool(getattr(node.cst, "decorators", ()))
        if name == "has-docstring":
            return self.attribute(node, "docstring") is not None
        if name == "generator":
            return self.is_generator(node)
        text = self.attribute(node, "name")
        dunder = text is not None and len(text) > 4 and text.startswith("__") and text.endswith("__")
        return dunder if name == "dunder" else bool(text) and text.startswith("_") and not dunder

    def passes(self, node, part, after_class):
        what = part[0]
        if what == "capture":
            return True
        if what == "attribute":
            value = self.attribute(node, part[1])
            return value is not None and compare(str(value), part[2], part[3], part[4])
        if what == "has-attribute":
            return self.attribute(node, part[1]) is not None
        if what == "path":
            return any(text and (part[2] is None or compare(text, part[2], part[3])) for text in self.path_values(node.cst, part[1]))
        if what == "role":
            return node.field == part[1]
        if what == "simple":
            return self.simple(node, part[1])
        if what == "is":
            return node.index in self.query(part[1])
        if what == "not":
            return node.index not in self.query(part[1])
        if what == "has":
            return any(self.steps({node.index}, path[1], after_class) for path in part[1])
        if what == "inside":
            found, around = self.query(part[1]), node.parent
            while around is not None and around.index not in found:
                around = around.parent
            return around is not None
        if what == "in-scope":
            around = self.scope(node)
            return around is not None and around.index in self.query(part[1])
        if what == "follows":
            return any(node.index >= self.nodes[other].behind for other in self.query(part[1]))
        if what == "precedes":
            return any(node.behind <= other for other in self.query(part[1]))
        siblings = self.siblings(node)
        if what == "only-child":
            return len(siblings) == 1
        a, b, from_end, of = part[1:]
        if of is not None:
            counted = self.query(of)
            siblings = [each for each in siblings if each.index in counted]
        if node not in siblings:
            return False
        number = len(siblings) - siblings.index(node) if from_end else siblings.index(node) + 1
        return number == b if a == 0 else (number - b) % a == 0 and (number - b) // a >= 0

    # -- paths

    def compound(self, reached, compound, after_class):
        """What is left of a list of nodes, conditions and positions from left to right."""
        type_, parts = compound
        is_class = isinstance(type_, tuple) and type_[0] == "name" and type_[1].lower() in ("class", "classdef")
        left = [node for node in reached if node.positioned and self.has_type(node, type_, after_class)]
        for part in parts:
            if part[0] == "position":
                left = left[part[1]:part[1] + 1 or None]
            else:
                left = [node for node in left if self.passes(node, part, is_class)]
        return left

    def steps(self, left, steps, after_class):
        for combinator, compound in steps:
            found = set()
            for index in sorted(left):
                reached = self.reached(self.nodes[index], combinator)
                found.update(node.index for node in self.compound(reached, compound, after_class and combinator in " ///>"))
            left = found
            after_class = isinstance(compound[0], tuple) and compound[0][0] == "name" and compound[0][1].lower() in ("class", "classdef")
        return left

    def path(self, path):
        lead, steps = path
        first = self.nodes[0].children if lead == "/" else self.nodes
        compound = steps[0][1]
        left = {node.index for node in self.compound(first, compound, False)}
        after_class = isinstance(compound[0], tuple) and compound[0][0] == "name" and compound[0][1].lower() in ("class", "classdef")
        return self.steps(left, steps[1:], after_class)

    # -- captures

    def ways(self, steps, step, node, known):
        """The ways on from a node of a step: (the last step's node, captures from here on, the last one first)."""
        key = (step, node.index)
        if key not in known:
            compound = steps[step][1]
            own = [node.index for part in compound[1] if part[0] == "capture"]
            if step + 1 == len(steps):
                found = {(node.index, tuple(own))}
            else:
                combinator, behind = steps[step + 1]
                after_class = isinstance(compound[0], tuple) and compound[0][0] == "name" and compound[0][1].lower() in ("class", "classdef")
                found = set()
                for each in self.compound(self.reached(node, combinator), behind, after_class and combinator in " ///>"):
                    found.update((last, captured + tuple(own)) for last, captured in self.ways(steps, step + 1, each, known))
                    if len(found) > 2000:
                        raise TooManyWays()
            known[key] = found
        return known[key]

    def bindings(self, query):
        """Rows of indexes: the node and its captures in the order of the text, None for those of other paths."""
        names = [[part[1] for _, compound in steps for part in compound[1] if part[0] == "capture"] for _, steps in query]
        rows = []
        for number, (lead, steps) in enumerate(query):
            known = {}
            before, behind = sum(map(len, names[:number])), sum(map(len, names[number + 1:]))
            if not names[number]:
                rows += [(index, -1, (), (None,) * (before + behind)) for index in self.path((lead, steps))]
                continue
            for node in self.compound(self.nodes[0].children if lead == "/" else self.nodes, steps[0][1], False):
                for last, captured in self.ways(steps, 0, node, known):
                    rows.append((last, number, captured, (None,) * before + captured[::-1] + (None,) * behind))
        plain = [number for number, path in enumerate(names) if not path]
        rows = {(last, plain[0] if number < 0 else number, captured, row) for last, number, captured, row in rows}
        return [(last,) + row for last, _, _, row in sorted(rows, key=lambda row: row[:3])]

    def query(self, query):
        key = id(query)
        if key not in self.remembered:
            self.remembered[key] = (query, set().union(*(self.path(path) for path in query)))
        return self.remembered[key][1]


# ---- The reference dialect -----------------------------------------------------------------------------------------

class SelectorError(Exception):
    pass


REFERENCE_WORDS = ["module", "class", "function", "method", "stmt", "smallstmt", "import", "node"]

# A value is in double quotes up to the first that is not escaped, or a bare word; which token may come decides what a character is.
REFERENCE_GRAMMAR = r"""
start: _steps
_steps: "//"? step (combinator? step)*
combinator: ">" -> child | "//" -> descendant
step: type predicate* pseudo* | predicate+ pseudo* | pseudo+
type: "*" | NAME AFFIX?
predicate: "[" "@"? NAME OPERATOR VALUE "]"
pseudo: ":" NAME ("(" argument ")")?
argument: INT | _steps
NAME: /[A-Za-z_][A-Za-z0-9_]*/
AFFIX: ":*"
OPERATOR: /[!~^$<>]?=|[<>]/
VALUE: /"(\\[^\n]|[^"\\\n])*"|[^\])\s]+/
INT: /[0-9]+/
%ignore /[ \t]+/
"""


class ReferenceSteps(lark.Transformer):
    """Steps: [(combinator, type or None, is affix, [(attribute, operator, value)], [(pseudo, argument)])]; an argument is None, an
    int, or steps again."""

    def VALUE(self, token):
        if len(token) >= 2 and token[0] == token[-1] and token[0] in "'\"":
            token = token[1:-1]
            try:
                token = token.encode("utf-8").decode("unicode_escape")
            except UnicodeDecodeError:
                pass
        return str(token)

    def predicate(self, parts):
        name, operator, value = parts
        return "predicate", (name.lower(), str(operator), value)

    def argument(self, parts):
        return int(parts[0]) if isinstance(parts[0], lark.Token) else self.start(parts)

    def pseudo(self, parts):
        name, argument = parts[0].lower(), parts[1] if len(parts) > 1 else None
        if name not in ("first", "last", "nth", "not") or (name == "nth" and not isinstance(argument, int)):
            raise SelectorError(":" + name)
        if name in ("first", "last") and isinstance(argument, int):
            raise SelectorError(":" + name)
        return "pseudo", (name, argument)

    def type(self, parts):
        return "type", (str(parts[0]) if parts else None, len(parts) > 1)

    def step(self, parts):
        type_, affix = parts[0][1] if parts[0][0] == "type" else (None, False)
        return (type_, affix, *([found for word, found in parts if word == wanted] for wanted in ("predicate", "pseudo")))

    def child(self, parts):
        return ">"

    def descendant(self, parts):
        return " "

    def start(self, parts):
        found, combinator = [], " "
        for part in parts:
            if isinstance(part, str):
                combinator = part
            else:
                found.append((combinator, *part))
                combinator = " "
        return found


REFERENCE_PARSER = lark.Lark(REFERENCE_GRAMMAR, parser="lalr", lexer="contextual")


def parse_reference(text):
    try:
        return ReferenceSteps().transform(REFERENCE_PARSER.parse(text))
    except lark.exceptions.VisitError as error:
        raise error.orig_exc
    except lark.exceptions.UnexpectedInput as error:
        raise SelectorError(str(error).split("\n")[0])


class Reference:
    def __init__(self, tree):
        self.tree = tree
        self.nodes = [node for node in tree.nodes if node.positioned]

    def attribute(self, node, name):
        if name in ("type", "kind", "name", "qualname"):
            return getattr(node, name)
        if name in ("start_line", "end_line"):
            return str((node.start if name == "start_line" else node.end)[0])
        if name == "children_count":
            return "0"
        if name == "module" and node.type == "ImportFrom":
            return self.tree.module.code_for_node(node.cst.module) if node.cst.module else ""
        return None

    def matches(self, node, step):
        _, type_, affix, predicates, pseudos = step
        if type_ is not None:
            word = type_.lower()
            if word in REFERENCE_WORDS:
                fits = node.kind == word
            elif affix:
                fits = node.type.lower().startswith(word) or node.type.lower().endswith(word)
            else:
                fits = node.type.lower() == word
            if not fits:
                return False
        for name, operator, value in predicates:
            own = self.attribute(node, name)
            if own is None or not compare(own, operator, value):
                return False
        arguments = [argument for name, argument in pseudos if name == "not"]
        return not arguments or not self.excludes(node, arguments[-1])

    def excludes(self, node, argument):
        if argument is None or isinstance(argument, int) or len(argument) > 1:
            return False
        step = argument[0]
        if any(name == "nth" and number >= 1 for name, number in step[4]):
            return False
        return self.matches(node, step)

    def query(self, steps):
        left = None
        for step in steps:
            found = [node for node in self.nodes if self.matches(node, step)]
            for name, argument in step[4]:
                if name == "first":
                    found = found[:1]
                elif name == "last":
                    found = found[-1:]
                elif name == "nth":
                    found = found[argument:argument + 1]
            if left is not None:
                found = [node for node in found if self.below(node, left, step[0])]
            left = {node.index for node in found}
        return left

    def below(self, node, left, combinator):
        around = node.parent
        if combinator == ">":
            return around is not None and around.index in left
        while around is not None and around.index not in left:
            around = around.parent
        return around is not None
