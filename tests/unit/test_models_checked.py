"""A model is right or refused: rows by name, one quantity a model, cuts, links, absent entries, the owner's own rows.

Every refusal is built so that only the check it is about can refuse: the same model without the one thing that is wrong
compiles (``accepted``). Models of other libraries come twice: as they are, where the library is there, and as a few
lines that behave like them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import pyfe
from pyfe.errors import ParameterError, PyfeError, UnsupportedModelError
from pyfe.models import compile, from_callable
from pyfe.models.checking import _every_code
from pyfe.models.real.affine import AffineMap
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.real.squares import RealSquares
from pyfe.models.sources.intake import intake_of
from pyfe.schema import Schema, category, number, thresholds

RNG = np.random.default_rng(3)
X = pd.DataFrame(RNG.normal(size=(300, 3)), columns=["a", "b", "c"])
Y = 100 * X["a"] + 10 * X["b"] + X["c"]
COLUMNS = {"c": (-6, 6), "a": (-6, 6), "b": (-6, 6)}
"""Another order than the models'."""
SCHEMA = Schema.from_ranges(COLUMNS, bits=10)


def off(function: pyfe.Function, wanted: Any, table: pd.DataFrame = X) -> float:
    """How far the integers are beyond their bound of what a model says about decoded rows."""
    schema = function.schema
    assert schema is not None
    x = schema.encode(table, "clip")
    decoded = pd.DataFrame(schema.decode_columns(x.x))
    difference = np.asarray(wanted(decoded)).reshape(len(table), -1) - function.decision_function(
        function.evaluate(x)
    ).reshape(len(table), -1)
    return float((np.abs(difference).max(axis=0) - function.max_error).max())


# -- rows by name --


class Named:
    """A regression that takes columns in its own order; names as a library shows them."""

    def __init__(self, **shown: Any) -> None:
        self.__dict__.update(shown)

    def predict(self, rows: Any) -> np.ndarray:
        return np.asarray(np.asarray(rows, dtype=float) @ [100.0, 10.0, 1.0])


class Booster(Named):
    def feature_name(self) -> list[str]:
        return ["a", "b", "c"]


class Wrapper(Named):
    def get_booster(self) -> Any:
        return Named(feature_names=["a", "b", "c"])


class Result(Named):
    """As statsmodels: names in ``model.exog_names``, a constant column among them."""

    params = np.ones(4)

    def predict(self, rows: Any) -> np.ndarray:
        return np.asarray(np.asarray(rows, dtype=float) @ [7.0, 100.0, 10.0, 1.0])


def result(**more: Any) -> Result:
    exog = X.copy()
    exog.insert(0, "const", 1.0)
    return Result(model=Named(exog_names=list(exog), data=Named(orig_exog=exog, const_idx=0), **more))


NAMED = {
    "feature_names_in_": Named(feature_names_in_=np.array(["a", "b", "c"])),
    "feature_names_": Named(feature_names_=["a", "b", "c"]),
    "feature_name()": Booster(),
    "feature_names": Named(feature_names=["a", "b", "c"]),
    "get_booster()": Wrapper(),
    "model.exog_names": result(),
    "inside a pipeline": Named(steps=[("only", Named(feature_names_=["a", "b", "c"]))]),
    "inside a search": Named(best_estimator_=Named(feature_names_=["a", "b", "c"])),
    "inside an ensemble": Named(estimators_=[Named(feature_names_=["a", "b", "c"])]),
}


@pytest.mark.parametrize("source", NAMED)
def test_rows_go_by_name_wherever_a_model_has_names(source: str) -> None:
    constant = 7.0 if source == "model.exog_names" else 0.0
    function = compile(NAMED[source], SCHEMA, reference=X)
    assert off(function, lambda t: constant + t[["a", "b", "c"]].to_numpy() @ [100.0, 10.0, 1.0]) <= 0
    assert "by position" not in str(function.report())


@pytest.mark.parametrize("source", NAMED)
def test_names_that_are_not_the_schemas_are_refused_by_name(source: str) -> None:
    other = Schema.from_ranges({"c": (-6, 6), "A": (-6, 6), "b": (-6, 6)})
    with pytest.raises(ParameterError, match="fitted on 'a', not in the schema"):
        compile(NAMED[source], other)


@pytest.mark.parametrize(
    "names", [["x1", "x2", "x3"], ["Column_0", "Column_1", "Column_2"], ["f0", "f1", "f2"], ["0", "1", "2"]]
)
def test_names_that_a_library_makes_up_are_none(names: list[str]) -> None:
    function = compile(Named(feature_names_=names), SCHEMA)
    assert off(function, lambda t: t[["c", "a", "b"]].to_numpy() @ [100.0, 10.0, 1.0]) <= 0
    assert "by position, in the schema's order" in str(function.report())
    swapped = Schema.from_ranges({name: (-6, 6) for name in (names[1], names[0], names[2])})
    with pytest.raises(ParameterError, match="of these names in another order"):
        compile(Named(feature_names_=names), swapped)
    in_order = Schema.from_ranges({name: (-6, 6) for name in names})
    assert compile(Named(feature_names_=names), in_order).n == 3


def statsmodels_results() -> dict[str, Callable[[], Any]]:
    def fitted(kind: str, *, constant: bool, array: bool = False, **options: Any) -> Any:
        sm = pytest.importorskip("statsmodels.api")
        exog = sm.add_constant(X) if constant else X
        return getattr(sm, kind)(Y, exog.to_numpy() if array else exog, **options).fit()

    return {
        "OLS": lambda: fitted("OLS", constant=False),
        "OLS with a constant": lambda: fitted("OLS", constant=True),
        "WLS": lambda: fitted("WLS", constant=True, weights=np.linspace(1, 2, len(X))),
        "QuantReg": lambda: fitted("QuantReg", constant=True),
        "GLM": lambda: fitted("GLM", constant=True),
    }


@pytest.mark.parametrize("kind", statsmodels_results())
def test_results_of_statsmodels(kind: str) -> None:
    """At the version before: by position, off by hundreds."""
    found = statsmodels_results()[kind]()
    function = compile(found, SCHEMA, reference=X)

    def theirs(t: pd.DataFrame) -> Any:
        return np.insert(t[["a", "b", "c"]].to_numpy(), 0, 1.0, axis=1)[:, -len(found.params) :] @ np.asarray(
            found.params
        )

    assert off(function, theirs) <= 0


def test_results_of_statsmodels_on_arrays_and_formulas() -> None:
    sm = pytest.importorskip("statsmodels.api")
    by_position = sm.OLS(Y.to_numpy(), sm.add_constant(X[["c", "a", "b"]].to_numpy())).fit()
    function = compile(by_position, SCHEMA)
    assert off(function, lambda t: np.insert(t.to_numpy(), 0, 1.0, axis=1) @ by_position.params) <= 0
    assert "by position" in str(function.report())

    import statsmodels.formula.api as smf

    table = X.assign(y=Y + (X["b"] > 0), site=np.where(X["b"] > 0, "u", "v"), unused=1.0)
    formula = smf.ols("y ~ a * c + C(site)", table).fit()
    schema = Schema.from_ranges({"site": ["u", "v"], "c": (-6, 6), "a": (-6, 6)})
    assert off(compile(formula, schema, reference=table), formula.predict, table) <= 0
    with pytest.raises(ParameterError, match="'c', not in the schema"):
        compile(formula, Schema.from_ranges({"site": ["u", "v"], "a": (-6, 6)}))


def test_links_and_offsets_of_statsmodels() -> None:
    sm = pytest.importorskip("statsmodels.api")
    exog, noise = sm.add_constant(X), np.random.default_rng(0).normal(size=len(X))
    sick, counts = (X["a"] + noise > 0).astype(int), np.round(np.exp(0.3 * X["a"]))
    logit = compile(sm.Logit(sick, exog).fit(disp=0), SCHEMA, reference=X)
    assert (logit.link, logit.classes) == ("logit", (0, 1))
    assert compile(sm.GLM(sick, exog, family=sm.families.Binomial()).fit(), SCHEMA).link == "logit"
    assert compile(sm.GLM(counts, exog, family=sm.families.Poisson()).fit(), SCHEMA).link == "exp"
    with pytest.raises(UnsupportedModelError, match=r"link LogC of GLM is none of .*compile its linear predictor"):
        compile(sm.GLM(sick, exog, family=sm.families.Binomial(sm.families.links.LogC())).fit(), SCHEMA)
    accepted = sm.GLM(Y, exog).fit()
    assert compile(accepted, SCHEMA).k == 1
    with pytest.raises(UnsupportedModelError, match="fitted with offset="):
        compile(sm.GLM(Y, exog, offset=np.full(len(X), 3.5)).fit(), SCHEMA)
    with pytest.raises(UnsupportedModelError, match="fitted with exposure="):
        compile(sm.Poisson(counts, exog, exposure=np.full(len(X), 30.0)).fit(disp=0), SCHEMA)


def test_parameters_of_a_result_are_no_columns() -> None:
    """Dispersions and thresholds stand behind the columns in ``exog_names``."""
    own = result()
    own.model.exog_names = [*own.model.exog_names, "alpha"]
    assert intake_of(own).names == ("a", "b", "c")
    sm = pytest.importorskip("statsmodels.api")
    counts = np.random.default_rng(0).poisson(np.exp(0.3 * X["a"]))
    model = sm.NegativeBinomial(counts, sm.add_constant(X)).fit(disp=0)
    assert compile(model, SCHEMA).link == "exp"


def test_a_score_under_another_name_is_told() -> None:
    with pytest.raises(UnsupportedModelError, match=r"score under another name.*pyfe.from_callable\("):
        compile(SimpleNamespace(risk_of=None), SCHEMA)


def test_a_column_that_did_not_vary_is_still_a_column() -> None:
    """A result takes it for its constant; a schema that has it means the column."""
    schema = Schema.from_ranges({"c": (-6, 6), "const": (0, 3), "a": (-6, 6), "b": (-6, 6)}, bits=10)
    table = X.assign(const=np.linspace(0, 3, len(X)))
    wanted = [7.0, 100.0, 10.0, 1.0]
    assert off(compile(result(), schema), lambda t: t[["const", "a", "b", "c"]].to_numpy() @ wanted, table) <= 0


def test_an_offset_is_refused_without_the_library_too() -> None:
    assert compile(result(offset=None, exposure=None), SCHEMA).k == 1
    assert compile(result(offset=np.zeros(300)), SCHEMA).k == 1
    with pytest.raises(UnsupportedModelError, match="fitted with offset="):
        compile(result(offset=np.full(300, 3.5)), SCHEMA)


def test_catboost_goes_by_name() -> None:
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostRegressor(
        iterations=8, depth=2, border_count=4, verbose=0, allow_writing_files=False, thread_count=1
    ).fit(X, Y)
    borders: dict[str, list[float]] = {}
    for index, cuts in enumerate(model.get_borders().values()):
        # CatBoost tests float32(value) > border
        middles = [(np.float64(b) + np.float64(np.nextafter(np.float32(b), np.float32(np.inf)))) / 2 for b in cuts]
        borders[model.feature_names_[index]] = [
            float(m if np.float32(m) > np.float32(b) else np.nextafter(m, np.inf))
            for m, b in zip(middles, cuts, strict=True)
        ]
    schema = Schema({name: thresholds(borders[name]) for name in ("c", "a", "b") if borders[name]})
    function = compile(model, schema, reference=X)
    difference = model.predict(X) - function.decision_function(function.evaluate(X))
    assert np.abs(difference).max() <= function.max_error[0]
    printed = Schema(
        {name: thresholds(model.get_borders()["abc".index(name)]) for name in ("c", "a", "b") if borders[name]}
    )
    with pytest.raises(UnsupportedModelError, match="at and between the cuts"):
        compile(model, printed)


# -- one quantity a model --


@pytest.mark.parametrize("last", [PCA(2), FactorAnalysis(2), StandardScaler()])
def test_what_only_transforms_is_refused(last: Any) -> None:
    for model in (last, make_pipeline(StandardScaler(), last)):
        with pytest.raises(UnsupportedModelError, match="only transforms rows, it predicts nothing"):
            compile(model.fit(X), SCHEMA, reference=X)


def test_a_model_with_probabilities_alone_says_what_would_work() -> None:
    class Shares:
        classes_ = np.array([0, 1])

        def predict_proba(self, rows: Any) -> np.ndarray:
            p = 1 / (1 + np.exp(-np.asarray(rows)[:, 0]))
            return np.stack([1 - p, p], axis=1)

    with pytest.raises(UnsupportedModelError, match=r"probabilities but no decision_function.*pyfe.from_callable\("):
        compile(Shares(), SCHEMA)


# -- cuts --


class Stumps:
    """A sum of stumps and one product, with a test of its own kind."""

    cuts = ((1.5, 2.7), (0.3,))

    def __init__(self, test: Callable[[Any, float], Any], slope: float = 0.0) -> None:
        self.test, self.slope = test, slope

    def predict(self, rows: Any) -> np.ndarray:
        rows = np.asarray(rows, dtype=float)
        first = [self.test(rows[:, 0], cut) for cut in self.cuts[0]]
        second = self.test(rows[:, 1], self.cuts[1][0])
        return np.asarray(2.0 * first[0] + 3.0 * first[1] * second + 1.0 * second + self.slope * rows[:, 1])


CUTS = Schema({"p": thresholds(Stumps.cuts[0]), "q": thresholds(Stumps.cuts[1])})
TESTS = {
    "scikit-learn's histograms, LightGBM: value > cut": lambda v, cut: v > cut,
    "XGBoost: float32(value) < cut": lambda v, cut: ~(v.astype(np.float32) < np.float32(cut)),
    "CatBoost: float32(value) > cut": lambda v, cut: v.astype(np.float32) > np.float32(cut),
    "a cut in float32": lambda v, cut: v >= np.float64(np.float32(cut)),
    "a cut that is rounded": lambda v, cut: v >= cut + 1e-9,
}


def test_cuts_that_are_the_models_own_are_accepted() -> None:
    function = compile(Stumps(lambda v, cut: v >= cut), CUTS)
    assert function.kind == "quadratic" and function.max_error[0] < 0.1


@pytest.mark.parametrize("kind", TESTS)
def test_cuts_that_another_test_uses_are_refused(kind: str) -> None:
    """On all decoded rows, middles of the gaps, each of these is the accepted one."""
    with pytest.raises(
        UnsupportedModelError, match=r"at and between the cuts.*column '[pq]' at its cut (0\.3|1\.5|2\.7)"
    ):
        compile(Stumps(TESTS[kind]), CUTS)


def test_a_model_that_is_not_constant_between_cuts_is_refused() -> None:
    """A slope is a step between two middles: LightGBM's linear_tree, Ridge."""
    with pytest.raises(UnsupportedModelError, match="at and between the cuts.*column 'q' at its cut 0.3"):
        compile(Stumps(lambda v, cut: v >= cut, slope=0.5), CUTS)
    one_cut = Schema({name: thresholds([0.0]) for name in ("a", "b", "c")})
    with pytest.raises(UnsupportedModelError, match="at and between the cuts"):
        compile(Ridge().fit(X, Y), one_cut)


def test_lightgbm_and_xgboost() -> None:
    lightgbm, xgboost = pytest.importorskip("lightgbm"), pytest.importorskip("xgboost")
    table = X.round(3)  # cuts of histograms are values of the data
    options: dict[str, Any] = {"n_estimators": 5, "max_depth": 2, "n_jobs": 1}
    forest = lightgbm.LGBMRegressor(**options, verbose=-1).fit(table, Y)
    frame = forest.booster_.trees_to_dataframe().dropna(subset=["threshold"])
    printed = {name: sorted({float(t) for t in rows["threshold"]}) for name, rows in frame.groupby("split_feature")}
    rest = {name: thresholds([0.0]) for name in table.columns}  # no tree tests these, and the model takes them
    own = Schema({**rest, **{name: thresholds(np.nextafter(cuts, np.inf)) for name, cuts in printed.items()}})
    function = compile(forest, own, reference=table)
    assert (
        np.abs(forest.predict(table) - function.decision_function(function.evaluate(table))).max() <= function.max_error
    )
    with pytest.raises(UnsupportedModelError, match="at and between the cuts"):
        compile(forest, Schema({**rest, **{name: thresholds(cuts) for name, cuts in printed.items()}}))
    sloped = lightgbm.LGBMRegressor(**options, verbose=-1, linear_tree=True).fit(table, Y)
    with pytest.raises(UnsupportedModelError, match="linear functions.*fit with linear_tree=False"):
        compile(sloped, Schema({name: thresholds([-0.5, 0.5]) for name in table.columns}))

    boosted = xgboost.XGBRegressor(**options, tree_method="hist").fit(table, Y)
    tests = boosted.get_booster().trees_to_dataframe().dropna(subset=["Split"])
    cuts = {name: sorted({float(t) for t in rows["Split"]}) for name, rows in tests.groupby("Feature")}
    with pytest.raises(UnsupportedModelError, match="at and between the cuts"):
        compile(boosted, Schema({**rest, **{name: thresholds(values) for name, values in cuts.items()}}))


# -- absent entries --


class NaNsBothWays(Stumps):
    """As boosted trees: one test sends NaN to the right, another to the left."""

    def predict(self, rows: Any) -> np.ndarray:
        values = super().predict(rows)
        return np.asarray(values + 0.7 * np.isnan(np.asarray(rows, dtype=float)[:, 0]))


def test_no_single_value_stands_for_nan_in_trees() -> None:
    marked = Schema({"p": thresholds(Stumps.cuts[0], missing=2.0), "q": thresholds(Stumps.cuts[1])})
    assert compile(NaNsBothWays(lambda v, cut: v >= cut), CUTS).kind == "quadratic", "nothing may be absent here"
    fill = Stumps(lambda v, cut: np.where(np.isnan(v), 2.0, v) >= cut)
    assert compile(fill, marked).kind == "quadratic", "the model's own value is the schema's"
    with pytest.raises(UnsupportedModelError, match=r"an absent cell.*column 'p'.*in its own way"):
        compile(NaNsBothWays(lambda v, cut: np.where(np.isnan(v), 2.0, v) >= cut), marked)


def test_xgboost_trained_with_nan() -> None:
    xgboost = pytest.importorskip("xgboost")
    holes = X.mask(np.random.default_rng(1).random(X.shape) < 0.3)
    model = xgboost.XGBRegressor(n_estimators=8, max_depth=2, n_jobs=1).fit(holes, Y)
    tests = model.get_booster().trees_to_dataframe().dropna(subset=["Split"])
    columns = {name: thresholds([0.0], missing=0.0) for name in X.columns}
    for name, rows in tests.groupby("Feature"):
        below = [np.nextafter(np.float32(t), np.float32(-np.inf)) for t in sorted({float(t) for t in rows["Split"]})]
        middle = [(float(b) + float(np.nextafter(b, np.float32(np.inf)))) / 2 for b in below]
        own = [m if np.float32(m) > b else float(np.nextafter(m, np.inf)) for m, b in zip(middle, below, strict=True)]
        columns[str(name)] = thresholds(own, missing=float(holes[name].median()))
    assert compile(model, Schema({name: thresholds(column.cuts) for name, column in columns.items()})).k == 1
    with pytest.raises(UnsupportedModelError, match="sends an absent entry"):
        compile(model, Schema(columns))
    with pytest.raises(UnsupportedModelError, match="sends an absent entry"):
        compile(model, Schema(columns), reference=holes)


HOLES = X.assign(a=X["a"].mask(np.random.default_rng(2).random(len(X)) < 0.3))


@pytest.mark.parametrize(
    ("imputer", "likely"),
    [
        (SimpleImputer(add_indicator=True), r"SimpleImputer, add_indicator=True\).*missing=\"bit\""),
        (SimpleImputer(strategy="constant", fill_value=3.0), r"SimpleImputer\).*statistics_"),
        (KNNImputer(), r"KNNImputer\).*no single value can stand for"),
    ],
)
@pytest.mark.parametrize("given", [True, False])
def test_absent_entries_are_not_excepted(imputer: Any, likely: str, given: bool) -> None:
    target = Y + 50 * HOLES["a"].isna()
    marked = Schema.from_ranges(COLUMNS, bits=10, missing={"a": float(HOLES["a"].mean())})
    accepted = make_pipeline(SimpleImputer(), Ridge()).fit(HOLES, target)
    assert compile(accepted, marked, reference=HOLES).k == 1
    model = make_pipeline(imputer, Ridge()).fit(HOLES, target)
    assert compile(model, SCHEMA, reference=X).k == 1, "with nothing absent it is affine"
    rows = "reference rows, as they came" if given else "an absent cell"
    with pytest.raises(UnsupportedModelError, match=rf"{rows}.*column 'a'; likely step .*{likely}"):
        compile(model, marked, reference=HOLES if given else None)


def test_rows_that_a_model_does_not_take_are_counted() -> None:
    marked = Schema.from_ranges(COLUMNS, bits=10, missing={"a": 0.0})
    function = compile(Ridge().fit(X, Y), marked, reference=HOLES)
    told = dict(function.report().lines())["checked"]
    assert f"{int(HOLES['a'].isna().sum())} with absent cells that the model does not take" in told


# -- single values --


def at(value: float, shift: float = 1000.0) -> Callable[[Any], Any]:
    """A linear function that is another one at a single value of its first column."""
    return lambda rows: rows @ np.arange(1.0, rows.shape[1] + 1) + shift * (rows[:, 0] == value)


WIDE = Schema({"dose": number(0, 131071, step=1), "b": number(-4, 4, bits=8)})
NARROW = Schema({"dose": number(0, 65535, step=1), "b": number(-4, 4, bits=8)})
HALVES = Schema({"dose": number(0, 500, bits=16), "b": number(-4, 4, bits=8)})


def doses(*values: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    table = np.stack([rng.integers(0, 400, 60).astype(float), rng.uniform(-4, 4, 60)], axis=1)
    table[: len(values), 0] = values
    return table


@pytest.mark.parametrize("value", [0.0, 9.0, 99.0, 999.0, 7777.0, 99998.0, 33.3, 31337.0])
def test_values_inside_a_range_that_mean_absent(value: float) -> None:
    """Without a reference: every code of a narrow column, and values of habit in a wide one."""
    if value == int(value) and 0 < value <= 65535:  # the ends of a range are among the first rows that are asked
        with pytest.raises(UnsupportedModelError, match="every code of the small columns.*column 'dose'"):
            compile(at(value), NARROW)
    if value == 0.0:
        with pytest.raises(UnsupportedModelError, match="neither affine nor quadratic"):
            compile(at(value), WIDE)
    elif value in (33.3, 31337.0):  # what cannot be known without the rows, and the docs say so
        assert compile(at(value), WIDE).k == 1
    else:
        with pytest.raises(UnsupportedModelError, match="values that often mean \"absent\".*column 'dose'"):
            compile(at(value), WIDE)


def test_a_steps_own_missing_value_is_tried() -> None:
    class Imputing(Named):
        def predict(self, rows: Any) -> np.ndarray:
            return np.asarray(at(31337.0)(rows))

    assert compile(Imputing(), WIDE).k == 1
    with pytest.raises(UnsupportedModelError, match=r"missing_values=31337.*replace it by NaN before"):
        compile(Imputing(missing_values=31337), WIDE)


def test_reference_rows_as_the_schema_decodes_them() -> None:
    assert compile(at(31337.0), WIDE, reference=doses()).k == 1
    with pytest.raises(
        UnsupportedModelError, match=r"2 of 60 rows \(reference rows, as the schema decodes.*rows 0, 1;"
    ):
        compile(at(31337.0), WIDE, reference=doses(31337.0, 31337.0))


def test_reference_rows_as_they_came() -> None:
    """The code nearest to 123.4567 decodes to another value, so decoded rows are right."""
    assert compile(at(123.4567), HALVES, reference=doses()).k == 1
    with pytest.raises(UnsupportedModelError, match="1 of 60 rows .reference rows, as they came.*row 0; column 'dose'"):
        compile(at(123.4567), HALVES, reference=doses(123.4567))

    # the same for a quadratic function
    def square(rows: Any) -> Any:
        return rows[:, 0] * rows[:, 1] + 1e4 * (rows[:, 0] == 123.4567)

    assert compile(square, HALVES, reference=doses()).kind == "quadratic"
    with pytest.raises(UnsupportedModelError, match="1 of 60 rows .reference rows, as they came.*row 0; column 'dose'"):
        compile(square, HALVES, reference=doses(123.4567))


def test_clipped_cells_are_excepted_and_counted() -> None:
    table = doses(501.0, 70000.0)
    function = compile(at(1e9), HALVES, reference=table)
    assert "2 with clipped cells excepted" in dict(function.report().lines())["checked"]


def test_rounding_is_explained_and_no_more() -> None:
    """One step of difference is more than half a step."""
    coarse = Schema({"dose": number(0, 400, step=50), "b": number(-4, 4, bits=8)})
    assert compile(lambda rows: rows @ [1.0, 2.0], coarse, reference=doses()).k == 1

    def floor(rows: Any) -> Any:
        return 50 * np.floor(rows[:, 0] / 50) + 2 * rows[:, 1]

    with pytest.raises(UnsupportedModelError, match="as they came.*column 'dose'"):
        compile(floor, coarse, reference=doses())


@pytest.mark.parametrize("kind", ["affine", "quadratic", "squares"])
def test_what_rounding_explains_is_a_bound(kind: str) -> None:
    rng = np.random.default_rng(7)
    weights, units, outputs = rng.normal(size=(2, 3)), rng.normal(size=(4, 4)), rng.normal(size=(2, 4))
    none = np.zeros(2)
    real_map: Any = {
        "affine": AffineMap(weights, none, none),
        "quadratic": RealQuadratic(np.array([1, 2, 3]), np.triu(rng.normal(size=(2, 3, 3))), weights, none, none),
        "squares": RealSquares(units, outputs, rng.normal(size=(2, 4)), none),
    }[kind]
    x, by = rng.integers(0, 9, size=(200, 3)), rng.uniform(0, 0.5, size=(200, 3))
    bound = real_map.moved(x, by)
    for corner in np.stack(np.meshgrid(*[[-1, 1]] * 3), axis=-1).reshape(-1, 3):
        assert (np.abs(real_map(x + corner * by) - real_map(x)) <= bound * (1 + 1e-12)).all()
    if kind == "affine":
        assert (np.abs(real_map(x + by * np.sign(weights[0])) - real_map(x))[:, 0] >= bound[:, 0] * (1 - 1e-9)).all()


def test_every_code_of_small_columns_is_asked() -> None:
    schema = Schema({"n": number(0, 9, step=1), "w": number(0, 1, bits=20), "k": category(["a", "b", "c"])})
    x = np.concatenate(list(_every_code(schema, np.random.default_rng(0))))
    assert len(x) == 10 and set(x[:, 0]) == set(range(10)) and (x[:, 2:].sum(axis=0) > 0).all()


# -- links and predictions --


class Classes:
    """Two classes of a linear decision value; predictions and probabilities as told."""

    classes_ = np.array(["no", "yes"])

    def __init__(self, cut: float = 0.0, wrong_at: float = np.nan) -> None:
        self.cut, self.wrong_at = cut, wrong_at

    def decision_function(self, rows: Any) -> np.ndarray:
        return np.asarray((np.asarray(rows) - [200.0, 0.0]) @ [0.05, 1.0])

    def predict(self, rows: Any) -> np.ndarray:
        return self.classes_[(self.decision_function(rows) > self.cut).astype(int)]

    def predict_proba(self, rows: Any) -> np.ndarray:
        p = 1 / (1 + np.exp(-self.decision_function(rows)))
        p = np.where(np.asarray(rows)[:, 0] == self.wrong_at, 0.5, p)
        return np.stack([1 - p, p], axis=1)


def test_the_link_is_checked_beyond_the_rows_that_found_it() -> None:
    assert compile(Classes(), NARROW).link == "logit"
    with pytest.raises(UnsupportedModelError, match="output of Classes is not the link 'logit' of its decision values"):
        compile(Classes(wrong_at=2345.0), NARROW)
    assert compile(Classes(wrong_at=31337.0), WIDE).link == "logit"
    with pytest.raises(UnsupportedModelError, match="output of Classes is not the link 'logit'"):
        compile(Classes(wrong_at=31337.0), WIDE, reference=doses(31337.0))


@pytest.mark.parametrize("cut", [1e-3, -1e-3, 0.08])
def test_a_threshold_of_its_own_is_found_however_small(cut: float) -> None:
    with pytest.raises(UnsupportedModelError, match="a threshold of its own"):
        compile(Classes(cut=cut), WIDE)


def test_fixed_thresholds_of_scikit_learn() -> None:
    sick = (Y > 0).astype(int)
    for threshold in (0.48, 0.7):
        model = FixedThresholdClassifier(LogisticRegression(C=0.01), threshold=threshold).fit(X, sick)
        function = compile(model, SCHEMA, reference=X)
        decoded = SCHEMA.decode_columns(SCHEMA.encode(X, "clip").x)
        scores, rows = function.evaluate(X, "clip"), pd.DataFrame(decoded)[list(X.columns)]
        clear = np.abs(function.decision_function(scores)) > function.max_error
        assert (function.predict(scores) == model.predict(rows))[clear].all() and clear.mean() > 0.9
        assert (function.predict(scores) != (model.predict_proba(rows)[:, 1] > 0.5)).any()
        with pytest.raises(UnsupportedModelError, match='beside the classes of the threshold.*output="probabilities"'):
            function.predict_proba(scores)
        probable = compile(model, SCHEMA, reference=X, output="probabilities")
        apart = np.abs(probable.predict_proba(scores := probable.evaluate(X, "clip")) - model.predict_proba(rows))
        assert (apart <= probable.output_error(scores)).all()


def test_no_probabilities_are_said_with_the_reason() -> None:
    sick = (Y > 0).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        platt = SVC(kernel="linear", probability=True, random_state=0).fit(X[["c", "a", "b"]].to_numpy(), sick)
        function = compile(platt, SCHEMA)
    assert function.link == "identity" and function.classes == (0, 1)
    assert "none: " in dict(function.report().lines())["probabilities"]
    with pytest.raises(UnsupportedModelError, match=r"no probabilities \(none: .*calibration of its own.*LogisticReg"):
        function.predict_proba(function.evaluate(X, "clip"))


def test_shares_and_half_log_odds_are_probabilities() -> None:
    """A forest's decision value is the share of its trees; an exponential loss has half the log-odds for a score."""
    sick = (Y > 0).astype(int)
    forest = RandomForestClassifier(5, max_depth=2, random_state=0).fit(X, sick)
    exponential = GradientBoostingClassifier(n_estimators=5, max_depth=2, loss="exponential").fit(X, sick)
    for model, link in ((forest, "share"), (exponential, "logit")):
        function = compile(model, pyfe.schema_for_trees(model))
        scores = function.evaluate(X, "clip")
        assert (function.link, function.classes) == (link, (0, 1))
        apart = np.abs(function.predict_proba(scores) - model.predict_proba(X))
        assert (apart <= function.output_error(scores)).all()
    assert dict(function.remarks)["decision value"].startswith("2 times the model's own")


# -- several labels, tables of other libraries --


@pytest.mark.parametrize(
    "model",
    [
        OneVsRestClassifier(LogisticRegression()),
        MultiOutputClassifier(LogisticRegression()),
        make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression())),
    ],
)
def test_several_labels_at_once(model: Any) -> None:
    labels = np.stack([Y > 0, X["b"] > 0], axis=1).astype(int)
    function = compile(model.fit(X, labels), SCHEMA)
    scores = function.evaluate(X, "clip")
    rows = pd.DataFrame(SCHEMA.decode_columns(SCHEMA.encode(X, "clip").x))[list(X.columns)]
    assert (function.link, function.classes) == ("logit_each", None)
    clear = np.abs(function.decision_function(scores)) > function.max_error
    assert (function.predict(scores) == model.predict(rows))[clear].all()
    assert function.predict_proba(scores).sum(axis=1).max() > 1.2
    kept = function.report(X, labels)
    assert kept.metric == "AUC" and kept.metric_quantised > 0.95


@pytest.mark.parametrize(
    ("model", "labels", "reason"),
    [
        (ClassifierChain(LogisticRegression()), [[0, 1], [1, 0]], "fit a MultiOutputClassifier"),
        (MultiOutputClassifier(KNeighborsClassifier()), [[0, 1], [1, 0]], "one model a label"),
        (MultiOutputClassifier(LogisticRegression()), [["a", "b"], ["b", "a"]], r"compile model.estimators_\[i\]"),
    ],
)
def test_several_labels_that_are_refused(model: Any, labels: list[Any], reason: str) -> None:
    with pytest.raises(UnsupportedModelError, match=reason):
        compile(model.fit(X, np.array(labels * (len(X) // 2))), SCHEMA)


class Lazy:
    """A table that is none until it is asked for."""

    columns = property(lambda self: ["a", "b", "c"])

    def __getitem__(self, name: str) -> Any:
        raise TypeError("collect first")


def test_references_that_are_no_tables() -> None:
    model = Ridge().fit(X, Y)
    with pytest.raises(PyfeError):
        compile(model, SCHEMA, reference=Lazy())


def test_a_reader_of_batches_is_read_once() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    model = Ridge().fit(X, Y)
    reader = pyarrow.Table.from_pandas(X).to_reader()
    assert compile(model, SCHEMA, reference=reader) == compile(model, SCHEMA, reference=X)


@pytest.mark.parametrize("library", ["polars", "duckdb"])
def test_lazy_frames_and_relations(library: str) -> None:
    module = pytest.importorskip(library)
    lazy = module.DataFrame({n: X[n].to_numpy() for n in X}).lazy() if library == "polars" else module.from_df(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert compile(Ridge().fit(X, Y), SCHEMA, reference=lazy) == compile(Ridge().fit(X, Y), SCHEMA, reference=X)


def test_survival_forests_say_why() -> None:
    ensemble = pytest.importorskip("sksurv.ensemble")
    y = np.array([(True, t) for t in np.exp(-X["a"])], dtype=[("event", bool), ("time", float)])
    model = ensemble.RandomSurvivalForest(n_estimators=3, max_depth=2, random_state=0).fit(X, y)
    with pytest.raises(UnsupportedModelError, match="RandomSurvivalForest hold survival curves.*GradientBoosting"):
        compile(model, SCHEMA)


# -- answers that are no function of the row --


class Odd:
    """A linear model with one bad habit."""

    def __init__(self, habit: Callable[[np.ndarray, int], Any]) -> None:
        self.habit, self.calls = habit, 0

    def predict(self, rows: Any) -> Any:
        self.calls += 1
        values = np.asarray(rows, dtype=float) @ [3.0, 2.0, 1.0]
        return self.habit(values, self.calls)


def raising(error: BaseException, call: int = 1) -> Callable[[np.ndarray, int], Any]:
    def habit(values: np.ndarray, calls: int) -> Any:
        if calls >= call:
            raise error
        return values

    return habit


@pytest.mark.parametrize(
    ("habit", "complaint"),
    [
        (lambda v, n: v + n, "other values when the same rows are asked again"),
        (lambda v, n: v - v.mean(), "another value when other rows are asked with it"),
        (lambda v, n: np.sort(v), "another value when other rows are asked with it"),
        (lambda v, n: np.where(v > 0, v, np.nan), "NaN or infinite decision values"),
        (lambda v, n: v[:-1], r"gives \d+ values for \d+ rows"),
        (lambda v, n: v.sum(), "0-dimensional"),
        (lambda v, n: v[:, None, None], "3-dimensional"),
        (lambda v, n: [str(value) + "?" for value in v], "ValueError"),
        (lambda v, n: None, "0-dimensional"),
        (lambda v, n: v + 1j, "complex decision values"),
        (lambda v, n: np.ma.masked_greater(v, 0.0), "NaN or infinite decision values"),
    ],
)
def test_answers_that_are_no_function_of_the_row(habit: Any, complaint: str) -> None:
    assert compile(Odd(lambda v, n: v), SCHEMA).k == 1
    with pytest.raises(UnsupportedModelError, match=complaint):
        compile(Odd(habit), SCHEMA)


@pytest.mark.parametrize("call", [1, 2, 5, 8, 10, 12])
@pytest.mark.parametrize(
    "error", [ValueError, TypeError, IndexError, KeyError, MemoryError, RuntimeError, RecursionError]
)
def test_whatever_a_model_raises_is_named(error: type[Exception], call: int) -> None:
    with pytest.raises(UnsupportedModelError, match=error.__name__) as caught:
        compile(Odd(raising(error("a patient called Ann"), call)), SCHEMA, reference=X)
    cause: BaseException | None = caught.value
    while cause is not None and not isinstance(cause, error):
        cause = cause.__cause__
    assert cause is not None, "the cause is chained"
    assert call == 1 or "Ann" not in str(caught.value)


@pytest.mark.parametrize("where", ["classes_", "feature_names_in_", "steps", "predict", "decision_function"])
def test_attributes_that_raise_are_named(where: str) -> None:
    class Broken:
        n_features_in_ = 3

        def predict(self, rows: Any) -> Any:
            return np.asarray(rows) @ [1.0, 2.0, 3.0]

    def fail(self: Any) -> Any:
        raise RuntimeError("half loaded")

    setattr(Broken, where, property(fail))
    for ask in (lambda: compile(Broken(), SCHEMA), lambda: pyfe.Linear.from_estimator(Broken())):
        with pytest.raises(UnsupportedModelError, match="its own code raises RuntimeError"):
            ask()


def test_the_step_that_raises_is_named() -> None:
    class Choosy(StandardScaler):
        def transform(self, rows: Any, copy: Any = None) -> Any:
            if len(rows) > 300:
                raise ValueError("too many rows at once")
            return super().transform(rows)

    model = make_pipeline(Choosy(), Ridge()).fit(X, Y)
    with pytest.raises(UnsupportedModelError, match=r"step 1 'choosy', Choosy\): ValueError: too many rows"):
        compile(model, SCHEMA)


@pytest.mark.parametrize("call", [1, 3, 6, 9, 11])
def test_ctrl_c_passes_through(call: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        compile(Odd(raising(KeyboardInterrupt(), call)), SCHEMA, reference=X)


@pytest.mark.parametrize("kind", ["affine", "quadratic", "cuts"])
def test_a_model_is_asked_about_4096_rows_at_most(kind: str) -> None:
    asked: list[int] = []
    many = np.random.default_rng(0).uniform(-3, 3, size=(10_000, 12))
    ranges: dict[str, Any] = {f"v{i}": number(-4, 4, bits=12) for i in range(12)}
    if kind == "cuts":
        ranges = {f"v{i}": thresholds(np.linspace(-3, 3, 60)) for i in range(12)}

    def f(rows: np.ndarray) -> Any:
        asked.append(len(rows))
        if kind == "cuts":
            return np.searchsorted(np.linspace(-3, 3, 60), rows, side="right") @ np.arange(1.0, 13.0)
        return rows @ np.arange(1.0, 13.0) + (rows[:, 0] * rows[:, 1] if kind == "quadratic" else 0.0)

    function = from_callable(f, Schema(ranges), reference=many, tolerance=0.1)
    function.report(many)
    assert max(asked) <= 4096 and sum(asked) > 30_000


def test_linear_regression_and_everything_beside_it_still_compiles() -> None:
    """The checks accept what is right: text, booleans, levels that are numbers, a log scale, clipped rows."""
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

    rng = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 200),
            "crp": np.exp(rng.normal(2, 1, 200)),
            "site": rng.choice(["north", "south", "west"], 200),
            "stage": rng.choice([1, 2, 4], 200),
            "smoker": rng.random(200) < 0.5,
        }
    )
    model = make_pipeline(
        make_column_transformer(
            (FunctionTransformer(np.log), ["crp"]), (OneHotEncoder(), ["site"]), remainder="passthrough"
        ),
        LinearRegression(),
    ).fit(table, rng.normal(size=200))
    schema = Schema(
        {
            "site": category(["north", "south", "west"]),
            "stage": category([1, 2, 4]),
            "smoker": category([False, True]),
            "crp": number(0.5, 40, bits=10, transform="log"),
            "age": number(20, 85, step=1),
        }
    )
    assert off(compile(model, schema, reference=table), model.predict, table) <= 0
