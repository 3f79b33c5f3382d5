"""The Python side of bench_parse.c: a parser over the files named on standard input, all read first; prints JSON as that does.

    bench_parse.py [RUNS [ast | libcst]]
"""
import ast
import json
import statistics
import sys
import time
import tokenize
import warnings

warnings.simplefilter("ignore")
runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
peer = sys.argv[2] if len(sys.argv) > 2 else "ast"
paths = [line.rstrip("\n") for line in sys.stdin]
if peer == "ast":
    parse, refusals = ast.parse, (SyntaxError, ValueError)
else:
    import libcst
    from libcst import native
    parse, refusals = native.parse_module, (libcst.ParserSyntaxError, SyntaxError, libcst.CSTLogicError)


def read(path):
    with open(path, "rb") as file:
        source = file.read()
    if peer == "ast":
        return source
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (SyntaxError, UnicodeDecodeError):
        return ""


def run(sources):
    rejected = 0
    started = time.process_time()
    for source in sources:
        try:
            parse(source)
        except refusals:
            rejected += 1
    return time.process_time() - started, rejected


sources = [read(path) for path in paths]
results = [run(sources) for _ in range(runs)]
seconds = [result[0] for result in results]
print(json.dumps({"runs": seconds, "files": len(sources), "rejected": results[0][1],
                  "bytes": sum(len(source if peer == "ast" else source.encode("utf-8", "replace")) for source in sources),
                  "seconds": statistics.median(seconds)}))
