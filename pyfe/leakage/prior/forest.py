"""A distribution of levels along a forest: classes depend on the parent's class, a level on its class alone.

Given levels of the public blocks it is drawn from exactly, by message passing from the leaves (Pearl, 1988): nothing is
rejected, however rare the public values are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.prior.dependence import Edge
from pyfe.leakage.prior.protocol import LevelArray
from pyfe.leakage.prior.seeds import uniforms

__all__ = ["Forest", "class_marginals", "fitted_table"]

_SWEEPS = 200
_EXACT = 1e-9


def class_marginals(marginals: Sequence[FloatArray], classes: Sequence[IntArray]) -> list[FloatArray]:
    """Probability of each class of each block."""
    return [np.bincount(of, weights=p).astype(np.float64) for p, of in zip(marginals, classes, strict=True)]


def fitted_table(counts: FloatArray, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """The joint probabilities that have these marginals, and the odds ratios of ``counts``, all positive.

    Iterative proportional fitting (Deming and Stephan, Ann. Math. Stat. 11, 1940). Where that takes too many sweeps, as
    for columns that determine each other, the odds ratios are near, and the marginals exact all the same.
    """
    table = counts / counts.sum()
    for _ in range(_SWEEPS):
        table = table * (rows / table.sum(axis=1))[:, None]
        table = table * (columns / table.sum(axis=0))
        if np.abs(table.sum(axis=1) - rows).max() < _EXACT:
            break
    return _with_marginals(table, rows, columns)


def _with_marginals(table: FloatArray, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """The table moved to exact marginals, by as much as it is off (Altschuler, Weed and Rigollet, NIPS 2017, algorithm
    2): what is too much is scaled down, what is then missing is added independently."""
    table = table * np.minimum(rows / table.sum(axis=1), 1.0)[:, None]
    table = table * np.minimum(columns / table.sum(axis=0), 1.0)
    below, beside = np.maximum(rows - table.sum(axis=1), 0.0), np.maximum(columns - table.sum(axis=0), 0.0)
    lacking = below.sum()
    return np.asarray(table + np.outer(below, beside) / lacking if lacking > 0 else table)


@dataclass(frozen=True, eq=False)
class Forest:
    """Levels of all blocks as random variables.

    ``edges``: a parent comes before its children. ``tables``: for each edge, joint probabilities of the classes of
    parent and child, all positive, float64 ``[parent's, child's]``; their marginals are those of the classes.
    """

    marginals: Sequence[FloatArray]
    classes: Sequence[IntArray]
    edges: Sequence[Edge]
    tables: Sequence[FloatArray]

    def draw(self, count: int, seed: bytes, label: str, given: Mapping[int, int]) -> LevelArray:
        """Rows int16 ``[count, nb]``, columns contiguous, given levels of some blocks by index.

        The same seed and label give the same rows. Cost: 100 ns a level of a row.
        """
        rows = np.empty((len(self.marginals), count), dtype=np.int16)
        for block, parent, table in self._conditionals({b: int(self.classes[b][level]) for b, level in given.items()}):
            if block in given:
                rows[block] = given[block]
                continue
            above = None if parent is None else self.classes[parent][rows[parent]]
            rows[block] = self._levels(block, table, above, uniforms(seed, f"{label}, block {block}", count))
        return rows.T

    def log_likelihood(self, levels: LevelArray | IntArray) -> FloatArray:
        """Natural logarithm of the probability of rows ``[m, nb]``, float64 ``[m]``."""
        masses = class_marginals(self.marginals, self.classes)
        found = np.zeros(len(levels))
        of = [table[column] for table, column in zip(self.classes, levels.T, strict=True)]
        for mass, marginal, label, column in zip(masses, self.marginals, of, levels.T, strict=True):
            found += np.log(marginal[column] / mass[label])
        children = {child for _, child in self.edges}
        for block in set(range(len(masses))) - children:
            found += np.log(masses[block][of[block]])
        for (parent, child), table in zip(self.edges, self.tables, strict=True):
            found += np.log((table / table.sum(axis=1, keepdims=True))[of[parent], of[child]])
        return found

    def _conditionals(self, seen: Mapping[int, int]) -> list[tuple[int, int | None, FloatArray]]:
        """For each block, parents first: its parent, and probabilities of its classes ``[parent's classes, classes]``
        given the classes that were seen."""
        masses = class_marginals(self.marginals, self.classes)
        likely = [np.ones(len(mass)) for mass in masses]
        for block, found in seen.items():
            likely[block] = (np.arange(len(likely[block])) == found).astype(np.float64)
        steps = [table / table.sum(axis=1, keepdims=True) for table in self.tables]
        for (parent, child), step in reversed(list(zip(self.edges, steps, strict=True))):
            message = step @ likely[child]
            likely[parent] = likely[parent] * (message / message.max())
        children = {child for _, child in self.edges}
        roots = [b for b in range(len(masses)) if b not in children]
        found_roots = [(b, None, _normalised((masses[b] * likely[b])[None, :])) for b in roots]
        return found_roots + [
            (child, parent, _normalised(step * likely[child]))
            for (parent, child), step in zip(self.edges, steps, strict=True)
        ]

    def _levels(self, block: int, table: FloatArray, above: IntArray | None, draws: FloatArray) -> IntArray:
        """Levels of a block by inversion, given the classes of its parent."""
        within = (
            self.marginals[block]
            / class_marginals([self.marginals[block]], [self.classes[block]])[0][self.classes[block]]
        )
        below = np.cumsum(table[:, self.classes[block]] * within, axis=1)
        below /= below[:, -1:]
        size = below.shape[1]
        if above is None:
            return np.asarray(np.minimum(np.searchsorted(below[0], draws, side="right"), size - 1))
        # one ascending array for all classes of the parent: row i of the table lies in [i, i + 1]
        flat = (below + np.arange(len(below))[:, None]).ravel()
        return np.asarray(np.minimum(np.searchsorted(flat, above + draws, side="right") - above * size, size - 1))


def _normalised(table: FloatArray) -> FloatArray:
    """Rows that sum to 1; those that cannot occur, given what was seen, stay 0 and are never asked for."""
    total = table.sum(axis=1, keepdims=True)
    return np.asarray(table / np.where(total > 0, total, 1.0))
