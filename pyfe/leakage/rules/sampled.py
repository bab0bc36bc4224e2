"""Rule 5t: the counts of rule 5 over rows whose columns depend on each other, public columns known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.counts import Counted, Drawn, tenths_of
from pyfe.leakage.findings import Finding
from pyfe.leakage.prior import LevelArray
from pyfe.leakage.rules.excess import too_fine_to_count, worst_excess
from pyfe.leakage.rules.public_part import public_parts
from pyfe.leakage.rules.question import MOST_PAIRED, Question

__all__ = ["ROWS", "sampled"]

ROWS = 2**17
"""Rows of a sample: one half tells what to guess, the other whether it is right."""

VECTORS = 4
"""Values of the public columns over which the figures are averaged."""


def sampled(question: Question) -> list[Finding]:
    """Rule 5t: the scores of rule 5 over :data:`ROWS` rows of the prior's tree, given the public columns.

    Figures are means over :data:`VECTORS` drawn values of the public columns; the limits are those of rule 5, with
    ``limits.excess_sampled``. Tenths are of the whole score, with what public columns add to it, over all rows of the
    kept sample. A score whose answers have too few neighbours for more than ``limits.thin`` of the rows is too fine to
    count, at the drawn values or with a public column at its least or greatest one, and refused. A blind prior has no
    dependence to look at: rule 5 is all.
    """
    if question.prior.blind:
        return []
    scores = _scores(question)
    drawn, extreme = _samples(question)
    counts: list[list[Counted]] = [[] for _ in scores]
    for public in [*drawn, *extreme]:
        rows = _drawn(question, _rows(question, public))
        for score, found in zip(scores, counts, strict=True):
            found.append(score.counted(rows, public))
    for found in counts:
        refused = _judged(question, found, len(drawn))
        if refused:
            return refused
    return []


def _judged(question: Question, counts: Sequence[Counted], drawn: int) -> list[Finding]:
    thin, limits = max(one.thin for one in counts), question.limits
    if thin > limits.thin:
        note = f"{100 * thin:.0f} % of the rows have an answer that hardly any other has"
        return [too_fine_to_count("5t", thin, limits.thin, note)]
    mean = Counted.mean(counts[:drawn])
    return worst_excess(question, question.private, mean, limits.excess_sampled, "5t", "its answer, in drawn rows")


@dataclass(frozen=True, eq=False)
class _Score:
    """``shares``: what levels of private columns add; ``public``: those of public ones, float64 ``[levels]``; ``cuts``
    between the tenths."""

    shares: list[IntArray]
    public: list[FloatArray]
    cuts: FloatArray

    def counted(self, rows: Drawn, public: IntArray | None) -> Counted:
        """Over rows with one value of the public columns."""
        answers = rows.answers(self.shares)
        known = 0.0 if public is None else sum(float(t[v]) for t, v in zip(self.public, public.tolist(), strict=True))
        return rows.counted([answers], [tenths_of(answers + known, self.cuts)])


def _scores(question: Question) -> list[_Score]:
    blocks, combined = question.blocks, question.combined(MOST_PAIRED)
    levels = _rows(question, None)
    rows = _drawn(question, levels)
    found = []
    for row, weights in zip(combined, public_parts(question, combined), strict=True):
        shares = blocks.shares(question.free.lift(row))
        public = [blocks.codes[b] @ weights[blocks.slices[b]] for b in np.flatnonzero(blocks.public)]
        whole = rows.answers(shares) + sum(
            table[levels[:, b]] for table, b in zip(public, np.flatnonzero(blocks.public), strict=True)
        )
        found.append(_Score(shares, public, np.quantile(whole, np.arange(1, 10) / 10)))
    return found


def _samples(question: Question) -> tuple[Sequence[IntArray | None], Sequence[IntArray]]:
    """Values of the public columns: those drawn, and those with one column at an end."""
    seed = question.seed("public columns")
    drawn = question.prior.public_vectors(VECTORS, seed)
    return (drawn, question.prior.extremes(seed)) if drawn else ([None], [])


def _rows(question: Question, public: IntArray | None) -> LevelArray:
    return question.prior.tree_rows(ROWS, question.kept_seed, public)


def _drawn(question: Question, levels: LevelArray) -> Drawn:
    private = question.private
    return Drawn(levels, private, [question.prior.classes[b] for b in private], question.limits.certain)
