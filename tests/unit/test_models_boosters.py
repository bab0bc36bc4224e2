"""compile on XGBoost, LightGBM, CatBoost, HistGradientBoosting and interpret: each at, beside and between all its cuts
and absent, against the library itself; what is refused, with the next step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from pyfe.errors import UnsupportedModelError
from pyfe.models import compile, schema_for_trees
from pyfe.models.sources.registry import from_model
from pyfe.schema import Schema
from tests.sources.cuts import around_cuts, for_the_model

Ask = Callable[[Any, Any], Any]


def drawn(absent: bool = True, rows: int = 240) -> pd.DataFrame:
    """Rounded columns, so that rows lie on cuts; the first two have absent entries."""
    rng = np.random.default_rng(25)
    X = pd.DataFrame(
        {
            "age": rng.integers(20, 60, rows).astype(np.float64),
            "crp": np.round(rng.gamma(2.0, 3.0, rows), 1),
            "bmi": np.round(rng.normal(27, 5, rows), 1),
            "visits": rng.integers(0, 4, rows).astype(np.float64),
        }
    )
    if absent:
        X.loc[rng.random(rows) < 0.15, "age"] = np.nan
        X.loc[rng.random(rows) < 0.15, "crp"] = np.nan
    return X


def target(X: pd.DataFrame) -> np.ndarray:
    """Positive numbers that depend on pairs of columns, and on what is absent."""
    full = X.fillna({"age": 80.0, "crp": -3.0})
    rng = np.random.default_rng(26)
    d = 0.04 * full["age"] + 0.3 * (full["crp"] > 5) * full["visits"] + 0.05 * (full["bmi"] - 27)
    return np.asarray(0.5 + np.abs(d + rng.normal(size=len(X)) * 0.3))


X, PLAIN = drawn(), drawn(absent=False)
Y = target(X)
TWO, THREE = (np.median(Y) < Y).astype(int), np.digitize(Y, np.quantile(Y, [0.33, 0.67]))


@dataclass(frozen=True)
class Row:
    """A source: how it is fitted, and the library's own answers: before the link, and after it."""

    fit: Callable[[], Any]
    margin: Ask
    output: Ask
    link: str
    absent: bool = True


def library(name: str) -> Any:
    return pytest.importorskip(name)


def xgb(kind: str, y: Any, rows: pd.DataFrame = X, **options: Any) -> Callable[[], Any]:
    options = {"n_estimators": 12, "max_depth": 2, "n_jobs": 1, **options}
    return lambda: getattr(library("xgboost"), f"XGB{kind}")(**options).fit(rows, y)


def lgb(kind: str, y: Any, rows: pd.DataFrame = X, **options: Any) -> Callable[[], Any]:
    options = {"n_estimators": 12, "max_depth": 2, "num_leaves": 4, "verbose": -1, "n_jobs": 1, **options}
    options["min_child_samples"] = 5
    return lambda: getattr(library("lightgbm"), f"LGBM{kind}")(**options).fit(rows, y)


def cat(kind: str, y: Any, rows: pd.DataFrame = X, **options: Any) -> Callable[[], Any]:
    options = {"iterations": 12, "depth": 2, "verbose": 0, "allow_writing_files": False, "thread_count": 1, **options}
    return lambda: getattr(library("catboost"), f"CatBoost{kind}")(**options).fit(rows, y)


def ebm(kind: str, y: Any, rows: pd.DataFrame = X, **options: Any) -> Callable[[], Any]:
    options = {"interactions": 2, "max_rounds": 40, "outer_bags": 1, "n_jobs": 1, "max_bins": 16, **options}
    return lambda: getattr(library("interpret.glassbox"), f"ExplainableBoosting{kind}")(**options).fit(rows, y)


def stopped_early() -> Any:
    """Boosting that has far more trees than it counts: the outcome of the held-out rows is another one."""
    options = {"n_estimators": 60, "max_depth": 2, "early_stopping_rounds": 12, "learning_rate": 0.3, "n_jobs": 1}
    model = library("xgboost").XGBClassifier(**options)
    rng = np.random.default_rng(0)
    half = TWO ^ (rng.random(len(X)) < 0.2)
    model.fit(X[:160], half[:160], eval_set=[(X[160:], half[160:])], verbose=False)
    assert 2 <= model.best_iteration <= 40
    return model


def raw_xgb() -> Any:
    xgboost = library("xgboost")
    data = xgboost.DMatrix(X, label=TWO)
    return xgboost.train({"max_depth": 2, "objective": "binary:logistic", "nthread": 1}, data, 12)


def raw_lgb() -> Any:
    lightgbm = library("lightgbm")
    options = {"max_depth": 2, "num_leaves": 4, "objective": "poisson", "verbose": -1, "num_threads": 1}
    return lightgbm.train(options, lightgbm.Dataset(X, label=Y), 12)


def matrix(X: Any) -> Any:
    return library("xgboost").DMatrix(X)


def proba(model: Any, X: Any) -> Any:
    return model.predict_proba(X)


def shares(model: Any, X: Any) -> Any:
    return np.diff(model.predict_proba(X))


def predict(model: Any, X: Any) -> Any:
    return model.predict(X)


def of_xgb(model: Any, X: Any) -> Any:
    return model.predict(X, output_margin=True)


def of_lgb(model: Any, X: Any) -> Any:
    return model.predict(X, raw_score=True)


def of_cat(model: Any, X: Any) -> Any:
    return model.predict(X, prediction_type="RawFormulaVal")


def decision(model: Any, X: Any) -> Any:
    return model.decision_function(X)


def logarithm(model: Any, X: Any) -> Any:
    return np.log(model.predict(X))


def hist(kind: Any, y: Any, rows: pd.DataFrame = X, **options: Any) -> Callable[[], Any]:
    options = {"max_iter": 12, "max_depth": 2, "min_samples_leaf": 5, **options}
    return lambda: kind(**options).fit(rows, y)


def own(kind: Any, y: Any, **options: Any) -> Callable[[], Any]:
    return lambda: kind(n_estimators=12, max_depth=2, random_state=0, **options).fit(PLAIN, y)


def voting(kind: Any, y: Any, **options: Any) -> Callable[[], Any]:
    """The mean of two forests of other sizes, one of them of stumps."""
    pair = (ExtraTreesClassifier, RandomForestClassifier)
    if kind is VotingRegressor:
        pair = (ExtraTreesRegressor, RandomForestRegressor)
    else:
        options["voting"] = "soft"
    members = [("deep", pair[0](5, max_depth=2, random_state=1)), ("flat", pair[1](3, max_depth=1, random_state=0))]
    return lambda: kind(members, **options).fit(PLAIN, y)


CLASSIFIER, REGRESSOR = HistGradientBoostingClassifier, HistGradientBoostingRegressor
BINS = {"max_bins": 20}

SOURCES: dict[str, Row] = {
    "boosting": Row(own(GradientBoostingClassifier, TWO), decision, proba, "logit", absent=False),
    "boosting, exponential": Row(
        own(GradientBoostingClassifier, TWO, loss="exponential"),
        lambda m, X: 2.0 * m.decision_function(X),
        proba,
        "logit",
        absent=False,
    ),
    "boosted regression": Row(own(GradientBoostingRegressor, Y), predict, predict, "identity", absent=False),
    "random forest": Row(own(RandomForestClassifier, THREE), proba, proba, "share", absent=False),
    "extremely random trees": Row(own(ExtraTreesClassifier, TWO), shares, proba, "share", absent=False),
    "bagging": Row(
        lambda: BaggingRegressor(DecisionTreeRegressor(max_depth=2), n_estimators=6, random_state=0).fit(PLAIN, Y),
        predict,
        predict,
        "identity",
        absent=False,
    ),
    "soft voting of forests": Row(voting(VotingClassifier, THREE), proba, proba, "share", absent=False),
    "soft voting of forests, weighted": Row(
        voting(VotingClassifier, TWO, weights=[1, 3]), shares, proba, "share", absent=False
    ),
    "forests, averaged": Row(voting(VotingRegressor, Y, weights=[2, 1]), predict, predict, "identity", absent=False),
    "hist classifier": Row(hist(CLASSIFIER, TWO), decision, proba, "logit"),
    "hist regressor": Row(hist(REGRESSOR, Y), predict, predict, "identity"),
    "hist Poisson": Row(hist(REGRESSOR, Y, loss="poisson"), logarithm, predict, "exp"),
    "hist Gamma": Row(hist(REGRESSOR, Y, loss="gamma"), logarithm, predict, "exp"),
    "hist multi": Row(hist(CLASSIFIER, THREE, max_iter=5), decision, proba, "softmax"),
    "hist without absent": Row(hist(CLASSIFIER, TWO, PLAIN), decision, proba, "logit", absent=False),
    "tree, absent": Row(lambda: DecisionTreeClassifier(max_depth=2).fit(X, TWO), shares, proba, "share"),
    "forest, absent": Row(
        lambda: RandomForestRegressor(10, max_depth=2, random_state=0).fit(X, Y), predict, predict, "identity"
    ),
    "xgboost logistic": Row(xgb("Classifier", TWO), of_xgb, proba, "logit"),
    "xgboost squared": Row(xgb("Regressor", Y), of_xgb, predict, "identity"),
    "xgboost far from zero": Row(xgb("Regressor", Y + 1e5), of_xgb, predict, "identity"),
    "xgboost Poisson": Row(xgb("Regressor", Y, objective="count:poisson"), of_xgb, predict, "exp"),
    "xgboost Gamma": Row(xgb("Regressor", Y, objective="reg:gamma"), of_xgb, predict, "exp"),
    "xgboost Tweedie": Row(xgb("Regressor", Y, objective="reg:tweedie"), of_xgb, predict, "exp"),
    "xgboost cox": Row(xgb("Regressor", Y, objective="survival:cox"), of_xgb, predict, "exp"),
    "xgboost multi": Row(xgb("Classifier", THREE, n_estimators=5), of_xgb, proba, "softmax"),
    "xgboost early-stopped": Row(stopped_early, of_xgb, proba, "logit"),
    "xgboost dart": Row(xgb("Classifier", TWO, booster="dart", rate_drop=0.5), of_xgb, proba, "logit"),
    "xgboost, zero is absent": Row(xgb("Classifier", TWO, missing=0.0), of_xgb, proba, "logit"),
    "xgboost forest": Row(xgb("RFRegressor", Y), of_xgb, predict, "identity"),
    "xgboost exact": Row(xgb("Classifier", TWO, tree_method="exact"), of_xgb, proba, "logit"),
    "xgboost without wrapper": Row(
        raw_xgb, lambda m, X: m.predict(matrix(X), output_margin=True), lambda m, X: m.predict(matrix(X)), "logit"
    ),
    "lightgbm binary": Row(lgb("Classifier", TWO), of_lgb, proba, "logit"),
    "lightgbm steep": Row(
        lgb("Classifier", TWO, sigmoid=2.0), lambda m, X: 2.0 * m.predict(X, raw_score=True), proba, "logit"
    ),
    "lightgbm regression": Row(lgb("Regressor", Y), of_lgb, predict, "identity"),
    "lightgbm multi": Row(lgb("Classifier", THREE, n_estimators=5), of_lgb, proba, "softmax"),
    "lightgbm ova": Row(
        lgb("Classifier", THREE, n_estimators=5, objective="multiclassova"), of_lgb, proba, "logit_each"
    ),
    "lightgbm Poisson": Row(lgb("Regressor", Y, objective="poisson"), of_lgb, predict, "exp"),
    "lightgbm root": Row(lgb("Regressor", Y + 20.0, reg_sqrt=True), of_lgb, predict, "square"),
    "lightgbm zero_as_missing": Row(lgb("Classifier", TWO, zero_as_missing=True), of_lgb, proba, "logit"),
    "lightgbm without absent": Row(lgb("Classifier", TWO, use_missing=False), of_lgb, proba, "logit"),
    "lightgbm dart": Row(lgb("Classifier", TWO, boosting_type="dart"), of_lgb, proba, "logit"),
    "lightgbm forest": Row(
        lgb("Classifier", TWO, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6),
        lambda m, X: m.predict(X, raw_score=True) / 12,
        proba,
        "logit",
    ),
    "lightgbm without wrapper": Row(raw_lgb, of_lgb, predict, "exp"),
    "catboost logloss": Row(cat("Classifier", TWO), of_cat, proba, "logit"),
    "catboost RMSE": Row(cat("Regressor", Y), of_cat, predict, "identity"),
    "catboost Poisson": Row(cat("Regressor", Y, loss_function="Poisson"), of_cat, predict, "exp"),
    "catboost multi": Row(cat("Classifier", THREE, iterations=5), of_cat, proba, "softmax"),
    "catboost, absent last": Row(cat("Classifier", TWO, nan_mode="Max"), of_cat, proba, "logit"),
    "catboost lossguide": Row(cat("Classifier", TWO, grow_policy="Lossguide", max_leaves=4), of_cat, proba, "logit"),
    "EBM": Row(ebm("Classifier", TWO), decision, proba, "logit"),
    "EBM regression": Row(ebm("Regressor", Y), predict, predict, "identity"),
}


def values(answer: Any) -> np.ndarray:
    array = np.asarray(answer, dtype=np.float64)
    return array[:, None] if array.ndim == 1 else array


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine take seconds for what takes none."""
    with threadpool_limits(1):
        yield


QUICK = (
    "hist classifier",
    "xgboost logistic",
    "xgboost, zero is absent",
    "xgboost early-stopped",
    "lightgbm binary",
    "lightgbm zero_as_missing",
    "catboost logloss",
)
SOURCES_BY_COST = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SOURCES]


def made(name: str) -> tuple[Any, Schema, pd.DataFrame]:
    """The fitted model, its schema, and its kind of rows."""
    row = SOURCES[name]
    model, like = row.fit(), X if row.absent else PLAIN
    return model, schema_for_trees(model, missing="bit" if row.absent else None), like


@pytest.mark.parametrize("name", SOURCES_BY_COST)
def test_every_library_at_every_cut(name: str) -> None:
    """Before the link: the map is the library's own sum, but for the rounding of its floats; integers keep their
    bound. After it: probabilities, values and classes are the library's own."""
    row = SOURCES[name]
    model, schema, like = made(name)
    rows = around_cuts(schema)
    table = for_the_model(rows, like)
    theirs, real = values(row.margin(model, table)), from_model(model, schema)
    assert (np.abs(real.map(schema.encode(rows).x) - theirs) <= real.map.error + 1e-9 * np.ptp(theirs)).all()
    assert (real.map.error <= 1e-4 * np.ptp(theirs)).all() or "far from zero" in name

    function = compile(model, schema, weight_bits=14)
    assert function.link == row.link
    scores = function.evaluate(rows)
    assert (np.abs(values(function.decision_function(scores)) - theirs) <= function.max_error).all()
    require_output(function, scores, row.output(model, table), theirs)


def require_output(function: Any, scores: Any, output: Any, theirs: np.ndarray) -> None:
    """The model's own answers, within their bound and what float32 says of them."""
    own, close = values(output), 1e-6 if np.asarray(output).dtype == np.float32 else 1e-9
    if function.classes is None:
        ours = values(function.predict(scores))
    else:
        ours = function.predict_proba(scores)
        ours = ours[:, 1:] if own.shape[1] == 1 else ours
    bound = values(function.output_error(scores))
    bound = bound[:, 1:] if bound.shape[1] > own.shape[1] else bound
    assert (np.abs(ours - own) <= bound + close * (1 + np.abs(own))).all()
    if function.classes is not None:
        best = np.argmax(theirs, axis=1) if theirs.shape[1] > 1 else (theirs[:, 0] > 0).astype(int)
        clear = np.abs(theirs[:, 0]) if theirs.shape[1] == 1 else np.diff(np.sort(theirs, axis=1)[:, -2:])[:, 0]
        clear = clear > 2 * function.max_error.max()
        assert clear.mean() > 0.5
        assert (function.predict(scores) == np.array(function.classes)[best])[clear].all()


@pytest.mark.parametrize("name", SOURCES_BY_COST)
def test_columns_in_another_order(name: str) -> None:
    """The schema's columns reversed, the rows as a DataFrame whose columns are permuted: the same scores."""
    model, schema, like = made(name)
    rows = around_cuts(schema)
    table = for_the_model(rows, like)[["visits", "age", "bmi", "crp"]]
    reversed_schema = Schema(dict(reversed(schema.columns.items())))
    one, other = compile(model, schema, weight_bits=14), compile(model, reversed_schema, weight_bits=14)
    theirs = values(SOURCES[name].margin(model, for_the_model(rows, like)))
    for function in (one, other):
        decision = values(function.decision_function(function.evaluate(table)))
        assert (np.abs(decision - theirs) <= function.max_error).all()
    assert (np.abs(values(one.evaluate(table)) - values(other.evaluate(table))) <= 1).all()


@pytest.mark.parametrize("kind", ["hist", "xgboost", "lightgbm", "catboost"])
def test_arrays_are_by_position(kind: str) -> None:
    """A model that was fitted on an array calls its columns x0, x1, ..., whatever its library calls them."""
    fits = {"hist": hist(CLASSIFIER, TWO, X.to_numpy()), "xgboost": xgb("Classifier", TWO, X.to_numpy())}
    fits |= {"lightgbm": lgb("Classifier", TWO, X.to_numpy()), "catboost": cat("Classifier", TWO, X.to_numpy())}
    asks = {"hist": decision, "xgboost": of_xgb, "lightgbm": of_lgb, "catboost": of_cat}
    model = fits[kind]()
    schema = schema_for_trees(model, missing="bit")
    assert set(schema.columns) <= {"x0", "x1", "x2", "x3"}
    function = compile(model, schema, weight_bits=14)
    table = {f"x{i}": X.to_numpy()[:, i] for i in range(4)}
    theirs = asks[kind](model, X.to_numpy())
    assert np.abs(function.decision_function(function.evaluate(table)) - theirs).max() <= function.max_error


# -- absent entries --


@pytest.mark.parametrize("name", ["hist classifier", "xgboost logistic", "lightgbm binary", "catboost logloss"])
def test_no_value_stands_for_an_absent_entry(name: str) -> None:
    """Nodes send absent entries both ways: with any one value the model is refused, and the bit is named."""
    model = SOURCES[name].fit()
    columns = schema_for_trees(model).columns
    assert compile(model, Schema(columns)).k == 1, "nothing may be absent here"
    for value in (X["age"].median(), 0.0):
        stated = schema_for_trees(model, missing={"age": float(value)})
        with pytest.raises(UnsupportedModelError, match=r"another way than .*'age': \"bit\""):
            compile(model, stated)


def test_the_value_that_a_model_takes_for_absent() -> None:
    """LightGBM without use_missing counts an absent entry as zero, so zero stands for it and nothing else."""
    model = lgb("Classifier", TWO, use_missing=False)()
    schema = schema_for_trees(model, missing={"age": 0.0, "crp": 0.0})
    function = compile(model, schema, reference=X)
    difference = function.decision_function(function.evaluate(X)) - model.predict(X, raw_score=True)
    assert np.abs(difference).max() <= function.max_error
    with pytest.raises(UnsupportedModelError, match="another way than 45.0"):
        compile(model, schema_for_trees(model, missing={"age": 45.0, "crp": 0.0}))


def test_a_model_that_takes_no_absent_entries() -> None:
    """One bit too many is named."""
    model = GradientBoostingClassifier(n_estimators=4, max_depth=2, random_state=0).fit(PLAIN, TWO)
    with pytest.raises(UnsupportedModelError, match="absent"):
        compile(model, schema_for_trees(model, missing="bit"))


def test_a_column_that_is_only_asked_whether_it_is_there() -> None:
    """All of its numbers go one way: the schema has one cut, which no tree needs, and the bit."""
    rows = pd.DataFrame({"there": X["age"].mask(X["age"].notna(), 1.0), "bmi": X["bmi"]})
    model = HistGradientBoostingRegressor(max_iter=5, max_depth=2, min_samples_leaf=5).fit(
        rows, Y + 3.0 * rows["there"].isna()
    )
    schema = schema_for_trees(model, missing="bit")
    assert schema.columns["there"].width == 2
    function = compile(model, schema, weight_bits=14)
    assert np.abs(function.decision_function(function.evaluate(rows)) - model.predict(rows)).max() <= function.max_error
