"""What the authority knows of the population: marginals, classes, H, a tree, covariances. Or nothing (blind)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log, log2
from typing import Any

import numpy as np

from tests.reference.leakage.schema import Floats, Ints, Schema

MOST_CLASSES = 8
FEW_LEVELS = 20
SEEN_BEFORE = 0.3
"""Rows that every pair of classes has before the sample is counted."""


def quantile_parts(weights: Floats, parts: int) -> Ints:
    """The part of every value, values ascending: in which of `parts` equal shares of all rows the middle of its own
    rows lies. A middle on a border belongs to the upper part."""
    before = np.concatenate([[0.0], np.cumsum(weights)[:-1]])
    middle = (before + weights / 2) / weights.sum()
    return np.asarray(np.minimum(np.floor(parts * middle + 1e-9), parts - 1), dtype=np.int64)


def smoothed(counts: Floats, category: bool) -> Floats:
    """Shares of the levels: one row more, spread evenly over all of them. A number of more than 20 levels is first
    evened out: a level with at least sqrt(N) rows stays; the others, from the first level with a row to the last, are
    gathered until sqrt(N) rows are together, and share them alike. What is left over joins the last such heap."""
    found = counts.copy()
    if len(counts) > FEW_LEVELS and not category:
        enough, seen = np.sqrt(counts.sum()), np.flatnonzero(counts)
        thin = [at for at in range(seen[0], seen[-1] + 1) if counts[at] < enough]
        heaps: list[list[int]] = [[]]
        for at in thin:
            if counts[heaps[-1]].sum() >= enough:
                heaps.append([])
            heaps[-1].append(at)
        if len(heaps) > 1 and counts[heaps[-1]].sum() < enough:
            left_over = heaps.pop()
            heaps[-1] += left_over
        for heap in heaps:
            found[heap] = counts[heap].sum() / max(1, len(heap))
    return np.asarray((found + 1 / len(found)) / (found.sum() + 1))


def class_of_levels(size: int, category: bool, weights: Floats) -> Ints:
    """The class of every level: itself if there are at most 8; else of a category the 7 most frequent levels and the
    rest pooled, of a number the 8 quantile classes. `weights`: the share of every level."""
    if size <= MOST_CLASSES:
        return np.arange(size, dtype=np.int64)
    if category:
        order = np.argsort(-weights, kind="stable")
        found = np.full(size, MOST_CLASSES - 1, dtype=np.int64)
        found[order[: MOST_CLASSES - 1]] = np.arange(MOST_CLASSES - 1)
        return found
    return without_gaps(quantile_parts(weights, MOST_CLASSES))


def without_gaps(labels: Ints) -> Ints:
    """The same labels numbered 0, 1, ..."""
    return np.unique(labels, return_inverse=True)[1].reshape(-1).astype(np.int64)


def class_of_cells(cells: Sequence[Any], category: bool) -> Ints:
    """The class of every raw cell, whatever steps a schema uses."""
    values, index, counts = np.unique(np.asarray(cells), return_inverse=True, return_counts=True)
    if len(values) <= MOST_CLASSES or category:
        return class_of_levels(len(values), True, counts.astype(np.float64))[index]
    return without_gaps(quantile_parts(counts.astype(np.float64), MOST_CLASSES))[index]


def entropy(weights: Floats) -> float:
    """Bits of a distribution that is given by weights of any total."""
    p = weights[weights > 0] / weights.sum()
    return float(-(p * np.log2(p)).sum())


def table(a: Ints, b: Ints) -> Floats:
    """How often each pair of classes occurs."""
    found = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(found, (a, b), 1.0)
    return found


def mutual_information(a: Ints, b: Ints) -> float:
    """Bits that two columns share, Miller-Madow corrected, at least 0."""
    joint = table(a, b)
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    plain = entropy(rows) + entropy(columns) - entropy(joint.ravel())
    cells = (np.count_nonzero(rows) - 1) * (np.count_nonzero(columns) - 1)
    return max(0.0, plain - cells / (2 * len(a) * log(2)))


Edge = tuple[int, int, float]


def chow_liu(classes: Sequence[Ints]) -> list[Edge]:
    """The spanning tree of greatest total information (Chow, Liu 1968): Kruskal; of equals the first pair wins."""
    edges = [(a, b, mutual_information(classes[a], classes[b])) for b in range(len(classes)) for a in range(b)]
    edges.sort(key=lambda edge: (-edge[2], edge[0], edge[1]))
    group = list(range(len(classes)))
    tree = []
    for a, b, bits in edges:
        if group[a] != group[b]:
            old, new = group[b], group[a]
            group = [new if one == old else one for one in group]
            tree.append((a, b, bits))
    return tree


def row_entropy(classes: Sequence[Ints]) -> float:
    """H: the entropies of the columns less the information along their tree."""
    alone = sum(entropy(np.bincount(one).astype(np.float64)) for one in classes)
    return alone - sum(bits for _, _, bits in chow_liu(classes))


@dataclass(frozen=True, eq=False)
class Prior:
    """A population. `levels` [rows, columns] on the schema and `raw` cells, one sequence a column; blind: both None."""

    schema: Schema
    levels: Ints | None = None
    raw: tuple[Sequence[Any], ...] | None = None

    @property
    def blind(self) -> bool:
        return self.levels is None

    @cached_property
    def counts(self) -> list[Floats]:
        """How often each level of each column occurs; blind: once."""
        if self.levels is None:
            return [np.ones(column.size) for column in self.schema.columns]
        return [
            np.bincount(self.levels[:, at], minlength=column.size).astype(np.float64)
            for at, column in enumerate(self.schema.columns)
        ]

    @cached_property
    def marginals(self) -> list[Floats]:
        """Shares of the levels, smoothed; blind: uniform."""
        if self.blind:
            return [one / len(one) for one in self.counts]
        return [smoothed(one, column.category) for one, column in zip(self.counts, self.schema.columns, strict=True)]

    @cached_property
    def classes(self) -> list[Ints]:
        """The class of every level of every column."""
        columns = self.schema.columns
        return [
            class_of_levels(column.size, column.category, one)
            for column, one in zip(columns, self.marginals, strict=True)
        ]

    def class_shares(self, block: int) -> Floats:
        return np.bincount(self.classes[block], weights=self.marginals[block]).astype(np.float64)

    @cached_property
    def entropy_bits(self) -> float:
        """H of the private columns."""
        if self.raw is None:
            return sum(log2(min(self.schema.columns[block].size, MOST_CLASSES)) for block in self.schema.private)
        return row_entropy(
            [class_of_cells(self.raw[block], self.schema.columns[block].category) for block in self.schema.private]
        )

    @property
    def budget_bits(self) -> float:
        return self.entropy_bits / (3 if self.blind else 2)

    @cached_property
    def covariance(self) -> Floats:
        """Of all coordinates of the schema; blind: independent uniform columns."""
        if self.levels is not None:
            return np.cov(self.schema.coordinates(self.levels).astype(np.float64), rowvar=False, ddof=1)
        found = np.zeros((self.schema.n, self.schema.n))
        for block, column in enumerate(self.schema.columns):
            place = self.schema.place(block)
            found[place, place] = np.cov(column.codes.astype(np.float64), rowvar=False, ddof=0)
        return found

    @cached_property
    def regression(self) -> tuple[Floats, Floats]:
        """(slopes [f, p] of the free private coordinates on the public ones, what is left of their covariance)."""
        private = [one.position for one in self.schema.free]
        public = [one.position for one in self.schema.free_of(self.schema.public)]
        s = self.covariance
        slopes = s[np.ix_(private, public)] @ inverse(s[np.ix_(public, public)])
        return slopes, s[np.ix_(private, private)] - slopes @ s[np.ix_(public, private)]

    @property
    def given_public(self) -> Floats:
        """Covariance of the free private coordinates, public columns known."""
        return self.regression[1]

    @cached_property
    def blocks(self) -> list[int]:
        """Every column that is not constant: the nodes of the sampler's tree."""
        return [at for at, column in enumerate(self.schema.columns) if column.size > 1]

    @cached_property
    def tree(self) -> list[Edge]:
        """Edges between columns, on the classes of the schema's levels, public columns included; blind: none."""
        if self.levels is None:
            return []
        found = chow_liu([self.classes[block][self.levels[:, block]] for block in self.blocks])
        return [(self.blocks[a], self.blocks[b], bits) for a, b, bits in found]

    def joint(self, a: int, b: int) -> Floats:
        """Shares of pairs of classes: the sample and 0.3 rows more a pair, fitted to the shares of the classes by
        scaling rows and columns in turn."""
        assert self.levels is not None
        rows, columns = self.class_shares(a), self.class_shares(b)
        seen = table(self.classes[a][self.levels[:, a]], self.classes[b][self.levels[:, b]])
        found = np.full((len(rows), len(columns)), SEEN_BEFORE)
        found[: seen.shape[0], : seen.shape[1]] += seen
        for _ in range(200):
            found *= (rows / found.sum(axis=1))[:, None]
            found *= columns / found.sum(axis=0)
        return found


def inverse(matrix: Floats) -> Floats:
    """Moore-Penrose, of a symmetric matrix; directions below 1e-9 of the greatest count as none."""
    if matrix.size == 0:
        return matrix
    return np.asarray(np.linalg.pinv(matrix, rcond=1e-9, hermitian=True), dtype=np.float64)
