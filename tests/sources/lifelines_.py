"""Survival models of lifelines."""

from __future__ import annotations

from typing import Any

import lifelines
import numpy as np
import pandas as pd

from tests.sources.data import survival
from tests.sources.registry import Fitted, refused, source

LIBRARY = "lifelines"


def fitted(
    model: Any, *, columns: tuple[str, ...] = ("age", "prio", "fin", "race"), fit: Any = None, **options: Any
) -> Fitted:
    """A model of some columns, and the output that is asked for."""
    data = survival().only(*columns)
    model.fit(pd.concat([data.X, data.y], axis=1), "week", "arrest", **(fit or {}))
    return Fitted(
        model,
        data,
        own_output(model, options),
        "probabilities" if is_event(model, options) else "output",
        options=options,
        schema={"ranges": {"race": [0.0, 1.0]} if "race" in columns else {}},
    )


def is_event(model: Any, options: dict[str, Any]) -> bool:
    return options.get("output") == "survival" and not isinstance(model, lifelines.AalenAdditiveFitter)


def own_output(model: Any, options: dict[str, Any]) -> Any:
    output, at = options.get("output"), options.get("at")

    def at_a_time(rows: pd.DataFrame) -> Any:
        survives = model.predict_survival_function(rows, times=[at]).T.sort_index()[at].to_numpy()
        return np.stack([survives, 1 - survives], axis=1)

    def of_aalen(rows: pd.DataFrame) -> Any:
        method = model.predict_survival_function if output == "survival" else model.predict_cumulative_hazard
        return method(rows).loc[:at].iloc[-1].to_numpy()

    if isinstance(model, lifelines.AalenAdditiveFitter):
        return of_aalen
    if output == "survival":
        return at_a_time
    if output == "mean":
        return model.predict_expectation
    return model.predict_partial_hazard if hasattr(model, "predict_partial_hazard") else model.predict_median


Cox, Aalen = lifelines.CoxPHFitter, lifelines.AalenAdditiveFitter
Weibull, LogNormal, LogLogistic = (
    lifelines.WeibullAFTFitter,
    lifelines.LogNormalAFTFitter,
    lifelines.LogLogisticAFTFitter,
)
WITH_LEVELS = "age + prio + C(race)"
for _name, _link, _make, _rest in (
    ("Cox", "exp", lambda: fitted(Cox()), {}),
    ("Cox, survival between two events", "cox", lambda: fitted(Cox(), output="survival", at=20.5), {"quick": True}),
    ("Cox, penalised", "exp", lambda: fitted(Cox(penalizer=0.1, l1_ratio=0.2)), {}),
    (
        "Cox, strata",
        "cloglog",
        lambda: fitted(Cox(), fit={"strata": ["race"]}, output="survival", at=30),
        {"quick": True},
    ),
    ("Cox, strata, hazard", "exp", lambda: fitted(Cox(), fit={"strata": ["race"]}), {}),
    (
        "Cox, formula with levels",
        "exp",
        lambda: fitted(Cox(), columns=("age", "prio", "race"), fit={"formula": WITH_LEVELS}),
        {},
    ),
    (
        "Cox, product and square",
        "exp",
        lambda: fitted(Cox(), columns=("age", "prio"), fit={"formula": "age * prio + I(age ** 2)"}),
        {"kind": "quadratic"},
    ),
    (
        "Cox, piecewise baseline",
        "cloglog",
        lambda: fitted(Cox(baseline_estimation_method="piecewise", breakpoints=[20, 40]), output="survival", at=33),
        {},
    ),
    (
        "Cox, spline baseline",
        "cloglog",
        lambda: fitted(Cox(baseline_estimation_method="spline", n_baseline_knots=3), output="survival", at=33),
        {},
    ),
    ("Weibull AFT", "exp", lambda: fitted(Weibull()), {}),
    ("Weibull AFT, mean", "exp", lambda: fitted(Weibull(), output="mean"), {}),
    ("Weibull AFT, survival", "cloglog", lambda: fitted(Weibull(), output="survival", at=26), {}),
    ("log-normal AFT", "exp", lambda: fitted(LogNormal()), {}),
    ("log-normal AFT, survival", "probit", lambda: fitted(LogNormal(), output="survival", at=26), {}),
    ("log-logistic AFT", "exp", lambda: fitted(LogLogistic()), {}),
    ("log-logistic AFT, survival", "logit", lambda: fitted(LogLogistic(), output="survival", at=26), {}),
    (
        "Aalen, cumulative hazard",
        "identity",
        lambda: fitted(Aalen(coef_penalizer=1.0), output="cumulative_hazard", at=30),
        {},
    ),
    ("Aalen, survival", "exp", lambda: fitted(Aalen(coef_penalizer=1.0), output="survival", at=30), {}),
):
    source(LIBRARY, _name, _link, _make, **_rest)

for _name, _step, _make in (
    ("AFT with ancillary", "ancillary=False", lambda: fitted(Weibull(), fit={"ancillary": True})),
    ("Cox, no such output", '"hazard"', lambda: fitted(Cox(), output="median")),
    ("Cox, survival at no time", "at=", lambda: fitted(Cox(), output="survival")),
    ("Cox, at no time", "a time above zero", lambda: fitted(Cox(), output="survival", at="1 year")),
    (
        "generalized gamma",
        "WeibullAFTFitter",
        lambda: fitted(
            lifelines.GeneralizedGammaRegressionFitter(penalizer=0.01),
            columns=("age", "prio"),
            output="survival",
            at=20,
        ),
    ),
):
    refused(LIBRARY, _name, _step, _make)
