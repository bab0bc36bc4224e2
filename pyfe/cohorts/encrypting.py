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

from pyfe.arrays import AnyArray, IntArray
from pyfe.cohorts.carrying import CarriedColumns, id_cells
from pyfe.cohorts.chunk import Chunk
from pyfe.cohorts.manifest import Counts, Span
from pyfe.cohorts.writing import write_part
from pyfe.io.ahead import ahead, behind
from pyfe.io.streams import TableStream
from pyfe.io.tables import Table
from pyfe.schema import Encoded, Overflow, Schema

__all__ = ["PlainChunk", "TableChunks", "encrypt_parts"]

_KEPT = ""
"""Stands among columns for the coordinates of all of them."""


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

    ``id_column``: whose cells are ids; ``carried``: the columns that are carried in the clear. ``kept``: the
    coordinates of all rows of the table, where they are known and need not be read again.
    """

    stream: TableStream
    schema: Schema
    on_overflow: Overflow
    rows_a_chunk: int
    id_column: str | None = None
    carried: CarriedColumns | None = None
    carried_names: tuple[str, ...] = ()
    left_out: Sequence[int] = ()
    kept: IntArray | None = None

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
        for before, part in self._parts(wanted[0] * size):
            start = before if not held else start
            held.append(part)
            end = before + part.rows
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

    def _parts(self, first: int) -> Iterator[tuple[int, _Part]]:
        """The rows that are not left out from the ``first`` of them on; how many of them come before."""
        left_out = np.asarray(self.left_out, dtype=np.intp)
        row = before = 0
        for piece, count in self._pieces():
            here = np.ones(count, dtype=np.bool_)
            here[left_out[(left_out >= row) & (left_out < row + count)] - row] = False
            places = np.flatnonzero(here)
            skipped = min(max(0, first - before), len(places))
            if skipped < len(places):
                yield before + skipped, self._part(piece, row, places[skipped:])
            before, row = before + len(places), row + count

    def _pieces(self) -> Iterator[tuple[Table | None, int]]:
        """What is read of the table again, and of how many rows: nothing where all is known."""
        names = [*self.carried_names, *([] if self.id_column is None else [self.id_column])]
        if self.kept is not None and not names:
            yield None, len(self.stream)
            return
        for piece in self.stream.pieces(self.schema if self.kept is None else None, names):
            yield piece, len(piece)

    def _part(self, piece: Table | None, row: int, places: npt.NDArray[np.intp]) -> _Part:
        """The rows at some places of a piece, whose first row is ``row``."""
        first, last = int(places[0]), int(places[-1])
        whole = last - first + 1 == len(places)
        chosen: Any = slice(first, last + 1) if whole else places
        if self.kept is not None:
            columns: dict[str, AnyArray] = {_KEPT: self.kept[row : row + last + 1][chosen]}
        else:
            assert piece is not None
            columns = {name: cells[chosen] for name, cells in piece.typed(self.schema).items()}

        def listed(cells: list[Any]) -> list[Any]:
            return cells[first : last + 1] if whole else [cells[at] for at in places.tolist()]

        ids = None if self.id_column is None or piece is None else listed(id_cells(piece, self.id_column))
        public = {} if self.carried is None or piece is None else self.carried.of(piece)
        return _Part(columns, ids, {name: listed(cells) for name, cells in public.items()}, len(places))

    def _encoded(self, number: int, part: _Part) -> PlainChunk:
        if self.kept is None:
            encoded = self.schema.encode(part.columns, self.on_overflow)
        else:
            encoded = Encoded(part.columns[_KEPT].astype(np.int64), schema_id=self.schema.id)
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
