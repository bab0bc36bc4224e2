"""The bytes of a table: from a file or from standard input, unpacked where gzip or zstd packed them."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

from pyfe.errors import DecodeError, ParameterError
from pyfe.io.files import in_memory, pieces_of
from pyfe.io.kinds import LOOKED_AT, Packing, packing_of
from pyfe.io.unpacking import Counted, within_limits

__all__ = ["INSTALL", "STANDARD_INPUT", "Again", "Source", "opened"]

AnyPath: TypeAlias = str | os.PathLike[str]

STANDARD_INPUT = "-"
INSTALL = "pip install 'pyfe-crypto[parquet]'"
"""What brings pyarrow."""

_PIECE = 1 << 20
_FED = 1 << 14
"""Bytes of gzip at a time: at the end of each member zlib copies what is left of them."""


@dataclass(frozen=True)
class Source:
    """A table's bytes, read once: ``start``, the first of them, and ``pieces``, all of them."""

    name: str
    packing: Packing | None
    start: bytes
    pieces: Iterator[bytes]

    def read(self) -> bytes:
        """All the bytes at once."""
        with in_memory(self.name):
            return b"".join(self.pieces)


def opened(path: AnyPath) -> Source:
    """The bytes of a file, or of standard input for ``-``.

    ParameterError where they cannot be read, DecodeError where they cannot be unpacked.
    """
    return _source(_name(path), _raw(path))


class Again:
    """A table's bytes, as often as they are asked for.

    A file is opened each time, and has to be the same one then. Standard input and pipes, which can be read once only,
    are kept in memory, packed where they came packed: on a disk a copy of patients' rows would outlive the command.
    ParameterError where they cannot be read.
    """

    def __init__(self, path: AnyPath) -> None:
        self.name = _name(path)
        self._path = path
        self._state = _state(path)
        self._kept = None
        if self._state is None:
            with in_memory(self.name):
                self._kept = list(_raw(path))

    @property
    def file(self) -> AnyPath | None:
        """The file that may be read in any order; None where there is none."""
        return self._path if self._kept is None else None

    def opened(self) -> Source:
        """The bytes from the first on. ParameterError where the file was changed since."""
        self.require_unchanged()
        return _source(self.name, _raw(self._path) if self._kept is None else iter(self._kept))

    def digest(self) -> dict[str, Any]:
        """How many bytes there are, as they came, and their SHA-256. Cost: reads all of them."""
        found, size = hashlib.sha256(), 0
        for piece in _raw(self._path) if self._kept is None else self._kept:
            found.update(piece)
            size += len(piece)
        return {"bytes": size, "sha256": found.hexdigest()}

    def require_unchanged(self) -> None:
        """ParameterError where another file stands in the place, or it was written to."""
        if self._kept is None and _state(self._path) != self._state:
            raise ParameterError(f"{self.name} was changed while it was read; start again when it is at rest")


def _state(path: AnyPath) -> tuple[int, ...] | None:
    """What changes when a file does; None for what is no file, or is not there: reading it says so."""
    try:
        found = None if str(path) == STANDARD_INPUT else os.stat(path)
    except (OSError, ValueError):
        return None
    if found is None or not stat.S_ISREG(found.st_mode):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _name(path: AnyPath) -> str:
    return "standard input" if str(path) == STANDARD_INPUT else str(path)


def _raw(path: AnyPath) -> Iterator[bytes]:
    return _standard_input() if str(path) == STANDARD_INPUT else pieces_of(path)


def _source(name: str, raw: Iterator[bytes]) -> Source:
    start, pieces = _begun(raw)
    packing = packing_of(start)
    if packing is not None:
        start, pieces = _begun(_unpacked(pieces, packing, name))
        if packing_of(start) is not None:
            raise DecodeError(f"{name}: it is packed twice; unpack it once first")
    return Source(name, packing, start, pieces)


def _begun(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes of pieces, and all pieces."""
    read: list[bytes] = []
    while sum(map(len, read)) < LOOKED_AT and (piece := next(pieces, b"")):
        read.append(piece)
    return b"".join(read)[:LOOKED_AT], chain(read, pieces)


def _standard_input() -> Iterator[bytes]:
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None or stream.isatty():
        raise ParameterError("standard input is a terminal, or closed: pipe a table in, or name a file")
    try:
        while piece := stream.read(_PIECE):
            yield piece
    except OSError as error:
        raise ParameterError(f"cannot read standard input: {error.strerror}") from error


def _unpacked(pieces: Iterator[bytes], packing: Packing, name: str) -> Iterator[bytes]:
    packed = Counted(pieces)
    try:
        unpacked = _of_gzip(packed, name) if packing is Packing.GZIP else _of_zstd(packed, name)
        yield from within_limits(unpacked, packed, name)
    except (zlib.error, OSError) as error:
        raise DecodeError(f"{name}: damaged {packing.value}; get the file again") from error


def _of_gzip(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The members of a gzip file, one after the other; zeros may follow them, as tape drives leave them."""
    member = zlib.decompressobj(wbits=31)
    for left in (piece[start : start + _FED] for piece in pieces for start in range(0, len(piece), _FED)):
        while left:
            if member.eof:
                left = left.lstrip(b"\0")
                if not left:
                    break
                member = zlib.decompressobj(wbits=31)
            if data := member.decompress(left, _PIECE):
                yield data
            left = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        raise DecodeError(f"{name}: it ends in the middle of what gzip packed; get the file again")


def _of_zstd(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """By pyarrow: the standard library knows zstd from Python 3.14 on only."""
    try:
        import pyarrow
    except ImportError as error:
        raise ParameterError(
            f"{name}: it is packed by zstd, which pyarrow unpacks, and pyarrow is not installed: {INSTALL}, or unpack "
            "it first (zstd -d)"
        ) from error
    stream: Any = pyarrow.CompressedInputStream(pyarrow.PythonFile(_Stream(pieces), "r"), "zstd")
    while piece := stream.read(_PIECE):
        yield piece


class _Stream(io.RawIOBase):
    """Pieces as a stream to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or next(self._pieces, b"")
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)
