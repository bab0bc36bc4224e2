"""prepare and schema_for: every kind of model, every kind of outcome, how coarse the grid is, and what is refused."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models import grids
from pyfe.models.grids import Grid, coarsest
from pyfe.models.preparing import Preparation, prepare, schema_for
from pyfe.models.real.affine import AffineMap
from pyfe.models.yardstick import Yardstick

pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

Built = tuple[Any, Any, Any]


def patients(rows: int = 400, seed: int = 5) -> tuple[Any, Any]:
    """A table of numbers and text, and a risk that is linear in it."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.normal(60, 12, rows).round(),
            "pressure": rng.normal(130, 18, rows),
            "creatinine": rng.lognormal(0, 0.4, rows),
            "smoker": rng.choice(["no", "yes"], rows),
            "ward": rng.choice(["east", "north", "west"], rows, p=[0.5, 0.3, 0.2]),
            "hair": rng.choice(["dark", "fair"], rows),
        }
    )
    risk = 0.05 * (X.age - 60) + 0.02 * (X.pressure - 130) + 0.9 * (X.creatinine - 1) + 0.7 * (X.smoker == "yes")
    return X, (risk + 0.4 * (X.ward == "north")).to_numpy()


def labels(risk: Any, seed: int = 6) -> Any:
    """Two classes, drawn with the probabilities of the risk."""
    return (np.random.default_rng(seed).random(len(risk)) < 1 / (1 + np.exp(-risk))).astype(int)


def times(risk: Any, seed: int = 7) -> tuple[Any, Any]:
    """Exponential times and censorings."""
    rng = np.random.default_rng(seed)
    event, censored = rng.exponential(np.exp(-risk)), rng.exponential(1.5, len(risk))
    return np.minimum(event, censored), event <= censored


def linear_model() -> pyfe.Linear:
    """The risk by its numbers."""
    weights = {"age": 0.05, "pressure": 0.02, "creatinine": 0.9, "smoker": 0.7, "ward": {"north": 0.4}}
    return pyfe.Linear(weights, intercept=-6.5, link="logit")


# ---------------------------------------------------------------------------------------------------------------
# Every source


def pipeline(last: Any) -> Any:
    """Scaled numbers and indicator columns before a last step."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers, text = ["age", "pressure", "creatinine"], ["smoker", "ward", "hair"]
    return make_pipeline(ColumnTransformer([("n", StandardScaler(), numbers), ("t", OneHotEncoder(), text)]), last)


def of_sklearn(name: str, outcome: Callable[[Any], Any], **options: Any) -> Callable[[], Built]:
    """A pipeline that ends in an estimator."""

    def build() -> Built:
        from sklearn import linear_model, svm

        X, risk = patients()
        y = outcome(risk)
        estimator = next(getattr(module, name) for module in (linear_model, svm) if hasattr(module, name))
        return pipeline(estimator(**options)).fit(X, y), X, y

    return build


def thirds(risk: Any) -> Any:
    """Three classes of the risk with noise."""
    noisy = risk + np.random.default_rng(8).normal(0, 0.7, len(risk))
    return np.digitize(noisy, np.quantile(noisy, [1 / 3, 2 / 3]))


def noisy(risk: Any) -> Any:
    """A number that follows the risk."""
    return risk + np.random.default_rng(9).normal(0, 0.5, len(risk))


def numbers_only() -> tuple[Any, Any]:
    """Three columns of numbers, and the risk."""
    X, risk = patients()
    return X[["age", "pressure", "creatinine"]], risk


def logit_of_statsmodels() -> Built:
    sm = pytest.importorskip("statsmodels.api")
    X, risk = numbers_only()
    return sm.Logit(labels(risk), sm.add_constant(X)).fit(disp=False), X, labels(risk)


def formula_of_statsmodels() -> Built:
    smf = pytest.importorskip("statsmodels.formula.api")
    X, risk = patients()
    data = X.assign(outcome=noisy(risk))
    return smf.ols("outcome ~ age + creatinine + C(ward)", data).fit(), data, noisy(risk)


def cox_of_lifelines() -> Built:
    lifelines = pytest.importorskip("lifelines")
    X, risk = numbers_only()
    time, event = times(risk)
    model = lifelines.CoxPHFitter().fit(X.assign(time=time, event=event), "time", "event")
    columns = list(X)
    return (lambda rows: model.predict_log_partial_hazard(pd.DataFrame(rows, columns=columns))), X, (time, event)


def weibull_of_lifelines() -> Built:
    """Its linear predictor is that of a time: higher is later."""
    lifelines = pytest.importorskip("lifelines")
    X, risk = numbers_only()
    time, event = times(risk)
    model = lifelines.WeibullAFTFitter().fit(X.assign(time=time, event=event), "time", "event")
    columns = list(X)
    return (lambda rows: np.log(model.predict_median(pd.DataFrame(rows, columns=columns)))), X, (time, event)


def cox_of_scikit_survival() -> Built:
    linear = pytest.importorskip("sksurv.linear_model")
    X, risk = numbers_only()
    time, event = times(risk)
    y = np.array(list(zip(event, time, strict=True)), dtype=[("event", bool), ("time", float)])
    return linear.CoxPHSurvivalAnalysis().fit(X, y), X, y


def linear_booster() -> Built:
    xgboost = pytest.importorskip("xgboost")
    X, risk = numbers_only()
    model = xgboost.XGBRegressor(booster="gblinear", n_estimators=200, n_jobs=1, updater="coord_descent").fit(
        X, noisy(risk)
    )
    return model, X, noisy(risk)


def expression() -> Built:
    sympy = pytest.importorskip("sympy")
    X, risk = patients()
    age, smoker, creatinine = sympy.symbols("age smoker=yes creatinine")
    d = 0.05 * age + 0.7 * smoker + 0.9 * creatinine - 4
    return 1 / (1 + sympy.exp(-d)), X, labels(risk)


def graph() -> Built:
    skl2onnx = pytest.importorskip("skl2onnx")
    from skl2onnx.common.data_types import DoubleTensorType
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, risk = numbers_only()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X.to_numpy(), labels(risk))
    onnx = skl2onnx.to_onnx(model, initial_types=[("X", DoubleTensorType([None, 3]))], options={"zipmap": False})
    return onnx, X, labels(risk)


def by_position() -> Built:
    from sklearn.linear_model import Ridge

    X, risk = numbers_only()
    return Ridge().fit(X.to_numpy(), noisy(risk)), X.to_numpy(), noisy(risk)


def given_by_numbers() -> Built:
    X, risk = patients()
    return linear_model(), X, labels(risk)


def naive_bayes() -> Built:
    from sklearn.naive_bayes import GaussianNB

    X, risk = numbers_only()
    return GaussianNB().fit(X, labels(risk)), X, labels(risk)


def discriminant() -> Built:
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

    X, risk = numbers_only()
    return QuadraticDiscriminantAnalysis().fit(X, thirds(risk)), X, thirds(risk)


def network() -> Built:
    X, risk = numbers_only()
    rng = np.random.default_rng(3)
    W1, b1 = rng.normal(size=(3, 3)) / [12, 18, 0.4], np.zeros(3)
    b1 = -W1 @ X.mean().to_numpy()
    return pyfe.SquareNetwork(W1, b1, rng.normal(size=3), skip=[[0.05, 0.02, 0.9]], link="logit"), X, labels(risk)


SOURCES: dict[str, Callable[[], Built]] = {
    "logistic": of_sklearn("LogisticRegression", labels),
    "three classes": of_sklearn("LogisticRegression", thirds),
    "one against the rest": of_sklearn("LinearSVC", thirds),
    "margin": of_sklearn("LinearSVC", labels),
    "ridge": of_sklearn("Ridge", noisy),
    "lasso": of_sklearn("Lasso", noisy, alpha=0.1),
    "two outputs": of_sklearn("Ridge", lambda risk: np.stack([noisy(risk), 3 * risk - noisy(risk)], axis=1)),
    "Logit of statsmodels": logit_of_statsmodels,
    "formula of statsmodels": formula_of_statsmodels,
    "Cox of lifelines": cox_of_lifelines,
    "Weibull of lifelines": weibull_of_lifelines,
    "Cox of scikit-survival": cox_of_scikit_survival,
    "linear booster": linear_booster,
    "expression": expression,
    "graph": graph,
    "by position": by_position,
    "Linear": given_by_numbers,
    "naive Bayes": naive_bayes,
    "discriminant analysis": discriminant,
    "network of squares": network,
}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_source(kind: str) -> None:
    model, X, outcome = SOURCES[kind]()
    schema, function = quietly(prepare, model, X, outcome)
    assert function.schema == schema
    name, lost, most = measured(function)
    assert lost <= most + 1e-4, (name, lost)  # as far as the digits that are shown go
    finest, fine = quietly(prepare, model, X, outcome, precision="finest")
    assert set(finest.columns) == set(schema.columns)
    assert bits(schema) < bits(finest) and function.width_bits < fine.width_bits
    again = pyfe.compile(model, schema)  # the schema stands by itself
    assert again.kind == function.kind and (again.kind == "quadratic" or again.width_bits >= function.width_bits)


def quietly(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Without the warning that a column of whole numbers may be a counter; any other is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*row counter.*")
        return call(*arguments, **options)


def bits(schema: pyfe.Schema) -> float:
    """Of all columns together."""
    return float(sum(np.log2(column.size) for column in schema.columns.values()))


def measured(function: pyfe.Function) -> tuple[str, float, float]:
    """Measure, loss and allowance, as the report states them."""
    words = dict(function.remarks)["loss"]
    name, before, _, after = words.split()[:4]
    return name, float(before) - float(after), float(words.split("at most ")[1].split()[0])


# ---------------------------------------------------------------------------------------------------------------
# The grid


def test_a_column_has_as_many_steps_as_it_moves_the_score_by() -> None:
    X, _ = patients()
    schema, function = prepare(linear_model(), X, precision=10)
    step = float(function.scale[0])
    for name, weight in (("age", 0.05), ("pressure", 0.02), ("creatinine", 0.9)):
        column = schema.columns[name]
        moved = weight * (column.hi - column.lo) / step  # type: ignore[attr-defined]
        assert abs(column.size - 1 - moved) < 0.06 * moved + 0.5  # the scale is fitted after the steps were chosen
    weights = dict(zip(schema.coordinate_names, function.weights[0].tolist(), strict=True))
    assert weights["age"] == weights["pressure"] == weights["creatinine"] == 1
    assert weights["smoker=yes"] == round(0.7 / step) and weights["ward=north"] == round(0.4 / step)
    assert weights["ward=east"] == weights["ward=west"] == 0


def test_the_step_is_a_share_of_the_spread() -> None:
    X, _ = patients()
    for precision in (6, 12, 24):
        _, function = prepare(linear_model(), X, precision=precision)
        score = function.decision_function(function.evaluate(X, "clip"))
        assert precision / 1.25 < np.std(score) / function.scale[0] < precision * 1.25


def test_a_column_with_fewer_levels_keeps_them_or_counts_by_twos() -> None:
    """A weight that is rounded on many steps would be off by half of them."""
    reach = np.array([0.2, 0.7, 5.2, 300.0, 357.0, 2.9, 3.4, 1000.0])
    most = np.array([255, 255, 255, 255, 255, 2, 2, 255])
    steps = grids._steps(reach[None], most)
    weight = np.rint(reach / steps)
    assert steps.tolist()[:4] == [1, 1, 5, 150] and steps.tolist()[5:7] == [2, 2]
    assert weight.tolist() == [0, 1, 1, 2, 2, 1, 2, 4]
    assert (np.abs(reach - steps * weight) <= weight / 2 + 0.5).all()


def test_weights_of_several_outputs_are_whole_at_once() -> None:
    """With as many steps as the greatest output has, the weights of the others would be 0 or 1 at any precision."""
    reach = np.array([[100.0], [37.0], [137.0]])
    (steps,) = grids._steps(reach, np.array([255]))
    assert np.abs(reach - steps * np.rint(reach / steps)).max() <= 4
    assert np.rint(reach / steps).max() <= 8


def test_finer_grids_lose_less(seed: int) -> None:
    """Four times as many steps are never worse, by the R2 of the model's own values, which knows no luck of ranks."""
    rng = np.random.default_rng(seed)
    X, _ = patients(600)
    for _ in range(10):
        weights = {name: float(rng.normal() / X[name].std()) for name in ("age", "pressure", "creatinine")}
        model = pyfe.Linear({**weights, "smoker": float(rng.normal()), "ward": {"north": float(rng.normal())}})
        lost = []
        for precision in (3, 12, 48):
            _, function = prepare(model, X, precision=precision)
            lost.append(measured(function)[1])
        assert lost[0] >= lost[1] >= lost[2] - 1e-4 and lost[1] < 0.01


def draft_of(seed: int, rows: int = 120) -> Preparation:
    """A model on few rows, of which coarse scores lose much."""
    X, risk = patients(rows, seed)
    return Preparation.of(linear_model(), X, labels(risk, seed), None, {})


def test_a_coarse_grid_that_keeps_within_the_loss_is_found() -> None:
    """Where the likest grid near a precision loses too much: another one near it, or one with a step more or less in
    some columns. It is the first of those near, and every one that follows it loses more."""
    mended = 0
    for seed in range(12):
        prepared = draft_of(seed)
        draft, measure = prepared.draft, prepared.measure
        likest, chosen = grids.grid_at(draft, 2.5), grids.grid_at(draft, 2.5, measure)
        if measure.loss(likest.decision) <= measure.most:
            assert (chosen.top == likest.top).all()
            continue
        tried = list(grids.grids_at(draft, 2.5, measure))
        losses = [measure.loss(grid.decision) for grid in tried]
        kept = [loss <= measure.most for loss in losses]
        if any(kept):
            mended += 1
            assert kept[0] and sorted(kept, reverse=True) == kept
        near = [measure.loss(function_decision(prepared, function)) for _, function in prepared.near(2.5)]
        assert len(near) == max(1, sum(kept)) and near == pytest.approx(losses[: len(near)])
    assert mended >= 3


def function_decision(prepared: Preparation, function: pyfe.Function) -> Any:
    """Decision values of a compiled function on the rows."""
    return function.evaluate(prepared.draft.table, "clip").reshape(-1, 1) * function.scale


def test_columns_are_mended_until_the_loss_is_allowed() -> None:
    """One step at a time, each time losing less; a cut that no step improves is given up."""
    prepared = draft_of(3)
    draft, measure = prepared.draft, prepared.measure
    assert isinstance(draft.real.map, AffineMap)
    for precision in (1.0, 1.5, 2.0, 2.5):
        cut = grids._Cut(draft, draft.real.map, draft.spread / precision)
        found = grids._refined([cut], measure)
        first = measure.loss(cut.decision)
        assert all(measure.loss(one.decision) <= min(first, measure.most) for one in found)
        beside = cut.beside()
        assert all(np.abs(one.top - cut.top).sum() == 1 and (one.top >= 1).all() for one in beside)
        assert grids._refined([cut], dataclasses.replace(measure, most=first)) == [cut], "nothing to mend"
        assert grids._refined([cut], dataclasses.replace(measure, most=-1.0)) == [], "a loss that nobody has"


def test_auto_keeps_to_the_finer_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """One lucky coarse grid does not count, and where none is good enough the finest is taken and said to be it."""
    monkeypatch.setattr(grids, "grid_at", lambda _, precision: Grid(precision, None, None, precision))  # type: ignore[arg-type]
    monkeypatch.setattr(grids, "_precisions", lambda *_: ([8.0, 10.0, 12.0, 16.0], [24.0, 32.0]))

    def chosen(**lost: float) -> tuple[float, bool]:
        table = {float(name[2:]): value for name, value in lost.items()}
        measure = Yardstick("AUC", 0.002, True, lambda precision: -table.get(float(precision), 0.0), 0.0)  # type: ignore[arg-type]
        grid, kept = coarsest(None, measure)  # type: ignore[arg-type]
        return grid.precision, kept

    assert chosen() == (8.0, True)
    assert chosen(sd10=0.003) == (12.0, True)
    assert chosen(sd8=0.002) == (8.0, True)
    assert chosen(sd16=0.003) == (24.0, True)
    assert chosen(sd16=0.003, sd24=0.003) == (32.0, True)
    assert chosen(sd16=0.003, sd24=0.003, sd32=0.003) == (32.0, False)


def test_the_coarsest_grid_for_a_finer_column_wins() -> None:
    """Every number that is asked for is taken, however much it loses."""
    X, risk = patients()
    widths = [prepare(linear_model(), X, labels(risk), precision=p)[1].width_bits for p in (2, 5, 11, 40)]
    assert widths == sorted(widths) and len(set(widths)) == 4


def test_schema_for_is_the_schema_that_prepare_cuts() -> None:
    X, risk = patients()
    for precision in ("auto", "finest", 9):
        options: dict[str, Any] = {"precision": precision, "public": ["age"]}
        assert (
            schema_for(linear_model(), X, labels(risk), **options)
            == prepare(linear_model(), X, labels(risk), **options)[0]
        )


def test_the_order_of_rows_does_not_count() -> None:
    X, risk = patients()
    order = np.random.default_rng(1).permutation(len(X))
    schema, function = prepare(linear_model(), X, labels(risk))
    other, again = prepare(linear_model(), X.iloc[order], labels(risk)[order])
    assert other == schema and (again.weights == function.weights).all()


def test_a_column_that_says_less_than_half_a_step_is_silent_and_named() -> None:
    X, _ = patients()
    model = pyfe.Linear({"age": 0.05, "pressure": 0.0001, "smoker": 0.7})
    schema, function = prepare(model, X, precision=8)
    assert schema.columns["pressure"].size == 2
    assert dict(zip(schema.coordinate_names, function.weights[0], strict=True))["pressure"] == 0
    assert "'pressure'" in dict(function.remarks)["silent"]
    assert "'age'" not in dict(function.remarks)["silent"]


def test_levels_that_count_the_same_are_not_told_apart() -> None:
    X, _ = patients()
    model = pyfe.Linear({"age": 0.05, "ward": {"east": 1.0, "north": 1.01, "west": 0.0}})
    _, function = prepare(model, X, precision=8)
    east, north, west = (function.weights[0][-3:]).tolist()
    assert east == north > west


# ---------------------------------------------------------------------------------------------------------------
# Outcomes


def test_the_report_says_how_the_loss_is_known() -> None:
    X, risk = patients()
    measured_loss = dict(prepare(linear_model(), X, labels(risk))[1].remarks)["loss"]
    expected_loss = dict(prepare(linear_model(), X)[1].remarks)["loss"]
    assert measured_loss.startswith("AUC") and "measured with the outcomes" in measured_loss
    assert expected_loss.startswith("AUC") and "expected under the model itself" in expected_loss
    survival = dict(prepare(linear_model(), X, times(risk))[1].remarks)["loss"]
    assert survival.startswith("C ")
    score = pyfe.Linear({"age": 0.05, "creatinine": 0.9})
    assert dict(prepare(score, X)[1].remarks)["loss"].startswith("R2 1.0000")


def test_the_expected_area_is_that_of_outcomes_drawn_from_the_model() -> None:
    X, _ = patients(4000)
    _, function = prepare(linear_model(), X)
    expected = float(dict(function.remarks)["loss"].split()[1])
    from sklearn.metrics import roc_auc_score

    decision = function.decision_function(function.evaluate(X, "clip"))
    probability = 1 / (1 + np.exp(-decision))
    drawn = np.random.default_rng(0).random((20, len(X))) < probability
    assert abs(np.mean([roc_auc_score(y, decision) for y in drawn]) - expected) < 0.01


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (np.zeros(400, dtype=int), "the same for all rows"),
        (np.zeros(399, dtype=int), "399 rows, X 400"),
        (np.full(400, 2), "none of the classes"),
        ((np.ones(400), np.zeros(400)), "the same for all rows"),
        ((np.ones(400), np.zeros(3)), "3 events, X 400"),
    ],
)
def test_outcomes_that_do_not_go_with_the_model(outcome: Any, words: str) -> None:
    X, _ = patients()
    with pytest.raises(ParameterError, match=words):
        prepare(linear_model(), X, outcome)


def test_times_go_with_one_output() -> None:
    X, risk = numbers_only()
    model = pyfe.Linear([{"age": 1.0}, {"pressure": 1.0}])
    with pytest.raises(ParameterError, match="one output"):
        prepare(model, X, times(risk))


def test_an_outcome_of_another_index_is_never_paired_by_position() -> None:
    X, risk = patients()
    with pytest.raises(ParameterError, match="different indexes"):
        prepare(linear_model(), X, pd.Series(labels(risk), index=X.index + 1))


# ---------------------------------------------------------------------------------------------------------------
# What Schema.fit takes


def test_only_the_columns_of_the_model_are_taken() -> None:
    X, _ = patients()
    more = X.assign(name=[f"patient {i}" for i in range(len(X))], visits=1)  # Schema.fit would refuse the names
    schema, _ = prepare(
        linear_model(), more, public=["age", "hair"], protected=["smoker", "name"], missing={"hair": "dark"}
    )
    assert set(schema.columns) == {"age", "pressure", "creatinine", "smoker", "ward"}
    assert schema.columns["age"].public and schema.columns["smoker"].protected


def test_unknown_names_are_refused() -> None:
    X, _ = patients()
    for option in ({"public": ["agee"]}, {"exclude": ["nobody"]}, {"levels": {"nothing": ["a"]}}, {"colour": 3}):
        with pytest.raises(ParameterError):
            prepare(linear_model(), X, **option)  # type: ignore[arg-type]


def test_bits_are_the_finest_that_a_column_becomes() -> None:
    X, _ = patients()
    schema, _ = prepare(linear_model(), X, precision=200, bits={"age": 3, "pressure": 4})
    assert schema.columns["age"].size <= 8 and schema.columns["pressure"].size <= 16
    assert schema.columns["creatinine"].size > 16


def test_absent_entries_keep_their_value_or_bit() -> None:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    X, risk = numbers_only()
    holes = X.assign(pressure=X.pressure.mask(X.index % 7 == 0))
    imputing = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=5000)).fit(holes, labels(risk))
    stated = {"pressure": float(holes.pressure.mean())}
    schema, function = prepare(imputing, holes, labels(risk), missing=stated)
    assert schema.columns["pressure"].missing == stated["pressure"] and measured(function)[1] <= 0.002
    indicating = make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression(max_iter=5000))
    indicating.fit(holes, labels(risk))
    with_bit, function = prepare(indicating, holes, labels(risk), missing={"pressure": "bit"})
    assert with_bit.n == 4 and with_bit.columns["pressure"].size < 255 and measured(function)[1] <= 0.002


def test_clinical_ranges_are_cut_as_they_are() -> None:
    X, risk = numbers_only()
    model = pyfe.Linear({"age": 0.05, "pressure": 0.02, "creatinine": 0.9}, intercept=-6.5, link="logit")
    clinical = pyfe.Schema.from_ranges(
        {"age": (18, 100), "pressure": (60, 220), "creatinine": (0.2, 8.0)}, public=["age"]
    )
    schema, _ = prepare(model, X, labels(risk), schema=clinical)
    for name, column in clinical.columns.items():
        ours = schema.columns[name]
        assert (ours.lo, ours.hi, ours.public) == (column.lo, column.hi, column.public)  # type: ignore[attr-defined]
        assert ours.size < column.size
    with pytest.raises(ParameterError, match="has its own bits"):
        prepare(model, X, schema=clinical, bits=6)


def test_a_protected_form_keeps_its_direction() -> None:
    wide = pyfe.Schema.from_ranges(
        {"age": pyfe.number(0, 120, step=1), "pressure": pyfe.number(60, 180, step=1)},
        protected_forms={"gap": {"pressure": 1, "age": -1}},
    )
    cut = wide.with_steps({"age": 40, "pressure": 60})
    # three years a step, two units a step: 2 (pressure steps) - 3 (age steps)
    assert cut.to_dict()["protected_forms"] == [{"name": "gap", "weights": {"age": -3, "pressure": 2}}]
    assert [column.size for column in cut.columns.values()] == [41, 61]
    assert wide.with_steps({}) == wide and wide.with_steps({"age": 1000}) == wide
    for wrong in ({"nobody": 3}, {"age": 0}, {"age": 1.5}):
        with pytest.raises(ParameterError):
            wide.with_steps(wrong)  # type: ignore[arg-type]


def test_nothing_that_bends_is_hidden_between_two_codes() -> None:
    """A column of one step has two codes, and compile still looks at the rows between."""
    X, risk = numbers_only()
    with pytest.raises(UnsupportedModelError):
        prepare(lambda rows: rows[:, 0] / 60 + np.abs(rows[:, 1] - 130), X, noisy(risk))


def test_trees_have_a_schema_of_their_own() -> None:
    from sklearn.ensemble import GradientBoostingClassifier

    X, risk = numbers_only()
    model = GradientBoostingClassifier(n_estimators=5, max_depth=2).fit(X, labels(risk))
    schema, function = prepare(model, X, labels(risk))
    own = pyfe.schema_for_trees(model)
    assert schema == own
    assert function.width_bits < pyfe.compile(model, own, reference=X).width_bits, "the score is coarser"
    with pytest.raises(ParameterError, match="schema of their thresholds, without margin"):
        prepare(model, X, labels(risk), margin=0.2)


@pytest.mark.parametrize("precision", [0, -3, 0.5, float("nan"), float("inf"), 2**17, "coarse", None, True])
def test_precisions_that_are_none(precision: Any) -> None:
    X, _ = patients()
    with pytest.raises(ParameterError, match="precision is"):
        prepare(linear_model(), X, precision=precision)


def test_columns_that_are_too_coarse_warn() -> None:
    X, risk = patients()
    with pytest.warns(UserWarning, match="the finest grid tried loses"):
        _, function = prepare(linear_model(), X, labels(risk), bits=1)
    assert measured(function)[1] > 0.002


def test_a_score_that_does_not_vary_is_refused() -> None:
    X, _ = patients()
    same = X.assign(age=60.0, pressure=130.0)
    with pytest.raises(UnsupportedModelError, match="does not vary"):
        prepare(pyfe.Linear({"age": 1.0, "pressure": 1.0}), same)


@pytest.mark.parametrize("schema", ["x", 7, {"age": (0, 1)}])
def test_a_schema_is_a_schema(schema: Any) -> None:
    X, _ = patients()
    with pytest.raises(ParameterError, match=r"schema= is a pyfe\.Schema"):
        prepare(pyfe.Linear({"age": 1.0}), X, schema=schema)


def test_columns_that_are_not_in_the_table_are_named() -> None:
    X, _ = patients()
    with pytest.raises(ParameterError, match="the model takes 'weight', and the table has 'age', 'pressure'"):
        prepare(pyfe.Linear({"weight": 1.0}), X)
    with pytest.raises(ParameterError, match="the model takes no column"):
        prepare(pyfe.Linear({}), X)


@pytest.mark.parametrize("model", [{"age": 1e300, "pressure": 1e300}, {"age": 1e300}, {"age": 1e120}])
@pytest.mark.filterwarnings("error")
def test_results_beyond_what_can_be_squared(model: dict[str, float]) -> None:
    X, _ = patients()
    with pytest.raises(UnsupportedModelError, match=r"results reach .*1e\+100 is the most|NaN or infinite"):
        prepare(pyfe.Linear(model), X)


@pytest.mark.parametrize("outcome", ["relapse", {"a": 1}, 7])
def test_an_outcome_that_is_one_value_is_called_so(outcome: Any) -> None:
    X, _ = patients()
    with pytest.raises(ParameterError, match="'y' is one value"):
        prepare(pyfe.Linear({"age": 1.0}), X, outcome)


def test_a_schema_that_publishes_its_population_has_a_function_of_its_own() -> None:
    X, risk = patients()
    model = pyfe.Linear({"age": 0.05, "pressure": 0.02, "creatinine": 0.9}, link="logit")
    plain, _ = prepare(model, X, labels(risk))
    schema, function = prepare(model, X, labels(risk), publish=True)
    assert (
        schema.population is not None
        and function.schema_id == schema.id == schema_for(model, X, labels(risk), publish=True).id
    )
    assert schema.id != plain.id and [*map(str, schema.columns.values())] == [*map(str, plain.columns.values())]
    authority = pyfe.KeyAuthority.create(schema)
    assert authority.reference is not None and isinstance(authority.check(function), list)
    with pytest.warns(UserWarning, match="does not; publish=True"):
        again, _ = prepare(model, X, schema=schema)
    assert again.population is None
    with pytest.raises(ParameterError, match="at least 100 rows"):
        prepare(model, X[:99], publish=True)
    with pytest.raises(ParameterError, match="publish is True or False"):
        prepare(model, X, publish="yes")  # type: ignore[arg-type]


def test_a_protected_column_that_the_model_does_not_take_is_said_to_be_left_out() -> None:
    X, risk = patients()
    model = pyfe.Linear({"age": 0.05, "pressure": 0.02, "smoker": {"yes": 0.7}}, link="logit")
    schema, function = prepare(model, X, labels(risk), protected=["smoker", "hair"])
    assert schema.columns["smoker"].protected and "hair" not in schema.columns
    told = dict(function.remarks)["protected"]
    assert told.startswith("'hair': no column of the model") and "not judged" in told
    assert "protected" not in dict(prepare(model, X, labels(risk), protected=["smoker"])[1].remarks)


def test_a_population_that_is_not_published_again_is_said_where_it_was_asked() -> None:
    X, risk = patients()
    given = pyfe.leakage.published(X, pyfe.Schema.fit(X))
    for ask in (prepare, schema_for):
        with pytest.warns(UserWarning, match="publishes a population") as caught:
            ask(linear_model(), X, labels(risk), schema=given, precision=8)
        assert [one.filename for one in caught if "population" in str(one.message)] == [__file__]
