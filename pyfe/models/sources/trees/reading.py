"""The libraries whose trees are read: one line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from pyfe.models.sources.parts import steps_of
from pyfe.models.sources.trees import catboost, histograms, interpret, lightgbm, scikit_learn, xgboost
from pyfe.models.sources.trees.forest import Forest

__all__ = ["forest_of"]

_Reader: TypeAlias = Callable[[Any, Any], Forest | None]

_READERS: tuple[_Reader, ...] = (
    histograms.read,
    xgboost.read,
    lightgbm.read,
    catboost.read,
    interpret.read,
    scikit_learn.read,
)


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
