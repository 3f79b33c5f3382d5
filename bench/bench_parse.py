"""CPython's side of bench_parse: ast.parse over the files named on standard input, all read first; prints the median as JSON."""
import ast
import json
import statistics
import sys
import time
import warnings

warnings.simplefilter("ignore")
runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
sources = []
for line in sys.stdin:
    with open(line.rstrip("\n"), "rb") as file:
        sources.append(file.read())


def run():
    rejected = 0
    started = time.perf_counter()
    for source in sources:
        try:
            ast.parse(source)
        except (SyntaxError, ValueError):
            rejected += 1
    return time.perf_counter() - started, rejected


results = [run() for _ in range(runs)]
print(json.dumps({"files": len(sources), "rejected": results[0][1], "bytes": sum(map(len, sources)),
                  "seconds": statistics.median(seconds for seconds, _ in results)}))
