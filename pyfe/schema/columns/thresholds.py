"""Thresholds: a number of which only the reached cuts are known, as bits."""

# ruff: noqa: D102  (methods that are documented once, in Column)
from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.schema.cells import exact_number, not_above, parse_number, require_cells, shown
from pyfe.schema.columns.base import (
    MAX_COORDINATES,
    Code,
    Codes,
    Column,
    Encoder,
    Floats,
    Products,
    items,
    real,
)
from pyfe.schema.columns.optional import made
from pyfe.strict import distinct

__all__ = ["Thresholds", "thresholds"]


_HUGE = float(np.finfo(np.float64).max)


@dataclass(frozen=True, kw_only=True)
class Thresholds(Column):
    """A number known only by which of the ascending ``cuts`` it reaches: bit j is ``value >= cuts[j]``."""

    cuts: tuple[float, ...]

    kind = "thresholds"
    noun = "thresholds"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.cuts, tuple):
            raise ParameterError(f"cuts are a tuple, not {type(self.cuts).__name__}")
        if len(self.cuts) > MAX_COORDINATES:
            raise ParameterError(f"thresholds have at most {MAX_COORDINATES} cuts, not {len(self.cuts)}")
        cuts = [_double(cut, "a cut") for cut in self.cuts]
        ascending = all(a < b for a, b in pairwise(cuts))
        if not cuts or not ascending or not all(math.isfinite(cut) for cut in cuts):
            raise ParameterError("thresholds need one or more finite, strictly ascending cuts")
        if self.missing is not None and not math.isfinite(real(self.missing, "the value for missing entries")):
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

    @property
    def products(self) -> tuple[Products, ...]:
        return (Products.ORDERED,) * self.width

    def coordinate_names(self, name: str) -> list[str]:
        return [f"{name}>={cut!r}" for cut in self.cuts]

    def encode(self, values: AnyArray) -> Code:
        require_cells(values)
        return self.encoder([self])([values]).single

    @classmethod
    def encoder(cls, columns: Sequence[Self]) -> Encoder:
        return _Cuts(columns)

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

    def numbers_held(self, values: FloatArray) -> tuple[BoolArray, BoolArray]:
        return np.ones(len(values), dtype=np.bool_), np.zeros(len(values), dtype=np.bool_)

    def cut_points(self) -> tuple[float, ...]:
        return self.cuts

    def stated(self, missing: Any) -> float:
        return _double(missing, "the value for missing entries")

    def stated_weights(self, weight: Any, what: str) -> FloatArray:
        if weight == 0.0:
            return np.zeros(self.width)
        if isinstance(weight, dict):
            numbers = [parse_number(str(cut)) for cut in weight]
            unknown = [word for word, cut in zip(weight, numbers, strict=True) if cut not in self.cuts]
            if unknown:
                raise ParameterError(f"{what} names cut {str(unknown[0])[:60]}, which the column does not have")
            cuts = distinct(zip(numbers, weight.values(), strict=True), what)
            weight = [cuts.get(cut, 0.0) for cut in self.cuts]
        if not isinstance(weight, list) or len(weight) != self.width:
            raise ParameterError(f"{what}: thresholds take {self.width} numbers, one per cut")
        return np.array(weight)

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
        return {"kind": self.kind, "cuts": [float(cut).hex() for cut in self.cuts], **self._marks()}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Thresholds:
        marks = cls._marks_of(entry, number=True)
        return cls(cuts=tuple(float.fromhex(cut) for cut in entry["cuts"]), **marks)

    def __str__(self) -> str:
        return "thresholds " + ", ".join(f"{cut:g}" for cut in self.cuts)


class _Cuts(Encoder):
    """Thresholds: the cuts of all columns one after the other."""

    def __init__(self, columns: Sequence[Thresholds]) -> None:
        self._read = Floats(columns)
        self._cuts = np.concatenate([np.array(column.cuts, dtype=np.float64) for column in columns])[:, None]
        self._column = np.repeat(np.arange(len(columns)), [column.width for column in columns])

    def __call__(self, values: Sequence[AnyArray]) -> Codes:
        raw, refused, replaced = self._read(values)
        exact = np.stack([not_above(one, floats) for one, floats in zip(values, raw, strict=True)])
        x = (exact[self._column] >= self._cuts).astype(np.int64)
        return Codes(x, refused, np.zeros(raw.shape, dtype=np.bool_), replaced)


def _double(value: Any, what: str) -> float:
    """A number as a double. ParameterError beyond 2^53 for one that is none: rounded, it would part other values."""
    rounded, exact = real(value, what), exact_number(value)
    if 2.0**53 <= abs(rounded) < math.inf and exact is not None and exact != rounded:
        raise ParameterError(f"{what}: {shown(value)} lies between two doubles; the nearest is {int(rounded)}")
    return rounded


def thresholds(
    cuts: Iterable[float],
    *,
    missing: float | Literal["raise", "bit"] = "raise",
    public: bool = False,
    protected: bool = False,
) -> Column:
    """A number column known only by the bits ``value >= cut`` for ascending ``cuts``; ``missing`` as for number.

    Cells beyond 2^53 meet the cuts exactly. ParameterError there for a cut that is no double.
    """
    column = Thresholds(cuts=tuple(_double(cut, "a cut") for cut in items(cuts, "cuts")))
    return made(column, missing, public=public, protected=protected)
