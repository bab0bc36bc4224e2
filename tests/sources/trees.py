"""Ensembles of trees of five libraries, on rows at, beside and between all their cuts, and absent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from pyfe.models import schema_for_trees
from tests.sources.cuts import around_cuts, for_the_model
from tests.sources.data import Data
from tests.sources.registry import Fitted, refused, source
from tests.unit.test_models_boosters import PLAIN, SOURCES, Row, X, Y, lgb
from tests.unit.test_models_boosters_categories import SOURCES as CATEGORIES
from tests.unit.test_models_boosters_categories import X as WITH_CATEGORIES
from tests.unit.test_models_boosters_categories import cat as cat_of_categories
from tests.unit.test_models_boosters_refused import DEEP

_LIBRARIES = {"xgboost": "XGBoost", "lightgbm": "LightGBM", "catboost": "CatBoost", "EBM": "interpret"}


def library_of(name: str) -> str:
    """The library that a name begins with; scikit-learn's own trees have their own names."""
    first = name.split(",")[0].split(" ")[0]
    return _LIBRARIES.get(first, "scikit-learn")


def fitted(row: Row) -> Fitted:
    """The model, and the rows that it is tried on: all of its cuts, and the rows it was fitted on."""
    model, like = row.fit(), X if row.absent else PLAIN
    options = {"missing": "bit"} if row.absent else {}
    rows = pd.concat([for_the_model(around_cuts(schema_for_trees(model, **options)), like), like], ignore_index=True)
    says = "probabilities" if row.link in ("logit", "softmax", "logit_each", "share") else "output"
    if np.ndim(row.output(model, rows[:1])) == 1 and says == "probabilities":
        return _fitted(model, like, rows, lambda table: _of_two(row.output(model, table)), says, options)
    return _fitted(model, like, rows, lambda table: np.asarray(row.output(model, table)), says, options)


def _fitted(model: object, like: pd.DataFrame, rows: pd.DataFrame, own: object, says: str, options: dict) -> Fitted:
    return Fitted(model, Data(like, None, rows), own, says, schema=options, trees=True)  # type: ignore[arg-type]


def _of_two(positive: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - positive, positive])


def with_categories(name: str) -> Fitted:
    """A model with columns of categories, on the rows it was fitted on."""
    model = CATEGORIES[name][0]()
    return _fitted(model, WITH_CATEGORIES, WITH_CATEGORIES, model.predict_proba, "probabilities", {"missing": "bit"})


_FAR = "xgboost far from zero"
"""Refused with default settings."""

for _name, _row in SOURCES.items():
    if _name == _FAR:
        continue
    source(library_of(_name), _name, _row.link, lambda row=_row: fitted(row), kind="quadratic")
for _name in CATEGORIES:
    if "no row" not in _name:
        source(
            library_of(_name),
            f"{_name}, categories" if "," not in _name else _name,
            "logit",
            lambda name=_name: with_categories(name),
            kind="quadratic",
        )


def _refused(name: str, step: str, fit: Callable[[], Any], **schema: Any) -> None:
    """A model that is refused on the schema of its cuts, or has none."""
    refused(
        library_of(name),
        name,
        step,
        lambda: Fitted(fit(), Data(X, None, X), lambda rows: rows, "decision", schema=schema, trees=True),
    )


for _name, (_fit, _cure) in DEEP.items():
    _refused(f"{_name}, three columns" if "three" not in _name else _name, _cure, _fit, missing="bit")
for _name in ("hist classifier", "xgboost logistic", "lightgbm binary", "catboost logloss"):
    _refused(f"{_name}, one value for absent entries", '"bit"', SOURCES[_name].fit, missing={"age": 39.0, "crp": 0.0})
_refused("lightgbm linear_tree", "linear_tree=False", lgb("Regressor", Y, PLAIN, linear_tree=True))
_refused("catboost, statistics of targets", "one_hot_max_size", lambda: cat_of_categories(one_hot_max_size=1))
_refused("catboost, hashes without levels", "levels=", lambda: cat_of_categories(one_hot_max_size=10))
_refused("xgboost far from zero", "target near zero", SOURCES["xgboost far from zero"].fit, missing="bit")
