"""Which method of a model holds the function that is compiled: one for each kind of model, and never another.

======================================================  ===========================================================
kind (by what the model offers, not by its name)        is asked for
======================================================  ===========================================================
result of statsmodels                                   its linear predictor (``which="linear"``), or the prediction
classifier, outlier test: ``decision_function``         the decision values
classifier: ``predict_joint_log_proba``                 the joint log likelihood of each class
mixture: ``_estimate_weighted_log_prob``                the weighted log density of each component
clusters: ``cluster_centers_`` with ``predict``         minus the squared distance to each centre
classes by ``centroids_``, no ``decision_function``     the same
regression: ``predict``, and no probabilities           the prediction
covariance: ``mahalanobis``                             the squared distance
density: ``score_samples``, and no ``transform``        the log density
(a plain callable)                                      its values
======================================================  ===========================================================

The first row that fits decides. Where that function is neither affine nor quadratic the model is refused: the next one
would be a number that the model's user has never seen. What only transforms rows (PCA, a scaler) holds none.

Of two columns that are compared with each other the difference is taken: one decision value, as for any two classes.
A method of the last step of a pipeline is asked behind the steps before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import PyfeError, UnsupportedModelError
from pyfe.models.sources.boosters import no_decision_function
from pyfe.models.sources.parts import Labels, is_result, name_of, plain_labels, steps_of
from pyfe.models.sources.statsmodels import linear_predictor

__all__ = ["DecisionFunction", "decision_function_of"]


@dataclass(frozen=True)
class DecisionFunction:
    """Values that a model computes: ``method`` of a table gives ``[m]`` or ``[m, k]``.

    ``labels`` are the classes, clusters or components that the columns stand for, or None for plain values.
    """

    method: Callable[[Any], Any]
    labels: Labels | None
    name: str

    def __call__(self, table: Any) -> FloatArray:
        """float64 ``[m, k]``; whatever the model raises becomes an UnsupportedModelError."""
        try:
            values = _real(self.method(table), self.name)
        except PyfeError:
            raise
        except Exception as error:
            # the text of the error may hold values of the rows, which may be patients'
            raise UnsupportedModelError(
                f"{self.name} cannot be evaluated on these rows ({type(error).__name__})"
            ) from error
        if values.ndim not in (1, 2):
            raise UnsupportedModelError(f"{self.name} returns {values.ndim}-dimensional decision values")
        values = values[:, None] if values.ndim == 1 else values
        if self.labels is not None and len(self.labels) == values.shape[1] == 2:
            values = values[:, 1:] - values[:, :1]
        return values


def _real(answer: Any, name: str) -> FloatArray:
    """An answer as float64, masked entries as NaN. UnsupportedModelError for complex values: only one part of them
    would be left."""
    if isinstance(answer, np.ma.MaskedArray):
        answer = np.where(np.ma.getmaskarray(answer), np.nan, np.ma.getdata(answer))
    if np.iscomplexobj(answer) and np.imag(answer).any():
        raise UnsupportedModelError(f"{name} gives complex decision values; compile their real part or their modulus")
    return np.asarray(np.real(answer) if np.iscomplexobj(answer) else answer, dtype=np.float64)


def decision_function_of(model: Any) -> DecisionFunction:
    """What the model is compiled from. UnsupportedModelError, saying what would do, if it offers nothing."""
    name, last = name_of(model), steps_of(model)[-1][1]
    if is_result(model):
        return DecisionFunction(linear_predictor(model), None, name)
    _require_one_label(last, name)
    classes = plain_labels(getattr(model, "classes_", None))
    for method in ("decision_function", "predict_joint_log_proba"):
        if hasattr(last, method):
            return DecisionFunction(_behind(model, method), classes, name)
    if hasattr(last, "_estimate_weighted_log_prob") and hasattr(last, "means_"):
        return DecisionFunction(_before_last(model, _weighted_log_density(last)), _counted(last.means_), name)
    centres = getattr(last, "cluster_centers_", getattr(last, "centroids_", None))
    if centres is not None and np.ndim(centres) == 2 and hasattr(last, "predict"):
        labels = classes if classes is not None else _counted(centres)
        return DecisionFunction(_before_last(model, _nearness(np.asarray(centres))), labels, name)
    return _plain_function(model, last, name)


def _plain_function(model: Any, last: Any, name: str) -> DecisionFunction:
    if hasattr(last, "predict_proba"):
        raise no_decision_function(name)
    methods = ("predict", "mahalanobis") if hasattr(last, "transform") else ("predict", "mahalanobis", "score_samples")
    for method in methods:
        if hasattr(last, method):
            return DecisionFunction(_behind(model, method), None, name)
    if hasattr(last, "transform"):
        raise UnsupportedModelError(
            f"{name} only transforms rows, it predicts nothing; end the pipeline in a model, or compile columns of its "
            "output: pyfe.from_callable(lambda rows: model.transform(rows)[:, :1], schema)"
        )
    if callable(model):
        return DecisionFunction(model, None, name)
    raise UnsupportedModelError(
        f"{name} has neither decision_function nor predict; if it has a score under another name "
        "(predict_log_partial_hazard of lifelines), compile that: pyfe.from_callable(lambda rows: "
        "model.predict_log_partial_hazard(pandas.DataFrame(rows, columns=list(schema.columns))), schema), or "
        "state its coefficients as a pyfe.Linear"
    )


def _require_one_label(last: Any, name: str) -> None:
    """A classifier of several labels at once has several lists of classes, or says ``multilabel_``."""
    classes = getattr(last, "classes_", None)
    several = isinstance(classes, list | tuple) and any(np.ndim(one) == 1 for one in classes)
    if several or getattr(last, "multilabel_", False) is True:
        raise UnsupportedModelError(
            f"{name} predicts several labels at once, each with a probability of its own; compile one model per label "
            "(a classifier fitted on that label alone, as model.estimators_[i] is in OneVsRestClassifier and "
            "MultiOutputClassifier)"
        )


def _behind(model: Any, method: str) -> Callable[[Any], Any]:
    """A method of the model, or of its last step behind the others."""
    if hasattr(model, method):
        return getattr(model, method)  # type: ignore[no-any-return]
    return _before_last(model, getattr(steps_of(model)[-1][1], method))


def _before_last(model: Any, method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``method`` of what the last step of a pipeline is given."""
    if len(steps_of(model)) == 1:
        return method
    prefix = getattr(model, "best_estimator_", model)[:-1]
    return lambda table: method(prefix.transform(table))


def _weighted_log_density(mixture: Any) -> Callable[[Any], AnyArray]:
    def values(table: Any) -> AnyArray:
        # unlike the public methods, this one wants an array
        return np.asarray(mixture._estimate_weighted_log_prob(np.asarray(table, dtype=np.float64)))

    return values


def _nearness(centres: AnyArray) -> Callable[[Any], AnyArray]:
    def values(table: Any) -> AnyArray:
        rows = np.asarray(table, dtype=np.float64)
        return np.stack([-((rows - centre) ** 2).sum(axis=1) for centre in centres], axis=1)

    return values


def _counted(rows: Any) -> Labels | None:
    """Components or clusters by number; None where there is only one, which is compared with nothing."""
    return tuple(range(len(rows))) if len(rows) > 1 else None
