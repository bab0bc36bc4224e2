"""How rows reach a model: by the names it was fitted with, wherever it has some; else by position.

=================================================  ====================================================================
names are read from                                which has it
=================================================  ====================================================================
``feature_names_in_``                              scikit-learn and what follows it, pipelines, xgboost and lightgbm
``feature_names_``                                 CatBoost
``feature_name()``, ``feature_names``              the boosters of lightgbm and xgboost themselves
``get_booster().feature_names``                    wrappers of xgboost
``model.exog_names``, ``model.formula``            results of statsmodels; a constant column (``const``) is added
``regressors.mappings``, ``strata``                survival models of lifelines
=================================================  ====================================================================

A model that has none is looked into: the first step of a pipeline, the estimator inside a search or a meta-estimator.
Names that libraries make up for the columns of an array (``x1``, ``Column_0``, ``f0``, ``0``) are none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pyfe.errors import ParameterError
from pyfe.models.sources.boosters import own_names
from pyfe.models.sources.lifelines import columns_of_survival
from pyfe.models.sources.modules import inputs_of, is_module
from pyfe.models.sources.parts import first_takers, is_result, nested
from pyfe.models.sources.statsmodels import intake_of_result
from pyfe.models.sources.tables import Intake, require_distinct
from pyfe.schema.cells import same_name

__all__ = ["intake_of"]


def intake_of(model: Any, schema_columns: tuple[str, ...] = ()) -> Intake:
    """How rows reach a model. ParameterError where made-up names are also those of the schema, in another order:
    nobody can tell then which column is meant."""
    for candidate in first_takers(model):
        survival = columns_of_survival(candidate)
        if survival is not None:
            return Intake(survival)
        if is_result(candidate):
            return intake_of_result(candidate, schema_columns)
        names, made_up = own_names(candidate)
        if names is not None and not made_up:
            require_distinct(names)
            return Intake(tuple(names))
        if names is not None and set(names) <= set(schema_columns) and tuple(names) != schema_columns:
            raise ParameterError(
                f"the model calls its columns {', '.join(names[:4])}, ..., as its library does for an array, and the "
                "schema has columns of these names in another order; rename the schema's columns, or fit the model on "
                "a DataFrame with names of its own"
            )
    known = set(map(same_name, schema_columns))
    for _, inner in nested(model):
        # a later step of a pipeline, whose first ones pass tables on as they are
        names, made_up = own_names(inner)
        if names is not None and not made_up and set(map(same_name, names)) <= known and known:
            return Intake(tuple(names))
    return Intake(None, _count(model))


def _count(model: Any) -> int | None:
    if is_module(model):
        return inputs_of(model)
    for candidate in first_takers(model):
        for name in ("n_features_in_", "num_feature", "num_features"):
            value = getattr(candidate, name, None)
            value = value() if callable(value) else value
            if isinstance(value, int | np.integer):
                return int(value)
    return None
