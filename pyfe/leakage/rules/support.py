"""Rule 2e: no single column may be nearly all that a score says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pyfe.arrays import FloatArray, exact_array
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.covariance import Covariance, covariance_of
from pyfe.leakage.rules.question import Question

__all__ = ["explained", "far_below", "support"]

_ADVICE = "Ask for a score to which more columns contribute"

_NOTHING = 1e-9
"""Share of what its weights could make vary from which a variance counts as none: rounding leaves as much."""

_SLACK = 1e-3
"""How far below its limit a share has to be, to be seen there at once (:func:`far_below`)."""

_MOST_SCREENED = 4096
"""Most free coordinates for which that is enough."""

_MOST_EXACT = 2**51
"""Largest weight of which a sum of two is a float64."""


def support(question: Question) -> list[Finding]:
    """Rule 2e: of every row y of Z and every sum and difference of two, the share of the variance that one column b
    explains, public columns known::

        R^2_b = c_b' pinv(S_bb) c_b / (y' S y),   c = S y,   S = covariance of the free coordinates given the public
        ones

    is at most ``limits.support``, and ``limits.support_of_few`` where y has a weight on fewer than half of the private
    columns. A score that does not vary where everything else does stands for the relation that makes it so, and is
    refused. Columns of a blind prior are independent: then ``R^2_b`` is b's part of the variance.
    Cost: O(r f^2) multiplications, with a blind prior O(r f), and O(r^2 f) for the sums and differences; where one
    comes near to its limit, O(r^2 f^2).
    """
    limits = question.limits
    seen = far_below(question, covariance_of(question.prior), min(limits.support, limits.support_of_few))
    combined = question.combined()
    rows, start = [*combined, *question.singled_out, *question.small], len(combined) if seen else 0
    worst: tuple[float, float, int, int] | None = None
    shares = explained(question, covariance_of(question.prior), rows[start:])
    for index, (used, block, figure) in enumerate(shares, start):
        limit = question.limits.support_of_few if 2 * used < len(question.private) else question.limits.support
        if figure > limit and (worst is None or figure > worst[0]):
            worst = figure, limit, block, index
    worst = worst or _of_any(question, len(rows))
    if worst is None:
        return []
    figure, limit, block, index = worst
    note = f"{100 * figure:.0f} % of {_called(question, index)}'s variance, where the rule allows {100 * limit:.0f} %"
    return [
        Finding("support", question.names([block]), rule="2e", figure=figure, limit=limit, note=note, advice=_ADVICE)
    ]


def far_below(question: Question, covariance: Covariance, limit: float) -> bool:
    """Whether of all rows of Z, sums and differences, the shares of the variance are seen to be below a limit without
    :func:`explained`, from the products of S with the rows of Z alone.

    With P the sum of ``y_i^2 S_ii``, of both rows, what :func:`explained` computes and what is computed here are off by
    at most ``f 2^-52 sqrt(2 f P S_ii)`` in a coordinate of c and by ``f^2 2^-50 P`` in ``y' S y``, as ``|S_ij|`` is at
    most ``sqrt(S_ii S_jj)`` (Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, section 3.1). So where f
    is at most 4,096, ``y' S y`` above P / 1000 and no S_bb nearly singular, the shares differ by less than
    :data:`_SLACK`.
    """
    forms = exact_array(question.Z)
    if forms.dtype == object or len(question.free) > _MOST_SCREENED or not covariance.regular:
        return False
    if int(np.abs(forms).max(initial=0)) > _MOST_EXACT:
        return False
    whole = forms.astype(np.float64)
    towards, spread = covariance.times(whole), whole**2 @ covariance.diagonal
    together = towards @ whole.T
    variance, (i, j) = np.diag(together), np.triu_indices(len(whole), 1)
    listed = [(variance, spread, towards)]
    for sign in (1, -1):
        both = variance[i] + variance[j] + 2 * sign * together[i, j]
        listed.append((both, spread[i] + spread[j], towards[i] + sign * towards[j]))
    return all(
        bool((all_of_it > parts / 1000).all())
        and bool((_largest_share(covariance, c) < (limit - _SLACK) * all_of_it).all())
        for all_of_it, parts, c in listed
    )


def _largest_share(covariance: Covariance, towards: FloatArray) -> FloatArray:
    """Of each row, the largest ``c_b' pinv(S_bb) c_b``."""
    at = covariance.alone
    own = covariance.diagonal[at]
    shares = [np.where(own > 0, towards[:, at] ** 2 / np.where(own > 0, own, 1.0), 0.0).max(axis=1, initial=0.0)]
    for start, inverse in covariance.inverses.items():
        part = towards[:, start : start + len(inverse)]
        shares.append(((part @ inverse) * part).sum(axis=1))
    return np.asarray(np.max(shares, axis=0))


def _of_any(question: Question, index: int) -> tuple[float, float, int, int] | None:
    """The column that explains most of some real combination of several scores, if that is too much."""
    shares, limit = question.best_shares, question.limits.support
    block = max(shares, key=lambda one: shares[one], default=-1)
    return (shares[block], limit, block, index) if shares and shares[block] > limit else None


def _called(question: Question, index: int) -> str:
    if question.rank == 1:
        return "the score"
    if index < question.rank:
        return "a score"
    return "a sum or difference of scores" if index < len(question.combined()) else "a combination of scores"


def explained(question: Question, covariance: Covariance, rows: list[list[int]]) -> Iterator[tuple[int, int, float]]:
    """Of each row: the number of columns used, the column that explains most, and the share that it explains."""
    forms = np.array(rows, dtype=np.float64).reshape(-1, len(question.free))
    towards = covariance.times(forms)
    variance = (towards * forms).sum(axis=1)
    blocks = list(question.free.places)
    shares, parts = _shares(covariance, list(question.free.places.values()), forms, towards)
    starts = [question.free.places[b].start for b in blocks]
    used = np.add.reduceat(forms != 0, starts, axis=1).astype(np.bool_).sum(axis=1)
    for i, row in enumerate(shares):
        if variance[i] <= _NOTHING * parts[i].sum():
            yield int(used[i]), blocks[int(parts[i].argmax())], 1.0
        else:
            best = int(row.argmax())
            yield int(used[i]), blocks[best], float(row[best] / variance[i])


def _shares(
    covariance: Covariance, places: list[slice], forms: FloatArray, towards: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Of each row and column: ``c_b' pinv(S_bb) c_b``, and what the column makes vary by itself, ``y_b' S_bb y_b``.

    Columns of one coordinate, of which there are many, are taken at once.
    """
    shares, parts = np.empty((2, len(forms), len(places)))
    single = np.array([place.stop - place.start == 1 for place in places], dtype=np.bool_)
    for b in np.flatnonzero(~single).tolist():
        own, part, form = covariance.block(places[b]), towards[:, places[b]], forms[:, places[b]]
        shares[:, b] = ((part @ covariance.inverses[places[b].start]) * part).sum(axis=1)
        parts[:, b] = ((form @ own) * form).sum(axis=1)
    ones = [places[b] for b in np.flatnonzero(single).tolist()]
    at = np.array([place.start for place in ones], dtype=np.int64)
    own = np.array([covariance.block(place)[0, 0] for place in ones])
    shares[:, single] = np.where(own > 0, towards[:, at] ** 2 / np.where(own > 0, own, 1.0), 0.0)
    parts[:, single] = forms[:, at] * own * forms[:, at]
    return shares, parts
