"""Whether a difference in figures of drawn rows is more than chance: both sides are drawn again.

A figure such as "rows of which a class is certain" jumps by a tenth and more where the least certain tenth of the
rows is 94.9 or 95.1 % of one class: two draws of one population lie on two sides of the jump, and no tolerance is wide
enough and still worth anything. So what differs is drawn again, SECRETS times and without the draw that differed, which
was picked for that; decisions at public values of each one's own, figures at the same ones, since a fault may show at
these alone. The differences of the pairs are independent and have one law; it has the mean 0 where both sides
count the same. A mean beyond the tolerance and beyond STANDARD_ERRORS of its own standard errors is a disagreement. One
of figures that hardly vary has a standard error of nearly 0, and its tolerance alone decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from tests.reference.leakage.compare import GRANTED, SAMPLED, Difference, near_a_limit, tolerance
from tests.reference.leakage.question import REFUSES

__all__ = ["SECRETS", "STANDARD_ERRORS", "Pair", "beyond_chance", "confirmed", "drawn_rules"]

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


def drawn_rules(one: Difference) -> set[str]:
    """The rules whose rows may have made a difference: its own, or of decisions those that refuse."""
    return {one.rule, one.ours, one.theirs} & set(SAMPLED) if one.rule == "all" else {one.rule} & set(SAMPLED)


def confirmed(found: Sequence[Difference], again: Callable[[Set[str]], Sequence[Pair]]) -> list[Difference]:
    """Those that stand when both sides are drawn again; what is counted exactly stands anyhow. ``again`` answers by
    some rules alone; it is asked once, and only where rows were drawn."""
    rules: set[str] = set().union(*map(drawn_rules, found))
    pairs = again(rules) if rules else []
    return [one for one in found if not drawn_rules(one) or _stands(one, pairs)]


def _stands(one: Difference, pairs: Sequence[Pair]) -> bool:
    if one.rule == "all":
        grants = [_granted(ours) - _granted(theirs) for ours, theirs in pairs]
        return beyond_chance(grants, 0.0) and not any(_near(rule, pairs) for rule in drawn_rules(one))
    rules = [(ours["rules"][one.rule], theirs["rules"][one.rule]) for ours, theirs in pairs]
    if one.figure == "verdict":
        refusals = [(ours["verdict"] == REFUSES) - (theirs["verdict"] == REFUSES) for ours, theirs in rules]
        return beyond_chance(refusals, 0.0) and not _near(one.rule, pairs)
    moved = [ours["figures"][one.figure] - theirs["figures"][one.figure] for ours, theirs in rules]
    return beyond_chance(moved, tolerance(one.rule, one.figure, False))


def _granted(answer: Answer) -> int:
    return int(answer["decision"] in GRANTED)


def _near(rule: str, pairs: Sequence[Pair]) -> bool:
    """Whether the means of the twin's figures lie so near their limits that the tolerance decides."""
    answers = [ours["rules"][rule] for ours, _ in pairs]
    means = {name: fmean(answer["figures"][name] for answer in answers) for name in answers[0]["figures"]}
    return near_a_limit(rule, {"limits": answers[0]["limits"], "figures": means}, False)
