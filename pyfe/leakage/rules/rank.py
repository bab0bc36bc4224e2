"""Rule 3: how many independent scores one patient may meet."""

from __future__ import annotations

from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.question import Asked, Question

__all__ = ["most_scores", "rank", "room", "too_many"]

_ADVICE = (
    "One score says less than several: ask for one class against the rest, compute what follows from the scores that "
    "were issued, or wait for the next epoch"
)


def most_scores(question: Asked) -> int:
    """The largest rank that the rule allows: for n_b private columns, the least of ``most_rank``,
    ``max(1, floor(n_b / 3))`` and ``n_b - 2``."""
    limits, private = question.limits, len(question.private)
    by_columns = max(1, private // limits.columns_a_rank)
    return max(0, min(limits.most_rank, by_columns, private - limits.unknown_columns))


def room(question: Question) -> list[Finding]:
    """Rule 3's bound for every schema, asked before the lattice is: rules that look at it are not made for more."""
    return too_many(question, question.after.rank, question.limits.most_rank)


def rank(question: Question) -> list[Finding]:
    """Rule 3: at most :func:`most_scores` independent scores, everything issued before included."""
    return too_many(question, question.after.rank, most_scores(question))


def too_many(question: Asked, found: int, most: int) -> list[Finding]:
    """The finding that so many scores are independent where the rule allows fewer, if it does."""
    if found <= most:
        return []
    note = f"{found} independent ones where the rule allows {most} for {len(question.private)} private column(s)"
    return [Finding("rank", rule="3", figure=float(found), limit=float(most), note=note, advice=_ADVICE)]
