"""From a table of rows to what is kept of it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.leakage.blocks import Blocks
from pyfe.leakage.prior.classes import MOST_CLASSES, classes_of, quantile_classes
from pyfe.leakage.prior.copula import score_correlation, score_orders
from pyfe.leakage.prior.dependence import Edge, forest_entropy, pair_information, spanning_forest
from pyfe.leakage.prior.forest import class_marginals, fitted_table
from pyfe.leakage.prior.kept import Kept
from pyfe.leakage.prior.marginals import smoothed
from pyfe.schema import Column, Schema

__all__ = ["LEAST_ROWS", "MOST_COORDINATES", "Sample", "fitted"]

LEAST_ROWS = 100
"""Fewest rows of a sample of the population: a share of 1 % is one row of them."""

MOST_COORDINATES = 4096
"""Most coordinates whose covariance is kept (128 MB)."""

_PRIOR = 0.3
"""Rows added to every pair of classes, so that what was not seen together is not excluded."""


class Sample:
    """Rows of a table as the rules see them; they are looked at here, and forgotten.

    Attributes
    ----------
    blocks: of the schema.
    x: coordinates int64 ``[rows, n]``; numbers outside their range lie at its end.
    levels: of the blocks, int64 ``[rows, nb]``.
    counts: rows with each level of each block.

    ParameterError for fewer than 100 rows, or a schema that is too large to be counted; errors of Schema.encode. A
    UserWarning where most rows lie outside a column's range.
    """

    def __init__(self, X: Any, schema: Schema) -> None:
        self.blocks = Blocks(schema)
        if schema.n > MOST_COORDINATES:
            raise ParameterError(f"a reference has at most {MOST_COORDINATES} coordinates, the schema has {schema.n}")
        rows = schema.read_raw(X)  # once: a reader is then at its end, a query may give its rows in another order
        self._raw = schema.read(rows)
        encoded = schema.encode(rows, on_overflow="clip")
        self.x = encoded.x
        if len(self.x) < LEAST_ROWS:
            raise ParameterError(f"a reference needs at least {LEAST_ROWS} rows of the population, not {len(self.x)}")
        _warn_of_other_units(schema, encoded.saturated, len(self.x))
        self.levels = self.blocks.levels(self.x)
        sizes = enumerate(self.blocks.sizes)
        self.counts = [np.bincount(self.levels[:, b], minlength=size).astype(np.float64) for b, size in sizes]

    def __len__(self) -> int:
        return len(self.x)

    def classed(self, classes: Sequence[IntArray]) -> IntArray:
        """Classes int64 ``[rows, nb]`` of the levels of every row."""
        return np.stack([of[self.levels[:, block]] for block, of in enumerate(classes)], axis=1)

    def entropy_bits(self) -> float:
        """H: bits of the classes of the raw values of a row's private columns, whatever steps the schema has."""
        columns: Mapping[str, Column] = self.blocks.schema.columns
        names = [self.blocks.names[b] for b in self.blocks.private]
        found = [
            _raw_classes(columns[name], self._raw[name], self.levels[:, b])
            for b, name in zip(self.blocks.private, names, strict=True)
        ]
        return forest_entropy(np.stack(found, axis=1)) if found else 0.0


def fitted(sample: Sample) -> Kept:
    """What is kept of a sample. Cost: 64 nb^2 multiplications a row, twice, and O(n^2) a row."""
    blocks = sample.blocks
    marginals = [smoothed(count, ordered) for count, ordered in zip(sample.counts, blocks.ordered, strict=True)]
    classes = [classes_of(p, ordered) for p, ordered in zip(marginals, blocks.ordered, strict=True)]
    classed = sample.classed(classes)
    edges = spanning_forest(pair_information(classed))
    orders = score_orders(sample.levels, blocks.ordered, blocks.sizes)
    return Kept(
        marginals=marginals,
        classes=classes,
        edges=edges,
        tables=_tables(classed, edges, class_marginals(marginals, classes)),
        covariance=np.atleast_2d(np.cov(sample.x.T)),
        orders=orders,
        scores=score_correlation(sample.levels, marginals, orders),
        entropy_bits=sample.entropy_bits(),
    )


def _tables(classed: IntArray, edges: Sequence[Edge], masses: Sequence[FloatArray]) -> list[FloatArray]:
    """For each edge, the joint probabilities of the classes of parent and child."""
    tables = []
    for parent, child in edges:
        shape = len(masses[parent]), len(masses[child])
        flat = np.bincount(classed[:, parent] * shape[1] + classed[:, child], minlength=shape[0] * shape[1])
        tables.append(fitted_table(flat.reshape(shape).astype(np.float64) + _PRIOR, masses[parent], masses[child]))
    return tables


def _warn_of_other_units(schema: Schema, outside: Mapping[str, int], rows: int) -> None:
    """A column that is at an end of its range in most rows counts as known of everybody: nothing would protect it."""
    for name, count in outside.items():
        if 2 * count > rows:
            warnings.warn(
                f"reference: column {name!r} lies outside {schema.columns[name].range_text} in {count} of {rows} rows, "
                "which count as the end of it; is it in the schema's unit?",
                UserWarning,
                stacklevel=4,
            )


def _raw_classes(column: Column, values: AnyArray, levels: IntArray) -> IntArray:
    """Classes int64 ``[rows]`` of raw values: of numbers by their quantiles, of others by their levels."""
    if not column.ordered:
        return classes_of(np.bincount(levels, minlength=column.size).astype(np.float64), 0)[levels]
    numbers = np.asarray(column.as_decoded(values), dtype=np.float64)
    absent = np.isnan(numbers)
    _, places, counts = np.unique(numbers[~absent], return_inverse=True, return_counts=True)
    found = np.full(len(numbers), MOST_CLASSES - 1, dtype=np.int64)
    found[~absent] = quantile_classes(counts.astype(np.float64), MOST_CLASSES - int(absent.any()))[places.reshape(-1)]
    return found
