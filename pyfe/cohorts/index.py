"""Where the chunks of a cohort lie in its files, and that none of them, and no row, is missing, twice or astray.

The columns ``head``, ``chunk`` and ``row`` of all files are read once; row groups say nothing, programs that rewrite a
file merge and cut them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from pyfe.cohorts.arrow import heads_of_column, integers_of_column
from pyfe.cohorts.head import CohortFacts, Head
from pyfe.cohorts.parquet_files import Part
from pyfe.errors import DecodeError

__all__ = ["Index", "chunk_starts", "index_of"]

_ROWS = 1 << 16
_FEWER = "damaged Parquet: it has fewer rows than it tells of; get the file again"
MOST_ROWS_A_BYTE = 1
"""Encrypted rows have many bytes each, and no packing makes them smaller."""


@dataclass(frozen=True)
class Index:
    """The files in the order of their rows, what all chunks share, the first row of every chunk and where the last one
    ends, and the SHA-256 of all heads in order.

    Of some chunks (:meth:`of_chunks`) it has what these lie in: ``first_chunk`` is the number of the first of them,
    ``skipped`` counts the rows before the first of its files.
    """

    parts: tuple[Part, ...]
    facts: CohortFacts
    first_rows: Any
    heads: bytes
    first_chunk: int = 0
    skipped: int = 0

    def first_row(self, number: int) -> int:
        """How many rows come before a chunk; of the number after the last, where that ends."""
        return int(self.first_rows[number - self.first_chunk])

    def bounds_within(self, first: int, end: int) -> list[int]:
        """Where the chunks begin and end that have any of the rows from ``first`` to ``end``, counted from there; below
        0 or behind the last where one reaches beyond these."""
        rows = self.first_rows
        start = max(0, int(np.searchsorted(rows, first, "right")) - 1)
        return [int(row) for row in rows[start : int(np.searchsorted(rows, end)) + 1] - first]

    def of_chunks(self, start: int, stop: int) -> Index:
        """The index of the chunks from ``start`` to ``stop``: what it takes to read them, and no more."""
        first, end = self.first_row(start), self.first_row(stop)
        ends = np.cumsum([self.skipped, *(part.rows for part in self.parts)]).tolist()
        spans = zip(self.parts, ends, ends[1:], strict=False)
        kept = [(part, before) for part, before, after in spans if before < end and after > first]
        rows = self.first_rows[start - self.first_chunk : stop - self.first_chunk + 1]
        parts = tuple(part for part, _ in kept)
        return replace(self, parts=parts, first_rows=rows, first_chunk=start, skipped=kept[0][1] if kept else first)


def index_of(parts: Sequence[Part]) -> Index:
    """The index of some files, in whatever order. DecodeError naming what is missing, and who rewrote the file."""
    for part in parts:
        with _naming(part):
            _require_columns(part)
    ordered = sorted(((_first_row(part), part) for part in parts if part.rows), key=lambda pair: pair[0])
    if not ordered:
        raise DecodeError(f"{parts[0].path if parts else 'no files'}: there are no rows, and a cohort has one or more")
    scan = _Scan()
    for _, part in ordered:
        for batch in part.batches(["head", "chunk", "row"], 0, _ROWS):
            with _naming(part):
                scan.read(part, batch)
    with _naming(ordered[-1][1]):
        facts = scan.finish()
        first_rows = np.array([*scan.first_rows, facts.rows])
        return Index(tuple(part for _, part in ordered), facts, first_rows, scan.heads.digest())


def _require_columns(part: Part) -> None:
    try:
        part.require_columns(["ct", "head", "chunk", "row"])
    except DecodeError as error:
        raise DecodeError(f"not a cohort, or columns were left out: {error}") from error
    if part.rows > MOST_ROWS_A_BYTE * part.size:
        raise DecodeError(f"it tells of {part.rows} rows in {part.size} bytes")


def _first_row(part: Part) -> int:
    batch = next(part.batches(["row"], 0, 1), None)
    with _naming(part):
        if batch is None or not batch.num_rows:
            raise DecodeError(_FEWER)
        return int(integers_of_column(batch.column(0), "row")[0])


class _Scan:
    """Reads the rows of all files in order: which row, of which chunk, and where heads are."""

    def __init__(self) -> None:
        self.first_rows: list[int] = []
        self.heads = hashlib.sha256()
        self._facts: CohortFacts | None = None
        self._next = 0  # the row that comes now
        self._left = 0  # rows of the chunk at hand that are still to come
        self._number = -1  # of the chunk at hand

    def read(self, part: Part, batch: Any) -> None:
        """Some rows of a file. DecodeError where they do not follow those before."""
        at = {name: batch.column(batch.schema.get_field_index(name)) for name in ("head", "chunk", "row")}
        self._rows(integers_of_column(at["row"], "row"))
        chunks, heads = integers_of_column(at["chunk"], "chunk"), heads_of_column(at["head"])
        for start, stop in pairwise([*sorted({0, *heads}), len(chunks)]):
            if start in heads:
                head = heads[start].as_py()
                self.heads.update(head)
                self._begin(part, Head.from_bytes(head), self._next + start)
            self._within(chunks[start:stop], self._next + start)
        self._next += len(chunks)

    def finish(self) -> CohortFacts:
        """What all chunks share. DecodeError where some are missing."""
        if self._facts is None:
            raise DecodeError(_FEWER)
        if self._next != self._facts.rows:
            raise DecodeError(_missing(self._next, self._facts.rows - 1, f" of {self._facts.rows}"))
        return self._facts

    def _rows(self, rows: Any) -> None:
        """DecodeError unless these rows follow those before, one by one."""
        wrong = np.flatnonzero(rows != np.arange(self._next, self._next + len(rows)))
        if not len(wrong):
            return
        expected, found = self._next + int(wrong[0]), int(rows[wrong[0]])
        if found < expected:
            fault = f"row {found} is there twice, or not in its place: sort the rows by 'row'"
        elif expected in rows[wrong]:
            fault = f"row {found} comes before row {expected}: sort the rows by 'row'"
        else:
            fault = _missing(expected, found - 1)
        raise DecodeError(fault)

    def _begin(self, part: Part, head: Head, row: int) -> None:
        """A chunk begins with this row."""
        facts = self._facts = self._facts or head.facts
        if self._left:
            raise DecodeError(f"row {row} has a head, in the middle of chunk {self._number}")
        if head.facts != facts:
            raise DecodeError(f"{head.place} is of another cohort than the chunks before")
        if (head.place.number, head.place.first_row) != (self._number + 1, row):
            raise DecodeError(f"the head of {head.place} is at row {row}")
        part.require_columns([*(["id"] if facts.ids else []), *(name for name, _ in facts.columns)])
        self.first_rows.append(row)
        self._number, self._left = head.place.number, head.rows

    def _within(self, chunks: Any, row: int) -> None:
        if len(chunks) > self._left:
            raise DecodeError(f"row {row + self._left} begins a chunk and has no head: the column 'head' was emptied")
        if (chunks != self._number).any():
            raise DecodeError(f"a row of chunk {self._number} says that it is of another")
        self._left -= len(chunks)


def _missing(first: int, last: int, of: str = "") -> str:
    rows = f"row {first}{of} is" if first == last else f"rows {first} to {last}{of} are"
    return f"the cohort is not whole: {rows} missing"


@contextmanager
def _naming(part: Part) -> Iterator[None]:
    """What is wrong with a file, with its name, and who wrote it."""
    try:
        yield
    except (DecodeError, pa.ArrowException) as error:
        by = "" if part.writer is None else f" (the file was written by {part.writer}; the original can be read)"
        raise DecodeError(f"{part.path}: {error}{by}") from error


def chunk_starts(index: Index, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """First row and end of the chunks from ``start`` to ``stop``."""
    yield from pairwise(index.first_rows[start - index.first_chunk : stop - index.first_chunk + 1].tolist())
