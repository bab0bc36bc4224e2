"""Which rows a decision function is asked about, and how far it is from a map on rows it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.schema import TRANSFORMS, Schema

__all__ = [
    "CLOSE",
    "ROWS_AT_ONCE",
    "Score",
    "TOLERANCE",
    "centre",
    "fresh_rows",
    "in_pieces",
    "residual",
    "straight_on",
]

Score: TypeAlias = Callable[[IntArray], FloatArray]

TOLERANCE = 1e-6
"""Largest difference between a decision function and its map, relative to the spread of its values, that is
taken for rounding (float32 models reach 1e-7; the smallest tree or kernel is far above)."""

CLOSE = 1e-6
"""Largest difference between a model's probabilities and those of a link that is taken for rounding."""

ROWS_AT_ONCE = 4096
_FRESH = 256


def centre(schema: Schema) -> IntArray:
    """One row int64 ``[n]``: the middle of every number, the first code of everything else."""
    return np.concatenate([column.middle() for column in schema.columns.values()])


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
