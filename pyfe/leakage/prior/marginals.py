"""How likely each level of a block is, from counts: never 0, and even where single levels have few rows."""

from __future__ import annotations

import math

import numpy as np

from pyfe.arrays import FloatArray, IntArray

__all__ = ["cells", "smoothed", "spread"]

_FEW_LEVELS = 20
"""Up to so many, every level is counted by itself."""

_PRIOR = 1.0
"""Rows that are added, for all levels together (Perks, J. Inst. Actuaries 73, 1947)."""


def smoothed(counts: FloatArray, ordered: int) -> FloatArray:
    """Probabilities float64 ``[levels]`` from counts of rows, the first ``ordered`` levels in the order of a value.

    More than 20 ordered levels: from the first one that has a row to the last, the rows of a cell (:func:`cells` of at
    least ``sqrt(N)`` rows) are spread evenly over its levels. Then one row is spread over all levels. Cost: linear.
    """
    total = counts.astype(np.float64)
    seen = np.flatnonzero(total[:ordered])
    if ordered > _FEW_LEVELS and len(seen):
        held = slice(seen[0], seen[-1] + 1)
        total[held] = spread(total[held], cells(total[held], math.sqrt(counts.sum())))
    total += _PRIOR / len(total)
    return np.asarray(total / total.sum())


def cells(counts: FloatArray, least: float) -> IntArray:
    """Cell of each level, int64 ``[levels]``, of levels in the order of a value, so that cells hold ``least`` rows.

    A level with so many rows is a cell of its own: a spike, as 0 often is, must not blur its neighbours. The others are
    taken together from the first on until they hold so many; what is left at the end joins the last of these. Cells are
    numbered from 0. All rows beside spikes together may be fewer than ``least``.
    """
    alone = counts >= least
    found, rows, number = np.zeros(len(counts), dtype=np.int64), 0.0, 0
    for level in np.flatnonzero(~alone).tolist():
        found[level] = number
        rows += counts[level]
        if rows >= least:
            rows, number = 0.0, number + 1
    found[~alone & (found == number)] = max(number - 1, 0)
    found[alone] = max(number, 1) + np.arange(int(alone.sum()))
    return np.asarray(np.unique(found, return_inverse=True)[1].reshape(-1).astype(np.int64))


def spread(counts: FloatArray, of: IntArray) -> FloatArray:
    """Counts with the rows of each cell spread evenly over its levels."""
    return np.asarray((np.bincount(of, weights=counts) / np.bincount(of))[of])
