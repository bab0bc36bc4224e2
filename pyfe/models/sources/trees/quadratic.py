"""The sum of a forest as a quadratic function of the coordinates of a schema.

With one bit per cut a test is a function of the bits of its column, and so are several tests of one column together;
a path of two columns is a product of two such functions, each linear in its bits. An absent entry is one more code of
its column, with a bit of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.sources.trees.cells import Asked, Cells, Levels, Numbers
from pyfe.models.sources.trees.forest import Forest, Leaf
from pyfe.schema import Column, Products, Schema
from pyfe.schema.cells import same_name

__all__ = ["as_quadratic", "second_minus_first"]


@dataclass(frozen=True)
class _Codes:
    """A tested column: its name and coordinates, the raw value of each code, the operator ``[width, codes]`` from the
    values of a function of the column to its coefficients per bit (its constant is the value at code 0), and the value
    that the schema states for absent entries."""

    name: str
    part: slice
    values: AnyArray
    slopes: FloatArray
    missing: Any


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
            ((column, inside),) = where.items()
            table = self.single.setdefault(column, np.zeros((len(inside), len(values))))
            table[inside] += values
        else:
            (one, first), (two, second) = sorted(where.items())
            table = self.pairs.setdefault((one, two), np.zeros((len(first), len(second), len(values))))
            table[np.ix_(first, second)] += values


def as_quadratic(forest: Forest, schema: Schema) -> RealQuadratic:
    """The forest on the schema's coordinates. UnsupportedModelError or ParameterError for a column that the schema
    lacks, or holds in another form than the tests need. Cost: O(leaves)."""
    codes: dict[int, _Codes] = {}
    tables = _Tables(forest.base.astype(np.float64).copy())
    tests: dict[int, dict[Cells, None]] = {}
    for part in forest.parts:
        owner = f"{part.label} of {forest.name}"
        for cells in part.tests():
            if cells.column not in codes:
                codes[cells.column] = _codes(forest.features[cells.column].name, schema, owner)
            _require_answers(cells, codes[cells.column], forest, owner)
            tests.setdefault(cells.column, {})[cells] = None
        for leaf in part.leaves():
            tables.add(*_on_codes(leaf, codes))
    if forest.function is not None:  # else only the model knows whether it takes absent entries
        for column, tested in tests.items():
            _require_stated_value(list(tested), codes[column], forest.name)
    return _assembled(tables, codes, schema, forest.rounding())


def _on_codes(leaf: Leaf, codes: dict[int, _Codes]) -> tuple[dict[int, BoolArray], FloatArray]:
    """Which codes of each tested column lead to the leaf, and its values."""
    path, values = leaf
    where: dict[int, BoolArray] = {}
    for cells in path:
        inside = cells.holds(codes[cells.column].values)
        where[cells.column] = inside & where.get(cells.column, np.asarray(True))
    return where, values


def _codes(name: str, schema: Schema, owner: str) -> _Codes:
    part, column = _column(name, schema, owner)
    if column.in_table and Products.OWN in column.products:
        raise UnsupportedModelError(
            f"{owner} tests {name!r}, and the schema holds that as a {column}; a test is a bit, so make the schema by "
            "pyfe.schema_for_trees(model)"
        )
    slopes = np.asarray(column.slopes(np.eye(column.size)).T)
    return _Codes(name, part, column.decode(column.codes()), slopes, column.missing)


def _column(name: str, schema: Schema, owner: str) -> tuple[slice, Column]:
    parts = {same_name(called): (part, column) for called, part, column in schema.parts}
    if same_name(name) not in parts:
        raise ParameterError(f"{owner} tests {name!r}, which is not in the schema; pyfe.schema_for_trees makes one")
    return parts[same_name(name)]


def _require_answers(cells: Cells, codes: _Codes, forest: Forest, owner: str) -> None:
    """ParameterError where a test is no function of the codes."""
    name, values = forest.features[cells.column].name, codes.values
    if isinstance(cells, Levels):
        texts = values.dtype.kind == "O"
        if not texts and not set(values[~_absent(values)].tolist()) & set(cells.known):
            raise ParameterError(
                f"{owner} tests the levels of {name!r}, and no value of the schema's column is one of them; "
                "pyfe.schema_for_trees makes a category of them"
            )
        return
    if isinstance(cells, Numbers) and values.dtype.kind == "O":
        raise ParameterError(f"the trees test {name!r} as a number, and the schema holds text")
    if (isinstance(cells, Asked) or cells.absent is None) and _absent(values).any():
        raise UnsupportedModelError(
            f"{forest.name} takes no absent entries in {name!r}, which may be absent in the schema; leave its bit for "
            'them away (missing="bit")'
        )


def _require_stated_value(tests: list[Cells], codes: _Codes, model: str) -> None:
    """UnsupportedModelError where the value that the schema states for absent entries is not what the model takes them
    for: it goes another way at some test."""
    absent = [cells.absent for cells in tests if not isinstance(cells, Asked)]
    if codes.missing is None or None in absent or len(absent) < len(tests):
        return

    def alike(values: AnyArray) -> BoolArray:
        """Which of the values go the way of an absent entry at every test."""
        ways = [cells.holds(values) == way for cells, way in zip(tests, absent, strict=True)]
        return np.asarray(np.all(ways, axis=0))

    stated = np.array([codes.missing], dtype=codes.values.dtype)
    if alike(stated).all():
        return
    others = codes.values[alike(codes.values)]
    instead = f"; it takes {others[0]!s} for absent" if len(others) else ", and no value goes the same ways"
    raise UnsupportedModelError(
        f"{model} sends an absent entry of {codes.name!r} another way than {codes.missing!r}, the value that the "
        f"schema states for it{instead}: give the column a bit for absent entries, "
        f'schema_for_trees(model, missing={{{codes.name!r}: "bit"}})'
    )


def _absent(values: AnyArray) -> BoolArray:
    return np.asarray(values != values, dtype=np.bool_)


def _assembled(tables: _Tables, codes: dict[int, _Codes], schema: Schema, error: FloatArray) -> RealQuadratic:
    k, n = len(error), schema.n
    quadratic, weights, intercept = np.zeros((k, n, n)), np.zeros((k, n)), tables.constant.copy()
    single = {column: table.copy() for column, table in tables.single.items()}
    for (one, two), table in tables.pairs.items():
        # F(a, b) = F(a, 0) + F(0, b) - F(0, 0) + a product of what remains
        for column, edge in ((one, table[:, 0]), (two, table[0] - table[0, 0])):
            single[column] = single.get(column, 0.0) + edge
        first, second = codes[one], codes[two]
        product = np.einsum("ia,abk,jb->kij", first.slopes, table, second.slopes)
        if first.part.start < second.part.start:
            quadratic[:, first.part, second.part] += product
        else:
            quadratic[:, second.part, first.part] += product.transpose(0, 2, 1)
    for column, table in single.items():
        weights[:, codes[column].part] += (codes[column].slopes @ table).T
        intercept += table[0]
    return RealQuadratic(np.zeros(n, dtype=np.int64), quadratic, weights, intercept, error)


def second_minus_first(given: RealQuadratic) -> RealQuadratic:
    """Of the scores of two classes their difference."""
    quadratic, weights, intercept = (
        array[1:] - array[:1] for array in (given.quadratic, given.weights, given.intercept)
    )
    return RealQuadratic(given.centre, quadratic, weights, intercept, given.error.sum(keepdims=True))
