"""Rule 5: what every score says about every private column, counted exactly with independent columns."""

from __future__ import annotations

from collections.abc import Sequence

from pyfe.leakage.counts import MOST_WORK, Score
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.excess import too_fine_to_count, worst_excess
from pyfe.leakage.rules.question import Question

__all__ = ["variables"]


def variables(question: Question) -> list[Finding]:
    """Rule 5: for each row of Z and, up to rank 4, sums and differences of two: the joint distribution of every private
    column's class with the score, columns independent with the prior's marginals.

    What the score says about a column *by its meaning*, by the tenth of its distribution that an answer lies in, may be
    known; judged is what the answer says above that, by the limits of :func:`.excess.worst_excess`. A score that is too
    fine to count (:attr:`pyfe.leakage.counts.Score.countable`) is refused.
    """
    for row in question.combinations:
        found = _of_one(question, row)
        if found:
            return found
    return []


def _of_one(question: Question, row: Sequence[int]) -> list[Finding]:
    shares = question.blocks.shares(row)
    used = [block for block in question.private if shares[block].any()]
    score = Score([shares[b] for b in used], [question.prior.marginals[b] for b in used])
    if not score.countable:
        note = f"{score.width + 1} values over all levels of {len(used)} columns"
        return [too_fine_to_count("5", float(score.work), float(MOST_WORK), note)]
    counted = score.beside([question.prior.classes[b] for b in used], question.limits.certain)
    return worst_excess(question, used, counted, question.limits.excess, "5", "its answer")
