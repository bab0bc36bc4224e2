"""From a float affine map to integer weights, with a bound that is derived and not fitted.

With ``f(q) = w q + b`` (:class:`~pyfe.models.real.affine.AffineMap`), integers W, B and a scale s per output::

    f(q) - s (W q + B)  =  d q + (b - s B),      d = w - s W

and ``d q`` ranges over an interval that the schema gives exactly, column by column (a number: the ends; a category:
the levels; thresholds: the prefix sums). B puts the middle of that interval on zero, so the error is at most half
its length plus half a result step. The schema's declared relations make weights smaller before rounding: what all
levels of a category share goes to the intercept, and a constant goes there whole.

No column of the model becomes silent on a schema that is given: where all its weights would round to zero, its
greatest one is a unit, and the function is *lifted* there. Fewer weight bits would otherwise turn a key into one on
the few columns with large steps, the yes/no ones. At a stated step of the result (:func:`round_at_step`), on a schema
that is cut for it, a column that moves the result by less than half a step is silent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pyfe.arrays import BoolArray, FloatArray, IntArray
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.models.real.affine import AffineMap
from pyfe.schema import Schema

__all__ = ["Rounded", "fitted_line", "integers_at", "round_at_step", "round_map", "round_rows", "take_integers"]

_SCALES = 48
"""Scales tried between the one that just fills the weight bits and twice that; the best derived bound is kept."""


@dataclass(frozen=True)
class Rounded:
    """Integer weights ``[k, n]``, intercept ``[k]``, scale ``[k]`` and the bound ``max_error [k]``; ``lifted``: names
    of the columns that have a weight although the nearest integers are zero."""

    weights: IntArray
    intercept: IntArray
    scale: FloatArray
    max_error: FloatArray
    lifted: tuple[str, ...] = ()

    @property
    def varies(self) -> BoolArray:
        """Which outputs have a weight at all, ``[k]``."""
        return np.asarray(self.weights.any(axis=1))

    @property
    def used(self) -> BoolArray:
        """Which coordinates have a weight, ``[n]``."""
        return np.asarray(self.weights.any(axis=0))

    def __call__(self, x: IntArray) -> FloatArray:
        """Decision values float64 ``[m, k]`` of rows ``[m, n]``."""
        return np.asarray((x @ self.weights.T + self.intercept) * self.scale)


def round_map(affine: AffineMap, schema: Schema, bits: int, *, compared: bool) -> Rounded:
    """Round to ``|W| <= 2^(bits-1) - 1``.

    ``compared`` says that outputs are compared with each other (classes): they then share one scale, and rows that
    sum to zero in the model (softmax) still sum to zero in the integers, which keeps the rank, and so what the keys
    reveal, one lower.
    """
    largest = 2 ** (bits - 1) - 1
    w, b = _centred(affine, schema)
    zero_sum = compared and _sums_to_zero(w)
    groups = [np.arange(len(w))] if compared else [np.array([j]) for j in range(len(w))]
    found = []
    for group in groups:
        spoken = _spoken(w[group], affine.error[group], schema)
        found.append(_best(w[group], schema, largest, spoken, zero_sum=zero_sum))
    weights, scale = (np.concatenate(part) for part in zip(*found, strict=True))
    near = np.abs(w) > scale[:, None] / 2
    lifted = [name for name, part, _ in schema.parts if weights[:, part].any() and not near[:, part].any()]
    return replace(_finished(weights, scale, w, b, affine, schema), lifted=tuple(lifted))


def round_at_step(affine: AffineMap, schema: Schema, step: FloatArray, rows: IntArray, *, compared: bool) -> Rounded:
    """The nearest integers at a step of the result ``[k]``, in the model's units; scale and intercept then fit the map
    on ``rows [m, n]``, where a coarse grid would otherwise be off in one direction."""
    weights = integers_at(affine.weights, schema, step, compared=compared)
    scale, shift = fitted_line(rows @ weights.T, affine(rows), step, compared=compared)
    return _finished(weights, scale, affine.weights, affine.intercept, affine, schema, intercept=shift)


def integers_at(w: FloatArray, schema: Schema, step: FloatArray, *, compared: bool) -> IntArray:
    """Real weights ``[k, n]`` as the nearest integers ``[k, n]`` of a step ``[k]``. The levels of a category count from
    their lowest, so that the distance between any two is rounded once; sums over outputs that are zero stay zero."""
    zero_sum, w = compared and _sums_to_zero(w), w.copy()
    for _, part, column in schema.parts:
        if not column.in_table:
            w[:, part] = 0.0
        elif column.one_hot and not zero_sum:
            w[:, part] -= w[:, part].min(axis=1, keepdims=True)
        elif column.one_hot:
            w[:, part] -= w[:, part].mean(axis=1, keepdims=True)
    return round_rows(w / step[:, None], zero_sum=zero_sum)


def fitted_line(
    inner: IntArray, wanted: FloatArray, step: FloatArray, *, compared: bool
) -> tuple[FloatArray, FloatArray]:
    """Scale ``[k]`` and whole shift ``[k]`` with ``scale (inner + shift)`` nearest to ``wanted``, both ``[m, k]``, by
    least squares; the step as the scale where that has none above zero. Outputs that are compared share one."""
    theirs, ours = wanted - wanted.mean(axis=0), inner - inner.mean(axis=0)
    products, squares = (theirs * ours).sum(axis=0), (ours * ours).sum(axis=0)
    if compared:
        products, squares = np.full_like(step, products.sum()), np.full_like(step, squares.sum())
    fits = (squares > 0) & (products > 0)
    scale = np.where(fits, products / np.where(fits, squares, 1.0), step)
    return scale, np.rint(wanted.mean(axis=0) / scale - inner.mean(axis=0))


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


def _sums_to_zero(w: FloatArray) -> bool:
    return len(w) > 1 and bool(np.abs(w.sum(axis=0)).max() <= 1e-9 * np.abs(w).max())


def _spoken(w: FloatArray, error: FloatArray, schema: Schema) -> list[slice]:
    """The columns that the map depends on, beyond what is not known of it."""
    ends = [(part, column.extent(w[:, part])) for _, part, column in schema.parts]
    return [part for part, (low, high) in ends if (high - low > 2 * error).any()]


def _lifted(weights: IntArray, w: FloatArray, spoken: list[slice], *, zero_sum: bool) -> IntArray:
    """A unit for every spoken column that has no weight: in its greatest coordinate, with its sign; where outputs have
    to sum to zero, in the greatest and the least output of it."""
    used = np.asarray(weights.any(axis=0))
    for part in spoken:
        if used[part].any():
            continue
        output, place = np.unravel_index(np.argmax(np.abs(w[:, part])), w[:, part].shape)
        at = part.start + int(place)
        if zero_sum:
            weights[np.argmax(w[:, at]), at], weights[np.argmin(w[:, at]), at] = 1, -1
        else:
            weights[output, at] = 1 if w[output, at] > 0 else -1
    return weights


def _best(
    w: FloatArray, schema: Schema, largest: int, spoken: list[slice], *, zero_sum: bool
) -> tuple[IntArray, FloatArray]:
    """The scale (shared by the rows given) with the least derived bound, and the integers at that scale."""
    peak = float(np.abs(w).max())
    if peak == 0.0:
        return np.zeros(w.shape, dtype=np.int64), np.ones(len(w))
    best: tuple[float, IntArray, float] | None = None
    for top in np.unique(np.linspace(largest, max(1.0, (largest + 1) / 2), _SCALES))[::-1]:
        scale = peak / float(top)
        weights = _lifted(round_rows(w / scale, zero_sum=zero_sum), w, spoken, zero_sum=zero_sum)
        if np.abs(weights).max() > largest:
            continue
        low, high = _extent(w - scale * weights, schema)
        bound = float((high - low).max() / 2) + scale / 2
        if best is None or bound < best[0]:
            best = (bound, weights, scale)
    if best is None:
        # keeping sums at zero overflowed at every scale (one or two bits only): round without it
        return _best(w, schema, largest, spoken, zero_sum=False)
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
    weights: IntArray,
    scale: FloatArray,
    w: FloatArray,
    b: FloatArray,
    affine: AffineMap,
    schema: Schema,
    intercept: FloatArray | None = None,
) -> Rounded:
    """The bound; with the intercept that makes it least, unless one is given."""
    low, high = _extent(w - scale[:, None] * weights, schema)
    if intercept is None:
        intercept = np.rint((b + (low + high) / 2) / scale)
    if not np.isfinite(intercept).all() or np.abs(intercept).max() >= 2.0**62:
        raise OutOfRangeError("the intercept does not fit 62 bits at the scale of the weights; use fewer bits")
    rest = b - scale * intercept
    bound = np.maximum(np.abs(low + rest), np.abs(high + rest))
    # rounding of z * scale and of the sums above, relative to the largest value that can occur
    most = np.max(np.abs(_extent(w, schema)), axis=0) + np.abs(b)
    rounding = 8 * (schema.n + 2) * np.finfo(np.float64).eps * most
    return Rounded(weights, intercept.astype(np.int64), scale, bound + rounding + affine.error)
