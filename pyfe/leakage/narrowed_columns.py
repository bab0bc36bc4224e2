"""What linear keys say of every private column, in figures: how often it is guessed, and for whom it is certain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pyfe.leakage.counts import Counted
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules import Question
from pyfe.leakage.rules.protected import counted_behind_noise
from pyfe.leakage.rules.sampled import counted_in_rows
from pyfe.leakage.rules.variables import counted_exactly
from pyfe.leakage.slots import all_noisy

__all__ = ["Column", "Narrowing", "narrowing"]


@dataclass(frozen=True)
class Column:
    """What the answers say of one private column, by the score that says most of it: shares of the population's rows.

    guessed: in how many of them the likeliest of the column's (at most 8) classes is the right one; known: without any
    answer; by_tenth: by somebody who is told the tenth of the score alone, its meaning. certain: in how many a class
    has probability 0.95 or more; certain_by_tenth: by the tenth alone.
    """

    name: str
    protected: bool
    known: float
    by_tenth: float
    guessed: float
    certain_by_tenth: float
    certain: float

    @property
    def excess(self) -> float:
        """The larger of what the answer says beyond its tenth: rows guessed, rows made certain. What rules judge."""
        return max(self.guessed - self.by_tenth, self.certain - self.certain_by_tenth)


@dataclass(frozen=True)
class Narrowing:
    """What keys say of a row.

    columns: the private ones, in the schema's order; () where nothing could be counted. rank: independent scores.
    bits: what they say together at most, I; entropy_bits: H, what a row's classes have; budget_bits: what the policy
    allows. blind: whether nothing was known of the population. uncounted: what could not be counted, and why, or "".
    """

    columns: tuple[Column, ...]
    rank: int
    bits: float
    entropy_bits: float
    budget_bits: float
    blind: bool
    uncounted: str = ""

    def worst(self) -> list[Column]:
        """The columns, the one first of which the answers say most beyond their tenths."""
        return sorted(self.columns, key=lambda column: -column.excess)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**asdict(self), "columns": {column.name: _figures(column) for column in self.columns}}


def narrowing(question: Question) -> Narrowing | None:
    """What the keys of a question say of every private column, by the counts of rules 5 and 5t: for each row of Z and,
    up to rank 4, sums and differences of two, the score that says most; nothing is judged.

    Counted exactly with independent columns and, with a reference, in drawn rows too: the larger figure stands. Where
    all rows have a noise slot, exactly alone, for scores as they were asked for, and noise is one more column. None
    where the schema is too fine for counts of its columns, or the keys say nothing of private ones.
    Cost: that of the two rules, seconds with a reference.
    """
    if question.given is None or not question.rank:
        return None
    counts, uncounted = ([], _MANY) if question.rank > question.limits.most_rank else _counts(question)
    prior = question.prior
    return Narrowing(
        tuple(_column(question, block, counts) for block in question.private) if counts else (),
        question.rank,
        question.information.bits,
        prior.entropy_bits,
        prior.budget_bits,
        prior.blind,
        uncounted,
    )


_MANY = "so many scores are not counted one by one"
_FINE = "a score is so fine that its answers cannot be counted: take it that they say everything"

_Of = tuple[Sequence[int], Counted]
"""Blocks, and what one score says of each."""


def _counts(question: Question) -> tuple[list[_Of], str]:
    noisy = all_noisy(question.after.given, question.schema)
    exact = list(
        counted_behind_noise(question) if noisy else (counted_exactly(question, row) for row in question.combinations)
    )
    counted: list[_Of] = [one for one in exact if not isinstance(one, Finding)]
    drawn = [] if noisy else counted_in_rows(question)
    fine = len(counted) < len(exact) or any(one.thin > question.limits.thin for one in drawn)
    return counted + [(question.private, one) for one in drawn], _FINE if fine else ""


def _column(question: Question, block: int, counts: Iterable[_Of]) -> Column:
    said = [(one, blocks.index(block)) for blocks, one in counts if block in blocks]
    mass = np.bincount(question.prior.classes[block], weights=question.prior.marginals[block])
    gain, tenth_gain = max(((float(c.gain[i]), float(c.tenth_gain[i])) for c, i in said), default=(0.0, 0.0))
    sure, tenth_sure = max(((float(c.sure[i]), float(c.tenth_sure[i])) for c, i in said), default=(0.0, 0.0))
    known = float(mass.max())
    return Column(
        question.blocks.names[block],
        bool(question.blocks.protected[block]),
        known,
        min(1.0, known + max(0.0, tenth_gain)),
        min(1.0, known + max(0.0, gain)),
        tenth_sure,
        sure,
    )


def _figures(column: Column) -> dict[str, float | bool]:
    return {name: value for name, value in asdict(column).items() if name != "name"} | {"excess": column.excess}
