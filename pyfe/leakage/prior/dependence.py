"""Which blocks say something of which: mutual information of classes, and the tree that keeps most of it.

Chow and Liu ("Approximating discrete probability distributions with dependence trees", IEEE Trans. Inf. Theory 14,
1968): of all trees, the one with the largest sum of mutual information is nearest to the joint distribution, and that
sum is what its entropy lacks to the sum of those of the blocks.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.prior.classes import MOST_CLASSES

__all__ = ["Edge", "forest_entropy", "pair_information", "spanning_forest"]

Edge = tuple[int, int]
"""Parent and child."""

_PIECE = 2**24
"""Entries of the arrays that are made at once."""


def pair_information(classes: IntArray) -> FloatArray:
    """Mutual information of every two columns of classes ``[rows, nb]``, below 8, in bits, float64 ``[nb, nb]``.

    Corrected for the bias of counts (Miller and Madow, 1955): less ``(r - 1)(c - 1) / (2 N ln 2)`` for r and c classes
    that occur, and at least 0; 0 on the diagonal. Cost: 64 nb^2 rows multiplications (784 columns of
    1,000 rows: 2 s of a processor).
    """
    rows, blocks = classes.shape
    counts = np.stack([np.bincount(classes[:, b], minlength=MOST_CLASSES) for b in range(blocks)])
    alone, free = _weighed(counts).sum(axis=1), (counts > 0).sum(axis=1) - 1.0
    joint = np.empty((blocks, blocks))
    width = max(1, _PIECE // (MOST_CLASSES**2 * blocks))
    for start in range(0, blocks, width):
        part = slice(start, start + width)
        joint[part] = _weighed(_joint_counts(classes, part)).sum(axis=(1, 3))
    found = (joint - alone[:, None] - alone[None, :]) / rows + math.log2(rows)
    found = np.maximum(found - np.outer(free, free) / (2 * rows * math.log(2)), 0.0)
    found = np.maximum(found, found.T)
    np.fill_diagonal(found, 0.0)
    return np.asarray(found)


def spanning_forest(information: FloatArray) -> list[Edge]:
    """Edges of the forest with the most information (Prim); a parent comes before its children, 0 is a root.

    Blocks without information about any other are joined to none.
    """
    blocks = len(information)
    best, parent = information[0].copy(), np.zeros(blocks, dtype=np.int64)
    outside = np.ones(blocks, dtype=np.bool_)
    outside[0] = False
    edges: list[Edge] = []
    for _ in range(blocks - 1):
        child = int(np.argmax(np.where(outside, best, -1.0)))
        if best[child] > 0:
            edges.append((int(parent[child]), child))
        outside[child] = False
        nearer = outside & (information[child] > best)
        best[nearer], parent[nearer] = information[child][nearer], child
    return edges


def forest_entropy(classes: IntArray) -> float:
    """Joint entropy in bits of columns of classes ``[rows, nb]`` along their forest: what the columns have, less the
    information of its edges; never negative. Cost: as :func:`pair_information`."""
    rows, blocks = classes.shape
    if not blocks:
        return 0.0
    counts = [np.bincount(classes[:, b]) for b in range(blocks)]
    alone = sum(math.log2(rows) - float(_weighed(count).sum()) / rows for count in counts)
    information = pair_information(classes)
    return float(max(0.0, alone - sum(float(information[edge]) for edge in spanning_forest(information))))


def _weighed(counts: IntArray | FloatArray) -> FloatArray:
    """``c log2 c``, 0 where nothing is."""
    return np.asarray(counts * np.log2(np.maximum(counts, 1.0)))


def _joint_counts(classes: IntArray, part: slice) -> FloatArray:
    """Rows with each two classes, of the columns ``part`` and all others: float64 ``[part, 8, nb, 8]``."""
    rows, blocks = classes.shape
    total: FloatArray | float = 0.0
    step = max(1, _PIECE // (MOST_CLASSES * blocks))
    for start in range(0, rows, step):
        bits = _bits(classes[start : start + step])
        total = total + (_bits(classes[start : start + step, part]).T @ bits).astype(np.float64)
    return np.asarray(total).reshape(-1, MOST_CLASSES, blocks, MOST_CLASSES)


def _bits(classes: IntArray) -> npt.NDArray[np.float32]:
    """One bit a class, float32 ``[rows, nb 8]``: counts of up to 2^24 rows are exact."""
    bits = classes[:, :, None] == np.arange(MOST_CLASSES)
    return np.asarray(bits.reshape(len(classes), -1), dtype=np.float32)
