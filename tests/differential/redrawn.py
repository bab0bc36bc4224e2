"""Whether a difference in figures of drawn rows is more than chance: both sides are drawn again.

A figure such as "rows of which a class is certain" jumps by a tenth and more where the least certain tenth of the
rows is 94.9 or 95.1 % of one class: two draws of one population lie on two sides of the jump, and no tolerance is wide
enough and still worth anything. So what differs is drawn again, SECRETS times and without the draw that differed, which
was picked for that. The differences of the pairs are independent and have one law; it has the mean 0 where both sides
count the same. A mean beyond the tolerance and beyond STANDARD_ERRORS of its own standard errors is a disagreement. One
of figures that hardly vary has a standard error of nearly 0, and its tolerance alone decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from tests.reference.leakage.compare import GRANTED, SAMPLED, Difference, near_a_limit, tolerance
from tests.reference.leakage.question import REFUSES

__all__ = ["SECRETS", "STANDARD_ERRORS", "Pair", "beyond_chance", "confirmed"]

SECRETS = 8
"""Pairs that are drawn. Two sides that each fall to one of two values by a fair coin: 4 in 1,000 are called a
disagreement; by a coin of 1 in 10, none of 10,000."""

STANDARD_ERRORS = 4.0
"""Of a Student variable of 7 degrees of freedom 1 in 200 lies beyond."""

Answer = Mapping[str, Any]
Pair = tuple[Answer, Answer]
"""The twin's answer and pyfe's, with one secret."""


def beyond_chance(differences: Sequence[float], allowed: float) -> bool:
    """Whether independent differences of one law have a mean beyond what is allowed, and that is no chance."""
    mean = abs(fmean(differences))
    return mean > allowed and mean > STANDARD_ERRORS * stdev(differences) / sqrt(len(differences))


def confirmed(found: Iterable[Difference], again: Callable[[], Sequence[Pair]]) -> list[Difference]:
    """Those that stand when both sides are drawn again; what is counted exactly stands anyhow. ``again`` is asked once,
    and only where rows were drawn."""
    pairs: Sequence[Pair] | None = None
    stands = []
    for one in found:
        if one.rule not in SAMPLED and one.rule != "all":
            stands.append(one)
            continue
        pairs = again() if pairs is None else pairs
        if _stands(one, pairs):
            stands.append(one)
    return stands


def _stands(one: Difference, pairs: Sequence[Pair]) -> bool:
    if one.rule == "all":
        return beyond_chance([_granted(ours) - _granted(theirs) for ours, theirs in pairs], 0.0)
    rules = [(ours["rules"][one.rule], theirs["rules"][one.rule]) for ours, theirs in pairs]
    if one.figure == "verdict":
        refusals = [(ours["verdict"] == REFUSES) - (theirs["verdict"] == REFUSES) for ours, theirs in rules]
        return beyond_chance(refusals, 0.0) and not near_a_limit(one.rule, _mean([ours for ours, _ in rules]), False)
    moved = [ours["figures"][one.figure] - theirs["figures"][one.figure] for ours, theirs in rules]
    return beyond_chance(moved, tolerance(one.rule, one.figure, False))


def _granted(answer: Answer) -> int:
    return int(answer["decision"] in GRANTED)


def _mean(answers: Sequence[Answer]) -> dict[str, Any]:
    """The limits of one rule with the means of its figures."""
    names = answers[0]["figures"]
    return {
        "limits": answers[0]["limits"],
        "figures": {name: fmean(answer["figures"][name] for answer in answers) for name in names},
    }
