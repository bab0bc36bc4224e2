"""Parquet, Arrow and Feather files by pyarrow, an optional package that is imported when such a file is read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from pyfe.errors import DecodeError, ParameterError, PyfeError
from pyfe.io.arrow_layout import arrow_layout
from pyfe.io.files import in_memory
from pyfe.io.kinds import Kind
from pyfe.io.parquet_layout import ParquetLayout, parquet_layout
from pyfe.io.sources import INSTALL, Source
from pyfe.io.unpacking import ANY_BYTES, MOST_BYTES_A_BYTE, require_room

__all__ = [
    "arrow_table",
    "require_arrow",
    "require_arrow_room",
    "require_cells_of_bytes",
    "require_parquet_room",
    "require_size",
    "text_columns",
    "without_values",
]

MOST_CELLS_A_BYTE = 10_000
"""Most cells a byte of a file: a constant column of Parquet has some 240. A column of type null takes no bytes."""

_ANY_FILE = 1 << 20
"""Cells that any file may have, however small it is."""


def arrow_table(source: Source, kind: Kind) -> Any:
    """A file of ``kind`` as a ``pyarrow.Table``.

    ParameterError where pyarrow is not installed, DecodeError where the file is damaged: never in pyarrow's words,
    which show cells; and where it tells of more than ``MOST_CELLS_A_BYTE`` cells for each of its bytes.
    """
    require_arrow(source.name, kind)
    import pyarrow

    data = source.read()
    with in_memory(source.name):
        where = ""
        try:
            table = _read(pyarrow.BufferReader(data), kind, source.name)
            require_size(table.num_rows, table.num_columns, len(data), source.name)
            where = " (the name of a column)"
            names = list(table.column_names)  # a name that is no UTF-8 raises
            for name, column in zip(names, table.columns, strict=True):
                where = f" (column {name!r})"
                column.validate(full=True)  # text that is no UTF-8, indices beyond their dictionary
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            if isinstance(error, MemoryError):
                raise
            raise DecodeError(f"{source.name}: damaged {kind.value}{where}; write it again") from None
    return table


def require_arrow(name: str, kind: Kind) -> None:
    """ParameterError, with the cure, where pyarrow is not installed."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ParameterError(
            f"{name}: it is {kind.value}, which pyarrow reads, and pyarrow is not installed: {INSTALL}, or write the "
            "table as CSV"
        ) from error


@contextlib.contextmanager
def without_values() -> Iterator[None]:
    """ParameterError for what pyarrow, or Python, says of a column that is read, without its words: they show cells."""
    try:
        yield
    except (PyfeError, MemoryError):
        raise
    except Exception:
        raise ParameterError("has cells that are no numbers, text or truth values") from None


def require_cells_of_bytes(column: Any, beside: int, rows: int) -> None:
    """ParameterError for a column of pyarrow whose cells take no bytes of their own: encoded by runs, of text that is
    there once for many cells, and of type null where the table has more rows than any may and than bits ``beside``:
    bytes of its other columns. ``rows``, and these: of the whole table, or as far as it was read."""
    from pyarrow import types

    kind = column.type
    if types.is_null(kind) and rows <= max(_ANY_FILE, 8 * beside):
        return  # absent in every row, which the schema may take
    while types.is_dictionary(kind) or hasattr(kind, "storage_type"):
        kind = kind.value_type if types.is_dictionary(kind) else kind.storage_type
    if types.is_null(kind) or types.is_run_end_encoded(kind):
        raise ParameterError(
            f"is of type {'null' if types.is_null(kind) else 'run_end_encoded'}, whose cells take no bytes of "
            "their own; write it as numbers or text, or if it is no feature, --exclude"
        )
    if types.is_nested(kind):  # lists of nothing take no bytes either
        raise ParameterError(
            f"is of type {_short(kind)}: cells that hold several are neither numbers nor text; if it is no feature, "
            "--exclude"
        )
    if types.is_string_view(kind) or types.is_binary_view(kind):
        _require_text_of_bytes(column)


def _short(kind: Any) -> str:
    return str(kind).partition("<")[0].partition("[")[0][:40]


def _require_text_of_bytes(column: Any) -> None:
    """ParameterError where the cells of a column of views are many times as long as the bytes that they look at."""
    long = sum(map(_viewed, getattr(column, "chunks", [column])))
    if long > max(ANY_BYTES, MOST_BYTES_A_BYTE * column.get_total_buffer_size()):
        raise ParameterError(
            f"holds text of which more than {MOST_BYTES_A_BYTE} cells share each byte; write it as text of type "
            "string, or if it is no feature, --exclude"
        )


def _viewed(chunk: Any) -> int:
    """Bytes of all cells: a view is four integers of 32 bits, the first of them its length."""
    if not hasattr(chunk, "buffers"):
        chunk = chunk.storage
    views = chunk.buffers()[1]
    if views is None or not len(chunk):
        return 0
    lengths = np.frombuffer(views, dtype=np.int32)[4 * chunk.offset : 4 * (chunk.offset + len(chunk)) : 4]
    return int(lengths[np.asarray(chunk.is_valid())].sum(dtype=np.int64))


def require_size(rows: int, columns: int, size: int, name: str) -> None:
    """DecodeError where a file of so many bytes tells of more cells than any has."""
    cells = rows * columns
    if cells > max(_ANY_FILE, MOST_CELLS_A_BYTE * size):
        raise DecodeError(
            f"{name}: it tells of {cells} cells in {size} bytes, more than {MOST_CELLS_A_BYTE} a byte; write it as "
            "CSV, or without its columns that are empty or constant"
        )


def require_parquet_room(data: Any, name: str, *, whole: bool) -> ParquetLayout:
    """The layout of a file of pyarrow. DecodeError where its pages, or ``whole``, all of its cells, unpack to more than
    its bytes may stand for; and where it is damaged."""
    with _naming_layout(name):
        layout = parquet_layout(_at(data), data.size())
    require_room(max(layout.held, layout.spread if whole else 0), data.size(), name)
    return layout


def require_arrow_room(data: Any, kind: Kind, name: str, *, whole: bool) -> None:
    """The same of an Arrow file or stream, of whose batches one is unpacked at a time."""
    with _naming_layout(name):
        layout = arrow_layout(_at(data), data.size(), kind)
    require_room(max(layout.held, layout.spread if whole else 0), data.size(), name)


@contextlib.contextmanager
def _naming_layout(name: str) -> Iterator[None]:
    try:
        yield
    except DecodeError as error:
        raise DecodeError(f"{name}: {error}") from error


def _at(data: Any) -> Any:
    """Bytes of a file of pyarrow by their place."""
    return lambda place, size: data.read_at(size, place) if place >= 0 else b""


def text_columns(file: Any) -> list[str]:
    """The columns of text and bytes of a Parquet file: read as they are written, each cell once, however many rows have
    it."""
    columns = (file.schema.column(place) for place in range(len(file.schema)))
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def _read(data: Any, kind: Kind, name: str) -> Any:
    from pyarrow import ipc

    if kind is Kind.PARQUET:
        from pyarrow.parquet import ParquetFile

        require_parquet_room(data, name, whole=True)
        file = ParquetFile(data, pre_buffer=False)
        require_size(file.metadata.num_rows, file.metadata.num_columns, data.size(), name)
        return ParquetFile(data, pre_buffer=False, read_dictionary=text_columns(file)).read()
    if kind is Kind.FEATHER_1:
        from pyarrow.feather import read_table

        return read_table(data)
    require_arrow_room(data, kind, name, whole=True)
    return (ipc.open_file if kind is Kind.ARROW_FILE else ipc.open_stream)(data).read_all()
