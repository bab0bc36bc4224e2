"""The quadratic map behind a decision function, found by asking the function itself.

With a centre row c and, per coordinate, one *move* of its column away from it, a quadratic function is determined by
its values at the centre, after every move, after every pair of moves of two columns, and, for the square of a number,
at the other end of its range::

    cross term of moves p, q       f(p and q) - f(p) - f(q) + f(c)
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
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.schema import Products, Schema

__all__ = ["fit_quadratic"]


@dataclass(frozen=True)
class _Moves:
    """``added`` int64 ``[moves, n]``: what is added to the centre row; ``column`` ``[moves]``: whose move it is;
    ``slopes`` float64 ``[n, moves]``: from the change at the moves to coefficients per coordinate."""

    centre: IntArray
    added: IntArray
    column: IntArray
    slopes: FloatArray


def fit_quadratic(score: Score, schema: Schema) -> RealQuadratic:
    """Probe ``score`` (``int64 [m, n] -> float64 [m, k]``); the map is measured from the centre row.

    Cost: ``1 + 2 n + n (n - 1) / 2`` evaluations at most, a few thousand rows at a time; memory 16 k n^2 bytes.
    """
    moves = _moves(schema)
    base = score(moves.centre[None, :])[0]
    single = in_pieces(score, moves.centre + moves.added) - base
    squares, own = _own_terms(score, schema, moves, single, base)
    cross, largest = _cross_changes(score, moves, single, base)
    products = moves.slopes @ cross @ moves.slopes.T
    quadratic = np.triu(products, 1)
    np.einsum("kii->ki", quadratic)[:] = squares
    # four values of f per product, two per square; moves are as long as the coordinates reach
    error = 2 * (schema.n + 2) ** 2 * np.finfo(np.float64).eps * np.maximum(largest, np.abs(base))
    return RealQuadratic(moves.centre, quadratic, own, base, error)


def _moves(schema: Schema) -> _Moves:
    added, column, slopes = [], [], []
    for index, (_, part, kind) in enumerate(schema.parts):
        codes, operator = kind.moves()
        wide = np.zeros((len(codes), schema.n), dtype=np.int64)
        wide[:, part] = codes - kind.middle()
        added.append(wide)
        column.append(np.full(len(codes), index))
        tall = np.zeros((schema.n, len(codes)))
        tall[part] = operator
        slopes.append(tall)
    return _Moves(centre(schema), np.concatenate(added), np.concatenate(column), np.concatenate(slopes, axis=1))


def _own_terms(
    score: Score, schema: Schema, moves: _Moves, single: FloatArray, base: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Squares ``[k, n]`` and linear terms ``[k, n]`` of every coordinate alone."""
    squares = np.zeros((len(base), schema.n))
    linear = single.T @ moves.slopes.T
    wide = [part.start for _, part, column in schema.parts if column.interval and Products.OWN in column.products]
    if not wide:
        return squares, linear
    rows = np.repeat(moves.centre[None, :], len(wide), axis=0)
    rows[np.arange(len(wide)), wide] = 0
    down = moves.centre[wide].astype(np.float64)
    up = schema.hi[wide] - down
    falling = (in_pieces(score, rows) - base).T / down
    squares[:, wide] = (linear[:, wide] + falling) / (up + down)
    linear[:, wide] -= squares[:, wide] * up
    return squares, linear


def _cross_changes(score: Score, moves: _Moves, single: FloatArray, base: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Second differences ``[k, moves, moves]``, zero inside a column; and the largest ``|f|`` seen, ``[k]``."""
    count = len(moves.added)
    changes = np.zeros((len(base), count, count))
    largest = np.abs(single + base).max(axis=0, initial=0.0)
    for p, q in _pairs(moves.column):
        values = score(moves.centre + moves.added[p] + moves.added[q])
        change = (values - base - single[p] - single[q]).T
        changes[:, p, q] = change
        changes[:, q, p] = change
        largest = np.maximum(largest, np.abs(values).max(axis=0))
    return changes, largest


def _pairs(column: IntArray) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """All pairs of moves of two columns, some thousands at a time."""
    p, q = np.triu_indices(len(column), 1)
    between = column[p] != column[q]
    p, q = p[between], q[between]
    for start in range(0, len(p), ROWS_AT_ONCE):
        yield p[start : start + ROWS_AT_ONCE], q[start : start + ROWS_AT_ONCE]
