"""Compares codedb's trees with LibCST's, byte for byte of their dumps: over files, and over sources made at random.

    compare.py DUMP_SERVER [--packages FOLDER] [--cache FOLDER] [--sample N] [--seed N] [--processes N] [PATH...]

Without PATH: the standard libraries of all Pythons of the machine, the packages of corpora.py, and fuzz.py; a sample is so many
of the files by chance, each content counted once. Ends with one line that says all; exit status 0: no difference, and at most
1 % of the files skipped.
"""
import argparse
import collections
import io
import multiprocessing
import os
import random
import tokenize

import corpora
import fuzz
import reference


def compare_file(codedb, expected, path):
    with open(path, "rb") as file:
        source = file.read()
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
        text = source.decode("utf-8" if encoding == "utf-8-sig" else encoding)
    except (SyntaxError, UnicodeDecodeError):
        refused = codedb.dump(source).startswith(reference.REFUSED)
        return 0, None if refused else "text in no known encoding was accepted", reference.REFUSED_BY_BOTH if refused else None
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


class Tally:
    """Counts what came out of the comparisons, and prints the first differences."""

    def __init__(self, show, show_skipped):
        self.show, self.show_skipped = show, show_skipped
        self.files = self.nodes = self.differences = self.by_shape = self.refused = 0
        self.skipped = collections.Counter()

    def add(self, path, nodes, difference, reason):
        self.files += 1
        self.nodes += nodes
        if difference is not None:
            self.differences += 1
            if self.differences <= self.show:
                print("%s: %s" % (path, difference), flush=True)
        elif reason == reference.BY_SHAPE:
            self.by_shape += 1
        elif reason == reference.REFUSED_BY_BOTH:
            self.refused += 1
        elif reason is not None:
            self.skipped[reason] += 1
        if reason is not None and self.show_skipped:
            print("%s: %s" % (path, reason), flush=True)

    def too_many_skipped(self):
        return sum(self.skipped.values()) * 100 > self.files

    def line(self):
        reasons = ", ".join("%d %s" % (number, reason) for reason, number in self.skipped.most_common()) or "none"
        return "%d files (%d refused by both, %d compared %s), %d nodes, %d differences; skipped: %s" % (
            self.files, self.refused, self.by_shape, reference.BY_SHAPE, self.nodes, self.differences, reasons)


def compare_files(options, files, tally):
    tasks, answers = multiprocessing.Queue(), multiprocessing.Queue()
    for path in files + [None] * options.processes:
        tasks.put(path)
    for _ in range(options.processes):
        multiprocessing.Process(target=work, args=(options.server, options.cache, tasks, answers), daemon=True).start()
    for _ in files:
        tally.add(*answers.get())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--packages", help="folder for the packages; without it they are left out")
    parser.add_argument("--cache", help="folder that keeps LibCST's answers for the next run")
    parser.add_argument("--sample", type=int, default=0, help="so many files by chance; 0: all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10 ** 6))
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", type=int, default=20, help="differences to print")
    parser.add_argument("--show-skipped", action="store_true")
    parser.add_argument("paths", nargs="*")
    options = parser.parse_intermixed_args()
    paths = options.paths or list(corpora.standard_libraries())
    if not options.paths and options.packages:
        paths.append(corpora.fetch_packages(options.packages))
    files, count = corpora.distinct_files(paths)
    chosen = corpora.sample(files, options.sample, options.seed)
    print("seed %d; %d files, %d of different content, %d to compare" % (options.seed, count, len(files), len(chosen)), flush=True)
    tally = Tally(options.show, options.show_skipped)
    made = "no fuzz"
    if not options.paths:
        made, tally.differences = fuzz.run(options.server, options.seed)
    compare_files(options, chosen, tally)
    print("%s; %s" % (tally.line(), made))
    if tally.too_many_skipped():
        print("more than 1 % of the files were skipped")
    return 1 if tally.differences or tally.too_many_skipped() else 0


if __name__ == "__main__":
    reference.with_deep_stack(main)
