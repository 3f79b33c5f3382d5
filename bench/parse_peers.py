"""Measures codedb's parser beside others in one run: ratios first, then megabytes a second and sizes.

    parse_peers.py BUILD_FOLDER SOURCE_FOLDER [LIBCST_PYTHON]

The peers: ast.parse of the Python that runs this; tree-sitter (Debian's libtree-sitter-dev) with its Python grammar (npm's package
tree-sitter-python, or the one of PyPI), compiled in the build folder; and LibCST's native parser. A peer that is not to be had is
named with the reason. All in one thread, sources in memory, seconds of the processor, medians.
"""
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile

build, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
libcst_python = sys.argv[3] if len(sys.argv) > 3 else sys.executable
here = os.path.dirname(os.path.abspath(__file__))
scratch = os.path.join(build, "bench")
GRAMMAR = "0.23.6"  # the last one that Debian 12's tree-sitter can load


class Missing(Exception):
    """Why a peer cannot be measured."""


def source_files():
    found = []
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ("site-packages", "dist-packages"))
        found += [os.path.join(path, name) for name in sorted(names) if name.endswith(".py")]
    return found


def run(command, **options):
    """Runs a command of a peer's build; what it says becomes the reason when it fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, **options)
    except OSError as error:
        raise Missing("%s: %s" % (command[0], error.strerror))
    if done.returncode != 0:
        raise Missing("%s: %s" % (" ".join(command[:3]), (done.stdout.strip().split("\n") or ["failed"])[-1]))
    return done.stdout


def fetch_grammar():
    """The folder that holds the grammar's parser.c."""
    target = os.path.join(scratch, "grammar")
    if not glob.glob(os.path.join(target, "*", "src", "parser.c")):
        shutil.rmtree(target, ignore_errors=True)
        os.makedirs(target)
        if shutil.which("npm"):
            run(["npm", "pack", "--silent", "tree-sitter-python@" + GRAMMAR], cwd=target)
        else:
            run([sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", "tree-sitter-python", "--dest", target,
                 "tree-sitter-python==" + GRAMMAR])
        for archive in glob.glob(os.path.join(target, "*gz")):
            with tarfile.open(archive) as packed:
                packed.extractall(target, [one for one in packed.getmembers() if "/src/" in one.name and one.isfile()])
    found = glob.glob(os.path.join(target, "*", "src", "parser.c"))
    if not found:
        raise Missing("the package tree-sitter-python has no src/parser.c")
    return os.path.dirname(found[0])


def tree_sitter(name="peer_tree_sitter"):
    """The command that measures tree-sitter, made of the source with that name."""
    program = os.path.join(scratch, name)
    os.makedirs(scratch, exist_ok=True)
    grammar = fetch_grammar()
    source = os.path.join(here, name + ".c")
    objects = [os.path.join(scratch, part + ".o") for part in ("parser", "scanner")]
    for path in objects:
        if not os.path.exists(path):
            part = os.path.basename(path)[:-2] + ".c"
            run(["cc", "-O2", "-I", grammar, "-c", os.path.join(grammar, part), "-o", path])
    run(["cc", "-O2", source] + objects + ["-ltree-sitter", "-o", program])
    return [program]


def libcst():
    run([libcst_python, "-c", "import libcst.native"])
    return [libcst_python, os.path.join(here, "bench_parse.py")]


def measure(command, arguments, files):
    done = subprocess.run(command + arguments, input="\n".join(files) + "\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True)
    if done.returncode != 0:
        raise Missing((done.stderr.strip().split("\n") or ["failed"])[-1])
    return json.loads(done.stdout)


def merge(first, second):
    """Two measurements of one thing, before and after the peers: the median of all runs."""
    return dict(first, runs=first["runs"] + second["runs"], seconds=statistics.median(first["runs"] + second["runs"]))


def speed(result):
    return result["bytes"] / 1e6 / result["seconds"]


def measure_peers(files):
    """(name, result) of each peer; result is the reason when it is missing. LibCST is slow, so it gets every tenth file."""
    found = [("ast.parse", measure([sys.executable, os.path.join(here, "bench_parse.py")], ["3", "ast"], files))]
    for name, command, arguments, part in (("tree-sitter, walked", tree_sitter, ["3", "walk"], files),
                                           ("tree-sitter, not walked", tree_sitter, ["3", "parse"], files),
                                           ("LibCST native, every tenth file", libcst, ["3", "libcst"], files[::10])):
        try:
            found.append((name, measure(command(), arguments, part)))
        except Missing as reason:
            found.append((name, str(reason)))
    return found


def main():
    files = source_files()
    ours = [os.path.join(build, "bench_parse")]
    modes = ("walk", "parse", "ast", "bytes")
    before = {mode: measure(ours, ["3", mode], files) for mode in modes}
    peers = measure_peers(files)
    results = {mode: merge(before[mode], measure(ours, ["3", mode], files)) for mode in modes}
    walk, write = results["walk"], results["ast"]
    print("corpus: %s: %d files, %.1f MB; Python %s" % (folder, len(files), walk["bytes"] / 1e6, sys.version.split()[0]))
    print("ratios, codedb's tree, walked, against:")
    for name, result in peers:
        print("  %-34s %s" % (name, "missing: " + result if isinstance(result, str) else "%.1fx" % (speed(walk) / speed(result))))
    print("ratio, codedb's ast JSON against ast.parse alone: %.1fx" % (speed(write) / speed(peers[0][1])))
    print("part of the speed at which bytes are read once and classified: %.0f %%" % (100 * speed(walk) / speed(results["bytes"])))
    print("%-36s %9s %9s %12s %12s" % ("", "MB/s", "refused", "tree B/B", "allocs/file"))
    rows = [("codedb, tree, walked", walk), ("codedb, tree, not walked", results["parse"]), ("codedb, ast JSON", write),
            ("bytes classified", results["bytes"])] + peers
    for name, result in rows:
        if isinstance(result, str):
            print("%-36s missing: %s" % (name, result))
            continue
        sizes = ["%.2f" % result[key] if result.get(key) else "-" for key in ("tree_bytes_per_byte", "allocations_per_file")]
        print("%-36s %9.1f %9d %12s %12s" % (name, speed(result), result["rejected"], *sizes))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
