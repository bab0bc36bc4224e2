"""The affine map behind a decision function, found by asking the function itself.

For a schema of n coordinates, ``f(q) = w q + b`` is determined by a centre row and, per column, the rows in which
only that column moves to the ends of its range (a number) or through its levels (a category): the longest possible
lever, hence the best conditioned slope. The map is then compared with f on rows it has not seen; a function that
is not affine is refused with the largest difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.schema import TRANSFORMS, Schema

__all__ = ["ROWS_AT_ONCE", "AffineMap", "centre", "fit_affine", "fresh_rows", "in_pieces", "residual", "straight_on"]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
Score: TypeAlias = Callable[[IntArray], FloatArray]

TOLERANCE = 1e-6
"""Largest difference between a decision function and its map, relative to the spread of its values, that is
taken for rounding (float32 models reach 1e-7; the smallest tree or kernel is far above)."""

ROWS_AT_ONCE = 4096
_FRESH = 256


@dataclass(frozen=True)
class AffineMap:
    """``f(q) = weights @ q + intercept`` in float64: weights ``[k, n]`` per integer coordinate, intercept ``[k]``.

    ``error`` ``[k]`` bounds what is not known exactly about f: the residual on fresh rows and float rounding.
    """

    weights: FloatArray
    intercept: FloatArray
    error: FloatArray

    def __call__(self, x: npt.NDArray[np.int64] | FloatArray) -> FloatArray:
        """Values float64 ``[m, k]`` of rows ``[m, n]``."""
        return np.asarray(x @ self.weights.T + self.intercept)

    def moved(self, x: IntArray, by: FloatArray) -> FloatArray:
        """Bound ``[m, k]`` on ``|f(x + e) - f(x)|`` for all ``|e| <= by``, both ``[m, n]``: ``by |weights|``."""
        return np.asarray(by @ np.abs(self.weights).T)


def centre(schema: Schema) -> IntArray:
    """One row int64 ``[n]``: the middle of every number, the first code of everything else."""
    return np.concatenate([column.middle() for column in schema.columns.values()])


def fit_affine(score: Score, schema: Schema) -> AffineMap:
    """Probe ``score`` (``int64 [m, n] -> float64 [m, k]``) once per column end; says nothing about affinity."""
    middle = centre(schema)
    rows, counts = [middle[None, :]], []
    for _, part, column in schema.parts:
        codes = column.probes()
        moved = np.repeat(middle[None, :], len(codes), axis=0)
        moved[:, part] = codes
        rows.append(moved)
        counts.append(len(codes))
    values = in_pieces(score, np.concatenate(rows))
    ends = np.split(values[1:], np.cumsum(counts)[:-1])
    slopes = [column.slopes(v) for column, v in zip(schema.columns.values(), ends, strict=True)]
    weights = np.concatenate(slopes, axis=1)
    error = 4 * (schema.n + 2) * np.finfo(np.float64).eps * np.abs(values).max(axis=0)
    return AffineMap(weights, values[0] - weights @ middle, error)


def in_pieces(score: Score, rows: IntArray) -> FloatArray:
    """``score`` of many rows without one large intermediate table."""
    starts = range(0, len(rows), ROWS_AT_ONCE)
    return np.concatenate([score(rows[start : start + ROWS_AT_ONCE]) for start in starts])


def fresh_rows(schema: Schema, seed: int = 20) -> IntArray:
    """Rows for verification, the same each time: half uniform over the domain, half at the ends of every range."""
    rng = np.random.default_rng(seed)
    return np.concatenate([schema.sample(rng, _FRESH), schema.sample(rng, _FRESH, ends=True)])


def residual(score: Score, real_map: Score, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Largest ``|f - map|`` over ``rows`` and the tolerance it is to be held against; both float64 ``[k]``.

    A function that returns a non-finite value has an infinite residual.
    """
    values = in_pieces(score, rows)
    if not np.isfinite(values).all():
        return np.full(values.shape[1], np.inf), np.zeros(values.shape[1])
    difference = np.abs(values - real_map(rows)).max(axis=0)
    spread = values.max(axis=0) - values.min(axis=0)
    floor = 1e-12 * np.abs(values).max(axis=0)
    return difference, np.maximum(TOLERANCE * spread, floor)


def straight_on(values: FloatArray, scores: FloatArray) -> str | None:
    """The first transform T with ``scores [m, k]`` affine in ``T(values [m])``, values ascending; None if none has."""
    if not np.isfinite(scores).all():
        return None
    spread = scores.max(axis=0) - scores.min(axis=0)
    for name, (forward, _) in TRANSFORMS.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            position = forward(values)
        if not np.isfinite(position).all():
            continue
        part = ((position - position[0]) / (position[-1] - position[0]))[:, None]
        difference = np.abs(scores - scores[0] - part * (scores[-1] - scores[0])).max(axis=0)
        if (difference <= np.maximum(TOLERANCE * spread, 1e-12 * np.abs(scores).max(axis=0))).all():
            return name
    return None
