"""Classifiers of several labels at once, each given or not: a decision value a label, and a logit of each."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import name_of, plain_labels

__all__ = ["of_several_labels"]


def of_several_labels(model: Any) -> DecisionFunction | None:
    """One versus the rest of an indicator matrix, or one classifier an output (``MultiOutputClassifier``); None for a
    classifier of one label. UnsupportedModelError for outputs that are no yes or no, or depend on each other."""
    name, members = name_of(model), getattr(model, "estimators_", None)
    if getattr(model, "multilabel_", False) is True and hasattr(model, "decision_function"):
        return _each(model, name, model.decision_function, _marginals(model))
    classes = getattr(model, "classes_", None)
    if not (isinstance(classes, list | tuple) and any(np.ndim(one) == 1 for one in classes)):
        return None
    if hasattr(model, "order_"):
        raise UnsupportedModelError(
            f"{name} gives each classifier the labels before it, which are no linear functions of the columns; fit a "
            "MultiOutputClassifier, whose labels do not depend on each other"
        )
    if not isinstance(members, list) or not all(hasattr(member, "decision_function") for member in members):
        raise UnsupportedModelError(
            f"{name} predicts several labels at once, and shows no decision_function of each; fit a "
            "MultiOutputClassifier of a model that has one, such as LogisticRegression, or one model a label"
        )
    if any(plain_labels(one) not in ((0, 1), (False, True)) for one in classes):
        raise UnsupportedModelError(
            f"{name} predicts outputs that are no 0 or 1 each; compile model.estimators_[i], one function an output"
        )

    def decisions(table: Any) -> AnyArray:
        return np.column_stack([member.decision_function(table) for member in members])

    return _each(model, name, decisions, _of_members(model))


def _each(model: Any, name: str, decisions: Any, marginals: Any) -> DecisionFunction:
    if marginals is None:
        remark = ("labels", "those with a decision value above zero; the model has no probabilities")
        return DecisionFunction(decisions, None, name, "identity", remarks=(remark,))
    return DecisionFunction(decisions, None, name, "logit_each", output=marginals, predict=model.predict)


def _marginals(model: Any) -> Any:
    return model.predict_proba if hasattr(model, "predict_proba") else None


def _of_members(model: Any) -> Any:
    if not all(hasattr(member, "predict_proba") for member in model.estimators_):
        return None
    return lambda table: np.column_stack([member.predict_proba(table)[:, 1] for member in model.estimators_])
