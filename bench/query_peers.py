"""Measures selectors beside other tools in one run: ratios first, then what each needs.

    query_peers.py BUILD_FOLDER SOURCE_FOLDER

One file: tree-sitter's parser and query (Debian's libtree-sitter-dev, with its Python grammar as in parse_peers.py). A project: ast-grep
(npm's package @ast-grep/cli, or the one of PyPI). Both are asked for the same nodes, and must find as many: the project is a copy
of SOURCE_FOLDER's files without those that are no Python of today, which tree-sitter reads in part. A peer that is not to be had is
named with the reason. Rounds alternate, and the median of each side counts: of processor seconds for one file, of the clock's for a
project, where both have all processors. Files are in the system's cache for both.
"""
import glob
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
import zipfile

from parse_peers import Missing, build, folder, run, scratch, source_files, tree_sitter

ROUNDS = 5
SELECTOR, QUERY, RULE = 'smallstmt[type="Return"]', "(return_statement) @found", "return_statement"
codedb, bench = os.path.join(build, "codedb"), os.path.join(build, "bench_query")


def measure(command, text=""):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if done.returncode != 0:
        raise Missing((done.stderr.strip().split("\n") or ["failed"])[-1])
    return json.loads(done.stdout)


def show(ratio, what, figures):
    print("%9s  %s\n           %s" % (ratio, what, figures), flush=True)


def times(peer, own):
    return "%.1f x" % (peer / own)


# ---- one file, compiling, growth --------------------------------------------------------------------------------------

def one_file():
    path = os.path.join(folder, "argparse.py")
    if not os.path.exists(path):
        path = max(source_files(), key=os.path.getsize)
    try:
        command = tree_sitter("peer_tree_sitter_query")
    except Missing as reason:
        command = None
        print("tree-sitter is missing: %s" % reason)
    own, peers = [], []
    for _ in range(ROUNDS):
        own.append(measure([bench, "file", "100", SELECTOR], path + "\n"))
        if command:
            peers.append(measure(command + ["20", QUERY], path + "\n"))
    seconds = statistics.median(result["seconds"] for result in own)
    peer = statistics.median(result["seconds"] for result in peers) if peers else None
    compiled = measure([bench, "compile", "100"])
    show(times(peer, seconds) if peer else "-", "as fast as tree-sitter: %s, source -> answer of %s (bar 10, aim 20)"
         % (os.path.basename(path), SELECTOR),
         "codedb %.3f ms, %d found%s" % (seconds * 1e3, own[0]["found"], "; tree-sitter %.3f ms, %d found"
                                        % (peer * 1e3, peers[0]["found"]) if peer else ""))
    show("%.1f us" % (compiled["seconds"] * 1e6), "to compile a selector (bar 10, aim 3)",
         "mean of %d selectors, the slowest %.1f us%s" % (compiled["selectors"], compiled["slowest"] * 1e6,
                                                          "; tree-sitter %.0f us for a query of one node" %
                                                          (statistics.median(result["compile"] for result in peers) * 1e6)
                                                          if peers else ""))
    growth = measure([bench, "growth"])
    show("%.2f" % growth["last_exponent"], "exponent of growth from 100 to 1,000 matches of :has(:has(:has())) (1 is linear)",
         "; ".join("%d matches %.1f us" % (found, seconds * 1e6) for found, seconds in zip(growth["matches"], growth["seconds"])) +
         "; %.2f from 10 on" % growth["exponent"])


# ---- a project --------------------------------------------------------------------------------------------------------

def ast_grep():
    """ast-grep's program."""
    target = os.path.join(scratch, "ast-grep")
    found = glob.glob(os.path.join(target, "**", "ast-grep"), recursive=True)
    if not found:
        machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        shutil.rmtree(target, ignore_errors=True)
        os.makedirs(target)
        if shutil.which("npm"):
            run(["npm", "pack", "--silent", "@ast-grep/cli-linux-%s-gnu" % machine], cwd=target)
        else:
            run([sys.executable, "-m", "pip", "download", "--no-deps", "--dest", target, "ast-grep-cli"])
        for archive in glob.glob(os.path.join(target, "*.tgz")):
            with tarfile.open(archive) as packed:
                packed.extractall(target)
        for archive in glob.glob(os.path.join(target, "*.whl")):
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(target)
        found = glob.glob(os.path.join(target, "**", "ast-grep"), recursive=True)
        if not found:
            raise Missing("the package has no program called ast-grep")
        os.chmod(found[0], 0o755)
    run([found[0], "--version"])
    return found[0]


def copy_project():
    """A folder with the files that codedb accepts; how many bytes and files."""
    target = os.path.join(scratch, "project")
    shutil.rmtree(target, ignore_errors=True)
    checked = subprocess.run([codedb, "check", "--quiet", "--json"] + [folder], stdout=subprocess.PIPE, universal_newlines=True)
    refused = {json.loads(line)["path"] for line in checked.stdout.splitlines()}
    size = count = 0
    for path in source_files():
        if path not in refused and os.path.isfile(path):
            copy = os.path.join(target, os.path.relpath(path, folder))
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copyfile(path, copy)
            size += os.path.getsize(path)
            count += 1
    return target, size, count


def timed(command):
    """Seconds of the clock and of the processors for a whole process, and the lines that it writes."""
    before = os.times()
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seconds = time.perf_counter() - started
    after = os.times()
    if done.returncode not in (0, 1):
        raise Missing((done.stderr.decode().strip().split("\n") or ["failed"])[-1])
    used = after.children_user - before.children_user + after.children_system - before.children_system
    return seconds, used, done.stdout.count(b"\n")


def project():
    target, size, count = copy_project()
    database = os.path.join(scratch, "project.db")
    for path in glob.glob(database + "*"):
        os.remove(path)
    subprocess.run([codedb, "index", "--quiet", "--db", database, target], check=True)
    rule = os.path.join(scratch, "rule.yml")
    with open(rule, "w") as out:
        out.write("id: found\nlanguage: python\nrule:\n  kind: %s\n" % RULE)
    try:
        command = [ast_grep(), "scan", "--rule", rule, "--json=stream", target]
    except Missing as reason:
        command = None
        print("ast-grep is missing: %s" % reason)
    own, peers, warm = [], [], []
    for _ in range(ROUNDS):
        own.append(timed([codedb, "query", "--json", SELECTOR, target]))
        warm.append(measure([bench, "warm", database]))
        if command:
            peers.append(timed(command))
    report_project(size, count, own, peers, warm)


def report_project(size, count, own, peers, warm):
    middle = lambda values: statistics.median(values)
    seconds, used = middle(one[0] for one in own), middle(one[1] for one in own)
    peer = middle(one[0] for one in peers) if peers else None
    first, asked = middle(one["first"] for one in warm), warm[0]["asked"]
    kept = [middle(one["asked"][i][0] for one in warm) for i in range(len(asked))]
    print("project: %d files, %.1f MB" % (count, size / 1e6))
    show(times(peer, seconds) if peer else "-", "as fast as ast-grep scan: cold, whole process, files on disk (bar 8, aim 15)",
         "codedb %.0f ms, %.0f ms of the processors, %d found%s" % (seconds * 1e3, used * 1e3, own[0][2],
         "; ast-grep %.0f ms, %.0f ms, %d found" % (peer * 1e3, middle(one[1] for one in peers) * 1e3, peers[0][2]) if peer else ""))
    show(times(peer, kept[0]) if peer else "-", "as fast as ast-grep scan: warm, in the database, a selector not asked before (bar 25, aim 100)",
         "%.1f ms, %d found; %d trees are kept in %.0f MB of %.0f MB; the first query, which parses all, %.0f ms"
         % (kept[0] * 1e3, asked[0][1], warm[0]["trees"], warm[0]["cache_bytes"] / 1e6, warm[0]["cache_limit"] / 1e6, first * 1e3))
    if peers and len({own[0][2], peers[0][2], asked[0][1]}) > 1:
        print("           the counts differ: the ratios compare different questions")
    for i in range(1, len(asked)):
        print("           %8.2f ms %7d found  %s" % (kept[i] * 1e3, asked[i][1], asked[i][2]))


def main():
    print("Python %s; %d processors, load %.1f" % (sys.version.split()[0], os.cpu_count(), os.getloadavg()[0]), flush=True)
    one_file()
    project()


main()
