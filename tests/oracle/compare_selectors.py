"""Compares codedb's answers with selector_reference.py's, node for node, for thousands of selectors made at random.

    compare_selectors.py QUERY_SERVER [--seed N] [--count N] PATH...

Each file gets `count` selectors of each dialect. Exit status 0: no difference.
"""
import argparse
import random
import subprocess
import sys
import threading
import time

import selector_reference as oracle


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen([command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, what, data):
        self.process.stdin.write(b"%s%d\n%s" % (what, len(data), data))
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode().strip()
        if line == "" and self.process.poll() is not None:
            raise SystemExit("the server died of %r" % data)
        return line

    def source(self, data):
        return self.send(b"S", data) == "OK"

    def query(self, dialect, selector):
        """A list of lines, or the error's text."""
        line = self.send(dialect, selector.encode())
        if line == "ERROR":
            return self.process.stdout.readline().decode().strip()
        return [self.process.stdout.readline().decode().strip() for _ in range(int(line))]


def lines(tree, indexes, with_code=False):
    found = []
    for index in sorted(indexes):
        node = tree.nodes[index]
        found.append("%s %d:%d-%d:%d" % ((node.type,) + node.start + node.end))
        if with_code:
            code = tree.code(node)
            found[-1] += " ?" if code is None else (" " + code.encode().hex()).rstrip()
    return found


def rows(tree, bindings):
    """The same for rows with captures, in their order."""
    def place(index):
        node = tree.nodes[index] if index is not None else None
        return "-" if node is None else "%s %d:%d-%d:%d" % ((node.type,) + node.start + node.end)
    return [" ".join(map(place, row)) for row in bindings]


def are_same(wanted, got):
    if isinstance(wanted, str) or isinstance(got, str):
        return type(wanted) is type(got)
    return len(wanted) == len(got) and all(a == b or (a.endswith(" ?") and b.startswith(a[:-2])) for a, b in zip(wanted, got))


# ---- The default dialect: a selector and its text are made together

QUERIES = ["is", "not", "inside", "in-scope", "follows", "precedes"]
SIMPLE = ["empty", "root", "async", "generator", "decorated", "dunder", "private", "has-docstring"]
NUMBERS = ["start_line", "end_line", "start_col", "end_col", "depth", "children_count", "line_count", "args_count"]
TEXTS = ["name", "type", "kind", "qualname", "module", "docstring", "code"]
PATHS = ["func", "test", "value", "target.value", "annotation.annotation", "returns.annotation", "params.params.name", "args.value",
         "args.keyword", "name", "asname.name", "attr", "func.value", "func.attr", "left", "comparisons.comparator",
         "params.params.default", "decorators.decorator", "value.func", "targets.target", "star", "asynchronous", "names.name"]
ROLES = ["func", "test", "value", "body", "orelse", "args", "params", "name", "target", "left", "right", "operator", "decorators",
         "bases", "elements", "slice", "handlers", "default", "attr", "annotation", "returns", "names", "targets"]
WORDS = ["module", "class", "function", "method", "import", "smallstmt", "stmt", "node", "decorator", "def", "statement",
         "expression", "ClassDef", "FunctionDef"]


class Maker:
    def __init__(self, tree, rng):
        self.tree, self.rng, self.captures = tree, rng, 0
        self.default = oracle.Default(tree)
        self.types = sorted({node.type for node in tree.nodes})

    def space(self, optional=True):
        return self.rng.choice(["", " ", " ", "\n", "\t "] if optional else [" ", "  ", "\n"])

    def quoted(self, value):
        if value and value.replace("_", "a").isalnum() and value.isascii() and self.rng.random() < 0.3:
            return value
        quote = self.rng.choice("'\"")
        text = value.replace("\\", "\\\\").replace(quote, "\\" + quote)
        return quote + (text.replace("\n", "\\n") if self.rng.random() < 0.5 else text) + quote

    def some_value(self, name):
        """A value that some node has, whole or in part, or nearly."""
        for _ in range(20):
            value = self.default.attribute(self.rng.choice(self.tree.nodes), name)
            if value is not None and len(str(value)) < 60:
                value = str(value)
                start = self.rng.randrange(len(value) + 1)
                return self.rng.choice([value, value, value[:start], value[start:], value.upper()])
        return "x"

    def type(self, depth):
        roll = self.rng.random()
        if roll < 0.12:
            return "*", "*"
        if roll < 0.4:
            word = self.rng.choice(WORDS)
        elif roll < 0.5:
            word = self.rng.choice(["Def", "Import", "Function", "Line", "Name", "Assign", "module", "class", "node", "Comp"])
            return ("affix", word), word + self.space() + ":*"
        elif roll < 0.58 and depth > 0:
            query, text = self.query(depth - 1)
            return ("group", query), "(" + self.space() + text + self.space() + ")"
        else:
            word = self.rng.choice([self.rng.choice(self.types), self.rng.choice(self.tree.nodes).type])
        return ("name", word), self.rng.choice([word, word, word.lower(), word.upper()])

    def attribute(self):
        if self.rng.random() < 0.25:
            path = self.rng.choice(PATHS)
            if self.rng.random() < 0.4:
                return ("path", path.split("."), None, None), "[%s%s]" % (self.rng.choice(["", "@", " "]) + (
                    "." if "." not in path else self.rng.choice([".", ""])), path)
            operator = self.rng.choice(["=", "!=", "~=", "^=", "$="])
            value = self.some_value("name") if self.rng.random() < 0.7 else self.rng.choice(["self", "None", "*", "x"])
            return ("path", path.split("."), operator, value), "[.%s%s%s]" % (path, operator, self.quoted_only(value))
        if self.rng.random() < 0.4:
            name = self.rng.choice(NUMBERS)
            operator = self.rng.choice(["<", "<=", ">", ">=", "=", "!=", "^="])
            value = str(self.rng.choice([0, 1, 2, 3, 5, 8, 10, 20, 50, 100]))
            return ("attribute", name, operator, value, False), "[%s%s%s%s%s]" % (name, self.space(), operator, self.space(),
                                                                              self.quoted(value))
        name = self.rng.choice(TEXTS)
        if self.rng.random() < 0.2:
            return ("has-attribute", name), "[%s%s%s]" % (self.space(), name, self.space())
        operator = self.rng.choice(["=", "=", "!=", "~=", "*=", "^=", "$="])
        value = self.some_value(name)
        if self.rng.random() < 0.25:
            operator = self.rng.choice(["=", "!="])
            pattern, ignore = self.pattern(value), self.rng.random() < 0.3
            return ("attribute", name, operator + "/", pattern, ignore), "[%s%s%s/%s/%s]" % (name, self.space(), operator,
                                                                                         pattern, "i" * ignore)
        ignore = self.rng.random() < 0.3
        text = self.quoted_only(value) + self.space() + "i" if ignore else self.quoted(value)
        return ("attribute", name, operator, value, ignore), "[%s%s%s%s]" % (name, operator, self.space(), text)

    def quoted_only(self, value):
        text = self.quoted(value)
        return text if text[0] in "'\"" else '"%s"' % text

    def pattern(self, value):
        def piece():
            literal = "".join(c if c.isalnum() else "\\n" if c == "\n" else "\\" + c for c in value[:self.rng.randrange(1, 6)] if ord(c) < 128)
            return self.rng.choice([literal, literal, ".", "\\w+", "[a-m]*", "(?:_|%s)" % literal, "\\b", "[^x]", "\\d{1,2}", "e?", "(\\W|s)"])
        return self.rng.choice(["", "^", ""]) + "".join(piece() for _ in range(self.rng.choice([1, 1, 2, 3]))) + self.rng.choice(["", "$", ""])

    def position(self):
        n = self.rng.choice([0, 0, 0, 1, 1, 2, 3, 7])
        return self.rng.choice([(("position", n), ":nth(%d)" % n), (("position", n), "[%d]" % (n + 1)),
                                (("position", -n - 1), "[-%d]" % (n + 1)), (("position", 0), ":first"), (("position", -1), ":last")])

    def part(self, depth):
        roll = self.rng.random()
        if roll < 0.45:
            return self.attribute()
        if roll < 0.6:
            return self.position()
        if roll < 0.68:
            field = self.rng.choice(ROLES)
            return ("role", field), "." + field
        if roll < 0.76:
            name = self.rng.choice(SIMPLE)
            return ("simple", name), ":" + name
        if roll < 0.84:
            return self.child_number(depth)
        if depth == 0:
            return self.attribute()
        if roll < 0.92:
            paths, texts = [], []
            for _ in range(self.rng.choice([1, 1, 1, 2])):
                steps, text = self.steps(depth - 1, True)
                paths.append((None, steps))
                texts.append(text)
            return ("has", paths), ":has(%s)" % ", ".join(texts)
        name = self.rng.choice(QUERIES)
        query, text = self.query(depth - 1)
        return (name, query), ":%s(%s%s%s)" % (name, self.space(), text, self.space())

    def child_number(self, depth):
        name = self.rng.choice(["first-child", "last-child", "only-child", "nth-child", "nth-last-child", "nth-child"])
        if name == "only-child":
            return ("only-child",), ":only-child"
        from_end = "last" in name
        if not name.startswith("nth"):
            return ("nth-child", 0, 1, from_end, None), ":" + name
        a, b, text = self.rng.choice([(2, 1, "odd"), (2, 0, "even"), (0, 2, "2"), (3, 1, "3n+1"), (-1, 2, "-n + 2"), (1, 0, "n"),
                                      (1, 2, "n+ 2"), (2, -1, "2n-1"), (0, 1, " 1 ")])
        of = None
        if depth > 0 and self.rng.random() < 0.4:
            of, inner = self.query(depth - 1)
            text = text.rstrip() + " of " + inner
        return ("nth-child", a, b, from_end, of), ":%s(%s)" % (name, text)

    def compound(self, depth, binds_left, captures):
        parts, texts = [], []
        type_, text = self.type(depth)
        count = self.rng.choice([0, 0, 0, 1, 1, 1, 2, 3])
        for i in range(count):
            part, more = self.part(depth)
            parts.append(part)
            texts.append(more if more[0] == "." or self.rng.random() < 0.8 else " " + more)
        if type_ == "*" and parts and not binds_left and self.rng.random() < 0.3:
            text, texts[0] = "", texts[0].lstrip()
        while captures and self.rng.random() < 0.45:
            self.captures += 1
            at = self.rng.randrange(1 if text == "" else 0, len(parts) + 1)
            if at < len(texts) and texts[at][0] not in ".[: ":
                at = len(texts)
            parts.insert(at, ("capture", "c%d" % self.captures))
            texts.insert(at, self.space() + "@c%d" % self.captures)
        return (self.named(type_, parts), parts), text + "".join(texts)

    def named(self, type_, parts):
        """[type="Comma"] and :is(Comma) in front of a position name a type where none was named before."""
        if type_ != "*":
            return type_
        for part in parts:
            if part[0] == "position":
                return "*"
            if part[0] == "attribute" and part[1] == "type" and part[2] == "=":
                known = [name for name in oracle.ALL_TYPES if oracle.compare(name, "=", part[3], part[4])]
                return ("name", known[0]) if known else "*"
            if part[0] == "attribute" and part[1] in ("type", "kind"):
                return "*"
            if part[0] == "is":
                return ("group", part[1])
        return "*"

    def steps(self, depth, relative=False, captures=False):
        steps, text = [], ""
        for i in range(self.rng.choice([1, 1, 1, 2, 2, 3])):
            combinator = self.rng.choice([" ", " ", ">", ">", "//", "/", "+", "~"])
            compound, more = self.compound(depth, i > 0 and combinator == " ", captures)
            symbol = combinator if combinator == " " else self.space() + combinator + self.space()
            if i == 0:
                symbol = "" if combinator == " " or not relative else combinator + self.space()
            steps.append((combinator if i > 0 or relative else None, compound))
            text += symbol + more
        return steps, text

    def query(self, depth, captures=False):
        paths, texts = [], []
        self.captures = 0 if captures else self.captures
        for _ in range(self.rng.choice([1, 1, 1, 1, 2])):
            steps, text = self.steps(depth, False, captures)
            lead = self.rng.choice([None, None, None, None, "//", "/"])
            paths.append((lead, steps))
            texts.append((lead or "") + text)
        return paths, (self.space() + "," + self.space()).join(texts)


    def chain(self):
        """A path that leads to some node from those around and before it, so that most find something; with captures."""
        node, steps, text = self.rng.choice(self.tree.nodes), [], ""
        self.captures = 0
        for i in range(self.rng.choice([2, 3, 3, 4, 5])):
            captured = ""
            type_ = self.rng.choice([node.type, node.type, "*", node.kind])
            parts = [("role", node.field)] if node.field in ROLES and self.rng.random() < 0.1 else []
            if self.rng.random() < 0.15:
                part, more = self.position()
                parts.append(part)
            else:
                more = ""
            if self.rng.random() < 0.6:
                self.captures += 1
                captured = "@d%d" % self.captures
                parts.append(("capture", captured[1:]))
            if type_ == "node" and node.type in oracle.INSIGNIFICANT:
                type_ = node.type
            here = type_ + "".join("." + part[1] for part in parts if part[0] == "role") + more + captured
            siblings = self.default.siblings(node)
            before = siblings[:siblings.index(node)] if node in siblings else []
            if before and self.rng.random() < 0.4:
                combinator, node = self.rng.choice("~~+"), self.rng.choice(before)
            else:
                around = node.parent
                for _ in range(self.rng.choice([0, 0, 1, 2, 4])):
                    around = around and around.parent or node.parent
                combinator, node = self.rng.choice([" ", " ", "//", ">", ">", "/"]), around
            if node is None:
                combinator = None
            steps.insert(0, [combinator, (("name", type_) if type_ != "*" else "*", parts)])
            text = (combinator or "").join([" ", " "]) + here + text
            if node is None:
                break
        steps[0][0] = None
        text = text.lstrip(" />+~")
        return [(None, [tuple(step) for step in steps])], text


# ---- The reference dialect: texts, right and wrong

def reference_text(rng, types):
    def word():
        return rng.choice(["class", "method", "function", "stmt", "smallstmt", "import", "node", "module", "Name", "*", "Return",
                           "Def:*", "Function:*", "Import:*", "Def :*", "Nothing", "ExpR", "Decorator"] + types)

    def value():
        return rng.choice(['"f"', "f", "'f'", '"a b"', "'a b'", '"', "'", "''", '""', "=f", "'f'g'", r'"\x66"', r'"\146"', r'"\q"', r'"\x6"',
                           '"тест"', "тест", '"self', "10", "'10'", " 20 ", '" 20 "', "+20", "1_0", "Return", "a[0", '"\\u0066"', "020", '"a\\"b"',
                           '"f\\\\"', r"'\x66'", r'"\N{LATIN SMALL LETTER F}"', "!x", "2", "20", "0", "os", '"os.path"', "name", "self",
                           "function", "__init__", "'__init__'"])

    def predicate():
        attribute = rng.choice(["name", "name", "type", "kind", "qualname", "start_line", "end_line", "children_count", "module", "NAME",
                                "unknown", "@name", " @ name ", "code"])
        operator = rng.choice(["=", "=", "=", "!=", "~=", "^=", "$=", "<", "<=", ">", ">=", " = ", "=="])
        return "[" + attribute + operator + value() + "]"

    def pseudo(depth):
        kind = rng.choice([":first", ":last", ":nth(0)", ":nth(1)", ":nth (2)", ":nth( 3 )", ":not", ":not", ":not", ":Not(3)", ":LAST",
                           ":first(class)", ":last(Name)", ": first"])
        return kind if kind != ":not" or rng.random() < 0.1 or depth == 0 else ":not(" + selector(depth - 1) + ")"

    def step(depth):
        text = word() if rng.random() < 0.85 else ""
        text += "".join(predicate() for _ in range(rng.choice([0, 0, 0, 1, 1, 2])))
        text += "".join(pseudo(depth) for _ in range(rng.choice([0, 0, 0, 1, 1, 2])))
        return text or "*"

    def selector(depth):
        text = rng.choice(["", "", "", "//"]) + step(depth)
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            text += rng.choice([" ", " ", "  ", "\t", ">", " > ", "//", " // ", ""]) + step(depth)
        return text

    text = selector(2)
    if rng.random() < 0.15:  # something wrong somewhere
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice([",", "+", "~", "/", "(", ")", "]", "[", ">", ":", "*", "\n", "\r", "\u00a0", "#", ".", "é", '"', "'", "//",
                                       "[1]", "[name]", ":nth", ":nth()", ":nth(-1)", ":first()", ":first(0)", ":not()", ":zap"]) + text[at:]
    return text


def compare_file(server, path, seed, count):
    with open(path, encoding="utf-8", newline="") as file:
        source = file.read()
    tree = oracle.Tree(source)
    if "\r" in source or not tree.reproduces or not server.source(source.encode()):
        print("%s: left out" % path)
        return 0, 0, 0
    rng = random.Random("%d %s" % (seed, path.rsplit("/", 1)[-1]))
    maker = Maker(tree, rng)
    reference = oracle.Reference(tree)
    differences, matched, started = 0, 0, time.time()
    for number in range(2 * count):
        if number < count:
            maker.default.remembered.clear()
            query, text = maker.chain() if rng.random() < 0.4 else maker.query(rng.choice([0, 0, 1, 2]), rng.random() < 0.5)
            try:
                wanted = rows(tree, maker.default.bindings(query)) if maker.captures else lines(tree, maker.default.query(query))
            except oracle.TooManyWays:
                continue
            got = server.query(b"D", text)
            maker.captures = 0
        else:
            text = reference_text(rng, maker.types)
            try:
                wanted = lines(tree, reference.query(oracle.parse_reference(text)), True)
            except oracle.SelectorError as error:
                wanted = str(error)
            got = server.query(b"R", text)
        matched += isinstance(wanted, list) and len(wanted) > 0
        if not are_same(wanted, got):
            differences += 1
            if differences <= 5:
                print("%s: %s %r\n  expected %s\n  found    %s" % (path, "default" if number < count else "reference", text,
                                                                str(wanted)[:300], str(got)[:300]))
    print("%s: %d nodes, %d selectors, %d with matches, %d differences, %.1f s" %
          (path, len(tree.nodes), 2 * count, matched, differences, time.time() - started))
    return 2 * count, matched, differences


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("paths", nargs="+")
    arguments = parser.parse_args()
    print("seed %d" % arguments.seed)
    totals = [0, 0, 0]
    server = Server(arguments.server)
    for path in arguments.paths:
        totals = [a + b for a, b in zip(totals, compare_file(server, path, arguments.seed, arguments.count))]
    print("%d selectors, %d with matches, %d differences (seed %d)" % (*totals, arguments.seed))
    return 1 if totals[2] or not totals[1] else 0


if __name__ == "__main__":
    sys.setrecursionlimit(20000)
    threading.stack_size(256 << 20)
    status = []
    thread = threading.Thread(target=lambda: status.append(main()))
    thread.start()
    thread.join()
    sys.exit(status[0] if status else 2)
