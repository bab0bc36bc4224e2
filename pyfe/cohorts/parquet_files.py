"""Parquet files as streams of rows, with flat memory, and whatever is wrong with them as a named error."""

from __future__ import annotations

import contextlib
import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetFile

from pyfe._core import SharedBytes, read_pieces
from pyfe.errors import DecodeError, ParameterError, PyfeError
from pyfe.io.files import require_file
from pyfe.io.parquet_layout import ParquetLayout, parquet_layout

__all__ = ["Part", "opened_part", "reading_parquet"]

_BUFFER = 1 << 20
"""Bytes of a column that are read ahead; without it pyarrow reads a row group's column as a whole."""

_ANY_FILE = 1 << 25
"""Bytes that are unpacked at a time of any file, and bytes of rows that are read at a time, however few it has."""

_MOST_TO_ONE = 8
"""Bytes that are unpacked at a time for one of the file's: encrypted rows are not made smaller by any packing."""


@dataclass(frozen=True)
class Part:
    """A file: the rows of each of its row groups, its size in bytes, the names of its columns, those of text and bytes,
    who wrote it, and what reading it takes. ``state``: what changes when the file does."""

    path: Path
    groups: tuple[int, ...]
    size: int
    columns: tuple[str, ...]
    texts: tuple[str, ...]
    writer: str | None
    layout: ParquetLayout
    state: tuple[int, ...]

    @property
    def rows(self) -> int:
        """The rows of all its row groups."""
        return sum(self.groups)

    def require_columns(self, names: Sequence[str]) -> None:
        """DecodeError unless the file has one column of each name."""
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise DecodeError(f"columns are missing: {', '.join(missing)}")
        twice = [name for name in names if self.columns.count(name) > 1]
        if twice:
            raise DecodeError(f"columns are there twice: {', '.join(twice)}")

    def lies_plain(self, column: str, width: int, starts: Iterable[int]) -> bool:
        """Whether :meth:`plain_rows` gives a column of cells of ``width`` bytes from each of these rows to the next: a
        page begins with every one of them, or the file ends."""
        plain = self.layout.plain.get(column)
        if plain is None or plain.width != width:
            return False
        return {page.row for page in plain.pages}.union([self.rows]).issuperset(starts)

    def plain_rows(self, column: str, shared: bytes, start: int, stop: int) -> SharedBytes:
        """``shared``, and behind it the cells of a column from row ``start`` to ``stop``, where a page begins with each
        of both. Read once from the file, without pyarrow, which copies them twice and has a slower checksum.

        DecodeError where the file was changed, or is damaged.
        """
        pages = self.layout.plain[column].pages
        first, end = (bisect_left(pages, row, key=lambda page: page.row) for row in (start, stop))
        with reading_parquet(self.path), self.path.open("rb", buffering=0) as file:
            if _state(file.fileno()) != self.state:
                raise DecodeError(f"{self.path}: it is damaged, or was changed while it was read")
            return read_pieces(file.fileno(), shared, [page[1:] for page in pages[first:end]])

    def batches(self, columns: Sequence[str], start: int, most: int) -> Iterator[Any]:
        """Record batches of these columns from row ``start`` on, of ``most`` rows at most."""
        group = 0
        while group < len(self.groups) and start >= self.groups[group]:
            start, group = start - self.groups[group], group + 1
        most = self.layout.rows_at_once(most, _ANY_FILE, columns)
        with reading_parquet(self.path), _file(self.path, self.texts) as file:
            if _state(self.path) != self.state or file.metadata.num_rows != self.rows:
                raise DecodeError(f"{self.path}: it is damaged, or was changed while it was read")
            for some in self._groups_of(group, self.layout.rows_at_once(most, _BUFFER, columns)):
                for batch in file.iter_batches(most, row_groups=some, columns=list(columns), use_threads=False):
                    if start < batch.num_rows:
                        yield batch.slice(start)
                    start = max(0, start - batch.num_rows)

    def _groups_of(self, start: int, most: int) -> Iterator[list[int]]:
        """The row groups from one on, as many at a time as have ``most`` rows together, one at least."""
        some: list[int] = []
        rows = 0
        for group in range(start, len(self.groups)):
            if some and rows + self.groups[group] > most:
                yield some
                some, rows = [], 0
            some.append(group)
            rows += self.groups[group]
        if some:
            yield some


def opened_part(path: Path) -> Part:
    """What a file says it is. ParameterError where it cannot be read, DecodeError where it is no Parquet."""
    require_file(path)
    layout, state = _layout(path)
    with reading_parquet(path), _file(path) as file:
        metadata = file.metadata
        groups = tuple(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))
        names = tuple(file.schema_arrow.names)
        leaves = [metadata.schema.column(i) for i in range(metadata.num_columns)]
        texts = tuple(each.path for each in leaves if each.physical_type == "BYTE_ARRAY")
        return Part(path, groups, state[2], names, texts, _writer(metadata), layout, state)


def _file(path: Path, texts: Sequence[str] = ()) -> Any:
    """The file, its ``texts`` as dictionaries where they were written so: a cell that is repeated takes no memory."""
    return ParquetFile(
        path, pre_buffer=False, buffer_size=_BUFFER, page_checksum_verification=True, read_dictionary=list(texts)
    )


def _layout(path: Path) -> tuple[ParquetLayout, tuple[int, ...]]:
    """What reading the file takes, before anything of it is read, and the state in which it was looked at. DecodeError
    for cells that are many times as large as the file, by what its pages say."""
    with reading_parquet(path), path.open("rb") as file:
        state = _state(file.fileno())
        size = state[2]

        def at(place: int, count: int) -> bytes:
            return os.pread(file.fileno(), count, place) if place >= 0 else b""

        try:
            layout = parquet_layout(at, size)
        except DecodeError as error:
            raise DecodeError(f"{path}: {error}") from error
    if layout.held > max(_ANY_FILE, _MOST_TO_ONE * size):
        raise DecodeError(
            f"{path}: columns of {layout.held} bytes take {size} in the file, more than {_MOST_TO_ONE} to one"
        )
    return layout, state


def _state(path: Path | int) -> tuple[int, ...]:
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _writer(metadata: Any) -> str | None:
    """Who wrote the file, in words; None where it was pyfe."""
    said = metadata.metadata or {}
    if b"pandas" in said:
        return f"pandas ({metadata.created_by})"
    return None if b"pyfe.format" in said else str(metadata.created_by)


@contextlib.contextmanager
def reading_parquet(path: Path) -> Iterator[None]:
    """A named error for whatever pyarrow says of a file, without its words: they show cells."""
    try:
        yield
    except PyfeError:
        raise
    except MemoryError as error:
        raise DecodeError(f"{path}: damaged Parquet, or larger than the memory; get the file again") from error
    except FileNotFoundError as error:
        raise ParameterError(f"cannot read {path}: there is no such file") from error
    except OSError as error:
        if error.errno is not None:
            raise ParameterError(f"cannot read {path}: {error.strerror}") from error
        raise DecodeError(f"{path}: damaged Parquet, or cut; get the file again") from error
    except (pa.ArrowException, ValueError, KeyError, UnicodeError, OverflowError) as error:
        raise DecodeError(f"{path}: damaged Parquet, or cut; get the file again") from error
