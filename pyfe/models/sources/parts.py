"""What a model is made of: the steps of a pipeline, what is inside a search or an ensemble, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

__all__ = ["Labels", "first_takers", "is_result", "name_of", "nested", "plain_labels", "steps_of"]

Labels: TypeAlias = tuple[str | int | float | bool, ...]

_INNER = ("best_estimator_", "estimator_", "regressor_", "model_", "final_estimator_", "transformer_")
_MANY_INNER = ("estimators_", "calibrated_classifiers_")

_LISTED = 4
"""Members of an ensemble that are looked into: the others are fitted on the same columns."""


def is_result(model: Any) -> bool:
    """Whether a model is a fitted result of statsmodels, which shows its columns as ``model.exog_names``."""
    inner = getattr(model, "model", None)
    return hasattr(model, "predict") and hasattr(model, "params") and hasattr(inner, "exog_names")


def name_of(model: Any) -> str:
    """The class of the model; of the last step, for a pipeline; of the model behind a result."""
    steps = getattr(model, "steps", None)
    last = steps[-1][1] if isinstance(steps, list) and steps else model
    last = last.model if is_result(last) else last
    return getattr(last, "__name__", None) or type(last).__name__


def steps_of(model: Any) -> list[tuple[str, Any]]:
    """``(name, step)`` of a pipeline, also of the one a search has found; one step for any other model."""
    pipeline = getattr(model, "best_estimator_", model)
    steps = getattr(pipeline, "steps", None)
    return steps if isinstance(steps, list) and steps else [("", pipeline)]


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


def first_takers(model: Any) -> Iterator[Any]:
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


def plain_labels(labels: Any) -> Labels | None:
    """Labels as plain Python values; None as None."""
    if labels is None:
        return None
    return tuple(label.item() if isinstance(label, np.generic) else label for label in labels)
