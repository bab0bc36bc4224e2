"""What travels beside the rows of a table that comes in pieces: ids, and public columns. All of it is looked at before
a row is encrypted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

from pyfe.cohorts.columns import ColumnKind, PublicColumn, require_names
from pyfe.cohorts.distinct import Distinct
from pyfe.errors import ParameterError
from pyfe.io.cells import TypedCells
from pyfe.io.streams import TableStream
from pyfe.io.tables import Table
from pyfe.row_ids import RowIds, called_rows, require_none_repeated
from pyfe.schema.cells import is_absent, is_code, listed, parse_number, same_name
from pyfe.schema.frames import naming

__all__ = ["CarriedColumns", "IdsLookedAt", "called_lines", "id_cells", "lines_of"]

_INTEGER = re.compile(r"\s*[+-]?\d{1,18}\s*", re.ASCII)
_DIGITS = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)

_Kind: TypeAlias = ColumnKind | Literal["long"]
"""Of cells as they are looked at; long: integers of 64 bits of which doubles do not hold all."""


def id_cells(table: Table, column: str) -> list[Any]:
    """The cells of the column of ids with their types, so that an id is the same here and in Python. ParameterError
    where there is no such column, for dates and times, and naming lines for what --na says stands for nothing."""
    found = _column(table.path, table.cells, column, "of record ids (--id-column)")
    with naming(found):
        cells = table.cells[found].ids()
    absent = table.spelling(found).absent_rows(cells)
    if absent:
        raise ParameterError(
            f"{called_lines(table)(absent)}: the column {column!r} of record ids holds what --na says stands for an "
            "absent value: give every row an id, or say --na for the columns that it is about (--na COLUMN=TEXT)"
        )
    return cells


def lines_of(stream: TableStream, rows: Sequence[int]) -> list[int]:
    """The numbers by which people call some rows of a table, in order. Cost: reads the table as far as the last."""
    if stream.unit == "row":
        return [row + 1 for row in rows]
    found, before, wanted = list[int](), 0, iter(rows)
    row = next(wanted, None)
    for piece in stream.pieces(names=()):
        while row is not None and row < before + len(piece):
            found.append(piece.lines[row - before])
            row = next(wanted, None)
        if row is None:
            break
        before += len(piece)
    return found


class IdsLookedAt:
    """Looks at the ids of a table (:class:`pyfe.io.streams.Watcher`): whether each can travel, and which come twice.
    A context, of temporary files where there are very many."""

    def __init__(self, column: str, *, allow_duplicates: bool) -> None:
        self._column = column
        self._error: ParameterError | None = None
        self._seen = None if allow_duplicates else Distinct()
        self._rows = 0

    def __enter__(self) -> IdsLookedAt:
        return self

    def __exit__(self, *_: object) -> None:
        if self._seen is not None:
            self._seen.__exit__()

    def look_at(self, piece: Table) -> None:
        """Rows that follow those that were looked at."""
        if self._error is not None:
            return
        try:
            ids = RowIds.clear(id_cells(piece, self._column), allow_duplicates=True, called=called_lines(piece))
        except ParameterError as error:
            self._error = error
            return
        if self._seen is not None:
            self._seen.add(ids.raws(), self._rows)
        self._rows += len(piece)

    def require(self, stream: TableStream) -> None:
        """ParameterError naming lines: of ids that cannot travel the first there are, and all that are there twice."""
        if self._error is not None:
            raise self._error
        _column(stream.path, stream.names, self._column, "of record ids (--id-column)")
        repeated = [] if self._seen is None else self._seen.repeated()
        if repeated:
            numbers = iter(lines_of(stream, repeated))

            def called(rows: Sequence[int]) -> str:
                return f"{stream.path}: {called_rows(list(numbers), stream.unit)}"

            require_none_repeated(repeated, called)


class CarriedColumns:
    """Looks at the columns that are carried in the clear (:class:`pyfe.io.streams.Watcher`): of which kind each is.

    Text is whole numbers where all filled cells are, numbers where all are, and neither where one is a code (digits
    with zeros in front), or an integer that the numbers would round. What has types of its own keeps them.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._names = list(columns)
        self._kinds: dict[str, _Kind | None] = dict.fromkeys(map(same_name, columns))
        self._error: ParameterError | None = None

    def look_at(self, piece: Table) -> None:
        """Rows that follow those that were looked at."""
        here = {same_name(name): name for name in piece.cells}
        try:
            for key in self._kinds:
                if key in here and self._error is None:
                    with naming(here[key]):
                        self._kinds[key] = _together(self._kinds[key], _kind_of(piece, here[key]))
        except ParameterError as error:
            self._error = ParameterError(f"{piece.path}: {error} (--carry)")

    def require(self, stream: TableStream) -> None:
        """ParameterError for columns that are not there, hold what cannot be carried, or have a name that none may."""
        for name in self._names:
            _column(stream.path, stream.names, name, "to carry (--carry)")
        if len(self._kinds) < len(self._names):
            raise ParameterError(f"--carry: {listed(self._names)}: one of these columns is named twice")
        if self._error is not None:
            raise self._error
        require_names({name: PublicColumn("text", ()) for name in self._named(stream.names)})

    def of(self, piece: Table) -> dict[str, list[Any]]:
        """The cells of a piece, by name, of the kinds of the whole."""
        return {name: _cells(piece, name, self._kind(name)) for name in self._named(list(piece.cells))}

    def column(self, name: str, cells: list[Any]) -> PublicColumn:
        """Cells of some rows as they travel."""
        return PublicColumn(self._kind(name), tuple(cells))

    def _kind(self, name: str) -> ColumnKind:
        kind = self._kinds[same_name(name)] or "text"
        return "int64" if kind == "long" else kind

    def _named(self, here: Sequence[str]) -> Iterator[str]:
        """The columns, as the table writes their names, in the order in which they were asked for."""
        names = {same_name(name): name for name in here}
        return (names[key] for key in self._kinds)


def called_lines(table: Table) -> Callable[[Sequence[int]], str]:
    """What calls the rows of a table by their lines in its file."""
    return lambda rows: f"{table.path}: {called_rows([table.lines[row] for row in rows], table.unit)}"


def _column(path: str, here: Any, column: str, what: str) -> str:
    wanted = same_name(column)
    found = next((name for name in here if same_name(name) == wanted), None)
    if found is None:
        raise ParameterError(f"{path}: there is no column {column!r} {what}")
    return str(found)


def _kind_of(piece: Table, name: str) -> _Kind | None:
    """The kind of a piece's cells; None where all are absent."""
    cells, spelling = piece.cells[name], piece.spelling(name)
    if isinstance(cells, TypedCells):
        values = cells.ids()
        filled = [value for value in values if not is_absent(value)]
        return PublicColumn.of(filled).kind if filled else None
    words = set(spelling.emptied(list(set(cells.texts())))) - {""}
    if not words:
        return None
    numbers = {spelling.with_point(word): word for word in words}
    if any(is_code(word) for word in words) or any(parse_number(word) != parse_number(word) for word in numbers):
        PublicColumn("text", tuple(words))  # that none is too long
        return "text"
    rounded = any(int(float(word)) != int(word) for word in filter(_DIGITS.fullmatch, numbers) if len(word) > 15)
    if all(map(_INTEGER.fullmatch, numbers)):
        return "long" if rounded else "int64"
    if rounded:
        return "text"
    PublicColumn("float64", tuple(map(parse_number, numbers)))
    return "float64"


def _together(before: _Kind | None, now: _Kind | None) -> _Kind | None:
    """The kind of a column whose pieces are of these kinds."""
    if before is None or now is None or before == now:
        return before or now
    if {before, now} == {"int64", "float64"}:
        return "float64"
    if {before, now} == {"int64", "long"}:
        return "long"
    if {before, now} == {"float64", "long"}:
        return "text"
    if "text" in (before, now) and "bool" not in (before, now):
        return "text"
    raise ParameterError("holds truth values and others; a public column is of one kind")


def _cells(piece: Table, name: str, kind: ColumnKind) -> list[Any]:
    cells, spelling = piece.cells[name], piece.spelling(name)
    if isinstance(cells, TypedCells):
        with naming(name):
            return list(PublicColumn.of(cells.ids(), kind).cells)
    read: Callable[[str], Any] = str
    if kind != "text":
        read = int if kind == "int64" else parse_number
    pointed = (cell if kind == "text" else spelling.with_point(cell) for cell in spelling.emptied(cells.texts()))
    return [read(cell) if cell else None for cell in pointed]
