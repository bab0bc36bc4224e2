"""Whole files in and out; outputs appear complete or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from pyfe.errors import DecodeError, ParameterError

__all__ = ["read_bytes", "read_text", "write_bytes", "write_text"]


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file; ParameterError naming the file when it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ParameterError(f"cannot read {path}: {error.strerror}") from error


def read_text(path: str | os.PathLike[str]) -> str:
    """The UTF-8 text of a file; DecodeError for other bytes."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DecodeError(f"{path}: not UTF-8 text (byte {error.start})") from error


def write_bytes(path: str | os.PathLike[str], data: bytes, *, private: bool = False) -> None:
    """Write a file under a temporary name and rename it; ``private`` makes it readable by its owner only."""
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(temporary, flags, 0o600 if private else 0o666), "wb") as file:
            file.write(data)
        os.replace(temporary, target)
    except OSError as error:
        raise ParameterError(f"cannot write {path}: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_text(path: str | os.PathLike[str], text: str, *, private: bool = False) -> None:
    """Write UTF-8 text like :func:`write_bytes`."""
    write_bytes(path, text.encode(), private=private)
