"""Tables in CSV, read strictly: UTF-8, a header of distinct names, as many fields in every line.

An empty cell is a missing value; what that means is the schema's business. Delimiter and decimal sign are stated, or
found in the file (:func:`read_table`); numbers are plain decimal numbers with that sign. Errors name file,
line (as an editor counts them) and column, never the value: it may be a patient's.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError
from pyfe.io.files import read_text
from pyfe.io.outputs import write_bytes
from pyfe.schema import Column, Encoded, Overflow, Schema
from pyfe.schema.cells import EXACT_BELOW, cure_of_absent, is_code, listed, parse_number, row_for_names, same_name

__all__ = ["Table", "encode_table", "read_table", "table_bytes", "write_table"]


DELIMITERS = (",", ";", "\t", "|")
"""The delimiters that are looked for where none is stated."""

_WITH_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*", re.ASCII)
_WITH_POINT = re.compile(r"\s*[+-]?\d*\.\d+\s*", re.ASCII)
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2},\d{3}\s*", re.ASCII)
_ROWS_LOOKED_AT = 1000
_TRUTH = {"true": "1", "yes": "1", "false": "0", "no": "0"}
_LINES_LISTED = 5


@dataclass(frozen=True)
class Table:
    """A CSV file as text: ``columns`` by name, the file's line number of every row, and the signs it was read with."""

    path: str
    columns: dict[str, list[str]]
    lines: list[int]
    delimiter: str = ","
    decimal: str = "."

    def __len__(self) -> int:
        return len(self.lines)

    def without(self, names: Iterable[str]) -> Table:
        """The table less some columns; ParameterError for a name that is not there."""
        dropped = {same_name(name): name for name in names}
        known = set(map(same_name, self.columns))
        unknown = sorted(name for key, name in dropped.items() if key not in known)
        if unknown:
            hint = " (repeat --exclude for each column)" if "," in unknown[0] else ""
            raise ParameterError(f"{self.path}: there is no column {unknown[0]!r} to leave out{hint}")
        kept = {name: cells for name, cells in self.columns.items() if same_name(name) not in dropped}
        return replace(self, columns=kept)

    def guessed(self) -> dict[str, AnyArray]:
        """Columns as numbers (float64, NaN where empty) if every filled cell is one and none a code, else as text."""
        return {name: self._guess(name, cells) for name, cells in self.columns.items()}

    def for_schema(self, schema: Schema) -> dict[str, AnyArray]:
        """The columns that the schema asks for, in its types. Columns it does not know are left out.

        Raises ParameterError for an absent column, DecodeError for a cell that is no number where one is due.
        """
        here = {same_name(name): name for name in self.columns}
        absent = [name for name in schema.input_columns if same_name(name) not in here]
        if absent:
            raise ParameterError(f"{self.path}: the column(s) {listed(absent)} are missing")
        return {name: self._typed(here[same_name(name)], schema.columns[name]) for name in schema.input_columns}

    @property
    def signs(self) -> str:
        """The signs the file was read with, for people."""
        return f"delimiter {self.delimiter!r}, decimal sign {self.decimal!r}"

    def place(self, row: int, column: str) -> str:
        """Where a cell stands, for people: ``patients.csv, line 7, column 'age'``."""
        return f"{self.path}, line {self.lines[row]}, column {column!r}"

    def _typed(self, name: str, column: Column) -> AnyArray:
        cells = self.columns[name]
        if column.cell_type is float:
            numbers = self._numbers(name, cells)
            exact = column.cut_points() and (np.abs(numbers) >= EXACT_BELOW).any()
            return _objects(list(map(self._with_point, cells))) if exact else numbers
        if column.cell_type is str:
            return _objects(cells)
        truth = _TRUTH if column.cell_type is bool else {}
        return _objects([truth.get(cell.strip().lower(), self._with_point(cell)) for cell in cells])

    def _with_point(self, cell: str) -> str:
        """A cell with its decimal sign as a point; a point where the sign is a comma makes it no number."""
        if self.decimal == ".":
            return cell
        return "no number" if "." in cell else cell.replace(",", ".")

    def _guess(self, name: str, cells: list[str]) -> AnyArray:
        numeric = not any(math.isnan(parse_number(self._with_point(cell))) for cell in cells if cell)
        coded = any(is_code(cell) for cell in cells)
        return self._numbers(name, cells) if numeric and not coded else _objects(cells)

    def _numbers(self, name: str, cells: list[str]) -> AnyArray:
        values = [parse_number(self._with_point(cell)) if cell else math.nan for cell in cells]
        wrong = next((row for row, cell in enumerate(cells) if cell and math.isnan(values[row])), None)
        if wrong is not None:
            raise DecodeError(f"{self.place(wrong, name)}: not a number{self._advice(cells[wrong])}")
        return np.array(values, dtype=np.float64)

    def _advice(self, cell: str) -> str:
        sign = {".": _WITH_COMMA, ",": _WITH_POINT}[self.decimal]
        other = "," if self.decimal == "." else "."
        return f" (read with the decimal sign {self.decimal!r}; --decimal {other})" if sign.fullmatch(cell) else ""


def read_table(path: str | os.PathLike[str], *, delimiter: str | None = None, decimal: str | None = None) -> Table:
    """A CSV file as a table of text. Raises ParameterError when it cannot be read, DecodeError naming the line.

    delimiter: one sign; where it is not stated, the one of ``, ; tab |`` that cuts the header into most fields and the
        first rows into as many. A header of one column that holds such a sign is an error.
    decimal: "." or ","; where it is not stated, "," if the delimiter is another sign and the first 1,000 rows hold
        numbers with a comma, none with a point, and not all of them could be thousands.
    """
    _require_signs(delimiter, decimal)
    name, text = str(path), read_text(path)
    delimiter = _delimiter_of(text) if delimiter is None else delimiter
    table = _parsed(name, text, delimiter)
    return replace(table, decimal=_decimal_of(table) if decimal is None else decimal)


def _require_signs(delimiter: Any, decimal: Any) -> None:
    if delimiter is not None and (
        not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii()
    ):
        raise ParameterError(f"a delimiter is one ASCII sign, not {delimiter!r}")
    if decimal not in (None, ".", ","):
        raise ParameterError(f"a decimal sign is '.' or ',', not {decimal!r}")


def _delimiter_of(text: str) -> str:
    """The delimiter that a file seems to be written with; a comma where nothing else does better."""
    best, best_score = ",", (False, 1)
    for sign in DELIMITERS:
        try:
            rows = list(islice(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=sign), 50))
        except csv.Error:
            continue
        fields = len(rows[0]) if rows else 0
        score = (all(len(row) == fields for row in rows), fields)
        if fields > 1 and score > best_score:
            best, best_score = sign, score
    return best


def _decimal_of(table: Table) -> str:
    if table.delimiter == ",":
        return "."
    cells = [cell for cells in table.columns.values() for cell in cells[:_ROWS_LOOKED_AT]]
    commas = [cell for cell in cells if _WITH_COMMA.fullmatch(cell)]
    points = any(_WITH_POINT.fullmatch(cell) for cell in cells)
    return "," if commas and not points and not all(map(_THOUSANDS.fullmatch, commas)) else "."


def _parsed(name: str, text: str, delimiter: str) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
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
    columns = {column: [row[i] for row in rows] for i, column in enumerate(header)}
    return Table(name, columns, lines, delimiter)


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
        raise DecodeError(
            f"{name}, line 1: column {header.index('') + 1} has no name; give it one, or write the table without it "
            "(an index of pandas: to_csv(..., index=False))"
        )
    if row_for_names(header):
        raise DecodeError(
            f"{name}, line 1: this looks like a row of values; put a line with the columns' names before it"
        )
    seen: set[str] = set()
    for column in map(same_name, header):
        if column in seen:
            raise DecodeError(f"{name}, line 1: two columns are called {column!r}")
        seen.add(column)
    if len(header) == 1 and any(sign in header[0] for sign in DELIMITERS):
        raise DecodeError(
            f"{name}, line 1: there is one column, called {header[0]!r}, which holds a separator; state the delimiter "
            "(--delimiter)"
        )
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
    absent = next((column for column, reason in error.reasons.items() if "missing" in reason), None)
    cure = f". {cure_of_absent(absent)}" if absent is not None else ""
    return f"{table.path}: values that do not fit the schema: {'; '.join(parts)}{cure}"


def _objects(cells: Sequence[object]) -> AnyArray:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column
