"""Rule 5: what every score says about every private column, counted exactly with independent columns."""

from __future__ import annotations

from collections.abc import Sequence

from pyfe.leakage.counts import MOST_WORK, Counted, Score
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.excess import too_fine_to_count, worst_excess
from pyfe.leakage.rules.question import Question

__all__ = ["counted_exactly", "score_of", "told_by", "variables"]


def variables(question: Question) -> list[Finding]:
    """Rule 5: for each row of Z, up to rank 4 sums and differences of two, and combinations that say most
    (:attr:`Question.combinations`): the joint distribution of every private column's class with the score, columns
    independent with the prior's marginals.

    What the score says about a column *by its meaning*, by the tenth of its distribution that an answer lies in, may be
    known; judged is what the answer says above that, by the limits of :func:`.excess.worst_excess`. A score that is too
    fine to count (:attr:`pyfe.leakage.counts.Score.countable`) is refused.
    """
    for row in question.combinations:
        counted = counted_exactly(question, row)
        if isinstance(counted, Finding):
            return [counted]
        found = worst_excess(question, *counted, question.limits.excess, "5", "its answer")
        if found:
            return found
    return []


def score_of(question: Question, row: list[int]) -> tuple[list[int], Score]:
    """The private blocks on which a row ``[n]`` of the schema has a weight, and the score that they make of it."""
    shares = question.shares(row)
    used = [block for block in question.private if shares[block].any()]
    return used, Score([shares[b] for b in used], [question.prior.marginals[b] for b in used])


def told_by(question: Question, used: Sequence[int], score: Score) -> Counted:
    """What a score says about the class of each of its columns."""
    return score.beside([question.prior.classes[b] for b in used], question.limits.certain)


def counted_exactly(question: Question, row: list[int]) -> tuple[list[int], Counted] | Finding:
    """What one score ``[n]`` says of the private blocks that it has a weight on, or that it is too fine to count."""
    used, score = score_of(question, row)
    if not score.countable:
        note = f"{score.width + 1} values over all levels of {len(used)} columns"
        return too_fine_to_count("5", float(score.work), float(MOST_WORK), note)
    return used, told_by(question, used, score)
