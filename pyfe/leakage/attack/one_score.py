"""One score: what its value says of every column, and the likeliest record behind it, by dynamic programming."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pyfe._core import counting
from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.leakage.attack.guess import Guess, prior_guess
from pyfe.leakage.attack.told import Told, require_told
from pyfe.leakage.counts import Score
from pyfe.leakage.prior import LevelArray

__all__ = ["one_score"]

_MOST_CHOSEN = 2**29
"""Most values times columns: the levels that lead to them, of which half are there, take two bytes each."""


def one_score(told: Told, *, by_tenth: bool = False) -> Guess:
    """The classes and the record that are likeliest given one answer, columns independent with the prior's marginals.

    A column's posterior follows from the distribution of the sum of all others (:func:`pyfe._core.counting`); the
    likeliest record by maximising column after column (Bellman, *Dynamic Programming*, 1957; Viterbi, IEEE Trans. Inf.
    Theory 13, 1967). by_tenth: what follows from the tenth of the distribution that the answer lies in, alone.

    ParameterError for several keys, or an answer that no record has; OutOfRangeError where the score is too fine
    (:attr:`pyfe.leakage.counts.Score.countable`). Cost: time width x levels of all columns, memory width x columns.
    """
    require_told(told)
    if len(told.rows) != 1:
        raise ParameterError(f"this is the attack on one key, not on {len(told.rows)}")
    blocks, prior = told.prior.blocks, told.prior
    shares = blocks.shares(told.rows[0].tolist())
    used = [b for b in blocks.private if len(np.unique(shares[b])) > 1]
    score = _Sum([shares[b] - shares[b][0] for b in used], [prior.marginals[b] for b in used])
    groups, found = score.groups(told.over_levels[:, 0], by_tenth=by_tenth)
    guess = prior_guess(prior, len(told))
    for place, block in enumerate(blocks.private):
        if block in used:
            posterior = score.posterior(used.index(block), prior.classes[block], groups)
            guess.classes[:, place] = posterior.argmax(axis=1)[found]
            guess.chance[:, place] = posterior.max(axis=1)[found]
        else:
            guess.levels[:, place] = int(prior.marginals[block].argmax())
    records = score.likeliest(groups)
    for place, block in enumerate(used):
        guess.levels[:, blocks.private.index(block)] = records[found, place]
    return guess


class _Sum:
    """A sum of independent columns, counted from its least value in steps of its greatest common divisor."""

    def __init__(self, shares: Sequence[IntArray], marginals: Sequence[FloatArray]) -> None:
        if not Score(shares, marginals).countable:
            raise OutOfRangeError("the score is too fine: its width times the levels of its columns is beyond 3 10^10")
        self.least = sum(int(share.min()) for share in shares)
        self.step = math.gcd(*(int(np.gcd.reduce(share)) for share in shares)) or 1
        self.shares = [(share - share.min()) // self.step for share in shares]
        self.marginals = [np.ascontiguousarray(mass) for mass in marginals]
        self.width = sum(int(share.max()) for share in self.shares)
        if self.width * len(self.shares) > _MOST_CHOSEN:
            raise OutOfRangeError(
                f"the score is too fine: its width times its columns, {self.width * len(self.shares)}, is beyond "
                f"{_MOST_CHOSEN}"
            )

    def groups(self, answers: IntArray, *, by_tenth: bool) -> tuple[list[IntArray], IntArray]:
        """The sets of values that answers tell apart, and which of them each answer is in."""
        values, off = np.divmod(answers - self.least, self.step)
        if off.any() or values.min(initial=0) < 0 or values.max(initial=0) > self.width:
            raise ParameterError("no record has these answers")
        if not by_tenth:
            distinct, found = np.unique(values, return_inverse=True)
            return [np.array([value]) for value in distinct], found.reshape(-1)
        mass = counting.distribution(self.shares, self.marginals)
        tenth = np.floor(10 * (np.cumsum(mass) - mass / 2) + 1e-9).clip(0, 9)
        distinct, found = np.unique(tenth[values], return_inverse=True)
        return [np.flatnonzero(tenth == one) for one in distinct], found.reshape(-1)

    def posterior(self, place: int, classes: IntArray, groups: Sequence[IntArray]) -> FloatArray:
        """Probability of each class of a column given each group of values, float64 ``[groups, classes]``."""
        share, mass = self.shares[place], self.marginals[place]
        rest = [i for i in range(len(self.shares)) if i != place]
        others = counting.distribution([self.shares[i] for i in rest], [self.marginals[i] for i in rest])
        values, place_of = np.unique(share, return_inverse=True)
        own = np.zeros((len(values), int(classes.max()) + 1))
        np.add.at(own, (place_of.reshape(-1), classes), mass)
        # a group is a run of values: what the others add to reach it, for each value of this column
        first, end = (np.array([of[at] for of in groups])[:, None] - values for at in (0, -1))
        first, end = (np.clip(part, 0, len(others)) for part in (first, end + 1))
        below = np.concatenate([[0.0], np.cumsum(others)])
        alone = np.append(others, 0.0)[first] * (end > first)  # as it is: a difference of sums would round it
        found = np.where(end - first > 1, below[end] - below[first], alone) @ own
        total = found.sum(axis=1, keepdims=True)
        return np.asarray(found / np.where(total > 0, total, 1.0))

    def likeliest(self, groups: Sequence[IntArray]) -> IntArray:
        """The likeliest levels of all columns in each group, int64 ``[groups, columns]``."""
        best, chosen = np.zeros(1), list[LevelArray]()
        for share, mass in zip(self.shares, self.marginals, strict=True):
            grown = np.full(len(best) + int(share.max()), -np.inf)
            taken = np.full(len(grown), -1, dtype=np.int16)
            for value in np.unique(share):
                level = int(np.where(share == value, mass, -1.0).argmax())
                reached = slice(int(value), int(value) + len(best))
                better = best + math.log(mass[level]) > grown[reached]
                grown[reached] = np.where(better, best + math.log(mass[level]), grown[reached])
                taken[reached] = np.where(better, level, taken[reached])
            best = grown
            chosen.append(taken)
        at = np.array([values[best[values].argmax()] for values in groups], dtype=np.int64)
        records = np.empty((len(groups), len(self.shares)), dtype=np.int64)
        for place in reversed(range(len(self.shares))):
            records[:, place] = chosen[place][at]
            at = at - self.shares[place][records[:, place]]
        return records
