"""The libraries whose trees are read: one line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import steps_of
from pyfe.models.sources.trees import catboost, histograms, interpret, lightgbm, scikit_learn, xgboost
from pyfe.models.sources.trees.forest import Forest

__all__ = ["forest_of", "sum_of"]

_Reader: TypeAlias = Callable[[Any, Any], Forest | None]

_READERS: tuple[_Reader, ...] = (
    histograms.read,
    xgboost.read,
    lightgbm.read,
    catboost.read,
    interpret.read,
    scikit_learn.read,
)

_SUMS: tuple[Callable[[Any], DecisionFunction | None], ...] = (xgboost.sum_of, lightgbm.sum_of, catboost.sum_of)
"""Of libraries that have no ``decision_function``."""


def sum_of(model: Any) -> DecisionFunction | None:
    """What a booster adds up, under its library's own name for that; None for any other model."""
    return next((found for one in _SUMS if (found := one(model)) is not None), None)


def forest_of(model: Any) -> Forest | None:
    """The trees of a model, or of the best that a search found; None where it shows none on raw columns."""
    steps = steps_of(model)
    if len(steps) > 1:
        return None
    last = steps[-1][1]
    for read in _READERS:
        found = read(model, last)
        if found is not None:
            return found
    return None
