"""The kinds of column: how raw values become integer coordinates, and what everybody knows about these."""

# ruff: noqa: D102  (the kinds of column override methods that are documented once, in Column)
from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import ParameterError
from pyfe.schema.cells import (
    MAX_TEXT,
    as_floats,
    exact_number,
    is_integer,
    is_number,
    is_text,
    missing_mask,
    not_above,
    plain,
    require_cells,
    same_name,
    shown,
)
from pyfe.text import printable

__all__ = [
    "MAX_COORDINATES",
    "TRANSFORMS",
    "Category",
    "Code",
    "Column",
    "Constant",
    "Level",
    "Number",
    "Optional",
    "Thresholds",
    "category",
    "checked_bits",
    "column_from_dict",
    "constant",
    "number",
    "optional",
    "thresholds",
    "with_missing",
]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
AnyArray: TypeAlias = npt.NDArray[Any]
Level: TypeAlias = str | int | bool

MAX_BITS = 32
"""Widest number column, in bits: a wider one would leave no room for weights below the 2^44 result limit."""

MAX_COORDINATES = 2**16
"""Most coordinates of a schema: a row of more is no patient, and a key for one takes minutes to make."""

MAX_OPTIONAL_STEPS = 2**16 - 1
"""Most steps of a number with an "is missing" bit: leakage accounting lists the codes of such a column."""

_EDGE = 1e-6
"""Steps by which a value may miss an end of its range before it counts as outside (rounding of log and sqrt)."""

_FINE = 16 * np.finfo(np.float64).eps
"""Least step over the largest value on the scale: seven units in the last place are lost between a code, its value
and back (one product, two sums, the transform), and half a step has to be left."""

_TINY = float(np.finfo(np.float64).tiny)
_HUGE = float(np.finfo(np.float64).max)
_EXACT = 2**53
"""Integers up to this size are doubles without loss."""

TRANSFORMS: dict[str, tuple[Callable[[AnyArray], AnyArray], Callable[[AnyArray], AnyArray]]] = {
    "identity": (lambda v: v, lambda v: v),
    "log": (np.log, np.exp),
    "sqrt": (np.sqrt, np.square),
}


@dataclass(frozen=True)
class Code:
    """One encoded column: coordinates, rows refused by reason, rows beyond an end of the range."""

    x: IntArray
    refused: dict[str, BoolArray]
    beyond: BoolArray
    unrounded: FloatArray | None = None

    @property
    def real(self) -> FloatArray:
        """The coordinates before rounding; those of bits need none."""
        return self.x.astype(np.float64) if self.unrounded is None else self.unrounded


@dataclass(frozen=True, kw_only=True)
class Column(ABC):
    """One column of the table, and the coordinates it becomes. Made by number(), category(), thresholds(), constant().

    ``missing`` is the value an absent entry takes (``None``: absent entries are refused, or have a bit of their own:
    :class:`Optional`). ``public`` marks a
    quasi-identifier an attacker is assumed to know; ``protected`` marks a column about which no combination of
    keys may say anything by itself.
    """

    missing: float | Level | None = None
    public: bool = False
    protected: bool = False

    def __post_init__(self) -> None:
        for one in fields(self):  # as they come back from bytes
            value = getattr(self, one.name)
            same = tuple(map(plain, value)) if isinstance(value, tuple) else plain(value)
            object.__setattr__(self, one.name, same)
        marks: tuple[object, ...] = (self.public, self.protected)
        if not all(isinstance(mark, bool) for mark in marks):
            raise ParameterError("public and protected are True or False")
        if self.public and self.protected:
            raise ParameterError("a column cannot be both public and protected")

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of coordinates."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of different codes the column can take."""

    @property
    @abstractmethod
    def bounds(self) -> tuple[list[int], list[int]]:
        """Lower and upper bound of each coordinate (both included)."""

    @abstractmethod
    def coordinate_names(self, name: str) -> list[str]:
        """Names of the coordinates when the column is called ``name``."""

    @abstractmethod
    def encode(self, values: AnyArray) -> Code:
        """Codes of raw values ``[batch]``; refuses nothing itself but marks what has to be refused."""

    @abstractmethod
    def decode(self, x: IntArray) -> AnyArray:
        """Raw values ``[batch]`` of codes ``[batch, width]``; ParameterError for a code that cannot occur."""

    def require_codes_come_back(self) -> None:
        """ParameterError unless ``encode(decode(x)) = x`` for every code and the column can travel; for Schema."""
        return

    @abstractmethod
    def probes(self) -> IntArray:
        """Codes ``[m, width]`` whose scores determine every slope of an affine function of this column."""

    @abstractmethod
    def slopes(self, scores: FloatArray) -> FloatArray:
        """Slopes ``[k, width]`` per coordinate from scores ``[m, k]`` at :meth:`probes`."""

    @abstractmethod
    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Least and greatest value of ``weights @ code`` over all codes; weights ``[k, width]``, exact for integers."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        """Random codes ``[count, width]``, uniform over all codes, or over the extreme ones with ``ends``."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; floats as ``float.hex`` texts."""

    def relations(self) -> IntArray:
        """Rows ``[m, width]`` whose value everybody knows."""
        return np.zeros((0, self.width), dtype=np.int64)

    def affine(self) -> tuple[FloatArray, FloatArray]:
        """``(offset, step)`` per coordinate: the transformed value is ``offset + step * q``."""
        return np.zeros(self.width), np.ones(self.width)

    def codes(self) -> IntArray:
        """All codes ``[size, width]``, in order; for enumeration of small columns."""
        return self.probes()

    @property
    def range_text(self) -> str:
        """The values that fit, for messages."""
        return str(self)

    def fill(self, values: AnyArray) -> AnyArray:
        """``values`` with absent entries replaced by the stated missing value, if there is one."""
        require_cells(values)
        missing = missing_mask(values)
        if self.missing is None or not missing.any():
            return values
        filled: AnyArray = values.astype(object)
        filled[missing] = self.missing
        return filled

    def _marks(self) -> dict[str, Any]:
        missing = self.missing.hex() if isinstance(self.missing, float) else self.missing
        return {"missing": missing, "public": self.public, "protected": self.protected}


@dataclass(frozen=True, kw_only=True)
class Number(Column):
    """A real interval ``[lo, hi]`` cut into ``steps`` equal steps on the scale of ``transform``."""

    lo: float
    hi: float
    steps: int
    transform: str = "identity"

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_range(self.lo, self.hi, self.transform)
        if not (is_integer(self.steps) and 1 <= self.steps < 2**MAX_BITS):
            raise ParameterError(f"a number needs 1 to 2^{MAX_BITS} - 1 steps, not {shown(self.steps)}")
        if self.missing is not None and not self.lo <= _real(self.missing, "the value for missing entries") <= self.hi:
            raise ParameterError(f"the value for missing entries lies outside the range {self.lo:g} to {self.hi:g}")

    def require_codes_come_back(self) -> None:
        # a step must not vanish beside the values it is added to
        low, high = _transformed(self.lo, self.hi, self.transform)
        step = (high - low) / self.steps
        step = step if math.isfinite(step) else math.inf
        # exp rounds to one part in 2^52, which is an absolute error on the scale of its logarithm
        largest = max(abs(low), abs(high)) + (1.0 if self.transform == "log" else 0.0)
        if not math.isfinite(step):
            raise ParameterError(f"the range {self.lo:g} to {self.hi:g} is wider than the largest double")
        smallest = {"identity": step, "log": self.lo, "sqrt": max(self.lo, step * step)}[self.transform]
        if step < _FINE * largest or smallest < _TINY:
            raise ParameterError(
                f"{self.steps} steps from {self.lo!r} to {self.hi!r} lie closer together than doubles of that size can "
                "tell apart; measure from a nearer origin, or take fewer steps"
            )

    @property
    def width(self) -> int:
        return 1

    @property
    def size(self) -> int:
        return self.steps + 1

    @property
    def bounds(self) -> tuple[list[int], list[int]]:
        return [0], [self.steps]

    @property
    def range_text(self) -> str:
        return f"{self.lo:g} to {self.hi:g}"

    def coordinate_names(self, name: str) -> list[str]:
        return [name]

    def affine(self) -> tuple[FloatArray, FloatArray]:
        forward = TRANSFORMS[self.transform][0]
        low, high = (float(v) for v in forward(np.array([self.lo, self.hi], dtype=np.float64)))
        return np.array([low]), np.array([(high - low) / self.steps])

    def encode(self, values: AnyArray) -> Code:
        values = self.fill(values)
        missing = missing_mask(values)
        raw = as_floats(values, missing)
        not_a_number = np.isnan(raw) & ~missing
        offset, step = self.affine()
        forward = TRANSFORMS[self.transform][0]
        with np.errstate(divide="ignore", invalid="ignore"):
            real = (forward(raw) - offset[0]) / step[0]
        # below the domain of log or sqrt is below the range, and NaN must not be cast to an integer
        real = np.where(np.isnan(real) & ~np.isnan(raw), -np.inf, real)
        beyond = (real < -_EDGE) | (real > self.steps + _EDGE)
        x = np.rint(np.clip(np.nan_to_num(real, nan=0.0), 0, self.steps)).astype(np.int64)
        refused = {"missing": missing, "not a number": not_a_number}
        return Code(x[:, None], refused, np.asarray(beyond, dtype=np.bool_), real[:, None])

    def decode(self, x: IntArray) -> AnyArray:
        offset, step = self.affine()
        values = TRANSFORMS[self.transform][1](offset[0] + step[0] * x[:, 0].astype(np.float64))
        return np.asarray(np.clip(values, self.lo, self.hi))

    def probes(self) -> IntArray:
        return np.array([[0], [self.steps]], dtype=np.int64)

    def codes(self) -> IntArray:
        return np.arange(self.size, dtype=np.int64)[:, None]

    def slopes(self, scores: FloatArray) -> FloatArray:
        return np.asarray((scores[1] - scores[0])[:, None] / self.steps)

    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        top = weights[:, 0] * self.steps
        zero = top * 0
        return np.minimum(top, zero), np.maximum(top, zero)

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        if ends:
            return self.steps * rng.integers(0, 2, size=(count, 1), dtype=np.int64)
        return rng.integers(0, self.steps + 1, size=(count, 1), dtype=np.int64)

    def to_dict(self) -> dict[str, Any]:
        ends = {"lo": float(self.lo).hex(), "hi": float(self.hi).hex()}
        return {"kind": "number", **ends, "steps": self.steps, "transform": self.transform, **self._marks()}

    def __str__(self) -> str:
        scale = "" if self.transform == "identity" else f" on the {self.transform} scale"
        return f"number {self.range_text} in {self.steps} steps{scale}"


@dataclass(frozen=True, kw_only=True)
class Category(Column):
    """One of several levels. Three or more: one bit a level, summing to 1. Two: one bit, 1 = the second level."""

    levels: tuple[Level, ...]

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
            raise ParameterError(f"a level is text of at most {MAX_TEXT} characters, without NUL and lone surrogates")
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

    def relations(self) -> IntArray:
        return np.ones((1 if self.width > 1 else 0, self.width), dtype=np.int64)

    def _index(self, values: AnyArray, missing: BoolArray) -> IntArray:
        """Position of each value among the levels, -1 where it is none of them. Cost: O(rows + levels)."""
        index = np.full(values.shape, -1, dtype=np.int64)
        positions, present = self._positions(), values[~missing].tolist()
        index[~missing] = [self._position(positions, cell) for cell in present]
        return index

    def encode(self, values: AnyArray) -> Code:
        values = self.fill(values)
        missing = missing_mask(values)
        index = self._index(values, missing)
        x = self._at(np.maximum(index, 0))
        refused = {"missing": missing, "not a level": (index < 0) & ~missing}
        return Code(x, refused, np.zeros(len(values), dtype=np.bool_))

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

    def slopes(self, scores: FloatArray) -> FloatArray:
        differences = np.asarray((scores - scores[0]).T)
        return differences[:, -self.width :]

    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        values = weights if self.width > 1 else np.concatenate([weights * 0, weights], axis=1)
        return values.min(axis=1), values.max(axis=1)

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        return self._at(rng.integers(0, self.size, size=count))

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "category", "levels": list(self.levels), **self._marks()}

    def __str__(self) -> str:
        return printable("category " + ", ".join(str(level) for level in self.levels))


@dataclass(frozen=True, kw_only=True)
class Thresholds(Column):
    """A number known only by which of the ascending ``cuts`` it reaches: bit j is ``value >= cuts[j]``."""

    cuts: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.cuts, tuple):
            raise ParameterError(f"cuts are a tuple, not {type(self.cuts).__name__}")
        if len(self.cuts) > MAX_COORDINATES:
            raise ParameterError(f"thresholds have at most {MAX_COORDINATES} cuts, not {len(self.cuts)}")
        cuts = [_real(cut, "a cut") for cut in self.cuts]
        ascending = all(a < b for a, b in pairwise(cuts))
        if not cuts or not ascending or not all(math.isfinite(cut) for cut in cuts):
            raise ParameterError("thresholds need one or more finite, strictly ascending cuts")
        if self.missing is not None and not math.isfinite(_real(self.missing, "the value for missing entries")):
            raise ParameterError("the value for missing entries must be finite")

    @property
    def width(self) -> int:
        return len(self.cuts)

    @property
    def size(self) -> int:
        return len(self.cuts) + 1

    @property
    def bounds(self) -> tuple[list[int], list[int]]:
        return [0] * self.width, [1] * self.width

    def coordinate_names(self, name: str) -> list[str]:
        return [f"{name}>={cut!r}" for cut in self.cuts]

    def encode(self, values: AnyArray) -> Code:
        values = self.fill(values)
        missing = missing_mask(values)
        raw = not_above(values, as_floats(values, missing))
        x = (raw[:, None] >= np.array(self.cuts)).astype(np.int64)
        refused = {"missing": missing, "not a number": np.isnan(raw) & ~missing}
        return Code(x, refused, np.zeros(len(values), dtype=np.bool_))

    def require_codes_come_back(self) -> None:
        if self.cuts[0] == -_HUGE:
            raise ParameterError("no double lies below the first cut")

    def decode(self, x: IntArray) -> AnyArray:
        if (np.diff(x, axis=1) > 0).any():
            raise ParameterError("a threshold is reached although an earlier one is not")
        return np.asarray(self._between()[x.sum(axis=1)])

    def _between(self) -> FloatArray:
        """One finite value for every code: below the first cut, between two, above the last."""
        cuts = np.array(self.cuts, dtype=np.float64)
        with np.errstate(over="ignore"):
            gaps = np.diff(cuts) if len(cuts) > 1 else np.array([max(1.0, abs(cuts[0]))])
            middle = np.concatenate([[cuts[0] - gaps[0] / 2], (cuts[:-1] + cuts[1:]) / 2, [cuts[-1] + gaps[-1] / 2]])
        middle[:-1] = np.minimum(middle[:-1], np.nextafter(cuts, -np.inf))  # cuts that are neighbours or far out
        return np.asarray(np.clip(np.maximum(middle, np.append(-_HUGE, cuts)), -_HUGE, _HUGE))

    def probes(self) -> IntArray:
        return np.tri(self.size, self.width, -1, dtype=np.int64)

    def slopes(self, scores: FloatArray) -> FloatArray:
        return np.asarray(np.diff(scores, axis=0).T)

    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        reached = np.concatenate([weights[:, :1] * 0, np.cumsum(weights, axis=1)], axis=1)
        return reached.min(axis=1), reached.max(axis=1)

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        reached = rng.integers(0, self.size, size=count)
        return (np.arange(self.width) < reached[:, None]).astype(np.int64)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "thresholds", "cuts": [float(cut).hex() for cut in self.cuts], **self._marks()}

    def __str__(self) -> str:
        return "thresholds " + ", ".join(f"{cut:g}" for cut in self.cuts)


@dataclass(frozen=True, kw_only=True)
class Constant(Column):
    """A coordinate that is ``value`` for every patient; it has no column in the table."""

    value: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (is_integer(self.value) and 0 < abs(self.value) < 2**MAX_BITS):
            raise ParameterError(
                f"a constant is a non-zero integer below 2^{MAX_BITS} in size, not {shown(self.value)}"
            )
        if self.missing is not None:
            raise ParameterError("a constant is never missing")

    @property
    def width(self) -> int:
        return 1

    @property
    def size(self) -> int:
        return 1

    @property
    def bounds(self) -> tuple[list[int], list[int]]:
        return [self.value], [self.value]

    def coordinate_names(self, name: str) -> list[str]:
        return [name]

    def relations(self) -> IntArray:
        return np.ones((1, 1), dtype=np.int64)

    def encode(self, values: AnyArray) -> Code:
        x = np.full((len(values), 1), self.value, dtype=np.int64)
        return Code(x, {}, np.zeros(len(values), dtype=np.bool_))

    def decode(self, x: IntArray) -> AnyArray:
        return x[:, 0].astype(np.float64)

    def probes(self) -> IntArray:
        return np.array([[self.value]], dtype=np.int64)

    def slopes(self, scores: FloatArray) -> FloatArray:
        return np.zeros((scores.shape[1], 1))

    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        return weights[:, 0] * self.value, weights[:, 0] * self.value

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        return np.full((count, 1), self.value, dtype=np.int64)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "constant", "value": self.value, **self._marks()}

    def __str__(self) -> str:
        return f"constant {self.value}"


@dataclass(frozen=True, kw_only=True)
class Optional(Column):
    """A column whose entries may be absent: the coordinates of ``column``, then one bit that says "is missing".

    Where the entry is absent the bit is 1 and the coordinates of the value are all 0; where it is there, the bit is 0.
    So a model may do for an absent entry what it likes: its weight of the bit says by how much an absent entry differs
    from a value with code 0 (the lower end of a number, the first of two levels, below every cut). The levels of a
    category of three or more and the bit sum to 1. An absent entry decodes to NaN. Made by ``missing="bit"``.
    """

    column: Column

    def __post_init__(self) -> None:
        super().__post_init__()
        inner = self.column
        if (
            not isinstance(inner, Number | Category | Thresholds)
            or inner.missing is not None
            or self.missing is not None
        ):
            raise ParameterError(
                'missing="bit" goes with a number, category or thresholds without another missing value'
            )
        if isinstance(inner, Number) and inner.steps > MAX_OPTIONAL_STEPS:
            raise ParameterError(
                f'a number with missing="bit" has at most {MAX_OPTIONAL_STEPS} steps, not {inner.steps}'
            )
        if inner.public or inner.protected:
            raise ParameterError("the marks public and protected belong to the whole column")

    @property
    def width(self) -> int:
        return self.column.width + 1

    @property
    def size(self) -> int:
        return self.column.size + 1

    @property
    def bounds(self) -> tuple[list[int], list[int]]:
        low, high = self.column.bounds
        return [*low, 0], [*high, 1]

    @property
    def range_text(self) -> str:
        return self.column.range_text

    def coordinate_names(self, name: str) -> list[str]:
        return [*self.column.coordinate_names(name), f"{name} is missing"]

    def affine(self) -> tuple[FloatArray, FloatArray]:
        offset, step = self.column.affine()
        return np.append(offset, 0.0), np.append(step, 1.0)

    def relations(self) -> IntArray:
        rows = self.column.relations()
        return np.concatenate([rows, np.ones((len(rows), 1), dtype=np.int64)], axis=1)

    def encode(self, values: AnyArray) -> Code:
        require_cells(values)
        missing = missing_mask(values)
        code = self.column.encode(values)
        x = np.where(missing[:, None], 0, code.x)
        real = np.where(missing[:, None], 0.0, code.real)
        refused = {reason: mask for reason, mask in code.refused.items() if reason != "missing"}
        bit = missing[:, None]
        return Code(np.concatenate([x, bit], axis=1), refused, code.beyond, np.concatenate([real, bit], axis=1))

    def decode(self, x: IntArray) -> AnyArray:
        missing = x[:, -1] == 1
        if x[missing, :-1].any():
            raise ParameterError("an entry that is missing has a value besides")
        values = self.column.decode(np.where(missing[:, None], self.column.probes()[:1], x[:, :-1]))
        decoded: AnyArray = values.astype(object if values.dtype.kind == "O" else np.float64)
        decoded[missing] = math.nan
        return decoded

    def require_codes_come_back(self) -> None:
        self.column.require_codes_come_back()

    def _with_bit(self, codes: IntArray) -> IntArray:
        """Codes of the value, then the one code of an absent entry."""
        present = np.concatenate([codes, np.zeros((len(codes), 1), dtype=np.int64)], axis=1)
        return np.concatenate([present, np.eye(1, self.width, self.width - 1, dtype=np.int64)])

    def probes(self) -> IntArray:
        return self._with_bit(self.column.probes())

    def codes(self) -> IntArray:
        return self._with_bit(self.column.codes())

    def slopes(self, scores: FloatArray) -> FloatArray:
        bit = np.asarray(scores[-1] - scores[0])[:, None]
        return np.concatenate([self.column.slopes(scores[:-1]), bit], axis=1)

    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        low, high = self.column.extent(weights[:, :-1])
        return np.minimum(low, weights[:, -1]), np.maximum(high, weights[:, -1])

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        x = np.concatenate([self.column.sample(rng, count, ends=ends), np.zeros((count, 1), dtype=np.int64)], axis=1)
        x[rng.integers(0, len(self.probes()) if ends else self.size, size=count) == 0] = self.probes()[-1]
        return x

    def to_dict(self) -> dict[str, Any]:
        return {**self.column.to_dict(), **self._marks(), "missing_bit": True}

    def __str__(self) -> str:
        return f"{self.column}, or missing"


# ---------------------------------------------------------------------------------------------------------------
# Makers


def number(
    lo: float,
    hi: float,
    *,
    bits: int | None = None,
    step: float | None = None,
    transform: str = "identity",
    missing: float | Literal["raise", "bit"] = "raise",
    public: bool = False,
    protected: bool = False,
) -> Column:
    """A number column over ``[lo, hi]``, cut into ``2**bits - 1`` steps (default 8 bits) or into steps of ``step``.

    ``step`` is measured on the transformed scale and must divide the range. ``lo`` and ``hi`` are raw values.
    ``missing`` is the value of an absent entry, or "bit" (:class:`Optional`: a coordinate of its own), or "raise".
    Returns a :class:`Number`, with ``missing="bit"`` an :class:`Optional`. Raises ParameterError for an empty range,
    both ``bits`` and ``step``, a transform undefined on the range, or steps that doubles cannot tell apart.
    """
    if bits is not None and step is not None:
        raise ParameterError("give bits or step, not both")
    low, high = _real(lo, "the lower end"), _real(hi, "the upper end")
    _require_range(low, high, transform)
    steps = 2 ** checked_bits(8 if bits is None else bits) - 1
    if step is not None:
        steps = _whole_steps(low, high, _real(step, "the step"), transform)
    return _made(Number(lo=low, hi=high, steps=steps, transform=transform), missing, public=public, protected=protected)


def category(
    levels: Iterable[Level],
    *,
    missing: Level = "raise",
    public: bool = False,
    protected: bool = False,
) -> Column:
    """A column with one of ``levels``: all text, or all integers and booleans.

    ``missing`` names the level an absent entry takes; "raise" refuses it, and "bit" gives it a coordinate of its own
    (:class:`Optional`), unless a level is called so. Three or more levels become that many bits, two become one.
    Text levels are compared in Unicode's normal form C, integers by their exact value.
    """
    column = Category(levels=tuple(_items(levels, "levels")))
    return _made(column, missing, public=public, protected=protected)


def thresholds(
    cuts: Iterable[float],
    *,
    missing: float | Literal["raise", "bit"] = "raise",
    public: bool = False,
    protected: bool = False,
) -> Column:
    """A number column known only by the bits ``value >= cut`` for ascending ``cuts``; ``missing`` as for number."""
    column = Thresholds(cuts=tuple(_real(cut, "a cut") for cut in _items(cuts, "cuts")))
    return _made(column, missing, public=public, protected=protected)


def constant(value: int = 1) -> Constant:
    """A coordinate that equals ``value`` for every patient. Intercepts need none: they are added after decryption."""
    if not (is_number(value) and value == value and abs(value) < 2**MAX_BITS and int(value) == value):
        raise ParameterError(f"a constant is a non-zero integer below 2^{MAX_BITS} in size, not {shown(value)}")
    return Constant(value=int(value))


def optional(column: Column) -> Optional:
    """The column with a bit for absent entries; its marks stay, a value it states for them does not. ParameterError."""
    if isinstance(column, Optional):
        return column
    bare = replace(column, missing=None, public=False, protected=False)
    return Optional(column=bare, public=column.public, protected=column.protected)


def with_missing(column: Column, missing: Any) -> Column:
    """The column with what ``missing`` says of absent entries: a value, "raise" or "bit". ParameterError."""
    missing = plain(missing)
    a_level = isinstance(column, Category) and isinstance(missing, str) and missing in column.levels
    if isinstance(missing, str) and missing == "bit" and not a_level:
        return optional(column)
    inner = column.column if isinstance(column, Optional) else column
    if isinstance(column, Optional):
        inner = replace(inner, public=column.public, protected=column.protected)
    if (isinstance(missing, str) and missing == "raise" and not a_level) or missing is None:
        return replace(inner, missing=None)
    if isinstance(inner, Number | Thresholds):
        return replace(inner, missing=_real(missing, "the value for missing entries"))
    return replace(inner, missing=inner.level(missing) if isinstance(inner, Category) else missing)


def _made(column: Column, missing: Any, **marks: bool) -> Column:
    return with_missing(replace(column, **marks), missing)


def checked_bits(bits: Any) -> int:
    """``bits`` if it is a resolution that a number can have; ParameterError."""
    if not (is_integer(bits) and 1 <= bits <= MAX_BITS):
        raise ParameterError(f"bits must be an integer from 1 to {MAX_BITS}, not {shown(bits)}")
    return int(bits)


def _real(value: Any, what: str) -> float:
    """A number that a caller gave, as a float. ParameterError for anything else."""
    if not is_number(value) and not isinstance(value, Decimal | Fraction):
        raise ParameterError(f"{what} is a number, not {type(value).__name__}")
    try:
        return float(value)
    except (OverflowError, ValueError) as error:
        raise ParameterError(f"{what} is beyond the doubles") from error


def _items(values: Any, what: str) -> list[Any]:
    if not isinstance(values, bytes | Mapping):
        try:
            return list(values)
        except TypeError:  # nothing to go through, or an array without dimensions
            pass
    raise ParameterError(f"{what} are a list, not {type(values).__name__}")


def _require_range(lo: Any, hi: Any, transform: Any) -> None:
    if not isinstance(transform, str) or transform not in TRANSFORMS:
        raise ParameterError(f"transform {shown(transform)} is not one of {', '.join(TRANSFORMS)}")
    low, high = _real(lo, "the lower end"), _real(hi, "the upper end")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ParameterError(f"a range needs finite lo < hi, not ({low}, {high})")
    if (transform == "log" and low <= 0) or (transform == "sqrt" and low < 0):
        raise ParameterError(f"transform {transform} does not exist at the lower end {low}")


def _transformed(lo: float, hi: float, transform: str) -> tuple[float, float]:
    scales: dict[str, Callable[[float], float]] = {"identity": float, "log": math.log, "sqrt": math.sqrt}
    return scales[transform](lo), scales[transform](hi)


def _whole_steps(lo: float, hi: float, step: float, transform: str) -> int:
    low, high = _transformed(lo, hi, transform)
    count = (high - low) / step if step > 0 else math.nan
    if not math.isfinite(count) or abs(count - round(count)) > 1e-6 or round(count) < 1:
        raise ParameterError(f"step {step} does not divide the range {lo:g} to {hi:g} ({transform} scale)")
    return round(count)


def column_from_dict(entry: Mapping[str, Any]) -> Column:
    """The inverse of ``to_dict``; raises what reading plain types raises (Schema.from_dict names it)."""
    marks: dict[str, Any] = {key: entry[key] for key in ("missing", "public", "protected")}
    if "missing_bit" in entry:
        rest = {key: value for key, value in entry.items() if key != "missing_bit"}
        inner = column_from_dict({**rest, "missing": None, "public": False, "protected": False})
        return Optional(column=inner, **marks)
    kind = entry["kind"]
    if kind == "category":
        return Category(levels=tuple(entry["levels"]), **marks)
    if kind == "constant":
        return Constant(value=entry["value"], **marks)
    if marks["missing"] is not None:
        marks["missing"] = float.fromhex(marks["missing"])
    if kind == "thresholds":
        return Thresholds(cuts=tuple(float.fromhex(cut) for cut in entry["cuts"]), **marks)
    if kind != "number":
        raise ValueError(f"unknown kind of column {shown(kind)}")
    lo, hi = float.fromhex(entry["lo"]), float.fromhex(entry["hi"])
    return Number(lo=lo, hi=hi, steps=entry["steps"], transform=entry["transform"], **marks)
