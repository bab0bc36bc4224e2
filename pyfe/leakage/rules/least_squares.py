"""Rule 7 (b): of how many rows the answers to several scores are explained by nothing likelier than the row itself."""

from __future__ import annotations

import numpy as np

from pyfe._core import counting
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.kernel import box_of, is_asked, kernel_of, means_given_public
from pyfe.leakage.rules.question import Question

__all__ = ["NODES", "ROWS", "least_squares", "opened"]

ROWS = 60
"""Rows that are attacked."""

NODES = 300_000
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
    box, centres = box_of(question.blocks, free), kernel.centres(means_given_public(question.prior, free, x) - origins)
    triangle, basis = np.ascontiguousarray(kernel.triangle), np.ascontiguousarray(kernel.basis)
    found = counting.nearer(triangle, basis, box.low, box.high, box.bits, centres, origins, NODES)
    return float((found == 0).mean())
