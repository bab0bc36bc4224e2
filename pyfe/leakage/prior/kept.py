"""What is kept of a sample of the population: all that a reference knows, and no row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.prior.dependence import Edge

__all__ = ["Kept"]


@dataclass(frozen=True, eq=False)
class Kept:
    """Figures over all rows of a sample, for the blocks of a schema.

    Attributes
    ----------
    marginals: probability of each level of each block, smoothed, none of them 0.
    classes: class of each level of each block.
    edges, tables: the tree, and for each edge the joint probabilities of the classes of parent and child.
    covariance: of all coordinates of the schema, float64 ``[n, n]``.
    orders, scores: the levels of each block in the order of their normal scores, and the correlation of the scores of
        the blocks, float64 ``[nb, nb]``.
    entropy_bits: H, counted once from the raw columns.
    """

    marginals: Sequence[FloatArray]
    classes: Sequence[IntArray]
    edges: Sequence[Edge]
    tables: Sequence[FloatArray]
    covariance: FloatArray
    orders: Sequence[IntArray]
    scores: FloatArray
    entropy_bits: float
