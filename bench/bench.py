"""Runs codedb's benchmarks and prints each as a ratio against a peer that was measured in the same run, the ratio first.

    python3 bench/bench.py BUILD_FOLDER [SOURCE_FOLDER]

The sources are by default the standard library, tests included, of the Python that runs this. The peers: CPython's ast.parse for
parsing and for indexing, a bare sqlite3 connection with the same pragmas for the queue. Both sides of a ratio are the best of
several alternating rounds. Machines are noisy, a busy one most of all when two threads hand work to each other: the load is
printed, too."""
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


def show(ratio, what, figures):
    print(f"{ratio:>9}  {what}\n           {figures}", flush=True)


def source_files():
    found = []
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ("site-packages", "dist-packages"))
        found += [os.path.join(path, name) for name in sorted(names) if name.endswith(".py")]
    return found


def measure(command, files):
    text = subprocess.run(command, input="\n".join(files) + "\n", capture_output=True, text=True, check=True).stdout
    return json.loads(text)


def index(database):
    """Wall time and peak memory in MB of a whole `codedb index` process, and its report."""
    command = [os.path.join(build, "codedb"), "index", "--quiet", "--json", "--db", database,
               "--exclude", "site-packages", "--exclude", "dist-packages", folder]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    report = json.loads(process.stdout.read())
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - started, usage.ru_maxrss / 1024, report


def bench_parse(files):
    """Prints parsing, and answers the seconds that ast.parse needs."""
    ours, peers = [], []
    for _ in range(2):
        ours.append(measure([os.path.join(build, "bench_parse"), "3"], files))
        peers.append(measure([sys.executable, os.path.join(here, "bench_parse.py"), "1"], files))
    mine, peer = (min(results, key=lambda result: result["seconds"]) for results in (ours, peers))
    megabytes = peer["bytes"] / 1e6
    show(f"{peer['seconds'] / mine['seconds']:.1f} x", "as fast as ast.parse: parse, and a hash of kind and span of every node (one thread)",
         f"codedb {megabytes / mine['seconds']:.1f} MB/s, ast.parse {megabytes / peer['seconds']:.1f} MB/s; {mine['nodes']} nodes; "
         f"rejected: codedb {mine['rejected']}, ast.parse {peer['rejected']} files")
    show(f"{mine['tree_bytes_per_byte']:.2f}", "bytes of tree per byte of source", "aim: at most 8")
    return peer["seconds"]


def bench_index(peer_seconds, scratch):
    database = os.path.join(scratch, "bench.db")
    for where, path in (("in memory", ":memory:"), ("on file, durable", database)):
        seconds, memory, report = index(path)
        show(f"{seconds / peer_seconds:.2f} x", f"the time of ast.parse alone: index {where} (walk, read, parse, store, full text)",
             f"codedb {seconds:.2f} s, {report['files_indexed']} files; ast.parse {peer_seconds:.2f} s; peak memory {memory:.0f} MB")
    seconds, memory, report = index(database)
    show(f"{seconds / peer_seconds:.2f} x", "the time of ast.parse alone: index again, nothing changed",
         f"codedb {seconds:.2f} s, {report['files_unchanged']} files unchanged; peak memory {memory:.0f} MB")


def main():
    files = source_files()
    print(f"{folder}: {len(files)} files; Python {sys.version.split()[0]}; {os.cpu_count()} CPUs, "
          f"load {os.getloadavg()[0]:.1f} before this began", flush=True)
    seconds = bench_parse(files)
    with tempfile.TemporaryDirectory() as scratch:
        bench_index(seconds, scratch)
        subprocess.run([os.path.join(build, "bench_driver"), scratch], check=True)


main()
