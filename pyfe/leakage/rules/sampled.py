"""Rule 5t: the counts of rule 5 over rows whose columns depend on each other, public columns known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.counts import TENTHS, Counted, Drawn, cuts_of
from pyfe.leakage.findings import Finding
from pyfe.leakage.prior import LevelArray
from pyfe.leakage.prior.seeds import uniforms
from pyfe.leakage.rules.excess import too_fine_to_count, worst_excess
from pyfe.leakage.rules.kept_rows import tree_rows
from pyfe.leakage.rules.public_part import public_parts
from pyfe.leakage.rules.question import Question

__all__ = ["VECTORS", "PublicValues", "counted_in_rows", "judged_by", "public_values", "sampled", "told"]

PublicValues: TypeAlias = Sequence[IntArray | None]
"""Levels of the public columns, in their order; None where no column is public."""

VECTORS = 4
"""Values of the public columns over which the figures of one question are averaged."""

_KEPT_VECTORS = 12
"""Those that are kept with their rows, for a question's to be chosen from."""


def sampled(question: Question) -> list[Finding]:
    """Rule 5t: the scores of rule 5 over rows of the prior's tree, given the public columns, guessed from one half of
    them and judged on the other.

    Figures are means over :data:`VECTORS` values of the public columns, which nobody who asks knows; the limits are
    those of rule 5, with ``limits.excess_sampled``. Tenths are of the whole score, with what public columns add to it,
    over rows with drawn public columns. A score whose answers have too few neighbours for more than ``limits.thin`` of
    the rows is too fine to count, at those values or with a public column at its least or greatest one, and is refused.
    A blind prior has no dependence to look at: rule 5 is all.
    """
    return judged_by(question, counted_in_rows(question))


def counted_in_rows(question: Question) -> list[Counted]:
    """For each score, what it says of the private blocks: the mean over the drawn values of the public columns;
    ``thin`` is the worst of all values. Nothing where the prior is blind."""
    return [] if question.prior.blind else told(question, *public_values(question))


def judged_by(question: Question, counts: Sequence[Counted]) -> list[Finding]:
    """The first score that is refused for what was counted of it."""
    return next((refused for counted in counts if (refused := _judged(question, counted))), [])


def told(question: Question, drawn: PublicValues, extreme: PublicValues) -> list[Counted]:
    """What each score says about the class of each private column, given levels of the public columns: means over the
    drawn ones; ``thin`` is that of the thinnest, the extremes included."""
    scores = _scores(question)
    counts: list[list[Counted]] = [[] for _ in scores]
    for public in [*drawn, *extreme]:
        rows = tree_rows(question, public).drawn
        for score, found in zip(scores, counts, strict=True):
            found.append(score.counted(rows, public, question.limits.certain))
    thinnest = (max(one.thin for one in found) for found in counts)
    means = (Counted.mean(found[: len(drawn)]) for found in counts)
    return [replace(mean, thin=thin) for mean, thin in zip(means, thinnest, strict=True)]


def _judged(question: Question, mean: Counted) -> list[Finding]:
    limits = question.limits
    if mean.thin > limits.thin:
        note = f"{100 * mean.thin:.0f} % of the rows have an answer that hardly any other has"
        return [too_fine_to_count("5t", mean.thin, limits.thin, note)]
    return worst_excess(question, question.private, mean, limits.excess_sampled, "5t", "its answer, in drawn rows")


@dataclass(frozen=True, eq=False)
class _Score:
    """``shares``: what the levels of every column add, int64 ``[levels]``, public ones nothing; ``public``: what those
    of the public ones add, float64 ``[levels]``; ``cuts``: between the tenths; ``answers``: of the rows ``drawn``."""

    shares: list[IntArray]
    public: list[FloatArray]
    cuts: FloatArray
    drawn: Drawn
    answers: IntArray

    def counted(self, rows: Drawn, public: IntArray | None, certain: float) -> Counted:
        """Over rows with one value of the public columns."""
        known = 0.0 if public is None else sum(float(t[v]) for t, v in zip(self.public, public.tolist(), strict=True))
        answers = self.answers if rows is self.drawn else rows.answers(self.shares)
        return rows.counted_by_cuts(answers, self.cuts, known, certain)


def _scores(question: Question) -> list[_Score]:
    blocks, combined = question.blocks, question.counted
    rows, found = tree_rows(question), []
    for row, weights in zip(combined, public_parts(question, combined), strict=True):
        shares = question.shares(question.free.lift(row))
        public = [blocks.codes[b] @ weights[blocks.slices[b]] for b in np.flatnonzero(blocks.public)]
        answers = rows.drawn.answers(shares)
        found.append(_Score(shares, public, _cuts(answers, public, rows.levels), rows.drawn, answers))
    return found


def _cuts(answers: IntArray, public: list[FloatArray], levels: LevelArray) -> FloatArray:
    """Between the tenths of what answers are together with what public columns add, whose levels are ``levels``."""
    if not any(table.any() for table in public):
        return cuts_of(answers)
    whole = answers.astype(np.float64)
    for table, column in zip(public, levels.T, strict=True):
        whole += table[column]
    return np.asarray(np.quantile(whole, TENTHS))


def public_values(question: Question) -> tuple[PublicValues, PublicValues]:
    """Levels of the public columns: those chosen for this question, and those with one column at an end."""
    prior, seed = question.prior, question.kept_seed
    kept = prior.public_vectors(_KEPT_VECTORS, seed)
    if not kept:
        return [None], []
    places = np.argsort(uniforms(question.seed("public columns"), "public columns", _KEPT_VECTORS))
    return [kept[place] for place in places[:VECTORS]], prior.extremes(seed)
