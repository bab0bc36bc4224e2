"""A category: one of several levels, as bits."""

# ruff: noqa: D102  (methods that are documented once, in Column)
from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.schema.cells import (
    MOST_NAME_CHARACTERS,
    as_floats,
    by_same_name,
    exact_number,
    is_text,
    missing_mask,
    require_cells,
    same_name,
)
from pyfe.schema.columns.base import MAX_COORDINATES, Code, Codes, Column, Encoder, Level, Products, items
from pyfe.schema.columns.optional import made
from pyfe.text import printable

__all__ = ["Category", "category"]


_EXACT = 2**53
"""Integers up to this size are doubles without loss."""


@dataclass(frozen=True, kw_only=True)
class Category(Column):
    """One of several levels. Three or more: one bit a level, summing to 1. Two: one bit, 1 = the second level."""

    levels: tuple[Level, ...]

    kind = "category"
    noun = "a category"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.levels, tuple):
            raise ParameterError(f"levels are a tuple, not {type(self.levels).__name__}")
        if len(self.levels) > MAX_COORDINATES:
            raise ParameterError(f"a category has at most {MAX_COORDINATES} levels, not {len(self.levels)}")
        texts = [isinstance(level, str) for level in self.levels]
        if any(texts) != all(texts) or not all(isinstance(level, str | int) for level in self.levels):
            raise ParameterError("levels are all text, or all integers or booleans")
        if "" in self.levels:
            raise ParameterError('"" stands for a missing entry and cannot be a level')
        if len(self.levels) < 2 or len(set(self.levels)) != len(self.levels):
            raise ParameterError("a category needs at least two different levels (True and 1 count as one level)")
        if self.missing is not None and self._position(self._positions(), self.missing) < 0:
            raise ParameterError("the level for missing entries is not one of the levels")

    def require_codes_come_back(self) -> None:
        if self.texts and not all(map(is_text, self.levels)):
            raise ParameterError(
                f"a level is text of at most {MOST_NAME_CHARACTERS} characters, without NUL and lone surrogates"
            )
        if not self.texts and not all(-(2**63) <= level < 2**64 for level in self.levels):  # type: ignore[operator]
            raise ParameterError("an integer level lies from -2^63 to 2^64 - 1")
        if len(self._positions()) != len(self.levels):
            raise ParameterError("two levels differ in their Unicode form only, and count as one")

    @property
    def texts(self) -> bool:
        """Whether the levels are text; otherwise they are integers or booleans."""
        return isinstance(self.levels[0], str)

    def _positions(self) -> dict[Any, int]:
        """Level -> position: text by its normal form C, integers by their exact value."""
        keys = map(same_name, self.levels) if isinstance(next(iter(self.levels), None), str) else map(int, self.levels)
        return {key: position for position, key in enumerate(keys)}

    def level(self, value: object) -> Level:
        """The level that a value stands for; ParameterError."""
        position = self._position(self._positions(), value)
        if position < 0:
            raise ParameterError("the level for missing entries is not one of the levels")
        return self.levels[position]

    def _position(self, positions: dict[Any, int], cell: object) -> int:
        if self.texts:
            return positions.get(same_name(cell), -1) if isinstance(cell, str) else -1
        value = exact_number(cell)
        return -1 if value is None else positions.get(value, -1)

    @property
    def width(self) -> int:
        return 1 if len(self.levels) == 2 else len(self.levels)

    @property
    def size(self) -> int:
        return len(self.levels)

    @property
    def bounds(self) -> tuple[list[int], list[int]]:
        return [0] * self.width, [1] * self.width

    def coordinate_names(self, name: str) -> list[str]:
        return [f"{name}={level}" for level in self.levels[-self.width :]]

    @property
    def one_hot(self) -> bool:
        return self.width > 1

    @property
    def products(self) -> tuple[Products, ...]:
        return (Products.BIT,) * self.width

    @property
    def cell_type(self) -> type[float] | type[int] | type[bool] | type[str]:
        return str if self.texts else bool if isinstance(self.levels[0], bool) else int

    def as_decoded(self, values: AnyArray) -> AnyArray:
        missing = missing_mask(values)
        if self.texts:
            text: AnyArray = values.astype(object)
            text[missing] = math.nan
            return text
        numbers, levels = as_floats(values, missing), self.level_array()
        whole = levels.dtype.kind in "bi" and not missing.any() and np.isfinite(numbers).all()
        return numbers.astype(levels.dtype) if whole else numbers

    def stated(self, missing: Any) -> Level:
        return self.level(missing)

    def calls_a_level(self, word: object) -> bool:
        return isinstance(word, str) and word in self.levels

    def encode(self, values: AnyArray) -> Code:
        require_cells(values)
        return self.encoder([self])([values]).single

    @classmethod
    def encoder(cls, columns: Sequence[Self]) -> Encoder:
        return _Categories(columns)

    def _at(self, index: npt.NDArray[np.integer[Any]]) -> IntArray:
        """Codes int64 ``[m, width]`` of the levels at these positions."""
        if self.width == 1:
            return np.asarray(index, dtype=np.int64)[:, None]
        x = np.zeros((len(index), self.width), dtype=np.int64)
        x[np.arange(len(index)), index] = 1
        return x

    def decode(self, x: IntArray) -> AnyArray:
        if self.width > 1 and ((x.sum(axis=1) != 1).any() or (x < 0).any()):
            raise ParameterError("the bits of a category must be 0 or 1 and sum to 1")
        index = x[:, 0] if self.width == 1 else np.argmax(x, axis=1)
        return np.asarray(self.level_array()[index])

    def level_array(self) -> AnyArray:
        """The levels as an array: of booleans, of integers (objects where a double would not hold them), of objects."""
        if not self.texts and all(abs(level) <= _EXACT for level in self.levels):  # type: ignore[arg-type]
            return np.array(self.levels)
        values = np.empty(len(self.levels), dtype=object)
        values[:] = self.levels
        return values

    def probes(self) -> IntArray:
        if self.width == 1:
            return np.array([[0], [1]], dtype=np.int64)
        return np.eye(self.width, dtype=np.int64)

    def symbol(self, name: str) -> tuple[float, FloatArray, str]:
        if not self.texts:
            levels = np.array(self.levels, dtype=np.float64)
            return (0.0, levels, "identity") if self.width > 1 else (float(levels[0]), np.diff(levels), "identity")
        if self.width > 1:
            raise self._no_symbol(name, "a category of text")
        return 0.0, np.ones(1), "identity"

    def stated_weights(self, weight: Any, what: str) -> FloatArray:
        if weight == 0.0:
            return np.zeros(self.width)
        if not isinstance(weight, dict):
            if self.width != 1 or isinstance(weight, list):
                raise ParameterError(f"{what}: {self.noun} takes a mapping of level to number")
            return np.array([weight])
        levels = {same_name(level): position for position, level in enumerate(self.levels)}
        unknown = [key for key in weight if same_name(key) not in levels]
        if unknown:
            known = ", ".join(map(str, self.levels))
            raise ParameterError(f"{what} names level {unknown[0]!r}; the levels are {known}")
        values = np.zeros(len(self.levels))
        for key, value in by_same_name(weight, what).items():
            values[levels[key]] = value
        if self.width > 1:
            return values
        if values[0] != 0.0:
            first, second = self.levels
            raise ParameterError(
                f"{what}: of two levels give the second only, relative to the first. Here the first is {first!r}: move "
                f"what it has into the intercept and the weight of {second!r}, or state the levels in the other order "
                f"(levels=, --levels COLUMN={second},{first})"
            )
        return values[1:]

    def slopes(self, scores: FloatArray) -> FloatArray:
        differences = np.asarray((scores - scores[0]).T)
        return differences[:, -self.width :]

    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        values = weights if self.width > 1 else np.concatenate([weights * 0, weights], axis=1)
        return values.min(axis=1), values.max(axis=1)

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        return self._at(rng.integers(0, self.size, size=count))

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "levels": list(self.levels), **self._marks()}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Category:
        return cls(levels=tuple(entry["levels"]), **cls._marks_of(entry, number=False))

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> Category:
        levels = words["levels"]
        if not isinstance(levels, list):
            raise ParameterError("levels are a list, such as [a, b]")
        if any(isinstance(level, str) for level in levels) and not all(isinstance(level, str) for level in levels):
            raise ParameterError("levels are all text, or none is; a number in quotes is a text")
        if any(isinstance(level, float) for level in levels):
            raise ParameterError("a level that is a number is an integer in plain digits; in quotes it is a text")
        return super().from_words(words)

    @property
    def range_text(self) -> str:
        return printable(", ".join(str(level) for level in self.levels))

    def __str__(self) -> str:
        return f"category {self.range_text}"


class _Categories(Encoder):
    """Categories: a look-up for every cell, then the bits of all columns at once. Cost: O(cells + levels)."""

    def __init__(self, columns: Sequence[Category]) -> None:
        self._columns = columns
        self._positions = [column._positions() for column in columns]
        self._plain = [(str,) if column.texts else (int, float, bool) for column in columns]
        widths = np.array([column.width for column in columns])
        self._width, starts = int(widths.sum()), np.cumsum(widths) - widths
        self._hot = np.flatnonzero(widths > 1)
        self._hot_starts, self._single_starts = starts[self._hot][:, None], starts[widths == 1]
        self._single = np.flatnonzero(widths == 1)

    def __call__(self, values: Sequence[AnyArray]) -> Codes:
        index = np.array([self._index(place, one) for place, one in enumerate(values)], dtype=np.int64)
        lacking = index < 0
        refused, replaced = {"missing": lacking, "not a level": lacking}, lacking
        if lacking.any():
            absent = lacking & np.stack([missing_mask(one) for one in values])
            stated = np.array([column.missing is not None for column in self._columns])[:, None]
            refused = {"missing": absent & ~stated, "not a level": lacking & ~absent}
            replaced = absent & stated
            for place in np.flatnonzero(replaced.any(axis=1)).tolist():
                column = self._columns[place]
                index[place, replaced[place]] = column._position(self._positions[place], column.missing)
            index = np.maximum(index, 0)
        return Codes(self._bits(index), refused, np.zeros(index.shape, dtype=np.bool_), replaced)

    def _index(self, place: int, values: AnyArray) -> list[int]:
        """Position of each value among the levels, -1 where it is none of them, which no absent one is."""
        column, positions, plain_types = self._columns[place], self._positions[place], self._plain[place]
        cells = values.tolist()
        index = [positions.get(cell, -1) if type(cell) in plain_types else -1 for cell in cells]
        if -1 in index:  # not as the level is written, or none
            index = [column._position(positions, cell) if at < 0 else at for at, cell in zip(index, cells, strict=True)]
        return index

    def _bits(self, index: IntArray) -> IntArray:
        x = np.zeros((self._width, index.shape[1]), dtype=np.int64)
        x[self._single_starts] = index[self._single]
        x[self._hot_starts + index[self._hot], np.arange(index.shape[1])] = 1
        return x


def category(
    levels: Iterable[Level],
    *,
    missing: Level = "raise",
    public: bool = False,
    protected: bool = False,
) -> Column:
    """A column with one of ``levels``: all text, or all integers and booleans.

    ``missing`` names the level an absent entry takes; "raise" refuses it, and "bit" gives it a coordinate of its own
    (:class:`~pyfe.schema.Optional`), unless a level is called so. Three or more levels become that many bits, two
    become one. Text levels are compared in Unicode's normal form C, integers by their exact value.
    """
    column = Category(levels=tuple(items(levels, "levels")))
    return made(column, missing, public=public, protected=protected)
