"""Which method of a model holds the function that is compiled: one for each kind of model, and never another.

======================================================  ===========================================================
kind (by what the model offers, not by its name)        is asked for
======================================================  ===========================================================
result of statsmodels                                   its linear predictor (``which="linear"``), or the prediction
fitted survival model of lifelines                      its log partial hazard, log of a time, or cumulative hazard
calibrated, or with a threshold of its own              what is inside, with the slope and shift that are read
several labels at once                                  the decision value of each
module of torch                                         what its last layer is given or gives, before a link
booster of XGBoost, LightGBM, CatBoost                  what it adds up, with the link of its objective
regression with a log link, or a transformed target     the score before the exponential, or the inverse function
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
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models.sources.boosters import no_decision_function
from pyfe.models.sources.calibrated import of_calibrated, of_thresholded
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.lifelines import of_survival
from pyfe.models.sources.modules import of_module
from pyfe.models.sources.parts import Labels, name_of, plain_labels, steps_of
from pyfe.models.sources.several_labels import of_several_labels
from pyfe.models.sources.statsmodels import of_result
from pyfe.models.sources.targets import of_log_regression, of_transformed_target
from pyfe.models.sources.trees.reading import sum_of
from pyfe.models.sources.wanted import USUAL, Wanted

__all__ = ["DecisionFunction", "decision_function_of"]


def decision_function_of(model: Any, wanted: Wanted = USUAL) -> DecisionFunction:
    """What the model is compiled from. UnsupportedModelError, saying what would do, if it offers nothing;
    ParameterError for an output that it does not have."""
    name, last = name_of(model), steps_of(model)[-1][1]
    if wanted.output == "transform":
        return _transformed(model, last, wanted)
    told = _told(last, wanted)
    if told is not None:
        return told if last is model or len(steps_of(model)) == 1 else told.behind(_prefix(model).transform)
    wanted.require_usual(name)
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


def _told(model: Any, wanted: Wanted) -> DecisionFunction | None:
    """What a model is compiled from, where its structure says its link; None for any other."""
    for with_outputs in (of_result, of_survival):
        found: DecisionFunction | None = with_outputs(model, wanted)
        if found is not None:
            return found
    found = of_thresholded(model, wanted, decision_function_of)
    if found is not None:
        return found
    for reader in (of_module, of_calibrated, of_several_labels, of_transformed_target, of_log_regression, sum_of):
        found = reader(model)
        if found is not None:
            wanted.require_usual(name_of(model))
            return found
    return None


def _transformed(model: Any, last: Any, wanted: Wanted) -> DecisionFunction:
    """The columns that a transformer or pipeline makes of a row."""
    name = name_of(model)
    if not hasattr(last, "transform"):
        raise ParameterError(f'{name} transforms no rows, so that there is no output="transform"')
    if wanted.at is not None:
        raise ParameterError(f"the columns of {name} are all compiled, and at= has no meaning for them")

    def columns(table: Any) -> AnyArray:
        made = model.transform(table)
        return np.asarray(made.toarray() if hasattr(made, "toarray") else made)

    return DecisionFunction(columns, None, name, "identity")


def _plain_function(model: Any, last: Any, name: str) -> DecisionFunction:
    if hasattr(last, "predict_proba"):
        raise no_decision_function(name, last)
    methods = ("predict", "mahalanobis") if hasattr(last, "transform") else ("predict", "mahalanobis", "score_samples")
    for method in methods:
        if hasattr(last, method):
            return DecisionFunction(_behind(model, method), None, name)
    if hasattr(last, "transform"):
        raise UnsupportedModelError(
            f"{name} only transforms rows, it predicts nothing; end the pipeline in a model, or compile the columns "
            'that it makes: pyfe.compile(model, schema, output="transform")'
        )
    if callable(model):
        return DecisionFunction(model, None, name)
    raise UnsupportedModelError(
        f"{name} has neither decision_function nor predict; if it has a score under another name, compile that: "
        "pyfe.from_callable(lambda rows: model.score_of(pandas.DataFrame(rows, columns=list(schema.columns))), "
        "schema), or state its coefficients as a pyfe.Linear"
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
    prefix = _prefix(model)
    return lambda table: method(prefix.transform(table))


def _prefix(model: Any) -> Any:
    """The steps of a pipeline before its last one."""
    return getattr(model, "best_estimator_", model)[:-1]


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
