"""Whether an id is there twice among any number of rows, with bounded memory."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import ParameterError

__all__ = ["Distinct"]

Marks: TypeAlias = npt.NDArray[Any]

_MARK = np.dtype([("first", "<i8"), ("second", "<i8"), ("row", "<i8")])
_SHARES = 256
_SALT = 16


class Distinct:
    """Ids that were seen, each as 24 bytes: two keyed hashes of 64 bits, and its row.

    Up to ``most`` of them are in memory (2^20: 25 MB). More go to temporary files, one of 256 after their hash, which
    are looked at one after another: of 10^9 ids a file has 94 MB, and takes three times that in memory. Two ids are
    taken for one with a probability of 2^-128, under a key that nobody knows. A context: it ends with its files.
    """

    def __init__(self, *, most: int = 2**20) -> None:
        self._most = most
        self._salts = os.urandom(_SALT), os.urandom(_SALT)
        self._held: list[Marks] = []
        self._count = 0
        self._files: list[Any] = []
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, ids: Sequence[bytes], first_row: int) -> None:
        """See the ids of rows that follow each other. ParameterError where a temporary file cannot be written."""
        rows, marks = len(ids), np.empty(len(ids), _MARK)
        for salt, name in zip(self._salts, ("first", "second"), strict=True):
            marks[name] = np.fromiter(map(hash, map(salt.__add__, ids)), np.int64, rows)
        marks["row"] = np.arange(first_row, first_row + rows)
        self._held.append(marks)
        self._count += rows
        if self._count > self._most:
            self._spill()

    def repeated(self) -> list[int]:
        """The rows whose id an earlier row has, in order."""
        if not self._files:
            return sorted(_repeated(_joined(self._held)))
        self._spill()
        found: list[int] = []
        for file in self._files:
            with _temporary():
                file.seek(0)
                found += _repeated(np.fromfile(file, _MARK))
        return sorted(found)

    def _spill(self) -> None:
        with _temporary():
            if not self._files:
                files = (tempfile.TemporaryFile(buffering=0) for _ in range(_SHARES))  # noqa: SIM115
                self._files += map(self._open.enter_context, files)
            marks = _joined(self._held)
            shares = (marks["first"] & (_SHARES - 1)).astype(np.uint8)
            order = np.argsort(shares, kind="stable")
            ends = np.cumsum(np.bincount(shares, minlength=_SHARES))
            for file, part in zip(self._files, np.split(marks[order], ends[:-1]), strict=True):
                part.tofile(file)
        self._held, self._count = [], 0


def _joined(parts: list[Marks]) -> Marks:
    return np.concatenate(parts) if parts else np.empty(0, _MARK)


def _repeated(marks: Marks) -> list[int]:
    """The rows whose two hashes an earlier row has."""
    order = np.sort(marks["first"])
    same = order[1:][order[1:] == order[:-1]]
    if not len(same):
        return []
    few = marks[np.isin(marks["first"], same)]  # one hash is the same, mostly as the ids are
    few = few[np.lexsort((few["row"], few["second"], few["first"]))]
    again = (np.diff(few["first"]) == 0) & (np.diff(few["second"]) == 0)
    rows: list[int] = few["row"][1:][again].tolist()
    return rows


@contextlib.contextmanager
def _temporary() -> Any:
    try:
        yield
    except OSError as error:
        raise ParameterError(
            f"cannot write a temporary file in {tempfile.gettempdir()}, where ids are compared: {error.strerror}; give "
            "another folder (TMPDIR), or --allow-duplicates, which compares none"
        ) from error
