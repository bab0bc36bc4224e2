"""CSV a piece after the other, in flat memory: the rows, lines and refusals of :mod:`pyfe.io.csv_text` on the whole.

A file is read twice: first all of it is looked at, and everything that is wrong is said; then its rows are read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from pyfe.errors import DecodeError, PyfeError
from pyfe.io.cells import Cells, TextCells
from pyfe.io.csv_text import (
    ROWS_LOOKED_AT,
    Widths,
    decimal_of,
    delimiter_of,
    excel_says,
    no_cells,
    no_header,
    require_delimiter,
    require_names,
    texts_of,
)
from pyfe.io.packed_csv import Numbers, Packed
from pyfe.io.sources import Again

__all__ = ["CsvLayout", "CsvPiece", "CsvReading", "layout_of"]

_BLOCK = 1 << 22
"""Characters that are cut into cells at once."""

_ROWS = 1 << 13
"""Rows that are cut at once by Python."""

_SAYS = 64
"""Characters at the start of a text among which Excel's line about the delimiter is."""


@dataclass(frozen=True)
class CsvLayout:
    """How a CSV file is written, as far as its first rows show it: ``before``, ``skipped``:
    lines and characters before the header; ``refusal``: what is wrong with it, or with the decimal sign, which is said
    when the rows were looked at."""

    name: str
    encoding: str
    delimiter: str
    decimal: str
    before: int
    skipped: int
    header: tuple[str, ...]
    refusal: DecodeError | None = None

    @property
    def names(self) -> list[str]:
        """The names of the columns that have one."""
        return [label for label in self.header if label]


@dataclass(frozen=True)
class CsvPiece:
    """Rows that follow each other: the line where each begins, and the cells by name, of columns that were wanted."""

    lines: Sequence[int]
    cells: Mapping[str, Cells]


def layout_of(again: Again, delimiter: str | None, decimal: str | None, encoding: str | None) -> CsvLayout:
    """How a file is written. Errors are those of the whole, of which the text's come first."""
    try:
        return _layout(again, delimiter, decimal, encoding)
    except PyfeError:
        require_text(again, encoding)
        raise


def require_text(again: Again, encoding: str | None) -> None:
    """The errors of a file's text, wherever in it they are."""
    for _ in texts_of(again.opened(), encoding)[0]:
        pass


def _layout(again: Again, delimiter: str | None, decimal: str | None, encoding: str | None) -> CsvLayout:
    _, used = texts_of(again.opened(), encoding)
    require_delimiter(delimiter)
    start = ""
    for text in texts_of(again.opened(), encoding)[0]:
        start += text
        if len(start) >= _SAYS:
            break
    said = excel_says(start, again.name, delimiter)
    skipped, before = (0, 0) if said is None else (said.end(), 1)

    def lines() -> Iterator[str]:
        return _lines(_blocks(_without(texts_of(again.opened(), encoding)[0], skipped)))

    stated = delimiter or (said[1] if said else None)
    sign = delimiter_of(lines, again.name) if stated is None else stated
    reader = csv.reader(lines(), strict=True, delimiter=sign)
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise no_cells(again.name, reader.line_num + before, error) from error
    if not header:
        raise no_header(again.name, 1 + before)
    refusal = _refusal(require_names, header, f"{again.name}, line {1 + before}")
    found = decimal or "."
    if decimal is None and refusal is None:
        columns = _first_columns(header, reader)
        refusal = _refusal(decimal_of, columns, sign, again.name)
        found = decimal_of(columns, sign, again.name) if refusal is None else "."
    return CsvLayout(again.name, used, sign, found, before, skipped, tuple(header), refusal)


def _refusal(look: Callable[..., object], *arguments: Any) -> DecodeError | None:
    """What is raised by something that looks at the first rows."""
    try:
        look(*arguments)
    except DecodeError as error:
        return error
    return None


def _first_columns(header: list[str], reader: Iterator[list[str]]) -> list[list[str]]:
    """The cells of the first rows, by column. What cannot be cut, and rows of another width, are refused later."""
    rows: list[list[str]] = []
    try:
        for row in islice(reader, ROWS_LOOKED_AT):
            rows.append(row)
    except csv.Error:
        pass
    return [[row[i] for row in rows if len(row) == len(header)] for i, label in enumerate(header) if label]


# ---------------------------------------------------------------------------------------------------------------
# Text to lines


def _without(texts: Iterator[str], skipped: int) -> Iterator[str]:
    """Texts without their first characters."""
    for text in texts:
        rest, skipped = text[skipped:], max(0, skipped - len(text))
        if rest:
            yield rest


def _blocks(texts: Iterator[str]) -> Iterator[str]:
    """Texts joined and cut behind ends of lines, into blocks of some size; the first is one text, as some look at no
    more."""
    held, size, wanted = list[str](), 0, 1
    for text in texts:
        held.append(text)
        size += len(text)
        if size < wanted:
            continue
        joined = "".join(held)
        # a \r at the very end may be half of \r\n
        end = max(joined.rfind("\n"), joined.rfind("\r", 0, len(joined) - 1)) + 1
        if end:
            yield joined[:end]
        held, size = [joined[end:]], len(joined) - end
        wanted = _BLOCK if end else 2 * size
    if size:
        yield "".join(held)


def _lines(blocks: Iterator[str]) -> Iterator[str]:
    for block in blocks:
        yield from io.StringIO(block, newline="")


# ---------------------------------------------------------------------------------------------------------------
# Lines to rows


class CsvReading:
    """One reading of a file, from its first row to its last.

    ``wanted``: the names of the columns that are read; ``numbers``: those of them that pyarrow may read as doubles, a
    set that may lose names while the reading goes on. ``look``: whether what is refused is looked for in all columns.
    """

    def __init__(
        self,
        again: Again,
        layout: CsvLayout,
        encoding: str | None,
        wanted: Collection[str],
        numbers: Numbers,
        *,
        look: bool = False,
    ) -> None:
        self._layout, self._numbers, self._look = layout, numbers, look
        self._places = {name: place for place, name in enumerate(layout.header) if name and name in wanted}
        self._blocks = _blocks(_without(texts_of(again.opened(), encoding)[0], layout.skipped))
        self._given = self._done = layout.before
        self._lines = io.StringIO()
        self._blank: list[int] = []
        self._widths = Widths(layout.name, len(layout.header))
        self._unnamed = {place for place, name in enumerate(layout.header) if not name}
        self._filled: set[int] = set()
        self.rows = 0

    @property
    def nameless(self) -> tuple[int, ...]:
        """The numbers (from 1) of columns that have cells and no name, as far as they were looked at."""
        return tuple(place + 1 for place in sorted(self._filled))

    def require_table(self) -> None:
        """DecodeError for what is no table, once all was read."""
        self._widths.require_one()
        if self._layout.refusal is not None:
            raise self._layout.refusal

    def __iter__(self) -> Iterator[CsvPiece]:
        """The rows, as long as nothing is found that is refused later."""
        for block in chain(self._behind_header(), self._blocks):
            packed = Packed.of(block, self._layout.delimiter, len(self._layout.header))
            piece = None if packed is None else self._packed(packed)
            for each in self._cut(block) if piece is None else [piece]:
                self.rows += len(each.lines)
                if len(each.lines) and not self._widths.count and self._layout.refusal is None:
                    yield each

    def _behind_header(self) -> Iterator[str]:
        """What is left of the block where the header ends, which is not looked at again."""
        next(csv.reader(self._fed(next(self._blocks, "")), strict=True, delimiter=self._layout.delimiter), None)
        self._done = self._given
        rest = self._lines.read()
        if rest:
            yield rest

    def _packed(self, packed: Packed) -> CsvPiece | None:
        """Lines that pyarrow cuts; None where only Python can."""
        looked_at = self._unnamed - self._filled if self._look else set[int]()
        cells = packed.cells(self._places, self._numbers, looked_at)
        if cells is None:
            return None
        self._require_no_blank()
        self._filled |= {place for place in looked_at if packed.is_filled(place)}
        first = self._given + 1
        self._given = self._done = self._given + packed.rows
        return CsvPiece(range(first, first + packed.rows), cells)

    def _cut(self, block: str) -> Iterator[CsvPiece]:
        """Rows that Python cuts, of a block and of as many of the next as its last row goes on in."""
        reader = csv.reader(self._fed(block), strict=True, delimiter=self._layout.delimiter)
        while True:
            rows, lines = list[list[str]](), list[int]()
            try:
                for row in islice(reader, _ROWS):
                    rows.append(row)
                    lines.append(self._done + 1)
                    self._done = self._given
            except csv.Error as error:
                raise no_cells(self._layout.name, self._given, error) from error
            if not rows:
                return
            yield self._piece(rows, lines)

    def _fed(self, block: str | None) -> Iterator[str]:
        """The lines of a block, and of the next ones as long as a row goes on in them."""
        while block is not None:
            self._lines = io.StringIO(block, newline="")
            for line in self._lines:
                self._given += 1
                yield line
            if self._done == self._given:
                return
            block = next(self._blocks, None)

    def _piece(self, rows: list[list[str]], lines: list[int]) -> CsvPiece:
        width = len(self._layout.header)
        if width > 1:  # blank lines at the end hold no row
            ends = len(rows)
            while ends and not rows[ends - 1]:
                ends -= 1
            if ends:
                self._require_no_blank()
            self._blank += lines[ends:]
            rows, lines = rows[:ends], lines[:ends]
        self._widths.look_at(rows, lines)
        if self._widths.count:
            return CsvPiece(lines, {})
        if self._look:
            left = self._unnamed - self._filled
            self._filled |= {place for place in left if any(row[place].strip() for row in rows)}
        return CsvPiece(lines, {name: TextCells([row[at] for row in rows]) for name, at in self._places.items()})

    def _require_no_blank(self) -> None:
        """Blank lines are rows of no fields where rows follow them."""
        self._widths.look_at([[]] * len(self._blank), self._blank)
        self._blank = []
