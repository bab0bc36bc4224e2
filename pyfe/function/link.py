"""From the decision values of a model to what it says: one table of links, and how an error passes through each.

==============  =====================================================  =============  ==========
link            what the model says of decision values ``d``           outputs        classes
==============  =====================================================  =============  ==========
``identity``    d                                                      any            if named
``logit``       1 / (1 + exp(-d)), of the second class                 one            two
``softmax``     exp(d_j), normalised                                   several        each
``ovr``         1 / (1 + exp(-d_j)), normalised                        several        each
``cox``         risk 1 - S0^exp(d), S0 the baseline survival           one            two
``logit_each``  1 / (1 + exp(-d_j)), each for itself                   several        if named
``exp``         exp(d)                                                 any            none
``expm1``       exp(d) - 1                                             any            none
``exp10``       10^d                                                   any            none
``square``      d^2                                                    any            none
``inverse``     1 / d                                                  any            none
``probit``      the normal distribution function at d                  one            two
``cloglog``     1 - exp(-exp(d))                                       one            two
``share``       d itself is the probability; of one output (1 + d)/2   any            each
==============  =====================================================  =============  ==========

Slope and offset before a link are folded into the weights. With classes a model says probabilities and a class, that of
the largest; without, values. ``logit_each`` without classes is that of several labels at once, each yes or no.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.arrays import FloatArray
from pyfe.errors import ParameterError
from pyfe.schema.cells import is_number, shown

__all__ = [
    "LINKS",
    "Link",
    "index_of_largest",
    "link_named",
    "link_values",
    "margin_of_largest",
    "output_error",
    "probabilities",
    "require_link",
]

Curve: TypeAlias = Callable[[FloatArray], FloatArray]

_EPS = float(np.finfo(np.float64).eps)
_LARGEST_EXPONENT = 700.0
"""exp of it is still finite."""


@dataclass(frozen=True)
class Link:
    """One row of the table. ``curve``: what one decision value leads to, where that depends on no other output, and
    with classes the probability of the class; None of those that are normalised, and of cox, which has S0."""

    name: str
    outputs: Literal["any", "one", "several"]
    classes: Literal["optional", "needed", "none"]
    curve: Curve | None = None
    has_probabilities: bool = True
    halfway_at_zero: bool = True
    """Whether a probability of one half is a decision value of zero."""

    def goes_with(self, k: int) -> bool:
        """Whether it is a link of k outputs."""
        return self.outputs == "any" or (k == 1) == (self.outputs == "one")


# ---------------------------------------------------------------------------------------------------------------
# Curves


def _sigmoid(decision: FloatArray) -> FloatArray:
    # exp of minus the absolute value never overflows
    small = np.exp(-np.abs(decision))
    return np.where(decision >= 0, 1.0 / (1.0 + small), small / (1.0 + small))


def _exp(decision: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(decision))


def _expm1(decision: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(np.expm1(decision))


def _exp10(decision: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(np.power(10.0, decision))


def _square(decision: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(decision * decision)


def _inverse(decision: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / decision)


_erfc = np.frompyfunc(math.erfc, 1, 1)  # numpy has no error function of its own


def _normal(decision: FloatArray) -> FloatArray:
    return 0.5 * np.asarray(_erfc(-decision / math.sqrt(2.0)), dtype=np.float64)


def _cloglog(decision: FloatArray) -> FloatArray:
    return np.asarray(-np.expm1(-np.exp(np.minimum(decision, _LARGEST_EXPONENT))))


def _share(decision: FloatArray) -> FloatArray:
    # rounded integers may leave the interval by their error
    return np.clip((1.0 + decision) / 2.0 if decision.shape[1] == 1 else decision, 0.0, 1.0)


_TABLE: tuple[Link, ...] = (
    Link("identity", "any", "optional", lambda decision: decision, has_probabilities=False),
    Link("logit", "one", "needed", _sigmoid),
    Link("softmax", "several", "needed"),
    Link("ovr", "several", "needed"),
    Link("cox", "one", "needed", halfway_at_zero=False),
    Link("logit_each", "several", "optional", _sigmoid),
    Link("exp", "any", "none", _exp, has_probabilities=False),
    Link("expm1", "any", "none", _expm1, has_probabilities=False),
    Link("exp10", "any", "none", _exp10, has_probabilities=False),
    Link("square", "any", "none", _square, has_probabilities=False),
    Link("inverse", "any", "none", _inverse, has_probabilities=False),
    Link("probit", "one", "needed", _normal),
    Link("cloglog", "one", "needed", _cloglog, halfway_at_zero=False),
    Link("share", "any", "needed", _share),
)
"""A link's position is its number in keys (``enum Link`` in csrc/schemes/common/include/pyfe/schemes/readout.hpp, with
the same rules in readout.cpp): a new one is appended, in both."""

LINKS = tuple(link.name for link in _TABLE)
"""The names of the links, in the order of their numbers."""

_BY_NAME = {link.name: link for link in _TABLE}


def link_named(name: Any) -> Link:
    """The row of the table; ParameterError for a name that is none."""
    if not isinstance(name, str) or name not in _BY_NAME:
        raise ParameterError(f"link {shown(name)} is not one of {', '.join(LINKS)}")
    return _BY_NAME[name]


def require_link(link: str, baseline_survival: float | None) -> None:
    """ParameterError unless it is one of :data:`LINKS`, with a baseline survival if and only if it needs one."""
    survival: Any = baseline_survival
    link_named(link)
    if (link == "cox") != (survival is not None):
        raise ParameterError('baseline_survival belongs to the link "cox", and only to it')
    if survival is not None and not (is_number(survival) and 0 < survival < 1):
        raise ParameterError(f"baseline_survival is a number strictly between 0 and 1, not {shown(survival)}")


# ---------------------------------------------------------------------------------------------------------------
# What a model says


def probabilities(link: str, decision: FloatArray, baseline_survival: float | None = None) -> FloatArray:
    """Probabilities ``[batch, classes]`` of decision values ``[batch, k]`` under one of :data:`LINKS`.

    One decision value gives two columns, the second being the probability of the second class. ParameterError for a
    link without probabilities ("identity", "exp", ...), and for what :func:`require_link` refuses.
    """
    require_link(link, baseline_survival)
    if not link_named(link).has_probabilities:
        raise ParameterError(f"the link {link!r} has no probabilities")
    return _of_two(_positive(link, decision, baseline_survival))


def link_values(link: str, decision: FloatArray) -> FloatArray:
    """What a model without classes says, of decision values ``[batch, k]``; same shape. ParameterError for a link whose
    outputs are classes."""
    row = link_named(link)
    if row.classes == "needed" or row.curve is None:
        raise ParameterError(f"the link {link!r} leads to probabilities of classes")
    return row.curve(decision)


def output_error(
    link: str, decision: FloatArray, error: FloatArray, baseline_survival: float | None = None
) -> FloatArray:
    """How far what a link says of decision values ``[batch, k]`` may be from what it says of others within ``error
    [k]`` of them: of each probability ``[batch, classes]``, or without probabilities of each value ``[batch, k]``.

    Each output is monotone in each decision value (the square and the inverse on either side of zero), so that the ends
    of the intervals give it; the rounding of floats is counted. Infinite where ``1 / d`` may be.
    """
    row = link_named(link)
    reach = error + 8 * _EPS * np.abs(decision)
    low, high = decision - reach, decision + reach
    if link in ("softmax", "ovr"):
        here = _positive(link, decision, None)
        bound = _of_normalised(link, low, high, here)
    elif link == "inverse":
        here = np.where(decision == 0, 0.0, _inverse(decision))
        with np.errstate(divide="ignore", invalid="ignore"):
            nearest = np.abs(decision) - reach
            bound = np.where(nearest > 0, reach * np.abs(here) / nearest, np.inf)
    elif link == "square":
        here = _square(decision)
        bound = reach * (2 * np.abs(decision) + reach)
    else:
        here, below, above = (_positive(link, at, baseline_survival) for at in (decision, low, high))
        with np.errstate(invalid="ignore"):
            bound = np.fmax(np.abs(above - here), np.abs(here - below))
        bound = np.where(np.isfinite(here), bound, np.inf)
    # the rounding of what is said, and of one less a probability
    size = 1.0 if row.has_probabilities else np.where(np.isfinite(here), np.abs(here), 0.0)
    bound = bound + 8 * _EPS * (size + bound)
    return np.repeat(bound, 2, axis=1) if row.has_probabilities and bound.shape[1] == 1 else bound


def _of_normalised(link: str, low: FloatArray, high: FloatArray, here: FloatArray) -> FloatArray:
    """A share rises with its own decision value and falls with the others: its ends are those of the one at one end and
    the others at the other."""
    bound = np.zeros(here.shape)
    for j in range(here.shape[1]):
        for own, others in ((low, high), (high, low)):
            at = others.copy()
            at[:, j] = own[:, j]
            bound[:, j] = np.maximum(bound[:, j], np.abs(_positive(link, at, None)[:, j] - here[:, j]))
    return bound


def _positive(link: str, decision: FloatArray, baseline_survival: float | None) -> FloatArray:
    """What the link says of each decision value ``[batch, k]``: a value, or the probability of a class (of one output,
    of the second class)."""
    if link == "softmax":
        powers = np.exp(decision - decision.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    if link == "ovr":
        return _one_versus_rest(_sigmoid(decision))
    if link == "cox":
        assert baseline_survival is not None  # require_link
        # by expm1, so that a small risk keeps its digits
        hazard = np.exp(np.minimum(decision, _LARGEST_EXPONENT))
        return np.asarray(-np.expm1(math.log(baseline_survival) * hazard))
    curve = _BY_NAME[link].curve
    assert curve is not None  # of all others
    return curve(decision)


def _one_versus_rest(positive: FloatArray) -> FloatArray:
    total = positive.sum(axis=1, keepdims=True)
    # where every class has probability zero, scikit-learn's one-versus-rest gives each the same
    return np.where(total > 0, positive / np.where(total > 0, total, 1.0), 1.0 / positive.shape[1])


def _of_two(positive: FloatArray) -> FloatArray:
    return np.concatenate([1.0 - positive, positive], axis=1) if positive.shape[1] == 1 else positive


# ---------------------------------------------------------------------------------------------------------------
# Which class


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
