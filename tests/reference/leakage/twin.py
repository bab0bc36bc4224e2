"""All rules on one question, each evaluated whatever the others say; the decision is that of the first that refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from tests.reference.leakage.budget import budget
from tests.reference.leakage.enumeration import enumeration
from tests.reference.leakage.joint import joint
from tests.reference.leakage.modulus import modulus
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


def evaluate(question: Question, seconds: dict[str, float] | None = None) -> Answer:
    """The twin's answer; `seconds` takes the time of every rule. A request that has no shape, or says nothing, ends
    at rule 0."""
    first = shape(question)
    if first.word == REFUSES:
        return Answer(0, [], [first], False)
    verdicts = []
    for name, rule in RULES.items():
        start = perf_counter()
        verdicts.append(rule(question))
        if seconds is not None:
            seconds[name] = perf_counter() - start
    return Answer(question.rank, question.Z, verdicts, question.nothing_new)
