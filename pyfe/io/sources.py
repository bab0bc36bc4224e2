"""The bytes of a table: from a file or from standard input, unpacked where gzip or zstd packed them."""

from __future__ import annotations

import io
import os
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

__all__ = ["INSTALL", "STANDARD_INPUT", "Source", "opened"]

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
    name = "standard input" if str(path) == STANDARD_INPUT else str(path)
    start, pieces = _begun(_standard_input() if str(path) == STANDARD_INPUT else pieces_of(path))
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
