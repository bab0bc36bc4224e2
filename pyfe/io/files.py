"""Whole files in, refused as early as can be: what never ends must not fill the memory."""

from __future__ import annotations

import codecs
import contextlib
import io
import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from pyfe.errors import DecodeError, ParameterError
from pyfe.wire.envelope import HEADER_SIZE, Header

__all__ = ["in_memory", "pieces_of", "read_bytes", "read_object", "read_text", "require_file"]

AnyPath: TypeAlias = str | os.PathLike[str]

_PIECE = 1 << 20


def read_bytes(path: AnyPath, *, most: int | None = None) -> bytes:
    """The bytes of a file; ParameterError naming the file when it cannot be read, or has more than ``most`` bytes."""
    with in_memory(path):
        return b"".join(pieces_of(path, most))


def read_object(path: AnyPath) -> bytes:
    """The bytes of an object of pyfe, read as far as its header says; DecodeError for a file that is none.

    Only their header and their number are looked at. ParameterError when the file cannot be read.
    """
    pieces = pieces_of(path, None)
    start = next(pieces, b"")
    header = Header.read(start) if len(start) >= HEADER_SIZE else None
    if header is None:
        raise DecodeError(f"{path}: {'not an object of pyfe' if start else 'the file is empty'}")
    with in_memory(path):
        data = io.BytesIO()  # grows in place, and gives its bytes away without a copy
        size = data.write(start)
        while size <= header.size and (piece := next(pieces, b"")):
            size += data.write(piece)
        if size != header.size:
            there = "more" if size > header.size else f"only {size}"
            raise DecodeError(f"{path}: the header tells of {header.size} bytes, and there are {there}")
        return data.getvalue()


_FORMATS = {
    b"\xff\xfe": "it is UTF-16: save it as UTF-8",
    b"\xfe\xff": "it is UTF-16: save it as UTF-8",
    b"PYFE": "it is an object of pyfe (pyfe info says which)",
}
"""How files begin that are often taken for text."""


def _cure(start: bytes) -> str:
    known = (cure for magic, cure in _FORMATS.items() if start.startswith(magic))
    return next(known, "save it as UTF-8 (encoding='utf-8' in Python)")


def read_text(path: AnyPath, *, most: int | None = None) -> str:
    """The UTF-8 text of a file, without a byte order mark. DecodeError for other bytes, else as :func:`read_bytes`."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    parts, start, first = [], 0, b""
    with in_memory(path):
        for piece in itertools.chain(pieces_of(path, most), [b""]):
            first = first or piece[:8]
            kept = len(decoder.getstate()[0])
            try:
                parts.append(decoder.decode(piece, final=not piece))
            except UnicodeDecodeError as error:
                place = start - kept + error.start
                raise DecodeError(f"{path}: not UTF-8 text (byte {place}); {_cure(first)}") from error
            if b"\0" in piece:
                raise DecodeError(f"{path}: not text (byte {start + piece.index(0)} is zero); {_cure(first)}")
            start += len(piece)
        return "".join(parts).removeprefix("\ufeff")


def pieces_of(path: AnyPath, most: int | None = None) -> Iterator[bytes]:
    """The bytes of a file, a piece after the other; errors as of :func:`read_bytes`."""
    read = 0
    try:
        with Path(path).open("rb") as file:
            while piece := file.read(_PIECE):
                read += len(piece)
                if most is not None and read > most:
                    raise ParameterError(f"{path} has more than {most} bytes")
                yield piece
    except OSError as error:
        raise ParameterError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError(f"cannot read {str(path)!r}: it is no name of a file") from error


def require_file(path: AnyPath) -> None:
    """ParameterError for a pipe, a device or a folder, where only a file can be meant: nobody may write into a
    pipe that lies in a folder."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # reading it says so
        return
    if not stat.S_ISREG(mode):
        raise ParameterError(f"cannot read {path}: it is no file")


@contextlib.contextmanager
def in_memory(path: AnyPath) -> Iterator[None]:
    """ParameterError, naming the file, where the memory does not suffice."""
    try:
        yield
    except MemoryError as error:
        raise ParameterError(f"cannot read {path}: it is larger than the memory") from error
