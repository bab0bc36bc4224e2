"""Rule 5: what an exact score tells of every private column, above what its decile tells; columns independent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from tests.reference.leakage.question import Question, Verdict, largest
from tests.reference.leakage.schema import Floats, Schema
from tests.reference.leakage.scores import MOST_WORK, Part, beside, deciles, distribution, parts_of, without_each, work

CERTAIN = 0.95
ROUNDING = 1e-12
"""Of equally frequent classes the first is the most frequent, however their sums were rounded."""
ANY, OTHER, PROTECTED, ABSOLUTE = 0.10, 0.01, 0.05, 0.25


@dataclass(frozen=True)
class Told:
    """What an answer tells of one column's class: `sure` and `gain` above the decile, `absolute` gain above the prior,
    `other`: share of rows for which a class other than the most frequent one is certain."""

    sure: float
    gain: float
    absolute: float
    other: float

    @classmethod
    def largest(cls, found: Sequence[Told]) -> Told:
        return cls(*(largest([getattr(one, field.name) for one in found]) for field in fields(cls)))

    @classmethod
    def mean(cls, found: Sequence[Told]) -> Told:
        return cls(*(float(np.mean([getattr(one, field.name) for one in found])) for field in fields(cls)))


def sure_of(joint: Floats) -> float:
    """Share of rows whose answer makes some class certain; 0 if the prior does. `joint`: P(class, answer)."""
    if joint.sum(axis=1).max() >= CERTAIN:
        return 0.0
    rows, top = joint.sum(axis=0), joint.max(axis=0)
    return float(rows[(rows > 0) & (top >= CERTAIN * rows)].sum())


def gain_of(joint: Floats) -> float:
    """How much more often the best guess of the class is right than without the answer."""
    return float(joint.max(axis=0).sum() - joint.sum(axis=1).max())


def other_of(joint: Floats) -> float:
    rows, top = joint.sum(axis=0), joint.max(axis=0)
    prior = joint.sum(axis=1)
    usual = np.flatnonzero(prior >= prior.max() - ROUNDING)[0]
    rare = joint.argmax(axis=0) != usual
    return float(rows[rare & (rows > 0) & (top >= CERTAIN * rows)].sum())


def told(joint: Floats, bins: Sequence[int]) -> Told:
    """From P(class, score) and the decile of every score."""
    coarse = np.zeros((len(joint), int(max(bins)) + 1))
    np.add.at(coarse.T, np.asarray(bins), joint.T)
    gain = gain_of(joint)
    return Told(sure_of(joint) - sure_of(coarse), gain - gain_of(coarse), gain, other_of(joint))


def counted(question: Question, parts: Sequence[Part]) -> Iterator[tuple[int, Told]]:
    """Every column that a value depends on."""
    whole = distribution(parts)
    bins = deciles(whole)
    for part, rest in without_each(parts):
        yield part.block, told(beside(question.prior, part, rest, len(whole)), bins.tolist())


def verdict(schema: Schema, rule: str, found: Sequence[tuple[int, Told]], most: float, **further: float) -> Verdict:
    """The limits of rules 5 and 5t: `most` for any column, three for the protected ones."""
    every = Told.largest([one for _, one in found])
    marked = Told.largest([one for block, one in found if schema.columns[block].protected])
    figures = {"sure": every.sure, "gain": every.gain, "protected_other": marked.other, "protected_sure": marked.sure}
    figures |= {"protected_gain": marked.gain, "protected_absolute": marked.absolute, **further}
    limits = {"sure": most, "gain": most, "protected_other": OTHER, "protected_sure": PROTECTED}
    limits |= {"protected_gain": PROTECTED, "protected_absolute": ABSOLUTE}
    names = {block for block, one in found if _refused(one, most, schema.columns[block].protected)}
    return Verdict(rule, figures, limits, names=tuple(schema.columns[block].name for block in sorted(names)))


def _refused(one: Told, most: float, protected: bool) -> bool:
    excess = max(one.sure, one.gain)
    return excess > most or (protected and (excess > PROTECTED or one.other > OTHER or one.absolute > ABSOLUTE))


def variables(question: Question) -> Verdict:
    """5, over every row of Z and, while r <= 4, every Z_i +- Z_j. Too much work refuses."""
    scores = [parts_of(question.prior, z) for z in question.combinations]
    most = largest([work(parts) for parts in scores])
    found = [] if most > MOST_WORK else [one for parts in scores for one in counted(question, parts)]
    verdict_ = verdict(question.schema, "5", found, ANY, work=most)
    return Verdict("5", verdict_.figures, verdict_.limits | {"work": MOST_WORK}, names=verdict_.names)
