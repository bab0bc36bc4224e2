"""Ensembles of shallow trees: the schema of the thresholds they use, and the quadratic function on its bits.

A tree tests ``value <= threshold``. With one bit per threshold (:func:`schema_for_trees`) a test is a bit, a path is a
product of bits, and tests of one column multiply to a function of that column alone, which is linear in its bits. So
a sum of trees whose paths test at most two columns each, as all trees of depth two do, is quadratic in the bits; and
linear where every path tests one column. The owner of the data learns the thresholds, and no value of a leaf.

Trees are found by their structure (``tree_``, ``estimators_``), not by the name of the model; how the model combines
them is asked of the model: are its answers ``a * (sum of the trees) + b`` on fresh rows? Where they are not (votes
with weights, dropout), the model is probed on the bits like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray, IntArray
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models.fit.probing import TOLERANCE, fresh_rows
from pyfe.models.real.affine import AffineMap
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.sources.decision import DecisionFunction, decision_function_of
from pyfe.models.sources.estimators import with_link
from pyfe.models.sources.fitted import fitted_map
from pyfe.models.sources.parts import name_of, plain_labels, steps_of
from pyfe.models.sources.raw_model import RawModel
from pyfe.models.sources.real_function import RealFunction, RealMap
from pyfe.models.sources.tables import feature_table
from pyfe.schema import Column, Products, Schema, stacked, thresholds
from pyfe.schema.cells import same_name

__all__ = ["from_trees", "is_trees", "schema_for_trees"]

_MOST_COLUMNS = 2
"""Columns that a path may test: a product of two bits is the most that a quadratic function holds."""


@dataclass(frozen=True)
class Tree:
    """One tree of an ensemble; arrays by node, node 0 first.

    feature: int ``[nodes]``, of inner nodes. cut: float64 ``[nodes]``; a value of at least this goes right. left,
    right: int ``[nodes]``, -1 at a leaf. values: float64 ``[nodes, k]``, all zero but in the outputs it adds to.
    """

    label: str
    feature: IntArray
    cut: FloatArray
    left: IntArray
    right: IntArray
    values: FloatArray

    def paths(self) -> Iterator[tuple[int, list[tuple[int, bool]]]]:
        """``(leaf, [(inner node, whether to its right), ...])`` for every leaf."""
        stack: list[tuple[int, list[tuple[int, bool]]]] = [(0, [])]
        while stack:
            node, path = stack.pop()
            if self.left[node] < 0:
                yield node, path
                continue
            stack.append((int(self.right[node]), [*path, (node, True)]))
            stack.append((int(self.left[node]), [*path, (node, False)]))


def schema_for_trees(
    *models: Any,
    public: Iterable[str] = (),
    protected: Iterable[str] = (),
    missing: Mapping[str, Any] | None = None,
    protected_forms: Mapping[str, Mapping[str, int]] | None = None,
) -> Schema:
    """The schema of all thresholds that trees test, one column of bits per feature that is tested at all.

    Parameters
    ----------
    models: fitted trees or ensembles of trees, that show them as ``tree_`` or ``estimators_``. Several share one
        schema, so that one ciphertext serves them all. Columns are called as in the DataFrame that a model was fitted
        on, or x0, x1, ...
    The others: as for :meth:`pyfe.Schema.from_ranges`.

    The cuts are such that ``value >= cut`` for a float64 value is exactly the test of the tree, which rounds values to
    float32 first. Raises UnsupportedModelError for a model that shows no trees, or has steps before them.
    """
    if not models:
        raise ParameterError("schema_for_trees needs a fitted model")
    cuts: dict[str, set[float]] = {}
    for model in models:
        for name in _column_names(model):
            cuts.setdefault(name, set())
        for tree in _shown_trees(model):
            for node in np.flatnonzero(tree.left >= 0):
                cuts[_column_names(model)[tree.feature[node]]].add(float(tree.cut[node]))
    columns = {name: thresholds(sorted(found)) for name, found in cuts.items() if found}
    if not columns:
        raise UnsupportedModelError("the trees test no column at all")
    marks = {"public": public, "protected": protected, "missing": missing, "protected_forms": protected_forms}
    return Schema.from_ranges(columns, **marks)  # type: ignore[arg-type]


def from_trees(model: Any, schema: Schema) -> RealFunction | None:
    """The function of an ensemble of trees on the bits of a schema; None for a model that shows no trees.

    Raises UnsupportedModelError for a tree with a path that tests three columns (names tree, depth and columns), or
    a column that the schema holds in another form than bits. Cost: O(leaves) and 512 evaluations of the model; those of
    probing, for an ensemble that is no plain sum.
    """
    found = _trees_of(model)
    if found is None:
        return None
    name, names = name_of(model), _column_names(model)
    for tree in found:
        _require_two_columns(tree, name, names)
    function = _decision_function(model)
    raw = _sum_of(found, names, schema, name)
    if function.labels is not None and len(function.labels) == len(raw.intercept) == 2:
        raw = _second_minus_first(raw)

    def table(columns: Mapping[str, AnyArray]) -> Any:
        """The features in the model's order; those that no tree tests, and the schema leaves out, are zero."""
        zero = np.zeros(len(next(iter(columns.values()))))
        given = {same_name(column): values for column, values in columns.items()}
        filled = {feature: given.get(same_name(feature), zero) for feature in names}
        return stacked(filled) if not hasattr(model, "feature_names_in_") else feature_table(filled, names)

    asking, rows = RawModel(function, table, schema, model), fresh_rows(schema)
    real_map = _as_the_model_combines(raw, rows, asking.on_codes(rows))
    if real_map is None:
        real_map, rows = fitted_map(asking)
    return with_link(RealFunction(real_map, "identity", None, None, name, asking), asking, rows)


def is_trees(model: Any) -> bool:
    """Whether a model shows trees on raw columns."""
    return _trees_of(model) is not None


def _shown_trees(model: Any) -> list[Tree]:
    found = _trees_of(model)
    if found is None:
        raise UnsupportedModelError(
            f"{name_of(model)} shows no trees on raw columns (tree_, or estimators_ with tree_; no steps before "
            "them). Its cuts would have to be read from it: a bit of ours is value >= cut, and other libraries test "
            "value > cut, or float32(value) < cut, so that a cut as they print it is the wrong one"
        )
    return found


def _trees_of(model: Any) -> list[Tree] | None:
    steps = steps_of(model)
    last = steps[-1][1]
    if len(steps) > 1:
        return None
    members = [[last]] if hasattr(last, "tree_") else _members(last)
    if members is not None and getattr(last, "unique_times_", None) is not None and hasattr(last, "n_outputs_"):
        raise UnsupportedModelError(
            f"the leaves of {name_of(model)} hold survival curves, and its risk score is no sum of numbers in leaves; "
            "compile a model of one score instead, such as GradientBoostingSurvivalAnalysis(max_depth=2) or a Cox model"
        )
    if members is None or not all(hasattr(member, "tree_") for row in members for member in row):
        return None
    outputs = max(_leaf_values(members[0][0].tree_).shape[1], len(members[0]))
    features = getattr(last, "estimators_features_", [None] * len(members))
    trees = []
    for count, (row, subset) in enumerate(zip(members, features, strict=True)):
        for output, member in enumerate(row):
            label = f"tree {count}" if len(row) == 1 else f"tree {count} of output {output}"
            trees.append(_read(member.tree_, label, subset, outputs, output if len(row) > 1 else None))
    return trees


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


def _read(tree: Any, label: str, subset: Any, outputs: int, output: int | None) -> Tree:
    values = _leaf_values(tree)
    if output is not None:
        wide = np.zeros((len(values), outputs))
        wide[:, output] = values[:, 0]
        values = wide
    left = np.asarray(tree.children_left, dtype=np.int64)
    feature = np.where(left >= 0, np.asarray(tree.feature, dtype=np.int64), 0)
    feature = feature if subset is None else np.asarray(subset, dtype=np.int64)[feature]
    right = np.asarray(tree.children_right, dtype=np.int64)
    return Tree(label, feature, _cuts(np.asarray(tree.threshold, dtype=np.float64)), left, right, values)


def _cuts(limits: FloatArray) -> FloatArray:
    """The least float64 values that, rounded to float32, exceed the limits.

    float32 values are rounded to nearest, so the least one is half way between the neighbours around the limit, or
    the next float64 above where a tie goes down.
    """
    below = limits.astype(np.float32)
    below = np.where(below > limits, np.nextafter(below, np.float32(-np.inf)), below)
    above = np.nextafter(below, np.float32(np.inf))
    middle = (below.astype(np.float64) + above.astype(np.float64)) / 2
    return np.where(middle.astype(np.float32) > limits, middle, np.nextafter(middle, np.inf))


def _column_names(model: Any) -> list[str]:
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        return [str(name) for name in names]
    count = getattr(model, "n_features_in_", None)
    if count is None:
        raise UnsupportedModelError(f"{name_of(model)} does not say how many columns it takes (is it fitted?)")
    return [f"x{i}" for i in range(count)]


def _decision_function(model: Any) -> DecisionFunction:
    """The decision values, or the shares of the classes where a model has nothing before them."""
    if hasattr(model, "decision_function") or not hasattr(model, "predict_proba"):
        return decision_function_of(model)
    return DecisionFunction(model.predict_proba, plain_labels(model.classes_), name_of(model))


def _require_two_columns(tree: Tree, name: str, names: list[str]) -> None:
    for _, path in tree.paths():
        tested = sorted({int(tree.feature[node]) for node, _ in path})
        if len(tested) > _MOST_COLUMNS:
            depth = max(len(longer) for _, longer in tree.paths())
            listed = ", ".join(repr(names[feature]) for feature in tested)
            raise UnsupportedModelError(
                f"{tree.label} of {name} has depth {depth} and tests {listed} on one path; products of two columns "
                "are the most that can be compiled, so fit with max_depth=2"
            )


@dataclass(frozen=True)
class _Feature:
    """A tested column: its coordinates, the raw value of each code, and the operator ``[width, codes]`` from the
    values of a function of the column to its coefficients per bit (its constant is the value at code 0)."""

    part: slice
    values: FloatArray
    slopes: FloatArray


@dataclass
class _Tables:
    """Sums over leaves, by the columns that their paths test: ``[k]``, ``[codes, k]``, ``[codes, codes, k]``."""

    constant: FloatArray
    single: dict[int, FloatArray] = field(default_factory=dict)
    pairs: dict[tuple[int, int], FloatArray] = field(default_factory=dict)

    def add(self, where: dict[int, BoolArray], values: FloatArray) -> None:
        """Add ``values`` ``[k]`` for the rows whose codes are in all the given sets."""
        if not where:
            self.constant += values
        elif len(where) == 1:
            ((feature, inside),) = where.items()
            table = self.single.setdefault(feature, np.zeros((len(inside), len(values))))
            table[inside] += values
        else:
            (one, first), (two, second) = sorted(where.items())
            table = self.pairs.setdefault((one, two), np.zeros((len(first), len(second), len(values))))
            table[np.ix_(first, second)] += values


def _sum_of(trees: list[Tree], names: list[str], schema: Schema, name: str) -> RealQuadratic:
    """The sum of the trees on the coordinates of the schema."""
    features: dict[int, _Feature] = {}
    tables = _Tables(np.zeros(trees[0].values.shape[1]))
    size = np.zeros(trees[0].values.shape[1])
    for tree in trees:
        for feature in sorted({int(tree.feature[node]) for node in np.flatnonzero(tree.left >= 0)}):
            if feature not in features:
                features[feature] = _feature(names[feature], schema, f"{tree.label} of {name}")
        size += np.abs(tree.values).max(axis=0)
        for leaf, path in tree.paths():
            where: dict[int, BoolArray] = {}
            for node, to_the_right in path:
                feature = int(tree.feature[node])
                inside = (features[feature].values >= tree.cut[node]) == to_the_right
                where[feature] = inside & where.get(feature, np.asarray(True))
            tables.add(where, tree.values[leaf])
    return _assembled(tables, features, schema, 16 * len(trees) * np.finfo(np.float64).eps * size)


def _feature(name: str, schema: Schema, tree: str) -> _Feature:
    parts = {same_name(called): (part, column) for called, part, column in schema.parts}
    if same_name(name) not in parts:
        raise ParameterError(f"{tree} tests {name!r}, which is not in the schema; pyfe.schema_for_trees makes one")
    part, column = parts[same_name(name)]
    if Products.MISSING in column.products:
        raise UnsupportedModelError(
            f"{tree} tests {name!r}, a column that may be missing, and sends absent entries its own way; state a value "
            "for them (missing=...) instead of a bit"
        )
    if column.in_table and Products.OWN in column.products:
        raise UnsupportedModelError(
            f"{tree} tests {name!r}, and the schema holds that as a {column}; a test is a bit, so make the schema by "
            "pyfe.schema_for_trees(model)"
        )
    return _Feature(part, _raw_values(name, column), np.asarray(column.slopes(np.eye(column.size)).T))


def _raw_values(name: str, column: Column) -> FloatArray:
    values = column.decode(column.codes())
    if values.dtype.kind == "O":
        raise ParameterError(f"the trees test {name!r} as a number, and the schema holds text")
    return np.asarray(values, dtype=np.float64)


def _assembled(tables: _Tables, features: dict[int, _Feature], schema: Schema, error: FloatArray) -> RealQuadratic:
    k, n = len(error), schema.n
    quadratic, weights, intercept = np.zeros((k, n, n)), np.zeros((k, n)), tables.constant.copy()
    single = {feature: table.copy() for feature, table in tables.single.items()}
    for (one, two), table in tables.pairs.items():
        # F(a, b) = F(a, 0) + F(0, b) - F(0, 0) + a product of what remains
        for feature, edge in ((one, table[:, 0]), (two, table[0] - table[0, 0])):
            single[feature] = single.get(feature, 0.0) + edge
        first, second = features[one], features[two]
        product = np.einsum("ia,abk,jb->kij", first.slopes, table, second.slopes)
        if first.part.start < second.part.start:
            quadratic[:, first.part, second.part] += product
        else:
            quadratic[:, second.part, first.part] += product.transpose(0, 2, 1)
    for feature, table in single.items():
        weights[:, features[feature].part] += (features[feature].slopes @ table).T
        intercept += table[0]
    return RealQuadratic(np.zeros(n, dtype=np.int64), quadratic, weights, intercept, error)


def _second_minus_first(given: RealQuadratic) -> RealQuadratic:
    quadratic, weights, intercept = (
        array[1:] - array[:1] for array in (given.quadratic, given.weights, given.intercept)
    )
    return RealQuadratic(given.centre, quadratic, weights, intercept, given.error.sum(keepdims=True))


def _as_the_model_combines(raw: RealQuadratic, rows: IntArray, theirs: FloatArray) -> RealMap | None:
    """``a * raw + b`` with the a and b, per output, that give the model's values; None if there are none."""
    ours = raw(rows)
    if ours.shape != theirs.shape or not np.isfinite(theirs).all():
        return None
    centred, wanted = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    square = (centred**2).sum(axis=0)
    a = (centred * wanted).sum(axis=0) / np.where(square > 0, square, 1.0)
    b = theirs.mean(axis=0) - a * ours.mean(axis=0)
    difference = np.abs(theirs - (a * ours + b)).max(axis=0)
    spread = theirs.max(axis=0) - theirs.min(axis=0)
    if not (difference <= np.maximum(TOLERANCE * spread, 1e-12 * np.abs(theirs).max(axis=0))).all():
        return None
    weights, intercept = raw.weights * a[:, None], raw.intercept * a + b
    error = np.abs(a) * raw.error + 2 * difference
    if raw.quadratic.any():
        return RealQuadratic(raw.centre, raw.quadratic * a[:, None, None], weights, intercept, error)
    return AffineMap(weights, intercept, error)
