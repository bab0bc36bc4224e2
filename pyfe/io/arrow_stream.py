"""Parquet, Arrow and Feather a piece after the other: what :mod:`pyfe.io.arrow_files` reads whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.errors import DecodeError
from pyfe.io.arrow_files import (
    arrow_table,
    require_arrow,
    require_arrow_room,
    require_cells_of_bytes,
    require_parquet_room,
    require_size,
    text_columns,
    without_values,
)
from pyfe.io.cells import TypedCells
from pyfe.io.files import in_memory
from pyfe.io.kinds import Kind
from pyfe.io.sources import Again
from pyfe.io.unpacking import ANY_BYTES
from pyfe.schema.frames import as_column, naming

__all__ = ["ArrowReading"]

_ROWS = 1 << 15
"""Rows of a piece."""

_BUFFER = 1 << 20
"""Bytes of a column of Parquet that are read at once: its pages come one after the other, however long it is."""


class ArrowReading:
    """One reading of a file, a piece after the other. A file is mapped, so that its bytes need no memory; one that came
    packed or through a pipe is held as it is, and only its pieces are spread out. Feather of version 1 is read whole.

    ``wanted``: the columns that are read; None: all of them, each looked at for damage. ``looked_at``: the rows that
    an earlier reading of all columns counted, and their bytes; without it those that this one has counted so far.
    """

    def __init__(
        self,
        again: Again,
        kind: Kind,
        wanted: Collection[str] | None = None,
        looked_at: tuple[int, int] | None = None,
    ) -> None:
        self._again, self._kind, self._wanted, self._looked_at = again, kind, wanted, looked_at
        self.rows = self.bytes = 0
        self.names: list[str] = []

    def __iter__(self) -> Iterator[tuple[range, dict[str, TypedCells]]]:
        """The rows of every piece (counted from 1), and the cells by name. Errors as of :func:`arrow_table`, at the
        end where they are about what a column holds."""
        require_arrow(self._again.name, self._kind)
        if self._kind is Kind.FEATHER_1:
            yield self._piece(arrow_table(self._again.opened(), self._kind))
            return
        import pyarrow

        damaged: dict[int, str] = {}
        try:
            with self._opened() as data:
                for batch in self._batches(data):
                    if self._wanted is None:
                        self._look(batch, damaged)
                    if not damaged:
                        yield self._piece(batch)
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            if isinstance(error, MemoryError | DecodeError):
                raise
            raise DecodeError(f"{self._again.name}: damaged {self._kind.value}; write it again") from None
        if damaged:
            where = damaged[min(damaged)]
            raise DecodeError(f"{self._again.name}: damaged {self._kind.value}{where}; write it again")
        self._again.require_unchanged()

    def _opened(self) -> Any:
        import pyarrow

        source = self._again.opened()
        if self._again.file is not None and source.packing is None:
            return pyarrow.memory_map(str(self._again.file))
        return pyarrow.BufferReader(source.read())

    def _batches(self, data: Any) -> Iterator[Any]:
        from pyarrow import ipc
        from pyarrow.parquet import ParquetFile

        size = data.size()
        if self._kind is Kind.PARQUET:
            layout = require_parquet_room(data, self._again.name, whole=False)
            file = ParquetFile(data, pre_buffer=False)
            require_size(file.metadata.num_rows, file.metadata.num_columns, size, self._again.name)
            texts = text_columns(file)
            file = ParquetFile(data, pre_buffer=False, buffer_size=_BUFFER, read_dictionary=texts)
            self._name(lambda: file.schema_arrow.names)
            columns = None if self._wanted is None else [name for name in self.names if name in self._wanted]
            yield from file.iter_batches(layout.rows_at_once(_ROWS, ANY_BYTES), columns=columns, use_threads=True)
            return
        require_arrow_room(data, self._kind, self._again.name, whole=False)
        reader = (ipc.open_file if self._kind is Kind.ARROW_FILE else ipc.open_stream)(data)
        self._name(lambda: reader.schema.names)
        count = reader.num_record_batches if self._kind is Kind.ARROW_FILE else None
        batches = reader if count is None else (reader.get_batch(number) for number in range(count))
        seen = 0
        for batch in batches:
            seen += batch.num_rows
            require_size(seen, batch.num_columns, size, self._again.name)
            for start in range(0, batch.num_rows, _ROWS):
                yield batch.slice(start, _ROWS)

    def _name(self, names: Callable[[], list[str]]) -> None:
        try:
            self.names = list(names())
        except ValueError:  # no UTF-8
            raise DecodeError(
                f"{self._again.name}: damaged {self._kind.value} (the name of a column); write it again"
            ) from None

    def _look(self, batch: Any, damaged: dict[int, str]) -> None:
        """Columns whose cells are damaged, by their place."""
        import pyarrow

        for place, (name, column) in enumerate(zip(self.names, batch.columns, strict=True)):
            try:
                column.validate(full=True)
            except (pyarrow.ArrowException, ValueError):
                damaged[place] = f" (column {name!r})"

    def _piece(self, batch: Any) -> tuple[range, dict[str, TypedCells]]:
        """A batch, or a table."""
        with in_memory(self._again.name):
            self.names = self.names or list(batch.column_names)
            rows = range(self.rows + 1, self.rows + 1 + batch.num_rows)
            self.rows += batch.num_rows
            self.bytes += batch.nbytes
            all_of = self._looked_at or (self.rows, self.bytes)
            names = batch.schema.names
            wanted = [at for at, name in enumerate(names) if self._wanted is None or name in self._wanted]
            return rows, {names[at]: TypedCells(partial(_column_of, batch, names[at], at, all_of)) for at in wanted}


def _column_of(batch: Any, name: str, place: int, all_of: tuple[int, int]) -> AnyArray:
    import pyarrow

    with naming(name), without_values():
        column = batch.column(place)
        require_cells_of_bytes(column, beside=all_of[1], rows=all_of[0])
        chunked = pyarrow.chunked_array([column]) if not hasattr(column, "chunks") else column
        return np.asarray(as_column(chunked))
