"""Parquet, Arrow and Feather files by pyarrow, an optional package that is imported when such a file is read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from pyfe.errors import DecodeError, ParameterError, PyfeError
from pyfe.io.files import in_memory
from pyfe.io.kinds import Kind
from pyfe.io.sources import INSTALL, Source

__all__ = ["arrow_table", "without_values"]


def arrow_table(source: Source, kind: Kind) -> Any:
    """A file of ``kind`` as a ``pyarrow.Table``.

    ParameterError where pyarrow is not installed, DecodeError where the file is damaged: never in
    pyarrow's words, which show cells.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise ParameterError(
            f"{source.name}: it is {kind.value}, which pyarrow reads, and pyarrow is not installed: {INSTALL}, or "
            "write the table as CSV"
        ) from error
    data = source.read()
    with in_memory(source.name):
        where = ""
        try:
            table = _read(pyarrow.BufferReader(data), kind)
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


@contextlib.contextmanager
def without_values() -> Iterator[None]:
    """ParameterError for what pyarrow, or Python, says of a column that is read, without its words: they show cells."""
    try:
        yield
    except (PyfeError, MemoryError):
        raise
    except Exception:
        raise ParameterError("has cells that are no numbers, text or truth values") from None


def _read(data: Any, kind: Kind) -> Any:
    from pyarrow import ipc

    if kind is Kind.PARQUET:
        from pyarrow.parquet import ParquetFile

        return ParquetFile(data, pre_buffer=False).read()
    if kind is Kind.FEATHER_1:
        from pyarrow.feather import read_table

        return read_table(data)
    return (ipc.open_file if kind is Kind.ARROW_FILE else ipc.open_stream)(data).read_all()
