"""The prior of somebody who knows the schema and nothing of the population."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.blocks import Blocks
from pyfe.leakage.prior.classes import MOST_CLASSES, classes_of
from pyfe.leakage.prior.moments import block_covariance
from pyfe.leakage.prior.protocol import LevelArray
from pyfe.leakage.prior.publics import at_extremes, public_levels
from pyfe.leakage.prior.seeds import uniforms
from pyfe.schema import Schema

__all__ = ["Blind"]


class Blind:
    """Uniform levels, independent columns: what is assumed where no sample of the population was given.

    ``H = sum over the private blocks of log2 min(levels, 8)``, and a third of it is the budget: H is far too large
    where columns depend on each other or are rarely but 0, so less of it may be told.
    Errors: those of :class:`~pyfe.leakage.blocks.Blocks`.
    """

    blind = True

    def __init__(self, schema: Schema) -> None:
        self.blocks = blocks = Blocks(schema)
        self.marginals = [np.full(size, 1.0 / size) for size in blocks.sizes]
        pairs = zip(self.marginals, blocks.ordered, strict=True)
        self.classes = [classes_of(marginal, ordered) for marginal, ordered in pairs]
        self.entropy_bits = float(sum(np.log2(min(blocks.sizes[b], MOST_CLASSES)) for b in blocks.private))
        self.budget_bits = self.entropy_bits / 3

    @cached_property
    def covariance(self) -> FloatArray:
        """Of all coordinates, float64 ``[n, n]``: 0 between different columns."""
        total = np.zeros((self.blocks.schema.n, self.blocks.schema.n))
        for part, codes, marginal in zip(self.blocks.slices, self.blocks.codes, self.marginals, strict=True):
            total[part, part] = block_covariance(codes, marginal)
        return total

    def given_public(self) -> FloatArray:
        """Covariance of the free coordinates: public columns say nothing of others."""
        return self.covariance[np.ix_(self.blocks.free, self.blocks.free)]

    def tree_rows(self, count: int, seed: bytes, public: Sequence[int] | IntArray | None = None) -> LevelArray:
        """Independent uniform rows int16 ``[count, nb]``, columns contiguous; the public blocks are held at ``public``
        if it is there."""
        rows = self._rows(count, seed, "rows")
        if public is not None:
            rows[:, self.blocks.public] = public_levels(self.blocks, public)
        return rows

    def log_likelihood(self, levels: LevelArray | IntArray) -> FloatArray:
        """Of rows ``[m, nb]``: the same for all of them, float64 ``[m]``."""
        return np.full(len(levels), -float(np.log(np.array(self.blocks.sizes, dtype=np.float64)).sum()))

    def copula_rows(self, count: int, seed: bytes) -> LevelArray:
        """Independent uniform rows, as :meth:`tree_rows`."""
        return self.tree_rows(count, seed)

    def public_vectors(self, count: int, seed: bytes) -> list[IntArray]:
        """Uniform levels of the public blocks, ``count`` vectors; none where no column is public."""
        if not self.blocks.public.any():
            return []
        return list(self._rows(count, seed, "public")[:, self.blocks.public].astype(np.int64))

    def extremes(self, seed: bytes) -> list[IntArray]:
        """The first public vector with each column in turn at its least and its greatest level."""
        return at_extremes(self.blocks, self.public_vectors(1, seed))

    def _rows(self, count: int, seed: bytes, label: str) -> LevelArray:
        rows = np.empty((len(self.blocks), count), dtype=np.int16)
        for block, size in enumerate(self.blocks.sizes):
            rows[block] = uniforms(seed, f"uniform {label}, block {block}", count) * size
        return rows.T
