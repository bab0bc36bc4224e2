"""Columns of real data -> bounded integer coordinates: the only place that knows scales.

A schema is an agreement that holds no rows. It is made from clinical ranges (:meth:`Schema.from_ranges`) or
proposed from a training set (:meth:`Schema.fit`), travels inside the public key, and turns a table into the
``int64[batch, n]`` matrix that is encrypted. Four kinds of column exist:

===============  ===========================  ============================================================
made by          coordinates                  what everybody knows about them
===============  ===========================  ============================================================
``number``       1: ``q`` in ``0..steps``     ``T(value) = T(lo) + q * step``, T = identity, log or sqrt
``category``     L >= 3 levels: L bits        the bits sum to 1 (a declared linear relation)
``category``     2 levels: 1 bit              1 means the second level
``thresholds``   J bits ``value >= t_j``      a later bit implies the earlier ones
``constant``     1: a fixed integer           its value (a declared linear relation)
===============  ===========================  ============================================================

A value outside its column's range is refused before any work is done, never wrapped, and never clipped unless
the caller says ``on_overflow="clip"`` (then the count per column is returned).
"""

# ruff: noqa: D102  (the kinds of column override methods that are documented once, in Column)
from __future__ import annotations

import hashlib
import json
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe._travel import Copied, Travels
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError

__all__ = [
    "Category",
    "Column",
    "Constant",
    "Encoded",
    "Number",
    "Schema",
    "Thresholds",
    "category",
    "constant",
    "number",
    "thresholds",
]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
AnyArray: TypeAlias = npt.NDArray[Any]
Level: TypeAlias = str | int | bool
Overflow: TypeAlias = Literal["raise", "clip"]

MAX_BITS = 32
"""Widest number column, in bits: a wider one would leave no room for weights below the 2^44 result limit."""

MAX_NAME = 500
"""Longest column name, in characters."""

_EDGE = 1e-6
"""Steps by which a value may miss an end of its range before it counts as outside (rounding of log and sqrt)."""

_ROWS_LISTED = 8
_COLUMNS_LISTED = 10

TRANSFORMS: dict[str, tuple[Callable[[AnyArray], AnyArray], Callable[[AnyArray], AnyArray]]] = {
    "identity": (lambda v: v, lambda v: v),
    "log": (np.log, np.exp),
    "sqrt": (np.sqrt, np.square),
}


# ---------------------------------------------------------------------------------------------------------------
# Reading raw values


def _is_missing_object(value: object) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return bool(value != value) or value == ""


_missing_objects = np.frompyfunc(_is_missing_object, 1, 1)


def _missing_mask(values: AnyArray) -> BoolArray:
    """Which entries are absent: NaN, None, pandas NA, or the empty text a CSV file leaves."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values), dtype=np.bool_)
    if values.dtype.kind == "O":
        return np.asarray(_missing_objects(values), dtype=np.bool_)
    if values.dtype.kind in "US":
        return np.asarray(values == values.dtype.type(), dtype=np.bool_)
    return np.zeros(values.shape, dtype=np.bool_)


def _parse_float(text: object) -> float:
    try:
        return float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan


def _as_floats(values: AnyArray, missing: BoolArray) -> FloatArray:
    """Numbers of a column; NaN where an entry is missing or is no number."""
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    if values.dtype.kind not in "OUS":
        raise ParameterError(f"a column of dtype {values.dtype} holds neither numbers nor text")
    result = np.full(values.shape, np.nan)
    present = values[~missing]
    try:
        result[~missing] = present.astype(np.float64)
    except (TypeError, ValueError):
        distinct, inverse = np.unique(present.astype(str), return_inverse=True)
        result[~missing] = np.array([_parse_float(text) for text in distinct])[inverse]
    return result


def _plain(value: object) -> Any:
    """A numpy scalar as the Python value it stands for."""
    return value.item() if isinstance(value, np.generic) else value


@dataclass(frozen=True)
class _Code:
    """One encoded column: coordinates, rows refused by reason, rows beyond an end of the range."""

    x: IntArray
    real: FloatArray
    refused: dict[str, BoolArray]
    beyond: BoolArray


# ---------------------------------------------------------------------------------------------------------------
# Column kinds


@dataclass(frozen=True, kw_only=True)
class Column(ABC):
    """One column of the table, and the coordinates it becomes. Made by number(), category(), thresholds(), constant().

    ``missing`` is the value an absent entry takes (``None``: absent entries are refused). ``public`` marks a
    quasi-identifier an attacker is assumed to know; ``protected`` marks a column about which no combination of
    keys may say anything by itself.
    """

    missing: float | Level | None = None
    public: bool = False
    protected: bool = False

    def __post_init__(self) -> None:
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
    def encode(self, values: AnyArray) -> _Code:
        """Codes of raw values ``[batch]``; refuses nothing itself but marks what has to be refused."""

    @abstractmethod
    def decode(self, x: IntArray) -> AnyArray:
        """Raw values ``[batch]`` of codes ``[batch, width]``; ParameterError for a code that cannot occur."""

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
        missing = _missing_mask(values)
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
        if self.transform not in TRANSFORMS:
            raise ParameterError(f"transform {self.transform!r} is not one of {', '.join(TRANSFORMS)}")
        if not (math.isfinite(self.lo) and math.isfinite(self.hi) and self.lo < self.hi):
            raise ParameterError(f"a range needs finite lo < hi, not ({self.lo}, {self.hi})")
        if (self.transform == "log" and self.lo <= 0) or (self.transform == "sqrt" and self.lo < 0):
            raise ParameterError(f"transform {self.transform} does not exist at the lower end {self.lo}")
        if not (_is_integer(self.steps) and 1 <= self.steps < 2**MAX_BITS):
            raise ParameterError(f"a number needs 1 to 2^{MAX_BITS} - 1 steps, not {self.steps}")
        if self.missing is not None and not self.lo <= float(self.missing) <= self.hi:
            raise ParameterError(f"the value for missing entries lies outside the range {self.lo:g} to {self.hi:g}")

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

    def encode(self, values: AnyArray) -> _Code:
        values = self.fill(values)
        missing = _missing_mask(values)
        raw = _as_floats(values, missing)
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
        return _Code(x[:, None], real[:, None], refused, np.asarray(beyond, dtype=np.bool_))

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
        texts = [isinstance(level, str) for level in self.levels]
        if len(self.levels) < 2 or len(set(self.levels)) != len(self.levels):
            raise ParameterError("a category needs at least two different levels (True and 1 count as one level)")
        if any(texts) != all(texts) or not all(isinstance(level, str | int) for level in self.levels):
            raise ParameterError("levels are all text, or all integers or booleans")
        if "" in self.levels:
            raise ParameterError('"" stands for a missing entry and cannot be a level')
        if self.missing is not None and self.missing not in self.levels:
            raise ParameterError("the level for missing entries is not one of the levels")

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
        """Position of each value among the levels, -1 where it is none of them."""
        index = np.full(values.shape, -1, dtype=np.int64)
        text = isinstance(self.levels[0], str)
        comparable = values if text else _as_floats(values, missing)
        if text and values.dtype.kind not in "OUS":
            return index
        for position, level in enumerate(self.levels):
            index[np.asarray(comparable == level, dtype=np.bool_) & ~missing] = position
        return index

    def encode(self, values: AnyArray) -> _Code:
        values = self.fill(values)
        missing = _missing_mask(values)
        index = self._index(values, missing)
        x = self._bits(np.maximum(index, 0))
        refused = {"missing": missing, "not a level": (index < 0) & ~missing}
        return _Code(x, x.astype(np.float64), refused, np.zeros(len(values), dtype=np.bool_))

    def _bits(self, index: IntArray) -> IntArray:
        """The codes ``[batch, width]`` of positions among the levels."""
        if self.width == 1:
            return index[:, None].astype(np.int64)
        bits = np.zeros((len(index), self.width), dtype=np.int64)
        bits[np.arange(len(index)), index] = 1
        return bits

    def decode(self, x: IntArray) -> AnyArray:
        if self.width > 1 and ((x.sum(axis=1) != 1).any() or (x < 0).any()):
            raise ParameterError("the bits of a category must be 0 or 1 and sum to 1")
        index = x[:, 0] if self.width == 1 else np.argmax(x, axis=1)
        values = np.empty(len(self.levels), dtype=object)
        values[:] = self.levels
        return np.asarray((values if isinstance(self.levels[0], str) else np.array(self.levels))[index])

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
        return self._bits(rng.integers(0, self.size, size=count))

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "category", "levels": list(self.levels), **self._marks()}

    def __str__(self) -> str:
        return "category " + ", ".join(str(level) for level in self.levels)


@dataclass(frozen=True, kw_only=True)
class Thresholds(Column):
    """A number known only by which of the ascending ``cuts`` it reaches: bit j is ``value >= cuts[j]``."""

    cuts: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        ascending = all(a < b for a, b in zip(self.cuts, self.cuts[1:], strict=False))
        if not self.cuts or not ascending or not all(math.isfinite(cut) for cut in self.cuts):
            raise ParameterError("thresholds need one or more finite, strictly ascending cuts")
        if self.missing is not None and not math.isfinite(float(self.missing)):
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

    def encode(self, values: AnyArray) -> _Code:
        values = self.fill(values)
        missing = _missing_mask(values)
        raw = _as_floats(values, missing)
        x = (raw[:, None] >= np.array(self.cuts)).astype(np.int64)
        refused = {"missing": missing, "not a number": np.isnan(raw) & ~missing}
        return _Code(x, x.astype(np.float64), refused, np.zeros(len(values), dtype=np.bool_))

    def decode(self, x: IntArray) -> AnyArray:
        if (np.diff(x, axis=1) > 0).any():
            raise ParameterError("a threshold is reached although an earlier one is not")
        cuts = np.array(self.cuts)
        gaps = np.diff(cuts) if len(cuts) > 1 else np.array([max(1.0, abs(cuts[0]))])
        middle = np.concatenate([[cuts[0] - gaps[0] / 2], (cuts[:-1] + cuts[1:]) / 2, [cuts[-1] + gaps[-1] / 2]])
        return np.asarray(middle[x.sum(axis=1)])

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
        if not (_is_integer(self.value) and 0 < abs(self.value) < 2**MAX_BITS):
            raise ParameterError(f"a constant is a non-zero integer below 2^{MAX_BITS} in size")

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

    def encode(self, values: AnyArray) -> _Code:
        x = np.full((len(values), 1), self.value, dtype=np.int64)
        return _Code(x, x.astype(np.float64), {}, np.zeros(len(values), dtype=np.bool_))

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


# ---------------------------------------------------------------------------------------------------------------
# Makers


def _missing_value(missing: object) -> Any:
    return None if missing == "raise" else _plain(missing)


def number(
    lo: float,
    hi: float,
    *,
    bits: int | None = None,
    step: float | None = None,
    transform: str = "identity",
    missing: float | Literal["raise"] = "raise",
    public: bool = False,
    protected: bool = False,
) -> Number:
    """A number column over ``[lo, hi]``, cut into ``2**bits - 1`` steps (default 8 bits) or into steps of ``step``.

    ``step`` is measured on the transformed scale and must divide the range. ``lo`` and ``hi`` are raw values.
    Raises ParameterError for an empty range, both ``bits`` and ``step``, or a transform undefined on the range.
    """
    if bits is not None and step is not None:
        raise ParameterError("give bits or step, not both")
    if not (math.isfinite(lo) and math.isfinite(hi) and lo < hi):
        raise ParameterError(f"a range needs finite lo < hi, not ({lo}, {hi})")
    steps = 2 ** _checked_bits(8 if bits is None else bits) - 1
    if step is not None:
        steps = _whole_steps(lo, hi, step, transform)
    value = _missing_value(missing)
    value = None if value is None else float(value)
    marks: dict[str, Any] = {"missing": value, "public": public, "protected": protected}
    return Number(lo=float(lo), hi=float(hi), steps=steps, transform=transform, **marks)


def _checked_bits(bits: Any) -> int:
    if not (_is_integer(bits) and 1 <= bits <= MAX_BITS):
        raise ParameterError(f"bits must be an integer from 1 to {MAX_BITS}, not {bits!r}")
    return int(bits)


def _whole_steps(lo: float, hi: float, step: float, transform: str) -> int:
    if transform not in TRANSFORMS:
        raise ParameterError(f"transform {transform!r} is not one of {', '.join(TRANSFORMS)}")
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = TRANSFORMS[transform][0](np.array([lo, hi], dtype=np.float64))
    count = (high - low) / step if step > 0 else math.nan
    if not math.isfinite(count) or abs(count - round(count)) > 1e-6 or round(count) < 1:
        raise ParameterError(f"step {step} does not divide the range {lo:g} to {hi:g} ({transform} scale)")
    return round(count)


def category(
    levels: Iterable[Level],
    *,
    missing: Level = "raise",
    public: bool = False,
    protected: bool = False,
) -> Category:
    """A column with one of ``levels``: all text, or all integers and booleans.

    ``missing`` names the level an absent entry takes. Three or more levels become that many bits, two become one.
    """
    values = tuple(_plain(level) for level in levels)
    return Category(levels=values, missing=_missing_value(missing), public=public, protected=protected)


def thresholds(
    cuts: Iterable[float],
    *,
    missing: float | Literal["raise"] = "raise",
    public: bool = False,
    protected: bool = False,
) -> Thresholds:
    """A number column known only by the bits ``value >= cut`` for ascending ``cuts``."""
    value = _missing_value(missing)
    value = None if value is None else float(value)
    return Thresholds(cuts=tuple(float(c) for c in cuts), missing=value, public=public, protected=protected)


def constant(value: int = 1) -> Constant:
    """A coordinate that equals ``value`` for every patient. Intercepts need none: they are added after decryption."""
    return Constant(value=int(value))


# ---------------------------------------------------------------------------------------------------------------
# The schema


@dataclass(frozen=True)
class Encoded:
    """What :meth:`Schema.encode` returns: ``x`` int64 ``[batch, n]`` and, per column, how many values were clipped
    (``saturated``) and how many absent ones took the schema's missing value (``replaced``)."""

    x: IntArray
    saturated: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.x)


class Schema(Copied, Travels):
    """The agreement on columns, ranges and scales; immutable; holds no patient rows.

    Parameters
    ----------
    columns: mapping of column name to a column made by :func:`number`, :func:`category`, :func:`thresholds` or
        :func:`constant`. The order is the order of coordinates, and of the columns of plain arrays.
    protected_forms: named integer combinations of coordinates (``{"gap": {"systolic": 1, "diastolic": -1}}``)
        that no set of keys may open, besides the columns marked protected.

    Cost: O(n) memory for n coordinates. Two schemas are equal when their ids are.
    """

    def __init__(
        self,
        columns: Mapping[str, Any],
        *,
        protected_forms: Mapping[str, Any] | None = None,
    ) -> None:
        if not columns:
            raise ParameterError("a schema needs at least one column")
        for name, column in columns.items():
            if not (_is_text(name) and isinstance(column, Column)):
                raise ParameterError(f"column {name!r}: a schema maps non-empty names to pyfe columns")
            if len(name) > MAX_NAME:  # each of the column's coordinates repeats it
                raise ParameterError(f"column {name[:60]!r}...: a name has at most {MAX_NAME} characters")
        self._columns: dict[str, Column] = dict(columns)
        self._names = tuple(n for name, c in self._columns.items() for n in c.coordinate_names(name))
        if len(set(self._names)) != len(self._names):
            twice = min(name for name, count in Counter(self._names).items() if count > 1)
            raise ParameterError(f"two coordinates are called {twice!r}; rename a column or level")
        self._positions = {name: i for i, name in enumerate(self._names)}
        self._lo = _frozen([v for c in self._columns.values() for v in c.bounds[0]])
        self._hi = _frozen([v for c in self._columns.values() for v in c.bounds[1]])
        self._forms = {name: self._checked_form(name, form) for name, form in (protected_forms or {}).items()}
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        self._id = hashlib.sha256(text.encode("ascii")).digest()

    def _checked_form(self, name: str, form: Mapping[str, Any]) -> dict[str, int]:
        if not _is_text(name) or name in self._columns:
            raise ParameterError(f"protected form {name!r} needs a name of its own")
        unknown = [c for c in form if c not in self._positions]
        if unknown:
            raise ParameterError(f"protected form {name!r} names {unknown[0]!r}, which is no coordinate")
        whole = all(_is_number(w) and int(w) == w and abs(w) < 2**31 for w in form.values())
        if not whole or not any(form.values()):
            raise ParameterError(f"protected form {name!r} needs integer weights below 2^31, not all zero")
        return {c: int(w) for c, w in form.items() if w}

    # -- makers --

    @classmethod
    def from_ranges(
        cls,
        ranges: Mapping[str, Any],
        bits: int | Mapping[str, int] = 8,
        *,
        public: Iterable[str] = (),
        protected: Iterable[str] = (),
        missing: Mapping[str, Any] | None = None,
        protected_forms: Mapping[str, Mapping[str, int]] | None = None,
    ) -> Schema:
        """A schema from clinical ranges: ``(lo, hi)`` is a number, ``["no", "yes"]`` a category, or give a column.

        Parameters
        ----------
        ranges: column name -> tuple of two numbers, list of levels, the type ``bool``, or a made column.
        bits: resolution of the number columns given as tuples (one integer, or one per column name; default 8).
        public, protected: names of columns to mark.
        missing: column name -> value an absent entry takes; columns not named refuse absent entries.

        Raises ParameterError for an ambiguous list of two numbers, an unknown name, or an impossible range.
        """
        columns: dict[str, Column] = {}
        for name, spec in ranges.items():
            with _naming(name):
                columns[name] = _column_from(name, spec, _bits_of(bits, name))
        marks = {"public": list(public), "protected": list(protected), "missing": list(missing or {})}
        for what, names in marks.items():
            unknown = [name for name in names if name not in columns]
            if unknown:
                raise ParameterError(f"{what}: there is no column {unknown[0]!r}")
        for name, column in columns.items():
            changes: dict[str, Any] = {w: True for w in ("public", "protected") if name in marks[w]}
            with _naming(name):
                if missing and name in missing:
                    changes["missing"] = _missing_of(column, missing[name])
                columns[name] = replace(column, **changes)
        return cls(columns, protected_forms=protected_forms)

    @classmethod
    def fit(
        cls,
        X: Any,
        bits: int | Mapping[str, int] = 8,
        margin: float = 0.1,
        *,
        names: Sequence[str] | None = None,
        **marks: Any,
    ) -> Schema:
        """Propose a schema from training data; look at it (``print(schema)``) before using it.

        A number column gets its 1 % and 99 % quantiles, widened by ``margin`` of their distance on either side and
        rounded outwards to two digits of the range: the exact extremes would publish two patients. A column that
        is nowhere negative stays so. Whole numbers spanning less than ``2**bits`` get step 1. Text and boolean
        columns become categories of the levels seen. A number that hardly varies (equal quantiles) is given a
        range of 5 % of its size on either side (at least 0.05; more by ``margin``); text with one level is refused.
        ``marks`` (public, protected, missing, protected_forms) are those of :meth:`from_ranges`. Clinical ranges
        are better than any quantile where they exist.

        Parameters
        ----------
        X: DataFrame, mapping of columns, or array ``[rows, columns]``; at least 10 rows.
        names: column names where X is an array (default ``x0, x1, ...``).
        """
        if not 0 <= margin <= 10:
            raise ParameterError(f"margin must be from 0 to 10, not {margin}")
        table = _named_columns(X, names)
        if len(next(iter(table.values()))) < 10:
            raise ParameterError("a schema cannot be proposed from fewer than 10 rows; give ranges instead")
        columns = {}
        for name, values in table.items():
            with _naming(name):
                columns[name] = _propose(name, values, _bits_of(bits, name), margin)
        return cls.from_ranges(columns, **marks)

    # -- what it says --

    @property
    def columns(self) -> Mapping[str, Column]:
        """Column name -> column, in order; read-only."""
        return MappingProxyType(self._columns)

    @property
    def input_columns(self) -> tuple[str, ...]:
        """Names of the columns a table must have: all but the constants."""
        return tuple(name for name, column in self._columns.items() if not isinstance(column, Constant))

    @property
    def n(self) -> int:
        """Number of coordinates: the dimension of the inner product."""
        return len(self._names)

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """One name per coordinate, such as ``age`` or ``smoker=yes``."""
        return self._names

    @property
    def lo(self) -> IntArray:
        """Least value of each coordinate, int64 ``[n]``, read-only."""
        return self._lo

    @property
    def hi(self) -> IntArray:
        """Greatest value of each coordinate, int64 ``[n]``, read-only."""
        return self._hi

    @property
    def id(self) -> bytes:
        """SHA-256 (32 bytes) of the canonical JSON of :meth:`to_dict`."""
        return self._id

    @property
    def blocks(self) -> list[tuple[str, slice, bool]]:
        """``(column name, its coordinates, public)`` for every column: one column is one variable however coded."""
        result, start = [], 0
        for name, column in self._columns.items():
            result.append((name, slice(start, start + column.width), column.public))
            start += column.width
        return result

    def relations(self) -> IntArray:
        """Rows int64 ``[m, n]`` whose value everybody knows: the sum of a one-hot block, a constant."""
        return self._stack([self._embed(part, c.relations()) for (_, part, _), c in self._zipped()])

    def public_rows(self) -> IntArray:
        """Unit rows int64 ``[m, n]`` of the coordinates of public columns."""
        return self._stack([self._units(part) for _, part, public in self.blocks if public])

    def known_rows(self) -> IntArray:
        """Everything leakage accounting takes as known: :meth:`relations` and :meth:`public_rows`."""
        return self._stack([self.relations(), self.public_rows()])

    def protected_groups(self) -> list[tuple[str, IntArray]]:
        """``(label, rows)``: no combination of keys may lie in the span of such rows (beyond what is known)."""
        groups = [(name, self._units(part)) for (name, part, _), c in self._zipped() if c.protected]
        return groups + [(name, self._form_row(form)) for name, form in self._forms.items()]

    def protected_rows(self) -> IntArray:
        """All rows of :meth:`protected_groups`, int64 ``[m, n]``."""
        return self._stack([rows for _, rows in self.protected_groups()])

    def _zipped(self) -> list[tuple[tuple[str, slice, bool], Column]]:
        return list(zip(self.blocks, self._columns.values(), strict=True))

    def _embed(self, part: slice, rows: IntArray) -> IntArray:
        wide = np.zeros((len(rows), self.n), dtype=np.int64)
        wide[:, part] = rows
        return wide

    def _units(self, part: slice) -> IntArray:
        return self._embed(part, np.eye(part.stop - part.start, dtype=np.int64))

    def _form_row(self, form: Mapping[str, int]) -> IntArray:
        row = np.zeros((1, self.n), dtype=np.int64)
        for name, weight in form.items():
            row[0, self._positions[name]] = weight
        return row

    def _stack(self, parts: list[IntArray]) -> IntArray:
        return np.concatenate([np.zeros((0, self.n), dtype=np.int64), *parts])

    # -- tables to coordinates and back --

    def read(self, X: Any) -> dict[str, AnyArray]:
        """The table's columns by name, absent entries replaced where the schema states a value.

        X is a DataFrame or mapping (matched by column name, others ignored) or an array ``[batch, columns]`` in the
        order of :attr:`input_columns`. Raises ParameterError when a column is missing or the shape is wrong.
        """
        return {name: self._columns[name].fill(values) for name, values in self.read_raw(X).items()}

    def read_raw(self, X: Any) -> dict[str, AnyArray]:
        """The table's columns by name as :meth:`read`, absent entries left as they are."""
        table = _named_columns(X, self.input_columns, exact=True)
        absent = [name for name in self.input_columns if name not in table]
        if absent:
            raise ParameterError(f"the table lacks the column(s) {', '.join(map(repr, absent[:_COLUMNS_LISTED]))}")
        return {name: table[name] for name in self.input_columns}

    def as_decoded(self, X: Any) -> dict[str, AnyArray]:
        """Raw columns of a table in the types that :meth:`decode_columns` gives, absent entries as NaN."""
        return {name: _in_type(self._columns[name], values) for name, values in self.read_raw(X).items()}

    def encode(self, X: Any, on_overflow: Overflow = "raise") -> Encoded:
        """Integer coordinates of a table: ``q = round((T(value) - T(lo)) / step)``.

        Parameters
        ----------
        X: as for :meth:`read`.
        on_overflow: "raise" (default) refuses values outside their range; "clip" moves them to the nearer end and
            counts them per column. Absent entries without a stated value, text that is no number and unknown levels
            are refused in either case.

        Returns :class:`Encoded`. Raises OutOfRangeError naming every column and its first rows (all rows in
        ``error.offending``, why in ``error.reasons``), before anything else is done. Cost: O(batch * n), vectorised.
        """
        table = self.read_raw(X)
        codes = self._codes(table, on_overflow)
        x = np.concatenate([code.x for code in codes.values()], axis=1)
        saturated = {name: int(code.beyond.sum()) for name, code in codes.items() if code.beyond.any()}
        absent = {name: int(_missing_mask(values).sum()) for name, values in table.items()}
        return Encoded(np.ascontiguousarray(x), saturated, {name: count for name, count in absent.items() if count})

    def encode_real(self, X: Any) -> FloatArray:
        """The coordinates before rounding and clipping, float64 ``[batch, n]``: what a float model would see."""
        return np.concatenate([code.real for code in self._codes(self.read_raw(X), "clip").values()], axis=1)

    def _codes(self, table: Mapping[str, AnyArray], on_overflow: Overflow) -> dict[str, _Code]:
        if on_overflow not in ("raise", "clip"):
            raise ParameterError(f'on_overflow is "raise" or "clip", not {on_overflow!r}')
        rows = len(next(iter(table.values()))) if table else 0
        empty = np.zeros(rows)
        codes = {name: column.encode(table.get(name, empty)) for name, column in self._columns.items()}
        self._refuse(codes, on_overflow)
        return codes

    def _refuse(self, codes: Mapping[str, _Code], on_overflow: Overflow) -> None:
        lines, offending, reasons, count = [], {}, {}, 0
        for name, code in codes.items():
            masks = dict(code.refused)
            if on_overflow == "raise":
                masks[f"outside {self._columns[name].range_text}"] = code.beyond
            masks = {reason: mask for reason, mask in masks.items() if mask.any()}
            for reason, mask in masks.items():
                count += int(mask.sum())
                lines.append(f"column {name!r}: {reason} in {_row_list(np.flatnonzero(mask))}")
            if masks:
                offending[name] = np.flatnonzero(np.any(list(masks.values()), axis=0)).tolist()
                reasons[name] = ", ".join(masks)
        if lines:
            more = f"; and {len(lines) - _COLUMNS_LISTED} more columns" if len(lines) > _COLUMNS_LISTED else ""
            text = "; ".join(lines[:_COLUMNS_LISTED]) + more + _cure(codes)
            message = f"{count} value(s) do not fit the schema: {text}"
            raise OutOfRangeError(message, offending=offending, reasons=reasons)

    def check(self, x: Any) -> IntArray:
        """``x`` as int64 ``[batch, n]`` if every coordinate is within its bounds.

        Raises ParameterError for a wrong shape or dtype, OutOfRangeError naming the first row and coordinate.
        """
        array = np.asarray(x)
        if array.dtype.kind not in "iu" or array.ndim != 2 or array.shape[1] != self.n:
            raise ParameterError(f"encoded rows are integers [batch, {self.n}], not {array.dtype} {array.shape}")
        outside = (array < self._lo) | (array > self._hi)
        if outside.any():
            row, column = np.argwhere(outside)[0]
            ends = f"{self._lo[column]}..{self._hi[column]}"
            raise OutOfRangeError(
                f"{int(outside.sum())} coordinate(s) out of range, first: row {row}, {self._names[column]!r} ({ends})"
            )
        return array.astype(np.int64)

    def decode_columns(self, x: Any) -> dict[str, AnyArray]:
        """Raw values by column name of coordinates ``[batch, n]``; constants are left out."""
        array = self.check(x)
        wanted = self.input_columns
        return {name: c.decode(array[:, part]) for (name, part, _), c in self._zipped() if name in wanted}

    def decode(self, x: Any) -> AnyArray:
        """Raw values ``[batch, columns]`` of coordinates ``[batch, n]``: float64, or object if a column holds text.

        ``encode(decode(x)).x == x`` for every x that can occur; the reverse loses at most half a step.
        """
        return stacked(self.decode_columns(x))

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        """Random coordinates int64 ``[count, n]`` that can occur: uniform per column, or at range ends only."""
        return np.concatenate([c.sample(rng, count, ends=ends) for c in self._columns.values()], axis=1)

    # -- plain types --

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; floats as ``float.hex`` texts, so that nothing is rounded on the way."""
        columns = [{"name": name, **column.to_dict()} for name, column in self._columns.items()]
        forms = [{"name": name, "weights": dict(sorted(form.items()))} for name, form in self._forms.items()]
        return {"version": 1, "columns": columns, "protected_forms": forms}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """The inverse of :meth:`to_dict`; raises DecodeError for anything :meth:`to_dict` would not have written."""
        try:
            columns = {entry["name"]: _column_from_dict(entry) for entry in data["columns"]}
            forms = {entry["name"]: entry["weights"] for entry in data["protected_forms"]}
            schema = cls(columns, protected_forms=forms)
            canonical = _same_plain(schema.to_dict(), dict(data))
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise DecodeError(f"not a schema: {error}") from error
        if not canonical:
            raise DecodeError("not a schema: fields are missing, unknown or not in canonical form")
        return schema

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self._id == other._id

    def __hash__(self) -> int:
        return hash(self._id)

    def __repr__(self) -> str:
        return f"Schema({len(self._columns)} columns, {self.n} coordinates, id {self._id.hex()[:12]})"

    def __str__(self) -> str:
        width = max(len(name) for name in self._columns)
        marks = {name: _marks_text(column) for name, column in self._columns.items()}
        return "\n".join(
            [repr(self), *(f"  {n.ljust(width)}  {c}{marks[n]}" for n, c in self._columns.items())],
        )


# ---------------------------------------------------------------------------------------------------------------
# Helpers


def stacked(columns: Mapping[str, AnyArray]) -> AnyArray:
    """Columns side by side ``[batch, columns]``: float64, or object if one of them holds text."""
    kind = object if any(values.dtype.kind == "O" for values in columns.values()) else np.float64
    return np.stack([values.astype(kind) for values in columns.values()], axis=1)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Errors about a column's specification say which column it is."""
    try:
        yield
    except ParameterError as error:
        prefix = f"column {name!r}"
        if str(error).startswith(prefix):
            raise
        raise ParameterError(f"{prefix}: {error}") from error


def _cure(codes: Mapping[str, _Code]) -> str:
    """What to do about absent entries, if there are any that no stated value replaces."""
    lacking = [name for name, code in codes.items() if code.refused.get("missing", np.zeros(1)).any()]
    return f". For absent entries give the schema a value with missing={{{lacking[0]!r}: ...}}" if lacking else ""


def _in_type(column: Column, values: AnyArray) -> AnyArray:
    """Raw values in the type that the column decodes to; absent entries become NaN."""
    missing = _missing_mask(values)
    if isinstance(column, Category) and isinstance(column.levels[0], str):
        text: AnyArray = values.astype(object)
        text[missing] = math.nan
        return text
    if isinstance(column, Category) and not missing.any():
        return _as_floats(values, missing).astype(np.array(column.levels).dtype)
    return _as_floats(values, missing)


def _frozen(values: list[int]) -> IntArray:
    array = np.array(values, dtype=np.int64)
    array.setflags(write=False)
    return array


def _marks_text(column: Column) -> str:
    words = [w for w in ("public", "protected") if getattr(column, w)]
    if column.missing is not None:
        words.append(f"missing = {column.missing}")
    return f" ({', '.join(words)})" if words else ""


def _row_list(rows: npt.NDArray[np.intp]) -> str:
    listed = ", ".join(str(row) for row in rows[:_ROWS_LISTED])
    more = f" and {len(rows) - _ROWS_LISTED} more" if len(rows) > _ROWS_LISTED else ""
    return f"row{'s' if len(rows) > 1 else ''} {listed}{more}"


def _same_plain(left: Any, right: Any) -> bool:
    """Equality that tells True from 1 and 1 from 1.0, unlike ``==``."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _bits_of(bits: int | Mapping[str, int], name: str) -> int:
    return _checked_bits(bits.get(name, 8) if isinstance(bits, Mapping) else bits)


def _missing_of(column: Column, value: Any) -> Any:
    value = _missing_value(value)
    if value is None or not isinstance(column, Number | Thresholds):
        return value
    if not _is_number(value):
        raise ParameterError(f"the value for missing entries is a number, not {type(value).__name__}")
    return float(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_integer(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _column_from(name: str, spec: Any, bits: int) -> Column:
    if isinstance(spec, Column):
        return spec
    if spec is bool:
        return category([False, True])
    if isinstance(spec, tuple) and len(spec) == 2 and all(_is_number(v) for v in spec):
        return number(spec[0], spec[1], bits=bits)
    if isinstance(spec, list) and len(spec) == 2 and all(_is_number(v) for v in spec):
        raise ParameterError(
            f"column {name!r}: a list of two numbers could be a range or two levels; write the tuple "
            f"({spec[0]}, {spec[1]}) for a range or category([{spec[0]}, {spec[1]}]) for levels"
        )
    if isinstance(spec, list):
        return category(spec)
    raise ParameterError(f"column {name!r}: expected (lo, hi), a list of levels, or a pyfe column")


def _column_from_dict(entry: Mapping[str, Any]) -> Column:
    marks: dict[str, Any] = {key: entry[key] for key in ("missing", "public", "protected")}
    if not isinstance(marks["public"], bool) or not isinstance(marks["protected"], bool):
        raise TypeError("public and protected are booleans")
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
        raise ValueError(f"unknown kind of column {kind!r}")
    lo, hi = float.fromhex(entry["lo"]), float.fromhex(entry["hi"])
    return Number(lo=lo, hi=hi, steps=entry["steps"], transform=entry["transform"], **marks)


def _series(values: Any, name: str) -> AnyArray:
    """One column of any kind of table as a one-dimensional numpy array."""
    if hasattr(values, "isna"):  # pandas: its NA values do not survive a plain conversion
        missing = np.asarray(values.isna(), dtype=np.bool_)
        if missing.any():
            column: AnyArray = np.array(values, dtype=object)
            column[missing] = None
            return column
    array = np.asarray(values)
    if array.ndim == 0:
        raise ParameterError(f"column {name!r} is one value, not a list of them; for one row write it as [54]")
    if array.ndim != 1:
        raise ParameterError(f"column {name!r} has {array.ndim} dimensions; a column has one")
    return array.astype(object) if array.dtype.kind == "T" else array


def _named_columns(X: Any, names: Sequence[str] | None, *, exact: bool = False) -> dict[str, AnyArray]:
    """Columns of a DataFrame, a mapping or an array by name; ``names`` applies to arrays only."""
    if isinstance(X, Mapping) or hasattr(X, "columns"):
        found = list(X if isinstance(X, Mapping) else X.columns)
        wanted = [n for n in names if n in found] if exact and names is not None else found
        table = {str(name): _series(X[name], str(name)) for name in wanted}
        if len({len(values) for values in table.values()}) > 1:
            raise ParameterError("the columns differ in length")
        if not table:
            raise ParameterError("the table has none of the schema's columns")
        return table
    array = np.asarray(X)
    if array.ndim != 2:
        raise ParameterError(f"a table has two dimensions [batch, columns], not {array.ndim}; one row is X[None, :]")
    names = [f"x{i}" for i in range(array.shape[1])] if names is None else list(names)
    if array.shape[1] != len(names):
        raise ParameterError(f"the array has {array.shape[1]} columns, the schema {len(names)}")
    return {name: array[:, i] for i, name in enumerate(names)}


def _propose(name: str, values: AnyArray, bits: int, margin: float) -> Column:
    missing = _missing_mask(values)
    if missing.all():
        raise ParameterError(f"column {name!r} has no values to propose a range from")
    if values.dtype.kind == "b":
        return category([False, True])
    raw = _as_floats(values, missing)[~missing]
    if np.isnan(raw).all() and values.dtype.kind in "OUS":
        levels = sorted({str(v) for v in values[~missing]})
        if len(levels) < 2:
            raise ParameterError("only one level is seen; leave the column out, or name all levels in from_ranges")
        return category(levels)
    if np.isnan(raw).any():
        raise ParameterError(f"column {name!r} mixes numbers and text")
    return _proposed_number(raw[np.isfinite(raw)], bits, margin)


def _proposed_number(raw: FloatArray, bits: int, margin: float) -> Number:
    whole = bool((raw == np.rint(raw)).all())
    if whole and set(np.unique(raw)) <= {0.0, 1.0}:
        return number(0, 1, step=1)
    q01, q99 = (float(q) for q in np.quantile(raw, [0.01, 0.99]))
    spread = q99 - q01
    if not spread:  # the range must not be empty, whatever the margin
        spread, margin = max(1.0, abs(q01)), max(margin, 0.05)
    lo, hi = _outwards(q01 - margin * spread, q99 + margin * spread, whole)
    if (raw >= 0).all():
        lo = max(lo, 0.0)
    if whole and hi - lo < 2**bits:
        return number(lo, hi, step=1)
    return number(lo, hi, bits=bits)


def _outwards(lo: float, hi: float, whole: bool) -> tuple[float, float]:
    """Round a range outwards to two digits of its length (to whole numbers at least, if ``whole``)."""
    exponent = math.floor(math.log10(hi - lo)) - 1 if hi > lo else 0
    exponent = max(exponent, 0) if whole else exponent
    if exponent >= 0:
        unit = float(10**exponent)
        return math.floor(lo / unit) * unit, math.ceil(hi / unit) * unit
    per_unit = float(10**-exponent)
    return math.floor(lo * per_unit) / per_unit, math.ceil(hi * per_unit) / per_unit
