"""CatBoost, from the JSON that it saves itself; the library is not imported.

A node tests ``float32(x) > border``, or whether a cell is one category. A symmetric tree tests the same on every
level: bit j of the number of a leaf is test j. An absent entry is below or above every border, as
``nan_value_treatment`` says.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, BoolArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.sources.boosters import own_names
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import name_of, plain_labels
from pyfe.models.sources.trees.cells import Asked, Cells, exceeding, numbers_from
from pyfe.models.sources.trees.forest import Forest, Tree, in_order, label_of
from pyfe.models.sources.trees.sums import told
from pyfe.models.sources.trees.tables import Feature, table_of

__all__ = ["read", "sum_of"]

_LINKS = {
    "Logloss": "logit",
    "CrossEntropy": "logit",
    "MultiClass": "softmax",
    "MultiClassOneVsAll": "logit_each",
    "MultiLogloss": "logit_each",
    "MultiCrossEntropy": "logit_each",
    "Poisson": "exp",
    "Tweedie": "exp",
}
_SEVERAL_LABELS = ("MultiLogloss", "MultiCrossEntropy")


def is_catboost(model: Any) -> bool:
    """Whether it is a fitted model of this library."""
    return all(hasattr(model, name) for name in ("tree_count_", "get_scale_and_bias", "save_model", "is_fitted"))


def read(model: Any, last: Any) -> Forest | None:
    """The forest; None for another kind of model."""
    if not is_catboost(last):
        return None
    saved = _saved(last)
    scale, bias = saved["scale_and_bias"]
    base = np.atleast_1d(np.asarray(bias, dtype=np.float64))
    names, made_up = own_names(last)
    names = names or []
    texts = set(last.get_cat_feature_indices())
    features = [Feature(f"x{i}" if made_up else name, filler="" if i in texts else 0.0) for i, name in enumerate(names)]
    reader = _Nodes(saved["features_info"], len(base), float(scale), _Hashes(last, features, not made_up))
    symmetric = saved.get("oblivious_trees")
    parts = (
        [reader.symmetric(tree, i) for i, tree in enumerate(symmetric)]
        if symmetric is not None
        else [reader.tree(tree, i) for i, tree in enumerate(saved["trees"])]
    )
    return Forest(name_of(last), features, not made_up, parts, base, _sum(last), cure="fit with depth=2")


def _saved(model: Any) -> dict[str, Any]:
    """What the model saves as JSON, which it writes to files only."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        model.save_model(str(file), format="json")
        return json.loads(file.read_text())  # type: ignore[no-any-return]


def sum_of(model: Any) -> DecisionFunction | None:
    """What the model adds up, and what its loss makes of it; None for another kind of model."""
    return _sum(model) if is_catboost(model) else None


def _sum(model: Any) -> DecisionFunction:
    def values(table: Any) -> AnyArray:
        return np.asarray(model.predict(table, prediction_type="RawFormulaVal"))

    name, loss = name_of(model), str(model.get_all_params().get("loss_function", "")).split(":")[0]
    link, classes = _LINKS.get(loss), plain_labels(getattr(model, "classes_", None)) or None
    if classes is None:
        kind = "Exponent" if link == "exp" else "RawFormulaVal"
        link = "exp" if link == "exp" else "identity"
        return told(values, name, link, output=lambda table: np.asarray(model.predict(table, prediction_type=kind)))

    def probabilities(table: Any) -> AnyArray:
        return np.asarray(model.predict(table, prediction_type="Probability"))

    def labels(table: Any) -> AnyArray:
        return np.ravel(model.predict(table, prediction_type="Class"))

    if loss in _SEVERAL_LABELS:
        return told(values, name, link, output=probabilities)
    return told(values, name, link, classes, output=probabilities, predict=labels)


class _Hashes:
    """Which level a hash is of: the model itself tells, by the leaf that a row with the level falls into."""

    def __init__(self, model: Any, features: list[Feature], named: bool) -> None:
        self._model, self._features, self._named = model, features, named
        self._leaves: dict[tuple[Any, ...], AnyArray] = {}

    def test(self, column: int, tree: int, position: int) -> Asked:
        """The test of a level in this tree, at this position of its levels."""

        def is_it(values: AnyArray) -> BoolArray:
            return np.asarray(self._of(column, values)[:, tree] >> position & 1 == 1)

        return Asked(column, is_it)

    def _of(self, column: int, values: AnyArray) -> AnyArray:
        """The leaf ``[m, trees]`` of rows with these values of a column."""
        key = (column, *values.tolist())
        if key not in self._leaves:
            table = table_of(self._features, {self._features[column].name: values}, named=self._named)
            self._leaves[key] = np.asarray(self._model.calc_leaf_indexes(table)).astype(np.int64)
        return self._leaves[key]


class _Nodes:
    """Reads trees: what the model says of its columns, how many outputs, what their leaves are multiplied by, and who
    knows the levels of categories."""

    def __init__(self, info: Mapping[str, Any], outputs: int, scale: float, hashes: _Hashes) -> None:
        self._numbers = {one["feature_index"]: one for one in info.get("float_features", [])}
        self._categories = {one["feature_index"]: one for one in info.get("categorical_features", [])}
        self._outputs, self._scale, self._hashes = outputs, scale, hashes

    def symmetric(self, tree: Mapping[str, Any], count: int) -> Tree:
        """A tree of which every level is one test; nodes by level, those below node i are 2 i + 1 and 2 i + 2."""
        label, tests = label_of(count, 0, 1), tree["splits"] or []
        depth = len(tests)
        cells = [
            self._level(test, count, position) if test["split_type"] == "OneHotFeature" else self._cells(test, label)
            for position, test in enumerate(tests)
        ]
        # the last test is the highest bit of the number of a leaf, so it is the root's
        splits: list[Cells | None] = [cells[depth - 1 - level] for level in range(depth) for _ in range(2**level)]
        inner, leaves = len(splits), 2**depth
        left = np.array([2 * node + 1 if node < inner else -1 for node in range(inner + leaves)], dtype=np.int64)
        values = np.zeros((inner + leaves, self._outputs))
        values[inner:] = self._scale * np.asarray(tree["leaf_values"]).reshape(leaves, self._outputs)
        return Tree(label, [*splits, *[None] * leaves], left, np.where(left < 0, -1, left + 1), values)

    def tree(self, root: Mapping[str, Any], count: int) -> Tree:
        """A tree of another growing policy, node by node."""
        label, nodes = label_of(count, 0, 1), in_order(root, ("left", "right"))
        places = {id(node): place for place, node in enumerate(nodes)}
        splits = [self._cells(node["split"], label) if "split" in node else None for node in nodes]
        left, right = (
            np.array([places[id(node[side])] if side in node else -1 for node in nodes], dtype=np.int64)
            for side in ("left", "right")
        )
        values = np.array([np.broadcast_to(node.get("value", 0.0), self._outputs) for node in nodes], dtype=np.float64)
        return Tree(label, splits, left, right, self._scale * values)

    def _level(self, test: Mapping[str, Any], tree: int, position: int) -> Cells:
        column = self._categories[test["cat_feature_index"]]["flat_feature_index"]
        return self._hashes.test(column, tree, position)

    def _cells(self, test: Mapping[str, Any], label: str) -> Cells:
        if test["split_type"] != "FloatFeature":
            raise UnsupportedModelError(_no_number(test["split_type"], label))
        feature = self._numbers[test["float_feature_index"]]
        cut = float(exceeding(np.array([test["border"]], dtype=np.float64))[0])
        return numbers_from(feature["flat_feature_index"], cut, feature["nan_value_treatment"] == "AsTrue")


def _no_number(kind: str, label: str) -> str:
    """Why a test of a category cannot be compiled, and what would do."""
    if kind == "OneHotFeature":
        return (
            f"{label} tests a category, whose levels are known of symmetric trees only; fit with "
            'grow_policy="SymmetricTree", or give the model a 0/1 column a level (pandas.get_dummies)'
        )
    return (
        f"{label} tests a statistic of the targets of a category ({kind}), which is no bit of the row; fit with "
        "one_hot_max_size= as large as the number of levels, or give the model a 0/1 column a level "
        "(pandas.get_dummies)"
    )
