"""LightGBM, from ``dump_model()``; the library is not imported.

A node tests ``x <= threshold`` in float64, or whether the number of a category is in a list, and goes left then. What
counts as absent is a mark of the node:

=================  ===================================================================================
``missing_type``   NaN, and numbers up to 1e-35 (which count as 0 everywhere)
=================  ===================================================================================
``None``           NaN counts as 0
``NaN``            NaN goes as ``default_left`` says
``Zero``           0 and NaN go as ``default_left`` says
(a category)       whatever is in no list goes right
=================  ===================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.sources.boosters import own_names
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import name_of, plain_labels
from pyfe.models.sources.trees.cells import Cells, Levels, numbers_where
from pyfe.models.sources.trees.forest import Forest, Tree, in_order, in_output, label_of
from pyfe.models.sources.trees.levels import level
from pyfe.models.sources.trees.sums import counted, told
from pyfe.models.sources.trees.tables import Feature

__all__ = ["read", "sum_of"]

_ZERO = float(np.float32(1e-35))
"""A number of at most this size is 0."""

_CURE = "fit with max_depth=2 (num_leaves=4 alone lets three columns meet)"
_INFINITE = 1e300
"""What is written of a threshold that no number exceeds."""

_LINKS = {
    "binary": "logit",
    "cross_entropy": "logit",
    "multiclass": "softmax",
    "multiclassova": "logit_each",
    "poisson": "exp",
    "gamma": "exp",
    "tweedie": "exp",
}
_IDENTITY = {"regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg", "none"}


def _booster(model: Any) -> Any:
    """The booster of a wrapper, or the model itself; None for another kind of model."""
    # a wrapper that is not fitted raises when it is asked for its booster
    booster = model.booster_ if hasattr(type(model), "booster_") else model
    return booster if hasattr(booster, "dump_model") and hasattr(booster, "num_trees") else None


def read(model: Any, last: Any) -> Forest | None:
    """The forest; None for another kind of model."""
    booster = _booster(last)
    if booster is None:
        return None
    dump = booster.dump_model()
    k, factor = int(dump["num_tree_per_iteration"]), _factor(dump)
    reader = _Nodes(_features(last, dump), not dump.get("pandas_categorical"), k)
    parts = [reader.tree(one["tree_structure"], i, factor) for i, one in enumerate(dump["tree_info"])]
    forest = Forest(name_of(last), reader.features, _names(last) is not None, parts, np.zeros(k), cure=_CURE)
    return replace(forest, function=_sum(last, dump, factor, bool((forest.least() >= 0).all())))


def _factor(dump: Mapping[str, Any]) -> float:
    """What the sum is multiplied by before the link: a slope of the objective, and of forests one over their rounds."""
    slope = re.search(r"sigmoid:(\S+)", dump.get("objective", ""))
    rounds = len(dump["tree_info"]) // int(dump["num_tree_per_iteration"]) if dump.get("average_output") else 1
    return (float(slope.group(1)) if slope else 1.0) / max(1, rounds)


def sum_of(model: Any) -> DecisionFunction | None:
    """What a booster adds up, and what its objective makes of it; None for another kind of model."""
    found = read(model, model)
    return None if found is None else found.function


def _sum(model: Any, dump: Mapping[str, Any], factor: float, positive: bool) -> DecisionFunction:
    def values(table: Any) -> AnyArray:
        return np.asarray(model.predict(table, raw_score=True)) * factor

    objective, name = dump.get("objective", "none").split(), name_of(model)
    link = _LINKS.get(objective[0], "identity" if objective[0] in _IDENTITY else None)
    if "sqrt" in objective:  # sign(d) d^2, which is d^2 where no sum is negative
        link = "square" if positive else None
    classes = plain_labels(getattr(model, "classes_", None)) if hasattr(model, "predict_proba") else None
    if classes is None:
        numbered = counted(link, int(dump["num_tree_per_iteration"]))
        return told(values, name, link, numbered, output=model.predict)
    if link in ("logit", "softmax", "logit_each"):
        return told(values, name, link, classes, output=model.predict_proba, predict=model.predict)
    return told(values, name, None, classes, predict=model.predict)


def _names(model: Any) -> list[str] | None:
    names, made_up = own_names(model)
    return None if made_up else names


def _features(model: Any, dump: Mapping[str, Any]) -> list[Feature]:
    """The columns; of categories of a DataFrame with the levels that the dump lists, one list a column in order."""
    count = int(dump["max_feature_idx"]) + 1
    names = _names(model) or [f"x{i}" for i in range(count)]
    listed = dump.get("pandas_categorical") or []
    infos = [dump["feature_infos"].get(own, {}) for own in dump["feature_names"]]
    categories = [i for i, info in enumerate(infos) if info.get("values")]
    levels = dict(zip(categories, listed, strict=True)) if len(categories) == len(listed) else {}
    return [Feature(name, tuple(map(level, levels[i])) if i in levels else None) for i, name in enumerate(names)]


@dataclass(frozen=True)
class _Nodes:
    """Reads the nodes of trees. as_numbers: whether categories are whole numbers, and not columns of a DataFrame."""

    features: list[Feature]
    as_numbers: bool
    outputs: int

    def tree(self, root: Mapping[str, Any], count: int, factor: float) -> Tree:
        """One tree, its leaves times ``factor``."""
        output = count % self.outputs
        label = label_of(count // self.outputs, output, self.outputs)
        nodes: list[Mapping[str, Any]] = in_order(root, ("left_child", "right_child"))
        if any("leaf_const" in node for node in nodes):
            raise UnsupportedModelError(
                f"the leaves of {label} hold linear functions, and a test times a column is no quadratic function of "
                "bits; fit with linear_tree=False"
            )
        splits = [self._split(node, label) if "split_feature" in node else None for node in nodes]
        places = {id(node): place for place, node in enumerate(nodes)}
        left, right = (
            np.array([places[id(node[side])] if side in node else -1 for node in nodes], dtype=np.int64)
            for side in ("left_child", "right_child")
        )
        values = np.array([node.get("leaf_value", 0.0) * factor for node in nodes], dtype=np.float64)
        return Tree(label, splits, left, right, in_output(values, output, self.outputs))

    def _split(self, node: Mapping[str, Any], label: str) -> Cells:
        column = int(node["split_feature"])
        if node["decision_type"] == "<=":
            threshold = float(node["threshold"])
            threshold = threshold if threshold < _INFINITE else np.inf
            return _numbers(column, threshold, node["missing_type"], not node["default_left"])
        inside = [int(number) for number in str(node["threshold"]).split("||")]
        levels = self.features[column].levels
        if levels is not None:
            # a number beyond the list is that of no level
            left = frozenset(levels[number] for number in inside if number < len(levels))
            return Levels(column, levels, left, False).outside()
        if not self.as_numbers:
            raise UnsupportedModelError(
                f"{label} tests categories of {self.features[column].name!r}, and the model does not say which levels "
                "these are; fit with every category a column of pandas categories, or every one as whole numbers"
            )
        return _whole_numbers(column, inside)


def _numbers(column: int, threshold: float, missing: str, absent: bool) -> Cells:
    def goes_right(x: FloatArray) -> AnyArray:
        near = np.where(np.abs(x) <= _ZERO, 0.0, x)
        return np.where((near == 0) & (missing == "Zero"), absent, near > threshold)

    starts = [float(np.nextafter(threshold, np.inf)), -_ZERO, float(np.nextafter(_ZERO, np.inf))]
    right_of_absent = absent if missing in ("NaN", "Zero") else threshold < 0.0
    return numbers_where(column, goes_right, starts, right_of_absent)


def _whole_numbers(column: int, inside: list[int]) -> Cells:
    """Categories that are numbers: the whole part counts, and nothing below zero is one."""

    def goes_right(x: FloatArray) -> AnyArray:
        return ~(np.isin(np.trunc(x), inside) & (x > -1))

    starts = [float(np.nextafter(-1.0, 0.0))] + [float(number + end) for number in inside for end in (0, 1)]
    return numbers_where(column, goes_right, starts, absent=True)
