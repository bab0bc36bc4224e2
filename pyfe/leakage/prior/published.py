"""What a schema may publish of a table, and what an attacker, and a rule, reads from it.

Everybody sees a schema, so every figure is of at least 10 rows and of at least 1 % of them, and is rounded to 1 %;
below 1,000 rows to as many percent as 10 rows are. What has fewer rows is merged with its neighbours, and what is
merged is read as evenly spread.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pyfe.arrays import BoolArray, FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.leakage.blocks import Blocks
from pyfe.leakage.prior.classes import classes_of
from pyfe.leakage.prior.copula import positive, score_correlation, score_orders
from pyfe.leakage.prior.dependence import pair_information, spanning_forest
from pyfe.leakage.prior.fitting import Sample
from pyfe.leakage.prior.forest import class_marginals, fitted_table
from pyfe.leakage.prior.kept import Kept
from pyfe.leakage.prior.marginals import cells
from pyfe.leakage.prior.moments import block_covariance
from pyfe.leakage.prior.packing import edges_of, order_of
from pyfe.schema import Population, Schema, Shares
from pyfe.schema.population import MOST_COORDINATES as MOST_PUBLISHED

__all__ = ["kept_of", "population_of", "published"]

_FEWEST = 10
"""Rows that a published figure is of, at least."""

_PERCENT = 100
_THOUSAND = 1000


def published(X: Any, schema: Schema) -> Schema:
    """The schema, with what it may publish of a table of the population; a schema with an id of its own.

    **Everybody who has a public key of it can read this**: for each column, how many percent of the rows lie in each of
    its cells; for pairs of columns along a tree, how many in each pair of (at most 8) classes; standard deviations of
    the coordinates, to a thousandth of their ranges; correlations of them and of the columns' normal scores, to a
    hundredth; and the bits of a row's classes, to a tenth. Every share is of 10 rows or more and of 1 % or more, and
    rounded to 1 % (below 1,000 rows, to as many percent as 10 rows are): what has fewer is merged. Of a coordinate in
    which fewer rows differ from all others, nothing else is told.

    So an authority, and whoever checks one, has a reference without a table of its own. One that has the table takes
    ``KeyAuthority.create(schema, reference=X)``, publishes nothing, and refuses less.

    Parameters, errors and cost: those of :meth:`pyfe.leakage.Reference.from_table`; ParameterError for a schema of more
    than 1,024 coordinates.
    """
    return schema.with_population(population_of(X, schema))


def population_of(X: Any, schema: Schema) -> Population:
    """What a schema may publish of a table of at least 100 rows: arguments and errors of Reference.from_table."""
    if schema.n > MOST_PUBLISHED:
        raise ParameterError(
            f"a schema of at most {MOST_PUBLISHED} coordinates publishes a population, not of {schema.n}"
        )
    sample = Sample(X, schema)
    rounding = _Rounding(len(sample))
    blocks = sample.blocks
    columns = [_columns(count, ordered, rounding) for count, ordered in zip(sample.counts, blocks.ordered, strict=True)]
    marginals = [_marginal(column) for column in columns]
    classes = [classes_of(p, ordered) for p, ordered in zip(marginals, blocks.ordered, strict=True)]
    told = np.stack([_middles(column)[sample.levels[:, b]] for b, column in enumerate(columns)], axis=1)
    edges = spanning_forest(pair_information(np.stack([of[told[:, b]] for b, of in enumerate(classes)], axis=1)))
    within = [_classes_within(column, of) for column, of in zip(columns, classes, strict=True)]
    cell = [column.cells[sample.levels[:, b]] for b, column in enumerate(columns)]
    natural = [bool(ordered) or size == 2 for ordered, size in zip(blocks.ordered, blocks.sizes, strict=True)]
    told_of = _varied(sample.x, rounding)
    orders = score_orders(told, blocks.ordered, blocks.sizes)
    varied = np.array([count.sum() - count.max() >= rounding.least for count in sample.counts])
    return Population(
        columns=tuple(columns),
        edges=tuple(edges),
        tables=tuple(_pairs(cell[p], cell[c], within[p], within[c], rounding) for p, c in edges),
        spreads=_spreads(sample.x, blocks, told_of),
        correlations=_below(_correlation(sample.x.astype(np.float64)), told_of),
        scores=_below(score_correlation(told, marginals, orders), varied),
        orders=tuple(np.zeros(0, np.int64) if plain else o for plain, o in zip(natural, orders, strict=True)),
        tenths_of_bits=math.floor(10 * sample.entropy_bits()),
    )


def kept_of(schema: Schema) -> tuple[Blocks, Kept] | None:
    """What a schema publishes, as a reference keeps it; None where it publishes nothing. ParameterError where the
    figures do not belong together."""
    given: object = schema
    if not isinstance(given, Schema):
        raise ParameterError(f"what is published is read from a pyfe.Schema, not a {type(given).__name__}")
    population = schema.population
    if population is None:
        return None
    blocks = Blocks(schema)
    marginals = [_marginal(column) for column in population.columns]
    classes = [classes_of(p, ordered) for p, ordered in zip(marginals, blocks.ordered, strict=True)]
    masses = class_marginals(marginals, classes)
    edges = edges_of([list(edge) for edge in population.edges], len(blocks))
    shapes = [(len(masses[parent]), len(masses[child])) for parent, child in edges]
    if [table.cells.shape for table in population.tables] != shapes:
        raise ParameterError("the tables of the population have other classes than its columns")
    pairs = zip(population.tables, edges, strict=True)
    orders = zip(population.orders, blocks.sizes, strict=True)
    return blocks, Kept(
        marginals=marginals,
        classes=classes,
        edges=edges,
        tables=[_table(table, masses[parent], masses[child]) for table, (parent, child) in pairs],
        covariance=_covariance(population, blocks, marginals),
        orders=[order_of(order.tolist(), size) if len(order) else np.arange(size) for order, size in orders],
        scores=positive(_square(population.scores, len(blocks)), shrunk=0.0),
        entropy_bits=population.tenths_of_bits / 10,
    )


class _Rounding:
    """How shares of so many rows are rounded: to 1 %, or what 10 rows are; and how many rows a cell needs."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.unit = max(1, math.ceil(_PERCENT * _FEWEST / rows))
        self.least = self.unit * rows / _PERCENT

    def share(self, count: float) -> int:
        """Percent of all rows, a multiple of the unit."""
        return min(_PERCENT, self.unit * round(_PERCENT * count / self.rows / self.unit))

    def shares(self, of: IntArray, counts: FloatArray) -> Shares:
        """Cells and their shares; what has too few rows goes with the cell that has the least beside it."""
        while True:
            held = np.bincount(of.ravel(), weights=counts.ravel())
            smallest = np.argsort(held, kind="stable")[:2]
            if len(held) == 1 or held[smallest[0]] >= self.least:
                return Shares(of, tuple(map(self.share, held.tolist())))
            merged = np.where(of == smallest[0], smallest[1], of)
            of = np.unique(merged, return_inverse=True)[1].reshape(of.shape).astype(np.int64)


def _columns(counts: FloatArray, ordered: int, rounding: _Rounding) -> Shares:
    """Levels in cells: those in order with their neighbours, the others alone or together."""
    rare = counts[ordered:] < rounding.least
    alone = np.where(rare, 0, np.cumsum(~rare))  # cell 0 is of the rare ones
    of = np.concatenate([cells(counts[:ordered], rounding.least) if ordered else alone[:0], alone])
    of[ordered:] += int(of[:ordered].max(initial=-1)) + 1
    return rounding.shares(np.unique(of, return_inverse=True)[1].reshape(-1).astype(np.int64), counts)


def _middles(column: Shares) -> IntArray:
    """For each level, one in the middle of its cell: rows of one cell are told apart by nothing that is published."""
    middles = np.zeros(len(column.shares), dtype=np.int64)
    for cell in range(len(middles)):
        levels = np.flatnonzero(column.cells == cell)
        middles[cell] = levels[len(levels) // 2]
    return np.asarray(middles[column.cells])


def _classes_within(column: Shares, classes: IntArray) -> FloatArray:
    """How the levels of each cell spread over the classes, ``[cells, classes]``; rows sum to 1."""
    spread = np.zeros((len(column.shares), int(classes.max()) + 1))
    np.add.at(spread, (column.cells, classes), 1.0)
    return np.asarray(spread / spread.sum(axis=1, keepdims=True))


def _pairs(
    parent: IntArray, child: IntArray, of_parent: FloatArray, of_child: FloatArray, rounding: _Rounding
) -> Shares:
    """Pairs of classes in cells, from the cells of two columns in each row: what has few rows is one cell."""
    shape = len(of_parent), len(of_child)
    flat = np.bincount(parent * shape[1] + child, minlength=shape[0] * shape[1])
    counts = of_parent.T @ flat.reshape(shape) @ of_child
    enough = counts >= rounding.least
    of = np.where(enough, np.cumsum(enough).reshape(enough.shape), 0)
    of = np.unique(of, return_inverse=True)[1].reshape(of.shape).astype(np.int64)
    return rounding.shares(of, counts)


def _varied(x: IntArray, rounding: _Rounding) -> BoolArray:
    """Which coordinates ``[n]`` differ from their most frequent value in enough rows."""
    commonest = [np.unique(column, return_counts=True)[1].max() for column in x.T]
    return np.array([len(x) - most >= rounding.least for most in commonest])


def _spreads(x: IntArray, blocks: Blocks, told_of: BoolArray) -> IntArray:
    """Standard deviation of each coordinate in thousandths of its range; 0 where it is not told of."""
    wide = (blocks.schema.hi - blocks.schema.lo).clip(1)
    return np.asarray(np.rint(_THOUSAND * x.std(axis=0) / wide * told_of).astype(np.int64))


def _correlation(x: FloatArray) -> FloatArray:
    spread = x.std(axis=0)
    scaled = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.asarray(scaled.T @ scaled / len(x))


def _below(correlation: FloatArray, told: BoolArray) -> IntArray:
    """Percent below the diagonal, row by row; 0 where one of the two is not told of."""
    percent = np.rint(_PERCENT * correlation * np.outer(told, told)).astype(np.int64)
    return np.clip(percent, -_PERCENT, _PERCENT)[np.tril_indices(len(correlation), -1)]


def _square(percent: IntArray, size: int) -> FloatArray:
    """The inverse of :func:`_below`."""
    found = np.eye(size)
    found[np.tril_indices(size, -1)] = percent / _PERCENT
    return np.asarray(np.tril(found) + np.tril(found, -1).T)


def _marginal(column: Shares) -> FloatArray:
    """Probabilities of levels: the share of a cell is spread evenly over its levels."""
    spread = np.array(column.shares) / np.bincount(column.cells)
    found = spread[column.cells]
    return np.asarray(found / found.sum())


def _table(table: Shares, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """Joint probabilities of classes: the share of a cell is spread as if both were independent within it."""
    apart = np.outer(rows, columns)
    held = np.bincount(table.cells.ravel(), weights=apart.ravel())
    return fitted_table((np.array(table.shares) / held)[table.cells] * apart, rows, columns)


def _covariance(population: Population, blocks: Blocks, marginals: Sequence[FloatArray]) -> FloatArray:
    """Covariance of coordinates: correlations within a block as its levels have them, between blocks as published,
    which rounding may have left without a square root; spreads as published, else as the levels have them."""
    near = _square(population.correlations, blocks.schema.n)
    spread = population.spreads / _THOUSAND * (blocks.schema.hi - blocks.schema.lo)
    for part, codes, marginal in zip(blocks.slices, blocks.codes, marginals, strict=True):
        within = block_covariance(codes, marginal)
        own = np.sqrt(np.diag(within))
        near[part, part] = within / np.outer(own, own)
        spread[part] = np.where(spread[part] > 0, spread[part], own)
    values, vectors = np.linalg.eigh(near)
    lifted = (vectors * np.maximum(values, 0.0)) @ vectors.T
    scale = spread / np.sqrt(np.diag(lifted))
    return np.asarray(lifted * np.outer(scale, scale))
