"""compile: a model and a schema -> an exact integer function with a derived error bound."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.function import Function
from pyfe.models.estimators import RawModel, View, look
from pyfe.models.linear import Linear
from pyfe.models.rounding import Rounded, round_map, take_integers
from pyfe.schema import Schema

__all__ = ["compile"]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]

AUTO_FRACTION = 0.01
"""weight_bits="auto": the derived bound stays below this part of the output's interquartile range."""

MAX_WEIGHT_BITS = 31
_REFERENCE_ROWS = 2000
_LEAST_REFERENCE = 20


def compile(
    model: Any,
    schema: Schema,
    *,
    weight_bits: int | Literal["auto"] | None = "auto",
    reference: Any = None,
    name: str | None = None,
) -> Function:
    """Turn a fitted model into the exact integer function that a key is issued for.

    The model's own decision function, pipeline included, is probed on decoded rows of the schema for an affine map
    ``f(q) = w q + b`` of the integer coordinates, verified on 512 fresh rows, and rounded to ``s (W q + B)``.

    Parameters
    ----------
    model: a fitted estimator (anything with ``decision_function``, or ``predict`` for a regression), a
        :class:`~pyfe.Linear`, or a callable from decoded rows ``[m, columns]`` to values ``[m]`` or ``[m, k]``. A
        model that was fitted on a DataFrame is given one, by name; others an array in the schema's order. A column
        with a transform reaches the estimator as its raw value; a coefficient of log(value) belongs in a Linear.
    weight_bits: bits of the signed weights, ``|W| <= 2^(bits-1) - 1``. ``"auto"``: the fewest for which ``max_error``
        is below 1 % of the interquartile range of every output over the reference rows; then also every predicted
        class is kept except within ``max_error`` of the boundary. ``None``: the weights per coordinate step are
        integers already and are taken as given, with scale 1. Fewer bits also reveal less.
    reference: rows as for ``schema.encode`` (at least 20; values outside are clipped) to judge "auto" on; without
        them 2,000 rows drawn uniformly from the schema. They are not kept.
    name: for reports; by default the class of the model.

    Returns
    -------
    Function with int64 weights ``[k, n]``: one row for a regression or two classes, one per class otherwise (k rows
    even where softmax makes one redundant, so that all outputs are scikit-learn's; the integer rows then sum to zero
    as the model's do, and their rank is k - 1). ``max_error`` bounds |decision value - model's output| over every
    row the schema can hold, derived from the rounding, plus the measured residual of the probing.

    Raises
    ------
    UnsupportedModelError: not affine (names the step and the residual), constant, or no weight width up to 31 bits
    keeps the answer. OutOfRangeError: results wider than 2^44. ParameterError: model and schema do not fit.

    Cost: about 2 n + 512 evaluations of the model and O(n k) per width tried.
    """
    if not isinstance(schema, Schema):
        raise ParameterError("compile needs a pyfe.Schema as its second argument")
    view = model.view(schema) if isinstance(model, Linear) else look(model, schema)
    _check_not_constant(view, schema)
    rounded = _rounded(view, schema, weight_bits, reference)
    _check_rows(rounded.weights, view)
    return Function.from_integers(
        schema,
        rounded.weights,
        rounded.intercept,
        rounded.scale,
        link=view.link,
        classes=view.classes,
        baseline_survival=view.baseline_survival,
        max_error=rounded.max_error,
        name=view.name if name is None else name,
        exact_map=(view.affine.weights, view.affine.intercept),
        raw_model=None if isinstance(model, Linear) else RawModel(model, schema),
    )


def _rounded(view: View, schema: Schema, weight_bits: Any, reference: Any) -> Rounded:
    if weight_bits is None:
        return take_integers(view.affine, schema)
    if weight_bits == "auto":
        return _fewest_bits(view, schema, reference)
    if isinstance(weight_bits, bool) or not isinstance(weight_bits, int) or not 2 <= weight_bits <= MAX_WEIGHT_BITS:
        raise ParameterError(f'weight_bits is 2 to {MAX_WEIGHT_BITS}, "auto" or None, not {weight_bits!r}')
    return round_map(view.affine, schema, weight_bits, compared=view.classes is not None)


def _fewest_bits(view: View, schema: Schema, reference: Any) -> Rounded:
    allowed = AUTO_FRACTION * _spread(view.affine(_reference_rows(schema, reference)))
    best = np.inf
    for bits in range(2, MAX_WEIGHT_BITS + 1):
        rounded = round_map(view.affine, schema, bits, compared=view.classes is not None)
        if (rounded.max_error <= allowed).all() and rounded.weights.any(axis=1).all():
            return rounded
        best = min(best, float((rounded.max_error / allowed).max()))
    raise UnsupportedModelError(
        f"no weights up to {MAX_WEIGHT_BITS} bits keep the answer of {view.name}: the best bound is {best:.2g} times "
        f"{AUTO_FRACTION:.0%} of the interquartile range. Check that the reference rows vary, or set weight_bits"
    )


def _reference_rows(schema: Schema, reference: Any) -> IntArray:
    if reference is None:
        return schema.sample(np.random.default_rng(20), _REFERENCE_ROWS)
    rows = schema.encode(reference, "clip").x
    if len(rows) < _LEAST_REFERENCE:
        raise ParameterError(f"reference needs at least {_LEAST_REFERENCE} rows, not {len(rows)}")
    return rows


def _spread(values: FloatArray) -> FloatArray:
    """Interquartile range per output; half the full range where half of the values coincide."""
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    full = (values.max(axis=0) - values.min(axis=0)) / 2
    spread: FloatArray = np.where(high > low, high - low, full)
    if not (spread > 0).all():
        raise UnsupportedModelError("the model's output does not vary over the reference rows")
    return spread


def _check_not_constant(view: View, schema: Schema) -> None:
    """An output that does not depend on the row needs no key, and its key would open a relation everybody knows."""
    blocks = zip(schema.blocks, schema.columns.values(), strict=True)
    ends = [column.extent(view.affine.weights[:, part]) for (_, part, _), column in blocks]
    spread = np.sum([high - low for low, high in ends], axis=0)
    flat = np.flatnonzero(spread <= 4 * view.affine.error)
    if len(flat):
        raise UnsupportedModelError(f"output {flat[0]} of {view.name} does not depend on the schema's columns")


def _check_rows(weights: IntArray, view: View) -> None:
    empty = np.flatnonzero(~weights.any(axis=1))
    if len(empty):
        raise UnsupportedModelError(f"all weights of output {empty[0]} of {view.name} round to zero; use more bits")
