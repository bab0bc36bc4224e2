"""Whether a table that comes in pieces fits a schema: what :func:`pyfe.io.encode_table` says of the whole, once all of
it was looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from pyfe.arrays import AnyArray, IntArray
from pyfe.errors import DecodeError, OutOfRangeError
from pyfe.io.packed_csv import PackedText
from pyfe.io.refusals import Found, Misfits, like_thousands
from pyfe.io.streams import TableStream
from pyfe.io.tables import Table, require_columns
from pyfe.schema import Overflow, Schema
from pyfe.schema.cells import same_name

__all__ = ["Fitting"]


class Fitting:
    """Looks at all rows of a table (:class:`pyfe.io.streams.Watcher`), and then says what does not fit.

    ``keep``: bytes that the coordinates of all rows may take, each in as few bytes as the schema allows; where they do
    not take more, and nothing was clipped, they need not be read again.
    """

    def __init__(self, schema: Schema, on_overflow: Overflow, *, keep: int = 0) -> None:
        self._schema, self._on_overflow = schema, on_overflow
        self._keep, self._kept = keep, list[IntArray]()
        self._small = np.result_type(*map(np.min_scalar_type, [int(schema.lo.min()), int(schema.hi.max())]))
        self._misfits, self._rows = Misfits(), 0
        self.replaced = Counter[str]()
        """By column, how many absent cells take the value that the schema states."""
        numbers = [name for name in schema.input_columns if schema.columns[name].cell_type is not str]
        self._unclear = {same_name(name): Found() for name in numbers}
        """Columns whose decimal sign could be one between thousands, as far as they were looked at."""

    def look_at(self, piece: Table) -> None:
        """Rows that follow those that were looked at."""
        here = set(map(same_name, piece.cells))
        if any(same_name(name) not in here for name in self._schema.input_columns):
            return  # said in the end
        if piece.sign_found:
            self._look_for_thousands(piece)
        columns = piece.typed(self._schema)
        replaced = self._encoded(columns)
        if replaced is None:
            refused, replaced = self._schema.looked_at(columns, self._on_overflow)
            self._misfits.add(piece, refused, self._rows)
        self.replaced.update(replaced)
        self._rows += len(piece)

    @property
    def kept(self) -> IntArray | None:
        """The coordinates ``[rows, n]`` of all rows, where they were kept."""
        return np.concatenate(self._kept) if self._keep and self._kept else None

    def _encoded(self, columns: dict[str, AnyArray]) -> Mapping[str, int] | None:
        """Keep the coordinates of some rows, and tell what was replaced in them; None where they do not fit, or none
        are kept."""
        if not self._keep:
            return None
        try:
            encoded = self._schema.encode(columns, self._on_overflow)
        except OutOfRangeError:
            self._keep = 0
        else:
            self._kept.append(encoded.x.astype(self._small))
        if not self._keep or encoded.saturated or sum(x.nbytes for x in self._kept) > self._keep:
            self._keep, self._kept = 0, []
            return None
        return encoded.replaced

    def require(self, stream: TableStream) -> None:
        """What :func:`pyfe.io.encode_table` raises for the whole table: ParameterError for absent columns, DecodeError
        for numbers that could be thousands, OutOfRangeError for cells that do not fit."""
        require_columns(stream.path, list(stream.names), self._schema)
        here = {same_name(name): name for name in stream.names}
        unclear = {here[name]: found for name, found in self._unclear.items() if found.count}
        if unclear:
            raise DecodeError(like_thousands(stream.path, stream.unit, stream.decimal, unclear))
        self._misfits.require_none(stream.path, stream.unit, self._schema.input_columns)

    def _look_for_thousands(self, piece: Table) -> None:
        here = {same_name(name): name for name in piece.cells}
        for key, found in list(self._unclear.items()):
            cells, spelling = piece.cells[here[key]], piece.spelling(here[key])
            if isinstance(cells, PackedText) and not cells.holds(spelling.decimal):
                continue
            rows = spelling.like_thousands(cells.texts())
            if rows is None:
                del self._unclear[key]
            else:
                found.add(piece, rows)
