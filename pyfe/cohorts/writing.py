"""Chunks into a Parquet file: one chunk, one row group."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from pyfe.arguments import require_a
from pyfe.cohorts.chunk import Chunk
from pyfe.cohorts.head import CohortFacts, Head
from pyfe.errors import ParameterError
from pyfe.io.sources import INSTALL

__all__ = ["PartWritten", "arrow_here", "join_parts", "write_part"]

AnyFile: TypeAlias = str | os.PathLike[str] | BinaryIO


class PartWritten(NamedTuple):
    """What a file holds: the number of its first chunk, how many chunks and how many rows it has."""

    first_chunk: int
    chunks: int
    rows: int


def arrow_here() -> None:
    """ParameterError, with the cure, where pyarrow is not installed."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ParameterError(
            f"cohorts are Parquet, which pyarrow reads and writes, and pyarrow is not installed: {INSTALL}"
        ) from error


def write_part(file: AnyFile, chunks: Iterable[Chunk], *, fingerprint: str | None = None) -> PartWritten:
    """Write chunks that follow each other into one Parquet file, a path or a stream that is open for writing.

    ``fingerprint``: of the public key, for people. One chunk is in memory at a time. The same chunks give the same
    bytes. ParameterError for no chunks, for chunks of several cohorts, and for one that does not follow the one before;
    OSError where the file cannot be written. Whatever ends it early, what is there then is not whole, and is refused.
    """
    arrow_here()
    from pyfe.cohorts.arrow import schema_of, table_of

    writer: Any = None
    facts: CohortFacts | None = None
    before: Chunk | None = None
    first = count = rows = 0
    try:
        for chunk in chunks:
            require_a(chunk, Chunk, "what is written")
            form = chunk.batch.adapter.row_form(chunk.batch.native)
            head = Head.of(chunk, form.shared, form.width)
            if facts is None or before is None:
                facts, first = head.facts, chunk.place.number
                schema = schema_of(facts, fingerprint)
                writer = _writer(file, schema)
            else:
                _require_next(before, chunk, facts, head.facts)
            writer.write_table(table_of(chunk, head, schema, list(form.body)), row_group_size=len(chunk))
            before, count, rows = chunk, count + 1, rows + len(chunk)
    finally:
        if writer is not None:
            writer.close()
    if before is None:
        raise ParameterError("there are no chunks to write: a cohort has one row or more")
    return PartWritten(first, count, rows)


def join_parts(parts: Iterable[str | os.PathLike[str]], file: AnyFile) -> None:
    """Write the row groups of parts, in their order, into one Parquet file: the values as they are, none decoded.

    One row group is in memory at a time. OSError where a file cannot be read or written.
    """
    arrow_here()
    from pyarrow.parquet import ParquetFile

    # Registers the type of ciphertexts before a part is opened: if another thread did so in between, the first part
    # and the next would have different schemas.
    import pyfe.cohorts.arrow  # noqa: F401

    writer: Any = None
    try:
        for part in parts:
            with ParquetFile(part, pre_buffer=False, memory_map=True) as source:
                writer = _writer(file, source.schema_arrow) if writer is None else writer
                for number in range(source.num_row_groups):
                    table = source.read_row_group(number, use_threads=False)
                    writer.write_table(table, row_group_size=table.num_rows)
    finally:
        if writer is not None:
            writer.close()


def _writer(file: AnyFile, schema: Any) -> Any:
    from pyarrow.parquet import ParquetWriter

    return ParquetWriter(
        os.fspath(file) if isinstance(file, os.PathLike) else file,
        schema,
        compression="NONE",
        use_dictionary=False,
        write_statistics=["chunk", "row"],
        write_page_checksum=True,
    )


def _require_next(before: Chunk, chunk: Chunk, facts: CohortFacts, own: CohortFacts) -> None:
    follows = before.place.number + 1, before.place.first_row + len(before)
    if (chunk.place.number, chunk.place.first_row) != follows:
        raise ParameterError(f"{chunk.place} does not follow {before.place} of {len(before)} rows")
    if own != facts:
        raise ParameterError(f"{chunk.place} is of another cohort than {before.place}: see {_difference(facts, own)}")


def _difference(facts: CohortFacts, own: CohortFacts) -> str:
    return ", ".join(name for name, value in vars(facts).items() if value != getattr(own, name))
