"""Tables of any number of rows, a piece after the other, in flat memory.

Every file that :func:`pyfe.io.read_table` reads is read so too: the same values, and the same refusals with the same
lines. It is read twice. The first time all of it is looked at, by whoever asks to, and what is wrong anywhere is said
then; so nothing is done with any row of a table that is refused. The second time its rows are read.

A file is mapped or read as it comes. Standard input and pipes are kept in memory, packed as they came: a copy on a disk
would outlive the command.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pyfe.errors import ParameterError, PyfeError
from pyfe.io.arrow_stream import ArrowReading
from pyfe.io.cells import Cells
from pyfe.io.csv_stream import CsvLayout, CsvReading, layout_of, require_text
from pyfe.io.files import in_memory
from pyfe.io.kinds import Kind, kind_of
from pyfe.io.packed_csv import Numbers
from pyfe.io.sources import Again, AnyPath
from pyfe.io.tables import Table, absent_words, packed, require_distinct, require_unsaid
from pyfe.schema import Schema
from pyfe.schema.cells import exact_number, listed, same_name
from pyfe.schema.frames import as_labels

__all__ = ["TableStream", "Watcher", "stream_table"]


class Watcher(Protocol):
    """Who looks at a whole table before its rows are read."""

    def look_at(self, piece: Table) -> None:
        """Rows of the table, which follow those that were looked at."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class TableStream:
    """A table that was looked at: its number of ``rows``, its columns' ``names``, and how it is read, as
    :class:`pyfe.io.Table` has it. :meth:`pieces` reads it."""

    path: str
    names: tuple[str, ...]
    rows: int
    signs: str
    unit: str
    delimiter: str
    decimal: str
    na: Mapping[str | None, frozenset[str]]
    nameless: tuple[int, ...]
    sign_found: bool
    _again: Again = field(repr=False)
    _read: Callable[[Collection[str], Schema | None], Iterator[Table]] = field(repr=False)

    def __len__(self) -> int:
        return self.rows

    def pieces(self, schema: Schema | None = None, names: Iterable[str] | None = None) -> Iterator[Table]:
        """The rows in order, as tables of some thousand rows each, with the columns of a schema and those of ``names``;
        by default all columns.

        Their cells are read by :meth:`Table.typed`. ParameterError where the file was changed since it was looked at.
        """
        wanted = self.names if schema is None and names is None else _wanted(self.names, schema, names or ())
        rows = 0
        with in_memory(self.path):
            for piece in self._read(wanted, schema):
                rows += len(piece)
                if rows > self.rows:
                    break
                yield piece
        if rows != self.rows:
            raise ParameterError(f"{self.path} was changed while it was read; start again when it is at rest")
        self.require_unchanged()

    def require_unchanged(self) -> None:
        """ParameterError where the file was changed since it was looked at."""
        self._again.require_unchanged()


def stream_table(
    path: AnyPath | Again,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    na: Iterable[str] = (),
    schema: Schema | None = None,
    names: Iterable[str] = (),
    watchers: Iterable[Watcher] = (),
) -> TableStream:
    """A table of a file as a stream; options and errors as of :func:`pyfe.io.read_table`.

    schema, names, watchers: the columns of these (with neither: all) are shown to the watchers while all of the table
    is looked at, in its order, as long as nothing else is wrong with it; what they make of it they say afterwards.
    """
    na = [na] if isinstance(na, str) else list(na)
    if decimal not in (None, ".", ","):
        raise ParameterError(f"a decimal sign is '.' or ',', not {decimal!r}")
    again = path if isinstance(path, Again) else Again(path)
    source = again.opened()
    kind = kind_of(source.start, source.name)
    looking = _Looking(schema, list(names), list(watchers))
    with in_memory(again.name):
        if kind is Kind.TEXT:
            signs = packed("", source)
            return _of_text(again, delimiter, decimal, encoding, na, looking, signs)
        require_unsaid(again.name, kind.value, delimiter=delimiter, encoding=encoding)
        return _of_values(again, kind, decimal, na, looking, packed(kind.value, source))


@dataclass(frozen=True)
class _Looking:
    """Who looks, and at which columns."""

    schema: Schema | None
    names: list[str]
    watchers: list[Watcher]

    def wanted(self, here: Collection[str]) -> Collection[str]:
        return here if self.schema is None and not self.names else _wanted(here, self.schema, self.names)

    def look_at(self, pieces: Iterable[Table]) -> None:
        for piece in pieces:
            for watcher in self.watchers:
                watcher.look_at(piece)


def _wanted(here: Collection[str], schema: Schema | None, names: Iterable[str]) -> set[str]:
    """Those of the names that are here which a schema asks for, or somebody."""
    asked = set(map(same_name, [*(() if schema is None else schema.input_columns), *names]))
    return {name for name in here if same_name(name) in asked}


# ---------------------------------------------------------------------------------------------------------------
# CSV


def _of_text(
    again: Again,
    delimiter: str | None,
    decimal: str | None,
    encoding: str | None,
    na: list[str],
    looking: _Looking,
    packing: str,
) -> TableStream:
    layout = layout_of(again, delimiter, decimal, encoding)
    words, refusal = _words(na, layout)
    written = f"delimiter {layout.delimiter!r}, decimal sign {layout.decimal!r}"
    written += ("" if layout.encoding == "utf-8" else f", {layout.encoding}") + packing
    found = decimal is None and layout.delimiter != ","
    signs = layout.delimiter, layout.decimal, words

    def pieces(reading: CsvReading) -> Iterator[Table]:
        for piece in reading:
            yield Table(layout.name, piece.cells, piece.lines, written, "line", *signs, (), found)

    def read(wanted: Collection[str], schema: Schema | None) -> Iterator[Table]:
        return pieces(CsvReading(again, layout, encoding, wanted, _numbers(layout, words, wanted, schema)))

    wanted = looking.wanted(layout.names)
    numbers = _numbers(layout, words, wanted, None if found else looking.schema)
    reading = CsvReading(again, layout, encoding, wanted, numbers, look=True)
    try:
        looked_at = pieces(reading)
        looking.look_at(looked_at if refusal is None else ())
        for _ in looked_at:
            pass
    except PyfeError:
        require_text(again, encoding)
        raise
    reading.require_table()
    if refusal is not None:
        raise refusal
    said = f"{written}, absent {listed(na, 8)}" if words else written
    names, rows = tuple(layout.names), reading.rows
    return TableStream(layout.name, names, rows, said, "line", *signs, reading.nameless, found, again, read)


def _words(na: list[str], layout: CsvLayout) -> tuple[dict[str | None, frozenset[str]], ParameterError | None]:
    """The words for absent values; what is wrong with them, which is said when the rows were looked at."""
    try:
        return absent_words(na, layout.name, layout.names), None
    except ParameterError as error:
        return {}, error


def _numbers(
    layout: CsvLayout,
    words: Mapping[str | None, frozenset[str]],
    wanted: Collection[str],
    schema: Schema | None,
) -> Numbers:
    """The columns that may be read as doubles: numbers of the schema, whose words for absent cells are those of all
    columns and no numbers."""
    everywhere = words.get(None, frozenset())
    point = [word.replace(layout.decimal, ".") for word in everywhere]
    if schema is None or any(exact_number(word) is not None for word in point):
        return Numbers()
    floats = {same_name(name) for name in schema.input_columns if schema.columns[name].cell_type is float}
    names = {name for name in wanted if same_name(name) in floats and same_name(name) not in words}
    return Numbers(names, layout.decimal, everywhere)


# ---------------------------------------------------------------------------------------------------------------
# Parquet, Arrow and Feather


def _of_values(
    again: Again, kind: Kind, decimal: str | None, na: list[str], looking: _Looking, signs: str
) -> TableStream:
    reading = ArrowReading(again, kind)
    sign = decimal or "."
    words: dict[str | None, frozenset[str]] = {}
    refusal: ParameterError | None = None
    begun = False

    def table(rows: range, cells: Mapping[str, Cells]) -> Table:
        return Table(again.name, cells, rows, signs, unit="row", decimal=sign, na=words)

    def look() -> Iterator[Table]:
        nonlocal begun, words, refusal
        for rows, cells in reading:
            if not begun:
                words, refusal = _words_of(na, again.name, reading.names)
                begun = True
            if refusal is None:
                yield table(rows, {name: cells[name] for name in looking.wanted(reading.names)})

    looking.look_at(look())
    if not begun:
        words, refusal = _words_of(na, again.name, reading.names)
    if refusal is not None:
        raise refusal

    def read(wanted: Collection[str], schema: Schema | None) -> Iterator[Table]:
        again_read = ArrowReading(again, kind, wanted, (reading.rows, reading.bytes))
        return (table(rows, cells) for rows, cells in again_read)

    said = f"{signs}, absent {listed(na, 8)}" if words else signs
    names = tuple(as_labels(reading.names))
    return TableStream(again.name, names, reading.rows, said, "row", ",", sign, words, (), False, again, read)


def _words_of(
    na: list[str], name: str, names: list[str]
) -> tuple[dict[str | None, frozenset[str]], ParameterError | None]:
    """What is said of the columns' names, and of the words for absent values."""
    try:
        require_distinct(name, as_labels(names))
        return absent_words(na, name, as_labels(names)), None
    except ParameterError as error:
        return {}, error
