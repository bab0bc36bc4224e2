"""Which link leads from decision values to a model's own answers, and which classes they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray
from pyfe.errors import UnsupportedModelError
from pyfe.function import index_of_largest, label_array, margin_of_largest, probabilities
from pyfe.models.fit.probing import CLOSE
from pyfe.models.sources.decision_values import Ask, DecisionFunction
from pyfe.models.sources.parts import Labels, name_of
from pyfe.models.sources.raw_model import asked

__all__ = ["LARGEST_SLACK", "Found", "differs", "link_and_classes", "not_the_largest", "without_probabilities"]


LARGEST_SLACK = 0.01
"""Probabilities that are further apart than this are others, however little is known of the scores."""


@dataclass(frozen=True)
class Found:
    """A link with its classes, and the slope before it: the decision values are that many times the model's own."""

    link: str
    classes: Labels | None
    slope: float = 1.0


def link_and_classes(
    model: Any, function: DecisionFunction, table: Any, decision: FloatArray, error: FloatArray
) -> Found:
    """Link and labels of what a function compares (``"identity"`` and None otherwise), found by holding the model's own
    answers about a table against the links. Where the function says its link, that one."""
    if function.link is not None:
        return Found(function.link, function.labels)
    k, classes = decision.shape[1], function.labels
    if classes is None:
        return Found("identity", _sides(model, table, decision, error))
    if len(classes) != (2 if k == 1 else k):
        raise UnsupportedModelError(
            f"{function.name} gives {k} decision values for {len(classes)} classes (one versus one?); one per class "
            "is needed: put the model in a OneVsRestClassifier"
        )
    if differs(model.predict, function.name, table, label_array(classes), decision, error).any():
        raise UnsupportedModelError(not_the_largest(function.name))
    link, slope = _link(model, function.name, table, decision)
    return Found(link, classes, slope)


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


_CANDIDATES = {
    True: (("logit", 1.0), ("share", 1.0), ("logit", 2.0)),
    False: (("softmax", 1.0), ("ovr", 1.0), ("logit_each", 1.0), ("share", 1.0)),
}
"""Links that are tried, with the slope before them, of one decision value and of several. Half the log-odds is what an
exponential loss has for a score."""


def _link(model: Any, name: str, table: Any, decision: FloatArray) -> tuple[str, float]:
    if not hasattr(model, "predict_proba"):
        return "identity", 1.0
    theirs = np.asarray(asked(name, model.predict_proba, table), dtype=np.float64)
    for link, slope in _CANDIDATES[decision.shape[1] == 1]:
        ours = probabilities(link, slope * decision)
        if ours.shape == theirs.shape and np.abs(ours - theirs).max() <= CLOSE:
            return link, slope
    return "identity", 1.0


def without_probabilities(theirs: AnyArray, decision: FloatArray) -> str:
    """Why a classifier's probabilities are no known link of its decision values, and what would work."""
    fit = "the decision values and classes are right; for probabilities fit a model whose log-odds are its decision "
    advice = fit + "values, such as LogisticRegression"
    shares = np.asarray(theirs, dtype=np.float64)
    if decision.shape[1] == 1 and shares.shape == (len(decision), 2):
        d = decision[:, 0]
        inside = shares.min(axis=1) > 1e-6
        log_odds = np.log(shares[inside, 1] / shares[inside, 0])
        if inside.sum() > 3 and np.ptp(d[inside]) > 0:
            slope, shift = np.polyfit(d[inside], log_odds, 1)
            if np.abs(log_odds - slope * d[inside] - shift).max() <= 1e-4 * max(1.0, np.abs(log_odds).max()):
                own = f"the model's are the sigmoid of {slope:.6g} * decision + {shift:.6g}, not of the decision value"
                return f"{own} (a calibration of its own); {advice}"
    own = "the model's are no sigmoid or softmax of its decision values (a calibration of its own, as SVC has with "
    return f"{own}probability=True, or an average); {advice}"
