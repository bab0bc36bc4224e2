"""Reading a cohort: its facts at once, its chunks one after another."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pyfe.adapters import AnyAdapter, adapter_numbered
from pyfe.arguments import path_of, require_count
from pyfe.cohorts.chunk import Chunk
from pyfe.cohorts.columns import ColumnKind
from pyfe.cohorts.head import CohortFacts
from pyfe.cohorts.writing import arrow_here
from pyfe.errors import ParameterError
from pyfe.identity import Identity
from pyfe.row_ids import Carriage, RowIds

if TYPE_CHECKING:
    from pyfe.cohorts.chunks_of_files import EncodedChunk
    from pyfe.cohorts.index import Index

__all__ = ["Cohort", "is_parquet", "open_cohort"]

AnyPath: TypeAlias = str | os.PathLike[str]

_MAGIC = b"PAR1"

_NAME = "cohort"


class Cohort:
    """Encrypted rows of any number in files. Made by :func:`open_cohort`; ``len()`` is the number of rows.

    What it says was held against all files when it was opened, and is held against every chunk when that is read. It is
    the claim of whoever made the files; of signed chunks, of whoever signed them.
    """

    def __init__(self, index: Index) -> None:
        """Not for direct use."""
        self._index = index
        self.facts: CohortFacts = index.facts
        self.adapter: AnyAdapter = adapter_numbered(index.facts.scheme, _NAME)

    @property
    def id(self) -> bytes:
        """Its 16 bytes, which are in all chunks."""
        return self.facts.cohort

    @property
    def scheme(self) -> str:
        """The scheme id: functionality, assumption, group."""
        return self.adapter.id

    @property
    def public_key_id(self) -> bytes:
        """Id (32 bytes) of the public key it was encrypted under."""
        return self.facts.public_key_id

    @property
    def parameter_hash(self) -> bytes:
        """Hash (32 bytes) of the scheme's parameters."""
        return self.facts.parameter_hash

    @property
    def schema_id(self) -> bytes:
        """Id (32 bytes) of the schema its rows were encoded with."""
        return self.facts.schema_id

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.facts.rows

    @property
    def chunk_count(self) -> int:
        """How many chunks it has."""
        return self.facts.chunks

    @property
    def ids(self) -> Carriage | None:
        """How ids travel beside the rows; None where none do."""
        return self.facts.ids

    @property
    def columns(self) -> dict[str, ColumnKind]:
        """The public columns: name -> kind."""
        return dict(self.facts.columns)

    @property
    def signer(self) -> bytes | None:
        """The Ed25519 key (32 bytes) that every chunk says it is signed by; None where none is signed."""
        return self.facts.signer

    @property
    def files(self) -> tuple[Path, ...]:
        """Its files, in the order of the rows."""
        return tuple(part.path for part in self._index.parts)

    @property
    def heads(self) -> bytes:
        """SHA-256 (32 bytes) of the heads of all chunks. Of a cohort that is signed it stands for all that is in it."""
        return self._index.heads

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(part.size for part in self._index.parts)

    def first_row(self, number: int) -> int:
        """How many rows come before a chunk; of :attr:`chunk_count` all."""
        require_count(number, 0, self.facts.chunks, "the number of a chunk")
        return self._index.first_row(number)

    def only(self, start: int, stop: int) -> Cohort:
        """The same cohort for a process that reads the chunks from ``start`` to ``stop``, and no others: it is small,
        it is pickled, and it opens no file; these are called by their whole paths."""
        index = self._index.of_chunks(start, stop)
        return Cohort(replace(index, parts=tuple(replace(part, path=part.path.absolute()) for part in index.parts)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Cohort, (self._index,)

    def chunks(self, start: int = 0, stop: int | None = None, *, signed_by: Identity | None = None) -> Iterator[Chunk]:
        """The chunks from number ``start`` to ``stop``, in order; with ``signed_by``, each signed by that identity.

        Memory: one chunk and some megabytes. Every chunk is whole, and of a signed one the signature is checked in any
        case. DecodeError for a chunk that is not as it was written, SignatureError for one that is not as it was
        signed, or not signed by whom it should be; both name the chunk.
        """
        for decoded in self.encoded(start, stop, signed_by=signed_by):
            yield decoded()

    def encoded(
        self, start: int = 0, stop: int | None = None, *, signed_by: Identity | None = None
    ) -> Iterator[Callable[[], Chunk]]:
        """The same chunks, read, and each decoded when it is called: reading takes one core, decoding all of them, so
        that a thread may read ahead while the core decodes and decrypts in another. Errors are those of
        :meth:`chunks`, from either."""
        from pyfe.cohorts.chunks_of_files import chunks_of

        end = self.facts.chunks if stop is None else stop
        require_count(end, 0, self.facts.chunks, "the chunk to stop before")
        require_count(start, 0, end, "the first chunk")

        def decoded(encoded: EncodedChunk) -> Chunk:
            chunk = encoded.decoded()
            if signed_by is not None:
                chunk.require_signer(signed_by)  # that it was so signed, every chunk has shown
            return chunk

        for encoded in chunks_of(self._index, self.adapter, start, end):
            yield partial(decoded, encoded)

    def row_ids(self, start: int = 0) -> Iterator[RowIds]:
        """The ids alone, some at a time, from row ``start`` on; nothing where none travel. What nobody may have vouched
        for: signatures are of chunks."""
        from pyfe.cohorts.chunks_of_files import ids_of

        return ids_of(self._index, start) if self.facts.ids is not None else iter(())

    def __len__(self) -> int:
        return self.facts.rows

    def __repr__(self) -> str:
        signed = "unsigned" if self.signer is None else f"signed by {self.signer.hex()[:12]}"
        key = self.public_key_id.hex()[:12]
        return f"Cohort({self.rows} rows in {self.chunk_count} chunks, public key {key}, {signed})"


def is_parquet(path: AnyPath) -> bool:
    """Whether a file begins as Parquet does, or a folder has such files: what :func:`open_cohort` takes. False also for
    what cannot be read, and for a pipe, from which nothing is taken."""
    place = path_of(path, "a cohort's file")
    try:
        if place.is_dir():
            return any(place.glob("*.parquet"))
        if not place.is_file():
            return False
        with place.open("rb") as file:
            return file.read(4) == _MAGIC
    except OSError:
        return False


def open_cohort(paths: AnyPath | Iterable[AnyPath]) -> Cohort:
    """The cohort of a Parquet file, of several, or of all of a folder (``*.parquet``), in whatever order.

    The files may have been rewritten by another program, if no row, column or head is missing and the rows are in
    order. ParameterError where a file cannot be read, and where pyarrow is not installed; DecodeError for files that
    are not one whole cohort, naming what is missing. Reads three narrow columns of all files.
    """
    arrow_here()
    from pyfe.cohorts.index import index_of
    from pyfe.cohorts.parquet_files import opened_part

    return Cohort(index_of([opened_part(path) for path in _files(paths)]))


def _files(paths: Any) -> list[Path]:
    given = [paths] if isinstance(paths, str | bytes | os.PathLike) else list(paths)
    found: list[Path] = []
    for path in (path_of(each, "a cohort's file") for each in given):
        inside = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        if not inside:
            raise ParameterError(f"{path}: there is no Parquet file in this folder")
        found += inside
    if not found:
        raise ParameterError("there are no files: a cohort is one file or more")
    return found
