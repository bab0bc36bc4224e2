"""How a fitted estimator is asked, by its methods and not by its name.

What an estimator computes is its :func:`~pyfe.models.quantities.quantity_of`. What it is fed are decoded rows of the
schema, by name where it has names (:mod:`pyfe.models.intake`), as an array in the schema's order otherwise, never more
than 4,096 at once. Its link is found by comparing ``predict_proba`` with the known links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import PyfeError, UnsupportedModelError
from pyfe.links import probabilities
from pyfe.models.intake import feature_table, intake_of
from pyfe.models.polarisation import fit_quadratic
from pyfe.models.probing import (
    ROWS_AT_ONCE,
    TOLERANCE,
    AffineMap,
    centre,
    fit_affine,
    fresh_rows,
    residual,
    straight_on,
)
from pyfe.models.quadratic import RealQuadratic
from pyfe.models.quantities import Labels, Quantity, is_result, name_of, quantity_of, steps_of
from pyfe.models.squares import RealSquares
from pyfe.schema import Schema, stacked

__all__ = [
    "BY_POSITION",
    "LARGEST_SLACK",
    "RawModel",
    "RealMap",
    "View",
    "asked",
    "culprit",
    "feature_table",
    "fitted_map",
    "link_and_classes",
    "link_of_result",
    "look",
    "look_at_callable",
    "naming_what_fails",
    "without_probabilities",
]

AnyArray: TypeAlias = npt.NDArray[Any]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
Inputs: TypeAlias = Callable[[AnyArray], Any]
Table: TypeAlias = Callable[[Mapping[str, AnyArray]], Any]
Ask: TypeAlias = Callable[[Any], AnyArray]
RealMap: TypeAlias = AffineMap | RealQuadratic | RealSquares

_CURVE_POINTS = 9
_CLOSE = 1e-6
"""Largest difference between a model's probabilities and those of a link that is taken for rounding."""

LARGEST_SLACK = 0.01
"""Probabilities that are further apart than this are others, however little is known of the scores."""

BY_POSITION = ("rows", "reach the model by position, in the schema's order: it has no column names")


@dataclass(frozen=True)
class View:
    """What a model turned out to be: an affine or quadratic map on coordinates, then a link.

    ``remarks``: pairs (what, text) that reports show, such as why there are no probabilities.
    """

    map: RealMap
    link: str
    classes: Labels | None
    baseline_survival: float | None
    name: str
    raw_model: RawModel | None = None
    remarks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RawModel:
    """The model itself, asked about a table as it is: not rounded, not clipped, absent entries left to it.

    Parameters
    ----------
    quantity: the decision values of the model's own kind of table. table: makes that table out of columns by name.
    model: what is asked, for messages about its steps.
    predict: labels ``[m]`` of such a table, or None where it predicts none.
    output: the model's own last output, which has to be the link of its decision values: the probabilities
        ``[m, classes]`` under a link, of two classes perhaps the second column only; with the link "identity" the
        decision values themselves. None where there is none, or where no link was found.
    """

    quantity: Quantity
    table: Table
    schema: Schema
    model: Any = None
    predict: Ask | None = None
    output: Ask | None = None

    def __call__(self, X: Any) -> FloatArray | None:
        """Decision values float64 ``[batch, k]``, or None where the model does not take these rows."""
        try:
            return self.on_columns(self.schema.as_decoded(X))
        except UnsupportedModelError:
            return None

    def on_codes(self, rows: IntArray) -> FloatArray:
        """Decision values of coordinates ``[m, n]``; raises as :meth:`on_columns`."""
        return self.on_columns(self.schema.decode_columns(rows))

    def on_columns(self, columns: Mapping[str, AnyArray]) -> FloatArray:
        """Decision values ``[m, k]`` of raw columns, 4,096 rows a call. UnsupportedModelError where the model raises,
        gives another number of rows, or NaN or infinite values."""
        values = self.in_pieces(self.quantity, columns)
        wrong = int((~np.isfinite(values)).any(axis=1).sum())
        if wrong:
            raise UnsupportedModelError(
                f"{self.quantity.name} gives NaN or infinite decision values for {wrong} of {len(values)} rows"
            )
        return values

    def in_pieces(self, ask: Ask, columns: Mapping[str, AnyArray]) -> AnyArray:
        """One answer per row to ``ask``, a quantity or a method of the model."""
        count = len(next(iter(columns.values())))
        answers = []
        for start in range(0, max(count, 1), ROWS_AT_ONCE):
            piece = {name: values[start : start + ROWS_AT_ONCE] for name, values in columns.items()}
            rows = min(ROWS_AT_ONCE, count - start)
            answers.append(_one_per_row(self.quantity.name, asked(self.quantity.name, ask, self.table(piece)), rows))
        return np.concatenate(answers)


def asked(name: str, ask: Ask, table: Any) -> AnyArray:
    """The answer of a model; whatever its code raises becomes an UnsupportedModelError that names the kind of error
    (not its text, which may hold values of the rows)."""
    try:
        return np.asarray(ask(table))
    except PyfeError:
        raise
    except Exception as error:
        raise UnsupportedModelError(f"{name} cannot be evaluated on these rows ({type(error).__name__})") from error


def _one_per_row(name: str, answer: AnyArray, rows: int) -> AnyArray:
    if answer.ndim == 0 or len(answer) != rows:
        shape = "one value" if answer.ndim == 0 else f"{len(answer)} values"
        raise UnsupportedModelError(f"{name} gives {shape} for {rows} rows; one answer per row is needed")
    return answer


@contextmanager
def naming_what_fails(model: Any) -> Iterator[None]:
    """Whatever the model's own code raises, attributes included, becomes an UnsupportedModelError."""
    try:
        yield
    except PyfeError:
        raise
    except Exception as error:
        raise UnsupportedModelError(
            f"{type(model).__name__} cannot be compiled: its own code raises {type(error).__name__} when asked (is it "
            "fitted, and complete?)"
        ) from error


def look(model: Any, schema: Schema) -> View:
    """Probe and verify an estimator on the schema's domain.

    Its one quantity is tried as an affine map, then as a quadratic one. Raises UnsupportedModelError, naming the first
    step that is neither and the measured residual. Cost: 2 n + 512 evaluations of the model for an affine one, about
    n^2 / 2 + 4 n + 1,024 for any other.
    """
    quantity, intake = quantity_of(model), intake_of(model, schema.input_columns)
    intake.require(schema)
    raw = RawModel(quantity, intake.table, schema, model)
    real_map, rows = fitted_map(raw)
    remarks = () if intake.names is not None else (BY_POSITION,)
    return with_link(View(real_map, "identity", None, None, quantity.name, raw, remarks), raw, rows)


def look_at_callable(f: Callable[[Any], Any], schema: Schema, link: str, classes: Labels | None) -> View:
    """Probe and verify a callable whose link and classes are told. Raises and costs as :func:`look`."""
    raw = RawModel(Quantity(f, classes, name_of(f)), stacked, schema, f)
    real_map, _ = fitted_map(raw)
    return View(real_map, link, classes, None, raw.quantity.name, raw, (BY_POSITION,))


def with_link(view: View, raw: RawModel, rows: IntArray) -> View:
    """The view with the link and classes of its model, found on verified rows, and the model's own methods for them."""
    model, columns = raw.model, raw.schema.decode_columns(rows)
    decision = view.map(rows)
    if is_result(model):
        return _with_link_of_result(view, raw, columns, decision)
    link, classes = link_and_classes(model, raw.quantity, raw.table(columns), decision, view.map.error)
    remarks = view.remarks
    if classes is not None and link == "identity" and hasattr(model, "predict_proba"):
        theirs = raw.in_pieces(model.predict_proba, columns)
        remarks += (("probabilities", f"none: {without_probabilities(theirs, decision)}"),)
    own = replace(
        raw,
        predict=model.predict if classes is not None and hasattr(model, "predict") else None,
        output=model.predict_proba if link != "identity" else None,
    )
    return replace(view, link=link, classes=classes, raw_model=own, remarks=remarks)


def _with_link_of_result(view: View, raw: RawModel, columns: Mapping[str, AnyArray], decision: FloatArray) -> View:
    """The link between the linear predictor of a result and its prediction."""
    link, classes = link_of_result(raw.model, raw.in_pieces(raw.model.predict, columns), decision)
    return replace(view, link=link, classes=classes, raw_model=replace(raw, output=raw.model.predict))


def link_of_result(result: Any, predicted: AnyArray, decision: FloatArray) -> tuple[str, Labels | None]:
    """Link and classes that lead from the linear predictor of a result to its prediction; UnsupportedModelError."""
    theirs = np.asarray(predicted, dtype=np.float64).reshape(len(decision), -1)
    spread = np.ptp(decision, axis=0).max()
    if theirs.shape == decision.shape and np.abs(theirs - decision).max() <= TOLERANCE * spread:
        return "identity", None
    one = theirs.shape == decision.shape == (len(decision), 1)
    if one and np.abs(probabilities("logit", decision)[:, 1:] - theirs).max() <= _CLOSE:
        return "logit", (0, 1)
    kind = type(getattr(getattr(result.model, "family", None), "link", None)).__name__
    raise UnsupportedModelError(
        f"the prediction of {name_of(result)} is neither its linear predictor nor the sigmoid of it"
        f"{'' if kind == 'NoneType' else f' (link {kind})'}; compile the linear predictor by name, pyfe.Linear("
        "dict(result.params.drop('const')), result.params['const']), and apply the inverse link to what is decrypted"
    )


def fitted_map(raw: RawModel) -> tuple[RealMap, IntArray]:
    """The map behind a quantity, with what was measured as its error, and the rows it was verified on.

    UnsupportedModelError naming the step that bends it where it is neither affine nor quadratic, or where its answers
    are no function of the row.
    """
    score, schema = raw.on_codes, raw.schema
    rows = fresh_rows(schema)
    _require_function_of_the_row(raw, rows)
    real_map: RealMap = fit_affine(score, schema)
    difference, tolerance = residual(score, real_map, rows)
    if not (difference <= tolerance).all():
        real_map = fit_quadratic(score, schema)
        difference, tolerance = residual(score, real_map, rows)
    if not (difference <= tolerance).all():
        worst = int(np.argmax(np.where(difference <= tolerance, 0.0, difference)))
        raise UnsupportedModelError(
            f"{raw.quantity.name} is neither affine nor quadratic in the schema's coordinates: "
            f"{culprit(raw, rows)}; measured residual {difference[worst]:.3g} (output {worst}), tolerated "
            f"{tolerance[worst]:.3g}. Only models of degree one or two up to a final link can be compiled"
            f"{_straightened(score, schema)}"
        )
    return replace(real_map, error=real_map.error + 2 * difference), rows


def _require_function_of_the_row(raw: RawModel, rows: IntArray) -> None:
    """The same answer for a row whenever it is asked, and whatever rows are asked about with it."""
    try:
        values = raw.on_codes(rows)
    except UnsupportedModelError as error:
        step = _failing_step(raw, rows)
        cause = error.__cause__
        if cause is None:
            raise
        # these rows are the schema's own, so the text of the error holds no patient's values
        raise UnsupportedModelError(
            f"{raw.quantity.name} cannot be evaluated on the schema's rows{step}: {type(cause).__name__}: {cause}"
        ) from cause
    allowed = np.maximum(TOLERANCE * np.ptp(values, axis=0), 1e-12 * np.abs(values).max(axis=0))
    again, turned = raw.on_codes(rows), raw.on_codes(rows[::-1])[::-1]
    alone = np.concatenate([raw.on_codes(rows[i : i + 1]) for i in range(3)])
    if not again.shape == turned.shape == values.shape or alone.shape != values[:3].shape:
        raise UnsupportedModelError(f"{raw.quantity.name} gives values of another shape for the same rows")
    by = np.abs(again - values)
    if (by > allowed).any():
        raise UnsupportedModelError(
            f"{raw.quantity.name} gives other values when the same rows are asked again (by up to {by.max():.3g}); "
            "take out what is random in it (dropout, sampling), or fix its seed per call"
        )
    by = np.concatenate([np.abs(turned - values), np.abs(alone - values[:3])])
    if (by > allowed).any():
        raise UnsupportedModelError(
            f"{raw.quantity.name} gives a row another value when other rows are asked with it (by up to "
            f"{by.max():.3g}: statistics of the batch, or rounding that is too coarse); a function of one row is what "
            "can be compiled"
        )


def link_and_classes(
    model: Any, quantity: Quantity, table: Any, decision: FloatArray, error: FloatArray
) -> tuple[str, Labels | None]:
    """Link and labels of what a quantity compares (``("identity", None)`` otherwise), checked against the model's own
    answers about a table."""
    k, classes = decision.shape[1], quantity.labels
    if classes is None:
        return "identity", _sides(model, table, decision, error)
    if len(classes) != (2 if k == 1 else k):
        raise UnsupportedModelError(
            f"{quantity.name} gives {k} decision values for {len(classes)} classes (one versus one?); one per class "
            "is needed"
        )
    if differs(model.predict, quantity.name, table, np.asarray(classes), decision, error).any():
        raise UnsupportedModelError(not_the_largest(quantity.name))
    return _link(model, quantity.name, table, decision), classes


def not_the_largest(name: str) -> str:
    """What is said of a model that predicts other classes than its decision values say."""
    return (
        f"{name} does not predict the class of its largest decision value (votes of pairs, or a "
        "threshold of its own); compile one decision value per class instead (one against the rest), or the bare "
        "values of its decision_function with pyfe.from_callable"
    )


def _sides(model: Any, table: Any, decision: FloatArray, error: FloatArray) -> Labels | None:
    """Labels -1 and 1 of a model without classes that predicts the sign of its one decision value: an outlier test."""
    if decision.shape[1] != 1 or not (hasattr(model, "decision_function") and hasattr(model, "predict")):
        return None
    sides = np.array([-1, 1])
    return None if differs(model.predict, name_of(model), table, sides, decision, error).any() else (-1, 1)


def differs(
    predict: Ask, name: str, table: Any, labels: AnyArray, decision: FloatArray, error: FloatArray
) -> BoolArray:
    """Rows clear of every boundary where the model does not predict the largest decision value (of one value: its
    sign), so that pyfe would predict others."""
    if decision.shape[1] == 1:
        index, margin = (decision[:, 0] > 0).astype(np.int64), np.abs(decision[:, 0])
    else:
        index, ordered = np.argmax(decision, axis=1), np.sort(decision, axis=1)
        margin = ordered[:, -1] - ordered[:, -2]
    theirs = asked(name, predict, table)
    if theirs.shape != (len(decision),):
        raise UnsupportedModelError(f"{name} predicts {theirs.shape} labels for {len(decision)} rows; one is needed")
    return np.asarray((theirs != labels[index]) & (margin > 4 * error.max()))


def _link(model: Any, name: str, table: Any, decision: FloatArray) -> str:
    if not hasattr(model, "predict_proba"):
        return "identity"
    theirs = np.asarray(asked(name, model.predict_proba, table), dtype=np.float64)
    candidates = ("logit",) if decision.shape[1] == 1 else ("softmax", "ovr")
    for link in candidates:
        ours = probabilities(link, decision)
        if ours.shape == theirs.shape and np.abs(ours - theirs).max() <= _CLOSE:
            return link
    return "identity"


def without_probabilities(theirs: AnyArray, decision: FloatArray) -> str:
    """Why a classifier's probabilities are no known link of its decision values, and what would work."""
    fit = "the decision values and classes are right; for probabilities fit a model whose log-odds are its decision "
    advice = fit + "values, such as LogisticRegression"
    shares = np.asarray(theirs, dtype=np.float64)
    if decision.shape[1] == 1 and shares.shape == (len(decision), 2):
        d = decision[:, 0]
        if np.abs(shares[:, 1] - shares[:, 0] - d).max() <= _CLOSE:
            return "the decision value is the difference of the two shares; the second class has (1 + decision) / 2"
        inside = shares.min(axis=1) > 1e-6
        log_odds = np.log(shares[inside, 1] / shares[inside, 0])
        if inside.sum() > 3 and np.ptp(d[inside]) > 0:
            slope, shift = np.polyfit(d[inside], log_odds, 1)
            if np.abs(log_odds - slope * d[inside] - shift).max() <= 1e-4 * max(1.0, np.abs(log_odds).max()):
                own = f"the model's are the sigmoid of {slope:.6g} * decision + {shift:.6g}, not of the decision value"
                return f"{own} (calibration of its own, or an exponential loss); {advice}"
    if decision.shape == shares.shape and np.abs(shares - decision).max() <= _CLOSE:
        return "the decision values are the shares of the classes themselves"
    own = "the model's are no sigmoid or softmax of its decision values (a calibration of its own, as SVC has with "
    return f"{own}probability=True, or an average); {advice}"


def _straightened(score: Callable[[AnyArray], FloatArray], schema: Schema) -> str:
    """The advice for a model that bends along a column only because it takes its logarithm or square root."""
    for name, part, column in schema.parts:
        if not column.interval or column.raw_value() is None or column.size <= _CURVE_POINTS:
            continue
        codes = np.linspace(0, column.size - 1, _CURVE_POINTS).astype(np.int64)
        rows = np.repeat(centre(schema)[None, :], _CURVE_POINTS, axis=0)
        rows[:, part] = codes[:, None]
        values = column.decode(codes[:, None])
        transform = straight_on(values, score(rows))
        if transform in ("log", "sqrt"):
            made = f'pyfe.number({values[0]:g}, {values[-1]:g}, transform="{transform}")'
            return f"; along {name!r} this one is linear on the {transform} scale: make the column {made}"
    return ""


def culprit(raw: RawModel, rows: IntArray) -> str:
    """The first step of a pipeline whose output is neither affine nor quadratic on some rows; else the last."""
    steps = steps_of(raw.model)
    if len(steps) < 2:
        return f"the model itself ({name_of(steps[0][1])})"
    pipeline = getattr(raw.model, "best_estimator_", raw.model)
    for count, (name, step) in enumerate(steps[:-1], start=1):
        if not _prefix_is_quadratic(pipeline[:count], raw, rows):
            return f"step {count} {name!r} ({type(step).__name__})"
    name, step = steps[-1]
    return f"final step {name!r} ({type(step).__name__})"


def _prefix_is_quadratic(prefix: Any, raw: RawModel, rows: IntArray) -> bool:
    def transformed(table: Any) -> AnyArray:
        output = prefix.transform(table)
        return np.asarray(output.toarray() if hasattr(output, "toarray") else output)

    part = RawModel(Quantity(transformed, None, name_of(prefix)), raw.table, raw.schema)
    for fit in (fit_affine, fit_quadratic):
        try:
            difference, tolerance = residual(part.on_codes, fit(part.on_codes, raw.schema), rows)
        except UnsupportedModelError:
            return False
        if (difference <= tolerance).all():
            return True
    return False


def _failing_step(raw: RawModel, rows: IntArray) -> str:
    """Which step of a pipeline raises on some rows."""
    steps = steps_of(raw.model)
    pipeline = getattr(raw.model, "best_estimator_", raw.model)
    if len(steps) < 2:
        return ""
    for count, (name, step) in enumerate(steps[:-1], start=1):
        try:
            pipeline[:count].transform(raw.table(raw.schema.decode_columns(rows)))
        except Exception:
            return f" (step {count} {name!r}, {type(step).__name__})"
    return f" (final step {steps[-1][0]!r}, {type(steps[-1][1]).__name__})"
