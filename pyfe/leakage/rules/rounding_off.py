"""Rule 7: whether the answers of several scores single out a row, as the nearest point of a lattice."""

from __future__ import annotations

import math

import numpy as np
from flint import fmpz_mat

from pyfe.arrays import FloatArray
from pyfe.leakage.findings import Finding
from pyfe.leakage.lattice import DELTA, integers
from pyfe.leakage.rules.question import Question

__all__ = ["kernel", "rounding_off", "success"]

_ADVICE = "Ask for fewer scores, or for scores on coarser grids"

_METRIC_BITS = 40
"""Binary places of the metric in exact arithmetic."""


def rounding_off(question: Question) -> list[Finding]:
    """Rule 7 (a), for several scores that say too much to be counted together, with a reference: who knows the answers
    knows a row up to a vector of the kernel lattice ``{x in Z^f : Z x = 0}``. Rounding off in a basis of it that is
    reduced in the metric of the population finds the row with probability :func:`success`, at most ``limits.babai``.

    Asked for r >= 2, ``I > limits.counted_bits`` and ``f <= limits.most_coordinates``; it only ever adds a refusal.
    """
    limits, width = question.limits, len(question.free)
    asked = not question.prior.blind and 2 <= question.rank < width <= limits.most_coordinates
    if not asked or question.information.bits <= limits.counted_bits:
        return []
    figure = success(question)
    if figure <= limits.babai:
        return []
    note = f"rounding off finds a row with probability {figure:.1e}, where the rule allows {limits.babai:.0e}"
    return [Finding("lattice", rule="7", figure=figure, limit=limits.babai, note=note, advice=_ADVICE)]


def success(question: Question) -> float:
    """``prod_i erf(|b*_i| / (2 sqrt 2))`` over the Gram-Schmidt lengths b*_i of the reduced kernel lattice: the
    probability that a Gaussian of covariance S + I/12 falls into the box of Babai's algorithm (Combinatorica 6, 1986)
    around the lattice point that it belongs to. S is the covariance given the public columns; 1/12 is what integers
    have by themselves."""
    metric = np.asarray(np.linalg.inv(question.prior.given_public() + np.eye(len(question.free)) / 12))
    basis = np.array(integers(kernel(question.Z, metric)), dtype=np.float64)
    lengths = np.abs(np.diag(np.linalg.qr((basis @ np.linalg.cholesky(metric)).T, mode="r")))
    return float(math.prod(math.erf(length / (2 * math.sqrt(2))) for length in lengths.tolist()))


def kernel(rows: list[list[int]], metric: FloatArray) -> fmpz_mat:
    """A basis of ``{x : rows x = 0}``, integers ``[f - r][f]``, reduced by LLL in the metric ``|x|^2 = x' metric x``.

    One reduction of Z^f in the metric ``x' metric x + N |rows x|^2``: for N as large, the first vectors lie in the
    kernel and are a basis of it. Cost: an LLL of f x f numbers.
    """
    forms = fmpz_mat(rows)
    scale = 2.0**_METRIC_BITS / float(np.abs(metric).max())
    gram = fmpz_mat([[round(value * scale) for value in row] for row in (metric + metric.T) / 2])
    heavy = 1 << (2 * _METRIC_BITS + len(metric))
    _, transform = (gram + heavy * (forms.transpose() * forms)).lll(True, DELTA, 0.51, "gram")
    inside = [
        row
        for row, values in zip(transform.tolist(), (transform * forms.transpose()).tolist(), strict=True)
        if not any(values)
    ]
    if len(inside) != len(metric) - len(rows):
        raise ArithmeticError("the kernel of independent rows was not found")
    return fmpz_mat(inside)
