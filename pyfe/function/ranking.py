"""How well scores order rows: the area under the ROC curve and the concordance index, ties counted as one half.

Both are shares of pairs. Neither knows a model; both take any scores that can be sorted, such as integers of a coarse
grid, in which ties are the rule.
"""

from __future__ import annotations

import math

import numpy as np

from pyfe.arrays import BoolArray, FloatArray, IntArray

__all__ = ["area_under_curve", "concordance_index"]


def area_under_curve(scores: FloatArray | IntArray, positive: FloatArray | BoolArray) -> float:
    """Probability that a positive row has a higher score than a negative one, a tie counted as one half.

    scores ``[rows]``. positive ``[rows]``: which rows are, as truth values; or the probability p of each row that it
    is, independently of the others. With probabilities this is the ratio of the expected number of ordered pairs to
    the expected number of pairs, ``sum p_i (1 - p_j) [s_i > s_j] / sum p_i (1 - p_j)`` over ``i != j``. NaN where
    there is no such pair. Cost: O(rows log rows).
    """
    hits = np.asarray(positive, dtype=np.float64)
    misses = 1.0 - hits
    _, level = np.unique(scores, return_inverse=True)
    hits_at, misses_at = (np.bincount(level, weights=side) for side in (hits, misses))
    below = np.cumsum(misses_at) - misses_at
    itself = float(hits @ misses)  # a row is no pair with itself, but a tie in the sums
    ordered = float(hits_at @ below) + (float(hits_at @ misses_at) - itself) / 2
    pairs = float(hits.sum() * misses.sum()) - itself
    return ordered / pairs if pairs > 0 else math.nan


def concordance_index(scores: FloatArray | IntArray, time: FloatArray, event: BoolArray) -> float:
    """Harrell's C: the share of comparable pairs in which the row with the higher score has its event first.

    A pair is comparable where the earlier time is that of an event; of two equal times, where one is an event and the
    other a censoring, which counts as later. Equal scores count one half. All ``[rows]``; NaN where no pair is
    comparable. Cost: O(rows log^2 rows). Source: Harrell, Lee, Mark, Statistics in Medicine 15 (1996), 361-387.
    """
    _, rank = np.unique(scores, return_inverse=True)
    order = np.lexsort((rank, ~event, time))
    rank, time, event = rank[order], time[order], event[order]
    later = np.arange(len(rank))[::-1]
    # events of one time follow each other, in ascending order of their scores: none of them is lower and later
    comparable = later - _later_in_run(_changes(time) | _changes(event))
    equal = _later_equal(rank) - _later_in_run(_changes(time) | _changes(event) | _changes(rank))
    pairs = int(comparable[event].sum())
    return float(_later_lower(rank)[event].sum() + equal[event].sum() / 2) / pairs if pairs else math.nan


def _changes(values: IntArray | FloatArray | BoolArray) -> BoolArray:
    """Where a value differs from the one before it; the first one does."""
    changed = np.ones(len(values), dtype=np.bool_)
    changed[1:] = values[1:] != values[:-1]
    return changed


def _later_in_run(starts: BoolArray) -> IntArray:
    """How many entries follow each one in its run."""
    first = np.flatnonzero(starts)
    ends = np.append(first[1:], len(starts))
    return np.asarray(np.repeat(ends, ends - first) - 1 - np.arange(len(starts)))


def _later_equal(rank: IntArray) -> IntArray:
    """How many later entries equal each one."""
    order = np.argsort(rank, kind="stable")
    counts = np.empty(len(rank), dtype=np.int64)
    counts[order] = _later_in_run(_changes(rank[order]))
    return counts


def _later_lower(rank: IntArray) -> IntArray:
    """How many later entries are lower than each one: a merge sort from the bottom, all blocks of a size at once."""
    places, counts, size = np.arange(len(rank)), np.zeros(len(rank), dtype=np.int64), 1
    while size < len(rank):
        block, right = places // (2 * size), places // size % 2
        order = np.lexsort((right, rank, block))  # of equal ones the left comes first, and counts none
        passed = np.cumsum(right[order])
        before = np.append(0, passed)[np.flatnonzero(_changes(block[order]))]
        counts[order] += np.where(right[order] == 0, passed - before[block[order]], 0)
        size *= 2
    return counts
