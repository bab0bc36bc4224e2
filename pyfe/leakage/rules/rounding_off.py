"""Rule 7 (a): whether rounding off in a lattice finds the row behind the answers of several scores."""

from __future__ import annotations

import math

import numpy as np

from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.kernel import is_asked, kernel_of
from pyfe.leakage.rules.question import Question

__all__ = ["rounding_off", "success"]

_ADVICE = "Ask for fewer scores, or for scores on coarser grids"


def rounding_off(question: Question) -> list[Finding]:
    """Rule 7 (a), for several scores that say too much to be counted together, with a reference: who knows the answers
    knows a row up to a vector of the kernel lattice. Rounding off in a basis of it that is reduced in the metric of the
    population finds the row with probability :func:`success`, at most ``limits.babai``.

    Asked for r >= 2, ``I > limits.counted_bits`` and ``n <= limits.most_coordinates``; it only ever adds a refusal.
    """
    if not is_asked(question):
        return []
    figure, limit = success(question), question.limits.babai
    if figure <= limit:
        return []
    note = f"rounding off finds a row with probability {figure:.1e}, where the rule allows {limit:.0e}"
    return [Finding("lattice", rule="7", figure=figure, limit=limit, note=note, advice=_ADVICE)]


def success(question: Question) -> float:
    """``prod_i erf(|b*_i| / (2 sqrt 2))`` over the Gram-Schmidt lengths b*_i of the reduced kernel lattice: the
    probability that a Gaussian of covariance S + I/12 falls into the box of Babai's algorithm (Combinatorica 6, 1986)
    around the lattice point that it belongs to; 1 where the answers leave nothing open."""
    if question.rank == len(question.free):
        return 1.0
    lengths = np.diag(kernel_of(question).triangle).tolist()
    return float(math.prod(math.erf(length / (2 * math.sqrt(2))) for length in lengths))
