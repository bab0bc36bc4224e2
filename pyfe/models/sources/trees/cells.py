"""What a node tests: the set of cells of a column that go to its right.

A library tests ``x <= t``, or ``float32(x) < t``, or the same with zero taken for absent. Each of these is constant
between some points, so a set of numbers is a list of cuts and what holds from each to the next: then
``x >= cut`` decides the library's own test for every float64, and a schema of these cuts loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray
from pyfe.schema.cells import same_name

__all__ = ["Asked", "Cells", "Levels", "Numbers", "exceeding", "numbers_from", "numbers_where", "reaching"]


@dataclass(frozen=True)
class Numbers:
    """A set of numbers of a column: those from one of the ascending ``cuts`` to the next are in it or not, all alike.

    inside: ``len(cuts) + 1`` truths, of the numbers below the first cut first. absent: whether an absent entry is in
    the set; None for a model that takes none.
    """

    column: int
    cuts: tuple[float, ...]
    inside: tuple[bool, ...]
    absent: bool | None = None

    def holds(self, values: AnyArray) -> BoolArray:
        """Which raw values ``[m]`` are in the set; NaN is an absent one."""
        numbers = np.asarray(values, dtype=np.float64)
        piece = np.searchsorted(np.array(self.cuts, dtype=np.float64), numbers, side="right")
        return np.where(np.isnan(numbers), bool(self.absent), np.array(self.inside)[piece])

    def outside(self) -> Numbers:
        """The set of all others."""
        absent = None if self.absent is None else not self.absent
        return replace(self, inside=tuple(not one for one in self.inside), absent=absent)


@dataclass(frozen=True)
class Levels:
    """A set of levels of a category. ``known``: all that the model has seen, in its order; ``inside``: those in the
    set.

    Whatever else is in the cell, an absent entry too, is in the set if ``others`` is.
    """

    column: int
    known: tuple[str | int, ...]
    inside: frozenset[str | int]
    others: bool

    @property
    def absent(self) -> bool:
        """Whether an absent entry is in the set."""
        return self.others

    def holds(self, values: AnyArray) -> BoolArray:
        """Which raw values ``[m]`` are in the set."""
        places = {_as_level(level): level in self.inside for level in self.known}
        return np.array([places.get(_as_level(value), self.others) for value in values.tolist()], dtype=np.bool_)

    def outside(self) -> Levels:
        """The set of all others."""
        return replace(self, inside=frozenset(self.known) - self.inside, others=not self.others)


@dataclass(frozen=True)
class Asked:
    """One level of a category, or all others, of a library that keeps no level but its hash: which of some raw values
    ``[m]`` it is, the model tells."""

    column: int
    is_it: Callable[[AnyArray], BoolArray]
    inside: bool = True

    def holds(self, values: AnyArray) -> BoolArray:
        """Which raw values ``[m]`` are in the set."""
        return np.asarray(self.is_it(values) == self.inside)

    def outside(self) -> Asked:
        """The set of all others."""
        return replace(self, inside=not self.inside)


Cells: TypeAlias = Numbers | Levels | Asked


def _as_level(value: object) -> object:
    """A level as it is compared: text in normal form C, numbers by their value."""
    return same_name(value) if isinstance(value, str) else value


def numbers_from(column: int, cut: float, absent: bool | None) -> Numbers:
    """The numbers that reach a cut; none where that is infinite."""
    return Numbers(column, (cut,), (False, True), absent) if np.isfinite(cut) else Numbers(column, (), (False,), absent)


def numbers_where(
    column: int, test: Callable[[FloatArray], AnyArray], starts: Iterable[float], absent: bool | None
) -> Numbers:
    """The numbers that pass a test which is constant from each of ``starts`` to the next; others than finite ones are
    none. ``test``: float64 ``[m]`` to truths."""
    points = np.unique([start for start in starts if np.isfinite(start)])
    if not len(points):
        return Numbers(column, (), (bool(test(np.zeros(1))[0]),), absent)
    with np.errstate(over="ignore"):  # below the least number, and of float32, stands -inf
        truths = np.asarray(test(np.append(np.nextafter(points[0], -np.inf), points)), dtype=np.bool_)
    changes = np.flatnonzero(truths[1:] != truths[:-1])
    inside = (bool(truths[0]), *(bool(truth) for truth in truths[1:][changes]))
    return Numbers(column, tuple(float(cut) for cut in points[changes]), inside, absent)


def exceeding(limits: FloatArray) -> FloatArray:
    """The least float64 values that, rounded to float32, exceed the limits.

    float32 values are rounded to nearest, so the least one is half way between the neighbours around the limit, or
    the next float64 above where a tie goes down.
    """
    with np.errstate(over="ignore"):
        below = limits.astype(np.float32)
        below = np.where(below > limits, np.nextafter(below, np.float32(-np.inf)), below)
        above = np.nextafter(below, np.float32(np.inf))
        middle = (below.astype(np.float64) + above.astype(np.float64)) / 2
        return np.where(middle.astype(np.float32) > limits, middle, np.nextafter(middle, np.inf))


def reaching(limits: FloatArray) -> FloatArray:
    """The least float64 values that, rounded to float32, are at least the limits, which are float32 values."""
    with np.errstate(over="ignore"):
        below = np.nextafter(limits.astype(np.float32), np.float32(-np.inf))
    return exceeding(below.astype(np.float64))
