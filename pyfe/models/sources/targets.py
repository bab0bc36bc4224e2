"""Regressions that predict a function of their score: the exponential of generalised linear models, a transformed
target. What is compiled is the score, and the function is its link."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyfe.arrays import FloatArray
from pyfe.errors import UnsupportedModelError
from pyfe.function import link_values
from pyfe.models.sources.decision_values import Ask, DecisionFunction
from pyfe.models.sources.parts import name_of

__all__ = ["exponential_of", "of_log_regression", "of_transformed_target"]

_GRID = np.concatenate([np.linspace(-3, 3, 61), np.linspace(0.01, 2, 20)])
_VALUE_LINKS = ("exp", "expm1", "exp10", "square", "inverse")
_SAME = 1e-9


def of_log_regression(model: Any) -> DecisionFunction | None:
    """Poisson, Gamma and Tweedie regressions of scikit-learn, whose fitted loss says its link."""
    loss = getattr(model, "_base_loss", None)
    linear = getattr(model, "_linear_predictor", None)
    if type(getattr(loss, "link", None)).__name__ != "LogLink" or not callable(linear):
        return None
    return DecisionFunction(linear, None, name_of(model), "exp", output=model.predict)


def exponential_of(name: str, predict: Ask) -> DecisionFunction:
    """The logarithm of what a model predicts; NaN where that is not positive."""

    def logarithm(table: Any) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(np.asarray(predict(table), dtype=np.float64)))

    return DecisionFunction(logarithm, None, name, "exp", output=predict)


def of_transformed_target(model: Any) -> DecisionFunction | None:
    """A regression of a transformed target (``regressor_``, ``transformer_``), whose inverse is one of the links.
    UnsupportedModelError, by the name of the function, for another one. An affine transformer (a scaler) needs no link.
    """
    transformer, regressor = getattr(model, "transformer_", None), getattr(model, "regressor_", None)
    if transformer is None or regressor is None or not hasattr(transformer, "inverse_transform"):
        return None
    inverse = transformer.inverse_transform(_GRID[:, None])
    found = _link_of(np.asarray(inverse, dtype=np.float64).reshape(len(_GRID), -1)[:, 0])
    if found is None:
        raise UnsupportedModelError(
            f"{name_of(model)} predicts {_named(transformer)} of a linear score, which is none of the links "
            f"{', '.join(_VALUE_LINKS)} (of the targets log, log1p, log10, sqrt, 1/y); compile model.regressor_, and "
            "apply the function to what is decrypted"
        )
    link, slope = found
    if link == "identity":
        return None
    score = DecisionFunction(regressor.predict, None, name_of(model), link, output=model.predict)
    return score if slope == 1 else score.times(slope)


def _link_of(inverse: FloatArray) -> tuple[str, float] | None:
    """The link, and the slope before it, that an inverse function is on the grid."""
    for slope in (1.0, float(np.log(2.0))):
        for link in _VALUE_LINKS:
            ours = link_values(link, slope * _GRID)
            with np.errstate(invalid="ignore"):
                apart = np.abs(ours - inverse)
            close = (apart <= _SAME * np.maximum(np.abs(ours), 1e-3)) | (ours == inverse) | ~np.isfinite(ours)
            if close.all():
                return link, slope
    straight = np.polyval(np.polyfit(_GRID, inverse, 1), _GRID) if np.isfinite(inverse).all() else inverse + np.inf
    return ("identity", 1.0) if np.abs(straight - inverse).max() <= _SAME * np.ptp(inverse) else None


def _named(transformer: Any) -> str:
    function = getattr(transformer, "inverse_func", None)
    own = getattr(function, "__name__", None)
    return f"{own} (the inverse_func)" if own else f"the inverse of {type(transformer).__name__}"
