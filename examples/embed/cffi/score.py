"""Scores of encrypted rows by cffi: score.py HEADER LIBRARY PUBLIC_KEY FUNCTION_KEY BATCH [SIGNER], in hexadecimal.

What a Python without pyfe would do; with pyfe, ``FunctionKey.decrypt``.
"""

import re
import sys
from pathlib import Path

import cffi


def declarations(header: str) -> str:
    """The header without its preprocessor lines, which cffi does not read."""
    header = re.sub(r"#ifdef __cplusplus.*?#endif", "", header, flags=re.DOTALL)
    constants = dict(re.findall(r"^#define (PYFE_\w+) +(\d+)", header, re.MULTILINE))
    header = re.sub(r"^#.*$", "", re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL), flags=re.MULTILINE)
    return re.sub(r"\[(\w+)\]", lambda found: f"[{constants[found[1]]}]", header).replace("PYFE_API ", "")


header, library, *files = sys.argv[1:6]
ffi = cffi.FFI()
ffi.cdef(declarations(Path(header).read_text()))
pyfe = ffi.dlopen(library)


def run(name: str, *arguments: object) -> None:
    """One call; what it refuses ends the program."""
    call = ffi.new("pyfe_call *")
    if status := getattr(pyfe, name)(*arguments, call):
        words = ffi.string(pyfe.pyfe_status_name(status)), ffi.string(call.message)
        sys.exit(": ".join(word.decode() for word in words))


def load(what: str, path: str, third: object) -> object:
    """The object of a file; it is freed with the last name of it."""
    data, out = Path(path).read_bytes(), ffi.new(f"pyfe_{what} **")
    run(f"pyfe_{what}_load", data, len(data), third, out)
    return ffi.gc(out[0], getattr(pyfe, f"pyfe_{what}_free"))


public_key = load("public_key", files[0], ffi.NULL)
key = load("function_key", files[1], public_key)
batch = load("batch", files[2], bytes.fromhex(sys.argv[6]) if len(sys.argv) > 6 else ffi.NULL)
count = pyfe.pyfe_batch_rows(batch) * pyfe.pyfe_function_key_functions(key)
scores, decisions = ffi.new("int64_t[]", count), ffi.new("double[]", count)
run("pyfe_decrypt", key, batch, -1, scores, decisions, count)
for score, decision in zip(scores, decisions, strict=True):
    print(score, repr(decision))
