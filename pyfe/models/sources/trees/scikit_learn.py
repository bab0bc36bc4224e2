"""Trees of scikit-learn, and of what follows it: ``tree_``, ``estimators_``.

Found by their structure, not by the name of the model; how the model combines them is asked of the model. A node tests
``float32(x) <= threshold``, and an absent entry goes as ``missing_go_to_left`` says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pyfe.arrays import FloatArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.sources.advice import instead_of
from pyfe.models.sources.parts import name_of
from pyfe.models.sources.trees.cells import exceeding, numbers_from
from pyfe.models.sources.trees.forest import Forest, Tree, in_output, label_of
from pyfe.models.sources.trees.tables import Feature

__all__ = ["read"]


def read(model: Any, last: Any) -> Forest | None:
    """The forest of a model whose last step is ``last``; None where that shows no trees this way."""
    if _takes_a_mean(last):
        return _of_means(model, last)
    members = [[last]] if hasattr(last, "tree_") else _members(last)
    if members is not None and getattr(last, "unique_times_", None) is not None and hasattr(last, "n_outputs_"):
        raise UnsupportedModelError(
            f"the leaves of {name_of(model)} hold survival curves, and its risk score is no sum of numbers in leaves; "
            "compile a model of one score instead, such as GradientBoostingSurvivalAnalysis(max_depth=2) or a Cox model"
        )
    if members is None or not all(hasattr(member, "tree_") for row in members for member in row):
        return None
    outputs = max(_leaf_values(members[0][0].tree_).shape[1], len(members[0]))
    subsets = getattr(last, "estimators_features_", [None] * len(members))
    trees = []
    for count, (row, subset) in enumerate(zip(members, subsets, strict=True)):
        for output, member in enumerate(row):
            values = _leaf_values(member.tree_)
            values = values if len(row) == 1 else in_output(values[:, 0], output, outputs)
            trees.append(_tree(member.tree_, label_of(count, output, len(row)), subset, values))
    features = [Feature(name) for name in _column_names(model)]
    return Forest(name_of(model), features, hasattr(model, "feature_names_in_"), trees, np.zeros(outputs))


def _takes_a_mean(ensemble: Any) -> bool:
    """Whether a model is the weighted mean of the answers of others: of their probabilities where it votes."""
    voting = getattr(ensemble, "voting", "soft") == "soft"
    return voting and hasattr(ensemble, "named_estimators_") and not hasattr(ensemble, "final_estimator_")


def _of_means(model: Any, last: Any) -> Forest | None:
    """The trees of all members of such a model, each with its share of the mean; None where one shows none."""
    found = [read(member, member) for member in last.estimators_]
    forests = [forest for forest in found if forest is not None]
    outputs = {len(forest.base) for forest in forests}
    if len(forests) < len(found):
        return None
    if len(outputs) != 1:
        raise UnsupportedModelError(
            f"{name_of(model)} takes the mean of probabilities, and those of some members are no sum of their trees; "
            f"take forests alone, or {instead_of(last) or 'one of the members'}"
        )
    weights = getattr(last, "_weights_not_none", None) or [1.0] * len(forests)
    trees = []
    for place, (forest, weight) in enumerate(zip(forests, weights, strict=True)):
        for part in forest.parts:
            assert isinstance(part, Tree)
            values = part.values * (weight / sum(weights) / len(forest.parts))
            trees.append(replace(part, label=f"{part.label} of member {place}", values=values))
    named = hasattr(model, "feature_names_in_")
    features = [Feature(name) for name in _column_names(model)]
    return Forest(name_of(model), features, named, trees, np.zeros(outputs.pop()))


def _column_names(model: Any) -> list[str]:
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        return [str(name) for name in names]
    count = getattr(model, "n_features_in_", None)
    if count is None:
        raise UnsupportedModelError(f"{name_of(model)} does not say how many columns it takes (is it fitted?)")
    return [f"x{i}" for i in range(count)]


def _members(ensemble: Any) -> list[list[Any]] | None:
    """Trees by stage and, where every output has its own, by output."""
    members = getattr(ensemble, "estimators_", None)
    if not isinstance(members, list | np.ndarray) or not len(members):
        return None
    array = np.asarray(members, dtype=object)
    return [[member] for member in array] if array.ndim == 1 else [list(row) for row in array]


def _leaf_values(tree: Any) -> FloatArray:
    """Float64 ``[nodes, k]``: the outputs of a regression, or the share of each class."""
    value = np.asarray(tree.value, dtype=np.float64)
    if value.shape[2] == 1:
        return value[:, :, 0]
    if value.shape[1] > 1:
        raise UnsupportedModelError("trees that classify several outputs at once are several models")
    return np.asarray(value[:, 0, :] / value[:, 0, :].sum(axis=1, keepdims=True))


def _tree(tree: Any, label: str, subset: Any, values: FloatArray) -> Tree:
    left = np.asarray(tree.children_left, dtype=np.int64)
    columns = np.where(left >= 0, np.asarray(tree.feature, dtype=np.int64), 0)
    columns = columns if subset is None else np.asarray(subset, dtype=np.int64)[columns]
    cuts = exceeding(np.asarray(tree.threshold, dtype=np.float64)).tolist()
    absent_left = getattr(tree, "missing_go_to_left", None)
    absent = [None] * len(left) if absent_left is None else [not one for one in absent_left]
    splits = [
        None if left[node] < 0 else numbers_from(int(columns[node]), cuts[node], absent[node])
        for node in range(len(left))
    ]
    return Tree(label, splits, left, np.asarray(tree.children_right, dtype=np.int64), values)
