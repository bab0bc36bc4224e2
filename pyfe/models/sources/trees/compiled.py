"""Ensembles of shallow trees: the quadratic function on the bits of the thresholds that they use.

A tree tests whether a value reaches a cut. With one bit per cut (:func:`schema_for_trees`) a test is a bit, a path is a
product of bits, and tests of one column multiply to a function of that column alone, which is linear in its bits. So
a sum of trees whose paths test at most two columns each, as all trees of depth two do, is quadratic in the bits; and
linear where every path tests one column. The owner of the data learns the thresholds, and no value of a leaf.

Of the libraries with a file of their own here the sum, its base and its link are read as well, and the model is asked
whether they are its own; a bound on what it loses in adding up, which XGBoost does in float32, is part of the error. Of
other trees only the model knows how they are combined: are its answers ``a * (sum of the trees) + b`` on fresh rows?
Where they are not (votes with weights, dropout), the model is probed on the bits like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.fit.probing import TOLERANCE, fresh_rows
from pyfe.models.real.affine import AffineMap
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.sources.decision import decision_function_of
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.estimators import with_link
from pyfe.models.sources.fitted import fitted_map
from pyfe.models.sources.parts import Labels, plain_labels
from pyfe.models.sources.raw_model import RawModel, naming_what_fails
from pyfe.models.sources.real_function import RealFunction, RealMap
from pyfe.models.sources.trees.forest import Forest
from pyfe.models.sources.trees.quadratic import as_quadratic, second_minus_first
from pyfe.models.sources.trees.reading import forest_of
from pyfe.models.sources.trees.tables import table_of
from pyfe.schema import Products, Schema
from pyfe.schema.cells import listed

__all__ = ["from_trees", "is_trees"]


def from_trees(model: Any, schema: Schema) -> RealFunction | None:
    """The function of an ensemble of trees on the bits of a schema; None for a model that shows no trees.

    Raises UnsupportedModelError for a tree with a path that tests three columns (names tree, depth and columns), or
    a column that the schema holds in another form than bits. Cost: O(leaves) and 512 evaluations of the model; those of
    probing, for an ensemble that is no plain sum.
    """
    forest = forest_of(model)
    if forest is None:
        return None
    forest.require_two_columns()
    raw = as_quadratic(forest, schema)
    if forest.function is None:
        return _combined(model, forest, raw, schema)
    return _read(model, forest, forest.function, raw, schema)


def is_trees(model: Any) -> bool:
    """Whether a model shows trees on raw columns. UnsupportedModelError for trees that cannot be read."""
    with naming_what_fails(model):
        return forest_of(model) is not None


def _asking(model: Any, forest: Forest, function: DecisionFunction, schema: Schema) -> RawModel:
    """The model, asked about columns by name."""

    def table(columns: Mapping[str, AnyArray]) -> Any:
        return table_of(forest.features, columns, named=forest.named)

    return RawModel(function, table, schema, model)


def _answers(asking: RawModel, rows: IntArray) -> FloatArray:
    """The model's values of rows. UnsupportedModelError naming the bits for absent entries where it takes none."""
    try:
        return asking.on_codes(rows)
    except UnsupportedModelError as error:
        columns = asking.schema.columns.items()
        bits = [name for name, column in columns if Products.MISSING in column.products]
        if not bits:
            raise
        raise UnsupportedModelError(
            f"{error}; {listed(bits)} may be absent in the schema, and a model that takes no absent entries has no "
            'score for them: leave their bits away (missing="bit")'
        ) from error


# ---------------------------------------------------------------------------------------------------------------
# Trees whose sum is read


def _read(model: Any, forest: Forest, function: DecisionFunction, raw: RealQuadratic, schema: Schema) -> RealFunction:
    """The function of a forest whose base and link were read too. UnsupportedModelError where the model adds up to
    something else."""
    if function.labels is not None and len(function.labels) == len(raw.intercept) == 2:
        raw = second_minus_first(raw)
    asking, rows = _asking(model, forest, function, schema), fresh_rows(schema)
    real_map = _as_read(raw, rows, _answers(asking, rows), forest.name)
    return with_link(RealFunction(real_map, "identity", None, None, forest.name, asking), asking, rows)


def _as_read(raw: RealQuadratic, rows: IntArray, theirs: FloatArray, name: str) -> RealMap:
    ours = raw(rows)
    difference = np.abs(theirs - ours).max(axis=0) if ours.shape == theirs.shape else np.full(1, np.inf)
    if not (difference <= raw.error + TOLERANCE * np.ptp(theirs, axis=0)).all():
        raise UnsupportedModelError(
            f"the trees that {name} shows do not add up to its own values: off by {difference.max():.3g}, where "
            f"{raw.error.max():.3g} is rounding. Its library may have another version or settings that this one does "
            "not know; compile a plainer model, or its values with pyfe.from_callable"
        )
    error = np.maximum(raw.error, 2 * difference)
    return replace(raw, error=error) if raw.quadratic.any() else AffineMap(raw.weights, raw.intercept, error)


# ---------------------------------------------------------------------------------------------------------------
# Trees that only the model combines


def _combined(model: Any, forest: Forest, raw: RealQuadratic, schema: Schema) -> RealFunction:
    function = _decision_function(model, forest.name)
    if function.labels is not None and len(function.labels) == len(raw.intercept) == 2:
        raw = second_minus_first(raw)
    asking, rows = _asking(model, forest, function, schema), fresh_rows(schema)
    real_map = _as_the_model_combines(raw, rows, _answers(asking, rows))
    if real_map is None:
        real_map, rows = fitted_map(asking)
    return with_link(RealFunction(real_map, "identity", None, None, forest.name, asking), asking, rows)


def _decision_function(model: Any, name: str) -> DecisionFunction:
    """The decision values, or the shares of the classes where a model has nothing before them."""
    if hasattr(model, "decision_function") or not hasattr(model, "predict_proba"):
        return decision_function_of(model)
    labels: Labels | None = plain_labels(model.classes_)
    return DecisionFunction(model.predict_proba, labels, name)


def _as_the_model_combines(raw: RealQuadratic, rows: IntArray, theirs: FloatArray) -> RealMap | None:
    """``a * raw + b`` with the a and b, per output, that give the model's values; None if there are none."""
    ours = raw(rows)
    if ours.shape != theirs.shape or not np.isfinite(theirs).all():
        return None
    centred, wanted = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    square = (centred**2).sum(axis=0)
    a = (centred * wanted).sum(axis=0) / np.where(square > 0, square, 1.0)
    b = theirs.mean(axis=0) - a * ours.mean(axis=0)
    difference = np.abs(theirs - (a * ours + b)).max(axis=0)
    spread = theirs.max(axis=0) - theirs.min(axis=0)
    if not (difference <= np.maximum(TOLERANCE * spread, 1e-12 * np.abs(theirs).max(axis=0))).all():
        return None
    weights, intercept = raw.weights * a[:, None], raw.intercept * a + b
    error = np.abs(a) * raw.error + 2 * difference
    if raw.quadratic.any():
        return RealQuadratic(raw.centre, raw.quadratic * a[:, None, None], weights, intercept, error)
    return AffineMap(weights, intercept, error)
