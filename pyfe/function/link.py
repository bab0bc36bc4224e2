"""From the decision values of a model to its probabilities and classes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pyfe.arrays import FloatArray
from pyfe.errors import ParameterError
from pyfe.schema.cells import is_number, shown

__all__ = ["LINKS", "index_of_largest", "margin_of_largest", "probabilities", "require_link"]


LINKS = ("identity", "logit", "softmax", "ovr", "cox")
"""From decision values to probabilities: none; 1/(1+exp(-d)); softmax; logit per class, normalised; 1 - S0^exp(d).

A link's position is its number in keys (``enum Link`` in csrc/schemes/common/include/pyfe/schemes/readout.hpp): a new
one is appended, in both.
"""


def require_link(link: str, baseline_survival: float | None) -> None:
    """ParameterError unless it is one of :data:`LINKS`, with a baseline survival if and only if it needs one."""
    name: object = link
    survival: Any = baseline_survival
    if not isinstance(name, str) or link not in LINKS:
        raise ParameterError(f"link {shown(link)} is not one of {', '.join(LINKS)}")
    if (link == "cox") != (survival is not None):
        raise ParameterError('baseline_survival belongs to the link "cox", and only to it')
    if survival is not None and not (is_number(survival) and 0 < survival < 1):
        raise ParameterError(f"baseline_survival is a number strictly between 0 and 1, not {shown(survival)}")


def probabilities(link: str, decision: FloatArray, baseline_survival: float | None = None) -> FloatArray:
    """Probabilities ``[batch, classes]`` of decision values ``[batch, k]`` under one of :data:`LINKS`.

    One decision value gives two columns, the second being the probability of the second class. ParameterError for a
    link without probabilities ("identity"), and for what :func:`require_link` refuses.
    """
    require_link(link, baseline_survival)
    if link not in _PROBABILITIES:
        raise ParameterError(f"the link {link!r} has no probabilities")
    return _PROBABILITIES[link](decision, baseline_survival)


def index_of_largest(decision: FloatArray) -> npt.NDArray[np.intp]:
    """The place of the largest of the decision values ``[batch, k]``; of one value, 1 where it is positive."""
    if decision.shape[1] == 1:
        return (decision[:, 0] > 0).astype(np.intp)
    return np.asarray(np.argmax(decision, axis=1))


def margin_of_largest(decision: FloatArray) -> FloatArray:
    """How far decision values ``[batch, k]`` are from another :func:`index_of_largest`."""
    if decision.shape[1] == 1:
        return np.abs(decision[:, 0])
    ordered = np.sort(decision, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])


def _logit(decision: FloatArray, _: float | None) -> FloatArray:
    return _of_two(_sigmoid(decision))


def _softmax(decision: FloatArray, _: float | None) -> FloatArray:
    powers = np.exp(decision - decision.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _one_versus_rest(decision: FloatArray, _: float | None) -> FloatArray:
    positive = _sigmoid(decision)
    total = positive.sum(axis=1, keepdims=True)
    # where every class has probability zero, scikit-learn's one-versus-rest gives each the same
    return np.where(total > 0, positive / np.where(total > 0, total, 1.0), 1.0 / decision.shape[1])


def _cox(decision: FloatArray, baseline_survival: float | None) -> FloatArray:
    assert baseline_survival is not None  # require_link
    # 1 - S0^exp(d), by expm1 so that a small risk keeps its digits; exp(700) is still finite
    return _of_two(-np.expm1(math.log(baseline_survival) * np.exp(np.minimum(decision, 700.0))))


def _of_two(positive: FloatArray) -> FloatArray:
    return np.concatenate([1.0 - positive, positive], axis=1)


def _sigmoid(values: FloatArray) -> FloatArray:
    # exp of minus the absolute value never overflows
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1.0 / (1.0 + small), small / (1.0 + small))


_PROBABILITIES: dict[str, Callable[[FloatArray, float | None], FloatArray]] = {
    "logit": _logit,
    "softmax": _softmax,
    "ovr": _one_versus_rest,
    "cox": _cox,
}
