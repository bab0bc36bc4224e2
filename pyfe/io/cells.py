"""The cells of one column, as a file holds them: text (CSV), or values (Parquet, Arrow, tables of Python)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from pyfe.arrays import AnyArray, BoolArray
from pyfe.errors import ParameterError
from pyfe.io.csv_text import could_be_thousands
from pyfe.schema import Column
from pyfe.schema.cells import (
    EXACT_BELOW,
    as_floats,
    exact_number,
    is_absent,
    is_code,
    is_number,
    missing_mask,
    parse_number,
    plain,
)

__all__ = ["Cells", "Spelling", "TextCells", "TypedCells"]

_TRUTH = {"true": "1", "yes": "1", "false": "0", "no": "0"}


@dataclass(frozen=True)
class Spelling:
    """How the cells of a column are written: the decimal sign, what stands for an absent value beside nothing, and
    whether nobody stated the sign, so that it could stand between thousands."""

    decimal: str = "."
    absent: frozenset[str] = frozenset()
    found: bool = False

    def emptied(self, cells: Sequence[str]) -> list[str]:
        """Cells of text, empty where they are blank or stand for an absent value."""
        if not self.absent:
            return ["" if cell.isspace() else cell for cell in cells]
        return ["" if (word := cell.strip()) in self.absent or not word else cell for cell in cells]

    def absent_rows(self, cells: Sequence[Any]) -> list[int]:
        """The rows of a column of ids whose cell is one of the words, or one of the numbers, for an absent value."""
        if not self.absent:
            return []
        numbers = _numbers_of(self)
        return [
            row
            for row, cell in enumerate(cells)
            if (cell.strip() in self.absent if isinstance(cell, str) else plain(cell) in numbers)
        ]

    def with_point(self, cell: str) -> str:
        """A cell with its decimal sign as a point; a point where the sign is a comma makes it no number."""
        if self.decimal == ".":
            return cell
        return "no number" if "." in cell else cell.replace(",", ".")

    def thousands(self, cells: Sequence[str]) -> list[int]:
        """The rows of a column of numbers whose decimal sign could be one between thousands: nobody stated it, and no
        number of the column shows that it is none."""
        return (self.like_thousands(cells) or []) if self.found else []

    def like_thousands(self, cells: Sequence[str]) -> list[int] | None:
        """The rows whose decimal sign could be one between thousands; None where a number shows that it is none."""
        signed = [(row, cell) for row, cell in enumerate(self.emptied(cells)) if self.decimal in cell]
        others = (cell for _, cell in signed if not could_be_thousands(cell))
        if any(not math.isnan(parse_number(self.with_point(cell))) for cell in others):
            return None
        return [row for row, cell in signed if could_be_thousands(cell)]

    def beside_commas(self, values: AnyArray) -> list[int]:
        """The rows of a guessed column that hold other text beside numbers with a decimal comma."""
        if self.decimal == "." or values.dtype.kind not in "OU":
            return []
        texts = [(row, cell) for row, cell in enumerate(values.tolist()) if isinstance(cell, str) and cell]
        others = {row for row, cell in texts if math.isnan(parse_number(self.with_point(cell)))}
        return sorted(others) if any("," in cell for row, cell in texts if row not in others) else []


class Cells(Protocol):
    """One column of a table that was read."""

    def texts(self) -> list[str]:
        """Every cell as text, an absent one as nothing."""

    def ids(self) -> list[Any]:
        """Every cell as the file holds it, for ids: whether it is one, and which, :mod:`pyfe.row_ids` says."""

    def typed(self, column: Column, spelling: Spelling) -> AnyArray:
        """The cells as a column of a schema takes them; what does not fit stays as text, and is refused there."""

    def guess(self, spelling: Spelling) -> AnyArray:
        """Numbers (float64, NaN where absent) if every filled cell is one and none a code, else as it is."""


@dataclass(frozen=True)
class TextCells:
    """Cells of text."""

    cells: list[str]

    def texts(self) -> list[str]:
        """The cells as they stand."""
        return self.cells

    def ids(self) -> list[Any]:
        """See :class:`Cells`."""
        return self.cells

    def typed(self, column: Column, spelling: Spelling) -> AnyArray:
        """See :class:`Cells`."""
        cells = spelling.emptied(self.cells)
        if column.cell_type is str:
            return _objects(cells)
        cells = _without_numbers(cells, spelling)
        if column.cell_type is float:
            return _numbers(cells, spelling, exactly=bool(column.cut_points()))
        truth = _TRUTH if column.cell_type is bool else {}
        return _objects([truth.get(cell.strip().lower(), spelling.with_point(cell)) for cell in cells])

    def guess(self, spelling: Spelling) -> AnyArray:
        """See :class:`Cells`."""
        cells = spelling.emptied(self.cells)
        numbers = _numbers(_without_numbers(cells, spelling), spelling, exactly=False)
        return _objects(cells) if numbers.dtype.kind != "f" or any(map(is_code, cells)) else numbers


class TypedCells:
    """Cells that have types of their own; ``load`` gives them when they are first asked for."""

    def __init__(self, load: Callable[[], AnyArray]) -> None:
        self._load = load

    @cached_property
    def values(self) -> AnyArray:
        """The cells as an array."""
        return self._load()

    def texts(self) -> list[str]:
        """Whole numbers without a point, whatever holds them: a record number is the same in every file.

        ParameterError for dates and times.
        """
        values = self.ids()
        absent = missing_mask(self.values)
        return ["" if gone else _as_text(value) for value, gone in zip(values, absent.tolist(), strict=True)]

    def ids(self) -> list[Any]:
        """See :class:`Cells`. ParameterError for dates and times."""
        if self.values.dtype.kind in "mM":
            raise ParameterError("holds dates or times; write them as text first, so that they are the same everywhere")
        return list(self.values.tolist())

    def typed(self, column: Column, spelling: Spelling) -> AnyArray:
        """See :class:`Cells`."""
        values = self.values if self.values.dtype.kind in "OU" else self._unsigned(spelling)
        if values.dtype.kind in "mM" or (values.dtype.kind not in "OU" and column.cell_type is not str):
            return values
        cells = [self._cell(cell, spelling) for cell in values.tolist()]
        if column.cell_type is str:  # a code is the same level whether a file held it as a number or as text
            return _objects([cell if isinstance(cell, str) or is_absent(cell) else _as_text(cell) for cell in cells])
        truth = _TRUTH if column.cell_type is bool else {}
        texts = iter(_without_numbers([cell for cell in cells if isinstance(cell, str)], spelling))
        as_read = (spelling.with_point(next(texts)) if isinstance(cell, str) else cell for cell in cells)
        return _objects([truth.get(cell.strip().lower(), cell) if isinstance(cell, str) else cell for cell in as_read])

    def guess(self, spelling: Spelling) -> AnyArray:
        """See :class:`Cells`."""
        if self.values.dtype.kind not in "OU":
            values = self._unsigned(spelling)
            if values.dtype.kind == "O":
                return _guessed_of_values(values)
            whole = values.dtype.kind in "iu" and (np.abs(values.astype(np.float64)) < EXACT_BELOW).all()
            return values.astype(np.float64) if whole or values.dtype.kind == "f" else values
        cells = [self._cell(cell, spelling) for cell in self.values.tolist()]
        if all(isinstance(cell, str) or cell is None for cell in cells):
            return TextCells([cell or "" for cell in cells]).guess(spelling)
        return _guessed_of_values(_objects(cells))

    def _cell(self, cell: Any, spelling: Spelling) -> Any:
        if isinstance(cell, str):
            return spelling.emptied([cell])[0]
        signs = _numbers_of(spelling) if is_number(cell) or isinstance(cell, Decimal) else []
        if isinstance(cell, float | np.floating):  # 99.9 as its type prints it
            return None if float(str(cell)) in map(float, signs) else cell
        return None if any(plain(cell) == sign for sign in signs) else cell

    def _unsigned(self, spelling: Spelling) -> AnyArray:
        """Numbers, absent where they are a number that stands for that."""
        signs, values = _numbers_of(spelling), self.values
        if not signs or values.dtype.kind not in "iuf":
            return values
        gone: BoolArray = np.isin(values, _in_type(signs, values.dtype))
        if not gone.any():
            return values
        marked = values.astype(np.float64 if values.dtype.kind == "f" else object)
        marked[gone] = math.nan if values.dtype.kind == "f" else None
        return marked


def _numbers_of(spelling: Spelling) -> list[Any]:
    """The numbers among what stands for an absent value, exact ones."""
    numbers = (exact_number(spelling.with_point(sign)) for sign in spelling.absent)
    return [number for number in numbers if number is not None]


def _in_type(numbers: list[Any], dtype: np.dtype[Any]) -> AnyArray:
    """Those of exact numbers that a dtype of integers holds, or that it prints: float32 prints 99.9, and holds none."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            held = [(number, dtype.type(float(number))) for number in numbers]
        return np.array([cell for number, cell in held if float(number) in (float(str(cell)), float(cell))], dtype)
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    return np.array([int(number) for number in numbers if least <= number <= most and number == int(number)], dtype)


def _without_numbers(cells: list[str], spelling: Spelling) -> list[str]:
    """Cells of a column of numbers, empty where they are a number that stands for an absent value: 999.0 is 999."""
    signs = frozenset(map(float, _numbers_of(spelling)))
    return ["" if parse_number(spelling.with_point(cell)) in signs else cell for cell in cells] if signs else cells


def _numbers(cells: list[str], spelling: Spelling, *, exactly: bool) -> AnyArray:
    """Cells as float64, NaN where empty; as text with a point where one is no number, and where a double would not hold
    them ``exactly`` enough."""
    pointed = cells if spelling.decimal == "." else [spelling.with_point(cell) for cell in cells]
    numbers = np.array([parse_number(cell) if cell else math.nan for cell in pointed], dtype=np.float64)
    strange = np.isnan(numbers).sum() > pointed.count("")
    return _objects(pointed) if strange or (exactly and (np.abs(numbers) >= EXACT_BELOW).any()) else numbers


def _guessed_of_values(values: AnyArray) -> AnyArray:
    """Values of Python as float64 where all of them are numbers that doubles hold, else as they are."""
    missing = missing_mask(values)
    present = values[~missing].tolist()
    exact = all(not isinstance(value, str | bool) and exact_number(value) is not None for value in present)
    numbers = as_floats(values, missing)
    return numbers if exact and not (np.abs(numbers) >= EXACT_BELOW).any() else values


def _as_text(value: Any) -> str:
    if isinstance(value, bool | str):
        return str(value)
    exact = exact_number(value)
    return str(int(exact)) if exact is not None and exact == int(exact) else str(value)


def _objects(cells: Sequence[object]) -> AnyArray:
    return np.fromiter(cells, dtype=object, count=len(cells))  # a cell may be a list
