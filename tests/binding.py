"""codedb as a Python binding sees it: what stands between `cffi: begin` and `cffi: end` in codedb.h is declared to cffi, and the
shared library is loaded. Used by the test scripts; BUILD is the folder of libcodedb.so."""
import os
import re

import cffi

build = os.environ.get("BUILD", "build")
root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def declarations():
    """What a preprocessor would leave: no comments, no line continuations, simple number macros, no attribute macros."""
    with open(os.path.join(root, "codedb.h"), encoding="utf-8") as file:
        text = file.read()
    text = text.split("/* cffi: begin */")[1].split("/* cffi: end */")[0]
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = text.replace("\\\n", " ").replace("CODEDB_API ", "")
    kept = []
    for line in text.split("\n"):
        if line.startswith("#") and not re.match(r"#define \w+ (0x)?\d+\s*$", line):
            assert line.startswith("#define"), "a directive that a binding cannot understand: " + line
            continue
        kept.append(line)
    text = "\n".join(kept)
    return text


ffi = cffi.FFI()
ffi.cdef(declarations())
library = ffi.dlopen(os.path.join(build, "libcodedb.so"))


def new(kind):
    value = ffi.new(kind + " *")
    value.struct_size = ffi.sizeof(kind)
    return value


def text_of(pointer):
    return ffi.string(pointer).decode()
