"""XGBoost, from the JSON that it saves itself; the library is not imported.

A node tests ``float32(x) < split_condition``, and goes left then; a category goes right where its number is in a set.
An absent entry, which is NaN and whatever the wrapper's ``missing`` says, goes as ``default_left`` says. Leaves are
added up in float32, to a base score that is stored before the objective's link.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.sources.boosters import own_names
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import name_of, plain_labels
from pyfe.models.sources.trees.cells import Cells, Levels, exceeding, numbers_where, reaching
from pyfe.models.sources.trees.forest import Forest, Tree, in_output, label_of
from pyfe.models.sources.trees.sums import counted, told
from pyfe.models.sources.trees.tables import Feature

__all__ = ["one_value_a_leaf", "read", "sum_of"]

_LOGIT = ("binary:logistic", "reg:logistic")
_EXP = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")
_SOFTMAX = ("multi:softprob", "multi:softmax")
_NO_LINK = ("binary:hinge",)
_LABELS = ("multi:softmax",)
"""Objectives of which a bare booster gives labels."""

_LOGIT_BASE = (*_LOGIT, "binary:logitraw")

_CATEGORICAL = 1
"""The split type of a category."""

_UNIT = 2.0**-24
"""Half the distance of float32 numbers near 1."""


def _booster(model: Any) -> Any:
    """The booster of a wrapper, or the model itself; None for another kind of model."""
    booster = model.get_booster() if callable(getattr(model, "get_booster", None)) else model
    return booster if hasattr(booster, "save_raw") and hasattr(booster, "num_boosted_rounds") else None


def read(model: Any, last: Any) -> Forest | None:
    """The forest; None for another kind of model, and for a booster of linear functions."""
    if _booster(last) is None:
        return None
    learner = _learner(last)
    booster = learner["gradient_booster"]
    if booster["name"] == "gblinear":
        return None
    weights = booster.get("weight_drop")
    trees, k = booster.get("gbtree", booster)["model"], _outputs(learner)
    features, missing = _features(last, learner, trees), getattr(last, "missing", math.nan)
    count = _trees_used(last, learner, trees)
    parts = [
        _tree(tree, label_of(i, output, k), features, missing, output, k, 1.0 if weights is None else weights[i])
        for i, (tree, output) in enumerate(zip(trees["trees"][:count], trees["tree_info"][:count], strict=True))
    ]
    named = _names(last) is not None
    return Forest(name_of(last), features, named, parts, _base(learner, k), _sum(last, learner), _UNIT)


def sum_of(model: Any) -> DecisionFunction | None:
    """What a booster adds up, trees or linear functions, and what its objective makes of it; None for another kind of
    model."""
    return _sum(model, _learner(model)) if _booster(model) is not None else None


def _sum(model: Any, learner: Mapping[str, Any]) -> DecisionFunction:
    objective, name = learner["objective"]["name"], name_of(model)
    link, numbered = _link(objective), counted(_link(objective), _outputs(learner))
    if not hasattr(model, "get_booster"):
        output = None if objective in _LABELS else _asking(model)
        return told(_asking(model, output_margin=True), name, link, numbered, output=output)

    def values(table: Any) -> AnyArray:
        return np.asarray(model.predict(table, output_margin=True))

    classes = plain_labels(getattr(model, "classes_", None)) if hasattr(model, "predict_proba") else None
    if classes is None:
        return told(values, name, link, numbered, output=model.predict)
    if link in ("logit", "softmax"):
        return told(values, name, link, classes, output=model.predict_proba, predict=model.predict)
    return told(values, name, None, classes, predict=model.predict)


def _link(objective: str) -> str | None:
    """From the sum to what the library predicts."""
    for names, link in ((_LOGIT, "logit"), (_EXP, "exp"), (_SOFTMAX, "softmax"), (_NO_LINK, None)):
        if objective in names:
            return link
    return "identity"


def _asking(booster: Any, **how: Any) -> Callable[[Any], AnyArray]:
    """``predict`` of a booster without wrapper, which takes a matrix of its own."""
    matrix = sys.modules[type(booster).__module__.split(".")[0]].DMatrix

    def values(table: Any) -> AnyArray:
        return np.asarray(booster.predict(matrix(table, enable_categorical=True), **how))

    return values


def _learner(model: Any) -> dict[str, Any]:
    return json.loads(bytes(_booster(model).save_raw("json")))["learner"]  # type: ignore[no-any-return]


def _names(model: Any) -> list[str] | None:
    names, made_up = own_names(model)
    return None if made_up else names


def _features(model: Any, learner: Mapping[str, Any], trees: Mapping[str, Any]) -> list[Feature]:
    count = int(learner["learner_model_param"]["num_feature"])
    names = _names(model) or [f"x{i}" for i in range(count)]
    kept = trees.get("cats", {}).get("enc") or [{}] * count
    return [Feature(name, _levels(one)) for name, one in zip(names, kept, strict=True)]


def _levels(kept: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The levels of a category in the order of their numbers: text is one run of bytes, cut at offsets."""
    values, offsets = kept.get("values"), kept.get("offsets")
    if not values:
        return None
    if not offsets:
        return tuple(values)
    text = bytes(value % 256 for value in values)
    return tuple(text[start:end].decode() for start, end in pairwise(offsets))


def _outputs(learner: Mapping[str, Any]) -> int:
    numbers = learner["learner_model_param"]
    return max(1, int(numbers.get("num_class", 0)), int(numbers.get("num_target", 1)))


def _trees_used(model: Any, learner: Mapping[str, Any], trees: Mapping[str, Any]) -> int:
    """Early stopping: the wrapper predicts with the trees up to the best iteration; a bare booster with all."""
    best = learner["attributes"].get("best_iteration")
    if best is None or not hasattr(model, "get_booster"):
        return len(trees["trees"])
    if "iteration_indptr" in trees:
        return int(trees["iteration_indptr"][int(best) + 1])
    a_round = _outputs(learner) * int(trees["gbtree_model_param"].get("num_parallel_tree", 1))
    return (int(best) + 1) * max(1, a_round)


def _base(learner: Mapping[str, Any], k: int) -> FloatArray:
    """The base score before the link ``[k]``."""
    stated = json.loads(learner["learner_model_param"]["base_score"])
    base = np.broadcast_to(np.asarray(stated, dtype=np.float64).ravel(), k)
    objective = learner["objective"]["name"]
    if objective in _LOGIT_BASE:
        return np.asarray(np.log(base / (1.0 - base)))
    return np.asarray(np.log(base) if objective in _EXP else base)


def _tree(
    tree: Mapping[str, Any],
    label: str,
    features: list[Feature],
    missing: float,
    output: int,
    outputs: int,
    weight: float,
) -> Tree:
    if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise one_value_a_leaf(label)
    left = np.array(tree["left_children"], dtype=np.int64)
    conditions = np.array(tree["split_conditions"], dtype=np.float64)
    sets = _sets(tree)
    splits: list[Cells | None] = []
    for node in range(len(left)):
        column, absent = tree["split_indices"][node], not tree["default_left"][node]
        if left[node] < 0:
            splits.append(None)
        elif tree["split_type"][node] == _CATEGORICAL:
            splits.append(_category(column, sets[node], features[column], absent, label))
        else:
            splits.append(_numbers(column, conditions[node], missing, absent))
    values = in_output(np.where(left < 0, conditions * weight, 0.0), output, outputs)
    return Tree(label, splits, left, np.array(tree["right_children"], dtype=np.int64), values)


def one_value_a_leaf(label: str) -> UnsupportedModelError:
    """What is said of a tree whose leaves hold several values."""
    return UnsupportedModelError(
        f'the leaves of {label} hold a value for every output; fit with multi_strategy="one_output_per_tree"'
    )


def _numbers(column: int, condition: float, missing: float, absent: bool) -> Cells:
    starts = [float(reaching(np.array([condition]))[0])]
    if not math.isnan(missing):
        starts += [
            float(reaching(np.array([missing]))[0]),
            float(exceeding(np.array([missing], dtype=np.float32).astype(np.float64))[0]),
        ]

    def goes_right(x: FloatArray) -> AnyArray:
        single = x.astype(np.float32)
        return np.where(single == np.float32(missing), absent, single >= np.float32(condition))

    return numbers_where(column, goes_right, starts, absent)


def _sets(tree: Mapping[str, Any]) -> dict[int, list[int]]:
    """The numbers of the categories that go right, by node."""
    members, start, size = tree["categories"], tree["categories_segments"], tree["categories_sizes"]
    return {node: members[start[i] : start[i] + size[i]] for i, node in enumerate(tree["categories_nodes"])}


def _category(column: int, numbers: list[int], feature: Feature, absent: bool, label: str) -> Cells:
    if feature.levels is None:
        raise UnsupportedModelError(
            f"{label} tests categories of {feature.name!r} whose levels the model does not keep; fit on a DataFrame "
            "with a column of pandas categories"
        )
    return Levels(column, feature.levels, frozenset(feature.levels[number] for number in numbers), absent)
