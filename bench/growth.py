"""How does cost grow, with coordinates, bits, rows and threads, and is it as the formula says?

Each curve is a verb at sizes that double, over at least one and a half decades. Its cost formula counts the work that
grows (:class:`Sweep`); what does not (tables of a batch, a call, a search) is one fixed cost, fitted together with the
price of the formula's unit to the same times. A figure is the slope of the measured times on logarithmic axes; beside
it stands the slope of the formula with its fixed cost. Sizes at which the fixed cost is over half are left out of both,
and batches are multiples of the eight lanes, or of the ring's slots: a batch costs what its last lanes cost, filled or
not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import process_time
from typing import Any

import numpy as np

from bench.measure import Clock, Measurement, Settings, Task, interleaved
from bench.report import DECADES
from bench.turns import turns_of

ROUNDS = 9
PREDICTED = "the cost formula, with one fixed cost"
FEW = "the cost formula, over fewer than 1.5 decades"
FEWEST = 3
"""Sizes that make a slope."""


@dataclass(frozen=True)
class Sweep:
    """A curve: its id without "sweep." and the axis last, the sizes, the call that one size times, and its formula:
    work that grows, in any unit. ``repeat``: calls within a turn, of short ones. ``clock``: the processor's, or the
    wall's for threads. ``judged``: whether it has a formula that holds anywhere."""

    name: str
    sizes: tuple[int, ...]
    call: Callable[[int], Callable[[], object]]
    formula: Callable[[int], float]
    repeat: int = 1
    clock: Clock = field(default=process_time)
    smoke: int = 3

    @property
    def id(self) -> str:
        """The figure."""
        return f"sweep.{self.name}"

    @property
    def axis(self) -> str:
        """What is varied."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Fit:
    """seconds = price * formula + fixed, both at least 0."""

    price: float
    fixed: float

    def at(self, work: float) -> float:
        """Seconds."""
        return self.price * work + self.fixed

    def grows(self, work: float) -> bool:
        """Whether the variable part is over half."""
        return self.price * work > self.fixed


def fit(work: Sequence[float], seconds: Sequence[float]) -> Fit:
    """The least relative squares: every size weighs the same, however long it takes."""
    F, T = np.array(work, dtype=float), np.array(seconds, dtype=float)
    (price, fixed), *_ = np.linalg.lstsq(np.stack([F / T, 1 / T], axis=1), np.ones(len(T)), rcond=None)
    if fixed < 0:
        return Fit(_alone(F / T), 0.0)
    return Fit(float(price), float(fixed)) if price > 0 else Fit(0.0, _alone(1 / T))


def _alone(column: Any) -> float:
    """The one factor that brings a column nearest to ones."""
    return float(column.sum() / (column**2).sum())


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Of the straight line through the points on logarithmic axes."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def summed_up(sweep: Sweep, sizes: Sequence[int], times: Sequence[float]) -> Measurement:
    """The figure of a curve: measured slope, the formula's slope, and the curve itself."""
    work = [sweep.formula(size) for size in sizes]
    found = fit(work, times)
    kept = [index for index, each in enumerate(work) if found.grows(each)]
    enough = len(kept) >= FEWEST
    used = kept if enough else list(range(len(sizes)))
    x, seconds = [sizes[index] for index in used], [float(times[index]) for index in used]
    decades = math.log10(x[-1] / x[0])
    said = PREDICTED if enough and decades >= DECADES else FEW
    curve = {
        "axis": sweep.axis,
        "sizes": list(sizes),
        "seconds": [digits(time) for time in times],
        "turns": [[digits(turn) for turn in turns_of(time)] for time in times],
        "predicted": [digits(found.at(each)) for each in work],
        "fixed": digits(found.fixed),
        "over_half": [index in kept for index in range(len(sizes))],
        "decades": round(decades, 2),
    }
    predicted = slope(x, [found.at(work[index]) for index in used])
    return Measurement(sweep.id, slope(x, seconds), said, predicted, curve)


def digits(value: float) -> float:
    """Four of them."""
    return float(f"{value:.4g}")


def measured(sweep: Sweep, settings: Settings) -> Measurement:
    """All sizes in turn."""
    sizes = sweep.sizes[: sweep.smoke] if settings.smoke else sweep.sizes
    tasks = [Task(sweep.call(size), repeat=sweep.repeat) for size in sizes]
    for task in tasks:
        task.run()
    return summed_up(sweep, sizes, interleaved(tasks, settings.rounds(ROUNDS), sweep.clock))
