"""The rows of a table, however many, into the chunks of a cohort: read, encrypted and written at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from pyfe.arrays import AnyArray
from pyfe.cohorts.carrying import CarriedColumns, id_cells
from pyfe.cohorts.chunk import Chunk
from pyfe.cohorts.manifest import Counts, Span
from pyfe.cohorts.writing import write_part
from pyfe.io.ahead import ahead, behind
from pyfe.io.streams import TableStream
from pyfe.io.tables import Table
from pyfe.schema import Encoded, Overflow, Schema

__all__ = ["PlainChunk", "TableChunks", "encrypt_parts", "keep_freed_memory"]

_FREED = 31 << 20
"""Bytes; of more than 32 MB glibc learns nothing."""


def keep_freed_memory() -> None:
    """Let glibc keep some tens of megabytes that are freed, for what comes next.

    By default it gives each block of some megabytes back to the system, and takes the next one again, page by page: a
    tenth of the time that reading and writing take beside the core. It keeps blocks up to the size of the largest that
    was ever freed, and twice as much in all; this one is never touched.
    """
    np.empty(_FREED, dtype=np.uint8)


class PlainChunk(NamedTuple):
    """Rows before they are encrypted: the number of their chunk, the rows, and the cells that travel beside them."""

    number: int
    encoded: Encoded
    ids: list[Any] | None
    public: Mapping[str, list[Any]]


class _Part(NamedTuple):
    """Some rows as they were read."""

    columns: dict[str, AnyArray]
    ids: list[Any] | None
    public: dict[str, list[Any]]
    rows: int

    def cut(self, start: int, stop: int) -> _Part:
        ids = None if self.ids is None else self.ids[start:stop]
        public = {name: cells[start:stop] for name, cells in self.public.items()}
        return _Part({name: cells[start:stop] for name, cells in self.columns.items()}, ids, public, stop - start)


@dataclass(frozen=True)
class TableChunks:
    """The rows of a table in chunks of ``rows_a_chunk``, but for those ``left_out``, which are rows in order.

    ``id_column``: whose cells are ids; ``carried``: the columns that are carried in the clear.
    """

    stream: TableStream
    schema: Schema
    on_overflow: Overflow
    rows_a_chunk: int
    id_column: str | None = None
    carried: CarriedColumns | None = None
    carried_names: tuple[str, ...] = ()
    left_out: Sequence[int] = ()

    @property
    def rows(self) -> int:
        """How many rows are encrypted."""
        return len(self.stream) - len(self.left_out)

    @property
    def chunks(self) -> int:
        """How many chunks they make."""
        return -(-self.rows // self.rows_a_chunk)

    def rows_of(self, spans: Sequence[Span]) -> int:
        """How many rows these parts have."""
        size = self.rows_a_chunk
        ends = ((span.first_chunk * size, (span.first_chunk + span.chunks) * size) for span in spans)
        return sum(min(stop, self.rows) - start for start, stop in ends)

    def read(self, spans: Sequence[Span]) -> Iterator[PlainChunk]:
        """The chunks of these parts, in order. Memory: a chunk and a piece of the table."""
        wanted = [number for span in spans for number in range(span.first_chunk, span.first_chunk + span.chunks)]
        if not wanted:
            return
        numbers, size = iter(wanted), self.rows_a_chunk
        number: int | None = next(numbers)
        held, start = list[_Part](), 0  # rows that were read, and the first of them
        for before, piece, rows in self._kept(wanted[0] * size):
            start = before if not held else start
            held.append(self._part(piece, rows))
            end = before + len(rows)
            while number is not None and (end >= (number + 1) * size or end == self.rows):
                stop = min((number + 1) * size, self.rows)
                part = _joined(held)
                yield self._encoded(number, part.cut(number * size - start, stop - start))
                rest = part.cut(stop - start, part.rows)
                held, start = ([rest] if rest.rows else []), stop
                number = next(numbers, None)
            if number is None:
                return
            if number * size > start and held:  # chunks that earlier runs finished
                part, skipped = _joined(held), min(number * size, end) - start
                held, start = [part.cut(skipped, part.rows)], start + skipped

    def _kept(self, first: int) -> Iterator[tuple[int, Table, npt.NDArray[np.intp]]]:
        """Pieces with rows from the ``first`` kept one on: how many kept ones come before, and where in the piece they
        are."""
        names = [*self.carried_names, *([] if self.id_column is None else [self.id_column])]
        left_out = np.asarray(self.left_out, dtype=np.intp)
        row = kept = 0
        for piece in self.stream.pieces(self.schema, names):
            here = np.ones(len(piece), dtype=np.bool_)
            here[left_out[(left_out >= row) & (left_out < row + len(piece))] - row] = False
            places = np.flatnonzero(here)
            row += len(piece)
            skipped = min(max(0, first - kept), len(places))
            if skipped < len(places):
                yield kept + skipped, piece, places[skipped:]
            kept += len(places)

    def _part(self, piece: Table, rows: npt.NDArray[np.intp]) -> _Part:
        ids = None if self.id_column is None else id_cells(piece, self.id_column)
        public = {} if self.carried is None else self.carried.of(piece)
        columns = piece.typed(self.schema)
        if len(rows) == len(piece):
            return _Part(columns, ids, public, len(rows))
        chosen = rows.tolist()
        return _Part(
            {name: cells[rows] for name, cells in columns.items()},
            None if ids is None else [ids[row] for row in chosen],
            {name: [cells[row] for row in chosen] for name, cells in public.items()},
            len(rows),
        )

    def _encoded(self, number: int, part: _Part) -> PlainChunk:
        encoded = self.schema.encode(part.columns, self.on_overflow)
        return PlainChunk(number, encoded, part.ids, part.public)


def encrypt_parts(
    chunks: TableChunks,
    spans: Sequence[Span],
    encrypt: Callable[[PlainChunk], Chunk],
    add: Callable[[Span, Callable[[BinaryIO], Counts]], None],
    advance: Callable[[int], None],
    *,
    finish: Callable[[Chunk], Chunk] | None = None,
    fingerprint: str,
) -> None:
    """Make parts of a cohort; ``add`` puts one of them in its place, ``advance`` is told how many rows more are done.
    ``finish``: what is done to a chunk as it is written, such as to sign it.

    The core works in the thread that calls, so that Ctrl-C ends it; reading goes on ahead of it and writing behind.
    Memory: some chunks, encrypted or not, and some pieces of the table.
    """

    def put(made: Iterator[Chunk]) -> None:
        for span in spans:
            chosen = islice(made, span.chunks)
            add(span, partial(_write, chosen if finish is None else map(finish, chosen), fingerprint))

    with closing(ahead(chunks.read(spans), depth=4)) as read, behind(put, depth=4) as hand_over:
        for plain in read:
            chunk = encrypt(plain)
            hand_over(chunk)
            advance(len(chunk))


def _write(chunks: Iterator[Chunk], fingerprint: str, file: BinaryIO) -> Counts:
    saturated = Counter[str]()

    def counted() -> Iterator[Chunk]:
        for chunk in chunks:
            saturated.update(chunk.batch.saturated)
            yield chunk

    written = write_part(file, counted(), fingerprint=fingerprint)
    return Counts(written.rows, dict(saturated))


def _joined(parts: list[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return _Part(
        {name: np.concatenate([part.columns[name] for part in parts]) for name in first.columns},
        None if first.ids is None else [cell for part in parts for cell in part.ids or ()],
        {name: [cell for part in parts for cell in part.public[name]] for name in first.public},
        sum(part.rows for part in parts),
    )
