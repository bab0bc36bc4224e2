"""How a fitted estimator is asked, by its methods and not by its name.

An estimator is anything with ``decision_function``, or ``predict`` for a regression, or a plain callable. What it
is fed are decoded rows of the schema: a DataFrame in the order of ``feature_names_in_`` if it was fitted on one,
an array in the schema's order otherwise. Its link is found by comparing ``predict_proba`` with the known links.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import ParameterError, PyfeError, UnsupportedModelError
from pyfe.function import probabilities
from pyfe.models.probing import AffineMap, centre, fit_affine, fresh_rows, residual, straight_on
from pyfe.schema import Number, Schema, stacked

__all__ = ["RawModel", "View", "ask", "feature_table", "link_and_classes", "look", "name_of"]

AnyArray: TypeAlias = npt.NDArray[Any]
FloatArray: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = tuple[str | int | float | bool, ...]
Inputs: TypeAlias = Callable[[AnyArray], Any]

_CURVE_POINTS = 9


@dataclass(frozen=True)
class View:
    """What a model turned out to be: an affine map on coordinates, then a link."""

    affine: AffineMap
    link: str
    classes: Labels | None
    baseline_survival: float | None
    name: str


@dataclass(frozen=True)
class RawModel:
    """The model's own decision values of a table as it is: not rounded, not clipped, absent entries left to it."""

    model: Any
    schema: Schema

    def __call__(self, X: Any) -> FloatArray | None:
        """Decision values float64 ``[batch, k]``, or None where the model does not take these rows."""
        columns = self.schema.as_decoded(X)
        names = _feature_names(self.model)
        table = stacked(columns) if names is None else feature_table(columns, names)
        try:
            values = ask(decision_of(self.model), table, name_of(self.model))
        except UnsupportedModelError:
            return None
        return values if np.isfinite(values).all() else None


def look(model: Any, schema: Schema) -> View:
    """Probe and verify an estimator on the schema's domain. Cost: about 2 n + 512 evaluations of the model.

    Raises UnsupportedModelError, naming the first step that is not affine and the measured residual.
    """
    inputs = _schema_inputs(model, schema)
    decide = decision_of(model)

    def score(rows: AnyArray) -> FloatArray:
        return ask(decide, inputs(rows), name_of(model))

    affine, rows = fit_affine(score, schema), fresh_rows(schema)
    difference, tolerance = residual(score, affine, rows)
    if not (difference <= tolerance).all():
        worst = int(np.argmax(np.where(difference <= tolerance, 0.0, difference)))
        raise UnsupportedModelError(
            f"{name_of(model)} is not affine in the schema's coordinates: {_culprit(model, schema, inputs)}; measured "
            f"residual {difference[worst]:.3g} (output {worst}), tolerated {tolerance[worst]:.3g}. Only models that "
            f"are linear up to a final link can be compiled{_straightened(score, schema)}"
        )
    affine = AffineMap(affine.weights, affine.intercept, affine.error + 2 * difference)
    link, classes = link_and_classes(model, inputs, rows, affine(rows), affine.error)
    return View(affine, link, classes, None, name_of(model))


def name_of(model: Any) -> str:
    """The class of the model; of the last step, for a pipeline."""
    steps = getattr(model, "steps", None)
    last = steps[-1][1] if isinstance(steps, list) and steps else model
    return getattr(last, "__name__", None) or type(last).__name__


def decision_of(model: Any) -> Callable[[Any], Any]:
    """The method that is affine if any is. UnsupportedModelError if the model offers none."""
    if hasattr(model, "decision_function"):
        return model.decision_function  # type: ignore[no-any-return]
    if hasattr(model, "predict_proba"):
        raise UnsupportedModelError(
            f"{name_of(model)} has probabilities but no decision_function; a probability is not affine"
        )
    if hasattr(model, "predict"):
        return model.predict  # type: ignore[no-any-return]
    if callable(model):
        return model  # type: ignore[no-any-return]
    raise UnsupportedModelError(f"{name_of(model)} has neither decision_function nor predict")


def ask(decide: Callable[[Any], Any], table: Any, name: str) -> FloatArray:
    """Decision values float64 ``[m, k]``; whatever the model raises becomes an UnsupportedModelError."""
    try:
        values = np.asarray(decide(table), dtype=np.float64)
    except PyfeError:
        raise
    except Exception as error:
        raise UnsupportedModelError(
            f"{name} cannot be evaluated on the schema's rows: {type(error).__name__}: {error}"
        ) from error
    if values.ndim not in (1, 2):
        raise UnsupportedModelError(f"{name} returns {values.ndim}-dimensional decision values")
    return values[:, None] if values.ndim == 1 else values


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
    model: Any, inputs: Inputs, rows: AnyArray, decision: FloatArray, error: FloatArray
) -> tuple[str, Labels | None]:
    """Link and class labels of a classifier (``("identity", None)`` otherwise), checked against its own answers."""
    labels = getattr(model, "classes_", None)
    if labels is None or not hasattr(model, "decision_function"):
        return "identity", None
    classes = tuple(label.item() if isinstance(label, np.generic) else label for label in labels)
    k = decision.shape[1]
    if len(classes) != (2 if k == 1 else k):
        raise UnsupportedModelError(
            f"{name_of(model)} gives {k} decision values for {len(classes)} classes (one versus one?); one per class "
            "is needed"
        )
    _check_predictions(model, inputs(rows), np.asarray(labels), decision, error)
    return _link(model, inputs(rows), decision), classes


def _check_predictions(model: Any, table: Any, labels: AnyArray, decision: FloatArray, error: FloatArray) -> None:
    """The predicted class must be the largest decision value (two classes: its sign), or pyfe would predict others."""
    if decision.shape[1] == 1:
        index, margin = (decision[:, 0] > 0).astype(np.int64), np.abs(decision[:, 0])
    else:
        index, ordered = np.argmax(decision, axis=1), np.sort(decision, axis=1)
        margin = ordered[:, -1] - ordered[:, -2]
    clear = margin > 4 * error.max()
    if (np.asarray(model.predict(table)) != labels[index])[clear].any():
        raise UnsupportedModelError(
            f"{name_of(model)} does not predict the class of its largest decision value (votes of pairs, or a "
            "threshold of its own); compile the decision values as a pyfe.Linear instead"
        )


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
    """The first step of a pipeline whose output is not affine in the coordinates; else the last step."""
    pipeline = getattr(model, "best_estimator_", model)
    steps = getattr(pipeline, "steps", None)
    if not isinstance(steps, list) or len(steps) < 2:
        return f"the model itself ({name_of(pipeline)})"
    rows = fresh_rows(schema)
    for count, (name, step) in enumerate(steps[:-1], start=1):
        if not _prefix_is_affine(pipeline[:count], schema, inputs, rows):
            return f"step {count} {name!r} ({type(step).__name__})"
    name, step = steps[-1]
    return f"final step {name!r} ({type(step).__name__})"


def _prefix_is_affine(prefix: Any, schema: Schema, inputs: Inputs, rows: AnyArray) -> bool:
    def transformed(table: Any) -> AnyArray:
        output = prefix.transform(table)
        return np.asarray(output.toarray() if hasattr(output, "toarray") else output)

    def score(coordinates: AnyArray) -> FloatArray:
        return ask(transformed, inputs(coordinates), name_of(prefix))

    try:
        difference, tolerance = residual(score, fit_affine(score, schema), rows)
    except UnsupportedModelError:
        return False
    return bool((difference <= tolerance).all())
