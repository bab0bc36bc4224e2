"""Rule 7 (b): of how many rows the answers to several scores are explained by nothing likelier than the row itself."""

from __future__ import annotations

import numpy as np

from pyfe._core import counting
from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.kernel import Kernel, is_asked, kernel_of
from pyfe.leakage.rules.question import Question

__all__ = ["ROWS", "least_squares", "opened"]

ROWS = 60
"""Rows that are attacked."""

_NODES = 300_000
"""Nodes of the enumeration that a row may take; a row that takes more counts as not opened."""

_ADVICE = "Ask for fewer scores, or for scores on coarser grids"


def least_squares(question: Question) -> list[Finding]:
    """Rule 7 (b): of rows drawn along the prior's tree, at most ``limits.least_squares`` are the likeliest of all
    records with their answers (:func:`opened`). Asked where 7 (a) is; it only ever adds a refusal."""
    if not is_asked(question):
        return []
    figure, limit = opened(question), question.limits.least_squares
    if figure <= limit:
        return []
    share, most = f"{100 * figure:.0f} %", f"{100 * limit:.0f} %"
    note = f"{share} of drawn rows are the likeliest with their answers, where the rule allows {most}"
    return [Finding("lattice", rule="7", figure=figure, limit=limit, note=note, advice=_ADVICE)]


def opened(question: Question) -> float:
    """The share of drawn rows that an attacker finds who takes the likeliest record with the same answers.

    Likely is what is near to the mean given the public columns, in the metric of the covariance: integer least squares,
    by enumeration in the reduced kernel lattice. Which rows are drawn depends on the authority's secret and on what is
    asked. Cost: at most a second or two.
    """
    if question.rank == len(question.free):
        return 1.0
    kernel, free = kernel_of(question), question.free
    levels = question.prior.tree_rows(ROWS, question.seed("rows of rule 7"))
    x = question.blocks.rows(levels)
    origins = np.ascontiguousarray(x[:, free.positions], dtype=np.float64)
    schema = question.blocks.schema
    low, high = (np.asarray(bound[free.positions], dtype=np.float64) for bound in (schema.lo, schema.hi))
    bits = [(places.start, places.stop) for places in free.places.values() if free.base[places.start] >= 0]
    centres = _centres(kernel, _means_given_public(question, x) - origins)
    triangle, basis = np.ascontiguousarray(kernel.triangle), np.ascontiguousarray(kernel.basis)
    found = counting.nearer(triangle, basis, low, high, bits, centres, origins, _NODES)
    return float((found == 0).mean())


def _centres(kernel: Kernel, towards: FloatArray) -> FloatArray:
    """The real combinations of the basis that lead nearest to the mean, float64 ``[rows, k]``."""
    return np.ascontiguousarray(np.linalg.solve(kernel.triangle, kernel.orthogonal.T @ kernel.root.T @ towards.T).T)


def _means_given_public(question: Question, x: IntArray) -> FloatArray:
    """The mean of the free coordinates given the public ones of each row, as of a Gaussian: float64 ``[rows, f]``."""
    blocks, free = question.blocks, question.free.positions
    mean = np.zeros(blocks.schema.n)
    for part, codes, mass in zip(blocks.slices, blocks.codes, question.prior.marginals, strict=True):
        mean[part] = mass @ codes
    parts = [
        np.arange(part.start, part.stop) for part, known in zip(blocks.slices, blocks.public, strict=True) if known
    ]
    public = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
    covariance = question.prior.covariance
    across = covariance[np.ix_(public, free)]
    slopes = np.linalg.pinv(covariance[np.ix_(public, public)], hermitian=True) @ across if parts else across
    return np.asarray(mean[free] + (x[:, public] - mean[public]) @ slopes)
