"""What is refused of boosters, each with its next step; boosters of linear functions; several models on one schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import pyfe
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models import compile, schema_for_trees
from pyfe.schema import Schema

from .test_models_boosters import (
    CLASSIFIER,
    PLAIN,
    TWO,
    X,
    Y,
    cat,
    ebm,
    hist,
    lgb,
    library,
    of_cat,
    of_lgb,
    of_xgb,
    values,
    xgb,
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in the tests of every library."""
    with threadpool_limits(1):
        yield


DEEP: dict[str, tuple[Callable[[], Any], str]] = {
    "hist": (hist(CLASSIFIER, TWO, max_depth=4), "max_depth=2"),
    "xgboost": (xgb("Classifier", TWO, max_depth=4), "max_depth=2"),
    "xgboost by leaves": (
        xgb("Classifier", TWO, max_depth=0, max_leaves=6, grow_policy="lossguide", tree_method="hist"),
        "max_depth=2",
    ),
    "lightgbm by leaves": (lgb("Classifier", TWO, max_depth=-1, num_leaves=8), "max_depth=2"),
    "catboost": (cat("Classifier", TWO, depth=4), "depth=2"),
    "catboost depthwise": (cat("Classifier", TWO, depth=4, grow_policy="Depthwise"), "depth=2"),
    "EBM of three columns": (ebm("Classifier", TWO, interactions=[(0, 1, 2)]), "interactions"),
}


@pytest.mark.parametrize("name", DEEP)
def test_three_columns_on_a_path(name: str) -> None:
    fit, cure = DEEP[name]
    model = fit()
    with pytest.raises(UnsupportedModelError, match=rf"tests '\w+', '\w+', '\w+'.* on one path.*{cure}"):
        compile(model, schema_for_trees(model, missing="bit"))


def test_deeper_trees_of_two_columns_are_compiled() -> None:
    """At most two columns a path, whatever the depth."""
    rows = X[["age", "bmi"]]
    for fit, margin in (
        (xgb("Classifier", TWO, rows, max_depth=4), of_xgb),
        (lgb("Classifier", TWO, rows, max_depth=5, num_leaves=12), of_lgb),
        (cat("Classifier", TWO, rows, depth=4, grow_policy="Depthwise"), of_cat),
    ):
        model = fit()
        function = compile(model, schema_for_trees(model, missing="bit"), weight_bits=14)
        assert function.kind == "quadratic"
        difference = function.decision_function(function.evaluate(rows)) - margin(model, rows)
        assert np.abs(difference).max() <= function.max_error


def test_leaves_that_hold_more_than_a_number() -> None:
    with pytest.raises(UnsupportedModelError, match="fit with linear_tree=False"):
        schema_for_trees(lgb("Regressor", Y, PLAIN, linear_tree=True)())
    two = np.stack([Y, -Y], axis=1)
    with pytest.raises(UnsupportedModelError, match="one_output_per_tree"):
        schema_for_trees(xgb("Regressor", two, multi_strategy="multi_output_tree", tree_method="hist")())


def test_float32_far_from_zero() -> None:
    """The magnitude counts, not the spread: the bound of the sum is more than 1 % of it, and the cure is named."""
    model = xgb("Regressor", Y + 1e5)()
    schema = schema_for_trees(model, missing="bit")
    with pytest.raises(UnsupportedModelError, match="fit it on a target near zero"):
        compile(model, schema, reference=X)
    assert 0.01 < compile(model, schema, weight_bits=12).max_error[0] < 0.3


def test_two_targets_are_two_outputs() -> None:
    model = xgb("Regressor", np.stack([Y, -2 * Y], axis=1))()
    function = compile(model, schema_for_trees(model, missing="bit"), weight_bits=14)
    assert function.k == 2
    assert (np.abs(function.decision_function(function.evaluate(X)) - model.predict(X)) <= function.max_error).all()


def test_trees_behind_other_steps() -> None:
    behind = make_pipeline(StandardScaler(), library("xgboost").XGBClassifier(n_estimators=4, max_depth=2, n_jobs=1))
    behind.fit(PLAIN, TWO)
    with pytest.raises(UnsupportedModelError, match="fit them on the columns themselves"):
        schema_for_trees(behind)


def test_votes_that_are_no_sum_of_trees_say_what_is() -> None:
    """A mean of probabilities is one only where these are; hard votes of many trees are none."""
    forest = RandomForestClassifier(3, max_depth=2, random_state=0)
    boosted = GradientBoostingClassifier(n_estimators=20, max_depth=2, random_state=0)  # all of the columns
    rows = PLAIN  # of two columns alone every function is one of products of bits
    mixed = VotingClassifier([("a", forest), ("b", boosted)], voting="soft").fit(rows, TWO)
    with pytest.raises(UnsupportedModelError, match=r"take forests alone, or take StackingClassifier"):
        schema_for_trees(mixed)
    both = VotingClassifier([("a", boosted), ("b", boosted)], voting="soft").fit(rows, TWO)
    with pytest.raises(UnsupportedModelError, match="StackingClassifier"):
        compile(both, schema_for_trees(both))
    hard = VotingClassifier([("a", boosted), ("b", boosted)]).fit(rows, TWO)
    with pytest.raises(UnsupportedModelError):
        compile(hard, schema_for_trees(hard))


def test_two_columns_of_one_name_are_named() -> None:
    """Libraries refuse to fit on them, and some have models of earlier versions."""
    model = RandomForestClassifier(3, max_depth=2).fit(PLAIN[["age", "bmi"]].to_numpy(), TWO)
    model.feature_names_in_ = np.array(["age", "age"], dtype=object)
    with pytest.raises(ParameterError, match="two columns that are called 'age'"):
        schema_for_trees(model)
    with pytest.raises(ParameterError, match="two columns that are called 'age'"):
        pyfe.Linear.from_estimator(model)


def test_unfitted_boosters() -> None:
    for model in (library("xgboost").XGBClassifier(), library("lightgbm").LGBMClassifier()):
        with pytest.raises(UnsupportedModelError, match="is it fitted"):
            schema_for_trees(model)


@pytest.mark.parametrize(
    ("fit", "margin"),
    [
        (xgb("Regressor", Y + 1.0, objective="reg:squaredlogerror"), of_xgb),
        (xgb("Classifier", TWO, objective="binary:hinge"), of_xgb),
        (lgb("Regressor", Y / 9.0, objective="cross_entropy_lambda"), of_lgb),
        (lgb("Regressor", Y - Y.mean(), reg_sqrt=True), of_lgb),
    ],
    ids=["squared logarithms", "hinge", "lambda", "root of both signs"],
)
def test_a_sum_without_a_link(fit: Callable[[], Any], margin: Callable[[Any, Any], Any]) -> None:
    """The sum of the trees is compiled, and the report says where the library's own output is another."""
    model = fit()
    function = compile(model, schema_for_trees(model, missing="bit"), weight_bits=14)
    assert function.link == "identity"
    assert np.abs(function.decision_function(function.evaluate(X)) - margin(model, X)).max() <= function.max_error
    if not np.allclose(model.predict(X), margin(model, X)):
        assert "no link with a name" in dict(function.remarks)["output"]


@pytest.mark.parametrize("objective", ["binary:logistic", "count:poisson"])
def test_a_booster_of_linear_functions(objective: str) -> None:
    """No trees: probed like any affine model, with the link of its objective, also behind a scaler."""
    xgboost, options = library("xgboost"), {"booster": "gblinear", "n_estimators": 30, "n_jobs": 1}
    classes = objective.startswith("binary")
    kind, outcome = (xgboost.XGBClassifier, TWO) if classes else (xgboost.XGBRegressor, Y)
    model = kind(objective=objective, **options).fit(PLAIN, outcome)
    schema = Schema.fit(PLAIN, margin=0.2)
    for one, margin in (
        (model, lambda rows: of_xgb(model, rows)),
        (make_pipeline(StandardScaler(), kind(objective=objective, **options)).fit(PLAIN, outcome), None),
    ):
        function = compile(one, schema, reference=PLAIN)
        assert (function.kind, function.link) == ("linear", "logit" if classes else "exp")
        rows = schema.decode_columns(schema.encode(PLAIN, "clip").x)
        table = pd.DataFrame(rows)[list(PLAIN.columns)]
        scores = function.evaluate(table)
        if margin is not None:
            assert np.abs(function.decision_function(scores) - margin(table)).max() <= function.max_error
        own = one.predict_proba(table) if classes else one.predict(table)
        ours = function.predict_proba(scores) if classes else function.predict(scores)
        assert (np.abs(values(ours) - values(own)) <= values(function.output_error(scores)) + 1e-5).all()


def test_several_libraries_on_one_schema() -> None:
    """One ciphertext serves all: every model is itself on the cuts of the others."""
    models = {"h": hist(CLASSIFIER, TWO)(), "x": xgb("Classifier", TWO)(), "l": lgb("Classifier", TWO)()}
    schema = schema_for_trees(*models.values(), missing="bit", protected=["crp"])
    assert schema.columns["crp"].protected
    for model in models.values():
        function = compile(model, schema, reference=X)
        difference = function.predict_proba(function.evaluate(X)) - model.predict_proba(X)
        assert np.abs(difference).max() <= function.max_error.max()


def test_a_search_over_boosters() -> None:
    options = {"n_estimators": 4, "n_jobs": 1}
    search = GridSearchCV(library("xgboost").XGBClassifier(**options), {"max_depth": [1, 2]}, cv=2).fit(X, TWO)
    function = compile(search, schema_for_trees(search, missing="bit"), weight_bits=14)
    theirs = search.best_estimator_.predict(X, output_margin=True)
    assert np.abs(function.decision_function(function.evaluate(X)) - theirs).max() <= function.max_error


def test_reports_and_prepare_know_them() -> None:
    model = hist(CLASSIFIER, TWO)()
    schema, function = pyfe.prepare(model, X, TWO, missing={"age": "bit", "crp": "bit"}, protected=["crp", "visits"])
    assert schema.columns["crp"].protected
    assert "step of the score" in dict(function.remarks)
    report = function.report(X, TWO)
    assert report.agreement is not None
    assert report.agreement > 0.9
    exact = compile(model, schema, reference=X)
    assert exact.width_bits > function.width_bits
    with pytest.raises(ParameterError, match="schema of their thresholds, without bits"):
        pyfe.prepare(model, X, TWO, bits=4)
