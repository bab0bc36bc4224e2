"""How well scores go with known answers, with intervals: the measure of :func:`pyfe.function.accuracy.quality`, drawn
again and again from the rows; probabilities beside frequencies; classes beside classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import UnsupportedModelError
from pyfe.function.accuracy import Survival, Truth, quality
from pyfe.function.readout import Readout

__all__ = ["Calibration", "Confusion", "Group", "Measure", "calibration_of", "confusion_of", "measure_of"]

_MOST_DRAWN, _FEWEST_DRAWN = 400, 20
_ROWS_DRAWN, _PAIRS_DRAWN = 2_000_000, 200_000
"""Rows that are drawn in all: half a second of sorting; of times and events, which are counted in pairs, fewer."""

_GROUPS = 10
_FEWEST_ROWS = 50
_LARGEST_CONFUSION = 12

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """AUC, C, R2 or accuracy (``name``) of the integer scores (``ours``), and of the model on the raw rows
    (``theirs``, None where it is not at hand); each with the interval in which 95 % of ``drawn`` bootstrap samples of
    the rows lie, and that of the differences ours - theirs, of the same samples. Intervals are None where too few
    samples were drawn for one, since there are so many rows."""

    name: str
    ours: float
    ours_interval: Interval | None
    theirs: float | None
    theirs_interval: Interval | None
    lost_interval: Interval | None
    drawn: int


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows whose prediction is alike: how many, their mean prediction, and what was observed: the share of the
    positive class (of several classes: of right predictions), or the mean target; with its 95 % interval."""

    rows: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What was observed where what was predicted, in at most ten groups of about as many rows. what: "probability" of
    the second class, "confidence" in the predicted one of several, or "value" of a regression."""

    what: str
    ours: tuple[Group, ...]
    theirs: tuple[Group, ...] | None


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """How many rows have the class of the row (``beside``: "model" or "label") and, by the integers, that of the
    column. classes: their names."""

    beside: str
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def measure_of(readout: Readout, ours: FloatArray, theirs: FloatArray | None, truth: Truth) -> Measure:
    """The measure of decision values ``[rows, k]``, and its intervals by the bootstrap (Efron 1979; percentiles)."""
    rows, survival = len(ours), isinstance(truth, Survival)
    name, value = _quality(readout, ours, truth)
    drawn = min(_MOST_DRAWN, (_PAIRS_DRAWN if survival else _ROWS_DRAWN) // max(rows, 1))
    samples: list[tuple[float, float]] = []
    rng = np.random.default_rng(0)
    for _ in range(drawn if drawn >= _FEWEST_DRAWN else 0):
        chosen = rng.integers(0, rows, rows)
        part = _part(truth, chosen)
        both = [np.nan if d is None else _quality(readout, d[chosen], part)[1] for d in (ours, theirs)]
        samples.append((both[0], both[1]))
    of_ours, of_theirs = (np.array([pair[side] for pair in samples]) for side in (0, 1))
    return Measure(
        name=name,
        ours=value,
        ours_interval=_interval(of_ours),
        theirs=None if theirs is None else _quality(readout, theirs, truth)[1],
        theirs_interval=_interval(of_theirs),
        lost_interval=_interval(of_ours - of_theirs),
        drawn=len(samples),
    )


def _quality(readout: Readout, decision: FloatArray, truth: Truth) -> tuple[str, float]:
    name, value = quality(readout, readout.squeezed(decision), truth)
    return name, float(value)


def _part(truth: Truth, rows: IntArray) -> Truth:
    return Survival(truth.time[rows], truth.event[rows]) if isinstance(truth, Survival) else truth[rows]


def _interval(values: FloatArray) -> Interval | None:
    """The middle 95 %; samples without a measure (one class alone) do not count."""
    known = values[np.isfinite(values)]
    if len(known) < _FEWEST_DRAWN:
        return None
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)


def calibration_of(readout: Readout, ours: FloatArray, theirs: FloatArray | None, truth: Truth) -> Calibration | None:
    """Predictions beside what was observed; None for times and events, for fewer than 50 rows, for a function without
    probabilities and for targets of several outputs."""
    if isinstance(truth, Survival) or len(ours) < _FEWEST_ROWS:
        return None
    if readout.classes is None and (readout.k > 1 or truth.ndim > 1):
        return None
    sides = [None if d is None else _predicted(readout, d, truth) for d in (ours, theirs)]
    if sides[0] is None:
        return None
    what = "value" if readout.classes is None else "probability" if readout.k == 1 else "confidence"
    groups = [None if side is None else _groups(*side, share=what != "value") for side in sides]
    return Calibration(what=what, ours=groups[0] or (), theirs=groups[1])


def _predicted(readout: Readout, decision: FloatArray, truth: AnyArray) -> tuple[FloatArray, FloatArray] | None:
    """What was predicted of each row, and what was observed."""
    if readout.classes is None:
        return np.asarray(readout.prediction_of(readout.squeezed(decision)), dtype=np.float64), truth
    try:
        likely = readout.probabilities_of(decision)
    except UnsupportedModelError:
        return None
    if readout.k == 1:
        return likely[:, 1], (truth == 1).astype(np.float64)
    return likely.max(axis=1), (likely.argmax(axis=1) == truth).astype(np.float64)


def _groups(predicted: FloatArray, observed: FloatArray, *, share: bool) -> tuple[Group, ...]:
    cuts = np.unique(np.quantile(predicted, np.arange(1, _GROUPS) / _GROUPS))
    place = np.searchsorted(cuts, predicted, side="left")
    found = []
    for at in np.unique(place):
        chosen = place == at
        mean, rows = float(observed[chosen].mean()), int(chosen.sum())
        low, high = _wilson(mean, rows) if share else _of_mean(observed[chosen])
        found.append(Group(rows=rows, predicted=float(predicted[chosen].mean()), observed=mean, low=low, high=high))
    return tuple(found)


_Z = 1.959963984540054
"""Of the normal distribution, 2.5 % lie above."""


def _wilson(share: float, rows: int) -> Interval:
    """The 95 % interval of a share (Wilson 1927)."""
    z2 = _Z * _Z
    middle = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = _Z * np.sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows)) / (1 + z2 / rows)
    low, high = 0.0 if share <= 0 else middle - half, 1.0 if share >= 1 else middle + half
    return float(max(0.0, low)), float(min(1.0, high))


def _of_mean(values: FloatArray) -> Interval:
    half = _Z * float(values.std(ddof=1)) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(values.mean() - half), float(values.mean() + half)


def confusion_of(readout: Readout, ours: FloatArray, other: IntArray, beside: str) -> Confusion | None:
    """The classes of decision values ``[rows, k]`` beside other ones, given by position. None without classes, or with
    more than a page shows."""
    if readout.classes is None or len(readout.classes) > _LARGEST_CONFUSION:
        return None
    mine, k = readout.class_index(readout.squeezed(ours)), len(readout.classes)
    counts = np.bincount(other * k + mine, minlength=k * k).reshape(k, k)
    return Confusion(beside=beside, classes=_names(readout.classes), counts=tuple(map(tuple, counts.tolist())))


def _names(classes: Sequence[object]) -> tuple[str, ...]:
    return tuple(map(str, classes))
