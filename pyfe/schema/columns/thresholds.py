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
from pyfe.schema.cells import EXACT_BELOW, exact_beyond, not_above, parse_number, plain, require_cells, shown
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
        cuts = [_exact(cut, "a cut") for cut in self.cuts]
        ascending = all(a < b for a, b in pairwise(cuts))
        if not cuts or not ascending or not all(math.isfinite(cut) for cut in cuts):
            raise ParameterError("thresholds need one or more finite, strictly ascending cuts")
        if self.missing is not None and not math.isfinite(self.stated(self.missing)):
            raise ParameterError("the value for missing entries must be finite")

    @property
    def width(self) -> int:
        return len(self.cuts)

    @property
    def size(self) -> int:
        return len(self.cuts) + 1

    @property
    def ordered(self) -> int:
        return self.size

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
        return _exact(missing, "the value for missing entries")

    def stated_weights(self, weight: Any, what: str) -> FloatArray:
        if weight == 0.0:
            return np.zeros(self.width)
        if isinstance(weight, dict):
            weight = self._by_cut(weight, what)
        if not isinstance(weight, list) or len(weight) != self.width:
            raise ParameterError(f"{what}: thresholds take {self.width} numbers, one per cut")
        return np.array(weight)

    def _by_cut(self, weights: Mapping[str, float], what: str) -> list[float]:
        """Weights that are stated by the texts of cuts, in the order of the cuts. ParameterError."""
        by_cut: dict[float, float] = {}
        for text, weight in weights.items():
            cut = parse_number(text)
            held = exact_beyond(text) if abs(cut) >= EXACT_BELOW else None
            if cut not in self.cuts or held not in (None, cut):
                raise ParameterError(f"{what} names cut {shown(text)}, which the column does not have")
            if cut in by_cut:
                raise ParameterError(f"{what} names cut {cut!r} twice")
            by_cut[cut] = weight
        return [by_cut.get(cut, 0.0) for cut in self.cuts]

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

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> Thresholds:
        cuts = [_exact(cut, "a cut") for cut in items(words["cuts"], "cuts")]
        missing = {"missing": _exact(words["missing"], "'missing'")} if "missing" in words else {}
        return super().from_words({**words, "cuts": cuts, **missing})

    @property
    def range_text(self) -> str:
        return ", ".join(f"{cut:g}" for cut in self.cuts)

    def __str__(self) -> str:
        return f"thresholds {self.range_text}"


def _exact(value: Any, what: str) -> float:
    """A number that a caller gave, as a float. ParameterError for one beyond 2^53 that no double is: cells that are
    such numbers meet the cuts exactly."""
    number = real(value, what)
    if abs(number) >= EXACT_BELOW and plain(value) != number:
        raise ParameterError(
            f"{what} of {shown(plain(value))} lies between the doubles, which beyond 2^53 hold some integers only; the "
            f"nearest is {number!r}"
        )
    return number


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


def thresholds(
    cuts: Iterable[float],
    *,
    missing: float | Literal["raise", "bit"] = "raise",
    public: bool = False,
    protected: bool = False,
) -> Column:
    """A number column known only by the bits ``value >= cut`` for ascending ``cuts``; ``missing`` as for number.

    The bits are exact for numbers of any size. A cut is a double: ParameterError for one beyond 2^53 that is none.
    """
    column = Thresholds(cuts=tuple(_exact(cut, "a cut") for cut in items(cuts, "cuts")))
    return made(column, missing, public=public, protected=protected)
