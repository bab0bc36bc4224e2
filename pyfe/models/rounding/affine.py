"""From a float affine map to integer weights, with a bound that is derived and not fitted.

With ``f(q) = w q + b`` (:class:`~pyfe.models.real.affine.AffineMap`), integers W, B and a scale s per output::

    f(q) - s (W q + B)  =  d q + (b - s B),      d = w - s W

and ``d q`` ranges over an interval that the schema gives exactly, column by column (a number: the ends; a category:
the levels; thresholds: the prefix sums). B puts the middle of that interval on zero, so the error is at most half
its length plus half a result step. The schema's declared relations make weights smaller before rounding: what all
levels of a category share goes to the intercept, and a constant goes there whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyfe.arrays import BoolArray, FloatArray, IntArray
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.models.real.affine import AffineMap
from pyfe.schema import Schema

__all__ = ["Rounded", "round_map", "round_rows", "take_integers"]

_SCALES = 48
"""Scales tried between the one that just fills the weight bits and twice that; the best derived bound is kept."""


@dataclass(frozen=True)
class Rounded:
    """Integer weights ``[k, n]``, intercept ``[k]``, scale ``[k]`` and the bound ``max_error [k]``."""

    weights: IntArray
    intercept: IntArray
    scale: FloatArray
    max_error: FloatArray

    @property
    def varies(self) -> BoolArray:
        """Which outputs have a weight at all, ``[k]``."""
        return np.asarray(self.weights.any(axis=1))


def round_map(affine: AffineMap, schema: Schema, bits: int, *, compared: bool) -> Rounded:
    """Round to ``|W| <= 2^(bits-1) - 1``.

    ``compared`` says that outputs are compared with each other (classes): they then share one scale, and rows that
    sum to zero in the model (softmax) still sum to zero in the integers, which keeps the rank, and so what the keys
    reveal, one lower.
    """
    largest = 2 ** (bits - 1) - 1
    w, b = _centred(affine, schema)
    if not compared:
        rows = [_best(w[j : j + 1], b[j : j + 1], schema, largest, zero_sum=False) for j in range(len(w))]
        parts = [np.concatenate(part) for part in zip(*rows, strict=True)]
        return _finished(parts[0], parts[1], w, b, affine, schema)
    zero_sum = len(w) > 1 and bool(np.abs(w.sum(axis=0)).max() <= 1e-9 * np.abs(w).max())
    weights, scale = _best(w, b, schema, largest, zero_sum=zero_sum)
    return _finished(weights, scale, w, b, affine, schema)


def take_integers(affine: AffineMap, schema: Schema) -> Rounded:
    """The weights as they are, scale 1. Raises ParameterError where one (per coordinate step) is no integer."""
    weights = np.rint(affine.weights)
    slack = 1e-9 * np.maximum(np.abs(affine.weights), 1.0) + affine.error[:, None]
    wrong = np.argwhere(np.abs(affine.weights - weights) > slack)
    if len(wrong):
        name = schema.coordinate_names[wrong[0][1]]
        raise ParameterError(
            f"weight_bits=None takes integer weights, but one step of {name!r} is worth "
            f"{affine.weights[tuple(wrong[0])]:.6g}; choose the column's step to match, or let weight_bits round"
        )
    if np.abs(weights).max() >= 2.0**53:
        raise OutOfRangeError("weights beyond 2^53 are not exact integers")
    scale = np.ones(len(weights))
    return _finished(weights.astype(np.int64), scale, affine.weights, affine.intercept, affine, schema)


def _centred(affine: AffineMap, schema: Schema) -> tuple[FloatArray, FloatArray]:
    """The same function with smaller weights, by the relations everybody knows."""
    w, b = affine.weights.copy(), affine.intercept.copy()
    for _, part, column in schema.parts:
        w[:, part], shift = column.centred(w[:, part], several=len(w) > 1)
        b += shift
    return w, b


def _best(w: FloatArray, b: FloatArray, schema: Schema, largest: int, *, zero_sum: bool) -> tuple[IntArray, FloatArray]:
    """The scale (shared by the rows given) with the least derived bound, and the integers at that scale."""
    peak = float(np.abs(w).max())
    if peak == 0.0:
        return np.zeros(w.shape, dtype=np.int64), np.ones(len(w))
    best: tuple[float, IntArray, float] | None = None
    for top in np.unique(np.linspace(largest, max(1.0, (largest + 1) / 2), _SCALES))[::-1]:
        scale = peak / float(top)
        weights = round_rows(w / scale, zero_sum=zero_sum)
        if np.abs(weights).max() > largest:
            continue
        low, high = _extent(w - scale * weights, schema)
        bound = float((high - low).max() / 2) + scale / 2
        if best is None or bound < best[0]:
            best = (bound, weights, scale)
    if best is None:
        # keeping sums at zero overflowed at every scale (one or two bits only): round without it
        return _best(w, b, schema, largest, zero_sum=False)
    return best[1], np.full(len(w), best[2])


def round_rows(values: FloatArray, *, zero_sum: bool) -> IntArray:
    """Nearest integers; with ``zero_sum`` the columns of the result sum to zero, at the least extra distance."""
    nearest = np.rint(values)
    if not zero_sum:
        return nearest.astype(np.int64)
    excess = nearest.sum(axis=0)
    # the entries that were rounded furthest in the direction of the excess go back by one
    order = np.argsort(-np.sign(excess) * (nearest - values), axis=0, kind="stable")
    position = np.argsort(order, axis=0, kind="stable")
    corrected: FloatArray = nearest - np.sign(excess) * (position < np.abs(excess))
    return corrected.astype(np.int64)


def _extent(d: FloatArray, schema: Schema) -> tuple[FloatArray, FloatArray]:
    """Least and greatest ``d q`` over everything the schema can hold; float64 ``[k]`` each."""
    ends = [column.extent(d[:, part]) for _, part, column in schema.parts]
    return np.sum([low for low, _ in ends], axis=0), np.sum([high for _, high in ends], axis=0)


def _finished(
    weights: IntArray, scale: FloatArray, w: FloatArray, b: FloatArray, affine: AffineMap, schema: Schema
) -> Rounded:
    low, high = _extent(w - scale[:, None] * weights, schema)
    intercept = np.rint((b + (low + high) / 2) / scale)
    if not np.isfinite(intercept).all() or np.abs(intercept).max() >= 2.0**62:
        raise OutOfRangeError("the intercept does not fit 62 bits at the scale of the weights; use fewer bits")
    rest = b - scale * intercept
    bound = np.maximum(np.abs(low + rest), np.abs(high + rest))
    # rounding of z * scale and of the sums above, relative to the largest value that can occur
    most = np.max(np.abs(_extent(w, schema)), axis=0) + np.abs(b)
    rounding = 8 * (schema.n + 2) * np.finfo(np.float64).eps * most
    return Rounded(weights, intercept.astype(np.int64), scale, bound + rounding + affine.error)
