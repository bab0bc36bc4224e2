"""compile and Linear: every listed estimator within its derived bound, refusals by step, and the numbers by hand."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, LinearSVC, LinearSVR

import pyfe
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.function import Function
from pyfe.models import Linear, compile
from pyfe.models.real.affine import AffineMap
from pyfe.models.rounding.affine import round_map
from pyfe.schema import Encoded, Schema, category, constant, number, thresholds


def split(loader: Any) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series]:
    X, y = loader(return_X_y=True, as_frame=True)
    held_out = np.random.default_rng(0).permutation(len(X)) % 3 == 0
    return X[~held_out], y[~held_out], X[held_out], y[held_out]


CANCER, WINE, DIABETES = split(load_breast_cancer), split(load_wine), split(load_diabetes)

MODELS = {
    "logistic": (CANCER, make_pipeline(StandardScaler(), LogisticRegression())),
    "logistic behind PCA": (CANCER, make_pipeline(StandardScaler(), PCA(5), LogisticRegression())),
    "logistic behind min-max": (CANCER, make_pipeline(MinMaxScaler(), LogisticRegression(C=0.5))),
    "linear SVM": (CANCER, make_pipeline(StandardScaler(), LinearSVC(C=0.1))),
    "kernel SVM, linear kernel": (CANCER, make_pipeline(StandardScaler(), SVC(kernel="linear", C=0.1))),
    "ridge classifier": (CANCER, make_pipeline(StandardScaler(), RidgeClassifier(10))),
    "discriminant analysis": (CANCER, make_pipeline(StandardScaler(), PCA(8), LinearDiscriminantAnalysis())),
    "SGD": (CANCER, make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", random_state=0))),
    "grid search": (CANCER, GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1, 10]}, cv=3)),
    "softmax": (WINE, make_pipeline(StandardScaler(), LogisticRegression())),
    "one versus rest": (WINE, make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression()))),
    "linear SVM, three classes": (WINE, make_pipeline(StandardScaler(), LinearSVC())),
    "least squares": (DIABETES, LinearRegression()),
    "ridge": (DIABETES, make_pipeline(StandardScaler(), Ridge(1.0))),
    "lasso": (DIABETES, Lasso(0.1)),
    "elastic net": (DIABETES, make_pipeline(StandardScaler(), ElasticNet(0.1))),
    "support vector regression": (DIABETES, make_pipeline(StandardScaler(), LinearSVR(C=10, random_state=0))),
}


def fitted(name: str) -> tuple[Any, Schema, Function, pd.DataFrame, pd.Series]:
    (X, y, X_test, y_test), model = MODELS[name]
    model.fit(X, y)
    schema = Schema.fit(X)
    return model, schema, compile(model, schema, reference=X), X_test, y_test


def decision_of(model: Any, X: Any) -> np.ndarray:
    return model.decision_function(X) if hasattr(model, "decision_function") else model.predict(X)


@pytest.mark.parametrize("name", MODELS)
def test_every_estimator_stays_within_its_bound(name: str) -> None:
    model, schema, function, X_test, y_test = fitted(name)
    encoded = schema.encode(X_test, on_overflow="clip")
    decoded = pd.DataFrame(schema.decode(encoded.x), columns=X_test.columns)
    theirs, scores = decision_of(model, decoded), function.evaluate(encoded)
    ours = function.decision_function(scores)
    assert ours.shape == theirs.shape
    report = function.report(X_test, y_test)
    assert np.abs(ours - theirs).max() <= report.max_error
    low, high = np.quantile(theirs, [0.25, 0.75], axis=0)
    assert (function.max_error <= 0.0125 * (high - low)).all(), "1 % on the reference rows, about that elsewhere"
    assert np.array_equal(scores, (encoded.x @ function.weights.T + function.intercept).squeeze())
    if hasattr(model, "classes_"):
        assert function.classes == tuple(model.classes_.tolist())
        margin = np.abs(theirs) if theirs.ndim == 1 else np.diff(np.sort(theirs, axis=1)[:, -2:], axis=1)[:, 0]
        clear = margin > 2 * report.max_error
        assert (function.predict(scores) == model.predict(decoded))[clear].all()
        assert clear.mean() > 0.9
    assert report.metric_quantised == pytest.approx(report.metric_float, abs=0.02)


@pytest.mark.parametrize("name", MODELS)
def test_the_bound_holds_at_the_ends_of_every_range(name: str) -> None:
    model, schema, function, X_test, _ = fitted(name)
    x = schema.sample(np.random.default_rng(1), 300, ends=True)
    # the row that is worst for the rounding, built from the signs of what was rounded away
    exact = function.exact_map
    assert exact is not None
    lost = exact[0] - function.scale[:, None] * function.weights
    x = np.concatenate([x, np.where(lost > 0, schema.hi, schema.lo), np.where(lost < 0, schema.hi, schema.lo)])
    theirs = decision_of(model, pd.DataFrame(schema.decode(x), columns=X_test.columns))
    ours = function.decision_function(function.evaluate(Encoded(x)))
    difference = np.abs(ours - theirs).reshape(len(x), -1).max(axis=0)
    assert (difference <= function.max_error).all()
    assert (difference >= 0.9 * (function.max_error - function.scale / 2)).all(), "the bound is not loose"


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("logistic", "logit"),
        ("discriminant analysis", "logit"),
        ("SGD", "logit"),
        ("linear SVM", "identity"),
        ("softmax", "softmax"),
        ("one versus rest", "ovr"),
    ],
)
def test_probabilities_are_the_models_own(name: str, link: str) -> None:
    model, schema, function, X_test, _ = fitted(name)
    assert function.link == link
    encoded = schema.encode(X_test, on_overflow="clip")
    scores = function.evaluate(encoded)
    if link == "identity":
        with pytest.raises(UnsupportedModelError, match="no probabilities"):
            function.predict_proba(scores)
        return
    theirs = model.predict_proba(pd.DataFrame(schema.decode(encoded.x), columns=X_test.columns))
    ours = function.predict_proba(scores)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= function.max_error.max(), "no link is steeper than its argument"


def test_softmax_rows_sum_to_zero_and_lose_a_rank() -> None:
    _, _, function, _, _ = fitted("softmax")
    assert not function.weights.sum(axis=0).any()
    assert pyfe.report(function).rank == 2
    assert len(set(function.scale.tolist())) == 1, "classes are compared, so they share a scale"


def test_auto_is_the_fewest_bits() -> None:
    (X, y, *_), model = MODELS["logistic"]
    model.fit(X, y)
    schema = Schema.fit(X)
    auto = compile(model, schema, reference=X)
    assert auto.weight_bits <= 9
    values = model.decision_function(pd.DataFrame(schema.decode(schema.encode(X, "clip").x), columns=X.columns))
    allowed = 0.01 * float(np.subtract(*np.quantile(values, [0.75, 0.25])))
    assert auto.max_error[0] <= allowed
    fewer = compile(model, schema, weight_bits=auto.weight_bits - 1, reference=X)
    assert fewer.max_error[0] > allowed
    errors = [compile(model, schema, weight_bits=bits).max_error[0] for bits in (4, 8, 12, 20)]
    assert errors == sorted(errors, reverse=True)
    for bits in (4, 8, 12, 20):
        assert np.abs(compile(model, schema, weight_bits=bits).weights).max() <= 2 ** (bits - 1) - 1
    assert compile(model, schema).id == compile(model, schema).id, "probing and rounding are deterministic"


@pytest.mark.parametrize(
    ("model", "step"),
    [
        (make_pipeline(StandardScaler(), SVC(kernel="rbf")), r"final step 'svc' \(SVC\)"),
        (make_pipeline(PolynomialFeatures(3), StandardScaler(), LogisticRegression()), "step 1 'polynomialfeatures'"),
        (make_pipeline(StandardScaler(), FunctionTransformer(np.tanh), Ridge()), "step 2 'functiontransformer'"),
        (
            make_pipeline(StandardScaler(), GradientBoostingRegressor(n_estimators=5)),
            "step 'gradientboostingregressor'",
        ),
        (KNeighborsRegressor(), r"the model itself \(KNeighborsRegressor\)"),
    ],
)
def test_refused_models_name_step_and_residual(model: Any, step: str) -> None:
    X, y, *_ = CANCER
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X.iloc[:, :6], y)
    with pytest.raises(UnsupportedModelError, match=rf"neither affine nor quadratic.*{step}.*measured residual \d"):
        compile(model, Schema.fit(X.iloc[:, :6]))


def test_a_slightly_bent_model_is_refused_too() -> None:
    schema = Schema.from_ranges({"a": (0, 1), "b": (0, 1)})
    compile(lambda X: X @ [1.0, 2.0], schema)
    with pytest.raises(UnsupportedModelError, match="residual"):
        compile(lambda X: X @ [1.0, 2.0] + 1e-4 * X[:, 0] * X[:, 1] ** 2, schema)
    with pytest.raises(UnsupportedModelError, match="NaN or infinite decision values for 139 of 512 rows"):
        compile(lambda X: np.where(X[:, 0] > 0.9, np.nan, X[:, 0]), schema)


def test_votes_of_pairs_are_not_taken_for_classes() -> None:
    X, y, *_ = WINE
    model = make_pipeline(StandardScaler(), SVC(kernel="linear", decision_function_shape="ovo")).fit(X, y)
    assert model.decision_function(X).shape[1] == 3, "as many pairs as classes, so only the predictions differ"
    with pytest.raises(UnsupportedModelError, match="largest decision value"):
        compile(model, Schema.fit(X))


def test_models_that_do_not_fit_the_schema() -> None:
    X, y, *_ = CANCER
    model = LogisticRegression(max_iter=5000).fit(X.iloc[:, :3], y)
    with pytest.raises(ParameterError, match="'mean perimeter', not in the schema"):
        compile(model, Schema.fit(X.iloc[:, :2]))
    with pytest.raises(ParameterError, match="takes 3 features, the schema has 2"):
        compile(LogisticRegression(max_iter=5000).fit(X.iloc[:, :3].to_numpy(), y), Schema.fit(X.iloc[:, :2]))
    with pytest.raises(UnsupportedModelError, match="neither"):
        compile(object(), Schema.fit(X.iloc[:, :2]))
    with pytest.raises(UnsupportedModelError, match="cannot be evaluated.*NotFittedError"):
        compile(LogisticRegression(), Schema.fit(X.iloc[:, :2]))
    with pytest.raises(ParameterError, match="pyfe.Schema"):
        compile(model, X)  # type: ignore[arg-type]


def test_a_schema_may_have_columns_that_the_model_ignores() -> None:
    X, y, X_test, _ = CANCER
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X.iloc[:, [4, 2]], y)
    schema = Schema.fit(X.iloc[:, :6])
    function = compile(model, schema)
    assert np.flatnonzero(function.weights[0]).tolist() == [2, 4]
    x = schema.encode(X_test, "clip")
    table = pd.DataFrame(schema.decode(x.x), columns=schema.input_columns)[["mean smoothness", "mean perimeter"]]
    ours = function.decision_function(function.evaluate(x))
    assert np.abs(ours - model.decision_function(table)).max() <= function.max_error[0]


def mixed_table() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "age": rng.uniform(20, 90, 400),
            "smoker": rng.choice(["no", "yes"], 400),
            "stage": rng.choice(["I", "II", "III", "IV"], 400),
            "sites": rng.integers(0, 5, 400),
        }
    )
    effect = frame["stage"].map({"I": 0.0, "II": 0.4, "III": 1.0, "IV": 2.5}) + (frame["smoker"] == "yes")
    return frame, (0.04 * frame["age"] + effect + rng.normal(0, 0.7, 400) > 3.5).to_numpy()


def test_text_categories_through_a_column_transformer() -> None:
    frame, y = mixed_table()
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["age", "sites"]), ("c", OneHotEncoder(), ["smoker", "stage"])],
    )
    model = make_pipeline(columns, LogisticRegression()).fit(frame, y)
    schema = Schema.fit(frame)
    function = compile(model, schema, reference=frame)
    encoded = schema.encode(frame, "clip")
    decoded = pd.DataFrame(schema.decode_columns(encoded.x))
    ours = function.decision_function(function.evaluate(encoded))
    assert np.abs(ours - model.decision_function(decoded)).max() <= function.max_error[0]
    assert function.classes == (False, True)
    stage = function.weights[0, [i for i, n in enumerate(schema.coordinate_names) if n.startswith("stage=")]]
    assert abs(int(stage.min()) + int(stage.max())) <= 1, "what all levels share went to the intercept"


# -- rounding --


def test_the_report_shows_what_replacing_missing_values_costs() -> None:
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"])
    y = 2 * X["a"] + X["b"]
    X.loc[rng.permutation(300)[:60], "a"] = np.nan
    model = make_pipeline(SimpleImputer(), Ridge()).fit(X, y)
    value = float(model[0].statistics_[0])
    schema = Schema.from_ranges({"a": (-5, 5), "b": (-5, 5)}, bits=10, missing={"a": value})
    report = compile(model, schema, reference=X).report(X, y)
    assert report.replaced == {"a": 60} and "60 missing values replaced" in str(report)
    assert report.metric_float == pytest.approx(model.score(X, y)), "the pipeline's own imputer, on raw rows"
    assert report.metric_quantised == pytest.approx(model.score(X, y), abs=0.01)
    # another value than the imputer's is no longer measured, but refused: the bound would not hold on these rows
    far = Schema.from_ranges({"a": (-5, 5), "b": (-5, 5)}, bits=10, missing={"a": 4.0})
    with pytest.raises(UnsupportedModelError, match="column 'a'; likely step 'simpleimputer'"):
        compile(model, far, reference=X)


def test_a_model_that_takes_no_missing_values_is_measured_on_replaced_rows() -> None:
    X, y = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) % 7}), np.arange(40) % 7 > 2
    schema = Schema.from_ranges({"a": (0, 39), "b": (0, 7)}, missing={"b": 3})
    function = compile(LogisticRegression().fit(X, y), schema, reference=X)
    X.loc[3, "b"] = np.nan
    report = function.report(X, y)
    assert report.replaced == {"b": 1} and report.metric_float is not None
    assert report.agreement == 1.0


@pytest.mark.parametrize(("transform", "function"), [("log", np.log10), ("sqrt", np.sqrt)])
def test_a_curve_that_a_transform_straightens_is_told(transform: str, function: Any) -> None:
    schema = Schema.from_ranges({"a": (0, 1), "crp": (0.1, 500)})
    with pytest.raises(UnsupportedModelError, match=rf'pyfe.number\(0.1, 500, transform="{transform}"\)'):
        compile(lambda rows: rows[:, 0] + function(rows[:, 1]), schema)
    straight = Schema.from_ranges({"a": (0, 1), "crp": number(0.1, 500, transform=transform)})
    compile(lambda rows: rows[:, 0] + function(rows[:, 1]), straight)
    with pytest.raises(UnsupportedModelError) as caught:
        compile(lambda rows: rows[:, 0] + rows[:, 1] ** 3, schema)
    assert "transform=" not in str(caught.value)


def test_text_columns_need_the_schema() -> None:
    X = pd.DataFrame({"age": np.arange(20.0), "sex": ["f", "m"] * 10})
    encoder = ColumnTransformer([("sex", OneHotEncoder(), ["sex"])], remainder="passthrough")
    model = make_pipeline(encoder, Ridge()).fit(X, np.arange(20.0))
    with pytest.raises(UnsupportedModelError, match=r"use pyfe.prepare\(model, X, outcome\)"):
        Linear.from_estimator(model)


def test_shared_category_weight_and_constants_move_to_the_intercept() -> None:
    schema = Schema({"c": category("xyz"), "k": constant(2), "a": number(0, 1, step=1)})
    affine = AffineMap(np.array([[1000.0, 1001.0, 1002.0, 50.0, 1.0]]), np.zeros(1), np.zeros(1))
    rounded = round_map(affine, schema, 8, compared=False)
    assert np.allclose(rounded.weights * rounded.scale[:, None], [[-1, 0, 1, 0, 1]])
    assert rounded.intercept[0] * rounded.scale[0] == pytest.approx(1101, abs=rounded.max_error[0] + 1e-9)


def test_weights_of_huge_dynamic_range() -> None:
    schema = Schema.from_ranges({"a": (0, 1), "b": (0, 1e6), "c": (0, 1)})
    model = Linear({"a": 1e9, "b": 1e-12, "c": 3e8}, intercept=-1e12)
    function = compile(model, schema, weight_bits=8)
    assert function.weights[0, 1] == 0
    x = schema.sample(np.random.default_rng(0), 200, ends=True)
    raw = schema.decode(x)
    theirs = raw @ [1e9, 1e-12, 3e8] - 1e12
    ours = function.decision_function(function.evaluate(Encoded(x)))
    assert np.abs(ours - theirs).max() <= function.max_error[0]
    assert function.max_error[0] < 0.01 * 1e9


def test_integer_coefficients_are_taken_as_given() -> None:
    schema = Schema(
        {"age": number(20, 80, step=1), "bp": number(0, 1, step=0.1), "c": category("xyz"), "t": thresholds([1, 2])}
    )
    model = Linear({"age": 7, "bp": 30, "c": {"x": 5, "z": -4}, "t": [2, 1]}, intercept=-3)
    function = compile(model, schema, weight_bits=None)
    assert function.weights.tolist() == [[7, 3, 5, 0, -4, 2, 1]]
    assert function.intercept.tolist() == [7 * 20 - 3]
    assert function.scale.tolist() == [1.0]
    assert function.max_error[0] < 1e-9
    with pytest.raises(ParameterError, match="one step of 'bp' is worth 2.5"):
        compile(Linear({"bp": 25, "age": 1}), schema, weight_bits=None)


@pytest.mark.parametrize("bits", [1, 32, True, 8.0, "all"])
def test_impossible_weight_bits(bits: Any) -> None:
    with pytest.raises(ParameterError, match="weight_bits"):
        compile(Linear({"a": 1}), Schema.from_ranges({"a": (0, 1)}), weight_bits=bits)


def test_constant_models_need_no_key() -> None:
    schema = Schema({"c": category("xyz"), "a": number(0, 1)})
    for weights in ({}, {"c": {"x": 2, "y": 2, "z": 2}}):
        with pytest.raises(UnsupportedModelError, match="does not depend"):
            compile(Linear(weights, intercept=1.0), schema)
    with pytest.raises(UnsupportedModelError, match="does not depend"):
        compile(lambda X: np.ones(len(X)), Schema.from_ranges({"a": (0, 1)}))
    with pytest.raises(UnsupportedModelError, match="output 1 .* round to zero"):
        compile(
            Linear([{"a": 1}, {"a": 1e-6}], classes=("n", "y")),
            Schema.from_ranges({"a": (0, 1)}),
            weight_bits=8,
        )


def test_results_too_wide_are_refused() -> None:
    schema = Schema.from_ranges({f"c{i}": (0, 1) for i in range(4)}, bits=30)
    with pytest.raises(OutOfRangeError, match="fewer bits for data or weights"):
        compile(Linear({f"c{i}": 1.0 + i for i in range(4)}), schema, weight_bits=20)


def test_reference_rows_are_checked() -> None:
    schema = Schema.from_ranges({"a": (0, 1)})
    with pytest.raises(ParameterError, match="at least 20 rows"):
        compile(Linear({"a": 1}), schema, reference=[[0.5]] * 5)
    with pytest.raises(UnsupportedModelError, match="does not vary"):
        compile(Linear({"a": 1}), schema, reference=[[0.5]] * 50)


# -- Linear --


def test_weights_are_per_unit_of_the_transformed_value() -> None:
    schema = Schema(
        {
            "age": number(30, 74, transform="log", bits=10),
            "area": number(0, 100, transform="sqrt"),
            "sex": category(["f", "m"]),
            "stage": category([1, 2, 3]),
            "bmi": thresholds([25, 30]),
            "k": constant(2),
        }
    )
    model = Linear(
        {"age": 3.0, "area": -0.5, "sex": 0.7, "stage": {"2": 0.1, 3: 0.9}, "bmi": {30: 0.4}, "k": 0.25}, intercept=-12
    )
    function = compile(model, schema, weight_bits=16)
    x = schema.sample(np.random.default_rng(0), 200)
    raw = schema.decode_columns(x)
    theirs = (
        3 * np.log(raw["age"])
        - 0.5 * np.sqrt(raw["area"])
        + 0.7 * (raw["sex"] == "m")
        + np.array([0, 0.1, 0.9])[raw["stage"] - 1]
        + 0.4 * (raw["bmi"] >= 30)
        + 0.5
        - 12
    )
    ours = function.decision_function(function.evaluate(Encoded(x)))
    assert np.abs(ours - theirs).max() <= function.max_error[0] < 1e-2


def test_an_estimator_behind_a_log_meets_a_log_column() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 100, size=(200, 2))
    y = np.log(X) @ [1.0, -2.0] + rng.normal(0, 0.1, 200)
    model = make_pipeline(FunctionTransformer(np.log), LinearRegression()).fit(X, y)
    logs = Schema({n: number(1, 100, transform="log") for n in "ab"})
    function = compile(model, logs)
    x = logs.sample(rng, 100)
    ours = function.decision_function(function.evaluate(Encoded(x)))
    assert np.abs(ours - model.predict(logs.decode(x))).max() <= function.max_error[0]
    with pytest.raises(UnsupportedModelError, match="step 1 'functiontransformer'"):
        compile(model, Schema.from_ranges({n: (1, 100) for n in "ab"}))


def test_array_weights_go_by_coordinate() -> None:
    schema = Schema({"a": number(0, 10, step=1), "c": category("xyz")})
    assert compile(Linear([2, 1, 0, -1]), schema, weight_bits=None).weights.tolist() == [[2, 1, 0, -1]]
    two = compile(Linear(np.array([[2, 1, 0, -1], [1, 0, 0, 3]]), intercept=[1, 2]), schema, weight_bits=None)
    assert two.weights.tolist() == [[2, 1, 0, -1], [1, 0, 0, 3]]
    assert two.intercept.tolist() == [1, 2]
    with pytest.raises(ParameterError, match="4 coordinates, the weights 3"):
        compile(Linear([1, 2, 3]), schema)


@pytest.mark.parametrize(
    ("weights", "complaint"),
    [
        ({"agee": 1}, "'agee', which is no column"),
        ({"age": {"x": 1}}, "takes one number"),
        ({"stage": 1.0}, "mapping of level"),
        ({"stage": {"V": 1.0}}, "level 'V'"),
        ({"sex": {"f": 1.0}}, "of two levels give the second"),
        ({"bmi": [1.0]}, "2 numbers"),
        ({"bmi": {"27": 1.0}}, "cut '27'"),
    ],
)
def test_weights_that_do_not_meet_the_schema(weights: Any, complaint: str) -> None:
    schema = Schema.from_ranges(
        {"age": (0, 1), "sex": ["f", "m"], "stage": ["I", "II", "III"], "bmi": thresholds([25, 30])}
    )
    with pytest.raises(ParameterError, match=complaint):
        compile(Linear(weights), schema)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"weights": {"a": "1"}}, "must be a number"),
        ({"weights": {"a": math.nan}}, "finite"),
        ({"weights": {"a": True}}, "must be a number"),
        ({"weights": []}, "mapping of column names"),
        ({"weights": 3.0}, "mapping of column names"),
        ({"weights": {"a": 1}, "link": "tobit"}, "is not one of"),
        ({"weights": {"a": 1}, "link": "cox"}, "baseline_survival"),
        ({"weights": {"a": 1}, "intercept": [1, 2]}, "1 intercept"),
        ({"weights": [{"a": 1}, {"a": 2}], "intercept": [1]}, "2 intercept"),
    ],
)
def test_impossible_linear_models(arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ParameterError, match=complaint):
        Linear(**arguments)


def test_published_risk_formula_with_the_cox_link() -> None:
    schema = Schema({"age": number(30, 74, transform="log", bits=10), "smoker": category(["no", "yes"])})
    model = Linear({"age": 2.32888, "smoker": 0.52873}, intercept=-9.0, link="cox", baseline_survival=0.95012)
    function = compile(model, schema, weight_bits=16)
    scores = function.evaluate({"age": [45, 70], "smoker": ["no", "yes"]})
    expected = 1 - 0.95012 ** np.exp(2.32888 * np.log([45, 70]) + [0, 0.52873] - np.array(9.0))
    assert function.predict_proba(scores)[:, 1] == pytest.approx(expected, rel=5e-3)
    assert function.classes == (0, 1)


def test_json_round_trip() -> None:
    model = Linear({"age": 0.1, "stage": {"II": 1 / 3}, "bmi": [0.5, 1e-300]}, -6.25, "logistic", classes=["no", "yes"])
    again = Linear.from_json(model.to_json())
    assert again == model
    assert json.loads(model.to_json())["link"] == "logit"
    several = Linear([[1.0, 2.0], [3.0, 4.0], [0.1, 0.2]], [1, 2, 3], "softmax")
    assert Linear.from_json(several.to_json()) == several
    assert Linear.from_json('{"weights": {"a": 1}}') == Linear({"a": 1})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"weights": {"a": 1}, "weight_bits": 3}',
        '{"weights": {"a": "x"}}',
        '{"weights": {"a": 1}, "version": 2}',
        '{"weights": {"a": 1}, "format": "onnx"}',
        '{"weights": {"a": NaN}}',
    ],
)
def test_bad_json_is_a_decode_error(text: str) -> None:
    with pytest.raises(DecodeError):
        Linear.from_json(text)


@pytest.mark.parametrize("name", ["logistic", "linear SVM", "softmax", "least squares", "ridge", "one versus rest"])
def test_from_estimator_agrees_with_compile(name: str) -> None:
    (X, y, *_), model = MODELS[name]
    model.fit(X, y)
    schema = Schema.fit(X)
    linear = Linear.from_json(Linear.from_estimator(model).to_json())
    ours, theirs = compile(linear, schema, weight_bits=12), compile(model, schema, weight_bits=12)
    assert ours.link == theirs.link and ours.classes == theirs.classes
    assert ours.exact_map is not None and theirs.exact_map is not None
    size = np.abs(theirs.exact_map[0]).max()
    assert np.abs(ours.exact_map[0] - theirs.exact_map[0]).max() <= 1e-9 * size
    assert ours.weights.tolist() == theirs.weights.tolist()


def test_from_estimator_reads_fitted_attributes_exactly_and_refuses_curves() -> None:
    X, y, *_ = DIABETES
    model = LinearRegression().fit(X, y)
    linear = Linear.from_estimator(model)
    assert linear.rows[0] == dict(zip(X.columns, model.coef_.tolist(), strict=True))
    assert linear.intercept == (float(model.intercept_),)
    assert list(Linear.from_estimator(LinearRegression().fit(X.to_numpy(), y)).rows[0])[:2] == ["x0", "x1"]
    with pytest.raises(UnsupportedModelError, match="not affine"):
        Linear.from_estimator(make_pipeline(PolynomialFeatures(2), Ridge()).fit(X, y))
    frame, target = mixed_table()
    text = make_pipeline(ColumnTransformer([("c", OneHotEncoder(), ["stage"])]), LogisticRegression())
    with pytest.raises(UnsupportedModelError, match=r"for text columns.*pyfe\.prepare.*function\.to_bytes"):
        Linear.from_estimator(text.fit(frame, target))


def _bent(name: str) -> Any:
    """A step that is straight around zero, and bent where rows are."""
    return {
        "cap": lambda T: T.assign(b=np.minimum(T.b, 60.0)),
        "floor": lambda T: T.assign(a=np.maximum(T.a, -40.0)),
        "hinge": lambda T: T.assign(b=T.b + np.maximum(T.b - 55.0, 0.0)),
        "hinge far out": lambda T: T.assign(a=T.a + np.maximum(T.a - 9e5, 0.0)),
        "bump at the mean": lambda T: T.assign(b=T.b + np.where(np.abs(T.b - 51.3) < 1.0, 5.0, 0.0)),
        "product": lambda T: T.assign(b=T.b + 1e-3 * T.a * T.b),
    }[name]


@pytest.mark.parametrize("name", ["cap", "floor", "hinge", "hinge far out", "bump at the mean", "product"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_from_estimator_asks_where_rows_are(name: str, scale: float) -> None:
    """A step that is straight around zero and bent at usual sizes is refused, however large the answers are."""
    rng = np.random.default_rng(3)
    X = pd.DataFrame({"a": rng.normal(5, 9, 200), "b": rng.normal(51.3, 9, 200), "c": rng.normal(0, 1, 200)})
    y = scale * (X.a + X.b + 3 * X.c)
    model = make_pipeline(FunctionTransformer(_bent(name)), StandardScaler(), Ridge()).fit(X, y)
    with pytest.raises(UnsupportedModelError, match=r"not affine in its numeric columns"):
        Linear.from_estimator(model)
    with pytest.raises(UnsupportedModelError, match=r"not affine in its numeric columns"):
        Linear.from_estimator(model, reference=X)


def test_from_estimator_takes_rows_to_compare_with() -> None:
    """What no probe meets: a bend between two magnitudes that is straight again beyond."""
    rng = np.random.default_rng(3)
    X = pd.DataFrame({"a": rng.normal(70, 9, 200), "b": rng.normal(0, 1, 200)})
    X.loc[:20, "a"] = 71.237
    bent = FunctionTransformer(lambda T: T.assign(a=T.a + np.where(T.a == 71.237, 3.0, 0.0)))
    model = make_pipeline(bent, Ridge()).fit(X, X.a + X.b)
    assert Linear.from_estimator(model).rows[0].keys() == {"a", "b"}
    holes = X.assign(b=np.where(np.arange(200) % 2, np.nan, X.b))
    for reference in (X, holes, X[["b", "a"]], {"a": X.a.tolist(), "b": X.b.tolist()}, X.to_numpy()):
        with pytest.raises(UnsupportedModelError, match=r"on \d+ of \d+ rows \(reference rows\)"):
            Linear.from_estimator(model, reference=reference)
    straight = LinearRegression().fit(X, X.a + X.b)
    assert Linear.from_estimator(straight, reference=holes) == Linear.from_estimator(straight)
    for wrong in (X[["a"]], X.assign(a=np.nan), X.assign(a="high"), "X.csv", X.to_numpy()[:, :1]):
        with pytest.raises(ParameterError):
            Linear.from_estimator(straight, reference=wrong)


def test_a_model_without_a_decision_function_names_the_cure() -> None:
    class Survival:
        def predict_partial_hazard(self, rows: object) -> None: ...

    with pytest.raises(UnsupportedModelError, match=r"pyfe\.from_callable.*as a pyfe\.Linear$"):
        compile(Survival(), Schema.from_ranges({"a": (0, 1)}))
