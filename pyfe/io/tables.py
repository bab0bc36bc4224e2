"""Tables from everywhere, read strictly: CSV, Parquet, Arrow and Feather, and the tables of Python.

A file is known by its first bytes (:mod:`pyfe.io.kinds`), packed by gzip or zstd or not. An empty or blank cell is a
missing value; what that means is the schema's business. Errors name file, line (of CSV, as an editor counts them) or
row, and column, never the value: it may be a patient's.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pyfe.arrays import AnyArray
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError
from pyfe.io.arrow_files import arrow_table, require_cells_of_bytes, without_values
from pyfe.io.cells import Cells, Spelling, TextCells, TypedCells
from pyfe.io.csv_text import decimal_of, rows_of, text_of
from pyfe.io.files import in_memory
from pyfe.io.kinds import Kind, kind_of
from pyfe.io.outputs import write_bytes
from pyfe.io.refusals import Found, absent_columns, beside_numbers, like_thousands, with_places
from pyfe.io.sources import Source, opened
from pyfe.schema import Encoded, Overflow, Schema
from pyfe.schema.cells import listed, same_name
from pyfe.schema.frames import Frame, as_column, naming, open_frame

__all__ = [
    "Table",
    "absent_words",
    "encode_table",
    "packed",
    "read_table",
    "require_columns",
    "require_distinct",
    "require_unsaid",
    "table_bytes",
    "write_table",
]


@dataclass(frozen=True)
class Table:
    """A table that was read: its ``cells`` by name, a number of every row for people, and how it was read.

    ``lines`` are lines of a CSV file, else rows counted from 1, as ``unit`` says. ``na``: for which columns (None: all)
    which words stand for absent values. ``nameless``: columns (from 1) that have cells and no name. ``sign_found``: the
    decimal sign was found in the file, which could have one between thousands.
    """

    path: str
    cells: Mapping[str, Cells]
    lines: Sequence[int]
    signs: str
    unit: str = "line"
    delimiter: str = ","
    decimal: str = "."
    na: Mapping[str | None, frozenset[str]] = field(default_factory=dict)
    nameless: tuple[int, ...] = ()
    sign_found: bool = False

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def columns(self) -> Mapping[str, list[str]]:
        """The cells as text, by name: what record numbers are read from."""
        return _Texts(self.cells, self.path)

    def spelling(self, name: str) -> Spelling:
        """How the cells of a column are read."""
        none: frozenset[str] = frozenset()
        absent = self.na.get(None, none) | self.na.get(same_name(name), none)
        return Spelling(self.decimal, absent, self.sign_found)

    def _require_no_thousands(self, names: Iterable[str]) -> None:
        """DecodeError for columns of numbers that could be a thousand times as large: see :class:`Spelling`."""
        texts = {name: cells.texts() for name in names if isinstance(cells := self.cells[name], TextCells)}
        rows = {name: found for name, cells in texts.items() if (found := self.spelling(name).thousands(cells))}
        if rows:
            counted = {name: Found().add(self, several) for name, several in rows.items()}
            raise DecodeError(like_thousands(self.path, self.unit, self.decimal, counted))

    def without(self, names: Iterable[str]) -> Table:
        """The table less some columns, for ``""`` those without name. ParameterError for a name that is not there."""
        dropped = {same_name(name): name for name in names}
        known = {*map(same_name, self.cells), *([""] if self.nameless else [])}
        unknown = sorted(name for key, name in dropped.items() if key not in known)
        if unknown:
            hint = " (repeat --exclude for each column)" if "," in unknown[0] else ""
            raise ParameterError(f"{self.path}: there is no column {listed(unknown)} to leave out{hint}")
        kept = {name: cells for name, cells in self.cells.items() if same_name(name) not in dropped}
        return replace(self, cells=kept, nameless=() if "" in dropped else self.nameless)

    def guessed(self, names: Iterable[str] | None = None) -> dict[str, AnyArray]:
        """Columns as numbers (float64, NaN where absent) if every filled cell is one and none a code, else as they are.

        ``names``: of these columns only. DecodeError for columns without a name, for all cells at once that are no
        numbers beside numbers with a decimal comma: these cannot be levels; and for numbers that could be thousands.
        """
        if self.nameless and names is None:
            places = listed(map(str, self.nameless)).replace("'", "")
            raise DecodeError(
                f"{self.path}, line 1: column {places} has no name, as an index of pandas or R's row names have none; "
                'leave it out with --exclude ""'
            )
        wanted = list(self.cells if names is None else names)
        with in_memory(self.path):
            found = {name: self.cells[name].guess(self.spelling(name)) for name in wanted}
        self._require_no_thousands(name for name, values in found.items() if values.dtype.kind == "f")
        mixed = {name: self.spelling(name).beside_commas(values) for name, values in found.items()}
        if any(mixed.values()):
            raise DecodeError(beside_numbers(self, {name: rows for name, rows in mixed.items() if rows}))
        return found

    def for_schema(self, schema: Schema) -> dict[str, AnyArray]:
        """The columns that the schema asks for, in its types. Columns it does not know are left out.

        Cells that do not fit stay, and :meth:`pyfe.Schema.encode` refuses them. ParameterError for absent columns,
        DecodeError for numbers that could be thousands.
        """
        here = {same_name(name): name for name in self.cells}
        require_columns(self.path, list(self.cells), schema)
        numbers = (name for name in schema.input_columns if schema.columns[name].cell_type is not str)
        self._require_no_thousands(here[same_name(name)] for name in numbers)
        with in_memory(self.path):
            return self.typed(schema)

    def typed(self, schema: Schema) -> dict[str, AnyArray]:
        """As :meth:`for_schema`, of a table that has all columns, without looking for thousands."""
        here = {same_name(name): name for name in self.cells}
        columns = {name: schema.columns[name] for name in schema.input_columns}
        return {n: self.cells[here[same_name(n)]].typed(column, self.spelling(n)) for n, column in columns.items()}

    def place(self, row: int, column: str) -> str:
        """Where a cell stands, for people: ``patients.csv, line 7, column 'age'``."""
        return f"{self.path}, {self.unit} {self.lines[row]}, column {column!r}"


def require_columns(path: str, names: Sequence[str], schema: Schema) -> None:
    """ParameterError where a table with columns of these names lacks some of a schema."""
    here, wanted = set(map(same_name, names)), schema.input_columns
    absent = [name for name in wanted if same_name(name) not in here]
    if absent:
        raise ParameterError(absent_columns(path, absent, len(wanted), names))


def read_table(
    table: Any,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    na: Iterable[str] = (),
) -> Table:
    """A table: from a file (a path; ``-`` is standard input), or one of Python, as :meth:`pyfe.Schema.encode` takes.

    delimiter, encoding: of CSV, as :mod:`pyfe.io.csv_text` finds them where they are not stated.
    decimal: "." or ",", of numbers in text; found in CSV where it is not stated.
    na: what stands for an absent value beside nothing: ``NA`` in every column, ``age=999`` in the column ``age``.

    ParameterError when it cannot be read, for an option that does not go with it, and where an optional package is
    missing; DecodeError, naming the line, for what is no table, and for kinds of files that are not read.
    """
    na = [na] if isinstance(na, str) else list(na)
    if decimal not in (None, ".", ","):
        raise ParameterError(f"a decimal sign is '.' or ',', not {decimal!r}")
    if not isinstance(table, str | os.PathLike):
        read = _in_memory(table, decimal, delimiter=delimiter, encoding=encoding)
    else:
        source = opened(table)
        kind = kind_of(source.start, source.name)
        if kind is Kind.TEXT:
            read = _of_text(source, delimiter, decimal, encoding)
        else:
            require_unsaid(source.name, kind.value, delimiter=delimiter, encoding=encoding)
            found = arrow_table(source, kind)
            frame, signs = open_frame(found, None), packed(kind.value, source)
            loads = [partial(_column_of, frame, place, found) for place in range(len(frame.labels))]
            read = _of_values(source.name, found.num_rows, frame.labels, loads, signs, decimal)
    words = absent_words(na, read.path, read.cells)
    signs = f"{read.signs}, absent {listed(na, 8)}" if words else read.signs
    return replace(read, na=words, signs=signs)


def _of_text(source: Source, delimiter: str | None, decimal: str | None, encoding: str | None) -> Table:
    text, used = text_of(source, encoding)
    rows = rows_of(text, source.name, delimiter)
    sign = decimal_of(rows.columns.values(), rows.delimiter, source.name) if decimal is None else decimal
    signs = f"delimiter {rows.delimiter!r}, decimal sign {sign!r}" + ("" if used == "utf-8" else f", {used}")
    cells = {name: TextCells(column) for name, column in rows.columns.items()}
    return Table(
        source.name,
        cells,
        rows.lines,
        packed(signs, source),
        delimiter=rows.delimiter,
        decimal=sign,
        nameless=rows.nameless,
        sign_found=decimal is None and rows.delimiter != ",",  # lines cut at commas come from where points are decimal
    )


def _in_memory(table: Any, decimal: str | None, **of_csv: str | None) -> Table:
    """A table of Python, all columns at once: what belongs together row by row is looked at there."""
    require_unsaid("the table", "in memory", **of_csv)
    columns = open_frame(table, None).columns()
    loads, rows = [partial(_same, one) for one in columns.values()], len(next(iter(columns.values()), ()))
    return _of_values("the table", rows, list(columns), loads, "in memory", decimal)


def require_unsaid(name: str, kind: str, **of_csv: str | None) -> None:
    """ParameterError for options of CSV with a table of another kind."""
    stated = [f"--{option}" for option, value in of_csv.items() if value is not None]
    if stated:
        raise ParameterError(f"{name}: it is {kind}, which has no such sign; leave out {' and '.join(stated)}")


def _of_values(
    name: str,
    rows: int,
    labels: Sequence[str],
    loads: Sequence[Callable[[], AnyArray]],
    signs: str,
    decimal: str | None,
) -> Table:
    require_distinct(name, labels)
    cells = {label: TypedCells(load) for label, load in zip(labels, loads, strict=True)}
    return Table(name, cells, range(1, 1 + rows), signs, unit="row", decimal=decimal or ".")


def require_distinct(name: str, labels: Sequence[str]) -> None:
    """ParameterError for two columns of one name."""
    seen: set[str] = set()
    for key in map(same_name, labels):
        if key in seen:
            raise ParameterError(f"{name}: two columns are called {key!r}; rename one")
        seen.add(key)


def _column_of(frame: Frame, place: int, table: Any) -> AnyArray:
    with naming(frame.labels[place]), without_values():
        column = frame.column(place)
        require_cells_of_bytes(column, table.nbytes, table.num_rows)
        return as_column(column)


def _same(column: AnyArray) -> AnyArray:
    return column


def packed(signs: str, source: Source) -> str:
    """How a table is read, with what it was packed by."""
    return signs if source.packing is None else f"{signs}, {source.packing.value}"


def absent_words(na: Iterable[str], path: str, names: Iterable[str]) -> dict[str | None, frozenset[str]]:
    """The words of ``na`` by column, None for all columns. ParameterError for a column that is not among the names."""
    known = set(map(same_name, names))
    words: dict[str | None, set[str]] = {}
    for option in na:
        name, equals, word = option.partition("=")
        if not option.strip() or (equals and not (name and word.strip())):
            raise ParameterError(f"--na is TEXT, or COLUMN=TEXT, not {option!r}; empty cells are absent anyway")
        if equals and same_name(name) not in known:
            raise ParameterError(f"{path}: --na {option}: there is no column {name!r}")
        words.setdefault(same_name(name) if equals else None, set()).add((word if equals else option).strip())
    return {name: frozenset(found) for name, found in words.items()}


def encode_table(table: Table, schema: Schema, *, on_overflow: Overflow = "raise") -> Encoded:
    """The table's rows as coordinates; like :meth:`pyfe.Schema.encode`, with lines of the file in the errors.

    OutOfRangeError for all cells at once that do not fit, with the options that cure them.
    """
    try:
        return schema.encode(table.for_schema(schema), on_overflow)
    except OutOfRangeError as error:
        raise with_places(table, error) from error


class _Texts(Mapping[str, list[str]]):
    """Columns as text, made when they are asked for."""

    def __init__(self, cells: Mapping[str, Cells], path: str) -> None:
        self._cells, self._path = cells, path

    def __getitem__(self, name: str) -> list[str]:
        with naming(name), in_memory(self._path):
            return self._cells[name].texts()

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)


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
