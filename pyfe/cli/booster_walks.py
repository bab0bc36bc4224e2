"""Model files of boosted trees, walked through before their libraries open them.

The libraries believe a file: a child that is its own parent is followed without end, the number of a column or of a
leaf is a place in memory, a count is room. Here every number that leads somewhere is held against what is there. What a
number says otherwise, a cut or a leaf's value, is for the model to know, which is asked about rows.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.io.ubjson import ubjson
from pyfe.models.sources.trees.xgboost import one_value_a_leaf
from pyfe.strict import distinct

__all__ = ["walk_catboost", "walk_lightgbm", "walk_xgboost"]

_MOST_COLUMNS = 1 << 20
_MOST_LEVELS = 1 << 16
"""Number of a category, at most: a library makes room for a bit for each below it."""

_DEEPEST = 64
_SYMMETRIC = 16
"""Levels of a symmetric tree, at most, as its library has it."""

_WORD = 32
_MOST_LINES = 22
"""Lines of a tree that LightGBM reads; it takes the others for the next tree."""

_MOST_KINDS = 12
"""Of a category or not, of two defaults, of three ways to be absent."""

_INTEGER = re.compile(r"-?[0-9]{1,10}")


_OF_TARGETS = (
    "statistics of the targets of categories, which are no bits of a row; fit with one_hot_max_size= as large as the "
    "number of levels, or give the model a 0/1 column a level (pandas.get_dummies)"
)
_OF_TEXT = "columns of text or of embeddings, which are no numbers of a row; fit without them"
_BEYOND_TREES = {
    "ctr_data": _OF_TARGETS,
    "ctrs": _OF_TARGETS,
    "text_features": _OF_TEXT,
    "embedding_features": _OF_TEXT,
    "text_processing": _OF_TEXT,
    "embedding_processing": _OF_TEXT,
}
"""What CatBoost computes before its trees, which none of ours do: refused before its library reads the tables of it."""


class Malformed(ValueError):
    """What a file says that no library writes."""


def _require(truth: bool, what: str) -> None:
    if not truth:
        raise Malformed(what)


def _in(number: Any, start: int, end: int, what: str) -> int:
    """A whole number from start to end, that not included."""
    whole = isinstance(number, int) and not isinstance(number, bool)
    _require(whole and start <= number < end, f"{what}, {str(number)[:30]}, is not from {start} to {end - 1}")
    return int(number)


def _require_tree(left: Sequence[int], right: Sequence[int], leaves: int, what: str) -> list[int]:
    """The nodes with children, if from node 0 every node is reached once at most, and every leaf.

    A child below zero is leaf ``-1 - child`` of so many; no leaves: a node is one where its left child is below zero.
    """
    seen, ends, inner, waiting = set(), set(), [], [0]
    while waiting:
        node = waiting.pop()
        _require(node not in seen, f"{what} comes back to node {node}")
        seen.add(node)
        if not leaves and left[node] < 0:
            _require(left[node] == right[node] == -1, f"{what} has half a leaf")
            continue
        inner.append(node)
        for child in (left[node], right[node]):
            child = _in(child, -leaves, len(left), f"a child in {what}")
            if child >= 0:
                waiting.append(child)
            else:
                _require(child not in ends, f"{what} comes back to leaf {-1 - child}")
                ends.add(child)
    return inner


def _of_length(lists: Mapping[str, Any], names: Iterable[str], count: int, what: str) -> None:
    for name in names:
        found = lists[name]
        _require(isinstance(found, list) and len(found) == count, f"{name} of {what} has not {count} entries")


def _once(pairs: list[tuple[str, Any]], what: str = "an object") -> dict[str, Any]:
    try:
        return distinct(pairs, what)
    except ParameterError as error:
        raise Malformed(str(error)) from error


# ---------------------------------------------------------------------------------------------------------------
# XGBoost


def walk_xgboost(data: bytes) -> None:
    """Raises ValueError, or LookupError or TypeError where a part is missing. Cost: the file once."""
    binary = data[:1] == b"{" and data[1:2] in (b"L", b"l", b"I", b"i", b"U")
    learner = (ubjson(data) if binary else json.loads(data, object_pairs_hook=_once))["learner"]
    numbers, booster = learner["learner_model_param"], learner["gradient_booster"]
    columns = _in(_whole_number(numbers["num_feature"]), 1, _MOST_COLUMNS, "num_feature")
    outputs = max(1, *(_whole_number(numbers.get(name, "1")) for name in ("num_class", "num_target")))
    for names in ("feature_names", "feature_types"):
        _require(len(learner.get(names) or []) in (0, columns), f"{names} are not those of {columns} columns")
    _require_distinct(learner.get("feature_names") or [])
    kind = booster["name"]
    _require(kind in ("gbtree", "dart", "gblinear"), f"an unknown booster {str(kind)[:30]!r}")
    if kind == "gblinear":
        weights = booster["model"]["weights"]
        _require(len(weights) == (columns + 1) * outputs, "weights are not those of the columns and outputs")
        return
    _require(("gbtree" in booster) == (kind == "dart"), f"its parts are not those of {kind}")
    model = booster.get("gbtree", booster)["model"]
    trees = model["trees"]
    if kind == "dart":
        _of_length(booster, ["weight_drop"], len(trees), "the trees")
    _of_length(model, ["tree_info"], len(trees), "the trees")
    rounds = model.get("iteration_indptr")
    if rounds is not None:
        _require_ends(rounds, len(trees), "iteration_indptr")
    if model.get("cats"):
        _levels_of_xgboost(model["cats"], columns)
    _require(outputs <= max(1, len(trees)), f"{outputs} outputs are more than its trees have")
    for place, (tree, output) in enumerate(zip(trees, model["tree_info"], strict=True)):
        _in(output, 0, outputs, f"the output of tree {place}")
        _tree_of_xgboost(tree, columns, f"tree {place}")


def _levels_of_xgboost(cats: Mapping[str, Any], columns: int) -> None:
    """The levels of every column: numbers, or one run of bytes that is cut at offsets; and their order, column after
    column, which the library follows into memory."""
    known, starts, order = cats["enc"], cats["feature_segments"], cats["sorted_idx"]
    if not known and not order:
        return
    _require(len(known) == columns and len(starts) == columns + 1, f"categories are not those of {columns} columns")
    _require_ends(starts, len(order), "feature_segments")
    for column, (one, start, end) in enumerate(zip(known, starts[:-1], starts[1:], strict=True)):
        what, values = f"the categories of column {column}", one["values"]
        offsets = one.get("offsets") or []
        if offsets:
            _require_ends(offsets, len(values), f"the offsets of {what}")
            for value in values:
                _in(value, -128, 256, f"a sign of {what}")
        count = len(offsets) - 1 if offsets else len(values)
        _in(count, 0, _MOST_LEVELS, f"the number of {what}")
        _require(end - start == count, f"{what} are not {end - start}")
        for place in order[start:end]:
            _in(place, 0, count, f"a place of {what}")
        _require(len(set(order[start:end])) == count, f"the order of {what} has a place twice")


def _require_ends(places: Any, end: int, what: str) -> None:
    """Places that begin at zero, never descend, and end at the end of what they cut."""
    whole = isinstance(places, list) and bool(places) and all(type(place) is int for place in places)
    _require(
        whole and places[0] == 0 and places == sorted(places) and places[-1] == end, f"{what} cuts at other places"
    )


def _require_distinct(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        _require(name not in seen, f"two columns are called {str(name)[:60]!r}")
        seen.add(name)


def _tree_of_xgboost(tree: Mapping[str, Any], columns: int, what: str) -> None:
    if _whole_number(tree["tree_param"].get("size_leaf_vector", "1")) > 1:
        raise one_value_a_leaf(what)
    nodes = _in(
        _whole_number(tree["tree_param"]["num_nodes"]), 1, len(tree["left_children"]) + 1, f"the nodes of {what}"
    )
    lists = ("left_children", "right_children", "split_indices", "split_conditions", "default_left")
    _of_length(tree, lists, nodes, what)
    inner = _require_tree(tree["left_children"], tree["right_children"], 0, what)
    for node in inner:  # those that were pruned away test nothing, and say so by a number beyond all columns
        _in(tree["split_indices"][node], 0, columns, f"a column of {what}")
    starts, sizes, tested = (
        tree.get(name, []) for name in ("categories_segments", "categories_sizes", "categories_nodes")
    )
    _require(len(starts) == len(sizes) == len(tested), f"the categories of {what} do not agree")
    members = tree.get("categories", [])
    for number in members:
        _in(number, 0, _MOST_LEVELS, f"a category of {what}")
    for node, start, size in zip(tested, starts, sizes, strict=True):
        _in(node, 0, nodes, f"a node of categories of {what}")
        _in(size, 0, len(members) - _in(start, 0, len(members) + 1, f"categories of {what}") + 1, f"the size of {what}")
    _require(list(tested) == sorted(set(tested)), f"the nodes of categories of {what} do not ascend")
    kinds = tree.get("split_type") or [0] * nodes
    _require(len(kinds) == nodes, f"split_type of {what} has not {nodes} entries")
    categorical = {node for node in inner if _in(kinds[node], 0, 2, f"a split type of {what}")}
    _require(categorical == set(tested).intersection(inner), f"the nodes of categories of {what} do not agree")


# ---------------------------------------------------------------------------------------------------------------
# LightGBM


def walk_lightgbm(text: str) -> str:
    """The text as its library should have it: without ``tree_sizes``, places that it jumps to and finds without, trees
    of the lines that were looked at alone, and behind them nothing but the levels of categories: the parameters of the
    training, which its predictions do not need, are read by it as if each line had a colon. Errors as of
    :func:`walk_xgboost`."""
    plain = text.replace("\r\n", "\n")
    _require(not re.search(r"[\r\0]", plain), "a line ends in another way than lines do")
    head, *blocks = re.split(r"(?m)^(?=Tree=)", plain)
    head = re.sub(r"(?m)^tree_sizes=.*\n?", "", head)
    said, rest = _lines(head, "the head"), ""
    if blocks:
        blocks[-1], end, rest = blocks[-1].partition("\nend of trees")
        _require(bool(end), "no end of trees")
    outputs, names = _whole_number(said["num_tree_per_iteration"]), said["feature_names"].split(" ")
    _in(outputs, 1, max(len(blocks), 1) + 1, "num_tree_per_iteration")
    _require(_whole_number(said["num_class"]) == outputs, "num_class is not num_tree_per_iteration")
    _require(len(blocks) % outputs == 0, "trees of a round are missing")
    objective = said.get("objective", "none")
    counted = map(_whole_number, re.findall(r"num_class:(\S*)", objective))
    _require(bool(objective.strip()), "an objective without a name")
    _require(all(count == outputs for count in counted), "the classes of the objective are not its outputs")
    columns = _in(_whole_number(said["max_feature_idx"]) + 1, 1, len(names) + 1, "columns")
    _require_distinct(names)
    trees = [_lines(block, f"tree {place}") for place, block in enumerate(blocks)]
    for place, tree in enumerate(trees):
        _require(len(tree) <= _MOST_LINES, f"tree {place} has more than {_MOST_LINES} lines")
        _tree_of_lightgbm(tree, columns, f"tree {place}")
    written = ("".join(f"{name}={value}\n" for name, value in tree.items()) + "\n\n" for tree in trees)
    levels = [line for line in rest.split("\n") if line.startswith("pandas_categorical:")]
    _require(len(levels) <= 1, "pandas_categorical is there twice")
    ends = "".join(f"\n{line}\n" for line in levels)
    return f"{head}{''.join(written)}end of trees\n{ends}" if blocks else plain


def _lines(block: str, what: str) -> dict[str, str]:
    pairs = [line.split("=", 1) for line in block.split("\n") if "=" in line]
    return _once([(name.strip(" "), value) for name, value in pairs], what)


def _whole_number(text: Any) -> int:
    """A number as libraries read it: Python takes more."""
    _require(isinstance(text, str) and bool(_INTEGER.fullmatch(text)), f"{str(text)[:30]!r} is no whole number")
    return int(text)


def _whole_numbers(text: str) -> list[int]:
    return [_whole_number(one) for one in text.split(" ") if one]


def _tree_of_lightgbm(said: Mapping[str, str], columns: int, what: str) -> None:
    leaves = _whole_number(said["num_leaves"])
    _require(len(said["leaf_value"].split()) == leaves >= 1, f"{what} has not its {leaves} leaves")
    _require(said.get("is_linear", "0") == "0" or _whole(said, leaves), f"{what} has not its linear functions")
    sets = _whole_number(said.get("num_cat", "0"))
    if leaves == 1:
        _require(sets == 0, f"{what} has categories and no test")
        return
    names = ("left_child", "right_child", "split_feature", "decision_type")
    lists = {name: _whole_numbers(said[name]) for name in names}
    _of_length(lists, lists, leaves - 1, what)
    _require_tree(lists["left_child"], lists["right_child"], leaves, what)
    for column in lists["split_feature"]:
        _in(column, 0, columns, f"a column of {what}")
    thresholds = said["threshold"].split(" ")
    _require(len(thresholds) == leaves - 1, f"threshold of {what} has not {leaves - 1} entries")
    _in(sets, 0, leaves, f"num_cat of {what}")
    for kind, threshold in zip(lists["decision_type"], thresholds, strict=True):
        if _in(kind, 0, _MOST_KINDS, f"a decision type of {what}") & 1:
            _in(_whole_number(threshold), 0, sets, f"a set of categories of {what}")
    if sets:
        words, bounds = _whole_numbers(said["cat_threshold"]), _whole_numbers(said["cat_boundaries"])
        whole = len(bounds) == sets + 1 and bounds == sorted(bounds) and bounds[0] == 0 and bounds[-1] == len(words)
        _require(whole and len(words) * _WORD <= _MOST_LEVELS * sets, f"the categories of {what} do not agree")


def _whole(said: Mapping[str, str], leaves: int) -> bool:
    """Whether the linear functions in the leaves of a tree are as many as it says."""
    counts = _whole_numbers(said["num_features"])
    total, constants = sum(counts), said["leaf_const"].split()
    coefficients, features = said["leaf_coeff"].split(), said["leaf_features"].split()
    return len(counts) == len(constants) == leaves and min(counts) >= 0 and len(coefficients) == len(features) == total


# ---------------------------------------------------------------------------------------------------------------
# CatBoost


def walk_catboost(text: str) -> None:
    """Errors as of :func:`walk_xgboost`."""
    data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    for name, said in data["model_info"].items():
        _require(not isinstance(said, str) or _depth(said) <= _DEEPEST, f"{name} has values within values, without end")
    scale, bias = data["scale_and_bias"]
    bias = bias if isinstance(bias, list) else [bias]
    _require(all(map(_is_finite, (scale, *bias))), "scale_and_bias are no numbers")
    info, flat, total = data["features_info"], [], 0
    for kind, said in _BEYOND_TREES.items():
        if data.get(kind) or info.get(kind):
            raise UnsupportedModelError(f"the model has {said}")
    for kind in ("float_features", "categorical_features"):
        features = info.get(kind) or []
        _distinct_places([feature["feature_index"] for feature in features], f"feature_index of {kind}")
        flat += [feature["flat_feature_index"] for feature in features]
    _distinct_places(flat, "flat_feature_index")
    for feature in info.get("float_features") or []:
        borders = feature.get("borders") or []
        _require(all(map(_is_finite, borders)) and borders == sorted(borders), "borders do not ascend")
        total += len(borders)
    for feature in info.get("categorical_features") or []:
        total += len(feature.get("values") or [])
    outputs = max(1, len(bias))
    _require(isinstance(data.get("oblivious_trees", data.get("trees")), list), "no trees")
    for place, tree in enumerate(data.get("oblivious_trees") or []):
        _symmetric(tree, outputs, total, f"tree {place}")
    for place, tree in enumerate(data.get("trees") or []):
        _nodes(tree, outputs, total, f"tree {place}")


def _symmetric(tree: Mapping[str, Any], outputs: int, tests: int, what: str) -> None:
    splits, values = tree["splits"] or [], tree["leaf_values"]
    _require(len(splits) <= _SYMMETRIC, f"{what} has more than {_SYMMETRIC} levels")
    _require(len(values) == outputs << len(splits), f"{what} has not {outputs << len(splits)} values")
    _require(all(map(_is_finite, values)), f"a value of {what} is no number")
    for split in splits:
        _in(split["split_index"], 0, tests, f"a test of {what}")


def _nodes(root: Mapping[str, Any], outputs: int, tests: int, what: str) -> None:
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        _require(depth <= _DEEPEST, f"{what} has more than {_DEEPEST} levels")
        if "split" in node:
            _in(node["split"]["split_index"], 0, tests, f"a test of {what}")
            waiting += [(node[side], depth + 1) for side in ("left", "right")]
            continue
        values = node["value"] if isinstance(node["value"], list) else [node["value"]]
        _require(len(values) == outputs and all(map(_is_finite, values)), f"a value of {what} is no number")


def _distinct_places(places: list[Any], what: str) -> None:
    for place in places:
        _in(place, 0, _MOST_COLUMNS, what)
    _require(len(set(places)) == len(places), f"{what} has a place twice")


def _is_finite(number: Any) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)


def _depth(text: str) -> int:
    """How many brackets are open at a time, at most, wherever they stand."""
    depth = most = 0
    for bracket in re.findall(r"[\[{\]}]", text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        most = max(most, depth)
    return most


def _no_number(text: str) -> float:
    raise Malformed(f"{text} is no number of a model")
