"""The common form of every ensemble of trees, whatever library it comes from: leaves, each with a few conditions.

A library's file makes a :class:`Forest` of a fitted model; :mod:`pyfe.models.sources.trees.quadratic` makes a quadratic
function of a Forest. Neither knows the other's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.tables import require_distinct
from pyfe.models.sources.trees.cells import Cells
from pyfe.models.sources.trees.tables import Feature

__all__ = ["Forest", "Leaf", "Part", "Tree", "in_order", "in_output", "label_of"]

Leaf: TypeAlias = tuple[list[Cells], FloatArray]
"""The cells that lead there, and what it adds to each output ``[k]``."""

_MOST_COLUMNS = 2
"""Columns that a path may test: a product of two bits is the most that a quadratic function holds."""

_EPS = float(np.finfo(np.float64).eps)


class Part(Protocol):
    """A tree, or whatever else adds one of its leaves to a row's score."""

    @property
    def label(self) -> str:
        """What it is called in messages."""

    @property
    def depth(self) -> int:
        """Most tests on the way to a leaf."""

    def leaves(self) -> Iterator[Leaf]:
        """All leaves; every row is in exactly one."""

    def tests(self) -> Iterator[Cells]:
        """What it tests, in any order, with repetitions."""


@dataclass(frozen=True)
class Tree:
    """One tree; entries by node, node 0 first. splits: the cells that go right, None at a leaf. left, right: int
    ``[nodes]``. values: float64 ``[nodes, k]``, all zero but in the outputs it adds to."""

    label: str
    splits: Sequence[Cells | None]
    left: IntArray
    right: IntArray
    values: FloatArray

    def leaves(self) -> Iterator[Leaf]:
        """As :class:`Part`."""
        waiting: list[tuple[int, list[Cells]]] = [(0, [])]
        while waiting:
            node, path = waiting.pop()
            split = self.splits[node]
            if split is None:
                yield path, self.values[node]
                continue
            waiting.append((int(self.right[node]), [*path, split]))
            waiting.append((int(self.left[node]), [*path, split.outside()]))

    @property
    def depth(self) -> int:
        """As :class:`Part`."""
        return max(len(path) for path, _ in self.leaves())

    def tests(self) -> Iterator[Cells]:
        """As :class:`Part`."""
        return (split for split in self.splits if split is not None)


@dataclass(frozen=True)
class Forest:
    """The sum of one leaf of every part, and ``base [k]``.

    named: whether the model takes a DataFrame by its names, or an array in the order of ``features``.
    function: the model's own sum, which is this one, with its link; None where only the model knows how it combines its
        trees; it is asked then.
    unit: half the distance of neighbouring numbers near 1, in the type that the model adds up in. cure: how to fit one
    whose paths test two columns.
    """

    name: str
    features: Sequence[Feature]
    named: bool
    parts: Sequence[Part]
    base: FloatArray
    function: DecisionFunction | None = None
    unit: float = _EPS / 2
    cure: str = "fit with max_depth=2"

    def __post_init__(self) -> None:
        require_distinct(feature.name for feature in self.features)
        for part in self.parts:
            for cells in part.tests():
                if not 0 <= cells.column < len(self.features):
                    raise UnsupportedModelError(
                        f"{part.label} of {self.name} tests column {cells.column} of {len(self.features)} columns"
                    )

    def require_two_columns(self) -> None:
        """UnsupportedModelError for a path that tests three columns, with the tree, its depth and the columns."""
        for part in self.parts:
            for path, _ in part.leaves():
                tested = sorted({cells.column for cells in path})
                if len(tested) > _MOST_COLUMNS:
                    listed = ", ".join(repr(self.features[column].name) for column in tested)
                    raise UnsupportedModelError(
                        f"{part.label} of {self.name} has depth {part.depth} and tests {listed} on one path; products "
                        f"of two columns are the most that can be compiled, so {self.cure}"
                    )

    def size(self) -> FloatArray:
        """A bound ``[k]`` on the absolute value of every partial sum."""
        largest = [np.max([np.abs(values) for _, values in part.leaves()], axis=0) for part in self.parts]
        return np.asarray(np.abs(self.base) + np.sum(largest, axis=0))

    def least(self) -> FloatArray:
        """A lower bound ``[k]`` of the sum."""
        lowest = [np.min([values for _, values in part.leaves()], axis=0) for part in self.parts]
        return np.asarray(self.base + np.sum(lowest, axis=0))

    def rounding(self) -> FloatArray:
        """A bound ``[k]`` on how far the model's own sum, and ours in float64, are from the exact one: each addition is
        off by at most a unit of the largest partial sum, and weights of trees round their leaves once more."""
        return np.asarray((len(self.parts) + 4) * (self.unit + 4 * _EPS) * self.size())


def label_of(count: int, output: int, outputs: int) -> str:
    """What the trees of an ensemble are called in messages."""
    return f"tree {count}" if outputs == 1 else f"tree {count} of output {output}"


def in_output(values: FloatArray, output: int, outputs: int) -> FloatArray:
    """Values ``[nodes]`` as ``[nodes, k]``, zero in all outputs but one."""
    wide = np.zeros((len(values), outputs))
    wide[:, output] = values
    return wide


def in_order(root: Mapping[str, Any], children: tuple[str, str]) -> list[Mapping[str, Any]]:
    """The nodes of a tree that holds its children by these names, the root first."""
    nodes, place = [root], 0
    while place < len(nodes):
        nodes += [nodes[place][child] for child in children if child in nodes[place]]
        place += 1
    return nodes
