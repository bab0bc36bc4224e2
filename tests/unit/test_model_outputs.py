"""Which output of a model is compiled, and that what is read of its structure is held against its own answers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from lifelines.datasets import load_rossi
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.preprocessing import QuantileTransformer

import pyfe
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models.sources.wanted import Wanted

X, Y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X = X[["age", "bmi", "bp"]]
SCHEMA = pyfe.Schema.fit(X)
ROSSI = load_rossi().astype(float)
COLUMNS = ["fin", "age", "prio"]


@pytest.fixture(scope="module")
def cox() -> Any:
    return CoxPHFitter().fit(ROSSI[[*COLUMNS, "week", "arrest"]], "week", "arrest")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted("median"), 'has the outputs "hazard", "survival", not \'median\''),
        (Wanted("survival"), 'output="survival", at=...'),
        (Wanted("hazard", 5), 'at= goes with "survival"'),
        (Wanted(at=5), 'at= goes with "survival"'),
        (Wanted("survival", 0), "a time above zero"),
        (Wanted("survival", True), "a time above zero"),
        (Wanted("survival", np.inf), "a time above zero"),
        (Wanted(7), "not 7"),  # type: ignore[arg-type]
        (Wanted("transform"), "transforms no rows"),
    ],
)
def test_outputs_that_a_model_does_not_have(cox: Any, wanted: Wanted, words: str) -> None:
    schema = pyfe.Schema.fit(ROSSI[COLUMNS])
    with pytest.raises(ParameterError) as caught:
        pyfe.compile(cox, schema, output=wanted.output, at=wanted.at)
    assert words in str(caught.value)


@pytest.mark.parametrize("model", [Ridge(), pyfe.Linear({"age": 1.0}), PoissonRegressor()])
def test_a_model_of_one_output_is_asked_for_no_other(model: Any) -> None:
    model = model.fit(X, Y) if hasattr(model, "fit") else model
    for asked in ({"output": "survival", "at": 3}, {"at": 3}):
        with pytest.raises(ParameterError, match="has one output"):
            pyfe.compile(model, SCHEMA, **asked)


def test_prepare_takes_an_output(cox: Any) -> None:
    rows = ROSSI[COLUMNS]
    outcome = (ROSSI["week"].to_numpy(), ROSSI["arrest"].to_numpy())
    schema, function = pyfe.prepare(cox, rows, outcome, output="survival", at=26)
    assert function.link == "cox" and function.baseline_survival == pytest.approx(
        cox.baseline_survival_.loc[26.0].item(), rel=1e-12
    )
    assert dict(function.report().lines())["output"].startswith("the event by time 26")
    assert pyfe.schema_for(cox, rows, outcome, output="survival", at=26) == schema
    scores = function.evaluate(rows, "clip")
    survives = cox.predict_survival_function(rows, times=[26]).loc[26].to_numpy()
    assert np.corrcoef(function.predict_proba(scores)[:, 0], survives)[0, 1] > 0.95


def test_the_centre_of_a_cox_model_counts(cox: Any) -> None:
    """Its partial hazard is that of the deviation from the means; coefficients alone are off by a factor."""
    function = pyfe.compile(cox, pyfe.Schema.fit(ROSSI[COLUMNS]), reference=ROSSI[COLUMNS])
    scores = function.evaluate(ROSSI[COLUMNS], "clip")
    assert np.abs(np.log(function.predict(scores)) - cox.predict_log_partial_hazard(ROSSI[COLUMNS])).mean() < 0.02
    bare = ROSSI[COLUMNS] @ cox.params_
    assert np.abs(np.log(function.predict(scores)) - bare).mean() > 0.5


def test_components_by_name_and_in_any_order() -> None:
    pca = PCA(2).fit(X)
    function = pyfe.compile(pca, SCHEMA, reference=X, output="transform")
    turned = pyfe.compile(pca, pyfe.Schema.fit(X[X.columns[::-1]]), reference=X, output="transform")
    theirs = pca.transform(X)
    for one in (function, turned):
        assert np.median(np.abs(one.predict(one.evaluate(X, "clip")) - theirs)) < 0.1
    with pytest.raises(ParameterError, match="at= has no meaning"):
        pyfe.compile(pca, SCHEMA, output="transform", at=1)


def test_the_link_of_a_fitted_estimator_travels_in_its_file() -> None:
    model = PoissonRegressor(alpha=1e-4, max_iter=2000).fit(X / 100, Y)
    linear = pyfe.Linear.from_estimator(model)
    assert json.loads(linear.to_json())["link"] == "exp"
    assert pyfe.Linear.from_json(linear.to_json()) == linear
    function = pyfe.compile(linear, pyfe.Schema.fit(X / 100), reference=X / 100)
    scores = function.evaluate(X / 100, "clip")
    assert np.median(np.abs(function.predict(scores) / model.predict(X / 100) - 1)) < 0.01


def test_a_prediction_above_zero_is_tried_as_an_exponential() -> None:
    """Of a model that says nothing of its link; one that is no exponential is refused as before."""

    class Own:
        n_features_in_ = 3

        def __init__(self, bent: float) -> None:
            self.bent = bent

        def predict(self, rows: Any) -> np.ndarray:
            d = np.asarray(rows, dtype=float) @ [0.01, 0.02, 0.005] - 1
            return np.exp(d) + self.bent

    function = pyfe.compile(Own(0.0), SCHEMA, reference=X)
    assert function.link == "exp"
    with pytest.raises(UnsupportedModelError, match="Own is neither affine nor quadratic"):
        pyfe.compile(Own(0.5), SCHEMA, reference=X)


def test_a_calibration_is_read_where_its_probabilities_have_no_digits() -> None:
    """The logit of a probability near 1 is no line: what is read is, also of labels of text."""
    far = X.assign(bmi=(X["bmi"] - 26) * 40)
    sick = np.where(far["bmi"] > 0, "ill", "well")
    model = CalibratedClassifierCV(LogisticRegression(max_iter=2000), ensemble=False, cv=3).fit(far, sick)
    schema = pyfe.Schema.fit(far)
    function = pyfe.compile(model, schema, reference=far)
    assert (function.link, function.classes) == ("logit", ("ill", "well"))
    assert (model.predict_proba(far).max(axis=1) == 1).any(), "some have no digits left"
    decoded = pd.DataFrame(schema.decode_columns(schema.encode(far, "clip").x))
    scores = function.evaluate(far, "clip")
    assert (
        np.abs(function.predict_proba(scores) - model.predict_proba(decoded)) <= function.output_error(scores)
    ).all()


def test_a_transformed_target_without_a_link_is_refused_by_name() -> None:
    own = TransformedTargetRegressor(Ridge(), func=np.cbrt, inverse_func=np.exp2, check_inverse=False).fit(X, Y)
    assert pyfe.compile(own, SCHEMA, reference=X).link == "exp", "2^d is exp(d log 2)"
    cubes = TransformedTargetRegressor(Ridge(), func=np.cbrt, inverse_func=lambda z: z**3).fit(X, Y)
    with pytest.raises(UnsupportedModelError, match=r"<lambda> \(the inverse_func\).*compile model.regressor_"):
        pyfe.compile(cubes, SCHEMA)
    ranks = TransformedTargetRegressor(Ridge(), transformer=QuantileTransformer(n_quantiles=20)).fit(X, Y)
    with pytest.raises(UnsupportedModelError, match="inverse of QuantileTransformer"):
        pyfe.compile(ranks, SCHEMA)


def test_a_threshold_that_one_class_never_passes() -> None:
    model = FixedThresholdClassifier(LogisticRegression(max_iter=2000), threshold=0.0).fit(X, Y > 140)
    with pytest.raises(UnsupportedModelError, match="one class alone at a threshold of 0"):
        pyfe.compile(model, SCHEMA)
    assert pyfe.compile(model, SCHEMA, output="probabilities").link == "logit"


def test_an_output_that_is_not_the_told_link_is_refused() -> None:
    class Boasting(PoissonRegressor):
        def predict(self, rows: Any) -> Any:
            return super().predict(rows) + 1

    with pytest.raises(UnsupportedModelError, match="is not the link 'exp' of its decision values: off by up to 1"):
        pyfe.compile(Boasting(max_iter=2000).fit(X, Y), SCHEMA)
