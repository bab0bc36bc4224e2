"""Rule 5t behind noise: what scores say of every column with their noise, in drawn rows, alone and put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.counts import Counted, tenths_of
from pyfe.leakage.findings import Finding
from pyfe.leakage.prior.seeds import normals
from pyfe.leakage.rules.covariance import covariance_of
from pyfe.leakage.rules.excess import COARSER, too_fine_to_count, worst_excess
from pyfe.leakage.rules.kept_rows import TREE_ROWS, tree_rows
from pyfe.leakage.rules.question import MOST_PAIRED, Question
from pyfe.leakage.rules.sampled import public_values

__all__ = ["behind_noise"]

_ADVICE = f"{COARSER}, so that the noise is more of it, or with smaller weights on that column"

_STEPS = 2
"""Cells of an answer in one standard deviation of its noise."""

_LITTLE = 0.05
"""Share of a coordinate's variance that a combination of scores explains beyond the best of them, up to which it is not
looked at."""

_TENTHS = 3
"""Most answers whose tenths are the baseline of a combination: a thousand cells of drawn rows."""


def behind_noise(question: Question) -> list[Finding]:
    """The limits of rule 5t on what scores with their noise say of each private column, in drawn rows, public columns
    known: every score as it was asked for and, up to rank 4, sums and differences of two; and for every column that
    the scores together explain, the combination of them that explains most of it::

        c = (Y S Y' + sd^2)^-1 Y S e,   S = covariance of the free coordinates given the public ones

    so that no two scores hide a column from each other that their combination shows. The baseline of a combination are
    the tenths of the answers themselves.

    The budget counts bits, and not whose: weights that double from one yes/no to the next spend the 4 bits of a score
    on four answers. A score so loud that its answers, in cells of half a standard deviation of the noise, have too few
    neighbours for ``limits.thin`` of the rows is too fine to count.
    """
    drawn = [_Rows(question, public) for public in public_values(question)[0]]
    return next((found for one in _combinations(question) if (found := _judged(question, one, drawn))), [])


@dataclass(frozen=True, eq=False)
class _Combination:
    """``weights`` float64 ``[scores]``, the scores whose tenths are its baseline, and the columns it is counted for."""

    weights: FloatArray
    answers: tuple[int, ...]
    blocks: tuple[int, ...]


def _combinations(question: Question) -> Iterator[_Combination]:
    """Each score, sums and differences of two while there are few, and what explains most of a coordinate."""
    count, private = len(question.noisy_scores), question.private
    unit = np.eye(count)
    yield from (_Combination(unit[i], (i,), private) for i in range(count))
    for i, j in combinations(range(count), 2) if count <= MOST_PAIRED else ():
        yield from (_Combination(unit[i] + sign * unit[j], (i, j), private) for sign in (1, -1))
    if count > 1:
        yield from _for_coordinates(question)


def _for_coordinates(question: Question) -> Iterator[_Combination]:
    """For each free coordinate of which several scores explain more together than each alone, what explains most."""
    rows = np.array(question.noisy_scores, dtype=np.float64)
    towards = covariance_of(question.prior).times(rows)
    total = towards @ rows.T + _sd(question) ** 2 * np.eye(len(rows))
    best: FloatArray = np.asarray(np.linalg.solve(total, towards), dtype=np.float64)
    variance = np.diag(total)
    beyond = (best * towards).sum(axis=0) - (towards**2 / variance[:, None]).max(axis=0)
    for block, places in question.free.places.items():
        own = np.diag(covariance_of(question.prior).block(places))
        for place in places.start + np.flatnonzero(beyond[places] > _LITTLE * own):
            loudest = np.argsort(-np.abs(best[:, place]) * np.sqrt(variance), kind="stable")[:_TENTHS]
            yield _Combination(best[:, place], tuple(loudest.tolist()), (block,))


def _judged(question: Question, one: _Combination, drawn: Sequence[_Rows]) -> list[Finding]:
    mean, limits = Counted.mean([rows.counted(one) for rows in drawn]), question.limits
    if mean.thin > limits.thin:
        note = f"{100 * mean.thin:.0f} % of the rows have an answer that hardly any other has, noise and all"
        return [too_fine_to_count("5t", mean.thin, limits.thin, note)]
    found = worst_excess(question, one.blocks, mean, limits.excess_sampled, "5t", "its answer with noise")
    return [replace(finding, advice=_ADVICE) for finding in found]


@dataclass(frozen=True, eq=False)
class _Rows:
    """Drawn rows with one value of the public columns, and their answers with noise."""

    question: Question
    public: IntArray | None

    @cached_property
    def answers(self) -> FloatArray:
        """What private columns make of each score, and its noise, float64 ``[scores, rows]``."""
        question, drawn = self.question, tree_rows(self.question, self.public).drawn
        scores = [question.blocks.shares(question.free.lift(row)) for row in question.noisy_scores]
        noise = normals(question.kept_seed, "noise of drawn rows", len(scores), TREE_ROWS)
        return np.array([drawn.answers(shares) for shares in scores]) + _sd(question) * noise

    def counted(self, one: _Combination) -> Counted:
        """What a combination of the answers says of its columns, and what the tenths of its answers do."""
        step = _sd(self.question) * np.linalg.norm(one.weights) / _STEPS
        cells = np.floor(one.weights @ self.answers / step).astype(np.int64)
        tenths = [
            tenths_of(answer, np.quantile(answer, np.arange(1, 10) / 10)) for answer in self.answers[list(one.answers)]
        ]
        found = tree_rows(self.question, self.public).drawn.counted([cells], tenths, self.question.limits.certain)
        places = [self.question.private.index(block) for block in one.blocks]
        return Counted(
            **{name: getattr(found, name)[places] for name in ("gain", "sure", "rare", "tenth_gain", "tenth_sure")},
            thin=found.thin,
        )


def _sd(question: Question) -> int:
    noise = question.schema.noise
    return 0 if noise is None else noise.sd
