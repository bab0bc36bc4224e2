#!/usr/bin/env python
"""How many keys open half of the records, as rule 7 (a) predicts and as a lattice attack measures.

    python scripts/measure_lattice.py [--sizes 10 30 64] [--bits 3 6 9 12] [--rows 40] [--picture FILE.png]

Keys have uniform weights of so many bits on all columns of a real table at 8 bits a column: 10 (diabetes), 30 (breast
cancer) and 64 (digits). What is known of the population is fitted to 60 % of the rows; others are attacked. Predicted:
the first number of keys whose Babai figure passes 0.5. Measured: the first number from which on the likeliest record
(BKZ-20 and enumeration) is the true one for half of the rows. H - I: bits of a row that the answers leave at the
predicted number, by the same Gaussian bound for both. The plot has one point a table and size of weights; rule 7 is
right where predicted and measured differ by one at most. It exits 1 where they differ by more. Needs the extras attack
and demo; a minute of a processor. The slow tests run it.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pyfe.arrays import IntArray
from pyfe.leakage import LinearAccount, Prior, Question, Reference, attack
from pyfe.leakage.rules.information import information
from pyfe.leakage.rules.rounding_off import success
from pyfe.schema import Schema

HEADER = ("columns", "weight bits", "keys predicted", "keys measured", "H - I at the prediction", "within one")
HALF = 0.5


@dataclass(frozen=True)
class Point:
    """Of one table and one size of weights: the numbers of keys, and the bits that are left at the predicted one."""

    columns: int
    bits: int
    predicted: int
    measured: int
    left: float

    @property
    def agrees(self) -> bool:
        """Whether the two numbers differ by one at most, on either side."""
        return abs(self.predicted - self.measured) <= 1

    def cells(self) -> list[str]:
        """A line of the table."""
        numbers = [str(value) for value in (self.columns, self.bits, self.predicted, self.measured)]
        return [*numbers, f"{self.left:.1f}", "yes" if self.agrees else "NO"]


def main() -> int:
    """Print the table, and draw it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[10, 30, 64], choices=(10, 30, 64))
    parser.add_argument("--bits", nargs="+", type=int, default=[3, 6, 9, 12])
    parser.add_argument("--rows", type=int, default=40, help="rows that are attacked")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}")
    points = []
    for size in options.sizes:
        prior, levels = population(size, options.rows, options.seed)
        for bits in options.bits:
            points.append(measured(prior, levels, bits, np.random.default_rng([options.seed, size, bits])))
            print(f"| {' | '.join(points[-1].cells())} |", flush=True)
    if options.picture is not None:
        draw(points, options.picture)
    return int(not all(point.agrees for point in points))


def population(size: int, rows: int, seed: int) -> tuple[Prior, IntArray]:
    """What is known of a table of so many columns, and the levels of rows that are not among those it is known from."""
    from sklearn import datasets

    loaders = {10: datasets.load_diabetes, 30: datasets.load_breast_cancer, 64: datasets.load_digits}
    frame = loaders[size](as_frame=True, **({"scaled": False} if size == 10 else {})).data
    moved = frame + np.random.default_rng(seed).uniform(-0.5, 0.5, frame.shape) if size == 64 else frame
    order = np.random.default_rng(seed).permutation(len(moved))
    cut = int(0.6 * len(order))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of columns that count up
        schema = Schema.fit(moved.iloc[order[:cut]], bits=8)
    prior = Reference.from_table(moved.iloc[order[:cut]], schema)
    x = schema.encode(moved.iloc[order[cut : cut + rows]], "clip").x
    return prior, prior.blocks.levels(x)


def measured(prior: Prior, levels: IntArray, bits: int, rng: np.random.Generator) -> Point:
    """Both numbers of keys, by one more key at a time from the same draw."""
    n = prior.blocks.schema.n
    most = 2 ** (bits - 1) - 1
    rows = rng.integers(-most, most + 1, (n, n))
    predicted = first(n, lambda k: success(question(prior, rows[:k])) > HALF)
    found = first(n, lambda k: opened(prior, rows[:k], levels) >= HALF)
    left = whole(prior) - question(prior, rows[: min(predicted, n - 1)]).information.bits
    return Point(n, bits, predicted, found, left)


def first(n: int, holds: Callable[[int], bool]) -> int:
    """The least number of keys from which on it holds, by halving; with n independent keys it does."""
    low, high = 0, n
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def question(prior: Prior, rows: IntArray) -> Question:
    """What rule 7 is asked."""
    account = LinearAccount(prior.blocks.schema)
    return Question(account, account.with_rows(rows), rows, prior)


def opened(prior: Prior, rows: IntArray, levels: IntArray) -> float:
    """Of how many rows the likeliest record is the true one."""
    return attack.opened(attack.likeliest(attack.Told.of(prior, rows, levels)), prior, levels).records


def whole(prior: Prior) -> float:
    """Bits of all free coordinates, by the bound that I has."""
    free = LinearAccount(prior.blocks.schema).free
    return information(np.eye(len(free), dtype=np.int64).tolist(), free, prior).bits


def draw(points: list[Point], picture: Path) -> None:
    """Predicted against measured, with the band of one key on either side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 5.5), layout="constrained")
    axes = figure.subplots()
    ends = np.array([0, max(max(p.predicted, p.measured) for p in points) + 2])
    axes.fill_between(ends, ends - 1, ends + 1, color="#dddddd", label="within one key")
    for size in sorted({point.columns for point in points}):
        chosen = [point for point in points if point.columns == size]
        axes.plot([p.predicted for p in chosen], [p.measured for p in chosen], "o", label=f"{size} columns")
        for point in chosen:
            note = f" {point.bits} bits, H - I {point.left:.0f}"
            axes.annotate(note, (point.predicted, point.measured), fontsize=7)
    axes.set_xlabel("keys at which the Babai figure passes 0.5")
    axes.set_ylabel("keys that open half of the records")
    axes.legend(loc="upper left")
    figure.savefig(picture)


if __name__ == "__main__":
    sys.exit(main())
