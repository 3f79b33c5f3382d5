"""Where a syntax error is: does codedb, told the version of the Python that runs this, report the line and column that it reports?

    python compare_errors.py DUMP_NODES SEED COUNT [--show N] [--only edited|characters|real|typed|prose|made|fields] PATH...

Seven populations: all sources that come of those in short_sources.txt when one token is left out, put in or replaced; those that come of
them when something stands before, behind or instead of a token that is no good one, or blanks and line breaks; and COUNT sources each of
pieces of the .py files below the paths in which one token was changed, or a line or character as by a slip of the hand, lines of their
comments and docstrings, which are English and languages of all kinds, small sources made from the grammar below, and f-strings with
fields made from it; most are broken. Prints for each: sources, rejected ones, those reported at the same place, the others by whether
CPython's message is about one token, and those that only one of the two accepts. Fails when these are any, or more than TOLERATED of the
rejected ones are elsewhere though about one token. --show: N of the differences for each of CPython's messages.

A column that CPython's line does not have says nothing (-1 for a decorator at the end of the source; up to 3.9 columns behind a string of
several lines are counted from its first one): of such an error only the line is compared."""
import argparse
import collections
import io
import os
import random
import re
import sys
import textwrap
import tokenize
import warnings

import compare_acceptance
from compare_acceptance import VERSION, Codedb, differ, mutate, pieces, python_parse

# Shares of the rejected sources: of the made ones many have several mistakes at once, and CPython's choice between them is of no use.
TOLERATED = {"edited": 0.00002, "characters": 0.0001, "real": 0.0003, "typed": 0.0003, "prose": 0.0003, "made": 0.0005, "fields": 0.0005}

# An alternative: how often it is chosen, and its tokens; words in capitals are rules. Where there is no depth left it is the first.
RULES = {
    "STATEMENT": ((45, "EXPRESSION"), (5, "( ELEMENTS )"), (5, "[ ELEMENTS ]"), (5, "{ PAIRS }"), (8, "f ( ARGUMENTS )"),
                  (5, "EXPRESSION = EXPRESSION"), (1, "return EXPRESSION"), (1, "del EXPRESSION"), (1, "assert EXPRESSION"),
                  (1, "raise EXPRESSION"), (1, "x : EXPRESSION"), (1, "x += EXPRESSION"), (1, "yield EXPRESSION"),
                  (1, "if EXPRESSION : x"), (1, "while EXPRESSION : x"), (1, "with EXPRESSION : x"),
                  (1, "with EXPRESSION as y : x"), (1, "for x in EXPRESSION : y"), (1, "for EXPRESSION in y : x"),
                  (1, "class A ( ARGUMENTS ) : x"), (1, "match EXPRESSION :\n case x: y"), (1, "@ EXPRESSION \ndef f(): x"),
                  (6, "def f ( PARAMETERS ) : x"), (1, "import a , b as c"), (1, "from a import b , c"),
                  (1, "from . import ( a as b )"), (1, "from a . b import *"), (3, "x = lambda PARAMETERS : EXPRESSION")),
    "EXPRESSION": ((55, "ATOM"), (10, "EXPRESSION OPERATOR EXPRESSION"), (5, "not EXPRESSION"), (3, "- EXPRESSION"),
                   (6, "EXPRESSION if EXPRESSION else EXPRESSION"), (3, "lambda NAME : EXPRESSION"), (2, "await ATOM"),
                   (4, "NAME := EXPRESSION"), (3, "EXPRESSION = EXPRESSION"), (3, "* EXPRESSION")),
    "ATOM": ((50, "NAME"), (5, "CONSTANT"), (10, "( ELEMENTS )"), (7, "[ ELEMENTS ]"), (4, "{ ELEMENTS }"), (4, "{ PAIRS }"),
             (8, "f ( ARGUMENTS )"), (4, "NAME [ EXPRESSION ]"), (4, "NAME . NAME"), (4, 'f"{ NAME }"')),
    "ELEMENTS": ((5, "EXPRESSION"), (4, "EXPRESSION , ELEMENTS"), (2, "EXPRESSION CLAUSE"), (1, "EXPRESSION , EXPRESSION CLAUSE")),
    "PAIRS": ((5, "EXPRESSION : EXPRESSION"), (6, "EXPRESSION : EXPRESSION , PAIRS"), (1, "** EXPRESSION"), (1, "EXPRESSION"),
              (1, "** EXPRESSION , PAIRS"), (2, "EXPRESSION : EXPRESSION CLAUSE")),
    "ARGUMENT": ((2, "EXPRESSION"), (1, "NAME = EXPRESSION"), (1, "* EXPRESSION"), (1, "** EXPRESSION")),
    "ARGUMENTS": ((4, "ARGUMENT"), (5, "ARGUMENT , ARGUMENTS"), (2, "ARGUMENT CLAUSE")),
    "CLAUSE": ((4, "for NAME in EXPRESSION"), (2, "for NAME , NAME in EXPRESSION"), (2, "for EXPRESSION in EXPRESSION"),
               (3, "for NAME in EXPRESSION if EXPRESSION"), (1, "for NAME in EXPRESSION CLAUSE")),
    "PARAMETER": ((3, "NAME"), (2, "NAME = EXPRESSION"), (1, "NAME : EXPRESSION"), (1, "* NAME"), (1, "** NAME"), (1, "*"), (1, "/")),
    "PARAMETERS": ((3, "PARAMETER"), (6, "PARAMETER , PARAMETERS")),
    "NAME": tuple((1, name) for name in "abxyzkw"),
    "CONSTANT": ((1, "1"), (1, "'s'"), (1, "None"), (1, "...")),
    "OPERATOR": tuple((1, text) for text in ("+", "*", "and", "or", "<", "in", "not in", "is", "|", "**")),
}
WORD_RULES = ("NAME", "CONSTANT", "OPERATOR")
WORDS = "( ) [ ] { } , : ; . = == := * ** + - ! < if else for in is not and or lambda yield await async as x y 1 's'".split()
# What may be wrong with the characters of a source.
PIECES = (
    # characters and names
    '?', '$', '!', '<>', '`', '\x01', '\xe9', '\u20ac', '\xbd', '\xa0', '...', '->', ':=', ';', 'x\u0661', '\U0001d431', '\xaa', 'x\xb7',
    '\u2028', '\x0b', '\x7f', '\x1a', '$$', '@@', '!x', '&&', '||', '++', '--', '=>', '=<', '::', '....', '?x', '`x`', 'print >>x', '{{',
    '}}', '\u20ac\u20ac', 'x\u20ac', '\xe9\u20ac\xe9',
    # numbers
    '0x ', '1__0 ', '01 ', '1a', '1.e', '1_', '0b2', '0o8', '1e+', '1jj', '0_', '0xg', '1.2.3', '1..2', '1e', '1_e5', '0777', '00',
    '09.5', '09', '0_7', '1if', '1else', '1and', '0xfor', '1_000j', '1_000_', '\u0661', '0b', '0o', '0X', '0xx', '0b1_', '0b__1', '1.e+',
    '1.j2', '.5a', '5._1', '1__', '_1', '7' * 4301,
    # strings
    "'", '"', '"""', "'''", "b'\xe9'", "u'", "b'\\x'", "'\\x'", "'\\u1'", "ur'a'", "bu'a'", "rb'a'", "Rb'\\x'", "'\\\n'", "'\\", '"""\n',
    "'''\\", "'\\N'", "'\\N{'", "'\\N{}'", "b'\\N'", "'\\777'", "'\\8'", "b'\\u1'", "u'\\x'", "'\u20ac'", "b'\u20ac'", "'\u20ac",
    "'\\N{FOO}'", '"\\N{EM DASH}"', "'\\N{FOO'", "'\\N{EM  DASH}'", "'\\N{}}'", "'\\N{\\N{DASH}'", "r'\\N{FOO}'", "b'\\N{FOO}'",
    "u'\\N{\u20ac}'",
    "'''\\N{EM\nDASH}'''", "'\\N{LATIN SMALL LETTER A WITH GRAVE AND GRAVE}'", "'\\N{' + 'DASH}'", "'\\N {DASH}'", "'\\x\\N{FOO}'",
    # f-strings
    "f'", "f'''", "f'{", "f'}", 'f"""', 'f"""{', 'f"""{x', "f'{{'", "f'}}'", "f'{x!}'", "f'{x!z}'", "f'{x:'", "f'{x:{'", "f'{x:{y'",
    "f'{x:{y}'", "f'{}'", "f'{ }'", "f'{\\'", "f'{#'", "f'{x#}'", "f'{\n}'", "f'''{\n}'''", "f'''{\n", "f'{x", "f'{x='", "f'{x!r'",
    "f'{lambda x:1}'", "f'{lambda x}'", "f'{a b}'", "f'{*a}'", "f'{yield}'", 'f\'{"\'"}\'', 'f"{f\'{x\'}"', "rf'\\{x}'", "f'\\{x}'",
    "f'\\N{'", "f'\\N'", "f'\\N{FOO}'", "f'\\N{EM DASH}'", "f'{x:\\N{FOO}}'", "f'{x:\\N{EM DASH}}'", "f'\\N{FOO}{x}'",
    "rf'\\N{x}'", "rf'\\N{FOO BAR}'", "f'{x}\\N{FOO}' 'y'", "'y' f'\\N{FOO}'", "f'{x:{y:\\N{FOO}}}'",
    "f'{x:\\x}'", "f'{x}\\x'", "f'{!r}'", "f'{:x}'", "f'{=}'", "f'{x;y}'", "f'{x)}'", "f'{(x}'", "f'{x]'",
    # blanks, lines and comments
    '\\$ ', '\\ ', '\\x ', '\\?', '\\\n', '\n', '\t', '\x0c', '\r', '#', '\\\r\n', '\r\n', '\n  ', '\n\t', '\\', '\\\x0c', '#\n', '#c',
    '# coding: latin-1\n', '\r\r', '\n\n', '\n\t\n', '\n \n', '  \\\n  ', '\n\\\n', '\n  \\\n', '\n#c\n', '\n  #c\n', '# \u20ac\n'
)
TOKEN = re.compile("|".join((tokenize.Name, tokenize.Number, tokenize.String, tokenize.Special, "\"{3}|'{3}|[\"']")))
GOES_ON = re.compile("[\"']{3}|\\\\\n")


def expand(rule, depth, generator):
    """The tokens of a random source."""
    if rule not in RULES:
        return [rule]
    alternatives = RULES[rule] if depth > 0 or rule in WORD_RULES else RULES[rule][:1]
    chosen = generator.choices([text for _, text in alternatives], [weight for weight, _ in alternatives])[0]
    return [token for word in chosen.split(" ") for token in expand(word, depth - 1, generator)]


def damage(tokens, generator):
    """One mistake: tokens left out, put in, replaced or exchanged."""
    at, other = generator.randrange(len(tokens)), generator.randrange(len(tokens))
    way = generator.randrange(6)
    if way <= 1:
        del tokens[at]
    elif way == 2:
        tokens.insert(at, generator.choice(WORDS))
    elif way == 3:
        tokens[at] = generator.choice(WORDS)
    elif way == 4:
        tokens[at], tokens[other] = tokens[other], tokens[at]
    else:
        del tokens[at:at + generator.randrange(1, 4)]


def join(tokens):
    text = ""
    for token in tokens:
        tight = text[-1:] in ("", "(", "[", "{", ".") or token[0] in ")]},:.\n" or token == '}"'
        text += token if tight or (token in "([" and text[-1].isalnum()) else " " + token
    return text


def made(generator, count):
    seen = set()
    while len(seen) < count:
        tokens = expand("STATEMENT", 5, generator)
        for _ in range(generator.choice((1, 1, 1, 1, 2))):
            if tokens:
                damage(tokens, generator)
        text = join(tokens)
        if text not in seen:
            seen.add(text)
            yield text


def insert(text, start, end, word):
    """The text with the word in place of what is from start to end, apart from what is on either side."""
    before = " " if text[:start][-1:].isalnum() and word[:1].isalnum() else ""
    behind = " " if word[-1:].isalnum() and text[end:end + 1].isalnum() else ""
    return text[:start] + before + word + behind + text[end:]


def token_places(text):
    """Where the tokens begin and end that are more than blanks."""
    starts = [0]
    for line in text.splitlines(True):
        starts.append(starts[-1] + len(line))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.string.strip():
            yield starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]


def edits(text):
    """Everything that comes of the text when one token is left out, put in or replaced."""
    for start, end in token_places(text):
        yield text[:start] + text[end:]
        for word in compare_acceptance.WORDS:
            yield insert(text, start, start, word + " ")
            yield insert(text, start, end, word)
    for word in compare_acceptance.WORDS:
        yield text.rstrip("\n") + " " + word


def short_sources():
    """Those that this Python accepts."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "short_sources.txt"), encoding="utf-8") as file:
        sources = [line.rstrip("\n").replace("\\n", "\n") for line in file]
    return [source for source in sources if python_parse(source) is None]


def edited():
    """All edits of all short sources."""
    return sorted({text for source in short_sources() for text in edits(source)})


def characters():
    """All short sources with each of PIECES before, behind and instead of each token."""
    texts = set()
    for source in short_sources():
        for start, end in token_places(source):
            for piece in PIECES:
                texts |= {source[:start] + piece + source[start:], source[:start] + piece + source[end:], source[:end] + piece + source[end:]}
    return sorted(texts)


def place_in_field(error, text):
    """(line, column) in the source of an error that CPython before 3.12 found in a field of an f-string, in the pseudo source "(field)"; None
    when it is not of this kind or there are several such fields, or one of several lines."""
    pseudo = (error.text or "").rstrip("\n")
    if VERSION >= 312 or pseudo[:1] + pseudo[-1:] != "()" or pseudo in text.split("\n"):
        return None
    field = "{" + pseudo[1:-1]
    if text.count(field) != 1 or "\n" in field:
        return None
    before = text[:text.index(field)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + error.offset


FORMS = ("%s", "%s", "%s", "%s!r", "%s:>5", "%s:{w}", "%s=", "y}{%s", "x:{%s}")


def fields(generator, count):
    """Fields of f-strings with an expression that is made and damaged."""
    seen = set()
    while len(seen) < count:
        tokens = expand(generator.choice(("EXPRESSION", "EXPRESSION", "ELEMENTS")), 4, generator)
        damage(tokens, generator)
        field = generator.choice(FORMS) % join(tokens)
        text = '%sf"%s{%s}%s"' % (generator.choice(("", "x = ", "f(a, ", "'s' ")), generator.choice(("", "a ")), field,
                                  generator.choice(("", " b")))
        text += ")" if text.startswith("f(a, ") else ""
        if text.count('"') == 2 and text not in seen:
            seen.add(text)
            yield text


def slip(text, generator):
    """The text with one line or character of it wrong."""
    lines = text.splitlines(True)
    at, other = generator.randrange(len(lines)), generator.randrange(len(lines))
    line, way = lines[at], generator.randrange(12)
    column = generator.randrange(len(line) + 1)
    if way == 0:
        lines[at], lines[other] = lines[other], line
    else:
        lines[at] = ("", line * 2, " " * generator.choice((1, 2, 4, 8)) + line, line[generator.choice((1, 2, 4)):], line[:column] + "\n",
                     line.rstrip("\n"), "\t" + line.lstrip(" "), line[:column], line[:column] + "\n" + line[column:],
                     line[:column] + generator.choice("()[]{}'\"#\\:;,.=@$?!`~\xe9\n\t") + line[column:],
                     line[:column] + line[column + 1:])[way - 1]
    return "".join(lines)


def typed(paths, generator, count):
    """Pieces of files with slips."""
    return (text for text in (slip(piece, generator) for piece in pieces(paths, generator, count)) if "\0" not in text)


PROSE = re.compile(r'"""(.+?)"""|\'\'\'(.+?)\'\'\'|((?:^[ \t]*#.*\n)+)', re.S | re.M)


def prose(paths, generator, count):
    """A few lines each of the comments and strings of several lines in the files."""
    names, left_out = list(compare_acceptance.files(paths)), 0
    while count > 0 and left_out < 10000:
        found = PROSE.findall(compare_acceptance.read(generator.choice(names)) or "")
        left_out += not found
        for text in generator.sample(found, min(4, len(found))):
            lines = re.sub(r"(?m)^[ \t]*#", "", "".join(text)).splitlines(True) or [""]
            start = generator.randrange(len(lines))
            lines = textwrap.dedent("".join(lines[start:start + generator.choice((1, 1, 1, 2, 2, 3, 5))]))
            if lines.strip() and "\0" not in lines:
                yield lines.strip() if generator.random() < 0.5 else lines
                count -= 1


def as_of_another_word(error, text):
    """What CPython up to 3.9 says at the same place when it cannot replace it by a message about 'print' or 'exec'."""
    other = python_parse(re.sub(r"\b(prin|exe)[tc]\b", r"\1_", text))
    is_same_place = isinstance(other, SyntaxError) and (other.lineno, other.offset) == (error.lineno, error.offset)
    return other if is_same_place else error


def is_about_one_token(error, text):
    """What CPython before 3.12 says of braces, of those in a field, too, it says of the token behind the string, or of the whole string; what 3.8
    finds late in a field has a place that lies somewhere in the string."""
    if VERSION < 310 and error.msg.startswith("Missing parentheses in call to"):
        error = as_of_another_word(error, text)
    end = getattr(error, "end_offset", None)
    in_field = None if error.msg.startswith("f-string: f-string: expecting") else place_in_field(error, text)
    if VERSION < 312 and (error.msg.startswith("f-string") or error.filename == "<fstring>") and not in_field:
        return False
    if not end or end <= 0:  # of a dict's key of several lines 3.10 gives the first one and the last one's column
        return not (VERSION >= 310 and error.msg.startswith("':' expected after") and error.end_lineno > error.lineno)
    line = error.text if in_field else (text.split("\n") + [""] * error.lineno)[error.lineno - 1]
    blamed = line[error.offset - 1:end - 1]
    return error.end_lineno == error.lineno and (not blamed or bool(TOKEN.fullmatch(blamed)))


def has_column(error, text):
    """Whether the line of the error has its column. The character behind a backslash CPython counts in bytes, and from where it began to read
    the line, or a string of several lines that ends in it; of an int with too many digits it tells the line only, since 3.9."""
    lines = re.split("\r\n|\r|\n", text) + [""]
    if VERSION >= 309 and error.msg.startswith("Exceeds the limit"):
        return False
    is_counted = error.msg.startswith("unexpected character after line") and (GOES_ON.search(text) or max(text) > "\x7f")
    return 0 < (error.offset or 0) <= len(lines[error.lineno - 1]) + 1 and not is_counted


def slack(text):
    """By how much the column may differ of an error in a line that goes on: CPython, when it has no file, tells characters from bytes in the
    line where a string of several lines or the first of the continued lines began."""
    return max(len(line.encode("utf-8", "surrogatepass")) - len(line) for line in text.split("\n")) if GOES_ON.search(text) else 0


def is_counted_before(text, place, line, column):
    """Whether CPython's column is counted from where the line began that goes on here, because of a backslash or in a string of several lines."""
    before = text.split("\n")[:line - 1]
    for first in range(len(before)) if place[0] == line else ():
        lines = before[first:]
        goes_on = all(other.endswith("\\") for other in lines) or re.search("[\"']{3}", lines[0])
        if goes_on and place[1] == column + 1 + sum(len(other) + 1 for other in lines):
            return True
    return False


# What CPython up to 3.7 finds before it makes a tree.
PARSERS = ("invalid syntax", "invalid token", "invalid character", "expected an indented", "unexpected ", "unindent ", "EO", "inconsistent ",
           "Missing ", "too many levels", "expression cannot")


def is_exact(error, place, line, column):
    """Whether codedb's line and column (from 0) are CPython's place; up to 3.7 it counts the columns of what it finds late from 0, too."""
    return place == (line, column + 1) or (VERSION < 308 and place == (line, column) and not error.msg.startswith(PARSERS))


def is_same(error, text, place, line, column):
    """The same where CPython's column may be of no use. Up to 3.8 it counts some from the first of lines that belong together, and up to 3.7 the
    line of a string is its last one."""
    if is_exact(error, place, line, column) or (VERSION < 309 and is_counted_before(text, place, line, column)):
        return True
    if VERSION < 308 and error.offset == -1 and not error.msg.startswith(PARSERS):
        return line < place[0]
    if not place_in_field(error, text) and not has_column(error, text):
        return place[0] == line
    return place[0] == line and abs(place[1] - (column + 1)) <= slack(text)


def compare(codedb, texts, show):
    """How many of what, and examples of the differences by message."""
    counts, examples = collections.Counter(), collections.defaultdict(list)
    for text in texts:
        error, answer = python_parse(text), codedb.parse(text)
        if isinstance(error, ValueError) and "field 'value' is required" in str(error):
            continue  # 3.12.1 means that of what it has made itself of f"{x:{y =}}"
        counts["sources"] += 1
        counts["rejected"] += error is not None
        if differ(error, answer):
            counts["acceptance"] += 1
            examples["acceptance"].append((text, error, answer))
        elif isinstance(error, SyntaxError):
            line, column = (int(number) for number in answer.split()[1:3])
            place = place_in_field(error, text) or (error.lineno, error.offset)
            same = is_same(error, text, place, line, column)
            is_last_line = VERSION < 309 and line < place[0] and column + 1 == place[1] and GOES_ON.search(text)
            is_token = is_about_one_token(error, text) and not is_last_line
            if VERSION < 308 and "f-string: unmatched ')'" in answer:  # 3.6 and 3.7 take it for the end of their own '('
                is_token = False
            kind = "same" if same else "token" if is_token else "range"
            counts[kind] += 1
            if not same:
                examples[kind + ": " + re.sub("'[^']*'", "'...'", error.msg)].append((text, (place[0], place[1] - 1), answer))
    for message, found in sorted(examples.items(), key=lambda item: -len(item[1])) if show else ():
        print("%d: %s" % (len(found), message))
        for text, error, answer in sorted(found, key=lambda item: len(item[0]))[:show]:
            print("    %r\n        CPython: %s\n        codedb:  %s" % (text, error, answer))
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dump_nodes")
    parser.add_argument("seed")
    parser.add_argument("count", type=int)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--only", choices=sorted(TOLERATED))
    parser.add_argument("paths", nargs="+")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    codedb = Codedb(arguments.dump_nodes)
    failed = False
    for population, share in sorted(TOLERATED.items()):
        if arguments.only not in (None, population):
            continue
        generator = random.Random(arguments.seed)
        if population in ("edited", "characters"):
            texts = edited() if population == "edited" else characters()
        elif population in ("made", "fields"):
            texts = (made if population == "made" else fields)(generator, arguments.count)
        elif population in ("typed", "prose"):
            texts = (typed if population == "typed" else prose)(arguments.paths, generator, arguments.count)
        else:
            texts = (mutate(piece, generator, (1,)) for piece in pieces(arguments.paths, generator, arguments.count))
        counts = compare(codedb, texts, arguments.show)
        print("%s: seed %s, %s: %d sources, %d rejected, %d at the same place, %d about one token elsewhere, %d others elsewhere, "
              "%d accepted by one only" % (sys.version.split()[0], arguments.seed, population, counts["sources"], counts["rejected"],
                                           counts["same"], counts["token"], counts["range"], counts["acceptance"]), flush=True)
        failed = failed or counts["acceptance"] > 0 or counts["token"] > share * counts["rejected"]
    return failed


if __name__ == "__main__":
    sys.exit(main())
