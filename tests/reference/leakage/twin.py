"""All rules on one question, each evaluated whatever the others say; the decision is that of the first that refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import process_time
from typing import TypeVar

from tests.reference.leakage import quadratic_counts, quadratic_rules
from tests.reference.leakage.budget import budget
from tests.reference.leakage.enumeration import enumeration
from tests.reference.leakage.joint import joint
from tests.reference.leakage.modulus import modulus
from tests.reference.leakage.quadratic import Quadratic
from tests.reference.leakage.question import REFUSES, Question, Verdict
from tests.reference.leakage.regression import regression
from tests.reference.leakage.sampled import sampled
from tests.reference.leakage.structure import ranks, shape, structure, width
from tests.reference.leakage.support import support
from tests.reference.leakage.variables import variables

RULES: dict[str, Callable[[Question], Verdict]] = {
    "0": shape,
    "1": width,
    "2": structure,
    "2m": modulus,
    "2e": support,
    "3": ranks,
    "4": budget,
    "5": variables,
    "5t": sampled,
    "6": joint,
    "7": enumeration,
    "8": regression,
}
"""In the order of decision."""


FORMS: dict[str, Callable[[Quadratic], Verdict]] = {
    "0": quadratic_rules.shape,
    "1": quadratic_rules.width,
    "2": quadratic_rules.structures,
    "2m": quadratic_rules.moduli,
    "2e": quadratic_counts.supports,
    "3": quadratic_rules.ranks,
    "4": quadratic_counts.budget,
    "5t": quadratic_counts.sampled,
}
"""The same for keys of which one at least has a product of private columns."""


@dataclass(frozen=True)
class Answer:
    """All verdicts; `decision` is "free" for a span that was issued, "issued", or the rule that refuses."""

    rank: int
    Z: list[list[int]]
    verdicts: list[Verdict]
    free: bool

    @property
    def decision(self) -> str:
        refusing = [one.rule for one in self.verdicts if one.word == REFUSES]
        if refusing[:1] == ["0"]:
            return "0"
        return "free" if self.free else refusing[0] if refusing else "issued"


T = TypeVar("T")

Clock = dict[str, float]
"""Rule -> seconds of processor time."""


def evaluate(
    question: Question, seconds: Clock | None = None, rules: Mapping[str, Callable[[Question], Verdict]] = RULES
) -> Answer:
    """The twin's answer on linear keys. A request that has no shape, or says nothing, ends at rule 0; so does one on
    public columns alone, which is free."""
    first = shape(question)
    if first.word == REFUSES:
        return Answer(0, [], [first], False)
    if not question.rank:
        return Answer(0, [], [first], True)
    verdicts = _timed(rules, question, seconds)
    return Answer(question.rank, question.Z, verdicts, question.nothing_new)


def evaluate_forms(question: Quadratic, seconds: Clock | None = None) -> Answer:
    """The twin's answer on forms; all of them linear: on these linear keys. Z is that at the first public value."""
    first = quadratic_rules.shape(question)
    if first.word == REFUSES:
        return Answer(0, [], [first], False)
    if question.linear:
        return evaluate(question.linear, seconds)
    verdicts = _timed(FORMS, question, seconds)
    rank = max(len(one.Z) for one in question.distinct)
    return Answer(rank, question.everywhere[0].Z, verdicts, question.nothing_new)


def _timed(rules: Mapping[str, Callable[[T], Verdict]], question: T, seconds: Clock | None) -> list[Verdict]:
    found = []
    for name, rule in rules.items():
        start = process_time()
        found.append(rule(question))
        if seconds is not None:
            seconds[name] = process_time() - start
    return found
