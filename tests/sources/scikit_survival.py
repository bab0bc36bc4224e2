"""Survival models of scikit-survival (GPL: of the tests alone), but trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sksurv import ensemble, linear_model, svm
from sksurv.util import Surv

from tests.sources.data import survival
from tests.sources.registry import Fitted, source

LIBRARY = "scikit-survival"


def fitted(model: Any) -> Fitted:
    """A model of the table rossi."""
    data = survival().only("age", "prio", "fin", "race")
    data = data.of(Surv.from_arrays(data.y["arrest"].to_numpy() == 1, data.y["week"].to_numpy()))
    early = data.y["time"] < 52  # weights of censoring are infinite where nobody is left
    model.fit(*((data.X[early], data.y[early]) if isinstance(model, linear_model.IPCRidge) else (data.X, data.y)))
    return Fitted(model, data, lambda rows: np.asarray(model.predict(rows)), "output")


for _name, _link, _kind, _make in (
    ("CoxPHSurvivalAnalysis", "identity", "linear", lambda: linear_model.CoxPHSurvivalAnalysis()),
    ("CoxnetSurvivalAnalysis", "identity", "linear", lambda: linear_model.CoxnetSurvivalAnalysis()),
    (
        "Coxnet behind a scaler",
        "identity",
        "linear",
        lambda: make_pipeline(StandardScaler(), linear_model.CoxnetSurvivalAnalysis(l1_ratio=0.5)),
    ),
    ("IPCRidge", "exp", "linear", lambda: linear_model.IPCRidge()),
    (
        "FastSurvivalSVM",
        "identity",
        "linear",
        lambda: make_pipeline(StandardScaler(), svm.FastSurvivalSVM(random_state=0, max_iter=50)),
    ),
    (
        "FastSurvivalSVM, regression",
        "exp",
        "linear",
        lambda: make_pipeline(
            StandardScaler(), svm.FastSurvivalSVM(rank_ratio=0.5, fit_intercept=True, random_state=0, max_iter=50)
        ),
    ),
    (
        "FastKernelSurvivalSVM of degree two",
        "identity",
        "quadratic",
        lambda: make_pipeline(
            StandardScaler(), svm.FastKernelSurvivalSVM(kernel="poly", degree=2, coef0=1, random_state=0, max_iter=20)
        ),
    ),
    (
        "componentwise boosting",
        "identity",
        "linear",
        lambda: ensemble.ComponentwiseGradientBoostingSurvivalAnalysis(n_estimators=30, random_state=0),
    ),
):
    source(LIBRARY, _name, _link, lambda make=_make: fitted(make()), kind=_kind)
