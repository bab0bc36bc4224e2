"""Lines of CSV that pyarrow cuts into cells, where it gives what :mod:`csv` and :func:`pyfe.schema.cells.parse_number`
give: some ten times as fast.

It does so for lines that end with a line feed, none of them blank, whose quotes stand around whole cells of one line;
for cells that are not longer than any that either of us reads; and for doubles that are finite, which both round
correctly. All else is left to them (None), and so is everything where pyarrow is not installed.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pyfe.arrays import AnyArray, FloatArray
from pyfe.io.cells import Cells, Spelling, TextCells
from pyfe.schema import Column
from pyfe.schema.cells import EXACT_BELOW, exact_number

__all__ = ["Numbers", "Packed", "PackedText"]

_LONGEST = 1024
"""Bytes of a cell: none that is longer is read as a number."""

_FEED, _RETURN, _QUOTE = 10, 13, 34

_MARK = "\ufeff"
"""A mark at the start of a file, which pyarrow passes over at the start of any lines; elsewhere it is of a cell."""


@dataclass
class Numbers:
    """Columns that are read as doubles: their ``names``, the decimal sign, and the words for an absent one."""

    names: set[str] = field(default_factory=set)
    decimal: str = "."
    absent: frozenset[str] = frozenset()


class Packed:
    """Lines that are cut as the csv module would cut them. Made by :meth:`of`."""

    def __init__(self, data: bytes, delimiter: str, width: int, rows: int, quoted: bool) -> None:
        self._data, self._delimiter, self._width, self._quoted = data, delimiter, width, quoted
        self.rows = rows
        self._read: dict[int, Any] = {}

    @classmethod
    def of(cls, text: str, delimiter: str, width: int) -> Packed | None:
        """The lines of a text, where pyarrow may cut them; ``width``: fields a line."""
        if width < 2 or text.startswith(_MARK) or not _pyarrow():
            return None
        try:
            data = text.encode() if text.endswith("\n") else f"{text}\n".encode()
        except UnicodeEncodeError:  # half of a pair, which UTF-7 may spell
            return None
        octets = np.frombuffer(data, np.uint8)
        feeds = np.flatnonzero(octets == _FEED)
        if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
            return None
        quoted = b'"' in data
        if quoted and not _quotes_whole_cells(octets, feeds, ord(delimiter)):
            return None
        lengths = np.diff(feeds, prepend=-1)
        if ((lengths == 1) | ((lengths == 2) & (octets[feeds - 1] == _RETURN))).any():  # blank lines
            return None
        if int(lengths.max()) > _LONGEST:
            ends = (octets == _FEED) | (octets == ord(delimiter))
            if quoted:  # what stands between quotes ends no cell
                ends &= ~np.logical_xor.accumulate(octets == _QUOTE)
            if int(np.diff(np.flatnonzero(ends), prepend=-1).max()) > min(_LONGEST, csv.field_size_limit()):
                return None
        return cls(data, delimiter, width, len(feeds), quoted)

    def cells(
        self, places: Mapping[str, int], numbers: Numbers, looked_at: Collection[int] = ()
    ) -> dict[str, Cells] | None:
        """The cells of the columns at some places, by name; None where the lines cannot be cut here. ``looked_at``:
        places that :meth:`is_filled` will be asked about. Names whose cells are no plain numbers leave ``numbers``."""
        doubles = {at for name, at in places.items() if name in numbers.names}
        texts = {*places.values(), *looked_at} - doubles
        found = self._cut(doubles, texts, numbers)
        if found is None and doubles:
            found = self._cut(set(), doubles | texts, numbers)
        if found is None:
            return None
        self._read = found
        cells = {name: self._of(found[at], at) for name, at in places.items()}
        numbers.names -= {name for name, at in places.items() if at in doubles and _is_text(cells[name])}
        return cells

    def is_filled(self, place: int) -> bool:
        """Whether the column at a place, which was looked at, has cells that are not blank."""
        return any(cell.strip() for cell in self._read[place].unique().to_pylist())

    def texts(self, place: int) -> list[str]:
        """The cells at a place as text."""
        found = self._cut(set(), {place}, Numbers())
        assert found is not None  # they were cut before
        return list(found[place].to_pylist())

    def _of(self, column: Any, place: int) -> Cells:
        from pyarrow import types

        if not types.is_floating(column.type):
            return PackedText(column)
        values = _as_numpy(column, np.dtype(np.float64))
        if int(np.isfinite(values).sum()) + column.null_count != len(values):  # "inf", "nan" and 1e400
            return TextCells(self.texts(place))
        return PackedNumbers(values, self, place)

    def _cut(self, doubles: set[int], texts: set[int], numbers: Numbers) -> dict[int, Any] | None:
        import pyarrow
        from pyarrow import csv as arrow

        names = list(map(str, range(self._width)))
        wanted = sorted(doubles | texts) or [0]
        types = {str(at): pyarrow.float64() if at in doubles else pyarrow.string() for at in wanted}
        quote: Any = '"' if self._quoted else False
        try:
            table = arrow.read_csv(
                pyarrow.BufferReader(self._data),
                read_options=arrow.ReadOptions(column_names=names, block_size=len(self._data) + 1),
                parse_options=arrow.ParseOptions(
                    delimiter=self._delimiter, quote_char=quote, double_quote=False, ignore_empty_lines=False
                ),
                convert_options=arrow.ConvertOptions(
                    column_types=types,
                    include_columns=list(types),
                    null_values=["", *sorted(numbers.absent)],
                    strings_can_be_null=False,
                    decimal_point=numbers.decimal,
                    check_utf8=False,
                ),
            )
        except (pyarrow.ArrowException, ValueError):
            return None
        if table.num_rows != self.rows:
            return None
        return {int(name): column for name, column in zip(table.column_names, table.columns, strict=True)}


class PackedText:
    """Cells of text as pyarrow holds them: see :class:`pyfe.io.cells.Cells`."""

    def __init__(self, column: Any) -> None:
        self._column = column

    @cached_property
    def _cells(self) -> TextCells:
        return TextCells(self._column.to_pylist())

    def texts(self) -> list[str]:
        """The cells as they stand."""
        return self._cells.texts()

    def ids(self) -> list[Any]:
        """The cells as they stand."""
        return self._cells.ids()

    def holds(self, sign: str) -> bool:
        """Whether a sign stands in a cell."""
        from pyarrow import compute

        return bool(compute.any(compute.match_substring(self._column, sign)).as_py())

    def typed(self, column: Column, spelling: Spelling) -> AnyArray:
        """As text has it; a word is looked at once."""
        if column.cell_type is float:
            numbers = self._doubles(spelling)
            exactly = bool(column.cut_points())
            return self._cells.typed(column, spelling) if numbers is None or _vague(numbers, exactly) else numbers
        words, index = self._words()
        return TextCells(words).typed(column, spelling)[index]

    def guess(self, spelling: Spelling) -> AnyArray:
        """As text has it."""
        return self._cells.guess(spelling)

    def _words(self) -> tuple[list[str], AnyArray]:
        coded = _one(self._column).dictionary_encode()
        return coded.dictionary.to_pylist(), _as_numpy(coded.indices, np.dtype(np.int32))

    def _doubles(self, spelling: Spelling) -> FloatArray | None:
        """Numbers, NaN where absent; None where a cell may be something else."""
        import pyarrow
        from pyarrow import compute

        if any(exact_number(spelling.with_point(word)) is not None for word in spelling.absent):
            return None  # 999 stands for 999.0 too
        column = self._column
        if spelling.decimal != ".":
            if self.holds("."):
                return None
            column = compute.replace_substring(column, spelling.decimal, ".")
        gone = compute.is_in(self._column, value_set=pyarrow.array(["", *spelling.absent], column.type))
        try:
            filled = compute.if_else(gone, pyarrow.scalar(None, column.type), column)
            values = compute.cast(filled, pyarrow.float64())
        except pyarrow.ArrowException:
            return None
        numbers: FloatArray = _as_numpy(values, np.dtype(np.float64))
        finite = int(np.isfinite(numbers).sum()) + values.null_count == len(numbers)
        return numbers if finite else None


class PackedNumbers:
    """Cells of text that were read as doubles: see :class:`pyfe.io.cells.Cells`."""

    def __init__(self, values: FloatArray, packed: Packed, place: int) -> None:
        self._values, self._packed, self._place = values, packed, place

    @cached_property
    def _cells(self) -> TextCells:
        return TextCells(self._packed.texts(self._place))

    def texts(self) -> list[str]:
        """The cells as they stand."""
        return self._cells.texts()

    def ids(self) -> list[Any]:
        """The cells as they stand."""
        return self._cells.ids()

    def typed(self, column: Column, spelling: Spelling) -> AnyArray:
        """As text has it."""
        if column.cell_type is not float or _vague(self._values, bool(column.cut_points())):
            return self._cells.typed(column, spelling)
        return self._values

    def guess(self, spelling: Spelling) -> AnyArray:
        """As text has it."""
        return self._cells.guess(spelling)


def _one(column: Any) -> Any:
    """A column as one array."""
    if not hasattr(column, "chunks"):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _as_numpy(column: Any, dtype: np.dtype[Any]) -> AnyArray:
    """Numbers where they lie, NaN where there is none; pyarrow's own way imports pandas first, for half a second."""
    array = _one(column)
    filled = array.fill_null(float("nan")) if array.null_count else array
    if not len(filled):
        return np.zeros(0, dtype=dtype)
    return np.frombuffer(filled.buffers()[1], dtype=dtype, count=len(filled), offset=filled.offset * dtype.itemsize)


def _vague(numbers: FloatArray, exactly: bool) -> bool:
    """Whether doubles do not hold numbers exactly enough."""
    return exactly and bool((np.abs(numbers) >= EXACT_BELOW).any())


def _is_text(cells: Cells) -> bool:
    return not isinstance(cells, PackedNumbers)


def _quotes_whole_cells(octets: npt.NDArray[np.uint8], feeds: npt.NDArray[np.intp], delimiter: int) -> bool:
    """Whether every quote opens or closes a cell, in one line, and none stands within one."""
    quotes = np.flatnonzero(octets == _QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = octets[opening - 1]
    before[opening == 0] = _FEED
    behind = octets[closing + 1]  # a line feed is behind all
    opens = (before == delimiter) | (before == _FEED)
    closes = (behind == delimiter) | (behind == _FEED) | (behind == _RETURN)
    same = np.searchsorted(feeds, opening) == np.searchsorted(feeds, closing)
    return bool(opens.all() and closes.all() and same.all())


def _pyarrow() -> bool:
    """Whether pyarrow is there."""
    try:
        import pyarrow.csv  # noqa: F401
    except ImportError:
        return False
    return True
