"""How rows reach a model: by the names it was fitted with, wherever it has some; else by position.

=================================================  ====================================================================
names are read from                                which has it
=================================================  ====================================================================
``feature_names_in_``                              scikit-learn and what follows it, pipelines, xgboost and lightgbm
``feature_names_``                                 CatBoost
``feature_name()``, ``feature_names``              the boosters of lightgbm and xgboost themselves
``get_booster().feature_names``                    wrappers of xgboost
``model.exog_names``, ``model.formula``            results of statsmodels; a constant column (``const``) is added
=================================================  ====================================================================

A model that has none is looked into: the first step of a pipeline, the estimator inside a search or a meta-estimator.
Names that libraries make up for the columns of an array (``x1``, ``Column_0``, ``f0``, ``0``) are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models.quantities import is_result, name_of
from pyfe.schema import Schema, stacked

__all__ = ["Intake", "feature_table", "intake_of", "nested"]

AnyArray: TypeAlias = npt.NDArray[Any]

_MADE_UP = re.compile(r"(x|Column_|f|)\d+")
_WORD = re.compile(r"[^\W\d]\w*")
_INNER = ("best_estimator_", "estimator_", "regressor_", "model_", "final_estimator_", "transformer_")
_MANY_INNER = ("estimators_", "calibrated_classifiers_")
_LISTED = 4
"""Members of an ensemble that are looked into: the others are fitted on the same columns."""


@dataclass(frozen=True)
class Intake:
    """What a model is given. ``names``: its columns, or None where it has no names and takes ``count`` columns (None:
    as many as there are) in the order of the schema. ``constant``: where a column of one value is put in, and which.
    """

    names: tuple[str, ...] | None
    count: int | None = None
    constant: tuple[int, float] | None = None
    constant_name: str = "const"

    def require(self, schema: Schema) -> None:
        """ParameterError where the schema does not have the columns that the model was fitted on."""
        given = schema.input_columns
        if self.names is not None:
            absent = [name for name in self.names if name not in given]
            if absent:
                raise ParameterError(
                    f"the model was fitted on {', '.join(map(repr, absent))}, not in the schema; rows are given to it "
                    "by these names, so call the schema's columns like them"
                )
        elif self.count is not None and self.count != len(given):
            raise ParameterError(f"the model takes {self.count} features, the schema has {len(given)} columns")

    def table(self, columns: Mapping[str, AnyArray]) -> Any:
        """The model's own kind of table: a DataFrame in its order, or an array."""
        if self.names is not None:
            table = feature_table(columns, list(self.names))
            if self.constant is not None:
                table.insert(self.constant[0], self.constant_name, self.constant[1])
            return table
        rows = stacked(columns)
        return rows if self.constant is None else np.insert(rows, self.constant[0], self.constant[1], axis=1)


def intake_of(model: Any, schema_columns: tuple[str, ...] = ()) -> Intake:
    """How rows reach a model. ParameterError where made-up names are also those of the schema, in another order:
    nobody can tell then which column is meant."""
    for candidate in _first_takers(model):
        if is_result(candidate):
            return _intake_of_result(candidate, schema_columns)
        names, made_up = _own_names(candidate)
        if names is not None and not made_up:
            if len(set(names)) != len(names):
                raise ParameterError(f"the model was fitted on two columns of one name: {names}")
            return Intake(tuple(names))
        if names is not None and set(names) <= set(schema_columns) and tuple(names) != schema_columns:
            raise ParameterError(
                f"the model calls its columns {', '.join(names[:4])}, ..., as its library does for an array, and the "
                "schema has columns of these names in another order; rename the schema's columns, or fit the model on "
                "a DataFrame with names of its own"
            )
    for _, inner in nested(model):
        # a later step of a pipeline, whose first ones pass tables on as they are
        names, made_up = _own_names(inner)
        if names is not None and not made_up and schema_columns and set(names) <= set(schema_columns):
            return Intake(tuple(names))
    return Intake(None, _count(model))


def _first_takers(model: Any) -> Iterator[Any]:
    """The model, and what inside it is given the same rows first."""
    seen: set[int] = set()
    while model is not None and id(model) not in seen:
        seen.add(id(model))
        yield model
        steps = getattr(model, "steps", None)
        inner = [getattr(model, name, None) for name in _INNER[:4]]
        members = getattr(model, "estimators_", None)
        if isinstance(members, list) and members and not hasattr(model, "estimators_features_"):
            inner.append(members[0])
        if isinstance(steps, list) and steps:
            inner.insert(0, next((step for _, step in steps if step not in (None, "passthrough")), None))
        model = next((one for one in inner if one is not None and not isinstance(one, str)), None)


def _own_names(model: Any) -> tuple[list[str] | None, bool]:
    """Names that a model has itself, and whether its library made them up."""
    for position, name in enumerate(("feature_names_in_", "feature_names_", "feature_name", "feature_names")):
        found = getattr(model, name, None)
        found = found() if name == "feature_name" and callable(found) else found
        if isinstance(found, list | tuple | np.ndarray) and len(found):
            names = [str(one) for one in found]
            # scikit-learn has feature_names_in_ for tables with names only
            return names, position > 0 and _all_made_up(names)
    booster = getattr(model, "get_booster", None)
    return _own_names(booster()) if callable(booster) else (None, False)


def _all_made_up(names: list[str]) -> bool:
    """Whether the names are a prefix and a running number."""
    if not all(_MADE_UP.fullmatch(name) for name in names):
        return False
    numbers = [int(re.sub(r"\D", "", name)) for name in names]
    return numbers in (list(range(len(names))), list(range(1, len(names) + 1)))


def _count(model: Any) -> int | None:
    for candidate in _first_takers(model):
        for name in ("n_features_in_", "num_feature", "num_features"):
            value = getattr(candidate, name, None)
            value = value() if callable(value) else value
            if isinstance(value, int | np.integer):
                return int(value)
    return None


# ---------------------------------------------------------------------------------------------------------------
# Results of statsmodels


def _intake_of_result(result: Any, schema_columns: tuple[str, ...]) -> Intake:
    model = result.model
    for what in ("offset", "exposure"):
        stated = getattr(model, what, None)
        if isinstance(stated, np.ndarray) and np.any(stated):
            raise UnsupportedModelError(
                f"{name_of(model)} was fitted with {what}=, which its predictions for new rows leave out without a "
                "word; fit it without, or add the logarithm of the exposure as a column whose coefficient you know, in "
                "a pyfe.Linear"
            )
    data, names = model.data, [str(name) for name in model.exog_names]
    # some models add parameters of their own (alpha, thresholds) behind the columns
    names = names[: np.shape(data.orig_exog)[1] if np.ndim(data.orig_exog) == 2 else 1]
    formula = getattr(model, "formula", None)
    if isinstance(formula, str):
        return Intake(_columns_of_formula(formula, data.frame, name_of(model)))
    named = hasattr(data.orig_exog, "columns")
    place = getattr(data, "const_idx", None)
    if place is not None and named and names[place] in schema_columns:
        place = None  # a column of the table that did not vary where the model was fitted
    constant = None if place is None else (int(place), float(np.asarray(data.orig_exog)[0, place]))
    others = tuple(name for position, name in enumerate(names) if position != place)
    constant_name = names[place] if place is not None else "const"
    return Intake(others if named else None, len(others), constant, constant_name)


def _columns_of_formula(formula: str, frame: Any, name: str) -> tuple[str, ...]:
    """The columns of the training table that the right side of a formula speaks of; predictions need no others."""
    if frame is None:
        raise UnsupportedModelError(f"{name} does not say which columns its formula was fitted on (data removed?)")
    right = formula.split("~", 1)[-1]
    words = set(_WORD.findall(right))
    quoted = {text for pair in re.findall(r"Q\(\s*(?:'([^']*)'|\"([^\"]*)\")\s*\)", right) for text in pair if text}
    return tuple(str(column) for column in frame.columns if str(column) in words | quoted)


# ---------------------------------------------------------------------------------------------------------------
# Tables and members


def feature_table(columns: Mapping[str, AnyArray], names: list[str]) -> Any:
    """A DataFrame of the named columns, in that order; imports pandas, which such a model was fitted with."""
    import pandas

    return pandas.DataFrame({name: columns[name] for name in names})


def nested(model: Any) -> Iterator[tuple[str, Any]]:
    """``(name, estimator)`` of a model and everything inside it, from outside in; of an ensemble the first few."""
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", model)]
    while waiting:
        name, one = waiting.pop(0)
        if one is None or isinstance(one, str) or id(one) in seen:
            continue
        seen.add(id(one))
        yield name, one
        for listed in ("steps", "transformers_", "transformer_list"):
            members = getattr(one, listed, None)
            waiting += [(str(m[0]), m[1]) for m in members or [] if isinstance(m, tuple)]
        waiting += [(name, getattr(one, inner, None)) for inner in _INNER]
        for many in _MANY_INNER:
            members = getattr(one, many, None)
            if isinstance(members, list | np.ndarray):
                waiting += [(name, member) for member in list(np.asarray(members, dtype=object).ravel())[:_LISTED]]
