"""Compares codedb's trees with LibCST's, byte for byte of their dumps, over files and folders.

    compare.py DUMP_SERVER [--no-tests] [--processes N] [--cache FOLDER] [PATH...]

Without PATH: the standard libraries of the Pythons that are found on the machine. Exit status 0: no difference.
"""
import argparse
import collections
import glob
import io
import multiprocessing
import os
import sys
import tokenize

import reference


def standard_libraries():
    patterns = ["/usr/lib/python3.*", "/usr/local/lib/python3.*", os.path.expanduser("~/.pyenv/versions/*/lib/python3.*")]
    found = {os.path.realpath(path) for pattern in patterns for path in glob.glob(pattern)}
    return sorted(path for path in found if os.path.exists(os.path.join(path, "ast.py")))


def python_files(paths, no_tests):
    for path in paths:
        if os.path.isfile(path):
            yield path
            continue
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if name not in ("site-packages", "dist-packages", "__pycache__")
                                and not (no_tests and name in ("test", "tests", "idle_test")))
            for name in sorted(files):
                if name.endswith(".py"):
                    yield os.path.join(folder, name)


def compare_file(codedb, expected, path):
    with open(path, "rb") as file:
        source = file.read()
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
        text = source.decode("utf-8" if encoding == "utf-8-sig" else encoding)
    except (SyntaxError, UnicodeDecodeError):
        refused = codedb.dump(source).startswith(reference.REFUSED)
        return 0, None if refused else "text in no known encoding was accepted", "refused by both" if refused else None
    return reference.compare(codedb, expected, source, text)


def work(server, cache, tasks, answers):
    def run():
        expected = reference.Expected(cache)
        codedb = reference.Codedb(server)
        for path in iter(tasks.get, None):
            try:
                answers.put((path,) + compare_file(codedb, expected, path))
            except Exception as error:
                answers.put((path, 0, "%s: %s" % (type(error).__name__, error), None))
                codedb = reference.Codedb(server)
        codedb.close()
        return 0
    reference.with_deep_stack(run)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--no-tests", action="store_true", help="leave out folders named test, tests, idle_test")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--cache", help="folder that keeps LibCST's answers for the next run")
    parser.add_argument("--show", type=int, default=20, help="differences to print")
    parser.add_argument("--show-skipped", action="store_true")
    parser.add_argument("paths", nargs="*")
    options = parser.parse_intermixed_args()
    files = list(python_files(options.paths or standard_libraries(), options.no_tests))
    files.sort(key=os.path.getsize, reverse=True)  # the longest first: none is waited for at the end
    tasks, answers = multiprocessing.Queue(), multiprocessing.Queue()
    for path in files + [None] * options.processes:
        tasks.put(path)
    for _ in range(options.processes):
        multiprocessing.Process(target=work, args=(options.server, options.cache, tasks, answers), daemon=True).start()
    nodes = differences = 0
    skipped = collections.Counter()
    for _ in files:
        path, count, difference, reason = answers.get()
        nodes += count
        if difference is not None:
            differences += 1
            if differences <= options.show:
                print("%s: %s" % (path, difference), flush=True)
        elif reason is not None:
            skipped[reason] += 1
            if options.show_skipped:
                print("%s: %s" % (path, reason), flush=True)
    reasons = ", ".join("%d %s" % (number, reason) for reason, number in skipped.most_common()) or "none"
    print("%d files, %d nodes, %d differences; skipped: %s" % (len(files), nodes, differences, reasons))
    unexplained = sum(number for reason, number in skipped.items() if reason != "refused by both")
    if unexplained * 100 > len(files):
        print("more than 1 % of the files were skipped")
        return 1
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
