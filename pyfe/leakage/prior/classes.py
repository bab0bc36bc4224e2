"""Classes of a block: what counts as knowing a value. The levels if there are at most 8 of them, else 8 classes.

Levels that stand in the order of a value are cut into quantile classes; those that do not (of a category, or "is
missing") are classes of their own, the rarest of them pooled: an order of theirs would mean nothing.
"""

from __future__ import annotations

import numpy as np

from pyfe.arrays import FloatArray, IntArray

__all__ = ["MOST_CLASSES", "classes_of", "quantile_classes"]

MOST_CLASSES = 8

_ROUNDING = 1e-9
"""A middle that lies on a quantile belongs above it, however sums of doubles round."""


def classes_of(marginal: FloatArray, ordered: int) -> IntArray:
    """Class of each level, int64 ``[levels]``, of levels whose first ``ordered`` ones stand in the order of a value.

    ``marginal`` are weights of the levels, not all 0. Classes are numbered from 0 without a gap.
    """
    size = len(marginal)
    if size <= MOST_CLASSES:
        return np.arange(size, dtype=np.int64)
    alone = _alone(marginal[ordered:], MOST_CLASSES - (ordered > 0))
    kept = MOST_CLASSES - (int(alone.max()) + 1 if len(alone) else 0)
    values = quantile_classes(marginal[:ordered], kept)
    first = int(values.max()) + 1 if len(values) else 0
    return np.concatenate([values, first + alone])


def quantile_classes(weights: FloatArray, count: int) -> IntArray:
    """Class of each value by the quantile of its middle: ``floor(count (P(less) + P(equal) / 2))``, int64.

    Values of equal rows stay together; classes are numbered from 0 without a gap. ``weights`` ``[values]``, ascending
    values; the levels themselves where there are at most ``count``.
    """
    if len(weights) <= count:
        return np.arange(len(weights), dtype=np.int64)
    total = weights.sum()
    middle = (np.cumsum(weights) - weights / 2) / (total if total > 0 else 1.0)
    place = np.minimum((middle * count + _ROUNDING).astype(np.int64), count - 1)
    return np.asarray(np.unique(place, return_inverse=True)[1].reshape(-1).astype(np.int64))


def _alone(weights: FloatArray, most: int) -> IntArray:
    """Classes of levels without an order: each its own, the rarest together where there are more than ``most``."""
    if len(weights) <= most:
        return np.arange(len(weights), dtype=np.int64)
    frequent = np.sort(np.argsort(-weights, kind="stable")[: most - 1])
    found = np.full(len(weights), most - 1, dtype=np.int64)
    found[frequent] = np.arange(most - 1)
    return found
