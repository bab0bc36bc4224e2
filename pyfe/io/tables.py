"""Tables in CSV, read strictly: UTF-8, a header of distinct names, as many fields in every line.

An empty cell is a missing value; what that means is the schema's business. Numbers are plain decimal numbers with a
point. Errors name file, line (as an editor counts them) and column, never the value: it may be a patient's.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import DecodeError, OutOfRangeError, ParameterError
from pyfe.io.files import read_text
from pyfe.io.outputs import write_bytes
from pyfe.schema import Category, Encoded, Number, Overflow, Schema, Thresholds

__all__ = ["Table", "encode_table", "read_table", "table_bytes", "write_table"]

AnyArray: TypeAlias = npt.NDArray[Any]

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_TRUTH = {"true": "1", "yes": "1", "false": "0", "no": "0"}
_LINES_LISTED = 5


@dataclass(frozen=True)
class Table:
    """A CSV file as text: ``columns`` by name, and the file's line number of every row."""

    path: str
    columns: dict[str, list[str]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.lines)

    def without(self, names: Iterable[str]) -> Table:
        """The table less some columns; ParameterError for a name that is not there."""
        dropped = set(names)
        unknown = sorted(dropped - set(self.columns))
        if unknown:
            raise ParameterError(f"{self.path}: there is no column {unknown[0]!r} to leave out")
        kept = {name: cells for name, cells in self.columns.items() if name not in dropped}
        return Table(self.path, kept, self.lines)

    def guessed(self) -> dict[str, AnyArray]:
        """Columns as numbers (float64, NaN where empty) if every filled cell is one, else as text. For proposals."""
        return {name: self._guess(name, cells) for name, cells in self.columns.items()}

    def for_schema(self, schema: Schema) -> dict[str, AnyArray]:
        """The columns that the schema asks for, in its types. Columns it does not know are left out.

        Raises ParameterError for an absent column, DecodeError for a cell that is no number where one is due.
        """
        absent = [name for name in schema.input_columns if name not in self.columns]
        if absent:
            raise ParameterError(f"{self.path}: the column(s) {', '.join(map(repr, absent[:5]))} are missing")
        return {name: self._typed(name, schema.columns[name]) for name in schema.input_columns}

    def place(self, row: int, column: str) -> str:
        """Where a cell stands, for people: ``patients.csv, line 7, column 'age'``."""
        return f"{self.path}, line {self.lines[row]}, column {column!r}"

    def _typed(self, name: str, column: object) -> AnyArray:
        cells = self.columns[name]
        if isinstance(column, Number | Thresholds):
            return self._numbers(name, cells)
        if isinstance(column, Category) and isinstance(column.levels[0], bool):
            return _objects([_TRUTH.get(cell.strip().lower(), cell) for cell in cells])
        return _objects(cells)

    def _guess(self, name: str, cells: list[str]) -> AnyArray:
        numeric = all(_NUMBER.fullmatch(cell) for cell in cells if cell)
        return self._numbers(name, cells) if numeric else _objects(cells)

    def _numbers(self, name: str, cells: list[str]) -> AnyArray:
        wrong = next((row for row, cell in enumerate(cells) if cell and not _NUMBER.fullmatch(cell)), None)
        if wrong is not None:
            raise DecodeError(f"{self.place(wrong, name)}: not a number")
        return np.array([float(cell) if cell else math.nan for cell in cells], dtype=np.float64)


def read_table(path: str | os.PathLike[str]) -> Table:
    """A CSV file as a table of text. Raises ParameterError when it cannot be read, DecodeError naming the line."""
    name = str(path)
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        header = _checked_header(next(reader, None), name)
        start = reader.line_num
        for row in reader:
            if len(row) != len(header):
                raise DecodeError(f"{name}, line {start + 1}: {len(row)} fields, the header has {len(header)}")
            rows.append(row)
            lines.append(start + 1)
            start = reader.line_num
    except csv.Error as error:
        raise DecodeError(f"{name}, line {reader.line_num}: {error}") from error
    return Table(name, {column: [row[i] for row in rows] for i, column in enumerate(header)}, lines)


def encode_table(table: Table, schema: Schema, *, on_overflow: Overflow = "raise") -> Encoded:
    """The table's rows as coordinates; like :meth:`pyfe.Schema.encode`, with lines of the file in the errors."""
    try:
        return schema.encode(table.for_schema(schema), on_overflow)
    except OutOfRangeError as error:
        raise OutOfRangeError(_with_lines(table, error), offending=error.offending, reasons=error.reasons) from error


def table_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file in UTF-8; floats with all their digits."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().encode()


def write_table(path: str | os.PathLike[str], header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file for its owner only, whole or not at all: its rows are patients'."""
    write_bytes(path, table_bytes(header, rows), private=True)


def _checked_header(header: list[str] | None, name: str) -> list[str]:
    if not header:
        raise DecodeError(f"{name}, line 1: there is no header")
    if "" in header:
        raise DecodeError(f"{name}, line 1: column {header.index('') + 1} has no name")
    double = next((column for column in header if header.count(column) > 1), None)
    if double is not None:
        raise DecodeError(f"{name}, line 1: two columns are called {double!r}")
    return header


def _with_lines(table: Table, error: OutOfRangeError) -> str:
    if not error.offending:
        return f"{table.path}: {error}"
    parts = []
    for column, rows in error.offending.items():
        listed = ", ".join(str(table.lines[row]) for row in rows[:_LINES_LISTED])
        more = f" and {len(rows) - _LINES_LISTED} more" if len(rows) > _LINES_LISTED else ""
        why = f" ({error.reasons[column]})" if column in error.reasons else ""
        parts.append(f"column {column!r} in line {listed}{more}{why}")
    return f"{table.path}: values that do not fit the schema: {'; '.join(parts)}"


def _objects(cells: Sequence[object]) -> AnyArray:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column
