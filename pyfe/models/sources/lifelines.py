"""Fitted survival models of lifelines: which columns they take, and what each of their outputs is a link of.

==========================  =====================================  ==================================================
model                       output (the usual one first)           decision value, link
==========================  =====================================  ==================================================
Cox                         ``hazard``: partial hazard             its log, centred as the model predicts; exp
the same                    ``survival`` at a time                 the same; cox, S0 from the model's own baseline
Cox, several baselines      ``survival`` at a time                 with the log of the stratum's; cloglog
Cox, parametric baseline    ``survival`` at a time                 log of the cumulative hazard; cloglog
accelerated failure time    ``median``, ``mean``                   their log; exp
the same                    ``survival`` at a time                 of the log of the median; cloglog, probit or logit
Aalen's additive            ``cumulative_hazard`` at a time        itself; identity
the same                    ``survival`` at a time                 minus the cumulative hazard; exp
==========================  =====================================  ==================================================

``survival`` has the classes 0 and 1, the event by that time: the probability of 0 is that of surviving. Aalen's is the
survival itself. Between two events lifelines draws a line through Cox's cumulative hazard, and so does this.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.sources.decision_values import Ask, DecisionFunction
from pyfe.models.sources.parts import name_of
from pyfe.models.sources.targets import exponential_of
from pyfe.models.sources.wanted import Wanted

__all__ = ["columns_of_survival", "of_survival"]

_EVENT = (0, 1)


def of_survival(model: Any, wanted: Wanted) -> DecisionFunction | None:
    """What a survival model is compiled from; None for any other. ParameterError for an output it does not have,
    UnsupportedModelError for one that is no link of an affine score."""
    if not _is_survival(model):
        return None
    name = name_of(model)
    if hasattr(model, "predict_partial_hazard"):
        return _of_cox(model, wanted, name)
    if hasattr(model, "cumulative_hazards_"):
        return _of_aalen(model, wanted, name)
    if hasattr(model, "_ancillary_parameter_name"):
        return _of_accelerated(model, wanted, name)
    wanted.one_of(("survival",), name, at=("survival",))
    return _at_a_time(model, wanted.time(), name, _log_cumulative_hazard(model, wanted.time(), name))


def _is_survival(model: Any) -> bool:
    return type(model).__module__.split(".")[0] == "lifelines" and hasattr(model, "predict_survival_function")


def columns_of_survival(model: Any) -> tuple[str, ...] | None:
    """The columns that a survival model takes: of its formula or its table, and its strata; None for any other."""
    if not _is_survival(model) or not hasattr(getattr(model, "regressors", None), "mappings"):
        return None
    found: dict[str, None] = {}
    for columns in model.regressors.mappings.values():
        needed = getattr(columns, "required_variables", None)
        found.update(dict.fromkeys(sorted(map(str, needed)) if needed is not None else map(str, columns)))
    found.pop("Intercept", None)
    return (*found, *(str(name) for name in _strata_of(model) if str(name) not in found))


def _strata_of(model: Any) -> list[Any]:
    strata = getattr(model, "strata", None)
    strata = [strata] if isinstance(strata, str) else strata
    # after the fit some versions keep the values of the strata there
    return [name for name in strata or [] if isinstance(name, str)]


# ---------------------------------------------------------------------------------------------------------------
# Answers


def _by_row(answer: Any, rows: int) -> AnyArray:
    """An answer with one column a row of the table, in the order of the table: of strata lifelines groups them."""
    labels = [int(label) for label in answer.columns]
    values = np.empty(rows)
    values[labels] = np.asarray(answer.iloc[0], dtype=np.float64)
    return values


def _survival(model: Any, time: float) -> Ask:
    return lambda table: _by_row(model.predict_survival_function(table, times=[time]), len(table))


def _event(model: Any, time: float) -> Ask:
    survives = _survival(model, time)
    return lambda table: np.column_stack([survives(table), 1.0 - survives(table)])


def _log_cumulative_hazard(model: Any, time: float, name: str) -> Callable[[Any], FloatArray]:
    def values(table: Any) -> FloatArray:
        hazard = _by_row(model.predict_cumulative_hazard(table, times=[time]), len(table))
        if not (hazard > 0).all():
            raise _nothing_happened(name, time)
        return np.asarray(np.log(hazard))

    return values


def _nothing_happened(name: str, time: float) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"the cumulative hazard of {name} at {time:g} is zero: no event comes before, and everybody survives; take a "
        "later time"
    )


def _at_a_time(model: Any, time: float, name: str, log_hazard: Callable[[Any], Any]) -> DecisionFunction:
    """Log of the cumulative hazard: the event by then has the probability 1 - exp(-exp(d))."""
    return DecisionFunction(log_hazard, _EVENT, name, "cloglog", output=_event(model, time), remarks=_said(time))


def _said(time: float) -> tuple[tuple[str, str], ...]:
    return (("output", f"the event by time {time:g} (class 1), or none (class 0: survival)"),)


# ---------------------------------------------------------------------------------------------------------------
# Families


def _of_cox(model: Any, wanted: Wanted, name: str) -> DecisionFunction:
    score: Callable[[Any], Any] = model.predict_log_partial_hazard
    if wanted.one_of(("hazard", "survival"), name, at=("survival",)) == "hazard":
        return DecisionFunction(score, None, name, "exp", output=model.predict_partial_hazard)
    time = wanted.time()
    baseline = getattr(model, "baseline_cumulative_hazard_", None)
    if baseline is None or _strata_of(model):
        return _at_a_time(model, time, name, _log_cumulative_hazard(model, time, name))
    hazard = float(
        np.interp(time, np.asarray(baseline.index, dtype=float), np.asarray(baseline.iloc[:, 0], dtype=float))
    )
    if hazard <= 0:
        raise _nothing_happened(name, time)
    return DecisionFunction(
        score, _EVENT, name, "cox", math.exp(-hazard), output=_event(model, time), remarks=_said(time)
    )


_OF_ACCELERATED = {"rho_": "cloglog", "sigma_": "probit", "beta_": "logit"}
"""What is beside the location of a Weibull, log-normal and log-logistic time, and the link of its distribution."""


def _of_accelerated(model: Any, wanted: Wanted, name: str) -> DecisionFunction:
    output = wanted.one_of(("median", "mean", "survival"), name, at=("survival",))
    beside = str(model._ancillary_parameter_name)
    shape = model.params_[beside]
    if len(shape) != 1 or beside not in _OF_ACCELERATED:
        raise UnsupportedModelError(
            f"the {beside.strip('_')} of {name} depends on the columns (ancillary), so that no output is a link of one "
            "affine score; fit it with ancillary=False"
        )
    if output != "survival":
        return exponential_of(name, model.predict_median if output == "median" else model.predict_expectation)
    time, power = wanted.time(), math.exp(float(shape.iloc[0]))
    slope = 1 / power if beside == "sigma_" else power
    shift = math.log(math.log(2.0)) if beside == "rho_" else 0.0

    def decision(table: Any) -> FloatArray:
        return np.asarray(slope * (math.log(time) - np.log(np.asarray(model.predict_median(table)))) + shift)

    link = _OF_ACCELERATED[beside]
    return DecisionFunction(decision, _EVENT, name, link, output=_event(model, time), remarks=_said(time))


def _of_aalen(model: Any, wanted: Wanted, name: str) -> DecisionFunction:
    both = ("cumulative_hazard", "survival")
    output, time = wanted.one_of(both, name, at=both), wanted.time()
    times = np.asarray(model.cumulative_hazards_.index, dtype=float)
    place = int(np.searchsorted(times, time, side="right")) - 1
    if place < 0:
        raise _nothing_happened(name, time)

    def at(answers: Callable[[Any], Any], sign: float, table: Any) -> FloatArray:
        values = answers(table)
        return sign * _by_row(values.iloc[[place]], len(table))

    hazard, survival = model.predict_cumulative_hazard, model.predict_survival_function
    said = (("output", f"{output.replace('_', ' ')} at time {time:g} (of the last event before)"),)
    if output == "survival":
        own = partial(at, survival, 1.0)
        return DecisionFunction(partial(at, hazard, -1.0), None, name, "exp", output=own, remarks=said)
    return DecisionFunction(partial(at, hazard, 1.0), None, name, "identity", remarks=said)
