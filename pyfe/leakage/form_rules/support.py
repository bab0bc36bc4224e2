"""Rule 2e for forms: no single column may be nearly all that an answer says, public columns known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules.question import AtPublic, FormQuestion, Name

__all__ = ["ROWS", "support"]

ROWS = 40_000
"""Drawn rows that are looked at for each value of the public columns."""

_ADVICE = "Ask for a score to which more columns contribute"

_SMALL = 1e-9
"""Of directions that count as none in an inverse."""


def support(question: FormQuestion) -> list[Finding]:
    """Rule 2e: of every row of Z and every sum and difference of two, the share of the variance that one column
    explains is at most ``limits.support``, or ``limits.support_of_few`` where it depends on fewer than half of the
    private columns. The share is the larger of R^2 on the column's coordinates and the correlation ratio on its
    classes, in :data:`ROWS` drawn rows; of all values of the public columns the largest counts. An answer that does not
    vary in them stands for a relation, and is refused.

    Of a combination c of Z both are ``c' E c / c' T c``, E the part of Z's covariance T that a column explains: rows
    are read once. Cost: O(rows f^2) for each value of the public columns.
    """
    found = [one for public in question.everywhere for one in _explained(question, public) if one[0] > one[1]]
    if not found:
        return []
    figure, limit, block = max(found, key=lambda one: (one[0], -one[2]))
    note = f"{100 * figure:.0f} % of an answer's variance, where the rule allows {100 * limit:.0f} %"
    return [
        Finding("support", question.names([block]), rule="2e", figure=figure, limit=limit, note=note, advice=_ADVICE)
    ]


def _explained(question: FormQuestion, one: AtPublic) -> Iterator[tuple[float, float, int]]:
    """Of each combination: the largest share that a column explains, the limit of it, and the column."""
    limits, touching = question.limits, one.keys.touching
    if not one.keys.Z:
        return
    values = one.answers[:, :ROWS].astype(np.float64)
    values -= values.mean(axis=1, keepdims=True)
    total, parts = values @ values.T, _parts(question, one, values)
    for name, row in one.keys.combined().items():
        used = int(touching[[at for at, value in enumerate(row) if value]].any(axis=0).sum())
        limit = limits.support_of_few if 2 * used < len(question.private) else limits.support
        c = _coefficients(name, len(values))
        variance = float(c @ total @ c)
        shares = np.array([max(float(c @ part @ c) for part in both) for both in parts])
        best = int(shares.argmax())
        yield (shares[best] / variance if variance > 0 else 1.0), limit, question.private[best]


def _coefficients(name: Name, rank: int) -> FloatArray:
    """Of a combination of Z."""
    c = np.zeros(rank)
    c[name[0]] = 1
    if len(name) > 1:
        c[name[1]] = name[2]
    return c


def _parts(question: FormQuestion, one: AtPublic, values: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Of each private column, the parts of the covariance of Z that its coordinates and its classes explain, times the
    number of rows; float64 ``[r, r]``."""
    levels = one.rows.levels[: values.shape[1]]
    x = question.blocks.rows(levels).astype(np.float64)
    found = []
    for block, places in question.free.places.items():
        own = x[:, question.free.positions[places]]
        own = own - own.mean(axis=0)
        towards = values @ own
        fitted = towards @ np.linalg.pinv(own.T @ own, rcond=_SMALL, hermitian=True) @ towards.T
        found.append((fitted, _between(question.prior.classes[block][levels[:, block]], values)))
    return found


def _between(classes: IntArray, values: FloatArray) -> FloatArray:
    """The covariance of the means of classes, times the number of rows."""
    count = np.bincount(classes)
    sums = np.stack([np.bincount(classes, weights=one) for one in values])[:, count > 0]
    return np.asarray((sums / count[count > 0]) @ sums.T)
