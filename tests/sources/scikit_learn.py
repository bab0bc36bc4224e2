"""Models of scikit-learn, but trees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn import (
    calibration,
    cluster,
    covariance,
    cross_decomposition,
    decomposition,
    discriminant_analysis,
    ensemble,
    gaussian_process,
    kernel_approximation,
    kernel_ridge,
    linear_model,
    mixture,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
)
from sklearn.compose import TransformedTargetRegressor

from tests.sources.data import Data, cancer, diabetes, wine
from tests.sources.registry import Fitted, classifier, refused, regression, source

LIBRARY = "scikit-learn"
Logistic = linear_model.LogisticRegression
QDA = discriminant_analysis.QuadraticDiscriminantAnalysis
LDA = discriminant_analysis.LinearDiscriminantAnalysis


def scaled(*steps: Any) -> Any:
    """A pipeline behind a scaler."""
    return pipeline.make_pipeline(preprocessing.StandardScaler(), *steps)


def positive(data: Data) -> Data:
    return data.of(np.asarray(data.y, dtype=float))


# ---------------------------------------------------------------------------------------------------------------
# Classes

CLASSIFIERS: dict[str, tuple[str, str, Callable[[], Data], Callable[[], Any]]] = {
    "LogisticRegression": ("logit", "linear", cancer, lambda: scaled(Logistic())),
    "LogisticRegression, three classes": ("softmax", "linear", wine, lambda: scaled(Logistic())),
    "LogisticRegressionCV": ("logit", "linear", cancer, lambda: scaled(linear_model.LogisticRegressionCV(Cs=3, cv=3))),
    "SGDClassifier, log loss": (
        "logit",
        "linear",
        cancer,
        lambda: scaled(linear_model.SGDClassifier(loss="log_loss", random_state=0)),
    ),
    "SGDClassifier, three classes": (
        "ovr",
        "linear",
        wine,
        lambda: scaled(linear_model.SGDClassifier(loss="log_loss", random_state=0)),
    ),
    "LDA": ("logit", "linear", cancer, lambda: LDA()),
    "LDA, three classes": ("softmax", "linear", wine, lambda: LDA()),
    "QDA": ("logit", "quadratic", cancer, lambda: scaled(QDA())),
    "QDA, three classes": ("softmax", "quadratic", wine, lambda: scaled(QDA())),
    "GaussianNB": ("logit", "quadratic", cancer, lambda: scaled(naive_bayes.GaussianNB())),
    "GaussianNB, three classes": ("softmax", "quadratic", wine, lambda: scaled(naive_bayes.GaussianNB())),
    "MultinomialNB": ("softmax", "linear", wine, lambda: naive_bayes.MultinomialNB()),
    "ComplementNB": ("softmax", "linear", wine, lambda: naive_bayes.ComplementNB()),
    "LinearSVC": ("identity", "linear", cancer, lambda: scaled(svm.LinearSVC())),
    "LinearSVC, three classes": ("identity", "linear", wine, lambda: scaled(svm.LinearSVC())),
    "SVC, linear": ("identity", "linear", cancer, lambda: scaled(svm.SVC(kernel="linear"))),
    "SVC, polynomial of degree two": (
        "identity",
        "quadratic",
        cancer,
        lambda: scaled(svm.SVC(kernel="poly", degree=2, coef0=1.0)),
    ),
    "NuSVC, linear": ("identity", "linear", cancer, lambda: scaled(svm.NuSVC(kernel="linear", nu=0.2))),
    "RidgeClassifierCV": ("identity", "linear", cancer, lambda: scaled(linear_model.RidgeClassifierCV())),
    "Perceptron": ("identity", "linear", cancer, lambda: scaled(linear_model.Perceptron())),
    "OneVsRestClassifier": ("ovr", "linear", wine, lambda: scaled(multiclass.OneVsRestClassifier(Logistic()))),
    "StackingClassifier, decision_function": (
        "logit",
        "linear",
        cancer,
        lambda: ensemble.StackingClassifier(
            [("a", scaled(Logistic())), ("b", LDA())], Logistic(), stack_method="decision_function", cv=3
        ),
    ),
    "CalibratedClassifierCV, sigmoid": (
        "logit",
        "linear",
        cancer,
        lambda: calibration.CalibratedClassifierCV(scaled(svm.LinearSVC()), ensemble=False),
    ),
    "CalibratedClassifierCV, sigmoid of QDA": (
        "logit",
        "quadratic",
        cancer,
        lambda: calibration.CalibratedClassifierCV(scaled(QDA()), ensemble=False),
    ),
    "CalibratedClassifierCV, sigmoid of three classes": (
        "ovr",
        "linear",
        wine,
        lambda: calibration.CalibratedClassifierCV(scaled(Logistic()), ensemble=False),
    ),
    "CalibratedClassifierCV, temperature": (
        "softmax",
        "linear",
        wine,
        lambda: calibration.CalibratedClassifierCV(scaled(Logistic()), method="temperature", ensemble=False),
    ),
    "CalibratedClassifierCV, temperature of two classes": (
        "logit",
        "linear",
        cancer,
        lambda: calibration.CalibratedClassifierCV(LDA(), method="temperature", ensemble=False),
    ),
    "BernoulliNB on bits": ("logit", "linear", lambda: bits(cancer()), lambda: naive_bayes.BernoulliNB()),
    "GridSearchCV": (
        "logit",
        "linear",
        cancer,
        lambda: model_selection.GridSearchCV(scaled(Logistic()), {"logisticregression__C": [0.1, 1]}, cv=3),
    ),
}
QUICK = {
    "CalibratedClassifierCV, sigmoid",
    "PoissonRegressor",
    "transformed sqrt",
    "FixedThresholdClassifier",
    "PCA, transform",
}


def bits(data: Data) -> Data:
    """Columns of 0 and 1."""
    middle = data.X.median()
    return Data((middle < data.X).astype(float), data.y, (data.unseen > middle).astype(float))


for _name, (_link, _kind, _data, _model) in CLASSIFIERS.items():
    source(
        LIBRARY,
        _name,
        _link,
        lambda data=_data, model=_model: classifier(model(), data()),
        kind=_kind,
        quick=_name in QUICK,
    )


def several_labels(model: Any) -> Fitted:
    data = wine()
    data = data.of(np.stack([data.y == 0, data.y >= 1, data.X["alcohol"].to_numpy() > 13], axis=1).astype(int))
    model.fit(data.X, data.y)

    def own(rows: pd.DataFrame) -> np.ndarray:
        each = model.predict_proba(rows)
        return np.stack([one[:, 1] for one in each], axis=1) if isinstance(each, list) else np.asarray(each)

    return Fitted(model, data, own, "probabilities", model.predict)


def thresholded(model: Any, **options: Any) -> Fitted:
    data = cancer()
    model.fit(data.X, data.y)
    if options:
        return Fitted(model, data, model.predict_proba, "probabilities", options=options)
    return Fitted(model, data, model.predict, "labels", model.predict)


Fixed, Tuned = model_selection.FixedThresholdClassifier, model_selection.TunedThresholdClassifierCV
for _name, _link, _make in (
    (
        "OneVsRestClassifier, several labels",
        "logit_each",
        lambda: several_labels(scaled(multiclass.OneVsRestClassifier(Logistic()))),
    ),
    (
        "MultiOutputClassifier",
        "logit_each",
        lambda: several_labels(scaled(multioutput.MultiOutputClassifier(Logistic()))),
    ),
    ("FixedThresholdClassifier", "identity", lambda: thresholded(Fixed(scaled(Logistic()), threshold=0.3))),
    (
        "FixedThresholdClassifier, of the first class",
        "identity",
        lambda: thresholded(Fixed(scaled(Logistic()), threshold=0.3, pos_label=0)),
    ),
    (
        "FixedThresholdClassifier, of the decision value",
        "identity",
        lambda: thresholded(Fixed(scaled(svm.LinearSVC()), threshold=0.4)),
    ),
    (
        "FixedThresholdClassifier, probabilities",
        "logit",
        lambda: thresholded(Fixed(scaled(Logistic()), threshold=0.3), output="probabilities"),
    ),
    ("TunedThresholdClassifierCV", "identity", lambda: thresholded(Tuned(scaled(Logistic()), cv=3, random_state=0))),
):
    source(LIBRARY, _name, _link, _make, quick=_name in QUICK)


# ---------------------------------------------------------------------------------------------------------------
# Regressions

REGRESSIONS: dict[str, tuple[str, Callable[[], Any]]] = {
    "LinearRegression": ("linear", lambda: linear_model.LinearRegression()),
    "Ridge": ("linear", lambda: scaled(linear_model.Ridge())),
    "RidgeCV": ("linear", lambda: scaled(linear_model.RidgeCV())),
    "Lasso": ("linear", lambda: linear_model.Lasso(0.1)),
    "ElasticNet": ("linear", lambda: scaled(linear_model.ElasticNet(0.1))),
    "LassoLarsIC": ("linear", lambda: scaled(linear_model.LassoLarsIC())),
    "OrthogonalMatchingPursuit": ("linear", lambda: scaled(linear_model.OrthogonalMatchingPursuit(n_nonzero_coefs=4))),
    "ARDRegression": ("linear", lambda: scaled(linear_model.ARDRegression())),
    "BayesianRidge": ("linear", lambda: scaled(linear_model.BayesianRidge())),
    "TheilSenRegressor": (
        "linear",
        lambda: scaled(linear_model.TheilSenRegressor(random_state=0, max_subpopulation=200)),
    ),
    "HuberRegressor": ("linear", lambda: scaled(linear_model.HuberRegressor())),
    "RANSACRegressor": ("linear", lambda: scaled(linear_model.RANSACRegressor(random_state=0))),
    "QuantileRegressor": ("linear", lambda: scaled(linear_model.QuantileRegressor(alpha=0.01))),
    "SGDRegressor": ("linear", lambda: scaled(linear_model.SGDRegressor(random_state=0))),
    "LinearSVR": ("linear", lambda: scaled(svm.LinearSVR(C=10))),
    "NuSVR, linear": ("linear", lambda: scaled(svm.NuSVR(kernel="linear"))),
    "PLSRegression": ("linear", lambda: cross_decomposition.PLSRegression(2)),
    "KernelRidge of degree two": (
        "quadratic",
        lambda: scaled(kernel_ridge.KernelRidge(kernel="poly", degree=2, coef0=1, alpha=1)),
    ),
    "GaussianProcessRegressor, dot product": (
        "linear",
        lambda: scaled(
            gaussian_process.GaussianProcessRegressor(
                gaussian_process.kernels.DotProduct(1.0, "fixed"), alpha=10.0, normalize_y=True
            )
        ),
    ),
    "MLPRegressor, identity": (
        "linear",
        lambda: scaled(
            neural_network.MLPRegressor(hidden_layer_sizes=(4,), activation="identity", random_state=0, max_iter=2000)
        ),
    ),
    "PolynomialFeatures": ("quadratic", lambda: scaled(preprocessing.PolynomialFeatures(2), linear_model.Ridge())),
    "Nystroem of degree two": (
        "quadratic",
        lambda: scaled(
            kernel_approximation.Nystroem(kernel="poly", degree=2, coef0=1, n_components=12, random_state=0),
            linear_model.Ridge(),
        ),
    ),
    "PolynomialCountSketch": (
        "quadratic",
        lambda: scaled(
            kernel_approximation.PolynomialCountSketch(degree=2, coef0=1, n_components=30, random_state=0),
            linear_model.Ridge(),
        ),
    ),
    "BaggingRegressor": ("linear", lambda: ensemble.BaggingRegressor(scaled(linear_model.Ridge()), 3, random_state=0)),
    "VotingRegressor": (
        "linear",
        lambda: ensemble.VotingRegressor([("a", scaled(linear_model.Ridge())), ("b", linear_model.Lasso())]),
    ),
    "StackingRegressor": (
        "linear",
        lambda: ensemble.StackingRegressor(
            [("a", scaled(linear_model.Ridge())), ("b", linear_model.Lasso())], linear_model.Ridge(), cv=3
        ),
    ),
    "PCA and Ridge": ("linear", lambda: scaled(decomposition.PCA(3), linear_model.Ridge())),
    "TransformedTargetRegressor, scaler": (
        "linear",
        lambda: TransformedTargetRegressor(scaled(linear_model.Ridge()), transformer=preprocessing.StandardScaler()),
    ),
}
for _name, (_kind, _regression) in REGRESSIONS.items():
    source(
        LIBRARY,
        _name,
        "identity",
        lambda model=_regression: regression(model(), diabetes()),
        kind=_kind,
        quick=_name in QUICK,
    )

LOGARITHMS = {
    "PoissonRegressor": lambda: scaled(linear_model.PoissonRegressor()),
    "GammaRegressor": lambda: scaled(linear_model.GammaRegressor()),
    "TweedieRegressor": lambda: scaled(linear_model.TweedieRegressor(power=1.5)),
}
for _name, _regression in LOGARITHMS.items():
    source(LIBRARY, _name, "exp", lambda model=_regression: regression(model(), diabetes()), quick=_name in QUICK)
source(
    LIBRARY,
    "TweedieRegressor, power 0",
    "identity",
    lambda: regression(scaled(linear_model.TweedieRegressor(power=0)), diabetes()),
)


def transformed(func: Any, inverse: Any) -> Any:
    """A regression of a transformed target."""
    return TransformedTargetRegressor(scaled(linear_model.Ridge()), func=func, inverse_func=inverse)


def ten_to_the(values: Any) -> Any:
    return 10.0**values


for _name, _link, _func, _inverse in (
    ("transformed log", "exp", np.log, np.exp),
    ("transformed log1p", "expm1", np.log1p, np.expm1),
    ("transformed log10", "exp10", np.log10, ten_to_the),
    ("transformed log2", "exp", np.log2, np.exp2),
    ("transformed sqrt", "square", np.sqrt, np.square),
    ("transformed reciprocal", "inverse", np.reciprocal, np.reciprocal),
):
    source(
        LIBRARY,
        _name,
        _link,
        lambda func=_func, inverse=_inverse: regression(transformed(func, inverse), diabetes()),
        quick=_name in QUICK,
    )


def several_outputs(model: Any) -> Fitted:
    data = diabetes()
    return regression(model, data.of(np.stack([data.y, data.X["bmi"].to_numpy() * 3 + data.y / 2], axis=1)))


for _name, _regression in {
    "MultiOutputRegressor": lambda: multioutput.MultiOutputRegressor(scaled(linear_model.Ridge())),
    "RegressorChain": lambda: multioutput.RegressorChain(scaled(linear_model.Ridge())),
    "MultiTaskLasso": lambda: scaled(linear_model.MultiTaskLasso(0.5)),
    "CCA": lambda: cross_decomposition.CCA(1),
}.items():
    source(LIBRARY, _name, "identity", lambda model=_regression: several_outputs(model()))


# ---------------------------------------------------------------------------------------------------------------
# Neither


def quantity(model: Any, data: Data, own: Callable[[Any], Callable[[pd.DataFrame], Any]], **rest: Any) -> Fitted:
    """A model without an outcome, and the quantity that it has."""
    model.fit(data.X)
    return Fitted(model, data, own(model), rest.pop("says", "decision"), **rest)


def nearness(model: Any) -> Callable[[pd.DataFrame], Any]:
    return lambda rows: -((rows.to_numpy()[:, None] - model.cluster_centers_) ** 2).sum(axis=2)


for _name, _link, _kind, _make in (
    (
        "KMeans",
        "identity",
        "quadratic",
        lambda: quantity(cluster.KMeans(3, random_state=0, n_init=1), wine(), nearness, labels=None),
    ),
    (
        "GaussianMixture",
        "softmax",
        "quadratic",
        lambda: quantity(
            scaled(mixture.GaussianMixture(3, random_state=0)), wine(), lambda m: m.predict_proba, says="probabilities"
        ),
    ),
    (
        "BayesianGaussianMixture",
        "softmax",
        "quadratic",
        lambda: quantity(
            scaled(mixture.BayesianGaussianMixture(n_components=3, random_state=0)),
            wine(),
            lambda m: m.predict_proba,
            says="probabilities",
        ),
    ),
    (
        "EllipticEnvelope",
        "identity",
        "quadratic",
        lambda: quantity(covariance.EllipticEnvelope(random_state=0), wine(), lambda m: m.decision_function),
    ),
    ("LedoitWolf", "identity", "quadratic", lambda: quantity(covariance.LedoitWolf(), wine(), lambda m: m.mahalanobis)),
    (
        "OneClassSVM of degree two",
        "identity",
        "quadratic",
        lambda: quantity(
            scaled(svm.OneClassSVM(kernel="poly", degree=2, coef0=1)), wine(), lambda m: m.decision_function
        ),
    ),
    (
        "SGDOneClassSVM",
        "identity",
        "linear",
        lambda: quantity(scaled(linear_model.SGDOneClassSVM(random_state=0)), wine(), lambda m: m.decision_function),
    ),
    (
        "PCA, transform",
        "identity",
        "linear",
        lambda: quantity(scaled(decomposition.PCA(2)), wine(), lambda m: m.transform, options={"output": "transform"}),
    ),
    (
        "TruncatedSVD, transform",
        "identity",
        "linear",
        lambda: quantity(decomposition.TruncatedSVD(2), wine(), lambda m: m.transform, options={"output": "transform"}),
    ),
):
    source(LIBRARY, _name, _link, _make, kind=_kind, quick=_name in QUICK)


# ---------------------------------------------------------------------------------------------------------------
# Refused


def soft_voting(**rest: Any) -> Any:
    return ensemble.VotingClassifier([("a", scaled(Logistic())), ("b", scaled(Logistic(C=0.01)))], **rest)


def chain() -> Fitted:
    data = wine()
    data = data.of(np.stack([data.y == 0, data.y >= 1], axis=1).astype(int))
    return classifier(scaled(multioutput.ClassifierChain(Logistic())), data)


Calibrated = calibration.CalibratedClassifierCV
for _name, _step, _make in (
    ("SVC, RBF kernel", "degree=2", lambda: classifier(scaled(svm.SVC()), cancer())),
    (
        "KNeighborsClassifier",
        "LogisticRegression",
        lambda: classifier(scaled(neighbors.KNeighborsClassifier()), cancer()),
    ),
    ("KNeighborsRegressor", "Ridge", lambda: regression(scaled(neighbors.KNeighborsRegressor()), diabetes())),
    (
        "MLPRegressor, ReLU",
        "SquareNetwork",
        lambda: regression(scaled(neural_network.MLPRegressor(hidden_layer_sizes=(4,), max_iter=300)), diabetes()),
    ),
    (
        "calibrated, isotonic",
        'method="sigmoid"',
        lambda: classifier(Calibrated(LDA(), method="isotonic", ensemble=False), cancer()),
    ),
    ("calibrated, ensemble", "ensemble=False", lambda: classifier(Calibrated(LDA()), cancer())),
    (
        "calibrated GaussianNB",
        "decision_function",
        lambda: classifier(Calibrated(naive_bayes.GaussianNB(), ensemble=False), cancer()),
    ),
    ("soft voting of logistic models", "StackingClassifier", lambda: classifier(soft_voting(voting="soft"), cancer())),
    ("hard voting", "StackingClassifier", lambda: classifier(soft_voting(), cancer())),
    (
        "OneVsOneClassifier",
        "OneVsRestClassifier",
        lambda: classifier(scaled(multiclass.OneVsOneClassifier(Logistic())), wine()),
    ),
    ("SVC of three classes", "OneVsRestClassifier", lambda: classifier(scaled(svm.SVC(kernel="linear")), wine())),
    (
        "OutputCodeClassifier",
        "OneVsRestClassifier",
        lambda: classifier(scaled(multiclass.OutputCodeClassifier(Logistic(), random_state=0)), wine()),
    ),
    ("ClassifierChain", "MultiOutputClassifier", chain),
    (
        "StackingClassifier, auto",
        'stack_method="decision_function"',
        lambda: classifier(ensemble.StackingClassifier([("a", scaled(Logistic()))], Logistic(), cv=3), cancer()),
    ),
    (
        "MinMaxScaler(clip)",
        "clip",
        lambda: regression(
            pipeline.make_pipeline(preprocessing.MinMaxScaler(clip=True), linear_model.Ridge()), diabetes()
        ),
    ),
    (
        "QuantileTransformer",
        "StandardScaler",
        lambda: regression(
            pipeline.make_pipeline(preprocessing.QuantileTransformer(n_quantiles=50), linear_model.Ridge()), diabetes()
        ),
    ),
    (
        "SplineTransformer",
        "PolynomialFeatures",
        lambda: regression(pipeline.make_pipeline(preprocessing.SplineTransformer(), linear_model.Ridge()), diabetes()),
    ),
    (
        "KBinsDiscretizer",
        "thresholds",
        lambda: regression(
            pipeline.make_pipeline(preprocessing.KBinsDiscretizer(4, encode="onehot-dense"), linear_model.Ridge()),
            diabetes(),
        ),
    ),
    (
        "transform only",
        'output="transform"',
        lambda: quantity(scaled(decomposition.PCA(2)), wine(), lambda m: m.transform),
    ),
    ("transformed by a square", "model.regressor_", lambda: regression(transformed(np.square, np.sqrt), diabetes())),
):
    refused(LIBRARY, _name, _step, _make, quick=_name in {"calibrated, ensemble", "transform only", "ClassifierChain"})
