"""compile on quadratic models: every listed estimator within its derived bound, the numbers by hand, the refusals."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.covariance import EllipticEnvelope, EmpiricalCovariance, LedoitWolf
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsRegressor, NearestCentroid
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, SVR, NuSVC
from sklearn.tree import DecisionTreeRegressor

import pyfe
from pyfe.errors import OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.models import compile, from_callable
from pyfe.models.compiler import compile_real_function
from pyfe.models.fit.second_differences import fit_quadratic
from pyfe.models.real.degree_two import RealQuadratic, standard_centre
from pyfe.models.real.domain import Domain
from pyfe.models.rounding.degree_two import round_quadratic
from pyfe.models.sources.real_function import RealFunction
from pyfe.schema import Encoded, Schema, category, constant, number, thresholds

Table = tuple[pd.DataFrame, Any, pd.DataFrame]


def split(loader: Any, columns: slice = slice(None)) -> Table:
    X, y = loader(return_X_y=True, as_frame=True)
    X = X.iloc[:, columns]
    held_out = np.random.default_rng(0).permutation(len(X)) % 3 == 0
    return X[~held_out], y[~held_out], X[held_out]


CANCER, CANCER10 = split(load_breast_cancer), split(load_breast_cancer, slice(10))
WINE, IRIS, DIABETES = split(load_wine), split(load_iris), split(load_diabetes)
DIGITS = split(load_digits, slice(18, 46, 3))


def decision(model: Any, X: Any) -> np.ndarray:
    return model.decision_function(X)


def predict(model: Any, X: Any) -> np.ndarray:
    return model.predict(X)


def joint(model: Any, X: Any) -> np.ndarray:
    return model.predict_joint_log_proba(X)


def joint_behind(model: Any, X: Any) -> np.ndarray:
    both = model[-1].predict_joint_log_proba(model[:-1].transform(X))
    return both[:, 1] - both[:, 0]


def nearness(model: Any, X: Any) -> np.ndarray:
    return -(model.transform(X) ** 2)


def mahalanobis(model: Any, X: Any) -> np.ndarray:
    return model.mahalanobis(X)


def mahalanobis_behind(model: Any, X: Any) -> np.ndarray:
    return model[-1].mahalanobis(model[:-1].transform(X))


def components(model: Any, X: Any) -> np.ndarray:
    """log weight + log density of every component, from the public attributes of a mixture."""
    values = []
    for weight, mean, precision in zip(model.weights_, model.means_, model.precisions_, strict=True):
        d = X.to_numpy() - mean
        log_det = np.linalg.slogdet(precision)[1]
        squared = np.einsum("ij,jk,ik->i", d, precision, d)
        values.append(np.log(weight) + (log_det - squared - len(mean) * np.log(2 * np.pi)) / 2)
    return np.stack(values, axis=1)


def log_odds(model: Any, X: Any) -> np.ndarray:
    """Differences to the first component, from the public probabilities; for those where neither vanishes."""
    with np.errstate(divide="ignore"):
        logs = np.log(model.predict_proba(X))
    return logs[:, 1] - logs[:, 0]


Row = tuple[Table, Any, Callable[[Any, Any], np.ndarray], str]

POLY2 = {"kernel": "poly", "degree": 2, "coef0": 1.0}
MODELS: dict[str, Row] = {
    "QDA, three classes": (IRIS, QuadraticDiscriminantAnalysis(), decision, "softmax"),
    "QDA, two classes": (
        CANCER10,
        make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis(reg_param=0.1)),
        decision,
        "logit",
    ),
    "QDA behind PCA": (
        CANCER,
        make_pipeline(StandardScaler(), PCA(5), QuadraticDiscriminantAnalysis()),
        decision,
        "logit",
    ),
    "QDA, ten digits": (DIGITS, QuadraticDiscriminantAnalysis(reg_param=0.1), decision, "softmax"),
    "Gaussian naive Bayes": (WINE, GaussianNB(), joint, "softmax"),
    "Gaussian naive Bayes, two classes": (
        CANCER10,
        make_pipeline(StandardScaler(), GaussianNB()),
        joint_behind,
        "logit",
    ),
    "nearest centroid with priors": (
        WINE,
        make_pipeline(StandardScaler(), NearestCentroid(priors="empirical")),
        decision,
        "softmax",
    ),
    "k-means": (IRIS, KMeans(4, n_init=3, random_state=0), nearness, "identity"),
    "k-means behind PCA": (
        WINE,
        make_pipeline(StandardScaler(), PCA(4), KMeans(3, n_init=3, random_state=0)),
        nearness,
        "identity",
    ),
    "elliptic envelope": (IRIS, EllipticEnvelope(random_state=0), decision, "identity"),
    "Ledoit-Wolf": (DIABETES, LedoitWolf(), mahalanobis, "identity"),
    "Ledoit-Wolf behind PCA": (
        WINE,
        make_pipeline(StandardScaler(), PCA(4), LedoitWolf()),
        mahalanobis_behind,
        "identity",
    ),
    "empirical covariance": (IRIS, EmpiricalCovariance(), mahalanobis, "identity"),
    "Gaussian mixture": (IRIS, GaussianMixture(3, random_state=0), components, "softmax"),
    "Gaussian mixture, one component": (
        IRIS,
        GaussianMixture(1, random_state=0),
        lambda model, X: model.score_samples(X),
        "identity",
    ),
    "Gaussian mixture, two components": (
        WINE,
        make_pipeline(StandardScaler(), PCA(3), GaussianMixture(2, random_state=0)),
        log_odds,
        "logit",
    ),
    "polynomial SVM": (CANCER10, make_pipeline(StandardScaler(), SVC(**POLY2)), decision, "identity"),
    "polynomial SVM behind PCA": (
        CANCER,
        make_pipeline(StandardScaler(), PCA(6), SVC(**POLY2)),
        decision,
        "identity",
    ),
    "nu-SVM": (CANCER10, make_pipeline(StandardScaler(), NuSVC(nu=0.2, **POLY2)), decision, "identity"),
    "one versus rest": (
        IRIS,
        OneVsRestClassifier(make_pipeline(StandardScaler(), SVC(**POLY2))),
        decision,
        "identity",
    ),
    "support vector regression": (DIABETES, make_pipeline(StandardScaler(), SVR(C=100, **POLY2)), predict, "identity"),
    "kernel ridge": (
        DIABETES,
        make_pipeline(StandardScaler(), KernelRidge(kernel="poly", degree=2)),
        predict,
        "identity",
    ),
    "Gaussian process": (
        DIABETES,
        make_pipeline(
            StandardScaler(),
            GaussianProcessRegressor(DotProduct() ** 2 + WhiteKernel(), optimizer=None, normalize_y=True),
        ),
        predict,
        "identity",
    ),
    "ridge on products": (
        DIABETES,
        make_pipeline(StandardScaler(), PolynomialFeatures(2), Ridge(10)),
        predict,
        "identity",
    ),
    "lasso on interactions": (
        DIABETES,
        make_pipeline(StandardScaler(), PolynomialFeatures(2, interaction_only=True), Lasso(1)),
        predict,
        "identity",
    ),
    "logistic on products": (
        CANCER10,
        make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression(C=0.1)),
        decision,
        "logit",
    ),
    "softmax on products": (
        IRIS,
        make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression()),
        decision,
        "softmax",
    ),
    "grid search": (
        IRIS,
        GridSearchCV(QuadraticDiscriminantAnalysis(), {"reg_param": [0.01, 0.1]}, cv=3),
        decision,
        "softmax",
    ),
}


def fitted(name: str, bits: int = 6) -> tuple[Any, Schema, Any]:
    (X, y, _), model, *_ = MODELS[name]
    model.fit(X, y)
    schema = Schema.fit(X, bits=bits)
    return model, schema, compile(model, schema, reference=X)


def rows_of(name: str, schema: Schema) -> tuple[np.ndarray, pd.DataFrame]:
    """Held-out rows, random rows and corners of the schema: coordinates and decoded table."""
    X_test, rng = MODELS[name][0][2], np.random.default_rng(1)
    x = np.concatenate(
        [schema.encode(X_test, "clip").x, schema.sample(rng, 100), schema.sample(rng, 100, ends=True)],
    )
    return x, pd.DataFrame(schema.decode(x), columns=X_test.columns)


@pytest.mark.parametrize("name", MODELS)
def test_every_estimator_stays_within_its_bound(name: str) -> None:
    model, schema, function = fitted(name)
    x, table = rows_of(name, schema)
    theirs, scores = MODELS[name][2](model, table), function.evaluate(Encoded(x))
    ours = function.decision_function(scores)
    assert function.kind == "quadratic" and ours.shape == theirs.shape
    # log odds from probabilities keep six digits only where no probability is nearly zero
    readable = np.abs(theirs) < 20 if MODELS[name][2] is log_odds else np.isfinite(theirs)
    assert readable.sum() > 50
    assert (np.abs(ours - theirs)[readable] <= np.broadcast_to(function.max_error, theirs.shape)[readable]).all()
    low, high = np.quantile(theirs[: len(MODELS[name][0][2])], [0.25, 0.75], axis=0)
    assert (function.max_error <= 0.02 * (high - low)).all(), "1 % on the reference rows, about that elsewhere"
    inner = scores.reshape(len(x), -1) - function.intercept
    assert (function.interval[:, 0] <= inner.min(axis=0)).all() and (inner.max(axis=0) <= function.interval[:, 1]).all()
    assert function.width_bits <= 32


@pytest.mark.parametrize("name", MODELS)
def test_classes_and_probabilities_are_the_models_own(name: str) -> None:
    model, schema, function = fitted(name)
    x, table = rows_of(name, schema)
    scores = function.evaluate(Encoded(x))
    values = function.decision_function(scores)
    assert function.link == MODELS[name][3]
    if function.classes is None:
        assert not hasattr(model, "predict") or np.allclose(function.predict(scores), values)
        return
    margin = np.abs(values) if values.ndim == 1 else np.diff(np.sort(values, axis=1)[:, -2:], axis=1)[:, 0]
    clear = margin > 2 * function.max_error.max()
    assert (function.predict(scores) == model.predict(table))[clear].all() and clear.mean() > 0.8
    if function.link != "identity":
        theirs = model.predict_proba(table)
        assert np.abs(function.predict_proba(scores) - theirs).max() <= 1.01 * function.max_error.max()


def test_labels_follow_what_is_compared() -> None:
    assert fitted("k-means")[2].classes == (0, 1, 2, 3)
    assert fitted("Gaussian mixture")[2].classes == (0, 1, 2)
    assert fitted("Gaussian mixture, one component")[2].classes is None
    assert fitted("elliptic envelope")[2].classes == (-1, 1), "an outlier is -1, as the model predicts"
    assert fitted("Ledoit-Wolf")[2].classes is None


def test_what_is_not_compared_with_a_single_method() -> None:
    X, y, _ = IRIS
    schema = Schema.fit(X, bits=6)
    two = compile(KMeans(2, n_init=3, random_state=0).fit(X), schema)
    assert two.kind == "linear" and two.classes == (0, 1), "the difference of two squared distances is linear"
    bayes = compile(MultinomialNB().fit(X, y), schema)
    assert bayes.kind == "linear" and bayes.link == "softmax"
    mixture = BayesianGaussianMixture(n_components=3, random_state=0).fit(X)
    function = compile(mixture, schema, reference=X)
    assert function.link == "softmax"
    proba = function.predict_proba(function.evaluate(X, "clip"))
    decoded = pd.DataFrame(schema.decode(schema.encode(X, "clip").x), columns=X.columns)
    assert np.abs(proba - mixture.predict_proba(decoded)).max() <= function.max_error.max()


def test_partial_least_squares_before_products() -> None:
    X, y, _ = DIABETES
    first = PLSRegression(4).fit(X.to_numpy(), y)
    second = make_pipeline(PolynomialFeatures(2), Ridge()).fit(first.transform(X.to_numpy()), y)
    schema = Schema.fit(X, bits=6)
    function = from_callable(lambda rows: second.predict(first.transform(rows)), schema, reference=X)
    x = schema.sample(np.random.default_rng(0), 200)
    theirs = second.predict(first.transform(schema.decode(x)))
    assert np.abs(function.decision_function(function.evaluate(Encoded(x))) - theirs).max() <= function.max_error[0]


@pytest.mark.parametrize(
    ("model", "step"),
    [
        (make_pipeline(StandardScaler(), SVC(kernel="rbf")), r"final step 'svc' \(SVC\)"),
        (make_pipeline(StandardScaler(), SVC(kernel="poly", degree=3)), r"final step 'svc' \(SVC\)"),
        (make_pipeline(PolynomialFeatures(3), Ridge()), r"step 1 'polynomialfeatures' \(PolynomialFeatures\)"),
        (
            make_pipeline(StandardScaler(), PolynomialFeatures(2), PolynomialFeatures(2), Ridge()),
            r"step 3 'polynomialfeatures-2' \(PolynomialFeatures\)",
        ),
        (
            make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(8,), max_iter=50)),
            r"final step 'mlpregressor'",
        ),
        (KNeighborsRegressor(), r"the model itself \(KNeighborsRegressor\)"),
        (make_pipeline(StandardScaler(), DecisionTreeRegressor(max_depth=3)), "final step 'decisiontreeregressor'"),
        (make_pipeline(StandardScaler(), RandomForestRegressor(3, max_depth=2)), "final step 'randomforestregressor'"),
        (SVR(kernel="sigmoid"), r"the model itself \(SVR\)"),
    ],
)
def test_refused_models_name_step_and_residual(model: Any, step: str) -> None:
    X, y, _ = CANCER10
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X.iloc[:, :6], y)
    with pytest.raises(UnsupportedModelError, match=rf"neither affine nor quadratic.*{step}.*measured residual \d"):
        compile(model, Schema.fit(X.iloc[:, :6]))


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (PCA(2), "PCA only transforms rows"),
        (make_pipeline(StandardScaler(), FactorAnalysis(3)), "FactorAnalysis only transforms rows"),
        (make_pipeline(StandardScaler(), PCA(2)), "PCA only transforms rows"),
        (StandardScaler(), "StandardScaler only transforms rows"),
        (NearestCentroid(), "NearestCentroid does not predict the class of its largest decision value"),
    ],
)
def test_a_model_is_compiled_from_its_own_quantity_or_not_at_all(model: Any, complaint: str) -> None:
    """Their log densities and distances to centroids are quadratic, and are not what the models are used for."""
    X, y, _ = IRIS
    with pytest.raises(UnsupportedModelError, match=complaint):
        compile(model.fit(X, y), Schema.fit(X, bits=6), reference=X)


def test_pairs_of_classes_are_not_taken_for_classes() -> None:
    X, y, _ = DIGITS
    model = SVC(decision_function_shape="ovo", **POLY2).fit(X, y)
    with pytest.raises(UnsupportedModelError, match="45 decision values for 10 classes"):
        compile(model, Schema.fit(X, bits=4))


# -- callables --


def test_a_callable_gives_the_same_integers_as_the_estimator() -> None:
    for name in ("QDA, two classes", "QDA, three classes", "ridge on products"):
        model, schema, function = fitted(name)
        X, method = MODELS[name][0][0], MODELS[name][2]
        again = from_callable(
            lambda rows, m=model, f=method, c=X.columns: f(m, pd.DataFrame(rows, columns=c)),
            schema,
            link=function.link,
            classes=function.classes,
            reference=X,
            name=function.name,
        )
        assert again == function
        assert again.report(X).agreement == function.report(X).agreement


def test_a_callable_and_its_formula() -> None:
    schema = Schema({"a": number(-2, 6, step=1), "b": number(0, 3, step=1), "c": category(["no", "yes"])})

    def f(rows: np.ndarray) -> np.ndarray:
        a, b, yes = rows[:, 0].astype(float), rows[:, 1].astype(float), rows[:, 2] == "yes"
        return 3 * a * b - 2 * a**2 + b * yes - 5 * yes + 4

    function = pyfe.from_callable(f, schema, weight_bits=None)
    # a = q - 2: 3 (q - 2) b - 2 (q - 2)^2 + ..., over (1, q, b, yes)
    expected = np.array([[0, 8, -6, -5], [0, -2, 3, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
    assert np.array_equal(function.forms.dense_array()[0], expected)
    assert function.intercept.tolist() == [4 - 8] and function.scale.tolist() == [1.0]
    x = np.array(list(itertools.product(range(9), range(4), range(2))))
    assert function.evaluate(Encoded(x)).tolist() == f(schema.decode(x)).tolist()
    assert function.max_error[0] < 1e-9
    with pytest.raises(ParameterError, match="that of a times b is 1.5 per step"):
        from_callable(lambda rows: 1.5 * rows[:, 0] * rows[:, 1], Schema.from_ranges({n: (0, 255) for n in "ab"}),
                      weight_bits=None)  # fmt: skip
    with pytest.raises(ParameterError, match="that of a is 0.5 per step"):
        from_callable(lambda rows: 0.5 * rows[:, 0] + rows[:, 1] ** 2, Schema.from_ranges({n: (0, 255) for n in "ab"}),
                      weight_bits=None)  # fmt: skip


def test_two_columns_for_two_classes_become_a_difference() -> None:
    schema = Schema.from_ranges({"a": (0, 1), "b": (0, 1)})
    function = from_callable(
        lambda rows: np.stack([rows[:, 0] ** 2, rows[:, 1]], axis=1), schema, link="logit", classes=("x", "y")
    )
    scores = function.evaluate([[0.0, 1.0], [1.0, 0.0]])
    assert function.predict(scores).tolist() == ["y", "x"]
    with pytest.raises(ParameterError, match="needs a callable"):
        from_callable(QuadraticDiscriminantAnalysis(), schema)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="pyfe.Schema"):
        from_callable(len, None)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedModelError, match=r"neither affine nor quadratic.*<lambda>"):
        from_callable(lambda rows: rows[:, 0] ** 2 * rows[:, 1], schema)
    with pytest.raises(UnsupportedModelError, match="NaN or infinite decision values for 139 of 512 rows"):
        from_callable(lambda rows: np.where(rows[:, 0] > 0.9, np.nan, rows[:, 0] ** 2), schema)


# -- polarisation and the standard form --


def mixed_schema() -> Schema:
    return Schema(
        {
            "a": number(-1, 1, bits=3),
            "b": number(0, 10, step=5),
            "flag": number(0, 1, step=1),
            "sex": category("fm"),
            "stage": category("wxyz"),
            "site": category([1, 2, 3]),
            "age": thresholds([30, 50, 70]),
            "k": constant(3),
        }
    )


def all_rows(schema: Schema) -> np.ndarray:
    codes = [column.codes() for column in schema.columns.values()]
    return np.array([np.concatenate(row) for row in itertools.product(*codes)])


def random_quadratic(schema: Schema, seed: int, k: int = 2) -> RealQuadratic:
    """Coefficients everywhere, also where the schema's relations make them redundant."""
    rng, n = np.random.default_rng(seed), schema.n
    centre = rng.integers(0, 3, n)
    return RealQuadratic(
        centre, np.triu(rng.normal(size=(k, n, n))), rng.normal(size=(k, n)), rng.normal(size=k), np.zeros(k)
    )


def test_polarisation_recovers_any_quadratic_function() -> None:
    schema = mixed_schema()
    truth = random_quadratic(schema, 0)
    rows = all_rows(schema)
    found = fit_quadratic(truth, schema)
    assert np.abs(found(rows) - truth(rows)).max() < 1e-9
    assert (found.error < 1e-9).all()


def test_polarisation_asks_for_half_the_square_of_the_coordinates() -> None:
    schema = Schema.from_ranges({f"c{i}": (0, 1) for i in range(120)})
    truth = random_quadratic(schema, 1, k=1)
    sizes = []

    def score(rows: np.ndarray) -> np.ndarray:
        sizes.append(len(rows))
        return truth(rows)

    fit_quadratic(score, schema)
    assert sum(sizes) == 1 + 2 * 120 + 120 * 119 // 2
    assert max(sizes) <= 4096


def test_the_standard_form_says_the_same_and_is_unique() -> None:
    schema = mixed_schema()
    rows = all_rows(schema)
    truth = random_quadratic(schema, 2)
    standard = truth.standard(schema)
    assert np.array_equal(standard.centre, standard_centre(schema))
    assert np.abs(standard(rows) - truth(rows)).max() < 1e-9
    again = fit_quadratic(truth, schema).standard(schema)
    for name in ("quadratic", "weights", "intercept"):
        assert np.abs(getattr(again, name) - getattr(standard, name)).max() < 1e-9, name
    parts = {name: part for name, part, _ in schema.blocks}
    for name in ("flag", "sex", "stage", "site", "age", "k"):
        assert not standard.quadratic[:, parts[name], parts[name]].any()
    assert not standard.weights[:, parts["k"]].any()
    both = standard.quadratic + standard.quadratic.transpose(0, 2, 1)
    for name in ("stage", "site"):
        assert np.abs(both[:, parts[name]].sum(axis=1)).max() < 1e-12, "what all levels share is elsewhere"


def test_the_same_function_from_another_centre() -> None:
    schema = mixed_schema()
    truth, rows = random_quadratic(schema, 3), all_rows(schema)[::7]
    moved = truth.about(np.arange(schema.n) - 4)
    assert np.abs(moved(rows) - truth(rows)).max() < 1e-10
    assert np.abs(moved(rows + 0.25) - truth(rows + 0.25)).max() < 1e-10


def test_coefficients_that_are_known_go_the_same_way() -> None:
    schema = Schema.from_ranges({"a": (0, 1), "b": (0, 1)}, bits=5)
    Q, w, b = np.array([[[2.0, 1.0], [-3.0, 0.5]]]), np.array([[4.0, -5.0]]), np.array([6.0])
    known = RealQuadratic.of(Q, w, b, np.zeros(1))
    q = schema.sample(np.random.default_rng(0), 50)
    by_hand = 2 * q[:, 0] ** 2 - 2 * q[:, 0] * q[:, 1] + 0.5 * q[:, 1] ** 2 + 4 * q[:, 0] - 5 * q[:, 1] + 6
    assert np.abs(known(q)[:, 0] - by_hand).max() < 1e-9
    function = compile_real_function(RealFunction(known, "identity", None, None, "by hand"), schema)
    assert np.abs(function.decision_function(function.evaluate(Encoded(q))) - by_hand).max() <= function.max_error[0]
    assert function.name == "by hand"


@pytest.mark.parametrize("seed", range(5))
def test_the_extent_holds_every_value(seed: int) -> None:
    schema = mixed_schema()
    standard = random_quadratic(schema, seed).standard(schema)
    values = standard(all_rows(schema)) - standard.intercept
    low, high = Domain(schema).extent(standard.quadratic, standard.weights)
    assert (low <= values.min(axis=0) + 1e-9).all() and (values.max(axis=0) <= high + 1e-9).all()
    assert ((high - low) < 4 * (values.max(axis=0) - values.min(axis=0))).all(), "not far wider than needed"


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "stage"), ("stage", "age"), ("sex", "site"), ("age",)])
def test_the_extent_of_one_pair_without_linear_terms_is_exact(names: tuple[str, ...]) -> None:
    columns = mixed_schema().columns
    schema = Schema({name: columns[name] for name in names})
    standard = random_quadratic(schema, 4, k=3).standard(schema)
    weights = standard.weights if len(names) == 1 else np.zeros_like(standard.weights)
    quadratic = standard.quadratic.copy()
    if len(names) == 2:
        np.einsum("kii->ki", quadratic)[:] = 0.0
    alone = RealQuadratic(standard.centre, quadratic, weights, np.zeros(3), np.zeros(3))
    values = alone(all_rows(schema))
    low, high = Domain(schema).extent(quadratic, weights)
    slack = np.abs(quadratic).max() / 4 if names == ("a",) else 1e-9  # a vertex lies half a step off at most
    assert np.abs(low - values.min(axis=0)).max() <= slack and np.abs(high - values.max(axis=0)).max() <= slack


# -- rounding --


@pytest.mark.parametrize("compared", [False, True])
def test_the_bound_holds_for_every_row_of_a_mixed_schema(compared: bool) -> None:
    schema = mixed_schema()
    rows = all_rows(schema)
    truth = random_quadratic(schema, 5)
    z = np.concatenate([np.ones((len(rows), 1), dtype=np.int64), rows], axis=1)
    errors = []
    for bits in (6, 9, 14):
        rounded = round_quadratic(truth, schema, bits, compared=compared)
        matrix, centred = rounded.matrix(), rounded.centred()
        assert matrix.largest <= 2 ** (bits - 1) - 1
        scores = matrix.evaluate(z) + rounded.intercept
        assert np.array_equal(centred.evaluate(z) + rounded.intercept, scores)
        assert centred.matrix().upper() == matrix, "the same key"
        difference = np.abs(scores * rounded.scale - truth(rows)).max(axis=0)
        assert (difference <= rounded.max_error).all()
        assert (difference >= 0.2 * rounded.max_error).all(), "the bound is not loose"
        errors.append(float(rounded.max_error.max()))
        assert len(set(rounded.scale.tolist())) == (1 if compared else 2)
    assert errors == sorted(errors, reverse=True)


def test_auto_is_the_fewest_bits() -> None:
    model, schema, auto = fitted("QDA, two classes")
    X = MODELS["QDA, two classes"][0][0]
    decoded = pd.DataFrame(schema.decode(schema.encode(X, "clip").x), columns=X.columns)
    allowed = 0.01 * float(np.subtract(*np.quantile(model.decision_function(decoded), [0.75, 0.25])))
    assert auto.max_error[0] <= allowed * (1 + 1e-6)
    fewer = compile(model, schema, weight_bits=auto.weight_bits - 1, reference=X)
    assert fewer.max_error[0] > allowed and fewer.weight_bits <= auto.weight_bits - 1
    looser = compile(model, schema, tolerance=0.1, reference=X)
    assert looser.weight_bits < auto.weight_bits and looser.max_error[0] <= 10.0001 * allowed
    assert compile(model, schema, reference=X).id == auto.id, "probing and rounding are deterministic"
    for tolerance in (0, 1, -1.0, float("nan")):
        with pytest.raises(ParameterError, match="tolerance"):
            compile(model, schema, tolerance=tolerance)


def test_softmax_rows_sum_to_zero_and_lose_a_rank() -> None:
    _, _, function = fitted("softmax on products")
    assert not function.forms.dense_array().sum(axis=0).any()
    assert pyfe.report(function).rank == 2
    assert len(set(function.scale.tolist())) == 1, "classes are compared, so they share a scale"


def test_wide_results_go_through_centred_columns() -> None:
    name = "Ledoit-Wolf behind PCA"
    model, schema, centred = fitted(name, bits=8)
    X = MODELS[name][0][0]
    plain = compile(model, schema, reference=X, width_bits=44)
    assert isinstance(plain.forms, MatrixForms) and isinstance(centred.forms, FactoredForms)
    assert plain.width_bits - 2 < centred.width_bits <= plain.width_bits - 1
    x = schema.sample(np.random.default_rng(0), 300, ends=True)
    assert np.array_equal(plain.evaluate(Encoded(x)), centred.evaluate(Encoded(x)))
    assert np.array_equal(plain.max_error, centred.max_error)
    assert centred.forms.matrix().upper() == plain.forms
    bounded = compile(model, schema, weight_bits=plain.weight_bits, reference=X)
    assert bounded.weight_bits == plain.weight_bits, "a stated width of the weights is kept, centred or not"


def test_results_too_wide_are_refused() -> None:
    schema = Schema.from_ranges({f"c{i}": (0, 1) for i in range(4)}, bits=20)
    with pytest.raises(OutOfRangeError, match=r"2\^44"):
        compile(lambda rows: rows[:, 0] * rows[:, 1] + rows[:, 2] * rows[:, 3], schema, weight_bits=26)
    huge = Schema.from_ranges({f"c{i}": (0, 1) for i in range(4)}, bits=30)
    for uneven in (1.0, 0.3):  # one bit would do; the second needs more bits than any product of such steps leaves
        with pytest.raises(OutOfRangeError, match=r"2\^44"):
            compile(lambda rows, w=uneven: rows[:, 0] * rows[:, 1] + w * rows[:, 2] * rows[:, 3], huge)


def test_constant_outputs_need_no_key() -> None:
    schema = Schema({"c": category("xyz"), "a": number(0, 1)})
    with pytest.raises(UnsupportedModelError, match="output 1 .* does not depend"):
        compile(lambda rows: np.stack([rows[:, 1].astype(float) ** 2, np.ones(len(rows))], axis=1), schema)
    with pytest.raises(UnsupportedModelError, match=r"output 1 .* round to zero"):
        compile(NearlyTwoClasses(), schema, weight_bits=12)


class NearlyTwoClasses:
    """A classifier of three classes, one of which hardly has a score."""

    classes_ = np.array([0, 1, 2])

    def decision_function(self, rows: Any) -> np.ndarray:
        square = rows[:, 1].astype(float) ** 2
        return np.stack([square, 1e-8 * square, -square], axis=1)

    def predict(self, rows: Any) -> np.ndarray:
        return np.argmax(self.decision_function(rows), axis=1)


def test_the_report_shows_a_quadratic_function() -> None:
    model, _, function = fitted("QDA behind PCA")
    X, y, _ = MODELS["QDA behind PCA"][0]
    report = pyfe.report(function, X, y)
    assert report.kind == "quadratic" and report.monomials == 30 * 31 // 2 + 30
    assert report.metric == "AUC" and report.metric_quantised == pytest.approx(report.metric_float, abs=0.01)
    assert report.agreement is not None and report.agreement > 0.97
    assert report.ciphertext_bytes == 144 * (2 * 31 + 1)
    assert "quadratic in 495 monomials" in str(report)
    apart = np.abs(function.decision_function(function.evaluate(X, on_overflow="clip")) - model.decision_function(X))
    assert report.typical_difference == pytest.approx(np.median(apart))
    assert report.largest_difference == pytest.approx(apart.max())
    assert report.largest_difference > report.max_error, "the schema's own rounding is in it"
    assert f"{report.typical_difference:.3g} (median)" in str(report)
    assert model.score(X, y) > 0.9


def test_a_report_on_no_rows_measures_nothing() -> None:
    _, _, function = fitted("QDA behind PCA")
    report = function.report(MODELS["QDA behind PCA"][0][0][:0])
    assert report.rows == 0 and report.agreement is None and report.largest_difference is None
