"""A figure that remembers its turns: a number as long as nobody asks, with a median and a spread when somebody does.

Timing hands these out instead of bare minima, and a question goes on calculating with them (microseconds a row, rows a
second, one time less another): what it does to the number is done to every turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, NamedTuple

CONFIDENCE = 0.9
FEWEST = 5
"""Of so many turns on, an interval of the median has :data:`CONFIDENCE`; before, it is all that was seen."""

TAIL = 0.05


class Interval(NamedTuple):
    """From low to high, both in the figure's unit."""

    low: float
    high: float


class Turns(float):
    """The fastest turn as a float; ``turns`` holds all of them in the order of time, ``yardstick`` the seconds that the
    yardstick of the same turns took at best (:func:`bench.measure.yardstick`), None where there was none."""

    turns: tuple[float, ...]
    yardstick: float | None

    def __new__(cls, value: float, turns: Sequence[float], yardstick: float | None = None) -> Turns:
        """A number and the turns behind it, which need not contain it: of a difference of two minima they do not."""
        made = super().__new__(cls, value)
        made.turns, made.yardstick = tuple(turns), yardstick
        return made

    @classmethod
    def fastest(cls, turns: Sequence[float], yardstick: float | None = None) -> Turns:
        """Of seconds; infinite when there was no turn."""
        return cls(min(turns, default=math.inf), turns, yardstick)

    def _each(self, act: Callable[[float, float], float], other: object) -> Any:
        """``act`` on the number and on each turn; turns of two figures are paired, or dropped where they do not."""
        if not isinstance(other, int | float):
            return NotImplemented
        value = act(float(self), float(other))
        if not isinstance(other, Turns):
            return Turns(value, [act(turn, float(other)) for turn in self.turns], self.yardstick)
        if len(other.turns) != len(self.turns):
            return value
        return Turns(value, [act(*pair) for pair in zip(self.turns, other.turns, strict=True)], self.yardstick)

    def __mul__(self, other: float) -> Any:
        return self._each(lambda a, b: a * b, other)

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> Any:
        return self._each(_quotient, other)

    def __rtruediv__(self, other: float) -> Any:
        return self._each(lambda a, b: _quotient(b, a), other)

    def __add__(self, other: float) -> Any:
        return self._each(lambda a, b: a + b, other)

    __radd__ = __add__

    def __sub__(self, other: float) -> Any:
        return self._each(lambda a, b: a - b, other)

    def __rsub__(self, other: float) -> Any:
        return self._each(lambda a, b: b - a, other)


def _quotient(a: float, b: float) -> float:
    """a / b; nothing is infinitely fast, but a clock may say so."""
    return a / b if b else math.inf


def turns_of(value: float | None) -> tuple[float, ...]:
    """The turns of a figure, none of a bare number."""
    return value.turns if isinstance(value, Turns) else ()


def spread(turns: Sequence[float]) -> Interval:
    """What 90 % of the turns lie in: the quantiles 5 % and 95 %, interpolated; of few turns nearly all of them."""
    ordered = sorted(turns)
    return Interval(_quantile(ordered, TAIL), _quantile(ordered, 1 - TAIL))


def paired(ours: Sequence[float], theirs: Sequence[float], rate: bool) -> list[float]:
    """Ratio of each turn, peer's time over ours (ours over the peer's for rates). A peer that had fewer turns stands
    against the turns that it shared; one that had none gives none."""
    pairs = zip(ours, theirs, strict=False)
    return [_quotient(a, b) if rate else _quotient(b, a) for a, b in pairs]


def interval_of_the_median(turns: Sequence[float]) -> Interval:
    """An interval that holds the true median with probability :data:`CONFIDENCE`; below five turns, all of them.

    The k-th smallest and the k-th greatest of n turns hold it with probability 1 - 2 P(Binomial(n, 1/2) < k); between
    the two k next to the wanted one is interpolated (Hettmansperger and Sheather 1986).
    """
    ordered, n = sorted(turns), len(turns)
    if n < FEWEST:
        return Interval(ordered[0], ordered[-1])
    k = max(k for k in range(1, n // 2 + 1) if _coverage(n, k) >= CONFIDENCE)
    above, below = _coverage(n, k), _coverage(n, k + 1)
    part = (above - CONFIDENCE) / (above - below)
    inward = (n - k) * part / (k + (n - 2 * k) * part)
    low = ordered[k - 1] + inward * (ordered[k] - ordered[k - 1])
    return Interval(low, ordered[n - k] - inward * (ordered[n - k] - ordered[n - k - 1]))


def middle(turns: Sequence[float]) -> float:
    """The median."""
    return median(turns)


def quarter(turns: Sequence[float]) -> float:
    """The quickest quarter's end: the quantile 25 % of costs."""
    return _quantile(sorted(turns), 0.25)


def _coverage(n: int, k: int) -> float:
    return float(1 - 2 * sum(math.comb(n, j) for j in range(k)) / 2**n)


def _quantile(ordered: Sequence[float], part: float) -> float:
    place = part * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
