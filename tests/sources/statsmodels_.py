"""Fitted results of statsmodels: arrays, named frames, formulas, offsets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.discrete.count_model import ZeroInflatedPoisson
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.gam.api import BSplines, GLMGam
from statsmodels.miscmodels.ordinal_model import OrderedModel

from tests.sources.data import Data, cancer, counts, diabetes, survival, wine
from tests.sources.registry import Fitted, refused, source

LIBRARY = "statsmodels"
families, links = sm.families, sm.families.links


def exog(rows: pd.DataFrame) -> pd.DataFrame:
    """With the constant that a model is fitted with."""
    return sm.add_constant(rows, has_constant="add")


def result(model: Any, data: Data, *, says: str = "output", labels: Any = None, **fit: Any) -> Fitted:
    """A model of a named frame with a constant."""
    found = model(data.y, exog(data.X)).fit(**({"disp": 0} if fit.pop("quiet", False) else {}), **fit)

    def own(rows: pd.DataFrame) -> Any:
        return both(np.asarray(found.predict(exog(rows))), says)

    return Fitted(found, data, own, says)


def both(mean: np.ndarray, says: str) -> np.ndarray:
    """Of a probability that of the other class, too."""
    return np.stack([1 - mean, mean], axis=1) if says == "probabilities" and mean.ndim == 1 else mean


def glm(family: Any, **rest: Any) -> Any:
    return lambda y, X: sm.GLM(y, X, family=family, **rest)


def standard(data: Data) -> Data:
    """Columns of mean 0 and deviation 1, in which every family converges."""
    centre, scale = data.X.mean(), data.X.std()
    return Data((data.X - centre) / scale, data.y, (data.unseen - centre) / scale)


def scaled_target() -> Data:
    data = standard(diabetes())
    return data.of(np.asarray(data.y, dtype=float) / 100)


def classes() -> Data:
    return standard(cancer())


def formula(text: str, make: Any, says: str = "output", **rest: Any) -> Fitted:
    data = counts()
    data = data.only(*rest.pop("columns", ("age", "dose", "stage", "smoker")))
    table = data.X.assign(y=data.y)
    found = make(text, table).fit(**rest.pop("fit", {}))
    return Fitted(found, data, lambda rows: both(np.asarray(found.predict(rows)), says), says, **rest)


def with_offset(what: str, *, named: bool) -> Fitted:
    """A Poisson model with an exposure, or the logarithm of it as an offset."""
    data = counts().only("age", "dose", "years")
    column = data.X["years"] if named else data.X["years"].to_numpy()
    found = sm.GLM(data.y, exog(data.X[["age", "dose"]]), family=families.Poisson(), **{what: column}).fit()

    def own(rows: pd.DataFrame) -> Any:
        return np.asarray(found.predict(exog(rows[["age", "dose"]]), **{what: rows["years"]}))

    ranges = {"years": (0.5, 8.0)} if what == "offset" else {}
    schema: dict[str, Any] = {"ranges": ranges} if ranges else {"ranges": {"years": _log_years()}}
    return Fitted(found, data, own, "output", schema=schema)


def _log_years() -> Any:
    import pyfe

    return pyfe.number(0.5, 8.0, transform="log")


def mixed() -> Fitted:
    data = scaled_target()
    groups = np.arange(len(data.y)) % 7
    found = sm.MixedLM(data.y, exog(data.X), groups).fit()
    return Fitted(found, data, lambda rows: np.asarray(found.predict(exog(rows))), "output")


def gee() -> Fitted:
    data = counts().only("age", "dose")
    found = sm.GEE(data.y, exog(data.X), groups=np.arange(len(data.y)) // 4, family=families.Poisson()).fit()
    return Fitted(found, data, lambda rows: np.asarray(found.predict(exog(rows))), "output")


def hazards() -> Fitted:
    data = survival().only("age", "prio", "fin")
    found = sm.PHReg(data.y["week"], data.X, status=data.y["arrest"]).fit()
    return Fitted(
        found, data, lambda rows: np.asarray(found.predict(exog=rows, pred_type="hr").predicted_values), "output"
    )


def many_classes() -> Fitted:
    data = standard(wine()).only("malic_acid", "ash", "magnesium")
    found = sm.MNLogit(data.y, exog(data.X)).fit(disp=0)
    return Fitted(found, data, lambda rows: np.asarray(found.predict(exog(rows))), "probabilities")


def ordered(distr: str, **options: Any) -> Fitted:
    data = standard(diabetes())
    levels = pd.Series(pd.cut(data.y, [0, 100, 200, 400], labels=["low", "middle", "high"]))
    found = OrderedModel(levels, data.X, distr=distr).fit(method="bfgs", disp=0)
    if options["output"] == "linear":
        return Fitted(
            found, data, lambda rows: np.asarray(found.predict(rows, which="linpred")), "output", options=options
        )

    def own(rows: pd.DataFrame) -> Any:
        place = ["low", "middle", "high"].index(options["at"])
        return both(np.asarray(found.predict(rows))[:, place + 1 :].sum(axis=1), "probabilities")

    return Fitted(found, data, own, "probabilities", options=options)


def zero_inflated() -> Fitted:
    data = counts().only("age", "dose")
    found = ZeroInflatedPoisson(data.y, exog(data.X)).fit(disp=0, maxiter=200)
    return Fitted(found, data, lambda rows: np.asarray(found.predict(exog(rows))), "output")


def arrays() -> Fitted:
    """Without names: by position."""
    data = scaled_target()
    found = sm.OLS(data.y, sm.add_constant(data.X.to_numpy())).fit()
    return Fitted(found, data, lambda rows: found.predict(sm.add_constant(rows.to_numpy())), "output", by_position=True)


for _name, _link, _make, _rest in (
    ("OLS", "identity", lambda: result(sm.OLS, scaled_target()), {"quick": True}),
    ("OLS, arrays", "identity", arrays, {}),
    ("WLS", "identity", lambda: result(lambda y, X: sm.WLS(y, X, weights=y), scaled_target()), {}),
    ("RLM", "identity", lambda: result(sm.RLM, scaled_target()), {}),
    ("QuantReg", "identity", lambda: result(sm.QuantReg, scaled_target()), {}),
    ("MixedLM", "identity", mixed, {}),
    ("GLM Gaussian", "identity", lambda: result(glm(families.Gaussian()), scaled_target()), {}),
    ("GLM Poisson", "exp", lambda: result(glm(families.Poisson()), counts().only("age", "dose")), {"quick": True}),
    (
        "GLM Poisson, square root",
        "square",
        lambda: result(glm(families.Poisson(links.Sqrt())), counts().only("age", "dose")),
        {},
    ),
    (
        "GLM negative binomial",
        "exp",
        lambda: result(glm(families.NegativeBinomial(alpha=0.5)), counts().only("age", "dose")),
        {},
    ),
    ("GLM Gamma, log", "exp", lambda: result(glm(families.Gamma(links.Log())), scaled_target()), {}),
    (
        "GLM Gamma, inverse",
        "inverse",
        lambda: result(glm(families.Gamma(links.InversePower())), inverse_target()),
        {"quick": True},
    ),
    ("GLM Tweedie", "exp", lambda: result(glm(families.Tweedie(links.Log(), var_power=1.5)), scaled_target()), {}),
    ("GLM binomial, logit", "logit", lambda: result(glm(families.Binomial()), classes(), says="probabilities"), {}),
    (
        "GLM binomial, probit",
        "probit",
        lambda: result(glm(families.Binomial(links.Probit())), classes(), says="probabilities"),
        {"quick": True},
    ),
    (
        "GLM binomial, cloglog",
        "cloglog",
        lambda: result(glm(families.Binomial(links.CLogLog())), classes(), says="probabilities"),
        {},
    ),
    ("GLM Poisson, exposure", "exp", lambda: with_offset("exposure", named=True), {"quick": True}),
    ("GLM Poisson, offset", "exp", lambda: with_offset("offset", named=True), {}),
    ("GEE Poisson", "exp", gee, {}),
    ("Logit", "logit", lambda: result(sm.Logit, classes(), says="probabilities", quiet=True), {}),
    ("Probit", "probit", lambda: result(sm.Probit, classes(), says="probabilities", quiet=True), {}),
    ("Poisson", "exp", lambda: result(sm.Poisson, counts().only("age", "dose"), quiet=True), {}),
    ("NegativeBinomial", "exp", lambda: result(NegativeBinomial, counts().only("age", "dose"), quiet=True), {}),
    ("zero-inflated Poisson", "exp", zero_inflated, {}),
    ("PHReg", "exp", hazards, {}),
    ("MNLogit", "softmax", many_classes, {"quick": True}),
    ("OrderedModel, probit", "probit", lambda: ordered("probit", output="above", at="low"), {}),
    ("OrderedModel, logit", "logit", lambda: ordered("logit", output="above", at="middle"), {}),
    ("OrderedModel, linear", "identity", lambda: ordered("logit", output="linear"), {}),
    (
        "formula with levels",
        "exp",
        lambda: formula("y ~ age + dose + C(stage) + smoker", lambda f, d: smf.glm(f, d, family=families.Poisson())),
        {"quick": True},
    ),
    (
        "formula with a product",
        "exp",
        lambda: formula(
            "y ~ age * dose + smoker",
            lambda f, d: smf.poisson(f, d),
            columns=("age", "dose", "smoker"),
            fit={"disp": 0},
        ),
        {"kind": "quadratic"},
    ),
    (
        "formula with centred columns",
        "identity",
        lambda: formula("y ~ center(age) + standardize(dose)", lambda f, d: smf.ols(f, d), columns=("age", "dose")),
        {},
    ),
    (
        "formula of a binomial",
        "logit",
        lambda: formula(
            "I((y > 1) * 1) ~ age + dose + C(stage)",
            lambda f, d: smf.logit(f, d),
            says="probabilities",
            columns=("age", "dose", "stage"),
            fit={"disp": 0},
        ),
        {},
    ),
):
    source(LIBRARY, _name, _link, _make, **_rest)


def inverse_target() -> Data:
    """A mean that is the inverse of an affine score, which stays above zero."""
    rng = np.random.default_rng(5)
    data = counts().only("age", "dose")
    return data.of(rng.gamma(5.0, 1 / (5.0 * (0.2 + 0.01 * data.X["age"] + 0.2 * data.X["dose"]))))


def splines() -> Fitted:
    data = counts().only("age", "dose")
    smooth = BSplines(data.X[["age"]], df=[6], degree=[3])
    found = GLMGam(data.y, exog(data.X[["dose"]]), smoother=smooth, family=families.Poisson()).fit()
    return Fitted(found, data, lambda rows: rows, "output")


for _name, _step, _make in (
    ("GLM, offset unstated", "named column", lambda: with_offset("offset", named=False)),
    ("GLM, exposure unstated", "named column", lambda: with_offset("exposure", named=False)),
    ("GLMGam", "fit a GLM", splines),
    (
        "GLM, log-log link",
        "fit it with one of them",
        lambda: result(glm(families.Binomial(links.LogLog())), classes(), says="probabilities"),
    ),
    (
        "OrderedModel, no output",
        "at=",
        lambda: Fitted(ordered("logit", output="linear").model, standard(diabetes()), len, "output"),
    ),
    (
        "formula with bs()",
        "squares and products",
        lambda: formula("y ~ bs(age, df=5) + dose", lambda f, d: smf.ols(f, d), columns=("age", "dose")),
    ),
):
    refused(LIBRARY, _name, _step, _make, quick=_name == "GLM, offset unstated")
