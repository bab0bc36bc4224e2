"""compile on ensembles of shallow trees: thresholds as bits, products of two, the model's own answers, the refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor

import pyfe
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models import compile, from_callable, schema_for_trees
from pyfe.models.sources.trees.cells import exceeding
from pyfe.schema import Encoded, Schema, Thresholds, category, number, thresholds

Table = tuple[pd.DataFrame, Any, pd.DataFrame]


def split(loader: Any) -> Table:
    X, y = loader(return_X_y=True, as_frame=True)
    held_out = np.random.default_rng(0).permutation(len(X)) % 3 == 0
    return X[~held_out], y[~held_out], X[held_out]


CANCER, DIABETES, IRIS = split(load_breast_cancer), split(load_diabetes), split(load_iris)
TWO_TARGETS = (DIABETES[0], np.stack([DIABETES[1], -2 * DIABETES[1] + DIABETES[0]["bp"] * 300], axis=1), DIABETES[2])


def decision(model: Any, X: Any) -> np.ndarray:
    return np.asarray(model.decision_function(X))


def predict(model: Any, X: Any) -> np.ndarray:
    return np.asarray(model.predict(X))


def shares(model: Any, X: Any) -> np.ndarray:
    proba = model.predict_proba(X)
    return np.asarray(proba[:, 1] - proba[:, 0] if proba.shape[1] == 2 else proba)


Row = tuple[Table, Any, Callable[[Any, Any], np.ndarray], str, str]

MODELS: dict[str, Row] = {
    "boosting, two classes": (
        CANCER,
        GradientBoostingClassifier(n_estimators=40, max_depth=2, random_state=0),
        decision,
        "logit",
        "quadratic",
    ),
    "boosting, three classes": (
        IRIS,
        GradientBoostingClassifier(n_estimators=15, max_depth=2, random_state=0),
        decision,
        "softmax",
        "quadratic",
    ),
    "boosting from zero, on samples": (
        CANCER,
        GradientBoostingClassifier(n_estimators=20, max_depth=2, init="zero", subsample=0.5, random_state=1),
        decision,
        "logit",
        "quadratic",
    ),
    "boosted stumps": (
        CANCER,
        GradientBoostingClassifier(n_estimators=40, max_depth=1, random_state=0),
        decision,
        "logit",
        "linear",
    ),
    "boosted regression": (
        DIABETES,
        GradientBoostingRegressor(n_estimators=40, max_depth=2, random_state=0),
        predict,
        "identity",
        "quadratic",
    ),
    "boosted quantiles": (
        DIABETES,
        GradientBoostingRegressor(n_estimators=20, max_depth=2, loss="quantile", alpha=0.8, random_state=0),
        predict,
        "identity",
        "quadratic",
    ),
    "forest, two classes": (
        CANCER,
        RandomForestClassifier(25, max_depth=2, random_state=0),
        shares,
        "share",
        "quadratic",
    ),
    "forest, three classes": (
        IRIS,
        RandomForestClassifier(15, max_depth=2, random_state=0),
        shares,
        "share",
        "quadratic",
    ),
    "extremely random trees": (
        IRIS,
        ExtraTreesClassifier(15, max_depth=2, class_weight="balanced", random_state=0),
        shares,
        "share",
        "quadratic",
    ),
    "regression forest": (
        DIABETES,
        RandomForestRegressor(20, max_depth=2, random_state=0),
        predict,
        "identity",
        "quadratic",
    ),
    "forest of two targets": (
        TWO_TARGETS,
        RandomForestRegressor(10, max_depth=2, random_state=0),
        predict,
        "identity",
        "quadratic",
    ),
    "one tree": (CANCER, DecisionTreeClassifier(max_depth=2, random_state=0), shares, "share", "quadratic"),
    "one regression tree": (
        DIABETES,
        DecisionTreeRegressor(max_depth=2, random_state=0),
        predict,
        "identity",
        "quadratic",
    ),
    "one stump": (DIABETES, DecisionTreeRegressor(max_depth=1), predict, "identity", "linear"),
    "bagging on parts of the columns": (
        DIABETES,
        BaggingRegressor(DecisionTreeRegressor(max_depth=2), n_estimators=10, max_features=0.5, random_state=0),
        predict,
        "identity",
        "quadratic",
    ),
    "a search": (
        IRIS,
        GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2]}, cv=3),
        shares,
        "share",
        "quadratic",
    ),
}


def fitted(name: str) -> tuple[Any, Schema]:
    (X, y, _), model, *_ = MODELS[name]
    model.fit(X, y)
    return model, schema_for_trees(model)


def with_all_columns(X: pd.DataFrame, x: np.ndarray, schema: Schema) -> pd.DataFrame:
    """Decoded rows as the model wants them; columns that no tree tests are filled at random."""
    table = pd.DataFrame({c: np.random.default_rng(1).normal(size=len(x)) for c in X.columns})
    for column, values in schema.decode_columns(x).items():
        table[column] = values
    return table


@pytest.mark.parametrize("name", MODELS)
def test_every_ensemble_on_held_out_and_random_rows(name: str) -> None:
    (X, _, X_test), _, method, link, kind = MODELS[name]
    model, schema = fitted(name)
    function = compile(model, schema, reference=X)
    assert (function.kind, function.link) == (kind, link)
    rng = np.random.default_rng(2)
    x = np.concatenate([schema.sample(rng, 300), schema.encode(X_test).x])
    tables = [with_all_columns(X, x, schema), X_test]
    rows = [Encoded(x), X_test]
    for table, row in zip(tables, rows, strict=True):
        theirs, scores = method(model, table), function.evaluate(row)
        assert (np.abs(theirs - function.decision_function(scores)) <= function.max_error).all()
        if function.classes is not None:
            margin = np.abs(theirs) if theirs.ndim == 1 else np.ptp(np.sort(theirs, axis=1)[:, -2:], axis=1)
            clear = margin > 2 * function.max_error.max()
            assert clear.mean() > 0.5
            assert (function.predict(scores) == model.predict(table))[clear].all()
        if link != "identity":
            assert np.abs(function.predict_proba(scores) - model.predict_proba(table)).max() <= function.max_error.max()


@pytest.mark.parametrize("name", ["boosting, two classes", "forest, three classes", "regression forest"])
def test_the_structure_gives_the_integers_of_the_black_box(name: str) -> None:
    """Polarisation of the model's own answers, which knows nothing about trees, ends in the same integers."""
    model, schema = fitted(name)
    X, method = MODELS[name][0][0], MODELS[name][2]

    def values(rows: np.ndarray) -> np.ndarray:
        table = pd.DataFrame(0.0, index=range(len(rows)), columns=X.columns)
        table[list(schema.input_columns)] = rows
        return method(model, table)

    own = compile(model, schema, weight_bits=12)
    probed = from_callable(values, schema, link=own.link, classes=own.classes, weight_bits=12)
    assert own.forms == probed.forms
    assert own.intercept.tolist() == probed.intercept.tolist()
    np.testing.assert_allclose(own.scale, probed.scale, rtol=1e-9)


def test_a_tree_by_hand() -> None:
    """4 leaves: 1 below (2.5, 0.5), 3 right of it, 7 above, 15 in the corner; all coefficients by inclusion."""
    X = pd.DataFrame({"a": [0.0, 0.0, 5.0, 5.0], "b": [0.0, 1.0, 0.0, 1.0]})
    tree = DecisionTreeRegressor(max_depth=2).fit(X, [1.0, 3.0, 7.0, 15.0])
    schema = schema_for_trees(tree)
    assert schema.n == 2
    function = compile(tree, schema, weight_bits=None)
    assert function.evaluate(X).tolist() == [1, 3, 7, 15]
    dense = function.forms.dense_array()[0]
    assert (dense[0, 1], dense[0, 2], dense[1, 2], function.intercept[0]) == (6, 2, 6, 1)


def test_two_tests_of_one_column_are_linear() -> None:
    """A path through a >= 2 and a >= 4 is one bit, the later one."""
    X = pd.DataFrame({"a": [1.0, 3.0, 5.0, 7.0]})
    tree = DecisionTreeRegressor(max_depth=2).fit(X, [1.0, 5.0, 18.0, 20.0])
    schema = schema_for_trees(tree)
    function = compile(tree, schema, weight_bits=None)
    assert function.kind == "linear"
    assert function.weights.tolist() == [[4, 13, 2]]
    assert function.evaluate(X).tolist() == [1, 5, 18, 20]


def test_deeper_trees_on_two_columns_are_quadratic_all_the_same() -> None:
    X, y, X_test = DIABETES
    model = GradientBoostingRegressor(n_estimators=5, max_depth=5, random_state=0).fit(X[["bmi", "s5"]], y)
    function = compile(model, schema_for_trees(model), reference=X)
    assert function.kind == "quadratic"
    theirs = model.predict(X_test[["bmi", "s5"]])
    difference = theirs - function.decision_function(function.evaluate(X_test))
    assert np.abs(difference).max() <= function.max_error[0]


def test_cuts_are_exactly_the_tests_of_the_tree() -> None:
    """Values on, just below and just above every threshold, in float64 and float32 neighbourhoods."""
    rng = np.random.default_rng(3)
    limits = np.concatenate([rng.normal(size=200) * 10.0 ** rng.integers(-6, 7, size=200), [0.0, 0.5, 17.5, -3.0, 2e8]])
    cuts = exceeding(limits)
    near = np.stack(
        [
            limits,
            np.nextafter(limits, np.inf),
            np.nextafter(limits.astype(np.float32), np.float32(np.inf)).astype(np.float64),
            cuts,
            np.nextafter(cuts, -np.inf),
            np.nextafter(cuts, np.inf),
            limits + np.abs(limits) * 1e-7,
            limits - np.abs(limits) * 1e-7,
        ]
    )
    assert np.array_equal(near >= cuts, near.astype(np.float32) > limits)


def test_rows_on_the_thresholds_go_the_trees_way() -> None:
    X = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0)[::-1]})
    model = RandomForestRegressor(5, max_depth=2, random_state=0).fit(X, np.arange(20.0) ** 2)
    schema = schema_for_trees(model)
    function = compile(model, schema)
    halves = pd.DataFrame({"a": np.arange(-1, 21, 0.5), "b": np.arange(-1, 21, 0.5)})
    halves = pd.concat([halves, np.nextafter(halves, np.inf), np.nextafter(halves, -np.inf)], ignore_index=True)
    difference = model.predict(halves) - function.decision_function(function.evaluate(halves))
    assert np.abs(difference).max() <= function.max_error[0]


def test_one_schema_for_several_models() -> None:
    X, y, X_test = DIABETES
    first = GradientBoostingRegressor(n_estimators=10, max_depth=2, random_state=0).fit(X[["bmi", "s5", "bp"]], y)
    second = RandomForestRegressor(5, max_depth=2, random_state=1).fit(X[["bp", "s1", "age"]], y)
    schema = schema_for_trees(first, second, protected=["age"], missing={"bp": 0.0})
    assert schema.columns["age"].protected
    assert schema.columns["bp"].missing == 0.0
    for model in (first, second):
        function = compile(model, schema)
        theirs = model.predict(X_test[model.feature_names_in_])
        assert np.abs(theirs - function.decision_function(function.evaluate(X_test))).max() <= function.max_error[0]


def test_columns_nobody_tests_are_left_out() -> None:
    model, schema = fitted("boosting, two classes")
    X, _, X_test = CANCER
    truth = load_breast_cancer(as_frame=True).target[X_test.index]
    assert 0 < len(schema.columns) < X.shape[1]
    assert all(isinstance(column, Thresholds) for column in schema.columns.values())
    function = compile(model, schema, reference=X)
    report = function.report(X_test, truth)
    assert report.agreement is not None
    assert report.agreement >= 0.98
    assert report.metric_float == pytest.approx(roc_auc_score(truth, model.decision_function(X_test)))
    assert report.metric_quantised is not None
    assert abs(report.metric_quantised - report.metric_float) < 0.01


def test_models_fitted_on_arrays_call_their_columns_by_number() -> None:
    X, y, X_test = DIABETES
    model = GradientBoostingRegressor(n_estimators=5, max_depth=2, random_state=0).fit(X.to_numpy(), y)
    schema = schema_for_trees(model)
    assert set(schema.columns) < {f"x{i}" for i in range(10)}
    function = compile(model, schema)
    table = {f"x{i}": column for i, column in enumerate(X_test.to_numpy().T)}
    theirs = model.predict(X_test.to_numpy())
    assert np.abs(theirs - function.decision_function(function.evaluate(table))).max() <= function.max_error[0]


def test_bits_of_other_columns_serve_as_well() -> None:
    """A 0/1 number, a two-level and a three-level category: a test is a function of their bits."""
    rng = np.random.default_rng(4)
    X = pd.DataFrame(
        {"sex": rng.integers(0, 2, 200), "smoker": rng.integers(0, 2, 200), "stage": rng.integers(1, 4, 200)}
    ).assign(age=rng.normal(60, 10, 200))
    y = X["sex"] * 3 + X["stage"] ** 2 * X["smoker"] + (X["age"] > 63) * X["stage"]
    model = GradientBoostingRegressor(n_estimators=20, max_depth=2, random_state=0).fit(X, y)
    cuts = schema_for_trees(model).columns["age"]
    schema = Schema(
        {"sex": number(0, 1, step=1), "age": cuts, "smoker": category([0, 1]), "stage": category([1, 2, 3])}
    )
    function = compile(model, schema)
    assert np.abs(model.predict(X) - function.decision_function(function.evaluate(X))).max() <= function.max_error[0]


def test_ensembles_that_are_no_plain_sum_are_probed_like_any_model() -> None:
    """AdaBoost weighs its votes: probed on the bits. Of gradient boosting on histograms cuts that are not its own
    are refused, and so are its own as they are printed, since it tests value > cut."""
    X, y, X_test = CANCER
    X, X_test = X[["mean radius", "mean texture"]], X_test[["mean radius", "mean texture"]]
    votes = AdaBoostClassifier(n_estimators=8, random_state=0).fit(X, y)
    schema = schema_for_trees(votes)
    function = compile(votes, schema)
    assert function.kind == "linear"
    difference = votes.decision_function(X_test) - function.decision_function(function.evaluate(X_test))
    assert np.abs(difference).max() <= function.max_error[0]

    hidden = HistGradientBoostingRegressor(max_iter=5, max_depth=2, max_bins=4, min_samples_leaf=5).fit(X, y)
    by_hand = Schema(
        {name: thresholds(np.unique(np.quantile(X[name], np.linspace(0.02, 0.98, 40)))) for name in X.columns}
    )
    with pytest.raises(UnsupportedModelError, match="at and between the cuts.*'mean (radius|texture)' at its cut"):
        compile(hidden, by_hand)
    printed: dict[str, set[float]] = {name: set() for name in X.columns}
    for (tree,) in hidden._predictors:
        for node in tree.nodes[tree.nodes["is_leaf"] == 0]:
            printed[X.columns[node["feature_idx"]]].add(float(node["num_threshold"]))
    with pytest.raises(UnsupportedModelError, match="at and between the cuts.*'mean (radius|texture)' at its cut"):
        compile(hidden, Schema({name: thresholds(sorted(cuts)) for name, cuts in printed.items() if cuts}))
    read = {name: thresholds(sorted(np.nextafter(list(cuts), np.inf))) for name, cuts in printed.items() if cuts}
    function = compile(hidden, Schema(read))
    difference = hidden.predict(X_test) - function.decision_function(function.evaluate(X_test))
    assert np.abs(difference).max() <= function.max_error[0]


def test_survival() -> None:
    """Boosting on Cox's partial likelihood: the risk score is a sum of trees."""
    ensemble = pytest.importorskip("sksurv.ensemble")
    rng = np.random.default_rng(5)
    X = pd.DataFrame(rng.normal(size=(150, 4)), columns=["age", "grade", "size", "nodes"])
    time = rng.exponential(np.exp(-X["age"] - X["grade"] * (X["size"] > 0)))
    y = np.array(list(zip(rng.random(150) < 0.7, time, strict=True)), dtype=[("event", bool), ("time", float)])
    for extra in ({}, {"subsample": 0.7}, {"dropout_rate": 0.2}):
        model = ensemble.GradientBoostingSurvivalAnalysis(n_estimators=20, max_depth=2, random_state=0, **extra)
        model.fit(X, y)
        function = compile(model, schema_for_trees(model), reference=X)
        difference = model.predict(X) - function.decision_function(function.evaluate(X))
        assert np.abs(difference).max() <= function.max_error[0]


# -- refusals --


def test_deep_trees_are_refused_by_name() -> None:
    X, y, _ = DIABETES
    model = RandomForestRegressor(5, max_depth=3, random_state=0).fit(X, y)
    wanted = r"tree \d of RandomForestRegressor has depth 3 and tests '\w+', '\w+', '\w+' on one path.*max_depth=2"
    for schema in (schema_for_trees(model), Schema.fit(X)):
        with pytest.raises(UnsupportedModelError, match=wanted):
            compile(model, schema)
    many = GradientBoostingClassifier(n_estimators=3, random_state=0).fit(IRIS[0], IRIS[1])
    with pytest.raises(UnsupportedModelError, match=r"tree \d of output \d of GradientBoostingClassifier has depth 3"):
        compile(many, schema_for_trees(many))


def test_schemas_that_do_not_fit_are_refused() -> None:
    X, y, _ = DIABETES
    model = DecisionTreeRegressor(max_depth=2).fit(X[["bmi", "bp", "s5"]], y)
    with pytest.raises(UnsupportedModelError, match="the schema holds that as a number .*schema_for_trees"):
        compile(model, Schema.fit(X))
    used = schema_for_trees(model)
    name = next(iter(used.columns))
    rest = {column: kind for column, kind in used.columns.items() if column != name}
    with pytest.raises(ParameterError, match=f"tests '{name}', which is not in the schema"):
        compile(model, Schema(rest))
    text = Schema({**rest, name: category(["low", "high"])})
    with pytest.raises(ParameterError, match=f"test '{name}' as a number"):
        compile(model, text)


def test_models_without_trees_to_show() -> None:
    X, y, _ = DIABETES
    behind = make_pipeline(StandardScaler(), DecisionTreeRegressor(max_depth=2)).fit(X, y)
    with pytest.raises(UnsupportedModelError, match=r"shows no trees on raw columns.*fit them on the columns"):
        schema_for_trees(behind)
    with pytest.raises(UnsupportedModelError, match="does not say how many columns"):
        schema_for_trees(DecisionTreeRegressor())
    with pytest.raises(ParameterError, match="needs a fitted model"):
        schema_for_trees()
    flat = DecisionTreeRegressor().fit(X, np.ones(len(X)))
    with pytest.raises(UnsupportedModelError, match="test no column"):
        schema_for_trees(flat)
    several = DecisionTreeClassifier(max_depth=2).fit(X, np.stack([y > 100, y > 150], axis=1))
    with pytest.raises(UnsupportedModelError, match="several outputs"):
        schema_for_trees(several)


def test_depths_of_isolation_are_no_sum_of_leaves() -> None:
    X, _, _ = DIABETES
    model = IsolationForest(n_estimators=5, max_samples=4, random_state=0).fit(X[["bmi", "bp", "s5", "s1"]])
    with pytest.raises(UnsupportedModelError, match=r"the model itself \(IsolationForest\); measured residual"):
        compile(model, schema_for_trees(model))


def test_a_whole_forest_under_encryption() -> None:
    """Thresholds in, scores out: the key decrypts what the trees say."""
    X, y, X_test = CANCER
    columns = ["mean radius", "mean texture", "mean concavity", "worst area"]
    model = GradientBoostingClassifier(n_estimators=6, max_depth=2, random_state=0).fit(X[columns], y)
    schema = schema_for_trees(model)
    function = compile(model, schema, reference=X, weight_bits=7)
    policy = pyfe.Policy.unrestricted(reason="a test of exactness")
    authority = pyfe.KeyAuthority.create(schema, scheme="qfe-ggm", weight_bits=function.weight_bits, policy=policy)
    key = authority.issue(function, purpose="test")
    rows = X_test[:3]
    scores = key.decrypt(authority.public_key.encrypt(rows))
    assert scores.tolist() == function.evaluate(rows).tolist()
    assert (
        np.abs(function.decision_function(scores) - model.decision_function(rows[columns])).max()
        <= function.max_error[0]
    )


def test_one_random_tree_of_every_seed() -> None:
    """Many small random trees, against their own predictions on random rows."""
    rng = np.random.default_rng(6)
    for seed in range(40):
        X = pd.DataFrame(rng.normal(size=(30, 3)), columns=["a", "b", "c"])
        tree = ExtraTreeRegressor(max_depth=2, random_state=seed).fit(X, rng.normal(size=30))
        function = compile(tree, schema_for_trees(tree), weight_bits=16)
        rows = pd.DataFrame(rng.normal(size=(100, 3)), columns=["a", "b", "c"])
        assert np.abs(tree.predict(rows) - function.decision_function(function.evaluate(rows))).max() <= 1e-3
