"""The counts of pyfe.leakage.counts in plain Python: every record is enumerated, every probability is a fraction."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

CERTAIN = Fraction(19, 20)


class Variable(NamedTuple):
    """One variable: what its levels add to the score, how likely they are, their classes."""

    shares: list[int]
    marginal: list[Fraction]
    classes: list[int]


class Said(NamedTuple):
    """Of rows: guessed right, made certain, made certain of a class that is not the commonest."""

    right: Fraction
    sure: Fraction
    rare: Fraction


Records = list[tuple[tuple[int, ...], int, Fraction]]


def joint(variables: Sequence[Variable]) -> Records:
    """All records that occur: levels, score, probability."""
    found: Records = [((), 0, Fraction(1))]
    for v in variables:
        found = [
            ((*levels, level), score + v.shares[level], mass * v.marginal[level])
            for (levels, score, mass), level in itertools.product(found, range(len(v.shares)))
            if v.marginal[level]
        ]
    return found


def distribution(variables: Sequence[Variable]) -> dict[int, Fraction]:
    """P(score = z)."""
    out: dict[int, Fraction] = defaultdict(Fraction)
    for _, score, mass in joint(variables):
        out[score] += mass
    return dict(out)


def tenths(variables: Sequence[Variable]) -> dict[int, int]:
    """Answer -> its tenth of the distribution, by its middle; one that lies 1e-9 of a tenth below the next is in that,
    since sums of doubles are not nearer."""
    out, below = {}, Fraction(0)
    for z, probability in sorted(distribution(variables).items()):
        out[z] = min(int((below + probability / 2) * 10 + Fraction(1, 10**9)), 9)
        below += probability
    return out


def common(variable: Variable) -> tuple[int, Fraction]:
    """The commonest class (the first of several) and its probability."""
    masses = Counter[int]()
    for label, probability in zip(variable.classes, variable.marginal, strict=True):
        masses[label] += probability  # type: ignore[assignment]
    best = max(sorted(masses), key=lambda label: masses[label])
    return best, Fraction(masses[best])


def several_are_common(variable: Variable) -> bool:
    """Whether a second class has the probability of the commonest."""
    labels = set(variable.classes)
    masses = [
        sum(p for c, p in zip(variable.classes, variable.marginal, strict=True) if c == label) for label in labels
    ]
    return masses.count(max(masses)) > 1


def said(variables: Sequence[Variable], i: int, told: Callable[[int], int]) -> Said:
    """What is known of variable i's class where told(score) is known."""
    masses: dict[int, dict[int, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for levels, score, mass in joint(variables):
        masses[told(score)][variables[i].classes[levels[i]]] += mass
    usual, right, sure, rare = common(variables[i])[0], Fraction(0), Fraction(0), Fraction(0)
    for of_class in masses.values():
        best = max(sorted(of_class), key=lambda label: of_class[label])
        all_of_them = sum(of_class.values())
        right += of_class[best]
        if all_of_them and of_class[best] >= CERTAIN * all_of_them:
            sure += all_of_them
            rare += all_of_them if best != usual else 0
    return Said(right, sure, rare)


def residue(variables: Sequence[Variable], i: int, modulus: int) -> tuple[Fraction, Fraction]:
    """Gain and share made certain, of variable i's level, by the score modulo a number."""
    levels = [Variable(v.shares, v.marginal, list(range(len(v.shares)))) for v in variables]
    found, most = said(levels, i, lambda z: z % modulus), max(variables[i].marginal)
    return found.right - most, found.sure if most < CERTAIN else Fraction(0)
