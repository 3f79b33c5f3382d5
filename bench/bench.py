"""Runs codedb's benchmarks and prints each as a ratio against a peer that was measured in the same run.

    python3 bench/bench.py BUILD_FOLDER [SOURCE_FOLDER]

The sources are by default the standard library, tests included, of the Python that runs this. The peers: CPython's ast.parse for
parsing and for indexing, a bare sqlite3 connection with the same pragmas for the queue. Machines are noisy: read the ratios."""
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time

build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
folder = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else sysconfig.get_paths()["stdlib"])
here = os.path.dirname(os.path.abspath(__file__))


def source_files():
    found = []
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ("site-packages", "dist-packages"))
        found += [os.path.join(path, name) for name in sorted(names) if name.endswith(".py")]
    return found


def measure(command, files):
    text = subprocess.run(command, input="\n".join(files) + "\n", capture_output=True, text=True, check=True).stdout
    return json.loads(text)


def index_seconds(database):
    """Wall time and peak memory of a whole `codedb index` process."""
    command = [os.path.join(build, "codedb"), "index", "--quiet", "--json", "--db", database,
               "--exclude", "site-packages", "--exclude", "dist-packages", folder]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    report = json.loads(process.stdout.read())
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - started, usage.ru_maxrss / 1024, report


def main():
    files = source_files()
    ours = measure([os.path.join(build, "bench_parse"), "5"], files)
    peer = measure([sys.executable, os.path.join(here, "bench_parse.py"), "3"], files)
    ours_again = measure([os.path.join(build, "bench_parse"), "5"], files)
    seconds = min(ours["seconds"], ours_again["seconds"])
    megabytes = peer["bytes"] / 1e6
    print(f"corpus: {folder}: {peer['files']} files, {megabytes:.1f} MB; Python {sys.version.split()[0]}")
    print(f"parse + walk of every node, one thread: {peer['seconds'] / seconds:.1f}x ast.parse "
          f"(codedb {ours['bytes'] / 1e6 / seconds:.1f} MB/s, ast.parse {megabytes / peer['seconds']:.1f} MB/s)")
    print(f"tree: {ours['tree_bytes_per_byte']:.2f} bytes for each byte of source; {ours['nodes']} nodes; "
          f"{ours['rejected']} files rejected, by ast.parse {peer['rejected']}")
    with tempfile.TemporaryDirectory() as scratch:
        for name, database in (("in memory", ":memory:"), ("on file, durable", os.path.join(scratch, "bench.db"))):
            wall, memory, report = index_seconds(database)
            print(f"index {name}: {wall / peer['seconds']:.2f}x the time of ast.parse alone (codedb {wall:.2f} s, ast.parse "
                  f"{peer['seconds']:.2f} s; {report['files_indexed']} files, peak memory {memory:.0f} MB)")
        again, _, report = index_seconds(os.path.join(scratch, "bench.db"))
        print(f"index again, nothing changed: {again / peer['seconds']:.2f}x ({again:.2f} s, {report['files_unchanged']} unchanged)")
    subprocess.run([os.path.join(build, "bench_queue")], check=True)


main()
