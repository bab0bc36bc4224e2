"""libpyfe by cffi: the C ABI as a client has it, from its header alone; wrapped so that tests read like Python."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import cffi
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
HEADER = ROOT / "csrc" / "capi" / "include" / "pyfe.h"
STATUSES = re.findall(r"^    (PYFE_[A-Z_]+) = \d+", HEADER.read_text(), re.MULTILINE)


def declarations() -> str:
    """The header as cffi reads C: no preprocessor, its constants written out."""
    text = re.sub(r"#ifdef __cplusplus.*?#endif", "", HEADER.read_text(), flags=re.DOTALL)
    constants = re.findall(r"^#define (PYFE_\w+) +(\d+)", text, re.MULTILINE)
    text = re.sub(r"^#.*$", "", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL), flags=re.MULTILINE)
    for name, value in constants:
        text = re.sub(rf"\[{name}\]", f"[{value}]", text)
    return text.replace("PYFE_API ", "")


def built() -> Path | None:
    """The library of this tree's test build, or the one that PYFE_LIBRARY names."""
    if named := os.environ.get("PYFE_LIBRARY"):
        return Path(named)
    found = list((ROOT / "build").glob("cp*/csrc/capi/libpyfe.so"))
    return max(found, key=lambda path: path.stat().st_mtime) if found else None


@cache
def library() -> Library:
    path = built()
    if path is None:
        if os.environ.get("PYFE_REQUIRE_TESTING"):
            raise FileNotFoundError("no build/<wheel tag>/csrc/capi/libpyfe.so")
        pytest.skip("libpyfe was not built: make install, or make embed")
    return Library(path)


class CError(Exception):
    """A status that is not PYFE_OK, and its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{STATUSES[status]}: {message}")
        self.name, self.message = STATUSES[status], message


class Opened(NamedTuple):
    """What a decryption gives: int64 and float64 ``[rows, k]``."""

    scores: Any
    decisions: Any


class Library:
    """Every function that can fail as a method that raises :class:`CError`; objects are freed by their last user."""

    def __init__(self, path: Path) -> None:
        self.ffi = cffi.FFI()
        self.ffi.cdef(declarations())
        self.c: Any = self.ffi.dlopen(str(path))

    def call(self) -> Any:
        return self.ffi.new("pyfe_call *")

    def check(self, status: int, call: Any) -> None:
        assert call.status == status, "the status is written where the message is"
        message = bytes(self.ffi.buffer(call.message)).split(b"\0")[0].decode("utf-8")
        if status:
            assert message, "a failure says why"
            raise CError(status, message)

    def run(self, name: str, *arguments: Any, call: Any = None) -> None:
        call = self.call() if call is None else call
        self.check(getattr(self.c, name)(*arguments, call), call)

    def loaded(self, what: str, data: bytes, *arguments: Any) -> Any:
        out = self.ffi.new(f"pyfe_{what} **")
        self.run(f"pyfe_{what}_load", data, len(data), *arguments, out)
        return self.ffi.gc(out[0], getattr(self.c, f"pyfe_{what}_free"))

    def public_key(self, data: bytes, fingerprint: str | None = None) -> Any:
        return self.loaded("public_key", data, self.ffi.NULL if fingerprint is None else fingerprint.encode())

    def function_key(self, data: bytes, public_key: Any) -> Any:
        return self.loaded("function_key", data, public_key)

    def batch(self, data: bytes, signer: bytes | None = None) -> Any:
        return self.loaded("batch", data, self.ffi.NULL if signer is None else signer)

    def text(self, of: str, thing: Any) -> str:
        return self.ffi.string(getattr(self.c, of)(thing)).decode()

    def id(self, of: str, thing: Any) -> bytes:
        out = self.ffi.new("uint8_t[32]")
        getattr(self.c, of)(thing, out)
        return bytes(out)

    def encrypted_size(self, key: Any, rows: int, is_signed: bool) -> int:
        size = self.ffi.new("uint64_t *")
        self.run("pyfe_encrypted_size", key, rows, int(is_signed), size)
        return int(size[0])

    def encrypt(self, key: Any, x: Any, signer: bytes | None = None, call: Any = None) -> bytes:
        x = np.ascontiguousarray(x, dtype=np.int64)
        rows, n = x.shape
        capacity = self.encrypted_size(key, rows, signer is not None)
        out, size = self.ffi.new("uint8_t[]", capacity), self.ffi.new("uint64_t *")
        who = self.ffi.NULL if signer is None else signer
        self.run("pyfe_encrypt", key, self.pointer(x), rows, n, who, out, capacity, size, call=call)
        assert size[0] == capacity
        return bytes(self.ffi.buffer(out))

    def decrypt(self, key: Any, batch: Any, now: int = -1, call: Any = None) -> Opened:
        shape = self.c.pyfe_batch_rows(batch), self.c.pyfe_function_key_functions(key)
        scores, decisions = np.full(shape, -1, dtype=np.int64), np.zeros(shape)
        outputs = self.pointer(scores), self.pointer(decisions), scores.size
        self.run("pyfe_decrypt", key, batch, now, *outputs, call=call)
        return Opened(scores, decisions)

    def decrypt_sums(self, key: Any, batch: Any, largest: int, now: int = -1) -> Any:
        shape = self.c.pyfe_batch_rows(batch), self.c.pyfe_function_key_functions(key)
        scores = np.full(shape, -1, dtype=np.int64)
        self.run("pyfe_decrypt_sums", key, batch, largest, now, self.pointer(scores), scores.size)
        return scores

    def pointer(self, array: Any) -> Any:
        kind = "double *" if array.dtype == np.float64 else "int64_t *"
        return self.ffi.cast(kind, array.ctypes.data)


@contextmanager
def fails(status: str, words: str = "") -> Iterator[None]:
    """The block ends by this status, and its message has these words."""
    with pytest.raises(CError) as caught:
        yield
    assert caught.value.name == status, str(caught.value)
    assert words in caught.value.message, caught.value.message
