"""Quadratic statistics of a schema's columns, as exact functions: heart-rate variability, variance, texture.

The columns are samples of one quantity: intervals between heartbeats, or the pixels of a region. All of them are
``number`` columns with one range and one step, so that a difference of coordinates is a difference of values in steps.
With coordinates ``x_1 .. x_n`` and the step ``s``:

=========================  ===================================  =======================  ==========================
function                   integer u                            value                    interval of u, S steps
=========================  ===================================  =======================  ==========================
:func:`rmssd2`             ``sum_i (x_{i+1} - x_i)^2``          ``s^2 u / (n - 1)``      ``(n - 1) S^2``
:func:`sdnn2`              ``n sum_i x_i^2 - (sum_i x_i)^2``    ``s^2 u / (n (n - 1))``  about ``n^2 S^2 / 2``
:func:`variance`           the same                             ``s^2 u / n^2``          about ``n^2 S^2 / 2``
:func:`gradient_energy`    ``sum (x_right - x_left)^2           ``s^2 u``                at most ``2 n S^2``
                           + sum (x_below - x_above)^2``
=========================  ===================================  =======================  ==========================

The integers are exact; the denominator is in the function's scale, so ``key.decrypt`` gives u and
``function.decision_function`` the value. Each is a :class:`~pyfe.forms.FactoredForms`: a sum of squares of differences
has a far narrower interval than its monomials have one by one, and the interval is what is searched after decryption.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pyfe.adapters import require_searchable, serving
from pyfe.arrays import IntArray
from pyfe.errors import ParameterError
from pyfe.forms import FactoredForms
from pyfe.function import Function
from pyfe.schema import Column, Schema

__all__ = ["gradient_energy", "rmssd2", "sdnn2", "variance"]


_WIDEST = 2**15 - 1
"""Largest coefficient that an authority with the default policy signs; the constant of the centred sum keeps to it."""


def rmssd2(schema: Schema) -> Function:
    """RMSSD^2, the mean squared difference of successive intervals between heartbeats.

    ``u = sum_i (x_{i+1} - x_i)^2`` over the columns in the schema's order, n - 1 units; the value is
    ``s^2 u / (n - 1)``, in ms^2 for intervals in ms. Of RR integers with step 1, ``u = (n - 1) RMSSD^2`` exactly.
    ParameterError for fewer than two columns or columns that are not alike; OutOfRangeError beyond 2^44, which no
    scheme searches.

    >>> import pyfe
    >>> beats = pyfe.Schema.from_ranges({f"rr{i}": pyfe.number(300, 1500, step=1) for i in range(4)})
    >>> function = pyfe.quadratic.rmssd2(beats)
    >>> u = function.evaluate([[800, 810, 790, 800]])
    >>> u.tolist(), function.decision_function(u).tolist()
    ([600], [200.0])
    """
    samples = _samples(schema)
    steps = np.arange(schema.n - 1)
    scale = _squared_step(samples) / (schema.n - 1)
    return _squared_differences(schema, steps, steps + 1, scale, "RMSSD^2")


def sdnn2(schema: Schema) -> Function:
    """SDNN^2, the sample variance of intervals between heartbeats: ``sum_i (x_i - mean)^2 / (n - 1)``.

    ``u = n sum_i x_i^2 - (sum_i x_i)^2``, n + 1 units; the value is ``s^2 u / (n (n - 1))``. Of RR integers with step
    1, ``u = n (n - 1) SDNN^2`` exactly. Errors as for :func:`rmssd2`. What is said of the interval in :func:`variance`
    holds here.
    """
    samples = _samples(schema)
    return _spread(schema, _squared_step(samples) / (schema.n * (schema.n - 1)), "SDNN^2")


def variance(schema: Schema) -> Function:
    """The variance of the columns, ``sum_i (x_i - mean)^2 / n``: of the pixels of a region, its local variance.

    ``u = n sum_i x_i^2 - (sum_i x_i)^2 = n sum_i (x_i - c)^2 - (sum_i (x_i - c))^2`` for every constant c; the value is
    ``s^2 u / n^2``. The form is stated around a c in the middle of the range, which makes the interval several times
    narrower; c is lowered to ``32767 / n`` where the sum's constant ``n c`` would exceed the 16 bits that the default
    policy signs. Errors as for :func:`rmssd2`.
    """
    return _spread(schema, _squared_step(_samples(schema)) / schema.n**2, "variance")


def gradient_energy(schema: Schema, shape: Sequence[int]) -> Function:
    """The texture energy of a region: squared differences of horizontal and of vertical neighbours, summed.

    Parameters
    ----------
    schema: one column a pixel, row by row.
    shape: height and width of the region; their product is the number of columns.

    ``2 h w - h - w`` units, each counted once; the value is ``s^2 u`` in squared units of the pixels. A flat region
    has 0, whatever its level. Errors as for :func:`rmssd2`, and ParameterError for another shape.
    """
    samples = _samples(schema)
    if len(shape) != 2 or min(shape) < 1 or shape[0] * shape[1] != schema.n:
        raise ParameterError(f"a region of shape {tuple(shape)} does not have the schema's {schema.n} pixels")
    pixels = np.arange(schema.n).reshape(shape)
    first = np.concatenate([pixels[:, :-1].ravel(), pixels[:-1].ravel()])
    second = np.concatenate([pixels[:, 1:].ravel(), pixels[1:].ravel()])
    return _squared_differences(schema, first, second, _squared_step(samples), "gradient energy")


def _samples(schema: Schema) -> Column:
    """The column that all columns of the schema are alike to."""
    if not isinstance(schema, Schema):
        raise ParameterError(f"a statistic needs a pyfe.Schema, not {type(schema).__name__}")
    names, columns = list(schema.columns), list(schema.columns.values())
    if len(columns) < 2:
        raise ParameterError("a statistic of samples needs at least two columns")
    for name, column in zip(names, columns, strict=True):
        if not column.interval or column.raw_value() is None:
            raise ParameterError(f"column {name!r} is no number without a transform, as a sample is")
    for name, column in zip(names, columns, strict=True):
        if _scale(column) != _scale(columns[0]):
            raise ParameterError(f"column {name!r} differs from {names[0]!r}; samples have one range and one step")
    return columns[0]


def _scale(samples: Column) -> tuple[float, float, int]:
    """Lower end, step, and number of codes."""
    offset, step = samples.affine()
    return float(offset[0]), float(step[0]), samples.size


def _squared_step(samples: Column) -> float:
    return float(samples.affine()[1][0]) ** 2


def _squared_differences(
    schema: Schema, first: npt.NDArray[np.intp], second: npt.NDArray[np.intp], scale: float, name: str
) -> Function:
    """``sum_h (x_second[h] - x_first[h])^2``."""
    units = np.zeros((len(first), schema.n + 1), dtype=np.int64)
    row = np.arange(len(first))
    units[row, first + 1] = -1
    units[row, second + 1] = 1
    return _squares(schema, units, np.ones(len(first), dtype=np.int64), scale, name)


def _spread(schema: Schema, scale: float, name: str) -> Function:
    """``n sum_i (x_i - c)^2 - (sum_i (x_i - c))^2``."""
    n = schema.n
    deviations = np.eye(n + 1, dtype=np.int64)[1:]
    deviations[:, 0] = -min(int(schema.hi[0]) // 2, _WIDEST // n)
    units = np.vstack([deviations, deviations.sum(axis=0)])
    return _squares(schema, units, np.array([n] * n + [-1], dtype=np.int64), scale, name)


def _squares(schema: Schema, units: IntArray, weights: IntArray, scale: float, name: str) -> Function:
    function = Function.from_forms(schema, FactoredForms.squares(units, weights[None, :]), scale=scale, name=name)
    require_searchable(function.interval, serving(function.kind))
    return function
