"""The quadratic map behind a decision function, found by asking the function itself.

With a centre row c and, per coordinate, one row in which only its column moves (a *move*), a quadratic function is
determined by its values at the centre, at the probes, at every pair of probes of two columns, and, for the square of
a number, at the far end of its range::

    cross term of probes p, q      f(p and q) - f(p) - f(q) + f(c)
    number, steps h+ up, h- down   d = ((f+ - f(c)) / h+ + (f- - f(c)) / h-) / (h+ + h-),   w = (f+ - f(c)) / h+ - d h+

Moves are the longest possible, so no coefficient is divided by a small step. Bits need no squares (a bit is its
own), and no products inside their column. Nothing here says that f is quadratic:
:func:`~pyfe.models.fit.probing.residual` does, on rows that were not used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyfe.arrays import FloatArray, IntArray
from pyfe.models.fit.probing import ROWS_AT_ONCE, Score, centre, in_pieces
from pyfe.models.real.degree_two import RealQuadratic, standard_centre
from pyfe.schema import Products, Schema

__all__ = ["fit_quadratic"]


@dataclass(frozen=True)
class _Probes:
    """``moves`` int64 ``[probes, n]``: what is added to the centre row; ``column`` ``[probes]``: whose move it is;
    ``slopes`` float64 ``[n, probes]``: from the change at the probes to coefficients per coordinate."""

    centre: IntArray
    moves: IntArray
    column: IntArray
    slopes: FloatArray


def fit_quadratic(score: Score, schema: Schema) -> RealQuadratic:
    """Probe ``score`` (``int64 [m, n] -> float64 [m, k]``); the map is in terms of :func:`standard_centre`.

    Cost: ``1 + 2 n + n (n - 1) / 2`` evaluations at most, a few thousand rows at a time; memory 16 k n^2 bytes.
    """
    probes = _probes(schema)
    base = score(probes.centre[None, :])[0]
    single = in_pieces(score, probes.centre + probes.moves) - base
    squares, own = _own_terms(score, schema, probes, single, base)
    cross, largest = _cross_changes(score, probes, single, base)
    products = probes.slopes @ cross @ probes.slopes.T
    quadratic = np.triu(products, 1)
    np.einsum("kii->ki", quadratic)[:] = squares
    # four values of f per product, two per square; the probes are as long as the coordinates reach
    error = 2 * (schema.n + 2) ** 2 * np.finfo(np.float64).eps * np.maximum(largest, np.abs(base))
    # the probes of a category start at its first level, so that its first bit has no coefficient and may as well be
    # measured from 0; every other coordinate of the centre row is the standard one
    return RealQuadratic(standard_centre(schema), quadratic, own, base, error)


def _probes(schema: Schema) -> _Probes:
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
    return _Probes(centre(schema), np.concatenate(moves), np.concatenate(column), np.concatenate(slopes, axis=1))


def _own_terms(
    score: Score, schema: Schema, probes: _Probes, single: FloatArray, base: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Squares ``[k, n]`` and linear terms ``[k, n]`` of every coordinate alone."""
    squares = np.zeros((len(base), schema.n))
    linear = single.T @ probes.slopes.T
    wide = [part.start for _, part, column in schema.parts if column.interval and Products.OWN in column.products]
    if not wide:
        return squares, linear
    rows = np.repeat(probes.centre[None, :], len(wide), axis=0)
    rows[np.arange(len(wide)), wide] = 0
    down = probes.centre[wide].astype(np.float64)
    up = schema.hi[wide] - down
    falling = (in_pieces(score, rows) - base).T / down
    squares[:, wide] = (linear[:, wide] + falling) / (up + down)
    linear[:, wide] -= squares[:, wide] * up
    return squares, linear


def _cross_changes(
    score: Score, probes: _Probes, single: FloatArray, base: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Second differences ``[k, probes, probes]``, zero inside a column; and the largest ``|f|`` seen, ``[k]``."""
    count = len(probes.moves)
    changes = np.zeros((len(base), count, count))
    largest = np.abs(single + base).max(axis=0, initial=0.0)
    for p, q in _pairs(probes.column):
        values = score(probes.centre + probes.moves[p] + probes.moves[q])
        change = (values - base - single[p] - single[q]).T
        changes[:, p, q] = change
        changes[:, q, p] = change
        largest = np.maximum(largest, np.abs(values).max(axis=0))
    return changes, largest


def _pairs(column: IntArray) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """All pairs of probes of two columns, some thousands at a time."""
    p, q = np.triu_indices(len(column), 1)
    between = column[p] != column[q]
    p, q = p[between], q[between]
    for start in range(0, len(p), ROWS_AT_ONCE):
        yield p[start : start + ROWS_AT_ONCE], q[start : start + ROWS_AT_ONCE]
