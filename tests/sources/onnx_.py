"""Graphs that skl2onnx writes of models of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
from sklearn import discriminant_analysis, linear_model, multiclass, pipeline, preprocessing, svm
from sklearn.compose import ColumnTransformer

from tests.sources.data import Data, cancer, counts, diabetes, wine
from tests.sources.registry import Fitted, source
from tests.sources.scikit_learn import scaled

LIBRARY = "ONNX"
Logistic = linear_model.LogisticRegression


def exported(model: Any, data: Data, says: str, *, float32: bool = False) -> Fitted:
    """The graph of a model that was fitted on an array; its own output is the graph's, carried out by the reference."""
    from onnx.reference import ReferenceEvaluator

    model.fit(data.X.to_numpy(), data.y)
    kind = FloatTensorType if float32 else DoubleTensorType
    options = {"zipmap": False} if says == "probabilities" else None
    graph = to_onnx(model, initial_types=[("x", kind([None, data.X.shape[1]]))], options=options)
    session = ReferenceEvaluator(graph)
    dtype = np.float32 if float32 else np.float64

    def own(rows: pd.DataFrame) -> Any:
        return np.asarray(session.run(None, {"x": rows.to_numpy().astype(dtype)})[-1])

    return Fitted(graph, data, own, says, by_position=True)


def classified(model: Any, data: Data, **rest: Any) -> Fitted:
    return exported(model, data, "probabilities", **rest)


def with_text(model: Any, says: str, *, float32: bool = False) -> Fitted:
    """A graph with an input a column, two of them of text."""
    from onnx.reference import ReferenceEvaluator

    data = counts()
    data = data.of((data.y > 1).astype(int))
    text = ["stage", "smoker"]
    others = [name for name in data.X if name not in text]
    encoder = preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer([("text", encoder, text), ("numbers", preprocessing.StandardScaler(), others)])
    fitted = pipeline.make_pipeline(columns, model).fit(data.X, data.y)
    kind, dtype = (FloatTensorType, np.float32) if float32 else (DoubleTensorType, np.float64)
    inputs = [(name, (StringTensorType if name in text else kind)([None, 1])) for name in data.X]
    graph = to_onnx(fitted, initial_types=inputs, options={"zipmap": False} if says == "probabilities" else None)
    session = ReferenceEvaluator(graph)

    def own(rows: pd.DataFrame) -> Any:
        feeds = {name: rows[[name]].to_numpy().astype(object if name in text else dtype) for name in rows}
        return np.asarray(session.run(None, feeds)[-1])

    return Fitted(graph, data, own, says)


ROWS: tuple[tuple[str, str, str, Callable[[], Fitted]], ...] = (
    ("exported LogisticRegression", "logit", "linear", lambda: classified(scaled(Logistic()), cancer())),
    (
        "exported LogisticRegression, float32",
        "logit",
        "linear",
        lambda: classified(scaled(Logistic()), cancer(), float32=True),
    ),
    ("exported LogisticRegression, three classes", "softmax", "linear", lambda: classified(scaled(Logistic()), wine())),
    (
        "exported OneVsRestClassifier",
        "ovr",
        "linear",
        lambda: classified(scaled(multiclass.OneVsRestClassifier(Logistic())), wine()),
    ),
    ("exported Ridge", "identity", "linear", lambda: exported(scaled(linear_model.Ridge()), diabetes(), "output")),
    (
        "exported PoissonRegressor",
        "exp",
        "linear",
        lambda: exported(scaled(linear_model.PoissonRegressor()), diabetes(), "output"),
    ),
    (
        "exported GammaRegressor, float32",
        "exp",
        "linear",
        lambda: exported(scaled(linear_model.GammaRegressor()), diabetes(), "output", float32=True),
    ),
    (
        "exported LDA",
        "logit",
        "linear",
        lambda: classified(discriminant_analysis.LinearDiscriminantAnalysis(), cancer()),
    ),
    (
        "exported QDA",
        "softmax",
        "quadratic",
        lambda: classified(scaled(discriminant_analysis.QuadraticDiscriminantAnalysis()), wine()),
    ),
    (
        "exported SVR, linear",
        "identity",
        "linear",
        lambda: exported(scaled(svm.SVR(kernel="linear")), diabetes(), "output"),
    ),
    (
        "exported PolynomialFeatures",
        "identity",
        "quadratic",
        lambda: exported(scaled(preprocessing.PolynomialFeatures(2), linear_model.Ridge()), diabetes(), "output"),
    ),
    (
        "exported text columns",
        "logit",
        "linear",
        lambda: with_text(Logistic(), "probabilities"),
    ),
    ("exported text columns, float32", "logit", "linear", lambda: with_text(Logistic(), "probabilities", float32=True)),
    ("exported text columns, Ridge", "identity", "linear", lambda: with_text(linear_model.Ridge(), "output")),
    ("exported Lasso", "identity", "linear", lambda: exported(linear_model.Lasso(0.1), diabetes(), "output")),
)
for _name, _link, _kind, _make in ROWS:
    source(LIBRARY, _name, _link, _make, kind=_kind, quick=_name == "exported PoissonRegressor")
