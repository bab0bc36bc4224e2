"""Boosters, which call the columns of an array by names of their own, and their log-odds by names of their own."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from pyfe.errors import UnsupportedModelError
from pyfe.models.sources.advice import instead_of

__all__ = ["no_decision_function", "own_names"]

_MADE_UP = re.compile(r"(x|Column_|f|)\d+")


def own_names(model: Any) -> tuple[list[str] | None, bool]:
    """Names that a model has itself, and whether its library made them up."""
    for position, name in enumerate(("feature_names_in_", "feature_names_", "feature_name", "feature_names")):
        found = getattr(model, name, None)
        found = found() if name == "feature_name" and callable(found) else found
        if isinstance(found, list | tuple | np.ndarray) and len(found):
            names = [str(one) for one in found]
            # scikit-learn has feature_names_in_ for tables with names only
            return names, position > 0 and _all_made_up(names)
    booster = getattr(model, "get_booster", None)
    return own_names(booster()) if callable(booster) else (None, False)


def _all_made_up(names: list[str]) -> bool:
    """Whether the names are a prefix and a running number."""
    if not all(_MADE_UP.fullmatch(name) for name in names):
        return False
    numbers = [int(re.sub(r"\D", "", name)) for name in names]
    return numbers in (list(range(len(names))), list(range(1, len(names) + 1)))


def no_decision_function(name: str, model: Any) -> UnsupportedModelError:
    """What is said of a model that has probabilities alone: boosters have log-odds under names of their own."""
    instead = instead_of(model)
    first = (
        f"{name} has probabilities but no decision_function; a probability is neither affine nor quadratic, and its "
        "logarithm loses digits"
    )
    if instead is not None:
        return UnsupportedModelError(f"{first}; {instead}")
    return UnsupportedModelError(
        f"{first}. If the model has log-odds under another name, compile these: pyfe.from_callable(lambda rows: "
        'model.log_odds_of(rows), schema, link="logit", classes=...); or fit a model with a decision_function, such as '
        "LogisticRegression"
    )
