"""HistGradientBoosting of scikit-learn, from its ``_predictors``.

A node tests ``x <= num_threshold`` in float64, or whether the number of a category is in a bitset; an absent entry, and
a category that was not there in training, goes as ``missing_go_to_left`` says. An encoder numbers the categories, and
puts their columns first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import name_of, plain_labels
from pyfe.models.sources.trees.cells import Cells, Levels, Numbers, numbers_where
from pyfe.models.sources.trees.forest import Forest, Tree, in_output, label_of
from pyfe.models.sources.trees.levels import level
from pyfe.models.sources.trees.sums import told
from pyfe.models.sources.trees.tables import Feature

__all__ = ["read"]

_LINKS = {"IdentityLink": "identity", "LogLink": "exp", "LogitLink": "logit", "MultinomialLogit": "softmax"}
_WORD = 32
"""Bits of one number of a bitset."""


def read(model: Any, last: Any) -> Forest | None:
    """The forest; None for another kind of model."""
    if not (hasattr(last, "_predictors") and hasattr(last, "_baseline_prediction")):
        return None
    levels, base = _levels(last), np.asarray(last._baseline_prediction, dtype=np.float64).ravel()
    order = [*levels, *(column for column in range(last.n_features_in_) if column not in levels)]
    trees = [
        _tree(predictor, label_of(count, output, len(base)), order, levels, output, len(base))
        for count, stage in enumerate(last._predictors)
        for output, predictor in enumerate(stage)
    ]
    named = hasattr(model, "feature_names_in_")
    names = model.feature_names_in_ if named else [f"x{i}" for i in range(last.n_features_in_)]
    features = [Feature(str(name)) for name in names]
    return Forest(name_of(model), features, named, trees, base, _sum(model, last))


def _sum(model: Any, last: Any) -> DecisionFunction:
    name, classes = name_of(model), plain_labels(getattr(last, "classes_", None))
    if classes is not None:
        link = "logit" if len(classes) == 2 else "softmax"
        answers = {"output": model.predict_proba, "predict": model.predict}
        return DecisionFunction(model.decision_function, classes, name, link, **answers)
    # the fitted loss knows its link: the name of the loss may be the user's own
    return told(last._raw_predict, name, _LINKS.get(type(last._loss.link).__name__), output=model.predict)


def _levels(last: Any) -> dict[int, tuple[Any, ...]]:
    """The levels of every categorical column, in the order of their numbers."""
    preprocessor = getattr(last, "_preprocessor", None)
    if preprocessor is None:
        return {}
    columns = np.flatnonzero(last.is_categorical_).tolist()
    known = preprocessor.named_transformers_["encoder"].categories_
    return {column: tuple(map(level, values)) for column, values in zip(columns, known, strict=True)}


def _tree(
    predictor: Any, label: str, order: list[int], levels: dict[int, tuple[Any, ...]], output: int, outputs: int
) -> Tree:
    nodes = predictor.nodes
    splits: list[Cells | None] = []
    for node in nodes:
        column = order[node["feature_idx"]]
        absent = not node["missing_go_to_left"]
        if node["is_leaf"]:
            splits.append(None)
        elif node["is_categorical"]:
            inside = _members(predictor.raw_left_cat_bitsets[node["bitset_idx"]], levels[column])
            known = tuple(one for one in levels[column] if one == one)
            splits.append(Levels(column, known, inside, not absent).outside())
        else:
            splits.append(_numbers(column, float(node["num_threshold"]), absent))
    left, right = (np.where(nodes["is_leaf"], -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
    return Tree(label, splits, left, right, in_output(nodes["value"], output, outputs))


def _numbers(column: int, threshold: float, absent: bool) -> Numbers:
    return numbers_where(column, lambda x: x > threshold, [np.nextafter(threshold, np.inf)], absent)


def _members(bitset: Any, levels: tuple[Any, ...]) -> frozenset[Any]:
    """The levels whose number is in a bitset; an absent one is none."""
    inside = [level for i, level in enumerate(levels) if bitset[i // _WORD] >> (i % _WORD) & 1]
    return frozenset(level for level in inside if level == level)
