"""Rule 8: how well the answers predict a protected column."""

from __future__ import annotations

import numpy as np

from pyfe.arrays import FloatArray
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.covariance import covariance_of
from pyfe.leakage.rules.question import Question

__all__ = ["correlation", "increases"]

_ADVICE = "Leave the column, and what goes with it, out of the score"


def correlation(question: Question) -> list[Finding]:
    """Rule 8, with a reference: no protected coordinate x_i is predicted by more than ``limits.explained`` better than
    by the public columns alone, in the share of its variance::

        (c_i' (Z S Z')^-1 c_i) / var(x_i) <= 0.3,   c_i = Z S e_i,   S = covariance given the public columns

    Of a category all levels count, the one that is left out of the free coordinates too.
    """
    if question.prior.blind:
        return []
    worst = max(
        (
            (figure, block)
            for block in question.private
            if question.blocks.protected[block]
            for figure in increases(question, block)
        ),
        default=None,
    )
    if worst is None or worst[0] <= question.limits.explained:
        return []
    figure, limit = worst[0], question.limits.explained
    note = f"R^2 rises by {figure:.2f}, where the rule allows {limit:.2f}"
    names = question.names([worst[1]])
    return [Finding("correlation", names, rule="8", figure=figure, limit=limit, note=note, advice=_ADVICE)]


def increases(question: Question, block: int) -> list[float]:
    """By how much R^2 rises, of each coordinate of a column."""
    forms = np.array(question.Z, dtype=np.float64)
    towards = covariance_of(question.prior).times(forms)
    inverse = np.linalg.pinv(towards @ forms.T, hermitian=True)
    within = towards[:, question.free.places[block]]
    part = question.blocks.slices[block]
    if within.shape[1] < part.stop - part.start:  # the level that is left out is 1 minus the others
        within = np.concatenate([-within.sum(axis=1, keepdims=True), within], axis=1)
    explained: FloatArray = ((inverse @ within) * within).sum(axis=0)
    variance = np.diag(question.prior.covariance)[part]
    return [float(e / v) for e, v in zip(explained, variance, strict=True) if v > 0]
