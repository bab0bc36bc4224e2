"""From the decision values of a model to its probabilities."""

from __future__ import annotations

import math

import numpy as np

from pyfe.arrays import FloatArray

__all__ = ["LINKS", "probabilities"]


LINKS = ("identity", "logit", "softmax", "ovr", "cox")
"""From decision values to probabilities: none; 1/(1+exp(-d)); softmax; logit per class, normalised; 1 - S0^exp(d)."""


def probabilities(link: str, decision: FloatArray, baseline_survival: float | None = None) -> FloatArray:
    """Probabilities ``[batch, classes]`` of decision values ``[batch, k]`` under one of :data:`LINKS` but "identity".

    One decision value gives two columns, the second being the probability of the second class.
    """
    if link == "softmax":
        return _softmax(decision)
    if baseline_survival is not None:
        # 1 - S0^exp(d), by expm1 so that a small risk keeps its digits; exp(700) is still finite
        positive = -np.expm1(math.log(baseline_survival) * np.exp(np.minimum(decision, 700.0)))
    else:
        positive = _sigmoid(decision)
    if link != "ovr":
        return np.concatenate([1.0 - positive, positive], axis=1)
    total = positive.sum(axis=1, keepdims=True)
    # where every class has probability zero, scikit-learn's one-versus-rest gives each the same
    return np.where(total > 0, positive / np.where(total > 0, total, 1.0), 1.0 / decision.shape[1])


def _softmax(values: FloatArray) -> FloatArray:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _sigmoid(values: FloatArray) -> FloatArray:
    # exp of minus the absolute value never overflows
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1.0 / (1.0 + small), small / (1.0 + small))
