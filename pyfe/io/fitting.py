"""Whether a table that comes in pieces fits a schema: what :func:`pyfe.io.encode_table` says of the whole, once all of
it was looked at."""

from __future__ import annotations

from collections import Counter

from pyfe.errors import DecodeError
from pyfe.io.packed_csv import PackedText
from pyfe.io.refusals import Found, Misfits, like_thousands
from pyfe.io.streams import TableStream
from pyfe.io.tables import Table, require_columns
from pyfe.schema import Overflow, Schema
from pyfe.schema.cells import same_name

__all__ = ["Fitting"]


class Fitting:
    """Looks at all rows of a table (:class:`pyfe.io.streams.Watcher`), and then says what does not fit."""

    def __init__(self, schema: Schema, on_overflow: Overflow) -> None:
        self._schema, self._on_overflow = schema, on_overflow
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
        refused, replaced = self._schema.looked_at(piece.typed(self._schema), self._on_overflow)
        self.replaced.update(replaced)
        self._misfits.add(piece, refused, self._rows)
        self._rows += len(piece)

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
