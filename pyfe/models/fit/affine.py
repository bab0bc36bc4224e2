"""The affine map behind a decision function, found by asking the function itself.

For a schema of n coordinates, ``f(q) = w q + b`` is determined by a centre row and, per column, the rows in which
only that column moves to the ends of its range (a number) or through its levels (a category): the longest possible
way, hence the best conditioned slope. The map is then compared with f on rows it has not seen; a function that
is not affine is refused with the largest difference.
"""

from __future__ import annotations

import numpy as np

from pyfe.models.fit.probing import Score, centre, in_pieces
from pyfe.models.real.affine import AffineMap
from pyfe.schema import Schema

__all__ = ["fit_affine"]


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
