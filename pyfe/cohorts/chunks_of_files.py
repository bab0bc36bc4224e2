"""Chunks read from files, each from as many record batches as its rows lie in: first all that needs no core, which a
thread may do ahead, then the decoding of the rows, which takes all cores."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pyfe.adapters import AnyAdapter
from pyfe.ciphertext import CiphertextBatch
from pyfe.cohorts.arrow import (
    cells_of_column,
    heads_of_column,
    ids_of_column,
    integers_of_column,
    rows_of_column,
)
from pyfe.cohorts.chunk import Chunk
from pyfe.cohorts.columns import PublicColumn
from pyfe.cohorts.head import CohortFacts, Head
from pyfe.cohorts.index import Index, chunk_starts
from pyfe.cohorts.parquet_files import Part
from pyfe.cohorts.statement import statement
from pyfe.errors import DecodeError, ParameterError
from pyfe.row_ids import RowIds

__all__ = ["EncodedChunk", "chunks_of", "ids_of"]

_PIECE = 1 << 23
"""Bytes of rows that are read at a time."""

_CHANGED = "it is damaged, or was changed while it was read"
_MOST_ROWS = 1 << 13
_MOST_IDS = 1 << 15


@dataclass(frozen=True, eq=False, repr=False)
class EncodedChunk:
    """A chunk that was read, and is whole; its rows are bytes yet.

    ``where`` it lies; ``payload``: of the native batch; ``digest``: its SHA-256, where the chunk says it is signed.
    """

    where: str
    adapter: AnyAdapter
    head: Head
    payload: memoryview
    digest: bytes | None
    ids: RowIds | None
    public: Mapping[str, PublicColumn]

    def decoded(self) -> Chunk:
        """The chunk. DecodeError where it is not as its head says, SignatureError where it is not as it was signed."""
        head = self.head
        try:
            chunk = Chunk(head.place, self._batch(), self.public, head.chunk_signature)
        except (DecodeError, ParameterError) as error:
            raise DecodeError(f"{self.where}: {error}") from error
        if chunk.signature is not None:
            said = statement(chunk.place, chunk.batch, chunk.public, chunk.signature.signer, payload=self.digest)
            chunk.signature.require_valid(said, str(chunk.place))
        return chunk

    def _batch(self) -> CiphertextBatch:
        head, facts, adapter = self.head, self.head.facts, self.adapter
        native = adapter.read_batch(self.payload)
        if len(native) != head.rows or native.public_key_id != facts.public_key_id:
            raise DecodeError("the rows are not as many, or not under the public key, as its head says")
        if adapter.row_width(native) != facts.width:
            raise DecodeError("a row's bytes are not as many as its head says")
        if self.ids is not None and adapter.combined(native):
            raise DecodeError("combined rows have no ids, and here are some")
        return CiphertextBatch(
            adapter,
            native,
            parameter_hash=facts.parameter_hash,
            schema_id=facts.schema_id,
            saturated=head.saturated,
            encrypted_rows=head.encrypted_rows,
            ids=self.ids,
            signers=None if head.chunk_signature is None else frozenset([head.chunk_signature.signer]),
        )


def chunks_of(index: Index, adapter: AnyAdapter, start: int, stop: int) -> Iterator[EncodedChunk]:
    """The chunks from ``start`` to ``stop``, every one whole."""
    if start == stop:
        return
    facts = index.facts
    pieces = _pieces(index, index.first_row(start) - index.skipped)
    left: _Piece | None = None
    for first, end in chunk_starts(index, start, stop):
        held: list[Any] = []
        wanted = end - first
        while wanted:
            piece = left if left is not None else next(pieces)
            batch = piece.batch
            held.append(batch.slice(0, wanted))
            left = piece._replace(batch=batch.slice(wanted)) if batch.num_rows > wanted else None
            wanted -= held[-1].num_rows
        yield _chunk(facts, adapter, held, first, end, piece)


def ids_of(index: Index, row: int) -> Iterator[RowIds]:
    """The ids of all rows from one of the files on, some at a time."""
    carriage = index.facts.ids
    for part in index.parts:
        if carriage is not None and row < part.rows:
            for batch in part.batches(["id"], row, _MOST_IDS):
                try:
                    ids = ids_of_column(batch.column(0), carriage)
                except (DecodeError, pa.ArrowException) as error:
                    raise DecodeError(f"{part.path}: {error}") from error
                yield ids
        row = max(0, row - part.rows)


class _Piece(NamedTuple):
    """Rows of a file: the file, how many rows come before it, whether its encrypted rows are read as they lie, and a
    record batch of all that is read besides."""

    part: Part
    before: int
    plain: bool
    batch: Any


def _pieces(index: Index, row: int) -> Iterator[_Piece]:
    """All that is read of chunks, from a row of the files on. Where chunks begin with pages, as they are written, their
    encrypted rows are read as they lie, by their number in the file, in which the index found every row in its place:
    where they stand they say no second time."""
    facts = index.facts
    beside = ["head", *(["id"] if facts.ids else []), *(name for name, _ in facts.columns)]
    before = index.skipped
    for part in index.parts:
        plain = part.lies_plain("ct", facts.width, index.bounds_within(before, before + part.rows))
        columns = beside if plain else ["ct", "row", *beside]
        most = _MOST_IDS if plain else max(1, min(_MOST_ROWS, _PIECE // facts.width))
        if row < part.rows:
            for batch in part.batches(columns, row, most):
                yield _Piece(part, before, plain, batch)
        row = max(0, row - part.rows)
        before += part.rows
    raise DecodeError("the files are damaged, or were changed while they were read: rows are missing")


def _chunk(
    facts: CohortFacts, adapter: AnyAdapter, held: list[Any], first: int, end: int, piece: _Piece
) -> EncodedChunk:
    where = f"{piece.part.path}, rows {first} and on"
    try:
        if not piece.plain:
            _require_rows(held, first)
        head = _head(facts, held, first, end)
        where = f"{piece.part.path}, {head.place}"
        if piece.plain:
            payload = piece.part.plain_rows("ct", head.shared, first - piece.before, end - piece.before).view()
        else:
            body = [rows_of_column(_column(batch, "ct"), facts.width, "ct") for batch in held]
            payload = memoryview(adapter.payload(head.shared, body))
        digest = None if head.chunk_signature is None else hashlib.sha256(payload).digest()
        ids = None
        if facts.ids is not None:
            ids = RowIds.join([ids_of_column(_column(batch, "id"), facts.ids) for batch in held])
        public = {name: _joined(held, name, kind) for name, kind in facts.columns}
    except (DecodeError, ParameterError, pa.ArrowException) as error:
        raise DecodeError(f"{where}: {error}") from error
    return EncodedChunk(where, adapter, head, payload, digest, ids, public)


def _require_rows(held: list[Any], row: int) -> None:
    """That these rows follow each other."""
    for batch in held:
        rows = integers_of_column(_column(batch, "row"), "row")
        if not np.array_equal(rows, np.arange(row, row + len(rows))):
            raise DecodeError(_CHANGED)
        row += len(rows)


def _head(facts: CohortFacts, held: list[Any], first: int, end: int) -> Head:
    """The head of the chunk, which its first row has, and no other."""
    heads: dict[int, Any] = {}
    row = first
    for batch in held:
        heads |= {row + at: head for at, head in heads_of_column(_column(batch, "head")).items()}
        row += batch.num_rows
    if heads.keys() != {first}:
        raise DecodeError(_CHANGED)
    head = Head.from_bytes(heads[first].as_py())
    if head.facts != facts or head.place.first_row != first or head.rows != end - first:
        raise DecodeError(_CHANGED)
    return head


def _joined(held: list[Any], name: str, kind: Any) -> PublicColumn:
    parts = [cells_of_column(_column(batch, name), kind, name) for batch in held]
    return parts[0] if len(parts) == 1 else PublicColumn(kind, tuple(cell for part in parts for cell in part.cells))


def _column(batch: Any, name: str) -> Any:
    return batch.column(batch.schema.get_field_index(name))
