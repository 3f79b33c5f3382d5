"""The sources that trees are compared over: the standard libraries of the machine's CPythons, and packages of different taste.

    corpora.py FOLDER          fetches the packages into FOLDER, once
    corpora.py --pythons       prints the path of one Python 3 for each standard library on the machine

Packages come from PyPI through pip and are only unpacked, never installed.
"""
import glob
import hashlib
import os
import random
import subprocess
import sys
import tarfile
import zipfile

# Scientific, web, compiler, symbolic, network, test and documentation style; most bring their tests along.
PACKAGES = ["ansible-core", "django", "hypothesis", "matplotlib", "mypy", "networkx", "numpy", "pandas", "pylint", "pytest", "scipy",
            "sphinx", "sqlalchemy", "sympy", "twisted"]
# What is in the source distribution only: black's test data, and LibCST's own fixtures.
SOURCE_PACKAGES = ["black==24.10.0", "libcst==1.9.0"]
OTHERS = ("site-packages", "dist-packages", "__pycache__")


def interpreters():
    """The Pythons on PATH, of the system and of pyenv: each name once."""
    folders = os.environ.get("PATH", "").split(os.pathsep) + ["/usr/bin", "/usr/local/bin", "/opt/*/bin"]
    folders.append(os.path.join(os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv")), "versions", "*", "bin"))
    found = {}
    for pattern in [os.path.join(folder, "python[23]*") for folder in folders if "shims" not in folder]:
        for path in sorted(glob.glob(pattern)):
            if os.path.basename(path)[6:].replace(".", "").isdigit():
                found.setdefault(os.path.realpath(path), path)
    return sorted(found)


def standard_libraries():
    """The folder of each interpreter's standard library, as the interpreter itself says, and the interpreter."""
    found = {}
    for python in interpreters():
        try:
            answer = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, timeout=60, check=True).stdout.decode().strip()
        except (OSError, subprocess.SubprocessError):
            continue
        if os.path.isdir(answer):
            found.setdefault(os.path.realpath(answer), python)
    return dict(sorted(found.items()))


def unpack(archive, folder):
    if archive.endswith((".whl", ".zip")):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder, [name for name in packed.namelist() if name.endswith(".py")])
        return
    with tarfile.open(archive) as packed:
        packed.extractall(folder, [member for member in packed.getmembers() if member.isfile() and member.name.endswith(".py")],
                          **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))


def fetch_packages(folder):
    """What could not be fetched is named; the comparison then goes without."""
    for names, form in ((PACKAGES, "--only-binary"), (SOURCE_PACKAGES, "--no-binary")):
        for name in names:
            plain = name.split("=")[0]
            target = os.path.join(folder, plain)
            if os.path.isdir(target):
                continue
            download = os.path.join(folder, "download", plain)
            command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps", form,
                       plain, "--dest", download, name]
            if subprocess.run(command).returncode != 0:
                print("not fetched, so not compared: %s" % name, flush=True)
                continue
            for archive in glob.glob(os.path.join(download, "*")):
                unpack(archive, target)
    return folder


def python_files(paths):
    for path in paths:
        if os.path.isfile(path):
            yield path
            continue
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if name not in OTHERS)
            for name in sorted(files):
                if name.endswith(".py") and os.path.isfile(os.path.join(folder, name)):
                    yield os.path.join(folder, name)


def distinct_files(paths):
    """(files of different content, number of all files): versions of a library share many files."""
    seen, files, count = set(), [], 0
    for path in python_files(paths):
        count += 1
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).digest()
        if digest not in seen:
            seen.add(digest)
            files.append(path)
    return files, count


def sample(files, number, seed):
    """So many of the files by chance, or all for 0; in any case in an order by chance, so that a run cut short has seen all tastes."""
    files = sorted(files)
    random.Random(seed).shuffle(files)
    return files[:number] if number else files


def version(python):
    return subprocess.run([python, "-c", "import sys; print(sys.version_info[0])"], stdout=subprocess.PIPE, check=True).stdout


if __name__ == "__main__":
    if sys.argv[1] == "--pythons":
        print(*[python for python in standard_libraries().values() if version(python).strip() == b"3"])
    else:
        fetch_packages(sys.argv[1])
