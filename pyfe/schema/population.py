"""What a schema may publish of the population that its rows come from: shares in percent, in cells of many rows.

A schema travels in every public key, so this is for everybody. It is made by :func:`pyfe.leakage.published` and read by
:class:`pyfe.leakage.Reference`; here are its integers and their bytes, and nothing that says what they mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from pyfe.arrays import IntArray
from pyfe.errors import DecodeError, ParameterError
from pyfe.schema.columns import Column
from pyfe.strict import integers_of, require_fields

__all__ = ["MOST_COORDINATES", "Population", "Shares"]

MOST_COORDINATES = 1024
"""Most coordinates of a schema that publishes a population: the correlations of so many are half a million integers."""

_MOST_CELLS = 100
_MOST_CLASSES = 8
_MOST_SPREAD = 510
"""Half of the range, where half of 100 rows lie at either end."""

_COARSEST = 10
"""Percent that 10 rows of the fewest, 100, are: shares are multiples of no more."""

_EXACT = 1e-6

_FIELDS = ("columns", "correlations", "edges", "orders", "scores", "spreads", "tables", "tenths_of_bits")
_WHAT = "a population"


@dataclass(frozen=True, eq=False)
class Shares:
    """Rows by cells. ``cells``: the cell of each level ``[levels]``, or of each pair of classes ``[classes, classes]``;
    ``shares``: percent of all rows in each cell, rounded, 1 to 100."""

    cells: IntArray
    shares: tuple[int, ...]

    def __post_init__(self) -> None:
        if not np.array_equal(np.unique(self.cells), np.arange(len(self.shares))) or len(self.shares) > _MOST_CELLS:
            raise ParameterError(f"cells are numbered without a gap, and at most {_MOST_CELLS}")
        if not all(1 <= share <= 100 for share in self.shares):
            raise ParameterError("a share is 1 to 100 percent")
        unit = min(math.gcd(*self.shares), _COARSEST)
        if 2 * abs(sum(self.shares) - 100) > unit * len(self.shares):
            raise ParameterError(f"shares sum to 100 percent but for rounding, not to {sum(self.shares)}")

    @classmethod
    def of_levels(cls, entry: Any) -> Shares:
        """From plain types: runs of levels, each its length and cell."""
        require_fields(entry, ("runs", "shares"), _WHAT)
        runs = integers_of(entry["runs"], 2, "runs")
        if runs.shape[1:] != (2,) or (runs[:, 0] < 1).any() or runs[:, 0].sum() > 2**16:
            raise DecodeError(f"not {_WHAT}: a run is a length and a cell")
        return cls(np.repeat(runs[:, 1], runs[:, 0]), tuple(integers_of(entry["shares"], 1, "shares").tolist()))

    @classmethod
    def of_pairs(cls, entry: Any) -> Shares:
        """From plain types: a matrix of cells."""
        require_fields(entry, ("cells", "shares"), _WHAT)
        cells = integers_of(entry["cells"], 2, "cells")
        if not 1 <= max(cells.shape) <= _MOST_CLASSES:
            raise DecodeError(f"not {_WHAT}: a table has at most {_MOST_CLASSES} classes a side")
        return cls(cells, tuple(integers_of(entry["shares"], 1, "shares").tolist()))

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        if self.cells.ndim == 2:
            return {"cells": self.cells.tolist(), "shares": list(self.shares)}
        runs = [[len(list(run)), cell] for cell, run in groupby(self.cells.tolist())]
        return {"runs": runs, "shares": list(self.shares)}


@dataclass(frozen=True, eq=False)
class Population:
    """All that a schema publishes of a population.

    Attributes
    ----------
    columns: for each column that is not constant, its levels in cells.
    edges, tables: pairs of columns, by their place among these, and for each the pairs of classes in cells.
    spreads: standard deviation of each coordinate of the schema in thousandths of its range; 0 where it is not told.
    correlations: of the coordinates of the schema, those below the diagonal row by row, -100 to 100.
    scores: likewise, of the normal scores of the columns.
    orders: for each column the levels in the order of these scores; none where that is the order of its value.
    tenths_of_bits: H, in tenths of a bit, rounded down.
    """

    columns: tuple[Shares, ...]
    edges: tuple[tuple[int, int], ...]
    tables: tuple[Shares, ...]
    spreads: IntArray
    correlations: IntArray
    scores: IntArray
    orders: tuple[IntArray, ...]
    tenths_of_bits: int

    def require_fit(self, columns: Sequence[Column]) -> None:
        """ParameterError unless it can be one of rows with these columns."""
        n = sum(column.width for column in columns)
        sizes = [column.size for column in columns if column.in_table]
        most_bits = sum(_class_bits(column) for column in columns if column.in_table and column.private)
        fit = (
            n <= MOST_COORDINATES
            and [len(column.cells) for column in self.columns] == sizes
            and len(self.orders) == len(sizes)
            and all(len(order) in (0, size) for order, size in zip(self.orders, sizes, strict=True))
            and all(len(order) == 0 or sorted(order.tolist()) == list(range(len(order))) for order in self.orders)
            and len(self.tables) == len(self.edges)
            and _is_forest(self.edges, len(sizes))
            and len(self.spreads) == n
            and 0 <= self.spreads.min(initial=0) <= self.spreads.max(initial=0) <= _MOST_SPREAD
            and len(self.correlations) == n * (n - 1) // 2
            and len(self.scores) == len(sizes) * (len(sizes) - 1) // 2
            and all(np.abs(part).max(initial=0) <= 100 for part in (self.correlations, self.scores))
            and 0 <= self.tenths_of_bits <= 10 * most_bits + _EXACT
        )
        if not fit:
            raise ParameterError("the population is not one of rows with these columns")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "columns": [column.to_dict() for column in self.columns],
            "correlations": self.correlations.tolist(),
            "edges": [list(edge) for edge in self.edges],
            "orders": [order.tolist() for order in self.orders],
            "scores": self.scores.tolist(),
            "spreads": self.spreads.tolist(),
            "tables": [table.to_dict() for table in self.tables],
            "tenths_of_bits": self.tenths_of_bits,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Population:
        """The inverse of :meth:`to_dict`; DecodeError, and what reading plain types raises (Schema.from_dict names
        it)."""
        require_fields(data, _FIELDS, _WHAT)
        if type(data["tenths_of_bits"]) is not int:
            raise DecodeError(f"not {_WHAT}: tenths of bits are an integer")
        edges = integers_of(data["edges"], 2, "edges").reshape(-1, 2).tolist() if data["edges"] else []
        return cls(
            columns=tuple(map(Shares.of_levels, data["columns"])),
            edges=tuple((parent, child) for parent, child in edges),
            tables=tuple(map(Shares.of_pairs, data["tables"])),
            spreads=integers_of(data["spreads"], 1, "spreads"),
            correlations=integers_of(data["correlations"], 1, "correlations"),
            scores=integers_of(data["scores"], 1, "scores"),
            orders=tuple(integers_of(order, 1, "an order") for order in data["orders"]),
            tenths_of_bits=data["tenths_of_bits"],
        )


def _is_forest(edges: Sequence[tuple[int, int]], count: int) -> bool:
    """Whether nobody has two parents, and a parent comes before its children."""
    met: set[int] = set()
    for parent, child in edges:
        if not (0 <= parent < count and 0 <= child < count) or parent == child or child in met:
            return False
        met |= {parent, child}
    return True


def _class_bits(column: Column) -> float:
    """Most bits that the classes of a column have: of raw numbers, however few steps they are cut into."""
    return math.log2(_MOST_CLASSES if column.ordered else min(column.size, _MOST_CLASSES))
