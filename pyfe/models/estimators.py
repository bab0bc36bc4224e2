"""How a fitted estimator is asked, by its methods and not by its name.

What an estimator computes is one of its :func:`~pyfe.models.quantities.quantities`. What it is fed are decoded rows
of the schema: a DataFrame in the order of ``feature_names_in_`` if it was fitted on one, an array in the schema's order
otherwise. Its link is found by comparing ``predict_proba`` with the known links.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.links import probabilities
from pyfe.models.polarisation import fit_quadratic
from pyfe.models.probing import AffineMap, centre, fit_affine, fresh_rows, residual, straight_on
from pyfe.models.quadratic import RealQuadratic
from pyfe.models.quantities import Labels, Quantity, name_of, quantities, steps_of
from pyfe.models.squares import RealSquares
from pyfe.schema import Number, Schema, stacked

__all__ = [
    "RawModel",
    "RealMap",
    "View",
    "feature_table",
    "fitted_map",
    "link_and_classes",
    "look",
    "look_at_callable",
]

AnyArray: TypeAlias = npt.NDArray[Any]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
FloatArray: TypeAlias = npt.NDArray[np.float64]
Inputs: TypeAlias = Callable[[AnyArray], Any]
Table: TypeAlias = Callable[[Mapping[str, AnyArray]], Any]
RealMap: TypeAlias = AffineMap | RealQuadratic | RealSquares

_CURVE_POINTS = 9


@dataclass(frozen=True)
class View:
    """What a model turned out to be: an affine or quadratic map on coordinates, then a link."""

    map: RealMap
    link: str
    classes: Labels | None
    baseline_survival: float | None
    name: str
    raw_model: RawModel | None = None


@dataclass(frozen=True)
class RawModel:
    """The model's own decision values of a table as it is: not rounded, not clipped, absent entries left to it.

    ``table`` makes what the model was fitted on out of columns by name.
    """

    quantity: Quantity
    table: Table
    schema: Schema

    def __call__(self, X: Any) -> FloatArray | None:
        """Decision values float64 ``[batch, k]``, or None where the model does not take these rows."""
        try:
            values = self.quantity(self.table(self.schema.as_decoded(X)))
        except UnsupportedModelError:
            return None
        return values if np.isfinite(values).all() else None


def look(model: Any, schema: Schema) -> View:
    """Probe and verify an estimator on the schema's domain.

    Each quantity that it offers is tried as an affine map, then as a quadratic one. Raises UnsupportedModelError,
    naming the first step that is neither and the measured residual. Cost: 2 n + 512 evaluations of the model for an
    affine one, about n^2 / 2 + 4 n + 1,024 for any other.
    """
    inputs = _schema_inputs(model, schema)
    refusals = []
    for quantity in quantities(model):
        try:
            return _view(model, quantity, schema, inputs)
        except UnsupportedModelError as error:
            refusals.append(error)
    raise refusals[0]


def look_at_callable(f: Callable[[Any], Any], schema: Schema, link: str, classes: Labels | None) -> View:
    """Probe and verify a callable whose link and classes are told. Raises and costs as :func:`look`."""
    quantity = Quantity(f, classes, name_of(f))
    real_map, _ = fitted_map(f, quantity, schema, schema.decode)
    return View(real_map, link, classes, None, quantity.name, RawModel(quantity, stacked, schema))


def _view(model: Any, quantity: Quantity, schema: Schema, inputs: Inputs) -> View:
    real_map, rows = fitted_map(model, quantity, schema, inputs)
    link, classes = link_and_classes(model, quantity, inputs, rows, real_map(rows), real_map.error)
    names = _feature_names(model)
    table = stacked if names is None else partial(feature_table, names=names)
    return View(real_map, link, classes, None, quantity.name, RawModel(quantity, table, schema))


def fitted_map(model: Any, quantity: Quantity, schema: Schema, inputs: Inputs) -> tuple[RealMap, AnyArray]:
    """The map behind a quantity, with what was measured as its error, and the rows it was verified on.

    UnsupportedModelError naming the step that bends it where it is neither affine nor quadratic.
    """

    def score(rows: AnyArray) -> FloatArray:
        return quantity(inputs(rows))

    rows = fresh_rows(schema)
    real_map: RealMap = fit_affine(score, schema)
    difference, tolerance = residual(score, real_map, rows)
    if not (difference <= tolerance).all():
        real_map = fit_quadratic(score, schema)
        difference, tolerance = residual(score, real_map, rows)
    if not (difference <= tolerance).all():
        worst = int(np.argmax(np.where(difference <= tolerance, 0.0, difference)))
        raise UnsupportedModelError(
            f"{quantity.name} is neither affine nor quadratic in the schema's coordinates: "
            f"{_culprit(model, schema, inputs)}; measured residual {difference[worst]:.3g} (output {worst}), tolerated "
            f"{tolerance[worst]:.3g}. Only models of degree one or two up to a final link can be compiled"
            f"{_straightened(score, schema)}"
        )
    return replace(real_map, error=real_map.error + 2 * difference), rows


def _schema_inputs(model: Any, schema: Schema) -> Inputs:
    """Coordinates -> what the model was fitted on."""
    names = _feature_names(model)
    if names is not None:
        absent = [name for name in names if name not in schema.input_columns]
        if absent:
            raise ParameterError(f"the model was fitted on {', '.join(map(repr, absent))}, not in the schema")
        return lambda rows: feature_table(schema.decode_columns(rows), names)
    expected = getattr(model, "n_features_in_", len(schema.input_columns))
    if expected != len(schema.input_columns):
        raise ParameterError(f"the model takes {expected} features, the schema has {len(schema.input_columns)} columns")
    return schema.decode


def _feature_names(model: Any) -> list[str] | None:
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def feature_table(columns: Mapping[str, AnyArray], names: list[str]) -> Any:
    """A DataFrame of the named columns, in that order; imports pandas, which such a model was fitted with."""
    import pandas

    return pandas.DataFrame({name: columns[name] for name in names})


def link_and_classes(
    model: Any, quantity: Quantity, inputs: Inputs, rows: AnyArray, decision: FloatArray, error: FloatArray
) -> tuple[str, Labels | None]:
    """Link and labels of what a quantity compares (``("identity", None)`` otherwise), checked against the model's own
    answers."""
    k, classes = decision.shape[1], quantity.labels
    if classes is None:
        return "identity", _sides(model, inputs, rows, decision, error)
    if len(classes) != (2 if k == 1 else k):
        raise UnsupportedModelError(
            f"{quantity.name} gives {k} decision values for {len(classes)} classes (one versus one?); one per class "
            "is needed"
        )
    if _differs(model, inputs(rows), np.asarray(classes), decision, error).any():
        raise UnsupportedModelError(
            f"{quantity.name} does not predict the class of its largest decision value (votes of pairs, or a "
            "threshold of its own); compile one decision value per class instead (one against the rest), or the bare "
            "values of its decision_function with pyfe.from_callable"
        )
    return _link(model, inputs(rows), decision), classes


def _sides(model: Any, inputs: Inputs, rows: AnyArray, decision: FloatArray, error: FloatArray) -> Labels | None:
    """Labels -1 and 1 of a model without classes that predicts the sign of its one decision value: an outlier test."""
    if decision.shape[1] != 1 or not (hasattr(model, "decision_function") and hasattr(model, "predict")):
        return None
    sides = np.array([-1, 1])
    return None if _differs(model, inputs(rows), sides, decision, error).any() else (-1, 1)


def _differs(model: Any, table: Any, labels: AnyArray, decision: FloatArray, error: FloatArray) -> BoolArray:
    """Rows clear of every boundary where the model does not predict the largest decision value (of one value: its
    sign), so that pyfe would predict others."""
    if decision.shape[1] == 1:
        index, margin = (decision[:, 0] > 0).astype(np.int64), np.abs(decision[:, 0])
    else:
        index, ordered = np.argmax(decision, axis=1), np.sort(decision, axis=1)
        margin = ordered[:, -1] - ordered[:, -2]
    return np.asarray((np.asarray(model.predict(table)) != labels[index]) & (margin > 4 * error.max()))


def _link(model: Any, table: Any, decision: FloatArray) -> str:
    if not hasattr(model, "predict_proba"):
        return "identity"
    theirs = np.asarray(model.predict_proba(table), dtype=np.float64)
    candidates = ("logit",) if decision.shape[1] == 1 else ("softmax", "ovr")
    for link in candidates:
        ours = probabilities(link, decision)
        if ours.shape == theirs.shape and np.abs(ours - theirs).max() <= 1e-6:
            return link
    return "identity"


def _straightened(score: Callable[[AnyArray], FloatArray], schema: Schema) -> str:
    """The advice for a model that bends along a column only because it takes its logarithm or square root."""
    for (name, part, _), column in zip(schema.blocks, schema.columns.values(), strict=True):
        if not isinstance(column, Number) or column.transform != "identity" or column.steps < _CURVE_POINTS:
            continue
        codes = np.linspace(0, column.steps, _CURVE_POINTS).astype(np.int64)
        rows = np.repeat(centre(schema)[None, :], _CURVE_POINTS, axis=0)
        rows[:, part] = codes[:, None]
        transform = straight_on(column.decode(codes[:, None]), score(rows))
        if transform in ("log", "sqrt"):
            made = f'pyfe.number({column.lo:g}, {column.hi:g}, transform="{transform}")'
            return f"; along {name!r} this one is linear on the {transform} scale: make the column {made}"
    return ""


def _culprit(model: Any, schema: Schema, inputs: Inputs) -> str:
    """The first step of a pipeline whose output is neither affine nor quadratic in the coordinates; else the last."""
    steps = steps_of(model)
    if len(steps) < 2:
        return f"the model itself ({name_of(steps[0][1])})"
    rows = fresh_rows(schema)
    pipeline = getattr(model, "best_estimator_", model)
    for count, (name, step) in enumerate(steps[:-1], start=1):
        if not _prefix_is_quadratic(pipeline[:count], schema, inputs, rows):
            return f"step {count} {name!r} ({type(step).__name__})"
    name, step = steps[-1]
    return f"final step {name!r} ({type(step).__name__})"


def _prefix_is_quadratic(prefix: Any, schema: Schema, inputs: Inputs, rows: AnyArray) -> bool:
    def transformed(table: Any) -> AnyArray:
        output = prefix.transform(table)
        return np.asarray(output.toarray() if hasattr(output, "toarray") else output)

    quantity = Quantity(transformed, None, name_of(prefix))

    def score(coordinates: AnyArray) -> FloatArray:
        return quantity(inputs(coordinates))

    for fit in (fit_affine, fit_quadratic):
        try:
            difference, tolerance = residual(score, fit(score, schema), rows)
        except UnsupportedModelError:
            return False
        if (difference <= tolerance).all():
            return True
    return False
