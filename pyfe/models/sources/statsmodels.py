"""Fitted results of statsmodels: their columns and constant, linear predictor, and the link to their prediction."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import UnsupportedModelError
from pyfe.function import probabilities
from pyfe.models.fit.probing import CLOSE, TOLERANCE
from pyfe.models.sources.parts import Labels, name_of
from pyfe.models.sources.tables import Intake
from pyfe.schema.cells import same_name

__all__ = ["intake_of_result", "linear_predictor", "link_of_result"]

_WORD = re.compile(r"[^\W\d]\w*")


def intake_of_result(result: Any, schema_columns: tuple[str, ...]) -> Intake:
    """The columns that a result was fitted on, and its constant. UnsupportedModelError for an offset or exposure."""
    model = result.model
    for what in ("offset", "exposure"):
        stated = getattr(model, what, None)
        if isinstance(stated, np.ndarray) and np.any(stated):
            raise UnsupportedModelError(
                f"{name_of(model)} was fitted with {what}=, which its predictions for new rows leave out without a "
                "word; fit it without, or add the logarithm of the exposure as a column whose coefficient you know, in "
                "a pyfe.Linear"
            )
    data, names = model.data, [str(name) for name in model.exog_names]
    # some models add parameters of their own (alpha, thresholds) behind the columns
    names = names[: np.shape(data.orig_exog)[1] if np.ndim(data.orig_exog) == 2 else 1]
    formula = getattr(model, "formula", None)
    if isinstance(formula, str):
        return Intake(_columns_of_formula(formula, data.frame, name_of(model)))
    named = hasattr(data.orig_exog, "columns")
    place = getattr(data, "const_idx", None)
    if place is not None and named and same_name(names[place]) in map(same_name, schema_columns):
        place = None  # a column of the table that did not vary where the model was fitted
    constant = None if place is None else (int(place), float(np.asarray(data.orig_exog)[0, place]))
    others = tuple(name for position, name in enumerate(names) if position != place)
    constant_name = names[place] if place is not None else "const"
    return Intake(others if named else None, len(others), constant, constant_name)


def _columns_of_formula(formula: str, frame: Any, name: str) -> tuple[str, ...]:
    """The columns of the training table that the right side of a formula speaks of; predictions need no others."""
    if frame is None:
        raise UnsupportedModelError(f"{name} does not say which columns its formula was fitted on (data removed?)")
    right = formula.split("~", 1)[-1]
    words = set(_WORD.findall(right))
    quoted = {text for pair in re.findall(r"Q\(\s*(?:'([^']*)'|\"([^\"]*)\")\s*\)", right) for text in pair if text}
    return tuple(str(column) for column in frame.columns if str(column) in words | quoted)


def linear_predictor(result: Any) -> Callable[[Any], Any]:
    """What a result is compiled from: the values before its link."""

    def values(table: Any) -> Any:
        try:
            return result.predict(table, which="linear")
        except TypeError:  # linear models know no other than this
            return result.predict(table)

    return values


def link_of_result(result: Any, predicted: AnyArray, decision: FloatArray) -> tuple[str, Labels | None]:
    """Link and classes that lead from the linear predictor of a result to its prediction; UnsupportedModelError."""
    theirs = np.asarray(predicted, dtype=np.float64).reshape(len(decision), -1)
    spread = np.ptp(decision, axis=0).max()
    if theirs.shape == decision.shape and np.abs(theirs - decision).max() <= TOLERANCE * spread:
        return "identity", None
    one = theirs.shape == decision.shape == (len(decision), 1)
    if one and np.abs(probabilities("logit", decision)[:, 1:] - theirs).max() <= CLOSE:
        return "logit", (0, 1)
    kind = type(getattr(getattr(result.model, "family", None), "link", None)).__name__
    raise UnsupportedModelError(
        f"the prediction of {name_of(result)} is neither its linear predictor nor the sigmoid of it"
        f"{'' if kind == 'NoneType' else f' (link {kind})'}; compile the linear predictor by name, pyfe.Linear("
        "dict(result.params.drop('const')), result.params['const']), and apply the inverse link to what is decrypted"
    )
