"""compile on trees that test categories: as each library numbers, names or hashes their levels, absent ones too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models import compile, schema_for_trees
from pyfe.models.sources.registry import from_model
from pyfe.schema import Category, Schema, category, thresholds
from tests.sources.cuts import around_cuts

from .test_models_boosters import X as NUMBERS
from .test_models_boosters import decision, library, of_cat, of_lgb, of_xgb, target, values

STAGES, WARDS = ["I", "II", "III", "IV"], [3, 4, 5, 6, 7]


def drawn() -> pd.DataFrame:
    """Two categories beside the numbers: of text, of which some are absent, and of whole numbers."""
    rng = np.random.default_rng(5)
    rows = NUMBERS[["age", "bmi"]].copy()
    rows["stage"] = pd.Categorical(rng.choice(STAGES, len(rows)), categories=["IV", "II", "I", "III"])
    rows["ward"] = pd.Categorical(rng.choice(WARDS, len(rows)), categories=WARDS)
    rows.loc[rng.random(len(rows)) < 0.1, "stage"] = np.nan
    return rows


X = drawn()
Y = (
    target(NUMBERS)
    + X["stage"].isin(["II", "IV"]).to_numpy()
    + 0.8 * X["ward"].isin([4, 7]).to_numpy()
    + 2.0 * X["stage"].isna().to_numpy()
)
TWO = (np.median(Y) < Y).astype(int)
TEXT = X.assign(stage=X["stage"].astype(object).fillna("none"), ward=X["ward"].astype(int), age=X["age"].fillna(40.0))
EMPTY = X.assign(stage=X["stage"].cat.add_categories("V"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in the tests of numbers."""
    with threadpool_limits(1):
        yield


def xgb(**options: Any) -> Callable[[], Any]:
    options = {"n_estimators": 12, "max_depth": 2, "enable_categorical": True, "n_jobs": 1, **options}
    return lambda: library("xgboost").XGBClassifier(**options).fit(X, TWO)


def lgb(rows: pd.DataFrame = X) -> Callable[[], Any]:
    options = {"n_estimators": 12, "max_depth": 2, "num_leaves": 4, "verbose": -1, "n_jobs": 1, "min_child_samples": 5}
    options |= {"min_data_per_group": 5, "cat_smooth": 1.0, "max_cat_to_onehot": 1}
    return lambda: library("lightgbm").LGBMClassifier(**options).fit(rows, TWO)


def hist() -> Any:
    options = {"max_iter": 12, "max_depth": 2, "min_samples_leaf": 5, "categorical_features": "from_dtype"}
    return HistGradientBoostingClassifier(**options).fit(X, TWO)


def ebm() -> Any:
    options = {"interactions": 2, "max_rounds": 40, "outer_bags": 1, "n_jobs": 1, "max_bins": 12}
    return library("interpret.glassbox").ExplainableBoostingClassifier(**options).fit(X, TWO)


def cat(**options: Any) -> Any:
    options = {"iterations": 12, "depth": 2, "verbose": 0, "allow_writing_files": False, "thread_count": 1, **options}
    model = library("catboost").CatBoostClassifier(cat_features=["stage", "ward"], **options)
    return model.fit(TEXT, TWO)


SOURCES: dict[str, tuple[Callable[[], Any], Callable[[Any, Any], Any]]] = {
    "hist": (hist, decision),
    "xgboost, one level a test": (xgb(max_cat_to_onehot=10), of_xgb),
    "xgboost, sets of levels": (xgb(max_cat_to_onehot=1), of_xgb),
    "lightgbm": (lgb(), of_lgb),
    "lightgbm, a level that no row has": (lgb(EMPTY), of_lgb),
    "EBM": (ebm, decision),
}


def like_training(rows: pd.DataFrame, like: pd.DataFrame = X) -> pd.DataFrame:
    """The rows in the columns and types that a model was fitted on."""
    full = pd.DataFrame({name: rows[name] if name in rows else like[name].iloc[0] for name in like.columns})
    return full.astype({name: like[name].dtype for name in like.columns})


@pytest.mark.parametrize("name", SOURCES)
def test_categories_as_the_library_numbers_them(name: str) -> None:
    fit, margin = SOURCES[name]
    model = fit()
    schema = schema_for_trees(model, missing="bit")
    assert any("stage=II" in one for one in schema.coordinate_names)
    rows = around_cuts(schema)
    like = EMPTY if "no row" in name else X
    table = (
        like_training(rows, like)
        if name != "EBM"
        else rows[[c for c in X.columns if c in rows]].assign(**{c: X[c].iloc[0] for c in X.columns if c not in rows})[
            list(X.columns)
        ]
    )
    theirs, real = values(margin(model, table)), from_model(model, schema)
    assert (np.abs(real.map(schema.encode(rows).x) - theirs) <= real.map.error + 1e-9 * np.ptp(theirs)).all()
    for one in (schema, Schema(dict(reversed(schema.columns.items())))):
        function = compile(model, one, weight_bits=14)
        scores = function.evaluate(rows)
        assert (np.abs(values(function.decision_function(scores)) - theirs) <= function.max_error).all()
        assert np.abs(function.predict_proba(scores) - model.predict_proba(table)).max() <= function.max_error.max()


def test_catboost_keeps_hashes() -> None:
    """The levels are stated, and the model is asked which test is true of which."""
    model = cat(one_hot_max_size=10)
    with pytest.raises(UnsupportedModelError, match="keeps hashes.*levels="):
        schema_for_trees(model)
    levels = {"stage": [*STAGES, "none"], "ward": WARDS}
    with pytest.raises(ParameterError, match="levels: there is no column 'stages'"):
        schema_for_trees(model, levels={"stages": STAGES})
    schema = schema_for_trees(model, levels=levels)
    rows = around_cuts(schema)
    table = like_training(rows, TEXT)
    theirs, function = of_cat(model, table), compile(model, schema, weight_bits=14)
    assert isinstance(schema.columns["stage"], Category)
    assert np.ptp(theirs) > 1
    assert np.abs(function.decision_function(function.evaluate(rows)) - theirs).max() <= function.max_error
    with pytest.raises(UnsupportedModelError, match=r'no absent entries.*missing="bit"'):
        compile(model, schema_for_trees(model, levels=levels, missing={"stage": "bit"}))


def test_whole_numbers_as_categories_of_lightgbm() -> None:
    """Without pandas the whole part of a number is its category: cuts all the same, also around -1 and 0."""
    lightgbm = library("lightgbm")
    rows = np.column_stack([NUMBERS["bmi"], X["ward"].astype(float) - 4.0])
    options = {"max_depth": 2, "num_leaves": 4, "verbose": -1, "num_threads": 1, "min_data_per_group": 5}
    options |= {"cat_smooth": 1.0, "max_cat_to_onehot": 1, "objective": "binary", "min_data_in_leaf": 5}
    model = lightgbm.train(options, lightgbm.Dataset(rows, label=TWO, categorical_feature=[1]), 10)
    schema = schema_for_trees(model, missing="bit")
    table = around_cuts(schema)
    theirs = model.predict(table[["x0", "x1"]].to_numpy(), raw_score=True)
    real = from_model(model, schema)
    assert np.abs(real.map(schema.encode(table).x)[:, 0] - theirs).max() <= real.map.error[0]


def test_a_category_where_the_schema_has_none() -> None:
    model = hist()
    schema = schema_for_trees(model, missing="bit")
    number = Schema({**schema.columns, "ward": thresholds([3.5, 5.5], missing="bit")})
    with pytest.raises(ParameterError, match="levels of 'ward'.*schema_for_trees"):
        compile(model, number)
    text = Schema({**schema.columns, "age": category(["old", "young"])})
    with pytest.raises(ParameterError, match="test 'age' as a number"):
        compile(model, text)


def test_target_statistics_are_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="statistic of the targets.*one_hot_max_size"):
        schema_for_trees(cat(one_hot_max_size=1))
    with pytest.raises(UnsupportedModelError, match="SymmetricTree"):
        schema_for_trees(cat(one_hot_max_size=10, grow_policy="Lossguide", max_leaves=4))
