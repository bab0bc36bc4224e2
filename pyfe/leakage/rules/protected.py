"""Rule 5 for protected columns behind noise: noise is one more column, and everything is counted as without it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.leakage.counts import MOST_WORK, Counted, Score
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.covariance import covariance_of
from pyfe.leakage.rules.excess import too_fine_to_count, worst_excess
from pyfe.leakage.rules.question import MOST_PAIRED, Question
from pyfe.schema import Slots

__all__ = ["counted_behind_noise", "protected"]

_LARGEST = 16
"""Of the coefficients of a combination: rounding them takes less than a hundredth off what it predicts."""

_ADVICE = "Ask for a score in which the protected column counts for less"


def protected(question: Question) -> list[Finding]:
    """Rule 5's limits for protected columns, on every score as it was asked for, up to rank 4 on sums and differences
    of two, and on the combination of all scores that predicts the column best; each with its noise, whose levels and
    probabilities are those of one more column.

    The budget counts bits, and not whose: weights that double from one yes/no to the next spend the 4 bits of a score
    on four answers, of which the second lies 14 standard deviations of the noise apart and explains a fifth of the
    variance. And where several scores say little of a column each, through noises of their own, their mean says more.
    Of the other columns :func:`.behind_noise.behind_noise` says what is told.
    """
    if not any(question.blocks.protected[block] for block in question.private):
        return []
    for counted in counted_behind_noise(question):
        found = (
            [counted]
            if isinstance(counted, Finding)
            else worst_excess(question, *counted, math.inf, "5", "its answer with noise")
        )
        if found:
            return [replace(one, advice=_ADVICE) for one in found]
    return []


@dataclass(frozen=True, eq=False)
class _Noisy:
    """A score: its row over the schema without slots, how many draws of noise are in it, and in which steps it is
    counted."""

    row: AnyArray
    draws: float = 1.0
    step: int = 1


def counted_behind_noise(question: Question) -> Iterator[tuple[list[int], Counted] | Finding]:
    """What each of these scores says of the private blocks that it has a weight on, or that it is too fine to count;
    nothing where the schema has no noise."""
    noise = question.schema.noise
    if noise is not None:
        yield from (_counted(question, score, noise) for score in _scores(question))


def _scores(question: Question) -> Iterator[_Noisy]:
    """Scores as they were asked for, sums and differences, and what predicts a protected column best."""
    rows = np.array([question.free.lift(row) for row in question.noisy_scores], dtype=object)  # sums may not fit
    yield from map(_Noisy, rows)
    if len(rows) <= MOST_PAIRED:
        for a, b in combinations(rows, 2):
            yield from (_Noisy(a + b, 2.0), _Noisy(a - b, 2.0))
    if len(rows) > 1:
        for mix in _predictors(question):
            yield _Noisy(mix @ rows, float((mix**2).sum()), _LARGEST)


def _predictors(question: Question) -> Iterator[AnyArray]:
    """For every coordinate of protected columns the combination of scores that predicts it best (of Gaussian columns),
    noise and all: ``(Y S Y' + sd^2)^-1 Y S e_i``, in integers of which the largest is :data:`_LARGEST`."""
    noise, free = question.schema.noise, question.free
    forms = np.array(question.noisy_scores, dtype=np.float64)
    towards = covariance_of(question.prior).times(forms)
    spread = towards @ forms.T + (0 if noise is None else noise.sd**2) * np.eye(len(forms))
    found = np.linalg.solve(spread, towards)
    for block, places in free.places.items():
        of_levels = [*found[:, places].T, found[:, places].sum(axis=1)]  # the last one: the level that is left out
        for mix in of_levels if question.blocks.protected[block] else ():
            largest = np.abs(mix).max()
            if largest > 0:
                yield np.rint(_LARGEST * mix / largest).astype(np.int64).astype(object)


def _counted(question: Question, noisy: _Noisy, noise: Slots) -> tuple[list[int], Counted] | Finding:
    shares = [np.rint(share / noisy.step).astype(np.int64) for share in question.blocks.shares(noisy.row)]
    used = [block for block in question.private if shares[block].any()]
    prior, (levels, mass) = question.prior, _gaussian(noise, math.sqrt(noisy.draws) / noisy.step)
    score = Score([*(shares[block] for block in used), levels], [*(prior.marginals[block] for block in used), mass])
    if not score.countable:
        note = f"{score.width + 1} values over all levels of {len(used)} columns and the noise"
        return too_fine_to_count("5", float(score.work), float(MOST_WORK), note)
    classes = [*(prior.classes[block] for block in used), np.zeros_like(levels)]
    return used, score.beside(classes, question.limits.certain)


def _gaussian(noise: Slots, factor: float) -> tuple[IntArray, FloatArray]:
    """Noise times a factor: what it is, in whole numbers, and with which probability."""
    reach = math.ceil(noise.reach * factor)
    levels = np.arange(-reach, reach + 1)
    mass = np.exp(-((levels / (noise.sd * factor)) ** 2) / 2)
    return levels, mass / mass.sum()
