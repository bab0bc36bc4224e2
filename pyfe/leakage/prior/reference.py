"""The prior of somebody who knows a sample of the population as well as its figures tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.leakage.blocks import Blocks
from pyfe.leakage.prior.copula import Copula
from pyfe.leakage.prior.fitting import Sample, fitted
from pyfe.leakage.prior.forest import Forest
from pyfe.leakage.prior.kept import Kept
from pyfe.leakage.prior.moments import conditional_covariance
from pyfe.leakage.prior.packing import kept_from_dict, kept_to_dict
from pyfe.leakage.prior.protocol import LevelArray
from pyfe.leakage.prior.publics import at_extremes, public_levels
from pyfe.leakage.prior.published import kept_of
from pyfe.schema import Schema
from pyfe.strict import reading, require_same
from pyfe.wire import cbor

__all__ = ["Reference", "reference_for"]

_NAME = "a reference"


class Reference:
    """A sample of the population, as figures: what a key tells is measured against what they tell already.

    Made by :meth:`from_table`. Kept are, on the levels of a schema: how frequent each level of each column is,
    smoothed; of each pair of columns along a tree, how frequent each pair of (at most 8) classes is; the covariances of
    all coordinates; the correlations of normal scores; and H, the bits of a row's classes. No row is kept. The figures
    are exact, so where columns outnumber rows they tell of single rows: a reference stays with the authority, under its
    seal.
    """

    blind = False

    def __init__(self, blocks: Blocks, kept: Kept) -> None:
        """Not for direct use: see :meth:`from_table`."""
        self.blocks = blocks
        self.kept = kept
        self.marginals, self.classes = kept.marginals, kept.classes
        self.covariance = kept.covariance
        self.entropy_bits, self.budget_bits = kept.entropy_bits, kept.entropy_bits / 2

    @classmethod
    def from_table(cls, X: Any, schema: Schema) -> Reference:
        """What is kept of a table of at least 100 rows of the population that keys are asked for.

        Parameters
        ----------
        X: as for :meth:`pyfe.Schema.encode`; numbers outside their range count as the end of it.
        schema: the one that keys are issued under.

        The model's training set will do. ``H = sum_b H_b - sum of the mutual information along the Chow-Liu tree``, of
        the at most 8 classes of each raw private column: finer steps give no budget, coarser ones take none.
        Raises ParameterError for fewer rows, or a column of more than 2^15 levels; errors of Schema.encode.
        Cost: 64 nb^2 multiplications a row, twice; 784 columns of 1,000 rows take 12 s of a processor.
        """
        sample = Sample(X, schema)
        return cls(sample.blocks, fitted(sample))

    @classmethod
    def of_schema(cls, schema: Schema) -> Reference | None:
        """What a schema publishes of its population (:func:`pyfe.leakage.published`); None where it publishes nothing.

        Coarse, and as far as it is coarse, even and independent. ParameterError where the published figures do not
        belong together.
        """
        found = kept_of(schema)
        return None if found is None else cls(*found)

    @property
    def schema(self) -> Schema:
        """The schema on whose levels the figures are."""
        return self.blocks.schema

    # -- the prior --

    def given_public(self) -> FloatArray:
        """Covariance float64 ``[f, f]`` of the free coordinates given those of the public columns."""
        parts = zip(self.blocks.slices, self.blocks.public, strict=True)
        public = [np.arange(part.start, part.stop) for part, is_public in parts if is_public]
        given = np.concatenate([np.zeros(0, dtype=np.int64), *public])
        return conditional_covariance(self.covariance, self.blocks.free, given)

    def tree_rows(self, count: int, seed: bytes, public: Sequence[int] | IntArray | None = None) -> LevelArray:
        """Rows int16 ``[count, nb]`` drawn along the tree, given levels of the public blocks if ``public`` is there.

        Exact: what is given is passed through the tree, and no row is rejected. Cost: 100 ns a level.
        """
        return self._forest.draw(count, seed, "tree", self._given(public))

    def log_likelihood(self, levels: LevelArray | IntArray) -> FloatArray:
        """Natural logarithm of the probability of rows ``[m, nb]`` along the tree, float64 ``[m]``."""
        return self._forest.log_likelihood(levels)

    def copula_rows(self, count: int, seed: bytes) -> LevelArray:
        """Rows int16 ``[count, nb]`` of a Gaussian copula on the marginals."""
        return Copula(self.marginals, self.kept.orders, self.kept.scores).draw(count, seed)

    def public_vectors(self, count: int, seed: bytes) -> list[IntArray]:
        """Levels of the public blocks, ``count`` vectors drawn along the tree; none where no column is public."""
        if not self.blocks.public.any():
            return []
        rows = self._forest.draw(count, seed, "public", {})
        return list(rows[:, self.blocks.public].astype(np.int64))

    def extremes(self, seed: bytes) -> list[IntArray]:
        """The first drawn public vector, with each public column in turn at its least and its greatest level."""
        return at_extremes(self.blocks, self.public_vectors(1, seed))

    def _given(self, public: Sequence[int] | IntArray | None) -> dict[int, int]:
        if public is None:
            return {}
        levels = public_levels(self.blocks, public).tolist()
        return dict(zip(np.flatnonzero(self.blocks.public).tolist(), levels, strict=True))

    @cached_property
    def _forest(self) -> Forest:
        return Forest(self.marginals, self.classes, self.kept.edges, self.kept.tables)

    # -- plain types --

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; nothing is rounded. Where a schema is published, this is not: it stays under seal."""
        return {"version": 1, "schema": self.schema.id.hex(), **kept_to_dict(self.kept)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], schema: Schema) -> Reference:
        """The inverse of :meth:`to_dict`. DecodeError for what it would not have written for this schema."""
        with reading(_NAME):
            blocks = Blocks(schema)
            rest = {key: value for key, value in data.items() if key not in ("version", "schema")}
            reference = cls(blocks, kept_from_dict(rest, blocks))
            require_same(reference.to_dict(), dict(data), _NAME)
        return reference

    def to_bytes(self) -> bytes:
        """One map of deterministic CBOR."""
        return cbor.dumps(self.to_dict())

    @classmethod
    def from_bytes(cls, data: bytes, schema: Schema) -> Reference:
        """The reference that ``data`` encodes, of this schema. DecodeError unless it is exactly one."""
        given: object = data
        if not isinstance(given, bytes | bytearray | memoryview):
            raise ParameterError(f"a reference is read from bytes, not from a {type(given).__name__}")
        return cls.from_dict(cbor.loads(bytes(data), _NAME, most_items=cbor.MAX_ITEMS), schema)

    def __repr__(self) -> str:
        return f"Reference({len(self.blocks)} columns, {self.entropy_bits:.1f} bits a row, no rows kept)"


def reference_for(schema: Schema, given: Any) -> Reference | None:
    """What is known of a schema's population: a reference or a table that is given, else what the schema publishes.

    None where nothing is. ParameterError for a reference of another schema; errors of :meth:`Reference.from_table`.
    """
    if given is None:
        return Reference.of_schema(schema)
    if not isinstance(given, Reference):
        return Reference.from_table(given, schema)
    if given.schema.id != schema.id:
        raise ParameterError("the reference is of another schema; make it with Reference.from_table(X, schema)")
    return given
