"""What a coarser score loses of its model: the measure that goes with the model, and the loss that is allowed.

============================  =====================================================  =====  ================
model, outcome                measure                                                most   measured
============================  =====================================================  =====  ================
times and events              C                                                      0.002  with the outcome
two classes, two values       AUC                                                    0.002  with the outcome
more classes                  mean AUC of one class against the rest                 0.002  with the outcome
regression                    R2, of the worst output                                0.005  with the outcome
probabilities, no outcome     AUC, the mean of it over outcomes that the model's     0.002  under the model
                              own probabilities draw
anything else, no outcome     R2 of the model's own decision values                  0.005  under the model
============================  =====================================================  =====  ================

The loss is the measure of the model's own decision values on the rows as they are, minus that of the integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import ParameterError
from pyfe.function import link_named, link_values, probabilities
from pyfe.function.accuracy import Survival, mean_area, r_squared, truth_of
from pyfe.function.ranking import area_under_curve
from pyfe.models.sources.real_function import RealFunction

__all__ = ["Yardstick", "yardstick"]

Measure: TypeAlias = Callable[[FloatArray], float]

MOST_OF_A_RANKING = 0.002
MOST_OF_R_SQUARED = 0.005


@dataclass(frozen=True)
class Yardstick:
    """A measure of decision values ``[rows, k]``, its name, how much of it may be lost, whether outcomes are known
    (``measured``), and what the model itself has (``of_model``)."""

    name: str
    most: float
    measured: bool
    measure: Measure
    of_model: float

    @property
    def ranks(self) -> bool:
        """Whether it depends on the order of rows alone."""
        return self.most == MOST_OF_A_RANKING

    def loss(self, decision: FloatArray) -> float:
        """How much less these decision values have than the model; below zero where they happen to have more."""
        return self.of_model - self.measure(decision)

    def words(self, decision: FloatArray) -> str:
        """The loss of these decision values, for a report."""
        how = "measured with the outcomes" if self.measured else "expected under the model itself, without outcomes"
        kept = f"{self.name} {self.of_model:.4f} -> {self.measure(decision):.4f}"
        return f"{kept} on {len(decision)} reference rows, {how} (at most {self.most:g} is the aim)"


def yardstick(real: RealFunction, theirs: FloatArray, outcome: Any) -> Yardstick:
    """The measure for a model with decision values ``theirs [rows, k]``. ParameterError for an outcome that does not
    go with it, or holds one class only."""
    name, most, measure = _expected(real, theirs) if outcome is None else _measured(real, theirs, outcome)
    value = measure(theirs)
    if math.isnan(value):
        raise ParameterError("the outcome is the same for all rows, so that nothing can be measured with it")
    return Yardstick(name, most, outcome is not None, measure, value)


# ---------------------------------------------------------------------------------------------------------------
# With outcomes


def _measured(real: RealFunction, theirs: FloatArray, outcome: Any) -> tuple[str, float, Measure]:
    truth = truth_of(real.classes, outcome, len(theirs))
    k = theirs.shape[1]
    if isinstance(truth, Survival):
        if k > 1:
            raise ParameterError(f"times and events go with one output, and the model has {k}")
        return "C", MOST_OF_A_RANKING, lambda decision: truth.concordance(decision[:, 0])
    if real.classes is not None:
        each = np.arange(max(2, k)) == truth[:, None]
        return "AUC", MOST_OF_A_RANKING, _mean_area(real, each)
    if real.link == "logit_each":  # several labels, each given or not
        return "AUC", MOST_OF_A_RANKING, lambda decision: mean_area(decision, truth)
    found = np.unique(truth)
    if k == 1 and len(found) == 2:
        return "AUC", MOST_OF_A_RANKING, lambda decision: area_under_curve(decision[:, 0], truth == found[1])
    least = _least_r_squared(truth.reshape(len(theirs), -1), k)
    return "R2", MOST_OF_R_SQUARED, lambda decision: least(link_values(real.link, decision))


# ---------------------------------------------------------------------------------------------------------------
# Under the model itself


def _expected(real: RealFunction, theirs: FloatArray) -> tuple[str, float, Measure]:
    if not link_named(real.link).has_probabilities:
        return "R2", MOST_OF_R_SQUARED, _least_r_squared(theirs, theirs.shape[1])
    return "AUC", MOST_OF_A_RANKING, _mean_area(real, probabilities(real.link, theirs, real.baseline_survival))


# ---------------------------------------------------------------------------------------------------------------
# Measures


def _mean_area(real: RealFunction, positive: AnyArray) -> Measure:
    """Mean over classes of the AUC of one class against the rest; ``positive [rows, classes]``, true or a
    probability. Classes that no row has are left out. Of two classes both say the same."""

    def measure(decision: FloatArray) -> float:
        if decision.shape[1] == 1:
            return area_under_curve(decision[:, 0], positive[:, 1])
        shown = probabilities(real.link, decision) if link_named(real.link).has_probabilities else decision
        areas = [area_under_curve(shown[:, j], positive[:, j]) for j in range(shown.shape[1])]
        known = [area for area in areas if not math.isnan(area)]
        return float(np.mean(known)) if known else math.nan

    return measure


def _least_r_squared(truth: FloatArray, k: int) -> Measure:
    if truth.shape[1] != k:
        raise ParameterError(f"the outcome has {truth.shape[1]} columns, the model {k} outputs")
    return lambda decision: min(r_squared(decision[:, j], truth[:, j]) for j in range(k))
