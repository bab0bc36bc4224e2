"""Which link leads from decision values to a model's own answers, and which classes they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray
from pyfe.errors import UnsupportedModelError
from pyfe.function import index_of_largest, label_array, margin_of_largest, probabilities
from pyfe.models.fit.probing import CLOSE
from pyfe.models.sources.decision import DecisionFunction
from pyfe.models.sources.parts import Labels, name_of
from pyfe.models.sources.raw_model import Ask, asked

__all__ = ["LARGEST_SLACK", "differs", "link_and_classes", "not_the_largest", "without_probabilities"]


LARGEST_SLACK = 0.01
"""Probabilities that are further apart than this are others, however little is known of the scores."""


def link_and_classes(
    model: Any, function: DecisionFunction, table: Any, decision: FloatArray, error: FloatArray
) -> tuple[str, Labels | None]:
    """Link and labels of what a function compares (``("identity", None)`` otherwise), checked against the model's own
    answers about a table."""
    k, classes = decision.shape[1], function.labels
    if classes is None:
        return "identity", _sides(model, table, decision, error)
    if len(classes) != (2 if k == 1 else k):
        raise UnsupportedModelError(
            f"{function.name} gives {k} decision values for {len(classes)} classes (one versus one?); one per class "
            "is needed"
        )
    if differs(model.predict, function.name, table, label_array(classes), decision, error).any():
        raise UnsupportedModelError(not_the_largest(function.name))
    return _link(model, function.name, table, decision), classes


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
    theirs = asked(name, predict, table)
    if theirs.shape != (len(decision),):
        raise UnsupportedModelError(f"{name} predicts {theirs.shape} labels for {len(decision)} rows; one is needed")
    return np.asarray((theirs != labels[index_of_largest(decision)]) & (margin_of_largest(decision) > 4 * error.max()))


def _link(model: Any, name: str, table: Any, decision: FloatArray) -> str:
    if not hasattr(model, "predict_proba"):
        return "identity"
    theirs = np.asarray(asked(name, model.predict_proba, table), dtype=np.float64)
    candidates = ("logit",) if decision.shape[1] == 1 else ("softmax", "ovr")
    for link in candidates:
        ours = probabilities(link, decision)
        if ours.shape == theirs.shape and np.abs(ours - theirs).max() <= CLOSE:
            return link
    return "identity"


def without_probabilities(theirs: AnyArray, decision: FloatArray) -> str:
    """Why a classifier's probabilities are no known link of its decision values, and what would work."""
    fit = "the decision values and classes are right; for probabilities fit a model whose log-odds are its decision "
    advice = fit + "values, such as LogisticRegression"
    shares = np.asarray(theirs, dtype=np.float64)
    if decision.shape[1] == 1 and shares.shape == (len(decision), 2):
        d = decision[:, 0]
        if np.abs(shares[:, 1] - shares[:, 0] - d).max() <= CLOSE:
            return "the decision value is the difference of the two shares; the second class has (1 + decision) / 2"
        inside = shares.min(axis=1) > 1e-6
        log_odds = np.log(shares[inside, 1] / shares[inside, 0])
        if inside.sum() > 3 and np.ptp(d[inside]) > 0:
            slope, shift = np.polyfit(d[inside], log_odds, 1)
            if np.abs(log_odds - slope * d[inside] - shift).max() <= 1e-4 * max(1.0, np.abs(log_odds).max()):
                own = f"the model's are the sigmoid of {slope:.6g} * decision + {shift:.6g}, not of the decision value"
                return f"{own} (calibration of its own, or an exponential loss); {advice}"
    if decision.shape == shares.shape and np.abs(shares - decision).max() <= CLOSE:
        return "the decision values are the shares of the classes themselves"
    own = "the model's are no sigmoid or softmax of its decision values (a calibration of its own, as SVC has with "
    return f"{own}probability=True, or an average); {advice}"
