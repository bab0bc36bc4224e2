"""Classifiers behind the decision values of another one: calibrated, or with a threshold of their own.

The slope and shift of a calibration are **read**, never probed: a probability near 1 has no digits left, so that its
log-odds verify nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import Labels, name_of, plain_labels, steps_of
from pyfe.models.sources.wanted import Wanted

__all__ = ["of_calibrated", "of_thresholded"]

Inner = Callable[[Any], DecisionFunction]


def of_calibrated(model: Any) -> DecisionFunction | None:
    """A classifier calibrated by one sigmoid a class (``-(a d + b)``), or by a temperature (``beta d``).

    UnsupportedModelError where the probabilities are no link of affine decision values: a mean over folds, an isotonic
    calibration, a base that has probabilities alone.
    """
    members = getattr(model, "calibrated_classifiers_", None)
    if not isinstance(members, list) or not members:
        return None
    name, one = name_of(model), members[0]
    if len(members) > 1:
        raise UnsupportedModelError(
            f"{name} takes the mean of {len(members)} calibrated probabilities, which no link of one score gives; fit "
            'it with ensemble=False, and method="sigmoid" or "temperature"'
        )
    base, kinds = one.estimator, {type(calibrator).__name__ for calibrator in one.calibrators}
    if not hasattr(base, "decision_function") and not hasattr(steps_of(base)[-1][1], "decision_function"):
        raise UnsupportedModelError(
            f"{name} calibrates the probabilities of {name_of(base)}, which has no decision_function: a sigmoid of a "
            "probability is no link; calibrate a model with a decision_function, such as LogisticRegression or LDA"
        )
    labels = plain_labels(model.classes_)
    if kinds == {"_SigmoidCalibration"} and list(base.classes_) == list(model.classes_):
        slopes = [-float(calibrator.a_) for calibrator in one.calibrators]
        shifts = [-float(calibrator.b_) for calibrator in one.calibrators]
        link = "logit" if len(slopes) == 1 else "ovr"
    elif kinds == {"_TemperatureScaling"}:
        beta = float(one.calibrators[0].beta_)
        two = len(model.classes_) == 2  # softmax of (-d, d)
        slopes, shifts, link = [2 * beta if two else beta], [0.0], "logit" if two else "softmax"
    else:
        raise UnsupportedModelError(
            f"{name} calibrates by steps or in its own way ({', '.join(sorted(kinds))}), and no link does; fit it with "
            'method="sigmoid" or "temperature", ensemble=False'
        )

    def calibrated(table: Any) -> FloatArray:
        own = np.asarray(base.decision_function(table), dtype=np.float64)
        return np.asarray(own * _row(slopes) + _row(shifts))

    return DecisionFunction(calibrated, labels, name, link, output=model.predict_proba, predict=model.predict)


def _row(numbers: list[float]) -> Any:
    return numbers[0] if len(numbers) == 1 else np.array(numbers)


def of_thresholded(model: Any, wanted: Wanted, inner: Inner) -> DecisionFunction | None:
    """A classifier whose classes change at another probability than one half (``FixedThresholdClassifier``,
    ``TunedThresholdClassifierCV``).

    The threshold belongs to the classes and not to the probabilities, and one score has one of the two: the classes, of
    which the decision value is that of the model inside less the threshold's; or ``output="probabilities"``.
    """
    cut, inside = _threshold_of(model), getattr(model, "estimator_", None)
    if cut is None or inside is None or len(getattr(model, "classes_", ())) != 2:
        return None
    name, labels = name_of(model), plain_labels(model.classes_)
    output = wanted.one_of(("classes", "probabilities"), name)
    base = inner(inside)
    if output == "probabilities":
        return DecisionFunction(
            base.method, labels, name, base.link, base.baseline_survival, base.output, answers=inside
        )
    shift = _shift(model, inside, cut, name)

    def beyond(table: Any) -> AnyArray:
        return np.asarray(base(table)[:, 0] - shift)

    said = f'decision values are {shift:.6g} less than those of {name_of(inside)}; with output="probabilities" its own'
    remarks = (("probabilities", f"none beside the classes of the threshold: {said}"),)
    return DecisionFunction(beyond, labels, name, "identity", predict=model.predict, remarks=remarks)


def _threshold_of(model: Any) -> float | None:
    """The threshold that a classifier was given or has found; None where it has none."""
    found = getattr(model, "best_threshold_", None)
    if isinstance(found, float | np.floating):
        return float(found)
    given, kind = getattr(model, "threshold", None), type(model).__name__
    if not kind.startswith("FixedThreshold"):
        return None
    if given == "auto":
        return math.nan
    return float(given) if isinstance(given, float | int) else None


def _shift(model: Any, inside: Any, cut: float, name: str) -> float:
    """The decision value at which the classes change. UnsupportedModelError for a threshold that no value reaches."""
    methods = getattr(model, "response_method", "auto")
    probable = hasattr(inside, "predict_proba") if methods == "auto" else methods == "predict_proba"
    if math.isnan(cut):
        cut = 0.5 if probable else 0.0
    if probable and not 0 < cut < 1:
        raise UnsupportedModelError(
            f"{name} predicts one class alone at a threshold of {cut:g}; take one between 0 and 1"
        )
    value = math.log(cut / (1 - cut)) if probable else cut
    return -value if _first_is_positive(model) else value


def _first_is_positive(model: Any) -> bool:
    labels: Labels | None = plain_labels(model.classes_)
    scored = getattr(getattr(model, "_curve_scorer", None), "_get_pos_label", None)
    positive = scored() if callable(scored) else getattr(model, "pos_label", None)
    return positive is not None and labels is not None and positive == labels[0]
