"""The scores of a report's rows: what the integers say, what the model says, and what they would say unclipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.forms import FactoredForms
from pyfe.function import Function, LinearMap
from pyfe.schema import Encoded, Schema

__all__ = ["Scores", "decisions_at", "scores_of"]

_MOST_ENTRIES = 2**22
"""Products that are held at once."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Decision values float64 ``[rows, k]`` of some rows.

    ours: of the function, noise included where it has some. decoded: of its integers without noise. theirs: of the
    model on the raw row; None where the function was not compiled in this process, or the rows are codes already.
    unrounded: of the model's map on the row as the schema decodes it, from which ``max_error`` is measured; likewise.
    x: the coordinates int64 ``[rows, n]``.
    """

    x: IntArray
    ours: FloatArray
    decoded: FloatArray
    theirs: FloatArray | None = None
    unrounded: FloatArray | None = None


def scores_of(function: Function, schema: Schema, X: Mapping[str, AnyArray] | Encoded) -> Scores:
    """The scores of raw columns, clipped where they have to be, or of encoded rows."""
    encoded = X if isinstance(X, Encoded) else schema.encode(X, "clip")
    exact = _by_row(function.evaluate(encoded), function)
    readout, noisy = function.readout, exact
    if not function.exact:
        noisy = exact + readout.noise_like(len(exact))
    ours, decoded = noisy * readout.scale, exact * readout.scale
    if function.exact_map is None or isinstance(X, Encoded) or not len(exact):
        return Scores(encoded.x, ours, decoded)
    unrounded = _mapped(function, encoded.x.astype(np.float64))
    theirs = None if function.raw_model is None else function.raw_model(X)
    if theirs is None:
        theirs = _mapped(function, schema.encode_real(X))
    return Scores(encoded.x, ours, decoded, np.asarray(theirs, dtype=np.float64), unrounded)


def decisions_at(function: Function, coordinates: FloatArray) -> FloatArray:
    """The decision values ``[rows, k]`` that the function's own coefficients give at real coordinates ``[rows, n]``,
    inside the schema's range or outside."""
    return np.asarray((_real_map(function, coordinates) + function.intercept) * function.scale)


def _real_map(function: Function, x: FloatArray) -> FloatArray:
    if isinstance(function.map, LinearMap):
        return np.asarray(x @ function.map.weights.T.astype(np.float64))
    forms, z = function.map.forms, np.concatenate([np.ones((len(x), 1)), x], axis=1)
    if isinstance(forms, FactoredForms):
        left, right = (z @ part.T.astype(np.float64) for part in (forms.U, forms.V))
        return np.asarray((left * right) @ forms.Q.T.astype(np.float64))
    values = np.zeros((len(x), forms.k))
    piece = max(1, _MOST_ENTRIES // max(1, len(forms.value)))
    for start in range(0, len(z), piece):
        part = z[start : start + piece]
        products = part[:, forms.row] * part[:, forms.column] * forms.value
        for output in range(forms.k):
            values[start : start + piece, output] = products[:, forms.output == output].sum(axis=1)
    return values


def _mapped(function: Function, x: FloatArray) -> FloatArray:
    """The model's map before rounding, at real coordinates."""
    exact = function.exact_map
    assert exact is not None
    return np.asarray(exact(x) if callable(exact) else x @ exact[0].T + exact[1], dtype=np.float64)


def _by_row(scores: IntArray, function: Function) -> IntArray:
    return scores[:, None] if function.k == 1 else scores
