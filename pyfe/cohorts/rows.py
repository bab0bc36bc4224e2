"""Encrypted rows to be scored, from whatever holds them: one batch, or a cohort of any number."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pyfe.adapters import AnyAdapter
from pyfe.ciphertext import CiphertextBatch
from pyfe.cohorts.chunk import Chunk
from pyfe.cohorts.columns import PublicColumn
from pyfe.cohorts.distinct import Distinct
from pyfe.cohorts.manifest import MANIFEST, Span
from pyfe.cohorts.parts import read_manifest
from pyfe.cohorts.reading import Cohort, open_cohort
from pyfe.errors import DecodeError, ParameterError
from pyfe.identity import Identity
from pyfe.io.files import pieces_of
from pyfe.row_ids import Carriage, RowIds, require_none_repeated

__all__ = ["Piece", "Rows", "chunk_rows", "file_digest", "of_batch", "of_cohort", "opened_cohort"]

ROWS_A_CHUNK = 2048
"""Enough to keep all lanes and threads busy."""

_OPENED, _ANY_OPENED = 4, 1 << 9
"""How many times each ciphertext of a batch is opened, at most, where its rows are read chunk after chunk, beside any
such number: a cut batch opens each twice."""


def chunk_rows(scheme: AnyAdapter) -> int:
    """Rows of a chunk where nothing else is asked for: some 2,048, in whole blocks where the scheme packs rows."""
    return -(-ROWS_A_CHUNK // scheme.block_rows) * scheme.block_rows


class Piece(NamedTuple):
    """Some rows: which chunk it is, how many rows come before, the rows, the public columns beside them, and how many
    of their values were moved to an end, by column."""

    number: int
    first_row: int
    batch: CiphertextBatch
    public: Mapping[str, PublicColumn]
    saturated: Mapping[str, int]


@dataclass(frozen=True)
class Rows:
    """Rows in chunks.

    ``first_row(number)``: how many rows come before a chunk, of the number of chunks all. ``read(start, stop)``: the
    chunks from one number to another, in order, each decoded when it is called. ``row_ids()``: all ids, some at a time.
    ``cohort``: the id of a cohort; ``heads``: the SHA-256 of its heads; ``columns``: its public columns. ``batch``: all
    rows, where they are in memory. ``files``: where they lie; ``states``: what tells that one of these was changed;
    ``source``: the cohort they are of.
    """

    scheme: str
    public_key_id: bytes
    schema_id: bytes
    rows: int
    chunks: int
    ids: Carriage | None
    signer: bytes | None
    first_row: Callable[[int], int]
    read: Callable[[int, int], Iterator[Callable[[], Piece]]]
    row_ids: Callable[[], Iterator[RowIds]]
    cohort: bytes | None = None
    heads: bytes | None = None
    batch: CiphertextBatch | None = None
    columns: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    states: tuple[tuple[int, ...], ...] = ()
    source: Cohort | None = None

    def require_distinct(self) -> None:
        """ParameterError naming the rows whose id an earlier row has. Memory: as of :class:`Distinct`."""
        with Distinct() as seen:
            row = 0
            for ids in self.row_ids():
                seen.add(ids.raws(), row)
                row += len(ids)
            require_none_repeated(seen.repeated())

    def rows_of(self, spans: Iterable[Span]) -> int:
        """How many rows these parts have."""
        return sum(self.first_row(span.first_chunk + span.chunks) - self.first_row(span.first_chunk) for span in spans)

    def digests(self) -> dict[str, Any]:
        """What tells these rows from all others: of a signed cohort the SHA-256 of its heads, which hold the signatures
        of all rows; else size and SHA-256 of the files, in the order of the rows. Cost: reads these."""
        if self.heads is not None and self.signer is not None:
            return {"heads_sha256": self.heads.hex()}
        return {"files": [file_digest(path) for path in self.files]}

    def require_unchanged(self) -> None:
        """DecodeError where a file was changed since it was opened: what was checked may not be what was read."""
        for path, before in zip(self.files, self.states, strict=True):
            if _state(path) != before:
                raise DecodeError(f"{path} was changed while it was read; nothing was written: begin again")


def of_batch(batch: CiphertextBatch, file: Path, *, signed_by: Identity | None = None) -> Rows:
    """The rows of one batch, cut into chunks of whole blocks. SignatureError unless it is signed as it should be;
    ParameterError where its rows are so mixed that every chunk would open most of its ciphertexts."""
    if signed_by is not None:
        batch.require_signed_by(signed_by)
    step = chunk_rows(batch.adapter)
    _require_cut(batch, step, file)

    def piece(number: int) -> Piece:
        saturated = {} if number else batch.saturated  # what is known of all is said once
        return Piece(number, number * step, batch[number * step : (number + 1) * step], {}, saturated)

    def read(start: int, stop: int) -> Iterator[Callable[[], Piece]]:
        return (partial(piece, number) for number in range(start, stop))

    return Rows(
        batch.scheme,
        batch.public_key_id,
        batch.schema_id,
        len(batch),
        max(1, -(-len(batch) // step)),
        None if batch.ids is None else batch.ids.carriage,
        batch.signer,
        lambda number: min(number * step, len(batch)),
        read,
        lambda: iter(() if batch.ids is None else (batch.ids,)),
        batch=batch,
        files=(file,),
        states=(_state(file),),
    )


def of_cohort(cohort: Cohort, *, signed_by: Identity | None = None) -> Rows:
    """The rows of a cohort; of each chunk the signature is looked at before it is given out."""

    def piece(decoded: Callable[[], Chunk]) -> Piece:
        chunk = decoded()
        return Piece(chunk.place.number, chunk.place.first_row, chunk.batch, chunk.public, chunk.batch.saturated)

    def read(start: int, stop: int) -> Iterator[Callable[[], Piece]]:
        return (partial(piece, decoded) for decoded in cohort.encoded(start, stop, signed_by=signed_by))

    return Rows(
        cohort.scheme,
        cohort.public_key_id,
        cohort.schema_id,
        cohort.rows,
        cohort.chunk_count,
        cohort.ids,
        cohort.signer,
        cohort.first_row,
        read,
        cohort.row_ids,
        cohort=cohort.id,
        heads=cohort.heads,
        columns=tuple(cohort.columns),
        files=cohort.files,
        states=tuple(map(_state, cohort.files)),
        source=cohort,
    )


def opened_cohort(path: Path) -> Cohort:
    """The cohort of a file or a folder. ParameterError for a folder that is being written, or was not finished."""
    if path.is_dir() and os.path.lexists(path / MANIFEST):
        manifest = read_manifest(path)
        if manifest.command.product != "ciphertexts":
            raise ParameterError(f"{path} holds parts of {manifest.command.product}, not of ciphertexts")
        if manifest.finished is None:
            raise ParameterError(
                f"{path} is not finished: {manifest.missing_parts} parts are missing; whoever makes it goes on with "
                "--resume"
            )
    return open_cohort(path)


def file_digest(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a file. ParameterError where it cannot be read."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces_of(path):
        digest.update(piece)
        size += len(piece)
    return {"bytes": size, "sha256": digest.hexdigest()}


def _require_cut(batch: CiphertextBatch, step: int, file: Path) -> None:
    """ParameterError where chunks of so many rows open the ciphertexts of the batch, each as a whole, many times over:
    a hundred megabytes can be hours."""
    opened, held = batch.adapter.opened_in_steps(batch.native, step)
    if opened > _OPENED * held + _ANY_OPENED:
        raise ParameterError(
            f"{file}: its rows are in an order in which chunk after chunk would open {opened} ciphertexts, and it has "
            f"{held}: decrypt it as a whole (pyfe.Evaluator), or write it in the order of encryption"
        )


def _state(path: Path) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError as error:
        raise ParameterError(f"cannot read {path}: {error.strerror}") from error
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
