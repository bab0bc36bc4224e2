"""A Gaussian copula on the marginals: normal scores of the levels, and their correlation.

Where the tree keeps what two classes say of each other, the copula keeps what all blocks say together, but only as far
as it is monotone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.prior.protocol import LevelArray
from pyfe.leakage.prior.seeds import normals

__all__ = ["Copula", "positive", "score_correlation", "score_orders"]

_TAIL = 1e-4
_FAR = 1e-12
_LEAST_SPREAD = 0.3
_LARGEST = 0.995
_LEAST_EIGENVALUE = 1e-3
_SHRUNK = 0.02
_PIECE = 2**22
"""Normal numbers that are drawn at once."""

_inverse = np.vectorize(NormalDist().inv_cdf, otypes=[np.float64])


@dataclass(frozen=True, eq=False)
class Copula:
    """Levels whose normal scores have a correlation; ``orders``: the levels of each block in the order of its score."""

    marginals: Sequence[FloatArray]
    orders: Sequence[IntArray]
    correlation: FloatArray

    def draw(self, count: int, seed: bytes) -> LevelArray:
        """Rows int16 ``[count, nb]``, columns contiguous. Cost: O(nb) multiplications a level."""
        blocks = len(self.marginals)
        rows = np.empty((blocks, count), dtype=np.int16)
        step = max(1, _PIECE // blocks)
        for start in range(0, count, step):
            size = min(step, count - start)
            scores = self._root @ normals(seed, f"copula, row {start}", blocks, size)
            for block, (order, cuts) in enumerate(zip(self.orders, self._cuts, strict=True)):
                rows[block, start : start + size] = order[np.searchsorted(cuts, scores[block], side="right")]
        return rows.T

    @cached_property
    def _root(self) -> FloatArray:
        return np.asarray(np.linalg.cholesky(self.correlation), dtype=np.float64)

    @cached_property
    def _cuts(self) -> list[FloatArray]:
        """The score at which each level but the first begins."""
        pairs = zip(self.marginals, self.orders, strict=True)
        return [_inverse(np.clip(np.cumsum(p[order])[:-1], _FAR, 1 - _FAR)) for p, order in pairs]


def score_orders(levels: IntArray, ordered: Sequence[int], sizes: Sequence[int]) -> list[IntArray]:
    """The levels of each block in the order of its score, from rows of levels ``[rows, nb]``.

    Levels without an order of their own are ordered by the mean of the first principal component of the blocks that
    have one (two levels have).
    """
    component = _component(levels[:, [b for b, size in enumerate(sizes) if ordered[b] or size == 2]])
    orders = []
    for block, size in enumerate(sizes):
        if ordered[block] or size == 2:
            orders.append(np.arange(size, dtype=np.int64))
            continue
        count = np.bincount(levels[:, block], minlength=size)
        total = np.bincount(levels[:, block], weights=component, minlength=size)
        orders.append(np.argsort(total / np.maximum(count, 1), kind="stable").astype(np.int64))
    return orders


def score_correlation(levels: IntArray, marginals: Sequence[FloatArray], orders: Sequence[IntArray]) -> FloatArray:
    """Correlation of the normal scores that rows of levels ``[rows, nb]`` would have if they were not cut into levels.

    A level's score is the normal quantile of its middle. Scores of coarse blocks spread less than 1, and their
    correlation falls short by the product of both spreads, by which it is divided. Then the nearest positive matrix:
    eigenvalues of at least 1e-3, and 2 % of independence.
    """
    pairs = zip(marginals, orders, strict=True)
    scores = np.stack([_scores(p, order)[levels[:, b]] for b, (p, order) in enumerate(pairs)], axis=1)
    spread = scores.std(axis=0)
    centred = (scores - scores.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    short = np.minimum(spread, 1.0)
    found = centred.T @ centred / len(levels) / np.clip(np.outer(short, short), _LEAST_SPREAD, 1.0)
    return positive(np.clip(found, -_LARGEST, _LARGEST))


def positive(correlation: FloatArray, *, shrunk: float = _SHRUNK) -> FloatArray:
    """A correlation matrix near this one whose eigenvalues are positive, with so much of independence."""
    symmetric = (correlation + correlation.T) / 2
    np.fill_diagonal(symmetric, 1.0)
    values, vectors = np.linalg.eigh(symmetric)
    lifted = (vectors * np.maximum(values, _LEAST_EIGENVALUE)) @ vectors.T
    spread = np.sqrt(np.diag(lifted))
    found = (1 - shrunk) * lifted / np.outer(spread, spread)
    found = (found + found.T) / 2
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def _scores(marginal: FloatArray, order: IntArray) -> FloatArray:
    """The normal score of each level."""
    ordered = marginal[order]
    middle = np.cumsum(ordered) - ordered / 2
    scores = np.empty(len(marginal))
    scores[order] = _inverse(np.clip(middle, _TAIL, 1 - _TAIL))
    return scores


def _component(levels: IntArray) -> FloatArray:
    """The first principal component ``[rows]`` of standardised columns; 0 where there is none."""
    spread = levels.std(axis=0)
    columns = (levels - levels.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    if not columns.shape[1]:
        return np.zeros(len(levels))
    direction = np.linalg.eigh(columns.T @ columns)[1][:, -1]
    return np.asarray(columns @ (direction * np.sign(direction[np.argmax(np.abs(direction))])))
