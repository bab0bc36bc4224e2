"""The quadratic map behind a decision function, found by asking the function itself.

With a centre row c and, per coordinate, one row in which only its column moves (a *lever*), a quadratic function is
determined by its values at the centre, at the levers, at every pair of levers of two columns, and, for the square of
a number, at the far end of its range::

    cross term of levers p, q      f(p and q) - f(p) - f(q) + f(c)
    number, steps h+ up, h- down   d = ((f+ - f(c)) / h+ + (f- - f(c)) / h-) / (h+ + h-),   w = (f+ - f(c)) / h+ - d h+

Levers are the longest possible, so no coefficient is divided by a small step. Bits need no squares (a bit is its
own), and no products inside their column. Nothing here says that f is quadratic: :func:`~pyfe.models.probing.residual`
does, on rows that were not used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.models.probing import ROWS_AT_ONCE, Score, centre, in_pieces
from pyfe.models.quadratic import RealQuadratic, standard_centre
from pyfe.schema import Products, Schema

__all__ = ["fit_quadratic"]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Levers:
    """``moves`` int64 ``[levers, n]``: what is added to the centre row; ``column`` ``[levers]``: whose lever it is;
    ``slopes`` float64 ``[n, levers]``: from the change at the levers to coefficients per coordinate."""

    centre: IntArray
    moves: IntArray
    column: IntArray
    slopes: FloatArray


def fit_quadratic(score: Score, schema: Schema) -> RealQuadratic:
    """Probe ``score`` (``int64 [m, n] -> float64 [m, k]``); the map is in terms of :func:`standard_centre`.

    Cost: ``1 + 2 n + n (n - 1) / 2`` evaluations at most, a few thousand rows at a time; memory 16 k n^2 bytes.
    """
    levers = _levers(schema)
    base = score(levers.centre[None, :])[0]
    single = in_pieces(score, levers.centre + levers.moves) - base
    squares, own = _own_terms(score, schema, levers, single, base)
    cross, largest = _cross_changes(score, levers, single, base)
    products = levers.slopes @ cross @ levers.slopes.T
    quadratic = np.triu(products, 1)
    np.einsum("kii->ki", quadratic)[:] = squares
    # four values of f per product, two per square; the levers are as long as the coordinates reach
    error = 2 * (schema.n + 2) ** 2 * np.finfo(np.float64).eps * np.maximum(largest, np.abs(base))
    # the levers of a category start at its first level, so that its first bit has no coefficient and may as well be
    # measured from 0; every other coordinate of the centre row is the standard one
    return RealQuadratic(standard_centre(schema), quadratic, own, base, error)


def _levers(schema: Schema) -> _Levers:
    moves, column, slopes = [], [], []
    for index, (_, part, kind) in enumerate(schema.parts):
        codes, operator = kind.moves()
        wide = np.zeros((len(codes), schema.n), dtype=np.int64)
        wide[:, part] = codes - kind.middle()
        moves.append(wide)
        column.append(np.full(len(codes), index))
        tall = np.zeros((schema.n, len(codes)))
        tall[part] = operator
        slopes.append(tall)
    return _Levers(centre(schema), np.concatenate(moves), np.concatenate(column), np.concatenate(slopes, axis=1))


def _own_terms(
    score: Score, schema: Schema, levers: _Levers, single: FloatArray, base: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Squares ``[k, n]`` and linear terms ``[k, n]`` of every coordinate alone."""
    squares = np.zeros((len(base), schema.n))
    linear = single.T @ levers.slopes.T
    wide = [part.start for _, part, column in schema.parts if column.interval and Products.OWN in column.products]
    if not wide:
        return squares, linear
    rows = np.repeat(levers.centre[None, :], len(wide), axis=0)
    rows[np.arange(len(wide)), wide] = 0
    down = levers.centre[wide].astype(np.float64)
    up = schema.hi[wide] - down
    falling = (in_pieces(score, rows) - base).T / down
    squares[:, wide] = (linear[:, wide] + falling) / (up + down)
    linear[:, wide] -= squares[:, wide] * up
    return squares, linear


def _cross_changes(
    score: Score, levers: _Levers, single: FloatArray, base: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Second differences ``[k, levers, levers]``, zero inside a column; and the largest ``|f|`` seen, ``[k]``."""
    count = len(levers.moves)
    changes = np.zeros((len(base), count, count))
    largest = np.abs(single + base).max(axis=0, initial=0.0)
    for p, q in _pairs(levers.column):
        values = score(levers.centre + levers.moves[p] + levers.moves[q])
        change = (values - base - single[p] - single[q]).T
        changes[:, p, q] = change
        changes[:, q, p] = change
        largest = np.maximum(largest, np.abs(values).max(axis=0))
    return changes, largest


def _pairs(column: IntArray) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """All pairs of levers of two columns, some thousands at a time."""
    p, q = np.triu_indices(len(column), 1)
    between = column[p] != column[q]
    p, q = p[between], q[between]
    for start in range(0, len(p), ROWS_AT_ONCE):
        yield p[start : start + ROWS_AT_ONCE], q[start : start + ROWS_AT_ONCE]
