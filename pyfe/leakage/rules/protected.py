"""Rule 5 for protected columns behind noise: noise is one more column, and everything is counted as without it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.counts import MOST_WORK, Counted, Score
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.excess import too_fine_to_count, worst_excess
from pyfe.leakage.rules.question import MOST_PAIRED, Question
from pyfe.schema import Slots

__all__ = ["counted_behind_noise", "protected"]

_ADVICE = "Ask for a score in which the protected column counts for less"


def protected(question: Question) -> list[Finding]:
    """Rule 5's limits for protected columns, on every score as it was asked for and, up to rank 4, on sums and
    differences of two; each with its noise, whose levels and probabilities are those of one more column.

    The budget counts bits, and not whose: weights that double from one yes/no to the next spend the 4 bits of a score
    on four answers, of which the second lies 14 standard deviations of the noise apart and explains a fifth of the
    variance. Of the other columns, and of scores put together, :func:`.behind_noise.behind_noise` says what is told.
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


def counted_behind_noise(question: Question) -> Iterator[tuple[list[int], Counted] | Finding]:
    """What each of these scores says of the private blocks that it has a weight on, or that it is too fine to count;
    nothing where the schema has no noise."""
    noise = question.schema.noise
    if noise is not None:
        yield from (_counted(question, row, draws, noise) for row, draws in _scores(question))


def _scores(question: Question) -> Iterator[tuple[IntArray, int]]:
    """Scores as rows of the schema without its slots, and how many draws of noise are in each."""
    rows = np.array([question.free.lift(row) for row in question.noisy_scores], dtype=object)  # sums may not fit
    yield from ((row, 1) for row in rows)
    if len(rows) <= MOST_PAIRED:
        for a, b in combinations(rows, 2):
            yield from ((a + b, 2), (a - b, 2))


def _counted(question: Question, row: IntArray, draws: int, noise: Slots) -> tuple[list[int], Counted] | Finding:
    shares = question.blocks.shares(row)
    used = [block for block in question.private if shares[block].any()]
    prior, (levels, mass) = question.prior, _gaussian(noise)
    score = Score(
        [*(shares[block] for block in used), *[levels] * draws],
        [*(prior.marginals[block] for block in used), *[mass] * draws],
    )
    if not score.countable:
        note = f"{score.width + 1} values over all levels of {len(used)} columns and the noise"
        return too_fine_to_count("5", float(score.work), float(MOST_WORK), note)
    classes = [*(prior.classes[block] for block in used), *[np.zeros_like(levels)] * draws]
    return used, score.beside(classes, question.limits.certain)


def _gaussian(noise: Slots) -> tuple[IntArray, FloatArray]:
    """What is drawn, and with which probability."""
    levels = np.arange(-noise.reach, noise.reach + 1)
    mass = np.exp(-((levels / noise.sd) ** 2) / 2)
    return levels, mass / mass.sum()
